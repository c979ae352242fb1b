"""What chaos breaks: a whole deployment on loopback, in one temporary folder, with agents and viewers on it."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec

from agents.ledger import Ledger
from agents.roster import DOMAIN, Roster
from agents.spool import MemorySpool
from chaos import disk
from chaos.device import Device
from chaos.proxy import Proxy
from chaos.viewers import Walls
from hub.database import close_pool, open_pool
from hub.embedded import Embedded
from hub.settings import Settings
from tests.journeys.hubs import HubProcess, command, environment, hub_process, until
from tests.journeys.wall import settle_people
from tests.ports import free_port

TEAMS = 2
SETTLE_S = 180
COMMIT_FAILS = "RAISE EXCEPTION 'chaos' USING ERRCODE = '40001'"
COMMIT_DOES = (
    "CREATE OR REPLACE FUNCTION chaos_commit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {}; RETURN NULL; END$$"
)
COMMIT_TRIGGER = """
    CREATE CONSTRAINT TRIGGER chaos_commit AFTER INSERT OR UPDATE ON device_cursor
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos_commit()
"""
"""Runs at COMMIT, after everything else of the transaction has succeeded."""
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
ANSWER_S = 4.0


class Size(msgspec.Struct, frozen=True):
    """How much is on it."""

    seconds: float
    people: int
    rate: int
    """Of the fleet's clock."""
    viewers: int
    desks: int


class World:
    """All that runs, and how to get at it."""

    def __init__(self, folder: Path, size: Size, seed: int) -> None:
        self.folder = folder
        self.size = size
        self.seed = seed
        self.rng = random.Random(f"chaos {seed} targets")
        """For faults that draw more than their place in the schedule says."""
        self.ledgers = [folder / f"{name}.jsonl" for name in ("fleet", "desks", "probe")]
        self.disk: disk.Disk | None = None
        self.embedded: Embedded
        self.database_url = ""
        self.environment: dict[str, str] = {}
        self.hub: HubProcess
        self.proxy: Proxy
        self.worker: Kept
        self.fleet: asyncio.subprocess.Process
        self.desks: Desks
        self.walls: Walls
        self.probe: Device
        self.poisoner: Device

    @property
    def postgres(self) -> Any:
        assert self.embedded.postgres is not None
        return self.embedded.postgres

    @property
    def valkey(self) -> Any:
        assert self.embedded.valkey is not None
        return self.embedded.valkey

    async def ask(self, statement: str, *, beside: bool = False) -> list[Any]:
        """Runs a statement on a connection of its own. `beside`: in the other database, which no fault is about. Raises `AWAY`."""
        url = urlsplit(self.database_url)._replace(path="/postgres").geturl() if beside else self.database_url
        connection = await asyncpg.connect(url, timeout=ANSWER_S, command_timeout=ANSWER_S)
        try:
            found: list[Any] = await connection.fetch(statement)
            return found
        finally:
            connection.terminate()


