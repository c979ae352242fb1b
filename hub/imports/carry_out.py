"""Doing what a preview says, in one transaction or not at all.

Whole sets at a time: row by row, 5,000 people would outlast the ten seconds that a transaction may take. What is written for each of them
is what `people` writes for one, and a test holds the two together.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from hub import audit, people, subject_keys
from hub.imports.judge import EMPLOYEE, Column, Known, Outcome, Path, Teams, Wanted, World, new_teams
from hub.people.first import ensure_organisation
from hub.people.typed import hours_of, stored_hours
from hub.people.zones import set_zones
from hub.tables import Person, Team

if TYPE_CHECKING:
    from hub.database import Connection


_ABOUT: tuple[Column, ...] = ("name", "zone", "working_hours")


class Result(msgspec.Struct, frozen=True):
    """How many people and teams."""

    added: int
    changed: int
    left: int
    """As they were."""
    left_out: int
    """Rows that could not be used."""
    teams: int


class TakenMeanwhile(Exception):
    """Somebody was added by somebody else between the judging and the writing."""

    def __init__(self, emails: frozenset[str]) -> None:
        super().__init__()
        self.emails = emails


async def world_of(emails: Iterable[str]) -> World:
    """Those of these who are here, and all teams."""
    found = await Person.raw(_KNOWN, sorted(set(emails)))
    teams = await Team.select(Team.id, Team.name, Team.parent).where(Team.removed_at.is_null()).order_by(Team.id)
    return World(
        people={
            row["email"]: Known(
                row["id"],
                row["name"],
                row["zone"],
                row["team"],
                row["deactivated"],
                frozenset(zip(row["roles"], row["role_teams"], strict=True)),
                hours_of(row["working_hours"]),
            )
            for row in found
        },
        teams={row["id"]: (row["name"], row["parent"]) for row in teams},
        root=next(row["id"] for row in teams if row["parent"] is None),
    )


async def hold_still(held: "Connection", emails: Iterable[str]) -> None:
    """Until the transaction ends nobody changes these people, or which teams and powers there are. Within the caller's transaction."""
    await people.lock_powers()
    await ensure_organisation(demo=False)
    await held.execute("SELECT FROM team ORDER BY id FOR SHARE")
    await held.execute("SELECT FROM person WHERE email = ANY($1) ORDER BY id FOR UPDATE", sorted(set(emails)))


async def carry_out(
    held: "Connection", rows: list[Wanted], outcomes: list[Outcome], world: World, by: int, import_: UUID
) -> Result:
    """Does what `outcomes` say of `rows`, leaving the bad ones out. Within the caller's transaction, under `hold_still`.

    Raises `TakenMeanwhile`: then nothing of it may be committed.
    """
    told = {"import": str(import_)}
    todo = [(row, outcome) for row, outcome in zip(rows, outcomes, strict=True) if outcome.does in {"add", "change"}]
    teams = Teams(world.teams, world.root)
    made = await _make_teams(teams, new_teams(outcome for _, outcome in todo), by)

    added = [(row, _team(teams, row.team)) for row, outcome in todo if outcome.does == "add"]
    ids = await _add(held, added)
    await audit.record_many(
        "person_added", by, [(ids[row.email], team, {"simulated": False, **told}) for row, team in added]
    )
    changed = [
        (outcome.person, row, {change.field: audit.Changed(change.old, change.new) for change in outcome.changes})
        for row, outcome in todo
        if outcome.does == "change" and outcome.person is not None
    ]
    about = [(person, row, _about(row, changes, world)) for person, row, changes in changed]
    about = [each for each in about if each[2]]
    await held.execute(
        _CHANGE,
        [person for person, _, _ in about],
        [row.name for _, row, _ in about],
        [stored_hours(row.working_hours) for _, row, _ in about],
    )
    await set_zones(held, {person: str(row.zone) for person, row, now in about if "zone" in now})
    sealed = await subject_keys.sealed_many(held, [(person, {"changed": now}) for person, _, now in about])
    await audit.record_many(
        "person_changed",
        by,
        [
            (person, None, {"fields": " ".join(now), **closed, **told})
            for (person, _, now), closed in zip(about, sealed, strict=True)
        ],
    )

    moved = [(person, _team(teams, row.team)) for person, row, changes in changed if "team" in changes]
    await _move(held, moved)
    await audit.record_many("person_moved", by, [(person, team, told) for person, team in moved])

    granted = [
        (ids[row.email] if outcome.person is None else outcome.person, str(row.role), _team(teams, row.role_team))
        for row, outcome in todo
        if row.role not in {None, EMPLOYEE}
        and (outcome.does == "add" or any(change.field == "role" for change in outcome.changes))
    ]
    await _grant(held, granted)
    await audit.record_many(
        "role_granted", by, [(person, team, {"role": role, **told}) for person, role, team in granted]
    )

    does = [outcome.does for outcome in outcomes]
    result = Result(len(added), len(changed), does.count("leave"), does.count("bad"), made)
    await audit.record_many("people_imported", by, [(None, None, {**told, **msgspec.structs.asdict(result)})])
    return result


