"""Signing in through an OpenID provider: authorization code with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9700).

The same way leads to a session, to connecting who one is there with one's account, and to a fresh proof. What is under way lies in Redis
for ten minutes, is taken out by the first who comes back with it, and belongs to the browser that began. Fails closed: while the
provider or Redis is away nobody signs in by it, and everybody by their other ways.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import redis.asyncio
import structlog
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.response import Redirect
from redis.exceptions import RedisError

from hub import audit
from hub.auth import identities, login
from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.auth.provider import CALLBACK, LEEWAY_S, Failure, Provider, Refused
from hub.errors import NotFound, TooMany, Unauthorised, Unavailable
from hub.settings import Settings
from hub.tables import SignIn

UNDER_WAY_S = 600
"""From the button to the way back: a provider may ask for a password, a second factor and consent."""
NEXT_MAX_CHARACTERS = 2000
AWAY = "The provider can't be reached at the moment. Try again in a minute, or sign in another way."
NO_PROVIDER = "There is no provider to sign in through."
_KEPT = "daylight:sign-on:"

Call = Request[None, None, State]

log = structlog.get_logger("hub.sign_on")


class Ways(msgspec.Struct, frozen=True):
    """Other ways to sign in than a password. `oidc`: what the provider is called on the button; none: there is none."""

    oidc: str | None


class NextForm(msgspec.Struct, frozen=True):
    """The address of the application's own to come back to: a path, with what follows it."""

    next: Annotated[str, msgspec.Meta(max_length=NEXT_MAX_CHARACTERS)] = "/"


class Leave(msgspec.Struct, frozen=True):
    """The provider's address, for the browser to go to."""

    address: str


class UnderWay(msgspec.Struct, frozen=True):
    """What has begun, and for what."""

    act: Literal["sign_in", "connect", "prove"]
    browser: str
    """Hash of what tells the browser from others."""
    nonce: str
    verifier: str
    next: str
    begun_at: int
    """Seconds since 1970."""
    sign_in: UUID | None
    """Of the session that it goes on in; none: it is to become one."""


class SignOn:
    """What is under way, for all hub processes together, and the provider."""

    def __init__(self, settings: Settings, client: "redis.asyncio.Redis") -> None:
        self.provider = Provider(settings)
        self._redis = client

    async def begin(
        self, request: Call, act: Literal["sign_in", "connect", "prove"], next_: str, sign_in: UUID | None = None
    ) -> Leave:
        """Raises `NotFound` where there is no provider, and `Unavailable`."""
        if self.provider.name is None:
            raise NotFound(NO_PROVIDER)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        browser = _hashed(login.browser_of(request) or "")
        under_way = UnderWay(act, browser, nonce, verifier, safe_next(next_), int(time.time()), sign_in)
        try:
            address = await self.provider.authorization_address(state, nonce, verifier, anew=act != "sign_in")
            await self._ask(self._redis.set(_KEPT + _hashed(state), msgspec.json.encode(under_way), ex=UNDER_WAY_S))
        except Refused as error:
            log.warning("sign_on_failed", reason=error.reason)
            raise Unavailable(AWAY) from None
        return Leave(address)

    async def take(self, browser: str | None, state: str) -> UnderWay:
        """What was begun under this state in this browser, once only. Raises `Refused`."""
        kept = await self._ask(self._redis.getdel(_KEPT + _hashed(state)))
        if kept is None:
            raise Refused("expired", "state_unknown")
        under_way = msgspec.json.decode(kept, type=UnderWay)
        if browser is None or not hmac.compare_digest(under_way.browser, _hashed(browser)):
            raise Refused("expired", "state_of_another_browser")
        return under_way

    async def _ask(self, doing: Awaitable[Any]) -> Any:
        try:
            return await doing
        except (RedisError, OSError, TimeoutError):
            raise Refused("away", "redis_away") from None


def safe_next(given: str) -> str:
    """An address of the application's own to go on to: a path, or the beginning where it is anything else."""
    good = (
        given.startswith("/")
        and not given.startswith(("//", "/api/", "/agent/"))
        and given.isascii()
        and given.isprintable()
        and "\\" not in given
        and " " not in given
    )
    return given if good else "/"


@get("/api/sign-on", summary="Other ways to sign in than a password")
async def list_ways(sign_on: NamedDependency[SignOn]) -> Ways:
    return Ways(sign_on.provider.name)


@post("/api/sign-on", summary="Begin to sign in through the provider", status_code=200)
async def begin_sign_on(
    request: Call, data: JSONBody[NextForm], sign_on: NamedDependency[SignOn], limits: NamedDependency[Limits]
) -> Leave:
    await limits.count_leaving(login.address_of(request))
    return await sign_on.begin(request, "sign_in", data.next)


