"""What is there before anybody adds somebody: the organisation, its root team, the first admin; and teams that are made by their name.

Called at the start of the hub and by the command line. Processes that start together take turns (`lock_start`).
"""

import secrets

import msgspec

from hub.database import transaction
from hub.passwords import hash_password
from hub.people import insert_person, insert_role, insert_team, organisation_row
from hub.people.typed import normal_email, normal_name
from hub.settings import Settings
from hub.tables import Membership, Organisation, Person, Role, Team

SIMULATED_TEAM = "Simulated"
FIRST_NAME = "Administrator"
DEMO_NAME = "Halden"
_START_LOCK = 0x7374617274
"""Hub processes that start together make the first rows once: `start` in ASCII."""


class FirstAdmin(msgspec.Struct, frozen=True):
    """The admin that was made at first start. `password` is set when it was made up: to be shown once."""

    email: str
    password: str | None


async def first_admin(settings: Settings) -> FirstAdmin | None:
    """Makes the organisation, its root team and its first admin where there is no admin yet; `None` when there is one.

    Idempotent, and safe when several processes start at once. In a demo the admin also manages the root team, so that there is
    something to see. Raises `Invalid` when the address or the password in the settings is unusable.
    """
    if await Role.exists().where(Role.role == "admin"):
        return None
    made_up = None if settings.admin_password else secrets.token_urlsafe(12)
    hashed = await hash_password(made_up or settings.admin_password)
    async with transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _START_LOCK)
        if await Role.exists().where(Role.role == "admin"):
            return None
        root = await ensure_organisation(settings.demo)
        email = normal_email(settings.admin_email)
        known = await Person.select(Person.id).where(Person.email == email)
        if known:
            person: int = known[0]["id"]
            await connection.execute("UPDATE person SET password_hash = $2 WHERE id = $1", person, hashed)
        else:
            person = await insert_person(email, FIRST_NAME, password_hash=hashed)
        await insert_role(person, "admin", None)
        if settings.demo:
            await insert_role(person, "manager", root)
    return FirstAdmin(email, made_up)


async def ensure_organisation(demo: bool) -> int:
    """The root team, made with the organisation where there is none. Within the caller's transaction, under `lock_start`."""
    await lock_start()
    if not await Organisation.exists():
        name = DEMO_NAME if demo else "My organisation"
        await Organisation.insert(Organisation(name=name, demo=demo))
    roots = await Team.select(Team.id).where(Team.parent.is_null()).order_by(Team.id).limit(1)
    if roots:
        root: int = roots[0]["id"]
        return root
    return await insert_team((await organisation_row())["name"], None)


async def team_by_name(name: str) -> int:
    """The team with this name; the root is the organisation's own, and any other that is missing is made below it. In a transaction."""
    root = await ensure_organisation(demo=False)
    found = (
        await Team.select(Team.id)
        .where(Team.name == normal_name(name), Team.removed_at.is_null())
        .order_by(Team.id)
        .limit(1)
    )
    return int(found[0]["id"]) if found else await insert_team(name, root)


async def lock_start() -> None:
    """Takes turns with other processes that make first rows, until the transaction ends."""
    await Organisation.raw("SELECT pg_advisory_xact_lock({})", _START_LOCK)


async def insert_simulated(email: str) -> int:
    """A simulated person, `Simulated 0001` and on, in the team of that name. Within the caller's transaction."""
    root = await ensure_organisation(demo=False)
    teams = (
        await Team.select(Team.id)
        .where(Team.name == SIMULATED_TEAM, Team.parent == root, Team.removed_at.is_null())
        .limit(1)
    )
    team: int = teams[0]["id"] if teams else await insert_team(SIMULATED_TEAM, root)
    number = 1 + await Membership.count().where(Membership.team == team)
    return await insert_person(email, f"Simulated {number:04}", team=team, simulated=True)
