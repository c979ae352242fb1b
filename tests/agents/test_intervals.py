"""Samples to events: where intervals are cut, and what they carry."""

from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.clock import HubClock
from agents.intervals import Recorder, Sample
from hub.wire.activity import Facts, quarter_of
from hub.wire.events import EVENT_MAX_S, Event, Gap, Interval
from hub.wire.policy import DAY_MIN, DEFAULT, Policy, Started

from .wires import T0

START_MS = 1_000_000
EVERYTHING = Policy(version=7, app=True, title=True, site=True, input_counts=True)


class Desk:
    """A device whose sensors are read each second."""

    def __init__(self, policy: Policy = DEFAULT, met: bool = True) -> None:
        learned = int(T0.timestamp() * 1e6) - START_MS * 1000
        self.clock = HubClock(START_MS, T0, learned if met else None)
        self.recorder = Recorder(self.clock, policy)
        self.ms = START_MS
        self.input_ms: int | None = None
        self.facts = Facts(app="Editor")
        self.events: list[Event] = []

    def look(self, **counts: int) -> None:
        sample = Sample(
            mono_ms=self.ms,
            wall_at=T0 + timedelta(milliseconds=self.ms - START_MS),
            zone_min=60,
            facts=self.facts,
            last_input_ms=self.input_ms,
            **counts,
        )
        self.events += self.recorder.sample(sample)

    def run(self, seconds: int, typing: bool = False, **counts: int) -> None:
        for _ in range(seconds):
            self.ms += 1000
            if typing:
                self.input_ms = self.ms - 400
            self.look(**counts)

    def spans(self) -> list[tuple[float, float]]:
        return [((e.started_at - T0).total_seconds(), (e.ended_at - T0).total_seconds()) for e in self.events]


def desk(policy: Policy = DEFAULT, met: bool = True) -> Desk:
    made = Desk(policy, met)
    made.look()
    return made


def test_active_interval_closes_at_each_minute_of_hub_time() -> None:
    at = desk()
    at.run(150, typing=True)

    assert at.spans() == [(0, 60), (60, 120)]
    first = at.events[0]
    assert isinstance(first, Interval)
    assert first.first_input_at == T0 + timedelta(seconds=0.6)
    assert first.facts.last_input_at == T0 + timedelta(seconds=59.6)
    assert (first.policy, first.zone_min, first.wall_at, first.hub_clock) == (1, 60, T0, True)


def test_quiet_interval_closes_at_the_quarter_hour() -> None:
    at = desk()
    at.run(1_900)

    assert at.spans() == [(0, 900), (900, 1800)]
    assert all(isinstance(e, Interval) and e.first_input_at is None for e in at.events)


def test_quiet_interval_keeps_the_time_of_the_last_input_before_it() -> None:
    at = desk()
    at.run(10, typing=True)
    at.run(950)

    assert at.spans() == [(0, 60), (60, 900)]
    quiet = at.events[1]
    assert isinstance(quiet, Interval)
    assert quiet.facts.last_input_at == T0 + timedelta(seconds=9.6)
    assert quiet.first_input_at is None


def test_input_that_ends_a_silence_closes_the_quiet_interval_there() -> None:
    at = desk()
    at.run(200)
    at.run(60, typing=True)

    assert at.spans() == [(0, 200.6), (200.6, 240)]
    resumed = at.events[1]
    assert isinstance(resumed, Interval)
    assert resumed.first_input_at == T0 + timedelta(seconds=200.6)


def test_change_of_app_closes_the_interval() -> None:
    at = desk()
    at.run(20)
    at.facts = Facts(app="Browser")
    at.run(1)
    at.run(880)

    assert at.spans() == [(0, 21), (21, 900)]
    assert [e.facts.app for e in at.events if isinstance(e, Interval)] == ["Editor", "Browser"]


