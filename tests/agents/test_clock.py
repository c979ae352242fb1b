"""Hub time, backoff and what the wall is told: the small pure parts."""

import random
from datetime import timedelta

import msgspec
import pytest

from agents.backoff import FIRST_MS, MOST_MS, SETTLED_MS, Backoff
from agents.clock import SAMPLES_MAX_AGE_MS, HubClock
from agents.presence import REFRESH_S, Tracker
from agents.sensors.logind import SleepWatch
from hub.wire.activity import Facts
from hub.wire.policy import DEFAULT

from .wires import T0


def test_before_a_hub_is_met_time_is_the_wall_clock_of_the_start() -> None:
    clock = HubClock(5_000, T0)

    assert clock.at(65_000) == T0 + timedelta(minutes=1)
    assert not clock.met


def test_offset_learned_in_the_same_boot_is_taken_up_again() -> None:
    first = HubClock(5_000, T0)
    first.learn(T0 + timedelta(hours=3), 5_000, 5_000)

    again = HubClock(9_000, T0, first.offset_us)

    assert again.met
    assert again.at(9_000) == T0 + timedelta(hours=3, seconds=4)


def test_shortest_round_trip_wins_until_it_is_old() -> None:
    clock = HubClock(0, T0)
    clock.learn(T0, 0, 20)
    best = clock.offset_us

    assert not clock.learn(T0 + timedelta(seconds=61), 60_000, 60_500)
    assert clock.offset_us == best
    late = SAMPLES_MAX_AGE_MS + 100
    assert clock.learn(T0 + timedelta(milliseconds=late + 300), late, late + 500)
    assert clock.offset_us != best


def test_small_correction_is_spread_and_time_never_goes_back() -> None:
    clock = HubClock(0, T0)
    clock.learn(T0, 0, 10)
    before = clock.at(10_000)
    assert clock.learn(T0 + timedelta(seconds=8), 10_000, 10_000)  # two seconds behind what we thought

    times = [clock.at(ms) for ms in range(10_000, 70_000, 100)]

    assert times == sorted(times)
    assert times[0] == before
    assert clock.at(70_000) == T0 + timedelta(seconds=68)


def test_large_correction_is_made_at_once() -> None:
    clock = HubClock(0, T0)
    clock.learn(T0, 0, 0)
    clock.learn(T0 + timedelta(hours=1), 1_000, 1_000)

    assert clock.at(1_000) == T0 + timedelta(hours=1)


def test_backoff_grows_with_jitter_up_to_its_limit_and_never_to_nothing() -> None:
    backoff = Backoff(random.Random(3))
    delays = [backoff.next_ms() for _ in range(200)]

    assert all(FIRST_MS // 4 <= delay <= MOST_MS for delay in delays)
    assert max(delays[:1]) <= FIRST_MS
    assert len({delay // 500 for delay in delays[10:]}) > 30
    assert sum(delays[10:]) / 190 == pytest.approx(MOST_MS / 2, rel=0.2)


def test_backoff_begins_anew_only_after_a_connection_that_lasted() -> None:
    backoff = Backoff(random.Random(3))
    for _ in range(5):
        backoff.next_ms()
    backoff.lasted(SETTLED_MS - 1)
    assert backoff.failures == 5

    backoff.lasted(SETTLED_MS)
    assert backoff.failures == 0


def at(seconds: float):  # type: ignore[no-untyped-def]
    return T0 + timedelta(seconds=seconds)


def test_change_of_facts_is_shown_at_once_and_sameness_is_not() -> None:
    tracker = Tracker()
    facts = Facts(app="Editor", last_input_at=at(0))

    assert tracker.update(facts, DEFAULT, at(1)) is not None
    assert tracker.update(facts, DEFAULT, at(2)) is None
    changed = tracker.update(msgspec.structs.replace(facts, app="Browser"), DEFAULT, at(3))
    assert changed is not None
    assert changed.facts.app == "Browser"


def test_continuing_input_is_refreshed_and_no_more() -> None:
    tracker = Tracker()
    sent = [n for n in range(120) if tracker.update(Facts(app="E", last_input_at=at(n)), DEFAULT, at(n))]

    assert sent == list(range(0, 120, REFRESH_S))


def test_input_after_a_silence_is_shown_at_once() -> None:
    tracker = Tracker()
    tracker.update(Facts(last_input_at=at(0)), DEFAULT, at(0))
    assert tracker.update(Facts(last_input_at=at(0)), DEFAULT, at(400)) is None

    shown = tracker.update(Facts(last_input_at=at(405)), DEFAULT, at(406))

    assert shown is not None
    assert shown.since_at == at(406)


def test_state_is_shown_with_its_beginning() -> None:
    tracker = Tracker()
    tracker.update(Facts(last_input_at=at(0)), DEFAULT, at(1))
    locked = tracker.update(Facts(locked=True, last_input_at=at(0)), DEFAULT, at(30))
    idle = tracker.update(Facts(last_input_at=at(0)), DEFAULT, at(900))

    assert locked is not None
    assert locked.since_at == at(30)
    assert idle is not None
    assert idle.since_at == at(0)


def test_wall_is_told_nothing_that_policy_withholds() -> None:
    shown = Tracker().update(Facts(app="Editor", title="secret", last_input_at=at(0)), DEFAULT, at(1))

    assert shown is not None
    assert shown.facts == Facts(app="Editor", last_input_at=at(0))


def test_sleep_is_what_only_one_of_two_clocks_counts() -> None:
    watch = SleepWatch(10_000, 4_000)

    assert watch.look(11_000, 5_000) is None
    assert watch.look(3_612_500, 6_500) == (11_000, 3_611_000)
    assert watch.look(3_613_500, 7_500) is None


def test_noise_between_two_clocks_is_no_sleep() -> None:
    watch = SleepWatch(0, 0)

    assert all(watch.look(n * 1000 + n % 7, n * 1000) is None for n in range(10_000))
