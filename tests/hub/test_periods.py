"""What is over its period is removed: of each person, kind by kind, at its day and not before."""

import asyncio
import contextvars
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from hub import erasure, periods
from hub.database import connection
from hub.periods import Done, keep
from hub.policies import changes, worlds
from hub.policies.settings import PolicySettings
from hub.rights import holds
from hub.rollups.job import roll_up
from hub.rollups.read import read_days, read_quarters
from hub.tables import Audit
from hub.wire.events import Event

from .conftest import Cast
from .locks import until_waiting
from .stored import store, worked

NOW = datetime(2026, 5, 20, 2, 50, tzinfo=UTC)
TODAY = NOW.date()
MINUTES = 20


@pytest.fixture
async def bob(cast: Cast, database: str) -> Any:
    """Bob's device. Everybody's days are those of UTC unless a test says otherwise."""
    async with connection() as held:
        await held.execute("UPDATE person SET zone = 'UTC'")
    return cast.device(cast.bob)


async def set_for_all(cast: Cast, **days: int) -> None:
    version = (await worlds.world()).organisation.version
    await changes.change("organisation", None, version, PolicySettings(**days), "No longer than needed", cast.dora.id)


def at_work(start: datetime, minutes: int = MINUTES, **facts: Any) -> list[Event]:
    """Minutes in an app, under a title, with keys."""
    at = [start + minute * timedelta(minutes=1) for minute in range(minutes)]
    told = {"app": "Editor", "title": "Notes on Ada"} | facts
    return [structs.replace(worked(each, each + timedelta(minutes=1), **told), keys=7, clicks=1) for each in at]


async def work(device: Any, *days_ago: int) -> None:
    """From 9:54 on, over the end of a quarter, on each of these days."""
    for day in ago(*sorted(days_ago, reverse=True)):
        await store(device, at_work(datetime.combine(day, time(9, 54), UTC)), NOW)


def ago(*days: int) -> list[date]:
    return [TODAY - timedelta(days=each) for each in days]


async def kept(what: str, person: int) -> list[date]:
    """Days (UTC) of rows of which this holds."""
    days = "SELECT DISTINCT (started_at AT TIME ZONE 'UTC')::date AS day FROM \"interval\" WHERE person = $1 AND "
    async with connection() as held:
        return [row["day"] for row in await held.fetch(f"{days} {what} ORDER BY day", person)]


async def told() -> list[Any]:
    rows = await Audit.select().where(Audit.action == "period_over").order_by(Audit.id).output(load_json=True)
    assert all(row["actor"] is None and row["subject"] is None for row in rows)
    return [row["detail"] for row in rows]


async def sums(person: int) -> dict[date, Counter[Any]]:
    """Microseconds of the days by state."""
    found: dict[date, Counter[Any]] = {}
    for (_, day), one in (await read_days([person], date(2025, 1, 1), TODAY, NOW)).items():
        for each in one.sums:
            found.setdefault(day, Counter())[each.state] += each.duration_us
    return found


async def keys(person: int) -> dict[date, int]:
    read = await read_days([person], date(2025, 1, 1), TODAY, NOW)
    return {day: sum(each.keys for each in one.sums) for (_, day), one in read.items()}


async def apps(person: int) -> dict[date, set[str | None]]:
    read = await read_days([person], date(2025, 1, 1), TODAY, NOW)
    return {day: {each.app for each in one.sums} for (_, day), one in read.items()}


async def quarters(person: int, day: date) -> list[Any]:
    start = datetime.combine(day, time(), UTC)
    return (await read_quarters([person], start, start + timedelta(days=1), NOW)).get(person, [])


async def test_title_is_removed_on_its_day_and_nothing_else_with_it(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=30)
    await work(bob, 32, 31, 30, 1)

    assert await keep(NOW) == Done(titles=2 * MINUTES)
    assert await kept("title IS NOT NULL", bob.person) == ago(30, 1)
    assert await kept("app = 'Editor' AND keys = 7", bob.person) == ago(32, 31, 30, 1)
    assert await keep(NOW) == Done()
    assert await keep(NOW + timedelta(days=1)) == Done(titles=MINUTES)
    assert await kept("title IS NOT NULL", bob.person) == ago(1)
    assert await told() == [
        {"kind": "titles", "people": 1, "rows": 2 * MINUTES},
        {"kind": "titles", "people": 1, "rows": MINUTES},
    ]


