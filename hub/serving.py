"""Our own uvicorn server: its websocket and HTTP protocols with limits, its signals with our drain before its 1012.

What uvicorn leaves open is closed here: a peer that never finishes its headers, floods of empty continuation frames, of small frames and
of pings, and a way to cut off a peer that does not read. Frames that many peers get are written as they are, without uvicorn's `send`.
The drain itself is the application's (`app.py`).
"""

import asyncio
import contextlib
import gc
import os
import resource
import socket as sockets
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar, NoReturn
from urllib.parse import unquote

import structlog
import uvicorn
from litestar.exceptions import WebSocketDisconnect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import apply_mask  # type: ignore[attr-defined] # the quicker of two
from websockets.protocol import State

from hub.addresses import network_of
from hub.figures import FIGURES
from hub.settings import Settings
from hub.wire.agent import FRAME_MAX_BYTES

HEADERS_S = 10.0
BODY_S = 30.0
"""A request's body has to be there by then."""
BODY_MAX_BYTES = 1280 * 1024
"""The application refuses more than 1 MiB; the rest is for what chunks add. Once it has answered, nothing pauses reading, and chunks of one
byte cost a call each: as many as this hold the loop for some 0.3 s."""
HEADERS_MAX_BYTES = 64 * 1024
"""And what comes in one read with their end: 256 KiB at most."""
CONTINUATIONS_MAX = 1024
"""Pieces of one message. Nobody who means well needs more for 256 KiB."""
PIECE_BYTES = 4096
"""uvicorn queues every frame of what one read brought, up to 256 KiB. Given to it in pieces of this size it queues at most 682 of the
smallest frames (6 bytes), which are 0.3 MB, before the application has taken them. And no more than one piece in a turn of the loop: pings,
pongs and continuations pause no reading, and libuv reads a socket that has more 32 times before it looks at another. A piece of them takes
7 ms here; a flood of them would hold the loop for ten seconds."""
UNSENT_MAX_BYTES = 1024 * 1024
"""Pongs are written whether or not the peer reads. One for whom this much waits is cut off: nothing of ours lets half of it wait."""
ARRIVING_MAX = 400
"""Agents that have connected and are not admitted yet: a second or two of work. With more than that each would wait for longer than its
deadline; then none is admitted in the end, while the process is busy with all of them. One more is told so at once, for a tenth of what
hearing it would cost, and comes again later; or else the latest who has said nothing makes room, of an address with far more of them."""
FAR_MORE = 2
"""Times. Those of one office take turns as they come; whoever opens sockets and says nothing keeps out their own address at most."""
LATER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
USER_TIMEOUT_MS = 20_000
"""The kernel ends a connection whose peer has acknowledged nothing for this long."""
BACKLOG = 4096
FILES_FEW = 4096
"""Each connection is an open file. Beyond its limit a process resets new ones without a word: who runs it should hear that it is low."""
GRACEFUL_S = 3
OPEN = State.OPEN
"""Each frame to each viewer asks for it, and an enum is slow to be asked."""

