"""`looks`: whether the live path feels 1,000 looks a second at people's details, each a row of the audit that is committed and sealed.

As `desk_to_wall` with 1,000 agents and 200 viewers, by turns with and without a process that writes looks as the hub does
(`audit.record_person_look`, each a sitting of its own, committed before the next of its sixteen writers goes on). The hub's processes seal
them meanwhile. What it costs to answer the requests behind them is not in it: nobody could read so much.

`python -m bench looks`, some four minutes. RATE=1000 and SECONDS=20 choose.
"""

import asyncio
import os
import sys
import time
import uuid

import uvloop

from bench.asked import Asked, answer, asked
from bench.desk_to_wall import ABSENT, OF_EVERYBODY, SETTLE_S, VIEWERS, all_there, measure, said
from bench.results import Demand, Result, result
from bench.site import Site, site
from hub.audit import record_person_look
from hub.database import close_pool, connection, open_pool

NAME = "looks"
AGENTS = 1_000
RATE = 1_000
RUNS, RUN_S = 3, 20.0
WRITERS = 16
TIMES_MAX = 1.2
"""What the median age of a change may come to with looks: more than the noise between two runs is a cost."""
SEALED_S = 30.0


def run() -> list[Result]:
    return uvloop.run(_measured())


async def _measured() -> list[Result]:
    seconds, rate = float(os.environ.get("SECONDS", RUN_S)), int(os.environ.get("RATE", RATE))
    runs: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    async with (
        site(round(AGENTS * ABSENT)) as made,
        made.desks(1) as desks,
        made.watching() as watchers,
        asked("bench.looks", made.served.env["DATABASE_URL"], str(made.people.people)) as lookers,
    ):
        await watchers.ask("watch", viewers=made.viewers(VIEWERS, OF_EVERYBODY))
        await all_there(desks, AGENTS)
        await asyncio.sleep(SETTLE_S)
        for _ in range(RUNS):
            for which, told in runs.items():
                told.append(await _turn(made, desks, watchers, lookers, seconds, rate if which == "with" else 0))
                print(f"  {which}: {said(told[-1])}", flush=True)
        behind = await lookers.ask("sealed")
        if behind["waiting"]:
            raise AssertionError(f"{behind['waiting']} looks are not sealed {SEALED_S:.0f} s after the last")
    beside = {what: [told[what] for told in runs["with"]] for what in runs["with"][0] if what not in ("p50", "p99")}
    return [
        result(
            f"{NAME}, {which}",
            "ms",
            "lower",
            {
                "ours": [told[which] for told in runs["with"]],
                "without looks": [told[which] for told in runs["without"]],
            },
            demands=[Demand(TIMES_MAX, ("without looks",))] if which == "p50" else (),
            beside=beside if which == "p50" else None,
        )
        for which in ("p50", "p99")
    ]


async def _turn(
    made: Site, desks: list[Asked], watchers: Asked, lookers: Asked, seconds: float, rate: int
) -> dict[str, float]:
    await lookers.ask("look", rate=rate)
    told = await measure(made, desks, watchers, seconds)
    looked = await lookers.ask("look", rate=0)
    return told | {
        "looks a second": looked["count"] / looked["took_s"] if rate else 0.0,
        "look p99, ms": looked["p99_ms"],
    }


class Lookers:
    """The process that looks, on a pool of its own."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._number = 0
        self._took_ms: list[float] = []
        self._began = 0.0
        self._looking: list[asyncio.Task[None]] = []

    async def do(self, asked: dict[str, int | str]) -> dict[str, float]:
        if asked["what"] == "sealed":
            return {"waiting": await self._waiting()}
        for each in self._looking:
            each.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        took = sorted(self._took_ms)
        told = {
            "count": len(took),
            "took_s": time.monotonic() - self._began,
            "p99_ms": took[int(len(took) * 0.99)] if took else 0.0,
        }
        self._took_ms, self._began = [], time.monotonic()
        pause_s = WRITERS / int(asked["rate"]) if asked["rate"] else 0
        self._looking = [asyncio.create_task(self._look(pause_s)) for _ in range(WRITERS if pause_s else 0)]
        return told

    async def _look(self, every_s: float) -> None:
        due = time.monotonic()
        while True:
            self._number += 1
            began = time.monotonic()
            await record_person_look(1, 1 + self._number % self._people, uuid.uuid4())
            self._took_ms.append((time.monotonic() - began) * 1000)
            due += every_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _waiting(self) -> int:
        deadline = time.monotonic() + SEALED_S
        while True:
            async with connection() as held:
                waiting: int = await held.fetchval("SELECT count(*) FROM audit_waiting")
            if not waiting or time.monotonic() > deadline:
                return waiting
            await asyncio.sleep(0.2)


async def _serve(url: str, people: int) -> None:
    await open_pool(url, WRITERS + 1)
    try:
        await answer(Lookers(people).do)
    finally:
        await close_pool()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])))
