"""The workday of a person: from midnight to midnight in their zone, of 23, 24 or 25 hours. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def zone_of(name: str | None) -> ZoneInfo:
    """The zone with this name; UTC for one that is not known, so that no person's zone can stop the job of all."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def day_of(zone: ZoneInfo, at: datetime) -> date:
    """The workday that holds `at`. A UTC quarter-hour lies in one: offsets and their changes are multiples of it."""
    return at.astimezone(zone).date()


@lru_cache(maxsize=4096)
def bounds(zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """Start and end of a workday, in UTC. Where midnight is skipped, the day begins with its first instant."""
    return _midnight(zone, day), _midnight(zone, day + timedelta(days=1))


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
