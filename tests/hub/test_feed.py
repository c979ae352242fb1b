"""The feed's contract, kept by memory, by one Valkey and by a cluster of three."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio

from hub.feed import node
from hub.feed.contract import FEED_AWAY, Feed
from hub.feed.memory import Memory, MemoryFeed
from hub.feed.record import Change, Record, TeamRecords
from hub.feed.redis import RedisFeed
from hub.wire.activity import Facts

from .valkeys import Cluster, ValkeyServer, cluster, valkey

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
WAIT_S = 15.0


def record(
    n: int, *, session: int = 1, device: int = 1, team: int = 1, membership: int = 5, app: str = "Editor"
) -> Record:
    return Record(
        device=device,
        person=device,
        team=team,
        membership=membership,
        session=session,
        n=n,
        hub="one",
        connected=True,
        at=AT,
        facts=Facts(app=app),
    )


@dataclass
class Listener:
    """What a process hears of its feed."""

    changes: list[Change] = field(default_factory=list)
    health: list[bool] = field(default_factory=list)
    losses: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self, change: Change) -> None:
        self.changes.append(change)
        self.news.set()

    def healthy(self, state: bool) -> None:
        self.health.append(state)
        self.news.set()

    def lost(self) -> None:
        self.losses += 1
        self.news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.news.clear()
                await self.news.wait()


@dataclass
class Deployment:
    """A feed of one kind, and how to do to it what happens to feeds."""

    make: Callable[[str], Feed]
    flush: Callable[[], Any]

    @asynccontextmanager
    async def joined(self, hub: str, listener: Listener) -> AsyncIterator[Feed]:
        feed = self.make(hub)
        await feed.start(listener.changed, listener.healthy, listener.lost)
        await listener.until(lambda: listener.health == [True])
        try:
            yield feed
        finally:
            await feed.stop()


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def shared_valkey() -> Iterator[ValkeyServer]:
    with valkey() as started:
        yield started


@pytest.fixture(params=["memory", "valkey", "cluster"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "memory":
        memory = Memory()

        async def forget() -> None:
            memory.flush()

        return Deployment(lambda hub: MemoryFeed(hub, memory), forget)
    if request.param == "cluster":
        servers: Cluster = request.getfixturevalue("shared_cluster")
        asyncio.run(servers.flush())
        return Deployment(lambda hub: RedisFeed(servers.url, hub), servers.flush)
    server: ValkeyServer = request.getfixturevalue("shared_valkey")

    async def flush() -> None:
        async with server.client() as client:
            await client.flushall()

    asyncio.run(flush())
    return Deployment(lambda hub: RedisFeed(server.url, hub), flush)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def feed(deployment: Deployment, listener: Listener) -> AsyncIterator[Feed]:
    async with deployment.joined("one", listener) as joined:
        yield joined


async def records(feed: Feed, team: int = 1) -> list[Record]:
    return sorted((await feed.snapshot(team)).records, key=lambda kept: kept.device)


async def test_change_of_a_watched_team_is_told_and_kept(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    epoch = await feed.publish(1, [record(1)])
    await listener.until(lambda: listener.changes)

    assert listener.changes == [Change(1, epoch, 1, [record(1)], [])]
    assert await feed.snapshot(1) == TeamRecords(epoch, 1, [record(1)])


async def test_one_call_is_one_change_with_all_that_was_newer(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    await feed.publish(1, [record(5, device=2)])
    await feed.publish(1, [record(1, device=1), record(4, device=2), record(1, device=3), record(2, device=3)])
    await listener.until(lambda: len(listener.changes) == 2)

    assert [change.rev for change in listener.changes] == [1, 2]
    assert listener.changes[1].records == [record(1, device=1), record(2, device=3)]
    assert await records(feed) == [record(1, device=1), record(5, device=2), record(2, device=3)]


async def test_five_hundred_records_go_in_one_call(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    await feed.publish(1, [record(1, device=device) for device in range(500)])
    await listener.until(lambda: listener.changes)

    assert len(listener.changes[0].records) == len(await records(feed)) == 500


async def test_every_team_has_a_count_of_its_own(feed: Feed, listener: Listener) -> None:
    teams = range(1, 30)
    for team in teams:
        await feed.watch(team)
        await feed.publish(team, [record(1, team=team)])
    await listener.until(lambda: len(listener.changes) == len(teams))

    assert {(change.team, change.rev) for change in listener.changes} == {(team, 1) for team in teams}


async def test_team_that_nobody_watches_is_kept_and_not_told(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    await feed.watch(2)
    await feed.unwatch(1)
    await feed.publish(1, [record(1, team=1)])
    await feed.publish(2, [record(1, team=2)])
    await listener.until(lambda: listener.changes)

    assert [change.team for change in listener.changes] == [2]
    assert await records(feed, 1) == [record(1, team=1)]


async def test_team_is_watched_again_at_once_after_it_was_not(feed: Feed, listener: Listener) -> None:
    for _ in range(3):
        await feed.watch(1)
        await feed.unwatch(1)
    await feed.watch(1)
    await feed.watch(1)
    await feed.publish(1, [record(1)])
    await listener.until(lambda: listener.changes)

    assert len(listener.changes) == 1
    assert listener.health == [True]


@pytest.mark.parametrize(
    "older",
    [
        record(5),
        record(4, app="Old"),
        record(99, session=0, app="Old session"),
        record(99, session=9, membership=4, app="Old stay"),
    ],
)
async def test_older_record_changes_nothing_and_is_told_to_nobody(
    feed: Feed, listener: Listener, older: Record
) -> None:
    await feed.watch(1)
    await feed.publish(1, [record(5)])
    await feed.publish(1, [older])
    await feed.publish(1, [record(6)])
    await listener.until(lambda: len(listener.changes) >= 2)

    assert [(change.rev, change.records) for change in listener.changes] == [(1, [record(5)]), (2, [record(6)])]
    assert await records(feed) == [record(6)]


@pytest.mark.parametrize("newer", [record(1, session=2), record(1, session=0, membership=6)])
async def test_later_session_and_later_stay_win_whatever_their_numbers(feed: Feed, newer: Record) -> None:
    await feed.publish(1, [record(900)])
    await feed.publish(1, [newer])

    assert await records(feed) == [newer]


async def test_removed_device_is_told_and_only_a_later_stay_brings_it_back(feed: Feed, listener: Listener) -> None:
    await feed.watch(1)
    await feed.publish(1, [record(5, device=1), record(5, device=2)])
    await feed.remove(1, {1: 6, 2: 5, 3: 7})
    await feed.remove(1, {1: 6})
    await feed.publish(1, [record(6, device=1), record(1, device=3)])
    gone = await records(feed)
    await feed.publish(1, [record(1, device=1, membership=6)])
    await listener.until(lambda: len(listener.changes) == 3)

    assert gone == [record(5, device=2)]
    assert [(change.rev, len(change.records), change.left) for change in listener.changes] == [
        (1, 2, []),
        (2, 0, [1]),
        (3, 1, []),
    ]
    assert await records(feed) == [record(1, device=1, membership=6), record(5, device=2)]


async def test_two_processes_hear_each_other_and_know_of_each_other(deployment: Deployment, feed: Feed) -> None:
    other = Listener()
    feed.agents = 7
    async with deployment.joined("two", other) as second:
        await second.watch(1)
        await feed.publish(1, [record(1)])
        await other.until(lambda: other.changes)
        async with asyncio.timeout(WAIT_S):
            while {hub: lease.agents for hub, lease in second.leases.items()} != {"one": 7, "two": 0}:
                await asyncio.sleep(0.02)
            while feed.leases.keys() != {"one", "two"}:
                await asyncio.sleep(0.02)
        assert all(lease.silent_s < WAIT_S for lease in second.leases.values())
    async with deployment.joined("three", Listener()) as third:
        async with asyncio.timeout(WAIT_S):
            while (lease := feed.leases.get("two")) and lease.silent_s < 1.0:
                await asyncio.sleep(0.02)
            while "one" not in third.leases:
                await asyncio.sleep(0.02)

        assert third.leases["one"].agents == 7
        for one in (feed, third):  # who came after it knows of it as well
            assert one.leases["two"].agents == 0
            assert one.leases["two"].silent_s < WAIT_S


async def test_feed_that_forgot_everything_says_so_and_counts_in_another_epoch(
    deployment: Deployment, feed: Feed, listener: Listener
) -> None:
    await feed.watch(1)
    before = await feed.publish(1, [record(5)])
    await deployment.flush()
    after = await feed.publish(1, [record(5)])
    await listener.until(lambda: listener.losses and listener.health == [True, False, True])

    assert before != after
    assert [(change.epoch, change.rev) for change in listener.changes] == [(before, 1), (after, 1)]
    assert await feed.snapshot(1) == TeamRecords(after, 1, [record(5)])


async def test_change_in_another_epoch_is_told_by_a_feed_that_is_not_well(
    shared_valkey: ValkeyServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may publish again before our own beat notices: what is held then is its devices only."""
    monkeypatch.setattr(node, "BEAT_S", 5.0)
    deployment = Deployment(lambda hub: RedisFeed(shared_valkey.url, hub), None)  # type: ignore[arg-type]
    health_then: list[bool] = []
    async with shared_valkey.client() as client:
        await client.flushall()
    async with deployment.joined("one", listener) as feed, deployment.joined("two", Listener()) as other:
        await feed.watch(1)
        await other.publish(1, [record(1)])
        await listener.until(lambda: listener.changes)
        async with shared_valkey.client() as client:
            await client.flushall()
        feed._on_change = lambda change: (health_then.append(feed.healthy), listener.changed(change))  # type: ignore[attr-defined]
        await other.publish(1, [record(2)])
        await listener.until(lambda: len(listener.changes) == 2)

    assert health_then == [False]
    assert listener.health == [True, False]
    assert listener.losses == 1


