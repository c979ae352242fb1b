"""What admins do with people: each act one transaction with its audit rows, done for all who are named or for nobody.

Whoever decides by what they saw is told when it is so no more (`Conflict`): a form carries the version that it was filled in from, a move
the team that somebody is moved out of. That also makes undoing safe: it never undoes what somebody else has done since.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import asyncpg
import msgspec

from hub import audit, people, subject_keys
from hub.auth import links
from hub.database import transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.people import Locale, RoleName
from hub.people.typed import (
    WorkingHours,
    email_taken,
    hours_of,
    normal_email,
    normal_hours,
    normal_name,
    normal_zone,
    stored_hours,
)
from hub.people.zones import set_zones
from hub.tables import Membership, Person

PEOPLE_MAX = 200
"""Of one act. Each of them takes some 2 ms of the ten seconds that a transaction has."""
NAMED_MAX = 3
"""Of those who stand in the way of an act: as many as a sentence holds."""

_Id = Annotated[int, msgspec.Meta(ge=1, le=people.ID_MAX)]
_Typed = Annotated[str, msgspec.Meta(max_length=1000)]


class NewRole(msgspec.Struct, frozen=True):
    """A role to give or take; a manager's with the team."""

    role: RoleName
    team: _Id | None = None


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to add. Without a `zone` it is the organisation's."""

    name: _Typed
    email: _Typed
    zone: _Typed | None = None
    locale: Locale | None = None
    working_hours: WorkingHours | None = None
    team: _Id | None = None
    roles: Annotated[list[NewRole], msgspec.Meta(max_length=20)] = []


class OwnForm(msgspec.Struct, frozen=True, kw_only=True):
    """What people say of themselves, as filled in over `version`."""

    name: _Typed
    zone: _Typed
    locale: Locale | None
    working_hours: WorkingHours | None
    version: int


class PersonForm(OwnForm, frozen=True, kw_only=True):
    """What admins say of somebody, as filled in over `version`."""

    email: _Typed


class Move(msgspec.Struct, frozen=True):
    """Out of one team into another; null: none."""

    person: _Id
    out_of: _Id | None
    into: _Id | None


class Moves(msgspec.Struct, frozen=True):
    """Who moves where. Nobody is in it twice."""

    moves: Annotated[list[Move], msgspec.Meta(min_length=1, max_length=PEOPLE_MAX)]


class Named(msgspec.Struct, frozen=True):
    """Whom an act is for."""

    people: Annotated[list[_Id], msgspec.Meta(min_length=1, max_length=PEOPLE_MAX)]


class Invitations(msgspec.Struct, frozen=True):
    """Whom to invite, and the language of the page: who has one of their own is written to in that."""

    people: Annotated[list[_Id], msgspec.Meta(min_length=1, max_length=PEOPLE_MAX)]
    language: links.LANGUAGE = "en"


async def add(form: NewPerson, by: int) -> int:
    """Adds somebody, in their team and with their roles; returns their id. Raises `Invalid`, naming the field."""
    async with transaction():
        await people.lock_powers()
        person = await people.insert_person(
            form.email,
            form.name,
            zone=form.zone,
            locale=form.locale,
            working_hours=form.working_hours,
            team=form.team,
            by=by,
        )
        for role in form.roles:
            people.require_sense(role.role, role.team)
            await people.insert_role(person, role.role, role.team, by)
    return person


