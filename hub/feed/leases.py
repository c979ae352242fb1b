"""What a process knows of the others' leases, kept over flushes and outages of the server that tells them. Clocks are arguments.

A server that was flushed knows nobody until each has beaten again, and one that was frozen says of all that they were silent as
long. Neither says anything about them: who was heard when we last heard the server counts as silent from when the server is back.
"""

from collections.abc import Iterable

from hub.feed.contract import Lease

LEASE_S = 5.0
"""A process that is silent for longer is not heard: what it published counts as unknown."""
FORGET_S = 3600.0
GAP_S = 1.5
"""Without word from the server for longer, we were away, and not the others."""


class Leases:
    """Merges what the server tells, beat by beat."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float]] = {}
        """Agents of each process, and when it was last heard on our clock."""
        self._said: dict[str, float] = {}
        """When each was last heard by the server's word alone: who is vouched for over an outage is not for that over the next."""
        self._trusted: set[str] = set()
        self._read_at: float | None = None
        self._back_at = 0.0

    def told(self, leases: Iterable[tuple[str, Lease]], now: float) -> dict[str, Lease]:
        """Takes what the server said at `now`, in seconds of any steady clock. Returns all that is known."""
        if self._read_at is not None and now - self._read_at > GAP_S:
            self._trusted = {hub for hub, heard_at in self._said.items() if self._read_at - heard_at < LEASE_S}
            self._back_at = now
        self._read_at = now
        said = dict(leases)
        for hub, (_, heard_at) in list(self._known.items()):
            if hub not in said:
                # It has stopped, or the server has forgotten it: either way it is silent from when we heard it last.
                self._known[hub] = (0, heard_at)
        for hub, lease in said.items():
            self._said[hub] = heard_at = now - lease.silent_s
            if hub in self._trusted:
                heard_at = max(heard_at, self._back_at)
            self._known[hub] = (lease.agents, heard_at)
        self._known = {hub: known for hub, known in self._known.items() if now - known[1] < FORGET_S}
        self._said = {hub: heard_at for hub, heard_at in self._said.items() if hub in self._known}
        return {hub: Lease(agents, max(0.0, now - heard_at)) for hub, (agents, heard_at) in self._known.items()}
