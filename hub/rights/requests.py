"""What people ask about their own data (GDPR, articles 16, 17 and 18), and what admins answer: each act one transaction with its audit row.

A request is to be answered within a month from the day on which it was made, by the calendar of who made it (article 12, 3). An admin
may put that off once, by two months at the most, with a reason, and only before it is over. What is
asked and answered in words is sealed in the audit. Restricting somebody leaves all of theirs stored, and shows it to nobody but them.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import asyncpg
import msgspec

from hub import audit, erased_days, erasure, mail, mentions, people, subject_keys
from hub.database import connection, transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.people.zones import zones_of
from hub.wire.policy import clean
from hub.workdays import day_of

Kind = Literal["correct", "restrict", "erase"]
State = Literal["open", "accepted", "declined", "withdrawn"]
WORDS_MAX = 1000
SHOWN_MAX = 200
ID_MAX = 2**63 - 1
NO_REQUEST = "There is no such request."
_Typed = Annotated[str, msgspec.Meta(max_length=5 * WORDS_MAX)]
_Id = Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)]


class RequestForm(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for. `wrong`: what is not right, where something is to be corrected; `wanted`: what is right, or why.

    What is to be erased may be certain days, `first_on` to `last_on`, of their zone; else everything is.
    """

    kind: Kind
    wrong: _Typed = ""
    wanted: _Typed = ""
    first_on: date | None = None
    last_on: date | None = None


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """An admin's answer; the person reads `reason`. Who is to be erased is named, so that it is not somebody else by mistake."""

    accept: bool
    reason: _Typed
    name: _Typed = ""
    empty: bool = False
    """With the erasure: take their name and address out of what others wrote and nobody can edit."""


class ExtensionForm(msgspec.Struct, frozen=True, kw_only=True):
    """Until when the answer is put off, and why: the person reads it."""

    due_on: date
    reason: _Typed


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what became of it. `due_on`: the last day for an answer; `first_on` to `last_on`: the days to be erased, if not all."""

    id: int
    kind: Kind
    wrong: str
    wanted: str
    first_on: date | None
    last_on: date | None
    asked_at: datetime
    due_on: date
    extended_reason: str
    """Why `due_on` was put off; empty where it was not."""
    state: State
    answer: str
    decided_at: datetime | None


class AskedBy(Request, frozen=True, kw_only=True):
    """A request in the list of all."""

    person: int
    name: str
    overdue: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is restricted or under a legal hold, since when, and why."""

    person: int
    name: str
    since_at: datetime
    reason: str = ""


class OwnRights(msgspec.Struct, frozen=True):
    """One's own requests, newest first; since when one is restricted; the legal hold that stands, if one does."""

    requests: list[Request]
    restricted_at: datetime | None
    held: Standing | None


class AllRights(msgspec.Struct, frozen=True, kw_only=True):
    """What admins see: requests (open ones by their last day, closed ones newest first), and who is restricted or under a hold.

    `mail`: it is set up, so whoever is erased is told by a last one.
    """

    requests: list[AskedBy]
    open: int
    overdue: int
    closed: int
    restricted: list[Standing]
    held: list[Standing]
    mail: bool


class Answered(AllRights, frozen=True, kw_only=True):
    """After an answer; where it erased everything, also where their name or address still stands in what others wrote (`left`), and of
    how many texts it was taken out."""

    left: list[mentions.Place] = []
    emptied: int = 0


async def own(person: int) -> OwnRights:
    """Of the person themselves."""
    async with connection() as held:
        rows = await held.fetch(_OWN, person, SHOWN_MAX)
        restricted_at = await held.fetchval("SELECT restricted_at FROM person WHERE id = $1", person)
        holds = await held.fetch(f"{_HELD} AND person.id = $1", person)
    return OwnRights([Request(**row) for row in rows], restricted_at, Standing(**holds[0]) if holds else None)


async def everybodys(closed: bool, mail: bool) -> AllRights:
    """For admins: the open requests, or those that are not."""
    async with connection() as held:
        rows = await held.fetch(_CLOSED if closed else _OPEN, SHOWN_MAX)
        counted = await held.fetchrow(_COUNTS)
        restricted = await held.fetch(_RESTRICTED)
        holds = await held.fetch(f"{_HELD} ORDER BY since_at")
    return AllRights(
        requests=[AskedBy(**row) for row in rows],
        open=counted["open"],
        overdue=counted["overdue"],
        closed=counted["closed"],
        restricted=[Standing(**row) for row in restricted],
        held=[Standing(**row) for row in holds],
        mail=mail,
    )


