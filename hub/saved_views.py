"""Saved views: addresses of the application that somebody keeps under names of their own. Nobody else sees them; they give no access."""

from typing import Annotated, Any

import asyncpg
import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.database import transaction
from hub.errors import Invalid, NotFound
from hub.tables import SavedView
from hub.wire.policy import clean

VIEWS_MAX = 50
NAME_MAX_CHARACTERS = 80
QUERY_MAX_CHARACTERS = 500
NO_VIEW = "There is no such view."
_ID_MAX = 2**31 - 1


class ViewForm(msgspec.Struct, frozen=True):
    """A view as its owner names it. `query`: what stands behind the `?` of its address."""

    name: Annotated[str, msgspec.Meta(max_length=1000)]
    query: Annotated[str, msgspec.Meta(max_length=10_000)]


class View(msgspec.Struct, frozen=True):
    """A saved view."""

    id: int
    name: str
    query: str


async def views_of(person: int) -> list[View]:
    """Theirs, by name."""
    rows = await SavedView.raw(
        "SELECT id, name, query FROM saved_view WHERE person = {} ORDER BY lower(name COLLATE pg_c_utf8)", person
    )
    return [View(**row) for row in rows]


async def add(person: int, form: ViewForm) -> View:
    """Keeps a view. Raises `Invalid` for a name or an address that is unusable, a name that is taken, and for one too many."""
    name, query = _normal(form)
    async with transaction() as held:
        # Whoever adds two at once takes turns with themselves, so that the count holds.
        await held.execute("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE", person)
        if await SavedView.count().where(SavedView.person == person) >= VIEWS_MAX:
            raise Invalid(
                f"You have {VIEWS_MAX} saved views, which is as many as there can be. Delete one first.",
                code="views_full",
                limit=VIEWS_MAX,
            )
        try:
            row = await held.fetchrow(
                "INSERT INTO saved_view (person, name, query) VALUES ($1, $2, $3) RETURNING id, name, query",
                person, name, query,
            )  # fmt: skip
        except asyncpg.UniqueViolationError:
            raise _taken() from None
    return View(**row)


async def change(view: int, form: ViewForm) -> View:
    """Names a view anew, and what it leads to. Raises `Invalid` as `add` does, and `NotFound`."""
    name, query = _normal(form)
    async with transaction() as held:
        try:
            row = await held.fetchrow(
                "UPDATE saved_view SET name = $2, query = $3 WHERE id = $1 RETURNING id, name, query", view, name, query
            )
        except asyncpg.UniqueViolationError:
            raise _taken() from None
    if row is None:
        raise NotFound(NO_VIEW)
    return View(**row)


async def owner_of(view: int) -> int:
    """Whose view it is. Raises `NotFound`."""
    rows: list[dict[str, Any]] = []
    if 0 < view <= _ID_MAX:
        rows = await SavedView.select(SavedView.person).where(SavedView.id == view)
    if not rows:
        raise NotFound(NO_VIEW)
    owner: int = rows[0]["person"]
    return owner


@get("/api/views", summary="One's own saved views")
async def list_views(viewer: NamedDependency[Viewer]) -> list[View]:
    await require(viewer, "keep_views", Subject(person=viewer.person))
    return await views_of(viewer.person)


@post("/api/views", summary="Save a view")
async def add_view(viewer: NamedDependency[Viewer], data: JSONBody[ViewForm]) -> View:
    await require(viewer, "keep_views", Subject(person=viewer.person))
    return await add(viewer.person, data)


@put("/api/views/{view:int}", summary="Change a saved view of one's own")
async def change_view(viewer: NamedDependency[Viewer], view: FromPath[int], data: JSONBody[ViewForm]) -> View:
    await require(viewer, "keep_views", Subject(person=await owner_of(view)), NO_VIEW)
    return await change(view, data)


@delete("/api/views/{view:int}", summary="Delete a saved view of one's own")
async def delete_view(viewer: NamedDependency[Viewer], view: FromPath[int]) -> None:
    await require(viewer, "keep_views", Subject(person=await owner_of(view)), NO_VIEW)
    await SavedView.delete().where(SavedView.id == view)


ROUTES = [list_views, add_view, change_view, delete_view]


def _normal(form: ViewForm) -> tuple[str, str]:
    name = clean(form.name, NAME_MAX_CHARACTERS + 1)
    if name is None or len(name) > NAME_MAX_CHARACTERS:
        raise Invalid(f"A name has 1 to {NAME_MAX_CHARACTERS} characters.", "name", "name_length", NAME_MAX_CHARACTERS)
    query = form.query
    if len(query) > QUERY_MAX_CHARACTERS or query.startswith("?") or not query.isprintable():
        raise Invalid(
            f"This is no query of an address, without its `?`, of up to {QUERY_MAX_CHARACTERS} characters.",
            "query",
            "view_query",
            QUERY_MAX_CHARACTERS,
        )
    return name, query


def _taken() -> Invalid:
    return Invalid("You have a view with this name already.", "name", "view_taken")