async def test_apps_go_from_rows_and_sums_which_stay_what_they_were(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, app_days=20)
    await work(bob, 21, 20)
    for minute, app in enumerate(("Mail", "Chat", None)):
        await store(bob, at_work(datetime.combine(ago(21)[0], time(11, 5 * minute), UTC), 3, app=app), NOW)
    await roll_up(NOW)
    before, quarter_sums = await sums(bob.person), await by_state(bob.person)

    done = await keep(NOW)

    assert (done.activity, done.titles, done.counts, done.sums) == (0, 0, 0, 0)
    assert await kept("app IS NOT NULL", bob.person) == ago(20)
    assert await apps(bob.person) == {ago(21)[0]: {None}, ago(20)[0]: {"Editor"}}
    assert before == await sums(bob.person)
    assert await keys(bob.person) == {ago(21)[0]: 7 * (MINUTES + 9), ago(20)[0]: 7 * MINUTES}
    assert quarter_sums == await by_state(bob.person)
    assert await keep(NOW) == Done()
    # Judged again, by a row that comes late, the day says the same and what came.
    await store(bob, at_work(datetime.combine(ago(21)[0], time(9, 40), UTC), 1, app=None), NOW)
    await roll_up(NOW)
    assert (await sums(bob.person))[ago(21)[0]]["active"] == before[ago(21)[0]]["active"] + 60_000_000


async def by_state(person: int) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for day in ago(21, 20):
        for total in await quarters(person, day):
            counted[total.quarter_at, total.state] += total.duration_us
            counted[total.quarter_at, "keys"] += total.keys
    return counted


async def test_counts_go_and_with_them_rows_that_were_nothing_else(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, count_days=10)
    await work(bob, 11, 10)
    await roll_up(NOW)
    async with connection() as held:  # as of a device whose time another one owned
        await held.execute(
            "INSERT INTO rollup_day (person, day, state, app, duration_us, keys, clicks, scrolls) "
            "VALUES ($1, $2, 'active', 'Chat', 0, 1, 0, 0)",
            bob.person, ago(11)[0],
        )  # fmt: skip
    before = await sums(bob.person)

    await keep(NOW)

    assert await kept("keys > 0 OR clicks > 0", bob.person) == ago(10)
    assert await keys(bob.person) == {ago(11)[0]: 0, ago(10)[0]: 7 * MINUTES}
    assert await sums(bob.person) == before
    assert await apps(bob.person) == {day: {"Editor"} for day in ago(11, 10)}
    assert await keep(NOW) == Done()


async def test_activity_goes_and_its_days_stay_in_sums_that_are_never_judged_from_nothing(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, activity_days=30)
    await work(bob, 31, 30)
    await roll_up(NOW)
    before = await sums(bob.person)
    spans = (await read_days([bob.person], *ago(31, 30), NOW))[bob.person, ago(31)[0]].spans

    await keep(NOW)

    assert await kept("true", bob.person) == ago(30)
    assert await quarters(bob.person, ago(31)[0]) == []
    assert await sums(bob.person) == before
    # A mark of a quarter whose rows are gone changes nothing: neither what is read before the job has been there, nor after.
    async with connection() as held:
        at = datetime.combine(ago(31)[0], time(9, 45), UTC)
        await held.execute("INSERT INTO dirty (person, quarter_at) VALUES ($1, $2), ($1, $3)", bob.person, at, NOW)
    for _ in range(2):
        assert await sums(bob.person) == before
        assert (await read_days([bob.person], *ago(31, 30), NOW))[bob.person, ago(31)[0]].spans == spans
        await roll_up(NOW + timedelta(hours=1))
    assert await keep(NOW) == Done()


