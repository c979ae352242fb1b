"""The spool's contract, for the one on disk and for its twin in memory; then what only a disk can do to it."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agents.spool import ROW_BYTES, Lost, MemorySpool, Spool, body_bytes
from agents.spool_sqlite import SqliteSpool
from hub.wire.events import Event, digest

from .wires import T0, ModelHub, Wire, event, events

Make = Callable[[int], Spool]


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[Spool] = []

    def factory(bytes_max: int = 1_000_000) -> Spool:
        spool = MemorySpool(bytes_max) if request.param == "memory" else SqliteSpool(tmp_path / "spool", bytes_max)
        made.append(spool)
        return spool

    yield factory
    for spool in made:
        spool.close()


def everything(spool: Spool) -> list[Event | Lost]:
    """All that waits, in order."""
    found: list[Event | Lost] = []
    seq = spool.acked + 1
    while (held := spool.peek(seq, 7, 10_000)) is not None:
        if isinstance(held, Lost):
            found.append(held)
            seq = held.to_seq + 1
        else:
            found += held
            seq += len(held)
    assert seq == spool.next_seq
    return found


# --- the contract


def test_numbers_run_from_one_without_a_gap(make: Make) -> None:
    spool = make(1_000_000)

    assert spool.append(events(3)) == range(1, 4)
    assert spool.append(events(2, first=3)) == range(4, 6)
    assert spool.append([]) == range(6, 6)
    assert everything(spool) == events(5)


def test_peek_keeps_to_its_limits_but_gives_at_least_one(make: Make) -> None:
    spool = make(1_000_000)
    spool.append(events(5))

    assert spool.peek(2, 2, 10_000) == events(2, first=1)
    assert spool.peek(2, 5, 1) == [event(1)]
    assert spool.peek(6, 5, 10_000) is None


def test_ack_deletes_up_to_the_number_and_remembers_its_digest(make: Make) -> None:
    spool = make(1_000_000)
    spool.append(events(3))
    spool.ack(2)
    spool.ack(1)

    assert spool.acked == 2
    assert everything(spool) == [event(2)]
    assert spool.digest_of(2) == digest(2, event(1))
    assert spool.digest_of(1) == b""
    assert spool.depth().events == 1


def test_full_spool_declares_loss_and_goes_on_when_there_is_room(make: Make) -> None:
    spool = make((body_bytes(event(0)) + ROW_BYTES) * 5 // 2)
    spool.append(events(2))
    spool.append(events(3, first=2))
    spool.append(events(1, first=5))
    spool.ack(2)
    spool.append(events(1, first=6))

    lost = Lost(from_seq=3, to_seq=6, reason="spool full", until=event(5).ended_at)
    assert everything(spool) == [lost, event(6)]
    assert spool.depth().lost == 4


def test_ack_within_a_loss_trims_it(make: Make) -> None:
    spool = make(10)
    spool.append(events(4))
    spool.ack(2)

    assert spool.peek(3, 9, 9) == Lost(from_seq=3, to_seq=4, reason="spool full", until=event(3).ended_at)
    assert spool.digest_of(4) == b""


def test_renumbering_moves_events_and_losses_in_order(make: Make) -> None:
    spool = make(1_000_000)
    spool.append(events(6))
    spool.ack(1)
    spool.lose(3, 4, "test")

    moved = spool.renumber(9)

    assert moved == [(2, 1), (3, 2), (4, 3), (5, 4), (6, 5)]
    assert (spool.epoch, spool.acked, spool.next_seq) == (9, 0, 6)
    lost = Lost(from_seq=2, to_seq=3, reason="test", until=event(3).ended_at)
    assert everything(spool) == [event(1), lost, event(4), event(5)]
    assert spool.digest_of(4) == digest(4, event(4))


def test_renumbering_leaves_out_what_is_stored_already(make: Make) -> None:
    spool = make(1_000_000)
    spool.append([event(0), event(1), event(50), event(51)])

    moved = spool.renumber(2, stored_until=T0 + timedelta(minutes=10), acked_before=3)

    assert moved == [(3, 1), (4, 2)]
    assert everything(spool) == [event(50), event(51)]


def test_loss_of_what_is_gone_already_is_nothing(make: Make) -> None:
    spool = make(1_000_000)
    spool.append(events(2))
    spool.ack(1)
    spool.lose(1, 1, "test")
    spool.lose(3, 9, "test")

    assert everything(spool) == [event(1)]


def test_both_spools_do_the_same_over_a_long_life(tmp_path: Path) -> None:
    import random

    rng = random.Random(5)
    disk, memory = SqliteSpool(tmp_path, 20_000), MemorySpool(20_000)
    made = 0
    for n in range(300):
        match rng.randrange(8):
            case 0 | 1 | 2 | 3:
                count = rng.randrange(1, 30)
                assert disk.append(events(count, made)) == memory.append(events(count, made))
                made += count
            case 4 | 5:
                seq = memory.acked + rng.randrange(30)
                disk.ack(seq)
                memory.ack(seq)
            case 6:
                first = memory.acked + rng.randrange(20)
                disk.lose(first, first + 3, "test")
                memory.lose(first, first + 3, "test")
            case 7 if n % 3 == 0:
                at = T0 + timedelta(minutes=made - 10)
                assert disk.renumber(n, 2, at, memory.next_seq - 2) == memory.renumber(n, 2, at, memory.next_seq - 2)
        assert everything(disk) == everything(memory)
        assert disk.depth() == memory.depth()
        assert (disk.digest_of(disk.acked), disk.next_seq) == (memory.digest_of(memory.acked), memory.next_seq)
    disk.close()


# --- the disk


def test_spool_survives_its_process(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "s")
    spool.renumber(4)
    spool.append(events(5))
    spool.ack(2)
    spool.lose(4, 4, "test")
    before = everything(spool)
    spool.close()

    again = SqliteSpool(tmp_path / "s")

    assert (again.epoch, again.acked, again.next_seq) == (4, 2, 6)
    assert everything(again) == before
    assert again.digest_of(2) == digest(2, event(1))


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "s")
    spool.append(events(2))

    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "s").iterdir()} == {0o600}
    assert {"spool.db", "spool.db-wal", "spool.record"} <= {path.name for path in (tmp_path / "s").iterdir()}


class Killed:
    """Kills the process at its n-th step."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, name: str) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


