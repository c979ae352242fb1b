"""The directory: what admins see of people and do with them, what others find there (nothing), and what two admins at once come to."""

import asyncio
from itertools import pairwise

import pytest

from hub import people
from hub.auth.access import load_subject, load_viewer
from hub.directory import acts as directory
from hub.errors import Invalid
from hub.tables import Audit, Identity, Membership, Passkey, Person, Role, SignIn, Team

from .locks import both_at_once
from .stored import details

HOURS = {"days": [0, 4], "from_min": 480, "until_min": 960}
NEW = {"name": "Nadia Berg", "email": "nadia@halden.example"}
FORM = {
    "name": "Bob Brandt",
    "email": "bob@halden.example",
    "zone": "Europe/Oslo",
    "locale": None,
    "working_hours": None,
    "version": 1,
}


@pytest.fixture
async def dora(cast, open_browser):
    """The browser of an admin and nothing else."""
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def listed(browser, **asked) -> list[str]:
    answer = await browser.get("/api/people", params=asked)
    return [person["name"].split()[0] for person in answer.json()["people"]]


async def acts() -> list[tuple[str, int | None, int | None, int | None]]:
    rows = await Audit.select().where(Audit.action.not_in(["sign_in", "denied"])).order_by(Audit.id)
    return [(row["action"], row["actor"], row["subject"], row["team"]) for row in rows]


async def test_list_is_by_name_and_tells_of_nobodys_activity(cast, dora):
    page = (await dora.get("/api/people")).json()
    people_ = page["people"]

    assert [person["name"] for person in people_] == sorted(
        person.name for person in cast.people if person is not cast.gone
    )
    assert (page["active"], page["deactivated"], page["after"]) == (10, 1, None)
    alice = next(person for person in people_ if person["id"] == cast.alice.id)
    assert alice == {
        "id": 1, "name": "Alice Okafor", "email": "alice@halden.example", "zone": "Europe/Oslo", "locale": None,
        "team": {"id": 2, "name": "Payments"}, "roles": [{"role": "manager", "team": {"id": 2, "name": "Payments"}}],
        "working_hours": None, "ways": ["password"], "simulated": False, "deactivated_at": None, "version": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"find": "brandt"}, ["Bob"]),
        ({"find": "OKÁFOR al"}, ["Alice"]),
        ({"find": "rita@halden.example"}, ["Rita"]),
        ({"find": "100%"}, []),
        ({"find": "\x00"}, ["Alice", "Alma", "Audrey", "Bea", "Bob", "Charlie", "Dora", "Maxim", "Remy", "Rita"]),
        ({"team": 2}, ["Alice", "Bea", "Bob"]),
        ({"team": 4}, ["Charlie", "Maxim", "Rita"]),
        ({"team": 0}, ["Alma", "Dora", "Remy"]),
        ({"team": 99}, []),
        ({"role": "manager"}, ["Alice", "Alma", "Maxim"]),
        ({"role": "admin"}, ["Alma", "Dora"]),
        ({"role": "representative"}, ["Remy"]),
        ({"role": "none"}, ["Bea", "Bob", "Charlie", "Rita"]),
        ({"role": "admin", "state": "deactivated"}, ["Gone"]),
        ({"state": "deactivated"}, ["Gone"]),
        ({"team": 1, "find": "be"}, ["Bea", "Maxim"]),
    ],
)
async def test_list_is_filtered(asked, found, cast, dora):
    assert await listed(dora, **asked) == found


async def test_who_has_no_way_to_sign_in_yet_is_new(cast, dora):
    for name, simulated in (("Nina Vidal", False), ("Simulated One", True), ("Omar Aziz", False)):
        await people.add_person(f"{name.split()[0].lower()}@halden.example", name, simulated=simulated)
    await people.deactivate(14)
    provided = await people.add_person("pia@halden.example", "Pia Lind")
    await Identity.insert(Identity(issuer="https://id.example", sub="1", person=provided))
    keyed = await people.add_person("kai@halden.example", "Kai Moe")
    await Passkey.insert(Passkey(person=keyed, credential_id=b"1", public_key=b"", name="x"))

    page = (await dora.get("/api/people", params={"state": "new"})).json()
    everybody = (await dora.get("/api/people")).json()["people"]

    assert [person["name"] for person in page["people"]] == ["Nina Vidal"]
    assert (page["active"], page["new"], page["deactivated"]) == (14, 1, 2)
    ways = {person["name"].split()[0]: person["ways"] for person in everybody}
    assert [ways[name] for name in ("Nina", "Pia", "Kai", "Bob")] == [[], ["sign_on"], ["passkey"], ["password"]]


