"""The mails of this hub: what is written in each kind, and what became of them, for admins.

`mail.py` queues and sends; here is what only a hub knows that has people and an address of its own.
"""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from hub import audit, mail
from hub.auth import links, login
from hub.auth.access import ORGANISATION, Viewer
from hub.auth.guard import require
from hub.auth.letters import letter
from hub.auth.limits import Limits
from hub.database import transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.settings import Settings
from hub.tables import Mail

SHOWN = 100
ID_MAX = 2**63 - 1
NO_MAIL = "There is no such mail."
NOT_AGAIN = "There is nothing to send again: it was sent meanwhile, or a newer one has taken its place."
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
    again: bool
    """Whether it can be sent again (`mail.again`): nobody has it, as far as is known, and no newer one took its place."""


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
        if to.kind == "answered":
            name = (await login.organisation()).name
            return letter("answered", to.language, organisation=name, name=to.name, url=f"{settings.origin}/my-data")
        if to.kind == "erased":
            name = (await login.organisation()).name
            return letter("erased", to.language, organisation=name, name="", url=settings.origin)
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
            CASE WHEN state = 'queued' THEN due_at END AS due_at,
            state = 'queued' OR (state IN ('refused', 'failed', 'unclear') AND NOT EXISTS (
                SELECT FROM mail newer WHERE newer.person = mail.person AND newer.kind = mail.kind AND newer.id > mail.id
            )) AS again
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
async def try_mail(
    viewer: NamedDependency[Viewer], settings: NamedDependency[Settings], limits: NamedDependency[Limits]
) -> None:
    await require(viewer, "configure", ORGANISATION)
    if settings.mail_server is None:
        raise Invalid(NO_SERVER, code="no_mail")
    await limits.count_mail(viewer.person)
    async with transaction():
        await mail.queue("test", viewer.person)
        await audit.record("mail_tried", viewer.person, viewer.person)
    await mail.hurry()


@post(
    "/api/mail/{mail_id:int}/again",
    status_code=204,
    summary="Send a mail again that was not sent, or try one at once that waits",
)
async def send_again(
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
    limits: NamedDependency[Limits],
    mail_id: FromPath[int],
) -> None:
    await require(viewer, "configure", ORGANISATION, NO_MAIL)
    if settings.mail_server is None:
        raise Invalid(NO_SERVER, code="no_mail")
    if not 0 < mail_id <= ID_MAX or not await Mail.exists().where(Mail.id == mail_id):
        raise NotFound(NO_MAIL)
    await limits.count_mail(viewer.person)
    async with transaction():
        person = await mail.again(mail_id)
        if person is not None:
            await audit.record("mail_again", viewer.person, person, mail=mail_id)
    if person is None:
        raise Conflict(NOT_AGAIN)
    await mail.hurry()


ROUTES = [list_mail, try_mail, send_again]
