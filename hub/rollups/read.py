"""What people's time was, exact at the moment it is asked for. Called by pages, exports and the wall; writes nothing.

One REPEATABLE READ snapshot holds the rollups, the marks that wait, and the rows. Quarter-hours that a mark can have changed are taken from
the rows, as the job would, all others from the rollups: so an answer is what the job would have stored, had it run to the end just then.

Who may see what is asked for is decided by the caller (`auth/access.py`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from hub.database import transaction
from hub.people.zones import zones_of
from hub.rollups.stored import Found, Limits, Window, affected, fetch, horizon, limits, windows_of
from hub.rollups.united import QUARTER, Piece, Stored, Total, pieces_of, totals_of
from hub.wire.activity import State, quarter_of
from hub.wire.today import Today
from hub.workdays import bounds, day_of

WINDOWS_AT_ONCE = 20
"""Judged before others in this process have their turn: some 5 ms."""

Span = tuple[datetime, datetime]


class Sum(NamedTuple):
    """What a workday has of one state, app and site."""

    state: State
    app: str | None
    site: str | None
    duration_us: int
    keys: int
    clicks: int
    scrolls: int


class Day(NamedTuple):
    """A person's workday."""

    sums: list[Sum]
    spans: dict[State, list[Span]]
    """When they were in a state, in order; neighbours are joined."""


class _Raw(NamedTuple):
    """What is to be judged, once the transaction is over: PostgreSQL ends one in which nothing is said for three seconds."""

    windows: list[Window]
    found: Found
    known: Limits


class _Fresh(NamedTuple):
    """A window whose quarters a mark can have changed, from the rows."""

    window: Window
    rows: list[Stored]
    pieces: list[Piece]

    def totals(self) -> list[Total]:
        return totals_of(self.pieces, self.rows, self.window.start_at, self.window.end_at)


async def read_quarters(
    persons: Collection[int], start_at: datetime, end_at: datetime, now: datetime
) -> dict[int, list[Total]]:
    """The quarter-hours in `[start_at, end_at)`, both at quarter-hours, of these people. Nothing of those who have none."""
    async with _snapshot() as held:
        stale, known = await _stale(held, [Window(person, start_at, end_at) for person in persons], now)
        raw = await _raw(held, stale, known)
        rows = await held.fetch(_QUARTERS, list(persons), start_at, end_at)
    fresh = [one async for one in _fresh(raw)]
    found: dict[int, list[Total]] = {}
    for person, *total in map(tuple, rows):
        if (person, total[0]) not in stale:
            found.setdefault(person, []).append(Total(*total))
    for one in fresh:
        found.setdefault(one.window.person, []).extend(one.totals())
    return found


async def read_days(persons: Collection[int], first: date, last: date, now: datetime) -> dict[tuple[int, date], Day]:
    """The workdays from `first` to `last`, both included, of these people in their zones. Nothing for a day without rows."""
    async with _snapshot() as held:
        zones = await zones_of(held, persons)
        windows = [Window(person, bounds(zone, first)[0], bounds(zone, last)[1]) for person, zone in zones.items()]
        stale, known = await _stale(held, windows, now)
        raw = await _raw(held, stale, known)
        sum_rows = await held.fetch(_DAYS, list(persons), first, last)
        outdated = await held.fetch(_OUTDATED, *_columns(stale, 2))
        span_rows = await held.fetch(_SPANS, list(persons), first, last, *_columns(stale, 2))
    fresh = [one async for one in _fresh(raw)]

    sums: dict[tuple[int, date], dict[tuple[State, str | None, str | None], list[int]]] = {}

    def add(
        person: int, day: date, key: tuple[State, str | None, str | None], counts: Iterable[int], sign: int
    ) -> None:
        held = sums.setdefault((person, day), {}).setdefault(key, [0, 0, 0, 0])
        held[:] = [before + sign * count for before, count in zip(held, counts, strict=True)]

    spans: dict[tuple[int, date], dict[State, list[Span]]] = {}
    for person, day, state, app, site, *counts in map(tuple, sum_rows):
        add(person, day, (state, app, site), counts, 1)
    for person, quarter_at, state, app, site, *counts in map(tuple, outdated):
        add(person, day_of(zones[person], quarter_at), (state, app, site), counts, -1)
    for person, day, state, ranges in map(tuple, span_rows):
        spans.setdefault((person, day), {})[state] = [(each.lower, each.upper) for each in ranges]
    for one in fresh:
        person = one.window.person
        for total in one.totals():
            add(person, day_of(zones[person], total.quarter_at), total[1:4], total[4:], 1)
        for piece in one.pieces:
            by_state = spans.setdefault((person, day_of(zones[person], piece.started_at)), {})
            by_state.setdefault(piece.state, []).append((piece.started_at, piece.ended_at))
    return {
        place: Day(
            [Sum(*key, *counts) for key, counts in by_key.items() if any(counts)],
            {state: joined for state, ranges in spans.get(place, {}).items() if (joined := _joined(ranges))},
        )
        for place, by_key in sums.items()
        if any(map(any, by_key.values()))
    }


