"""A bad network on loopback: a proxy that delays, throttles, resets, half-closes, and carries nothing one way.

It never loses bytes of a connection that lives on, as TCP doesn't: one that missed some is reset when the fault is healed.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections import deque
from typing import Literal, cast

HELD_MAX_BYTES = 256 * 1024
"""On the way in one direction of a connection; beyond, its sender is not read."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, no time. Closing then sends RST."""

Side = Literal["agent", "hub"]


class Proxy:
    """Listens on a port of its own and forwards to the hub's, as bad as it is told to be."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay_s = 0.0
        self.bytes_per_s = 0.0
        """Of one connection and direction; 0: no limit."""
        self.deaf: set[Side] = set()
        """Nothing that these send arrives."""
        self._ends: set[_End] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _End(self, "agent"), "127.0.0.1", 0, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for end in list(self._ends):
            end.reset()

    def heal(self) -> None:
        """A good network again."""
        self.delay_s = self.bytes_per_s = 0.0
        self.deaf.clear()
        for end in list(self._ends):
            if end.missed:
                end.reset()
            else:
                end.hurry()

    def reset(self, share: float, rng: random.Random) -> int:
        """Resets a share of all connections, on both sides; returns how many."""
        chosen = [end for end in self._ends if end.side == "agent" and rng.random() < share]
        for end in chosen:
            end.reset()
        return len(chosen)

    def half_close(self, side: Side, share: float, rng: random.Random) -> int:
        """To a share of all connections it looks as if `side` had finished sending; returns to how many."""
        chosen = [end for end in self._ends if end.side == side and end.other and rng.random() < share]
        for end in chosen:
            end.finish()
        return len(chosen)

    @property
    def connections(self) -> int:
        return sum(end.side == "agent" for end in self._ends)


class _End(asyncio.Protocol):
    """One end of a forwarded connection: what `side` sends goes to `other`."""

    def __init__(self, proxy: Proxy, side: Side, other: "_End | None" = None) -> None:
        self.side = side
        self.other = other
        self.missed = False
        self.ended = False
        """What it sends has come to its end, and that was passed on."""
        self._proxy = proxy
        self._transport: asyncio.Transport | None = None
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._full = False

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._proxy._ends.add(self)
        if self.side == "agent":
            self._opening = asyncio.get_running_loop().create_task(self._open())
            return
        assert self.other is not None
        self.other.other = self
        if self.other._transport is None:  # it has gone meanwhile
            self._leave(reset=True)
        else:
            self.other._schedule()

    def data_received(self, data: bytes) -> None:
        proxy = self._proxy
        if self.side in proxy.deaf:
            self.missed = True
            return
        if self.other is not None and not self._held and not proxy.delay_s and not proxy.bytes_per_s:
            self._pass(data)
            return
        now = asyncio.get_running_loop().time()
        takes_s = len(data) / proxy.bytes_per_s if proxy.bytes_per_s else 0.0
        self._due = max(self._due, now + proxy.delay_s) + takes_s
        self._held.append((self._due, data))
        self._held_bytes += len(data)
        if self._held_bytes > HELD_MAX_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._schedule()

    def eof_received(self) -> bool:
        self.finish()
        return True  # the other direction may go on

    def pause_writing(self) -> None:
        self._full = True
        if self.other is not None and self.other._transport is not None:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        if self.other is not None:
            self.other.read_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy._ends.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        if self._opening is not None:
            self._opening.cancel()
        if self.other is not None:
            self.other._leave(reset=exc is not None)

    # --- what the proxy does to it

    def reset(self) -> None:
        for end in (self, self.other):
            if end is not None:
                end._leave(reset=True)

    def finish(self) -> None:
        """Passes on the end of what this side sends, behind all that is held. Both ends: it is over."""
        if self.ended:
            return
        self.hurry()
        self.ended = True
        if self.other is None or self.other.ended:
            for end in (self, self.other):
                if end is not None:
                    end._leave(reset=False)
        elif self.other._transport is not None and not self.other._transport.is_closing():
            with contextlib.suppress(OSError, RuntimeError):
                self.other._transport.write_eof()

    def hurry(self) -> None:
        """Delivers what is held."""
        if self.other is None:
            return
        while self._held:
            _, data = self._held.popleft()
            self._pass(data)
        self._held_bytes, self._due = 0, 0.0
        self.read_on()

    def read_on(self) -> None:
        if (
            self._transport is not None
            and not self._transport.is_closing()
            and self.other is not None
            and not self.other._full
            and self._held_bytes <= HELD_MAX_BYTES
        ):
            self._transport.resume_reading()

    # --- inside

    async def _open(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: _End(self._proxy, "hub", self), "127.0.0.1", self._proxy.target
            )
        except OSError:
            self._leave(reset=True)

    def _pass(self, data: bytes) -> None:
        transport = self.other._transport if self.other is not None else None
        if transport is not None and not transport.is_closing() and not self.ended:
            transport.write(data)

    def _schedule(self) -> None:
        if self._timer is None and self._held and self.other is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._held[0][0] - loop.time()), self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._held and self._held[0][0] <= now + 0.001:
            _, data = self._held.popleft()
            self._held_bytes -= len(data)
            self._pass(data)
        self.read_on()
        self._schedule()

    def _leave(self, *, reset: bool) -> None:
        if self._transport is None:
            return
        if reset:
            with contextlib.suppress(OSError, AttributeError, ValueError):  # the last two of a socket that is gone
                raw = self._transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()
        else:
            self._transport.close()
