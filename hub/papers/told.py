"""The facts as documents: sections of paragraphs, tables, lists and blanks, in the reader's language. Pure; `printed.py` makes pages."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.papers.facts import Change, Facts, Rule
from hub.policies.settings import KINDS, CollectingHours
from hub.wire.policy import DAY_MIN, PERIODS

LANGUAGES = ("en", "ar")
FROM_RIGHT = {"ar"}
WORDS: dict[str, dict[str, Any]] = {
    language: json.loads((Path(__file__).parent / f"{language}.json").read_text()) for language in LANGUAGES
}


class Block(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a section, one of its fields."""

    text: str = ""
    facts: list[list[str]] = []
    """Rows of what and how."""
    head: list[str] = []
    rows: list[list[str]] = []
    """A table under `head`. A cell without words is one to be filled in."""
    items: list[str] = []
    blanks: list[str] = []
    """What is to be filled in."""
    signs: list[str] = []
    """Lines to sign on."""


class Section(msgspec.Struct, frozen=True):
    title: str
    blocks: list[Block]


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    from_right: bool
    title: str
    subtitle: str
    meta: list[list[str]]
    sections: list[Section]
    blank: str
    page: str
    """With `{page}` and `{pages}`."""
    foot: str


def isolated(text: str, language: str) -> str:
    """In a language from right to left: with marks (UAX #9) that keep what people typed, dates and hosts in their own order."""
    return f"\u2068{text}\u2069" if text and language in FROM_RIGHT else text


def assessment(found: Facts, language: str) -> Paper:
    w = WORDS[language]
    own = w["dpia"]
    risks = [[risk, measure.format(days=found.rules[0].activity_days), ""] for risk, measure in own["risk"]]
    subjects = [
        [what, str(n)]
        for what, n in zip(own["subjects_rows"], (found.people, found.watched, found.devices), strict=True)
    ]
    return _paper(
        found,
        language,
        own,
        [
            Section(own["controller"], [Block(blanks=own["blanks"])]),
            Section(
                own["processing"], [Block(blanks=own["purposes"]), Block(text=own["subjects"]), Block(facts=subjects)]
            ),
            _rules(found, w, language),
            _ceiling(found, w, language),
            _who(found, w),
            _keep(found, w, language),
            _others(found, w),
            _rights(found, w),
            Section(own["need"], [Block(items=own["need_list"]), Block(blanks=[own["need_blank"]])]),
            Section(own["risks"], [Block(head=own["risks_head"], rows=risks)]),
            Section(own["views"], [Block(blanks=own["views_blanks"]), Block(signs=own["sign"])]),
        ],
    )


def sheet(found: Facts, language: str) -> Paper:
    w = WORDS[language]
    own = w["sheet"]
    changes = [
        [
            _day(one.at),
            _scope(one, w),
            one.by,
            isolated(one.reason, language),
            w["state"][one.state].format(by=one.decided_by),
        ]
        for one in found.changes
    ]
    told = Block(head=own["changes_head"], rows=changes) if changes else Block(text=own["changes_none"])
    few = [] if found.representatives else [Block(text=own["few"])]
    return _paper(
        found,
        language,
        own,
        [
            _rules(found, w, language),
            _ceiling(found, w, language),
            Section(own["yours"], [Block(items=own["yours_list"]), *few]),
            _who(found, w),
            _keep(found, w, language),
            _rights(found, w),
            _others(found, w),
            Section(own["changes"], [told]),
            Section(own["agreed"], [Block(blanks=own["agreed_blanks"]), Block(signs=own["sign"])]),
        ],
    )


def _paper(found: Facts, language: str, own: dict[str, Any], sections: list[Section]) -> Paper:
    w = WORDS[language]
    meta = w["meta"]
    at = isolated(f"{found.made_at:%Y-%m-%d %H:%M}", language)

    def version(number: int) -> str:
        return meta["version"].format(n=number) if number else str(meta["default"])

    return Paper(
        language=language,
        from_right=language in FROM_RIGHT,
        title=own["title"],
        subtitle=own["subtitle"],
        meta=[
            [meta["organisation"], isolated(found.organisation, language)],
            [meta["at"], f"{at} UTC"],
            [meta["policy"], version(found.version)],
            [meta["ceiling"], version(found.ceiling_version)],
            [meta["digest"], found.digest],
        ],
        sections=sections,
        blank=w["blank"],
        page=w["page"],
        foot=w["by"].format(at=at),
    )


