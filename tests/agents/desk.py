"""A virtual desk: Xvfb, a window manager and windows, started for one test and ended with it."""

import os
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

NEEDED = ("Xvfb", "openbox", "xterm", "xdotool")
READY_S = 10


class Desk:
    def __init__(self, display: str, server: "subprocess.Popen[bytes]") -> None:
        self.display = display
        self.server = server
        self.environ = {**os.environ, "DISPLAY": display}
        self.processes: list[subprocess.Popen[bytes]] = [server]

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        started = subprocess.Popen(
            command, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.processes.append(started)
        return started

    def tell(self, *arguments: str) -> str:
        """Runs xdotool."""
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environ, capture_output=True, text=True, timeout=READY_S, check=True
        )
        return done.stdout.strip()

    def window(self, app: str, title: str) -> "subprocess.Popen[bytes]":
        """An xterm of this class and title; returns when it is mapped."""
        started = self.start("xterm", "-class", app, "-T", title, "-e", "cat")
        self.tell("search", "--sync", "--onlyvisible", "--class", app)
        return started

    def activate(self, app: str) -> None:
        """Switches to it, as a pager would; returns when the window manager has done so."""
        number = self.tell("search", "--onlyvisible", "--class", app).splitlines()[-1]
        self.tell("windowactivate", "--sync", number)

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextmanager
def a_desk(window_manager: bool = True) -> Iterator[Desk]:
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(write)
    number = b""
    # Up to the newline: the number comes in pieces, and a server that writes into a closed pipe dies of it.
    while not number.endswith(b"\n") and select.select([read], [], [], READY_S)[0]:
        if not (piece := os.read(read, 20)):
            break
        number += piece
    os.close(read)
    desk = Desk(f":{number.decode().strip()}", server)
    try:
        assert number.endswith(b"\n"), "Xvfb did not start"
        if window_manager:
            desk.start("openbox", "--sm-disable")
            wait_until(lambda: "_NET_SUPPORTING_WM_CHECK" in _root_properties(desk.display))
        yield desk
    finally:
        desk.end()


def _root_properties(display: str) -> set[str]:
    from Xlib.display import Display

    connection = Display(display)
    try:
        root = connection.screen().root
        return {connection.get_atom_name(atom) for atom in root.list_properties()}
    finally:
        connection.close()


def wait_until(condition: Callable[[], object], timeout_s: float = READY_S) -> None:
    """Asks again and again until it is so: for outside programs that send no word."""
    import threading
    import time

    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        pause.wait(0.02)
