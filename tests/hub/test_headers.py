"""What stands in the head of every kind of answer: page, file, API, error; with TLS and without."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from limits import RateLimitItemPerMinute
from litestar import Litestar, get

from hub import app, web
from hub.app import Hub, create
from hub.auth.limits import Limits
from hub.errors import Unavailable
from hub.feed.memory import MemoryFeed
from hub.settings import Settings

from .conftest import PASSWORD, Cast

ORIGIN = "https://daylight.example"
INDEX = "<!doctype html><title>Daylight</title><script type=module src=/assets/main-abc.js></script>"


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pages/assets").mkdir(parents=True)
    (tmp_path / "pages/index.html").write_text(INDEX)
    (tmp_path / "pages/assets/main-abc.js").write_text("1")
    monkeypatch.setattr(app, "PAGES", tmp_path / "pages")


@pytest.fixture
async def browser(cast: Cast, settings: Settings, pages: None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before a whole hub that is reached by TLS; nobody has signed in."""
    behind_tls = msgspec.structs.replace(settings, public_origin=ORIGIN, environment="production")
    transport = httpx.ASGITransport(create(Hub(behind_tls, MemoryFeed("one"))))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        yield browser


KINDS: dict[str, tuple[str, str, int]] = {
    "page": ("GET", "/", 200),
    "page of a deep address": ("GET", "/people/7?day=2026-11-30", 200),
    "file": ("GET", "/assets/main-abc.js", 200),
    "no such file": ("GET", "/assets/main-old.js", 404),
    "no such address": ("GET", "/api/nothing", 404),
    "not signed in": ("GET", "/api/me", 401),
    "not signed in, a head only": ("HEAD", "/", 405),
    "options": ("OPTIONS", "/api/me", 204),
    "no CSRF token": ("POST", "/api/session", 403),
    "wrong method": ("PATCH", "/api/me", 405),
    "not readable": ("POST", "/agent/v1/enrol", 400),
    "contract": ("GET", "/api/openapi.json", 200),
    "below the contract": ("GET", "/api/openapi.json/x", 404),
    "health": ("GET", "/health", 200),
    "ready": ("GET", "/ready", 503),
    "metrics": ("GET", "/metrics", 200),
}


def assert_safe(answer: httpx.Response, what: str) -> None:
    headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'", what
    assert policy.keys().isdisjoint({"script-src", "script-src-elem", "script-src-attr", "worker-src"}), what
    assert not any("unsafe" in said or "*" in said for name, said in policy.items() if name != "style-src"), what
    assert policy["connect-src"] == "'self' wss://daylight.example", what
    assert [policy[name] for name in ("object-src", "frame-ancestors", "base-uri")] == ["'none'"] * 3, what
    assert policy["form-action"] == "'self'", what
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains", what
    assert headers["x-content-type-options"] == "nosniff", what
    assert headers["x-frame-options"] == "DENY", what
    assert headers["referrer-policy"] == "same-origin", what
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin", what
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(headers["permissions-policy"].split(", ")), what
    assert headers["x-request-id"], what
    assert "access-control-allow-origin" not in headers, what
    assert "server" not in headers, what
    assert "x-powered-by" not in headers, what
    path = answer.request.url.path
    kept = "immutable" if path == "/assets/main-abc.js" else "no-store" if path.startswith(("/api/", "/agent/")) else ""
    assert kept in headers.get("cache-control", ""), what
    framework_page = path.startswith("/api/openapi.json/")
    if answer.is_error and answer.content and path != "/ready" and not framework_page:
        assert headers["content-type"] == "application/problem+json", what
    for cookie in headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-"), what
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert {"secure", "path=/", "samesite=lax"} <= flags, what
        assert not any(flag.startswith("domain=") for flag in flags), what
        assert ("httponly" in flags) == cookie.startswith("__Host-daylight"), what


async def test_every_kind_of_answer_has_every_header(browser: httpx.AsyncClient) -> None:
    for what, (method, path, status) in KINDS.items():
        answer = await browser.request(method, path, headers={"origin": ORIGIN})

        assert answer.status_code == status, what
        assert_safe(answer, what)


@pytest.mark.parametrize("path", ["/", "/api/me", "/agent/v1/enrol", "/metrics"])
async def test_trace_and_other_methods_are_refused(browser: httpx.AsyncClient, path: str) -> None:
    for method in ("TRACE", "TRACK", "CONNECT", "PROPFIND"):
        answer = await browser.request(method, path, headers={"x-echo": "s3cret"})

        assert answer.status_code in {404, 405}, method
        assert "s3cret" not in answer.text
        assert_safe(answer, method)


async def test_answers_to_who_is_signed_in_have_them_too(browser: httpx.AsyncClient, cast: Cast) -> None:
    await browser.get("/api/me")
    csrf = {"x-csrftoken": browser.cookies["__Host-csrftoken"]}
    signed_in = await browser.post("/api/session", json={"email": cast.bob.email, "password": PASSWORD}, headers=csrf)
    answers = {
        "signed in": signed_in,
        "one's own": await browser.get("/api/me"),
        "not for them": await browser.get("/api/devices/all"),
        "too large": await browser.post("/api/views", content=b" " * (web.BODY_MAX_BYTES + 1), headers=csrf),
        "wrong form": await browser.post("/api/views", json={"name": 5}, headers=csrf),
        "signed out": await browser.delete("/api/session", headers=csrf),
    }

    assert [answer.status_code for answer in answers.values()] == [201, 200, 404, 413, 400, 204]
    for what, answer in answers.items():
        assert_safe(answer, what)


async def test_answers_that_say_that_something_is_wrong_have_them_too(settings: Settings) -> None:
    @get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @get("/api/away")
    async def away() -> None:
        raise Unavailable("Not now.")

    client = web.redis_client(settings.redis_url or "")
    behind_tls = msgspec.structs.replace(settings, public_origin=ORIGIN, environment="production")
    few = Limits(client, requests_by_address=RateLimitItemPerMinute(2))
    transport = httpx.ASGITransport(web.build(behind_tls, [broken, away], client, limits=few))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        answers = [await browser.get(path) for path in ("/api/broken", "/api/away", "/api/broken")]
    await client.aclose()

    assert [answer.status_code for answer in answers] == [500, 503, 429]
    for answer in answers:
        assert_safe(answer, str(answer.status_code))
    assert int(answers[1].headers["retry-after"]) > 0
    assert int(answers[2].headers["retry-after"]) > 0


async def test_without_tls_nothing_promises_it(application: Litestar, open_browser: Callable[..., Any]) -> None:
    answer = await open_browser().get("/api/me")

    assert "strict-transport-security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("csrftoken=")
    assert "Secure" not in answer.headers["set-cookie"]
