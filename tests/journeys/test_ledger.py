"""Nothing that was acked is lost and nothing is counted twice, while hubs and PostgreSQL are killed and frozen under load."""

import asyncio
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.embedded import Embedded
from hub.settings import Settings
from tests.ports import free_port

from .hubs import HubProcess, command, environment, hub_process, until

PEOPLE = 500
RATE = 20
SECONDS = 60
HUB_KILLS = 10
DATABASE_KILLS = 3
FREEZE_S = 15


def figure(hub: HubProcess, name: str) -> float:
    """A figure of all processes together, as whichever of them answers knows it."""
    with urllib.request.urlopen(f"{hub.url}/metrics", timeout=5) as answer:
        found = re.findall(rf"^daylight_{name}{{process=\S+}} (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found
    return sum(map(float, found))


@pytest.mark.timeout(400)
async def test_acked_is_stored_once_while_hubs_and_postgresql_are_killed_and_frozen(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    settings = Settings(data=tmp_path / "data")
    port = free_port()
    ledger = tmp_path / "ledger.jsonl"
    embedded = Embedded(settings)
    with embedded as servers:
        assert embedded.postgres is not None
        env = environment(servers.database_url, servers.redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
        command(env, "migrate")
        code = command(env, "code", "--people", str(PEOPLE)).split()[-1]
        with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
            await hub.await_ready()
            simulator = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, "--people", str(PEOPLE),
                "--rate", str(RATE), "--seconds", str(SECONDS), "--settle", "90", "--ledger", str(ledger),
                env=env, stdout=asyncio.subprocess.PIPE, stderr=(tmp_path / "simulate.log").open("wb"),
            )  # fmt: skip
            started = time.monotonic()
            await until(lambda: ledger.exists() and b'"ack"' in ledger.read_bytes())

            for _ in range(HUB_KILLS):
                ready = hub.said("hub_ready")
                os.kill(hub.children()[0], signal.SIGKILL)  # the one that was started first
                await until(lambda: hub.said("hub_ready") > ready)  # noqa: B023
            survivors = hub.children()
            for _ in range(DATABASE_KILLS):
                before = embedded.postgres.pid
                assert before is not None
                os.kill(before, signal.SIGKILL)
                await until(lambda: embedded.postgres and embedded.postgres.pid not in {None, before} and hub.ready())  # noqa: B023
                rows = figure(hub, "rows_total")
                await until(lambda: figure(hub, "rows_total") != rows)  # noqa: B023
            frozen = embedded.postgres.pids()
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(FREEZE_S)
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            await until(hub.ready)
            faults_s = time.monotonic() - started

            await asyncio.wait_for(simulator.communicate(), SECONDS + 120)
            assert hub.children() == survivors
        assert simulator.returncode == 0, (tmp_path / "simulate.log").read_text()[-2000:]
        verdict = command(env, "verify", "--ledger", str(ledger), timeout=120)
    faults = f"{HUB_KILLS} kills of hubs, {DATABASE_KILLS} of PostgreSQL, {FREEZE_S} s frozen, within {faults_s:.0f} s"
    record_property("figure", f"ledger under {faults}: {verdict.strip()}")

    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert figures["duplicates"] == "0"
    assert figures["generated"] == figures["acked"] == figures["stored"]
    assert (figures["quarantined"], figures["declared_lost"], figures["lost"]) == ("0", "0", "0")
    assert int(figures["generated"]) > PEOPLE * SECONDS * RATE / 60 / 4
