"""The audit as a file: a line of JSON for each link with its row, to be checked anywhere, without the hub and without a network.

The first line says what it is and whose key signed it; the last is the head. Who checks it should know the key from elsewhere
(`daylight audit head` prints it): a file that was made up whole has a key that was made up too.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.chain import Break, Check, Head, Link, Row, Verdict, is_end, signed_end
from hub.errors import DaylightError

FORMAT = "daylight-audit-1"


class BadFile(DaylightError):
    """A file that is no export of an audit, or has a line that is none."""


class _Title(msgspec.Struct, frozen=True):
    format: str
    key: bytes


class _Line(msgspec.Struct, frozen=True):
    position: int
    hash: bytes
    signature: bytes | None
    row: Row


class KeptHead(msgspec.Struct, frozen=True):
    """A head with the public key (32 bytes) that it is signed with. Bytes are base64 in JSON."""

    position: int
    hash: bytes
    signature: bytes
    key: bytes

    @property
    def head(self) -> Head:
        return Head(self.position, self.hash, self.signature)


class _End(KeptHead, frozen=True):
    """The last line: the head, and a signature that the file ends with it."""

    end: bytes


async def lines(signing: Ed25519PrivateKey, links: AsyncIterator[Link]) -> AsyncIterator[bytes]:
    """The file's lines. A link whose row is gone has none: whoever checks finds its place empty."""
    key = signing.public_key().public_bytes_raw()
    yield msgspec.json.encode(_Title(FORMAT, key)) + b"\n"
    last: Link | None = None
    async for link in links:
        last = link
        if link.row is not None:
            yield msgspec.json.encode(_Line(link.position, link.hash, link.signature, link.row)) + b"\n"
    if last is not None and last.signature is not None:
        end = signed_end(signing, last.position, last.hash)
        yield msgspec.json.encode(_End(last.position, last.hash, last.signature, key, end)) + b"\n"


def check_file(
    path: Path, by: Ed25519PublicKey | None = None, heads: list[Head] | None = None
) -> tuple[Verdict, bytes]:
    """Holds a file against itself, this key and these heads; also returns the key in it. Raises `BadFile`."""
    with path.open("rb") as file:
        title = _title(file)
        if by is not None and by.public_bytes_raw() != title.key:
            raise BadFile(f"{path} is signed with another key than the one given.")
        checking = Check(_public(title.key), heads or [])
        broken: Break | None = None
        ended: _End | None = None
        for link in _links(file):
            if isinstance(link, _End):
                ended = link
            elif ended is not None:
                raise BadFile(f"{path} goes on behind its end.")
            elif broken := checking.take(link):
                break
    if broken is None:
        broken = checking.end()
    if broken is None and checking.position and not _is_end(ended, checking):
        broken = Break(checking.position + 1, None, "the file ends before its end")
    return Verdict(checking.position, checking.hash, 0, broken or checking.made_up()), title.key


def read_heads(path: Path) -> list[KeptHead]:
    """The heads in a file, one a line. Raises `BadFile`."""
    try:
        return [msgspec.json.decode(line, type=KeptHead) for line in path.read_bytes().splitlines() if line.strip()]
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadFile(f"{path} holds something else than heads.") from error


def _title(file: IO[bytes]) -> _Title:
    with_newline = file.readline(1_000)
    try:
        title = msgspec.json.decode(with_newline, type=_Title)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadFile(f"{file.name} is no export of an audit.") from error
    if title.format != FORMAT:
        raise BadFile(f"{file.name} is of the format {title.format[:40]!r}, not {FORMAT!r}.")
    return title


def _is_end(ended: _End | None, checking: Check) -> bool:
    """Whether the last line is signed for the place and the hash that were come to."""
    return ended is not None and is_end(checking.by, Head(checking.position, checking.hash, b""), ended.end)


def _links(file: IO[bytes]) -> Iterator[Link | _End]:
    for number, line in enumerate(file, start=2):
        try:
            if b'"row"' not in line:
                yield msgspec.json.decode(line, type=_End)
                continue
            told = msgspec.json.decode(line, type=_Line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise BadFile(f"Line {number} of {file.name} is no line of an audit.") from error
        yield Link(told.position, told.row.id, told.hash, told.signature, told.row)


def _public(key: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadFile("The key in the file is none.") from error
