"""The ledger of looks: who opened the data of the person who asks, and whose wall they were on. Everybody reads their own.

Looks are rows of the audit, written before anything is shown (`audit.record_person_look`, `audit.record_looks`). A look at a wall concerns
whoever was at home in that team then, or came into it within the same hour of the clock: the row stands for that, and a wall that stays
open is a look in every hour.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.database import connection
from hub.named import Named, named
from hub.subject_keys import Opener, opener
from hub.tables import Audit

LIMIT_MAX = 200
ID_MAX = 2**63 - 1


class Look(msgspec.Struct, frozen=True):
    """Once that somebody looked. `team`: whose wall it was. `client`: it was a program, by its own token, and `by` is that.
    `reason`: what was given; empty where none was."""

    id: int
    at: datetime
    kind: Literal["person", "wall"]
    by: Named
    team: Named | None
    client: bool
    reason: str


class Looks(msgspec.Struct, frozen=True):
    """Newest first. With `more`, ask again for what is before the last one."""

    looks: list[Look]
    more: bool


async def looks_at(person: int, before: int | None, limit: int) -> Looks:
    """Looks of others at `person`, those before the one with the number `before`."""
    rows = await Audit.raw(_LOOKS, person, before, limit + 1, before is None)
    opened = await _opener(person) if any(row["sealed"] for row in rows) else None
    looks = [
        Look(
            id=row["id"],
            at=row["at"],
            kind="wall" if row["team"] is not None else "person",
            by=Named(row["actor"], row["actor_name"]),
            client=row["client"],
            team=named(row, "team"),
            reason=opened(person, row["detail"]).get("reason", "") if opened and row["sealed"] else "",
        )
        for row in rows[:limit]
    ]
    return Looks(looks, len(rows) > limit)


async def _opener(person: int) -> Opener:
    async with connection() as held:
        return await opener(held, [person])


@get("/api/me/looks", summary="Who looked at one's own data")
async def read_looks(
    viewer: NamedDependency[Viewer],
    before: Annotated[int | None, QueryParameter(ge=1, le=ID_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
) -> Looks:
    await require(viewer, "see_looks", Subject(person=viewer.person))
    return await looks_at(viewer.person, before, limit)


ROUTES = [read_looks]

# Each half walks its index backwards and stops at the limit; a stay in a team bounds the times at which its wall concerned the person.
# Of two stays within one hour the same row is found twice.
_LOOKS = """
    WITH asked AS (SELECT {}::int AS person, {}::bigint AS before, {}::int AS count, {}::bool AS newest),
    cut AS (SELECT asked.*, audit.at FROM asked LEFT JOIN audit ON audit.id = before)
    SELECT look.id, look.at, coalesce(look.actor, look.client) AS actor, coalesce(actor.name, api_client.name) AS actor_name,
        look.client IS NOT NULL AS client, look.team, team.name AS team_name, look.detail::text AS detail, look.detail ? 'sealed' AS sealed
    FROM cut CROSS JOIN LATERAL (
        (
            SELECT id, at, actor, client, NULL::int AS team, detail FROM audit
            WHERE action = 'look_person' AND subject = cut.person AND actor IS DISTINCT FROM cut.person
                AND (newest OR (audit.at, audit.id) < (cut.at, before))
            ORDER BY at DESC, id DESC LIMIT count
        ) UNION (
            SELECT found.* FROM membership stay CROSS JOIN LATERAL (
                SELECT id, at, actor, client, audit.team, NULL::jsonb AS detail FROM audit
                WHERE action = 'look_wall' AND audit.team = stay.team AND actor <> cut.person
                    AND audit.at >= date_trunc('hour', since_at, 'UTC') AND audit.at < coalesce(until_at, 'infinity')
                    AND (newest OR (audit.at, audit.id) < (cut.at, before))
                ORDER BY at DESC, id DESC LIMIT count
            ) AS found
            WHERE stay.person = cut.person
        )
    ) AS look
    LEFT JOIN person actor ON actor.id = look.actor LEFT JOIN api_client ON api_client.id = look.client
    LEFT JOIN team ON team.id = look.team
    ORDER BY look.at DESC, look.id DESC LIMIT (SELECT count FROM asked)
"""
