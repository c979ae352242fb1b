"""The audit as a hash chain: whoever changes, removes, inserts or swaps a row of it is found out, and where.

A row is written by whoever acts, in the transaction of the act, and waits for nobody (`audit.py`). Within a second one hub process gives
all rows that were committed meanwhile their places in the chain: place, row and the hash before it make the hash of a link, and the last
link of each sealing is signed with a key that is not in the database. `docs/audit.md` says it so that others can write a verifier.

Who can write to the database can still cut off the tail, and what was committed in the last second. So the head is kept elsewhere as well:
a `Head` from anywhere outside tells.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.auth.sealed import key
from hub.database import DATABASE_AWAY, connection, transaction

START = bytes(32)
"""The hash before the first link."""
EVERY_S = 1.0
SEALED_AT_ONCE = 2_000
STRAYS_AT_ONCE = 50_000
NO_ID = -(2**63)
"""Of `bigint` the least."""
_LINK = b"daylight-audit-link-v1\0"
_HEAD = b"daylight-audit-head-v1\0"
_FILE = b"daylight-audit-file-v1\0"
_LOCK = 0x6461796C69676874
"""Of those who seal: one at a time, in all hub processes."""

log = structlog.get_logger()


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A row of the audit as it is hashed: a JSON array of these, in this order."""

    id: int
    at_us: int | None
    """Microseconds since 1970; none for a time that can't be counted, which no row of ours has."""
    actor: int | None
    client: int | None
    action: str
    subject: int | None
    team: int | None
    detail: str
    """JSON as PostgreSQL writes a `jsonb`."""


class Link(msgspec.Struct, frozen=True):
    """A place in the chain and the row that has it; no row when it is gone."""

    position: int
    audit: int
    hash: bytes
    signature: bytes | None
    row: Row | None


class Head(msgspec.Struct, frozen=True):
    """How long the chain was and what its last hash was, signed: to be kept where nobody who can change the chain can change it."""

    position: int
    hash: bytes
    signature: bytes


class Break(msgspec.Struct, frozen=True):
    """The first place at which the chain is not what was sealed."""

    position: int
    audit: int | None
    what: str

    def __str__(self) -> str:
        row = "" if self.audit is None else f", row {self.audit}"
        return f"place {self.position}{row}: {self.what}"


def link_hash(before: bytes, position: int, row: Row) -> bytes:
    """SHA-256 of the hash before, the place (8 bytes, big-endian) and the row."""
    return hashlib.sha256(_LINK + before + position.to_bytes(8, "big") + msgspec.json.encode(row)).digest()


def signing_key(secret: str) -> Ed25519PrivateKey:
    """The deployment's key for heads, made of its secret."""
    return Ed25519PrivateKey.from_private_bytes(key(secret, "audit signature"))


def signed(head: Ed25519PrivateKey, position: int, link: bytes) -> bytes:
    return head.sign(_told(_HEAD, position, link))


def is_signed(by: Ed25519PublicKey, head: Head) -> bool:
    return _is_by(by, head.signature, _HEAD, head)


def signed_end(signing: Ed25519PrivateKey, position: int, link: bytes) -> bytes:
    """That a file ends with this link. Heads are signed at every sealing, so one of those says nothing of it."""
    return signing.sign(_told(_FILE, position, link))


def is_end(by: Ed25519PublicKey, head: Head, end: bytes) -> bool:
    return _is_by(by, end, _FILE, head)


def _is_by(by: Ed25519PublicKey, signature: bytes, what: bytes, head: Head) -> bool:
    with contextlib.suppress(InvalidSignature, OverflowError):  # places that are none are signed by nobody
        by.verify(signature, _told(what, head.position, head.hash))
        return True
    return False


def _told(what: bytes, position: int, link: bytes) -> bytes:
    return what + position.to_bytes(8, "big") + link


class Check:
    """Holds links against each other, in their order, and against heads that were kept elsewhere. Ends at the first break.

    Heads whose signature is not by `by` are breaks themselves: somebody made them up (`made_up`: asked last, they hide no row).
    """

    def __init__(self, by: Ed25519PublicKey, heads: Iterable[Head] = ()) -> None:
        self.by = by
        kept = sorted(heads, key=lambda head: head.position)
        signed_by = [(head, is_signed(by, head)) for head in kept]
        self._forged = [head for head, ours in signed_by if not ours]
        self._expected = iter([head for head, ours in signed_by if ours])
        self._awaited = next(self._expected, None)
        self.position = 0
        self.hash = START
        self._open: Link | None = None
        """The last link, as long as no signature at it or after it covers it."""

    def take(self, link: Link) -> Break | None:
        position = self.position + 1
        if link.position != position:
            return Break(position, None, "it is gone")
        if link.row is None:
            return Break(position, link.audit, "the row is gone")
        if link.row.id != link.audit or link.hash != link_hash(self.hash, position, link.row):
            return Break(position, link.audit, "it is not what was sealed")
        if link.signature is not None and not is_signed(self.by, Head(position, link.hash, link.signature)):
            return Break(position, link.audit, "its signature is not by this deployment")
        self._open = link if link.signature is None else None
        self.position, self.hash = position, link.hash
        while self._awaited is not None and self._awaited.position == position:
            if broken := self._held_against(self._awaited):
                return broken
            self._awaited = next(self._expected, None)
        return None

    def end(self) -> Break | None:
        """After the last link: whether something is missing behind it."""
        if self._awaited is not None:
            return Break(self.position + 1, None, "it and what followed is gone")
        if self._open is not None:
            return Break(self._open.position, self._open.audit, "nothing signed follows it")
        return None

    def made_up(self) -> Break | None:
        """Whether one of the heads is somebody else's."""
        if not self._forged:
            return None
        return Break(self._forged[0].position, None, "the head that was kept is not signed by this deployment")

    def _held_against(self, head: Head) -> Break | None:
        if head.hash != self.hash:
            return Break(
                head.position, None, "it, or something before it, is not what was sealed when the head was kept"
            )
        return None


