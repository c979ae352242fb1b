"""Days of somebody that were erased are nowhere any more, the days around them stay, and nothing that comes later brings them back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from hub import erased_days, erasure
from hub.auth import asking
from hub.database import connection, transaction
from hub.feed.memory import MemoryFeed
from hub.feed.record import Record
from hub.live.plan import Outcome, Submission
from hub.live.store import Store
from hub.rollups import read
from hub.rollups.job import ROLLUP_LOCK, roll_up
from hub.tables import Device
from hub.wire.activity import Facts
from hub.wire.events import Interval

from .locks import until_waiting
from .stored import seen, slept, store, worked

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
"""Where the day that is erased begins, of people whose zone is UTC."""
DAY = MIDNIGHT.date()
NOW = MIDNIGHT + timedelta(days=3)
SECRET = {"app": "Bob's editor", "title": "Bob's secret plan"}
KEPT = {"app": "Editor", "title": "A plan"}


def at(hour: float, minute: float = 0) -> datetime:
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


async def in_utc(cast) -> None:
    async with connection() as held:
        await held.execute("UPDATE person SET zone = 'UTC' WHERE id = $1", cast.bob.id)


async def erase(cast, last_days: int = 0) -> int:
    """As a request does that was granted."""
    async with transaction() as held:
        await erased_days.take_turns(held, cast.bob.id)
        return await erased_days.erase(held, cast.bob.id, DAY, DAY + timedelta(days=last_days), cast.dora.id, 1)


async def kept_of(cast) -> dict[str, list[tuple[Any, ...]]]:
    """What there is of Bob's time."""
    found = {}
    async with connection() as held:
        for table, asked in {
            "interval": 'SELECT started_at, title, first_input_at, last_input_at FROM "interval" WHERE person = $1 ORDER BY 1',
            "dirty": "SELECT quarter_at FROM dirty WHERE person = $1 ORDER BY 1",
            "quarters": "SELECT quarter_at, app FROM rollup_quarter WHERE person = $1 ORDER BY 1, 2",
            "days": "SELECT day, app FROM rollup_day WHERE person = $1 ORDER BY 1, 2",
            "spans": "SELECT day, state FROM span_day WHERE person = $1 ORDER BY 1, 2",
            "pauses": "SELECT since_at, until_at FROM pause WHERE person = $1 ORDER BY 1",
            "aside": "SELECT quarantine.reason, event FROM quarantine JOIN device ON device.id = device WHERE person = $1 ORDER BY seq",
            "losses": "SELECT from_seq FROM loss JOIN device ON device.id = device WHERE person = $1 ORDER BY 1",
        }.items():
            found[table] = [tuple(row) for row in await held.fetch(asked, cast.bob.id)]
    return found


async def send(device: Any, first: int, *events: Any) -> Outcome:
    """What an agent is told that had these in its spool."""
    async with connection() as held:
        session = await held.fetchval("SELECT session FROM device_cursor WHERE device = $1", device.id)
    storing = Store(now=lambda: NOW)
    storing.start()
    last = first + len(events) - 1
    try:
        return await storing.submit(Submission(device.id, device.person, session, 1, first, last, list(events)))
    finally:
        await storing.close(1)


async def test_everything_of_these_days_goes_and_nothing_else(cast, database) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    around = [worked(at(-1), at(-1, 1), **KEPT), worked(at(25), at(25, 1), **KEPT)]
    await store(device, [around[0], worked(at(9), at(9, 1), **SECRET), around[1]], NOW)
    await roll_up(NOW)
    await store(device, [worked(at(10), at(10, 1), **SECRET)], NOW)
    async with connection() as held:
        for since, until in ((-3, -2), (-1, 1), (9, 10), (23, 25)):
            await held.execute(
                "INSERT INTO pause (person, kind, since_at, until_at, revision) VALUES ($1, 'break', $2, $3, 1)",
                cast.bob.id, at(since), at(until),
            )  # fmt: skip
        for hour in (-1, 9):
            await held.execute(
                "INSERT INTO loss (device, epoch, from_seq, to_seq, received_at) VALUES ($1, 1, $2, $2, $3)",
                device.id, 100 + hour, at(hour),
            )  # fmt: skip
    too_long = seen(at(2), at(27), **SECRET)
    aside = await send(device, 5, too_long, seen(at(-2), at(-3), **KEPT))
    before = await kept_of(cast)
    others = await kept_of_all_but(cast)

    deleted = await erase(cast)

    after = await kept_of(cast)
    assert len(aside.receipts) == 2
    assert deleted == 2
    assert after == {
        "interval": [row for row in before["interval"] if row[1] == "A plan"],
        "dirty": [row for row in before["dirty"] if row[0] >= at(24)],
        "quarters": [row for row in before["quarters"] if row[0] < at(0) or row[0] >= at(24)],
        "days": [row for row in before["days"] if row[0] != DAY],
        "spans": [row for row in before["spans"] if row[0] != DAY],
        "pauses": [(at(-3), at(-2)), (at(-1), at(0)), (at(24), at(25))],
        "aside": [("ends_before_start", before["aside"][1][1])],
        "losses": [(99,)],
    }
    assert len(after["interval"]) == len(after["quarters"]) == len(after["days"]) == 2
    assert await kept_of_all_but(cast) == others


