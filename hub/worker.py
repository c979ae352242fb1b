"""The worker process: what nobody waits for. `daylight worker` runs it, on a saq queue in Redis; any number of them share the work.

Which run of which job is due, taken and done stands in PostgreSQL (`runs.py`): saq only carries numbers of runs. Every few seconds one
worker looks what has become due, what nobody took and whose worker was lost, and puts that into the queue; so a queue that was emptied, or
a job that saq swallowed, costs seconds. Jobs are idempotent, and each has its timeout; saq's own timeout, retries and heartbeat are
always explicit, since its defaults fail a job of 15 s and lose one whose worker died.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import redis.asyncio
import saq
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError
from saq.queue.redis import RedisQueue

from hub import anchors, erasure, logs, mail, outgoing, periods, retention, runs, subject_keys
from hub.database import DATABASE_AWAY, close_pool, open_pool, refuse_half_restored, transaction
from hub.rollups import job as rollups
from hub.settings import Settings
from hub.tasks import end

QUEUE = "daylight"
MINUTE_S, HOUR_S = 60, 3600
ROLL_UP_S = 240.0
"""A run of `roll_up` begins no further step after this: a longer backlog is left to the next run, which is due at once."""
TICK_CRON = "* * * * * */10"
"""Every ten seconds: the longest that a lost run waits beside its lease."""
TICK_S = 30
CONCURRENCY = 3
POOL_SIZE = 6
"""A connection for each job and for each lease that is being renewed."""
SWALLOWED_S = 300.0
"""A run that is still waiting after this goes into the queue under another key: saq may hold its first one as under way for ever."""
BLOCK_S = 5.0
ANSWER_S = 10.0
"""Longer than `BLOCK_S`: then Redis is frozen, and the connection is given up."""
CLOCKS_APART_MAX = timedelta(hours=1)
"""Of a worker and the database. Jobs delete for good what is old by their time: with one of the clocks wrong they don't run at all."""
STOP_S = 3.0
"""Work that was told to stop gets this long to give its run back."""
CLOSE_S = 2.0
END_S = STOP_S + CLOSE_S
"""saq itself is done within this, or is ended: with closing what is open, the process ends within 15 s of SIGTERM."""

_AWAY = (*DATABASE_AWAY, RedisError)

log = structlog.get_logger()


class Job(msgspec.Struct, frozen=True):
    """A job and when it is due. `work` is idempotent, and gets the time that it is for; what it returns is kept with the run."""

    work: Callable[[datetime], Awaitable[msgspec.Struct]]
    every_s: int
    after_s: int
    """Due each `every_s`, this long after a multiple of it (UTC). Times at which no worker ran are made up for by one run. `every_s`
    0: due when somebody makes it so."""
    timeout_s: float

    def due_at(self, now: datetime) -> datetime:
        """The latest time at which it was due."""
        return now - timedelta(seconds=(now.timestamp() - self.after_s) % self.every_s)


class Swept(msgspec.Struct, frozen=True):
    """What was deleted."""

    codes: int
    sign_ins: int
    runs: int
    mails: int
    imports: int


async def sweep(now: datetime) -> Swept:
    """Deletes what nobody can use again: codes and requests of enrolment after a day, runs of jobs after two weeks, sign-ins and mails a
    month after they ended (sign-ins of who is under a legal hold stay), imports of people after their hour."""
    async with transaction() as held:
        imports = await held.execute(
            "DELETE FROM people_import WHERE expires_at < $1", now
        )  # first, as an erasure does
        codes = await held.execute("DELETE FROM enrolment_code WHERE expires_at < $1", now - timedelta(days=1))
        sign_ins = await held.execute(
            "DELETE FROM sign_in WHERE coalesce(ended_at, created_at + interval '31 days') < $1 "
            "AND person NOT IN (SELECT person FROM legal_hold WHERE lifted_at IS NULL)",
            now - timedelta(days=30),
        )
        await held.execute("DELETE FROM enrolment_request WHERE expires_at < $1", now - timedelta(days=1))
    return Swept(
        codes=int(codes.split()[-1]),
        sign_ins=int(sign_ins.split()[-1]),
        runs=await runs.prune(now),
        mails=await mail.prune(now),
        imports=int(imports.split()[-1]),
    )


async def roll_up(now: datetime) -> rollups.Progress:
    """Brings the rollups up to date, step by step; returns the sum of the steps."""
    clock = asyncio.get_running_loop().time
    until = clock() + ROLL_UP_S
    marks = quarters = 0
    while True:
        step = await rollups.roll_up(now)
        marks += step.marks
        quarters += step.quarters
        if not step.more or clock() > until:
            return rollups.Progress(marks=marks, quarters=quarters, more=step.more)


