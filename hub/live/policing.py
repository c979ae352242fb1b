"""Keeps this process's agents at the policy in force: read every second from PostgreSQL, so that it needs no Redis, and sent on at once.

A change made anywhere is in force here within a second, and so is the end of somebody's hours.
"""

import asyncio

import structlog

from hub import pauses, policies
from hub.database import DATABASE_AWAY
from hub.live.agents import Registry
from hub.live.upkeep import keep
from hub.policies import changes

READ_S = 1.0
RECONCILE_TURNS = 2
"""Who is new, or in another team or zone, is looked for every other time."""

log = structlog.get_logger()


class Policing:
    """Runs as long as the process takes agents."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._turns = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "policies")

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def turn(self) -> None:
        """Reads what has changed, and passes it on. While the database is away what is known goes on to hold."""
        self._turns += 1
        try:
            await pauses.refresh()  # first: what forbids something is heard of although the rest can't be read
            if self._turns % RECONCILE_TURNS == 0:
                await changes.reconcile()
            await policies.refresh()
        except DATABASE_AWAY as error:
            log.debug("policies_not_read", error=type(error).__name__)
        finally:
            self._registry.follow_policies()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(READ_S)
            await self.turn()
