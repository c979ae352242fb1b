"""Everybody reads who looked at them: at their panel, and at the walls of the teams that they were in at the time."""

import time
from datetime import UTC, datetime, timedelta

from hub import audit
from hub.database import connection
from hub.looks import looks_at
from hub.tables import Audit, Membership

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def wall(viewer, team: int, at: datetime) -> None:
    await Audit.insert(Audit(action="look_wall", actor=viewer.id, team=team, at=at))


async def opened(viewer, person, at: datetime) -> None:
    await Audit.insert(Audit(action="look_person", actor=viewer.id, subject=person.id, at=at))


async def test_looks_at_oneself_are_told_newest_first(cast, open_browser):
    await wall(cast.alice, cast.payments, BEGIN)
    await opened(cast.alice, cast.bob, BEGIN + HOUR)
    await opened(cast.alma, cast.bob, BEGIN + 2 * HOUR)
    browser = open_browser()
    await browser.sign_in(cast.bob)

    told = (await browser.get("/api/me/looks")).json()

    assert [(each["kind"], each["by"]["name"], each["team"]) for each in told["looks"]] == [
        ("person", "Alma Rossi", None),
        ("person", "Alice Okafor", None),
        ("wall", "Alice Okafor", {"id": cast.payments, "name": "Payments"}),
    ]
    assert told["looks"][2]["at"] == "2026-05-01T00:00:00Z"
    assert told["more"] is False


async def test_whole_cast_reads_their_own_looks_and_nobody_elses(cast, open_browser):
    for person in cast.people[:9]:
        await opened(cast.gone, person, BEGIN)
    told = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        told[person.id] = [each["id"] for each in (await browser.get("/api/me/looks")).json()["looks"]]

    rows = await Audit.select(Audit.id, Audit.subject).where(Audit.action == "look_person")
    assert told == {row["subject"]: [row["id"]] for row in rows}
    assert (await open_browser().get("/api/me/looks")).status_code == 401


async def test_wall_concerns_those_who_were_in_the_team_at_the_time(cast, database):
    for at in (cast.moved - HOUR, cast.moved, cast.moved + HOUR):
        await wall(cast.alice, cast.payments, at)
        await wall(cast.maxim, cast.support, at)

    seen = [(each.by.id, each.at) for each in (await looks_at(cast.rita.id, None, 50)).looks]

    # Rita went from Payments to Support at that time.
    assert seen == [(5, cast.moved + HOUR), (5, cast.moved), (1, cast.moved - HOUR)]


async def test_wall_that_is_open_concerns_also_who_comes_within_its_hour(cast, database):
    """Its row is written when the hour begins, and stands for all of it."""
    half = BEGIN + HOUR / 2
    await wall(cast.alice, cast.payments, BEGIN - HOUR)
    await wall(cast.alice, cast.payments, BEGIN + HOUR / 4)
    await wall(cast.alice, cast.payments, BEGIN + 2 * HOUR)
    for since_at, until_at in (
        (half, half + timedelta(minutes=1)),
        (half + timedelta(minutes=2), half + timedelta(minutes=3)),
    ):
        await Membership.insert(
            Membership(person=cast.dora.id, team=cast.payments, since_at=since_at, until_at=until_at)
        )

    assert [each.at for each in (await looks_at(cast.dora.id, None, 50)).looks] == [BEGIN + HOUR / 4]


async def test_ones_own_looks_are_not_looks_at_oneself(cast, database):
    await wall(cast.alice, cast.payments, BEGIN)
    await opened(cast.alice, cast.alice, BEGIN)

    assert (await looks_at(cast.alice.id, None, 50)).looks == []
    assert len((await looks_at(cast.bob.id, None, 50)).looks) == 1


async def test_only_looks_are_told(cast, database):
    await audit.record("denied", cast.charlie.id, cast.bob.id, wanted="see_activity")
    await audit.record("person_moved", cast.dora.id, cast.bob.id, cast.payments)

    assert (await looks_at(cast.bob.id, None, 50)).looks == []


async def test_pages_hold_every_look_once_also_those_of_the_same_time(cast, open_browser):
    for hour in range(6):
        for _ in range(2):
            await opened(cast.alice, cast.bob, BEGIN + hour * HOUR)
            await wall(cast.alma, cast.payments, BEGIN + hour * HOUR)
    browser = open_browser()
    await browser.sign_in(cast.bob)

    seen: list[int] = []
    more, before = True, {}
    while more:
        page = (await browser.get("/api/me/looks", params={"limit": 5, **before})).json()
        seen += [each["id"] for each in page["looks"]]
        more, before = page["more"], {"before": seen[-1]}

    looks = Audit.action.like("look%")
    everything = (
        await Audit.select(Audit.id).where(looks).order_by(Audit.at, Audit.id, ascending=False).output(as_list=True)
    )
    assert seen == everything
    assert len(seen) == 24


async def test_wrong_pages_are_refused_or_empty(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    await opened(cast.alice, cast.bob, BEGIN)

    for wrong in ({"limit": 0}, {"limit": 201}, {"before": 0}, {"before": 2**63}, {"before": "x"}):
        assert (await browser.get("/api/me/looks", params=wrong)).status_code == 400
    assert (await browser.get("/api/me/looks", params={"before": 2**63 - 1})).json() == {"looks": [], "more": False}


async def test_looks_of_years_are_read_a_page_at_a_time(cast, database, record_property):
    async with connection() as held:
        await held.execute(
            "INSERT INTO audit (at, action, actor, team, subject, detail) "
            "SELECT now() - n * interval '1 minute', CASE WHEN n % 2 = 0 THEN 'look_wall' ELSE 'look_person' END, 1, "
            "CASE WHEN n % 2 = 0 THEN 1 + n / 2 % 4 END, CASE WHEN n % 2 = 1 THEN 1 + n / 2 % 9 END, '{}' FROM generate_series(1, 50000) n"
        )
        await held.execute("ANALYZE audit")
    await Membership.insert(
        *(
            Membership(
                person=cast.bob.id, team=cast.support, since_at=BEGIN - n * HOUR, until_at=BEGIN - n * HOUR + HOUR
            )
            for n in range(20)
        )
    )

    began = time.perf_counter()
    page = await looks_at(cast.bob.id, None, 50)
    rest = await looks_at(cast.bob.id, page.looks[-1].id, 50)

    assert (len(page.looks), page.more, len(rest.looks)) == (50, True, 50)
    assert max(each.at for each in rest.looks) <= min(each.at for each in page.looks)
    record_property("figure", f"looks among 50,000, 50 a page: {(time.perf_counter() - began) / 2 * 1000:.1f} ms")
