"""Limits by person, device and address: who is beyond them, who isn't, and what happens while Redis is away. See also test_login.py."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from limits import RateLimitItemPerMinute
from litestar import Litestar

from hub import web
from hub.app import api
from hub.auth import enrolment
from hub.auth import limits as limits_module
from hub.auth.limits import ENROLLING_AT_ONCE, Limits
from hub.errors import TooMany, Unavailable
from hub.settings import Settings
from hub.tables import Audit, SignIn, TotpFactor
from hub.wire.closing import Close

from .conftest import Browser, Cast
from .live import connected, dialled, running

AWAY = "redis://127.0.0.1:9"
"""Nothing listens on the discard port."""
FEW = RateLimitItemPerMinute(5)


@pytest.fixture
async def limits(redis_url: str) -> AsyncIterator[Limits]:
    client = web.redis_client(redis_url)
    yield Limits(client, requests_by_person=FEW, requests_by_address=FEW, wrong_codes=FEW, arrivals=FEW)
    await client.aclose()


@pytest.fixture
async def application(settings: Settings, limits: Limits) -> AsyncIterator[Litestar]:
    client = web.redis_client(settings.redis_url or "")
    yield web.build(settings, api(), client, limits=limits)
    await client.aclose()


async def test_person_is_counted_wherever_they_are_and_nobody_else_with_them(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    at_home, at_work, beside = open_browser("192.0.2.1"), open_browser("192.0.2.2"), open_browser("192.0.2.2")
    for browser, person in ((at_home, cast.bob), (at_work, cast.bob), (beside, cast.bea)):
        await browser.sign_in(person)

    answers = [await browser.get("/api/me") for browser in (at_home, at_work) * 4]
    other = await beside.get("/api/me")

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert other.status_code == 200


async def test_who_is_not_signed_in_is_counted_by_network(cast: Cast, open_browser: Callable[..., Browser]) -> None:
    signed_in = open_browser("2001:db8:1:2::9")
    await signed_in.sign_in(cast.bob)  # two requests of theirs

    answers = [await open_browser(f"2001:db8:1:2::{n}").get("/api/me") for n in range(1, 6)]
    of_somebody = await signed_in.get("/api/me")
    elsewhere = await open_browser("2001:db8:1:3::1").get("/api/me")

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert of_somebody.status_code == 200
    assert elsewhere.status_code == 401


async def test_session_that_is_over_is_counted_by_network_and_not_as_its_person(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    thief, bob = open_browser("192.0.2.1"), open_browser("192.0.2.2")
    await thief.sign_in(cast.bob)  # two requests of nobody
    await SignIn.raw("UPDATE sign_in SET ended_at = now()")
    await bob.sign_in(cast.bob)

    answers = [(await thief.get("/api/me")).status_code for _ in range(7)]

    assert answers == [401] * 3 + [429] * 4
    assert (await bob.get("/api/me")).status_code == 200


async def test_passkeys_and_second_steps_are_tried_as_often_as_passwords(cast: Cast, settings: Settings) -> None:
    """Each that is refused leaves a row in the audit, which is never removed."""
    client = web.redis_client(settings.redis_url or "")
    application = web.build(settings, api(), client, limits=Limits(client, by_address=FEW))
    stranger, half = Browser(application, "192.0.2.1"), Browser(application, "192.0.2.2")
    await TotpFactor.insert(TotpFactor(person=cast.bob.id, sealed=b"", confirmed_at=cast.joined))
    await half.sign_in(cast.bob)

    code = {"code": "AAAA-AAAA-AAAA"}
    keys = [await stranger.change("POST", "/api/session/passkey", json={"credential": {}}) for _ in range(7)]
    codes = [await half.change("POST", "/api/session/second-step", json=code) for _ in range(7)]

    assert [answer.status_code for answer in keys] == [400] * 5 + [429] * 2
    assert [answer.status_code for answer in codes] == [400] * 5 + [429] * 2
    assert await Audit.count().where(Audit.action.is_in(["passkey_refused", "second_step_refused"])) == 10
    await asyncio.gather(stranger.aclose(), half.aclose(), client.aclose())


async def test_processes_count_together_and_let_exactly_as_many_through(redis_url: str) -> None:
    clients = [web.redis_client(redis_url) for _ in range(2)]
    processes = [Limits(client, by_mail=FEW, requests_by_person=FEW) for client in clients]

    async def passes(count: Callable[[], object]) -> bool:
        try:
            await count()  # type: ignore[misc]
        except TooMany:
            return False
        return True

    sign_ins = await asyncio.gather(
        *(passes(lambda n=n: processes[n % 2].count_sign_in(f"192.0.2.{n}", "bob@halden.example")) for n in range(30))
    )
    requests = await asyncio.gather(*(passes(lambda n=n: processes[n % 2].count_request(person=1)) for n in range(30)))
    for client in clients:
        await client.aclose()

    assert sign_ins.count(True) == requests.count(True) == 5


async def test_what_guesses_is_closed_while_redis_is_away_and_what_costs_work_is_open() -> None:
    client = web.redis_client(AWAY)
    limits = Limits(client)

    with pytest.raises(Unavailable):
        await limits.count_sign_in("192.0.2.1", "bob@halden.example")
    with pytest.raises(Unavailable):
        async with limits.trying_a_code("192.0.2.1"):
            pass
    await limits.count_request(person=1)
    await limits.count_request(address="192.0.2.1")
    assert not any([await limits.arrives_too_often(7) for _ in range(20)])
    await client.aclose()


async def test_codes_that_are_tried_at_once_are_few_more_than_the_limit(
    cast: Cast, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0
    add = enrolment._add_device

    async def counted(*given: object) -> object:
        nonlocal tried
        tried += 1
        return await add(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolment, "_add_device", counted)
    transport = httpx.ASGITransport(application, client=("192.0.2.1", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as guesser:
        key = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw="
        answers = await asyncio.gather(
            *(guesser.post("/agent/v1/enrol", json={"code": f"AAAA-{n:04}", "public_key": key}) for n in range(60))
        )

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(400) == 5
    assert statuses.count(429) == 55
    assert 5 < tried <= 5 + ENROLLING_AT_ONCE


async def test_device_that_comes_again_and_again_is_told_so_and_no_other(
    cast: Cast, settings: Settings, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "ARRIVALS_FREE", 2)
    async with running(settings) as hub:
        hub.hub.ingest.limits = limits
        for _ in range(7):  # two that are not counted, and five
            async with connected(hub, cast.device(cast.bob)):
                pass
        async with dialled(hub) as again:
            await again.hello(hub, cast.device(cast.bob))
            assert await again.closed() == Close.TOO_MANY
        async with connected(hub, cast.device(cast.bea)):
            pass


async def test_arrivals_are_counted_anew_each_minute(redis_url: str) -> None:
    now = 0.0
    client = web.redis_client(AWAY)
    limits = Limits(client, clock=lambda: now)
    for _ in range(limits_module.ARRIVALS_FREE):
        await limits.arrives_too_often(7)
    assert limits._arrived[7] == limits_module.ARRIVALS_FREE
    now = 60.0

    await limits.arrives_too_often(8)

    assert 7 not in limits._arrived
    await client.aclose()


def test_page_of_the_decision_has_the_limits_that_are_in_force() -> None:
    page = (Path(__file__).parents[2] / "docs/decisions/0015-limits-when-redis-is-away.md").read_text()

    for item in (
        limits_module.SIGN_INS_BY_ADDRESS, limits_module.SIGN_INS_BY_MAIL, limits_module.WRONG_CODES_BY_ADDRESS,
        limits_module.REQUESTS_BY_PERSON, limits_module.REQUESTS_BY_ADDRESS, limits_module.ARRIVALS_BY_DEVICE,
    ):  # fmt: skip
        minutes = item.get_expiry() // 60
        assert f"| {item.amount:,} {'a minute' if minutes == 1 else f'in {minutes} minutes'}" in page, item
