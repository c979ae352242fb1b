"""Facts, and what they mean. Pure: agents send facts, and this file alone decides which state a moment was in.

A silence (no input) longer than the policy's limit is idle *from its first second*, so the state of a moment can depend
on what came later. `state_at` answers for the live wall, at an instant; `judge` answers for the past, over a device's timeline.
Both are held to the table in `cases/activity.json`, which the browser's twin of `state_at` must pass too.
"""

import bisect
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

State = Literal["active", "passive", "idle", "locked", "break", "private", "offline", "unknown"]
Reason = Literal[
    "input", "call", "media", "presentation", "silence", "lock", "sleep", "break", "private", "no_connection", "lease"
]

UtcTime = Annotated[datetime, msgspec.Meta(tz=True)]

QUARTER_S = 900
"""No interval crosses a UTC quarter-hour: every zone's offset is a multiple of it."""
IDLE_LIMIT_MIN_S = 60
"""An interval with input is at most a minute long, so silences within one are below any limit and need not be known."""


class Facts(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What a device saw. `None` for a text means: not permitted, not available, or not there."""

    app: str | None = None
    site: str | None = None
    title: str | None = None
    last_input_at: UtcTime | None = None
    call: bool = False
    media: bool = False
    presenting: bool = False
    locked: bool = False
    on_break: bool = False
    private: bool = False


class Judgement(msgspec.Struct, frozen=True):
    """A state, why, and since when (`None`: since the facts began)."""

    state: State
    reason: Reason
    since_at: datetime | None = None


def state_at(facts: Facts, at: datetime, idle_limit_s: int) -> Judgement:
    """The state at `at`, given the latest facts. Without a known input a person is not active."""
    if declared := _declared(facts):
        return declared
    silent_since = facts.last_input_at
    if silent_since is not None and (at - silent_since).total_seconds() <= idle_limit_s:
        return Judgement("active", "input")
    return _silent(facts, silent_since)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one device's time with the same facts, `[started_at, ended_at)`.

    The pieces of a stretch that was cut keep both of its input times unchanged, wherever these lie: so judged pieces add up to the whole.
    """

    started_at: datetime
    ended_at: datetime
    facts: Facts
    first_input_at: datetime | None = None
    asleep: bool = False
    policy: int = 0


class Span(msgspec.Struct, frozen=True):
    """A judged piece of time, `[started_at, ended_at)`, with the facts it was judged by."""

    started_at: datetime
    ended_at: datetime
    state: State
    reason: Reason
    facts: Facts


def judge(stretches: Sequence[Stretch], idle_limit_s: Callable[[int], int], until: datetime) -> list[Span]:
    """States of one device over time, in order.

    `stretches` are sorted and don't overlap; `idle_limit_s` gives the limit of a policy version; `until` is up to when input
    is known: a silence that is still open then counts as that long (never less than up to the end of the stretches). Between
    the first and the last input of one stretch input is taken to be continuous. Time that no stretch covers, and time in which
    input is not told (private, asleep), is silence too. The spans cover the stretches exactly; equal neighbours are joined.
    """
    runs = _input_runs(stretches)
    starts = [run[0] for run in runs]
    known_until = max([until, *(stretch.ended_at for stretch in stretches)])
    spans: list[Span] = []
    for stretch in stretches:
        if stretch.ended_at <= stretch.started_at:
            continue
        declared = Judgement("locked", "sleep") if stretch.asleep else _declared(stretch.facts)
        if declared:
            spans.append(Span(stretch.started_at, stretch.ended_at, declared.state, declared.reason, stretch.facts))
            continue
        limit = timedelta(seconds=idle_limit_s(stretch.policy))
        for start, end, silent in _cut_by_silence(stretch, runs, starts, limit, known_until):
            meant = _silent(stretch.facts, None) if silent else Judgement("active", "input")
            spans.append(Span(start, end, meant.state, meant.reason, stretch.facts))
    return _joined(spans)


def quarters(started_at: datetime, ended_at: datetime) -> Iterable[tuple[datetime, datetime]]:
    """`[started_at, ended_at)` cut at UTC quarter-hours, in order. Yields nothing for an empty range."""
    start = started_at
    while start < ended_at:
        rest = timedelta(seconds=QUARTER_S) - (start - quarter_of(start))
        end = start + rest if ended_at - start > rest else ended_at  # compared so, it cannot overflow in the year 9999
        yield start, end
        start = end


def quarter_of(at: datetime) -> datetime:
    """The start of the UTC quarter-hour that holds `at`, in UTC."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return datetime(
        at.year, at.month, at.day, at.hour, at.minute - at.minute % 15, tzinfo=UTC
    )  # replace() takes four times as long


def _declared(facts: Facts) -> Judgement | None:
    """What outranks input: said by the person, then by the machine."""
    if facts.private:
        return Judgement("private", "private")
    if facts.on_break:
        return Judgement("break", "break")
    if facts.locked:
        return Judgement("locked", "lock")
    return None


def _silent(facts: Facts, since_at: datetime | None) -> Judgement:
    if facts.call:
        return Judgement("passive", "call", since_at)
    if facts.presenting:
        return Judgement("passive", "presentation", since_at)
    if facts.media:
        return Judgement("passive", "media", since_at)
    return Judgement("idle", "silence", since_at)


def _input_runs(stretches: Sequence[Stretch]) -> list[tuple[datetime, datetime]]:
    """Known input as `(first, last)`, sorted, overlaps merged. A stretch vouches for no input from before its start but the last."""
    raw = sorted(
        (min(max(stretch.first_input_at or last, stretch.started_at), last), last)
        for stretch in stretches
        if (last := stretch.facts.last_input_at) is not None
    )
    runs: list[tuple[datetime, datetime]] = []
    for first, last in raw:
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], last))
        else:
            runs.append((first, last))
    return runs


def _cut_by_silence(
    stretch: Stretch,
    runs: list[tuple[datetime, datetime]],
    starts: list[datetime],
    limit: timedelta,
    known_until: datetime,
) -> Iterable[tuple[datetime, datetime, bool]]:
    """The stretch in pieces `(start, end, silent)`."""
    at = stretch.started_at
    index = bisect.bisect_right(starts, at) - 1
    while at < stretch.ended_at:
        run = runs[index] if index >= 0 else None
        following = runs[index + 1][0] if index + 1 < len(runs) else None
        if run is not None and at < run[1]:
            end = min(run[1], stretch.ended_at)
            yield at, end, False
        else:
            silence_end = following or known_until
            end = min(following or stretch.ended_at, stretch.ended_at)
            silent = run is None or silence_end - run[1] > limit
            yield at, end, silent
            index += 1
        at = end


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if (
            last
            and last.ended_at == span.started_at
            and last.state == span.state
            and last.reason == span.reason
            and last.facts == span.facts
        ):
            joined[-1] = msgspec.structs.replace(last, ended_at=span.ended_at)
        else:
            joined.append(span)
    return joined
