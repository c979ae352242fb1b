"""Day partitions of `interval`: made ahead by the worker, and by whoever finds one missing; removed by the worker once retention is over.

A day is made as a table of its own and then attached, which takes no lock that blocks readers; `CREATE TABLE ... PARTITION OF` would.
There is no default partition: it would forbid detaching days concurrently, and making a day once a stray of it lies there. A day is
detached concurrently, which waits for whoever has read `interval` in a transaction that is still open, and holds up nobody meanwhile: not
those who write, nor those who make days. Whoever reads for ever only keeps the day from being removed, until another run.

Of who is under a legal hold nothing is removed: a day that has rows of theirs stays as a table, detached, with those rows alone, until the
hold is lifted.
"""

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import asyncpg
import msgspec
import structlog

from hub.database import DATABASE_AWAY, connection, transaction
from hub.wire.events import RETENTION_DAYS

DAYS_BEHIND = 1
DAYS_AHEAD = 3
"""Events up to a day ahead of now are taken; a hub that can't make days for two days still has where to put them."""
CHECK_S = 3600.0
DAYS_AT_ONCE = 30
"""In one transaction, whose limit is ten seconds: a day takes some 15 ms here."""
PARTITION_LOCK = 0x6461796C69676468
"""The advisory lock's number: `daylighd` in ASCII. Two processes never make the same day at once."""
GRACE = timedelta(hours=1)
"""Events are held against the horizon by whichever hub takes them, and stored seconds later: clocks that differ by less than this can't
make a hub look for a day that was removed."""
LOCK_S = 3.0
STATEMENT_S = 8.0
"""Several who read are waited for one after the other; a command's own limit is ten seconds."""
ROWS_AT_ONCE = 5000

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


class DaysKept(msgspec.Struct, frozen=True):
    """What there is of the coming days after a run."""

    ahead: int


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of retention removed, and what it had to leave."""

    removed: int
    left: int
    """Days that somebody still reads: another run removes them."""
    held: int
    """Days of which the rows of people under a legal hold stay."""
    quarantined: int
    lost: int


class Partitions(msgspec.Struct, frozen=True):
    """The days that are attached, and how many are on their way out."""

    days: tuple[date, ...]
    pending: int


def first_day_kept(now: datetime) -> date:
    """The oldest day that retention leaves: every event that `live/rows.py` admits now lies in it or after it."""
    return (now - timedelta(days=RETENTION_DAYS) - GRACE).astimezone(UTC).date()


async def keep_days(now: datetime) -> DaysKept:
    """Makes the coming days. Idempotent."""
    today = now.astimezone(UTC).date()
    await make_days(today + timedelta(days=offset) for offset in range(-DAYS_BEHIND, DAYS_AHEAD + 1))
    return DaysKept(ahead=DAYS_AHEAD)


async def retain(now: datetime) -> Retained:
    """Removes the days that lie behind retention, and what was quarantined and declared lost as long ago. Idempotent.

    What a run before this one detached and did not drop is dropped, and a removal that was cut short is carried on. The audit stays.
    """
    keep_from = first_day_kept(now)
    removed = left = kept = 0
    async with connection() as held:
        # Not inside a transaction, and under limits of its own; the pool resets them.
        await held.execute(
            f"SET lock_timeout = {int(LOCK_S * 1000)}; SET statement_timeout = {int(STATEMENT_S * 1000)}; SET transaction_timeout = 0"
        )
        for name, pending in await _attached(held):
            if pending or _day_of(name) < keep_from:
                try:
                    await held.execute(
                        f'ALTER TABLE "interval" DETACH PARTITION {name} {"FINALIZE" if pending else "CONCURRENTLY"}'
                    )
                except _STILL_READ as error:
                    left += 1
                    log.warning("day_left", day=name, error=type(error).__name__)
        for name in await detached_days(held):
            if _day_of(name) < keep_from:
                try:
                    async with held.transaction():
                        await held.execute(_NO_HOLD_IS_SET)
                        if await _stays_for_a_hold(held, name):
                            kept += 1
                            continue
                        await held.execute(f"DROP TABLE IF EXISTS {name}")
                    removed += 1
                except _STILL_READ as error:
                    left += 1
                    log.warning("day_left", day=name, error=type(error).__name__)
    horizon = datetime.combine(keep_from, time(), UTC)
    return Retained(
        removed=removed,
        left=left,
        held=kept,
        quarantined=await _delete_behind("quarantine", horizon),
        lost=await _delete_behind("loss", horizon),
    )


async def partitions() -> Partitions:
    """The days that there are, for the figures."""
    async with connection() as held:
        found = await _attached(held)
    days = tuple(sorted(_day_of(name) for name, pending in found if not pending))
    return Partitions(days, sum(pending for _, pending in found))


_NAMED = re.compile(r"interval_(\d{8})")
# Someone reads the day, or `interval`: a lock that did not come free in time, or a removal of another day that waits for the same reader.
_STILL_READ = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.ObjectNotInPrerequisiteStateError)


async def _attached(held: Any) -> list[tuple[str, bool]]:
    """Days of `interval`, a pending removal first: another can't begin before it has ended."""
    rows = await held.fetch(
        "SELECT relname, inhdetachpending FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = '\"interval\"'::regclass ORDER BY inhdetachpending DESC, relname"
    )
    return [(row["relname"], row["inhdetachpending"]) for row in rows if _NAMED.fullmatch(row["relname"])]