async def test_watch_that_is_ended_meanwhile_does_not_wait_for_its_answer(
    shared_valkey: ValkeyServer, listener: Listener
) -> None:
    deployment = Deployment(lambda hub: RedisFeed(shared_valkey.url, hub), None)  # type: ignore[arg-type]
    async with deployment.joined("one", listener) as feed:
        began = time.monotonic()
        for _ in range(5):
            answers = await asyncio.gather(feed.watch(1), feed.unwatch(1), return_exceptions=True)
            assert isinstance(answers[0], FEED_AWAY)

        assert time.monotonic() - began < node.COMMAND_S
        assert listener.health == [True]


async def test_lost_connection_is_noticed_and_mended(shared_valkey: ValkeyServer, listener: Listener) -> None:
    deployment = Deployment(lambda hub: RedisFeed(shared_valkey.url, hub), None)  # type: ignore[arg-type]
    async with deployment.joined("one", listener) as feed, shared_valkey.client() as client:
        await feed.watch(1)
        await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await listener.until(lambda: listener.health == [True, False, True])
        await feed.publish(1, [record(7)])
        await listener.until(lambda: listener.changes)

        assert [change.records for change in listener.changes] == [[record(7)]]
        assert listener.losses == 0


async def test_server_that_restarts_from_its_file_counts_in_another_epoch(listener: Listener) -> None:
    with valkey() as server:
        deployment = Deployment(lambda hub: RedisFeed(server.url, hub), None)  # type: ignore[arg-type]
        async with deployment.joined("one", listener) as feed:
            await feed.watch(1)
            before = await feed.publish(1, [record(5)])
            server.kill()
            await listener.until(lambda: listener.health == [True, False])
            with pytest.raises(FEED_AWAY):
                await feed.publish(1, [record(6)])
            await asyncio.to_thread(server.start)
            await listener.until(lambda: listener.health == [True, False, True])
            kept = await feed.snapshot(1)

            assert (kept.records, kept.rev) == ([record(5)], 0)
            assert kept.epoch != before
            assert listener.losses == 1


