"""The spool: what a device observed and the hub has not yet committed. The contract, and the twin that keeps it in memory.

Every number from `acked + 1` to `next_seq - 1` is in the spool exactly once: as an event, or within a `Lost`. Nothing leaves it
but by `ack` (the hub committed it) or `renumber` (the hub says that it has it already).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from hub.wire.events import Event, digest

BYTES_MAX = 64 * 1024 * 1024
"""About 250 bytes an event with its row, and 2 a minute: more than a year of working days without a hub."""
ROW_BYTES = 64
"""Counted for each event beside its body: key, checksum, and its share of the pages."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Events `from_seq` to `to_seq`, both included, that the spool could not keep. They occupy their numbers."""

    from_seq: int
    to_seq: int
    reason: str
    until: datetime | None = None
    """When the last of them ended, where known."""

    @property
    def count(self) -> int:
        return self.to_seq - self.from_seq + 1


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in a spool."""

    events: int
    size_bytes: int
    lost: int
    oldest_at: datetime | None


class Spool(Protocol):
    """Held by one agent, called from one thread. Each method is durable when it returns, unless it says otherwise."""

    epoch: int
    """0 until a hub gave one."""
    next_seq: int
    """The number that the next event gets."""
    acked: int
    """Highest number of this epoch that the hub is known to have committed; it and what is below are gone from here."""

    def append(self, events: Sequence[Event]) -> range:
        """Stores events and returns their numbers. When there is no room they are all declared lost, under these numbers."""

    def peek(self, from_seq: int, limit: int, max_bytes: int) -> list[Event] | Lost | None:
        """What stands at `from_seq`: consecutive events (at least one, at most `limit`, `max_bytes` of msgpack), a loss, or nothing yet.

        A loss is given from `from_seq` on. `from_seq` is above `acked`.
        """

    def ack(self, seq: int) -> None:
        """Deletes everything up to `seq`, which the hub has committed. Idempotent. May become durable later: forgetting it
        costs no more than sending again what the hub drops as seen."""

    def digest_of(self, seq: int) -> bytes:
        """`hub.wire.events.digest` of event `seq`, if it waits here or is the last one acked; empty when it is lost or unknown."""

    def renumber(
        self, epoch: int, after: int = 0, stored_until: datetime | None = None, acked_before: int = 0
    ) -> list[tuple[int, int]]:
        """Moves what waits to a new epoch, numbered from `after + 1` in order; returns pairs of old and new number.

        Left out is what the hub has: numbered up to `acked_before` and ended by `stored_until`.
        """

    def lose(self, from_seq: int, to_seq: int, reason: str) -> None:
        """Replaces what waits in this range by a declaration that it is lost."""

    def depth(self) -> Depth:
        """What waits, for people to see."""

    def close(self) -> None:
        """Lets go of files. Idempotent."""


class MemorySpool:
    """Keeps everything in memory: for the simulator, whose thousands of agents would need as many descriptors, and for tests."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self.epoch = 0
        self.next_seq = 1
        self.acked = 0
        self._acked_digest = b""
        self._bytes_max = bytes_max
        self._bytes = 0
        self._events: dict[int, tuple[Event, int]] = {}
        self._lost: list[Lost] = []

    def append(self, events: Sequence[Event]) -> range:
        seqs = range(self.next_seq, self.next_seq + len(events))
        if not events:
            return seqs
        sizes = [body_bytes(event) for event in events]
        added = sum(sizes) + ROW_BYTES * len(sizes)
        if self._bytes + added > self._bytes_max:
            full = Lost(from_seq=seqs[0], to_seq=seqs[-1], reason="spool full", until=events[-1].ended_at)
            self._lost = joined([*self._lost, full])
        else:
            self._events.update(zip(seqs, zip(events, sizes, strict=True), strict=True))
            self._bytes += added
        self.next_seq = seqs.stop
        return seqs

    def peek(self, from_seq: int, limit: int, max_bytes: int) -> list[Event] | Lost | None:
        events: list[Event] = []
        total = 0
        for seq in range(from_seq, min(from_seq + limit, self.next_seq)):
            held = self._events.get(seq)
            if held is None or (events and total + held[1] > max_bytes):
                break
            events.append(held[0])
            total += held[1]
        return events or lost_at(self._lost, from_seq)

    def ack(self, seq: int) -> None:
        seq = min(seq, self.next_seq - 1)
        if seq <= self.acked:
            return
        self._acked_digest = self.digest_of(seq)
        for gone in range(self.acked + 1, seq + 1):
            held = self._events.pop(gone, None)
            if held is not None:
                self._bytes -= held[1] + ROW_BYTES
        self._lost = without(self._lost, 1, seq)
        self.acked = seq

    def digest_of(self, seq: int) -> bytes:
        if seq == self.acked:
            return self._acked_digest
        held = self._events.get(seq)
        return digest(seq, held[0]) if held else b""

    def renumber(
        self, epoch: int, after: int = 0, stored_until: datetime | None = None, acked_before: int = 0
    ) -> list[tuple[int, int]]:
        events, lost = self._events, self._lost
        moved: list[tuple[int, int]] = []
        self._events, self._lost, self._bytes = {}, [], 0
        self.epoch, self.acked, self.next_seq, self._acked_digest = epoch, after, after + 1, b""
        for item in in_order([(seq, held[0].ended_at) for seq, held in events.items()], lost):
            first, last, ended_at, reason = item
            if is_stored(last, ended_at, stored_until, acked_before):
                continue
            new = range(self.next_seq, self.next_seq + last - first + 1)
            moved += zip(range(first, last + 1), new, strict=True)
            if reason is None:
                self._events[new.start] = events[first]
                self._bytes += events[first][1] + ROW_BYTES
            else:
                renamed = Lost(from_seq=new[0], to_seq=new[-1], reason=reason, until=ended_at)
                self._lost = joined([*self._lost, renamed])
            self.next_seq = new.stop
        return moved

    def lose(self, from_seq: int, to_seq: int, reason: str) -> None:
        from_seq, to_seq = max(from_seq, self.acked + 1), min(to_seq, self.next_seq - 1)
        if from_seq > to_seq:
            return
        ends = [gone.until for gone in self._lost if gone.until and from_seq <= gone.to_seq <= to_seq]
        for seq in range(from_seq, to_seq + 1):
            held = self._events.pop(seq, None)
            if held is not None:
                self._bytes -= held[1] + ROW_BYTES
                ends.append(held[0].ended_at)
        until = max(ends, default=None)
        kept = without(self._lost, from_seq, to_seq)
        self._lost = joined([*kept, Lost(from_seq=from_seq, to_seq=to_seq, reason=reason, until=until)])

    def depth(self) -> Depth:
        oldest = min(self._events, default=None)
        return Depth(
            events=len(self._events),
            size_bytes=self._bytes,
            lost=sum(lost.count for lost in self._lost),
            oldest_at=None if oldest is None else self._events[oldest][0].started_at,
        )

    def close(self) -> None:
        """Nothing to let go of."""


