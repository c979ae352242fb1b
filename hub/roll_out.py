"""Codes for a roll-out, which admins make, and the computers that ask by one, which people approve as theirs. See `auth/asking.py`."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub import audit
from hub.auth import asking, login
from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.asking import NO_REQUEST, Asking
from hub.auth.device_list import device_row
from hub.auth.enrolment import ALPHABET, code_hash, plain_code
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.database import connection, transaction
from hub.errors import Invalid, NotFound
from hub.people.typed import normal_email
from hub.settings import Settings
from hub.tables import EnrolmentCode
from hub.wire.policy import clean

CODE_CHARACTERS = 16
"""Of 5 bits each: nobody types it, and it lives for days."""
USES_MAX = 1_000
DAYS_MAX = 30
LABEL_MAX = 80
NO_CODE = "There is no such code."

Call = Request[None, None, State]


class RollOut(msgspec.Struct, frozen=True, kw_only=True):
    """A code for a roll-out that serves still; the code itself is not kept."""

    id: str
    label: str
    person: str | None
    """Whose devices alone it adds."""
    uses: int
    uses_left: int
    waiting: int
    """Computers that ask by it now."""
    made_at: datetime
    made_by: str | None
    expires_at: datetime


class NewRollOut(RollOut, frozen=True, kw_only=True):
    """With the code, which is shown this once."""

    code: str


class RollOutForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is for, how many computers it serves and for how many days; with an address, those of this person alone."""

    label: Annotated[str, msgspec.Meta(max_length=200)]
    uses: int
    days: int
    email: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Confirmation(msgspec.Struct, frozen=True):
    """What a computer shows, however it is typed."""

    confirmation: Annotated[str, msgspec.Meta(max_length=64)]


class Decision(msgspec.Struct, frozen=True):
    """Whether the computer is one's own."""

    mine: bool


class Decided(msgspec.Struct, frozen=True):
    """The device that the computer has become; none when it was declined."""

    device: str | None
    name: str


@get("/api/devices/codes", summary="Codes for a roll-out that serve still, for admins")
async def list_roll_out_codes(viewer: NamedDependency[Viewer]) -> list[RollOut]:
    await require(viewer, "configure", ORGANISATION)
    return await every()


@post("/api/devices/codes", summary="Make a code for a roll-out; it is shown this once")
async def make_roll_out_code(
    viewer: NamedDependency[Viewer], data: JSONBody[RollOutForm], settings: NamedDependency[Settings]
) -> NewRollOut:
    await require(viewer, "configure", ORGANISATION, fresh=True)
    return await make(settings.secret, data, viewer.person)


@delete("/api/devices/codes/{code:uuid}", summary="Withdraw a code for a roll-out, with the requests that wait")
async def withdraw_roll_out_code(viewer: NamedDependency[Viewer], code: FromPath[UUID]) -> None:
    await require(viewer, "configure", ORGANISATION, NO_CODE)
    await withdraw(code, viewer.person)


@get("/api/devices/asking", summary="Computers that ask to be one's own devices, and nobody else's")
async def list_asking(viewer: NamedDependency[Viewer]) -> list[Asking]:
    await require(viewer, "enrol_own_device", Subject(person=viewer.person))
    return await asking.open_for(viewer.person)


@post("/api/devices/asking", summary="The computer that shows this confirmation")
async def find_asking(
    request: Call, viewer: NamedDependency[Viewer], data: JSONBody[Confirmation], limits: NamedDependency[Limits]
) -> Asking:
    await require(viewer, "enrol_own_device", Subject(person=viewer.person))
    address = login.address_of(request)
    typed = clean(plain_code(data.confirmation), CODE_CHARACTERS + 1) or ""
    whose = f"confirmation-{viewer.person}"  # who mistypes, or guesses, locks nobody else of their office out
    async with limits.trying_a_code(address, whose):
        try:
            return await asking.found(f"{typed[:4]}-{typed[4:]}", viewer.person)
        except Invalid:
            await limits.count_wrong_code(address, whose)
            await audit.record("code_refused", viewer.person, viewer.person, known=False)
            raise


