"""What is set at organisation, team and person, and what comes of it for one person. Pure.

The nearest place that sets a field decides it: the person, then their team, then the teams above it, then the organisation, then the
default. The ceiling caps what may be switched on at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from hub.errors import Invalid
from hub.wire.events import RETENTION_DAYS, SUMS_DAYS_MAX
from hub.wire.policy import (
    DAY_MIN,
    DEFAULT,
    DETAILS,
    PERIODS,
    QUARTER_MIN,
    WEEK_MIN,
    Hours,
    Policy,
    joined,
    stricter,
    widened,
)

Scope = Literal["organisation", "team", "person"]
Origin = Literal["default", "ceiling", "organisation", "team", "person"]
Kind = Literal["app", "site", "title", "input_counts"]
KINDS: tuple[Kind, ...] = ("app", "site", "title", "input_counts")
UNAVAILABLE = ("site", "calls", "screenshots")
"""Kinds that no agent can capture yet, and nobody can switch on."""
IDLE_MIN_S, IDLE_MAX_S = 60, 2 * 3600
DAYS_MIN, DAYS_MAX = (
    dict.fromkeys(DETAILS, 1) | dict.fromkeys(PERIODS[3:], 7),
    dict.fromkeys(PERIODS, RETENTION_DAYS) | {"sum_days": SUMS_DAYS_MAX},
)
"""Of each period. Activity is kept for a week at least: what a change would have meant last week is told from it."""
ALWAYS: Hours = ((0, WEEK_MIN),)


class CollectingHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When anything is collected, by the clock of the person's zone. Up to a time not after that of the beginning: on the next day.

    Days are numbered from Monday, 0. All seven from 0 to 1440 is at any time.
    """

    days: list[Annotated[int, msgspec.Meta(ge=0, le=6)]]
    from_min: Annotated[int, msgspec.Meta(ge=0, le=DAY_MIN)]
    until_min: Annotated[int, msgspec.Meta(ge=0, le=DAY_MIN)]


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one place sets. What it does not set is inherited."""

    app: bool | None = None
    site: bool | None = None
    title: bool | None = None
    input_counts: bool | None = None
    idle_limit_s: int | None = None
    hours: CollectingHours | None = None
    private_time: bool | None = None
    look_reason: bool | None = None
    title_days: int | None = None
    app_days: int | None = None
    count_days: int | None = None
    activity_days: int | None = None
    sum_days: int | None = None


class Ceiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kinds that may be switched on at all."""

    app: bool = True
    site: bool = False
    title: bool = False
    input_counts: bool = False


class Source(msgspec.Struct, frozen=True):
    """Where a field of a policy comes from; `team` where it is one."""

    scope: Origin
    team: int | None = None


class Place(msgspec.Struct, frozen=True):
    """A place that sets something."""

    source: Source
    settings: PolicySettings


class Resolved(msgspec.Struct, frozen=True):
    """The policy of a person (its number is none yet), and where each field comes from."""

    policy: Policy
    hours: CollectingHours | None
    """The policy's, as they were set."""
    sources: dict[str, Source]


NO_SETTINGS = PolicySettings()
FIELDS = tuple(PolicySettings.__struct_fields__)
_DEFAULT = Source("default")
_CEILING = Source("ceiling")
_WITHIN = (("activity_days", "sum_days"), *((detail, "activity_days") for detail in DETAILS))
"""What is kept no longer than what it belongs to, in the order in which the one shortens the other."""


def resolve(places: Sequence[Place], ceiling: Ceiling, zone: str) -> Resolved:
    """What holds for somebody in this IANA `zone`; `places` from the organisation down to the person."""
    values: dict[str, Any] = {name: getattr(DEFAULT, name) for name in FIELDS}
    sources = dict.fromkeys(FIELDS, _DEFAULT)
    for place in places:
        for name in FIELDS:
            value = getattr(place.settings, name)
            if value is not None:
                values[name] = value
                sources[name] = place.source
    for kind in KINDS:
        if values[kind] and not getattr(ceiling, kind):
            values[kind] = False
            sources[kind] = _CEILING
    for shorter, longer in _WITHIN:
        if values[shorter] > values[longer]:
            values[shorter], sources[shorter] = values[longer], sources[longer]
    hours = values["hours"] if isinstance(values["hours"], CollectingHours) else None
    if hours is not None and week(hours) == ALWAYS:
        hours = None
    values["hours"] = None if hours is None else week(hours)
    policy = Policy(version=0, zone="" if hours is None else zone, **values)
    return Resolved(policy, hours, sources)


