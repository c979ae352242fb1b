"""Which policy counts for whom and when: what held at the time, what a number means, and nothing for what is unknown."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import policies
from hub.errors import Invalid
from hub.policies import Row, Standing
from hub.policies.settings import (
    FIELDS,
    KINDS,
    Ceiling,
    CollectingHours,
    Place,
    PolicySettings,
    Source,
    above,
    held_until_acknowledged,
    normal,
    raised,
    resolve,
    week,
)
from hub.tables import PolicyVersion
from hub.wire.policy import DEFAULT, NOTHING, Policy, stricter, widened

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
HIGH = Ceiling(app=True, site=True, title=True, input_counts=True)
OFFICE = CollectingHours([0, 1, 2, 3, 4], 540, 1020)

settings = st.builds(
    PolicySettings,
    **dict.fromkeys((*KINDS, "private_time", "look_reason"), st.none() | st.booleans()),
    idle_limit_s=st.none() | st.sampled_from([60, 300, 600]),
    hours=st.none() | st.just(OFFICE),
)
ceilings = st.builds(Ceiling, **dict.fromkeys(KINDS, st.booleans()))


def places(*given: PolicySettings) -> list[Place]:
    sources = [Source("organisation"), Source("team", 1), Source("team", 2), Source("person")]
    return [Place(source, each) for source, each in zip(sources, given, strict=False)]


async def test_default_is_version_1_and_stored_once(database):
    await policies.load()
    await policies.load()

    rows = await PolicyVersion.select().output(load_json=True)
    assert [row["version"] for row in rows] == [1]
    assert rows[0]["policy"] == msgspec.to_builtins(DEFAULT)
    assert policies.of(1) == DEFAULT == Policy(version=1, app=True)


def test_unknown_version_permits_nothing():
    assert policies.by_version(99) == NOTHING
    assert not any(
        getattr(stricter(policies.of(1), policies.by_version(99)), field) for field in ("app", "site", "title")
    )


def test_what_nobody_sets_is_state_and_app():
    resolved = resolve([], Ceiling(), "Europe/Oslo")

    assert resolved.policy == msgspec.structs.replace(DEFAULT, version=0)
    assert set(resolved.sources.values()) == {Source("default")}


@given(st.lists(settings, max_size=4), ceilings)
def test_nearest_place_that_sets_a_field_decides_it_up_to_the_ceiling(given: list[PolicySettings], ceiling: Ceiling):
    resolved = resolve(places(*given), ceiling, "UTC")

    for field in FIELDS:
        setting = [
            (place.source, value) for place in places(*given) if (value := getattr(place.settings, field)) is not None
        ]
        source, value = setting[-1] if setting else (Source("default"), getattr(DEFAULT, field))
        if field in KINDS and value and not getattr(ceiling, field):
            source, value = Source("ceiling"), False
        assert resolved.sources[field] == source
        assert (resolved.hours if field == "hours" else getattr(resolved.policy, field)) == value


@given(st.lists(settings, max_size=4), ceilings)
def test_no_setting_gets_past_the_ceiling(given: list[PolicySettings], ceiling: Ceiling):
    policy = resolve(places(*given), ceiling, "UTC").policy

    assert not any(getattr(policy, kind) and not getattr(ceiling, kind) for kind in KINDS)


@given(settings, settings)
def test_until_it_is_acknowledged_nothing_is_collected_that_was_not_before(one: PolicySettings, other: PolicySettings):
    old, new = (resolve(places(each), HIGH, "UTC").policy for each in (one, other))

    held = held_until_acknowledged(old, new)

    assert widened(old, held) == []
    assert widened(new, held) == []
    assert (held == new) == (widened(old, new) == [])
    assert held.idle_limit_s == new.idle_limit_s


def test_hours_at_any_time_undo_those_of_the_organisation():
    always = CollectingHours([0, 1, 2, 3, 4, 5, 6], 0, 1440)
    resolved = resolve(places(PolicySettings(hours=OFFICE), PolicySettings(hours=always)), HIGH, "Europe/Oslo")

    assert (resolved.policy.hours, resolved.policy.zone, resolved.hours) == (None, "", None)
    assert resolved.sources["hours"] == Source("team", 1)


def test_a_night_shift_goes_on_into_the_next_day_and_the_next_week():
    assert week(CollectingHours([0], 1320, 360)) == ((1320, 1800),)
    assert week(CollectingHours([6], 1320, 360)) == ((0, 360), (9960, 10080))
    assert week(CollectingHours([0, 1], 0, 1440)) == ((0, 2880),)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (PolicySettings(title=True), "title"),
        (PolicySettings(idle_limit_s=59), "idle_limit_s"),
        (PolicySettings(idle_limit_s=7201), "idle_limit_s"),
        (PolicySettings(hours=CollectingHours([], 540, 1020)), "hours"),
        (PolicySettings(hours=CollectingHours([1], 540, 540)), "hours"),
        (PolicySettings(hours=CollectingHours([1], 541, 1020)), "hours"),
    ],
)
def test_settings_that_break_a_rule_name_their_field(wrong: PolicySettings, field: str):
    with pytest.raises(Invalid) as refused:
        normal(wrong, Ceiling())

    assert refused.value.field == field


@pytest.mark.parametrize("unknown", ["state", "calls", "screenshots"])
def test_no_policy_switches_state_off_or_on_what_no_agent_can_capture(unknown: str):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({unknown: False}), type=PolicySettings)


def test_teams_are_asked_from_the_root_down_and_a_circle_ends():
    assert above(3, {1: None, 2: 1, 3: 2}) == [1, 2, 3]
    assert above(1, {1: 2, 2: 1}) == [2, 1]
    assert above(None, {}) == []


def test_ceiling_is_raised_by_what_it_did_not_allow():
    assert raised(Ceiling(), HIGH) == ["site", "title", "input_counts"]
    assert raised(HIGH, Ceiling(app=False)) == []


def standing(*rows: tuple[int, int, int, int | None, int | None]) -> Standing:
    """Of rows of wanted, held, hour, change, and the hour of the acknowledgement."""
    known = {1: DEFAULT, 2: Policy(version=2, app=True, title=True), 3: Policy(version=3)}

    def at(hour: int | None) -> datetime | None:
        return None if hour is None else AT + timedelta(hours=hour)

    return Standing(
        [
            Row(number, row[0], row[1], AT + timedelta(hours=row[2]), row[3], at(row[4]))
            for number, row in enumerate(rows)
        ],
        known,
    )


def test_wider_policy_counts_from_its_acknowledgement():
    of = standing((2, 1, 1, 7, 3))

    def version(hour: float) -> int:
        return of.over(AT + timedelta(hours=hour), AT + timedelta(hours=hour, minutes=1)).version

    assert [version(hour) for hour in (0, 1.5, 2.5, 3.5)] == [1, 1, 1, 2]
    assert of.now.version == 2
    assert not of.over(AT + timedelta(hours=2.99), AT + timedelta(hours=3.5)).title


def test_what_held_at_the_time_is_the_strictest_of_it():
    of = standing((2, 1, 1, 7, 1), (3, 3, 2, 8, None), (2, 3, 4, 9, 5))

    narrow = of.over(AT + timedelta(hours=1.5), AT + timedelta(hours=6))
    assert (narrow.app, narrow.title, of.now.title) == (False, False, True)
    assert of.over(AT + timedelta(hours=1.5), AT + timedelta(hours=1.6)).title
    assert not of.over(AT + timedelta(hours=4.5), AT + timedelta(hours=4.6)).app


def test_who_is_new_had_their_policy_ever_since():
    assert standing((3, 3, 1, None, None)).over(AT, AT).version == 3
    assert standing((3, 3, 1, 7, None)).over(AT, AT).version == 1
