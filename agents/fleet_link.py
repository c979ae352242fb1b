"""The link of one simulated agent: connects, hands bytes between its session and its socket, and fails as bad networks do.

The simulator's counterpart of `agents/link.py`, without tasks: `Simulated` owns it, gives it its turns (`wake`) and is told what comes.
"""

import asyncio
import random
from typing import TYPE_CHECKING, Protocol

from agents.backoff import Backoff
from agents.fleet_socket import FleetSocket
from agents.outputs import Close, Output, Ready, Reconnect, Send, Stop
from agents.presence import Shown
from agents.session import Session

if TYPE_CHECKING:
    from agents.fleet import Fleet

FULL_MS = 1_000
"""How often is looked whether a hub that doesn't read does so again."""
CUT_LEAST_MS = 2_000


class Owner(Protocol):
    """Whose link it is."""

    @property
    def wanted(self) -> bool:
        """Whether there should be a link now."""

    def new_session(self, now_ms: int) -> Session:
        """A session for a connection that is open."""

    def told(self, output: Output) -> None:
        """An output of the session that is not the link's own business (all but Close, Reconnect); Send before it goes."""

    def schedule(self, now_ms: int) -> None:
        """What is due, and when, may have changed."""


class FleetLink:
    """One agent's way to its hub. All times are real, in monotonic ms."""

    def __init__(self, fleet: "Fleet", owner: Owner, index: int, rng: random.Random) -> None:
        self.connect_ms: int | None = None
        """When to connect next; None while there is a connection, or none is wanted."""
        self._fleet = fleet
        self._owner = owner
        self._index = index
        self._rng = rng
        self._backoff = Backoff(rng, fleet.backoff_first_ms, fleet.backoff_most_ms)
        self._session: Session | None = None
        self._socket: FleetSocket | None = None
        self._welcomed_ms: int | None = None
        self._opening: asyncio.Task[None] | None = None
        self._cut_every_ms = fleet.cut_every_ms if rng.random() < fleet.flaky else 0
        self._cut_ms: int | None = None

    @property
    def idle(self) -> bool:
        """Neither connected nor connecting."""
        return self._socket is None and self._opening is None

    @property
    def welcomed(self) -> bool:
        """The hub has admitted it."""
        return self._welcomed_ms is not None

    def steady(self) -> None:
        """From here on it no longer breaks by itself."""
        self._cut_ms, self._cut_every_ms = None, 0

    def next_ms(self, now_ms: int) -> int | None:
        """When `wake` has something to do next."""
        if self._session is None or self._socket is None:
            return self.connect_ms
        due_ms = now_ms + FULL_MS if self._socket.full else self._session.next_tick_ms()
        return due_ms if self._cut_ms is None else min(due_ms, self._cut_ms)

    def wake(self, now_ms: int) -> None:
        """Does what is due."""
        if self._session is not None and self._socket is not None:
            if not self._socket.full:
                self._do(self._session.tick(now_ms))
            if self._cut_ms is not None and now_ms >= self._cut_ms:
                self._cut(now_ms)
        elif self.connect_ms is not None and now_ms >= self.connect_ms and self.idle:
            self.connect_ms = None
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def present(self, shown: Shown, now_ms: int) -> None:
        """Shows facts on the wall, unless the hub isn't reading: the next ones will do."""
        if self._session is not None and self._socket is not None and not self._socket.full:
            self._do(self._session.present(shown, now_ms))

    def flush(self, now_ms: int) -> None:
        """Sends what waits, as far as there is credit."""
        if self._session is not None:
            self._do(self._session.flush(now_ms))

    def tick(self, now_ms: int) -> None:
        """Sends full batches, if there are any."""
        if self._session is not None:
            self._do(self._session.tick(now_ms))

    def close(self) -> None:
        """Says goodbye."""
        self.connect_ms = None
        if self._opening is not None:
            self._opening.cancel()
        if self._socket is not None:
            self._socket.close()

    # --- one connection

    async def _open(self) -> None:
        socket = FleetSocket(
            self._fleet.uri, lambda data: self._receive(socket, data), lambda code: self._gone(socket, code)
        )
        self._socket = socket
        try:
            await self._fleet.open(socket, self._index)
            if self._socket is socket and self._session is None:
                self._session = self._owner.new_session(self._fleet.mono_ms())
        except (OSError, TimeoutError, asyncio.CancelledError):
            # A cancelled one was closed in the midst of opening, and may be wanted again by now.
            socket.abort()
            if self._socket is socket:
                self._socket = None
                if self._owner.wanted:
                    self.connect_ms = self._fleet.mono_ms() + self._backoff.next_ms()
        finally:
            self._opening = None
            self._owner.schedule(self._fleet.mono_ms())

    def _receive(self, socket: FleetSocket, data: bytes) -> None:
        if socket is not self._socket:
            return
        now_ms = self._fleet.mono_ms()
        if self._session is None:
            self._session = self._owner.new_session(now_ms)
        self._do(self._session.receive(data, now_ms))
        self._owner.schedule(now_ms)

    def _gone(self, socket: FleetSocket, code: int) -> None:
        if socket is not self._socket:
            return
        now_ms = self._fleet.mono_ms()
        session, self._session, self._socket = self._session, None, None
        if self._welcomed_ms is not None:
            self._backoff.lasted(now_ms - self._welcomed_ms)
            self._welcomed_ms = None
            self._fleet.figures.connected -= 1
        after_ms: int | None = None
        for output in session.closed(code, now_ms) if session is not None else []:
            match output:
                case Reconnect():
                    after_ms = output.after_ms
                case Stop():
                    self._owner.told(output)
                    return
                case _:
                    pass
        if self._owner.wanted:
            self.connect_ms = now_ms + (self._backoff.next_ms() if after_ms is None else after_ms)
            self._owner.schedule(now_ms)

    def _do(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    self._owner.told(output)
                    self._fleet.figures.frames += 1
                    if self._socket is not None:
                        self._socket.send(output.data)
                case Close():
                    if self._socket is not None:
                        self._socket.close(output.code, output.reason)
                case Ready():
                    self._ready()
                    self._owner.told(output)
                case Reconnect():
                    pass
                case _:
                    self._owner.told(output)

    def _ready(self) -> None:
        if self._welcomed_ms is None:
            self._welcomed_ms = self._fleet.mono_ms()
            self._fleet.figures.connected += 1
            self._fleet.figures.connects += 1
            if self._cut_ms is None:
                self._draw_cut(self._welcomed_ms)

    # --- a bad network

    def _draw_cut(self, now_ms: int) -> None:
        if self._cut_every_ms:
            self._cut_ms = now_ms + CUT_LEAST_MS + int(self._rng.expovariate(1 / self._cut_every_ms))

    def _cut(self, now_ms: int) -> None:
        """The link breaks: at once, or in the middle of the next frame."""
        self._draw_cut(now_ms)
        self._fleet.figures.cuts += 1
        assert self._socket is not None
        if self._rng.random() < 0.5:
            self._socket.cut_next = True
        else:
            self._socket.abort()