_encoder = msgspec.msgpack.Encoder()


def body_bytes(event: Event) -> int:
    """Size of an event as the spool and the wire keep it."""
    return len(_encoder.encode(event))


def is_stored(last_seq: int, ended_at: datetime | None, stored_until: datetime | None, acked_before: int) -> bool:
    """Whether the hub's words at a new epoch say that it has this event (or all of this loss) already."""
    return last_seq <= acked_before and stored_until is not None and ended_at is not None and ended_at <= stored_until


def in_order(
    events: Sequence[tuple[int, datetime]], lost: Sequence[Lost]
) -> Iterator[tuple[int, int, datetime | None, str | None]]:
    """Events and losses by number, as `(first, last, ended_at, reason)`; the reason is None for an event."""
    items: list[tuple[int, int, datetime | None, str | None]] = [(seq, seq, at, None) for seq, at in events]
    items += [(gone.from_seq, gone.to_seq, gone.until, gone.reason) for gone in lost]
    yield from sorted(items, key=lambda item: item[0])


def lost_at(lost: Sequence[Lost], seq: int) -> Lost | None:
    """The loss that holds `seq`, from there on."""
    for gone in lost:
        if gone.from_seq <= seq <= gone.to_seq:
            return msgspec.structs.replace(gone, from_seq=seq)
    return None


def joined(lost: Sequence[Lost]) -> list[Lost]:
    """Sorted, with neighbours of the same reason made one."""
    result: list[Lost] = []
    for gone in sorted(lost, key=lambda gone: gone.from_seq):
        last = result[-1] if result else None
        if last and last.to_seq + 1 == gone.from_seq and last.reason == gone.reason:
            until = (
                gone.until if last.until is None else last.until if gone.until is None else max(last.until, gone.until)
            )
            result[-1] = msgspec.structs.replace(last, to_seq=gone.to_seq, until=until)
        else:
            result.append(gone)
    return result


def without(lost: Sequence[Lost], from_seq: int, to_seq: int) -> list[Lost]:
    """What is left of the losses outside of `from_seq` to `to_seq`."""
    kept: list[Lost] = []
    for gone in lost:
        if gone.from_seq < from_seq:
            kept.append(msgspec.structs.replace(gone, to_seq=min(gone.to_seq, from_seq - 1)))
        if gone.to_seq > to_seq:
            kept.append(msgspec.structs.replace(gone, from_seq=max(gone.from_seq, to_seq + 1)))
    return kept
