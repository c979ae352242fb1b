"""SIGTERM under load, with a client that does not read: the hub is gone within its deadline, and nothing that it had is lost."""

import asyncio
import contextlib
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .hubs import command, environment, free_port, hub_process

EXIT_LIMIT_S = 15.0
PEOPLE = 200


@pytest.mark.timeout(150)
async def test_hub_told_to_stop_under_load_is_gone_in_time_and_its_successor_goes_on(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    ledger = tmp_path / "ledger.jsonl"
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    command(env, "migrate")
    code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
    with hub_process(env, port, tmp_path / "hub.log") as hub, contextlib.ExitStack() as stack:
        await hub.await_ready()
        simulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, "--people", str(PEOPLE),
            "--rate", "20", "--seconds", "20", "--settle", "60", "--ledger", str(ledger),
            env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(40):
            while not ledger.exists() or b'"ack"' not in ledger.read_bytes():
                await asyncio.sleep(0.1)
        stalled = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stalled.sendall(
            b"GET /agent/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: daylight.agent.v1.msgpack\r\n\r\n"
        )  # and never reads, nor answers the challenge

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
