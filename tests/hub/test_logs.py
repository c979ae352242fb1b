"""Logs say what went wrong, where and of whose socket, and nothing of what people did."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pyotp
import pytest

from hub import logs
from hub.settings import Settings
from hub.wire.agent import Ack
from hub.wire.closing import Close
from tests import secrecy
from tests.conftest import ORIGIN, SECRET
from tests.journeys.hubs import HubProcess, environment, hub_process
from tests.ports import free_port

from .conftest import PASSWORD, Cast
from .live import connected, minute, signed_in, viewing

LINES = """
import asyncio, logging, structlog
from hub import logs
from hub.settings import Settings

logs.configure(Settings(environment="{environment}"), hub="one")
def commit(app):
    raise ZeroDivisionError("of SECRET" + "APP")
try:
    commit("SECRET" + "APP")
except ZeroDivisionError as error:
    structlog.get_logger().exception("commit_failed")
    structlog.get_logger().warning("again", exc_info=error)
    logging.getLogger("saq").exception("Error processing job %s", "SECRET" + "APP")
    logging.getLogger("asyncio").error("Task was never retrieved\\nfuture: SECRET" + "APP")
structlog.get_logger().debug("not_wanted")
"""


def said(environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LINES.format(environment=environment)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("environment", ["development", "production"])
def test_error_in_the_log_is_its_type_and_its_places_and_nothing_that_it_held(environment: str) -> None:
    text = said(environment)

    assert text.count("ZeroDivisionError") == 3
    assert text.count("commit_failed") == 1
    assert " commit" in text
    assert "SECRETAPP" not in text
    assert "not_wanted" not in text


def test_lines_of_production_are_json_those_of_libraries_too() -> None:
    lines = [json.loads(line) for line in said("production").splitlines()]

    assert [line["event"] for line in lines] == [
        "commit_failed",
        "again",
        "Error processing job %s",
        "Task was never retrieved",
    ]
    assert {line["hub"] for line in lines} == {"one"}
    assert [line.get("library") for line in lines] == [None, None, "saq", "asyncio"]
    assert all(line["timestamp"].endswith("Z") and line["level"] in {"error", "warning"} for line in lines)


class Logging(SimpleNamespace):
    """A hub process with its log, as far as `connected` needs it."""

    process: HubProcess
    port: int
    settings: Settings

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.process.log.read_text().splitlines()]

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits for lines of an event, and returns them."""
        async with asyncio.timeout(30):
            while len(found := [line for line in self.lines() if line["event"] == event]) < count:
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def logging_hub(cast: Cast, settings: Settings, tmp_path: Path) -> AsyncIterator[Logging]:
    assert settings.database_url
    assert settings.redis_url
    port = free_port()
    env = environment(
        settings.database_url,
        settings.redis_url,
        ORIGIN,
        tmp_path,
        DAYLIGHT_ENVIRONMENT="production",
        DAYLIGHT_LOG_LEVEL="debug",
    )
    with hub_process(env, port, tmp_path / "hub.log") as process:
        await process.await_ready()
        yield Logging(process=process, port=port, settings=settings)


async def test_lines_of_two_sockets_never_mix(cast: Cast, logging_hub: Logging) -> None:
    bob, bea = cast.device(cast.bob), cast.device(cast.bea)
    hub: Any = logging_hub
    async with connected(hub, bob) as one, connected(hub, bea) as two:
        for agent in (one, two):
            await agent.batch(1, [minute(5)])
        for agent in (one, two):
            await agent.receive(Ack)
        await asyncio.gather(one.socket.send(b"no frame"), two.socket.send(b"no frame"))
        assert [await one.closed(), await two.closed()] == [Close.MALFORMED] * 2
    await logging_hub.until("agent_gone", 2)

    lines = logging_hub.lines()
    of_sockets = [line for line in lines if "connection" in line]
    assert {line["event"] for line in of_sockets} >= {"agent_admitted", "agent_refused", "agent_gone"}
    seen = {(line["connection"], line["request_id"], line["device"]) for line in of_sockets}
    assert {device for _, _, device in seen} == {bob.id, bea.id}
    assert len({connection for connection, _, _ in seen}) == len({request for _, request, _ in seen}) == len(seen) == 2
    gone = [line for line in of_sockets if line["event"] == "agent_gone"]
    assert [line["frames"] for line in gone] == [3, 3]  # with hello
    assert len({line["hub"] for line in lines}) == 1


