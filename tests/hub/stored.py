"""What devices of the cast told, put where the hub stores it by the hub's own store: for tests of what is read of it.

And rows of the audit, opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.database import connection
from hub.live.plan import Submission
from hub.live.store import Store
from hub.retention import make_days
from hub.subject_keys import opener
from hub.wire.activity import Facts
from hub.wire.events import Event, Gap, Interval
from tests.owner import owning


async def store(device: Any, events: Sequence[Event], now: datetime) -> None:
    """Stores events of a device of the cast (its `id` and `person`), as of `now`."""
    await make_days({event.started_at.date() for event in events} | {event.ended_at.date() for event in events})
    async with connection() as held:
        cursor = await held.fetchrow("SELECT seq, session FROM device_cursor WHERE device = $1", device.id)
    first, last = cursor["seq"] + 1, cursor["seq"] + len(events)
    storing = Store(now=lambda: now)
    storing.start()
    try:
        done = await storing.submit(
            Submission(device.id, device.person, cursor["session"], 1, first, last, list(events))
        )
    finally:
        await storing.close(1)
    assert done.acked == last


def seen(
    start: datetime, end: datetime, *, first: datetime | None = None, last: datetime | None = None, **facts: Any
) -> Interval:
    """A stretch with these facts, and with input from `first` to `last`."""
    return Interval(
        started_at=start,
        ended_at=end,
        wall_at=start,
        zone_min=60,
        policy=1,
        facts=Facts(last_input_at=last, **facts),
        first_input_at=first,
    )


def worked(start: datetime, end: datetime, **facts: Any) -> Interval:
    """A stretch with input from its first second to its last."""
    return seen(start, end, first=start, last=end, **facts)


def slept(start: datetime, end: datetime) -> Gap:
    return Gap(started_at=start, ended_at=end, wall_at=start, zone_min=60, policy=1)


async def details(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Of rows of the audit, with what is sealed in them."""
    async with connection() as held:
        opened = await opener(held, {row["subject"] for row in rows})
    return [opened(row["subject"], row["detail"]) for row in rows]


async def hour_passes() -> None:
    """Puts all rows of the audit an hour back, whose triggers let nobody change them."""
    async with owning() as held:
        await held.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await held.execute("UPDATE audit SET at = at - interval '1 hour'")
        await held.execute("ALTER TABLE audit ENABLE TRIGGER USER")
