"""What the sensors of a simulated desk would say, moment by moment, through a plan of `agents/days.py`. Pure and lazy.

A real agent looks each second; here a moment comes only when something changes: an input, another window, a lock. So a day takes
some 1,500 moments, and a fleet holds only the next one of each desk.
"""

import random
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from agents.days import BROWSING, CALLS, CHATS, JOBS, VIDEOS, Block, Plan, Traits
from hub.wire.activity import QUARTER_S, Facts

Turn = Literal["sample", "sleep", "wake", "off"]

QUARTER_MS = QUARTER_S * 1000
STEP_MS = (9_000, 26_000)
"""Between two moments of steady input. Presence is refreshed each 10 s by a real agent under steady input."""
SPARSE_STEP_MS = (20_000, 44_000)
"""For the past: nobody watches it, and intervals are cut at minutes all the same."""
PAUSE_SHARE = 0.10
PAUSE_MS = (35_000, 140_000)
"""Somebody thinks."""
GLANCE_SHARE = 0.3
"""Of window changes: to the chat or the web, for seconds."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """At `at_ms` (Unix): a sample of the sensors, or the machine goes to sleep, wakes, or is shut down."""

    at_ms: int
    turn: Turn
    facts: Facts = Facts()
    last_input_ms: int | None = None
    zone_min: int = 0
    keys: int = 0
    clicks: int = 0
    scrolls: int = 0


def moments_of(
    traits: Traits,
    plans: Iterable[Plan],
    from_ms: int,
    until_ms: int | None = None,
    step_ms: tuple[int, int] = STEP_MS,
) -> Iterator[Moment]:
    """The moments of these plans within `[from_ms, until_ms)`, in order. The machine sleeps or is off between two plans.

    `step_ms`: from and to, between two moments of steady input.
    """
    away: Moment | None = None
    for plan in plans:
        if away is not None and away.turn == "sleep":
            yield Moment(max(plan.start_ms, away.at_ms + 1), "wake", zone_min=plan.zone_min)
        away = None
        for moment in _within(traits, plan, from_ms, step_ms):
            if until_ms is not None and moment.at_ms >= until_ms:
                return
            yield moment
        if until_ms is not None and plan.end_ms >= until_ms:
            return
        away = Moment(plan.end_ms, "sleep" if traits.closes_lid else "off", zone_min=plan.zone_min)
        yield away


def _within(traits: Traits, plan: Plan, from_ms: int, step_ms: tuple[int, int]) -> Iterator[Moment]:
    rng = random.Random(f"{traits.seed}|{traits.person}|{plan.start_ms}")  # noqa: S311
    desk = _Desk(traits, plan, rng, step_ms)
    for block in plan.blocks:
        if block.end_ms <= from_ms:
            continue
        start_ms = max(block.start_ms, from_ms)
        if block.kind == "sleep":
            yield desk.sample(start_ms)
            yield Moment(start_ms, "sleep", zone_min=plan.zone_min)
            yield Moment(block.end_ms, "wake", zone_min=plan.zone_min)
        else:
            yield from desk.during(block, start_ms)
    if plan.end_ms > from_ms:
        yield desk.sample(plan.end_ms)


class _Desk:
    """What is on the screen, and when it was last touched."""

    def __init__(self, traits: Traits, plan: Plan, rng: random.Random, step_ms: tuple[int, int]) -> None:
        self._job = JOBS[traits.job]
        self._zone_min = plan.zone_min
        self._rng = rng
        self._step_ms = step_ms
        self._facts = Facts()
        self._last_input_ms: int | None = None

    def sample(self, at_ms: int, busy: float = 0) -> Moment:
        """The desk now. `busy`: seconds of input since the moment before."""
        keys = clicks = scrolls = 0
        if busy:
            keys = int(self._rng.random() * 2 * self._job.keys * busy / 60)
            clicks = int(self._rng.random() * busy / 4)
            scrolls = int(self._rng.random() * busy / 3)
        return Moment(at_ms, "sample", self._facts, self._last_input_ms, self._zone_min, keys, clicks, scrolls)

    def during(self, block: Block, start_ms: int) -> Iterator[Moment]:
        rng = self._rng
        match block.kind:
            case "focus":
                return self._busy(start_ms, block.end_ms, self._job.apps, (60_000, 420_000))
            case "chat":
                return self._busy(start_ms, block.end_ms, CHATS, (30_000, 180_000))
            case "browse":
                return self._busy(start_ms, block.end_ms, BROWSING, (20_000, 150_000))
            case "meeting" | "presenting" | "listening":
                facts = _facts(*rng.choice(CALLS), call=True, presenting=block.kind == "presenting")
                touched = None if block.kind == "listening" else (15_000, 260_000)
                return self._quiet(start_ms, block.end_ms, facts, touched)
            case "reading":
                return self._quiet(start_ms, block.end_ms, _facts(*rng.choice(self._job.apps)), (30_000, 420_000))
            case "video":
                return self._quiet(start_ms, block.end_ms, _facts(*rng.choice(VIDEOS), media=True), None)
            case "locked":
                return self._quiet(start_ms, block.end_ms, Facts(locked=True), None)
            case "break":
                return self._quiet(start_ms, block.end_ms, Facts(on_break=True), None)
            case "private":
                return self._quiet(start_ms, block.end_ms, Facts(private=True), None)
            case _:
                return self._quiet(start_ms, block.end_ms, self._facts, None)

    def _busy(
        self,
        start_ms: int,
        end_ms: int,
        apps: tuple[tuple[str, str | None, str], ...],
        stays_ms: tuple[int, int],
    ) -> Iterator[Moment]:
        """Steady input, window after window."""
        rng = self._rng
        at_ms = switch_ms = start_ms
        before_ms = start_ms
        while at_ms < end_ms:
            if at_ms >= switch_ms:
                glance = rng.random() < GLANCE_SHARE
                choice = rng.choice(CHATS + BROWSING) if glance else apps[min(int(rng.expovariate(1.1)), len(apps) - 1)]
                self._facts = _facts(*choice)
                switch_ms = at_ms + rng.randint(*((6_000, 45_000) if glance else stays_ms))
            self._last_input_ms = at_ms - int(rng.random() * 1_200) if at_ms > start_ms else at_ms
            yield self.sample(at_ms, min(30, (at_ms - before_ms) / 1000))
            before_ms = at_ms
            least, most = PAUSE_MS if rng.random() < PAUSE_SHARE else self._step_ms
            at_ms = min(at_ms + least + int(rng.random() * (most - least)), max(switch_ms, at_ms + 1_500))

    def _quiet(self, start_ms: int, end_ms: int, facts: Facts, touched_ms: tuple[int, int] | None) -> Iterator[Moment]:
        """Little input, or none: looked at just after each quarter-hour, where intervals are cut."""
        rng = self._rng
        shown_before = self._facts
        self._facts = facts
        yield self.sample(start_ms)
        touch_ms = start_ms + rng.randint(*touched_ms) if touched_ms else end_ms
        look_ms = start_ms // QUARTER_MS * QUARTER_MS + QUARTER_MS + rng.randrange(1_000)
        while (at_ms := min(touch_ms, look_ms)) < end_ms:
            if at_ms == touch_ms and touched_ms is not None:
                self._last_input_ms = at_ms
                yield self.sample(at_ms, 3)
                touch_ms = at_ms + rng.randint(*touched_ms)
            else:
                yield self.sample(at_ms)
            if at_ms == look_ms:
                look_ms += QUARTER_MS
        if not facts.app:
            self._facts = shown_before


@lru_cache(4096)
def _facts(
    app: str, site: str | None, title: str, call: bool = False, media: bool = False, presenting: bool = False
) -> Facts:
    return Facts(app=app, site=site, title=title, call=call, media=media, presenting=presenting)
