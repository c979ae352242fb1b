"""The audit: what was done and who looked, one row each. Append-only: a trigger refuses to change or remove rows.

Called by whoever acts, inside the transaction of the act where there is one, so that neither exists without the other. No row holds
a secret, a title, or an address of somebody unknown.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from hub.tables import Audit

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
]


async def record(
    act: Act, actor: int | None, subject: int | None = None, team: int | None = None, **detail: str | int | bool | None
) -> None:
    """Adds a row, in the transaction that is open in this task or in one of its own.

    `actor` and `subject` are people; no actor means the system, or nobody known. `detail` says what else is needed to
    understand the act: ids and names of roles, never content.
    """
    await Audit.insert(
        Audit(action=act, actor=actor, subject=subject, team=team, detail=msgspec.json.encode(detail).decode())
    )


async def record_looks(viewer: int, teams: Sequence[int]) -> None:
    """One row for each team whose wall `viewer` begins to look at; the caller sees to it that it is one a sitting."""
    if teams:
        await Audit.insert(*(Audit(action="look_wall", actor=viewer, team=team) for team in teams))
