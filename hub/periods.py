"""What is over its period, person by person: removed each night by the worker, as the policy that counts for each of them has it.

A period is a number of whole workdays of the person, in their zone, before the one that holds now. `kept_since` says of each kind how far
that has been done, and moves in the transaction that removes: so a run looks at what has come to be over since the one before, one that
was cut short is carried on, and two at once do nothing twice. Where something older is stored all the same, the rollup job sets back the
watermarks of details, and deletes it where the activity itself is over (`rollups/job.py`).

What rollups are made of is removed under the rollup job's lock, together with what was made of it: sums stay what they were, in one row
without apps and without counts. Days whose rows are gone are never judged again (`rollups/stored.py`). Rows of somebody with the longest
period go with their day (`retention.py`). Of who is under a legal hold nothing is removed, and their watermarks stay.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from hub import audit
from hub.database import connection, transaction
from hub.people.zones import zones_of
from hub.rollups import job as rollups
from hub.rollups.job import ROLLUP_LOCK
from hub.rollups.stored import limits
from hub.rollups.united import QUARTER
from hub.wire.events import RETENTION_DAYS
from hub.wire.policy import DEFAULT, Policy
from hub.workdays import bounds, day_of

JOB = "periods"
LOCK = 0x6461796C69676870
"""The advisory lock's number: `daylighp` in ASCII. Two runs take turns, batch by batch."""
LONGEST_S = 60
PEOPLE_AT_ONCE = 32
DAYS_AT_ONCE = 4
"""Of each of them in one transaction: with a row a minute at work some 60,000 rows, when a long time is over at once; else a day."""
RUN_S = 5 * 3600.0
"""A run begins no further batch after this: what is left goes the next night."""
ROLL_UP_S = 30.0
"""So often the rollup job, which does nothing while its lock is held, has its turn between two batches."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows one run removed, or emptied of something: of intervals, quarters and days together."""

    activity: int = 0
    titles: int = 0
    apps: int = 0
    counts: int = 0
    sums: int = 0
    set_aside: int = 0
    """Events that could not be stored. Their receipts stay."""
    left: int = 0
    """People of whom something is left for another run: time was up, or their days are not summed up yet."""


class Slice(NamedTuple):
    """Workdays of a person that are over: from `first` on, or from ever on, up to `last`, which is not."""

    person: int
    first: date | None
    start_at: datetime
    last: date
    end_at: datetime
    rows: bool
    """Whether rows are removed or emptied here. With the longest period they go with their day."""


class Kind(NamedTuple):
    """What has a period: its names in the policy, in `kept_since` and in `Done`, and what removes it."""

    days: str
    column: str
    told: str
    remove: Callable[[Any, Sequence[Slice]], Awaitable[Counter[int]]]


async def keep(now: datetime) -> Done:
    """One run: removes what is over at `now`, of all people. Idempotent."""
    return await _Run(now).run()


