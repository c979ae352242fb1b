"""The one function that decides access: `may(viewer, action, subject, over)`. Pure; whoever asks loads both sides first.

Every route, socket message, export and job asks it. An admin configures and sees nobody's activity. A manager sees only the time
in which a person was in their teams. Everybody sees themselves, and what somebody does who is restricted nobody else. An auditor
reads the audit. A representative of the people (a works council, say) sees policies and the audit, and nobody's activity. Who is
deactivated may nothing.
`docs/access.md` is generated from it (`access_table.py`).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from hub.tables import Person

RoleName = Literal["manager", "admin", "auditor", "representative"]
Action = Literal[
    "see_presence",
    "see_activity",
    "see_team",
    "see_person",
    "configure",
    "keep_people",
    "keep_teams",
    "enrol_own_device",
    "see_devices",
    "keep_device",
    "revoke_device",
    "give_link",
    "keep_rights",
    "erase_person",
    "see_policies",
    "keep_policies",
    "sign_ceiling",
    "acknowledge_policy",
    "see_papers",
    "declare_pause",
    "see_security",
    "read_audit",
    "see_looks",
    "keep_views",
    "keep_account",
    "end_sessions",
    "reset_factor",
]
ACTIONS: tuple[Action, ...] = get_args(Action)


SCOPED: dict[Action, str] = {
    "see_team": "teams:read",
    "see_person": "people:read",
    "see_presence": "activity:read",
    "see_activity": "activity:read",
}
"""The scope that a token needs for an action. What is not named here none may."""


class Range(msgspec.Struct, frozen=True):
    """A stretch of time, `[start_at, end_at)`. With both equal it is that instant."""

    start_at: datetime
    end_at: datetime


class Stay(msgspec.Struct, frozen=True):
    """The time somebody was in a team, `[since_at, until_at)`; no `until_at`: they still are."""

    team: int
    since_at: datetime
    until_at: datetime | None = None


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `managed` holds the teams they manage and all that lies under those.

    With `scopes` they ask by a token, and may no more than those say (`SCOPED`). An API client is nobody's person: its `person` is 0, which
    is nobody's number, and `managed` are the teams that it was given.
    """

    person: int
    client: int | None = None
    scopes: frozenset[str] | None = None
    access_version: int
    roles: frozenset[str] = frozenset()
    managed: frozenset[int] = frozenset()
    active: bool = True
    factor_wanted: bool = False
    """A role of theirs must have a second factor, and they have none: nothing is answered but setting one up."""
    fresh: bool = False
    """Whether they proved who they are within the last ten minutes, in the session that asks. `guard.require` asks for it, not `may`."""

    @property
    def actor(self) -> int | None:
        """The person who acts, for the audit."""
        return self.person if self.client is None else None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked about: a person with the history of their teams, or a team, or (neither) the organisation."""

    person: int | None = None
    stays: tuple[Stay, ...] = ()
    team: int | None = None
    restricted: bool = False
    """What they do is shown to nobody but them; that they are here is."""


ORGANISATION = Subject()
PERSON_MAX = 2**31 - 1
"""What the column holds: no larger number is anybody's."""


def may(viewer: Viewer, action: Action, subject: Subject, over: Range | None = None) -> bool:
    """Whether `viewer` may do `action` to `subject`, over the whole of `over` (now, when none is given).

    For a part of a range ask `permitted`.
    """
    if not viewer.active:
        return False
    if viewer.scopes is not None and SCOPED.get(action) not in viewer.scopes:
        return False
    own = subject.person is not None and subject.person == viewer.person
    match action:
        case "see_presence" | "see_activity" | "see_person":
            wanted = over or _now()
            return permitted(viewer, action, subject, wanted) == (wanted,)
        case "see_team":
            return subject.team is not None and subject.team in viewer.managed
        case "configure" | "keep_people" | "keep_teams" | "keep_policies":
            return "admin" in viewer.roles
        case "keep_rights":  # what somebody asks about themselves another admin answers
            return not own and "admin" in viewer.roles
        case "enrol_own_device" | "see_looks" | "keep_views" | "keep_account" | "acknowledge_policy" | "declare_pause":
            return own
        case "see_devices":
            return own or (subject.team is None and "admin" in viewer.roles)
        case "give_link" | "erase_person":
            return subject.person is not None and "admin" in viewer.roles
        case "keep_device" | "revoke_device" | "end_sessions":
            return own or (subject.person is not None and "admin" in viewer.roles)
        case "reset_factor":  # one's own is removed by who can still show it
            return subject.person is not None and not own and "admin" in viewer.roles
        case "see_policies":
            return bool(viewer.roles & {"admin", "representative"})
        case "sign_ceiling":
            return "representative" in viewer.roles
        case "see_security" | "see_papers":
            return bool(viewer.roles & {"admin", "auditor", "representative"})
        case "read_audit":
            return bool(viewer.roles & {"auditor", "representative"})


