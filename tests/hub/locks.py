"""Two acts at once, stopped where it matters: between looking and writing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import asyncpg

from hub.database import connection


async def until_waiting(backends: int, unless: "asyncio.Task[Any] | None" = None) -> None:
    """Returns when so many backends of this database wait for a lock, or when the task has ended."""
    waiting = 0
    while waiting < backends and not (unless and unless.done()):
        async with connection() as held:
            waiting = await held.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )


@contextlib.asynccontextmanager
async def locked(database: str, statement: str) -> AsyncIterator[None]:
    """Whoever needs what this statement locks waits until the block ends."""
    blocker = await asyncpg.connect(database)
    try:
        async with blocker.transaction():
            await blocker.execute(statement)
            yield
    finally:
        await blocker.close()


def unwritten(database: str, table: str) -> contextlib.AbstractAsyncContextManager[None]:
    """Whoever is about to write into `table` waits until the block ends."""
    return locked(database, f"LOCK TABLE {table} IN SHARE MODE")


async def both_at_once(database: str, table: str, first: Awaitable[Any], second: Awaitable[Any]) -> list[Any]:
    """What the two come to, the second begun when the first has looked and not yet written."""
    return await in_turn(database, f"LOCK TABLE {table} IN SHARE MODE", first, second)


async def in_turn(database: str, statement: str, first: Awaitable[Any], second: Awaitable[Any]) -> list[Any]:
    """What the two come to, the second begun when the first waits for what the statement locks; it is let go when both do."""
    async with asyncio.timeout(20):
        async with locked(database, statement):
            one = asyncio.ensure_future(first)
            await until_waiting(1, unless=one)
            other = asyncio.ensure_future(second)
            await until_waiting(2, unless=other)
        return await asyncio.gather(one, other, return_exceptions=True)
