"""Several hub processes on one port: nobody is refused while they come and go, and they go with their supervisor."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.hubs import HubProcess, environment, hub_process, until
from tests.ports import free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(120),
]
STOP_LIMIT_S = 15.0
ASK_EVERY_S = 0.02


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextlib.asynccontextmanager
async def two(database: str, redis_url: str, folder: Path, **more: str) -> AsyncIterator[HubProcess]:
    """Two hub processes under a supervisor, both of them ready."""
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", folder / "data", **more)
    with hub_process(env, port, folder / "hub.log", processes=2) as hub:
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") >= 2)
        yield hub


@contextlib.asynccontextmanager
async def asking(hub: HubProcess, answers: Counter[object]) -> AsyncIterator[None]:
    """Four clients that ask again and again, each time on a new connection, and count what they get."""
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            # Authorities are not read: that took a core of all the time, and here is no TLS.
            async with httpx.AsyncClient(base_url=hub.url, timeout=30, verify=False) as client:
                try:
                    answers[(await client.get("/health")).status_code] += 1
                except httpx.HTTPError as error:
                    answers[type(error).__name__] += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), ASK_EVERY_S)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(ask())
        yield
        done.set()


async def test_rolling_restart_replaces_every_process_and_refuses_nobody(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    answers: Counter[object] = Counter()
    async with two(database, redis_url, tmp_path) as hub:
        before = set(hub.children())
        async with asking(hub, answers):
            hub.roll()
            await until(lambda: hub.said("restart_done"), 60)
        after = set(hub.children())
        assert not any(alive(pid) for pid in before)

    assert len(after) == 2
    assert not before & after
    assert set(answers) == {200}


async def test_process_that_is_killed_comes_back_and_refuses_nobody_meanwhile(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    answers: Counter[object] = Counter()
    async with two(database, redis_url, tmp_path) as hub:
        killed, stays = hub.children()
        os.kill(killed, signal.SIGKILL)
        await until(lambda: not alive(killed))
        async with asking(hub, answers):
            await until(lambda: hub.said("hub_ready") >= 3, 60)
        after = hub.children()
        in_time = not hub.said("socket_shut")

    # Where a start takes longer than connections are kept waiting, whoever waited is reset: that is promised to nobody.
    assert set(answers) == {200} or not in_time
    assert len(after) == 2
    assert stays in after
    assert killed not in after


async def test_processes_that_are_killed_before_their_supervisor_heard_of_them_are_started_again(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await until(lambda: len(hub.children()) == 2)
        assert hub.process is not None
        hub.process.send_signal(signal.SIGSTOP)
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") == 2)
        killed = hub.children()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not any(alive(pid) for pid in killed))
        hub.process.send_signal(signal.SIGCONT)

        await until(lambda: hub.said("hub_ready") == 4)


async def test_successor_that_does_not_get_ready_leaves_the_old_process_in_its_place(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    async with two(database, redis_url, tmp_path) as hub:
        before = set(hub.children())
        hub.roll()
        await until(lambda: len(hub.children()) == 3)
        (successor,) = set(hub.children()) - before
        os.kill(successor, signal.SIGKILL)
        await until(lambda: hub.said("restart_stopped"))

        assert set(hub.children()) == before
        assert await asyncio.to_thread(hub.ready)
        hub.roll()  # and the next one is not hindered
        await until(lambda: hub.said("restart_done"), 60)


async def test_successor_that_can_not_be_started_leaves_the_old_processes_in_their_places(
    database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the folder of a release is put aside while it still runs."""
    release = tmp_path / "release"
    release.mkdir()
    monkeypatch.chdir(release)
    async with two(database, redis_url, tmp_path) as hub:
        monkeypatch.undo()
        release.rmdir()
        before = set(hub.children())
        hub.roll()
        await until(lambda: hub.said("restart_stopped"))

        assert set(hub.children()) == before
        assert await asyncio.to_thread(hub.ready)


