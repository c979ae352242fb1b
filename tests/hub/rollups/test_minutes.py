"""What minutes mean, by example, with the arithmetic beside the figures. The policy's limit is 300 s."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from hub.database import ENGINE, connection
from hub.live.rows import BEHIND_MAX
from hub.retention import make_days
from hub.rollups import read
from hub.rollups.job import SETTLED, backlog, roll_up
from hub.rollups.read import read_days, today
from hub.wire.activity import Facts
from hub.wire.events import Gap, Interval
from tests.hub.rollups.conftest import World, outside

ANN, JONAS = 1, 2
LAPTOP, DESKTOP, HIS = 1, 2, 3
DAY = date(2026, 11, 18)


def at(clock: str, day: date = DAY) -> datetime:
    """A time in UTC."""
    return datetime.combine(day, datetime.strptime(clock, "%H:%M:%S").time(), UTC)  # noqa: DTZ007


def seen(start: str, end: str, *, first: str | None = None, day: date = DAY, **facts: Any) -> Interval:
    """A stretch of facts; `last` is the time of the last input."""
    last = facts.pop("last", None)
    counts = {name: facts.pop(name) for name in ("keys", "clicks", "scrolls") if name in facts}
    return Interval(
        started_at=at(start, day),
        ended_at=at(end, day),
        wall_at=at(start, day),
        zone_min=60,
        policy=1,
        facts=Facts(last_input_at=at(last, day) if last else None, **facts),
        first_input_at=at(first, day) if first else None,
        **counts,
    )


def worked(start: str, end: str, day: date = DAY, **facts: Any) -> Interval:
    """A stretch with input from its first to its last second."""
    return seen(start, end, first=start, last=end, day=day, **facts)


def asleep(start: str, end: str) -> Gap:
    return Gap(started_at=at(start), ended_at=at(end), wall_at=at(start), zone_min=60, policy=1)


async def rolled(person: int, state: str) -> dict[str, int]:
    """Seconds in that state, by quarter-hour."""
    async with connection() as held:
        rows = await held.fetch(
            "SELECT quarter_at, sum(duration_us)::bigint / 1000000 AS seconds FROM rollup_quarter "
            "WHERE person = $1 AND state = $2 GROUP BY quarter_at ORDER BY quarter_at",
            person,
            state,
        )
    return {f"{row['quarter_at']:%H:%M}": row["seconds"] for row in rows}


@pytest.fixture(autouse=True)
async def begun(world: World) -> None:
    await make_days([DAY])
    await world.begin(at("16:00:00"))


async def test_silence_past_the_limit_is_idle_from_its_first_second_in_the_quarter_before(world: World) -> None:
    await world.store(LAPTOP, [worked("09:13:00", "09:14:00"), seen("09:14:00", "09:15:00", last="09:14:00")])
    await world.roll_up()
    before = await rolled(ANN, "active")

    await world.store(LAPTOP, [seen("09:15:00", "09:30:00", last="09:14:00")])
    await world.roll_up()

    assert before == {"09:00": 120}  # 60 of input, and 60 of silence that may yet end in time
    assert await rolled(ANN, "active") == {"09:00": 60}  # 16 minutes of silence are more than 5
    assert await rolled(ANN, "idle") == {"09:00": 60, "09:15": 900}


async def test_late_input_turns_idle_time_of_a_rolled_up_quarter_into_active_time(world: World) -> None:
    await world.store(LAPTOP, [worked("09:13:00", "09:14:00"), seen("09:14:00", "09:15:00", last="09:14:00")])
    await world.store(
        LAPTOP, [seen("09:15:00", "09:18:00", last="09:14:00"), seen("09:18:10", "09:30:00", last="09:14:00")]
    )
    await world.roll_up()
    before = await rolled(ANN, "active")

    await world.store(LAPTOP, [worked("09:18:00", "09:18:10")])
    await world.roll_up()

    assert before == {"09:00": 60}
    # The silence from 9:14:00 to 9:18:00 is 240 s, so it counts: 60 + 60 before 9:15, 180 after it, and 10 s of input.
    assert await rolled(ANN, "active") == {"09:00": 120, "09:15": 190}
    assert await rolled(ANN, "idle") == {"09:15": 900 - 190}


async def test_input_that_is_told_of_hours_later_counts_where_it_was(world: World) -> None:
    """The agent noticed it when the machine woke up, or the rows of its time were lost."""
    await world.store(
        LAPTOP, [seen("09:26:00", "09:29:00"), worked("09:29:00", "09:30:00"), worked("11:00:00", "11:01:00")]
    )
    await world.roll_up()
    before = await rolled(ANN, "active")

    await world.store(LAPTOP, [seen("12:50:00", "12:51:00", last="09:27:00", locked=True)])
    await world.require_exact_reads()
    await world.roll_up()

    assert before == {"09:15": 60, "11:00": 60}
    # From 9:27 to the next input at 9:29 it is 120 s, which is within the limit.
    assert await rolled(ANN, "active") == {"09:15": 180, "11:00": 60}


async def test_open_silence_counts_up_to_the_end_of_what_is_stored(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00"), seen("09:11:00", "09:13:00", last="09:11:00")])
    await world.roll_up()
    open_then = await rolled(ANN, "active")

    await world.store(LAPTOP, [asleep("09:45:00", "11:00:00")])
    await world.roll_up()

    assert open_then == {"09:00": 180}  # 60 + 120, known to be silent for 120 s
    assert await rolled(ANN, "active") == {"09:00": 60}  # known to be silent until 11:00
    assert await rolled(ANN, "idle") == {"09:00": 120}


async def test_two_laptops_for_a_day_are_never_more_than_the_day(world: World) -> None:
    for device, start in ((LAPTOP, "05:00:00"), (DESKTOP, "05:30:00")):
        await world.store(device, [worked(start, "15:30:00", app="Editor" if device == LAPTOP else "Mail")])
    await world.roll_up()

    active = sum((await rolled(ANN, "active")).values())

    assert active == 10.5 * 3600  # 5:00 to 15:30, not that and the ten hours of the other
    assert (await today([ANN], at("16:00:00")))[ANN].active_s == 10.5 * 3600


async def test_sleep_is_not_work(world: World) -> None:
    await world.store(
        LAPTOP, [worked("09:00:00", "09:02:00"), asleep("09:02:00", "09:06:00"), worked("09:06:00", "09:07:00")]
    )
    await world.roll_up()

    # The silence of 240 s is within the limit, but the machine slept.
    assert await rolled(ANN, "active") == {"09:00": 180}
    assert await rolled(ANN, "locked") == {"09:00": 240}


async def test_private_time_on_one_device_covers_both(world: World) -> None:
    await world.store(LAPTOP, [seen("09:00:00", "09:10:00", private=True)])
    await world.store(
        DESKTOP,
        [worked("09:05:00", "09:10:00", app="Diary", keys=40), worked("09:10:00", "09:12:00", app="Mail", keys=5)],
    )
    await world.roll_up()

    day = (await read_days([ANN], DAY, DAY, world.now))[ANN, DAY]

    assert {each[:5] for each in day.sums} == {
        ("private", None, None, 600_000_000, 40),  # counted, and nowhere is said in which app
        ("active", "Mail", None, 120_000_000, 5),
    }


async def test_counts_go_to_their_own_app_when_another_device_owns_the_time(world: World) -> None:
    await world.store(LAPTOP, [worked("09:00:00", "09:02:00", app="Editor", keys=50)])
    await world.store(DESKTOP, [seen("09:00:00", "09:01:00", first="09:00:20", last="09:00:40", app="Mail", keys=3)])
    await world.roll_up()

    day = (await read_days([ANN], DAY, DAY, world.now))[ANN, DAY]

    assert sum(each.keys for each in day.sums) == 53
    assert {each[:5] for each in day.sums} == {
        ("active", "Editor", None, 120_000_000, 50),
        ("active", "Mail", None, 0, 3),
    }


@pytest.mark.parametrize(
    ("day", "first", "last", "hours"),
    [
        (date(2026, 3, 29), "2026-03-28T23:00:00", "2026-03-29T22:00:00", 23),
        (date(2026, 10, 25), "2026-10-24T22:00:00", "2026-10-25T23:00:00", 25),
    ],
)
async def test_days_on_which_the_clock_changes_have_23_and_25_hours(
    world: World, day: date, first: str, last: str, hours: int
) -> None:
    await make_days(day + timedelta(days=offset) for offset in (-1, 0))
    await world.begin(at("23:30:00", day))
    start = datetime.fromisoformat(first).replace(tzinfo=UTC)
    for hour in range(-1, hours + 1):  # an hour more on either side
        begin = start + timedelta(hours=hour)
        event = Interval(
            started_at=begin, ended_at=begin + timedelta(hours=1), wall_at=begin, zone_min=60, policy=1,
            facts=Facts(last_input_at=begin + timedelta(hours=1)), first_input_at=begin,
        )  # fmt: skip
        await world.store(LAPTOP, [event])
    await world.roll_up()

    read = (await read_days([ANN], day, day, world.now))[ANN, day]
    now = (await today([ANN], at("12:00:00", day)))[ANN]

    assert [each.duration_us for each in read.sums] == [hours * 3600 * 1_000_000]
    assert read.spans == {"active": [(now.starts_at, now.ends_at)]}
    assert (now.starts_at, now.ends_at) == (start, datetime.fromisoformat(last).replace(tzinfo=UTC))
    assert now.active_s == hours * 3600


async def test_today_is_counted_up_to_the_latest_stored_input_with_the_open_silence_apart(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00"), seen("09:11:00", "09:13:00", last="09:11:00")])
    raw = await today([ANN, JONAS], at("16:00:00"))
    await world.roll_up()

    told = await today([ANN, JONAS], at("16:00:00"))

    assert {person: structs.replace(each, read_at=raw[person].read_at) for person, each in told.items()} == raw
    assert (told[ANN].active_s, told[ANN].open_s, told[ANN].counted_until) == (60, 120, at("09:11:00"))
    assert told[ANN].expected_s == 8 * 3600  # a Wednesday
    assert (told[JONAS].active_s, told[JONAS].counted_until) == (0, None)
    assert told[JONAS].starts_at == at("18:15:00", DAY - timedelta(days=1))  # midnight at +05:45


async def test_marks_of_a_quarter_that_goes_on_wait_and_are_read_from_the_rows(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00")])
    over = at("09:15:00") + SETTLED

    early = await roll_up(over - timedelta(microseconds=1))
    behind = await backlog(over + timedelta(seconds=30))
    due = await roll_up(over)

    assert (early.marks, early.more) == (0, False)
    assert behind.marks == 1
    assert (due.marks, due.quarters) == (1, 3)  # its own, and the neighbours that an input can reach


async def test_a_quarter_behind_the_horizon_is_never_recomputed(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00")])
    await world.roll_up()
    async with connection() as held:
        await held.execute('DELETE FROM "interval"')  # as retention does
        await held.execute("INSERT INTO dirty (person, quarter_at) VALUES ($1, $2)", ANN, at("09:00:00"))

    done = await roll_up(world.now + BEHIND_MAX + timedelta(days=1))

    assert (done.marks, done.quarters) == (1, 0)
    assert await rolled(ANN, "active") == {"09:00": 60}


@pytest.mark.parametrize("by_the_server", [False, True])
async def test_job_killed_before_any_statement_has_lost_and_doubled_nothing(world: World, by_the_server: bool) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:40:00", keys=9)])
    await world.roll_up()
    await world.store(LAPTOP, [seen("09:40:00", "10:10:00", last="09:40:00", app="Mail")])
    await world.store(DESKTOP, [worked("09:05:00", "09:20:00", app="Mail", keys=4)])

    statement = 1
    while await world.roll_up_killed(statement, by_the_server=by_the_server):
        await world.require_exact_reads()
        statement += 1

    assert statement > 10
    await world.require_exact_rollups()


async def test_commit_that_was_open_while_the_job_ran_is_rolled_up_by_its_own_marks(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00")])
    await world.store_but_hold_commit(DESKTOP, [worked("09:10:30", "09:12:00")])
    await world.roll_up()
    before = await rolled(ANN, "active")

    await world.release()
    await world.require_exact_reads()
    await world.roll_up()

    assert before == {"09:00": 60}
    assert await rolled(ANN, "active") == {"09:00": 120}
    await world.require_exact_rollups()


async def test_commit_between_any_two_statements_of_the_job_is_not_lost(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00")])
    minute, statement, calls = 11, 1, 1

    while statement <= calls:
        minute += 1
        await world.store(LAPTOP, [worked(f"09:{minute}:00", f"09:{minute}:30")])
        await world.store_but_hold_commit(DESKTOP, [worked(f"09:{minute}:10", f"09:{minute}:50")])

        async def commit(call: int, _: Any, at_call: int = statement) -> None:
            if call == at_call:
                await outside(world.release())
                await outside(world.require_exact_reads())

        calls = await world.roll_up_watched(commit)
        await world.require_exact_reads()
        await world.roll_up()
        await world.require_exact_rollups()
        statement += 1

    assert calls > 10


async def test_second_job_does_nothing_while_one_runs(world: World) -> None:
    await world.store(LAPTOP, [worked("09:10:00", "09:11:00")])
    others = []

    async def run_another(call: int, _: Any) -> None:
        if call == 3:
            others.append(await world.roll_up_elsewhere())

    await world.roll_up_watched(run_another)

    assert [(other.marks, other.quarters, other.more) for other in others] == [(0, 0, False)]
    await world.require_exact_rollups()


async def test_backlog_larger_than_a_step_is_done_in_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.rollups.job.QUARTERS_AT_ONCE", 7)
    await world.store(LAPTOP, [worked("06:00:00", "09:00:00")])
    now = at("16:00:00")

    steps = [await roll_up(now)]
    while steps[-1].more:
        await world.require_exact_reads()
        steps.append(await roll_up(now))

    assert (
        len(steps) == 7
    )  # 12 quarter-hours and the one that begins with the last input; two a step, each with its neighbours
    assert sum(step.marks for step in steps) == 13
    await world.require_exact_rollups()


async def test_rows_are_judged_once_the_transaction_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging can take longer than PostgreSQL lets a transaction idle."""
    await make_days([DAY])
    await world.begin(at("12:00:00"))
    await world.store(LAPTOP, [worked("09:00:00", "09:01:00")])
    judged, within = read.pieces_of, list[bool]()

    def judging(*of: Any) -> Any:
        within.append(ENGINE.current_transaction.get() is not None)
        return judged(*of)

    monkeypatch.setattr(read, "pieces_of", judging)
    await today([ANN], world.now)
    await read_days([ANN], DAY, DAY, world.now)
    await read.read_quarters([ANN], at("09:00:00"), at("10:00:00"), world.now)

    assert within == [False] * 3
