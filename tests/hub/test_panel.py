"""The panel of one person: what it says of rows, what of it each of the cast is shown, and that every look is in the ledger before."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub import audit, panel
from hub.auth.access import load_subject, load_viewer
from hub.database import connection
from hub.panel import NOBODY, Panel, look
from hub.policies import changes
from hub.policies.settings import PolicySettings
from hub.rollups.job import roll_up
from hub.rollups.read import today as today_of
from hub.tables import Audit, Device, Membership
from hub.wire.policy import DEFAULT
from tests.hub.stored import seen, slept, store, worked

NOW = datetime(2026, 11, 18, 12, 40, 30, tzinfo=UTC)
"""A Wednesday; in Oslo it is 13:40:30."""
TODAY = NOW.date()
SITTING = UUID(int=77)


def at(clock: str, day: date = TODAY) -> datetime:
    """A time of that day in UTC, in which Oslo is an hour ahead."""
    return datetime.combine(day, time.fromisoformat(clock), UTC)


async def opened(viewer, person, now: datetime = NOW, sitting: UUID | None = SITTING) -> Panel:
    """The panel as the route makes it."""
    found, subject = await load_viewer(viewer.id), await load_subject(person.id)
    assert found is not None
    assert subject is not None
    return await look(found, subject, sitting, DEFAULT, now)


async def looks() -> list[tuple[int, int]]:
    rows = await Audit.select().where(Audit.action == "look_person").order_by(Audit.id)
    return [(row["actor"], row["subject"]) for row in rows]


def hour_of(told: Panel) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (f"{each.started_at:%H:%M:%S}", f"{each.ended_at:%H:%M:%S}", each.state, each.reason, each.app)
        for each in told.hour
    ]


# --- who is shown it


async def test_whole_cast_tries_to_open_bobs_panel(cast, open_browser):
    outcome = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        answer = await browser.get(f"/api/people/{cast.bob.id}/now")
        outcome[person.name.split()[0]] = answer.status_code
        if answer.status_code == 200:
            assert answer.json()["own"] is (person == cast.bob)
            assert (answer.json()["looked_at"] is None) is (person == cast.bob)

    assert {name for name, status in outcome.items() if status == 200} == {"Alice", "Alma", "Bob"}
    assert {status for status in outcome.values() if status != 200} == {404}
    assert await looks() == [(cast.alice.id, cast.bob.id), (cast.alma.id, cast.bob.id)]
    denied = await Audit.select().where(Audit.action == "denied").order_by(Audit.id).output(load_json=True)
    assert [(row["actor"], row["subject"], row["detail"]["wanted"]) for row in denied] == [
        (person.id, cast.bob.id, "see_activity")
        for person in (cast.bea, cast.charlie, cast.maxim, cast.dora, cast.audrey, cast.rita)
    ]
    assert (await open_browser().get(f"/api/people/{cast.bob.id}/now")).status_code == 401


@pytest.mark.parametrize("number", [999, 0, 2**31, 10**30])
async def test_nobody_and_somebody_elses_look_the_same(number, cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.charlie)

    nobody = await browser.get(f"/api/people/{number}/now")
    elses = await browser.get(f"/api/people/{cast.bob.id}/now")

    assert (nobody.status_code, elses.status_code) == (404, 404)
    assert nobody.json()["title"] == elses.json()["title"] == NOBODY


async def moved_today(cast, when: datetime) -> None:
    """Bob went from Payments to Support at that time."""
    await Membership.update({Membership.until_at: when}).where(Membership.person == cast.bob.id)
    await Membership.insert(Membership(person=cast.bob.id, team=cast.support, since_at=when))


async def test_who_changed_teams_today_is_shown_to_each_manager_for_their_part_alone(cast, database):
    device = cast.device(cast.bob)
    await store(
        device, [worked(at("08:00"), at("09:00"), app="Editor"), worked(at("11:50"), at("12:20"), app="Mail")], NOW
    )
    await moved_today(cast, at("12:00"))

    before, after, whole = [await opened(who, cast.bob) for who in (cast.alice, cast.maxim, cast.bob)]

    assert (before.from_at, before.until_at) == (at("23:00", date(2026, 11, 17)), at("12:00"))
    assert (before.today.active_s, before.today.states) == (4200, {"active": 4200})
    assert [(app.app, app.active_s) for app in before.apps] == [("Editor", 3600), ("Mail", 600)]
    assert hour_of(before) == [("11:50:00", "12:00:00", "active", "input", "Mail")]
    assert (after.from_at, after.until_at) == (at("12:00"), at("12:20"))
    assert (before.read_at, after.read_at) == (NOW, NOW)
    assert (after.today.active_s, [(app.app, app.active_s) for app in after.apps]) == (1200, [("Mail", 1200)])
    assert hour_of(after) == [("12:00:00", "12:20:00", "active", "input", "Mail")]
    assert (whole.today.active_s, len(whole.apps)) == (5400, 2)
    # Where Bob is now and on what is none of Alice's business any more.
    assert (before.person.team, before.devices) == (None, [])
    assert after.person.team is not None
    assert (after.person.team.name, len(after.devices)) == ("Support", 1)


async def test_who_left_before_the_workday_began_is_shown_no_more_though_the_hour_reaches_back(cast, database):
    now = at("23:20")  # Oslo: 00:20 of the next day
    await moved_today(cast, at("22:50"))

    with pytest.raises(panel.NotFound):
        await opened(cast.alice, cast.bob, now)

    assert (await opened(cast.maxim, cast.bob, now)).own is False
    assert await looks() == [(cast.maxim.id, cast.bob.id)]


# --- the ledger


async def test_panel_that_is_refreshed_in_one_sitting_is_one_look(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alice)
    path = f"/api/people/{cast.bob.id}/now"
    first = await browser.get(path, params={"sitting": str(SITTING)})
    again = await asyncio.gather(*(browser.get(path, params={"sitting": str(SITTING)}) for _ in range(5)))

    assert {answer.json()["looked_at"] for answer in again} == {first.json()["looked_at"]}
    assert len(await looks()) == 1
    row = await Audit.select().where(Audit.action == "look_person").first()
    assert row["at"] == datetime.fromisoformat(first.json()["looked_at"])


async def test_sittings_that_begin_at_once_are_one_look(cast, database):
    all_open = asyncio.Barrier(6)

    async def look() -> datetime:
        async with connection():
            await all_open.wait()  # so that nobody has to wait for a connection of the pool
        return await audit.record_person_look(cast.alice.id, cast.bob.id, SITTING)

    at_once = await asyncio.gather(*(look() for _ in range(6)))

    assert len(set(at_once)) == 1
    assert len(await looks()) == 1


async def test_every_viewer_subject_and_sitting_is_a_look_of_its_own(cast, database):
    await opened(cast.alice, cast.bob)
    await opened(cast.alma, cast.bob)
    await opened(cast.alice, cast.bea)
    await opened(cast.alice, cast.bob, sitting=uuid4())
    for _ in range(2):
        await opened(cast.alice, cast.bob, sitting=None)

    assert await looks() == [(1, 2), (7, 2), (1, 3), (1, 2), (1, 2), (1, 2)]


async def test_sitting_without_end_is_a_look_again(cast, database, monkeypatch):
    first = await opened(cast.alice, cast.bob)
    monkeypatch.setattr(audit, "SITTING_MAX", timedelta(0))
    second = await opened(cast.alice, cast.bob)

    assert first.looked_at is not None
    assert second.looked_at is not None
    assert second.looked_at > first.looked_at
    assert len(await looks()) == 2


async def test_nothing_is_read_before_the_look_is_committed(cast, database, monkeypatch):
    found = []
    read = panel.read_pieces

    async def watched(spans):
        async with connection() as held:
            found.append(await held.fetchval("SELECT count(*) FROM audit WHERE action = 'look_person'"))
        return await read(spans)

    monkeypatch.setattr(panel, "read_pieces", watched)
    await opened(cast.alice, cast.bob)

    assert found == [1]


async def test_look_that_can_not_be_written_down_is_not_given(cast, open_browser, monkeypatch):
    async def refuse(*_: object, **__: object) -> None:
        raise asyncpg.RaiseError

    async def read(_: object) -> None:
        raise AssertionError("read without a look")

    browser = open_browser()
    await browser.sign_in(cast.alice)
    monkeypatch.setattr(audit, "record", refuse)
    monkeypatch.setattr(panel, "read_pieces", read)
    answer = await browser.get(f"/api/people/{cast.bob.id}/now")

    assert answer.status_code == 503
    assert set(answer.json()) == {"type", "title", "status", "request_id"}


# --- what it says


async def test_hour_says_of_every_stretch_what_it_was_and_why(cast, database):
    device = cast.device(cast.bob)
    await store(
        device,
        [
            worked(at("11:30"), at("11:50"), app="Editor"),
            seen(at("11:50"), at("12:00"), last=at("11:50"), app="Meet", call=True),
            seen(at("12:00"), at("12:10"), last=at("11:50"), app="Meet", media=True),
            seen(at("12:10"), at("12:20"), last=at("11:50"), app="Editor"),
            seen(at("12:20"), at("12:24"), locked=True),
            slept(at("12:24"), at("12:30")),
            seen(at("12:30"), at("12:34"), on_break=True),
            seen(at("12:34"), at("12:36"), private=True),
            worked(at("12:37"), at("12:40"), app="Mail"),
        ],
        NOW,
    )

    told = await opened(cast.alice, cast.bob)

    assert hour_of(told) == [
        ("11:40:30", "11:50:00", "active", "input", "Editor"),
        ("11:50:00", "12:00:00", "passive", "call", "Meet"),
        ("12:00:00", "12:10:00", "passive", "media", "Meet"),
        ("12:10:00", "12:20:00", "idle", "silence", "Editor"),
        ("12:20:00", "12:24:00", "locked", "lock", None),
        ("12:24:00", "12:30:00", "locked", "sleep", None),
        ("12:30:00", "12:34:00", "break", "break", None),
        ("12:34:00", "12:36:00", "private", "private", None),
        ("12:37:00", "12:40:00", "active", "input", "Mail"),  # before it nothing is stored
    ]
    assert {str(each.device) for each in told.hour} == {device.uid}
    assert told.today.states == {
        "active": 20 * 60 + 3 * 60, "passive": 1200, "idle": 600, "locked": 600, "break": 240, "private": 120,
    }  # fmt: skip
    assert (told.today.active_s, told.today.expected_s, told.until_at) == (1380, 8 * 3600, at("12:40"))
    assert [(app.app, app.active_s, app.passive_s) for app in told.apps] == [
        ("Editor", 1200, 0), ("Meet", 0, 1200), ("Mail", 180, 0),
    ]  # fmt: skip


async def test_devices_are_united_and_each_stretch_names_the_one_that_told_of_it(cast, database):
    laptop = cast.device(cast.bob)
    added = await Device.insert(
        Device(uid=UUID(int=500), person=cast.bob.id, public_key=b"", name="Desktop", system="Linux")
    ).returning(Device.id)
    async with connection() as held:
        await held.execute("INSERT INTO device_cursor (device, digest) VALUES ($1, '')", added[0]["id"])
    desktop = type(laptop)(added[0]["id"], str(UUID(int=500)), cast.bob.id, laptop.key)
    await store(laptop, [worked(at("12:00"), at("12:20"), app="Editor")], NOW)
    await store(desktop, [worked(at("12:10"), at("12:30"), app="Editor")], NOW)

    told = await opened(cast.alice, cast.bob)

    assert told.today.active_s == 1800  # 12:00 to 12:30, not 20 minutes twice
    assert [(f"{each.started_at:%H:%M}", str(each.device)) for each in told.hour] == [
        ("12:00", laptop.uid),
        ("12:10", desktop.uid),  # its row has the later input
    ]
    assert [device.name for device in told.devices] == ["Bob's laptop", "Desktop"]


async def test_figure_is_that_of_the_wall_before_and_after_it_was_rolled_up(cast, database):
    await store(
        cast.device(cast.bob),
        [worked(at("07:10"), at("07:25")), seen(at("07:25"), at("07:28"), last=at("07:25")), slept(at("09:00"), at("10:00")),
         worked(at("10:00"), at("10:31")), seen(at("10:31"), at("10:33"), last=at("10:31"))],
        NOW,
    )  # fmt: skip
    raw = await opened(cast.bob, cast.bob)
    await roll_up(NOW)
    rolled = await opened(cast.bob, cast.bob)
    wall = (await today_of([cast.bob.id], NOW))[cast.bob.id]

    assert raw == rolled
    assert (
        raw.today.active_s == wall.active_s + wall.open_s == (15 + 31 + 2) * 60
    )  # the silence from 7:25 on was longer than the limit


async def test_most_used_apps_are_listed_and_the_rest_is_summed(cast, database):
    start = at("06:00")
    events = [
        worked(start + timedelta(minutes=10 * n), start + timedelta(minutes=10 * n, seconds=60 + n), app=f"App {n:02}")
        for n in range(15)
    ]
    await store(cast.device(cast.bob), events, NOW)

    told = await opened(cast.alice, cast.bob)

    assert [app.app for app in told.apps] == [f"App {n:02}" for n in range(14, 2, -1)]
    assert told.apps_rest_s == 60 + 61 + 62


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 18), 24)]
)
async def test_workday_has_the_hours_of_its_zone(day, hours, cast, database):
    now = at("20:00", day)
    start = datetime.combine(day, time(), UTC) - timedelta(hours=1 if hours != 25 else 2)
    await store(
        cast.device(cast.bob),
        [worked(start - timedelta(minutes=30), start + timedelta(minutes=30), app="Editor")],
        now,
    )

    told = await opened(cast.alice, cast.bob, now)

    assert (told.today.starts_at, told.today.ends_at) == (start, start + timedelta(hours=hours))
    assert told.today.active_s == 1800  # the half hour before midnight belongs to the day before


async def test_hour_reaches_over_midnight_and_the_workday_does_not(cast, database):
    now = at("23:20")  # Oslo: 00:20 of the next day
    await store(cast.device(cast.bob), [worked(at("22:40"), at("23:10"), app="Editor")], now)

    told = await opened(cast.alice, cast.bob, now)

    assert hour_of(told) == [("22:40:00", "23:10:00", "active", "input", "Editor")]
    assert (told.today.starts_at, told.today.active_s) == (at("23:00"), 600)


async def test_panel_without_anything_stored_is_empty_and_says_what_may_be_collected(cast, open_browser):
    await Device.update({Device.revoked_at: NOW}).where(Device.person == cast.bea.id)
    browser = open_browser()
    await browser.sign_in(cast.alice)

    told = (await browser.get(f"/api/people/{cast.bea.id}/now")).json()

    assert told["person"] == {
        "id": cast.bea.id, "name": "Bea Menon", "zone": "Europe/Oslo", "team": {"id": cast.payments_api, "name": "Payments API"},
        "working_hours": None,
    }  # fmt: skip
    assert (told["hour"], told["apps"], told["apps_rest_s"], told["devices"]) == ([], [], 0, [])
    assert told["today"]["states"] == {}
    assert told["until_at"] == told["from_at"] == told["today"]["starts_at"]
    assert told["collected"] == {
        "policy_version": 1, "apps": True, "sites": False, "titles": False, "counts": False, "idle_limit_s": 300,
    }  # fmt: skip


async def test_look_of_which_policy_asks_why_needs_a_reason_that_its_person_reads(cast, open_browser):
    asks = PolicySettings(look_reason=True)
    await changes.change("organisation", None, 0, asks, "So that everybody knows why.", cast.dora.id)
    path = f"/api/people/{cast.bob.id}/now"
    alice, bob = open_browser(), open_browser()
    await alice.sign_in(cast.alice)
    await bob.sign_in(cast.bob)

    begun = {"sitting": str(SITTING)}

    async def look(reason: str) -> Any:
        return await alice.get(path, params=begun, headers={"daylight-reason": quote(reason)})

    without = await look("  ")
    assert (without.status_code, without.json()["field"], without.json()["code"]) == (400, "reason", "look_reason")
    assert (await alice.get(path, params=begun | {"reason": "In the address"})).status_code == 400
    assert (await bob.get("/api/me/looks")).json()["looks"] == []
    assert [(await look(long)).status_code for long in ("x" * 201, "界" * 201, "x" * 5000)] == [400] * 3
    unseen = await look("\u200b\u202e\u2066\u00ad\0\u2028\u200d\u3164")
    assert (unseen.status_code, unseen.json()["code"]) == (400, "look_reason")
    assert (await look("He asked\u202e me\0 whether he is on\ttime, 界.")).status_code == 200
    assert (await alice.get(path, params={"sitting": str(SITTING)})).status_code == 200
    (look,) = (await bob.get("/api/me/looks")).json()["looks"]
    assert (look["by"]["name"], look["reason"]) == (cast.alice.name, "He asked me whether he is on time, 界.")
    assert (await bob.get(path)).status_code == 200  # of oneself nobody has to say why

    row = await Audit.select(Audit.detail).where(Audit.action == "look_person").first()
    assert "on time" not in row["detail"]


async def test_sitting_that_began_before_policy_asked_why_is_asked_then(cast, open_browser):
    path = f"/api/people/{cast.bob.id}/now"
    alice, bob = open_browser(), open_browser()
    await alice.sign_in(cast.alice)
    await bob.sign_in(cast.bob)
    sitting = {"sitting": str(SITTING)}
    assert (await alice.get(path, params=sitting)).status_code == 200
    asks = PolicySettings(look_reason=True)
    await changes.change("organisation", None, 0, asks, "So that everybody knows why.", cast.dora.id)

    asked = await alice.get(path, params=sitting)
    given = await alice.get(path, params=sitting, headers={"daylight-reason": "He%20asked"})
    later = await alice.get(path, params=sitting)

    assert (asked.status_code, asked.json()["code"]) == (400, "look_reason")
    assert (given.status_code, later.status_code) == (200, 200)
    looks = (await bob.get("/api/me/looks")).json()["looks"]
    assert [look["reason"] for look in looks] == ["He asked", ""]
