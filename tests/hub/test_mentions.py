"""The name and the address of who is erased, in what others wrote: found as words, counted, and taken out where nobody can edit it."""

import pytest

from hub import erasure, mentions
from hub.database import connection
from hub.mentions import LEFT_OUT, TEXTS, Named
from hub.tables import Audit

BOB = Named("Bob Brandt", "bob@halden.example", ["Alice Okafor", "Dora Mensah"])


@pytest.mark.parametrize(
    ("sought", "text", "emptied"),
    [
        (BOB, "BOB  brandt left", "[erased] left"),
        (BOB, "for Bob Brandt's team", "for [erased]'s team"),
        (BOB, "Bob\N{NO-BREAK SPACE}Brandt, and Brandt", "[erased], and [erased]"),
        (BOB, "\uff22\uff4f\uff42 Bra\N{SOFT HYPHEN}ndt", "[erased]"),
        (BOB, "ask Bob@Halden.Example.", "ask [erased]."),
        (BOB, "Bob alone, Bobby Brandtner, jim.bob@halden.example, bob@halden.example.org", None),
        (Named("José Núñez", "j@x.example", []), "Jose\u0301 Nu\u0301n\u0303ez", "[erased]"),
        (Named("Jose Nunez", "j@x.example", []), "José Núñez", None),
        (Named("Jose Nunez", "j@x.example", []), "Jose\u0301 Nunez\u0301", None),
        (Named("Max Straße", "m@x.example", []), "an MAX STRASSE", "an [erased]"),
        (Named("Nora O'Neill-Ray", "n@x.example", []), "Nora O’Neill‑Ray", "[erased]"),
        (Named("Bob Brandt", "b@x.example", ["Ida Brandt"]), "Brandt and Bob Brandt", "Brandt and [erased]"),
        (Named("Bo Lee", "b@x.example", []), "Lee, Bo Lee", "Lee, [erased]"),
        (Named("Sukarno", "s@x.example", []), "sukarno asked", "[erased] asked"),
        (Named("Ann", "a@x.example", ["Ann Smith"]), "Ann Smith asked", None),
        (Named("سالم حداد", "s@x.example", []), "طلب لسالم حدّاد ولحداد", "طلب لسالم حدّاد ول[erased]"),
        (Named("سالم حداد", "s@x.example", []), "طلب لسالم حداد", "طلب ل[erased]"),
        (Named("山田太郎", "y@x.example", []), "昨日山田太郎さんが", "昨日[erased]さんが"),
        (Named("홍길도", "h@x.example", []), "홍길동은", None),
    ],
)
def test_name_is_found_as_words_in_any_case_and_form(sought: Named, text: str, emptied: str | None) -> None:
    assert (sought.stand_in(text), sought.emptied(text)) == (emptied is not None, emptied or text)


async def test_every_column_of_text_is_looked_through_or_says_why_not(database) -> None:
    async with connection() as held:
        rows = await held.fetch(
            "SELECT relname || '.' || attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace AND attnum > 0 "
            "AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'text[]'::regtype, 'varchar[]'::regtype, 'json'::regtype, "
            "'jsonb'::regtype)"
        )
    listed = [f"{text.table}.{text.column}" for text in TEXTS]
    left_out = [name for names in LEFT_OUT.values() for name in names]

    assert {row["name"] for row in rows} == {*listed, *left_out}
    assert not set(listed) & set(left_out)
    assert len(left_out) == len(set(left_out))


WRITTEN = [
    "UPDATE organisation SET name = 'Halden and Brandt'",
    "UPDATE team SET name = 'Team of Bob Brandt' WHERE id = 4",
    "INSERT INTO team (name, removed_at) VALUES ('Brandt', now())",
    "INSERT INTO api_client (uid, name, scopes, teams) VALUES (gen_random_uuid(), 'Brandt sync', '{}', '{}')",
    "INSERT INTO api_client (uid, name, scopes, teams, disabled_at) VALUES (gen_random_uuid(), 'Old Brandt', '{}', '{}', now())",
    "UPDATE device SET name = 'lent by BOB BRANDT' WHERE person = 1",
    "UPDATE device SET name = 'Bob Brandt''s own' WHERE person = 2",
    "INSERT INTO policy_change (scope, version, old, new, reason) VALUES ('organisation', 1, '{}', '{}', 'Bob Brandt asked')",
    "INSERT INTO policy_change (scope, team, version, old, new, reason) VALUES ('team', 2, 1, '{}', '{}', 'Bob Brandt asked')",
    "INSERT INTO person_request (person, kind, wrong, wanted, due_on, answer, extended_reason) "
    "VALUES (3, 'correct', 'Brandt was it', 'ask bob@halden.example', now(), 'Bob Brandt says no', 'Brandt is away')",
    "INSERT INTO legal_hold (person, reason, lifted_reason) VALUES (3, 'v. Brandt', 'Brandt settled')",
    "INSERT INTO saved_view (person, name, query) VALUES (1, 'Bob Brandt', 'team=2&find=Bob+Brandt&sort=name'), (1, 'BRANDT', 'team=2')",
    "INSERT INTO enrolment_code (code_hash, uses_left, expires_at, label) VALUES ('x', 1, now(), 'for Brandt')",
    "INSERT INTO passkey (person, credential_id, public_key, sign_count, name) VALUES (1, 'x', '', 0, 'Brandt''s key')",
    "INSERT INTO personal_token (person, name, hashed, ends_with, scopes, expires_at) VALUES (1, 'for Brandt', '', '', '{}', now())",
]
NOT_EDITABLE = {
    "code": 1, "former_client": 1, "former_team": 1, "hold": 2, "passkey": 1, "policy": 2, "request": 4, "token": 1, "view": 3,
}  # fmt: skip


