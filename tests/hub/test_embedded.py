"""The embedded servers, with real servers: data survives every way to die, and nothing foreign is ever touched."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
import redis.asyncio
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from hub.embedded import TICK_S, Embedded, Handle, Servers, aof, require_free_port, running, wheel_binaries
from hub.embedded.process import running_in
from hub.embedded.valkey import Valkey
from hub.errors import StartError
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0
NOBODY = 65534
T = TypeVar("T")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the embedded servers do not run on Windows")

# Everything is imported before the change of user: an ordinary user may be unable to read root's Python.
SUPERVISOR = """
import asyncio, encodings.idna, json, os, sys
from pathlib import Path
from hub.embedded import Embedded
from hub.settings import Settings
data, uid = Path(sys.argv[1]), int(sys.argv[2])
if uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
with Embedded(Settings(data=data)) as servers:
    print(json.dumps([servers.database_url, servers.redis_url, servers.s3_url, servers.database_owner_url]), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextlib.contextmanager
def supervisor(data: Path, uid: int = 0) -> Iterator[tuple[subprocess.Popen[str], Servers]]:
    """Another process that runs the servers until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(data), str(uid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdin
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert line, "the supervisor did not start"
        yield process, Servers(*json.loads(line))
    finally:
        process.stdin.close()
        process.wait(DEADLINE_S)
        process.stdout.close()


async def write(servers: Servers, text: str) -> None:
    connection = await asyncpg.connect(servers.database_owner_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
    await connection.execute("INSERT INTO note VALUES ($1)", text)
    await connection.close()
    async with redis.asyncio.from_url(servers.redis_url) as client:
        await client.rpush("note", text)


async def read(servers: Servers) -> list[str]:
    """What both servers hold; they must agree."""
    connection = await asyncpg.connect(servers.database_owner_url)
    rows = [row["text"] for row in await connection.fetch("SELECT text FROM note ORDER BY ctid")]
    await connection.close()
    async with redis.asyncio.from_url(servers.redis_url) as client:
        assert [item.decode() for item in await client.lrange("note", 0, -1)] == rows
    return rows


async def eventually(attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of the first attempt that is not refused by a server on its way up."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return await attempt()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, redis.exceptions.RedisError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_replaced(server: Handle, killed: int) -> None:
    until(lambda: server.pid not in (killed, None))


def owners(pids: list[int]) -> set[int]:
    return {os.stat(f"/proc/{pid}").st_uid for pid in pids}


def sleeper(uid: int | None, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], user=uid, cwd=cwd)


def processes(data: Path) -> list[int]:
    return running_in(data / "postgres", "postgres") + running_in(data / "valkey", "valkey-server")


async def test_data_survives_a_restart(data: Path) -> None:
    with Embedded(Settings(data=data)) as servers:
        await write(servers, "kept")
        assert running(Settings(data=data)) == servers

    with Embedded(Settings(data=data)) as servers:
        assert await read(servers) == ["kept"]

    assert running(Settings(data=data)) is None
    assert processes(data) == []


def test_files_and_sockets_are_private(data: Path) -> None:
    with Embedded(Settings(data=data)) as servers:
        sockets = Path(servers.redis_url.removeprefix("unix://").split("?")[0]).parent.parent

        assert (data / "postgres").stat().st_mode & 0o777 == 0o700
        assert all((sockets / name).stat().st_mode & 0o777 == 0o700 for name in ("postgres", "valkey"))
        for name in ("credentials.json", "running.json", "lock", "logs/postgres.log", "logs/valkey.log"):
            assert (data / name).stat().st_mode & 0o077 == 0, name

    assert not sockets.exists()


async def test_database_is_durable_utf8_and_owned_by_a_role_that_is_no_superuser(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")) as servers:
        connection = await asyncpg.connect(servers.database_owner_url)
        values = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("server_encoding", "fsync", "synchronous_commit", "listen_addresses", "data_checksums")
        }
        collation = await connection.fetchrow(
            "SELECT datlocprovider, datlocale, pg_get_userbyid(datdba) AS owner FROM pg_database"
            " WHERE datname = current_database()"
        )
        superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        for extension in ("pg_trgm", "btree_gist"):
            await connection.execute(f"CREATE EXTENSION {extension}")
        await connection.close()

    assert values == {
        "server_encoding": "UTF8",
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "data_checksums": "on",
    }
    assert tuple(collation) == (b"b", "C.UTF-8", "daylight")
    assert superuser is False


async def test_database_refuses_everybody_without_the_password(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")) as servers:
        for url in (servers.database_url, servers.database_owner_url or ""):
            role, password = url.removeprefix("postgresql://").split("@")[0].split(":")
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(url.replace(password, "guess"))
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(url.replace(f"{role}:", "postgres:"))


async def test_refused_values_stay_out_of_the_log(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")) as servers:
        connection = await asyncpg.connect(servers.database_owner_url)
        await connection.execute("CREATE TABLE visit (title text CHECK (title <> 'Secret title'), seq int)")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("INSERT INTO visit VALUES ('Secret title')")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await connection.execute("SELECT 'Secret title'::int")
        await connection.close()

    assert "Secret title" not in (data / "logs" / "postgres.log").read_text()


async def test_killed_postmaster_comes_back_with_what_was_committed(data: Path) -> None:
    embedded = Embedded(Settings(data=data))
    with embedded as servers:
        await write(servers, "committed")
        assert embedded.postgres
        killed = embedded.postgres.pid
        assert killed
        os.kill(killed, signal.SIGKILL)

        assert await eventually(lambda: read(servers)) == ["committed"]
        assert embedded.postgres.pid not in (killed, None)


async def test_frozen_children_of_a_killed_postmaster_do_not_block_the_next(data: Path) -> None:
    embedded = Embedded(Settings(data=data))
    with embedded as servers:
        await write(servers, "committed")
        assert embedded.postgres
        killed = embedded.postgres.pid
        assert killed
        children = [pid for pid in embedded.postgres.pids() if pid != killed]
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
        os.kill(killed, signal.SIGKILL)

        assert await eventually(lambda: read(servers)) == ["committed"]
        assert not set(children) & set(embedded.postgres.pids())


async def test_signal_at_a_bad_moment_does_not_end_the_supervision(data: Path) -> None:
    embedded = Embedded(Settings(data=data, database_url="postgresql://localhost/not-asked"))
    before, switch_s = signal.signal(signal.SIGUSR1, lambda *_: None), sys.getswitchinterval()
    try:
        with embedded:
            thread = next(thread for thread in threading.enumerate() if thread.name == "embedded")
            assert thread.ident
            # It is woken while it waits, and gets its turn only when the time for which it wanted to wait is over.
            sys.setswitchinterval(10 * TICK_S)
            signal.pthread_kill(thread.ident, signal.SIGUSR1)
            over = time.monotonic() + 2 * TICK_S
            while time.monotonic() < over:
                pass
            sys.setswitchinterval(switch_s)
            assert embedded.valkey
            killed = embedded.valkey.pid
            assert killed
            os.kill(killed, signal.SIGKILL)

            until_replaced(embedded.valkey, killed)
    finally:
        sys.setswitchinterval(switch_s)
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
async def test_killed_server_comes_back_when_there_is_no_room_for_its_log(data: Path) -> None:
    embedded = Embedded(Settings(data=data, database_url="postgresql://localhost/not-asked"))
    with embedded:
        assert embedded.valkey
        killed = embedded.valkey.pid
        assert killed
        log = data / "logs" / "valkey.log"
        log.unlink()
        log.symlink_to("/dev/full")
        os.kill(killed, signal.SIGKILL)

        until_replaced(embedded.valkey, killed)


async def test_killed_valkey_comes_back_with_its_data_again_and_again(data: Path) -> None:
    embedded = Embedded(Settings(data=data))
    with embedded as servers:
        for n in range(3):
            await eventually(lambda: write(servers, "acknowledged"))
            assert embedded.valkey
            killed = embedded.valkey.pid
            assert killed
            os.kill(killed, signal.SIGKILL)
            until_replaced(embedded.valkey, killed)

            assert await eventually(lambda: read(servers)) == ["acknowledged"] * (n + 1)


async def test_valkey_comes_back_with_all_records_when_a_full_disk_left_a_hole_among_them(data: Path) -> None:
    """As Valkey 9.1 leaves it: zeros where a record was cut off again that had been written in part."""

    def torn(word: bytes) -> None:
        (log,) = (data / "valkey" / "appendonlydir").glob("*.incr.aof")
        with log.open("ab") as file:
            file.write(bytes(2115) + b"*3\r\n$5\r\nRPUSH\r\n$4\r\nnote\r\n$%d\r\n%s\r\n" % (len(word), word))

    async def noted(servers: Servers) -> list[bytes]:
        async with redis.asyncio.from_url(servers.redis_url) as client:
            found: list[bytes] = await client.lrange("note", 0, -1)
            return found

    settings = Settings(data=data, database_url="postgresql://localhost/not-asked")
    with Embedded(settings) as servers:
        async with redis.asyncio.from_url(servers.redis_url) as client:
            await client.rpush("note", "before")
    torn(b"after")
    embedded = Embedded(settings)
    with embedded as servers:
        assert await noted(servers) == [b"before", b"after"]

        assert embedded.valkey
        killed = embedded.valkey.pid
        assert killed
        torn(b"last")
        os.kill(killed, signal.SIGKILL)
        until_replaced(embedded.valkey, killed)
        assert await eventually(lambda: noted(servers)) == [b"before", b"after", b"last"]


ONE = b"*1\r\n$1\r\na\r\n"
MULTI, EXEC = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", b""),
        (b"#TS:1\r\n" + ONE, b"#TS:1\r\n" + ONE),
        (b"*1\r\n$2\r\n\0\0\r\n\0\0\0" + ONE, b"*1\r\n$2\r\n\0\0\r\n" + ONE),
        (ONE + bytes(9) + ONE + bytes(7) + ONE, ONE * 3),
        (ONE + bytes(9), ONE),
        (bytes(10), b""),
        (ONE + b"*2\r\n$1\r\na\r\n$9\r\n\0\0bc" + bytes(9) + ONE + ONE, ONE * 3),
        (ONE + MULTI + ONE + b"*1\r\n$1" + bytes(9) + MULTI + ONE + EXEC, ONE + MULTI + ONE + EXEC),
        (ONE + MULTI + ONE + bytes(9) + MULTI + ONE + EXEC + ONE, ONE + MULTI + ONE + EXEC + ONE),
        (MULTI + ONE + bytes(9) + ONE + EXEC + ONE[:5], MULTI + ONE * 2 + EXEC),
        *((ONE + ONE[:length], ONE) for length in range(1, len(ONE))),
    ],
)
def test_append_only_file_loses_its_holes_and_what_is_cut_off(content: bytes, kept: bytes) -> None:
    assert aof.mended(content) == kept
    assert aof.mended(kept) == kept


@pytest.mark.parametrize(
    "content",
    [
        b"x" + ONE,
        ONE + b"nonsense\r\n" + ONE,
        ONE + b"*1\r\n$1\r\nabc" + bytes(5) + ONE,
        b"*1\r\n$-1\r\n" + ONE,
        b"*1\r\n$3\r\na\r\n" + ONE,
        ONE + bytes(5) + b"#\n" + ONE,
        ONE + bytes(5) + b"a" + ONE,
    ],
)
def test_append_only_file_that_is_damaged_otherwise_is_left_to_people(tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "appendonly.aof.1.incr.aof"
    log.write_bytes(content)

    with pytest.raises(aof.Damaged):
        aof.mend(tmp_path)
    assert log.read_bytes() == content
    assert list(tmp_path.iterdir()) == [log]


async def test_handle_restarts_its_server(data: Path) -> None:
    embedded = Embedded(Settings(data=data))
    with embedded as servers:
        await write(servers, "kept")
        assert embedded.postgres
        assert embedded.valkey
        before = embedded.postgres.pid, embedded.valkey.pid
        embedded.postgres.restart()
        embedded.valkey.restart()

        assert await read(servers) == ["kept"]
        assert not set(before) & {embedded.postgres.pid, embedded.valkey.pid}


async def test_frozen_servers_are_stopped_all_the_same(data: Path) -> None:
    embedded = Embedded(Settings(data=data))
    with embedded as servers:
        await write(servers, "kept")
        for pid in processes(data):
            os.kill(pid, signal.SIGSTOP)

    assert processes(data) == []
    with Embedded(Settings(data=data)) as servers:
        assert await read(servers) == ["kept"]


async def test_servers_end_when_their_supervisor_is_killed(data: Path) -> None:
    with supervisor(data) as (process, servers):
        await write(servers, "kept")
        process.kill()

        until(lambda: processes(data) == [])

    with Embedded(Settings(data=data)) as servers:
        assert await read(servers) == ["kept"]


async def test_servers_that_outlive_a_killed_supervisor_are_ended_at_the_next_start(data: Path) -> None:
    with supervisor(data) as (process, servers):
        await write(servers, "kept")
        stale = processes(data)
        for pid in stale:
            os.kill(pid, signal.SIGSTOP)
        process.kill()
        process.wait()
        assert set(processes(data)) == set(stale)

        with Embedded(Settings(data=data)) as again:
            assert await read(again) == ["kept"]
            assert not set(stale) & set(processes(data))
        assert not Path(servers.redis_url.removeprefix("unix://").split("?")[0]).parent.exists()


async def test_all_killed_at_once_loses_nothing_committed(data: Path) -> None:
    with supervisor(data) as (process, servers):
        await write(servers, "kept")
        for pid in (process.pid, *processes(data)):
            with contextlib.suppress(ProcessLookupError):  # the postmaster's children follow it by themselves
                os.kill(pid, signal.SIGKILL)
        process.wait()

        with Embedded(Settings(data=data)) as again:
            assert await read(again) == ["kept"]


async def test_start_killed_while_making_the_cluster_is_repeated(data: Path) -> None:
    (data / "postgres.new" / "base").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")

    with Embedded(Settings(data=data)) as servers:
        await write(servers, "works")
        assert await read(servers) == ["works"]


async def test_foreign_processes_named_by_our_files_are_left_alone(data: Path) -> None:
    with Embedded(Settings(data=data)) as servers:
        await write(servers, "kept")
    owner = (data / "postgres").stat().st_uid
    user = owner if os.geteuid() == 0 else None
    # The second is as near as a foreign process gets: the server's user, in the server's folder.
    foreign = [sleeper(user, cwd) for cwd in (Path("/"), data / "postgres")]
    try:
        for process in foreign:
            pid_file = data / "postgres" / "postmaster.pid"
            pid_file.write_text(f"{process.pid}\n{data / 'postgres'}\n1\n5432\n\n\n 1 1\nready   \n")
            with Embedded(Settings(data=data)) as servers:
                assert await read(servers) == ["kept"]

        assert [process.poll() for process in foreign] == [None, None]
    finally:
        for process in foreign:
            process.kill()
            process.wait()


def test_recorded_socket_folder_that_is_not_ours_is_left_alone(data: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    data.mkdir()
    (data / "running.json").write_text(json.dumps({"sockets": str(precious)}))

    with Embedded(Settings(data=data, database_url="postgresql://elsewhere/daylight")):
        pass

    assert precious.exists()


def test_second_start_on_a_folder_is_refused_by_name(data: Path) -> None:
    settings = Settings(data=data, database_url="postgresql://elsewhere/daylight")
    with Embedded(settings) as servers:
        with pytest.raises(StartError, match=str(data)), Embedded(settings):
            pass

        assert running(settings) == servers


async def test_path_with_spaces_and_far_too_long_for_a_socket(tmp_path: Path) -> None:
    data = tmp_path / "a folder, 'quoted'" / ("deep " * 20).strip() / "data"
    with Embedded(Settings(data=data)) as servers:
        await write(servers, "kept")
        assert await read(servers) == ["kept"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
async def test_root_runs_postgres_unprivileged_in_a_folder_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    embedded = Embedded(Settings(data=closed / "data"))
    with embedded as servers:
        await write(servers, "kept")
        assert embedded.postgres
        uids = owners(embedded.postgres.pids())

    assert 0 not in uids
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0
    with Embedded(Settings(data=closed / "data")) as servers:
        assert await read(servers) == ["kept"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are an ordinary user's already")
async def test_ordinary_user_runs_all_servers_as_themselves() -> None:
    closed = [folder for folder in wheel_binaries().parents if not folder.stat().st_mode & 0o001]
    if closed:
        pytest.skip(f"an ordinary user may not enter {closed[-1]}, where the servers are installed")
    home = Path(tempfile.mkdtemp(prefix="home-"))
    os.chown(home, NOBODY, NOBODY)
    try:
        with supervisor(home / "data", NOBODY) as (_, servers):
            await write(servers, "kept")
            uids = owners(processes(home / "data"))
        with supervisor(home / "data", NOBODY) as (_, servers):
            assert await read(servers) == ["kept"]
    finally:
        shutil.rmtree(home)

    assert uids == {NOBODY}


def test_servers_with_a_url_are_not_started(data: Path) -> None:
    settings = Settings(data=data, database_url="postgresql://elsewhere/d", redis_url="redis://elsewhere")
    with Embedded(settings) as servers:
        assert servers == Servers("postgresql://elsewhere/d", "redis://elsewhere", None)
        assert not data.exists()

    settings = Settings(data=data, database_url="postgresql://elsewhere/d", s3_url="http://elsewhere")
    embedded = Embedded(settings, s3=True)
    with embedded as servers:
        assert (servers.database_url, servers.s3_url) == ("postgresql://elsewhere/d", "http://elsewhere")
        assert embedded.postgres is None
        assert embedded.s3 is None
        assert embedded.valkey
        assert embedded.valkey.pid


def test_server_that_does_not_start_shows_the_end_of_its_log(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")):
        pass
    (data / "postgres" / "postgresql.conf").write_text("nonsense\n")

    with (
        pytest.raises(StartError, match="syntax error in file"),
        Embedded(Settings(data=data, redis_url="redis://elsewhere")),
    ):
        pass

    assert processes(data) == []


def test_folder_of_another_major_version_is_refused_with_the_remedy(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")):
        pass
    (data / "postgres" / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(StartError, match="PostgreSQL 12"),
        Embedded(Settings(data=data, redis_url="redis://elsewhere")),
    ):
        pass


def test_lost_password_is_named_and_nothing_is_made_anew(data: Path) -> None:
    with Embedded(Settings(data=data, redis_url="redis://elsewhere")):
        pass
    (data / "credentials.json").unlink()

    with (
        pytest.raises(StartError, match=r"credentials\.json is missing"),
        Embedded(Settings(data=data, redis_url="redis://elsewhere")),
    ):
        pass

    assert not (data / "credentials.json").exists()


def test_interrupt_while_starting_leaves_nothing_running(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()

    def never_ready(self: Valkey) -> bool:
        began.set()
        return False

    def interrupt() -> None:
        began.wait()
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Valkey, "ready", never_ready)
    threading.Thread(target=interrupt).start()

    with pytest.raises(KeyboardInterrupt), Embedded(Settings(data=data)):
        pass

    assert processes(data) == []
    assert running(Settings(data=data)) is None


def test_log_over_the_limit_is_set_aside_at_the_start(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.embedded.process.LOG_MAX_BYTES", 10)
    settings = Settings(data=data, database_url="postgresql://elsewhere/daylight")
    (data / "logs").mkdir(parents=True)
    (data / "logs" / "valkey.log").write_text("from long ago")

    with Embedded(settings):
        pass

    assert (data / "logs" / "valkey.log.1").read_text() == "from long ago"
    assert "from long ago" not in (data / "logs" / "valkey.log").read_text()


def test_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(StartError, match=f"port {port} is taken"):
            require_free_port("127.0.0.1", port)
    require_free_port("127.0.0.1", port)


S3_ONLY = {"database_url": "postgresql://elsewhere/daylight", "redis_url": "redis://elsewhere"}


def s3_client(url: str, secret_key: str | None = None):
    parts = urllib.parse.urlsplit(url)
    return get_session().create_client(
        "s3",
        endpoint_url=f"http://{parts.hostname}:{parts.port}",
        aws_access_key_id=parts.username,
        aws_secret_access_key=secret_key or parts.password,
        region_name="us-east-1",
        config=AioConfig(retries={"total_max_attempts": 1}),  # the tests wait by themselves
    )


async def test_s3_keeps_objects_and_refuses_wrong_keys(data: Path) -> None:
    embedded = Embedded(Settings(data=data, **S3_ONLY), s3=True)
    with embedded as servers:
        assert servers.s3_url
        async with s3_client(servers.s3_url) as s3:
            await s3.create_bucket(Bucket="screenshots")
            await s3.put_object(Bucket="screenshots", Key="one", Body=b"pixels" * 10_000)
        async with s3_client(servers.s3_url, "wrong") as s3:
            with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
                await s3.get_object(Bucket="screenshots", Key="one")
    assert running_in(data / "s3", "weed") == []

    with Embedded(Settings(data=data, **S3_ONLY), s3=True) as servers:
        assert servers.s3_url
        async with s3_client(servers.s3_url) as s3:
            answer = await s3.get_object(Bucket="screenshots", Key="one")
            assert await answer["Body"].read() == b"pixels" * 10_000


async def test_s3_parts_listen_on_loopback_and_obey_nobody_without_a_key(data: Path) -> None:
    embedded = Embedded(Settings(data=data, **S3_ONLY), s3=True)
    with embedded as servers:
        assert servers.s3_url
        async with s3_client(servers.s3_url) as s3:
            await s3.create_bucket(Bucket="screenshots")
            await s3.put_object(Bucket="screenshots", Key="one", Body=b"pixels" * 10_000)
        ports = json.loads((data / "s3.json").read_bytes())["ports"]
        for part, port in ports.items():
            until(lambda port=port: listens(port))
            until(lambda port=port: listens(port + 10_000))
            assert tls_is_refused(port + 10_000), part

        assert http_status(ports["filer"], "GET", "/buckets/screenshots/one") == 401
        assert http_status(ports["filer"], "GET", "/buckets/screenshots/") == 401
        assert http_status(ports["volume"], "GET", "/admin/volume/delete?volume=1") == 401
        assert http_status(ports["master"], "POST", "/col/delete?collection=screenshots") == 400
        assert tls_is_refused(ports["master"])
        assert embedded.s3
        assert embedded.s3.pid
        assert listeners(embedded.s3.pid) == {"0100007F"}
        async with s3_client(servers.s3_url) as s3:
            answer = await s3.get_object(Bucket="screenshots", Key="one")
            assert await answer["Body"].read() == b"pixels" * 10_000


async def test_killed_s3_comes_back_on_the_same_address(data: Path) -> None:
    embedded = Embedded(Settings(data=data, **S3_ONLY), s3=True)
    with embedded as servers:
        assert servers.s3_url
        async with s3_client(servers.s3_url) as s3:
            await s3.create_bucket(Bucket="screenshots")
            await s3.put_object(Bucket="screenshots", Key="one", Body=b"pixels")
        assert embedded.s3
        killed = embedded.s3.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        until_replaced(embedded.s3, killed)

        async def get() -> bytes:
            async with s3_client(servers.s3_url) as s3:
                try:
                    answer = await s3.get_object(Bucket="screenshots", Key="one")
                    return await answer["Body"].read()
                except (BotoCoreError, ClientError) as error:
                    raise OSError from error

        assert await eventually(get) == b"pixels"


def test_s3_port_that_is_taken_is_named(data: Path) -> None:
    with Embedded(Settings(data=data, **S3_ONLY), s3=True):
        port = json.loads((data / "s3.json").read_bytes())["ports"]["s3"]

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with (
            pytest.raises(StartError, match=f"port {port} is taken"),
            Embedded(Settings(data=data, **S3_ONLY), s3=True),
        ):
            pass


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_status(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


def tls_is_refused(port: int) -> bool:
    """Whether a peer that speaks TLS, but has no certificate, is sent away."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as plain:
        try:
            with context.wrap_socket(plain) as secured:
                secured.recv(1)
        except ssl.SSLError as error:
            return "CERTIFICATE_REQUIRED" in str(error)
    return False


def listeners(pid: int) -> set[str]:
    """The local addresses, in the kernel's hexadecimal, of the TCP sockets on which a process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(descriptor))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].split(":")[0])
    return found
