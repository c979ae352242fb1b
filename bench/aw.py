"""aw-server, ActivityWatch's own: its real SQLite storage in a home of its own, written to over HTTP as its watchers do.

A peer of the ingest benchmarks. Requests are made beforehand; as many are on their way at a time as there are threads here that wait.
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench import cpu, peers
from hub.wire.events import Interval

REQUIREMENTS = ("aw-server", "peewee<3.18")
AT_ONCE = 4
"""It answers in threads; more of them wait for the one database."""
PULSE_S = 120
"""Heartbeats that say the same and are no further apart become one event."""


class AwServer:
    """One that runs."""

    def __init__(self, running: peers.Running, versions: dict[str, str]) -> None:
        self._port, self._pid = running
        self.versions = versions

    def cpu_s(self) -> float:
        return cpu.cpu_s(self._pid)

    def add(self, buckets: Sequence[str]) -> None:
        """A bucket for each device."""
        about = msgspec.json.encode({"client": "bench", "type": "currentwindow", "hostname": "desk"})
        self.post([self._request(f"buckets/{bucket}", about) for bucket in buckets])

    def bulk(self, bucket: str, intervals: Sequence[Interval]) -> bytes:
        """The request that inserts all of them."""
        return self._request(f"buckets/{bucket}/events", msgspec.json.encode([_event(one) for one in intervals]))

    def heartbeat(self, bucket: str, interval: Interval) -> bytes:
        """The request that tells of one, as a watcher does."""
        path = f"buckets/{bucket}/heartbeat?pulsetime={PULSE_S}"
        return self._request(path, msgspec.json.encode(_event(interval)))

    def post(self, requests: Sequence[bytes]) -> None:
        """Sends them. Each has been answered with success when it returns."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for answer in threads.map(self._exchange, requests):
                assert answer.split(b" ", 2)[1] == b"200", answer[:200]

    def _exchange(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port)) as connected:
            connected.sendall(request)
            parts = []
            while part := connected.recv(65_536):
                parts.append(part)
            return b"".join(parts)

    def _request(self, path: str, body: bytes) -> bytes:
        head = f"POST /api/0/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nConnection: close\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@contextlib.contextmanager
def aw_server(folder: Path) -> Iterator[AwServer]:
    """Installed, started and answering. Raises `Absent`."""
    python = peers.python(*REQUIREMENTS)
    home = folder / "aw"
    home.mkdir()
    places = {
        place: str(home) for place in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    }
    with peers.peer([python, "-m", "aw_server", "--host", "127.0.0.1", "--port"], home, **places) as running:
        names = ("aw-server", "aw-core", "peewee", "werkzeug")
        yield AwServer(running, {name: peers.python_version(python, name) for name in names})


def _event(interval: Interval) -> dict[str, object]:
    return {
        "timestamp": interval.started_at,
        "duration": (interval.ended_at - interval.started_at).total_seconds(),
        "data": {"app": interval.facts.app, "title": ""},
    }
