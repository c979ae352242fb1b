"""`ingest_batched` and `ingest_single`: what an interval costs the hub's CPU, from its agent's frame to the ack after COMMIT.

1,000 enrolled agents are connected to a hub as users run it. Each hands in minutes of work, 20 or one a frame, the next frame once the one
before is acked. Counted is the CPU of the hub's process, user and system, until it has come to rest; what PostgreSQL and Valkey use beside
it is told, and in no figure. By turns with it, on the same core:

- **aw-server** gets the same minutes, 20 in a request or as heartbeats, on its real SQLite storage. Fewer of them: it is slow.
- **bare Litestar echo** gets the same frames and sends them back: the least that a socket costs. It understands and keeps nothing.
- **bare COPY of the same rows** (a floor): the rows that the frames lead to, made beforehand, by asyncpg into the same table. Transactions
  are of the hub's size, over as many connections. The CPU is that of the process that copies.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

from bench import cpu
from bench.agents import MINUTE, Agents, agents, beginning, minute
from bench.aw import AwServer, aw_server
from bench.peers import Absent, peer
from bench.results import Demand, Result, result
from bench.served import Served, served
from hub.database import close_pool, connection, open_pool, transaction
from hub.live import rows
from hub.live.store import FLUSHERS, GROUP_ROWS

BATCHED, SINGLE = "ingest_batched", "ingest_single"
UNIT = "events per CPU-second of the server"
AGENTS = 1000
RUNS = 3
WARM_UP = 1
REST_S = 2.5
"""What frames set off later is counted too: workdays are read every two seconds."""
AW, ECHO, COPY = "aw-server", "bare Litestar echo", "bare COPY of the same rows"
COPIED_FROM = 1_000_000
"""Devices of the floor: none of them has an agent."""


def run_batched() -> Result:
    return uvloop.run(_measured(BATCHED, frames=5, events=20, aw_requests=100))


def run_single() -> Result:
    return uvloop.run(_measured(SINGLE, frames=20, events=1, aw_requests=150))


async def _measured(name: str, frames: int, events: int, aw_requests: int) -> Result:
    async with served() as bench, contextlib.AsyncExitStack() as stack:
        echo = stack.enter_context(peer([sys.executable, "-m", "bench.echo", "litestar"]))
        await open_pool(bench.servers.database_url)
        stack.push_async_callback(close_pool)
        ours = await stack.enter_async_context(agents(bench.hub.port, await bench.enrolled(AGENTS), bench.folder))
        echoed = await stack.enter_async_context(agents(echo.port, AGENTS, bench.folder))
        absent: dict[str, str] = {}
        beside: dict[str, list[float]] = {}
        turns: dict[str, Callable[[int], Awaitable[float]]] = {
            "ours": lambda number: _ours(bench, ours, frames, events, beside),
            ECHO: lambda number: _echoed(echo.pid, echoed, frames, events),
        }
        versions: dict[str, str] = {}
        try:
            aw = stack.enter_context(aw_server(bench.folder))
            await asyncio.to_thread(aw.add, [f"desk-{at}" for at in range(aw_requests)])
            versions = aw.versions
            turns[AW] = lambda number: _aw(aw, number, aw_requests, events)
        except Absent as why:
            absent[AW] = str(why)
        if name == BATCHED:
            turns[COPY] = lambda number: _copy(number, frames * events)
        runs: dict[str, list[float]] = {who: [] for who in turns}
        for number in range(WARM_UP + RUNS):
            for who, turn in turns.items():
                figure = await turn(number)
                if number >= WARM_UP:
                    runs[who].append(figure)
                else:
                    beside.clear()
    demands = (
        [Demand(0.5, (COPY,)), Demand(10, (AW,))] if name == BATCHED else [Demand(1 / 2.5, (ECHO,)), Demand(40, (AW,))]
    )
    return result(
        name, UNIT, "higher", runs, {COPY},
        demands=demands, absent=absent, beside=beside, peer_versions=versions,
    )  # fmt: skip


async def _ours(bench: Served, ours: Agents, frames: int, events: int, beside: dict[str, list[float]]) -> float:
    await ours.prepare(frames, events)
    stored, before = await _stored(), bench.cpu()
    sent = await ours.send()
    await asyncio.sleep(REST_S)
    used = bench.cpu().since(before)
    assert await _stored() - stored == sent.events
    for what, seconds in {
        "hub": used.hub,
        "PostgreSQL": used.postgresql,
        "Valkey": used.valkey,
        "agents": sent.cpu_s,
    }.items():
        beside.setdefault(f"CPU of {what}, µs an event", []).append(1e6 * seconds / sent.events)
    beside.setdefault("events a second", []).append(sent.events / sent.seconds)
    beside.setdefault("bytes a frame", []).append(sent.bytes / sent.frames)
    return sent.events / used.hub


async def _stored() -> int:
    async with connection() as held:
        return int(await held.fetchval("SELECT count(*) FROM interval WHERE device < $1", COPIED_FROM))


async def _echoed(pid: int, echoed: Agents, frames: int, events: int) -> float:
    await echoed.prepare(frames, events)
    before = cpu.cpu_s(pid)
    sent = await echoed.send()
    return sent.events / (cpu.cpu_s(pid) - before)


async def _aw(aw: AwServer, number: int, requests: int, events: int) -> float:
    """In each of its turns further minutes, as those of the agents are."""
    first = beginning() + number * events * MINUTE
    minutes = [minute(first + at * MINUTE) for at in range(events)]
    name = "desk-{}".format
    made = [aw.bulk(name(at), minutes) if events > 1 else aw.heartbeat(name(at), minutes[0]) for at in range(requests)]
    before = aw.cpu_s()
    await asyncio.to_thread(aw.post, made)
    return requests * events / (aw.cpu_s() - before)


async def _copy(number: int, events: int) -> float:
    minutes = [minute(beginning() + at * MINUTE) for at in range(number * events, (number + 1) * events)]
    records = [
        row
        for device in range(COPIED_FROM, COPIED_FROM + AGENTS)
        for seq, event in enumerate(minutes, number * events + 1)
        for row in rows.rows_of(device, device, 1, seq, event)
    ]
    groups = [records[at : at + GROUP_ROWS] for at in range(0, len(records), GROUP_ROWS)]

    async def copy(mine: list[list[rows.Row]]) -> None:
        for group in mine:
            async with transaction() as held:
                await held.copy_records_to_table("interval", records=group, columns=rows.COLUMNS)

    with cpu.on_core(cpu.SERVER):
        before = time.thread_time()
        async with asyncio.TaskGroup() as tasks:
            for flusher in range(FLUSHERS):
                tasks.create_task(copy(groups[flusher::FLUSHERS]))
        return len(records) / (time.thread_time() - before)
