"""What a change of policies would have meant last week: the last seven whole days of UTC, of those whom it touches.

Of fewer than five people together nothing is told that one could be found in: neither where fewer were there, nor where the figure would
be made of fewer. What a wider policy would have collected nobody knows: it was not.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any

import asyncpg
import msgspec

from hub.database import connection, transaction
from hub.policies.worlds import Touched
from hub.rollups.read import idle_under
from hub.wire.activity import quarters
from hub.wire.policy import Policy, collects, widened

TOLD_MIN = 5
"""Of fewer people together no figure is told: it would be one of each."""
COUNT_S, COUNTED_MAX = 2, 200_000
"""Records that a change would have kept less of, or would remove, are counted for so long, and so many of them."""
JUDGED_MAX = 60
"""People whose last week is judged anew for one question: some 30 ms each."""
WEEK_DAYS = 7


class LastWeek(msgspec.Struct, frozen=True, kw_only=True):
    """A figure is null where the change does not touch what it is of, and where it can't be told: then `untold` names the field."""

    without_app_min: float | None
    """Active and passive minutes that would have kept no app, to two digits."""
    idle_min: float | None
    """By how many minutes more, or fewer, they would have been idle, to two digits."""
    outside_percent: int | None
    """How much of the active and passive time lies outside hours that become fewer. A share, since hours could be asked for one after the
    other until a figure tells of somebody's."""
    without_titles: int | None
    """Records that would have kept no title, to two digits; 200,000 for as many or more."""
    without_counts: float | None
    """Keys, clicks and scrolls that would not have been counted, to two digits."""
    untold: list[str]
    """Fields of which nothing can be told: fewer than five people were there and may be shown, or were of the figure; some of the week is
    still being summed up; or they are too many to be counted while somebody waits."""


async def last_week(touched: Collection[Touched]) -> LastWeek:
    limits = {each.person: each.new.idle_limit_s for each in touched if each.new.idle_limit_s != each.old.idle_limit_s}
    fewer = {each.person: each.new for each in touched if "hours" in widened(each.new, each.old)}
    untold: list[str] = []

    async def told(field: str, people: Iterable[int], figure: Any) -> Any:
        if not (asked := list(people)):
            return None
        there = await _there(asked)
        told = await figure(there) if len(there) >= TOLD_MIN else None
        if told is None:
            untold.append(field)
        return told

    return LastWeek(
        without_app_min=await told("app", _off("app", touched), _with_app_min),
        idle_min=await told(
            "idle_limit_s", limits, lambda there: _more_idle_min({each: limits[each] for each in there})
        ),
        outside_percent=await told(
            "hours", fewer, lambda there: _outside_percent({each: fewer[each] for each in there})
        ),
        without_titles=await told("title", _off("title", touched), _titles),
        without_counts=await told("input_counts", _off("input_counts", touched), _counts),
        untold=untold,
    )


def roughly(figure: float) -> float:
    """To two digits, so that of two groups that differ by one person the difference does not tell of that one."""
    return float(f"{figure:.1e}")


def _off(kind: str, touched: Collection[Touched]) -> list[int]:
    return [each.person for each in touched if getattr(each.old, kind) and not getattr(each.new, kind)]


def _week() -> tuple[datetime, datetime]:
    until = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    return until - timedelta(days=WEEK_DAYS), until


async def _there(people: list[int]) -> list[int]:
    """Those of whom something is stored and may be shown: nobody hides one person among others who were not there."""
    since, until = _week()
    async with connection() as held:
        rows = await held.fetch(
            "SELECT id FROM person WHERE id = ANY($1::int[]) AND restricted_at IS NULL AND EXISTS "
            "(SELECT FROM rollup_day WHERE person = person.id AND day >= $2 AND day < $3) ORDER BY id",
            people,
            since.date(),
            until.date(),
        )
    return [row["id"] for row in rows]


