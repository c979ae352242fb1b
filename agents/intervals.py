"""Samples to events, as invariant 11 has them. Pure: clocks come with the samples, `HubClock` turns them into hub time.

An interval holds the same permitted facts throughout. It is closed
  - when permitted facts other than the time of the last input change, or the policy does,
  - with input in it, at the next full minute of hub time (so one with input is at most 60 s long),
  - without input, at the next UTC quarter-hour, or at the input that ends the silence,
  - when the machine sleeps, or nothing was sampled for too long: what nobody saw is not claimed.
Intervals of one device never overlap and never go backwards, whatever happens to the clock. (The exception: events stamped with
the wall clock before the first contact with a hub are of another clock, and flagged.)

Private time keeps the instant it began and ended, and nothing of what happens within: no input, no cuts. Outside the policy's hours
nothing is recorded at all, not even that, unless the person has started work.
"""

from datetime import datetime, timedelta

import msgspec

from agents.clock import HubClock
from agents.presence import without_input
from hub.wire.activity import Facts, quarter_of
from hub.wire.events import EVENT_MAX_S, Event, Gap, Interval
from hub.wire.policy import Policy, Starts, collected, collects, permit_facts

STALE_MS = 15_000
"""Sensors are read each second; after this long without a sample the facts are no longer known."""
SHORT_MS = 500
"""Facts that held for less (a window passed on the way to another) don't make an event of their own."""
JUMP = timedelta(seconds=1)
"""Hub time that moved this much more or less than the monotonic clock was stepped, not slewed."""
INPUT_NOISE_MS = 250
"""The time of the last input is computed from an idle time that took a round trip; a smaller advance is no input."""
COUNT_MAX = 1_000_000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What the sensors say at one instant. The time of the last input is apart, on the monotonic clock."""

    mono_ms: int
    wall_at: datetime
    zone_min: int
    facts: Facts
    """`last_input_at` is not read."""
    last_input_ms: int | None = None
    """None: not available."""
    keys: int = 0
    clicks: int = 0
    scrolls: int = 0
    """Counted since the sample before."""


class _Open(msgspec.Struct):
    """The interval that is still growing."""

    started_at: datetime
    started_ms: int
    facts: Facts
    wall_at: datetime
    zone_min: int
    hub_clock: bool
    first_input_at: datetime | None = None
    last_input_at: datetime | None = None
    keys: int = 0
    clicks: int = 0
    scrolls: int = 0


class Recorder:
    """Turns one device's samples into events, in order. What it returns belongs in the spool at once."""

    def __init__(self, clock: HubClock, policy: Policy, stale_ms: int = STALE_MS, starts: Starts = ()) -> None:
        self._clock = clock
        self._policy = policy
        self._starts = starts
        self._stale_ms = stale_ms
        self._open: _Open | None = None
        self._sample: Sample | None = None
        self._at: datetime | None = None
        self._at_ms = 0
        self._met = clock.met
        self._last_input_ms: int | None = None
        self._last_input_at: datetime | None = None
        self._unheard_ms = -1
        """Input up to here is none of ours: it fell into private time, a break, sleep, or out of the policy's hours."""

    @property
    def last_input_at(self) -> datetime | None:
        """Time of the last input that was not private, in hub time."""
        return self._last_input_at

    def facts(self, sample: Sample) -> Facts:
        """The sample's facts with the last input in hub time: what the wall is shown, once permitted."""
        return msgspec.structs.replace(sample.facts, last_input_at=self._last_input_at)

    def sample(self, sample: Sample) -> list[Event]:
        """Takes what the sensors say now. Samples come in order of `mono_ms`."""
        events: list[Event] = []
        before = self._sample
        if before is not None and sample.mono_ms < before.mono_ms:
            return []
        if before is not None and sample.mono_ms - before.mono_ms > self._stale_ms:
            events += self.pause()
        now = self._now(sample.mono_ms, events)
        self._sample = sample
        if self._policy.hours is not None and not self._in_hours(now, events):
            self._unheard_ms = sample.mono_ms
            return events
        facts = without_input(permit_facts(sample.facts, self._policy))
        self._input(sample, now, facts, events)
        self._advance(now, events)
        if self._open is None:
            self._begin(sample, facts, now)
        elif facts != self._open.facts:
            self._change(sample, facts, now, events)
        return events

    @property
    def resting(self) -> bool:
        """Nothing is collected at the time of the latest sample."""
        return self._at is not None and not self._collects(self._at)

    def change_policy(self, policy: Policy, mono_ms: int) -> list[Event]:
        """From here on another policy is in force: what was captured until now keeps the old version."""
        events: list[Event] = []
        if policy == self._policy:
            return events
        if self._open is not None:
            self._advance(self._now(mono_ms, events), events)
            self._close(self._at, events)
        was_resting, self._policy = self.resting, policy
        if was_resting:
            return events  # the next sample begins anew: what was before it is not known
        if self._sample is not None and self._at is not None and self._open is None and not self.resting:
            held = msgspec.structs.replace(self._sample, mono_ms=max(mono_ms, self._sample.mono_ms))
            self._begin(held, without_input(permit_facts(held.facts, policy)), self._at)
        return events

    def start(self, starts: Starts) -> None:
        """When the person has started work outside the hours, as it is known from here on. The next sample begins it, or ends it where it
        ended; what began after that is not told."""
        self._starts = starts
        if self._open is not None and not self._collects(self._open.started_at):
            self._open = None
        if self._last_input_at is not None and not self._collects(self._last_input_at):
            self._last_input_at = None

    def slept(self, from_ms: int, to_ms: int) -> list[Event]:
        """The machine slept. Closes what was open when it fell asleep, and tells the sleep."""
        events: list[Event] = []
        before = self._sample
        if before is not None:
            from_ms = max(from_ms, before.mono_ms)
        if to_ms <= from_ms:
            return events
        start = self._now(from_ms, events)
        if self._open is not None:
            self._advance(start, events)
            self._close(start, events)
        end = max(self._clock.at(to_ms), start)
        # The wall clock and zone of before: those of after come with the next sample.
        wall_at, zone_min = (before.wall_at, before.zone_min) if before else (start, 0)
        wall_at += timedelta(milliseconds=from_ms - before.mono_ms) if before else timedelta(0)
        fell_asleep_at = start
        while start < end:
            stop = min(end, start + timedelta(seconds=EVENT_MAX_S))
            events += (
                Gap(
                    started_at=since,
                    ended_at=until,
                    wall_at=wall_at + (since - fell_asleep_at),
                    zone_min=zone_min,
                    policy=self._policy.version,
                    hub_clock=self._met,
                )
                for since, until in collected(self._policy, start, stop, self._starts)
            )
            start = stop
        wall_at += end - fell_asleep_at
        self._at, self._at_ms = end, to_ms
        self._unheard_ms = to_ms
        if before is not None:
            # Until the next sample nothing is known, and that sample is not late.
            self._sample = msgspec.structs.replace(before, mono_ms=to_ms, wall_at=wall_at)
        return events

    def pause(self) -> list[Event]:
        """Closes what is open at the last sample: the agent stops, or has not looked for a while."""
        events: list[Event] = []
        if self._open is not None and self._at is not None:
            self._close(self._at, events)
        return events

    # --- time

    def _now(self, mono_ms: int, events: list[Event]) -> datetime:
        """Hub time, never before what was recorded. Deals with a clock that was stepped or only now learned."""
        actual = self._clock.at(mono_ms)
        if self._clock.met and not self._met:
            self._first_contact()
            self._at = None
        at, passed_ms = self._at, mono_ms - self._at_ms
        self._at_ms = mono_ms
        if at is None:
            self._at = actual
            return actual
        expected = at + timedelta(milliseconds=passed_ms)
        if abs(actual - expected) > JUMP and self._open is not None:
            self._advance(max(at, min(expected, actual)), events)
            self._close(max(at, min(expected, actual)), events)
        self._at = max(actual, at)
        return self._at

    def _first_contact(self) -> None:
        """The interval that is open was stamped with the wall clock: hub time is known now, so it is restamped."""
        self._met = True
        if self._last_input_ms is not None:
            self._last_input_at = self._clock.at(self._last_input_ms)
        if (held := self._open) is not None:
            shift = self._clock.at(held.started_ms) - held.started_at
            held.started_at += shift
            held.hub_clock = True
            if held.first_input_at is not None:
                held.first_input_at += shift
            if held.last_input_at is not None:
                held.last_input_at += shift

    def _advance(self, to: datetime, events: list[Event]) -> None:
        """Closes what has to be closed up to `to`."""
        while (held := self._open) is not None:
            due = min([_closes_at(held), *(each.until_at for each in self._starts if each.until_at > held.started_at)])
            if due > to:
                return
            self._close(due, events)
            if not self._collects(due):
                return  # the hours end with a quarter-hour, where intervals are cut anyway; started work with its own end
            self._reopen(held, due)

    def _in_hours(self, now: datetime, events: list[Event]) -> bool:
        if self._collects(now):
            return True
        self._advance(now, events)
        self._open = None
        return False

    def _collects(self, at: datetime) -> bool:
        return collects(self._policy, at, self._starts)

    # --- input

    def _input(self, sample: Sample, now: datetime, facts: Facts, events: list[Event]) -> None:
        last_ms = sample.last_input_ms
        held = self._open
        if _declared(facts) or (held is not None and _declared(held.facts)):
            self._unheard_ms = sample.mono_ms
        elif last_ms is not None and last_ms > self._unheard_ms and not self._collects(self._clock.at(last_ms)):
            self._unheard_ms = last_ms
        elif last_ms is not None and last_ms > self._unheard_ms:
            known = self._last_input_ms
            if known is None or last_ms - known >= INPUT_NOISE_MS:
                self._last_input_ms = last_ms
                at = min(self._clock.at(last_ms), now)
                if self._last_input_at is None or at > self._last_input_at:
                    self._heard(at, events)
        held = self._open
        if held is not None and not held.facts.private and not facts.private:
            held.keys = min(COUNT_MAX, held.keys + sample.keys)
            held.clicks = min(COUNT_MAX, held.clicks + sample.clicks)
            held.scrolls = min(COUNT_MAX, held.scrolls + sample.scrolls)

    def _heard(self, at: datetime, events: list[Event]) -> None:
        """Input at `at`."""
        self._advance(at, events)
        self._last_input_at = at
        held = self._open
        if held is None or at < held.started_at:
            return  # within what is closed already: the next interval tells it as its last input
        if held.first_input_at is None:
            if at >= _minute_after(held.started_at):
                self._close(at, events)
                self._reopen(held, at)
                held = self._open
                assert held is not None
            held.first_input_at = at
        held.last_input_at = at

    # --- opening and closing

    def _begin(self, sample: Sample, facts: Facts, now: datetime) -> None:
        self._open = _Open(
            started_at=now,
            started_ms=sample.mono_ms,
            facts=facts,
            wall_at=sample.wall_at,
            zone_min=sample.zone_min,
            hub_clock=self._clock.met,
            last_input_at=None if facts.private else self._last_input_at,
        )

    def _change(self, sample: Sample, facts: Facts, now: datetime, events: list[Event]) -> None:
        held = self._open
        assert held is not None
        short = now - held.started_at < timedelta(milliseconds=SHORT_MS)
        if short and not held.facts.private and not facts.private:
            held.facts = facts
            return
        self._close(now, events)
        self._begin(sample, facts, now)

    def _reopen(self, held: _Open, at: datetime) -> None:
        """Goes on with the same facts from `at`."""
        passed = at - held.started_at
        self._open = _Open(
            started_at=at,
            started_ms=held.started_ms + int(passed.total_seconds() * 1000),
            facts=held.facts,
            wall_at=held.wall_at + passed,
            zone_min=self._sample.zone_min if self._sample else held.zone_min,
            hub_clock=held.hub_clock,
            last_input_at=held.last_input_at,
        )

    def _close(self, at: datetime | None, events: list[Event]) -> None:
        held, self._open = self._open, None
        if held is None or at is None or at <= held.started_at:
            return
        # Input lies within, unless the clock was corrected in between.
        first, last = held.first_input_at, held.last_input_at
        counted = self._policy.input_counts and not held.facts.private
        events.append(
            Interval(
                started_at=held.started_at,
                ended_at=at,
                wall_at=held.wall_at,
                zone_min=held.zone_min,
                policy=self._policy.version,
                hub_clock=held.hub_clock,
                facts=msgspec.structs.replace(held.facts, last_input_at=min(last, at) if last else None),
                first_input_at=min(first, at) if first else None,
                keys=held.keys if counted else 0,
                clicks=held.clicks if counted else 0,
                scrolls=held.scrolls if counted else 0,
            )
        )


def _declared(facts: Facts) -> bool:
    """Time of which no input is told."""
    return facts.private or facts.on_break


def _closes_at(held: _Open) -> datetime:
    if held.first_input_at is not None:
        return _minute_after(held.started_at)
    return quarter_of(held.started_at) + timedelta(minutes=15)


def _minute_after(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)
