"""Signing in through an OpenID provider of others: who comes back is who went, once, with a token of that provider for this hub."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from limits import RateLimitItemPerMinute

from hub import web
from hub.app import api
from hub.auth import provider, sign_on
from hub.auth.limits import Limits
from hub.auth.provider import Metadata, Provider, Refused
from hub.auth.sign_on import safe_next
from hub.database import connection
from hub.errors import StartError
from hub.settings import Settings, read
from hub.tables import Audit, Identity, Membership, Person, SignIn
from tests.conftest import ORIGIN
from tests.hub import openid
from tests.hub.conftest import Browser, CastPerson
from tests.hub.registered import registered
from tests.secrecy import keep_secret

pytestmark = pytest.mark.skipif(not openid.INSTALLED, reason="not installed: oidc-provider (web/node_modules)")
BACK = "/api/sign-on/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid.provider(f"{ORIGIN}{BACK}") as issuer:
        yield issuer


@pytest.fixture
def known(settings: Settings, issuer: str) -> Settings:
    return msgspec.structs.replace(settings, **openid.named(issuer))


@pytest.fixture
async def browser(cast: Any, known: Settings) -> AsyncIterator[Callable[[], Browser]]:
    """`browser()`: a new one before a hub that knows the provider."""
    client = web.redis_client(known.redis_url or "")
    opened: list[Browser] = []

    def one() -> Browser:
        opened.append(Browser(application))
        return opened[-1]

    with registered(lambda: web.build(known, api(), client)) as application:
        yield one
    for each in opened:
        await each.aclose()
    await client.aclose()


async def begun(browser: Browser, next_: str = "/devices?view=all", path: str = "/api/sign-on") -> str:
    """The address at the provider that the button leads to."""
    answer = await browser.change("POST", path, json={"next": next_})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["address"])


async def back(browser: Browser, address: str) -> str:
    """Where the way back leads to in the end."""
    parts = urlsplit(address)
    keep_secret(*(value for name in ("code", "state") for value in parse_qs(parts.query).get(name, [])))
    answer = await browser.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def through(browser: Browser, as_: str, next_: str = "/devices?view=all") -> str:
    return await back(browser, await openid.signed_in_at(await begun(browser, next_), as_))


async def connected(browser: Browser, person: CastPerson, as_: str) -> str:
    """Signs in by password and connects from the account; where that ends."""
    await browser.sign_in(person)
    return await back(browser, await openid.signed_in_at(await begun(browser, path="/api/me/identity"), as_))


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/api/me")).status_code == 200


async def refusals(action: str = "sign_in_failed") -> list[str]:
    rows = await Audit.select().where(Audit.action == action).order_by(Audit.id).output(load_json=True)
    assert all(row["detail"]["proof"] == "oidc" for row in rows)
    return [row["detail"]["reason"] for row in rows]


# --- who comes in


async def test_somebody_new_comes_in_is_put_in_the_team_of_their_claim_and_is_known_the_next_time(cast, browser):
    first, second, third = browser(), browser(), browser()
    one = await through(first, "nia")
    again = await through(second, "nia", "/my-data#day")
    await through(third, "kit")

    assert (one, again) == ("/devices?view=all", "/my-data#day")
    me = (await second.get("/api/me")).json()
    assert (me["email"], me["name"], me["roles"]) == ("nia@halden.example", "Nia New", [])
    assert await Membership.exists().where(Membership.person == me["id"], Membership.team == cast.payments_api)
    assert await Person.count() == len(cast.people) + 2
    told = await Audit.select(Audit.action).where(Audit.subject == me["id"]).order_by(Audit.id)
    assert [row["action"] for row in told] == ["person_added", "identity_connected", "sign_in", "sign_in"]
    nameless = (await third.get("/api/me")).json()
    assert (nameless["name"], nameless["team"]["name"]) == ("kit", "Support")


async def test_address_of_somebody_here_gives_nothing_until_they_have_connected_it(cast, browser):
    thief, bob, later = browser(), browser(), browser()
    refused = await through(thief, "bob", "/")
    done = await connected(bob, cast.bob, "bob")
    await through(later, "bob")

    assert refused == "/?sign-on=known"
    assert not await is_in(thief)
    assert await refusals() == ["address_of_somebody"]
    assert done == "/account?sign-on=connected"
    assert (await later.get("/api/me")).json()["id"] == cast.bob.id
    assert (await bob.get("/api/me/factors")).json()["sign_on_since"] is not None
    assert [(row["sub"], row["person"]) for row in await Identity.select()] == [("bob", cast.bob.id)]
    assert (await Audit.count().where(Audit.action == "identity_connected", Audit.actor == cast.bob.id)) == 1


@pytest.mark.parametrize(
    ("as_", "reason"), [("unsure", "no_verified_address"), ("bare", "no_verified_address"), ("teamless", "no_team")]
)
async def test_who_can_be_nobody_here_stays_out(as_, reason, cast, browser):
    ended = await through(someone := browser(), as_, "/")

    assert ended == "/?sign-on=nobody"
    assert not await is_in(someone)
    assert await refusals() == [reason]
    assert await Identity.count() == 0
    assert await Person.count() == len(cast.people)


async def test_hub_that_maps_no_claim_adds_nobody(cast, known):
    client = web.redis_client(known.redis_url or "")
    someone = Browser(web.build(msgspec.structs.replace(known, oidc_team_claim=""), api(), client))

    assert await through(someone, "nia", "/") == "/?sign-on=nobody"
    assert await Person.count() == len(cast.people)
    await someone.aclose()
    await client.aclose()


async def test_deactivated_person_with_an_identity_stays_out(cast, browser):
    await connected(browser(), cast.bob, "bob")
    async with connection() as held:
        await held.execute("UPDATE person SET deactivated_at = now() WHERE id = $1", cast.bob.id)
        await held.execute("UPDATE sign_in SET ended_at = now()")
    ended = await through(someone := browser(), "bob", "/")

    assert ended == "/?sign-on=nobody"
    assert not await is_in(someone)
    row = (await Audit.select().where(Audit.action == "sign_in_failed").output(load_json=True))[0]
    assert (row["subject"], row["detail"]["reason"]) == (cast.bob.id, "deactivated")


async def test_session_of_another_person_in_this_browser_ends(cast, browser):
    await connected(browser(), cast.bob, "bob")
    shared = browser()
    await shared.sign_in(cast.alice)
    before = shared.cookies["daylight"]
    await through(shared, "bob")

    assert (await shared.get("/api/me")).json()["id"] == cast.bob.id
    assert shared.cookies["daylight"] != before
    assert await SignIn.count().where(SignIn.ended_at.is_null(), SignIn.person == cast.alice.id) == 0


async def test_second_step_is_asked_for_whatever_the_provider_has_asked(cast, browser):
    await connected(browser(), cast.bob, "bob")
    async with connection() as held:
        await held.execute("INSERT INTO totp_factor (person, sealed, confirmed_at) VALUES ($1, '', now())", cast.bob.id)
    ended = await through(someone := browser(), "bob")

    assert ended == "/devices?view=all&second-step=totp%2Crecovery"
    assert not await is_in(someone)
    assert await SignIn.exists().where(SignIn.person == cast.bob.id, SignIn.half_open.eq(True))


async def test_role_that_must_have_a_factor_is_answered_nothing_else_after_it(cast, browser):
    await connected(browser(), cast.dora, "bob")
    async with connection() as held:
        await held.execute("UPDATE organisation SET factor_roles = ARRAY['admin']::varchar[]")
    await through(dora := browser(), "bob")

    assert (await dora.get("/api/me")).json()["factor_wanted"] is True
    assert (await dora.get("/api/mail")).json()["code"] == "factor_wanted"


# --- connecting, and proving anew


async def test_connecting_asks_for_a_fresh_proof_and_one_identity_is_one_persons(cast, browser):
    stale, alice = browser(), browser()
    await connected(browser(), cast.bob, "bob")
    await stale.sign_in(cast.alice)
    async with connection() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() - interval '11 minutes' WHERE person = 1")
    refused = await stale.change("POST", "/api/me/identity")
    taken = await connected(alice, cast.alice, "bob")
    another = await connected(browser(), cast.bob, "nia")

    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_proof")
    assert taken == another == "/account?sign-on=taken"
    assert [(row["sub"], row["person"]) for row in await Identity.select()] == [("bob", cast.bob.id)]
    assert await refusals("proof_refused") == ["identity_of_another", "identity_of_another"]


async def test_way_back_to_connect_serves_the_session_that_began_it_alone(cast, browser):
    one = browser()
    await one.sign_in(cast.alice)
    away = await openid.signed_in_at(await begun(one, path="/api/me/identity"), "nia")
    await one.sign_in(cast.bob)
    another = await back(one, away)
    out = await openid.signed_in_at(await begun(one, path="/api/me/identity"), "nia")
    await one.change("DELETE", "/api/session")

    assert another == await back(one, out) == "/account?sign-on=expired"
    assert await Identity.count() == 0
    assert await refusals("proof_refused") == ["session_of_another", "session_over"]


async def test_disconnected_identity_opens_nothing_and_who_has_no_other_way_keeps_it(cast, browser):
    bob, nia = browser(), browser()
    await connected(bob, cast.bob, "bob")
    await through(nia, "nia")
    done = await bob.change("DELETE", "/api/me/identity")
    kept = await nia.change("DELETE", "/api/me/identity")

    assert (done.status_code, kept.status_code) == (204, 400)
    assert await through(browser(), "bob", "/") == "/?sign-on=known"
    assert (await bob.get("/api/me/factors")).json()["sign_on_since"] is None
    assert await Audit.count().where(Audit.action == "identity_disconnected", Audit.subject == cast.bob.id) == 1
    assert await through(browser(), "nia") == "/devices?view=all"


async def test_fresh_proof_is_given_by_signing_in_there_anew(cast, browser):
    async with openid.visitor() as there:
        nia = browser()
        await back(nia, await openid.signed_in_at(await begun(nia), "nia", there))
        await SignIn.update({"proved_at": cast.left}, force=True)
        assert (await nia.change("POST", "/api/me/totp")).json()["code"] == "fresh_proof"
        address = await begun(nia, "/account", "/api/session/proof/sign-on")
        ended = await back(nia, await openid.signed_in_at(address, "nia", there))

    assert "max_age=0" in address
    assert ended == "/account"
    assert (await nia.change("POST", "/api/me/totp")).status_code == 201
    assert await Audit.count().where(Audit.action == "proof_given") == 1


async def test_proof_is_of_who_sits_here_and_of_now(cast, browser, monkeypatch):
    nia = browser()
    await through(nia, "nia")
    await through(browser(), "kit")
    another = await back(nia, await openid.signed_in_at(await begun(nia, "/", "/api/session/proof/sign-on"), "kit"))
    unknown = await back(nia, await openid.signed_in_at(await begun(nia, "/", "/api/session/proof/sign-on"), "bob"))
    people = await Person.count()
    claims_of = Provider.claims_of

    async def of_before(self: Provider, *given: Any) -> provider.Claims:
        claims = await claims_of(self, *given)
        assert claims.signed_in_at is not None
        return msgspec.structs.replace(claims, signed_in_at=claims.signed_in_at - 600)

    monkeypatch.setattr(Provider, "claims_of", of_before)
    old = await back(nia, await openid.signed_in_at(await begun(nia, "/", "/api/session/proof/sign-on"), "nia"))

    assert another == unknown == old == "/account?sign-on=refused"
    assert await refusals("proof_refused") == ["identity_of_another", "identity_of_another", "not_proved_anew"]
    assert people == len(cast.people) + 2


# --- what is refused


async def test_authorization_code_serves_once(cast, browser):
    await connected(one := browser(), cast.bob, "bob")
    address = await openid.signed_in_at(await begun(one), "bob")
    await back(one, address)
    await one.change("DELETE", "/api/session")
    replayed = await back(one, address)
    code = parse_qs(urlsplit(address).query)["code"][0]
    fresh = await openid.signed_in_at(await begun(one), "bob")
    used = await back(one, fresh.replace(parse_qs(urlsplit(fresh).query)["code"][0], code))

    assert (replayed, used) == ("/?sign-on=expired", "/devices?view=all&sign-on=refused")
    assert not await is_in(one)
    assert await refusals() == ["state_unknown", "code_refused"]


async def test_way_back_of_another_browser_is_refused_and_can_not_be_tried_again(cast, browser):
    """Login CSRF: somebody is to be signed in as whoever sent them the link."""
    attacker, victim = browser(), browser()
    await begun(victim)
    address = await openid.signed_in_at(await begun(attacker), "nia")
    ended = await back(victim, address)
    without_cookie = await back(browser(), await openid.signed_in_at(await begun(attacker), "nia"))

    assert ended == without_cookie == "/?sign-on=expired"
    assert not await is_in(victim)
    assert await back(attacker, address) == "/?sign-on=expired"
    assert await refusals() == ["state_of_another_browser", "state_of_another_browser", "state_unknown"]


async def test_it_is_begun_by_pages_of_our_own_alone(cast, browser):
    one = browser()
    headers = await one.csrf()
    foreign = await one.post("/api/sign-on", json={}, headers={**headers, "origin": "https://evil.example"})

    assert (await one.post("/api/sign-on", json={})).status_code == foreign.status_code == 403
    assert (await one.get("/api/sign-on/begin")).status_code == 404


async def test_tampered_and_expired_states_are_refused(cast, browser, known):
    one = browser()
    address = await openid.signed_in_at(await begun(one), "nia")
    state = parse_qs(urlsplit(address).query)["state"][0]
    tampered = await back(one, address.replace(state, state[:-1] + ("A" if state[-1] != "A" else "B")))
    missing = await back(one, f"{BACK}?code=x")
    late = await begun(one)
    kept = f"daylight:sign-on:{sign_on._hashed(parse_qs(urlsplit(late).query)['state'][0])}"
    client = web.redis_client(known.redis_url or "")
    assert 0 < await client.ttl(kept) <= sign_on.UNDER_WAY_S
    await client.pexpire(kept, 1)
    while await client.exists(kept):
        pass
    await client.aclose()
    expired = await back(one, await openid.signed_in_at(late, "nia"))

    assert {tampered, missing, expired} == {"/?sign-on=expired"}
    assert not await is_in(one)
    assert await refusals() == ["state_unknown"] * 3


async def test_answer_of_another_provider_and_a_refusal_of_this_one_are_refused(cast, browser, issuer):
    one = browser()
    mixed = await openid.signed_in_at(await begun(one), "nia")
    told = issuer.replace(":", "%3A").replace("/", "%2F")
    assert told in mixed
    foreign = await back(one, mixed.replace(told, "https%3A%2F%2Fevil.example"))
    unnamed = await back(one, (await openid.signed_in_at(await begun(one), "nia")).replace(f"&iss={told}", ""))
    state = parse_qs(urlsplit(await begun(one)).query)["state"][0]
    denied = await back(one, f"{BACK}?error=access_denied&state={state}&iss={told}")

    assert {foreign, unnamed, denied} == {"/devices?view=all&sign-on=refused"}
    assert await refusals() == ["issuer_of_the_answer", "issuer_of_the_answer", "provider_refused"]


async def test_guesses_from_one_address_are_limited(cast, known):
    client = web.redis_client(known.redis_url or "")
    one = Browser(web.build(known, api(), client, limits=Limits(client, by_address=RateLimitItemPerMinute(3, 5))))
    ended = [await back(one, f"{BACK}?code=x&state=guess") for _ in range(4)]

    assert ended == ["/?sign-on=expired"] * 3 + ["/?sign-on=refused"]
    assert len(await refusals()) == 3
    left = [(await one.change("POST", "/api/sign-on", json={})).status_code for _ in range(4)]
    assert left == [200] * 3 + [429]
    await one.aclose()
    await client.aclose()


def part(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def payload_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found


FOREIGN = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})


def signed(claims: dict[str, Any], kid: str = "one") -> str:
    return jwt.encode({"alg": "RS256", "kid": kid}, claims, FOREIGN)


def with_public_key(claims: dict[str, Any], keys: dict[str, Any]) -> str:
    """HS256, with what everybody knows as the secret."""
    public = RSAKey.import_key(keys["keys"][0]).as_pem(private=False)
    said = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    mark = hmac.new(public, said.encode(), "sha256").digest()
    return f"{said}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def alike(token: str) -> str:
    """The same with another signature."""
    return token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")


def kid(keys: dict[str, Any]) -> str:
    return str(keys["keys"][0]["kid"])


FORGERIES: list[tuple[Callable[[str, dict[str, Any]], str], str]] = [
    (lambda token, keys: f"{part({'alg': 'none'})}.{token.split('.')[1]}.", "token_"),
    (lambda token, keys: f"{part({'alg': 'none', 'kid': kid(keys)})}.{token.split('.')[1]}.{token.split('.')[2]}", "token_"),
    (lambda token, keys: with_public_key(payload_of(token), keys), "token_UnsupportedAlgorithmError"),
    (lambda token, keys: signed(payload_of(token), kid(keys)), "token_BadSignatureError"),
    (lambda token, keys: signed({**payload_of(token), "iss": "https://evil.example"}, kid(keys)), "token_BadSignatureError"),
    (lambda token, keys: signed(payload_of(token), kid="unknown"), "token_InvalidKeyIdError"),
    (lambda token, keys: f"{token.split('.')[0]}.{part({**payload_of(token), 'sub': 'kit'})}.{token.split('.')[2]}", "token_"),
    (lambda token, keys: alike(token), "token_BadSignatureError"),
    (lambda token, keys: "no.token", "token_"),
    (lambda token, keys: "", "token_"),
]  # fmt: skip


async def test_forged_token_is_refused(cast, browser, issuer, monkeypatch):
    async with openid.visitor() as client:
        keys = (await client.get(f"{issuer}/jwks")).json()
    exchange = Provider._exchanged
    left = [swap for swap, _ in FORGERIES]

    async def swapped(self: Provider, *given: Any) -> dict[str, Any]:
        answer = await exchange(self, *given)
        return {**answer, "id_token": left.pop(0)(answer["id_token"], keys)}

    monkeypatch.setattr(Provider, "_exchanged", swapped)
    one = browser()

    for _ in FORGERIES:
        assert await through(one, "nia", "/") == "/?sign-on=refused"
        assert not await is_in(one)
    assert not left
    told = await refusals()
    assert [given[: len(reason)] for given, (_, reason) in zip(told, FORGERIES, strict=True)] == [
        r for _, r in FORGERIES
    ]
    assert await Identity.count() == 0


async def test_genuine_token_of_another_sign_in_is_refused_by_its_nonce(cast, browser, monkeypatch):
    exchange, given = Provider._exchanged, list[dict[str, Any]]()

    async def first_again(self: Provider, *of: Any) -> dict[str, Any]:
        given.append(await exchange(self, *of))
        return given[0]

    monkeypatch.setattr(Provider, "_exchanged", first_again)
    await through(browser(), "nia")
    ended = await through(one := browser(), "kit")

    assert ended == "/devices?view=all&sign-on=refused"
    assert given[0]["id_token"] != given[1]["id_token"]
    assert await refusals() == ["token_InvalidClaimError"]
    assert not await is_in(one)


NOW = 1_800_000_000
SKEW = provider.LEEWAY_S


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"aud": ["daylight"]}, True),
        ({"aud": ["daylight", "another"], "azp": "daylight"}, True),
        ({"aud": "another"}, False),
        ({"aud": ["daylight", "another"]}, False),
        ({"aud": None}, False),
        ({"azp": "another"}, False),
        ({"iss": "https://evil.example"}, False),
        ({"iss": None}, False),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"exp": NOW - SKEW + 1}, True),
        ({"exp": NOW - SKEW}, False),
        ({"exp": None}, False),
        ({"iat": NOW + SKEW}, True),
        ({"iat": NOW + SKEW + 1}, False),
        ({"iat": None}, False),
        ({"nbf": NOW + SKEW + 1}, False),
        ({"at_hash": "of-another-token"}, False),
        ({"sub": ""}, False),
        ({"sub": None}, False),
        ({"sub": 5}, False),
        ({"sub": "x" * 256}, False),
    ],
)
async def test_token_that_the_provider_itself_signed_for_something_else_is_refused(change, good, known, monkeypatch):
    """With a key of ours in the provider's place: it signs nothing that is not true."""
    claims = {
        "iss": known.oidc_issuer,
        "aud": "daylight",
        "sub": "bob",
        "iat": NOW,
        "exp": NOW + 60,
        "nonce": "n",
        **change,
    }

    async def keys(*_: Any, **__: Any) -> KeySet:
        return KeySet([FOREIGN])

    monkeypatch.setattr(Provider, "_read_keys", keys)
    token = signed({name: value for name, value in claims.items() if value is not None})
    answer = {"id_token": token, "access_token": "of-this-one"}
    verified = Provider(known, lambda: NOW)._verified(Metadata(known.oidc_issuer, "", "", ""), answer, "n")
    if good:
        assert (await verified).sub == "bob"
    else:
        with pytest.raises(Refused):
            await verified


