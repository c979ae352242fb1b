"""What a peer says of where a request comes from is believed of proxies that are named in the settings, and of nobody else.

And where a request ends is told by the request alone. All on the server that the hub runs on.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect

from hub.auth.enrolment import make_code
from hub.auth.limits import WRONG_CODES_BY_ADDRESS
from hub.settings import Settings
from hub.tables import Audit

from .bare import serving
from .conftest import PASSWORD, Cast
from .live import Running, running, signed_in

LIMIT_S = 10.0
FORGED = {
    "x-forwarded-for": "203.0.113.9",
    "x-real-ip": "203.0.113.9",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
    "forwarded": "for=203.0.113.9;proto=https;host=evil.example",
}


@contextlib.asynccontextmanager
async def echoing(tmp_path: Path, trusted: str) -> AsyncIterator[int]:
    """A server that answers with where it believes a request to come from; returns its port."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        told = json.dumps([scope.get("client", [""])[0], scope.get("scheme")]).encode()
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": told.decode()})
            await send({"type": "websocket.close"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": told})

    async with serving(application, Settings(data=tmp_path, trusted_proxies=trusted)) as port:
        yield port


@pytest.mark.parametrize(
    ("trusted", "said", "believed"),
    [
        ("", {}, ["127.0.0.1", "http"]),
        ("", FORGED, ["127.0.0.1", "http"]),
        ("10.0.0.1", FORGED, ["127.0.0.1", "http"]),
        ("127.0.0.1", {}, ["127.0.0.1", "http"]),
        ("127.0.0.1", FORGED, ["203.0.113.9", "https"]),
        ("127.0.0.0/8", FORGED, ["203.0.113.9", "https"]),
        # What a client writes stands before what the proxy adds: the last address that is no proxy's is the client's.
        ("127.0.0.1", {"x-forwarded-for": "198.51.100.1, 203.0.113.9"}, ["203.0.113.9", "http"]),
        ("127.0.0.1,10.0.0.0/8", {"x-forwarded-for": "198.51.100.1, 203.0.113.9, 10.2.3.4"}, ["203.0.113.9", "http"]),
        ("127.0.0.1", {"x-forwarded-proto": "javascript"}, ["127.0.0.1", "http"]),
    ],
)
async def test_forwarded_headers_are_believed_of_named_proxies_only(
    tmp_path: Path, trusted: str, said: dict[str, str], believed: list[str]
) -> None:
    async with echoing(tmp_path, trusted) as port, httpx.AsyncClient() as client:
        answer = (await client.get(f"http://127.0.0.1:{port}/", headers=said)).json()
        async with connect(f"ws://127.0.0.1:{port}/", additional_headers=said, compression=None) as socket:
            of_socket = json.loads(await socket.recv())

    assert answer == believed
    assert of_socket == [believed[0], believed[1].replace("http", "ws")]


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


def a_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


async def test_forged_address_gives_no_further_tries(hub: Running) -> None:
    tries = WRONG_CODES_BY_ADDRESS.amount
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as guesser:
        answers = [
            await guesser.post(
                "/agent/v1/enrol",
                json={"code": "ABCD-EFGH", "public_key": a_key()},
                headers={"x-forwarded-for": f"203.0.113.{n}", "forwarded": f"for=203.0.113.{n}"},
            )
            for n in range(tries + 1)
        ]

    assert [answer.status_code for answer in answers] == [400] * tries + [429]
    rows = await Audit.select().where(Audit.action == "request_refused").output(load_json=True)
    assert [row["detail"] for row in rows] == [{"reason": "forged_address"}]  # once an hour


async def test_forged_host_is_in_no_answer(hub: Running, cast: Cast, settings: Settings) -> None:
    forged = {"host": "evil.example", **FORGED}
    code = (await make_code(settings.secret, cast.bob.id)).code
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}", headers=forged) as client:
        answers = [
            await client.post("/agent/v1/enrol", json={"code": code, "public_key": a_key()}),
            *[
                await client.get(path)
                for path in ("/", "/api/me", "/api/openapi.json", "/nowhere.txt", "//evil.example/")
            ],
        ]

    assert answers[0].json()["origin"] == settings.origin
    for answer in answers:
        assert "evil.example" not in answer.text + str(answer.headers)
        assert not answer.is_redirect


async def test_forged_scheme_changes_nothing_of_cookies_and_headers(cast: Cast, settings: Settings) -> None:
    behind_tls = msgspec.structs.replace(
        settings, public_origin="https://daylight.example", trusted_proxies="127.0.0.1"
    )
    async with running(behind_tls) as hub:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
            answer = await client.get("/api/me", headers={"x-forwarded-proto": "http"})

    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    assert "Secure" in answer.headers["set-cookie"]


# --- where a request ends


async def said_to(hub: Running, data: bytes) -> bytes:
    """All that is answered to these bytes until the hub ends the connection, or tells of its routes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    heard = b""
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            writer.write(data)
            await writer.drain()
            while b"openapi" not in heard and (read := await reader.read(65536)):
                heard += read
    writer.close()
    return heard


SMUGGLED = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 43\r\n\r\n",
    "another coding": b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "coding in two lines": b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
    "negative length": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length in hex": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
    "space before the colon": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
}


ENDLESS = {
    "request line": b"GET /" + b"x" * 400_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "one header": b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"x" * 400_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 60_000 + b"\r\n",
}


async def test_request_whose_end_is_in_doubt_is_refused_and_nothing_after_it_is_read(hub: Running) -> None:
    assert b"openapi" in await said_to(hub, SMUGGLED)
    for what, ambiguous in AMBIGUOUS.items():
        heard = await said_to(hub, ambiguous + SMUGGLED)

        assert b"openapi" not in heard, what
        assert heard.count(b"HTTP/1.1 ") <= 1, what
        assert heard == b"" or heard.startswith(b"HTTP/1.1 400 "), what


async def test_request_with_a_head_beyond_the_limit_is_cut_off(hub: Running) -> None:
    for what, endless in ENDLESS.items():
        assert await said_to(hub, endless) == b"", what


async def test_body_beyond_the_limit_is_refused_whether_its_length_is_told_or_not(hub: Running, cast: Cast) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65536

    client = await signed_in(hub, cast.bob, PASSWORD)
    headers = {"x-csrftoken": client.cookies["csrftoken"], "content-type": "application/json"}
    told = await client.post("/api/views", content=b"x" * (1024 * 1024 + 1), headers=headers)
    untold = await client.post("/api/views", content=chunks(), headers=headers)
    await client.aclose()

    assert (told.status_code, untold.status_code) == (413, 413)
