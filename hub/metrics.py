"""`GET /metrics`: the figures of this process, of those beside it, and of the deployment, in the text format of Prometheus.

Where several processes share a port (`daylight hub --processes N`), a scrape reaches one of them. So each writes its samples to a file in
a folder that they share, every few seconds, and whichever is asked answers for all: see docs/decisions/0010. The worker has no port: its
runs, the days and the marks that wait are read from PostgreSQL, and how full the queue is from Redis. Whatever can't be read is left out;
the figures of the process are given in any case.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from redis.exceptions import RedisError

from hub import retention, runs
from hub.database import DATABASE_AWAY, ENGINE
from hub.figures import DESCRIBED, FIGURES, FORGOTTEN_S, PREFIX, READ_EVERY_S
from hub.live.upkeep import keep
from hub.rollups import job as rollups
from hub.tasks import end

FOLDER = "DAYLIGHT_PROCESSES_DIR"
"""Environment variable that the supervisor of several processes sets: a folder of their own, empty at start."""
WRITE_EVERY_S = 5.0
READ_S = 2.0
LAG_S = 0.5
QUEUED, ACTIVE = "saq:daylight:queued", "saq:daylight:active"

log = structlog.get_logger()


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One line: `suffix` is what a histogram's samples add to the figure's name."""

    figure: str
    value: float
    labels: dict[str, str] = {}
    suffix: str = ""


class Written(msgspec.Struct, frozen=True):
    """What a process lets the others know. `at_s` is the machine's monotonic clock, which all its processes share."""

    at_s: float
    samples: list[Sample]


class Metrics:
    """Answers for this process. `start` it once; `depth` says how much waits in the store."""

    def __init__(self, depth: Callable[[], int], client: Any) -> None:
        self._depth = depth
        self._redis = client
        folder = os.environ.get(FOLDER)
        self._folder = Path(folder) if folder else None
        self._name = str(os.getpid())  # in a rolling restart two processes serve in one place
        self._tasks: list[asyncio.Task[None]] = []
        self._read_at = float("-inf")
        self._deployment: list[Sample] = []
        self._reading = asyncio.Lock()

    def start(self) -> None:
        self._tasks = [keep(self._measure, "loop-lag")]
        if self._folder:
            self._tasks.append(keep(self._tell, "figures"))

    async def stop(self) -> None:
        await end(*self._tasks)
        if self._folder:
            with contextlib.suppress(OSError):
                self._file(self._folder).unlink(missing_ok=True)

    async def text(self) -> str:
        """All figures. Never fails, and takes some seconds at the most."""
        await self._read_deployment()
        return render([*self._processes(), *self._deployment])

    def _processes(self) -> list[Sample]:
        # Tasks only when asked, and of the process that answers: with 20,000 connections counting them takes 30 ms.
        own = [*samples_of_process(self._depth()), Sample("tasks", len(asyncio.all_tasks()))]
        if self._folder is None:
            return own
        now_s = time.monotonic()
        written = {self._name: Written(now_s, own)} | {
            name: found for name, found in _written(self._folder, now_s) if name != self._name
        }
        samples = []
        for name, found in written.items():
            of = {"process": name}
            samples.append(Sample("process_age_seconds", now_s - found.at_s, of))
            samples += [msgspec.structs.replace(sample, labels=sample.labels | of) for sample in found.samples]
        return samples

    async def _read_deployment(self) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < READ_EVERY_S:
                return
            samples: list[Sample] = []
            try:
                async with asyncio.timeout(READ_S):
                    samples += await samples_of_database(datetime.now(UTC))
                samples.append(Sample("database_read", 1))
            except DATABASE_AWAY:
                samples = [Sample("database_read", 0)]
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(READ_S):
                    samples.append(Sample("queue_depth", await self._redis.llen(QUEUED)))
                    samples.append(Sample("queue_active", await self._redis.llen(ACTIVE)))
            self._deployment, self._read_at = samples, time.monotonic()

    async def _measure(self) -> None:
        while True:
            asked_at = time.monotonic()
            await asyncio.sleep(LAG_S)
            FIGURES.loop_lag_s = max(0.0, time.monotonic() - asked_at - LAG_S)

    async def _tell(self) -> None:
        assert self._folder is not None
        while True:
            self._write(self._folder)
            await asyncio.sleep(WRITE_EVERY_S)

    def _write(self, folder: Path) -> None:
        file = self._file(folder)
        beside = file.with_suffix(".new")
        beside.write_bytes(_encode(Written(time.monotonic(), samples_of_process(self._depth()))))
        beside.replace(file)

    def _file(self, folder: Path) -> Path:
        return folder / f"{self._name}.figures"


