"""The bad network: whole bytes in their order on a connection that lives, and each way of spoiling one."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from chaos.proxy import Proxy
from tests.journeys.hubs import until

LIMIT_S = 10.0
RNG = random.Random(1)


class Hub:
    """Takes connections, keeps what it hears, and says it again."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.ended = asyncio.Event()
        self.news = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self.heard.append(data)
                writer.write(data)
                async with self.news:
                    self.news.notify_all()
            self.ended.set()
        writer.close()

    async def until_heard(self, content: bytes) -> None:
        async with asyncio.timeout(LIMIT_S), self.news:
            await self.news.wait_for(lambda: b"".join(self.heard) == content)


class Line:
    """A connection through the proxy."""

    def __init__(self, hub: Hub, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hub, self.proxy, self.reader, self.writer = hub, proxy, reader, writer

    async def echoed(self, content: bytes) -> None:
        self.writer.write(content)
        async with asyncio.timeout(LIMIT_S):
            assert await self.reader.readexactly(len(content)) == content


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    hub = Hub()
    server = await asyncio.start_server(hub.serve, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    made = Line(hub, proxy, reader, writer)
    await made.echoed(b"hello")
    hub.heard.clear()
    yield made
    writer.close()
    proxy.close()
    server.close()


async def test_everything_arrives_in_its_order_through_delay_and_narrowness(line: Line) -> None:
    line.proxy.delay_s, line.proxy.bytes_per_s = 0.02, 2_000_000
    content = b"".join(number.to_bytes(4, "big") for number in range(100_000))
    taken = asyncio.create_task(line.reader.readexactly(len(content)))

    line.writer.write(content)

    async with asyncio.timeout(LIMIT_S):
        assert await taken == content


async def test_what_was_on_the_way_arrives_when_the_network_is_good_again(line: Line) -> None:
    line.proxy.delay_s = 600
    line.writer.write(b"late")
    await until(lambda: any(end._held for end in line.proxy._ends), LIMIT_S)
    before = list(line.hub.heard)

    line.proxy.heal()

    await line.hub.until_heard(b"late")
    assert before == []
    async with asyncio.timeout(LIMIT_S):
        assert await line.reader.readexactly(4) == b"late"
    await line.echoed(b"and after")


async def test_acks_get_lost_after_the_hub_has_heard(line: Line) -> None:
    line.proxy.deaf.add("hub")
    line.writer.write(b"batch")
    await line.hub.until_heard(b"batch")
    await until(lambda: any(end.missed for end in line.proxy._ends), LIMIT_S)

    line.proxy.heal()

    with pytest.raises(ConnectionResetError):  # bytes are missing: TCP would not go on either
        async with asyncio.timeout(LIMIT_S):
            await line.reader.read(10)


async def test_nothing_reaches_the_hub(line: Line) -> None:
    line.proxy.deaf.add("agent")
    line.writer.write(b"batch")
    await until(lambda: any(end.missed for end in line.proxy._ends), LIMIT_S)

    line.proxy.heal()

    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(LIMIT_S):
            await line.reader.read(10)
    assert line.hub.heard == []


async def test_reset_reaches_both_sides(line: Line) -> None:
    assert line.proxy.reset(1.0, RNG) == 1

    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(LIMIT_S):
            await line.reader.read(10)
    assert line.proxy.connections == 0


async def test_half_closed_by_the_agent_the_hub_hears_an_end_and_can_still_speak(line: Line) -> None:
    line.writer.write(b"last")
    await line.hub.until_heard(b"last")

    assert line.proxy.half_close("agent", 1.0, RNG) == 1

    async with asyncio.timeout(LIMIT_S):
        await line.hub.ended.wait()
        assert await line.reader.readexactly(4) == b"last"


async def test_half_closed_by_the_hub_the_agent_hears_an_end(line: Line) -> None:
    assert line.proxy.half_close("hub", 1.0, RNG) == 1

    async with asyncio.timeout(LIMIT_S):
        assert await line.reader.read() == b""


async def test_connection_that_both_sides_have_ended_is_gone(line: Line) -> None:
    line.writer.write_eof()

    async with asyncio.timeout(LIMIT_S):
        assert await line.reader.read() == b""
    await until(lambda: not line.proxy._ends, LIMIT_S)


async def test_what_comes_after_a_half_close_is_dropped(line: Line) -> None:
    line.proxy.half_close("agent", 1.0, RNG)

    line.writer.write(b"unheard")

    async with asyncio.timeout(LIMIT_S):
        assert await line.reader.read() == b""
    assert line.hub.heard == []


async def test_connection_made_while_the_hub_is_away_is_reset(line: Line) -> None:
    away = Proxy(1)
    await away.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", away.port)
    writer.write(b"anybody?")

    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(LIMIT_S):
            await reader.read(10)
    away.close()