async def test_list_is_walked_through_while_people_come_and_go(cast, dora):
    await people.add_person("aerial@halden.example", "Ærial Ångström")
    await people.add_person("bob2@halden.example", "Bob Brandt")
    walked, after = [], None
    while after is not None or not walked:
        params = {"limit": 3, "state": "all"} | ({"after": after} if after else {})
        answer = (await dora.get("/api/people", params=params)).json()
        walked += [person["name"] for person in answer["people"]]
        after = answer["after"]
        if len(walked) == 3:
            await people.add_person("aaron@halden.example", "Aaron Before")  # what comes before is not shown again

    assert [name.split()[0] for name in walked] == [
        "Ærial", "Alice", "Alma", "Audrey", "Bea", "Bob", "Bob", "Charlie", "Dora", "Gone", "Maxim", "Remy", "Rita",
    ]  # fmt: skip


@pytest.mark.parametrize("after", ["x", "bm90aGluZw", "WyJhIiwwXQ", "WyJcdTAwMDAiLDFd", "[]", "é"])
async def test_cursor_of_somebodys_own_making_is_refused(after, cast, dora):
    answer = await dora.get("/api/people", params={"after": after})

    assert (answer.status_code, answer.json()["field"]) == (400, "after")


async def test_person_has_the_history_of_their_teams(cast, dora):
    told = (await dora.get(f"/api/people/{cast.rita.id}")).json()

    stays = [(stay["team"]["name"], stay["since_at"][:10], stay["until_at"]) for stay in told["stays"]]
    assert stays == [("Support", "2026-03-01", None), ("Payments", "2026-01-01", "2026-03-01T00:00:00Z")]
    assert not {"last_seen_at", "state", "devices"} & told.keys()


@pytest.mark.parametrize("person", [0, 99, 2**31, 2**70])
async def test_nobody_is_there_under_a_number_that_is_nobodys(person, cast, dora):
    read = await dora.get(f"/api/people/{person}")
    changed = await dora.change("PUT", f"/api/people/{person}", json=FORM)
    granted = await dora.change("POST", f"/api/people/{person}/roles", json={"role": "admin"})

    assert (read.status_code, changed.status_code, granted.status_code) == (404, 404, 404)


