"""Events as rows of `interval`. Pure: decides what is fit to be stored, cuts at quarter-hours, and lays out the columns."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from msgspec import structs

from hub.rollups.united import Flag
from hub.wire.activity import Facts, quarter_of, quarters
from hub.wire.events import EVENT_MAX_S, RETENTION_DAYS, Event, Gap

COLUMNS = (
    "device", "epoch", "seq", "piece", "person", "started_at", "ended_at", "wall_at", "zone_min", "policy", "flags",
    "app", "site", "title", "first_input_at", "last_input_at", "keys", "clicks", "scrolls",
)  # fmt: skip
STARTED_AT, LAST_INPUT_AT = COLUMNS.index("started_at"), COLUMNS.index("last_input_at")
Row = tuple[object, ...]

AHEAD_MAX = timedelta(days=1)
BEHIND_MAX = timedelta(days=RETENTION_DAYS)
_EVENT_MAX = timedelta(seconds=EVENT_MAX_S)
_WALL_APART_MAX = timedelta(days=366 * 200)
"""Wall clocks may be as wrong as they like, but PostgreSQL's calendar ends."""


def fault_of(event: Event, now: datetime) -> str | None:
    """Why an event can't be stored, as a word for the receipt; `None` when it can."""
    start, end = event.started_at, event.ended_at
    try:
        if end <= start:
            return "ends_before_start"
        if not now - BEHIND_MAX <= start or end > now + AHEAD_MAX:
            return "outside_horizon"
        if end - start > _EVENT_MAX:
            return "too_long"
        if abs(event.wall_at - start) > _WALL_APART_MAX:
            return "wall_clock"
        if not isinstance(event, Gap):
            inputs = (event.first_input_at, event.facts.last_input_at)
            if any(at is not None and not now - BEHIND_MAX <= at <= now + AHEAD_MAX for at in inputs):
                return "input_outside_horizon"
            if not all(_is_storable(text) for text in (event.facts.app, event.facts.site, event.facts.title) if text):
                return "text"
    except OverflowError:
        return "outside_horizon"
    return None


def rows_of(device: int, person: int, epoch: int, seq: int, event: Event) -> Iterable[Row]:
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
    if event.ended_at - quarter_of(event.started_at) <= _QUARTER:
        # Nearly all: agents cut at quarter-hours themselves.
        pieces: Iterable[tuple[datetime, datetime]] = ((event.started_at, event.ended_at),)
    else:
        pieces = quarters(event.started_at, event.ended_at)
    for piece, (start, end) in enumerate(pieces):
        yield (
            device, epoch, seq, piece, person, start, end, event.wall_at + (start - event.started_at), event.zone_min,
            event.policy, flags, facts.app, facts.site, facts.title, first_input_at, last_input_at, *counts,
        )  # fmt: skip
        counts = (0, 0, 0)


def quarters_touched(row: Row) -> tuple[datetime, ...]:
    """The quarter-hours that a row tells something of: its own, and that of its last input."""
    start: datetime = row[STARTED_AT]  # type: ignore[assignment]
    last_input: datetime | None = row[LAST_INPUT_AT]  # type: ignore[assignment]
    own = quarter_of(start)
    if last_input is None or (before := quarter_of(last_input)) == own:
        return (own,)
    return own, before


def for_quarantine(event: Event, reason: str) -> bytes:
    """A quarantined event as msgpack, without texts that can't be written down."""
    if reason == "text" and not isinstance(event, Gap):
        event = structs.replace(event, facts=structs.replace(event.facts, app=None, site=None, title=None))
    return _encode(event)


def _is_storable(text: str) -> bool:
    """`permit` sees to it; a text that slipped past would leave asyncpg in the middle of a COPY, which costs seconds to mend."""
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
_QUARTER = timedelta(minutes=15)


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
