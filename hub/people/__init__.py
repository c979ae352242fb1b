"""People, teams and roles: who there is, in which team, with which powers, and since when.

Called by the routes, the command line and the start of the hub. Each function is one transaction with its audit row; `by` is the
person who acts (none: the command line or the system). Whatever changes what somebody may see raises their `access_version`, which
closes their live sockets. Nothing here decides access: that is `auth.access.may`.

    typed.py   what is typed about them, as it is stored
    zones.py   in which zone their workdays are
    first.py   the organisation, its root team and its first admin
"""

from datetime import datetime
from typing import Any, Literal

from hub import audit
from hub.database import transaction
from hub.errors import Invalid, NotFound
from hub.passwords import hash_password
from hub.people.typed import (
    WorkingHours,
    email_taken,
    normal_email,
    normal_hours,
    normal_name,
    normal_zone,
    stored_hours,
)
from hub.tables import Link, Membership, Organisation, Person, Role, Team

RoleName = Literal["manager", "admin", "auditor", "representative"]
Way = Literal["password", "passkey", "sign_on"]
"""How somebody signs in: each of them is enough. Who has none has never been here, and can be invited."""
Locale = Literal["en", "ar"]
ID_MAX = 2**31 - 1
"""What the columns hold: no larger number is anybody's, or any team's."""
_POWERS_LOCK = 0x706F77657273
"""Advisory lock for whatever may leave the organisation without an admin: `powers` in ASCII."""


async def add_person(
    email: str,
    name: str,
    *,
    zone: str | None = None,
    team: int | None = None,
    password: str | None = None,
    simulated: bool = False,
    by: int | None = None,
) -> int:
    """Adds somebody; returns their id. `zone` is an IANA name (the organisation's when not given).

    Raises `Invalid`, naming the field, for an address that is malformed or taken, an empty name, an unknown zone or team, or a
    password of the wrong length.
    """
    hashed = None if password is None else await hash_password(password)
    async with transaction():
        return await insert_person(email, name, zone=zone, team=team, password_hash=hashed, simulated=simulated, by=by)


async def insert_person(
    email: str,
    name: str,
    *,
    zone: str | None = None,
    locale: Locale | None = None,
    working_hours: WorkingHours | None = None,
    team: int | None = None,
    since_at: datetime | None = None,
    password_hash: str | None = None,
    simulated: bool = False,
    by: int | None = None,
) -> int:
    """`add_person` within the caller's transaction; in their team since now, or since earlier."""
    address = normal_email(email)
    if zone is None:
        zone = (await organisation_row())["zone"]
    person = Person(
        email=address,
        name=normal_name(name),
        zone=normal_zone(zone),
        locale=locale,
        working_hours=stored_hours(normal_hours(working_hours)),
        password_hash=password_hash,
        simulated=simulated,
    )
    added = await Person.insert(person).on_conflict(action="DO NOTHING").returning(Person.id)
    if not added:
        raise email_taken()
    id_: int = added[0]["id"]
    await audit.record("person_added", by, id_, team, simulated=simulated)
    if team is not None:
        await enter(id_, team, since_at)
    return id_


async def set_password(email: str, password: str, by: int | None = None) -> None:
    """Sets somebody's password and ends where they are signed in. Raises `NotFound`, or `Invalid` for one that is refused."""
    rows = await Person.select(Person.id).where(Person.email == normal_email(email))
    if not rows:
        raise NotFound("There is nobody with this address.")
    person: int = rows[0]["id"]
    hashed = await hash_password(password, await own_words(person))
    async with transaction():
        await replace_password(person, hashed, by)


async def replace_password(person: int, hashed: str, by: int | None = None, link: str | None = None) -> None:
    """Sets a password in the caller's transaction: every sign-in, socket, token and link of the person ends. Their second factors stay.

    `link`: what the link was for by which it was set.
    """
    await Person.raw(
        "UPDATE person SET password_hash = {}, access_version = access_version + 1 WHERE id = {}", hashed, person
    )
    await end_sign_ins(person, by)
    await end_links(person)
    await audit.record("password_set", by, person, link=link)


async def own_words(person: int) -> list[str]:
    """What their password may not consist of: their name, address and organisation."""
    rows = await Person.select(Person.name, Person.email).where(Person.id == person)
    return [word for row in rows for word in row.values()] + [(await organisation_row())["name"]]


async def end_links(person: int) -> bool:
    """Ends the link by which somebody could set a password, within the caller's transaction. Whether there was one."""
    ended = await Link.raw(
        "UPDATE link SET ended_at = now() WHERE person = {} AND used_at IS NULL AND ended_at IS NULL RETURNING expires_at > now() AS open",
        person,
    )
    return any(row["open"] for row in ended)


async def add_team(name: str, parent: int | None, by: int | None = None) -> int:
    """Adds a team under `parent` (none: a root); returns its id. Raises `Invalid` for an empty name or an unknown parent."""
    async with transaction():
        return await insert_team(name, parent, by)


