"""How each kind of fault is made and healed.

A fault is an async context manager: made on entering, healed on leaving. Whatever it does to a process it does by its id. Raises `Absent`
when it can't be made now; a fault that can't be healed ends the run.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chaos.schedule import Kind
from chaos.world import AWAY, COMMIT_DOES, COMMIT_FAILS, World, insist, stopped
from hub.wire.activity import Facts
from hub.wire.events import Gap, Interval

Fault = Callable[[World, float], AbstractAsyncContextManager[str]]
"""Takes the world and the fault's `pick`; gives a word on what it hit."""
SHORT_S, MIDDLE_S, LONG_S = (0.0, 0.0), (1.0, 4.0), (4.0, 8.0)
HUB_STOP_S = (1.0, 6.0)
ROLL_S = 120.0
ENDED_S = 60.0
"""A limit for what never comes: a hub that drains takes 15 s at the most, on cores that have nothing else to do."""
FROZEN_S = (11.0, 13.0)
"""A viewer that reads nothing is ended within ten seconds."""
TEN_YEARS_S = 3650 * 86400
AGAIN_S = 60.0


class Absent(Exception):
    """The fault could not be made."""


KINDS: list[Kind] = []
FAULTS: dict[str, Fault] = {}


def kind(name: str, target: str, hold_s: tuple[float, float]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def made(function: Callable[..., Any]) -> Callable[..., Any]:
        KINDS.append(Kind(name, target, hold_s))
        FAULTS[name] = contextlib.asynccontextmanager(function)
        return function

    return made


# --- processes


def _hub_child(world: World, pick: float) -> int:
    children = world.hub.children()
    if not children:
        raise Absent("no hub process runs")
    return children[int(pick * len(children))]


def _kill(pid: int | None) -> int:
    if pid is None:
        raise Absent("it is down already")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return pid


async def _gone(pid: int) -> None:
    """Waits until it has ended. Whoever has to reap it may not."""
    async with asyncio.timeout(ENDED_S):
        while (stat := Path(f"/proc/{pid}/stat")).exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            await asyncio.sleep(0.02)


@kind("hub killed", "hub", SHORT_S)
async def _hub_killed(world: World, pick: float) -> AsyncIterator[str]:
    pid = _kill(_hub_child(world, pick))
    yield f"process {pid}"


@kind("hub stopped", "hub", HUB_STOP_S)
async def _hub_stopped(world: World, pick: float) -> AsyncIterator[str]:
    pid = _hub_child(world, pick)
    with stopped([pid]):
        yield f"process {pid}"


@kind("hubs restarted in turn", "hub", SHORT_S)
async def _rolled(world: World, pick: float) -> AsyncIterator[str]:
    def ends() -> int:
        return world.hub.said("restart_done") + world.hub.said("restart_stopped")

    before = ends()
    world.hub.roll()
    yield "SIGHUP"
    async with asyncio.timeout(ROLL_S):
        while ends() == before:
            await asyncio.sleep(0.1)


@kind("hub's supervisor killed", "hub", SHORT_S)
async def _supervisor_killed(world: World, pick: float) -> AsyncIterator[str]:
    children = world.hub.children()
    world.hub.kill()
    yield f"its {len(children)} processes drain"
    for child in children:
        await _gone(child)
    world.hub.start()  # as a service manager does
    await world.hub.await_ready()


@kind("worker killed", "worker", SHORT_S)
async def _worker_killed(world: World, pick: float) -> AsyncIterator[str]:
    assert world.worker.process is not None
    yield f"process {_kill(world.worker.process.pid)}"


@kind("worker stopped", "worker", LONG_S)
async def _worker_stopped(world: World, pick: float) -> AsyncIterator[str]:
    assert world.worker.process is not None
    pid = world.worker.process.pid
    with stopped([pid]):
        yield f"process {pid}"


@kind("postgres killed", "postgres", SHORT_S)
async def _postgres_killed(world: World, pick: float) -> AsyncIterator[str]:
    pid = _kill(world.postgres.pid)
    yield f"postmaster {pid}"


@kind("postgres stopped", "postgres", LONG_S)
async def _postgres_stopped(world: World, pick: float) -> AsyncIterator[str]:
    pids = world.postgres.pids()
    with stopped(pids):
        yield f"{len(pids)} processes"


@kind("valkey killed", "valkey", SHORT_S)
async def _valkey_killed(world: World, pick: float) -> AsyncIterator[str]:
    yield f"process {_kill(world.valkey.pid)}"


@kind("valkey stopped", "valkey", LONG_S)
async def _valkey_stopped(world: World, pick: float) -> AsyncIterator[str]:
    pids = world.valkey.pids()
    with stopped(pids):
        yield f"process {pids}"


@kind("fleet stopped", "fleet", MIDDLE_S)
async def _fleet_stopped(world: World, pick: float) -> AsyncIterator[str]:
    pid = world.fleet.pid
    with stopped([pid]):
        yield f"{world.size.people} agents"


@kind("agents killed", "desks", MIDDLE_S)
async def _agents_killed(world: World, pick: float) -> AsyncIterator[str]:
    await world.desks.kill()
    try:
        yield f"{world.size.desks} agents, their spools on disk"
    finally:
        await world.desks.start()


@kind("agents stopped", "desks", MIDDLE_S)
async def _agents_stopped(world: World, pick: float) -> AsyncIterator[str]:
    assert world.desks.process is not None
    pid = world.desks.process.pid
    with stopped([pid]):
        yield f"{world.size.desks} agents, their spools on disk"


# --- PostgreSQL from within


async def _within(world: World, statement: str, *, beside: bool = False) -> list[Any]:
    try:
        return await world.ask(statement, beside=beside)
    except AWAY as error:
        raise Absent(f"PostgreSQL is away: {type(error).__name__}") from None


BACKENDS = (
    "FROM pg_stat_activity WHERE datname = 'daylight' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


@kind("backends terminated", "postgres", SHORT_S)
async def _terminated(world: World, pick: float) -> AsyncIterator[str]:
    ended = await _within(world, f"SELECT pg_terminate_backend(pid) {BACKENDS}", beside=True)
    yield f"{len(ended)} backends"


@kind("connections exhausted", "postgres", MIDDLE_S)
async def _exhausted(world: World, pick: float) -> AsyncIterator[str]:
    await _within(world, "ALTER DATABASE daylight CONNECTION LIMIT 0", beside=True)
    try:
        ended = await _within(world, f"SELECT pg_terminate_backend(pid) {BACKENDS}", beside=True)
        yield f"none is given out, {len(ended)} taken away"
    finally:
        await insist(lambda: world.ask("ALTER DATABASE daylight CONNECTION LIMIT -1", beside=True))


@kind("commits fail", "postgres", MIDDLE_S)
async def _commits_fail(world: World, pick: float) -> AsyncIterator[str]:
    # Some pass, so that a group that fails has others around it.
    fails = COMMIT_FAILS if pick < 0.5 else f"IF random() < 0.5 THEN {COMMIT_FAILS}; END IF"
    await _within(world, COMMIT_DOES.format(fails))
    try:
        yield "all" if pick < 0.5 else "half of the devices"
    finally:
        await insist(lambda: world.ask(COMMIT_DOES.format("NULL")))


@kind("disk full", "disk", MIDDLE_S)
async def _disk_full(world: World, pick: float) -> AsyncIterator[str]:
    if world.disk is None:
        raise Absent("only root can have a disk of its own")
    await asyncio.to_thread(world.disk.fill)
    try:
        yield "of PostgreSQL and Valkey"
    finally:
        await asyncio.to_thread(world.disk.make_room)


# --- the network


@contextlib.contextmanager
def healed(world: World) -> Iterator[None]:
    try:
        yield
    finally:
        world.proxy.heal()


@kind("network slow to arrive", "network", MIDDLE_S)
async def _delayed(world: World, pick: float) -> AsyncIterator[str]:
    world.proxy.delay_s = 0.1 + 1.4 * pick
    with healed(world):
        yield f"{world.proxy.delay_s:.1f} s each way, {world.proxy.connections} connections"


@kind("network narrow", "network", MIDDLE_S)
async def _throttled(world: World, pick: float) -> AsyncIterator[str]:
    world.proxy.bytes_per_s = 500 + 8_000 * pick
    with healed(world):
        yield f"{world.proxy.bytes_per_s:.0f} bytes a second for each of {world.proxy.connections} connections"


@kind("connections reset", "network", SHORT_S)
async def _reset(world: World, pick: float) -> AsyncIterator[str]:
    yield f"{world.proxy.reset(0.2 + 0.8 * pick, world.rng)} connections"


@kind("connections half-closed", "network", MIDDLE_S)
async def _half_closed(world: World, pick: float) -> AsyncIterator[str]:
    side: Any = "agent" if pick < 0.5 else "hub"
    with healed(world):
        yield f"{world.proxy.half_close(side, 0.5, world.rng)} connections, by the {side}"


@kind("nothing reaches the hub", "network", MIDDLE_S)
async def _deaf_hub(world: World, pick: float) -> AsyncIterator[str]:
    world.proxy.deaf.add("agent")
    with healed(world):
        yield f"{world.proxy.connections} connections"


@kind("acks lost after commit", "network", MIDDLE_S)
async def _deaf_agents(world: World, pick: float) -> AsyncIterator[str]:
    world.proxy.deaf.add("hub")
    with healed(world):
        yield f"nothing of the hub's reaches {world.proxy.connections} connections"


# --- viewers


def _read(viewers: list[Any], on: bool) -> None:
    for viewer in viewers:
        transport = viewer.socket.transport
        with contextlib.suppress(RuntimeError):  # it has ended meanwhile
            transport.resume_reading() if on else transport.pause_reading()


@kind("viewers frozen", "viewers", FROZEN_S)
async def _frozen(world: World, pick: float) -> AsyncIterator[str]:
    viewers = world.walls.some(1 + int(3 * pick), world.rng)
    _read(viewers, False)
    try:
        yield f"{len(viewers)} of {world.size.viewers}"
    finally:
        _read(viewers, True)


@kind("viewers slow", "viewers", LONG_S)
async def _slow(world: World, pick: float) -> AsyncIterator[str]:
    viewers = world.walls.some(1 + int(6 * pick), world.rng)

    async def slowly() -> None:
        while True:
            _read(viewers, False)
            await asyncio.sleep(1.5)
            _read(viewers, True)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(slowly())
    try:
        yield f"{len(viewers)} of {world.size.viewers} read for 50 ms in 1.5 s"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _read(viewers, True)


# --- what agents say


@kind("poison events", "poisoner", SHORT_S)
async def _poison(world: World, pick: float) -> AsyncIterator[str]:
    now = datetime.now(UTC)
    far = datetime.max.replace(tzinfo=UTC)

    def interval(number: int, **changes: Any) -> Interval:
        start = now + timedelta(microseconds=number)
        given = {
            "started_at": start,
            "ended_at": start + timedelta(microseconds=1),
            "wall_at": now,
            "facts": Facts(app="A"),
        }
        return Interval(**{"zone_min": 0, "policy": world.poisoner.policy.version, **given, **changes})

    wrong: list[Interval | Gap] = [
        interval(1, started_at=now + timedelta(days=900), ended_at=now + timedelta(days=900, seconds=1)),
        interval(2, wall_at=far),
        interval(3, facts=Facts(app="A", last_input_at=far)),
        Gap(started_at=now - timedelta(days=5), ended_at=now - timedelta(days=1), wall_at=now, zone_min=0, policy=1),
        interval(4, facts=Facts(app="a\0b", title="\0")),
    ]
    delivering = asyncio.create_task(
        world.poisoner.deliver([interval(0), *wrong, interval(5), interval(6, facts=Facts(app="\0"))], AGAIN_S)
    )
    yield f"{len(wrong)} among good ones"
    if await delivering is None:
        raise TimeoutError("a device with poison gets nothing acked")


@kind("clock an hour ahead", "desks", SHORT_S)
async def _hour(world: World, pick: float) -> AsyncIterator[str]:
    yield await _stepped(world, pick, 0, 3600)


@kind("clock ten years ahead", "desks", SHORT_S)
async def _ten_years(world: World, pick: float) -> AsyncIterator[str]:
    yield await _stepped(world, pick, 1, TEN_YEARS_S)


@kind("clock ten years behind", "desks", SHORT_S)
async def _ten_years_ago(world: World, pick: float) -> AsyncIterator[str]:
    yield await _stepped(world, pick, 1, -TEN_YEARS_S)


@kind("eight hours of sleep", "desks", SHORT_S)
async def _slept(world: World, pick: float) -> AsyncIterator[str]:
    desk = _desk(world, pick, 2)
    await _tell(world, "sleep", desk, 8 * 3600)
    yield f"of desk {desk}"


DESK_ROLES = 3
"""By number: whose clock is stepped by an hour, by ten years, and who sleeps. Apart, since their times would overlap."""


def _desk(world: World, pick: float, role: int) -> int:
    mine = range(role, world.size.desks, DESK_ROLES)
    return mine[int(pick * len(mine))]


async def _stepped(world: World, pick: float, role: int, seconds: int) -> str:
    desk = _desk(world, pick, role)
    await _tell(world, "step", desk, seconds)
    return f"of desk {desk}, before it meets the hub again"


async def _tell(world: World, *words: object) -> None:
    process = world.desks.process
    if process is None or process.returncode is not None:
        raise Absent("the desks are down")
    if not await world.desks.tell(*words):
        raise Absent("the desk knows no time yet, or has slept as long as it can")
