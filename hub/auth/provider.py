"""The OpenID provider of a deployment: what it says of itself, its keys, and who it says somebody is (OpenID Connect Core 1.0; RFC 9700).

Called by `sign_on`. Nothing that it says is believed but what a key of its own has signed for this hub and this sign-in. No token, code or
address is logged or kept.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote_plus, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from hub.errors import DaylightError
from hub.settings import Settings

CALLBACK = "/api/sign-on/callback"
ANSWER_S = 5.0
EXCHANGE_S = 10.0
KEPT_S = 3600.0
"""What it says of itself, and its keys, are read anew after this long."""
KEYS_ANEW_S = 60.0
"""A token with a key that is not known has the keys read anew, this often at the most."""
AWAY_S = 5.0
"""Once it could not be read nobody asks it again for so long: whoever waits is told at once."""
ANSWER_MAX_BYTES = 512 * 1024
LEEWAY_S = 60
"""How far its clock and ours may be apart."""
SUB_MAX_CHARACTERS = 255
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Of ID tokens: signatures of a key that only the provider has. None with a secret that both know, and not `none`."""

Failure = Literal["away", "refused", "expired", "nobody", "known", "taken"]
"""What the page has words for: the provider is away; it or its answer was refused; begun too long ago or elsewhere; nobody to be here;
somebody here has this address, and has not connected it; it is connected to another, or they to another."""


class Refused(DaylightError):
    """Not let in. `reason` is for the audit, and names nobody; `subject` is whom it was about, as far as that is known."""

    def __init__(self, failure: Failure, reason: str, subject: int | None = None) -> None:
        super().__init__(reason)
        self.failure, self.reason, self.subject = failure, reason, subject


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Claims(msgspec.Struct, frozen=True):
    """What is read of an ID token that was found good."""

    sub: str
    email: str | None = None
    """Only where the provider says that it has verified it."""
    name: str | None = None
    teams: tuple[str, ...] = ()
    signed_in_at: int | None = None
    """When the person last proved to the provider who they are: seconds since 1970."""


