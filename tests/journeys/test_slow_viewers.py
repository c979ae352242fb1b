"""A viewer that is frozen, and one that is frozen behind a proxy that reads for it: they are ended, and nobody else notices."""

import asyncio
import contextlib
import itertools
import re
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from hub.database import transaction
from hub.live.outbox import HELD_MAX_BYTES, UNACKED_MAX_BYTES
from tests.hub.live import Viewer, signed_in, viewing
from tests.ports import free_port

from .hubs import HubProcess, command, environment, hub_process, prepared, until

MANAGER = SimpleNamespace(email="mara@halden.example")
PASSWORD = "a long enough one"
VIEWERS = 98
PEOPLE = 200
IDLE = 3_300
"""Beside them, for a snapshot of some 400 KB."""
BEFORE_S = 6.0
ENDED_LIMIT_S = 20.0
"""Ten seconds are promised, and the figure is printed: 8.6 s in quiet, 10.1 on cores that draw pictures as well."""
GAP_LIMIT_S = 3.0
"""A page calls its link dead after this. In quiet the gaps are a tick of 0.15 s; the figure is printed."""
GROWTH_LIMIT_BYTES = 32 * 2**20
"""Two frozen viewers may hold 0.6 MB; the rest is what a process's memory does in ten seconds."""

ON_THE_WAY_BYTES = 64 * 1024
"""A frame of what was subscribed before may be on its way while somebody freezes: it counts neither before nor as unacked."""


class GreedyProxy:
    """Reads all that the hub sends, whether or not the browser behind it does, as a proxy with large buffers."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.from_hub_bytes = 0
        self.cut_at: float | None = None
        self.pass_on = True
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["GreedyProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_hub, to_hub = await asyncio.open_connection("127.0.0.1", self.target)
        self._tasks = {
            asyncio.create_task(self._forward(reader, to_hub)),
            asyncio.create_task(self._buffer(from_hub, writer)),
        }

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)

    async def _buffer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self.from_hub_bytes += len(data)
                if self.pass_on:
                    writer.write(data)
        self.cut_at = time.monotonic()


class Watch:
    """A browser that goes on: when its frames came."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.frames_at: list[float] = []
        self.ended: ConnectionClosed | None = None

    async def run(self) -> None:
        try:
            while True:
                await self.viewer.next()
                self.frames_at.append(time.monotonic())
        except ConnectionClosed as closed:
            self.ended = closed

    def shows_them(self) -> bool:
        """Whether the fleet is on the wall; some are always away from their desks."""
        tiles = [tile for tiles in self.viewer.tiles.values() for tile in tiles.values()]
        return len(tiles) == PEOPLE + IDLE and sum(tile.link == "live" for tile in tiles) > PEOPLE / 2

    def gaps(self, begin: float, end: float) -> list[float]:
        moments = [begin, *(at for at in self.frames_at if begin < at < end), end]
        return [later - earlier for earlier, later in itertools.pairwise(moments)]


def freeze(viewer: Viewer) -> socket.socket:
    """The browser reads and acks nothing any more. Returns its socket."""
    transport: Any = viewer.socket.transport
    transport.pause_reading()
    frozen: socket.socket = transport.get_extra_info("socket")
    return frozen


def is_reset(frozen: socket.socket) -> bool:
    """Whether the hub has ended the connection, without reading from it: the kernel's state of it is `closed`."""
    closed = 7  # TCP_CLOSE of <netinet/tcp.h>, first byte of tcp_info
    return bool(frozen.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == closed)


def memory_bytes(hub: HubProcess) -> int:
    """Resident memory of the process that serves, and of its supervisor if it has one."""
    assert hub.process is not None
    total = 0
    for pid in (hub.process.pid, *hub.children()):
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) * 1024 if found else 0
    return total