async def test_fenced_socket_is_named_in_its_own_line(cast: Cast, logging_hub: Logging) -> None:
    """It is ended by a task of the one that took its place."""
    hub: Any = logging_hub
    async with connected(hub, cast.device(cast.bob), instance="one") as first:
        first_admitted = await logging_hub.until("agent_admitted")
        async with connected(hub, cast.device(cast.bob), instance="two"):
            assert await first.closed() == Close.FENCED
            refused = await logging_hub.until("agent_refused")

    assert refused[0]["reason"] == "fenced"
    assert refused[0]["connection"] == first_admitted[0]["connection"]


async def test_requests_have_their_ids_and_no_sockets(logging_hub: Logging) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{logging_hub.port}") as client:
        await asyncio.gather(
            *(client.get(f"/api/me?secret={n}", headers={"X-Request-ID": f"request-{n:04}"}) for n in range(20))
        )

    lines = [line for line in await logging_hub.until("request", 20) if line["path"] == "/api/me"]

    assert {line["request_id"] for line in lines} == {f"request-{n:04}" for n in range(20)}
    assert all("connection" not in line for line in lines)
    assert "secret" not in logging_hub.process.log.read_text()


async def test_logs_hold_nothing_of_people(cast: Cast, logging_hub: Logging) -> None:
    hub: Any = logging_hub
    facts = msgspec.structs.replace(minute(5).facts, title="Letter to a doctor", site="clinic.example")
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.presence(app="Editor", title="Letter to a doctor")
        await agent.batch(1, [minute(5, facts=facts), minute(400 * 24 * 60)])
        await agent.receive_any()
        await agent.socket.send(b'{"t": "batch", "title": "Letter to a doctor"}')
        await agent.closed()
    await logging_hub.until("agent_gone")

    text = logging_hub.process.log.read_text().lower()

    assert [word for word in ("letter", "clinic", "editor", "bob", "brandt", "laptop", "halden") if word in text] == []


async def test_secrets_of_every_flow_are_in_no_line(cast: Cast, logging_hub: Logging) -> None:
    hub: Any = logging_hub
    client = await signed_in(hub, cast.bob, PASSWORD)

    async def change(method: str, path: str, **body: Any) -> httpx.Response:
        return await client.request(method, path, json=body, headers={"x-csrftoken": client.cookies["csrftoken"]})

    code = (await change("POST", "/api/devices/code")).json()["code"]
    key = base64.b64encode(cast.device(cast.bea).key.public_key().public_bytes_raw()).decode()
    await change("POST", "/agent/v1/enrol", code=code, public_key=key)
    await change("POST", "/agent/v1/enrol", code="WXYZ-2345", public_key=key)
    authenticator = (await change("POST", "/api/me/totp")).json()["secret"]
    confirmed = await change("POST", "/api/me/totp/confirm", code=pyotp.TOTP(authenticator).now())
    recovery = confirmed.json()["recovery_codes"]
    await change("POST", "/api/session/proof", code=recovery[0])
    await change("PUT", "/api/me/password", current=PASSWORD, password="another horse, another battery")
    await change("POST", "/api/session", email=cast.bob.email, password="another horse, another battery")
    await change("POST", "/api/session/second-step", code=recovery[1])
    for broken in (f'{{"email": 5, "password": "{PASSWORD}"', f'{{"password": "{PASSWORD}", "email": []}}'):
        await client.post("/api/session", content=broken, headers={"x-csrftoken": client.cookies["csrftoken"]})
    await client.get(f"/api/directory?find={recovery[2]}&token={client.cookies['daylight']}")
    await client.get("/api/me", headers={"authorization": f"Bearer {client.cookies['daylight']}"})
    async with viewing(hub, client) as viewer:
        await viewer.socket.send(PASSWORD)
        await viewer.closed()
    await client.aclose()
    used = {authenticator, *recovery, code, client.cookies["daylight"], client.cookies["csrftoken"]}
    assert used <= secrecy.USED

    lines = await logging_hub.until("request", 12)

    assert {line["path"] for line in lines} >= {"/api/session", "/api/me/totp/confirm", "/agent/v1/enrol"}
    assert secrecy.leaked(logging_hub.process.log.read_text()) == []


def test_secret_that_is_in_a_log_is_found() -> None:
    secrecy.keep_secret("492039", "ABCD-EFGH", "k3y/with.dots+and=more", "short")

    for line in (
        "code=492039 x",
        '{"path": "/a/ABCD-EFGH"}',
        "k3y/with.dots+and=more",
        f"key {SECRET}",
        f"p={PASSWORD}",
    ):
        assert len(secrecy.leaked(line)) == 1, line
    assert secrecy.leaked("14920391 at 12:00:00.492039Z of ABCD EFGH, short") == []


def test_connection_outside_any_socket_has_no_name() -> None:
    assert logs.connection() == ""
