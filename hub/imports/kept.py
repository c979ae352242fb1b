"""Previews: kept in PostgreSQL for an hour, for the admin who made them, whichever hub process is asked. Confirming one carries it out.

What is confirmed is what was looked at: under locks every row is judged once more, and where one would do something else now nothing is
done, and the preview says which.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4

import msgspec

from hub.database import connection, transaction
from hub.errors import Conflict, Invalid, NotFound, Unavailable
from hub.imports.apart import read_apart
from hub.imports.carry_out import Result, TakenMeanwhile, carry_out, hold_still, world_of
from hub.imports.judge import Change, Column, Does, Fault, Outcome, Wanted, judge, new_teams, path_text, wanted_rows
from hub.imports.read import ZIP, Source, read

if TYPE_CHECKING:
    from hub.database import Connection

KEPT = timedelta(hours=1)
KEPT_MAX = 5
"""Of one admin: of more the oldest goes."""
ROWS_PER_PAGE = 100
WAITING_MAX = 4
"""Files that wait for the one thread that reads them: the last of them some seconds."""
NO_IMPORT = "There is no such import. What is not carried out within an hour is forgotten."
Show = Literal["all", "bad", "add", "change", "leave", "moved_on"]

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
_TURNS = asyncio.Semaphore(1 + WAITING_MAX)


class About(msgspec.Struct, frozen=True):
    """What a file was."""

    source: Source
    ignored: list[str]
    """Headings of columns that mean nothing here."""


class Judged(msgspec.Struct, frozen=True):
    """Outcomes, in the order of the file, and the rows of which they are others than at the look before."""

    outcomes: list[Outcome]
    moved_on: list[int] = []


class Row(msgspec.Struct, frozen=True):
    """A row of the file and what it would do. `cells` is as given."""

    row: int
    does: Does
    cells: dict[Column, str]
    faults: list[Fault]
    changes: list[Change]
    moved_on: bool
    """It would do something else than it would have when this was looked at before."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do. `total` and `rows` are of what is asked to be shown."""

    id: UUID
    version: int
    expires_at: datetime
    about: About
    make_teams: bool
    new_teams: list[str]
    """Teams that rows name and that are not there."""
    counts: dict[Does, int]
    moved_on: list[int]
    rows: list[Row]
    total: int
    page: int
    per_page: int = ROWS_PER_PAGE
    result: Result | None = None
    """What was done, once it is: then there are no rows any more."""


async def keep(data: bytes, person: int) -> UUID:
    """Reads a file and judges it; returns the preview's number. Raises `FileRefused`, or `Unavailable` while too many others wait."""
    if _TURNS.locked():
        raise Unavailable("Others are uploading files at this moment. Try again in a few seconds.")
    async with _TURNS:
        about, rows = await _read(data)
    outcomes = await _judge(rows, make_teams=False)
    id_ = uuid4()
    async with transaction() as held:
        await held.execute("DELETE FROM people_import WHERE expires_at < now()")
        await held.execute(_DROP_OLDEST, person, KEPT_MAX - 1)
        await held.execute(
            "INSERT INTO people_import (id, person, expires_at, source, content, outcomes) VALUES ($1, $2, now() + $3, $4, $5, $6)",
            id_, person, KEPT, msgspec.json.encode(about).decode(), _packed(rows), _packed(Judged(outcomes)),
        )  # fmt: skip
    return id_


async def owner_of(id_: UUID) -> int:
    """Who made it. Raises `NotFound`, also for what is over its hour."""
    async with connection() as held:
        owner: int | None = await held.fetchval(
            "SELECT person FROM people_import WHERE id = $1 AND expires_at > now()", id_
        )
    if owner is None:
        raise NotFound(NO_IMPORT)
    return owner


async def look(id_: UUID, show: Show = "all", page: int = 1) -> Preview:
    """The preview as it was judged last. Rows that can't be used come first. Raises `NotFound`."""
    async with connection() as held:
        row = await held.fetchrow("SELECT * FROM people_import WHERE id = $1 AND expires_at > now()", id_)
    if row is None:
        raise NotFound(NO_IMPORT)
    judged, wanted = _judged(row), _rows(row)
    given = {each.row: each.cells for each in wanted}
    moved_on = set(judged.moved_on)
    shown = sorted(
        (
            outcome
            for outcome in judged.outcomes
            if show in {"all", outcome.does} or (show == "moved_on" and outcome.row in moved_on)
        ),
        key=lambda outcome: (outcome.does != "bad", outcome.row),
    )
    counts: dict[Does, int] = {"bad": 0, "add": 0, "change": 0, "leave": 0}
    for outcome in judged.outcomes:
        counts[outcome.does] += 1
    return Preview(
        id=id_,
        version=row["version"],
        expires_at=row["expires_at"],
        about=msgspec.json.decode(row["source"], type=About),
        make_teams=row["make_teams"],
        new_teams=[path_text(path) for path in new_teams(judged.outcomes)],
        counts=counts,
        moved_on=judged.moved_on,
        rows=[
            Row(each.row, each.does, given[each.row], each.faults, each.changes, each.row in moved_on)
            for each in shown[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]
        ],
        total=len(shown),
        page=page,
        result=None if row["result"] is None else msgspec.json.decode(row["result"], type=Result),
    )


