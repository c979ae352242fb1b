"""The feed without Redis: of a single process, or of several in one test. Twin of `redis.py`: both pass the same tests."""

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import count

from hub.feed.contract import Changed, Health, Lease, Lost
from hub.feed.leases import FORGET_S
from hub.feed.record import Change, Record, TeamRecords


class MemoryTeam:
    """What `Memory` holds of one team."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.rev = 0
        self.records: dict[int, Record] = {}
        self.left: dict[int, int] = {}


class Memory:
    """What the processes of a deployment share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.feeds: list[MemoryFeed] = []
        self.heard: dict[str, tuple[int, float]] = {}
        """Agents of processes that were killed, and when they were heard last."""
        self._teams: dict[int, MemoryTeam] = {}
        self._epochs = count(1)

    def team(self, team: int) -> MemoryTeam:
        if team not in self._teams:
            self._teams[team] = MemoryTeam(str(next(self._epochs)))
        return self._teams[team]

    def tell(self, team: int, records: list[Record], left: list[int]) -> None:
        if records or left:
            held = self.team(team)
            held.rev += 1
            change = Change(team, held.epoch, held.rev, records, left)
            for feed in self.feeds:
                feed.told(change)

    def flush(self) -> None:
        """Forgets everything, and every process learns it."""
        self._teams.clear()
        for feed in self.feeds:
            feed.lost()


class MemoryFeed:
    """The feed without Redis."""

    def __init__(self, hub: str, memory: Memory | None = None) -> None:
        self.healthy = False
        self.agents = 0
        self._hub = hub
        self._memory = memory or Memory()
        self._watched: set[int] = set()

    async def start(self, on_change: Changed, on_health: Health, on_lost: Lost) -> None:
        self._on_change, self._on_health, self._on_lost = on_change, on_health, on_lost
        self._memory.feeds.append(self)
        self.healthy = True
        on_health(True)

    async def stop(self) -> None:
        self.kill()
        self._memory.heard[self._hub] = 0, self._memory.clock()

    def kill(self) -> None:
        """Falls silent without a word."""
        if self in self._memory.feeds:
            self._memory.feeds.remove(self)
            self._memory.heard[self._hub] = self.agents, self._memory.clock()

    @property
    def leases(self) -> Mapping[str, Lease]:
        now = self._memory.clock()
        silent = {
            hub: Lease(agents, now - heard_at)
            for hub, (agents, heard_at) in self._memory.heard.items()
            if now - heard_at < FORGET_S
        }
        return silent | {feed._hub: Lease(feed.agents, 0.0) for feed in self._memory.feeds}

    async def publish(self, team: int, records: Iterable[Record]) -> str:
        held = self._memory.team(team)
        newer: dict[int, Record] = {}
        for record in records:
            known = newer.get(record.device) or held.records.get(record.device)
            if (known is None or known.order < record.order) and held.left.get(record.device, 0) <= record.membership:
                newer[record.device] = record
        held.records |= newer
        self._memory.tell(team, list(newer.values()), [])
        return held.epoch

    async def remove(self, team: int, devices: Mapping[int, int]) -> None:
        held = self._memory.team(team)
        gone = []
        for device, lowest in devices.items():
            held.left[device] = max(lowest, held.left.get(device, 0))
            if device in held.records and held.records[device].membership < lowest:
                del held.records[device]
                gone.append(device)
        self._memory.tell(team, [], gone)

    async def watch(self, team: int) -> None:
        self._watched.add(team)

    async def unwatch(self, team: int) -> None:
        self._watched.discard(team)

    async def snapshot(self, team: int) -> TeamRecords:
        held = self._memory.team(team)
        return TeamRecords(held.epoch, held.rev, list(held.records.values()))

    def told(self, change: Change) -> None:
        if change.team in self._watched:
            self._on_change(change)

    def lost(self) -> None:
        self._on_health(False)
        self._on_lost()
        self._on_health(True)
