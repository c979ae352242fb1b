"""Those who ask at the same time are answered by one question, each with their own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from hub.live.together import MOST, Together
from tests.journeys.hubs import until


class Oracle:
    """Answers with twice the number, when it is let to."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.free = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.free.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def ask(together: "Together[int, int]", *numbers: int) -> "list[asyncio.Task[int]]":
    """They have all asked when this returns."""
    before = len(together._waiting)
    tasks = [asyncio.create_task(together(number)) for number in numbers]
    await until(lambda: len(together._waiting) == before + len(numbers) or any(task.done() for task in tasks))
    return tasks


async def first_ask(oracle: Oracle, together: "Together[int, int]", *numbers: int) -> "list[asyncio.Task[int]]":
    """They are being asked for when this returns."""
    tasks = [asyncio.create_task(together(number)) for number in numbers]
    await until(lambda: oracle.asked)
    return tasks


async def test_first_goes_at_once_and_those_who_come_meanwhile_go_together() -> None:
    oracle = Oracle()
    together = Together(oracle)
    first = await first_ask(oracle, together, 1)
    others = await ask(together, 2, 3, 4)
    assert oracle.asked == [[1]]
    oracle.free.set()

    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8]
    assert oracle.asked == [[1], [2, 3, 4]]
    assert await together(5) == 10


async def test_groups_have_a_bound() -> None:
    oracle = Oracle()
    oracle.free.set()
    together = Together(oracle)

    assert await asyncio.gather(*map(together, range(100, 100 + 2 * MOST + 1))) == [
        2 * number for number in range(100, 100 + 2 * MOST + 1)
    ]
    assert [len(group) for group in oracle.asked] == [MOST, MOST, 1]


async def test_what_goes_wrong_is_told_to_its_group_and_to_nobody_else() -> None:
    oracle = Oracle()
    together = Together(oracle)
    first = await first_ask(oracle, together, 1)
    others = await ask(together, 12, 13)
    oracle.free.set()

    assert await asyncio.gather(*first) == [2]
    for task in others:
        with pytest.raises(ValueError, match="13"):
            await task
    assert await together(14) == 28


async def test_who_gives_up_is_not_asked_for_and_holds_up_nobody() -> None:
    oracle = Oracle()
    together = Together(oracle)
    first, second = await first_ask(oracle, together, 1, 2)
    third, fourth = await ask(together, 3, 4)
    first.cancel()
    third.cancel()
    oracle.free.set()

    assert (await second, await fourth) == (4, 8)
    assert oracle.asked == [[1, 2], [4]]
