"""`make soak MINUTES=60`: a constant load for a long time, agents and viewers coming and going, and whether anything grows.

500 agents at their real cadence and 60 viewers. Every five seconds ten agents go (they are away for a minute and a half or so, and come
back with a backlog), and four viewers leave and others come. Sampled meanwhile: the hub's own (anonymous) memory, descriptors, tasks,
database connections, the worker's own memory, and what PostgreSQL and Valkey hold. At the end everybody goes, and counts have to be what
they were before anybody came. Memory is judged by its slope: a line through the means of minutes, warm-up left out, with the 95 %
confidence interval.

Writes `soak.svg` and `soak.json` into `OUT` (the working directory). Exit 1 when a count is not back, or something was not acked.
"""

import asyncio
import json
import math
import os
import statistics
import sys
import time
import urllib.request
from pathlib import Path

import msgspec
import redis.asyncio as redis
import uvloop

from bench import cpu
from bench.asked import Asked
from bench.desk_to_wall import all_there
from bench.drawn import Line, draw
from bench.site import Site, open_files, site
from hub.database import close_pool, connection, open_pool
from hub.settings import REDIS_NAME

AGENTS, AWAY, GO = 500, 200, 10
VIEWERS, LEAVE = 60, 4
EVERY_S = 5.0
WARM_UP_MIN = 5
BASE_S = 15.0
QUIET_S = 120.0
"""At the end, for what is closed late: departures are shown after 5 s. Idle database connections take minutes, and are not waited for."""
SETTLE_S = 60.0


