"""Lists of people, and one person, as admins see them: nothing in them tells of anybody's activity. Reads only."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from hub import cursors, people
from hub.auth import factors, sessions
from hub.database import connection
from hub.errors import NotFound
from hub.people import RoleName, Way
from hub.people.typed import WorkingHours, hours_of
from hub.people.zones import zones_of
from hub.workdays import Zones

PER_PAGE = 50
PER_PAGE_MAX = 200
NO_TEAM = 0
"""As a filter: who is at home nowhere."""
NOBODY = "There is no such person."

State = Literal["active", "new", "deactivated", "all"]
"""`new`: of the active ones, those who may sign in and have no way to yet."""
RoleFilter = Literal["any", "none", "manager", "admin", "auditor", "representative"]


class TeamRef(msgspec.Struct, frozen=True):
    """A team by its number and name."""

    id: int
    name: str


class RoleRow(msgspec.Struct, frozen=True):
    """A role, and of a manager the team."""

    role: RoleName
    team: TeamRef | None


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a list."""

    id: int
    name: str
    email: str
    zone: str
    locale: people.Locale | None
    working_hours: WorkingHours | None
    team: TeamRef | None
    """Where they are at home; of somebody deactivated, where they were."""
    roles: list[RoleRow]
    ways: list[Way]
    """How they sign in; none: not yet."""
    simulated: bool
    deactivated_at: datetime | None
    version: int
    """Of name, address, zone, language and working hours: a change of them names it."""


class StayRow(msgspec.Struct, frozen=True):
    """A stay in a team; no `until_at`: they are at home there now."""

    team: TeamRef
    since_at: datetime
    until_at: datetime | None


class ZoneRow(msgspec.Struct, frozen=True):
    """A zone that their workdays are in from `since_at` on (none: ever since), which may be to come, up to `until_at`."""

    zone: str
    since_at: datetime | None
    until_at: datetime | None


class PersonProfile(PersonRow, frozen=True, kw_only=True):
    """Somebody by themselves, with the histories of their teams and zones, newest first."""

    created_at: datetime
    zones: list[ZoneRow]
    second_factor: bool
    """Whether they have one: an authenticator or a passkey."""
    sessions: int
    """In how many browsers they are signed in."""
    stays: list[StayRow]


class OwnProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has said of themselves, or an admin for them; their zones newest first."""

    name: str
    email: str
    zone: str
    locale: people.Locale | None
    working_hours: WorkingHours | None
    zones: list[ZoneRow]
    version: int


class Filter(msgspec.Struct, frozen=True):
    """Which people. `team` stands for all below it too, and `NO_TEAM` for none."""

    find: str = ""
    team: int | None = None
    role: RoleFilter = "any"
    state: State = "active"


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people, by name."""

    people: list[PersonRow]
    after: str | None
    """Asks for the next page; none: this is the last one."""
    active: int
    """All of them that match, in numbers, whatever `state` was asked for: these, of them the new ones, and the deactivated."""
    new: int
    deactivated: int


async def page(asked: Filter, after: str | None = None, limit: int = PER_PAGE) -> PeoplePage:
    """The people that match, by name without accents and case, beyond `after` if it is given. Raises `Invalid` for one that isn't ours."""
    folded, last = cursors.place(after, "after")
    words = asked.find.replace("\x00", " ")
    about = (words, asked.team, asked.role)
    async with connection() as held:
        rows = await held.fetch(_PAGE, *about, asked.state, folded, last, limit + 1)
        counted = await held.fetchrow(_COUNTS, *about)
        roles = await _roles(held, [row["id"] for row in rows[:limit]])
    more = len(rows) > limit
    return PeoplePage(
        people=[PersonRow(**_person(row, roles)) for row in rows[:limit]],
        after=cursors.cursor(rows[limit - 1]["folded"], rows[limit - 1]["id"]) if more else None,
        active=counted["active"],
        new=counted["new"],
        deactivated=counted["deactivated"],
    )


async def profile(person: int) -> PersonProfile:
    """One person. Raises `NotFound`."""
    async with connection() as held:
        row = await held.fetchrow(_PROFILE, person)
        if row is None:
            raise NotFound(NOBODY)
        roles = await _roles(held, [person])
        stays = await held.fetch(_STAYS, person)
        zones = (await zones_of(held, [person]))[person]
    return PersonProfile(
        **_person(row, roles),
        created_at=row["created_at"],
        zones=_zones(zones),
        second_factor=bool(await factors.kinds_of(person)),
        sessions=await sessions.count_of(person),
        stays=[StayRow(TeamRef(stay["id"], stay["name"]), stay["since_at"], stay["until_at"]) for stay in stays],
    )


