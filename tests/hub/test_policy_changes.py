"""Policies changed by an admin: what follows for whom, who acknowledges, who signs, and what no agent gets past the hub."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from hub import people, policies
from hub.database import connection
from hub.policies import changes, worlds
from hub.policies.settings import UNAVAILABLE, Ceiling, CollectingHours, PolicySettings
from hub.rollups.united import Flag
from hub.settings import Settings
from hub.tables import Audit
from hub.wire.activity import Facts
from hub.wire.agent import Ack, PolicyUpdate, Rejected
from hub.wire.events import Event
from hub.wire.policy import DEFAULT, collects

from .conftest import Browser, Cast
from .live import Agent, Running, connected, minute, running
from .stored import store, worked

OPEN = Ceiling(app=True, title=True, input_counts=True)
OFF, ON = PolicySettings(app=False), PolicySettings(title=True, input_counts=True)


async def raise_ceiling(cast: Cast, ceiling: Ceiling = OPEN) -> None:
    version = (await worlds.world()).ceiling_version
    await changes.set_ceiling(version, ceiling, "Asked for", cast.dora.id)
    async with connection() as held:
        number = await held.fetchval("SELECT id FROM policy_change WHERE state = 'proposed'")
    await changes.decide(number, "signed", cast.remy.id)


async def mine(browser: Browser) -> Any:
    return (await browser.get("/api/me/policy")).json()


async def rows(device: int) -> list[Any]:
    async with connection() as held:
        return list(await held.fetch('SELECT * FROM "interval" WHERE device = $1 ORDER BY seq', device))


async def acts() -> list[str]:
    return [row["action"] for row in await Audit.select(Audit.action).order_by(Audit.id)]


async def test_narrower_policy_of_a_team_holds_at_once_for_all_under_it(cast: Cast, database: str) -> None:
    await changes.change("team", cast.payments, 0, OFF, "Less is enough", cast.dora.id)

    assert [policies.of(person.id).app for person in (cast.alice, cast.bob, cast.bea)] == [False] * 3
    assert policies.of(cast.charlie.id) == DEFAULT
    rows = await Audit.select().where(Audit.action == "policy_changed").output(load_json=True)
    assert rows[0]["actor"] == cast.dora.id
    assert rows[0]["team"] == cast.payments
    assert rows[0]["detail"] == {
        "scope": "team",
        "change": 1,
        "people": 3,
        "widens": 0,
        "changed": {"app": {"old": None, "new": False}},
    }


async def test_nearer_place_decides_and_going_back_is_the_version_of_before(cast: Cast, database: str) -> None:
    await changes.change("organisation", None, 0, OFF, "Less", cast.dora.id)
    await changes.change("person", cast.bob.id, 0, PolicySettings(idle_limit_s=600), "Reads much", cast.dora.id)
    narrow = policies.of(cast.bob.id)
    await changes.change("person", cast.bob.id, 1, PolicySettings(), "No more", cast.dora.id)

    assert (narrow.app, narrow.idle_limit_s) == (False, 600)
    assert policies.of(cast.bob.id).version == policies.of(cast.alice.id).version == 2
    assert policies.by_version(narrow.version) == narrow


async def test_second_of_two_admins_is_told_and_nothing_is_lost(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    asked = {"scope": "organisation", "version": 0, "reason": "Because"}
    answers = await asyncio.gather(
        *(
            browser.change("PUT", "/api/policies", json=asked | {"policy": {"idle_limit_s": limit}})
            for limit in (120, 240, 600)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    kept = next(place for place, answer in enumerate(answers) if answer.status_code == 200)
    page = (await browser.get("/api/policies")).json()
    assert page["organisation"]["settings"] == {"idle_limit_s": (120, 240, 600)[kept]}
    assert page["organisation"]["version"] == 1
    assert (await acts()).count("policy_changed") == 1


async def test_wider_policy_counts_for_each_person_from_their_own_acknowledgement(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    await raise_ceiling(cast)
    await changes.change("team", cast.payments, 0, ON, "An audit asks for it", cast.dora.id)
    bob, alice = open_browser(), open_browser()
    await bob.sign_in(cast.bob)
    await alice.sign_in(cast.alice)

    waiting = (await mine(bob))["waiting"]
    assert (waiting["widens"], waiting["reason"]) == (["title", "input_counts"], "An audit asks for it")
    assert not (await mine(bob))["policy"]["title"]
    path = "/api/me/policy/acknowledgement"
    for _ in range(2):
        assert (await bob.change("POST", path, json={"number": waiting["number"]})).status_code == 204
    assert (await alice.change("POST", path, json={"number": waiting["number"]})).status_code == 404
    assert (await alice.change("POST", path, json={"number": 999})).status_code == 404

    assert policies.of(cast.bob.id).title
    assert [policies.of(person.id).title for person in (cast.alice, cast.bea)] == [False, False]
    told = await mine(bob)
    assert (told["waiting"], told["policy"]["title"]) == (None, True)
    assert told["history"][0]["reason"] == "An audit asks for it"
    assert told["history"][0]["acknowledged_at"]
    assert (await acts()).count("policy_acknowledged") == 1


async def test_acknowledgement_of_an_earlier_policy_changes_nothing(cast: Cast, database: str) -> None:
    await raise_ceiling(cast)
    await changes.change("organisation", None, 0, PolicySettings(title=True), "One", cast.dora.id)
    number = await latest(cast.bob.id)
    await changes.change("organisation", None, 1, ON, "Two", cast.dora.id)

    with pytest.raises(Exception, match="has changed since"):
        await changes.acknowledge(cast.bob.id, number)
    assert not policies.of(cast.bob.id).title
    await changes.acknowledge(cast.bob.id, await latest(cast.bob.id))
    assert policies.of(cast.bob.id).title


async def test_hours_by_the_clock_of_another_zone_wait_for_who_is_put_into_it(cast: Cast, database: str) -> None:
    """Whoever sets somebody's zone would else have them recorded at other times than they know of."""
    hours = CollectingHours([0, 1, 2, 3, 4], 9 * 60, 17 * 60)
    await changes.change("organisation", None, 0, PolicySettings(hours=hours), "Hours", cast.dora.id)
    before = policies.of(cast.bob.id)
    evening = datetime(2026, 11, 25, 18, tzinfo=UTC)

    async with connection() as held:
        await held.execute("UPDATE person SET zone = 'America/Los_Angeles' WHERE id = $1", cast.bob.id)
    await changes.reconcile()
    await policies.refresh()
    waiting = policies.of(cast.bob.id)
    async with connection() as held:
        number = await held.fetchval("SELECT max(id) FROM person_policy WHERE person = $1", cast.bob.id)
    await changes.acknowledge(cast.bob.id, number)

    assert (before.zone, waiting.zone, waiting.hours) == ("Europe/Oslo", "America/Los_Angeles", ())
    assert [collects(policy, evening) for policy in (before, waiting, policies.of(cast.bob.id))] == [False, False, True]


