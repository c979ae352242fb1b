"""The frames of the viewer socket `/live` (JSON), both ways. TypeScript types are generated from these structs.

A viewer subscribes, gets a snapshot of each team, then deltas. *Snapshot + deltas = a fresh snapshot.* `rev` orders them within a
team; an `epoch` other than the snapshot's means that the count began anew, and a new snapshot follows.
"""

from typing import Annotated, Literal

import msgspec

from hub.wire.activity import Facts, UtcTime
from hub.wire.today import Today

Link = Literal["live", "unknown", "offline"]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Every message has its type in `t`."""


class Tile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person, as the wall draws them: the facts of all their devices united. The state is decided where it is drawn."""

    person: int
    name: str
    link: Link = "offline"
    """`live`: a device is connected. `unknown`: its hub is not heard. `offline`: no device is connected."""
    facts: Facts | None = None
    at: UtcTime | None = None
    """When the device last said something: the age of the data counts from here."""
    since_at: UtcTime | None = None
    """Since when the state has held, as the device saw it at `at`."""
    idle_limit_s: int = 300
    today: Today | None = None
    """The workday so far; `active_today_s` (`today.py`) adds what is not stored yet."""
    simulated: bool = False
    restricted: bool = False
    """Nothing of what they do is shown, to anybody: they asked for it (GDPR, article 18)."""


class TeamName(msgspec.Struct, frozen=True, kw_only=True):
    """A team that the viewer may see."""

    id: int
    name: str
    parent: int | None = None
    """The team above it, where the viewer sees that one too."""


# --- browser to hub


class Subscribe(_Frame, frozen=True, kw_only=True, tag="subscribe"):
    """Which teams to show; `None` for all that the viewer may see. Replaces an earlier subscription."""

    teams: Annotated[list[Id], msgspec.Meta(max_length=10_000)] | None = None
    viewport: Annotated[list[Id], msgspec.Meta(max_length=1_000)] = []
    """People who are on the screen now: they come in the first part of their team's snapshot."""


class ViewerAck(_Frame, frozen=True, kw_only=True, tag="ack"):
    """The newest frame of a team that was drawn; it acks all before it. The hub keeps at most twelve deltas of a team unacked."""

    team: Id
    rev: Id
    part: Id = 0
    """Of a snapshot; 0 for a delta."""


FromViewer = Subscribe | ViewerAck


# --- hub to browser


class Teams(_Frame, frozen=True, kw_only=True, tag="teams"):
    """Answer to `subscribe`: the teams that follow. Empty when the viewer may see nobody."""

    teams: list[TeamName]
    now: UtcTime


class Snapshot(_Frame, frozen=True, kw_only=True, tag="snapshot"):
    """A team whole, in `parts` pieces of at most 64 KiB, in any order of people. Replaces all that is held of the team once the last
    piece is in; a delta of what changed meanwhile follows."""

    team: int
    epoch: str
    rev: int
    now: UtcTime
    part: int
    parts: int
    tiles: list[Tile]


class Delta(_Frame, frozen=True, kw_only=True, tag="delta"):
    """What changed in a team since the last frame; `gone` have left it. Much at once comes as several, each with a later `rev`."""

    team: int
    epoch: str
    rev: int
    now: UtcTime
    tiles: list[Tile]
    gone: list[int] = []


class Stale(_Frame, frozen=True, kw_only=True, tag="stale"):
    """The hub cannot vouch for what is shown since `since_at`. When it can again it says what changed, then this with `since_at` absent."""

    since_at: UtcTime | None = None


class Beat(_Frame, frozen=True, kw_only=True, tag="beat"):
    """Nothing changed, and the link is well. Sent each second of silence."""

    now: UtcTime


ToViewer = Teams | Snapshot | Delta | Stale | Beat