class _Run:
    def __init__(self, now: datetime) -> None:
        self._now = now
        self._clock = asyncio.get_running_loop().time
        self._until = self._clock() + RUN_S
        self._rolled_up_at = self._clock() - 2 * ROLL_UP_S
        self._policies: dict[int, Policy] = {}
        self._removed: Counter[str] = Counter()
        self._people: Counter[str] = Counter()
        self._left: set[int] = set()

    async def run(self) -> Done:
        try:
            for kind in KINDS:
                async with connection() as held:
                    people = [due.person for due in await self._due(held, kind)]
                for first in range(0, len(people), PEOPLE_AT_ONCE):
                    await self._remove(kind, people[first : first + PEOPLE_AT_ONCE])
            await self._empty_set_aside()
        finally:
            for told, rows in self._removed.items():
                if rows:
                    async with transaction():
                        await audit.record("period_over", None, kind=told, people=self._people[told], rows=rows)
        return Done(left=len(self._left), **self._removed)

    async def _remove(self, kind: Kind, group: Collection[int]) -> None:
        """Some days of these people after the other, each of them in one transaction."""
        removed: Counter[int] = Counter()
        while True:
            if self._clock() > self._until:
                self._left.update(group)
                break
            if self._clock() > self._rolled_up_at + ROLL_UP_S:
                while (await rollups.roll_up(self._now)).more:
                    pass
                self._rolled_up_at = self._clock()
            async with transaction() as held:
                await held.execute(f"SET LOCAL transaction_timeout = '{LONGEST_S}s'")
                await held.execute("SELECT pg_advisory_xact_lock($1)", LOCK, timeout=LONGEST_S)
                if kind is not TITLES:  # which nothing is made of
                    await held.execute("SELECT pg_advisory_xact_lock($1)", ROLLUP_LOCK, timeout=LONGEST_S)
                await held.execute(_STAY, list(group), timeout=LONGEST_S)
                due = await self._due(held, kind, group)
                if kind is ACTIVITY:
                    due = await self._summed_up(held, due)
                if not due:
                    break
                rows = await kind.remove(held, due)
                await held.execute(
                    f"INSERT INTO kept_since (person, {kind.column}) SELECT * FROM unnest($1::int[], $2::timestamptz[]) "  # noqa: S608 - ours
                    f"ON CONFLICT (person) DO UPDATE SET {kind.column} = excluded.{kind.column}",
                    [one.person for one in due],
                    [one.end_at for one in due],
                )
            removed += rows
        self._removed[kind.told] += removed.total()
        self._people[kind.told] += len(removed)

    async def _due(self, held: Any, kind: Kind, people: Collection[int] | None = None) -> list[Slice]:
        """What is over and still there: of all people, or of some only and no more than one transaction takes."""
        rows = await held.fetch(
            _KEPT.format(column=kind.column, earliest="" if people is None else _EARLIEST.format(column=kind.column)),
            people,
        )
        await self._learn(held, {row["version"] for row in rows} - {None})
        zones = await zones_of(held, [row["id"] for row in rows])
        due = []
        for row in rows:
            theirs = zones[row["id"]]
            days: int = getattr(self._policies.get(row["version"], DEFAULT), kind.days)
            last = day_of(theirs, self._now) - timedelta(days=days)
            first = None if row["since"] is None else day_of(theirs, row["since"])
            if first is not None and first >= last:
                continue
            if people is not None:
                # Up to their earliest row there is nothing but perhaps sums: all of it in one go.
                begins = day_of(theirs, row["earliest"]) if row["earliest"] else last
                last = min(last, begins if first is None or begins > first else first + timedelta(days=DAYS_AT_ONCE))
            start_at = EVER if first is None else bounds(theirs, first)[0]
            due.append(Slice(row["id"], first, start_at, last, bounds(theirs, last)[0], days < RETENTION_DAYS))
        return due

    async def _learn(self, held: Any, versions: set[int]) -> None:
        for row in await held.fetch(
            "SELECT version, policy FROM policy_version WHERE version = ANY($1::int[])",
            list(versions - self._policies.keys()),
        ):
            self._policies[row["version"]] = msgspec.json.decode(row["policy"], type=Policy)

    async def _summed_up(self, held: Any, due: list[Slice]) -> list[Slice]:
        """Those whose days need no row any more that is to be removed."""
        reach = (await limits(held)).longest + QUARTER
        marked = await held.fetch(
            "SELECT person FROM unnest($1::int[], $2::timestamptz[]) AS w(person, end_at) WHERE EXISTS "
            "(SELECT FROM dirty WHERE dirty.person = w.person AND dirty.quarter_at < w.end_at + $3::interval)",
            [one.person for one in due],
            [one.end_at for one in due],
            reach,
        )
        waiting = {row["person"] for row in marked}
        self._left |= waiting
        return [one for one in due if one.person not in waiting]

    async def _empty_set_aside(self) -> None:
        """Events in quarantine hold whatever they told: the shortest period of all counts, since when they came."""
        async with transaction() as held:
            rows = await held.fetch(_KEPT.format(column="title_at", earliest=""), None)
            await self._learn(held, {row["version"] for row in rows} - {None})
            kept = [
                (row["id"], min(getattr(self._policies.get(row["version"], DEFAULT), kind.days) for kind in KINDS))
                for row in rows
            ]
            emptied = await held.fetch(
                "UPDATE quarantine SET event = '' FROM device, unnest($1::int[], $2::int[]) AS w(person, days) "
                "WHERE device.id = quarantine.device AND w.person = device.person AND event <> '' "
                "AND received_at < $3::timestamptz - w.days * interval '1 day' RETURNING w.person",
                [person for person, _ in kept],
                [days for _, days in kept],
                self._now,
            )
        self._removed["set_aside"] = len(emptied)
        self._people["set_aside"] = len({row["person"] for row in emptied})


