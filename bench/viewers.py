"""`viewer_frames`: what a frame to a viewer costs the hub's CPU, against the same frame by uvicorn's `send`.

100 viewers watch one team of 200 people, of whom 20 change in each tick; each viewer gets one delta a tick, which is encoded once for all.
Ours is what the view does with it: drawing what changed, flow control by acks, the prebuilt bytes written to the transport. The peers are
the same with Litestar's `WebSocket.send` in place of the write, and uvicorn's ASGI `send` of the encoded delta without any flow control.
The floor is the bare write to the transport. Viewers are real websockets that another process reads from. Only the CPU of this process
counts (user and system).
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvloop
from litestar.connection import WebSocket

from bench.results import Result, result
from hub.live.outbox import Outbox
from hub.live.team import Member, TeamView
from hub.live.viewer import ViewerConnection
from hub.serving import Server, config, listen, protocol_of
from hub.settings import Settings
from hub.wire.frames import viewer_browser_side

NAME = "viewer_frames"
VIEWERS = 100
PEOPLE = 200
CHANGES = 20
TICKS = 200
TICK_S = 0.005
"""Not the view's 0.15 s: only CPU counts, and the viewers keep up."""
RUNS = 5
WARM_UP = 1
LITESTAR, SEND, WRITE = "ours, by Litestar's send", "uvicorn's send, no flow control", "bare transport.write"


class Side:
    """The hub's side of one viewer's websocket."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.socket: WebSocket[Any, Any, Any] = WebSocket(scope, receive, send)
        self.send: Callable[[Any], Awaitable[None]] = send
        self.protocol = protocol_of(self.socket)


class SendingOutbox(Outbox):
    """Ours, but that the frame is to be sent by `send`, which waits and so can't be called here."""

    def _write(self, frame: bytes, now: float) -> None:
        self._written += len(frame)
        self.last_put = now


def run() -> Result:
    """Takes about a minute."""
    return uvloop.run(_measured())


async def _measured() -> Result:
    runs: dict[str, list[float]] = {"ours": [], LITESTAR: [], SEND: [], WRITE: []}
    async with _connected() as sides:
        for number in range(WARM_UP + RUNS):
            for who, figures in runs.items():
                rate = await _frames_a_cpu_second(who, sides)
                if number >= WARM_UP:
                    figures.append(rate)
    return result(NAME, "frames per CPU-second of the hub", "higher", runs, {WRITE})


async def _frames_a_cpu_second(who: str, sides: list[Side]) -> float:
    team = TeamView(1)
    follow = SimpleNamespace(team=lambda number: team, stale_since=None)
    _change(team, 0)
    viewers: list[tuple[Side, ViewerConnection]] = []
    for side in sides:
        outbox = (SendingOutbox if who == LITESTAR else Outbox)(side.socket)
        viewer = ViewerConnection(None, outbox, follow)  # type: ignore[arg-type]
        viewer.subscribe({1}, [])
        viewer.show(team)
        viewer.catch_up(datetime.now(UTC))
        viewer.outbox.acked(1, team.rev, 0)
        viewers.append((side, viewer))
    await asyncio.sleep(0.3)
    began = time.process_time()
    for tick in range(1, TICKS + 1):
        before, now = team.rev, datetime.now(UTC)
        _change(team, tick)
        frame = team.delta(before, now)
        assert frame is not None
        text = frame[4:].decode()
        for side, viewer in viewers:
            if who in {"ours", LITESTAR}:
                viewer.changed(1)
                viewer.catch_up(now)
                viewer.outbox.acked(1, team.rev, 0)
            if who == LITESTAR:
                await side.socket.send({"type": "websocket.send", "text": text, "bytes": None})
            elif who == SEND:
                await side.send({"type": "websocket.send", "text": text, "bytes": None})
            elif who == WRITE:
                side.protocol.transport.write(frame)
        await asyncio.sleep(TICK_S)
    took = time.process_time() - began
    async with asyncio.timeout(30):
        while any(side.protocol.unsent_bytes for side in sides):  # noqa: ASYNC110 - a transport tells nobody when it is empty
            await asyncio.sleep(0.01)
    assert who != "ours" or not any(viewer.is_behind for _, viewer in viewers)
    return VIEWERS * TICKS / took


def _change(team: TeamView, tick: int) -> None:
    changed = {(tick * CHANGES + number) % PEOPLE for number in range(CHANGES)} if tick else range(PEOPLE)
    known = team._members  # the records of devices are another benchmark's
    members = known | {p: Member(person=p, name=f"Person {p:03} of the team, {tick:04}") for p in changed}
    team.members(members.values())
    team.settle(datetime.now(UTC), lambda hub: "live")


@contextlib.asynccontextmanager
async def _connected() -> AsyncIterator[list[Side]]:
    """The viewers, over a server that has no application of ours."""
    sides: list[Side] = []
    over = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
            return
        side = Side(scope, receive, send)
        await side.socket.accept()
        sides.append(side)
        await over.wait()

    async def drain() -> None:
        over.set()

    listener = listen("127.0.0.1", 0)
    with tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder:
        server = Server(config(application, Settings(data=Path(folder))), drain)
        serving = asyncio.create_task(server._serve([listener]))
        reader = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.viewers", str(listener.getsockname()[1])
        )
        try:
            async with asyncio.timeout(30):
                while len(sides) < VIEWERS:  # noqa: ASYNC110 - once, before anything is measured
                    await asyncio.sleep(0.05)
            yield sides
        finally:
            reader.kill()
            await reader.wait()
            server.should_exit = True
            await serving


async def _read_all(port: int) -> None:
    """What the viewers' process does: takes what comes, and looks at the first frame of each to be sure that it is one."""

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        writer.write(
            f"GET / HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        head = await reader.readexactly(4)
        viewer_browser_side().decode(await reader.readexactly(int.from_bytes(head[2:4], "big")))
        while await reader.read(1 << 20):
            pass

    await asyncio.gather(*(one() for _ in range(VIEWERS)))


if __name__ == "__main__":
    uvloop.run(_read_all(int(sys.argv[1])))
