"""`daylight verify`: holds a ledger of the simulator against the database, and says which invariant is broken, if one is.

A ledger is JSON lines, written outside the hub by `daylight simulate`, one fact each, told apart by `e`; `d` is the device's id:

    {"e":"begin","d":…,"epoch":1,"seq":1}                   what is numbered below was made before this ledger, and is not looked at;
                                                            epoch 0: what lies before the first epoch that the hub then gives
    {"e":"gen","d":…,"epoch":1,"seq":1,"start":…,"end":…}   the device made an event
    {"e":"ack","d":…,"epoch":1,"seq":500}                   the hub said that it has everything up to here
    {"e":"loss","d":…,"epoch":1,"from":3,"to":4}            the device declared these lost
    {"e":"epoch","d":…,"old":1,"new":2,"runs":[[7,1,40]]}   what waited is renumbered: 7..46 of the old are 1..40 of the new.
                                                            What waited and is in no run, the hub said that it has

The ledger is read as a stream: an event waits in memory until it is acked, then goes to a temporary table by COPY. The questions are SQL,
each answered by a count and the first examples. Nothing is written but temporary tables.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import click
import msgspec

from hub.errors import DaylightError, StartError

EXAMPLES = 3
SLICE = 20_000
"""Records of one COPY."""

Settled = tuple[int, int, int, datetime, datetime, bool]
"""Device, epoch and number of an event, its start and end, and whether it is acked."""


class Begin(msgspec.Struct, frozen=True, tag_field="e", tag="begin"):
    d: str
    epoch: int
    seq: int


class Generated(msgspec.Struct, frozen=True, tag_field="e", tag="gen"):
    d: str
    epoch: int
    seq: int
    start: datetime
    end: datetime


class Acknowledged(msgspec.Struct, frozen=True, tag_field="e", tag="ack"):
    d: str
    epoch: int
    seq: int


class DeclaredLost(msgspec.Struct, frozen=True, tag_field="e", tag="loss", rename={"from_seq": "from", "to_seq": "to"}):
    d: str
    epoch: int
    from_seq: int
    to_seq: int


class Renumbering(msgspec.Struct, frozen=True, tag_field="e", tag="epoch"):
    d: str
    old: int
    new: int
    runs: list[tuple[int, int, int]]


Line = Begin | Generated | Acknowledged | DeclaredLost | Renumbering


class BadLedger(DaylightError):
    """The ledger itself is no ledger. The message names the line."""


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


class _Device:
    """What the ledger says of one device, as far as it is read."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.scope: tuple[int, int] | None = None
        """The first `(epoch, seq)` that this ledger is about."""
        self.waiting: dict[tuple[int, int], tuple[datetime, datetime]] = {}


class Reading:
    """Reads a ledger: yields settled events, and keeps what the questions need beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.devices: dict[str, _Device] = {}
        self.losses: list[tuple[int, int, int, int]] = []
        self.moved: list[tuple[int, int, int]] = []
        """Numbers that events had before they were renumbered: nothing may be stored under them."""

    def events(self) -> Iterator[Settled]:
        """`(device, epoch, seq, start, end, acked)` of each event, once its last number is known. Raises `BadLedger`."""
        decode = msgspec.json.Decoder(Line).decode
        with self._path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    line = decode(raw)
                except (msgspec.MsgspecError, UnicodeError) as error:
                    raise BadLedger(f"line {number} of the ledger can't be read: {error}") from None
                device = self.devices.get(line.d) or self.devices.setdefault(line.d, _Device(len(self.devices)))
                match line:
                    case Generated():
                        device.waiting[line.epoch, line.seq] = (line.start, line.end)
                    case Acknowledged():
                        yield from self._acked(device, line.epoch, line.seq)
                    case Begin():
                        if device.scope is None:
                            device.scope = (line.epoch, line.seq)
                    case DeclaredLost():
                        self.losses.append((device.number, line.epoch, line.from_seq, line.to_seq))
                    case Renumbering():
                        yield from self._renumbered(device, line)
        for device in self.devices.values():
            for (epoch, seq), (start, end) in device.waiting.items():
                yield device.number, epoch, seq, start, end, False

    def _acked(self, device: _Device, epoch: int, seq: int) -> Iterator[Settled]:
        # In order of insertion, which within an epoch is the order of numbers: what is acked stands in front.
        done = []
        for key in device.waiting:
            if key[0] == epoch and key[1] <= seq:
                done.append(key)
            elif key[0] == epoch:
                break
        for key in done:
            yield (device.number, *key, *device.waiting.pop(key), True)

    def _renumbered(self, device: _Device, line: Renumbering) -> Iterator[Settled]:
        if device.scope is not None and device.scope[0] == 0:
            device.scope = (line.new, 1)
        old = {key: device.waiting.pop(key) for key in list(device.waiting) if key[0] == line.old}
        after = dict(device.waiting)
        device.waiting.clear()
        for first_old, first_new, count in line.runs:
            for offset in range(count):
                times = old.pop((line.old, first_old + offset), None)
                if times is not None:
                    device.waiting[line.new, first_new + offset] = times
                    self.moved.append((device.number, line.old, first_old + offset))
        # A policy that came with the new epoch closes an interval before its renumbering is written down.
        device.waiting |= after
        for key, times in old.items():
            yield (device.number, *key, *times, True)


async def verify(ledger: Path, connection: Any) -> Verdict:
    """Holds the ledger against the database behind an asyncpg connection. Raises `BadLedger`."""
    reading = Reading(ledger)
    # One snapshot for all questions, and no statement of theirs outlives it.
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(_TABLES)
        for batch in _batches(reading.events()):
            await connection.copy_records_to_table("told", records=batch)
        devices = [(device.number, UUID(uid), *(device.scope or (0, 0))) for uid, device in reading.devices.items()]
        await connection.copy_records_to_table("told_device", records=devices)
        await connection.copy_records_to_table("told_loss", records=reading.losses)
        await connection.copy_records_to_table("told_moved", records=reading.moved)
        await connection.execute(_GATHER)
        figures = await connection.fetchrow(_FIGURES)
        answers = [(await _ask(connection, what, query), twice) for what, query, twice in _QUESTIONS]
    return Verdict(
        duplicates=sum(broken.count for broken, twice in answers if broken and twice),
        broken=tuple(broken for broken, _ in answers if broken),
        **figures,
    )


async def run(ledger: Path, database_url: str) -> Verdict:
    """`verify` on a connection of its own. Raises `StartError` when the database can't be reached."""
    try:
        connection = await asyncpg.connect(database_url, server_settings={"timezone": "UTC", "jit": "off"})
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"cannot reach PostgreSQL: {error}") from error
    try:
        return await verify(ledger, connection)
    finally:
        await connection.close()


