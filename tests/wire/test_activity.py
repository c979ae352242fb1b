"""What facts mean: the table of cases, which the browser's twin passes too, and the laws that hold for any timeline."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hub.wire.activity
from hub.wire.activity import Facts, Span, Stretch, judge, quarter_of, quarters, state_at

CASES = json.loads((Path(hub.wire.activity.__file__).parent / "cases" / "activity.json").read_text())
START = datetime(2026, 3, 2, 9, 50, tzinfo=UTC)
LIMITS_S = st.sampled_from([60, 61, 120, 300, 900])


@pytest.mark.parametrize("case", CASES["state_at"], ids=lambda case: case["name"])
def test_state_of_an_instant(case: dict[str, Any]) -> None:
    facts = msgspec.convert(case["facts"], Facts)

    judgement = state_at(facts, _at(case["at"]), case["idle_limit_s"])

    assert (judgement.state, judgement.reason) == (case["state"], case["reason"])
    assert judgement.since_at == (None if case["since_at"] is None else _at(case["since_at"]))


@pytest.mark.parametrize("case", CASES["judge"], ids=lambda case: case["name"])
def test_states_of_a_timeline(case: dict[str, Any]) -> None:
    stretches = msgspec.convert(case["stretches"], list[Stretch])
    limit = case["idle_limit_s"]

    spans = judge(
        stretches, lambda version: limit[str(version)] if isinstance(limit, dict) else limit, _at(case["until"])
    )

    assert [(span.started_at, span.ended_at, span.state, span.reason) for span in spans] == [
        (_at(span["started_at"]), _at(span["ended_at"]), span["state"], span["reason"]) for span in case["spans"]
    ]


@st.composite
def timelines(draw: st.DrawFn) -> list[Stretch]:
    """A device's time as an agent would tell it: whole seconds, some holes, input that each stretch's facts know the last of."""
    at = START
    last: datetime | None = draw(st.one_of(st.none(), st.just(START - timedelta(seconds=100))))
    stretches = []
    for _ in range(draw(st.integers(1, 8))):
        at += timedelta(seconds=draw(st.sampled_from([0, 0, 0, 1, 200, 700])))
        length_s = draw(st.sampled_from([1, 20, 59, 60, 200, 301, 900]))
        told = draw(st.sampled_from(["input", "input", "silence", "silence", "private", "asleep"]))
        first = None
        if told == "input":
            first_s, last_s = sorted((draw(st.integers(0, length_s - 1)), draw(st.integers(0, length_s - 1))))
            first, last = at + timedelta(seconds=first_s), at + timedelta(seconds=last_s)
        ended_at = at + timedelta(seconds=length_s)
        if told == "private":
            facts = Facts(private=True)
        elif told == "asleep":
            facts = Facts()
        else:
            facts = Facts(
                app=draw(st.sampled_from(["Editor", "Mail"])),
                last_input_at=last,
                call=draw(st.booleans()),
                locked=draw(st.sampled_from([False, False, False, True])),
            )
        stretches.append(
            Stretch(
                started_at=at,
                ended_at=ended_at,
                facts=facts,
                first_input_at=first,
                asleep=told == "asleep",
                policy=draw(st.sampled_from([1, 2])),
            )
        )
        at = ended_at
    return stretches


@given(timelines(), LIMITS_S)
def test_spans_cover_the_stretches_exactly_and_in_order(stretches: list[Stretch], limit_s: int) -> None:
    spans = judge(stretches, _always(limit_s), stretches[-1].ended_at)

    assert all(span.started_at < span.ended_at for span in spans)
    assert all(one.ended_at <= other.started_at for one, other in itertools.pairwise(spans))
    assert _instants(spans) == [
        stretch.started_at + timedelta(seconds=second)
        for stretch in stretches
        for second in range(_seconds(stretch.started_at, stretch.ended_at))
    ]


@given(timelines(), LIMITS_S, st.data())
def test_cutting_a_stretch_anywhere_changes_no_judgement(
    stretches: list[Stretch], limit_s: int, data: st.DataObject
) -> None:
    until = data.draw(st.sampled_from([START, stretches[-1].ended_at]))
    whole = judge(stretches, _always(limit_s), until)
    index = data.draw(st.integers(0, len(stretches) - 1))
    cut = stretches[index]
    at = cut.started_at + timedelta(
        milliseconds=data.draw(st.integers(0, 1000 * _seconds(cut.started_at, cut.ended_at)))
    )
    pieces = [msgspec.structs.replace(cut, ended_at=at), msgspec.structs.replace(cut, started_at=at)]

    judged = judge([*stretches[:index], *pieces, *stretches[index + 1 :]], _always(limit_s), until)

    assert judged == whole


@given(timelines(), LIMITS_S)
def test_cutting_at_quarter_hours_changes_no_judgement(stretches: list[Stretch], limit_s: int) -> None:
    until = stretches[-1].ended_at
    pieces = [
        msgspec.structs.replace(stretch, started_at=start, ended_at=end)
        for stretch in stretches
        for start, end in quarters(stretch.started_at, stretch.ended_at)
    ]

    assert judge(pieces, _always(limit_s), until) == judge(stretches, _always(limit_s), until)


@given(timelines(), LIMITS_S, LIMITS_S)
def test_a_larger_limit_never_makes_more_of_the_time_silent(stretches: list[Stretch], one_s: int, other_s: int) -> None:
    less, more = sorted((one_s, other_s))
    until = stretches[-1].ended_at

    by_less, by_more = judge(stretches, _always(less), until), judge(stretches, _always(more), until)

    for state in ("idle", "passive"):
        assert set(_instants(by_more, state)) <= set(_instants(by_less, state))
    assert set(_instants(by_less, "active")) <= set(_instants(by_more, "active"))


@given(timelines(), LIMITS_S, st.integers(0, 1000))
def test_the_wall_and_the_past_agree_about_the_newest_moment(
    stretches: list[Stretch], limit_s: int, later_s: int
) -> None:
    *_, last = stretches
    until = last.ended_at + timedelta(seconds=later_s)
    if last.asleep:
        return

    judged = judge(stretches, _always(limit_s), until)[-1]
    now = state_at(last.facts, until, limit_s)

    assert (judged.state, judged.reason) == (now.state, now.reason)


@given(timelines(), LIMITS_S)
def test_a_silence_longer_than_the_limit_is_idle_from_its_first_second(stretches: list[Stretch], limit_s: int) -> None:
    """Held against a slow twin: every second is judged by itself, from the input before and the input after it."""
    until = stretches[-1].ended_at
    spans = judge(stretches, _always(limit_s), until)

    for span in spans:
        if span.state not in ("active", "passive", "idle"):
            continue
        for at in _instants([span]):
            assert (span.state == "active") == _active_by_hand(stretches, at, limit_s, until), at


def test_limit_of_another_policy_version_is_asked_for_each_stretch() -> None:
    asked: list[int] = []

    def limit(version: int) -> int:
        asked.append(version)
        return 300

    judge([_stretch(0, 60, policy=3), _stretch(60, 120, policy=4)], limit, START)

    assert asked == [3, 4]


@given(
    st.integers(0, 4_000_000_000),
    st.integers(0, 100_000),
    st.sampled_from([-719, -570, 0, 13, 345, 840]),
)
def test_quarters_are_cut_by_utc_whatever_the_offset(since_1970_s: int, length_s: int, offset_min: int) -> None:
    start = datetime.fromtimestamp(since_1970_s, timezone(timedelta(minutes=offset_min)))
    end = start + timedelta(seconds=length_s)

    pieces = list(quarters(start, end))

    assert sum(((b - a) for a, b in pieces), timedelta()) == end - start
    assert all(one[1] == other[0] for one, other in itertools.pairwise(pieces))
    assert all(quarter_of(a) == quarter_of(b - timedelta(microseconds=1)) for a, b in pieces)
    assert all(at.astimezone(UTC).minute % 15 == 0 and at.second == 0 for at, _ in pieces[1:])


def test_quarters_at_the_end_of_the_calendar_do_not_overflow() -> None:
    last = datetime.max.replace(tzinfo=UTC)

    assert list(quarters(last - timedelta(minutes=20), last)) == [
        (last - timedelta(minutes=20), last.replace(minute=45, second=0, microsecond=0)),
        (last.replace(minute=45, second=0, microsecond=0), last),
    ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _always(limit_s: int) -> Callable[[int], int]:
    return lambda _: limit_s


def _seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())


def _stretch(start_s: int, end_s: int, policy: int) -> Stretch:
    return Stretch(
        started_at=START + timedelta(seconds=start_s),
        ended_at=START + timedelta(seconds=end_s),
        facts=Facts(),
        policy=policy,
    )


def _instants(spans: list[Span], state: str | None = None) -> list[datetime]:
    """The start of every second of the spans (all of a state)."""
    return [
        span.started_at + timedelta(seconds=second)
        for span in spans
        if state in (None, span.state)
        for second in range(_seconds(span.started_at, span.ended_at))
    ]


def _active_by_hand(stretches: list[Stretch], at: datetime, limit_s: int, until: datetime) -> bool:
    inputs = [
        (stretch.first_input_at or stretch.facts.last_input_at, stretch.facts.last_input_at)
        for stretch in stretches
        if stretch.facts.last_input_at
    ]
    if any(first and first <= at < last for first, last in inputs):
        return True
    before = max((last for _, last in inputs if last <= at), default=None)
    after = min((first for first, _ in inputs if first and first > at), default=until)
    return before is not None and after - before <= timedelta(seconds=limit_s)
