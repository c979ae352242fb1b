"""A backup holds what was there at its moment and is taken whole or not at all; a restore gives back just that, into an empty place."""

import asyncio
import contextlib
import io
import os
import shutil
import stat
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import click
import msgspec
import pytest
from click.testing import CliRunner
from msgspec import structs
from piccolo.apps.migrations.commands.forwards import run_forwards

from hub import audit, chain, erased_days, erasure, objects, subject_keys
from hub.backups import programs, restoring, taking
from hub.backups.commands import backup, restore
from hub.backups.contents import (
    DATABASE,
    KEYS_FILE,
    MANIFEST,
    BadBackup,
    public_key,
    read_keys,
    read_manifest,
    write_keys,
    write_manifest,
)
from hub.backups.taking import OBJECTS_AT_ONCE, Taken, back_up, keep_keys
from hub.chain import signing_key
from hub.database import (
    HALF_RESTORED,
    LONG_TRANSACTIONS,
    close_pool,
    connection,
    open_pool,
    refuse_half_restored,
    transaction,
)
from hub.embedded import Embedded
from hub.erased_days import ErasedDays
from hub.erasure import Erased
from hub.errors import DaylightError, StartError
from hub.objects import Objects, ObjectsAway, Stored
from hub.prepare import schema
from hub.settings import Settings, with_secret
from hub.tables import SavedView, SignIn
from tests.conftest import SECRET, Servers, _administer, database_url, hub_url

from .stored import store, worked

BEFORE_KEYS = "2026-11-30T08:00:01:000000"
NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
TEN = datetime(2026, 5, 5, 10, tzinfo=UTC)
OTHER_SECRET = "another-secret-of-the-tests-that-is-long-enough"


def on(url: str, work: Coroutine[Any, Any, Any]) -> Any:
    """Runs work with the pool open on a database, as a command does."""

    async def run() -> Any:
        subject_keys.use(SECRET)
        await open_pool(url, size=2, settings=LONG_TRANSACTIONS)
        try:
            return await work
        finally:
            await close_pool()

    try:
        return asyncio.run(run())
    finally:
        work.close()


@pytest.fixture(scope="module")
def new_database(servers: Servers) -> Iterator[Callable[..., tuple[str, str]]]:
    """`new_database(template)`: the URLs of a copy, as the hub's role and as the owner; of an empty database without one."""
    made = []

    def make(template: str = "template1") -> tuple[str, str]:
        made.append(f"backup_{uuid.uuid4().hex[:12]}")
        asyncio.run(_administer(servers, f'CREATE DATABASE "{made[-1]}" TEMPLATE "{template}"'))
        return hub_url(servers, made[-1]), database_url(servers, made[-1])

    yield make
    for name in made:
        asyncio.run(_administer(servers, f'DROP DATABASE "{name}" WITH (FORCE)'))


class Source:
    """A hub's database with something in it, and a backup of that with its keys."""

    def __init__(self, url: str, folder: Path, taken: Taken) -> None:
        self.url = url
        self.backup = folder / "backup"
        self.keys = folder / "keys" / KEYS_FILE
        self.taken = taken


@pytest.fixture(scope="module")
def source(new_database, cast_template: str, tmp_path_factory: pytest.TempPathFactory) -> Source:
    (url, _), folder = new_database(cast_template), tmp_path_factory.mktemp("source")

    async def fill() -> None:
        events = [worked(NINE + timedelta(minutes=n), NINE + timedelta(minutes=n + 1), app="Editor") for n in range(30)]
        async with connection() as held:
            uid = await held.fetchval("SELECT uid FROM device WHERE id = 2")
        device = structs.replace(_Device(2, 2), uid=str(uid))
        await store(device, events, NINE + timedelta(hours=1))
        async with transaction() as held:
            told = await subject_keys.sealed(held, 2, zone="Asia/Kathmandu")
            await audit.record("person_changed", 6, 2, **told)
        await chain.seal(signing_key(SECRET))
        await audit.record("sign_out", 1, 1)
        await SavedView.insert(SavedView(person=2, name="Mine", query="state=idle"))
        await SignIn.insert(SignIn(id=uuid.uuid4(), person=2))

    on(url, fill())
    return Source(url, folder, on(url, back_up(url, None, SECRET, folder / "backup", folder / "keys")))


