"""The simulator's ledger: what devices made and what the hub said, written down outside the hub. `daylight verify` reads it.

JSON lines, one fact each, told apart by `e`; `d` is the device's id on the wire. `hub/verify.py` has the same structs from the reader's
side (agents and hub share `hub.wire` only), and a test holds the two together.

    {"e":"begin","d":…,"epoch":1,"seq":1}                   what is numbered below was made before this ledger
    {"e":"gen","d":…,"epoch":1,"seq":1,"start":…,"end":…}   an event is in the spool
    {"e":"ack","d":…,"epoch":1,"seq":500}                   the hub said that it has everything up to here
    {"e":"loss","d":…,"epoch":1,"from":3,"to":4}            the device declares these lost, and is about to tell the hub
    {"e":"epoch","d":…,"old":1,"new":2,"runs":[[7,1,40]]}   what waited is renumbered: 7..46 of the old are 1..40 of the new.
                                                            What waited and is in no run, the hub said that it has

Guarantee: a line is in the file (not only in this process) before the frame that it speaks of is sent; it survives this process, not
the machine. Lines of one run are in order; a second run appends.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec

BUFFER_BYTES = 256 * 1024


class Begin(msgspec.Struct, frozen=True, tag_field="e", tag="begin"):
    d: str
    epoch: int
    """0: a device without a history of its own; its scope begins with the first epoch that it is given."""
    seq: int


class Generated(msgspec.Struct, frozen=True, tag_field="e", tag="gen"):
    d: str
    epoch: int
    seq: int
    start: datetime
    end: datetime


class Acknowledged(msgspec.Struct, frozen=True, tag_field="e", tag="ack"):
    d: str
    epoch: int
    seq: int


class DeclaredLost(msgspec.Struct, frozen=True, tag_field="e", tag="loss", rename={"from_seq": "from", "to_seq": "to"}):
    d: str
    epoch: int
    from_seq: int
    to_seq: int


class Renumbering(msgspec.Struct, frozen=True, tag_field="e", tag="epoch"):
    d: str
    old: int
    new: int
    runs: list[tuple[int, int, int]]
    """First old number, first new number, how many."""


Line = Begin | Generated | Acknowledged | DeclaredLost | Renumbering


class Ledger:
    """An open ledger. `write` gathers lines, `flush` puts them into the file; call it before anything that they speak of is sent."""

    def __init__(self, path: Path) -> None:
        """Appends to `path`. Raises `OSError`."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._encode = msgspec.json.Encoder().encode_into
        self._line = bytearray()
        self._buffer = bytearray()

    def write(self, line: Line) -> None:
        self._encode(line, self._line)
        self._buffer += self._line
        self._buffer.append(0x0A)
        if len(self._buffer) > BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Raises `OSError` when the file can't be written: nothing may be sent then."""
        while self._buffer:
            written = os.write(self._file, self._buffer)
            del self._buffer[:written]

    def close(self) -> None:
        self.flush()
        os.close(self._file)


def runs_of(moved: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Pairs of old and new number as runs of consecutive ones."""
    runs: list[tuple[int, int, int]] = []
    for old, new in moved:
        if runs and old == runs[-1][0] + runs[-1][2] and new == runs[-1][1] + runs[-1][2]:
            first_old, first_new, count = runs[-1]
            runs[-1] = (first_old, first_new, count + 1)
        else:
            runs.append((old, new, 1))
    return runs
