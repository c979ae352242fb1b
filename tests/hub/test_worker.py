"""The worker process: no run is lost and none is worked on twice at a time, whatever happens to workers, queue and database."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio
from saq.queue.redis import RedisQueue

from hub import retention, runs, worker
from hub.database import close_pool, connection, open_pool
from hub.embedded import Embedded, Servers
from hub.embedded.process import running_in
from hub.settings import Settings
from hub.worker import Job, Worker
from tests.conftest import ORIGIN
from tests.journeys.hubs import command, environment

from .conftest import Cast
from .valkeys import ValkeyServer, valkey

WAIT_S = 30.0
EXIT_S = 15.0
EACH_SECOND = "* * * * * *"


class Nothing(msgspec.Struct, frozen=True):
    """What a job of the tests has to say."""


def once(work: Callable[[], Awaitable[None]], timeout_s: float = 60.0) -> Job:
    """A job that is never due by itself."""

    async def working(_: datetime) -> Nothing:
        await work()
        return Nothing()

    return Job(working, 0, 0, timeout_s=timeout_s)


@contextlib.asynccontextmanager
async def at_work(redis_url: str, jobs: dict[str, Job], ahead: timedelta = timedelta()) -> AsyncIterator[Worker]:
    """A worker in this event loop, that looks for what is due each second. Its clock is `ahead`."""
    working = Worker(redis_url, jobs, tick_cron=EACH_SECOND, now=lambda: datetime.now(UTC) + ahead)
    task = asyncio.create_task(working.run())
    try:
        yield working
    finally:
        working.stop()
        await task


async def make_due(*jobs: str) -> None:
    """Open runs that no queue knows of."""
    for job in jobs:
        assert await runs.due(job, datetime.now(UTC), datetime.now(UTC) + timedelta(days=1))


async def states(job: str) -> list[tuple[str, int]]:
    async with connection() as held:
        rows = await held.fetch("SELECT state, attempts FROM report_run WHERE job = $1 ORDER BY id", job)
    return [tuple(row) for row in rows]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await condition():
            await asyncio.sleep(0.05)


async def ended(job: str, *expected: tuple[str, int]) -> None:
    """Waits until the runs of a job have ended so."""

    async def as_expected() -> bool:
        return await states(job) == list(expected)

    await until(as_expected)


async def nothing() -> None:
    pass


async def test_sweep_removes_what_nobody_can_use_and_nothing_else(cast: Cast, database: str) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO enrolment_code (code_hash, uses_left, expires_at) VALUES ('old', 1, now() - interval '2 days'), ('new', 1, now())"
        )
        await held.execute(
            "INSERT INTO sign_in (id, person, created_at, ended_at) VALUES (gen_random_uuid(), 1, now() - interval '90 days', NULL), "
            "(gen_random_uuid(), 1, now() - interval '40 days', now() - interval '1 day'), (gen_random_uuid(), 1, now(), NULL)"
        )
        await held.execute(
            "INSERT INTO people_import (id, person, expires_at) "
            "VALUES (gen_random_uuid(), 6, now() - interval '1 minute'), (gen_random_uuid(), 6, now() + interval '1 hour')"
        )

        await held.execute(
            "INSERT INTO enrolment_request (id, confirmation, code_hash, public_key, expires_at) VALUES "
            "(gen_random_uuid(), 'OLD', '', 'a', now() - interval '2 days'), (gen_random_uuid(), 'NEW', '', 'b', now())"
        )

    await worker.sweep(datetime.now(UTC))
    await worker.sweep(datetime.now(UTC))

    async with connection() as held:
        assert [bytes(row["code_hash"]) for row in await held.fetch("SELECT code_hash FROM enrolment_code")] == [b"new"]
        assert [row["confirmation"] for row in await held.fetch("SELECT confirmation FROM enrolment_request")] == [
            "NEW"
        ]
        assert await held.fetchval("SELECT count(*) FROM sign_in") == 2
        assert await held.fetchval("SELECT count(*) FROM people_import") == 1


async def test_what_goes_into_the_queue_has_limits_of_its_own(database: str, redis_url: str) -> None:
    """saq's defaults would end a job after ten seconds, and take one for dead that is at work."""
    idle = Worker(redis_url, {"long": once(nothing, timeout_s=1800)})
    await make_due("long")
    await idle.tick()
    (key,) = [one async for one in _keys(idle._queue)]
    job = await idle._queue.job(key)
    cron = idle._worker.cron_jobs[0]
    await idle._queue.disconnect()

    assert job is not None
    assert job.timeout > 1800
    assert (job.retries, job.heartbeat) == (1, runs.LEASE_S)
    assert (cron.timeout, cron.retries, cron.heartbeat) == (worker.TICK_S, 1, worker.TICK_S)


