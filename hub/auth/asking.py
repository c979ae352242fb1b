"""Computers that ask to be somebody's device, by a code that an admin made for a roll-out; as in RFC 8628, the person decides in a browser.

    code for a roll-out ──▶ asked (shows a confirmation) ──▶ approved by a person ──▶ device
                                                         └──▶ declined, or over after a quarter of an hour

Such a code carries no right to be anybody's device: it carries the right to ask. A use of it is taken by the approval, in the transaction
that adds the device; there are never more open requests of a code than it has uses left. Until then nothing of the computer is collected
or taken.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec

from hub import audit
from hub.database import connection, transaction
from hub.errors import Invalid, NotFound
from hub.settings import Settings
from hub.tables import Device
from hub.wire.agent import Enrol, EnrolAsked
from hub.wire.policy import clean

ASKED_TTL = timedelta(minutes=15)
KEPT = timedelta(days=1)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NO_REQUEST = "There is no such request."
TOO_OLD = "This code asks a person to approve the computer first, which this agent can't wait for: take a newer one."
FULL = (
    "As many computers as this code serves are waiting for approval already. Try again later, or ask for another code."
)
OVER = "This request is over: run `daylight agent enrol` again."
DECLINED = "The person who was asked said that this computer is not theirs."


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A computer that asks, as whoever may approve it sees it."""

    id: str
    confirmation: str
    """What the computer shows."""
    name: str
    system: str
    asked_at: datetime
    expires_at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request."""

    state: Literal["waiting", "approved", "declined"]
    asked: Asking
    person: int | None
    email: str
    """Of who approved it."""
    device: str


async def ask(hashed: bytes, request: Enrol) -> Asking | None:
    """Notes that a computer asks, with the code of this hash; `None` when that is no code for a roll-out that serves now.

    Raises `Invalid` for an agent that can't wait, a key in use, and when all that the code has left are being asked for.
    """
    async with transaction() as held:
        code = await held.fetchrow(
            "SELECT person, uses_left, expires_at FROM enrolment_code "
            "WHERE code_hash = $1 AND roll_out IS NOT NULL AND uses_left > 0 AND expires_at > now() FOR UPDATE",
            hashed,
        )
        if code is None:
            return None
        if not request.waits or request.simulated:
            raise Invalid(TOO_OLD, "code")
        await held.execute("DELETE FROM enrolment_request WHERE expires_at < now() - $1::interval", KEPT)
        open_now = await held.fetchval(
            "SELECT count(*) FROM enrolment_request WHERE code_hash = $1 AND state = 'waiting' AND expires_at > now()",
            hashed,
        )
        if open_now >= code["uses_left"]:
            raise Invalid(FULL, "code")
        await _require_new(request.public_key)
        plain = "".join(secrets.choice(ALPHABET) for _ in range(8))
        row = await held.fetchrow(
            """
            INSERT INTO enrolment_request (id, confirmation, code_hash, person, public_key, name, system, asked_at, expires_at, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, now(), least(now() + $8::interval, $9), 'waiting') RETURNING *
            """,
            uuid4(),
            f"{plain[:4]}-{plain[4:]}",
            hashed,
            code["person"],
            request.public_key,
            clean(request.name, 200) or "",
            clean(request.system, 200) or "",
            ASKED_TTL,
            code["expires_at"],
        )
        await audit.record("device_asked", None, code["person"], request=_short(row["id"]))
    return _asking(row)


def asked(request: Asking, settings: Settings) -> EnrolAsked:
    """What the computer is told as long as it waits."""
    return EnrolAsked(
        request=request.id,
        confirmation=request.confirmation,
        address=f"{settings.origin}/devices?confirm={request.confirmation}",
        expires_at=request.expires_at,
    )


async def outcome(request: str) -> Outcome:
    """What became of it, for the computer. Raises `Invalid` when it was declined, is over, or never was."""
    row = None
    try:
        number = UUID(request)
    except ValueError:
        raise Invalid(OVER, "request") from None
    async with connection() as held:
        row = await held.fetchrow(
            "SELECT enrolment_request.*, person.id AS approved_by, person.email FROM enrolment_request "
            "LEFT JOIN person ON person.id = decided_by WHERE enrolment_request.id = $1",
            number,
        )
    if row is None or (row["state"] == "waiting" and row["expires_at"] <= datetime.now(UTC)):
        raise Invalid(OVER, "request")
    if row["state"] == "declined":
        raise Invalid(DECLINED, "request")
    return Outcome(
        state=row["state"],
        asked=_asking(row),
        person=row["approved_by"],
        email=row["email"] or "",
        device=str(row["device"] or ""),
    )


async def open_for(person: int) -> list[Asking]:
    """The computers that ask this person, and nobody else."""
    async with connection() as held:
        rows = await held.fetch(
            "SELECT * FROM enrolment_request WHERE person = $1 AND state = 'waiting' AND expires_at > now() ORDER BY asked_at",
            person,
        )
    return [_asking(row) for row in rows]


async def found(confirmation: str, person: int) -> Asking:
    """The computer that shows this confirmation, if this person may approve it. Raises `Invalid` otherwise, whichever it is."""
    async with connection() as held:
        row = await held.fetchrow(
            "SELECT * FROM enrolment_request WHERE confirmation = $1 AND state = 'waiting' AND expires_at > now() "
            "AND (person IS NULL OR person = $2)",
            confirmation,
            person,
        )
    if row is None:
        raise Invalid(
            "No computer shows this code now. It may be mistyped, or older than a quarter of an hour.",
            "confirmation",
            "confirmation_wrong",
        )
    return _asking(row)


async def asked_of(request: UUID) -> int | None:
    """Who alone may decide it; `None`: whoever has its number, or it is decided. Raises `NotFound`."""
    async with connection() as held:
        row = await held.fetchrow(
            "SELECT CASE state WHEN 'waiting' THEN person END AS person FROM enrolment_request WHERE id = $1", request
        )
    if row is None:
        raise NotFound(NO_REQUEST)
    person: int | None = row["person"]
    return person


async def approve(request: UUID, by: int) -> UUID:
    """Makes the computer a device of `by`, who is one that may: all or nothing, once.

    Raises `Invalid` when it was decided before, is over, or its code serves no more.
    """
    async with transaction() as held:
        row = await _decided(held, request, by, "approved")
        used = await held.fetchval(
            "UPDATE enrolment_code SET uses_left = uses_left - 1 "
            "WHERE code_hash = $1 AND uses_left > 0 AND expires_at > now() RETURNING uses_left",
            row["code_hash"],
        )
        if used is None:
            raise Invalid("The code that this computer came by was withdrawn or has run out.", code="roll_out_over")
        uid = await insert_device(
            held,
            Device(
                uid=uuid4(),
                person=by,
                public_key=row["public_key"],
                name=row["name"],
                system=row["system"],
                enrolled_with="roll_out",
            ),
        )
        await held.execute("UPDATE enrolment_request SET device = $2 WHERE id = $1", request, uid)
    return uid


async def decline(request: UUID, by: int) -> None:
    """Says that the computer is not theirs: it is told so. Raises `Invalid` as `approve` does."""
    async with transaction() as held:
        await _decided(held, request, by, "declined")
        await audit.record("device_declined", by, by, request=_short(request))


async def insert_device(held: Any, device: Device) -> UUID:
    """Adds a device and its cursor, with a row in the audit, in the transaction of `held`. Raises `Invalid` for a key in use."""
    await take_turns(held, device.public_key)
    await _require_new(device.public_key)
    # Whoever is just erasing days of its person is waited for, and waits: one of both marks the cursor.
    await held.execute("SELECT FROM person WHERE id = $1 FOR SHARE", device.person)
    added = await Device.insert(device).returning(Device.id, Device.uid)
    await held.execute(
        "INSERT INTO device_cursor (device, epoch, erased) VALUES ($1, 1, EXISTS (SELECT FROM erased_days WHERE person = $2))",
        added[0]["id"],
        device.person,
    )
    uid: UUID = added[0]["uid"]
    await audit.record("device_enrolled", device.person, device.person, device=str(uid), simulated=device.simulated)
    return uid


async def take_turns(held: Any, key: bytes) -> None:
    """Two enrolments with one key take turns: the second finds the first."""
    await held.execute("SELECT pg_advisory_xact_lock($1)", int.from_bytes(key[:8], signed=True))


async def _require_new(key: bytes) -> None:
    if await Device.exists().where(Device.public_key == key):
        raise Invalid("This key belongs to a device already. Make a new one.", "public_key")


async def _decided(held: Any, request: UUID, by: int, state: str) -> Any:
    """Of two who decide at once the second finds what the first did."""
    row = await held.fetchrow(
        "UPDATE enrolment_request SET state = $3, decided_by = $2, person = $2 "
        "WHERE id = $1 AND state = 'waiting' AND expires_at > now() RETURNING *",
        request,
        by,
        state,
    )
    if row is not None:
        return row
    before = await held.fetchval("SELECT state FROM enrolment_request WHERE id = $1", request)
    if before == "approved":
        raise Invalid("This computer was approved already.", code="request_approved")
    if before == "declined":
        raise Invalid(
            "This computer was declined already. To enrol it, run the command on it again.", code="request_declined"
        )
    raise Invalid("This computer has waited too long. Run the command on it again.", code="request_over")


def _asking(row: Any) -> Asking:
    return Asking(
        id=str(row["id"]),
        confirmation=row["confirmation"],
        name=row["name"],
        system=row["system"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
    )


def _short(request: UUID) -> str:
    """What tells requests apart in the audit, and lets nobody ask for one."""
    return str(request)[:8]