async def insert_team(name: str, parent: int | None, by: int | None = None) -> int:
    """`add_team` within the caller's transaction."""
    if parent is not None:
        await require_team(parent, "parent")
    added = await Team.insert(Team(name=normal_name(name), parent=parent)).returning(Team.id)
    id_: int = added[0]["id"]
    await audit.record("team_added", by, team=id_)
    return id_


async def move(person: int, team: int, by: int | None = None) -> None:
    """Makes `team` the person's home team from now on; the time before stays with the old one. Idempotent."""
    async with transaction():
        await move_within(person, team, by)


async def move_within(person: int, team: int, by: int | None = None) -> None:
    """`move` within the caller's transaction."""
    await _lock_person(person)
    current = await Membership.select(Membership.team).where(Membership.person == person, Membership.until_at.is_null())
    if current and current[0]["team"] == team:
        return
    await leave(person)
    await enter(person, team)
    await audit.record("person_moved", by, person, team)


async def deactivate(person: int, by: int | None = None) -> None:
    """Ends somebody's access and membership; what was recorded stays. Idempotent. Raises `Invalid` for the last admin."""
    async with transaction():
        await lock_powers()
        await deactivate_within(person, by)


async def deactivate_within(person: int, by: int | None = None) -> None:
    """`deactivate` within the caller's transaction, under `lock_powers`."""
    row = await _lock_person(person)
    if row["deactivated_at"] is not None:
        return
    await require_another_admin(person)
    await Person.raw(
        "UPDATE person SET deactivated_at = now(), access_version = access_version + 1 WHERE id = {}", person
    )
    await leave(person)
    await end_sign_ins(person, by)
    await end_links(person)
    await audit.record("person_deactivated", by, person)


async def reactivate_within(person: int, by: int | None = None) -> None:
    """Lets somebody in again, into the team that they were taken out of if it is still there; they sign in anew. The time between is in
    nobody's team. Idempotent. Within the caller's transaction."""
    row = await _lock_person(person)
    if row["deactivated_at"] is None:
        return
    await Person.raw(
        "UPDATE person SET deactivated_at = NULL, access_version = access_version + 1 WHERE id = {}", person
    )
    last = await Membership.raw(
        """
        SELECT team.id FROM membership JOIN team ON team.id = membership.team
        WHERE person = {} AND until_at >= {} AND removed_at IS NULL ORDER BY membership.id DESC LIMIT 1
        """,
        person,
        row["deactivated_at"],
    )
    if last:
        await enter(person, last[0]["id"])
    await audit.record("person_reactivated", by, person, last[0]["id"] if last else None)


async def lock_powers() -> None:
    """Takes turns with whatever else may leave the organisation without an admin, until the transaction ends."""
    await Role.raw("SELECT pg_advisory_xact_lock({})", _POWERS_LOCK)


async def grant(person: int, role: RoleName, team: int | None = None, by: int | None = None) -> None:
    """Gives a role; for a manager with the team. Idempotent. Raises `Invalid` or `NotFound`."""
    require_sense(role, team)
    async with transaction():
        await lock_powers()
        await insert_role(person, role, team, by)


async def insert_role(person: int, role: RoleName, team: int | None, by: int | None = None) -> None:
    """`grant` within the caller's transaction."""
    await _lock_person(person)
    if team is not None:
        await require_team(team, "team")
    if await _role_exists(person, role, team):
        return
    await Role.insert(Role(person=person, role=role, team=team))
    await _raise_access_version(person)
    await audit.record("role_granted", by, person, team, role=role)


async def revoke(person: int, role: RoleName, team: int | None = None, by: int | None = None) -> None:
    """Takes a role away. Idempotent. Raises `Invalid` for the last admin."""
    require_sense(role, team)
    async with transaction() as connection:
        await lock_powers()
        await _lock_person(person)
        if not await _role_exists(person, role, team):
            return
        if role == "admin":
            await require_another_admin(person)
        await connection.execute(
            "DELETE FROM role WHERE person = $1 AND role = $2 AND team IS NOT DISTINCT FROM $3", person, role, team
        )
        await _raise_access_version(person)
        await audit.record("role_revoked", by, person, team, role=role)


async def teams_under(teams: frozenset[int]) -> frozenset[int]:
    """These teams and all that lie under them. Unknown ones are left out."""
    rows = await Team.raw(
        """
        WITH RECURSIVE under(id) AS (
            SELECT id FROM team WHERE id = ANY({})
            UNION SELECT team.id FROM team JOIN under ON team.parent = under.id
        )
        SELECT id FROM under
        """,
        list(teams),
    )
    return frozenset(row["id"] for row in rows)


