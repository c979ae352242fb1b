"""A deployment for benchmarks of scale: `served.py`'s hub and servers, a worker, and an organisation of thousands; and what it all uses.

Everything shares the machine's cores with the agents and the viewers: nothing is pinned.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from bench import cpu, crowd
from bench.asked import Asked, asked
from bench.crowd import Crowd
from bench.served import Served, served
from hub.live.view import DIRECTORY_S
from tests.hub.live import signed_in

SIGN_INS = 4
"""A sign-in may have 128 sockets in one hub process."""


class Used(NamedTuple):
    """CPU-seconds of each part so far, and when that was."""

    cpu_s: dict[str, float]
    at: float

    def shares_since(self, before: "Used") -> dict[str, float]:
        """Of each part as a share of one core, in percent."""
        took = self.at - before.at
        return {part: 100 * (now - before.cpu_s[part]) / took for part, now in self.cpu_s.items()}


class Site(NamedTuple):
    """A running deployment with a crowd."""

    served: Served
    worker: "subprocess.Popen[bytes]"
    people: Crowd
    cookies: list[str]

    @property
    def origin(self) -> str:
        return self.served.hub.url

    def used(self) -> Used:
        return Used(self.served.cpu()._asdict() | {"worker": cpu.cpu_s(self.worker.pid)}, time.monotonic())

    def hubs(self) -> list[int]:
        """The processes that hold connections."""
        hub = self.served.hub
        assert hub.process is not None
        return hub.children() or [hub.process.pid]

    def viewers(self, count: int, of_everybody: int = 0) -> list[tuple[str, list[int] | None]]:
        """So many viewers of one team each, in turn, and some more of all teams: the cookie and the teams of each."""
        teams = self.people.teams
        return [
            (self.cookies[number % SIGN_INS], [teams[number % len(teams)]] if number < count else None)
            for number in range(count + of_everybody)
        ]

    def watching(self) -> "contextlib.AbstractAsyncContextManager[Asked]":
        return asked("bench.watchers", str(self.served.hub.port), self.origin)

    def rosters(self, shares: Iterable[range]) -> list[Path]:
        """Files that say who the people of each share are."""
        return crowd.rosters(self.origin, self.origin, self.served.folder, shares)

    def acting(self, roster: Path, number: int) -> "contextlib.AbstractAsyncContextManager[Asked]":
        """A process that acts as these people, from the source address of this number."""
        return asked("bench.desks", self.origin, str(roster), f"127.0.0.{2 + number}")

    @contextlib.asynccontextmanager
    async def desks(self, into: int) -> AsyncIterator[list[Asked]]:
        """Everybody at their desks, acted by so many processes."""
        paths = self.rosters(crowd.shares(self.people.people, into))
        async with contextlib.AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.acting(path, number)) for number, path in enumerate(paths)]


@contextlib.asynccontextmanager
async def site(people: int, *, processes: int = 1) -> AsyncIterator[Site]:
    """A deployment with so many people and hub processes, ready, with the managers signed in."""
    async with served(processes=processes, pinned=False) as hub:
        settled = await crowd.settle(hub.env, people, SIGN_INS)
        with _worker(hub) as worker:
            cookies = [await _sign_in(hub, number) for number in range(SIGN_INS)]
            await asyncio.sleep(
                DIRECTORY_S * 1.5
            )  # then each process knows the people: who subscribes before sees no team of theirs
            yield Site(hub, worker, settled, cookies)


async def _sign_in(hub: Served, number: int) -> str:
    target: Any = SimpleNamespace(port=hub.hub.port)
    manager = SimpleNamespace(email=crowd.MANAGER.format(number))
    async with contextlib.aclosing(await signed_in(target, manager, crowd.PASSWORD)) as client:
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


@contextlib.contextmanager
def _worker(hub: Served) -> "Iterator[subprocess.Popen[bytes]]":
    with (hub.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "hub.cli", "worker"], env=hub.env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def open_files(pid: int) -> int:
    """Descriptors that a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