class TellingHub(ModelHub):
    """Writes down what it has committed before it says so."""

    def __init__(self, committed: int) -> None:
        super().__init__()
        self._committed = committed

    def _commit(self, epoch: int, first: int, items):  # type: ignore[no-untyped-def]
        answers = super()._commit(epoch, first, items)
        os.write(self._committed, bytes([self.acked]))
        return answers


def live(folder: Path, step: Callable[[str], None], written: int, committed: int) -> None:
    """A life of the agent. Tells, through the descriptors, what was appended and what a hub has committed."""
    spool = SqliteSpool(folder, 1_500, step)
    hub = TellingHub(committed)
    if spool.epoch == 0:
        spool.renumber(1)
    for n in range(4):
        spool.append(events(2, first=n * 2))
        os.write(written, bytes([spool.next_seq - 1]))
        if n % 2:
            assert Wire(spool, hub).open().session.settled
    spool.append(events(9, first=20))  # too many: lost
    os.write(written, bytes([spool.next_seq - 1]))


def test_killed_at_any_step_it_neither_loses_nor_repeats(tmp_path: Path) -> None:
    finished = False
    deaths = 0
    while not finished:
        folder = tmp_path / str(deaths)
        logs = [os.open(tmp_path / f"{deaths}-{name}", os.O_RDWR | os.O_CREAT) for name in ("written", "committed")]
        child = os.fork()
        if child == 0:
            try:
                live(folder, Killed(deaths), *logs)
            finally:
                os._exit(0)
        finished = os.waitpid(child, 0)[1] == 0
        written, committed = (max(os.pread(log, 100, 0), default=0) for log in logs)
        for log in logs:
            os.close(log)

        spool = SqliteSpool(folder)
        assert spool.acked <= committed, "acked what was never committed"
        generated = spool.next_seq - 1
        assert generated >= written, "what append returned is gone"
        hub = ModelHub()
        hub.stored = {(1, seq): event(seq - 1) for seq in range(1, committed + 1)}
        hub.acked = committed
        Wire(spool, hub).open()

        assert hub.epoch == 1
        assert [item for _, item in sorted(hub.stored.items())] == events(min(generated, 8))
        assert sorted(hub.lost) == [(1, seq) for seq in range(9, generated + 1)]
        assert spool.depth().events == spool.depth().lost == 0
        spool.close()
        deaths += 1

    assert deaths > 20


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(200))


@pytest.mark.parametrize("victims", [["spool.db"], ["spool.db", "spool.db-wal"]])
def test_damaged_database_is_set_aside_and_what_it_held_is_declared(tmp_path: Path, victims: list[str]) -> None:
    spool = SqliteSpool(tmp_path)
    spool.renumber(3)
    spool.append(events(5))
    spool.ack(2)
    spool.close()
    for name in victims:
        damage(tmp_path / name) if (tmp_path / name).exists() else None

    again = SqliteSpool(tmp_path)

    assert (again.epoch, again.acked, again.next_seq) == (3, 2, 6)
    assert everything(again) == [Lost(from_seq=3, to_seq=5, reason="spool damaged", until=event(4).ended_at)]
    assert len(list(tmp_path.glob("spool.db.corrupt-*"))) == 1
    again.append(events(1, first=5))
    again.close()
    assert len(everything(SqliteSpool(tmp_path))) == 2


def test_damage_again_and_again_keeps_three_copies(tmp_path: Path) -> None:
    for n in range(6):
        spool = SqliteSpool(tmp_path)
        spool.append(events(1, first=n))
        spool.close()
        damage(tmp_path / "spool.db")

    assert len(list(tmp_path.glob("spool.db.corrupt-*"))) <= 3


