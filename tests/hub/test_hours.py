"""The last hour of people on the wall: whose is told to whom, what a letter stands for, and that one read serves everybody."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub import hours
from hub.auth.access import load_viewer
from hub.hours import Letters, hours_for, letters_of
from hub.rollups.read import read_pieces
from hub.rollups.united import Piece
from hub.tables import Audit, Device, DeviceCursor, Membership, Person
from tests.hub.stored import store, worked

UNTIL = datetime(2026, 11, 18, 12, 40, tzinfo=UTC)
NOW = UNTIL + timedelta(seconds=30)
MINUTE = timedelta(minutes=1)
SIGN_IN = UUID(int=7)


def piece(start_s: float, end_s: float, state: str = "active") -> Piece:
    """A piece of the hour, by seconds since it began."""
    begin = UNTIL - timedelta(hours=1)
    return Piece(begin + timedelta(seconds=start_s), begin + timedelta(seconds=end_s), state, None, None, "input", 1)  # type: ignore[arg-type]


async def told(viewer, people, letters: Letters | None = None, now: datetime = NOW) -> dict[int, str]:
    found = await load_viewer(viewer.id)
    assert found is not None
    return (await hours_for(found, SIGN_IN, people, now, letters or Letters())).hours


async def test_whole_cast_is_told_of_whom_they_see_on_their_walls_and_of_themselves(cast, open_browser):
    everybody = [person.id for person in cast.people]
    outcome = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        answer = await browser.change("POST", "/api/hours", json={"people": [*everybody, 999]})
        assert answer.status_code == 200
        outcome[person.name.split()[0]] = {int(each) for each in answer.json()["hours"]}
        assert set(answer.json()["hours"].values()) == {"o" * 60}

    assert outcome == {
        "Alice": {1, 2, 3}, "Bob": {2}, "Bea": {3}, "Charlie": {4}, "Maxim": {4, 5, 9}, "Dora": {6},
        "Alma": {1, 2, 3, 4, 5, 7, 8, 9}, "Audrey": {8}, "Rita": {9},
    }  # fmt: skip
    assert (await open_browser().change("POST", "/api/hours", json={"people": [1]})).status_code == 401


async def test_hours_are_a_look_at_the_wall_also_without_a_wall(cast, open_browser):
    alice, bob = open_browser(), open_browser()
    await alice.sign_in(cast.alice)
    await bob.sign_in(cast.bob)
    for people in ([cast.bob.id], [cast.bob.id, cast.bea.id], [cast.alice.id]):
        await alice.change("POST", "/api/hours", json={"people": people})
    await bob.change("POST", "/api/hours", json={"people": [cast.bob.id]})

    looks = (await bob.get("/api/me/looks")).json()["looks"]
    assert [(look["kind"], look["by"]["name"]) for look in looks] == [("wall", cast.alice.name)]
    rows = await Audit.select(Audit.actor, Audit.team).where(Audit.action == "look_wall").order_by(Audit.team)
    assert rows == [{"actor": cast.alice.id, "team": team} for team in (cast.payments, cast.payments_api)]


async def test_whoever_asks_for_others_is_in_the_audit(cast, database):
    await told(cast.bob, [cast.bob.id, cast.alice.id, cast.rita.id, 999])

    rows = await Audit.select().where(Audit.action == "denied").order_by(Audit.subject).output(load_json=True)
    assert [(row["actor"], row["subject"], row["detail"]) for row in rows] == [
        (cast.bob.id, cast.alice.id, {"wanted": "see_presence"}), (cast.bob.id, cast.rita.id, {"wanted": "see_presence"}),
    ]  # fmt: skip


@pytest.mark.parametrize("people", [list(range(1, 202)), [0], [2**31], ["one"], None])
async def test_at_most_200_people_are_asked_for(people, cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.alice)

    assert (await browser.change("POST", "/api/hours", json={"people": people})).status_code == 400


async def test_letter_is_the_state_that_held_most_of_the_minute(cast, database):
    states = ["active", "passive", "idle", "locked", "break", "private"]
    pieces = [piece(60 * n, 60 * n + 60, state) for n, state in enumerate(states)]
    pieces += [piece(600, 625, "idle"), piece(625, 660, "active")]
    pieces += [piece(660, 690, "idle"), piece(690, 720, "active")]
    pieces += [piece(720, 749, "active")]
    pieces += [piece(780, 810, "locked")]

    letters = letters_of(pieces, UNTIL)

    assert letters[:6] == "apilbv"
    assert letters[10:14] == "aaol"  # most of it; a tie goes to what says more; 31 s are not stored; half of it is
    assert letters.replace("o", "") == "apilbvaal"
    assert len(letters) == 60


async def test_last_letter_is_the_minute_that_ended_last(cast, database):
    await store(cast.device(cast.bob), [worked(UNTIL - 2 * MINUTE, UNTIL + MINUTE / 2)], NOW)

    assert (await told(cast.alice, [cast.bob.id]))[cast.bob.id] == "o" * 58 + "aa"
    assert (await told(cast.alice, [cast.bob.id], now=NOW + MINUTE))[cast.bob.id] == "o" * 57 + "aaa"


async def test_minutes_of_another_manager_are_left_blank(cast, database):
    came = UNTIL - 20 * MINUTE + timedelta(seconds=30)
    await store(cast.device(cast.bob), [worked(UNTIL - 60 * MINUTE, UNTIL)], NOW)
    await Membership.update({Membership.until_at: came}).where(Membership.person == cast.bob.id)
    await Membership.insert(Membership(person=cast.bob.id, team=cast.support, since_at=came))
    letters = Letters()

    assert await told(cast.alice, [cast.bob.id], letters) == {}
    assert await told(cast.maxim, [cast.bob.id], letters) == {cast.bob.id: "o" * 41 + "a" * 19}
    assert await told(cast.alma, [cast.bob.id], letters) == {cast.bob.id: "a" * 60}
    assert await told(cast.bob, [cast.bob.id], letters) == {cast.bob.id: "a" * 60}


class Reader:
    """Reads as it is told to, and notes of whom."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.going = asyncio.Event()
        self.going.set()

    async def __call__(self, spans):
        self.asked.append(set(spans))
        await self.going.wait()
        return {person: [] for person in spans}


