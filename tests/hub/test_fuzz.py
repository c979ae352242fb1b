"""Every route of the hub is tried with what its description allows and with what it doesn't, by an admin, a manager and nobody.

Whatever comes, the answer is one that is documented, within seconds, and no error tells of the hub's insides. What is tried follows from
the description alone, so that each run tries the same and a new route is tried without being named here.
"""

import asyncio
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
import redis.asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from litestar import Litestar
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub import openapi, passwords
from hub.settings import Settings
from tests import owner
from tests.hub.conftest import Browser, Cast

TRIES = {"admin": 8, "manager": 4, "nobody": 2}
"""Of each route, two of three valid. Most of what others ask is refused before it is read."""
MODES = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
HANGS_S = 20
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
INSIDES = re.compile(
    r"Traceback|\.py\b|asyncpg|piccolo|litestar|msgspec|redis|SELECT |INSERT |UPDATE |relation \"|password_hash|Exception",
    re.IGNORECASE,
)
AS_NEW = "SELECT pristine.put_back()"
HARD = ["\0", "\ud800", "\u202e\u200b", "=1+1", "x" * 300, "%00", "2026-13-45T99:99:99Z"]
"""What has broken others: no character, half of one, none that is seen, a formula, too much of one, and so on."""
PEOPLE = 11
"""Numbers below are often somebody's, or some team's."""


def bent(value: Any, text: str | None, here: Iterator[bool]) -> Any:
    """The same with small numbers for great ones, since what has such a number may be there, and `text` for the texts that `here` picks."""
    match value:
        case bool():
            return value
        case int():
            return abs(value) % PEOPLE
        case str():
            return text if text is not None and next(here) else value
        case dict():
            return {key: bent(held, text, here) for key, held in value.items()}
        case list():
            return [bent(held, text, here) for held in value]
        case _:
            return value


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is guessed here is checked in a thousandth of the time."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    decoy = cheap.hash("decoy")
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_decoy", lambda: decoy)


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("cheap_passwords")
@pytest.mark.parametrize("viewer", TRIES)
async def test_every_route_answers_as_it_is_described(
    application: Litestar, cast: Cast, settings: Settings, open_browser: Callable[..., Browser], viewer: str
) -> None:
    person = {"admin": cast.dora, "manager": cast.alice, "nobody": None}[viewer]
    loop = asyncio.get_running_loop()
    described = schemathesis.openapi.from_dict(openapi.described(application))
    operations = [found.ok() for found in described.get_all_operations()]

    keeper = await asyncpg.connect(owner.URLS[-1])

    async def signed_in() -> Browser:
        await keeper.execute(AS_NEW)
        async with redis.asyncio.from_url(settings.redis_url or "") as counted:
            await counted.flushall()  # guesses at a password here would leave nobody a try there
        browser = open_browser()
        if person is not None:
            assert (await browser.sign_in(person)).status_code == 201
        await browser.csrf()
        return browser

    def wait(doing: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, loop).result(HANGS_S)

    def fuzz(operation: Any, browser: Browser) -> None:
        cookies = httpx.Cookies(browser.cookies)

        bends = itertools.cycle([(None, ""), *itertools.product(HARD, ["1", "10", "01"])])

        @tried(
            max_examples=TRIES[viewer], derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.one_of(operation.as_strategy(generation_mode=mode) for mode in MODES))
        def one(case: Any) -> None:
            valid = case.meta.generation.mode.is_positive
            if valid:
                case.path_parameters = bent(case.path_parameters, None, itertools.cycle([False]))
            browser.cookies = httpx.Cookies(cookies)  # whoever signed out is signed in again, if they still may be
            answer = wait(browser.send(asked(browser, case, next(bends) if valid else None)))
            case.validate_response(answer, checks=CHECKS, additional_checks=[tells_nothing])

        one()

    reader = await signed_in()
    for operation in sorted(operations, key=lambda one: one.method != "get"):
        # What reads leaves all as it was; what changes something is tried where nothing has changed yet.
        await asyncio.to_thread(fuzz, operation, reader if operation.method == "get" else await signed_in())
    await keeper.close()
    assert operations


def asked(browser: Browser, case: Any, bend: tuple[str | None, str] | None) -> httpx.Request:
    """What the case says, from this browser; with `bend`, a JSON body bent by this text, where `1` stands."""
    given = case.as_transport_kwargs(base_url=str(browser.base_url))
    headers = {**(given.get("headers") or {}), "x-csrftoken": browser.cookies["csrftoken"]}
    body = given.get("data")
    sent = {"content": body} if isinstance(body, bytes | str) else {"data": body}
    if "json" in given:
        if bend is not None:
            given["json"] = bent(given["json"], bend[0], itertools.cycle(pick == "1" for pick in bend[1]))
        sent = {"content": json.dumps(given["json"])}  # escaped, so that half a character can be sent
    return browser.build_request(given["method"], given["url"], params=given.get("params"), headers=headers, **sent)


def tells_nothing(_: Any, response: Any, case: Any) -> None:
    if response.status_code >= 400:
        assert not INSIDES.search(response.text), f"{case.operation.label}: {response.text}"
