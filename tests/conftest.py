"""Real servers for the tests: PostgreSQL and Valkey once per run, a fresh database and an empty Valkey for each test.

`database` opens the pool on a copy of a migrated template (about 30 ms); a test that also asks for `cast` gets a copy that the
permanent cast already lives in (`tests/hub/conftest.py`). Servers of your own serve as well: `TEST_DATABASE_URL` (a role that may
create databases) and `TEST_REDIS_URL` (which is emptied).
"""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio

from hub.database import close_pool, open_pool
from hub.piccolo_app import migrate
from hub.settings import Settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"
ORIGIN = "http://localhost:8000"


class Servers(NamedTuple):
    """Where the servers of this run listen."""

    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, started once. Nothing but these fixtures should write to their default databases."""
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if given[0] and given[1]:
        yield Servers(given[0], given[1])
        return
    from hub.embedded import Embedded

    data = Path(tempfile.mkdtemp(prefix="daylight-tests-"))
    try:
        with Embedded(Settings(data=data, database_url=given[0], redis_url=given[1])) as started:
            yield Servers(started.database_url, started.redis_url)
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
        finally:
            await close_pool()

    def template(name: str, source: str = "template1", fill: Callable[[], Awaitable[None]] | None = None) -> str:
        full = f"{name}_{RUN}"
        if full not in made:
            asyncio.run(make(full, source, fill))
            made.add(full)
        return full

    yield template
    for full in made:
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


@pytest.fixture
async def database(template: str, servers: Servers) -> AsyncIterator[str]:
    """The URL of a fresh database, with the pool of `hub.database` open on it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await _administer(servers, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    url = database_url(servers, name)
    await open_pool(url)
    yield url
    await close_pool()
    await _administer(servers, f'DROP DATABASE "{name}" WITH (FORCE)')


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


RUN = uuid.uuid4().hex[:8]
"""Keeps runs that share servers apart."""


def database_url(servers: Servers, name: str) -> str:
    """The URL of another database of the same server."""
    parts = urlsplit(servers.database_url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


async def _administer(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
