"""A fleet against a hub that drops connections: everything is acked in the end, and the ledger says what happened."""

import asyncio
import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from agents import fleet_link
from agents.errors import EnrolmentRefused
from agents.fleet import PORTS_PER_ADDRESS, Fleet
from agents.ledger import Acknowledged, Begin, DeclaredLost, Generated, Ledger, Line, Renumbering
from agents.outputs import Stop
from agents.roster import Roster
from agents.simulated import Simulated
from hub.wire.closing import Close

from .fleet_hub import FleetHub

PEOPLE = 12


def lines(path: Path) -> list[Line]:
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines()]


async def run(
    hub: FleetHub,
    path: Path,
    *,
    seconds: float = 1.2,
    stop: asyncio.Event | None = None,
    people: int = PEOPLE,
    settle_s: float = 10,
    **options: Any,
) -> Fleet:
    """A fleet from its beginning to its end, at a rate at which minutes pass in a second."""
    ledger = Ledger(path)
    roster = options.pop("roster", None) or Roster(hub.url)
    fresh = not roster.known
    members = list(roster.known.values()) or [hub.member(number) for number in range(1, people + 1)]
    roster.known = {member.email: member for member in members}
    fleet = Fleet(
        hub.url,
        roster,
        ledger=ledger,
        rate=options.pop("rate", 300.0),
        seconds=seconds,
        **options,
    )
    await fleet.run(members, set(roster.known) if fresh else set(), stop or asyncio.Event())
    await fleet.settle(settle_s)
    await fleet.close()
    ledger.close()
    return fleet


def stored(hub: FleetHub) -> set[tuple[str, int, int]]:
    return {(device, epoch, seq) for device, model in hub.devices.items() for epoch, seq in model.stored}


def final_numbers(said: list[Line]) -> set[tuple[str, int, int]]:
    """Where the ledger says that each event ended up."""
    numbers: set[tuple[str, int, int]] = set()
    for line in said:
        match line:
            case Generated():
                numbers.add((line.d, line.epoch, line.seq))
            case Renumbering():
                for old, new, count in line.runs:
                    for offset in range(count):
                        numbers.remove((line.d, line.old, old + offset))
                        numbers.add((line.d, line.new, new + offset))
            case _:
                pass
    return numbers


async def test_everything_is_acked_by_a_hub_that_keeps_dropping_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_link, "CUT_LEAST_MS", 100)
    async with FleetHub(drop=0.05) as hub:
        fleet = await run(hub, tmp_path / "ledger", flaky=1.0, cut_every_s=30)

    assert fleet.waiting == 0
    assert fleet.figures.cuts > 0
    assert hub.connections > PEOPLE * 2
    said = lines(tmp_path / "ledger")
    assert len([line for line in said if isinstance(line, Generated)]) == fleet.figures.generated > PEOPLE * 3
    assert stored(hub) == final_numbers(said)


