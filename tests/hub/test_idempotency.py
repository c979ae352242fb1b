"""What is sent twice under one Idempotency-Key is done once."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from hub import people
from hub.auth.idempotency import KEPT
from hub.tables import ApiClient, IdempotencyKey, SignIn, Team

from .conftest import Browser, Cast

KEY = "b1f7c1d2"


def form(name: str = "Cards") -> dict[str, Any]:
    return {"name": name, "parent": Cast.halden, "join": False, "manage": False}


async def add(browser: Browser, name: str = "Cards", key: str = KEY) -> httpx.Response:
    headers = {**await browser.csrf(), "idempotency-key": key}
    return await browser.post("/api/teams", json=form(name), headers=headers)


async def made(name: str = "Cards") -> int:
    return await Team.count().where(Team.name == name)


@pytest.fixture
async def dora(open_browser: Callable[..., Browser], cast: Cast) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def test_same_again_is_answered_the_same_and_done_once(dora: Browser) -> None:
    first, again = await add(dora), await add(dora)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await made() == 1


async def test_removal_asked_twice_is_answered_twice_and_the_key_is_of_its_route(dora: Browser) -> None:
    team = (await add(dora, key="another")).json()["id"]
    headers = {**await dora.csrf(), "idempotency-key": KEY}

    answers = [(await dora.delete(f"/api/teams/{team}", headers=headers)).status_code for _ in range(2)]
    other = await dora.put(f"/api/teams/{team}", json={}, headers=headers)

    assert answers == [204, 204]
    assert other.status_code == 422


async def test_what_only_reads_is_read_again_and_not_kept(cast: Cast, open_browser: Callable[..., Browser]) -> None:
    """Else what was erased since would be told for a day."""
    alice = open_browser()
    await alice.sign_in(cast.alice)
    headers = {**await alice.csrf(), "idempotency-key": KEY}

    answers = [await alice.post("/api/hours", json={"people": [cast.bob.id]}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await IdempotencyKey.count() == 0


async def test_another_body_under_the_key_is_refused(dora: Browser) -> None:
    await add(dora)

    other = await add(dora, "Loans")

    assert other.status_code == 422
    assert await made("Loans") == 0


async def test_of_many_at_once_one_acts(dora: Browser) -> None:
    answers = await asyncio.gather(*(add(dora) for _ in range(6)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    assert await made() == 1
    assert (await add(dora)).status_code == 201


async def test_keys_of_others_are_others(dora: Browser, open_browser: Callable[..., Browser], cast: Cast) -> None:
    alma = open_browser()
    await alma.sign_in(cast.alma)

    assert [(await add(dora)).status_code, (await add(alma, "Loans")).status_code] == [201, 201]


async def test_key_is_forgotten_after_a_day(dora: Browser) -> None:
    await add(dora)
    await IdempotencyKey.raw("UPDATE idempotency_key SET created_at = created_at - {}::interval", KEPT)

    other = await add(dora, "Loans")

    assert other.status_code == 201


async def test_what_was_refused_may_be_tried_again_with_its_key(dora: Browser) -> None:
    refused, corrected = await add(dora, " "), await add(dora)

    assert (refused.status_code, corrected.status_code) == (400, 201)


async def test_what_was_cut_off_is_not_done_again(dora: Browser) -> None:
    await add(dora)
    await IdempotencyKey.raw("UPDATE idempotency_key SET answer = NULL")

    assert (await add(dora)).status_code == 409
    assert await made() == 1


async def test_who_is_signed_in_no_more_is_told_nothing(dora: Browser) -> None:
    await add(dora)
    await SignIn.raw("UPDATE sign_in SET ended_at = now()")

    assert (await add(dora)).status_code == 401


async def test_answer_with_a_secret_is_kept_sealed(dora: Browser) -> None:
    headers = {**await dora.csrf(), "idempotency-key": KEY}
    client = {"name": "Payroll", "scopes": ["teams:read"], "teams": [Cast.payments]}
    first = await dora.post("/api/clients", json=client, headers=headers)
    again = await dora.post("/api/clients", json=client, headers=headers)

    assert again.json()["secret"] == first.json()["secret"]
    kept = (await IdempotencyKey.select())[0]["answer"]
    assert first.json()["secret"].encode() not in kept
    assert len((await dora.get("/api/clients")).json()) == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_key_that_is_none_is_refused(dora: Browser, key: str) -> None:
    refused = await add(dora, key=key)

    assert (refused.status_code, refused.json()["field"]) == (400, "idempotency_key")


async def test_who_has_lost_their_role_is_not_told_again_and_nothing_is_done_twice(dora: Browser, cast: Cast) -> None:
    headers = {**await dora.csrf(), "idempotency-key": KEY}
    client = {"name": "Payroll", "scopes": ["teams:read"], "teams": [Cast.payments]}
    await dora.post("/api/clients", json=client, headers=headers)
    await people.revoke(cast.dora.id, "admin")

    again = await dora.post("/api/clients", json=client, headers=headers)

    assert again.status_code == 409
    assert "secret" not in again.json()
    assert await ApiClient.count() == 1


async def test_no_bare_hash_of_what_was_asked_is_kept(dora: Browser, cast: Cast) -> None:
    """Of a new password one could be tried against as fast as a processor hashes."""
    headers = {**await dora.csrf(), "idempotency-key": KEY, "content-type": "application/json"}
    body = msgspec.json.encode({"password": "eleven quiet herons", "current": cast.password})
    assert (await dora.put("/api/me/password", content=body, headers=headers)).status_code == 204

    asked = (await IdempotencyKey.select())[0]["asked"]

    assert asked != hashlib.sha256(b"PUT /api/me/password\0\0" + body).digest()