def permitted(viewer: Viewer, action: Action, subject: Subject, over: Range) -> tuple[Range, ...]:
    """The parts of `over` in which `viewer` may do `action` to `subject`, in order, joined where they touch."""
    if action not in {"see_presence", "see_activity", "see_person"}:
        return (over,) if may(viewer, action, subject, over) else ()
    if not viewer.active or subject.person is None:
        return ()
    if viewer.scopes is not None and SCOPED[action] not in viewer.scopes:
        return ()
    if subject.person == viewer.person:
        return (over,)
    if subject.restricted and action != "see_person":
        return ()
    stays = sorted((stay for stay in subject.stays if stay.team in viewer.managed), key=lambda stay: stay.since_at)
    if over.start_at == over.end_at:
        return (over,) if any(_covers(stay, over.start_at) for stay in stays) else ()
    return tuple(_joined(piece for stay in stays if (piece := _overlap(stay, over))))


async def load_viewer(person: int) -> Viewer | None:
    """The viewer with roles and teams as of now; `None` when there is no such person."""
    rows = await Person.raw(_VIEWER, person, person)
    if not rows:
        return None
    row = rows[0]
    return Viewer(
        person=person,
        access_version=row["access_version"],
        roles=frozenset(row["roles"]),
        managed=frozenset(row["managed"]),
        active=row["active"],
        factor_wanted=row["factor_wanted"],
    )


async def load_subject(person: int) -> Subject | None:
    """The person as a subject, with the whole history of their teams; `None` when there is no such person."""
    return (await load_subjects([person])).get(person)


async def load_subjects(people: Collection[int]) -> dict[int, Subject]:
    """Each of these people that exists, as `load_subject` gives them: one query."""
    wanted = [person for person in people if 0 < person <= PERSON_MAX]
    stays: dict[int, list[Stay]] = {}
    restricted = set()
    for row in await Person.raw(_STAYS, wanted) if wanted else []:
        if row["restricted"]:
            restricted.add(row["id"])
        mine = stays.setdefault(row["id"], [])
        if row["team"] is not None:
            mine.append(Stay(row["team"], row["since_at"], row["until_at"]))
    return {
        person: Subject(person=person, stays=tuple(mine), restricted=person in restricted)
        for person, mine in stays.items()
    }


# One row: roles, and the teams of manager roles with everything under them. UNION ends even on a cycle of teams. Everybody is an employee.
_VIEWER = """
    WITH RECURSIVE managed(id) AS (
        SELECT team FROM role WHERE person = {} AND role = 'manager' AND team IS NOT NULL
        UNION SELECT team.id FROM team JOIN managed ON team.parent = managed.id
    )
    SELECT person.access_version, person.deactivated_at IS NULL AS active,
        ARRAY(SELECT DISTINCT role.role FROM role WHERE role.person = person.id) AS roles,
        ARRAY(SELECT id FROM managed) AS managed,
        EXISTS (
            SELECT FROM organisation WHERE 'employee' = ANY(factor_roles)
                OR EXISTS (SELECT FROM role WHERE role.person = person.id AND role.role = ANY(factor_roles))
        ) AND NOT EXISTS (SELECT FROM totp_factor WHERE totp_factor.person = person.id AND confirmed_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM passkey WHERE passkey.person = person.id) AS factor_wanted
    FROM person WHERE person.id = {}
"""
# A row per stay, oldest first; one row of nulls for somebody who was never in a team.
_STAYS = """
    SELECT person.id, restricted_at IS NOT NULL AS restricted, membership.team, membership.since_at, membership.until_at
    FROM person LEFT JOIN membership ON membership.person = person.id
    WHERE person.id = ANY({}::int[]) ORDER BY membership.since_at
"""


def _now() -> Range:
    at = datetime.now(UTC)
    return Range(at, at)


def _covers(stay: Stay, at: datetime) -> bool:
    return stay.since_at <= at and (stay.until_at is None or at < stay.until_at)


def _overlap(stay: Stay, over: Range) -> Range | None:
    start = max(stay.since_at, over.start_at)
    end = over.end_at if stay.until_at is None else min(stay.until_at, over.end_at)
    return Range(start, end) if start < end else None


def _joined(pieces: Iterable[Range]) -> list[Range]:
    joined: list[Range] = []
    for piece in pieces:
        if joined and piece.start_at <= joined[-1].end_at:
            joined[-1] = Range(joined[-1].start_at, max(joined[-1].end_at, piece.end_at))
        else:
            joined.append(piece)
    return joined
