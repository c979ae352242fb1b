"""Recovery codes: ten for the day when the phone is gone. Shown once, kept as keyed hashes, each taken once.

A new set takes the place of the old one. However many send the same code at once, a conditional update lets one of them in.
"""

import secrets

from hub import audit
from hub.auth.enrolment import ALPHABET, plain_code
from hub.auth.sealed import hashed
from hub.auth.totp import Refused
from hub.database import transaction
from hub.tables import RecoveryCode

CODES = 10
CHARACTERS = 12
"""Of 5 bits each: 60 bits behind the tries of `factors.py`."""
PURPOSE = "recovery"


async def make(secret: str, person: int) -> list[str]:
    """A new set, as in ABCD-EFGH-JKMN, within the caller's transaction; no code of an older one serves any more."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS)) for _ in range(CODES)]
    await RecoveryCode.raw("DELETE FROM recovery_code WHERE person = {}", person)
    await RecoveryCode.insert(
        *(RecoveryCode(person=person, code_hash=hashed(secret, PURPOSE, person, code)) for code in codes)
    )
    await audit.record("recovery_codes_made", person, person)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


async def use(secret: str, person: int, code: str) -> Refused | None:
    """Takes a code, with or without its hyphens: `None` when it is right, and was never taken before."""
    code_hash = hashed(secret, PURPOSE, person, plain_code(code))
    async with transaction() as held:
        taken = await held.fetchval(
            "UPDATE recovery_code SET used_at = now() WHERE person = $1 AND code_hash = $2 AND used_at IS NULL RETURNING id",
            person,
            code_hash,
        )
        if taken is not None:
            await audit.record("recovery_code_used", person, person)
            return None
        known = await held.fetchval(
            "SELECT id FROM recovery_code WHERE person = $1 AND code_hash = $2", person, code_hash
        )
    return "wrong" if known is None else "replayed"


async def left(person: int) -> int:
    """How many may still be used."""
    count: int = await RecoveryCode.count().where(RecoveryCode.person == person, RecoveryCode.used_at.is_null())
    return count
