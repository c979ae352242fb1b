"""One agent of ours: the real session, spool and link of a desktop agent, with a ledger, and with a clock that can be stepped.

`Device` is used by `desks.py` (on disk, killed) and within the run by the probe and by whoever sends poison (in memory).
"""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agents.backoff import Backoff
from agents.clock import HubClock
from agents.ledger import Acknowledged, Begin, Generated, Ledger, Renumbering, runs_of
from agents.link import Link
from agents.outputs import Acked, Identity, Output, PolicyChanged, Renumbered
from agents.roster import Member
from agents.session import Session
from agents.spool import Spool
from hub.wire.agent import FromHub
from hub.wire.events import Event
from hub.wire.frames import Codec

BACKOFF_MS = (100, 1_000)
FLUSH_MS = 500


class Clock(HubClock):
    """Hub time less a lag. A desk that is to sleep for hours within seconds begins that far behind, so as to end in no future."""

    def __init__(self, mono_ms: int, wall_at: datetime, lag: timedelta) -> None:
        self.lag = lag
        super().__init__(mono_ms, wall_at - lag)

    def learn(self, hub_at: datetime, sent_ms: int, received_ms: int) -> bool:
        return super().learn(hub_at - self.lag, sent_ms, received_ms)


class Device:
    """Keeps what it is given in its spool until the hub has acked it, whatever happens in between."""

    def __init__(self, hub: str, member: Member, spool: Spool, ledger: Ledger, lag: timedelta = timedelta(0)) -> None:
        self.member = member
        self.spool = spool
        self.policy = member.policy
        self.slept_ms = 0
        self.wall_step = timedelta(0)
        self.lag = lag
        self.clock = self.new_clock()
        self._hub = hub
        self._ledger = ledger
        self._instance = uuid.uuid4().hex
        self._link: Link | None = None
        self._linked: asyncio.Task[object] | None = None
        self._acked = asyncio.Event()

    def begin(self) -> None:
        """Says in the ledger from where on it is about this device. Not for one that the ledger knows."""
        self._ledger.write(Begin(self.member.device, self.spool.epoch, self.spool.acked + 1))
        self._ledger.flush()

    # --- its clocks

    def mono_ms(self) -> int:
        """The machine's monotonic clock, with all that it has slept."""
        return time.monotonic_ns() // 1_000_000 + self.slept_ms

    def wall_at(self) -> datetime:
        return datetime.now(UTC) - self.lag + self.wall_step

    def new_clock(self) -> Clock:
        """As after a start of the machine: until it meets a hub it believes the wall clock."""
        return Clock(self.mono_ms(), datetime.now(UTC) + self.wall_step, self.lag)

    # --- its link

    def connect(self) -> None:
        if self._linked is None:
            self._link = Link(
                self._hub, self._session, self.mono_ms, Backoff(random.SystemRandom(), *BACKOFF_MS), self._told
            )
            self._linked = asyncio.create_task(self._link.run())

    async def disconnect(self) -> None:
        link, linked, self._link, self._linked = self._link, self._linked, None, None
        if link is not None and linked is not None:
            link.stop()
            linked.cancel()
            await asyncio.gather(linked, return_exceptions=True)

    def keep(self, events: Sequence[Event]) -> None:
        """Puts events into the spool, and into the ledger before anything of them can be sent."""
        epoch = self.spool.epoch
        for seq, event in zip(self.spool.append(events), events, strict=True):
            self._ledger.write(Generated(self.member.device, epoch, seq, event.started_at, event.ended_at))
        self._ledger.flush()

    async def deliver(self, events: Sequence[Event], limit_s: float) -> float | None:
        """On a new connection: how many seconds until all is acked. None when it takes longer."""
        began = time.monotonic()
        self.keep(events)
        self.connect()
        try:
            async with asyncio.timeout(limit_s):
                while self.waiting:
                    self._acked.clear()
                    await self._acked.wait()
            return time.monotonic() - began
        except TimeoutError:
            return None
        finally:
            await self.disconnect()

    @property
    def waiting(self) -> int:
        return self.spool.next_seq - 1 - self.spool.acked

    def _session(self, codec: Codec[FromHub], opened_ms: int) -> Session:
        identity = Identity(
            device=self.member.device,
            origin=self.member.origin,
            sign=self.member.signing_key().sign,
            instance=self._instance,
            version="chaos",
            system="Chaos",
        )
        return Session(
            identity, self.spool, self.clock, codec, opened_ms=opened_ms, policy=self.policy, flush_every_ms=FLUSH_MS
        )

    def _told(self, output: Output) -> None:
        match output:
            case Acked():
                self._ledger.write(Acknowledged(self.member.device, output.epoch, output.seq))
                self._acked.set()
            case Renumbered():
                moved = runs_of(output.moved)
                self._ledger.write(Renumbering(self.member.device, output.old_epoch, output.epoch, moved))
            case PolicyChanged():
                self.policy = output.policy
        self._ledger.flush()
