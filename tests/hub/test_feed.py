"""The feed's contract, kept by Redis and by memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import redis.asyncio

from hub.feed.contract import Feed
from hub.feed.memory import MemoryFeed
from hub.feed.record import Record
from hub.feed.redis import RedisFeed
from hub.wire.activity import Facts

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
WAIT_S = 10.0


def record(n: int, *, session: int = 1, device: int = 1, team: int = 1, app: str = "Editor") -> Record:
    return Record(
        device=device,
        person=device,
        team=team,
        session=session,
        n=n,
        hub="one",
        connected=True,
        at=AT,
        facts=Facts(app=app),
    )


class Listener:
    def __init__(self) -> None:
        self.changes: list[Record] = []
        self.health: list[bool] = []
        self.news = asyncio.Event()

    def changed(self, change: Record) -> None:
        self.changes.append(change)
        self.news.set()

    def healthy(self, state: bool) -> None:
        self.health.append(state)
        self.news.set()

    async def until(self, condition: object) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():  # type: ignore[operator]
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(params=["memory", "redis"])
async def feed(request: pytest.FixtureRequest, listener: Listener) -> AsyncIterator[Feed]:
    made: Feed
    if request.param == "memory":
        made = MemoryFeed("one")
    else:
        url: str = request.getfixturevalue("servers").redis_url
        async with redis.asyncio.from_url(url) as client:
            await client.flushall()
        made = RedisFeed(url, "one")
    await made.start(listener.changed, listener.healthy)
    await listener.until(lambda: listener.health == [True])
    yield made
    await made.stop()


async def test_change_of_a_watched_team_is_told_and_kept(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    await feed.publish([record(1)])
    await listener.until(lambda: listener.changes)

    assert listener.changes == [record(1)]
    assert await feed.snapshot(1) == [record(1)]


async def test_team_that_nobody_watches_is_kept_and_not_told(feed: Feed, listener: Listener) -> None:
    await feed.watch(2)
    await feed.publish([record(1, team=1), record(1, device=9, team=2)])
    await listener.until(lambda: listener.changes)

    assert [change.team for change in listener.changes] == [2]
    assert await feed.snapshot(1) == [record(1, team=1)]


@pytest.mark.parametrize("older", [record(5), record(4, app="Old"), record(99, session=0, app="Old session")])
async def test_older_record_changes_nothing_and_is_told_to_nobody(
    feed: Feed, listener: Listener, older: Record
) -> None:
    await feed.watch(1)
    await feed.publish([record(5)])
    await feed.publish([older])
    await feed.publish([record(6)])
    await listener.until(lambda: len(listener.changes) >= 2)

    assert [change.n for change in listener.changes] == [5, 6]
    assert await feed.snapshot(1) == [record(6)]


async def test_later_session_wins_whatever_its_number(feed: Feed) -> None:
    await feed.publish([record(900)])
    await feed.publish([record(1, session=2)])

    assert await feed.snapshot(1) == [record(1, session=2)]


async def test_removed_device_is_gone_and_may_come_back(feed: Feed) -> None:
    await feed.publish([record(5)])
    await feed.remove(1, 1)
    gone = await feed.snapshot(1)
    await feed.publish([record(6)])

    assert gone == []
    assert await feed.snapshot(1) == [record(6)]


async def test_own_process_is_heard_and_an_unknown_one_is_not(feed: Feed) -> None:
    assert await feed.hubs_heard(["one", "nobody"]) == {"one"}


async def test_feed_that_lost_everything_is_filled_again(servers: object, listener: Listener) -> None:
    url: str = servers.redis_url  # type: ignore[attr-defined]
    feed = RedisFeed(url, "one")
    await feed.start(listener.changed, listener.healthy)
    await listener.until(lambda: listener.health)
    await feed.watch(1)
    await feed.publish([record(5)])
    async with redis.asyncio.from_url(url) as client:
        await client.flushall()
    await feed.publish([record(5)])

    assert await feed.snapshot(1) == [record(5)]
    await feed.stop()


async def test_lost_connection_is_noticed_and_mended(servers: object, listener: Listener) -> None:
    url: str = servers.redis_url  # type: ignore[attr-defined]
    feed = RedisFeed(url, "one")
    await feed.start(listener.changed, listener.healthy)
    await listener.until(lambda: listener.health == [True])
    await feed.watch(1)
    async with redis.asyncio.from_url(url) as client:
        await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await listener.until(lambda: listener.health == [True, False, True])
    await feed.publish([record(7)])
    await listener.until(lambda: listener.changes)

    assert listener.changes == [record(7)]
    await feed.stop()
