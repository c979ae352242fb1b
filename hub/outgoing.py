"""The mails of this hub: what is written in each kind, and what became of them, for admins.

`mail.py` queues and sends; here is what only a hub knows that has people and an address of its own.
"""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.di import NamedDependency

from hub import audit, mail
from hub.auth import links
from hub.auth.access import ORGANISATION, Viewer
from hub.auth.guard import require
from hub.database import transaction
from hub.errors import Invalid
from hub.settings import Settings
from hub.tables import Mail

SHOWN = 100
NO_SERVER = "No mail is set up: SMTP_URL and DAYLIGHT_MAIL_FROM name the server and the sender."


class MailRow(msgspec.Struct, frozen=True, kw_only=True):
    """A mail and what became of it. Whom it goes to, and nothing of what is in it."""

    id: int
    kind: str
    person: int
    name: str
    state: mail.State
    attempts: int
    error: str
    """A code of SMTP, or the name of an error."""
    queued_at: datetime
    due_at: datetime | None
    """When it is tried next."""
    ended_at: datetime | None


class Outgoing(msgspec.Struct, frozen=True):
    """How mail stands."""

    server: str | None
    """Its name; none where no mail is set up."""
    sender: str
    mails: list[MailRow]
    """The latest, newest first."""


def writer(settings: Settings) -> mail.Write:
    """Writes every kind of mail of this deployment."""

    async def write(to: mail.ToSend) -> mail.Letter | None:
        if to.kind != "test":
            return await links.write(settings, to)
        return mail.Letter(
            "Mail from Daylight works",
            f"Hello {to.name},\n\nyou asked Daylight at {settings.origin} to send you this mail. It has arrived, so mail works.\n",
        )

    return write


async def standing(settings: Settings) -> Outgoing:
    """The latest mails, whoever they are for."""
    server = settings.mail_server
    rows = await Mail.raw(
        """
        SELECT mail.id, kind, person, name, state, attempts, error, queued_at, ended_at,
            CASE WHEN state = 'queued' THEN due_at END AS due_at
        FROM mail JOIN person ON person.id = mail.person ORDER BY mail.id DESC LIMIT {}
        """,
        SHOWN,
    )
    return Outgoing(server.host if server else None, settings.mail_from, [MailRow(**row) for row in rows])


@get("/api/mail", summary="How mail is set up, and what became of the latest mails")
async def list_mail(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> Outgoing:
    await require(viewer, "configure", ORGANISATION)
    return await standing(settings)


@post("/api/mail/test", status_code=204, summary="Send a mail to oneself, to see that mail works")
async def try_mail(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> None:
    await require(viewer, "configure", ORGANISATION)
    if settings.mail_server is None:
        raise Invalid(NO_SERVER)
    async with transaction():
        await mail.queue("test", viewer.person)
        await audit.record("mail_tried", viewer.person, viewer.person)
    await mail.hurry()


ROUTES = [list_mail, try_mail]