async def today(persons: Collection[int], now: datetime) -> dict[int, Today]:
    """For each of these people that exists, the workday in their zone that holds `now`, since they are in the team where they are now:
    what was before is not for who sees them in it."""
    async with _snapshot() as held:
        read_at = await held.fetchval("SELECT now()")
        expected_min = await held.fetchval("SELECT expected_min FROM organisation LIMIT 1") or [0] * 7
        zones = await zones_of(held, persons)
        days = {person: day_of(zones[person], now) for person in zones}
        stays = {row["person"]: row for row in await held.fetch(_STAYS, list(days))}
        ends = {person: bounds(zones[person], day) for person, day in days.items()}
        since = {
            person: max(start, stays[person]["since_at"]) if person in stays else start
            for person, (start, _) in ends.items()
        }
        windows = [Window(person, quarter_of(since[person]), end) for person, (_, end) in ends.items()]
        latest = await _latest_inputs(held, windows)
        counted = {person: at for person, at in latest.items() if at >= since[person]}
        stale, known = await _stale(held, windows, now)
        until = {person: counted.get(person, since[person]) for person in days}
        rows = await held.fetch(
            _ACTIVE, list(days), list(days.values()), list(until.values()), list(since.values()), *_columns(stale, 2)
        )
        raw = await _raw(held, stale, known)
    active = {person: (before, after) for person, before, after in map(tuple, rows)}
    async for one in _fresh(raw):
        person = one.window.person
        before, after = active.get(person, (_NOTHING, _NOTHING))
        for piece in clipped(one.pieces, [(since[person], one.window.end_at)]):
            if piece.state == "active":
                split = min(max(until[person], piece.started_at), piece.ended_at)
                before, after = before + (split - piece.started_at), after + (piece.ended_at - split)
        active[person] = before, after
    return {
        person: Today(
            starts_at=since[person],
            ends_at=end,
            active_s=active.get(person, (_NOTHING, _NOTHING))[0].total_seconds(),
            open_s=active.get(person, (_NOTHING, _NOTHING))[1].total_seconds(),
            counted_until=counted.get(person),
            expected_s=0 if _came(stays.get(person), start) else 60 * expected_min[days[person].weekday()],
            stay=stays[person]["id"] if person in stays else 0,
            read_at=read_at,
        )
        for person, (start, end) in ends.items()
    }


async def read_pieces(spans: Mapping[int, Span]) -> dict[int, list[Piece]]:
    """What a stretch of each person's time was, judged from the rows: in order, each instant once, what nothing is stored of left out.

    Cut at quarter-hours and at the stretch. Rows are kept for `RETENTION_DAYS`. Others in this process have their turn between people.
    """
    windows = [Window(person, quarter_of(start), _quarter_after(end)) for person, (start, end) in spans.items()]
    pieces = {}
    async with _snapshot() as held:
        known = await limits(held)
        for first in range(0, len(windows), WINDOWS_AT_ONCE):
            group = windows[first : first + WINDOWS_AT_ONCE]
            found = await fetch(held, group, known.longest)
            for window, rows in zip(group, found.rows, strict=True):
                united = pieces_of(rows, found.known_until, known.of, window.start_at, window.end_at)
                pieces[window.person] = clipped(united, [spans[window.person]])
                await asyncio.sleep(0)
    return pieces


