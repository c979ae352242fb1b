"""A hub whose Valkey is killed, flushed or frozen: ingest goes on, viewers are told, and are shown the truth soon after its return."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from hub.live import follow, presence
from hub.settings import Settings
from hub.wire.agent import Ack
from tests.journeys.hubs import environment, hub_process
from tests.ports import free_port

from .conftest import PASSWORD, Cast
from .live import Running, Viewer, connected, minute, running, signed_in, viewing
from .valkeys import ValkeyServer, valkey

STALE_S = 3.0
EQUAL_S = 5.0
FROZEN_S = 15.0
Note = Callable[[str, object], None]


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    with valkey() as started:
        yield started


@pytest.fixture
async def hub(cast: Cast, settings: Settings, own_valkey: ValkeyServer) -> AsyncIterator[Running]:
    async with running(structs.replace(settings, redis_url=own_valkey.url)) as up:
        yield up


async def shows(viewer: Viewer, person: int, app: str) -> None:
    await viewer.until(lambda seen: (tile := seen.tile(person)) and tile.facts and tile.facts.app == app)


async def seconds_until(viewer: Viewer, condition: Callable[[Viewer], Any]) -> float:
    """Reads on until the condition holds; how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(FROZEN_S + 15.0):
        while not condition(viewer):
            await viewer.next()
    return time.monotonic() - began


async def kill(server: ValkeyServer) -> None:
    server.kill()


async def freeze(server: ValkeyServer) -> None:
    server.freeze()


async def start(server: ValkeyServer) -> None:
    await asyncio.to_thread(server.start)


async def thaw(server: ValkeyServer) -> None:
    server.thaw()


async def fill(server: ValkeyServer) -> None:
    async with server.client() as client:
        await client.config_set("maxmemory", 1)


async def make_room(server: ValkeyServer) -> None:
    async with server.client() as client:
        await client.config_set("maxmemory", 0)


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("hurt", "heal", "away_s"), [(kill, start, 3.0), (freeze, thaw, FROZEN_S), (fill, make_room, 3.0)]
)
async def test_viewers_hear_of_it_and_ingest_does_not(
    hub: Running,
    cast: Cast,
    own_valkey: ValkeyServer,
    record_property: Note,
    hurt: Callable[[ValkeyServer], Any],
    heal: Callable[[ValkeyServer], Any],
    away_s: float,
) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with (
        viewing(hub, client) as viewer,
        viewing(hub, client) as fresh,
        connected(hub, cast.device(cast.bob)) as bob,
        connected(hub, cast.device(cast.bea)) as bea,
    ):
        await viewer.subscribe()
        await bob.presence(app="Before")
        await bea.presence(app="Before")
        await shows(viewer, cast.bob.id, "Before")
        await shows(viewer, cast.bea.id, "Before")

        hurt_at = time.monotonic()
        await hurt(own_valkey)
        stale_s = await seconds_until(viewer, lambda seen: seen.stale)
        await bob.presence(2, app="Meanwhile")
        began = time.monotonic()
        await bob.batch(1, [minute(3), minute(2)])
        assert (await bob.receive(Ack)).seq == 2
        acked_s = time.monotonic() - began
        while time.monotonic() < hurt_at + away_s:  # the viewer goes on hearing that its link is well
            await viewer.next()
        assert viewer.stale

        await heal(own_valkey)
        back_at = time.monotonic()
        await seconds_until(viewer, lambda seen: not seen.stale)
        await shows(viewer, cast.bob.id, "Meanwhile")
        await fresh.subscribe()
        await shows(fresh, cast.bob.id, "Meanwhile")
        await shows(fresh, cast.bea.id, "Before")
        async with asyncio.timeout(EQUAL_S):
            while viewer.tiles != fresh.tiles:
                await viewer.next()
                await fresh.next()
        equal_s = time.monotonic() - back_at
        assert stale_s < STALE_S
        assert equal_s < EQUAL_S
        await bob.presence(3, app="After")
        await shows(viewer, cast.bob.id, "After")

    what = hurt.__name__
    record_property(
        "figure",
        f"Valkey {what}: stale after {stale_s:.1f} s, whole {equal_s:.1f} s after its return, acked in {acked_s * 1000:.0f} ms",
    )


