"""From rows of text to what each would do, or what is wrong with it. Pure: who and what there is comes as an argument.

A row adds somebody, changes somebody who is here (by their address), or leaves them as they are. An empty cell changes nothing, and no
row takes a role away.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from hub.errors import Invalid
from hub.imports.hours import hours_of, text_of
from hub.imports.read import CELL_MAX_CHARACTERS, FileRefused, Line
from hub.people import RoleName
from hub.people.typed import (
    EMAIL_MAX_CHARACTERS,
    NAME_MAX_CHARACTERS,
    WorkingHours,
    normal_email,
    normal_name,
    normal_zone,
)

Column = Literal["email", "name", "team", "role", "role_team", "zone", "working_hours"]
COLUMNS: tuple[Column, ...] = get_args(Column)
Does = Literal["bad", "add", "change", "leave"]
FaultCode = Literal[
    "email_missing", "email_wrong", "email_lookalike", "name_missing", "name_length", "team_path", "team_unknown", "team_ambiguous",
    "role_unknown", "role_team_missing", "role_team_needless", "zone_unknown", "hours_wrong", "formula", "cell_error", "cell_long",
    "cell_unreadable", "cells_beyond", "duplicate", "clash", "deactivated",
]  # fmt: skip
"""What can be wrong with a row. The page has words for each."""
DEPTH_MAX = 10
"""Of a team's path."""
EMPLOYEE = "employee"
HEADINGS: dict[str, Column] = {
    "email": "email", "e mail": "email", "mail": "email", "email address": "email", "e mail address": "email", "work e mail": "email",
    "البريد الإلكتروني": "email", "البريد": "email",
    "name": "name", "full name": "name", "الاسم": "name",
    "team": "team", "home team": "team", "الفريق": "team",
    "role": "role", "الدور": "role",
    "role team": "role_team", "team of role": "role_team", "فريق الدور": "role_team",
    "zone": "zone", "time zone": "zone", "timezone": "zone", "المنطقة الزمنية": "zone",
    "working hours": "working_hours", "hours": "working_hours", "ساعات العمل": "working_hours",
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may reckon with (OWASP: CSV injection)."""
_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"}

Path = tuple[str, ...]
"""Names of teams from below the root down."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a cell, or (no column) with the row."""

    code: FaultCode
    column: Column | None = None
    row: int | None = None
    """The other row that it clashes with."""
    limit: int | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A row that was read: what it holds in normal form, and what is wrong with it already."""

    row: int
    cells: dict[Column, str]
    """As given, cut to what can be shown."""
    email: str = ""
    name: str | None = None
    team: Path | None = None
    role: str | None = None
    role_team: Path | None = None
    zone: str | None = None
    working_hours: WorkingHours | None = None
    faults: list[Fault] = []


class Known(msgspec.Struct, frozen=True):
    """Somebody who is here."""

    id: int
    name: str
    zone: str
    team: int | None
    deactivated: bool
    roles: frozenset[tuple[str, int | None]]
    working_hours: WorkingHours | None = None


class World(msgspec.Struct, frozen=True):
    """Who is here, of those that a file names, and which teams there are."""

    people: Mapping[str, Known]
    """By address."""
    teams: Mapping[int, tuple[str, int | None]]
    """Name and parent."""
    root: int


class Change(msgspec.Struct, frozen=True):
    """A field before and after; nothing before of a role, and of what was not set."""

    field: Column
    old: str
    new: str


class Outcome(msgspec.Struct, frozen=True):
    """What a row would do. Two that are equal do the same."""

    row: int
    does: Does
    faults: list[Fault] = []
    person: int | None = None
    team: int | None = None
    """The home team that somebody is put in; none too where it has to be made."""
    role_team: int | None = None
    new_teams: list[Path] = []
    """Paths of this row that are no team yet."""
    changes: list[Change] = []


def wanted_rows(lines: list[Line], roles: Iterable[str] = get_args(RoleName)) -> tuple[list[Wanted], list[str]]:
    """Every row below the heading, and the headings that mean nothing here. Raises `FileRefused` for a heading that can't be used."""
    columns, ignored = _columns(lines[0].cells)
    known_roles = {*roles, EMPLOYEE}
    width = 1 + max(index for index, text in enumerate(lines[0].cells) if text.strip())
    rows = [_wanted(line, columns, width, known_roles) for line in lines[1:]]
    if not rows:
        raise FileRefused("There is a heading in this file, and no row below it.", "file_empty")
    return _without_twins(rows), ignored


def judge(rows: list[Wanted], world: World, make_teams: bool) -> list[Outcome]:
    """What each of these would do in this world, in their order."""
    teams = Teams(world.teams, world.root)
    return [_judged(row, world, teams, make_teams) for row in rows]


def new_teams(outcomes: Iterable[Outcome]) -> list[Path]:
    """Teams that are named and not there, each spelled as where it was named first."""
    paths: dict[Path, Path] = {}
    for outcome in outcomes:
        for path in outcome.new_teams:
            paths.setdefault(tuple(map(_folded, path)), path)
    return sorted(paths.values())


def path_text(path: Path) -> str:
    return " / ".join(path)


# --- a file by itself


def _columns(heading: list[str]) -> tuple[dict[int, Column], list[str]]:
    columns: dict[int, Column] = {}
    ignored = []
    for index, text in enumerate(heading):
        column = HEADINGS.get(" ".join(re.split(r"[\W_]+", unicodedata.normalize("NFC", text).lower())).strip())
        if column is None:
            if text.strip():
                ignored.append(text.strip()[:100])
        elif column in columns.values():
            raise FileRefused("Two columns of this file are headed alike.", "file_headings")
        else:
            columns[index] = column
    if "email" not in columns.values():
        raise FileRefused("The first row has to head the columns, one of them “e-mail”.", "file_no_email")
    return columns, ignored


def _wanted(line: Line, columns: dict[int, Column], width: int, roles: set[str]) -> Wanted:
    given = {column: line.cells[index] if index < len(line.cells) else "" for index, column in columns.items()}
    faults: list[Fault] = []
    if any(cell.strip() for cell in line.cells[width:]):
        faults.append(Fault("cells_beyond"))
    clean: dict[Column, str] = {}
    for column, text in given.items():
        fault = _cell_fault(column, text)
        if fault is None:
            clean[column] = text.strip()
        else:
            faults.append(fault)
    email, name, zone = (_normal(column, clean, faults) for column in ("email", "name", "zone"))
    team, role_team = (_path(column, clean, faults) for column in ("team", "role_team"))
    hours = _hours(clean, faults)
    role = clean.get("role", "").lower() or None
    if role is not None and role not in roles:
        faults.append(Fault("role_unknown", "role"))
    elif role == "manager" and role_team is None and not _has(faults, "role_team"):
        faults.append(Fault("role_team_missing", "role_team" if "role_team" in given else "role"))
    elif role != "manager" and role_team is not None:
        faults.append(Fault("role_team_needless", "role_team"))
    if not clean.get("email") and not _has(faults, "email"):
        faults.append(Fault("email_missing", "email"))
    cells = {column: text.replace("\x00", "")[:200] for column, text in given.items()}
    return Wanted(line.number, cells, email or "", name, team, role, role_team, zone, hours, faults)


def _cell_fault(column: Column, text: str) -> Fault | None:
    if len(text) > CELL_MAX_CHARACTERS:
        return Fault("cell_long", column, limit=CELL_MAX_CHARACTERS)
    if text.lstrip(" ").startswith(_FORMULA):
        return Fault("formula", column)
    if text.strip() in _ERRORS:
        return Fault("cell_error", column)
    if "\N{REPLACEMENT CHARACTER}" in text or any(unicodedata.category(each) in {"Cc", "Cs"} for each in text.strip()):
        return Fault("cell_unreadable", column)
    return None


def _normal(column: Column, clean: dict[Column, str], faults: list[Fault]) -> str | None:
    text = clean.get(column)
    if not text:
        return None
    try:
        match column:
            case "email":
                if not text.isascii():
                    faults.append(Fault("email_lookalike", "email"))
                    return None
                return normal_email(text)
            case "name":
                return normal_name(text)
            case _:
                return normal_zone(text)
    except Invalid:
        code: dict[Column, FaultCode] = {"email": "email_wrong", "name": "name_length", "zone": "zone_unknown"}
        limits: dict[Column, int] = {"email": EMAIL_MAX_CHARACTERS, "name": NAME_MAX_CHARACTERS}
        faults.append(Fault(code[column], column, limit=limits.get(column)))
        return None


def _hours(clean: dict[Column, str], faults: list[Fault]) -> WorkingHours | None:
    text = clean.get("working_hours")
    if not text:
        return None
    try:
        return hours_of(text)
    except Invalid:
        faults.append(Fault("hours_wrong", "working_hours"))
        return None


def _path(column: Column, clean: dict[Column, str], faults: list[Fault]) -> Path | None:
    text = clean.get(column)
    if not text:
        return None
    try:
        path = tuple(normal_name(name) for name in text.split("/"))
    except Invalid:
        path = ()
    if not 0 < len(path) <= DEPTH_MAX:
        faults.append(Fault("team_path", column, limit=DEPTH_MAX))
        return None
    return path


def _has(faults: list[Fault], column: Column) -> bool:
    return any(fault.column == column for fault in faults)


def _without_twins(rows: list[Wanted]) -> list[Wanted]:
    """A row that says again what another said is a duplicate; rows that say different things of one address clash, all of them."""
    by_email: dict[str, list[Wanted]] = {}
    for row in rows:
        if row.email:
            by_email.setdefault(row.email, []).append(row)
    found: dict[int, Fault] = {}
    for same in by_email.values():
        first = same[0]
        if all(_says(row) == _says(first) for row in same):
            found.update({row.row: Fault("duplicate", "email", first.row) for row in same[1:]})
        else:
            found.update(
                {row.row: Fault("clash", "email", (first if row is not first else same[1]).row) for row in same}
            )
    return [
        msgspec.structs.replace(row, faults=[*row.faults, found[row.row]]) if row.row in found else row for row in rows
    ]


def _says(row: Wanted) -> tuple[object, ...]:
    return row.name, row.team, row.role, row.role_team, row.zone, row.working_hours, len(row.faults)


# --- a row in a world


class Teams:
    """Teams by their paths below the root. The case of letters matters only where two differ in nothing else."""

    def __init__(self, teams: Mapping[int, tuple[str, int | None]], root: int) -> None:
        self._root = root
        self._root_name = teams[root][0]
        self._below: dict[tuple[int, str], list[tuple[str, int]]] = {}
        for id_, (name, parent) in teams.items():
            if parent is not None:
                self.add(id_, name, parent)

    def add(self, team: int, name: str, parent: int) -> None:
        self._below.setdefault((parent, _folded(name)), []).append((name, team))

    def find(self, path: Path) -> "int | FaultCode | Path":
        """The team; or why there is no such; or the path, in the words of the teams that are there, when it ends below them.

        It may begin with the root's own name. An empty one is the root.
        """
        if (
            path
            and _folded(path[0]) == _folded(self._root_name)
            and not self._below.get((self._root, _folded(path[0])))
        ):
            path = path[1:]
        at = self._root
        said: list[str] = []
        for depth, name in enumerate(path):
            found = self._below.get((at, _folded(name)), [])
            alike = [each for each in found if each[0] == name] or found
            if len(alike) > 1:
                return "team_ambiguous"
            if not alike:
                return (*said, *path[depth:])
            said.append(alike[0][0])
            at = alike[0][1]
        return at


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _judged(row: Wanted, world: World, teams: Teams, make_teams: bool) -> Outcome:
    faults = list(row.faults)
    known = world.people.get(row.email)
    if known is None and row.name is None and not _has(faults, "name"):
        faults.append(Fault("name_missing", "name"))
    if known is not None and known.deactivated:
        faults.append(Fault("deactivated", "email"))
    missing: list[Path] = []

    def team_of(column: Column, path: Path | None) -> int | None:
        found = None if path is None else teams.find(path)
        if isinstance(found, tuple):
            missing.append(found)
            if not make_teams:
                faults.append(Fault("team_unknown", column))
            return None
        if isinstance(found, str):
            faults.append(Fault(found, column))
            return None
        return found

    team, role_team = team_of("team", row.team), team_of("role_team", row.role_team)
    if faults:
        return Outcome(row.row, "bad", faults, None if known is None else known.id, new_teams=missing)
    if known is None:
        return Outcome(row.row, "add", team=team, role_team=role_team, new_teams=missing)
    changes = _changes(row, known, world, team, role_team)
    return Outcome(row.row, "change" if changes else "leave", [], known.id, team, role_team, missing, changes)


def _changes(row: Wanted, known: Known, world: World, team: int | None, role_team: int | None) -> list[Change]:
    changes = []
    if row.name is not None and row.name != known.name:
        changes.append(Change("name", known.name, row.name))
    if row.team is not None and (team is None or team != known.team):
        changes.append(Change("team", _path_of(known.team, world), path_text(row.team)))
    if row.zone is not None and row.zone != known.zone:
        changes.append(Change("zone", known.zone, row.zone))
    if row.working_hours is not None and row.working_hours != known.working_hours:
        changes.append(Change("working_hours", text_of(known.working_hours), text_of(row.working_hours)))
    if row.role not in {None, EMPLOYEE}:
        held = (row.role, role_team if row.role == "manager" else None)
        if (row.role == "manager" and role_team is None) or held not in known.roles:
            said = str(row.role) if row.role_team is None else f"{row.role}: {path_text(row.role_team)}"
            changes.append(Change("role", "", said))
    return changes


def _path_of(team: int | None, world: World) -> str:
    names: list[str] = []
    while team is not None and team != world.root and len(names) < len(world.teams):
        name, team = world.teams[team]
        names.append(name)
    return path_text(tuple(reversed(names))) if names or team is None else world.teams[world.root][0]
