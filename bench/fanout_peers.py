"""The peers of `fanout.py`: nats-server, nchan, socket.io and the npm fork of uWebSockets.js, from the package registries.

Each binds to loopback, has temporary settings, and is ended by its pid.
"""

import contextlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.fanout_viewers import Kind
from bench.peers import Absent
from tests.ports import free_port

ARCH = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
OLD_NODE = f"node-{sys.platform}-{ARCH}"
NPM = {"uwebsockets": ("uwebsockets@3.0.6", f"{OLD_NODE}@20"), "socket.io": ("socket.io@4.8.3",)}
"""Of uWebSockets only the build for Node 20 runs on a glibc before 2.38 (Debian 12 has 2.36)."""
START_S = 15


class Peer(NamedTuple):
    """A server that runs."""

    kind: Kind
    port: int
    path: str
    to: str
    """How the team's publisher speaks to it, at `inward`."""
    inward: int
    pid: int


@contextlib.contextmanager
def _javascript(name: str, kind: Kind, path: str) -> Iterator[Peer]:
    folder, port, inward = peers.npm(*NPM[name]), free_port(), free_port()
    modules = folder / "node_modules"
    program = modules / OLD_NODE / "bin" / "node" if name == "uwebsockets" else peers.NODE
    script = Path(__file__).with_name("servers_of_peers") / f"{name.replace('.', '')}.js"
    environment = {**os.environ, "NODE_PATH": str(modules), "NODE_ENV": "production"}
    with _started([str(program), str(script), str(port), str(inward)], environment, port, inward) as pid:
        yield Peer(kind, port, path, "lines", inward, pid)


@contextlib.contextmanager
def nats() -> Iterator[Peer]:
    port = free_port()
    program = peers.debian("nats-server") / "usr" / "sbin" / "nats-server"
    with _started([str(program), "-a", "127.0.0.1", "-p", str(port)], None, port) as pid:
        yield Peer("nats", port, "", "nats", port, pid)


@contextlib.contextmanager
def nchan() -> Iterator[Peer]:
    module = next((peers.debian("libnginx-mod-nchan") / "usr" / "lib" / "nginx" / "modules").glob("*.so"))
    program, port = peers.debian("nginx") / "usr" / "sbin" / "nginx", free_port()
    with tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder:
        settings = Path(folder) / "nginx.conf"
        temporary = " ".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        settings.write_text(
            f"load_module {module}; daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
            "worker_rlimit_nofile 8192; events { worker_connections 4096; }"
            f"http {{ access_log off; {temporary} client_body_buffer_size 64k; keepalive_requests 1000000;"
            f"server {{ listen 127.0.0.1:{port};"
            "location = /publish { nchan_publisher; nchan_channel_id team; }"
            "location = /live { nchan_subscriber websocket; nchan_channel_id team; nchan_subscriber_first_message newest; } } }"
        )
        command = [str(program), "-p", folder, "-e", f"{folder}/error.log", "-c", str(settings)]
        with _started(command, None, port) as pid:
            yield Peer("websocket", port, "/live", "nchan", port, pid)


@contextlib.contextmanager
def _started(command: list[str], environment: dict[str, str] | None, *ports: int) -> Iterator[int]:
    """Ended by its pid, whatever happens."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_S
            for port in ports:
                while not _listens(port):
                    if process.poll() is not None or time.monotonic() > deadline:
                        log.seek(0)
                        raise Absent(f"does not start: {log.read()[-300:].decode(errors='replace')}")
                    time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def raw(*arguments: str) -> Iterator[Peer]:
    """Our own server without a view, see `fanout_raw.py`."""
    port, inward = free_port(), free_port()
    command = [sys.executable, "-m", "bench.fanout_raw", str(port), str(inward), *arguments]
    with _started(command, None, port, inward) as pid:
        yield Peer("websocket", port, "/", "lines", inward, pid)


PEERS: dict[str, Callable[[], contextlib.AbstractContextManager[Peer]]] = {
    "nats-server": nats,
    "nchan": nchan,
    "socket.io": lambda: _javascript("socket.io", "socket.io", "/socket.io/?EIO=4&transport=websocket"),
    "uwebsockets": lambda: _javascript("uwebsockets", "websocket", "/"),
}


def version(name: str) -> str:
    if name in NPM:
        return peers.npm_version(peers.npm(*NPM[name]), name)
    return peers.debian_version(peers.debian(f"libnginx-mod-{name}" if name == "nchan" else name))
