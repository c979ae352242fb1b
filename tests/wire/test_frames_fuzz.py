"""Anything at all decodes to a frame or to a `BadFrame`, in time and memory that the size of a frame bounds."""

import struct
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.agent import FRAME_MAX_BYTES, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, Batch, Presence
from hub.wire.closing import Close
from hub.wire.events import digest
from hub.wire.frames import BadFrame, Codec, agent_side, hub_side, viewer_browser_side, viewer_hub_side
from hub.wire.policy import Policy, permit, permit_facts
from tests.wire import golden

MSGPACK, JSON = hub_side(SUBPROTOCOL_MSGPACK), hub_side(SUBPROTOCOL_JSON)
CODECS: dict[str, "Codec[Any]"] = {
    "hub msgpack": MSGPACK,
    "hub json": JSON,
    "agent msgpack": agent_side(SUBPROTOCOL_MSGPACK),
    "agent json": agent_side(SUBPROTOCOL_JSON),
    "viewer at hub": viewer_hub_side(),
    "viewer at browser": viewer_browser_side(),
}
GOLDEN = golden.cases()
AT = b"2026-03-02T10:00:00Z"
DECODE_MAX_S = 1.0
"""Of CPU, for 256 KiB: the slowest measured takes 0.1 s. A quadratic way of reading would take minutes."""


@given(st.sampled_from(sorted(CODECS)), st.binary(max_size=300))
@settings(max_examples=500)
def test_random_bytes_are_a_frame_or_a_bad_frame(codec: str, data: bytes) -> None:
    _decode(CODECS[codec], data)


@given(st.sampled_from(sorted(CODECS)), st.text(st.characters(), max_size=300))
def test_random_text_is_a_frame_or_a_bad_frame(codec: str, data: str) -> None:
    _decode(CODECS[codec], data)


@st.composite
def mutated(draw: st.DrawFn) -> tuple["Codec[Any]", bytes]:
    """A golden frame with some bytes changed, taken out, doubled or put in."""
    _, frame, codec = GOLDEN[draw(st.sampled_from(sorted(GOLDEN)))]
    data = bytearray(codec.encode(frame))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "cut", "double", "insert", "interesting"])):
            case "change" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 20))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=10))
            case "interesting":
                data[at:at] = draw(st.sampled_from(INTERESTING))
    return codec, bytes(data)


INTERESTING = [
    b"NaN", b"-Infinity", b"\\ud800", b"\\", b'"', b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", b"\xc7\x0c\xff" + struct.pack(">Iq", 0, 2**62),
    b"[" * 3000,
    b"\x91" * 3000, b"1" * 5000, b"1e999", b"\xdb\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc9\x00\x00\x00\x02\xff",
    b'"9999-12-31T23:59:59-23:59"', b"\xed\xa0\x80", b"\x00",
]  # fmt: skip


@given(mutated())
@settings(max_examples=2000)
def test_mutated_frame_is_a_frame_or_a_bad_frame(case: tuple["Codec[Any]", bytes]) -> None:
    codec, data = case
    started = time.thread_time()
    frame = _decode(codec, data)

    assert time.thread_time() - started < DECODE_MAX_S
    if isinstance(frame, Presence):
        assert permit_facts(permit_facts(frame.facts, Policy(version=1)), Policy(version=1))
    if isinstance(frame, Batch):
        for event in frame.events:
            digest(1, event)
            MSGPACK.encode(permit(event, Policy(version=1, app=True, site=True, title=True)))


@pytest.mark.parametrize("codec", ["hub msgpack", "hub json"])
@pytest.mark.parametrize(
    "piece",
    [
        b"\\", b'"', b'\\"', b"\\ud800", b"\\ud800\\", b":", b": ", b" ", b",", b"[", b"{", b"[[", b'{"a":', b"N", b"NaN", b"\xff",
        b"\xa1\xff", b"\x91", b"\x81", b"\xa0", b"\xdb", b"\xcb", b"\x01", b"1", b"-", b"1e", b"\xe2\x82", b'":10:10:10', b"\xd9\xff",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "head", [b"", b'"', b'{"t":"heartbeat","x":', b'{"t":"heartbeat","x":"', b"\x82\xa1t\xa9heartbeat\xa1x"]
)
def test_largest_frame_of_one_piece_repeated_takes_bounded_time(codec: str, piece: bytes, head: bytes) -> None:
    data = (head + piece * FRAME_MAX_BYTES)[:FRAME_MAX_BYTES]
    started = time.thread_time()

    _decode(CODECS[codec], data)

    assert time.thread_time() - started < DECODE_MAX_S


@pytest.mark.parametrize(
    "data",
    [
        b"\x91" * FRAME_MAX_BYTES,
        b"\x82\xa1t\xa9heartbeat\xa1x\xdd\x00\x03\xff\x00" + b"\x90" * (FRAME_MAX_BYTES - 100),
        b'{"t":"heartbeat","x":[' + b"{}," * 80_000 + b"{}]}",
        b'{"t":"presence","n":1,"at":"%s","policy":1,"facts":{"title":"' % AT + b"\xff" * 260_000 + b'"}}',
        b'{"t":"presence","n":1,"at":"%s","policy":1,"facts":{"title":"' % AT + b"\\ud800" * 40_000 + b'"}}',
        b"\x82\xa1t\xa5batch\xa6events\xdd\xff\xff\xff\xff" + b"\x80" * 260_000,
        b'{"t":"batch","epoch":1,"first_seq":1,"events":[' + b"{}," * 80_000 + b"{}]}",
    ],
    ids=["arrays", "flat", "objects", "not utf-8", "surrogates", "claimed", "events"],
)
def test_largest_frame_takes_bounded_memory(data: bytes) -> None:
    codec = JSON if data[:1] == b"{" else MSGPACK
    tracemalloc.start()
    try:
        _decode(codec, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40 * FRAME_MAX_BYTES


def _decode(codec: "Codec[Any]", data: bytes | str) -> Any:
    """The frame, or `None` for a bad one. Whatever else is raised fails the test."""
    frame, code = None, None
    try:
        frame = codec.decode(data)
    except BadFrame as bad:
        code = bad.code
    assert code is None or Close.MALFORMED <= code <= Close.NOT_A_NUMBER
    return frame
