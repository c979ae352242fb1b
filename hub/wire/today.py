"""What a person has worked today, as the wall shows it: what is stored, and the tail that is not yet. Pure.

The hub counts what is stored and says how far that reaches; whoever draws adds the tail from the facts of the moment, so that a figure
moves with the clock without a message. Held to the table in `cases/today.json`, which the browser's twin must pass too.
"""

from datetime import datetime

import msgspec

from hub.wire.activity import Facts, UtcTime


class Today(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's workday so far, all their devices united."""

    starts_at: UtcTime
    """Midnight in the person's zone; when they came into the team, where that was later."""
    ends_at: UtcTime
    active_s: float = 0.0
    """Active time in the workday up to `counted_until`, exact. The silence that was still open then is not in it."""
    open_s: float = 0.0
    """What that open silence adds as long as nothing later is known: it is active if it is no longer than the limit."""
    counted_until: UtcTime | None = None
    """The latest input that is stored; `None` when none is, since the workday began."""
    expected_s: int = 0
    """What the person is expected to be active for in this workday; 0 on a free day, and on that on which they came from another team."""
    stay: int = 0
    """The stay in the team that it was read of, as numbered in `membership`. Viewers are not told."""
    read_at: UtcTime | None = None
    """When it was read, by the database's clock: between hub processes the later reading wins. Viewers are not told."""


def active_today_s(
    today: Today, facts: Facts | None, since_at: datetime | None, idle_limit_s: int, at: datetime
) -> float:
    """Active time of the workday at `at`, in seconds. `facts` and `since_at` are the live ones; `None`: nobody is connected.

    From `counted_until` to the live input there is no silence longer than the limit, or the device said since when it has been
    active: so the tail is as exact as what is stored. After the workday's end it is 0, until the hub tells of the next.
    """
    if at >= today.ends_at:
        return 0.0
    counted, last = today.counted_until, facts.last_input_at if facts else None
    if facts is None or last is None or (counted is not None and last < counted):
        return today.active_s + today.open_s
    declared = facts.private or facts.on_break or facts.locked
    silent = (at - last).total_seconds() > idle_limit_s
    end = last if silent else (since_at or last) if declared else at
    if counted is not None and (last - counted).total_seconds() <= idle_limit_s:
        begin = counted
    else:
        begin = max(counted or today.starts_at, since_at or last)
    return today.active_s + max(0.0, (end - max(begin, today.starts_at)).total_seconds())
