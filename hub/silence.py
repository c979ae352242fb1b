"""When a device that has gone silent is worth a look: in its person's working hours, after it was heard in them. Pure.

It says something about a computer and nothing about who works at it: no figure of anybody rests on it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SILENT_AFTER = timedelta(hours=1)
"""Longer than lunch, shorter than half a day."""
OVER_AFTER = timedelta(days=1)
"""From then on it is silent, whenever anybody works."""
Week = Iterable[tuple[int, int]]
"""Stretches in minutes after the midnight before Monday; one may go beyond the week's end."""
_DAY_MIN = 24 * 60


def is_missing(last_seen_at: datetime | None, now: datetime, week: Week, zone: ZoneInfo) -> bool:
    """Whether a device was heard last within one of these stretches, and not for an hour since, as far as that stretch goes."""
    if last_seen_at is None or not SILENT_AFTER <= now - last_seen_at < OVER_AFTER:
        return False
    local = last_seen_at.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    for start, end in week:
        for first in (monday - timedelta(days=7), monday):  # one that began on Sunday may go on into Monday
            since_at, until_at = _at(first, start, zone), _at(first, end, zone)
            if since_at <= last_seen_at < until_at and min(now, until_at) - last_seen_at >= SILENT_AFTER:
                return True
    return False


def stretches(days: Iterable[int], from_min: int, until_min: int) -> list[tuple[int, int]]:
    """Of a week, of hours on these days (Monday is 0); up to a time not after the beginning: on the next day."""
    lasts = until_min - from_min + (_DAY_MIN if until_min <= from_min else 0)
    return [(day * _DAY_MIN + from_min, day * _DAY_MIN + from_min + lasts) for day in days]


def _at(monday: date, minute: int, zone: ZoneInfo) -> datetime:
    """By the clock of the zone, whatever the day's length."""
    day = monday + timedelta(days=minute // _DAY_MIN)
    return datetime.combine(day, time(minute % _DAY_MIN // 60, minute % 60), zone).astimezone(UTC)
