"""The proxy's production configuration, run by nginx with TLS before two real hub processes."""

import asyncio
import base64
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.backoff import Backoff
from agents.clock import HubClock
from agents.link import Link
from agents.machine import boot_ms
from agents.outputs import Identity
from agents.session import Session
from agents.spool import MemorySpool
from hub import people
from hub.auth.enrolment import make_code
from hub.wire.activity import Facts
from hub.wire.agent import Enrolled
from hub.wire.events import Event, Interval
from hub.wire.policy import DEFAULT

from .deployment import NGINX, SECRET, Deployment

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian package nginx)")

EMAIL = "wanda@halden.example"
WAIT_S = 20.0
WRONG_CODES = 20
"""As many as `auth.limits` allows from one address."""


@dataclass(frozen=True)
class Prepared:
    deployment: Deployment
    code: str


CODES: list[str] = []
"""Of the database that is made once a run, though this may be prepared again: tests of a file can come to a worker in two parts."""


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, servers: Any, make_template: Callable[..., str], empty_template: str
) -> Iterator[Prepared]:
    """The deployment on a database of its own, with one person and a code for her devices."""
    from tests.conftest import database_url

    async def fill() -> None:
        person = await people.add_person(EMAIL, "Wanda Wirth")
        CODES.append((await make_code(SECRET, person, uses=50)).code)

    name = make_template("proxy", empty_template, fill)
    folder: Path = tmp_path_factory.mktemp("deployment")
    with Deployment(folder, database_url(servers, name), servers.redis_url) as deployment:
        yield Prepared(deployment, CODES[0])


@pytest.fixture
def deployment(prepared: Prepared) -> Deployment:
    prepared.deployment.ensure_running()
    return prepared.deployment


class Desktop:
    """An enrolled agent with its spool in memory; `run` connects it as `daylight agent run` does."""

    def __init__(self, deployment: Deployment, code: str) -> None:
        key = Ed25519PrivateKey.generate()
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        with deployment.client() as client:
            answer = client.post("/agent/v1/enrol", json={"code": code, "public_key": public})
        answer.raise_for_status()
        enrolled = Enrolled(**{**answer.json(), "policy": DEFAULT})
        self.identity = Identity(device=enrolled.device, origin=enrolled.origin, sign=key.sign, instance="test")
        self.spool = MemorySpool()
        self.link = Link(
            deployment.origin, self._session, boot_ms, Backoff(random.Random(1), first_ms=100), lambda output: None
        )

    def _session(self, codec: Any, opened_ms: int) -> Session:
        clock = HubClock(opened_ms, datetime.now(UTC))
        return Session(self.identity, self.spool, clock, codec, opened_ms=opened_ms, policy=DEFAULT, flush_every_ms=200)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Desktop"]:
        task = asyncio.create_task(self.link.run())
        try:
            yield self
        finally:
            self.link.stop()
            await asyncio.wait_for(task, WAIT_S)


@pytest.fixture
def new_desktop(prepared: Prepared, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Desktop]:
    """Enrols another desktop, through the proxy."""
    monkeypatch.setenv("SSL_CERT_FILE", str(deployment.certificate))
    return lambda: Desktop(deployment, prepared.code)