def week(hours: CollectingHours) -> Hours:
    """The stretches of a week that these hours are; what runs over Sunday's midnight is at both ends."""
    stretches: list[tuple[int, int]] = []
    for day in hours.days:
        start = day * DAY_MIN + hours.from_min
        end = day * DAY_MIN + hours.until_min + (DAY_MIN if hours.until_min <= hours.from_min else 0)
        stretches.append((start, min(end, WEEK_MIN)))
        if end > WEEK_MIN:
            stretches.append((0, end - WEEK_MIN))
    return joined(stretches)


def held_until_acknowledged(old: Policy, new: Policy) -> Policy:
    """What counts while somebody has not acknowledged `new`: all of it when it widens nothing, else what both permit."""
    return stricter(new, old) if widened(old, new) else new


def normal(settings: PolicySettings, ceiling: Ceiling) -> PolicySettings:
    """The settings with their days in order. Raises `Invalid`, naming the field, also for what the ceiling does not allow."""
    require_available(kind for kind in KINDS if getattr(settings, kind))
    for kind in KINDS:
        if getattr(settings, kind) and not getattr(ceiling, kind):
            raise Invalid("The organisation's ceiling does not allow this. Raise it first.", kind, "above_ceiling")
    limit = settings.idle_limit_s
    if limit is not None and not IDLE_MIN_S <= limit <= IDLE_MAX_S:
        raise Invalid(
            f"Somebody is idle after {IDLE_MIN_S} to {IDLE_MAX_S} seconds without input.",
            "idle_limit_s",
            "idle_limit",
            IDLE_MAX_S,
        )
    _require_periods(settings)
    hours = settings.hours
    if hours is None:
        return settings
    if not hours.days or hours.from_min == hours.until_min or hours.from_min == DAY_MIN:
        raise Invalid("Hours are of days of the week, from one time to another.", "hours", "hours")
    if hours.from_min % QUARTER_MIN or hours.until_min % QUARTER_MIN:
        raise Invalid("Hours begin and end at quarter-hours.", "hours", "hours_quarters")
    return msgspec.structs.replace(settings, hours=msgspec.structs.replace(hours, days=sorted(set(hours.days))))


def _require_periods(settings: PolicySettings) -> None:
    """What is inherited shortens what is set here, and the other way round; but one place does not contradict itself."""
    for period in PERIODS:
        days = getattr(settings, period)
        if days is not None and not DAYS_MIN[period] <= days <= DAYS_MAX[period]:
            least, most = DAYS_MIN[period], DAYS_MAX[period]
            told = f"This is kept for {least} to {most} whole days."
            raise (
                Invalid(told, period, "days_least", least) if days < least else Invalid(told, period, "days_most", most)
            )
    for shorter, longer in _WITHIN:
        if (getattr(settings, shorter) or 0) > (getattr(settings, longer) or SUMS_DAYS_MAX):
            raise Invalid(
                "Nothing is kept longer than what it belongs to.",
                shorter,
                "within_activity" if longer == "activity_days" else "within_sums",
            )


def raised(old: Ceiling, new: Ceiling) -> list[Kind]:
    """The kinds that `new` allows and `old` does not."""
    return [kind for kind in KINDS if getattr(new, kind) and not getattr(old, kind)]


def require_available(kinds: Iterable[Kind]) -> None:
    """Raises `Invalid`, naming it, for one that no agent can capture."""
    for kind in kinds:
        if kind in UNAVAILABLE:
            raise Invalid("No agent can capture this yet.", kind, "kind_unavailable")


def above(team: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """The team and those above it, the root first. Ends even on a circle."""
    chain: list[int] = []
    while team is not None and team not in chain:
        chain.append(team)
        team = parents.get(team)
    return chain[::-1]
