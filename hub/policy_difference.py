"""What a change of policies would do: to how many people and devices, what it would have meant last week, and what would be removed.

Of fewer than five people together nothing is told that one could be found in.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec

from hub.database import connection, transaction
from hub.policies.worlds import Touched
from hub.policy_last_week import COUNT_S, COUNTED_MAX, TOLD_MIN, LastWeek, last_week, roughly
from hub.wire.policy import DETAILS, PERIODS, widened


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What a shorter period would have removed the next night, for good. Nothing of who is under a legal hold."""

    period: str
    days: int
    """The shortest that it becomes of anybody."""
    people: int
    """Of whom it becomes shorter."""
    since: date | None
    """The day of the oldest that would go; null when nothing would, and of fewer than five people of whom something would and who may be
    shown."""
    records: int | None
    """How many rows, to two digits; 200,000 for as many or more. Null as above, and where it takes too long to count them."""


class Difference(LastWeek, frozen=True, kw_only=True):
    """What a change would do."""

    people: int
    devices: int
    """Of theirs, not revoked."""
    widens: list[str]
    """The fields by which more is collected of somebody than before."""
    asked: int
    """How many of these people acknowledge it first."""
    removes: list[Removal]
    """What shorter periods would have removed; of a detail only where it goes before its activity."""


async def difference(touched: Collection[Touched]) -> Difference:
    people = [each.person for each in touched]
    async with connection() as held:
        devices = await held.fetchval(
            "SELECT count(*) FROM device WHERE person = ANY($1::int[]) AND revoked_at IS NULL", people
        )
    wider = {word: None for each in touched for word in widened(each.old, each.new)}
    told = await last_week(touched)
    return Difference(
        people=len(people),
        devices=devices,
        widens=list(wider),
        asked=sum(each.held != each.new for each in touched),
        removes=[removal for period in PERIODS if (removal := await _removed(period, touched))],
        **msgspec.structs.asdict(told),
    )


async def _removed(period: str, touched: Collection[Touched]) -> Removal | None:
    """By what will count for each of them, whether or not they acknowledge a longer one. Days are those of UTC here."""
    shorter = {each.person: getattr(each.held, period) for each in touched if _is_shorter(period, each)}
    if not shorter:
        return None
    today = datetime.now(UTC).date()
    people, before = list(shorter), [today - timedelta(days=days) for days in shorter.values()]
    since, records = None, None
    async with transaction() as held:
        found = await held.fetch(_OVER, people, before)
        old = {row["person"]: row["day"] for row in found if row["day"]}
        if len(old) >= TOLD_MIN:
            since = min(old.values())
            await held.execute(f"SET LOCAL statement_timeout = '{COUNT_S}s'")
            with suppress(asyncpg.QueryCanceledError):
                async with held.transaction():
                    limits = [today - timedelta(days=shorter[person]) for person in old]
                    counted = await held.fetchrow(_COUNTED[period], list(old), limits, since, COUNTED_MAX)
                    if 0 < counted["people"] < TOLD_MIN:  # the others are there, and have nothing of the kind
                        since = None
                    else:
                        records, since = counted["count"], since if counted["count"] == COUNTED_MAX else counted["day"]
    return Removal(
        period=period,
        days=min(shorter.values()),
        people=len(shorter),
        since=since,
        records=None if records is None else int(roughly(records)),
    )


def _is_shorter(period: str, each: Touched) -> bool:
    """Of a detail that goes with its activity that is told."""
    days, activity = getattr(each.held, period), each.held.activity_days
    with_it = period in DETAILS and days == activity < each.old.activity_days
    return days < getattr(each.old, period) and not with_it


# The earliest day that would go of each of these people who may be shown.
_OVER = """
    SELECT w.person, least(
        (SELECT day FROM rollup_day WHERE person = w.person AND day < w.before ORDER BY day LIMIT 1),
        (SELECT (started_at AT TIME ZONE 'UTC')::date FROM "interval"
            WHERE person = w.person AND started_at < w.before::timestamp AT TIME ZONE 'UTC'
            ORDER BY started_at LIMIT 1)
    ) AS day
    FROM unnest($1::int[], $2::date[]) AS w(person, before) JOIN person ON person.id = w.person
    WHERE restricted_at IS NULL
        AND NOT EXISTS (SELECT FROM legal_hold WHERE legal_hold.person = w.person AND lifted_at IS NULL)
"""
_ROWS_OVER = """
    SELECT count(*), count(DISTINCT person) AS people, min(day) AS day FROM (
        SELECT w.person, (started_at AT TIME ZONE 'UTC')::date AS day FROM unnest($1::int[], $2::date[]) AS w(person, before)
        JOIN "interval" i ON i.person = w.person AND i.started_at < w.before::timestamp AT TIME ZONE 'UTC'
        WHERE i.started_at >= $3::date::timestamp AT TIME ZONE 'UTC' AND FILLED LIMIT $4
    ) AS found
"""
_COUNTED = {
    "title_days": _ROWS_OVER.replace("FILLED", "title IS NOT NULL"),
    "app_days": _ROWS_OVER.replace("FILLED", "(app IS NOT NULL OR site IS NOT NULL)"),
    "count_days": _ROWS_OVER.replace("FILLED", "(keys > 0 OR clicks > 0 OR scrolls > 0)"),
    "activity_days": _ROWS_OVER.replace("FILLED", "true"),
    "sum_days": """
        SELECT count(*), count(DISTINCT person) AS people, min(day) AS day FROM (
            SELECT person, day FROM unnest($1::int[], $2::date[]) AS w(person, before) JOIN rollup_day USING (person)
            WHERE day < before AND day >= $3 LIMIT $4
        ) AS found
    """,
}