async def test_what_is_stored_is_what_was_generated_and_ends_before_now(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    async with FleetHub() as hub:
        await run(hub, tmp_path / "ledger")

    times = {}
    for line in lines(tmp_path / "ledger"):
        if isinstance(line, Generated):
            times[line.d, line.seq] = (line.start, line.end)
    for device, model in hub.devices.items():
        for (_, seq), event in model.stored.items():
            assert times[device, seq] == (event.started_at, event.ended_at)
    assert max(end for _, end in times.values()) <= datetime.now(UTC)
    assert min(start for start, _ in times.values()) >= began - timedelta(seconds=1.2 * 300 + 1)


async def test_a_hub_that_dies_and_returns_loses_nothing(tmp_path: Path) -> None:
    async with FleetHub() as hub:
        running = asyncio.create_task(run(hub, tmp_path / "ledger", seconds=3.0))
        for _ in range(2):
            await asyncio.sleep(0.8)
            await hub.die()
            await asyncio.sleep(0.2)
            await hub.return_()
        fleet = await running

    assert fleet.waiting == 0
    assert stored(hub) == final_numbers(lines(tmp_path / "ledger"))


async def test_every_event_is_in_the_ledger_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    async with FleetHub() as hub:
        late: list[int] = []
        model_answer = hub.batches

        class Checked(list[Any]):
            def append(self, item: Any) -> None:
                device, batch = item
                known = {
                    (line.d, line.epoch, line.seq) for line in lines(path) if isinstance(line, Generated)
                } | final_numbers(lines(path))
                late.extend(
                    seq
                    for seq in range(batch.first_seq, batch.first_seq + len(batch.events))
                    if (device, batch.epoch, seq) not in known
                )

        hub.batches = Checked(model_answer)
        await run(hub, path, seconds=1.0, people=4)

    assert late == []


async def test_acks_in_the_ledger_are_those_of_the_hub(tmp_path: Path) -> None:
    async with FleetHub(drop=0.03) as hub:
        await run(hub, tmp_path / "ledger")

    last: dict[str, int] = {}
    for line in lines(tmp_path / "ledger"):
        if isinstance(line, Acknowledged):
            last[line.d] = line.seq
    assert last == {device: model.acked for device, model in hub.devices.items()}


async def test_the_past_goes_first_and_the_wall_is_live_at_once(tmp_path: Path) -> None:
    async with FleetHub() as hub:
        fleet = await run(hub, tmp_path / "ledger", people=3, seconds=4.0, rate=1.0, history_days=8)

    assert fleet.waiting == 0
    assert fleet.figures.generated > 3 * 300
    assert len({device for device, _ in hub.presences}) == 3
    for model in hub.devices.values():
        starts = [event.started_at for _, event in sorted(model.stored.items())]
        assert starts == sorted(starts)
        assert starts[0] < datetime.now(UTC) - timedelta(days=2)
    biggest = max(len(batch.events) for _, batch in hub.batches)
    assert biggest > 400


async def test_presence_tells_times_of_now_whatever_the_rate(tmp_path: Path) -> None:
    async with FleetHub() as hub:
        await run(hub, tmp_path / "ledger")

    heard = [frame for _, frame in hub.presences if frame.facts.last_input_at]
    assert heard
    for frame in heard:
        assert frame.facts.last_input_at is not None
        assert timedelta(0) <= frame.at - frame.facts.last_input_at + timedelta(seconds=1) < timedelta(hours=12)


async def test_a_full_spool_declares_loss_and_the_ledger_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = Simulated.begin

    def begin(agent: Simulated, *times: Any) -> None:
        agent.spool._bytes_max = 1_000
        began(agent, *times)

    monkeypatch.setattr(Simulated, "begin", begin)
    async with FleetHub() as hub:
        running = asyncio.create_task(run(hub, tmp_path / "ledger", people=3, seconds=2.0))
        await asyncio.sleep(0.3)
        await hub.die()
        await asyncio.sleep(1)
        await hub.return_()
        fleet = await running

    assert fleet.waiting == 0
    lost = {(device, *key) for device, model in hub.devices.items() for key in model.lost}
    declared = {
        (line.d, line.epoch, seq)
        for line in lines(tmp_path / "ledger")
        if isinstance(line, DeclaredLost)
        for seq in range(line.from_seq, line.to_seq + 1)
    }
    assert lost
    assert lost == declared
    assert stored(hub) | lost == final_numbers(lines(tmp_path / "ledger"))


async def test_a_stopped_fleet_goes_on_as_the_same_devices(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    async with FleetHub() as hub:
        await run(hub, tmp_path / "one", roster=Roster(hub.url, path), seconds=1.0)
        before = {device: model.acked for device, model in hub.devices.items()}
        fleet = await run(hub, tmp_path / "two", roster=Roster(hub.url, path), seconds=1.0)

    assert path.stat().st_mode & 0o777 == 0o600
    assert fleet.waiting == 0
    begins = {line.d: (line.epoch, line.seq) for line in lines(tmp_path / "two") if isinstance(line, Begin)}
    assert begins == {device: (1, acked + 1) for device, acked in before.items()}
    assert stored(hub) == final_numbers(lines(tmp_path / "one")) | final_numbers(lines(tmp_path / "two"))
    for model in hub.devices.values():
        ordered = [event for _, event in sorted(model.stored.items())]
        assert all(one.ended_at <= two.started_at for one, two in itertools.pairwise(ordered))


async def test_what_a_stopped_fleet_could_not_send_goes_with_the_next_start(tmp_path: Path) -> None:
    path, stop = tmp_path / "devices.json", asyncio.Event()
    async with FleetHub() as hub:
        running = asyncio.create_task(
            run(hub, tmp_path / "one", roster=Roster(hub.url, path), seconds=60.0, stop=stop, people=4, settle_s=0.2)
        )
        await hub.until(lambda: len({device for device, _, _ in stored(hub)}) == 4)
        await hub.die()
        await asyncio.sleep(0.5)
        stop.set()
        waiting = (await running).waiting
        await hub.return_()
        fleet = await run(hub, tmp_path / "two", roster=Roster(hub.url, path), seconds=1.0)

    assert waiting > 0
    assert fleet.waiting == 0
    assert stored(hub) == final_numbers(lines(tmp_path / "one")) | final_numbers(lines(tmp_path / "two"))


async def test_a_fleet_that_was_killed_starts_without_a_standing(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    async with FleetHub() as hub:
        roster = Roster(hub.url, path)
        await run(hub, tmp_path / "one", roster=roster, seconds=1.0)
        roster.save(clean=False)
        fleet = await run(hub, tmp_path / "two", roster=Roster(hub.url, path), seconds=1.0)

    assert {line.epoch for line in lines(tmp_path / "two") if isinstance(line, Begin)} == {0}
    assert fleet.waiting == 0
    assert len(stored(hub)) == sum(
        isinstance(line, Generated) for name in ("one", "two") for line in lines(tmp_path / name)
    )


async def test_a_stopped_fleet_ends_soon_though_the_hub_is_away(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with FleetHub() as hub:
        await hub.die()
        asyncio.get_running_loop().call_later(0.3, stop.set)
        ledger = Ledger(tmp_path / "ledger")
        fleet = Fleet(hub.url, Roster(hub.url), ledger=ledger, rate=300, seconds=60)
        await fleet.run([hub.member(1)], {hub.member(1).email}, stop)
        settled = await fleet.settle(0.5)
        await fleet.close()
        await hub.return_()

    assert not settled
    assert fleet.waiting > 0


async def test_a_refused_device_is_counted_and_not_tried_for_ever(tmp_path: Path) -> None:
    async with FleetHub() as hub:
        hub.known = {hub.member(number).device for number in range(2, PEOPLE + 1)}
        ledger = Ledger(tmp_path / "ledger")
        fleet = Fleet(hub.url, Roster(hub.url), ledger=ledger, rate=300, seconds=1.0)
        members = [hub.member(number) for number in range(1, PEOPLE + 1)]
        await fleet.run(members, {member.email for member in members}, asyncio.Event())
        settled = await fleet.settle(0.5)
        await fleet.close()

    assert not settled
    assert fleet.figures.refused == 1
    assert hub.connections < PEOPLE * 3


async def test_code_that_the_hub_refuses_is_not_tried_for_every_device_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    async def refuse(_: Roster, member: str, __: str) -> None:
        tried.append(member)
        raise EnrolmentRefused("The code doesn't work.")

    monkeypatch.setattr(Roster, "renew", refuse)
    fleet = Fleet("http://127.0.0.1:9", Roster("http://127.0.0.1:9"), code="ABCD-EFGH")
    for name in ("one", "two", "three"):
        agent: Any = SimpleNamespace(refused=Stop("renew", Close.UNKNOWN_DEVICE), known=False, member=name, become=None)
        fleet.refused(agent)
        await asyncio.gather(*fleet._tasks)

    assert tried == ["one"]
    assert fleet.figures.refused == 3


def test_a_large_fleet_uses_several_source_addresses() -> None:
    fleet = Fleet("http://127.0.0.1:9", Roster("http://127.0.0.1:9"))
    far = Fleet("https://hub.example.org", Roster("https://hub.example.org"))

    assert fleet._source(0) is None
    assert fleet._source(PORTS_PER_ADDRESS) == "127.0.0.2"
    assert fleet._source(3 * PORTS_PER_ADDRESS) == "127.0.0.4"
    assert far._source(PORTS_PER_ADDRESS) is None


def test_a_fleet_may_have_as_many_connections_as_its_process_is_allowed() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 2000)); from agents.simulate import command; "
        "command(['--hub', 'no address'], standalone_mode=False)"
    )
    tried = subprocess.run(
        [sys.executable, "-c", f"try:\n {code}\nfinally:\n print(resource.getrlimit(resource.RLIMIT_NOFILE))"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert tried.stdout == "(2000, 2000)\n"


def test_a_fleet_never_runs_into_the_future() -> None:
    with pytest.raises(ValueError, match="future"):
        Fleet("http://127.0.0.1:9", Roster("http://127.0.0.1:9"), rate=2)
