"""Runs of the worker's jobs: the row in `report_run` is the truth of each, and the queue only carries word of it.

The worker (`worker.py`) makes runs due, takes them, and says how they ended. A queue that is emptied, a worker that is killed or stopped
between taking and finishing, or one that is frozen and comes back: none of them loses a run or runs it twice at a time. Who takes a run
holds it by a lease and the number of the attempt; whoever lost it can neither renew nor finish it. Jobs are idempotent, since a worker
that lost its lease may have done its work without being able to say so. Nothing here knows the queue, or what a job does.
"""

from datetime import datetime, timedelta

import msgspec

from hub.database import connection

LEASE_S = 60.0
"""A worker that has not renewed for this long is taken for dead."""
ATTEMPTS_MAX = 5
KEPT = timedelta(days=14)
"""A job of each minute then has some 20,000 rows."""
ERROR_MAX = 200
LOST = "WorkerLost"
"""The error of a run whose workers were all lost."""


class Waiting(msgspec.Struct, frozen=True):
    """An open run that nobody works on."""

    id: int
    job: str
    waited_s: float
    taken_us: int
    """When it was taken last, in microseconds since 1970; 0: never."""


class Held(msgspec.Struct, frozen=True):
    """A run that this worker has taken. `attempt` is what renewing and finishing are conditional on."""

    id: int
    job: str
    attempt: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a job's runs in one state stand."""

    job: str
    state: str
    count: int
    ended_age_s: float | None
    """Since the latest of them ended."""
    queued_age_s: float
    """Since the earliest of them was made due."""


async def due(job: str, at: datetime, since: datetime) -> bool:
    """Makes an open run, unless there is one or one was made at or after `since`. True when it did. Safe from several workers at once."""
    async with connection() as held:
        made = await held.fetchval(
            """
            INSERT INTO report_run (job, queued_at)
            SELECT $1::varchar, $2::timestamptz WHERE NOT EXISTS (SELECT FROM report_run WHERE job = $1::varchar AND queued_at >= $3)
            ON CONFLICT (job) WHERE state IN ('queued', 'running') DO NOTHING RETURNING id
            """,
            job,
            at,
            since,
        )
    return made is not None


async def database_now() -> datetime:
    """The time by which runs are due and leases pass, whatever the clocks of workers say."""
    async with connection() as held:
        now: datetime = await held.fetchval("SELECT now()")
    return now


async def waiting() -> list[Waiting]:
    """Open runs that nobody works on: never taken, given back, or their worker's lease has passed. Fails those tried too often."""
    async with connection() as held:
        await held.execute(
            "UPDATE report_run SET state = 'failed', finished_at = now(), error = $2 "
            "WHERE state = 'running' AND lease_until_at < now() AND attempts >= $1",
            ATTEMPTS_MAX,
            LOST,
        )
        rows = await held.fetch(
            "SELECT id, job, extract(epoch FROM now() - queued_at)::float8 AS waited_s, "
            "coalesce(extract(epoch FROM started_at) * 1000000, 0)::bigint AS taken_us FROM report_run "
            "WHERE state = 'queued' OR (state = 'running' AND lease_until_at < now()) ORDER BY id"
        )
    return [Waiting(**row) for row in rows]


async def take(run: int) -> Held | None:
    """Takes a run that nobody works on. `None`: somebody does, or it has ended."""
    async with connection() as held:
        row = await held.fetchrow(
            """
            UPDATE report_run
            SET state = 'running', started_at = now(), lease_until_at = now() + $2::interval, attempts = attempts + 1
            WHERE id = $1 AND attempts < $3 AND (state = 'queued' OR (state = 'running' AND lease_until_at < now()))
            RETURNING id, job, attempts AS attempt
            """,
            run,
            timedelta(seconds=LEASE_S),
            ATTEMPTS_MAX,
        )
    return Held(**row) if row else None


async def renew(run: Held) -> bool:
    """Prolongs the lease. False: the run is somebody else's by now, or has ended."""
    return await _change(run, "lease_until_at = now() + $3::interval", timedelta(seconds=LEASE_S))


async def finish(run: Held, detail: bytes = b"{}") -> bool:
    """Notes that a run ended well, with its figures as JSON. False: it was somebody else's by then."""
    return await _change(run, "state = 'done', finished_at = now(), error = '', detail = $3::jsonb", detail.decode())


async def fail(run: Held, error: str) -> bool:
    """Notes an attempt that went wrong: the run is open for the next one, or has failed when this was the last."""
    if run.attempt >= ATTEMPTS_MAX:
        return await _change(run, "state = 'failed', finished_at = now(), error = $3", error[:ERROR_MAX])
    return await _change(run, "state = 'queued', lease_until_at = NULL, error = $3", error[:ERROR_MAX])


async def give_back(run: Held) -> bool:
    """Leaves a run to another worker, as if it had not been taken: this one is told to stop, which is no fault of the job's."""
    return await _change(run, "state = 'queued', lease_until_at = NULL, attempts = attempts - 1")


async def prune(now: datetime) -> int:
    """Deletes runs that ended long ago, but never the latest of a job that ended well, nor the latest that failed."""
    async with connection() as held:
        deleted: str = await held.execute(
            """
            DELETE FROM report_run old WHERE state IN ('done', 'failed') AND finished_at < $1
            AND EXISTS (SELECT FROM report_run newer WHERE newer.job = old.job AND newer.state = old.state AND newer.id > old.id)
            """,
            now - KEPT,
        )
    return int(deleted.split()[-1])


async def standing() -> list[Standing]:
    """All jobs' runs by state, for the figures."""
    async with connection() as held:
        rows = await held.fetch(
            """
            SELECT job, state, count(*) AS count, extract(epoch FROM now() - max(finished_at))::float8 AS ended_age_s,
                extract(epoch FROM now() - min(queued_at))::float8 AS queued_age_s
            FROM report_run GROUP BY job, state
            """
        )
    return [Standing(**row) for row in rows]


async def _change(run: Held, change: str, *values: object) -> bool:
    """Changes a run that is still held by this attempt."""
    async with connection() as held:
        done: str = await held.execute(
            f"UPDATE report_run SET {change} WHERE id = $1 AND state = 'running' AND attempts = $2",  # noqa: S608
            run.id,
            run.attempt,
            *values,
        )
    return done == "UPDATE 1"