def test_window_passed_on_the_way_to_another_makes_no_event() -> None:
    at = desk()
    at.run(20)
    for app in ("Passed", "Browser"):
        at.facts = Facts(app=app)
        at.ms += 100
        at.look()
    at.run(880)

    assert [e.facts.app for e in at.events if isinstance(e, Interval)] == ["Editor", "Browser"]


def test_title_that_policy_does_not_permit_cuts_nothing_and_is_not_kept() -> None:
    at = desk()
    for n in range(30):
        at.facts = Facts(app="Editor", title=f"secret {n}")
        at.run(2)
    at.run(900)

    assert at.spans() == [(0, 900)]
    assert b"secret" not in msgspec.msgpack.encode(at.events)


def test_counts_are_kept_only_when_permitted() -> None:
    for policy, keys in ((EVERYTHING, 120), (DEFAULT, 0)):
        at = desk(policy)
        at.run(60, typing=True, keys=2)
        at.run(1)
        event = at.events[0]
        assert isinstance(event, Interval)
        assert event.keys == pytest.approx(keys, abs=2)


@pytest.mark.parametrize("declared", [Facts(private=True), Facts(on_break=True)], ids=["private", "break"])
def test_input_of_declared_time_is_not_told_when_it_is_over(declared: Facts) -> None:
    at = desk()
    at.run(30, typing=True)
    at.facts, heard = declared, at.input_ms
    at.input_ms = None
    at.run(60)
    at.facts, at.input_ms = Facts(app="Editor"), at.ms - 20_000
    at.run(100)
    at.recorder.pause()

    assert heard is not None
    before = T0 + timedelta(milliseconds=heard - START_MS)
    told = [each for each in at.events if isinstance(each, Interval)] + at.recorder.pause()
    assert {each.facts.last_input_at for each in told if isinstance(each, Interval)} <= {None, before}
    assert at.recorder.last_input_at == before


def test_private_time_keeps_that_it_is_private_and_no_more() -> None:
    at = desk(EVERYTHING)
    at.run(30, typing=True, keys=1)
    for n in range(300):
        at.facts = Facts(app=f"Secret {n}", title="secret", private=True)
        at.run(1, typing=True, keys=1)
    at.facts = Facts(app="Editor")
    at.run(700)

    private = [e for e in at.events if isinstance(e, Interval) and e.facts.private]
    assert [e.ended_at - e.started_at for e in private] == [timedelta(seconds=300)]
    assert private[0].facts == Facts(private=True)
    assert (private[0].first_input_at, private[0].keys) == (None, 0)
    assert at.recorder.last_input_at == T0 + timedelta(seconds=29.6)
    after = at.events[-1]
    assert isinstance(after, Interval)
    assert after.facts.last_input_at == T0 + timedelta(seconds=29.6)


def test_change_of_policy_closes_what_was_captured_under_the_old_version() -> None:
    at = desk()
    at.run(30)
    at.events += at.recorder.change_policy(Policy(version=2), at.ms)
    at.run(900)

    assert at.spans() == [(0, 30), (30, 900)]
    assert [(e.policy, e.facts.app) for e in at.events if isinstance(e, Interval)] == [(1, "Editor"), (2, None)]


def test_sleep_is_one_gap_even_over_quarters() -> None:
    at = desk()
    at.run(100, typing=True)
    at.events += at.recorder.slept(at.ms, at.ms + 3_600_000)
    at.ms += 3_600_000
    at.look()
    at.run(10)
    at.events += at.recorder.pause()

    assert at.spans() == [(0, 60), (60, 100), (100, 3700), (3700, 3710)]
    assert [isinstance(e, Gap) for e in at.events] == [False, False, True, False]


def test_sleep_longer_than_an_event_may_be_is_cut() -> None:
    at = desk()
    at.events += at.recorder.slept(at.ms, at.ms + 60 * 3_600_000)

    assert [(e.ended_at - e.started_at).total_seconds() for e in at.events] == [EVENT_MAX_S, EVENT_MAX_S, 12 * 3600]