async def detached_days(held: Any) -> list[str]:
    """Tables of days that are no part of `interval` any more."""
    rows = await held.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition AND relnamespace = current_schema()::regnamespace "
        "AND relname ~ '^interval_[0-9]{8}$'"
    )
    return [row["relname"] for row in rows]


def _day_of(name: str) -> date:
    match = _NAMED.fullmatch(name)
    assert match is not None
    return datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date()


async def _stays_for_a_hold(held: Any, name: str) -> bool:
    """Whether a detached day has rows of people under a legal hold: those of all others are gone then."""
    people = [row["person"] for row in await held.fetch(_HELD)]
    theirs = f"SELECT EXISTS (SELECT FROM {name} WHERE person = ANY($1::int[]))"  # noqa: S608 - a name of ours
    if not people or not await held.fetchval(theirs, people):
        return False
    if await held.fetchval(f"SELECT EXISTS (SELECT FROM {name} WHERE person <> ALL($1::int[]))", people):  # noqa: S608
        # A few rows are copied, rather than many deleted.
        async with held.transaction():
            await held.execute(f"CREATE TABLE {name}_held (LIKE {name} INCLUDING ALL)")
            await held.execute(f"INSERT INTO {name}_held SELECT * FROM {name} WHERE person = ANY($1::int[])", people)  # noqa: S608
            await held.execute(f"DROP TABLE {name}")
            await held.execute(f"ALTER TABLE {name}_held RENAME TO {name}")
    return True


# Nobody hears that a hold stands while what it is to keep is being removed; one that is just being set is waited for.
_NO_HOLD_IS_SET = "LOCK TABLE legal_hold IN SHARE MODE"
_HELD = "SELECT person FROM legal_hold WHERE lifted_at IS NULL"


async def _delete_behind(table: str, horizon: datetime) -> int:
    """Deletes what was received before, some at a time: no transaction of it is long."""
    deleted = 0
    of_held = f"SELECT id FROM device WHERE person IN ({_HELD})"  # noqa: S608 - ours
    old = f"SELECT id FROM {table} WHERE received_at < $1 AND device NOT IN ({of_held}) LIMIT {ROWS_AT_ONCE}"  # noqa: S608 - ours
    while True:
        async with transaction() as held:
            await held.execute(_NO_HOLD_IS_SET)
            done: str = await held.execute(f"DELETE FROM {table} WHERE id IN ({old})", horizon)  # noqa: S608 - ours
        deleted += int(done.split()[-1])
        if int(done.split()[-1]) < ROWS_AT_ONCE:
            return deleted
