"""Workdays: midnight to midnight, also where the zone changes. Every instant is of exactly one, and what has begun keeps its bounds."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.workdays import Former, Zones, bounds, day_of, moved, zone_at

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
OSLO, TOKYO, LOS_ANGELES = map(ZoneInfo, ("Europe/Oslo", "Asia/Tokyo", "America/Los_Angeles"))
ZONES = st.sampled_from(
    ["Europe/Oslo", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu",
     "Pacific/Chatham", "Africa/Cairo", "America/Havana", "UTC"]
).map(ZoneInfo)  # fmt: skip
"""From end to end of the world, with offsets of quarter-hours, and with clocks that change at midnight."""
STARTS = st.sampled_from(
    [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 4, 23, tzinfo=UTC)]
)
"""Days before clocks change."""
MOVES = st.lists(st.tuples(ZONES, st.integers(0, 4 * 40)), max_size=5)
"""Into a zone, so many quarter-hours after the one before."""


def utc(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@settings(deadline=None)
@given(first=ZONES, start=STARTS, moves=MOVES)
def test_every_quarter_hour_is_of_exactly_one_workday(first, start, moves):
    zones, at = Zones(first), start
    for into, after in moves:
        at += after * QUARTER
        zones = moved(zones, into, at)

    quarter, before = start - 3 * DAY, None
    while quarter < at + 5 * DAY:
        day = day_of(zones, quarter)
        starts_at, ends_at = bounds(zones, day)
        assert starts_at <= quarter < ends_at
        assert day_of(zones, ends_at - timedelta(microseconds=1)) == day
        if before is not None and day != before:
            assert day > before
            assert starts_at == quarter == bounds(zones, before)[1]
            for none in range(1, (day - before).days):
                assert bounds(zones, before + none * DAY) == (quarter, quarter), "dates of no workday"
        before, quarter = day, quarter + QUARTER


@settings(deadline=None)
@given(first=ZONES, start=STARTS, moves=MOVES)
def test_what_has_begun_keeps_its_bounds_whatever_zone_is_set(first, start, moves):
    zones, at = Zones(first), start
    for into, after in moves:
        at += after * QUARTER
        earlier, zones = zones, moved(zones, into, at)
        today = day_of(earlier, at)

        assert [bounds(zones, today - n * DAY) for n in range(5)] == [
            bounds(earlier, today - n * DAY) for n in range(5)
        ]
        assert zone_at(zones, at) == zone_at(earlier, at)
        assert zones.current == into
        ends_at = bounds(zones, today)[1]
        assert zone_at(zones, ends_at) == into
        tomorrow = day_of(zones, ends_at)
        assert bounds(zones, tomorrow)[1] == datetime.combine(tomorrow + DAY, datetime.min.time(), into).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "starts_at", "ends_at"),
    [
        (3, utc(2, 23), utc(3, 23)),  # in Oslo, to its end
        (4, utc(3, 23), utc(4, 15)),  # it is 8 o'clock in Tokyo when this begins: 16 hours
        (5, utc(4, 15), utc(5, 15)),
        (
            6,
            utc(5, 15),
            utc(7, 8),
        ),  # and the 5th still in Los Angeles when this one does: 41 hours, up to its own midnight
        (7, utc(7, 8), utc(8, 8)),
    ],
)
def test_from_oslo_to_tokyo_to_los_angeles(day, starts_at, ends_at):
    zones = moved(moved(Zones(OSLO), TOKYO, utc(3, 14)), LOS_ANGELES, utc(5, 2))

    assert zones == Zones(LOS_ANGELES, (Former(OSLO, utc(3, 23)), Former(TOKYO, utc(5, 15))))
    assert bounds(zones, date(2026, 3, day)) == (starts_at, ends_at)


def test_date_that_is_over_before_it_could_begin_is_of_no_workday():
    zones = moved(Zones(ZoneInfo("Pacific/Pago_Pago")), ZoneInfo("Pacific/Kiritimati"), utc(3, 20))

    assert day_of(zones, utc(4, 10)) == date(2026, 3, 3)
    assert day_of(zones, utc(4, 11)) == date(2026, 3, 5)
    assert bounds(zones, date(2026, 3, 4)) == (utc(4, 11), utc(4, 11))


def test_zone_that_is_set_and_set_again_on_the_same_workday_never_held():
    once = moved(Zones(OSLO), TOKYO, utc(3, 14))

    assert moved(once, LOS_ANGELES, utc(3, 15)) == Zones(LOS_ANGELES, (Former(OSLO, utc(3, 23)),))
    assert moved(once, OSLO, utc(3, 15)) == Zones(OSLO)
    assert moved(once, TOKYO, utc(3, 15)) == once
    assert moved(once, TOKYO, utc(9, 15)) == once
