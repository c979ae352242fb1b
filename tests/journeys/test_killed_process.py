"""One of two hub processes is killed under load: its agents are welcomed again, by either one, and an excess of the other melts."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from hub.live.balance import MARGIN, OVER
from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared, until
from .wall import settle_people, simulator

PEOPLE = 1000
RATE = 2
SECONDS = 70
AT_WORK = 0.85
"""The others have their machines switched off: their days are lifelike."""
THERE_LIMIT_S = 60.0
"""Generous, for a slow machine with other work: the figure is printed."""
SHARED_LIMIT_S = 120.0


def overfull(counts: list[int]) -> bool:
    mean = sum(counts) / len(counts)
    return max(counts) > max(OVER * mean, mean + MARGIN)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(300)
async def test_agents_of_a_killed_process_are_welcomed_again_and_shared_by_both(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    ledger = tmp_path / "ledger.jsonl"
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    await prepared(env)
    await settle_people(env, PEOPLE, 4)
    code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
    held = await asyncpg.connect(database)
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") == 2)
        fleet = await simulator(
            env, hub, code, tmp_path / "simulate.log", "--people", str(PEOPLE), "--rate", str(RATE),
            "--seconds", str(SECONDS), "--settle", "90", "--ledger", str(ledger), "--flaky", "0",
        )  # fmt: skip
        await until(lambda: sum(map(len, hub.served().values())) >= PEOPLE * AT_WORK, 120)
        killed = hub.children()[0]
        last = await held.fetchval("SELECT max(session) FROM device_cursor")
        lost = len(hub.served()[killed])
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        async with asyncio.timeout(THERE_LIMIT_S):
            while await held.fetchval("SELECT count(*) FROM device_cursor WHERE session > $1", last) < lost:
                await asyncio.sleep(0.1)
        welcomed_s = time.monotonic() - began
        await until(lambda: hub.said("hub_ready") == 3)
        shares = sorted(len(ports) for ports in hub.served().values())
        async with asyncio.timeout(SHARED_LIMIT_S):
            while overfull(then := sorted(len(ports) for ports in hub.served().values())):
                await asyncio.sleep(0.2)
        shared_s = time.monotonic() - began
        async with asyncio.timeout(SECONDS + 120):
            said, _ = await fleet.communicate()
        await held.close()
    verdict = command(env, "verify", "--ledger", str(ledger), timeout=120)
    record_property(
        "figure",
        f"one of two hub processes killed: its {lost} agents welcomed again after {welcomed_s:.1f} s, shared {shares}, "
        f"{then} after {shared_s:.0f} s; {verdict.strip()}",
    )

    assert len(shares) == len(then) == 2
    assert sum(then) > PEOPLE / 2  # the fleet was there, and not done already
    assert fleet.returncode == 0, said
    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert figures["generated"] == figures["acked"] == figures["stored"]
    assert (figures["duplicates"], figures["lost"]) == ("0", "0")
