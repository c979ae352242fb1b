"""A hub for the fleet's tests: `ModelHub` of each device behind a real websocket, which can be told to be bad."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from agents.roster import Member
from hub.wire.agent import SUBPROTOCOL_MSGPACK, Batch, Hello, Presence
from hub.wire.frames import hub_side
from hub.wire.policy import DEFAULT

from .wires import ModelHub


class FleetHub:
    """Keeps what it commits by device, whatever happens to connections."""

    def __init__(self, drop: float = 0.0, seed: int = 1) -> None:
        self.drop = drop
        """Chance, for each frame, that the connection breaks before it is read, before it is answered, or behind the answer."""
        self.devices: dict[str, ModelHub] = {}
        self.known: set[str] | None = None
        self.connections = 0
        self.presences: list[tuple[str, Presence]] = []
        self.sources: set[str] = set()
        self.reads = True
        self.batches: list[tuple[str, Batch]] = []
        self._heard = asyncio.Condition()
        self._rng = random.Random(seed)
        self._codec = hub_side(SUBPROTOCOL_MSGPACK)
        self._server: Server | None = None
        self.url = ""

    async def __aenter__(self) -> "FleetHub":
        await self.listen(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def listen(self, port: int) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", port, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)], compression=None
        )
        self.url = f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def die(self) -> None:
        """Every connection breaks, and nobody listens."""
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()
        self._server.close(close_connections=False)
        await self._server.wait_closed()

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until something that was answered makes the condition true."""
        async with asyncio.timeout(30), self._heard:
            await self._heard.wait_for(condition)

    async def return_(self) -> None:
        await self.listen(int(self.url.rsplit(":", 1)[1]))

    def member(self, number: int) -> Member:
        device = f"0198c7a0-0000-7000-8000-{number:012d}"
        return Member(
            email=f"person-{number}@simulated.invalid",
            device=device,
            origin="http://hub.test",
            key=bytes([number % 250 + 1]) * 32,
            policy=DEFAULT,
        )

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        self.sources.add(connection.remote_address[0])
        try:
            await connection.send(self._codec.encode(ModelHub().challenge()))
            hello = self._codec.decode(await connection.recv())
            assert isinstance(hello, Hello)
            if self.known is not None and hello.device not in self.known:
                await connection.close(4200)
                return
            hub = self.devices.setdefault(hello.device, ModelHub(credit=4))
            frame: Any = hello
            while True:
                if self._breaks():
                    connection.transport.abort()
                    return
                answers = hub.answer(frame)
                hub.seen.clear()
                async with self._heard:
                    self._heard.notify_all()
                if self._breaks():
                    connection.transport.abort()
                    return
                for answer in answers:
                    if isinstance(frame, Hello):
                        answer = msgspec.structs.replace(answer, hub_at=datetime.now(UTC))
                    await connection.send(self._codec.encode(answer))
                frame = self._codec.decode(await connection.recv())
                if isinstance(frame, Presence):
                    self.presences.append((hello.device, frame))
                elif isinstance(frame, Batch):
                    self.batches.append((hello.device, frame))
        except (ConnectionClosed, asyncio.IncompleteReadError):
            pass

    def _breaks(self) -> bool:
        return self._rng.random() < self.drop
