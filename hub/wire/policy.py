"""What a policy lets through. Pure, and applied twice: on the device before the spool, and again by the hub.

Fails closed: a field that the policy doesn't name is stripped. `permit` strips fields, never whole events, so that every sequence
number stays accounted for.
"""

import functools
import itertools
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from hub.wire.activity import IDLE_LIMIT_MIN_S, Facts, UtcTime, quarters
from hub.wire.events import EVENT_MAX_S, RETENTION_DAYS, SUMS_DAYS, SUMS_DAYS_MAX, Event, Gap, Interval, PolicyVersion

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
QUARTER_MIN = 15
WeekMinute = Annotated[int, msgspec.Meta(ge=0, le=WEEK_MIN, multiple_of=QUARTER_MIN)]
Hours = tuple[tuple[WeekMinute, WeekMinute], ...]
"""Stretches of a week, `[from, until)` in minutes after the midnight before Monday, in order and apart. On quarter-hours, so that no
interval lies on both sides of an end."""


Days = Annotated[int, msgspec.Meta(ge=1, le=RETENTION_DAYS)]
PERIODS = ("title_days", "app_days", "count_days", "activity_days", "sum_days")
"""Details first, then the activity that they belong to, then the sums that outlive it: none is kept longer than what it belongs to."""
DETAILS = PERIODS[:3]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What agents may collect, and how long it is kept. Of the words the defaults are the narrowest: state and nothing else."""

    version: PolicyVersion
    idle_limit_s: Annotated[int, msgspec.Meta(ge=0, le=24 * 3600)] = 300
    app: bool = False
    site: bool = False
    title: bool = False
    input_counts: bool = False
    hours: Hours | None = None
    """When anything is collected at all, by the clock of `zone`. None given: at any time."""
    zone: str = ""
    """IANA name; named where there are hours. With one that is not known here nothing is collected."""
    private_time: bool = True
    """Whether the person may declare private time. What is private stays so, whatever this says."""
    look_reason: bool = False
    """Whether whoever opens the person's details has to say why, which the person sees. Agents act on nothing from here on."""
    title_days: Days = RETENTION_DAYS
    """How many days before today titles are kept; then apps and sites, counts of input, and the activity itself."""
    app_days: Days = RETENTION_DAYS
    count_days: Days = RETENTION_DAYS
    activity_days: Days = RETENTION_DAYS
    sum_days: Annotated[int, msgspec.Meta(ge=1, le=SUMS_DAYS_MAX)] = SUMS_DAYS
    """Of sums of whole days, and when in them somebody was in which state."""


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """`[since_at, until_at)`, for which the person started work outside the hours: what the policy permits within them is collected."""

    since_at: UtcTime
    until_at: UtcTime

    def holds(self, at: datetime) -> bool:
        return self.since_at <= at < self.until_at


Starts = tuple[Started, ...]

DEFAULT = Policy(version=1, app=True)
"""Where nothing is set: state and app. Titles, sites and input counts are off."""

NOTHING = Policy(version=0)

STARTED_MAX = timedelta(hours=6)
"""That a start holds. One that is forgotten in the evening ends in the night, and never records a whole one."""
_LONGEST = timedelta(seconds=EVENT_MAX_S)
TEXT_MAX = {"app": 200, "site": 255, "title": 500}


def stricter(one: Policy, other: Policy) -> Policy:
    """Field by field what both permit, under the number and the idle limit of `one`."""
    return Policy(
        version=one.version,
        idle_limit_s=max(one.idle_limit_s, IDLE_LIMIT_MIN_S),
        app=one.app and other.app,
        site=one.site and other.site,
        title=one.title and other.title,
        input_counts=one.input_counts and other.input_counts,
        hours=_shared(one.hours, _by_clock(other, one.zone)),
        zone=one.zone or other.zone,
        private_time=one.private_time or other.private_time,
        look_reason=one.look_reason or other.look_reason,
        title_days=min(one.title_days, other.title_days),
        app_days=min(one.app_days, other.app_days),
        count_days=min(one.count_days, other.count_days),
        activity_days=min(one.activity_days, other.activity_days),
        sum_days=min(one.sum_days, other.sum_days),
    )


