"""The tree itself: what may be in it, and what may not. Looks at files that git knows or would add."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements/hub.txt", "requirements/up.txt", "requirements/dev.txt", "web/package-lock.json"]
# A machine's folders, of whoever wrote this. Split, so that this file passes its own test.
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:ro" + r"ot|wo" + r"rk|home/(?!user\b)\w+|Users/\w+)(?:/|\b)")
PACKAGE_INDEX = re.compile(r"--index-url|--extra-index|--find-links|file://")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_no_address_of_an_index(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert not PACKAGE_INDEX.search(text)
    assert '"resolved"' not in text


def test_locks_pin_by_hash() -> None:
    for lock in LOCKS[:3]:
        text = (ROOT / lock).read_text()
        assert len(re.findall(r"^[a-z0-9]\S*==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
    assert '"integrity"' in (ROOT / LOCKS[3]).read_text()


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if (text := text_of(path)) is not None and (match := MACHINE_PATHS.search(text))
    ]

    assert found == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in {".py", ".ts", ".tsx", ".md", ".yaml", ".toml", ".conf"} and marks.search(text_of(path) or "")
    ]

    assert found == []


def test_wire_needs_the_standard_library_and_msgspec_only() -> None:
    for path in sorted((ROOT / "hub" / "wire").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            for name in imported:
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names | {"msgspec"} or name.startswith("hub.wire"), f"{path}: {name}"


def test_every_module_says_what_it_owns() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py"
        and path.parts[len(ROOT.parts)] in {"hub", "agents", "bench"}
        and "piccolo_migrations" not in path.parts
        and path.read_text().strip()
        and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


def test_ci_runs_the_readmes_own_command() -> None:
    script = ROOT / ".ci" / "run"

    assert re.search(r"^exec make test </dev/null$", script.read_text(), re.MULTILINE)
    assert script.stat().st_mode & 0o111
