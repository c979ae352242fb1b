"""`growth`: what takes longer once 30 million intervals are stored than with the first million: storing more, and what pages read.

A million is a team of 100 people over 20 working days; 30 million are 1,000 people over 59 of them, so that there are more people and more
days. They are made in the database, row by row as ingest would have stored them (an interval a minute of a workday of eight and a half
hours, lunch in it), with the rollups that the job makes of them, which is checked on one of the days. Measured at each size, five times
over, on the same team and the same days:

- **ingest**: 1,000 devices hand in 20 minutes each to the group commit, which stores them into today's partition;
- **the wall's snapshot**: a viewer connects, and has its team of 100 whole; and the workdays so far that are shown on it are read;
- **one person's day**: judged from the rows minute by minute, and its sums from the rollups;
- **a team's month**: 20 workdays of 100 people from rollups.

`python -m bench growth`, some nine minutes and 15 GB under the folder for temporary files. PEOPLE=200 makes the large size smaller.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import uvloop

from bench import crowd
from bench.crowd import FIRST, Crowd
from bench.results import Demand, Result, result
from bench.served import Served, served
from hub.database import LONG_TRANSACTIONS, close_pool, connection, open_pool
from hub.live.plan import Submission
from hub.live.store import Store
from hub.retention import make_days
from hub.rollups.read import read_days, read_pieces, today
from hub.wire.activity import Facts
from hub.wire.events import Event, Interval
from hub.wire.viewer import Snapshot
from hub.workdays import UNKNOWN, bounds
from tests.hub.live import signed_in, viewing

NAME = "growth"
PEOPLE, TEAM, OTHERS = 1_000, 100, 1_000
"""Who have a past, of whom the first team is asked about; and those who hand in more, whose past would change with each run."""
MINUTES = 510
"""Of a workday, from `FROM_H`: with 1,000 people on 59 days that makes 30.09 million."""
FROM_H = 8
EVENTS = 20
APPS = ("Editor", "Terminal", "Browser", "Mail", "Chat", "Spreadsheet")
MONTH_DAYS, ALL_DAYS = 20, 59
RUNS = 5
SLOWER_MAX = 1.5


def run() -> list[Result]:
    return uvloop.run(_measured())


async def _measured() -> list[Result]:
    days, most = _workdays(ALL_DAYS), int(os.environ.get("PEOPLE", PEOPLE))
    figures: dict[str, dict[str, list[float]]] = {}
    async with served(pinned=False) as hub:
        people = await crowd.settle(hub.env, PEOPLE + OTHERS, 1, TEAM)
        await open_pool(hub.env["DATABASE_URL"], settings=LONG_TRANSACTIONS)
        try:
            # Every second one of these two teams is among the others.
            team = [person for person in range(FIRST, FIRST + PEOPLE) if people.team_of(person) in people.teams[:2]]
            rest = [person for person in range(FIRST, FIRST + PEOPLE) if person not in set(team)][: most - TEAM]
            await make_days([*days, datetime.now(UTC).date()])
            for size, fills in (
                ("1 million", [(team, days[:MONTH_DAYS])]),
                ("30 million", [(rest, days[:MONTH_DAYS]), (team + rest, days[MONTH_DAYS:])]),
            ):
                began = time.monotonic()
                for whose, which in fills:
                    for day in which:
                        await _fill(whose, day, days.index(day))
                stored = await _calm()
                print(f"  {stored:,} intervals after {time.monotonic() - began:.0f} s", flush=True)
                await _require_same(team[0], days[1])
                figures[size] = await _times(hub, people, team, days[:MONTH_DAYS])
        finally:
            await close_pool()
    small, large = figures.values()
    found = []
    for what in small:
        ratios = [now / statistics.median(small[what]) for now in large[what]]
        beside = {f"with {size}, ms": of[what] for size, of in figures.items()}
        print(f"  {what}: {beside}", flush=True)
        demands = [Demand(SLOWER_MAX)]
        found.append(
            result(f"{NAME}: {what}", "times as long", "lower", {"ours": ratios}, demands=demands, beside=beside)
        )
    return found


def _workdays(count: int) -> list[date]:
    """The last ones before today, newest first."""
    day = datetime.now(UTC).date()
    days: list[date] = []
    while len(days) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return days


async def _times(hub: Served, people: Crowd, team: list[int], month: list[date]) -> dict[str, list[float]]:
    """Each in ms."""
    target: Any = SimpleNamespace(port=hub.hub.port, settings=SimpleNamespace(origin=hub.hub.url))
    client = await signed_in(target, SimpleNamespace(email=crowd.MANAGER.format(0)), crowd.PASSWORD)
    now, person, day = datetime.now(UTC), team[1], month[0]

    async def snapshot() -> None:
        async with viewing(target, client) as viewer:
            await viewer.subscribe([people.teams[0]])
            while not isinstance(frame := await viewer.next(), Snapshot) or frame.part + 1 < frame.parts:
                pass
            assert len(viewer.tiles[people.teams[0]]) >= TEAM

    async def workdays() -> None:
        assert len(await today(team, now)) == len(team)

    async def day_of_one() -> None:
        assert (await read_pieces({person: bounds(UNKNOWN, day)}))[person]
        assert await read_days([person], day, day, now)

    async def month_of_team() -> None:
        assert len(await read_days(team, month[-1], month[0], now)) == len(team) * len(month)

    try:
        return {
            "ingest": await _timed(_ingest),
            "the wall's snapshot": await _timed(snapshot),
            "workdays on the wall": await _timed(workdays),
            "one person's day": await _timed(day_of_one),
            "a team's month": await _timed(month_of_team),
        }
    finally:
        await client.aclose()


async def _timed(work: Callable[[], Awaitable[None]]) -> list[float]:
    """The first time is left out: it warms caches."""
    took = []
    for _ in range(1 + RUNS):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return took[1:]


async def _ingest() -> None:
    async with connection() as held:
        rows = await held.fetch("SELECT device, seq FROM device_cursor WHERE device >= $1", FIRST + PEOPLE)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    store = Store()
    store.start()
    try:
        submissions = [
            Submission(
                row["device"], row["device"], 0, 1, row["seq"] + 1, row["seq"] + EVENTS, _events(row["device"], start)
            )
            for row in rows
        ]
        outcomes = await asyncio.gather(*(store.submit(each) for each in submissions))
    finally:
        await store.close(1)
    assert all(outcome.acked == row["seq"] + EVENTS for outcome, row in zip(outcomes, rows, strict=True))


def _events(device: int, start: datetime) -> list[Event]:
    """Twenty minutes of somebody's work, with counts, as an agent cuts it."""
    made: list[Event] = []
    for minute in range(EVENTS):
        begin = start + timedelta(minutes=minute)
        made.append(
            Interval(
                started_at=begin,
                ended_at=begin + timedelta(minutes=1),
                wall_at=begin,
                zone_min=60,
                policy=1,
                facts=Facts(app=APPS[(device + minute) % len(APPS)], last_input_at=begin + timedelta(seconds=58)),
                first_input_at=begin + timedelta(seconds=1),
                keys=40,
                clicks=6,
                scrolls=3,
            )
        )
    return made


