"""Time that a person declared as private, or as a break, for all of their devices. Pure, and applied twice, as `policy.py` is.

Of private time nothing is kept but that it is private; of a break that it is one, and no app, site, title or input.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from hub.wire.activity import Facts, UtcTime
from hub.wire.events import Event, Gap, Interval

TOLD_WITHIN = timedelta(seconds=5)
"""An agent hears of a pause within a second or two. What it recorded before ends by then, and says nothing that was not so before."""
Kind = Literal["private", "break"]


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """`[since_at, until_at)`; with no `until_at`, until the person ends it."""

    kind: Kind
    since_at: UtcTime
    until_at: UtcTime | None = None

    def holds(self, at: datetime) -> bool:
        return self.since_at <= at and (self.until_at is None or at < self.until_at)

    def forbids_input(self, at: datetime) -> bool:
        """That at its very beginning was before it."""
        return at != self.since_at and self.holds(at)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the person declared at a device, at `at` by hub time as the device knows it: for all of their devices. `work` ends it."""

    kind: Literal["private", "break", "work"]
    at: UtcTime
    until_at: UtcTime | None = None


def paused(kind: Kind) -> Facts:
    """All that is told of such time."""
    return Facts(private=True) if kind == "private" else Facts(on_break=True)


def strip(event: Event, pauses: Sequence[Pause]) -> Event:
    """The event without what these pauses forbid; private outranks a break. Idempotent; times and sequence are never touched.

    One that lies in a pause, even in part, is that whole. One that began before it and ends within `TOLD_WITHIN` of its start is kept, with
    no input from after that: its facts held before. One beside it tells of no input in it.
    """
    if isinstance(event, Gap):
        return event
    touching = [pause for pause in pauses if _touches(pause, event)]
    late = [
        pause
        for pause in touching
        if event.started_at >= pause.since_at or event.ended_at - pause.since_at > TOLD_WITHIN
    ]
    if late:
        kinds = {pause.kind for pause in late}
        if event.facts.private:
            kinds.add("private")
        return _only(event, paused("private" if "private" in kinds else "break"))
    first, last = event.first_input_at, event.facts.last_input_at
    if last is not None:
        last = min([last, *(pause.since_at for pause in touching)])
    if first is not None and any(pause.forbids_input(first) for pause in pauses):
        first = None
    if last is not None and any(pause.forbids_input(last) for pause in pauses):
        last = None
    if last != event.facts.last_input_at:
        event = msgspec.structs.replace(event, facts=msgspec.structs.replace(event.facts, last_input_at=last))
    return event if first == event.first_input_at else msgspec.structs.replace(event, first_input_at=first)


def _touches(pause: Pause, event: Interval) -> bool:
    return event.ended_at > pause.since_at and (pause.until_at is None or event.started_at < pause.until_at)


def _only(event: Interval, facts: Facts) -> Interval:
    return msgspec.structs.replace(event, facts=facts, first_input_at=None, keys=0, clicks=0, scrolls=0)
