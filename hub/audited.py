"""What auditors and representatives read of the audit: pages by who, what and when, the whole as a file, whether its chain holds.

Reading changes nothing, so it is no act of its own; taking all of it away is one (`audit_exported`), and so is saving what was found
(`exported.py`).
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from hub import anchors, audit, runs
from hub.anchors import Checked
from hub.audit_file import lines
from hub.auth.access import ORGANISATION, PERSON_MAX, Viewer
from hub.auth.guard import require
from hub.chain import links, signing_key
from hub.database import connection, transaction
from hub.errors import Invalid
from hub.named import Named, named
from hub.settings import Settings
from hub.subject_keys import Opener, opener

LIMIT_MAX = 200
FIND_MAX_CHARACTERS = 100
ID_MAX = 2**63 - 1
ACTS = frozenset(get_args(audit.Act))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row. Nobody in `by` and `client`: the system, or somebody unknown. `place`: in the chain, as soon as it has one."""

    id: int
    at: datetime
    act: str
    by: Named | None
    client: Named | None
    about: Named | None
    team: Named | None
    detail: dict[str, Any]
    place: int | None


class AuditPage(msgspec.Struct, frozen=True):
    """Newest first. With `more`, ask again for what is before the last one."""

    entries: list[Entry]
    more: bool


class ChainState(msgspec.Struct, frozen=True):
    """How the chain stands. `key`: the public key that it is signed with; `checked`: the newest check of the whole, when there was one.
    `kept`: up to which place a head is in the object store, since `kept_at`; none where there is no store, or it never answered."""

    rows: int
    head: str
    key: str
    waiting: int
    checked: Checked | None
    checked_at: datetime | None
    checking: bool
    kept: int | None
    kept_at: datetime | None


Before = Annotated[int | None, QueryParameter(ge=1, le=ID_MAX, description="The `id` of the last one before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
Act = Annotated[
    list[str] | None, QueryParameter(max_length=20, description="Only these acts. A name that is none finds nothing.")
]
Find = Annotated[
    str,
    QueryParameter(max_length=FIND_MAX_CHARACTERS, description="A part of the name of who acted, or whom it is about."),
]
Person = Annotated[int | None, QueryParameter(ge=1, le=PERSON_MAX, description="Who acted, or whom it is about.")]
Since = Annotated[datetime | None, QueryParameter(description="From this moment on.")]
Until = Annotated[datetime | None, QueryParameter(description="Before this moment.")]


@get("/api/audit", summary="The audit by person, act and time, newest first")
async def read_audit(
    viewer: NamedDependency[Viewer],
    before: Before = None,
    limit: Limit = 50,
    act: Act = None,
    find: Find = "",
    person: Person = None,
    since: Since = None,
    until: Until = None,
) -> AuditPage:
    await require(viewer, "read_audit", ORGANISATION)
    for moment, field in ((since, "since"), (until, "until")):
        if moment is not None and moment.tzinfo is None:
            raise Invalid("A moment needs its offset from UTC.", field)
    acts = sorted(ACTS.intersection(act)) if act else None
    async with connection() as held:
        rows = await held.fetch(_ENTRIES, before or ID_MAX, limit + 1, acts, person, since, until, find.strip())
        opened = await opener(held, {row["subject"] for row in rows})
    return AuditPage([_entry(row, opened) for row in rows[:limit]], len(rows) > limit)


@get("/api/audit/chain", summary="How the chain of the audit stands")
async def read_chain(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> ChainState:
    await require(viewer, "read_audit", ORGANISATION)
    return await _chain(settings)


@post("/api/audit/chain/check", status_code=202, summary="Have the whole chain checked")
async def check_chain(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> ChainState:
    """By the worker: `GET /api/audit/chain` tells what became of it."""
    await require(viewer, "read_audit", ORGANISATION)
    now = await runs.database_now()
    await runs.due(anchors.CHECK, now, now)
    return await _chain(settings)


@get("/api/audit/export", summary="The whole audit, signed", media_type="application/jsonl")
async def export_audit(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> Stream:
    """A file for `daylight audit verify`."""
    await require(viewer, "read_audit", ORGANISATION, fresh=True)
    async with transaction():
        at = await audit.record("audit_exported", viewer.actor)
    name = f"audit-{at:%Y-%m-%d-%H%M}.jsonl"
    content: AsyncIterator[bytes] = lines(signing_key(settings.secret), links())
    return Stream(
        content, media_type="application/jsonl", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


ROUTES = [read_audit, read_chain, check_chain, export_audit]


async def _chain(settings: Settings) -> ChainState:
    async with connection() as held:
        row = await held.fetchrow(_CHAIN, anchors.CHECK, anchors.JOB)
    return ChainState(
        rows=row["position"] or 0,
        head=(row["hash"] or b"").hex(),
        key=signing_key(settings.secret).public_key().public_bytes_raw().hex(),
        waiting=row["waiting"],
        checked=msgspec.json.decode(row["detail"], type=Checked) if row["detail"] else None,
        checked_at=row["finished_at"],
        checking=row["checking"],
        kept=msgspec.json.decode(row["kept"], type=anchors.Anchored).position if row["kept"] else None,
        kept_at=row["kept_at"],
    )


def _entry(row: Any, opened: Opener) -> Entry:
    return Entry(
        id=row["id"], at=row["at"], act=row["action"], by=named(row, "actor"), client=named(row, "client"), about=named(row, "subject"),
        team=named(row, "team"), detail=opened(row["subject"], row["detail"]), place=row["position"],
    )  # fmt: skip


_ENTRIES = """
    WITH named AS MATERIALIZED (SELECT id FROM person WHERE $7 <> '' AND position(lower($7) IN lower(name)) > 0)
    SELECT audit.id, at, action, actor, doer.name AS actor_name, client, program.name AS client_name, subject,
        whose.name AS subject_name, audit.team, team.name AS team_name, detail::text AS detail, position
    FROM audit LEFT JOIN person doer ON doer.id = actor LEFT JOIN person whose ON whose.id = subject
    LEFT JOIN team ON team.id = audit.team LEFT JOIN api_client program ON program.id = client
    LEFT JOIN audit_link ON audit_link.audit = audit.id
    WHERE audit.id < $1 AND ($3::text[] IS NULL OR action = ANY($3)) AND ($4::int IS NULL OR actor = $4 OR subject = $4)
        AND ($7 = '' OR actor = ANY(ARRAY(SELECT id FROM named)) OR subject = ANY(ARRAY(SELECT id FROM named)))
        AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
    ORDER BY audit.id DESC LIMIT $2
"""
_CHAIN = """
    SELECT (SELECT count(*) FROM audit_waiting) AS waiting, newest.position, newest.hash, checked.detail::text AS detail,
        checked.finished_at, kept.detail::text AS kept, kept.finished_at AS kept_at,
        EXISTS (SELECT FROM report_run WHERE job = $1 AND state IN ('queued', 'running')) AS checking
    FROM (SELECT 1) AS one
    LEFT JOIN (SELECT position, hash FROM audit_link ORDER BY position DESC LIMIT 1) AS newest ON true
    LEFT JOIN (
        SELECT detail, finished_at FROM report_run WHERE job = $1 AND state = 'done' ORDER BY finished_at DESC LIMIT 1
    ) AS checked ON true
    LEFT JOIN (
        SELECT detail, finished_at FROM report_run WHERE job = $2 AND state = 'done' ORDER BY finished_at DESC LIMIT 1
    ) AS kept ON true
"""
