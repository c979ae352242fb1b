"""Locks, sleep and stops through the whole agent, in this process: a mock logind, an injected boot-time clock, no display."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from agents.identity import new_key
from agents.machine import Clocks
from agents.run import Agent
from agents.sensors.reading import Reading
from agents.settings import Enrolment, Home, Memory, write_private
from agents.spool_sqlite import SqliteSpool
from hub.wire.events import Event, Gap, Interval
from hub.wire.policy import DEFAULT

from .fakehub import FakeHub
from .mocklogind import Mock, mock_logind, private_bus
from .wires import DEVICE

ALL = frozenset({"app", "idle", "counts"})


class Machine:
    """Clocks that pass only when told to."""

    def __init__(self) -> None:
        self.awake_ms = 5_000_000
        self.asleep_ms = 0

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.awake_ms + self.asleep_ms, lambda: self.awake_ms)


class FakeDesktop:
    titles = False

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.available = ALL
        self.app = "Editor"

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def latest(self) -> Reading:
        now_ms = self._machine.awake_ms + self._machine.asleep_ms
        return Reading(taken_ms=now_ms, app=self.app, last_input_ms=now_ms - 100, available=self.available)


class Rig:
    def __init__(self, hub: FakeHub, mock: Mock, machine: Machine, desktop: FakeDesktop, home: Home) -> None:
        self.hub, self.mock, self.machine, self.desktop, self.home = hub, mock, machine, desktop, home

    def recorded(self) -> list[Event]:
        """What the hub has, and what still waits for it."""
        spool = SqliteSpool(self.home.spool)
        held = spool.peek(spool.acked + 1, 100, 100_000) or []
        spool.close()
        assert isinstance(held, list)
        stored = self.hub.model.stored
        return [item for (_, seq), item in sorted(stored.items()) if seq <= spool.acked] + held

    async def shown(self, condition: Callable[[], object]) -> None:
        await self.hub.until(lambda: self.hub.presences() and condition())


@pytest.fixture(scope="module")
def bus_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@asynccontextmanager
async def agent(folder: Path, bus_address: str) -> AsyncIterator[Rig]:
    """A running agent; stopped, and what it saw sent, at the end."""
    machine = Machine()
    desktop = FakeDesktop(machine)
    async with FakeHub() as hub, mock_logind(bus_address) as mock:
        home = Home(folder)
        home.save_enrolment(Enrolment(hub=hub.url, origin=hub.url, device=DEVICE, person="Alice"))
        home.save_memory(Memory(policy=DEFAULT))
        write_private(home.key, new_key().private_bytes_raw())
        made = Agent(home, None, clocks=machine.clocks(), desktop=desktop, bus_address=bus_address)
        running = asyncio.create_task(made.run())
        rig = Rig(hub, mock, machine, desktop, home)
        try:
            await rig.shown(lambda: True)
            yield rig
        finally:
            made.stop()
            assert await asyncio.wait_for(running, 30) == 0


async def test_lock_is_shown_at_once_and_recorded(bus_address: str, tmp_path: Path) -> None:
    async with agent(tmp_path, bus_address) as rig:
        rig.machine.awake_ms += 10_000
        rig.mock.session.hint(True)
        await rig.shown(lambda: rig.hub.presences()[-1].facts.locked)
        rig.machine.awake_ms += 10_000

    assert [(item.facts.locked, item.facts.app) for item in rig.recorded() if isinstance(item, Interval)][-1] == (
        True,
        "Editor",
    )


async def test_announced_sleep_is_one_gap_from_the_announcement(bus_address: str, tmp_path: Path) -> None:
    async with agent(tmp_path, bus_address) as rig:
        rig.machine.awake_ms += 3_000
        rig.mock.manager.PrepareForSleep(True)
        rig.desktop.app = "Seen before sleep"
        await rig.shown(lambda: rig.hub.presences()[-1].facts.app == "Seen before sleep")
        rig.machine.asleep_ms += 3_600_000
        rig.mock.manager.PrepareForSleep(False)
        rig.desktop.app = "Seen after sleep"
        await rig.shown(lambda: rig.hub.presences()[-1].facts.app == "Seen after sleep")

    gaps = [item for item in rig.recorded() if isinstance(item, Gap)]
    assert [gap.ended_at - gap.started_at for gap in gaps] == [timedelta(hours=1)]
    before = [item for item in rig.recorded() if item.ended_at <= gaps[0].started_at]
    assert before
    assert before[-1].ended_at == gaps[0].started_at


async def test_sleep_that_nobody_announced_is_seen_by_the_clocks(bus_address: str, tmp_path: Path) -> None:
    async with agent(tmp_path, bus_address) as rig:
        rig.machine.awake_ms += 3_000
        rig.machine.asleep_ms += 600_000
        rig.desktop.app = "Seen after sleep"
        await rig.shown(lambda: rig.hub.presences()[-1].facts.app == "Seen after sleep")

    gaps = [item for item in rig.recorded() if isinstance(item, Gap)]
    assert [gap.ended_at - gap.started_at for gap in gaps] == [timedelta(minutes=10)]


async def test_desktop_that_cannot_be_read_is_not_claimed_as_idle(bus_address: str, tmp_path: Path) -> None:
    async with agent(tmp_path, bus_address) as rig:
        rig.machine.awake_ms += 5_000
        rig.desktop.available = frozenset()
        status = rig.home.folder / "status.json"
        await changed(lambda: b'"app"' not in status.read_bytes())
        rig.machine.awake_ms += 3_600_000

    recorded = rig.recorded()
    assert all(item.ended_at - recorded[0].started_at < timedelta(seconds=10) for item in recorded)


async def test_offset_learned_is_used_again_in_the_same_boot(bus_address: str, tmp_path: Path) -> None:
    async with agent(tmp_path, bus_address) as rig:
        memory = rig.home.memory()
    assert memory.learned is not None
    machine = rig.machine
    again = Agent(rig.home, None, clocks=machine.clocks(), desktop=rig.desktop, bus_address=bus_address)
    running = asyncio.create_task(again.run())  # its hub is gone by now
    status = rig.home.folder / "status.json"
    await changed(lambda: b'"process": 0' not in status.read_bytes())
    again.stop()
    machine.awake_ms += 2_000
    assert await running == 0

    spool = SqliteSpool(rig.home.spool)
    held = spool.peek(spool.acked + 1, 10, 10_000)
    assert isinstance(held, list)
    assert all(item.hub_clock for item in held)
    spool.close()


async def changed(condition: Callable[[], object]) -> None:
    """Lets the agent go on until it is so."""
    turn = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30):
        while not condition():
            turn.clear()
            loop.call_later(0.01, turn.set)
            await turn.wait()
