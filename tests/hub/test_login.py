"""Signing in and out, sessions, CSRF, Origin, limits, and what ends a live socket."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
import redis.asyncio
import structlog
import uvicorn
import websockets
from limits import RateLimitItemPerMinute
from litestar import Litestar, get, websocket
from litestar.connection import WebSocket
from litestar.di import NamedDependency

from hub import database, passwords, people, web
from hub.auth import cookie, login
from hub.auth import limits as limits_module
from hub.auth.access import Viewer, load_viewer
from hub.auth.limits import Limits, network_of
from hub.database import close_pool, connection
from hub.settings import Settings
from hub.tables import Audit, Person, SignIn
from hub.wire.closing import Close

AWAY = "redis://127.0.0.1:9"
"""Nothing listens on the discard port."""


async def me(browser: httpx.AsyncClient) -> int:
    return (await browser.get("/api/me")).status_code


async def acts() -> list[tuple[str, int | None, int | None]]:
    rows = await Audit.select(Audit.action, Audit.actor, Audit.subject).order_by(Audit.id)
    return [(row["action"], row["actor"], row["subject"]) for row in rows]


def session_cookie(response: httpx.Response) -> str:
    return next(line for line in response.headers.get_list("set-cookie") if line.startswith("daylight="))


# --- in and out


async def test_whole_cast_signs_in_and_learns_who_they_are(cast, open_browser):
    answers = {}
    for person in cast.people:
        browser = open_browser()
        signed_in = await browser.sign_in(person)
        answers[person.name.split()[0]] = (signed_in.status_code, await me(browser))
        if signed_in.is_success:
            assert signed_in.json() == (await browser.get("/api/me")).json()

    assert answers.pop("Gone") == (401, 401)
    assert set(answers.values()) == {(201, 200)}


async def test_me_says_name_roles_and_organisation(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alma)

    assert (await browser.get("/api/me")).json() == {
        "id": cast.alma.id,
        "name": "Alma Rossi",
        "email": "alma@halden.example",
        "roles": [{"role": "admin", "team": None}, {"role": "manager", "team": cast.halden}],
        "team": None,
        "manages": True,
        "device": False,
        "organisation": {
            "name": "Halden",
            "zone": "Europe/Oslo",
            "demo": False,
            "expected_min": [480, 480, 480, 480, 480, 0, 0],
            "set_up": True,
            "version": 1,
        },
    }


async def test_address_is_read_without_case_and_space(cast, open_browser):
    browser = open_browser()
    body = {"email": " Bob@HALDEN.example ", "password": cast.password}

    assert (await browser.change("POST", "/api/session", json=body)).status_code == 201


@pytest.mark.parametrize(
    "email", ["bob@halden.example", "nobody@halden.example", "gone@halden.example", "not an address"]
)
async def test_wrong_password_unknown_address_and_deactivated_person_look_the_same(email, cast, open_browser):
    browser = open_browser()
    body = {"email": email, "password": cast.password if "gone" in email else "wrong password"}

    answer = await browser.change("POST", "/api/session", json=body)

    assert answer.status_code == 401
    assert answer.json()["title"] == "That e-mail and password don't match."
    assert answer.headers["content-type"] == "application/problem+json"
    assert "daylight" not in browser.cookies


async def test_unknown_address_costs_a_hash_as_well(cast, open_browser, monkeypatch):
    checked: list[str | None] = []

    async def spy(password: str, stored: str | None) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr(login, "password_matches", spy)
    browser = open_browser()
    for email in ("nobody@halden.example", "gone@halden.example", "bob@halden.example"):
        await browser.change("POST", "/api/session", json={"email": email, "password": "wrong password"})

    assert checked[:2] == [None, None]
    assert checked[2] is not None


async def test_sign_out_ends_the_session_also_for_a_kept_cookie(cast, open_browser):
    browser, thief = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    thief.cookies.set("daylight", browser.cookies["daylight"])
    assert await me(thief) == 200

    answer = await browser.change("DELETE", "/api/session")

    assert answer.status_code == 204
    assert await me(browser) == 401
    assert await me(thief) == 401
    assert "daylight" not in browser.cookies
    assert (await browser.change("DELETE", "/api/session")).status_code == 204
    assert await acts() == [("sign_in", 2, 2), ("sign_out", 2, 2)]


async def test_failed_sign_in_is_recorded_without_the_address_of_somebody_unknown(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob, "wrong password")
    await browser.change("POST", "/api/session", json={"email": "nobody@halden.example", "password": "wrong"})

    assert await acts() == [("sign_in_failed", None, cast.bob.id), ("sign_in_failed", None, None)]
    assert "nobody" not in json.dumps(await Audit.select(Audit.detail))


async def test_signing_in_as_somebody_else_ends_the_sign_in_before(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alma)
    before = browser.cookies["daylight"]

    await browser.sign_in(cast.bob)

    assert browser.cookies["daylight"] != before
    assert (await browser.get("/api/me")).json()["name"] == "Bob Brandt"
    assert await SignIn.count().where(SignIn.person == cast.alma.id, SignIn.ended_at.is_null()) == 0


# --- sessions


async def test_planted_session_id_does_not_survive_signing_in(cast, open_browser, redis_url):
    planted = "ab" * 32
    victim, attacker = open_browser(), open_browser()
    for browser in (victim, attacker):
        browser.cookies.set("daylight", planted)

    signed_in = await victim.sign_in(cast.bob)

    assert planted not in session_cookie(signed_in)
    assert await me(attacker) == 401
    async with redis.asyncio.from_url(redis_url) as client:
        assert not [key for key in await client.keys("*") if planted.encode() in key]
    rows = await Audit.select().where(Audit.action == "request_refused").output(load_json=True)
    assert [(row["subject"], row["detail"]) for row in rows] == [(cast.bob.id, {"reason": "unknown_session"})]


async def test_own_session_id_changes_at_the_next_sign_in(cast, open_browser):
    browser, old = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    old.cookies.set("daylight", browser.cookies["daylight"])

    await browser.sign_in(cast.bob)

    assert await me(browser) == 200
    assert await me(old) == 401


async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(cast, open_browser):
    cookie = session_cookie(await open_browser().sign_in(cast.bob))

    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "samesite=lax", "path=/", "max-age=43200"}


async def test_cookies_are_secure_and_bound_to_the_host_behind_tls(cast, settings):
    secure = Settings(
        **{field: getattr(settings, field) for field in settings.__struct_fields__}
        | {"public_origin": "https://d.example"}
    )
    client = web.redis_client(settings.redis_url)
    transport = httpx.ASGITransport(web.build(secure, [], client))
    async with httpx.AsyncClient(transport=transport, base_url="https://d.example") as http:
        csrf = await http.get("/api/me")
        body = {"email": cast.bob.email, "password": cast.password}
        signed_in = await http.post(
            "/api/session", json=body, headers={"x-csrftoken": http.cookies["__Host-csrftoken"]}
        )
    await client.aclose()

    assert csrf.headers["set-cookie"].startswith("__Host-csrftoken=")
    assert "Secure" in csrf.headers["set-cookie"]
    assert signed_in.headers["set-cookie"].startswith("__Host-daylight=")
    assert "Secure" in signed_in.headers["set-cookie"]
    assert signed_in.headers["strict-transport-security"].startswith("max-age=")


async def test_nothing_is_stored_for_who_has_not_signed_in(cast, open_browser, redis_url):
    browser = open_browser()
    await me(browser)

    async with redis.asyncio.from_url(redis_url) as client:
        assert [key for key in await client.keys("*") if b":limit:" not in key] == []
    assert "daylight" not in browser.cookies


async def test_session_expires_by_idleness_and_is_renewed_by_use(cast, open_browser, redis_url):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    async with redis.asyncio.from_url(redis_url) as client:
        key = (await client.keys("daylight:session*"))[0]
        await client.expire(key, 100)

        await me(browser)

        assert cookie.IDLE_S - 60 < await client.ttl(key) <= cookie.IDLE_S
        await client.delete(key)
    assert await me(browser) == 401


async def test_sign_in_ends_after_its_longest_time(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    long_ago = datetime.now(UTC) - timedelta(seconds=login.SIGNED_IN_MAX_S)
    await SignIn.update({SignIn.created_at: long_ago}, force=True)

    assert await me(browser) == 401


async def test_deactivation_ends_the_session(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)

    await people.deactivate(cast.bob.id)

    assert await me(browser) == 401
    assert (await browser.sign_in(cast.bob)).status_code == 401


async def test_ended_sign_in_is_refused_though_its_session_is_still_in_redis(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)

    await SignIn.update({SignIn.ended_at: datetime.now(UTC)}, force=True)

    assert await me(browser) == 401


async def test_session_of_one_person_does_not_open_the_sign_in_of_another(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)

    await SignIn.update({SignIn.person: cast.alma.id}, force=True)

    assert await me(browser) == 401


# --- CSRF and Origin


async def test_change_without_the_csrf_token_is_refused(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    body = {"email": cast.bob.email, "password": cast.password}

    for headers in ({}, {"x-csrftoken": "0" * 128}):
        for method, path in [("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/devices/code")]:
            answer = await browser.request(method, path, json=body, headers=headers)
            assert answer.status_code == 403
    assert await me(browser) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://localhost:8000",
        "http://localhost:8001",
        "http://localhost:8000.evil.example",
    ],
)
async def test_change_from_another_sites_page_is_refused(origin, cast, open_browser):
    browser = open_browser()
    body = {"email": cast.bob.email, "password": cast.password}

    answer = await browser.post("/api/session", json=body, headers={**await browser.csrf(), "origin": origin})

    assert answer.status_code == 403


def test_loopback_names_are_ours_in_development_only():
    development = Settings(port=8123)
    production = Settings(environment="production", host="127.0.0.1", port=8123, public_origin="https://d.example")
    open_to_all = Settings(host="0.0.0.0", port=8123, public_origin="http://10.0.0.5:8123")

    assert login.allowed_origins(development) == {"http://localhost:8123", "http://127.0.0.1:8123"}
    assert login.allowed_origins(production) == {"https://d.example"}
    assert login.allowed_origins(open_to_all) == {"http://10.0.0.5:8123"}


# --- limits


@pytest.fixture
async def limited(settings, cast) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """A browser of a hub with few tries."""
    client = web.redis_client(settings.redis_url)
    small = Limits(client, by_address=RateLimitItemPerMinute(6), by_mail=RateLimitItemPerMinute(3))
    application = web.build(settings, [], client, limits=small)
    async with contextlib.AsyncExitStack() as stack:

        def one(address: str) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(application, client=(address, 1))
            http = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")
            stack.push_async_callback(http.aclose)
            return http

        yield one
    await client.aclose()


async def attempt(http: httpx.AsyncClient, email: str, password: str = "wrong password") -> httpx.Response:
    await http.get("/api/me")
    headers = {"x-csrftoken": http.cookies["csrftoken"]}
    return await http.post("/api/session", json={"email": email, "password": password}, headers=headers)


async def test_tries_at_one_mail_are_limited_from_everywhere(limited, cast):
    tries = await asyncio.gather(*(attempt(limited(f"192.0.2.{n}"), cast.bob.email) for n in range(8)))
    right = await attempt(limited("192.0.2.99"), cast.bob.email.upper(), cast.password)
    other = await attempt(limited("192.0.2.99"), cast.bea.email, cast.password)

    assert sorted(answer.status_code for answer in tries) == [401] * 3 + [429] * 5
    assert right.status_code == 429
    assert 1 <= int(right.headers["retry-after"]) <= 60
    assert other.status_code == 201


async def test_tries_from_one_address_are_limited_over_all_mails(limited, cast):
    tries = [await attempt(limited("192.0.2.1"), f"p{n}@halden.example") for n in range(7)]
    elsewhere = await attempt(limited("192.0.2.2"), cast.bob.email, cast.password)

    assert [answer.status_code for answer in tries] == [401] * 6 + [429]
    assert elsewhere.status_code == 201


async def test_success_sets_the_count_of_the_mail_back(limited, cast):
    codes = []
    for n in range(8):
        password = cast.password if n % 3 == 2 else "wrong password"
        codes.append((await attempt(limited(f"192.0.2.{n}"), cast.bob.email, password)).status_code)

    assert codes == [401, 401, 201, 401, 401, 201, 401, 401]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unix", "unknown"),
    ],
)
def test_addresses_are_counted_by_network(address, counted):
    assert network_of(address) == counted


def test_limits_leave_an_office_room_and_a_guesser_none():
    assert (limits_module.SIGN_INS_BY_ADDRESS.amount, limits_module.SIGN_INS_BY_ADDRESS.get_expiry()) == (300, 300)
    assert (limits_module.SIGN_INS_BY_MAIL.amount, limits_module.SIGN_INS_BY_MAIL.get_expiry()) == (10, 900)


# --- while something is away


async def test_sign_in_is_closed_while_redis_is_away(cast, settings):
    client = web.redis_client(AWAY)
    transport = httpx.ASGITransport(web.build(settings, [], client))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        signed_out = await http.get("/api/me")
        answer = await attempt(http, cast.bob.email, cast.password)
        http.cookies.set("daylight", "ab" * 32)
        unknown = await http.get("/api/me")
    await client.aclose()

    assert signed_out.status_code == 401
    assert (answer.status_code, unknown.status_code) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert await SignIn.count() == 0


async def test_connection_that_the_server_ended_just_as_it_was_asked_is_a_503(cast, open_browser, monkeypatch):
    async def ended(*_: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")

    browser = open_browser()
    await browser.sign_in(cast.bob)
    monkeypatch.setattr(login, "me", ended)

    assert (await browser.get("/api/me")).status_code == 503


async def test_database_away_is_a_503_and_not_a_signed_out_answer(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    await close_pool()
    database.ENGINE.pool = await asyncpg.create_pool("postgresql://nobody@127.0.0.1:9/nothing", min_size=0)

    answer = await browser.get("/api/me")

    assert answer.status_code == 503
    assert answer.json()["title"]


# --- what ends a live socket


async def opened(person: int) -> tuple[UUID, tuple[int, int]]:
    row = SignIn(person=person)
    await SignIn.insert(row)
    return row.id, (person, (await load_viewer(person)).access_version)


async def test_live_sockets_end_by_sign_out_role_change_deactivation_idleness_and_age(cast, database):
    names = ["signed_out", "role", "deactivated", "old", "idle", "untouched"]
    cast_of = [cast.bob, cast.alice, cast.charlie, cast.bea, cast.rita, cast.maxim]
    sign_ins = {name: await opened(person.id) for name, person in zip(names, cast_of, strict=True)}
    everything = set(sign_ins.values())
    assert await login.ended(everything) == {}

    long_ago = datetime.now(UTC) - timedelta(seconds=login.SIGNED_IN_MAX_S)
    await SignIn.update({SignIn.ended_at: datetime.now(UTC)}).where(SignIn.id == sign_ins["signed_out"][0])
    await SignIn.update({SignIn.created_at: long_ago}).where(SignIn.id == sign_ins["old"][0])
    unseen = datetime.now(UTC) - timedelta(seconds=cookie.IDLE_S + login.SEEN_EVERY_S)
    await SignIn.update({SignIn.seen_at: unseen}).where(SignIn.id == sign_ins["idle"][0])
    await people.revoke(cast.alice.id, "manager", cast.payments)
    await people.deactivate(cast.charlie.id)

    assert await login.ended(everything) == {
        sign_ins["signed_out"]: Close.SIGNED_OUT,
        sign_ins["role"]: Close.ACCESS_CHANGED,
        sign_ins["deactivated"]: Close.SIGNED_OUT,
        sign_ins["old"]: Close.SIGNED_OUT,
        sign_ins["idle"]: Close.SIGNED_OUT,
    }


async def test_deactivation_alone_ends_a_live_socket(cast, database):
    bob = await opened(cast.bob.id)

    await Person.update({Person.deactivated_at: datetime.now(UTC)}).where(Person.id == cast.bob.id)

    assert await login.ended({bob}) == {bob: Close.SIGNED_OUT}


async def test_windows_of_a_sign_in_opened_before_and_after_a_change_are_told_apart(cast, database):
    sign_in, (person, version) = before = await opened(cast.alice.id)
    await people.revoke(cast.alice.id, "manager", cast.payments)
    after = sign_in, (person, version + 1)

    assert await login.ended({before, after}) == {before: Close.ACCESS_CHANGED}


async def test_unknown_sign_in_and_somebody_elses_end(cast, database):
    id_, (_, version) = await opened(cast.bob.id)
    stranger = UUID(int=1)

    others = {(id_, (cast.alma.id, version)), (stranger, (cast.bob.id, version))}
    assert await login.ended(others) == dict.fromkeys(others, Close.SIGNED_OUT)
    assert await login.ended(set()) == {}


# --- errors, headers, logs


async def test_every_answer_has_its_request_id_and_the_security_headers(cast, open_browser):
    browser = open_browser()
    answers = [
        await browser.get(path, headers={"x-request-id": given})
        for path in ("/api/me", "/nowhere", "/api/openapi.json")
        for given in ("0123456789abcdef", "bad id\t", "x" * 65)
    ]

    for answer in answers:
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
        assert headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert len(headers["x-request-id"]) in {16, 32}
    assert [answer.headers["x-request-id"] == "0123456789abcdef" for answer in answers] == [True, False, False] * 3
    assert answers[0].json()["request_id"] == "0123456789abcdef"
    assert answers[0].headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"email": 5, "password": "s3cret"}', "email"),
        ('{"email": "a@b.example"}', "password"),
        ('{"email": "a@b.example", "password": "' + "s3cret" * 50 + '"}', "password"),
        ('{"email": "s3cret', None),
        ('"s3cret"', None),
        ("[" * 5000, None),
        ('{"email": "\\ud800s3cret", "password": "s3cret"}', None),
        ("\xff", None),
    ],
)
async def test_bad_body_is_a_400_that_names_the_field_and_repeats_nothing(body, field, cast, open_browser):
    browser = open_browser()
    headers = {**await browser.csrf(), "content-type": "application/json"}

    answer = await browser.post("/api/session", content=body.encode("latin-1"), headers=headers)

    assert answer.status_code == 400
    assert answer.json().get("field") == field
    assert "s3cret" not in answer.text


async def test_nul_in_an_address_is_just_a_wrong_address(cast, open_browser):
    browser = open_browser()
    body = {"email": "bob@halden.example\x00", "password": "x\x00y"}

    assert (await browser.change("POST", "/api/session", json=body)).status_code == 401


async def test_body_over_the_limit_is_refused(cast, open_browser):
    browser = open_browser()

    answer = await browser.change("POST", "/api/session", content=b" " * (web.BODY_MAX_BYTES + 1))

    assert answer.status_code == 413


async def test_unexpected_error_tells_nothing_outside_and_no_content_inside(settings, cast):
    @get("/api/broken")
    async def broken() -> None:
        raise ValueError("s3cret title")

    client = web.redis_client(settings.redis_url)
    transport = httpx.ASGITransport(web.build(settings, [broken], client))
    with structlog.testing.capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
            answer = await http.get("/api/broken?token=s3cret")
    await client.aclose()

    assert answer.status_code == 500
    assert "s3cret" not in answer.text
    assert "s3cret" not in json.dumps(logs)
    failed = next(entry for entry in logs if entry["event"] == "failed")
    assert failed["error"] == "ValueError"
    assert "broken" in failed["at"][-1]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.DeadlockDetectedError, 409),
        (asyncpg.SerializationError, 409),
        (asyncpg.ReadOnlySQLTransactionError, 503),
        (asyncpg.IdleInTransactionSessionTimeoutError, 503),
    ],
)
async def test_what_postgresql_has_undone_may_be_asked_again(error, status, settings, cast):
    @get("/api/broken")
    async def broken() -> None:
        raise error("s3cret")

    client = web.redis_client(settings.redis_url)
    transport = httpx.ASGITransport(web.build(settings, [broken], client))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        answer = await http.get("/api/broken")
    await client.aclose()

    assert answer.status_code == status
    assert "s3cret" not in answer.text


async def test_access_log_has_four_fields_and_no_secret(cast, open_browser):
    browser = open_browser()
    with structlog.testing.capture_logs() as logs:
        await browser.sign_in(cast.bob)
        await browser.get("/api/me?token=s3cret")
        code = (await browser.change("POST", "/api/devices/code")).json()["code"]

    requests = [entry for entry in logs if entry["event"] == "request"]
    assert all(set(entry) == {"event", "log_level", "method", "path", "status", "duration_ms"} for entry in requests)
    logged = json.dumps(logs)
    for secret in (
        cast.password,
        cast.bob.email,
        browser.cookies["daylight"],
        browser.cookies["csrftoken"],
        code,
        "s3cret",
    ):
        assert secret not in logged


# --- over a real server


@websocket("/live")
async def live(socket: WebSocket) -> None:
    signed_in = await login.viewer_of_socket(socket)
    await socket.accept()
    await socket.send_text(str(signed_in.viewer.person))
    await socket.close()


async def agent(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


async def broken_agent(socket: WebSocket) -> None:
    await socket.accept()
    raise ValueError("s3cret title")


@get("/api/whoami")
async def whoami(viewer: NamedDependency[Viewer]) -> int:
    return viewer.person


@pytest.fixture
async def served(settings, cast) -> AsyncIterator[str]:
    """The address of the application behind uvicorn, on a free port."""
    client = web.redis_client(settings.redis_url)
    application: Litestar = web.build(
        settings, [live, whoami], client, sockets={"/agent/v1": agent, "/agent/broken": broken_agent}
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application, port=0, log_level="critical", access_log=False, server_header=False, ws="websockets-sansio"
        )
    )
    config, listening = server.config, None
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    listening = server.servers[0].sockets[0].getsockname()[1]
    running = asyncio.create_task(server.main_loop())
    yield f"http://127.0.0.1:{listening}"
    server.should_exit = True
    await running
    await server.shutdown()
    await client.aclose()


async def test_live_socket_needs_our_origin_and_a_session(served, cast, settings):
    async with httpx.AsyncClient(base_url=served) as http:
        assert (await attempt(http, cast.bob.email, cast.password)).status_code == 201
        cookie = f"daylight={http.cookies['daylight']}"
        assert (await http.get("/api/whoami")).json() == cast.bob.id
    url = served.replace("http", "ws") + "/live"

    async def handshake(path: str = url, **headers: str) -> int:
        try:
            async with websockets.connect(path, additional_headers=headers) as socket:
                answer = await socket.recv()
                return int(answer)
        except websockets.InvalidStatus as refused:
            return refused.response.status_code
        except websockets.ConnectionClosedOK:
            return 101

    assert await handshake(Origin=settings.origin, Cookie=cookie) == cast.bob.id
    assert await handshake(Origin="http://127.0.0.1:8000", Cookie=cookie) == cast.bob.id
    assert await handshake(Origin="http://evil.example", Cookie=cookie) == 403
    assert await handshake(Cookie=cookie) == 403
    assert await handshake(Origin=settings.origin) == 403
    agents = served.replace("http", "ws") + "/agent/v1"
    assert await handshake(agents) == 101
    assert await handshake(agents, Origin=settings.origin) == 101
    assert await handshake(agents, Origin="http://evil.example") == 403


async def test_socket_that_breaks_is_closed_and_the_log_says_where_without_what_was_sent(served):
    with structlog.testing.capture_logs() as logs:
        async with websockets.connect(served.replace("http", "ws") + "/agent/broken") as socket:
            with pytest.raises(websockets.ConnectionClosedError) as closed:
                await socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert "s3cret" not in json.dumps(logs)
    failed = next(entry for entry in logs if entry["event"] == "failed")
    assert failed["error"] == "ValueError"
    assert "broken_agent" in failed["at"][-1]


async def test_two_origins_are_as_good_as_none(cast, open_browser, settings):
    browser = open_browser()
    token = (await browser.csrf())["x-csrftoken"]
    both = [("x-csrftoken", token), ("origin", settings.origin), ("origin", "http://evil.example")]

    answer = await browser.post("/api/session", json={"email": cast.bob.email, "password": cast.password}, headers=both)

    assert answer.status_code == 403


@pytest.fixture
def patient_for_redis(monkeypatch):
    """A hundred at once wait for one of twenty connections, on cores that others want too."""
    monkeypatch.setattr(web, "REDIS_S", 60.0)


@pytest.mark.usefixtures("patient_for_redis")
async def test_hundred_sign_ins_at_once_hash_in_two_threads_off_the_event_loop(cast, open_browser, monkeypatch):
    names: list[str] = []

    def verify(password: str, stored: str) -> bool:
        names.append(threading.current_thread().name)
        return checked(password, stored)

    checked = passwords._HASHER.verify
    monkeypatch.setattr(passwords._HASHER, "verify", verify)
    browsers = [open_browser(f"192.0.2.{n}") for n in range(100)]
    active = [person for person in cast.people if person is not cast.gone]
    await asyncio.gather(*(browser.csrf() for browser in browsers))

    answers = await asyncio.gather(*(browser.sign_in(active[n % 9]) for n, browser in enumerate(browsers)))

    # 100 over 9 people are 12 at one of them, at the most, where 10 at a time are let through.
    assert {answer.status_code for answer in answers} <= {201, 429}
    assert sum(answer.status_code == 201 for answer in answers) >= 81
    assert len(names) >= 81
    assert len(set(names)) <= passwords.THREADS
    assert all(name.startswith("password") for name in names)


async def test_password_hash_is_never_sent(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alma)

    texts = [(await browser.get(path)).text for path in ("/api/me", "/api/devices", "/api/openapi.json")]
    hashes = await Person.select(Person.password_hash).output(as_list=True)
    async with connection() as held:
        assert await held.fetchval("SELECT count(*) FROM sign_in") == 1
    assert not any(hashed in text for hashed in hashes for text in texts)