async def ask(person: int, form: RequestForm) -> None:
    """Asks. Raises `Invalid` for what is to be corrected without words and for days that are none, `Conflict` for what is asked already."""
    wrong, wanted = (
        words(form.wrong, "wrong", form.kind == "correct"),
        words(form.wanted, "wanted", form.kind == "correct"),
    )
    async with transaction() as held:
        await _hold(held, person)
        await _check_days(held, person, form)
        try:
            number = await held.fetchval(_ASK, person, form.kind, wrong, wanted, form.first_on, form.last_on)
        except asyncpg.UniqueViolationError:
            raise Conflict("You have asked for this already, and it is open.") from None
        told = await subject_keys.sealed(held, person, wrong=wrong, wanted=wanted)
        await audit.record("request_made", person, person, request=number, kind=form.kind, **told)


async def withdraw(person: int, number: int) -> None:
    """Takes one's own back. Raises `NotFound`, and `Conflict` for one that is answered."""
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT state, kind FROM person_request WHERE id = $1 AND person = $2 FOR UPDATE", number, person
        )
        if row is None:
            raise NotFound(NO_REQUEST)
        if row["state"] != "open":
            raise Conflict("This request is closed already.")
        await held.execute("UPDATE person_request SET state = 'withdrawn', decided_at = now() WHERE id = $1", number)
        await audit.record("request_withdrawn", person, person, request=number, kind=row["kind"])


async def subject_of(number: int) -> int:
    """Whose request it is. Raises `NotFound`."""
    async with connection() as held:
        person: int | None = (
            await held.fetchval("SELECT person FROM person_request WHERE id = $1", number)
            if 0 < number <= ID_MAX
            else None
        )
    if person is None:
        raise NotFound(NO_REQUEST)
    return person


async def answer(number: int, form: AnswerForm, by: int, *, tell: bool = False) -> erasure.Done | None:
    """Accepts or declines, and does what was asked: restricts, erases days or all; what is to be corrected an admin corrects.

    Returns what the erasure of everything came to. `tell`: mail is set up. Raises `NotFound`, `Conflict` for one that is closed,
    `Invalid` without a reason, and what `erasure.erase` raises.
    """
    reason = words(form.reason, "reason", needed=True)
    person = await subject_of(number)
    asks = await _asks_for(number)
    erases = form.accept and asks is not None and asks["kind"] == "erase"
    if erases:
        await require_name(person, form.name)
        if asks["first_on"] is None:
            return await erasure.erase(person, by, request=number, tell=tell, empty=form.empty)
    try:
        async with transaction() as held:
            if erases:
                await erased_days.take_turns(held, person)
            await _hold(held, person)
            row = await held.fetchrow(
                "SELECT state, kind, first_on, last_on FROM person_request WHERE id = $1 FOR UPDATE", number
            )
            if row is None:
                raise NotFound(NO_REQUEST)
            if row["state"] != "open":
                raise Conflict("This request is closed already.")
            await held.execute(
                "UPDATE person_request SET state = $2, answer = $3, decided_at = now(), decided_by = $4 WHERE id = $1",
                number, "accepted" if form.accept else "declined", reason, by,
            )  # fmt: skip
            told = await subject_keys.sealed(held, person, answer=reason)
            act: audit.Act = "request_accepted" if form.accept else "request_declined"
            await audit.record(act, by, person, request=number, kind=row["kind"], **told)
            if form.accept and row["kind"] == "restrict":
                await _restrict(held, person, by, number)
            if erases:
                await erasure.refuse_held(held, person)
                await erased_days.erase(held, person, row["first_on"], row["last_on"], by, number)
            await mail.queue("answered", person, await _language(held, person))
    except erasure.Held:
        raise await erasure.note_held(person, by) from None
    if erases:
        await erasure.hurry()
    return None


async def extend(number: int, form: ExtensionForm, by: int) -> None:
    """Puts the last day for an answer off, once; the person is told.

    Raises `NotFound`, `Invalid` without a reason and for a day that is not within two months after, and `Conflict` for a request that is
    closed, overdue, or was put off before.
    """
    reason = words(form.reason, "reason", needed=True)
    person = await subject_of(number)
    async with transaction() as held:
        await _hold(held, person)
        row = await held.fetchrow(_TO_EXTEND, number)
        if row is None:
            raise NotFound(NO_REQUEST)
        if row["state"] != "open" or row["overdue"] or row["extended_at"] is not None:
            raise Conflict("It is closed, overdue, or was put off before: it is answered now.")
        if not row["due_on"] < form.due_on <= row["latest_on"]:
            raise Invalid("At most two months after the last day.", "due_on", "request_extension")
        await held.execute(
            "UPDATE person_request SET due_on = $2, extended_at = now(), extended_reason = $3 WHERE id = $1",
            number, form.due_on, reason,
        )  # fmt: skip
        told = await subject_keys.sealed(held, person, why=reason)
        await audit.record("request_extended", by, person, request=number, due_on=form.due_on.isoformat(), **told)
        await mail.queue("answered", person, await _language(held, person))