async def idle_under(spans: Mapping[int, Span], limits_s: Mapping[int, int]) -> tuple[float, float]:
    """Seconds that these people were idle in their spans, together: by the policies of then, and had each had this idle limit. From the
    rows, as `read_pieces`."""
    windows = [Window(person, quarter_of(start), _quarter_after(end)) for person, (start, end) in spans.items()]
    was = would = 0.0
    async with _snapshot() as held:
        known = await limits(held)
        longest = max([known.longest, *(timedelta(seconds=limit) for limit in limits_s.values())])
        for window in windows:
            found = await fetch(held, [window], longest)
            limit_s = limits_s[window.person]
            was += _idle_s(found, known.of, window, spans)
            await asyncio.sleep(0)
            would += _idle_s(found, lambda _, limit_s=limit_s: limit_s, window, spans)  # type: ignore[misc]
            await asyncio.sleep(0)
    return was, would


def _idle_s(found: Found, limit_s: Callable[[int], int], window: Window, spans: Mapping[int, Span]) -> float:
    united = pieces_of(found.rows[0], found.known_until, limit_s, window.start_at, window.end_at)
    pieces = clipped(united, [spans[window.person]])
    return sum((piece.ended_at - piece.started_at).total_seconds() for piece in pieces if piece.state == "idle")


def clipped(pieces: Sequence[Piece], spans: Iterable[Span]) -> list[Piece]:
    """What of the pieces lies in the spans, which are in order and don't overlap."""
    return [
        piece._replace(started_at=max(piece.started_at, start), ended_at=min(piece.ended_at, end))
        for start, end in spans
        for piece in pieces
        if piece.started_at < end and start < piece.ended_at
    ]


@contextlib.asynccontextmanager
async def _snapshot() -> AsyncIterator[Any]:
    async with transaction() as held:
        await held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield held


async def _stale(held: Any, windows: list[Window], now: datetime) -> tuple[set[tuple[int, datetime]], Limits]:
    """The quarters of the windows, one a person, that a mark can have changed and that can still be judged."""
    known = await limits(held)
    around = known.longest + QUARTER
    marks = await held.fetch(
        "SELECT DISTINCT w.person, d.quarter_at, kept_since.activity_at "
        "FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS w(person, start_at, end_at) "
        "JOIN dirty d ON d.person = w.person AND d.quarter_at >= w.start_at AND d.quarter_at < w.end_at "
        "LEFT JOIN kept_since ON kept_since.person = w.person",
        *_columns(((person, start - around, end + around) for person, start, end in windows), 3),
    )
    by_person = {window.person: window for window in windows}
    oldest = {row["person"]: horizon(now, known.longest, row["activity_at"]) for row in marks}
    return {
        (person, at)
        for person, at in affected(((row["person"], row["quarter_at"]) for row in marks), known.longest)
        if at >= oldest[person] and by_person[person].start_at <= at < by_person[person].end_at
    }, known


async def _raw(held: Any, stale: set[tuple[int, datetime]], known: Limits) -> _Raw:
    windows = windows_of(stale)
    return _Raw(windows, await fetch(held, windows, known.longest), known)


async def _fresh(raw: _Raw) -> AsyncIterator[_Fresh]:
    for index, (window, rows) in enumerate(zip(raw.windows, raw.found.rows, strict=True)):
        pieces = pieces_of(rows, raw.found.known_until, raw.known.of, window.start_at, window.end_at)
        yield _Fresh(window, rows, pieces)
        if index % WINDOWS_AT_ONCE == WINDOWS_AT_ONCE - 1:
            await asyncio.sleep(0)  # others' turn


async def _latest_inputs(held: Any, windows: list[Window]) -> dict[int, datetime]:
    """The latest stored input within each window, of the person's devices together."""
    latest = dict(map(tuple, await held.fetch(_LATEST, [window.person for window in windows])))
    # Only a device whose clock is ahead has told of input after today: its rows are asked then.
    ahead = [window for window in windows if latest.get(window.person, window.start_at) >= window.end_at]
    latest.update({window.person: window.start_at - QUARTER for window in ahead})
    if ahead:
        latest.update(map(tuple, await held.fetch(_LATEST_WITHIN, *_columns(ahead, 3))))
    return {window.person: at for window in windows if (at := latest.get(window.person)) and at >= window.start_at}