async def kept_of_all_but(cast) -> int:
    async with connection() as held:
        return int(await held.fetchval('SELECT count(*) FROM "interval" WHERE person <> $1', cast.bob.id))


async def test_rows_around_them_tell_of_no_input_in_them(cast, database) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    across_begin = seen(at(-1, 50), at(0, 10), first=at(-1, 55), last=at(0, 5), **KEPT)
    across_end = seen(at(23, 50), at(24, 10), first=at(23, 55), last=at(24, 5), **KEPT)
    silent = seen(at(24, 20), at(24, 21), last=at(23, 59), **KEPT)
    events = [across_begin, across_end, silent]
    wanted = [
        (at(-1, 50), "A plan", at(-1, 55), at(0)),
        (at(24), "A plan", at(24), at(24, 5)),
        (at(24, 20), "A plan", None, None),
    ]
    await store(device, events, NOW)

    await erase(cast)
    stored = (await kept_of(cast))["interval"]
    async with connection() as held:
        await held.execute('DELETE FROM "interval"')
    told = await send(device, 4, *events)

    assert stored == wanted
    assert (told.acked, told.receipts) == (6, ())
    assert (await kept_of(cast))["interval"] == wanted


async def test_device_that_still_has_events_of_them_gets_rid_of_them_and_nothing_is_kept(cast, database) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    await store(device, [worked(at(9), at(9, 1), **SECRET)], NOW)
    await erase(cast)

    told = await send(
        device, 2, worked(at(10), at(10, 1), **SECRET), slept(at(11), at(12)), worked(at(25), at(25, 1), **KEPT)
    )
    await roll_up(NOW)

    assert told.acked == 4
    assert [(receipt.seq, receipt.reason) for receipt in told.receipts] == [(2, "erased"), (3, "erased")]
    kept = await kept_of(cast)
    assert [row[1] for row in kept["interval"]] == ["A plan"]
    assert kept["aside"] == [("erased", b""), ("erased", b"")]
    assert [row[0] for row in kept["days"]] == [DAY + timedelta(days=1)]
    assert all(row[0] >= at(24) for row in kept["quarters"])


async def test_what_is_set_aside_of_them_is_not_kept_either_whatever_is_wrong_with_it(cast, database) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    long_ago = at(0) - timedelta(days=400)
    wrong = [
        seen(at(9), at(9, 1), last=long_ago, **SECRET),
        seen(at(-30), at(9), **SECRET),
        seen(at(9), at(-1), **SECRET),
        seen(at(9), at(9, 1), app="Bob's\0editor"),
        seen(at(-8), at(30), **SECRET),
        msgspec.structs.replace(worked(at(9), at(9, 1), **SECRET), wall_at=datetime(1700, 1, 1, tzinfo=UTC)),
        seen(at(40), at(80), first=at(9), last=at(9), **SECRET),
    ]
    await send(device, 1, *wrong)
    await erase(cast)
    first = (await kept_of(cast))["aside"]

    told = await send(device, len(wrong) + 1, *wrong)

    assert first == []
    assert len(told.receipts) == len(wrong)
    assert {event for _, event in (await kept_of(cast))["aside"]} == {b""}


async def test_of_what_ends_before_it_starts_nothing_is_kept_but_its_times(cast, database) -> None:
    """Whether it lies in a pause, in the hours, in days that are erased: it lies nowhere."""
    await send(cast.device(cast.bob), 1, seen(at(40), at(30), first=at(35), last=at(36), **SECRET))

    [(reason, event)] = (await kept_of(cast))["aside"]
    kept = msgspec.msgpack.decode(event, type=Interval)
    assert (reason, kept.facts, kept.first_input_at) == ("ends_before_start", Facts(), None)


async def test_device_that_is_enrolled_meanwhile_or_later_brings_nothing_of_them_either(cast, database) -> None:
    await in_utc(cast)

    async def enrol(key: bytes) -> SimpleNamespace:
        async with transaction() as held:
            uid = await asking.insert_device(held, Device(uid=uuid4(), person=cast.bob.id, public_key=key, name="new"))
        async with connection() as held:
            number = await held.fetchval("SELECT id FROM device WHERE uid = $1", uid)
        return SimpleNamespace(id=number, person=cast.bob.id)

    async with transaction() as held:
        await erased_days.take_turns(held, cast.bob.id)
        await erased_days.erase(held, cast.bob.id, DAY, DAY, cast.dora.id, 1)
        enrolling = asyncio.create_task(enrol(b"1" * 32), context=Context())
        async with asyncio.timeout(30):
            await until_waiting(1, unless=enrolling)
    devices = [await enrolling, await enrol(b"2" * 32)]

    told = [await send(device, 1, worked(at(10), at(10, 1), **SECRET)) for device in devices]

    assert [[receipt.reason for receipt in each.receipts] for each in told] == [["erased"], ["erased"]]
    assert (await kept_of(cast))["interval"] == []