def widened(old: Policy, new: Policy) -> list[str]:
    """The fields by which `new` collects what `old` does not, keeps it longer, or takes private time away; empty when it is no wider.

    The idle limit says what is meant by what was collected, so it widens nothing. The same hours by the clock of another zone are others.
    """
    wider = [word for word in ("app", "site", "title", "input_counts") if getattr(new, word) and not getattr(old, word)]
    if old.hours is not None and (
        new.hours is None or _shared(new.hours, _by_clock(old, new.zone)) != joined(new.hours)
    ):
        wider.append("hours")
    if old.private_time and not new.private_time:
        wider.append("private_time")
    return wider + [period for period in PERIODS if getattr(new, period) > getattr(old, period)]


def collects(policy: Policy, at: datetime, starts: Starts = ()) -> bool:
    """Whether anything is collected at `at`. A UTC quarter-hour lies wholly within the hours or wholly without."""
    if policy.hours is None:
        return True
    zone = _zone(policy.zone)
    if zone is None:
        return False
    local = at.astimezone(zone)
    minute = local.weekday() * DAY_MIN + local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in policy.hours) or any(each.holds(at) for each in starts)


def collected(
    policy: Policy, started_at: datetime, ended_at: datetime, starts: Starts = ()
) -> list[tuple[datetime, datetime]]:
    """The parts of `[started_at, ended_at)` that lie within the policy's hours or a start, in order."""
    if policy.hours is None:
        return [(started_at, ended_at)]
    cuts = {cut for each in starts for cut in (each.since_at, each.until_at)}
    parts: list[tuple[datetime, datetime]] = []
    for quarter in quarters(started_at, ended_at):
        edges = sorted({*quarter, *(cut for cut in cuts if quarter[0] < cut < quarter[1])})
        for start, end in itertools.pairwise(edges):
            if collects(policy, start, starts):
                if parts and parts[-1][1] == start:
                    start = parts.pop()[0]
                parts.append((start, end))
    return parts


def start_at(policy: Policy, at: datetime) -> Started | None:
    """What somebody starts who starts work at `at`: until the hours begin, and no longer than may be. `None` where it is no use: within the
    hours, and where these are not known."""
    if collects(policy, at) or _zone(policy.zone) is None:
        return None
    rest = (start for start, _ in quarters(at, at + STARTED_MAX) if collects(policy, start))
    return Started(since_at=at, until_at=next(rest, at + STARTED_MAX))


def permit_facts(facts: Facts, policy: Policy) -> Facts:
    """The facts that the policy permits, with texts made safe to store. Private time keeps nothing but that it is private."""
    if facts.private:
        return Facts(private=True)
    app = _clean_name(facts.app, TEXT_MAX["app"]) if policy.app else None
    site = _clean_name(facts.site, TEXT_MAX["site"]) if policy.site else None
    title = clean(facts.title, TEXT_MAX["title"]) if policy.title else None
    if app == facts.app and site == facts.site and title == facts.title:
        return facts  # nearly all: the device permitted them before
    return Facts(
        app=app,
        site=site,
        title=title,
        last_input_at=facts.last_input_at,
        call=facts.call,
        media=facts.media,
        presenting=facts.presenting,
        locked=facts.locked,
        on_break=facts.on_break,
    )


def permit(event: Event, policy: Policy, starts: Starts = ()) -> Event:
    """The event without what the policy does not permit. Idempotent; times and sequence are never touched.

    One that does not lie within the policy's hours, or a start of the person's, keeps what private time keeps.
    """
    if isinstance(event, Gap):
        return event
    if policy.hours is not None:
        event = _in_hours(policy, event, starts)
    counted = policy.input_counts and not event.facts.private
    facts = permit_facts(event.facts, policy)
    if facts is event.facts and (counted or event.keys == event.clicks == event.scrolls == 0):
        return event
    return Interval(
        started_at=event.started_at,
        ended_at=event.ended_at,
        wall_at=event.wall_at,
        zone_min=event.zone_min,
        policy=event.policy,
        hub_clock=event.hub_clock,
        facts=facts,
        first_input_at=None if event.facts.private else event.first_input_at,
        keys=event.keys if counted else 0,
        clicks=event.clicks if counted else 0,
        scrolls=event.scrolls if counted else 0,
    )


