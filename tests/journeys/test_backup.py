"""A hub under load is backed up, and comes back in an empty data folder with all that it had acked before."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared, until

PEOPLE = 200
RATE = 120
ACKED = 2_000


@pytest.mark.timeout(240)
async def test_all_that_was_acked_before_a_backup_under_load_is_there_after_the_restore(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port, ledger, keys = free_port(), tmp_path / "ledger.jsonl", tmp_path / "keys"
    env = environment(database, redis_url, f"http://127.0.0.1:{port}", tmp_path / "data")
    await prepared(env)
    with hub_process(env, port, tmp_path / "hub.log") as hub:
        await hub.await_ready()
        code = (await asyncio.to_thread(command, env, "code", "--people", str(PEOPLE))).split()[-1]
        simulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, "--people", str(PEOPLE),
            "--rate", str(RATE), "--seconds", "120", "--ledger", str(ledger), env=env, stderr=(tmp_path / "simulate.log").open("wb"),
        )  # fmt: skip
        try:
            await until(lambda: ledger.exists() and acked(ledger) > ACKED)
            before = tmp_path / "before.jsonl"
            before.write_bytes(ledger.read_bytes())
            await asyncio.to_thread(command, env, "backup", str(tmp_path / "backup"), "--keys", str(keys))
            meanwhile = acked(ledger)
        finally:
            assert simulator.returncode is None, (tmp_path / "simulate.log").read_text()
            simulator.kill()
            await simulator.wait()

    restored = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    restored["DATA"] = str(tmp_path / "restored")
    said = await asyncio.to_thread(command, restored, "restore", str(tmp_path / "backup"), "--keys", str(keys))
    verdict = await asyncio.to_thread(command, restored, "verify", "--ledger", str(before), "--acked")
    record_property("figure", f"backup while {acked(before):,} to {meanwhile:,} events were acked: {verdict.strip()}")

    assert f"{PEOPLE} devices" in said
    figures = dict(re.findall(r"(\w+)=(\d+)", verdict))
    assert int(figures["acked"]) == acked(before) > ACKED
    assert figures["duplicates"] == "0"
    assert meanwhile > acked(before)
    assert sorted(path.name for path in tmp_path.glob("restored*")) == ["restored"]


def acked(ledger: Path) -> int:
    """How many events the ledger says were acked: by device, up to the highest number."""
    highest = {}
    for line in re.finditer(rb'^\{"e":"ack","d":"([^"]+)","epoch":1,"seq":(\d+)\}$', ledger.read_bytes(), re.MULTILINE):
        highest[line[1]] = int(line[2])
    return sum(highest.values())
