"""The worker process: what nobody waits for. `daylight worker` runs it, on a saq queue in Redis.

Jobs are idempotent, and each has an explicit timeout, retries and heartbeat: saq's defaults fail a job of 15 s and lose one whose
worker died.
"""

from typing import Any

import saq
import structlog
from saq.queue.redis import RedisQueue

from hub.database import close_pool, open_pool, transaction
from hub.settings import Settings

SWEEP_CRON = "17 * * * *"
"""Hourly, away from the full hour."""

log = structlog.get_logger()


async def sweep(_: dict[str, Any]) -> None:
    """Deletes what has expired and nobody can use again: enrolment codes after a day, sign-ins a month after they ended."""
    async with transaction() as held:
        codes = await held.execute("DELETE FROM enrolment_code WHERE expires_at < now() - interval '1 day'")
        sign_ins = await held.execute(
            "DELETE FROM sign_in WHERE coalesce(ended_at, created_at + interval '31 days') < now() - interval '30 days'"
        )
    log.info("swept", codes=int(codes.split()[-1]), sign_ins=int(sign_ins.split()[-1]))


async def _started(_: dict[str, Any]) -> None:
    log.info("worker_started")


async def run(settings: Settings) -> None:
    """Works until it is told to stop (SIGTERM, SIGINT)."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    await open_pool(settings.database_url, size=2)
    queue = RedisQueue.from_url(settings.redis_url, name="daylight")  # `Queue.from_url` knows no unix sockets
    sweeping: Any = saq.CronJob(sweep, cron=SWEEP_CRON, timeout=300, retries=3, heartbeat=60)
    worker: Any = saq.Worker(queue, functions=[sweep], cron_jobs=[sweeping], concurrency=2, startup=_started)
    try:
        await worker.start()
    finally:
        await queue.disconnect()
        await close_pool()