async def choose(id_: UUID, make_teams: bool) -> None:
    """Judges anew, with teams that are not there made or missed. Raises `NotFound`."""
    async with transaction() as held:
        row = await _locked(held, id_)
        if row["result"] is None:
            await _store(held, row, await _judge(_rows(row), make_teams), make_teams, mark=False)


async def confirm(id_: UUID, version: int, leave_out_bad: bool, by: int) -> None:
    """Carries it out, all in one transaction or nothing. Done already: nothing more.

    Raises `Conflict` when this is not the version that is kept, or a row would do something else by now; `Invalid` when there are bad rows
    and they are not to be left out, or there is nothing to do; `NotFound`.
    """
    try:
        moved_on = await _carry_out(id_, version, leave_out_bad, by)
    except TakenMeanwhile:
        async with transaction() as held:
            row = await _locked(held, id_)
            moved_on = await _store(
                held, row, await _judge(_rows(row), row["make_teams"]), row["make_teams"], mark=True
            )
    if moved_on is not None:
        numbers = ", ".join(map(str, moved_on[:20])) + (" and more" if len(moved_on) > 20 else "")
        raise Conflict(
            f"Nothing was done: rows {numbers} would do something else by now. Look again.", "import_changed"
        )


async def forget(id_: UUID) -> None:
    """Drops it. Idempotent."""
    async with connection() as held:
        await held.execute("DELETE FROM people_import WHERE id = $1", id_)


async def _carry_out(id_: UUID, version: int, leave_out_bad: bool, by: int) -> list[int] | None:
    """Nothing, when it was done; or the rows that would do something else now, when nothing was."""
    async with transaction() as held:
        row = await _locked(held, id_)
        if row["result"] is not None:
            return None
        if row["version"] != version:
            raise Conflict("Nothing was done: this was looked at anew in another window. Look again.", "import_changed")
        wanted, judged = _rows(row), _judged(row)
        emails = [each.email for each in wanted if each.email]
        await hold_still(held, emails)
        world = await world_of(emails)
        outcomes = await asyncio.to_thread(judge, wanted, world, row["make_teams"])
        if outcomes != judged.outcomes:
            return await _store(held, row, outcomes, row["make_teams"], mark=True)
        bad = sum(outcome.does == "bad" for outcome in outcomes)
        if bad and not leave_out_bad:
            raise Invalid(
                "Some rows can't be used. Mend them, or leave them out.", "leave_out_bad", "import_bad_rows", bad
            )
        if all(outcome.does in {"bad", "leave"} for outcome in outcomes):
            raise Invalid("There is nothing to do: no row adds or changes anybody.", code="import_nothing")
        result = await carry_out(held, wanted, outcomes, world, by, id_)
        await held.execute(
            "UPDATE people_import SET result = $2, content = '', outcomes = '' WHERE id = $1",
            id_,
            msgspec.json.encode(result).decode(),
        )
    return None


async def _read(data: bytes) -> tuple[About, list[Wanted]]:
    loop = asyncio.get_running_loop()
    source, lines = await (read_apart(data) if data.startswith(ZIP) else loop.run_in_executor(_THREAD, read, data))
    rows, ignored = await loop.run_in_executor(_THREAD, wanted_rows, lines)
    return About(source, ignored), rows


async def _judge(rows: list[Wanted], make_teams: bool) -> list[Outcome]:
    world = await world_of(row.email for row in rows if row.email)
    return await asyncio.to_thread(judge, rows, world, make_teams)


async def _locked(held: "Connection", id_: UUID) -> Any:
    row = await held.fetchrow("SELECT * FROM people_import WHERE id = $1 AND expires_at > now() FOR UPDATE", id_)
    if row is None:
        raise NotFound(NO_IMPORT)
    return row


async def _store(held: "Connection", row: Any, outcomes: list[Outcome], make_teams: bool, *, mark: bool) -> list[int]:
    before = {outcome.row: outcome for outcome in _judged(row).outcomes}
    moved_on = [outcome.row for outcome in outcomes if before[outcome.row] != outcome] if mark else []
    await held.execute(
        "UPDATE people_import SET version = version + 1, make_teams = $2, outcomes = $3 WHERE id = $1",
        row["id"],
        make_teams,
        _packed(Judged(outcomes, moved_on)),
    )
    return moved_on


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _rows(row: Any) -> list[Wanted]:
    return msgspec.msgpack.decode(row["content"], type=list[Wanted]) if row["content"] else []


def _judged(row: Any) -> Judged:
    return msgspec.msgpack.decode(row["outcomes"], type=Judged) if row["outcomes"] else Judged([])


_DROP_OLDEST = """
    DELETE FROM people_import WHERE id IN (SELECT id FROM people_import WHERE person = $1 ORDER BY created_at DESC OFFSET $2)
"""
