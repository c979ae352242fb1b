"""Rows of `interval` as the binary form of COPY (PostgreSQL's manual, COPY, "Binary Format"). Pure.

asyncpg's own encoder takes twice as long: it asks a codec for each of 19 values, and moves each time into UTC anew. With the types in a
fixed order one `struct` lays out all that has a fixed size.
"""

import functools
import struct
from collections.abc import Iterable
from datetime import UTC, datetime

from hub.live.rows import Row

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts microseconds from here."""
# Each value after its size. How many there are; device, epoch, seq, piece, person; three times, zone_min, policy, flags.
_pack_start = struct.Struct("!h ii ii iq ih ii iq iq iq ih ii ih".replace(" ", "")).pack
_pack_time = struct.Struct("!iq").pack
_pack_counts = struct.Struct("!ii ii ii".replace(" ", "")).pack
_pack_size = struct.Struct("!i").pack


def packed(laid: Iterable[Row]) -> bytes:
    """What COPY ... (FORMAT binary) reads: these rows, their columns as `COLUMNS` has them.

    Raises `UnicodeError` or `struct.error` for what no row can hold.
    """
    parts = [_HEAD]
    for row in laid:
        (
            device, epoch, seq, piece, person, started_at, ended_at, wall_at, zone_min, policy, flags,
            app, site, title, first_input_at, last_input_at, keys, clicks, scrolls,
        ) = row  # fmt: skip
        start = _microseconds(started_at)
        wall = start if wall_at == started_at else _microseconds(wall_at)
        parts += (
            _pack_start(
                19, 4, device, 4, epoch, 8, seq, 2, piece, 4, person, 8, start, 8, _microseconds(ended_at), 8, wall,
                2, zone_min, 4, policy, 2, flags,
            ),
            _NULL if app is None else _name(app),
            _NULL if site is None else _name(site),
            _NULL if title is None else _text(title),
            _NULL if first_input_at is None else _pack_time(8, _microseconds(first_input_at)),
            _NULL if last_input_at is None else _pack_time(8, _microseconds(last_input_at)),
            _NO_COUNTS if keys == clicks == scrolls == 0 else _pack_counts(4, keys, 4, clicks, 4, scrolls),
        )  # fmt: skip
    parts.append(_TAIL)
    return b"".join(parts)


def _microseconds(at: datetime) -> int:
    since = at - _SINCE
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _text(text: str) -> bytes:
    data = text.encode()
    return _pack_size(len(data)) + data


_name = functools.lru_cache(4096)(_text)
"""Of apps and sites there are few."""
_NO_COUNTS = _pack_counts(4, 0, 4, 0, 4, 0)
