"""What rollups must say, computed the slow and obvious way: every row is read, and every instant is judged by itself.

An instant's meaning changes only where a row begins or ends, at an input, and at a quarter-hour. So each stretch between two such moments
is judged by its first instant, by looking at all rows. It shares no code with `hub.rollups`, nor with `judge`.
"""

import functools
import itertools
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
RANK = ["locked", "idle", "passive", "active", "break", "private"]
Key = tuple[str, str | None, str | None]


Places = tuple[tuple[str, datetime | None], ...]
"""The zones of a person, in order, each up to when it held; the last one holds on."""


class Plain(NamedTuple):
    """`quarters[person, quarter]` and `days[person, day]` give (microseconds, keys, clicks, scrolls) by state, app and site."""

    quarters: dict[tuple[int, datetime], dict[Key, tuple[int, ...]]]
    days: dict[tuple[int, date], dict[Key, tuple[int, ...]]]
    spans: dict[tuple[int, date], dict[str, list[tuple[datetime, datetime]]]]


async def rows_of(held: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in await held.fetch('SELECT * FROM "interval"')]


def plain(rows: list[dict[str, Any]], limits: dict[int, int], zones: dict[int, Places]) -> Plain:
    quarters: dict[Any, Any] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    days: dict[Any, Any] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    spans: dict[Any, Any] = defaultdict(lambda: defaultdict(list))
    for person in {row["person"] for row in rows}:
        mine = [row for row in rows if row["person"] == person]
        workday = workdays(zones[person], min(row["started_at"] for row in mine), max(row["ended_at"] for row in mine))
        meant = instants(mine, limits)
        for (start, end), meaning in meant.items():
            if meaning is None:
                continue
            quarter, day = floor(start), workday[floor(start)]
            for sums in (quarters[person, quarter], days[person, day]):
                sums[meaning][0] += (end - start) // timedelta(microseconds=1)
            ranges = spans[person, day][meaning[0]]
            if ranges and ranges[-1][1] == start:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((start, end))
        for row in mine:
            counts = row["keys"], row["clicks"], row["scrolls"]
            if counts == (0, 0, 0):
                continue
            covered = any(
                meaning and meaning[0] == "private" and row["started_at"] <= start < row["ended_at"]
                for (start, _), meaning in meant.items()
            )
            key = ("private", None, None) if covered else ("active", row["app"], row["site"])
            quarter, day = floor(row["started_at"]), workday[floor(row["started_at"])]
            for sums in (quarters[person, quarter], days[person, day]):
                for index, count in enumerate(counts, 1):
                    sums[key][index] += count
    return Plain(_frozen(quarters), _frozen(days), {place: dict(by_state) for place, by_state in spans.items()})


def workdays(places: Places, first: datetime, last: datetime) -> dict[datetime, date]:
    """The workday of each quarter-hour from some days before `first` to some after `last`: it goes up at midnight and where another zone
    begins, and never down."""
    return _walked(places, first.date(), last.date())


@functools.lru_cache(maxsize=1000)
def _walked(places: Places, first: date, last: date) -> dict[datetime, date]:
    days: dict[datetime, date] = {}
    at, day, held = datetime.combine(first - timedelta(days=4), time(), UTC), date.min, places[0][0]
    while at.date() < last + timedelta(days=5):
        name = next(name for name, until_at in places if until_at is None or at < until_at)
        if name != held:
            held, day = name, day + timedelta(days=1)
        days[at] = day = max(day, at.astimezone(ZoneInfo(name)).date())
        at += QUARTER
    return days


def instants(rows: list[dict[str, Any]], limits: dict[int, int]) -> dict[tuple[datetime, datetime], Key | None]:
    """Between each moment at which something changes and the next: the state, app and site of a person, `None` where no row is."""
    moments: set[datetime] = set()
    for row in rows:
        moments |= {row["started_at"], row["ended_at"], floor(row["started_at"])}
        moments |= {at for at in (row["first_input_at"], row["last_input_at"]) if at is not None}
    ordered = sorted(moments)
    meant: dict[tuple[datetime, datetime], Key | None] = {}
    for start, end in itertools.pairwise(ordered):
        here = [row for row in rows if row["started_at"] <= start < row["ended_at"]]
        claims = []
        for row in here:
            state = state_of(row, [other for other in rows if other["device"] == row["device"]], start, limits)
            latest = row["last_input_at"] or datetime.min.replace(tzinfo=UTC)
            texts = ["" if text is None else "x" + text for text in (row["app"], row["site"])]
            claims.append((-RANK.index(state), datetime.max.replace(tzinfo=UTC) - latest, row["device"], texts, row))
        if not claims:
            meant[start, end] = None
            continue
        rank, _, _, _, row = min(claims, key=lambda claim: claim[:4])
        meant[start, end] = (RANK[-rank], row["app"], row["site"])
    return meant


def state_of(row: dict[str, Any], rows: list[dict[str, Any]], at: datetime, limits: dict[int, int]) -> str:
    """The state at `at` of a device, given a row that holds it and all of the device's rows."""
    flags = row["flags"]
    if flags & 1:  # sleep
        return "locked"
    for bit, state in ((64, "private"), (32, "break"), (16, "locked")):
        if flags & bit:
            return state
    inputs = []
    for other in rows:
        last = other["last_input_at"]
        if last is not None:
            first = other["first_input_at"]
            first = last if first is None or last < other["started_at"] else max(first, other["started_at"])
            inputs.append((min(first, last), last))
    if any(first <= at < last for first, last in inputs):
        return "active"
    before = [last for _, last in inputs if last <= at]
    after = [first for first, _ in inputs if first > at]
    known_until = max(other["ended_at"] for other in rows)
    limit_s = limits.get(row["policy"], 300)
    if before and (min(after, default=known_until) - max(before)).total_seconds() <= limit_s:
        return "active"
    return "passive" if flags & (2 | 4 | 8) else "idle"


def floor(at: datetime) -> datetime:
    """The quarter-hour that holds `at`."""
    return datetime.fromtimestamp(at.timestamp() // 900 * 900, UTC)


def _frozen(sums: dict[Any, Any]) -> dict[Any, Any]:
    return {
        place: {key: tuple(counts) for key, counts in by_key.items() if any(counts)} for place, by_key in sums.items()
    }


def plain_today(
    rows: list[dict[str, Any]], plainly: Plain, person: int, places: Places, now: datetime
) -> dict[str, Any]:
    """What `Today` must say of a person."""
    workday = workdays(places, now, now)
    day = workday[floor(now)]
    quarters = [quarter for quarter, each in workday.items() if each == day]
    starts_at, ends_at = min(quarters), max(quarters) + QUARTER
    inputs = []
    for row in rows:
        first, last = row["first_input_at"] or row["last_input_at"], row["last_input_at"]
        if row["person"] != person or last is None or last < starts_at:
            continue
        if last < ends_at:
            inputs.append(last)
        elif row["started_at"] < ends_at and first < ends_at:
            inputs.append(ends_at)
    counted_until = max(inputs, default=None)
    until = counted_until or starts_at
    spans = plainly.spans.get((person, day), {}).get("active", [])
    return {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "active_s": sum((min(end, until) - start).total_seconds() for start, end in spans if start < until),
        "open_s": sum((end - max(start, until)).total_seconds() for start, end in spans if end > until),
        "counted_until": counted_until,
    }
