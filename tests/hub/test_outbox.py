"""What one viewer can make the hub hold, over a real connection, whatever it acks and reads."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from hub.live import outbox as outbox_module
from hub.live.outbox import ACK_S, HELD_MAX_BYTES, Outbox
from hub.live.telling import Part, text_frame
from hub.wire.closing import Close

from .bare import Side, pair

LIMIT_S = 10.0
FRAME = text_frame(b'"' + b"x" * 61_000 + b'"')


def outbox_of(side: Side) -> Outbox:
    socket: Any = SimpleNamespace(
        scope={"state": {"protocol": side.protocol}},
        close=lambda code, reason: side.send({"type": "websocket.close", "code": code, "reason": reason}),
    )
    return Outbox(socket)


async def filled(outbox: Outbox, *, ack: bool) -> int:
    """Sends until there is no room for a while; returns the most that waited in this process."""
    most, rev, full_since = 0, 0, time.monotonic()
    while time.monotonic() - full_since < 0.3:
        if outbox.has_room():
            rev += 1
            outbox.put_part(1, Part(FRAME, rev))
            if ack:
                outbox.acked(1, rev, 0)
            full_since = time.monotonic()
        most = max(most, outbox.unsent_bytes)
        await asyncio.sleep(0)
    return most


async def test_viewer_that_acks_but_does_not_read_holds_no_more_than_the_bound_and_is_cut(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        outbox = outbox_of(side)
        most = await filled(outbox, ack=True)

        now = time.monotonic()
        assert outbox_module.UNACKED_MAX_BYTES <= most <= HELD_MAX_BYTES
        assert not outbox.overdue(now)
        assert outbox.overdue(now + ACK_S + 0.1)
        outbox.cut()
        await side.until(side.protocol.transport.is_closing)
        assert not outbox.has_room()


async def test_viewer_that_reads_but_does_not_ack_is_sent_no_more_than_the_window_and_is_overdue(
    tmp_path: Path,
) -> None:
    async with pair(tmp_path) as (peer, side):
        received: list[int] = []

        async def read() -> None:
            while True:
                received.append(len(await peer.recv()))

        reading = asyncio.create_task(read())
        outbox = outbox_of(side)
        await filled(outbox, ack=False)

        assert outbox.unsent_bytes == 0
        assert sum(received) <= HELD_MAX_BYTES
        assert outbox.overdue(time.monotonic() + ACK_S + 0.1)
        reading.cancel()


async def test_viewer_that_asks_again_and_again_without_reading_is_cut(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        outbox = outbox_of(side)
        most = 0
        async with asyncio.timeout(LIMIT_S):
            while not outbox.closed:
                outbox.put(FRAME)  # as large as a list of teams may be
                most = max(most, outbox.unsent_bytes)
                await asyncio.sleep(0)

        assert side.protocol.transport.is_closing()
        assert most <= HELD_MAX_BYTES + len(FRAME)


async def test_nothing_is_put_once_the_peer_has_gone(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        outbox = outbox_of(side)
        await peer.close()
        await side.until(side.protocol.transport.is_closing)
        outbox.put(FRAME)

        assert outbox.closed
        assert not outbox.has_room()


async def test_close_reaches_a_viewer_that_reads(tmp_path: Path) -> None:
    async with pair(tmp_path) as (peer, side):
        await outbox_of(side).close(Close.SIGNED_OUT)

        with pytest.raises(ConnectionClosed):
            await peer.recv()
        assert peer.close_code == Close.SIGNED_OUT


async def test_close_of_a_viewer_that_does_not_read_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "CLOSE_S", 0.1)
    async with pair(tmp_path) as (peer, side):
        peer.transport.pause_reading()
        outbox = outbox_of(side)
        await filled(outbox, ack=True)

        async with asyncio.timeout(LIMIT_S):
            await outbox.close(Close.SIGNED_OUT)
        assert side.protocol.transport.is_closing()
        side.protocol.cut()  # a second end changes nothing
