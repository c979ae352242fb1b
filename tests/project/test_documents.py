"""What the documents say holds: links, commands, settings, verbs. A newcomer trusts them first."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from hub.errors import InvalidCode
from hub.settings import NAMES

ROOT = Path(__file__).parents[2]
DAYLIGHT = Path(sys.executable).with_name("daylight")
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
README_MAX_LINES = 149


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@cache
def help_of(*verbs: str) -> str:
    shown = subprocess.run([DAYLIGHT, *verbs, "--help"], capture_output=True, text=True, timeout=60)
    return shown.stdout if shown.returncode == 0 else ""


def commands_in(text: str) -> list[list[str]]:
    """Every call of `daylight` in code, by words, as far as they are plain."""
    quoted = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code = "\n".join(quoted).replace("\\\n", " ")
    code += "\n" + "\n".join(re.findall(r"\$\(([^)]*)\)", code))
    code = re.sub(r"\$\([^)]*\)", "X", code)
    return [call.split() for call in re.findall(r"(?:^|[/ (])daylight ((?:[a-z]+ ?)+(?:[^#\n]*))", code, re.MULTILINE)]


def verbs_of(call: list[str]) -> tuple[str, ...]:
    """The verb, or the group and its verb."""
    group = re.search(r"^Commands:", help_of(call[0]), re.MULTILINE)
    return tuple(call[:2]) if group and len(call) > 1 and call[1].isalpha() else tuple(call[:1])


def test_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= README_MAX_LINES


def test_changelog_has_a_place_for_what_comes() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("document", names(DOCUMENTS))
def test_relative_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    shown = re.sub(r"<!--.*?-->", "", path.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", shown)
    broken = [target for target in targets if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists()]

    assert broken == []


@pytest.mark.parametrize("document", names(DOCUMENTS))
def test_every_command_exists_with_its_options(document: str) -> None:
    wrong = []
    for call in commands_in((ROOT / document).read_text()):
        verbs = verbs_of(call)
        shown = help_of(*verbs)
        options = [word.split("=")[0] for word in call if word.startswith("--")]
        unknown = [option for option in options if not re.search(rf"{re.escape(option)}\b", shown)]
        if not shown or unknown:
            wrong.append((" ".join(verbs), unknown))

    assert wrong == []


def test_readme_names_commands_for_this_test_to_try() -> None:
    tried = {verbs_of(call) for call in commands_in(README.read_text())}

    assert {("agent", "enrol"), ("agent", "run"), ("agent", "status"), ("simulate",), ("verify",), ("code",)} <= tried


@pytest.mark.parametrize("document", names(DOCUMENTS))
def test_every_make_verb_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    named = set(re.findall(r"(?:`|^|PORT=\d+ DEMO=0 )make ([a-z]+)", text, re.MULTILINE))
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named <= verbs


def test_settings_in_the_readme_are_read_by_the_hub() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)`", README.read_text(), re.MULTILINE))

    assert named
    assert named <= set(NAMES.values())


def test_map_in_the_readme_leads_to_what_is_there() -> None:
    listed = README.read_text().split("## The code")[1].split("```")[1]
    places = [line.split()[0] for line in listed.strip().splitlines()]

    assert [place for place in places if not (ROOT / place).exists()] == []


@pytest.mark.parametrize("decision", names(DECISIONS))
def test_decision_names_its_alternatives_and_its_reason(decision: str) -> None:
    text = (ROOT / decision).read_text()

    assert re.match(r"# \d{4} \S", text)
    assert "**Decision.**" in text
    alternatives = re.findall(r"^\*\*(?:Alternatives|Why not )(.*?)(?=^\*\*|\Z)", text, re.MULTILINE | re.DOTALL)
    assert sum(len(part.split()) for part in alternatives) >= 15, "alternatives, each with why it was not taken"
    assert re.search(r"^\*\*(?:Why|Reason|Question)", text, re.MULTILINE)


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [path.name[:4] for path in DECISIONS]

    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_have_words_for_all_that_can_be_wrong_with_what_is_typed(language: str) -> None:
    files = (ROOT / "web" / "src" / "i18n" / language).glob("*.json")
    known = [code for file in files for code in json.loads(file.read_text()).get("invalid", {})]

    assert sorted(known) == sorted([*get_args(InvalidCode), "other"])
