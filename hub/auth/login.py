"""Signing in with a password and a second step, and who a connection belongs to.

Whoever has a factor gets a half-open sign-in for their password: it can answer the second step, within `HALF_OPEN_S`, and nothing else.
The session lies in Redis under an id that is made anew at each sign-in (RFC 6265 cookie; OWASP: session fixation). Each sign-in also
has a row in PostgreSQL, which every request and every live socket is held against: it ends a session while Redis is away as well.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec

from hub import audit
from hub.auth import cookie, factors
from hub.auth.access import Viewer, load_viewer
from hub.auth.cookie import Connection
from hub.auth.limits import Limits
from hub.database import transaction
from hub.errors import Forbidden, Invalid, Unauthorised
from hub.passwords import password_matches
from hub.people import Locale
from hub.people.typed import normal_email
from hub.settings import Settings
from hub.tables import Organisation, Person, Role, SignIn
from hub.wire.closing import Close
from hub.wire.policy import clean

SIGNED_IN_MAX_S = 30 * 24 * 3600
"""The longest that a sign-in lasts, however much it is used: 30 days (NIST SP 800-63B-4, 2.1.3, for a single factor)."""
HALF_OPEN_S = 5 * 60
"""For the second step, with time to find the phone."""
FRESH_S = 10 * 60
"""For so long after somebody proved who they are, a dangerous act asks for no other proof."""
SEEN_EVERY_S = 60
WRONG = "That e-mail and password don't match."
NOT_YOURS = "This is not your password."
PROVE_FIRST = "Prove first that it is you: with your password or a code."
FACTOR_FIRST = "Set up a second factor first: your role needs one."
ENDED = "Sign in again: this session has ended."
BROWSER_MAX_CHARACTERS = 300
ADDRESS_MAX_CHARACTERS = 45
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

Proof = Literal["password", "link", "oidc", "code", "passkey"]
"""What somebody proved with who they are. The last two are both factors together, or the second."""
_WHOLE: frozenset[Proof] = frozenset({"code", "passkey"})


class SignedIn(msgspec.Struct, frozen=True):
    """A connection's person, and the sign-in that it rests on."""

    viewer: Viewer
    sign_in: UUID

    @property
    def version(self) -> tuple[int, int]:
        """What `ended` holds a live socket against: the person, and what they might see when it was opened."""
        return self.viewer.person, self.viewer.access_version


class SecondStep(msgspec.Struct, frozen=True):
    """The password was right, and one of these is still to be shown."""

    second_step: list[factors.Kind]


class MyRole(msgspec.Struct, frozen=True):
    role: str
    team: int | None


class MyTeam(msgspec.Struct, frozen=True):
    id: int
    name: str


class MyOrganisation(msgspec.Struct, frozen=True):
    name: str
    zone: str
    demo: bool
    expected_min: list[int]
    """Minutes that somebody is expected to be active for, Monday to Sunday."""
    set_up: bool
    """False only until an admin has finished or skipped the set-up. A demo needs none."""
    version: int
    """Of the settings: a change of them names it."""


