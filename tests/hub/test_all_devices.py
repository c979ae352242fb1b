"""Everybody's devices, for admins: found by name, sorted out by state, fifty a page."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from hub.auth.device_list import PER_PAGE, all_devices
from hub.database import connection
from hub.tables import Audit, Device, Person

NOW = datetime.now(UTC)


async def listed(browser, **asked: object) -> list[str]:
    answer = await browser.get("/api/devices/all", params=asked)
    assert answer.status_code == 200
    assert answer.json()["total"] == len(answer.json()["devices"])
    return [device["person_name"].split()[0] for device in answer.json()["devices"]]


async def test_whole_cast_tries_to_list_everybodys_devices(cast, open_browser):
    outcome = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        outcome[person.name.split()[0]] = (await browser.get("/api/devices/all")).status_code

    assert {name for name, status in outcome.items() if status == 200} == {"Dora", "Alma"}
    assert {status for status in outcome.values() if status != 200} == {404}
    denied = await Audit.select().where(Audit.action == "denied").order_by(Audit.id).output(load_json=True)
    assert [(row["actor"], row["subject"], row["detail"]["wanted"]) for row in denied] == [
        (person, None, "see_devices") for person in (1, 2, 3, 4, 5, 8, 9)
    ]
    assert (await open_browser().get("/api/devices/all")).status_code == 401


async def test_rows_are_those_of_ones_own_list_with_the_name_of_the_person(cast, open_browser):
    dora, bob = open_browser(), open_browser()
    await dora.sign_in(cast.dora)
    await bob.sign_in(cast.bob)

    everybody = (await dora.get("/api/devices/all")).json()

    own = (await bob.get("/api/devices")).json()
    assert [device for device in everybody["devices"] if device["person"] == cast.bob.id] == [
        {**own[0], "person_name": "Bob Brandt"}
    ]
    assert {name: everybody[name] for name in ("total", "page", "per_page")} == {"total": 6, "page": 1, "per_page": 50}
    assert [device["person_name"] for device in everybody["devices"]] == [
        "Alice Okafor", "Bea Menon", "Bob Brandt", "Charlie Nowak", "Maxim Lambert", "Rita Haddad",
    ]  # fmt: skip


async def test_devices_are_sorted_out_by_state(cast, open_browser):
    seen = {
        cast.alice: {Device.last_seen_at: NOW},
        cast.bob: {Device.last_seen_at: NOW - timedelta(hours=25)},
        cast.charlie: {Device.last_seen_at: NOW, Device.revoked_at: NOW},
        cast.maxim: {Device.last_seen_at: NOW, Device.suspended_at: NOW},
        cast.rita: {Device.last_seen_at: NOW - timedelta(hours=23)},
    }  # Bea's was never seen
    for person, values in seen.items():
        await Device.update(values).where(Device.person == person.id)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    assert await listed(browser, state="silent") == ["Bea", "Bob"]
    assert await listed(browser, state="revoked") == ["Charlie"]
    assert await listed(browser, state="live") == ["Alice", "Rita"]
    assert len(await listed(browser, state="all")) == 6
    assert (await browser.get("/api/devices/all", params={"state": "other"})).status_code == 400


@pytest.mark.parametrize("typed", ["BÓB", "bob's lap", "Brandt", "bob@halden"])
async def test_device_is_found_by_its_name_its_person_and_their_address(typed, cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    assert await listed(browser, find=typed) == ["Bob"]
    assert await listed(browser, find=typed, state="revoked") == []
    assert await listed(browser, find="%") == []


async def test_ten_thousand_devices_are_listed_fifty_a_page(cast, database, record_property):
    await Person.insert(Person(email="many@halden.example", name="Zed Many"))
    async with connection() as held:
        await held.execute(
            "INSERT INTO device (uid, person, public_key, name) "
            "SELECT gen_random_uuid(), 11, '', 'Desk ' || n FROM generate_series(1, 10000) n;"
            "ANALYZE device"
        )
    began = time.perf_counter()
    first, second = await all_devices("", "all", 1), await all_devices("", "all", 2)
    found = await all_devices("desk 777", "silent", 1)
    each_ms = (time.perf_counter() - began) / 3 * 1000
    behind = await all_devices("", "all", 100_000)

    assert len({device.id for device in (*first.devices, *second.devices)}) == 2 * PER_PAGE
    assert (first.total, second.total, behind.total, behind.devices) == (10_006, 10_006, 10_006, [])
    assert found.total == 1 + 10  # 777, and 7770 to 7779
    record_property("figure", f"a page of 10,000 devices: {each_ms:.0f} ms")
