"""The workday of a person: from midnight to midnight in their zone, of 23, 24 or 25 hours. Pure.

Another zone holds from the end of the workday in which it was set: what has begun keeps its bounds, and so does all before. The next
workday begins there and then, and ends with its date in the new zone: it is shorter going east and longer going west, and a date that is
over in the new zone before it could begin is of no workday. So each instant is of one workday, and their dates only rise.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Former(NamedTuple):
    """A zone that held until a workday ended, in UTC."""

    zone: ZoneInfo
    until_at: datetime


class Zones(NamedTuple):
    """The zone that was set last, and those that held before it, oldest first. While the last of these still holds, that is to come."""

    current: ZoneInfo
    former: tuple[Former, ...] = ()


class _Stretch(NamedTuple):
    """While a zone holds. No workday in it has a date before `first`."""

    zone: ZoneInfo
    since_at: datetime
    until_at: datetime
    first: date


UNKNOWN = Zones(ZoneInfo("UTC"))
"""Of nobody."""


def zone_of(name: str | None) -> ZoneInfo:
    """The zone with this name; UTC for one that is not known, so that no person's zone can stop the job of all."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def moved(zones: Zones, into: ZoneInfo, now: datetime) -> Zones:
    """As it is once `into` has been set at `now`. One that was still to come never holds then."""
    *before, last = zones.former or (None,)
    if last is not None and last.until_at > now:
        return Zones(last.zone, tuple(before)) if into == last.zone else Zones(into, zones.former)
    if into == zones.current:
        return zones
    return Zones(into, (*zones.former, Former(zones.current, bounds(zones, day_of(zones, now))[1])))


def zone_at(zones: Zones, at: datetime) -> ZoneInfo:
    """The one that holds at `at`."""
    return _stretch_at(zones, at).zone


def day_of(zones: Zones, at: datetime) -> date:
    """The workday that holds `at`. A UTC quarter-hour lies in one: offsets and their changes are multiples of it."""
    stretch = _stretch_at(zones, at)
    return max(stretch.first, at.astimezone(stretch.zone).date())


@lru_cache(maxsize=4096)
def bounds(zones: Zones, day: date) -> tuple[datetime, datetime]:
    """Start and end of a workday, in UTC: both the same for a date of none. Where midnight is skipped, the day begins with its first
    instant."""
    return _start(zones, day), _start(zones, day + _DAY)


def _start(zones: Zones, day: date) -> datetime:
    stretch = _stretches(zones)[0]
    for stretch in _stretches(zones):
        if day <= stretch.first:
            return stretch.since_at
        if (midnight := datetime.combine(day, time(), stretch.zone).astimezone(UTC)) < stretch.until_at:
            return midnight
    return stretch.until_at


def _stretch_at(zones: Zones, at: datetime) -> _Stretch:
    return next(stretch for stretch in _stretches(zones) if at < stretch.until_at)


@lru_cache(maxsize=4096)
def _stretches(zones: Zones) -> tuple[_Stretch, ...]:
    """In order, the last one without end."""
    made: list[_Stretch] = []
    since_at, first = _EVER, date.min
    for zone, until_at in (*zones.former, (zones.current, _NEVER)):
        if made:
            first = max(first, since_at.astimezone(zone).date())
        made.append(_Stretch(zone, since_at, until_at, first))
        if until_at < _NEVER:
            since_at, first = until_at, max(first, (until_at - _INSTANT).astimezone(zone).date()) + _DAY
    return tuple(made)


_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