class Me(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is signed in."""

    id: int
    name: str
    email: str
    roles: list[MyRole]
    team: MyTeam | None
    """Where they are at home."""
    manages: bool
    """Whether they manage any team."""
    device: bool
    """Whether a device of theirs is enrolled, and not revoked."""
    organisation: MyOrganisation
    locale: Locale | None = None
    """The language that they are greeted in by a browser where no other was chosen."""
    factor_wanted: bool = False
    """Whether they have to set up a second factor before anything else."""
    policy_waits: bool = False
    """Whether a policy that widens theirs waits for them to acknowledge it."""
    ceiling_waits: bool = False
    """Whether a higher ceiling, which somebody else proposed, waits for a representative's signature, and they are one."""
    requests_wait: int = 0
    """Requests of others about their data that wait for an answer of an admin, if they are one."""
    requests_due_on: date | None = None
    """The last day for the first of these."""


# --- signing in and out


def now() -> datetime:
    """The time by which an authenticator's codes are judged."""
    return datetime.now(UTC)


async def sign_in(connection: Connection, limits: Limits, email: str, password: str) -> Me | SecondStep:
    """Checks the password and opens a session under a new id; half-open for whoever has a factor.

    Raises `Unauthorised` for anything that doesn't match, after the same time whatever it was; `TooMany`; `Unavailable` while
    Redis can't count tries or hold the session.
    """
    address = email.strip().lower()
    await limits.count_sign_in(address_of(connection), address)
    known = await _credentials_of(address)
    usable = known is not None and known["deactivated_at"] is None
    matches = await password_matches(password, known["password_hash"] if known and usable else None)
    if known is None or not matches:
        await audit.record("sign_in_failed", None, known["id"] if known else None)
        raise Unauthorised(WRONG)
    opened = await open_sign_in(connection, known["id"])
    await limits.forgive(address)
    return opened


async def open_sign_in(connection: Connection, person: int, proof: Proof = "password") -> Me | SecondStep:
    """Opens a session under a new id for somebody who has just proved who they are, and ends the one that this browser had.

    Returns what the browser is to be told: who they are, or that a second step is wanted, for those who have a factor and proved the
    first only. Raises `Unauthorised` when they are deactivated or a half-open sign-in of before was ended meanwhile, `Unavailable` while
    Redis can't hold the session.
    """
    wanted = [] if proof in _WHOLE else await factors.kinds_of(person)
    before, half = cookie.session_of(connection), cookie.half_open_of(connection)
    opened = uuid4()
    key = "half_open" if wanted else "sign_in"
    await cookie.kept(connection).begin(connection, {key: str(opened), "person": person})
    async with transaction() as held:
        # A deactivation that came in between wins: it holds this row's lock, or has been committed.
        active = await held.fetchval("SELECT deactivated_at IS NULL FROM person WHERE id = $1 FOR SHARE", person)
        if not active:
            raise Unauthorised(WRONG)
        if proof == "code" and (half is None or not await held.fetchval(_END, half[1], person)):
            raise Unauthorised(ENDED)
        for other in (before, half):
            if other is not None:
                await held.fetchval(_END, other[1], other[0])
        row = SignIn(
            id=opened,
            person=person,
            half_open=bool(wanted),
            browser=clean(connection.headers.get("user-agent", ""), BROWSER_MAX_CHARACTERS) or "",
            address=address_of(connection)[:ADDRESS_MAX_CHARACTERS],
        )
        await SignIn.insert(row)
        await audit.record("sign_in_half_open" if wanted else "sign_in", person, person, proof=proof)
        if cookie.is_unknown(connection):
            # Somebody may have planted it (session fixation), or Redis has lost what it held. No other session goes by it either way.
            await audit.record("request_refused", None, person, reason="unknown_session")
    return SecondStep(wanted) if wanted else await me(person)


async def answer_second_step(connection: Connection, limits: Limits, secret: str, code: str) -> Me:
    """Makes a half-open sign-in a whole one, under a new id, for a code of an authenticator or a recovery code.

    Raises `Unauthorised` when there is none, or not any more; `Invalid` for a wrong code; `TooMany`; `Unavailable`.
    """
    half = cookie.half_open_of(connection)
    if half is None:
        raise Unauthorised("Sign in first.")
    await limits.count_second_step(address_of(connection))
    person, opened = half
    since = datetime.now(UTC) - timedelta(seconds=HALF_OPEN_S)
    if not await SignIn.exists().where(
        SignIn.id == opened,
        SignIn.person == person,
        SignIn.half_open.eq(True),
        SignIn.ended_at.is_null(),
        SignIn.created_at > since,
    ):
        raise Unauthorised(ENDED)
    await factors.take_code(secret, person, code, now())
    done = await open_sign_in(connection, person, "code")
    assert isinstance(done, Me)
    return done


async def prove(connection: Connection, limits: Limits, secret: str, *, password: str | None, code: str | None) -> None:
    """Proves anew who sits here, by password or code: `fresh` from now on. Raises `Invalid`, `TooMany`, `Unauthorised`, `Unavailable`."""
    current = await signed_in(connection)
    person = current.viewer.person
    if code is not None:
        await limits.count_second_step(address_of(connection))
        await factors.take_code(secret, person, code, now())
    else:
        await require_password(connection, limits, person, password or "")
    await proved(connection, current, "password" if code is None else "code")


async def require_password(
    connection: Connection, limits: Limits, person: int, password: str, field: str = "password"
) -> None:
    """Raises `Invalid`, of this field, unless this is the person's password. Counted as a sign-in is."""
    row = (await Person.select(Person.email, Person.password_hash).where(Person.id == person))[0]
    await limits.count_sign_in(address_of(connection), row["email"])
    if not await password_matches(password, row["password_hash"]):
        await audit.record("proof_refused", person, person)
        raise Invalid(NOT_YOURS, field)
    await limits.forgive(row["email"])


async def proved(connection: Connection, current: SignedIn, proof: Proof) -> None:
    """Writes down that whoever is signed in has just proved who they are, and gives their session a new id. Raises `Unavailable`."""
    await renew_session(connection)
    async with transaction() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() WHERE id = $1", current.sign_in)
        await audit.record("proof_given", current.viewer.person, current.viewer.person, proof=proof)


async def renew_session(connection: Connection) -> None:
    """Goes on under a new id: whoever got hold of the one of before has no part in what this session may from now on (ASVS 5.0, 7.2.4).
    Raises `Unavailable`."""
    await cookie.kept(connection).renew(connection)


_END = "UPDATE sign_in SET ended_at = now() WHERE id = $1 AND person = $2 AND ended_at IS NULL RETURNING id"


async def _credentials_of(address: str) -> dict[str, Any] | None:
    try:
        wanted = Person.email == normal_email(address)
    except Invalid:
        return None
    rows = await Person.select(Person.id, Person.password_hash, Person.deactivated_at).where(wanted)
    return rows[0] if rows else None


async def sign_out(connection: Connection) -> None:
    """Ends the sign-in for good, and forgets the session. Idempotent."""
    session = cookie.session_of(connection) or cookie.half_open_of(connection)
    if session is not None:
        person, opened = session
        async with transaction() as held:
            if await held.fetchval(_END, opened, person) is not None:
                await audit.record("sign_out", person, person)
    await cookie.kept(connection).end(connection)


async def me(person: int) -> Me:
    """What a browser is told about who is signed in."""
    row, viewer = (await Person.raw(_ME, person))[0], await load_viewer(person)
    roles = await Role.select(Role.role, Role.team).where(Role.person == person).order_by(Role.id)
    return Me(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        roles=[MyRole(row["role"], row["team"]) for row in roles],
        team=None if row["team"] is None else MyTeam(row["team"], row["team_name"]),
        manages=any(row["role"] == "manager" for row in roles),
        device=row["device"],
        organisation=await organisation(),
        locale=row["locale"],
        factor_wanted=viewer is not None and viewer.factor_wanted,
        policy_waits=row["policy_waits"],
        ceiling_waits=row["ceiling_waits"],
        requests_wait=row["requests_wait"],
        requests_due_on=row["requests_due_on"],
    )


async def organisation() -> MyOrganisation:
    """The organisation as everybody in it is told."""
    row = (await Organisation.select().order_by(Organisation.id).limit(1))[0]
    return MyOrganisation(
        name=row["name"],
        zone=row["zone"],
        demo=row["demo"],
        expected_min=row["expected_min"],
        set_up=row["demo"] or row["set_up_at"] is not None,
        version=row["version"],
    )


_ME = """
    SELECT person.id, person.name, person.email, person.locale, team.id AS team, team.name AS team_name,
        EXISTS (SELECT FROM device WHERE device.person = person.id AND revoked_at IS NULL) AS device,
        coalesce((
            SELECT wanted <> held AND acknowledged_at IS NULL FROM person_policy
            WHERE person_policy.person = person.id ORDER BY id DESC LIMIT 1
        ), false) AS policy_waits,
        EXISTS (SELECT FROM role WHERE role.person = person.id AND role.role = 'representative') AND EXISTS (
            SELECT FROM policy_change WHERE state = 'proposed' AND made_by IS DISTINCT FROM person.id
        ) AS ceiling_waits,
        asked.waiting AS requests_wait, asked.due_on AS requests_due_on
    FROM person
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting, min(due_on) AS due_on FROM person_request
        WHERE state = 'open' AND person_request.person <> person.id
            AND EXISTS (SELECT FROM role WHERE role.person = person.id AND role.role = 'admin')
    ) AS asked
    LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    LEFT JOIN team ON team.id = membership.team
    WHERE person.id = {}
"""


# --- who a connection belongs to


async def signed_in(connection: Connection) -> SignedIn:
    """The person whom the session's sign-in belongs to, with roles and teams as of now.

    Raises `Unauthorised` when there is no session, or it was ended, has expired or its person is deactivated, `Unavailable` when sessions
    can't be read, and `TooMany` from where too many ask with a session that is over.
    """
    session = cookie.session_of(connection)
    if session is None:
        raise Unauthorised("Sign in first.")
    person, opened = session
    at = datetime.now(UTC)
    rows = await SignIn.select(SignIn.proved_at, SignIn.seen_at).where(
        SignIn.id == opened,
        SignIn.person == person,
        SignIn.half_open.eq(False),
        SignIn.ended_at.is_null(),
        SignIn.created_at > at - timedelta(seconds=SIGNED_IN_MAX_S),
        SignIn.seen_at > at - timedelta(seconds=cookie.IDLE_S + SEEN_EVERY_S),
    )
    viewer = await load_viewer(person) if rows else None
    if viewer is None or not viewer.active:
        limits: Limits = connection.app.state.limits
        await limits.count_request(address=address_of(connection))  # nobody's any more, so not counted by person
        raise Unauthorised(ENDED)
    row = rows[0]
    if row["seen_at"] < at - timedelta(seconds=SEEN_EVERY_S):
        await SignIn.update({SignIn.seen_at: at}).where(SignIn.id == opened)
        cookie.keep_on(connection)
    fresh = row["proved_at"] > at - timedelta(seconds=FRESH_S)
    return SignedIn(msgspec.structs.replace(viewer, fresh=fresh), opened)


async def viewer_of_socket(socket: Connection) -> SignedIn:
    """`signed_in` for a live socket. Unlike a request's, its end must be watched for: see `ended`."""
    opened = await signed_in(socket)
    if opened.viewer.factor_wanted:
        raise Unauthorised(FACTOR_FIRST)
    return opened


Opened = tuple[UUID, tuple[int, int]]
"""What a live socket was opened with: the sign-in, which its windows share, and the person with their `access_version` at that time."""


async def ended(open_ones: Collection[Opened]) -> dict[Opened, Close]:
    """Which of these may no longer have a live socket, and the code to close it with. One query, PostgreSQL only.

    A sign-out, an expiry or a deactivation is `SIGNED_OUT`; a change of what the person may see is `ACCESS_CHANGED`: a new connection
    then shows the new view. A socket by itself is no use of a session: a wall that is looked at asks for something every other minute.
    """
    if not open_ones:
        return {}
    at = datetime.now(UTC)
    rows = await SignIn.raw(
        _ENDED,
        [sign_in for sign_in, _ in open_ones],
        [person for _, (person, _) in open_ones],
        [version for _, (_, version) in open_ones],
        at - timedelta(seconds=SIGNED_IN_MAX_S),
        at - timedelta(seconds=cookie.IDLE_S + SEEN_EVERY_S),
    )
    return {
        (UUID(str(row["id"])), (row["person"], row["version"])): Close.SIGNED_OUT
        if row["gone"]
        else Close.ACCESS_CHANGED
        for row in rows
    }


# One row for each that is over (`gone`) or whose person may see something else now.
_ENDED = """
    SELECT open.id, open.person, open.version, live.id IS NULL AS gone
    FROM unnest({}::uuid[], {}::int[], {}::int[]) AS open (id, person, version)
    LEFT JOIN (
        SELECT sign_in.id, sign_in.person, person.access_version FROM sign_in JOIN person ON person.id = sign_in.person
        WHERE sign_in.ended_at IS NULL AND NOT sign_in.half_open AND sign_in.created_at > {} AND sign_in.seen_at > {}
            AND person.deactivated_at IS NULL
    ) AS live ON live.id = open.id AND live.person = open.person
    WHERE live.id IS NULL OR live.access_version <> open.version
"""


# --- Origin


def allowed_origins(settings: Settings) -> frozenset[str]:
    """The origins that our own pages have. In development on loopback it is reached by either of its names."""
    origins = {settings.origin}
    if settings.environment == "development" and settings.host in _LOOPBACK:
        origins |= {f"http://localhost:{settings.port}", f"http://127.0.0.1:{settings.port}"}
    return frozenset(origins)


def require_origin(connection: Connection, settings: Settings, *, optional: bool = False) -> None:
    """Refuses a browser page of another site (RFC 6455, 10.2): raises `Forbidden`. To be called before a socket is accepted.

    `optional` lets through who sends no Origin at all, as desktop agents do: they prove who they are by a signature.
    """
    origins = connection.headers.getall("origin", [])
    if optional and not origins:
        return
    if len(origins) != 1 or origins[0].lower() not in allowed_origins(settings):
        raise Forbidden(f"This page was not opened at {urlsplit(settings.origin).netloc}, where Daylight is.")


def address_of(connection: Connection) -> str:
    """The peer's address. Behind a proxy it is the client's only when the server was told to believe that proxy."""
    return connection.client.host if connection.client else "unknown"


def browser_of(connection: Connection) -> str | None:
    """What tells this browser from others, signed in or not: the CSRF token, which no change is let through without."""
    cookies = connection.cookies
    return cookies.get("__Host-csrftoken") or cookies.get("csrftoken") or None  # the first where there is TLS
