"""Snapshot + deltas = a fresh snapshot = the truth, whatever happens between the desks and the wall.

Two hub processes publish what their devices say; a third follows two teams for a viewer who reads part by part. People move, devices change
hubs, time passes and whoever was active turns idle, the feed is flushed, and its messages come late, twice, out of order or not at all.
Once it is quiet, three must be equal: what the viewer has put together, what a process that starts now reads, and a model that knows only
what was said.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from hub import homes
from hub.feed import node
from hub.feed import redis as redis_module
from hub.feed.contract import Feed
from hub.feed.memory import Memory, MemoryFeed
from hub.feed.record import Change, Record, TeamRecords
from hub.feed.redis import RedisFeed
from hub.live import follow as follow_module
from hub.live import telling as telling_module
from hub.live.follow import Follow
from hub.live.presence import unite
from hub.live.publisher import Publisher
from hub.live.team import TeamView
from hub.live.telling import Telling
from hub.wire.activity import Facts
from hub.wire.frames import viewer_browser_side
from hub.wire.viewer import Delta, Snapshot, Tile

from .valkeys import ValkeyServer, valkey

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
TEAMS = (1, 2)
OWNERS = {1: 1, 2: 1, 3: 2, 4: 3}
"""Person by device: the first has two."""
PEOPLE = sorted(set(OWNERS.values()))
HUBS = ("one", "two")
QUIET_S = 10.0
IDLE = timedelta(seconds=301)
"""A silence of this length is idle."""


class World:
    """What is true: who is where, and what every device said last."""

    def __init__(self) -> None:
        self.now = AT
        self.homes = {person: homes.Home(TEAMS[person % 2], person) for person in PEOPLE}
        self.memberships = max(PEOPLE)
        self.session = 0
        self.said: dict[int, Record] = {}

    def move(self, person: int) -> None:
        self.memberships += 1
        self.homes[person] = homes.Home(3 - self.homes[person].team, self.memberships)

    def leave(self, person: int) -> None:
        self.homes.pop(person, None)

    def come_back(self, person: int, team: int) -> None:
        if person not in self.homes:
            self.memberships += 1
            self.homes[person] = homes.Home(team, self.memberships)

    def note(self, record: Record) -> None:
        known = self.said.get(record.device)
        if known is None or known.order < record.order:
            self.said[record.device] = record

    def forget(self, held: Iterable[Record]) -> None:
        """The feed lost everything: what is left is what processes still hold."""
        self.said.clear()
        for record in held:
            self.note(record)

    async def directory(self, known: homes.Directory) -> homes.Directory:
        members = (
            homes.HomeMember(person, f"Person {person}", home.team, False, home.membership)
            for person, home in sorted(self.homes.items())
        )
        lowest = {
            person: self.homes[person].membership if person in self.homes else self.memberships + 1 for person in PEOPLE
        }
        return homes.Directory(dict.fromkeys(TEAMS, "Team"), tuple(members), lowest)

    def tiles(self, team: int) -> dict[int, Tile]:
        drawn = {}
        for person, home in self.homes.items():
            if home.team == team:
                said = [
                    record
                    for record in self.said.values()
                    if record.person == person and record.membership == home.membership
                ]
                drawn[person] = unite(person, f"Person {person}", False, said, self.now, lambda hub: "live")
        return drawn


class Desks:
    """One hub process, as far as its devices go: the real publisher, and connections that number what they say."""

    def __init__(self, name: str, feed: Feed, world: World) -> None:
        self.name = name
        self.feed = feed
        self.publisher = Publisher(feed)
        self._world = world
        self._homes = dict(world.homes)
        self.connected: dict[int, Record] = {}
        self.losses = 0

    async def start(self) -> None:
        self.publisher.start()
        await self.feed.start(lambda change: None, lambda healthy: None, self._lost)

    async def stop(self) -> None:
        await self.publisher.stop()
        await self.feed.stop()

    def connect(self, device: int) -> None:
        self._world.session += 1
        person = OWNERS[device]
        if home := self._world.homes.get(person):  # asked of the database at hello
            self._homes[person] = home
            self._say(
                Record(
                    device=device,
                    person=person,
                    team=home.team,
                    membership=home.membership,
                    session=self._world.session,
                    n=1,
                    hub=self.name,
                    connected=True,
                    at=AT,
                    facts=self._facts(device, "Desktop"),
                )
            )

    def say(self, device: int, app: str) -> None:
        if record := self.connected.get(device):
            self._say(structs.replace(record, n=record.n + 1, facts=self._facts(device, app)))

    def disconnect(self, device: int) -> None:
        if record := self.connected.get(device):
            self._say(structs.replace(record, n=record.n + 1, connected=False, facts=Facts()))
            self.publisher.drop(device)
            del self.connected[device]

    def learn(self) -> None:
        """Reads the directory: records go where their people went."""
        before, self._homes = self._homes, dict(self._world.homes)
        for record in list(self.connected.values()):
            home = self._homes.get(record.person)
            if home is not None and before.get(record.person) != home:
                moved = structs.replace(record, n=record.n + 1, team=home.team, membership=home.membership)
                self._say(moved)

    def _facts(self, device: int, app: str) -> Facts:
        """Of two devices of a person one is typed on and one is in a call: which of them is shown depends on the time."""
        return Facts(app=app, call=True) if device % 2 else Facts(app=app, last_input_at=self._world.now)

    def _lost(self) -> None:
        self.losses += 1
        self.publisher.republish()

    def _say(self, record: Record) -> None:
        self.connected[record.device] = record
        self.publisher.publish(record)
        self._world.note(record)


class Unreliable:
    """A feed whose changes come as fate has it. Everything else is the real one's."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.fates: list[str] = []
        self.held: list[Change] = []
        self.dropped = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    async def start(self, on_change: Any, on_health: Any, on_lost: Any) -> None:
        self.on_change, self.on_health = on_change, on_health
        await self._feed.start(self._arrived, on_health, on_lost)

    async def snapshot(self, team: int) -> TeamRecords:
        for _ in range(2):
            await asyncio.sleep(0)
        read = await self._feed.snapshot(team)
        for _ in range(4):  # on its way, and changes with it
            await asyncio.sleep(0)
        return read

    def release(self) -> None:
        """What was held comes after all, the last first."""
        held, self.held = self.held, []
        for change in reversed(held):
            self.on_change(change)

    def _arrived(self, change: Change) -> None:
        fate = self.fates.pop(0) if self.fates else "come"
        if fate == "hold":
            self.held.append(change)
        elif fate == "drop":
            self.dropped = True
        else:
            for _ in range(2 if fate == "twice" else 1):
                self.on_change(change)