async def test_person_is_added_with_team_and_roles(cast, dora):
    roles = [{"role": "manager", "team": cast.support}, {"role": "representative"}]
    answer = await dora.change(
        "POST",
        "/api/people",
        json={
            **NEW,
            "zone": "Asia/Riyadh",
            "locale": "ar",
            "team": cast.support,
            "roles": roles,
            "working_hours": HOURS,
        },
    )

    told = answer.json()
    assert answer.status_code == 201
    assert told["working_hours"] == HOURS
    assert (told["zone"], told["locale"], told["team"]["name"], told["ways"]) == (
        "Asia/Riyadh",
        "ar",
        "Support",
        [],
    )
    assert [(role["role"], role["team"] and role["team"]["id"]) for role in told["roles"]] == [
        ("manager", 4),
        ("representative", None),
    ]
    assert await acts() == [
        ("person_added", 6, told["id"], 4), ("role_granted", 6, told["id"], 4), ("role_granted", 6, told["id"], None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"email": "BOB@halden.example "}, "email", "email_taken"),
        ({"email": "nobody"}, "email", "email_malformed"),
        ({"email": "b\u043eb@halden.example"}, "email", "email_letters"),  # Cyrillic о
        ({"email": "\u212aim@halden.example"}, "email", "email_letters"),  # KELVIN SIGN: lower() makes it a k
        ({"email": "bob@ha\u0131den.example"}, "email", "email_letters"),
        ({"email": "bob@halden\u3002example"}, "email", "email_letters"),
        ({"email": "bob\u200b@halden.example"}, "email", "email_letters"),
        ({"email": "bob\x00@halden.example"}, "email", "email_malformed"),
        ({"name": "\u200b"}, "name", "name_length"),
        ({"zone": "Europe/Atlantis"}, "zone", "zone_unknown"),
        ({"team": 99}, "team", "team_unknown"),
        ({"roles": [{"role": "manager"}]}, "team", "role_team"),
        ({"roles": [{"role": "admin", "team": 1}]}, "team", "role_team"),
    ],
)
async def test_wrong_input_adds_nobody(change, field, code, cast, dora):
    answer = await dora.change("POST", "/api/people", json={**NEW, **change})

    problem = answer.json()
    assert (answer.status_code, problem["field"], problem["code"]) == (400, field, code)
    assert await Person.count() == 11
    assert await acts() == []


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {**NEW, "email": None}, {**NEW, "locale": "xx"}, {**NEW, "team": 0}, {**NEW, "roles": [{"role": "king"}]},
        {**NEW, "name": "x" * 1001},
    ],
)  # fmt: skip
async def test_form_of_another_shape_is_refused(body, cast, dora):
    assert (await dora.change("POST", "/api/people", json=body)).status_code == 400
    assert await Person.count() == 11


async def test_change_is_seen_and_written_down_sealed(cast, dora):
    form = {**FORM, "name": "Robert Brandt", "email": "robert@halden.example", "zone": "Europe/Berlin", "locale": "ar"}
    form["working_hours"] = HOURS
    answer = await dora.change("PUT", f"/api/people/{cast.bob.id}", json=form)
    again = await dora.change("PUT", f"/api/people/{cast.bob.id}", json=form)

    told = answer.json()
    assert {field: told[field] for field in form} == {**form, "version": 2}
    assert (again.status_code, again.json()["version"]) == (200, 2)
    row = (await Audit.select().where(Audit.action == "person_changed"))[0]
    assert await Audit.count().where(Audit.action == "person_changed") == 1
    assert "Robert" not in row["detail"]
    assert await details([row]) == [{
        "fields": "name zone locale working_hours email",
        "changed": {
            "name": {"old": "Bob Brandt", "new": "Robert Brandt"},
            "email": {"old": "bob@halden.example", "new": "robert@halden.example"},
            "zone": {"old": "Europe/Oslo", "new": "Europe/Berlin"},
            "locale": {"old": None, "new": "ar"},
            "working_hours": {"old": None, "new": HOURS},
        },
    }]  # fmt: skip


async def test_second_of_two_admins_is_told_and_overwrites_nothing(cast, dora, open_browser):
    alma = open_browser()
    await alma.sign_in(cast.alma)
    first = await dora.change("PUT", f"/api/people/{cast.bob.id}", json={**FORM, "name": "Bob Brandt-Lie"})
    second = await alma.change("PUT", f"/api/people/{cast.bob.id}", json={**FORM, "zone": "Europe/Paris"})

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.headers["content-type"] == "application/problem+json"
    assert "Somebody else" in second.json()["title"]
    now = (await alma.get(f"/api/people/{cast.bob.id}")).json()
    assert (now["name"], now["zone"], now["version"]) == ("Bob Brandt-Lie", "Europe/Oslo", 2)
    third = await alma.change(
        "PUT", f"/api/people/{cast.bob.id}", json={**FORM, "name": now["name"], "zone": "Europe/Paris", "version": 2}
    )
    assert third.status_code == 200


async def test_of_changes_at_once_one_is_made(cast, dora):
    forms = [{**FORM, "name": f"Bob {letter}"} for letter in "abcd"]
    answers = await asyncio.gather(*(dora.change("PUT", f"/api/people/{cast.bob.id}", json=form) for form in forms))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_address_of_somebody_else_can_not_be_taken(cast, dora):
    answer = await dora.change("PUT", f"/api/people/{cast.bob.id}", json={**FORM, "email": cast.bea.email})

    assert (answer.status_code, answer.json()["code"]) == (400, "email_taken")


