"""Requests that would be something else than they are, from nobody who is known: refused or ignored where they come in, written down here.

Of one process, and not so often that who makes them could fill the audit: once an hour for each reason, network and person. A request is
answered as it would be without, also while PostgreSQL is away.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Literal

from hub import audit
from hub.addresses import network_of
from hub.database import DATABASE_AWAY

NOTED_EVERY_S = 3600.0
NOTED_MAX = 200
"""Rows of a process in an hour: whoever has more networks than that is not worth a row for each."""

Reason = Literal["foreign_origin", "forged_address", "unknown_session"]
"""A page of another site; an X-Forwarded-For of nobody who may say so; a session id that the hub did not give, or has forgotten."""


class Strangers:
    """What was noted within the hour, for no longer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted: set[tuple[Reason, str, int | None]] = set()
        self._since = clock()

    async def note(self, reason: Reason, address: str, person: int | None = None) -> None:
        """A row in the audit, about whose session came along, unless there was one for the same in this hour."""
        if self._clock() - self._since >= NOTED_EVERY_S:
            self._noted, self._since = set(), self._clock()
        known = (reason, network_of(address), person)
        if known in self._noted or len(self._noted) >= NOTED_MAX:
            return
        self._noted.add(known)
        with contextlib.suppress(*DATABASE_AWAY):
            await audit.record("request_refused", None, person, reason=reason)
