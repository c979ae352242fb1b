"""The application's own files as the hub serves them: which, how long they keep, compressed for whom, and under which policy."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub import web
from hub.app import best_coding, page
from hub.settings import Settings

PAGE = "<!doctype html><title>Daylight</title>"
SCRIPT = b"export const word = 'daylight';" * 100
BROTLI = b"of the build: see tests/web/test_bundle.py"


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pages = tmp_path / "dist"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text(PAGE)
    (pages / "icon.svg").write_text("<svg/>")
    (pages / "assets" / "first-abc.js").write_bytes(SCRIPT)
    (pages / "assets" / "first-abc.js.gz").write_bytes(gzip.compress(SCRIPT))
    (pages / "assets" / "first-abc.js.br").write_bytes(BROTLI)
    (pages / "assets" / "small-abc.js").write_bytes(b"1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr("hub.app.PAGES", pages)
    return pages


@pytest.fixture
async def browser(pages: Path, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    client = web.redis_client(settings.redis_url or "")
    transport = httpx.ASGITransport(web.build(settings, [page], client))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        yield browser
    await client.aclose()


async def test_an_asset_is_compressed_for_whom_takes_it_and_kept_for_good(browser: httpx.AsyncClient) -> None:
    packed = await browser.get("/assets/first-abc.js", headers={"accept-encoding": "gzip"})
    plain = await browser.get("/assets/first-abc.js", headers={"accept-encoding": "identity"})

    assert packed.content == plain.content == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT) // 10
    assert "content-encoding" not in plain.headers
    for answer in (packed, plain):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "set-cookie" not in answer.headers  # what is kept for everybody is nobody's
    assert packed.headers["etag"] != plain.headers["etag"]


async def test_an_asset_is_served_in_the_smallest_form_that_a_browser_takes(browser: httpx.AsyncClient) -> None:
    async with browser.stream(
        "GET", "/assets/first-abc.js", headers={"accept-encoding": "gzip, deflate, br"}
    ) as answer:
        assert b"".join([part async for part in answer.aiter_raw()]) == BROTLI
    assert answer.headers["content-encoding"] == "br"
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_an_asset_that_is_not_compressed_is_served_as_it_is(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/assets/small-abc.js", headers={"accept-encoding": "gzip"})

    assert answer.content == b"1"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/devices", "/a/b/c", "/?person=7"])
async def test_the_page_is_at_every_address_of_its_own_and_asked_for_anew(
    browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)

    assert answer.text == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/first-old.js", "/missing.png", "/api/nothing", "/agent/nothing"])
async def test_a_file_of_another_version_is_not_the_page(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/link.txt",
    ],
)
async def test_nothing_outside_is_served(browser: httpx.AsyncClient, pages: Path, path: str) -> None:
    (pages / "link.txt").symlink_to(pages.parent / "secret.txt")
    answer = await browser.get(path)

    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


async def test_scripts_come_from_the_hub_alone(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    said = dict(part.strip().split(" ", 1) for part in policy.split(";"))

    assert said.get("script-src", said["default-src"]) == "'self'"
    assert said["object-src"] == said["base-uri"] == said["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        ("gzip", "gzip"), ("br, GZIP;q=0.5", "br"), ("*", "br"), ("*;q=0, gzip", "gzip"), ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.1, gzip", "gzip"), ("br;q=0, *", "gzip"),
        ("", None), ("zstd", None), ("gzip;q=0", None), ("gzip;q=0, br;q=0, *", None), ("gzip;q=x", None),
    ],
)  # fmt: skip
def test_coding_is_chosen_as_the_browser_weighs_it(accepted: str, best: str | None) -> None:
    assert best_coding(accepted, ["br", "gzip"]) == best