async def test_flushed_feed_is_filled_again_and_only_the_next_request_asks_to_sign_in(
    hub: Running, cast: Cast, own_valkey: ValkeyServer, record_property: Note
) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as bob:
        await viewer.subscribe()
        await bob.presence(app="Before")
        await shows(viewer, cast.bob.id, "Before")
        await viewer.until(lambda seen: seen.tile(cast.bea.id))
        before = {person: tile.facts for tiles in viewer.tiles.values() for person, tile in tiles.items()}
        async with own_valkey.client() as server:
            await server.flushall()
        stale_s = await seconds_until(viewer, lambda seen: seen.stale)
        equal_s = await seconds_until(viewer, lambda seen: not seen.stale)
        assert {person: tile.facts for tiles in viewer.tiles.values() for person, tile in tiles.items()} == before
        await bob.presence(2, app="After")
        await shows(viewer, cast.bob.id, "After")
        asked = await client.get("/api/me")
        await bob.presence(3, app="Later")
        await shows(viewer, cast.bob.id, "Later")

        assert asked.status_code == 401
        assert stale_s < STALE_S
        assert equal_s < EQUAL_S
    record_property("figure", f"Valkey flushed: stale after {stale_s:.1f} s, whole {equal_s:.1f} s later")


async def test_team_that_nobody_watches_costs_nothing(hub: Running, cast: Cast, own_valkey: ValkeyServer) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    watched: Any = hub.hub.view._follow

    async def channels() -> set[bytes]:
        async with own_valkey.client() as server:
            return set(await server.execute_command("PUBSUB SHARDCHANNELS", "daylight:{*"))

    async with connected(hub, cast.device(cast.bob)) as bob:
        await bob.presence(app="Unseen")
        assert await channels() == set()
        async with viewing(hub, client) as viewer:
            await viewer.subscribe()
            await shows(viewer, cast.bob.id, "Unseen")
            during = await channels()
        async with asyncio.timeout(30):
            while await channels():
                await asyncio.sleep(0.01)

        assert during == {f"daylight:{{{team}}}".encode() for team in (cast.payments, cast.payments_api)}
        assert not watched._teams
        assert not watched._reading


async def test_people_of_a_hub_that_was_killed_are_unknown_and_then_offline(
    hub: Running,
    cast: Cast,
    settings: Settings,
    own_valkey: ValkeyServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "SILENT_S", 1.5)
    monkeypatch.setattr(
        presence, "OFFLINE_S", math.inf
    )  # until it has been seen as unknown, however busy the machine is
    monkeypatch.setattr(follow, "LOOK_S", 0.1)
    client = await signed_in(hub, cast.alice, PASSWORD)
    port = free_port()
    others = environment(settings.database_url or "", own_valkey.url, hub.settings.origin, tmp_path)
    with hub_process(others, port, tmp_path / "log") as other:
        await other.await_ready()
        killed: Any = SimpleNamespace(port=port, settings=hub.settings)
        async with viewing(hub, client) as viewer, connected(killed, cast.device(cast.bob)) as bob:
            await viewer.subscribe()
            await bob.presence(app="Editor", last_input_at=datetime.now(UTC))
            await shows(viewer, cast.bob.id, "Editor")
            other.kill()
            links = ["live"]
            async with asyncio.timeout(30):
                while "offline" not in links:
                    await viewer.next()
                    if (tile := viewer.tile(cast.bob.id)) and tile.link not in links[-1:]:
                        links.append(tile.link)
                    if "unknown" in links:
                        monkeypatch.setattr(presence, "OFFLINE_S", 4.0)

    assert links == ["live", "unknown", "offline"]
