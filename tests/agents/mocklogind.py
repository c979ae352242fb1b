"""A mock logind on a private bus."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from dbus_fast import BusType, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from agents.sensors.logind import NAME, ROOT

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


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """A `dbus-daemon` of our own; its address."""
    if not shutil.which("dbus-daemon"):
        pytest.skip("not installed: dbus-daemon")
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
        async with asyncio.timeout(30):
            return await self.seen.get()


@asynccontextmanager
async def mock_logind(address: str) -> AsyncIterator[Mock]:
    made = Mock()
    made.bus = await MessageBus(address, BusType.SESSION).connect()
    made.bus.export(ROOT, made.manager)
    made.bus.export(SESSION_PATH, made.session)
    await made.bus.request_name(NAME)
    try:
        yield made
    finally:
        made.bus.disconnect()
