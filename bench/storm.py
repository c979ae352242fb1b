"""`storm`: the hub is killed under 10,000 agents, and comes back after a minute: how long until all of them are live and acked again.

Agents as `agents/` runs them: at their real cadence, with the backoff of a real one. SIGKILL to every process of the hub; for 60 s nobody
answers, and each agent's spool keeps what happens meanwhile. The time counts from starting the hub again, its own start in it, until every
agent whose machine is on is connected, and the hub has acked all that was in its spool when the hub came back. PostgreSQL's connections are
counted five times a second meanwhile. At the end nothing that was acked may be missing in the database.

`python -m bench storm`, some seven minutes. PEOPLE=1000, RUNS=1, HUBS=2 and DOWN=60 choose.
"""

import asyncio
import os
import signal
import time

import uvloop

from bench.asked import Asked
from bench.desk_to_wall import ABSENT, all_there
from bench.results import Demand, Result, result
from bench.site import Site, site
from hub.database import close_pool, connection, open_pool

NAME = "storm"
PEOPLE, RUNS, HUBS = 10_000, 3, 2
DOWN_S = 60.0
LIMIT_S = 30.0
PATIENCE_S = 120.0
SETTLE_S = 15.0


def run() -> list[Result]:
    return [uvloop.run(_measured())]


async def _measured() -> Result:
    people, runs = int(os.environ.get("PEOPLE", PEOPLE)), int(os.environ.get("RUNS", RUNS))
    told: list[dict[str, float]] = []
    async with (
        site(round(people * ABSENT), processes=int(os.environ.get("HUBS", HUBS))) as made,
        made.desks(1) as desks,
    ):
        await open_pool(made.served.env["DATABASE_URL"], 1)
        try:
            await all_there(desks, people)
            for _ in range(runs):
                await asyncio.sleep(SETTLE_S)
                told.append(await _one(made, desks))
                print(f"  {', '.join(f'{name} {figure:,.1f}' for name, figure in told[-1].items())}", flush=True)
            await require_stored(desks)
        finally:
            await close_pool()
    beside = {what: [each[what] for each in told] for what in told[0] if what != WHOLE}
    figures = {"ours": [each[WHOLE] for each in told]}
    return result(NAME, "s until all are live and acked", "lower", figures, demands=[Demand(LIMIT_S)], beside=beside)


WHOLE = "all live and acked, s"


async def _one(made: Site, desks: list[Asked]) -> dict[str, float]:
    hub = made.served.hub
    for pid in made.hubs():
        os.kill(pid, signal.SIGKILL)
    hub.kill()
    await asyncio.sleep(float(os.environ.get("DOWN", DOWN_S)))
    backlog = [await each.ask("mark") for each in desks]
    before, began = made.used(), time.monotonic()
    hub.start()
    counting = asyncio.create_task(_most_connections())
    await hub.await_ready()
    ready_s = time.monotonic() - began
    live_s = 0.0
    while behind := [await each.ask("behind") for each in desks]:
        now_s = time.monotonic() - began
        if not live_s and sum(each["connected"] for each in behind) >= sum(each["wanted"] for each in behind):
            live_s = now_s
        if not sum(each["behind"] for each in behind):
            break
        if now_s > PATIENCE_S:
            raise TimeoutError(f"{sum(each['behind'] for each in behind):,} agents are behind after {now_s:.0f} s")
        await asyncio.sleep(0.2)
    counting.cancel()
    most, limit = await counting
    after = made.used()
    # The hub is another process than before, so its CPU counts from its start.
    cpu_s = after.cpu_s | {part: after.cpu_s[part] - before.cpu_s[part] for part in after.cpu_s if part != "hub"}
    return {
        WHOLE: now_s,
        "all live, s": live_s,
        "hub ready, s": ready_s,
        "agents": sum(each["connected"] for each in behind),
        "events of the backlog": sum(each["waiting"] for each in backlog),
        "most connections to PostgreSQL": most,
        "connections that it has": limit,
        **{f"CPU-seconds of {part}": used for part, used in cpu_s.items()},
        "CPU-seconds of agents": sum(now["cpu_s"] - then["cpu_s"] for now, then in zip(behind, backlog, strict=True)),
    }


async def _most_connections() -> tuple[int, int]:
    """Until it is cancelled: the most that there were of clients, and how many PostgreSQL allows."""
    most = 0
    async with connection() as held:
        limit = int(await held.fetchval("SHOW max_connections"))
        try:
            while True:
                most = max(
                    most,
                    await held.fetchval("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"),
                )
                await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            return most, limit


async def require_stored(desks: list[Asked]) -> None:
    """What was acked is stored, each event once."""
    acked = sum([(await each.ask("figures"))["acked"] for each in desks])
    async with connection() as held:
        stored = await held.fetchval(
            "SELECT count(*) FROM (SELECT DISTINCT device, epoch, seq FROM interval) AS events"
        )
        twice = await held.fetchval("SELECT count(*) - count(DISTINCT (device, epoch, seq, piece)) FROM interval")
    if stored < acked or twice:
        raise AssertionError(f"{acked:,} events were acked, {stored:,} are stored, {twice:,} of them twice")