def _about(row: Wanted, changes: dict[Column, audit.Changed], world: World) -> dict[Column, audit.Changed]:
    """What changes of somebody themselves, and not of where they are or what they may."""
    now = {field: changes[field] for field in _ABOUT if field in changes}
    if "working_hours" in now:
        now["working_hours"] = audit.Changed(world.people[row.email].working_hours, row.working_hours)
    return now


def _team(teams: Teams, path: Path | None) -> int | None:
    found = None if path is None else teams.find(path)
    assert found is None or isinstance(found, int), "every team is there by now"
    return found


async def _make_teams(teams: Teams, paths: list[Path], by: int) -> int:
    made = 0
    for path in paths:
        for depth in range(len(path)):
            if isinstance(teams.find(path[: depth + 1]), tuple):
                above = _team(teams, path[:depth])
                assert above is not None
                teams.add(await people.insert_team(path[depth], above, by), path[depth], above)
                made += 1
    return made


async def _add(held: "Connection", added: Sequence[tuple[Wanted, int | None]]) -> dict[str, int]:
    rows = await held.fetch(
        _ADD,
        [row.email for row, _ in added],
        [row.name for row, _ in added],
        [row.zone for row, _ in added],
        [stored_hours(row.working_hours) for row, _ in added],
        [team for _, team in added],
    )
    ids = {row["email"]: int(row["id"]) for row in rows}
    if taken := {row.email for row, _ in added} - ids.keys():
        raise TakenMeanwhile(frozenset(taken))
    return ids


async def _move(held: "Connection", moved: Sequence[tuple[int, int | None]]) -> None:
    await held.execute(_LEAVE, [person for person, _ in moved])
    await held.execute(_ENTER, *_columns(moved, 2))


async def _grant(held: "Connection", granted: Sequence[tuple[int, str, int | None]]) -> None:
    await held.execute(_GRANT, *_columns(granted, 3))
    await held.execute(
        "UPDATE person SET access_version = access_version + 1 WHERE id = ANY($1)", [each[0] for each in granted]
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(width)]


# One row for each of these addresses that is somebody's, with the roles and the teams of the roles side by side.
_KNOWN = """
    SELECT person.id, person.email, person.name, person.zone, person.working_hours, membership.team,
        person.deactivated_at IS NOT NULL AS deactivated,
        ARRAY(SELECT role.role FROM role WHERE role.person = person.id ORDER BY role.id) AS roles,
        ARRAY(SELECT role.team FROM role WHERE role.person = person.id ORDER BY role.id) AS role_teams
    FROM person LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    WHERE person.email = ANY({})
"""
# Each person with their first stay; nothing of those whose address is taken.
_ADD = """
    WITH wanted AS (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::int[])
            WITH ORDINALITY AS wanted(email, name, zone, working_hours, team, place)
    ), added AS (
        INSERT INTO person (email, name, zone, working_hours)
        SELECT email, name, coalesce(zone, (SELECT zone FROM organisation ORDER BY id LIMIT 1)), working_hours FROM wanted ORDER BY place
        ON CONFLICT DO NOTHING RETURNING id, email
    ), entered AS (
        INSERT INTO membership (person, team, since_at)
        SELECT added.id, wanted.team, now() FROM added JOIN wanted USING (email) WHERE wanted.team IS NOT NULL ORDER BY added.id
    )
    SELECT id, email FROM added
"""
_CHANGE = """
    UPDATE person SET name = coalesce(wanted.name, person.name), version = person.version + 1,
        working_hours = coalesce(wanted.working_hours, person.working_hours)
    FROM unnest($1::int[], $2::text[], $3::jsonb[]) AS wanted(id, name, working_hours) WHERE person.id = wanted.id
"""
# Both stays meet at the transaction's one now(), as in `people`.
_LEAVE = "UPDATE membership SET until_at = now() WHERE person = ANY($1) AND until_at IS NULL"
_ENTER = """
    INSERT INTO membership (person, team, since_at)
    SELECT person, team, now() FROM unnest($1::int[], $2::int[]) AS wanted(person, team)
"""
_GRANT = """
    INSERT INTO role (person, role, team) SELECT * FROM unnest($1::int[], $2::text[], $3::int[])
"""
