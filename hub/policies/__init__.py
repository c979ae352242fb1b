"""Which policy somebody has now, which they had at any time, and which one a number means. Kept in memory: asked with every event.

Read from the database by `load` at the start of each process, and by `refresh` ever since; written by `changes.py` alone. As long as
nothing was ever set everybody has version 1, the default. Afterwards everybody has a row, and whoever has none yet is new: of them
nothing is collected but their state until `changes.reconcile` has been there.
"""

import itertools
from collections.abc import Collection
from datetime import datetime

import msgspec

from hub.tables import PersonPolicy, PolicyVersion
from hub.wire.activity import quarters
from hub.wire.policy import DEFAULT, NOTHING, Policy, collects, stricter


class Row(msgspec.Struct, frozen=True):
    """A row of `person_policy`."""

    id: int
    wanted: int
    held: int
    since_at: datetime
    change: int | None
    acknowledged_at: datetime | None


class Standing:
    """What somebody's policy was and is. `holdings`: since when which one held, oldest first; before all of them, `first`."""

    __slots__ = ("first", "holdings")

    def __init__(self, rows: Collection[Row], known: dict[int, Policy]) -> None:
        self.holdings: list[tuple[datetime, Policy]] = []
        for row in rows:
            self.holdings.append((row.since_at, known[row.held]))
            if row.acknowledged_at is not None and row.wanted != row.held:
                self.holdings.append((row.acknowledged_at, known[row.wanted]))
        first = next(iter(rows))
        self.first = known[first.held] if first.change is None else known[DEFAULT.version]

    @property
    def now(self) -> Policy:
        return self.holdings[-1][1]

    def over(self, started_at: datetime, ended_at: datetime) -> Policy:
        """The strictest of those that held at any time in `[started_at, ended_at]`: under the number of the last of them."""
        last, since = len(self.holdings) - 1, self.holdings
        while last >= 0 and since[last][0] > ended_at:
            last -= 1
        policy = since[last][1] if last >= 0 else self.first
        while last >= 0 and since[last][0] > started_at:
            last -= 1
            policy = stricter(policy, since[last][1] if last >= 0 else self.first)
        return policy

    def collecting(self, since_at: datetime, until_at: datetime) -> datetime:
        """When hours of theirs first hold in `[since_at, until_at)`, by what is in force each time; `until_at` where they never do."""
        changes = (at for at, _ in self.holdings if since_at < at < until_at)
        for start, end in itertools.pairwise([since_at, *changes, until_at]):
            policy = self.over(start, start)
            for quarter, _ in quarters(start, end):
                if collects(policy, quarter):
                    return quarter
        return until_at


_known: dict[int, Policy] = {DEFAULT.version: DEFAULT}
_rows: dict[int, dict[int, Row]] = {}
_standings: dict[int, Standing] = {}
_revision = 0


async def load() -> None:
    """Reads everything, and stores the default where there is none. Idempotent; what is in memory stays when it raises."""
    await PolicyVersion.insert(
        PolicyVersion(version=DEFAULT.version, policy=msgspec.json.encode(DEFAULT).decode())
    ).on_conflict(action="DO NOTHING")
    rows = await _read_rows(0)
    versions = await _read_versions()  # second, so that there is none that a row names and we don't know
    forget()
    _known.update(versions)
    _take(rows)


async def refresh() -> set[int]:
    """Reads what was written since it was last read, by whichever process; returns whose policy that is."""
    rows = await _read_rows(_revision)
    if not all(row.wanted in _known and row.held in _known for _, _, row in rows):
        _known.update(await _read_versions())
    return _take(rows)


def forget() -> None:
    """As it is before anything was read."""
    global _revision
    _known.clear()
    _known[DEFAULT.version] = DEFAULT
    _rows.clear()
    _standings.clear()
    _revision = 0


def of(person: int) -> Policy:
    """What may be collected of somebody now."""
    standing = _standings.get(person)
    if standing is not None:
        return standing.now
    return NOTHING if _standings else _known[DEFAULT.version]


def standing(person: int) -> Standing | None:
    """What somebody's policy was and is; another object once it has changed, and none as long as they were never given one."""
    return _standings.get(person)


def over(person: int, started_at: datetime, ended_at: datetime) -> Policy:
    """What might be collected of somebody in a stretch of time: the strictest of what held in it."""
    standing = _standings.get(person)
    return of(person) if standing is None else standing.over(started_at, ended_at)


def by_version(version: int) -> Policy:
    """The policy with this number. One that is not known permits nothing: an event captured under it keeps its state alone."""
    return _known.get(version, NOTHING)


async def _read_versions() -> dict[int, Policy]:
    rows = await PolicyVersion.select(PolicyVersion.version, PolicyVersion.policy)
    return {row["version"]: msgspec.json.decode(row["policy"], type=Policy) for row in rows}


async def _read_rows(after: int) -> list[tuple[int, int, Row]]:
    """Revision, person and row."""
    rows = await PersonPolicy.raw(
        "SELECT id, wanted, held, since_at, change, acknowledged_at, person, revision FROM person_policy "
        "WHERE revision > {} ORDER BY id",
        after,
    )
    return [
        (
            row["revision"],
            row["person"],
            Row(row["id"], row["wanted"], row["held"], row["since_at"], row["change"], row["acknowledged_at"]),
        )
        for row in rows
    ]


def _take(rows: list[tuple[int, int, Row]]) -> set[int]:
    global _revision
    for revision, person, row in rows:
        _revision = max(_revision, revision)
        _rows.setdefault(person, {})[row.id] = row
    changed = {person for _, person, _ in rows}
    for person in changed:
        of_person = _rows[person]
        _standings[person] = Standing([of_person[number] for number in sorted(of_person)], _known)
    return changed