async def _summed(people: Collection[int], question: str, *values: Any) -> Any:
    """The one row of `question`, whose first values are the people and the week; `None` while some of that is still to be rolled up, and
    where it takes too long."""
    since, until = _week()
    async with transaction() as held:
        waits = await held.fetchval(
            "SELECT EXISTS(SELECT FROM dirty WHERE person = ANY($1::int[]) AND quarter_at >= $2 AND quarter_at < $3)",
            list(people),
            since - timedelta(days=1),
            until,
        )
        if waits:
            return None
        await held.execute(f"SET LOCAL statement_timeout = '{COUNT_S}s'")
        with suppress(asyncpg.QueryCanceledError):
            async with held.transaction():
                return await held.fetchrow(question, list(people), since, until, *values)
    return None


def _is_told(row: Any) -> bool:
    """Nothing of anybody, or something of enough people."""
    return row is not None and not 0 < row["people"] < TOLD_MIN


async def _with_app_min(people: list[int]) -> float | None:
    row = await _summed(people, _WITH_APP)
    return roughly(row["sum"] / 60e6) if _is_told(row) else None


async def _counts(people: list[int]) -> float | None:
    row = await _summed(people, _COUNTS)
    return roughly(row["sum"]) if _is_told(row) else None


async def _titles(people: list[int]) -> int | None:
    row = await _summed(people, _TITLES, COUNTED_MAX)
    if row is None or not _is_told(row):
        return None
    return int(row["sum"] if row["sum"] == COUNTED_MAX else roughly(row["sum"]))


async def _outside_percent(policies: Mapping[int, Policy]) -> int | None:
    """By hours and zone, of which there are few: a quarter-hour of UTC lies wholly within the hours or wholly without."""
    groups: dict[tuple[Any, str], list[int]] = {}
    for person, policy in policies.items():
        groups.setdefault((policy.hours, policy.zone), []).append(person)
    outside = whole = people = 0
    for members in groups.values():
        policy = policies[members[0]]
        without = [start for start, _ in quarters(*_week()) if not collects(policy, start)]
        row = await _summed(members, _OUTSIDE, without)
        if row is None:
            return None
        outside, whole, people = outside + row["sum"], whole + row["whole"], people + row["people"]
    if 0 < people < TOLD_MIN:
        return None
    return min(100, math.ceil(100 * outside / whole)) if outside else 0


async def _more_idle_min(limits_s: dict[int, int]) -> float | None:
    if len(limits_s) > JUDGED_MAX:
        return None
    was, would = await idle_under(dict.fromkeys(limits_s, _week()), limits_s)
    return roughly((would - was) / 60)


_WITH_APP = """
    SELECT coalesce(sum(duration_us), 0)::float8 AS sum, count(DISTINCT person) AS people FROM rollup_day
    WHERE person = ANY($1::int[]) AND day >= ($2 AT TIME ZONE 'UTC')::date AND day < ($3 AT TIME ZONE 'UTC')::date
        AND app IS NOT NULL AND state IN ('active', 'passive') AND duration_us > 0
"""
_COUNTS = """
    SELECT coalesce(sum(keys + clicks + scrolls), 0)::float8 AS sum, count(DISTINCT person) AS people FROM rollup_day
    WHERE person = ANY($1::int[]) AND day >= ($2 AT TIME ZONE 'UTC')::date AND day < ($3 AT TIME ZONE 'UTC')::date
        AND keys + clicks + scrolls > 0
"""
_TITLES = """
    SELECT count(*) AS sum, count(DISTINCT person) AS people FROM (
        SELECT person FROM "interval" WHERE person = ANY($1::int[]) AND started_at >= $2 AND started_at < $3 AND title IS NOT NULL LIMIT $4
    ) AS found
"""
# Time outside, of how many people, and the whole of the same week.
_OUTSIDE = """
    SELECT coalesce(sum(duration_us) FILTER (WHERE outside), 0)::float8 AS sum, count(DISTINCT person) FILTER (WHERE outside) AS people,
        coalesce(sum(duration_us), 0)::float8 AS whole
    FROM (
        SELECT person, duration_us, quarter_at = ANY($4::timestamptz[]) AS outside FROM rollup_quarter
        WHERE person = ANY($1::int[]) AND quarter_at >= $2 AND quarter_at < $3 AND state IN ('active', 'passive') AND duration_us > 0
    ) AS rolled
"""
