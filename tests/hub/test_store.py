"""The store against a real PostgreSQL: what is acked is stored, and stored once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from msgspec import structs

from hub.database import ENGINE, connection, transaction
from hub.errors import PoolBusy
from hub.figures import FIGURES
from hub.live import rows
from hub.live import store as store_module
from hub.live.admission import Standing, latest_instance, renew, take_over, take_over_together
from hub.live.plan import Outcome, Submission
from hub.live.store import Store
from hub.retention import make_days
from hub.wire.activity import Facts
from hub.wire.events import Event, Gap, Interval, digest

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
FRESH = Standing(epoch=0, next_seq=1, digest=b"")


def interval(minute: int, app: str = "Editor", **changes: object) -> Interval:
    start = NOW + timedelta(minutes=minute)
    made = Interval(
        started_at=start,
        ended_at=start + timedelta(minutes=1),
        wall_at=start,
        zone_min=60,
        policy=1,
        facts=Facts(app=app),
    )
    return structs.replace(made, **changes)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    made = Store(now=lambda: NOW + timedelta(hours=1))
    made.start()
    yield made
    await made.close(1)


@pytest.fixture
async def devices(database: str) -> list[int]:
    """Three devices with cursors."""
    async with connection() as held:
        await held.execute("INSERT INTO device_cursor (device, digest) SELECT n, '' FROM generate_series(1, 3) n")
    return [1, 2, 3]


async def session_of(device: int) -> int:
    return (await take_over(device, FRESH)).session


def submission(device: int, session: int, first_seq: int, events: list[Event], epoch: int = 1) -> Submission:
    return Submission(device, device, session, epoch, first_seq, first_seq + len(events) - 1, events)


async def stored(device: int) -> list[tuple[int, int, int]]:
    async with connection() as held:
        rows = await held.fetch('SELECT epoch, seq, piece FROM "interval" WHERE device = $1 ORDER BY 1, 2, 3', device)
    return [tuple(row) for row in rows]


async def occupy(device: int, seq: int, event: Interval) -> None:
    """Puts a row where the event's would go, which the store can't know of: PostgreSQL will refuse the event (class 23)."""
    await make_days([NOW.date()])
    async with connection() as held:
        records = list(rows.rows_of(device, device, 1, seq, event))
        await held.copy_records_to_table("interval", records=records, columns=rows.COLUMNS)


async def test_events_are_acked_once_they_are_stored(store: Store, devices: list[int]) -> None:
    session = await session_of(1)

    outcome = await store.submit(submission(1, session, 1, [interval(0), interval(1)]))

    assert outcome == Outcome(acked=2)
    assert await stored(1) == [(1, 1, 0), (1, 2, 0)]


async def test_events_sent_again_are_counted_once(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    events = [interval(minute) for minute in range(4)]
    await store.submit(submission(1, session, 1, events[:3]))

    outcomes = [
        await store.submit(submission(1, session, 1, events[:2])),
        await store.submit(submission(1, session, 2, events[1:])),
    ]

    assert [outcome.acked for outcome in outcomes] == [3, 4]
    assert outcomes[1].receipts == ()
    assert len(await stored(1)) == 4


async def test_small_submissions_after_one_another_share_a_transaction(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "REST_S", 3600.0)  # nothing but their number ends the rest
    monkeypatch.setattr(store_module, "REST_UNTIL", 2)
    first, second = await session_of(1), await session_of(3)
    await store.submit(submission(1, first, 1, [interval(0)]))
    before = FIGURES.commits

    waiting = store.submit(submission(1, first, 2, [interval(1)]))
    alone_is_stored = await stored(1)
    outcomes = await asyncio.gather(waiting, store.submit(submission(3, second, 1, [interval(0)])))

    assert alone_is_stored == [(1, 1, 0)]
    assert [outcome.acked for outcome in outcomes] == [2, 1]
    assert FIGURES.commits == before + 1


async def test_what_rests_is_committed_when_the_store_closes(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "REST_S", 3600.0)
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0)]))
    waiting = store.submit(submission(1, session, 2, [interval(1)]))

    await store.close(10)

    assert (await waiting).acked == 2


async def test_a_gap_in_the_numbers_is_asked_for_again(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0)]))

    outcome = await store.submit(submission(1, session, 5, [interval(4)]))

    assert outcome == Outcome(acked=1, resend_from=2)
    assert len(await stored(1)) == 1


async def test_declared_loss_occupies_its_numbers(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    lost = Submission(1, 1, session, 1, 1, 7, [], "spool_full")

    outcomes = [await store.submit(lost), await store.submit(submission(1, session, 8, [interval(0)]))]

    assert [outcome.acked for outcome in outcomes] == [7, 8]
    async with connection() as held:
        assert tuple(await held.fetchrow("SELECT from_seq, to_seq, reason FROM loss")) == (1, 7, "spool_full")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (interval(60 * 48), "outside_horizon"),
        (interval(-60 * 24 * 366), "outside_horizon"),
        (interval(5, ended_at=NOW), "ends_before_start"),
        (Gap(started_at=NOW - timedelta(days=3), ended_at=NOW, wall_at=NOW, zone_min=0, policy=1), "too_long"),
        (interval(0, started_at=datetime.min.replace(tzinfo=UTC)), "outside_horizon"),
        (interval(0, wall_at=datetime.max.replace(tzinfo=UTC)), "wall_clock"),
        (interval(0, facts=Facts(last_input_at=datetime.max.replace(tzinfo=UTC))), "input_outside_horizon"),
    ],
)
async def test_unfit_event_is_quarantined_with_a_receipt_and_its_neighbours_stored(
    store: Store, devices: list[int], event: Event, reason: str
) -> None:
    session = await session_of(1)

    outcome = await store.submit(submission(1, session, 1, [interval(0), event, interval(2)]))

    assert outcome.acked == 3
    assert [(receipt.seq, receipt.reason) for receipt in outcome.receipts] == [(2, reason)]
    assert await stored(1) == [(1, 1, 0), (1, 3, 0)]


async def test_event_that_postgresql_refuses_is_quarantined_and_its_neighbours_stored(
    store: Store, devices: list[int]
) -> None:
    sessions = [await session_of(device) for device in devices]
    await occupy(1, 4, interval(3))

    outcomes = await asyncio.gather(
        store.submit(submission(1, sessions[0], 1, [interval(minute) for minute in range(5)])),
        store.submit(submission(3, sessions[2], 1, [interval(0)])),
    )

    assert [outcome.acked for outcome in outcomes] == [5, 1]
    assert [(receipt.seq, receipt.reason) for receipt in outcomes[0].receipts] == [(4, "refused_by_database")]
    assert await stored(1) == [(1, 1, 0), (1, 2, 0), (1, 3, 0), (1, 4, 0), (1, 5, 0)]
    assert await stored(3) == [(1, 1, 0)]


@pytest.mark.parametrize("title", ["\ud800", "a\0b"])
async def test_text_that_slipped_past_permit_is_quarantined_without_it(
    store: Store, devices: list[int], title: str
) -> None:
    session = await session_of(1)

    outcome = await store.submit(submission(1, session, 1, [interval(0, facts=Facts(title=title)), interval(1)]))

    assert [(receipt.seq, receipt.reason) for receipt in outcome.receipts] == [(1, "text")]
    assert await stored(1) == [(1, 2, 0)]


async def test_device_with_poison_commits_alone_for_a_while(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    await occupy(1, 1, interval(0))
    await store.submit(submission(1, session, 1, [interval(0)]))
    flusher = store._flushers[1]

    for device in (1, 3, 1):
        flusher._queue.append(submission(device, 0, 2, [interval(1)]))

    assert [[entry.device for entry in flusher._next_group()] for _ in range(3)] == [[1], [3], [1]]


async def test_missing_day_is_made_and_is_no_poison(store: Store, devices: list[int]) -> None:
    session = await session_of(1)

    outcome = await store.submit(submission(1, session, 1, [interval(-60 * 24 * 40), interval(0)]))

    assert outcome == Outcome(acked=2)


async def test_what_crosses_quarter_hours_is_cut_and_counts_as_one_event(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    sleep = Gap(
        started_at=NOW + timedelta(minutes=-20), ended_at=NOW + timedelta(minutes=20), wall_at=NOW, zone_min=0, policy=1
    )

    await store.submit(submission(1, session, 1, [sleep, interval(20)]))

    assert await stored(1) == [(1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 1, 3), (1, 2, 0)]
    async with connection() as held:
        seconds = await held.fetchval('SELECT sum(ended_at - started_at) FROM "interval" WHERE seq = 1')
    assert seconds == timedelta(minutes=40)


async def test_later_session_fences_the_earlier_one(store: Store, devices: list[int]) -> None:
    old, new = await session_of(1), await session_of(1)

    outcomes = [
        await store.submit(submission(1, old, 1, [interval(0)])),
        await store.submit(submission(1, new, 1, [interval(1)])),
    ]

    assert outcomes == [Outcome(fenced=True), Outcome(acked=1)]


async def test_old_epoch_is_refused(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0)]))
    admission = await renew(1, session, 1)
    assert admission is not None

    outcomes = [
        await store.submit(submission(1, session, 2, [interval(1)], epoch=1)),
        await store.submit(submission(1, session, 1, [interval(1)], epoch=2)),
    ]

    assert (admission.epoch, admission.acked, admission.acked_before) == (2, 0, 1)
    assert outcomes == [Outcome(other_epoch=True), Outcome(acked=1)]


@pytest.mark.parametrize(
    ("next_seq", "event", "epoch"),
    [
        (3, interval(1), 1),  # as stored
        (4, interval(2), 1),  # further on: unsent events
        (3, interval(7), 2),  # another event at the cursor
        (2, interval(0), 2),  # knows fewer than are stored
    ],
)
async def test_hello_of_another_history_gets_a_new_epoch(
    store: Store, devices: list[int], next_seq: int, event: Interval, epoch: int
) -> None:
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0), interval(1)]))

    admission = await take_over(1, Standing(epoch=1, next_seq=next_seq, digest=digest(next_seq - 1, event)))

    assert admission.epoch == epoch
    assert admission.session > session


async def test_batch_whose_event_at_the_cursor_differs_is_not_stored(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0), interval(1)]))

    outcome = await store.submit(submission(1, session, 2, [interval(8), interval(9)]))

    assert outcome == Outcome(other_history=True)
    assert len(await stored(1)) == 2


async def test_epoch_given_twice_before_it_was_used_is_the_same(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    await store.submit(submission(1, session, 1, [interval(0)]))
    lost_welcome = await take_over(1, Standing(epoch=0, next_seq=1, digest=b""))

    again = await take_over(1, Standing(epoch=1, next_seq=1, digest=b""))

    assert (lost_welcome.epoch, again.epoch) == (2, 2)


async def test_devices_that_come_together_take_over_as_each_alone_would(store: Store, devices: list[int]) -> None:
    one, two, three = devices
    event = interval(0)
    before = await session_of(one)
    assert (await store.submit(submission(one, before, 1, [event]))).acked == 1
    standing = Standing(epoch=1, next_seq=2, digest=digest(1, event), instance="run")

    first, second, again, unknown = await take_over_together(
        [(one, standing), (two, FRESH), (one, standing), (99, FRESH)]
    )

    assert first is not None
    assert (first.epoch, first.acked, first.digest) == (1, 1, digest(1, event))
    assert second is not None
    assert len({before, first.session, second.session}) == 3
    assert again is unknown is None
    assert (await store.submit(submission(one, before, 2, [interval(1)]))).fenced
    assert (await store.submit(submission(one, first.session, 2, [interval(1)]))).acked == 2
    assert await latest_instance(one) == "run"
    assert await take_over_together([(three, FRESH)]) == [None]


async def test_who_needs_a_new_epoch_or_is_held_by_somebody_takes_over_alone(devices: list[int]) -> None:
    one, two, three = devices
    restored = Standing(epoch=7, next_seq=9, digest=b"x")
    async with connection() as held, held.transaction():
        await held.execute("SELECT FROM device_cursor WHERE device = $1 FOR UPDATE", two)

        admissions = await take_over_together([(one, restored), (two, FRESH), (three, FRESH)])

    assert admissions[:2] == [None, None]
    assert admissions[2] is not None
    async with connection() as held:
        sessions = [row["session"] for row in await held.fetch("SELECT session FROM device_cursor ORDER BY device")]
    assert sessions == [0, 0, admissions[2].session]


async def test_device_whose_cursor_is_locked_elsewhere_holds_up_nobody(store: Store, devices: list[int]) -> None:
    sessions = {device: await session_of(device) for device in devices}
    async with transaction() as elsewhere:
        await elsewhere.fetch("SELECT 1 FROM device_cursor WHERE device = 1 FOR UPDATE")
        waiting = store.submit(submission(1, sessions[1], 1, [interval(0)]))

        free = await asyncio.wait_for(store.submit(submission(3, sessions[3], 1, [interval(0)])), 30)

        assert free == Outcome(acked=1)
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, 30) == Outcome(acked=1)


async def test_commit_that_fails_is_tried_again_and_stored_once(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_of(1)
    await make_days([NOW.date()])
    real, failures = store_module.Plan.write, []

    async def cut_after_writing(plan: store_module.Plan, held: asyncpg.Connection) -> None:
        await real(plan, held)
        if len(failures) < 2:
            failures.append(1)
            await held.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(store_module.Plan, "write", cut_after_writing)
    retries = FIGURES.retries

    outcome = await asyncio.wait_for(store.submit(submission(1, session, 1, [interval(0)])), 30)

    assert outcome == Outcome(acked=1)
    assert len(await stored(1)) == 1
    assert FIGURES.retries == retries + 2


async def test_error_after_commit_is_found_to_have_been_committed(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to COMMIT is lost: the cursor says that it was committed, and nothing is stored again."""
    session = await session_of(1)
    real, failures = store_module.Plan.deliver, []

    def lose_the_answer(plan: store_module.Plan) -> None:
        if not failures:
            failures.append(1)
            raise ConnectionResetError
        real(plan)

    monkeypatch.setattr(store_module.Plan, "deliver", lose_the_answer)

    outcome = await asyncio.wait_for(store.submit(submission(1, session, 1, [interval(0)])), 30)

    assert outcome == Outcome(acked=1)
    assert len(await stored(1)) == 1


