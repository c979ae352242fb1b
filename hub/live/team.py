"""One team as this process shows it: records of devices united into tiles, and a revision for every change.

Pure but for the clock it is given. Snapshot + deltas = a fresh snapshot: `changed_since` returns every tile whose latest change is
newer than a revision, so a viewer that skipped frames is brought up to date by one.
"""

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import structs

from hub.feed.record import Record
from hub.live.presence import unite
from hub.wire.viewer import Delta, Snapshot, Tile

PART_MAX_BYTES = 60 * 1024
"""Of the tiles in one part of a snapshot, which with its own fields stays under 64 KiB."""
GONE_KEPT = 1000
"""Departures that are remembered for viewers who are behind; one who is further behind gets a snapshot."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person whose home team this is."""

    person: int
    name: str
    simulated: bool = False


class TeamView:
    """State of one watched team. Revisions only grow within its epoch."""

    def __init__(self, team: int) -> None:
        self.team = team
        self.epoch = secrets.token_hex(6)
        self.rev = 1
        self._members: dict[int, Member] = {}
        self._records: dict[int, dict[int, Record]] = {}
        self._tiles: dict[int, Tile] = {}
        self._rev_of: dict[int, int] = {}
        self._gone: dict[int, int] = {}
        self._touched: set[int] = set()
        self._fresh: set[int] = set()
        self._delta = lru_cache(maxsize=64)(self._encoded_delta)

    def members(self, members: Iterable[Member]) -> None:
        """The people of the team as they are now. Who has left is forgotten."""
        new = {member.person: member for member in members}
        for person, member in new.items():
            if self._members.get(person) != member:
                self._touched.add(person)
        for person in self._members.keys() - new.keys():
            self._records.pop(person, None)
            self._touched.add(person)
        self._members = new

    def apply(self, record: Record) -> None:
        """Takes a device's record, unless a newer one is known."""
        devices = self._records.setdefault(record.person, {})
        known = devices.get(record.device)
        if known is None or (known.session, known.n) < (record.session, record.n):
            devices[record.device] = record
            self._fresh.add(record.device)
            self._touched.add(record.person)

    def expect_snapshot(self) -> None:
        """To be called before a snapshot of the feed is asked for: changes that arrive from here on may be newer than it."""
        self._fresh.clear()

    def replace(self, records: Iterable[Record]) -> None:
        """Takes a snapshot of the feed. What it doesn't hold is forgotten, unless it came while the snapshot was on its way."""
        held, self._records = self._records, {}
        for record in records:
            self._records.setdefault(record.person, {})[record.device] = record
        fresh = [record for devices in held.values() for record in devices.values() if record.device in self._fresh]
        for record in fresh:
            self.apply(record)
        self._touched |= held.keys() | self._records.keys()

    def hubs(self) -> set[str]:
        """The processes that hold this team's connected devices."""
        return {record.hub for devices in self._records.values() for record in devices.values() if record.connected}

    def touch_hub(self, hub: str) -> None:
        """Looks again at everybody whose device is held by this process: it has fallen silent, or is heard again."""
        for person, devices in self._records.items():
            if any(record.hub == hub for record in devices.values()):
                self._touched.add(person)

    def settle(self, now: datetime, heard: Callable[[str], datetime | None]) -> bool:
        """Draws what was touched. True when anything changed, and then there is a new revision."""
        if not self._touched:
            return False
        rev = self.rev + 1
        changed = False
        for person in self._touched:
            member = self._members.get(person)
            if member is None:
                if self._tiles.pop(person, None) is not None:
                    self._rev_of.pop(person, None)
                    self._gone[person] = rev
                    changed = True
                continue
            tile = unite(person, member.name, member.simulated, self._records.get(person, {}).values(), now, heard)
            if tile != self._tiles.get(person):
                self._tiles[person] = tile
                self._rev_of[person] = rev
                self._gone.pop(person, None)
                changed = True
        self._touched.clear()
        if changed:
            self.rev = rev
            self._delta.cache_clear()
            while len(self._gone) > GONE_KEPT:
                self._gone.pop(next(iter(self._gone)))
        return changed

    def snapshot(self, now: datetime) -> list[str]:
        """The team whole, as encoded frames."""
        tiles = sorted(self._tiles.values(), key=lambda tile: (tile.name, tile.person))
        parts: list[list[msgspec.Raw]] = [[]]
        size = 0
        for tile in tiles:
            encoded = msgspec.Raw(_encoder.encode(tile))
            if parts[-1] and size + len(encoded) > PART_MAX_BYTES:
                parts.append([])
                size = 0
            parts[-1].append(encoded)
            size += len(encoded)
        whole = Snapshot(team=self.team, epoch=self.epoch, rev=self.rev, now=now, part=0, parts=len(parts), tiles=[])
        # Raw tiles are what `Tile`s become on the wire, and are encoded once.
        return [_encoded(structs.replace(whole, part=index, tiles=part)) for index, part in enumerate(parts)]

    def delta(self, since: int, now: datetime) -> str:
        """All that is newer than `since`, as one encoded frame; viewers at the same revision share it."""
        return self._delta(since, now)

    def changed_since(self, since: int) -> tuple[list[Tile], list[int]]:
        """Tiles newer than a revision, and who has left since."""
        tiles = [self._tiles[person] for person, rev in self._rev_of.items() if rev > since]
        return tiles, [person for person, rev in self._gone.items() if rev > since]

    def _encoded_delta(self, since: int, now: datetime) -> str:
        tiles, gone = self.changed_since(since)
        return _encoded(Delta(team=self.team, epoch=self.epoch, rev=self.rev, now=now, tiles=tiles, gone=gone))


_encoder = msgspec.json.Encoder()


def _encoded(frame: msgspec.Struct) -> str:
    return _encoder.encode(frame).decode()
