"""What nobody known tries is written down, once an hour for each reason, network and person, and never holds up an answer."""

from hub.auth import strangers
from hub.auth.strangers import Strangers
from hub.tables import Audit


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_each_reason_network_and_person_has_one_row_an_hour(cast, database):
    clock = Clock()
    noted = Strangers(clock)
    for _ in range(2):
        await noted.note("foreign_origin", "192.0.2.1", cast.bob.id)
        await noted.note("foreign_origin", "2001:db8::1")
        await noted.note("foreign_origin", "2001:db8::2")  # of the same /64
        await noted.note("forged_address", "192.0.2.1")
    clock.now_s = strangers.NOTED_EVERY_S
    await noted.note("forged_address", "192.0.2.1")

    rows = await Audit.select().order_by(Audit.id).output(load_json=True)
    assert [(row["action"], row["actor"], row["subject"], row["detail"]["reason"]) for row in rows] == [
        ("request_refused", None, cast.bob.id, "foreign_origin"),
        ("request_refused", None, None, "foreign_origin"),
        ("request_refused", None, None, "forged_address"),
        ("request_refused", None, None, "forged_address"),
    ]


async def test_audit_can_not_be_filled_from_many_networks(cast, database, monkeypatch):
    monkeypatch.setattr(strangers, "NOTED_MAX", 3)
    noted = Strangers()
    for number in range(5):
        await noted.note("foreign_origin", f"192.0.2.{number}")

    assert await Audit.count() == 3


async def test_change_from_another_sites_page_is_noted_with_whose_session_came_along(cast, open_browser):
    bob = open_browser()
    await bob.sign_in(cast.bob)
    answer = await bob.post("/api/views", json={}, headers={**await bob.csrf(), "origin": "https://evil.example"})

    rows = await Audit.select().where(Audit.action == "request_refused").output(load_json=True)
    assert answer.status_code == 403
    assert [(row["subject"], row["detail"]) for row in rows] == [(cast.bob.id, {"reason": "foreign_origin"})]


async def test_auditor_is_shown_it(cast, open_browser):
    audrey, bob = open_browser(), open_browser()
    bob.cookies.set("daylight", "ab" * 32)
    await bob.sign_in(cast.bob)
    await audrey.sign_in(cast.audrey)

    told = (await audrey.get("/api/security/refusals")).json()["refusals"]

    assert [(row["what"], row["reason"], row["about"]["id"]) for row in told] == [
        ("request_refused", "unknown_session", cast.bob.id)
    ]