async def metric(client: httpx.AsyncClient, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", (await client.get("/metrics")).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def settle_many(people: int) -> None:
    """People without a device in the team of the simulated ones: a wall that doesn't fit into what may be on its way."""
    async with transaction() as held:
        await held.execute(
            """
            WITH added AS (
              INSERT INTO person (email, name, zone)
              SELECT 'p' || n || '@halden.example', 'Somebody of the large team, with a name that is quite long, ' || n, 'UTC'
              FROM generate_series(1, $1) n RETURNING id
            )
            INSERT INTO membership (person, team, since_at)
            SELECT added.id, team.id, now() FROM added, team WHERE team.name = 'Simulated'
            """,
            people,
        )


@pytest.mark.timeout(150)
async def test_frozen_viewers_are_ended_within_ten_seconds_and_the_others_go_on(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    await prepared(env)
    command(
        env, "person", "add", MANAGER.email, "--name", "Mara Boss", "--manages", "Simulated", "--password", PASSWORD
    )
    await settle_many(IDLE)
    code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
    target: Any = SimpleNamespace(port=port, settings=SimpleNamespace(origin=f"http://127.0.0.1:{port}"))
    async with contextlib.AsyncExitStack() as stack:
        hub = stack.enter_context(hub_process(env, port, tmp_path / "hub.log"))
        await hub.await_ready()
        simulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, "--people", str(PEOPLE),
            "--rate", "20", "--seconds", "120", "--flaky", "0",
            env=env, stdout=asyncio.subprocess.DEVNULL, stderr=(tmp_path / "simulate.log").open("wb"),
        )  # fmt: skip
        stack.callback(simulator.kill)
        client = await stack.enter_async_context(contextlib.aclosing(await signed_in(target, MANAGER, PASSWORD)))
        proxy = await stack.enter_async_context(GreedyProxy(port).listening())
        watches = [Watch(await stack.enter_async_context(viewing(target, client))) for _ in range(VIEWERS)]
        frozen = Watch(await stack.enter_async_context(viewing(target, client)))
        behind: Any = SimpleNamespace(port=proxy.port, settings=target.settings)
        proxied = Watch(await stack.enter_async_context(viewing(behind, client)))
        tasks = {watch: asyncio.create_task(watch.run()) for watch in (*watches, frozen, proxied)}
        for task in tasks.values():
            stack.callback(task.cancel)
        for watch in tasks:
            await watch.viewer.subscribe()
        for watch in tasks:
            await until(watch.shows_them, 40)
        began = time.monotonic()
        await asyncio.sleep(BEFORE_S)  # what is measured
        memory_before = memory_bytes(hub)

        tasks[frozen].cancel()
        tasks[proxied].cancel()
        for watch in (frozen, proxied):
            await watch.viewer.subscribe()  # so that there is much to be sent when they freeze
        socket_of_frozen = freeze(frozen.viewer)
        proxy.pass_on = False
        frozen_at, sent_before = time.monotonic(), proxy.from_hub_bytes
        memory_most = memory_before
        frozen_took = None
        while time.monotonic() - frozen_at < ENDED_LIMIT_S + 3 and (frozen_took is None or proxy.cut_at is None):
            await asyncio.sleep(0.1)
            memory_most = max(memory_most, memory_bytes(hub))
            if frozen_took is None and is_reset(socket_of_frozen):
                frozen_took = time.monotonic() - frozen_at
        ended = time.monotonic()
        too_slow = hub.log.read_text().count("too_slow")
        viewers = await metric(client, "daylight_viewers")

    before = [gap for watch in watches for gap in watch.gaps(began, frozen_at)]
    during = [gap for watch in watches for gap in watch.gaps(frozen_at, ended)]
    proxied_took = None if proxy.cut_at is None else proxy.cut_at - frozen_at
    record_property(
        "figure",
        f"{VIEWERS} viewers of {PEOPLE + IDLE} people, {PEOPLE} of them at work: gaps before {_described(before)}, "
        f"while two are frozen {_described(during)}; "
        f"ended after {frozen_took or -1:.1f} s, behind a proxy {proxied_took or -1:.1f} s having been sent "
        f"{(proxy.from_hub_bytes - sent_before) / 1024:.0f} KiB; memory of the hub {(memory_most - memory_before) / 2**20:+.1f} MiB",
    )
    assert frozen_took is not None
    assert frozen_took <= ENDED_LIMIT_S
    assert proxied_took is not None
    assert proxied_took <= ENDED_LIMIT_S
    assert too_slow == 2
    assert viewers == VIEWERS
    assert UNACKED_MAX_BYTES <= proxy.from_hub_bytes - sent_before <= HELD_MAX_BYTES + ON_THE_WAY_BYTES
    assert memory_most - memory_before <= GROWTH_LIMIT_BYTES
    assert [watch.ended for watch in watches] == [None] * VIEWERS
    assert max(during) <= GAP_LIMIT_S
    assert statistics.median(during) <= 2 * statistics.median(before)


def _described(gaps: list[float]) -> str:
    ordered = sorted(gaps)
    shown = (1000 * gap for gap in (statistics.median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1]))
    return "median {:.0f} p99 {:.0f} max {:.0f} ms".format(*shown)
