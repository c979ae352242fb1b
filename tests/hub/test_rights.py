"""What people ask about their data, what admins answer, and what then holds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hub import homes, outgoing
from hub.auth.access import load_subject
from hub.database import connection
from hub.hours import OFFLINE
from hub.mail import ToSend
from hub.settings import Settings
from hub.tables import Audit, Mail, Person

from .live import connected, running, signed_in, viewing
from .locks import in_turn
from .stored import details, store, worked

NOON = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)


@pytest.fixture
async def bob(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    return browser


@pytest.fixture
async def dora(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def asks(browser, kind: str = "restrict", **words: str) -> dict:
    answer = await browser.change("POST", "/api/me/requests", json={"kind": kind, **words})
    assert answer.status_code == 201, answer.text
    return answer.json()["requests"][0]


async def answers(browser, request: dict, accept: bool, **more: str):
    body = {"accept": accept, "reason": "Because of this", **more}
    return await browser.change("POST", f"/api/requests/{request['id']}/answer", json=body)


async def acts() -> list[tuple[int | None, str]]:
    wanted = ["request_made", "request_withdrawn", "request_accepted", "request_declined", "person_restricted"]
    wanted += ["restriction_lifted", "hold_set", "hold_lifted", "person_erased", "erasure_held"]
    rows = await Audit.select(Audit.actor, Audit.action).where(Audit.action.is_in(wanted)).order_by(Audit.id)
    return [(row["actor"], row["action"]) for row in rows]


async def test_request_is_seen_by_its_person_and_by_admins_and_its_words_are_sealed(cast, bob, dora) -> None:
    made = await asks(bob, "correct", wrong=" 14:00 to 15:00 was\nno break ", wanted="It was a call")

    told = (await dora.get("/api/requests")).json()

    assert (made["wrong"], made["wanted"], made["state"]) == ("14:00 to 15:00 was no break", "It was a call", "open")
    assert (told["open"], told["overdue"], told["closed"]) == (1, 0, 0)
    assert told["requests"] == [{**made, "person": cast.bob.id, "name": cast.bob.name, "overdue": False}]
    row = (await Audit.select().where(Audit.action == "request_made"))[0]
    assert "no break" not in row["detail"]
    assert (await details([row]))[0].items() >= {
        "request": made["id"],
        "kind": "correct",
        "wanted": "It was a call",
    }.items()


async def test_admins_are_told_on_every_page_that_others_wait_and_until_when(cast, bob, dora) -> None:
    made = await asks(bob)
    await asks(dora, "correct", wrong="A", wanted="B")  # another admin answers it

    told, of_bob = (await dora.get("/api/me")).json(), (await bob.get("/api/me")).json()

    assert (told["requests_wait"], told["requests_due_on"]) == (1, made["due_on"])
    assert not {"requests_wait", "requests_due_on"} & of_bob.keys()
    await answers(dora, made, True)
    assert "requests_wait" not in (await dora.get("/api/me")).json()


@pytest.mark.parametrize(
    ("asked_at", "zone", "due_on"),
    [
        ("2026-01-31T12:00:00Z", "Europe/Oslo", "2026-02-28"),
        ("2026-03-31T22:30:00Z", "Europe/Oslo", "2026-05-01"),  # there it is the first already
        ("2026-03-31T22:30:00Z", "America/New_York", "2026-04-30"),
    ],
)
async def test_answer_is_due_within_a_month_by_the_calendar_of_the_person(asked_at, zone, due_on, database) -> None:
    async with connection() as held:
        due = await held.fetchval(
            "SELECT (($1::timestamptz AT TIME ZONE $2)::date + interval '1 month')::date",
            datetime.fromisoformat(asked_at),
            zone,
        )
    assert str(due) == due_on


async def test_overdue_ones_are_counted_and_stand_first(cast, bob, dora) -> None:
    await asks(bob, "restrict")
    await asks(bob, "erase")
    async with connection() as held:
        await held.execute("UPDATE person_request SET due_on = current_date - 3 WHERE kind = 'erase'")

    told = (await dora.get("/api/requests")).json()

    assert [(each["kind"], each["overdue"]) for each in told["requests"]] == [("erase", True), ("restrict", False)]
    assert (told["open"], told["overdue"]) == (2, 1)


async def test_one_of_a_kind_is_open_and_may_be_taken_back(cast, bob, dora) -> None:
    made = await asks(bob)
    again = await bob.change("POST", "/api/me/requests", json={"kind": "restrict"})
    withdrawn = await bob.change("DELETE", f"/api/me/requests/{made['id']}")
    twice = await bob.change("DELETE", f"/api/me/requests/{made['id']}")
    late = await answers(dora, made, True)
    await asks(bob)

    assert (again.status_code, withdrawn.status_code, twice.status_code, late.status_code) == (409, 200, 409, 409)
    assert withdrawn.json()["requests"][0]["state"] == "withdrawn"
    assert await acts() == [(2, "request_made"), (2, "request_withdrawn"), (2, "request_made")]


async def test_of_others_nothing_is_taken_back(cast, bob, open_browser) -> None:
    made = await asks(bob)
    alice = open_browser()
    await alice.sign_in(cast.alice)

    assert (await alice.change("DELETE", f"/api/me/requests/{made['id']}")).status_code == 404


BAD = [
    ({"kind": "correct"}, "wrong"),
    ({"kind": "correct", "wrong": "this"}, "wanted"),
    ({"kind": "erase", "wanted": "x" * 1001}, "wanted"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
async def test_words_are_needed_and_bounded(cast, bob, body, field) -> None:
    answer = await bob.change("POST", "/api/me/requests", json=body)

    assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (400, field, "request_words")


async def test_answer_needs_a_reason_and_reaches_the_person(cast, bob, dora, settings: Settings) -> None:
    made = await asks(bob, "erase")
    silent = await dora.change("POST", f"/api/requests/{made['id']}/answer", json={"accept": False, "reason": " "})
    declined = await answers(dora, made, False)

    told = (await bob.get("/api/me/rights")).json()["requests"][0]
    closed = (await dora.get("/api/requests", params={"closed": True})).json()

    assert (silent.status_code, declined.status_code) == (400, 200)
    assert (told["state"], told["answer"]) == ("declined", "Because of this")
    assert [each["state"] for each in closed["requests"]] == ["declined"]
    row = (await Mail.select())[0]
    assert (row["kind"], row["person"]) == ("answered", cast.bob.id)
    to = ToSend(row["id"], "answered", cast.bob.id, cast.bob.email, cast.bob.name, "en", 1)
    letter = await outgoing.writer(settings)(to)
    assert letter is not None
    assert f"{settings.origin}/my-data" in letter.text


async def test_accepted_erasure_needs_the_name_and_erases(cast, bob, dora) -> None:
    made = await asks(bob, "erase", wanted="I am leaving")
    slip = await answers(dora, made, True, name="Bob")
    done = await answers(dora, made, True, name="Bob Brandt")

    assert (slip.status_code, slip.json()["code"]) == (400, "erase_name")
    assert (done.status_code, done.json()["requests"]) == (200, [])
    row = (await Audit.select().where(Audit.action == "person_erased").output(load_json=True))[0]
    assert row["detail"]["request"] == made["id"]
    assert (await bob.get("/api/me")).status_code == 401


async def test_nobody_is_erased_whose_request_was_just_taken_back(cast, bob, dora, database: str) -> None:
    made = await asks(bob, "erase")
    body = {"accept": True, "reason": "As asked", "name": cast.bob.name}
    path = f"/api/requests/{made['id']}/answer"

    answer, withdrawn = await in_turn(
        database,
        "LOCK TABLE people_import IN SHARE MODE",  # which an erasure needs before anything else
        dora.change("POST", path, json=body),
        bob.change("DELETE", f"/api/me/requests/{made['id']}"),
    )

    assert (withdrawn.status_code, answer.status_code) == (200, 409)
    assert (await bob.get("/api/me/rights")).json()["requests"][0]["state"] == "withdrawn"


async def test_accepted_erasure_of_days_erases_them_and_leaves_the_rest(cast, bob, dora) -> None:
    await store(cast.device(cast.bob), [worked(NOON, NOON + timedelta(minutes=1), app="Code")], datetime.now(UTC))
    async with connection() as held:
        today = await held.fetchval("SELECT (now() AT TIME ZONE zone)::date FROM person WHERE id = $1", cast.bob.id)
    days = {"first_on": str(today - timedelta(days=1)), "last_on": str(today)}
    made = await asks(bob, "erase", **days)
    slip = await answers(dora, made, True, name="Bob")
    done = await answers(dora, made, True, name="Bob Brandt")

    assert ((made["first_on"], made["last_on"]), slip.status_code, done.status_code) == (
        (days["first_on"], days["last_on"]), 400, 200,
    )  # fmt: skip
    told = (await bob.get("/api/me/rights")).json()["requests"][0]
    assert (told["state"], told["answer"]) == ("accepted", "Because of this")
    async with connection() as held:
        assert await held.fetchval('SELECT count(*) FROM "interval" WHERE person = $1', cast.bob.id) == 0
        assert await held.fetchval("SELECT last FROM erased_days WHERE person = $1", cast.bob.id) == today
    row = (await Audit.select().where(Audit.action == "days_erased").output(load_json=True))[0]
    assert (row["actor"], row["subject"]) == (cast.dora.id, cast.bob.id)
    assert row["detail"] == {"first": days["first_on"], "last": days["last_on"], "rows": 1, "request": made["id"]}
    assert await Mail.count().where(Mail.person == cast.bob.id, Mail.kind == "answered") == 1


async def test_answer_is_put_off_once_within_two_months_and_the_person_reads_why(cast, bob, dora) -> None:
    made = await asks(bob)
    due_on = date.fromisoformat(made["due_on"])
    path = f"/api/requests/{made['id']}/extension"

    async def put_off(days: int, reason: str = "There are many") -> int:
        body = {"due_on": str(due_on + timedelta(days=days)), "reason": reason}
        return (await dora.change("POST", path, json=body)).status_code

    assert [await put_off(0), await put_off(63), await put_off(30, " ")] == [400] * 3
    assert [await put_off(30), await put_off(31)] == [200, 409]
    told = (await bob.get("/api/me/rights")).json()["requests"][0]
    assert (told["due_on"], told["extended_reason"]) == (str(due_on + timedelta(days=30)), "There are many")
    assert await Mail.count().where(Mail.person == cast.bob.id, Mail.kind == "answered") == 1
    (row,) = await Audit.select().where(Audit.action == "request_extended")
    assert (row["actor"], "many" in row["detail"], (await details([row]))[0]["why"]) == (6, False, "There are many")


async def test_answer_that_is_overdue_is_not_put_off(cast, bob, dora) -> None:
    made = await asks(bob)
    async with connection() as held:
        await held.execute("UPDATE person_request SET due_on = current_date - 2")
    body = {"due_on": made["due_on"], "reason": "Late"}

    assert (await dora.change("POST", f"/api/requests/{made['id']}/extension", json=body)).status_code == 409


@pytest.mark.parametrize(
    ("kind", "first", "last"), [("erase", 0, 1), ("erase", 0, -1), ("erase", 0, None), ("restrict", -1, 0)]
)
async def test_days_to_be_erased_are_two_in_order_and_over(cast, bob, kind, first, last) -> None:
    async with connection() as held:
        today = await held.fetchval("SELECT (now() AT TIME ZONE zone)::date FROM person WHERE id = $1", cast.bob.id)
    days = {
        name: str(today + timedelta(days=offset))
        for name, offset in (("first_on", first), ("last_on", last))
        if offset is not None
    }

    answer = await bob.change("POST", "/api/me/requests", json={"kind": kind, **days})

    assert (answer.status_code, answer.json()["code"]) == (400, "request_days")


async def test_days_of_who_is_under_a_hold_stay_and_the_try_is_noted(cast, bob, dora) -> None:
    await dora.change("PUT", f"/api/people/{cast.bob.id}/hold", json={"reason": "A trial"})
    made = await asks(bob, "erase", first_on="2026-05-04", last_on="2026-05-05")

    refused = await answers(dora, made, True, name=cast.bob.name)

    assert refused.status_code == 409
    assert (await bob.get("/api/me/rights")).json()["requests"][0]["state"] == "open"
    assert await acts() == [(6, "hold_set"), (2, "request_made"), (6, "erasure_held")]


async def test_restricted_person_is_seen_by_nobody_but_them(cast, bob, dora, open_browser) -> None:
    await store(
        cast.device(cast.bob), [worked(NOON, NOON + timedelta(minutes=1), app="Code")], NOON + timedelta(minutes=5)
    )
    alice = open_browser()
    await alice.sign_in(cast.alice)
    before = (await alice.get(f"/api/people/{cast.bob.id}/now")).status_code
    await answers(dora, await asks(bob), True)

    panel = await alice.get(f"/api/people/{cast.bob.id}/now")
    denied_before = await Audit.count().where(Audit.action == "denied")
    hours = (await alice.change("POST", "/api/hours", json={"people": [cast.bob.id, cast.bea.id]})).json()["hours"]

    assert (before, panel.status_code) == (200, 404)
    assert set(hours) == {str(cast.bea.id)}
    assert await Audit.count().where(Audit.action == "denied") == denied_before, "a wall asks, and nobody is at fault"
    assert (await bob.get(f"/api/people/{cast.bob.id}/now")).status_code == 200
    own = (await bob.change("POST", "/api/hours", json={"people": [cast.bob.id]})).json()["hours"]
    assert set(own[str(cast.bob.id)]) > {OFFLINE}
    assert (await bob.get("/api/me/rights")).json()["restricted_at"]
    assert [each["person"] for each in (await dora.get("/api/requests")).json()["restricted"]] == [cast.bob.id]
    subject = await load_subject(cast.bob.id)
    assert subject is not None
    assert subject.restricted


async def test_restriction_is_lifted_and_the_person_told(cast, bob, dora) -> None:
    await answers(dora, await asks(bob), True)
    path = f"/api/people/{cast.bob.id}/restriction/lift"

    lifted = [await dora.change("POST", path, json={"reason": "It is settled"}) for _ in range(2)]

    assert [answer.status_code for answer in lifted] == [204, 204]
    told = (await bob.get("/api/me/rights")).json()
    assert told["restricted_at"] is None
    assert "It is settled" in told["requests"][0]["answer"]
    assert (await acts())[-2:] == [(6, "person_restricted"), (6, "restriction_lifted")]


async def test_wall_shows_that_they_are_restricted_and_nothing_of_theirs(cast, settings: Settings) -> None:
    async with (
        running(settings) as hub,
        connected(hub, cast.device(cast.bob)) as agent,
        viewing(hub, await signed_in(hub, cast.alice, cast.password)) as viewer,
    ):
        await agent.presence(app="Code")
        await viewer.subscribe([cast.payments])
        await viewer.until(lambda seen: (tile := seen.tile(cast.bob.id)) and tile.facts and tile.facts.app)

        await Person.update({Person.restricted_at: datetime.now(UTC)}).where(Person.id == cast.bob.id)
        await viewer.until(lambda seen: seen.tile(cast.bob.id).restricted)
        tile = viewer.tile(cast.bob.id)
        assert (tile.facts, tile.at, tile.today, tile.link) == (None, None, None, "offline")

        await Person.update({Person.restricted_at: None}).where(Person.id == cast.bob.id)
        await viewer.until(lambda seen: seen.tile(cast.bob.id).facts)
    assert not any(member.restricted for member in (await homes.directory()).members)


async def test_hold_keeps_from_erasure_until_it_is_lifted_and_its_person_reads_why(cast, bob, dora) -> None:
    path = f"/api/people/{cast.bob.id}/hold"
    set_once = await dora.change("PUT", path, json={"reason": "A trial"})
    twice = await dora.change("PUT", path, json={"reason": "A trial"})
    shown = (await bob.get("/api/me/rights")).json()["held"]
    refused = await answers(dora, await asks(bob, "erase"), True, name=cast.bob.name)
    still = (await bob.get("/api/me/rights")).json()["requests"][0]["state"]
    lifted = await dora.change("POST", f"{path}/lift", json={"reason": "It is over"})
    again = await dora.change("POST", f"{path}/lift", json={"reason": "It is over"})
    erased = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json={"name": cast.bob.name})

    assert [answer.status_code for answer in (set_once, twice, refused, lifted, again, erased)] == [
        204, 409, 409, 204, 404, 200,
    ]  # fmt: skip
    assert (shown["reason"], still) == ("A trial", "open")
    assert await acts() == [
        (6, "hold_set"), (2, "request_made"), (6, "erasure_held"), (6, "hold_lifted"), (6, "person_erased"),
    ]  # fmt: skip


async def test_admin_answers_no_request_of_their_own_and_lifts_nothing_from_themselves(
    cast, dora, open_browser
) -> None:
    alma = open_browser()
    await alma.sign_in(cast.alma)
    own = f"/api/people/{cast.dora.id}"
    made = await asks(dora)
    itself = await answers(dora, made, True)
    by_another = await answers(alma, made, True)
    lifted = await dora.change("POST", f"{own}/restriction/lift", json={"reason": "It is so"})
    held = await dora.change("PUT", f"{own}/hold", json={"reason": "It is so"})
    await alma.change("PUT", f"{own}/hold", json={"reason": "It is so"})
    released = await dora.change("POST", f"{own}/hold/lift", json={"reason": "It is so"})

    assert [answer.status_code for answer in (itself, by_another, lifted, held, released)] == [404, 200, 404, 404, 404]
    told = (await dora.get("/api/me/rights")).json()
    assert told["restricted_at"]
    assert told["held"]
    assert await Audit.count().where(Audit.action == "denied", Audit.actor == cast.dora.id) == 4


async def test_dangerous_answers_ask_for_a_fresh_proof(cast, bob, dora) -> None:
    made = await asks(bob, "erase")
    async with connection() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() - interval '1 hour'")

    for method, path, body in [
        ("POST", f"/api/requests/{made['id']}/answer", {"accept": True, "reason": "x", "name": cast.bob.name}),
        ("PUT", f"/api/people/{cast.bob.id}/hold", {"reason": "x"}),
        ("POST", f"/api/people/{cast.bob.id}/hold/lift", {"reason": "x"}),
        ("POST", f"/api/people/{cast.bob.id}/restriction/lift", {"reason": "x"}),
        ("POST", f"/api/people/{cast.bob.id}/erasure", {"name": cast.bob.name}),
    ]:
        assert (await dora.change(method, path, json=body)).json()["code"] == "fresh_proof", path
