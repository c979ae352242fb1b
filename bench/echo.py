"""The least that a server can do with a frame: sends it back. On the uvicorn, uvloop and websockets that the hub stands on.

`python -m bench.echo litestar|websockets PORT`. Peers of the ingest benchmarks and of `memory`. As in the hub nothing is compressed, and
the protocol's pings are off.
"""

import sys
from typing import Any

import uvicorn
import uvloop
from litestar import Litestar, websocket
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

BACKLOG = 4096


@websocket("/")
async def echo(socket: "WebSocket[Any, Any, Any]") -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(await socket.receive_bytes())
    except WebSocketDisconnect:
        pass


def litestar(port: int) -> None:
    uvicorn.run(
        Litestar([echo]),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        backlog=BACKLOG,
        log_level="warning",
    )


async def _answer(connected: ServerConnection) -> None:
    try:
        async for message in connected:
            await connected.send(message)
    except ConnectionClosed:
        pass


async def websockets(port: int) -> None:
    options: Any = {"compression": None, "ping_interval": None, "backlog": BACKLOG}
    async with serve(_answer, "127.0.0.1", port, **options) as server:
        await server.serve_forever()


if __name__ == "__main__":
    kind, where = sys.argv[1], int(sys.argv[2])
    if kind == "litestar":
        litestar(where)
    else:
        uvloop.run(websockets(where))