class Kept:
    """A command that is started again whenever it has ended, as a service manager does."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def tend(self) -> None:
        if self.process is None or self.process.poll() is not None:
            with self._log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, *self._arguments], env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )  # fmt: skip
            self.starts += 1

    async def run(self) -> None:
        while True:
            self.tend()
            await asyncio.sleep(0.2)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Desks:
    """The process of agents that can be killed (`chaos/desks.py`)."""

    def __init__(self, world: World, url: str, code: str) -> None:
        self._world = world
        self._arguments = [str(world.folder / "desks"), url, code, str(world.size.desks), str(world.ledgers[1])]
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self._world.folder / "desks.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "chaos.desks", *self._arguments,
                env=self._world.environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        await self._heard("ready")

    async def tell(self, *words: object) -> bool:
        """Has them do something; returns when it is done, and whether it was."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        await self.process.stdin.drain()
        return await self._heard("done") == "done True\n"

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def finish(self, limit_s: float) -> int:
        """They stop making events; returns how many are unacked in the end."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(limit_s):
            return int((await self._heard("left")).split()[1])

    async def _heard(self, what: str) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(SETTLE_S):
            while not (line := (await self.process.stdout.readline()).decode()).startswith(what):
                if not line:
                    raise RuntimeError(f"the desks ended: {(self._world.folder / 'desks.log').read_text()[-2000:]}")
        return line


@contextlib.asynccontextmanager
async def running(folder: Path, size: Size, seed: int) -> AsyncIterator[World]:
    """A world with everybody there. What is left of it at the end is ended."""
    world = World(folder, size, seed)
    data = folder / "data"
    data.mkdir(mode=0o700)
    world.disk = disk.mounted(data)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(_keep_logs, data / "logs", folder / "servers")
        world.embedded = Embedded(Settings(data=data))
        servers = stack.enter_context(world.embedded)
        world.database_url = servers.database_url
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        env = world.environment = environment(servers.database_url, servers.redis_url, origin, data)
        await asyncio.to_thread(command, env, "migrate")
        await world.ask(COMMIT_DOES.format("NULL"))
        await world.ask(COMMIT_TRIGGER)
        await open_pool(servers.database_url)
        teams = await settle_people(env, size.people, TEAMS)
        await close_pool()
        code = (await asyncio.to_thread(command, env, "code", "--people", str(size.people + size.desks + 2))).split()[
            -1
        ]
        world.hub = stack.enter_context(hub_process(env, port, folder / "hub.log", processes=2))
        await until(lambda: world.hub.said("hub_ready") == 2)
        world.worker = Kept(["-m", "hub.cli", "worker"], env, folder / "worker.log")
        stack.callback(world.worker.end)
        tending = asyncio.create_task(world.worker.run())
        stack.callback(tending.cancel)
        world.proxy = Proxy(port)
        await world.proxy.start()
        stack.callback(world.proxy.close)
        near = f"http://127.0.0.1:{world.proxy.port}"
        await _devices(world, stack, near, code)
        world.desks = Desks(world, near, code)
        await world.desks.start()
        stack.push_async_callback(_end, lambda: world.desks.process)
        world.fleet = await _fleet(world, near, code)
        stack.push_async_callback(_end, lambda: world.fleet)
        await until(lambda: world.ledgers[0].exists() and b'"ack"' in world.ledgers[0].read_bytes(), 90)
        target: Any = SimpleNamespace(port=port)
        proxied: Any = SimpleNamespace(port=world.proxy.port)
        world.walls = Walls(target, proxied, origin, teams, size.viewers)
        await stack.enter_async_context(world.walls.open())
        yield world


async def _devices(world: World, stack: contextlib.AsyncExitStack, url: str, code: str) -> None:
    """The probe, and whoever sends poison."""
    ledger = Ledger(world.ledgers[2])
    stack.callback(ledger.close)
    members = await Roster(url).members([f"{name}@{DOMAIN}" for name in ("probe", "poisoner")], code)
    world.probe, world.poisoner = (Device(url, member, MemorySpool(), ledger) for member in members)
    for device in (world.probe, world.poisoner):
        device.begin()


async def _fleet(world: World, url: str, code: str) -> asyncio.subprocess.Process:
    size = world.size
    with (world.folder / "fleet.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", url, "--enrol", code, "--people", str(size.people),
            "--rate", str(size.rate), "--seconds", str(size.seconds), "--settle", str(SETTLE_S), "--flaky", "0.05",
            "--seed", str(world.seed), "--ledger", str(world.ledgers[0]),
            env=world.environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip


def _keep_logs(logs: Path, kept: Path) -> None:
    """What the servers said: their disk goes with this process."""
    if logs.exists():
        shutil.copytree(logs, kept)


async def _end(process: Callable[[], asyncio.subprocess.Process | None]) -> None:
    found = process()
    if found is not None and found.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            found.kill()
        await found.wait()


@contextlib.contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """These processes stand still within."""
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def insist(act: Callable[[], Awaitable[object]], limit_s: float = 60.0) -> None:
    """Until it succeeds: a fault has to be healed, though others may stand in the way."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            await act()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)
        else:
            return
