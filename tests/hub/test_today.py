"""The workday on a tile: exact from what is stored, and moved on by the facts of the moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import people
from hub.database import transaction
from hub.live import agents as agents_module
from hub.live import today as today_module
from hub.live.agents import Registry
from hub.live.today import Workdays
from hub.rollups.job import roll_up
from hub.rollups.read import today as read_workdays
from hub.settings import Settings
from hub.wire.activity import Facts
from hub.wire.agent import Ack
from hub.wire.today import Today, active_today_s
from hub.wire.viewer import Tile

from .conftest import Cast
from .live import connected, minute, running, signed_in, viewing

pytestmark = pytest.mark.usefixtures("database", "redis_url")
MINUTE_S = 60.0


@pytest.fixture(autouse=True)
async def midday(database: str, cast: Cast) -> None:
    """Where Bob is, whenever this runs: nothing of the last minutes was yesterday."""
    ahead = 12 - datetime.now(UTC).hour
    async with transaction() as held:
        await held.execute("UPDATE person SET zone = $2 WHERE id = $1", cast.bob.id, f"Etc/GMT{-ahead:+d}")


def worked(tile: Tile | None, at: datetime) -> float | None:
    """What the page shows for a tile."""
    if tile is None or tile.today is None:
        return None
    facts = tile.facts if tile.link == "live" else None
    return active_today_s(tile.today, facts, tile.since_at, tile.idle_limit_s, at)


def busy(ago: int, **changes: Any) -> Any:
    """A minute with input from its first second to its last."""
    made = minute(ago)
    facts = Facts(app="Editor", last_input_at=made.ended_at)
    return minute(ago, **{"facts": facts, "first_input_at": made.started_at} | changes)


async def test_tile_shows_what_is_stored_of_the_workday_and_what_is_expected(settings: Settings, cast: Cast) -> None:
    now = datetime.now(UTC)
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alice, cast.password)
        async with connected(hub, cast.device(cast.bob)) as agent, viewing(hub, client) as viewer:
            await viewer.subscribe([cast.payments])
            await agent.batch(1, [busy(12), busy(11), busy(10)])
            await agent.receive(Ack)
            await viewer.until(lambda seen: (worked(seen.tile(cast.bob.id), now) or 0) > 0)
            tile = viewer.tile(cast.bob.id)
            await roll_up(now)
            await agent.batch(4, [busy(3)])
            await agent.receive(Ack)
            await viewer.until(lambda seen: (worked(seen.tile(cast.bob.id), now) or 0) > 3 * MINUTE_S)

            assert tile is not None
            assert tile.today is not None
            assert worked(tile, now) == 3 * MINUTE_S
            assert worked(viewer.tile(cast.bob.id), now) == 4 * MINUTE_S
            assert tile.today.ends_at - tile.today.starts_at == timedelta(hours=24)
            assert tile.today.expected_s in {0, 8 * 3600}


async def test_live_input_moves_the_figure_without_a_query(settings: Settings, cast: Cast) -> None:
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alice, cast.password)
        async with connected(hub, cast.device(cast.bob)) as agent, viewing(hub, client) as viewer:
            await viewer.subscribe([cast.payments])
            await agent.batch(1, [busy(2)])
            await agent.receive(Ack)
            await viewer.until(lambda seen: (worked(seen.tile(cast.bob.id), datetime.now(UTC)) or 0) >= MINUTE_S)
            stored_until = minute(2).ended_at
            last = datetime.now(UTC)
            await agent.presence(1, app="Editor", last_input_at=last)
            await viewer.until(lambda seen: (seen.tile(cast.bob.id).facts or agent).last_input_at == last)

            since_stored_s = (last - stored_until).total_seconds()
            assert worked(viewer.tile(cast.bob.id), last) == pytest.approx(MINUTE_S + since_stored_s)


async def test_workday_of_who_arrives_does_not_wait_for_the_next_round(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today_module, "READ_S", 3600.0)
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alice, cast.password)
        async with viewing(hub, client) as viewer:
            await viewer.subscribe([cast.payments])
            async with connected(hub, cast.device(cast.bob)):
                await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.today)


async def test_who_changed_teams_today_is_on_the_new_wall_with_the_time_since_then_alone(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today_module, "READ_S", 0.2)
    async with running(settings) as hub:
        client = await signed_in(hub, cast.maxim, cast.password)
        async with connected(hub, cast.device(cast.bob)) as agent, viewing(hub, client) as viewer:
            await viewer.subscribe([cast.support])
            await agent.presence(app="Editor")
            await agent.batch(1, [busy(12), busy(11), busy(10), busy(2)])
            await agent.receive(Ack)
            at = datetime.now(UTC)
            ends = at + timedelta(seconds=50)  # long after the move
            last = busy(
                0,
                started_at=at - timedelta(seconds=5),
                ended_at=ends,
                facts=Facts(app="Editor", last_input_at=ends),
                first_input_at=at,
            )
            await people.move(cast.bob.id, cast.support)
            await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.today)
            first = viewer.tile(cast.bob.id)
            await agent.batch(5, [last])
            await agent.receive(Ack)
            await viewer.until(lambda seen: worked(seen.tile(cast.bob.id), datetime.now(UTC)))

            assert worked(first, first.at) == 0  # type: ignore[union-attr, arg-type]
            assert 0 < (worked(viewer.tile(cast.bob.id), datetime.now(UTC)) or 0) < MINUTE_S
            assert viewer.tile(cast.bob.id).today.expected_s == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("rolled_up", [False, True])
async def test_workday_is_read_since_somebody_is_in_their_team(settings: Settings, cast: Cast, rolled_up: bool) -> None:
    now = datetime.now(UTC)
    async with running(settings) as hub, connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(1, [busy(42), busy(41), busy(40)])
        await agent.receive(Ack)
        async with transaction() as held:
            came = busy(41).started_at + timedelta(seconds=20)
            await held.execute("UPDATE membership SET until_at = $2 WHERE person = $1", cast.bob.id, came)
            insert = "INSERT INTO membership (person, team, since_at) VALUES ($1, $2, $3) RETURNING id"
            stay = await held.fetchval(insert, cast.bob.id, cast.support, came)
        if rolled_up:
            await roll_up(now + timedelta(days=2))

        today = (await read_workdays([cast.bob.id], now))[cast.bob.id]

        assert (today.starts_at, today.active_s, today.stay) == (came, 40 + MINUTE_S, stay)


class Agents:
    """Connections as `Workdays` sees them."""

    def __init__(self, *people: int) -> None:
        self.told: list[tuple[int, Today]] = []
        self._agents = [OneAgent(person, self.told) for person in people]

    def connections(self) -> list[Any]:
        return list(self._agents)


class OneAgent:
    def __init__(self, person: int, told: list[tuple[int, Today]]) -> None:
        self.device = type("Device", (), {"person": person, "id": person})
        self.today: Today | None = None
        self._told = told

    def tell_today(self, today: Today) -> None:
        self.today = today
        self._told.append((self.device.person, today))


async def test_one_read_serves_all_who_are_due_and_none_is_made_for_the_others() -> None:
    asked: list[set[int]] = []
    clock = datetime(2026, 3, 2, 10, tzinfo=UTC)

    async def read(people: Any, now: datetime) -> dict[int, Today]:
        asked.append(set(people))
        start = now.replace(hour=0)
        return {person: Today(starts_at=start, ends_at=start + timedelta(days=1)) for person in people}

    agents = Agents(1, 2, 3)
    registry: Registry = agents  # type: ignore[assignment]
    workdays = Workdays(registry, read, lambda: clock)
    await workdays.read_due()
    await workdays.read_due()
    workdays.stored({2, 99})
    await workdays.read_due()
    clock += timedelta(days=1)
    await workdays.read_due()

    assert asked == [{1, 2, 3}, {2}, {1, 2, 3}]


async def test_workdays_that_cannot_be_read_are_due_still() -> None:
    away = True

    async def read(people: Any, now: datetime) -> dict[int, Today]:
        if away:
            raise TimeoutError
        return {person: Today(starts_at=now, ends_at=now + timedelta(days=1)) for person in people}

    agents = Agents(1)
    registry: Registry = agents  # type: ignore[assignment]
    workdays = Workdays(registry, read, lambda: datetime.now(UTC))
    await workdays.read_due()
    away = False
    await workdays.read_due()

    assert [person for person, _ in agents.told] == [1]


async def test_what_is_stored_right_before_a_device_goes_is_on_the_tile(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today_module, "READ_S", 0.2)
    monkeypatch.setattr(agents_module, "GONE_AFTER_S", 2.0)
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alice, cast.password)
        async with viewing(hub, client) as viewer:
            await viewer.subscribe([cast.payments])
            async with connected(hub, cast.device(cast.bob)) as agent:
                await agent.batch(1, [busy(12)])
                await agent.receive(Ack)
                await viewer.until(lambda seen: (worked(seen.tile(cast.bob.id), datetime.now(UTC)) or 0) > 0)
                await agent.batch(2, [busy(11), busy(10), busy(9)])
                await agent.receive(Ack)
            await viewer.until(lambda seen: seen.tile(cast.bob.id).link == "offline")
            now = datetime.now(UTC)
            stored = (await read_workdays([cast.bob.id], now))[cast.bob.id]

            assert worked(viewer.tile(cast.bob.id), now) == stored.active_s + stored.open_s


async def test_workdays_that_are_too_many_for_one_read_are_read_in_smaller_groups() -> None:
    asked: list[int] = []
    clock = datetime(2026, 3, 2, 10, tzinfo=UTC)

    async def read(people: Any, now: datetime) -> dict[int, Today]:
        asked.append(len(people))
        if len(people) > 40:
            raise TimeoutError
        return {person: Today(starts_at=now, ends_at=now + timedelta(days=1)) for person in people}

    agents = Agents(*range(400))
    registry: Registry = agents  # type: ignore[assignment]
    workdays = Workdays(registry, read, lambda: clock)
    for _ in range(20):
        await workdays.read_due()

    assert asked[:4] == [300, 150, 75, 37]
    assert len({person for person, _ in agents.told}) == 400