# --- the provider


async def test_keys_that_were_changed_are_read_anew_and_not_more_often_than_once_a_minute(
    cast, browser, issuer, monkeypatch
):
    read, asked = Provider._read, list[str]()

    async def counted(self: Provider, address: str) -> bytes:
        asked.append(urlsplit(address).path)
        return await read(self, address)

    monkeypatch.setattr(Provider, "_read", counted)
    await through(browser(), "nia")
    async with openid.visitor() as client:
        await client.get(f"{issuer}/rotate")
    soon = [await through(browser(), "nia", "/") for _ in range(2)]
    monkeypatch.setattr(provider, "KEYS_ANEW_S", 0.0)
    later = await through(browser(), "nia")

    assert soon == ["/?sign-on=refused"] * 2
    assert later == "/devices?view=all"
    assert asked.count("/jwks") == 2
    assert await refusals() == ["token_InvalidKeyIdError"] * 2


async def test_nobody_signs_in_by_it_while_the_provider_or_redis_is_away_and_everybody_by_password(
    cast, known, browser
):
    one = browser()
    address = await openid.signed_in_at(await begun(one), "nia")
    nowhere = msgspec.structs.replace(known, oidc_issuer="http://127.0.0.1:9")
    client, gone_client = web.redis_client("redis://127.0.0.1:9"), web.redis_client(known.redis_url or "")
    away = Browser(web.build(known, api(), client))
    gone = Browser(web.build(nowhere, api(), gone_client))
    away.cookies = one.cookies
    first = await gone.change("POST", "/api/sign-on", json={})
    at = time.perf_counter()
    again = [await gone.change("POST", "/api/sign-on", json={}) for _ in range(3)]

    assert [each.status_code for each in (first, *again)] == [503] * 4
    assert first.json()["title"] == sign_on.AWAY
    assert time.perf_counter() - at < provider.ANSWER_S
    assert (await away.change("POST", "/api/sign-on", json={})).status_code == 503
    assert await back(away, address) == "/?sign-on=away"
    assert (await gone.sign_in(cast.bob)).status_code == 201
    assert await back(one, address) == "/devices?view=all"
    for each in (away, gone):
        await each.aclose()
    await client.aclose()
    await gone_client.aclose()