async def change(person: int, form: OwnForm, by: int) -> None:
    """Sets somebody's name, zone, language and working hours, and by a `PersonForm` their address. Another zone holds from the end of their
    workday. Raises `Invalid`, naming the field, `NotFound`, and `Conflict` when `form` was filled in over an older version."""
    wanted: dict[str, Any] = {
        "name": normal_name(form.name),
        "zone": normal_zone(form.zone),
        "locale": form.locale,
        "working_hours": normal_hours(form.working_hours),
    }
    if isinstance(form, PersonForm):
        wanted["email"] = normal_email(form.email)
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT name, email, zone, locale, working_hours, version FROM person WHERE id = $1 AND erased_at IS NULL FOR UPDATE",
            person,
        )
        if row is None:
            raise NotFound("There is no such person.")
        before = {**row, "working_hours": hours_of(row["working_hours"])}
        changed = {
            field: audit.Changed(before[field], value) for field, value in wanted.items() if before[field] != value
        }
        if not changed:
            return
        if row["version"] != form.version:
            raise Conflict("Somebody else has changed this person meanwhile. Look at what it is now, then save again.")
        now = before | wanted
        try:
            await held.execute(
                "UPDATE person SET name = $2, email = $3, locale = $4, working_hours = $5, version = version + 1 WHERE id = $1",
                person,
                now["name"],
                now["email"],
                now["locale"],
                stored_hours(now["working_hours"]),
            )
        except asyncpg.UniqueViolationError:
            raise email_taken() from None
        if "zone" in changed:
            await set_zones(held, {person: now["zone"]})
        told = await subject_keys.sealed(held, person, changed=changed)
        await audit.record("person_changed", by, person, fields=" ".join(changed), **told)


async def move(moves: Sequence[Move], by: int) -> None:
    """Moves these people; the time before stays with their old teams. Raises `Conflict`, naming them, when some are deactivated or not
    where it takes them out of, `Invalid` for somebody named twice or a team that is none, and `NotFound`."""
    async with transaction():
        names = await _lock([each.person for each in moves])
        homes = await _homes(list(names))
        astray = [each.person for each in moves if homes.get(each.person) not in {each.out_of, each.into}]
        inactive = await Person.select(Person.id).where(
            Person.id.is_in(list(names)), Person.deactivated_at.is_not_null()
        )
        _require_nobody(astray, names, "is in another team by now", "are in other teams by now")
        _require_nobody([row["id"] for row in inactive], names, "is deactivated by now", "are deactivated by now")
        for each in moves:
            if homes.get(each.person) == each.into:
                continue
            await people.leave(each.person)
            if each.into is not None:
                await people.enter(each.person, each.into)
            await audit.record("person_moved", by, each.person, each.into)


async def deactivate(persons: Sequence[int], by: int) -> None:
    """Ends these people's access; what was recorded stays. Idempotent. Raises `Invalid` when no admin would be left, and `NotFound`."""
    async with transaction():
        await people.lock_powers()
        for person in await _lock(persons):
            await people.deactivate_within(person, by)


async def reactivate(persons: Sequence[int], by: int) -> None:
    """Lets these people in again, into the teams that they were taken out of. Idempotent. Raises `NotFound`."""
    async with transaction():
        for person in await _lock(persons):
            await people.reactivate_within(person, by)


async def _lock(persons: Sequence[int]) -> dict[int, str]:
    """Their names. In one order, so that two acts on the same people wait for each other only one way round."""
    if len(set(persons)) < len(persons):
        raise Invalid("Somebody is in this twice.", "people")
    rows = await Person.raw(
        "SELECT id, name FROM person WHERE id = ANY({}::int[]) AND erased_at IS NULL ORDER BY id FOR UPDATE",
        list(persons),
    )
    if len(rows) < len(persons):
        raise NotFound("There is no such person.")
    return {row["id"]: row["name"] for row in rows}


async def _homes(persons: list[int]) -> dict[int, int | None]:
    rows = await Membership.select(Membership.person, Membership.team).where(
        Membership.person.is_in(persons), Membership.until_at.is_null()
    )
    return {row["person"]: row["team"] for row in rows}


def _require_nobody(persons: Sequence[int], names: dict[int, str], one: str, many: str) -> None:
    if not persons:
        return
    said = ", ".join(names[person] for person in persons[:NAMED_MAX])
    if len(persons) > NAMED_MAX:
        said += f" and {len(persons) - NAMED_MAX} more"
    raise Conflict(f"{said} {one if len(persons) == 1 else many}. Nobody was moved: look at the list as it is now.")
