"""The worker process, and the housekeeping that it does."""

import asyncio
import signal
import sys
from pathlib import Path

from hub.database import connection
from hub.worker import sweep
from tests.journeys.hubs import environment

from .conftest import Cast


async def test_sweep_removes_what_nobody_can_use_and_nothing_else(cast: Cast, database: str) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO enrolment_code (code_hash, uses_left, expires_at) VALUES ('old', 1, now() - interval '2 days'), ('new', 1, now())"
        )
        await held.execute(
            "INSERT INTO sign_in (id, person, created_at, ended_at) VALUES (gen_random_uuid(), 1, now() - interval '90 days', NULL), "
            "(gen_random_uuid(), 1, now() - interval '40 days', now() - interval '1 day'), (gen_random_uuid(), 1, now(), NULL)"
        )

    await sweep({})
    await sweep({})

    async with connection() as held:
        assert [bytes(row["code_hash"]) for row in await held.fetch("SELECT code_hash FROM enrolment_code")] == [b"new"]
        assert await held.fetchval("SELECT count(*) FROM sign_in") == 2


async def test_worker_process_starts_and_ends_when_told(database: str, redis_url: str, tmp_path: Path) -> None:
    env = environment(database, redis_url, "http://localhost:8000", tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.cli",
        "worker",
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert b"worker_started" in await process.stdout.readline()
            process.send_signal(signal.SIGTERM)

            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
