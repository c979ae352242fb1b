"""From the bytes of a CSV or XLSX file to rows of text. Pure, and bounded: a file of strangers can be made to be anything.

Nothing is evaluated: a formula stays the text that it begins with. What can't be read raises `FileRefused`, which says why by a code.
Called in a thread, and for XLSX in a process of its own (`apart`), by `kept`.
"""

import csv
import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from datetime import time as clock
from typing import Any, Literal

import msgspec

from hub.errors import FileCode, Invalid

FILE_MAX_BYTES = 5 * 1024 * 1024
ROWS_MAX = 5000
"""Of people. One transaction carries them out within a few seconds, and a preview of them is 1 MB."""
COLUMNS_MAX = 50
CELL_MAX_CHARACTERS = 1000
"""Longer ones are cut to one more than this, and their row is refused."""
READ_S = 10.0
"""The longest that a file is read for: 5,000 rows take 0.3 s as CSV and 1 s as XLSX."""
ENTRIES_MAX = 200
"""Of an XLSX, which is a ZIP of some ten."""
UNPACKED_MAX_BYTES = 40 * 1024 * 1024
TAGS_MAX = 1_000_000
"""Of XML in all of an XLSX: 5,000 rows of six columns have some 300,000."""
SHEET_ROWS_MAX = 1_048_576
"""The last line of a sheet; rows that are only formatted may reach down to it."""
CHARACTERS_MAX = 20_000_000
"""Of all cells together: 5,000 rows of six columns have some million, and a cell of an XLSX may say again what another says."""
ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UTF16_SHARE = 0.3
"""Of the bytes at one side of each pair that are zero in UTF-16 of Latin letters, digits and separators: more than this."""

Encoding = Literal["utf-8", "utf-16", "windows-1252"]


class FileRefused(Invalid):
    """The whole file can't be read. `code` says why; `limit` is the line, or the figure that was broken."""

    def __init__(self, message: str, code: FileCode, limit: int | None = None) -> None:
        super().__init__(message, "file", code, limit)


class FileTooLarge(FileRefused):
    status = 413

    def __init__(self) -> None:
        megabytes = FILE_MAX_BYTES // 1024 // 1024
        super().__init__(f"A file has at most {megabytes} MB.", "file_size", megabytes)


class Source(msgspec.Struct, frozen=True):
    """What a file turned out to be."""

    kind: Literal["csv", "xlsx"]
    encoding: Encoding | None = None
    separator: str | None = None
    sheet: str | None = None
    """The one that was read: the first that is not hidden."""
    sheets: int = 1


class Line(msgspec.Struct, frozen=True):
    """A row as a spreadsheet counts it, from 1. Cells are text; one that was too long is cut to `CELL_MAX_CHARACTERS + 1`."""

    number: int
    cells: list[str]


def read(data: bytes) -> tuple[Source, list[Line]]:
    """The rows of a file that hold anything, the heading first. Raises `FileRefused`."""
    if len(data) > FILE_MAX_BYTES:
        raise FileTooLarge
    if not data.strip(b"\x00\t\r\n \xff\xfe\xef\xbb\xbf"):
        raise FileRefused("There is nothing in this file.", "file_empty")
    if data.startswith(_OLE):
        raise FileRefused(
            "This is an old Excel file, or one with a password. Save it as .xlsx without one.", "file_old"
        )
    source, lines = _read_xlsx(data) if data.startswith(ZIP) else _read_csv(data)
    return source, _bounded(lines)


def _bounded(lines: Iterable[Line]) -> list[Line]:
    until = time.monotonic() + READ_S
    left = CHARACTERS_MAX
    kept: list[Line] = []
    for line in lines:
        if time.monotonic() > until:
            raise slow()
        if not any(cell.strip() for cell in line.cells):
            continue
        kept.append(Line(line.number, [cell[: CELL_MAX_CHARACTERS + 1] for cell in line.cells[:COLUMNS_MAX]]))
        left -= sum(map(len, kept[-1].cells))
        if left < 0:
            raise _bomb()
        if len(kept) > ROWS_MAX + 1:
            raise FileRefused(f"A file has at most {ROWS_MAX} rows of people.", "file_rows", ROWS_MAX)
    if not kept:
        raise FileRefused("There is nothing in this file.", "file_empty")
    return kept


# --- CSV


def _read_csv(data: bytes) -> tuple[Source, Iterator[Line]]:
    encoding, text = _decoded(data)
    if "\x00" in text or text.startswith(("%PDF", "<!DOCTYPE", "<html")):
        raise FileRefused("This is neither a CSV nor an XLSX file.", "file_kind")
    separator, text = _separator(text)
    return Source("csv", encoding, separator), _csv_lines(text, separator)


