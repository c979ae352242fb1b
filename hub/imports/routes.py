"""The routes of importing people. For admins; a preview is its maker's alone, and to anybody else it isn't there."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat
from litestar.params import FromPath, JSONBody, QueryParameter

from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import refuse, require
from hub.imports import kept
from hub.imports.read import FILE_MAX_BYTES, FileTooLarge

PAGE_MAX = 1000


@dataclass
class Upload(Operation):
    """A file as the body, as it is."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            content={
                "application/octet-stream": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
                )
            },
        )


class Choice(msgspec.Struct, frozen=True):
    """Whether teams that rows name, and that are not there, are to be made."""

    make_teams: bool


class Confirmation(msgspec.Struct, frozen=True):
    """`version` of the preview that was looked at, and whether its bad rows are to be left out."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    leave_out_bad: bool


@post(
    "/api/people/imports",
    summary="Upload people as CSV or XLSX, and see what each row would do: nothing is done yet",
    request_max_body_size=FILE_MAX_BYTES,
    operation_class=Upload,
)
async def upload(request: Request[None, None, State], viewer: NamedDependency[Viewer]) -> kept.Preview:
    await require(viewer, "configure", ORGANISATION)
    try:
        data = await request.body()
    except RequestEntityTooLarge:
        raise FileTooLarge from None
    return await kept.look(await kept.keep(data, viewer.person))


@get("/api/people/imports/{preview:uuid}", summary="What each row of an uploaded file would do, a hundred at a time")
async def read_preview(
    viewer: NamedDependency[Viewer],
    preview: FromPath[UUID],
    show: Annotated[kept.Show, QueryParameter()] = "all",
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
) -> kept.Preview:
    await _require_own(viewer, preview)
    return await kept.look(preview, show, page)


@put("/api/people/imports/{preview:uuid}", summary="Choose whether missing teams are made, and judge every row anew")
async def choose(viewer: NamedDependency[Viewer], preview: FromPath[UUID], data: JSONBody[Choice]) -> kept.Preview:
    await _require_own(viewer, preview)
    await kept.choose(preview, data.make_teams)
    return await kept.look(preview)


@post(
    "/api/people/imports/{preview:uuid}/done",
    status_code=200,
    summary="Carry an import out: all of it or nothing, and nothing when the world is not as it was at the preview",
)
async def confirm(
    viewer: NamedDependency[Viewer], preview: FromPath[UUID], data: JSONBody[Confirmation]
) -> kept.Preview:
    await _require_own(viewer, preview, fresh=True)
    await kept.confirm(preview, data.version, data.leave_out_bad, viewer.person)
    return await kept.look(preview)


@delete("/api/people/imports/{preview:uuid}", summary="Forget an uploaded file")
async def forget(viewer: NamedDependency[Viewer], preview: FromPath[UUID]) -> None:
    await _require_own(viewer, preview)
    await kept.forget(preview)


ROUTES = [upload, read_preview, choose, confirm, forget]


async def _require_own(viewer: Viewer, preview: UUID, *, fresh: bool = False) -> None:
    await require(viewer, "configure", ORGANISATION, kept.NO_IMPORT)
    owner = await kept.owner_of(preview)
    if owner != viewer.person:
        await refuse(viewer, "configure", Subject(person=owner), kept.NO_IMPORT)
    await require(viewer, "configure", ORGANISATION, fresh=fresh)
