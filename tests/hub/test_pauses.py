"""Private time and breaks declared from the web: for all devices of a person, at once, and for what comes later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import pauses, policies
from hub.database import connection
from hub.settings import Settings
from hub.tables import Audit, PersonPolicy, PolicyVersion
from hub.tables import Pause as PauseRow
from hub.wire.activity import Facts
from hub.wire.agent import Ack, Heartbeat, PolicyUpdate
from hub.wire.pause import Declared, Pause

from .conftest import PASSWORD, Browser, Cast
from .live import Running, connected, minute, running, signed_in, viewing

NOW = datetime.now(UTC)


@pytest.fixture
async def bob(cast: Cast, open_browser: Callable[..., Browser]) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.bob)
    return browser


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def stored(device: int) -> list[dict[str, Any]]:
    async with connection() as held:
        rows = await held.fetch(
            "SELECT app, title, flags & 32 > 0 AS on_break, flags & 64 > 0 AS private, last_input_at, keys "
            'FROM "interval" WHERE device = $1 ORDER BY seq',
            device,
        )
    return [dict(row) for row in rows]


# --- declared and ended


async def test_person_declares_ends_and_sees_it(cast, bob):
    none = (await bob.get("/api/me/pause")).json()
    declared = (await bob.change("PUT", "/api/me/pause", json={"kind": "private", "minutes": 15})).json()
    other = (await bob.change("PUT", "/api/me/pause", json={"kind": "break"})).json()
    ended = await bob.change("DELETE", "/api/me/pause")
    again = await bob.change("DELETE", "/api/me/pause")

    assert none == {"pause": None, "private_time": True, "started": None, "startable": None}
    lasts = datetime.fromisoformat(declared["pause"]["until_at"]) - datetime.fromisoformat(
        declared["pause"]["since_at"]
    )
    assert (declared["pause"]["kind"], round(lasts.total_seconds())) == ("private", 900)
    assert (other["pause"]["kind"], other["pause"]["until_at"]) == ("break", None)
    assert (ended.status_code, again.status_code, (await bob.get("/api/me/pause")).json()["pause"]) == (204, 204, None)
    rows = await PauseRow.select().order_by(PauseRow.id)
    assert [row["kind"] for row in rows] == ["private", "break"]
    assert rows[0]["until_at"] <= rows[1]["since_at"] < rows[1]["until_at"]
    assert await Audit.count().where(Audit.action.like("pause_%")) == 0, "when somebody takes a break is nobody else's"


@pytest.mark.parametrize(
    "form", [{"kind": "lunch"}, {"kind": "break", "minutes": 0}, {"kind": "break", "minutes": 1441}, {}]
)
async def test_what_is_no_pause_is_refused(form, bob):
    assert (await bob.change("PUT", "/api/me/pause", json=form)).status_code == 400


async def test_private_time_that_the_policy_takes_away_is_not_declared_and_a_break_is(cast, bob):
    await PolicyVersion.insert(PolicyVersion(version=9, policy='{"version": 9, "private_time": false}'))
    await PersonPolicy.insert(PersonPolicy(person=cast.bob.id, wanted=9, held=9, revision=1))
    await policies.refresh()

    refused = await bob.change("PUT", "/api/me/pause", json={"kind": "private"})
    allowed = await bob.change("PUT", "/api/me/pause", json={"kind": "break"})

    assert (refused.status_code, refused.json()["code"], allowed.status_code) == (400, "private_off", 200)
    assert allowed.json()["private_time"] is False


async def test_two_declared_at_once_leave_one(bob):
    await bob.csrf()

    await asyncio.gather(*(bob.change("PUT", "/api/me/pause", json={"kind": kind}) for kind in ("private", "break")))

    assert await PauseRow.count().where(PauseRow.until_at.is_null()) == 1


# --- in memory


async def test_what_another_process_declared_is_read_and_what_it_ended_too(cast, database):
    await pauses.declare(cast.bob.id, "break", None)
    await pauses.refresh()
    during = pauses.of(cast.bob.id, datetime.now(UTC))
    await pauses.end(cast.bob.id)
    await pauses.refresh()

    assert during is not None
    assert during.kind == "break"
    assert pauses.of(cast.bob.id, datetime.now(UTC) + timedelta(seconds=1)) is None
    pauses.forget()
    await pauses.load()
    assert pauses.of(cast.bob.id, during.since_at) is not None
    assert pauses.of(cast.bea.id, during.since_at) is None


async def test_what_is_declared_after_the_latest_was_deleted_is_read_too(cast, database):
    await pauses.declare(cast.bea.id, "break", None)
    await pauses.end(cast.bea.id)
    await pauses.refresh()
    await PauseRow.delete().where(PauseRow.person == cast.bea.id)  # as their erasure does
    await pauses.declare(cast.bob.id, "private", None)
    await pauses.refresh()

    assert pauses.of(cast.bob.id, datetime.now(UTC) + timedelta(seconds=1)) is not None


async def test_what_is_declared_while_a_process_reads_is_not_overlooked(cast, database, monkeypatch):
    """Between its questions, so that it is in no answer."""

    class Slow:
        def __init__(self, held: Any) -> None:
            self.held, self.asked = held, 0

        async def fetch(self, *asked: Any) -> Any:
            found = await self.held.fetch(*asked)
            self.asked += 1
            if self.asked == 1:
                await asyncio.create_task(pauses.declare(cast.bob.id, "private", None), context=Context())
            return found

        async def fetchval(self, *asked: Any) -> Any:
            return await self.held.fetchval(*asked)

    @contextlib.asynccontextmanager
    async def slow() -> AsyncIterator[Slow]:
        async with connection() as held:
            yield Slow(held)

    monkeypatch.setattr(pauses, "connection", slow)
    await pauses.load()
    await pauses.refresh()

    assert pauses.of(cast.bob.id, datetime.now(UTC) + timedelta(seconds=1)) is not None


@pytest.mark.parametrize("apart", [timedelta(minutes=-10), timedelta(minutes=10)], ids=["hub behind", "hub ahead"])
async def test_pause_holds_by_the_clock_of_a_hub_that_is_not_that_of_the_database(apart, cast, database):
    """From when it was declared for as long as it was declared, whatever either says."""

    def now() -> datetime:
        return datetime.now(UTC) + apart

    began = now()
    await pauses.declare(cast.bob.id, "private", 5)
    await pauses.refresh(now)
    ends = began + timedelta(minutes=5)

    for at in (began + timedelta(seconds=1), ends - timedelta(seconds=1)):
        assert pauses.of(cast.bob.id, at) is not None, at
    event = minute(0, started_at=began + timedelta(seconds=30), ended_at=began + timedelta(seconds=90))
    assert pauses.permitted(cast.bob.id, event, ends).facts == Facts(private=True)


async def test_policies_that_can_not_be_read_keep_nobody_from_hearing_of_pauses(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise KeyError(7)

    async with connected(hub, cast.device(cast.bob)) as agent:
        monkeypatch.setattr(policies, "refresh", broken)
        await pauses.declare(cast.bob.id, "break", None)
        told = await agent.receive(PolicyUpdate)

    assert told.pause is not None
    assert told.pause.kind == "break"


async def test_of_what_is_older_than_is_kept_nothing_is_told_where_there_was_a_pause(cast, database):
    long_ago = NOW - pauses.KEPT - timedelta(days=9)
    await PauseRow.insert(
        PauseRow(
            person=cast.bob.id, kind="break", since_at=long_ago, until_at=long_ago + timedelta(hours=1), revision=1
        )
    )
    await pauses.load()
    old = minute(int((pauses.KEPT + timedelta(days=2)).total_seconds() // 60))

    assert pauses.permitted(cast.bob.id, old, NOW).facts == Facts(private=True)
    assert pauses.permitted(cast.bea.id, old, NOW) is old
    fresh = minute(5)
    assert pauses.permitted(cast.bob.id, fresh, NOW) is fresh


# --- on the wire


async def test_agents_of_the_person_are_told_within_a_turn_and_the_wall_shows_no_more(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    browser = await signed_in(hub, cast.bob, PASSWORD)
    alice = await signed_in(hub, cast.alice, PASSWORD)
    token = {"x-csrftoken": browser.cookies["csrftoken"]}
    async with (
        connected(hub, device) as agent,
        connected(hub, cast.device(cast.bea)) as other,
        viewing(hub, alice) as wall,
    ):
        await wall.subscribe()
        await agent.presence(app="Bank", last_input_at=datetime.now(UTC))
        await wall.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts.app == "Bank")

        assert (await browser.put("/api/me/pause", json={"kind": "private"}, headers=token)).status_code == 200

        told = await agent.receive(PolicyUpdate)
        assert told.pause is not None
        assert (told.pause.kind, told.pause.until_at) == ("private", None)
        await wall.until(lambda seen: seen.tile(cast.bob.id).facts == Facts(private=True))
        await agent.presence(2, app="Clinic")  # an older agent goes on
        await browser.delete("/api/me/pause", headers=token)
        over = await agent.receive(PolicyUpdate)
        assert over.pause is None
        await wall.until(lambda seen: seen.tile(cast.bob.id).facts.app == "Clinic")
        await other.presence(app="Editor")
        await wall.until(lambda seen: (tile := seen.tile(cast.bea.id)) and tile.facts.app == "Editor")
    await browser.aclose()
    await alice.aclose()


async def test_device_that_comes_while_it_is_paused_is_told_so(hub: Running, cast: Cast) -> None:
    await pauses.declare(cast.bob.id, "break", 60)
    await pauses.refresh()

    async with connected(hub, cast.device(cast.bob)) as agent:
        assert agent.welcomed is not None
        assert agent.welcomed.pause is not None
        assert agent.welcomed.pause.kind == "break"
    async with connected(hub, cast.device(cast.bea)) as agent:
        assert agent.welcomed is not None
        assert agent.welcomed.pause is None


@pytest.mark.parametrize("kind", ["private", "break"])
async def test_what_a_device_sends_later_of_such_time_is_stripped(kind: str, hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    began = minute(10).started_at
    await PauseRow.insert(
        PauseRow(
            person=cast.bob.id,
            kind=kind,
            since_at=began + timedelta(minutes=1, seconds=30),
            until_at=began + timedelta(minutes=4),
            revision=1,
        )
    )
    await pauses.refresh()
    async with connected(hub, device) as agent:
        facts = Facts(app="Bank", last_input_at=began)
        times = [(began + timedelta(minutes=number), began + timedelta(minutes=number + 1)) for number in range(6)]
        events = [minute(0, started_at=start, ended_at=end, facts=facts, keys=9) for start, end in times]
        await agent.batch(1, events)
        await agent.receive(Ack)

    rows = await stored(device.id)
    assert [row["app"] for row in rows] == ["Bank", None, None, None, "Bank", "Bank"]
    assert [row["private"] for row in rows] == [False, *[kind == "private"] * 3, False, False]
    assert [row["on_break"] for row in rows] == [False, *[kind == "break"] * 3, False, False]
    assert [row["last_input_at"] is None for row in rows] == [False, True, True, True, False, False]


async def test_what_is_declared_at_one_device_covers_all_of_the_person(hub: Running, cast: Cast) -> None:
    async with connection() as held:  # another device of Bob's
        await held.execute("UPDATE device SET person = $1 WHERE id = $2", cast.bob.id, cast.device(cast.bea).id)
    at = datetime.now(UTC)
    async with connected(hub, cast.device(cast.bob)) as here, connected(hub, cast.device(cast.bea)) as there:
        await here.send(Heartbeat(sent=1, declared=Declared(kind="private", at=at)))
        told = [await here.receive_any() for _ in range(2)]  # the heartbeat's answer, and the word that it is known
        other = await there.receive(PolicyUpdate)
        await there.batch(
            1, [minute(0, started_at=datetime.now(UTC), ended_at=datetime.now(UTC) + timedelta(seconds=9))]
        )
        await there.receive(Ack)
        await here.send(Heartbeat(sent=2, declared=Declared(kind="work", at=datetime.now(UTC))))
        over = await there.receive(PolicyUpdate)

    [known] = [frame for frame in told if isinstance(frame, PolicyUpdate)]
    assert known.declared_at == at
    assert known.pause == other.pause == Pause(kind="private", since_at=at)
    assert over.pause is None
    assert [row["private"] for row in await stored(cast.device(cast.bea).id)] == [True]


async def test_what_a_device_says_again_or_too_late_changes_nothing(cast, database):
    at = NOW - timedelta(hours=2)
    told = Declared(kind="break", at=at)
    for _ in range(2):
        await pauses.declared(cast.bob.id, told, NOW)
    await pauses.end(cast.bob.id)
    await pauses.declared(cast.bob.id, Declared(kind="private", at=at + timedelta(minutes=1)), datetime.now(UTC))
    await pauses.declared(cast.bob.id, Declared(kind="work", at=at - timedelta(days=400)), NOW)
    await pauses.declared(cast.bea.id, Declared(kind="private", at=NOW - timedelta(days=400)), NOW)

    rows = await PauseRow.select().order_by(PauseRow.id)
    assert [(row["person"], row["kind"], row["since_at"]) for row in rows] == [
        (cast.bob.id, "break", at),
        (cast.bea.id, "private", NOW - pauses.LATE_MAX),
    ]


def test_pause_holds_from_its_start_to_before_its_end():
    pause = Pause(kind="break", since_at=NOW, until_at=NOW + timedelta(minutes=1))

    assert [pause.holds(NOW + timedelta(seconds=s)) for s in (-1, 0, 59, 60)] == [False, True, True, False]