async def _fill(people: list[int], day: date, number: int) -> None:
    """A workday of these people, and its rollups."""
    start_at = datetime(day.year, day.month, day.day, FROM_H, tzinfo=UTC)
    async with connection() as held, held.transaction():
        await held.execute("SET LOCAL synchronous_commit = off")
        await held.execute(_ROWS, people, start_at, MINUTES, number * MINUTES, timeout=120)
        await held.execute(_QUARTERS, people, start_at, start_at + timedelta(minutes=MINUTES), timeout=120)
        await held.execute(_DAYS, people, day, start_at, start_at + timedelta(minutes=MINUTES), timeout=120)
        await held.execute(_SPANS, people, day, start_at, start_at + timedelta(minutes=MINUTES), timeout=120)


# Somebody works in one of six apps for seven minutes at a time, with input from the first second to the last, and locks the screen for
# half an hour at noon.
_ROWS = """
    INSERT INTO interval (device, epoch, seq, piece, person, started_at, ended_at, wall_at, zone_min, policy, flags, app,
        first_input_at, last_input_at, keys, clicks, scrolls)
    SELECT person, 1, $4 + n + 1, 0, person, at, at + interval '1 minute', at, 0, 1,
        CASE WHEN away THEN 16 ELSE 0 END,
        CASE WHEN NOT away THEN (ARRAY['Editor', 'Terminal', 'Browser', 'Mail', 'Chat', 'Spreadsheet'])[1 + (n / 7 + person) % 6] END,
        CASE WHEN NOT away THEN at END,
        CASE WHEN away THEN $2 + interval '240 minutes' ELSE at + interval '1 minute' END,
        CASE WHEN away THEN 0 ELSE 40 END, CASE WHEN away THEN 0 ELSE 6 END, CASE WHEN away THEN 0 ELSE 3 END
    FROM unnest($1::int[]) person, generate_series(0, $3::int - 1) n,
        LATERAL (SELECT $2::timestamptz + n * interval '1 minute' AS at, n BETWEEN 240 AND 269 AS away) moment
"""
_QUARTERS = """
    INSERT INTO rollup_quarter (person, quarter_at, state, app, site, duration_us, keys, clicks, scrolls)
    SELECT person, date_bin('15 minutes', started_at, 'epoch'), CASE WHEN flags = 16 THEN 'locked' ELSE 'active' END, app, NULL,
        60000000 * count(*), sum(keys), sum(clicks), sum(scrolls)
    FROM interval WHERE person = ANY($1::int[]) AND started_at >= $2 AND started_at < $3 GROUP BY 1, 2, 3, 4
"""
_DAYS = """
    INSERT INTO rollup_day (person, day, state, app, site, duration_us, keys, clicks, scrolls)
    SELECT person, $2::date, state, app, site, sum(duration_us), sum(keys), sum(clicks), sum(scrolls)
    FROM rollup_quarter WHERE person = ANY($1::int[]) AND quarter_at >= $3 AND quarter_at < $4 GROUP BY 1, 2, 3, 4, 5
"""
_SPANS = """
    INSERT INTO span_day (person, day, state, spans)
    SELECT person, $2::date, state, spans
    FROM (SELECT $3::timestamptz AS from_at, $3::timestamptz + interval '4 hours' AS noon, $4::timestamptz AS until_at) day,
        LATERAL (VALUES
            ('active', tstzmultirange(tstzrange(from_at, noon), tstzrange(noon + interval '30 minutes', until_at))),
            ('locked', tstzmultirange(tstzrange(noon, noon + interval '30 minutes')))) AS told(state, spans),
        unnest($1::int[]) person
"""


async def _calm() -> int:
    """Has the database do what it would have done over the months; returns how many intervals are stored."""
    async with connection() as held:
        for table in ("interval", "rollup_quarter", "rollup_day", "span_day", "device_cursor", "dirty"):
            await held.execute(f"VACUUM (ANALYZE) {table}", timeout=300)
        return int(await held.fetchval("SELECT count(*) FROM interval WHERE person < $1", FIRST + PEOPLE, timeout=300))


async def _require_same(person: int, day: date) -> None:
    """The rollups say what the rows say when they are judged as the job would."""
    now = datetime.now(UTC)
    kept = await read_days([person], day, day, now)
    start_at = datetime(day.year, day.month, day.day, FROM_H, tzinfo=UTC)
    async with connection() as held:
        await held.execute(
            "INSERT INTO dirty (person, quarter_at) SELECT $1, $2::timestamptz + n * interval '15 minutes' FROM generate_series(0, 33) n",
            person,
            start_at,
        )
        judged = await read_days([person], day, day, now)
        await held.execute("DELETE FROM dirty WHERE person = $1", person)
    assert kept == judged, f"{kept} is not what the rows say: {judged}"
