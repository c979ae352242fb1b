"""Who may have the documents: admins, representatives and auditors, in their own language or the one that they ask for."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.auth.access import ORGANISATION, Viewer
from hub.auth.guard import require
from hub.database import connection
from hub.papers.facts import Facts, facts
from hub.papers.printed import printed
from hub.papers.told import LANGUAGES, Paper, assessment, sheet
from hub.settings import Settings

AT_ONCE = asyncio.Semaphore(1)
"""In this process: a document takes a core for a moment."""
Language = Annotated[Literal["en", "ar"] | None, QueryParameter(description="Otherwise the person's own.")]


@get("/api/papers/dpia.pdf", media_type="application/pdf", summary="The impact assessment, of the settings in force")
async def read_dpia(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], language: Language = None
) -> Response[bytes]:
    return await _paper("dpia", assessment, viewer, settings, language)


@get(
    "/api/papers/works-council.pdf",
    media_type="application/pdf",
    summary="The works-council sheet, of the settings in force",
)
async def read_sheet(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], language: Language = None
) -> Response[bytes]:
    return await _paper("works-council", sheet, viewer, settings, language)


ROUTES = [read_dpia, read_sheet]


async def _paper(
    name: str, tell: Callable[[Facts, str], Paper], viewer: Viewer, settings: Settings, language: str | None
) -> Response[bytes]:
    await require(viewer, "see_papers", ORGANISATION)
    found = await facts(settings)
    chosen = language or await _own(viewer.person)
    async with AT_ONCE:
        content = await asyncio.to_thread(printed, tell(found, chosen))
    file = f"daylight-{name}-{found.made_at:%Y-%m-%d}.pdf"
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{file}"'}
    )


async def _own(person: int) -> str:
    async with connection() as held:
        locale: str | None = await held.fetchval("SELECT locale FROM person WHERE id = $1", person)
    return locale if locale in LANGUAGES else "en"
