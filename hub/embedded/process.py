"""One supervised server process: started in its own session, told to stop politely, found again after a crash.

Owns starting, recognising and ending processes, and their logs. `hub.embedded` runs these functions in its supervising
thread and nowhere else, so nothing here is locked. It never ends a process that it can't prove to be this folder's:
a process is ours only if it runs the server's program *and* its working directory is the server's folder, compared by
inode. Unlike a process id kept in a file that proof survives a reused id, a lost file and a kill between fork and
write; a file is never asked. Without `/proc` (macOS) only the process started by us is known.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from hub.errors import StartError

LOG_MAX_BYTES = 10 * 1024 * 1024
LOG_TAIL_LINES = 15
LOG_TAIL_BYTES = 16 * 1024
POLL_S = 0.01
START_DEADLINE_S = 120.0
"""Long, because recovery after a crash reads up to 1 GB of write-ahead log; a server that *exits* fails at once."""
KILL_DEADLINE_S = 10.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
STEADY_S = 10.0
"""A server that ran this long before it died is restarted without delay."""
PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    _prctl: Callable[..., int] | None = ctypes.CDLL(None, use_errno=True).prctl
else:
    _prctl = None


class Account(msgspec.Struct, frozen=True):
    """The user and group that a server runs as."""

    uid: int
    gid: int


class Server:
    """A server and its folder. Subclasses say how it is prepared, started, recognised as ready and stopped."""

    name = ""
    program = ""
    """The base name of the executable."""
    polite: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    """Signals to try in turn, each with the seconds it is given. SIGKILL comes after the last."""
    when_orphaned = signal.SIGTERM
    """What the kernel sends to the server when our process is killed."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self.folder = folder
        self.log = logs / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._retry_at = 0.0
        self._backoff_s = 0.0

    def prepare(self) -> None:
        """Make the folder and what else must exist before the server starts. Nothing of ours runs in it."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def account(self) -> Account | None:
        """The account to run as, or None for our own."""
        return None

    def ready(self) -> bool:
        """Whether the server answers."""
        raise NotImplementedError

    def mend(self) -> bool:
        """Put right what kept a server that has ended from starting, if that is known; whether anything was."""
        return False

    def leaders(self, pids: list[int]) -> list[int]:
        """Those of the server's processes that a polite signal goes to."""
        return pids

    @property
    def pid(self) -> int | None:
        """The process id of the server, or None while it is down."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Start the server without waiting for it. What a previous run left behind is ended first."""
        self.end()
        self.prepare()
        _rotate(self.log)
        self._process = launch(
            self.command(),
            cwd=self.folder,
            log=self.log,
            environment=self.environment(),
            account=self.account(),
            when_orphaned=self.when_orphaned,
        )
        self._started = time.monotonic()

    def await_ready(self, leaving: threading.Event) -> None:
        """Return once the server answers. Raises `StartError` with the end of its log when it doesn't, or on `leaving`."""
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.ready():
            if self._process is None or self._process.poll() is not None:
                if self.mend():
                    self.start()
                    continue
                raise StartError(f"{self.name} stopped while starting. The end of {self.log}:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise StartError(
                    f"{self.name} did not answer within {START_DEADLINE_S:.0f} s. The end of {self.log}:\n{tail(self.log)}"
                )
            if leaving.wait(POLL_S):
                raise StartError(f"{self.name} was told to stop while starting")

    def tend(self) -> None:
        """Start the server again if it died. Called by the supervisor several times a second; raises nothing expected."""
        process = self._process
        if process is not None and process.poll() is None:
            return
        now = time.monotonic()
        if process is not None:
            steady = now - self._started >= STEADY_S
            self._backoff_s = 0.0 if steady else min(max(BACKOFF_FIRST_S, 2 * self._backoff_s), BACKOFF_MAX_S)
            self._retry_at = now + self._backoff_s
            self._process = None
            _note(self.log, f"daylight: {self.name} ended with {process.returncode}; starting it again")
        if now < self._retry_at:
            return
        try:
            self.mend()
            self.start()
        except (StartError, OSError, subprocess.SubprocessError) as error:
            self._backoff_s = min(max(BACKOFF_FIRST_S, 2 * self._backoff_s), BACKOFF_MAX_S)
            self._retry_at = time.monotonic() + self._backoff_s
            _note(self.log, f"daylight: {error}")

    def ask_to_stop(self) -> None:
        """Send the first polite signal, so that several servers can stop at the same time."""
        self._tell(self.polite[0][0])

    def end(self) -> None:
        """Stop every process of the server: politely, then by SIGKILL. Raises `StartError` if one outlives that."""
        for polite, deadline_s in self.polite:
            pids = self.pids()
            if not pids:
                break
            if self.leaders(pids):  # without a leader the rest are leftovers of one that was killed
                self._tell(polite)
                self._await_gone(deadline_s)
        if self.pids():
            for pid in self.pids():
                _kill(pid, signal.SIGKILL)
            if not self._await_gone(KILL_DEADLINE_S):
                raise StartError(f"processes {self.pids()} of an earlier {self.name} in {self.folder} do not end")
        if self._process is not None:
            self._process.wait()

    def pids(self) -> list[int]:
        """The live processes of this server, whichever run started them."""
        own = self._process
        found = running_in(self.folder, self.program)
        if own is not None and own.poll() is None and own.pid not in found:
            found.append(own.pid)
        return found

    def _tell(self, polite: signal.Signals) -> None:
        pids = self.pids()
        for pid in self.leaders(pids):
            _kill(pid, polite)
        for pid in pids:
            _kill(pid, signal.SIGCONT)  # a frozen process would not see the signal before it is killed

    def _await_gone(self, deadline_s: float) -> bool:
        deadline = time.monotonic() + deadline_s
        while self.pids():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True


def launch(
    command: list[str],
    *,
    cwd: Path,
    log: Path | None,
    environment: dict[str, str],
    account: Account | None,
    when_orphaned: signal.Signals,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C in a terminal reaches only us.

    What it says goes to `log`, or where ours goes; it has the descriptors `inherited`, and no other of ours.

    On Linux the kernel sends it `when_orphaned` when the *thread* that called this ends: call it from one that lives as
    long as the server should.
    """
    parent = os.getpid()

    def in_child() -> None:
        # After the change of user, which clears it.
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(when_orphaned))
            if os.getppid() != parent:
                os._exit(1)

    with opened(log) if log is not None else contextlib.nullcontext() as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=base_environment() | environment,
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=in_child,
            pass_fds=inherited,
        )


def base_environment() -> dict[str, str]:
    """Almost nothing: a stray PGDATA, LD_LIBRARY_PATH or AWS_* of the user's must not reach a server."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def running_in(folder: Path, program: str) -> list[int]:
    """The live processes that run `program` with `folder` as their working directory. Empty where there is no `/proc`."""
    try:
        here = folder.stat()
        entries = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    found = []
    for name in entries:
        try:
            executable = os.readlink(f"/proc/{name}/exe")  # a zombie has none
            there = os.stat(f"/proc/{name}/cwd")
        except OSError:
            continue  # gone, or another user's
        same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
        if same and os.path.basename(executable).removesuffix(" (deleted)") == program:
            found.append(int(name))
    return found


def opened(log: Path) -> BinaryIO:
    """The log, to append to; made so that only we may read it."""
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def tail(log: Path) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            text = file.read(LOG_TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _note(log: Path, line: str) -> None:
    """Adds a line, unless the disk is full: nothing may end the supervision."""
    with contextlib.suppress(OSError), opened(log) as output:
        output.write(line.encode(errors="replace") + b"\n")


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.1"))
