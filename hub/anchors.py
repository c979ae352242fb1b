"""Heads of the audit's chain, kept in the object store: whoever can change the database can't take them back.

Each is an object of a versioned bucket, named by all that is in it: so all of them are read by asking for names alone, and one that is
written over or deleted is still found. Its content is the same as a line of `daylight audit head`.
"""

import binascii
import contextlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import structlog

from hub import objects
from hub.audit_file import KeptHead
from hub.chain import Head, check, newest_head, signing_key
from hub.settings import ObjectStore

JOB, CHECK = "anchor_audit", "check_audit"
PREFIX = "heads/"

log = structlog.get_logger()


class Anchored(msgspec.Struct, frozen=True):
    """The place up to which a head is kept; 0 when nothing was sealed yet."""

    position: int


class Checked(msgspec.Struct, frozen=True):
    """What a check of the whole chain found: so many rows hold, and where it is broken, in words; empty when it is not."""

    rows: int
    broken: str
    heads: int | None = None
    """How many kept heads it was held against; `None` where no store is set, or it did not answer."""
    away: str = ""
    """Why the store did not answer."""


async def anchor(store: ObjectStore, secret: str) -> Anchored:
    """Keeps the newest head; the same object again when nothing was sealed since. Raises `objects.ObjectsAway`."""
    head = await newest_head()
    if head is None:
        return Anchored(0)
    kept = KeptHead(head.position, head.hash, head.signature, signing_key(secret).public_key().public_bytes_raw())
    async with objects.opened(store, objects.AUDIT) as bucket:
        await bucket.put(_name(head), msgspec.json.encode(kept) + b"\n")
    return Anchored(head.position)


async def anchored(store: ObjectStore) -> list[Head]:
    """All heads that were ever kept. Raises `objects.ObjectsAway`."""
    async with objects.opened(store, objects.AUDIT) as bucket:
        names = {version.key async for version in bucket.versions(PREFIX)}
    return [head for name in sorted(names) if (head := _head(name)) is not None]


async def check_audit(store: ObjectStore | None, secret: str) -> Checked:
    """The worker's job: the whole chain, and all heads where there is a store. A chain that is broken is an error in its log, and on the
    page of the audit; a store that does not answer is told with what was found without it."""
    heads: list[Head] | None = None
    away = ""
    if store is not None:
        try:
            heads = await anchored(store)
        except objects.ObjectsAway as error:
            away = str(error)
            log.warning("anchors_away", why=away)
    found = await check(signing_key(secret).public_key(), heads or ())
    if found.broken:
        log.error("audit_broken", position=found.broken.position, audit=found.broken.audit, what=found.broken.what)
    return Checked(found.position, str(found.broken or ""), None if heads is None else len(heads), away)


def _name(head: Head) -> str:
    """Sorted by their places."""
    told = [urlsafe_b64encode(part).decode().rstrip("=") for part in (head.hash, head.signature)]
    return f"{PREFIX}{head.position:020}.{told[0]}.{told[1]}"


def _head(name: str) -> Head | None:
    """What a name says; one that is no head's is somebody else's."""
    with contextlib.suppress(ValueError, binascii.Error):
        position, link, signature = name.removeprefix(PREFIX).split(".")
        return Head(int(position), _bytes(link), _bytes(signature))
    return None


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
