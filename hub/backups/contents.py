"""A backup and a file of keys, as they lie on a disk, and whether they are whole.

    BACKUP/manifest.json   what the backup holds, signed with a key that is made of the deployment's secret
    BACKUP/database        PostgreSQL, in the custom format of `pg_dump`
    BACKUP/objects/N       an object of the object store; the manifest has its key
    KEYS/daylight-keys     the deployment's secret and the keys of people, without which nothing that is sealed opens and nothing
                           signed is believed; and who was erased

Both are made under a temporary name, written through to the disk and renamed: what bears the name is whole.
"""

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from hub.audit_file import KeptHead
from hub.auth.sealed import key
from hub.chain import signing_key
from hub.erased_days import ErasedDays
from hub.erasure import Erased
from hub.errors import DaylightError, StartError

if sys.platform != "win32":
    import fcntl

FORMAT = "daylight-backup-1"
KEYS_FORMAT = "daylight-keys-1"
MANIFEST, DATABASE, OBJECTS, KEYS_FILE = "manifest.json", "database", "objects", "daylight-keys"
SLICE_BYTES = 1024 * 1024
BUSY = "busy"
"""In a folder that is being filled; held by whoever does."""
_SIGNED = b"daylight-backup-v1\0"


class BadBackup(DaylightError):
    """What is there is no backup, no file of keys, or not whole. Says what is wrong; nothing was touched."""


class Size(msgspec.Struct, frozen=True):
    """Of a file in the backup."""

    size_bytes: int
    sha256: str


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a device's events are in the backup: what the hub had acked."""

    device: UUID
    epoch: int
    seq: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. All of it is as of one moment: `made_at`."""

    format: str
    made_at: datetime
    migrations: list[str]
    """That had been applied: what the schema is."""
    postgres: int
    """Which PostgreSQL the dump was made with, as 18: older programs don't read it."""
    key: bytes
    """The public key that the audit is signed with: whose backup it is."""
    rows: dict[str, int]
    """By table."""
    left_out: list[str]
    """Tables whose rows are not in it."""
    head: KeptHead | None
    """Of the audit's chain; none while nothing was sealed."""
    cursors: list[Cursor]
    files: dict[str, Size]
    objects: dict[str, str] = {}
    """By key, the file in the backup."""


class SubjectKey(msgspec.Struct, frozen=True):
    """A person's own key, wrapped (`subject_keys.py`)."""

    person: int
    wrapped: bytes
    made_at: datetime


class Restricted(msgspec.Struct, frozen=True):
    """A person of whom nobody else is shown anything (`rights/requests.py`)."""

    person: int
    at: datetime