class Provider:
    """All of its methods raise `Refused`, with the failure `away` while the provider can't be asked."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._reading = asyncio.Lock()
        self._away_until = 0.0
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def name(self) -> str | None:
        """What pages call it; none: there is no provider."""
        return (self._settings.oidc_name or urlsplit(self._settings.oidc_issuer).netloc) or None

    async def authorization_address(self, state: str, nonce: str, verifier: str, *, anew: bool) -> str:
        """Where a browser goes to sign in there. `anew`: whoever is signed in there already proves once more who they are."""
        told = await self._read_metadata()
        address = prepare_grant_uri(
            told.authorization_endpoint,
            self._settings.oidc_client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=self._settings.oidc_scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            max_age="0" if anew else None,
        )
        return str(address)

    async def claims_of(self, code: str, verifier: str, nonce: str, issuer: str | None) -> Claims:
        """Exchanges a code for what its ID token says, once that is found good. `issuer` is what the answer said that it is of."""
        told = await self._read_metadata()
        # RFC 9207: the answer of another provider is not taken to this one.
        if (issuer is not None or told.authorization_response_iss_parameter_supported) and issuer != told.issuer:
            raise Refused("refused", "issuer_of_the_answer")
        return await self._verified(told, await self._exchanged(told, code, verifier), nonce)

    async def _exchanged(self, told: Metadata, code: str, verifier: str) -> dict[str, Any]:
        """RFC 6749, 4.1.3, with the client's secret as 2.3.1 has it: in the header unless the provider takes it in the form only."""
        client_id, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": self._redirect_uri,
        }
        auth = None
        if "client_secret_basic" in told.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        said = await self._ask("POST", told.token_endpoint, data=form, auth=auth)
        try:
            return msgspec.json.decode(said, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise Refused("away", "provider_unreadable") from None

    async def _verified(self, told: Metadata, answer: dict[str, Any], nonce: str) -> Claims:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        try:
            given = str(answer["id_token"])
            try:
                token = jwt.decode(given, await self._read_keys(told), ALGORITHMS)
            except InvalidKeyIdError:
                token = jwt.decode(given, await self._read_keys(told, anew=True), ALGORITHMS)
            CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"value": told.issuer}, "aud": {"value": self._settings.oidc_client_id}},
                {
                    "client_id": self._settings.oidc_client_id,
                    "nonce": nonce,
                    "access_token": answer.get("access_token"),
                },
            ).validate(int(self._clock()), LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused("refused", f"token_{type(error).__name__}") from None
        claims = token.claims
        sub, email, name, at = (claims.get(each) for each in ("sub", "email", "name", "auth_time"))
        if not isinstance(sub, str) or not 0 < len(sub) <= SUB_MAX_CHARACTERS or not sub.isprintable():
            raise Refused("refused", "token_sub")
        named = claims.get(self._settings.oidc_team_claim) if self._settings.oidc_team_claim else None
        return Claims(
            sub=sub,
            email=email if isinstance(email, str) and claims.get("email_verified") is True else None,
            name=name if isinstance(name, str) else None,
            teams=tuple(each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)),
            signed_in_at=at if isinstance(at, int) else None,
        )

    @property
    def _redirect_uri(self) -> str:
        return f"{self._settings.origin}{CALLBACK}"

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Once: it reads every root that the system trusts."""
        return ssl.create_default_context()

    async def _read_metadata(self) -> Metadata:
        async with self._reading:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < KEPT_S:
                return self._metadata[1]
            issuer = self._settings.oidc_issuer
            said = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                told = msgspec.json.decode(said, type=Metadata)
                called = [urlsplit(each) for each in (told.authorization_endpoint, told.token_endpoint, told.jwks_uri)]
            except (msgspec.DecodeError, RecursionError, ValueError):
                raise Refused("away", "provider_unreadable") from None
            schemes = {"https", urlsplit(issuer).scheme}
            if told.issuer != issuer or any(each.scheme not in schemes or not each.hostname for each in called):
                raise Refused("away", "provider_is_another")
            self._metadata = time.monotonic(), told
            return told

    async def _read_keys(self, told: Metadata, *, anew: bool = False) -> KeySet:
        async with self._reading:
            if self._keys is not None and time.monotonic() - self._keys[0] < (KEYS_ANEW_S if anew else KEPT_S):
                return self._keys[1]
            said = await self._read(told.jwks_uri)
            try:
                keys = KeySet.import_key_set(msgspec.json.decode(said))
            except (msgspec.DecodeError, RecursionError, JoseError, ValueError, TypeError, KeyError):
                raise Refused("away", "keys_unreadable") from None
            self._keys = time.monotonic(), keys
            return keys

    async def _read(self, address: str) -> bytes:
        if time.monotonic() < self._away_until:
            raise Refused("away", "provider_away")
        try:
            return await self._ask("GET", address)
        except Refused:
            self._away_until = time.monotonic() + AWAY_S
            raise

    async def _ask(self, method: str, address: str, **options: Any) -> bytes:
        said = b""
        try:
            async with (
                asyncio.timeout(EXCHANGE_S),
                httpx.AsyncClient(verify=self._tls, timeout=ANSWER_S) as client,
                client.stream(method, address, **options) as answer,
            ):
                if answer.status_code in {400, 401} and method == "POST":
                    raise Refused("refused", "code_refused" if answer.status_code == 400 else "secret_refused")
                if answer.status_code != 200:
                    raise Refused("away", "provider_away")
                async for part in answer.aiter_bytes():
                    said += part
                    if len(said) > ANSWER_MAX_BYTES:
                        raise Refused("away", "provider_says_too_much")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError, TimeoutError):
            raise Refused("away", "provider_away") from None
        return said
