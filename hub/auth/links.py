"""Links by which somebody sets a password: to accept an invitation, or because theirs is forgotten.

A link carries 24 random bytes, signed under the deployment's secret, and is kept as a hash: neither a table nor a backup of it opens
anything. It stands in the fragment of its address, which browsers send to nobody, and the page takes it out of there at once. It works
once: its use is one conditional update in the transaction that sets the password. A newer link, a password set another way, another
address, a deactivation: each ends it. Whatever is the matter with a link, the answer is the same; what it was is in the audit.

Where mail is set up, a link exists only from the moment in which its mail is handed in. Where none is, the admin is shown it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub import audit, mail, people
from hub.auth import letters, login
from hub.auth.access import PERSON_MAX, Subject, Viewer
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.database import transaction
from hub.errors import Invalid, NotFound
from hub.passwords import hash_password
from hub.people.typed import normal_email
from hub.settings import Settings
from hub.tables import Link, Organisation, Person

Call = Request[None, None, State]
Purpose = Literal["invitation", "reset"]
VALID_FOR: dict[Purpose, timedelta] = {"invitation": timedelta(days=7), "reset": timedelta(hours=1)}
"""An invitation outlasts a weekend and some days of leave; who asks for a new password waits for the mail."""
RANDOM_BYTES, SIGNATURE_BYTES = 24, 16
TOKEN_MAX_CHARACTERS = 200
PAGE = "/set-password"
OVER = "This link doesn't work any more. It may have been used, be too old, or there may be a newer one."
NO_PERSON = "There is no such person."
NO_MAIL = "This hub sends no mail. An admin can give you a link for a new password."
LANGUAGE = Annotated[str, msgspec.Meta(pattern="^[a-z]{2}$")]


class AskForm(msgspec.Struct, frozen=True):
    """Whose password is forgotten, and the language of the page."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    language: LANGUAGE = "en"


class LanguageForm(msgspec.Struct, frozen=True):
    """The language that a mail is written in."""

    language: LANGUAGE = "en"


class TokenForm(msgspec.Struct, frozen=True):
    """What stands behind the `#` of a link."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=TOKEN_MAX_CHARACTERS)]


class NewPasswordForm(msgspec.Struct, frozen=True):
    """A link, and the password that it sets."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=TOKEN_MAX_CHARACTERS)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class OpenLink(msgspec.Struct, frozen=True):
    """What a link is good for."""

    purpose: Purpose
    name: str
    email: str
    expires_at: datetime


class MailOfLink(msgspec.Struct, frozen=True):
    """What became of the latest mail with a link for somebody."""

    state: mail.State
    queued_at: datetime
    error: str


class Invited(msgspec.Struct, frozen=True):
    """Somebody who is invited now. `url`: their link, this once, where no mail is set up."""

    person: int
    name: str
    email: str
    url: str | None


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody stands with links."""

    purpose: Purpose
    """What a link would be for now: an invitation for who has no way to sign in yet."""
    by_mail: bool
    """Whether a link is sent by mail; otherwise it is shown."""
    expires_at: datetime | None
    """Of the one that is open."""
    mail: MailOfLink | None
    url: str | None = None
    """The link itself, this once, where no mail is set up."""


# --- making them


async def give(settings: Settings, person: int, language: str, by: int) -> str | None:
    """Queues a mail with a link for somebody; where no mail is set up, makes the link and returns its address.

    Raises `NotFound`, and `Invalid` for whom no link can be made: who is deactivated, or simulated.
    """
    async with transaction():
        row = await _lock(person)
        if not _signs_in(row):
            raise Invalid("Nobody signs in here as this person: they are deactivated or simulated.")
        return await _give(settings, row, language, by)


async def invite(settings: Settings, persons: Sequence[int], language: str, by: int) -> list[Invited]:
    """As `give`, for those of these people who may sign in and have no way to yet; the others are left as they are. All or nobody.

    Raises `NotFound`.
    """
    invited = []
    async with transaction():
        for person in sorted(
            set(persons)
        ):  # in one order, so that two acts on the same people wait for each other only one way round
            row = await _lock(person)
            if _signs_in(row) and _purpose(row) == "invitation":
                url = await _give(settings, row, language, by)
                invited.append(Invited(person, row["name"], row["email"], url))
    return invited


async def _give(settings: Settings, row: dict[str, Any], language: str, by: int) -> str | None:
    purpose = _purpose(row)
    if settings.mail_server:
        await mail.queue(purpose, row["id"], row["locale"] or language)
        await audit.record("link_sent", by, row["id"], purpose=purpose)
        return None
    url = await _make(settings, row, purpose)
    await audit.record("link_shown", by, row["id"], purpose=purpose)
    return url


async def withdraw(persons: Iterable[int], by: int) -> None:
    """Ends these people's links, and takes mails back that have not been handed in. Idempotent. Raises `NotFound`."""
    async with transaction():
        for person in sorted(set(persons)):
            await _lock(person)
            ended = await people.end_links(person)
            taken_back = await mail.take_back(person, list(VALID_FOR))
            if ended or taken_back:
                await audit.record("link_withdrawn", by, person)


