"""A thousand viewers in one process, the same for every server: they read, note how late each change came, and ack to a hub.

`python -m bench.fanout_viewers` takes a `Plan` as one line of JSON on its input, and prints `ready` once all viewers are connected
and, of a hub, show the team. From then on each line on its input is answered by one line with a `Report` of all since the line before.

It must not be the bottleneck. It reads in rounds of `ROUND_S`, as a network's card and its driver gather what comes, so that several small
messages cost one read; and what all viewers were sent alike is looked at once. Lateness counts until the end of the reading.
"""

import contextlib
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

ROUND_S = 0.02
READ_BYTES = 256 * 1024
KNOWN_MAX = 512
"""Chunks whose meaning is remembered: some rounds of them."""
LATE_MS = 250
ACK_EVERY_S, ACK_TILES = 1.0, 200
"""As the page acks (`web/src/live/acks.ts`)."""
MASK = os.urandom(4)

Kind = Literal["hub", "websocket", "socket.io", "nats"]


class Plan(msgspec.Struct):
    kind: Kind
    port: int
    path: str
    headers: list[str]
    """Headers of the handshake: the viewers take turns with them."""
    viewers: int


class Report(msgspec.Struct):
    frames: int
    """Messages, of all viewers together."""
    bytes: int
    late_ms: list[int]
    """How many changes were so many milliseconds late; in the last place those that were later."""
    cpu_s: float
    clock_s: float
    ended: list[str]
    """What was last heard of viewers whose connection has ended."""
    changes: list[int]
    """By viewer, since they connected."""
    latest: list[dict[int, float]]
    """What viewers show, as far as they differ: by person the time of the change."""


class Change(msgspec.Struct):
    person: int
    at: datetime | None = None


class Message(msgspec.Struct):
    """Any message that carries changes: a frame of ours, or the tile of one person by itself."""

    t: str = ""
    team: int = 0
    rev: int = 0
    part: int = 0
    parts: int = 1
    tiles: list[Change] = []
    person: int = 0
    at: datetime | None = None


class Chunk(NamedTuple):
    """What a run of whole messages says."""

    frames: int
    latest: dict[int, float]
    times: tuple[float, ...]
    answer: bytes
    ack: bytes
    at_once: bool
    shown: bool


_message = msgspec.json.Decoder(Message)


def _masked(text: bytes) -> bytes:
    """A short text frame of a browser (RFC 6455 5.2)."""
    return bytes((0x81, 0x80 | len(text))) + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(text))


def _websocket(data: bytes) -> tuple[list[bytes], int]:
    """Payloads of the whole frames in `data`, and how much of it they are."""
    payloads, at = [], 0
    while len(data) >= at + 2:
        size, head = data[at + 1] & 127, 2
        if size == 126:
            head, size = 4, int.from_bytes(data[at + 2 : at + 4])
        elif size == 127:
            head, size = 10, int.from_bytes(data[at + 2 : at + 10])
        if len(data) < at + head + size:
            break
        payloads.append(data[at + head : at + head + size])
        at += head + size
    return payloads, at


def _nats(data: bytes) -> tuple[list[bytes], int]:
    """The same of NATS: `MSG subject sid size`, and lines between."""
    payloads, at = [], 0
    while (end := data.find(b"\r\n", at)) >= 0:
        line, start = data[at:end], end + 2
        if line.startswith(b"MSG"):
            size = int(line.rsplit(b" ", 1)[1])
            if len(data) < start + size + 2:
                break
            payloads.append(data[start : start + size])
            at = start + size + 2
        else:
            payloads.append(line)
            at = start
    return payloads, at


def _meaning(kind: Kind, payloads: list[bytes]) -> Chunk:
    latest: dict[int, float] = {}
    times: list[float] = []
    answer = b""
    acks: dict[int, bytes] = {}
    at_once = shown = False
    for payload in payloads:
        if kind == "nats" and payload == b"PING":
            answer += b"PONG\r\n"
        elif kind == "socket.io" and payload == b"2":
            answer += _masked(b"3")
        start = payload.find(b"{")
        if start < 0 or payload.startswith(b"INFO"):
            continue
        message = _message.decode(payload[start:].rstrip(b"]") if kind == "socket.io" else payload)
        told = message.tiles or ([Change(message.person, message.at)] if message.person else [])
        for change in told:
            if change.at is not None:
                latest[change.person] = change.at.timestamp()
                if message.t != "snapshot":
                    times.append(latest[change.person])
        if kind == "hub" and message.t in {"snapshot", "delta"}:
            ack = f'{{"t":"ack","team":{message.team},"rev":{message.rev},"part":{message.part}}}'
            acks[message.team] = _masked(ack.encode())
            at_once |= message.t == "snapshot"
            shown |= bool(message.tiles) and message.part + 1 == message.parts
    return Chunk(len(payloads), latest, tuple(times), answer, b"".join(acks.values()), at_once, shown)


