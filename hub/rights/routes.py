"""The routes of people's rights. Whoever else asks finds nothing, and the try is written down."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub import erasure, people
from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.errors import Invalid, NotFound
from hub.tables import Person

_Typed = Annotated[str, msgspec.Meta(max_length=1000)]


class Named(msgspec.Struct, frozen=True):
    """The name of who is to be erased, as it was typed: so that it is not somebody else by mistake."""

    name: _Typed


class ErasedAt(msgspec.Struct, frozen=True):
    """Since when somebody is erased."""

    erased_at: datetime


@post("/api/people/{person:int}/erasure", status_code=200, summary="Erase a person, for good")
async def erase_person(viewer: NamedDependency[Viewer], person: FromPath[int], data: JSONBody[Named]) -> ErasedAt:
    """Everything that is held about them, at once; the audit keeps numbers. Refused (409) under a legal hold."""
    here = (Person.id == person, Person.erased_at.is_null())
    known = await Person.select(Person.name).where(*here) if 0 < person <= people.ID_MAX else []
    if not known:
        raise NotFound(erasure.NOBODY)
    await require(viewer, "erase_person", Subject(person=person), erasure.NOBODY, fresh=True)
    if data.name.split() != known[0]["name"].split():
        raise Invalid("This is not their name.", "name", "erase_name")
    return ErasedAt((await erasure.erase(person, viewer.person)).at)


ROUTES = [erase_person]
