"""The audit: what was done and who looked, one row each. Append-only: a trigger refuses to change or remove rows.

Called by whoever acts, inside the transaction of the act where there is one, so that neither exists without the other. No row holds
a secret, a title, or an address of somebody unknown; what it says of its subject is sealed by whoever acts (`subject_keys.py`).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from hub.database import connection, transaction
from hub.tables import Audit

SITTING_MAX = timedelta(hours=12)
"""The longest that one row stands for: as long as a session lasts without a request, so that every day begins with a row."""

Act = Literal[
    "sign_in",
    "sign_in_failed",
    "sign_in_half_open",
    "sign_out",
    "second_step_refused",
    "proof_given",
    "proof_refused",
    "request_refused",
    "factor_added",
    "factor_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "passkey_refused",
    "sessions_ended",
    "factors_required",
    "factors_reset",
    "person_added",
    "person_moved",
    "person_changed",
    "person_deactivated",
    "person_reactivated",
    "password_set",
    "team_added",
    "team_changed",
    "team_removed",
    "team_restored",
    "role_granted",
    "role_revoked",
    "code_made",
    "code_refused",
    "device_enrolled",
    "device_revoked",
    "device_suspended",
    "device_renamed",
    "roll_out_code_made",
    "roll_out_code_withdrawn",
    "device_asked",
    "device_declined",
    "rekey_code_made",
    "device_rekeyed",
    "denied",
    "look_wall",
    "look_person",
    "people_imported",
    "identity_connected",
    "identity_disconnected",
    "organisation_changed",
    "organisation_set_up",
    "demo_clearing",
    "demo_cleared",
    "client_made",
    "client_changed",
    "client_secret_made",
    "client_disabled",
    "client_token",
    "client_refused",
    "token_made",
    "token_revoked",
    "mail_tried",
    "mail_again",
    "link_sent",
    "link_shown",
    "link_withdrawn",
    "link_refused",
    "reset_asked",
    "audit_exported",
    "list_exported",
    "data_exported",
    "pause_declared",
    "pause_ended",
    "work_started",
    "work_ended",
    "backup_made",
    "keys_kept",
    "restored",
    "person_erased",
    "erasure_held",
    "days_erased",
    "request_made",
    "request_withdrawn",
    "request_accepted",
    "request_declined",
    "request_extended",
    "person_restricted",
    "restriction_lifted",
    "hold_set",
    "hold_lifted",
    "policy_changed",
    "policy_acknowledged",
    "ceiling_lowered",
    "ceiling_proposed",
    "ceiling_signed",
    "ceiling_declined",
    "ceiling_withdrawn",
    "period_over",
]


Seal = Callable[[Any], Awaitable[Mapping[str, Any]]]
"""What a row says, made in the transaction of the act."""


class Changed(msgspec.Struct, frozen=True):
    """A setting before and after."""

    old: Any
    new: Any


async def record(
    act: Act,
    actor: int | None,
    subject: int | None = None,
    team: int | None = None,
    client: int | None = None,
    **detail: str | int | bool | dict[str, Changed] | None,
) -> datetime:
    """Adds a row, in the transaction that is open in this task or in one of its own; returns its time.

    `actor` and `subject` are people; no actor means a client, the system, or nobody known. `client` is the API client that acted, or that
    somebody acted on. `detail` says what else is needed to
    understand the act: ids and names of roles, never content, and nothing personal unless it is sealed.
    """
    row = Audit(
        action=act,
        actor=actor,
        subject=subject,
        team=team,
        client=client,
        detail=msgspec.json.encode(detail).decode(),
    )
    at: datetime = (await Audit.insert(row).returning(Audit.at))[0]["at"]
    return at


async def record_many(
    act: Act, actor: int | None, about: Sequence[tuple[int | None, int | None, Mapping[str, Any]]]
) -> None:
    """A row for each subject, team and detail, in their order: as `record`, in the transaction that is open."""
    if about:
        await Audit.raw(
            """
            INSERT INTO audit (action, actor, subject, team, detail)
            SELECT {}, {}::int, subject, team, detail::jsonb
            FROM unnest({}::int[], {}::int[], {}::text[]) WITH ORDINALITY AS about(subject, team, detail, place) ORDER BY place
            """,
            act,
            actor,
            [subject for subject, _, _ in about],
            [team for _, team, _ in about],
            [msgspec.json.encode(detail).decode() for _, _, detail in about],
        )


class WallLook(NamedTuple):
    """That `viewer` has the wall of `team` before them."""

    viewer: int
    team: int
    sign_in: UUID


async def record_looks(looks: Collection[WallLook]) -> None:
    """Rows for those of them that have none yet in this hour of the clock, committed when this returns.

    One row for each sign-in, team and hour, however often a browser connects anew, how many windows are open and whichever hub processes
    are asked at once: a unique index says so. A wall that stays open has one in every hour, if its hub asks in every hour.
    """
    if looks:
        async with connection() as held:
            await held.execute(
                _LOOKS,
                [look.viewer for look in looks],
                [look.team for look in looks],
                [str(look.sign_in) for look in looks],
            )


# In one order, so that two processes with the same looks wait for each other only one way round.
_LOOKS = """
    INSERT INTO audit (action, actor, team, detail)
    SELECT 'look_wall', viewer, team, jsonb_build_object('sign_in', sign_in)
    FROM unnest($1::int[], $2::int[], $3::text[]) AS look(viewer, team, sign_in)
    ORDER BY viewer, team, sign_in
    ON CONFLICT DO NOTHING
"""


class ReasonNeeded(Exception):
    """A look that would be the first of its sitting, without a reason where one is needed."""


async def record_client_look(client: int, subject: int, told: Mapping[str, Any]) -> datetime:
    """A row for an API client reading the data of `subject`: one for each reading; returns its time. `told`: as below."""
    return await record("look_person", None, subject, client=client, **told)


async def record_person_look(
    viewer: int, subject: int, sitting: UUID | None, seal: Seal | None = None, *, needs: bool = False
) -> datetime:
    """A row for `viewer` opening the data of `subject`, committed when this returns; returns its time.

    One row for each viewer, subject and sitting, whichever hub process is asked, and another one once that is `SITTING_MAX` old: then the
    time is that of the row which is there. Without a sitting each call is a look. `seal` makes of the reason that was given what the row
    says of it; without one, and where one `needs` to be given, `ReasonNeeded` is raised: also in a sitting that began when none was needed,
    which then has another row. Not within a transaction.
    """
    async with transaction() as held:
        await held.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"look {viewer} {subject} {sitting}"
        )
        if sitting is not None:
            looked_at: datetime | None = await held.fetchval(
                "SELECT max(at) FROM audit WHERE action = 'look_person' AND subject = $1 AND actor = $2 "
                "AND at > now() - $3::interval AND detail->>'sitting' = $4 AND (NOT $5 OR detail ?| '{sealed,erased}')",
                subject,
                viewer,
                SITTING_MAX,
                str(sitting),
                needs,
            )
            if looked_at is not None:
                return looked_at
        if needs and seal is None:
            raise ReasonNeeded
        told = {} if seal is None else await seal(held)
        return await record("look_person", viewer, subject, sitting=None if sitting is None else str(sitting), **told)