def in_time(event: Event, policy: Policy, now: datetime) -> Event:
    """The event without what is over its period when it arrives: what lies more than that many times 24 hours back. Idempotent."""
    if isinstance(event, Gap):
        return event
    days = (now - event.started_at) / timedelta(days=1)
    facts = event.facts
    if days > policy.title_days:
        facts = msgspec.structs.replace(facts, title=None)
    if days > policy.app_days:
        facts = msgspec.structs.replace(facts, app=None, site=None)
    if days > policy.count_days:
        event = msgspec.structs.replace(event, keys=0, clicks=0, scrolls=0)
    return msgspec.structs.replace(event, facts=facts)


def shortest(policy: Policy) -> timedelta:
    """The period within which an event loses nothing."""
    return timedelta(days=min(policy.title_days, policy.app_days, policy.count_days, policy.activity_days))


def _in_hours(policy: Policy, event: Interval, starts: Starts) -> Interval:
    """The event with nothing of what lies outside the hours and every start: nothing at all, or without an input from outside them."""
    last = event.facts.last_input_at
    whole = (
        event.ended_at - event.started_at <= _LONGEST  # a longer one is quarantined in any case
        and collects(policy, event.started_at, starts)
        and all(
            collects(policy, start) or any(each.since_at <= start and end <= each.until_at for each in starts)
            for start, end in quarters(event.started_at, event.ended_at)
        )
    )
    if not whole:
        return msgspec.structs.replace(event, facts=Facts(private=True))
    if last is not None and last != event.ended_at and not collects(policy, last, starts):
        event = msgspec.structs.replace(event, facts=msgspec.structs.replace(event.facts, last_input_at=None))
    first = event.first_input_at
    if first is not None and first != event.ended_at and not collects(policy, first, starts):
        event = msgspec.structs.replace(event, first_input_at=None)
    return event


def joined(hours: Iterable[tuple[int, int]]) -> Hours:
    """In order, with what overlaps or touches in one."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(hours):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)


def _shared(one: Hours | None, other: Hours | None) -> Hours | None:
    """The time that lies in both."""
    if one is None or other is None:
        return other if one is None else one
    pairs = ((max(start, from_), min(end, until)) for start, end in one for from_, until in other)
    return joined((start, end) for start, end in pairs if start < end)


def _by_clock(policy: Policy, zone: str) -> Hours | None:
    """The policy's hours by the clock of another zone, so far as they are always the same; none with a zone that is not known here."""
    if policy.hours is None or not zone or policy.zone == zone:
        return policy.hours
    return _moved(policy.hours, policy.zone, zone)


@functools.lru_cache(256)
def _moved(hours: Hours, of: str, to: str) -> Hours:
    theirs, ours = _zone(of), _zone(to)
    if theirs is None or ours is None:
        return ()
    both: Hours | None = None
    for minutes in {_offset_min(ours, at) - _offset_min(theirs, at) for at in _WEEKS}:
        moved = [((start + minutes) % WEEK_MIN, end - start) for start, end in hours]
        cut = [
            part
            for start, lasts in moved
            for part in ((start, min(start + lasts, WEEK_MIN)), (0, start + lasts - WEEK_MIN))
        ]
        both = _shared(both, joined(part for part in cut if part[0] < part[1]))
    return both or ()


def _offset_min(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return round(offset.total_seconds() / 60) if offset else 0


_WEEKS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=7 * week) for week in range(20 * 52)]
"""Clocks are compared in each of these: where they are changed on other days, their difference is another one for some weeks."""


@functools.lru_cache(256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def clean(text: str | None, limit: int) -> str | None:
    """Text that PostgreSQL, JSON and a terminal can hold: no NUL, no lone surrogates, no control characters, at most `limit` characters.

    Idempotent. Marks that only steer how text is drawn (direction, soft hyphens) go, and spaces of any kind become one. None when
    nothing is left that can be seen.
    """
    if text is None:
        return None
    text = text[: limit * 2]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _drawable(character) for character in text)
    text = " ".join(text.split())[:limit].rstrip()
    return text if any(map(_is_seen, text)) else None


_clean_name = functools.lru_cache(4096)(clean)
"""For what comes again and again: of apps and sites there are few."""


def _drawable(character: str) -> str:
    if character in _JOINERS:
        return character
    match unicodedata.category(character):
        case "Cs":
            return "\N{REPLACEMENT CHARACTER}"
        case "Cf":
            return ""
        case _:
            return " "


def _is_seen(character: str) -> bool:
    """Not a mark on another one, nor one that joins others or fills a place."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Fillers of Hangul and the empty pattern of Braille: letters and signs that are drawn as nothing."""
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Without these Persian falls apart, and so do emoji of several people."""
