"""What the page Security shows: the access table, the limits in force, and who was refused lately. Changes nothing.

For admins, auditors and representatives. A refusal names who tried what about whom: nothing of anybody's activity.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from limits import RateLimitItem
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.auth import cookie, limits, login
from hub.auth.access import ORGANISATION, Viewer
from hub.auth.access_table import RELATIONS, VIEWERS, decided
from hub.auth.guard import require
from hub.named import Named, named
from hub.tables import Audit

LIMIT_MAX = 100
ID_MAX = 2**63 - 1


class Decided(msgspec.Struct, frozen=True):
    """What the access function says to each role about one subject: actions by role; roles that may nothing are left out."""

    about: str
    may: dict[str, list[str]]


class Limited(msgspec.Struct, frozen=True):
    """How often something may be done in so many minutes, by whom it is counted, and whether it is refused while Redis is away."""

    what: Literal[
        "sign_ins", "wrong_codes", "wrong_links", "forgotten", "mails", "requests", "requests_signed_out", "arrivals"
    ]
    by: Literal["address", "mail", "person", "device"]
    times: int
    minutes: int
    closed: bool


class Security(msgspec.Struct, frozen=True):
    """What is in force."""

    roles: list[str]
    access: list[Decided]
    limits: list[Limited]
    idle_h: int
    signed_in_days: int


class Refusal(msgspec.Struct, frozen=True):
    """A try that was refused. `by`: who was signed in; `client`: the API client that asked; `about`: whose it was, as far as that is known;
    `wanted`: an action; `reason`: which check it failed, where there are several."""

    id: int
    at: datetime
    what: str
    wanted: str | None
    reason: str | None
    by: Named | None
    client: Named | None
    about: Named | None
    team: Named | None


class Refusals(msgspec.Struct, frozen=True):
    """Newest first. With `more`, ask again for what is before the last one."""

    refusals: list[Refusal]
    more: bool


@get("/api/security", summary="The access table and the limits in force")
async def read_security(viewer: NamedDependency[Viewer]) -> Security:
    await require(viewer, "see_security", ORGANISATION)
    counted = (
        Limited("sign_ins", "address", *_of(limits.SIGN_INS_BY_ADDRESS), closed=True),
        Limited("sign_ins", "mail", *_of(limits.SIGN_INS_BY_MAIL), closed=True),
        Limited("wrong_codes", "address", *_of(limits.WRONG_CODES_BY_ADDRESS), closed=True),
        Limited("wrong_links", "address", *_of(limits.WRONG_LINKS_BY_ADDRESS), closed=True),
        Limited("forgotten", "address", *_of(limits.FORGOTTEN_BY_ADDRESS), closed=True),
        Limited("forgotten", "mail", *_of(limits.FORGOTTEN_BY_MAIL), closed=True),
        Limited("mails", "person", *_of(limits.MAILS_BY_PERSON), closed=True),
        Limited("requests", "person", *_of(limits.REQUESTS_BY_PERSON), closed=False),
        Limited("requests_signed_out", "address", *_of(limits.REQUESTS_BY_ADDRESS), closed=False),
        Limited("arrivals", "device", *_of(limits.ARRIVALS_BY_DEVICE), closed=False),
    )
    return Security(
        roles=list(VIEWERS),
        access=[
            Decided(about, {role: list(actions) for role in VIEWERS if (actions := decided(role, about))})
            for about in RELATIONS
        ],
        limits=list(counted),
        idle_h=cookie.IDLE_S // 3600,
        signed_in_days=login.SIGNED_IN_MAX_S // 86400,
    )


@get("/api/security/refusals", summary="Who was refused what, newest first")
async def read_refusals(
    viewer: NamedDependency[Viewer],
    before: Annotated[int | None, QueryParameter(ge=1, le=ID_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> Refusals:
    await require(viewer, "see_security", ORGANISATION)
    rows = await Audit.raw(_REFUSALS, before or ID_MAX, limit + 1)
    return Refusals([_refusal(row) for row in rows[:limit]], len(rows) > limit)


ROUTES = [read_security, read_refusals]


def _of(item: RateLimitItem) -> tuple[int, int]:
    return item.amount, item.get_expiry() // 60


def _refusal(row: dict[str, Any]) -> Refusal:
    return Refusal(
        row["id"], row["at"], row["action"], row["wanted"], row["reason"],
        named(row, "actor"), named(row, "client"), named(row, "subject"), named(row, "team"),
    )  # fmt: skip


# In the words of the index `audit_refusals`.
_REFUSALS = """
    SELECT audit.id, at, action, detail->>'wanted' AS wanted, detail->>'reason' AS reason, actor, doer.name AS actor_name,
        client, program.name AS client_name, subject, whose.name AS subject_name, audit.team, team.name AS team_name
    FROM audit LEFT JOIN person doer ON doer.id = actor LEFT JOIN person whose ON whose.id = subject
    LEFT JOIN team ON team.id = audit.team LEFT JOIN api_client program ON program.id = client
    WHERE action IN
        ('denied', 'sign_in_failed', 'second_step_refused', 'proof_refused', 'passkey_refused', 'code_refused', 'link_refused',
        'client_refused', 'device_suspended', 'request_refused')
        AND audit.id < {}::bigint
    ORDER BY audit.id DESC LIMIT {}
"""
