"""Erasing certain days of somebody: what their devices told of them, and what was made of that, goes and does not come back.

Whoever deletes holds a transaction and has taken turns (`take_turns`) with what could bring something back: a step of the rollup job, which
would write again what it has read already, and devices that are just storing. What arrives later of these days is not stored: the store
asks for them (`spans_of`) once it holds a cursor that says that there are some, and gives a receipt for what it leaves out, so that a
device gets rid of it.

Days are those of the person's zone, and noted with when that was. The list of them (`LISTED`) goes with every backup and is replayed over
one that is restored, as the erasure list is. What was done or looked at then by signing in is in the audit, and stays.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from hub import audit
from hub.database import transaction
from hub.people.zones import zones_of
from hub.rollups.job import ROLLUP_LOCK
from hub.rollups.united import QUARTER
from hub.wire.activity import quarter_of
from hub.wire.events import Event, Gap
from hub.workdays import bounds

LONGEST_S = 120
"""A year of one person's rows are gone in some seconds; their partitions are as many as days."""
NO_EARLIER = datetime(1970, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """Whole quarter-hours, `[start_at, end_at)`."""

    start_at: datetime
    end_at: datetime


class ErasedDays(msgspec.Struct, frozen=True):
    """Days of somebody that were erased, from `first` to `last`, and when they were."""

    person: int
    first: date
    last: date
    start_at: datetime
    end_at: datetime
    at: datetime
    by: int | None = None


async def erase(held: Any, person: int, first: date, last: date, by: int, request: int) -> int:
    """Deletes these days at the person's `request`, and keeps out what comes of them later: returns how many rows of `interval` are gone.

    After `take_turns`. Rollups of the days around stay as they are.
    """
    at = await held.fetchval("SELECT now()")
    span = await span_of(held, person, first, last, at)
    rows = await _delete(held, person, first, last, span)
    await _note(held, ErasedDays(person, first, last, *span, at, by))
    await audit.record(
        "days_erased", by, person, first=first.isoformat(), last=last.isoformat(), rows=rows, request=request
    )
    return rows


async def replay(listed: Iterable[ErasedDays]) -> int:
    """Erases again the days on this list that are not erased here, after a restore: returns how many that were, person by person.

    As `erasure.replay`, and after it: who is erased or is not here has no days. Legal holds are not looked at.
    """
    erased: set[tuple[int, int]] = set()
    for days in listed:
        async with transaction() as held:
            await take_turns(held, days.person)
            if not await held.fetchval(_IS_MISSING, days.person, days.at):
                continue
            rows = await _delete(held, days.person, days.first, days.last, Span(days.start_at, days.end_at))
            await _note(held, days)
            first, last = days.first.isoformat(), days.last.isoformat()
            await audit.record("days_erased", days.by, days.person, first=first, last=last, rows=rows, again=True)
        erased |= {(days.person, day) for day in range(days.first.toordinal(), days.last.toordinal() + 1)}
    return len(erased)


async def take_turns(held: Any, person: int) -> None:
    """Before `erase`: nobody sums up or stores anything of theirs until the transaction ends. Takes their row, and then their devices'."""
    await held.execute(f"SET LOCAL transaction_timeout = '{LONGEST_S}s'")
    await held.execute("SELECT pg_advisory_xact_lock($1)", ROLLUP_LOCK, timeout=LONGEST_S)
    await held.execute("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE", person)
    await held.execute(
        "SELECT FROM device_cursor WHERE device IN (SELECT id FROM device WHERE person = $1) ORDER BY device FOR UPDATE",
        person,
        timeout=LONGEST_S,
    )


async def span_of(held: Any, person: int, first: date, last: date, now: datetime) -> Span:
    """When their days from `first` to `last`, both included, are; of one that goes on, up to the end of the quarter-hour of `now`."""
    zones = (await zones_of(held, [person]))[person]
    start_at, end_at = bounds(zones, first)[0], bounds(zones, last)[1]
    start_at = max(start_at, NO_EARLIER)
    return Span(start_at, max(start_at, min(end_at, quarter_of(now) + QUARTER)))


async def _delete(held: Any, person: int, first: date, last: date, span: Span) -> int:
    deleted = 0
    for name in await _partitions(held, span):
        deleted += await _in_partition(held, name, person, span)
    await held.execute(_DIRTY, person, *span)
    await held.execute(
        "DELETE FROM rollup_quarter WHERE person = $1 AND quarter_at >= $2 AND quarter_at < $3", person, *span
    )
    await held.execute("DELETE FROM rollup_day WHERE person = $1 AND day BETWEEN $2 AND $3", person, first, last)
    await held.execute("DELETE FROM span_day WHERE person = $1 AND day BETWEEN $2 AND $3", person, first, last)
    await held.execute(_CURSORS, person, *span)
    await held.execute(_LOSSES, person, *span)
    await _quarantined(held, person, span)
    for statement in _PAUSES:
        await held.execute(statement, person, *span)
    return deleted


async def spans_of(held: Any, people: Collection[int]) -> dict[int, list[Span]]:
    """The erased time of these people, of those who have any. As of this statement: ask it while holding the cursors of their devices."""
    found: dict[int, list[Span]] = {}
    for row in await held.fetch(_SPANS, list(people)):
        found.setdefault(row["person"], []).append(Span(row["start_at"], row["end_at"]))
    return found


async def _note(held: Any, days: ErasedDays) -> None:
    await held.execute(
        "INSERT INTO erased_days (person, first, last, start_at, end_at, at, erased_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *msgspec.structs.astuple(days),
    )


async def _partitions(held: Any, span: Span) -> list[str]:
    """Names of the tables in which there can be something of that time: also of days that are detached. Input of it is told of later."""
    first = (span.start_at - QUARTER).astimezone(UTC)
    rows = await held.fetch(_DAYS, f"interval_{first:%Y%m%d}")
    return [row["relname"] for row in rows]


async def _in_partition(held: Any, name: str, person: int, span: Span) -> int:
    """Also of a day that is being detached, or is and was not dropped yet."""
    try:
        async with held.transaction():
            done: str = await held.execute(_ROWS.format(name), person, *span)
            for statement in _INPUT:
                await held.execute(statement.format(name), person, *span)
    except asyncpg.UndefinedTableError:  # dropped meanwhile
        return 0
    return int(done.split()[-1])


async def _quarantined(held: Any, person: int, span: Span) -> None:
    """What was set aside and tells of that time; what can't be read, when it came then."""
    rows = await held.fetch(
        "SELECT quarantine.id, event, received_at FROM quarantine JOIN device ON device.id = device WHERE person = $1",
        person,
    )
    gone = [row["id"] for row in rows if _told_of(row["event"], row["received_at"], span)]
    await held.execute("DELETE FROM quarantine WHERE id = ANY($1::uuid[])", gone)


def tells_of(event: Event, span: Span) -> bool:
    """Whether it says anything of that time, also one that ends before it starts."""
    starts_at, ends_at = sorted((event.started_at, event.ended_at))
    inputs = () if isinstance(event, Gap) else (event.first_input_at, event.facts.last_input_at)
    return (starts_at < span.end_at and ends_at > span.start_at) or any(
        at is not None and span.start_at <= at < span.end_at for at in (starts_at, *inputs)
    )


def _told_of(event: bytes, received_at: datetime, span: Span) -> bool:
    try:
        return tells_of(msgspec.msgpack.decode(event, type=Event), span)
    except (msgspec.MsgspecError, ValueError):
        return span.start_at <= received_at < span.end_at


LISTED = 'SELECT person, first, last, start_at, end_at, at, erased_by AS "by" FROM erased_days ORDER BY at, id'
_IS_MISSING = """
    SELECT EXISTS (SELECT FROM person WHERE id = $1 AND erased_at IS NULL)
        AND NOT EXISTS (SELECT FROM erased_days WHERE person = $1 AND at = $2)
"""
_SPANS = "SELECT person, start_at, end_at FROM erased_days WHERE person = ANY($1::int[])"
_DAYS = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname ~ '^interval_[0-9]{8}$'
        AND relname >= $1 ORDER BY relname
"""
_ROWS = "DELETE FROM {} WHERE person = $1 AND started_at >= $2 AND started_at < $3"
# Rows around it keep no input of it: `live/rows.py` does the same to those that come later (`outside`).
_INPUT = (
    """
    UPDATE {} SET first_input_at = CASE WHEN first_input_at < $2 THEN first_input_at END,
        last_input_at = CASE WHEN first_input_at < $2 THEN ended_at END
    WHERE person = $1 AND started_at >= $2::timestamptz - interval '15 minutes' AND started_at < $2
        AND last_input_at >= $2 AND last_input_at < $3
    """,
    """
    UPDATE {} SET first_input_at = NULL, last_input_at = NULL
    WHERE person = $1 AND last_input_at < started_at AND last_input_at >= $2 AND last_input_at < $3 AND started_at >= $3
    """,
    """
    UPDATE {} SET first_input_at = $3 WHERE person = $1 AND started_at >= $3 AND started_at < $3::timestamptz + interval '1 day'
        AND first_input_at >= $2 AND first_input_at < $3
    """,
)
_DIRTY = "DELETE FROM dirty WHERE person = $1 AND quarter_at >= $2 AND quarter_at < $3"
# What a restored disk need not send again ends where those days begin: it may send them, and they are left out.
_CURSORS = """
    UPDATE device_cursor SET erased = true,
        last_input_at = CASE WHEN last_input_at >= $2 AND last_input_at < $3 THEN NULL ELSE last_input_at END,
        digest = CASE WHEN last_ended_at > $2 AND last_ended_at <= $3 THEN '' ELSE digest END,
        last_ended_at = CASE WHEN last_ended_at > $2 AND last_ended_at <= $3 THEN $2 ELSE last_ended_at END
    FROM device WHERE device.id = device AND person = $1
"""
_LOSSES = (
    "DELETE FROM loss USING device WHERE device.id = device AND person = $1 AND received_at >= $2 AND received_at < $3"
)
# One that goes on is of now, and stays.
_PAUSES = (
    "DELETE FROM pause WHERE person = $1 AND since_at >= $2 AND until_at <= least($3, now())",
    "UPDATE pause SET until_at = $2 WHERE person = $1 AND since_at < $2 AND until_at > $2 AND until_at <= least($3, now())",
    "UPDATE pause SET since_at = $3 WHERE person = $1 AND since_at >= $2 AND since_at < $3 AND until_at > $3 AND until_at < now()",
)