JOBS = {
    "roll_up": Job(roll_up, MINUTE_S, 0, timeout_s=300),
    "keep_days": Job(retention.keep_days, HOUR_S, 5 * 60, timeout_s=60),
    "retention": Job(retention.retain, 24 * HOUR_S, 2 * HOUR_S + 40 * 60, timeout_s=1800),
    periods.JOB: Job(periods.keep, 24 * HOUR_S, 2 * HOUR_S + 50 * 60, timeout_s=periods.RUN_S + 600),
    "sweep": Job(sweep, HOUR_S, 17 * 60, timeout_s=300),
}


def jobs_of(settings: Settings) -> dict[str, Job]:
    """The jobs of a deployment: those of all, those that need its secret, and those for the object store and the
    mail server, where one is named."""

    store = settings.object_store

    async def check_audit(_: datetime) -> anchors.Checked:
        return await anchors.check_audit(store, settings.secret)

    async def clean_up_erased(_: datetime) -> erasure.Cleaned:
        url = settings.feed_url or settings.redis_url
        assert url is not None
        return await erasure.clean_up(lambda: erasure.presence(url), store)

    jobs = {**JOBS, erasure.JOB: Job(clean_up_erased, 10 * MINUTE_S, 0, timeout_s=300)}
    jobs |= {anchors.CHECK: Job(check_audit, 24 * HOUR_S, 3 * HOUR_S + 20 * 60, timeout_s=1800)}
    if store is not None:

        async def anchor_audit(_: datetime) -> anchors.Anchored:
            return await anchors.anchor(store, settings.secret)

        jobs[anchors.JOB] = Job(anchor_audit, 10 * MINUTE_S, 0, timeout_s=120)
    server = settings.mail_server
    if server is None:
        return jobs

    async def send_mail(now: datetime) -> mail.Sent:
        return await mail.send_due(server, settings.mail_from, outgoing.writer(settings), now)

    return {**jobs, mail.JOB: Job(send_mail, MINUTE_S, 0, timeout_s=mail.TIMEOUT_S)}