def moves(*each: tuple[int, int | None, int | None]) -> dict[str, object]:
    return {"moves": [{"person": person, "out_of": out_of, "into": into} for person, out_of, into in each]}


async def test_people_move_together_and_back(cast, dora):
    there = moves((cast.bob.id, 2, 4), (cast.bea.id, 3, 4), (cast.dora.id, None, 4))
    back = moves((cast.bob.id, 4, 2), (cast.bea.id, 4, 3), (cast.dora.id, 4, None))
    moved = await dora.change("POST", "/api/people/move", json=there)
    in_support = await listed(dora, team=4)
    undone = await dora.change("POST", "/api/people/move", json=back)

    assert (moved.status_code, undone.status_code) == (204, 204)
    assert in_support == ["Bea", "Bob", "Charlie", "Dora", "Maxim", "Rita"]
    assert await listed(dora, team=4) == ["Charlie", "Maxim", "Rita"]
    stays = (await load_subject(cast.bob.id)).stays
    assert [stay.team for stay in stays] == [2, 4, 2]
    assert all(before.until_at == after.since_at for before, after in pairwise(stays))
    assert (await acts())[0] == ("person_moved", cast.dora.id, cast.bob.id, 4)


async def test_move_of_somebody_whom_another_admin_has_moved_moves_nobody(cast, dora):
    await people.move(cast.bob.id, cast.halden, by=cast.alma.id)
    answer = await dora.change("POST", "/api/people/move", json=moves((cast.bob.id, 2, 4), (cast.bea.id, 3, 4)))

    assert answer.status_code == 409
    assert answer.json()["title"].startswith("Bob Brandt is in another team by now.")
    assert await listed(dora, team=4) == ["Charlie", "Maxim", "Rita"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (moves((2, 2, 4), (10, None, 4)), 409),  # Gone is deactivated
        (moves((2, 2, 4), (2, 2, 3)), 400),
        (moves((2, 2, 99)), 400),
        (moves((2, 2, 4), (99, None, 4)), 404),
        (moves(), 400),
        (moves(*((person, None, 4) for person in range(1, 202))), 400),
        (moves((2**31, None, 4)), 400),
    ],
)
async def test_move_that_makes_no_sense_moves_nobody(body, status, cast, dora):
    assert (await dora.change("POST", "/api/people/move", json=body)).status_code == status
    assert await Membership.count().where(Membership.person == 2) == 1


async def test_deactivated_people_are_out_and_come_back_to_their_team(cast, dora, open_browser):
    bob = open_browser()
    await bob.sign_in(cast.bob)
    body = {"people": [cast.bob.id, cast.bea.id]}
    done = await dora.change("POST", "/api/people/deactivate", json=body)
    out = (await bob.get("/api/me")).status_code
    refused = (await open_browser().sign_in(cast.bob)).status_code
    shown = (await dora.get(f"/api/people/{cast.bob.id}")).json()
    of_team = await listed(dora, team=2, state="deactivated")
    undone = await dora.change("POST", "/api/people/reactivate", json=body)

    assert (done.status_code, out, refused, undone.status_code) == (204, 401, 401, 204)
    assert shown["deactivated_at"]
    assert shown["team"]["name"] == "Payments"
    assert of_team == ["Bea", "Bob"]
    assert (await bob.get("/api/me")).status_code == 401  # signs in anew
    assert (await open_browser().sign_in(cast.bob)).status_code == 201
    stays = (await load_subject(cast.bob.id)).stays
    assert [stay.team for stay in stays] == [2, 2]
    assert stays[0].until_at < stays[1].since_at
    assert [act[0] for act in await acts()] == [
        *["person_deactivated"] * 2, "sign_in_failed", *["person_reactivated"] * 2,
    ]  # fmt: skip


