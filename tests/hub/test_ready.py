"""`/ready` tells a load balancer the truth: whether who is sent here now is served."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import asyncpg
import httpx
import pytest

from hub.database import ENGINE, beside_the_pool, connection
from hub.embedded import Embedded, Handle
from hub.settings import Settings
from tests.conftest import ORIGIN, SECRET
from tests.hub.live import Running, connected, running
from tests.journeys.hubs import command, environment

PATIENCE_S = 20.0


@contextlib.contextmanager
def frozen(server: Handle | None) -> Iterator[None]:
    """The server stops answering and keeps its connections, as a machine that hangs."""
    assert server is not None
    pids = server.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def take_writes(does: bool, owner_url: str) -> None:
    """Makes the database read-only, as a standby is, or ends that. Every session begins anew."""
    held = await asyncpg.connect(owner_url)
    try:
        database, read_only = await held.fetchval("SELECT current_database()"), "off" if does else "on"
        await held.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        await held.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = {read_only}')
        await held.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            database,
        )
    finally:
        await held.close()


async def told(hub: Running) -> tuple[int, dict[str, bool]]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}", timeout=10, verify=False) as client:
        answer = await client.get("/ready")
        return answer.status_code, answer.json()


async def until_told(hub: Running, wanted: Callable[[int, dict[str, bool]], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not wanted(*await told(hub)):
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def on_servers_of_its_own(folder: Path) -> AsyncIterator[tuple[Running, Embedded, str]]:
    """The hub, its servers, and where the database's owner finds it."""
    embedded = Embedded(Settings(data=folder))
    with embedded as servers:
        owner_url = servers.database_owner_url or ""
        env = environment(servers.database_url, servers.redis_url, ORIGIN, folder, DATABASE_OWNER_URL=owner_url)
        await asyncio.to_thread(command, env, "migrate")
        settings = Settings(
            data=folder,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            secret=SECRET,
            public_origin=ORIGIN,
        )
        async with running(settings) as hub:
            yield hub, embedded, owner_url


@pytest.mark.timeout(100)
async def test_hub_without_a_database_that_takes_writes_is_not_ready_and_one_without_redis_is(tmp_path: Path) -> None:
    async with on_servers_of_its_own(tmp_path / "data") as (hub, embedded, owner_url):
        await until_told(hub, lambda status, state: status == 200 and state["feed"])

        with frozen(embedded.valkey):  # ingest is not affected
            await until_told(hub, lambda status, state: not state["feed"])
            assert await told(hub) == (200, {"ready": True, "feed": False})
        await until_told(hub, lambda status, state: state["feed"])

        await take_writes(False, owner_url)
        await until_told(hub, lambda status, state: status == 503)
        await take_writes(True, owner_url)
        await until_told(hub, lambda status, state: status == 200)

        with frozen(embedded.postgres):
            await until_told(hub, lambda status, state: status == 503 and not state["ready"])
        await until_told(hub, lambda status, state: status == 200)


async def test_hub_that_keeps_all_its_connections_busy_is_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as hub, contextlib.AsyncExitStack() as stack:
        assert ENGINE.pool is not None
        for _ in range(ENGINE.pool.get_max_size()):
            await stack.enter_async_context(connection())
        beside = Mock(wraps=beside_the_pool)
        monkeypatch.setattr("hub.app.beside_the_pool", beside)
        busy = await asyncio.gather(*(hub.hub.ready() for _ in range(20)))
        later = await told(hub)

    assert busy == [True] * 20
    assert later[0] == 200
    assert beside.call_count == 2  # twenty who ask at once share a question, and so a connection


async def test_hub_is_not_ready_before_it_is_open_nor_from_the_moment_it_leaves(settings: Settings, cast: Any) -> None:
    async with running(settings) as hub:
        assert (await told(hub))[0] == 200
        hub.hub.phase = "starting"
        starting = await told(hub)
        hub.hub.leave()
        leaving = await told(hub)
        async with connected(hub, cast.device(cast.bob)) as agent:  # whoever comes all the same is served
            assert agent.welcomed

    assert starting[0] == leaving[0] == 503
    assert leaving[1]["ready"] is False


async def test_hub_whose_event_loop_was_stuck_is_not_ready_until_it_turns_again(settings: Settings) -> None:
    async with running(settings) as hub:
        asking = asyncio.create_task(hub.hub.ready())
        hub.hub._turned_at = time.monotonic() - 60  # as after a call that blocked for a minute
        at_once = await asking
        await until_told(hub, lambda status, state: status == 200)

    assert at_once is False
