"""Viewers for benchmarks of scale: hundreds of live sockets in one process that read, ack at once, and say how old changes were.

`python -m bench.watchers PORT ORIGIN`. Asked to `watch`, it opens sockets with a cookie each, on some teams or on all. A change counts
when it comes to a viewer for the first time and happened after `begin`; its age is the machine's clock less the stamp of `desks.py`.

Not on a websocket library: at 2,000 frames a second that would take half a core from the hub it measures. A viewer's frames are whole, and
the hub's are unmasked and unfragmented.
"""

import asyncio
import base64
import gc
import os
import statistics
import sys
import time
from datetime import datetime
from typing import Any

import msgspec
import uvloop

from bench.asked import allow_many_connections, answer
from hub.wire.frames import viewer_browser_side
from hub.wire.viewer import Subscribe, ViewerAck

_encode = viewer_browser_side().encode


class _Tile(msgspec.Struct, frozen=True, gc=False):
    person: int
    link: str = "offline"
    since_at: datetime | None = None


class _Frame(msgspec.Struct, frozen=True, gc=False):
    """What counts of any frame."""

    t: str
    team: int = 0
    rev: int = 0
    part: int = 0
    tiles: list[_Tile] = []
    gone: list[int] = []
    since_at: datetime | None = None


SAME_S = 0.005
"""An agent that comes again notes the moment of its last change to the millisecond, and had sent it to the microsecond."""
_decode = msgspec.json.Decoder(_Frame).decode


class Watcher(asyncio.Protocol):
    """One viewer's socket."""

    def __init__(self, head: bytes, teams: list[int] | None, ages: "Ages") -> None:
        self._head = head
        self._teams = teams
        self.sees_all = teams is None
        self._ages = ages
        self._data = b""
        self._open = False
        self._transport: Any = None
        self.shown: dict[int, float] = {}
        """By person, the stamp of what is shown; 0 of those whose device is not connected."""
        self.closed: int | None = None
        self.stale = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed is None:
            self.closed = 1006

    def data_received(self, data: bytes) -> None:
        now = time.time()
        data = self._data + data if self._data else data
        at = 0
        if not self._open:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._data = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.closed = int(data[9:12])
                self._transport.close()
                return
            self._open = True
            self._send(_encode(Subscribe(teams=self._teams)))
        size = len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + length > size:
                break
            if data[at] == 0x81:
                self._take(_decode(data[start : start + length]), now)
            elif data[at] == 0x88:
                self.closed = int.from_bytes(data[start : start + 2], "big")
                self._transport.close()
            at = start + length
        self._data = data[at:]

    def _take(self, frame: _Frame, now: float) -> None:
        if frame.t == "stale":
            self.stale = frame.since_at is not None
        if frame.t not in ("snapshot", "delta"):
            return
        self._ages.frames += 1
        begin, shown = self._ages.begin, self.shown
        for tile in frame.tiles:
            stamp = tile.since_at.timestamp() if tile.link == "live" and tile.since_at else 0.0
            if stamp > begin and stamp != shown.get(tile.person):
                self._ages.seen.append(now - stamp)
            shown[tile.person] = stamp
        for person in frame.gone:
            shown.pop(person, None)
        self._send(_encode(ViewerAck(team=frame.team, rev=frame.rev, part=frame.part)))

    def _send(self, payload: bytes) -> None:
        """Masked with zeros (RFC 6455 5.3 asks for a mask, and zeros leave the payload as it is)."""
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)

    def end(self) -> None:
        self._transport.abort()


class Ages:
    """What all viewers of the process saw since `begin`."""

    def __init__(self) -> None:
        self.begin = float("inf")
        self.seen: list[float] = []
        self.frames = 0


async def watch(port: int, origin: str) -> None:
    ages = Ages()
    watchers: list[Watcher] = []

    async def open_one(cookie: str, teams: list[int] | None) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        watcher = Watcher(head.encode(), teams, ages)
        await asyncio.get_running_loop().create_connection(lambda: watcher, "127.0.0.1", port)
        watchers.append(watcher)

    async def to(question: dict[str, Any]) -> dict[str, Any]:
        match question["what"]:
            case "watch":
                for cookie, teams in question["viewers"]:
                    await open_one(cookie, teams)
            case "leave":  # the oldest ones
                for watcher in watchers[: question["count"]]:
                    watcher.end()
                del watchers[: question["count"]]
            case "begin":
                ages.begin, ages.seen, ages.frames = time.time(), [], 0
            case "ages":
                seen = sorted(ages.seen)
                ages.seen = []
                return {
                    "count": len(seen),
                    "p50_ms": _percentile(seen, 50),
                    "p99_ms": _percentile(seen, 99),
                    "max_ms": seen[-1] * 1000 if seen else 0.0,
                    "frames": ages.frames,
                    "closed": [watcher.closed for watcher in watchers if watcher.closed is not None],
                    "cpu_s": time.process_time(),
                }
            case "unseen":  # whose last change some viewer of theirs does not show
                stamps = {int(person): stamp for person, stamp in question["stamps"].items()}
                return {
                    "unseen": sum(
                        1
                        for watcher in watchers
                        for person, stamp in stamps.items()
                        if (watcher.sees_all or person in watcher.shown)
                        and abs(watcher.shown.get(person, 0) - stamp) > SAME_S
                    )
                }
        return {
            "viewers": sum(watcher.closed is None for watcher in watchers),
            "closed": [watcher.closed for watcher in watchers if watcher.closed is not None],
            "stale": sum(watcher.stale for watcher in watchers),
            "live": sum(stamp > 0 for watcher in watchers[:1] for stamp in watcher.shown.values()),
            "cpu_s": time.process_time(),
        }

    await answer(to)


def _percentile(seen: list[float], percent: int) -> float:
    if len(seen) < 2:
        return 0.0
    return round(statistics.quantiles(seen, n=100, method="inclusive")[percent - 1] * 1000, 1)


if __name__ == "__main__":
    allow_many_connections()
    gc.set_threshold(50_000, 50, 100)
    uvloop.run(watch(int(sys.argv[1]), sys.argv[2]))
