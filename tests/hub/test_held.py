"""What somebody takes with them: everything that is held about them, and nothing that is not theirs."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub import audit, held
from hub.database import connection
from hub.retention import make_days
from hub.rollups.job import roll_up
from hub.tables import Audit

from .stored import slept, store, worked

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def taken(open_browser, person) -> dict[str, bytes]:
    browser = open_browser()
    await browser.sign_in(person)
    answer = await browser.get("/api/me/export")
    assert answer.status_code == 200, answer.text
    assert re.fullmatch(r'attachment; filename="daylight-\d{4}-\d\d-\d\d.zip"', answer.headers["content-disposition"])
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    return {name: packed.read(name) for name in packed.namelist()}


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode())))


async def test_archive_has_all_that_devices_told_and_what_was_made_of_it(cast, open_browser) -> None:
    bob, alice = cast.device(cast.bob), cast.device(cast.alice)
    await store(
        bob, [worked(at(0), at(1), app="Code"), slept(at(1), at(10)), worked(at(10), at(11), app="=cmd()")], at(20)
    )
    await store(alice, [worked(at(0), at(1), app="Alice's own")], at(20))
    await roll_up(at(30))

    found = await taken(open_browser, cast.bob)

    told = rows(found["activity.csv"])
    assert [(row["app"], row["started_at"], row["nothing_was_seen"]) for row in told] == [
        ("Code", f"{at(0):%Y-%m-%dT%H:%M:%SZ}", "no"),
        ("", f"{at(1):%Y-%m-%dT%H:%M:%SZ}", "yes"),
        ("'=cmd()", f"{at(10):%Y-%m-%dT%H:%M:%SZ}", "no"),
    ]
    assert sum(float(row["seconds"]) for row in rows(found["days.csv"]) if row["state"] == "active") == 120
    assert rows(found["person.csv"])[0]["email"] == cast.bob.email
    assert [row["team"] for row in rows(found["teams.csv"])] == ["Payments"]
    assert "Alice's own" not in str(found)


async def test_json_has_the_same_rows_as_csv_with_types_and_texts_as_they_were(cast, open_browser) -> None:
    await store(cast.device(cast.bob), [worked(at(0), at(1), app="=cmd()")], at(20))
    await roll_up(at(30))
    hours = {"days": [0, 1], "from_min": 540, "until_min": 1020}
    async with connection() as open_connection:
        await open_connection.execute(
            "UPDATE person SET working_hours = $2::jsonb WHERE id = $1",
            cast.bob.id,
            msgspec.json.encode(hours).decode(),
        )
        await open_connection.execute(
            "INSERT INTO personal_token (person, name, hashed, ends_with, scopes, expires_at) "
            "VALUES ($1, 'Mine', 'x', 'x', '{teams:read,people:read}', now())",
            cast.bob.id,
        )

    found = await taken(open_browser, cast.bob)
    parsed = {part.name: msgspec.json.decode(found[part.in_json]) for part in held.PARTS}

    assert {name: len(told) for name, told in parsed.items()} == {name: len(rows(found[name])) for name in parsed}
    for name, told in parsed.items():
        assert [list(row) for row in told] == [list(row) for row in rows(found[name])], name
    [activity] = parsed["activity.csv"]
    assert (activity["app"], activity["nothing_was_seen"], activity["site"]) == ("=cmd()", False, None)
    assert parsed["days.csv"][0]["seconds"] == 60
    assert parsed["person.csv"][0]["working_hours"] == hours
    assert parsed["tokens.csv"][0]["scopes"] == ["teams:read", "people:read"]
    assert isinstance(parsed["acts.csv"][-1]["detail"], dict)


async def test_archive_says_who_looked_and_what_was_done(cast, open_browser) -> None:
    await audit.record_person_look(cast.alice.id, cast.bob.id, None)
    await audit.record_person_look(cast.alice.id, cast.bea.id, None)
    await audit.record("role_granted", cast.dora.id, cast.bob.id, cast.support, role="manager")

    found = await taken(open_browser, cast.bob)

    assert [(row["who"], row["what"]) for row in rows(found["looks.csv"])] == [(cast.alice.name, "person")]
    acts = [(row["action"], row["who"]) for row in rows(found["acts.csv"])]
    assert ("role_granted", cast.dora.name) in acts
    assert ("data_exported", cast.bob.name) in acts
    assert await Audit.count().where(Audit.action == "data_exported", Audit.subject == cast.bob.id) == 1


async def test_pages_lose_nothing_and_repeat_nothing_where_devices_tell_of_the_same_instants(
    cast, open_browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "PAGE", 7)
    device, second = cast.device(cast.bob), replace(cast.device(cast.bea), person=cast.bob.id)
    async with connection() as open_connection:
        await open_connection.execute("UPDATE device SET person = $1 WHERE id = $2", cast.bob.id, second.id)
    same = [worked(at(n), at(n + 1), app=f"app {n}") for n in range(20)]
    await store(device, same, at(60))
    await store(second, same, at(60))

    found = await taken(open_browser, cast.bob)
    told, objects = rows(found["activity.csv"]), msgspec.json.decode(found["json/activity.json"])

    assert len(told) == 40
    assert len({(row["device"], row["started_at"]) for row in told}) == 40
    assert {(row["device"], row["started_at"]) for row in objects} == {
        (int(row["device"]), row["started_at"]) for row in told
    }
    assert len(objects) == 40


async def test_days_that_are_kept_beside_the_others_for_a_hold_are_in_it(cast, open_browser) -> None:
    long_ago = at(0) - timedelta(days=2)
    await store(cast.device(cast.bob), [worked(long_ago, long_ago + timedelta(minutes=1), app="Then")], at(60))
    await store(cast.device(cast.bob), [worked(at(0), at(1), app="Now")], at(60))
    async with connection() as open_connection:
        for day in (long_ago - timedelta(days=1), long_ago):  # the first has nothing of Bob's
            await make_days([day.date()])
            await open_connection.execute(f'ALTER TABLE "interval" DETACH PARTITION interval_{day:%Y%m%d}')

    told = rows((await taken(open_browser, cast.bob))["activity.csv"])

    assert [row["app"] for row in told] == ["Then", "Now"]


async def test_readme_names_every_file_and_no_secret_is_in_any(cast, open_browser) -> None:
    found = await taken(open_browser, cast.bob)

    readme, contents = found["README.txt"].decode(), msgspec.json.decode(found["contents.json"])
    assert all(part.name in readme and part.says in readme for part in held.PARTS)
    arabic = found["README.ar.txt"].decode()
    assert all(part.name in arabic and held.ARABIC[part.name] in arabic for part in held.PARTS)
    assert all(f"{name}: {held.ARABIC[name]}" in arabic for name in held.LEFT_OUT)
    assert set(found) == {"README.txt", "README.ar.txt", "contents.json", *contents["rows"]}
    heads = " ".join(found[part.name].decode().splitlines()[0] for part in held.PARTS)
    assert not re.search(r"hash|sealed|secret|public_key|credential", heads)


async def test_every_table_with_rows_of_a_person_is_in_it_or_left_out_with_a_reason(database: str) -> None:
    async with connection() as open_connection:
        tables = {
            row["table_name"]
            for row in await open_connection.fetch(
                "SELECT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name AND NOT relispartition "
                "WHERE table_schema = 'public' AND column_name IN ('person', 'subject', 'device') AND relkind IN ('r', 'p')"
            )
        }
    asked = set(re.findall(r'(?:FROM|JOIN) "?(\w+)', " ".join(part.asked for part in held.PARTS)))

    assert tables - asked - set(held.LEFT_OUT) == set()
    assert set(held.LEFT_OUT) <= tables
    assert not asked & set(held.LEFT_OUT)


async def test_it_asks_for_a_fresh_proof(cast, open_browser) -> None:
    browser = open_browser()
    await browser.sign_in(cast.bob)
    async with connection() as open_connection:
        await open_connection.execute("UPDATE sign_in SET proved_at = now() - interval '1 hour'")

    answer = await browser.get("/api/me/export")

    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_proof")
