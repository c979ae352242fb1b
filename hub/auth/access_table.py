"""Writes out what `may` decides, for every role, action and relation: `python -m hub.auth.access_table > docs/access.md`.

The table is asked from `may` itself, so it can't differ; a test fails when the page in `docs` has.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hub.auth.access import ACTIONS, ORGANISATION, SCOPED, Action, Range, Stay, Subject, Viewer, may

JOINED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LEFT_AT = datetime(2026, 3, 1, tzinfo=UTC)
ASKED_AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = Range(ASKED_AT - HOUR, ASKED_AT)
THEN = Range(LEFT_AT - HOUR, LEFT_AT)
ACROSS = Range(LEFT_AT - HOUR, LEFT_AT + HOUR)
ME, OTHER = 1, 2
ABOVE, MINE, BELOW, ELSEWHERE = 1, 2, 3, 4
MANAGED = frozenset({MINE, BELOW})

VIEWERS = {
    "employee": Viewer(person=ME, access_version=1),
    "manager": Viewer(person=ME, access_version=1, roles=frozenset({"manager"}), managed=MANAGED),
    "admin": Viewer(person=ME, access_version=1, roles=frozenset({"admin"})),
    "admin and manager": Viewer(person=ME, access_version=1, roles=frozenset({"admin", "manager"}), managed=MANAGED),
    "auditor": Viewer(person=ME, access_version=1, roles=frozenset({"auditor"})),
    "representative": Viewer(person=ME, access_version=1, roles=frozenset({"representative"})),
    "API client with every scope, of the viewer's team": Viewer(
        person=0, client=1, access_version=0, managed=MANAGED, scopes=frozenset(SCOPED.values())
    ),
    "admin and manager, by a token that may read people": Viewer(
        person=ME,
        access_version=1,
        roles=frozenset({"admin", "manager"}),
        managed=MANAGED,
        scopes=frozenset({"people:read"}),
    ),
    "deactivated admin and manager": Viewer(
        person=ME, access_version=1, roles=frozenset({"admin", "manager"}), managed=MANAGED, active=False
    ),
}


class Relation(NamedTuple):
    """What is asked about, seen from the viewer."""

    subject: Subject
    over: Range


def _person(*stays: Stay) -> Subject:
    return Subject(person=OTHER, stays=stays)


_LEFT = _person(Stay(MINE, JOINED_AT, LEFT_AT), Stay(ELSEWHERE, LEFT_AT))
_CAME = _person(Stay(ELSEWHERE, JOINED_AT, LEFT_AT), Stay(MINE, LEFT_AT))

RELATIONS = {
    "oneself": Relation(Subject(person=ME, stays=(Stay(ELSEWHERE, JOINED_AT),)), TODAY),
    "somebody in the viewer's team": Relation(_person(Stay(MINE, JOINED_AT)), TODAY),
    "somebody in a team below it": Relation(_person(Stay(BELOW, JOINED_AT)), TODAY),
    "somebody who moved from the one to the other, over the move": Relation(
        _person(Stay(BELOW, JOINED_AT, LEFT_AT), Stay(MINE, LEFT_AT)), ACROSS
    ),
    "somebody who left it, before they left": Relation(_LEFT, THEN),
    "somebody who left it, over their leaving": Relation(_LEFT, ACROSS),
    "somebody who left it, today": Relation(_LEFT, TODAY),
    "somebody who came to it, before they came": Relation(_CAME, THEN),
    "somebody who came to it, over their coming": Relation(_CAME, ACROSS),
    "somebody in the team above it": Relation(_person(Stay(ABOVE, JOINED_AT)), TODAY),
    "somebody elsewhere": Relation(_person(Stay(ELSEWHERE, JOINED_AT)), TODAY),
    "somebody in no team": Relation(_person(), TODAY),
    "the viewer's team": Relation(Subject(team=MINE), TODAY),
    "a team below it": Relation(Subject(team=BELOW), TODAY),
    "the team above it": Relation(Subject(team=ABOVE), TODAY),
    "another team": Relation(Subject(team=ELSEWHERE), TODAY),
    "the organisation": Relation(ORGANISATION, TODAY),
}

INTRODUCTION = """\
# Who may do what

Written by `python -m hub.auth.access_table` from the one function that decides, `may` in `hub/auth/access.py`. Every row asks it about
one subject, for each action; *the viewer's team* is the one that a manager manages. What has no tick is refused.
"""


def decided(role: str, about: str) -> tuple[Action, ...]:
    """What `role` may do to `about`, by their names above."""
    subject, over = RELATIONS[about]
    return tuple(action for action in ACTIONS if may(VIEWERS[role], action, subject, over))


def table() -> str:
    """The page, as Markdown."""
    parts = [INTRODUCTION]
    for role in VIEWERS:
        parts.append(f"\n## {role.capitalize()}\n")
        parts.append(f"| about | {' | '.join(action.replace('_', ' ') for action in ACTIONS)} |")
        parts.append(f"|---|{':-:|' * len(ACTIONS)}")
        for name in RELATIONS:
            allowed = decided(role, name)
            ticks = ("✓" if action in allowed else " " for action in ACTIONS)
            parts.append(f"| {name} | {' | '.join(ticks)} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
