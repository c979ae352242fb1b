"""The workday so far, on the presence of this process's people: read from what is stored, and published with their records.

Read when something of a person was stored, when a device of theirs arrives, and when their workday ends: one query for all who are due,
every two seconds at most. Never one a tick, a frame or a viewer.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime

import structlog

from hub.database import DATABASE_AWAY
from hub.live.agents import Registry
from hub.live.upkeep import keep
from hub.tasks import end
from hub.wire.today import Today

READ_S = 2.0
"""Agents send once a minute, so this makes a figure two seconds old at the most and costs a thirtieth of reading it for each of them."""
SOON_S = 0.2
"""After an arrival: those of a moment are read together."""
AT_ONCE_MIN, AT_ONCE_MAX = 10, 300
SLOW_S = 0.5
"""A read that took longer is of too many people: without a worker for hours, each of them has hundreds of rows to be judged."""
REST = 3
"""Times as long as reading took, so that it never takes more than a quarter of the process."""

Read = Callable[[Collection[int], datetime], Awaitable[dict[int, Today]]]
"""The workday that holds a moment, of each of these people."""

log = structlog.get_logger()


class Workdays:
    """Whose workday is to be read again. Bounded by the people connected here."""

    def __init__(self, registry: Registry, read: Read, now: Callable[[], datetime]) -> None:
        self._registry = registry
        self._read = read
        self._now = now
        self._due: set[int] = set()
        self._at_once = AT_ONCE_MAX
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "workdays")

    async def stop(self) -> None:
        if self._task:
            await end(self._task)

    def stored(self, people: Iterable[int]) -> None:
        """Something of these people has been committed. Never waits."""
        self._due.update(people)

    async def read_due(self) -> None:
        """Reads the workday of everybody who is due and connected here, and publishes it."""
        now = self._now()
        here: set[int] = set()
        for agent in self._registry.connections():
            here.add(agent.device.person)
            if agent.today is None or agent.today.ends_at <= now:
                self._due.add(agent.device.person)
        due = list(self._due & here)
        self._due.clear()
        while due:
            group, due = due[: self._at_once], due[self._at_once :]
            began = time.monotonic()
            try:
                read = await self._read(group, now)
                self._learn(time.monotonic() - began)
            except DATABASE_AWAY as error:
                self._learn(SLOW_S)
                self._due.update(group, due)
                log.debug("workdays_not_read", error=type(error).__name__, people=len(self._due))
                return
            for agent in self._registry.connections():
                if today := read.get(agent.device.person):
                    agent.tell_today(today)

    def _learn(self, took_s: float) -> None:
        """Smaller groups after a slow or a failed read, larger ones after a quick one."""
        if took_s >= SLOW_S:
            self._at_once = max(AT_ONCE_MIN, self._at_once // 2)
        elif took_s < SLOW_S / 4:
            self._at_once = min(AT_ONCE_MAX, self._at_once * 2)

    async def _run(self) -> None:
        while True:
            self._registry.arrived.clear()
            began = time.monotonic()
            await self.read_due()
            rest_s = max(SOON_S, REST * (time.monotonic() - began))
            await asyncio.sleep(rest_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, READ_S - rest_s)):
                    await self._registry.arrived.wait()  # their workday is not on the wall yet
