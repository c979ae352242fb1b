"""What the live view needs of presence: the contract that `redis.py` and `memory.py` keep.

Every change of a team has a number: one call, one `rev`, one message with all that was newer. Whoever listens watches a team, reads
a snapshot, and applies the changes after it in order; a number that is missing, or another epoch, means that the snapshot has to be
read again (`live/records.py`). Delivery is at most once, and `on_health` says when the feed went away and when it is back: then every
snapshot is read anew.

What is newer is decided inside the feed: a later stay in the team beats an earlier one, and within a stay `(session, n)` of the
device counts.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec
from redis.exceptions import RedisError

from hub.feed.record import Change, Record, TeamRecords

FEED_AWAY = (RedisError, OSError)
"""What calls of a feed raise when it is away or too slow; `TimeoutError` is an `OSError`."""

Changed = Callable[[Change], None]
Health = Callable[[bool], None]
Lost = Callable[[], None]


class Lease(msgspec.Struct, frozen=True):
    """A process of this deployment, as the feed hears it."""

    agents: int
    """Connected there. 0 for one that has stopped."""
    silent_s: float


class Feed(Protocol):
    """What the live view needs of presence."""

    healthy: bool
    agents: int
    """Connected to this process: told to the others with each beat."""

    @property
    def leases(self) -> Mapping[str, Lease]:
        """Every process that was heard within the hour, our own too, as of the last beat. While the feed is away it stands still."""

    async def start(self, on_change: Changed, on_health: Health, on_lost: Lost) -> None:
        """Begins to listen, and returns when the feed is well, or after two seconds without it.

        `on_change` is called for changes of watched teams, `on_health` when the feed goes away or is back, `on_lost` when it may have
        forgotten what was published: to be published again. May come without need.
        """

    async def stop(self) -> None:
        """Ends the lease: the others learn that this process holds nobody any more."""

    async def publish(self, team: int, records: Iterable[Record]) -> str:
        """Stores those records of a team that are newer, and tells of them in one change. Returns the team's epoch.

        Idempotent. An epoch other than the last means that records which were published before may be gone. Raises `FEED_AWAY`.
        """

    async def remove(self, team: int, devices: Mapping[int, int]) -> None:
        """Forgets records of these devices that belong to an earlier stay than the given one, and refuses them from now on.

        Idempotent. Raises `FEED_AWAY`.
        """

    async def watch(self, team: int) -> None:
        """Asks for changes of a team. From its return on none is missed while the feed is healthy.

        Raises `FEED_AWAY`; the team is then watched from the moment the feed is back. Idempotent.
        """

    async def unwatch(self, team: int) -> None:
        """Ends `watch`. Raises `FEED_AWAY`, and has ended it all the same."""

    async def snapshot(self, team: int) -> TeamRecords:
        """All records of a team, with the number of the last change in them. Raises `FEED_AWAY`."""