async def test_provider_that_says_to_be_another_is_none(cast, known):
    """With a slash at its end it is another issuer, and this one does not say to be it."""
    other = Provider(msgspec.structs.replace(known, oidc_issuer=f"{known.oidc_issuer}/"))

    with pytest.raises(Refused) as refused:
        await other.authorization_address("s", "n", "v" * 43, anew=False)
    assert (refused.value.failure, refused.value.reason) == ("away", "provider_is_another")


@pytest.mark.parametrize("address", ["http://[::1", "https:nowhere", "javascript:alert(1)", ""])
async def test_provider_whose_addresses_are_none_is_away(address, cast, known, monkeypatch):
    told = {
        "issuer": known.oidc_issuer,
        "authorization_endpoint": address,
        "token_endpoint": "https://x",
        "jwks_uri": "https://x",
    }

    async def read(*_: object) -> bytes:
        return json.dumps(told).encode()

    monkeypatch.setattr(Provider, "_read", read)
    with pytest.raises(Refused) as refused:
        await Provider(known).authorization_address("s", "n", "v" * 43, anew=False)
    assert refused.value.failure == "away"


async def test_hub_without_a_provider_has_no_button_and_no_way(cast, open_browser, browser):
    none = open_browser()

    assert (await none.get("/api/sign-on")).json() == {"oidc": None}
    assert (await browser().get("/api/sign-on")).json() == {"oidc": "Halden ID"}
    assert (await none.change("POST", "/api/sign-on", json={})).status_code == 404
    assert await back(none, f"{BACK}?code=x&state=y") == "/?sign-on=refused"


# --- addresses and settings


@pytest.mark.parametrize("good", ["/", "/devices", "/people/import?id=7a&show=bad", "/my-data#day", "/?team=2"])
def test_address_of_the_application_is_gone_on_to(good):
    assert safe_next(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "", "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
        "javascript:alert(1)", "devices", " /devices", "/ /evil.example", "/é", "/\x00", "/api/session", "/agent/v1",
    ],
)  # fmt: skip
def test_any_other_address_is_not(bad):
    assert safe_next(bad) == "/"


async def test_open_redirect_through_the_provider_leads_to_the_beginning(cast, browser):
    assert await through(browser(), "nia", "//evil.example/") == "/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"OIDC_ISSUER": "http://login.example.org"},
        {"OIDC_ISSUER": "login.example.org"},
        {"OIDC_ISSUER": "https://login.example.org?x=1"},
        {"OIDC_ISSUER": "https://login.example.org"},
        {"OIDC_ISSUER": "https://login.example.org", "OIDC_CLIENT_ID": "x"},
        {"OIDC_SCOPES": "email"},
    ],
)
def test_hub_does_not_start_with_a_provider_that_can_not_be(wrong):
    with pytest.raises(StartError, match="OIDC_"):
        read(wrong)