async def seal(signing: Ed25519PrivateKey) -> int:
    """Gives places to rows that wait, the oldest first; returns to how many. None while another process is at it.

    None either on top of what this deployment did not sign: who made links anew would get the signature that they lack.
    """
    async with transaction() as held:
        if not await held.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        newest = await held.fetchrow("SELECT position, hash, signature FROM audit_link ORDER BY position DESC LIMIT 1")
        before, last = (newest["position"], newest["hash"]) if newest else (0, START)
        if newest and not is_signed(signing.public_key(), Head(before, last, newest["signature"] or b"")):
            log.error("audit_not_sealed", position=before)
            return 0
        links: list[tuple[int, int, bytes, bytes | None]] = []
        for position, found in enumerate(await held.fetch(_TAKE, SEALED_AT_ONCE), start=before + 1):
            row = _row(found)
            last = link_hash(last, position, row)
            links.append((position, row.id, last, None))
        if links:
            links[-1] = (*links[-1][:3], signed(signing, links[-1][0], last))
            await held.executemany(_ADD, links)
        return len(links)


async def keep_sealing(secret: str) -> None:
    """Seals what was committed, every second, in each hub process. Not while the database is away: nothing is lost by that."""
    signing = signing_key(secret)
    while True:
        with contextlib.suppress(*DATABASE_AWAY):
            while await _any_waits() and await seal(signing) == SEALED_AT_ONCE:
                pass
        await asyncio.sleep(EVERY_S)


async def _any_waits() -> bool:
    """One question without a transaction: most seconds of most processes there is nothing to seal."""
    async with connection() as held:
        return bool(await held.fetchval("SELECT EXISTS (SELECT FROM audit_waiting)"))


async def links(after: int = 0) -> AsyncIterator[Link]:
    """The chain behind a place, in its order, read page by page: it only grows, so what comes meanwhile does no harm."""
    while True:
        async with connection() as held:
            page = await held.fetch(_LINKS, after, SEALED_AT_ONCE)
        for found in page:
            row = None if found["id"] is None else _row(found)
            yield Link(found["position"], found["audit"], found["hash"], found["signature"], row)
        if len(page) < SEALED_AT_ONCE:
            return
        after = page[-1]["position"]


async def newest_head() -> Head | None:
    """The newest that is signed; `None` when nothing was sealed yet."""
    async with connection() as held:
        found = await held.fetchrow(
            "SELECT position, hash, signature FROM audit_link WHERE signature IS NOT NULL ORDER BY position DESC LIMIT 1"
        )
    return found and Head(found["position"], found["hash"], found["signature"])


async def check(by: Ed25519PublicKey, heads: Iterable[Head] = ()) -> "Verdict":
    """Holds the whole chain in the database against itself and these heads."""
    checking = Check(by, heads)
    broken: Break | None = None
    async for link in links():
        if broken := checking.take(link):
            break
    broken = broken or checking.end() or await _stray(checking.position) or checking.made_up()
    async with connection() as held:
        waiting = await held.fetchval("SELECT count(*) FROM audit_waiting")
    return Verdict(checking.position, checking.hash, waiting, broken)


async def _stray(position: int) -> Break | None:
    """A row that has no place and does not wait for one."""
    after = NO_ID
    async with connection() as held:
        while True:
            page = await held.fetchrow(_STRAY, after, STRAYS_AT_ONCE)
            if page["stray"] is not None:
                return Break(position, page["stray"], "it was never sealed, and does not wait for it")
            if page["last"] is None:
                return None
            after = page["last"]


class Verdict(msgspec.Struct, frozen=True):
    """What was found: so many links hold, the last of them with this hash; `waiting` rows have no place yet."""

    position: int
    hash: bytes
    waiting: int
    broken: Break | None


def _row(found: Any) -> Row:
    return Row(
        found["id"], found["at_us"], found["actor"], found["client"], found["action"], found["subject"], found["team"],
        found["detail"],
    )  # fmt: skip


_TAKE = """
    WITH taken AS (
        DELETE FROM audit_waiting WHERE audit IN (SELECT audit FROM audit_waiting ORDER BY audit LIMIT $1) RETURNING audit
    )
    SELECT audit_told.* FROM audit_told JOIN taken ON taken.audit = audit_told.id ORDER BY audit_told.id
"""
_ADD = "INSERT INTO audit_link (position, audit, hash, signature) VALUES ($1, $2, $3, $4)"
_LINKS = """
    SELECT position, audit, hash, signature, audit_told.*
    FROM audit_link LEFT JOIN audit_told ON audit_told.id = audit_link.audit WHERE position > $1 ORDER BY position LIMIT $2
"""
_STRAY = """
    SELECT max(id) AS last, min(id) FILTER (
        WHERE NOT EXISTS (SELECT FROM audit_link WHERE audit_link.audit = page.id)
            AND NOT EXISTS (SELECT FROM audit_waiting WHERE audit_waiting.audit = page.id)
    ) AS stray FROM (SELECT id FROM audit WHERE id > $1 ORDER BY id LIMIT $2) AS page
"""
