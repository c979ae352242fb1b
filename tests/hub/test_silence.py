"""Which device that has gone silent is worth a look, by the hours of its person; and whom it is told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.auth.device_list import all_devices, devices_of
from hub.silence import is_missing
from hub.tables import Device, Person

OSLO = ZoneInfo("Europe/Oslo")
MON, TUE, FRI, SUN = (datetime(2026, 3, day, tzinfo=OSLO) for day in (2, 3, 6, 8))
OFFICE = [(day * 1440 + 540, day * 1440 + 1020) for day in range(5)]
"""Monday to Friday, 9 to 17."""
NIGHT = [(6 * 1440 + 1320, 7 * 1440 + 360)]
"""From Sunday 22 to Monday 6."""


def at(day: datetime, hours: float) -> datetime:
    return (day + timedelta(hours=hours)).astimezone(UTC)


@pytest.mark.parametrize(
    ("seen", "now", "missing"),
    [
        (at(MON, 10), at(MON, 11), True),
        (at(MON, 10), at(MON, 10.9), False),
        (at(MON, 10), at(MON, 23), True),  # until it is silent for a day
        (at(MON, 10), at(TUE, 10), False),
        (at(MON, 16.5), at(MON, 20), False),  # somebody went home half an hour early
        (at(MON, 8), at(MON, 11), False),  # it was not heard in working hours
        (at(MON, 17), at(MON, 20), False),
        (at(FRI, 15), at(FRI, 19), True),
        (at(SUN, 12), at(SUN, 15), False),
        (None, at(MON, 11), False),
    ],
)
def test_device_heard_in_working_hours_and_silent_for_an_hour_of_them_is_missing(seen, now, missing):
    assert is_missing(seen, now, OFFICE, OSLO) is missing


@pytest.mark.parametrize(
    ("seen", "missing"), [(at(SUN, 23), True), (at(SUN + timedelta(days=1), 2), True), (at(SUN, 21), False)]
)
def test_night_that_goes_on_into_the_next_week_is_one_stretch(seen, missing):
    assert is_missing(seen, seen + timedelta(hours=2), NIGHT, OSLO) is missing


def test_hours_are_those_of_the_clock_on_the_day_it_changes():
    spring = datetime(2026, 3, 29, tzinfo=OSLO)  # a Sunday of 23 hours
    sundays = [(6 * 1440 + 540, 6 * 1440 + 1020)]

    assert is_missing(datetime(2026, 3, 29, 7, 30, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC), sundays, OSLO)
    assert not is_missing(datetime(2026, 3, 29, 6, 30, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC), sundays, OSLO)
    assert spring.utcoffset() == timedelta(hours=1)


async def test_it_is_told_to_its_person_and_admins_and_found_by_that(cast, database):
    hours = msgspec.json.encode({"days": [0, 1, 2, 3, 4], "from_min": 540, "until_min": 1020}).decode()
    await Person.update({Person.working_hours: hours}).where(
        Person.id.is_in([cast.bob.id, cast.rita.id, cast.maxim.id])
    )
    now = at(MON, 12)
    seen = {cast.bob: at(MON, 10), cast.bea: at(MON, 10), cast.rita: at(MON, 11.5), cast.maxim: at(MON, 10)}
    for person, last in seen.items():
        await Device.update({Device.last_seen_at: last}).where(Device.person == person.id)
    await Device.update({Device.revoked_at: now}).where(Device.person == cast.maxim.id)

    found = await all_devices("", "missing", 1, now)
    everybody = await all_devices("", "all", 1, now)

    assert [(device.person_name, device.missing) for device in found.devices] == [("Bob Brandt", True)]
    assert found.total == 1
    assert (everybody.missing, (await all_devices("nobody", "revoked", 1, now)).missing) == (1, 1)
    assert {device.person for device in everybody.devices if device.missing} == {cast.bob.id}
    assert [device.missing for device in await devices_of(cast.bob.id, now)] == [True]
    # Another computer of the same person that is heard is where they work.
    await Device.update({Device.person: cast.bob.id, Device.last_seen_at: at(MON, 11.9)}).where(
        Device.person == cast.charlie.id
    )
    assert (await all_devices("", "missing", 1, now)).total == 0
