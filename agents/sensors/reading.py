"""What a desktop sensor says, whatever the platform."""

from typing import Protocol

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The desktop at one instant. Times are milliseconds of the agent's monotonic clock."""

    taken_ms: int
    app: str | None = None
    title: str | None = None
    last_input_ms: int | None = None
    keys: int = 0
    clicks: int = 0
    scrolls: int = 0
    """Counted since the sensor began; numbers only, never which key."""
    available: frozenset[str] = frozenset()
    """Which of `app`, `idle` and `counts` can be read. Empty: the desktop can't be seen at all."""
    trouble: str = ""
    """In words, why something is missing."""


class Desktop(Protocol):
    """A sensor of one platform."""

    titles: bool
    """Whether titles are read at all. What policy does not permit is not even looked at."""

    def start(self) -> None: ...

    def latest(self) -> Reading:
        """What was read last. Old when the desktop does not answer: look at `taken_ms`."""

    def stop(self) -> None:
        """Idempotent."""
