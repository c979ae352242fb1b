"""People from a spreadsheet: each bad row is named, nothing is done by half, and files that are made to harm do nothing."""

import asyncio
import io
import json
import threading
import zipfile
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from hub import people, web
from hub.app import api
from hub.database import connection, transaction
from hub.errors import Invalid
from hub.imports import kept
from hub.imports import read as reading
from hub.imports.apart import read_apart
from hub.imports.hours import hours_of, text_of
from hub.imports.judge import Known, World, judge, new_teams, wanted_rows
from hub.imports.read import FILE_MAX_BYTES, ROWS_MAX, FileRefused, read
from hub.people.typed import WorkingHours
from hub.tables import Audit, FormerZone, Membership, Person, Role, Team
from tests.hub.conftest import Browser
from tests.hub.stored import details

HEADING = ["e-mail", "name", "team", "role", "role team", "zone", "working hours"]
PATH = "/api/people/imports"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def csv_of(rows: list[list[str]], separator: str = ",") -> bytes:
    return "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in [HEADING, *rows]).encode()


def xlsx_of(rows: list[list[Any]], heading: list[str] = HEADING, **parts: str) -> bytes:
    """A workbook; `parts` put other content into entries of its ZIP, by the ends of their names."""
    book = openpyxl.Workbook()
    for row in [heading, *rows]:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return repacked(file.getvalue(), parts) if parts else file.getvalue()


