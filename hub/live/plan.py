"""What one transaction of the store writes, and what each submission is told once it has committed.

`store.py` gives it the cursors that it holds locked, and calls `write` inside the transaction and `deliver` after COMMIT. Between those it
decides everything: what has been seen, what is missing, what is set aside, what is another history.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from hub.erased_days import Span, tells_of
from hub.figures import FIGURES
from hub.live import rows
from hub.live.packing import packed
from hub.rollups.united import QUARTER
from hub.wire.activity import quarter_of
from hub.wire.events import RETENTION_DAYS, Event, digest

_QUARANTINE_COLUMNS = ("id", "device", "epoch", "seq", "reason", "event")
_NEVER = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_LOSS_COLUMNS = ("device", "epoch", "from_seq", "to_seq", "reason")

ERASED = "erased"
"""Why an event is not stored that tells of days which were erased. Its receipt is all that is kept of it."""

log = structlog.get_logger()


class Receipt(msgspec.Struct, frozen=True):
    """Proof that event `seq` is in quarantine."""

    seq: int
    reason: str
    receipt: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a submission, after COMMIT."""

    acked: int = 0
    """Highest contiguous committed number of the epoch."""
    receipts: tuple[Receipt, ...] = ()
    resend_from: int | None = None
    """Numbers from here on are missing before what was submitted."""
    fenced: bool = False
    """A later connection of the device took over: nothing was stored."""
    other_epoch: bool = False
    """Not the epoch in force: nothing was stored."""
    other_history: bool = False
    """The event at the cursor is not the one that is stored: a restored disk. Nothing was stored."""
    refused: bool = False
    """Can't be stored, and no event of it is to blame. Nothing was stored; the agent tries again later."""


@dataclass(slots=True)
class Submission:
    """Consecutive numbers of one device: events, or a declared loss (`events` empty)."""

    device: int
    person: int
    session: int
    epoch: int
    first_seq: int
    last_seq: int
    events: list[Event]
    loss_reason: str = ""
    kept_days: int = RETENTION_DAYS
    """How long the person's activity is kept: what is older is set aside, and nothing but its times."""
    done: "asyncio.Future[Outcome]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    size: int = field(init=False)
    """Rows that it becomes, about: an event counts once for each quarter-hour that it touches."""
    earliest_at: datetime = field(init=False)
    """When its earliest event started."""

    def __post_init__(self) -> None:
        self.size = 1 + len(self.events)
        self.earliest_at = _LATEST
        for event in self.events:
            started_at = event.started_at
            if (lasted := event.ended_at - started_at) > QUARTER:
                self.size += lasted // QUARTER
            if started_at < self.earliest_at:
                self.earliest_at = started_at


@dataclass(slots=True)
class _Reached:
    """How far a device's stored rows reach: the end of the latest, and their latest input."""

    ended_at: datetime | None
    input_at: datetime | None

    def move(self, ended_at: datetime, input_at: Any) -> None:
        if self.ended_at is None or ended_at > self.ended_at:
            self.ended_at = ended_at
        if input_at is not None and (self.input_at is None or input_at > self.input_at):
            self.input_at = input_at


async def copy(held: Any, laid: Iterable[rows.Row]) -> None:
    """Writes rows of `interval`. Raises what asyncpg does, or what `packed` does for what no row can hold."""
    data = packed(laid)

    async def once() -> AsyncIterator[bytes]:
        yield data

    await held.copy_to_table("interval", source=once(), columns=rows.COLUMNS, format="binary")


