"""Several hub processes on one port: the supervisor of `daylight hub --processes N`, and the `Child` that `daylight up` uses as well.

The supervisor owns N listening sockets on the one port (SO_REUSEPORT: the kernel spreads new connections over them by hash) and starts
one child on each, which inherits it. A socket outlives its child: who connects while the next one starts waits in the socket's queue and
is not refused. A child that has not come back within `QUEUE_S` loses its socket until it does, or a share of all connections would wait in
vain: who waits in the queue then is reset, and whoever comes is given to the others.

SIGTERM, SIGINT   all children drain at once, and the supervisor ends with them
SIGHUP            rolling restart: one child after the other is replaced by a successor on the same socket, which answers before the old
                  one is told to drain. One that can't be started or does not get ready ends the restart: the old ones stay.

Each child holds the writing end of a pipe and puts a byte into it every second once it serves: that is how it is known to be ready, and to
be stuck. Serves nothing itself, holds no connection to a database, and never asks the shared port, which any of them may answer.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog

from hub import logs
from hub.embedded import require_free_port
from hub.embedded.process import BACKOFF_FIRST_S, BACKOFF_MAX_S, STEADY_S, launch
from hub.errors import StartError
from hub.serving import BACKLOG, listen
from hub.settings import Settings, as_environment

STOP_S = 14.0
"""A hub drains within that; the supervisor ends within 15 s of SIGTERM."""
READY_S = 60.0
"""For a successor. Longer than a hub waits for a database that is starting."""
QUEUE_S = 15.0
"""How long new connections wait for a child that is started again: a start takes 2 s of processor time, many times that where others want
it too. Agents give up after as long, and those that come then find another process at once."""
SILENT_S = 30.0
"""A child whose event loop has not turned for this long is killed: whoever the kernel gives to it would wait for ever."""
POLL_S = 0.1
NOT_STARTED = (OSError, subprocess.SubprocessError)
"""What starting a process may raise: no memory, no descriptors, or a folder that is gone since."""

log = structlog.get_logger()


class Child:
    """A process of ours, `daylight ...`, that is started again when it dies: at once after a long life, else with backoff."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], output: Path | None) -> None:
        """`output`: the file for what it says; `None`: where ours goes."""
        self.name = name
        self._arguments = arguments
        self._environment = dict(environment)
        self._output = output
        self._started_at = 0.0
        self._backoff_s = 0.0
        self._retry_at = 0.0
        self._noted = True
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ended(self) -> bool:
        """It was started, and has ended."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Starts it without waiting for it."""
        self.launch([])

    def launch(self, more: list[str], inherited: tuple[int, ...] = ()) -> None:
        self._started_at = time.monotonic()
        self._noted = False
        self._process = launch(
            [sys.executable, "-m", "hub.cli", *self._arguments, *more],
            cwd=Path.cwd(),
            log=self._output,
            environment=self._environment,
            account=None,
            when_orphaned=signal.SIGTERM,
            inherited=inherited,
        )

    def tend(self) -> None:
        """Starts it when it does not run. To be called several times a second."""
        if self.alive:
            return
        now = time.monotonic()
        if self._process is not None and not self._noted:
            self._noted = True
            steady = now - self._started_at >= STEADY_S
            self._backoff_s = 0.0 if steady else min(max(BACKOFF_FIRST_S, 2 * self._backoff_s), BACKOFF_MAX_S)
            self._retry_at = now + self._backoff_s
            log.warning("child_ended", child=self.name, status=self._process.returncode, again_in_s=self._backoff_s)
        if now < self._retry_at:
            return
        try:
            self.start()
        except NOT_STARTED as error:
            self._backoff_s = min(max(BACKOFF_FIRST_S, 2 * self._backoff_s), BACKOFF_MAX_S)
            self._retry_at = now + self._backoff_s
            log.error("child_not_started", child=self.name, error=str(error))

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def ask_to_stop(self) -> None:
        self.signal(signal.SIGTERM)

    def await_end(self, limit_s: float) -> None:
        """Waits until it has ended, and kills it when it takes longer."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, limit_s))
        except subprocess.TimeoutExpired:
            log.error("child_killed", child=self.name, reason="it did not stop in time")
            self._process.kill()
            self._process.wait()


class HubChild(Child):
    """A hub process on an inherited socket, with the pipe through which it says that it serves."""

    def __init__(self, name: str, listener: socket.socket, environment: Mapping[str, str]) -> None:
        super().__init__(name, ["hub"], environment, None)
        self._listener = listener
        self._pipe: int | None = None
        self.heard = False
        """That it serves, or did until it ended."""
        self._silent_s = 0.0
        """Counted in turns of ours: a machine that was suspended is no fault of the child's."""

    def start(self) -> None:
        self.forget()
        self._pipe, tell = os.pipe()
        os.set_blocking(self._pipe, False)
        os.set_blocking(tell, False)
        try:
            descriptors = (self._listener.fileno(), tell)
            self.launch(["--inherited", "{},{}".format(*descriptors)], descriptors)
        finally:
            os.close(tell)

    def hear(self) -> None:
        """Takes in what it said. To be called once a turn."""
        self._silent_s += POLL_S
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):
                if os.read(self._pipe, 4096):
                    self.heard, self._silent_s = True, 0.0

    @property
    def ready(self) -> bool:
        return self.alive and self.heard

    @property
    def stuck(self) -> bool:
        return self.ready and self._silent_s > SILENT_S

    def forget(self) -> None:
        """Lets go of what was known of an earlier run."""
        self.heard, self._silent_s = False, 0.0
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


