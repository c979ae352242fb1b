"""`memory`: what an idle agent costs the hub, beside what a connection costs servers that send back what they get.

10,000 agents are admitted, each hands in one interval, and then they only stay. Counted is what a server of its own process grows by from
before the first connection until a while after the last answer (PSS, with all its processes), as KiB for each agent. What the kernel holds
for sockets is in no figure. Each turn is with a fresh process: memory that was used before does not come back.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from agents.roster import Member
from bench import cpu, peers
from bench.agents import agents
from bench.results import Demand, Result, result
from bench.served import Served, served
from hub.serving import allow_many_connections

NAME = "memory"
AGENTS = 10_000
RUNS = 3
REST_S = 3.0
"""For what goes on after the answers: workdays are read, presence is published."""
LITESTAR, WEBSOCKETS, WS = "bare Litestar", "websockets", "node ws"
SERVERS = Path(__file__).with_name("servers_of_peers")


def run() -> Result:
    """Takes some four minutes: a hub admits 10,000 agents in 40 s, each in a transaction of its own."""
    allow_many_connections()
    return uvloop.run(_measured())


async def _measured() -> Result:
    runs: dict[str, list[float]] = {"ours": []}
    absent: dict[str, str] = {}
    commands = {
        LITESTAR: [sys.executable, "-m", "bench.echo", "litestar"],
        WEBSOCKETS: [sys.executable, "-m", "bench.echo", "websockets"],
    }
    versions: dict[str, str] = {}
    env: dict[str, str] = {}
    try:
        folder = await asyncio.to_thread(peers.npm, "ws@8")
        env["NODE_PATH"] = str(folder / "node_modules")
        versions["ws"] = peers.npm_version(folder, "ws")
        commands[WS] = [str(peers.NODE), str(SERVERS / "ws.js")]
    except peers.Absent as why:
        absent[WS] = str(why)
    async with served() as bench:
        members = await bench.settled(AGENTS)
        for _ in range(RUNS):
            runs["ours"].append(await _ours(bench, members))
            for who, command in commands.items():
                with peers.peer(command, None, **env) as running:
                    runs.setdefault(who, []).append(await _grown_kib(running.pid, running.port, AGENTS, bench.folder))
    return result(
        NAME, "KiB an idle agent", "lower", runs,
        demands=[Demand(1.3, (LITESTAR,))], absent=absent, peer_versions=versions,
    )  # fmt: skip


async def _ours(bench: Served, members: Sequence[Member]) -> float:
    bench.hub.kill()
    with cpu.on_core(cpu.SERVER):
        bench.hub.start()
    await bench.hub.await_ready()
    assert bench.hub.process is not None
    return await _grown_kib(bench.hub.process.pid, bench.hub.port, members, bench.folder)


async def _grown_kib(pid: int, port: int, members: Sequence[Member] | int, folder: Path) -> float:
    await asyncio.sleep(REST_S)
    before = cpu.resident_bytes(pid)
    async with agents(port, members, folder) as connected:
        await connected.prepare(1, 1)
        await connected.send()
        await asyncio.sleep(REST_S)
        return (cpu.resident_bytes(pid) - before) / 1024 / AGENTS
