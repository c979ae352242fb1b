"""What is over leaves nothing behind for the garbage collector, which comes seldom (`serving.collect_seldom`)."""

import contextlib
import gc
from collections import Counter

from litestar.connection import WebSocket

from hub.live.connection import AgentConnection
from hub.live.team import TeamView
from hub.live.viewer import ViewerConnection
from hub.serving import HttpProtocol, WebSocketProtocol
from hub.settings import Settings
from tests.hub.live import connected, running, signed_in, viewing
from tests.journeys.hubs import until

from .conftest import Cast

ROUNDS = 6
KINDS = (AgentConnection, HttpProtocol, TeamView, ViewerConnection, WebSocket, WebSocketProtocol)


def alive() -> Counter[str]:
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each) in KINDS)


async def test_connections_that_are_over_are_gone_without_the_collector(settings: Settings, cast: Cast) -> None:
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alma, cast.password)
        gc.collect()
        before = alive()
        gc.disable()
        try:
            for _ in range(ROUNDS):
                async with connected(hub, cast.device(cast.bob)) as agent:
                    await agent.presence(1, app="Editor")
                    async with viewing(hub, client) as viewer:
                        await viewer.subscribe()
                        await viewer.until(lambda viewer: viewer.tile(cast.bob.id))
                    assert alive() > before
            # Who has gone is kept for some seconds: they may come back. A loop that waits may still name the last one it looked at, and on
            # a busy machine a time-out may leave one behind; what every one leaves behind would be as many as there were.
            with contextlib.suppress(TimeoutError):
                await until(lambda: all(count < ROUNDS / 2 for count in (alive() - before).values()))
            assert max((alive() - before).values(), default=0) < ROUNDS / 2, alive() - before
        finally:
            gc.enable()
        await client.aclose()
