"""Links for invitations and new passwords: they work once, for one person, for a while; nothing else gives them away."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
import structlog
from limits import RateLimitItemPerMinute

from hub import mail, outgoing, people, web
from hub.app import api
from hub.auth import limits as limits_module
from hub.auth import login
from hub.auth.access import load_viewer
from hub.auth.links import OVER
from hub.database import connection
from hub.passwords import hash_password
from hub.settings import Settings
from hub.tables import Audit, Identity, Person, SignIn, TotpFactor
from hub.wire.closing import Close

from .conftest import Browser, Cast, CastPerson
from .locks import in_turn
from .mailbox import SENDER, Mailbox, mailbox, with_mail

NEW = "eleven quiet herons"
NINA = CastPerson(12, "Nina Vidal", "nina@halden.example")


class Posted(NamedTuple):
    """A hub that sends mail to `box`."""

    settings: Settings
    box: Mailbox
    open: Callable[..., Browser]

    async def deliver(self, after: timedelta = timedelta(seconds=1)) -> list[str]:
        """Has the worker's job done once; the texts of all mails that have arrived so far."""
        server = self.settings.mail_server
        assert server
        await mail.send_due(server, SENDER, outgoing.writer(self.settings), datetime.now(UTC) + after)
        return self.box.texts()


@pytest.fixture
async def posted(cast: Cast, settings: Settings) -> AsyncIterator[Posted]:
    """With Nina, who has no password."""
    await people.add_person(NINA.email, NINA.name, team=cast.support)
    client = web.redis_client(settings.redis_url or "")
    async with mailbox() as box:
        posting = with_mail(settings, box)
        application = web.build(posting, api(), client)
        yield Posted(posting, box, lambda address="192.0.2.1": Browser(application, address))
    await client.aclose()


@pytest.fixture
async def nina(cast: Cast, settings: Settings) -> CastPerson:
    """Somebody without a password, in a hub that sends no mail."""
    await people.add_person(NINA.email, NINA.name, team=cast.support)
    return NINA


def token_in(text: str) -> str:
    found = re.search(r"http://localhost:8000/set-password#(\S+)", text)
    assert found, text
    return found[1]


async def use(browser: Browser, token: str, password: str = NEW) -> httpx.Response:
    return await browser.change("POST", "/api/link/password", json={"token": token, "password": password})


async def given(browser: Browser, person: CastPerson) -> str:
    """The token of a link that an admin is shown."""
    answer = await browser.change("POST", f"/api/people/{person.id}/link", json={})
    assert answer.status_code == 201, answer.text
    return token_in(answer.json()["url"])


async def acts(*wanted: str) -> list[tuple[str, int | None, int | None, dict[str, Any]]]:
    rows = await Audit.select().where(Audit.action.is_in(list(wanted))).order_by(Audit.id)
    return [(row["action"], row["actor"], row["subject"], json.loads(row["detail"])) for row in rows]


# --- the way through


async def test_invited_person_sets_a_password_once_and_signs_in(cast: Cast, posted: Posted) -> None:
    admin, browser = posted.open(), posted.open("192.0.2.2")
    await admin.sign_in(cast.dora)
    answer = await admin.change("POST", f"/api/people/{NINA.id}/link", json={})
    (text,) = await posted.deliver()
    token = token_in(text)
    shown = await browser.change("POST", "/api/link", json={"token": token})
    again = await browser.change("POST", "/api/link", json={"token": token})
    done = await use(browser, token)

    assert answer.json()["url"] is None, "it goes to whom it is for, and to nobody else"
    assert answer.json()["mail"]["state"] == "queued"
    assert posted.box.arrived[0]["Subject"] == "Your account at Halden"
    assert shown.json() | {"expires_at": ""} == {
        "purpose": "invitation", "name": NINA.name, "email": NINA.email, "expires_at": "",
    }  # fmt: skip
    assert again.status_code == 200, "looking does not use it up"
    assert done.status_code == 204
    assert (await browser.get("/api/me")).status_code == 401, "it signs nobody in"
    assert (await browser.sign_in(NINA, NEW)).status_code == 201
    assert (await use(browser, token, "another long password")).status_code == 400
    assert await acts("link_sent", "password_set") == [
        ("link_sent", cast.dora.id, NINA.id, {"purpose": "invitation"}),
        ("password_set", NINA.id, NINA.id, {"link": "invitation"}),
    ]
    standing = (await admin.get(f"/api/people/{NINA.id}/link")).json()
    assert (standing["purpose"], standing["by_mail"], standing["expires_at"]) == ("reset", True, None)
    assert standing["mail"]["state"] == "sent"


