"""The page Security: the access table as `may` decides it, the limits in force, and who was refused lately."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hub import security
from hub.auth import clients, limits
from hub.auth.access_table import RELATIONS, VIEWERS, table
from hub.database import connection


async def test_table_is_that_of_the_documents(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)

    told = (await browser.get("/api/security")).json()

    ticks = sum(len(actions) for row in told["access"] for actions in row["may"].values())
    assert told["roles"] == list(VIEWERS)
    assert [row["about"] for row in told["access"]] == list(RELATIONS)
    assert ticks == table().count("✓")
    assert "deactivated admin and manager" not in str([row["may"] for row in told["access"]])


async def test_limits_are_those_in_force(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.remy)

    told = (await browser.get("/api/security")).json()

    sign_ins = next(row for row in told["limits"] if (row["what"], row["by"]) == ("sign_ins", "address"))
    assert sign_ins == {"what": "sign_ins", "by": "address", "times": 300, "minutes": 5, "closed": True}
    assert {row["times"] for row in told["limits"]} >= {
        limits.REQUESTS_BY_PERSON.amount,
        limits.SIGN_INS_BY_MAIL.amount,
    }
    assert {row["what"] for row in told["limits"] if row["closed"]} == {
        "sign_ins", "wrong_codes", "wrong_links", "forgotten", "mails",
    }  # fmt: skip
    assert (told["idle_h"], told["signed_in_days"]) == (12, 30)


async def test_refusals_are_told_newest_first_with_names_and_in_pages(cast, open_browser):
    bob, audrey = open_browser(), open_browser()
    await bob.sign_in(cast.bob, "wrong password")
    await bob.sign_in(cast.bob)
    await bob.get("/api/people/1/now")
    mine = {"name": "Mine", "zone": "UTC", "expected_min": [0] * 7, "version": 1}
    await bob.change("PUT", "/api/organisation", json=mine)
    await audrey.sign_in(cast.audrey)

    told = (await audrey.get("/api/security/refusals", params={"limit": 2})).json()
    rest = (await audrey.get("/api/security/refusals", params={"before": told["refusals"][-1]["id"]})).json()

    bobs = {"id": cast.bob.id, "name": cast.bob.name}
    assert [(row["what"], row["wanted"], row["by"]) for row in told["refusals"]] == [
        ("denied", "configure", bobs), ("denied", "see_activity", bobs),
    ]  # fmt: skip
    assert told["refusals"][1]["about"] == {"id": cast.alice.id, "name": cast.alice.name}
    assert told["more"]
    assert [(row["what"], row["by"], row["about"]) for row in rest["refusals"]] == [("sign_in_failed", None, bobs)]
    assert not rest["more"]


async def test_refused_program_is_named(cast, settings, open_browser):
    form = clients.ClientForm("Payroll", ["activity:read"], [cast.payments])
    named = (await clients.make(form, cast.dora.id)).client
    token = clients.sign(settings, str(named.client_id), "activity:read", datetime.now(UTC))
    await open_browser().get(f"/api/v1/people/{cast.charlie.id}/now", headers={"authorization": f"Bearer {token}"})
    audrey = open_browser()
    await audrey.sign_in(cast.audrey)

    (row,) = (await audrey.get("/api/security/refusals")).json()["refusals"]

    assert (row["by"], row["client"]) == (None, {"id": named.id, "name": "Payroll"})
    assert (row["what"], row["wanted"], row["about"]["name"]) == ("denied", "see_activity", cast.charlie.name)


async def test_refusals_are_found_by_their_index(database):
    async with connection() as held:
        await held.execute("SET enable_seqscan = off")
        asked = security._REFUSALS.replace("{}", "1000", 1).replace("{}", "20", 1)
        plan = "\n".join(row[0] for row in await held.fetch(f"EXPLAIN {asked}"))

    assert "audit_refusals" in plan


def test_every_refusal_of_the_audit_is_shown():
    acts = re.findall(r'"(\w+)",', (Path(security.__file__).parent / "audit.py").read_text())
    shown = set(re.findall(r"'(\w+)'", security._REFUSALS)) - {"wanted", "reason"}

    assert {act for act in acts if act == "denied" or act.endswith(("_refused", "_failed"))} <= shown <= set(acts)