async def test_who_comes_back_to_a_team_that_has_gone_is_at_home_nowhere(cast, dora):
    await dora.change("POST", "/api/people/deactivate", json={"people": [cast.bea.id]})
    await Team.raw("UPDATE team SET removed_at = now() WHERE id = {}", cast.payments_api)
    await dora.change("POST", "/api/people/reactivate", json={"people": [cast.bea.id]})

    told = (await dora.get(f"/api/people/{cast.bea.id}")).json()
    assert (told["deactivated_at"], told["team"]) == (None, None)


async def test_all_admins_can_not_be_deactivated_together(cast, dora):
    answer = await dora.change(
        "POST", "/api/people/deactivate", json={"people": [cast.bob.id, cast.dora.id, cast.alma.id]}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "last_admin")
    assert await Person.count().where(Person.deactivated_at.is_null()) == 10


async def test_two_admins_who_are_deactivated_at_once_leave_one(cast, database):
    outcomes = await both_at_once(
        database,
        "person",
        directory.deactivate([cast.alma.id], cast.dora.id),
        directory.deactivate([cast.dora.id], cast.alma.id),
    )

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Invalid)
    assert (await load_viewer(cast.dora.id)).active


async def test_roles_are_given_and_taken_and_change_what_is_seen(cast, dora):
    before = (await load_viewer(cast.bob.id)).access_version
    given = await dora.change(
        "POST", f"/api/people/{cast.bob.id}/roles", json={"role": "manager", "team": cast.support}
    )
    await dora.change("POST", f"/api/people/{cast.bob.id}/roles", json={"role": "representative"})
    seen = (await load_viewer(cast.bob.id)).managed
    taken = await dora.change("DELETE", f"/api/people/{cast.bob.id}/roles/manager?team={cast.support}")

    assert [role["role"] for role in given.json()["roles"]] == ["manager"]
    assert seen == {cast.support}
    assert taken.json()["roles"] == [{"role": "representative", "team": None}]
    assert (await load_viewer(cast.bob.id)).access_version == before + 3


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/api/people/2/roles", {"role": "manager"}, "role_team"),
        ("POST", "/api/people/2/roles", {"role": "manager", "team": 99}, "team_unknown"),
        ("POST", "/api/people/2/roles", {"role": "employee"}, None),
        ("DELETE", "/api/people/2/roles/manager", None, "role_team"),
        ("DELETE", "/api/people/2/roles/employee", None, None),
        ("DELETE", "/api/people/2/roles/manager?team=x", None, None),
    ],
)
async def test_role_that_makes_no_sense_is_refused(method, path, body, code, cast, dora):
    answer = await dora.change(method, path, json=body)

    assert (answer.status_code, answer.json().get("code")) == (400, code)
    assert not await Role.exists().where(Role.person == 2)


async def test_revoked_admin_is_none_at_once(cast, dora, open_browser):
    alma = open_browser()
    await alma.sign_in(cast.alma)
    await dora.change("DELETE", f"/api/people/{cast.alma.id}/roles/admin")

    assert (await alma.get("/api/people")).status_code == 404
    assert await SignIn.exists().where(SignIn.person == cast.alma.id, SignIn.ended_at.is_null())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/people", {**NEW, "roles": [{"role": "admin", "team": None}]}),
        ("POST", "/api/people/deactivate", {"people": [2]}),
        ("POST", "/api/people/reactivate", {"people": [10]}),
        ("POST", "/api/people/2/roles", {"role": "admin", "team": None}),
        ("DELETE", "/api/people/1/roles/manager?team=2", None),
        ("PUT", "/api/people/2", {**FORM, "email": "robert@halden.example"}),
        ("POST", "/api/teams", {"name": "Cards", "manage": True}),
    ],
)
async def test_roles_addresses_and_the_end_of_somebodys_access_ask_for_a_fresh_proof(method, path, body, cast, dora):
    await SignIn.raw("UPDATE sign_in SET proved_at = now() - interval '11 minutes'")
    refused = await dora.change(method, path, json=body)
    await SignIn.raw("UPDATE sign_in SET proved_at = now()")
    done = await dora.change(method, path, json=body)

    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_proof")
    assert done.is_success
