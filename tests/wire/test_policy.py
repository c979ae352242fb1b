"""What a policy lets through: less in doubt, never an event fewer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.wire.activity import IDLE_LIMIT_MIN_S, Facts
from hub.wire.events import Event, Gap, Interval, digest
from hub.wire.policy import (
    DAY_MIN,
    DEFAULT,
    NOTHING,
    STARTED_MAX,
    TEXT_MAX,
    WEEK_MIN,
    Hours,
    Policy,
    Started,
    clean,
    collected,
    collects,
    joined,
    permit,
    permit_facts,
    start_at,
    stricter,
    widened,
)

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
EVERYTHING = Policy(version=9, app=True, site=True, title=True, input_counts=True)
WORDS = [
    field.name
    for field in msgspec.structs.fields(Policy)
    if field.type is bool and not field.default and field.name != "look_reason"
]
"""What may be collected."""
COUNTS = ("keys", "clicks", "scrolls")

quarter_hours = st.integers(0, WEEK_MIN // 15).map(lambda quarter: quarter * 15)
hours = st.none() | st.lists(
    st.tuples(quarter_hours, quarter_hours).filter(lambda pair: pair[0] < pair[1]), max_size=3
).map(joined)
texts = st.none() | st.text(st.characters(), max_size=600) | st.sampled_from(["a" * 1000, "\x00", "\ud800", "  a  b  "])
policies = st.builds(
    Policy,
    version=st.integers(0, 9),
    idle_limit_s=st.sampled_from([0, 60, 300]),
    app=st.booleans(),
    site=st.booleans(),
    title=st.booleans(),
    input_counts=st.booleans(),
    hours=hours,
    zone=st.just("Europe/Oslo"),
    private_time=st.booleans(),
    look_reason=st.booleans(),
)
facts = st.builds(
    Facts,
    app=texts,
    site=texts,
    title=texts,
    last_input_at=st.none() | st.just(AT),
    call=st.booleans(),
    media=st.booleans(),
    presenting=st.booleans(),
    locked=st.booleans(),
    on_break=st.booleans(),
    private=st.booleans(),
)
intervals = st.builds(
    Interval,
    started_at=st.just(AT),
    ended_at=st.just(AT + timedelta(minutes=1)),
    wall_at=st.just(AT),
    zone_min=st.just(60),
    policy=st.integers(0, 9),
    hub_clock=st.booleans(),
    facts=facts,
    first_input_at=st.none() | st.just(AT),
    keys=st.integers(0, 100),
    clicks=st.integers(0, 100),
    scrolls=st.integers(0, 100),
)
gaps = st.builds(
    Gap, started_at=st.just(AT), ended_at=st.just(AT), wall_at=st.just(AT), zone_min=st.just(0), policy=st.just(3)
)
events = intervals | gaps


def test_narrowest_policy_keeps_state_and_nothing_else() -> None:
    permitted = permit(_full(), NOTHING)

    assert permitted == Interval(
        started_at=AT,
        ended_at=AT + timedelta(minutes=1),
        wall_at=AT,
        zone_min=60,
        policy=9,
        facts=Facts(last_input_at=AT, call=True, media=True, presenting=True, locked=True, on_break=True),
        first_input_at=AT,
    )


def test_default_policy_adds_the_app_and_nothing_else() -> None:
    assert [word for word in WORDS if getattr(DEFAULT, word)] == ["app"]
    permitted = permit(_full(), DEFAULT)

    assert permitted == msgspec.structs.replace(
        permit(_full(), NOTHING), facts=msgspec.structs.replace(permit(_full(), NOTHING).facts, app="Editor")
    )


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_a_policy_lets_its_own_fields_through_and_no_others(word: str) -> None:
    bare, with_word = permit(_full(), NOTHING), permit(_full(), Policy(version=9, **{word: True}))

    changed = _changed(bare, with_word)
    assert changed == (set(COUNTS) if word == "input_counts" else {word})


def test_a_policy_of_the_future_permits_no_more_for_words_that_we_do_not_know() -> None:
    newer = msgspec.json.decode(b'{"version": 12, "screenshots": true, "title_of_documents": true}', type=Policy)

    assert permit(_full(), newer) == permit(_full(), NOTHING)


def test_every_field_of_facts_is_either_known_to_permit_or_stripped() -> None:
    """Whoever adds a fact decides here whether it needs a word in the policy."""
    state = {"last_input_at", "call", "media", "presenting", "locked", "on_break", "private"}

    assert set(Facts.__struct_fields__) == state | {"app", "site", "title"}
    assert set(TEXT_MAX) == {"app", "site", "title"}


@given(intervals, policies)
def test_private_time_keeps_nothing_but_that_it_is_private(event: Interval, policy: Policy) -> None:
    private = msgspec.structs.replace(event, facts=msgspec.structs.replace(event.facts, private=True))

    permitted = permit(private, policy)

    assert permitted.facts == Facts(private=True)
    assert (permitted.first_input_at, permitted.keys, permitted.clicks, permitted.scrolls) == (None, 0, 0, 0)


@given(events, policies)
def test_permit_never_touches_what_makes_an_event_countable(event: Event, policy: Policy) -> None:
    permitted = permit(event, policy)

    assert type(permitted) is type(event)
    for name in ("started_at", "ended_at", "wall_at", "zone_min", "policy", "hub_clock"):
        assert getattr(permitted, name) == getattr(event, name)
    assert digest(1, permitted) == digest(1, event)


@given(events, policies)
def test_permit_twice_is_permit_once(event: Event, policy: Policy) -> None:
    assert permit(permit(event, policy), policy) == permit(event, policy)


@given(events, policies, policies)
def test_one_policy_after_another_keeps_no_more_than_either(event: Event, one: Policy, other: Policy) -> None:
    both = permit(permit(event, one), other)

    assert both == permit(permit(event, other), one) == permit(event, stricter(one, other))
    for policy in (one, other):
        assert _kept(both) <= _kept(permit(event, policy))


@given(policies, policies)
def test_stricter_permits_field_by_field_what_both_permit(one: Policy, other: Policy) -> None:
    result = stricter(one, other)

    for word in WORDS:
        assert getattr(result, word) == (getattr(one, word) and getattr(other, word)), word
    assert result.version == one.version
    assert result.idle_limit_s == max(one.idle_limit_s, IDLE_LIMIT_MIN_S)


def test_stricter_knows_every_word() -> None:
    """A word that `stricter` forgot would be false in its answer, whatever the policies say: closed, but useless."""
    assert set(WORDS) == {"app", "site", "title", "input_counts"}
    assert stricter(EVERYTHING, EVERYTHING) == EVERYTHING
    assert stricter(EVERYTHING, Policy(version=8, look_reason=True)).look_reason


@given(policies, policies, policies)
def test_what_is_not_wider_permits_no_more_whatever_happens(old: Policy, new: Policy, other: Policy) -> None:
    late = msgspec.structs.replace(_full(), started_at=AT + timedelta(hours=9), ended_at=AT + timedelta(hours=10))

    if not widened(old, new):
        for event in (_full(), late):
            assert _kept(permit(event, new)) <= _kept(permit(event, old))
    assert not widened(old, stricter(old, other))
    assert not widened(old, old)


def test_each_field_that_collects_more_widens_and_the_idle_limit_does_not() -> None:
    office = Policy(version=1, app=True, hours=((540, 1020),), zone="Europe/Oslo")

    assert widened(DEFAULT, Policy(version=2, app=True, title=True, site=True)) == ["site", "title"]
    assert widened(office, DEFAULT) == ["hours"]
    assert widened(office, msgspec.structs.replace(office, hours=((540, 1080),))) == ["hours"]
    assert widened(office, msgspec.structs.replace(office, hours=((600, 700), (700, 1020)), idle_limit_s=60)) == []
    assert widened(DEFAULT, office) == []
    assert widened(Policy(version=1, hours=()), Policy(version=2)) == ["hours"]
    assert widened(DEFAULT, Policy(version=2, private_time=False)) == ["private_time"]


NINE_TO_FIVE = tuple((day * DAY_MIN + 540, day * DAY_MIN + 1020) for day in range(5))


ZONES = [
    "Europe/Oslo",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Nowhere/At_All",
]


@pytest.mark.parametrize(
    ("zone", "wider", "within"),
    [
        ("Europe/Berlin", [], ((540, 1020),)),
        ("Europe/London", ["hours"], ((540, 960),)),
        ("America/New_York", ["hours"], ((540, 660),)),  # 6 hours apart, and 5 for some weeks
        ("Asia/Tokyo", ["hours"], ()),
        ("Nowhere/At_All", ["hours"], ()),
    ],
)
def test_same_hours_by_another_clock_are_others(zone: str, wider: list[str], within: Hours) -> None:
    oslo = Policy(version=1, hours=((540, 1020),), zone="Europe/Oslo")
    other = msgspec.structs.replace(oslo, version=2, zone=zone)

    held = stricter(other, oslo)

    assert widened(oslo, other) == wider
    assert (held.hours, held.zone) == (within, zone)
    assert widened(oslo, held) == []


@given(hours, hours, st.sampled_from(ZONES), st.sampled_from(ZONES), st.integers(0, 365 * DAY_MIN))
def test_what_is_collected_by_both_of_two_clocks_is_by_each(
    one: Hours | None, other: Hours | None, zone: str, another: str, after_min: int
) -> None:
    old, new = Policy(version=1, hours=one, zone=zone), Policy(version=2, hours=other, zone=another)
    at = AT + timedelta(minutes=after_min)

    if collects(stricter(new, old), at):
        assert collects(old, at)
        assert collects(new, at)
    if not widened(old, new) and collects(new, at):
        assert collects(old, at)


def test_hours_are_by_the_clock_of_their_zone_also_where_it_is_changed() -> None:
    office = Policy(version=1, hours=NINE_TO_FIVE, zone="Europe/Oslo")
    friday, monday = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)  # summer time begins between

    assert [collects(office, friday + timedelta(hours=hour)) for hour in (7, 8, 15, 16)] == [False, True, True, False]
    assert [collects(office, monday + timedelta(hours=hour)) for hour in (6, 7, 14, 15)] == [False, True, True, False]
    assert not collects(office, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert collected(office, friday, monday + timedelta(hours=8)) == [
        (friday + timedelta(hours=8), friday + timedelta(hours=16)),
        (monday + timedelta(hours=7), monday + timedelta(hours=8)),
    ]


def test_hours_of_a_zone_that_nobody_knows_collect_nothing() -> None:
    assert not collects(Policy(version=1, hours=((0, WEEK_MIN),), zone="Nowhere/At_All"), AT)


OFFICE = Policy(version=9, app=True, title=True, hours=NINE_TO_FIVE, zone="UTC")
SIX = AT.replace(hour=18, minute=7, second=13)


def _evening(start_s: float, end_s: float, input_s: float | None = None) -> Interval:
    last = SIX + timedelta(seconds=input_s) if input_s is not None else None
    facts = msgspec.structs.replace(_full().facts, last_input_at=last)
    started_at, ended_at = SIX + timedelta(seconds=start_s), SIX + timedelta(seconds=end_s)
    return msgspec.structs.replace(_full(), started_at=started_at, ended_at=ended_at, facts=facts)


def test_work_that_is_started_lasts_until_the_hours_begin_and_no_longer_than_may_be() -> None:
    oslo = Policy(version=1, hours=((6 * DAY_MIN + 360, WEEK_MIN),), zone="Europe/Oslo")  # on Sundays from six
    night = datetime(2026, 3, 28, 23, 30, 5, tzinfo=UTC)  # half past midnight, and at two it is three

    assert start_at(OFFICE, SIX) == Started(since_at=SIX, until_at=SIX + STARTED_MAX)
    assert start_at(OFFICE, at := AT.replace(hour=6, minute=1)) == Started(
        since_at=at, until_at=AT.replace(hour=9, minute=0)
    )
    assert start_at(oslo, night) == Started(since_at=night, until_at=datetime(2026, 3, 29, 4, tzinfo=UTC))
    assert start_at(oslo, night + timedelta(days=7)).until_at == datetime(2026, 4, 5, 4, tzinfo=UTC)
    assert start_at(OFFICE, AT.replace(hour=9)) is None
    assert start_at(Policy(version=1), SIX) is None
    assert start_at(Policy(version=1, hours=NINE_TO_FIVE, zone="Nowhere/At_All"), SIX) is None


@pytest.mark.parametrize(
    ("start_s", "end_s", "kept"),
    [
        (0, 60, True), (540, 600, True), (0, 600, True), (60, 60, True),
        (-1, 59, False), (-0.001, 1, False), (599, 600.001, False), (600, 660, False), (600, 600, False), (-60, 0, False),
        (-60, 700, False),
    ],
)  # fmt: skip
def test_what_lies_wholly_within_a_start_is_kept_and_of_the_rest_nothing(
    start_s: float, end_s: float, kept: bool
) -> None:
    starts = (Started(since_at=SIX, until_at=SIX + timedelta(minutes=10)),)
    event = _evening(start_s, end_s)

    permitted = permit(event, OFFICE, starts)

    assert permitted.facts == (
        permit(event, Policy(version=9, app=True, title=True)).facts if kept else Facts(private=True)
    )
    assert permit(permitted, OFFICE, starts) == permitted
    assert permit(event, OFFICE).facts == Facts(private=True)
    unknown = msgspec.structs.replace(OFFICE, zone="Nowhere/At_All")
    assert permit(event, unknown, starts).facts == Facts(private=True)


def test_a_start_lets_no_more_through_than_the_hours_and_no_input_from_before_it() -> None:
    starts = (Started(since_at=SIX, until_at=SIX + timedelta(minutes=10)),)
    bare = Policy(version=2, hours=NINE_TO_FIVE, zone="UTC")

    assert permit(_evening(0, 60, 5), bare, starts).facts == permit(_evening(0, 60, 5), Policy(version=2)).facts
    assert permit(_evening(0, 60, 5), OFFICE, starts).facts.last_input_at == SIX + timedelta(seconds=5)
    assert permit(_evening(0, 60, -5), OFFICE, starts).facts.last_input_at is None
    before = msgspec.structs.replace(_evening(0, 60, 5), first_input_at=SIX - timedelta(seconds=1))
    assert permit(before, OFFICE, starts).first_input_at is None
    begun = SIX.replace(minute=0, second=0) - timedelta(hours=1)  # where the hours end
    over = msgspec.structs.replace(
        _full(), started_at=begun - timedelta(minutes=1), ended_at=begun + timedelta(minutes=1)
    )
    assert permit(over, OFFICE, (Started(since_at=begun, until_at=begun + timedelta(hours=1)),)).facts.title == "Plan"
    assert collected(OFFICE, begun - timedelta(minutes=1), SIX + timedelta(hours=1), starts) == [
        (begun - timedelta(minutes=1), begun),
        (SIX, SIX + timedelta(minutes=10)),
    ]


def test_outside_the_hours_an_event_keeps_what_private_time_keeps() -> None:
    office = Policy(version=9, app=True, title=True, input_counts=True, hours=NINE_TO_FIVE, zone="UTC")
    evening = msgspec.structs.replace(_full(), started_at=AT.replace(hour=20), ended_at=AT.replace(hour=20, minute=1))
    into_it = msgspec.structs.replace(
        _full(), started_at=AT.replace(hour=16, minute=59), ended_at=AT.replace(hour=17, minute=1)
    )
    endless = msgspec.structs.replace(_full(), ended_at=AT.replace(year=2900))

    assert permit(_full(), office).facts.title == "Plan"
    for event in (evening, into_it, endless):
        kept = permit(event, office)
        assert isinstance(kept, Interval)
        assert (kept.facts, kept.first_input_at, kept.keys) == (Facts(private=True), None, 0)
        assert digest(1, kept) == digest(1, event)


@given(texts, st.integers(1, 40))
@example("ab cd", 3)  # cut behind a space
@example("a\N{SOFT HYPHEN}b", 1)
def test_clean_text_can_be_stored_and_is_clean_already(text: str | None, limit: int) -> None:
    cleaned = clean(text, limit)

    if cleaned is None:
        return
    assert 0 < len(cleaned) <= limit
    cleaned.encode()
    assert "\x00" not in cleaned
    assert cleaned == cleaned.strip()
    assert all(mark.isprintable() or mark in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}" for mark in cleaned)
    assert msgspec.json.decode(msgspec.json.encode(cleaned)) == cleaned
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(cleaned)) == cleaned
    assert clean(cleaned, limit) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (None, None),
        ("", None),
        (" \t\r\n ", None),
        ("\x00", None),
        ("a\x00b", "a b"),
        ("a\x1b[31mb", "a [31mb"),
        ("a \t\n b", "a b"),
        ("\ud83d half an emoji", "\N{REPLACEMENT CHARACTER} half an emoji"),
        ("Page - Microsoft\N{ZERO WIDTH SPACE} Edge", "Page - Microsoft Edge"),
        ("re\N{SOFT HYPHEN}port", "report"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "gpj.exe"),
        ("👩\N{ZERO WIDTH JOINER}🚀 Rocket", "👩\N{ZERO WIDTH JOINER}🚀 Rocket"),
        ("a\N{NO-BREAK SPACE}b\N{IDEOGRAPHIC SPACE}c", "a b c"),
        ("Ünïcode — 日本語 📋", "Ünïcode — 日本語 📋"),
        ("x" * 50, "x" * 30),
        ("\N{ZERO WIDTH JOINER}\N{HANGUL FILLER}\u0301", None),
    ],
)
def test_clean(text: str | None, cleaned: str | None) -> None:
    assert clean(text, 30) == cleaned


def test_texts_are_cut_to_their_limits() -> None:
    long = Facts(app="a" * 9999, site="s" * 9999, title="t" * 9999)

    kept = permit_facts(long, EVERYTHING)

    assert {name: len(getattr(kept, name)) for name in TEXT_MAX} == TEXT_MAX


def _full() -> Interval:
    return Interval(
        started_at=AT,
        ended_at=AT + timedelta(minutes=1),
        wall_at=AT,
        zone_min=60,
        policy=9,
        facts=Facts(
            app="Editor",
            site="wiki.example.org",
            title="Plan",
            last_input_at=AT,
            call=True,
            media=True,
            presenting=True,
            locked=True,
            on_break=True,
        ),
        first_input_at=AT,
        keys=3,
        clicks=2,
        scrolls=1,
    )


def _changed(one: Any, other: Any) -> set[str]:
    """Names of the fields in which two intervals or their facts differ."""
    pairs = [(one, other, [name for name in Interval.__struct_fields__ if name != "facts"])]
    pairs += [(one.facts, other.facts, list(Facts.__struct_fields__))]
    return {name for a, b, names in pairs for name in names if getattr(a, name) != getattr(b, name)}


def _kept(event: Event) -> set[tuple[str, object]]:
    """What an event tells, as pairs of field and value; that nothing is told of it is nothing told."""
    if isinstance(event, Gap):
        return set()
    told = {(name, getattr(event.facts, name)) for name in Facts.__struct_fields__ if name != "private"}
    told |= {(name, getattr(event, name)) for name in (*COUNTS, "first_input_at")}
    return {(name, value) for name, value in told if value not in (None, False, 0)}