class Reader:
    """A viewer: takes frames part by part, and applies them as the page does."""

    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._codec = viewer_browser_side()
        self._telling: dict[int, Telling] = {}
        self._revs: dict[int, int] = {}
        self.tiles: dict[int, dict[int, Tile]] = {}

    def read(self, parts: int) -> None:
        for team in TEAMS:
            for _ in range(parts):
                self._read(self._follow.team(team))

    def _read(self, team: TeamView | None) -> None:
        assert team is not None
        telling = self._telling.get(team.team)
        if telling is None:
            since = self._revs.get(team.team)
            if since == team.rev:
                return
            telling = team.snapshot() if since is None else team.newer(since)
            self._telling[team.team] = telling
        frame: Any = self._codec.decode(payload(telling.next(AT).frame))
        if isinstance(frame, Snapshot):
            if frame.part == 0:
                self.tiles[team.team] = {}
        else:
            assert isinstance(frame, Delta)
            for person in frame.gone:
                self.tiles[team.team].pop(person, None)
        self.tiles[team.team].update({tile.person: tile for tile in frame.tiles})
        if telling.done:
            self._revs[team.team] = telling.rev
            del self._telling[team.team]


def payload(frame: bytes) -> str:
    """Of an unmasked websocket frame."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :].decode()


def follower(feed: Feed, now: Callable[[], datetime] = lambda: AT) -> Follow:
    nothing = SimpleNamespace(republish=lambda: None, resume=lambda: None)
    registry: Any = mock.MagicMock()
    registry.connections.return_value = []
    registry.__len__.return_value = 0
    ingest: Any = SimpleNamespace(shared=SimpleNamespace(homes={}, publisher=nothing), registry=registry)
    return Follow(feed, ingest, now)


@contextlib.asynccontextmanager
async def following(feed: Feed) -> AsyncIterator[Follow]:
    follow = follower(feed)
    await follow.start(lambda: None, lambda: None)
    try:
        for team in TEAMS:
            await follow.open(team)
        yield follow
    finally:
        await follow.stop()


ACTS = [
    "connect",
    "say",
    "say",
    "disconnect",
    "hold",
    "drop",
    "twice",
    "release",
    "move",
    "leave",
    "come_back",
    "learn",
]
ACTS += ["time_passes", "view_learns", "flush", "reconnect", "draw", "wait"]
Step = tuple[str, int, int, int]
"""What happens, to which device or person, at which hub or team, and how often the loop turns after it."""
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 3),
        st.integers(0, 1),
        st.integers(0, 6),
    ),
    min_size=5,
    max_size=80,
)


async def law_holds(
    plan: list[Step], make: Callable[[str], Feed], flush: Callable[[], Awaitable[None]], reveal: bool
) -> None:
    world = World()
    desks = [Desks(name, make(name), world) for name in HUBS]
    unreliable = Unreliable(make("viewer"))
    with mock.patch.object(homes, "directory", world.directory):
        for one in desks:
            await one.start()
        for device in OWNERS:  # two of them at both: an old connection that nobody has noticed yet
            desks[device % 2].connect(device)
            desks[0].connect(device)
        async with following(unreliable) as follow:
            reader = Reader(follow)
            for step in plan:
                await do(step, world, desks, unreliable, follow, reader, flush)
                for _ in range(step[-1]):
                    await asyncio.sleep(0)

            for one in desks:
                one.learn()
            unreliable.fates.clear()
            unreliable.release()
            await published(desks)
            if unreliable.dropped and not reveal:
                # A message is only ever lost with its connection.
                unreliable.on_health(False)
                unreliable.on_health(True)
            elif unreliable.dropped:
                for team in TEAMS:
                    await tell_of_nobody(unreliable, team)
            await follow.read_directory()
            async with following(make("fresh")) as fresh:
                await quiet(follow, fresh)
                for later in (timedelta(), IDLE):  # the second time nothing but the clock has changed
                    world.now += later
                    follow.settle(world.now)
                    reader.read(100)
                    fresh.settle(world.now)
                    anew = Reader(fresh)
                    anew.read(100)

                    truth = {team: world.tiles(team) for team in TEAMS}
                    assert reader.tiles == anew.tiles
                    assert reader.tiles == truth
        for one in desks:
            await one.stop()


async def do(
    step: Step,
    world: World,
    desks: list[Desks],
    unreliable: Unreliable,
    follow: Follow,
    reader: Reader,
    flush: Callable[[], Awaitable[None]],
) -> None:
    act, which, where, _ = step
    device, person, hub = which + 1, PEOPLE[which % len(PEOPLE)], desks[where]
    match act:
        case "connect":
            hub.connect(device)
        case "say":
            hub.say(device, f"App {world.session} {which} {where}")
        case "disconnect":
            hub.disconnect(device)
        case "move" if person in world.homes:
            world.move(person)
        case "leave":
            world.leave(person)
        case "come_back":
            world.come_back(person, TEAMS[where])
        case "learn":
            hub.learn()
        case "view_learns":
            await follow.read_directory()
        case "hold" | "drop" | "twice":
            unreliable.fates += [act] * (which + 1)
        case "release":
            unreliable.release()
        case "reconnect":
            unreliable.on_health(False)
            unreliable.on_health(True)
        case "time_passes":
            world.now += IDLE
        case "draw":
            follow.settle(world.now)
            reader.read(which)
        case "wait":
            await published(desks)
        case "flush":
            await published(desks)
            before = [one.losses for one in desks]
            await flush()
            async with asyncio.timeout(QUIET_S):
                while any(one.losses == losses for one, losses in zip(desks, before, strict=True)):
                    await asyncio.sleep(0)
            world.forget(record for one in desks for record in one.connected.values())


async def published(desks: list[Desks]) -> None:
    async with asyncio.timeout(QUIET_S):
        while any(one.publisher.waiting for one in desks):
            await asyncio.sleep(0)


async def tell_of_nobody(feed: Any, team: int) -> None:
    """A change that concerns nobody: its number shows what was missed before it."""
    version = (await feed.snapshot(team)).rev
    nobody = Record(
        device=99, person=99, team=team, session=1, n=version, hub="one", connected=False, at=AT, membership=version
    )
    await feed.publish(team, [nobody])


async def quiet(follow: Follow, fresh: Follow) -> None:
    """Until nothing is being read, and both stand where the feed does."""

    def standing(one: Follow) -> list[Any]:
        views = [one.team(team) for team in TEAMS]
        return [(view.records.behind, *view.records.position) for view in views if view]

    async with asyncio.timeout(QUIET_S):
        while True:
            if not follow.stale_since and not fresh.stale_since and not follow._running and not fresh._running:
                held = [await fresh._feed.snapshot(team) for team in TEAMS]
                stands = [(False, kept.epoch, kept.rev) for kept in held]
                if standing(follow) == standing(fresh) == stands:
                    return
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def small_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling_module, "PART_MAX_BYTES", 150)  # a tile or two
    monkeypatch.setattr(follow_module, "AGAIN_S", 0.001)
    monkeypatch.setattr(follow_module, "LOOK_S", 0.05)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps, reveal=st.booleans())
def test_viewer_equals_a_fresh_snapshot_and_the_truth_over_memory(plan: list[Step], reveal: bool) -> None:
    memory = Memory()

    async def flush() -> None:
        memory.flush()

    asyncio.run(law_holds(plan, lambda hub: MemoryFeed(hub, memory), flush, reveal))


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey(append_only=False) as started:
        yield started


@pytest.mark.timeout(240)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps, reveal=st.booleans())
def test_viewer_equals_a_fresh_snapshot_and_the_truth_over_valkey(
    server: ValkeyServer, plan: list[Step], reveal: bool
) -> None:
    async def flush() -> None:
        async with server.client() as client:
            await client.flushall()

    async def empty_and_go() -> None:
        await flush()
        await law_holds(plan, lambda hub: RedisFeed(server.url, hub), flush, reveal)

    soon: Mapping[Any, Mapping[str, float]] = {
        node: {"BEAT_S": 0.02, "MISSED_BEATS": 100, "REFILL_S": 0.1, "AGAIN_S": 0.01},
        redis_module: {"BEAT_S": 0.02},
    }
    with contextlib.ExitStack() as stack:
        for module, values in soon.items():
            stack.enter_context(mock.patch.multiple(module, **values))
        asyncio.run(empty_and_go())


def test_frames_of_every_size_are_read() -> None:
    for size in (10, 1000, 70_000):
        assert payload(telling_module.text_frame(msgspec.json.encode("x" * size))) == f'"{"x" * size}"'
