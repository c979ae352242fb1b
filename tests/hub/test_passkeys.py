"""Passkeys: registered, used in place of password and code, and refused whenever anything is not to the letter."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub import people, web
from hub.auth import login, passkeys
from hub.tables import Audit, Passkey, Person, RecoveryCode, SignIn

from .keys import PRESENT, SoftKey


async def register(browser, key: SoftKey, name: str = "Laptop") -> httpx.Response:
    options = (await browser.change("POST", "/api/me/passkeys/options")).json()
    return await browser.change("POST", "/api/me/passkeys", json={"credential": key.make(options), "name": name})


async def challenged(browser) -> dict:
    return (await browser.change("POST", "/api/session/passkey/options")).json()


async def sign_in(browser, key: SoftKey) -> httpx.Response:
    return await answer(browser, key.answer(await challenged(browser)))


async def answer(browser, credential: dict, path: str = "/api/session/passkey") -> httpx.Response:
    return await browser.change("POST", path, json={"credential": credential})


async def reasons() -> list[str]:
    rows = await Audit.select(Audit.detail).where(Audit.action == "passkey_refused").order_by(Audit.id)
    return [json.loads(row["detail"])["reason"] for row in rows]


@pytest.fixture
async def bob(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    return browser


async def test_passkey_is_a_whole_sign_in_and_the_password_alone_is_none_any_more(cast, bob, open_browser):
    key, browser = SoftKey(), open_browser()
    made = await register(bob, key)

    assert len(made.json()["recovery_codes"]) == 10
    options = await challenged(browser)
    assert (options["rpId"], options["userVerification"], options["allowCredentials"]) == ("localhost", "required", [])
    done = await answer(browser, key.answer(options))
    assert (done.status_code, done.json()["name"]) == (201, "Bob Brandt")
    assert (await browser.get("/api/me")).status_code == 200
    half = open_browser()
    assert (await half.sign_in(cast.bob)).json() == {"second_step": ["passkey", "recovery"]}
    assert (await half.get("/api/me")).status_code == 401
    assert (await sign_in(half, key)).json()["name"] == "Bob Brandt"
    assert await SignIn.count().where(SignIn.half_open.eq(True), SignIn.ended_at.is_null()) == 0


async def test_several_are_listed_by_name_and_removed_one_by_one(cast, bob, open_browser):
    laptop, phone = SoftKey(), SoftKey()
    await register(bob, laptop)
    assert (await register(bob, phone, " My   phone ")).json() == {"recovery_codes": []}
    await sign_in(open_browser(), phone)
    listed = (await bob.get("/api/me/factors")).json()["passkeys"]
    assert [(key["name"], key["used_at"] is not None) for key in listed] == [("Laptop", False), ("My phone", True)]

    assert (await bob.change("DELETE", f"/api/me/passkeys/{listed[1]['id']}")).status_code == 204

    assert (await sign_in(open_browser(), phone)).status_code == 400
    assert (await sign_in(open_browser(), laptop)).status_code == 201
    assert (await bob.change("DELETE", f"/api/me/passkeys/{listed[0]['id']}")).status_code == 204
    assert (await bob.get("/api/me/factors")).json()["recovery_codes_left"] == 0
    assert (await open_browser().sign_in(cast.bob)).json()["name"] == "Bob Brandt"


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
    ],
)
async def test_passkey_of_another_page_or_of_an_unverified_person_is_refused(bent, bob, open_browser):
    key = SoftKey()
    assert (await register(bob, SoftKey(**bent))).status_code == 400
    await register(bob, key)
    for name, value in bent.items():
        setattr(key, name, value)

    assert (await sign_in(open_browser(), key)).status_code == 400
    assert await reasons() == ["proof"]
    assert await Passkey.count() == 1


async def test_challenge_serves_once_and_only_in_the_browser_that_it_was_made_for(bob, open_browser):
    key, browser, other = SoftKey(), open_browser(), open_browser()
    await register(bob, key)
    options = await challenged(browser)
    await challenged(other)

    stolen = await answer(other, key.answer(options))
    once = await answer(browser, key.answer(options))  # it is gone: it was shown to somebody else
    fresh = await challenged(browser)
    answers = await asyncio.gather(*(answer(browser, key.answer(fresh)) for _ in range(4)))
    made_up = await answer(browser, key.answer({"challenge": "AAAA"}))

    assert (stolen.status_code, once.status_code, made_up.status_code) == (400, 400, 400)
    assert sorted(each.status_code for each in answers) == [201, 400, 400, 400]
    assert set(await reasons()) == {"challenge"}


async def test_challenge_to_register_is_none_to_sign_in_and_not_another_sessions(cast, bob, open_browser):
    key, bea = SoftKey(), open_browser()
    await bea.sign_in(cast.bea)
    options = (await bob.change("POST", "/api/me/passkeys/options")).json()
    made = key.make(options)

    assert (await bea.change("POST", "/api/me/passkeys", json={"credential": made, "name": "x"})).status_code == 400
    assert (await bob.change("POST", "/api/me/passkeys", json={"credential": made, "name": "x"})).status_code == 400
    await register(bob, key)
    options = (await bob.change("POST", "/api/me/passkeys/options")).json()
    assert (await answer(bob, key.answer(options))).status_code == 400


async def test_copied_key_shows_by_its_counter(bob, open_browser):
    key = SoftKey()
    await register(bob, key)
    copy = SoftKey(id=key.id, key=key.key, handle=key.handle)
    assert (await sign_in(open_browser(), key)).status_code == 201
    assert (await sign_in(open_browser(), key)).status_code == 201

    assert (await sign_in(open_browser(), copy)).status_code == 400
    assert await reasons() == ["counter"]


async def test_key_that_counts_nothing_serves_again_and_again(bob, open_browser):
    key = SoftKey(counts=False)
    await register(bob, key)

    assert [(await sign_in(open_browser(), key)).status_code for _ in range(3)] == [201, 201, 201]


async def test_unknown_key_wrong_signature_and_another_persons_handle_are_refused(cast, bob, open_browser):
    key, bea, hers = SoftKey(), open_browser(), SoftKey()
    await register(bob, key)
    await bea.sign_in(cast.bea)
    await register(bea, hers)

    assert (await sign_in(open_browser(), SoftKey(handle=key.handle))).status_code == 400
    assert (await sign_in(open_browser(), SoftKey(id=key.id, handle=key.handle))).status_code == 400
    assert (await sign_in(open_browser(), SoftKey(id=key.id, key=key.key, handle=hers.handle))).status_code == 400
    for credential in ({}, {"id": "x"}, {"id": 5, "rawId": [], "response": None, "type": "public-key"}):
        assert (await answer(open_browser(), credential)).status_code == 400
    assert await reasons() == ["unknown", "proof", "person"] + ["malformed"] * 3


async def test_key_that_is_registered_is_not_registered_for_somebody_else(cast, bob, open_browser):
    key, bea = SoftKey(), open_browser()
    await register(bob, key)
    await bea.sign_in(cast.bea)

    assert (await register(bea, key)).status_code == 400
    assert await Passkey.count().where(Passkey.person == cast.bea.id) == 0


async def test_deactivated_person_is_not_let_in_by_a_passkey(cast, bob, open_browser):
    key, browser = SoftKey(), open_browser()
    await register(bob, key)
    await people.deactivate(cast.bob.id)

    assert (await sign_in(browser, key)).status_code == 401
    assert (await browser.get("/api/me")).status_code == 401


async def test_registering_and_removing_ask_for_a_fresh_proof_which_a_passkey_gives(cast, bob, open_browser):
    key, hers, bea = SoftKey(), SoftKey(), open_browser()
    await register(bob, key)
    await bea.sign_in(cast.bea)
    await register(bea, hers)
    long_ago = datetime.now(UTC) - timedelta(seconds=login.FRESH_S)
    await SignIn.update({SignIn.proved_at: long_ago}).where(SignIn.person == cast.bob.id)
    acts = [("POST", "/api/me/passkeys/options"), ("DELETE", "/api/me/passkeys/1")]
    for method, path in acts:
        assert (await bob.change(method, path)).json()["code"] == "fresh_proof"

    path = "/api/session/proof/passkey"
    assert (await answer(bob, hers.answer(await challenged(bob)), path)).status_code == 400
    assert (await bob.change("POST", acts[0][1])).status_code == 403
    assert (await answer(bob, key.answer(await challenged(bob)), path)).status_code == 204
    assert (await bob.change("POST", acts[0][1])).status_code == 201


async def test_passkeys_are_closed_while_redis_is_away(cast, settings):
    client = web.redis_client("redis://127.0.0.1:9")
    transport = httpx.ASGITransport(web.build(settings, [], client))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        await http.get("/api/me")
        headers = {"x-csrftoken": http.cookies["csrftoken"]}
        answers = [
            await http.post("/api/session/passkey/options", headers=headers),
            await http.post(
                "/api/session/passkey", json={"credential": SoftKey().answer({"challenge": "AA"})}, headers=headers
            ),
        ]
    await client.aclose()

    assert [each.status_code for each in answers] == [503, 503]


async def test_number_and_names_of_passkeys_have_a_limit(bob, monkeypatch):
    monkeypatch.setattr(passkeys, "PASSKEYS_MAX", 1)
    key = SoftKey()
    for name in ("", "x" * 81):
        refused = await register(bob, key, name)
        assert (refused.status_code, refused.json()["field"]) == (400, "name")
    await register(bob, key)

    assert (await bob.change("POST", "/api/me/passkeys/options")).status_code == 400


async def test_many_that_are_registered_at_once_are_no_more_than_the_limit(bob, monkeypatch):
    monkeypatch.setattr(passkeys, "PASSKEYS_MAX", 2)
    options = [(await bob.change("POST", "/api/me/passkeys/options")).json() for _ in range(5)]
    forms = [{"credential": SoftKey().make(each), "name": "x"} for each in options]

    answers = await asyncio.gather(*(bob.change("POST", "/api/me/passkeys", json=form) for form in forms))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 400, 400, 400]
    assert await RecoveryCode.count() == 10


@pytest.mark.parametrize(("size", "done"), [(1023, 201), (1024, 400), (4096, 400)])
async def test_credential_has_an_id_of_a_size_that_the_standard_knows(size, done, bob):
    assert (await register(bob, SoftKey(id=os.urandom(size)))).status_code == done


async def test_last_way_in_can_not_be_removed(cast, bob):
    await register(bob, SoftKey())
    await Person.update({Person.password_hash: None}).where(Person.id == cast.bob.id)
    (key,) = (await bob.get("/api/me/factors")).json()["passkeys"]

    refused = await bob.change("DELETE", f"/api/me/passkeys/{key['id']}")

    assert refused.status_code == 400
    assert await Passkey.count() == 1
