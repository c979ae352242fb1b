"""Publishes presence for the devices connected to this process: coalesced by device, never in the way of ingest."""

import asyncio
import contextlib

import structlog
from redis.exceptions import RedisError

from hub.feed.contract import Feed
from hub.feed.record import Record
from hub.live.upkeep import keep

RETRY_S = 0.5
GROUP = 500
"""Records in one call to the feed."""

log = structlog.get_logger()


class Publisher:
    """Holds the latest record of each device of this process, and brings it to the feed as soon as it takes it.

    Bounded by the number of devices: a newer record replaces one that still waits. When the feed comes back after having been away,
    everything is published again.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._latest: dict[int, Record] = {}
        self._pending: dict[int, Record] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "publisher")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def publish(self, record: Record) -> None:
        """Takes the latest record of a device. Never waits."""
        self._latest[record.device] = record
        self._pending[record.device] = record
        self._wake.set()

    def drop(self, device: int) -> None:
        """Stops republishing a device that is no longer connected here; what still waits is published."""
        self._latest.pop(device, None)

    def latest(self, device: int) -> Record | None:
        return self._latest.get(device)

    def republish(self) -> None:
        """Everything again: the feed may have lost it."""
        self._pending = self._latest | self._pending
        self._wake.set()

    async def move(self, record: Record, old_team: int) -> None:
        """A person changed teams: the record goes with them."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._feed.remove(old_team, record.device)
        self.publish(record)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                group = [self._pending.pop(device) for device in list(self._pending)[:GROUP]]
                try:
                    await self._feed.publish(group)
                except (RedisError, OSError, TimeoutError) as error:
                    for record in group:
                        self._pending.setdefault(record.device, record)
                    log.debug("presence_waits", error=type(error).__name__, devices=len(self._pending))
                    await asyncio.sleep(RETRY_S)