def an_event(minute: int) -> Event:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2) + timedelta(minutes=minute)
    end = start + timedelta(seconds=50)
    return Interval(started_at=start, ended_at=end, wall_at=start, zone_min=0, policy=1, facts=Facts(app="Editor"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.05)


async def test_agents_are_acked_through_tls_on_both_hubs(
    deployment: Deployment, new_desktop: Callable[[], Desktop]
) -> None:
    first, second = new_desktop(), new_desktop()
    for desktop in (first, second):
        desktop.spool.append([an_event(0), an_event(1)])

    async with first.running():
        await until(lambda: first.link.connected)
        async with second.running():
            await until(lambda: first.spool.acked == 2 and second.spool.acked == 2)

            assert [deployment.agents_of(0), deployment.agents_of(1)] == [1, 1]


async def test_hub_that_is_killed_costs_its_agents_a_reconnect_and_nothing_else(
    deployment: Deployment, new_desktop: Callable[[], Desktop]
) -> None:
    desktop = new_desktop()
    desktop.spool.append([an_event(0)])
    async with desktop.running():
        await until(lambda: desktop.spool.acked == 1)
        serving = 0 if deployment.agents_of(0) else 1

        deployment.kill_hub(serving)
        desktop.spool.append([an_event(1)])
        await until(lambda: desktop.spool.acked == 2)

        assert deployment.agents_of(1 - serving) == 1
        assert [deployment.get("/health").status_code for _ in range(6)] == [200] * 6


def test_plain_http_is_sent_to_https(deployment: Deployment) -> None:
    answer = httpx.get(f"http://127.0.0.1:{deployment.plain_port}/people?team=2", headers={"Host": "daylight.example"})

    assert answer.status_code == 308
    assert answer.headers["location"] == "https://daylight.example/people?team=2"


@pytest.mark.parametrize("path", ["/api/me", "/api/v1/people", "/agent/v1", "/agent/v1/enrol", "/live"])
def test_program_that_speaks_in_the_clear_is_not_led_on(deployment: Deployment, path: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{deployment.plain_port}{path}", headers={"Host": "daylight.example"})

    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("ciphers", "agreed"),
    [
        ("ECDHE+AESGCM", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("ECDHE+CHACHA20", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("ECDHE+AES+SHA:@SECLEVEL=0", None),
        ("ECDHE+AES+SHA256:!AESGCM:@SECLEVEL=0", None),
    ],
)
def test_tls_is_spoken_with_forward_secrecy_and_authenticated_encryption_alone(
    deployment: Deployment, ciphers: str, agreed: str | None
) -> None:
    context = ssl.create_default_context(cafile=str(deployment.certificate))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", deployment.tls_port)) as plain:
        if agreed is None:
            with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
                context.wrap_socket(plain, server_hostname="localhost")
        else:
            with context.wrap_socket(plain, server_hostname="localhost") as spoken:
                assert (spoken.cipher() or ("",))[0] == agreed


def test_answers_carry_the_headers_of_a_site_that_is_served_by_tls(deployment: Deployment) -> None:
    answer = deployment.get("/health")

    assert answer.json() == {"status": "ok"}
    assert "max-age" in answer.headers["strict-transport-security"]


def test_request_keeps_its_id_and_gets_one_when_it_has_none(deployment: Deployment) -> None:
    given = deployment.get("/health", {"X-Request-ID": "a-request-0001"}).headers["x-request-id"]
    made, bad = (
        deployment.get("/health", headers).headers["x-request-id"] for headers in ({}, {"X-Request-ID": "no good"})
    )

    assert given == "a-request-0001"
    assert len(made) == len(bad) == 32


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/live/../metrics", "/metrics?x=1"]
)
def test_metrics_are_not_shown_outside(deployment: Deployment, path: str) -> None:
    with deployment.client() as client:
        answer = client.send(client.build_request("GET", httpx.URL(deployment.origin, raw_path=path.encode())))

    assert answer.status_code == 404
    assert "daylight_" not in answer.text


@pytest.mark.parametrize("path", ["/live", "/agent/v1"])
@pytest.mark.parametrize("host", [None, "evil.example"])
def test_socket_of_another_sites_page_is_refused(deployment: Deployment, path: str, host: str | None) -> None:
    """Also with that site's own name as Host, as when its name was made to lead here (DNS rebinding)."""
    headers = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        "Sec-WebSocket-Protocol": "daylight.agent.v1.json", "Origin": "https://evil.example",
    }  # fmt: skip
    if host:
        headers["Host"] = host

    assert deployment.get(path, headers).status_code == 403


def test_request_of_another_sites_page_is_refused(deployment: Deployment) -> None:
    with deployment.client() as client:
        refused = client.post(
            "/agent/v1/enrol", json={"code": "x", "public_key": ""}, headers={"Origin": "https://evil.example"}
        )

    assert refused.status_code == 403


def test_request_that_is_too_large_stops_at_the_proxy(deployment: Deployment) -> None:
    with deployment.client() as client:
        refused = client.post("/agent/v1/enrol", content=b"x" * (1024 * 1024 + 1))

    assert refused.status_code == 413


def test_address_is_the_clients_as_the_proxy_saw_it(deployment: Deployment) -> None:
    """Wrong codes are counted by address: whoever makes up addresses stays one, and who shares the proxy stays apart."""

    def guess(client: httpx.Client, said: str) -> int:
        key = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
        body = {"code": "WRONG-CODE", "public_key": key}
        return client.post(
            "/agent/v1/enrol", json=body, headers={"X-Forwarded-For": said, "Forwarded": f"for={said}"}
        ).status_code

    with deployment.client("127.0.0.21") as guesser, deployment.client("127.0.0.22") as neighbour:
        through_proxy = [guess(guesser, f"203.0.113.{n}") for n in range(WRONG_CODES + 1)]
        of_neighbour = guess(neighbour, "127.0.0.21")
    past_proxy = httpx.HTTPTransport(local_address="127.0.0.23")
    with httpx.Client(transport=past_proxy, base_url=f"http://127.0.0.1:{deployment.hub_ports[0]}") as direct:
        directly = [guess(direct, f"203.0.113.{n}") for n in range(WRONG_CODES + 1)]

    assert through_proxy == [400] * WRONG_CODES + [429]
    assert of_neighbour == 400
    assert directly == [400] * WRONG_CODES + [429]
