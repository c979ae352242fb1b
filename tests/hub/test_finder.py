"""The finder: whom each of the cast finds, by which letters, and in which order."""

import time

import pytest

from hub.auth.access import load_viewer
from hub.database import connection
from hub.finder import FOUND_MAX, look_up
from hub.tables import Audit, Membership, Person, Team


async def found(viewer, text: str) -> list[str]:
    known = await load_viewer(viewer.id)
    assert known is not None
    return [person.name for person in (await look_up(known, text)).people]


async def add(cast, *names: str) -> None:
    for name in names:
        added = await Person.insert(Person(email=f"{len(name)}{hash(name)}@more.example", name=name)).returning(
            Person.id
        )
        await Membership.insert(Membership(person=added[0]["id"], team=cast.payments, since_at=cast.joined))


async def test_whole_cast_finds_whom_they_may_see_now_and_themselves(cast, open_browser):
    outcome = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        told = (await browser.get("/api/directory", params={"find": ""})).json()
        outcome[person.name.split()[0]] = (
            {each["id"] for each in told["people"]},
            {each["id"] for each in told["teams"]},
        )

    assert outcome == {
        "Alice": ({1, 2, 3}, {2, 3}), "Bob": ({2}, set()), "Bea": ({3}, set()), "Charlie": ({4}, set()),
        "Maxim": ({4, 5, 9}, {4}), "Dora": ({6}, set()), "Alma": ({1, 2, 3, 4, 5, 7, 8, 9}, {1, 2, 3, 4}),
        "Audrey": ({8}, set()), "Rita": ({9}, set()),
    }  # fmt: skip
    assert (await open_browser().get("/api/directory")).status_code == 401
    assert await Audit.count().where(Audit.action.like("look%")) == 0


async def test_found_are_told_with_their_team(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alice)

    assert (await browser.get("/api/directory", params={"find": "PAY"})).json() == {
        "people": [],
        "teams": [{"id": cast.payments, "name": "Payments"}, {"id": cast.payments_api, "name": "Payments API"}],
    }
    assert (await browser.get("/api/directory", params={"find": "bea"})).json()["people"] == [
        {"id": cast.bea.id, "name": "Bea Menon", "team": {"id": cast.payments_api, "name": "Payments API"}}
    ]
    assert (await browser.get("/api/directory", params={"find": "x" * 101})).status_code == 400


async def test_oneself_is_found_without_a_team(cast, database):
    assert await found(cast.dora, "dora") == ["Dora Mensah"]


async def test_beginning_of_a_word_goes_before_what_lies_within_one(cast, database):
    await add(cast, "Zoe Andersen", "Hanna Ek", "Ann-Marie Dahl", "Joanna Berg", "Marian Annis")

    assert await found(cast.alice, "ann") == ["Ann-Marie Dahl", "Marian Annis", "Hanna Ek", "Joanna Berg"]
    assert await found(cast.alice, "mar") == ["Ann-Marie Dahl", "Marian Annis"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Mateusz Zieliński", "zielinski"),
        ("Tomás Herrera", "TOMAS"),
        ("Tomas Herrera", "Tomás"),
        ("Mikkel Sørensen", "sorensen"),
        ("Jörg Weiß", "weiss"),
        ("Łukasz Kot", "lukasz"),
        ("Сергей Ёлкин", "елкин"),
        ("Zoë Quinn", "quinn zoe"),
        ("Anne-Marie O’Neill", "marie o'neill"),
        ("İpek Işık", "ipek isik"),
        ("Ångström 100%", "100%"),
        ("back\\slash", "k\\s"),
    ],
)
async def test_names_are_found_without_case_and_accents(name, typed, cast, database):
    await add(cast, name)

    assert await found(cast.alice, typed) == [name]


@pytest.mark.parametrize("typed", ["%", "\\", "100_", "\x00zzz", "bob bea", "no-one"])
async def test_what_nobody_is_called_finds_nobody(typed, cast, database):
    assert await found(cast.alice, typed) == []


async def test_who_left_or_was_deactivated_is_not_found(cast, database):
    assert await found(cast.alice, "rita") == []
    assert await found(cast.alma, "gone") == []
    assert await found(cast.maxim, "rita") == ["Rita Haddad"]


async def test_eight_are_found_at_the_most_among_ten_thousand(cast, database, record_property):
    async with connection() as held:
        await held.execute(
            "INSERT INTO person (email, name) "
            "SELECT 'p' || n || '@many.example', 'Person ' || n || ' Nørgaard' FROM generate_series(1, 10000) n;"
            "INSERT INTO membership (person, team, since_at) SELECT id, 2, now() FROM person WHERE email LIKE '%@many.example';"
            "ANALYZE person, membership"
        )
    await Team.insert(*(Team(name=f"Team {n}", parent=cast.payments) for n in range(20)))
    viewer = await load_viewer(cast.alice.id)
    assert viewer is not None
    began = time.perf_counter()
    some = [await look_up(viewer, text) for text in ("", "norg", "9999", "nobody")]
    each_ms = (time.perf_counter() - began) / 4 * 1000

    assert [len(each.people) for each in some] == [FOUND_MAX, FOUND_MAX, 1, 0]
    assert len(some[0].teams) == FOUND_MAX
    record_property("figure", f"finder among 10,000 people: {each_ms:.0f} ms a search")