def test_idle_time_computed_across_sleep_is_no_input() -> None:
    at = desk()
    at.run(10, typing=True)
    at.events += at.recorder.slept(at.ms, at.ms + 3_600_000)
    at.ms += 3_600_000
    at.input_ms = at.ms - 5_000  # the server's idle clock stood still meanwhile
    at.run(1)

    assert at.recorder.last_input_at == T0 + timedelta(seconds=9.6)


def test_time_that_nobody_looked_at_is_not_claimed() -> None:
    at = desk()
    at.run(30)
    at.ms += 120_000
    at.look()
    at.run(800)

    assert at.spans()[0] == (0, 30)
    assert at.spans()[1][0] == 150


def test_stop_keeps_what_was_seen() -> None:
    at = desk()
    at.run(42)

    at.events += at.recorder.pause()

    assert at.spans() == [(0, 42)]


def test_before_the_first_contact_events_are_flagged() -> None:
    at = desk(met=False)
    at.run(901)

    assert [e.hub_clock for e in at.events] == [False]


def test_first_contact_restamps_the_open_interval() -> None:
    at = desk(met=False)
    at.run(10)
    hub_at = T0 - timedelta(hours=2) + timedelta(seconds=10)
    at.clock.learn(hub_at, at.ms, at.ms)
    at.run(30)
    at.events += at.recorder.pause()

    assert at.spans() == [(-7200, -7160)]
    assert at.events[0].hub_clock


@pytest.mark.parametrize("shift_s", [-40, -3, 3, 40])
def test_corrected_clock_neither_overlaps_nor_goes_back(shift_s: int) -> None:
    at = desk()
    at.run(90, typing=True)
    at.clock.learn(at.clock.at(at.ms) + timedelta(seconds=shift_s), at.ms, at.ms)
    at.run(300, typing=True)
    at.events += at.recorder.pause()

    check(at.events)
    covered = sum(end - start for start, end in at.spans())
    assert covered == pytest.approx(390 + (shift_s if abs(shift_s) < 5 else min(shift_s, 0)), abs=2)


def check(events: list[Event]) -> None:
    for before, after in pairwise(events):
        assert before.ended_at <= after.started_at
    for event in events:
        assert event.started_at < event.ended_at
        if isinstance(event, Interval):
            assert event.ended_at <= quarter_of(event.started_at) + timedelta(minutes=15)
            if event.first_input_at is not None:
                assert event.ended_at - event.started_at <= timedelta(seconds=60)
                assert event.facts.last_input_at is not None
                assert event.started_at <= event.first_input_at <= event.facts.last_input_at <= event.ended_at


