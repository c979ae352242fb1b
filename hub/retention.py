"""Day partitions of `interval`: made ahead by the hub, and by whoever finds one missing.

A day is made as a table of its own and then attached, which takes no lock that blocks readers; `CREATE TABLE ... PARTITION OF` would.
There is no default partition: it would forbid detaching days concurrently, and making a day once a stray of it lies there.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import structlog

from hub.database import DATABASE_AWAY, transaction

DAYS_BEHIND = 1
DAYS_AHEAD = 3
"""Events up to a day ahead of now are taken; a hub that can't make days for two days still has where to put them."""
CHECK_S = 3600.0
DAYS_AT_ONCE = 30
"""In one transaction, whose limit is ten seconds: a day takes some 15 ms here."""
PARTITION_LOCK = 0x6461796C69676468
"""The advisory lock's number: `daylighd` in ASCII. Two processes never make the same day at once."""

log = structlog.get_logger()


async def make_days(days: Iterable[date]) -> None:
    """Makes and attaches what is missing of these days. Idempotent, safe from several processes at once."""
    wanted = sorted(set(days))
    for start in range(0, len(wanted), DAYS_AT_ONCE):
        await _make_days(wanted[start : start + DAYS_AT_ONCE])


async def _make_days(wanted: list[date]) -> None:
    async with transaction() as held:
        await held.execute("SELECT pg_advisory_xact_lock($1)", PARTITION_LOCK)
        rows = await held.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '\"interval\"'::regclass"
        )
        present = {row["name"] for row in rows}
        for day in wanted:
            name = partition_name(day)
            if name in present:
                continue
            start = datetime.combine(day, time(), UTC)
            end = start + timedelta(days=1)
            await held.execute(
                f'CREATE TABLE {name} (LIKE "interval" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)'
            )
            await held.execute(
                f'ALTER TABLE "interval" ATTACH PARTITION {name} '
                f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )


def partition_name(day: date) -> str:
    return f"interval_{day:%Y%m%d}"


async def keep_days_ahead() -> None:
    """Makes the coming days now and then, for ever. A failure is logged and tried again; the store makes what it misses."""
    while True:
        today = datetime.now(UTC).date()
        try:
            await make_days(today + timedelta(days=offset) for offset in range(-DAYS_BEHIND, DAYS_AHEAD + 1))
            await asyncio.sleep(CHECK_S)
        except DATABASE_AWAY as error:
            log.warning("days_not_made", error=type(error).__name__)
            await asyncio.sleep(5)
