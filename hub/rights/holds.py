"""Legal holds: while one stands, nothing of somebody's is deleted, neither by erasing them nor by retention. Each with a reason, which the
person reads: nothing here is kept from those whom it is about."""

import asyncpg

from hub import audit, subject_keys
from hub.database import transaction
from hub.errors import Conflict, NotFound
from hub.people import ID_MAX
from hub.rights.requests import words

NOT_HELD = "This person is not under a legal hold."


async def put(person: int, reason: str, by: int) -> None:
    """Sets a hold. Raises `Invalid` without a reason, `NotFound`, and `Conflict` where one stands already."""
    said = words(reason, "reason", needed=True)
    async with transaction() as held:
        here = "SELECT id FROM person WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE"
        if not 0 < person <= ID_MAX or await held.fetchval(here, person) is None:
            raise NotFound("There is no such person.")
        try:
            await held.execute("INSERT INTO legal_hold (person, set_by, reason) VALUES ($1, $2, $3)", person, by, said)
        except asyncpg.UniqueViolationError:
            raise Conflict("This person is under a legal hold already.") from None
        await audit.record("hold_set", by, person, **await subject_keys.sealed(held, person, why=said))


async def lift(person: int, reason: str, by: int) -> None:
    """Lifts the hold. Raises `Invalid` without a reason, and `NotFound` where none stands."""
    said = words(reason, "reason", needed=True)
    async with transaction() as held:
        lifted = await held.fetchval(
            "UPDATE legal_hold SET lifted_at = now(), lifted_by = $2, lifted_reason = $3 "
            "WHERE person = $1 AND lifted_at IS NULL RETURNING id",
            person, by, said,
        )  # fmt: skip
        if lifted is None:
            raise NotFound(NOT_HELD)
        await audit.record("hold_lifted", by, person, **await subject_keys.sealed(held, person, why=said))
