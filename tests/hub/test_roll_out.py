"""Codes for a roll-out, and the computers that ask by one until their person has approved them."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from limits import RateLimitItemPerMinute

from hub import web
from hub.app import api
from hub.auth.limits import Limits
from hub.database import connection
from hub.tables import Audit, Device, EnrolmentCode, EnrolmentRequest

from .conftest import Browser, Cast
from .locks import both_at_once
from .registered import registered

NOW = datetime.now(UTC)
FORM = {"label": "Lab", "uses": 2, "days": 3}


def enrolling(code: str, key: Ed25519PrivateKey | None = None, **more: Any) -> dict[str, Any]:
    public = (key or Ed25519PrivateKey.generate()).public_key().public_bytes_raw()
    return {
        "code": code,
        "public_key": base64.b64encode(public).decode(),
        "name": "alice-laptop",
        "system": "Linux 7",
        "waits": True,
        **more,
    }


@pytest.fixture
async def dora(cast: Cast, open_browser: Callable[..., Browser]) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


@pytest.fixture
async def bob(cast: Cast, open_browser: Callable[..., Browser]) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.bob)
    return browser


@pytest.fixture
def agent(open_browser: Callable[..., Browser]) -> Browser:
    """A computer: no cookies, no session."""
    return open_browser("198.51.100.1")


async def made(dora: Browser, **form: Any) -> dict[str, Any]:
    answer = await dora.change("POST", "/api/devices/codes", json=FORM | form)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def asks(agent: Browser, code: str, **more: Any) -> dict[str, Any]:
    answer = await agent.post("/agent/v1/enrol", json=enrolling(code, **more))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def became(agent: Browser, request: str) -> httpx.Response:
    return await agent.post("/agent/v1/enrol/answer", json={"request": request})


async def decide(browser: Browser, request: str, mine: bool = True) -> httpx.Response:
    return await browser.change("PUT", f"/api/devices/asking/{request}", json={"mine": mine})


async def acts(act: str) -> list[dict[str, Any]]:
    return await Audit.select().where(Audit.action == act).order_by(Audit.id).output(load_json=True)


# --- the way


async def test_computer_waits_until_the_person_who_sees_the_same_code_has_approved_it(cast, dora, bob, agent, settings):
    code = (await made(dora))["code"]
    key = Ed25519PrivateKey.generate()
    asked = await asks(agent, code, key=key)
    waiting = await became(agent, asked["request"])
    found = (
        await bob.change("POST", "/api/devices/asking", json={"confirmation": asked["confirmation"].lower()})
    ).json()
    before = await Device.count()

    answer = await decide(bob, found["id"])

    assert asked["address"] == f"{settings.origin}/devices?confirm={asked['confirmation']}"
    assert waiting.json()["confirmation"] == asked["confirmation"]
    assert (found["name"], found["system"], found["confirmation"]) == ("alice-laptop", "Linux 7", asked["confirmation"])
    assert (before, await Device.count()) == (len(cast.devices), len(cast.devices) + 1)
    enrolled = (await became(agent, asked["request"])).json()
    assert (enrolled["device"], enrolled["person"], enrolled["policy"]["version"]) == (
        answer.json()["device"],
        cast.bob.email,
        1,
    )
    row = await Device.select().where(Device.uid == enrolled["device"]).first()
    assert (row["person"], row["public_key"], row["enrolled_with"]) == (
        cast.bob.id,
        key.public_key().public_bytes_raw(),
        "roll_out",
    )
    [listed] = (await dora.get("/api/devices/codes")).json()
    assert (listed["uses"], listed["uses_left"], listed["waiting"], listed["label"]) == (2, 1, 0, "Lab")
    [enrol] = await acts("device_enrolled")
    assert (enrol["actor"], enrol["subject"]) == (cast.bob.id, cast.bob.id)
    [ask] = await acts("device_asked")
    assert (ask["actor"], ask["subject"]) == (None, None)
    assert asked["request"] not in str(ask["detail"])


async def test_nothing_of_a_computer_is_there_before_it_is_approved(cast, dora, agent):
    await asks(agent, (await made(dora))["code"])

    assert await Device.count() == len(cast.devices)
    assert (await dora.get("/api/devices/all")).json()["total"] == len(cast.devices)


async def test_computer_of_somebody_is_asked_of_them_alone(cast, dora, bob, open_browser, agent):
    code = (await made(dora, email=cast.bob.email.upper(), uses=1))["code"]
    asked = await asks(agent, code)
    bea = open_browser()
    await bea.sign_in(cast.bea)

    [told] = (await bob.get("/api/devices/asking")).json()
    guessed = await bea.change("POST", "/api/devices/asking", json={"confirmation": asked["confirmation"]})
    tried = await decide(bea, asked["request"])

    assert told["id"] == asked["request"]
    assert (await bea.get("/api/devices/asking")).json() == []
    assert (guessed.status_code, guessed.json()["code"], tried.status_code) == (400, "confirmation_wrong", 404)
    assert (await decide(bob, told["id"])).status_code == 200


async def test_declined_computer_is_told_so_and_can_not_be_approved_any_more(dora, bob, agent):
    asked = await asks(agent, (await made(dora))["code"])

    declined = await decide(bob, asked["request"], mine=False)
    later = await decide(bob, asked["request"])

    assert (declined.status_code, declined.json()["device"]) == (200, None)
    assert (later.status_code, later.json()["code"]) == (400, "request_declined")
    answer = await became(agent, asked["request"])
    assert (answer.status_code, "not theirs" in answer.json()["title"]) == (400, True)
    assert len(await acts("device_declined")) == 1
    [listed] = (await dora.get("/api/devices/codes")).json()
    assert listed["uses_left"] == 2


# --- races and ends


async def test_of_two_who_approve_at_once_one_has_the_device(cast, dora, bob, open_browser, agent):
    asked = await asks(agent, (await made(dora))["code"])
    bea = open_browser()
    await bea.sign_in(cast.bea)
    await asyncio.gather(bob.csrf(), bea.csrf())

    answers = await asyncio.gather(*(decide(who, asked["request"]) for who in (bob, bea)))

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    [late] = [answer for answer in answers if answer.status_code == 400]
    assert late.json()["code"] == "request_approved"
    assert await Device.count() == len(cast.devices) + 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE enrolment_request SET expires_at = now() - interval '1 second'", "request_over"),
        ("UPDATE enrolment_code SET expires_at = now() - interval '1 second'", "roll_out_over"),
        ("UPDATE enrolment_code SET uses_left = 0", "roll_out_over"),
    ],
)
async def test_what_is_over_can_not_be_approved(change, code, cast, dora, bob, agent):
    asked = await asks(agent, (await made(dora))["code"])
    async with connection() as held:
        await held.execute(change)

    answer = await decide(bob, asked["request"])

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await Device.count() == len(cast.devices)
    assert (await EnrolmentRequest.select().first())["state"] == "waiting"


async def test_one_key_becomes_one_device_also_when_two_approve_at_once(cast, dora, bob, open_browser, agent, database):
    key = Ed25519PrivateKey.generate()
    one, other = [(await asks(agent, (await made(dora))["code"], key=key))["request"] for _ in range(2)]
    charlie = open_browser()
    await charlie.sign_in(cast.charlie)

    both = await both_at_once(database, "device", decide(bob, one), decide(charlie, other))

    assert sorted(answer.status_code for answer in both) == [200, 400]
    assert await Device.count().where(Device.public_key == key.public_key().public_bytes_raw()) == 1


async def test_request_that_is_over_is_found_by_nobody_and_the_computer_is_told(dora, bob, agent):
    asked = await asks(agent, (await made(dora))["code"])
    await EnrolmentRequest.update({EnrolmentRequest.expires_at: NOW - timedelta(seconds=1)}, force=True)

    found = await bob.change("POST", "/api/devices/asking", json={"confirmation": asked["confirmation"]})

    assert (found.status_code, found.json()["code"]) == (400, "confirmation_wrong")
    assert (await became(agent, asked["request"])).status_code == 400
    assert (await became(agent, "no number")).status_code == 400


async def test_code_that_is_withdrawn_takes_what_waits_with_it(dora, bob, agent):
    code = await made(dora)
    asked = await asks(agent, code["code"])

    gone = await dora.change("DELETE", f"/api/devices/codes/{code['id']}")

    assert gone.status_code == 204
    assert (await decide(bob, asked["request"])).status_code == 404
    assert (await became(agent, asked["request"])).status_code == 400
    assert (await agent.post("/agent/v1/enrol", json=enrolling(code["code"]))).status_code == 400
    assert (await dora.get("/api/devices/codes")).json() == []
    [row] = await acts("roll_out_code_withdrawn")
    assert row["detail"] == {"code": code["id"]}


async def test_code_serves_no_more_computers_than_it_was_made_for(cast, dora, bob, agent):
    code = (await made(dora, uses=2))["code"]
    first, second = await asks(agent, code), await asks(agent, code)

    third = await agent.post("/agent/v1/enrol", json=enrolling(code))
    await decide(bob, first["request"], mine=False)
    fourth = await asks(agent, code)
    for asked in (second, fourth):
        assert (await decide(bob, asked["request"])).status_code == 200
    fifth = await agent.post("/agent/v1/enrol", json=enrolling(code))

    assert (third.status_code, "waiting for approval" in third.json()["title"]) == (400, True)
    assert fifth.status_code == 400
    assert await Device.count() == len(cast.devices) + 2


async def test_agent_that_can_not_wait_is_told_to_be_renewed(dora, agent):
    code = (await made(dora))["code"]

    answer = await agent.post("/agent/v1/enrol", json=enrolling(code, waits=False))

    assert (answer.status_code, "newer one" in answer.json()["title"]) == (400, True)


async def test_key_of_another_device_asks_for_nothing(cast, dora, agent):
    code = (await made(dora))["code"]

    answer = await agent.post("/agent/v1/enrol", json=enrolling(code, key=cast.device(cast.bea).key))

    assert (answer.status_code, answer.json()["field"]) == (400, "public_key")


# --- making one


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"uses": 0}, "roll_out_uses"),
        ({"uses": 1_001}, "roll_out_uses"),
        ({"days": 0}, "roll_out_days"),
        ({"days": 31}, "roll_out_days"),
        ({"label": " "}, "name_length"),
        ({"email": "nobody@halden.example"}, "nobody_such"),
        ({"email": "gone@halden.example"}, "nobody_such"),
    ],
)
async def test_code_is_bounded_in_count_and_life(form, code, dora):
    answer = await dora.change("POST", "/api/devices/codes", json=FORM | form)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_code_is_shown_once_and_kept_as_a_hash(cast, dora):
    code = await made(dora)

    [listed] = (await dora.get("/api/devices/codes")).json()
    kept = await EnrolmentCode.select().first()

    assert len(code["code"].replace("-", "")) == 16
    assert {name: value for name, value in code.items() if name != "code"} == listed
    assert listed["made_by"] == cast.dora.name
    assert code["code"].replace("-", "").encode() not in kept["code_hash"]
    left = kept["expires_at"] - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    [row] = await acts("roll_out_code_made")
    assert row["detail"] == {"code": code["id"], "uses": 2, "days": 3}


async def test_own_codes_leave_those_of_a_roll_out_alone(cast, dora, bob):
    await made(dora, email=cast.bob.email)
    for _ in range(6):
        await bob.change("POST", "/api/devices/code")

    assert len((await dora.get("/api/devices/codes")).json()) == 1


async def test_who_guesses_at_confirmations_is_stopped_and_nobody_else_at_their_address(cast, dora, agent, settings):
    client = web.redis_client(settings.redis_url or "")
    few = Limits(client, wrong_codes=RateLimitItemPerMinute(2, 10))
    with registered(lambda: web.build(settings, api(), client, limits=few)) as application:
        async with Browser(application, "203.0.113.9") as guesser:
            await guesser.sign_in(cast.bea)
            asked = await asks(agent, (await made(dora))["code"])
            tries = [
                (await guesser.change("POST", "/api/devices/asking", json={"confirmation": typed})).status_code
                for typed in ("0000-0000", "", asked["confirmation"][:4], asked["confirmation"])
            ]
        async with Browser(application, "203.0.113.9") as beside:
            await beside.sign_in(cast.bob)
            found = await beside.change("POST", "/api/devices/asking", json={"confirmation": asked["confirmation"]})
    await client.aclose()

    assert tries == [400, 400, 429, 429]
    assert found.status_code == 201
    assert len(await acts("code_refused")) == 2
