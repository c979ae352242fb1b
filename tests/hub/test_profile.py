"""What people say of themselves: name, language, zone with its history, working hours. A new zone moves no workday that has begun."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.auth.access import load_subject, load_viewer
from hub.database import transaction
from hub.panel import look
from hub.people.zones import set_zones
from hub.rollups.read import today
from hub.tables import Audit, Device, FormerZone, Membership, Person
from hub.wire.policy import DEFAULT

PATH = "/api/me/profile"
HOURS = {"days": [0, 1, 2, 3, 4], "from_min": 540, "until_min": 1020}
FORM = {"name": "Bob Brandt", "zone": "Europe/Oslo", "locale": None, "working_hours": None, "version": 1}


@pytest.fixture
async def bob(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    return browser


async def moved_to(person: int, zone: str) -> None:
    async with transaction() as held:
        await set_zones(held, {person: zone})


async def shifted(by: timedelta) -> None:
    """As if that time had passed since zones were set."""
    await FormerZone.raw("UPDATE former_zone SET until_at = until_at - {}::interval", by)


async def panel_of(person, viewer, at: datetime):
    found, subject = await load_viewer(viewer.id), await load_subject(person.id)
    assert found
    assert subject
    return await look(found, subject, None, DEFAULT, at)


async def test_profile_is_ones_own_to_change(cast, bob):
    before = (await bob.get(PATH)).json()
    form = {"name": " Bobby  Brandt", "zone": "Europe/Oslo", "locale": "ar", "working_hours": HOURS, "version": 1}

    told = (await bob.change("PUT", PATH, json=form)).json()

    assert before == {
        **FORM, "email": cast.bob.email, "zones": [{"zone": "Europe/Oslo", "since_at": None, "until_at": None}],
    }  # fmt: skip
    assert told == {**before, **form, "name": "Bobby Brandt", "version": 2}
    assert (await bob.get(PATH)).json() == told
    assert (await bob.get("/api/me")).json().items() >= {"name": "Bobby Brandt", "locale": "ar"}.items()
    assert (await bob.change("PUT", PATH, json={**FORM, "name": "Other"})).status_code == 409, (
        "filled in over an older one"
    )
    row = (await Audit.select().where(Audit.action == "person_changed").output(load_json=True))[0]
    assert (row["actor"], row["subject"], row["detail"]["fields"]) == (2, 2, "name locale working_hours")
    assert "Bobby" not in str(row), "what is personal is sealed"


async def test_address_is_not_ones_own_to_change(cast, bob):
    await bob.change("PUT", PATH, json={**FORM, "name": "B", "email": "boss@halden.example"})

    assert (await bob.get(PATH)).json()["email"] == cast.bob.email


@pytest.mark.parametrize(
    "hours",
    [
        {"days": [7], "from_min": 0, "until_min": 60},
        {"days": [-1], "from_min": 0, "until_min": 60},
        {"days": [0], "from_min": 60, "until_min": 60},
        {"days": [0], "from_min": 0, "until_min": 1440},
        {"days": [0], "from_min": -1, "until_min": 60},
    ],
)
async def test_hours_that_are_none_are_refused(hours, cast, bob):
    answer = await bob.change("PUT", PATH, json={**FORM, "working_hours": hours})

    assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (400, "working_hours", "hours")


async def test_hours_over_midnight_have_their_days_in_order_and_without_a_day_there_are_none(cast, bob):
    night = {"days": [4, 0, 4], "from_min": 1320, "until_min": 360}
    told = (await bob.change("PUT", PATH, json={**FORM, "working_hours": night})).json()
    none = await bob.change("PUT", PATH, json={**FORM, "working_hours": {**night, "days": []}, "version": 2})

    assert told["working_hours"] == {**night, "days": [0, 4]}
    assert none.json()["working_hours"] is None


async def test_zone_holds_from_the_end_of_the_workday_and_moves_none_before(cast, bob):
    now = datetime.now(UTC)
    before = (await today([cast.bob.id], now))[cast.bob.id]
    told = (await bob.change("PUT", PATH, json={**FORM, "zone": "Asia/Tokyo"})).json()
    after = (await today([cast.bob.id], now))[cast.bob.id]
    panel = await panel_of(cast.bob, cast.alice, now)

    ends_at = f"{before.ends_at:%Y-%m-%dT%H:%M:%SZ}"
    assert told["zones"] == [
        {"zone": "Asia/Tokyo", "since_at": ends_at, "until_at": None},
        {"zone": "Europe/Oslo", "since_at": None, "until_at": ends_at},
    ]
    assert (after.starts_at, after.ends_at) == (before.starts_at, before.ends_at)
    assert (panel.today.starts_at, panel.today.ends_at, panel.person.zone) == (
        before.starts_at, before.ends_at, "Europe/Oslo",
    )  # fmt: skip
    panel = await panel_of(cast.bob, cast.alice, before.ends_at + timedelta(minutes=1))
    assert (panel.today.starts_at, panel.person.zone) == (before.ends_at, "Asia/Tokyo")
    assert (panel.today.ends_at - panel.today.starts_at) < timedelta(hours=24), "it ends with the day in Tokyo"
    past = await panel_of(cast.bob, cast.alice, before.starts_at - timedelta(hours=1))
    assert past.today.ends_at == before.starts_at


async def test_zone_set_twice_in_a_workday_holds_once_and_back_it_is_as_it_was(cast, database):
    await moved_to(cast.bob.id, "Asia/Tokyo")
    await moved_to(cast.bob.id, "America/Los_Angeles")
    twice = await FormerZone.select(FormerZone.zone).where(FormerZone.person == cast.bob.id)
    await moved_to(cast.bob.id, "Europe/Oslo")

    assert twice == [{"zone": "Europe/Oslo"}]
    assert await FormerZone.count() == 0
    assert (await Person.select(Person.zone).where(Person.id == cast.bob.id))[0]["zone"] == "Europe/Oslo"


async def test_zones_of_the_past_are_kept(cast, bob):
    await moved_to(cast.bob.id, "Asia/Tokyo")
    await shifted(timedelta(days=3))
    await moved_to(cast.bob.id, "America/Los_Angeles")

    zones = (await bob.get(PATH)).json()["zones"]
    assert [each["zone"] for each in zones] == ["America/Los_Angeles", "Asia/Tokyo", "Europe/Oslo"]
    assert zones[1]["until_at"] == zones[0]["since_at"] > zones[1]["since_at"]


async def test_of_whom_nothing_is_recorded_a_zone_holds_at_once(cast, database):
    await Device.delete().where(Device.person == cast.bob.id)

    await moved_to(cast.bob.id, "Asia/Tokyo")

    assert await FormerZone.count() == 0
    assert (await panel_of(cast.bob, cast.alice, datetime.now(UTC))).person.zone == "Asia/Tokyo"


async def test_working_hours_are_shown_to_who_manages_somebody_now(cast, bob):
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    await bob.change("PUT", PATH, json={**FORM, "working_hours": HOURS})
    shown = await panel_of(cast.bob, cast.alice, noon)
    await Membership.update({Membership.until_at: noon}).where(Membership.person == cast.bob.id)
    left = await panel_of(cast.bob, cast.alice, noon + timedelta(hours=1))

    assert shown.person.working_hours is not None
    assert shown.person.working_hours.days == HOURS["days"]
    assert left.person.working_hours is None
