"""Simulated days are believable: how much of them is work, and what they never do."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents.days import Traits, around_the_clock, office_hours, plans_of, traits_of
from agents.desk import Desk
from agents.moments import Moment, moments_of
from hub.wire.activity import Stretch, judge, quarter_of
from hub.wire.events import Event, Gap, Interval
from hub.wire.policy import DEFAULT

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
WEEKS = 2
FROM_MS = int(MONDAY.timestamp() * 1000)
UNTIL_MS = FROM_MS + WEEKS * 7 * 86_400_000
PEOPLE = [traits_of(f"person-{number}@simulated.invalid", seed=7) for number in range(24)]


def moments(traits: Traits) -> Iterator[Moment]:
    return moments_of(traits, office_hours(traits, FROM_MS, UNTIL_MS), FROM_MS, UNTIL_MS)


def events_of(traits: Traits) -> list[Event]:
    return Desk(moments(traits), DEFAULT, FROM_MS).end(UNTIL_MS)


@pytest.fixture(scope="module")
def fortnight() -> dict[str, list[Event]]:
    """Two weeks of everybody."""
    return {traits.person: events_of(traits) for traits in PEOPLE}


def intervals(events: list[Event]) -> list[Interval]:
    return [event for event in events if isinstance(event, Interval)]


def hours_by_state(events: list[Event]) -> Counter[str]:
    stretches = [
        Stretch(
            started_at=event.started_at, ended_at=event.ended_at, facts=event.facts, first_input_at=event.first_input_at
        )
        for event in intervals(events)
    ]
    hours: Counter[str] = Counter()
    for span in judge(stretches, lambda _: DEFAULT.idle_limit_s, MONDAY):
        hours[span.state] += (span.ended_at - span.started_at).total_seconds() / 3600  # type: ignore[assignment]
    return hours


def test_states_have_believable_shares(fortnight: dict[str, list[Event]]) -> None:
    hours: Counter[str] = Counter()
    for events in fortnight.values():
        hours += hours_by_state(events)
    whole = sum(hours.values())

    assert 0.60 < hours["active"] / whole < 0.85
    assert 0.03 < hours["passive"] / whole < 0.20
    assert 0.03 < hours["idle"] / whole < 0.20
    assert 0.05 < (hours["locked"] + hours["break"]) / whole < 0.20
    assert 0 < hours["private"] / whole < 0.01


def test_a_working_day_is_about_eight_hours_at_the_machine(fortnight: dict[str, list[Event]]) -> None:
    hours = sum(sum(hours_by_state(events).values()) for events in fortnight.values())

    assert 6.5 < hours / len(PEOPLE) / (WEEKS * 5) < 9


def test_a_working_day_makes_some_hundreds_of_events(fortnight: dict[str, list[Event]]) -> None:
    days = len(PEOPLE) * WEEKS * 5

    assert 300 < sum(map(len, fortnight.values())) / days < 900


def test_people_use_the_applications_of_their_jobs_and_change_between_them() -> None:
    engineer = next(traits for traits in PEOPLE if traits.job == "engineer")

    seconds: Counter[str | None] = Counter()
    for event in intervals(events_of(engineer)):
        seconds[event.facts.app] += int((event.ended_at - event.started_at).total_seconds())

    assert seconds.most_common(1)[0][0] == "VS Code"
    assert {"VS Code", "Terminal", "Chrome", "Slack"} < seconds.keys()


def test_weekends_are_mostly_off(fortnight: dict[str, list[Event]]) -> None:
    days = {
        (traits.person, local.date())
        for traits in PEOPLE
        for event in intervals(fortnight[traits.person])
        if (local := event.started_at.astimezone(ZoneInfo(traits.zone))).weekday() >= 5
    }

    assert len(days) < 0.1 * len(PEOPLE) * WEEKS * 2


def test_days_begin_in_the_morning_and_differ() -> None:
    begins = []
    for traits in PEOPLE:
        for day in range(5):
            if plans := plans_of(traits, date(2026, 11, 2) + timedelta(days=day)):
                local = datetime.fromtimestamp(plans[0].start_ms / 1000, ZoneInfo(traits.zone))
                begins.append(local.hour * 60 + local.minute)

    assert min(begins) >= 5 * 60
    assert max(begins) <= 12 * 60 + 30
    assert len(set(begins)) > 40


def test_some_machines_sleep_at_night_and_others_are_off(fortnight: dict[str, list[Event]]) -> None:
    slept = {
        traits.closes_lid: sum(
            (event.ended_at - event.started_at).total_seconds() / 3600
            for event in fortnight[traits.person]
            if isinstance(event, Gap)
        )
        for traits in PEOPLE
    }

    assert slept[True] > 100
    assert slept[False] < 10


def test_the_same_seed_gives_the_same_days_and_another_gives_others() -> None:
    mine, again, other = (traits_of("ann@simulated.invalid", seed) for seed in (1, 1, 2))

    assert list(moments(mine)) == list(moments(again))
    assert list(moments(mine)) != list(moments(other))


def test_a_day_does_not_depend_on_when_one_begins_to_look() -> None:
    traits = PEOPLE[0]
    thursday_ms = FROM_MS + 3 * 86_400_000

    later = list(office_hours(traits, thursday_ms, UNTIL_MS))

    assert later == [plan for plan in office_hours(traits, FROM_MS, UNTIL_MS) if plan.end_ms > thursday_ms]


@pytest.mark.parametrize("traits", PEOPLE[:8], ids=lambda traits: traits.job)
def test_blocks_follow_one_another_without_holes(traits: Traits) -> None:
    for plan in office_hours(traits, FROM_MS, UNTIL_MS):
        assert all(block.start_ms < block.end_ms for block in plan.blocks)
        assert all(one.end_ms == next_one.start_ms for one, next_one in zip(plan.blocks, plan.blocks[1:], strict=False))


@pytest.mark.parametrize("traits", PEOPLE[:8], ids=lambda traits: traits.job)
def test_around_the_clock_there_is_never_a_long_emptiness(traits: Traits) -> None:
    night_ms = FROM_MS - 3 * 3_600_000
    shifts = around_the_clock(traits, night_ms)

    at_ms = night_ms
    while at_ms < night_ms + 14 * 86_400_000:
        plan = next(shifts)
        assert at_ms - 24 * 3_600_000 < plan.start_ms <= at_ms + 130 * 60_000
        assert plan.end_ms > at_ms
        at_ms = plan.end_ms


@pytest.mark.parametrize("traits", PEOPLE[:8], ids=lambda traits: traits.job)
def test_whoever_is_in_the_midst_of_a_day_goes_on_with_it(traits: Traits) -> None:
    regular = [plan for plan in office_hours(traits, FROM_MS, UNTIL_MS) if plan.start_ms > FROM_MS]

    for plan in regular:
        assert next(around_the_clock(traits, (plan.start_ms + plan.end_ms) // 2)) == plan


@pytest.mark.parametrize("traits", PEOPLE[:8], ids=lambda traits: traits.job)
def test_events_obey_invariant_11(traits: Traits, fortnight: dict[str, list[Event]]) -> None:
    events = fortnight[traits.person]

    before = MONDAY
    for event in events:
        assert event.started_at >= before
        assert event.ended_at > event.started_at
        before = event.ended_at
        if isinstance(event, Gap):
            continue
        assert event.ended_at <= quarter_of(event.started_at) + timedelta(minutes=15)
        if event.first_input_at is not None:
            assert event.ended_at - event.started_at <= timedelta(seconds=60)
            assert event.facts.last_input_at is not None
            assert event.started_at <= event.first_input_at <= event.facts.last_input_at <= event.ended_at


def test_zone_offsets_are_those_of_the_zone(fortnight: dict[str, list[Event]]) -> None:
    for traits in PEOPLE:
        for event in intervals(fortnight[traits.person])[::50]:
            offset = event.started_at.astimezone(ZoneInfo(traits.zone)).utcoffset()
            assert offset is not None
            assert event.zone_min == offset.total_seconds() / 60