async def _keys(queue: RedisQueue) -> AsyncIterator[str]:
    async for job in queue.iter_jobs():
        yield job.key


@pytest.mark.parametrize("name", sorted(worker.JOBS))
def test_job_was_last_due_within_its_period_and_at_its_time(name: str) -> None:
    job = worker.JOBS[name]
    now = datetime(2026, 5, 6, 7, 8, 9, 10, tzinfo=UTC)

    due_at = job.due_at(now)

    assert now - timedelta(seconds=job.every_s) < due_at <= now
    assert due_at.timestamp() % job.every_s == pytest.approx(job.after_s)
    assert job.due_at(due_at) == due_at


async def test_what_was_due_while_no_worker_ran_is_done_once(database: str, redis_url: str) -> None:
    done: list[datetime] = []

    async def work(now: datetime) -> Nothing:
        done.append(now)
        return Nothing()

    hourly = Job(work, 3600, 0, timeout_s=10)
    async with at_work(redis_url, {"hourly": hourly, "other": once(nothing)}):
        await ended("hourly", ("done", 1))
    async with at_work(redis_url, {"hourly": hourly, "other": once(nothing)}):
        await make_due("other")
        await ended("other", ("done", 1))

    assert len(done) == 1


async def test_marks_are_rolled_up_by_the_workers_own_job(cast: Cast, database: str, redis_url: str) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO dirty (person, quarter_at) "
            "SELECT 1, date_trunc('hour', now()) - n * interval '1 hour' FROM generate_series(1, 3) n"
        )
    async with at_work(redis_url, {"roll_up": worker.JOBS["roll_up"]}):

        async def rolled_up() -> bool:
            return ("done", 1) in await states("roll_up")

        await until(rolled_up)

    async with connection() as held:
        assert await held.fetchval("SELECT count(*) FROM dirty") == 0
        detail = await held.fetchval("SELECT detail FROM report_run WHERE state = 'done' ORDER BY id LIMIT 1")
    assert msgspec.json.decode(detail)["marks"] == 3


@pytest.mark.parametrize("ahead", [timedelta(days=400), timedelta(days=-400)])
async def test_worker_whose_clock_is_wrong_does_nothing_and_says_so(
    database: str, redis_url: str, ahead: timedelta
) -> None:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=1), today]
    await retention.make_days(days)
    async with at_work(redis_url, worker.JOBS, ahead):
        for job in ("retention", "roll_up", "sweep"):
            await ended(job, ("failed", runs.ATTEMPTS_MAX))

    assert list((await retention.partitions()).days) == days
    async with connection() as held:
        assert await held.fetchval("SELECT DISTINCT error FROM report_run WHERE state = 'failed'") == "_ClocksDiffer"
        # Runs are made due by the database's time: those of a later one would keep every other worker from making any.
        assert await held.fetchval(
            "SELECT bool_and(queued_at BETWEEN now() - interval '1 hour' AND now()) FROM report_run"
        )


@pytest.mark.parametrize("ahead", [timedelta(minutes=30), timedelta(minutes=-30)])
async def test_work_is_for_the_earlier_of_two_clocks(database: str, redis_url: str, ahead: timedelta) -> None:
    times: list[datetime] = []

    async def work(now: datetime) -> Nothing:
        times.append(now)
        return Nothing()

    async with at_work(redis_url, {"once": Job(work, 0, 0, timeout_s=10)}, ahead):
        await make_due("once")
        await ended("once", ("done", 1))

    assert times[0] <= datetime.now(UTC) + min(ahead, timedelta())


async def test_queue_that_is_emptied_loses_no_run(database: str, redis_url: str) -> None:
    async with at_work(redis_url, {"count": once(nothing), "other": once(nothing)}) as working:
        await make_due("count")
        await working.tick()
        await make_due("other")
        async with redis.asyncio.from_url(redis_url) as client:
            await client.flushall()

        await ended("count", ("done", 1))
        await ended("other", ("done", 1))


