"""One watched team's records, exactly as the feed holds them: its changes applied in order, and a doubt noticed. Pure.

Changes may come late, twice, out of order or not at all. One that does not follow the last leaves us `behind`: then a snapshot is
read, and the changes that come while it is on its way are kept and applied to it by the same rule.
"""

from collections.abc import Callable

from hub.feed.record import Change, Record, TeamRecords

KEPT_MAX = 1000
"""Changes that are kept while a snapshot is on its way. When there are more, another is read."""


class Records:
    """By person and device. What is held is a state that the feed was in, as of `rev` in `epoch`, unless `behind`."""

    def __init__(self, touched: Callable[[int], None]) -> None:
        self.behind = True
        """A snapshot has to be read. Until then what was known stays."""
        self.by_person: dict[int, dict[int, Record]] = {}
        self._touched = touched
        """Told of each person whose records changed."""
        self._person_of: dict[int, int] = {}
        self._epoch = ""
        self._rev = 0
        self._kept: list[Change] | None = None
        self._missed = False

    @property
    def position(self) -> tuple[str, int]:
        """Epoch and rev of the last change that is in."""
        return self._epoch, self._rev

    def take(self, change: Change) -> None:
        """Applies a change, when it is the next one."""
        if self._kept is not None:
            if len(self._kept) < KEPT_MAX:
                self._kept.append(change)
            else:
                self._missed = True
        elif not self.behind:
            self._follow(change)

    def doubt(self) -> None:
        """Changes may have been missed up to now: only a snapshot that is asked for after this will do."""
        self.behind = self._missed = True

    def expect_snapshot(self) -> None:
        """To be called before a snapshot is asked for."""
        self._kept = []
        self._missed = False

    def replace(self, snapshot: TeamRecords) -> None:
        """Takes the snapshot that was asked for, and the changes that came meanwhile. Look whether it is still `behind`."""
        kept, self._kept = self._kept or [], None
        people = set(self.by_person)
        self.by_person, self._person_of = {}, {}
        self._epoch, self._rev = snapshot.epoch, snapshot.rev
        self.behind = self._missed
        for record in snapshot.records:
            self._put(record)
        for person in people - self.by_person.keys():
            self._touched(person)
        for change in sorted(kept, key=lambda change: change.rev):
            if not self.behind:
                self._follow(change)

    def _follow(self, change: Change) -> None:
        if change.epoch != self._epoch or change.rev > self._rev + 1:
            self.behind = True
        elif change.rev == self._rev + 1:
            self._rev = change.rev
            for device in change.left:
                self._forget(device)
            for record in change.records:
                self._put(record)

    def _put(self, record: Record) -> None:
        if self._person_of.get(record.device, record.person) != record.person:
            self._forget(record.device)
        self._person_of[record.device] = record.person
        self.by_person.setdefault(record.person, {})[record.device] = record
        self._touched(record.person)

    def _forget(self, device: int) -> None:
        if (person := self._person_of.pop(device, None)) is not None:
            self.by_person[person].pop(device, None)
            if not self.by_person[person]:
                del self.by_person[person]
            self._touched(person)
