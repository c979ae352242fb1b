"""The spool's files: where they lie, who may read them, and what SQLite's errors mean.

spool.db, spool.db-wal   the database
spool.record             the side record
spool.ballast            space kept for the transaction that deletes, given up when the disk is full
spool.db.corrupt-<time>  a damaged database, set aside; the newest three are kept
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from agents.spool_record import Record

BALLAST_BYTES = 256 * 1024
"""A deleting transaction writes a few pages of 4 KiB; 64 are plenty."""
CHECKPOINT_PAGES = 100
CORRUPT_KEPT = 3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, ended_us INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


# ERROR: a table is missing; CONSTRAINT: a number is there twice. Neither happens to a sound spool.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT}
_REASONS = {
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_BUSY: "spool in use",
    sqlite3.SQLITE_LOCKED: "spool in use",
}


class Unwritable(Exception):
    """The database can't be written or opened now. `reason` goes into the declaration of loss."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Broken(Exception):
    """The database is damaged."""


@contextlib.contextmanager
def sorted_out() -> Iterator[None]:
    """Turns SQLite's errors into `Unwritable` and `Broken`."""
    try:
        yield
    except sqlite3.Error as error:
        # Extended result codes keep the primary one in the low byte (https://sqlite.org/rescode.html).
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF == sqlite3.SQLITE_MISUSE:
            raise  # a mistake of ours, and no reason to set a good spool aside
        if code & 0xFF in _DAMAGE:
            raise Broken from error
        raise Unwritable(_REASONS.get(code & 0xFF, "disk error")) from error


class Files:
    """The folder (0700) and what is in it (0600)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder
        self.database = folder / "spool.db"
        self.record = Record(folder / "spool.record")
        self.take_ballast()

    def connect(self) -> sqlite3.Connection:
        """The database, made if need be. Raises `Unwritable` or `Broken`."""
        try:
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError:
            raise Unwritable("disk error") from None
        with sorted_out():
            db = sqlite3.connect(self.database, isolation_level=None, timeout=1)
            try:
                # Exclusive before WAL: the index is then in memory, not in a mapped file whose growth a full disk answers by SIGBUS.
                db.execute("PRAGMA locking_mode = EXCLUSIVE")
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("PRAGMA temp_store = MEMORY")
                db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
                if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    raise Broken
                db.executescript(_SCHEMA)
            except BaseException:
                db.close()
                raise
        return db

    def has_database(self) -> bool:
        """Whether there is anything that could be read."""
        return self.database.exists() and self.database.stat().st_size > 0

    def set_aside(self) -> None:
        """Renames the database out of the way."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        for suffix in ("", "-wal", "-journal"):
            source = self.database.with_name(self.database.name + suffix)
            with contextlib.suppress(FileNotFoundError):
                source.rename(source.with_name(f"{self.database.name}.corrupt-{stamp}{suffix}"))
        logs = ("-wal", "-journal")
        aside = sorted(path for path in self._folder.glob("spool.db.corrupt-*") if not path.name.endswith(logs))
        for old in aside[:-CORRUPT_KEPT]:
            for suffix in ("", "-wal", "-journal"):
                old.with_name(old.name + suffix).unlink(missing_ok=True)

    def take_ballast(self) -> None:
        """Occupies the space again, if it is there."""
        path = self._folder / "spool.ballast"
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size == BALLAST_BYTES:
                return
            try:
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(bytes(BALLAST_BYTES))
            except OSError:
                path.unlink(missing_ok=True)

    def release_ballast(self) -> None:
        """Gives the space up."""
        with contextlib.suppress(OSError):
            (self._folder / "spool.ballast").unlink(missing_ok=True)

    def close(self) -> None:
        self.record.close()
