"""Figures of itself: what `/metrics` says, of one process, of several, and of the worker that has no port."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub import figures, metrics, retention, runs
from hub.database import connection
from hub.figures import BY_NAME, DESCRIBED, FIGURES, PREFIX, Figures
from hub.metrics import Metrics, Sample, Written
from hub.settings import Settings
from hub.web import redis_client
from hub.wire.agent import Ack
from tests.conftest import ORIGIN
from tests.journeys.hubs import environment, hub_process
from tests.ports import free_port

from .conftest import Cast
from .live import connected, minute, running, signed_in
from .valkeys import valkey

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
PERSONAL = ("alice", "bob", "halden", "okafor", "brandt", "editor", "laptop")


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples by name and labels, as Prometheus reads them."""
    return {
        (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
async def scraped(settings: Settings) -> AsyncIterator[Metrics]:
    """The figures of a process without a hub around them."""
    client = redis_client(settings.redis_url or "")
    yield Metrics(lambda: 7, client)
    await client.aclose()


async def test_figures_of_a_hub_tell_of_what_it_stored(cast: Cast, settings: Settings) -> None:
    async with running(settings) as hub, connected(hub, cast.device(cast.bob)) as agent:
        client = await signed_in(hub, cast.alice, cast.password)
        before = read((await client.get("/metrics")).text)
        await agent.batch(1, [minute(5), minute(4)])
        await agent.receive(Ack)

        answer = await client.get("/metrics")

        after = read(answer.text)
        grown = {
            name: after[name, ()] - before[name, ()]
            for name in ("rows_total", "commit_seconds_count", "commit_rows_sum")
        }
        assert grown == {"rows_total": 2, "commit_seconds_count": 1, "commit_rows_sum": 2}
        assert after["agents", ()] == 1
        assert after["database_read", ()] == 1
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        await client.aclose()


async def test_every_figure_that_is_described_is_given(scraped: Metrics, database: str) -> None:
    await retention.make_days([datetime.now(UTC).date()])
    FIGURES.refused["too_slow"] += 1
    await end_run("count", "done")
    assert await runs.due("open", datetime.now(UTC), datetime.now(UTC))

    given = {family.name for family in text_string_to_metric_families(await scraped.text())}

    alone = {described.name for described in DESCRIBED} - {"process_age_seconds"}  # that one is for several
    assert given == {PREFIX + name.removesuffix("_total") for name in alone}


async def test_figures_say_nothing_of_people(cast: Cast, settings: Settings) -> None:
    async with running(settings) as hub, connected(hub, cast.device(cast.bob)) as agent:
        client = await signed_in(hub, cast.alice, cast.password)
        await agent.batch(1, [minute(5)])
        await agent.receive(Ack)

        text = (await client.get("/metrics")).text.lower()

        await client.aclose()
    labels = {name for described in DESCRIBED for name in described.labels}
    assert labels == {"process", "reason", "job", "state"}
    assert [word for word in PERSONAL if word in text] == []


async def end_run(job: str, state: str) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO report_run (job, state, finished_at) VALUES ($1, $2, clock_timestamp())", job, state
        )


async def test_runs_tell_when_a_job_last_ended_well_and_whether_it_failed_since(scraped: Metrics) -> None:
    for job, state in [("good", "failed"), ("good", "done"), ("bad", "done"), ("bad", "failed"), ("never", "failed")]:
        await end_run(job, state)

    told = read(await scraped.text())

    assert [told["run_failed", (("job", job),)] for job in ("good", "bad", "never")] == [0, 1, 1]
    assert told["run_success_age_seconds", (("job", "bad"),)] >= 0
    assert ("run_success_age_seconds", (("job", "never"),)) not in told
    assert told["runs", (("job", "good"), ("state", "failed"))] == 1


async def test_marks_that_wait_are_told_with_how_long_a_run_could_have_taken_them(scraped: Metrics) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO dirty (person, quarter_at, marked_at) SELECT 1, now() - ago, now() - ago / 2 "
            "FROM unnest('{1 second,1 hour}'::interval[]) ago"
        )

    told = read(await scraped.text())

    assert told["rollup_marks", ()] == 2
    assert 1700 < told["rollup_behind_seconds", ()] < 1900


async def test_days_are_told(scraped: Metrics) -> None:
    today = datetime.now(UTC).date()
    await retention.make_days([today - timedelta(days=9), today, today + timedelta(days=1)])

    told = read(await scraped.text())

    assert (told["partitions", ()], told["partition_days_ahead", ()], told["partition_detach_pending", ()]) == (3, 1, 0)
    oldest, newest = told["partition_oldest_timestamp_seconds", ()], told["partition_newest_timestamp_seconds", ()]
    assert newest - oldest == 10 * 86400


async def test_figures_of_the_process_are_given_while_the_servers_are_away(
    scraped: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: datetime) -> list[Sample]:
        raise OSError

    monkeypatch.setattr(metrics, "samples_of_database", away)

    told = read(await scraped.text())

    assert told["database_read", ()] == 0
    assert told["store_depth", ()] == 7
    assert ("partitions", ()) not in told


