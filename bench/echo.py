"""The least that a server can do with a frame: sends it back. Bare Litestar, on the uvicorn, uvloop and websockets that the hub stands on.

`python -m bench.echo PORT`. A peer of the ingest benchmarks and of `memory`. As in the hub nothing is compressed, and the protocol's pings
are off.
"""

import sys
from typing import Any

import uvicorn
from litestar import Litestar, websocket
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect


@websocket("/")
async def echo(socket: "WebSocket[Any, Any, Any]") -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(await socket.receive_bytes())
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(
        Litestar([echo]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        log_level="warning",
    )
