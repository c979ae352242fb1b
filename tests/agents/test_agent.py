"""The whole agent as a process of its own, at a real (virtual) desk, against a hub on loopback."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from agents.identity import new_key
from agents.intervals import SHORT_MS
from agents.settings import Enrolment, Home, Memory, home_of, make_private, write_private
from agents.spool_sqlite import SqliteSpool
from hub.wire.activity import Facts
from hub.wire.agent import SUBPROTOCOL_MSGPACK, Heartbeat, Hello, PolicyUpdate, Presence
from hub.wire.closing import Close
from hub.wire.events import Interval
from hub.wire.frames import hub_side
from hub.wire.pause import Pause
from hub.wire.policy import DAY_MIN, DEFAULT, STARTED_MAX, Policy, Started

from .desk import Desk, a_desk
from .fakehub import FakeHub
from .wires import DEVICE, ModelHub, events


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with a_desk() as made:
        made.window("Alpha", "secret alpha")
        made.window("Beta", "secret beta")
        yield made


def enrolled(root: Path, hub: str) -> Home:
    home = home_of(root, hub)
    make_private(home.folder)
    write_private(home.key, new_key().private_bytes_raw())
    home.save_enrolment(Enrolment(hub=hub, origin=hub, device=DEVICE, person="Alice"))
    home.save_memory(Memory(policy=DEFAULT))
    return home


class Running:
    def __init__(self, process: asyncio.subprocess.Process, root: Path, environ: dict[str, str]) -> None:
        self.process = process
        self._root = root
        self._environ = environ

    def status(self) -> dict[str, object]:
        command = [sys.executable, "-m", "agents", "status", "--json"]
        done = subprocess.run(command, env=self._environ, capture_output=True, timeout=20, check=True)
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def command(self, *words: str) -> str:
        command = [sys.executable, "-m", "agents", *words]
        return subprocess.run(command, env=self._environ, capture_output=True, timeout=20, check=True, text=True).stdout

    async def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Signals it and waits; the exit code and what it logged."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        _, logged = await asyncio.wait_for(self.process.communicate(), 15)
        assert self.process.returncode is not None
        return self.process.returncode, logged.decode()


@asynccontextmanager
async def running(root: Path, desk: Desk, flush_s: str = "3600") -> AsyncIterator[Running]:
    environ = {
        **desk.environ,
        "DAYLIGHT_AGENT_STATE": str(root),
        "DAYLIGHT_AGENT_FLUSH_S": flush_s,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agents", "run", env=environ, stderr=asyncio.subprocess.PIPE
    )
    made = Running(process, root, environ)
    try:
        yield made
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def switch(desk: Desk, app: str) -> None:
    await asyncio.to_thread(desk.activate, app)


async def test_switched_window_is_shown_at_once_and_recorded_to_the_second(
    desk: Desk, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with FakeHub() as hub:
        enrolled(tmp_path, hub.url)
        await switch(desk, "Alpha")
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: hub.presences() and hub.presences()[-1].facts.app == "Alpha")
            shown_at = hub.presences()[-1].at.timestamp()
            await until(lambda: time.time() > shown_at + SHORT_MS / 1000)  # what is shorter makes no interval
            began, began_at = time.monotonic(), time.time()
            await switch(desk, "Beta")
            await hub.until(lambda: hub.presences()[-1].facts.app == "Beta")
            took_s = time.monotonic() - began
            await hub.until(lambda: hub.presences()[-1].at.timestamp() > began_at, 5)
            await asyncio.to_thread(desk.tell, "key", "a")
            status = await asyncio.to_thread(agent.status)
            code, logged = await agent.stop()

    record_property("presence_s", took_s)
    print(f"switch shown after {took_s * 1000:.0f} ms, xdotool included")
    assert took_s < 1
    assert (status["running"], status["connected"]) == (True, True)
    assert code == 0
    stored = [item for _, item in sorted(hub.model.stored.items()) if isinstance(item, Interval)]
    assert {item.facts.app for item in stored} >= {"Alpha", "Beta"}
    beta = next(item for item in stored if item.facts.app == "Beta")
    assert abs(beta.started_at.timestamp() - began_at) < 1
    assert all(before.ended_at <= after.started_at for before, after in pairwise(stored))
    everything = repr(hub.frames) + logged
    assert "secret" not in everything
    assert "Alpha" not in logged


async def test_stopped_agent_leaves_what_it_saw_in_the_spool_when_no_hub_is_there(desk: Desk, tmp_path: Path) -> None:
    home = enrolled(tmp_path, "http://127.0.0.1:9")
    await switch(desk, "Alpha")
    async with running(tmp_path, desk) as agent:
        status, record = home.folder / "status.json", home.spool / "spool.record"
        await until(lambda: status.exists() and b'"app"' in status.read_bytes())
        seen_s = time.monotonic()
        await until(lambda: time.monotonic() > seen_s + SHORT_MS / 1000)
        before = record.read_bytes()
        await switch(desk, "Beta")
        await until(lambda: record.read_bytes() != before)
        seen_s = time.monotonic()
        await until(
            lambda: time.monotonic() > seen_s + SHORT_MS / 1000
        )  # window managers pass through no window at all
        began = time.monotonic()
        code, _ = await agent.stop(signal.SIGINT)

    assert code == 0
    assert time.monotonic() - began < 4
    spool = SqliteSpool(home.spool)
    held = spool.peek(1, 100, 100_000)
    assert isinstance(held, list)
    assert [item.facts.app for item in held if isinstance(item, Interval)][-2:] == ["Alpha", "Beta"]
    assert not any(item.hub_clock for item in held)
    spool.close()


async def test_backlog_of_a_killed_agent_arrives_once(desk: Desk, tmp_path: Path) -> None:
    async with FakeHub() as hub:
        home = enrolled(tmp_path, hub.url)
        spool = SqliteSpool(home.spool)
        spool.renumber(1)
        spool.append(events(1_200))
        spool.close()
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: hub.model.acked >= 500)
            await agent.stop(signal.SIGKILL)
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: sum(isinstance(frame, Hello) for frame in hub.frames) == 2 and hub.presences())
            await hub.until(lambda: hub.model.acked >= 1_200)
            code, _ = await agent.stop()

    assert code == 0
    assert [hub.model.stored[1, n] for n in range(1, 1_201)] == events(1_200)
    assert not hub.model.lost


async def test_declared_time_stops_the_recording_at_once_and_is_in_the_status(desk: Desk, tmp_path: Path) -> None:
    codec = hub_side(SUBPROTOCOL_MSGPACK)
    async with FakeHub() as hub:
        home = enrolled(tmp_path, hub.url)
        await switch(desk, "Alpha")
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: hub.presences() and hub.presences()[-1].facts.app == "Alpha")
            pause = Pause(kind="private", since_at=datetime.now(UTC))
            await hub.live[0].send(codec.encode(PolicyUpdate(policy=DEFAULT, pause=pause)))
            await hub.until(lambda: hub.presences()[-1].facts == Facts(private=True))
            told = len(hub.presences())
            await switch(desk, "Beta")
            await asyncio.to_thread(desk.tell, "key", "a")
            status = await asyncio.to_thread(agent.status)
            kept = home.memory().pause
            await hub.live[0].send(codec.encode(PolicyUpdate(policy=DEFAULT)))
            await hub.until(lambda: hub.presences()[-1].facts.app == "Beta")
            await agent.stop()

    assert "'kind': 'private'" in str(status["pause"])
    assert kept == pause
    assert all(frame.facts == Facts(private=True) for frame in hub.presences()[told - 1 : -1])
    stored = [item for _, item in sorted(hub.model.stored.items()) if isinstance(item, Interval)]
    began = next(place for place, item in enumerate(stored) if item.facts.private)
    assert stored[began].facts == Facts(private=True)
    assert {item.facts.app for item in stored[:began]} <= {"Alpha", None}


async def test_what_is_declared_here_holds_at_once_and_is_told_to_the_hub(desk: Desk, tmp_path: Path) -> None:
    codec = hub_side(SUBPROTOCOL_MSGPACK)
    another_day = (datetime.now(UTC).weekday() + 3) % 7 * DAY_MIN
    closed = Policy(version=2, app=True, hours=((another_day, another_day + 15),), zone="UTC")
    async with FakeHub() as hub:
        home = enrolled(tmp_path, hub.url)

        def works() -> list[Started]:
            return [frame.starts[-1] for frame in hub.frames if isinstance(frame, Heartbeat) and frame.starts]

        await switch(desk, "Alpha")
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: hub.presences() and hub.presences()[-1].facts.app == "Alpha")
            said = await asyncio.to_thread(agent.command, "break", "--minutes", "15")
            await hub.until(lambda: hub.presences()[-1].facts == Facts(on_break=True))
            await hub.until(lambda: any(isinstance(frame, Heartbeat) and frame.declared for frame in hub.frames))
            status = await asyncio.to_thread(agent.status)
            await asyncio.to_thread(agent.command, "resume")
            await hub.until(lambda: hub.presences()[-1].facts.app == "Alpha")
            await hub.live[0].send(codec.encode(PolicyUpdate(policy=closed)))  # it is outside the hours
            await until(lambda: home.memory().policy == closed)
            await switch(desk, "Beta")
            started = await asyncio.to_thread(agent.command, "start")
            await hub.until(lambda: hub.presences()[-1].facts.app == "Beta")
            at_work = await asyncio.to_thread(agent.status)
            await asyncio.to_thread(agent.command, "stop")
            await hub.until(lambda: works() and works()[-1] != works()[0])
            await switch(desk, "Alpha")
            await agent.stop()

    declared = [frame.declared for frame in hub.frames if isinstance(frame, Heartbeat) and frame.declared]
    assert "on all of your devices" in said
    assert "'kind': 'break'" in str(status["pause"])
    assert [declared[0].kind, declared[-1].kind] == ["break", "work"]
    assert declared[0].until_at == declared[0].at + timedelta(minutes=15)
    begun, ended = works()[0], works()[-1]
    assert "until your hours begin" in started
    assert at_work["started"] is not None
    assert begun.until_at == begun.since_at + STARTED_MAX
    assert begun.since_at == ended.since_at < ended.until_at < begun.until_at
    first = next(place for place, frame in enumerate(hub.frames) if isinstance(frame, Heartbeat) and frame.starts)
    shown = [place for place, frame in enumerate(hub.frames) if isinstance(frame, Presence) and frame.policy == 2]
    assert min(shown) > first, "nothing before the hub was told"
    within = [each for _, each in sorted(hub.model.stored.items()) if isinstance(each, Interval) and each.policy == 2]
    assert {each.facts.app for each in within} == {"Beta"}
    assert all(begun.since_at <= each.started_at < each.ended_at <= ended.until_at for each in within)


async def test_second_agent_of_one_account_is_told_off(desk: Desk, tmp_path: Path) -> None:
    async with FakeHub() as hub:
        enrolled(tmp_path, hub.url)
        async with running(tmp_path, desk) as first:
            await hub.until(lambda: hub.live)
            async with running(tmp_path, desk) as second:
                _, logged = await asyncio.wait_for(second.process.communicate(), 15)

            assert second.process.returncode == 1
            assert f"process {first.process.pid}" in logged.decode()
            assert (await first.stop())[0] == 0


async def test_refused_agent_says_so_and_ends(desk: Desk, tmp_path: Path) -> None:
    async with FakeHub() as hub:
        enrolled(tmp_path, hub.url)
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: hub.live)
            await hub.live[0].close(Close.REVOKED)
            _, logged = await asyncio.wait_for(agent.process.communicate(), 15)
            status = await asyncio.to_thread(agent.status)

    assert agent.process.returncode == 3
    assert "enrol again" in logged.decode()
    assert "enrol again" in str(status["refused"])


async def test_damaged_spool_is_declared_and_the_agent_goes_on(desk: Desk, tmp_path: Path) -> None:
    async with FakeHub(ModelHub()) as hub:
        home = enrolled(tmp_path, hub.url)
        spool = SqliteSpool(home.spool)
        spool.renumber(1)
        spool.append(events(20))
        spool.close()
        (home.spool / "spool.db").write_bytes(os.urandom(20_000))
        async with running(tmp_path, desk) as agent:
            await hub.until(lambda: len(hub.model.lost) == 20 and hub.presences())
            code, logged = await agent.stop()

    assert code == 0
    assert "set aside" in logged
    assert set(hub.model.lost) == {(1, n) for n in range(1, 21)}
    assert hub.model.stored


async def until(condition: Callable[[], object], timeout_s: float = 30) -> None:
    """Looks again until it is so: for files that another process writes."""
    pause = threading.Event()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.to_thread(pause.wait, 0.02)
