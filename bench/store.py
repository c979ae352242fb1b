"""`store_copy`: what the group commit costs the hub's CPU above PostgreSQL's own COPY of the same rows.

1,000 devices hand in 20 intervals each, decoded and permitted, as one minute of backlog has them. Ours is `hub.live.store.Store`: cursors,
digests, rows, COPY, marks for the rollups, outcomes. The floor is the bare COPY of the very rows that this leads to, made beforehand, in
transactions of the same size over as many connections. Only the CPU of this process counts (user and system, from the OS's accounting);
PostgreSQL runs beside it, with fsync and synchronous commit on. Frames and sockets are not in it.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from bench.results import Result, result
from hub.database import close_pool, connection, open_pool, transaction
from hub.embedded import Embedded
from hub.live import rows
from hub.live.plan import Submission
from hub.live.store import FLUSHERS, GROUP_ROWS, Store
from hub.piccolo_app import migrate
from hub.retention import make_days
from hub.settings import Settings
from hub.wire.activity import Facts
from hub.wire.events import Event, Interval

NAME = "store_copy"
DEVICES = 1000
EVENTS = 20
RUNS = 5
WARM_UP = 1
APPS = ("Editor", "Terminal", "Browser", "Mail", "Chat", "Spreadsheet")


def run() -> Result:
    """Takes about a minute."""
    with (
        tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder,
        Embedded(Settings(data=Path(folder) / "data")) as servers,
    ):
        return uvloop.run(_measured(servers.database_url))


async def _measured(url: str) -> Result:
    await open_pool(url)
    try:
        await migrate()
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
        await make_days({start.date(), (start + timedelta(hours=1)).date()})
        devices = range(1, DEVICES + 1)
        events = {device: _events(device, start) for device in devices}
        records = [
            row
            for device in devices
            for seq, event in enumerate(events[device], 1)
            for row in rows.rows_of(device, device, 1, seq, event)
        ]
        runs: dict[str, list[float]] = {"ours": [], "bare COPY of the same rows": []}
        for number in range(WARM_UP + RUNS):
            for who, figures in runs.items():
                await _emptied()
                began = time.process_time()
                await (_ours(events) if who == "ours" else _bare(records))
                cpu_s = time.process_time() - began
                await _require_stored(len(records))
                if number >= WARM_UP:
                    figures.append(DEVICES * EVENTS / cpu_s)
    finally:
        await close_pool()
    return result(NAME, "events per CPU-second of the hub", "higher", runs, {"bare COPY of the same rows"})


async def _ours(events: dict[int, list[Event]]) -> None:
    store = Store()
    store.start()
    outcomes = await asyncio.gather(
        *(store.submit(Submission(device, device, 1, 1, 1, EVENTS, held)) for device, held in events.items())
    )
    await store.close(1)
    assert all(outcome.acked == EVENTS for outcome in outcomes)


async def _bare(records: list[rows.Row]) -> None:
    groups = [records[at : at + GROUP_ROWS] for at in range(0, len(records), GROUP_ROWS)]

    async def copy(mine: list[list[rows.Row]]) -> None:
        for group in mine:
            async with transaction() as held:
                await held.copy_records_to_table("interval", records=group, columns=rows.COLUMNS)

    async with asyncio.TaskGroup() as tasks:
        for flusher in range(FLUSHERS):
            tasks.create_task(copy(groups[flusher::FLUSHERS]))


async def _emptied() -> None:
    async with connection() as held:
        await held.execute("TRUNCATE interval, dirty, device_cursor")
        await held.execute(
            "INSERT INTO device_cursor (device, epoch, seq, digest, session) SELECT n, 1, 0, '', 1 FROM generate_series(1, $1) n",
            DEVICES,
        )


async def _require_stored(expected: int) -> None:
    async with connection() as held:
        stored = await held.fetchval("SELECT count(*) FROM interval")
    assert stored == expected, f"{stored} rows of {expected}"


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
