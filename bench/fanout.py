"""`fanout`: one team of 100 people who change once a second each, before 1,000 viewers, beside the servers that do nothing but fan out.

Ours is the hub as users run it: its processes, PostgreSQL and Valkey; viewers are signed in (ten sign-ins, a hundred windows each), and
presence comes through the feed, as from another hub process. The peers are run twice: as their users would, one message a change, and fed
with our own coalesced frames at our tick. Every viewer has to hold each change, or a newer one of the person; a run in which one doesn't
does not count. It has to be there at most 250 ms after it happened: how many were later stands beside each figure, which with any of them
reaches nothing. The figure is viewers served per CPU-second of all server processes.

A hub and a peer has a core for itself; viewers, publisher and databases have the other. Theirs is told of, so that it is not the limit
unnoticed. All take turns, several times.

`fanout_raw`: one and the same coalesced frame of ours, twenty times a second to each of 1,000 viewers, in frames per CPU-second: our
server, protocol and outbox beside the same peers, without view and acks, which they don't have either. The floor is a bare write.

`python -m bench fanout`, some seven minutes. PEERS=uwebsockets,nchan and RUNS=1 choose.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import uvloop

from bench import cpu, fanout_peers, fanout_team, fanout_viewers, wall_people
from bench.fanout_peers import Peer
from bench.peers import Absent
from bench.results import Demand, Result, result
from bench.served import served
from hub.database import close_pool, connection, open_pool
from hub.live.view import DIRECTORY_S
from tests.hub.live import signed_in
from tests.journeys.hubs import command

NAME, RAW, BARE = "fanout", "fanout_raw", "bare write"
VIEWERS = 1_000
PEOPLE = 100
SIGN_INS = 10
WARM_UP_S, MEASURED_S, AFTER_S = 2.0, 6.0, 1.0
RUNS = 3
EMAIL, PASSWORD = "mara@bench.example.org", "a long enough one"


class Target(NamedTuple):
    """A server that runs, and how to reach it."""

    viewers: fanout_viewers.Plan
    team: fanout_team.Plan
    cpu_s: Callable[[], list[float]]
    """What each of its servers has used so far."""


class Run(NamedTuple):
    viewers: float
    """Per CPU-second, as the next."""
    frames: float
    cores: list[float]
    viewers_cores: float
    late: float
    """Share of changes that came later than asked for."""
    faults: list[str]
    """Why the run does not count."""
    said: str


def run() -> list[Result]:
    return uvloop.run(_measured())


def run_raw() -> list[Result]:
    return uvloop.run(_measured_raw())


async def _measured() -> list[Result]:
    found = Found()
    for _ in range(_times()):
        async with _ours() as target:
            found.note("ours", await _measure(target))
        for name in _chosen():
            for what in ("changes", "frames"):
                await found.peer(name, f"{name}, {what}", what)
    as_users_would, on_equal_frames = (tuple(f"{name}, {what}" for name in _chosen()) for what in ("changes", "frames"))
    return found.results(
        NAME, "viewers served per CPU-second", [Demand(10, as_users_would), Demand(0.8, on_equal_frames)]
    )


async def _measured_raw() -> list[Result]:
    found = Found(by_frames=True)
    for _ in range(_times()):
        for name, server in {"ours": fanout_peers.raw(), BARE: fanout_peers.raw("bare")}.items():
            with _on_its_core(server) as peer:
                found.note(name, await _measure(_target(peer, "one")))
        for name in _chosen():
            await found.peer(name, name, "one")
    return found.results(RAW, "frames per CPU-second", [Demand(0.8, tuple(_chosen()))])


def _times() -> int:
    return int(os.environ.get("RUNS", RUNS))


def _chosen() -> list[str]:
    asked = os.environ.get("PEERS")
    return [name for name in fanout_peers.PEERS if asked is None or name in asked.split(",")]


@contextlib.contextmanager
def _on_its_core(server: contextlib.AbstractContextManager[Peer]) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        with cpu.on_core(cpu.SERVER):
            peer = stack.enter_context(server)
        yield peer


class Found:
    """Figures by who ran, of the runs that count; and what could not be run."""

    def __init__(self, *, by_frames: bool = False) -> None:
        self.runs: dict[str, list[float]] = {}
        self._by_frames = by_frames
        self._absent: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._beside: dict[str, list[float]] = {}

    def note(self, who: str, run: Run) -> None:
        figure = run.frames if self._by_frames else run.viewers
        counts = "; ".join(["DOES NOT COUNT", *run.faults, ""]) if run.faults else ""
        print(f"  {who:22} {figure:8,.0f} {counts}{run.said}", flush=True)
        if not run.faults:
            self.runs.setdefault(who, []).append(figure)
        if not self._by_frames:  # one and the same frame has no age
            self._beside.setdefault(f"{who}: later than {fanout_viewers.LATE_MS} ms, %", []).append(100 * run.late)
        self._beside.setdefault(f"{who}: viewers' own cores", []).append(run.viewers_cores)
        if who == "ours" and not self._by_frames:
            for server, cores in zip(("hub", "PostgreSQL", "Valkey"), run.cores, strict=True):
                self._beside.setdefault(f"ours: {server}, cores", []).append(cores)

    async def peer(self, name: str, who: str, what: fanout_team.What) -> None:
        if name in self._absent:
            return
        try:
            self._versions[name] = fanout_peers.version(name)
            with _on_its_core(fanout_peers.PEERS[name]()) as peer:
                self.note(who, await _measure(_target(peer, what)))
        except Absent as reason:
            self._absent[name] = str(reason)
            print(f"  {name} is absent: {reason}", flush=True)

    def results(self, name: str, unit: str, demands: list[Demand]) -> list[Result]:
        if "ours" not in self.runs:
            print(f"  {name}: no run of ours counts", file=sys.stderr)
            return []
        return [
            result(
                name, unit, "higher", self.runs, {BARE},
                demands=demands, absent=self._absent, beside=self._beside, peer_versions=self._versions,
            )
        ]  # fmt: skip


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
        hub: Any = up.hub
        for _ in range(SIGN_INS):
            client = await signed_in(hub, SimpleNamespace(email=EMAIL), PASSWORD)
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            headers.append(f"Origin: {up.hub.url}\r\nCookie: {cookies}\r\n")
            await client.aclose()
        await asyncio.sleep(DIRECTORY_S * 1.5)  # then the hub knows the people
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
    faults: list[str] = []
    late = report.late_ms
    if last.ended:
        faults.append(f"{len(last.ended)} viewers were ended ({last.ended[0]!r})")
    if min(last.changes) < told.changes:
        faults.append(f"a viewer was told of {min(last.changes)} of {told.changes} changes")
    shown = [{person: at for person, at in latest.items() if person in told.latest} for latest in last.latest]
    if any(each != told.latest for each in shown):
        faults.append("a viewer does not show the latest")
    cores = [each / report.clock_s for each in used]
    said = (
        f"servers {' + '.join(f'{each:.3f}' for each in cores)} cores, viewers {report.cpu_s / report.clock_s:.2f}, "
        f"team {team_used / report.clock_s:.3f}; {report.frames / report.clock_s:,.0f} messages/s of "
        f"{report.bytes / max(1, report.frames):,.0f} bytes, median late {_quantile(late, 0.5)} ms, "
        f"p99 {_quantile(late, 0.99)}, most {_quantile(late, 1)}"
    )
    return Run(
        VIEWERS / sum(cores),
        report.frames / sum(used),
        cores,
        report.cpu_s / report.clock_s,
        late[-1] / max(1, sum(late)),
        faults,
        said,
    )


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
