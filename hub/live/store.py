"""Group commit: what agents sent, in PostgreSQL exactly once, before anybody is told so.

`Store.submit` is called by the agent sockets (`ingest.py`). A device is hashed to one of two flushers; each takes what has queued up while
it committed the last group and rested a moment, so load itself forms the batch. One transaction takes the devices' cursors, drops
what is at or below them, COPYs the rest and moves the cursors. Cursors are taken with SKIP LOCKED: a hub that is frozen inside its
transaction holds up only its own devices, which are put back in the queue here.

Guarantee: an outcome is delivered only after COMMIT. After an error from COMMIT itself the group is tried again, and the cursor, which then
says whether it was committed, makes that harmless. The store never logs what an event holds.
"""

import asyncio
import contextlib
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import structlog

from hub import erased_days
from hub.database import DATABASE_AWAY, transaction
from hub.figures import FIGURES
from hub.live import rows
from hub.live.plan import Outcome, Plan, Submission, copy
from hub.live.upkeep import keep
from hub.policies.settings import DAYS_MIN
from hub.retention import make_days
from hub.tasks import end
from hub.wire.events import Event

FLUSHERS = 2
GROUP_ROWS = 1000
"""More rows a transaction gain little (a COPY of 1,000 rows takes 4 ms here) and hold cursors longer."""
ALONE_S = 600.0
"""After a poison event its device commits alone, so that its next one costs nobody else a retry."""
REST_S, REST_UNTIL = 0.05, 50
"""Between two groups of a flusher, unless so many submissions wait: agents send once a minute, and with 10,000 of them a transaction for
each would be most of the work of hub and PostgreSQL. The first one after a pause does not wait."""
WORKDAY_MAX = timedelta(hours=52)
"""A day has 25 hours at the most, and one in which another zone begins 26 more. What is older can't be of today, in any zone: a backlog of
days has nobody's workday read again."""
NEVER_OVER = timedelta(days=DAYS_MIN["activity_days"] - 1)
"""What is not older is not over, whatever the policy: a day of 25 hours may lie between."""
RETRY_FIRST_S, RETRY_MAX_S = 0.05, 1.0
LOCKED_RETRY_S = 0.05

log = structlog.get_logger()
Result = TypeVar("Result")


class Store:
    """The process's group commit. `start` it once, `close` it once everything submitted has been answered or given up."""

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stored: Callable[[set[int]], None] = lambda people: None,
    ) -> None:
        """`stored` is told after COMMIT whose events were in it, of those that can be of a workday which is not over."""
        self._flushers = [_Flusher(now, stored) for _ in range(FLUSHERS)]

    def start(self) -> None:
        for flusher in self._flushers:
            flusher.start()

    def submit(self, submission: Submission) -> "asyncio.Future[Outcome]":
        """Queues a submission. The future gives its outcome after COMMIT, or is cancelled by `forget` or `close`."""
        self._flushers[submission.device % FLUSHERS].add(submission)
        return submission.done

    def forget(self, device: int, session: int) -> None:
        """Drops what a connection that has gone still had queued: the agent sends it again. Keeps queues bounded by credit."""
        self._flushers[device % FLUSHERS].forget(device, session)

    @property
    def depth(self) -> int:
        """Submissions that wait or are being committed."""
        return sum(flusher.depth for flusher in self._flushers)

    async def close(self, deadline_s: float) -> None:
        """Commits what is queued, for at most `deadline_s`, then stops."""
        await asyncio.gather(*(flusher.close(deadline_s) for flusher in self._flushers))


