"""A hub process is frozen in the middle of a commit: the other's commits go on, also when some of its devices are among those locked."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared, until
from .wall import simulator

PEOPLE = 400
COME_OVER = 6
RATE = 20
SECONDS = 30
FIND_S = 60.0
"""A commit takes some milliseconds, so that a stop in the midst of one takes some tries."""
WATCHED_S = 1.5
"""Within the three seconds after which PostgreSQL ends a transaction that says nothing."""
SENT_S = 60 / RATE + 1
"""By then every device has sent again."""

# Backends that hold cursors of devices inside a transaction whose process says nothing more.
HOLDING = """
    SELECT held.pid FROM pg_locks held JOIN pg_stat_activity activity USING (pid)
    WHERE held.relation = 'device_cursor'::regclass AND held.mode = 'RowShareLock' AND activity.datname = current_database()
    AND activity.state = 'idle in transaction' AND clock_timestamp() - activity.state_change > '100 ms'
"""
# The frozen process commits nothing: what moves was committed by the other one.
ACKED = "SELECT device, seq FROM device_cursor"


async def frozen_in_a_commit(pid: int, held: asyncpg.Connection) -> int:
    """Stops the process again and again until it stands inside a transaction; returns the backend of that."""
    async with asyncio.timeout(FIND_S):
        while True:
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(0.15)
            backend: int | None = await held.fetchval(HOLDING)
            if backend is not None:
                return backend
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def locked(database: str, devices: list[int]) -> AsyncIterator[list[int]]:
    """Holds the cursors of these devices."""
    holding = await asyncpg.connect(database)
    try:
        async with holding.transaction():
            await holding.execute("SELECT 1 FROM device_cursor WHERE device = ANY($1::int[]) FOR UPDATE", devices)
            yield devices
    finally:
        await holding.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(240)
async def test_hub_frozen_in_the_middle_of_a_commit_holds_up_nobody_elses(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    ledger = tmp_path / "ledger.jsonl"
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    await prepared(env)
    code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
    held = await asyncpg.connect(database)
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") == 2)
        fleet = await simulator(
            env, hub, code, tmp_path / "simulate.log", "--people", str(PEOPLE), "--rate", str(RATE),
            "--seconds", str(SECONDS), "--settle", "90", "--ledger", str(ledger),
        )  # fmt: skip
        await until(lambda: ledger.exists() and ledger.read_bytes().count(b'"ack"') > PEOPLE)
        children = hub.children()
        frozen = children[0]
        try:
            backend = await frozen_in_a_commit(frozen, held)
            before = dict(await held.fetch(ACKED))
            await asyncio.sleep(WATCHED_S)
            after = dict(await held.fetch(ACKED))
            still = {row["pid"] for row in await held.fetch(HOLDING)}
            moved = {device for device, seq in before.items() if after[device] != seq}
            # As if some had just come over from the frozen hub, which still holds them.
            async with locked(database, sorted(moved)[:COME_OVER]) as come_over:
                await asyncio.sleep(SENT_S)
                before = dict(await held.fetch(ACKED))
                await asyncio.sleep(WATCHED_S)
                after = dict(await held.fetch(ACKED))
            beside = {device for device, seq in before.items() if after[device] != seq}
            left = {row["pid"] for row in await held.fetch(HOLDING)}
        finally:
            os.kill(frozen, signal.SIGCONT)
        async with asyncio.timeout(SECONDS + 120):
            said, _ = await fleet.communicate()
        assert hub.children() == children
        await held.close()
    verdict = command(env, "verify", "--ledger", str(ledger), timeout=120)
    record_property(
        "figure",
        f"one of two hub processes frozen inside its transaction: {len(moved)} of {len(before)} devices were committed by the other "
        f"in {WATCHED_S} s, {len(beside)} with {COME_OVER} of its own locked; {verdict.strip()}",
    )

    assert backend in still, "the locks were not held for as long as was looked"
    assert len(moved) > 10
    assert len(beside) > 10
    assert not beside & set(come_over)
    assert backend not in left
    assert fleet.returncode == 0, said
    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert figures["generated"] == figures["acked"] == figures["stored"]
    assert (figures["duplicates"], figures["lost"]) == ("0", "0")
