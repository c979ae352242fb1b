"""From the stored rows of a person to what each instant was: judged device by device, then united. Pure.

What a stored row means:
  - Its facts hold for `[started_at, ended_at)`. Input is known from its first to its last input within it, and at its last input
    when that lies before it.
  - A silence is open when no input is stored after it. It then counts as long as it is known to be: up to the end of the device's
    latest stored row, which the device's cursor keeps as `last_ended_at`.
  - An instant belongs to one device of the person, so that devices are united and never summed: what the person says outranks what they
    do, and that what the machine shows. Ties go to the row with the latest input, then to the lower device.
  - Input counts go to the quarter-hour of their row, as active in its app and site, also if another device owned that time; but if any
    of the row's time was private on some device, to the person's private time, without app and site. So counts add up to those stored.

So an instant depends on input no further away than the limit, on the rows that hold it, and on `last_ended_at` if it follows the device's
latest input within the limit. `stored.py` fetches that much, ingest (`live/plan.py`) marks it.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntFlag
from typing import NamedTuple

from hub.wire.activity import QUARTER_S, Facts, Reason, Span, State, Stretch, judge, quarter_of, quarters

_Key = tuple[datetime, State, str | None, str | None]

QUARTER = timedelta(seconds=QUARTER_S)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

# As `live/presence.py` ranks them.
_RANK: dict[State, int] = {"private": 7, "break": 6, "active": 5, "passive": 4, "idle": 3, "locked": 2}


class Flag(IntFlag):
    """Bits of `interval.flags`."""

    GAP = 1
    CALL = 2
    MEDIA = 4
    PRESENTING = 8
    LOCKED = 16
    BREAK = 32
    PRIVATE = 64
    WALL_CLOCK = 128
    """Stamped by the device's wall clock, before it met a hub."""


class Stored(NamedTuple):
    """What a row of `interval` says, without its title."""

    device: int
    started_at: datetime
    ended_at: datetime
    policy: int
    flags: int
    app: str | None
    site: str | None
    first_input_at: datetime | None
    last_input_at: datetime | None
    keys: int
    clicks: int
    scrolls: int


class Piece(NamedTuple):
    """What a person's time was, `[started_at, ended_at)`, within one UTC quarter-hour: why, and by which device."""

    started_at: datetime
    ended_at: datetime
    state: State
    app: str | None
    site: str | None
    reason: Reason
    device: int


class Total(NamedTuple):
    """What a person's quarter-hour has of one state, app and site."""

    quarter_at: datetime
    state: State
    app: str | None
    site: str | None
    duration_us: int
    keys: int
    clicks: int
    scrolls: int


def pieces_of(
    rows: Iterable[Stored],
    known_until: Mapping[int, datetime],
    idle_limit_s: Callable[[int], int],
    start_at: datetime,
    end_at: datetime,
) -> list[Piece]:
    """What `[start_at, end_at)`, whole quarter-hours, was for a person: in order, each instant once, equal neighbours joined.

    `rows` are theirs that start in that time, and those around it whose input reaches to within the limit of it; `known_until` gives the
    end of a device's latest row.
    """
    by_device: dict[int, list[Stored]] = {}
    for row in rows:
        by_device.setdefault(row.device, []).append(row)
    claims: list[_Claim] = []
    for device, mine in by_device.items():
        mine.sort(key=_in_order)
        stretches = [_stretch(row, start_at, end_at) for row in mine]
        judged = judge(stretches, idle_limit_s, known_until.get(device, _NEVER))
        claims += [_claim(device, span) for span in judged]
    return _cut(_united(claims))


