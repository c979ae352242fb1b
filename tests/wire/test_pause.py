"""What declared time lets through: nothing but what it is."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.activity import Facts
from hub.wire.events import Gap, Interval, digest
from hub.wire.pause import TOLD_WITHIN, Pause, paused, strip

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
SEEN = Facts(app="Mail", site="clinic.example", title="To the doctor", locked=False, call=True)


def at(s: float) -> datetime:
    return T0 + timedelta(seconds=s)


def interval(start_s: float, end_s: float, facts: Facts = SEEN, input_s: float | None = None) -> Interval:
    last = at(input_s) if input_s is not None else None
    return Interval(
        started_at=at(start_s),
        ended_at=at(end_s),
        wall_at=at(start_s),
        zone_min=0,
        policy=1,
        facts=msgspec.structs.replace(facts, last_input_at=last),
        first_input_at=last,
        keys=3,
    )


@pytest.mark.parametrize("kind", ["private", "break"])
@pytest.mark.parametrize(("start_s", "end_s"), [(0, 60), (-30, 30), (90, 110), (-60, 600), (119, 121)])
def test_what_lies_in_a_pause_even_in_part_is_that_and_nothing_else(kind, start_s, end_s):
    event = interval(start_s, end_s, input_s=start_s + 1)

    kept = strip(event, [Pause(kind=kind, since_at=T0, until_at=at(120))])

    assert kept.facts == paused(kind)
    assert (kept.first_input_at, kept.keys, kept.clicks, kept.scrolls) == (None, 0, 0, 0)
    assert digest(7, kept) == digest(7, event)


@pytest.mark.parametrize(("start_s", "end_s"), [(-60, 0), (120, 180), (-60, -1)])
def test_what_lies_beside_a_pause_is_as_it_was(start_s, end_s):
    event = interval(start_s, end_s)

    assert strip(event, [Pause(kind="private", since_at=T0, until_at=at(120))]) is event


def test_what_ends_when_its_agent_hears_of_the_pause_is_kept_without_input_from_after_it_began():
    kept = strip(interval(-40, 2, input_s=1.5), [Pause(kind="private", since_at=T0)])

    assert (kept.facts.app, kept.facts.last_input_at) == ("Mail", T0)
    late = strip(interval(-40, TOLD_WITHIN.total_seconds() + 1, input_s=1), [Pause(kind="private", since_at=T0)])
    assert late.facts == paused("private")


@pytest.mark.parametrize("kind", ["private", "break"])
@pytest.mark.parametrize(("start_s", "end_s"), [(120, 180), (600, 601), (-60, 0), (-60, 2)])
def test_what_lies_beside_a_pause_tells_of_no_input_in_it(kind, start_s, end_s):
    pauses = [Pause(kind=kind, since_at=T0, until_at=at(120)), Pause(kind="break", since_at=at(900))]

    kept = strip(interval(start_s, end_s, input_s=90), pauses)

    assert kept.facts.app == "Mail"
    assert kept.facts.last_input_at in {None, T0}
    assert kept.first_input_at is None
    assert strip(kept, pauses) == kept


def test_private_outranks_a_break_and_stays_private():
    both = [Pause(kind="break", since_at=T0), Pause(kind="private", since_at=T0)]

    assert strip(interval(1, 2), both).facts == paused("private")
    assert strip(interval(1, 2, Facts(private=True)), both[:1]).facts == paused("private")


def test_sleep_is_told_as_it_is():
    gap = Gap(started_at=T0, ended_at=at(60), wall_at=T0, zone_min=0, policy=1)

    assert strip(gap, [Pause(kind="private", since_at=T0)]) is gap


pauses = st.lists(
    st.builds(
        lambda kind, start, lasts: Pause(kind=kind, since_at=at(start), until_at=at(start + lasts)),
        st.sampled_from(["private", "break"]), st.integers(0, 900), st.integers(1, 600),
    ),
    max_size=4,
)  # fmt: skip


@given(pauses, st.integers(0, 900), st.integers(1, 300))
def test_nothing_that_began_in_a_pause_tells_anything_and_twice_is_as_once(given_, start_s, lasts_s):
    event = interval(start_s, start_s + lasts_s, input_s=start_s)

    kept = strip(event, given_)

    if any(pause.holds(event.started_at) for pause in given_):
        assert kept.facts in (paused("private"), paused("break"))
    if any(pause.kind == "private" and pause.holds(event.started_at) for pause in given_):
        assert kept.facts == paused("private")
    assert strip(kept, given_) == kept
