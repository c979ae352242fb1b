"""A socket with its codec: frames in and out, every send under a deadline."""

import asyncio
import time
from typing import Any

import structlog
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub import logs
from hub.figures import FIGURES
from hub.serving import protocol_of
from hub.wire.agent import FromAgent, FromHub
from hub.wire.closing import Close
from hub.wire.frames import BadFrame, Codec

SEND_S = 10.0
SMALL_BYTES = 125
"""Of a frame whose size fits into its second byte."""
UNREAD_MAX_BYTES = 4096
"""A hundred acks that the peer has not read: from there on it is waited for, under the deadline."""
TOO_LARGE = 1009
"""The websocket layer's own code for a frame over `FRAME_MAX_BYTES`."""

log = structlog.get_logger()


class Line:
    """A socket with its codec: frames in and out, every send under a deadline. A peer that does not read is cut off."""

    __slots__ = ("_codec", "_protocol", "_socket", "closed", "connection", "device", "frames", "heard_at")

    def __init__(self, socket: "WebSocket[Any, Any, Any]", codec: "Codec[FromAgent]") -> None:
        self._socket = socket
        self._protocol = protocol_of(socket)
        self._codec = codec
        self.closed = False
        self.connection = logs.connection()
        """For the log, as is `device` once it is known: whoever ends this line may serve another."""
        self.device: int | None = None
        self.frames = 0
        """Received."""
        self.heard_at = time.monotonic()

    async def receive(self) -> FromAgent:
        """The next frame. Raises `BadFrame`, or `WebSocketDisconnect` at the end."""
        message = await self._protocol.receive()  # not by Litestar's: it notes states that nobody here asks for
        if message["type"] != "websocket.receive":
            self.closed = True
            if message.get("code") == TOO_LARGE:  # the websocket layer closed it: a frame over FRAME_MAX_BYTES
                FIGURES.refused["too_large"] += 1
                log.warning("agent_refused", reason="too_large", device=self.device, connection=self.connection)
            raise WebSocketDisconnect(code=1005, detail="gone")
        self.heard_at = time.monotonic()
        self.frames += 1
        self._protocol.spoken = True
        text, data = message.get("text"), message.get("bytes")
        if (text is not None) != self._codec.text:
            raise BadFrame(Close.MALFORMED, "not the frame type of the subprotocol")
        return self._codec.decode(text if text is not None else data or b"")

    async def send(self, *frames: FromHub) -> None:
        """Sends, or cuts the peer off when it does not read. Never raises for a peer that has gone."""
        try:
            async with asyncio.timeout(SEND_S):
                for frame in frames:
                    if self.closed:
                        return
                    data = self._codec.encode(frame)
                    if self._codec.text:
                        await self._socket.send({"type": "websocket.send", "text": data.decode(), "bytes": None})
                    else:
                        await self._socket.send({"type": "websocket.send", "bytes": data, "text": None})
        except TimeoutError:
            FIGURES.refused["too_slow"] += 1
            log.warning("agent_refused", reason="too_slow", device=self.device, connection=self.connection)
            self.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            self.closed = True

    def say(self, frame: FromHub) -> bool:
        """Writes a small frame at once, without a task or a deadline. False, and nothing written, when much of what was said is unread."""
        if self.closed or self._protocol.unsent_bytes > UNREAD_MAX_BYTES:
            return False
        data = self._codec.encode(frame)
        assert len(data) <= SMALL_BYTES
        written = bytes((0x81 if self._codec.text else 0x82, len(data))) + data  # RFC 6455, section 5.2
        return self._protocol.write_frame(written) is not None

    async def close(self, code: Close) -> None:
        """Ends the connection with a code, which is counted and logged unless the hub itself is going."""
        if self.closed:
            return
        self.closed = True
        if code is not Close.DRAINED:
            FIGURES.refused[code.name.lower()] += 1
            log.warning("agent_refused", reason=code.name.lower(), device=self.device, connection=self.connection)
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.close(code=code, reason=code.name.lower())
        except TimeoutError:
            self.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass

    def cut(self) -> None:
        """Ends the connection without a word: the peer would not read one."""
        self.closed = True
        self._protocol.cut()