async def test_database_is_asked_once_however_often_somebody_scrapes(
    scraped: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def count(_: datetime) -> list[Sample]:
        nonlocal asked
        asked += 1
        return []

    monkeypatch.setattr(metrics, "samples_of_database", count)

    await asyncio.gather(*(scraped.text() for _ in range(20)))

    assert asked == 1


ANOTHER = """
import asyncio
from hub.figures import FIGURES
from hub.metrics import Metrics

async def main():
    FIGURES.rows, FIGURES.refused["too_slow"] = 41, 3
    FIGURES.committed(0.03, 1, 1)
    told = Metrics(lambda: 5, None)
    told.start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_any_of_several_processes_answers_for_all(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    client = redis_client(settings.redis_url or "")
    asked = Metrics(lambda: 7, client)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ANOTHER, stdout=asyncio.subprocess.PIPE, env=os.environ | {metrics.FOLDER: str(tmp_path)}
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"started\n"
            while not list(tmp_path.glob("*.figures")):
                await asyncio.sleep(0.02)

        told = read(await asked.text())

        own, other = (("process", str(os.getpid())),), (("process", str(process.pid)),)
        assert (told["store_depth", own], told["store_depth", other]) == (7, 5)
        assert told["rows_total", other] == 42
        assert told["agent_refused_total", (*other, ("reason", "too_slow"))] == 3
        assert told["commit_seconds_bucket", (("le", "0.05"), *other)] == 1
        assert told["process_age_seconds", own] == 0
        assert 0 <= told["process_age_seconds", other] < 30
        assert ("partitions", ()) in told
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await client.aclose()


async def test_processes_of_one_port_are_all_in_each_answer(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    assert settings.database_url
    assert settings.redis_url
    port = free_port()
    env = environment(settings.database_url, settings.redis_url, ORIGIN, tmp_path)
    with hub_process(env, port, tmp_path / "hub.log", processes=2) as hub:
        await hub.await_ready()

        async def told() -> set[int]:
            async with httpx.AsyncClient() as client:  # a connection of its own each time
                given = read((await client.get(f"{hub.url}/metrics", timeout=10)).text)
            return {int(labels[0][1]) for name, labels in given if name == "agents"}

        async with asyncio.timeout(40):
            while not all([await told() == set(hub.children()) and len(hub.children()) == 2 for _ in range(8)]):
                await asyncio.sleep(0.1)
        hub.terminate()
        assert hub.process is not None
        assert await asyncio.to_thread(hub.process.wait, 20) == 0


async def test_health_asks_nobody(cast: Cast, settings: Settings) -> None:
    """It says that the process lives, also to somebody with a session and while Redis is frozen."""
    with valkey() as own:
        async with running(msgspec.structs.replace(settings, redis_url=own.url)) as hub:
            client = await signed_in(hub, cast.alice, cast.password)
            own.freeze()

            answers = [await client.get("/health", timeout=1.5), await client.get("/metrics", timeout=5)]

            own.thaw()
            assert [answer.status_code for answer in answers] == [200, 200]
            assert ("queue_depth", ()) not in read(answers[1].text)
            await client.aclose()


async def test_process_that_has_ended_is_left_out(
    scraped: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scraped, "_folder", tmp_path)
    long_silent = Written(time.monotonic() - figures.FORGOTTEN_S - 1, [Sample("agents", 5)])
    (tmp_path / "41.figures").write_bytes(msgspec.msgpack.encode(long_silent))
    (tmp_path / "42.figures").write_bytes(b"of another version")

    told = read(await scraped.text())

    assert {labels for name, labels in told if name == "agents"} == {(("process", str(os.getpid())),)}
    assert not (tmp_path / "41.figures").exists()


async def test_process_that_ends_takes_its_figures_with_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    async with running(settings):
        async with asyncio.timeout(30):
            while not list(tmp_path.glob("*.figures")):
                await asyncio.sleep(0.02)

    assert list(tmp_path.iterdir()) == []


async def test_lag_of_the_feed_and_its_absence_are_told(cast: Cast, settings: Settings) -> None:
    with valkey() as own:
        async with running(msgspec.structs.replace(settings, redis_url=own.url)) as hub, httpx.AsyncClient() as client:

            async def told(name: str) -> float:
                return read((await client.get(f"http://127.0.0.1:{hub.port}/metrics", timeout=10)).text)[name, ()]

            async with asyncio.timeout(30):
                while await told("feed_stale") or not 0 < await told("feed_lag_seconds") < 1:
                    await asyncio.sleep(0.05)
                own.freeze()
                while not await told("feed_stale"):
                    await asyncio.sleep(0.05)
                own.thaw()
                while await told("feed_stale"):
                    await asyncio.sleep(0.05)
                assert await told("feed_stale_seconds_total") > 0


def test_time_without_the_feed_is_summed() -> None:
    told = Figures()
    told.feed_is(True)
    assert (told.stale, told.stale_s) == (False, 0)

    told.feed_is(False)
    told.feed_is(False)
    assert told.stale
    told.feed_is(True)

    assert not told.stale
    assert told.stale_s > 0
    assert told.stale_s == told.stale_s


def test_document_of_the_figures_is_up_to_date() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "hub.figures"], capture_output=True, text=True, timeout=60, check=True
    )

    assert DOCUMENT.read_text() == written.stdout, "python -m hub.figures > docs/metrics.md"
    assert all(f"`{PREFIX}{name}`" in written.stdout for name in BY_NAME)
