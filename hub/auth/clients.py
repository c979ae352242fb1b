"""API clients: programs that act for the organisation, not for a person. OAuth 2.0 client credentials (RFC 6749, 4.4).

A client trades its id and one of its secrets for a token that serves `TOKEN_S` and is signed, not kept (RFC 9068). Every use asks what the
client is now: disabled, it and its tokens are worthless at once. It may what its scopes say, in the teams that an admin named and what
lies under them, and nothing else. A secret has 256 random bits, so a plain hash is kept; a new one leaves the old one a day.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hub import audit
from hub.auth import sealed
from hub.auth.access import Viewer
from hub.auth.limits import Limits
from hub.auth.tokens import SECRET_BYTES, WORTHLESS, Name, Scope, Scopes, hashed, normal_name
from hub.database import transaction
from hub.errors import Conflict, Invalid, NotFound, Unauthorised
from hub.settings import Settings
from hub.tables import ApiClient, ClientSecret, Team

PREFIX = "dls_"
TOKEN_S = 15 * 60
ALGORITHM = "HS256"
KIND = "at+jwt"
"""RFC 9068, 2.1: an access token, and no other kind of signed thing."""
ROTATION = timedelta(days=1)
"""For so long after a new secret was made the one before it serves as well."""
TEAMS_MAX = 200
NO_CLIENT = "There is no such client."
REFUSED = "This client is unknown, disabled, or the secret is not one of its own."
_ID_MAX = 2**31 - 1


class ClientForm(msgspec.Struct, frozen=True):
    """A client as an admin names it. It may what `scopes` say in these teams and in what lies under them."""

    name: Name
    scopes: Scopes
    teams: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=_ID_MAX)]], msgspec.Meta(min_length=1, max_length=TEAMS_MAX)
    ]


class ClientChange(ClientForm, frozen=True):
    """A client as an admin names it anew, as filled in over `version`."""

    version: int


class NamedTeam(msgspec.Struct, frozen=True):
    id: int
    name: str


class SecretRow(msgspec.Struct, frozen=True):
    """A secret that serves. `ends_with` are its last characters; with `ends_at`, a newer one takes its place."""

    ends_with: str
    created_at: datetime
    ends_at: datetime | None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as admins see it. `client_id` is what it calls itself."""

    id: int
    client_id: UUID
    name: str
    scopes: list[Scope]
    teams: list[NamedTeam]
    secrets: list[SecretRow]
    created_at: datetime
    last_used_at: datetime | None
    disabled_at: datetime | None
    version: int


class NewSecret(msgspec.Struct, frozen=True):
    """`secret` is shown this once."""

    client: Client
    secret: str


class Issued(msgspec.Struct, frozen=True):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    """Seconds."""
    scope: str


