"""Ending tasks for good, and doing some things at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

Thing = TypeVar("Thing")

AGAIN_S = 1.0


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancels tasks that go on for ever until they have ended, whatever with. Once is not enough: a library may lose a cancellation that
    comes together with the answer it waits for, and the task would go on."""
    while pending := {task for task in tasks if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN_S)


async def some_at_once(do: Callable[[Thing], Awaitable[None]], things: Iterable[Thing], at_once: int) -> None:
    """Does it with each of them, begun in their order, with at most so many at a time. Raises what the first one that fails does, once the
    others have ended; none is begun after that."""
    left = iter(things)

    async def one_after_the_other() -> None:
        for thing in left:
            await do(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_the_other())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
