"""`fanout`: one team of 100 people who change once a second each, before 1,000 viewers, beside the servers that do nothing but fan out.

Ours is the hub as users run it: its processes, PostgreSQL and Valkey; viewers are signed in (ten sign-ins, a hundred windows each), and
presence comes through the feed, as from another hub process. The peers are run twice: as their users would, one message a change, and fed
with our own coalesced frames at our tick. Every viewer has to hold each change, or a newer one of the person, at most 250 ms after it
happened; a run in which one doesn't does not count, and says so. The figure is viewers served per CPU-second of all server processes.

A hub and a peer has a core for itself; viewers, publisher and databases have the other. Theirs is told of, so that it is not the limit
unnoticed. All take turns, several times.

`python -m bench fanout`, some seven minutes. PEERS=uwebsockets,nchan and RUNS=1 choose.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import uvloop

from bench import cpu, fanout_peers, fanout_team, fanout_viewers, wall_people
from bench.fanout_peers import Peer
from bench.peers import Absent
from bench.results import Result, result
from bench.served import served
from hub.database import close_pool, connection, open_pool
from tests.hub.live import signed_in
from tests.journeys.hubs import command

NAME, RAW = "fanout", "fanout_raw"
VIEWERS = 1_000
PEOPLE = 100
SIGN_INS = 10
WARM_UP_S, MEASURED_S, AFTER_S = 3.0, 10.0, 1.0
RUNS = 3
EMAIL, PASSWORD = "mara@bench.example.org", "a long enough one"


class Target(NamedTuple):
    """A server that runs, and how to reach it."""

    viewers: fanout_viewers.Plan
    team: fanout_team.Plan
    cpu_s: Callable[[], list[float]]
    """What each of its servers has used so far."""


class Run(NamedTuple):
    figure: float
    counts: bool
    said: str


def run() -> list[Result]:
    return uvloop.run(_measured())


async def _measured() -> list[Result]:
    chosen = [each for each in os.environ.get("PEERS", "").split(",") if each] or list(fanout_peers.PEERS)
    chosen = [name for name in chosen if name in fanout_peers.PEERS]
    runs: dict[str, list[float]] = {}
    absent: dict[str, str] = {}
    there: dict[str, str] = {}
    for _ in range(int(os.environ.get("RUNS", RUNS))):
        async with _ours() as target:
            _note("ours", await _measure(target), runs)
        for name in chosen:
            for what in ("changes", "frames"):
                if name in absent:
                    continue
                try:
                    there[name] = fanout_peers.version(name)
                    with cpu.on_core(cpu.SERVER):
                        server = contextlib.ExitStack()
                        peer = server.enter_context(fanout_peers.PEERS[name]())
                    with server:
                        _note(f"{name}, {what}", await _measure(_target(peer, what)), runs)
                except Absent as reason:
                    absent[name] = str(reason)
                    print(f"  {name} is absent: {reason}", flush=True)
    if "ours" not in runs:
        print("  no run of ours counts", file=sys.stderr)
        return []
    return [result(NAME, "viewers served per CPU-second", "higher", runs, absent=absent, peer_versions=there)]


def _note(who: str, found: Run, runs: dict[str, list[float]]) -> None:
    print(f"  {who:22} {found.figure:8,.0f} {'' if found.counts else 'DOES NOT COUNT: '}{found.said}", flush=True)
    if found.counts:
        runs.setdefault(who, []).append(found.figure)


def _target(peer: Peer, what: Any) -> Target:
    people = [fanout_team.Person(number, 1, 1, f"Person {number} of the team") for number in range(1, PEOPLE + 1)]
    to: Any = peer.to
    return Target(
        fanout_viewers.Plan(peer.kind, peer.port, peer.path, [], VIEWERS),
        fanout_team.Plan(what, people, to, port=peer.inward),
        lambda: [cpu.cpu_s(peer.pid)],
    )


@contextlib.asynccontextmanager
async def _ours() -> AsyncIterator[Target]:
    """A hub on embedded servers."""
    async with served() as up:
        add = ("person", "add", EMAIL, "--name", "Mara Boss", "--manages", "Everybody", "--password", PASSWORD)
        await asyncio.to_thread(command, up.env, *add)
        await open_pool(up.servers.database_url)
        await wall_people.settle(PEOPLE, EMAIL)
        async with connection() as held:
            rows = await held.fetch(
                "SELECT person.id AS person, membership.team, membership.id AS membership, name FROM membership "
                "JOIN person ON person.id = person WHERE email LIKE '%@bench.example' ORDER BY person.id"
            )
        await close_pool()
        headers = []
        for _ in range(SIGN_INS):
            client = await signed_in(up.hub, SimpleNamespace(email=EMAIL), PASSWORD)  # type: ignore[arg-type]
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            headers.append(f"Origin: {up.hub.url}\r\nCookie: {cookies}\r\n")
            await client.aclose()
        people = [fanout_team.Person(**dict(row)) for row in rows]
        yield Target(
            fanout_viewers.Plan("hub", up.hub.port, "/live", headers, VIEWERS),
            fanout_team.Plan("feed", people, "feed", url=up.servers.redis_url),
            lambda: list(up.cpu()),
        )


async def _measure(target: Target) -> Run:
    async with _helper("bench.fanout_viewers", target.viewers) as viewers:
        async with _helper("bench.fanout_team", target.team) as team:
            await asyncio.sleep(WARM_UP_S)
            await _ask(viewers)
            before, team_before = target.cpu_s(), cpu.cpu_s(team.pid)
            await asyncio.sleep(MEASURED_S)
            report = msgspec.json.decode(await _ask(viewers), type=fanout_viewers.Report)
            used = [now - then for now, then in zip(target.cpu_s(), before, strict=True)]
            team_used = cpu.cpu_s(team.pid) - team_before
            assert team.stdin is not None
            assert team.stdout is not None
            team.stdin.close()
            told = msgspec.json.decode(await team.stdout.readline(), type=fanout_team.Told)
        await asyncio.sleep(AFTER_S)
        last = msgspec.json.decode(await _ask(viewers), type=fanout_viewers.Report)
    return _judged(report, last, told, used, team_used)


def _judged(
    report: fanout_viewers.Report,
    last: fanout_viewers.Report,
    told: fanout_team.Told,
    used: list[float],
    team_used: float,
) -> Run:
    faults = []
    late = report.late_ms
    if late[-1]:
        faults.append(f"{late[-1]:,} of {sum(late):,} changes later than {fanout_viewers.LATE_MS} ms")
    if last.ended:
        faults.append(f"{len(last.ended)} viewers were ended ({last.ended[0]!r})")
    if min(last.changes) < told.changes:
        faults.append(f"a viewer was told of {min(last.changes)} of {told.changes} changes")
    shown = [{person: at for person, at in latest.items() if person in told.latest} for latest in last.latest]
    if any(each != told.latest for each in shown):
        faults.append(f"a viewer does not show the latest ({len(shown)} differ)")
    said = (
        f"servers {' + '.join(f'{each / report.clock_s:.3f}' for each in used)} cores, viewers {report.cpu_s / report.clock_s:.2f}, "
        f"team {team_used / report.clock_s:.3f}; {report.frames / report.clock_s:,.0f} messages/s of "
        f"{report.bytes / max(1, report.frames):,.0f} bytes, median late {_quantile(late, 0.5)} ms, "
        f"p99 {_quantile(late, 0.99)}, most {_quantile(late, 1)}"
    )
    return Run(VIEWERS * report.clock_s / sum(used), not faults, "; ".join([*faults, said]))


def _quantile(late_ms: list[int], share: float) -> int:
    left = sum(late_ms) * share
    for ms, count in enumerate(late_ms):
        left -= count
        if left <= 0:
            return ms
    return len(late_ms)


async def _ask(viewers: asyncio.subprocess.Process) -> bytes:
    assert viewers.stdin is not None
    assert viewers.stdout is not None
    viewers.stdin.write(b"\n")
    return await viewers.stdout.readline()


@contextlib.asynccontextmanager
async def _helper(module: str, plan: msgspec.Struct) -> AsyncIterator[asyncio.subprocess.Process]:
    with cpu.on_core(cpu.OTHERS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24
        )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(plan) + b"\n")
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
