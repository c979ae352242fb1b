"""The routes of one's own account: second factor, recovery codes, password, and the proof that dangerous acts ask for."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub import audit, people
from hub.auth import factors, identities, login, passkeys, recovery, sessions, totp
from hub.auth.access import ORGANISATION, PERSON_MAX, Subject, Viewer, load_subject
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.database import transaction
from hub.errors import Forbidden, Invalid
from hub.passwords import hash_password
from hub.settings import Settings
from hub.tables import Passkey, Person, SignIn, TotpFactor

Call = Request[None, None, State]
NO_PERSON = "There is no such person."
NO_PASSKEY = "There is no such passkey."
Typed = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CodeForm(msgspec.Struct, frozen=True):
    """A code of an authenticator, or a recovery code, as somebody typed it."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class ProofForm(msgspec.Struct, frozen=True):
    """Who sits here, proved by one of the two."""

    password: Typed | None = None
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None


class PasswordForm(msgspec.Struct, frozen=True):
    """A new password, and the one of now: not needed by who has none."""

    password: Typed
    current: Typed | None = None


class PasskeyForm(msgspec.Struct, frozen=True):
    """A passkey as `navigator.credentials` gave it, in JSON, and what its person calls it."""

    credential: dict[str, Any]
    name: Annotated[str, msgspec.Meta(max_length=200)]


