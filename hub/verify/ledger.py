"""The simulator's ledger, read as a stream: an event waits in memory until it is acked, then it is settled and given on.

A ledger is JSON lines, written outside the hub by `daylight simulate`, one fact each, told apart by `e`; `d` is the device's id:

    {"e":"begin","d":…,"epoch":1,"seq":1}                   what is numbered below was made before this ledger, and is not looked at;
                                                            epoch 0: what lies before the first epoch that the hub then gives
    {"e":"gen","d":…,"epoch":1,"seq":1,"start":…,"end":…}   the device made an event
    {"e":"ack","d":…,"epoch":1,"seq":500}                   the hub said that it has everything up to here
    {"e":"loss","d":…,"epoch":1,"from":3,"to":4}            the device declared these lost
    {"e":"epoch","d":…,"old":1,"new":2,"runs":[[7,1,40]]}   what waited is renumbered: 7..46 of the old are 1..40 of the new.
                                                            What waited and is in no run, the hub said that it has

`agents/ledger.py` has the same structs from the writer's side (hub and agents share `hub.wire` only); a test holds the two together.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from hub.errors import DaylightError

Settled = tuple[int, int, int, datetime, datetime, bool]
"""Device, epoch and number of an event, its start and end, and whether it is acked."""


class Begin(msgspec.Struct, frozen=True, tag_field="e", tag="begin"):
    d: str
    epoch: int
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


Line = Begin | Generated | Acknowledged | DeclaredLost | Renumbering


class BadLedger(DaylightError):
    """The ledger itself is no ledger. The message names the line."""


class _Device:
    """What the ledger says of one device, as far as it is read."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.scope: tuple[int, int] | None = None
        """The first `(epoch, seq)` that this ledger is about."""
        self.waiting: dict[tuple[int, int], tuple[datetime, datetime]] = {}
        self.acked: dict[int, int] = {}
        """Highest acked number of each epoch."""


class Reading:
    """Reads a ledger: yields settled events, and keeps what the questions need beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.devices: dict[str, _Device] = {}
        self.losses: list[tuple[int, int, int, int, int]] = []
        """Device, epoch, first and last number, and up to where the hub had acked when they were declared."""
        self.moved: list[tuple[int, int, int]] = []
        """Numbers that events had before they were renumbered: nothing may be stored under them."""

    def events(self) -> Iterator[Settled]:
        """`(device, epoch, seq, start, end, acked)` of each event, once its last number is known. Raises `BadLedger`."""
        decode = msgspec.json.Decoder(Line).decode
        with self._path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    break  # its writer was killed, or it was copied meanwhile
                try:
                    line = decode(raw)
                except (msgspec.MsgspecError, UnicodeError) as error:
                    raise BadLedger(f"line {number} of the ledger can't be read: {error}") from None
                device = self.devices.get(line.d) or self.devices.setdefault(line.d, _Device(len(self.devices)))
                match line:
                    case Generated():
                        device.waiting[line.epoch, line.seq] = (line.start, line.end)
                    case Acknowledged():
                        yield from self._acked(device, line.epoch, line.seq)
                    case Begin():
                        if device.scope is None:
                            device.scope = (line.epoch, line.seq)
                    case DeclaredLost():
                        acked = device.acked.get(line.epoch, 0)
                        self.losses.append((device.number, line.epoch, line.from_seq, line.to_seq, acked))
                    case Renumbering():
                        yield from self._renumbered(device, line)
        for device in self.devices.values():
            for (epoch, seq), (start, end) in device.waiting.items():
                yield device.number, epoch, seq, start, end, False

    def _acked(self, device: _Device, epoch: int, seq: int) -> Iterator[Settled]:
        device.acked[epoch] = max(seq, device.acked.get(epoch, 0))
        # In order of insertion, which within an epoch is the order of numbers: what is acked stands in front.
        done = []
        for key in device.waiting:
            if key[0] == epoch and key[1] <= seq:
                done.append(key)
            elif key[0] == epoch:
                break
        for key in done:
            yield (device.number, *key, *device.waiting.pop(key), True)

    def _renumbered(self, device: _Device, line: Renumbering) -> Iterator[Settled]:
        if device.scope is not None and device.scope[0] == 0:
            device.scope = (line.new, 1)
        old = {key: device.waiting.pop(key) for key in list(device.waiting) if key[0] == line.old}
        after = dict(device.waiting)
        device.waiting.clear()
        for first_old, first_new, count in line.runs:
            for offset in range(count):
                times = old.pop((line.old, first_old + offset), None)
                if times is not None:
                    device.waiting[line.new, first_new + offset] = times
                    self.moved.append((device.number, line.old, first_old + offset))
        # A policy that came with the new epoch closes an interval before its renumbering is written down.
        device.waiting |= after
        for key, times in old.items():
            yield (device.number, *key, *times, True)
