"""Our websocket protocol on real sockets: prebuilt frames and their guards, and peers that flood. Also tells when uvicorn has moved what
they rely on."""

import asyncio
import contextlib
import os
import select
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from hub import serving
from hub.live.telling import text_frame
from hub.serving import PIECE_BYTES, HttpProtocol
from hub.settings import Settings

from .bare import dialled, pair, served
from .bare import serving as a_server

LIMIT_S = 10.0


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_prebuilt_frame_is_what_the_peer_reads(tmp_path: Path, size: int) -> None:
    async with pair(tmp_path) as (peer, side):
        assert side.protocol.write_frame(text_frame(b"x" * size)) == 0

        assert await peer.recv() == "x" * size


async def test_prebuilt_frames_stand_between_those_of_uvicorn_and_never_within(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        large = "y" * 3_000_000
        side.protocol.write_frame(text_frame(b"first"))
        sending = asyncio.create_task(side.send({"type": "websocket.send", "text": large}))
        await asyncio.sleep(0)
        side.protocol.write_frame(text_frame(b"second"))

        assert [await peer.recv() for _ in range(3)] == ["first", large, "second"]
        await sending


async def test_nothing_is_written_before_the_connection_is_accepted(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, sides):
        dialling = asyncio.create_task(dialled(url))
        side = await sides.get()

        assert side.protocol.write_frame(text_frame(b"early")) is None
        await side.accept()
        peer = await dialling
        assert side.protocol.write_frame(text_frame(b"in time")) == 0
        assert await peer.recv() == "in time"
        await peer.close()


async def test_nothing_is_written_after_the_peer_closed(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        closing = asyncio.create_task(peer.close(1000))
        await side.until(lambda: side.protocol.conn.close_rcvd is not None)

        # What makes the guard needed, and what it goes by: uvicorn's flag does not tell.
        assert not side.protocol.close_sent
        assert side.protocol.conn.state is not State.OPEN
        assert side.protocol.write_frame(text_frame(b"late")) is None
        await closing
        assert peer.close_code == 1000


async def test_nothing_is_written_after_we_closed(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        await side.send({"type": "websocket.close", "code": 4100})

        assert not side.protocol.transport.is_closing()  # it waits for the peer's answer: only the state tells
        assert side.protocol.write_frame(text_frame(b"late")) is None
        with pytest.raises(ConnectionClosed):
            await peer.recv()
        assert peer.close_code == 4100


async def test_nothing_is_written_to_an_aborted_transport(tmp_path: Path) -> None:
    async with pair(tmp_path) as (_, side):
        side.protocol.transport.abort()

        assert side.protocol.conn.state is State.OPEN  # no close frame went either way: only the transport tells
        assert side.protocol.write_frame(text_frame(b"late")) is None


async def test_peer_that_was_cut_off_gets_a_reset_and_the_kernel_keeps_nothing_for_it(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        while side.protocol.unsent_bytes < 1_000_000:
            side.protocol.write_frame(text_frame(b"x" * 60_000))
            await asyncio.sleep(0)
        side.protocol.cut()

        state_closed = (
            7  # TCP_CLOSE of <netinet/tcp.h>, the first byte of tcp_info: a plain close would wait for the peer to read
        )
        of_peer = peer.transport.get_extra_info("socket")
        await side.until(lambda: of_peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == state_closed)


async def test_unsent_bytes_are_those_the_peer_leaves(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        while side.protocol.unsent_bytes < 1_000_000:
            side.protocol.write_frame(text_frame(b"x" * 60_000))
            await asyncio.sleep(0)
        peer.transport.resume_reading()
        reading = asyncio.create_task(read_all(peer))

        await side.until(lambda: side.protocol.unsent_bytes == 0)
        reading.cancel()


async def read_all(peer: ClientConnection) -> None:
    while True:
        await peer.recv()


async def test_flood_of_small_frames_waits_in_the_kernel_and_is_read_in_order(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        count = 60_000
        flood = b"".join(
            Frame(Opcode.TEXT, struct.pack("!I", 0x20202020 + number % 64)).serialize(mask=True)
            for number in range(count)
        )
        peer.transport.write(flood)
        await side.until(lambda: side.protocol.read_paused)
        most = 0
        for number in range(count):
            async with asyncio.timeout(LIMIT_S):
                message = await side.receive()
            most = max(most, side.protocol.queue.qsize())
            assert message["text"] == struct.pack("!I", 0x20202020 + number % 64).decode()

    assert 100 < most < 500  # 4 KiB of frames of 10 bytes


def masked(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


@pytest.mark.parametrize(
    ("flood", "messages"),
    [
        (masked(Opcode.PING) * 10_000, 0),
        (masked(Opcode.PONG) * 10_000, 0),
        ((masked(Opcode.TEXT, fin=False) + masked(Opcode.CONT, fin=False) * 1000 + masked(Opcode.CONT)) * 10, 10),
        (masked(Opcode.TEXT) * 10_000, 10_000),
    ],
    ids=["pings", "pongs", "continuations", "messages"],
)
async def test_flood_that_was_read_at_once_leaves_others_their_turns(
    tmp_path: Path, flood: bytes, messages: int
) -> None:
    async with pair(tmp_path) as (_, side):

        async def receive() -> list[str]:
            return [(await side.receive())["text"] for _ in range(messages + 1)]

        side.protocol.data_received(flood + masked(Opcode.TEXT, b"the end"))
        receiving = asyncio.create_task(receive())
        turns = 0
        async with asyncio.timeout(LIMIT_S):
            while not receiving.done():
                await asyncio.sleep(0)
                turns += 1

    assert (await receiving)[-1] == "the end"
    assert turns > len(flood) // PIECE_BYTES / 2  # the piece after a message that was received follows at once


async def test_message_of_the_largest_size_is_read_whole(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        sent = bytes(range(256)) * 1024
        await peer.send(sent)
        await peer.send("and the next")
        async with asyncio.timeout(LIMIT_S):
            received = [await side.receive(), await side.receive()]

    assert received[0]["bytes"] == sent
    assert received[1]["text"] == "and the next"


async def test_each_message_is_taken_or_received_once_wherever_what_was_read_is_cut(tmp_path: Path) -> None:
    inside = (bytes((0x81, 0x80 | 10, 0, 0, 0, 0)) + b"ack inside") * 12
    disguised = bytes((0x82, 0xFE)) + struct.pack("!H", len(inside)) + bytes(4) + inside
    stream = (
        masked(Opcode.TEXT, b"ack 1")
        + disguised
        + masked(Opcode.TEXT, b"ack 2")
        + masked(Opcode.TEXT, b"other")
        + disguised
        + masked(Opcode.TEXT, b"ack 3")
        + masked(Opcode.TEXT, b"end")
    )
    async with pair(tmp_path) as (_, side):
        taken: list[str] = []

        def take(text: bytes) -> bool:
            if text.startswith(b"ack"):
                taken.append(text.decode())
                return True
            return False

        for size in range(1, len(stream)):
            taken.clear()
            side.protocol.data_received(
                masked(Opcode.TEXT, b"first")
            )  # uvicorn takes nothing more until it is received
            side.protocol.take_text = take
            for at in range(0, len(stream), size):
                side.protocol.data_received(stream[at : at + size])
            received: list[str] = []
            while "end" not in received:
                async with asyncio.timeout(LIMIT_S):
                    message = await side.receive()
                received.append(message["text"] if message.get("text") else "disguised")

            assert sorted(taken + received) == [
                "ack 1",
                "ack 2",
                "ack 3",
                "disguised",
                "disguised",
                "end",
                "first",
                "other",
            ]


async def test_frames_that_come_by_themselves_are_taken_before_they_are_queued(tmp_path: Path) -> None:
    async with pair(tmp_path) as (_, side):
        taken: list[bytes] = []
        side.protocol.take_text = lambda text: taken.append(text) is None
        side.protocol.data_received(masked(Opcode.TEXT, b"ack 1") + masked(Opcode.TEXT, b"ack 2"))

        assert taken == [b"ack 1", b"ack 2"]
        assert side.protocol.queue.empty()


@pytest.mark.parametrize(
    "data",
    [
        masked(Opcode.TEXT, b"ac", fin=False) + masked(Opcode.CONT, b"k"),
        masked(Opcode.BINARY, b"ack"),
        Frame(Opcode.TEXT, b"ack").serialize(mask=False),
        masked(Opcode.TEXT, b"ack" * 42),
        masked(Opcode.TEXT, b"ack") * (PIECE_BYTES // 9 + 1),
    ],
    ids=["pieces", "binary", "unmasked", "large", "flood"],
)
async def test_nothing_is_taken_that_is_not_small_whole_and_masked_or_is_one_of_a_flood(
    tmp_path: Path, data: bytes
) -> None:
    async with pair(tmp_path) as (_, side):
        taken: list[bytes] = []
        side.protocol.take_text = lambda text: taken.append(text) is None
        side.protocol.data_received(data)

        assert taken == []


async def test_frame_does_not_overtake_what_waits_when_the_kernel_has_room_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        descriptor = peer.transport.get_extra_info("socket").fileno()
        large, last = text_frame(b"x" * 60_000), text_frame(b"last")
        sent = 0
        while not side.protocol.unsent_bytes:
            side.protocol.write_frame(large)
            sent += 1
        read = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                read += os.read(descriptor, 1 << 20)
        side.protocol.write_frame(last)
        async with asyncio.timeout(LIMIT_S):
            while len(read) < len(large) * sent + len(last):
                await asyncio.to_thread(select.select, [descriptor], [], [], LIMIT_S)
                read += os.read(descriptor, 1 << 20)

        assert read == large * sent + last


async def test_peer_that_pings_and_never_reads_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "UNSENT_MAX_BYTES", 64 * 1024)
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        pings = b"".join(Frame(Opcode.PING, b"x" * 125).serialize(mask=True) for _ in range(1000))

        async with asyncio.timeout(LIMIT_S * 2):
            while not side.protocol.transport.is_closing():
                if peer.transport.get_write_buffer_size() < 1_000_000:
                    peer.transport.write(pings)
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def answering(tmp_path: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server that answers each request before it has read its body."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with a_server(application, Settings(data=tmp_path)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(LIMIT_S):
                yield reader, writer
        finally:
            writer.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    return True


async def test_body_that_comes_with_its_headers_counts_as_none_of_them(tmp_path: Path) -> None:
    async with answering(tmp_path) as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)

            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("follows", [b"\r\n", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"])
async def test_connection_on_which_no_request_is_finished_after_another_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, follows: bytes
) -> None:
    monkeypatch.setattr(serving, "HEADERS_S", 0.3)
    monkeypatch.setattr(serving, "BODY_S", 0.3)
    async with answering(tmp_path) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"ok")
        writer.write(follows)

        if b"POST" in follows:
            await reader.readuntil(b"ok")
        assert await ended(reader)


async def test_websocket_that_follows_a_request_is_not_held_to_its_deadlines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HttpProtocol] = []
    monkeypatch.setattr(HttpProtocol, "_expect_headers", lambda self: made.append(self))
    async with answering(tmp_path) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"ok")
        expected = len(made)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.read(1)

        assert len(made) == expected + 1  # for its own headers


@pytest.mark.parametrize(
    "headers", [b"X-Long: " + b"x" * 9_000, b"\r\n".join(b"X-%d: x" % n for n in range(200)), b"Content-Length: 5"]
)
async def test_handshake_that_only_the_websocket_layer_refuses_ends_the_connection(
    tmp_path: Path, headers: bytes
) -> None:
    async with answering(tmp_path) as (reader, writer):
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n" + headers + b"\r\n\r\n"
        )

        assert b" 101 " not in await reader.read()


async def test_body_that_goes_on_for_ever_after_the_answer_is_cut(tmp_path: Path) -> None:
    async with answering(tmp_path) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while not writer.transport.is_closing():
                writer.write(b"1\r\nx\r\n" * 10_000)
                await writer.drain()

        assert await ended(reader)
