"""A hub on a real socket in the test's own event loop, and peers that speak the wire to it frame by frame."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from hub.app import Hub, create
from hub.serving import Server, config, listen
from hub.settings import Settings
from hub.wire import frames
from hub.wire.activity import Facts
from hub.wire.agent import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Batch,
    Challenge,
    Hello,
    Presence,
    Welcome,
    signed_bytes,
)
from hub.wire.events import Event, Interval
from hub.wire.viewer import Snapshot, Subscribe, Tile, ViewerAck
from tests import secrecy

from .registered import registered

Frame = TypeVar("Frame", bound=msgspec.Struct)
ANSWER_S = 30.0
"""Generous: a limit that says that something hangs, not how quick it should be."""


class Running:
    """A hub that listens. `stop` drains it as SIGTERM does."""

    def __init__(self, hub: Hub, server: Server, listener: Any, settings: Settings) -> None:
        self.hub = hub
        self.port = listener.getsockname()[1]
        self.settings = settings
        self._server = server
        self.task = asyncio.create_task(server._serve([listener]))

    async def stop(self) -> None:
        self._server.should_exit = True
        await self.task


@contextlib.asynccontextmanager
async def running(settings: Settings, port: int = 0) -> AsyncIterator[Running]:
    """A hub with these settings on this port of loopback, or a free one. Its origin is the settings'."""
    listener = listen("127.0.0.1", port)
    hub = Hub(settings)
    with registered(lambda: create(hub)) as application:
        server = Server(config(application, settings), hub.drain)
        up = Running(hub, server, listener, settings)
        async with asyncio.timeout(ANSWER_S):
            while not server.started:
                if up.task.done():
                    up.task.result()
                await asyncio.sleep(0.01)
        try:
            yield up
        finally:
            if not up.task.done():
                await up.stop()


class Agent:
    """A device that says exactly what a test tells it to."""

    def __init__(self, socket: ClientConnection, text: bool) -> None:
        self.socket = socket
        self.codec = frames.agent_side(SUBPROTOCOL_JSON if text else SUBPROTOCOL_MSGPACK)
        self.welcomed: Welcome | None = None

    @property
    def epoch(self) -> int:
        assert self.welcomed is not None
        return self.welcomed.epoch

    async def send(self, frame: msgspec.Struct) -> None:
        data = self.codec.encode(frame)
        await self.socket.send(data.decode() if self.codec.text else data)

    async def receive(self, kind: type[Frame]) -> Frame:
        """The next frame, which has to be of this kind."""
        frame = await self.receive_any()
        assert isinstance(frame, kind), frame
        return frame

    async def receive_any(self) -> Any:
        async with asyncio.timeout(ANSWER_S):
            return self.codec.decode(await self.socket.recv())

    async def closed(self) -> int:
        """Waits for the close and returns its code; frames that come before it are skipped."""
        async with asyncio.timeout(ANSWER_S):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as closed:
                assert closed.rcvd is not None, "the connection was cut"
                return closed.rcvd.code

    async def hello(self, hub: Running, device: Any, /, **changes: Any) -> None:
        """Answers the challenge; `changes` are fields of `hello`, applied before signing unless they are the signature."""
        challenge = await self.receive(Challenge)
        fields = {"device": device.uid, "epoch": 0, "next_seq": 1, "instance": "one"} | changes
        signed = signed_bytes(
            challenge.nonce, hub.settings.origin, device.uid, int(fields["epoch"]), int(fields["next_seq"])
        )
        await self.send(Hello(**{"signature": device.key.sign(signed)} | fields))

    async def batch(self, first_seq: int, events: list[Event], epoch: int | None = None) -> None:
        await self.send(Batch(epoch=self.epoch if epoch is None else epoch, first_seq=first_seq, events=events))

    async def presence(self, n: int = 1, at: datetime | None = None, **facts: Any) -> None:
        await self.send(Presence(n=n, at=at or datetime.now(UTC), policy=1, facts=Facts(**facts)))


