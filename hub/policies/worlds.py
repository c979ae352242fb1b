"""Everything that policies are resolved from, as of one moment, and whose policy another setting would change. Writes nothing."""

from typing import Any, NamedTuple

import msgspec

from hub.database import transaction
from hub.errors import NotFound
from hub.policies.settings import (
    NO_SETTINGS,
    Ceiling,
    Place,
    PolicySettings,
    Resolved,
    Scope,
    Source,
    above,
    held_until_acknowledged,
    normal,
    resolve,
)
from hub.wire.policy import DEFAULT, Policy


class Set(NamedTuple):
    """What is set at a place, and which version of it that is; 0: never set."""

    settings: PolicySettings
    version: int


class Who(NamedTuple):
    """A person, as far as their policy depends on them."""

    id: int
    zone: str
    team: int | None
    asked: bool
    """Whether they acknowledge what widens their policy: nobody is there to ask who is simulated or never had a device."""


class Given(NamedTuple):
    """Which policies somebody has: the one that is meant for them, and the one that counts as long as they have not acknowledged it."""

    wanted: int
    held: int


class Touched(NamedTuple):
    """Somebody whose policy another setting changes."""

    person: int
    old: Policy
    new: Policy
    held: Policy
    """What counts for them until they acknowledge `new`; the same as `new` when they need not."""


class World(NamedTuple):
    """All that policies are resolved from, and what everybody has."""

    organisation: Set
    teams: dict[int, Set]
    people_set: dict[int, Set]
    ceiling: Ceiling
    ceiling_version: int
    parents: dict[int, int | None]
    people: list[Who]
    given: dict[int, Given]
    versions: dict[int, Policy]

    def places(self, team: int | None, person: int | None = None) -> list[Place]:
        places = [Place(Source("organisation"), self.organisation.settings)]
        places += [
            Place(Source("team", each), self.teams[each].settings)
            for each in above(team, self.parents)
            if each in self.teams
        ]
        if person in self.people_set:
            places.append(Place(Source("person"), self.people_set[person].settings))
        return places

    def resolved(self, who: Who) -> Resolved:
        return resolve(self.places(who.team, who.id), self.ceiling, who.zone)

    def touched(self) -> list[Touched]:
        """Whose policy is another one than they have; before anything was ever given, everybody."""
        made: dict[tuple[int | None, str], Policy] = {}
        touched = []
        for who in self.people:
            new = None if who.id in self.people_set else made.get((who.team, who.zone))
            if new is None:
                new = self.resolved(who).policy
                if who.id not in self.people_set:
                    made[who.team, who.zone] = new
            given = self.given.get(who.id)
            old = self.versions[given.wanted] if given else DEFAULT
            if given and unnumbered(old) == new:
                continue
            before = self.versions[given.held] if given else DEFAULT
            asked = who.asked and (
                given is not None or not self.given
            )  # else they are new, and were told nothing before
            touched.append(
                Touched(who.id, unnumbered(old), new, held_until_acknowledged(before, new) if asked else new)
            )
        return touched


async def preview(scope: Scope, place: int | None, settings: PolicySettings) -> tuple[PolicySettings, list[Touched]]:
    """What is set at the place now, and whose policy would change. Raises as `change` does. Writes nothing."""
    async with transaction() as held:
        await held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        world = await read(held)
        before = await set_at(held, world, scope, place)
        return before.settings, changed(with_set(world, scope, place, normal(settings, world.ceiling)).touched())


async def preview_ceiling(new: Ceiling) -> list[Touched]:
    """Whose policy another ceiling would change."""
    async with transaction() as held:
        await held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        world = await read(held)
        return changed(world._replace(ceiling=new).touched())


def changed(touched: list[Touched]) -> list[Touched]:
    """Those who get another policy than theirs."""
    return [each for each in touched if each.old != each.new]


async def world(person: int | None = None) -> World:
    """Everything, as of one moment; of people only this one, if one is named."""
    async with transaction() as held:
        await held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return await read(held, person)


async def read(held: Any, person: int | None = None) -> World:
    """As `world`, in the transaction of `held`."""
    organisation, ceiling, ceiling_version = Set(NO_SETTINGS, 0), Ceiling(), 0
    teams: dict[int, Set] = {}
    people: dict[int, Set] = {}
    for scope, team, one, version, stored in map(
        tuple, await held.fetch("SELECT scope, team, person, version, settings FROM policy_setting")
    ):
        if scope == "ceiling":
            ceiling, ceiling_version = msgspec.json.decode(stored, type=Ceiling), version
            continue
        made = Set(msgspec.json.decode(stored, type=PolicySettings), version)
        if team is not None:
            teams[team] = made
        elif one is not None:
            people[one] = made
        else:
            organisation = made
    return World(
        organisation,
        teams,
        people,
        ceiling,
        ceiling_version,
        dict(map(tuple, await held.fetch("SELECT id, parent FROM team"))),
        [Who(*row) for row in await held.fetch(_PEOPLE, person)],
        {row["person"]: Given(row["wanted"], row["counts"]) for row in await held.fetch(_GIVEN, person)},
        {
            row["version"]: msgspec.json.decode(row["policy"], type=Policy)
            for row in await held.fetch("SELECT version, policy FROM policy_version")
        }
        | {DEFAULT.version: DEFAULT},
    )


def with_set(world: World, scope: Scope, place: int | None, settings: PolicySettings) -> World:
    """The world with other settings at one place."""
    made = Set(settings, 0)
    if scope == "organisation":
        return world._replace(organisation=made)
    assert place is not None
    if scope == "team":
        return world._replace(teams=world.teams | {place: made})
    return world._replace(people_set=world.people_set | {place: made})


async def set_at(held: Any, world: World, scope: Scope, place: int | None) -> Set:
    """What is set at a place. Raises `NotFound` for a team or a person that is none."""
    nothing = Set(NO_SETTINGS, 0)
    if scope == "organisation":
        return world.organisation
    if scope == "team":
        removed = await held.fetchval("SELECT removed_at IS NOT NULL FROM team WHERE id = $1", place)
        if removed is None or removed:
            raise NotFound("There is no such team.")
        assert place is not None
        return world.teams.get(place, nothing)
    if not any(who.id == place for who in world.people):
        raise NotFound("There is no such person.")
    assert place is not None
    return world.people_set.get(place, nothing)


def unnumbered(policy: Policy) -> Policy:
    """To be compared: the same policy may have a number, or not have one yet."""
    return msgspec.structs.replace(policy, version=0)


_PEOPLE = """
    SELECT person.id, person.zone, membership.team,
        NOT person.simulated AND EXISTS (SELECT FROM device WHERE device.person = person.id) AS asked
    FROM person LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    WHERE erased_at IS NULL AND ($1::int IS NULL OR person.id = $1) ORDER BY person.id
"""
# Where the latest row of somebody has been acknowledged, what was wanted counts.
_GIVEN = """
    SELECT DISTINCT ON (person) person, wanted,
        CASE WHEN acknowledged_at IS NULL THEN held ELSE wanted END AS counts
    FROM person_policy WHERE $1::int IS NULL OR person = $1 ORDER BY person, id DESC
"""
