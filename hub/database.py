"""The one engine and the one transaction manager. Every query of the hub goes through here, by Piccolo or by asyncpg.

Piccolo's own `PostgresTransaction` is not used: it keeps the connection when COMMIT fails, and its context variable stays set (two
failed commits drain a pool of two). A lint rule forbids it. Waiting for a connection always has a deadline: asyncpg's
`command_timeout` does not cover it, and a frozen server would otherwise hold every waiter for as long as it is frozen.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine

from hub.errors import PoolBusy, StartError
from hub.figures import FIGURES

if TYPE_CHECKING:
    Connection = Any

ACQUIRE_S = 5.0
COMMAND_S = 10.0
RELEASE_S = 2.0
POOL_SIZE = 10
"""Of one process. Two flushers hold one each while they commit; PostgreSQL's default of 100 feeds eight processes and tools."""
SERVER_SETTINGS = {
    "application_name": "daylight",
    "timezone": "UTC",
    "search_path": "public",  # after PostgreSQL's own, whatever the hub's role has been given for itself
    "idle_in_transaction_session_timeout": "3s",  # a hub that is frozen inside a transaction must not hold others' rows
    "transaction_timeout": "10s",
}
LONG_TRANSACTIONS = SERVER_SETTINGS | {"transaction_timeout": "0", "idle_in_transaction_session_timeout": "60s"}
"""For migrations and for commands that read much."""


DATABASE_AWAY = (
    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError, PoolBusy,
)  # fmt: skip
"""What work on the database raises when it is away, for callers that go on without. `InternalClientError` is what asyncpg says now and then
of a connection that the server ended just as a statement was sent: so it does where a process stood still inside a transaction."""


HALF_RESTORED = "half_restored"
"""A table that is there while a backup is put into a database that is not embedded."""


class Engine(PostgresEngine):
    """Piccolo's engine, with a deadline on every wait for a connection."""

    async def check_version(self) -> None:
        """Nothing: the engine is made before anybody knows where the database is."""

    async def _run_in_new_connection(self, query: str, args: Sequence[Any] | None = None) -> Any:
        # Piccolo would connect anew for each query, without limit, when there is no pool.
        raise PoolBusy("the database pool is closed")

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> Any:
        async with connection() as held:
            return await held.fetch(query, *(args or ()))


class _Current:
    """What Piccolo looks for in its context variable: queries in this task run on this connection."""

    def __init__(self, held: "Connection") -> None:
        self.connection = held


ENGINE = Engine(config={}, extensions=())


async def open_pool(url: str, size: int = POOL_SIZE, settings: dict[str, str] = SERVER_SETTINGS) -> None:
    """Opens the process's pool. Raises `StartError` when the database can't be reached."""
    ENGINE.config = {"dsn": url}
    try:
        await ENGINE.start_connection_pool(
            min_size=1,
            max_size=size,
            command_timeout=COMMAND_S if settings is SERVER_SETTINGS else None,
            timeout=ACQUIRE_S,
            server_settings=settings,
            reset=_left_as_it_was if settings is SERVER_SETTINGS else None,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise StartError(f"cannot reach PostgreSQL at DATABASE_URL: {error}") from error


async def _left_as_it_was(_: "Connection") -> None:
    """What is done to a connection that goes back, when it is in no transaction any more (asyncpg sees to that itself): nothing.

    Nothing here changes a session: settings and locks are a transaction's. asyncpg's own statement for it (locks, cursors, settings) would
    be one more round trip with each use, of some four.
    """


async def refuse_half_restored() -> None:
    """Raises `StartError` when a restore into this database was interrupted, or still goes on."""
    async with connection() as held:
        if await held.fetchval("SELECT to_regclass($1)::text", HALF_RESTORED) is not None:
            raise StartError("the database is not restored whole: wait for `daylight restore`, or run it again")


async def close_pool() -> None:
    """Closes the pool; connections that don't finish within a few seconds are cut."""
    pool = ENGINE.pool
    ENGINE.pool = None
    if pool is not None:
        try:
            await asyncio.wait_for(pool.close(), timeout=RELEASE_S)
        except TimeoutError:
            pool.terminate()


@contextlib.asynccontextmanager
async def connection(acquire_s: float = ACQUIRE_S) -> AsyncIterator["Connection"]:
    """A connection of the pool, outside any transaction. Raises `PoolBusy` after `acquire_s`."""
    if ENGINE.pool is None:
        raise PoolBusy("the database pool is closed")
    pool = ENGINE.pool
    asked_at = time.perf_counter()
    FIGURES.pool_acquires += 1
    FIGURES.pool_waiting += 1
    try:
        held = await pool.acquire(timeout=acquire_s)
    except TimeoutError as error:
        raise PoolBusy(f"no database connection within {acquire_s:.0f} s") from error
    finally:
        FIGURES.pool_waiting -= 1
        FIGURES.pool_wait_s += time.perf_counter() - asked_at
    try:
        yield held
    finally:
        await asyncio.shield(_release(pool, held))


@contextlib.asynccontextmanager
async def beside_the_pool() -> AsyncIterator["Connection"]:
    """A connection of its own, made for one question while the pool is busy. Whoever asks minds that a process has one of these at most."""
    held = await asyncpg.connect(ENGINE.config["dsn"], timeout=ACQUIRE_S, server_settings=SERVER_SETTINGS)
    try:
        yield held
    finally:
        held.terminate()


@contextlib.asynccontextmanager
async def transaction(acquire_s: float = ACQUIRE_S) -> AsyncIterator["Connection"]:
    """One transaction, READ COMMITTED: commits when the block ends, rolls back when it raises. Not nestable.

    Piccolo queries of the same task run inside it. Whatever fails, COMMIT included, the connection goes back to the pool or
    is closed. After an error from COMMIT itself it is not known whether it committed.
    """
    if ENGINE.current_transaction.get() is not None:
        raise RuntimeError("a transaction is already open in this task")
    async with connection(acquire_s) as held:
        started = held.transaction()
        await started.start()
        token = ENGINE.current_transaction.set(_Current(held))  # type: ignore[arg-type]
        try:
            yield held
        except BaseException:
            ENGINE.current_transaction.reset(token)
            with contextlib.suppress(*DATABASE_AWAY):
                await asyncio.shield(asyncio.wait_for(started.rollback(), RELEASE_S))
            raise
        ENGINE.current_transaction.reset(token)
        await started.commit()


async def _release(pool: Any, held: "Connection") -> None:
    # A connection whose server is frozen can't finish its cancel request: after the deadline asyncpg cuts it.
    with contextlib.suppress(TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        await pool.release(held, timeout=RELEASE_S)
