"""Days of `interval`: made ahead, and removed once retention is over, without holding up anybody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import asyncpg
import pytest

from hub import retention
from hub.database import connection
from hub.live import rows
from hub.retention import first_day_kept, keep_days, make_days, partition_name, partitions, retain
from hub.wire.activity import Facts
from hub.wire.events import RETENTION_DAYS, Interval

from .locks import until_waiting

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
KEPT = first_day_kept(NOW)
BEHIND = KEPT - timedelta(days=1)
OLDER = KEPT - timedelta(days=2)
HORIZON = timedelta(days=RETENTION_DAYS)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOCK_S", 0.2)


@pytest.fixture
async def reader(database: str) -> AsyncIterator[Any]:
    """Somebody who has read `interval` in a transaction and does not end it: a frozen process, or a forgotten console."""
    held = await asyncpg.connect(database)
    yield held
    held.terminate()


async def read_on(reader: Any) -> None:
    await reader.execute('BEGIN; SELECT count(*) FROM "interval"')


async def tables() -> set[str]:
    """Tables of days, attached or not."""
    async with connection() as held:
        return {
            row["relname"]
            for row in await held.fetch("SELECT relname FROM pg_class WHERE relname ~ '^interval_[0-9]{8}$'")
        }


async def attached() -> list[date]:
    return list((await partitions()).days)


async def store(day: date) -> None:
    """A row at noon, as ingest writes it."""
    at = datetime.combine(day, time(12), UTC)
    event = Interval(started_at=at, ended_at=at + timedelta(minutes=1), wall_at=at, zone_min=0, policy=1, facts=Facts())
    async with connection() as held:
        records = list(rows.rows_of(1, 1, 1, day.toordinal(), event))
        await held.copy_records_to_table("interval", records=records, columns=rows.COLUMNS, timeout=5)


def event_at(start: datetime) -> Interval:
    return Interval(
        started_at=start, ended_at=start + timedelta(seconds=1), wall_at=start, zone_min=0, policy=1, facts=Facts()
    )


@pytest.mark.parametrize(
    "now",
    [
        NOW,
        datetime(2026, 5, 6, tzinfo=UTC),
        datetime(2026, 5, 6, 0, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 5, 6, 1, tzinfo=UTC),
        datetime(2026, 5, 6, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
    ],
)
def test_day_that_an_event_may_still_lie_in_is_kept(now: datetime) -> None:
    oldest = now - HORIZON
    assert rows.fault_of(event_at(oldest), rows.Horizon(now)) is None
    assert rows.fault_of(event_at(oldest - timedelta(microseconds=1)), rows.Horizon(now)) == "outside_horizon"

    # Taken by a hub whose clock is behind, and stored a while later.
    assert first_day_kept(now) <= oldest.date()
    assert first_day_kept(now + timedelta(minutes=59)) <= oldest.date()
    assert first_day_kept(now) >= oldest.date() - timedelta(days=1)


async def test_days_are_made_ahead(database: str) -> None:
    await keep_days(NOW)
    await keep_days(NOW)

    today = NOW.date()
    assert await attached() == [today + timedelta(days=offset) for offset in range(-1, 4)]


async def test_days_behind_retention_go_with_what_is_in_them(database: str) -> None:
    await make_days([OLDER, BEHIND, KEPT, NOW.date()])
    for day in (BEHIND, KEPT):
        await store(day)

    done = await retain(NOW)

    assert (done.removed, done.left) == (2, 0)
    assert await attached() == [KEPT, NOW.date()]
    assert await tables() == {partition_name(KEPT), partition_name(NOW.date())}
    async with connection() as held:
        assert await held.fetchval('SELECT array_agg(seq) FROM "interval"') == [KEPT.toordinal()]
    assert (await retain(NOW)).removed == 0


async def test_event_at_the_horizon_is_stored_after_its_day_was_nearly_removed(database: str) -> None:
    """The off-by-one: an event exactly at the horizon, on the last day on which it is."""
    now = datetime.combine(NOW.date(), time(0, 0), UTC)
    at = now - HORIZON
    await make_days([at.date() - timedelta(days=2), at.date()])
    assert rows.fault_of(event_at(at), rows.Horizon(now)) is None

    done = await retain(now)

    assert done.removed == 1
    async with connection() as held:
        records = list(rows.rows_of(1, 1, 1, 1, event_at(at)))
        await held.copy_records_to_table("interval", records=records, columns=rows.COLUMNS)


async def test_reader_that_never_ends_holds_up_nobody_and_the_day_goes_once_it_has_gone(
    database: str, reader: Any
) -> None:
    await make_days([OLDER, BEHIND, KEPT])
    await read_on(reader)

    removing = asyncio.create_task(retain(NOW))
    while not removing.done():
        await store(KEPT)
        await make_days([KEPT + timedelta(days=1)])
        async with connection() as held:
            await held.execute('DELETE FROM "interval"')
        await asyncio.sleep(0.01)

    assert (await removing).removed == 0
    assert (await removing).left >= 1
    assert (await partitions()).pending == 1
    await store(KEPT)  # and with a removal pending
    assert (await retain(NOW)).removed == 0
    await reader.execute("ROLLBACK")
    assert (await retain(NOW)).removed == 2
    assert await attached() == [KEPT, KEPT + timedelta(days=1)]
    assert (await partitions()).pending == 0


async def test_removal_of_a_killed_worker_is_carried_on(database: str, reader: Any) -> None:
    await make_days([BEHIND, KEPT])
    await read_on(reader)
    killed = await asyncpg.connect(database)
    detaching = asyncio.create_task(
        killed.execute(f'ALTER TABLE "interval" DETACH PARTITION {partition_name(BEHIND)} CONCURRENTLY')
    )
    async with asyncio.timeout(30):
        while not (await partitions()).pending:
            await asyncio.sleep(0.01)
    async with connection() as held:
        await held.execute("SELECT pg_terminate_backend($1)", killed.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await detaching
    await reader.execute("ROLLBACK")

    done = await retain(NOW)

    assert (done.removed, done.left) == (1, 0)
    assert await tables() == {partition_name(KEPT)}


async def test_day_that_was_detached_and_not_dropped_is_dropped(database: str) -> None:
    await make_days([BEHIND, KEPT])
    async with connection() as held:
        for day in (BEHIND, KEPT):
            await held.execute(f'ALTER TABLE "interval" DETACH PARTITION {partition_name(day)} CONCURRENTLY')

    assert (await retain(NOW)).removed == 1

    assert await tables() == {partition_name(KEPT)}


async def test_quarantine_and_losses_go_as_late_and_the_audit_stays(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    horizon = datetime.combine(KEPT, time(), UTC)
    received = [horizon - timedelta(days=n) for n in range(1, 6)] + [horizon, NOW]
    async with connection() as held:
        await held.executemany(
            "INSERT INTO quarantine (id, device, epoch, seq, reason, event, received_at) VALUES (gen_random_uuid(), 1, 1, 1, '', '', $1)",
            [(at,) for at in received],
        )
        await held.executemany(
            "INSERT INTO loss (device, epoch, from_seq, to_seq, received_at) VALUES (1, 1, 1, 1, $1)",
            [(at,) for at in received],
        )
        await held.executemany("INSERT INTO audit (at, action) VALUES ($1, 'looked')", [(at,) for at in received])

    done = await retain(NOW)

    assert (done.quarantined, done.lost) == (5, 5)
    async with connection() as held:
        left = [await held.fetchval(f"SELECT count(*) FROM {name}") for name in ("quarantine", "loss", "audit")]
    assert left == [2, 2, 7]


async def test_rows_of_who_is_under_a_legal_hold_stay_until_it_is_lifted(cast, database: str) -> None:
    alice, bob = cast.device(cast.alice), cast.device(cast.bob)
    await make_days([OLDER, BEHIND, KEPT])
    async with connection() as held:
        for device, day in ((alice, BEHIND), (bob, BEHIND), (bob, OLDER)):
            at = datetime.combine(day, time(12), UTC)
            records = list(rows.rows_of(device.id, device.person, 1, day.toordinal(), event_at(at)))
            await held.copy_records_to_table("interval", records=records, columns=rows.COLUMNS, timeout=5)
            await held.execute(
                "INSERT INTO loss (device, epoch, from_seq, to_seq, received_at) VALUES ($1, 1, 1, 1, $2)",
                device.id,
                at,
            )
        await held.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'A trial')", cast.alice.id)

    done = [await retain(NOW), await retain(NOW)]

    assert [(each.removed, each.held) for each in done] == [(1, 1), (0, 1)]
    async with connection() as held:
        kept = await held.fetch(f"SELECT person FROM {partition_name(BEHIND)}")
        lost = await held.fetch("SELECT device FROM loss")
        await held.execute("UPDATE legal_hold SET lifted_at = now()")
    assert [row["person"] for row in kept] == [cast.alice.id]
    assert [row["device"] for row in lost] == [alice.id]
    assert (await retain(NOW)).removed == 1
    assert await tables() == {partition_name(KEPT)}


async def test_hold_that_is_just_being_set_is_waited_for(
    cast, database: str, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LOCK_S", 8)
    device = cast.device(cast.alice)
    await make_days([BEHIND])
    at = datetime.combine(BEHIND, time(12), UTC)
    async with connection() as held:
        records = list(rows.rows_of(device.id, device.person, 1, 1, event_at(at)))
        await held.copy_records_to_table("interval", records=records, columns=rows.COLUMNS, timeout=5)
        await held.execute(
            "INSERT INTO loss (device, epoch, from_seq, to_seq, received_at) VALUES ($1, 1, 1, 1, $2)", device.id, at
        )
    setting = reader.transaction()
    await setting.start()
    await reader.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'A trial')", cast.alice.id)
    removing = asyncio.create_task(retain(NOW))
    async with asyncio.timeout(20):
        await until_waiting(1, unless=removing)
    await setting.commit()

    done = await removing

    assert (done.removed, done.held, done.lost) == (0, 1, 0)
