"""A hub as users run it, for benchmarks: `daylight hub` on embedded PostgreSQL (fsync and synchronous commit on) and Valkey."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from agents.roster import Member, Roster, emails_of
from bench import cpu
from hub.embedded import Embedded, Servers
from hub.settings import Settings
from tests.journeys.hubs import HubProcess, command, environment, free_port, hub_process


class Cpu(NamedTuple):
    """CPU-seconds so far, or of a while, of all processes of each server."""

    hub: float
    postgresql: float
    valkey: float

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(*(now - then for now, then in zip(self, before, strict=True)))


class Served(NamedTuple):
    """What is there to be measured."""

    hub: HubProcess
    env: dict[str, str]
    servers: Servers
    embedded: Embedded
    folder: Path

    def cpu(self) -> Cpu:
        assert self.hub.process is not None
        assert self.embedded.postgres is not None
        assert self.embedded.valkey is not None
        return Cpu(
            cpu.cpu_s(self.hub.process.pid),
            cpu.cpu_s(*_there(self.embedded.postgres.pid)),
            cpu.cpu_s(*_there(self.embedded.valkey.pid)),
        )

    async def enrolled(self, people: int) -> list[Member]:
        """So many people with a device each, enrolled over HTTP as agents are."""
        code = (await asyncio.to_thread(command, self.env, "code", "--people", str(people))).split()[-1]
        return await Roster(self.hub.url).members(emails_of(people), code)


@contextlib.asynccontextmanager
async def served(*, processes: int = 1, pinned: bool = True) -> AsyncIterator[Served]:
    """A ready hub without people, and its servers; `pinned`: the hub has a core of its own, the servers another, where there are two."""
    with tempfile.TemporaryDirectory(prefix="daylight-bench-") as name:
        folder = Path(name)
        embedded = Embedded(Settings(data=folder / "data"))
        with contextlib.ExitStack() as stack:
            with cpu.on_core(cpu.OTHERS if pinned else None):
                servers = stack.enter_context(embedded)
            port = free_port()
            origin = f"http://127.0.0.1:{port}"
            env = environment(servers.database_url, servers.redis_url, origin, folder / "data")
            await asyncio.to_thread(command, env, "migrate")
            with cpu.on_core(cpu.SERVER if pinned else None):
                hub = stack.enter_context(hub_process(env, port, folder / "hub.log", processes=processes))
            await hub.await_ready()
            yield Served(hub, env, servers, embedded, folder)


def _there(pid: int | None) -> list[int]:
    return [] if pid is None else [pid]
