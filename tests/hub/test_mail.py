"""Mail: handed in once or not at all, over TLS only, whatever the mail server does; and nobody's request waits for it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from limits import RateLimitItemPerMinute

from hub import erasure, mail, outgoing, runs, web, worker
from hub.app import api
from hub.auth import limits
from hub.database import connection, transaction
from hub.errors import StartError
from hub.settings import MailServer, Settings, mail_server, read
from hub.tables import Audit
from hub.worker import Worker
from tests.conftest import SECRET
from tests.hub.conftest import Browser, Cast

from .mailbox import PASSWORD, SENDER, USER, Mailbox, mailbox, make_certificate, with_mail


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as made:
        yield made


async def write(to: mail.ToSend) -> mail.Letter | None:
    return mail.Letter(f"To {to.name}", f"Hello {to.name}, żółć\n")


async def queued(*people: int | None) -> None:
    async with transaction():
        for person in people:
            await mail.queue("test", person)


async def send(box: Mailbox, after: timedelta = timedelta(seconds=1), scheme: str = "smtp+insecure") -> mail.Sent:
    server = mail_server(f"{scheme}://localhost:{box.port}")
    return await mail.send_due(server, SENDER, write, datetime.now(UTC) + after)


async def states() -> list[tuple[str, int, str]]:
    async with connection() as held:
        rows = await held.fetch("SELECT state, attempts, error FROM mail ORDER BY id")
    return [tuple(row) for row in rows]


def to(message: EmailMessage) -> str:
    return str(message["To"])


async def test_mail_goes_to_its_person_once(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(cast.bob.id, cast.bea.id)

    assert await send(box) == mail.Sent(sent=2)
    assert await send(box) == mail.Sent()
    assert sorted(map(to, box.arrived)) == [cast.bea.email, cast.bob.email]
    first = next(message for message in box.arrived if to(message) == cast.bob.email)
    assert first["From"] == f"Daylight <{SENDER}>"
    assert first["Subject"] == "To Bob Brandt"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"].endswith("@halden.example>")
    assert first.get_content().splitlines() == ["Hello Bob Brandt, żółć"]
    assert await states() == [("sent", 1, "")] * 2


async def test_several_workers_hand_each_mail_in_once(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(*(person.id for person in cast.people))

    went = await asyncio.gather(*(send(box) for _ in range(4)))

    assert sum(each.sent for each in went) == len(cast.people)
    assert sorted(map(to, box.arrived)) == sorted(person.email for person in cast.people)


async def test_one_of_a_kind_waits_and_none_for_whom_nobody_is(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(cast.bob.id, cast.bob.id, None, None)

    assert await send(box) == mail.Sent(sent=1)
    assert await states() == [("sent", 1, "")]


async def test_mail_taken_back_while_it_is_under_way_is_not_handed_in(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(cast.bob.id)

    async def nothing_to_say(_: mail.ToSend) -> None:
        return None

    await mail.send_due(
        mail_server(f"smtp+insecure://localhost:{box.port}"),
        SENDER,
        nothing_to_say,
        datetime.now(UTC) + timedelta(seconds=1),
    )

    assert await states() == [("void", 1, "")]
    assert box.arrived == []


# --- what servers do


@pytest.mark.parametrize(
    ("at", "said", "state"),
    [
        ("RCPT", "450 4.2.1 greylisted", "queued"),
        ("RCPT", "550 5.1.1 nobody here", "refused"),
        ("DATA", "451 4.3.0 try later", "queued"),
        ("DATA", "554 5.7.1 this is spam", "refused"),
    ],
)
async def test_refused_mail_is_tried_again_unless_it_is_for_good(
    at: str, said: str, state: str, cast: Cast, database: str, box: Mailbox
) -> None:
    box.said = {at: said}
    await queued(cast.bob.id, cast.bea.id)
    await send(box)
    assert await states() == [(state, 1, said[:3])] * 2, "the other one is tried on the same connection"
    box.said = {}

    assert await send(box) == mail.Sent()
    await send(box, after=timedelta(seconds=2 * mail.AGAIN_S))

    again = state == "queued"
    assert len(box.arrived) == 2 * again
    assert await states() == [("sent", 2, "") if again else (state, 1, said[:3])] * 2


@pytest.mark.parametrize("fault", ["hangs_at", "cuts_at"])
async def test_mail_that_may_have_arrived_is_not_sent_again(
    fault: str, cast: Cast, database: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "DATA_S", 0.3)
    setattr(box, fault, "DATA")
    await queued(cast.bob.id)
    await send(box)
    box.close()
    setattr(box, fault, None)

    await send(box, after=timedelta(days=2))

    assert [(state, attempts) for state, attempts, _ in await states()] == [("unclear", 1)]
    assert len(box.arrived) <= 1


@pytest.mark.parametrize("fault", ["hangs_at", "cuts_at"])
async def test_mail_that_can_not_have_arrived_is_tried_again(
    fault: str, cast: Cast, database: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "COMMAND_S", 0.3)
    setattr(box, fault, "RCPT")
    await queued(cast.bob.id, cast.bea.id)

    assert await send(box) == mail.Sent(again=1), "who can't be served keeps their tries"
    box.close()
    setattr(box, fault, None)
    monkeypatch.setattr(mail, "COMMAND_S", 20)

    assert await send(box, after=timedelta(minutes=2)) == mail.Sent(sent=2)


async def test_server_that_is_not_there_is_tried_ever_more_seldom_for_a_day(cast: Cast, database: str) -> None:
    nobody = mail_server("smtp+insecure://localhost:9")  # nothing listens on the discard port
    await queued(cast.bob.id)
    at = datetime.now(UTC) + timedelta(seconds=1)
    tries = []
    while (await states())[0][0] == "queued":
        await mail.send_due(nobody, SENDER, write, at)
        tries.append(at)
        async with connection() as held:
            at = await held.fetchval("SELECT greatest(due_at, $1) FROM mail", at)

    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(tries)]
    assert waits[:7] == [60, 120, 240, 480, 960, 1920, 3600]
    assert set(waits[7:]) == {3600}
    assert tries[-1] - tries[0] < timedelta(hours=26)
    ((state, attempts, error),) = await states()
    assert state == "failed"
    assert 20 < attempts < 40
    assert error == "SMTPConnectError"


async def test_mail_of_a_lost_worker_is_unclear(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(cast.bob.id)
    async with connection() as held:
        await held.execute("UPDATE mail SET state = 'handed', attempts = 1, handed_at = now()")
    await send(box)
    assert await states() == [("handed", 1, "")]

    await send(box, after=mail.LOST_AFTER + timedelta(minutes=1))

    assert await states() == [("unclear", 1, "WorkerLost")]
    assert box.arrived == []


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_goes_over_tls_with_user_and_password(
    scheme: str, cast: Cast, database: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with mailbox(certificate=certificate, from_the_start=scheme == "smtps") as box:
        server = mail_server(f"{scheme}://{quote(USER)}:{quote(PASSWORD, safe='')}@localhost:{box.port}")
        await queued(cast.bob.id)

        await mail.send_due(server, SENDER, write, datetime.now(UTC) + timedelta(seconds=1))

        assert box.envelopes == [(SENDER, True, True)]


@pytest.mark.parametrize(("scheme", "host"), [("smtp", "localhost"), ("smtps", "localhost"), ("smtps", "127.0.0.1")])
async def test_nothing_is_said_to_a_server_that_can_not_prove_who_it_is(
    scheme: str, host: str, cast: Cast, database: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host != "localhost":  # a name that the certificate is not for
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with mailbox(certificate=certificate, from_the_start=scheme == "smtps") as box:
        await queued(cast.bob.id)

        await mail.send_due(
            mail_server(f"{scheme}://u:p@{host}:{box.port}"), SENDER, write, datetime.now(UTC) + timedelta(seconds=1)
        )

        ((state, _, error),) = await states()
        assert state == "queued"
        assert "SSL" in error or "Connect" in error
        assert box.arrived == []


async def test_server_without_starttls_gets_no_mail(cast: Cast, database: str, box: Mailbox) -> None:
    await queued(cast.bob.id)

    await send(box, scheme="smtp")

    assert await states() == [("queued", 1, "SMTPException")]
    assert box.arrived == []


# --- settings


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer(host="mail.example.org", port=587, user=None, password=None, tls="STARTTLS")),
        ("smtps://u%40x:p%2Fw@m.example:4650", MailServer(host="m.example", port=4650, user="u@x", password="p/w", tls="from the start")),
        ("smtp+insecure://localhost", MailServer(host="localhost", port=25, user=None, password=None, tls="none")),
    ],
)  # fmt: skip
def test_url_says_where_mail_is_handed_in(url: str, server: MailServer) -> None:
    assert read({"SMTP_URL": url, "DAYLIGHT_MAIL_FROM": SENDER}).mail_server == server


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "http://u:hushhush@m.example", "smtp://u:hushhush@", "smtp://u:hushhush@m:x", "smtp://hushhush@m.example",
     "smtp+insecure://u:hushhush@localhost", "smtp://u:hushhush@m/folder"],
)  # fmt: skip
def test_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StartError, match="SMTP_URL") as refused:
        read({"SMTP_URL": url, "DAYLIGHT_MAIL_FROM": SENDER})

    assert "hushhush" not in str(refused.value)


def test_mail_needs_a_sender_and_in_production_tls() -> None:
    production = {
        "DAYLIGHT_ENVIRONMENT": "production", "DAYLIGHT_PUBLIC_ORIGIN": "https://d.example", "DATABASE_URL": "x",
        "REDIS_URL": "x", "DAYLIGHT_SECRET": SECRET, "DAYLIGHT_MAIL_FROM": SENDER,
    }  # fmt: skip
    with pytest.raises(StartError, match="DAYLIGHT_MAIL_FROM"):
        read({"SMTP_URL": "smtp://mail.example.org"})
    with pytest.raises(StartError, match="DAYLIGHT_MAIL_FROM"):
        read({"SMTP_URL": "smtp://mail.example.org", "DAYLIGHT_MAIL_FROM": "Daylight <a@b.example>"})
    with pytest.raises(StartError, match="without TLS"):
        read(production | {"SMTP_URL": "smtp+insecure://mail.example.org"})
    assert read(production | {"SMTP_URL": "smtp+insecure://localhost"}).mail_server
    assert read(production).mail_server is None


# --- through the hub and the worker


@pytest.fixture
async def posting(settings: Settings, box: Mailbox) -> AsyncIterator[Browser]:
    """A browser before a hub that has a mail server."""
    with_box = with_mail(settings, box)
    client = web.redis_client(settings.redis_url or "")
    async with Browser(web.build(with_box, api(), client)) as browser:
        yield browser
    await client.aclose()


async def test_admin_tries_mail_and_sees_what_became_of_it(
    cast: Cast, settings: Settings, posting: Browser, box: Mailbox
) -> None:
    await posting.sign_in(cast.dora)
    before = datetime.now(UTC)
    working = Worker(settings.redis_url or "", worker.jobs_of(with_mail(settings, box)), tick_cron="* * * * * *")
    task = asyncio.create_task(working.run())
    with structlog.testing.capture_logs() as logged:
        answer = await posting.change("POST", "/api/mail/test")
        async with asyncio.timeout(30):
            while not (shown := (await posting.get("/api/mail")).json())["mails"][0]["ended_at"]:
                await asyncio.sleep(0.05)
    working.stop()
    await task

    assert answer.status_code == 204
    assert box.texts()[0].startswith("Hello Dora Mensah,")
    assert settings.origin in box.texts()[0]
    assert shown["server"] == "localhost"
    assert shown["sender"] == SENDER
    (row,) = shown["mails"]
    assert (row["kind"], row["person"], row["name"], row["state"]) == ("test", cast.dora.id, "Dora Mensah", "sent")
    assert before < datetime.fromisoformat(row["queued_at"]) <= datetime.fromisoformat(row["ended_at"])
    said = json.dumps(logged, default=str)
    assert '"state": "sent"' in said
    assert cast.dora.email not in said


async def test_request_that_queues_mail_asks_no_server(cast: Cast, posting: Browser, box: Mailbox) -> None:
    """And a worker that is at it already needs no second run."""
    box.hangs_at = "RCPT"
    await posting.sign_in(cast.dora)

    answers = [(await posting.change("POST", "/api/mail/test")).status_code for _ in range(3)]

    assert answers == [204] * 3
    assert await states() == [("queued", 0, "")]
    assert [run.job for run in await runs.waiting()] == [mail.JOB]


async def test_mail_that_was_not_sent_is_sent_again_by_hand(cast: Cast, posting: Browser, box: Mailbox) -> None:
    box.said = {"RCPT": "550 5.1.1 nobody here"}
    await queued(cast.bob.id, cast.bea.id)
    await send(box)
    box.said = {}
    await posting.sign_in(cast.dora)
    shown = (await posting.get("/api/mail")).json()["mails"]

    answers = [(await posting.change("POST", f"/api/mail/{shown[0]['id']}/again")).status_code for _ in range(2)]
    went = await send(box)

    assert [(row["state"], row["error"], row["again"]) for row in shown] == [("refused", "550", True)] * 2
    assert answers == [204, 409], "the new one waits"
    assert went == mail.Sent(sent=1)
    assert [to(message) for message in box.arrived] == [shown[0]["name"].split()[0].lower() + "@halden.example"]
    after = (await posting.get("/api/mail")).json()["mails"]
    assert [(row["state"], row["again"]) for row in after] == [("sent", False), ("refused", False), ("refused", True)]
    done = await Audit.select().where(Audit.action == "mail_again").output(load_json=True)
    assert [(row["actor"], row["subject"], row["detail"]) for row in done] == [
        (cast.dora.id, shown[0]["person"], {"mail": shown[0]["id"]})
    ]


async def test_mail_that_waits_is_tried_at_once_and_one_that_is_sent_never_again(
    cast: Cast, posting: Browser, box: Mailbox
) -> None:
    box.said = {"RCPT": "450 4.2.1 greylisted"}
    await queued(cast.bob.id)
    await send(box)
    box.said = {}
    assert await send(box) == mail.Sent(), "it waits"
    await posting.sign_in(cast.dora)
    (row,) = (await posting.get("/api/mail")).json()["mails"]
    assert row["again"]

    assert (await posting.change("POST", f"/api/mail/{row['id']}/again")).status_code == 204
    assert await send(box) == mail.Sent(sent=1)
    assert (await posting.change("POST", f"/api/mail/{row['id']}/again")).status_code == 409
    for nobodys in (0, row["id"] + 1, 2**63):
        assert (await posting.change("POST", f"/api/mail/{nobodys}/again")).status_code == 404


async def test_mails_by_hand_are_limited(cast: Cast, posting: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAILS_BY_PERSON", RateLimitItemPerMinute(2, 10))
    await posting.sign_in(cast.dora)

    answers = [await posting.change("POST", "/api/mail/test") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_worker_without_a_mail_server_has_no_job_for_mail(tmp_path: Path) -> None:
    assert mail.JOB not in worker.jobs_of(Settings(data=tmp_path))


async def test_mails_are_forgotten_a_month_after_they_ended(cast: Cast, database: str) -> None:
    await queued(cast.bob.id, cast.bea.id, cast.alice.id)
    async with connection() as held:
        await held.execute(
            "UPDATE mail SET state = 'sent', ended_at = now() - interval '31 days' WHERE person = $1", cast.bob.id
        )
        await held.execute(
            "UPDATE mail SET state = 'sent', ended_at = now() - interval '29 days' WHERE person = $1", cast.bea.id
        )

    swept = await worker.sweep(datetime.now(UTC))

    assert swept.mails == 1
    assert [state for state, _, _ in await states()] == ["sent", "queued"]


async def last_mails() -> list[str]:
    async with connection() as held:
        return [row["email"] for row in await held.fetch("SELECT email FROM last_mail")]


async def test_who_is_erased_gets_a_last_mail_and_their_address_is_gone_with_it(
    cast: Cast, settings: Settings, box: Mailbox
) -> None:
    await erasure.erase(cast.bob.id, cast.dora.id, tell=True)
    waiting = await last_mails()
    async with connection() as held:
        await held.execute("ANALYZE")
        sampled = await held.fetchval(
            "SELECT count(*) FROM pg_stats WHERE tablename = 'last_mail' AND attname = 'email'"
        )
    server = mail_server(f"smtp+insecure://localhost:{box.port}")

    went = await mail.send_due(server, SENDER, outgoing.writer(settings), datetime.now(UTC) + timedelta(seconds=1))

    assert (waiting, sampled) == ([cast.bob.email], 0)
    assert went == mail.Sent(sent=1)
    message = box.arrived[0]
    assert to(message) == cast.bob.email
    assert "was erased" in message.get_content()
    assert await last_mails() == []
    assert await states() == []


async def test_last_mail_that_can_not_be_sent_is_given_up_with_the_address(cast: Cast, database: str) -> None:
    await erasure.erase(cast.bob.id, cast.dora.id, tell=True)
    await erasure.erase(cast.bea.id, cast.dora.id)
    nowhere = mail_server("smtp+insecure://localhost:9")  # nothing listens on the discard port

    first = await mail.send_due(nowhere, SENDER, write, datetime.now(UTC) + timedelta(seconds=1))
    waiting = await last_mails()
    await mail.send_due(nowhere, SENDER, write, datetime.now(UTC) + mail.TRIED_FOR + timedelta(minutes=1))

    assert (first, waiting) == (mail.Sent(again=1), [cast.bob.email])
    assert await last_mails() == []


async def test_last_mail_that_is_refused_for_good_is_gone(cast: Cast, database: str, box: Mailbox) -> None:
    box.said = {"RCPT": "550 nobody here"}
    await erasure.erase(cast.bob.id, cast.dora.id, tell=True)

    assert await send(box) == mail.Sent(ended=1)
    assert await last_mails() == []
