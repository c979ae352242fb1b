"""That somebody saves a list as a file. The page makes the file of what it reads; before it begins it says so, and that is an act.

Files of one's own data and of the whole audit are made by the hub, which notes them itself (`held.py`, `audited.py`).
"""

from typing import Literal

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub import audit
from hub.auth.access import ORGANISATION, Action, Viewer
from hub.auth.guard import require

LISTS: dict[str, Action] = {"people": "keep_people", "devices": "see_devices", "audit": "read_audit"}
"""What reading each needs."""


class Exported(msgspec.Struct, frozen=True):
    """Which list."""

    of: Literal["people", "devices", "audit"]


@post("/api/exports", status_code=204, summary="Say that one saves a list as a file")
async def note_export(viewer: NamedDependency[Viewer], data: JSONBody[Exported]) -> None:
    await require(viewer, LISTS[data.of], ORGANISATION)
    await audit.record("list_exported", viewer.actor, list=data.of)


ROUTES = [note_export]