async def test_no_call_outlasts_a_frozen_server(listener: Listener) -> None:
    with valkey() as server:
        deployment = Deployment(lambda hub: RedisFeed(server.url, hub), None)  # type: ignore[arg-type]
        async with deployment.joined("one", listener) as feed:
            server.freeze()
            calls = [feed.publish(1, [record(1)]), feed.snapshot(1), feed.remove(1, {1: 9}), feed.watch(1)]
            async with asyncio.timeout(node.COMMAND_S + WAIT_S):
                answers = await asyncio.gather(*calls, return_exceptions=True)
                await listener.until(lambda: listener.health == [True, False])
            server.thaw()
            await listener.until(lambda: listener.health == [True, False, True])
            await feed.publish(1, [record(2)])
            await listener.until(lambda: listener.changes)

            assert all(isinstance(answer, FEED_AWAY) for answer in answers)
            assert listener.changes[-1].records == [record(2)]


async def test_one_frozen_node_of_a_cluster_makes_stale_and_holds_up_no_other_team(
    shared_cluster: Cluster, listener: Listener
) -> None:
    await shared_cluster.flush()
    deployment = Deployment(lambda hub: RedisFeed(shared_cluster.url, hub), None)  # type: ignore[arg-type]
    async with deployment.joined("one", listener) as feed:
        for team in range(1, 13):
            await feed.watch(team)
        shared_cluster.servers[1].freeze()
        try:
            await listener.until(lambda: listener.health == [True, False])
            published = []
            for team in range(1, 13):
                try:
                    await feed.publish(team, [record(1, team=team)])
                    published.append(team)
                except FEED_AWAY:
                    continue
        finally:
            shared_cluster.servers[1].thaw()
        await listener.until(lambda: len(listener.changes) >= len(published))
        await listener.until(lambda: listener.health[-1])
        for team in range(1, 13):
            await feed.publish(team, [record(2, team=team)])
        await listener.until(lambda: len(listener.changes) == len(published) + 12)

        assert published
    await shared_cluster.agreed()


