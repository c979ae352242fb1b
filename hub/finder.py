"""The finder: whom and what somebody may open, by a part of a name. Names only: nothing of anybody's activity, so it is no look.

Searched is `person.folded`, where the database keeps names in lower case and without accents, among those who are at home in the viewer's
teams: a scan of their memberships, bounded by the people there are.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.auth.access import Stay, Subject, Viewer, may
from hub.people import ASKED
from hub.tables import Person

FOUND_MAX = 8
FIND_MAX_CHARACTERS = 100


class TeamRef(msgspec.Struct, frozen=True):
    id: int
    name: str


class PersonRef(msgspec.Struct, frozen=True):
    """Somebody, with the team that they are at home in."""

    id: int
    name: str
    team: TeamRef | None


class Found(msgspec.Struct, frozen=True):
    """The best matches, best first: the beginning of a word goes before what lies within one."""

    people: list[PersonRef]
    teams: list[TeamRef]


async def look_up(viewer: Viewer, text: str) -> Found:
    """Who is present in the viewer's teams now, and those teams. Every word of `text` has to be part of the name."""
    words = text.replace("\x00", " ")
    managed = list(viewer.managed)
    rows = await Person.raw(_PEOPLE, words, managed, viewer.person, FOUND_MAX)
    people = [
        PersonRef(row["id"], row["name"], None if row["team"] is None else TeamRef(row["team"], row["team_name"]))
        for row in rows
        if may(viewer, "see_presence", Subject(person=row["id"], stays=_stays(row["team"], row["since_at"])))
    ]
    teams = await Person.raw(_TEAMS, words, managed, FOUND_MAX)
    return Found(
        people, [TeamRef(row["id"], row["name"]) for row in teams if may(viewer, "see_team", Subject(team=row["id"]))]
    )


@get("/api/directory", summary="Find people and teams by a part of a name")
async def search(
    viewer: NamedDependency[Viewer], find: Annotated[str, QueryParameter(max_length=FIND_MAX_CHARACTERS)] = ""
) -> Found:
    return await look_up(viewer, find)


ROUTES = [search]


def _stays(team: int | None, since_at: datetime | None) -> tuple[Stay, ...]:
    return () if team is None or since_at is None else (Stay(team, since_at),)


_PEOPLE = "".join(
    (
        ASKED,
        """
        SELECT person.id, person.name, membership.team, membership.since_at, team.name AS team_name
        FROM asked, person
        LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
        LEFT JOIN team ON team.id = membership.team
        WHERE (membership.team = ANY({}::int[]) OR person.id = {}) AND person.deactivated_at IS NULL AND folded LIKE ALL (within)
        ORDER BY NOT ' ' || folded LIKE ALL (beginning), person.name, person.id LIMIT {}
        """,
    )
)
_TEAMS = "".join(
    (
        ASKED,
        """
        SELECT id, name FROM asked, team WHERE id = ANY({}::int[]) AND removed_at IS NULL AND folded(name) LIKE ALL (within)
        ORDER BY NOT ' ' || folded(name) LIKE ALL (beginning), name, id LIMIT {}
        """,
    )
)