async def ask(settings: Settings, limits: Limits, address: str, email: str, language: str) -> None:
    """Queues a mail with a link for whoever has this e-mail address and a password.

    Does the same, in the same time, when nobody has: whether somebody does is decided by the worker. Raises `Invalid` where no mail is
    set up, `TooMany`, `Unavailable`.
    """
    if settings.mail_server is None:
        raise Invalid(NO_MAIL, code="no_mail")
    await limits.count_forgotten(address, email.strip().lower())
    try:
        wanted = normal_email(email)
    except Invalid:
        wanted = ""  # which nobody has
    async with transaction() as held:
        person: int | None = await held.fetchval(
            "SELECT id FROM person WHERE email = $1 AND password_hash IS NOT NULL AND deactivated_at IS NULL",
            wanted,
        )
        await mail.queue("reset", person, language)
        await audit.record("reset_asked", None, person)
    await mail.hurry()


async def write(settings: Settings, to: mail.ToSend) -> mail.Letter | None:
    """The mail with its link, which is made here; nothing for who has lost the need for it meanwhile. Within the caller's transaction."""
    if to.person is None:
        return None
    row = await _lock(to.person)
    if row["deactivated_at"] is not None or _purpose(row) != to.kind:
        return None
    organisation: str = (await Organisation.select(Organisation.name).limit(1))[0]["name"]
    url = await _make(settings, row, _purpose(row))
    return letters.letter(to.kind, to.language, organisation=organisation, name=to.name, url=url)


async def _lock(person: int) -> dict[str, Any]:
    rows = await Person.raw(_LOCK, person)
    if not rows:
        raise NotFound(NO_PERSON)
    row: dict[str, Any] = rows[0]
    return row


_LOCK = " ".join(
    (
        "SELECT id, name, email, locale, deactivated_at, simulated,",
        people.WAYS,
        "AS ways FROM person WHERE id = {} FOR NO KEY UPDATE",
    )
)


def _signs_in(row: dict[str, Any]) -> bool:
    return row["deactivated_at"] is None and not row["simulated"]


def _purpose(row: dict[str, Any]) -> Purpose:
    return "reset" if row["ways"] else "invitation"


async def _make(settings: Settings, row: dict[str, Any], purpose: Purpose) -> str:
    """Ends the link of before and makes one; its address. The person's row is locked."""
    await people.end_links(row["id"])
    token = _sign(settings.secret, secrets.token_bytes(RANDOM_BYTES))
    expires_at = datetime.now(UTC) + VALID_FOR[purpose]
    link = Link(hash=_hash(token), person=row["id"], purpose=purpose, email=row["email"], expires_at=expires_at)
    await Link.insert(link)
    return f"{settings.origin}{PAGE}#{base64.urlsafe_b64encode(token).decode().rstrip('=')}"


# --- using them


async def look(settings: Settings, limits: Limits, address: str, token: str) -> OpenLink:
    """What a link is good for. Raises `Invalid` for one that doesn't work, `TooMany` after too many of those from there, `Unavailable`."""
    row = await _usable(settings, limits, address, token)
    return OpenLink(row["purpose"], row["name"], row["person_email"], row["expires_at"])


async def use(settings: Settings, limits: Limits, address: str, form: NewPasswordForm) -> None:
    """Sets the password, once: of several at a time one does. Ends every sign-in, socket, token and link of the person.

    Raises as `look` does, and `Invalid` for a password that is refused: the link then still works.
    """
    row = await _usable(settings, limits, address, form.token)
    person: int = row["person"]
    hashed = await hash_password(form.password, await people.own_words(person))
    async with transaction() as held:
        await _lock(person)  # before the link, as whoever ends it does
        used = await held.fetchval(_USE, row["id"])
        if used:
            await people.replace_password(person, hashed, person, link=row["purpose"])
    if not used:
        await _refuse(limits, address, "used", person)
    await limits.forgive(row["person_email"])


_FIND = """
    SELECT link.id, link.purpose, link.person, link.expires_at, person.name, person.email AS person_email,
        CASE WHEN used_at IS NOT NULL THEN 'used' WHEN ended_at IS NOT NULL THEN 'ended' WHEN expires_at <= now() THEN 'expired'
            WHEN deactivated_at IS NOT NULL THEN 'deactivated' WHEN link.email <> person.email THEN 'other_address' END AS over
    FROM link JOIN person ON person.id = link.person WHERE hash = {}
"""
_USE = """
    UPDATE link SET used_at = now() FROM person
    WHERE link.id = $1 AND used_at IS NULL AND ended_at IS NULL AND expires_at > now()
        AND person.id = link.person AND deactivated_at IS NULL AND person.email = link.email
    RETURNING true
"""