async def _remove_activity(held: Any, due: Sequence[Slice]) -> Counter[int]:
    rows = await _do(held, 'DELETE FROM "interval" AS stored USING {over} WHERE {rows}', _by_row(due))
    rows += await _do(held, "DELETE FROM rollup_quarter AS stored USING {over} WHERE {quarters}", due)
    over = "DELETE FROM pause AS stored USING {over} WHERE stored.person = w.person AND stored.until_at < w.end_at"
    return rows + await _do(held, over, due)


async def _remove_titles(held: Any, due: Sequence[Slice]) -> Counter[int]:
    emptied = 'UPDATE "interval" AS stored SET title = NULL FROM {over} WHERE {rows} AND title IS NOT NULL'
    return await _do(held, emptied, _by_row(due))


async def _remove_apps(held: Any, due: Sequence[Slice]) -> Counter[int]:
    rows = await _do(held, _UNNAMED, _by_row(due))
    for table, place, within, over in _SUMMED:
        # What has an app or a site goes into the one row of its state that has neither.
        deleted = (
            f"named AS (DELETE FROM {table} AS stored USING {{over}} WHERE {within} AND {_NAMED} RETURNING stored.*), "  # noqa: S608
        )
        added = _MERGED.replace("TABLE", table).replace("PLACE", place)
        rows += await _do(held, added, over(due), before=deleted)
    return rows


async def _remove_counts(held: Any, due: Sequence[Slice]) -> Counter[int]:
    rows = await _do(held, _UNCOUNTED.replace("TABLE", '"interval"').replace("WITHIN", "{rows}"), _by_row(due))
    for table, _, within, over in _SUMMED:
        for statement in (_NOTHING_ELSE, _UNCOUNTED):
            rows += await _do(held, statement.replace("TABLE", table).replace("WITHIN", within), over(due))
    return rows


async def _remove_sums(held: Any, due: Sequence[Slice]) -> Counter[int]:
    rows = await _do(held, "DELETE FROM rollup_day AS stored USING {over} WHERE {days}", due)
    return rows + await _do(held, "DELETE FROM span_day AS stored USING {over} WHERE {days}", due)


def _by_row(due: Sequence[Slice]) -> Sequence[Slice]:
    return [one for one in due if one.rows]


def _all(due: Sequence[Slice]) -> Sequence[Slice]:
    return due


async def _do(held: Any, statement: str, over: Sequence[Slice], before: str = "") -> Counter[int]:
    """Returns how many rows it changed, by person."""
    if not over:
        return Counter()
    statement = f"WITH {before}done AS ({statement} RETURNING stored.person) {_BY_PERSON}"
    statement = statement.format(over=_OVER, rows=_ROWS, quarters=_QUARTERS, days=_DAYS)
    people, firsts, starts, lasts, ends, _ = zip(*over, strict=True)
    around = (min(starts), max(ends)) if _ROWS in statement else ()
    columns = (list(column) for column in (people, firsts, starts, lasts, ends))
    return Counter(dict(map(tuple, await held.fetch(statement, *columns, *around, timeout=LONGEST_S))))