log = structlog.get_logger()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, plus limits and prebuilt frames. Puts itself into the scope's state, where `protocol_of` finds it."""

    __slots__ = ("_descriptor", "_open")
    # What each frame to each viewer asks for: in a slot it is one place in memory, and in uvicorn's dictionary of forty several cold ones.

    _descriptor: int | None
    """Of the socket, where what is written there is what the peer reads."""
    _open: Any
    """The transport, while frames may be written: from the acceptance until either side has closed."""
    take_text: Callable[[bytes], bool] | None = None
    """Given small text frames that come by themselves, before uvicorn is: True, and uvicorn never hears of them. An ack costs 2 us then,
    and not 13 and what Litestar adds. May be taken away at any time; then uvicorn hears everything."""
    _begun_bytes = 0
    """Of a frame that uvicorn has the beginning of: what is still to come."""
    _unread = b""
    """What was read; up to `_taken` it was given to uvicorn. Reading is paused while there is more."""
    _taken = 0
    _served = False
    """The application has returned."""
    arriving: ClassVar["dict[WebSocketProtocol, str]"] = {}
    """Agents' connections that are not admitted yet, of all of the process, as they came, with the address that each comes from.
    `live/ingest.py` takes each out once it is."""
    spoken = False
    """A frame of it was received."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._descriptor = self._open = None

    @property
    def unsent_bytes(self) -> int:
        """What waits in this process for the peer to read. What was written a moment ago counts until the loop's next turn."""
        return self.transport.get_write_buffer_size()

    def write_frame(self, frame: bytes) -> int | None:
        """Writes a whole frame as it is, and returns what now waits for the peer to read, in bytes. `None`, and nothing written, when the
        connection is not open in both directions.

        uvicorn's own flag can't be asked: after a peer's close `close_sent` stays False, and what is written then comes after the
        close frame. The frame is never within another: uvicorn writes whole messages in one step, too.
        """
        transport = self._open
        if transport is None or transport.is_closing():
            return None
        if self._descriptor is None or transport.get_write_buffer_size():
            transport.write(frame)
            return self.unsent_bytes
        # uvloop would keep it until the end of its turn, and take as long about it as the kernel. Nothing waits that this could overtake.
        try:
            written = os.write(self._descriptor, frame)
        except BlockingIOError:
            written = 0
        except OSError:
            transport.abort()
            return None
        if written == len(frame):
            return 0
        transport.write(memoryview(frame)[written:])
        return self.unsent_bytes

    def has_arrived(self) -> None:
        """It is admitted, or gone."""
        self.arriving.pop(self, None)

    @classmethod
    def make_room(cls, address: str) -> bool:
        """Whether one more agent of this address may arrive in the place of another, which is cut off."""
        by_address = Counter(cls.arriving.values())
        most, count = by_address.most_common(1)[0] if by_address else ("", 0)
        if count <= FAR_MORE * (by_address[address] + 1):
            return False
        silent = next((each for each, its in reversed(cls.arriving.items()) if its == most and not each.spoken), None)
        if silent is None:
            return False
        silent.has_arrived()
        silent.cut()
        return True

    def cut(self) -> None:
        """Ends the connection at once, whatever its buffers hold: the only thing that works on a peer that doesn't read.

        With a reset, so that the kernel lets go of what it holds, too: after a plain close it would wait for the peer to read it.
        """
        with contextlib.suppress(OSError):
            at_once = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, at_once)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.take_text is not None:
            data = self._untaken(data, self.take_text)
            if not data:
                return
        self._unread, self._taken = self._unread[self._taken :] + data, 0
        self._take()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] != "websocket.send":
            self._look()

    def shutdown(self) -> None:
        super().shutdown()
        self._look()

    def _look(self) -> None:
        """After anything that can have opened or closed the connection."""
        self._open = self.transport if self.handshake_complete and self.conn.state is OPEN else None

    def _untaken(self, data: bytes, take: Callable[[bytes], bool]) -> bytes:
        """Has the small text frames at the front of what was read taken, and returns the rest.

        Where frames begin has to be known from then on. A peer with whom that is not simple (a head cut in two, pieces of messages,
        much in one read) gets no further favour.
        """
        at, taken = self._begun_bytes, 0
        while at < len(data):
            head = data[at : at + 8]
            if len(data) > PIECE_BYTES or len(head) < 8 or head[0] & 0x80 == 0 or head[1] < 0x80 or head[1] == 0xFF:
                self.take_text = None
                break
            size = head[1] & 0x7F
            end = at + 6 + size if size < 126 else at + 8 + int.from_bytes(head[2:4])
            whole = head[0] == 0x81 and size < 126 and at == taken and end <= len(data) and self.conn.state is OPEN
            if whole and take(apply_mask(data[at + 6 : end], head[2:6])):
                taken = end
            at = end
        self._begun_bytes = max(0, at - len(data))
        return data[taken:] if taken else data

    async def receive(self) -> Any:
        if self._unread:
            await asyncio.sleep(0)  # what is queued is had without waiting: others have their turn within a flood
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        if self._unread:
            self._take()
        return message

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, but reading is paused for the second message that waits, not for each: mostly the first one is taken at once."""
        paused, self.read_paused = self.read_paused, True
        super().send_receive_event_to_app()
        self.read_paused = paused
        if not paused and self.queue.qsize() > 1:
            self.read_paused = True
            self.transport.pause_reading()

    def _take(self) -> None:
        """Gives uvicorn the next piece of what was read, and the one after it once others had their turn.

        Unless uvicorn pauses, since the piece held a whole message: then the next one follows when that was received.
        """
        if not self._unread or self.read_paused or self.transport.is_closing():
            return
        start, self._taken = self._taken, self._taken + PIECE_BYTES
        super().data_received(self._unread[start : self._taken])
        self._look()
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            # Headers that are too much for websockets, and were none for httptools: uvicorn would leave the connection open, and forget it.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
            return
        if self._taken >= len(self._unread):
            self._unread, self._taken = b"", 0
            if not self.read_paused:
                self.transport.resume_reading()
        elif not self.read_paused:
            self.transport.pause_reading()
            self.loop.call_soon(self._take)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["state"]["protocol"] = self
            socket = self.transport.get_extra_info("socket")
            if socket is not None and self.transport.get_extra_info("ssl_object") is None:
                self._descriptor = socket.fileno()
            if self.scope["path"].startswith("/agent/"):
                self.arriving[self] = address_of(self.app, self.client, self.scope["headers"])

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_arrived()
        super().connection_lost(exc)
        self._open = None
        self._let_go()

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        super().on_task_complete(task)
        self._served = True
        self._let_go()

    def _let_go(self) -> None:
        """Once both the connection and the application are done: what refers to itself would stay until the collector comes, seldom."""
        if self._served and self.disconnected:
            self.take_text = None
            self.scope["state"].clear()
            self.conn.parser.close()

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= CONTINUATIONS_MAX:
            self.cut()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.unsent_bytes > UNSENT_MAX_BYTES:
            self.cut()


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, plus a deadline and a size for a request's headers, and for its body."""

    _headers_timer: asyncio.TimerHandle | None = None
    _headers_bytes = 0
    _body_timer: asyncio.TimerHandle | None = None
    _body_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        headers, body = self._headers_timer, self._body_timer
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            return  # it is a websocket now
        # Counted is what went on: a read that brought the end of the headers brought body as well.
        if headers is not None and headers is self._headers_timer:
            self._headers_bytes += len(data)
        elif body is not None and body is self._body_timer:
            self._body_bytes += len(data)
        elif self._waits_for_nothing():
            self._expect_headers()
        if self._headers_bytes > HEADERS_MAX_BYTES or self._body_bytes > BODY_MAX_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._headers_timer is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._headers_done()
        self._body_bytes = 0
        self._body_timer = self.loop.call_later(BODY_S, self.transport.abort)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_done()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_done()
        self._body_done()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._body_done()
        path = unquote(self.url.partition(b"?")[0].decode("latin-1"))  # as the scope will have it
        is_full = path.startswith("/agent/") and len(WebSocketProtocol.arriving) >= ARRIVING_MAX
        if is_full and not WebSocketProtocol.make_room(address_of(self.app, self.client, self.headers)):
            FIGURES.refused["later"] += 1
            self.transport.write(LATER)
            self.transport.close()
            return
        super().handle_websocket_upgrade()
        del self.parser  # they refer to each other, and this connection is another's now

    def _waits_for_nothing(self) -> bool:
        """Empty lines after an answer end uvicorn's wait for the next request, and begin none."""
        timers = (self._headers_timer, self._body_timer, self.timeout_keep_alive_task)
        return all(timer is None for timer in timers) and self.cycle is not None and self.cycle.response_complete

    def _body_done(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _expect_headers(self) -> None:
        self._headers_bytes = 0
        self._headers_timer = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _headers_done(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None


class Server(uvicorn.Server):
    """uvicorn's server that lets the application drain before any connection is told to go."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._drain()
        await super().shutdown(sockets)
        self._captured_signals.clear()  # uvicorn would raise them again: a hub that drained has ended well


def listen(host: str, port: int, *, shared: bool = False) -> sockets.socket:
    """A listening socket. `shared`: several processes listen on one port, and the kernel spreads connections over them."""
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEPORT, 1)
    if hasattr(sockets, "TCP_USER_TIMEOUT"):
        listener.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def allow_many_connections() -> None:
    """Raises this process's limit of open files as far as it may: that of a shell is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has another limit beside this
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft != resource.RLIM_INFINITY and soft < FILES_FEW:
        log.warning("few_open_files", limit=soft)


def collect_seldom() -> None:
    """Has Python look for garbage seldom: all that a thousand connections hold is looked through each time, and lives for hours.

    To be called once everything is loaded: what is there by then is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 5, 5)


def config(app: Any, settings: Settings) -> uvicorn.Config:
    """uvicorn's settings: no deflate for sockets, small frames, our own heartbeats, logs by us."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=FRAME_MAX_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=GRACEFUL_S,
        timeout_keep_alive=75,
        backlog=BACKLOG,
    )


def address_of(app: Any, client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Whom a connection comes from, as the headers of a trusted proxy say, and as it is counted."""
    address = client[0] if client else ""
    if isinstance(app, ProxyHeadersMiddleware) and address in app.trusted_hosts:
        forwarded = b", ".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        address = app.trusted_hosts.get_trusted_client_address(forwarded)[0] or address
    return network_of(address)


def let_go(socket: Any) -> None:
    """A websocket of the application that is over. It and the functions that it is made of refer to each other: see `_let_go` above.

    Whoever still sends gets `WebSocketDisconnect`, as from any that is over.
    """
    socket.receive = socket.send = _over


async def _over(*_: Any) -> NoReturn:
    raise WebSocketDisconnect(code=1006, detail="over")


def protocol_of(socket: Any) -> WebSocketProtocol:
    """The protocol under a websocket of the application."""
    protocol: WebSocketProtocol = socket.scope["state"]["protocol"]
    return protocol
