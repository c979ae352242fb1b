"""Valkey's append-only file, as far as it has to be mended.

Valkey 9.1 leaves a hole in it when the disk fills: it cuts off the record that was written in part, and goes on behind the place where that
ended. In between are zeros, and at its next start it refuses the whole file. The second time that this happens to a file it cuts off too
much, by the length of the first hole, which it does not count: the end of what was written before is gone for good, mostly in the middle of
a record. Its tool that cuts the file off there is not in the wheel, and would cost all that was written since.
"""

import os
import re
from pathlib import Path

MEND_MAX_BYTES = 256 * 1024 * 1024
"""Of a file, which is mended in memory. Valkey makes it anew when it has doubled; it has some MB here."""
_LINE_END = b"\r\n"
_HOLE = re.compile(rb"\0+(?=\*[0-9]+\r\n\$)")
_MULTI, _EXEC = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


class Damaged(Exception):
    """Something else than a hole is wrong: nobody but people should decide what goes."""


def mended(data: bytes) -> bytes:
    """The records of an append-only file without the holes between them, without those whose end is lost in a hole, with what they were one
    transaction with, and without a last one that is cut off, as Valkey leaves that out itself. Raises `Damaged`."""
    kept = bytearray()
    transaction: int | None = None
    """Where the one that is open begins in what is kept."""
    at = 0
    while at < len(data):
        if data[at] == 0:
            at = len(data) - len(data[at:].lstrip(b"\0"))
            if at < len(data) and data[at] != ord("*"):
                raise Damaged
            continue
        try:
            end, is_record = _end_of(data, at), True
        except Damaged:
            end, is_record = None, False
        if end is None:
            after = _after_hole(data, at)
            if after is None and is_record:
                break
            if after is None:
                raise Damaged
            del kept[len(kept) if transaction is None else transaction :]
            transaction, at = None, after
            continue
        if data.startswith(_MULTI, at):
            if transaction is not None:
                del kept[transaction:]  # its end is lost, and they can't be nested
            transaction = len(kept)
        elif data.startswith(_EXEC, at):
            transaction = None
        kept += data[at:end]
        at = end
    return bytes(kept)


def mend(folder: Path) -> bool:
    """Mends the files of an append-only folder, each in one step; whether there was anything to mend. Raises `Damaged`, `OSError`."""
    changed = False
    for path in sorted(folder.glob("*.incr.aof")):
        if path.stat().st_size > MEND_MAX_BYTES:
            raise Damaged
        data = path.read_bytes()
        whole = mended(data)
        if whole == data:
            continue
        new = path.with_suffix(".mended")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(whole)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)  # the disk is full still
            raise
        changed = True
    return changed


def _after_hole(data: bytes, at: int) -> int | None:
    """Where it goes on after the record that begins here, when that ends in a hole; `None` when it does not."""
    hole = _HOLE.search(data, at)
    try:
        return hole.end() if hole and _end_of(data[: hole.start()], at) is None else None
    except Damaged:
        return None


def _end_of(data: bytes, at: int) -> int | None:
    """Where the record or the annotation that begins here ends; `None` when the file ends before it. Raises `Damaged`."""
    if data[at : at + 1] == b"#":
        return data.find(b"\n", at) + 1 or None
    head = _number(data, at, b"*")
    if head is None:
        return None
    count, at = head
    for _ in range(count):
        head = _number(data, at, b"$")
        if head is None:
            return None
        size, at = head
        at += size + len(_LINE_END)
        if at > len(data):
            return None
        if data[at - len(_LINE_END) : at] != _LINE_END:
            raise Damaged
    return at


def _number(data: bytes, at: int, mark: bytes) -> tuple[int, int] | None:
    """The number of a line with this mark, and where the next line begins; `None` when no line ends any more. Raises `Damaged`."""
    end = data.find(_LINE_END, at)
    if end < 0:
        return None
    if data[at : at + 1] != mark or not data[at + 1 : end].isdigit():
        raise Damaged
    return int(data[at + 1 : end]), end + len(_LINE_END)
