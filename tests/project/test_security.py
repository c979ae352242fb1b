"""`docs/security.md` has every requirement of ASVS 5.0.0, levels 1 and 2, and every test and file that it names is there.

And the page Security has words for whatever the access table names.
"""

import json
import re
from pathlib import Path

import pytest

from hub.auth.access import ACTIONS
from hub.auth.access_table import RELATIONS, VIEWERS
from hub.security import _REFUSALS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]*) \| (.+) \|$", PAGE, re.MULTILINE)
# Sections of the standard with how many requirements each has at these levels, where they are those from 1 on.
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3
6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2
10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2
14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2
"""
EXPECTED = [
    f"{section}.{number}"
    for section, count in (each.split(":") for each in SECTIONS.split())
    for number in range(1, int(count) + 1)
]


def test_page_has_every_requirement_once_and_in_order() -> None:
    assert len(EXPECTED) == 253
    assert [number for number, *_ in ROWS] == EXPECTED


def test_verdicts_are_shown_by_what_is_there_or_say_why() -> None:
    assert {verdict for _, _, verdict, _ in ROWS} <= {"met", "in part", "not met", "n/a"}
    wrong = [f"{number}: {fault}" for number, _, verdict, shown in ROWS if (fault := fault_of(verdict, shown))]

    assert wrong == []


def test_every_attack_is_tried_and_in_the_audit_where_the_page_security_shows_it() -> None:
    listed = re.search(r"^## Attacks.*?(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    assert listed
    attacks = re.findall(r"^\| (an? [^|]+|some[^|]+) \| [^|]+ \| `(\w+)`[^|]* \| (.+) \|$", listed[0], re.MULTILINE)

    assert len(attacks) == listed[0].count("\n| ") - 1
    assert {act for _, act, _ in attacks} <= set(re.findall(r"'(\w+)'", _REFUSALS))
    assert [fault for _, _, shown in attacks if (fault := fault_of("met", shown))] == []


def fault_of(verdict: str, shown: str) -> str:
    named = re.findall(r"`([\w./-]+?\.(?:py|tsx|ts|md|txt|toml|json|conf))(?:::(\w+))?`", shown)
    for place, test in named:
        path = ROOT / "tests" / place if (ROOT / "tests" / place).exists() else ROOT / place
        if not path.exists():
            return f"{place} is not there"
        if test and not re.search(rf"^(?:async )?def {test}\(", path.read_text(), re.MULTILINE):
            return f"{place} has no {test}"
    if verdict == "met":
        by_design = re.search(r"by design|ruff|only what settings name|nothing that comes in|\.dockerignore", shown)
        return "" if named or by_design else "no test, no page, nor how it can't be otherwise"
    return "" if re.sub(r"`[^`]*`", "", shown).split() else "no reason"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_page_has_words_for_every_role_action_and_relation(language: str) -> None:
    words = json.loads((ROOT / "web" / "src" / "i18n" / language / "security.json").read_text())

    assert words["role"].keys() == VIEWERS.keys()
    assert words["action"].keys() == set(ACTIONS)
    assert words["about"].keys() == RELATIONS.keys()