def test_database_and_record_both_gone_ask_for_a_new_epoch(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.renumber(3)
    spool.append(events(5))
    spool.close()
    damage(tmp_path / "spool.db")
    (tmp_path / "spool.record").write_bytes(os.urandom(8192))

    again = SqliteSpool(tmp_path)

    assert (again.epoch, again.next_seq) == (0, 1)


def test_removed_database_is_declared(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.append(events(3))
    spool.close()
    (tmp_path / "spool.db").unlink()

    assert [item.reason for item in everything(SqliteSpool(tmp_path)) if isinstance(item, Lost)] == ["spool missing"]


def test_flipped_bit_costs_one_event_and_is_declared(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.append([event(0, "Alpha"), event(1, "Bravo"), event(2, "Carol")])
    spool.close()
    path = tmp_path / "spool.db"
    path.write_bytes(path.read_bytes().replace(b"Bravo", b"Brawo"))

    held = everything(SqliteSpool(tmp_path))

    assert held == [
        event(0, "Alpha"),
        Lost(from_seq=2, to_seq=2, reason="spool damaged", until=event(1).ended_at),
        event(2, "Carol"),
    ]


def test_torn_record_leaves_the_one_before(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.append(events(1))
    spool.append(events(1, first=1))
    spool.close()
    (tmp_path / "spool.db").unlink()
    record = bytearray((tmp_path / "spool.record").read_bytes())
    slots = {slot: int.from_bytes(record[slot * 4096 + 4 : slot * 4096 + 12]) for slot in (0, 1)}
    newest = max(slots, key=lambda slot: slots[slot])
    record[newest * 4096 + 20] ^= 0xFF
    (tmp_path / "spool.record").write_bytes(record)

    assert SqliteSpool(tmp_path).next_seq == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs can't be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    hog = disk / "hog"
    with hog.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return hog


def test_full_disk_is_declared_durably_and_ends_when_there_is_room(small_disk: Path) -> None:
    spool = SqliteSpool(small_disk / "s")
    spool.append(events(3))
    hog = fill(small_disk)
    made = 3
    while spool.depth().lost == 0:  # the log that is there already has some room
        spool.append(events(50, first=made))
        made += 50
    spool.append(events(2, first=made))
    before = everything(spool)
    spool.close()

    again = SqliteSpool(small_disk / "s")
    assert everything(again) == before
    assert before[-1] == Lost(from_seq=made - 49, to_seq=made + 2, reason="disk full", until=event(made + 1).ended_at)
    hog.unlink()
    again.append(events(1, first=made + 2))
    assert everything(again) == [*before, event(made + 2)]
    again.close()


def test_spool_that_fills_its_disk_itself_drains_to_the_hub(small_disk: Path) -> None:
    spool = SqliteSpool(small_disk / "s")
    spool.renumber(1)
    made = 0
    while spool.depth().lost == 0:
        spool.append(events(100, first=made))
        made += 100

    hub = Wire(spool).open().hub

    assert set(hub.stored) | set(hub.lost) == {(1, n) for n in range(1, made + 1)}
    assert hub.lost
    spool.append(events(100, first=made))
    assert spool.depth().lost == 0
    assert spool.depth().events == 100


def test_spool_is_killed_on_a_full_disk_and_still_declares(small_disk: Path) -> None:
    fill_at = small_disk / "s"
    child = os.fork()
    if child == 0:
        spool = SqliteSpool(fill_at)
        spool.append(events(3))
        fill(small_disk)
        for n in range(40):
            spool.append(events(50, first=3 + n * 50))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    again = SqliteSpool(fill_at)

    assert again.next_seq == 3 + 40 * 50 + 1
    held = everything(again)
    assert sum(item.count if isinstance(item, Lost) else 1 for item in held) == 2003
    assert isinstance(held[-1], Lost)
    again.close()


def test_mistake_of_ours_sets_no_good_spool_aside(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.append(events(1))
    assert spool._db is not None
    spool._db.close()

    with pytest.raises(sqlite3.ProgrammingError):
        spool.append(events(1, first=1))
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_damage_while_running_is_declared_and_survived(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.renumber(1)
    spool.append(events(2))
    assert spool._db is not None
    spool._db.execute("DROP TABLE event")

    assert spool.append(events(1, first=2)) == range(3, 4)
    assert everything(spool) == [
        Lost(from_seq=1, to_seq=2, reason="spool damaged", until=event(1).ended_at),
        event(2),
    ]


def test_damage_found_when_renumbering_is_declared_in_the_new_epoch(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path)
    spool.append(events(2))
    assert spool._db is not None
    spool._db.execute("DROP TABLE event")
    spool.renumber(7)

    assert [item.count for item in everything(spool) if isinstance(item, Lost)] == [2]
    assert spool.epoch == 7
