"""The side record of a spool: where its numbers stand, in a file whose space is taken when it is made.

It is what is left to say when the spool itself can't be written (disk full) or read (corrupted). Two slots of one block are written in
turn, each with its count and a checksum, so that a write that is cut short leaves the older one. Writing into blocks that
the file already has needs no space on tmpfs, ext4, xfs, NTFS and APFS without snapshots.
"""

import os
import struct
import zlib
from datetime import datetime
from pathlib import Path

import msgspec

SLOT_BYTES = 4096
"""A block: a torn write spoils one slot, never both."""
_HEAD = struct.Struct(">IQI")  # checksum of the rest, count, length of the body


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a spool's numbers stand."""

    epoch: int = 0
    next_seq: int = 1
    acked: int = 0
    acked_digest: bytes = b""
    until: datetime | None = None
    """When event `next_seq - 1` ended."""
    reason: str = ""
    """Why what the spool lacks below `next_seq` is lost."""


class Record:
    """The file. Raises `OSError` when it can't be made, or not be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._written: Standing | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        if size < 2 * SLOT_BYTES:
            try:
                # Not posix_fallocate: writing also takes the space where files may have holes.
                os.pwrite(self._file, bytes(2 * SLOT_BYTES - size), size)
                os.fsync(self._file)
            except OSError:
                os.close(self._file)
                raise

    def read(self) -> Standing | None:
        """The newest standing that was written whole; None when there is none."""
        best: tuple[int, Standing] | None = None
        for slot in (0, 1):
            block = os.pread(self._file, SLOT_BYTES, slot * SLOT_BYTES)
            found = _parse(block)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        if best is None:
            return None
        self._count, self._written = best
        return best[1]

    def write(self, standing: Standing) -> None:
        """Durable when it returns."""
        if standing == self._written:
            return
        body = msgspec.msgpack.encode(standing)
        count = self._count + 1
        rest = _HEAD.pack(0, count, len(body))[4:] + body
        block = struct.pack(">I", zlib.crc32(rest)) + rest
        os.pwrite(self._file, block, count % 2 * SLOT_BYTES)
        os.fsync(self._file)
        self._count, self._written = count, standing

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _parse(block: bytes) -> tuple[int, Standing] | None:
    if len(block) < _HEAD.size:
        return None
    checksum, count, length = _HEAD.unpack_from(block)
    rest = block[4 : _HEAD.size + length]
    if count == 0 or _HEAD.size + length > len(block) or zlib.crc32(rest) != checksum:
        return None
    try:
        return count, msgspec.msgpack.decode(block[_HEAD.size : _HEAD.size + length], type=Standing)
    except msgspec.MsgspecError:
        return None