def repacked(data: bytes, parts: dict[str, str], extra: dict[str, bytes] | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            stem = entry.filename.rsplit("/", 1)[-1].split(".")[0]
            target.writestr(entry.filename, parts[stem].format(content.decode()) if stem in parts else content)
        for name, content in (extra or {}).items():
            target.writestr(name, content)
    return packed.getvalue()


def rows_of(data: bytes) -> list[list[str]]:
    return [line.cells for line in read(data)[1]]


# --- files


@pytest.mark.parametrize(
    ("codec", "mark", "told"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16"),
        ("utf-16-be", b"", "utf-16"),
        ("cp1252", b"", "windows-1252"),
    ],
)
def test_encodings_of_spreadsheets_are_told_apart(codec, mark, told):
    text = "e-mail;name\r\nzoe@halden.example;Zoë Müller – €\r\n"

    source, lines = read(mark + text.encode(codec))

    assert (source.kind, source.encoding, source.separator) == ("csv", told, ";")
    assert [line.cells for line in lines] == [["e-mail", "name"], ["zoe@halden.example", "Zoë Müller – €"]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_is_that_of_the_heading(separator):
    assert rows_of(csv_of([["a@b.example", "A, B; C\tD", "", "", "", ""]], separator))[1][1] == "A, B; C\tD"


def test_rows_are_counted_as_a_spreadsheet_counts_them():
    data = b'sep=;\r\ne-mail;name\r\n\r\na@b.example;"two\nlines"\r\n;\r\nc@d.example;C'

    assert [(line.number, line.cells[0]) for line in read(data)[1]] == [
        (2, "e-mail"),
        (4, "a@b.example"),
        (6, "c@d.example"),
    ]


def test_xlsx_is_read_as_text_from_the_first_sheet_that_is_shown():
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("People")
    shown.append(["e-mail", "name"])
    shown["A4"], shown["B4"] = "a@b.example", 42.0
    file = io.BytesIO()
    book.save(file)

    source, lines = read(file.getvalue())

    assert (source.kind, source.sheet, source.sheets) == ("xlsx", "People", 1)
    assert [(line.number, line.cells[:2]) for line in lines] == [(1, ["e-mail", "name"]), (4, ["a@b.example", "42"])]


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
DTD = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
GOOD = xlsx_of([["a@b.example", "A", "", "", "", ""]])


def lying(data: bytes) -> bytes:
    """The sheet unpacks to more than its entry says, and the checksum is of what it says."""
    bomb = repacked(data, {}, {"xl/big.xml": b"<" * 200_000})
    return bomb.replace((200_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "file_empty"),
        (b"e-mail,name\r\n", "file_empty"),
        (b"name,team\r\nA,B\r\n", "file_no_email"),
        (b"e-mail,mail\r\na@b.example,c@d.example\r\n", "file_headings"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "file_old"),
        (b"%PDF-1.7 ...", "file_kind"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "file_kind"),
        (b"PK\x03\x04 and nothing else", "file_broken"),
        (repacked(GOOD, {}, {"xl/workbook.xml": b""})[:-30], "file_broken"),
        ("e-mail,name\r\na@b.example,Zoë\r\n".encode() + "c@d.example,Zoë\r\n".encode("cp1252"), "file_mixed"),
        (b"e-mail,name\r\na@b.example,\x81\x8d\r\n", "file_encoding"),
        (b"\xff\xfee\x00-", "file_encoding"),
        (b'e-mail,name\r\na@b.example,"never closed\r\n', "file_quotes"),
        (b'e-mail,name\r\na@b.example,"x"y\r\n', "file_quotes"),
        (b"e-mail,name\r\na@b.example," + b"x" * 200_000, "file_cell"),
        (csv_of([[f"p{n}@b.example", "P", "", "", "", ""] for n in range(ROWS_MAX + 1)]), "file_rows"),
        (b"e-mail\r\n" + b"x" * FILE_MAX_BYTES, "file_size"),
        (repacked(GOOD, {}, {f"xl/{n}.xml": b"" for n in range(300)}), "file_bomb"),
        (repacked(GOOD, {}, {"xl/big.xml": bytes(50_000_000)}), "file_bomb"),
        (repacked(GOOD, {"sheet1": SHEET.format("<row/>" * 1_100_000)}), "file_bomb"),
        (lying(GOOD), "file_broken"),
        (repacked(GOOD, {"sheet1": DTD + "{}"}), "file_broken"),
        (repacked(GOOD, {"workbook": DTD + "{}"}), "file_broken"),
        (repacked(GOOD, {"sheet1": "this is no XML"}), "file_broken"),
    ],
)  # fmt: skip
def test_files_that_are_no_list_of_people_are_refused_by_what_is_wrong(data, code):
    with pytest.raises(FileRefused) as refused:
        wanted_rows(read(data)[1])

    assert refused.value.code == code


@pytest.mark.parametrize(
    "trick",
    [
        {"sheet1": SHEET.format('<row r="1"><c r="A1" t="inlineStr"><is><t>e-mail</t></is></c></row><row r="1048576"/>')},
        {"sheet1": SHEET.format('<row r="1"><c r="A1" t="inlineStr"><is><t>e-mail</t></is></c><c r="XFD1"/></row>' + '<row/>' * 5000)},
        {"sheet1": SHEET.format('<dimension ref="A1:XFD1048576"/><row r="1"><c r="A1" t="inlineStr"><is><t>e-mail</t></is></c></row>')},
    ],
)  # fmt: skip
def test_sheets_that_say_they_are_huge_cost_what_is_in_them(trick):
    lines = read(repacked(GOOD, trick))[1]

    assert [(line.number, line.cells[0]) for line in lines] == [(1, "e-mail")]
    assert len(lines[0].cells) <= reading.COLUMNS_MAX


def test_strangers_xml_is_read_without_entities():
    assert openpyxl.DEFUSEDXML


# --- rows

WORLD = World(
    people={
        "bob@halden.example": Known(2, "Bob Brandt", "Europe/Oslo", 2, False, frozenset()),
        "gone@halden.example": Known(10, "Gone Chen", "Europe/Oslo", None, True, frozenset()),
        "alice@halden.example": Known(1, "Alice Okafor", "Europe/Oslo", 2, False, frozenset({("manager", 2)})),
        "gina@halden.example": Known(
            11, "Gina Moe", "Asia/Amman", 2, False, frozenset(), WorkingHours([0, 1, 2, 3, 6], 1320, 360)
        ),
    },
    teams={
        1: ("Halden", None),
        2: ("Payments", 1),
        3: ("Payments API", 2),
        4: ("Ops", 1),
        5: ("ops", 1),
        6: ("Café", 1),
    },
    root=1,
)


def outcomes(*rows: list[str], make_teams: bool = False, world: World = WORLD) -> list[Any]:
    return judge(wanted_rows(read(csv_of([row + [""] * (7 - len(row)) for row in rows]))[1])[0], world, make_teams)


def said(outcome: Any) -> tuple[str, Any]:
    """Short: what it does, and why or what."""
    faults = [(fault.code, fault.column) for fault in outcome.faults]
    return outcome.does, faults or {change.field: (change.old, change.new) for change in outcome.changes}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["new@halden.example", "New"], ("add", {})),
        (["New@Halden.Example ", "  New  One "], ("add", {})),
        (["", "New"], ("bad", [("email_missing", "email")])),
        (["new@", "New"], ("bad", [("email_wrong", "email")])),
        (["nеw@halden.example", "New"], ("bad", [("email_lookalike", "email")])),  # a Cyrillic е
        (["new@hаlden.example", "New"], ("bad", [("email_lookalike", "email")])),  # a Cyrillic а
        (["new\u200b@halden.example", "New"], ("bad", [("email_lookalike", "email")])),
        (["ｎew@halden.example", "New"], ("bad", [("email_lookalike", "email")])),
        (["new@halden.example", ""], ("bad", [("name_missing", "name")])),
        (["new@halden.example", "x" * 201], ("bad", [("name_length", "name")])),
        (["new@halden.example", "x" * 1001], ("bad", [("cell_long", "name")])),
        (["new@halden.example", "=cmd|' /C calc'!A0"], ("bad", [("formula", "name")])),
        (["new@halden.example", "+1"], ("bad", [("formula", "name")])),
        (["new@halden.example", "-2+3"], ("bad", [("formula", "name")])),
        (["@new@halden.example", "New"], ("bad", [("formula", "email")])),
        (["new@halden.example", "New", " =1+1"], ("bad", [("formula", "team")])),
        (["new@halden.example", "#REF!"], ("bad", [("cell_error", "name")])),
        (["new@halden.example", "Zo\ufffd"], ("bad", [("cell_unreadable", "name")])),
        (["new@halden.example", "N\x07ew"], ("bad", [("cell_unreadable", "name")])),
        (["new@halden.example", "New", "Payments / API"], ("bad", [("team_unknown", "team")])),
        (["new@halden.example", "New", "Payments / / API"], ("bad", [("team_path", "team")])),
        (["new@halden.example", "New", " / ".join("abcdefghijk")], ("bad", [("team_path", "team")])),
        (["new@halden.example", "New", "OPS"], ("bad", [("team_ambiguous", "team")])),
        (["new@halden.example", "New", "ops"], ("add", {})),
        (["new@halden.example", "New", "payments/payments api"], ("add", {})),
        (["new@halden.example", "New", "Halden / Payments"], ("add", {})),
        (["new@halden.example", "New", "Halden"], ("add", {})),
        (["new@halden.example", "New", "Cafe\u0301"], ("add", {})),
        (["new@halden.example", "New", "", "boss"], ("bad", [("role_unknown", "role")])),
        (["new@halden.example", "New", "", "manager"], ("bad", [("role_team_missing", "role_team")])),
        (["new@halden.example", "New", "", "admin", "Payments"], ("bad", [("role_team_needless", "role_team")])),
        (["new@halden.example", "New", "", "", "Payments"], ("bad", [("role_team_needless", "role_team")])),
        (["new@halden.example", "New", "", "Employee"], ("add", {})),
        (["new@halden.example", "New", "", "", "", "Europe/Atlantis"], ("bad", [("zone_unknown", "zone")])),
        (["new@halden.example", "New", "", "", "", "../../etc/passwd"], ("bad", [("zone_unknown", "zone")])),
        (["new@halden.example", "New", "", "", "", "", "Mon-Fri 09:00-17:00"], ("add", {})),
        (["new@halden.example", "New", "", "", "", "", "office hours"], ("bad", [("hours_wrong", "working_hours")])),
        (["bob@halden.example", "", "", "", "", "", "Mon-Fri 9-17"],
         ("change", {"working_hours": ("", "Mon-Fri 09:00-17:00")})),
        (["gina@halden.example", "", "", "", "", "", "sun – thu, 22:00 – 6"], ("leave", {})),
        (["gina@halden.example", "", "", "", "", "", "Mon, Wed 22:00-06:00"],
         ("change", {"working_hours": ("Mon-Thu, Sun 22:00-06:00", "Mon, Wed 22:00-06:00")})),
        (["x" * 300 + "@halden.example", "", "", "boss"],
         ("bad", [("email_wrong", "email"), ("role_unknown", "role"), ("name_missing", "name")])),
        (["bob@halden.example"], ("leave", {})),
        (["bob@halden.example", "Bob Brandt", "Payments", "employee", "", "Europe/Oslo"], ("leave", {})),
        (["BOB@halden.example", "Bob B", "Payments / Payments API", "", "", "UTC"],
         ("change", {"name": ("Bob Brandt", "Bob B"), "team": ("Payments", "Payments / Payments API"), "zone": ("Europe/Oslo", "UTC")})),
        (["alice@halden.example", "", "", "manager", "Payments"], ("leave", {})),
        (["alice@halden.example", "", "", "manager", "Café"], ("change", {"role": ("", "manager: Café")})),
        (["gone@halden.example"], ("bad", [("deactivated", "email")])),
    ],
)  # fmt: skip
def test_row_says_what_it_would_do_or_what_is_wrong_with_it(row, expected):
    assert said(outcomes(row)[0]) == expected


