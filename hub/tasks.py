"""Ending tasks for good."""

import asyncio
from typing import Any

AGAIN_S = 1.0


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancels tasks that go on for ever until they have ended, whatever with. Once is not enough: a library may lose a cancellation that
    comes together with the answer it waits for, and the task would go on."""
    while pending := {task for task in tasks if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN_S)
