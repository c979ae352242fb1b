"""The organisation's settings, its set-up and first team: what is accepted, what is written down, and by whom."""

import pytest

from hub import people
from hub.auth.access import load_viewer
from hub.database import connection
from hub.errors import Invalid
from hub.people.typed import normal_zone, zones
from hub.tables import Audit, Membership, Organisation, Person, Role, Team

GOOD = {"name": "Halden Group", "zone": "Europe/Berlin", "expected_min": [450, 450, 450, 450, 300, 0, 0], "version": 1}
TEAM = {"name": "Ledger", "join": True, "manage": True}


async def denied() -> list[tuple[int, str]]:
    rows = await Audit.select().where(Audit.action == "denied").order_by(Audit.id).output(load_json=True)
    return [(row["actor"], row["detail"]["wanted"]) for row in rows]


@pytest.mark.parametrize(
    ("method", "path", "body", "done"),
    [
        ("PUT", "/api/organisation", GOOD, 200),
        ("POST", "/api/organisation/set-up", None, 204),
    ],
)
async def test_whole_cast_tries_to_set_the_organisation_up(method, path, body, done, cast, open_browser):
    outcome = {}
    version = 1
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        named = body and {**body, "name": f"{body['name']} {person.id}", "version": version}
        answer = await browser.change(method, path, json=named)
        outcome[person.name.split()[0]] = answer.status_code
        version += answer.is_success

    admins = {"Dora", "Alma"}
    assert outcome == {name: done if name in admins else 404 for name in outcome}
    assert await denied() == [(person, "configure") for person in (1, 2, 3, 4, 5, 8, 9)]
    assert (await open_browser().change(method, path, json=body)).status_code == 401


async def test_settings_are_answered_as_everybody_is_told_them_and_written_down(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    answer = await browser.change("PUT", "/api/organisation", json=GOOD)
    again = await browser.change("PUT", "/api/organisation", json=GOOD)

    told = (await browser.get("/api/me")).json()["organisation"]
    assert answer.json() == again.json() == told == {**GOOD, "demo": False, "set_up": True, "version": 2}
    row = (await Audit.select().where(Audit.action == "organisation_changed").output(load_json=True))[0]
    assert await Audit.count().where(Audit.action == "organisation_changed") == 1
    assert (row["actor"], row["detail"]["changed"]) == (
        cast.dora.id,
        {
            "name": {"old": "Halden", "new": "Halden Group"},
            "zone": {"old": "Europe/Oslo", "new": "Europe/Berlin"},
            "expected_min": {"old": [480] * 5 + [0, 0], "new": GOOD["expected_min"]},
        },
    )


async def test_second_of_two_admins_is_told_and_overwrites_nothing(cast, open_browser):
    dora, alma = open_browser(), open_browser()
    await dora.sign_in(cast.dora)
    await alma.sign_in(cast.alma)
    seen = (await alma.get("/api/me")).json()["organisation"]
    form = {field: seen[field] for field in GOOD}
    roles = {"roles": ["auditor"], "version": seen["version"]}

    first = await dora.change("PUT", "/api/organisation", json={**form, "name": "Halden Group"})
    second = await alma.change("PUT", "/api/organisation", json={**form, "zone": "Europe/Paris"})
    third = await alma.change("PUT", "/api/organisation/factors", json=roles)
    now = (await alma.get("/api/organisation/factors")).json()
    fourth = await alma.change("PUT", "/api/organisation/factors", json={**roles, "version": now["version"]})

    assert [answer.status_code for answer in (first, second, third, fourth)] == [200, 409, 409, 200]
    assert "Somebody else" in second.json()["title"]
    told = (await alma.get("/api/me")).json()["organisation"]
    assert (told["name"], told["zone"], told["version"]) == ("Halden Group", "Europe/Oslo", 3)
    assert (now["roles"], fourth.json()) == ([], {"roles": ["auditor"], "version": 3})


async def test_root_team_goes_by_the_organisations_name_until_it_has_one_of_its_own(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)
    await browser.change("PUT", "/api/organisation", json=GOOD)
    first = await Team.select(Team.name).where(Team.id == cast.halden).first()
    await Team.update({Team.name: "Everybody"}).where(Team.id == cast.halden)
    await browser.change("PUT", "/api/organisation", json={**GOOD, "name": "Halden again", "version": 2})

    assert first["name"] == "Halden Group"
    assert (await Team.select(Team.name).where(Team.id == cast.halden).first())["name"] == "Everybody"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " \u200b"),
        ("name", "x" * 201),
        ("name", None),
        ("zone", "Europe/Atlantis"),
        ("zone", "../../etc/passwd"),
        ("zone", 5),
        ("expected_min", [480] * 6),
        ("expected_min", [480] * 8),
        ("expected_min", [480] * 6 + [1441]),
        ("expected_min", [480] * 6 + [-1]),
        ("expected_min", "480"),
    ],
)
async def test_wrong_setting_is_refused_by_field_and_changes_nothing(field, value, cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    answer = await browser.change("PUT", "/api/organisation", json={**GOOD, field: value})

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await Organisation.select().first())["name"] == "Halden"


