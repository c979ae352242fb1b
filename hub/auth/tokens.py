"""Bearer tokens of people (RFC 6750): made by themselves for programs of theirs, with fewer rights than they have and for a while only.

A token has 256 random bits, so a plain hash of it is kept, and it is shown once. What it may is what its person may at that moment, as far
as its scopes go; it ends with them. Tokens of API clients are another kind: see `clients.py`.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

import msgspec
from litestar.connection import ASGIConnection

from hub import audit
from hub.auth.access import Viewer, load_viewer
from hub.database import transaction
from hub.errors import Invalid, NotFound, Unauthorised
from hub.tables import Person, PersonalToken
from hub.wire.policy import clean

Scope = Literal["teams:read", "people:read", "activity:read"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "dlp_"
"""By which a leaked one is known as ours, and told from a client's."""
SECRET_BYTES = 32
DAYS_MAX = 366
TOKENS_MAX = 50
"""Of one person that still serve."""
NAME_MAX_CHARACTERS = 80
USED_EVERY_S = 60
WORTHLESS = "This token is not one of ours, has expired, or was revoked."
NONE_SUCH = "There is no such token."
_ID_MAX = 2**31 - 1

Name = Annotated[str, msgspec.Meta(max_length=1000)]
Scopes = Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=len(SCOPES))]


class TokenForm(msgspec.Struct, frozen=True):
    """A token to make."""

    name: Name
    scopes: Scopes
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
    """For how long it serves."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its person sees it again. `ends_with` are its last characters."""

    id: int
    name: str
    ends_with: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(msgspec.Struct, frozen=True):
    """`secret` is shown this once."""

    token: Token
    secret: str


def presented(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The bearer token of a request (RFC 6750, 2.1), and none of any other kind."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def hashed(secret: str) -> bytes:
    """What is kept of a secret with 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def normal_name(name: str) -> str:
    """As people write it, without what can't be seen. Raises `Invalid`."""
    cleaned = clean(name, NAME_MAX_CHARACTERS + 1)
    if cleaned is None or len(cleaned) > NAME_MAX_CHARACTERS:
        raise Invalid(f"A name has 1 to {NAME_MAX_CHARACTERS} characters.", "name", "name_length", NAME_MAX_CHARACTERS)
    return cleaned


async def make(person: int, form: TokenForm) -> NewToken:
    """A new token of this person. Raises `Invalid` for a name that is unusable, and for one too many."""
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    async with transaction() as held:
        # Whoever makes two at once takes turns with themselves, so that the count holds.
        await held.execute("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE", person)
        serving = "SELECT count(*) FROM personal_token WHERE person = $1 AND revoked_at IS NULL AND expires_at > now()"
        if await held.fetchval(serving, person) >= TOKENS_MAX:
            raise Invalid(f"You have {TOKENS_MAX} tokens, which is as many as there can be. Revoke one first.")
        row = PersonalToken(
            person=person,
            name=normal_name(form.name),
            hashed=hashed(secret),
            ends_with=secret[-4:],
            scopes=sorted(set(form.scopes)),
            expires_at=datetime.now(UTC) + timedelta(days=form.days),
        )
        await PersonalToken.insert(row)
        await audit.record("token_made", person, person, token=row.id, scopes=" ".join(row.scopes))
    made = next(token for token in await tokens_of(person) if token.id == row.id)
    return NewToken(made, secret)


async def tokens_of(person: int) -> list[Token]:
    """Theirs, newest first."""
    rows = await PersonalToken.raw(
        """
        SELECT id, name, ends_with, scopes, created_at, expires_at, last_used_at, revoked_at
        FROM personal_token WHERE person = {} ORDER BY id DESC
        """,
        person,
    )
    return [Token(**row) for row in rows]


async def owner_of(token: int) -> int:
    """Whose token it is. Raises `NotFound`."""
    rows: list[dict[str, Any]] = []
    if 0 < token <= _ID_MAX:
        rows = await PersonalToken.select(PersonalToken.person).where(PersonalToken.id == token)
    if not rows:
        raise NotFound(NONE_SUCH)
    owner: int = rows[0]["person"]
    return owner


async def revoke(token: int, by: int) -> None:
    """Ends a token for good, at once. Idempotent."""
    async with transaction() as held:
        person = await held.fetchval(
            "UPDATE personal_token SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING person", token
        )
        if person is not None:
            await audit.record("token_revoked", by, person, token=token)


async def viewer_of(secret: str) -> Viewer:
    """Its person, with no more rights than the token has. Raises `Unauthorised`."""
    rows = await Person.raw(_SERVING, hashed(secret))
    viewer = await load_viewer(rows[0]["person"]) if rows else None
    if viewer is None or not viewer.active:
        raise Unauthorised(WORTHLESS)
    await Person.raw(_USED, rows[0]["id"], timedelta(seconds=USED_EVERY_S))
    return msgspec.structs.replace(viewer, scopes=frozenset(rows[0]["scopes"]))


_SERVING = """
    SELECT id, person, scopes FROM personal_token WHERE hashed = {} AND revoked_at IS NULL AND expires_at > now()
"""
_USED = """
    UPDATE personal_token SET last_used_at = now() WHERE id = {} AND (last_used_at IS NULL OR last_used_at < now() - {}::interval)
"""
