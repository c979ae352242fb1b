"""Runs of jobs: who holds one, who lost it, and what is made of the rest."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub import runs
from hub.database import connection

NOW = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("database")


async def open_run(job: str = "count") -> int:
    assert await runs.due(job, datetime.now(UTC), datetime.now(UTC) + MINUTE)
    return next(run.id for run in await runs.waiting() if run.job == job)


async def let_lease_pass(run: int) -> None:
    async with connection() as held:
        await held.execute("UPDATE report_run SET lease_until_at = now() - interval '1 second' WHERE id = $1", run)


async def states() -> list[tuple[str, int, str]]:
    async with connection() as held:
        rows = await held.fetch("SELECT state, attempts, error FROM report_run ORDER BY id")
    return [tuple(row) for row in rows]


async def test_job_has_one_open_run_however_many_workers_make_it_due() -> None:
    made = await asyncio.gather(*(runs.due("count", NOW, NOW + MINUTE * n) for n in range(10)))

    assert sum(made) == 1
    assert await states() == [("queued", 0, "")]


async def test_job_is_due_again_only_after_its_next_time() -> None:
    assert await runs.due("count", NOW, NOW)
    held = await runs.take((await runs.waiting())[0].id)
    assert held
    await runs.finish(held)

    assert not await runs.due("count", NOW + MINUTE, NOW)
    assert await runs.due("count", NOW + MINUTE, NOW + MINUTE)


async def test_of_many_workers_one_takes_a_run() -> None:
    run = await open_run()

    taken = [held for held in await asyncio.gather(*(runs.take(run) for _ in range(10))) if held]

    assert len(taken) == 1
    assert await runs.waiting() == []


async def test_worker_that_lost_its_lease_can_neither_renew_nor_finish() -> None:
    run = await open_run()
    frozen = await runs.take(run)
    assert frozen
    await let_lease_pass(run)
    assert [waiting.id for waiting in await runs.waiting()] == [run]
    second = await runs.take(run)
    assert second

    refused = await runs.renew(frozen), await runs.finish(frozen), await runs.fail(frozen, "TimeoutError")
    assert refused == (False, False, False)
    assert await runs.renew(second)
    assert await runs.finish(second)
    assert await states() == [("done", 2, "")]


async def test_renewed_run_is_nobody_elses() -> None:
    run = await open_run()
    held = await runs.take(run)
    assert held
    await let_lease_pass(run)
    await runs.renew(held)

    assert await runs.take(run) is None
    assert await runs.waiting() == []


async def test_run_that_fails_at_each_attempt_has_failed_and_the_next_is_due() -> None:
    run = await open_run()
    for _ in range(runs.ATTEMPTS_MAX):
        held = await runs.take(run)
        assert held
        await runs.fail(held, "ZeroDivisionError")

    assert await states() == [("failed", runs.ATTEMPTS_MAX, "ZeroDivisionError")]
    assert await runs.take(run) is None
    assert await open_run() != run


async def test_run_whose_workers_are_all_lost_fails() -> None:
    run = await open_run()
    for _ in range(runs.ATTEMPTS_MAX):
        assert await runs.take(run)
        await let_lease_pass(run)

    assert await runs.waiting() == []
    assert await states() == [("failed", runs.ATTEMPTS_MAX, runs.LOST)]


async def test_run_that_is_given_back_is_free_at_once_and_has_lost_no_attempt() -> None:
    run = await open_run()
    held = await runs.take(run)
    assert held

    await runs.give_back(held)

    assert await states() == [("queued", 0, "")]
    assert await runs.take(run)


async def test_prune_keeps_the_latest_of_each_job_and_state() -> None:
    async with connection() as held:
        await held.execute(
            """
            INSERT INTO report_run (job, state, finished_at, error)
            SELECT job, state, $1::timestamptz - age * interval '1 day', job || age
            FROM unnest('{rare,often}'::text[]) job, unnest('{done,failed}'::text[]) state, unnest('{60,50,40}'::int[]) age
            UNION ALL SELECT 'often', 'done', $1::timestamptz, 'often0'
            """,
            NOW,
        )
        await held.execute("INSERT INTO report_run (job, state) VALUES ('rare', 'queued')")

    assert await runs.prune(NOW) == 9

    async with connection() as held:
        kept = await held.fetch(
            "SELECT job, state, error FROM report_run WHERE finished_at IS NOT NULL ORDER BY error, state"
        )
    assert [tuple(row) for row in kept] == [
        ("often", "done", "often0"),
        ("often", "failed", "often40"),
        ("rare", "done", "rare40"),
        ("rare", "failed", "rare40"),
    ]
