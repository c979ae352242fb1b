"""Publishes presence for the devices connected to this process: coalesced by device, never in the way of ingest."""

import asyncio
from collections.abc import Iterable

import structlog

from hub.feed.contract import FEED_AWAY, Feed
from hub.feed.record import Record
from hub.live.upkeep import keep
from hub.tasks import end

RETRY_S = 0.5
GROUP = 500
"""Records in one call to the feed: about 3 ms of one script."""
CALLS_MAX = 16
"""Teams that are brought to the feed at a time. One whose server is frozen takes up one of them for two seconds at the most."""

log = structlog.get_logger()


class Publisher:
    """Holds the latest record of each device of this process, and brings it to the feed as soon as it takes it.

    Bounded by the number of devices: a newer record replaces one that still waits. When the feed has forgotten a team, or everything, what
    is known here is published again.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._latest: dict[int, dict[int, Record]] = {}
        """By team and device, as all that follows."""
        self._team_of: dict[int, int] = {}
        self._pending: dict[int, dict[int, Record]] = {}
        self._left: dict[int, dict[int, int]] = {}
        """Devices to be removed from a team, with the lowest stay that is accepted there from then on."""
        self._epochs: dict[int, str] = {}
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._resting: set[int] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "publisher")

    async def stop(self) -> None:
        await end(*self._busy.values(), *([self._task] if self._task else []))

    @property
    def waiting(self) -> int:
        """Records and removals that the feed has not taken yet."""
        return sum(map(len, self._pending.values())) + sum(map(len, self._left.values())) + len(self._busy)

    def publish(self, record: Record) -> None:
        """Takes the latest record of a device. In another team than the last one it leaves that. Never waits.

        What a connection that was replaced still says is older than what is known, and changes nothing.
        """
        known = self.latest(record.device)
        if known is not None and known.order > record.order:
            return
        old = self._team_of.get(record.device)
        if old is not None and old != record.team:
            self._forget(record.device, old)
            self._pending.get(old, {}).pop(record.device, None)
            self._leave(old, {record.device: record.membership})
        self._team_of[record.device] = record.team
        self._latest.setdefault(record.team, {})[record.device] = record
        self._pending.setdefault(record.team, {})[record.device] = record
        self._wake.set()

    def drop(self, device: int) -> None:
        """Stops republishing a device that is no longer connected here; what still waits is published."""
        if (team := self._team_of.pop(device, None)) is not None:
            self._forget(device, team)

    def latest(self, device: int) -> Record | None:
        team = self._team_of.get(device)
        return None if team is None else self._latest[team][device]

    def republish(self) -> None:
        """Everything again: the feed may have lost it."""
        self._epochs.clear()
        for team in list(self._latest):
            self._republish_team(team)

    def resume(self) -> None:
        """What waits is tried again at once: the feed is back."""
        self._resting.clear()
        self._wake.set()

    def _republish_team(self, team: int) -> None:
        self._pending[team] = self._latest.get(team, {}) | self._pending.get(team, {})
        self._wake.set()

    def _forget(self, device: int, team: int) -> None:
        self._latest[team].pop(device, None)
        if not self._latest[team]:
            del self._latest[team]

    def _leave(self, team: int, devices: dict[int, int]) -> None:
        waiting = self._left.setdefault(team, {})
        for device, lowest in devices.items():
            waiting[device] = max(lowest, waiting.get(device, 0))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for team in [*self._left, *self._pending]:
                if len(self._busy) < CALLS_MAX and team not in self._busy and team not in self._resting:
                    self._busy[team] = asyncio.create_task(self._bring(team))

    async def _bring(self, team: int) -> None:
        """Brings what waits for one team to the feed, until nothing does or the feed is away."""
        try:
            while self._left.get(team) or self._pending.get(team):
                left = self._left.pop(team, {})
                pending = self._pending.get(team, {})
                group = [pending.pop(device) for device in list(pending)[:GROUP]]
                try:
                    await self._send(team, left, group)
                except BaseException:
                    self._leave(team, left)
                    self._pending[team] = {record.device: record for record in group} | self._pending.get(team, {})
                    raise
        except FEED_AWAY as error:
            log.debug("presence_waits", error=type(error).__name__, team=team)
            self._rest(team)
        except Exception:
            log.exception("presence_failed", team=team)
            self._rest(team)
        finally:
            for waiting in (self._left, self._pending):
                if not waiting.get(team, True):
                    del waiting[team]
            del self._busy[team]
            self._wake.set()

    async def _send(self, team: int, left: dict[int, int], group: Iterable[Record]) -> None:
        if left:
            await self._feed.remove(team, left)
        if not group:
            return
        epoch = await self._feed.publish(team, group)
        known = self._epochs.get(team)
        self._epochs[team] = epoch
        if known is not None and known != epoch:
            log.info("presence_again", team=team)
            self._republish_team(team)

    def _rest(self, team: int) -> None:
        self._resting.add(team)
        asyncio.get_running_loop().call_later(RETRY_S, self._rested, team)

    def _rested(self, team: int) -> None:
        self._resting.discard(team)
        self._wake.set()