class Refused(Exception):
    """What an OAuth client is told (RFC 6749, 5.2). `error` is one of the codes there."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


async def make(form: ClientForm, by: int) -> NewSecret:
    """A new client and its first secret. Raises `Invalid`."""
    async with transaction():
        row = ApiClient(uid=uuid4(), **await _normal(form), created_by=by)
        await ApiClient.insert(row)
        await audit.record("client_made", by, client=row.id, **_said(form))
        secret = await _add_secret(row.id)
    return NewSecret(await read(row.id), secret)


async def change(client: int, form: ClientChange, by: int) -> Client:
    """Names anew what a client may; its tokens go by it from now on. Raises `Invalid`, `NotFound` for one that is disabled, and `Conflict`
    when `form` was filled in over an older version."""
    async with transaction():
        await _lock(client)
        wanted = await _normal(form)
        row = (await ApiClient.select().where(ApiClient.id == client))[0]
        if all(row[field] == value for field, value in wanted.items()):
            return await read(client)
        if row["version"] != form.version:
            raise Conflict("Somebody else has changed this client meanwhile. Look at what it is now, then save again.")
        await ApiClient.update(
            {
                ApiClient.name: wanted["name"],
                ApiClient.scopes: wanted["scopes"],
                ApiClient.teams: wanted["teams"],
                ApiClient.version: form.version + 1,
            }
        ).where(ApiClient.id == client)
        await audit.record("client_changed", by, client=client, **_said(form))
    return await read(client)


async def rotate(client: int, by: int) -> NewSecret:
    """A new secret. The one before it serves for `ROTATION` more, any older one no longer. Raises `NotFound`."""
    async with transaction() as held:
        await _lock(client)
        await held.execute(
            """
            UPDATE client_secret SET ends_at = CASE WHEN ends_at IS NULL THEN now() + $2::interval ELSE now() END
            WHERE client = $1 AND (ends_at IS NULL OR ends_at > now())
            """,
            client,
            ROTATION,
        )
        secret = await _add_secret(client)
        await audit.record("client_secret_made", by, client=client)
    return NewSecret(await read(client), secret)


async def disable(client: int, by: int) -> None:
    """Ends a client for good, with its secrets and its tokens, at once. Idempotent. Raises `NotFound`."""
    await _require(client)
    async with transaction() as held:
        done = await held.execute(
            "UPDATE api_client SET disabled_at = now() WHERE id = $1 AND disabled_at IS NULL", client
        )
        if done != "UPDATE 0":
            await audit.record("client_disabled", by, client=client)


async def every() -> list[Client]:
    """All of them: those that serve first, then by name."""
    rows = await ApiClient.raw(f"{_CLIENTS} ORDER BY disabled_at IS NOT NULL, lower(name), id")
    return [_client(row) for row in rows]


async def read(client: int) -> Client:
    """One client. Raises `NotFound`."""
    rows = await ApiClient.raw(f"{_CLIENTS} WHERE id = {{}}", client)
    if not rows:
        raise NotFound(NO_CLIENT)
    return _client(rows[0])


# --- tokens


async def issue(
    settings: Settings, limits: Limits, address: str, client_id: str, secret: str, scope: str | None, at: datetime
) -> Issued:
    """A token for a client that proves who it is by a secret. Raises `Refused`, `TooMany` and `Unavailable`."""
    async with limits.trying_a_code(address, "secret"):
        rows = await ApiClient.raw(_PROVED, _uid(client_id), hashed(secret))
        if not rows or not rows[0]["proved"]:
            if rows:
                await audit.record("client_refused", None, client=rows[0]["id"])
            await limits.count_wrong_code(address, "secret")
            raise Refused("invalid_client", REFUSED)
    row = rows[0]
    wanted = set(row["scopes"] if scope is None else scope.split())
    if not wanted or not wanted <= set(row["scopes"]):
        raise Refused("invalid_scope", "This client has no such scope.")
    scopes = " ".join(sorted(wanted))
    async with transaction() as held:
        await held.execute("UPDATE api_client SET last_used_at = now() WHERE id = $1", row["id"])
        await audit.record("client_token", None, client=row["id"], scopes=scopes)
    return Issued(sign(settings, str(row["uid"]), scopes, at), "Bearer", TOKEN_S, scopes)


def sign(settings: Settings, client_id: str, scope: str, at: datetime) -> str:
    """A token of this client, from `at` on."""
    claims = {
        "iss": settings.origin,
        "aud": _audience(settings),
        "sub": client_id,
        "client_id": client_id,
        "scope": scope,
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + TOKEN_S,
        "jti": str(uuid4()),
    }
    return jwt.encode({"alg": ALGORITHM, "typ": KIND}, claims, _key(settings), algorithms=[ALGORITHM])


async def viewer_of(settings: Settings, token: str, at: datetime) -> Viewer:
    """The client that a token was made for, as it is now, with no more scopes than the token has. Raises `Unauthorised`."""
    try:
        read = jwt.decode(token, _key(settings), algorithms=[ALGORITHM])
        jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=0,
            iss={"essential": True, "value": settings.origin},
            aud={"essential": True, "value": _audience(settings)},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
            scope={"essential": True},
        ).validate(read.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise Unauthorised(WORTHLESS) from error
    claims: dict[str, Any] = read.claims
    rows = await ApiClient.raw(_VIEWER, _uid(str(claims.get("sub"))))
    if read.header.get("typ") != KIND or not rows:
        raise Unauthorised(WORTHLESS)
    return Viewer(
        person=0,
        client=rows[0]["id"],
        access_version=0,
        managed=frozenset(rows[0]["managed"]),
        scopes=frozenset(str(claims["scope"]).split()) & frozenset(rows[0]["scopes"]),
    )


def _key(settings: Settings) -> OctKey:
    return OctKey.import_key(sealed.key(settings.secret, "access token"))


def _audience(settings: Settings) -> str:
    return f"{settings.origin}/api"


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nobody's


# --- rows


async def _normal(form: ClientForm) -> dict[str, Any]:
    teams = sorted(set(form.teams))
    if await Team.count().where(Team.id.is_in(teams), Team.removed_at.is_null()) != len(teams):
        raise Invalid("There is no such team.", "teams")
    return {"name": normal_name(form.name), "scopes": sorted(set(form.scopes)), "teams": teams}


def _said(form: ClientForm) -> dict[str, Any]:
    return {"scopes": " ".join(sorted(set(form.scopes))), "teams": " ".join(map(str, sorted(set(form.teams))))}


async def _add_secret(client: int) -> str:
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    await ClientSecret.insert(ClientSecret(client=client, hashed=hashed(secret), ends_with=secret[-4:]))
    return secret


async def _require(client: int) -> None:
    if not (0 < client <= _ID_MAX and await ApiClient.exists().where(ApiClient.id == client)):
        raise NotFound(NO_CLIENT)


async def _lock(client: int) -> None:
    await _require(client)
    rows = await ApiClient.raw("SELECT id FROM api_client WHERE id = {} AND disabled_at IS NULL FOR UPDATE", client)
    if not rows:
        raise NotFound(NO_CLIENT)


def _client(row: dict[str, Any]) -> Client:
    return msgspec.convert(
        {
            **row,
            "client_id": str(row["client_id"]),
            "teams": msgspec.json.decode(row["teams"]),
            "secrets": msgspec.json.decode(row["secrets"]),
        },
        Client,
    )


# A row each, with the teams and the secrets that serve.
_CLIENTS = """
    SELECT id, uid AS client_id, name, scopes, created_at, last_used_at, disabled_at, version,
        (SELECT coalesce(json_agg(json_build_object('id', team.id, 'name', team.name) ORDER BY team.name), '[]')
            FROM team WHERE team.id = ANY(api_client.teams))::text AS teams,
        (SELECT coalesce(json_agg(
                json_build_object('ends_with', ends_with, 'created_at', created_at, 'ends_at', ends_at) ORDER BY id DESC), '[]')
            FROM client_secret secret WHERE secret.client = api_client.id AND api_client.disabled_at IS NULL
                AND (ends_at IS NULL OR ends_at > now()))::text AS secrets
    FROM api_client
"""
# Whether one of the secrets that serve has this hash.
_PROVED = """
    SELECT api_client.id, uid, scopes, disabled_at IS NULL AND EXISTS (
        SELECT FROM client_secret secret
        WHERE secret.client = api_client.id AND (ends_at IS NULL OR ends_at > now()) AND secret.hashed = asked.hashed
    ) AS proved
    FROM (SELECT {}::uuid AS uid, {}::bytea AS hashed) AS asked JOIN api_client USING (uid)
"""
_VIEWER = """
    WITH RECURSIVE asked AS (SELECT id, scopes, teams FROM api_client WHERE uid = {} AND disabled_at IS NULL),
    managed(id) AS (
        SELECT unnest(teams) FROM asked UNION SELECT team.id FROM team JOIN managed ON team.parent = managed.id
    )
    SELECT id, scopes, ARRAY(SELECT id FROM managed) AS managed FROM asked
"""
