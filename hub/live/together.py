"""One question for all who ask at the same time: thousands that come at once cost the database a few questions, not one each."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

MOST = 100
"""In one question."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Asks for one at once, and for all that come meanwhile together, in their order. Nobody waits for company.

    `ask` is never running twice, and answers in the order of what it is given. What it raises, all of its group get.
    """

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._asking is None:
            # In a context of its own: what it logs is not about whoever happened to come first.
            self._asking = asyncio.create_task(self._ask_for_all(), context=contextvars.Context())
        return await answer

    async def _ask_for_all(self) -> None:
        try:
            while self._waiting:
                # Whoever gave up is not asked for.
                group = [each for each in self._waiting[:MOST] if not each[1].done()]
                self._waiting = self._waiting[MOST:]
                if group:
                    await self._answer(group)
        finally:
            self._asking = None

    async def _answer(self, group: "list[tuple[Asked, asyncio.Future[Answer]]]") -> None:
        try:
            answers = await self._ask([asked for asked, _ in group])
        except Exception as error:  # noqa: BLE001 - it is for those who ask
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
