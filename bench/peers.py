"""Gets the peers that ours is measured against: from the package registries, into a folder of the user's cache, never into `.venv`.

What is there already is used again. What can't be had raises `Absent`, and the table says so.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.run import node

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daylight-bench"
INSTALL_S = 240.0
ROOT = Path(__file__).parent.parent
NODE = node()
"""Of the wheel that builds the web application."""


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
