"""Where the agent keeps what it knows: one folder (0700) for each hub that this account is enrolled with.

$DAYLIGHT_AGENT_STATE, else $XDG_STATE_HOME/daylight/agent, else ~/.local/state/daylight/agent
  <host>_<port>/
    enrolment.json   who this device is, and which hub it belongs to
    key              the private key, when there is no keyring
    memory.json      what was learned: policy, clock, counts
    wish.json        what the person declared here, until the running agent has read it
    status.json      what the running agent is doing, for `daylight agent status`
    lock             held by the one process that runs
    spool/           see agents/spool_files.py
"""

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from agents.clock import Learned
from agents.errors import AlreadyRunning, NotEnrolled, StateUnusable
from hub.wire.pause import Declared, Pause
from hub.wire.policy import NOTHING, Policy, Starts

S = TypeVar("S", bound=msgspec.Struct)


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What enrolment gave. `hub` is the address used; `origin` what the hub calls itself, and what is signed."""

    hub: str
    origin: str
    device: str
    person: str
    key: Literal["file", "keyring"] = "file"


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a running agent learned and needs again at its next start."""

    policy: Policy = NOTHING
    pause: Pause | None = None
    """What the person has declared for all of their devices."""
    declared: Declared | None = None
    """What they declared here and the hub does not know yet."""
    starts: Starts = ()
    """When they have started work outside the hours, the latest last."""
    untold: Starts = ()
    """What of that began or ended here and the hub does not know yet."""
    learned: Learned | None = None
    quarantined: int = 0
    refused: str = ""
    """Why the hub wants no further connection, in words; empty while it does."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the person declared at this computer, for the running agent to read: `daylight agent private`, `break`, `resume`, `start` or
    `stop`."""

    kind: Literal["private", "break", "work", "start", "stop"]
    at: datetime
    minutes: int | None = None


class Home:
    """The folder of one hub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.key = folder / "key"
        self.wish = folder / "wish.json"

    def enrolment(self) -> Enrolment:
        """Raises `NotEnrolled`."""
        found = self._load("enrolment.json", Enrolment)
        if found is None:
            raise NotEnrolled("not enrolled: get a code from your hub, then run `daylight agent enrol --hub URL CODE`")
        return found

    def memory(self) -> Memory:
        """What was learned. A damaged file counts as nothing learned, so that nothing is collected until the hub says so."""
        try:
            return self._load("memory.json", Memory) or Memory()
        except StateUnusable:
            return Memory()

    def save_enrolment(self, enrolment: Enrolment) -> None:
        self._save("enrolment.json", enrolment)

    def save_memory(self, memory: Memory) -> None:
        self._save("memory.json", memory)

    def save(self, name: str, content: msgspec.Struct) -> None:
        """Replaces a file at once: a reader sees the old one or the new one. Raises `OSError`."""
        self._save(name, content)

    def load(self, name: str, kind: type[S]) -> S | None:
        """The file's content; None when there is none. Raises `StateUnusable`."""
        return self._load(name, kind)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of this hub, which the kernel frees however the process ends. Raises `AlreadyRunning`."""
        make_private(self.folder)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
                raise AlreadyRunning(f"an agent for this hub runs already on this account (process {holder})") from None
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(lock)

    def _load(self, name: str, kind: type[S]) -> S | None:
        path = self.folder / name
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            raise StateUnusable(f"{path} can't be used: {error}") from None

    def _save(self, name: str, content: msgspec.Struct) -> None:
        make_private(self.folder)
        write_private(self.folder / name, msgspec.json.format(msgspec.json.encode(content)))


def root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds those of all hubs."""
    if named := environ.get("DAYLIGHT_AGENT_STATE"):
        return Path(named).expanduser()
    states = environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
    return Path(states) / "daylight" / "agent"


def homes(base: Path) -> list[Home]:
    """The hubs that this account is enrolled with."""
    return [Home(path.parent) for path in sorted(base.glob("*/enrolment.json"))]


def home_of(base: Path, hub: str | None) -> Home:
    """The folder of this hub, or of the only one there is. Raises `NotEnrolled` when it isn't clear which."""
    if hub is not None:
        return Home(base / slug(hub))
    known = homes(base)
    if len(known) > 1:
        names = ", ".join(home.enrolment().hub for home in known)
        raise NotEnrolled(f"enrolled with several hubs ({names}): name one with --hub")
    if not known:
        raise NotEnrolled("not enrolled: get a code from your hub, then run `daylight agent enrol --hub URL CODE`")
    return known[0]


def slug(hub: str) -> str:
    """A folder's name for a hub's address."""
    parts = urlsplit(hub)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return re.sub(r"[^a-z0-9.-]", "-", (parts.hostname or "").lower()) + f"_{port}"


def make_private(folder: Path) -> None:
    """Makes a folder that only its owner can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file (0600) at once and durably. Raises `OSError`."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