class _Place:
    """One of the sockets, and who serves it."""

    def __init__(self, number: int, settings: Settings, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._listener = listen(settings.host, settings.port, shared=True)
        self._number = number
        self._deserted_at: float | None = time.monotonic()
        self._open = True
        self.child = self.another()

    def another(self) -> HubChild:
        return HubChild(f"hub {self._number}", self._listener, self._environment)

    def tend(self) -> None:
        """Keeps its child running, and its socket open while there is hope for who waits in the queue."""
        child = self.child
        if child.stuck:
            log.error("child_killed", child=child.name, pid=child.pid, reason="its event loop does not turn")
            child.signal(signal.SIGKILL)
        child.tend()
        if child.ready:
            self._deserted_at = None
            if not self._open:
                self._listener.listen(BACKLOG)  # its own call may have been undone by ours, a moment later
                self._open = True
                log.info("socket_open_again", child=child.name)
            return
        self._deserted_at = self._deserted_at or time.monotonic()
        if self._open and time.monotonic() - self._deserted_at > QUEUE_S:
            # Bound as before, but no longer among those that the kernel gives connections to. The child's listen() brings it back.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._open = False
            log.warning("socket_shut", child=child.name, reason="not ready in time")

    def close(self) -> None:
        self._listener.close()


class Supervisor:
    """The children of one port, from the first start to the last end. `run` is called once, on the main thread."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._patience_s = STOP_S + settings.drain_delay_s
        self._end = self._roll_asked = self._started = False
        environment = {**as_environment(settings), "DAYLIGHT_PROCESSES_DIR": str(folder)}
        self._places = [_Place(number + 1, settings, environment) for number in range(settings.processes)]
        self._others: list[HubChild] = []
        """Those that no socket is tended for: a successor on its way in, an old one on its way out."""

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises `StartError` when a child ends before any was ever ready."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_end)
        signal.signal(signal.SIGHUP, self._ask_roll)
        try:
            while not self._end:
                self._turn()
                if self._roll_asked:
                    self._roll_asked = False
                    self._roll()
        finally:
            self._stop()

    def _ask_end(self, *_: object) -> None:
        self._end = True

    def _ask_roll(self, *_: object) -> None:
        self._roll_asked = True

    def _turn(self, but: _Place | None = None) -> None:
        """Looks after all places, but the one whose child is being replaced."""
        places = [place for place in self._places if place is not but]
        for place in places:  # all of them first: one that served, if only for a moment, is no start that failed
            place.child.hear()
            self._started = self._started or place.child.heard
        for place in places:
            if not self._started and place.child.ended:
                raise StartError("a hub process does not start: what it said is above")
            place.tend()
        time.sleep(POLL_S)

    def _roll(self) -> None:
        began = time.monotonic()
        log.info("restart_begins", processes=len(self._places))
        for place in self._places:
            if not self._replace(place):
                return
        log.info("restart_done", seconds=round(time.monotonic() - began, 1))

    def _replace(self, place: _Place) -> bool:
        """Puts a successor in the place of a child. False when the restart can't go on."""
        old, successor = place.child, place.another()
        try:
            successor.start()
        except NOT_STARTED as error:
            successor.forget()
            log.error("restart_stopped", child=old.name, reason="its successor can't be started", error=str(error))
            return False
        self._others.append(successor)
        deadline = time.monotonic() + READY_S
        while not successor.ready:
            if self._end:
                return False
            if successor.ended or time.monotonic() > deadline:
                log.error(
                    "restart_stopped",
                    child=successor.name,
                    reason="its successor does not get ready; the old one stays",
                )
                self._leave(successor)
                return False
            self._turn(but=place)
            successor.hear()
        place.child = successor
        self._others.remove(successor)
        self._others.append(old)
        # At once, without the delay that SIGTERM has: nobody has to learn that this address is going.
        old.signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_S
        while old.alive and time.monotonic() < deadline and not self._end:
            self._turn()
        if not self._end:
            self._leave(old)
            log.info("child_replaced", child=successor.name, pid=successor.pid)
        return not self._end

    def _leave(self, child: HubChild) -> None:
        """Sees one off that is not wanted any more: it has drained, or has had its time."""
        child.await_end(0)
        child.forget()
        self._others.remove(child)

    def _stop(self) -> None:
        children = [*(place.child for place in self._places), *self._others]
        deadline = time.monotonic() + self._patience_s
        for child in children:
            child.ask_to_stop()
        end(children, deadline - time.monotonic())
        for place in self._places:
            place.close()


def end(children: Iterable[Child], limit_s: float) -> None:
    """Waits for all to end within one limit; what takes longer is killed."""
    deadline = time.monotonic() + limit_s
    for child in children:
        child.await_end(deadline - time.monotonic())


def supervise(settings: Settings) -> None:
    """Runs `settings.processes` hub processes on one port until SIGTERM or SIGINT. Raises `StartError` when they can't start."""
    logs.configure(settings)
    require_free_port(settings.host, settings.port)  # SO_REUSEPORT would let us in beside another hub of this user
    folder = Path(tempfile.mkdtemp(prefix="daylight-processes-"))
    try:
        Supervisor(settings, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
