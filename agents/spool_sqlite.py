"""The spool on disk: SQLite for the events, and a side record (`agents/spool_record.py`) that needs no space to be written.

Order of writing: first the database, then the record. So after a crash the record is behind or level, never ahead, with one
exception that gives it its meaning: when the database can't be written, the record alone moves on, and every number that it
has and the database lacks *is* the declaration of loss. The same holds when the database is gone or damaged: what the record
counts and the database does not hold is declared lost. A full disk, a flipped bit and a killed process are tested.
"""

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from agents.clock import from_microseconds, microseconds
from agents.spool import BYTES_MAX, ROW_BYTES, Depth, Lost, in_order, is_stored, joined, lost_at, without
from agents.spool_files import Broken, Files, Unwritable, sorted_out
from agents.spool_record import Standing
from hub.wire.events import Event, digest

log = logging.getLogger(__name__)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


class _Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The database's one row of state, written in the transaction of whatever changed it."""

    standing: Standing
    lost: list[Lost] = []


class SqliteSpool:
    """`Spool` in a folder of its own, for one process. Raises `OSError` when not even the side record can be made."""

    def __init__(self, folder: Path, bytes_max: int = BYTES_MAX, step: Callable[[str], None] = lambda _: None) -> None:
        """`step` is called at each point at which a killed process would leave another state behind."""
        self._bytes_max = bytes_max
        self._step = step
        self._lost: list[Lost] = []
        self._bytes = 0
        self._acked_digest = b""
        self._until: datetime | None = None
        self._reason = ""
        self.epoch, self.next_seq, self.acked = 0, 1, 0
        self._files = Files(folder)
        self._db: sqlite3.Connection | None = None
        self._load(self._files.record.read())

    # --- the contract

    def append(self, events: Sequence[Event]) -> range:
        seqs = range(self.next_seq, self.next_seq + len(events))
        if not events:
            return seqs
        bodies = [_encoder.encode(event) for event in events]
        rows = [
            (seq, microseconds(event.ended_at), zlib.crc32(body), body)
            for seq, event, body in zip(seqs, events, bodies, strict=True)
        ]
        added = sum(map(len, bodies)) + ROW_BYTES * len(bodies)
        reason, before = "spool full", self._until
        self._until = events[-1].ended_at
        if self._bytes + added <= self._bytes_max:
            for _ in range(2):  # again when the first attempt found the database damaged
                try:
                    with self._writing("append", next_seq=seqs.stop) as db:
                        db.executemany("INSERT INTO event (seq, ended_us, crc, body) VALUES (?, ?, ?, ?)", rows)
                except Unwritable as error:
                    reason = error.reason
                    break
                except Broken:
                    self._until = before
                    self._set_aside()
                    self._until = events[-1].ended_at
                    continue
                self.next_seq, self._reason = seqs.stop, ""
                self._bytes += added
                self._note()
                return seqs
        self._lost = joined(
            [*self._lost, Lost(from_seq=seqs[0], to_seq=seqs[-1], reason=reason, until=events[-1].ended_at)]
        )
        self.next_seq, self._reason = seqs.stop, reason
        log.error("%d events lost: %s", len(seqs), reason)
        self._note()
        return seqs

    def peek(self, from_seq: int, limit: int, max_bytes: int) -> list[Event] | Lost | None:
        if from_seq >= self.next_seq:
            return None
        if gone := lost_at(self._lost, from_seq):
            return gone
        try:
            if events := self._read(from_seq, limit, max_bytes):
                return events
            self._hole(from_seq)
        except Unwritable:
            return None
        except Broken:
            self._set_aside()
        return lost_at(self._lost, from_seq)

    def ack(self, seq: int) -> None:
        seq = min(seq, self.next_seq - 1)
        if seq <= self.acked:
            return
        self._acked_digest, self.acked = self.digest_of(seq), seq
        self._lost = without(self._lost, 1, seq)
        try:
            self._delete_acked()
        except Unwritable:
            log.warning("acked events can't be deleted now: the disk is full")
        except Broken:
            self._set_aside()
        self._note()
        self._files.take_ballast()

    def digest_of(self, seq: int) -> bytes:
        if seq == self.acked:
            return self._acked_digest
        if seq < self.acked or seq >= self.next_seq or lost_at(self._lost, seq):
            return b""
        try:
            events = self._read(seq, 1, 1)
        except (Unwritable, Broken):
            return b""
        return digest(seq, events[0]) if events else b""

    def renumber(
        self, epoch: int, after: int = 0, stored_until: datetime | None = None, acked_before: int = 0
    ) -> list[tuple[int, int]]:
        """As the contract has it. Raises `Unwritable` when the disk is full: nothing has changed then."""
        self._files.release_ballast()
        try:
            return self._renumber(epoch, after, stored_until, acked_before)
        except Broken:
            self._set_aside()
            return self._renumber(epoch, after, stored_until, acked_before)
        finally:
            self._files.take_ballast()

    def lose(self, from_seq: int, to_seq: int, reason: str) -> None:
        from_seq, to_seq = max(from_seq, self.acked + 1), min(to_seq, self.next_seq - 1)
        if from_seq > to_seq:
            return
        ends = [gone.until for gone in self._lost if gone.until and from_seq <= gone.to_seq <= to_seq]
        span = (from_seq, to_seq)
        before = self._lost
        try:
            with sorted_out():
                last = self._open().execute("SELECT max(ended_us) FROM event WHERE seq BETWEEN ? AND ?", span)
                if (ended_us := last.fetchone()[0]) is not None:
                    ends.append(from_microseconds(ended_us))
            gone = Lost(from_seq=from_seq, to_seq=to_seq, reason=reason, until=max(ends, default=None))
            self._lost = joined([*without(self._lost, *span), gone])
            with self._writing("lose", next_seq=self.next_seq) as db:
                db.execute("DELETE FROM event WHERE seq BETWEEN ? AND ?", span)
        except Unwritable:
            self._lost = before
            raise
        except Broken:
            self._set_aside()
        self._weigh()
        self._note()

    def depth(self) -> Depth:
        events, oldest_at = 0, None
        try:
            with sorted_out():
                db = self._open()
                events = db.execute("SELECT count(*) FROM event WHERE seq > ?", (self.acked,)).fetchone()[0]
                body = db.execute("SELECT body FROM event WHERE seq > ? ORDER BY seq LIMIT 1", (self.acked,)).fetchone()
                oldest_at = _decoder.decode(body[0]).started_at if body else None
        except (Unwritable, Broken, msgspec.MsgspecError):
            log.warning("the spool can't be read now")
        lost = sum(gone.count for gone in self._lost)
        return Depth(events=events, size_bytes=self._bytes, lost=lost, oldest_at=oldest_at)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        self._files.close()

    # --- the database

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = self._files.connect()
        return self._db

    @contextmanager
    def _writing(self, name: str, next_seq: int, delete: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, which also writes the state. Raises `Unwritable` or `Broken`; then nothing has changed."""
        with sorted_out():
            db = self._open()
            self._step(f"{name} begins")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                if delete:
                    db.execute("DELETE FROM event WHERE seq <= ?", (self.acked,))
                meta = _Meta(standing=self._standing(next_seq), lost=self._lost)
                db.execute("INSERT OR REPLACE INTO meta (id, body) VALUES (1, ?)", (_encoder.encode(meta),))
                self._step(f"{name} is written")
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            self._step(f"{name} is committed")

    def _read(self, from_seq: int, limit: int, max_bytes: int) -> list[Event]:
        """Consecutive events from `from_seq`, up to the first that is missing or damaged."""
        events: list[Event] = []
        total = 0
        with sorted_out():
            rows = self._open().execute(
                "SELECT seq, crc, body FROM event WHERE seq >= ? ORDER BY seq LIMIT ?", (from_seq, limit)
            )
            for seq, crc, body in rows:
                if (
                    seq != from_seq + len(events)
                    or zlib.crc32(body) != crc
                    or (events and total + len(body) > max_bytes)
                ):
                    break
                try:
                    events.append(_decoder.decode(body))
                except msgspec.MsgspecError:
                    break
                total += len(body)
        return events

    def _renumber(
        self, epoch: int, after: int, stored_until: datetime | None, acked_before: int
    ) -> list[tuple[int, int]]:
        moved: list[tuple[int, int]] = []
        kept: list[tuple[int, int]] = []
        lost: list[Lost] = []
        next_seq = after + 1
        with sorted_out():
            held = self._open().execute("SELECT seq, ended_us FROM event WHERE seq > ?", (self.acked,)).fetchall()
        for first, last, ended_at, reason in in_order([(s, from_microseconds(us)) for s, us in held], self._lost):
            if is_stored(last, ended_at, stored_until, acked_before):
                continue
            new = range(next_seq, next_seq + last - first + 1)
            moved += zip(range(first, last + 1), new, strict=True)
            if reason is None:
                kept.append((new[0], first))
            else:
                lost = joined([*lost, Lost(from_seq=new[0], to_seq=new[-1], reason=reason, until=ended_at)])
            next_seq = new.stop
        before = self.epoch, self.acked, self._acked_digest, self._lost
        self.epoch, self.acked, self._acked_digest, self._lost = epoch, after, b"", lost
        try:
            with self._writing("renumber", next_seq=next_seq, delete=False) as db:
                # By way of negative numbers, so that old and new ones don't meet.
                db.executemany("UPDATE event SET seq = -? WHERE seq = ?", kept)
                db.execute("DELETE FROM event WHERE seq > 0")
                db.execute("UPDATE event SET seq = -seq")
        except (Unwritable, Broken):
            self.epoch, self.acked, self._acked_digest, self._lost = before
            raise
        self.next_seq = next_seq
        self._weigh()
        self._note()
        return moved

    def _delete_acked(self) -> None:
        with sorted_out():
            row = self._open().execute(
                "SELECT coalesce(sum(length(body) + ?), 0) FROM event WHERE seq <= ?", (ROW_BYTES, self.acked)
            )
            self._bytes = max(0, self._bytes - row.fetchone()[0])
        try:
            self._write_state("ack")
        except Unwritable:
            # The ballast makes room for the transaction that makes room.
            self._files.release_ballast()
            self._write_state("ack")

    def _write_state(self, name: str) -> None:
        with self._writing(name, next_seq=self.next_seq):
            pass

    def _hole(self, from_seq: int) -> None:
        """The event at `from_seq` is damaged, or missing with what follows: declares it."""
        with sorted_out():
            found = self._open().execute("SELECT min(seq) FROM event WHERE seq > ?", (from_seq,)).fetchone()[0]
            here = self._open().execute("SELECT 1 FROM event WHERE seq = ?", (from_seq,)).fetchone()
        following = [gone.from_seq for gone in self._lost if gone.from_seq > from_seq]
        to_seq = from_seq if here else min([found or self.next_seq, *following]) - 1
        log.error("%d events of the spool are damaged", to_seq - from_seq + 1)
        self.lose(from_seq, to_seq, "spool damaged")

    def _weigh(self) -> None:
        with sorted_out():
            row = self._open().execute("SELECT coalesce(sum(length(body) + ?), 0) FROM event", (ROW_BYTES,)).fetchone()
        self._bytes = row[0]

    # --- the state

    def _standing(self, next_seq: int) -> Standing:
        return Standing(
            epoch=self.epoch,
            next_seq=next_seq,
            acked=self.acked,
            acked_digest=self._acked_digest,
            until=self._until,
            reason=self._reason,
        )

    def _note(self) -> None:
        try:
            self._files.record.write(self._standing(self.next_seq))
        except OSError as error:
            log.error("the spool's record can't be written: %s", error.strerror)
        self._step("the record is written")

    def _load(self, standing: Standing | None) -> None:
        """Raises `Unwritable` when there is a database that can't be read now: what is in it is not lost yet."""
        meta: _Meta | None = None
        try:
            with sorted_out():
                row = self._open().execute("SELECT body FROM meta WHERE id = 1").fetchone()
                meta = msgspec.msgpack.decode(row[0], type=_Meta) if row else None
            self._weigh()
        except (Broken, msgspec.MsgspecError):
            self._adopt(standing or Standing())
            self._set_aside()
            return
        except Unwritable:
            if self._files.has_database():
                self._files.close()
                raise
        if meta is None:
            # A new spool, or one whose database was removed: the record alone knows what there was.
            self._adopt(standing or Standing())
            self._declare(self.acked + 1, standing.reason or "spool missing" if standing else "")
            return
        self._adopt(meta.standing)
        self._lost = list(meta.lost)
        if standing is None or standing.epoch < self.epoch:
            return
        if standing.epoch > self.epoch:
            # The database is older than the last renumbering: its numbers mean nothing any more.
            self._adopt(standing)
            self._set_aside()
            return
        first_missing = self.next_seq
        if standing.next_seq > self.next_seq:
            self._adopt(standing)
        elif standing.acked > self.acked:
            self.acked, self._acked_digest = standing.acked, standing.acked_digest
        self._lost = without(self._lost, 1, self.acked)
        self._declare(max(first_missing, self.acked + 1), standing.reason or "spool damaged")

    def _adopt(self, standing: Standing) -> None:
        self.epoch, self.next_seq, self.acked = standing.epoch, standing.next_seq, standing.acked
        self._acked_digest, self._until, self._reason = standing.acked_digest, standing.until, standing.reason

    def _declare(self, from_seq: int, reason: str) -> None:
        if from_seq < self.next_seq:
            gone = Lost(from_seq=from_seq, to_seq=self.next_seq - 1, reason=reason, until=self._until)
            self._lost = joined([*without(self._lost, from_seq, self.next_seq), gone])

    def _set_aside(self) -> None:
        """The database is damaged: keeps it under another name, begins a new one, and declares all that waited lost."""
        if self._db is not None:
            self._db.close()
            self._db = None
        self._files.set_aside()
        self._lost, self._bytes = [], 0
        self._declare(self.acked + 1, "spool damaged")
        log.error("the spool was damaged and is set aside; %d events are lost", self.next_seq - 1 - self.acked)
        try:
            self._write_state("begin anew")
        except (Unwritable, Broken):
            log.warning("no new spool can be made now")  # the record keeps the numbers
        self._note()