ASKED = r"""
    WITH RECURSIVE asked AS (
        SELECT coalesce(array_agg('%' || word || '%'), ARRAY[]::text[]) AS within,
            coalesce(array_agg('% ' || word || '%'), ARRAY[]::text[]) AS beginning
        FROM (
            SELECT regexp_replace(word, '([\\%_])', '\\\1', 'g') AS word
            FROM unnest(string_to_array(folded({}), ' ')) AS word WHERE word <> ''
        ) AS words
    )
"""
"""How people and teams are searched for: patterns for each word that was asked for, anywhere in a name, and where a word of it begins."""


WAYS = """
    array_remove(ARRAY[CASE WHEN person.password_hash IS NOT NULL THEN 'password' END,
        CASE WHEN EXISTS (SELECT FROM passkey WHERE passkey.person = person.id) THEN 'passkey' END,
        CASE WHEN EXISTS (SELECT FROM identity WHERE identity.person = person.id) THEN 'sign_on' END], NULL)
"""
"""An expression of SQL for the ways of a `person`."""


def require_sense(role: RoleName, team: int | None) -> None:
    """Raises `Invalid` for a manager of no team, and for a team of any other role."""
    if (role == "manager") != (team is not None):
        raise Invalid("A manager is one of a team; no other role has a team.", "team", "role_team")


async def require_team(team: int, field: str) -> None:
    """Raises `Invalid` for a team that is none; until the transaction ends nobody removes it."""
    found = 0 < team <= ID_MAX and await Team.raw(
        "SELECT id FROM team WHERE id = {} AND removed_at IS NULL FOR SHARE", team
    )
    if not found:
        raise Invalid("There is no such team.", field, "team_unknown")


_ADMINS = " ".join(
    (
        "SELECT bool_or(role.person = {}) AS is_one, bool_or(role.person <> {} AND NOT simulated AND cardinality(",
        WAYS,
        ") > 0) AS another FROM role JOIN person ON person.id = role.person",
        "WHERE role.role = 'admin' AND person.deactivated_at IS NULL",
    )
)


async def require_another_admin(person: int) -> None:
    """Raises `Invalid` for the last admin who can sign in, under `lock_powers`: one who was invited and has not come yet helps nobody."""
    rows = await Role.raw(_ADMINS, person, person)
    if rows[0]["is_one"] and not rows[0]["another"]:
        raise Invalid(
            "This is the last admin who can sign in. Make somebody else an admin first.", "role", "last_admin"
        )


async def _role_exists(person: int, role: RoleName, team: int | None) -> bool:
    same_team = Role.team.is_null() if team is None else Role.team == team
    return await Role.exists().where(Role.person == person, Role.role == role, same_team)


async def _lock_person(person: int) -> dict[str, Any]:
    asked = "SELECT id, deactivated_at FROM person WHERE id = {} AND erased_at IS NULL FOR UPDATE"
    rows = await Person.raw(asked, person) if 0 < person <= ID_MAX else []
    if not rows:
        raise NotFound("There is no such person.")
    row: dict[str, Any] = rows[0]
    return row


async def _raise_access_version(person: int) -> None:
    await Person.raw("UPDATE person SET access_version = access_version + 1 WHERE id = {}", person)


async def enter(person: int, team: int, since_at: datetime | None = None) -> None:
    """Begins a stay, of somebody who is in no team. Within the caller's transaction, with the person locked."""
    await require_team(team, "team")
    await Membership.raw(
        "INSERT INTO membership (person, team, since_at) VALUES ({}, {}, coalesce({}::timestamptz, now()))",
        person,
        team,
        since_at,
    )


async def leave(person: int) -> None:
    """Ends the present stay, if there is one. Within the caller's transaction, with the person locked."""
    # Both stays meet at the transaction's one now(): no instant belongs to two teams, or to none.
    await Membership.raw("UPDATE membership SET until_at = now() WHERE person = {} AND until_at IS NULL", person)


async def end_sign_ins(person: int, by: int | None = None) -> None:
    """Within the caller's transaction, with what they made while they were signed in for programs to read by: their tokens."""
    await Person.raw("UPDATE sign_in SET ended_at = now() WHERE person = {} AND ended_at IS NULL", person)
    await end_tokens(person, by)


async def end_tokens(person: int, by: int | None) -> None:
    """Those of somebody that still serve, within the caller's transaction."""
    ended = await Person.raw(
        "UPDATE personal_token SET revoked_at = now() WHERE person = {} AND revoked_at IS NULL AND expires_at > now() RETURNING id",
        person,
    )
    await audit.record_many("token_revoked", by, [(person, None, {"token": row["id"]}) for row in ended])


async def organisation_row() -> dict[str, Any]:
    """Its name, its zone and whether it is a demo; as it will be, where it was not made yet."""
    rows = (
        await Organisation.select(Organisation.name, Organisation.zone, Organisation.demo)
        .order_by(Organisation.id)
        .limit(1)
    )
    return rows[0] if rows else {"name": "My organisation", "zone": "UTC", "demo": False}