class AnswerForm(msgspec.Struct, frozen=True):
    """What a passkey answered, as `navigator.credentials` gave it, in JSON."""

    credential: dict[str, Any]


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signs in with."""

    password: bool
    totp_since: datetime | None
    """When the authenticator was set up; none: there is none."""
    passkeys: list[passkeys.PasskeyRow]
    recovery_codes_left: int
    sign_on_since: datetime | None
    """When the identity at the OpenID provider was connected; none: it is not."""


class Codes(msgspec.Struct, frozen=True):
    """A new set of recovery codes, shown this once; empty when the one of before still serves."""

    recovery_codes: list[str]


@post("/api/session/second-step", summary="Answer the second step of a sign-in")
async def answer_second_step(
    request: Call, data: JSONBody[CodeForm], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> login.Me:
    return await login.answer_second_step(request, limits, settings.secret, data.code)


@post("/api/session/proof", summary="Prove anew who sits here, before a dangerous act", status_code=204)
async def give_proof(
    request: Call, data: JSONBody[ProofForm], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> None:
    await login.prove(request, limits, settings.secret, password=data.password, code=data.code)


@get("/api/me/factors", summary="What one signs in with")
async def list_factors(keeper: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> Factors:
    await require(keeper, "keep_account", Subject(person=keeper.person))
    hashed = (await Person.select(Person.password_hash).where(Person.id == keeper.person))[0]["password_hash"]
    since = await TotpFactor.select(TotpFactor.confirmed_at).where(TotpFactor.person == keeper.person)
    return Factors(
        password=hashed is not None,
        totp_since=since[0]["confirmed_at"] if since else None,
        passkeys=await passkeys.passkeys_of(keeper.person),
        recovery_codes_left=await recovery.left(keeper.person),
        sign_on_since=await identities.connected_since(settings.oidc_issuer, keeper.person),
    )


@post("/api/me/totp", summary="Begin to set up an authenticator")
async def begin_totp(keeper: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> totp.Setup:
    await require(keeper, "keep_account", Subject(person=keeper.person), fresh=True)
    return await totp.begin(settings.secret, keeper.person)


@post("/api/me/totp/confirm", summary="Confirm the authenticator with a code of it")
async def confirm_totp(
    keeper: NamedDependency[Viewer], data: JSONBody[CodeForm], settings: NamedDependency[Settings]
) -> Codes:
    await require(keeper, "keep_account", Subject(person=keeper.person), fresh=True)
    person = keeper.person
    async with transaction():
        await totp.confirm(settings.secret, person, "".join(data.code.split()), login.now())
        return await _codes_of_first(settings, person)


@delete("/api/me/totp", summary="Remove the authenticator")
async def remove_totp(viewer: NamedDependency[Viewer]) -> None:
    await require(viewer, "keep_account", Subject(person=viewer.person), fresh=True)
    async with transaction():
        await totp.remove(viewer.person)
        await factors.after_removal(viewer.person)


@post("/api/me/recovery-codes", summary="A new set of recovery codes, in place of the old one")
async def make_recovery_codes(keeper: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> Codes:
    await require(keeper, "keep_account", Subject(person=keeper.person), fresh=True)
    async with transaction():
        if not await factors.kinds_of(keeper.person):
            raise Invalid("Recovery codes stand in for a second factor: set one up first.")
        return Codes(await recovery.make(settings.secret, keeper.person))


@post("/api/me/passkeys/options", summary="Begin to register a passkey")
async def begin_passkey(
    request: Call,
    keeper: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    challenges: NamedDependency[passkeys.Challenges],
) -> passkeys.Options:
    await require(keeper, "keep_account", Subject(person=keeper.person), fresh=True)
    return await passkeys.begin_register(challenges, settings, _browser_of(request), keeper.person)


@post("/api/me/passkeys", summary="Register the passkey")
async def register_passkey(
    request: Call,
    keeper: NamedDependency[Viewer],
    data: JSONBody[PasskeyForm],
    settings: NamedDependency[Settings],
    challenges: NamedDependency[passkeys.Challenges],
) -> Codes:
    await require(keeper, "keep_account", Subject(person=keeper.person), fresh=True)
    person = keeper.person
    made = await passkeys.register(challenges, settings, _browser_of(request), person, data.name, data.credential)
    async with transaction():
        # Whoever registers several at once takes turns with themselves, so that the count holds.
        await identities.lock(person)
        await passkeys.require_room(person)
        if not await Passkey.insert(made).on_conflict(action="DO NOTHING").returning(Passkey.id):
            raise Invalid(passkeys.REFUSED)
        await audit.record("factor_added", person, person, kind="passkey", passkey=made.id)
        return await _codes_of_first(settings, person)


@delete("/api/me/passkeys/{passkey:int}", summary="Remove a passkey")
async def remove_passkey(viewer: NamedDependency[Viewer], passkey: FromPath[int]) -> None:
    if 0 < passkey <= PERSON_MAX:
        owner = await Passkey.select(Passkey.person).where(Passkey.id == passkey)
    else:
        owner = []
    await require(viewer, "keep_account", Subject(person=owner[0]["person"] if owner else None), NO_PASSKEY, fresh=True)
    async with transaction():
        await identities.lock(viewer.person)
        if await Passkey.delete().where(Passkey.id == passkey).returning(Passkey.id):
            await audit.record("factor_removed", viewer.person, viewer.person, kind="passkey", passkey=passkey)
            await identities.require_way_in(viewer.person)
        await factors.after_removal(viewer.person)


@post("/api/session/passkey/options", summary="Begin to sign in, or to prove who sits here, with a passkey")
async def begin_passkey_use(
    request: Call, settings: NamedDependency[Settings], challenges: NamedDependency[passkeys.Challenges]
) -> passkeys.Options:
    return await passkeys.begin_use(challenges, settings, _browser_of(request))


@post("/api/session/passkey", summary="Sign in with a passkey: both factors at once")
async def sign_in_with_passkey(
    request: Call,
    data: JSONBody[AnswerForm],
    settings: NamedDependency[Settings],
    challenges: NamedDependency[passkeys.Challenges],
    limits: NamedDependency[Limits],
) -> login.Me | login.SecondStep:
    await limits.count_sign_in(login.address_of(request))
    person = await passkeys.use(challenges, settings, _browser_of(request), data.credential)
    return await login.open_sign_in(request, person, "passkey")


@post("/api/session/proof/passkey", summary="Prove anew who sits here, with a passkey", status_code=204)
async def give_passkey_proof(
    request: Call,
    data: JSONBody[AnswerForm],
    settings: NamedDependency[Settings],
    challenges: NamedDependency[passkeys.Challenges],
    limits: NamedDependency[Limits],
) -> None:
    current = await login.signed_in(request)
    await limits.count_sign_in(login.address_of(request))
    person = await passkeys.use(challenges, settings, _browser_of(request), data.credential)
    if person != current.viewer.person:
        await audit.record("proof_refused", current.viewer.person, person)
        raise Invalid(passkeys.REFUSED)
    await login.proved(request, current, "passkey")


@put("/api/me/password", summary="Change one's own password", status_code=204)
async def change_password(
    request: Call, viewer: NamedDependency[Viewer], data: JSONBody[PasswordForm], limits: NamedDependency[Limits]
) -> None:
    """Asks for the password of now, which is a fresh proof by itself, and ends every other sign-in."""
    await require(viewer, "keep_account", Subject(person=viewer.person))
    current = await login.signed_in(request)
    has_one = await Person.exists().where(Person.id == viewer.person, Person.password_hash.is_not_null())
    if has_one:
        await login.require_password(request, limits, viewer.person, data.current or "", "current")
    elif not viewer.fresh:
        raise Forbidden(login.PROVE_FIRST, "fresh_proof")
    hashed = await hash_password(data.password, await people.own_words(viewer.person))
    await login.renew_session(request)
    async with transaction() as held:
        await held.execute("UPDATE person SET password_hash = $2 WHERE id = $1", viewer.person, hashed)
        await held.execute(
            "UPDATE sign_in SET ended_at = now() WHERE person = $1 AND id <> $2 AND ended_at IS NULL",
            viewer.person,
            current.sign_in,
        )
        await people.end_links(viewer.person)
        await audit.record("password_set", viewer.person, viewer.person)


@get("/api/me/sessions", summary="Where one is signed in")
async def list_sessions(request: Call, viewer: NamedDependency[Viewer]) -> list[sessions.Session]:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    return await sessions.sessions_of(viewer.person, (await login.signed_in(request)).sign_in)


@delete("/api/me/sessions", summary="Sign out everywhere else")
async def end_other_sessions(request: Call, viewer: NamedDependency[Viewer]) -> None:
    await require(viewer, "end_sessions", Subject(person=viewer.person))
    await sessions.end_all(viewer.person, viewer.person, (await login.signed_in(request)).sign_in)


@delete("/api/me/sessions/{session:uuid}", summary="End one of one's own sessions")
async def end_own_session(viewer: NamedDependency[Viewer], session: FromPath[UUID]) -> None:
    owner = await SignIn.select(SignIn.person).where(SignIn.id == session)
    await require(viewer, "keep_account", Subject(person=owner[0]["person"] if owner else None), sessions.NO_SESSION)
    await sessions.end(viewer.person, session)


@delete("/api/people/{person:int}/sessions", summary="End all sessions of somebody, as an admin")
async def end_sessions_of(viewer: NamedDependency[Viewer], person: FromPath[int]) -> None:
    subject = await load_subject(person)
    await require(viewer, "end_sessions", subject or Subject(), NO_PERSON, fresh=True)
    await sessions.end_all(person, viewer.person)


@delete(
    "/api/people/{person:int}/factors",
    summary="Take away the second factors that somebody has lost, as an admin",
)
async def reset_factors_of(viewer: NamedDependency[Viewer], person: FromPath[int]) -> None:
    subject = await load_subject(person)
    await require(viewer, "reset_factor", subject or Subject(), NO_PERSON, fresh=True)
    await factors.reset(person, viewer.person)


@get("/api/organisation/factors", summary="Which roles must have a second factor")
async def read_required(viewer: NamedDependency[Viewer]) -> factors.Required:
    await require(viewer, "configure", ORGANISATION)
    return await factors.required()


@put("/api/organisation/factors", summary="Say which roles must have a second factor")
async def set_required(viewer: NamedDependency[Viewer], data: JSONBody[factors.Required]) -> factors.Required:
    await require(viewer, "configure", ORGANISATION, fresh=True)
    return await factors.require_of(data, viewer.person)


async def _codes_of_first(settings: Settings, person: int) -> Codes:
    """Recovery codes come with the first factor."""
    return Codes([] if await recovery.left(person) else await recovery.make(settings.secret, person))


def _browser_of(request: Call) -> str:
    token = login.browser_of(request)
    if token is None:
        raise Forbidden(passkeys.REFUSED)
    return token


ROUTES = [
    answer_second_step, give_proof, list_factors, begin_totp, confirm_totp, remove_totp, make_recovery_codes, change_password,
    begin_passkey, register_passkey, remove_passkey, begin_passkey_use, sign_in_with_passkey, give_passkey_proof,
    list_sessions, end_other_sessions, end_own_session, end_sessions_of, reset_factors_of, read_required, set_required,
]  # fmt: skip