async def test_set_up_is_shown_until_it_is_finished_once(cast, open_browser):
    await Organisation.update({Organisation.set_up_at: None}, force=True)
    browser = open_browser()
    await browser.sign_in(cast.dora)
    before = (await browser.get("/api/me")).json()["organisation"]["set_up"]
    for _ in range(2):
        assert (await browser.change("POST", "/api/organisation/set-up")).status_code == 204

    assert before is False
    assert (await browser.get("/api/me")).json()["organisation"]["set_up"] is True
    assert await Audit.count().where(Audit.action == "organisation_set_up") == 1


@pytest.mark.parametrize(("set_up", "moved"), [(False, {"Dora"}), (True, set())])
async def test_zone_of_the_set_up_is_that_of_who_was_there_before_and_has_nothing_recorded(
    set_up, moved, cast, open_browser
):
    if not set_up:
        await Organisation.update({Organisation.set_up_at: None}, force=True)
    await Person.update({Person.zone: "Asia/Tokyo"}).where(Person.id.not_in([cast.bob.id, cast.dora.id]))
    browser = open_browser()
    await browser.sign_in(cast.dora)
    await browser.change("PUT", "/api/organisation", json=GOOD)

    names = await Person.select(Person.name).where(Person.zone == GOOD["zone"]).output(as_list=True)
    assert {name.split()[0] for name in names} == moved


async def test_demo_needs_no_set_up(cast, open_browser):
    await Organisation.update({Organisation.set_up_at: None, Organisation.demo: True}, force=True)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    assert (await browser.get("/api/me")).json()["organisation"]["set_up"] is True


async def test_first_team_becomes_the_home_of_its_maker_and_theirs_to_manage(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    team = (await browser.change("POST", "/api/teams", json=TEAM)).json()["id"]

    row = await Team.select().where(Team.id == team).first()
    assert (row["name"], row["parent"]) == ("Ledger", cast.halden)
    assert team in (await load_viewer(cast.dora.id)).managed
    me = (await browser.get("/api/me")).json()
    assert (me["team"], me["manages"]) == ({"id": team, "name": "Ledger"}, True)
    acts = await Audit.select(Audit.action).where(Audit.actor == cast.dora.id, Audit.team == team).output(as_list=True)
    assert acts == ["team_added", "person_moved", "role_granted"]


async def test_team_can_be_made_for_others(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    answer = await browser.change("POST", "/api/teams", json={**TEAM, "join": False, "manage": False})

    assert answer.status_code == 201
    assert not await Membership.exists().where(Membership.team == answer.json()["id"])
    assert not await Role.exists().where(Role.team == answer.json()["id"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", ("name_length", 200)),
        (" \n", ("name_length", 200)),
        ("x" * 201, ("name_length", 200)),
        ("Support", ("name_taken", None)),
        (" Support ", ("name_taken", None)),
    ],
)
async def test_team_needs_a_name_of_its_own(name, said, cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    answer = await browser.change("POST", "/api/teams", json={**TEAM, "name": name})

    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (400, "name")
    assert (problem["code"], problem.get("limit")) == said
    assert await Team.count() == 4
    assert not (await load_viewer(cast.dora.id)).managed


async def test_team_that_fails_half_way_is_not_made(cast, open_browser, monkeypatch):
    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(people, "insert_role", fail)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    assert (await browser.change("POST", "/api/teams", json=TEAM)).status_code == 500
    assert await Team.count() == 4
    assert not await Membership.exists().where(Membership.person == cast.dora.id)


async def test_zones_are_those_that_can_be_set_and_may_be_kept_for_a_day(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)

    answer = await browser.get("/api/zones")

    listed = answer.json()
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert listed == sorted(zones())
    assert {"Europe/Oslo", "Asia/Kathmandu", "UTC"} <= set(listed)
    assert all(normal_zone(zone) == zone for zone in listed)
    for beside in ("right/Europe/Oslo", "posix/Europe/Oslo", "localtime", "Factory", "zone.tab", "../UTC", "UTC\0"):
        with pytest.raises(Invalid):
            normal_zone(beside)  # of these some count leap seconds, and one is whatever the machine is in
    assert (await open_browser().get("/api/zones")).status_code == 401


@pytest.mark.parametrize(("demo", "set_up"), [(False, True), (True, False)])
async def test_organisation_of_before_counts_as_set_up_and_a_demo_as_one_that_was_not(demo, set_up, cast, database):
    from hub.piccolo_migrations import hub_2026_11_24t14_30_00_000000 as migration

    await Organisation.update({Organisation.set_up_at: None, Organisation.demo: demo}, force=True)
    async with connection() as held:
        await held.execute(migration.STATEMENTS[0])

    assert ((await Organisation.select().first())["set_up_at"] is not None) is set_up