async def test_narrowed_and_widened_again_it_is_to_be_acknowledged_again(cast: Cast, database: str) -> None:
    await raise_ceiling(cast)
    await changes.change("organisation", None, 0, ON, "On", cast.dora.id)
    first = await latest(cast.bob.id)
    await changes.acknowledge(cast.bob.id, first)
    await changes.change("organisation", None, 1, PolicySettings(), "Off", cast.dora.id)
    await changes.change("organisation", None, 2, ON, "On again", cast.dora.id)

    with pytest.raises(Exception, match="has changed since"):
        await changes.acknowledge(cast.bob.id, first)
    assert not policies.of(cast.bob.id).title


async def latest(person: int) -> int:
    async with connection() as held:
        return int(await held.fetchval("SELECT max(id) FROM person_policy WHERE person = $1", person))


async def test_nobody_needs_to_acknowledge_who_never_had_a_device(cast: Cast, database: str) -> None:
    await raise_ceiling(cast)
    await changes.change("organisation", None, 0, ON, "On", cast.dora.id)

    assert policies.of(cast.audrey.id).title
    assert not policies.of(cast.bob.id).title


async def test_move_into_a_stricter_team_holds_at_once_and_into_a_wider_one_once_acknowledged(
    cast: Cast, database: str
) -> None:
    await changes.change("team", cast.support, 0, OFF, "Less", cast.dora.id)
    assert not await changes.reconcile()
    await people.move(cast.bob.id, cast.support)
    await people.move(cast.charlie.id, cast.payments)

    assert await changes.reconcile()
    await policies.refresh()
    assert [policies.of(person.id).app for person in (cast.bob, cast.charlie)] == [False, False]
    await changes.acknowledge(cast.charlie.id, await latest(cast.charlie.id))
    assert policies.of(cast.charlie.id).app