@pytest.mark.parametrize(
    ("text", "days", "times"),
    [
        ("Mon-Fri 09:00-17:00", [0, 1, 2, 3, 4], (540, 1020)),
        ("monday – Friday  9.00–17.30", [0, 1, 2, 3, 4], (540, 1050)),
        ("Sun-Thu 8-16", [0, 1, 2, 3, 6], (480, 960)),
        ("Sat 20:00-24:00", [5], (1200, 0)),
        ("tues,thurs Sat 7:15 - 3", [1, 3, 5], (435, 180)),
        ("‏الأحد - الخميس، 09:00 - 17:00", [0, 1, 2, 3, 6], (540, 1020)),
    ],
)
def test_working_hours_are_read_as_people_write_them_and_written_so_that_they_are_read_again(text, days, times):
    read_ = hours_of(text)

    assert (read_.days, (read_.from_min, read_.until_min)) == (days, times)
    assert hours_of(text_of(read_)) == read_


@pytest.mark.parametrize(
    "text",
    ["Mon-Fri", "9-17", "Mon-Fri 9", "Mo-Fr 9-17", "Mon-Fri 9-9", "Mon-Fri 9-25", "Mon-Fri 9:60-17", "Mon-Fri 24:30-8",
     "Mon-Thu 9-17, Fri 9-15", "Mon- 9-17", "- 9-17", "Mon-Fri 0-24", ", 9-17"],
)  # fmt: skip
def test_what_is_no_working_hours_is_refused(text):
    with pytest.raises(Invalid):
        hours_of(text)


