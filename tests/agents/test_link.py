"""The socket loop, against a hub on loopback. Delays are recorded and cut short, never slept through."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection

from agents.backoff import FIRST_MS, Backoff
from agents.clock import HubClock
from agents.link import Link
from agents.machine import boot_ms
from agents.outputs import Output, PolicyChanged, Stop
from agents.presence import Shown
from agents.session import Session
from agents.spool import MemorySpool
from hub.wire.activity import Facts
from hub.wire.agent import SUBPROTOCOL_JSON, Drain
from hub.wire.closing import Close, Duty
from hub.wire.frames import hub_side
from hub.wire.policy import DEFAULT

from .fakehub import BOTH, FakeHub
from .wires import IDENTITY, T0, ModelHub, event, events


class RecordedBackoff(Backoff):
    """Draws real delays, writes them down and says 1 ms."""

    def __init__(self) -> None:
        super().__init__(random.Random(1))
        self.drawn: list[int] = []

    def next_ms(self) -> int:
        self.drawn.append(super().next_ms())
        return 1


class Rig:
    def __init__(self, url: str) -> None:
        self.spool = MemorySpool()
        self.told: list[Output] = []
        self.backoff = RecordedBackoff()
        self.sessions: list[Session] = []
        self.link = Link(url, self.session, boot_ms, self.backoff, self.told.append)
        self.task: asyncio.Task[Stop | None] | None = None

    def session(self, codec, opened_ms: int) -> Session:  # type: ignore[no-untyped-def]
        made = Session(
            IDENTITY,
            self.spool,
            HubClock(opened_ms, T0),
            codec,
            opened_ms=opened_ms,
            policy=DEFAULT,
            flush_every_ms=3_600_000,
        )
        self.sessions.append(made)
        return made


@asynccontextmanager
async def linked(hub: FakeHub) -> AsyncIterator[Rig]:
    rig = Rig(hub.url)
    rig.task = asyncio.create_task(rig.link.run())
    try:
        yield rig
    finally:
        rig.link.stop()
        await asyncio.wait_for(rig.task, 30)


@pytest.mark.parametrize("offers", [BOTH, (SUBPROTOCOL_JSON,)])
async def test_backlog_and_presence_arrive_in_either_subprotocol(offers: tuple[str, ...]) -> None:
    async with FakeHub(offers=offers) as hub:
        rig = Rig(hub.url)
        rig.spool.append(events(700))
        rig.task = asyncio.create_task(rig.link.run())
        rig.link.present(Shown(Facts(app="Editor"), None, 1))
        await hub.until(lambda: hub.model.acked == 700 and hub.presences())
        assert await rig.link.flush(2)
        rig.link.stop()
        await rig.task

        assert [len(batch.events) for batch in hub.batches()] == [500, 200]
        assert rig.spool.depth().events == 0


async def test_connection_is_plain_and_bounded() -> None:
    async with FakeHub() as hub, linked(hub):
        await hub.until(lambda: hub.live)

        assert hub.live[0].request is not None
        assert "Sec-WebSocket-Extensions" not in hub.live[0].request.headers
        assert hub.live[0].request.path == "/agent/v1"


async def test_hub_that_accepts_and_closes_is_not_hammered() -> None:
    async with FakeHub() as hub:

        async def slam(socket: ServerConnection) -> None:
            await socket.close(1011)

        hub.script = slam
        async with linked(hub) as rig:
            await hub.until(lambda: hub.connections >= 8)

        assert len(rig.backoff.drawn) >= 7
        assert min(rig.backoff.drawn) >= FIRST_MS // 4
        assert rig.backoff.failures >= 7
        assert sum(rig.backoff.drawn) > 7_000


async def test_hub_that_admits_and_closes_is_not_hammered_either() -> None:
    async with FakeHub() as hub, linked(hub) as rig:
        for n in range(1, 6):
            await hub.until(lambda n=n: len(hub.live) >= n)
            await hub.live[n - 1].close(4104)
        await hub.until(lambda: len(hub.live) >= 6)

    assert rig.backoff.failures == 5


async def test_hub_that_is_away_is_tried_again() -> None:
    hub = FakeHub()
    async with hub:
        pass
    rig = Rig(hub.url)
    rig.task = asyncio.create_task(rig.link.run())
    rig.spool.append([event(0)])
    async with hub:
        await hub.until(lambda: hub.model.acked == 1)
        rig.link.stop()
        await rig.task


@pytest.mark.parametrize(
    ("code", "duty"), [(Close.REVOKED, "renew"), (Close.FENCED, "stop"), (Close.SUSPENDED, "stop")]
)
async def test_hub_that_says_stop_is_left_alone(code: Close, duty: Duty) -> None:
    async with FakeHub() as hub:
        rig = Rig(hub.url)
        rig.task = asyncio.create_task(rig.link.run())
        await hub.until(lambda: hub.live)
        await hub.live[0].close(code)

        assert await asyncio.wait_for(rig.task, 30) == Stop(duty, code)
        assert hub.connections == 1


async def test_drain_is_followed_by_the_connection_it_names() -> None:
    async with FakeHub() as hub, linked(hub) as rig:
        await hub.until(lambda: hub.live)
        rig.spool.append([event(0)])
        await hub.live[0].send(hub_side(str(hub.live[0].subprotocol)).encode(Drain(retry_ms=5)))
        await hub.live[0].close(4100)
        await hub.until(lambda: hub.model.acked == 1)

        assert len(hub.live) == 2


async def test_policy_is_told() -> None:
    model = ModelHub()
    model.policy = DEFAULT.__class__(version=5)
    async with FakeHub(model) as hub, linked(hub) as rig:
        await hub.until(lambda: hub.live)
        await rig.link.flush(2)
        await hub.live[0].close(1000)
        await hub.until(lambda: len(hub.live) == 2)

    assert PolicyChanged(model.policy) in rig.told


async def test_hub_that_speaks_no_known_version_is_tried_later() -> None:
    async with FakeHub(offers=()) as hub, linked(hub) as rig:
        await hub.until(lambda: hub.connections >= 3)

    assert rig.backoff.failures >= 2
    assert hub.frames == []


async def test_stop_ends_a_connection_at_once() -> None:
    async with FakeHub() as hub, linked(hub) as rig:
        await hub.until(lambda: hub.live)
        rig.link.stop()
        assert rig.task is not None

        assert await asyncio.wait_for(rig.task, 3) is None
        await asyncio.wait_for(hub.live[0].wait_closed(), 3)
