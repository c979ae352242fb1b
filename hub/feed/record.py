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