def test_rows_of_one_address_are_duplicates_when_they_say_the_same_and_clash_when_not():
    found = outcomes(
        ["a@b.example", "A"], ["A@b.example", "A"], ["c@d.example", "C"], ["c@d.example", "D"], ["c@d.example", "C"]
    )

    assert [(outcome.does, [(fault.code, fault.row) for fault in outcome.faults]) for outcome in found] == [
        ("add", []), ("bad", [("duplicate", 2)]), ("bad", [("clash", 5)]), ("bad", [("clash", 4)]), ("bad", [("clash", 4)]),
    ]  # fmt: skip


def test_missing_teams_are_named_once_and_made_by_choice():
    rows = [["a@b.example", "A", "payments / Ledger"], ["c@d.example", "C", "Payments/ledger", "manager", "New"]]

    assert [outcome.does for outcome in outcomes(*rows)] == ["bad", "bad"]
    assert [outcome.does for outcome in outcomes(*rows, make_teams=True)] == ["add", "add"]
    assert new_teams(outcomes(*rows)) == [("New",), ("Payments", "Ledger")]


def test_cells_beyond_the_heading_and_headings_of_no_meaning_are_said():
    rows, ignored = wanted_rows(
        read(b"E-Mail,Full name,Shoe size\r\na@b.example,A,42\r\nc@d.example,Doe, John,42\r\n")[1]
    )

    assert ignored == ["Shoe size"]
    assert [[fault.code for fault in row.faults] for row in rows] == [[], ["cells_beyond"]]


# --- through the hub


@pytest.fixture
async def dora(cast, open_browser) -> Browser:
    browser = open_browser()
    await browser.sign_in(cast.dora)
    return browser


async def uploaded(browser: Browser, data: bytes) -> dict[str, Any]:
    answer = await browser.change("POST", PATH, content=data)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def confirmed(browser: Browser, preview: dict[str, Any], *, leave_out_bad: bool = False) -> Any:
    body = {"version": preview["version"], "leave_out_bad": leave_out_bad}
    return await browser.change("POST", f"{PATH}/{preview['id']}/done", json=body)


async def everything() -> list[Any]:
    """All that an import may write."""
    return [
        await Person.select().order_by(Person.id),
        await Membership.select().order_by(Membership.id),
        await Role.select().order_by(Role.id),
        await Team.select().order_by(Team.id),
        await Audit.count().where(Audit.action.not_in(["sign_in", "denied"])),
    ]


