"""The oracle: ledgers against the database, rollups against the rows, walls against a fresh one, and whether a fresh write gets through.

It looks from outside, and shares no code with what it judges but the wire and `daylight verify`."""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
from websockets.exceptions import ConnectionClosed

from chaos.device import Device
from chaos.viewers import Browsers, Walls
from hub.verify import Verdict, run
from hub.wire.activity import Facts
from hub.wire.events import Event, Interval

FAR = timedelta(days=300)
"""Of an event that has a reason to be set aside: a clock ten years off, or a time that no clock tells."""
POISONED = frozenset({"wall_clock", "input_outside_horizon", "too_long"})
"""What only those events are set aside for that were made to be (`chaos.faults`)."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All ledgers together."""

    generated: int
    acked: int
    stored: int
    quarantined: int
    declared_lost: int
    lost: int
    duplicates: int
    broken: tuple[str, ...]


async def judge(ledgers: Sequence[Path], database_url: str) -> Judged:
    """Holds every ledger against the database, which has to be quiet. Raises `StartError` and `BadLedger`."""
    verdicts = [await run(ledger, database_url) for ledger in ledgers]

    def total(name: str) -> int:
        return sum(getattr(verdict, name) for verdict in verdicts)

    return Judged(
        generated=total("generated"),
        acked=total("acked"),
        stored=total("stored"),
        quarantined=total("quarantined"),
        declared_lost=total("declared_lost"),
        lost=total("lost"),
        duplicates=total("duplicates"),
        broken=tuple(line for path, verdict in zip(ledgers, verdicts, strict=True) for line in _said(path, verdict)),
    )


def _said(path: Path, verdict: Verdict) -> list[str]:
    return [f"{path.stem}: {broken.what}: {broken.count}, as {'; '.join(broken.examples)}" for broken in verdict.broken]


async def set_aside_in_error(database_url: str, poisoner: str) -> list[str]:
    """Events in quarantine that nobody made for it: from a clock that was right, of a device that sends no poison, or twice."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    seen: set[tuple[int, int, int]] = set()
    for row in await _asked(database_url, _QUARANTINE):
        event, uid = _decode(row["event"]), str(row["uid"])
        place = row["device"], row["epoch"], row["seq"]
        far = max(abs(at - row["received_at"]) for at in (event.started_at, event.ended_at)) > FAR
        meant = row["reason"] in POISONED if uid == poisoner else False
        if place in seen:
            found[uid]["twice"] += 1
        elif not (meant or (row["reason"] == "outside_horizon" and far)):
            found[uid][row["reason"]] += 1
        seen.add(place)
    return [f"{uid}: set aside in error: {dict(reasons)}" for uid, reasons in found.items()]


async def rollups_that_differ(database_url: str) -> list[str]:
    """Quarter-hours and days of a person whose rollups say another length of time, or other counts, than the rows. None may be marked."""
    return [
        f"person {row['person']}, {row['at']}: rolled up {row['rolled']}, of the rows {row['stored']} (µs, keys, clicks, scrolls)"
        for row in await _asked(database_url, _DIFFERENT)
    ]


async def _asked(database_url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(
        database_url, server_settings={"timezone": "UTC", "jit": "off", "work_mem": "256MB"}
    )
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


async def fresh_write_s(probe: Device, limit_s: float) -> float | None:
    """How long a write on a new connection takes until it is acked; None when it is not within the limit."""
    now = datetime.now(UTC)
    # A length that is short enough not to overlap with the one before, and crosses no quarter-hour.
    event = Interval(
        started_at=now,
        ended_at=now + timedelta(microseconds=1),
        wall_at=now,
        zone_min=0,
        policy=probe.policy.version,
        facts=Facts(app="Probe"),
    )
    return await probe.deliver([event], limit_s)


async def walls_show_somebody(walls: Walls, limit_s: float) -> bool:
    """Whether somebody is live on some wall within the limit: walls that are empty agree about nothing."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while not walls.show_somebody():
                await asyncio.sleep(0.1)
            return True
    return False


async def walls_agree_s(walls: Walls, limit_s: float) -> float | None:
    """How long it takes, while nobody says anything new, until every wall is as a fresh one; None when it takes longer."""
    not_yet: tuple[type[Exception], ...] = (*Browsers.refusals, ConnectionClosed)
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        try:
            async with asyncio.timeout(limit_s):
                if await walls.equal_a_fresh_one():
                    return time.monotonic() - began
        except not_yet:
            pass
        await asyncio.sleep(0.3)
    return None


_decode = msgspec.msgpack.Decoder(Event).decode
_QUARANTINE = """
    SELECT uid, device, epoch, seq, reason, event, received_at FROM quarantine JOIN device ON device.id = device ORDER BY received_at
"""
# Whatever devices say at one instant, it is counted once: the states of a quarter-hour last as long as its rows, laid over one another.
_DIFFERENT = """
    WITH stored AS (
        SELECT person, date_bin('15 minutes', started_at, 'epoch') AS at, range_agg(tstzrange(started_at, ended_at)) AS spans,
            sum(keys) AS keys, sum(clicks) AS clicks, sum(scrolls) AS scrolls
        FROM "interval" GROUP BY 1, 2
    ), rows AS (
        SELECT person, at, ARRAY[
            (SELECT sum(round(extract(epoch FROM upper(span) - lower(span)) * 1000000)) FROM unnest(spans) span),
            keys, clicks, scrolls] AS stored
        FROM stored
    ), rolled AS (
        SELECT person, quarter_at AS at, ARRAY[sum(duration_us), sum(keys), sum(clicks), sum(scrolls)] AS rolled
        FROM rollup_quarter GROUP BY 1, 2
    ), days AS (
        SELECT person, date_trunc('day', at AT TIME ZONE zone) AS at,
            ARRAY[sum(stored[1]), sum(stored[2]), sum(stored[3]), sum(stored[4])] AS stored
        FROM rows JOIN person ON person.id = person GROUP BY 1, 2
    ), rolled_days AS (
        SELECT person, day::timestamp AS at, ARRAY[sum(duration_us), sum(keys), sum(clicks), sum(scrolls)] AS rolled
        FROM rollup_day GROUP BY 1, 2
    )
    SELECT person, at::text, rolled::text, stored::text FROM rows FULL JOIN rolled USING (person, at) WHERE rolled IS DISTINCT FROM stored
    UNION ALL
    SELECT person, at::text, rolled::text, stored::text FROM days FULL JOIN rolled_days USING (person, at)
    WHERE rolled IS DISTINCT FROM stored
    LIMIT 10
"""
