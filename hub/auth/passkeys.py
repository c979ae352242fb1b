"""Passkeys (WebAuthn level 3): registered by name, and a whole sign-in by themselves, since the authenticator verifies its person.

Origin and RP id are the settings', to the letter. A challenge is good for five minutes and one answer, from the browser that it was made
for. The counter that an authenticator sends must rise where it has one: a copied key shows by that.
"""

import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import msgspec
import redis.asyncio
from redis.exceptions import RedisError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub import audit
from hub.auth.sealed import hashed
from hub.errors import Invalid, Unavailable
from hub.settings import Settings
from hub.tables import Passkey, Person
from hub.wire.policy import clean

CHALLENGE_S = 5 * 60
CHALLENGE_BYTES = 32
NAME_MAX_CHARACTERS = 80
PASSKEYS_MAX = 20
"""Of one person."""
ID_MAX_BYTES = 1023
"""Of a credential (WebAuthn level 3, 4)."""
REFUSED = "This passkey doesn't work here. Try again, or sign in another way."

Options = dict[str, Any]
"""What `navigator.credentials` is asked with, as JSON: binary parts in base64url."""


class PasskeyRow(msgspec.Struct, frozen=True):
    """A passkey, as its person sees it."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


class Challenges:
    """Challenges that wait for their answers, for all hub processes together. While Redis is away there are none: 503."""

    def __init__(self, client: "redis.asyncio.Redis") -> None:
        self._client = client

    async def make(self, browser: str) -> bytes:
        """A new one, for an answer from this browser. Raises `Unavailable`."""
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        with _away():
            await self._client.set(_key(challenge), _digest(browser), ex=CHALLENGE_S)
        return challenge

    async def take(self, browser: str, challenge: bytes) -> bool:
        """Whether it was made for this browser and never answered before. It is gone then, whatever it was. Raises `Unavailable`."""
        with _away():
            kept = await self._client.getdel(_key(challenge))
        return kept is not None and secrets.compare_digest(kept, _digest(browser).encode())


async def begin_register(challenges: Challenges, settings: Settings, browser: str, person: int) -> Options:
    """What the browser is to make a passkey with. Raises `Invalid` for one too many."""
    row = (await Person.select(Person.email, Person.name).where(Person.id == person))[0]
    await require_room(person)
    known = await Passkey.select(Passkey.credential_id).where(Passkey.person == person)
    options = generate_registration_options(
        rp_id=_rp_id(settings),
        rp_name="Daylight",
        user_name=row["email"],
        user_display_name=row["name"],
        user_id=_handle(settings, person),
        challenge=await challenges.make(f"register {browser}"),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each["credential_id"]) for each in known],
    )
    return _json(options)


async def require_room(person: int) -> None:
    """Raises `Invalid` for one too many."""
    if await Passkey.count().where(Passkey.person == person) >= PASSKEYS_MAX:
        raise Invalid(f"There are {PASSKEYS_MAX} passkeys already. Remove one first.")


async def register(
    challenges: Challenges, settings: Settings, browser: str, person: int, name: str, credential: Options
) -> Passkey:
    """The passkey that was made, not stored yet. Raises `Invalid` for a bad name, and for whatever is wrong with the credential."""
    named = clean(name, NAME_MAX_CHARACTERS + 1)
    if named is None or len(named) > NAME_MAX_CHARACTERS:
        raise Invalid(f"A name has 1 to {NAME_MAX_CHARACTERS} characters.", "name", "name_length", NAME_MAX_CHARACTERS)
    with _parsing():
        parsed = parse_registration_credential_json(credential)
        said = parse_client_data_json(parsed.response.client_data_json)
    if not await challenges.take(f"register {browser}", said.challenge) or said.cross_origin:
        raise Invalid(REFUSED)
    with _parsing():
        made = verify_registration_response(
            credential=parsed,
            expected_challenge=said.challenge,
            expected_rp_id=_rp_id(settings),
            expected_origin=settings.origin,
            require_user_verification=True,
        )
        if len(made.credential_id) > ID_MAX_BYTES:
            raise Invalid(REFUSED)
        return Passkey(
            person=person,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=named,
        )


async def begin_use(challenges: Challenges, settings: Settings, browser: str) -> Options:
    """What the browser is to ask for any passkey with."""
    options = generate_authentication_options(
        rp_id=_rp_id(settings),
        challenge=await challenges.make(f"use {browser}"),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _json(options)


async def use(challenges: Challenges, settings: Settings, browser: str, credential: Options) -> int:
    """The person whose passkey answered. Raises `Invalid`, with a row in the audit that says why, for any other answer."""
    try:
        with _parsing():
            parsed = parse_authentication_credential_json(credential)
            said = parse_client_data_json(parsed.response.client_data_json)
    except Invalid:
        await _refuse("malformed")
    if not await challenges.take(f"use {browser}", said.challenge) or said.cross_origin:
        await _refuse("challenge")
    rows = await Passkey.select().where(Passkey.credential_id == parsed.raw_id)
    if not rows:
        await _refuse("unknown")
    row = rows[0]
    if parsed.response.user_handle != _handle(settings, row["person"]):
        await _refuse("person", row["person"])
    try:
        with _parsing():
            used = verify_authentication_response(
                credential=parsed,
                expected_challenge=said.challenge,
                expected_rp_id=_rp_id(settings),
                expected_origin=settings.origin,
                credential_public_key=row["public_key"],
                credential_current_sign_count=0,  # ours to judge, below
                require_user_verification=True,
            )
    except Invalid:
        await _refuse("proof", row["person"])
    moved = await Passkey.raw(
        "UPDATE passkey SET sign_count = {}, used_at = now() WHERE id = {} AND (sign_count < {} OR (sign_count = 0 AND {} = 0)) "
        "RETURNING id",
        used.new_sign_count,
        row["id"],
        used.new_sign_count,
        used.new_sign_count,
    )
    if not moved:
        await _refuse("counter", row["person"])
    person: int = row["person"]
    return person


async def passkeys_of(person: int) -> list[PasskeyRow]:
    """In the order of their making."""
    rows = (
        await Passkey.select(Passkey.id, Passkey.name, Passkey.created_at, Passkey.used_at)
        .where(Passkey.person == person)
        .order_by(Passkey.id)
    )
    return [PasskeyRow(**row) for row in rows]


Reason = Literal["malformed", "challenge", "unknown", "person", "proof", "counter"]


async def _refuse(reason: Reason, person: int | None = None) -> NoReturn:
    await audit.record("passkey_refused", None, person, reason=reason)
    raise Invalid(REFUSED)


def _rp_id(settings: Settings) -> str:
    return urlsplit(settings.origin).hostname or ""


def _handle(settings: Settings, person: int) -> bytes:
    """What the authenticator keeps of the person (WebAuthn, 14.6.1): the same each time, and telling nothing."""
    return hashed(settings.secret, "passkey", person, "")


def _json(options: Any) -> Options:
    made: Options = json.loads(options_to_json(options))
    return made


def _key(challenge: bytes) -> str:
    return f"daylight:passkey:{hashlib.sha256(challenge).hexdigest()}"


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


@contextlib.contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("Passkeys can't be used at the moment. Try again in a minute.") from error


@contextlib.contextmanager
def _parsing() -> Iterator[None]:
    """Whatever the library makes of a stranger's bytes (its parsers let errors of many kinds through) is a refusal."""
    try:
        yield
    except Exception as error:
        raise Invalid(REFUSED) from error
