"""A hub as users run it, for benchmarks: `daylight hub` on embedded PostgreSQL (fsync and synchronous commit on) and Valkey."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from agents.identity import new_key, public_bytes
from agents.roster import Member, Roster, emails_of
from bench import cpu
from bench.wall_people import settle
from hub.database import close_pool, connection, open_pool
from hub.embedded import Embedded, Servers
from hub.settings import Settings
from hub.wire.policy import DEFAULT
from tests.journeys.hubs import HubProcess, command, environment, hub_process
from tests.ports import free_port


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

    async def settled(self, people: int) -> list[Member]:
        """The same for thousands, in a moment: in teams of 100, with the rows that enrolment leaves."""
        await asyncio.to_thread(
            command, self.env, "person", "add", "admin@bench.example", "--name", "Admin", "--password", "a long one"
        )
        keys = [new_key() for _ in range(people)]
        await open_pool(self.servers.database_url)
        try:
            await settle(people, "admin@bench.example")
            async with connection() as held:
                rows = await held.fetch(
                    """
                    WITH people AS (
                        SELECT id, row_number() OVER (ORDER BY id) AS number FROM person WHERE email LIKE 'p%@bench.example' LIMIT $1
                    ), added AS (
                        INSERT INTO device (uid, person, public_key, name, enrolled_at)
                        SELECT gen_random_uuid(), people.id, key, 'Desk', now()
                        FROM people JOIN unnest($2::bytea[]) WITH ORDINALITY AS given(key, number) USING (number)
                        RETURNING id, uid, public_key
                    ), cursors AS (INSERT INTO device_cursor (device) SELECT id FROM added)
                    SELECT uid, public_key FROM added
                    """,
                    people,
                    [public_bytes(key) for key in keys],
                )
        finally:
            await close_pool()
        by_public = {public_bytes(key): key.private_bytes_raw() for key in keys}
        origin = self.env["DAYLIGHT_PUBLIC_ORIGIN"]
        return [
            Member(email="", device=str(row["uid"]), origin=origin, key=by_public[row["public_key"]], policy=DEFAULT)
            for row in rows
        ]


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
