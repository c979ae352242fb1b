"""Real servers for the tests: PostgreSQL and Valkey once per run, a fresh database and an empty Valkey for each test.

`database` opens the pool on a copy of a migrated template; a test that also asks for `cast` gets a copy that the permanent cast
already lives in (`tests/hub/conftest.py`). A copy costs 0.15 s, so a used one is put back as it was (6 ms) and used again, unless the
test changed the schema. Servers of your own serve as well: `TEST_DATABASE_URL` (a role that may create databases) and
`TEST_REDIS_URL` (which is emptied).
"""

import asyncio
import os
import shutil
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio

from hub import grants, subject_keys
from hub.database import close_pool, connection, open_pool
from hub.piccolo_app import migrate
from hub.settings import Settings
from tests import owner, secrecy

SECRET = "a-secret-of-the-tests-that-is-long-enough"
ORIGIN = "http://localhost:8000"
secrecy.ALWAYS.add(SECRET)

T = TypeVar("T")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """What a test logged, and the processes that it started, holds no secret that it used: or the test has failed."""
    report: pytest.TestReport = yield
    if call.when == "teardown":
        logs = [log.read_text(errors="replace") for log in secrecy.LOGS if log.exists()]
        leaked = secrecy.leaked("\n".join([report.capstdout, report.capstderr, report.caplog, *logs]))
        if leaked and report.passed:
            report.outcome = "failed"
            report.longrepr = f"secrets in what was logged: {', '.join(leaked)}"
        secrecy.USED.clear()
        secrecy.LOGS.clear()
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the longest tests first, by the limits that they set themselves, in each worker's share: no worker is left alone with one
    in the end, and what waits goes on beside what computes."""
    longest: dict[Path, float] = {}
    count: Counter[Path] = Counter(item.path for item in items)
    for item in items:
        limit = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0), limit.args[0] if limit else 0)
    shares = [0] * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    place: dict[Path, tuple[int, int]] = {}
    for path in sorted(longest, key=lambda path: -longest[path]):
        share = shares.index(min(shares))
        place[path] = share, len(place)
        shares[share] += count[path]
    items.sort(key=lambda item: place[item.path])


class Servers(NamedTuple):
    """Where the servers of this run listen."""

    database_url: str
    """As the owner of all databases."""
    hub_url: str
    """As the hub's role, which may only add to the audit; the owner's where servers are given."""
    redis_url: str
    ours: bool
    """Started here, with data that goes with them: nothing needs to be dropped."""


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, started once. Nothing but these fixtures should write to their default databases."""
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if given[0] and given[1]:
        yield Servers(given[0], given[0], given[1], ours=False)
        return
    from hub.embedded import Embedded

    data = Path(tempfile.mkdtemp(prefix="daylight-tests-"))
    try:
        with Embedded(Settings(data=data, database_url=given[0], redis_url=given[1])) as started:
            yield Servers(
                started.database_owner_url or started.database_url, started.database_url, started.redis_url, ours=True
            )
        for log in (data / "logs").glob("*.log"):
            leaked = secrecy.leaked(log.read_text(errors="replace"), secrecy.EVER)
            assert not leaked, f"secrets in {log.name}: {', '.join(leaked)}"
    finally:
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def make_template(servers: Servers) -> Iterator[Callable[[str, str, Callable[[], Awaitable[None]] | None], str]]:
    """`make_template(name, source, fill)`: a database to copy from, made of `source` and filled by `fill()` on its open pool."""
    made: set[str] = set()

    async def make(name: str, source: str, fill: Callable[[], Awaitable[None]] | None) -> None:
        await _administer(servers, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        await open_pool(database_url(servers, name))
        try:
            await migrate()
            if fill is not None:
                await fill()
            if servers.hub_url != servers.database_url:
                async with connection() as held:
                    await grants.give(held, servers.hub_url)
        finally:
            await close_pool()
        keeper = await asyncpg.connect(database_url(servers, name))
        try:
            await keeper.execute(KEEP)
        finally:
            await keeper.close()

    def template(name: str, source: str = "template1", fill: Callable[[], Awaitable[None]] | None = None) -> str:
        full = f"{name}_{RUN}"
        if full not in made:
            asyncio.run(make(full, source, fill))
            made.add(full)
        return full

    yield template
    for full in () if servers.ours else made:
        asyncio.run(_administer(servers, f'DROP DATABASE "{full}" WITH (FORCE)'))


@pytest.fixture(scope="session")
def empty_template(make_template: Callable[..., str]) -> str:
    """The name of a database with the schema of today and no rows."""
    return make_template("empty")


@pytest.fixture
def template(request: pytest.FixtureRequest) -> str:
    """The name of the database that this test gets a copy of."""
    name: str = request.getfixturevalue("cast_template" if "cast" in request.fixturenames else "empty_template")
    return name


class Copy(NamedTuple):
    """A database that tests use one after the other."""

    name: str
    shape: str
    keeper: asyncpg.Connection
    """As the owner, in the loop that outlives the tests: a new connection would plan the way back anew, at ten times the cost."""


@pytest.fixture(scope="session")
def lasting() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own, for connections that outlive a test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def copies(servers: Servers, lasting: asyncio.AbstractEventLoop) -> Iterator[dict[str, Copy]]:
    """By template, a copy that is as good as new."""
    kept: dict[str, Copy] = {}
    yield kept
    for copy in kept.values():
        asyncio.run_coroutine_threadsafe(copy.keeper.close(), lasting).result()
        if not servers.ours:
            asyncio.run(_administer(servers, f'DROP DATABASE "{copy.name}" WITH (FORCE)'))


@pytest.fixture
async def database(
    template: str, servers: Servers, copies: dict[str, Copy], lasting: asyncio.AbstractEventLoop
) -> AsyncIterator[str]:
    """The URL of a fresh database, with the pool of `hub.database` open on it."""
    copy = copies.pop(template, None) or await _in(lasting, _copied(servers, template))
    subject_keys.use(SECRET)
    url = hub_url(servers, copy.name)
    owner.URLS.append(database_url(servers, copy.name))
    await open_pool(url)
    yield url
    await close_pool()
    owner.URLS.pop()
    if await _in(lasting, _put_back(copy)):
        copies[template] = copy
    elif not servers.ours:
        await _administer(servers, f'DROP DATABASE "{copy.name}" WITH (FORCE)')


@pytest.fixture
async def redis_url(servers: Servers) -> str:
    """The URL of a Valkey that is empty."""
    async with redis.asyncio.from_url(servers.redis_url) as client:
        await client.flushall()
    return servers.redis_url


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a hub on these servers."""
    return Settings(data=tmp_path, database_url=database, redis_url=redis_url, secret=SECRET, public_origin=ORIGIN)


# Keeps what is in the template beside it, and writes the function that puts it back: tables in the order of their references.
KEEP = """
    DROP SCHEMA IF EXISTS pristine CASCADE;
    CREATE SCHEMA pristine;
    CREATE TABLE pristine.place AS
        WITH RECURSIVE reference AS (
            SELECT DISTINCT conrelid AS of, confrelid AS to FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
        ), place(oid, depth) AS (
            SELECT oid, 0 FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migration'
            UNION SELECT of, depth + 1 FROM place JOIN reference ON reference.to = place.oid
        )
        SELECT oid::regclass::text AS name, max(depth) AS depth FROM place GROUP BY oid;
    CREATE TABLE pristine.sequence AS SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public';
    DO $do$
    DECLARE place record;
    BEGIN
        FOR place IN SELECT * FROM pristine.place LOOP
            EXECUTE format('CREATE TABLE pristine.%s AS TABLE public.%s', place.name, place.name);
        END LOOP;
        EXECUTE format('CREATE FUNCTION pristine.put_back() RETURNS void LANGUAGE sql AS %L', concat_ws(' ',
            'ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_link DISABLE TRIGGER USER;',
            (SELECT string_agg(format('DELETE FROM %s;', name), ' ' ORDER BY depth DESC) FROM pristine.place),
            (SELECT string_agg(format('INSERT INTO %s (%s) SELECT %s FROM pristine.%s;', name, given, given, name), ' ' ORDER BY depth)
                FROM pristine.place, LATERAL (
                    SELECT string_agg(quote_ident(attname), ', ') AS given FROM pg_attribute
                    WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                ) AS kept),
            'ALTER TABLE audit ENABLE TRIGGER USER; ALTER TABLE audit_link ENABLE TRIGGER USER;',
            'SELECT setval(name::regclass, coalesce(last_value, 1), last_value IS NOT NULL) FROM pristine.sequence;'
        ));
    END $do$
"""
PUT_BACK = """
    SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
    SELECT pristine.put_back()
"""
# Equal when no table, column, function, index, constraint or trigger came or went.
SHAPE = """
    SELECT (SELECT array[count(*), max(oid::bigint)] FROM pg_class), (SELECT array[count(*), max(oid::bigint)] FROM pg_proc),
        (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped), (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O')
"""

RUN = uuid.uuid4().hex[:8]
"""Keeps runs that share servers apart."""


def database_url(servers: Servers, name: str) -> str:
    """The URL of another database of the same server, as its owner."""
    return _another(servers.database_url, name)


def hub_url(servers: Servers, name: str) -> str:
    """The same, as the hub's role."""
    return _another(servers.hub_url, name)


def _another(url: str, name: str) -> str:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


async def _administer(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


async def _copied(servers: Servers, template: str) -> Copy:
    name = f"test_{uuid.uuid4().hex[:12]}"
    await _administer(servers, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    keeper = await asyncpg.connect(database_url(servers, name))
    return Copy(name, str(await keeper.fetch(SHAPE)), keeper)


async def _put_back(copy: Copy) -> bool:
    """Makes the rows what they were; whether the database can be used again."""
    try:
        await copy.keeper.execute(PUT_BACK, timeout=10)
        if str(await copy.keeper.fetch(SHAPE)) == copy.shape:
            return True
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError):
        pass
    copy.keeper.terminate()
    return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests measured: `record_property("figure", ...)`. Measured beside everything else that runs, so rough."""
    reports = [
        report for kind in terminalreporter.stats.values() for report in kind if hasattr(report, "user_properties")
    ]
    figures = {(report.nodeid, text) for report in reports for name, text in report.user_properties if name == "figure"}
    if figures:
        terminalreporter.section("figures")
        for _, text in sorted(figures):
            terminalreporter.line(str(text))