class _Flusher:
    """One queue and the task that commits it."""

    def __init__(self, now: Callable[[], datetime], stored: Callable[[set[int]], None]) -> None:
        self._now = now
        self._stored = stored
        self._queue: deque[Submission] = deque()
        self._committing: list[Submission] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._many = asyncio.Event()
        """Enough waits to be committed at once."""
        self._closing = False
        self._alone_until: dict[int, float] = {}
        self._poison: dict[tuple[int, int, int], str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "flusher")

    def add(self, submission: Submission) -> None:
        self._queue.append(submission)
        self._wake.set()
        if len(self._queue) >= REST_UNTIL:
            self._many.set()

    @property
    def depth(self) -> int:
        return len(self._queue) + len(self._committing)

    def forget(self, device: int, session: int) -> None:
        kept = deque[Submission]()
        for submission in self._queue:
            if submission.device == device and submission.session == session:
                submission.done.cancel()
            else:
                kept.append(submission)
        self._queue = kept

    async def close(self, deadline_s: float) -> None:
        deadline = time.monotonic() + deadline_s
        self._closing = True
        self._many.set()
        while self.depth and time.monotonic() < deadline:
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), deadline - time.monotonic())
            except TimeoutError:
                break
        if self._task:
            await end(self._task)
        for submission in (*self._queue, *self._committing):
            submission.done.cancel()

    async def _run(self) -> None:
        delay = RETRY_FIRST_S
        while True:
            if not self._queue:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            group = self._committing = self._next_group()
            try:
                locked = await self._flush(group)
            except _Away as away:
                # Nobody has been told anything: the group goes back, in its order.
                FIGURES.retries += 1
                log.warning("commit_retried", cause=away.cause, submissions=len(group), delay_s=delay)
                self._committing = []
                self._queue.extendleft(reversed([entry for entry in group if not entry.done.done()]))
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_MAX_S)
                continue
            except (
                Exception
            ):  # a fault of ours where nobody thought of one: everybody else's events are still to be stored
                log.exception("flush_failed", submissions=len(group))
                _refuse(group)
                locked = []
            delay = RETRY_FIRST_S
            self._committing = []
            if locked:
                alone = len(locked) == len(group) and not self._queue
                self._postpone(locked)
                if alone:
                    await asyncio.sleep(LOCKED_RETRY_S)
            await self._rest()

    async def _rest(self) -> None:
        """Lets more come, when there is little."""
        if not self._closing and len(self._queue) < REST_UNTIL:
            self._many.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST_S):
                    await self._many.wait()

    def _postpone(self, waiting: list[Submission]) -> None:
        """Puts devices behind all others, with everything of theirs that is queued: nothing of a device overtakes its own."""
        devices = {submission.device for submission in waiting}
        later = [*waiting, *(submission for submission in self._queue if submission.device in devices)]
        self._queue = deque(submission for submission in self._queue if submission.device not in devices)
        self._queue.extend(submission for submission in later if not submission.done.done())

    def _next_group(self) -> list[Submission]:
        """From the front of the queue up to `GROUP_ROWS` rows; a device under suspicion makes a group of its own."""
        group: list[Submission] = []
        size = 0
        now = time.monotonic()
        self._alone_until = {device: until for device, until in self._alone_until.items() if until > now}
        while self._queue and (not group or size + self._queue[0].size <= GROUP_ROWS):
            first = self._queue[0]
            if group and first.device != group[0].device and {first.device, group[0].device} & self._alone_until.keys():
                break
            self._queue.popleft()
            if first.done.done():
                continue
            group.append(first)
            size += first.size
        return group

    async def _flush(self, group: list[Submission]) -> list[Submission]:
        """Commits a group; what is wrong in it is found and set aside, device by device, while the others go on.

        Returns what has to wait: its cursor is locked elsewhere, or others come first. Raises `_Away` when the database can't
        be worked with.
        """
        made_days = False
        while group:
            try:
                return await self._commit(group)
            except asyncpg.PostgresError as error:
                if _is_missing_day(error) and not made_days:
                    await _or_away(make_days(_days_of(group)))
                    made_days = True
                    continue
                if not _is_poison(error):
                    raise _Away(error.sqlstate or "postgres") from error
            except _UNENCODABLE:
                pass
            except DATABASE_AWAY as error:
                raise _Away(type(error).__name__) from error
            except Exception:  # a fault of ours in one device's data must not stop the others
                log.exception("commit_failed", submissions=len(group))
            devices = {submission.device for submission in group}
            if len(devices) > 1:
                locked = []
                for device in devices:
                    locked += await self._flush([submission for submission in group if submission.device == device])
                return locked
            if not await _or_away(self._find_poison(group)):
                log.error("submissions_refused", device=group[0].device, submissions=len(group))
                _refuse(group)
                return []
            if self._queue:
                return group  # the others first, between one poison event and the next
        return []

    async def _find_poison(self, group: list[Submission]) -> bool:
        """Marks the first event of one device's group that can't be stored, by bisection inside transactions that roll back.

        False when each of them can be: the fault lies elsewhere.
        """
        device = group[0].device
        self._alone_until[device] = time.monotonic() + ALONE_S
        events = [
            (submission.person, submission.epoch, submission.first_seq + index, event)
            for submission in group
            for index, event in enumerate(submission.events)
            if (device, submission.epoch, submission.first_seq + index) not in self._poison
        ]
        low, high = 0, len(events)  # events[:low] are fine, events[:high] are not
        while high - low > 1:
            middle = (low + high) // 2
            if await self._refused(device, events[low:middle]):
                high = middle
            else:
                low = middle
        if not events or not await self._refused(device, events[low : low + 1]):
            return False
        _, epoch, seq, _ = events[low]
        if len(self._poison) >= GROUP_ROWS:
            self._poison.clear()
        self._poison[(device, epoch, seq)] = "refused_by_database"
        return True

    async def _refused(self, device: int, events: list[tuple[int, int, int, Event]]) -> bool:
        horizon = rows.Horizon(self._now())
        try:
            records = [
                row
                for person, epoch, seq, event in events
                if not rows.fault_of(event, horizon)
                for row in rows.rows_of(device, person, epoch, seq, event)
            ]
        except Exception:  # a fault of ours that an event brings out: set aside like any other, it stops nobody
            log.exception("event_not_laid_out", device=device)
            return True
        try:
            async with transaction() as held:
                await copy(held, records)
                raise _RollBack
        except _RollBack:
            return False
        except asyncpg.PostgresError as error:
            if _is_poison(error) and not _is_missing_day(error):
                return True
            raise
        except _UNENCODABLE:
            return True

    async def _commit(self, group: list[Submission]) -> list[Submission]:
        started = time.perf_counter()
        by_device: dict[int, list[Submission]] = {}
        for submission in group:
            by_device.setdefault(submission.device, []).append(submission)
        now = self._now()
        late = {submission.person for submission in group if submission.earliest_at < now - NEVER_OVER}
        async with transaction() as held:
            cursors = await held.fetch(
                "SELECT device, epoch, seq, digest, session, last_ended_at, last_input_at, erased FROM device_cursor "
                "WHERE device = ANY($1::int[]) FOR UPDATE SKIP LOCKED",
                list(by_device),
            )
            # Asked while the cursors are held: whoever erases days of somebody takes these first.
            marked = {by_device[cursor["device"]][0].person for cursor in cursors if cursor["erased"]}
            erased = await erased_days.spans_of(held, marked) if marked else {}
            over = dict(map(tuple, await held.fetch(_OVER, list(late)))) if late else {}
            plan = Plan(now, self._poison, erased, over)
            for cursor in cursors:
                plan.device(cursor, by_device.pop(cursor["device"]))
            await plan.write(held)
        FIGURES.committed(time.perf_counter() - started, len(plan.intervals), len(plan.outcomes))
        plan.deliver()
        self._stored({person for person, quarter_at in plan.dirty if quarter_at > now - WORKDAY_MAX} | erased.keys())
        return [submission for submissions in by_device.values() for submission in submissions]


