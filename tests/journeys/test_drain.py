"""SIGTERM under load, with a client that does not read: the hub is gone within its deadline, and nothing that it had is lost."""

import asyncio
import base64
import contextlib
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.wire.agent import Heartbeat, Welcome
from tests.hub.live import dialled
from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared

EXIT_LIMIT_S = 15.0
PEOPLE = 200


@contextlib.asynccontextmanager
async def stalled_agent(port: int, origin: str, code: str) -> AsyncIterator[None]:
    """An enrolled and admitted agent that has said much and reads nothing: the hub's answers fill every buffer on the way."""
    key = Ed25519PrivateKey.generate()
    public_key = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    body = {"code": code, "public_key": public_key, "simulated": True, "person": "stalled@simulated.invalid"}
    async with httpx.AsyncClient(base_url=origin) as client:
        answer = await client.post("/agent/v1/enrol", json=body)
        assert answer.status_code < 300, answer.text
    device = SimpleNamespace(uid=answer.json()["device"], key=key)
    hub: Any = SimpleNamespace(port=port, settings=SimpleNamespace(origin=origin))
    async with dialled(hub) as agent:
        await agent.hello(hub, device)
        await agent.receive(Welcome)
        transport: Any = agent.socket.transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        transport.pause_reading()
        async with asyncio.timeout(40):
            with contextlib.suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(1):  # until the hub reads no further
                        for _ in range(200):
                            await agent.send(Heartbeat(sent=2**53))
        try:
            yield
        finally:
            transport.abort()


@pytest.mark.timeout(150)
async def test_hub_told_to_stop_under_load_is_gone_in_time_and_its_successor_goes_on(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    ledger = tmp_path / "ledger.jsonl"
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    await prepared(env)
    code = command(env, "code", "--people", str(PEOPLE + 1)).split()[-1]
    with hub_process(env, port, tmp_path / "hub.log") as hub:
        async with contextlib.AsyncExitStack() as stack:
            await hub.await_ready()
            simulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, "--people", str(PEOPLE),
            "--rate", "20", "--seconds", "20", "--settle", "60", "--ledger", str(ledger),
            env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
            async with asyncio.timeout(40):
                while not ledger.exists() or b'"ack"' not in ledger.read_bytes():
                    await asyncio.sleep(0.1)
            await stack.enter_async_context(stalled_agent(port, hub.url, code))

            assert hub.process is not None
            told_at = time.monotonic()
            hub.terminate()
            status = await asyncio.wait_for(asyncio.to_thread(hub.process.wait), EXIT_LIMIT_S + 10)
            took = time.monotonic() - told_at
            hub.start()
            await asyncio.wait_for(simulator.communicate(), 120)
            verdict = command(env, "verify", "--ledger", str(ledger))
    record_property("figure", f"hub under load gone {took:.1f} s after SIGTERM: {verdict.strip()}")

    assert status == 0
    assert took < EXIT_LIMIT_S
    assert simulator.returncode == 0
    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert figures["acked"] == figures["generated"] == figures["stored"]
    assert figures["duplicates"] == "0"
