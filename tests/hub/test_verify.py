"""`verify` finds each kind of broken invariant, and finds nothing in a database that is right."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from hub.database import connection
from hub.errors import StartError
from hub.live.rows import COLUMNS, rows_of
from hub.retention import make_days
from hub.tables import Device, DeviceCursor, Person
from hub.verify import Verdict, run
from hub.wire.activity import Facts
from hub.wire.events import Event, Gap, Interval

T0 = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
UID = UUID(int=41)


def event(seq: int) -> Interval:
    start = T0 + timedelta(minutes=seq)
    return Interval(
        started_at=start,
        ended_at=start + timedelta(minutes=1),
        wall_at=start,
        zone_min=0,
        policy=1,
        facts=Facts(app="Editor"),
    )


class Book:
    """A ledger and a database that tell the same, to be broken by tests."""

    def __init__(self, path: Path, url: str, device: int) -> None:
        self.path = path
        self.url = url
        self.device = device

    def say(self, e: str, **fields: object) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"e": e, "d": str(UID), **fields}) + "\n")

    def generate(self, seqs: Iterable[int], epoch: int = 1, events: dict[int, Event] | None = None) -> None:
        for seq in seqs:
            made = (events or {}).get(seq) or event(seq)
            self.say("gen", epoch=epoch, seq=seq, start=made.started_at.isoformat(), end=made.ended_at.isoformat())

    def ack(self, seq: int, epoch: int = 1) -> None:
        self.say("ack", epoch=epoch, seq=seq)

    async def store(self, seqs: Iterable[int], epoch: int = 1, events: dict[int, Event] | None = None) -> None:
        await make_days([T0.date(), (T0 + timedelta(days=1)).date()])
        records = [
            row
            for seq in seqs
            for row in rows_of(self.device, self.device, epoch, seq, (events or {}).get(seq) or event(seq))
        ]
        async with connection() as held:
            await held.copy_records_to_table("interval", records=records, columns=COLUMNS)

    async def execute(self, statement: str, *arguments: object) -> None:
        async with connection() as held:
            await held.execute(statement, *arguments)

    async def set_aside(self, seq: int) -> None:
        await self.execute(
            "INSERT INTO quarantine (id, device, epoch, seq, reason, event) VALUES ($1, $2, 1, $3, 'text', '')",
            uuid4(),
            self.device,
            seq,
        )

    async def lose(self, from_seq: int, to_seq: int) -> None:
        await self.execute(
            "INSERT INTO loss (device, epoch, from_seq, to_seq, reason) VALUES ($1, 1, $2, $3, 'spool full')",
            self.device,
            from_seq,
            to_seq,
        )

    async def verify(self, *, acked_only: bool = False) -> Verdict:
        return await run(self.path, self.url, acked_only=acked_only)

    async def broken(self) -> list[str]:
        """What is broken, by the beginning of what is said of it."""
        return [broken.what for broken in (await self.verify()).broken]


@pytest.fixture
async def book(database: str, tmp_path: Path) -> Book:
    """Events 1 to 10, all acked and stored."""
    await Person.insert(Person(email="ann@simulated.invalid", name="Ann", simulated=True))
    added = await Device.insert(Device(uid=UID, person=1, public_key=b"k" * 32)).returning(Device.id)
    await DeviceCursor.insert(DeviceCursor(device=added[0]["id"], epoch=1))
    made = Book(tmp_path / "ledger", database, added[0]["id"])
    made.say("begin", epoch=1, seq=1)
    made.generate(range(1, 11))
    made.ack(10)
    await made.store(range(1, 11))
    return made


async def test_a_ledger_and_a_database_that_agree(book: Book) -> None:
    verdict = await book.verify()

    assert verdict.holds
    assert str(verdict) == "generated=10 acked=10 stored=10 quarantined=0 duplicates=0 lost=0 declared_lost=0"


async def test_quarantine_and_declared_loss_occupy_their_numbers(book: Book) -> None:
    book.generate(range(11, 15))
    book.say("loss", epoch=1, **{"from": 12, "to": 14})
    book.ack(14)
    await book.set_aside(11)
    await book.lose(12, 14)

    verdict = await book.verify()

    assert verdict.holds
    assert str(verdict) == "generated=14 acked=14 stored=10 quarantined=1 duplicates=0 lost=0 declared_lost=3"


async def test_the_pieces_of_an_event_that_the_hub_cut_count_once(book: Book) -> None:
    long = Gap(
        started_at=T0 + timedelta(minutes=20), ended_at=T0 + timedelta(hours=16), wall_at=T0, zone_min=0, policy=1
    )
    book.generate([11], events={11: long})
    book.ack(11)
    await book.store([11], events={11: long})

    verdict = await book.verify()

    assert verdict.holds
    assert verdict.stored == 11


async def test_an_acked_event_that_is_missing(book: Book) -> None:
    await book.execute('DELETE FROM "interval" WHERE seq = 4')

    verdict = await book.verify()

    assert [broken.what for broken in verdict.broken] == ["acked, and not in the database"]
    assert verdict.broken[0].examples == (f"{UID} epoch 1 seq 4",)
    assert verdict.lost == 1


async def test_an_event_that_never_arrived(book: Book) -> None:
    book.generate([11])

    assert [what[:11] for what in await book.broken()] == ["never acked"]


async def test_a_piece_that_is_stored_twice(book: Book) -> None:
    # What keeps this out is the index; without it:
    await book.execute('DELETE FROM "interval" WHERE seq = 5')
    await book.store([5], events={5: event(40)})
    await book.execute('UPDATE "interval" SET seq = 4 WHERE seq = 5')

    verdict = await book.verify()

    assert "a piece stored twice" in [broken.what for broken in verdict.broken]
    assert verdict.duplicates == 1


async def test_an_event_that_is_stored_under_two_numbers(book: Book) -> None:
    book.generate([11], events={11: event(10)})
    book.ack(11)
    await book.store([11], events={11: event(10)})

    verdict = await book.verify()

    assert [broken.what for broken in verdict.broken] == ["stored over time that is stored already"]
    assert verdict.duplicates == 1


async def test_an_event_that_is_stored_and_quarantined(book: Book) -> None:
    await book.set_aside(3)

    verdict = await book.verify()

    assert [broken.what[:27] for broken in verdict.broken] == ["in the database in two ways"]
    assert verdict.duplicates == 1


async def test_an_event_that_is_stored_both_before_and_after_it_was_renumbered(book: Book) -> None:
    book.generate([11])
    book.say("epoch", old=1, new=2, runs=[[11, 1, 1]])
    book.ack(1, epoch=2)
    await book.store([1], epoch=2, events={1: event(11)})
    right = await book.verify()

    await book.store([11])

    assert right.holds
    assert "stored under a number that it had before it was renumbered" in await book.broken()


async def test_an_event_that_the_hub_said_it_has_at_a_new_epoch_and_has_not(book: Book) -> None:
    book.generate([11])
    book.say("epoch", old=1, new=2, runs=[])

    assert await book.broken() == ["acked, and not in the database"]


async def test_a_row_that_was_never_generated(book: Book) -> None:
    await book.store([12])

    verdict = await book.verify()

    assert [broken.what for broken in verdict.broken] == ["in the database, and never generated"]
    assert verdict.broken[0].examples == (f"{UID} epoch 1 seq 12 stored",)


async def test_a_loss_that_the_device_never_declared(book: Book) -> None:
    book.generate([11])
    book.ack(11)
    await book.lose(11, 11)

    assert [what[:27] for what in await book.broken()] == ["lost by the hub's account, "]


async def test_pieces_that_do_not_add_up(book: Book) -> None:
    await book.execute("""UPDATE "interval" SET ended_at = ended_at - interval '1 second' WHERE seq = 4""")

    assert await book.broken() == ["stored otherwise than it was generated"]


async def test_an_event_that_was_not_cut_at_the_quarter_hour(book: Book) -> None:
    long = Gap(
        started_at=T0 + timedelta(minutes=20), ended_at=T0 + timedelta(minutes=40), wall_at=T0, zone_min=0, policy=1
    )
    book.generate([11], events={11: long})
    book.ack(11)
    await book.store([11], events={11: long})
    await book.execute('DELETE FROM "interval" WHERE seq = 11 AND piece = 1')
    await book.execute("""UPDATE "interval" SET ended_at = $1 WHERE seq = 11""", long.ended_at)

    assert await book.broken() == ["stored across a quarter-hour"]


async def test_what_lies_before_the_ledger_is_not_looked_at(book: Book, tmp_path: Path) -> None:
    later = Book(tmp_path / "later", book.url, book.device)
    later.say("begin", epoch=1, seq=11)
    later.generate([11])
    later.ack(11)
    await later.store([11])

    verdict = await later.verify()

    assert verdict.holds
    assert verdict.generated == 1


async def test_only_the_devices_of_the_ledger_are_looked_at(book: Book) -> None:
    other = Book(book.path, book.url, book.device + 1)
    await other.store([1, 2])

    assert (await book.verify()).holds


async def test_examples_are_few_and_the_count_is_whole(book: Book) -> None:
    await book.execute('DELETE FROM "interval"')

    broken = (await book.verify()).broken[0]

    assert broken.count == 10
    assert len(broken.examples) == 3


async def test_a_database_that_is_away_is_named(book: Book) -> None:
    with pytest.raises(StartError, match="PostgreSQL"):
        await run(book.path, "postgresql://nobody@127.0.0.1:1/none")


async def test_of_a_ledger_that_was_copied_meanwhile_only_what_was_acked_counts(book: Book) -> None:
    book.generate(range(11, 14))
    book.ack(11)
    await book.store(range(11, 16))
    with book.path.open("a") as file:
        file.write('{"e":"gen","d":')

    assert not (await book.verify()).holds
    assert (await book.verify(acked_only=True)).holds

    await book.execute('DELETE FROM "interval" WHERE seq = 11')
    assert [broken.what for broken in (await book.verify(acked_only=True)).broken] == ["acked, and not in the database"]
