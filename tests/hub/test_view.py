"""The viewer socket over a real connection: what is shown, to whom, and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio
from websockets.exceptions import InvalidStatus

from hub import homes, people
from hub.auth import login
from hub.database import connection
from hub.live import agents as agents_module
from hub.live import outbox as outbox_module
from hub.live import view as view_module
from hub.settings import Settings
from hub.tables import Audit
from hub.wire.agent import Heartbeat
from hub.wire.closing import Close
from hub.wire.viewer import Beat, Teams
from tests.owner import owning

from .conftest import PASSWORD, Cast, CastPerson
from .live import Running, connected, running, signed_in, viewing
from .stored import hour_passes


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def test_change_at_a_desk_is_shown_to_the_manager(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe()
        await viewer.until(lambda seen: seen.tile(cast.bob.id))
        await agent.presence(app="Editor", title="Private plans", last_input_at=datetime.now(UTC))

        await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app == "Editor")

        tile = viewer.tile(cast.bob.id)
    assert tile is not None
    assert tile.facts is not None
    assert (tile.link, tile.name, tile.facts.title) == ("live", cast.bob.name, None)


async def test_snapshot_and_deltas_equal_a_fresh_snapshot(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alma, PASSWORD)
    async with (
        viewing(hub, client) as early,
        connected(hub, cast.device(cast.bob)) as bob,
        connected(hub, cast.device(cast.bea)) as bea,
    ):
        await early.subscribe()
        for number in range(20):
            await bob.presence(number, app=f"App {number}")
            await bea.presence(number, app=f"App {number}", locked=number % 2 == 0)
        await early.until(
            lambda seen: all(
                (tile := seen.tile(who.id)) and tile.facts and tile.facts.app == "App 19" and tile.today
                for who in (cast.bob, cast.bea)
            )
        )  # of the workday word comes when it was read: after that nothing changes any more
        async with viewing(hub, client) as late:
            await late.subscribe()
            await late.until(lambda seen: seen.revs.keys() == early.revs.keys())

            assert late.tiles == early.tiles
            assert late.revs == early.revs


@pytest.mark.parametrize(
    ("who", "teams", "absent"),
    [
        (Cast.alice, {Cast.payments, Cast.payments_api}, {Cast.charlie, Cast.maxim, Cast.rita}),
        (Cast.maxim, {Cast.support}, {Cast.alice, Cast.bob, Cast.bea}),
        (Cast.alma, {Cast.halden, Cast.payments, Cast.payments_api, Cast.support}, set()),
        (Cast.dora, set(), set(Cast.people)),
        (Cast.audrey, set(), set(Cast.people)),
        (Cast.charlie, set(), set(Cast.people)),
        (Cast.bob, set(), set(Cast.people)),
    ],
)
async def test_each_of_the_cast_sees_their_teams_and_nobody_else(
    hub: Running, cast: Cast, who: CastPerson, teams: set[int], absent: set[CastPerson]
) -> None:
    client = await signed_in(hub, who, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe([cast.halden, cast.payments, cast.payments_api, cast.support, 999])
        shown = await viewer.next()
        assert isinstance(shown, Teams)
        await viewer.until(lambda seen: seen.revs.keys() >= teams)

        assert {team.id for team in shown.teams} == teams
        assert not {person.id for person in absent} & {person for tiles in viewer.tiles.values() for person in tiles}


async def test_team_above_is_told_only_to_who_sees_it(hub: Running, cast: Cast) -> None:
    async with viewing(hub, await signed_in(hub, cast.alice, PASSWORD)) as viewer:
        await viewer.subscribe()
        shown = await viewer.next()

    assert isinstance(shown, Teams)
    assert {team.id: team.parent for team in shown.teams} == {cast.payments: None, cast.payments_api: cast.payments}


async def test_look_is_recorded_once_per_team_and_sitting_before_anything_is_shown(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        for _ in range(2):
            await viewer.subscribe()
            await viewer.next()

    async with connection() as held:
        looks = await held.fetch("SELECT actor, team FROM audit WHERE action = 'look_wall' ORDER BY team")
    assert [tuple(look) for look in looks] == [(cast.alice.id, cast.payments), (cast.alice.id, cast.payments_api)]


async def test_browser_that_connects_again_and_again_looks_once(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    for _ in range(3):
        async with viewing(hub, client) as viewer:
            await viewer.subscribe([cast.payments])
            await viewer.next()

    assert await looks_at_walls() == 1


async def test_wall_that_stays_open_is_a_look_in_every_hour(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "LOOKS_S", 0.05)
    hour = view_module._hour
    async with running(settings) as hub, viewing(hub, await signed_in(hub, cast.alice, PASSWORD)) as viewer:
        await viewer.subscribe([cast.payments])
        await viewer.next()
        assert await looks_at_walls() == 1
        await hour_passes()
        monkeypatch.setattr(view_module, "_hour", lambda: hour() + 1)
        async with asyncio.timeout(20):
            while await looks_at_walls() == 1:
                await asyncio.sleep(0.05)

    assert await looks_at_walls() == 2


async def looks_at_walls() -> int:
    async with connection() as held:
        count: int = await held.fetchval("SELECT count(*) FROM audit WHERE action = 'look_wall'")
    return count


async def test_signed_out_browser_is_told_so(hub: Running) -> None:
    async with viewing(hub, None) as viewer:
        assert await viewer.closed() == Close.SIGNED_OUT


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8000.evil.example"])
async def test_foreign_origin_is_refused_even_with_a_session(hub: Running, cast: Cast, origin: str) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    with pytest.raises(InvalidStatus) as refused:
        async with viewing(hub, client, origin=origin):
            pass

    assert refused.value.response.status_code == 403
    rows = await Audit.select().where(Audit.action == "request_refused").output(load_json=True)
    assert [(row["subject"], row["detail"]) for row in rows] == [(cast.alice.id, {"reason": "foreign_origin"})]


async def sign_out(hub: Running, client: Any, cast: Cast) -> None:
    await client.delete("/api/session", headers={"x-csrftoken": client.cookies["csrftoken"]})


async def sign_out_while_redis_is_away(hub: Running, client: Any, cast: Cast) -> None:
    async with connection() as held:
        await held.execute("UPDATE sign_in SET ended_at = now()")


async def lose_the_role(hub: Running, client: Any, cast: Cast) -> None:
    await people.revoke(cast.alice.id, "manager", cast.payments)


async def be_deactivated(hub: Running, client: Any, cast: Cast) -> None:
    await people.deactivate(cast.alice.id)


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        (sign_out, {Close.SIGNED_OUT}),
        (sign_out_while_redis_is_away, {Close.SIGNED_OUT}),
        (lose_the_role, {Close.ACCESS_CHANGED}),
        (be_deactivated, {Close.SIGNED_OUT}),
    ],
)
async def test_end_of_access_closes_the_socket_within_five_seconds(
    hub: Running, cast: Cast, event: Any, codes: set[Close], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = login.ended, []

    async def counted(open_ones: Any) -> Any:
        looks.append(1)
        return await real(open_ones)

    monkeypatch.setattr(login, "ended", counted)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        await viewer.next()
        await event(hub, client, cast)
        looks.clear()

        assert await viewer.closed() in codes
    # Counted in looks at who may still see, and not in seconds, which belong to whatever else runs on this machine.
    assert len(looks) * view_module.DIRECTORY_S < 5


async def test_end_of_access_closes_the_socket_though_the_directory_can_not_be_read(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(known: homes.Directory) -> homes.Directory:
        raise TimeoutError

    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        await viewer.next()
        monkeypatch.setattr(homes, "directory", away)
        await sign_out(hub, client, cast)

        assert await viewer.closed() == Close.SIGNED_OUT


async def test_person_who_changes_teams_leaves_one_wall_for_the_other(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alma, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe()
        await agent.presence(app="Editor")
        await viewer.until(
            lambda seen: (
                (tile := seen.tiles.get(cast.payments, {}).get(cast.bob.id))
                and tile.facts
                and tile.facts.app == "Editor"
            )
        )
        await people.move(cast.bob.id, cast.support)

        await viewer.until(
            lambda seen: (
                cast.bob.id not in seen.tiles[cast.payments]
                and (tile := seen.tiles[cast.support].get(cast.bob.id))
                and tile.facts
                and tile.facts.app == "Editor"
            )
        )


async def test_person_who_is_given_a_first_team_while_at_work_is_live_in_it(hub: Running, cast: Cast) -> None:
    async with connection() as held:
        await held.execute("DELETE FROM membership WHERE person = $1", cast.bob.id)
    follow = hub.hub.view._follow
    async with asyncio.timeout(30):
        while any(member.person == cast.bob.id for member in follow.directory.members):
            await asyncio.sleep(0.05)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe([cast.payments])
        await agent.presence(app="Editor")
        await agent.send(Heartbeat(sent=1))
        await agent.receive(Heartbeat)
        await people.move(cast.bob.id, cast.payments)

        await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.link == "live")
        assert viewer.tile(cast.bob.id).facts.app == "Editor"  # type: ignore[union-attr]


async def test_agent_that_goes_is_offline_after_a_moment(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents_module, "GONE_AFTER_S", 0.1)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        async with connected(hub, cast.device(cast.bob)) as agent:
            await agent.presence(app="Editor")
            await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.link == "live")

        await viewer.until(lambda seen: seen.tile(cast.bob.id).link == "offline")
        assert viewer.tile(cast.bob.id).facts is None  # type: ignore[union-attr]


async def test_device_that_dropped_twice_is_no_ghost(hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents_module, "GONE_AFTER_S", 0.3)
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        for _ in range(2):
            async with connected(hub, cast.device(cast.bob)) as agent:
                await agent.presence(app="Editor", call=True)
                await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.link == "live")

        await viewer.until(lambda seen: seen.tile(cast.bob.id).link == "offline")
    records = (await hub.hub.feed.snapshot(cast.payments)).records
    assert [(record.connected, record.facts.app) for record in records] == [(False, None)]


async def test_quiet_wall_beats_each_second(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.charlie, PASSWORD)
    async with viewing(hub, client) as viewer, asyncio.timeout(30):
        while not isinstance(await viewer.next(), Beat):
            pass  # on a machine that has much to do the feed may be late, and that is said


async def test_viewer_that_does_not_ack_gets_at_most_two_frames_and_then_all_in_one(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.maxim, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.charlie)) as agent:
        await viewer.subscribe()
        frames: list[Any] = []
        for number in range(8):
            await agent.presence(number, app=f"App {number}")
            frames.append(await viewer.next(ack=False))
            await asyncio.sleep(view_module.TICK_S * 1.5)
        unacked = [frame for frame in frames if getattr(frame, "rev", 0)]
        assert len(unacked) <= outbox_module.UNACKED_MAX

        viewer.revs[cast.support] = unacked[-1].rev
        await viewer.socket.send(f'{{"t":"ack","team":{cast.support},"rev":{unacked[-1].rev}}}')
        await viewer.until(
            lambda seen: (tile := seen.tile(cast.charlie.id)) and tile.facts and tile.facts.app == "App 7"
        )


async def test_viewer_that_never_acks_is_cut(hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "ACK_S", 0.3)
    client = await signed_in(hub, cast.maxim, PASSWORD)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()

        with pytest.raises(AssertionError, match="cut"):
            await viewer.closed()


async def test_look_that_cannot_be_recorded_is_not_given(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer:
        async with owning() as held:
            await held.execute("ALTER TABLE audit RENAME TO audit_away")
        await viewer.subscribe()

        assert await viewer.closed() == Close.UNAVAILABLE
    assert viewer.tiles == {}


async def test_failed_read_of_the_feed_makes_viewers_stale_until_it_is_read_again(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    real, failures = hub.hub.feed.snapshot, []

    async def fails_once(team: int) -> Any:
        if not failures:
            failures.append(team)
            raise TimeoutError
        return await real(team)

    monkeypatch.setattr(hub.hub.feed, "snapshot", fails_once)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        await viewer.until(lambda seen: seen.stale)
        await viewer.until(lambda seen: not seen.stale)

        assert viewer.tile(cast.bob.id) is not None


async def test_flushed_feed_is_filled_again_when_it_is_back(hub: Running, cast: Cast, settings: Settings) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe()
        await agent.presence(app="Editor")
        await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app == "Editor")
        async with redis.asyncio.from_url(settings.redis_url or "") as server:
            await server.flushall()
            await server.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await viewer.until(lambda seen: seen.stale)
        await viewer.until(lambda seen: not seen.stale)

        await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app == "Editor")


async def test_access_goes_on_being_read_after_a_fault(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.live.upkeep.AGAIN_S", 0.05)
    client = await signed_in(hub, cast.alice, PASSWORD)
    real, faults = login.ended, []

    async def fails_once(open_ones: Any) -> Any:
        if not faults:
            faults.append(1)
            raise ZeroDivisionError
        return await real(open_ones)

    monkeypatch.setattr(login, "ended", fails_once)
    async with viewing(hub, client) as viewer:
        await viewer.subscribe()
        await viewer.next()
        await people.deactivate(cast.alice.id)

        assert await viewer.closed() == Close.SIGNED_OUT
    assert faults


async def test_wall_stays_live_while_postgresql_holds_everything_up(hub: Running, cast: Cast) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with viewing(hub, client) as viewer, connected(hub, cast.device(cast.bob)) as agent:
        await viewer.subscribe()
        await viewer.until(lambda seen: seen.tile(cast.bob.id))
        async with connection() as held, held.transaction():
            await held.execute("LOCK TABLE device_cursor, interval IN ACCESS EXCLUSIVE MODE")
            await agent.presence(app="While it waits")

            await viewer.until(
                lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app == "While it waits"
            )


async def test_two_hubs_show_each_others_people(hub: Running, cast: Cast, settings: Settings) -> None:
    client = await signed_in(hub, cast.alice, PASSWORD)
    async with (
        running(settings) as second,
        connected(second, cast.device(cast.bob)) as agent,
        viewing(hub, client) as viewer,
    ):
        await viewer.subscribe()
        await agent.presence(app="Elsewhere")

        await viewer.until(
            lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app == "Elsewhere"
        )
