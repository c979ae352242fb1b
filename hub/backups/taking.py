"""A backup: PostgreSQL as of one moment, what it holds written down, and the keys apart from it.

The hub goes on meanwhile. One transaction holds the moment: `pg_dump` reads it by its exported snapshot, and rows, cursors and the head of
the chain are counted in it, so what the manifest says is what the dump holds. All that was acked before it began was committed before it,
so it is in it.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import asyncpg
import msgspec

from hub import audit, chain, grants, objects
from hub.audit_file import KeptHead
from hub.backups import programs
from hub.backups.contents import (
    DATABASE,
    FORMAT,
    KEYS_FORMAT,
    OBJECTS,
    Hold,
    Keys,
    Manifest,
    Restricted,
    Size,
    SubjectKey,
    as_rows,
    filled,
    public_key,
    write_keys,
    write_manifest,
    write_through,
)
from hub.backups.told import part
from hub.chain import signing_key
from hub.database import transaction
from hub.erased_days import LISTED, ErasedDays
from hub.erasure import Erased
from hub.errors import DaylightError, StartError
from hub.settings import ObjectStore
from hub.tasks import some_at_once

APART = "subject_key"
"""The table whose rows are in the file of keys."""
LEFT_OUT = [
    APART,
    "sign_in",
    "idempotency_key",
    "enrolment_code",
    "enrolment_request",
    "link",
    "mail",
    "last_mail",
    "people_import",
]
"""Tables whose rows would do harm when they come back, and no good: sessions, codes and links that were used since, mails that
were sent since, and files that wait for an hour at most."""
OBJECTS_AT_ONCE = 8
"""Copied side by side, each of them whole in memory: most of the time of one is waiting for the store, and for the disk."""
PATIENCE_S = 10
FOR_LONG = {
    "application_name": "daylight backup",
    "timezone": "UTC",
    "search_path": "public",
    "jit": "off",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "statement_timeout": "0",
}


class Taken(msgspec.Struct, frozen=True):
    """What was made."""

    manifest: Manifest
    keys: Path

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.manifest.files.values())


async def back_up(url: str, store: ObjectStore | None, secret: str, target: Path, keys: Path) -> Taken:
    """Makes the folder `target`, and the file of keys in the folder `keys`, on the open pool and connections of its own.

    Whatever is raised, `target` is then not there.
    """
    _refuse_bad_places(target, keys)
    with _words_for_disks(), filled(target, ".part") as folder:
        async with _moment(url) as (held, snapshot):
            used = programs.find(await held.fetchval(programs.MAJOR))
            await _require_own(held, secret)
            # It would come back as the owner's, and run in the restore.
            await grants.refuse_code(held)
            tables = [row["name"] for row in await held.fetch(TABLES)]
            kept = [table for table in tables if table not in LEFT_OUT]
            relations = await held.fetchval(_RELATIONS)
            counting = asyncio.create_task(_counted(held, kept, public_key(secret)))
            try:
                size = await _dumped(used.folder, url, snapshot, relations, folder / DATABASE)
                counted = await counting
                apart = await _keys(held, secret)
            finally:
                counting.cancel()
                await asyncio.wait([counting])
        # After the moment: what rows of it speak of is there, unless it was deleted since.
        sizes, names = await _objects(store, folder) if store else ({}, {})
        left_out = [table for table in tables if table in LEFT_OUT]
        manifest = Manifest(
            format=FORMAT, postgres=used.major, key=public_key(secret), left_out=left_out,
            files={DATABASE: size, **sizes}, objects=names, **counted,
        )  # fmt: skip
        write_manifest(folder, manifest, secret)
        # Before the backup has its name: one without keys would be of no use.
        path = _keep(keys, apart)
        async with transaction():
            await audit.record("backup_made", None, made_at=manifest.made_at.isoformat())
    return Taken(manifest, path)


async def keep_keys(url: str, secret: str, keys: Path) -> Path:
    """Makes the file of keys alone, on the open pool and a connection of its own."""
    with _words_for_disks():
        async with _moment(url) as (held, _):
            await _require_own(held, secret)
            found = await _keys(held, secret)
        path = _keep(keys, found)
        async with transaction():
            await audit.record("keys_kept", None, made_at=found.made_at.isoformat())
    return path


async def _keys(held: Any, secret: str) -> Keys:
    # A schema of before does not have all of these tables.
    newer = await held.fetchval(_IS_THERE, "person_request")
    keys = await held.fetch(_KEYS) if await held.fetchval(_IS_THERE, APART) else []
    erased = await held.fetch(_ERASED) if await held.fetchval(_IS_THERE, "erased") else []
    days = await held.fetchval(_IS_THERE, "erased_days")
    return Keys(
        format=KEYS_FORMAT,
        made_at=await held.fetchval("SELECT now()"),
        migrations=await _migrations(held),
        key=public_key(secret),
        secret=secret,
        keys=[SubjectKey(*row) for row in keys],
        erased=[Erased(*row) for row in erased],
        erased_days=[ErasedDays(**row) for row in await held.fetch(LISTED)] if days else [],
        restricted=[Restricted(*row) for row in await held.fetch(_RESTRICTED)] if newer else [],
        holds=[Hold(*row) for row in await held.fetch(_HOLDS)] if newer else [],
    )


async def _migrations(held: Any) -> list[str]:
    return [row["name"] for row in await held.fetch("SELECT name FROM migration ORDER BY name")]


def _keep(folder: Path, keys: Keys) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return write_keys(folder, keys)


async def _require_own(held: Any, secret: str) -> None:
    """Raises `StartError` when this is not the secret that the hub on this database has: keys with another would open nothing."""
    newest = await held.fetchrow(_HEAD)
    if newest is not None and not chain.is_signed(signing_key(secret).public_key(), chain.Head(*newest)):
        raise StartError(
            "this is not the secret of the hub on this database: set DAYLIGHT_SECRET, or DATA, as they are for that one"
        )


def _refuse_bad_places(target: Path, keys: Path) -> None:
    if target.exists() or target.is_symlink():
        raise StartError(f"{target} is there already: a backup is a new folder, and nothing is written over")
    if not target.parent.is_dir():
        raise StartError(f"{target.parent} is no folder, in which the backup should be made")
    here, there = target.resolve(), keys.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise StartError(
            f"keys lie apart from the backup, and {keys} is not: whoever takes the one must not have the other. Name another folder"
        )
    if keys.exists() and not keys.is_dir():
        raise StartError(f"{keys} is no folder: name one, in which the file of keys is kept")


@contextlib.contextmanager
def _words_for_disks() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DaylightError(
                f"no room is left on the disk ({error.strerror}): nothing was kept of this backup"
            ) from error
        where = f": {error.filename}" if error.filename else ""
        raise DaylightError(
            f"the backup could not be written ({error.strerror}{where}): nothing was kept of it"
        ) from error


@contextlib.asynccontextmanager
async def _moment(url: str) -> AsyncIterator[tuple[Any, str]]:
    """A connection inside a transaction that sees one moment, and the name under which others see it too."""
    try:
        held = await asyncpg.connect(url, timeout=PATIENCE_S, server_settings=FOR_LONG)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"cannot reach PostgreSQL: {error}") from error
    try:
        async with held.transaction(isolation="repeatable_read", readonly=True):
            # Before the moment, or a day of `interval` that retention drops meanwhile would be in it and not be there.
            await held.execute("LOCK TABLE interval IN ACCESS SHARE MODE")
            yield held, await held.fetchval("SELECT pg_export_snapshot()")
    except asyncpg.LockNotAvailableError as error:
        raise StartError("somebody changes the schema at this moment: try again when that is done") from error
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError) as error:
        raise DaylightError("PostgreSQL went away meanwhile: nothing was kept of this backup") from error
    finally:
        held.terminate()


async def _counted(held: Any, tables: list[str], key: bytes) -> dict[str, Any]:
    """What the manifest says of the moment."""
    rows = {table: await held.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}  # noqa: S608 - names of our own tables
    head = await held.fetchrow(_HEAD)
    return {
        "made_at": await held.fetchval("SELECT now()"),
        "migrations": await _migrations(held),
        "rows": rows,
        "head": None if head is None else KeptHead(head["position"], head["hash"], head["signature"], key),
        "cursors": as_rows(await held.fetch(CURSORS)),
    }


async def _dumped(folder: Path, url: str, snapshot: str, tables: int, path: Path) -> Size:
    """On the disk when this returns."""
    found, size_bytes = hashlib.sha256(), 0
    with part("PostgreSQL", tables, "tables") as advance, _new(path) as file:
        pieces = programs.dump(folder, url, snapshot, LEFT_OUT, lambda: advance(1))
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
                found.update(piece)
                size_bytes += len(piece)
                advance(0, len(piece))
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return Size(size_bytes, found.hexdigest())


async def _objects(store: ObjectStore, folder: Path) -> tuple[dict[str, Size], dict[str, str]]:
    """Copies what belongs to people; returns sizes by file, and files by key."""
    async with objects.opened(store) as bucket:
        found = [one async for one in bucket.stored()]
        if not found:
            return {}, {}
        (folder / OBJECTS).mkdir(mode=0o700)
        sizes: dict[int, Size] = {}
        with part("Objects", sum(one.size for one in found), "bytes") as advance:

            async def copy(number: int) -> None:
                try:
                    content = await bucket.get(found[number].key)
                except KeyError:
                    return  # deleted meanwhile
                await _write(folder / OBJECTS / str(number), content)
                sizes[number] = Size(len(content), hashlib.sha256(content).hexdigest())
                advance(len(content))

            await some_at_once(copy, range(len(found)), OBJECTS_AT_ONCE)
    copied = sorted(sizes)
    return (
        {f"{OBJECTS}/{number}": sizes[number] for number in copied},
        {found[number].key: f"{OBJECTS}/{number}" for number in copied},
    )


async def _write(path: Path, content: bytes) -> None:
    """Also when it is cancelled the disk is left alone when this returns: the folder is then removed."""
    writing = asyncio.ensure_future(asyncio.to_thread(write_through, path, content))
    try:
        await asyncio.shield(writing)
    finally:
        await asyncio.wait([writing])


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


TABLES = """
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
CURSORS = "SELECT uid, epoch, seq FROM device_cursor JOIN device ON device.id = device_cursor.device ORDER BY uid"
_HEAD = "SELECT position, hash, signature FROM audit_link WHERE signature IS NOT NULL ORDER BY position DESC LIMIT 1"
_RELATIONS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_KEYS = "SELECT person, wrapped, made_at FROM subject_key ORDER BY person"
_ERASED = "SELECT person, at, erased_by FROM erased ORDER BY person"
_RESTRICTED = "SELECT id, restricted_at FROM person WHERE restricted_at IS NOT NULL ORDER BY id"
_HOLDS = "SELECT person, since_at, set_by, reason FROM legal_hold WHERE lifted_at IS NULL ORDER BY person"
_IS_THERE = "SELECT to_regclass($1) IS NOT NULL"
