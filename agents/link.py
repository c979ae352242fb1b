"""The socket: connects, carries bytes between a session and the hub, and comes back after every kind of ending.

It decides nothing of the protocol (`agents/session.py` does); it decides when to connect again. Nobody is hammered: each
connection that fails, or is accepted and closed at once, is followed by a longer jittered delay.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from agents.backoff import Backoff
from agents.outputs import Close, Output, Ready, Reconnect, Send, Stop
from agents.presence import Shown
from agents.session import Session
from agents.spool_files import Broken, Unwritable
from hub.wire.agent import FRAME_MAX_BYTES, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, FromHub
from hub.wire.frames import Codec, agent_side
from hub.wire.pause import Declared
from hub.wire.policy import Starts

log = logging.getLogger(__name__)

CONNECT_S = 15
SEND_S = 20
"""A hub that does not read for this long is left; what was sent and not acked goes again."""
CLOSE_S = 3
TICK_MOST_S = 1.0
"""Timers stand still while the machine sleeps, the session's clock does not: look at least this often."""
BRIEF_MS = 5_000
OUTBOX_MAX = 256
ABNORMAL = 1006
CANNOT_STORE = 1011

NewSession = Callable[[Codec[FromHub], int], Session]


class Link:
    """One agent's way to its hub. All methods are called on the event loop's thread."""

    def __init__(
        self,
        hub: str,
        new_session: NewSession,
        mono_ms: Callable[[], int],
        backoff: Backoff,
        told: Callable[[Output], None],
        subprotocols: tuple[str, ...] = (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON),
    ) -> None:
        """`told` gets every output that is not the link's own business (all but Send, Close, Reconnect)."""
        self._url = "ws" + hub.removeprefix("http") + "/agent/v1"
        self._new_session = new_session
        self._mono_ms = mono_ms
        self._backoff = backoff
        self._told = told
        self._subprotocols = [Subprotocol(name) for name in subprotocols]
        self._session: Session | None = None
        self._shown: Shown | None = None
        self._outbox: asyncio.Queue[bytes | str] = asyncio.Queue(OUTBOX_MAX)
        self._wake = asyncio.Event()
        self._changed = asyncio.Condition()
        self._closing: Close | None = None
        self._stopping = asyncio.Event()
        self.connected = False
        """Whether the hub has admitted us."""

    async def run(self) -> Stop | None:
        """Stays connected until `stop`, or until the hub says that it is useless: then returns its word."""
        while not self._stopping.is_set():
            began_ms = self._mono_ms()
            after_ms = await self._connection()
            if isinstance(after_ms, Stop):
                return after_ms
            if self._stopping.is_set():
                break
            delay_ms = self._backoff.next_ms() if after_ms is None else after_ms
            if after_ms is not None and self._mono_ms() - began_ms < BRIEF_MS:
                delay_ms = max(after_ms, self._backoff.next_ms())  # a hub that drains whoever comes
            log.info("connecting again in %.1f s", delay_ms / 1000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_ms / 1000):
                    await self._stopping.wait()
        return None

    def stop(self) -> None:
        """Ends `run` soon."""
        self._stopping.set()
        self._wake.set()

    def present(self, shown: Shown) -> None:
        """Shows facts now, or with the next connection."""
        self._shown = shown
        if self._session is not None:
            self._do(self._session.present(shown, self._mono_ms()))
            self._wake.set()

    def declare(self, declared: Declared) -> None:
        """Tells the hub what the person declared here, now or with the next connection."""
        if self._session is not None:
            self._do(self._session.declare(declared, self._mono_ms()))
            self._wake.set()

    def start(self, starts: Starts, untold: Starts) -> None:
        """The same of work that the person started or ended here."""
        if self._session is not None:
            self._do(self._session.start(starts, untold, self._mono_ms()))
            self._wake.set()

    def forget(self) -> None:
        """What was shown is not known any more: the next connection does not begin with it."""
        self._shown = None

    async def flush(self, timeout_s: float) -> bool:
        """Sends what waits. True when the hub has acked all of it within the time."""
        session = self._session
        if session is None or not self.connected:
            return False
        self._do(session.flush(self._mono_ms()))
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: session.settled or session.phase == "closed")
        except TimeoutError:
            return False
        return session.settled

    # --- one connection

    async def _connection(self) -> int | Stop | None:
        """One connection from beginning to end. Returns the delay that the hub named, None for backoff, or its word to stop."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await connect(
                    self._url,
                    subprotocols=self._subprotocols,
                    compression=None,
                    max_size=FRAME_MAX_BYTES,
                    ping_interval=None,
                    close_timeout=CLOSE_S,
                    open_timeout=None,
                )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
            log.info("the hub can't be reached: %s", type(error).__name__)
            return None
        opened_ms = self._mono_ms()
        welcomed = False
        try:
            if socket.subprotocol is None:
                log.warning("the hub doesn't speak a version of the protocol that this agent knows")
            else:
                await self._converse(socket, opened_ms)
        finally:
            session, self._session = self._session, None
            welcomed, self.connected = self.connected, False
            await _shut(socket, self._closing)
        code = ABNORMAL if socket.close_code is None else socket.close_code
        if welcomed:
            self._backoff.lasted(self._mono_ms() - opened_ms)
        log.info("disconnected (%d)", code)
        for output in session.closed(code, self._mono_ms()) if session else []:
            if isinstance(output, Stop):
                return output
            if isinstance(output, Reconnect):
                return output.after_ms
        return None

    async def _converse(self, socket: ClientConnection, opened_ms: int) -> None:
        """Talks until the socket is closed by the hub, or the session or a failure wants it closed."""
        self._outbox = asyncio.Queue(OUTBOX_MAX)
        self._closing = None
        session = self._new_session(agent_side(str(socket.subprotocol)), opened_ms)
        self._session = session
        if self._shown is not None:
            session.present(self._shown, opened_ms)
        work = [asyncio.create_task(job) for job in (self._read(socket), self._write(socket), self._tick())]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
        for error in ended:
            if isinstance(error, (Unwritable, Broken)):
                log.error("the spool can't be written: %s", error)
                self._closing = Close(CANNOT_STORE, "the agent can't store")
            elif isinstance(error, Exception) and not isinstance(error, (ConnectionClosed, TimeoutError)):
                raise error

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            assert self._session is not None
            self._do(self._session.receive(message, self._mono_ms()))
            async with self._changed:
                self._changed.notify_all()
            self._wake.set()
            if self._closing:
                return

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            data = await self._outbox.get()
            async with asyncio.timeout(SEND_S):
                await socket.send(data)

    async def _tick(self) -> None:
        while not self._closing and not self._stopping.is_set():
            assert self._session is not None
            self._wake.clear()
            now_ms = self._mono_ms()
            self._do(self._session.tick(now_ms))
            wait_s = (self._session.next_tick_ms() - now_ms) / 1000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(TICK_MOST_S, wait_s))):
                    await self._wake.wait()

    def _do(self, outputs: list[Output]) -> None:
        """Carries out what the session asks, in order."""
        for output in outputs:
            match output:
                case Send():
                    try:
                        self._outbox.put_nowait(output.data)
                    except asyncio.QueueFull:
                        self._closing = Close(CANNOT_STORE, "the hub does not read")
                        self._wake.set()
                        return
                case Close():
                    log.warning("leaving the hub: %s", output.reason)
                    self._closing = output
                    self._wake.set()
                case Reconnect():
                    pass
                case Ready():
                    self.connected = True
                    log.info("connected")
                    self._told(output)
                case _:
                    self._told(output)


async def _shut(socket: ClientConnection, closing: Close | None) -> None:
    """Closes politely, and in any case."""
    code, reason = (closing.code, closing.reason) if closing else (1000, "")
    try:
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code, reason)
    except TimeoutError:
        socket.transport.abort()