def totals_of(pieces: Sequence[Piece], rows: Iterable[Stored], start_at: datetime, end_at: datetime) -> list[Total]:
    """The pieces of a person added up by quarter-hour, with the counts of the rows that start in `[start_at, end_at)`."""
    sums: defaultdict[_Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    private: dict[datetime, list[Piece]] = {}
    for piece in pieces:
        quarter = quarter_of(piece.started_at)
        sums[quarter, piece.state, piece.app, piece.site][0] += (piece.ended_at - piece.started_at) // _MICROSECOND
        if piece.state == "private":
            private.setdefault(quarter, []).append(piece)
    for row in rows:
        if not (row.keys or row.clicks or row.scrolls) or not start_at <= row.started_at < end_at:
            continue
        quarter = quarter_of(row.started_at)
        hidden = any(
            piece.started_at < row.ended_at and row.started_at < piece.ended_at for piece in private.get(quarter, ())
        )
        key: _Key = (quarter, "private", None, None) if hidden else (quarter, "active", row.app, row.site)
        counts = sums[key]
        counts[1] += row.keys
        counts[2] += row.clicks
        counts[3] += row.scrolls
    return [Total(*key, *counts) for key, counts in sums.items()]


class _Claim(NamedTuple):
    """A device's claim to a piece of time. Sorts as it starts; `order` sorts the stronger claim first, whatever was cut."""

    started_at: datetime
    ended_at: datetime
    order: tuple[int, timedelta, int, tuple[str, ...], tuple[str, ...]]
    state: State
    app: str | None
    site: str | None
    reason: Reason
    device: int


def _claim(device: int, span: Span) -> _Claim:
    facts = span.facts
    since = _NEVER - (facts.last_input_at or _NEVER)
    order = (-_RANK[span.state], since, device, _text(facts.app), _text(facts.site))
    return _Claim(span.started_at, span.ended_at, order, span.state, facts.app, facts.site, span.reason, device)


def _text(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _united(claims: list[_Claim]) -> list[Piece]:
    """The strongest claim of every instant: a sweep over their starts, with the claims that may hold in a heap."""
    claims.sort(key=_in_order_of_start)
    pieces: list[Piece] = []
    held: list[tuple[tuple[object, ...], int]] = []
    index, at = 0, _NEVER
    while index < len(claims) or held:
        while held and claims[held[0][1]].ended_at <= at:
            heapq.heappop(held)
        if not held:
            if index == len(claims):
                break
            at = max(at, claims[index].started_at)
        while index < len(claims) and claims[index].started_at <= at:
            if claims[index].ended_at > at:
                heapq.heappush(held, (claims[index].order, index))
            index += 1
        if not held:
            continue
        best = claims[held[0][1]]
        end = best.ended_at if index == len(claims) else min(best.ended_at, claims[index].started_at)
        _append(pieces, at, end, best)
        at = end
    return pieces


def _append(pieces: list[Piece], start: datetime, end: datetime, claim: _Claim) -> None:
    if pieces and (last := pieces[-1]).ended_at == start and last[2:] == claim[3:]:
        pieces[-1] = last._replace(ended_at=end)
    else:
        pieces.append(Piece(start, end, claim.state, claim.app, claim.site, claim.reason, claim.device))


def _cut(pieces: list[Piece]) -> list[Piece]:
    cut: list[Piece] = []
    for piece in pieces:
        if piece.ended_at - quarter_of(piece.started_at) <= QUARTER:
            cut.append(piece)
        else:
            cut += (
                piece._replace(started_at=start, ended_at=end)
                for start, end in quarters(piece.started_at, piece.ended_at)
            )
    return cut


def _stretch(row: Stored, start_at: datetime, end_at: datetime) -> Stretch:
    """The row as `judge` takes it. One outside the time in question is there for its input only, so it is empty."""
    flags = row.flags
    return Stretch(
        started_at=row.started_at,
        ended_at=row.ended_at if start_at <= row.started_at < end_at else row.started_at,
        facts=Facts(
            app=row.app,
            site=row.site,
            last_input_at=row.last_input_at,
            call=flags & 2 != 0,
            media=flags & 4 != 0,
            presenting=flags & 8 != 0,
            locked=flags & 16 != 0,
            on_break=flags & 32 != 0,
            private=flags & 64 != 0,
        ),
        first_input_at=row.first_input_at,
        asleep=flags & 1 != 0,
        policy=row.policy,
    )


def _in_order(row: Stored) -> datetime:
    return row.started_at


def _in_order_of_start(claim: _Claim) -> datetime:
    return claim.started_at