async def test_forgotten_password_is_replaced_and_every_sign_in_and_socket_ends_but_no_factor(
    cast: Cast, posted: Posted
) -> None:
    lost, found = posted.open(), posted.open("192.0.2.2")
    await lost.sign_in(cast.bob)
    await TotpFactor.insert(TotpFactor(person=cast.bob.id, sealed=b"x", confirmed_at=datetime.now(UTC)))
    opened = (await SignIn.select(SignIn.id).where(SignIn.person == cast.bob.id))[0]["id"]
    viewer = await load_viewer(cast.bob.id)
    assert viewer
    socket = opened, (cast.bob.id, viewer.access_version)
    assert await login.ended([socket]) == {}
    body = {"email": " Bob@halden.EXAMPLE ", "language": "en"}
    assert (await found.change("POST", "/api/password/forgotten", json=body)).status_code == 204
    (text,) = await posted.deliver()

    assert (await use(found, token_in(text))).status_code == 204

    assert await login.ended([socket]) == {socket: Close.SIGNED_OUT}
    assert (await lost.get("/api/me")).status_code == 401
    assert (await found.sign_in(cast.bob)).status_code == 401
    assert (await found.sign_in(cast.bob, NEW)).json() == {"second_step": ["totp", "recovery"]}
    assert await acts("reset_asked") == [("reset_asked", None, cast.bob.id, {})]


async def test_link_is_shown_to_an_admin_where_no_mail_is_set_up(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.alma)
    token = await given(admin, nina)
    standing = (await admin.get(f"/api/people/{nina.id}/link")).json()

    assert (standing["by_mail"], standing["url"], standing["mail"]) == (False, None, None)
    assert datetime.fromisoformat(standing["expires_at"]) > datetime.now(UTC) + timedelta(days=6)
    assert (await use(browser, token)).status_code == 204
    assert (await browser.sign_in(nina, NEW)).status_code == 201
    assert await acts("link_shown") == [("link_shown", cast.alma.id, nina.id, {"purpose": "invitation"})]