BAD = {
    0: (["", "X"], "email_missing"), 1: (["no address", "X"], "email_wrong"), 2: (["zoё@b.example", "X"], "email_lookalike"),
    3: (["p0@b.example"], "name_missing"), 4: (["p1@b.example", "x" * 300], "name_length"), 5: (["p2@b.example", "=1+1"], "formula"),
    6: (["p3@b.example", "X", "Nowhere"], "team_unknown"), 7: (["p4@b.example", "X", "/"], "team_path"),
    8: (["p5@b.example", "X", "", "chief"], "role_unknown"), 9: (["p6@b.example", "X", "", "manager"], "role_team_missing"),
    10: (["p7@b.example", "X", "", "auditor", "Payments"], "role_team_needless"),
    11: (["p8@b.example", "X", "", "", "", "Oslo"], "zone_unknown"),
    12: (["p9@b.example", "y" * 2000], "cell_long"), 13: (["gone@halden.example", "Gone Chen"], "deactivated"),
    14: (["good0@b.example", "Other name"], "clash"), 15: (["p10@b.example", "#N/A"], "cell_error"),
    16: (["+p11@b.example", "X"], "formula"),
    17: (["p12@b.example", "\ufffd"], "cell_unreadable"), 18: (["p13@b.example", "X", "", "", "", "", "9 to 5"], "hours_wrong"),
}  # fmt: skip
"""With the row that one of them clashes with they are twenty."""


def five_hundred() -> tuple[list[list[str]], dict[int, str]]:
    """Rows, and which of them are bad by their numbers in the file."""
    rows = [
        [f"good{n}@b.example", f"Person {n}", ["Payments", "Payments / Payments API", ""][n % 3]] for n in range(481)
    ]
    codes = {2: "clash"}
    for n, (row, code) in BAD.items():
        place = 20 + n * 24
        rows.insert(place, row)
        codes[place + 2] = code
    return [row + [""] * (7 - len(row)) for row in rows], codes


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_500_people_with_20_bad_rows_are_previewed_row_by_row_and_nothing_is_half_done(kind, cast, dora):
    rows, codes = five_hundred()
    before = await everything()
    preview = await uploaded(dora, csv_of(rows) if kind == "csv" else xlsx_of(rows))
    bad = (await dora.get(f"{PATH}/{preview['id']}", params={"show": "bad"})).json()

    assert len(rows) == 500
    assert preview["counts"] == {"bad": 20, "add": 480, "change": 0, "leave": 0}
    assert {row["row"]: row["faults"][0]["code"] for row in bad["rows"]} == codes
    assert preview["rows"][:20] == bad["rows"]
    assert await everything() == before

    refused = await confirmed(dora, preview)
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (400, "import_bad_rows", 20)
    assert await everything() == before

    done = await confirmed(dora, preview, leave_out_bad=True)
    assert done.json()["result"] == {"added": 480, "changed": 0, "left": 0, "left_out": 20, "teams": 0}
    assert await Person.count() == len(cast.people) + 480
    home = await Membership.count().where(Membership.team == cast.payments_api, Membership.until_at.is_null())
    assert home == 1 + 160
    told = await Audit.select().where(Audit.action == "person_added").order_by(Audit.id).output(load_json=True)
    assert len(told) == 480
    assert {(row["actor"], row["detail"]["import"]) for row in told} == {(cast.dora.id, preview["id"])}
    again = await confirmed(dora, preview, leave_out_bad=True)
    assert again.json()["result"] == done.json()["result"]
    assert await Person.count() == len(cast.people) + 480


async def test_import_writes_for_somebody_what_adding_them_by_hand_writes(cast, dora):
    data = csv_of([["sheet@b.example", "Same", "Payments", "manager", "Support", "Europe/Rome", "Mon-Fri 8-16"]])
    await confirmed(dora, await uploaded(dora, data))
    async with transaction():
        by_hand = await people.insert_person(
            "hand@b.example",
            "Same",
            zone="Europe/Rome",
            working_hours=hours_of("Mon-Fri 8-16"),
            team=cast.payments,
            by=cast.dora.id,
        )
        await people.insert_role(by_hand, "manager", cast.support, cast.dora.id)

    assert await all_of("sheet@b.example") == await all_of("hand@b.example")


