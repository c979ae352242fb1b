"""Work that people start outside their hours: until then nothing of them is kept, meanwhile what their policy allows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub import pauses, policies
from hub.database import connection
from hub.settings import Settings
from hub.tables import Audit, PersonPolicy, PolicyVersion
from hub.tables import Pause as PauseRow
from hub.wire.activity import Facts, quarter_of
from hub.wire.agent import Ack, Heartbeat, PolicyUpdate
from hub.wire.events import Interval
from hub.wire.policy import DAY_MIN, STARTED_MAX, WEEK_MIN, Hours, Policy, Started

from .conftest import PASSWORD, Browser, Cast
from .live import Running, connected, minute, running, signed_in, viewing

NOW = datetime.now(UTC)
VERSION = 9


def week_minute(at: datetime) -> int:
    return at.weekday() * DAY_MIN + at.hour * 60 + at.minute - at.minute % 15


async def give_hours(*people: Any, begin_at: datetime | None = None) -> None:
    """Hours of one quarter: half a week from now, or beginning then."""
    start = week_minute(begin_at) if begin_at else (week_minute(datetime.now(UTC)) + WEEK_MIN // 2) % WEEK_MIN
    await give(VERSION, ((start, start + 15),), NOW - timedelta(days=40), *people)


async def give(version: int, hours: Hours | None, since_at: datetime, *people: Any) -> None:
    policy = Policy(version=version, app=True, hours=hours, zone="UTC")
    await PolicyVersion.insert(PolicyVersion(version=version, policy=msgspec.json.encode(policy).decode()))
    for number, person in enumerate(people, 10 * version):
        await PersonPolicy.insert(
            PersonPolicy(person=person.id, wanted=version, held=version, revision=number, since_at=since_at)
        )
    await policies.refresh()


def quarter_from(at: datetime) -> Hours:
    return ((week_minute(at), week_minute(at) + 15),)


@pytest.fixture
async def bob(cast: Cast, open_browser: Callable[..., Browser]) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.bob)
    await give_hours(cast.bob, cast.bea, cast.alice)
    return browser


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        await give_hours(cast.bob, cast.bea, cast.alice)
        yield up


def seen(ago: int, **changes: Any) -> Interval:
    """A minute with all that an agent could tell; it claims the policy of those hours."""
    at = minute(ago)
    facts = Facts(app="Bank", last_input_at=at.started_at)
    return msgspec.structs.replace(at, **{"policy": VERSION, "facts": facts, "keys": 9} | changes)


async def stored(device: int) -> list[dict[str, Any]]:
    async with connection() as held:
        rows = await held.fetch(
            "SELECT app, flags & 32 > 0 AS on_break, flags & 64 > 0 AS private, last_input_at, keys "
            'FROM "interval" WHERE device = $1 ORDER BY seq',
            device,
        )
    return [dict(row) for row in rows]


async def acts() -> list[str]:
    rows = await Audit.select().where(Audit.action.like("work_%")).order_by(Audit.id).output(load_json=True)
    assert all(row["actor"] == row["subject"] is not None and row["detail"] == {} for row in rows)
    return [row["action"] for row in rows]


async def kept() -> list[tuple[datetime, datetime]]:
    rows = await PauseRow.select().where(PauseRow.kind == "work").order_by(PauseRow.since_at)
    return [(row["since_at"], row["until_at"]) for row in rows]


# --- started and ended


async def test_person_starts_work_ends_it_and_sees_it(cast, bob):
    before = (await bob.get("/api/me/pause")).json()
    started = (await bob.change("PUT", "/api/me/work")).json()
    again = (await bob.change("PUT", "/api/me/work")).json()
    ended = [(await bob.change("DELETE", "/api/me/work")).status_code for _ in range(2)]
    after = (await bob.get("/api/me/pause")).json()

    offered = msgspec.convert(before["startable"], Started)
    assert (before["started"], offered.until_at - offered.since_at) == (None, STARTED_MAX)
    work = msgspec.convert(started["started"], Started)
    assert work.until_at - work.since_at == STARTED_MAX
    assert again["started"] == started["started"]
    assert (ended, after["started"]) == ([204, 204], None)
    [(since_at, until_at)] = await kept()
    assert since_at == work.since_at < until_at < work.until_at
    assert await acts() == ["work_started", "work_ended"]


async def test_within_the_hours_there_is_nothing_to_start(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)  # nothing is set: at any time

    answer = await browser.change("PUT", "/api/me/work")

    assert (answer.status_code, answer.json()["started"], answer.json()["startable"]) == (200, None, None)
    assert (await kept(), await acts()) == ([], [])


async def test_it_ends_where_the_hours_begin(cast, database):
    at = quarter_of(NOW) + timedelta(minutes=7)
    await give_hours(cast.bob, begin_at=at + timedelta(minutes=8))

    await pauses.start_work(cast.bob.id, at)
    await pauses.start_work(cast.bob.id, at + timedelta(minutes=9))

    assert await kept() == [(at, at + timedelta(minutes=8))]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "told late"])
async def test_it_ends_where_hours_begin_that_come_into_force_within_it(late, cast, database):
    at = quarter_of(NOW) - timedelta(minutes=53)
    hours_at = at + timedelta(minutes=23)
    await give_hours(cast.bob)
    if not late:
        await pauses.start_work(cast.bob.id, at)
        await pauses.refresh()
    own_end = pauses.starts(cast.bob.id)
    await give(VERSION + 1, quarter_from(hours_at), at + timedelta(minutes=1), cast.bob)
    if late:
        await pauses.started(cast.bob.id, [Started(since_at=at, until_at=at + STARTED_MAX)], NOW)
        await pauses.refresh()
    cut = pauses.starts(cast.bob.id)
    again_at = hours_at + timedelta(minutes=20)
    await pauses.start_work(cast.bob.id, hours_at - timedelta(minutes=1))
    await pauses.end_work(cast.bob.id, again_at - timedelta(minutes=1))
    await pauses.start_work(cast.bob.id, again_at)
    await pauses.end_work(cast.bob.id, again_at + timedelta(minutes=1))
    await pauses.refresh()

    assert own_end == (() if late else (Started(since_at=at, until_at=at + STARTED_MAX),))
    assert cut == (Started(since_at=at, until_at=hours_at),)
    again = Started(since_at=again_at, until_at=again_at + timedelta(minutes=1))
    assert pauses.starts(cast.bob.id) == (*cut, again)
    assert await acts() == ["work_started", "work_started", "work_ended"]
    pauses.forget()
    await pauses.load()
    assert pauses.starts(cast.bob.id) == (*cut, again)


async def test_it_ends_with_the_change_that_has_the_hours_hold_and_goes_on_where_they_are_taken_back(cast, database):
    at = quarter_of(NOW) - timedelta(minutes=22)
    await give_hours(cast.bob, cast.bea)
    for person in (cast.bob, cast.bea):
        await pauses.start_work(person.id, at)
    await pauses.refresh()

    await give(VERSION + 1, None, at + timedelta(minutes=3), cast.bob)
    await give(VERSION + 2, quarter_from(at + timedelta(minutes=7)), at + timedelta(minutes=3), cast.bea)
    taken_back = pauses.starts(cast.bea.id)
    await give(VERSION + 3, quarter_from(at - timedelta(days=1)), at + timedelta(minutes=6), cast.bea)

    assert pauses.starts(cast.bob.id) == (Started(since_at=at, until_at=at + timedelta(minutes=3)),)
    assert taken_back == (Started(since_at=at, until_at=at + timedelta(minutes=7)),)
    assert pauses.starts(cast.bea.id) == (Started(since_at=at, until_at=at + STARTED_MAX),)


async def test_a_pause_lies_within_it_and_ends_with_it(cast, bob):
    await bob.change("PUT", "/api/me/work")
    paused = (await bob.change("PUT", "/api/me/pause", json={"kind": "break"})).json()
    resumed = await bob.change("DELETE", "/api/me/pause")
    back = (await bob.get("/api/me/pause")).json()
    await bob.change("PUT", "/api/me/pause", json={"kind": "private"})
    await bob.change("DELETE", "/api/me/work")
    after = (await bob.get("/api/me/pause")).json()

    assert (paused["pause"]["kind"], paused["started"] is None, resumed.status_code) == ("break", False, 204)
    assert (back["pause"], back["started"]) == (None, paused["started"])
    assert (after["pause"], after["started"]) == (None, None)


async def test_two_starts_at_once_are_one(bob):
    await bob.csrf()

    await asyncio.gather(*(bob.change("PUT", "/api/me/work") for _ in range(2)))

    assert (len(await kept()), await acts()) == (1, ["work_started"])


# --- in memory


async def test_what_another_process_began_is_read_and_its_end_too(cast, database):
    await give_hours(cast.bob)
    await pauses.start_work(cast.bob.id, NOW)
    await pauses.refresh()
    during = pauses.starts(cast.bob.id)
    await pauses.end_work(cast.bob.id, NOW + timedelta(minutes=1))
    await pauses.refresh()

    assert during == (Started(since_at=NOW, until_at=NOW + STARTED_MAX),)
    ended = (Started(since_at=NOW, until_at=NOW + timedelta(minutes=1)),)
    assert (pauses.starts(cast.bob.id), pauses.starts(cast.bea.id)) == (ended, ())
    assert pauses.of(cast.bob.id, NOW) is None
    pauses.forget()
    await pauses.load()
    assert pauses.starts(cast.bob.id) == ended


async def test_of_what_is_older_than_is_kept_nothing_was_started(cast, database):
    long_ago = NOW - pauses.KEPT - timedelta(days=9)
    for revision, since_at in enumerate((long_ago, NOW - timedelta(days=1)), 1):
        await PauseRow.insert(
            PauseRow(
                person=cast.bob.id,
                kind="work",
                since_at=since_at,
                until_at=since_at + timedelta(hours=1),
                revision=revision,
            )
        )
    await pauses.load()

    assert [each.since_at for each in pauses.starts(cast.bob.id)] == [NOW - timedelta(days=1)]
    assert pauses.permitted(cast.bob.id, old := seen(60 * 24 * 40), NOW) is old, "it is no pause either"


# --- on the wire


async def test_what_a_device_sends_is_kept_within_a_start_and_stripped_beside_it(hub: Running, cast: Cast) -> None:
    device, other = cast.device(cast.bob), cast.device(cast.bea)
    base = datetime.now(UTC).replace(second=0, microsecond=0)
    await PauseRow.insert(
        PauseRow(
            person=cast.bob.id,
            kind="work",
            since_at=base - timedelta(minutes=9, seconds=30),
            until_at=base - timedelta(minutes=6, seconds=30),
            revision=1,
        )
    )
    await PauseRow.insert(
        PauseRow(
            person=cast.bob.id,
            kind="break",
            since_at=base - timedelta(minutes=8),
            until_at=base - timedelta(minutes=7),
            revision=2,
        )
    )
    await pauses.refresh()
    async with connected(hub, device) as agent, connected(hub, other) as nobody:
        await agent.batch(1, [seen(ago) for ago in (11, 10, 9, 8)])
        await agent.receive(Ack)
        tail = [
            seen(7, ended_at=base - timedelta(minutes=6, seconds=30)),
            seen(7, started_at=base - timedelta(minutes=6, seconds=30)),
            seen(5),
        ]
        await agent.batch(5, tail)
        await agent.receive(Ack)
        await nobody.batch(1, [seen(ago) for ago in (9, 8)])
        await nobody.receive(Ack)

    rows = await stored(device.id)
    assert [row["app"] for row in rows] == [None, None, "Bank", None, "Bank", None, None]
    assert [row["private"] for row in rows] == [True, True, False, False, False, True, True]
    assert [row["on_break"] for row in rows] == [False, False, False, True, False, False, False]
    assert {(row["last_input_at"], row["keys"]) for row in rows if row["private"]} == {(None, 0)}
    assert {row["keys"] for row in rows} == {0}, "input counts are off: a start allows no more than the hours do"
    assert [row["app"] for row in await stored(other.id)] == [None, None]


async def test_after_hours_that_came_into_force_within_a_start_nothing_is_kept_and_the_agent_knows(
    hub: Running, cast: Cast
) -> None:
    device = cast.device(cast.bob)
    base = datetime.now(UTC).replace(second=0, microsecond=0)
    hours_at = quarter_of(base - timedelta(minutes=30))
    began_at = base - timedelta(minutes=50)
    await PauseRow.insert(
        PauseRow(person=cast.bob.id, kind="work", since_at=began_at, until_at=began_at + STARTED_MAX, revision=1)
    )
    await pauses.refresh()
    async with connected(hub, device) as agent:
        await give(VERSION + 1, quarter_from(hours_at), base - timedelta(minutes=47), cast.bob)
        told = await agent.receive(PolicyUpdate)
        ago = int((base - hours_at) / timedelta(minutes=1))
        events = [seen(ago - after, policy=VERSION + 1) for after in (-1, 0, 14, 15)]
        await agent.batch(1, events)
        await agent.receive(Ack)

    assert told.policy.version == VERSION + 1
    assert told.starts == [Started(since_at=began_at, until_at=hours_at)]
    assert [row["app"] for row in await stored(device.id)] == ["Bank", "Bank", "Bank", None]


async def test_started_from_the_web_the_wall_shows_them_and_ended_nothing(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    browser = await signed_in(hub, cast.bob, PASSWORD)
    alice = await signed_in(hub, cast.alice, PASSWORD)
    token = {"x-csrftoken": browser.cookies["csrftoken"]}
    async with connected(hub, device) as agent, viewing(hub, alice) as wall:
        await wall.subscribe()
        await agent.presence(app="Before")
        assert (await browser.put("/api/me/work", headers=token)).status_code == 200
        told = await agent.receive(PolicyUpdate)
        await agent.presence(2, app="Bank", last_input_at=datetime.now(UTC))
        await wall.until(
            lambda seen: (tile := seen.tile(cast.bob.id)) and tile.link == "live" and tile.facts.app == "Bank"
        )
        await browser.delete("/api/me/work", headers=token)
        over = await agent.receive(PolicyUpdate)
        await wall.until(lambda seen: seen.tile(cast.bob.id).link != "live")
        assert wall.tile(cast.bob.id).facts is None
    await browser.aclose()
    await alice.aclose()

    assert [each.holds(datetime.now(UTC)) for each in told.starts] == [True]
    assert [each.since_at for each in over.starts] == [told.starts[0].since_at]
    assert over.starts[0].until_at < datetime.now(UTC)


async def test_what_a_device_started_while_it_was_away_is_kept_when_it_says_so_first(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    base = datetime.now(UTC).replace(second=0, microsecond=0)
    away = Started(since_at=base - timedelta(minutes=20), until_at=base - timedelta(minutes=10))
    async with connected(hub, device) as agent:
        await agent.send(Heartbeat(sent=1, starts=[away]))
        await agent.batch(1, [seen(ago) for ago in (21, 20, 11, 10)])
        told = [await agent.receive_any() for _ in range(3)]

    [update] = [frame for frame in told if isinstance(frame, PolicyUpdate)]
    assert update.heard == update.starts == [away]
    assert [row["app"] for row in await stored(device.id)] == [None, "Bank", "Bank", None]
    assert await acts() == ["work_started", "work_ended"]


@pytest.mark.parametrize(
    ("since_at", "until_at"),
    [
        (NOW + timedelta(minutes=5), NOW + timedelta(hours=1)),
        (NOW - pauses.LATE_MAX - timedelta(minutes=1), NOW - timedelta(hours=20)),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=2)),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
async def test_a_start_of_the_future_or_long_ago_or_of_no_length_is_none(since_at, until_at, cast, database):
    await give_hours(cast.bob)

    await pauses.started(cast.bob.id, [Started(since_at=since_at, until_at=until_at)], NOW)

    assert (await kept(), await acts()) == ([], [])


async def test_what_a_device_says_again_lengthens_nothing_and_shortens_what_it_began(cast, database):
    await give_hours(cast.bob)
    since_at = NOW - timedelta(hours=3)
    for until in (timedelta(hours=20), timedelta(hours=2), timedelta(hours=5), timedelta(hours=1), timedelta(days=4)):
        await pauses.started(cast.bob.id, [Started(since_at=since_at, until_at=since_at + until)], NOW)
    ended_at = since_at + timedelta(hours=1)
    within = Started(since_at=since_at + timedelta(minutes=30), until_at=NOW)
    after = Started(since_at=ended_at, until_at=datetime(9999, 12, 31, tzinfo=UTC))
    await pauses.started(cast.bob.id, [within, after], NOW)

    assert await kept() == [(since_at, ended_at), (ended_at, ended_at + STARTED_MAX)]


async def test_a_start_that_the_hours_held_at_the_time_make_needless_is_none(cast, database):
    at = quarter_of(NOW) - timedelta(hours=1)
    await give_hours(cast.bob, begin_at=at)

    await pauses.started(cast.bob.id, [Started(since_at=at + timedelta(minutes=3), until_at=NOW)], NOW)
    await pauses.started(cast.bob.id, [Started(since_at=at - timedelta(minutes=3), until_at=NOW)], NOW)

    assert await kept() == [(at - timedelta(minutes=3), at)]


async def test_device_that_starts_work_without_end_is_heard_so_many_times_a_day(cast, database):
    await give_hours(cast.bob)
    begin = NOW - timedelta(hours=2)
    told = [
        Started(since_at=begin + timedelta(seconds=2 * each), until_at=begin + timedelta(seconds=2 * each + 1))
        for each in range(pauses.STARTS_A_DAY + 2)
    ]

    await pauses.started(cast.bob.id, told, NOW)

    assert await kept() == [(each.since_at, each.until_at) for each in told[: pauses.STARTS_A_DAY]]
