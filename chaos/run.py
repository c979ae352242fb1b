"""One run: rounds of faults until the time is over, and after each the questions of the oracle; at the end the ledgers."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from chaos import faults
from chaos.oracle import (
    Judged,
    fresh_write_s,
    judge,
    rollups_that_differ,
    set_aside_in_error,
    walls_agree_s,
    walls_show_somebody,
)
from chaos.schedule import Kind, Planned, rounds
from chaos.world import SETTLE_S, Size, World, running, stopped
from hub.database import close_pool, open_pool
from hub.rollups.job import backlog, roll_up

RECOVERY_S = 10.0
WALLS_S = 30.0
WALLS_EVERY = 4
"""Rounds. All agents are stopped for it, since walls can be compared only while nobody says anything new."""
RETIRED_S = 20.0
"""The fleet began before the faults, and ends before them."""
LATER = timedelta(hours=3)
"""Every quarter-hour is over by then, also that of a clock that was an hour ahead."""
GIVE_UP_S = 120.0
"""When nothing has recovered by then, nothing will."""


class Outcome(msgspec.Struct, kw_only=True):
    """What a run found."""

    seed: int
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    absent: Counter[str] = msgspec.field(default_factory=Counter)
    rounds: int = 0
    recoveries_s: list[float] = msgspec.field(default_factory=list)
    walls: int = 0
    wrong: list[str] = msgspec.field(default_factory=list)
    """What should not be: ends the run."""
    slow: list[str] = msgspec.field(default_factory=list)
    """Recoveries that took longer than is promised: the run goes on, and fails in the end."""
    judged: Judged | None = None

    def lines(self) -> list[str]:
        took = sorted(self.recoveries_s)
        recovered = f"median {took[len(took) // 2]:.1f} s, worst {took[-1]:.1f} s" if took else "never asked"
        said = [
            f"seed={self.seed} rounds={self.rounds} faults={self.faults.total()} kinds={len(self.faults)}",
            *(f"  {count:4}  {name}" for name, count in sorted(self.faults.items())),
            *(f"  not made {count} times: {what}" for what, count in sorted(self.absent.items())),
            f"fresh write after healing: {recovered}, {len(took)} times; walls equal to a fresh one: {self.walls} times",
        ]
        if self.judged is not None:
            names = ("generated", "acked", "stored", "quarantined", "declared_lost", "lost", "duplicates")
            said.append("events: " + " ".join(f"{name}={getattr(self.judged, name)}" for name in names))
        return [*said, *(f"WRONG: {what}" for what in (*self.wrong, *self.slow))]


async def run(
    seed: int,
    size: Size,
    folder: Path,
    *,
    recovery_s: float = RECOVERY_S,
    kinds: int = 0,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Runs for `size.seconds`, and until as many `kinds` have come up. Everything it leaves behind is in `folder`."""
    outcome = Outcome(seed=seed)
    async with running(folder, size, seed) as world:
        began = time.monotonic()
        for number, plan in enumerate(rounds(seed, offered(size)), 1):
            if time.monotonic() - began > size.seconds and len(outcome.faults) >= kinds:
                break
            await _round(world, number, plan, outcome, began, recovery_s, say)
            if outcome.wrong:
                say(f"WRONG: {outcome.wrong[0]}")
                break
        await _walls(world, outcome, say, somebody=False)
        await _settle(world, outcome, say)
        await _roll_up(world.database_url)
        outcome.judged = await judge(world.ledgers, world.database_url)
        outcome.wrong += outcome.judged.broken
        outcome.wrong += await set_aside_in_error(world.database_url, world.poisoner.member.device)
        outcome.wrong += await rollups_that_differ(world.database_url)
    return outcome


def offered(size: Size) -> list[Kind]:
    """In a long run an hour ahead comes to pass, and then two truths would lie over one another."""
    return [kind for kind in faults.KINDS if size.seconds < 3000 or kind.name != "clock an hour ahead"]


async def _round(
    world: World,
    number: int,
    plan: tuple[Planned, ...],
    outcome: Outcome,
    began: float,
    recovery_s: float,
    say: Callable[[str], None],
) -> None:
    def note(text: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s  {number:4}  {text}")

    async def one(planned: Planned) -> None:
        await asyncio.sleep(planned.after_s)
        try:
            async with faults.FAULTS[planned.kind](world, planned.pick) as hit:
                note(f"{planned.kind}: {hit}" + (f", for {planned.hold_s:.1f} s" if planned.hold_s else ""))
                outcome.faults[planned.kind] += 1
                await asyncio.sleep(planned.hold_s)
        except faults.Absent as absent:
            outcome.absent[f"{planned.kind}: {absent}"] += 1
            note(f"{planned.kind}: not made, {absent}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to tell
            outcome.wrong.append(f"{planned.kind} could not be healed: {type(error).__name__} {error}")

    await asyncio.gather(*(one(planned) for planned in plan))
    outcome.rounds += 1
    took_s = await fresh_write_s(world.probe, max(GIVE_UP_S, recovery_s))
    if took_s is None:
        outcome.wrong.append(f"round {number}: no fresh write within {GIVE_UP_S:.0f} s")
        return
    outcome.recoveries_s.append(took_s)
    note(f"healed; a fresh write took {took_s:.1f} s")
    if took_s > recovery_s:
        outcome.slow.append(f"round {number}: a fresh write took {took_s:.1f} s, more than {recovery_s:.0f} s")
    if number % WALLS_EVERY == 0:
        await _walls(world, outcome, say, somebody=time.monotonic() - began < world.size.seconds - RETIRED_S)


async def _walls(world: World, outcome: Outcome, say: Callable[[str], None], *, somebody: bool) -> None:
    if somebody and not await walls_show_somebody(world.walls, WALLS_S):
        outcome.wrong.append(f"after round {outcome.rounds} no wall shows anybody live for {WALLS_S:.0f} s")
        return
    agents = [process.pid for process in (world.fleet, world.desks.process) if process and process.returncode is None]
    with stopped(agents):
        took_s = await walls_agree_s(world.walls, WALLS_S)
    if took_s is None:
        outcome.wrong.append(f"after round {outcome.rounds} walls differ from a fresh one for {WALLS_S:.0f} s")
    else:
        outcome.walls += 1
        say(f"{'':17}walls are as a fresh one after {took_s:.1f} s")


async def _settle(world: World, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Nothing breaks any more: everybody sends what waits."""
    say("no more faults; waiting until everything is acked")
    left = await world.desks.finish(SETTLE_S)
    async with asyncio.timeout(world.size.seconds + 2 * SETTLE_S):
        said, _ = await world.fleet.communicate()
    say(f"fleet: {said.decode().strip()}; desks: unacked={left}")
    if left or world.fleet.returncode:
        outcome.wrong.append(f"something was never acked: desks {left}, fleet {said.decode().strip()}")


async def _roll_up(database_url: str) -> None:
    """What the worker would go on to do until the last quarter-hour is over."""
    await open_pool(database_url)
    try:
        async with asyncio.timeout(SETTLE_S):
            while (await backlog(soon := datetime.now(UTC) + LATER)).marks:
                await roll_up(soon)
    finally:
        await close_pool()