@put("/api/devices/asking/{asked:uuid}", summary="Say whether a computer that asks is one's own")
async def decide_asking(viewer: NamedDependency[Viewer], asked: FromPath[UUID], data: JSONBody[Decision]) -> Decided:
    person = await asking.asked_of(asked)
    await require(viewer, "enrol_own_device", Subject(person=person or viewer.person), NO_REQUEST)
    if not data.mine:
        await asking.decline(asked, viewer.person)
        return Decided(None, "")
    row = await device_row(await asking.approve(asked, viewer.person))
    return Decided(row.id, row.name)


ROUTES = [list_roll_out_codes, make_roll_out_code, withdraw_roll_out_code, list_asking, find_asking, decide_asking]


async def every() -> list[RollOut]:
    """The newest first."""
    async with connection() as held:
        rows = await held.fetch(f"{_CODES} ORDER BY enrolment_code.created_at DESC")
    return [RollOut(**{**row, "id": str(row["id"])}) for row in rows]


async def make(secret: str, form: RollOutForm, by: int) -> NewRollOut:
    """Raises `Invalid` for more computers or days than are allowed, no label, and an address that is nobody's."""
    label = clean(form.label, LABEL_MAX + 1)
    if label is None or len(label) > LABEL_MAX:
        raise Invalid(f"A name has 1 to {LABEL_MAX} characters.", "label", "name_length", LABEL_MAX)
    if not 1 <= form.uses <= USES_MAX:
        raise Invalid(f"A code serves 1 to {USES_MAX} computers.", "uses", "roll_out_uses", USES_MAX)
    if not 1 <= form.days <= DAYS_MAX:
        raise Invalid(f"A code serves for 1 to {DAYS_MAX} days.", "days", "roll_out_days", DAYS_MAX)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    number = uuid4()
    async with transaction() as held:
        person = None
        if form.email.strip():
            person = await held.fetchval(
                "SELECT id FROM person WHERE email = $1 AND deactivated_at IS NULL", normal_email(form.email)
            )
            if person is None:
                raise Invalid("There is nobody here with this e-mail address.", "email", "nobody_such")
        await EnrolmentCode.insert(
            EnrolmentCode(
                code_hash=code_hash(secret, code),
                person=person,
                uses_left=form.uses,
                expires_at=datetime.now(UTC) + timedelta(days=form.days),
                roll_out=number,
                label=label,
                uses=form.uses,
                made_by=by,
            )
        )
        await audit.record("roll_out_code_made", by, person, code=str(number), uses=form.uses, days=form.days)
        row = await held.fetchrow(f"{_CODES} AND roll_out = $1", number)
    told = "-".join(code[at : at + 4] for at in range(0, CODE_CHARACTERS, 4))
    return NewRollOut(**{**row, "id": str(number)}, code=told)


async def withdraw(code: UUID, by: int) -> None:
    """The code serves no more, and nobody can approve what waits by it. Raises `NotFound`."""
    async with transaction() as held:
        row = await held.fetchrow("DELETE FROM enrolment_code WHERE roll_out = $1 RETURNING code_hash, person", code)
        if row is None:
            raise NotFound(NO_CODE)
        await held.execute("DELETE FROM enrolment_request WHERE code_hash = $1 AND state = 'waiting'", row["code_hash"])
        await audit.record("roll_out_code_withdrawn", by, row["person"], code=str(code))


_CODES = """
    SELECT roll_out AS id, label, owner.name AS person, uses, uses_left, enrolment_code.created_at AS made_at, maker.name AS made_by,
        expires_at, (SELECT count(*) FROM enrolment_request AS asked
            WHERE asked.code_hash = enrolment_code.code_hash AND asked.state = 'waiting' AND asked.expires_at > now()) AS waiting
    FROM enrolment_code LEFT JOIN person AS owner ON owner.id = enrolment_code.person LEFT JOIN person AS maker ON maker.id = made_by
    WHERE roll_out IS NOT NULL AND uses_left > 0 AND expires_at > now()
"""
