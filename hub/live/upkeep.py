"""Keeps a process's background work going: what ends by an error is logged and begun again, since nobody would notice its absence.

Without it a fault while reading who may still see what would leave sockets open that should be closed.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

AGAIN_S = 1.0

log = structlog.get_logger()


def keep(work: Callable[[], Awaitable[None]], name: str) -> "asyncio.Task[None]":
    """Starts `work` and starts it again, after a second, whenever it ends by an error. Ends when the task is cancelled."""
    return asyncio.create_task(_keep(work, name), name=name)


async def _keep(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("upkeep_failed", work=name)
            await asyncio.sleep(AGAIN_S)
