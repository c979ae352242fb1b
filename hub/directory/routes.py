"""The routes of the directory: admins only, but for one's own profile. Whoever else asks finds nothing, and the try is written down."""

from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from hub import cursors, mail, people
from hub.auth import links
from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.directory import acts, listing, teams
from hub.errors import NotFound
from hub.settings import Settings
from hub.tables import Person, Team

FIND_MAX_CHARACTERS = 100


class Made(msgspec.Struct, frozen=True):
    """The number of what was made."""

    id: int


@get("/api/people", summary="People, for admins, by name")
async def list_people(
    viewer: NamedDependency[Viewer],
    find: Annotated[str, QueryParameter(max_length=FIND_MAX_CHARACTERS)] = "",
    team: Annotated[int | None, QueryParameter(ge=listing.NO_TEAM, le=people.ID_MAX)] = None,
    role: Annotated[listing.RoleFilter, QueryParameter()] = "any",
    in_state: Annotated[listing.State, QueryParameter(name="state")] = "active",
    after: Annotated[str | None, QueryParameter(max_length=cursors.MAX_CHARACTERS)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=listing.PER_PAGE_MAX)] = listing.PER_PAGE,
) -> listing.PeoplePage:
    await require(viewer, "keep_people", ORGANISATION)
    return await listing.page(listing.Filter(find, team, role, in_state), after, limit)


@get("/api/people/{person:int}", summary="One person, for admins")
async def read_person(viewer: NamedDependency[Viewer], person: FromPath[int]) -> listing.PersonProfile:
    await _require(viewer, person)
    return await listing.profile(person)


@post("/api/people", summary="Add a person")
async def add_person(viewer: NamedDependency[Viewer], data: JSONBody[acts.NewPerson]) -> listing.PersonProfile:
    await require(viewer, "keep_people", ORGANISATION, fresh=True)
    return await listing.profile(await acts.add(data, viewer.person))


@put("/api/people/{person:int}", summary="Change a person's name, address, zone, language or working hours")
async def change_person(
    viewer: NamedDependency[Viewer], person: FromPath[int], data: JSONBody[acts.PersonForm]
) -> listing.PersonProfile:
    if await _require(viewer, person) != data.email.strip().lower():
        await _require(viewer, person, fresh=True)  # a link for a new password goes to the new address
    await acts.change(person, data, viewer.person)
    return await listing.profile(person)


@post("/api/people/move", status_code=204, summary="Move people to other teams")
async def move_people(viewer: NamedDependency[Viewer], data: JSONBody[acts.Moves]) -> None:
    await require(viewer, "keep_people", ORGANISATION)
    await acts.move(data.moves, viewer.person)


@post("/api/people/deactivate", status_code=204, summary="End the access of people")
async def deactivate_people(viewer: NamedDependency[Viewer], data: JSONBody[acts.Named]) -> None:
    await require(viewer, "keep_people", ORGANISATION, fresh=True)
    await acts.deactivate(data.people, viewer.person)


@post("/api/people/reactivate", status_code=204, summary="Let people in again")
async def reactivate_people(viewer: NamedDependency[Viewer], data: JSONBody[acts.Named]) -> None:
    await require(viewer, "keep_people", ORGANISATION, fresh=True)
    await acts.reactivate(data.people, viewer.person)


@post(
    "/api/people/invite",
    status_code=200,
    summary="Invite people who have no way to sign in yet: by mail, or by links to pass on",
)
async def invite_people(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], data: JSONBody[acts.Invitations]
) -> list[links.Invited]:
    await require(viewer, "keep_people", ORGANISATION, fresh=True)
    invited = await links.invite(settings, data.people, data.language, viewer.person)
    if invited and settings.mail_server:
        await mail.hurry()
    return invited


@post("/api/people/withdraw", status_code=204, summary="Withdraw the links of people")
async def withdraw_links(viewer: NamedDependency[Viewer], data: JSONBody[acts.Named]) -> None:
    await require(viewer, "keep_people", ORGANISATION)
    await links.withdraw(data.people, viewer.person)


