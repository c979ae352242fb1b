"""Saved views are their owner's alone: fifty of them, each under a name of its own."""

import asyncio

import pytest

from hub.saved_views import NO_VIEW, VIEWS_MAX
from hub.tables import Audit, SavedView

MINE = {"name": "Idle for long", "query": "state=idle&sort=attention"}


@pytest.fixture
async def browser(cast, open_browser):
    """Bob's."""
    opened = open_browser()
    await opened.sign_in(cast.bob)
    return opened


async def test_view_is_kept_changed_and_deleted(browser):
    made = await browser.change("POST", "/api/views", json=MINE)
    view = made.json()["id"]
    listed = (await browser.get("/api/views")).json()
    changed = await browser.change("PUT", f"/api/views/{view}", json={"name": "Idle", "query": ""})
    relisted = (await browser.get("/api/views")).json()
    deleted = await browser.change("DELETE", f"/api/views/{view}")

    assert (made.status_code, changed.status_code, deleted.status_code) == (201, 200, 204)
    assert listed == [made.json()] == [{"id": view, **MINE}]
    assert relisted == [changed.json()] == [{"id": view, "name": "Idle", "query": ""}]
    assert (await browser.get("/api/views")).json() == []
    assert (await browser.change("DELETE", f"/api/views/{view}")).status_code == 404


async def test_views_are_listed_by_name(browser):
    for name in ("beta", "Alpha", "Émile", "gamma"):
        await browser.change("POST", "/api/views", json={**MINE, "name": name})

    assert [view["name"] for view in (await browser.get("/api/views")).json()] == ["Alpha", "beta", "gamma", "Émile"]


async def test_whole_cast_tries_bobs_view(cast, browser, open_browser):
    view = (await browser.change("POST", "/api/views", json=MINE)).json()["id"]
    outcome = {}
    for person in cast.people[:9]:
        theirs = open_browser()
        await theirs.sign_in(person)
        listed = [each["id"] for each in (await theirs.get("/api/views")).json()]
        changed = await theirs.change("PUT", f"/api/views/{view}", json={**MINE, "query": f"by={person.id}"})
        outcome[person.name.split()[0]] = (listed, changed.status_code)
    for person in cast.people[:9]:
        if person != cast.bob:
            theirs = open_browser()
            await theirs.sign_in(person)
            refused = await theirs.change("DELETE", f"/api/views/{view}")
            assert (refused.status_code, refused.json()["title"]) == (404, NO_VIEW)

    assert outcome.pop("Bob") == ([view], 200)
    assert set(map(str, outcome.values())) == {str(([], 404))}
    assert (await SavedView.select().first())["query"] == f"by={cast.bob.id}"
    denied = await Audit.select().where(Audit.action == "denied").output(load_json=True)
    assert {(row["subject"], row["detail"]["wanted"]) for row in denied} == {(cast.bob.id, "keep_views")}
    assert len(denied) == 16
    for method, path in (
        ("GET", "/api/views"),
        ("POST", "/api/views"),
        ("PUT", f"/api/views/{view}"),
        ("DELETE", f"/api/views/{view}"),
    ):
        assert (await open_browser().change(method, path, json=MINE)).status_code == 401


@pytest.mark.parametrize("view", ["999", "0", str(2**31), str(10**30), "x"])
async def test_view_that_is_not_there_is_a_404(view, browser):
    assert (await browser.change("PUT", f"/api/views/{view}", json=MINE)).status_code == 404
    assert (await browser.change("DELETE", f"/api/views/{view}")).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \u200b"),
        ("name", "x" * 81),
        ("name", None),
        ("query", "?state=idle"),
        ("query", "x" * 501),
        ("query", "a=\x00"),
        ("query", "a=\nb"),
        ("query", 5.5),
    ],
)
async def test_wrong_view_is_refused_by_field(field, value, browser):
    view = (await browser.change("POST", "/api/views", json=MINE)).json()["id"]

    made = await browser.change("POST", "/api/views", json={**MINE, "name": "Another", field: value})
    changed = await browser.change("PUT", f"/api/views/{view}", json={**MINE, field: value})

    assert [(answer.status_code, answer.json()["field"]) for answer in (made, changed)] == [(400, field)] * 2
    assert [each["name"] for each in (await browser.get("/api/views")).json()] == [MINE["name"]]


@pytest.mark.parametrize("name", ["idle for LONG", " Idle  for long "])
async def test_name_is_there_once_whatever_its_case(name, cast, browser, open_browser):
    await browser.change("POST", "/api/views", json=MINE)
    other = (await browser.change("POST", "/api/views", json={**MINE, "name": "Other"})).json()["id"]
    alice = open_browser()
    await alice.sign_in(cast.alice)

    made = await browser.change("POST", "/api/views", json={**MINE, "name": name})
    renamed = await browser.change("PUT", f"/api/views/{other}", json={**MINE, "name": name})

    refused = [(answer.status_code, answer.json()["field"], answer.json()["code"]) for answer in (made, renamed)]
    assert refused == [(400, "name", "view_taken")] * 2
    assert (await alice.change("POST", "/api/views", json={**MINE, "name": name})).status_code == 201


async def test_view_may_be_given_its_own_name_in_another_case(browser):
    view = (await browser.change("POST", "/api/views", json=MINE)).json()["id"]

    assert (
        await browser.change("PUT", f"/api/views/{view}", json={**MINE, "name": "IDLE for long"})
    ).status_code == 200


async def test_fifty_views_are_as_many_as_there_can_be_also_at_once(cast, browser):
    await SavedView.insert(
        *(SavedView(person=cast.bob.id, name=f"View {n}", query="") for n in range(VIEWS_MAX - 2)),
        *(SavedView(person=cast.alice.id, name=f"View {n}", query="") for n in range(5)),
    )
    await browser.csrf()

    answers = await asyncio.gather(
        *(browser.change("POST", "/api/views", json={**MINE, "name": f"One more {n}"}) for n in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 201, 400, 400, 400]
    assert len((await browser.get("/api/views")).json()) == VIEWS_MAX
