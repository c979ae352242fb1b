"""A simulated desk: moments of a day through the same recorder and tracker as a real one. Pure; in virtual time, which is Unix ms.

Used twice by each simulated agent: once for what is, and before it, with the same code, for the past.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from agents.clock import HubClock, from_microseconds
from agents.intervals import Recorder, Sample
from agents.moments import Moment
from agents.presence import Shown, Tracker
from hub.wire.events import Event
from hub.wire.policy import Policy

NEVER_STALE_MS = 10**12
"""Moments come when something changes, so a long silence between two is no sensor that has died."""


class _VirtualClock(HubClock):
    """Virtual time is hub time already: there is nothing to learn, so all desks share one."""

    def __init__(self) -> None:
        super().__init__(0, datetime(1970, 1, 1, tzinfo=UTC), learned_us=0)

    def at(self, mono_ms: int) -> datetime:
        return from_microseconds(mono_ms * 1000)


_CLOCK = _VirtualClock()


class Desk:
    """Lives through moments; `until` and `end` return the events, which belong in the spool at once."""

    def __init__(self, moments: Iterator[Moment], policy: Policy, from_ms: int, *, wall: bool = True) -> None:
        """Without a `wall` nothing is shown: for the past."""
        self.until_ms = from_ms
        """Up to when it has told what it did."""
        self.shown: Shown | None = None
        """What the wall was last found worth being told; None while the machine is away."""
        self.turns = 0
        """How often `shown` has changed."""
        self._moments = moments
        self._next = next(moments, None)
        self._policy = policy
        self._recorder = Recorder(_CLOCK, policy, NEVER_STALE_MS)
        self._tracker = Tracker() if wall else None
        self._last: Moment | None = None
        self._asleep_from_ms: int | None = None
        self.away = self._next is None or self._next.at_ms > from_ms
        """The machine sleeps, or is off."""

    @property
    def next_ms(self) -> int | None:
        """When the next moment is; None when there is none."""
        return self._next.at_ms if self._next is not None else None

    def until(self, now_ms: int, most: int | None = None) -> list[Event]:
        """Lives on to `now_ms`, through at most `most` moments."""
        events: list[Event] = []
        while (moment := self._next) is not None and moment.at_ms <= now_ms and most != 0:
            self._next = next(self._moments, None)
            self._turn(moment, events)
            most = most - 1 if most is not None else None
        return events

    def end(self, at_ms: int) -> list[Event]:
        """Lives on to `at_ms`, where all ends: closes what is open."""
        events = self.until(at_ms)
        self._next = None
        if self._asleep_from_ms is not None:
            events += self._recorder.slept(self._asleep_from_ms, at_ms)
        elif self._last is not None and not self.away:
            events += self._recorder.sample(_sample(self._last, at_ms))
            events += self._recorder.pause()
        self._asleep_from_ms, self.away, self.until_ms = None, True, at_ms
        return events

    def change_policy(self, policy: Policy) -> list[Event]:
        """From here on another policy is in force."""
        self._policy = policy
        return self._recorder.change_policy(policy, self.until_ms)

    def _turn(self, moment: Moment, events: list[Event]) -> None:
        self.until_ms = moment.at_ms
        match moment.turn:
            case "sample":
                self.away = False
                self._last = moment
                sample = _sample(moment, moment.at_ms)
                events += self._recorder.sample(sample)
                if self._tracker is not None and self._recorder.resting:
                    self._tracker = Tracker()
                    if self.shown is not None:
                        self._show(None)
                elif self._tracker is not None:
                    at = from_microseconds(moment.at_ms * 1000)
                    if shown := self._tracker.update(self._recorder.facts(sample), self._policy, at):
                        self._show(shown)
            case "wake":
                if self._asleep_from_ms is not None:
                    events += self._recorder.slept(self._asleep_from_ms, moment.at_ms)
                self._asleep_from_ms, self.away = None, False
            case "sleep" | "off":
                events += self._recorder.pause()
                self._asleep_from_ms = moment.at_ms if moment.turn == "sleep" else None
                self._last, self.away = None, True
                if self._tracker is not None:
                    self._tracker = Tracker()
                    self._show(None)

    def _show(self, shown: Shown | None) -> None:
        self.shown = shown
        self.turns += 1


def _sample(moment: Moment, at_ms: int) -> Sample:
    """The sensors at `at_ms`, when nothing changed since `moment`."""
    now = moment.at_ms == at_ms
    return Sample(
        mono_ms=at_ms,
        wall_at=from_microseconds(at_ms * 1000),
        zone_min=moment.zone_min,
        facts=moment.facts,
        last_input_ms=moment.last_input_ms,
        keys=moment.keys if now else 0,
        clicks=moment.clicks if now else 0,
        scrolls=moment.scrolls if now else 0,
    )
