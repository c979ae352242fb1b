"""Whatever process takes somebody's access away, the sockets that another process holds end as well, also while Valkey is away."""

import asyncio
import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from hub import people
from hub.auth.enrolment import revoke_device
from hub.embedded import Embedded
from hub.settings import Settings
from hub.wire.closing import Close
from tests.hub.live import Agent, Viewer, connected, signed_in, viewing
from tests.journeys.hubs import HubProcess, environment, hub_process, until
from tests.ports import free_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(90),
]
SPREAD = 12
"""Sockets to open, so that both processes hold some."""
ENDED_LIMIT_S = 10.0
"""Generous: the promise is five seconds, and the figure is printed."""


class Two:
    """Two processes on one port, as clients and tests of who serves whom see them."""

    def __init__(self, hub: HubProcess, origin: str) -> None:
        self.hub = hub
        self.running: Any = SimpleNamespace(port=hub.port, settings=SimpleNamespace(origin=origin))

    def process_of(self, port: int) -> int:
        """The process that serves the connection from this port of ours."""
        return next(pid for pid, ports in self.hub.served().items() if port in ports)

    async def client(self, stack: contextlib.AsyncExitStack, person: Any, password: str) -> httpx.AsyncClient:
        return await stack.enter_async_context(contextlib.aclosing(await signed_in(self.running, person, password)))

    async def viewers(self, stack: contextlib.AsyncExitStack, client: httpx.AsyncClient) -> list[Viewer]:
        """Live sockets of one sign-in, on both processes."""
        opened = []
        while len(opened) < SPREAD or len({self.process_of(port_of(viewer.socket)) for viewer in opened}) < 2:
            viewer = await stack.enter_async_context(viewing(self.running, client))
            await viewer.subscribe()
            await viewer.next()
            opened.append(viewer)
        return opened

    async def agent_on(self, stack: contextlib.AsyncExitStack, device: Any, process: int) -> Agent:
        """The device, connected to this process and no other."""
        while True:
            held = connected(self.running, device, instance=uuid.uuid4().hex)
            agent = await held.__aenter__()
            if self.process_of(port_of(agent.socket)) == process:
                stack.push_async_exit(held)
                return agent
            await held.__aexit__(None, None, None)


def port_of(socket: ClientConnection) -> int:
    port: int = socket.local_address[1]
    return port


async def closed_with(sockets: list[Viewer | Agent], act: Callable[[], Awaitable[Any]]) -> tuple[set[int], float]:
    """The codes with which they end when something is done, and how long the last of them took."""
    ends = [asyncio.create_task(socket.closed()) for socket in sockets]
    await act()
    began = time.monotonic()
    async with asyncio.timeout(ENDED_LIMIT_S):
        codes = set(await asyncio.gather(*ends))
    return codes, time.monotonic() - began


@contextlib.asynccontextmanager
async def two(database: str, redis_url: str, folder: Path) -> AsyncIterator[Two]:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    env = environment(database, redis_url, origin, folder / "data")
    with hub_process(env, port, folder / "hub.log", processes=2) as hub:
        await hub.await_ready()
        await until(lambda: hub.said("hub_ready") == 2)
        yield Two(hub, origin)


async def test_signing_out_ends_the_live_sockets_of_every_process(
    cast: Any, database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with two(database, redis_url, tmp_path) as both, contextlib.AsyncExitStack() as stack:
        client = await both.client(stack, cast.alice, cast.password)
        viewers = await both.viewers(stack, client)

        async def sign_out() -> None:
            await client.delete("/api/session", headers={"x-csrftoken": client.cookies["csrftoken"]})

        codes, took = await closed_with(viewers, sign_out)
    record_property(
        "figure", f"signed out at one of two processes: the last of {SPREAD} sockets ended after {took:.1f} s"
    )

    assert codes == {Close.SIGNED_OUT}


async def test_device_revoked_at_one_process_is_ended_by_the_other(
    cast: Any, database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with two(database, redis_url, tmp_path) as both, contextlib.AsyncExitStack() as stack:
        client = await both.client(stack, cast.bob, cast.password)
        stream = (await client.get("/api/me")).extensions["network_stream"]
        here = both.process_of(stream.get_extra_info("client_addr")[1])
        (other,) = set(both.hub.children()) - {here}
        device = cast.device(cast.bob)
        agent = await both.agent_on(stack, device, other)

        async def revoke() -> None:
            answer = await client.delete(
                f"/api/devices/{device.uid}", headers={"x-csrftoken": client.cookies["csrftoken"]}
            )
            assert answer.status_code == 204, answer.text
            assert both.process_of(answer.extensions["network_stream"].get_extra_info("client_addr")[1]) == here

        codes, took = await closed_with([agent], revoke)
    record_property("figure", f"device revoked at one process: its socket at the other ended after {took:.1f} s")

    assert codes == {Close.REVOKED}


async def test_role_and_person_lose_their_sockets_everywhere_while_valkey_is_frozen(
    cast: Any, database: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    embedded = Embedded(Settings(data=tmp_path / "valkey", database_url=database))
    with embedded as servers:
        assert embedded.valkey is not None
        async with two(database, servers.redis_url, tmp_path) as both, contextlib.AsyncExitStack() as stack:
            manager = await both.client(stack, cast.alice, cast.password)
            other = await both.client(stack, cast.maxim, cast.password)
            of_alice = await both.viewers(stack, manager)
            of_maxim = await both.viewers(stack, other)
            first, second = both.hub.children()
            bob = await both.agent_on(stack, cast.device(cast.bob), first)
            bea = await both.agent_on(stack, cast.device(cast.bea), second)
            charlie = await both.agent_on(stack, cast.device(cast.charlie), second)
            frozen = embedded.valkey.pids()
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                roles, roles_s = await closed_with(
                    of_alice, lambda: people.revoke(cast.alice.id, "manager", cast.payments)
                )
                persons, persons_s = await closed_with(
                    [*of_maxim, charlie],
                    lambda: asyncio.gather(people.deactivate(cast.maxim.id), people.deactivate(cast.charlie.id)),
                )
                devices, devices_s = await closed_with(
                    [bob, bea],
                    lambda: asyncio.gather(
                        *(revoke_device(uuid.UUID(cast.device(whose).uid), whose.id) for whose in (cast.bob, cast.bea))
                    ),
                )
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)
    record_property(
        "figure",
        f"Valkey frozen, at two processes: sockets of a revoked role ended after {roles_s:.1f} s, of deactivated people "
        f"{persons_s:.1f} s, of revoked devices {devices_s:.1f} s",
    )

    assert roles == {Close.ACCESS_CHANGED}
    assert persons == {Close.SIGNED_OUT, Close.REVOKED}
    assert devices == {Close.REVOKED}