async def _usable(settings: Settings, limits: Limits, address: str, token: str) -> dict[str, Any]:
    """The row of a link that works at this moment."""
    await limits.require_link_tries_left(address)
    signed = _read(settings.secret, token)
    rows = await Link.raw(_FIND, _hash(signed)) if signed else []
    if not rows:
        await _refuse(limits, address, "unknown" if signed else "tampered", None)
    row: dict[str, Any] = rows[0]
    if row["over"]:
        await _refuse(limits, address, row["over"], row["person"])
    return row


async def _refuse(limits: Limits, address: str, reason: str, person: int | None) -> NoReturn:
    await limits.count_wrong_link(address)
    await audit.record("link_refused", None, person, reason=reason)
    raise Invalid(OVER, "token", "link_over")


def _sign(secret: str, random: bytes) -> bytes:
    return random + hmac.digest(secret.encode(), b"daylight-link\0" + random, hashlib.sha256)[:SIGNATURE_BYTES]


def _read(secret: str, token: str) -> bytes | None:
    """What was signed; `None` when it was not, by us."""
    try:
        given = base64.b64decode(token.encode("ascii") + b"==", altchars=b"-_", validate=True)
    except ValueError:
        return None
    return given if hmac.compare_digest(given, _sign(secret, given[:RANDOM_BYTES])) else None


def _hash(token: bytes) -> bytes:
    """192 random bits need no slow hash and no key."""
    return hashlib.sha256(token).digest()


# --- routes


async def state(settings: Settings, person: int, url: str | None = None) -> LinkState:
    """How somebody stands with links. Raises `NotFound`."""
    rows = await Person.raw(_STATE, person)
    if not rows:
        raise NotFound(NO_PERSON)
    row = rows[0]
    sent = None if row["state"] is None else MailOfLink(row["state"], row["queued_at"], row["error"])
    return LinkState(
        purpose=_purpose(row),
        by_mail=settings.mail_server is not None,
        expires_at=row["expires_at"],
        mail=sent,
        url=url,
    )


_STATE = " ".join(
    (
        "SELECT",
        people.WAYS,
        """
    AS ways, link.expires_at, sent.state, sent.queued_at, sent.error FROM person
    LEFT JOIN link ON link.person = person.id AND used_at IS NULL AND link.ended_at IS NULL AND expires_at > now()
    LEFT JOIN LATERAL (
        SELECT state, queued_at, error FROM mail WHERE mail.person = person.id AND kind IN ('invitation', 'reset')
        ORDER BY id DESC LIMIT 1
    ) AS sent ON true
    WHERE person.id = {}
    """,
    )
)


async def _subject(person: int) -> Subject:
    if not 0 < person <= PERSON_MAX or not await Person.exists().where(Person.id == person):
        raise NotFound(NO_PERSON)
    return Subject(person=person)


@get("/api/people/{person:int}/link", summary="How somebody stands with the link by which they set a password")
async def read_link(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], person: FromPath[int]
) -> LinkState:
    await require(viewer, "give_link", await _subject(person), NO_PERSON)
    return await state(settings, person)


@post(
    "/api/people/{person:int}/link",
    summary="Invite somebody, or let them set a new password: by mail, or by a link to pass on",
)
async def give_link(
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    person: FromPath[int],
    data: JSONBody[LanguageForm],
) -> LinkState:
    shown = settings.mail_server is None  # and whoever holds the link becomes that person
    await require(viewer, "give_link", await _subject(person), NO_PERSON, fresh=shown)
    url = await give(settings, person, data.language, viewer.person)
    if url is None:
        await mail.hurry()
    return await state(settings, person, url)


@delete("/api/people/{person:int}/link", summary="Withdraw somebody's link")
async def withdraw_link(viewer: NamedDependency[Viewer], person: FromPath[int]) -> None:
    await require(viewer, "give_link", await _subject(person), NO_PERSON)
    await withdraw([person], viewer.person)


@post("/api/password/forgotten", status_code=204, summary="Ask for a mail with a link for a new password")
async def ask_for_link(
    request: Call, data: JSONBody[AskForm], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> None:
    await ask(settings, limits, login.address_of(request), data.email, data.language)


@post("/api/link", status_code=200, summary="What a link is good for")
async def look_at_link(
    request: Call, data: JSONBody[TokenForm], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> OpenLink:
    return await look(settings, limits, login.address_of(request), data.token)


@post("/api/link/password", status_code=204, summary="Set a password by a link")
async def use_link(
    request: Call, data: JSONBody[NewPasswordForm], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> None:
    """Whoever was signed in here is not any more: the next thing that this browser does is to sign in with the new password."""
    await use(settings, limits, login.address_of(request), data)
    await login.sign_out(request)


ROUTES = [read_link, give_link, withdraw_link, ask_for_link, look_at_link, use_link]