class _Device(msgspec.Struct, frozen=True):
    id: int
    person: int
    uid: str = ""


@pytest.fixture
def empty(new_database, tmp_path: Path) -> Settings:
    """A place to restore into."""
    url, owner_url = new_database()
    return Settings(
        data=tmp_path / "data", database_url=url, database_owner_url=owner_url, redis_url="redis://none", secret=SECRET
    )


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        held = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await held.fetch(query)]
        finally:
            await held.close()

    return asyncio.run(ask())


def tables(settings: Settings) -> list[tuple[Any, ...]]:
    return rows(settings.database_url or "", taking.TABLES)


async def opened() -> dict[str, Any]:
    """What the audit says of the one whom it says something of."""
    async with connection() as held:
        opener = await subject_keys.opener(held, [2])
        return opener(2, await held.fetchval("SELECT detail::text FROM audit WHERE subject = 2"))


def test_restored_database_holds_what_was_there_and_no_session(source: Source, empty: Settings) -> None:
    done = restoring.bring_back(empty, source.backup, [source.keys])

    same = [
        "SELECT device, epoch, seq, piece, started_at, app FROM interval ORDER BY device, seq",
        "SELECT device, epoch, seq, digest FROM device_cursor ORDER BY device",
        "SELECT id, email, name, password_hash, folded FROM person ORDER BY id",
        "SELECT person, name, query FROM saved_view",
        "SELECT position, audit, hash, signature FROM audit_link",
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'i', 'S') AND relnamespace = 'public'::regnamespace ORDER BY relname",
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
    ]
    for query in same:
        found = rows(empty.database_url or "", query)
        assert found
        assert found == rows(source.url, query)
    assert rows(empty.database_url or "", "SELECT count(*) FROM sign_in") == [(0,)]
    assert on(empty.database_url or "", opened()) == {"zone": "Asia/Kathmandu"}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        rows(empty.database_url or "", "DELETE FROM audit RETURNING 1")
    acts = rows(empty.database_url or "", "SELECT action FROM audit ORDER BY id")
    assert acts == [("person_changed",), ("sign_out",), ("restored",)]
    assert (done.chain, done.broken, done.migrated) == (1, "", 0)
    assert rows(source.url, "SELECT action FROM audit ORDER BY id DESC LIMIT 1") == [("backup_made",)]


def test_connections_after_a_restore_are_newer_than_those_of_before(source: Source, empty: Settings) -> None:

    restoring.bring_back(empty, source.backup, [source.keys])

    numbered = "SELECT nextval('session_number')"
    assert rows(source.url, numbered)[0][0] + 10**12 < rows(empty.database_url or "", numbered)[0][0] < 2**53