def office(from_s: int, until_s: int) -> Policy:
    """Hours of the day of T0, in seconds after it."""
    begin = T0.weekday() * DAY_MIN + T0.hour * 60 + T0.minute
    return Policy(version=4, app=True, hours=((begin + from_s // 60, begin + until_s // 60),), zone="UTC")


def test_outside_the_hours_of_the_policy_there_is_no_event() -> None:
    at = desk(office(900, 1800))
    at.run(880, typing=True)
    assert at.recorder.resting
    at.run(40, typing=True)
    assert not at.recorder.resting
    at.run(900, typing=True)
    at.run(300, typing=True)

    assert at.recorder.resting
    assert at.spans()[0][0] == pytest.approx(900, abs=1)
    assert at.spans()[-1][1] == 1800
    told = [e.facts.last_input_at for e in at.events if isinstance(e, Interval)]
    assert min(at for at in told if at) >= T0 + timedelta(seconds=900)
    check(at.events)


def test_of_a_sleep_only_what_lies_within_the_hours_is_told() -> None:
    at = desk(office(0, 900))
    at.run(10)
    at.events += at.recorder.slept(at.ms, at.ms + 3_600_000)

    assert [type(e) for e in at.events] == [Interval, Gap]
    assert at.spans() == [(0, 10), (10, 900)]


def start(from_s: float, until_s: float) -> Started:
    return Started(since_at=T0 + timedelta(seconds=from_s), until_at=T0 + timedelta(seconds=until_s))


def test_of_work_that_is_started_outside_the_hours_it_is_recorded_from_its_start_to_its_end() -> None:
    at = desk(office(900, 1800))
    at.run(100, typing=True)
    at.recorder.start((start(100.2, 900),))
    at.run(95, typing=True)
    at.recorder.start((start(100.2, 193.5),))  # ended a moment ago, as is heard now
    at.run(5, typing=True)
    assert at.recorder.resting
    at.recorder.start((start(100.2, 193.5), start(210, 330)))
    at.run(150, typing=True)
    at.events += at.recorder.slept(at.ms, at.ms + 1_000_000)

    assert at.recorder.resting is False, "the hours have begun"
    assert at.spans()[0] == (101, 120)
    assert (120, 180) in at.spans()
    assert (180, 193.5) in at.spans(), "cut at its end"
    assert [spans for spans in at.spans() if 193.5 < spans[1] < 400] == [(210, 240), (240, 300), (300, 330)]
    assert at.spans()[-1] == (900, 1350), "of the sleep what lies within the hours"
    told = [e.facts.last_input_at for e in at.events if isinstance(e, Interval) and e.facts.last_input_at]
    assert all(T0 + timedelta(seconds=100.2) <= each < T0 + timedelta(seconds=330) for each in told)
    check(at.events)


def test_what_began_after_an_end_that_is_heard_of_late_is_not_told() -> None:
    at = desk(office(900, 1800))
    at.recorder.start((start(0, 900),))
    at.run(122, typing=True)
    at.recorder.start((start(0, 119.5),))
    at.run(3)

    assert at.spans() == [(1, 60), (60, 120)], "what is closed already is stripped before it is sent, and by the hub"


def test_who_may_be_recorded_again_is_recorded_from_the_next_sample() -> None:
    at = desk(office(900, 1800))
    at.run(10, typing=True)
    at.events += at.recorder.change_policy(Policy(version=5, app=True), at.ms)
    at.run(10)
    at.events += at.recorder.pause()

    assert at.spans() == [(11, 20)]
    assert [e.facts.last_input_at for e in at.events if isinstance(e, Interval)] == [None]


STEP = st.tuples(
    st.sampled_from(["wait", "type", "app", "lock", "private", "sleep", "clock", "policy", "stall"]),
    st.integers(1, 2_000),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), st.booleans())
def test_laws_hold_for_any_day(steps: list[tuple[str, int]], met: bool) -> None:
    at = desk(EVERYTHING, met)
    for kind, amount in steps:
        if kind in ("wait", "type"):
            for _ in range(amount // 10):
                at.ms += 7_300
                at.input_ms = at.ms - amount if kind == "type" else at.input_ms
                at.look(keys=1)
        elif kind == "app":
            at.facts = msgspec.structs.replace(at.facts, app=f"app {amount % 3}")
        elif kind == "lock":
            at.facts = msgspec.structs.replace(at.facts, locked=not at.facts.locked)
        elif kind == "private":
            at.facts = msgspec.structs.replace(at.facts, private=not at.facts.private)
        elif kind == "sleep":
            at.events += at.recorder.slept(at.ms + 100, at.ms + amount * 1000)
            at.ms += amount * 1000
        elif kind == "clock" and met:
            at.clock.learn(at.clock.at(at.ms) + timedelta(milliseconds=(amount - 1000) * 10), at.ms, at.ms)
        elif kind == "policy":
            hours = ((540, 540 + amount // 15 * 15),) if amount % 3 == 0 else None
            policy = Policy(version=amount, app=amount % 2 == 0, hours=hours, zone="UTC")
            at.events += at.recorder.change_policy(policy, at.ms + 50)
        elif kind == "stall":
            at.ms += amount * 1000
        at.ms += 300
        at.look()
    at.events += at.recorder.pause()

    check(at.events)
