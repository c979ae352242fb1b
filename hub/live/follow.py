"""The teams that somebody here watches, kept as the feed and the directory say: changes applied, silence of hubs noticed, staleness told.

`view.py` serves viewers out of it. A team that nobody watches costs nothing.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from hub import homes
from hub.feed.contract import FEED_AWAY, Feed
from hub.feed.record import Change
from hub.figures import FIGURES
from hub.live.ingest import Ingest
from hub.live.presence import link_when_silent
from hub.live.team import Member, TeamView
from hub.live.upkeep import keep
from hub.wire.viewer import Link

LOOK_S = 1.0
AGAIN_S = 0.1
"""Between two snapshots of a team, when changes were missed while the first was on its way."""
SPOKE_FOR = timedelta(seconds=2)
"""How long word of a process stands in for its lease: that is in the feed within half a second, and here within another."""
READS_MAX = 8
"""Snapshots that are read at a time when all teams are."""

log = structlog.get_logger()


class Follow:
    """Watched teams of this process. `stale_since` is set while the feed is away."""

    def __init__(self, feed: Feed, ingest: Ingest, now: Callable[[], datetime] | None = None) -> None:
        self._feed = feed
        self._ingest = ingest
        self._now = now or (lambda: datetime.now(UTC))
        self.directory = homes.Directory(teams={}, members=(), lowest={})
        self._members: dict[int, list[Member]] = {}
        self.stale_since: datetime | None = None
        self._outages = 0
        self._teams: dict[int, TeamView] = {}
        self._reading: dict[int, asyncio.Lock] = {}
        """Held while the snapshot of a watched team is read."""
        self._links: dict[str, Link] = {}
        """How each process counts that holds a device of a watched team."""
        self._spoke_at: dict[str, datetime] = {}
        """When each of them published last."""
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._opening: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By team: one that takes long to open holds up nobody who asks for another."""
        self._recovering = asyncio.Lock()
        self._on_stale: Callable[[], None] = lambda: None
        self._on_recovered: Callable[[], None] = lambda: None

    async def start(self, on_stale: Callable[[], None], on_recovered: Callable[[], None]) -> None:
        """Begins to listen. `on_stale` is called when the feed goes away, `on_recovered` once all teams are whole again."""
        self._on_stale, self._on_recovered = on_stale, on_recovered
        await self.read_directory()
        await self._feed.start(self._on_change, self._on_health, self._ingest.shared.publisher.republish)
        if self._feed.healthy:
            FIGURES.feed_is(True)
        else:
            self._stale()
        self._tasks = [keep(self._look, "view-look")]

    async def stop(self) -> None:
        for task in (*self._tasks, *self._running):
            task.cancel()
        await self._feed.stop()

    def team(self, team: int) -> TeamView | None:
        """The team, if somebody here watches it."""
        return self._teams.get(team)

    async def open(self, team: int) -> TeamView:
        """Starts to watch a team: changes first, then the snapshot, so that nothing falls between."""
        async with self._opening[team]:
            if team in self._teams:
                return self._teams[team]
            opened = TeamView(team)
            opened.members(self._members.get(team, ()))
            self._teams[team] = opened
            self._reading[team] = asyncio.Lock()
            try:
                await self._feed.watch(team)
                await self._read(opened)
            except FEED_AWAY:
                self._stale()
            return opened

    async def release(self, teams: Iterable[int], watched: Callable[[int], bool]) -> None:
        """Stops watching teams that nobody here watches any more. `watched` is asked again when it is a team's turn."""
        for team in teams:
            async with self._opening[team]:
                if watched(team) or self._teams.pop(team, None) is None:
                    continue
                self._reading.pop(team, None)
                with contextlib.suppress(*FEED_AWAY):
                    await self._feed.unwatch(team)

    def settle(self, now: datetime) -> None:
        """Draws what has changed since it was last asked."""
        for team in self._teams.values():
            team.settle(now, self._link_of)

    async def read_directory(self) -> None:
        """Reads who is in which team now, and brings the records of people who changed teams along."""
        known, self.directory = self.directory, await homes.directory(self.directory)
        for team in self._teams.values():
            self._remove_outdated(team)
        if self.directory is known:
            return
        now = {member.person: homes.Home(member.team, member.membership) for member in self.directory.members}
        before, self._ingest.shared.homes = self._ingest.shared.homes, now
        for agent in self._ingest.registry.connections():
            if before.get(agent.device.person) != now.get(agent.device.person):
                agent.move()
        self._members = {}
        for member in self.directory.members:
            self._members.setdefault(member.team, []).append(
                Member(
                    person=member.person,
                    name=member.name,
                    simulated=member.simulated,
                    membership=member.membership,
                    restricted=member.restricted,
                )
            )
        for number, team in self._teams.items():
            team.members(self._members.get(number, ()))

    def _remove_outdated(self, team: TeamView) -> None:
        """Takes out of the feed what people left behind in a team: the process that held them may be gone, or may know it later."""
        if self._feed.healthy and (outdated := team.outdated(self.directory.lowest)):
            self._later(self._remove(team.team, outdated))

    async def _remove(self, team: int, outdated: dict[int, int]) -> None:
        try:
            await self._feed.remove(team, outdated)
        except FEED_AWAY as error:
            log.debug("not_removed", error=type(error).__name__, team=team)  # the directory is read again

    def _on_change(self, change: Change) -> None:
        team = self._teams.get(change.team)
        if team is None:
            return
        now = self._now()
        for hub in {record.hub for record in change.records if record.connected}:
            self._spoke_at[hub] = now
            self._links.setdefault(hub, "live")
        team.records.take(change)
        if team.records.behind and not self.stale_since and not self._reading[team.team].locked():
            self._later(self._catch_up(team))

    def _on_health(self, healthy: bool) -> None:
        if healthy:
            self._ingest.shared.publisher.resume()
            self._later(self._recover())
        else:
            self._outages += 1
            self._stale()

    def _stale(self) -> None:
        if self.stale_since is None:
            self.stale_since = self._now()
            FIGURES.feed_is(False)
            self._on_stale()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _recover(self) -> None:
        """The feed is back: what it holds now replaces what we had."""
        async with self._recovering:
            while self.stale_since and self._feed.healthy:
                outages = self._outages
                for team in self._teams.values():
                    team.records.doubt()
                at_a_time = asyncio.Semaphore(READS_MAX)
                reads = [self._rewatch(team, at_a_time) for team in list(self._teams.values())]
                failures = [failure for failure in await asyncio.gather(*reads, return_exceptions=True) if failure]
                if failures:
                    log.warning("feed_not_read", error=type(failures[0]).__name__, teams=len(failures))
                    return  # `_look` tries again
                # One team may have fallen behind again while another was read: nobody catches up while all is stale.
                if outages == self._outages and not any(team.records.behind for team in self._teams.values()):
                    self.stale_since = None
                    FIGURES.feed_is(True)
                    self._on_recovered()

    async def _rewatch(self, team: TeamView, at_a_time: asyncio.Semaphore) -> None:
        async with at_a_time:
            if team.team not in self._teams:
                return
            try:
                await self._feed.watch(team.team)
                await self._read(team)
            except FEED_AWAY:
                if team.team in self._teams:
                    raise  # else its last viewer left meanwhile, which ends a watch that is under way

    async def _catch_up(self, team: TeamView) -> None:
        """A change was missed. When its snapshot can't be read, everything is stale until it can."""
        try:
            await self._read(team)
        except FEED_AWAY:
            self._stale()

    async def _read(self, team: TeamView) -> None:
        """Reads snapshots of a team until nothing was missed meanwhile. Raises `FEED_AWAY`."""
        lock = self._reading.get(team.team)
        if lock is None:
            return  # nobody watches it any more
        async with lock:
            while team.records.behind:
                team.records.expect_snapshot()
                team.records.replace(await self._feed.snapshot(team.team))
                if team.records.behind:
                    await asyncio.sleep(AGAIN_S)
        self._remove_outdated(team)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._feed.agents = len(self._ingest.registry)
            if not self._feed.healthy:
                continue
            if self.stale_since:
                await self._recover()  # a read that failed while the feed itself was well
            self.look_at_hubs()

    def look_at_hubs(self) -> None:
        """Finds out which processes have fallen silent or are heard again, and draws their people anew."""
        hubs = set().union(*(team.hubs() for team in self._teams.values()))
        self._spoke_at = {hub: at for hub, at in self._spoke_at.items() if hub in hubs}
        before, self._links = self._links, {hub: self._link_now(hub) for hub in hubs}
        for hub in hubs:
            if before.get(hub) != self._links[hub]:
                for team in self._teams.values():
                    team.touch_hub(hub)

    def _link_of(self, hub: str) -> Link:
        if hub not in self._links:
            self._links[hub] = self._link_now(hub)
        return self._links[hub]

    def _link_now(self, hub: str) -> Link:
        lease = self._feed.leases.get(hub)
        if lease is None and hub in self._spoke_at and self._now() - self._spoke_at[hub] < SPOKE_FOR:
            return "live"  # whoever speaks is alive, though its lease be new
        return link_when_silent(lease.silent_s if lease else None)
