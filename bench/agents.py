"""Agents for benchmarks, so cheap that they are not what is measured: their frames are made beforehand, and answers are hardly looked at.

`Agents` starts them in a process of their own and commands it. Those of a hub are real ones, each a member with a key that signs the hub's
challenge. Without members they are as many connections to a server that sends back what it gets. Each agent has one frame on its way at a
time and sends the next once that is acked, so the server always has something to do.
"""

import asyncio
import contextlib
import gc
import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from agents.roster import Member
from bench import cpu
from hub.wire.activity import Facts
from hub.wire.agent import (
    HEARTBEAT_S,
    SUBPROTOCOL_MSGPACK,
    Ack,
    Batch,
    Challenge,
    FromHub,
    Heartbeat,
    Hello,
    Welcome,
    signed_bytes,
)
from hub.wire.events import Event, Interval
from hub.wire.frames import agent_side

APPS = ("Editor", "Terminal", "Browser", "Mail", "Chat", "Spreadsheet")
MINUTE = timedelta(minutes=1)
OPEN_AT_ONCE = 50
PER_ADDRESS = 20_000
"""Connections from one source address: Linux gives out 28,232 ports for each."""
PATIENCE_S = 180.0
CODEC = agent_side(SUBPROTOCOL_MSGPACK)


class Sent(msgspec.Struct, frozen=True):
    """What has been sent, and acked to the last."""

    events: int
    frames: int
    bytes: int
    seconds: float
    cpu_s: float
    """Of the process that sent it."""