async def all_of(email: str) -> list[Any]:
    """Every row of every table that is about somebody, without numbers and times of their own."""
    person = (await Person.select().where(Person.email == email))[0]
    own = {"id", "email", "created_at", "since_at", "at", "person", "subject"}
    told = await Audit.select().where(Audit.subject == person["id"]).order_by(Audit.id).output(load_json=True)
    found = [
        [person],
        *[await table.select().where(table.person == person["id"]) for table in (Membership, Role)],
        told,
    ]
    for row in told:
        row["detail"].pop("import", None)
    return [[{name: value for name, value in row.items() if name not in own} for row in rows] for rows in found]


async def test_people_who_are_here_are_changed_moved_and_given_roles_each_in_the_audit(cast, dora):
    rows = [
        ["bob@halden.example", "Bob B. Brandt", "Support", "", "", "Europe/Rome", "Mon-Fri 8-16"],
        ["charlie@halden.example", "", "", "manager", "Support", ""],
        ["bea@halden.example", "", "", "", "", ""],
    ]
    version = (await Person.select(Person.access_version).where(Person.id == cast.charlie.id))[0]["access_version"]
    preview = await uploaded(dora, csv_of(rows))
    done = await confirmed(dora, preview)

    assert preview["counts"] == {"bad": 0, "add": 0, "change": 2, "leave": 1}
    assert done.json()["result"] == {"added": 0, "changed": 2, "left": 1, "left_out": 0, "teams": 0}
    bob = (await Person.select().where(Person.id == cast.bob.id))[0]
    hours = {"days": [0, 1, 2, 3, 4], "from_min": 480, "until_min": 960}
    assert (bob["name"], bob["zone"]) == ("Bob B. Brandt", "Europe/Rome")
    assert json.loads(bob["working_hours"]) == hours
    before = (await FormerZone.select().where(FormerZone.person == cast.bob.id))[0]
    assert (before["zone"], before["until_at"] > datetime.now(UTC)) == ("Europe/Oslo", True), (
        "up to the end of his workday"
    )
    stays = await Membership.select().where(Membership.person == cast.bob.id).order_by(Membership.id)
    assert [(stay["team"], stay["until_at"]) for stay in stays] == [
        (cast.payments, stays[1]["since_at"]), (cast.support, None),
    ]  # fmt: skip
    assert await Role.exists().where(Role.person == cast.charlie.id, Role.role == "manager", Role.team == cast.support)
    charlie = (await Person.select(Person.access_version).where(Person.id == cast.charlie.id))[0]
    assert charlie["access_version"] == version + 1
    told = await Audit.select().where(Audit.subject.is_in([cast.bob.id, cast.charlie.id])).order_by(Audit.id)
    assert [row["action"] for row in told] == ["person_changed", "person_moved", "role_granted"]
    by_hand = {"name": "Bob B. Brandt", "zone": "Europe/Rome", "locale": None, "working_hours": hours, "version": 1}
    assert (
        await dora.change("PUT", f"/api/people/{cast.bea.id}", json={**by_hand, "email": cast.bea.email})
    ).is_success
    rows = await Audit.select().where(Audit.action == "person_changed").order_by(Audit.id)
    imported, by_hand = await details(rows)
    assert imported.pop("import") == preview["id"]
    assert imported["changed"].pop("name") == {"old": cast.bob.name, "new": "Bob B. Brandt"}
    assert by_hand["changed"].pop("name") == {"old": cast.bea.name, "new": "Bob B. Brandt"}
    assert imported == by_hand, "as of who is changed by hand"


async def test_missing_teams_are_made_when_that_is_chosen(cast, dora):
    preview = await uploaded(dora, csv_of([["a@b.example", "A", "payments / Ledger / Books", "", "", ""]]))
    chosen = (await dora.change("PUT", f"{PATH}/{preview['id']}", json={"make_teams": True})).json()
    done = await confirmed(dora, chosen)

    assert (preview["counts"]["bad"], preview["new_teams"]) == (1, ["Payments / Ledger / Books"])
    assert (chosen["counts"]["add"], chosen["version"]) == (1, 2)
    assert done.json()["result"]["teams"] == 2
    made = await Team.select().where(Team.name.is_in(["Ledger", "Books"])).order_by(Team.id)
    assert [(team["name"], team["parent"]) for team in made] == [("Ledger", cast.payments), ("Books", made[0]["id"])]
    stale = await confirmed(dora, preview)
    assert stale.json()["result"] == done.json()["result"]