# Up to when what these people's devices told was removed, whatever their policies are by now (`periods.py`).
_OVER = "SELECT person, activity_at FROM kept_since WHERE person = ANY($1::int[]) AND activity_at IS NOT NULL"


class _Away(Exception):
    """The database can't be worked with now. Nothing was committed, or it is not known."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class _RollBack(Exception):
    pass


# What is raised for a value that no row can hold, before PostgreSQL sees it.
_UNENCODABLE = (asyncpg.DataError, UnicodeError, OverflowError, struct.error)


def _refuse(group: Iterable[Submission]) -> None:
    """Gives back what could not be stored: its agents come again with it."""
    for submission in group:
        if not submission.done.done():
            submission.done.set_result(Outcome(refused=True))


async def _or_away(work: Awaitable[Result]) -> Result:
    """Awaits work on the database whose failure means that it is away."""
    try:
        return await work
    except DATABASE_AWAY as error:
        raise _Away(type(error).__name__) from error


def _is_poison(error: asyncpg.PostgresError) -> bool:
    """Only bad data is poison: data exceptions (class 22) and broken constraints (23). All else passes, so it is tried again."""
    return (error.sqlstate or "")[:2] in {"22", "23"}


def _is_missing_day(error: asyncpg.PostgresError) -> bool:
    return error.sqlstate == "23514" and "no partition of relation" in str(error)


def _days_of(group: Iterable[Submission]) -> set[Any]:
    horizon = rows.Horizon(datetime.now(UTC))
    days = set()
    for submission in group:
        for event in submission.events:
            if not rows.fault_of(event, horizon):
                day = event.started_at.astimezone(UTC).date()
                days |= {day, (event.ended_at.astimezone(UTC) - timedelta(microseconds=1)).date()}
    return days
