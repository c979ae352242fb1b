"""Valkey servers of a test's own, to be killed, flushed and frozen; and a small real cluster."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import redis.asyncio

from hub.embedded.valkey import binary
from tests.ports import free_port

START_S = 20.0


class ValkeyServer:
    """One server on loopback, with an append-only file or without. It can be ended and started again in the same place."""

    def __init__(self, folder: Path, *, append_only: bool = True, cluster: bool = False) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "loglevel": "warning"}
        self._options |= {"appendonly": "yes" if append_only else "no", "appendfsync": "always", "dir": str(folder)}
        if cluster:
            self.bus = free_port()
            self._options |= {"cluster-enabled": "yes", "cluster-port": str(self.bus), "cluster-node-timeout": "1000"}
            self._options["cluster-require-full-coverage"] = "no"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = [part for name, value in self._options.items() for part in (f"--{name}", value)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(binary()), *options], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def client(self) -> Any:
        return redis.asyncio.Redis(host="127.0.0.1", port=self.port)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextlib.contextmanager
def valkey(**options: Any) -> Iterator[ValkeyServer]:
    """A started server; whatever is left of it at the end is killed."""
    with tempfile.TemporaryDirectory(prefix="daylight-valkey-") as folder:
        server = ValkeyServer(Path(folder), **options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


class Cluster:
    """Primaries without replicas that own a third of the slots each."""

    def __init__(self, servers: list[ValkeyServer]) -> None:
        self.servers = servers
        self.url = servers[0].url

    async def meet(self) -> None:
        each = 16384 // len(self.servers) + 1
        async with self.clients() as clients:
            for index, client in enumerate(clients):
                last = min((index + 1) * each - 1, 16383)
                await client.execute_command("CLUSTER SET-CONFIG-EPOCH", index + 1)
                await client.execute_command("CLUSTER ADDSLOTSRANGE", index * each, last)
            for server in self.servers[1:]:
                await clients[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port, server.bus)
        await self.agreed()

    async def agreed(self) -> None:
        """Waits until every server knows who owns every slot."""
        async with asyncio.timeout(START_S), self.clients() as clients:
            for client in clients:
                while (await client.execute_command("CLUSTER INFO"))["cluster_state"] != "ok":
                    await asyncio.sleep(0.02)

    async def flush(self) -> None:
        async with self.clients() as clients:
            for client in clients:
                await client.flushall()

    @contextlib.asynccontextmanager
    async def clients(self) -> AsyncIterator[list[Any]]:
        async with contextlib.AsyncExitStack() as stack:
            yield [await stack.enter_async_context(server.client()) for server in self.servers]


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(valkey(append_only=False, cluster=True)) for _ in range(3)]
        made = Cluster(servers)
        asyncio.run(made.meet())
        yield made
