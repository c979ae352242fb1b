"""Agents that can be killed: real spools on disk, and clocks that are stepped. A process of its own, told what to do on its standard input.

    python -m chaos.desks FOLDER HUB CODE DESKS LEDGER

    step DESK SECONDS     its wall clock is wrong by this much, it starts anew, works for a moment and only then meets the hub
    sleep DESK SECONDS    its machine sleeps for this long, and wakes up at once
    (end of input)        no more events; what waits is sent, and `left N` says how many were not acked

Each is answered by `done True`, or `done False` when it could not be. A process that is started again on the same folder goes on where the
killed one was: what the spool has and the ledger does not yet, is written there before anything is sent.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agents.intervals import Recorder, Sample
from agents.ledger import Acknowledged, Begin, Generated, Ledger, Line, Renumbering, runs_of
from agents.roster import DOMAIN, Member, Roster
from agents.spool_sqlite import SqliteSpool
from chaos.device import Device
from hub.wire.activity import Facts
from hub.wire.events import Event

SAMPLE_S = 0.1
TURN_S = (0.6, 1.5)
"""Between two changes of the window; each makes an event."""
LAG = timedelta(days=20)
"""Of those who sleep: sixty times eight hours."""
SLEEPER = 2
"""Every third desk, as `chaos.faults` has it."""
OFFLINE_S = 1.5
FAR = timedelta(minutes=10)
"""What lies further ahead was stamped by a clock that was wrong."""
SETTLE_S = 120.0
MANY = 1_000_000
APPS = ("Editor", "Terminal", "Browser", "Mail", "Chat")


class Told(msgspec.Struct):
    """What the ledger of an earlier process says of a device."""

    epoch: int
    waiting: dict[int, datetime]
    """Starts of what it numbered in this epoch and saw no ack for."""
    latest: datetime | None = None


class Desk:
    """A device at which somebody works."""

    def __init__(self, device: Device, lag_file: Path, told: Told | None) -> None:
        self.device = device
        self._lag_file = lag_file
        self._recorder = Recorder(device.clock, device.policy)
        self._rng = random.Random(device.member.email)
        self._app = APPS[0]
        self._turn_ms = 0
        self._not_before = told.latest if told else None
        """It has told up to here. A clock that was learned anew may lie a little behind."""
        self.busy = False

    def look(self) -> None:
        """A look at the sensors, unless it does not know what time it is."""
        device = self.device
        now_ms = device.mono_ms()
        if self.busy or not device.clock.met:
            return
        if self._not_before is not None and device.clock.at(now_ms) <= self._not_before:
            return
        device.keep(self._sample(self._recorder, now_ms))

    async def step(self, seconds: int) -> bool:
        device = self.device
        self.busy = True
        try:
            await device.disconnect()
            self._pause()
            device.wall_step = timedelta(seconds=seconds)
            device.clock = device.new_clock()
            offline = Recorder(device.clock, device.policy)
            until_ms = device.mono_ms() + OFFLINE_S * 1000
            while (now_ms := device.mono_ms()) < until_ms:
                device.keep(self._sample(offline, now_ms))
                await asyncio.sleep(SAMPLE_S)
            device.keep(offline.pause())
            self._recorder = Recorder(device.clock, device.policy)
            device.connect()
            return True
        finally:
            device.wall_step = timedelta(0)
            self.busy = False

    def sleep(self, seconds: int) -> bool:
        device, slept = self.device, timedelta(seconds=seconds)
        if slept > device.lag or not device.clock.met:
            return False
        device.lag -= slept
        self._lag_file.write_text(str(device.lag.total_seconds()))
        from_ms = device.mono_ms()
        device.clock.lag = device.lag
        device.slept_ms += seconds * 1000
        device.keep(self._recorder.slept(from_ms, device.mono_ms()))
        return True

    def end(self) -> None:
        self.busy = True
        self._pause()

    def _pause(self) -> None:
        self.device.keep(self._recorder.pause())
        now = self.device.clock.at(self.device.mono_ms())
        self._not_before = max(now, self._not_before or now) if self.device.clock.met else self._not_before

    def _sample(self, recorder: Recorder, now_ms: int) -> list[Event]:
        if now_ms >= self._turn_ms:
            self._app = self._rng.choice([app for app in APPS if app != self._app])
            self._turn_ms = now_ms + int(1000 * self._rng.uniform(*TURN_S))
        return recorder.sample(
            Sample(
                mono_ms=now_ms,
                wall_at=self.device.wall_at(),
                zone_min=0,
                facts=Facts(app=self._app),
                last_input_ms=now_ms,
                keys=1,
            )
        )


def read(ledger: Path) -> dict[str, Told]:
    """What is in the ledger, by device. A line that a killed process left unfinished is cut off."""
    told: dict[str, Told] = {}
    if not ledger.exists():
        return told
    content = ledger.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        ledger.write_bytes(whole)
    decode = msgspec.json.Decoder(Line).decode
    soon = datetime.now(UTC) + FAR
    for raw in whole.splitlines():
        line = decode(raw)
        match line:
            case Begin():
                told[line.d] = Told(line.epoch, {})
            case Generated():
                device = told[line.d]
                device.waiting[line.seq] = line.start
                if line.end <= soon and (device.latest is None or line.end > device.latest):
                    device.latest = line.end
            case Acknowledged():
                device = told[line.d]
                device.waiting = {seq: at for seq, at in device.waiting.items() if seq > line.seq}
            case Renumbering():
                device = told[line.d]
                moved = {old + offset: new + offset for old, new, count in line.runs for offset in range(count)}
                device.waiting = {moved[seq]: at for seq, at in device.waiting.items() if seq in moved}
                device.epoch = line.new
            case _:
                pass
    return told


def catch_up(device: Device, told: Told, ledger: Ledger) -> None:
    """Writes down what the killed process had no time to: it changes its spool first, and nothing was sent since."""
    spool = device.spool
    held: dict[int, Event] = {}
    at = spool.acked + 1
    while isinstance(found := spool.peek(at, MANY, MANY), list):
        held |= dict(enumerate(found, at))
        at += len(found)
    if spool.epoch != told.epoch:
        by_start = {event.started_at: seq for seq, event in held.items()}
        moved = [(seq, by_start[start]) for seq, start in sorted(told.waiting.items()) if start in by_start]
        ledger.write(Renumbering(device.member.device, told.epoch, spool.epoch, runs_of(moved)))
        told.waiting = {new: told.waiting[old] for old, new in moved}
    for seq, event in held.items():
        if seq not in told.waiting:
            ledger.write(Generated(device.member.device, spool.epoch, seq, event.started_at, event.ended_at))
    ledger.flush()


async def main(folder: Path, hub: str, code: str, count: int, path: Path) -> None:
    folder.mkdir(exist_ok=True)
    members: list[Member] = await Roster(hub, folder / "roster.json").members(
        [f"desk-{number}@{DOMAIN}" for number in range(count)], code
    )
    told = read(path)
    ledger = Ledger(path)
    desks: list[Desk] = []
    for number, member in enumerate(members):
        lag_file = folder / f"lag-{number}"
        lag = timedelta(0)
        if number % 3 == SLEEPER:
            lag = timedelta(seconds=float(lag_file.read_text())) if lag_file.exists() else LAG
        device = Device(hub, member, SqliteSpool(folder / f"spool-{number}"), ledger, lag)
        known = told.get(member.device)
        if known is None:
            device.begin()
        else:
            catch_up(device, known, ledger)
        desks.append(Desk(device, lag_file, known))
        device.connect()
    looking = asyncio.create_task(_look(desks))
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while words := (await reader.readline()).decode().split():
        desk = desks[int(words[1])]
        done = await desk.step(int(words[2])) if words[0] == "step" else desk.sleep(int(words[2]))
        print("done", done, flush=True)
    looking.cancel()
    for desk in desks:
        desk.end()
    deadline = asyncio.get_running_loop().time() + SETTLE_S
    while any(desk.device.waiting for desk in desks) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.1)
    print("left", sum(desk.device.waiting for desk in desks), flush=True)


async def _look(desks: list[Desk]) -> None:
    while True:
        for desk in desks:
            desk.look()
        await asyncio.sleep(SAMPLE_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5])))