async def test_nobody_is_told_before_commit(store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 1, at its point: when COMMIT begins, no submission has an outcome yet."""
    session = await session_of(1)
    await make_days([NOW.date()])
    told: list[bool] = []
    waiting = submission(1, session, 1, [interval(0)])
    real = store_module.transaction

    @contextlib.asynccontextmanager
    async def watched() -> AsyncIterator[asyncpg.Connection]:
        async with real() as held:
            yield held
            told.append(waiting.done.done())

    monkeypatch.setattr(store_module, "transaction", watched)

    await store.submit(waiting)

    assert told == [False]


async def test_fault_that_is_no_events_fault_is_given_back_and_stops_nobody(store: Store, devices: list[int]) -> None:
    sessions = {device: await session_of(device) for device in devices}
    await make_days([NOW.date()])
    unstorable = Submission(1, 1, sessions[1], 1, 1, 3, [], "a\0b")  # `connection.py` cleans it; this is past it

    outcomes = await asyncio.wait_for(
        asyncio.gather(store.submit(unstorable), store.submit(submission(3, sessions[3], 1, [interval(0)]))), 5
    )

    assert outcomes == [Outcome(refused=True), Outcome(acked=1)]


async def test_event_that_brings_out_a_fault_of_ours_is_quarantined_and_stops_nobody(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = {device: await session_of(device) for device in devices}
    await make_days([NOW.date()])
    real = rows.rows_of

    def faulty(device: int, person: int, epoch: int, seq: int, event: Event) -> Iterable[rows.Row]:
        if (device, seq) == (1, 2):
            raise ValueError("a fault of ours")
        return real(device, person, epoch, seq, event)

    monkeypatch.setattr(rows, "rows_of", faulty)
    outcomes = await asyncio.wait_for(
        asyncio.gather(
            store.submit(submission(1, sessions[1], 1, [interval(0), interval(1), interval(2)])),
            store.submit(submission(3, sessions[3], 1, [interval(0)])),
        ),
        5,
    )

    assert [outcome.acked for outcome in outcomes] == [3, 1]
    assert [receipt.seq for receipt in outcomes[0].receipts] == [2]
    assert await stored(1) == [(1, 1, 0), (1, 3, 0)]


async def test_fault_of_ours_that_no_event_brings_out_is_given_back_and_the_next_group_is_stored(
    store: Store, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_of(1)
    real, failures = store_module.make_days, []

    async def faulty(days: Iterable[date]) -> None:
        if not failures:
            failures.append(1)
            raise ValueError("a fault of ours")
        await real(days)

    monkeypatch.setattr(store_module, "make_days", faulty)
    outcomes = [await asyncio.wait_for(store.submit(submission(1, session, 1, [interval(0)])), 30) for _ in range(2)]

    assert outcomes == [Outcome(refused=True), Outcome(acked=1)]


async def test_much_poison_of_one_device_holds_up_nobody(store: Store, devices: list[int]) -> None:
    sessions = {device: await session_of(device) for device in devices}
    for seq in range(1, 11):
        await occupy(1, seq, interval(seq))

    poisoned = store.submit(submission(1, sessions[1], 1, [interval(seq) for seq in range(1, 13)]))
    free = await asyncio.wait_for(store.submit(submission(3, sessions[3], 1, [interval(0)])), 30)

    assert free == Outcome(acked=1)
    outcome = await asyncio.wait_for(poisoned, 30)
    assert (outcome.acked, len(outcome.receipts)) == (12, 10)


async def test_restored_disk_is_noticed_behind_a_quarantined_event(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    unfit = interval(60 * 48)
    await store.submit(submission(1, session, 1, [interval(0), interval(1), unfit]))

    outcome = await store.submit(submission(1, session, 2, [interval(5), interval(6), interval(7)]))

    assert outcome == Outcome(other_history=True)


async def test_days_of_a_whole_year_are_made_in_turn(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    events = [interval(-60 * 24 * day) for day in range(100, 0, -1)]

    assert await asyncio.wait_for(store.submit(submission(1, session, 1, events)), 60) == Outcome(acked=100)


async def test_hub_that_is_frozen_in_a_transaction_is_let_go_by_the_server(database: str) -> None:
    async with connection() as held:
        assert await held.fetchval("SHOW idle_in_transaction_session_timeout") == "3s"
        assert await held.fetchval("SHOW transaction_timeout") == "10s"


async def test_connection_that_has_gone_leaves_nothing_in_the_queue(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    async with transaction() as elsewhere:
        await elsewhere.fetch("SELECT 1 FROM device_cursor WHERE device = 1 FOR UPDATE")
        waiting = store.submit(submission(1, session, 1, [interval(0)]))
        while not store._flushers[1]._committing:
            await asyncio.sleep(0)

        store.forget(1, session)
        store.forget(1, session)

    with pytest.raises((asyncio.CancelledError, TimeoutError)):
        await asyncio.wait_for(waiting, 3)
        raise TimeoutError  # it was being committed already: either is right, and nothing is left
    assert store.depth == 0 or waiting.done()


async def test_marks_for_rollups_name_the_quarters_of_interval_and_last_input(store: Store, devices: list[int]) -> None:
    session = await session_of(1)
    quiet = interval(15, facts=Facts(last_input_at=NOW + timedelta(minutes=3)))

    await store.submit(submission(1, session, 1, [quiet]))

    async with connection() as held:
        marks = await held.fetch("SELECT person, quarter_at FROM dirty ORDER BY 2")
    assert [tuple(mark) for mark in marks] == [(1, NOW), (1, NOW + timedelta(minutes=15))]


# --- what the store relies on in Piccolo, asyncpg and PostgreSQL (../docs/decisions names the reasons)


async def test_failed_commits_do_not_drain_the_pool(database: str) -> None:
    for _ in range(12):  # the pool holds ten
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            async with transaction() as held:
                await held.execute("CREATE TEMP TABLE parent (id int PRIMARY KEY)")
                await held.execute("CREATE TEMP TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
                await held.execute("INSERT INTO child VALUES (1)")  # COMMIT itself fails

    async with transaction() as held:
        assert await held.fetchval("SELECT 1") == 1
    assert ENGINE.current_transaction.get() is None


async def test_task_whose_connection_was_killed_works_on(database: str) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        async with transaction() as held:
            await held.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with transaction() as held:
        assert await held.fetchval("SELECT 1") == 1


async def test_waiting_for_a_connection_ends_at_its_deadline(database: str) -> None:
    assert ENGINE.pool is not None
    held = [await ENGINE.pool.acquire() for _ in range(ENGINE.pool.get_max_size())]
    try:
        with pytest.raises(PoolBusy):
            async with connection(acquire_s=0.05):
                pass
    finally:
        for each in held:
            await ENGINE.pool.release(each)


async def test_transactions_do_not_nest(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with transaction(), transaction():
            pass


async def test_piccolo_queries_join_the_transaction_and_roll_back_with_it(database: str) -> None:
    from hub.tables import Organisation

    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await Organisation(name="Halden").save()
            raise ZeroDivisionError

    assert await Organisation.count() == 0


async def test_of_a_backlog_only_what_can_be_of_today_has_a_workday_read_again(
    database: str, devices: list[int]
) -> None:
    sessions = {device: await session_of(device) for device in devices}
    await make_days([NOW.date(), NOW.date() - timedelta(days=3)])
    told: set[int] = set()
    store = Store(now=lambda: NOW + timedelta(hours=1), stored=told.update)
    store.start()

    await store.submit(submission(1, sessions[1], 1, [interval(-3 * 24 * 60)]))
    of_the_backlog = set(told)
    await store.submit(submission(3, sessions[3], 1, [interval(-3 * 24 * 60), interval(0)]))
    await store.close(1)

    assert of_the_backlog == set()
    assert told == {3}
