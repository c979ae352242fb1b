"""The peers of `fanout.py`: nats-server, nchan, socket.io and the npm fork of uWebSockets.js, from the package registries.

They are had by npm (the project's own node) and by `apt-get download`, unpacked into a folder of this virtual environment: nothing is
installed, so no service starts and no right is needed. One that can't be had is told as absent.
"""

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.fanout_viewers import Kind
from tests.journeys.hubs import free_port
from tests.run import ROOT, node

KEPT = Path(sys.prefix) / "bench-peers"
ARCH = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
NPM = ("uwebsockets@3.0.6", "socket.io@4.8.3", f"node-{sys.platform}-{ARCH}@20")
"""Of uWebSockets only the build for Node 20 runs on a glibc before 2.38 (Debian 12 has 2.36)."""
DEBIAN = ("nats-server", "nginx", "libnginx-mod-nchan")
HAVE_S = 300
START_S = 15


class Absent(Exception):
    """A peer that can't be had here, and why."""


class Peer(NamedTuple):
    """A server that runs."""

    kind: Kind
    port: int
    path: str
    to: str
    """How the team's publisher speaks to it, at `inward`."""
    inward: int
    pid: int


def _npm(name: str) -> Path:
    folder = KEPT / "npm"
    if not (folder / "node_modules" / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        _do(sys.executable, str(ROOT / "web" / "node.py"), "npm", "install", "--no-audit", "--no-fund", *NPM, folder=folder)
    return folder


def _debian(package: str) -> Path:
    folder = KEPT / package
    if not folder.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            raise Absent("needs Debian's apt-get")
        with tempfile.TemporaryDirectory(dir=KEPT.parent) as made:
            os.chmod(made, 0o755)
            _do("apt-get", "download", "-q", package, folder=Path(made))
            _do("dpkg", "-x", str(next(Path(made).glob("*.deb"))), "unpacked", folder=Path(made))
            KEPT.mkdir(exist_ok=True)
            (Path(made) / "unpacked").rename(folder)
    return folder


def _do(*command: str, folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=HAVE_S, text=True)
    except subprocess.CalledProcessError as error:
        raise Absent(f"{command[0]}: {error.stderr.strip()[-200:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"{command[0]}: {error}") from None


def _version(name: str) -> str:
    if name in {"uwebsockets", "socket.io"}:
        told = (_npm(name) / "node_modules" / name / "package.json").read_bytes()
        return str(msgspec.json.decode(told)["version"])
    package = "libnginx-mod-nchan" if name == "nchan" else name
    docs = _debian(package) / "usr" / "share" / "doc"
    changes = next(iter(docs.glob("*/changelog.Debian*.gz")))
    first = subprocess.run(["gzip", "-dc", str(changes)], capture_output=True, text=True, check=True).stdout
    return first.split("(", 1)[1].split(")", 1)[0]


@contextlib.contextmanager
def _javascript(name: str, kind: Kind, path: str) -> Iterator[Peer]:
    folder, port, inward = _npm(name), free_port(), free_port()
    script = Path(__file__).with_name("peers") / f"{name.replace('.', '')}.js"
    environment = {**os.environ, "NODE_PATH": str(folder / "node_modules"), "NODE_ENV": "production"}
    program = folder / "node_modules" / f"node-{sys.platform}-{ARCH}" / "bin" / "node" if name == "uwebsockets" else node()
    with _started([str(program), str(script), str(port), str(inward)], environment, port, inward) as pid:
        yield Peer(kind, port, path, "lines", inward, pid)


@contextlib.contextmanager
def nats() -> Iterator[Peer]:
    port = free_port()
    program = _debian("nats-server") / "usr" / "sbin" / "nats-server"
    with _started([str(program), "-a", "127.0.0.1", "-p", str(port)], None, port) as pid:
        yield Peer("nats", port, "", "nats", port, pid)


@contextlib.contextmanager
def nchan() -> Iterator[Peer]:
    module = next((_debian("libnginx-mod-nchan") / "usr" / "lib" / "nginx" / "modules").glob("*.so"))
    program, port = _debian("nginx") / "usr" / "sbin" / "nginx", free_port()
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


PEERS: dict[str, Callable[[], contextlib.AbstractContextManager[Peer]]] = {
    "nats-server": nats,
    "nchan": nchan,
    "socket.io": lambda: _javascript("socket.io", "socket.io", "/socket.io/?EIO=4&transport=websocket"),
    "uwebsockets": lambda: _javascript("uwebsockets", "websocket", "/"),
}


def versions(absent: dict[str, str]) -> dict[str, str]:
    return {name: _version(name) for name in PEERS if name not in absent}
