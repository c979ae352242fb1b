"""The second step of a sign-in: authenticators, recovery codes, how often one may try, and the proof that dangerous acts ask for."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
from cryptography.exceptions import InvalidTag

from hub import people, web
from hub.auth import cookie, factors, login, recovery, sealed, totp
from hub.tables import Audit, FactorTries, Organisation, RecoveryCode, SignIn, TotpFactor

from .conftest import PASSWORD

SECRET = "a-secret-of-the-tests-that-is-long-enough"


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock_stands(monkeypatch):
    """No code goes out of date while a test runs."""
    monkeypatch.setattr(login, "now", lambda: NOON)


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(NOON, counter_offset=steps)


async def acts(*wanted: str) -> list[tuple[str, int | None, dict]]:
    rows = await Audit.select(Audit.action, Audit.actor, Audit.detail).order_by(Audit.id)
    return [
        (row["action"], row["actor"], json.loads(row["detail"]))
        for row in rows
        if not wanted or row["action"] in wanted
    ]


async def enrol(browser, person) -> tuple[str, list[str]]:
    """Sets an authenticator up; returns its secret and the recovery codes. Its codes of now may be used again."""
    await browser.sign_in(person)
    secret = (await browser.change("POST", "/api/me/totp")).json()["secret"]
    confirmed = await browser.change("POST", "/api/me/totp/confirm", json={"code": code_of(secret)})
    assert confirmed.status_code == 201, confirmed.text
    await forget_steps()
    return secret, confirmed.json()["recovery_codes"]


async def forget_steps() -> None:
    await TotpFactor.update({TotpFactor.last_step: 0}, force=True)


async def second(browser, code: str) -> httpx.Response:
    return await browser.change("POST", "/api/session/second-step", json={"code": code})


async def status(browser) -> int:
    return (await browser.get("/api/me")).status_code


# --- setting it up


async def test_authenticator_counts_only_once_a_code_of_it_has_confirmed_it(cast, open_browser):
    browser, other = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    setup = (await browser.change("POST", "/api/me/totp")).json()
    wrong = await browser.change("POST", "/api/me/totp/confirm", json={"code": "000000"})

    assert setup["qr"].startswith("data:image/svg+xml")
    assert (wrong.status_code, wrong.json()["field"]) == (400, "code")
    assert "second_step" not in (await other.sign_in(cast.bob)).json()
    confirmed = await browser.change("POST", "/api/me/totp/confirm", json={"code": code_of(setup["secret"])})
    assert len(set(confirmed.json()["recovery_codes"])) == recovery.CODES
    assert (await other.sign_in(cast.bob)).json() == {"second_step": ["totp", "recovery"]}
    factors_now = (await browser.get("/api/me/factors")).json()
    assert factors_now["recovery_codes_left"] == recovery.CODES
    assert factors_now["totp_since"]


@pytest.mark.parametrize("name", ["ش" * 200, "\N{GRINNING FACE}" * 200])
async def test_authenticator_is_set_up_however_long_the_organisations_name_is(name, cast, open_browser):
    await Organisation.update({Organisation.name: name}, force=True)
    browser = open_browser()
    await browser.sign_in(cast.bob)

    begun = await browser.change("POST", "/api/me/totp")

    assert begun.status_code == 201
    assert begun.json()["qr"].startswith("data:image/svg")


async def test_another_authenticator_does_not_take_the_place_of_one_unasked(cast, open_browser):
    browser = open_browser()
    secret, _ = await enrol(browser, cast.bob)

    assert (await browser.change("POST", "/api/me/totp")).status_code == 400
    assert (await browser.change("POST", "/api/me/totp/confirm", json={"code": code_of(secret)})).status_code == 400


async def test_no_secret_lies_open_in_the_tables_or_the_audit(cast, open_browser):
    secret, codes = await enrol(open_browser(), cast.bob)
    row = (await TotpFactor.select())[0]
    kept = repr([row, await RecoveryCode.select(), await Audit.select()])

    assert secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert sealed.unseal(SECRET, totp.PURPOSE, cast.bob.id, row["sealed"]) == secret.encode()


async def test_sealed_secret_of_another_person_or_deployment_does_not_open():
    held = sealed.seal(SECRET, "totp", 1, b"plain")

    for secret, purpose, person in [(SECRET, "totp", 2), (SECRET, "other", 1), ("another" * 9, "totp", 1)]:
        with pytest.raises(InvalidTag):
            sealed.unseal(secret, purpose, person, held)
    assert sealed.seal(SECRET, "totp", 1, b"plain") != held


# --- the half-open session


async def test_half_open_session_answers_the_second_step_and_nothing_else(cast, open_browser):
    secret, _ = await enrol(open_browser(), cast.alma)
    browser = open_browser()
    await browser.sign_in(cast.alma)
    half = browser.cookies["daylight"]

    refused = [
        (await browser.get(path)).status_code for path in ("/api/me", "/api/me/factors", "/api/directory", "/api/views")
    ]
    refused += [
        (await browser.change("POST", path, json={"password": cast.password})).status_code
        for path in ("/api/session/proof", "/api/me/recovery-codes", "/api/devices/code")
    ]
    assert set(refused) == {401}
    assert (await second(browser, code_of(secret))).json()["name"] == "Alma Rossi"
    assert await status(browser) == 200
    assert browser.cookies["daylight"] != half
    thief = open_browser()
    thief.cookies.set("daylight", half)
    assert await status(thief) == 401
    assert (await second(thief, code_of(secret, 1))).status_code == 401


async def test_half_open_sign_in_opens_no_live_socket(cast, open_browser):
    await enrol(open_browser(), cast.bob)
    await open_browser().sign_in(cast.bob)
    half = (await SignIn.select(SignIn.id).where(SignIn.half_open.eq(True)))[0]["id"]

    assert await login.ended({(half, (cast.bob.id, 1))})


async def test_half_open_session_ends_by_time_by_deactivation_and_by_a_new_password(cast, open_browser):
    secrets = {person: (await enrol(open_browser(), person))[0] for person in (cast.bob, cast.bea, cast.charlie)}
    browsers = {person: open_browser() for person in secrets}
    for person, browser in browsers.items():
        await browser.sign_in(person)
    long_ago = datetime.now(UTC) - timedelta(seconds=login.HALF_OPEN_S)
    await SignIn.update({SignIn.created_at: long_ago}).where(SignIn.person == cast.bob.id)
    await people.deactivate(cast.bea.id)
    await people.set_password(cast.charlie.email, "another long password")

    for person, browser in browsers.items():
        assert (await second(browser, code_of(secrets[person]))).status_code == 401
        assert await status(browser) == 401


async def test_second_step_without_a_first_is_refused(cast, open_browser):
    secret, _ = await enrol(open_browser(), cast.bob)
    stranger, signed_in = open_browser(), open_browser()
    await signed_in.sign_in(cast.charlie)

    assert (await second(stranger, code_of(secret))).status_code == 401
    assert (await second(signed_in, code_of(secret))).status_code == 401


async def test_planted_session_id_does_not_survive_either_step(cast, open_browser):
    secret, _ = await enrol(open_browser(), cast.bob)
    victim, attacker = open_browser(), open_browser()
    for browser in (victim, attacker):
        browser.cookies.set("daylight", "ab" * 32, domain="localhost.local")
    await victim.sign_in(cast.bob)
    attacker.cookies.set("daylight", victim.cookies["daylight"], domain="localhost.local")

    assert "ab" * 32 not in victim.cookies["daylight"]
    await second(victim, code_of(secret))
    assert (await status(victim), await status(attacker)) == (200, 401)


# --- codes serve once


async def test_code_of_an_authenticator_serves_once_however_many_send_it_at_once(cast, open_browser):
    secret, _ = await enrol(open_browser(), cast.bob)
    browsers = [open_browser() for _ in range(4)]
    for browser in browsers:
        await browser.sign_in(cast.bob)
    code = code_of(secret)

    answers = await asyncio.gather(*(second(browser, code) for browser in browsers))

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    assert await acts("second_step_refused") == [("second_step_refused", cast.bob.id, {"reason": "replayed"})] * 3
    await FactorTries.delete(force=True)
    late = open_browser()
    await late.sign_in(cast.bob)
    assert (await second(late, code)).status_code == 400
    assert (await second(late, code_of(secret, -1))).status_code == 400
    assert (await second(late, code_of(secret, 1))).status_code == 201


async def test_recovery_code_serves_once_however_many_send_it_at_once_and_however_it_is_typed(cast, open_browser):
    _, codes = await enrol(open_browser(), cast.bob)
    browsers = [open_browser() for _ in range(4)]
    for browser in browsers:
        await browser.sign_in(cast.bob)
    typed = [codes[0], codes[0].lower(), codes[0].replace("-", ""), f" {codes[0]} "]

    answers = await asyncio.gather(*(second(browser, code) for browser, code in zip(browsers, typed, strict=True)))

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    inside = browsers[[answer.status_code for answer in answers].index(201)]
    assert (await inside.get("/api/me/factors")).json()["recovery_codes_left"] == recovery.CODES - 1
    assert len(await acts("recovery_code_used")) == 1
    refused = await acts("second_step_refused")
    assert refused == [("second_step_refused", cast.bob.id, {"reason": "replayed"})] * 3


async def test_new_recovery_codes_take_the_place_of_the_old_ones(cast, open_browser):
    browser, other = open_browser(), open_browser()
    _, old = await enrol(browser, cast.bob)

    fresh = (await browser.change("POST", "/api/me/recovery-codes")).json()["recovery_codes"]

    assert not set(old) & set(fresh)
    await other.sign_in(cast.bob)
    assert (await second(other, old[0])).status_code == 400
    assert (await second(other, fresh[0])).status_code == 201


async def test_somebody_elses_codes_are_worth_nothing(cast, open_browser):
    secret, codes = await enrol(open_browser(), cast.bob)
    await enrol(open_browser(), cast.bea)
    browser = open_browser()
    await browser.sign_in(cast.bea)

    assert (await second(browser, code_of(secret))).status_code == 400
    assert (await second(browser, codes[0])).status_code == 400


async def test_recovery_codes_go_with_the_last_factor(cast, open_browser):
    browser = open_browser()
    await enrol(browser, cast.bob)

    assert (await browser.change("DELETE", "/api/me/totp")).status_code == 204

    assert await RecoveryCode.count() == 0
    assert (await browser.change("POST", "/api/me/recovery-codes")).status_code == 400
    assert (await open_browser().sign_in(cast.bob)).json()["name"] == "Bob Brandt"


# --- tries


async def test_five_wrong_codes_then_a_wait_that_grows_also_for_the_right_one_and_for_many_at_once(cast, open_browser):
    secret, codes = await enrol(open_browser(), cast.bob)
    browsers = [open_browser() for _ in range(8)]
    for browser in browsers:
        await browser.sign_in(cast.bob)

    answers = await asyncio.gather(*(second(browser, "000000") for browser in browsers))
    right = await second(browsers[0], code_of(secret))
    recovered = await second(browsers[0], codes[0])

    assert sorted(answer.status_code for answer in answers) == [400] * factors.FREE_TRIES + [429] * 3
    assert (right.status_code, recovered.status_code) == (429, 429)
    assert factors.FIRST_WAIT_S - 5 <= int(right.headers["retry-after"]) <= factors.FIRST_WAIT_S
    refused = [detail["reason"] for _, _, detail in await acts("second_step_refused")]
    assert sorted(refused) == ["waiting"] * 5 + ["wrong"] * factors.FREE_TRIES
    waits = []
    for _ in range(9):
        await FactorTries.update({FactorTries.wait_until_at: datetime.now(UTC)}, force=True)
        assert (await second(browsers[0], "000000")).status_code == 400
        waits.append(int((await second(browsers[0], "000000")).headers["retry-after"]))
    for wait, wanted in zip(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600], strict=True):
        assert wanted - 5 <= wait <= wanted
    await FactorTries.update({FactorTries.wait_until_at: datetime.now(UTC)}, force=True)
    assert (await second(browsers[0], code_of(secret))).status_code == 201
    assert await FactorTries.count() == 0


async def test_tries_of_one_person_leave_another_alone(cast, open_browser):
    await enrol(open_browser(), cast.bob)
    secret, _ = await enrol(open_browser(), cast.bea)
    guesser, bea = open_browser(), open_browser()
    await guesser.sign_in(cast.bob)
    await bea.sign_in(cast.bea)
    for _ in range(factors.FREE_TRIES + 1):
        await second(guesser, "000000")

    assert (await second(bea, code_of(secret))).status_code == 201


async def test_second_step_is_closed_while_redis_is_away(cast, settings, open_browser):
    secret, _ = await enrol(open_browser(), cast.bob)
    client = web.redis_client("redis://127.0.0.1:9")
    transport = httpx.ASGITransport(web.build(settings, [], client))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        await http.get("/api/me")
        http.cookies.set("daylight", "ab" * 32)
        headers = {"x-csrftoken": http.cookies["csrftoken"]}
        answer = await http.post("/api/session/second-step", json={"code": code_of(secret)}, headers=headers)
    await client.aclose()

    assert answer.status_code == 503
    assert (await TotpFactor.select(TotpFactor.last_step))[0]["last_step"] == 0


# --- the fresh proof


async def stale(person) -> None:
    """As if ten minutes had passed since they proved who they are."""
    long_ago = datetime.now(UTC) - timedelta(seconds=login.FRESH_S)
    await SignIn.update({SignIn.proved_at: long_ago}).where(SignIn.person == person.id)


async def test_dangerous_acts_ask_for_a_fresh_proof(cast, open_browser):
    browser = open_browser()
    secret, codes = await enrol(browser, cast.bob)
    asked = [("POST", "/api/me/totp", None), ("POST", "/api/me/totp/confirm", {"code": "123456"})]
    asked += [("DELETE", "/api/me/totp", None), ("POST", "/api/me/recovery-codes", None)]
    for proof in ({"code": codes[0]}, {"code": code_of(secret)}, {"password": cast.password}):
        await stale(cast.bob)
        for method, path, body in asked:
            answer = await browser.change(method, path, **({"json": body} if body else {}))
            assert (answer.status_code, answer.json()["code"]) == (403, "fresh_proof")
        assert (await browser.change("POST", "/api/session/proof", json=proof)).status_code == 204
        assert (await browser.change("POST", "/api/me/recovery-codes")).status_code == 201
    assert len(await acts("proof_given")) == 3


async def test_wrong_proof_is_refused_recorded_and_counted(cast, open_browser):
    browser = open_browser()
    await enrol(browser, cast.bob)
    await stale(cast.bob)

    for proof in ({"password": "not my password"}, {"code": "000000"}, {"code": "ABCD-EFGH-JKMN"}, {}):
        answer = await browser.change("POST", "/api/session/proof", json=proof)
        assert (answer.status_code, answer.json()["field"]) == (400, "code" if "code" in proof else "password")
    assert (await browser.change("DELETE", "/api/me/totp")).status_code == 403
    assert await status(browser) == 200
    assert [act for act, _, _ in await acts("proof_refused", "second_step_refused")] == [
        "proof_refused", "second_step_refused", "second_step_refused", "proof_refused",
    ]  # fmt: skip
    assert (await FactorTries.select(FactorTries.tries))[0]["tries"] == 2


async def test_proof_of_one_session_is_none_in_another(cast, open_browser):
    browser, other = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    await other.sign_in(cast.bob)
    await stale(cast.bob)

    await browser.change("POST", "/api/session/proof", json={"password": cast.password})

    assert (await browser.change("POST", "/api/me/totp")).status_code == 201
    assert (await other.change("POST", "/api/me/totp")).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/session/proof", {"password": PASSWORD}),
        ("PUT", "/api/me/password", {"current": PASSWORD, "password": "another horse, another battery"}),
    ],
)
async def test_proof_gives_the_session_another_id_and_the_one_before_serves_a_moment_more(
    method, path, body, cast, open_browser, monkeypatch
):
    browser, tab, thief = open_browser(), open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    before = browser.cookies["daylight"]
    tab.cookies.set("daylight", before)
    await browser.change(method, path, json=body)
    await SignIn.update({SignIn.seen_at: datetime.now(UTC) - timedelta(hours=1)}, force=True)
    asked_just_then = await tab.get("/api/me")
    monkeypatch.setattr(cookie, "REPLACED_S", 0)
    thief.cookies.set("daylight", browser.cookies["daylight"])
    await browser.change("POST", "/api/session/proof", json={"password": body["password"]})

    assert asked_just_then.status_code == 200
    assert not [line for line in asked_just_then.headers.get_list("set-cookie") if line.startswith("daylight=")]
    assert len({before, thief.cookies["daylight"], browser.cookies["daylight"]}) == 3
    assert (await status(browser), await status(thief)) == (200, 401)


# --- the password


async def test_new_password_needs_the_old_one_and_ends_every_other_session(cast, open_browser):
    browser, other = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    await other.sign_in(cast.bob)
    await stale(cast.bob)
    new = "another long password"
    wrong = await browser.change("PUT", "/api/me/password", json={"password": new, "current": "not this one"})
    short = await browser.change("PUT", "/api/me/password", json={"password": "short", "current": cast.password})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "current")
    assert (short.status_code, short.json()["field"]) == (400, "password")
    assert await status(other) == 200

    done = await browser.change("PUT", "/api/me/password", json={"password": new, "current": cast.password})

    assert done.status_code == 204
    assert (await status(browser), await status(other)) == (200, 401)
    assert (await open_browser().sign_in(cast.bob)).status_code == 401
    assert (await open_browser().sign_in(cast.bob, new)).status_code == 201
    assert [act for act, _, _ in await acts("password_set", "proof_refused")] == ["proof_refused", "password_set"]


async def test_sign_ins_are_recorded_step_by_step(cast, open_browser):
    secret, _ = await enrol(open_browser(), cast.bob)
    browser = open_browser()
    await browser.sign_in(cast.bob)
    await second(browser, code_of(secret))

    assert await acts("sign_in", "sign_in_half_open", "factor_added") == [
        ("sign_in", cast.bob.id, {"proof": "password"}),
        ("factor_added", cast.bob.id, {"kind": "totp"}),
        ("sign_in_half_open", cast.bob.id, {"proof": "password"}),
        ("sign_in", cast.bob.id, {"proof": "code"}),
    ]