class Hold(msgspec.Struct, frozen=True):
    """A legal hold that stands (`rights/holds.py`)."""

    person: int
    since_at: datetime
    set_by: int | None
    reason: str


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept apart from backups."""

    format: str
    made_at: datetime
    migrations: list[str]
    key: bytes
    """The public key that the audit is signed with: whose keys these are."""
    secret: str
    keys: list[SubjectKey]
    erased: list[Erased]
    """The erasure list: who is to stay erased."""
    erased_days: list[ErasedDays] = []
    """Days of people that are to stay erased."""
    restricted: list[Restricted] = []
    holds: list[Hold] = []


class _SignedManifest(msgspec.Struct):
    signature: bytes
    manifest: msgspec.Raw


class _KeysFile(msgspec.Struct):
    sha256: str
    keys: msgspec.Raw


def public_key(secret: str) -> bytes:
    """Whose a backup is: 32 bytes, as `daylight audit head` shows them."""
    return signing_key(secret).public_key().public_bytes_raw()


def write_manifest(folder: Path, manifest: Manifest, secret: str) -> None:
    told = msgspec.json.encode(manifest)
    signature = _signer(secret).sign(_SIGNED + told)
    write_through(folder / MANIFEST, msgspec.json.encode(_SignedManifest(signature, msgspec.Raw(told))))


def read_manifest(folder: Path, secret: str) -> Manifest:
    """Raises `BadBackup` when it is none, or was changed, or is another deployment's."""
    if not folder.is_dir():
        raise BadBackup(f"{folder} is no backup: there is no such folder")
    try:
        signed = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_SignedManifest)
        manifest = msgspec.json.decode(signed.manifest, type=Manifest)
    except FileNotFoundError:
        raise BadBackup(f"{folder} is no backup: it has no {MANIFEST}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadBackup(f"{folder / MANIFEST} can't be read: {error}") from None
    if manifest.format != FORMAT:
        raise BadBackup(f"{folder} has the format {manifest.format[:40]!r}, and this program reads {FORMAT!r}")
    if manifest.key != public_key(secret):
        raise BadBackup(f"{folder} is another deployment's: the keys that were given do not belong to it")
    try:
        _signer(secret).public_key().verify(signed.signature, _SIGNED + bytes(signed.manifest))
    except InvalidSignature:
        raise BadBackup(f"{folder / MANIFEST} was changed since it was made: its signature is not right") from None
    return manifest


def check_files(folder: Path, manifest: Manifest, read: Callable[[int], None]) -> None:
    """Raises `BadBackup` that names the first file that is not what the manifest says. `read` is told of bytes as they are read."""
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if extra := sorted(there - {MANIFEST, *manifest.files}):
        raise BadBackup(f"{folder / extra[0]} does not belong to the backup")
    for name, size in manifest.files.items():
        path = folder / name
        try:
            found = path.stat().st_size
            if found != size.size_bytes:
                raise BadBackup(
                    f"{path} has {found:,} bytes, and {size.size_bytes:,} were written: it was cut off or changed"
                )
            if digest(path, read) != size.sha256:
                raise BadBackup(f"{path} was changed since it was made: its checksum is not right")
        except FileNotFoundError:
            raise BadBackup(f"{path} is missing") from None


def digest(path: Path, read: Callable[[int], None]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(SLICE_BYTES):
            found.update(piece)
            read(len(piece))
    return found.hexdigest()


def write_keys(folder: Path, keys: Keys) -> Path:
    """Puts the file in its place in one step: what was there before is there until then. Raises `BadBackup`, `OSError`."""
    path = folder / KEYS_FILE
    if path.exists():
        before = read_keys([path])
        if before.key != keys.key:
            raise BadBackup(f"{path} is another deployment's: choose another folder for the keys of this one")
        erased = {one.person for one in keys.erased}
        known = {one.person for one in keys.keys} | erased
        days = {(one.person, one.at) for one in keys.erased_days}
        if not (
            {one.person for one in before.keys} <= known
            and {one.person for one in before.erased} <= erased
            and all((one.person, one.at) in days or one.person in erased for one in before.erased_days)
        ):
            raise BadBackup(
                f"{path} knows keys or erasures that this hub does not: it was set back, or lost them. Nothing was written over; "
                "if that is as it should be (`daylight demo clear` deletes keys), move the file away"
            )
    told = msgspec.json.encode(keys)
    new = path.with_name(path.name + ".new")
    try:
        write_through(new, msgspec.json.encode(_KeysFile(hashlib.sha256(told).hexdigest(), msgspec.Raw(told))))
        new.rename(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(folder)
    return path


def read_keys(paths: Iterable[Path]) -> Keys:
    """The newest of these files of one deployment, with the erasures of all of them. Raises `BadBackup`."""
    newest: Keys | None = None
    erased: dict[int, Erased] = {}
    days: dict[tuple[int, datetime], ErasedDays] = {}
    for path in paths:
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_KeysFile)
            whole = hashlib.sha256(file.keys).hexdigest() == file.sha256
            keys = msgspec.json.decode(file.keys, type=Keys)
        except (msgspec.MsgspecError, ValueError):
            raise BadBackup(f"{path} is no file of keys, or was cut off") from None
        except OSError as error:
            raise BadBackup(f"{path} can't be read: {error.strerror}") from None
        if keys.format != KEYS_FORMAT:
            raise BadBackup(f"{path} has the format {keys.format[:40]!r}, and this program reads {KEYS_FORMAT!r}")
        if not whole or keys.key != public_key(keys.secret):
            raise BadBackup(f"{path} was changed since it was made")
        if newest is not None and keys.key != newest.key:
            raise BadBackup(f"{path} is another deployment's than the other keys")
        erased |= {one.person: one for one in keys.erased}
        days |= {(one.person, one.at): one for one in keys.erased_days}
        if newest is None or keys.made_at > newest.made_at:
            newest = keys
    assert newest is not None
    return structs.replace(
        newest,
        erased=[erased[person] for person in sorted(erased)],
        erased_days=sorted(days.values(), key=lambda one: (one.at, one.person)),
    )


@contextlib.contextmanager
def filled(target: Path, suffix: str) -> Iterator[Path]:
    """A new folder beside `target`, only ours to read, that becomes it when the block ends, and is removed when it raises.

    What one that was killed left is removed first. Raises `StartError` when another process is filling it, or the target is there.
    """
    folder = target.with_name(target.name + suffix)
    with holding(folder, target):
        try:
            yield folder
            (folder / BUSY).unlink()
            for parent, folders, _ in os.walk(folder):
                for name in folders:
                    sync_folder(Path(parent, name))
            sync_folder(folder)
            if target.exists():
                target.rmdir()  # an empty one; raises otherwise
            folder.rename(target)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    sync_folder(target.parent)


@contextlib.contextmanager
def holding(folder: Path, target: Path) -> Iterator[None]:
    """Makes the folder anew and holds it; the kernel lets go of it when we die."""
    while True:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            with _busy(folder, target):
                shutil.rmtree(folder)
        else:
            break
    with _busy(folder, target):
        yield


@contextlib.contextmanager
def _busy(folder: Path, target: Path) -> Iterator[None]:
    with os.fdopen(os.open(folder / BUSY, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"another daylight is making {target} at this moment") from None
        yield


def write_through(path: Path, content: bytes) -> None:
    """A file only we may read, on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Names in it are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _signer(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key(secret, "backup signature"))


def as_rows(found: Iterable[Any]) -> list[Cursor]:
    return [Cursor(row["uid"], row["epoch"], row["seq"]) for row in found]
