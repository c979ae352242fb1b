"""The oracle finds what it is there to find: a lost event, a doubled one, a wall that shows something else, a write that gets nowhere."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agents.identity import new_key, public_bytes
from agents.ledger import Ledger
from agents.roster import Member
from agents.spool import MemorySpool
from chaos.device import Device
from chaos.oracle import (
    Judged,
    fresh_write_s,
    judge,
    rollups_that_differ,
    set_aside_in_error,
    walls_agree_s,
    walls_show_somebody,
)
from chaos.viewers import Walls
from hub import tables
from hub.database import connection
from hub.rollups.job import roll_up
from hub.settings import Settings
from hub.wire.events import Interval
from hub.wire.policy import NOTHING
from hub.wire.viewer import Tile
from tests.hub.live import running
from tests.ports import free_port

UID = UUID(int=77)
LIMIT_S = 20.0
WRITES = 5


async def device_of(url: str, settings: Settings, ledger: Ledger) -> Device:
    """An enrolled device, as a run has one for its probe."""
    key = new_key()
    await tables.Person.insert(tables.Person(email="probe@simulated.invalid", name="Probe", simulated=True))
    added = await tables.Device.insert(
        tables.Device(uid=UID, person=1, public_key=public_bytes(key), simulated=True)
    ).returning(tables.Device.id)
    await tables.DeviceCursor.insert(tables.DeviceCursor(device=added[0]["id"]))
    member = Member(
        email="probe@simulated.invalid",
        device=str(UID),
        origin=settings.origin,
        key=key.private_bytes_raw(),
        policy=NOTHING,
    )
    made = Device(url, member, MemorySpool(), ledger)
    made.begin()
    return made


@pytest.fixture
async def written(settings: Settings, tmp_path: Path) -> AsyncIterator[Path]:
    """The ledger of a device whose writes a hub has acked, each on a connection of its own."""
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    async with running(settings) as hub:
        probe = await device_of(f"http://127.0.0.1:{hub.port}", settings, ledger)
        for _ in range(WRITES):
            assert await fresh_write_s(probe, LIMIT_S) is not None
    yield path
    ledger.close()


async def execute(statement: str) -> None:
    async with connection() as held:
        await held.execute(statement)


async def judged(ledger: Path, url: str) -> Judged:
    return await judge([ledger], url)


async def test_what_was_acked_and_is_stored_is_right(written: Path, database: str) -> None:
    found = await judged(written, database)

    assert (found.generated, found.acked, found.stored) == (WRITES, WRITES, WRITES)
    assert (found.lost, found.duplicates, found.broken) == (0, 0, ())


async def test_an_acked_event_that_is_gone_is_found(written: Path, database: str) -> None:
    await execute("DELETE FROM interval WHERE seq = 3")

    found = await judged(written, database)

    assert found.lost == 1
    assert "acked, and not in the database: 1" in found.broken[0]


async def test_an_event_that_is_counted_twice_is_found(written: Path, database: str) -> None:
    # As another number of the same device: what a hub would do that forgot its cursor.
    await execute(
        "CREATE TEMP TABLE again AS SELECT * FROM interval WHERE seq = 3; UPDATE again SET seq = 99;"
        "INSERT INTO interval SELECT * FROM again"
    )

    found = await judged(written, database)

    assert found.lost == 0
    assert found.duplicates > 0
    assert found.broken


async def test_event_that_nobody_made_for_quarantine_is_found(written: Path, database: str) -> None:
    put = (
        "INSERT INTO quarantine (id, device, epoch, seq, reason, event) "
        "SELECT gen_random_uuid(), device, 1, {seq}, '{reason}', '\\x{event}' FROM device_cursor"
    )
    now, years = datetime.now(UTC), timedelta(days=3650)

    def event(at: datetime) -> str:
        return msgspec.msgpack.encode(
            Interval(started_at=at, ended_at=at + timedelta(seconds=1), wall_at=at, zone_min=0, policy=1)
        ).hex()

    await execute(put.format(seq=101, reason="outside_horizon", event=event(now - years)))
    await execute(put.format(seq=102, reason="wall_clock", event=event(now)))
    assert await set_aside_in_error(database, str(UID)) == []
    assert await set_aside_in_error(database, "another") == [f"{UID}: set aside in error: {{'wall_clock': 1}}"]

    await execute(put.format(seq=103, reason="outside_horizon", event=event(now)))
    await execute(put.format(seq=101, reason="outside_horizon", event=event(now - years)))
    assert await set_aside_in_error(database, str(UID)) == [
        f"{UID}: set aside in error: {{'outside_horizon': 1, 'twice': 1}}"
    ]


@pytest.mark.parametrize("table", ["rollup_quarter", "rollup_day"])
async def test_rollup_that_is_not_what_the_rows_say_is_found(written: Path, database: str, table: str) -> None:
    await roll_up(datetime.now(UTC) + timedelta(hours=1))
    assert await rollups_that_differ(database) == []

    await execute(f"UPDATE {table} SET duration_us = duration_us + 1")
    assert len(await rollups_that_differ(database)) == 1

    await execute(f"DELETE FROM {table}")
    assert len(await rollups_that_differ(database)) == 1


async def test_a_write_that_gets_nowhere_is_no_recovery(settings: Settings, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    probe = await device_of(f"http://127.0.0.1:{free_port()}", settings, ledger)

    assert await fresh_write_s(probe, 0.5) is None
    assert probe.waiting == 1
    ledger.close()


class Group:
    """Browsers of one team, and what a fresh one would show."""

    def __init__(self, shows: dict[int, Tile], fresh: dict[int, Tile]) -> None:
        self.teams = [1]
        self.shown = [SimpleNamespace(tiles={1: shows})]
        self._fresh = fresh

    async def fresh(self, team: int) -> dict[int, Tile]:
        return self._fresh

    def links(self) -> Counter[str]:
        return Counter(tile.link for viewer in self.shown for tile in viewer.tiles[1].values())


def tile(link: Any = "live", person: int = 1) -> Tile:
    return Tile(person=person, name="Ann", link=link)


@pytest.mark.parametrize(
    ("shows", "fresh", "agree"),
    [
        ({1: tile()}, {1: tile()}, True),
        ({1: tile()}, {1: tile("offline")}, False),
        ({}, {1: tile()}, False),
        ({1: tile(), 2: tile(person=2)}, {1: tile()}, False),
        ({}, {}, True),
    ],
)
async def test_walls_agree_only_when_all_show_what_a_fresh_one_does(
    shows: dict[int, Tile], fresh: dict[int, Tile], agree: bool
) -> None:
    walls = Walls(None, None, "", [1], 2)
    good: Any = Group(fresh, fresh)
    other: Any = Group(shows, fresh)
    walls.groups = [good, other]

    assert (await walls_agree_s(walls, 0.1) is not None) == agree


@pytest.mark.parametrize(
    ("shows", "found"), [({1: tile("offline"), 2: tile(person=2)}, True), ({1: tile("offline")}, False), ({}, False)]
)
async def test_walls_on_which_nobody_is_live_show_nobody(shows: dict[int, Tile], found: bool) -> None:
    walls = Walls(None, None, "", [1], 2)
    group: Any = Group(shows, shows)
    walls.groups = [group]

    assert await walls_show_somebody(walls, 0.2) == found
