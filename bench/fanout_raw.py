"""`fanout_raw`'s server of ours: every line that comes on one port goes to every viewer on the other.

`python -m bench.fanout_raw PORT INWARD`, by the hub's own server, protocol and outbox (what waits for each viewer is bounded), without a
view, sign-in or acks, as the peers have none. With `bare` for a third argument it is the floor: nothing but a write to each socket.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop
from litestar.connection import WebSocket

from hub.live.outbox import Outbox
from hub.live.telling import text_frame
from hub.serving import Server, allow_many_connections, config, listen
from hub.settings import Settings

LINE_MAX_BYTES = 1 << 20


async def main(port: int, inward: int, *, bare: bool) -> None:
    outboxes: set[Outbox] = set()
    descriptors: set[int] = set()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
            return
        socket: WebSocket[Any, Any, Any] = WebSocket(scope, receive, send)
        await socket.accept()
        outbox = Outbox(socket)
        outboxes.add(outbox)
        descriptor = scope["state"]["protocol"].transport.get_extra_info("socket").fileno()
        descriptors.add(descriptor)
        await socket.receive()
        outboxes.discard(outbox)
        descriptors.discard(descriptor)

    async def read(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            frame = text_frame(line[:-1])
            if bare:
                for descriptor in descriptors:
                    os.write(descriptor, frame)
            else:
                for outbox in outboxes:
                    outbox.put(frame)

    async def drain() -> None: ...

    with tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder:
        server = Server(config(application, Settings(data=Path(folder))), drain)
        async with await asyncio.start_server(read, "127.0.0.1", inward, limit=LINE_MAX_BYTES):
            await server._serve([listen("127.0.0.1", port)])


if __name__ == "__main__":
    allow_many_connections()
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), bare=sys.argv[3:] == ["bare"]))
