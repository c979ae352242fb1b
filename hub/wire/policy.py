"""What a policy lets through. Pure, and applied twice: on the device before the spool, and again by the hub.

Fails closed: a field that the policy doesn't name is stripped. `permit` strips fields, never whole events, so that every sequence
number stays accounted for.
"""

import functools
import unicodedata
from typing import Annotated

import msgspec

from hub.wire.activity import IDLE_LIMIT_MIN_S, Facts
from hub.wire.events import Event, Gap, Interval, PolicyVersion


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What agents may collect. The defaults are the narrowest policy that there is: state and nothing else."""

    version: PolicyVersion
    idle_limit_s: Annotated[int, msgspec.Meta(ge=0, le=24 * 3600)] = 300
    app: bool = False
    site: bool = False
    title: bool = False
    input_counts: bool = False


DEFAULT = Policy(version=1, app=True)
"""Until policies can be edited: state and app. Titles, sites and input counts are off."""

NOTHING = Policy(version=0)

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
    )


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


def permit(event: Event, policy: Policy) -> Event:
    """The event without what the policy does not permit. Idempotent; times and sequence are never touched."""
    if isinstance(event, Gap):
        return event
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


def clean(text: str | None, limit: int) -> str | None:
    """Text that PostgreSQL, JSON and a terminal can hold: no NUL, no lone surrogates, no control characters, at most `limit` characters.

    Idempotent. Marks that only steer how text is drawn (direction, soft hyphens) go, and spaces of any kind become one.
    """
    if text is None:
        return None
    text = text[: limit * 2]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _drawable(character) for character in text)
    return " ".join(text.split())[:limit].rstrip() or None


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


_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Without these Persian falls apart, and so do emoji of several people."""
