"""What the audit says of somebody is sealed under a key of theirs, and is gone with it, while the chain holds."""

import asyncio
import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import audit, chain, erasure, subject_keys
from hub.audit_file import check_file, lines
from hub.chain import signing_key
from hub.database import connection, transaction
from hub.errors import StartError
from hub.settings import Settings
from hub.tables import Audit
from tests.owner import owning


async def zone_of_bob_changes(cast) -> None:
    async with transaction() as held:
        told = await subject_keys.sealed(
            held,
            cast.bob.id,
            changed={"zone": audit.Changed("Europe/Oslo", "Asia/Tokyo"), "name": audit.Changed("B", "Bob")},
        )
        await audit.record("person_changed", cast.dora.id, cast.bob.id, fields="zone name", **told)


async def key_of_bob_is_destroyed(cast) -> None:
    async with connection() as held:
        await held.execute("DELETE FROM subject_key WHERE person = $1", cast.bob.id)


async def told_to_auditor(cast, open_browser) -> dict[str, object]:
    browser = open_browser()
    await browser.sign_in(cast.audrey)
    entries = (await browser.get("/api/audit", params={"act": "person_changed"})).json()["entries"]
    return entries[0]["detail"]


async def test_row_holds_no_value_in_clear_and_readers_see_it_until_the_key_is_destroyed(
    cast, open_browser, settings: Settings
) -> None:
    await zone_of_bob_changes(cast)
    kept = (await Audit.select(Audit.detail).where(Audit.action == "person_changed"))[0]["detail"]

    before = await told_to_auditor(cast, open_browser)
    await chain.seal(signing_key(settings.secret))
    await key_of_bob_is_destroyed(cast)
    after = await told_to_auditor(cast, open_browser)

    assert "Tokyo" not in kept
    assert json.loads(kept).keys() == {"fields", "sealed"}
    assert before == {
        "fields": "zone name",
        "changed": {"zone": {"old": "Europe/Oslo", "new": "Asia/Tokyo"}, "name": {"old": "B", "new": "Bob"}},
    }
    assert after == {"fields": "zone name", "erased": True}
    assert (await chain.check(signing_key(settings.secret).public_key())).broken is None


async def test_exported_file_holds_it_sealed_and_proves_itself_without_any_key(
    cast, settings: Settings, tmp_path: Path
) -> None:
    await zone_of_bob_changes(cast)
    await chain.seal(signing_key(settings.secret))
    await key_of_bob_is_destroyed(cast)
    signing = signing_key(settings.secret)

    whole = b"".join([line async for line in lines(signing, chain.links())])
    file = tmp_path / "audit.jsonl"
    file.write_bytes(whole)

    assert b"Tokyo" not in whole
    assert b"sealed" in whole
    assert check_file(file, signing.public_key())[0].broken is None


async def test_person_takes_it_with_them_in_clear(cast, open_browser) -> None:
    await zone_of_bob_changes(cast)
    browser = open_browser()
    await browser.sign_in(cast.bob)

    packed = zipfile.ZipFile(io.BytesIO((await browser.get("/api/me/export")).content))

    acts = {row["action"]: row for row in csv.DictReader(io.StringIO(packed.read("acts.csv").decode()))}
    assert "Asia/Tokyo" in acts["person_changed"]["detail"]
    assert set(acts["person_changed"]) == {"at", "action", "who", "about", "team", "detail"}


async def test_who_changed_something_of_others_does_not_take_that_with_them(cast, open_browser) -> None:
    await zone_of_bob_changes(cast)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    packed = zipfile.ZipFile(io.BytesIO((await browser.get("/api/me/export")).content))

    acts = {row["action"]: row for row in csv.DictReader(io.StringIO(packed.read("acts.csv").decode()))}
    assert json.loads(acts["person_changed"]["detail"]) == {"fields": "zone name"}


async def test_key_that_two_make_at_once_is_one(cast, open_browser) -> None:
    await asyncio.gather(*(zone_of_bob_changes(cast) for _ in range(5)))

    async with connection() as held:
        rows = await held.fetch("SELECT subject, detail::text FROM audit WHERE action = 'person_changed'")
        opened = await subject_keys.opener(held, [cast.bob.id])
        told = [opened(row["subject"], row["detail"]) for row in rows]
        keys = await held.fetchval("SELECT count(*) FROM subject_key")
    assert keys == 1
    assert [each["changed"]["zone"]["new"] for each in told] == ["Asia/Tokyo"] * 5


async def test_of_somebody_erased_no_key_is_made(cast, database) -> None:
    async with transaction() as held:
        await held.execute(erasure._TOMBSTONE, cast.bob.id, datetime.now(UTC))
        told = await subject_keys.sealed(held, cast.bob.id, changed="secret")

    assert told == {"erased": True}
    async with connection() as held:
        assert await held.fetchval("SELECT count(*) FROM subject_key") == 0


async def test_looks_need_no_key(cast, database) -> None:
    await audit.record_person_look(cast.alice.id, cast.bob.id, None)

    async with connection() as held:
        assert await held.fetchval("SELECT count(*) FROM subject_key") == 0


async def test_keys_of_another_secret_are_not_taken_for_erased(cast, settings: Settings) -> None:
    await zone_of_bob_changes(cast)
    subject_keys.use("another secret, as long as it should be")

    async with transaction() as held:
        opened = await subject_keys.opener(held, [cast.bob.id])
        told = opened(
            cast.bob.id, await held.fetchval("SELECT detail::text FROM audit WHERE action = 'person_changed'")
        )
        with pytest.raises(StartError, match="DAYLIGHT_SECRET"):
            await subject_keys.sealed(held, cast.bob.id, changed="secret")
    subject_keys.use(settings.secret)

    assert told == {"fields": "zone name", "unreadable": True}


@pytest.mark.parametrize(
    "done",
    [
        "UPDATE subject_key SET wrapped = decode('00', 'hex')",
        "UPDATE subject_key SET wrapped = overlay(wrapped PLACING decode('00', 'hex') FROM 20)",
        "UPDATE audit SET detail = jsonb_set(detail, '{sealed}', '\"AAAA\"') WHERE action = 'person_changed'",
        "UPDATE audit SET detail = jsonb_set(detail, '{sealed}', '\"%\"') WHERE action = 'person_changed'",
        "UPDATE audit SET detail = jsonb_set(detail, '{sealed}', '7') WHERE action = 'person_changed'",
    ],
)
async def test_what_was_changed_and_does_not_open_is_told_as_that_and_hides_nothing_else(
    cast, open_browser, done: str
) -> None:
    await zone_of_bob_changes(cast)
    async with owning() as held:
        await held.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await held.execute(done)
        await held.execute("ALTER TABLE audit ENABLE TRIGGER USER")

    assert await told_to_auditor(cast, open_browser) == {"fields": "zone name", "unreadable": True}
