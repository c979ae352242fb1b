"""`desk_to_wall`: how old a change at a desk is when a viewer has the frame that shows it, with 100, 1,000 and 10,000 agents.

The agents of `agents/` at their real cadence: another app every so often, presence while somebody types, an interval a minute, acked
after commit. 200 viewers, of whom each watches a team of up to 100, but two who watch everybody. All of it on the machine's own cores,
nothing pinned: hub, worker, PostgreSQL (fsync and synchronous commit on), Valkey, the agents' processes and the viewers'. A change's age
counts from the moment at which it happens at the desk, not from when the agent got round to it, to when the frame is read at the viewer:
each change at each viewer once. At the end everything stands still and every viewer has to show the last change of everybody.

`python -m bench desk_to_wall`, some five minutes. PEOPLE=100,10000, HUBS=2 and SECONDS=20 choose.
"""

import asyncio
import os
import statistics
import time

import uvloop

from bench import cpu
from bench.asked import Asked
from bench.results import Demand, Result, result
from bench.site import Site, open_files, site

NAME = "desk_to_wall"
PEOPLE = (100, 1_000, 10_000)
VIEWERS, OF_EVERYBODY = 198, 2
ABSENT = 1.06
"""Some machines sleep at any moment: so many people make for at least as many agents as the figure says."""
RUNS, RUN_S = 3, 20.0
SETTLE_S = 10.0
ALL_THERE_S = 120.0
P50_MAX_MS, P99_MAX_MS = 150.0, 500.0


def run() -> list[Result]:
    found: list[Result] = []
    for people in [int(each) for each in os.environ.get("PEOPLE", "").split(",") if each] or PEOPLE:
        found += uvloop.run(_measured(people))
    return found


async def _measured(people: int) -> list[Result]:
    seconds = float(os.environ.get("SECONDS", RUN_S))
    runs: list[dict[str, float]] = []
    hubs = int(os.environ.get("HUBS", "1"))
    async with (
        site(round(people * ABSENT), processes=hubs) as made,
        made.desks(1) as desks,
        made.watching() as watchers,
    ):
        await watchers.ask("watch", viewers=made.viewers(VIEWERS, OF_EVERYBODY))
        await all_there(desks, people)
        await asyncio.sleep(SETTLE_S)
        for _ in range(RUNS):
            runs.append(await measure(made, desks, watchers, seconds))
            print(f"  {people:,}: {said(runs[-1])}", flush=True)
        unseen = await unseen_at_rest(desks, watchers)
        if unseen:
            raise AssertionError(f"{unseen} changes never came to a viewer who watches")
    beside = {what: [told[what] for told in runs] for what in runs[0] if what not in ("p50", "p99", "max")}
    limits = {"p50": [Demand(P50_MAX_MS)], "p99": [Demand(P99_MAX_MS)]} if people == max(PEOPLE) else {}
    return [
        result(
            f"{NAME} of {people:,}: {which}",
            "ms",
            "lower",
            {"ours": [told[which] for told in runs]},
            demands=limits.get(which, ()),
            beside=beside if which == "p50" else None,
        )
        for which in ("p50", "p99")
    ]


async def all_there(desks: list[Asked], agents: float, limit_s: float = ALL_THERE_S) -> None:
    """Waits until so many agents are connected."""
    deadline = time.monotonic() + limit_s
    while (there := sum([(await each.ask("figures"))["connected"] for each in desks])) < agents:
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {there:,} agents are connected after {limit_s:.0f} s")
        await asyncio.sleep(0.5)


async def measure(made: Site, desks: list[Asked], watchers: Asked, seconds: float) -> dict[str, float]:
    """One run: ages at the viewers in ms, and what everybody did and used meanwhile."""
    before = made.used()
    acting = [await each.ask("acks") for each in desks]
    watching = await watchers.ask("begin")
    await asyncio.sleep(seconds)
    ages = await watchers.ask("ages")
    acted = [await each.ask("acks") for each in desks]
    acks = [age for each in acted for age in each["ages"]]
    after = made.used()
    took = after.at - before.at

    def summed(name: str) -> float:
        return float(sum(now[name] - then[name] for now, then in zip(acted, acting, strict=True)))

    return {
        "p50": ages["p50_ms"],
        "p99": ages["p99_ms"],
        "max": ages["max_ms"],
        "ack p99, ms": statistics.quantiles(acks, n=100, method="inclusive")[98] * 1000 if len(acks) > 1 else 0.0,
        "agents connected": sum(each["connected"] for each in acted),
        "agents refused or come again": summed("connects") + summed("refused"),
        "viewers gone": len(ages["closed"]),
        "events a second": summed("generated") / took,
        "frames from agents a second": summed("frames") / took,
        "frames to viewers a second": ages["frames"] / took,
        "changes seen a second": ages["count"] / took,
        **{f"CPU of {part}, % of a core": share for part, share in after.shares_since(before).items()},
        "CPU of agents, % of a core": 100 * summed("cpu_s") / took,
        "CPU of viewers, % of a core": 100 * (ages["cpu_s"] - watching["cpu_s"]) / took,
        "memory of the hub, MB": cpu.resident_bytes(*made.hubs()) / 1e6,
        "descriptors of a hub process": max(map(open_files, made.hubs())),
    }


def said(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {figure:,.0f}" for name, figure in told.items())


async def unseen_at_rest(desks: list[Asked], watchers: Asked, patience_s: float = 5.0) -> int:
    """Has everybody stand still, and returns how many last changes some viewer does not show within `patience_s`."""
    stamps: dict[str, float] = {}
    for each in desks:
        stamps |= (await each.ask("hold"))["stamps"]
    deadline = time.monotonic() + patience_s
    while True:
        unseen: int = (await watchers.ask("unseen", stamps=stamps))["unseen"]
        if not unseen or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.25)
    for each in desks:
        await each.ask("release")
    return unseen
