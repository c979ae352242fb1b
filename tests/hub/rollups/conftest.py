"""People with devices, whose events go through the real store, and a job that can be watched, halted and killed."""

import asyncio
import contextlib
import contextvars
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from hub import database as database_module
from hub.database import LONG_TRANSACTIONS, close_pool, connection, open_pool
from hub.live import store as store_module
from hub.live.plan import Outcome, Submission
from hub.live.store import Store
from hub.rollups import job
from hub.rollups.job import roll_up
from hub.rollups.read import read_days, read_quarters, today
from hub.wire.events import Event
from hub.wire.policy import Policy
from hub.workdays import Zones, moved
from tests.hub.rollups.plain import Key, Places, Plain, plain, plain_today, rows_of

QUIET = timedelta(days=2)
"""After this long every mark is due."""
LIMITS_S = {1: 300, 2: 60, 3: 600}


class World:
    """Ann (1, in Oslo) has devices 1 and 2; Jonas (2, in Kathmandu, at +05:45) has device 3. Mia (3, with device 4) moves twice: from a
    zone where it is soon midnight, and on to Los Angeles at the next end of a workday. Policies limit idle time by `LIMITS_S`."""

    owners: ClassVar = {1: 1, 2: 1, 3: 2, 4: 3}

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime.now(UTC)
        self.zones: dict[int, Places] = {}
        self._seqs: dict[int, int] = {}
        self._stores: dict[int, Store] = {}
        self._hold = False
        self._entered = asyncio.Event()
        self._release = asyncio.Event()
        self._held: list[asyncio.Future[Outcome]] = []
        self._at_statement: Callable[[int, Any], Awaitable[None]] | None = None
        monkeypatch.setattr(store_module, "transaction", self._store_transaction)
        monkeypatch.setattr(job, "transaction", self._job_transaction)

    async def begin(self, now: datetime) -> None:
        """Everything as new, at `now`."""
        await self.end()
        self.now = now
        self._seqs = dict.fromkeys(self.owners, 0)
        self._stores = {device: Store(now=lambda: self.now) for device in self.owners}
        for store in self._stores.values():
            store.start()
        mia = _moving(now - timedelta(hours=12))
        self.zones = {
            1: (("Europe/Oslo", None),),
            2: (("Asia/Kathmandu", None),),
            3: (*((former.zone.key, former.until_at) for former in mia.former), (mia.current.key, None)),
        }
        async with connection() as held:
            await held.execute(_AS_NEW)
            for person, places in self.zones.items():
                await held.execute("UPDATE person SET zone = $2 WHERE id = $1", person, places[-1][0])
                await held.executemany(
                    "INSERT INTO former_zone (person, zone, until_at) VALUES ($1, $2, $3)",
                    [(person, *place) for place in places[:-1]],
                )

    async def end(self) -> None:
        await self.release()
        await asyncio.gather(*(store.close(1) for store in self._stores.values()))
        self._stores = {}

    async def store(self, device: int, events: list[Event]) -> None:
        """What an agent's batch does, up to its ack."""
        assert (await self._submit(device, events)).acked == self._seqs[device]

    async def store_but_hold_commit(self, device: int, events: list[Event]) -> None:
        """The same, with a transaction that has written everything and stays open until `release`."""
        self._entered.clear()
        self._hold = True
        self._held.append(asyncio.ensure_future(self._submit(device, events)))
        await self._entered.wait()

    async def release(self) -> None:
        """Commits what was held. Afterwards holding starts anew."""
        self._release.set()
        await asyncio.gather(*self._held)
        self._held, self._release = [], asyncio.Event()

    def is_held(self, device: int) -> bool:
        return self._stores[device].depth > 0

    async def _submit(self, device: int, events: list[Event]) -> Outcome:
        first, last = self._seqs[device] + 1, self._seqs[device] + len(events)
        self._seqs[device] = last
        return await self._stores[device].submit(Submission(device, self.owners[device], 1, 1, first, last, events))

    @contextlib.asynccontextmanager
    async def _store_transaction(self) -> AsyncIterator[Any]:
        async with database_module.transaction() as held:
            yield held
            if self._hold:
                self._hold = False
                self._entered.set()
                await self._release.wait()

    # --- the job

    async def roll_up(self, later: timedelta = QUIET) -> None:
        """The job, until there is nothing left that is due by then."""
        while (await roll_up(self.now + later)).more:
            pass

    async def roll_up_watched(self, at_statement: Callable[[int, Any], Awaitable[None]]) -> int:
        """One step of the job, with a call before each statement and before COMMIT. Returns how many calls those were."""
        calls = 0

        async def counted(_: int, held: Any) -> None:
            nonlocal calls
            calls += 1
            await at_statement(calls, held)

        self._at_statement = counted
        try:
            await roll_up(self.now + QUIET)
        finally:
            self._at_statement = None
        return calls

    async def roll_up_elsewhere(self) -> job.Progress:
        """One step of another worker."""
        watch, self._at_statement = self._at_statement, None
        try:
            done: job.Progress = await outside(roll_up(self.now + QUIET))
        finally:
            self._at_statement = watch
        return done

    async def roll_up_killed(self, at_call: int, *, by_the_server: bool) -> bool:
        """One step that is killed before its `at_call`-th statement. False: it was done before that."""

        async def kill(call: int, held: Any) -> None:
            if call == at_call and by_the_server:
                await outside(_terminate(held.get_server_pid()))
            elif call == at_call:
                raise Killed

        try:
            await self.roll_up_watched(kill)
        except (Killed, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return True
        return False

    @contextlib.asynccontextmanager
    async def _job_transaction(self) -> AsyncIterator[Any]:
        watch = self._at_statement
        async with database_module.transaction() as held:
            yield Watched(held, watch) if watch else held
            if watch:
                await watch(0, held)

    # --- what must hold

    async def plainly(self) -> tuple[list[dict[str, Any]], Plain]:
        async with connection() as held:
            rows = await rows_of(held)
        return rows, plain(rows, LIMITS_S, self.zones)

    async def require_exact_reads(self) -> None:
        """What is read now is what the rows say, whatever the job has done so far."""
        rows, expected = await self.plainly()
        people = list(self.zones)
        start, end = self.now - timedelta(days=3), self.now + timedelta(days=2)
        quarters = await read_quarters(people, start, end, self.now)
        read = {
            (person, quarter): {_key(total): tuple(total[4:]) for total in totals if total.quarter_at == quarter}
            for person, totals in quarters.items()
            for quarter in {total.quarter_at for total in totals}
        }
        assert read == expected.quarters
        days = await read_days(people, start.date(), end.date(), self.now)
        assert {
            place: {tuple(each[:3]): tuple(each[3:]) for each in day.sums} for place, day in days.items()
        } == expected.days
        assert {place: day.spans for place, day in days.items() if day.spans} == expected.spans
        for at in (self.now, self.now - timedelta(days=1)):
            for person, found in (await today(people, at)).items():
                told = plain_today(rows, expected, person, self.zones[person], at)
                assert {name: getattr(found, name) for name in told} == told

    async def require_exact_rollups(self) -> None:
        """No mark is left, and the tables say what the rows say."""
        _, expected = await self.plainly()
        async with connection() as held:
            assert await held.fetchval("SELECT count(*) FROM dirty") == 0
            assert (
                _nested(await held.fetch(f"SELECT person, quarter_at, {_SUMS} FROM rollup_quarter"))
                == expected.quarters
            )
            assert _nested(await held.fetch(f"SELECT person, day, {_SUMS} FROM rollup_day")) == expected.days
            spans: dict[Any, Any] = {}
            for person, day, state, ranges in map(
                tuple, await held.fetch("SELECT person, day, state, spans FROM span_day")
            ):
                spans.setdefault((person, day), {})[state] = [(each.lower, each.upper) for each in ranges]
        assert spans == expected.spans


class Killed(Exception):
    """The worker is gone."""


class Watched:
    """A connection that says so before each statement."""

    def __init__(self, held: Any, watch: Callable[[int, Any], Awaitable[None]]) -> None:
        self._held = held
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._held, name)

        async def watched(*args: Any, **options: Any) -> Any:
            await self._watch(0, self._held)
            return await method(*args, **options)

        return watched


