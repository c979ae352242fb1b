"""What a process brings to the feed: the newest of each device, in few calls, again when the feed has forgotten it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from hub.feed.memory import Memory, MemoryFeed
from hub.feed.record import Record
from hub.live import publisher as publisher_module
from hub.live.publisher import CALLS_MAX, GROUP, Publisher

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
WAIT_S = 10.0


def record(n: int, device: int = 1, team: int = 1, membership: int = 5) -> Record:
    return Record(
        device=device,
        person=device,
        team=team,
        membership=membership,
        session=1,
        n=n,
        hub="one",
        connected=True,
        at=AT,
    )


class Slow(MemoryFeed):
    """A feed that notes its calls. Those of `stuck` teams wait for `freed`, and fail when it says so."""

    def __init__(self, memory: Memory) -> None:
        super().__init__("one", memory)
        self.calls: list[tuple[int, int]] = []
        self.stuck: set[int] = set()
        self.freed = asyncio.Event()
        self.fails = False

    async def publish(self, team: int, records: Iterable[Record]) -> str:
        group = list(records)
        self.calls.append((team, len(group)))
        if team in self.stuck:
            await self.freed.wait()
            if self.fails:
                raise ConnectionError
        return await super().publish(team, group)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def feed(memory: Memory) -> Slow:
    return Slow(memory)


@pytest.fixture
async def publisher(feed: Slow, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Publisher]:
    monkeypatch.setattr(publisher_module, "RETRY_S", 0.01)
    made = Publisher(feed)
    made.start()
    await feed.start(lambda change: None, lambda healthy: None, made.republish)
    yield made
    await made.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0)


def kept(memory: Memory, team: int = 1) -> dict[int, int]:
    return {device: one.n for device, one in memory.team(team).records.items()}


async def test_what_gathers_during_a_call_goes_as_one_group_and_the_newest_of_each(
    publisher: Publisher, feed: Slow, memory: Memory
) -> None:
    feed.stuck = {1}
    publisher.publish(record(1))
    await until(lambda: feed.calls)
    for n in range(2, 100):
        publisher.publish(record(n))
        publisher.publish(record(n, device=2))
    feed.freed.set()
    await until(lambda: not publisher.waiting)

    assert feed.calls == [(1, 1), (1, 2)]
    assert kept(memory) == {1: 99, 2: 99}


async def test_groups_are_of_one_team_and_bounded(publisher: Publisher, feed: Slow, memory: Memory) -> None:
    for device in range(GROUP + 1):
        publisher.publish(record(1, device=device, team=1 + device % 2))
    for device in range(GROUP + 1, 2 * GROUP + 2):
        publisher.publish(record(1, device=device, team=3))
    await until(lambda: not publisher.waiting)

    assert sorted(feed.calls) == [(1, GROUP // 2 + 1), (2, GROUP // 2), (3, 1), (3, GROUP)]


async def test_team_whose_server_is_frozen_holds_up_no_other(publisher: Publisher, feed: Slow, memory: Memory) -> None:
    feed.stuck = set(range(1, CALLS_MAX))
    for team in range(1, 50):
        publisher.publish(record(1, device=team, team=team))

    await until(lambda: all(kept(memory, team) for team in range(CALLS_MAX, 50)))
    assert not any(kept(memory, team) for team in feed.stuck)


async def test_failed_call_leaves_what_is_newest_pending(publisher: Publisher, feed: Slow, memory: Memory) -> None:
    feed.stuck, feed.fails = {1}, True
    publisher.publish(record(1))
    publisher.publish(record(1, device=2))
    await until(lambda: feed.calls)
    publisher.publish(record(2))
    feed.freed.set()
    await until(lambda: len(feed.calls) > 2)
    feed.fails = False
    await until(lambda: not publisher.waiting)

    assert kept(memory) == {1: 2, 2: 1}


async def test_other_epoch_brings_all_devices_of_that_team_again(
    publisher: Publisher, feed: Slow, memory: Memory
) -> None:
    for device, team in ((1, 1), (2, 1), (3, 2)):
        publisher.publish(record(1, device=device, team=team))
    await until(lambda: not publisher.waiting)
    memory._teams.clear()  # and nobody was told
    publisher.publish(record(2))
    await until(lambda: not publisher.waiting)

    assert kept(memory, 1) == {1: 2, 2: 1}
    assert kept(memory, 2) == {}


async def test_everything_is_brought_again_but_who_has_left(publisher: Publisher, memory: Memory) -> None:
    publisher.publish(record(1))
    gone = structs.replace(record(2, device=2), connected=False)
    publisher.publish(gone)
    publisher.drop(2)
    await until(lambda: not publisher.waiting)
    before = kept(memory)
    memory.flush()
    await until(lambda: not publisher.waiting)

    assert before == {1: 1, 2: 2}
    assert kept(memory) == {1: 1}
    assert publisher.latest(2) is None


async def test_device_in_another_team_leaves_the_old_one_for_good(publisher: Publisher, memory: Memory) -> None:
    publisher.publish(record(1))
    await until(lambda: not publisher.waiting)
    publisher.publish(record(2, team=2, membership=6))
    await until(lambda: not publisher.waiting)
    late: Any = await MemoryFeed("two", memory).publish(1, [record(9)])

    assert late
    assert (kept(memory, 1), kept(memory, 2)) == ({}, {1: 2})
    assert publisher.latest(1) == record(2, team=2, membership=6)


async def test_late_word_of_an_earlier_connection_replaces_nothing(
    publisher: Publisher, feed: Slow, memory: Memory
) -> None:
    feed.stuck = {1}
    publisher.publish(record(1))
    await until(lambda: feed.calls)
    later = structs.replace(record(1), session=2)
    publisher.publish(later)
    publisher.publish(record(9))
    feed.freed.set()
    await until(lambda: not publisher.waiting)

    assert memory.team(1).records == {1: later}
    assert publisher.latest(1) == later