async def lift_restriction(person: int, reason: str, by: int) -> None:
    """Shows again what is theirs, to whom it was shown; the person is told. Idempotent."""
    said = words(reason, "reason", needed=True)
    async with transaction() as held:
        await _hold(held, person)
        lifted = await held.fetchval(
            "UPDATE person SET restricted_at = NULL WHERE id = $1 AND restricted_at IS NOT NULL RETURNING id", person
        )
        if lifted is None:
            return
        await held.execute(
            "UPDATE person_request SET answer = answer || E'\\n' || $2 WHERE id = (SELECT max(id) FROM person_request "
            "WHERE person = $1 AND kind = 'restrict' AND state = 'accepted')",
            person, said,
        )  # fmt: skip
        await audit.record("restriction_lifted", by, person, **await subject_keys.sealed(held, person, why=said))
        await mail.queue("answered", person, await _language(held, person))


async def require_name(person: int, typed: str) -> None:
    """Raises `Invalid` for another name than theirs."""
    async with connection() as held:
        name = await held.fetchval("SELECT name FROM person WHERE id = $1", person) or ""
    if typed.split() != name.split():
        raise Invalid("This is not their name.", "name", "erase_name")


def words(typed: str, field: str, needed: bool) -> str:
    """With single spaces and nothing unprintable. Raises `Invalid` for too many, and for none where there must be some."""
    said = clean(typed, WORDS_MAX + 1) or ""
    if len(said) > WORDS_MAX or (needed and not said):
        raise Invalid(f"Say it in 1 to {WORDS_MAX} characters.", field, "request_words", WORDS_MAX)
    return said


async def _restrict(held: Any, person: int, by: int, number: int) -> None:
    await held.execute("UPDATE person SET restricted_at = now() WHERE id = $1 AND restricted_at IS NULL", person)
    await audit.record("person_restricted", by, person, request=number)


async def _asks_for(number: int) -> Any:
    async with connection() as held:
        return await held.fetchrow("SELECT kind, first_on FROM person_request WHERE id = $1 AND state = 'open'", number)


async def _check_days(held: Any, person: int, form: RequestForm) -> None:
    """Raises `Invalid` for days that are not two in order, or to come, or of what is not erased."""
    first, last = form.first_on, form.last_on
    if first is None and last is None:
        return
    today = day_of((await zones_of(held, [person]))[person], await held.fetchval("SELECT now()"))
    if form.kind != "erase" or first is None or last is None or not first <= last <= today:
        raise Invalid("Name the first and the last day, none of them to come.", "last_on", "request_days")


async def _hold(held: Any, person: int) -> None:
    """Nobody erases them until the transaction ends. Raises `NotFound`."""
    here = "SELECT id FROM person WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE"
    if not 0 < person <= people.ID_MAX or await held.fetchval(here, person) is None:
        raise NotFound(erasure.NOBODY)


async def _language(held: Any, person: int) -> str:
    return str(await held.fetchval("SELECT coalesce(locale, 'en') FROM person WHERE id = $1", person))


_OWN = """
    SELECT id, kind, wrong, wanted, first_on, last_on, asked_at, due_on, extended_reason, state, answer, decided_at FROM person_request
    WHERE person = $1 ORDER BY id DESC LIMIT $2
"""
_ASK = """
    INSERT INTO person_request (person, kind, wrong, wanted, due_on, first_on, last_on)
    SELECT id, $2, $3, $4, ((now() AT TIME ZONE zone)::date + interval '1 month')::date, $5, $6 FROM person WHERE id = $1 RETURNING id
"""
_OVERDUE = "state = 'open' AND due_on < (now() AT TIME ZONE person.zone)::date"
_ALL = f"""
    SELECT person_request.id, kind, wrong, wanted, first_on, last_on, asked_at, due_on, extended_reason, state, answer,
        decided_at, person, name, {_OVERDUE} AS overdue FROM person_request JOIN person ON person.id = person_request.person
"""  # noqa: S608 - ours
_OPEN = f"{_ALL} WHERE state = 'open' ORDER BY due_on, person_request.id LIMIT $1"
_CLOSED = f"{_ALL} WHERE state <> 'open' ORDER BY decided_at DESC, person_request.id DESC LIMIT $1"
_TO_EXTEND = f"""
    SELECT state, due_on, extended_at, (due_on + interval '2 months')::date AS latest_on, {_OVERDUE} AS overdue
    FROM person_request JOIN person ON person.id = person_request.person WHERE person_request.id = $1 FOR UPDATE OF person_request
"""  # noqa: S608 - ours
_COUNTS = f"""
    SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE {_OVERDUE}) AS overdue,
        count(*) FILTER (WHERE state <> 'open') AS closed
    FROM person_request JOIN person ON person.id = person_request.person
"""  # noqa: S608 - ours
_RESTRICTED = """
    SELECT id AS person, name, restricted_at AS since_at FROM person WHERE restricted_at IS NOT NULL ORDER BY restricted_at
"""
_HELD = """
    SELECT person.id AS person, name, since_at, reason FROM legal_hold JOIN person ON person.id = legal_hold.person WHERE lifted_at IS NULL
"""
