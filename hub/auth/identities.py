"""Who somebody is at an OpenID provider: issuer and `sub`, which is never given to another, and not their address, which may be.

An identity is its person's, once they have connected it from their own account, or because it made them a person. An address leads to
nobody: who has it at the provider is not for the provider's word alone who has it here (docs/decisions/0016-who-comes-by-sign-on.md).
"""

from datetime import datetime

from hub import audit, people
from hub.auth.provider import Claims, Refused
from hub.database import transaction
from hub.errors import Invalid
from hub.people.typed import normal_email, normal_name
from hub.tables import Identity, Passkey, Person, Team


async def person_of(issuer: str, claims: Claims) -> int:
    """Whose identity this is. Where it is nobody's and its claim names a team: somebody new in that team. Raises `Refused`."""
    async with transaction() as held:
        await held.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"identity {issuer} {claims.sub}")
        person = await owner_of(issuer, claims.sub)
        if person is None:
            return await _added(issuer, claims)
        if await Person.exists().where(Person.id == person, Person.deactivated_at.is_not_null()):
            raise Refused("nobody", "deactivated", person)
        return person


async def owner_of(issuer: str, sub: str) -> int | None:
    """Whose identity this is; none: nobody's."""
    rows = await Identity.select(Identity.person).where(Identity.issuer == issuer, Identity.sub == sub)
    return rows[0]["person"] if rows else None


async def connect(issuer: str, sub: str, person: int) -> None:
    """Makes the identity this person's. Raises `Refused` when it is another's, or they have another one there."""
    async with transaction():
        added = (
            await Identity.insert(Identity(issuer=issuer, sub=sub, person=person))
            .on_conflict(action="DO NOTHING")
            .returning(Identity.id)
        )
        if added:
            await audit.record("identity_connected", person, person, issuer=issuer)
        elif await owner_of(issuer, sub) != person:
            raise Refused("taken", "identity_of_another")


async def disconnect(issuer: str, person: int) -> None:
    """Ends that the identity opens anything here. Idempotent. Raises `Invalid` for who could not sign in any more."""
    async with transaction():
        await lock(person)
        gone = (
            await Identity.delete().where(Identity.person == person, Identity.issuer == issuer).returning(Identity.id)
        )
        if gone:
            await audit.record("identity_disconnected", person, person, issuer=issuer)
            await require_way_in(person)


async def lock(person: int) -> None:
    """Takes turns with whatever else gives somebody a way in or takes one from them, until the transaction ends."""
    await Person.raw("SELECT FROM person WHERE id = {} FOR NO KEY UPDATE", person)


async def require_way_in(person: int) -> None:
    """Raises `Invalid` for somebody who could not sign in any more. Within the caller's transaction, under `lock`."""
    if not (
        await Person.exists().where(Person.id == person, Person.password_hash.is_not_null())
        or await Passkey.exists().where(Passkey.person == person)
        or await Identity.exists().where(Identity.person == person)
    ):
        raise Invalid("Set a password or a passkey first: without one you could not sign in any more.")


async def connected_since(issuer: str, person: int) -> datetime | None:
    """When they connected an identity of this issuer; none: they have not."""
    rows = await Identity.select(Identity.created_at).where(Identity.person == person, Identity.issuer == issuer)
    return rows[0]["created_at"] if rows else None


async def _added(issuer: str, claims: Claims) -> int:
    if claims.email is None:
        raise Refused("nobody", "no_verified_address")
    try:
        email = normal_email(claims.email)
    except Invalid:
        raise Refused("nobody", "no_usable_address") from None
    rows = await Person.select(Person.id, Person.deactivated_at).where(Person.email == email)
    if rows:
        gone = rows[0]["deactivated_at"] is not None
        raise Refused("nobody" if gone else "known", "deactivated" if gone else "address_of_somebody", rows[0]["id"])
    team = await _team_of(claims.teams)
    if team is None:
        raise Refused("nobody", "no_team")
    try:
        name = normal_name(claims.name or "")
    except Invalid:
        name = email.partition("@")[0]
    try:
        person = await people.insert_person(email, name, team=team)
    except Invalid:
        raise Refused("known", "address_of_somebody") from None
    await Identity.insert(Identity(issuer=issuer, sub=claims.sub, person=person))
    await audit.record("identity_connected", person, person, issuer=issuer, added=True)
    return person


async def _team_of(named: tuple[str, ...]) -> int | None:
    """The first of these that is a team, by its path below the root (`Payments / API`, also `/Payments/API`) or, where only one is
    called so, its name."""
    teams = await Team.select(Team.id, Team.name, Team.parent).where(Team.removed_at.is_null()).order_by(Team.id)
    root = next((team["id"] for team in teams if team["parent"] is None), None)
    for each in named:
        at: int | None = root
        for name in each.strip().removeprefix("/").split("/"):
            at = next((team["id"] for team in teams if team["parent"] == at and team["name"] == name.strip()), None)
            if at is None:
                break
        if at is not None:
            return at
        called = [team["id"] for team in teams if team["name"] == each.strip()]
        if len(called) == 1:
            return int(called[0])
    return None