async def test_what_changed_since_the_preview_is_refused_by_row_and_shown(cast, dora):
    rows = [
        ["a@b.example", "A", "", "", "", ""],
        ["b@b.example", "B", "", "", "", ""],
        ["bob@halden.example", "", "Support", "", "", ""],
    ]
    preview = await uploaded(dora, csv_of(rows))
    await people.add_person("b@b.example", "Somebody else")
    await people.move(cast.bob.id, cast.support)
    before = await everything()
    refused = await confirmed(dora, preview)
    now = (await dora.get(f"{PATH}/{preview['id']}", params={"show": "moved_on"})).json()

    assert (refused.status_code, refused.json()["code"]) == (409, "import_changed")
    assert "rows 3, 4 would" in refused.json()["title"]
    assert await everything() == before
    assert [(row["row"], row["does"], row["moved_on"]) for row in now["rows"]] == [
        (3, "change", True),
        (4, "leave", True),
    ]
    assert (await confirmed(dora, preview)).status_code == 409
    assert (await confirmed(dora, now)).json()["result"]["changed"] == 1


async def test_somebody_added_while_it_is_carried_out_keeps_it_from_being_done(cast, dora, monkeypatch):
    preview = await uploaded(dora, csv_of([["a@b.example", "A", "", "", "", ""], ["b@b.example", "B", "", "", "", ""]]))
    carry_out = kept.carry_out

    async def late(*given: Any) -> Any:
        async with connection() as other:  # another process, between the judging and the writing
            await other.execute("INSERT INTO person (email, name) VALUES ('b@b.example', 'First')")
        return await carry_out(*given)

    monkeypatch.setattr(kept, "carry_out", late)
    refused = await confirmed(dora, preview)

    assert refused.status_code == 409
    assert "rows 3 would" in refused.json()["title"]
    assert not await Person.exists().where(Person.email == "a@b.example")


async def test_database_connection_that_dies_in_the_middle_leaves_nothing(cast, dora):
    preview = await uploaded(
        dora, csv_of([[f"p{n}@b.example", "P", "Payments / New", "admin", "", ""] for n in range(50)])
    )
    chosen = (await dora.change("PUT", f"{PATH}/{preview['id']}", json={"make_teams": True})).json()
    before = await everything()
    async with connection() as watching, connection() as blocking, blocking.transaction():
        await blocking.execute("LOCK TABLE role IN SHARE MODE")  # people and teams are written by then
        doing = asyncio.create_task(confirmed(dora, chosen))
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO role%'"
        while (pid := await watching.fetchval(waiting)) is None:
            await asyncio.sleep(0.01)
        assert await watching.fetchval("SELECT pg_terminate_backend($1)", pid)
        answer = await doing

    assert answer.status_code == 503
    assert await everything() == before
    assert (await confirmed(dora, chosen)).json()["result"]["added"] == 50


async def test_whole_cast_tries_to_import_and_a_preview_is_its_makers_alone(cast, open_browser, dora):
    preview = await uploaded(dora, csv_of([["a@b.example", "A", "", "", "", ""]]))
    path = f"{PATH}/{preview['id']}"
    tries = [
        ("POST", PATH, {"content": b"e-mail\r\na@b.example"}), ("GET", path, {}), ("PUT", path, {"json": {"make_teams": True}}),
        ("POST", f"{path}/done", {"json": {"version": 1, "leave_out_bad": True}}), ("DELETE", path, {}),
    ]  # fmt: skip
    outcome: dict[str, list[int]] = {}
    for person in cast.people[:9]:
        if person is not cast.dora:
            browser = open_browser()
            await browser.sign_in(person)
            outcome[person.name] = [
                (await browser.change(method, to, **given)).status_code for method, to, given in tries
            ]
    stranger = open_browser()

    assert outcome.pop("Alma Rossi") == [201, 404, 404, 404, 404]
    assert set(map(tuple, outcome.values())) == {(404,) * 5}
    assert [(await stranger.change(method, to, **given)).status_code for method, to, given in tries] == [401] * 5
    assert await Audit.count().where(Audit.action == "denied", Audit.actor == cast.alma.id) == 4
    assert await Audit.count().where(Audit.action == "denied") == 4 + 7 * 5
    assert not await Person.exists().where(Person.email == "a@b.example")
    assert (await dora.get(path)).status_code == 200


