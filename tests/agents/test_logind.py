"""Locks and sleep, from a mock logind on a private bus."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dbus_fast import BusType, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from agents.sensors.logind import NAME, ROOT, Logind

SESSION_PATH = "/org/freedesktop/login1/session/_37"


class Manager(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.freedesktop.login1.Manager")

    @dbus_method()
    def GetSession(self, name: "s") -> "o":  # type: ignore[name-defined]  # noqa: F821, N802
        return SESSION_PATH

    @dbus_method()
    def GetSessionByPID(self, pid: "u") -> "o":  # type: ignore[name-defined]  # noqa: F821, N802
        assert pid == os.getpid()
        return SESSION_PATH

    @dbus_signal()
    def PrepareForSleep(self, begins: bool) -> "b":  # type: ignore[name-defined]  # noqa: F821, N802
        return begins


class LoginSession(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.freedesktop.login1.Session")
        self.locked = False

    @dbus_property(access=PropertyAccess.READ)
    def LockedHint(self) -> "b":  # type: ignore[name-defined]  # noqa: F821, N802
        return self.locked

    @dbus_signal()
    def Lock(self) -> None:  # noqa: N802
        return None

    @dbus_signal()
    def Unlock(self) -> None:  # noqa: N802
        return None

    def hint(self, locked: bool) -> None:
        self.locked = locked
        self.emit_properties_changed({"LockedHint": locked})


@pytest.fixture(scope="module")
def bus_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not shutil.which("dbus-daemon"):
        pytest.skip("not installed: dbus-daemon")
    folder: Path = tmp_path_factory.mktemp("bus")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:dir={folder}", "--print-address=1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait(5)
        daemon.stdout.close()


class Mock:
    def __init__(self) -> None:
        self.manager = Manager()
        self.session = LoginSession()
        self.bus: MessageBus | None = None
        self.seen: asyncio.Queue[object] = asyncio.Queue()

    async def next(self) -> object:
        async with asyncio.timeout(5):
            return await self.seen.get()


@pytest.fixture
async def mock(bus_address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mock]:
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    made = Mock()
    made.bus = await MessageBus(bus_address, BusType.SESSION).connect()
    made.bus.export(ROOT, made.manager)
    made.bus.export(SESSION_PATH, made.session)
    await made.bus.request_name(NAME)
    yield made
    made.bus.disconnect()


@pytest.fixture
async def logind(mock: Mock, bus_address: str) -> AsyncIterator[Logind]:
    made = Logind(
        lambda: mock.seen.put_nowait(("locked", made.locked)),
        lambda begins: mock.seen.put_nowait(("sleep", begins)),
        bus_address,
    )
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(5):
        await made.ready()
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_lock_and_unlock_are_seen_by_the_hint(mock: Mock, logind: Logind) -> None:
    assert not logind.locked
    mock.session.hint(True)
    assert await mock.next() == ("locked", True)
    mock.session.hint(False)
    assert await mock.next() == ("locked", False)


async def test_lock_signal_counts_where_no_hint_is_set(mock: Mock, logind: Logind) -> None:
    mock.session.Lock()
    assert await mock.next() == ("locked", True)
    mock.session.Unlock()
    assert await mock.next() == ("locked", False)


async def test_sleep_is_announced_before_and_after(mock: Mock, logind: Logind) -> None:
    mock.manager.PrepareForSleep(True)
    assert await mock.next() == ("sleep", True)
    mock.manager.PrepareForSleep(False)
    assert await mock.next() == ("sleep", False)


async def test_session_that_is_locked_already_is_known_as_locked(mock: Mock, bus_address: str) -> None:
    mock.session.locked = True
    made = Logind(lambda: mock.seen.put_nowait("changed"), lambda _: None, bus_address)
    task = asyncio.create_task(made.run())

    assert await mock.next() == "changed"
    assert made.locked
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_session_named_by_the_environment_is_followed(
    mock: Mock, bus_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_SESSION_ID", "37")
    made = Logind(lambda: mock.seen.put_nowait(made.locked), lambda _: None, bus_address)
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(5):
        await made.ready()
    mock.session.hint(True)

    assert await mock.next() is True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("address", ["unix:path=/nowhere/at/all", "no address"])
async def test_missing_bus_is_said_and_claims_no_lock(address: str) -> None:
    made = Logind(lambda: None, lambda _: None, address)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await made.run()

    assert not made.available
    assert not made.locked
    assert made.trouble.startswith("no logind")
