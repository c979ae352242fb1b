"""The tree of teams: who changes it, what it can't become, and whose view changes with it."""

import asyncio

import pytest

from hub import homes, people
from hub.auth.access import load_viewer
from hub.database import connection
from hub.directory import teams
from hub.errors import Invalid
from hub.tables import Audit, Membership, Team

from .locks import both_at_once

PAYMENTS = {"name": "Payments", "parent": 1, "version": 1}


@pytest.fixture
async def dora(cast, open_browser):
    """The browser of an admin and nothing else."""
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def versions(cast) -> dict[str, int]:
    return {person.name.split()[0]: (await load_viewer(person.id)).access_version for person in cast.people}


async def whose_view_changes(cast, act) -> set[str]:
    before = await versions(cast)
    await act
    return {name for name, version in (await versions(cast)).items() if version != before[name]}


async def test_tree_has_counts_and_managers(cast, dora):
    told = {row["name"]: row for row in (await dora.get("/api/teams")).json()}

    assert list(told) == ["Halden", "Payments", "Payments API", "Support"]
    assert {name: (row["parent"], row["people"], row["below"]) for name, row in told.items()} == {
        "Halden": (None, 1, 7),
        "Payments": (1, 2, 3),
        "Payments API": (2, 1, 1),
        "Support": (1, 3, 3),
    }
    assert told["Payments"]["managers"] == [{"id": 1, "name": "Alice Okafor"}]  # Gone has been deactivated


async def test_team_is_added_under_another_and_seen_by_who_manages_above(cast, dora):
    async def add():
        assert (await dora.change("POST", "/api/teams", json={"name": "Cards", "parent": 3})).status_code == 201

    assert await whose_view_changes(cast, add()) == {"Alice", "Alma", "Gone"}
    team = (await Team.select(Team.id).where(Team.name == "Cards").first())["id"]
    assert team in (await load_viewer(cast.alice.id)).managed


async def test_team_is_renamed_and_nobodys_view_closes(cast, dora):
    async def rename():
        answer = await dora.change("PUT", "/api/teams/2", json={**PAYMENTS, "name": "  Payments & cards "})
        assert {row["name"]: row["version"] for row in answer.json()}["Payments & cards"] == 2

    assert await whose_view_changes(cast, rename()) == set()
    row = (await Audit.select().where(Audit.action == "team_changed").output(load_json=True))[0]
    assert (row["actor"], row["team"]) == (cast.dora.id, 2)
    assert row["detail"] == {"changed": {"name": {"old": "Payments", "new": "Payments & cards"}}}


async def test_team_moves_with_what_lies_under_it(cast, dora):
    async def move():
        answer = await dora.change("PUT", "/api/teams/2", json={**PAYMENTS, "parent": cast.support})
        assert answer.status_code == 200

    assert await whose_view_changes(cast, move()) == {"Maxim"}  # Alice sees what she saw, Alma is above both
    assert (await load_viewer(cast.maxim.id)).managed == {cast.support, cast.payments, cast.payments_api}


async def test_team_that_is_moved_away_is_out_of_sight(cast, dora):
    async def move():
        await dora.change("PUT", "/api/teams/3", json={"name": "Payments API", "parent": 4, "version": 1})

    assert await whose_view_changes(cast, move()) == {"Alice", "Maxim", "Gone"}
    assert (await load_viewer(cast.alice.id)).managed == {cast.payments}


@pytest.mark.parametrize(
    ("team", "change", "code"),
    [
        (2, {"parent": 2}, "team_circle"),
        (2, {"parent": 3}, "team_circle"),
        (2, {"parent": 99}, "team_unknown"),
        (2, {"parent": None}, "team_root"),
        (1, {"name": "Halden", "parent": 4}, "team_root"),
        (2, {"name": "support"}, "name_taken"),
        (2, {"name": "\u200b"}, "name_length"),
    ],
)
async def test_tree_stays_one(team, change, code, cast, dora):
    answer = await dora.change("PUT", f"/api/teams/{team}", json={**PAYMENTS, **change})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert [row["parent"] for row in await Team.select().order_by(Team.id)] == [None, 1, 2, 1]


async def test_two_teams_that_move_under_each_other_at_once_make_no_circle(cast, database):
    def move(team: int, name: str, parent: int):
        return teams.change(team, teams.TeamChange(name=name, parent=parent, version=1), cast.dora.id)

    outcomes = await both_at_once(database, "team", move(2, "Payments", 4), move(4, "Support", 2))

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Invalid)
    assert await people.teams_under(frozenset({cast.halden})) == {1, 2, 3, 4}


async def test_second_of_two_admins_is_told(cast, dora):
    first = await dora.change("PUT", "/api/teams/2", json={**PAYMENTS, "name": "Money"})
    second = await dora.change("PUT", "/api/teams/2", json={**PAYMENTS, "parent": 4})
    same = await dora.change("PUT", "/api/teams/2", json={**PAYMENTS, "name": "Money"})

    assert (first.status_code, second.status_code, same.status_code) == (200, 409, 200)
    assert (await Team.select().where(Team.id == 2).first())["parent"] == 1