async def test_one_read_serves_all_viewers_of_a_minute(cast, database):
    read = Reader()
    letters = Letters(read)
    read.going.clear()
    asking = [asyncio.create_task(letters.of([1, 2], UNTIL)) for _ in range(8)]
    await asyncio.sleep(0)  # all of them have begun
    read.going.set()
    await asyncio.gather(*asking)
    await told(cast.alice, [1, 2, 3], letters)
    await told(cast.alice, [1, 2, 3], letters)
    within_a_minute = list(read.asked)
    await told(cast.alice, [1, 2], letters, now=NOW + MINUTE)

    assert within_a_minute == [{1, 2}, {3}]
    assert read.asked[2:] == [{1, 2}]


async def test_what_is_kept_is_bounded_and_what_is_not_kept_is_told_all_the_same(cast, database, monkeypatch):
    monkeypatch.setattr(hours, "KEPT_MAX", 2)
    read = Reader()
    letters = Letters(read)

    for _ in range(2):
        assert set(await told(cast.alma, [1, 2, 3], letters)) == {1, 2, 3}
        assert set(await told(cast.alma, [4, 5], letters)) == {4, 5}

    assert len(letters._kept) <= 3
    assert read.asked == [{1, 2, 3}, {4, 5}, {1, 2, 3}, {4, 5}]


async def test_request_that_waited_beyond_its_minute_gets_the_minute_that_it_asked_for(cast, database):
    await store(cast.device(cast.bob), [worked(UNTIL - MINUTE, UNTIL)], NOW)
    letters = Letters()
    later = await told(cast.bob, [cast.bob.id], letters, now=NOW + MINUTE)
    earlier = await told(cast.bob, [cast.bob.id], letters)

    assert (later[cast.bob.id][-2:], earlier[cast.bob.id][-2:]) == ("ao", "oa")


async def test_database_that_hangs_is_waited_for_no_longer_than_seconds(cast, database, monkeypatch):
    monkeypatch.setattr(hours, "WAIT_S", 0.05)
    read = Reader()
    read.going.clear()

    with pytest.raises(TimeoutError):
        await told(cast.bob, [cast.bob.id], Letters(read))


@pytest.mark.parametrize("count", [60, 200])
async def test_hours_of_many_are_read_in_one_snapshot_while_others_have_their_turn(
    count, cast, database, record_property, monkeypatch
):
    """Each has a row for every half minute of two hours, as of somebody who changes windows."""
    people = []
    for number in range(count):
        added = await Person.insert(Person(email=f"p{number}@many.example", name=f"P {number}")).returning(Person.id)
        person = added[0]["id"]
        device = (await Device.insert(Device(person=person, public_key=b"")).returning(Device.id))[0]["id"]
        await DeviceCursor.insert(DeviceCursor(device=device))
        await Membership.insert(Membership(person=person, team=cast.payments, since_at=cast.joined))
        events = [
            worked(UNTIL - n * MINUTE / 2 - MINUTE / 2, UNTIL - n * MINUTE / 2, app=f"App {n % 3}")
            for n in range(240, -1, -1)
        ]
        await store(type(cast.devices[0])(device, "", person, cast.devices[0].key), events, NOW)
        people.append(person)
    reads = []

    async def read(spans):
        reads.append(len(spans))
        return await read_pieces(spans)

    letters = Letters(read)
    turns, done = 0, False

    async def others() -> None:
        nonlocal turns
        while not done:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    cpu, began = time.process_time(), time.perf_counter()
    first = await told(cast.alice, people, letters)
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - began
    done = True
    await waiting
    again = time.perf_counter()
    second = await told(cast.alma, people, letters)
    again_s = time.perf_counter() - again

    assert set(first.values()) == {"a" * 60}
    assert first == second
    assert reads == [count]
    assert turns > count
    record_property(
        "figure",
        f"hours of {count} people: {cpu_s * 1000:.0f} ms of CPU in {wall_s * 1000:.0f} ms, "
        f"again within the minute {again_s * 1000:.1f} ms",
    )
