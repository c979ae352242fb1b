"""What somebody can show beside their password, and how often they may try.

Five wrong codes in a row, then each further try only after a wait that doubles. The tries lie in PostgreSQL and are taken before a code is
looked at, so that neither many at once nor a Redis that is away give a guesser more of them.
"""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from hub import audit, people
from hub.auth import recovery, totp
from hub.auth.access import load_viewer
from hub.database import transaction
from hub.errors import Conflict, Invalid, TooMany
from hub.tables import FactorTries, Organisation, Passkey, RecoveryCode, TotpFactor

Kind = Literal["totp", "passkey", "recovery"]
FactorRole = Literal["employee", "manager", "admin", "auditor", "representative"]
FREE_TRIES = 5
FIRST_WAIT_S = 30
WAIT_MAX_S = 3600
"""24 tries a day, each for 3 of a million codes: whoever has the password hits one in a year with 2.6 %. Who has it too is let in by a
recovery code or a passkey no sooner: all share the tries."""


CHANGED = "Somebody else has changed these settings meanwhile. Look at what they are now, then save again."


class Required(msgspec.Struct, frozen=True):
    """The roles whose holders must have a second factor; `employee` is everybody. `version` is that of the organisation's settings."""

    roles: list[FactorRole]
    version: int


async def kinds_of(person: int) -> list[Kind]:
    """What their second step may be answered with; empty for whoever has no factor."""
    rows = await TotpFactor.raw(
        "SELECT EXISTS (SELECT FROM totp_factor WHERE person = {} AND confirmed_at IS NOT NULL) AS totp, "
        "EXISTS (SELECT FROM passkey WHERE person = {}) AS passkey",
        person,
        person,
    )
    kinds: list[Kind] = [kind for kind in ("totp", "passkey") if rows[0][kind]]
    return [*kinds, "recovery"] if kinds else []


async def after_removal(person: int) -> None:
    """Recovery codes go with the last factor that they stand in for. Within the caller's transaction.

    Raises `Invalid` when somebody whose role must have a factor would have none.
    """
    if await kinds_of(person):
        return
    viewer = await load_viewer(person)
    if viewer is not None and viewer.factor_wanted:
        raise Invalid("Your role needs a second factor. Set up another one first, then remove this.")
    await RecoveryCode.delete().where(RecoveryCode.person == person)


async def reset(person: int, by: int) -> None:
    """Takes away all that somebody has lost: authenticator, passkeys, recovery codes, and the wait after wrong codes. Their sign-ins,
    tokens and sockets end. With the next one they set up a new factor, if their role must have one. Idempotent."""
    async with transaction() as held:
        kinds = await kinds_of(person)
        for table in (TotpFactor, Passkey, RecoveryCode, FactorTries):
            await table.delete().where(table.person == person)
        if kinds:
            await held.execute("UPDATE person SET access_version = access_version + 1 WHERE id = $1", person)
            await people.end_sign_ins(person, by)
            await audit.record("factors_reset", by, person, kinds=" ".join(kinds))


async def required() -> Required:
    """Whose roles must have a factor."""
    asked = Organisation.select(Organisation.factor_roles, Organisation.version).order_by(Organisation.id).limit(1)
    row = (await asked)[0]
    return Required(row["factor_roles"], row["version"])


async def require_of(wanted: Required, by: int) -> Required:
    """Sets it. Whoever holds such a role and has no factor can do nothing from now on but set one up; their live sockets close. Raises
    `Conflict` when `wanted` was filled in over an older version."""
    roles: list[FactorRole] = [role for role in get_args(FactorRole) if role in wanted.roles]
    async with transaction() as held:
        row = await held.fetchrow("SELECT id, factor_roles, version FROM organisation ORDER BY id LIMIT 1 FOR UPDATE")
        version: int = row["version"]
        if row["factor_roles"] != roles:
            if version != wanted.version:
                raise Conflict(CHANGED)
            version += 1
            await held.execute(
                "UPDATE organisation SET factor_roles = $2, version = $3 WHERE id = $1", row["id"], roles, version
            )
            await held.execute(
                "UPDATE person SET access_version = access_version + 1 WHERE 'employee' = ANY($1) "
                "OR EXISTS (SELECT FROM role WHERE role.person = person.id AND role.role = ANY($1))",
                roles,
            )
            await audit.record("factors_required", by, changed={"roles": audit.Changed(row["factor_roles"], roles)})
    return Required(roles, version)


async def take_code(secret: str, person: int, code: str, now: datetime) -> None:
    """Takes a code of the authenticator, or a recovery code. Raises `Invalid` when it is wrong or was taken before, and `TooMany`."""
    await _take_try(person)
    typed = "".join(code.split())
    if typed.isdecimal() and len(typed) == totp.DIGITS:
        refused = await totp.use(secret, person, typed, now)
    else:
        refused = await recovery.use(secret, person, typed)
    if refused is not None:
        await audit.record("second_step_refused", person, person, reason=refused)
        raise Invalid(totp.WRONG_CODE, "code")
    await FactorTries.delete().where(FactorTries.person == person)


async def _take_try(person: int) -> None:
    """Counts a try before it is made: of those that come at once, no more get through than are left."""
    taken = await FactorTries.raw(_TAKE, person, FREE_TRIES, FIRST_WAIT_S, FREE_TRIES, WAIT_MAX_S)
    if taken:
        return
    rows = await FactorTries.raw(
        "SELECT ceil(extract(epoch FROM wait_until_at - now()))::int AS wait_s FROM factor_tries WHERE person = {}",
        person,
    )
    await audit.record("second_step_refused", person, person, reason="waiting")
    raise TooMany(
        "Too many wrong codes. Wait a little, then try again.", max(1, (rows[0]["wait_s"] or 1) if rows else 1)
    )


# The fifth begins the wait for the sixth, and each after it doubles that.
_TAKE = """
    INSERT INTO factor_tries AS held (person, tries) VALUES ({}, 1)
    ON CONFLICT (person) DO UPDATE SET tries = held.tries + 1, wait_until_at = CASE WHEN held.tries + 1 >= {} THEN
        now() + least({} * 2.0 ^ least(held.tries + 1 - {}, 20), {}) * interval '1 second' END
    WHERE held.wait_until_at IS NULL OR held.wait_until_at <= now()
    RETURNING tries
"""
