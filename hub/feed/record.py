"""The latest of one device, as hub processes tell each other. Pure."""

import msgspec

from hub.wire.activity import Facts, UtcTime
from hub.wire.today import Today


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest of one device. Numbers of one device are ordered by `(session, n)` across all hub processes."""

    device: int
    person: int
    team: int
    membership: int = 0
    """The stay in the team, as numbered in `membership`: of two stays of a person the later has the higher number."""
    session: int
    n: int
    hub: str
    """The process that holds the connection."""
    connected: bool
    at: UtcTime
    facts: Facts = Facts()
    since_at: UtcTime | None = None
    idle_limit_s: int = 300
    today: Today | None = None
    """What is stored of the person's workday, as the process that holds the connection read it last."""

    @property
    def order(self) -> tuple[int, int, int]:
        """Of two records of a device in a team the greater is the newer: a later stay counts before anything else."""
        return self.membership, self.session, self.n


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One change of a team: what one call to the feed made of it. Written by the script in `scripts.py`."""

    team: int
    epoch: str
    rev: int
    """One more than that of the change before, within the epoch."""
    records: list[Record] = []
    left: list[int] = []
    """Devices whose record is gone."""


class TeamRecords(msgspec.Struct, frozen=True):
    """All records of a team, up to and with change `rev`."""

    epoch: str
    rev: int
    records: list[Record]
