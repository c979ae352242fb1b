"""The teams that somebody here watches, kept as the feed and the directory say: changes applied, silence of hubs noticed, staleness told.

`view.py` serves viewers out of it. A team that nobody watches costs nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from hub import people
from hub.feed.contract import Feed
from hub.feed.record import Record
from hub.live.ingest import Ingest
from hub.live.team import Member, TeamView
from hub.live.upkeep import keep

HEARD_S = 1.0


class Follow:
    """Watched teams of this process. `stale_since` is set while the feed is away."""

    def __init__(self, feed: Feed, ingest: Ingest, now: Callable[[], datetime] | None = None) -> None:
        self._feed = feed
        self._ingest = ingest
        self._now = now or (lambda: datetime.now(UTC))
        self.directory = people.Directory(teams={}, members=())
        self.stale_since: datetime | None = None
        self._teams: dict[int, TeamView] = {}
        self._unheard: dict[str, datetime] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._on_stale: Callable[[], None] = lambda: None
        self._on_recovered: Callable[[], None] = lambda: None

    async def start(self, on_stale: Callable[[], None], on_recovered: Callable[[], None]) -> None:
        """Begins to listen. `on_stale` is called when the feed goes away, `on_recovered` once all teams are whole again."""
        self._on_stale, self._on_recovered = on_stale, on_recovered
        await self.read_directory()
        await self._feed.start(self._on_change, self._on_health)
        self._tasks = [keep(self._watch_hubs, "view-hubs")]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._feed.stop()

    def team(self, team: int) -> TeamView | None:
        """The team, if somebody here watches it."""
        return self._teams.get(team)

    async def open(self, team: int) -> TeamView:
        """Starts to watch a team: changes first, then the snapshot, so that nothing falls between."""
        async with self._lock:
            if team in self._teams:
                return self._teams[team]
            opened = TeamView(team)
            opened.members(self._members_of(team))
            self._teams[team] = opened
            try:
                await self._feed.watch(team)
                await self._reread(opened)
                await self._hear({team: opened})
            except (RedisError, OSError, TimeoutError):
                self._on_health(False)
            return opened

    async def release(self, teams: Iterable[int]) -> None:
        """Stops watching teams that nobody here watches any more."""
        async with self._lock:
            for team in teams:
                if self._teams.pop(team, None):
                    try:
                        await self._feed.unwatch(team)
                    except (RedisError, OSError, TimeoutError):
                        continue

    def settle(self, now: datetime) -> None:
        """Draws what has changed since it was last asked."""
        for team in self._teams.values():
            team.settle(now, self._heard)

    async def read_directory(self) -> None:
        """Reads who is in which team now, and brings the records of people who changed teams along."""
        self.directory = await people.directory()
        homes = {member.person: member.team for member in self.directory.members}
        await self._follow_moves(homes)
        for number, team in self._teams.items():
            team.members(self._members_of(number))

    async def _follow_moves(self, homes: dict[int, int]) -> None:
        moved = {person for person, team in homes.items() if self._ingest.shared.teams.get(person, team) != team}
        self._ingest.shared.teams = homes
        if not moved:
            return
        for agent in self._ingest.registry.connections():
            if agent.device.person in moved:
                await agent.move()

    def _members_of(self, team: int) -> list[Member]:
        return [
            Member(person=member.person, name=member.name, simulated=member.simulated)
            for member in self.directory.members
            if member.team == team
        ]

    def _on_change(self, record: Record) -> None:
        if team := self._teams.get(record.team):
            team.apply(record)

    def _on_health(self, healthy: bool) -> None:
        if not healthy:
            if self.stale_since is None:
                self.stale_since = self._now()
                self._on_stale()
            return
        self._ingest.shared.publisher.republish()
        self._later(self._recover())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _recover(self) -> None:
        """The feed is back: what it holds now replaces what we had."""
        if self.stale_since is None:
            return
        try:
            for team in list(self._teams.values()):
                await self._feed.watch(team.team)
                await self._reread(team)
            await self._hear(self._teams)
        except (RedisError, OSError, TimeoutError):
            return
        self.stale_since = None
        self._on_recovered()

    async def _reread(self, team: TeamView) -> None:
        team.expect_snapshot()
        team.replace(await self._feed.snapshot(team.team))

    async def _watch_hubs(self) -> None:
        while True:
            await asyncio.sleep(HEARD_S)
            try:
                if self.stale_since and self._feed.healthy:
                    await self._recover()  # a read that failed while the feed itself was well
                await self._hear(self._teams)
            except (RedisError, OSError, TimeoutError):
                continue

    async def _hear(self, teams: dict[int, TeamView]) -> None:
        """Finds out which hubs have fallen silent or are heard again, and draws their people anew."""
        hubs = set().union(*(team.hubs() for team in teams.values())) if teams else set()
        heard = await self._feed.hubs_heard(hubs)
        now = self._now()
        for hub in hubs:
            known_silent = hub in self._unheard
            if hub in heard:
                self._unheard.pop(hub, None)
            else:
                self._unheard.setdefault(hub, now)
            if hub not in heard or known_silent:
                for team in self._teams.values():
                    team.touch_hub(hub)

    def _heard(self, hub: str) -> datetime | None:
        return self._unheard.get(hub)
