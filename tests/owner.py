"""This test's database as the role that owns the audit's tables: it can do behind the hub's back what the hub's own role may not."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

URLS: list[str] = []
"""Of the database that the test uses; the fixture `database` keeps it."""


@contextlib.asynccontextmanager
async def owning() -> AsyncIterator[Any]:
    """A connection in a transaction."""
    held = await asyncpg.connect(URLS[-1])
    try:
        async with held.transaction():
            yield held
    finally:
        await held.close()
