"""Two hubs on one port and real agents: one that was alone is relieved when a second one comes, and then nobody is moved again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sized
from typing import Any

import pytest

from agents.simulate import simulate
from hub.app import Hub, create
from hub.auth.enrolment import make_code
from hub.database import transaction
from hub.live import agents, balance
from hub.people.first import ensure_organisation
from hub.serving import Server, config, listen
from hub.settings import Settings
from tests.hub.live import Running

PEOPLE = 120
LIMIT = PEOPLE / 2 + balance.MARGIN


@contextlib.asynccontextmanager
async def hub_on(listener: Any, settings: Settings) -> AsyncIterator[Running]:
    """A hub on this socket. Like `running`, which takes a port of its own."""
    hub = Hub(settings)
    up = Running(hub, Server(config(create(hub), settings), hub.drain), listener, settings)
    async with asyncio.timeout(20):
        while hub.phase != "open":
            await asyncio.sleep(0.01)
    try:
        yield up
    finally:
        await up.stop()


async def until(condition: Callable[[], bool], limit_s: float = 40.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.mark.timeout(90)
async def test_second_hub_relieves_the_first_and_then_everybody_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(balance, "SWEEP_S", 0.8)
    monkeypatch.setattr(balance, "SHARE", 0.2)
    sent: list[int] = []
    send_elsewhere = agents.Registry.send_elsewhere

    def sending(registry: agents.Registry, count: int) -> None:
        sent.append(count)
        send_elsewhere(registry, count)

    monkeypatch.setattr(agents.Registry, "send_elsewhere", sending)
    monkeypatch.setattr(agents, "ELSEWHERE_RETRY_MS", (1, 100))  # as then: all are back before the next sweep
    async with transaction():
        await ensure_organisation(demo=False)
    code = (await make_code(settings.secret, uses=PEOPLE)).code
    first_socket = listen("127.0.0.1", 0, shared=True)
    port = first_socket.getsockname()[1]
    settings_here = Settings(
        data=settings.data, database_url=settings.database_url, redis_url=settings.redis_url, secret=settings.secret,
        public_origin=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(hub_on(first_socket, settings_here))
        fleet = asyncio.create_task(
            simulate(settings_here.origin, code, PEOPLE, None, None, flaky=0, stop=stop, seed=3)
        )
        registry = one.hub.ingest.registry
        await until(lambda: len(registry) > LIMIT + 10)
        await steady(registry)
        there = len(registry)

        two = await stack.enter_async_context(hub_on(listen("127.0.0.1", port, shared=True), settings_here))
        other = two.hub.ingest.registry
        await until(lambda: len(registry) <= LIMIT and len(registry) + len(other) >= there - 3)
        # On a busy machine some are not back by the next sweep, and are missed by it: then it takes more of them, but it ends.
        await steady(sent, 5 * balance.SWEEP_S)
        spread = len(registry), len(other)
        stop.set()
        await fleet
    record_property("figure", f"{there} agents on one hub, a second came: {spread}")

    assert sum(sent) > 0
    assert max(spread) <= LIMIT
    assert min(spread) > 0


async def steady(registry: Sized, for_s: float = 1.0) -> None:
    """Waits until it has been as long for a while."""
    before = -1
    while before != len(registry):
        before = len(registry)
        await asyncio.sleep(for_s)