def test_what_is_kept_is_its_owners_alone_to_read(source: Source) -> None:
    found = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in [source.backup, *source.backup.iterdir(), source.keys, source.keys.parent]
    }

    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}
    assert SECRET.encode() not in (source.backup / DATABASE).read_bytes() + (source.backup / MANIFEST).read_bytes()
    assert "subject_key" in source.taken.manifest.left_out
    assert (read_keys([source.keys]).secret, [one.person for one in read_keys([source.keys]).keys]) == (SECRET, [2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


DONE_TO_IT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the database": (lambda at: flip(at / DATABASE), "checksum"),
    "its end": (lambda at: os.truncate(at / DATABASE, 1000), "cut off"),
    "the database": (lambda at: (at / DATABASE).unlink(), "missing"),
    "the manifest's end": (lambda at: os.truncate(at / MANIFEST, 300), "can't be read"),
    "a count": (lambda at: edit(at / MANIFEST, b'"person":11', b'"person":10'), "signature"),
    "the manifest": (lambda at: (at / MANIFEST).unlink(), "no backup"),
    "another file": (lambda at: (at / "more").write_text("?"), "does not belong"),
    "all": (shutil.rmtree, "no such folder"),
}


@pytest.mark.parametrize("what", DONE_TO_IT)
def test_backup_that_is_not_whole_is_refused_before_anything_is_touched(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    do, said = DONE_TO_IT[what]
    copy = shutil.copytree(source.backup, tmp_path / "backup")
    do(copy)
    monkeypatch.setattr(restoring, "_into", lambda *_: pytest.fail("it was touched"))
    nowhere = Settings(
        data=tmp_path / "data",
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://none",
        secret=SECRET,
    )

    with pytest.raises(BadBackup, match=said):
        restoring.bring_back(nowhere, copy, [source.keys])

    assert not nowhere.data.exists()


def test_backup_of_a_newer_schema_is_refused(source: Source, empty: Settings, tmp_path: Path) -> None:
    copy = shutil.copytree(source.backup, tmp_path / "backup")
    manifest = read_manifest(copy, SECRET)
    write_manifest(
        copy, structs.replace(manifest, migrations=[*manifest.migrations, "2099-01-01T00:00:00:000000"]), SECRET
    )

    with pytest.raises(BadBackup, match="newer Daylight"):
        restoring.bring_back(empty, copy, [source.keys])

    assert tables(empty) == []


def test_backup_of_an_older_schema_is_brought_up_to_date(new_database, empty: Settings, tmp_path: Path) -> None:
    _, owner_url = new_database()

    async def as_it_was() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            await run_forwards(app_name="hub", migration_id=BEFORE_KEYS)
        async with connection() as held:
            await held.execute("INSERT INTO person (email, name, zone) VALUES ('bob@halden.example', 'Bob', 'UTC')")

    on(owner_url, as_it_was())
    on(owner_url, back_up(owner_url, None, SECRET, tmp_path / "backup", tmp_path / "keys"))

    done = restoring.bring_back(empty, tmp_path / "backup", [tmp_path / "keys" / KEYS_FILE])

    assert done.migrated > 0
    assert done.broken == ""
    assert rows(empty.database_url or "", "SELECT email, erased_at FROM person") == [("bob@halden.example", None)]
    assert rows(empty.database_url or "", "SELECT count(*) FROM subject_key") == [(0,)]


def test_keys_that_do_not_belong_to_it_or_are_damaged_or_older_are_refused(
    source: Source, empty: Settings, tmp_path: Path
) -> None:
    keys = read_keys([source.keys])
    (tmp_path / "other").mkdir()
    (tmp_path / "older").mkdir()
    other = write_keys(tmp_path / "other", structs.replace(keys, secret=OTHER_SECRET, key=public_key(OTHER_SECRET)))
    older = write_keys(tmp_path / "older", structs.replace(keys, made_at=keys.made_at - timedelta(seconds=1)))
    damaged = shutil.copy(source.keys, tmp_path / "damaged")
    edit(damaged, b'keys-1","made_at":"2', b'keys-1","made_at":"3')

    for given, said in [([other], "another deployment's"), ([older], "older than"), ([damaged], "changed"), ([older, other], "another"),
                        ([source.backup / MANIFEST], "no file of keys"), ([tmp_path / "none"], "can't be read")]:  # fmt: skip
        with pytest.raises(BadBackup, match=said):
            restoring.bring_back(empty, source.backup, given)
    with pytest.raises(StartError, match="DAYLIGHT_SECRET"):
        restoring.bring_back(structs.replace(empty, secret=OTHER_SECRET), source.backup, [source.keys])
    assert tables(empty) == []
    assert restoring.bring_back(empty, source.backup, [older, source.keys]).broken == ""


async def _run(statement: str) -> None:
    async with connection() as held:
        await held.execute(statement)


def test_place_that_is_not_empty_is_left_as_it_is(
    source: Source, new_database, empty_template: str, empty: Settings
) -> None:
    url, owner_url = new_database(empty_template)
    filled = structs.replace(empty, database_url=url, database_owner_url=owner_url)
    with pytest.raises(StartError, match="not empty"):
        restoring.bring_back(filled, source.backup, [source.keys])
    on(url, _run(f"CREATE TABLE {HALF_RESTORED} ()"))  # the hub's role, which restores nothing
    with pytest.raises(StartError, match="not empty"):
        restoring.bring_back(filled, source.backup, [source.keys])
    assert rows(owner_url, "SELECT count(*) FROM person") == [(0,)]

    mine = structs.replace(empty, database_url=None)
    mine.data.mkdir()
    (mine.data / "mine").write_text("mine")
    with pytest.raises(StartError, match="not empty"):
        restoring.bring_back(mine, source.backup, [source.keys])

    assert [path.name for path in mine.data.parent.iterdir()] == ["data"]


def test_interrupted_restore_is_started_on_by_nobody_and_begins_anew(
    source: Source, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_compare", killed)
        with pytest.raises(KeyboardInterrupt):
            restoring.bring_back(empty, source.backup, [source.keys])

    with pytest.raises(StartError, match="not restored whole"):
        on(empty.database_url or "", refuse_half_restored())
    restoring.bring_back(empty, source.backup, [source.keys])
    on(empty.database_url or "", refuse_half_restored())


def test_difference_between_what_came_back_and_what_was_written_down_is_an_error(
    source: Source, empty: Settings, tmp_path: Path
) -> None:
    copy = shutil.copytree(source.backup, tmp_path / "backup")
    manifest = read_manifest(copy, SECRET)
    first, *rest = manifest.cursors
    write_manifest(
        copy,
        structs.replace(
            manifest, rows=manifest.rows | {"person": 12}, cursors=[structs.replace(first, seq=first.seq + 1), *rest]
        ),
        SECRET,
    )

    with pytest.raises(DaylightError, match="person has 11 rows, not 12; devices stand elsewhere"):
        restoring.bring_back(empty, copy, [source.keys])
    with pytest.raises(StartError):
        on(empty.database_url or "", refuse_half_restored())


def test_who_was_erased_or_protected_after_the_backup_is_so_after_the_restore_and_the_chain_holds(
    new_database, cast_template: str, empty: Settings, tmp_path: Path
) -> None:
    url, _ = new_database(cast_template)
    kept = tmp_path / "keys" / KEYS_FILE

    async def tell(person: int) -> None:
        async with transaction() as held:
            await audit.record(
                "person_changed", 6, person, **await subject_keys.sealed(held, person, zone="Asia/Kathmandu")
            )
        await chain.seal(signing_key(SECRET))

    on(url, tell(2))
    on(url, tell(3))
    for day in (TEN, NINE):
        rows(
            url,
            f"INSERT INTO rollup_day VALUES (3, '{day:%Y-%m-%d}', 'active', NULL, NULL, 1, 0, 0, 0) RETURNING person",
        )
    on(url, tell_of([NINE, TEN], 3))
    on(url, back_up(url, None, SECRET, tmp_path / "backup", kept.parent))
    on(url, erasure.erase(2, 6))
    on(url, erase_day(3))
    rows(url, "UPDATE person SET restricted_at = now() WHERE id = 3 RETURNING id")
    rows(url, "INSERT INTO legal_hold (person, set_by, reason) VALUES (4, 6, 'Case 7') RETURNING id")
    on(url, keep_keys(url, SECRET, kept.parent))

    done = restoring.bring_back(empty, tmp_path / "backup", [kept])

    assert (done.erased, done.days, done.chain, done.broken) == (1, 1, 2, "")
    restored = empty.database_url or ""
    assert [day for (day,) in rows(restored, "SELECT day FROM rollup_day")] == [TEN.date()]
    assert rows(restored, "SELECT started_at FROM interval WHERE person = 3") == [(TEN,)]
    assert rows(restored, "SELECT person, first, erased_by FROM erased_days") == [(3, NINE.date(), 6)]
    names = [row[0] for row in rows(restored, taking.TABLES)]
    for table in names:
        assert rows(restored, f"SELECT * FROM {table} AS it WHERE it::text ~* '(bob|kathmandu)'") == []
    assert rows(restored, "SELECT erased_at IS NOT NULL FROM person WHERE id IN (2, 3) ORDER BY id") == [
        (True,),
        (False,),
    ]
    assert rows(restored, "SELECT person FROM subject_key") == [(3,)]
    assert rows(restored, "SELECT id FROM person WHERE restricted_at IS NOT NULL") == [(3,)]
    assert rows(restored, "SELECT person, set_by, reason, lifted_at FROM legal_hold") == [(4, 6, "Case 7", None)]
    with pytest.raises(BadBackup, match="set back"):
        on(restored, keep_keys(restored, SECRET, _with_another_erasure(kept, tmp_path)))


async def tell_of(times: list[datetime], person: int) -> None:
    async with connection() as held:
        device = await held.fetchrow("SELECT id, person, uid::text FROM device WHERE person = $1", person)
    await store(_Device(*device), [worked(at, at + timedelta(minutes=1)) for at in times], times[-1])


async def erase_day(person: int) -> None:
    async with transaction() as held:
        await erased_days.take_turns(held, person)
        await erased_days.erase(held, person, NINE.date(), NINE.date(), 6, 1)


def _with_another_erasure(kept: Path, folder: Path) -> Path:
    (folder / "later").mkdir()
    keys = read_keys([kept])
    write_keys(folder / "later", structs.replace(keys, erased=[*keys.erased, Erased(3, NINE)], keys=[]))
    return folder / "later"


def test_audit_that_was_broken_before_the_backup_comes_back_and_is_named(
    new_database, cast_template: str, empty: Settings, tmp_path: Path
) -> None:
    url, owner_url = new_database(cast_template)

    async def break_it() -> None:
        for n in range(3):
            await audit.record("sign_out", n, n)
        await chain.seal(signing_key(SECRET))
        async with connection() as held:
            await held.execute("ALTER TABLE audit DISABLE TRIGGER USER; UPDATE audit SET actor = 9 WHERE id = 2")

    on(owner_url, break_it())
    on(url, back_up(url, None, SECRET, tmp_path / "backup", tmp_path / "keys"))

    done = restoring.bring_back(empty, tmp_path / "backup", [tmp_path / "keys" / KEYS_FILE])

    assert done.broken == "place 2, row 2: it is not what was sealed"


def test_backup_has_a_new_folder_and_keys_lie_apart_from_it(source: Source, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    bad = [
        ("there", "keys", "is there already"), ("a", "a", "apart"), ("a", "a/keys", "apart"), ("there/a", "there", "apart"),
        ("none/a", "keys", "no folder"),
    ]  # fmt: skip
    for target, keys, said in bad:
        with pytest.raises(StartError, match=said):
            on(source.url, back_up(source.url, None, SECRET, tmp_path / target, tmp_path / keys))

    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_backup_that_fails_leaves_nothing(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, keys = tmp_path / "backup", tmp_path / "keys"
    with pytest.raises(StartError, match="not the secret of the hub"):
        on(source.url, back_up(source.url, None, OTHER_SECRET, target, keys))
    with pytest.raises(StartError, match="cannot reach PostgreSQL"):
        on(source.url, back_up(source.url.replace("/backup_", "/gone_"), None, SECRET, target, keys))
    with monkeypatch.context() as patch:
        patch.setattr(taking, "_new", lambda _: open("/dev/full", "wb"))  # noqa: SIM115
        with pytest.raises(DaylightError, match="no room is left"):
            on(source.url, back_up(source.url, None, SECRET, target, keys))
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="is no folder"):
        on(source.url, back_up(source.url, None, SECRET, target, tmp_path / "file"))
    with monkeypatch.context() as patch:
        patch.setattr(programs, "_folders", list)
        with pytest.raises(StartError, match="postgresql-client-18"):
            on(source.url, back_up(source.url, None, SECRET, target, keys))

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_leftover_of_a_killed_backup_goes_and_one_that_goes_on_is_not_disturbed(source: Source, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with taking.filled(target, ".part"):
        with pytest.raises(StartError, match="at this moment"):
            on(source.url, back_up(source.url, None, SECRET, target, tmp_path / "keys"))
        (tmp_path / "backup.part" / "half").write_text("")
        shutil.copytree(tmp_path / "backup.part", tmp_path / "other.part")
    shutil.rmtree(target)

    on(source.url, back_up(source.url, None, SECRET, tmp_path / "other", tmp_path / "keys"))

    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == [DATABASE, MANIFEST]


def test_keys_alone_are_kept_in_the_place_of_older_ones_and_never_of_others(source: Source, tmp_path: Path) -> None:
    before = read_keys([on(source.url, keep_keys(source.url, SECRET, tmp_path))])
    after = read_keys([on(source.url, keep_keys(source.url, SECRET, tmp_path))])

    assert after.made_at > before.made_at > source.taken.manifest.made_at
    other = structs.replace(after, secret=OTHER_SECRET, key=public_key(OTHER_SECRET))
    with pytest.raises(BadBackup, match="another deployment's"):
        write_keys(tmp_path, other)
    for set_back in (structs.replace(after, keys=[]), structs.replace(after, erased=[])):
        write_keys(tmp_path, structs.replace(after, erased=[Erased(9, NINE)]))
        with pytest.raises(BadBackup, match="set back"):
            write_keys(tmp_path, set_back)
    assert read_keys([tmp_path / KEYS_FILE]).erased == [Erased(9, NINE)]
    assert [path.name for path in tmp_path.iterdir()] == [KEYS_FILE]
    assert rows(source.url, "SELECT action FROM audit ORDER BY id DESC LIMIT 1") == [("keys_kept",)]


class Kept:
    """A store of so many objects, of which the one in the middle is deleted before it is read. It answers `OBJECTS_AT_ONCE` at a time."""

    def __init__(self, count: int) -> None:
        self.keys = [f"people/{number}/a picture" for number in range(count)]
        self.asked: list[str] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def stored(self) -> AsyncIterator[Stored]:
        for key in self.keys:
            yield Stored(key, len(key), None)

    async def get(self, key: str) -> bytes:
        self.asked.append(key)
        self.waiting.append(asyncio.get_running_loop().create_future())
        if len(self.waiting) == OBJECTS_AT_ONCE:
            while self.waiting:  # the latest first
                self.waiting.pop().set_result(None)
        else:
            await self.waiting[-1]
        if key == self.keys[len(self.keys) // 2]:
            raise KeyError(key)
        return key.encode()


def backed_up_objects(bucket: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(taking.objects, "opened", lambda _: contextlib.nullcontext(bucket))
    return asyncio.run(asyncio.wait_for(taking._objects(a_store(), folder), 60))


def a_store() -> Any:
    return Settings(s3_url="http://key:secret@127.0.0.1:1/none").object_store


def test_objects_are_copied_side_by_side_each_into_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Kept(3 * OBJECTS_AT_ONCE)

    sizes, names = backed_up_objects(bucket, tmp_path, monkeypatch)

    assert bucket.asked[:OBJECTS_AT_ONCE] == bucket.keys[:OBJECTS_AT_ONCE]
    copied = [key for key in bucket.keys if key != bucket.keys[len(bucket.keys) // 2]]
    assert list(names) == copied
    assert list(sizes) == list(names.values())
    assert {key: (tmp_path / name).read_bytes() for key, name in names.items()} == {key: key.encode() for key in copied}
    assert {path.name for path in (tmp_path / "objects").iterdir()} == {Path(name).name for name in names.values()}


def test_store_that_goes_away_while_objects_are_copied_ends_it_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, written, may_write = Kept(10 * OBJECTS_AT_ONCE), [], threading.Event()
    answer, write = bucket.get, taking.write_through

    async def get(key: str) -> bytes:
        content = await answer(key)
        if key == bucket.keys[3]:
            asyncio.get_running_loop().call_later(0.01, may_write.set)
            raise ObjectsAway("the object store does not answer")
        return content

    def write_later(path: Path, content: bytes) -> None:
        may_write.wait(60)
        write(path, content)
        written.append(path)

    async def copy() -> list[Path]:
        with pytest.raises(ObjectsAway, match="does not answer"):
            await asyncio.wait_for(taking._objects(a_store(), tmp_path), 60)
        return sorted(written)

    monkeypatch.setattr(bucket, "get", get)
    monkeypatch.setattr(taking, "write_through", write_later)
    monkeypatch.setattr(taking.objects, "opened", lambda _: contextlib.nullcontext(bucket))
    done = asyncio.run(copy())

    assert [path.name for path in done] == list("0124567"), "nothing writes any more when it is told"
    assert (sorted((tmp_path / "objects").iterdir()), len(bucket.asked)) == (done, OBJECTS_AT_ONCE)


def test_hub_that_is_stopped_is_backed_up_with_its_objects_and_comes_back_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "S3_URL", "DAYLIGHT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    before = with_secret(Settings(data=tmp_path / "before", redis_url="redis://none"))
    after = Settings(data=tmp_path / "after", redis_url="redis://none")

    def running(settings: Settings, work: Callable[[Objects], Coroutine[Any, Any, Any]]) -> Any:
        with Embedded(settings, s3=True) as servers:
            given = structs.replace(
                settings,
                database_url=servers.database_url,
                database_owner_url=servers.database_owner_url,
                s3_url=servers.s3_url,
            )
            asyncio.run(schema(given))

            async def run() -> Any:
                assert given.object_store is not None
                async with objects.opened(given.object_store) as bucket:
                    return await work(bucket)

            return on(servers.database_url, run())

    async def fill(bucket: Objects) -> None:
        await _run("INSERT INTO person (id, email, name, zone) VALUES (12, 'bob@halden.example', 'Bob', 'UTC')")
        await bucket.put("people/1/a picture", b"1" * 1000)
        await bucket.put("people/12/a picture", b"12")

    async def found(bucket: Objects) -> dict[str, bytes]:
        return {one.key: await bucket.get(one.key) async for one in bucket.stored()}

    def daylight(settings: Settings, command: click.Command, *arguments: str) -> str:
        monkeypatch.setenv("DATA", str(settings.data))
        done = CliRunner().invoke(command, arguments, catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    running(before, fill)
    said = daylight(before, backup, str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))
    assert "2 objects" in said
    keys = read_keys([tmp_path / "keys" / KEYS_FILE])
    first, last, at = NINE.date(), TEN.date(), datetime.now(UTC)
    erased = [
        ErasedDays(12, first, last, NINE, TEN, at),
        ErasedDays(12, last, last, TEN, TEN, at + timedelta(1)),
        ErasedDays(1, first, last, NINE, TEN, at),
    ]
    write_keys(tmp_path / "keys", structs.replace(keys, erased=[Erased(1, NINE)], erased_days=erased))

    said = daylight(after, restore, str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))

    assert "as many as were backed up" in said
    assert "2 days of people erased again" in said
    assert running(after, found) == {"people/12/a picture": b"12"}
    assert (after.data / "secret").read_text() == before.secret
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after", "backup", "before", "keys"]