@click.command("verify")
@click.option("--ledger", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--database-url", help="Otherwise DATABASE_URL, or the server that `daylight up` runs here.")
def command(ledger: Path, database_url: str | None) -> None:
    """Hold a ledger of the simulator against the database. Exits 1 when an invariant is broken."""
    from hub.settings import read

    settings = read()
    url = database_url or settings.database_url
    if url is None:
        from hub.embedded import running

        servers = running(settings)
        if servers is None:
            raise StartError(f"no database: DATABASE_URL is not set, and nothing runs in {settings.data}")
        url = servers.database_url
    verdict = asyncio.run(run(ledger, url))
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


# What the ledger says.
_TABLES = """
    CREATE TEMP TABLE told (
        device int, epoch int, seq bigint, started_at timestamptz, ended_at timestamptz, acked boolean) ON COMMIT DROP;
    CREATE TEMP TABLE told_device (device int, uid uuid, from_epoch int, from_seq bigint) ON COMMIT DROP;
    CREATE TEMP TABLE told_loss (device int, epoch int, from_seq bigint, to_seq bigint) ON COMMIT DROP;
    CREATE TEMP TABLE told_moved (device int, epoch int, seq bigint) ON COMMIT DROP;
"""

# What the database says of the same devices, by the ledger's own numbers for them, and as far as the ledger reaches back.
_GATHER = """
    ANALYZE told; ANALYZE told_device; ANALYZE told_moved;
    CREATE TEMP TABLE scope ON COMMIT DROP AS
        SELECT told_device.device, device.id, from_epoch, from_seq FROM told_device JOIN device ON device.uid = told_device.uid;
    CREATE TEMP TABLE pieces ON COMMIT DROP AS
        SELECT scope.device, epoch, seq, piece, started_at, ended_at FROM scope JOIN "interval" ON "interval".device = scope.id
        WHERE (epoch, seq) >= (from_epoch, from_seq);
    CREATE TEMP TABLE found ON COMMIT DROP AS
        SELECT device, epoch, seq, count(*) AS pieces, count(DISTINCT piece) AS numbers, max(piece) AS last,
            min(started_at) AS started_at, max(ended_at) AS ended_at, sum(ended_at - started_at) AS lasted
        FROM pieces GROUP BY device, epoch, seq;
    CREATE TEMP TABLE set_aside ON COMMIT DROP AS
        SELECT scope.device, epoch, seq, count(*) AS receipts FROM scope JOIN quarantine ON quarantine.device = scope.id
        WHERE (epoch, seq) >= (from_epoch, from_seq) GROUP BY scope.device, epoch, seq;
    CREATE TEMP TABLE declared ON COMMIT DROP AS
        SELECT scope.device, epoch, loss.from_seq, to_seq FROM scope JOIN loss ON loss.device = scope.id
        WHERE (epoch, to_seq) >= (scope.from_epoch, scope.from_seq);
    ANALYZE found; ANALYZE set_aside; ANALYZE declared;
    CREATE TEMP TABLE judged ON COMMIT DROP AS
        SELECT told.*, found.seq IS NOT NULL AS stored, set_aside.seq IS NOT NULL AS quarantined,
            EXISTS (SELECT FROM declared WHERE declared.device = told.device AND declared.epoch = told.epoch
                    AND told.seq BETWEEN from_seq AND to_seq) AS declared_lost
        FROM told LEFT JOIN found USING (device, epoch, seq) LEFT JOIN set_aside USING (device, epoch, seq);
"""

_FIGURES = """
    SELECT count(*) AS generated, count(*) FILTER (WHERE acked) AS acked, count(*) FILTER (WHERE stored) AS stored,
        count(*) FILTER (WHERE quarantined) AS quarantined, count(*) FILTER (WHERE declared_lost) AS declared_lost,
        count(*) FILTER (WHERE NOT (stored OR quarantined OR declared_lost)) AS lost
    FROM judged
"""

# What should not be; a query that selects device, epoch, number and a detail; and whether it counts as a duplicate.
_QUESTIONS = (
    (
        "acked, and not in the database",
        "SELECT device, epoch, seq, '' FROM judged WHERE acked AND NOT (stored OR quarantined OR declared_lost)",
        False,
    ),
    (
        "never acked, and not in the database (or the ledger ends before all was quiet)",
        "SELECT device, epoch, seq, '' FROM judged WHERE NOT acked AND NOT (stored OR quarantined OR declared_lost)",
        False,
    ),
    (
        "generated twice under one number",
        "SELECT device, epoch, seq, '' FROM told GROUP BY device, epoch, seq HAVING count(*) > 1",
        True,
    ),
    (
        "a piece stored twice",
        "SELECT device, epoch, seq, format(': %s rows for %s pieces', pieces, numbers) FROM found WHERE pieces <> numbers",
        True,
    ),
    (
        "stored under a number that it had before it was renumbered",
        "SELECT device, epoch, seq, '' FROM told_moved JOIN found USING (device, epoch, seq)",
        True,
    ),
    (
        "in the database in two ways (stored, quarantined, declared lost)",
        "SELECT device, epoch, seq, '' FROM judged WHERE stored::int + quarantined::int + declared_lost::int > 1 "
        "UNION ALL SELECT device, epoch, seq, format(': %s receipts', receipts) FROM set_aside WHERE receipts > 1",
        True,
    ),
    (
        "stored over time that is stored already",
        """SELECT device, epoch, seq, format(' piece %s: begins at %s, before %s', piece, started_at, before) FROM (
            SELECT *, max(ended_at) OVER (PARTITION BY device ORDER BY started_at, epoch, seq, piece
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM pieces) ordered
        WHERE started_at < before""",
        True,
    ),
    (
        "stored otherwise than it was generated",
        """SELECT device, epoch, seq, format(': %s pieces from %s to %s', pieces, found.started_at, found.ended_at)
        FROM found JOIN told USING (device, epoch, seq)
        WHERE pieces = numbers AND (found.started_at <> told.started_at OR found.ended_at <> told.ended_at
            OR lasted <> told.ended_at - told.started_at OR last + 1 <> pieces)""",
        False,
    ),
    (
        "stored across a quarter-hour",
        """SELECT device, epoch, seq, format(' piece %s', piece) FROM pieces
        WHERE ended_at > date_bin('15 minutes', started_at, '2000-01-01Z') + interval '15 minutes'""",
        False,
    ),
    (
        "in the database, and never generated",
        """SELECT device, epoch, seq, ' stored' FROM found WHERE NOT EXISTS (
            SELECT FROM told WHERE (told.device, told.epoch, told.seq) = (found.device, found.epoch, found.seq))
            AND NOT EXISTS (
            SELECT FROM told_moved old WHERE (old.device, old.epoch, old.seq) = (found.device, found.epoch, found.seq))
        UNION ALL SELECT device, epoch, seq, ' quarantined' FROM set_aside WHERE NOT EXISTS (
            SELECT FROM told WHERE (told.device, told.epoch, told.seq) = (set_aside.device, set_aside.epoch, set_aside.seq))""",
        False,
    ),
    (
        "lost by the hub's account, and never declared so by the device",
        """SELECT device, epoch, seq, '' FROM judged WHERE declared_lost AND NOT EXISTS (
            SELECT FROM told_loss gone WHERE gone.device = judged.device AND gone.epoch = judged.epoch
            AND judged.seq BETWEEN gone.from_seq AND gone.to_seq)""",
        False,
    ),
)