def _came(stay: Any, start_at: datetime) -> bool:
    """Whether somebody came from another team since then: of a part of a workday it is not known what is expected."""
    return stay is not None and bool(stay["moved"] and stay["since_at"] > start_at)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _quarter_after(at: datetime) -> datetime:
    """The first quarter-hour that does not begin before `at`."""
    quarter = quarter_of(at)
    return quarter if quarter == at else quarter + QUARTER


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


_NOTHING = timedelta()
_QUARTERS = """
    SELECT person, quarter_at, state, app, site, duration_us, keys, clicks, scrolls FROM rollup_quarter
    WHERE person = ANY($1::int[]) AND quarter_at >= $2 AND quarter_at < $3
"""
_OUTDATED = """
    SELECT person, quarter_at, state, app, site, duration_us, keys, clicks, scrolls
    FROM unnest($1::int[], $2::timestamptz[]) AS q(person, quarter_at) JOIN rollup_quarter USING (person, quarter_at)
"""
_DAYS = """
    SELECT person, day, state, app, site, duration_us, keys, clicks, scrolls FROM rollup_day
    WHERE person = ANY($1::int[]) AND day BETWEEN $2 AND $3
"""
_SPANS = """
    WITH stale AS (
        SELECT person, range_agg(tstzrange(at, at + interval '15 minutes')) AS spans
        FROM unnest($4::int[], $5::timestamptz[]) AS q(person, at) GROUP BY person
    )
    SELECT person, day, state, span_day.spans - coalesce(stale.spans, '{}') FROM span_day LEFT JOIN stale USING (person)
    WHERE person = ANY($1::int[]) AND day BETWEEN $2 AND $3
"""
# Where each of these people is at home now, and whether they were elsewhere before.
_STAYS = """
    SELECT person, id, since_at, EXISTS (SELECT FROM membership former WHERE former.person = stay.person AND former.id < stay.id) AS moved
    FROM membership stay WHERE person = ANY($1::int[]) AND until_at IS NULL
"""
# Active time since a moment, outside the stale quarters: before another one, and after it.
_ACTIVE = """
    WITH stale AS (
        SELECT person, range_agg(tstzrange(at, at + interval '15 minutes')) AS spans
        FROM unnest($5::int[], $6::timestamptz[]) AS q(person, at) GROUP BY person
    )
    SELECT person, coalesce(sum(least(upper(span), at) - lower(span)) FILTER (WHERE lower(span) < at), '0'),
        coalesce(sum(upper(span) - greatest(lower(span), at)) FILTER (WHERE upper(span) > at), '0')
    FROM unnest($1::int[], $2::date[], $3::timestamptz[], $4::timestamptz[]) AS p(person, day, at, since_at)
    JOIN span_day USING (person, day) LEFT JOIN stale USING (person)
    CROSS JOIN LATERAL unnest(span_day.spans * tstzmultirange(tstzrange(since_at, NULL)) - coalesce(stale.spans, '{}')) AS span
    WHERE state = 'active' GROUP BY person
"""
_LATEST = """
    SELECT d.person, max(c.last_input_at) FROM device d JOIN device_cursor c ON c.device = d.id
    WHERE d.person = ANY($1::int[]) AND c.last_input_at IS NOT NULL GROUP BY d.person
"""
# A piece of a cut row can have the end of its input after the window: input then lasts up to that.
_LATEST_WITHIN = """
    WITH w AS (SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS w(person, start_at, end_at)), input AS (
        SELECT person, CASE WHEN last_input_at < end_at THEN last_input_at WHEN first_input_at < end_at THEN end_at END AS at
        FROM w JOIN "interval" i USING (person) WHERE i.started_at >= start_at AND i.started_at < end_at
        UNION ALL
        SELECT person, last_input_at FROM w JOIN "interval" i USING (person)
        WHERE last_input_at < i.started_at AND last_input_at >= start_at AND last_input_at < end_at AND i.started_at >= end_at
    ) SELECT person, max(at) FROM input GROUP BY person
"""
