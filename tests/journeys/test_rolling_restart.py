"""A new version is brought in under load: processes are replaced one by one, and nobody is refused for good."""

import asyncio
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.wire.closing import Close
from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared, until
from .wall import settle_people, simulator, watched

PEOPLE = 2000
VIEWERS = 100
TEAMS = 4
RATE = 4
SECONDS = 45
AT_WORK = 0.85
"""The others have their machines switched off: their days are lifelike."""
ALL_THERE_S = 90.0
"""Generous: enrolment takes most of it."""


@pytest.mark.timeout(300)
async def test_rolling_restart_under_2000_agents_and_100_viewers_loses_and_refuses_nothing(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    ledger = tmp_path / "ledger.jsonl"
    env = environment(database, redis_url, origin, tmp_path / "data")
    await prepared(env)
    teams = await settle_people(env, PEOPLE, TEAMS)
    code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await hub.await_ready()
        began = time.monotonic()
        fleet = await simulator(
            env, hub, code, tmp_path / "simulate.log", "--people", str(PEOPLE), "--rate", str(RATE),
            "--seconds", str(SECONDS), "--settle", "90", "--ledger", str(ledger), "--flaky", "0",
        )  # fmt: skip
        async with watched(hub, origin, teams, VIEWERS) as wall:
            async with asyncio.timeout(ALL_THERE_S):
                while wall.links()["live"] < PEOPLE * AT_WORK:
                    await asyncio.sleep(0.2)
            all_there_s = time.monotonic() - began
            old = set(hub.children())

            restarted = time.monotonic()
            hub.roll()
            await until(lambda: hub.said("restart_done"), 120)
            restart_s = time.monotonic() - restarted
            async with asyncio.timeout(60):
                while None in wall.shown or wall.links()["unknown"] or wall.links()["live"] < PEOPLE * AT_WORK:
                    await asyncio.sleep(0.1)
            whole_s = time.monotonic() - restarted
            fleet.send_signal(signal.SIGSTOP)  # nothing more is said, and nobody has gone: what is shown has to agree
            try:
                async with asyncio.timeout(30):
                    while not await wall.all_equal_a_fresh_one():
                        await asyncio.sleep(0.5)
                shown = wall.links()
            finally:
                fleet.send_signal(signal.SIGCONT)
            async with asyncio.timeout(SECONDS + 120):
                said, _ = await fleet.communicate()
        new = set(hub.children())
    verdict = command(env, "verify", "--ledger", str(ledger), timeout=120)
    record_property(
        "figure",
        f"rolling restart of 2 processes with {PEOPLE} agents and {VIEWERS} viewers: {restart_s:.1f} s, all live again "
        f"after {whole_s:.1f} s, viewers closed with {dict(wall.closed)}, {wall.refused} refused; {verdict.strip()} "
        f"(first live {all_there_s:.0f} s after the fleet's start, enrolment included)",
    )

    assert not old & new
    assert len(new) == 2
    assert shown.total() == PEOPLE
    assert shown["live"] >= PEOPLE * AT_WORK
    assert shown["unknown"] == 0
    assert wall.refused == 0
    assert set(wall.closed) == {Close.DRAINED}
    assert fleet.returncode == 0, said
    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert figures["generated"] == figures["acked"] == figures["stored"]
    assert (figures["duplicates"], figures["lost"], figures["quarantined"], figures["declared_lost"]) == ("0",) * 4
    assert int(figures["generated"]) > PEOPLE