async def test_link_is_shown_only_to_who_has_just_proved_who_they_are(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin = open_browser()
    await admin.sign_in(cast.dora)
    await SignIn.raw("UPDATE sign_in SET proved_at = now() - interval '1 hour', created_at = now() - interval '1 hour'")

    answer = await admin.change("POST", f"/api/people/{nina.id}/link", json={})

    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_proof")
    assert await acts("link_shown") == []


async def test_using_a_link_signs_out_who_was_signed_in_there(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin = open_browser()
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)

    await use(admin, token)

    assert (await admin.get("/api/me")).status_code == 401


async def test_mail_is_written_in_the_language_of_the_page(cast: Cast, posted: Posted) -> None:
    browser = posted.open()
    await browser.change("POST", "/api/password/forgotten", json={"email": cast.bob.email, "language": "ar"})
    await browser.change("POST", "/api/password/forgotten", json={"email": cast.bea.email, "language": "fi"})

    in_arabic, in_english = await posted.deliver()

    assert in_arabic.startswith("مرحبًا Bob Brandt،")
    assert in_english.startswith("Hello Bea Menon,"), "which is not spoken here"
    assert token_in(in_arabic) != token_in(in_english)


async def test_many_are_invited_at_once_and_who_can_sign_in_is_left_alone(cast: Cast, posted: Posted) -> None:
    await people.add_person("omar@halden.example", "Omar Aziz", team=cast.support)
    await people.add_person("pia@halden.example", "Pia Lind", team=cast.support)
    await Person.update({Person.locale: "ar"}).where(Person.name == "Omar Aziz")
    await people.deactivate(14)
    provided = await people.add_person("per@halden.example", "Per Dahl", team=cast.support)
    await Identity.insert(Identity(issuer="https://id.example", sub="1", person=provided))
    admin = posted.open()
    await admin.sign_in(cast.dora)
    body = {"people": [13, 12, 14, cast.bob.id, provided], "language": "en"}

    invited = (await admin.change("POST", "/api/people/invite", json=body)).json()
    texts = await posted.deliver()

    assert [(each["person"], each["email"], each["url"]) for each in invited] == [
        (12, NINA.email, None), (13, "omar@halden.example", None),
    ]  # fmt: skip
    assert sorted(text.split()[0] for text in texts) == ["Hello", "مرحبًا"], (
        "each in the language that they are written to in"
    )
    assert [subject for _, _, subject, _ in await acts("link_sent")] == [12, 13]
    assert (await admin.change("POST", "/api/people/withdraw", json={"people": [12, 13]})).status_code == 204
    browser = posted.open("192.0.2.2")
    assert [(await use(browser, token_in(text))).status_code for text in texts] == [400, 400]
    assert [subject for _, _, subject, _ in await acts("link_withdrawn")] == [12, 13]
    assert (await admin.get(f"/api/people/{provided}/link")).json()["purpose"] == "reset"


async def test_links_of_many_are_shown_where_no_mail_is_set_up_to_who_has_just_proved_who_they_are(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    body = {"people": [nina.id, cast.bob.id]}
    await SignIn.raw("UPDATE sign_in SET proved_at = now() - interval '1 hour', created_at = now() - interval '1 hour'")
    stale = await admin.change("POST", "/api/people/invite", json=body)
    await admin.change("POST", "/api/session/proof", json={"password": cast.password})

    (invited,) = (await admin.change("POST", "/api/people/invite", json=body)).json()

    assert stale.json()["code"] == "fresh_proof"
    assert (await use(browser, token_in(invited["url"]))).status_code == 204
    assert (await admin.change("POST", "/api/people/invite", json=body)).json() == [], "she has a password by now"
    assert (await admin.change("POST", "/api/people/invite", json={"people": [nina.id, 999]})).status_code == 404


# --- links that don't work


SPOILT: dict[str, str] = {
    "used": "UPDATE link SET used_at = now()",
    "ended": "UPDATE link SET ended_at = now()",
    "expired": "UPDATE link SET expires_at = now()",
    "deactivated": "UPDATE person SET deactivated_at = now() WHERE id = 12",
    "other_address": "UPDATE person SET email = 'other@halden.example' WHERE id = 12",
    "unknown": "DELETE FROM link",
}


@pytest.mark.parametrize("reason", [*SPOILT, "tampered", "garbage"])
async def test_link_that_does_not_work_gets_one_answer_and_its_reason_is_in_the_audit(
    reason: str, cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)
    if reason in SPOILT:
        async with connection() as held:
            await held.execute(SPOILT[reason])
    elif reason == "tampered":
        token = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    else:
        token = "ż / ==" * 9

    answers = [await browser.change("POST", "/api/link", json={"token": token}), await use(browser, token)]

    for answer in answers:
        told = answer.json()
        assert (answer.status_code, told["title"], told["code"], told["field"]) == (400, OVER, "link_over", "token")
    known = None if reason in {"tampered", "garbage", "unknown"} else nina.id
    said = "tampered" if reason == "garbage" else reason
    assert await acts("link_refused") == [("link_refused", None, known, {"reason": said})] * 2
    assert (await Person.select(Person.password_hash).where(Person.id == nina.id))[0]["password_hash"] is None


async def test_newer_link_ends_the_older(cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    older, newer = await given(admin, nina), await given(admin, nina)

    assert (await use(browser, older)).json()["code"] == "link_over"
    assert (await use(browser, newer)).status_code == 204


async def test_links_made_at_once_leave_one_that_works(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    tokens = await asyncio.gather(*(given(admin, nina) for _ in range(5)))

    answers = [(await browser.change("POST", "/api/link", json={"token": token})).status_code for token in tokens]

    assert sorted(answers) == [200, 400, 400, 400, 400]


async def test_of_several_who_use_a_link_at_once_one_sets_the_password(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin = open_browser()
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)
    browsers = [open_browser(f"192.0.2.{n}") for n in range(10, 15)]
    passwords = [f"{NEW} {n}" for n in range(5)]

    answers = await asyncio.gather(*(use(*each) for each in zip(browsers, [token] * 5, passwords, strict=True)))

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204, 400, 400, 400, 400]
    winner = passwords[statuses.index(204)]
    assert (await browsers[0].sign_in(nina, winner)).status_code == 201
    assert len(await acts("password_set")) == 1


async def test_withdrawn_link_and_mail_serve_nobody(cast: Cast, posted: Posted) -> None:
    admin, browser = posted.open(), posted.open("192.0.2.2")
    await admin.sign_in(cast.dora)
    path = f"/api/people/{NINA.id}/link"
    await admin.change("POST", path, json={})
    await admin.change("DELETE", path)
    assert await posted.deliver() == [], "it had not been handed in"
    await admin.change("POST", path, json={})
    (text,) = await posted.deliver()
    assert (await admin.change("DELETE", path)).status_code == 204
    assert (await admin.change("DELETE", path)).status_code == 204

    assert (await use(browser, token_in(text))).json()["code"] == "link_over"
    assert (await admin.get(path)).json()["expires_at"] is None
    assert await acts("link_withdrawn") == [("link_withdrawn", cast.dora.id, NINA.id, {})] * 2


async def test_password_set_another_way_ends_the_link_and_the_mail(cast: Cast, posted: Posted) -> None:
    admin, browser = posted.open(), posted.open("192.0.2.2")
    await admin.sign_in(cast.dora)
    for _ in range(2):
        await admin.change("POST", f"/api/people/{NINA.id}/link", json={})
        texts = await posted.deliver()
    await admin.change("POST", f"/api/people/{NINA.id}/link", json={})
    await people.set_password(NINA.email, NEW)

    assert len(await posted.deliver()) == 2, "an invitation that waited is not sent any more"
    assert (await use(browser, token_in(texts[1]), "another long password")).json()["code"] == "link_over"


async def test_link_of_somebody_who_was_deactivated_stays_dead(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)
    await people.deactivate(nina.id)
    refused = await admin.change("POST", f"/api/people/{nina.id}/link", json={})
    async with connection() as held:
        await held.execute("UPDATE person SET deactivated_at = NULL WHERE id = $1", nina.id)

    assert refused.status_code == 400
    assert (await use(browser, token)).json()["code"] == "link_over"


async def test_wrong_links_from_one_address_are_limited(
    cast: Cast, open_browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "WRONG_LINKS_BY_ADDRESS", RateLimitItemPerMinute(2, 10))
    browser, other = open_browser(), open_browser("192.0.2.2")

    answers = [(await use(browser, "wrong")).status_code for _ in range(3)]

    assert answers == [400, 400, 429]
    assert (await use(other, "wrong")).status_code == 400
    assert len(await acts("link_refused")) == 3


# --- who asks learns nothing


async def test_asking_for_a_new_password_is_answered_alike_whoever_has_the_address(cast: Cast, posted: Posted) -> None:
    browser = posted.open()
    answers, traces = [], []
    for email in (cast.bob.email, "nobody@halden.example", cast.gone.email, NINA.email, "no address", "a\x00b@c"):
        before = await _counts()
        answer = await browser.change("POST", "/api/password/forgotten", json={"email": email})
        answers.append((answer.status_code, answer.content, sorted(answer.headers.keys())))
        traces.append({name: count - before[name] for name, count in (await _counts()).items()})

    assert answers == answers[:1] * 6
    assert answers[0][0] == 204
    assert [trace["mail"] for trace in traces] == [1] * 6, "the same is done for all of them"
    assert [trace["audit"] for trace in traces] == [1] * 6
    assert [to["To"] for to in posted.box.arrived] == []
    await posted.deliver()
    assert [to["To"] for to in posted.box.arrived] == [cast.bob.email]
    assert [subject for _, _, subject, _ in await acts("reset_asked")] == [cast.bob.id, *[None] * 5]
    assert "nobody" not in json.dumps(await Audit.select(Audit.detail))


async def _counts() -> dict[str, int]:
    async with connection() as held:
        row = await held.fetchrow("SELECT (SELECT count(*) FROM mail) AS mail, (SELECT count(*) FROM audit) AS audit")
    return dict(row)


async def test_asking_is_limited_by_mail_and_by_address_whoever_has_it(
    cast: Cast, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "FORGOTTEN_BY_MAIL", RateLimitItemPerMinute(2, 60))
    monkeypatch.setattr(limits_module, "FORGOTTEN_BY_ADDRESS", RateLimitItemPerMinute(3, 15))

    async def ask(email: str, address: str) -> int:
        body = {"email": email}
        return (await posted.open(address).change("POST", "/api/password/forgotten", json=body)).status_code

    for email in (cast.bob.email, "nobody@halden.example"):
        assert [await ask(email, f"192.0.2.{n}") for n in range(3)] == [204, 204, 429]
    assert [await ask(f"p{n}@halden.example", "198.51.100.1") for n in range(4)] == [204, 204, 204, 429]


async def test_hub_without_mail_says_so(cast: Cast, open_browser: Callable[..., Browser]) -> None:
    answer = await open_browser().change("POST", "/api/password/forgotten", json={"email": cast.bob.email})

    assert (answer.status_code, answer.json()["code"]) == (400, "no_mail")


async def test_link_is_nowhere_but_in_its_mail(cast: Cast, posted: Posted) -> None:
    admin, browser = posted.open(), posted.open("192.0.2.2")
    with structlog.testing.capture_logs() as logged:
        await admin.sign_in(cast.dora)
        await admin.change("POST", f"/api/people/{NINA.id}/link", json={})
        posted.box.said = {"DATA": "451 later"}
        await posted.deliver()
        waiting = await _everything()
        posted.box.said = {}
        (text,) = await posted.deliver(after=timedelta(minutes=2))
        token = token_in(text)
        await use(browser, token[:-4] + "AAAA")
        await use(browser, token)
    kept = waiting + await _everything()

    assert "link_refused" in kept
    assert "password_set" in kept
    for secret in (token, token[:20], NEW):
        assert secret not in kept
        assert secret not in json.dumps(logged, default=str)


async def _everything() -> str:
    async with connection() as held:
        tables = ("mail", "link", "audit", "report_run", "person", "sign_in")
        return str([await held.fetch(f"SELECT * FROM {table}") for table in tables])


# --- which passwords


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_length"),
        ("x" * 201, "password_length"),
        ("Qwertyuiop", "password_common"),
        ("iloveyou", "password_common"),
        ("Nina Vidal", "password_own"),
        ("vidal-1987!", "password_own"),
        ("nina@halden.example", "password_own"),
        ("Halden2026", "password_own"),
        ("daylight!!", "password_own"),
    ],
)
async def test_password_that_is_tried_first_is_refused_and_the_link_still_works(
    password: str, code: str, cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)

    answer = await use(browser, token, password)

    assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (400, "password", code)
    assert password not in answer.text
    assert (await use(browser, token)).status_code == 204


@pytest.mark.parametrize(
    "password", ["eleven quiet herons", "aaaaaaaaB", "Nina Vidal likes rain", "كلمة مرور طويلة", "p" * 200, "        x"]
)
async def test_any_characters_make_a_password(password: str) -> None:
    assert await hash_password(password, ["Nina Vidal", "nina@halden.example"])


async def test_password_is_the_same_however_its_letters_are_put_together(
    cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser]
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    await use(browser, await given(admin, nina), "cafe\u0301 at noon")

    assert (await browser.sign_in(nina, "caf\u00e9 at noon")).status_code == 201


# --- at the same time


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/people/deactivate", {"people": [NINA.id]}),
        ("DELETE", f"/api/people/{NINA.id}/link", None),
        ("POST", f"/api/people/{NINA.id}/link", {}),
    ],
)
async def test_link_that_is_used_while_it_is_ended_waits_its_turn(
    method: str, path: str, body: Any, cast: Cast, nina: CastPerson, open_browser: Callable[..., Browser], database: str
) -> None:
    admin, browser = open_browser(), open_browser("192.0.2.2")
    await admin.sign_in(cast.dora)
    token = await given(admin, nina)
    await browser.csrf()

    ended, refused = await in_turn(
        database,
        f"SELECT FROM person WHERE id = {nina.id} FOR UPDATE",
        admin.change(method, path, json=body),
        use(browser, token),
    )

    assert ended.is_success, ended.text
    assert (refused.status_code, refused.json()["code"]) == (400, "link_over")


@pytest.mark.parametrize(("method", "state"), [("DELETE", "void"), ("POST", "sent")])
async def test_link_that_is_withdrawn_or_given_anew_while_its_mail_is_handed_in_waits_its_turn(
    method: str, state: str, cast: Cast, posted: Posted, database: str
) -> None:
    admin, path = posted.open(), f"/api/people/{NINA.id}/link"
    await admin.sign_in(cast.dora)
    await admin.change("POST", path, json={})

    acted, _ = await in_turn(
        database,
        f"SELECT FROM person WHERE id = {NINA.id} FOR UPDATE",
        admin.change(method, path, json={}),
        posted.deliver(),
    )

    assert acted.is_success, acted.text
    assert (await mail.Mail.select())[0]["state"] == state
