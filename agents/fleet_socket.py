"""The websocket of one simulated agent: websockets' sans-I/O client on an asyncio protocol, without a task of its own.

A task, queue and reader for each of 10,000 agents would cost more than the agents. It carries bytes, and can fail like a bad network.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from hub.wire.agent import FRAME_MAX_BYTES, SUBPROTOCOL_MSGPACK

ABNORMAL = 1006
BREAK_S = 0.01
CLOSE_S = 3.0
"""For the hub to answer a close frame."""
WRITE_HIGH_BYTES = 512 * 1024
"""Four batches of the most bytes: beyond, the hub is not reading."""

_quiet = logging.getLogger("agents.fleet.websocket")
_quiet.setLevel(logging.WARNING)


class FleetSocket(asyncio.Protocol):
    """One connection. `message` gets each whole message, `gone` the close code once, at the end (1006 when there was none)."""

    __slots__ = ("_broken", "_gone", "_message", "_parts", "_transport", "_ws", "cut_next", "full", "open")

    def __init__(self, uri: WebSocketURI, message: Callable[[bytes], None], gone: Callable[[int], None]) -> None:
        self._ws = ClientProtocol(
            uri, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)], max_size=FRAME_MAX_BYTES, logger=_quiet
        )
        self._message = message
        self._gone = gone
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._broken = False
        self.open = False
        """The handshake is done."""
        self.full = False
        """The hub is not reading: nothing that can wait should be sent."""
        self.cut_next = False
        """The next message breaks off in its middle, and the connection with it."""

    def send(self, data: bytes | str) -> None:
        """Sends a message; nothing when the connection has ended."""
        if self._transport is None or self._broken:
            return
        content = data.encode() if isinstance(data, str) else data
        try:
            self._ws.send_binary(content)
        except InvalidState:
            return
        if self.cut_next:
            whole = b"".join(self._ws.data_to_send())
            self._transport.write(whole[: max(1, len(whole) // 2)])
            self._broken = True
            # A transport writes at the end of the loop's turn, and what it holds when it is aborted is gone.
            asyncio.get_running_loop().call_later(BREAK_S, self.abort)
            return
        self._write()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Says goodbye; `gone` follows when the hub has answered or ended it."""
        if self._transport is None or self._broken or self._ws.state is not State.OPEN:
            self.abort()
            return
        self._ws.send_close(code, reason[:100])
        self._write()
        asyncio.get_running_loop().call_later(CLOSE_S, self.abort)

    def abort(self) -> None:
        """Ends the connection at once, as a network that goes away. `gone` follows."""
        self._broken = True
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport has all of this interface and is no subclass of it.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self._ws.send_request(self._ws.connect())
        self._write()

    def data_received(self, data: bytes) -> None:
        self._ws.receive_data(data)
        self._events()

    def eof_received(self) -> None:
        self._ws.receive_eof()
        self._events()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False

    def connection_lost(self, exc: Exception | None) -> None:
        received = self._ws.close_rcvd
        self.open = False
        self._transport = None
        self._gone(received.code if received is not None else ABNORMAL)

    # --- inside

    def _events(self) -> None:
        for event in self._ws.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Response):
                self.open = self._ws.handshake_exc is None
        self._write()
        if self._transport is not None and (self._ws.handshake_exc is not None or self._ws.close_expected()):
            self._transport.close()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
            return
        if frame.fin and not self._parts:
            self._message(bytes(frame.data))
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._message(whole)

    def _write(self) -> None:
        if self._transport is None or self._broken:
            return
        for data in self._ws.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