async def test_team_whose_slot_is_moving_is_stale_until_it_has_moved(
    shared_cluster: Cluster, listener: Listener
) -> None:
    await shared_cluster.flush()
    slot = redis.crc.key_slot(b"1")
    owner = slot // 5462
    deployment = Deployment(lambda hub: RedisFeed(shared_cluster.url, hub), None)  # type: ignore[arg-type]
    async with deployment.joined("one", listener) as feed, shared_cluster.clients() as clients:
        names = [(await client.execute_command("CLUSTER MYID")).decode() for client in clients]
        target = (owner + 1) % 3
        await clients[target].execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[owner])
        await clients[owner].execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[target])
        try:
            with pytest.raises(FEED_AWAY):
                await feed.publish(1, [record(1)])
            await listener.until(lambda: listener.health == [True, False])
        finally:
            for client in (clients[target], clients[owner]):
                await client.execute_command("CLUSTER SETSLOT", slot, "STABLE")
        await listener.until(lambda: listener.health == [True, False, True])
        await feed.publish(1, [record(2)])

        assert await records(feed) == [record(2)]


async def test_team_whose_slot_moves_to_another_node_is_followed_there(
    shared_cluster: Cluster, listener: Listener
) -> None:
    await shared_cluster.flush()
    slot = redis.crc.key_slot(b"1")
    deployment = Deployment(lambda hub: RedisFeed(shared_cluster.url, hub), None)  # type: ignore[arg-type]
    async with deployment.joined("one", listener) as feed, shared_cluster.clients() as clients:
        await feed.watch(1)
        await feed.publish(1, [record(1)])
        names = [(await client.execute_command("CLUSTER MYID")).decode() for client in clients]
        owner = slot // 5462
        await clients[owner].flushall()
        target = names[(owner + 1) % 3]
        for client in clients:
            await client.execute_command("CLUSTER SETSLOT", slot, "NODE", target)
        await listener.until(lambda: listener.health[-2:] == [False, True])
        await feed.publish(1, [record(2)])
        await listener.until(lambda: listener.changes and listener.changes[-1].records == [record(2)])

        assert await records(feed) == [record(2)]
    await shared_cluster.flush()
    async with shared_cluster.clients() as clients:
        for client in clients:
            await client.execute_command("CLUSTER SETSLOT", slot, "NODE", names[owner])
    await shared_cluster.agreed()
