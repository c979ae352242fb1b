"""Balance between hub processes: one that holds far more agents than the others sends some of them elsewhere.

Connections stay for hours and nothing moves them: a process that was away for a while, or came later, would stay empty. An agent that comes
back is given to any process, by the kernel's hash or by a load balancer, so what is sent away spreads by itself and an excess melts in
steps. `excess` decides from the numbers of agents that the feed carries with its leases; without a healthy feed nobody is moved.
"""

import asyncio
import math
from collections.abc import Sequence

import structlog

from hub.feed.contract import Feed
from hub.live.agents import Registry
from hub.live.upkeep import keep

OVER = 1.3
"""Times the mean number of agents. Chance alone stays below: of 400 agents a process of two gets 200 ± 10."""
MARGIN = 20
"""Above the mean at least, since small numbers scatter more: of 40 agents a process of two gets 20 ± 3."""
SHARE = 0.05
"""Of its agents in one sweep: 20 sweeps before the last of them would be asked to go."""
SWEEP_S = 5.0
LASTS_SWEEPS = 3
"""An excess has to last: in a rolling restart, or right after a start, others are empty for some seconds only."""
HEARD_S = 3.0
"""A process that was silent for longer may hold nobody by now, or everybody: it is left out."""

log = structlog.get_logger()


def excess(own: int, others: Sequence[int]) -> int:
    """How many of its `own` agents a process should send elsewhere in one sweep; 0 when it is not overfull. `others`: of the rest."""
    processes = 1 + len(others)
    mean = (own + sum(others)) / processes
    most = max(OVER * mean, mean + MARGIN)
    if own <= most:
        return 0
    # One in so many comes back to us.
    return min(math.ceil((own - most) * processes / len(others)), max(1, int(own * SHARE)))


class Balance:
    """Tells the others how many agents are here, and lets an excess go."""

    def __init__(self, feed: Feed, hub: str, registry: Registry) -> None:
        self._feed = feed
        self._hub = hub
        self._registry = registry
        self._overfull = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = keep(self._run, "balance")

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._sweep()

    def _sweep(self) -> None:
        own = len(self._registry)
        count = excess(own, self._others()) if self._feed.healthy else 0
        self._overfull = self._overfull + 1 if count else 0
        if self._overfull >= LASTS_SWEEPS:
            log.info("agents_sent_elsewhere", agents=own, sent=count)
            self._registry.send_elsewhere(count)

    def _others(self) -> list[int]:
        return [
            lease.agents for hub, lease in self._feed.leases.items() if hub != self._hub and lease.silent_s < HEARD_S
        ]
