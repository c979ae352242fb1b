"""Real PostgreSQL, Valkey and S3 servers from wheels, for one machine without Docker.

Owns the servers that `Settings` has no URL for: starts them in the data folder, restarts one that dies, stops them in
order. Called by the command line before any event loop, and by tests. Never listens on anything but loopback and unix
sockets, never touches a server that it was given a URL for, never ends a process of another folder.

    data/lock              held while the servers are ours; a second start on the folder is refused
    data/running.json      where the servers are reachable while they run (0600)
    data/credentials.json  the database's passwords (0600); without them the data in `postgres` can't be opened
    data/s3.json           keys and ports of S3 (0600)
    data/postgres  data/valkey  data/s3  data/logs

Sockets live in a short private folder under the system's temporary one, new at each start, because a unix socket's path
may have no more than 107 bytes and a data folder may be deep.

One thread starts, watches and stops every server. It has to be one and the same: the kernel's "signal when the parent
dies" is bound to the thread that forked. So when our process is killed the servers shut down by themselves; what has not
finished by the next start is ended there.
"""

import contextlib
import os
import queue
import secrets
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from types import TracebackType

import msgspec

from hub.embedded.postgres import Postgres, wheel_binaries
from hub.embedded.process import Server
from hub.embedded.seaweed import Seaweed, load_keys, require_free_port, write_private
from hub.embedded.valkey import Valkey
from hub.errors import StartError
from hub.settings import Settings

if sys.platform != "win32":
    import fcntl

__all__ = ["Embedded", "Handle", "Servers", "at_hand", "require_free_port", "running", "wheel_binaries"]

TICK_S = 0.1
"""How often the supervisor looks whether a server has died."""
LOCK_PATIENCE_S = 0.5
"""`running` holds the lock for a moment to see whether it is free."""
SOCKETS_PREFIX = "daylight-"
BASE_MAX_CHARACTERS = 50
"""107 bytes, less the 45 of `/daylight-xxxxxxxx/postgres/.s.PGSQL.5432`, if some characters take two."""


class Servers(msgspec.Struct, frozen=True):
    """The URLs to use: the settings' own, or those of the servers started here."""

    database_url: str
    """As the hub's role."""
    redis_url: str
    s3_url: str | None
    """`http://ACCESS_KEY:SECRET_KEY@host:port`; None when S3 was not asked for."""
    database_owner_url: str | None = None
    """As the role that owns the audit's tables; `None` where the hub's own does."""


class Credentials(msgspec.Struct, frozen=True):
    database_password: str
    hub_password: str = ""
    """Empty in a data folder that was made before the hub had a role of its own: there it is the owner."""


class Running(msgspec.Struct, frozen=True):
    """What `running.json` holds: the folder of the sockets, and the URLs once all servers answer."""

    sockets: str
    servers: Servers | None = None


class Handle:
    """One server that runs here, for fault tests and status pages. Safe to use from any thread."""

    def __init__(self, server: Server, call: Callable[[Callable[[], None]], None], leaving: threading.Event) -> None:
        self._server = server
        self._leaving = leaving
        self._call = call

    @property
    def pid(self) -> int | None:
        """Of the server itself (PostgreSQL: the postmaster); None while it is down."""
        return self._server.pid

    def pids(self) -> list[int]:
        """Of all its processes."""
        return self._server.pids()

    def restart(self) -> None:
        """Stop it politely, start it and return once it answers."""

        def act() -> None:
            self._server.end()
            self._server.start()
            self._server.await_ready(self._leaving)

        self._call(act)


