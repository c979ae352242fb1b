"""Agents that were killed: their ledger tells what their spool holds, whatever the killed process had no time to write down."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.identity import new_key
from agents.ledger import Ledger
from agents.roster import Member
from agents.spool import MemorySpool
from chaos.desks import catch_up, read
from chaos.device import Device
from hub.verify.ledger import Reading
from hub.wire.activity import Facts
from hub.wire.events import Interval
from hub.wire.policy import NOTHING

T0 = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
UID = "00000000-0000-0000-0000-00000000004d"


def event(number: int) -> Interval:
    start = T0 + timedelta(seconds=number)
    return Interval(
        started_at=start,
        ended_at=start + timedelta(seconds=1),
        wall_at=start,
        zone_min=0,
        policy=1,
        facts=Facts(app="Editor"),
    )


def device_on(path: Path, spool: MemorySpool) -> tuple[Device, Ledger]:
    ledger = Ledger(path)
    key = new_key().private_bytes_raw()
    member = Member(email="a@simulated.invalid", device=UID, origin="", key=key, policy=NOTHING)
    return Device("http://127.0.0.1:1", member, spool, ledger), ledger


@pytest.fixture
def spool(tmp_path: Path) -> MemorySpool:
    """Of a device that wrote three events down and was killed: it stands for what is left on the disk."""
    made = MemorySpool()
    device, ledger = device_on(tmp_path / "ledger", made)
    device.begin()
    device.keep([event(1), event(2), event(3)])
    ledger.close()
    return made


def again(path: Path, spool: MemorySpool) -> list[tuple[int, int, datetime]]:
    """The next process on the same spool; returns what the ledger then says that is not acked."""
    told = read(path)
    device, ledger = device_on(path, spool)
    catch_up(device, told[UID], ledger)
    ledger.close()
    return [(epoch, seq, start) for _, epoch, seq, start, _, acked in Reading(path).events() if not acked]


def test_what_is_in_the_spool_only_is_written_down(spool: MemorySpool, tmp_path: Path) -> None:
    spool.append([event(4)])

    found = again(tmp_path / "ledger", spool)

    assert found == [(0, number, event(number).started_at) for number in (1, 2, 3, 4)]


def test_half_a_line_is_cut_off_and_written_again(spool: MemorySpool, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(path.read_bytes()[:-20])

    found = again(path, spool)

    assert found == [(0, number, event(number).started_at) for number in (1, 2, 3)]


def test_renumbering_that_was_not_written_down_is_found_by_the_events(spool: MemorySpool, tmp_path: Path) -> None:
    spool.renumber(5)
    spool.append([event(4)])

    found = again(tmp_path / "ledger", spool)

    assert found == [(5, number, event(number).started_at) for number in (1, 2, 3, 4)]


def test_a_second_start_writes_nothing_more(spool: MemorySpool, tmp_path: Path) -> None:
    spool.append([event(4)])
    again(tmp_path / "ledger", spool)
    once = (tmp_path / "ledger").read_bytes()

    again(tmp_path / "ledger", spool)

    assert (tmp_path / "ledger").read_bytes() == once
