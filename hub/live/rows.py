"""Events as rows of `interval`. Pure: decides what is fit to be stored, cuts at quarter-hours, and lays out the columns."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import structs

from hub.rollups.united import Flag
from hub.wire.activity import Facts, quarters
from hub.wire.events import EVENT_MAX_S, RETENTION_DAYS, Event, Gap

COLUMNS = (
    "device", "epoch", "seq", "piece", "person", "started_at", "ended_at", "wall_at", "zone_min", "policy", "flags",
    "app", "site", "title", "first_input_at", "last_input_at", "keys", "clicks", "scrolls",
)  # fmt: skip
STARTED_AT, ENDED_AT = COLUMNS.index("started_at"), COLUMNS.index("ended_at")
FIRST_INPUT_AT, LAST_INPUT_AT = COLUMNS.index("first_input_at"), COLUMNS.index("last_input_at")
Row = tuple[Any, ...]

AHEAD_MAX = timedelta(days=1)
BEHIND_MAX = timedelta(days=RETENTION_DAYS)
_EVENT_MAX = timedelta(seconds=EVENT_MAX_S)
_WALL_APART_MAX = timedelta(days=366 * 200)
"""Wall clocks may be as wrong as they like, but PostgreSQL's calendar ends."""


class Horizon:
    """What can be stored at a moment: nothing that retention would drop at once, nothing from a clock that is far ahead. `kept_days`: of
    activity, by the person's policy, and `over_at`: up to when theirs is removed already; an input may lie longer back."""

    __slots__ = ("earliest", "kept_from", "latest")

    def __init__(self, now: datetime, kept_days: int = RETENTION_DAYS, over_at: datetime | None = None) -> None:
        self.earliest, self.latest = now - BEHIND_MAX, now + AHEAD_MAX
        self.kept_from = now - timedelta(days=kept_days)
        if over_at is not None and over_at > self.kept_from:
            self.kept_from = over_at


def fault_of(event: Event, horizon: Horizon) -> str | None:
    """Why an event can't be stored, as a word for the receipt; `None` when it can."""
    start, end = event.started_at, event.ended_at
    earliest, latest = horizon.earliest, horizon.latest
    if end <= start:
        return "ends_before_start"
    if start < horizon.kept_from or end > latest:
        return "outside_horizon"
    if end - start > _EVENT_MAX:
        return "too_long"
    if abs(event.wall_at - start) > _WALL_APART_MAX:
        return "wall_clock"
    if not isinstance(event, Gap):
        facts, first = event.facts, event.first_input_at
        last = facts.last_input_at
        if (first is not None and not earliest <= first <= latest) or (
            last is not None and not earliest <= last <= latest
        ):
            return "input_outside_horizon"
        if not (_is_storable(facts.app) and _is_storable(facts.site) and _is_storable(facts.title)):
            return "text"
    return None


def rows_of(device: int, person: int, epoch: int, seq: int, event: Event) -> Sequence[Row]:
    """The rows of one event, cut at UTC quarter-hours. Input counts go with the first piece.

    No input is taken to be later than the event's end: an event tells of nothing that came after it.
    """
    if isinstance(event, Gap):
        facts, flags, first_input_at, last_input_at, counts = _NO_FACTS, int(Flag.GAP), None, None, (0, 0, 0)
    else:
        facts, flags, first_input_at = event.facts, _flags(event.facts), event.first_input_at
        last_input_at = facts.last_input_at
        if last_input_at is not None and last_input_at > event.ended_at:
            last_input_at = event.ended_at
        counts = (event.keys, event.clicks, event.scrolls)
    if not event.hub_clock:
        flags |= Flag.WALL_CLOCK
    start, end = event.started_at, event.ended_at
    if end - start <= _MINUTE and start.minute % 15 < 14:
        # Nearly all: with input they are a minute long at most, and this one ends before its quarter-hour does.
        return (
            (
                device, epoch, seq, 0, person, start, end, event.wall_at, event.zone_min, event.policy, flags,
                facts.app, facts.site, facts.title, first_input_at, last_input_at, *counts,
            ),
        )  # fmt: skip
    laid = []
    for piece, (begin, until) in enumerate(quarters(start, end)):
        laid.append((
            device, epoch, seq, piece, person, begin, until, event.wall_at + (begin - start), event.zone_min,
            event.policy, flags, facts.app, facts.site, facts.title, first_input_at, last_input_at, *counts,
        ))  # fmt: skip
        counts = (0, 0, 0)
    return laid


def outside(laid: Sequence[Row], erased: Sequence[tuple[datetime, datetime]]) -> Sequence[Row]:
    """The rows that lie in no erased time, which begins and ends at quarter-hours, without input in it."""
    for start_at, end_at in erased:
        laid = [
            _without_input(row, start_at, end_at)
            for row in laid
            if row[STARTED_AT] < start_at or row[STARTED_AT] >= end_at
        ]
    return laid


def _without_input(row: Row, start_at: datetime, end_at: datetime) -> Row:
    first, last = row[FIRST_INPUT_AT], row[LAST_INPUT_AT]
    if last is not None and start_at <= last < end_at:
        # Of a row before it, whose event went on, input lasts as far as the row does.
        begun = row[STARTED_AT] < start_at and first is not None and first < start_at
        first, last = (first, row[ENDED_AT]) if begun else (None, None)
    elif first is not None and start_at <= first < end_at:
        first = end_at
    else:
        return row
    return (*row[:FIRST_INPUT_AT], first, last, *row[LAST_INPUT_AT + 1 :])


def for_quarantine(event: Event, reason: str) -> bytes:
    """A quarantined event as msgpack, without texts that can't be written down. Of what is not kept any more nothing but its times, nor of
    what ends before it starts: such an event lies in no hours and in no pause that it could be held against."""
    if reason in ("outside_horizon", "ends_before_start") and not isinstance(event, Gap):
        event = structs.replace(event, facts=_NO_FACTS, first_input_at=None, keys=0, clicks=0, scrolls=0)
    if reason == "text" and not isinstance(event, Gap):
        event = structs.replace(event, facts=structs.replace(event.facts, app=None, site=None, title=None))
    return _encode(event)


def _is_storable(text: str | None) -> bool:
    """`permit` sees to it; a text that slipped past would leave asyncpg in the middle of a COPY, which costs seconds to mend."""
    if text is None:
        return True
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_encode = msgspec.msgpack.Encoder().encode
_NO_FACTS = Facts()
_MINUTE = timedelta(minutes=1)


def _flags(facts: Facts) -> int:
    flags = 0
    if facts.call:
        flags |= 2
    if facts.media:
        flags |= 4
    if facts.presenting:
        flags |= 8
    if facts.locked:
        flags |= 16
    if facts.on_break:
        flags |= 32
    if facts.private:
        flags |= 64
    return flags