TITLES = Kind("title_days", "title_at", "titles", _remove_titles)
ACTIVITY = Kind("activity_days", "activity_at", "activity", _remove_activity)
KINDS = (
    ACTIVITY,
    TITLES,
    Kind("app_days", "app_at", "apps", _remove_apps),
    Kind("count_days", "count_at", "counts", _remove_counts),
    Kind("sum_days", "sum_at", "sums", _remove_sums),
)

_OVER = (
    "unnest($1::int[], $2::date[], $3::timestamptz[], $4::date[], $5::timestamptz[]) "
    "AS w(person, first, start_at, last, end_at)"
)
_ROWS = (
    "stored.person = w.person AND stored.started_at >= w.start_at AND stored.started_at < w.end_at "
    "AND stored.started_at >= $6 AND stored.started_at < $7"
)
_QUARTERS = "stored.person = w.person AND stored.quarter_at >= w.start_at AND stored.quarter_at < w.end_at"
_DAYS = "stored.person = w.person AND (w.first IS NULL OR stored.day >= w.first) AND stored.day < w.last"
_NAMED = "(app IS NOT NULL OR site IS NOT NULL)"
_BY_PERSON = "SELECT person, count(*) FROM done GROUP BY person"
_SUMMED = (("rollup_quarter", "quarter_at", "{quarters}", _by_row), ("rollup_day", "day", "{days}", _all))
"""Quarters go with the activity; days outlive it, without what the details were."""
_UNNAMED = 'UPDATE "interval" AS stored SET app = NULL, site = NULL FROM {over} WHERE {rows} AND (app IS NOT NULL OR site IS NOT NULL)'
_UNCOUNTED = """
    UPDATE TABLE AS stored SET keys = 0, clicks = 0, scrolls = 0 FROM {over}
    WHERE WITHIN AND (keys > 0 OR clicks > 0 OR scrolls > 0)
"""
# Where another device owned the time there was nothing but counts.
_NOTHING_ELSE = "DELETE FROM TABLE AS stored USING {over} WHERE WITHIN AND duration_us = 0"
_MERGED = """
    INSERT INTO TABLE AS stored (person, PLACE, state, duration_us, keys, clicks, scrolls)
    SELECT person, PLACE, state, sum(duration_us), sum(keys), sum(clicks), sum(scrolls) FROM named GROUP BY person, PLACE, state
    ON CONFLICT (person, PLACE, state, app, site) DO UPDATE SET duration_us = stored.duration_us + excluded.duration_us,
        keys = stored.keys + excluded.keys, clicks = stored.clicks + excluded.clicks, scrolls = stored.scrolls + excluded.scrolls
"""
# Nobody is erased meanwhile, and nobody hears that a hold stands while what it is to keep is being removed.
_STAY = "SELECT FROM person WHERE id = ANY($1::int[]) ORDER BY id FOR SHARE"
# Since when a kind is kept of each person, and by which version of a policy: none but before anything was ever set, or of who is new.
_KEPT = """
    SELECT person.id, given.version, kept_since.{column} AS since {earliest}
    FROM person LEFT JOIN kept_since ON kept_since.person = person.id
    LEFT JOIN LATERAL (
        SELECT CASE WHEN acknowledged_at IS NULL THEN held ELSE wanted END AS version
        FROM person_policy WHERE person_policy.person = person.id ORDER BY person_policy.id DESC LIMIT 1
    ) AS given ON true
    WHERE erased_at IS NULL AND ($1::int[] IS NULL OR person.id = ANY($1))
        AND NOT EXISTS (SELECT FROM legal_hold WHERE legal_hold.person = person.id AND lifted_at IS NULL)
    ORDER BY person.id
"""
# By what was summed up of them, which is a run's first step: one look into one index, and not into those of all days.
_EARLIEST = """
    , (SELECT quarter_at FROM rollup_quarter WHERE rollup_quarter.person = person.id
        AND quarter_at >= coalesce(kept_since.{column}, '-infinity') ORDER BY quarter_at LIMIT 1) AS earliest
"""