class Plan:
    """What one transaction writes, and what each submission is told once it has committed."""

    def __init__(
        self,
        now: datetime,
        poison: dict[tuple[int, int, int], str],
        erased: Mapping[int, Sequence[Span]],
        over: Mapping[int, datetime],
    ) -> None:
        """`erased`: the time of people of which nothing is stored any more; `over`: up to when their activity was removed as over."""
        self._now = now
        self._horizon = rows.Horizon(now)
        self.poison = poison
        self._erased = erased
        self._over = over
        self.outcomes: list[tuple[Submission, Outcome]] = []
        self.intervals: list[rows.Row] = []
        self.dirty: set[tuple[int, datetime]] = set()
        self.quarantine: list[tuple[object, ...]] = []
        self.losses: list[tuple[int, int, int, int, str]] = []
        self.cursors: list[tuple[int, int, bytes, datetime | None, datetime | None]] = []

    def device(self, cursor: Any, submissions: list[Submission]) -> None:
        """Plans one device's submissions, in order, against its cursor."""
        seq, digested = cursor["seq"], cursor["digest"]
        reached = _Reached(cursor["last_ended_at"], cursor["last_input_at"])
        broken = False
        rows_before = len(self.intervals)
        for submission in submissions:
            if submission.session != cursor["session"]:
                outcome = Outcome(fenced=True)
            elif submission.epoch != cursor["epoch"] or broken:
                outcome = Outcome(other_epoch=True)
            elif submission.first_seq > seq + 1:
                outcome = Outcome(acked=seq, resend_from=seq + 1)
            elif self._other_history(submission, seq, digested):
                outcome, broken = Outcome(other_history=True), True
            elif submission.last_seq <= seq:
                FIGURES.seen += submission.size
                outcome = Outcome(acked=seq)
            else:
                receipts, digested = self._take(submission, seq, reached)
                seq = submission.last_seq
                outcome = Outcome(acked=seq, receipts=receipts)
            self.outcomes.append((submission, outcome))
        if cursor["last_input_at"] is not None and len(self.intervals) > rows_before:
            # The silence after the device's latest input was open: it ends now, or is known to be longer.
            self.dirty.add((submissions[0].person, quarter_of(cursor["last_input_at"])))
        if seq != cursor["seq"]:
            self.cursors.append((cursor["device"], seq, digested, reached.ended_at, reached.input_at))

    def _other_history(self, submission: Submission, seq: int, digested: bytes) -> bool:
        index = seq - submission.first_seq
        if not digested or not 0 <= index < len(submission.events):
            return False
        return digest(seq, submission.events[index]) != digested

    def _take(self, submission: Submission, seq: int, reached: "_Reached") -> tuple[tuple[Receipt, ...], bytes]:
        """Rows for all numbers above `seq`: stored, quarantined, or recorded as lost. Moves `reached`."""
        device, person, epoch = submission.device, submission.person, submission.epoch
        if not submission.events:
            first = max(submission.first_seq, seq + 1)
            self.losses.append((device, epoch, first, submission.last_seq, submission.loss_reason))
            return (), b""
        horizon = self._horizon
        if submission.kept_days < RETENTION_DAYS or person in self._over:
            horizon = rows.Horizon(self._now, submission.kept_days, self._over.get(person))
        receipts: list[Receipt] = []
        digested = b""
        skipped = max(0, seq + 1 - submission.first_seq)
        FIGURES.seen += skipped
        quarter = quarter_end = _NEVER
        erased = self._erased.get(person, ())
        for index in range(skipped, len(submission.events)):
            event, number = submission.events[index], submission.first_seq + index
            reason = rows.fault_of(event, horizon)
            if reason is None and self.poison:
                reason = self.poison.get((device, epoch, number))
            if reason:
                receipt = uuid4()
                told = rows.for_quarantine(event, reason)
                if any(tells_of(event, span) for span in erased):
                    told = b""
                self.quarantine.append((receipt, device, epoch, number, reason, told))
                receipts.append(Receipt(number, reason, str(receipt)))
                digested = b"" if number < submission.last_seq else digest(number, event)
                continue
            laid = rows.rows_of(device, person, epoch, number, event)
            if erased and not (laid := rows.outside(laid, erased)):
                receipt = uuid4()
                self.quarantine.append((receipt, device, epoch, number, ERASED, b""))
                receipts.append(Receipt(number, ERASED, str(receipt)))
                digested = b""
                continue
            self.intervals += laid
            for row in laid:
                start, last_input_at = row[rows.STARTED_AT], row[rows.LAST_INPUT_AT]
                if not quarter <= start < quarter_end:  # mostly it is that of the row before
                    quarter = quarter_of(start)
                    quarter_end = quarter + QUARTER
                    self.dirty.add((person, quarter))
                if last_input_at is not None and not quarter <= last_input_at < quarter_end:
                    self.dirty.add((person, quarter_of(last_input_at)))
            digested = b"" if number < submission.last_seq else digest(number, event)
            reached.move(row[rows.ENDED_AT], row[rows.LAST_INPUT_AT])
        return tuple(receipts), digested

    async def write(self, held: Any) -> None:
        if self.intervals:
            await copy(held, self.intervals)
            await held.copy_records_to_table("dirty", records=self.dirty, columns=("person", "quarter_at"))
        if self.quarantine:
            await held.copy_records_to_table("quarantine", records=self.quarantine, columns=_QUARANTINE_COLUMNS)
        if self.losses:
            await held.copy_records_to_table("loss", records=self.losses, columns=_LOSS_COLUMNS)
        if self.cursors:
            await held.execute(
                "UPDATE device_cursor SET seq = new.seq, digest = new.digest, "
                "last_ended_at = new.last_ended_at, last_input_at = new.last_input_at "
                "FROM unnest($1::int[], $2::bigint[], $3::bytea[], $4::timestamptz[], $5::timestamptz[]) "
                "AS new(device, seq, digest, last_ended_at, last_input_at) "
                "WHERE device_cursor.device = new.device",
                *map(list, zip(*self.cursors, strict=True)),
            )

    def deliver(self) -> None:
        """Tells each submission what became of it. To be called after COMMIT, and only then."""
        FIGURES.quarantined += len(self.quarantine)
        FIGURES.lost += sum(to - first + 1 for _, _, first, to, _ in self.losses)
        for submission, outcome in self.outcomes:
            if outcome.receipts:
                reasons = sorted({receipt.reason for receipt in outcome.receipts})
                log.warning(
                    "events_quarantined", device=submission.device, events=len(outcome.receipts), reasons=reasons
                )
            if outcome.resend_from:
                FIGURES.resends += 1
                log.warning("events_missing", device=submission.device, from_seq=outcome.resend_from)
            for receipt in outcome.receipts:
                self.poison.pop((submission.device, submission.epoch, receipt.seq), None)
            if not submission.done.done():
                submission.done.set_result(outcome)