@post("/api/people/{person:int}/roles", status_code=200, summary="Give a person a role")
async def grant_role(
    viewer: NamedDependency[Viewer], person: FromPath[int], data: JSONBody[acts.NewRole]
) -> listing.PersonProfile:
    await _require(viewer, person, fresh=True)
    await people.grant(person, data.role, data.team, viewer.person)
    return await listing.profile(person)


@delete(
    "/api/people/{person:int}/roles/{role:str}",
    status_code=200,
    summary="Take a role from a person",
)
async def revoke_role(
    viewer: NamedDependency[Viewer],
    person: FromPath[int],
    role: FromPath[people.RoleName],
    team: Annotated[int | None, QueryParameter(ge=1, le=people.ID_MAX)] = None,
) -> listing.PersonProfile:
    await _require(viewer, person, fresh=True)
    await people.revoke(person, role, team, viewer.person)
    return await listing.profile(person)


@get("/api/me/profile", summary="What one has said of oneself")
async def read_own_profile(viewer: NamedDependency[Viewer]) -> listing.OwnProfile:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    return await listing.own(viewer.person)


@put("/api/me/profile", summary="Change one's own name, zone, language or working hours")
async def change_own_profile(viewer: NamedDependency[Viewer], data: JSONBody[acts.OwnForm]) -> listing.OwnProfile:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    await acts.change(viewer.person, data, viewer.person)
    return await listing.own(viewer.person)


@get("/api/teams", summary="All teams, for admins, by name")
async def list_teams(viewer: NamedDependency[Viewer]) -> list[teams.TeamRow]:
    await require(viewer, "keep_teams", ORGANISATION)
    return await teams.tree()


@post("/api/teams", summary="Add a team, and perhaps be at home in it or manage it")
async def add_team(viewer: NamedDependency[Viewer], data: JSONBody[teams.TeamForm]) -> Made:
    await require(viewer, "keep_teams", ORGANISATION, fresh=data.manage)
    return Made(await teams.add(data, viewer.person))


@put("/api/teams/{team:int}", summary="Rename a team, or move it under another")
async def change_team(
    viewer: NamedDependency[Viewer], team: FromPath[int], data: JSONBody[teams.TeamChange]
) -> list[teams.TeamRow]:
    await _require_team(viewer, team)
    await teams.change(team, data, viewer.person)
    return await teams.tree()


@delete("/api/teams/{team:int}", summary="Remove an empty team")
async def remove_team(viewer: NamedDependency[Viewer], team: FromPath[int]) -> None:
    await _require_team(viewer, team)
    await teams.remove(team, viewer.person)


@post("/api/teams/{team:int}/restore", status_code=204, summary="Take the removal of a team back")
async def restore_team(viewer: NamedDependency[Viewer], team: FromPath[int]) -> None:
    await _require_team(viewer, team)
    await teams.restore(team, viewer.person)


ROUTES = [
    list_people, read_person, add_person, change_person, move_people, deactivate_people, reactivate_people,
    invite_people, withdraw_links,
    grant_role, revoke_role, read_own_profile, change_own_profile, list_teams, add_team, change_team, remove_team, restore_team,
]  # fmt: skip


async def _require(viewer: Viewer, person: int, *, fresh: bool = False) -> str:
    """Their address."""
    here = (Person.id == person, Person.erased_at.is_null())
    known = await Person.select(Person.email).where(*here) if 0 < person <= people.ID_MAX else []
    if not known:
        raise NotFound(listing.NOBODY)
    await require(viewer, "keep_people", Subject(person=person), listing.NOBODY, fresh=fresh)
    return str(known[0]["email"])


async def _require_team(viewer: Viewer, team: int) -> None:
    if not (0 < team <= people.ID_MAX and await Team.exists().where(Team.id == team)):
        raise NotFound(teams.NO_TEAM)
    await require(viewer, "keep_teams", Subject(team=team), teams.NO_TEAM)
