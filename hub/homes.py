"""Who is at home in which team now: what the live view needs of people, and no more. Reads only."""

import msgspec

from hub.tables import Team


class Home(msgspec.Struct, frozen=True):
    """The team where somebody is at home, and which stay that is: a later one has the higher number."""

    team: int
    membership: int


class HomeMember(msgspec.Struct, frozen=True):
    """Somebody active, and the team that is their home now."""

    person: int
    name: str
    team: int
    simulated: bool
    membership: int
    restricted: bool = False
    """Nothing of what they do is shown."""


class Directory(msgspec.Struct, frozen=True):
    """Who is in which team now: what the live view needs, and no more."""

    teams: dict[int, str]
    """Names by id, in the order of their making."""
    members: tuple[HomeMember, ...]
    """By team, then by name."""
    lowest: dict[int, int]
    """The stay of each person that is theirs now, or would be their next one: what belongs to a lower one is of a team they have left."""
    above: dict[int, int] = {}
    """The team above each team that has one."""
    digest: int = 0
    """Of all that it was read from."""


async def directory(known: Directory | None = None) -> Directory:
    """Every team, everybody active who is in one now, and which stays are over. `known` itself when it says so still.

    With 10,000 people in three stays each, to find that nothing has changed costs 0.3 ms here and 10 ms in PostgreSQL; to read it
    costs 20 ms and 60 ms.
    """
    rows = await Team.raw(
        """
        SELECT coalesce((SELECT bit_xor(hash_record_extended(ROW(id, name, parent, removed_at), 0)) FROM team), 0) # coalesce((
            SELECT bit_xor(hash_record_extended(
                ROW(stay.id, stay.person, team, until_at, name, simulated, deactivated_at, restricted_at), 0
            ))
            FROM membership stay JOIN person ON person.id = stay.person
        ), 0) AS digest
        """
    )
    digest: int = rows[0]["digest"]
    if known is not None and known.digest == digest:
        return known
    # Read after its digest: what changes between is found the next time.
    rows = await Team.raw(
        """
        SELECT team.id AS team, team.name AS team_name, team.parent AS above, removed_at IS NOT NULL AS removed, stay.*
        FROM team LEFT JOIN (
            SELECT DISTINCT ON (membership.person)
                person.id, person.name, person.simulated, person.restricted_at IS NOT NULL AS restricted,
                membership.team AS home, membership.id AS membership,
                membership.until_at IS NULL AND person.deactivated_at IS NULL AS current
            FROM membership JOIN person ON person.id = membership.person
            ORDER BY membership.person, membership.id DESC
        ) stay ON stay.home = team.id
        ORDER BY team.id, stay.name, stay.id
        """
    )
    stays = [row for row in rows if row["id"] is not None]
    return Directory(
        teams={row["team"]: row["team_name"] for row in rows if not row["removed"]},
        members=tuple(
            HomeMember(row["id"], row["name"], row["team"], row["simulated"], row["membership"], row["restricted"])
            for row in stays
            if row["current"]
        ),
        lowest={row["id"]: row["membership"] + (not row["current"]) for row in stays},
        above={row["team"]: row["above"] for row in rows if row["above"] is not None and not row["removed"]},
        digest=digest,
    )
