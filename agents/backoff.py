"""How long to wait before connecting again. Pure; used by the link and by the simulator."""

import random

FIRST_MS = 1_000
MOST_MS = 20_000
"""10,000 agents of a hub that was away for a minute come back within this, 1,000 a second at first, and are all there 30 s later."""
SETTLED_MS = 60_000
"""A connection that lasted this long was well. One that is accepted and then closed counts as a failure, or it would be hammered."""


class Backoff:
    """Exponential, with full jitter (M. Brooker, "Exponential Backoff and Jitter", AWS 2015)."""

    def __init__(self, rng: random.Random, first_ms: int = FIRST_MS, most_ms: int = MOST_MS) -> None:
        self._rng = rng
        self._first_ms = first_ms
        self._most_ms = most_ms
        self.failures = 0

    def next_ms(self) -> int:
        """Counts a failure and draws the delay, from a quarter of the first step (never at once) to the current step."""
        step_ms = min(self._most_ms, self._first_ms * 2 ** min(self.failures, 20))
        self.failures += 1
        least_ms = self._first_ms // 4
        return least_ms + int(self._rng.random() * max(0, step_ms - least_ms))

    def lasted(self, duration_ms: int) -> None:
        """A welcomed connection ended after `duration_ms`."""
        if duration_ms >= SETTLED_MS:
            self.failures = 0