async def test_who_is_new_is_not_collected_from_until_their_policy_is_known(cast: Cast, database: str) -> None:
    await changes.change("organisation", None, 0, OFF, "Less", cast.dora.id)
    new = await people.add_person("nora@halden.example", "Nora", team=cast.payments)

    assert policies.of(new).version == 0
    await changes.reconcile()
    await policies.refresh()
    assert policies.of(new).version == 2


# --- the ceiling


async def test_ceiling_is_raised_by_two_and_lowered_by_one(cast: Cast, open_browser: Callable[..., Browser]) -> None:
    dora, alma, remy = open_browser(), open_browser(), open_browser()
    for browser, person in ((dora, cast.dora), (alma, cast.alma), (remy, cast.remy)):
        await browser.sign_in(person)
    wider = {
        "ceiling": {"app": True, "site": False, "title": True, "input_counts": False},
        "version": 0,
        "reason": "Why",
    }
    title = {"scope": "organisation", "version": 0, "reason": "Why", "policy": {"title": True}}

    assert (await dora.change("PUT", "/api/policies/ceiling", json=wider)).json() == {"in_force": False}
    assert (await alma.change("PUT", "/api/policies/ceiling", json=wider)).status_code == 409
    refused = await dora.change("PUT", "/api/policies", json=title)
    assert (refused.status_code, refused.json()["code"]) == (400, "above_ceiling")
    number = (await remy.get("/api/policies")).json()["proposal"]["id"]
    assert (await remy.get("/api/me")).json()["ceiling_waits"] is True
    assert "ceiling_waits" not in (await alma.get("/api/me")).json()
    sign = f"/api/policies/ceiling/{number}/signature"
    assert (await alma.change("POST", sign, json={"sign": True})).status_code == 404
    assert (await remy.change("POST", sign, json={"sign": True})).status_code == 204
    assert (await remy.change("POST", sign, json={"sign": True})).status_code == 409
    assert "ceiling_waits" not in (await remy.get("/api/me")).json()
    assert (await dora.change("PUT", "/api/policies", json=title)).status_code == 200

    lower = wider | {"ceiling": {"app": True}, "version": 1}
    assert (await alma.change("PUT", "/api/policies/ceiling", json=lower)).json() == {"in_force": True}
    page = (await alma.get("/api/policies")).json()
    assert (page["organisation"]["effective"]["title"], page["organisation"]["effective"]["sources"]["title"]) == (
        False,
        {"scope": "ceiling", "team": None},
    )
    assert [act for act in await acts() if act.startswith("ceiling")] == [
        "ceiling_proposed",
        "ceiling_signed",
        "ceiling_lowered",
    ]


async def test_nobody_signs_what_they_proposed_and_a_refused_proposal_is_over(cast: Cast, database: str) -> None:
    await people.grant(cast.dora.id, "representative")
    await changes.set_ceiling(0, OPEN, "Why", cast.dora.id)

    with pytest.raises(Exception, match="can't be the second"):
        await changes.decide(1, "signed", cast.dora.id)
    await changes.decide(1, "refused", cast.remy.id)
    with pytest.raises(Exception, match="decided already"):
        await changes.decide(1, "signed", cast.remy.id)
    assert (await worlds.world()).ceiling == Ceiling()


