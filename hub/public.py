"""The API for programs, version 1: teams, people and what they do now, for whoever holds a bearer token with the scope, or is signed in.

Each route says which `scope` a token needs for it; no other route takes tokens. What is shown are the teams of the viewer and those at home
in them now: of a manager, of a manager's token, or those that an API client was given.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from hub import cursors, panel, policies
from hub.auth.access import PERSON_MAX, Stay, Subject, Viewer, load_subject, may
from hub.auth.guard import require
from hub.errors import NotFound
from hub.tables import Person

LIMIT_MAX = 500
FIND_MAX_CHARACTERS = 100

Cursor = Annotated[
    str | None,
    QueryParameter(max_length=cursors.MAX_CHARACTERS, description="`next` of the page before; none for the first."),
]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="The most on a page.")]
Find = Annotated[str, QueryParameter(max_length=FIND_MAX_CHARACTERS, description="A part of the name.")]


class Team(msgspec.Struct, frozen=True):
    """A team; `parent` is the one above it, if there is one."""

    id: int
    name: str
    parent: int | None


class TeamPage(msgspec.Struct, frozen=True):
    """Teams by name. `next`: the cursor of the page after this one, if there is one."""

    teams: list[Team]
    next: str | None


class TeamMember(msgspec.Struct, frozen=True):
    """Somebody, and the team where they are at home now."""

    id: int
    name: str
    team: int


class PeoplePage(msgspec.Struct, frozen=True):
    """People by name. `next`: the cursor of the page after this one, if there is one."""

    people: list[TeamMember]
    next: str | None


@get("/api/v1/teams", summary="Teams, by name", scope="teams:read", tags=["For programs"])
async def read_teams(
    viewer: NamedDependency[Viewer], find: Find = "", cursor: Cursor = None, limit: Limit = 100
) -> TeamPage:
    rows = await Person.raw(
        _TEAMS, *cursors.place(cursor, "cursor"), find.replace("\x00", " "), sorted(viewer.managed), limit + 1
    )
    teams = [
        Team(row["id"], row["name"], row["parent"])
        for row in rows[:limit]
        if may(viewer, "see_team", Subject(team=row["id"]))
    ]
    return TeamPage(teams, _next(rows, limit))


@get("/api/v1/people", summary="People, by name", scope="people:read", tags=["For programs"])
async def read_people(
    viewer: NamedDependency[Viewer],
    find: Find = "",
    team: Annotated[int | None, QueryParameter(ge=1, le=PERSON_MAX, description="At home there.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PeoplePage:
    if team is not None and team not in viewer.managed:
        await require(viewer, "see_team", Subject(team=team))
    teams = sorted(viewer.managed) if team is None else [team]
    rows = await Person.raw(_PEOPLE, *cursors.place(cursor, "cursor"), find.replace("\x00", " "), teams, limit + 1)
    people = [
        TeamMember(row["id"], row["name"], row["team"])
        for row in rows[:limit]
        if may(viewer, "see_person", Subject(person=row["id"], stays=(Stay(row["team"], row["since_at"]),)))
    ]
    return PeoplePage(people, _next(rows, limit))


@get(
    "/api/v1/people/{person:int}/now",
    summary="One person now; a look that is written down",
    scope="activity:read",
    tags=["For programs"],
)
async def read_person_now(
    viewer: NamedDependency[Viewer],
    person: FromPath[int],
    sitting: Annotated[UUID | None, QueryParameter()] = None,
    reason: panel.Why = "",
) -> panel.Panel:
    subject = await load_subject(person)
    if subject is None:
        raise NotFound(panel.NOBODY)
    return await panel.look(viewer, subject, sitting, policies.of(person), datetime.now(UTC), reason)


ROUTES = [read_teams, read_people, read_person_now]


def _next(rows: list[dict[str, Any]], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return cursors.cursor(last["folded"], last["id"])


_TEAMS = """
    WITH asked AS (SELECT {}::text AS name, {}::int AS id, folded({}::text) AS find)
    SELECT team.id, team.name, parent, folded(team.name) AS folded FROM asked, team
    WHERE team.id = ANY({}::int[]) AND removed_at IS NULL AND strpos(folded(team.name), find) > 0
        AND (folded(team.name) COLLATE "C", team.id) > (asked.name COLLATE "C", asked.id)
    ORDER BY folded(team.name) COLLATE "C", team.id LIMIT {}
"""
_PEOPLE = """
    WITH asked AS (SELECT {}::text AS name, {}::int AS id, folded({}::text) AS find)
    SELECT person.id, person.name, membership.team, membership.since_at, folded
    FROM asked, person JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    WHERE membership.team = ANY({}::int[]) AND deactivated_at IS NULL AND strpos(folded, find) > 0
        AND (folded COLLATE "C", person.id) > (asked.name COLLATE "C", asked.id)
    ORDER BY folded COLLATE "C", person.id LIMIT {}
"""
