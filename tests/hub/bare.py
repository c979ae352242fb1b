"""A server without an application of ours on a real socket: the test is the hub's side of each websocket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from hub.serving import Server, WebSocketProtocol, config, listen, protocol_of
from hub.settings import Settings

LIMIT_S = 10.0


class Side:
    """The hub's side of one websocket, which does what the test says."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.protocol: WebSocketProtocol = protocol_of(SimpleNamespace(scope=scope))
        self.receive: Callable[[], Awaitable[Any]] = receive
        self.send: Callable[[Any], Awaitable[None]] = send
        self.done = asyncio.Event()

    async def accept(self) -> None:
        await self.receive()
        await self.send({"type": "websocket.accept"})

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await asyncio.sleep(0.005)


async def _nothing() -> None:
    pass


@contextlib.asynccontextmanager
async def serving(
    application: Callable[[Any, Any, Any], Awaitable[None]],
    settings: Settings,
    drain: Callable[[], Awaitable[None]] = _nothing,
) -> AsyncIterator[int]:
    """The server that the hub runs on, with this for requests and websockets; returns its port."""

    async def whole(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
        else:
            await application(scope, receive, send)

    listener = listen("127.0.0.1", 0)
    server = Server(config(whole, settings), drain)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[tuple[str, "asyncio.Queue[Side]"]]:
    """A server without an application of ours: each websocket is handed to the test."""
    sides: asyncio.Queue[Side] = asyncio.Queue()
    made: list[Side] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        side = Side(scope, receive, send)
        made.append(side)
        sides.put_nowait(side)
        await side.done.wait()

    async def drain() -> None:
        for side in made:
            side.done.set()

    async with serving(application, Settings(data=tmp_path), drain) as port:
        yield f"ws://127.0.0.1:{port}/", sides


@contextlib.asynccontextmanager
async def pair(tmp_path: Path) -> AsyncIterator[tuple[ClientConnection, Side]]:
    """An open websocket: the peer's side and ours."""
    async with served(tmp_path) as (url, sides):
        async with asyncio.TaskGroup() as both:
            dialling = both.create_task(dialled(url))
            side = await sides.get()
            await side.accept()
        peer = await dialling
        try:
            yield peer, side
        finally:
            peer.transport.abort()


async def dialled(url: str) -> ClientConnection:
    return await connect(url, compression=None, ping_interval=None, max_size=None, close_timeout=1)