def samples_of_process(depth: int) -> list[Sample]:
    """What this process counts."""
    now = FIGURES
    pool = ENGINE.pool
    return [
        Sample("agents", now.agents),
        Sample("viewers", now.viewers),
        Sample("viewer_frames_total", now.frames_to_viewers),
        Sample("feed_lag_seconds", now.feed_lag_s),
        Sample("feed_stale", int(now.stale)),
        Sample("feed_stale_seconds_total", now.stale_s),
        *_samples_of(now.commit_seconds),
        *_samples_of(now.commit_rows),
        Sample("rows_total", now.rows),
        Sample("submissions_total", now.submissions),
        Sample("commit_retries_total", now.retries),
        Sample("store_depth", depth),
        Sample("events_seen_total", now.seen),
        Sample("resends_total", now.resends),
        Sample("quarantined_total", now.quarantined),
        Sample("declared_lost_total", now.lost),
        Sample("fenced_total", now.fenced),
        Sample("epochs_renewed_total", now.epochs_renewed),
        *(Sample("agent_refused_total", count, {"reason": reason}) for reason, count in sorted(now.refused.items())),
        Sample("pool_size", pool.get_size() if pool else 0),
        Sample("pool_idle", pool.get_idle_size() if pool else 0),
        Sample("pool_waiting", now.pool_waiting),
        Sample("pool_acquires_total", now.pool_acquires),
        Sample("pool_wait_seconds_total", now.pool_wait_s),
        Sample("loop_lag_seconds", now.loop_lag_s),
    ]


async def samples_of_database(now: datetime) -> list[Sample]:
    """What the worker and whoever made days left in PostgreSQL."""
    samples = _samples_of_runs(await runs.standing())
    backlog = await rollups.backlog(now)
    found = await retention.partitions()
    samples += [
        Sample("rollup_marks", backlog.marks),
        Sample("rollup_behind_seconds", backlog.behind_s),
        Sample("partitions", len(found.days)),
        Sample("partition_days_ahead", sum(day > now.date() for day in found.days)),
        Sample("partition_detach_pending", found.pending),
    ]
    if found.days:
        oldest, newest = (
            datetime.combine(day, time_of_day(), UTC).timestamp() for day in (found.days[0], found.days[-1])
        )
        samples += [
            Sample("partition_oldest_timestamp_seconds", oldest),
            Sample("partition_newest_timestamp_seconds", newest),
        ]
    return samples


def render(samples: list[Sample]) -> str:
    """Samples as text, grouped by figure as the format wants it."""
    registry = CollectorRegistry()
    registry.register(_Collected(samples))
    return generate_latest(registry).decode()


class _Collected:
    def __init__(self, samples: list[Sample]) -> None:
        self._by_figure: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_figure.setdefault(sample.figure, []).append(sample)

    def collect(self) -> Iterator[Metric]:
        for described in DESCRIBED:
            if found := self._by_figure.get(described.name):
                name = PREFIX + described.name
                metric = Metric(name.removesuffix("_total"), described.text, described.kind)
                for sample in found:
                    metric.add_sample(name + sample.suffix, sample.labels, float(sample.value))
                yield metric


def _samples_of(histogram: Histogram) -> list[Sample]:
    return [
        Sample(figure, sample.value, sample.labels, sample.name.removeprefix(PREFIX + figure))
        for metric in histogram.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
        for figure in [metric.name.removeprefix(PREFIX)]
    ]


def _samples_of_runs(standing: list[runs.Standing]) -> list[Sample]:
    samples = [Sample("runs", one.count, {"job": one.job, "state": one.state}) for one in standing]
    ended: dict[str, dict[str, float]] = {}
    for one in standing:
        if one.ended_age_s is not None:
            ended.setdefault(one.job, {})[one.state] = one.ended_age_s
        elif one.state in {"queued", "running"}:
            samples.append(Sample("run_open_age_seconds", one.queued_age_s, {"job": one.job}))
    for job, ages in ended.items():
        if "done" in ages:
            samples.append(Sample("run_success_age_seconds", ages["done"], {"job": job}))
        samples.append(Sample("run_failed", ages.get("failed", _NEVER) < ages.get("done", _NEVER), {"job": job}))
    return samples


def _written(folder: Path, now_s: float) -> Iterator[tuple[str, Written]]:
    """What the others wrote, of those that still live."""
    for file in sorted(folder.glob("*.figures")):
        try:
            found = _decoder.decode(file.read_bytes())
            if now_s - found.at_s < FORGOTTEN_S:
                yield file.stem, found
            else:
                file.unlink()
        except (OSError, msgspec.MsgspecError):
            continue  # gone meanwhile, or of another version


_NEVER = timedelta(days=36500).total_seconds()
_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Written)