class Viewers:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kind = plan.kind
        self._split: Callable[[bytes], tuple[list[bytes], int]] = _nats if plan.kind == "nats" else _websocket
        self.sockets: dict[int, socket.socket] = {}
        self.poll = select.epoll()
        self.known: dict[bytes, Chunk] = {}
        self.rest: dict[int, bytes] = {}
        self.latest: dict[int, dict[int, float]] = {}
        self.changes: dict[int, int] = {}
        self.shown: set[int] = set()
        self.acked_at: dict[int, float] = {}
        self.tiles: dict[int, int] = {}
        self.ended: list[str] = []
        self.last: dict[int, bytes] = {}
        self.began()

    def began(self) -> None:
        self.frames = self.bytes = 0
        self.late_ms = [0] * (LATE_MS + 2)
        self.clock, self.cpu = time.monotonic(), time.process_time()

    def connect(self) -> None:
        for number in range(self.plan.viewers):
            made = socket.create_connection(("127.0.0.1", self.plan.port))
            made.settimeout(20)
            if self.kind == "nats":
                made.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB team 1\r\n')
                rest = b""
            else:
                rest = self._shake_hands(made, number)
            made.setblocking(False)
            self.sockets[made.fileno()] = made
            self.latest[made.fileno()], self.changes[made.fileno()] = {}, 0
            self.rest[made.fileno()] = rest
            self.acked_at[made.fileno()], self.tiles[made.fileno()] = 0.0, 0
            self.poll.register(made, select.EPOLLIN)
            if number % 20 == 0:
                self.read(0)  # the first ones have to ack while the last ones come

    def _shake_hands(self, made: socket.socket, number: int) -> bytes:
        headers = self.plan.headers[number % len(self.plan.headers)] if self.plan.headers else ""
        made.sendall(
            f"GET {self.plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.plan.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
        )
        said = b""
        while b"\r\n\r\n" not in said:
            if not (data := made.recv(4096)):
                raise ConnectionError(said.decode(errors="replace"))
            said += data
        if not said.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(said[:200].decode(errors="replace"))
        if self.kind == "hub":
            made.sendall(_masked(b'{"t":"subscribe"}'))
        elif self.kind == "socket.io":
            made.sendall(_masked(b"40"))
        return said.split(b"\r\n\r\n", 1)[1]

    def read(self, limit_s: float) -> bool:
        """Reads what has come, of each viewer once. Whether there is a line on the input."""
        asked = False
        for number, _ in self.poll.poll(limit_s, len(self.sockets) + 1):
            if number == 0:
                asked = True
                continue
            try:
                data = self.sockets[number].recv(READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self.ended.append(self.last.get(number, b"")[-40:].decode(errors="replace"))
                self.poll.unregister(number)
                self.sockets.pop(number).close()
                continue
            self.bytes += len(data)
            self.last[number] = data
            self._take(number, data)
        return asked

    def _take(self, number: int, data: bytes) -> None:
        if rest := self.rest[number]:
            data = rest + data
        chunk = self.known.get(data)
        if chunk is None:
            payloads, upto = self._split(data)
            self.rest[number], data = data[upto:], data[:upto]
            chunk = self.known.get(data)
            if chunk is None:
                if len(self.known) >= KNOWN_MAX:
                    self.known.clear()
                chunk = self.known[data] = _meaning(self.kind, payloads)
        elif rest:
            self.rest[number] = b""
        self.frames += chunk.frames
        if chunk.latest:
            self.latest[number].update(chunk.latest)
            self.changes[number] += len(chunk.times)
            now = time.time()
            for at in chunk.times:
                late_ms = int((now - at) * 1000)
                self.late_ms[late_ms if late_ms <= LATE_MS else LATE_MS + 1] += 1
        answer = chunk.answer
        if chunk.ack:
            self.tiles[number] += len(chunk.times)
            if (
                chunk.at_once
                or self.tiles[number] >= ACK_TILES
                or time.monotonic() - self.acked_at[number] >= ACK_EVERY_S
            ):
                answer += chunk.ack
                self.tiles[number], self.acked_at[number] = 0, time.monotonic()
        if answer:
            with contextlib.suppress(OSError):
                self.sockets[number].send(answer)
        if chunk.shown:
            self.shown.add(number)

    def report(self) -> Report:
        told: list[dict[int, float]] = []
        for latest in self.latest.values():
            if latest not in told:
                told.append(latest)
        return Report(
            frames=self.frames,
            bytes=self.bytes,
            late_ms=self.late_ms,
            cpu_s=time.process_time() - self.cpu,
            clock_s=time.monotonic() - self.clock,
            ended=self.ended,
            changes=list(self.changes.values()),
            latest=told[:10],
        )


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    viewers = Viewers(plan)
    viewers.connect()
    while plan.kind == "hub" and len(viewers.shown) < plan.viewers:
        viewers.read(1.0)
    print("ready", flush=True)
    viewers.poll.register(0, select.EPOLLIN)
    viewers.began()
    while True:
        began = time.monotonic()
        if viewers.read(1.0):
            if not os.read(0, 1024):
                return
            os.write(1, msgspec.json.encode(viewers.report()) + b"\n")
            viewers.began()
        time.sleep(max(0.0, ROUND_S - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