async def test_process_that_does_not_come_back_soon_gets_no_connections_until_it_does(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    answers: Counter[object] = Counter()
    async with two(database, redis_url, tmp_path) as hub:
        killed, stays = hub.children()
        os.kill(killed, signal.SIGKILL)
        await until(lambda: set(hub.children()) - {killed, stays})
        (successor,) = set(hub.children()) - {killed, stays}
        os.kill(successor, signal.SIGSTOP)
        before = hub.said("socket_shut")  # one that was slow to start, too
        await until(lambda: hub.said("socket_shut") > before)
        async with asking(hub, answers):
            await until(lambda: answers[200] > 50)
        assert set(answers) == {200}
        before = hub.said("socket_open_again")
        os.kill(successor, signal.SIGCONT)
        await until(lambda: hub.said("socket_open_again") > before)
        frozen = stays
        os.kill(frozen, signal.SIGSTOP)
        try:
            async with asyncio.timeout(30):
                while not await asyncio.to_thread(hub.ready):  # some go to the frozen one
                    pass
        finally:
            os.kill(frozen, signal.SIGCONT)


@pytest.mark.parametrize("processes", [1, 2])
async def test_hub_allows_itself_as_many_connections_as_it_may_and_says_when_these_are_few(
    database: str, redis_url: str, tmp_path: Path, processes: int
) -> None:
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    with hub_process(env, port, tmp_path / "hub.log", processes=processes) as hub:
        assert hub.process is not None
        resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, (300, 2000))
        await until(lambda: hub.said("few_open_files") == processes)
        serving = hub.children() if processes > 1 else [hub.process.pid]

        assert {resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in serving} == {(2000, 2000)}


async def test_sigterm_ends_all_of_them_in_time(database: str, redis_url: str, tmp_path: Path) -> None:
    async with two(database, redis_url, tmp_path) as hub:
        children = hub.children()
        hub.terminate()
        assert hub.process is not None
        status = await asyncio.to_thread(hub.process.wait, STOP_LIMIT_S)

        assert status == 0
        assert not any(alive(pid) for pid in children)
        assert hub.said("draining") == 2


async def test_processes_end_when_their_supervisor_is_killed(database: str, redis_url: str, tmp_path: Path) -> None:
    async with two(database, redis_url, tmp_path) as hub:
        children = hub.children()
        hub.kill()

        await until(lambda: not any(alive(pid) for pid in children))


async def test_supervisor_whose_processes_can_not_start_ends_and_says_why(tmp_path: Path) -> None:
    port = free_port()
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    env = environment(nowhere, "redis://127.0.0.1:1/0", "http://127.0.0.1", tmp_path)
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await until(lambda: len(hub.children()) == 2)
        for child in hub.children():
            os.kill(child, signal.SIGKILL)
        assert hub.process is not None
        status = await asyncio.to_thread(hub.process.wait, STOP_LIMIT_S)

    assert status == 1
    assert "a hub process does not start" in hub.log.read_text()
    assert "Traceback" not in hub.log.read_text()


async def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = environment("postgresql://nobody@127.0.0.1:1/nothing", "redis://127.0.0.1:1/0", "", tmp_path)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "hub.cli", "hub", "--port", str(port), "--processes", "2"],
            env=env, capture_output=True, text=True, timeout=30,
        )  # fmt: skip

    assert done.returncode == 1
    assert f"port {port}" in done.stderr


@pytest.mark.parametrize("processes", [1, 2])
async def test_hub_told_to_stop_says_so_before_it_stops_taking_connections(
    database: str, redis_url: str, tmp_path: Path, processes: int
) -> None:
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data", DAYLIGHT_DRAIN_DELAY_S="2")
    with hub_process(env, port, tmp_path / "hub.log", processes=processes) as hub:
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") == processes)
        hub.terminate()
        await until(lambda: hub.said("leaving") == processes)
        async with httpx.AsyncClient(base_url=hub.url, timeout=10) as client:
            ready, health = await client.get("/ready"), await client.get("/health")
        assert hub.said("draining") == 0
        assert hub.process is not None
        status = await asyncio.to_thread(hub.process.wait, STOP_LIMIT_S + 2)

    assert (ready.status_code, health.status_code) == (503, 200)
    assert ready.json()["ready"] is False
    assert status == 0


async def test_interrupt_waits_for_no_load_balancer(database: str, redis_url: str, tmp_path: Path) -> None:
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data", DAYLIGHT_DRAIN_DELAY_S="300")
    with hub_process(env, port, tmp_path / "hub.log") as hub:
        await hub.await_ready()
        assert hub.process is not None
        hub.process.send_signal(signal.SIGINT)

        assert await asyncio.to_thread(hub.process.wait, STOP_LIMIT_S) == 0
