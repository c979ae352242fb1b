"""The teams that a process follows: what the directory knows better is taken out of the feed, and silence of hubs is noticed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import homes
from hub.feed.memory import Memory, MemoryFeed
from hub.feed.record import Record, TeamRecords
from hub.figures import FIGURES
from hub.live.follow import Follow

from .test_snapshot_law import follower

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(person: int, membership: int, hub: str = "one") -> Record:
    return Record(
        device=person,
        person=person,
        team=1,
        membership=membership,
        session=1,
        n=1,
        hub=hub,
        connected=True,
        at=AT,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(clock)


@pytest.fixture
async def other(memory: Memory) -> MemoryFeed:
    """The feed of another process."""
    made = MemoryFeed("one", memory)
    await made.start(lambda change: None, lambda healthy: None, lambda: None)
    return made


@pytest.fixture
async def follow(memory: Memory, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Follow]:
    async def directory(known: homes.Directory) -> homes.Directory:
        members = (homes.HomeMember(person, f"Person {person}", 1, False, 5) for person in (1, 2))
        return homes.Directory({1: "Team"}, tuple(members), {1: 5, 2: 5, 3: 8})

    monkeypatch.setattr(homes, "directory", directory)
    made = follower(MemoryFeed("viewer", memory), lambda: AT + timedelta(seconds=clock.now))
    await made.start(lambda: None, lambda: None)
    yield made
    await made.stop()


def links(follow: Follow) -> dict[int, str]:
    follow.settle(AT)
    team = follow.team(1)
    assert team is not None
    return {person: tile.link for person, tile in team._tiles.items()}


async def test_what_people_left_behind_is_taken_out_and_what_is_ahead_of_us_is_kept(
    follow: Follow, other: MemoryFeed, memory: Memory
) -> None:
    await other.publish(1, [record(1, 4), record(2, 6), record(3, 7), record(4, 1)])
    await follow.open(1)
    async with asyncio.timeout(30):
        while len(memory.team(1).records) > 2:
            await asyncio.sleep(0)

    assert memory.team(1).records.keys() == {2, 4}
    assert links(follow) == {1: "offline", 2: "live"}


async def test_people_of_a_silent_hub_are_unknown_then_offline_and_live_when_it_speaks_again(
    follow: Follow, other: MemoryFeed, clock: Clock
) -> None:
    await follow.open(1)
    await other.publish(1, [record(1, 5)])
    other.kill()
    seen = []
    for later_s in (4.0, 2.0, 55.0):
        clock.now += later_s
        follow.look_at_hubs()
        seen.append(links(follow)[1])
    await other.start(lambda change: None, lambda healthy: None, lambda: None)
    follow.look_at_hubs()

    assert seen == ["live", "unknown", "offline"]
    assert links(follow)[1] == "live"


async def test_hub_that_nobody_has_heard_of_is_offline_until_it_speaks(
    follow: Follow, other: MemoryFeed, memory: Memory
) -> None:
    await other.publish(1, [record(1, 5, hub="long gone")])
    await follow.open(1)
    before = links(follow)[1]
    await other.publish(1, [record(2, 5, hub="brand new")])

    assert before == "offline"
    assert links(follow) == {1: "offline", 2: "live"}


async def test_people_of_a_hub_that_just_started_stay_live_until_its_lease_is_known(
    follow: Follow, other: MemoryFeed, clock: Clock
) -> None:
    await follow.open(1)
    await other.publish(1, [record(1, 5, hub="brand new")])
    seen = []
    for later_s in (0.0, 1.5, 1.5):
        clock.now += later_s
        follow.look_at_hubs()
        seen.append(links(follow)[1])

    assert seen == ["live", "live", "offline"]


async def test_team_that_falls_behind_while_others_are_read_anew_is_read_again(
    follow: Follow, other: MemoryFeed, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for team in (1, 2):
        await follow.open(team)
    read: dict[int, asyncio.Event] = {1: asyncio.Event(), 2: asyncio.Event()}
    real = follow._feed.snapshot

    async def in_turn(team: int) -> TeamRecords:
        kept = await real(team)
        read[team].set()
        if team == 2 and not memory.team(1).rev:
            await asyncio.sleep(0)  # the other one is whole again
            await asyncio.sleep(0)
            memory.team(1).rev += 1  # a change that is lost on its way
            await other.publish(1, [record(1, 5)])
        return kept

    monkeypatch.setattr(follow._feed, "snapshot", in_turn)
    follow._on_health(False)
    follow._on_health(True)
    async with asyncio.timeout(30):
        while follow.stale_since:
            await asyncio.sleep(0)

    assert all(event.is_set() for event in read.values())
    assert links(follow)[1] == "live"


async def test_change_that_comes_just_before_a_team_is_watched_is_shown(
    follow: Follow, other: MemoryFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no later change comes that would show the gap: so the snapshot has to be read after the team is watched."""
    real, arriving = follow._feed.watch, [record(1, 5), record(2, 5)]

    async def late(team: int) -> None:
        await other.publish(team, [arriving.pop(0)])
        await real(team)

    monkeypatch.setattr(follow._feed, "watch", late)
    await follow.open(1)
    first = links(follow)
    await follow._feed.unwatch(1)  # as a lost connection does
    follow._on_health(False)
    follow._on_health(True)
    async with asyncio.timeout(30):
        while follow.stale_since:
            await asyncio.sleep(0)

    assert first == {1: "live", 2: "offline"}
    assert links(follow) == {1: "live", 2: "live"}


async def test_team_whose_last_viewer_leaves_while_it_is_watched_again_keeps_no_other_stale(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for team in (1, 2):
        await follow.open(team)
    real = follow._feed.watch

    async def interrupted(team: int) -> None:
        if team == 1:
            await follow.release([1], lambda team: False)
            raise ConnectionError("the feed went away")
        await real(team)

    monkeypatch.setattr(follow._feed, "watch", interrupted)
    follow._on_health(False)
    follow._on_health(True)
    await asyncio.gather(*follow._running)

    assert not follow.stale_since


async def test_feed_that_is_away_from_the_start_is_stale_until_it_comes(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def directory(known: homes.Directory) -> homes.Directory:
        return homes.Directory({1: "Team"}, (), {})

    async def away(on_change: Any, on_health: Any, on_lost: Any) -> None:
        feed.on_health = on_health

    monkeypatch.setattr(homes, "directory", directory)
    feed: Any = MemoryFeed("viewer", memory)
    monkeypatch.setattr(feed, "start", away)
    follow, told = follower(feed), list[str]()
    await follow.start(lambda: told.append("stale"), lambda: told.append("recovered"))
    stale = FIGURES.stale
    feed.healthy = True
    feed.on_health(True)
    await asyncio.gather(*follow._running)
    await follow.stop()

    assert stale
    assert told == ["stale", "recovered"]
    assert not FIGURES.stale
