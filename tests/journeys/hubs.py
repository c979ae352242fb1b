"""Hub processes as users run them, on the servers of the test run: for journeys, faults and load."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.prepare import prepare
from hub.settings import read
from tests import secrecy

READY_S = 30.0
ESTABLISHED = "01"


def open_sockets(pid: int) -> set[str]:
    """Inodes of the sockets that a process holds."""
    found = set()
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):  # closed meanwhile
            name = os.readlink(path)
            if name.startswith("socket:["):
                found.add(name[8:-1])
    return found


class HubProcess:
    """One `daylight hub`, of one process or several. `start` it again after a kill: it comes back on the same port."""

    def __init__(self, environment: dict[str, str], port: int, log: Path, processes: int = 1) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._environment = environment
        self._arguments = ["hub", "--port", str(port), "--processes", str(processes)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        secrecy.watch(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", *self._arguments], env=self._environment, stdout=log, stderr=log
            )

    def children(self) -> list[int]:
        """The hub processes under the supervisor, in the order in which they were started."""
        assert self.process is not None
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def served(self) -> dict[int, set[int]]:
        """By hub process, the ports from which its open connections come."""
        place = f"0100007F:{self.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        by_inode = {row[9]: int(row[2].split(":")[1], 16) for row in rows if row[1] == place and row[3] == ESTABLISHED}
        return {pid: {by_inode[inode] for inode in open_sockets(pid) if inode in by_inode} for pid in self.children()}

    def roll(self) -> None:
        """Asks for a rolling restart."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def said(self, what: str) -> int:
        """How often its log says this."""
        return self.log.read_text().count(what)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def await_ready(self) -> None:
        async with asyncio.timeout(READY_S):
            while not await asyncio.to_thread(self.ready):
                assert self.process is not None
                assert self.process.poll() is None, self.log.read_text()[-3000:]
                await asyncio.sleep(0.05)


def environment(database_url: str, redis_url: str, origin: str, data: Path, **more: str) -> dict[str, str]:
    """What a hub and the commands beside it read."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DAYLIGHT_PUBLIC_ORIGIN": origin,
        "DAYLIGHT_SECRET": "a-secret-of-the-tests-that-is-long-enough",
        "DATA": str(data),
        **more,
    }


async def prepared(environment: dict[str, str]) -> None:
    """What `daylight migrate` does, on the open pool: a process for it takes seconds."""
    await prepare(read(environment))


def command(environment: dict[str, str], *arguments: str, timeout: float = 60) -> str:
    """Runs `daylight ...` and returns what it printed. Fails the test when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", *arguments], env=environment, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, f"daylight {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def hub_process(environment: dict[str, str], port: int, log: Path, *, processes: int = 1) -> Iterator[HubProcess]:
    """A started hub; whatever is left of it at the end is killed."""
    made = HubProcess(environment, port, log, processes)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            children = made.children()
            made.kill()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)


async def until(condition: Callable[[], object], limit_s: float = 40.0) -> None:
    """Waits for a condition, asked for in a thread since it may block."""
    async with asyncio.timeout(limit_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)
