"""`daylight verify`: holds a ledger of the simulator against the database, and says which invariant is broken, if one is.

The ledger (`ledger.py` says what is in it) goes to temporary tables by COPY; each question (`questions.py`) is one query, answered by a
count and the first examples. Nothing but temporary tables is written.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import click
import msgspec

from hub.errors import StartError
from hub.verify.ledger import Reading, Settled
from hub.verify.questions import ACKED, FIGURES, GATHER, QUESTIONS, TABLES

EXAMPLES = 3
SLICE = 20_000
"""Records of one COPY."""


class Broken(msgspec.Struct, frozen=True):
    """An invariant that does not hold."""

    what: str
    count: int
    examples: tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger and the database say, in events counted by distinct `(device, epoch, seq)`."""

    generated: int
    acked: int
    stored: int
    quarantined: int
    duplicates: int
    lost: int
    """Generated, and not in the database in any way."""
    declared_lost: int
    broken: tuple[Broken, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.broken

    def line(self) -> str:
        names = ("generated", "acked", "stored", "quarantined", "duplicates", "lost", "declared_lost")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)

    def __str__(self) -> str:
        said = [f"BROKEN: {broken.what}: {broken.count}, as {'; '.join(broken.examples)}" for broken in self.broken]
        return "\n".join([self.line(), *said])


async def verify(ledger: Path, connection: Any, *, acked_only: bool = False) -> Verdict:
    """Holds the ledger against the database behind an asyncpg connection. Raises `BadLedger`.

    `acked_only`: of a ledger that ends before the database does, or behind it, only what was acked in it: nothing of that is missing, and
    nothing is there twice.
    """
    reading = Reading(ledger)
    # One snapshot for all questions, and no statement of theirs outlives it.
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(TABLES)
        for batch in _batches(reading.events()):
            await connection.copy_records_to_table("told", records=batch)
        devices = [(device.number, UUID(uid), *(device.scope or (0, 0))) for uid, device in reading.devices.items()]
        await connection.copy_records_to_table("told_device", records=devices)
        await connection.copy_records_to_table("told_loss", records=reading.losses)
        await connection.copy_records_to_table("told_moved", records=reading.moved)
        await connection.execute(GATHER)
        figures = await connection.fetchrow(FIGURES)
        asked = [question for question in QUESTIONS if not acked_only or question[0] == ACKED or question[2]]
        answers = [(await _ask(connection, what, query), twice) for what, query, twice in asked]
    return Verdict(
        duplicates=sum(broken.count for broken, twice in answers if broken and twice),
        broken=tuple(broken for broken, _ in answers if broken),
        **figures,
    )


async def run(ledger: Path, database_url: str, *, acked_only: bool = False) -> Verdict:
    """`verify` on a connection of its own. Raises `StartError` when the database can't be reached."""
    try:
        connection = await asyncpg.connect(database_url, server_settings={"timezone": "UTC", "jit": "off"})
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"cannot reach PostgreSQL: {error}") from error
    try:
        return await verify(ledger, connection, acked_only=acked_only)
    finally:
        await connection.close()


@click.command("verify")
@click.option("--ledger", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--database-url", help="Otherwise DATABASE_URL, or that of DATA, whether `daylight up` runs or not.")
@click.option(
    "--acked",
    is_flag=True,
    help="Only what FILE says was acked: for a copy of it made before a backup, held against what was restored.",
)
def command(ledger: Path, database_url: str | None, acked: bool) -> None:
    """Hold a ledger of the simulator against the database. Exits 1 when an invariant is broken."""
    from hub.embedded import at_hand
    from hub.settings import read

    settings = read()
    with contextlib.ExitStack() as stack:
        url = database_url or settings.database_url
        if url is None:
            url = stack.enter_context(at_hand(settings)).database_url
        verdict = asyncio.run(run(ledger, url, acked_only=acked))
    click.echo(str(verdict))
    raise SystemExit(0 if verdict.holds else 1)


verify_command = command


def _batches(events: Iterator[Settled]) -> Iterator[list[Settled]]:
    batch: list[Settled] = []
    for event in events:
        batch.append(event)
        if len(batch) == SLICE:
            yield batch
            batch = []
    yield batch


async def _ask(connection: Any, what: str, query: str) -> Broken | None:
    """Each question selects `(device, epoch, seq, detail)` of what should not be."""
    rows = await connection.fetch(
        f"SELECT count(*) OVER () AS count, told_device.uid, wrong.* FROM ({query}) wrong(device, epoch, seq, detail) "  # noqa: S608
        f"JOIN told_device ON told_device.device = wrong.device ORDER BY 3, 4, 5 LIMIT {EXAMPLES}"
    )
    if not rows:
        return None
    examples = tuple(f"{row['uid']} epoch {row['epoch']} seq {row['seq']}{row['detail']}" for row in rows)
    return Broken(what, rows[0]["count"], examples)