async def written() -> None:
    """Others wrote of Bob wherever they can."""
    async with connection() as held:
        for statement in WRITTEN:
            await held.execute(statement)


async def still_in() -> set[str]:
    """Where Bob's family name or address stands, of the columns that are looked through."""
    found = set()
    async with connection() as held:
        for text in TEXTS:
            said = await held.fetch(f'SELECT {text.column} FROM "{text.table}"')
            if any(word in row[0].lower() for row in said for word in ("brandt", "bob@")):
                found.add(f"{text.table}.{text.column}")
    return found


@pytest.fixture
async def dora(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def test_admin_reads_before_and_after_in_how_many_texts_of_others_they_stand(cast, dora) -> None:
    await written()
    before = await dora.get(f"/api/people/{cast.bob.id}/mentions")
    done = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json={"name": cast.bob.name})

    editable = [
        {"kind": "client", "count": 1, "links": ["/admin/clients"]},
        {"kind": "device", "count": 1, "links": [f"/devices?view=all&device={cast.device(cast.alice).uid}"]},
        {"kind": "organisation", "count": 1, "links": ["/set-up"]},
        {"kind": "team", "count": 1, "links": ["/people?view=teams&team=4"]},
    ]
    told = editable + [{"kind": kind, "count": count, "links": []} for kind, count in sorted(NOT_EDITABLE.items())]
    assert (before.status_code, before.json()) == (200, {"places": told})
    assert (done.json()["left"], done.json()["emptied"]) == (told, 0)
    assert await still_in() == {f"{text.table}.{text.column}" for text in TEXTS}


async def test_what_nobody_can_edit_is_emptied_with_the_erasure_where_the_admin_says_so(cast, dora) -> None:
    await written()
    body = {"name": cast.bob.name, "empty": True}
    done = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json=body)

    assert done.status_code == 200, done.text
    assert done.json()["emptied"] == sum(NOT_EDITABLE.values())
    assert [place["kind"] for place in done.json()["left"]] == ["client", "device", "organisation", "team"]
    assert await still_in() == {"organisation.name", "team.name", "api_client.name", "device.name"}
    async with connection() as held:
        reasons = await held.fetch("SELECT reason FROM policy_change")
        views = await held.fetch("SELECT name, query FROM saved_view ORDER BY id")
        teams = await held.fetch("SELECT name FROM team ORDER BY id")
    assert [row["reason"] for row in reasons] == ["[erased] asked"] * 2
    assert [row["query"] for row in views] == ["team=2&sort=name", "team=2"]
    assert {row["name"][:9].strip() for row in views} == {"[erased]"}
    assert len({row["name"] for row in views}) == 2  # one person's views have names of their own
    assert [row["name"] for row in teams][3:] == ["Team of Bob Brandt", "[erased]"]
    row = (await Audit.select().where(Audit.action == "person_erased").output(load_json=True))[0]
    assert row["detail"]["emptied"] == sum(NOT_EDITABLE.values())
    assert "brandt" not in str(row).lower()


async def test_accepted_request_empties_too_and_says_what_is_left(cast, dora, open_browser) -> None:
    await written()
    bob = open_browser()
    await bob.sign_in(cast.bob)
    made = (await bob.change("POST", "/api/me/requests", json={"kind": "erase"})).json()["requests"][0]
    body = {"accept": True, "reason": "Left", "name": cast.bob.name, "empty": True}
    done = (await dora.change("POST", f"/api/requests/{made['id']}/answer", json=body)).json()

    assert (done["emptied"], len(done["left"])) == (sum(NOT_EDITABLE.values()), 4)
    assert [request["person"] for request in done["requests"]] == [cast.bea.id]


async def test_erasure_that_fails_empties_nothing(cast, database, monkeypatch: pytest.MonkeyPatch) -> None:
    await written()

    async def fails(*_: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr(erasure, "_delete", fails)
    with pytest.raises(ConnectionAbortedError):
        await erasure.erase(cast.bob.id, cast.dora.id, empty=True)

    assert await still_in() == {f"{text.table}.{text.column}" for text in TEXTS}


async def test_text_that_says_something_else_by_now_is_left(cast, database) -> None:
    await written()
    async with connection() as held:
        sought = await mentions.named(held, cast.bob.id)
        found = await mentions.find(held, cast.bob.id, sought)
        await held.execute("UPDATE policy_change SET reason = 'Nobody asked' WHERE scope = 'team'")

        await mentions.empty(held, cast.bob.id, sought, found)

        assert await held.fetchval("SELECT reason FROM policy_change WHERE scope = 'team'") == "Nobody asked"
