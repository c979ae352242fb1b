"""The job of the worker that brings rollups up to date with what is stored. It answers nobody and never touches `interval`.

Ingest leaves marks in `dirty`, in the transaction that stores the rows. A step deletes the marks that it sees and recomputes, in the same
transaction but by later statements (READ COMMITTED), the quarter-hours that they can have changed. What a statement sees of a transaction
whose marks the first did not see is recomputed again by those marks; so no commit is lost, however late it comes. One step runs at a time.
Killed anywhere, a step has done nothing; done twice, it has done the same.

Marks of a quarter-hour that still goes on wait until it is over: a read takes such quarters from the rows anyway, and each would be
recomputed with every minute.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from hub.database import connection, transaction
from hub.people.zones import zones_of
from hub.rollups.stored import affected, fetch, horizon, limits, windows_of
from hub.rollups.united import QUARTER, Piece, Total, pieces_of, totals_of
from hub.wire.activity import quarter_of
from hub.workdays import UNKNOWN, bounds, day_of

SETTLED = timedelta(minutes=2)
"""After its end, when nearly everything of a quarter-hour has come: devices send once a minute."""
QUARTERS_AT_ONCE = 300
"""Recomputed by a step: some 0.1 s here with rows of half a minute, of the ten that a transaction has."""
COUNTED_MAX = 100_000
"""Of the marks that wait. Without a worker for a day there are millions, and figures are wanted all the same."""
ROLLUP_LOCK = 0x6461796C69676872
"""The advisory lock's number: `daylighr` in ASCII. One step runs at a time, whatever the queue does."""


class Progress(msgspec.Struct, frozen=True):
    """What a step did."""

    marks: int = 0
    """Deleted."""
    quarters: int = 0
    """Recomputed, of all people."""
    more: bool = False
    """There was more to do than a step takes: call again at once."""


class Backlog(msgspec.Struct, frozen=True):
    """How far the rollups are behind. Reads are exact all the same; they take longer."""

    marks: int
    """All that wait, those of quarter-hours that still go on too. Counted up to `COUNTED_MAX`."""
    behind_s: float
    """How long the oldest one has waited since a step could have taken it."""


