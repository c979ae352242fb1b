"""A hub on a loopback socket: the pure `ModelHub` behind a real websocket server."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hub.wire.agent import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, Batch, FromAgent, Heartbeat, Hello, Presence
from hub.wire.frames import hub_side

from .wires import ModelHub


class FakeHub:
    """Serves `/agent/v1`. `script` may take a connection over: called with it before the challenge, True ends it."""

    def __init__(self, model: ModelHub | None = None, offers: tuple[str, ...] = (SUBPROTOCOL_MSGPACK,)) -> None:
        self.model = model or ModelHub()
        self.model.epoch = max(self.model.epoch, 1)
        self.offers = offers
        self.connections = 0
        self.frames: list[FromAgent] = []
        self.script: Callable[[ServerConnection], object] | None = None
        self.live: list[ServerConnection] = []
        self._heard = asyncio.Condition()
        self._server: Server | None = None
        self.port = 0

    async def __aenter__(self) -> "FakeHub":
        offered = [Subprotocol(name) for name in self.offers] or None
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, subprotocols=offered, compression=None, ping_interval=None
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def until(self, condition: Callable[[], object], timeout_s: float = 30) -> None:
        """Waits until something that was heard makes the condition true."""
        async with asyncio.timeout(timeout_s), self._heard:
            await self._heard.wait_for(condition)

    def presences(self) -> list[Presence]:
        return [frame for frame in self.frames if isinstance(frame, Presence)]

    def batches(self) -> list[Batch]:
        return [frame for frame in self.frames if isinstance(frame, Batch)]

    async def _notify(self) -> None:
        async with self._heard:
            self._heard.notify_all()

    async def _serve(self, socket: ServerConnection) -> None:
        self.connections += 1
        await self._notify()
        codec = hub_side(str(socket.subprotocol))

        async def say(frame: msgspec.Struct) -> None:
            encoded = codec.encode(frame)
            await socket.send(encoded.decode() if codec.text else encoded)

        try:
            if self.script is not None:
                await self.script(socket)  # type: ignore[misc]
                return
            await say(self.model.challenge())
            async for message in socket:
                frame = codec.decode(message)
                self.frames.append(frame)
                if isinstance(frame, Hello):
                    self.live.append(socket)
                if isinstance(frame, Heartbeat):
                    await say(Heartbeat(hub_at=datetime.now(UTC), sent=frame.sent))
                for answer in self.model.answer(frame):
                    if hasattr(answer, "hub_at"):
                        answer = msgspec.structs.replace(answer, hub_at=datetime.now(UTC))
                    await say(answer)
                await self._notify()
        except ConnectionClosed:
            pass
        finally:
            await self._notify()


BOTH = (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)
