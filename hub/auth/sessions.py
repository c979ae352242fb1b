"""Where somebody is signed in, and how that is ended. Live sockets of an ended one are closed by `login.ended`, from PostgreSQL alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from hub import audit, people
from hub.auth.cookie import IDLE_S
from hub.auth.login import SIGNED_IN_MAX_S
from hub.database import transaction
from hub.errors import NotFound
from hub.tables import SignIn

NO_SESSION = "There is no such session."


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that somebody is signed in with."""

    id: UUID
    started_at: datetime
    seen_at: datetime
    """Its last request, to the minute."""
    browser: str
    """As it names itself (RFC 9110, 10.1.5)."""
    address: str
    this: bool
    """Whether it is the one that asks."""


async def sessions_of(person: int, this: UUID) -> list[Session]:
    """Those that still open something, the last seen first."""
    rows = (
        await SignIn.select(SignIn.id, SignIn.created_at, SignIn.seen_at, SignIn.browser, SignIn.address)
        .where(*_open_of(person))
        .order_by(SignIn.seen_at, ascending=False)
    )
    return [
        Session(
            id=row["id"],
            started_at=row["created_at"],
            seen_at=row["seen_at"],
            browser=row["browser"],
            address=row["address"],
            this=row["id"] == this,
        )
        for row in rows
    ]


async def count_of(person: int) -> int:
    """How many of somebody's still open something."""
    count: int = await SignIn.count().where(*_open_of(person))
    return count


def _open_of(person: int) -> tuple[Any, ...]:
    now = datetime.now(UTC)
    return (
        SignIn.person == person,
        SignIn.ended_at.is_null(),
        SignIn.half_open.eq(False),
        SignIn.created_at > now - timedelta(seconds=SIGNED_IN_MAX_S),
        SignIn.seen_at > now - timedelta(seconds=IDLE_S),
    )


async def end(person: int, session: UUID) -> None:
    """Ends one of their own. Raises `NotFound` when it is not theirs, or is over."""
    async with transaction() as held:
        ended = await held.fetchval(
            "UPDATE sign_in SET ended_at = now() WHERE id = $1 AND person = $2 AND ended_at IS NULL RETURNING id",
            session,
            person,
        )
        if ended is None:
            raise NotFound(NO_SESSION)
        await audit.record("sessions_ended", person, person, count=1)


async def end_all(person: int, by: int, but: UUID | None = None) -> int:
    """Ends all of somebody's, half-open ones too, except `but`; returns how many that were. Who ends another's ends their tokens too.
    Idempotent."""
    async with transaction() as held:
        rows = await held.fetch(
            "UPDATE sign_in SET ended_at = now() WHERE person = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL RETURNING id",
            person,
            but,
        )
        if rows:
            await audit.record("sessions_ended", by, person, count=len(rows))
        if by != person:
            await people.end_tokens(person, by)
    return len(rows)