async def outside(work: Any) -> Any:
    """Awaits work as another process would do it: not within the transaction that this task has open."""
    return await asyncio.create_task(work, context=contextvars.Context())


async def _terminate(pid: int) -> None:
    async with connection() as held:
        await held.fetchval("SELECT pg_terminate_backend($1, 2000)", pid)


def _key(total: Any) -> Key:
    return total.state, total.app, total.site


def _nested(rows: Iterable[Any]) -> dict[Any, Any]:
    nested: dict[Any, Any] = {}
    for person, place, state, app, site, *counts in map(tuple, rows):
        nested.setdefault((person, place), {})[state, app, site] = tuple(counts)
    return nested


def _moving(at: datetime) -> Zones:
    """Of somebody for whom a workday ends within two hours of `at`, and the next ones in other zones."""
    ahead_h = -(at.hour + 2) % 24
    soon = ZoneInfo(f"Etc/GMT-{ahead_h}" if ahead_h <= 12 else f"Etc/GMT+{24 - ahead_h}")
    moving = moved(Zones(soon), ZoneInfo("Asia/Tokyo" if at.day % 2 else "Pacific/Honolulu"), at)
    return moved(moving, ZoneInfo("America/Los_Angeles"), moving.former[-1].until_at)


_SUMS = "state, app, site, duration_us, keys, clicks, scrolls"
_AS_NEW = """
    DELETE FROM "interval"; DELETE FROM former_zone; DELETE FROM dirty;
    DELETE FROM rollup_quarter; DELETE FROM rollup_day; DELETE FROM span_day;
    UPDATE device_cursor SET epoch = 1, seq = 0, digest = '', session = 1, last_ended_at = NULL, last_input_at = NULL
"""


@pytest.fixture
async def database(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh one, whose transactions stay open for as long as a test holds them: on a busy machine that is longer than a hub may."""
    monkeypatch.setattr(database_module, "SERVER_SETTINGS", LONG_TRANSACTIONS)
    monkeypatch.setattr(database_module, "COMMAND_S", 60.0)
    await close_pool()
    await open_pool(database, settings=LONG_TRANSACTIONS)
    return database


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """To be begun with `await world.begin(now)`."""
    made = World(monkeypatch)
    async with connection() as held:
        await held.execute(
            "INSERT INTO organisation (name, zone, expected_min) VALUES ('Halden', 'Europe/Oslo', '{480,480,480,480,420,0,0}')"
        )
        for person in sorted(set(World.owners.values())):
            await held.execute("INSERT INTO person (id, email, name) VALUES ($1, $2, '')", person, str(person))
        for device, person in World.owners.items():
            await held.execute(
                "INSERT INTO device (id, uid, person, public_key) VALUES ($1, $2, $3, '')",
                device,
                uuid.UUID(int=device),
                person,
            )
            await held.execute("INSERT INTO device_cursor (device, digest, session) VALUES ($1, '', 1)", device)
        for version, limit_s in LIMITS_S.items():
            policy = msgspec.json.encode(Policy(version=version, idle_limit_s=limit_s)).decode()
            await held.execute("INSERT INTO policy_version (version, policy) VALUES ($1, $2)", version, policy)
    yield made
    await made.end()
