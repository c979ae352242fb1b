"""Agents for benchmarks of scale: a share of the crowd at its real cadence, as `daylight simulate` runs it, and asked about itself.

`python -m bench.desks HUB ROSTER SOURCE` acts as everybody in the roster; its connections come from the address `SOURCE`. Each change at a
desk carries the moment at which it happened (in `since_at`, which the wall only draws), so a viewer can tell how old it is when it comes.
"""

import asyncio
import gc
import random
import sys
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import uvloop
from msgspec import structs

from agents.backoff import FIRST_MS, MOST_MS
from agents.fleet import Fleet
from agents.outputs import Acked, Output, Send
from agents.presence import Shown
from agents.roster import Roster
from agents.simulated import Simulated
from bench.asked import allow_many_connections, answer

CONNECT_PER_S = 150
"""At first. How a hub bears thousands at once is `storm`'s question; here they come as on a morning."""


class Stamped(Simulated):
    """Tells with each change when it happened, and notes how long acks take."""

    held = False
    """Of all of them: nothing changes at any desk."""
    ack_ages: ClassVar[list[float]] = []
    """Of all of them, in s: from sending the first batch that was not acked to the next ack."""
    stamp: datetime | None = None
    """Of the last change that was handed to the link."""
    gone = False
    """Away for a while, whatever its calendar says."""
    _sent_at: float | None = None
    _mark = 0

    @property
    def wanted(self) -> bool:
        return super().wanted and not self.gone

    def go(self) -> None:
        self.gone = True
        self._link.close()

    def come(self) -> None:
        self.gone = False
        self._link.connect_ms = self._fleet.mono_ms()
        self.schedule(self._link.connect_ms)

    def mark(self) -> None:
        """What is in the spool now is what `behind` asks for."""
        self._mark = self.spool.next_seq - 1

    @property
    def behind(self) -> bool:
        """It should be connected and isn't, or something from before the mark is not acked."""
        return self.wanted and (not self.connected or self.spool.acked < self._mark)

    def told(self, output: Output) -> None:
        match output:
            case Send(data=bytes(data)) if self._sent_at is None and b"batch" in data[:10]:
                self._sent_at = time.monotonic()
            case Acked() if self._sent_at is not None:
                Stamped.ack_ages.append(time.monotonic() - self._sent_at)
                self._sent_at = None
        super().told(output)

    def schedule(self, now_ms: int) -> None:
        desk = self._desk
        if Stamped.held:
            self._desk = None  # only the link has something to do
        super().schedule(now_ms)
        self._desk = desk

    def _live(self, now_ms: int) -> None:
        if not Stamped.held:
            super()._live(now_ms)

    def _moved(self, shown: Shown) -> Shown:
        assert self._desk is not None
        self.stamp = datetime.fromtimestamp(self._desk.until_ms / 1000, UTC)
        return structs.replace(shown, since_at=self.stamp)


class Desks(Fleet):
    """A fleet whose connections come from one address."""

    agent = Stamped
    source = "127.0.0.1"

    def _source(self, index: int) -> str:
        return self.source


async def act(hub: str, path: Path, source: str) -> None:
    roster = Roster(hub, path)
    fleet = Desks(hub, roster, flaky=0)
    fleet.source = source
    fleet.backoff_first_ms, fleet.backoff_most_ms = FIRST_MS, MOST_MS  # as an agent's, not a simulator's
    fleet.connect_per_s = CONNECT_PER_S
    stop = asyncio.Event()
    away: deque[Stamped] = deque()
    members = list(roster.known.values())

    async def to(question: dict[str, Any]) -> dict[str, Any]:
        agents = [agent for agent in fleet.agents if isinstance(agent, Stamped)]
        more: dict[str, Any] = {}
        match question["what"]:
            case "hold":  # nothing changes any more: what is shown has to agree
                Stamped.held = True
                stamped = [agent for agent in agents if agent.stamp and agent.connected]
                more["stamps"] = {agent.member.email: agent.stamp.timestamp() for agent in stamped if agent.stamp}
            case "release":
                Stamped.held = False
                for agent in agents:
                    agent.schedule(fleet.mono_ms())
            case "go":  # so many; once more than `away` are gone, those who went first come back
                for agent in random.sample([agent for agent in agents if agent.connected], question["count"]):
                    agent.go()
                    away.append(agent)
                while len(away) > question["away"]:
                    away.popleft().come()
            case "mark":
                for agent in agents:
                    agent.mark()
            case "behind":
                more["behind"] = sum(agent.behind for agent in agents)
            case "acks":
                more["ages"], Stamped.ack_ages = Stamped.ack_ages, []
            case "retire":
                for agent in away:
                    agent.gone = False
                stop.set()
                await running
                await fleet.settle(question["settle_s"])
                await fleet.close()
        figures = {name: getattr(fleet.figures, name) for name in FIGURES}
        more["wanted"] = sum(agent.wanted for agent in agents)
        more["acked"] = sum(agent.spool.acked for agent in agents)
        return {"waiting": fleet.waiting, "cpu_s": time.process_time(), **figures, **more}

    running = asyncio.create_task(fleet.run(members, set(), stop))
    await answer(to)
    running.cancel()


FIGURES = ("generated", "acks", "frames", "connected", "connects", "quarantined", "refused")

if __name__ == "__main__":
    allow_many_connections()
    gc.set_threshold(50_000, 50, 100)
    uvloop.run(act(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
