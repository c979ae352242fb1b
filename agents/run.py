"""The running agent: sensors → `permit` → spool → link, wired together. It logs what it does, never what it sees."""

import asyncio
import contextlib
import logging
import os
import platform
import random
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Literal

import msgspec

from agents.backoff import Backoff
from agents.clock import HubClock, Learned
from agents.enrol import system_name
from agents.errors import StateUnusable
from agents.identity import Keyring, load_key
from agents.intervals import STALE_MS, Recorder, Sample
from agents.link import Link
from agents.machine import REAL, Clocks, boot_id
from agents.outputs import (
    ClockLearned,
    Identity,
    Output,
    PauseChanged,
    PolicyChanged,
    Quarantined,
    Ready,
    StartsChanged,
    Stop,
)
from agents.presence import Tracker
from agents.sensors.logind import Logind, SleepWatch
from agents.sensors.reading import Desktop, Reading
from agents.sensors.x11 import X11Sensor
from agents.session import FLUSH_MS, Session
from agents.settings import Home, Memory, Wish
from agents.spool_sqlite import SqliteSpool
from agents.status import Status
from hub.wire.activity import Facts
from hub.wire.agent import STARTS_MAX, FromHub
from hub.wire.events import Event
from hub.wire.frames import Codec
from hub.wire.pause import Declared, Pause, paused
from hub.wire.policy import Started, Starts, start_at

log = logging.getLogger(__name__)

SAMPLE_S = 1.0
STATUS_S = 5.0
GOODBYE_S = 2.0
"""How long a stopping agent waits for the hub's ack. What is not acked then stays in the spool."""

WORDS = {
    "renew": "the hub no longer knows this device: enrol again with `daylight agent enrol`",
    "stop": "the hub asked this device to stop: another one runs with its identity. If this one is the right one, "
    "make a new key for it on the hub's page Devices, and enrol again with that code: nothing that waits is lost",
}


