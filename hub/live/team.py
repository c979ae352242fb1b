"""One team as this process shows it: records of devices united into tiles, and a revision for every change.

Pure but for the clock it is given. Snapshot + deltas = a fresh snapshot: a delta holds every tile whose latest change is newer than a
revision, so a viewer that skipped frames is brought up to date by what is newest. All viewers of a team see the same of it, so there is
one class of them; who may see the team at all is asked when they subscribe.
"""

import heapq
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from itertools import takewhile

import msgspec

from hub.live.presence import turns_at, unite
from hub.live.records import Records
from hub.live.telling import Telling
from hub.wire.viewer import Link, Tile

DELTAS_KEPT = 16
GONE_KEPT = 1000
"""Departures that are remembered for viewers who are behind; one who is further behind gets a snapshot."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person whose home team this is."""

    person: int
    name: str
    membership: int = 0
    """Their stay: records of an earlier one are not drawn."""
    simulated: bool = False
    restricted: bool = False
    """Drawn without anything that their devices tell."""


class TeamView:
    """State of one watched team. Revisions only grow within its epoch."""

    def __init__(self, team: int) -> None:
        self.team = team
        self.epoch = secrets.token_hex(6)
        self.rev = 1
        self._touched: set[int] = set()
        self.records = Records(self._touched.add)
        self._members: dict[int, Member] = {}
        self._turns: list[tuple[datetime, int]] = []
        """When the clock alone may show another device of a person: a heap. Its entry comes early when they have been active since."""
        self._turn_of: dict[int, datetime] = {}
        """The earliest entry of each person. Only an earlier one is added, so that typing adds none."""
        self._tiles: dict[int, Tile] = {}
        self.encoded: dict[int, bytes] = {}
        """Each tile as it goes over the wire: encoded once a change, whatever the number of viewers and frames."""
        self.rev_of: dict[int, int] = {}
        """The revision of each person's latest change, oldest first. No two have the same, so that a delta can be cut anywhere."""
        self._by_name: list[int] = []
        self._gone: dict[int, int] = {}
        self._gone_forgotten = 0
        self._deltas: dict[tuple[int, datetime], bytes | None] = {}
        """Of this revision, by what they begin at."""

    def members(self, members: Iterable[Member]) -> None:
        """The people of the team as they are now: they decide what is drawn. A record that is ahead of them waits until they are known."""
        new = {member.person: member for member in members}
        for person in self._members.keys() | new.keys():
            if self._members.get(person) != new.get(person):
                self._touched.add(person)
        self._members = new

    def outdated(self, lowest: Mapping[int, int]) -> dict[int, int]:
        """Devices whose record is of an earlier stay than the lowest that is right for its person, with that."""
        return {
            device: lowest[person]
            for person, devices in self.records.by_person.items()
            for device, record in devices.items()
            if record.membership < lowest.get(person, 0)
        }

    def hubs(self) -> set[str]:
        """The processes that hold this team's connected devices."""
        everybody = self.records.by_person.values()
        return {record.hub for devices in everybody for record in devices.values() if record.connected}

    def touch_hub(self, hub: str) -> None:
        """Looks again at everybody whose device is held by this process: it has fallen silent, or is heard again."""
        for person, devices in self.records.by_person.items():
            if any(record.hub == hub for record in devices.values()):
                self._touched.add(person)

    def settle(self, now: datetime, link_of: Callable[[str], Link]) -> bool:
        """Draws what was touched, and whom time has changed. True when anything changed, and then there is a newer revision."""
        while self._turns and self._turns[0][0] < now:
            at, person = heapq.heappop(self._turns)
            if self._turn_of.get(person) == at:
                del self._turn_of[person]
                self._touched.add(person)
        if not self._touched:
            return False
        rev = self.rev
        for person in self._touched:
            member = self._members.get(person)
            if member is None:
                self._remove(person)
                continue
            devices = self.records.by_person.get(person, {}).values()
            records = [record for record in devices if record.membership >= member.membership and not member.restricted]
            tile = unite(person, member.name, member.simulated, records, now, link_of)
            if member.restricted:
                tile = msgspec.structs.replace(tile, restricted=True)
            if tile != self._tiles.get(person):
                self._draw(person, tile)
            turn_at = turns_at(records, now)
            if turn_at and turn_at < self._turn_of.get(person, _NEVER):
                self._turn_of[person] = turn_at
                heapq.heappush(self._turns, (turn_at, person))
        self._touched.clear()
        if self.rev == rev:
            return False
        self._deltas.clear()
        while len(self._gone) > GONE_KEPT:
            self._gone_forgotten = self._gone.pop(next(iter(self._gone)))
        return True

    def _draw(self, person: int, tile: Tile) -> None:
        known = self._tiles.get(person)
        if known is None or known.name != tile.name:
            self._by_name = []
        self.rev += 1
        self._tiles[person] = tile
        self.encoded[person] = _encoder.encode(tile)
        self.rev_of.pop(person, None)  # to the end, where the newest are
        self.rev_of[person] = self.rev
        self._gone.pop(person, None)

    def _remove(self, person: int) -> None:
        if self._tiles.pop(person, None) is not None:
            self.rev += 1
            self.encoded.pop(person)
            self.rev_of.pop(person)
            self._by_name = []
            self._gone[person] = self.rev

    def snapshot(self, first: Collection[int] = ()) -> Telling:
        """The team whole: the people of `first` before the others, who follow by name."""
        if not self._by_name:
            self._by_name = [
                tile.person for tile in sorted(self._tiles.values(), key=lambda tile: (tile.name, tile.person))
            ]
        if not first:
            return Telling(self, self._by_name, None)
        asked = [person for person in dict.fromkeys(first) if person in self._tiles]
        others = set(asked)
        return Telling(self, [*asked, *(person for person in self._by_name if person not in others)], None)

    def newer(self, since: int) -> Telling:
        """All that is newer than `since`, or the team whole when it is not known any more who has left since."""
        if since < self._gone_forgotten:
            return self.snapshot()
        return Telling(self, self._changed_since(since), since)

    def delta(self, since: int, now: datetime) -> bytes | None:
        """What `newer` says, when it is one frame: viewers at the same revision share it. None when it is more."""
        asked = since, now
        if asked not in self._deltas:
            if len(self._deltas) >= DELTAS_KEPT:
                self._deltas.clear()
            telling = self.newer(since)
            self._deltas[asked] = telling.next(now).frame if telling.parts == 1 else None
        return self._deltas[asked]

    def gone_since(self, since: int) -> list[int]:
        """Who has left since."""
        return [person for person, rev in self._gone.items() if rev > since]

    def _changed_since(self, since: int) -> list[int]:
        """People whose tiles are newer than a revision, oldest change first."""
        changed = list(takewhile(lambda person: self.rev_of[person] > since, reversed(self.rev_of)))
        changed.reverse()
        return changed


_NEVER = datetime.max.replace(tzinfo=UTC)
_encoder = msgspec.json.Encoder()
