"""A fleet of simulated agents in one process and one event loop: their common time, their connections, their end.

Called by `agents/simulate.py`. The course: with `rate` R and S seconds, virtual time runs R times as fast and *ends at now*, so it
begins at now - S * R and nothing is ever in the future.
"""

import asyncio
import contextlib
import ipaddress
import logging
import socket as sockets
import ssl
import time
import uuid
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from websockets.uri import parse_uri

from agents.days import traits_of
from agents.errors import EnrolmentFailed, EnrolmentRefused
from agents.fleet_socket import FleetSocket
from agents.ledger import Ledger
from agents.roster import Member, Roster
from agents.session import FLUSH_MS
from agents.simulated import Simulated

CONNECT_PER_S = 400
"""New connections at first. A hub process admits one in about a millisecond; this leaves it half of its time."""
OPEN_AT_ONCE = 200
OPEN_S = 10.0
PORTS_PER_ADDRESS = 20_000
"""Of the 28,232 that Linux gives out for one source address (`ip_local_port_range`)."""
IP_BIND_ADDRESS_NO_PORT = 24
"""Of Linux (ip(7)); Python names it from 3.12 on."""
PAST_MOMENTS = 60
"""Taken at a time, in about 2 ms: live agents wait no longer than that for their turn."""
BACK_PER_S = 500
"""After a hub has died its agents come back this many a second, or within 2 s when there are few."""
DAY_MS = 86_400_000

log = logging.getLogger(__name__)


class Figures:
    """Counted since the fleet began."""

    def __init__(self) -> None:
        self.generated = 0
        self.acks = 0
        self.frames = 0
        self.connected = 0
        self.connects = 0
        self.cuts = 0
        self.quarantined = 0
        self.refused = 0


