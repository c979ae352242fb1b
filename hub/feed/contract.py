"""What the live view needs of presence: the contract that `redis.py` and `memory.py` keep.

Delivery of changes is at most once: whoever listens reads a snapshot after subscribing, and again whenever `on_health` says that the feed
came back. The order of one device's records is decided inside the feed, by `(session, n)`: an older one changes nothing and is told to
nobody.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from hub.feed.record import Record

Changed = Callable[[Record], None]
Health = Callable[[bool], None]


class Feed(Protocol):
    """What the live view needs of presence."""

    healthy: bool

    async def start(self, on_change: Changed, on_health: Health) -> None:
        """Begins to listen. `on_change` is called for changes of watched teams, `on_health` when the feed goes away or is back."""

    async def stop(self) -> None: ...

    async def publish(self, records: Iterable[Record]) -> None:
        """Stores records and tells of those that are newer. Idempotent. Raises `RedisError` or `OSError` when the feed is away."""

    async def remove(self, team: int, device: int) -> None:
        """Forgets a device in a team that its person has left. Tells nobody: the view follows the directory."""

    async def watch(self, team: int) -> None:
        """Asks for changes of a team. From its return on none is missed while the feed is healthy."""

    async def unwatch(self, team: int) -> None: ...

    async def snapshot(self, team: int) -> list[Record]:
        """All records of a team."""

    async def hubs_heard(self, hubs: Iterable[str]) -> set[str]:
        """Which of these processes have renewed their lease."""
