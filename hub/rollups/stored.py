"""What is stored, as far as a stretch of people's time depends on it. Shared by the job and the read, inside their transactions.

How far that is, `united.py` says. All of it is found by index, in the days around the time in question.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from hub.rollups.united import QUARTER, Stored
from hub.wire.activity import IDLE_LIMIT_MIN_S, quarter_of
from hub.wire.events import RETENTION_DAYS
from hub.wire.policy import NOTHING, Policy


class Limits(NamedTuple):
    """Idle limits of all policy versions."""

    by_version: dict[int, int]

    def of(self, version: int) -> int:
        """In seconds. A version that is not known has the limit of the policy that permits nothing."""
        return self.by_version.get(version, NOTHING.idle_limit_s)

    @property
    def longest(self) -> timedelta:
        return timedelta(seconds=max(NOTHING.idle_limit_s, *self.by_version.values()))


class Window(NamedTuple):
    """Whole quarter-hours of a person's time."""

    person: int
    start_at: datetime
    end_at: datetime


class Found(NamedTuple):
    """What the windows depend on: rows window by window, and the ends of the devices' latest rows."""

    rows: list[list[Stored]]
    known_until: dict[int, datetime]


async def limits(held: Any) -> Limits:
    """As of this statement. A limit below what `stricter` allows is none."""
    rows = await held.fetch("SELECT version, policy FROM policy_version")
    return Limits(
        {
            row["version"]: max(msgspec.json.decode(row["policy"], type=Policy).idle_limit_s, IDLE_LIMIT_MIN_S)
            for row in rows
        }
        | {NOTHING.version: NOTHING.idle_limit_s}
    )


def horizon(now: datetime, longest: timedelta, kept_since: datetime | None = None) -> datetime:
    """The first quarter-hour that can still be judged: rows are kept from the day `RETENTION_DAYS` back, and it needs those before it.
    Of somebody whose activity is kept for less, from `kept_since` on (the table's `activity_at`)."""
    kept = (now.astimezone(UTC) - timedelta(days=RETENTION_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    if kept_since is not None:
        kept = max(kept, kept_since)
    return quarter_of(kept + longest - timedelta(microseconds=1)) + QUARTER


def affected(marks: Iterable[tuple[int, datetime]], longest: timedelta) -> set[tuple[int, datetime]]:
    """The quarters whose meaning can depend on what is in a marked one: up to the longest limit away."""
    reached = -(-longest // QUARTER)
    return {(person, quarter + step * QUARTER) for person, quarter in marks for step in range(-reached, reached + 1)}


def windows_of(quarters: Iterable[tuple[int, datetime]]) -> list[Window]:
    """The quarters by person, neighbours joined."""
    windows: list[Window] = []
    for person, quarter in sorted(quarters):
        if windows and windows[-1].person == person and windows[-1].end_at == quarter:
            windows[-1] = windows[-1]._replace(end_at=quarter + QUARTER)
        else:
            windows.append(Window(person, quarter, quarter + QUARTER))
    return windows


async def fetch(held: Any, windows: list[Window], longest: timedelta) -> Found:
    """The rows of the windows and what they depend on."""
    found: list[list[Stored]] = [[] for _ in windows]
    if not windows:
        return Found(found, {})
    persons = [window.person for window in windows]
    starts = [window.start_at - longest for window in windows]
    ends = [window.end_at + longest for window in windows]
    # A row that holds an instant began at most a quarter-hour before it.
    around = await held.fetch(_ROWS, persons, starts, ends, min(starts) - QUARTER, max(ends))
    for row in around:
        found[row[0] - 1].append(Stored._make(tuple(row)[1:]))
    # Input that only a row after those tells of: the agent noticed it late, or the row of its time was lost.
    for number, device, at in await held.fetch(_TOLD_LATER, persons, starts, ends, min(starts), max(ends), min(ends)):
        found[number - 1].append(Stored(device, at, at, 0, 0, None, None, None, at, 0, 0, 0))
    devices = list({row.device for rows in found for row in rows})
    cursors = await held.fetch(_KNOWN_UNTIL, devices)
    return Found(found, dict(map(tuple, cursors)))


_ROWS = """
    SELECT w.n::int, device, started_at, ended_at, policy, flags, app, site, first_input_at, last_input_at, keys, clicks, scrolls
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(person, start_at, end_at, n)
    JOIN "interval" i ON i.person = w.person AND i.started_at >= w.start_at - interval '15 minutes' AND i.started_at < w.end_at
    WHERE i.started_at >= $4 AND i.started_at < $5
"""
_TOLD_LATER = """
    SELECT DISTINCT w.n::int, device, last_input_at
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(person, start_at, end_at, n)
    JOIN "interval" i ON i.person = w.person AND i.last_input_at >= w.start_at AND i.last_input_at < w.end_at
    WHERE i.last_input_at < i.started_at AND i.started_at >= w.end_at
        AND i.last_input_at >= $4 AND i.last_input_at < $5 AND i.started_at >= $6
"""
_KNOWN_UNTIL = (
    "SELECT device, last_ended_at FROM device_cursor WHERE device = ANY($1::int[]) AND last_ended_at IS NOT NULL"
)
