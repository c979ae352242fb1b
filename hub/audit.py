"""The audit: what was done and who looked, one row each. Append-only: a trigger refuses to change or remove rows.

Called by whoever acts, inside the transaction of the act where there is one, so that neither exists without the other. No row holds
a secret, a title, or an address of somebody unknown.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from hub.database import transaction
from hub.tables import Audit

SITTING_MAX = timedelta(hours=12)
"""The longest that one row stands for: as long as a session lasts without a request, so that every day begins with a row."""

Act = Literal[
    "sign_in",
    "sign_in_failed",
    "sign_out",
    "person_added",
    "person_moved",
    "person_deactivated",
    "password_set",
    "team_added",
    "role_granted",
    "role_revoked",
    "code_made",
    "device_enrolled",
    "device_revoked",
    "device_suspended",
    "denied",
    "look_wall",
    "look_person",
    "organisation_changed",
    "organisation_set_up",
    "demo_clearing",
    "demo_cleared",
]


class Changed(msgspec.Struct, frozen=True):
    """A setting before and after."""

    old: Any
    new: Any


async def record(
    act: Act,
    actor: int | None,
    subject: int | None = None,
    team: int | None = None,
    **detail: str | int | bool | dict[str, Changed] | None,
) -> datetime:
    """Adds a row, in the transaction that is open in this task or in one of its own; returns its time.

    `actor` and `subject` are people; no actor means the system, or nobody known. `detail` says what else is needed to
    understand the act: ids and names of roles, never content.
    """
    row = Audit(action=act, actor=actor, subject=subject, team=team, detail=msgspec.json.encode(detail).decode())
    at: datetime = (await Audit.insert(row).returning(Audit.at))[0]["at"]
    return at


async def record_looks(viewer: int, teams: Sequence[int]) -> None:
    """One row for each team whose wall `viewer` begins to look at; the caller sees to it that it is one a sitting."""
    if teams:
        await Audit.insert(*(Audit(action="look_wall", actor=viewer, team=team) for team in teams))


async def record_person_look(viewer: int, subject: int, sitting: UUID | None) -> datetime:
    """A row for `viewer` opening the data of `subject`, committed when this returns; returns its time.

    One row for each viewer, subject and sitting, whichever hub process is asked, and another one once that is `SITTING_MAX` old: then the
    time is that of the row which is there. Without a sitting each call is a look. Not within a transaction.
    """
    async with transaction() as held:
        await held.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"look {viewer} {subject} {sitting}"
        )
        if sitting is not None:
            looked_at: datetime | None = await held.fetchval(
                "SELECT max(at) FROM audit WHERE action = 'look_person' AND subject = $1 AND actor = $2 "
                "AND at > now() - $3::interval AND detail->>'sitting' = $4",
                subject,
                viewer,
                SITTING_MAX,
                str(sitting),
            )
            if looked_at is not None:
                return looked_at
        return await record("look_person", viewer, subject, sitting=None if sitting is None else str(sitting))
