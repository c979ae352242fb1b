"""Codes of an authenticator (RFC 6238: SHA-1, six digits, 30 s): set up with a confirming code, and each taken once.

The secret is sealed in the table. The time step of the last code is kept, and moved by a conditional update: a code that was taken is
refused from then on, however many send it at once (RFC 6238, 5.2).
"""

import hmac
from datetime import datetime
from typing import Literal

import msgspec
import pyotp
import segno
from cryptography.exceptions import InvalidTag

from hub import audit
from hub.auth.sealed import seal, unseal
from hub.errors import Invalid
from hub.tables import Organisation, Person, TotpFactor

STEP_S = 30
DIGITS = 6
STEPS_AROUND = (0, -1, 1)
"""A phone's clock may be off by half a minute, and people type for as long (RFC 6238, 5.2)."""
PURPOSE = "totp"
ISSUER_MAX_CHARACTERS = 60
"""Of what an authenticator shows as ours: with more, of some alphabets (up to twelve bytes each, twice), no QR code holds it."""
WRONG_CODE = "This code doesn't match. Codes change every 30 seconds, and each serves once."

Refused = Literal["wrong", "replayed"]


class Setup(msgspec.Struct, frozen=True):
    """A secret for an authenticator: as a picture of a QR code (a data address), and to type."""

    qr: str
    secret: str


async def begin(secret: str, person: int) -> Setup:
    """A new secret, which counts only once a code of it has confirmed it; one that waited for that is replaced.

    `secret` is the deployment's. Raises `Invalid` while an authenticator is set up.
    """
    made = pyotp.random_base32()
    sealed = seal(secret, PURPOSE, person, made.encode())
    rows = await TotpFactor.raw(
        "INSERT INTO totp_factor AS held (person, sealed) VALUES ({}, {}) "
        "ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, created_at = now() "
        "WHERE held.confirmed_at IS NULL RETURNING id",
        person,
        sealed,
    )
    if not rows:
        raise Invalid("An authenticator is set up already. Remove it first.")
    email = (await Person.select(Person.email).where(Person.id == person))[0]["email"]
    organisation = (await Organisation.select(Organisation.name).limit(1))[0]["name"]
    address = pyotp.TOTP(made, digits=DIGITS, interval=STEP_S).provisioning_uri(
        name=email, issuer_name=f"Daylight {organisation}"[:ISSUER_MAX_CHARACTERS]
    )
    picture = segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=4, light="#fff")
    return Setup(picture, made)


async def confirm(secret: str, person: int, code: str, now: datetime) -> None:
    """Sets the authenticator up for good, within the caller's transaction. Raises `Invalid` for a wrong code, or when none waits."""
    waiting = await TotpFactor.select(TotpFactor.sealed).where(
        TotpFactor.person == person, TotpFactor.confirmed_at.is_null()
    )
    if not waiting:
        raise Invalid("There is no authenticator to confirm. Begin again.", "code")
    sealed = waiting[0]["sealed"]
    step = _step_of(_opened(secret, person, sealed), code, now)
    confirmed = step is not None and await TotpFactor.raw(
        "UPDATE totp_factor SET confirmed_at = {}, last_step = {} WHERE person = {} AND sealed = {} AND confirmed_at IS NULL "
        "RETURNING id",
        now,
        step,
        person,
        sealed,
    )
    if not confirmed:
        raise Invalid(WRONG_CODE, "code")
    await audit.record("factor_added", person, person, kind="totp")


async def use(secret: str, person: int, code: str, now: datetime) -> Refused | None:
    """Takes a code: `None` when it is right, and was never taken before."""
    rows = await TotpFactor.select(TotpFactor.sealed).where(
        TotpFactor.person == person, TotpFactor.confirmed_at.is_not_null()
    )
    step = _step_of(_opened(secret, person, rows[0]["sealed"]), code, now) if rows else None
    if step is None:
        return "wrong"
    moved = await TotpFactor.raw(
        "UPDATE totp_factor SET last_step = {} WHERE person = {} AND last_step < {} AND confirmed_at IS NOT NULL RETURNING id",
        step,
        person,
        step,
    )
    return None if moved else "replayed"


async def remove(person: int) -> None:
    """Takes the authenticator away, within the caller's transaction. Idempotent."""
    if await TotpFactor.raw(
        "DELETE FROM totp_factor WHERE person = {} AND confirmed_at IS NOT NULL RETURNING id", person
    ):
        await audit.record("factor_removed", person, person, kind="totp")


def _opened(secret: str, person: int, sealed: bytes) -> str:
    try:
        return unseal(secret, PURPOSE, person, sealed).decode()
    except InvalidTag:
        raise Invalid("This authenticator can't be read any more. Sign in with a recovery code.", "code") from None


def _step_of(made: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, of those around now. As long for a wrong one as for the last of them."""
    current = int(now.timestamp()) // STEP_S
    otp = pyotp.TOTP(made, digits=DIGITS, interval=STEP_S)
    found = None
    for around in STEPS_AROUND:
        if hmac.compare_digest(otp.generate_otp(current + around).encode(), code.encode()):
            found = current + around
    return found
