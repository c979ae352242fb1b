"""The agents connected to this process: one connection a device, silent ones ended, all of them told when the hub goes."""

import asyncio
import contextlib
import random
import time
from datetime import timedelta

import structlog

from hub import audit
from hub.database import DATABASE_AWAY, connection, transaction
from hub.figures import FIGURES
from hub.live.admission import latest_instance
from hub.live.connection import AgentConnection
from hub.live.publisher import Publisher
from hub.live.upkeep import keep
from hub.wire.agent import HEARTBEAT_S, SILENCE_MAX_S, Drain
from hub.wire.closing import Close

SWEEP_S = 5.0
GONE_AFTER_S = 5.0
"""An agent that reconnects within this time was never shown as offline."""
SEEN_EVERY_S = 60.0
FENCES_MAX, FENCES_WITHIN = 3, timedelta(hours=1)
TOLD_S = 1.0
DRAIN_RETRY_MS = (500, 5000)
"""Agents of a hub that goes come back spread over this range, and not all at once."""
ELSEWHERE_RETRY_MS = (200, 3000)
"""The same for the few that are sent elsewhere: soon enough that nobody sees them go, see `GONE_AFTER_S`."""
ANSWERED_S = 3.0

log = structlog.get_logger()


def drain(retry_ms: tuple[int, int]) -> Drain:
    """Word to an agent that it should connect again, at a moment of its own within the range."""
    return Drain(retry_ms=random.randint(*retry_ms))  # noqa: S311 - spreads load


