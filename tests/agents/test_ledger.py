"""The ledger's lines are in the file when they have to be, and its reader in the hub understands every one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agents import ledger as writer
from agents.ledger import Acknowledged, Begin, DeclaredLost, Generated, Ledger, Renumbering, runs_of
from hub.verify import ledger as reader
from hub.verify.ledger import BadLedger, Reading

DEVICE = "0198c7a0-0000-7000-8000-000000000001"
T0 = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)


def generated(seq: int, epoch: int = 1) -> Generated:
    start = T0 + timedelta(minutes=seq)
    return Generated(DEVICE, epoch, seq, start, start + timedelta(minutes=1))


def write(path: Path, *lines: writer.Line) -> Path:
    ledger = Ledger(path)
    for line in lines:
        ledger.write(line)
    ledger.close()
    return path


def settled(path: Path) -> dict[tuple[int, int], bool]:
    return {(epoch, seq): acked for _, epoch, seq, _, _, acked in Reading(path).events()}


@pytest.mark.parametrize(
    "line",
    [
        Begin(DEVICE, 0, 1),
        generated(3),
        Acknowledged(DEVICE, 1, 3),
        DeclaredLost(DEVICE, 1, 4, 5),
        Renumbering(DEVICE, 1, 2, [(6, 1, 2)]),
    ],
    ids=lambda line: type(line).__name__,
)
def test_the_hub_reads_what_the_simulator_writes(line: writer.Line) -> None:
    read = msgspec.json.decode(msgspec.json.encode(line), type=reader.Line)

    assert type(read).__name__ == type(line).__name__
    assert msgspec.structs.asdict(read) == msgspec.structs.asdict(line)


def test_lines_are_in_the_file_once_flushed_and_not_before(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")

    ledger.write(generated(1))
    before = (tmp_path / "ledger").read_bytes()
    ledger.flush()
    after = (tmp_path / "ledger").read_bytes()

    assert before == b""
    assert after.count(b"\n") == 1


def test_a_second_run_appends(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger", generated(1))

    write(path, generated(2))

    assert settled(path) == {(1, 1): False, (1, 2): False}


def test_what_is_acked_is_settled_and_what_is_not_comes_at_the_end(tmp_path: Path) -> None:
    path = write(
        tmp_path / "ledger", generated(1), generated(2), generated(3), Acknowledged(DEVICE, 1, 2), generated(4)
    )

    assert settled(path) == {(1, 1): True, (1, 2): True, (1, 3): False, (1, 4): False}


def test_renumbered_events_have_their_last_number_and_what_was_left_out_counts_as_acked(tmp_path: Path) -> None:
    reading = Reading(
        write(
            tmp_path / "ledger",
            *[generated(seq) for seq in (1, 2, 3)],
            Acknowledged(DEVICE, 1, 1),
            Renumbering(DEVICE, 1, 2, [(3, 1, 1)]),
            Acknowledged(DEVICE, 2, 1),
        )
    )

    found = {(epoch, seq): (start, acked) for _, epoch, seq, start, _, acked in reading.events()}

    assert found == {
        (1, 1): (generated(1).start, True),
        (1, 2): (generated(2).start, True),
        (2, 1): (generated(3).start, True),
    }
    assert reading.moved == [(0, 1, 3)]


def test_a_device_without_a_history_is_looked_at_from_its_first_epoch_on(tmp_path: Path) -> None:
    path = write(
        tmp_path / "ledger", Begin(DEVICE, 0, 1), generated(1, epoch=0), Renumbering(DEVICE, 0, 3, [(1, 1, 1)])
    )
    reading = Reading(path)

    list(reading.events())

    assert reading.devices[DEVICE].scope == (3, 1)


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger", generated(1))
    with path.open("ab") as file:
        file.write(b'{"e":"gen","d":"cut off\n')

    with pytest.raises(BadLedger, match="line 2"):
        settled(path)


def test_pairs_become_runs() -> None:
    assert runs_of([(3, 1), (4, 2), (6, 3), (7, 4), (9, 9)]) == [(3, 1, 2), (6, 3, 2), (9, 9, 1)]
    assert runs_of([]) == []
