"""Mail: queued by whoever has something to say, handed to the mail server by a job of the worker, so that no request waits for one.

A row says to whom, what kind of mail, and what became of it. Its text is made at the moment it is handed in: what stands in it, a link
above all, is written down nowhere before and nowhere after.

Until the server was told DATA, a try that fails is made again, at growing distances, for a day. From there a mail is handed in once: the
row says `handed` before, in a commit of its own. Says the server no, it has not taken it (RFC 5321, 4.2.5): for the moment (4yz), and it
is tried again; or for good (5yz): `refused`. Is nothing heard, or does the worker die, nobody can know whether it arrived: `unclear`, and
it is not sent a second time unless somebody asks for it. Who reads mail is the person of the row, at the address that they have by then.

Whoever was erased has none: their last mail is a row of its own (`last_mail`) with an address and no person, gone once it is sent or can't
be, after a day at the latest, and of what became of it nothing is kept.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from typing import Any, Literal

import asyncpg
import msgspec
import structlog
from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from hub import runs
from hub.database import connection, transaction
from hub.settings import MailServer
from hub.tables import Mail

Kind = Literal["test", "invitation", "reset", "answered", "erased"]
State = Literal["queued", "handed", "sent", "refused", "failed", "unclear", "void"]
JOB = "send_mail"
TRIED_FOR = timedelta(days=1)
"""From when it was queued. After that a mail has `failed`."""
AGAIN_S, AGAIN_MAX_S = 60, 3600
"""Between tries: a minute, then twice as long each time, up to an hour: some 30 tries in a day."""
COMMAND_S = 20.0
"""For each answer of the server, TLS and name included. Shorter than the minutes of RFC 5321, 4.5.3.2: we come again."""
DATA_S = 60.0
"""For its word on a whole mail: too short a wait would make mails `unclear` that arrive."""
BEGIN_S = 120.0
"""A run begins no further mail after this; what is left is for the next one."""
TIMEOUT_S = 300.0
LOST_AFTER = timedelta(seconds=2 * TIMEOUT_S)
"""A mail that is `handed` for so long has lost its worker."""
KEPT = timedelta(days=30)
_LINES = SMTP_POLICY.clone(cte_type="7bit")
"""Not every server passes eight bits on."""
_AWAY = (SMTPException, OSError, TimeoutError)

log = structlog.get_logger()


class ToSend(msgspec.Struct, frozen=True):
    """A mail whose turn it is."""

    id: int
    kind: str
    person: int | None
    """Null: they were erased."""
    email: str
    name: str
    language: str
    attempts: int
    """This one included."""


class Letter(msgspec.Struct, frozen=True):
    """What stands in a mail."""

    subject: str
    text: str


class Sent(msgspec.Struct, frozen=True):
    """How the mails of a run went."""

    sent: int = 0
    again: int = 0
    ended: int = 0
    """Without having been sent, as far as is known."""


Write = Callable[[ToSend], Awaitable[Letter | None]]
"""Writes a mail within the transaction that marks it as handed in; `None` when there is nothing to say any more."""


async def queue(kind: Kind, person: int | None, language: str = "en") -> None:
    """Queues a mail, within the caller's transaction. Nothing, when one like it waits already.

    `person` `None`: for an address that nobody has, so that asking takes as long as for one that somebody has.
    """
    await Mail.raw(
        "INSERT INTO mail (kind, person, language) VALUES ({}, {}, {}) "
        "ON CONFLICT (person, kind) WHERE state = 'queued' DO NOTHING",
        kind,
        person,
        language,
    )


async def queue_last(held: Any, person: int) -> None:
    """Queues the mail that tells somebody that they are erased, within the transaction that does it, and before it does."""
    await held.execute(
        "INSERT INTO last_mail (email, language) SELECT email, coalesce(locale, 'en') FROM person WHERE id = $1 AND NOT simulated",
        person,
    )


async def again(mail: int) -> int | None:
    """Has a mail that waits tried at once, and one that was not sent, or perhaps not, queued anew; within the caller's transaction.

    Whom it is for; `None` when there is nothing to send again: it was sent or taken back, or a newer one has taken its place.
    """
    rows = await Mail.raw(
        """
        WITH due AS (UPDATE mail SET due_at = now() WHERE id = {} AND state = 'queued' RETURNING person),
        anew AS (
            INSERT INTO mail (kind, person, language) SELECT kind, person, language FROM mail
            WHERE id = {} AND person IS NOT NULL AND state IN ('refused', 'failed', 'unclear') AND NOT EXISTS (
                SELECT FROM mail newer WHERE newer.person = mail.person AND newer.kind = mail.kind AND newer.id > mail.id
            )
            ON CONFLICT (person, kind) WHERE state = 'queued' DO NOTHING RETURNING person
        )
        SELECT person FROM due UNION ALL SELECT person FROM anew
        """,
        mail,
        mail,
    )
    return rows[0]["person"] if rows else None


async def take_back(person: int, kinds: Sequence[Kind]) -> bool:
    """Ends mails of these kinds that wait for the person, within the caller's transaction. Whether there were any."""
    rows = await Mail.raw(
        "UPDATE mail SET state = 'void', ended_at = now() "
        "WHERE person = {} AND kind = ANY({}::varchar[]) AND state = 'queued' RETURNING id",
        person,
        list(kinds),
    )
    return bool(rows)