@contextlib.asynccontextmanager
async def dialled(hub: Running, *, text: bool = False, **options: Any) -> AsyncIterator[Agent]:
    """A connection to the agent socket, before `hello`."""
    subprotocol: Any = SUBPROTOCOL_JSON if text else SUBPROTOCOL_MSGPACK
    url = f"ws://127.0.0.1:{hub.port}/agent/v1"
    async with connect(
        url, subprotocols=[subprotocol], compression=None, max_size=None, ping_interval=None, **options
    ) as socket:
        yield Agent(socket, text)


@contextlib.asynccontextmanager
async def connected(hub: Running, device: Any, /, *, text: bool = False, **changes: Any) -> AsyncIterator[Agent]:
    """A device that has been welcomed."""
    async with dialled(hub, text=text) as agent:
        await agent.hello(hub, device, **changes)
        agent.welcomed = await agent.receive(Welcome)
        yield agent


class Viewer:
    """A browser's live socket: applies snapshots and deltas as the page does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.codec = frames.viewer_browser_side()
        self.tiles: dict[int, dict[int, Tile]] = {}
        self.revs: dict[int, int] = {}
        self.stale = False

    async def subscribe(self, teams: list[int] | None = None) -> None:
        await self.socket.send(self.codec.encode(Subscribe(teams=teams)).decode())

    async def next(self, *, ack: bool = True) -> Any:
        """Receives one frame, applies it, and acks it."""
        async with asyncio.timeout(ANSWER_S):
            frame: Any = self.codec.decode(await self.socket.recv())
        kind = type(frame).__name__
        if kind == "Stale":
            self.stale = frame.since_at is not None
        if kind in {"Snapshot", "Delta"}:
            if isinstance(frame, Snapshot):
                if frame.part == 0:
                    self.tiles[frame.team] = {}
            else:
                for person in frame.gone:
                    self.tiles[frame.team].pop(person, None)
            self.tiles[frame.team].update({tile.person: tile for tile in frame.tiles})
            self.revs[frame.team] = frame.rev
            if ack:
                part = frame.part if isinstance(frame, Snapshot) else 0
                await self.socket.send(self.codec.encode(ViewerAck(team=frame.team, rev=frame.rev, part=part)).decode())
        return frame

    async def until(self, condition: Any) -> None:
        """Receives frames until the condition holds for this viewer."""
        async with asyncio.timeout(ANSWER_S):
            while not condition(self):
                await self.next()

    def tile(self, person: int) -> Tile | None:
        return next((tiles[person] for tiles in self.tiles.values() if person in tiles), None)

    async def closed(self) -> int:
        async with asyncio.timeout(ANSWER_S):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as closed:
                assert closed.rcvd is not None, "the connection was cut"
                return closed.rcvd.code


async def signed_in(hub: Running, person: Any, password: str) -> httpx.AsyncClient:
    """A client with the session of somebody of the cast."""
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{hub.port}", event_hooks={"response": [secrecy.remember]}, verify=False
    )  # authorities are not read: each client took 20 ms for it, and here is no TLS
    await client.get("/api/me")
    answer = await client.post(
        "/api/session",
        json={"email": person.email, "password": password},
        headers={"x-csrftoken": client.cookies["csrftoken"]},
    )
    assert answer.status_code in {200, 201}, answer.text
    return client


@contextlib.asynccontextmanager
async def viewing(
    hub: Running, client: httpx.AsyncClient | None, origin: str | None = None, *, token: str = ""
) -> AsyncIterator[Viewer]:
    """The live socket of a signed-in client (`None`: of nobody), or of who shows a `token`."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else ""
    url = f"ws://127.0.0.1:{hub.port}/live"
    headers = {"Cookie": cookies} | ({"Authorization": token} if token else {})
    place = Origin(origin or hub.settings.origin)
    async with connect(url, additional_headers=headers, origin=place, compression=None, ping_interval=None) as socket:
        yield Viewer(socket)


def minute(ago: int, app: str = "Editor", **changes: Any) -> Interval:
    """The interval of a minute that began `ago` minutes ago."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=ago)
    made = Interval(
        started_at=start,
        ended_at=start + timedelta(minutes=1),
        wall_at=start,
        zone_min=60,
        policy=1,
        facts=Facts(app=app),
    )
    return msgspec.structs.replace(made, **changes)
