"""What auditors read of the audit, and what they take with them."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from hub import anchors, audit, chain
from hub.audit_file import check_file
from hub.auth.access import ACTIONS
from hub.chain import signing_key
from hub.database import connection
from hub.policies.settings import Ceiling, PolicySettings, Scope
from hub.settings import Settings
from hub.tables import Audit
from tests.owner import owning


async def test_audit_is_told_newest_first_with_names_and_places(cast, open_browser, settings: Settings) -> None:
    await audit.record("role_granted", cast.dora.id, cast.bob.id, cast.support, role="manager")
    await chain.seal(signing_key(settings.secret))
    browser = open_browser()
    await browser.sign_in(cast.audrey)

    told = (await browser.get("/api/audit")).json()

    sign_in, granted = told["entries"]
    assert (sign_in["act"], sign_in["by"]["name"], sign_in["place"]) == ("sign_in", cast.audrey.name, None)
    assert (granted["act"], granted["by"], granted["about"], granted["team"], granted["detail"], granted["place"]) == (
        "role_granted",
        {"id": cast.dora.id, "name": cast.dora.name},
        {"id": cast.bob.id, "name": cast.bob.name},
        {"id": cast.support, "name": "Support"},
        {"role": "manager"},
        1,
    )
    assert not told["more"]


async def test_audit_is_found_by_act_person_name_and_time(cast, open_browser) -> None:
    bob, alice, dora = cast.bob.id, cast.alice.id, cast.dora.id
    await audit.record("role_granted", dora, bob, role="manager")
    at = await audit.record("look_person", alice, bob)
    await audit.record("look_person", alice, cast.bea.id)
    browser = open_browser()
    await browser.sign_in(cast.remy)

    async def found(**asked: str | int | list[str]) -> list[tuple[str, int | None]]:
        entries = (await browser.get("/api/audit", params=asked)).raise_for_status().json()["entries"]
        return [(entry["act"], entry["about"] and entry["about"]["id"]) for entry in entries]

    assert await found(act=["look_person"]) == [("look_person", cast.bea.id), ("look_person", bob)]
    assert await found(act=["look_person", "role_granted"], person=bob) == [("look_person", bob), ("role_granted", bob)]
    assert await found(find="OKAFOR ") == [("look_person", cast.bea.id), ("look_person", bob)]
    assert await found(find="%") == []
    assert await found(act=["nothing_of_the_kind"]) == []
    assert await found(since=at.isoformat(), until=(at + timedelta(microseconds=1)).isoformat()) == [
        ("look_person", bob)
    ]
    first = (await browser.get("/api/audit", params={"limit": 2})).json()
    rest = (await browser.get("/api/audit", params={"before": first["entries"][-1]["id"]})).json()
    assert (len(first["entries"]), first["more"], len(rest["entries"]), rest["more"]) == (2, True, 2, False)


BAD = [{"since": "2026-05-04T09:15:00"}, {"until": "yesterday"}, {"person": 0}, {"limit": 201}, {"find": "x" * 101}]


@pytest.mark.parametrize("asked", BAD)
async def test_bad_questions_are_refused(cast, open_browser, asked) -> None:
    browser = open_browser()
    await browser.sign_in(cast.audrey)

    answer = await browser.get("/api/audit", params=asked)

    assert answer.status_code == 400
    assert next(iter(asked)) in str(answer.json())


async def test_export_is_a_file_that_proves_itself_and_an_act_in_the_audit(
    cast, open_browser, settings: Settings, tmp_path: Path
) -> None:
    signing = signing_key(settings.secret)
    for n in range(3):
        await audit.record("sign_out", n, n)
    await chain.seal(signing)
    browser = open_browser()
    await browser.sign_in(cast.audrey)
    answer = await browser.get("/api/audit/export")

    path = tmp_path / "audit.jsonl"
    path.write_bytes(answer.content)
    assert "attachment" in answer.headers["content-disposition"]
    verdict, _ = check_file(path, signing.public_key())
    assert (verdict.position, verdict.broken) == (3, None)
    assert await Audit.count().where(Audit.action == "audit_exported", Audit.actor == cast.audrey.id) == 1


async def test_a_list_that_is_saved_as_a_file_is_an_act_in_the_audit(cast, open_browser) -> None:
    audrey, dora = open_browser(), open_browser()
    await audrey.sign_in(cast.audrey)
    await dora.sign_in(cast.dora)

    saved = [
        (await audrey.change("POST", "/api/exports", json={"of": "audit"})).status_code,
        (await dora.change("POST", "/api/exports", json={"of": "people"})).status_code,
        (await dora.change("POST", "/api/exports", json={"of": "devices"})).status_code,
        (await dora.change("POST", "/api/exports", json={"of": "walls"})).status_code,
    ]

    assert saved == [204, 204, 204, 400]
    told = (await audrey.get("/api/audit?act=list_exported")).json()["entries"]
    assert [(row["by"]["name"], row["detail"]) for row in told] == [
        (cast.dora.name, {"list": "devices"}),
        (cast.dora.name, {"list": "people"}),
        (cast.audrey.name, {"list": "audit"}),
    ]


async def test_taking_all_of_it_asks_for_a_fresh_proof(cast, open_browser) -> None:
    browser = open_browser()
    await browser.sign_in(cast.audrey)
    async with connection() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() - interval '1 hour'")

    answer = await browser.get("/api/audit/export")

    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_proof")


async def test_chain_says_how_it_stands_and_what_the_check_found(cast, open_browser, settings: Settings) -> None:
    await audit.record("sign_out", 1, 1)
    await chain.seal(signing_key(settings.secret))
    browser = open_browser()
    await browser.sign_in(cast.audrey)

    before = (await browser.get("/api/audit/chain")).json()
    assert (before["rows"], before["waiting"], before["checked"], before["checking"]) == (1, 1, None, False)
    assert (await browser.change("POST", "/api/audit/chain/check")).status_code == 202
    assert (await browser.get("/api/audit/chain")).json()["checking"]
    assert await anchors.check_audit(None, settings.secret) == anchors.Checked(1, "")
    async with owning() as held:
        await held.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await held.execute("UPDATE audit SET actor = 2 WHERE id = 1")
        await held.execute("ALTER TABLE audit ENABLE TRIGGER USER")
    assert await anchors.check_audit(None, settings.secret) == anchors.Checked(
        0, "place 1, row 1: it is not what was sealed"
    )


def test_page_has_words_and_a_kind_for_every_act() -> None:
    sources = Path(__file__).parents[2] / "web" / "src"
    words = json.loads((sources / "i18n" / "en" / "audit.json").read_text())["act"]
    kinds = (sources / "audit" / "api.ts").read_text().split("export const ACTS = {")[1].split("} as const")[0]

    for language in ("en", "ar"):
        told = json.loads((sources / "i18n" / language / "audit.json").read_text())
        assert {*PolicySettings.__struct_fields__, *Ceiling.__struct_fields__} <= told["detail"].keys()
        assert {*ACTIONS, *get_args(Scope)} <= told["value"].keys()
    acts = sorted(get_args(audit.Act))
    assert sorted(words) == acts
    assert sorted(re.findall(r'"(\w+)"', kinds)) == acts