class Fleet:
    """Thousands of agents. `run` is awaited once."""

    agent = Simulated
    """What each of them is."""

    def __init__(
        self,
        hub: str,
        roster: Roster,
        *,
        code: str = "",
        ledger: Ledger | None = None,
        rate: float = 1.0,
        seconds: float | None = None,
        seed: int = 1,
        history_days: int = 0,
        flaky: float = 0.1,
        cut_every_s: float = 300.0,
        calendar: bool = False,
        zone: str | None = None,
    ) -> None:
        """`flaky`: share of agents whose link breaks every `cut_every_s` virtual seconds on the average. `calendar`: nobody
        works outside their hours. Without `seconds` it goes on for ever, at rate 1."""
        if rate <= 0 or (seconds is None and rate != 1):
            raise ValueError("a fleet that goes on for ever runs at rate 1, or it would run into the future")
        self.uri = parse_uri("ws" + hub.removeprefix("http") + "/agent/v1")
        self.ledger = ledger
        self.figures = Figures()
        self.calendar = calendar
        self.flaky = flaky
        self.cut_every_ms = int(cut_every_s * 1000 / rate)
        self.connect_per_s = CONNECT_PER_S
        self.flush_ms = max(200, int(FLUSH_MS / rate))
        self.backoff_first_ms, self.backoff_most_ms = 200, 2_000
        self.instance = uuid.uuid4().hex
        self.agents: list[Simulated] = []
        self.retired = False
        """Nothing new comes; what waits is being sent."""
        self.stopped = False
        self._roster = roster
        self._code = code
        self._rate = rate
        self._seconds = seconds
        self._seed = seed
        self._history_days = history_days
        self._zone = zone
        self._gate = asyncio.Semaphore(OPEN_AT_ONCE)
        self._tls = ssl.create_default_context() if urlsplit(hub).scheme == "https" else None
        self._end_mono_ms = self._end_ms = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._start_clock()

    async def run(self, members: Sequence[Member], fresh: set[str], stop: asyncio.Event) -> None:
        """Lives until `seconds` have passed or `stop` is set, then stops generating. Follow it with `settle` and `close`."""
        self._start_clock()
        self.backoff_most_ms = max(self.backoff_most_ms, len(members) * 1000 // BACK_PER_S)
        now_ms = self.mono_ms()
        begin_ms = self.virtual_ms(now_ms)
        for index, member in enumerate(members):
            traits = traits_of(member.email, self._seed, self._zone)
            agent = self.agent(self, member, traits, index, fresh=member.email in fresh)
            agent.begin(now_ms + index * 1000 // self.connect_per_s, begin_ms, self._past_from(member, fresh, begin_ms))
            self.agents.append(agent)
            if index % 200 == 199:
                await asyncio.sleep(0)
        self._later(self._pasts())
        with contextlib.suppress(TimeoutError):
            left_s = None if self._seconds is None else (self._end_mono_ms - self.mono_ms()) / 1000
            async with asyncio.timeout(left_s):
                await stop.wait()
        at_ms = self.virtual_ms(self.mono_ms())
        self.retired = True
        for agent in self.agents:
            agent.retire(at_ms)

    async def settle(self, timeout_s: float, stop: asyncio.Event | None = None) -> bool:
        """Waits until the hub has acked everything. True when it has."""
        deadline = time.monotonic() + timeout_s
        while self.waiting and time.monotonic() < deadline and not (stop is not None and stop.is_set()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return not self.waiting

    async def close(self) -> None:
        """Ends all connections, and notes where each spool stands."""
        self.stopped = True
        for agent in self.agents:
            agent.stop()
            agent.stand()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0.05)
        if self.ledger is not None:
            self.ledger.flush()
        self._roster.save(clean=True)

    @property
    def waiting(self) -> int:
        """Events that no ack covers yet, and those of the past that are still to be told."""
        return sum(agent.waiting + agent.tells_past for agent in self.agents)

    # --- time

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def virtual_ms(self, mono_ms: int) -> int:
        """Virtual time, in Unix ms. Stands still at the end."""
        left_ms = self._end_mono_ms - mono_ms
        if self._seconds is not None:
            left_ms = max(0, left_ms)
        return self._end_ms - int(left_ms * self._rate)

    def real_ms(self, virtual_ms: int) -> int:
        """The monotonic time at which virtual time gets there."""
        return self._end_mono_ms - int((self._end_ms - virtual_ms) / self._rate)

    def shift(self) -> timedelta:
        """How far virtual time is behind real time."""
        if self._rate == 1:
            return timedelta(0)
        mono_ms = self.mono_ms()
        now_ms = self._end_ms - (self._end_mono_ms - mono_ms)
        return timedelta(milliseconds=now_ms - self.virtual_ms(mono_ms))

    def _start_clock(self) -> None:
        lasts_ms = int((self._seconds or 0) * 1000)
        self._end_mono_ms = self.mono_ms() + lasts_ms
        self._end_ms = time.time_ns() // 1_000_000 + lasts_ms

    # --- the past

    def _past_from(self, member: Member, fresh: set[str], begin_ms: int) -> int | None:
        """From when on this device has a past to tell: a new one some days, one that was stopped cleanly since then."""
        if not self._history_days:
            return None
        earliest_ms = begin_ms - self._history_days * DAY_MS
        if member.email in fresh:
            return earliest_ms
        if member.standing is None or member.standing.until is None:
            return None
        return max(earliest_ms, int(member.standing.until.timestamp() * 1000))

    async def _pasts(self) -> None:
        """Has the past of all agents told, in turns and in small slices, so that nobody who lives has to wait."""
        ahead = deque(agent for agent in self.agents)
        idle = 0
        while ahead and not self.stopped:
            agent = ahead.popleft()
            if not agent.takes_past:
                ahead.append(agent)
                idle += 1
                if idle >= len(ahead):
                    idle = 0
                    await asyncio.sleep(0.01)
                continue
            idle = 0
            if agent.more_past(PAST_MOMENTS):
                ahead.append(agent)
            await asyncio.sleep(0)

    # --- connections

    async def open(self, socket: FleetSocket, index: int) -> None:
        """Connects a socket. Raises `OSError` or `TimeoutError`."""
        loop = asyncio.get_running_loop()
        host = "127.0.0.1" if self.uri.host == "localhost" else self.uri.host
        source = self._source(index)
        name = self.uri.host if self._tls else None
        async with self._gate, asyncio.timeout(OPEN_S):
            if source is None:
                await loop.create_connection(lambda: socket, host, self.uri.port, ssl=self._tls, server_hostname=name)
                return
            sock = sockets.socket()
            try:
                sock.setblocking(False)
                # The port is found when it connects: with thousands of ports taken, finding one here that nobody has costs milliseconds.
                sock.setsockopt(sockets.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                sock.bind((source, 0))
                await loop.sock_connect(sock, (host, self.uri.port))
                await loop.create_connection(lambda: socket, sock=sock, ssl=self._tls, server_hostname=name)
            except BaseException:
                sock.close()
                raise

    def refused(self, agent: Simulated) -> None:
        """The hub wants nothing of this device. One from an earlier run, which this hub never met, is enrolled anew."""
        assert agent.refused is not None
        if agent.refused.duty == "renew" and not agent.known and self._code and not self.stopped:
            self._later(self._renew(agent))
            return
        self.figures.refused += 1
        log.warning("a simulated device was refused (close code %d)", agent.refused.code)

    async def _renew(self, agent: Simulated) -> None:
        try:
            agent.become(await self._roster.renew(agent.member, self._code))
        except EnrolmentFailed as failed:
            if isinstance(failed, EnrolmentRefused):
                self._code = ""  # nobody tries it after this one
            self.figures.refused += 1
            log.warning("a simulated device can't be enrolled again: %s", failed)

    def _later(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _source(self, index: int) -> str | None:
        """A source address: on loopback there are as many as one needs."""
        number = index // PORTS_PER_ADDRESS
        if number == 0:
            return None
        host = "127.0.0.1" if self.uri.host == "localhost" else self.uri.host
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8"):
                return f"127.0.0.{1 + number}"
        return None
