"""From the records of a person's devices to one tile. Pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from hub.feed.record import Record
from hub.wire.activity import State, state_at
from hub.wire.viewer import Link, Tile

UNHEARD_OFFLINE = timedelta(seconds=60)
"""After this long without its hub, a device counts as offline rather than unknown."""

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
    heard: Callable[[str], datetime | None],
) -> Tile:
    """One tile from all devices of a person: input outranks passive, idle and locked; ties go to the latest input.

    Private time or a break on one device covers them all. `heard` tells when a hub was last heard: `None` means now.
    """
    best: Record | None = None
    best_order: tuple[int, int, datetime] | None = None
    best_link: Link = "offline"
    for record in records:
        link = _link(record, now, heard)
        state = state_at(record.facts, now, record.idle_limit_s).state
        order = (_LINK_RANK[link], _RANK[state], record.facts.last_input_at or _NEVER)
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
    )


_LINK_RANK: dict[Link, int] = {"live": 2, "unknown": 1, "offline": 0}


def _link(record: Record, now: datetime, heard: Callable[[str], datetime | None]) -> Link:
    if not record.connected:
        return "offline"
    last_heard = heard(record.hub)
    if last_heard is None:
        return "live"
    return "unknown" if now - last_heard < UNHEARD_OFFLINE else "offline"