class Worker:
    """One worker of the queue. `jobs` by name; `tick_cron` says how often it looks for what is due and what was lost."""

    def __init__(
        self,
        redis_url: str,
        jobs: dict[str, Job] = JOBS,
        *,
        tick_cron: str = TICK_CRON,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._now = now
        # `Queue.from_url` knows no unix sockets. Trying again is slow on purpose: saq asks anew at once when it fails.
        client: Any = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=ANSWER_S, socket_connect_timeout=CLOSE_S, retry=Retry(ConstantBackoff(1.0), 2)
        )
        self._queue = RedisQueue(client, name=QUEUE)
        ticking: Any = saq.CronJob(self._tick, cron=tick_cron, timeout=TICK_S, retries=1, heartbeat=TICK_S, ttl=60)
        self._stopping = asyncio.Event()
        self._worker: Any = saq.Worker(
            self._queue,
            functions=[("work", self._work), ("tick", self._tick)],
            cron_jobs=[ticking],
            concurrency=CONCURRENCY,
            dequeue_timeout=BLOCK_S,
            cancellation_hard_deadline_s=STOP_S,
            startup=self._started,
        )
        self._worker.SIGNALS = []  # ours: see `run`

    async def run(self) -> None:
        """Works until SIGTERM, SIGINT or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        working = asyncio.create_task(self._worker.start())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            await self._end(working)
            stopping.cancel()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            with contextlib.suppress(TimeoutError, RedisError, OSError):
                async with asyncio.timeout(CLOSE_S):
                    await self._queue.disconnect()
            log.info("worker_stopped")

    def stop(self) -> None:
        self._stopping.set()

    async def _end(self, working: "asyncio.Task[None]") -> None:
        """Ends saq within `END_S`: one of its tasks may swallow its cancellation, and it would wait for that, up to a minute."""
        tasks = list(self._worker.tasks)
        for _ in range(2):
            working.cancel()
            await asyncio.wait({working}, timeout=END_S)
            for task in tasks:
                task.cancel()
            if working.done():
                return

    async def tick(self) -> int:
        """Makes due what is due, and puts all that waits into the queue; returns how many runs wait."""
        now = await runs.database_now()
        for name, job in self._jobs.items():
            if job.every_s:
                await runs.due(name, now, job.due_at(now))
        found = await runs.waiting()
        for run in found:
            # Duplicates collapse by key. That of an attempt that was lost or given back may still be known to saq: the next has its own.
            key = f"run-{run.id}-{run.taken_us}-{int(run.waited_s / SWALLOWED_S)}"
            timeout_s = self._jobs[run.job].timeout_s if run.job in self._jobs else TICK_S
            await self._queue.enqueue(
                "work",
                key=key,
                run=run.id,
                timeout=int(timeout_s + 2 * STOP_S),
                heartbeat=int(runs.LEASE_S),
                retries=1,
                ttl=-1,
            )
        return len(found)

    async def _started(self, _: dict[str, Any]) -> None:
        log.info("worker_started")
        try:
            async with asyncio.timeout(TICK_S):
                await self.tick()
        except _AWAY as error:
            log.warning("tick_failed", error=type(error).__name__)  # the next one is not far

    async def _tick(self, _: dict[str, Any]) -> None:
        try:
            await self.tick()
        except _AWAY as error:
            log.warning("tick_failed", error=type(error).__name__)

    async def _work(self, context: dict[str, Any], *, run: int) -> None:
        """Takes a run and does its work, renewing the lease meanwhile. Does nothing when the run is somebody else's."""
        try:
            held = await runs.take(run)
        except DATABASE_AWAY as error:
            log.warning("run_not_taken", run=run, error=type(error).__name__)
            return
        if held is None:
            return
        with structlog.contextvars.bound_contextvars(run=held.id, job=held.job, attempt=held.attempt):
            log.info("run_started")
            try:
                done = await self._do(held, context["job"])
            except asyncio.CancelledError:
                with contextlib.suppress(*DATABASE_AWAY):
                    async with asyncio.timeout(CLOSE_S):
                        await runs.give_back(held)
                log.info("run_given_back")
                raise
            except _Lost:
                log.warning("run_lost")  # somebody else has it, and says how it ends
            except Exception as error:
                # The name only: what an error says may quote what people did.
                log.warning("run_failed", error=type(error).__name__, exc_info=not isinstance(error, DATABASE_AWAY))
                with contextlib.suppress(*DATABASE_AWAY):
                    await runs.fail(held, type(error).__name__)
            else:
                with contextlib.suppress(*DATABASE_AWAY):
                    await runs.finish(held, msgspec.json.encode(done))
                log.info("run_done", **msgspec.structs.asdict(done))

    async def _do(self, held: runs.Held, carrier: Any) -> msgspec.Struct:
        """The work of a run under its timeout. Raises what it raises, and `_Lost` as soon as the lease is."""
        job = self._jobs.get(held.job)
        if job is None:
            raise _UnknownJob
        now = await self._agreed_now()
        working = asyncio.ensure_future(_within(job.timeout_s, job.work(now)))
        renewing = asyncio.create_task(self._renew(held, carrier))
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                renewing.result()
            return await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await end(renewing)

    async def _agreed_now(self) -> datetime:
        """The earlier of our clock and the database's. Raises `_ClocksDiffer` when one of them must be wrong."""
        ours, theirs = self._now(), await runs.database_now()
        if abs(ours - theirs) > CLOCKS_APART_MAX:
            raise _ClocksDiffer
        return min(ours, theirs)

    async def _renew(self, held: runs.Held, carrier: Any) -> None:
        """Renews the lease, and saq's, until cancelled. Raises `_Lost` when it is somebody else's, or has passed without an answer."""
        clock = asyncio.get_running_loop().time
        passes_at = clock() + runs.LEASE_S
        while True:
            await asyncio.sleep(runs.LEASE_S / 4)
            asked_at = clock()
            with contextlib.suppress(*DATABASE_AWAY):
                if not await runs.renew(held):
                    raise _Lost
                passes_at = asked_at + runs.LEASE_S
            if clock() > passes_at:
                raise _Lost
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await carrier.update()


class _Lost(Exception):
    """The run is not this worker's any more."""


class _ClocksDiffer(Exception):
    """This worker and the database do not agree on what time it is."""


class _UnknownJob(Exception):
    """A job of another version of the hub."""


async def _within(seconds: float, work: Awaitable[msgspec.Struct]) -> msgspec.Struct:
    async with asyncio.timeout(seconds):
        return await work


async def run(settings: Settings) -> None:
    """Works until it is told to stop (SIGTERM, SIGINT)."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    logs.configure(settings, worker=secrets.token_hex(6))
    subject_keys.use(settings.secret)
    await open_pool(settings.database_url, size=POOL_SIZE)
    try:
        await refuse_half_restored()
        await Worker(settings.redis_url, jobs_of(settings)).run()
    finally:
        await close_pool()