def _rules(found: Facts, w: dict[str, Any], language: str) -> Section:
    own = w["rules"]
    rows = [_rule(rule, w, language) for rule in found.rules]
    exceptions = [Block(text=own["exceptions"].format(n=found.exceptions))] if found.exceptions else []
    texts = [Block(text=own[name]) for name in ("hours", "never")]
    return Section(own["title"], [Block(text=own["words"]), Block(head=own["head"], rows=rows), *exceptions, *texts])


def _rule(rule: Rule, w: dict[str, Any], language: str) -> list[str]:
    def said(value: bool) -> str:
        return str(w["yes"] if value else w["no"])

    return [
        isolated(rule.team or "", language) or w["everybody"], str(rule.people), *(said(getattr(rule, kind)) for kind in KINDS),
        w["minutes"].format(n=rule.idle_limit_s // 60), _hours(rule.hours, w), said(rule.private_time), said(rule.look_reason),
    ]  # fmt: skip


def _hours(hours: CollectingHours | None, w: dict[str, Any]) -> str:
    if hours is None or (len(set(hours.days)) == 7 and (hours.from_min, hours.until_min) == (0, DAY_MIN)):
        return str(w["any_time"])
    days = w["joiner"].join(w["weekdays"][day] for day in sorted(set(hours.days)))
    form = "hours" if hours.until_min > hours.from_min else "next_day"
    return (
        str(w[form])
        .replace("{days}", days)
        .replace("{from}", _clock(hours.from_min))
        .replace("{until}", _clock(hours.until_min))
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _ceiling(found: Facts, w: dict[str, Any], language: str) -> Section:
    own, kinds = w["ceiling"], w["kind"]
    may = [kinds[kind] for kind in KINDS if getattr(found.ceiling, kind)]
    may_not = [kinds[kind] for kind in KINDS if not getattr(found.ceiling, kind)]
    last = found.ceiling_signed
    raised = (
        own["never"]
        if last is None
        else own["raised_by"].format(at=isolated(_day(last.at), language), by=last.by, decided=last.decided_by)
    )
    rows = [
        [own["may"], w["joiner"].join(may) or w["none"]],
        [own["may_not"], w["joiner"].join(may_not) or w["none"]],
        [own["raised"], raised],
    ]
    proposed = [Block(text=own["proposed"])] if found.proposed else []
    return Section(own["title"], [Block(text=own["words"]), Block(facts=rows), *proposed])


def _who(found: Facts, w: dict[str, Any]) -> Section:
    own = w["who"]
    counts = {
        "person": found.people,
        "manager": found.managers,
        "admin": found.admins,
        "auditor": found.auditors,
        "representative": found.representatives,
        "program": found.programs,
    }
    rows = [
        [own[role][0], str(count), own[role][1].format(teams=found.managed_teams, tokens=found.tokens)]
        for role, count in counts.items()
    ]
    return Section(own["title"], [Block(head=own["head"], rows=rows), Block(text=own["looks"].format(n=found.looks))])


def _keep(found: Facts, w: dict[str, Any], language: str) -> Section:
    own = w["keep"]
    rows = [[own[period], _kept(found, period, own, language)] for period in PERIODS]
    rows += [own[what] for what in ("account", "audit", "backup")]
    return Section(own["title"], [Block(text=own["words"]), Block(head=own["head"], rows=rows)])


def _kept(found: Facts, period: str, own: dict[str, Any], language: str) -> str:
    """For everybody, then for each team for which it is another."""
    everybody, *teams = found.rules
    days: int = getattr(everybody, period)
    said = str(own["days"].format(n=days))
    for rule in teams:
        if (other := getattr(rule, period)) != days:
            team = isolated(rule.team or "", language)
            said = (
                own["for"]
                .replace("{days}", said)
                .replace("{other}", own["days"].format(n=other))
                .replace("{team}", team)
            )
    return said


def _others(found: Facts, w: dict[str, Any]) -> Section:
    own = w["others"]
    rows = [[own[name], getattr(found, name) or own["here"]] for name in ("store", "mail", "provider")]
    return Section(own["title"], [Block(text=own["none"]), Block(head=own["head"], rows=rows)])


def _rights(found: Facts, w: dict[str, Any]) -> Section:
    own = w["rights"]
    names = ("know", "access", "correct", "erase", "restrict", "object", "hold", "pause", "wider")
    state = own["open"].format(
        requests=found.requests, overdue=found.overdue, restricted=found.restricted, holds=found.holds
    )
    return Section(own["title"], [Block(head=own["head"], rows=[own[name] for name in names]), Block(text=state)])


def _scope(change: Change, w: dict[str, Any]) -> str:
    return str(w["scope"][change.scope]).replace("{team}", change.team)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