class Registry:
    """Connections by device. Everything runs on the process's one event loop."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._by_device: dict[int, AgentConnection] = {}
        self.arrived = asyncio.Event()
        """Somebody has come. Cleared by who waits for it (`today.py`)."""
        self._leaving: dict[int, AgentConnection] = {}
        """Gone, but not shown as gone yet."""
        self._seen: dict[int, AgentConnection] = {}
        """Heard since it was last written down, and by which connection."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self.draining = False

    def start(self) -> None:
        self._sweeper = keep(self._sweep, "agents-sweeper")

    def __len__(self) -> int:
        return len(self._by_device)

    def connections(self) -> list[AgentConnection]:
        """Those connected, and those that went so recently that their record is still ours to keep."""
        return list((self._leaving | self._by_device).values())

    async def add(self, new: AgentConnection) -> bool:
        """Takes a connection in. An earlier one of the same device ends: silently when it is the same run of the agent.

        False when it is itself the earlier one, and its successor, whose session may write now, was quicker to get here.
        """
        old = self._by_device.get(new.device.id)
        if old is not None and old.session > new.session:
            return False
        self._by_device[new.device.id] = new
        self.arrived.set()
        self._seen[new.device.id] = new
        FIGURES.agents = len(self._by_device)
        if self.draining:  # it was being admitted when the others were told
            self._later(new.line.send(drain(DRAIN_RETRY_MS)))
        if old is None:
            return True
        if old.instance == new.instance and old.instance:
            self._later(old.line.close(Close.DRAINED))
        else:
            alive = time.monotonic() - old.line.heard_at < HEARTBEAT_S * 2 and not old.line.closed
            self._later(self._fence(old, count=alive))
        return True

    def remove(self, gone: AgentConnection) -> None:
        """A connection has ended; its device is shown as offline unless it comes back soon."""
        if self._by_device.get(gone.device.id) is not gone:
            return
        del self._by_device[gone.device.id]
        self._seen[gone.device.id] = gone
        FIGURES.agents = len(self._by_device)
        if not self.draining:
            self._leaving[gone.device.id] = gone
            self._later(self._publish_gone(gone))

    async def fenced(self, old: AgentConnection) -> None:
        """A later session may write now, and this connection was still alive to find out.

        It may be the same run of the agent, whose earlier attempt to connect was admitted only after a later one (a database that was
        frozen between): nobody is at fault then, and it connects again.
        """
        try:
            same_run = bool(old.instance) and await latest_instance(old.device.id) == old.instance
        except DATABASE_AWAY:
            same_run = True  # not known: being told to stop is for what is certain
        if same_run:
            await old.line.close(Close.DRAINED)
        else:
            await self._fence(old, count=True)

    async def close_device(self, device: int, code: Close) -> None:
        """Ends a device's connection, if it is here."""
        if found := self._by_device.get(device):
            await found.line.close(code)

    async def end_refused(self) -> None:
        """Ends the connections of devices that were revoked, suspended, deleted or given another key, or their people deactivated, since
        they connected."""
        here = {agent.device.id: agent for agent in self._by_device.values()}
        if not here:
            return
        async with connection() as held:
            refused = await held.fetch(
                "SELECT here.id, suspended_at IS NOT NULL AND revoked_at IS NULL AS suspended, "
                "public_key <> here.key AND revoked_at IS NULL AND deactivated_at IS NULL AS rekeyed "
                "FROM unnest($1::int[], $2::bytea[]) AS here(id, key) "
                "LEFT JOIN (device JOIN person ON person.id = device.person) ON device.id = here.id WHERE device.id IS NULL "
                "OR revoked_at IS NOT NULL OR suspended_at IS NOT NULL OR deactivated_at IS NOT NULL OR public_key <> here.key",
                list(here),
                [agent.device.public_key for agent in here.values()],
            )
        for row in refused:
            why = Close.BAD_SIGNATURE if row["rekeyed"] else Close.SUSPENDED if row["suspended"] else Close.REVOKED
            if self._by_device.get(row["id"]) is here[row["id"]]:  # and not its successor, which has the new key
                self._later(here[row["id"]].line.close(why))

    def follow_policies(self) -> None:
        """Tells each agent here its policy if that is another than it knows, and shows no more of anybody than theirs permits now."""
        for agent in list(self._by_device.values()):
            if frame := agent.follow_policy():
                self._later(agent.line.send(frame))

    def send_elsewhere(self, count: int) -> None:
        """Asks some agents to connect again, to whichever process they then get; those with nothing in flight first."""
        staying = [agent for agent in self._by_device.values() if not agent.line.closed]
        random.shuffle(staying)
        for agent in sorted(staying, key=lambda agent: agent.busy)[:count]:
            self._later(self._send_elsewhere(agent))

    async def _send_elsewhere(self, agent: AgentConnection) -> None:
        await agent.line.send(drain(ELSEWHERE_RETRY_MS))  # from now on it sends no events
        deadline = time.monotonic() + ANSWERED_S
        while agent.busy and time.monotonic() < deadline:  # noqa: ASYNC110 - a moment, of a few agents
            await asyncio.sleep(0.02)
        await agent.line.close(Close.DRAINED)

    async def drain(self, deadline_s: float) -> None:
        """Tells all agents to come back later and elsewhere, and waits until what they had sent has been answered."""
        self.draining = True
        if self._sweeper:
            self._sweeper.cancel()
        told = [asyncio.create_task(agent.line.send(drain(DRAIN_RETRY_MS))) for agent in self._by_device.values()]
        deadline = time.monotonic() + deadline_s
        while any(agent.busy for agent in self._by_device.values()) and time.monotonic() < deadline:  # noqa: ASYNC110 - once in a process's life
            await asyncio.sleep(0.02)
        if told:
            await asyncio.wait(told, timeout=TOLD_S)  # one that doesn't read holds up nobody
        closing = [asyncio.create_task(agent.line.close(Close.DRAINED)) for agent in self._by_device.values()]
        if closing:
            await asyncio.wait(closing, timeout=1.0)
        for agent in list(self._by_device.values()):
            agent.line.cut()
        for task in (*told, *closing, *self._tasks):
            task.cancel()
        with contextlib.suppress(*DATABASE_AWAY):
            await asyncio.wait_for(self._write_seen(), 1.0)

    async def _fence(self, old: AgentConnection, *, count: bool) -> None:
        FIGURES.fenced += 1
        suspended = count and await self._count_fence(old.device.id)
        await old.line.close(Close.SUSPENDED if suspended else Close.FENCED)
        if suspended:
            await self.close_device(old.device.id, Close.SUSPENDED)

    async def _count_fence(self, device: int) -> bool:
        """Notes a fence between two live connections. True when it was one too many: the device is then suspended."""
        try:
            async with transaction() as held:
                row = await held.fetchrow(
                    """
                    UPDATE device SET
                      fenced_at = recent || now(),
                      suspended_at = CASE WHEN cardinality(recent) >= $3 THEN now() ELSE suspended_at END
                    FROM (SELECT ARRAY(SELECT at FROM unnest(fenced_at) at WHERE at > now() - $2::interval) AS recent
                          FROM device WHERE id = $1 FOR UPDATE) fences
                    WHERE id = $1 RETURNING uid, person, suspended_at IS NOT NULL AS suspended
                    """,
                    device,
                    FENCES_WITHIN,
                    FENCES_MAX - 1,
                )
                suspended = row is not None and row["suspended"]
                if suspended:
                    await audit.record("device_suspended", None, row["person"], device=str(row["uid"]))
        except DATABASE_AWAY:
            return False
        if suspended:
            log.warning("device_suspended", device=device)
        return bool(suspended)

    async def _publish_gone(self, gone: AgentConnection) -> None:
        await asyncio.sleep(GONE_AFTER_S)
        if self._leaving.get(gone.device.id) is gone:
            del self._leaving[gone.device.id]
        # `departed` is None when a later connection published since: then that one says when it is gone.
        if gone.device.id not in self._by_device and (record := gone.departed()):
            self._publisher.publish(record)
            self._publisher.drop(gone.device.id)

    async def _sweep(self) -> None:
        """Ends connections that have been silent too long, and notes now and then who was seen."""
        noted_at = time.monotonic()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = time.monotonic()
            for agent in list(self._by_device.values()):
                if now - agent.line.heard_at > SILENCE_MAX_S:
                    self._later(agent.line.close(Close.SILENT))
            if now - noted_at > SEEN_EVERY_S:
                noted_at = now
                self._seen |= self._by_device
                with contextlib.suppress(*DATABASE_AWAY):
                    await self._write_seen()

    async def _write_seen(self) -> None:
        seen = dict(self._seen)
        if not seen:
            return
        async with connection() as held:
            await held.execute(
                "UPDATE device SET last_seen_at = now(), unsent = coalesce(heard.unsent, device.unsent), "
                "skew_ms = coalesce(heard.skew_ms, device.skew_ms) "
                "FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS heard(id, unsent, skew_ms) WHERE device.id = heard.id",
                list(seen),
                [agent.unsent for agent in seen.values()],
                [agent.skew_ms for agent in seen.values()],
            )
        for device, agent in seen.items():
            if self._seen.get(device) is agent:
                del self._seen[device]

    def _later(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
