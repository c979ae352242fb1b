"""From the records of a person's devices to one tile. Pure."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

from msgspec import structs

from hub.feed.record import Record
from hub.wire.activity import State, state_at
from hub.wire.today import Today
from hub.wire.viewer import Link, Tile

SILENT_S = 5.0
"""A process that has not been heard for this long is not vouched for: its devices count as unknown."""
OFFLINE_S = 60.0
"""After this long they count as offline: an agent whose hub is gone has connected elsewhere long since."""

# Each instant belongs to one device: what the person does outranks what a machine merely shows.
_RANK: dict[State, int] = {
    "private": 7,
    "break": 6,
    "active": 5,
    "passive": 4,
    "idle": 3,
    "locked": 2,
    "unknown": 1,
    "offline": 0,
}
_NEVER = datetime.min.replace(tzinfo=UTC)


def unite(
    person: int,
    name: str,
    simulated: bool,
    records: Iterable[Record],
    now: datetime,
    link_of: Callable[[str], Link],
) -> Tile:
    """One tile from all devices of a person: input outranks passive, idle and locked; ties go to the latest input.

    Private time or a break on one device covers them all. `link_of` tells how a device counts that is connected to this hub.
    """
    best: Record | None = None
    best_order: tuple[int, int, datetime, datetime, int] | None = None
    best_link: Link = "offline"
    today: Today | None = None
    for record in records:
        link = link_of(record.hub) if record.connected else "offline"
        today = _later(today, record.today)
        state = state_at(record.facts, now, record.idle_limit_s).state
        # The last two only make one of equals certain: no two viewers may see different devices of a person.
        order = (_LINK_RANK[link], _RANK[state], record.facts.last_input_at or _NEVER, record.at, record.device)
        if best_order is None or order > best_order:
            best, best_order, best_link = record, order, link
    if best is None:
        return Tile(person=person, name=name, simulated=simulated)
    return Tile(
        person=person,
        name=name,
        simulated=simulated,
        link=best_link,
        facts=best.facts if best_link != "offline" else None,
        at=best.at,
        since_at=best.since_at if best_link != "offline" else best.at,
        idle_limit_s=best.idle_limit_s,
        today=structs.replace(today, read_at=None, stay=0) if today else None,
    )


def turns_at(records: Collection[Record], now: datetime) -> datetime | None:
    """Until when `unite` says the same of these records, whatever the clock: from then on another device may be the one that is shown.

    `None` when time alone changes nothing: there is one device, or none is active.
    """
    if len(records) < 2:
        return None
    ends = (
        record.facts.last_input_at + timedelta(seconds=record.idle_limit_s)
        for record in records
        if record.facts.last_input_at and state_at(record.facts, now, record.idle_limit_s).state == "active"
    )
    return min(ends, default=None)


_LINK_RANK: dict[Link, int] = {"live": 2, "unknown": 1, "offline": 0}


def link_when_silent(silent_s: float | None) -> Link:
    """How devices count whose hub has been silent for so long; `None`: nobody has heard of it."""
    if silent_s is None or silent_s >= OFFLINE_S:
        return "offline"
    return "unknown" if silent_s >= SILENT_S else "live"


def _later(one: Today | None, other: Today | None) -> Today | None:
    """Of two readings of a workday the later one."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda today: (today.starts_at, today.read_at or _NEVER))
