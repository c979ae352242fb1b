"""The tree of teams as admins keep it: each act one transaction with its audit row, and one at a time (two moves at once could close a
circle between them). People are locked before teams, as by whoever moves somebody.

The tree has one root, which is the organisation and stays. A manager sees what lies under their team: whoever sees another part of the
tree after an act than before it has their `access_version` raised, which opens their live sockets anew. Who was in a team that is removed
stays known.
"""

from collections.abc import Collection
from typing import Annotated

import msgspec

from hub import audit, people
from hub.database import connection, transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.people.first import ensure_organisation, lock_start
from hub.people.typed import normal_name
from hub.tables import Person, Team

NO_TEAM = "There is no such team."
DEPTH_MAX = 20
"""Levels of the tree: to show it costs the people there are, for each level above them."""
_Id = Annotated[int, msgspec.Meta(ge=1, le=people.ID_MAX)]
_Typed = Annotated[str, msgspec.Meta(max_length=1000)]


class TeamForm(msgspec.Struct, frozen=True, kw_only=True):
    """A new team under `parent` (none: the root), and what its maker becomes in it."""

    name: _Typed
    parent: _Id | None = None
    join: bool = False
    manage: bool = False


class TeamChange(msgspec.Struct, frozen=True, kw_only=True):
    """A team's name and place, as filled in over `version`. `parent` is null for the root alone."""

    name: _Typed
    parent: _Id | None
    version: int


class Manager(msgspec.Struct, frozen=True):
    id: int
    name: str


class TeamRow(msgspec.Struct, frozen=True, kw_only=True):
    """A team in the tree."""

    id: int
    name: str
    parent: int | None
    people: int
    """At home in it."""
    below: int
    """At home in it or in any team below it."""
    managers: list[Manager]
    """Of this team itself."""
    version: int


async def tree() -> list[TeamRow]:
    """All teams by name, without accents and case."""
    async with connection() as held:
        rows = await held.fetch(_TREE)
    return [TeamRow(**{**row, "managers": msgspec.json.decode(row["managers"], type=list[Manager])}) for row in rows]


async def add(form: TeamForm, by: int) -> int:
    """Adds a team; `by` may become at home in it, and its manager. Raises `Invalid` for a name that is unusable or taken there, and for a
    place too deep in the tree."""
    name = normal_name(form.name)
    async with transaction():
        await lock_start()
        parent = await ensure_organisation(demo=False) if form.parent is None else form.parent
        await _require_free(name, parent, None)
        await _require_room(parent, 1)
        await _show_anew(await _above(parent))
        team = await people.insert_team(name, parent, by)
        if form.join:
            await people.move_within(by, team, by)
        if form.manage:
            await people.insert_role(by, "manager", team, by)
    return team


async def change(team: int, form: TeamChange, by: int) -> None:
    """Renames a team, moves it with all that lies under it, or both. Raises `Invalid` for a name that is unusable or taken there and for a
    place that is none or its own, `NotFound`, and `Conflict` when `form` was filled in over an older version."""
    name = normal_name(form.name)
    async with transaction():
        await lock_start()
        row = await _row(team)
        if (row["name"], row["parent"]) == (name, form.parent):
            return
        if row["version"] != form.version:
            raise Conflict("Somebody else has changed this team meanwhile. Look at what it is now, then save again.")
        if row["parent"] != form.parent:
            if row["parent"] is None or form.parent is None:
                raise Invalid("The whole organisation stays at the top.", "parent", "team_root")
            await people.require_team(form.parent, "parent")
            if form.parent in await people.teams_under(frozenset({team})):
                raise Invalid("A team can't lie under itself.", "parent", "team_circle")
            await _require_room(form.parent, (await Team.raw(_LEVELS, team))[0]["levels"])
        await _require_free(name, form.parent, team)
        # Who manages a team above both places sees it before and after.
        await _show_anew(await _above(row["parent"]) ^ await _above(form.parent))
        await Team.raw(
            "UPDATE team SET name = {}, parent = {}, version = version + 1 WHERE id = {}", name, form.parent, team
        )
        wanted = {"name": name, "parent": form.parent}
        changed = {field: audit.Changed(row[field], value) for field, value in wanted.items() if row[field] != value}
        await audit.record("team_changed", by, team=team, changed=changed)