@post("/api/session/proof/sign-on", summary="Begin to prove anew who sits here, through the provider", status_code=200)
async def begin_proof(
    request: Call, data: JSONBody[NextForm], sign_on: NamedDependency[SignOn], limits: NamedDependency[Limits]
) -> Leave:
    current = await login.signed_in(request)
    await limits.count_leaving(login.address_of(request))
    return await sign_on.begin(request, "prove", data.next, current.sign_in)


@post(
    "/api/me/identity",
    summary="Begin to connect who one is at the provider with one's account",
    status_code=200,
)
async def begin_connecting(request: Call, viewer: NamedDependency[Viewer], sign_on: NamedDependency[SignOn]) -> Leave:
    await require(viewer, "keep_account", Subject(person=viewer.person), fresh=True)
    return await sign_on.begin(request, "connect", "/account", (await login.signed_in(request)).sign_in)


@delete("/api/me/identity", summary="End that the provider signs one in")
async def disconnect(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> None:
    await require(viewer, "keep_account", Subject(person=viewer.person), fresh=True)
    await identities.disconnect(settings.oidc_issuer, viewer.person)


@get(CALLBACK, summary="Come back from the provider", include_in_schema=False)
async def come_back(
    request: Call,
    sign_on: NamedDependency[SignOn],
    settings: NamedDependency[Settings],
    limits: NamedDependency[Limits],
    code: Annotated[str, QueryParameter()] = "",
    state_: Annotated[str, QueryParameter(name="state")] = "",
    issuer: Annotated[str | None, QueryParameter(name="iss")] = None,
) -> Redirect:
    """Ends in a page whatever happens: why not, where it failed, stands in its address."""
    under_way, next_ = None, "/"
    try:
        await limits.count_sign_in(login.address_of(request))
        if sign_on.provider.name is None:
            raise Refused("refused", "no_provider")
        under_way = await sign_on.take(login.browser_of(request), state_)
        next_ = under_way.next
        return _to(next_, await _done(request, sign_on, settings, under_way, code, issuer))
    except Refused as error:
        log.warning("sign_on_failed", reason=error.reason)
        if under_way is None or under_way.sign_in is None:
            await audit.record("sign_in_failed", None, error.subject, proof="oidc", reason=error.reason)
        else:
            who = await _owner_of(under_way.sign_in)
            await audit.record("proof_refused", who, who, proof="oidc", reason=error.reason)
        return _to("/account" if under_way and under_way.sign_in else next_, {"sign-on": error.failure})
    except (TooMany, Unavailable) as error:
        failure: Failure = "away" if isinstance(error, Unavailable) else "refused"
        return _to(next_, {"sign-on": failure})


ROUTES = [list_ways, begin_sign_on, begin_proof, begin_connecting, disconnect, come_back]


async def _done(
    request: Call, sign_on: SignOn, settings: Settings, under_way: UnderWay, code: str, issuer: str | None
) -> dict[str, str]:
    """Does what it was begun for; returns what the page is told."""
    if not code:
        raise Refused("refused", "provider_refused")
    claims = await sign_on.provider.claims_of(code, under_way.verifier, under_way.nonce, issuer)
    if under_way.sign_in is None:
        person = await identities.person_of(settings.oidc_issuer, claims)
        try:
            opened = await login.open_sign_in(request, person, "oidc")
        except Unauthorised:
            raise Refused("nobody", "deactivated", person) from None
        return {"second-step": ",".join(opened.second_step)} if isinstance(opened, login.SecondStep) else {}
    try:
        current = await login.signed_in(request)
    except Unauthorised:
        raise Refused("expired", "session_over") from None
    if current.sign_in != under_way.sign_in:
        raise Refused("expired", "session_of_another")
    if under_way.act == "connect":
        await identities.connect(settings.oidc_issuer, claims.sub, current.viewer.person)
        return {"sign-on": "connected"}
    if claims.signed_in_at is None or claims.signed_in_at < under_way.begun_at - LEEWAY_S:
        raise Refused("refused", "not_proved_anew")
    if await identities.owner_of(settings.oidc_issuer, claims.sub) != current.viewer.person:
        raise Refused("refused", "identity_of_another")
    await login.proved(request, current, "oidc")
    return {}


async def _owner_of(sign_in: UUID) -> int | None:
    rows = await SignIn.select(SignIn.person).where(SignIn.id == sign_in)
    return rows[0]["person"] if rows else None


def _to(next_: str, said: dict[str, str]) -> Redirect:
    path, _, fragment = next_.partition("#")
    joined = f"{path}{'&' if '?' in path else '?'}{urlencode(said)}" if said else path
    return Redirect(f"{joined}#{fragment}" if fragment else joined, status_code=303)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