async def test_activity_that_is_not_summed_up_waits_for_it(
    cast: Cast, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_for_all(cast, activity_days=30)
    await work(bob, 31, 30)
    with monkeypatch.context() as without:
        without.setattr(periods.rollups, "roll_up", _nothing)

        assert (await keep(NOW)).left == 1
        assert await kept("true", bob.person) == ago(31, 30)

    done = await keep(NOW)

    assert (done.left, await kept("true", bob.person)) == (0, ago(30))
    assert (await sums(bob.person))[ago(31)[0]]["active"] == MINUTES * 60_000_000


async def _nothing(_: datetime) -> Any:
    return periods.rollups.Progress()


async def test_sums_of_days_go_last(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, activity_days=30, sum_days=60)
    await work(bob, 61, 60)
    await keep(NOW)

    assert set(await sums(bob.person)) == {ago(60)[0]}
    async with connection() as held:
        assert await held.fetchval("SELECT array_agg(DISTINCT day) FROM span_day") == ago(60)
    assert await kept("true", bob.person) == []
    assert {one["kind"] for one in await told()} == {"activity", "apps", "counts", "sums"}


@pytest.mark.parametrize(
    ("zone", "now", "first_kept"),
    [
        # At 02:50 UTC it is still the day before in New York, and in Auckland the afternoon of this one.
        ("America/New_York", NOW, datetime(2026, 4, 19, 4, tzinfo=UTC)),
        ("Pacific/Auckland", NOW, datetime(2026, 4, 19, 12, tzinfo=UTC)),
        ("Asia/Kathmandu", NOW, datetime(2026, 4, 19, 18, 15, tzinfo=UTC)),
        # Thirty days with the night of 23 hours in them, and with that of 25.
        ("Europe/Oslo", datetime(2026, 4, 15, 2, 50, tzinfo=UTC), datetime(2026, 3, 15, 23, tzinfo=UTC)),
        ("Europe/Oslo", datetime(2026, 11, 10, 2, 50, tzinfo=UTC), datetime(2026, 10, 10, 22, tzinfo=UTC)),
    ],
)
async def test_day_is_that_of_the_person(cast: Cast, bob: Any, zone: str, now: datetime, first_kept: datetime) -> None:
    async with connection() as held:
        await held.execute("UPDATE person SET zone = $2 WHERE id = $1", bob.person, zone)
    await set_for_all(cast, title_days=30)
    await store(bob, at_work(first_kept - timedelta(minutes=2), 4), now)
    assert first_kept.astimezone(ZoneInfo(zone)).time() == time()

    assert (await keep(now)).titles == 2

    async with connection() as held:
        assert await held.fetchval('SELECT min(started_at) FROM "interval" WHERE title IS NOT NULL') == first_kept


async def test_legal_hold_keeps_all_of_a_person_until_it_is_lifted(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=1, app_days=1, count_days=1, activity_days=30, sum_days=30)
    await work(bob, 40, 20)
    await holds.put(bob.person, "A case", cast.dora.id)

    assert await keep(NOW) == Done()
    assert await kept("title IS NOT NULL AND app IS NOT NULL AND keys > 0", bob.person) == ago(40, 20)

    await holds.lift(bob.person, "It is over", cast.dora.id)
    await keep(NOW)

    assert await kept("true", bob.person) == ago(20)
    assert await kept("title IS NOT NULL OR app IS NOT NULL OR keys > 0", bob.person) == []
    assert await apps(bob.person) == {ago(20)[0]: {None}}


async def test_shorter_period_takes_what_is_there_and_a_longer_one_waits_for_its_person(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=30)
    await work(bob, 25, 15, 5)
    assert await keep(NOW) == Done()
    await set_for_all(cast, title_days=20)
    assert await keep(NOW) == Done(titles=MINUTES)

    await set_for_all(cast, title_days=200)
    assert await keep(NOW + timedelta(days=10)) == Done(titles=MINUTES)  # the shorter one counts on
    async with connection() as held:
        number = await held.fetchval("SELECT max(id) FROM person_policy WHERE person = $1", bob.person)
    await changes.acknowledge(bob.person, number)

    assert await keep(NOW + timedelta(days=100)) == Done()
    assert await kept("title IS NOT NULL", bob.person) == ago(5)


async def test_run_that_is_cut_short_is_carried_on_and_counts_nothing_twice(
    cast: Cast, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_for_all(cast, activity_days=30)
    await work(bob, 60, 50, 40, 30)
    await roll_up(NOW)
    before = await sums(bob.person)
    removing, batches = periods._remove_activity, 0

    async def cut_short(held: Any, due: Any) -> Any:
        nonlocal batches
        batches += 1
        rows = await removing(held, due)
        if batches == 3:
            raise ConnectionError
        return rows

    with monkeypatch.context() as failing:
        failing.setattr(periods, "KINDS", (periods.ACTIVITY._replace(remove=cut_short), *periods.KINDS[1:]))
        failing.setattr(periods, "ACTIVITY", periods.KINDS[0])
        with pytest.raises(ConnectionError):
            await keep(NOW)
    left = await kept("true", bob.person)
    assert 1 < len(left) < 4

    await keep(NOW)

    assert await kept("true", bob.person) == ago(30)
    assert await sums(bob.person) == before


async def test_days_of_which_there_is_nothing_are_passed_in_one_go(
    cast: Cast, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a year of the longest period a shorter one is not looked for four days at a time in what was never there."""
    await keep(NOW)
    await work(bob, 45, 44, 20)
    await set_for_all(cast, title_days=30)
    removing, passed = periods._remove_titles, []

    async def counted(held: Any, due: Any) -> Any:
        passed.extend((one.last - one.first).days for one in due if one.person == bob.person)
        return await removing(held, due)

    titles = periods.TITLES._replace(remove=counted)
    monkeypatch.setattr(periods, "KINDS", tuple(titles if kind is periods.TITLES else kind for kind in periods.KINDS))
    monkeypatch.setattr(periods, "TITLES", titles)
    done = await keep(NOW)

    assert (done.titles, passed) == (2 * MINUTES, [365 - 45, 4, 41 - 30])
    assert await kept("title IS NOT NULL", bob.person) == ago(20)


async def test_two_runs_at_once_remove_everything_once(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=20, app_days=20, activity_days=40)
    await work(bob, 50, 30, 25, 10)
    await roll_up(NOW)
    before = await sums(bob.person)

    one, other = await asyncio.gather(keep(NOW), keep(NOW))

    assert one.titles + other.titles == 2 * MINUTES
    assert (await kept("true", bob.person), await kept("title IS NOT NULL", bob.person)) == (ago(30, 25, 10), ago(10))
    assert await sums(bob.person) == before


async def test_what_is_stored_behind_a_period_all_the_same_does_not_stay(cast: Cast, bob: Any) -> None:
    """By a hub whose clock or policy was behind: nothing that the socket lets through."""
    await set_for_all(cast, title_days=10, activity_days=30)
    await work(bob, 40, 20)
    await keep(NOW)
    before = await sums(bob.person)

    async with connection() as held:
        over_at = await held.fetchval(
            "UPDATE kept_since SET activity_at = NULL RETURNING title_at - interval '20 days'"
        )
        await store(bob, at_work(datetime.combine(ago(40)[0], time(15), UTC), 3), NOW)
        await held.execute("UPDATE kept_since SET activity_at = $1", over_at)
    await store(bob, at_work(datetime.combine(ago(20)[0], time(15), UTC), 3), NOW)
    assert await kept("true", bob.person) == ago(40, 20)
    await roll_up(NOW)

    assert await kept("true", bob.person) == ago(20)
    assert (await sums(bob.person))[ago(40)[0]] == before[ago(40)[0]]
    assert await keep(NOW) == Done(titles=3)
    assert await kept("title IS NOT NULL", bob.person) == []


async def test_what_comes_of_a_time_that_was_removed_gets_a_receipt_also_where_the_period_is_longer_now(
    cast: Cast, bob: Any
) -> None:
    await set_for_all(cast, activity_days=30)
    await work(bob, 40, 20)
    await keep(NOW)
    await set_for_all(cast, activity_days=365)
    over_at = datetime.combine(ago(30)[0], time(), UTC)

    await store(bob, at_work(over_at - timedelta(minutes=3), 4), NOW)
    await roll_up(NOW)

    assert await kept("true", bob.person) == ago(30, 20)
    async with connection() as held:
        set_aside = await held.fetch(
            "SELECT seq, reason, position('Ada' in encode(event, 'escape')) AS told FROM quarantine"
        )
        stored_until = await held.fetchval("SELECT seq FROM device_cursor WHERE device = $1", bob.id)
    last = 2 * MINUTES
    assert sorted(map(tuple, set_aside)) == [(last + each, "outside_horizon", 0) for each in (1, 2, 3)]
    assert stored_until == last + 4


async def test_set_aside_event_keeps_its_receipt_and_nothing_of_what_it_told(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=30)
    async with connection() as held:
        for number, days in ((1, 31), (2, 29)):
            await held.execute(
                "INSERT INTO quarantine (id, device, epoch, seq, reason, event, received_at) "
                "VALUES (gen_random_uuid(), $1, 1, $2, 'text', 'told', $3)",
                bob.id, number, NOW - timedelta(days=days),
            )  # fmt: skip

    assert await keep(NOW) == Done(set_aside=1)

    async with connection() as held:
        rows = await held.fetch("SELECT seq, event FROM quarantine ORDER BY seq")
    assert [tuple(row) for row in rows] == [(1, b""), (2, b"told")]


async def test_person_has_their_own_period(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=30)
    await changes.change("person", cast.bea.id, 0, PolicySettings(title_days=5), "Asked for", cast.dora.id)
    bea = cast.device(cast.bea)
    for device in (bob, bea):
        await work(device, 6, 5)

    await keep(NOW)

    assert await kept("title IS NOT NULL", bob.person) == ago(6, 5)
    assert await kept("title IS NOT NULL", bea.person) == ago(5)


async def test_pauses_go_with_the_activity(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, activity_days=30)
    async with connection() as held:
        for revision, days in enumerate((40, 32, 20, 50), 1):
            at = NOW - timedelta(days=days)
            await held.execute(
                "INSERT INTO pause (person, kind, since_at, until_at, revision) VALUES ($1, 'break', $2, $3, $4)",
                bob.person, at, at + timedelta(hours=1), revision,
            )  # fmt: skip

    await keep(NOW)

    async with connection() as held:
        assert await held.fetchval("SELECT array_agg(revision ORDER BY revision) FROM pause") == [3]


async def test_restored_backup_is_brought_to_the_periods_by_the_next_run(cast: Cast, bob: Any) -> None:
    await set_for_all(cast, title_days=30, app_days=40)
    await work(bob, 35, 20)
    await keep(NOW)
    tables = ('"interval"', "kept_since", "rollup_quarter", "rollup_day", "span_day")
    async with connection() as held:
        for number, table in enumerate(tables):
            await held.execute(f"CREATE TABLE backed_up_{number} AS SELECT * FROM {table}")
    weeks_later = NOW + timedelta(days=60)
    await keep(weeks_later)
    async with connection() as held:
        for number, table in enumerate(tables):
            await held.execute(f"DELETE FROM {table}")
            await held.execute(f"INSERT INTO {table} SELECT * FROM backed_up_{number}")
    assert await kept("title IS NOT NULL", bob.person) == ago(20)

    await keep(weeks_later)

    assert await kept("title IS NOT NULL OR app IS NOT NULL", bob.person) == []
    assert await apps(bob.person) == {day: {None} for day in ago(35, 20)}


async def test_late_row_takes_nothing_with_it_where_no_activity_was_over_yet(cast: Cast, bob: Any) -> None:
    """Activity waits for its first removal, since something old is not summed up: of details some is over all the same."""
    await set_for_all(cast, title_days=5, activity_days=30)
    await work(bob, 10)
    async with connection() as held:
        await held.execute("INSERT INTO kept_since (person, title_at) VALUES ($1, $2)", bob.person, NOW)

    await roll_up(NOW)

    assert await kept("true", bob.person) == ago(10)
    assert set(await sums(bob.person)) == {ago(10)[0]}


async def test_hold_that_is_set_during_a_run_waits_for_what_is_being_removed(
    cast: Cast, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told that it stands finds nothing gone afterwards."""
    await set_for_all(cast, title_days=30)
    await work(bob, 60, 40)

    async def hold() -> list[date]:
        await holds.put(bob.person, "A case", cast.dora.id)
        return await kept("title IS NOT NULL", bob.person)

    left = await keep_and_meanwhile(hold(), monkeypatch)

    assert left == await kept("title IS NOT NULL", bob.person)


async def test_somebody_is_erased_during_a_run_and_the_others_are_done_all_the_same(
    cast: Cast, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_for_all(cast, title_days=30)
    bea = cast.device(cast.bea)
    for device in (bob, bea):
        await work(device, 60)

    await keep_and_meanwhile(erasure.erase(bob.person, cast.dora.id), monkeypatch)

    assert await kept("true", bob.person) == []
    assert await kept("title IS NOT NULL", bea.person) == []


async def keep_and_meanwhile(act: Coroutine[Any, Any, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run, and what an act comes to that begins when the first titles are about to be removed."""
    outside, begun = contextvars.copy_context(), None
    removing = periods.TITLES.remove

    async def meanwhile(held: Any, due: Any) -> Any:
        nonlocal begun
        if begun is None and due[0].first:  # there is nothing before
            begun = asyncio.create_task(act, context=outside)
            await until_waiting(1, unless=begun)
        return await removing(held, due)

    titles = periods.TITLES._replace(remove=meanwhile)
    monkeypatch.setattr(periods, "TITLES", titles)
    monkeypatch.setattr(periods, "KINDS", tuple(titles if one.told == "titles" else one for one in periods.KINDS))
    async with asyncio.timeout(60):
        await keep(NOW)
        assert begun is not None
        return await begun