# --- what pages are told


async def test_difference_names_people_and_devices_and_tells_no_figure_of_fewer_than_five(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    path = "/api/policies/preview"
    team = await browser.change("POST", path, json={"scope": "team", "place": cast.payments, "policy": {"app": False}})
    everybody = await browser.change("POST", path, json={"scope": "organisation", "policy": {"app": False}})

    nothing = {
        "widens": [], "asked": 0, "without_app_min": None, "idle_min": None, "outside_percent": None, "without_titles": None,
        "without_counts": None, "untold": ["app"], "removes": [],
    }  # fmt: skip
    assert team.json() == {"people": 3, "devices": 3} | nothing
    assert everybody.json() | {"people": 0} == {"people": 0, "devices": 6} | nothing
    assert (await worlds.world()).organisation.version == 0


async def test_figures_are_of_five_people_who_were_there_and_may_be_shown_and_rough(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    """Who asks of four strangers to themselves and one person, or of a group with and without one, learns nothing of that one."""
    browser = open_browser()
    await browser.sign_in(cast.dora)
    asked = {"scope": "organisation", "policy": {"app": False}}

    async def told() -> float | None:
        figure: float | None = (await browser.change("POST", "/api/policies/preview", json=asked)).json()[
            "without_app_min"
        ]
        return figure

    async def worked(person: int, minutes: int) -> None:
        async with connection() as held:
            await held.execute(
                "INSERT INTO rollup_day (person, day, state, app, duration_us, keys, clicks, scrolls) "
                "VALUES ($1, (now() AT TIME ZONE 'UTC')::date - 1, 'active', 'Editor', $2, 0, 0, 0)",
                person,
                minutes * 60_000_000,
            )

    for person in (cast.alice, cast.bob, cast.bea, cast.charlie):
        await worked(person.id, 411)
    assert await told() is None
    await worked(cast.maxim.id, 37)
    assert await told() == 1700  # 1,681
    await worked(cast.rita.id, 3)
    assert await told() == 1700
    async with connection() as held:
        await held.execute(
            "UPDATE person SET restricted_at = now() WHERE id = ANY($1::int[])", [cast.rita.id, cast.maxim.id]
        )
    assert await told() is None


async def test_hours_titles_and_counts_are_told_of_last_week_of_five_people_of_whom_they_are(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    """Each worked from 10 to 12 by UTC, with a title and 50 keys; two of them also at 3 in the morning."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    everybody = [cast.alice, cast.bob, cast.bea, cast.charlie, cast.maxim]

    async def worked_at(person: int, hour: int) -> None:
        quarters = [day + timedelta(hours=hour, minutes=15 * each) for each in range(8)]
        async with connection() as held:
            await held.execute(
                "INSERT INTO rollup_quarter (person, quarter_at, state, app, duration_us, keys, clicks, scrolls) "
                "SELECT $1, quarter, 'active', 'Editor', 900000000, 0, 0, 0 FROM unnest($2::timestamptz[]) AS quarter",
                person,
                quarters,
            )

    async with connection() as held:
        await held.execute(
            "INSERT INTO rollup_day (person, day, state, app, duration_us, keys, clicks, scrolls) "
            "SELECT person, $2, 'active', 'Editor', 7200000000, 50, 0, 0 FROM unnest($1::int[]) AS person",
            [person.id for person in everybody],
            day.date(),
        )
    for person in everybody:
        await worked_at(person.id, 10)
    for person in everybody[:2]:
        await worked_at(person.id, 3)
    for device in cast.devices[:5]:
        await store(
            device, [worked(day + timedelta(hours=10), day + timedelta(hours=10, minutes=1), title="Plan")], day
        )
    async with connection() as held:
        await held.execute("DELETE FROM dirty")
        await held.execute("UPDATE person SET zone = 'UTC'")
    every_day = list(range(7))

    async def told(scope: str = "organisation", place: int | None = None, **policy: Any) -> dict[str, Any]:
        asked = {"scope": scope, "place": place, "policy": policy}
        answer = (await browser.change("POST", "/api/policies/preview", json=asked)).json()
        return {name: answer[name] for name in ("outside_percent", "without_titles", "without_counts", "untold")}

    await changes.set_ceiling(0, Ceiling(title=True, input_counts=True), "All", cast.dora.id)
    await changes.decide(1, "signed", cast.remy.id)
    await changes.change("organisation", None, 0, PolicySettings(title=True, input_counts=True), "All", cast.dora.id)
    browser = open_browser()
    await browser.sign_in(cast.dora)
    nothing = {"outside_percent": None, "without_titles": None, "without_counts": None, "untold": []}

    assert await told(title=True, input_counts=True) == nothing
    of_days = {"days": every_day, "until_min": 24 * 60, "from_min": 11 * 60}
    kept = {"title": True, "input_counts": True}
    # 5 of the 14 hours lie before 11, and the 4 of the two at night.
    assert await told(**kept, hours=of_days) == nothing | {"outside_percent": 65}
    assert await told(**kept, hours=of_days | {"from_min": 0, "until_min": 12 * 60}) == nothing | {"outside_percent": 0}
    # Only the two are outside: of fewer than five nothing is told.
    night = await told(**kept, hours=of_days | {"from_min": 6 * 60})
    assert night == nothing | {"untold": ["hours"]}
    assert await told(input_counts=True) == nothing | {"without_titles": 5}
    assert await told(title=True) == nothing | {"without_counts": 250}
    async with connection() as held:
        await held.execute('UPDATE "interval" SET title = NULL WHERE person = $1', cast.bob.id)
    assert await told() == nothing | {"without_counts": 250, "untold": ["title"]}
    async with connection() as held:
        await held.execute("INSERT INTO dirty (person, quarter_at) VALUES ($1, $2)", cast.bob.id, day)
    assert await told(**kept, hours=of_days) == nothing | {"untold": ["hours"]}
    assert (await told("team", cast.payments, title=True, input_counts=False))["untold"] == ["input_counts"]


async def test_difference_names_what_a_shorter_period_removes(cast: Cast, open_browser: Callable[..., Browser]) -> None:
    now = datetime.now(UTC).replace(minute=5, second=0, microsecond=0)
    for device in cast.devices:
        for days in (60, 40, 20):
            start = now - timedelta(days=days)
            await store(device, [worked(start, start + timedelta(minutes=1), app="Editor")], now)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    async def removes(scope: str, place: int | None, **periods: int) -> Any:
        asked = {"scope": scope, "place": place, "policy": periods}
        return (await browser.change("POST", "/api/policies/preview", json=asked)).json()["removes"]

    oldest = str((now - timedelta(days=60)).date())
    goes = {"people": len(cast.people), "since": oldest, "records": 12}
    assert await removes("organisation", None, activity_days=30) == [{"period": "activity_days", "days": 30} | goes]
    assert await removes("organisation", None, app_days=30, title_days=50, sum_days=800) == [
        {"period": "title_days", "days": 50, "people": len(cast.people), "since": None, "records": 0},
        {"period": "app_days", "days": 30} | goes,
    ]
    # Of fewer than five no figure is told.
    assert await removes("team", cast.payments, app_days=30) == [
        {"period": "app_days", "days": 30, "people": 3, "since": None, "records": None}
    ]
    assert await removes("organisation", None, activity_days=100) == [
        {"period": "activity_days", "days": 100, "people": len(cast.people), "since": None, "records": None}
    ]
    # Nor where more were there, and the only titles are those of one.
    async with connection() as held:
        await held.execute("UPDATE \"interval\" SET title = 'Doctor' WHERE person = $1", cast.bob.id)
    assert await removes("organisation", None, title_days=50) == [
        {"period": "title_days", "days": 50, "people": len(cast.people), "since": None, "records": None}
    ]


async def test_periods_that_contradict_each_other_are_refused_and_longer_ones_of_above_are_cut(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    wrong: list[tuple[dict[str, int], str, str]] = [
        ({"title_days": 0}, "title_days", "days_least"),
        ({"app_days": 366}, "app_days", "days_most"),
        ({"activity_days": 6}, "activity_days", "days_least"),
        ({"sum_days": 1827}, "sum_days", "days_most"),
        ({"title_days": 31, "activity_days": 30}, "title_days", "within_activity"),
        ({"count_days": 31, "sum_days": 30, "activity_days": 20}, "count_days", "within_activity"),
        ({"activity_days": 31, "sum_days": 30}, "activity_days", "within_sums"),
    ]
    for periods, field, code in wrong:
        asked = {"scope": "organisation", "policy": periods, "version": 0, "reason": "Because"}
        answer = await browser.change("PUT", "/api/policies", json=asked)
        assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (400, field, code)

    await changes.change("organisation", None, 0, PolicySettings(title_days=90), "Less", cast.dora.id)
    await changes.change("team", cast.payments, 0, PolicySettings(sum_days=30), "Less", cast.dora.id)
    policy = policies.of(cast.bob.id)
    assert {policy.title_days, policy.app_days, policy.activity_days, policy.sum_days} == {30}
    assert (policies.of(cast.charlie.id).title_days, policies.of(cast.charlie.id).activity_days) == (90, 365)
    page = (await browser.get("/api/policies")).json()
    team = next(each for each in page["teams"] if each["id"] == cast.payments)
    assert team["effective"]["sources"]["title_days"] == {"scope": "team", "team": cast.payments}


async def test_a_kind_that_no_agent_captures_can_not_be_switched_on(
    cast: Cast, open_browser: Callable[..., Browser]
) -> None:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    asked = {"scope": "organisation", "version": 0, "reason": "Why"}
    refused = [
        await browser.change("PUT", "/api/policies", json=asked | {"policy": {kind: True}}) for kind in UNAVAILABLE
    ]
    raised = {"ceiling": {"site": True}, "version": 0, "reason": "Why"}
    ceiling = await browser.change("PUT", "/api/policies/ceiling", json=raised)

    assert [answer.status_code for answer in (*refused, ceiling)] == [400] * 4
    assert [(answer.json()["field"], answer.json()["code"]) for answer in (refused[0], ceiling)] == [
        ("site", "kind_unavailable")
    ] * 2
    assert (await browser.get("/api/policies")).json()["unavailable"] == [*UNAVAILABLE]


# --- agents


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def update(agent: Agent) -> PolicyUpdate:
    while not isinstance(frame := await agent.receive_any(), PolicyUpdate):
        pass
    return frame


async def test_connected_agents_are_told_and_the_wall_shows_no_more_than_that_permits(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as bob, connected(hub, cast.device(cast.charlie)) as charlie:
        await bob.presence(app="Editor")
        await bob.batch(1, [minute(2)])
        await bob.receive(Ack)
        await changes.change("team", cast.payments, 0, OFF, "Less", cast.dora.id)

        assert not (await update(bob)).policy.app
        record = hub.hub.publisher.latest(cast.device(cast.bob).id)
        assert record is not None
        assert record.facts.app is None
        await charlie.batch(1, [minute(2)])
        await charlie.receive(Ack)  # and no policy before it


async def test_agent_that_goes_on_sending_what_is_forbidden_now_is_stripped(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    await changes.change("organisation", None, 0, OFF, "Less", cast.dora.id)
    async with connected(hub, device) as agent:
        await agent.batch(1, [minute(3), minute(2, policy=2), minute(1, policy=99)])
        await agent.receive(Ack)

    assert [row["app"] for row in await rows(device.id)] == [None] * 3


async def test_what_an_unacknowledged_policy_would_add_is_stripped_also_when_it_arrives_later(
    hub: Running, cast: Cast
) -> None:
    device = cast.device(cast.bob)
    await raise_ceiling(cast)
    await changes.change("organisation", None, 0, ON, "On", cast.dora.id)
    async with connection() as held:
        wide = await held.fetchval("SELECT wanted FROM person_policy ORDER BY id DESC LIMIT 1")
    early = minute(2, policy=wide, facts=Facts(app="Mail", title="To the doctor"), keys=9)
    async with connected(hub, device) as agent:
        await agent.batch(1, [early])
        await agent.receive(Ack)
        await changes.acknowledge(cast.bob.id, await latest(cast.bob.id))
        assert (await update(agent)).policy.title
        await agent.batch(2, [early, minute(-1, policy=wide, facts=Facts(app="Mail", title="Plan"), keys=9)])
        await agent.receive(Ack)

    assert [(row["app"], row["title"], row["keys"]) for row in await rows(device.id)] == [
        ("Mail", None, 0),
        ("Mail", None, 0),
        ("Mail", "Plan", 9),
    ]


async def test_what_comes_later_than_it_is_kept_is_stripped_or_set_aside_and_accounted_for(
    hub: Running, cast: Cast
) -> None:
    device = cast.device(cast.bob)
    await raise_ceiling(cast)
    periods = {"title_days": 30, "count_days": 32, "app_days": 34, "activity_days": 36}
    await changes.change(
        "organisation", None, 0, PolicySettings(title=True, input_counts=True, **periods), "On", cast.dora.id
    )
    await changes.acknowledge(cast.bob.id, await latest(cast.bob.id))
    async with connection() as held:  # long enough ago for what is told to have been permitted
        await held.execute(
            "UPDATE person_policy SET since_at = since_at - interval '90 days', acknowledged_at = acknowledged_at - interval '90 days'"
        )
    await policies.load()
    wide = policies.of(cast.bob.id).version
    told = Facts(app="Mail", title="To the doctor", last_input_at=minute(60 * 24 * 60).started_at)
    async with connected(hub, device) as agent:
        late = [minute(days * 24 * 60 + 1, policy=wide, facts=told, keys=9) for days in (36, 34, 32, 30, 29)]
        await agent.batch(1, late)
        rejected = await agent.receive(Rejected)
        assert (rejected.seq, rejected.reason) == (1, "outside_horizon")
        assert (await agent.receive(Ack)).seq == len(late)

    assert [(row["seq"], row["app"], row["title"], row["keys"]) for row in await rows(device.id)] == [
        (2, None, None, 0),
        (3, "Mail", None, 0),
        (4, "Mail", None, 9),
        (5, "Mail", "To the doctor", 9),
    ]
    async with connection() as held:
        kept = await held.fetchval("SELECT event FROM quarantine")
    assert msgspec.msgpack.decode(kept, type=Event) == msgspec.structs.replace(late[0], facts=Facts(), keys=0)


async def test_outside_the_hours_nothing_is_kept_and_nobody_is_shown(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    never = PolicySettings(hours=CollectingHours([other_day()], 0, 15))
    async with connected(hub, device) as agent:
        await agent.presence(app="Editor")
        await changes.change("person", cast.bob.id, 0, never, "Hours", cast.dora.id)
        assert (await update(agent)).policy.hours
        await agent.presence(2, app="Editor")
        await agent.batch(1, [minute(2, keys=3)])
        await agent.receive(Ack)
        record = hub.hub.publisher.latest(device.id)

    assert record is not None
    assert (record.connected, record.facts) == (False, Facts())
    assert [(row["app"], row["flags"] & Flag.PRIVATE > 0) for row in await rows(device.id)] == [(None, True)]


def other_day() -> int:
    return (datetime.now(UTC).weekday() + 3) % 7


async def test_change_by_another_process_is_followed_while_redis_is_away(
    cast: Cast, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_here() -> None:
        """Another process has other memory: what is changed there is read here from the database only."""

    monkeypatch.setattr(changes, "policies", SimpleNamespace(refresh=not_here))
    away = msgspec.structs.replace(settings, feed_url="redis://127.0.0.1:1/0")
    async with running(away) as hub, connected(hub, cast.device(cast.bob)) as agent:
        await changes.change("organisation", None, 0, OFF, "Less", cast.dora.id)
        assert policies.of(cast.bob.id).app

        assert not (await update(agent)).policy.app