def _csv_lines(text: str, separator: str) -> Iterator[Line]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(rows, start=1):
            yield Line(number, cells)
    except csv.Error as error:
        if "field limit" in str(error):
            raise FileRefused(f"A cell in row {number + 1} is far too long.", "file_cell", number + 1) from None
        raise FileRefused(
            f"The quotes in row {number + 1} don't close as they should.", "file_quotes", number + 1
        ) from None


def _decoded(data: bytes) -> tuple[Encoding, str]:
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            encoding: Encoding = "utf-8" if codec == "utf-8" else "utf-16"
            return encoding, _strictly(data[len(mark) :], codec)
    for odd, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        side = data[:4096][odd::2]
        if len(data) % 2 == 0 and side.count(0) > _UTF16_SHARE * len(side) and not data[:4096][1 - odd :: 2].count(0):
            return "utf-16", _strictly(data, codec)
    try:
        return "utf-8", data.decode()
    except UnicodeDecodeError:
        # Windows-1252 takes almost anything: so it is only that where no line is UTF-8 with letters beyond ASCII.
        for number, line in enumerate(data.split(b"\n"), start=1):
            if not line.isascii() and _is_utf8(line):
                raise FileRefused(
                    f"Parts of this file are UTF-8 (line {number}) and others are not. Save it anew as UTF-8.",
                    "file_mixed",
                    number,
                ) from None
        return "windows-1252", _strictly(data, "cp1252")


def _strictly(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        raise FileRefused(
            f"Line {line} can't be read as text. Save the file as UTF-8.", "file_encoding", line
        ) from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: str) -> tuple[str, str]:
    """The one that the heading has most of, and the text after the line `sep=;` by which Excel is told it."""
    heading, _, rest = text.lstrip("\r\n").partition("\n")
    told = heading.strip().strip('"')
    if told.lower().startswith("sep=") and told[4:] in {",", ";", "\t"}:
        return told[4:], "\n" + rest  # an empty line in its place: rows keep their numbers
    return max(",;\t", key=heading.count), text


# --- XLSX


def _read_xlsx(data: bytes) -> tuple[Source, Iterator[Line]]:
    _require_sane(data)
    import openpyxl  # 0.2 s, and seldom needed

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        title = str(shown[0].title)
    except Exception:  # noqa: BLE001 - openpyxl raises anything at all for what it can't read
        raise broken() from None
    return Source("xlsx", sheet=title, sheets=len(shown)), _sheet_lines(shown[0])


def _sheet_lines(sheet: Any) -> Iterator[Line]:
    sheet.reset_dimensions()  # what the file says of its size is not to be believed
    rows = sheet.iter_rows(max_row=SHEET_ROWS_MAX, max_col=COLUMNS_MAX, values_only=True)
    number = 0
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - as above
            raise broken() from None
        if row.count(None) < len(row):
            yield Line(number, [_text(value) for value in row])


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case int() | float() | date() | timedelta() | clock():
            return str(value)
        case _:
            return "="  # a formula over several cells is an object of its own


def _require_sane(data: bytes) -> None:
    """Unpacks everything once, within bounds: openpyxl has none. Raises `FileRefused`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(entries) > ENTRIES_MAX or len(names) < len(entries):
                raise _bomb()
            if "xl/workbook.xml" not in names:
                raise FileRefused("This is neither a CSV nor an XLSX file.", "file_kind")
            left, tags = UNPACKED_MAX_BYTES, TAGS_MAX
            if sum(entry.file_size for entry in entries) > left:
                raise _bomb()
            for entry in entries:
                if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise broken()  # the others unpack without a bound
                with archive.open(entry) as unpacked:
                    content = unpacked.read(entry.file_size + 1)
                left -= len(content)
                tags -= content.count(b"<")
                if left < 0 or tags < 0:
                    raise _bomb()
                if entry.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in content.replace(b"\x00", b""):
                    raise broken()  # no spreadsheet writes one
    except FileRefused:
        raise
    except Exception:  # noqa: BLE001 - zipfile raises a dozen kinds for what is broken or encrypted
        raise broken() from None


def _bomb() -> FileRefused:
    return FileRefused("Unpacked, this file is far larger than any list of people.", "file_bomb")


def slow() -> FileRefused:
    return FileRefused("This file takes too long to read.", "file_slow")


def broken() -> FileRefused:
    return FileRefused("This XLSX file is damaged, or no program for spreadsheets wrote it.", "file_broken")
