"""`capacity`: how many agents one small machine carries, itself their generator. They are added until anything is late or lost.

As `desk_to_wall`: agents at their real cadence, 200 viewers, everything on the machine's own cores. A step is a process of 5,000 agents
that connects from a source address of its own, since an address has 28,000 ports; three hub processes share the port, since a process has
20,000 descriptors here. A step holds when the p99 of changes at the viewers and that of acks after sending are at most a second, no more
than one agent in a thousand had to come again, and, once all stands still, every viewer shows the last change of everybody. The knee is
the last step that holds. At the end the database is asked for everything that was acked.

`python -m bench capacity`, some ten minutes. STEP=1000, MOST=60000, HUBS=3 and SECONDS=20 choose.
"""

import asyncio
import contextlib
import os

import uvloop

from bench import crowd
from bench.asked import Asked
from bench.desk_to_wall import ABSENT, OF_EVERYBODY, VIEWERS, all_there, measure, said, unseen_at_rest
from bench.results import Demand, Result, result
from bench.site import site
from bench.storm import require_stored
from hub.database import close_pool, open_pool

NAME = "capacity"
STEP, MOST, HUBS = 5_000, 60_000, 3
RUN_S = 20.0
SETTLE_S = 8.0
LATE_MS = 1_000.0
THERE_S = 90.0
"""For the agents of a step. When they don't get in within that, this is beyond the knee."""
COME_AGAIN_MAX = 0.001
"""Of the agents, in a step: hubs send a few to each other on purpose, to share them evenly, and those lose nothing."""
TO_BEAT = 50_000


def run() -> list[Result]:
    return [uvloop.run(_measured())]


async def _measured() -> Result:
    step, most = int(os.environ.get("STEP", STEP)), int(os.environ.get("MOST", MOST))
    seconds, hubs = float(os.environ.get("SECONDS", RUN_S)), int(os.environ.get("HUBS", HUBS))
    knee: dict[str, float] = {}
    beyond = "the most that were asked for"
    async with site(round(most * ABSENT), processes=hubs) as made, contextlib.AsyncExitStack() as stack:
        watchers = await stack.enter_async_context(made.watching())
        await watchers.ask("watch", viewers=made.viewers(VIEWERS, OF_EVERYBODY))
        desks: list[Asked] = []
        for number, roster in enumerate(made.rosters(crowd.shares(made.people.people, most // step))):
            desks.append(await stack.enter_async_context(made.acting(roster, number)))
            try:
                await all_there(desks, step * len(desks), THERE_S)
            except TimeoutError as error:
                beyond = str(error)
                break
            await asyncio.sleep(SETTLE_S)
            told = await measure(made, desks, watchers, seconds)
            told["last changes unseen"] = await unseen_at_rest(desks, watchers)
            print(f"  {said(told)}", flush=True)
            if beyond := _fault(told):
                break
            knee = told
        print(f"  beyond the knee: {beyond}", flush=True)
        await open_pool(made.served.env["DATABASE_URL"], 1)
        try:
            await require_stored(desks)
        finally:
            await close_pool()
    beside = {what: [figure] for what, figure in knee.items() if what != "agents connected"}
    figures = {"ours": [knee["agents connected"]]}
    return result(NAME, "agents", "higher", figures, demands=[Demand(TO_BEAT)], beside=beside)


def _fault(told: dict[str, float]) -> str:
    """Why a step does not hold; empty when it does."""
    for what, most in (
        ("p99", LATE_MS),
        ("ack p99, ms", LATE_MS),
        ("agents refused or come again", told["agents connected"] * COME_AGAIN_MAX),
        ("last changes unseen", 0),
        ("viewers gone", 0),
    ):
        if told[what] > most:
            return f"{what} {told[what]:,.0f}"
    return ""
