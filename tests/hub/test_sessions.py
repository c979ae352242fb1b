"""Where somebody is signed in, how that is ended, and roles that must have a second factor."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyotp
import pytest

from hub.auth import cookie, login, sessions
from hub.auth.access import load_viewer
from hub.tables import Audit, FactorTries, Passkey, Person, RecoveryCode, SignIn, TotpFactor
from hub.wire.closing import Close

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def status(browser, path: str = "/api/me") -> int:
    return (await browser.get(path)).status_code


async def acts(act: str) -> list[tuple[int | None, int | None, dict]]:
    rows = await Audit.select(Audit.actor, Audit.subject, Audit.detail).where(Audit.action == act).order_by(Audit.id)
    return [(row["actor"], row["subject"], json.loads(row["detail"])) for row in rows]


@pytest.fixture
async def three(cast, open_browser):
    """Bob, signed in at three places: the last of them first."""
    browsers = []
    for place in range(3):
        browser = open_browser(f"192.0.2.{place}")
        browser.headers["user-agent"] = f"Browser {place}"
        await browser.sign_in(cast.bob)
        browsers.insert(0, browser)
    return browsers


async def listed(browser) -> list[dict]:
    return (await browser.get("/api/me/sessions")).json()


async def opened(person: int) -> list[tuple[UUID, tuple[int, int]]]:
    """What live sockets of all their sign-ins were opened with."""
    version = (await load_viewer(person)).access_version
    rows = await SignIn.select(SignIn.id).where(SignIn.person == person).order_by(SignIn.created_at)
    return [(row["id"], (person, version)) for row in rows]


async def test_sessions_say_when_and_from_where_and_which_is_this(cast, three, open_browser):
    await open_browser().sign_in(cast.bea)

    of_bob = await listed(three[1])

    assert [(each["browser"], each["address"], each["this"]) for each in of_bob] == [
        ("Browser 2", "192.0.2.2", False), ("Browser 1", "192.0.2.1", True), ("Browser 0", "192.0.2.0", False),
    ]  # fmt: skip


async def test_what_opens_nothing_any_more_is_not_listed(cast, three):
    ids = [each["id"] for each in await listed(three[0])]
    now = datetime.now(UTC)
    await SignIn.update({SignIn.seen_at: now - timedelta(seconds=cookie.IDLE_S)}).where(SignIn.id == ids[1])
    await SignIn.update({SignIn.created_at: now - timedelta(seconds=login.SIGNED_IN_MAX_S)}).where(SignIn.id == ids[2])
    await SignIn.insert(SignIn(person=cast.bob.id, half_open=True))

    assert [each["id"] for each in await listed(three[0])] == ids[:1]


async def test_request_moves_when_a_session_was_last_seen(cast, three):
    long_ago = datetime.now(UTC) - timedelta(hours=3)
    await SignIn.update({SignIn.seen_at: long_ago}, force=True)

    await status(three[2])

    seen = {each["browser"]: datetime.fromisoformat(each["seen_at"]) for each in await listed(three[2])}
    assert seen["Browser 0"] > datetime.now(UTC) - timedelta(minutes=1)
    assert seen["Browser 1"] == seen["Browser 2"] == long_ago


async def test_one_session_is_ended_with_its_live_sockets_and_only_it(cast, three):
    ids = [each["id"] for each in await listed(three[0])]
    sockets = await opened(cast.bob.id)

    assert (await three[0].change("DELETE", f"/api/me/sessions/{ids[2]}")).status_code == 204

    assert [await status(browser) for browser in three] == [200, 200, 401]
    assert await login.ended(sockets) == {sockets[0]: Close.SIGNED_OUT}
    assert (await three[0].change("DELETE", f"/api/me/sessions/{ids[2]}")).status_code == 404
    assert await acts("sessions_ended") == [(cast.bob.id, cast.bob.id, {"count": 1})]


async def test_all_other_sessions_are_ended(cast, three, open_browser):
    bea = open_browser()
    await bea.sign_in(cast.bea)
    sockets = await opened(cast.bob.id)

    assert (await three[1].change("DELETE", "/api/me/sessions")).status_code == 204

    assert [await status(browser) for browser in [*three, bea]] == [401, 200, 401, 200]
    assert set(await login.ended(sockets)) == {sockets[0], sockets[2]}
    assert await acts("sessions_ended") == [(cast.bob.id, cast.bob.id, {"count": 2})]


async def test_admin_ends_all_sessions_of_somebody_after_a_fresh_proof(cast, three, open_browser):
    dora = open_browser()
    await dora.sign_in(cast.dora)
    sockets = await opened(cast.bob.id)
    path = f"/api/people/{cast.bob.id}/sessions"
    long_ago = datetime.now(UTC) - timedelta(seconds=login.FRESH_S)
    await SignIn.update({SignIn.proved_at: long_ago}).where(SignIn.person == cast.dora.id)
    assert (await dora.change("DELETE", path)).json()["code"] == "fresh_proof"
    await dora.change("POST", "/api/session/proof", json={"password": cast.password})

    assert (await dora.change("DELETE", path)).status_code == 204

    assert [await status(browser) for browser in three] == [401, 401, 401]
    assert set(await login.ended(sockets)) == set(sockets)
    assert await acts("sessions_ended") == [(cast.dora.id, cast.bob.id, {"count": 3})]
    assert await sessions.end_all(cast.bob.id, cast.dora.id) == 0


async def test_sessions_of_others_are_none_of_ones_business(cast, three, open_browser):
    bea, ids = open_browser(), [each["id"] for each in await listed(three[0])]
    await bea.sign_in(cast.bea)

    assert (await bea.change("DELETE", f"/api/me/sessions/{ids[0]}")).status_code == 404
    assert (await bea.change("DELETE", f"/api/people/{cast.bob.id}/sessions")).status_code == 404
    assert [detail["wanted"] for _, _, detail in await acts("denied")] == ["keep_account", "end_sessions"]
    assert await status(three[0]) == 200


# --- a second factor that is lost


async def test_lost_factors_are_taken_away_by_an_admin_with_sign_ins_and_sockets(cast, three, open_browser):
    dora, anew = open_browser(), open_browser("192.0.2.9")
    await dora.sign_in(cast.dora)
    await TotpFactor.insert(TotpFactor(person=cast.bob.id, sealed=b"x", confirmed_at=NOON))
    await Passkey.insert(
        *(
            Passkey(person=one.id, credential_id=one.email.encode(), public_key=b"", name="x")
            for one in (cast.bob, cast.bea)
        )
    )
    await RecoveryCode.insert(RecoveryCode(person=cast.bob.id, code_hash=b"x"))
    await FactorTries.insert(
        FactorTries(person=cast.bob.id, tries=9, wait_until_at=datetime.now(UTC) + timedelta(hours=1))
    )
    sockets = await opened(cast.bob.id)
    path = f"/api/people/{cast.bob.id}/factors"
    shown = (await dora.get(f"/api/people/{cast.bob.id}")).json()
    await SignIn.update({SignIn.proved_at: NOON - timedelta(days=999)}).where(SignIn.person == cast.dora.id)
    assert (await dora.change("DELETE", path)).json()["code"] == "fresh_proof"
    await dora.change("POST", "/api/session/proof", json={"password": cast.password})

    answers = [(await dora.change("DELETE", path)).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert (shown["second_factor"], shown["sessions"]) == (True, 3)
    shown = (await dora.get(f"/api/people/{cast.bob.id}")).json()
    assert (shown["second_factor"], shown["sessions"]) == (False, 0)
    assert set(await login.ended(sockets)) == set(sockets)
    assert [await status(browser) for browser in three] == [401, 401, 401]
    assert [await table.count().where(table.person == cast.bob.id) for table in (RecoveryCode, FactorTries)] == [0, 0]
    assert await Passkey.count() == 1, "Bea's"
    assert (await anew.sign_in(cast.bob)).status_code == 201
    assert await status(anew) == 200, "the password is enough again"
    assert await acts("factors_reset") == [(cast.dora.id, cast.bob.id, {"kinds": "totp passkey recovery"})]


async def test_nobody_takes_away_their_own_factors_as_an_admin_or_anybodys_without_being_one(cast, open_browser):
    await TotpFactor.insert(*(TotpFactor(person=one.id, sealed=b"x") for one in (cast.dora, cast.bob)))
    for person, about in (
        (cast.dora, cast.dora),
        (cast.alice, cast.bob),
        (cast.bob, cast.bob),
        (cast.audrey, cast.bob),
    ):
        browser = open_browser()
        await browser.sign_in(person)
        assert (await browser.change("DELETE", f"/api/people/{about.id}/factors")).status_code == 404

    assert await TotpFactor.count() == 2
    assert [(actor, subject) for actor, subject, _ in await acts("denied")] == [(6, 6), (1, 2), (2, 2), (8, 2)]


# --- roles that must have a second factor


async def test_role_that_must_have_a_factor_is_answered_nothing_else_until_there_is_one(
    cast, open_browser, monkeypatch
):
    monkeypatch.setattr(login, "now", lambda: NOON)
    dora, alice, bob = open_browser(), open_browser(), open_browser()
    for browser, person in ((dora, cast.dora), (alice, cast.alice), (bob, cast.bob)):
        await browser.sign_in(person)
    sockets = await opened(cast.alice.id)

    done = await dora.change("PUT", "/api/organisation/factors", json={"roles": ["manager", "auditor"], "version": 1})

    assert done.json() == {"roles": ["manager", "auditor"], "version": 2}
    assert (await dora.get("/api/organisation/factors")).json() == done.json()
    assert await login.ended(sockets) == dict.fromkeys(sockets, Close.ACCESS_CHANGED)
    assert (await alice.get("/api/me")).json()["factor_wanted"] is True
    assert "factor_wanted" not in (await bob.get("/api/me")).json()
    refused = [await alice.get(path) for path in ("/api/directory", "/api/views", "/api/me/sessions", "/api/me/looks")]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "factor_wanted")}
    assert [await status(browser, "/api/views") for browser in (dora, bob)] == [200, 200]
    secret = (await alice.change("POST", "/api/me/totp")).json()["secret"]
    await alice.change("POST", "/api/me/totp/confirm", json={"code": pyotp.TOTP(secret).at(NOON)})
    assert await status(alice, "/api/views") == 200
    assert "factor_wanted" not in (await alice.get("/api/me")).json()
    assert (await alice.change("DELETE", "/api/me/totp")).status_code == 400
    assert (await alice.get("/api/me/factors")).json()["totp_since"]
    changed = {"changed": {"roles": {"old": [], "new": ["manager", "auditor"]}}}
    assert await acts("factors_required") == [(cast.dora.id, None, changed)]


async def test_everybody_is_an_employee(cast, open_browser):
    alma, charlie = open_browser(), open_browser()
    await alma.sign_in(cast.alma)
    await charlie.sign_in(cast.charlie)

    await alma.change("PUT", "/api/organisation/factors", json={"roles": ["employee"], "version": 1})

    assert [await status(browser, "/api/views") for browser in (alma, charlie)] == [403, 403]
    assert (await alma.change("PUT", "/api/organisation/factors", json={"roles": [], "version": 2})).status_code == 403
    assert await Person.count().where(Person.access_version == 1) == 0


async def test_unknown_role_is_refused(cast, open_browser):
    dora = open_browser()
    await dora.sign_in(cast.dora)

    assert (
        await dora.change("PUT", "/api/organisation/factors", json={"roles": ["king"], "version": 1})
    ).status_code == 400
