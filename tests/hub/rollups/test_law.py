"""The law: rollups, and what is read at any moment, are what a slow and obvious computation makes of the rows (`plain.py`).

Devices of three people, one of whom moves to other zones, send what a device may send and what it should not: late, out of order,
overlapping, across changes of the clock; while the job runs, is killed, or runs twice; in commits that are held open while it does.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.retention import make_days
from hub.rollups import read
from hub.wire.activity import Facts, quarter_of
from hub.wire.events import Event, Gap, Interval
from tests.hub.rollups.conftest import Watched, World, outside

STARTS = [
    datetime(2026, 11, 18, 8, 50, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 20, tzinfo=UTC),  # Oslo's hour from 2 to 3 o'clock comes twice
    datetime(2026, 3, 29, 0, 20, tzinfo=UTC),  # and here not at all
    datetime(2026, 11, 18, 22, 40, tzinfo=UTC),  # midnight in Oslo is near
    datetime(2026, 11, 18, 18, 0, tzinfo=UTC),  # and here in Kathmandu
]
KINDS = ["input", "input", "input", "silence", "silence", "call", "locked", "private", "break", "asleep"]


ACTS = ["store"] * 6 + ["job"] * 4 + ["hold", "release", "watched", "killed", "two jobs"]


@pytest.mark.timeout(200)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), start=st.sampled_from(STARTS), length=st.integers(5, 12), steps=st.integers(10, 20))
async def test_rollups_and_reads_are_what_the_rows_say_at_every_moment(
    world: World, seed: int, start: datetime, length: int, steps: int
) -> None:
    # What happens is drawn by chance alone: Hypothesis would try short and regular stories first, in which nothing goes wrong.
    chance = random.Random(seed)
    await make_days((start + timedelta(days=offset)).date() for offset in (-1, 0, 1))
    await world.begin(start + timedelta(hours=12))
    left = {device: timeline(chance, start, length) for device in world.owners}

    for _ in range(steps):
        act, device, count = chance.choice(ACTS), chance.choice([1, 2, 3, 4]), chance.choice([1, 1, 2, 3])
        if act in ("store", "hold") and not world.is_held(device) and left[device]:
            batch, left[device] = left[device][:count], left[device][count:]
            await (world.store if act == "store" else world.store_but_hold_commit)(device, batch)
        elif act == "release":
            await world.release()
        elif act == "job":
            await world.roll_up()
        elif act == "watched":
            await world.roll_up_watched(partial(_commit_and_read_at, world, chance.randint(1, 12)))
        elif act == "killed":
            await world.roll_up_killed(chance.randint(1, 12), by_the_server=chance.random() < 0.3)
        elif act == "two jobs":
            await asyncio.gather(world.roll_up(), world.roll_up())
        await world.require_exact_reads()
    await world.release()
    for device, batch in left.items():
        if batch and chance.random() < 0.5:
            await world.store(device, batch)
    await world.require_exact_reads()
    await world.roll_up()
    await world.require_exact_rollups()
    await world.require_exact_reads()


@pytest.mark.timeout(200)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
async def test_rows_in_any_order_around_a_quarter_hour(world: World, seed: int) -> None:
    """One device and few rows, rolled up after each: where every mark counts, and no other device hides a fault."""
    chance = random.Random(seed)
    await make_days([STARTS[0].date()])
    await world.begin(STARTS[0] + timedelta(hours=12))
    quarter = quarter_of(STARTS[0])
    made = []
    for _ in range(chance.randint(2, 5)):
        at = quarter + timedelta(seconds=chance.choice([-400, -400, 0, 0, 3600]) + chance.randint(0, 400))
        told = chance.choice(["nothing", "nothing", "input", "input", "before", "ahead"])
        since_s = {"nothing": 0, "input": chance.randint(0, 60), "before": -chance.randint(0, 400), "ahead": 5000}[told]
        if told == "before" and chance.random() < 0.5:
            since_s -= (at - quarter) // timedelta(seconds=1)
        last = None if told == "nothing" else at + timedelta(seconds=since_s)
        made.append(
            Interval(
                started_at=at,
                ended_at=at + timedelta(seconds=chance.choice([30, 60, 60, 200])),
                wall_at=at,
                zone_min=0,
                policy=1,
                facts=Facts(last_input_at=last),
                first_input_at=chance.choice([None, at]),
            )
        )

    for event in made:
        await world.store(3, [event])
        await world.require_exact_reads()
        await world.roll_up()
        await world.require_exact_rollups()


def timeline(chance: random.Random, start: datetime, length: int) -> list[Event]:
    """What a device tells of some hours, in whole seconds."""
    at = start + timedelta(seconds=chance.randint(0, 900))
    last: datetime | None = chance.choice([None, start - timedelta(seconds=100)])
    made: list[Event] = []
    for _ in range(length):
        hole_s = chance.choice([0, 0, 0, 0, 0, 1, 200, 700, 3000, 5000, -100])
        if hole_s >= 200 and last and chance.random() < 0.5:
            last = at + timedelta(seconds=chance.randint(0, hole_s))  # told of later, and only then
        at += timedelta(seconds=hole_s)
        length_s = chance.choice([1, 20, 60, 60, 60, 60, 200, 301, 900, 2000])
        kind = chance.choice(KINDS)
        times: Any = {"started_at": at, "ended_at": at + timedelta(seconds=length_s), "wall_at": at, "zone_min": 60}
        times["policy"] = chance.choice([1, 1, 1, 1, 2, 3, 99])
        first, counts = None, {}
        if kind == "input":
            first_s, last_s = sorted(
                (chance.randint(0, length_s), chance.randint(0, length_s + chance.choice([0, 0, 0, 3000])))
            )
            first, last = at + timedelta(seconds=first_s), at + timedelta(seconds=last_s)
            counts = {"keys": chance.choice([0, 7]), "clicks": chance.choice([0, 1])}
        if kind == "asleep":
            made.append(Gap(**times))
        elif kind == "private":
            made.append(Interval(**times, facts=Facts(private=True)))
        else:
            facts = Facts(
                app=chance.choice(["Editor", "Mail", None]),
                site=chance.choice([None, None, "example.org"]),
                last_input_at=last if kind == "input" or chance.random() < 0.5 else None,
                call=kind == "call",
                locked=kind == "locked",
                on_break=kind == "break",
            )
            made.append(Interval(**times, facts=facts, first_input_at=first, **counts))
        at += timedelta(seconds=length_s)
    if chance.random() < 0.5:
        chance.shuffle(made)
    return made


async def _commit_and_read_at(world: World, at: int, call: int, _: Any) -> None:
    """Commits what is held and reads, while the job is before its `at`-th statement."""
    if call == at:
        await outside(world.release())
        await outside(world.require_exact_reads())


async def test_read_is_of_one_moment_whatever_is_committed_while_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two of its statements a job rolls up what the read has seen marked, and events come in that it must not see by half."""
    chance = random.Random(3)
    people, start = list(world.zones), STARTS[0]
    await make_days((start + timedelta(days=offset)).date() for offset in (-1, 0, 1))
    real, calls = read._snapshot, 0

    async def between(at: int, later: list[Event], *_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            await outside(world.roll_up())
            await outside(world.store(1, later))
            await outside(world.roll_up())

    for at in range(2, 12):
        await world.begin(start + timedelta(hours=12))
        made = {device: timeline(chance, start, 12) for device in world.owners}
        for device, events in made.items():
            await world.store(device, events[:6])
        await world.roll_up()
        await world.store(1, made[1][6:9])
        day = world.now.date()
        before = await read.read_days(people, day - timedelta(days=1), day + timedelta(days=1), world.now)

        @contextlib.asynccontextmanager
        async def watched(at: int = at, later: list[Event] = made[1][9:]) -> AsyncIterator[Any]:
            async with real() as held:
                yield Watched(held, partial(between, at, later))

        monkeypatch.setattr(read, "_snapshot", watched)
        calls = 0
        during = await read.read_days(people, day - timedelta(days=1), day + timedelta(days=1), world.now)
        monkeypatch.setattr(read, "_snapshot", real)
        assert {place: (sorted(each.sums, key=str), each.spans) for place, each in during.items()} == {
            place: (sorted(each.sums, key=str), each.spans) for place, each in before.items()
        }