class Sampled(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    minutes: float
    agents: float
    viewers: float
    tasks: float
    descriptors: float
    pool: float
    """Database connections that the hub has."""
    pool_busy: float
    redis: float
    """Connections to Valkey that the hub has."""
    hub_mb: float
    worker_mb: float
    postgresql_mb: float
    valkey_mb: float
    """`used_memory`: what it holds, not what the system gave it."""
    waiting: float
    """Events that no ack covers yet."""


class Slope(msgspec.Struct, frozen=True):
    """In MB an hour, with the ends of its 95 % confidence interval."""

    mb_h: float
    low: float
    high: float


async def soak(minutes: float, out: Path) -> bool:
    samples: list[Sampled] = []
    async with site(AGENTS) as made:
        await open_pool(made.served.env["DATABASE_URL"], 1)
        client = redis.Redis.from_url(made.served.env["REDIS_URL"])
        began = time.monotonic()

        async def sample(desks: Asked | None) -> Sampled:
            waiting = (await desks.ask("figures"))["waiting"] if desks else 0
            return await _sampled(made, client, (time.monotonic() - began) / 60, waiting)

        # Everybody comes and goes once: pools to PostgreSQL and Valkey have grown to what they need then, and keep it.
        async with made.desks(1) as (desks,), made.watching() as watchers:
            await watchers.ask("watch", viewers=made.viewers(VIEWERS))
            await all_there([desks], AGENTS * 0.9)
            first = await desks.ask("retire", settle_s=SETTLE_S)
        await asyncio.sleep(BASE_S)
        base = await sample(None)
        print(f"  before anybody comes: {msgspec.json.encode(base).decode()}", flush=True)
        async with made.desks(1) as (desks,), made.watching() as watchers:
            viewers = made.viewers(VIEWERS)
            await watchers.ask("watch", viewers=viewers)
            await all_there([desks], AGENTS * 0.9)
            deadline = time.monotonic() + minutes * 60
            while time.monotonic() < deadline:
                await desks.ask("go", count=GO, away=AWAY)
                await watchers.ask("leave", count=LEAVE)
                await watchers.ask("watch", viewers=viewers[:LEAVE])
                viewers = viewers[LEAVE:] + viewers[:LEAVE]
                await asyncio.sleep(EVERY_S)
                samples.append(await sample(desks))
                if len(samples) % 12 == 0:
                    print(f"  {msgspec.json.encode(samples[-1]).decode()}", flush=True)
            print("  everybody goes", flush=True)
            left = await watchers.ask("leave", count=VIEWERS)
            retired = await desks.ask("retire", settle_s=SETTLE_S)
        quiet_until = time.monotonic() + QUIET_S
        while (end := await sample(None)) and not _back(base, end) and time.monotonic() < quiet_until:
            samples.append(end)
            print(f"  {msgspec.json.encode(end).decode()}", flush=True)
            await asyncio.sleep(EVERY_S)
        samples.append(end)
        async with connection() as held:
            stored = await held.fetchval("SELECT count(DISTINCT (device, epoch, seq)) FROM interval")
        await client.aclose()
        await close_pool()
    generated = first["generated"] + retired["generated"]
    slopes = {part: _slope([(s.minutes, getattr(s, part)) for s in _steady(samples, minutes)]) for part in MEMORY}
    kept = {
        "minutes": minutes,
        "base": msgspec.to_builtins(base),
        "end": msgspec.to_builtins(end),
        "slopes": {part: msgspec.to_builtins(slope) for part, slope in slopes.items()},
        "generated": generated,
        "stored": stored,
        "unacked": retired["waiting"],
        "viewers_closed_by_the_hub": left["closed"],
        "samples": msgspec.to_builtins(samples),
    }
    (out / "soak.json").write_text(json.dumps(kept))
    (out / "soak.svg").write_text(draw(f"Soak of {minutes:.0f} minutes", "minutes", _lines(samples)))
    for part, slope in slopes.items():
        print(f"{part}: {slope.mb_h:+.1f} MB an hour ({slope.low:+.1f} to {slope.high:+.1f})")
    for name in COUNTS:
        print(f"{name}: {getattr(base, name):.0f} before, {getattr(end, name):.0f} after")
    print(f"generated={generated} stored={stored} unacked={retired['waiting']}")
    return _back(base, end) and retired["waiting"] == 0 and stored == generated


MEMORY = ("hub_mb", "worker_mb", "postgresql_mb", "valkey_mb")
COUNTS = ("agents", "viewers", "tasks", "descriptors", "pool", "pool_busy", "redis")


def _back(base: Sampled, end: Sampled) -> bool:
    """Nobody is left, and nothing of theirs. Pools may be larger: they are bounded, and give back what is unused late or never."""
    return (end.agents, end.viewers, end.pool_busy) == (0, 0, 0) and end.tasks <= base.tasks and _own(end) <= _own(base)


def _own(sample: Sampled) -> float:
    """Descriptors, without those of pools."""
    return sample.descriptors - sample.pool - sample.redis


async def _sampled(made: Site, client: "redis.Redis", minutes: float, waiting: float) -> Sampled:
    hub = made.served.hub
    assert hub.process is not None
    assert made.served.embedded.postgres is not None
    figures = dict(
        line.rsplit(" ", 1)
        for line in (await asyncio.to_thread(_text, f"{hub.url}/metrics")).splitlines()
        if line and line[0] != "#"
    )
    pool, idle = (float(figures[f"daylight_pool_{name}"]) for name in ("size", "idle"))
    memory, clients = await client.info("memory"), await client.client_list()
    return Sampled(
        minutes=round(minutes, 3),
        agents=float(figures["daylight_agents"]),
        viewers=float(figures["daylight_viewers"]),
        tasks=float(figures["daylight_tasks"]),
        descriptors=open_files(hub.process.pid),
        pool=pool,
        pool_busy=pool - idle,
        redis=sum(one["name"] == REDIS_NAME for one in clients),
        hub_mb=cpu.own_bytes(hub.process.pid) / 1e6,
        worker_mb=cpu.own_bytes(made.worker.pid) / 1e6,
        postgresql_mb=cpu.resident_bytes(made.served.embedded.postgres.pid or 0) / 1e6,
        valkey_mb=memory["used_memory"] / 1e6,
        waiting=waiting,
    )


def _text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def _steady(samples: list[Sampled], minutes: float) -> list[Sampled]:
    first = samples[0].minutes
    return [s for s in samples if first + min(WARM_UP_MIN, minutes / 3) <= s.minutes <= first + minutes]


def _slope(points: list[tuple[float, float]]) -> Slope:
    """Least squares through means of minutes, so that neighbours are not counted as if they knew nothing of each other."""
    by_minute: dict[int, list[float]] = {}
    for minute, figure in points:
        by_minute.setdefault(int(minute), []).append(figure)
    hours = [minute / 60 for minute in by_minute]
    means = [statistics.fmean(figures) for figures in by_minute.values()]
    if len(means) < 4:
        return Slope(0.0, -math.inf, math.inf)
    slope, intercept = statistics.linear_regression(hours, means)
    middle = statistics.fmean(hours)
    residual = sum((mean - intercept - slope * hour) ** 2 for hour, mean in zip(hours, means, strict=True))
    freedom = len(means) - 2
    error = math.sqrt(residual / freedom / sum((hour - middle) ** 2 for hour in hours))
    z = statistics.NormalDist().inv_cdf(0.975)
    reach = error * (z + (z**3 + z) / (4 * freedom))  # Student's t, by the first term of its expansion
    return Slope(round(slope, 2), round(slope - reach, 2), round(slope + reach, 2))


def _lines(samples: list[Sampled]) -> list[list[Line]]:
    """What stands in each panel."""

    def line(name: str, what: str) -> Line:
        return Line(name, [(s.minutes, getattr(s, what)) for s in samples])

    return [
        [line("hub, MB", "hub_mb"), line("worker, MB", "worker_mb")],
        [line("PostgreSQL, MB", "postgresql_mb")],
        [line("Valkey, MB", "valkey_mb")],
        [line("descriptors of the hub", "descriptors"), line("its tasks", "tasks")],
        [line("agents", "agents"), line("viewers", "viewers")],
        [line("database connections of the hub", "pool"), line("its connections to Valkey", "redis")],
    ]


if __name__ == "__main__":
    ok = uvloop.run(soak(float(os.environ.get("MINUTES", "60")), Path(os.environ.get("OUT", "."))))
    sys.exit(0 if ok else 1)
