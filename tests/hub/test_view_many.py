"""Many viewers of one hub, and viewers who ask for much: each costs only itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hub.live import view as view_module
from hub.wire.closing import Close
from hub.wire.viewer import Snapshot, Subscribe, Teams

from .conftest import PASSWORD, Cast
from .live import ANSWER_S, Running, Viewer, connected, running, signed_in, viewing

VIEWERS = 100


@pytest.fixture
async def hub(cast: Cast, settings: Any) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def until(condition: Any) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not condition():
            await asyncio.sleep(0.01)


def shows(viewer: Viewer, person: int, app: str) -> bool:
    tile = viewer.tile(person)
    return tile is not None and tile.facts is not None and tile.facts.app == app


async def test_one_sign_in_opens_so_many_windows_and_no_more(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "SOCKETS_MAX", 2)
    client, another = await signed_in(hub, cast.alice, PASSWORD), await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as first, viewing(hub, another):
        async with viewing(hub, client) as second, viewing(hub, client) as third:
            refused = await third.closed()
            for viewer in (first, second):
                await viewer.subscribe()
                await viewer.until(lambda seen: seen.revs)
        async with asyncio.timeout(30):
            while len(hub.hub.view._viewers) > 2:
                await asyncio.sleep(0.01)
        async with viewing(hub, client) as fourth:
            await fourth.subscribe()
            await fourth.until(lambda seen: seen.revs)

    assert refused == Close.TOO_MANY


async def test_hundred_viewers_who_come_at_once_are_all_shown_everything(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alma, PASSWORD)
    async with AsyncExitStack() as stack, connected(hub, cast.device(cast.bob)) as agent:
        viewers = [await stack.enter_async_context(viewing(hub, client)) for _ in range(VIEWERS)]
        await asyncio.gather(*(viewer.subscribe() for viewer in viewers))
        await asyncio.gather(*(viewer.until(lambda seen: len(seen.revs) == 4) for viewer in viewers))
        await agent.presence(app="Seen by all")
        await asyncio.gather(
            *(viewer.until(lambda seen: shows(seen, cast.bob.id, "Seen by all")) for viewer in viewers)
        )

        assert all(viewer.tiles == viewers[0].tiles for viewer in viewers)


async def test_people_of_the_viewport_come_first(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        asked = Subscribe(teams=[cast.payments_api, cast.payments], viewport=[cast.bob.id])
        await viewer.socket.send(viewer.codec.encode(asked).decode())
        frames = [await viewer.next() for _ in range(3)]

    assert isinstance(frames[0], Teams)
    assert [team.id for team in frames[0].teams] == [cast.payments_api, cast.payments]
    shown = {frame.team: [tile.person for tile in frame.tiles] for frame in frames if isinstance(frame, Snapshot)}
    assert shown[cast.payments] == [cast.bob.id, cast.alice.id]


async def test_flood_of_false_acks_hurts_nobody(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    lies = [f'{{"t":"ack","team":{team},"rev":{rev}}}' for team in (cast.payments, 999) for rev in (0, 10**6)]
    async with (
        viewing(hub, client) as flooding,
        viewing(hub, client) as other,
        connected(hub, cast.device(cast.bob)) as agent,
    ):
        for viewer in (flooding, other):
            await viewer.subscribe()
            await viewer.until(lambda seen: len(seen.revs) == 2)
        for number in range(5):
            for _ in range(1000):
                for lie in lies:
                    await flooding.socket.send(lie)
            await agent.presence(number, app=f"App {number}")
            await other.until(lambda seen, app=f"App {number}": shows(seen, cast.bob.id, app))
        await flooding.until(lambda seen: shows(seen, cast.bob.id, "App 4"))

        assert flooding.tiles == other.tiles


async def test_team_that_takes_long_to_open_holds_up_nobody_who_asks_for_another(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked, go_on = hub.hub.feed.watch, asyncio.Event(), asyncio.Event()

    async def slow_for_payments(team: int) -> None:
        if team == cast.payments:
            asked.set()
            await go_on.wait()
        await real(team)

    monkeypatch.setattr(hub.hub.feed, "watch", slow_for_payments)
    alice, maxim = [await signed_in(hub, who, PASSWORD) for who in (cast.alice, cast.maxim)]
    async with viewing(hub, alice) as held_up, viewing(hub, maxim) as other:
        await held_up.subscribe([cast.payments])
        await asked.wait()
        await other.subscribe()
        await other.until(lambda seen: seen.tile(cast.charlie.id))
        assert held_up.tiles == {}
        go_on.set()

        await held_up.until(lambda seen: seen.tile(cast.bob.id))


async def test_acks_make_room_while_other_teams_of_the_viewer_are_opened(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "OPENED_AT_ONCE", 1)
    real, go_on = hub.hub.feed.watch, asyncio.Event()

    async def slow_for_the_second(team: int) -> None:
        if team == cast.payments_api:
            await go_on.wait()
        await real(team)

    monkeypatch.setattr(hub.hub.feed, "watch", slow_for_the_second)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe([cast.payments, cast.payments_api])
        for number in range(4):  # the last would wait for an ack
            await agent.presence(number, app=f"App {number}")
            await viewer.until(lambda seen, app=f"App {number}": shows(seen, cast.bob.id, app))
        assert cast.payments_api not in viewer.revs
        go_on.set()

        await viewer.until(lambda seen: cast.payments_api in seen.revs)


async def test_viewer_who_goes_while_teams_are_opened_leaves_nothing_behind(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked, go_on = hub.hub.feed.watch, asyncio.Event(), asyncio.Event()

    async def slow_for_the_second(team: int) -> None:
        if team == cast.payments_api:
            asked.set()
            await go_on.wait()
        await real(team)

    monkeypatch.setattr(hub.hub.feed, "watch", slow_for_the_second)
    client, view = await signed_in(hub, cast.alice, PASSWORD), hub.hub.view
    async with viewing(hub, client) as stays, connected(hub, cast.device(cast.bob)) as agent:
        await stays.subscribe([cast.payments])
        await stays.until(lambda seen: seen.tile(cast.bob.id))
        async with viewing(hub, client) as goes:
            await goes.subscribe([cast.payments, cast.payments_api])
            await asked.wait()
        await until(lambda: len(view._viewers) == 1)
        go_on.set()
        await until(lambda: cast.payments_api not in view._watching)
        await agent.presence(app="Afterwards")
        await stays.until(lambda seen: shows(seen, cast.bob.id, "Afterwards"))

        await until(lambda: not view._behind)
        assert len(view._watching[cast.payments]) == 1


async def test_team_that_nobody_watches_any_more_is_let_go_of(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    follow = hub.hub.view._follow
    async with viewing(hub, client) as stays:
        await stays.subscribe([cast.payments])
        await stays.until(lambda seen: seen.tile(cast.bob.id))
        async with viewing(hub, client) as goes:
            await goes.subscribe()
            await goes.until(lambda seen: len(seen.revs) == 2)

        await until(lambda: follow.team(cast.payments_api) is None)
        assert follow.team(cast.payments) is not None
        await stays.subscribe([cast.payments_api])
        await until(lambda: follow.team(cast.payments) is None)
    await until(lambda: follow.team(cast.payments_api) is None)


async def test_viewer_who_comes_while_the_last_one_leaves_is_shown_every_change(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, leaving, go_on = hub.hub.feed.unwatch, asyncio.Event(), asyncio.Event()

    async def slow(team: int) -> None:
        leaving.set()
        await go_on.wait()
        await real(team)

    monkeypatch.setattr(hub.hub.feed, "unwatch", slow)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as last:
        await last.subscribe([cast.payments])
        await last.until(lambda seen: seen.tile(cast.bob.id))
    await leaving.wait()
    async with viewing(hub, client) as comes, connected(hub, cast.device(cast.bob)) as agent:
        await comes.subscribe([cast.payments])
        assert isinstance(await comes.next(), Teams)
        go_on.set()
        await comes.until(lambda seen: seen.tile(cast.bob.id))
        await agent.presence(app="Afterwards")

        await comes.until(lambda seen: shows(seen, cast.bob.id, "Afterwards"))


async def test_team_asked_for_while_it_waits_to_be_let_go_of_is_kept(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, leaving, go_on = hub.hub.feed.unwatch, asyncio.Queue[int](), asyncio.Event()

    async def slow(team: int) -> None:
        leaving.put_nowait(team)
        await go_on.wait()
        await real(team)

    monkeypatch.setattr(hub.hub.feed, "unwatch", slow)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as last:
        await last.subscribe()
        await last.until(lambda seen: len(seen.revs) == 2)
    other = ({cast.payments, cast.payments_api} - {await leaving.get()}).pop()
    who = cast.bob if other == cast.payments else cast.bea
    async with viewing(hub, client) as comes, connected(hub, cast.device(who)) as agent:
        await comes.subscribe([other])
        await comes.until(lambda seen: seen.tile(who.id))
        go_on.set()
        await agent.presence(app="Afterwards")

        await comes.until(lambda seen: shows(seen, who.id, "Afterwards"))
        assert leaving.empty()


async def test_viewer_that_subscribes_all_the_time_waits_for_each_but_the_first(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def noted(delay: float, result: Any = None) -> Any:
        if delay == view_module.AGAIN_S:
            waits.append(delay)
            delay = 0
        return await real(delay, result)

    monkeypatch.setattr(view_module, "AGAIN_S", 0.2525)
    monkeypatch.setattr(asyncio, "sleep", noted)
    client = await signed_in(hub, cast.maxim, PASSWORD)
    async with viewing(hub, client) as viewer:
        for _ in range(6):
            await viewer.subscribe()
        lists = 0
        while lists < 6:
            lists += isinstance(await viewer.next(), Teams)

    assert len(waits) == 5