class Embedded:
    """A context manager that runs the servers `settings` has no URL for; S3 only if `s3`.

    `postgres`, `valkey` and `s3` are handles of the servers run here, None for the others. Entering raises `StartError`
    and then leaves nothing running. From then on a server that dies is started again until the context is left.
    """

    def __init__(self, settings: Settings, *, s3: bool = False) -> None:
        self._settings = settings
        self._data = settings.data.expanduser().resolve()
        self._with_s3 = s3 and settings.s3_url is None
        # Not a SimpleQueue: after a signal its `get` may find its time over, and then waits without end (seen on CPython 3.11.7).
        # A server that died would stay dead.
        self._inbox: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._leaving = threading.Event()
        self._resources = contextlib.ExitStack()
        self.postgres: Handle | None = None
        self.valkey: Handle | None = None
        self.s3: Handle | None = None

    def __enter__(self) -> Servers:
        settings = self._settings
        if settings.database_url and settings.redis_url and not self._with_s3:
            return _given(settings)
        if sys.platform == "win32":
            raise StartError("the embedded servers do not run on Windows: set DATABASE_URL and REDIS_URL")
        try:
            return self._start()
        except BaseException as error:
            self._stop()
            if isinstance(error, OSError):
                raise StartError(f"cannot start the embedded servers: {error}") from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> Servers:
        settings, data = self._settings, self._data
        self._leaving.clear()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._resources.enter_context(_lock(data))
        sockets = self._resources.enter_context(_sockets(data))
        logs = data / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)

        servers: list[Server] = []
        urls = _given(settings)
        # PostgreSQL last: its first start makes the cluster while the others come up.
        if self._with_s3:
            seaweed = Seaweed(data / "s3", logs, load_keys(data / "s3.json"))
            servers.append(seaweed)
            self.s3 = Handle(seaweed, self._call, self._leaving)
            urls = msgspec.structs.replace(urls, s3_url=seaweed.url())
        if not settings.redis_url:
            valkey = Valkey(data / "valkey", logs, sockets / "valkey")
            servers.append(valkey)
            self.valkey = Handle(valkey, self._call, self._leaving)
            urls = msgspec.structs.replace(urls, redis_url=valkey.url())
        if not settings.database_url:
            credentials = _credentials(data)
            passwords = credentials.database_password, credentials.hub_password
            postgres = Postgres(data / "postgres", logs, sockets / "postgres", *passwords)
            servers.append(postgres)
            self.postgres = Handle(postgres, self._call, self._leaving)
            if credentials.hub_password:
                urls = msgspec.structs.replace(
                    urls, database_url=postgres.hub_url(), database_owner_url=postgres.owner_url()
                )
            else:
                urls = msgspec.structs.replace(urls, database_url=postgres.owner_url())

        self._thread = threading.Thread(target=self._supervise, args=(servers,), name="embedded", daemon=True)
        self._thread.start()

        def start_all() -> None:
            for server in servers:
                server.start()
            for server in servers:
                server.await_ready(self._leaving)

        self._call(start_all)
        write_private(data / "running.json", msgspec.json.encode(Running(str(sockets), urls)))
        return urls

    def _stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._leaving.set()
            self._inbox.put(None)
            thread.join()
        self._resources.close()

    def _call(self, action: Callable[[], None]) -> None:
        """Run `action` in the supervising thread; returns, or raises, as it does."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who is waiting for it
                done.set_exception(error)
            else:
                done.set_result(None)

        self._inbox.put(run)
        # In steps: a signal that comes just as the wait begins would be heard only when it ends.
        while not done.done():
            wait([done], TICK_S)
        done.result()

    def _supervise(self, servers: list[Server]) -> None:
        tending = False  # not before the first start, which reports its own failure
        while True:
            try:
                action = self._inbox.get(timeout=TICK_S)
            except queue.Empty:
                action = _nothing
            if action is None:
                break
            action()
            tending = tending or action is not _nothing
            if tending:
                for server in servers:
                    server.tend()
        for server in servers:
            server.ask_to_stop()
        for server in servers:
            server.end()


def running(settings: Settings) -> Servers | None:
    """Where another process of this machine runs the servers of this data folder, or None when none does."""
    data = settings.data.expanduser().resolve()
    if sys.platform == "win32" or not (data / "lock").exists():
        return None
    try:
        with _lock(data, patience_s=0):
            return None
    except StartError:
        pass
    try:
        return msgspec.json.decode((data / "running.json").read_bytes(), type=Running).servers
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def at_hand(settings: Settings, *, s3: bool = False) -> Iterator[Servers]:
    """The servers that run in this data folder; when none do, its PostgreSQL (and S3) is started for the time being.

    Raises `StartError` when the folder holds no database.
    """
    servers = running(settings)
    if servers is not None:
        yield servers
    elif not (settings.data / "postgres").exists():
        raise StartError(f"no database: DATABASE_URL is not set, and {settings.data} holds none")
    else:
        # Valkey is not wanted: any address keeps it from being started.
        alone = msgspec.structs.replace(settings, redis_url=settings.redis_url or "redis://none")
        with Embedded(alone, s3=s3 and (settings.data / "s3").exists()) as started:
            yield started


@contextlib.contextmanager
def _lock(data: Path, patience_s: float = LOCK_PATIENCE_S) -> Iterator[None]:
    """Hold the data folder. The kernel lets go of it when we die, however we die."""
    with os.fdopen(os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise StartError(
                        f"another daylight is running on the data folder {data}: stop it, or set DATA to another folder"
                    ) from None
                time.sleep(TICK_S)
            else:
                break
        yield


@contextlib.contextmanager
def _sockets(data: Path) -> Iterator[Path]:
    """A folder for the sockets. One that a killed run left is removed."""
    record = data / "running.json"
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        _remove_sockets(Path(msgspec.json.decode(record.read_bytes(), type=Running).sockets))
    base = tempfile.gettempdir()
    if len(base) > BASE_MAX_CHARACTERS:
        base = "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
    folder = Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=base))
    try:
        if os.geteuid() == 0:
            folder.chmod(0o711)  # PostgreSQL's user passes through to its own
        write_private(record, msgspec.json.encode(Running(str(folder))))
        yield folder
    finally:
        _remove_sockets(folder)
        record.unlink(missing_ok=True)


def _remove_sockets(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and folder.name.startswith(SOCKETS_PREFIX):
            shutil.rmtree(folder)


def _given(settings: Settings) -> Servers:
    return Servers(settings.database_url or "", settings.redis_url or "", settings.s3_url, settings.database_owner_url)


def _credentials(data: Path) -> Credentials:
    path = data / "credentials.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        if (data / "postgres").exists():
            raise StartError(
                f"{path} is missing, which holds the password of {data / 'postgres'}: restore it"
            ) from None
    credentials = Credentials(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    write_private(path, msgspec.json.encode(credentials))
    return credentials


def _nothing() -> None:
    pass