async def remove(team: int, by: int) -> None:
    """Removes a team in which nobody is at home, under which none lies and which nobody manages. Raises `Invalid` for any other, and
    `NotFound`."""
    async with transaction():
        await lock_start()
        row = await _row(team)
        if row["parent"] is None:
            raise Invalid("The whole organisation can't be removed.", "team", "team_root")
        await _show_anew(await _above(row["parent"]))
        # Whoever is about to bring somebody into it, or to make them its manager, holds it until they have.
        await Team.raw("SELECT FROM team WHERE id = {} FOR UPDATE", team)
        used = (await Team.raw(_USED, team, team, team))[0]
        if any(used.values()):
            raise Invalid(
                "Only an empty team can be removed: nobody at home in it, no manager, no team below it.",
                "team",
                "team_used",
            )
        await Team.raw("UPDATE team SET removed_at = now(), version = version + 1 WHERE id = {}", team)
        await audit.record("team_removed", by, team=team)


async def restore(team: int, by: int) -> None:
    """Takes a removal back. Raises `Invalid` when its name or its place is taken by now, and `NotFound` for a team that is not removed."""
    async with transaction():
        await lock_start()
        removed = Team.select(Team.name, Team.parent).where(Team.id == team, Team.removed_at.is_not_null())
        rows = await removed
        if not rows:
            raise NotFound(NO_TEAM)
        await people.require_team(rows[0]["parent"], "parent")
        await _require_free(rows[0]["name"], rows[0]["parent"], team)
        await _require_room(rows[0]["parent"], 1)
        await _show_anew(await _above(rows[0]["parent"]))
        await Team.raw("UPDATE team SET removed_at = NULL, version = version + 1 WHERE id = {}", team)
        await audit.record("team_restored", by, team=team)


async def _row(team: int) -> dict[str, object]:
    rows = await Team.raw("SELECT name, parent, version FROM team WHERE id = {} AND removed_at IS NULL", team)
    if not rows:
        raise NotFound(NO_TEAM)
    row: dict[str, object] = rows[0]
    return row


async def _require_free(name: str, parent: int | None, beside: int | None) -> None:
    taken = await Team.raw(
        """
        SELECT FROM team WHERE parent IS NOT DISTINCT FROM {}::int AND folded(name) = folded({}) AND removed_at IS NULL
            AND id IS DISTINCT FROM {}::int
        """,
        parent,
        name,
        beside,
    )
    if taken:
        raise Invalid("There is a team with this name already.", "name", "name_taken")


async def _require_room(parent: int, levels: int) -> None:
    if len(await _above(parent)) + levels > DEPTH_MAX:
        raise Invalid(f"The tree of teams has at most {DEPTH_MAX} levels.", "parent", "team_deep", DEPTH_MAX)


async def _above(team: object) -> frozenset[int]:
    """This team and all above it."""
    rows = await Team.raw(_ABOVE, team)
    return frozenset(row["id"] for row in rows)


async def _show_anew(teams: Collection[int]) -> None:
    """To the managers of these teams, what they may see now."""
    await Person.raw(
        "UPDATE person SET access_version = access_version + 1 "
        "WHERE id IN (SELECT person FROM role WHERE role = 'manager' AND team = ANY({}::int[]))",
        list(teams),
    )


_ABOVE = """
    WITH RECURSIVE above(id, parent) AS (
        SELECT id, parent FROM team WHERE id = {}::int
        UNION SELECT team.id, team.parent FROM team JOIN above ON team.id = above.parent
    )
    SELECT id FROM above
"""
_LEVELS = """
    WITH RECURSIVE under(id, level) AS (
        SELECT {}::int, 1 UNION SELECT team.id, level + 1 FROM team JOIN under ON team.parent = under.id WHERE removed_at IS NULL
    )
    SELECT max(level) AS levels FROM under
"""
_USED = """
    SELECT EXISTS (SELECT FROM membership WHERE team = {} AND until_at IS NULL) AS home,
        EXISTS (SELECT FROM team WHERE parent = {} AND removed_at IS NULL) AS above,
        EXISTS (SELECT FROM role JOIN person ON person.id = role.person WHERE role.team = {} AND deactivated_at IS NULL) AS managed
"""
_TREE = """
    WITH RECURSIVE home AS (SELECT team, count(*) AS people FROM membership WHERE until_at IS NULL GROUP BY team),
    under(top, id) AS (
        SELECT id, id FROM team UNION SELECT under.top, team.id FROM team JOIN under ON team.parent = under.id
    ),
    below AS (SELECT top, sum(people)::int AS people FROM under JOIN home ON home.team = under.id GROUP BY top)
    SELECT team.id, team.name, team.parent, coalesce(home.people, 0)::int AS people, coalesce(below.people, 0) AS below, team.version,
        coalesce((
            SELECT json_agg(json_build_object('id', person.id, 'name', person.name) ORDER BY folded, person.id)
            FROM role JOIN person ON person.id = role.person WHERE role.team = team.id AND deactivated_at IS NULL
        ), '[]') AS managers
    FROM team LEFT JOIN home ON home.team = team.id LEFT JOIN below ON below.top = team.id
    WHERE removed_at IS NULL ORDER BY folded(team.name), team.id
"""