async def own(person: int) -> OwnProfile:
    """Somebody as they see themselves. Raises `NotFound`."""
    told = await profile(person)
    return OwnProfile(**{field: getattr(told, field) for field in OwnProfile.__struct_fields__})


def _zones(zones: Zones) -> list[ZoneRow]:
    ends = [former.until_at for former in zones.former]
    named = [*(former.zone for former in zones.former), zones.current]
    rows = map(ZoneRow, (zone.key for zone in named), [None, *ends], [*ends, None])
    return list(rows)[::-1]


def _person(row: Any, roles: dict[int, list[RoleRow]]) -> dict[str, Any]:
    return {
        **{field: row[field] for field in _FIELDS},
        "team": None if row["team"] is None else TeamRef(row["team"], row["team_name"]),
        "working_hours": hours_of(row["working_hours"]),
        "roles": roles.get(row["id"], []),
    }


async def _roles(held: Any, persons: list[int]) -> dict[int, list[RoleRow]]:
    found: dict[int, list[RoleRow]] = {}
    for row in await held.fetch(_ROLES, persons):
        team = None if row["team"] is None else TeamRef(row["team"], row["team_name"])
        found.setdefault(row["person"], []).append(RoleRow(row["role"], team))
    return found


_FIELDS = ("id", "name", "email", "zone", "locale", "ways", "simulated", "deactivated_at", "version")
# The team of somebody deactivated is the one that they were taken out of.
_ROWS = " ".join(
    (
        """
    SELECT person.id, person.name, folded, email, zone, locale, ways, simulated, created_at, working_hours, deactivated_at,
        deactivated_at IS NULL AND NOT simulated AND ways = ARRAY[]::text[] AS new, person.version, team.id AS team, team.name AS team_name
    FROM (SELECT * FROM person WHERE erased_at IS NULL) AS person CROSS JOIN LATERAL (SELECT""",
        people.WAYS,
        """AS ways) AS known LEFT JOIN LATERAL (
        SELECT membership.team, until_at FROM membership WHERE membership.person = person.id ORDER BY id DESC LIMIT 1
    ) stay ON until_at IS NULL OR until_at >= deactivated_at
    LEFT JOIN team ON team.id = stay.team
    """,
    )
)
_MATCHING = " ".join(
    (
        people.ASKED.replace("{}", "$1"),
        ", under(id) AS (SELECT $2::int UNION SELECT team.id FROM team JOIN under ON team.parent = under.id), found AS (",
        _ROWS,
        """
            CROSS JOIN asked
            WHERE (folded LIKE ALL (within) OR email LIKE ALL (within))
            AND CASE WHEN $2 IS NULL THEN true WHEN $2 = 0 THEN stay.team IS NULL ELSE stay.team IN (SELECT id FROM under) END
            AND CASE $3::text WHEN 'any' THEN true
                WHEN 'none' THEN NOT EXISTS (SELECT FROM role WHERE role.person = person.id)
                ELSE EXISTS (SELECT FROM role WHERE role.person = person.id AND role.role = $3) END
        )
        """,
    )
)
_PAGE = " ".join(
    (
        _MATCHING,
        """
        SELECT * FROM found
        WHERE CASE $4::text WHEN 'active' THEN deactivated_at IS NULL WHEN 'new' THEN new
            WHEN 'deactivated' THEN deactivated_at IS NOT NULL ELSE true END
            AND (folded, id) > ($5, $6::int)
        ORDER BY folded, id LIMIT $7
        """,
    )
)
_COUNTS = " ".join(
    (
        _MATCHING,
        "SELECT count(*) FILTER (WHERE deactivated_at IS NULL) AS active,",
        "count(*) FILTER (WHERE new) AS new,",
        "count(*) FILTER (WHERE deactivated_at IS NOT NULL) AS deactivated FROM found",
    )
)
_PROFILE = " ".join((_ROWS, "WHERE person.id = $1"))
_ROLES = """
    SELECT person, role, role.team, team.name AS team_name FROM role LEFT JOIN team ON team.id = role.team
    WHERE person = ANY($1::int[]) ORDER BY role.id
"""
_STAYS = """
    SELECT team.id, team.name, since_at, until_at FROM membership JOIN team ON team.id = membership.team
    WHERE person = $1 ORDER BY membership.id DESC
"""
