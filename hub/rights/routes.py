"""The routes of people's rights: one's own requests, and for admins all of them. Who else asks finds nothing, and it is noted."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from hub import erasure, mail, mentions, people
from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.errors import NotFound
from hub.rights import holds, requests
from hub.settings import Settings
from hub.tables import Person

_Typed = Annotated[str, msgspec.Meta(max_length=5 * requests.WORDS_MAX)]


class Named(msgspec.Struct, frozen=True):
    """The name of who is to be erased, as it was typed: so that it is not somebody else by mistake.

    `empty`: their name and address are taken out of what others wrote and nobody can edit.
    """

    name: _Typed
    empty: bool = False


class Reason(msgspec.Struct, frozen=True):
    """Why: the person reads it."""

    reason: _Typed


class ErasedAt(msgspec.Struct, frozen=True):
    """Since when somebody is erased; where their name or address still stands in what others wrote, and of how many texts it was taken
    out."""

    erased_at: datetime
    left: list[mentions.Place]
    emptied: int


class Mentioned(msgspec.Struct, frozen=True):
    """Where somebody's name or address stands in what others wrote."""

    places: list[mentions.Place]


@get("/api/me/rights", summary="One's own requests, and what they came to")
async def read_own(viewer: NamedDependency[Viewer]) -> requests.OwnRights:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    return await requests.own(viewer.person)


@post("/api/me/requests", summary="Ask to correct, restrict or erase what is held about oneself")
async def ask(viewer: NamedDependency[Viewer], data: JSONBody[requests.RequestForm]) -> requests.OwnRights:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    await requests.ask(viewer.person, data)
    return await requests.own(viewer.person)


@delete("/api/me/requests/{asked:int}", status_code=200, summary="Take a request back")
async def withdraw(viewer: NamedDependency[Viewer], asked: FromPath[int]) -> requests.OwnRights:
    owner = Subject(person=await requests.subject_of(asked))
    await require(viewer, "keep_account", owner, requests.NO_REQUEST)
    await requests.withdraw(viewer.person, asked)
    return await requests.own(viewer.person)


@get("/api/requests", summary="Requests of people about their data, and who is restricted or under a legal hold")
async def list_requests(
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    closed: Annotated[bool, QueryParameter()] = False,
) -> requests.AllRights:
    await require(viewer, "keep_rights", ORGANISATION)
    return await requests.everybodys(closed, _mails(settings))


@post("/api/requests/{asked:int}/answer", status_code=200, summary="Accept or decline a request")
async def answer(
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    asked: FromPath[int],
    data: JSONBody[requests.AnswerForm],
) -> requests.Answered:
    """An accepted request to erase erases, for good."""
    person = await requests.subject_of(asked)
    await require(viewer, "keep_rights", Subject(person=person), requests.NO_REQUEST, fresh=True)
    done = await requests.answer(asked, data, viewer.person, tell=_mails(settings))
    await _tell(settings)
    now = msgspec.structs.asdict(await requests.everybodys(False, _mails(settings)))
    return requests.Answered(**now, left=done.left if done else [], emptied=done.emptied if done else 0)


@post("/api/requests/{asked:int}/extension", status_code=200, summary="Put the last day for an answer off, once")
async def extend(
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    asked: FromPath[int],
    data: JSONBody[requests.ExtensionForm],
) -> requests.AllRights:
    """By two months at the most, with a reason that the person reads (GDPR, article 12, 3)."""
    person = await requests.subject_of(asked)
    await require(viewer, "keep_rights", Subject(person=person), requests.NO_REQUEST)
    await requests.extend(asked, data, viewer.person)
    await _tell(settings)
    return await requests.everybodys(False, _mails(settings))


@get("/api/people/{person:int}/mentions", summary="Where a person's name or address stands in what others wrote")
async def read_mentions(viewer: NamedDependency[Viewer], person: FromPath[int]) -> Mentioned:
    """Before erasing them: kinds and how many, never a text. What devices told and the audit are not looked through."""
    await _require(viewer, person, "erase_person")
    return Mentioned(await erasure.mentioned(person))


@post("/api/people/{person:int}/erasure", status_code=200, summary="Erase a person, for good")
async def erase_person(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], person: FromPath[int], data: JSONBody[Named]
) -> ErasedAt:
    """Everything that is held about them, at once; the audit keeps numbers. Refused (409) under a legal hold. A last mail tells them."""
    await _require(viewer, person, "erase_person")
    await requests.require_name(person, data.name)
    done = await erasure.erase(person, viewer.person, tell=_mails(settings), empty=data.empty)
    return ErasedAt(done.at, done.left, done.emptied)


@put("/api/people/{person:int}/hold", status_code=204, summary="Put a person under a legal hold")
async def put_hold(viewer: NamedDependency[Viewer], person: FromPath[int], data: JSONBody[Reason]) -> None:
    await _require(viewer, person)
    await holds.put(person, data.reason, viewer.person)


@post("/api/people/{person:int}/hold/lift", status_code=204, summary="Lift a legal hold")
async def lift_hold(viewer: NamedDependency[Viewer], person: FromPath[int], data: JSONBody[Reason]) -> None:
    await _require(viewer, person)
    await holds.lift(person, data.reason, viewer.person)


@post("/api/people/{person:int}/restriction/lift", status_code=204, summary="Show a restricted person's data again")
async def lift_restriction(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], person: FromPath[int], data: JSONBody[Reason]
) -> None:
    await _require(viewer, person)
    await requests.lift_restriction(person, data.reason, viewer.person)
    await _tell(settings)


ROUTES = [
    read_own, ask, withdraw, list_requests, answer, extend, read_mentions, erase_person, put_hold, lift_hold, lift_restriction,
]  # fmt: skip


async def _require(viewer: Viewer, person: int, action: Literal["keep_rights", "erase_person"] = "keep_rights") -> None:
    here = (Person.id == person, Person.erased_at.is_null())
    if not (0 < person <= people.ID_MAX and await Person.exists().where(*here)):
        raise NotFound(erasure.NOBODY)
    await require(viewer, action, Subject(person=person), erasure.NOBODY, fresh=True)


def _mails(settings: Settings) -> bool:
    return settings.mail_server is not None


async def _tell(settings: Settings) -> None:
    if _mails(settings):
        await mail.hurry()
