"""A team as frames: whole or only what is newer, in parts of at most 64 KiB, as the bytes that go over the wire.

Called by `team.py` and, part by part as a viewer acks, by `view.py`. Pure. Parts are made when they are sent and not before, so what
waits for a slow viewer is a list of people, never frames.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from hub.wire.viewer import Delta, Snapshot

if TYPE_CHECKING:
    from hub.live.team import TeamView

PART_MAX_BYTES = 60 * 1024
"""Of the tiles in one frame, which with its own fields stays under 64 KiB (the thousand people of `gone` are 8 KB, and come
with a delta that has fewer tiles)."""
GONE_BYTES = 8
"""What one number of `gone` takes in JSON, generously for a million people."""


class Part(msgspec.Struct, frozen=True):
    """One frame, and what a viewer acks once it has drawn it."""

    frame: bytes
    rev: int
    part: int = 0


class Telling:
    """What one viewer is being told of a team: all of it, or what is newer than `since`, as it stands when the telling begins.

    *Skip to newest* in the midst of a telling: each part shows people as they are when it is sent, so later parts are newer than
    `rev`, the revision at which the telling began. That is safe, since a delta of all that is newer than `rev` follows it, and says
    again what a part already showed, and who left meanwhile. No telling begins anew because the team changed: one that did would
    never end for a viewer who reads more slowly than the team changes, and the people who change most would never be shown.
    """

    __slots__ = ("_gone", "_next", "_parts", "_rev_of_part", "_team", "_whole", "rev")

    def __init__(self, team: "TeamView", people: Sequence[int], since: int | None) -> None:
        self._team = team
        self._whole = since is None
        self._gone = [] if since is None else team.gone_since(since)
        self.rev = team.rev
        self._parts = _cut(people, team.encoded, GONE_BYTES * len(self._gone))
        # Oldest changes first: a part of a delta brings the viewer to the revision of its last person.
        self._rev_of_part = [team.rev_of[part[-1]] for part in self._parts[:-1]] if not self._whole else []
        self._next = 0

    @property
    def done(self) -> bool:
        return self._next == len(self._parts)

    @property
    def parts(self) -> int:
        return len(self._parts)

    def next(self, now: datetime) -> Part:
        """The next part. Not to be called when `done`."""
        index, self._next = self._next, self._next + 1
        team, tiles = self._team, self._fitting(self._parts[index])
        if self._whole:
            snapshot = Snapshot(
                team=team.team, epoch=team.epoch, rev=self.rev, now=now, part=index, parts=self.parts, tiles=tiles
            )
            return Part(text_frame(_encoder.encode(snapshot)), self.rev, index)
        rev = self._rev_of_part[index] if index + 1 < self.parts else self.rev
        gone = self._gone if index == 0 else []
        delta = Delta(team=team.team, epoch=team.epoch, rev=rev, now=now, tiles=tiles, gone=gone)
        return Part(text_frame(_encoder.encode(delta)), rev)

    def _fitting(self, people: Iterable[int]) -> Any:
        """The tiles of a part, encoded before. Who has changed since may take more room than there is: the delta tells of them."""
        encoded, rev_of = self._team.encoded, self._team.rev_of
        here = [person for person in people if person in encoded]
        tiles = [msgspec.Raw(encoded[person]) for person in here if rev_of[person] <= self.rev]
        size = sum(len(tile) + 1 for tile in tiles)
        newer = [msgspec.Raw(encoded[person]) for person in here if rev_of[person] > self.rev]
        return tiles + [tile for tile in newer if (size := size + len(tile) + 1) <= PART_MAX_BYTES]


def _cut(people: Iterable[int], encoded: dict[int, bytes], size: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for person in people:
        length = len(encoded[person]) + 1
        if parts[-1] and size + length > PART_MAX_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(person)
        size += length
    return parts


def text_frame(payload: bytes) -> bytes:
    """An unfragmented, unmasked websocket text frame (RFC 6455 5.2), ready to be written."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


_encoder = msgspec.json.Encoder()