async def hurry() -> None:
    """Has the worker look for mail within seconds, instead of within a minute. After the transaction that queued it."""
    now = await runs.database_now()
    await runs.due(JOB, now, now + timedelta(seconds=1))


async def send_due(server: MailServer, sender: str, write: Write, now: datetime) -> Sent:
    """Hands in what is due, over one connection; `sender` is the address that it comes from.

    A server that can't be reached ends the run: the others that wait keep their tries. Safe from several workers at once.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + BEGIN_S
    counts = {"sent": 0, "again": 0, "ended": await _give_up(now)}
    client: SMTP | None = None
    try:
        while clock() < until and (mail := await _take(now)) is not None:
            try:
                client = client or await _connect(server, sender)
                state, error = await _hand_in(client, sender, mail, write)
            except _AWAY as fault:
                state, error = "queued", _name(fault)
            await _note(mail, state, error, now)
            counts["sent" if state == "sent" else "again" if state == "queued" else "ended"] += 1
            if client is None or not client.is_connected:
                break
    finally:
        if client is not None:
            with contextlib.suppress(*_AWAY):
                await client.quit()
    return Sent(**counts)


async def prune(now: datetime) -> int:
    """Deletes what became of mails long ago; and last mails that were not sent in time, also where no mail is set up any more."""
    async with connection() as held:
        await held.execute("DELETE FROM last_mail WHERE queued_at < $1", now - TRIED_FOR)
        deleted: str = await held.execute("DELETE FROM mail WHERE ended_at < $1", now - KEPT)
    return int(deleted.split()[-1])


async def _give_up(now: datetime) -> int:
    """Ends what has waited too long, what nobody is there to read, and what a lost worker may have handed in."""
    async with connection() as held:
        await held.execute("DELETE FROM mail WHERE person IS NULL AND state = 'queued'")
        await held.execute(
            "DELETE FROM last_mail WHERE queued_at < $1 OR handed_at < $2", now - TRIED_FOR, now - LOST_AFTER
        )
        ended: str = await held.execute(
            """
            UPDATE mail SET ended_at = $1, state = CASE state WHEN 'handed' THEN 'unclear' ELSE 'failed' END,
                error = CASE state WHEN 'handed' THEN 'WorkerLost' ELSE error END
            WHERE (state = 'queued' AND queued_at < $2) OR (state = 'handed' AND handed_at < $3)
            """,
            now,
            now - TRIED_FOR,
            now - LOST_AFTER,
        )
    return int(ended.split()[-1])


async def _take(now: datetime) -> ToSend | None:
    """The mail that is due longest. Its next try is noted before this one, which may not live to say how it ended."""
    async with connection() as held:
        row = await held.fetchrow(
            """
            UPDATE mail SET attempts = attempts + 1,
                due_at = $1::timestamptz + least($3::float8, $2::float8 * 2 ^ least(attempts, 20)) * interval '1 second'
            FROM person WHERE person.id = mail.person AND mail.id = (
                SELECT id FROM mail WHERE state = 'queued' AND due_at <= $1 AND person IS NOT NULL
                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING mail.id, kind, person.id AS person, email, person.name, language, attempts
            """,
            now,
            AGAIN_S,
            AGAIN_MAX_S,
        ) or await held.fetchrow(
            """
            UPDATE last_mail SET attempts = attempts + 1,
                due_at = $1::timestamptz + least($3::float8, $2::float8 * 2 ^ least(attempts, 20)) * interval '1 second'
            WHERE id = (
                SELECT id FROM last_mail WHERE handed_at IS NULL AND due_at <= $1 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING id, 'erased' AS kind, NULL::int AS person, email, '' AS name, language, attempts
            """,
            now,
            AGAIN_S,
            AGAIN_MAX_S,
        )
    return ToSend(**row) if row else None


async def _connect(server: MailServer, sender: str) -> SMTP:
    """A connection that is signed in. Certificates are checked against the system's authorities, by the name that we were given."""
    client = SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls == "from the start",
        start_tls=server.tls == "STARTTLS",
        tls_context=ssl.create_default_context(),
        local_hostname=_domain(sender),  # asking for our own name would ask DNS
        timeout=COMMAND_S,
    )
    await client.connect()
    return client


async def _hand_in(client: SMTP, sender: str, mail: ToSend, write: Write) -> tuple[State, str]:
    """What became of the mail, and why. Raises what says that it was not handed in."""
    try:
        await client.mail(sender)
        await client.rcpt(mail.email)
    except SMTPResponseException as error:
        await client.rset()
        # Only of whom it goes to does a refusal say anything for good: our own address is for the admin to put right.
        refused = isinstance(error, SMTPRecipientRefused) and error.code >= 500
        return ("refused" if refused else "queued"), _name(error)
    letter = await _handed(mail, write)
    if letter is None:
        await client.rset()
        return "void", ""
    try:
        await client.data(_lines(letter, sender, mail.email), timeout=DATA_S)
    except SMTPDataError as error:
        if 400 <= error.code < 500:
            return "queued", _name(error)
        return ("refused" if error.code >= 500 else "unclear"), _name(error)
    except _AWAY as error:
        client.close()  # whatever it says now would be taken for an answer to the next one
        return "unclear", _name(error)
    return "sent", ""


async def _handed(mail: ToSend, write: Write) -> Letter | None:
    """Marks the mail as handed in, which nobody can do twice, and writes it; `None` when it is not to be sent any more."""
    async with transaction() as held:
        if mail.person is None:
            taken = await held.fetchval(
                "UPDATE last_mail SET handed_at = now() WHERE id = $1 AND handed_at IS NULL AND attempts = $2 RETURNING true",
                mail.id,
                mail.attempts,
            )
            return await write(mail) if taken else None
        # Before the mail, as whoever takes it back or queues another does.
        await held.execute("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE", mail.person)
        taken = await held.fetchval(
            "UPDATE mail SET state = 'handed', handed_at = now() WHERE id = $1 AND state = 'queued' AND attempts = $2 RETURNING true",
            mail.id,
            mail.attempts,
        )
        return await write(mail) if taken else None


async def _note(mail: ToSend, state: State, error: str, now: datetime) -> None:
    """Says how a try ended, unless it was taken back meanwhile, or another try has begun."""
    note = log.info if state == "sent" else log.warning
    note("mail", mail=mail.id, kind=mail.kind, state=state, attempt=mail.attempts, error=error or None)
    if mail.person is None:
        async with connection() as held:
            change = "UPDATE last_mail SET handed_at = NULL" if state == "queued" else "DELETE FROM last_mail"
            await held.execute(f"{change} WHERE id = $1 AND attempts = $2", mail.id, mail.attempts)
        return
    change = (
        "UPDATE mail SET state = $3::varchar, error = $4, ended_at = CASE WHEN $3::varchar <> 'queued' THEN $5::timestamptz END "
        "WHERE id = $1 AND attempts = $2 AND state IN ('queued', 'handed')"
    )
    async with connection() as held:
        try:
            await held.execute(change, mail.id, mail.attempts, state, error, now)
        except asyncpg.UniqueViolationError:  # one like it was queued while this one was being refused: that one goes
            await held.execute(change, mail.id, mail.attempts, "void", error, now)


def _lines(letter: Letter, sender: str, address: str) -> bytes:
    message = EmailMessage(policy=_LINES)
    message["From"] = f"Daylight <{sender}>"
    message["To"] = address
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=_domain(sender))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(letter.text)
    return message.as_bytes()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _name(error: BaseException) -> str:
    """A code of SMTP, or the error's type: what the server said may quote whom the mail is for."""
    return str(error.code) if isinstance(error, SMTPResponseException) else type(error).__name__[:40]