async def test_run_that_the_queue_swallowed_goes_in_under_another_key(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """saq knows the job as under way for ever: its worker was stopped between taking it off the list and saying so."""
    swallowing = Worker(redis_url, {"count": once(nothing)})
    await make_due("count")
    await swallowing.tick()
    async with redis.asyncio.from_url(redis_url) as client:
        assert await client.lpop("saq:daylight:queued")
    monkeypatch.setattr(worker, "SWALLOWED_S", 0.5)

    async with at_work(redis_url, {"count": once(nothing)}):
        await ended("count", ("done", 1))


async def test_two_workers_run_a_job_once_at_a_time(database: str, redis_url: str) -> None:
    running = most = total = 0

    async def work() -> None:
        nonlocal running, most, total
        running += 1
        total += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    async with at_work(redis_url, {"count": once(work)}) as one, at_work(redis_url, {"count": once(work)}) as two:
        for n in range(1, 6):
            await make_due("count")
            await asyncio.gather(one.tick(), two.tick())
            await ended("count", *[("done", 1)] * n)

    assert (most, total) == (1, 5)


async def test_failing_job_ends_failed_and_the_next_run_is_done(database: str, redis_url: str) -> None:
    failing = True

    async def work() -> None:
        if failing:
            raise ZeroDivisionError("of somebody's secret")

    async with at_work(redis_url, {"count": once(work)}):
        await make_due("count")
        await ended("count", ("failed", runs.ATTEMPTS_MAX))
        failing = False
        await make_due("count")
        await ended("count", ("failed", runs.ATTEMPTS_MAX), ("done", 1))

    async with connection() as held:
        assert await held.fetchval("SELECT error FROM report_run ORDER BY id LIMIT 1") == "ZeroDivisionError"


async def test_job_that_takes_too_long_is_ended(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ATTEMPTS_MAX", 1)
    async with at_work(redis_url, {"count": once(asyncio.Event().wait, timeout_s=0.1)}):  # type: ignore[arg-type]
        await make_due("count")
        await ended("count", ("failed", 1))


async def test_lease_is_renewed_while_a_job_works(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LEASE_S", 4.0)
    enough = asyncio.Event()

    async def work() -> None:
        await enough.wait()

    async with at_work(redis_url, {"count": once(work)}):
        await make_due("count")
        await ended("count", ("running", 1))
        async with connection() as held:
            first = await held.fetchval("SELECT lease_until_at FROM report_run")

        async def renewed() -> bool:
            async with connection() as held:
                return bool(await held.fetchval("SELECT lease_until_at > $1 AND $1 < now() FROM report_run", first))

        await until(renewed)
        enough.set()
        await ended("count", ("done", 1))


async def test_work_ends_when_the_run_is_somebody_elses(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a freeze in which the lease passed and another worker took the run."""
    monkeypatch.setattr(runs, "LEASE_S", 2.0)
    given_up = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async with at_work(redis_url, {"count": once(work)}):
        await make_due("count")
        await ended("count", ("running", 1))
        async with connection() as held:
            await held.execute("UPDATE report_run SET attempts = 2, lease_until_at = now() + interval '1 hour'")

        async with asyncio.timeout(WAIT_S):
            await given_up.wait()
        assert await states("count") == [("running", 2)]


async def test_stopped_worker_gives_its_run_to_another(database: str, redis_url: str) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    async with at_work(redis_url, {"count": once(endless)}):
        await make_due("count")
        await ended("count", ("running", 1))
    assert await states("count") == [("queued", 0)]

    async with at_work(redis_url, {"count": once(nothing)}):
        await ended("count", ("done", 1))


ENDLESS = """
import asyncio, sys
from datetime import UTC, datetime
from hub.database import open_pool
from tests.hub.test_worker import at_work, ended, make_due, once

async def main():
    await open_pool(sys.argv[1])
    async with at_work(sys.argv[2], {"count": once(asyncio.Event().wait)}):
        await make_due("count")
        await ended("count", ("running", 1))
        print("working", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_run_of_a_killed_worker_is_completed_by_another(database: str, redis_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENDLESS, database, redis_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(WAIT_S):
        while await process.stdout.readline() != b"working\n":
            assert process.returncode is None
    process.kill()
    await process.wait()
    async with at_work(redis_url, {"count": once(nothing), "other": once(nothing)}):
        await make_due("other")
        await ended("other", ("done", 1))
        assert await states("count") == [("running", 1)]  # its lease has not passed

        async with connection() as held:
            await held.execute("UPDATE report_run SET lease_until_at = now() - interval '1 second' WHERE job = 'count'")

        await ended("count", ("done", 2))


async def test_postgresql_that_restarts_costs_nothing(database: str, redis_url: str) -> None:
    async with at_work(redis_url, {"count": once(nothing)}):
        await make_due("count")
        await ended("count", ("done", 1))
        async with connection() as held:
            await held.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )
        await make_due("count")

        await ended("count", ("done", 1), ("done", 1))


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey of a test's own, to be frozen and killed."""
    with valkey() as server:
        yield server


async def test_valkey_that_was_killed_is_found_again(database: str, own_valkey: ValkeyServer) -> None:
    async with at_work(own_valkey.url, {"count": once(nothing)}):
        await make_due("count")
        await ended("count", ("done", 1))
        own_valkey.kill()
        await make_due("count")
        own_valkey.start()

        await ended("count", ("done", 1), ("done", 1))


async def test_worker_without_valkey_does_not_ask_for_it_without_end(
    database: str, own_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """saq asks again as soon as it failed."""
    asked = 0
    dequeue = RedisQueue.dequeue

    async def counted(queue: RedisQueue, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return await dequeue(queue, **options)

    monkeypatch.setattr(RedisQueue, "dequeue", counted)
    async with at_work(own_valkey.url, {"count": once(nothing)}):
        await make_due("count")
        await ended("count", ("done", 1))
        own_valkey.kill()
        before = asked
        await asyncio.sleep(3)
        assert asked - before <= 10 * worker.CONCURRENCY


@pytest.mark.timeout(90)
async def test_frozen_valkey_does_not_end_the_work_that_is_being_done(
    database: str, own_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LEASE_S", 4.0)
    monkeypatch.setattr(worker, "CLOSE_S", 0.2)
    monkeypatch.setattr(worker, "ANSWER_S", 6.0)
    enough = asyncio.Event()

    async def work() -> None:
        await enough.wait()

    async with at_work(own_valkey.url, {"count": once(work)}):
        await make_due("count")
        await ended("count", ("running", 1))
        own_valkey.freeze()
        async with connection() as held:
            first = await held.fetchval("SELECT lease_until_at FROM report_run")

        async def renewed() -> bool:
            async with connection() as held:
                return bool(await held.fetchval("SELECT $1 < now() AND lease_until_at > now() FROM report_run", first))

        await until(renewed)
        enough.set()
        await ended("count", ("done", 1))
        own_valkey.thaw()
        await make_due("count")
        await ended("count", ("done", 1), ("done", 1))


class WorkerProcess:
    """`daylight worker`."""

    def __init__(self, process: "asyncio.subprocess.Process") -> None:
        self._process = process
        self.lines: list[bytes] = []

    async def says(self, word: bytes) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while word not in (line := await self._process.stdout.readline()):
                assert line, b"".join(self.lines).decode()
                self.lines.append(line)

    async def ends_well(self) -> None:
        """Told to stop, it ends by itself within the time that a supervisor gives it."""
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(EXIT_S):
            output, _ = await self._process.communicate()
        assert self._process.returncode == 0, output.decode()


@contextlib.asynccontextmanager
async def worker_process(database: str, redis_url: str, data: Path) -> AsyncIterator[WorkerProcess]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.cli",
        "worker",
        env=environment(database, redis_url, "http://localhost:8000", data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield WorkerProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_worker_process_starts_and_ends_when_told(database: str, redis_url: str, tmp_path: Path) -> None:
    async with worker_process(database, redis_url, tmp_path) as process:
        await process.says(b"worker_started")

        await process.ends_well()


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_worker_process_ends_when_told_while_valkey_is_away(
    database: str, own_valkey: ValkeyServer, tmp_path: Path, fault: str
) -> None:
    async with worker_process(database, own_valkey.url, tmp_path) as process:
        await process.says(b"worker_started")
        await ended("keep_days", ("done", 1))
        if fault == "killed":
            own_valkey.kill()
        else:
            own_valkey.freeze()

        await process.ends_well()


@pytest.fixture
def own_servers(tmp_path: Path) -> Iterator[tuple[Embedded, Servers]]:
    """PostgreSQL and Valkey of a test's own."""
    embedded = Embedded(Settings(data=tmp_path / "data"))
    with embedded as servers:
        yield embedded, servers


@pytest.mark.timeout(90)
async def test_worker_process_works_on_after_postgresql_was_restarted(
    own_servers: tuple[Embedded, Servers], tmp_path: Path
) -> None:
    embedded, servers = own_servers
    assert embedded.postgres is not None
    await asyncio.to_thread(
        command, environment(servers.database_url, servers.redis_url, ORIGIN, tmp_path / "data"), "migrate"
    )
    async with worker_process(servers.database_url, servers.redis_url, tmp_path / "data") as process:
        await process.says(b"worker_started")
        await process.says(b"run_done")
        await asyncio.to_thread(embedded.postgres.restart)
        await open_pool(servers.database_url)
        try:
            await make_due("not_known_here")  # the next time that it looks, it takes it
        finally:
            await close_pool()
        await process.says(b"_UnknownJob")

        await process.ends_well()


@pytest.mark.timeout(90)
async def test_worker_process_ends_when_told_while_postgresql_is_frozen(
    own_servers: tuple[Embedded, Servers], tmp_path: Path
) -> None:
    _, servers = own_servers
    data = tmp_path / "data"
    await asyncio.to_thread(command, environment(servers.database_url, servers.redis_url, ORIGIN, data), "migrate")
    async with worker_process(servers.database_url, servers.redis_url, data) as process:
        await process.says(b"worker_started")
        frozen = running_in(data / "postgres", "postgres")
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            await process.says(b"_failed")  # it looked for what is due, or worked on it, in vain

            await process.ends_well()
        finally:
            for pid in frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