class Agent:
    """One run. Everything happens on one event loop; only the desktop's sensor has a thread."""

    def __init__(
        self,
        home: Home,
        keyring: Keyring | None,
        *,
        flush_ms: int = FLUSH_MS,
        clocks: Clocks = REAL,
        desktop: Desktop | None = None,
        bus_address: str | None = None,
    ) -> None:
        """Raises `AgentError`, or `OSError` and `Unwritable` when the spool can't be opened."""
        self._home = home
        self._enrolment = home.enrolment()
        self._memory = home.memory()
        self._boot = boot_id()
        self._clocks = clocks
        now_ms = clocks.boot_ms()
        learned = self._memory.learned
        known_us = learned.offset_us if learned and learned.boot and learned.boot == self._boot else None
        self._clock = HubClock(now_ms, datetime.now(UTC), known_us)
        self._recorder = Recorder(self._clock, self._memory.policy, starts=self._memory.starts)
        self._tracker = Tracker()
        self._sleep = SleepWatch(now_ms, clocks.awake_ms())
        self._spool = SqliteSpool(home.spool)
        self._key = load_key(home, self._enrolment, keyring)
        self._instance = uuid.uuid4().hex
        self._flush_ms = flush_ms
        self._phase_ms = random.SystemRandom().randrange(flush_ms)
        self._link = Link(
            self._enrolment.hub, self._new_session, clocks.boot_ms, Backoff(random.SystemRandom()), self._told
        )
        self._look = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._desktop = desktop or X11Sensor(None, clocks.boot_ms, self._wake)
        self._desktop.titles = self._memory.policy.title
        self._logind = Logind(self._look.set, self._sleeping, bus_address)
        self._before: Reading | None = None
        self._readable: frozenset[str] = frozenset()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ends `run` soon."""
        self._stop.set()
        self._look.set()

    async def run(self) -> int:
        """Runs until stopped; the process's exit code. Always leaves what was seen in the spool."""
        self._loop = asyncio.get_running_loop()
        self._desktop.start()
        link = asyncio.create_task(self._link.run())
        others = [asyncio.create_task(job) for job in (self._logind.run(), self._sense(), self._keep_status())]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait([link, stopped, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {link, stopped}:
                task.result()  # none of the others ends by itself: this raises what ended it
            word = link.result() if link in done else None
            if word is None:
                self._sample()
                self._keep(self._recorder.pause())
                await self._link.flush(GOODBYE_S)
        finally:
            self.stop()
            self._desktop.stop()
            self._link.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(link, return_exceptions=True), 1)
            for task in (*others, stopped):
                task.cancel()
            await asyncio.gather(*others, stopped, return_exceptions=True)
            self._keep(self._recorder.pause())
            self._save_status(running=False)
            self._spool.close()
        return self._refused(word) if word else 0

    # --- seeing

    async def _sense(self) -> None:
        """Reads the sensors each second, and at once when something changed."""
        while not self._stop.is_set():
            self._sample()
            self._look.clear()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it can swallow the cancellation that ends us.
                async with asyncio.timeout(SAMPLE_S):
                    await self._look.wait()

    def _sample(self) -> None:
        now_ms = self._clocks.boot_ms()
        if slept := self._sleep.look(now_ms, self._clocks.awake_ms()):
            log.info("the machine slept for %d s", (slept[1] - slept[0]) // 1000)
            self._keep(self._recorder.slept(*slept))
        reading = self._desktop.latest()
        if reading.available != self._readable:
            self._readable = reading.available
            self._save_status(running=True)
        if not reading.available or now_ms - reading.taken_ms > STALE_MS:
            # Nothing is known: no interval may claim that the person was idle.
            self._keep(self._recorder.pause())
            self._link.forget()
            self._tracker = Tracker()
            return
        before, self._before = self._before, reading
        wall_at = datetime.now().astimezone()
        offset = wall_at.utcoffset()
        self._read_wish(now_ms)
        pause = self._memory.pause
        if pause is not None and pause.until_at is not None and self._clock.at(now_ms) >= pause.until_at:
            pause = None
        facts = paused(pause.kind) if pause else Facts(app=reading.app, title=reading.title, locked=self._logind.locked)
        counted = before is not None and pause is None
        sample = Sample(
            mono_ms=now_ms,
            wall_at=wall_at.astimezone(UTC),
            zone_min=int(offset.total_seconds() // 60) if offset else 0,
            facts=facts,
            last_input_ms=None if pause else reading.last_input_ms,
            keys=reading.keys - before.keys if before and counted else 0,
            clicks=reading.clicks - before.clicks if before and counted else 0,
            scrolls=reading.scrolls - before.scrolls if before and counted else 0,
        )
        self._keep(self._recorder.sample(sample))
        if self._recorder.resting:
            self._link.forget()
            self._tracker = Tracker()
            return
        told = facts if pause else self._recorder.facts(sample)
        if shown := self._tracker.update(told, self._memory.policy, self._clock.at(now_ms)):
            self._link.present(shown)

    def _read_wish(self, now_ms: int) -> None:
        """What the person declared at this computer holds at once, here, and is told to the hub for all of their devices."""
        if not self._home.wish.exists():
            return
        with contextlib.suppress(StateUnusable, OSError):
            wish = self._home.load("wish.json", Wish)
            self._home.wish.unlink()
            if wish is not None:
                self._wished(wish, self._clock.at(now_ms))
                log.info("declared here: %s", wish.kind)

    def _wished(self, wish: Wish, at: datetime) -> None:
        memory = self._memory
        kind: Literal["private", "break", "work"]
        match wish.kind:
            case "start":
                known = any(each.holds(at) for each in memory.starts)
                self._started(None if known else start_at(memory.policy, at))
                return
            case "stop":
                held = next((each for each in memory.starts if each.holds(at)), None)
                self._started(held and msgspec.structs.replace(held, until_at=at))
                if memory.pause is None or not memory.pause.holds(at):
                    return
                kind = "work"
            case _:
                kind = wish.kind
        until_at = at + timedelta(minutes=wish.minutes) if wish.minutes else None
        declared = Declared(kind=kind, at=at, until_at=until_at)
        pause = None if kind == "work" else Pause(kind=kind, since_at=at, until_at=until_at)
        self._remember(msgspec.structs.replace(self._memory, pause=pause, declared=declared))
        self._link.declare(declared)

    def _started(self, new: Started | None) -> None:
        """Work that the person started here, or ended."""
        if new is not None:
            starts, untold = _with(self._memory.starts, new), _with(self._memory.untold, new)
            self._remember(msgspec.structs.replace(self._memory, starts=starts, untold=untold))
            self._recorder.start(starts)
            self._link.start(starts, untold)

    def _keep(self, events: list[Event]) -> None:
        if events:
            self._spool.append(events)

    def _sleeping(self, begins: bool) -> None:
        """Right before sleep: the last look, so that the gap begins where it did. After it: look at once."""
        if begins:
            self._sample()
        self._look.set()

    def _wake(self) -> None:
        """Called on the sensor's thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: we are going
                self._loop.call_soon_threadsafe(self._look.set)

    # --- the hub

    def _new_session(self, codec: Codec[FromHub], opened_ms: int) -> Session:
        identity = Identity(
            device=self._enrolment.device,
            origin=self._enrolment.origin,
            sign=self._key.sign,
            instance=self._instance,
            version=version(),
            system=system_name(),
            capabilities=self._capabilities(),
        )
        return Session(
            identity,
            self._spool,
            self._clock,
            codec,
            opened_ms=opened_ms,
            policy=self._memory.policy,
            phase_ms=self._phase_ms,
            flush_every_ms=self._flush_ms,
            wall=lambda: datetime.now(UTC),
            pause=self._memory.pause,
            declared=self._memory.declared,
            starts=self._memory.starts,
            untold=self._memory.untold,
        )

    def _capabilities(self) -> tuple[str, ...]:
        """What can be read here. What is missing is unavailable, and not zero."""
        found = set(self._desktop.latest().available)
        if "app" in found:
            found.add("title")
        if self._logind.available:
            found.add("lock")
        if hasattr(time, "CLOCK_BOOTTIME"):
            found.add("sleep")
        return tuple(sorted(found))

    def _told(self, output: Output) -> None:
        match output:
            case PolicyChanged():
                log.info("policy %d is in force", output.policy.version)
                self._keep(self._recorder.change_policy(output.policy, self._clocks.boot_ms()))
                self._desktop.titles = output.policy.title
                self._remember(msgspec.structs.replace(self._memory, policy=output.policy))
                self._look.set()
            case PauseChanged():
                log.info(
                    "%s", f"{output.pause.kind} time was declared" if output.pause else "what was declared is over"
                )
                self._remember(msgspec.structs.replace(self._memory, pause=output.pause, declared=None))
                self._look.set()
            case StartsChanged():
                self._recorder.start(output.starts)
                self._remember(msgspec.structs.replace(self._memory, starts=output.starts, untold=()))
                self._look.set()
            case ClockLearned():
                learned = Learned(self._boot, self._clock.offset_us)
                before = self._memory.learned
                # Not for every millisecond: the next start learns it again anyway.
                if before is None or before.boot != self._boot or abs(before.offset_us - learned.offset_us) > 100_000:
                    self._remember(msgspec.structs.replace(self._memory, learned=learned))
            case Quarantined():
                log.warning("event %d was set aside by the hub (%s)", output.seq, output.reason)
                self._remember(msgspec.structs.replace(self._memory, quarantined=self._memory.quarantined + 1))
            case Ready():
                if self._memory.refused:
                    self._remember(msgspec.structs.replace(self._memory, refused=""))
                self._save_status(running=True)

    def _remember(self, memory: Memory) -> None:
        self._memory = memory
        try:
            self._home.save_memory(memory)
        except OSError as error:
            log.warning("what was learned can't be kept: %s", error.strerror)

    def _refused(self, word: Stop) -> int:
        said = WORDS[word.duty]
        self._remember(msgspec.structs.replace(self._memory, refused=said))
        log.error("%s (close code %d)", said, word.code)
        return 3

    # --- status

    async def _keep_status(self) -> None:
        while True:
            self._save_status(running=True)
            await asyncio.sleep(STATUS_S)

    def _save_status(self, running: bool) -> None:
        reading, depth = self._desktop.latest(), self._spool.depth()
        status = Status(
            at=datetime.now(UTC),
            process=os.getpid() if running else 0,
            connected=running and self._link.connected,
            unsent=depth.events,
            unsent_bytes=depth.size_bytes,
            oldest_at=depth.oldest_at,
            lost=depth.lost,
            epoch=self._spool.epoch,
            acked=self._spool.acked,
            hub_clock=self._clock.met,
            clock_offset_ms=int((self._clock.at(self._clocks.boot_ms()) - datetime.now(UTC)).total_seconds() * 1000),
            readable=self._capabilities(),
            trouble=[text for text in (reading.trouble, self._logind.trouble) if text],
        )
        with contextlib.suppress(OSError):  # a full disk: the status is the least of it
            self._home.save("status.json", status)


def _with(starts: Starts, new: Started) -> Starts:
    return (*(each for each in starts if each.since_at != new.since_at), new)[-STARTS_MAX:]


def version() -> str:
    try:
        return metadata.version("daylight")
    except metadata.PackageNotFoundError:
        return ""


def host_name() -> str:
    """This machine's name, as people know it."""
    return socket.gethostname() or platform.node()


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def run(home: Home, keyring: Keyring | None, flush_ms: int = FLUSH_MS) -> int:
    """Runs the agent until SIGTERM, SIGINT or the hub's word; the exit code. Raises `AgentError` when it can't start."""
    with home.locked():
        agent = Agent(home, keyring, flush_ms=flush_ms)
        with _signals(asyncio.get_running_loop(), agent.stop):
            log.info("running for %s", home.enrolment().hub)
            return await agent.run()
