"""`daylight up` as its user runs it: ready soon, stopped whole by Ctrl-C, and back with its data, also after being killed."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.embedded import running
from hub.settings import Settings
from tests.ports import free_port

AT_WORK = 30
"""Of the demo's 40 people there are more than that; the others have a rest or have just gone home, by the hour."""
READY_LIMIT_S = 90.0
AGAIN_LIMIT_S = 30.0
"""Generous: the promises are 90 s and 8 s on a quiet machine, and the figures are printed."""


class Up:
    """One `daylight up` in a terminal of its own."""

    def __init__(self, data: Path, port: int, **environment: str) -> None:
        self.data = data
        self.url = f"http://localhost:{port}"
        self._environment = {**os.environ, "DATA": str(data), "PORT": str(port), **environment}
        for name in ("DATABASE_URL", "REDIS_URL", "DAYLIGHT_PUBLIC_ORIGIN", "DAYLIGHT_SECRET"):
            self._environment.pop(name, None)
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "up"],
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    async def greeting(self) -> str:
        """What it prints until it is ready."""
        said = ""
        assert self.process.stdout is not None
        async with asyncio.timeout(READY_LIMIT_S):
            while "Ctrl-C stops everything" not in said:
                line = await asyncio.to_thread(self.process.stdout.readline)
                assert line, said
                said += line
        return said

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return str(answer.read().decode())

    def processes(self) -> set[int]:
        """Everything that was started below it, directly or not."""
        found, waiting = set(), [self.process.pid]
        while waiting:
            parent = waiting.pop()
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                children = [int(child) for child in task.read_text().split()]
                found.update(children)
                waiting += children
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pids: set[int], limit_s: float = 30.0) -> None:
    async with asyncio.timeout(limit_s):
        while any(alive(pid) for pid in pids):
            await asyncio.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(240)
async def test_up_is_ready_stops_whole_and_comes_back_with_its_data(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    data, port = tmp_path / "my data", free_port()
    first = Up(data, port, DAYLIGHT_ADMIN_EMAIL="chief@halden.example", PROCESSES="2")
    try:
        said = await first.greeting()
        cold = time.monotonic() - first.started_at
        password = re.search(r"Password (\S+)", said)
        assert password is not None
        assert "40 simulated people" in said
        started = first.processes()
        async with asyncio.timeout(60):
            while not re.search(r"^daylight_rows_total\S* [1-9]", first.get("/metrics"), re.MULTILINE):
                await asyncio.sleep(0.2)
        first.command("person", "add", "eve@halden.example", "--name", "Eve", "--team", "Design")
        first.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(first.process.wait) == 0
        await gone(started)
    finally:
        first.end()
    assert running(Settings(data=data)) is None

    again = Up(data, port, DAYLIGHT_ADMIN_EMAIL="chief@halden.example")
    try:
        said = await again.greeting()
        warm = time.monotonic() - again.started_at
        assert sign_in(again, "chief@halden.example", password[1]) == 201
        listed = subprocess.run(
            [sys.executable, "-m", "hub.cli", "person", "add", "eve@halden.example", "--name", "Eve"],
            env=again._environment, capture_output=True, text=True,
        )  # fmt: skip
        assert "is here already" in listed.stderr
        (tmp_path / "heads").write_text(again.command("audit", "head"))
        key = again.command("audit", "export", str(tmp_path / "audit.jsonl")).split()[-1].rstrip(".")
        kept = ["--heads", str(tmp_path / "heads")]
        assert "The audit holds" in again.command("audit", "verify", *kept)
        assert "The audit holds" in again.command("audit", "verify", str(tmp_path / "audit.jsonl"), "--key", key, *kept)
        again.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(again.process.wait) == 0
    finally:
        again.end()
    record_property("figure", f"daylight up ready after {cold:.1f} s the first time, {warm:.1f} s the second")
    assert warm < AGAIN_LIMIT_S


def sign_in(up: Up, email: str, password: str) -> int:
    import httpx

    with httpx.Client(base_url=up.url) as client:
        client.get("/api/me")
        headers = {"x-csrftoken": client.cookies["csrftoken"]}
        return client.post("/api/session", json={"email": email, "password": password}, headers=headers).status_code


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(200)
async def test_everything_killed_leaves_data_and_no_obstacle(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    first = Up(data, port, DEMO="0")
    try:
        assert f"kept in {data / 'sign-in'}" in await first.greeting()
        first.command("person", "add", "eve@halden.example", "--name", "Eve")
        started = first.processes()
        for pid in (first.process.pid, *started):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        first.process.wait()
        await gone(started)
    finally:
        first.end()

    again = Up(data, port, DEMO="0", DAYLIGHT_ADMIN_PASSWORD="of-ones-own-choosing")
    try:
        assert "as of first start; as DAYLIGHT_ADMIN_PASSWORD has it" in await again.greeting()
        assert json.loads(again.get("/ready"))["ready"] is True
        with pytest.raises(AssertionError, match="is here already"):
            again.command("person", "add", "eve@halden.example", "--name", "Eve")
        # `up` alone killed: its children go by themselves, and the next start finds the way clear.
        orphans = again.processes()
        again.process.kill()
        again.process.wait()
        await gone(orphans)
    finally:
        again.end()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(200)
async def test_demo_that_is_cleared_while_its_fleet_runs_stays_cleared(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    first = Up(data, port)
    fleet = data / "logs" / "simulate.log"
    try:
        await first.greeting()
        await connected(first, lambda agents: agents > AT_WORK)
        said = first.command("demo", "clear", "--yes")
        await connected(first, lambda agents: agents == 0)
        async with asyncio.timeout(30):
            while fleet.read_text().count("was refused") < AT_WORK:
                await asyncio.sleep(0.1)
        assert "Deleted 40 people" in said
        assert "There is nothing of a demo" in first.command("demo", "clear")
        first.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(first.process.wait) == 0
    finally:
        first.end()
    assert fleet.read_text().count("was refused") <= 40, "each was refused once, and left it at that"

    again = Up(data, port)
    try:
        said = await again.greeting()
        assert "is no demo" in said
        assert "simulated people" not in said
        await connected(again, lambda agents: agents == 0)
        again.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(again.process.wait) == 0
    finally:
        again.end()


async def connected(up: Up, wanted: Callable[[float], bool]) -> None:
    async with asyncio.timeout(60):
        while not (
            (found := re.search(r"^daylight_agents (\S+)$", up.get("/metrics"), re.MULTILINE))
            and wanted(float(found[1]))
        ):
            await asyncio.sleep(0.2)


async def test_taken_port_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Up(tmp_path / "data", port)
        said, _ = await asyncio.to_thread(refused.process.communicate)

    assert refused.process.returncode == 1
    assert f"port {port}" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data" / "postgres").exists()
