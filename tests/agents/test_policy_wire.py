"""What leaves a device under any policy: whatever it sees and however often the policy changes, no frame holds what that forbids.

The agent's own recorder, tracker, spool and session, put together as `agents/run.py` does, and each frame read as the hub reads it. Then
a device that keeps to nothing: the hub strips it of the same.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.intervals import Recorder, Sample
from agents.outputs import PolicyChanged, StartsChanged
from agents.presence import Tracker
from hub import pauses, policies
from hub.live.connection import AgentConnection
from hub.policies import Row, Standing
from hub.wire.activity import Facts
from hub.wire.agent import Batch, PolicyUpdate, Presence
from hub.wire.events import Event, Gap, Interval
from hub.wire.policy import DEFAULT, Policy, Started, Starts, collected

from .wires import T0, Wire

MONDAY_NINE = 9 * 60
hours = st.sampled_from(
    [None, None, (), ((MONDAY_NINE, MONDAY_NINE + 15),), ((MONDAY_NINE + 15, MONDAY_NINE + 45), (600, 615))]
)
policy = st.builds(
    Policy,
    version=st.just(0),
    **dict.fromkeys(("app", "site", "title", "input_counts"), st.booleans()),
    hours=hours,
    zone=st.sampled_from(["UTC", "Atlantic/Reykjavik"]),
)
facts = st.builds(
    Facts,
    app=st.sampled_from(["Mail", "Editor"]),
    site=st.sampled_from([None, "clinic.example"]),
    title=st.sampled_from(["To the doctor", "Plan"]),
    private=st.booleans(),
    locked=st.booleans(),
)
work = st.sampled_from(["", "", "start", "stop"])
step = st.tuples(facts, st.integers(1, 400), st.booleans(), st.none() | policy, work)


def forbidden(policy: Policy, at: datetime, told: Facts, counts: Iterable[int] = (), starts: Starts = ()) -> list[str]:
    """What this tells that the policy forbids; said apart from `permit`."""
    found = [name for name in ("app", "site", "title") if getattr(told, name) is not None and not getattr(policy, name)]
    if any(counts) and not policy.input_counts:
        found.append("counts")
    if told.private and told != Facts(private=True):
        found.append("private")
    local = at.astimezone(ZoneInfo(policy.zone or "UTC"))
    minute = (local.weekday() * 24 + local.hour) * 60 + local.minute
    outside = policy.hours is not None and not any(start <= minute < end for start, end in policy.hours)
    outside = outside and not any(each.since_at <= at < each.until_at for each in starts)
    if outside and (told not in (Facts(), Facts(private=True)) or any(counts)):
        found.append("hours")
    return found


def forbidden_in(policy: Policy, event: Event, starts: Starts = ()) -> list[str]:
    if isinstance(event, Gap):
        return []
    counts = (event.keys, event.clicks, event.scrolls)
    ends = (event.started_at, event.ended_at - timedelta(microseconds=1))
    return [each for at in ends for each in forbidden(policy, at, event.facts, counts, starts)]


@settings(max_examples=120, deadline=None)
@given(policy, st.lists(step, min_size=1, max_size=12))
def test_no_frame_of_an_agent_holds_what_its_policy_forbids(first: Policy, day: list[tuple]) -> None:  # type: ignore[type-arg]
    known: dict[int, Policy] = {}
    wire = Wire()
    recorder, tracker = Recorder(wire.clock, DEFAULT), Tracker()
    in_force = DEFAULT
    starts: Starts = ()

    def follow() -> None:
        """What `Agent._told` does with another policy, and with work that was started or ended."""
        nonlocal in_force
        for output in wire.outputs:
            if isinstance(output, PolicyChanged):
                in_force = output.policy
                wire.spool.append(recorder.change_policy(in_force, wire.now_ms))
            if isinstance(output, StartsChanged):
                recorder.start(output.starts)
        wire.outputs.clear()

    def look(seen: Facts, typing: bool) -> None:
        """What `Agent._sample` does each second."""
        nonlocal tracker
        sample = Sample(
            mono_ms=wire.now_ms,
            wall_at=wire.clock.at(wire.now_ms),
            zone_min=0,
            facts=seen,
            last_input_ms=wire.now_ms - 300 if typing else None,
            keys=4 if typing else 0,
        )
        if events := recorder.sample(sample):
            wire.spool.append(events)
        if recorder.resting:
            tracker = Tracker()
        elif shown := tracker.update(recorder.facts(sample), in_force, wire.clock.at(wire.now_ms)):
            wire.take(wire.session.present(shown, wire.now_ms))

    wire.hub.policy = known[1] = msgspec.structs.replace(first, version=1)
    wire.open()
    follow()
    for number, (seen, seconds, typing, change, worked) in enumerate(day, 2):
        if change is not None:
            known[number] = msgspec.structs.replace(change, version=number)
            wire.say(PolicyUpdate(policy=known[number]))
            follow()
        at = wire.clock.at(wire.now_ms)
        if worked == "start" and not any(each.holds(at) for each in starts):
            starts = (*starts, Started(since_at=at, until_at=at + timedelta(seconds=700)))
        elif worked == "stop":
            starts = tuple(msgspec.structs.replace(each, until_at=min(at, each.until_at)) for each in starts)
        if worked:
            wire.say(PolicyUpdate(policy=wire.session.policy, starts=list(starts)))
            follow()
        sent_before = len(wire.hub.seen)
        for _ in range(0, seconds, 5):
            wire.now_ms += 5_000
            look(seen, typing)
            wire.take(wire.session.tick(wire.now_ms))
            wire.exchange()
        for frame in wire.hub.seen[sent_before:]:
            if isinstance(frame, Presence):
                assert forbidden(in_force, frame.at, frame.facts, starts=starts) == []
            if isinstance(frame, Batch):
                for event in frame.events:
                    assert forbidden_in(in_force, event, starts) == [], event
                    captured_under = known[event.policy]
                    assert forbidden_in(captured_under, event, starts) == [], event
                    assert collected(captured_under, event.started_at, event.ended_at, starts) == [
                        (event.started_at, event.ended_at)
                    ], "outside its hours and every start there is no event at all"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(policy, min_size=1, max_size=4),
    st.lists(st.tuples(facts, st.integers(0, 70), st.integers(0, 6)), max_size=8),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 300)), max_size=6),
)
def test_hub_strips_an_agent_that_sends_all_that_it_sees(
    given: list[Policy],
    sent: list[tuple],  # type: ignore[type-arg]
    worked: list[tuple[int, int]],
) -> None:
    known = {1: DEFAULT} | {
        number: msgspec.structs.replace(each, version=number) for number, each in enumerate(given, 2)
    }
    rows = [
        Row(number, number, number, T0 + timedelta(minutes=15 * number - 30), 1, None) for number in known if number > 1
    ]
    policies.forget()
    policies._known.update(known)
    policies._standings[7] = standing = Standing(rows, known)
    starts = tuple(
        Started(since_at=T0 + timedelta(seconds=begin), until_at=T0 + timedelta(seconds=begin + lasts))
        for begin, lasts in worked
    )
    pauses._starts[7] = dict(enumerate(starts))
    hub = object.__new__(AgentConnection)
    hub.device = SimpleNamespace(person=7)  # type: ignore[assignment]
    hub._shared = SimpleNamespace(now=lambda: T0)  # type: ignore[assignment]
    events = [
        Interval(
            started_at=T0 + timedelta(minutes=minute),
            ended_at=T0 + timedelta(minutes=minute + 1),
            wall_at=T0,
            zone_min=0,
            policy=version,
            facts=msgspec.structs.replace(seen, last_input_at=T0 + timedelta(minutes=minute)),
            first_input_at=T0 + timedelta(minutes=minute),
            keys=9,
        )
        for seen, minute, version in sent
    ]

    kept = hub._permitted(list(events))

    assert len(kept) == len(events)
    for event in kept:
        then = standing.over(event.started_at, event.ended_at)
        claimed = known.get(event.policy, Policy(version=0))
        for each in (standing.now, then, claimed):
            assert forbidden_in(each, event, starts) == [], (each, event)
    policies.forget()
    pauses.forget()
