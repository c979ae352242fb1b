"""The oracle, outside the hub: ledgers against the database, walls against a fresh one, and whether a fresh write gets through."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from websockets.exceptions import ConnectionClosed

from chaos.device import Device
from chaos.viewers import Browsers, Walls
from hub.verify import Verdict, run
from hub.wire.activity import Facts
from hub.wire.events import Interval


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