async def test_quarters_of_them_are_not_made_again_of_what_is_beside_them(cast, database) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    await store(device, [worked(at(23, 50), at(23, 51), **SECRET), worked(at(24, 2), at(24, 3), **KEPT)], NOW)
    await roll_up(NOW)
    await erase(cast)
    await store(device, [worked(at(24, 3), at(24, 4), **KEPT)], NOW)

    live = await read.read_days([cast.bob.id], DAY, DAY + timedelta(days=1), NOW)
    await roll_up(NOW)

    assert {day for _, day in live} == {DAY + timedelta(days=1)}
    assert [row[0] for row in (await kept_of(cast))["days"]] == [DAY + timedelta(days=1)]
    assert all(row[0] >= at(24) for row in (await kept_of(cast))["quarters"])


async def test_what_a_device_or_the_rollup_job_is_just_writing_is_waited_for(cast, database: str) -> None:
    await in_utc(cast)
    device = cast.device(cast.bob)
    await store(device, [worked(at(9), at(9, 1), **SECRET)], NOW)
    ingest, job = await asyncpg.connect(database), await asyncpg.connect(database)
    storing, step = ingest.transaction(), job.transaction()
    await storing.start()
    await step.start()
    await ingest.execute("SELECT FROM device_cursor WHERE device = $1 FOR UPDATE", device.id)
    await job.execute("SELECT pg_advisory_xact_lock($1)", ROLLUP_LOCK)

    erasing = asyncio.create_task(erase(cast))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    await job.execute(
        "INSERT INTO rollup_quarter (person, quarter_at, state, app, duration_us, keys, clicks, scrolls) "
        "VALUES ($1, $2, 'active', 'Bob''s editor', 1, 0, 0, 0)",
        cast.bob.id, at(9),
    )  # fmt: skip
    await step.commit()
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    await ingest.execute(
        """
        INSERT INTO "interval" SELECT device, epoch, seq + 50, piece, person, started_at, ended_at, wall_at, zone_min, policy, flags, app,
            site, title, first_input_at, last_input_at, keys, clicks, scrolls FROM "interval" WHERE person = $1
        """,
        cast.bob.id,
    )
    await storing.commit()
    await ingest.close()
    await job.close()
    deleted = await erasing

    assert deleted == 2
    assert not any((await kept_of(cast)).values())


async def test_day_that_is_detached_is_erased_too(cast, database) -> None:
    await in_utc(cast)
    await store(cast.device(cast.bob), [worked(at(9), at(9, 1), **SECRET)], NOW)
    async with connection() as held:
        await held.execute(f'ALTER TABLE "interval" DETACH PARTITION interval_{DAY:%Y%m%d}')

    assert await erase(cast) == 1


async def test_what_a_device_that_is_gone_last_showed_is_forgotten_and_of_others_nothing(cast, database) -> None:
    await erase(cast)
    feed = MemoryFeed("one")
    for n, (person, connected) in enumerate([(cast.bob, False), (cast.bob, True), (cast.alice, False)]):
        await feed.publish(cast.payments, [record(cast, person.id, 20 + n, connected)])

    @contextlib.asynccontextmanager
    async def there() -> AsyncIterator[MemoryFeed]:
        yield feed

    await erasure.clean_up(there, None)

    shown = {each.device: each.facts.app for each in (await feed.snapshot(cast.payments)).records}
    assert shown == {20: None, 21: "Bob's editor", 22: "Bob's editor"}
    async with connection() as held:
        assert await held.fetchval("SELECT cleaned_at IS NOT NULL FROM erased_days")


def record(cast, person: int, device: int, connected: bool) -> Record:
    facts = Facts(app=SECRET["app"])
    return Record(
        device=device,
        person=person,
        team=cast.payments,
        session=1,
        n=1,
        hub="one",
        connected=connected,
        at=NOW,
        facts=facts,
    )


async def test_of_a_day_that_goes_on_nothing_is_kept_up_to_the_end_of_this_quarter_hour(cast, database) -> None:
    await in_utc(cast)
    async with transaction() as held:
        span = await erased_days.span_of(held, cast.bob.id, DAY, DAY, at(9, 20))

    assert span == (at(0), at(9, 30))


async def test_pause_that_goes_on_holds_when_today_is_erased(cast, database) -> None:
    """Also one that ends of itself before this quarter-hour does."""
    await in_utc(cast)
    now = datetime.now(UTC)
    soon = now + timedelta(minutes=5)
    going_on, over = [(now - timedelta(hours=2), soon), (now, soon)], (now - timedelta(minutes=20), now)
    async with connection() as held:
        await held.executemany(
            "INSERT INTO pause (person, kind, since_at, until_at, revision) VALUES ($1, 'private', $2, $3, 1)",
            [(cast.bob.id, *pause) for pause in (*going_on, over)],
        )

    async with transaction() as held:
        await erased_days.take_turns(held, cast.bob.id)
        span = erased_days.Span(now - timedelta(hours=1), now + timedelta(minutes=10))
        await erased_days._delete(held, cast.bob.id, now.date(), now.date(), span)

    assert (await kept_of(cast))["pauses"] == going_on