class Agents:
    """The process, for who commands it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def prepare(self, frames: int, events: int) -> None:
        """Has each agent make so many frames of so many events."""
        await self._ask(["prepare", frames, events])

    async def send(self) -> Sent:
        """Has them sent. Returns once all of them have been acked."""
        return msgspec.json.decode(await self._ask(["send"]), type=Sent)

    async def _ask(self, command: list[object]) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> bytes:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, "the agents' process has ended: it says why above"
        return line


@contextlib.asynccontextmanager
async def agents(port: int, members: Sequence[Member] | int, folder: Path) -> AsyncIterator[Agents]:
    """Connected agents: these members' at a hub, or so many at a server that echoes."""
    path = folder / f"agents-{port}.json"
    path.write_bytes(msgspec.json.encode(members))
    with cpu.on_core(cpu.OTHERS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.agents", str(port), str(path),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
    try:
        started = Agents(process)
        await started.answer()
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class _Agent(asyncio.Protocol):
    """One connection. Speaks as much of RFC 6455 as it takes: small whole frames from a hub, and echoes of its own."""

    __slots__ = (
        "_acked",
        "_buffer",
        "_echo",
        "_events",
        "_fleet",
        "_frames",
        "_member",
        "_seq",
        "_shaken",
        "_transport",
        "_until",
        "epoch",
    )

    def __init__(self, fleet: "_Fleet", member: Member | None) -> None:
        self.epoch = 0
        """Given at the welcome; an echo's stays 0."""
        self._fleet = fleet
        self._member = member
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._shaken = False
        self._echo = 0
        """Bytes of one that are still to come."""
        self._seq = self._acked = self._events = 0
        self._until = fleet.begin
        self._frames: list[bytes] = []

    def prepare(self, frames: int, events: int) -> int:
        """Makes the frames that come next. Returns their bytes."""
        self._events = events
        for _ in range(frames):
            batch = Batch(epoch=self.epoch, first_seq=self._seq + 1, events=self._minutes(events))
            self._seq += events
            self._frames.append(masked(CODEC.encode(batch)))
        self._frames.reverse()
        return sum(map(len, self._frames))

    def _minutes(self, count: int) -> list[Event]:
        begin, self._until = self._until, self._until + count * MINUTE
        return [minute(begin + number * MINUTE) for number in range(count)]

    def go(self) -> None:
        """Sends the next frame, if there is one."""
        if not self._frames:
            self._fleet.one_done()
            return
        frame = self._frames.pop()
        if self._member is None:
            self._echo = len(frame) - 4  # it comes back without the mask
        self._write(frame)

    def beat(self) -> None:
        if self._member is not None:
            self._write(masked(CODEC.encode(Heartbeat())))

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def connect(self, port: int, source: tuple[str, int]) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port, local_addr=source)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        path, protocol = (
            ("agent/v1", f"Sec-WebSocket-Protocol: {SUBPROTOCOL_MSGPACK}\r\n") if self._member else ("", "")
        )
        self._write(
            f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{self._fleet.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._fleet.fail(f"the server ended a connection: {exc or self._buffer!r}")

    def data_received(self, data: bytes) -> None:
        if self._echo:
            self._echo -= len(data)
            if not self._echo:
                self.go()
            return
        data = self._buffer + data if self._buffer else data
        if not self._shaken:
            head, self._shaken, data = _upgraded(data)
            if not self._shaken:
                self._buffer = head
                return
            if self._member is None:
                self._fleet.one_done()
        at = 0
        while len(data) >= at + 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            if len(data) < start + size:
                break
            self._hear(CODEC.decode(data[start : start + size]))
            at = start + size
        self._buffer = data[at:]

    def _hear(self, frame: FromHub) -> None:
        match frame:
            case Ack():
                self._acked += self._events
                assert frame.seq == self._acked, f"acked up to {frame.seq}, not {self._acked}"
                self.go()
            case Challenge():
                self._write(masked(CODEC.encode(self._hello(frame))))
            case Welcome():
                self.epoch = frame.epoch
                self._fleet.one_done()
            case Heartbeat():
                pass
            case _:
                self._fleet.fail(f"nobody expects this: {frame}")

    def _hello(self, challenge: Challenge) -> Hello:
        member = self._member
        assert member is not None
        signed = signed_bytes(challenge.nonce, member.origin, member.device, 0, 1)
        return Hello(device=member.device, epoch=0, next_seq=1, signature=member.signing_key().sign(signed))


def minute(begin: datetime) -> Interval:
    """A minute of somebody's work, as agents cut it under the default policy."""
    return Interval(
        started_at=begin,
        ended_at=begin + MINUTE,
        wall_at=begin,
        zone_min=60,
        policy=1,
        facts=Facts(app=APPS[begin.minute // 5 % len(APPS)], last_input_at=begin + timedelta(milliseconds=58_200)),
        first_input_at=begin + timedelta(milliseconds=1_400),
    )


def beginning() -> datetime:
    """When the first minute begins: at yesterday's UTC midnight.

    So twelve hours of minutes are in nobody's workday of today, whatever their zone. That a worker keeps up with those is another question.
    """
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


def _upgraded(data: bytes) -> tuple[bytes, bool, bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    assert not end or b" 101 " in head, head
    return head, bool(end), rest


def masked(payload: bytes) -> bytes:
    """A binary frame from a client. Its mask is four zeros: nothing to do for us, and no less for who takes it off."""
    size = len(payload)
    head = bytes((0x82, 0x80 | size)) if size < 126 else b"\x82\xfe" + size.to_bytes(2)
    return head + bytes(4) + payload


class _Fleet:
    """All agents of this process, and what they are told to do."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.begin = beginning()
        self._agents: list[_Agent] = []
        self._prepared = (0, 0, 0)
        self._waiting = 0
        self._over = asyncio.Event()
        self._fault = ""

    def one_done(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._over.set()

    def fail(self, why: str) -> None:
        self._fault = self._fault or why
        self._over.set()

    async def open(self, members: Sequence[Member | None]) -> None:
        """Connects them, some at a time, and waits until each is admitted."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self.fail(str(context.get("exception") or context["message"]))
        )
        for at in range(0, len(members), OPEN_AT_ONCE):
            group = [_Agent(self, member) for member in members[at : at + OPEN_AT_ONCE]]
            # Of this process alone: ports of an earlier one's connections are not free again for a minute.
            source = f"127.{1 + os.getpid() // 250 % 250}.{os.getpid() % 250}.{1 + at // PER_ADDRESS}", 0
            self._expect(len(group))
            for agent in group:
                await agent.connect(self.port, source)
            await self._met()
            self._agents += group

    def prepare(self, frames: int, events: int) -> None:
        size = sum(agent.prepare(frames, events) for agent in self._agents)
        self._prepared = len(self._agents) * frames * events, len(self._agents) * frames, size

    async def send(self) -> Sent:
        before, began = time.process_time(), time.monotonic()
        self._expect(len(self._agents))
        for agent in self._agents:
            agent.go()
        await self._met()
        return Sent(*self._prepared, time.monotonic() - began, time.process_time() - before)

    async def beat(self) -> None:
        """Keeps them connected while nothing is sent."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for agent in self._agents:
                agent.beat()

    def _expect(self, count: int) -> None:
        self._waiting = count
        self._over.clear()

    async def _met(self) -> None:
        await self._over.wait()
        if self._fault:
            sys.exit(self._fault)


async def _main(port: int, members: list[Member | None]) -> None:
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    fleet = _Fleet(port)
    await fleet.open(members)
    beating = asyncio.create_task(fleet.beat())
    print("{}", flush=True)
    while line := await commands.readline():
        command, *arguments = json.loads(line)
        if command == "prepare":
            fleet.prepare(*arguments)
            print("{}", flush=True)
        else:
            print(msgspec.json.encode(await fleet.send()).decode(), flush=True)
    beating.cancel()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.disable()  # a million objects that live long, and next to no cycles
    given = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=list[Member] | int)
    uvloop.run(_main(int(sys.argv[1]), [None] * given if isinstance(given, int) else list(given)))