async def test_preview_is_answered_by_another_hub_and_forgotten_after_its_hour(cast, dora, settings, monkeypatch):
    preview = await uploaded(dora, csv_of([["a@b.example", "A", "", "", "", ""]]))
    client = web.redis_client(settings.redis_url or "")
    other = Browser(web.build(settings, api(), client))
    other.cookies = dora.cookies
    path = f"{PATH}/{preview['id']}"

    assert (await other.get(path)).json()["rows"] == preview["rows"]
    async with connection() as held:
        await held.execute("UPDATE people_import SET expires_at = now()")
    for method, to in (("GET", path), ("PUT", path), ("POST", f"{path}/done"), ("DELETE", path)):
        body = {"make_teams": True, "version": 1, "leave_out_bad": True}
        assert (await other.change(method, to, json=body)).status_code == 404, method
    await uploaded(other, csv_of([["a@b.example", "A", "", "", "", ""]]))
    async with connection() as held:
        assert await held.fetchval("SELECT count(*) FROM people_import") == 1
    await other.aclose()
    await client.aclose()


async def test_only_the_upload_may_be_large_and_says_so_when_it_is_too_large(cast, dora):
    large = csv_of([["a@b.example", "A", "", "", "", ""]]) + b"\r\n," * 700_000
    taken = await dora.change("POST", PATH, content=large)
    refused = await dora.change("POST", PATH, content=large + bytes(FILE_MAX_BYTES))
    elsewhere = await dora.change("PUT", f"{PATH}/{taken.json()['id']}", content=large)

    assert len(large) > web.BODY_MAX_BYTES
    assert taken.status_code == 201
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (413, "file_size", 5)
    assert elsewhere.status_code == 413


async def test_bad_file_is_answered_with_its_code_and_nothing_of_what_is_in_it(cast, dora):
    answer = await dora.change("POST", PATH, content=b"secret-heading,name\r\nsecret-cell,A\r\n")

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "file_no_email", "file")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "parts",
    [
        {"styles": f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 900_000}</cellXfs></styleSheet>'},
        {"sheet1": f'<worksheet xmlns="{MAIN}"><sheetData>{"<row/>" * 900_000}</sheetData></worksheet>'},
    ],
    ids=["styles", "rows"],
)
async def test_file_that_keeps_its_reader_busy_is_given_up(parts):
    """Ten kilobytes each, of which the library would make a minute's work."""
    made = xlsx_of([["a@b.example", "A", "", "", "", ""]], **parts)

    with pytest.raises(FileRefused) as refused:
        await read_apart(made, seconds=1)

    assert refused.value.code == "file_slow"


def test_file_of_which_few_bytes_make_many_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "CHARACTERS_MAX", 120)
    row = ["a@b.example", "A", "", "", "", ""]
    read(xlsx_of([row] * 5))

    with pytest.raises(FileRefused) as refused:
        read(xlsx_of([row] * 9))

    assert refused.value.code == "file_bomb"


async def test_hub_answers_others_while_a_file_is_read_and_takes_only_so_many(cast, dora, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(kept, "read", lambda data: go.wait(30) and pytest.fail("not to be read"))
    waiting = [asyncio.create_task(dora.change("POST", PATH, content=b"e-mail")) for _ in range(kept.WAITING_MAX + 1)]
    while not kept._TURNS.locked():
        await asyncio.sleep(0.01)

    assert (await dora.get("/api/me")).status_code == 200
    assert (await dora.change("POST", PATH, content=b"e-mail")).status_code == 503
    monkeypatch.setattr(kept, "read", None)
    for task in waiting:
        task.cancel()
    go.set()


async def test_carrying_out_asks_for_a_fresh_proof(cast, dora):
    preview = await uploaded(dora, csv_of([["a@b.example", "A", "", "admin", "", ""]]))
    async with connection() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() - interval '11 minutes'")
    refused = await confirmed(dora, preview)
    await dora.change("POST", "/api/session/proof", json={"password": cast.password})

    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_proof")
    assert (await confirmed(dora, preview)).json()["result"]["added"] == 1


async def test_nothing_to_do_is_said(cast, dora):
    answer = await confirmed(dora, await uploaded(dora, csv_of([["bob@halden.example", "", "", "", "", ""]])))

    assert (answer.status_code, answer.json()["code"]) == (400, "import_nothing")