async def roll_up(now: datetime) -> Progress:
    """One step: a batch of marks in one transaction. Does nothing while another step runs."""
    async with transaction() as held:
        if not await held.fetchval("SELECT pg_try_advisory_xact_lock($1)", ROLLUP_LOCK):
            return Progress()
        # Between its statements it judges rows: a device that tells of every second would make that longer than three.
        await held.execute("SET LOCAL idle_in_transaction_session_timeout = '8s'")
        known = await limits(held)
        pairs_at_once = max(1, QUARTERS_AT_ONCE // len(affected([(0, now)], known.longest)))
        deleted = await held.fetch(_TAKE, _due(now), pairs_at_once)
        marks = {(mark["person"], mark["quarter_at"]) for mark in deleted}
        known = await limits(held)  # of every version that a row of these marks can carry
        kept = await _kept_since(held, marks)
        quarters = {
            (person, at)
            for person, at in affected(marks, known.longest)
            if at >= horizon(now, known.longest, kept.get(person))
        }
        windows = windows_of(quarters)
        found = await fetch(held, windows, known.longest)
        pieces: list[tuple[int, Piece]] = []
        totals: list[tuple[int, Total]] = []
        for window, rows in zip(windows, found.rows, strict=True):
            united = pieces_of(rows, found.known_until, known.of, window.start_at, window.end_at)
            pieces += ((window.person, piece) for piece in united)
            totals += ((window.person, total) for total in totals_of(united, rows, window.start_at, window.end_at))
        if quarters:
            await _write_quarters(held, quarters, totals)
            await _write_days(held, await _days(held, quarters), pieces)
    return Progress(marks=len(deleted), quarters=len(quarters), more=len(marks) == pairs_at_once)


async def backlog(now: datetime) -> Backlog:
    """For the figures of the worker."""
    async with connection() as held:
        row = await held.fetchrow(
            "SELECT count(*) AS marks, min(greatest(marked_at, quarter_at + $1::interval)) "
            "FROM (SELECT marked_at, quarter_at FROM dirty ORDER BY id LIMIT $2) oldest",
            QUARTER + SETTLED,
            COUNTED_MAX,
        )
    return Backlog(row["marks"], max(0.0, (now - (row["min"] or now)).total_seconds()))


def _due(now: datetime) -> datetime:
    """The start of the latest quarter-hour that is over and settled."""
    return now - QUARTER - SETTLED


# Takes every visible mark of a number of quarters: of one person together, since their neighbours are recomputed with them.
_TAKE = """
    WITH due AS (SELECT DISTINCT person, quarter_at FROM dirty WHERE quarter_at <= $1 ORDER BY person, quarter_at LIMIT $2)
    DELETE FROM dirty USING due WHERE dirty.person = due.person AND dirty.quarter_at = due.quarter_at
    RETURNING dirty.person, dirty.quarter_at
"""


async def _kept_since(held: Any, marks: set[tuple[int, datetime]]) -> dict[int, datetime]:
    """Since when activity is kept of these people, of whom it is not all. What was stored of a time that was over already does not stay:
    of details it is removed with the next that are over, and of activity here."""
    rows = await held.fetch(
        "SELECT person, activity_at, greatest(title_at, app_at, count_at, activity_at) AS over_at FROM kept_since "
        "WHERE person = ANY($1::int[])",
        list({person for person, _ in marks}),
    )
    over = {row["person"]: row["over_at"] for row in rows if row["over_at"]}
    late = [mark for mark in marks if mark[0] in over and mark[1] < over[mark[0]]]
    if late:
        await held.execute(_SET_BACK, *_columns(late, 2))
        await held.execute(_OVER, *_columns(late, 2))
    return {row["person"]: row["activity_at"] for row in rows if row["activity_at"]}


_SET_BACK = """
    UPDATE kept_since SET title_at = CASE WHEN title_at > late.at THEN late.at ELSE title_at END,
        app_at = CASE WHEN app_at > late.at THEN late.at ELSE app_at END,
        count_at = CASE WHEN count_at > late.at THEN late.at ELSE count_at END
    FROM (SELECT person, min(at) AS at FROM unnest($1::int[], $2::timestamptz[]) AS mark(person, at) GROUP BY person) AS late
    WHERE kept_since.person = late.person
"""
_OVER = """
    DELETE FROM "interval" USING unnest($1::int[], $2::timestamptz[]) AS mark(person, at), kept_since
    WHERE "interval".person = mark.person AND kept_since.person = mark.person
        AND started_at >= mark.at AND started_at < mark.at + interval '15 minutes' AND started_at < kept_since.activity_at
        AND NOT EXISTS (SELECT FROM legal_hold WHERE legal_hold.person = mark.person AND lifted_at IS NULL)
"""


class _Days(NamedTuple):
    """The workdays that quarters lie in, with their bounds."""

    of: dict[tuple[int, datetime], date]
    bounds: dict[tuple[int, date], tuple[datetime, datetime]]


async def _days(held: Any, quarters: set[tuple[int, datetime]]) -> _Days:
    persons = {person for person, _ in quarters}
    zones = dict.fromkeys(persons, UNKNOWN) | await zones_of(held, persons)
    of = {(person, at): day_of(zones[person], at) for person, at in quarters}
    return _Days(of, {(person, day): bounds(zones[person], day) for (person, _), day in of.items()})


async def _write_quarters(held: Any, quarters: set[tuple[int, datetime]], totals: list[tuple[int, Total]]) -> None:
    await held.execute(
        "DELETE FROM rollup_quarter USING unnest($1::int[], $2::timestamptz[]) AS q(person, at) "
        "WHERE rollup_quarter.person = q.person AND rollup_quarter.quarter_at = q.at",
        *_columns(quarters, 2),
    )
    await held.copy_records_to_table(
        "rollup_quarter",
        records=[(person, *total) for person, total in totals],
        columns=("person", *Total._fields),
    )


async def _write_days(held: Any, days: _Days, pieces: list[tuple[int, Piece]]) -> None:
    """Sums of the days that the quarters lie in, and in their spans what these quarters are now."""
    touched = _columns(days.bounds, 2)
    await held.execute(
        "DELETE FROM rollup_day USING unnest($1::int[], $2::date[]) AS d(person, day) "
        "WHERE rollup_day.person = d.person AND rollup_day.day = d.day",
        *touched,
    )
    await held.execute(
        "INSERT INTO rollup_day (person, day, state, app, site, duration_us, keys, clicks, scrolls) "
        "SELECT d.person, d.day, state, app, site, sum(duration_us), sum(keys), sum(clicks), sum(scrolls) "
        "FROM unnest($1::int[], $2::date[], $3::timestamptz[], $4::timestamptz[]) AS d(person, day, start_at, end_at) "
        "JOIN rollup_quarter q ON q.person = d.person AND q.quarter_at >= d.start_at AND q.quarter_at < d.end_at "
        "GROUP BY d.person, d.day, state, app, site",
        *touched,
        *_columns(days.bounds.values(), 2),
    )
    await held.execute(
        "WITH cut AS ("
        "  SELECT person, day, range_agg(tstzrange(at, at + interval '15 minutes')) AS spans "
        "  FROM unnest($1::int[], $2::date[], $3::timestamptz[]) AS q(person, day, at) GROUP BY person, day"
        ") UPDATE span_day SET spans = span_day.spans - cut.spans FROM cut "
        "WHERE span_day.person = cut.person AND span_day.day = cut.day",
        *_columns(((person, day, at) for (person, at), day in days.of.items()), 3),
    )
    await held.execute(
        "INSERT INTO span_day (person, day, state, spans) "
        "SELECT person, day, state, range_agg(tstzrange(start_at, end_at)) "
        "FROM unnest($1::int[], $2::date[], $3::text[], $4::timestamptz[], $5::timestamptz[]) "
        "AS p(person, day, state, start_at, end_at) GROUP BY person, day, state "
        "ON CONFLICT (person, day, state) DO UPDATE SET spans = span_day.spans + excluded.spans",
        *_columns(_dated(days, pieces), 5),
    )
    await held.execute(
        "DELETE FROM span_day USING unnest($1::int[], $2::date[]) AS d(person, day) "
        "WHERE span_day.person = d.person AND span_day.day = d.day AND isempty(span_day.spans)",
        *touched,
    )


def _dated(days: _Days, pieces: list[tuple[int, Piece]]) -> Iterable[tuple[object, ...]]:
    for person, piece in pieces:
        quarter = quarter_of(piece.started_at)
        yield person, days.of[person, quarter], piece.state, piece.started_at, piece.ended_at


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
