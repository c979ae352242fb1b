"""The one access function: its whole table, its time ranges, and what it is fed with from the database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.auth.access import (
    ACTIONS,
    ORGANISATION,
    Range,
    Stay,
    Subject,
    Viewer,
    load_subject,
    load_viewer,
    may,
    permitted,
)
from hub.auth.access_table import RELATIONS, VIEWERS, table
from hub.tables import Team

OWN = {
    "see_presence",
    "see_activity",
    "see_person",
    "enrol_own_device",
    "see_devices",
    "keep_device",
    "revoke_device",
    "see_looks",
    "keep_views",
    "keep_account",
    "acknowledge_policy",
    "declare_pause",
    "end_sessions",
}
SEE = {"see_presence", "see_activity", "see_person"}
OF_ADMIN = {"see_devices", "keep_device", "revoke_device", "end_sessions", "reset_factor"}
SEEN_BY_MANAGER = {
    "somebody in the viewer's team",
    "somebody in a team below it",
    "somebody who moved from the one to the other, over the move",
    "somebody who left it, before they left",
}
TEAMS_OF_MANAGER = {"the viewer's team", "a team below it"}


def expected(role: str, relation: str) -> set[str]:
    """The rules, said once more in other words. Whatever is not named here is refused."""
    if role.startswith("deactivated"):
        return set()
    if "by a token that may read people" in role:
        return {"see_person"} if relation in {"oneself", *SEEN_BY_MANAGER} else set()
    if role.startswith("API client"):
        return SEE if relation in SEEN_BY_MANAGER else {"see_team"} if relation in TEAMS_OF_MANAGER else set()
    allowed: set[str] = set()
    if relation == "oneself":
        allowed |= OWN
    if "manager" in role:
        allowed |= SEE if relation in SEEN_BY_MANAGER else set()
        allowed |= {"see_team"} if relation in TEAMS_OF_MANAGER else set()
    if "admin" in role:
        allowed |= {
            "configure",
            "keep_people",
            "keep_teams",
            "see_policies",
            "keep_policies",
            "see_security",
            "see_papers",
        }
        allowed |= {"keep_rights"} if relation != "oneself" else set()
        allowed |= {"give_link", "erase_person"} if relation == "oneself" or relation.startswith("somebody") else set()
        allowed |= OF_ADMIN if relation.startswith("somebody") else set()
        allowed |= {"see_devices"} if relation == "the organisation" else set()
    if role == "auditor":
        allowed |= {"read_audit", "see_security", "see_papers"}
    if role == "representative":
        allowed |= {"read_audit", "see_policies", "sign_ceiling", "see_security", "see_papers"}
    return allowed


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", VIEWERS)
def test_every_role_may_do_exactly_what_the_rules_say(role, relation):
    subject, over = RELATIONS[relation]

    allowed = {action for action in ACTIONS if may(VIEWERS[role], action, subject, over)}

    assert allowed == expected(role, relation)


def test_page_of_the_access_table_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "access.md"

    assert page.read_text() == table(), "run: python -m hub.auth.access_table > docs/access.md"


def test_unknown_action_is_refused():
    assert not may(VIEWERS["admin and manager"], "fly", ORGANISATION)


AT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MANAGER = Viewer(person=1, access_version=1, roles=frozenset({"manager"}), managed=frozenset({7, 8}))


def test_manager_is_given_the_parts_in_which_the_person_was_theirs():
    subject = Subject(
        person=2, stays=(Stay(7, AT, AT + HOUR), Stay(9, AT + HOUR, AT + 2 * HOUR), Stay(8, AT + 2 * HOUR))
    )

    parts = permitted(MANAGER, "see_activity", subject, Range(AT - HOUR, AT + 3 * HOUR))

    assert parts == (Range(AT, AT + HOUR), Range(AT + 2 * HOUR, AT + 3 * HOUR))


def test_move_within_the_managers_teams_leaves_no_seam():
    subject = Subject(person=2, stays=(Stay(8, AT + HOUR), Stay(7, AT, AT + HOUR)))
    over = Range(AT, AT + 2 * HOUR)

    assert permitted(MANAGER, "see_activity", subject, over) == (over,)


@pytest.mark.parametrize(("at", "seen"), [(AT, True), (AT + HOUR, False), (AT - timedelta(microseconds=1), False)])
def test_first_instant_of_a_stay_belongs_to_it_and_the_last_does_not(at, seen):
    subject = Subject(person=2, stays=(Stay(7, AT, AT + HOUR),))

    assert may(MANAGER, "see_presence", subject, Range(at, at)) is seen


def test_range_is_now_when_none_is_given():
    now = datetime.now(UTC)

    assert may(MANAGER, "see_presence", Subject(person=2, stays=(Stay(7, now - HOUR),)))
    assert not may(MANAGER, "see_presence", Subject(person=2, stays=(Stay(7, now - HOUR, now),)))


NOW = Range(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, 1, tzinfo=UTC))
FEBRUARY = Range(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


async def test_whole_cast_sees_whom_they_may_see(cast, database):
    everybody = {person.name.split()[0].lower(): person.id for person in cast.people}
    viewers = {name: await load_viewer(id_) for name, id_ in everybody.items()}
    subjects = {name: await load_subject(id_) for name, id_ in everybody.items()}

    def seen(viewer: str, over: Range) -> set[str]:
        return {name for name in everybody if may(viewers[viewer], "see_activity", subjects[name], over)}

    assert {name: seen(name, NOW) for name in everybody} == {
        "alice": {"alice", "bob", "bea"},
        "bob": {"bob"},
        "bea": {"bea"},
        "charlie": {"charlie"},
        "maxim": {"maxim", "charlie", "rita"},
        "dora": {"dora"},
        "alma": {"alma", "alice", "bob", "bea", "charlie", "maxim", "audrey", "rita"},
        "audrey": {"audrey"},
        "rita": {"rita"},
        "gone": set(),
        "remy": {"remy"},
    }
    assert seen("alice", FEBRUARY) == {"alice", "bob", "bea", "rita"}
    assert seen("maxim", FEBRUARY) == {"maxim", "charlie"}


async def test_whole_cast_has_the_teams_of_their_role_and_what_lies_under_them(cast, database):
    every = (cast.halden, cast.payments, cast.payments_api, cast.support)
    teams = {}
    for person in cast.people:
        viewer = await load_viewer(person.id)
        teams[person.name.split()[0]] = {team for team in every if may(viewer, "see_team", Subject(team=team))}

    below_root = frozenset({cast.halden, cast.payments, cast.payments_api, cast.support})
    assert {name: ids for name, ids in teams.items() if ids} == {
        "Alice": {cast.payments, cast.payments_api},
        "Maxim": {cast.support},
        "Alma": below_root,
    }


async def test_cycle_of_teams_ends(cast, database):
    await Team.update({Team.parent: cast.payments_api}).where(Team.id == cast.payments)

    viewer = await load_viewer(cast.alice.id)

    assert viewer.managed == {cast.payments, cast.payments_api}


async def test_nobody_is_no_viewer_and_no_subject(database):
    assert await load_viewer(1) is None
    assert await load_subject(1) is None