async def test_empty_team_is_removed_and_comes_back(cast, dora):
    await people.move(cast.bea.id, cast.payments)

    async def remove():
        assert (await dora.change("DELETE", "/api/teams/3")).status_code == 204

    assert await whose_view_changes(cast, remove()) == {"Alice", "Alma", "Gone"}
    listed = [row["id"] for row in (await dora.get("/api/teams")).json()]
    found = await homes.directory()
    move = {"moves": [{"person": 2, "out_of": 2, "into": 3}]}
    assert listed == sorted(found.teams) == [1, 2, 4]
    assert 3 not in found.above
    assert (await dora.change("POST", "/api/people/move", json=move)).json()["code"] == "team_unknown"
    assert (await dora.change("PUT", "/api/teams/3", json={**PAYMENTS, "name": "x"})).status_code == 404
    assert (await dora.change("DELETE", "/api/teams/3")).status_code == 404
    stays = (await dora.get(f"/api/people/{cast.bea.id}")).json()["stays"]
    assert [stay["team"]["name"] for stay in stays] == ["Payments", "Payments API"]
    assert (await dora.change("POST", "/api/teams/3/restore")).status_code == 204
    assert (await dora.change("POST", "/api/people/move", json=move)).status_code == 204
    acts = await Audit.select(Audit.action).where(Audit.team == 3).order_by(Audit.id).output(as_list=True)
    assert acts == ["team_removed", "team_restored", "person_moved"]


@pytest.mark.parametrize(("team", "code"), [(1, "team_root"), (2, "team_used"), (3, "team_used"), (4, "team_used")])
async def test_team_in_use_stays(team, code, cast, dora):
    answer = await dora.change("DELETE", f"/api/teams/{team}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await Team.count().where(Team.removed_at.is_null()) == 4


async def test_team_that_has_only_a_manager_stays(cast, dora):
    team = await teams.add(teams.TeamForm(name="Ledger", manage=True), cast.alma.id)

    assert (await dora.change("DELETE", f"/api/teams/{team}")).json()["code"] == "team_used"


async def test_team_whose_name_was_given_away_does_not_come_back(cast, dora):
    team = await teams.add(teams.TeamForm(name="Ledger"), cast.dora.id)
    await teams.remove(team, cast.dora.id)
    await teams.add(teams.TeamForm(name="LEDGER"), cast.dora.id)

    assert (await dora.change("POST", f"/api/teams/{team}/restore")).json()["code"] == "name_taken"
    assert (await dora.change("POST", "/api/teams/4/restore")).status_code == 404


async def test_nobody_comes_into_a_team_while_it_is_removed(cast, database):
    team = await teams.add(teams.TeamForm(name="Ledger"), cast.dora.id)

    outcomes = await both_at_once(database, "team", teams.remove(team, cast.dora.id), people.move(cast.bob.id, team))

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Invalid)
    assert not await Membership.exists().where(Membership.team == team)


@pytest.mark.parametrize("team", [0, 99, 2**31, 2**70])
async def test_no_team_is_there_under_a_number_that_is_none(team, cast, dora):
    changed = await dora.change("PUT", f"/api/teams/{team}", json=PAYMENTS)
    removed = await dora.change("DELETE", f"/api/teams/{team}")
    restored = await dora.change("POST", f"/api/teams/{team}/restore")

    assert (changed.status_code, removed.status_code, restored.status_code) == (404, 404, 404)


async def test_tree_of_many_is_read_at_once(cast, database):
    async with connection() as held:
        await held.execute(
            "INSERT INTO team (name, parent) SELECT 'Team ' || n, 1 + n % 4 FROM generate_series(1, 500) n"
        )
        await held.execute(
            "INSERT INTO person (email, name) SELECT n || '@halden.example', 'Person ' || n FROM generate_series(1, 10000) n"
        )
        await held.execute("INSERT INTO membership (person, team) SELECT id, 5 + id % 500 FROM person WHERE id > 11")
    async with asyncio.timeout(30):
        rows = await teams.tree()

    assert len(rows) == 504
    assert next(row for row in rows if row.parent is None).below == 10_007


async def test_tree_is_so_deep_and_no_deeper(cast, dora, monkeypatch):
    monkeypatch.setattr(teams, "DEPTH_MAX", 4)
    cards = (await dora.change("POST", "/api/teams", json={"name": "Cards", "parent": cast.payments_api})).json()["id"]
    loans = (await dora.change("POST", "/api/teams", json={"name": "Loans", "parent": cast.support})).json()["id"]
    gone = (await dora.change("POST", "/api/teams", json={"name": "Gone", "parent": loans})).json()["id"]
    await dora.change("DELETE", f"/api/teams/{gone}")
    under = (await dora.change("POST", "/api/teams", json={"name": "Under", "parent": loans})).json()["id"]

    deeper = await dora.change("POST", "/api/teams", json={"name": "Deeper", "parent": cards})
    moved = {"name": "Loans", "parent": cast.payments_api, "version": 1}
    with_what_lies_under = await dora.change("PUT", f"/api/teams/{loans}", json=moved)
    await dora.change("PUT", f"/api/teams/{under}", json={"name": "Under", "parent": 1, "version": 1})
    alone = await dora.change("PUT", f"/api/teams/{loans}", json=moved)
    back = await dora.change("POST", f"/api/teams/{gone}/restore")

    for refused in (deeper, with_what_lies_under, back):
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (400, "team_deep", 4)
    assert alone.status_code == 200
