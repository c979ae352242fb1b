"""Every kind of bad frame has its close code, as the table in `docs/protocol.md` says; nothing else ever comes out of decoding."""

import json
import struct
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from hub.wire.activity import Facts, quarters, state_at
from hub.wire.agent import (
    EVENTS_MAX,
    FRAME_MAX_BYTES,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Batch,
    Heartbeat,
    Presence,
)
from hub.wire.closing import Close
from hub.wire.events import Interval, digest
from hub.wire.frames import BadFrame, Codec, hub_side
from hub.wire.policy import Policy, permit
from tests.wire import golden
from tests.wire.documented import table

MSGPACK, JSON = hub_side(SUBPROTOCOL_MSGPACK), hub_side(SUBPROTOCOL_JSON)
CODECS: dict[str, "Codec[Any]"] = {"msgpack": MSGPACK, "json": JSON}
DEEP = (2_000, 100_000)
NAN, INFINITY = float("nan"), float("inf")
AT = "2026-03-02T10:00:00Z"
DECODE_MAX_S = 1.0
"""Of 256 KiB: the slowest measured takes 0.1 s. A quadratic way of reading would take minutes."""


def _packed(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def _heartbeat(field: bytes, value: bytes) -> bytes:
    """A msgpack heartbeat with one raw field."""
    return b"\x82\xa1t\xa9heartbeat" + bytes([0xA0 | len(field)]) + field + value


def _timestamp(seconds: int, nanoseconds: int = 0) -> bytes:
    return b"\xc7\x0c\xff" + struct.pack(">Iq", nanoseconds, seconds)


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "t": "interval", "started_at": AT, "ended_at": AT, "wall_at": AT, "zone_min": 0, "policy": 1, **changes,
    }  # fmt: skip


def _batch(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"t": "batch", "epoch": 1, "first_seq": 1, "events": list(events), **changes}


def _both(value: Any) -> list[bytes]:
    return [_packed(value), json.dumps(value).encode()]


# By the first cell of the table's row: frames for the hub, msgpack unless they begin with { or [.
BAD: dict[str, list[bytes | str]] = {
    "bytes that are not msgpack, text that is not JSON, a frame cut short": [
        b"", b"\xc1", b"\x81\xa1t", _packed({"t": "heartbeat"})[:-1], _packed({"t": "heartbeat"}) + b"\x00",
        b"\x01" * FRAME_MAX_BYTES, _heartbeat(b"x", b"\xc6\xff\xff\xff\xff"), _heartbeat(b"x", b"\xdd\xff\xff\xff\xff"),
        "{", '{"t":"heartbeat"', '{"t":"heartbeat"}}', "{'t': 'heartbeat'}", '{"t":"heartbeat","x":"a\nb"}',
        '{"t":"heartbeat","x":"NaN}', '{"t":"heartbeat","x":", NaN"', '{"t":"heartbeat","x":01}', "{" + " " * 9999,
    ],
    "an unknown type": [*_both({"t": "hullo"}), *_both({"t": ""}), *_both({"t": "x" * 9999, "epoch": []})],
    "no type": [*_both({}), *_both({"epoch": 1})],
    "a type of the other direction": [*_both({"t": "welcome"}), *_both({"t": "ack", "epoch": 1, "seq": 1})],
    "thousands of nested levels": [
        frame
        for depth in DEEP
        for frame in (
            _heartbeat(b"x", b"\x91" * depth + b"\xc0"), _heartbeat(b"x", b"\x81\xa1a" * (depth // 2) + b"\xc0"),
            _heartbeat(b"hub_at", b"\x91" * depth + b"\xc0"), b"\x91" * depth + b"\xc0", b"\x91" * depth,
            '{"t":"heartbeat","x":' + "[" * depth + "]" * depth + "}", "[" * depth, '{"a":' * (depth // 2),
            '{"t":"heartbeat","hub_at":' + "[" * depth + "]" * depth + "}",
        )
    ],
    "something other than an object": [
        *_both([1, 2]), *(_packed(value) for value in (1, None, "heartbeat", b"x", [{"t": "heartbeat"}])),
        *_both({"t": 5}), *_both({"t": None}), *_both({"t": ["heartbeat"]}), _packed({1: 2, "t": "heartbeat"}),
    ],
    "a field that is missing, of another type or out of its range": [
        *_both({"t": "renew"}), *_both({"t": "renew", "epoch": "1"}), *_both({"t": "renew", "epoch": -1}),
        *_both({"t": "renew", "epoch": 2**31}), *_both({"t": "renew", "epoch": True}),
        *_both({"t": "loss", "epoch": 1, "from_seq": 0, "to_seq": 1}),
        *_both({"t": "loss", "epoch": 1, "from_seq": 1, "to_seq": 2**53 + 1}),
        *_both({"t": "loss", "epoch": 1, "from_seq": 1, "to_seq": 1, "reason": "x" * 41}),
        *_both({"t": "hello", "device": "D", "epoch": 0, "next_seq": 1}),
        *_both({"t": "hello", "device": golden.DEVICE.upper(), "epoch": 0, "next_seq": 1}),
        *_both({"t": "hello", "device": golden.DEVICE + "\n", "epoch": 0, "next_seq": 1}),
        '{"t":"hello","device":"' + golden.DEVICE + '","epoch":0,"next_seq":1,"signature":"***"}',
        *_both(_batch(_event(zone_min=1081))), *_both(_batch(_event(keys=-1))), *_both(_batch(_event(t="nap"))),
        *_both(_batch(_event(facts={"call": "yes"}))), *_both(_batch(_event(facts={"title": 5}))),
        *_both(_batch(_event(started_at=None))), *_both(_batch({"t": "gap"})), *_both({"t": "heartbeat", "hub_at": 0}),
    ],
    "a fraction where a whole number belongs": [
        *_both({"t": "heartbeat", "sent": 1.5}), *_both({"t": "heartbeat", "sent": 1.0}), '{"t":"heartbeat","sent":1e999}',
        '{"t":"heartbeat","sent":1e-999}', *_both({"t": "heartbeat", "hub_at": 1.5}),
    ],
    "a number beyond 64 bits": [
        _packed({"t": "heartbeat", "sent": 2**64 - 1}), _packed({"t": "heartbeat", "sent": -(2**63)}),
        *(f'{{"t":"heartbeat","sent":{sign}1{"0" * zeros}}}' for sign in ("", "-") for zeros in (19, 30, 5000, 200_000)),
    ],
    "more than 500 events, or none": [
        *_both(_batch()), *_both(_batch(*[_event()] * (EVENTS_MAX + 1))),
    ],
    "a time without an offset": [
        *_both({"t": "heartbeat", "hub_at": "2026-03-02T10:00:00"}), *_both({"t": "heartbeat", "hub_at": "2026-03-02"}),
        *_both(_batch(_event(started_at="2026-03-02T10:00:00"))),
    ],
    "a time before the year 1 or after 9999": [
        *(_heartbeat(b"hub_at", _timestamp(at)) for at in (-292277022657, -(2**63), 2**63 - 1, 253402300800, -62135596801)),
        _heartbeat(b"hub_at", _timestamp(253402300799, 999_999_999)), _heartbeat(b"hub_at", _timestamp(0, 2**32 - 1)),
        *(
            frame
            for text in (
                "10000-01-01T00:00:00Z", "0000-12-31T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2026-02-30T00:00:00Z",
                "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01", "-292277022657-01-01T00:00:00Z",
            )
            for frame in _both({"t": "heartbeat", "hub_at": text})
        ),
    ],
    "NaN or an infinity": [
        *(_packed({"t": "heartbeat", "sent": value}) for value in (NAN, INFINITY, -INFINITY)),
        *(_packed({"t": "heartbeat", "hub_at": value}) for value in (NAN, INFINITY)),
        _heartbeat(b"sent", b"\xca\x7f\xc0\x00\x00"), _packed(_batch(_event(keys=NAN))),
        *(f'{{"t":"heartbeat","{field}":{value}}}' for field in ("sent", "hub_at", "x") for value in ("NaN", "Infinity", "-Infinity")),
        '{"t":"heartbeat","x":"\\"a\\\\","y":[1, NaN]}',
    ],
}  # fmt: skip
HELD_ELSEWHERE = {
    "a frame over 256 KiB", "a text frame under msgpack", "a known frame in the wrong phase",
    "more unanswered frames than the credit", "more than three new epochs asked for in one connection",
    "a device that is not enrolled", "a device that was revoked, or whose person was deactivated", "a bad signature",
    "a second live connection of a device", "the third such within an hour", "a foreign `Origin`",
    "a peer that does not read for 10 s", "a peer that does not finish its handshake in 10 s",
    "a peer that is not heard for 75 s", "a field that is not known",
    "text that is not Unicode (a lone surrogate, invalid UTF-8)", "NUL and control characters in a text",
    "an event outside the retention horizon or more than a day ahead, ending before it starts, or too long",
    "an event that the database refuses", "a number that is stored already", "a number that leaves a gap",
    "a history that is not the stored one (a restored disk)",
}  # fmt: skip
"""Decided by the sockets and the store, tested with them; or further down here."""
ROWS = {row[0]: row for row in table("bad input")}


def test_every_row_of_the_table_is_tried_and_no_other() -> None:
    assert set(ROWS) == set(BAD) | HELD_ELSEWHERE


def test_codes_in_the_table_are_close_codes() -> None:
    for row in ROWS.values():
        if row[2] not in ("-", "1009"):
            code, name = row[2].split()
            assert Close[name] == int(code)


@pytest.mark.parametrize(
    ("kind", "frame"),
    [pytest.param(kind, frame, id=f"{kind}-{n}") for kind in BAD for n, frame in enumerate(BAD[kind])],
)
def test_bad_frame_gets_the_code_that_is_documented(kind: str, frame: bytes | str) -> None:
    text = isinstance(frame, str) or (frame[:1] in b"{[" and len(frame) > 0)
    started = time.perf_counter()

    with pytest.raises(BadFrame) as bad:
        (JSON if text else MSGPACK).decode(frame)

    assert f"{bad.value.code.value} {bad.value.code.name}" == ROWS[kind][2]
    assert time.perf_counter() - started < DECODE_MAX_S


def test_text_under_msgpack_is_malformed() -> None:
    with pytest.raises(BadFrame) as bad:
        MSGPACK.decode('{"t":"heartbeat"}')

    assert bad.value.code is Close.MALFORMED


def test_what_is_said_of_a_bad_frame_holds_nothing_of_it() -> None:
    with pytest.raises(BadFrame) as bad:
        JSON.decode(json.dumps(_batch(_event(facts={"title": ["Secret plan"]}))))

    assert "Secret" not in repr(bad.value)
    assert bad.value.__cause__ is None
    assert bad.value.__suppress_context__


@pytest.mark.parametrize("depth", [10, 500])
def test_nesting_within_an_unknown_field_is_ignored(depth: int) -> None:
    assert JSON.decode('{"t":"heartbeat","x":' + "[" * depth + "]" * depth + "}") == Heartbeat()
    assert MSGPACK.decode(_heartbeat(b"x", b"\x91" * depth + b"\xc0")) == Heartbeat()


def test_float_in_an_unknown_field_is_ignored() -> None:
    assert MSGPACK.decode(_packed({"t": "heartbeat", "x": NAN})) == Heartbeat()
    assert JSON.decode('{"t":"heartbeat","x":1.5e300}') == Heartbeat()


# --- text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"\udccb"', "\ufffd"),
        (r'"\udccb\ud83d"', "\ufffd\ufffd"),
        (r'"a\ud83dbcdefgh"', "a\ufffdbcdefgh"),
        (r'"\ud83d\ud83d\udccb"', "\ufffd📋"),
        (r'"\ud83d\u0041"', "\ufffdA"),
        (r'"\ud83d\n"', "\ufffd\n"),
        (r'"\\ud83d\ud83d"', "\\ud83d\ufffd"),
        (r'"\uD83D\uDCCB"', "📋"),
        (r'"\u0000"', "\x00"),
    ],
)
def test_lone_surrogate_in_json_is_repaired(written: str, read: str) -> None:
    frame = JSON.decode(f'{{"t":"presence","n":1,"at":"{AT}","policy":1,"facts":{{"title":{written}}}}}')

    assert isinstance(frame, Presence)
    assert frame.facts.title == read


def test_text_with_surrogates_of_its_own_is_repaired() -> None:
    frame = JSON.decode(f'{{"t":"presence","n":1,"at":"{AT}","policy":1,"facts":{{"title":"a\ud83db\ud83d\udccb"}}}}')

    assert isinstance(frame, Presence)
    assert frame.facts.title == "a\ufffdb📋"


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"\xff", "\ufffd"),
        (b"a\xc3", "a\ufffd"),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
        (b"\xf5\x80\x80\x80", "\ufffd" * 4),
        (b"\xc0\x80", "\ufffd\ufffd"),
        (b"x" * 200 + b"\xff", "x" * 200 + "\ufffd"),
        (b"x" * 70_000 + b"\xfe", "x" * 70_000 + "\ufffd"),
    ],
)
def test_invalid_utf8_is_repaired(raw: bytes, read: str) -> None:
    head = b'{"t":"presence","n":1,"at":"%s","policy":1,"facts":{"title":"' % AT.encode()
    packed = _packed({"t": "presence", "n": 1, "at": AT, "policy": 1, "facts": {"title": "?" * len(raw), "app": "A"}})

    as_json, as_msgpack = (
        JSON.decode(head + raw + b'","app":"A"}}'),
        MSGPACK.decode(packed.replace(b"?" * len(raw), raw)),
    )

    assert isinstance(as_json, Presence)
    assert as_json.facts == Facts(title=read, app="A")
    assert as_msgpack == as_json


@pytest.mark.parametrize("title", ["\ud83d torn", "NUL \x00 in it", "\x1b]0;terminal\x07", "\u202egpj.exe", "\x00"])
def test_torn_title_is_repaired_then_cleaned_and_its_event_kept(title: str) -> None:
    policy = Policy(version=1, title=True)
    event = _event(facts={"title": title}, keys=3)

    batch = JSON.decode(json.dumps(_batch(event)))

    assert isinstance(batch, Batch)
    permitted = permit(batch.events[0], policy)
    assert isinstance(permitted, Interval)
    kept = permitted.facts.title or ""
    kept.encode()
    assert kept == "" or (kept.isprintable() and "\x00" not in kept)
    assert JSON.decode(JSON.encode(Batch(epoch=1, first_seq=1, events=[permitted])))


def test_every_event_of_a_batch_with_one_torn_title_is_kept() -> None:
    packed = _packed(_batch(*[_event(facts={"app": f"App {n}"}) for n in range(EVENTS_MAX)]))

    batch = MSGPACK.decode(packed.replace(b"App 77", b"App \xff\xff"))

    assert isinstance(batch, Batch)
    assert [event.facts.app for event in batch.events if isinstance(event, Interval)] == [
        f"App {n}" if n != 77 else "App \ufffd\ufffd" for n in range(EVENTS_MAX)
    ]


# --- times


@pytest.mark.parametrize("codec", ["msgpack", "json"])
def test_times_come_out_in_utc_whatever_their_offset(codec: str) -> None:
    values = _batch(
        _event(started_at="2026-03-02T15:59:00+05:59", facts={"last_input_at": "2026-03-02T00:01:00-09:59"})
    )

    batch = CODECS[codec].decode(json.dumps(values) if CODECS[codec].text else _packed(values))

    event = batch.events[0]
    assert event.started_at == event.facts.last_input_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert all(at.tzinfo is UTC for at in (event.started_at, event.ended_at, event.wall_at, event.facts.last_input_at))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_ends_of_the_calendar_overflow_nothing_in_the_wire(at: str) -> None:
    """Such events are quarantined by the hub, which may compare, cut and digest them first."""
    for codec in ("msgpack", "json"):
        values = _batch(_event(started_at=at, ended_at=at, wall_at=at, facts={"last_input_at": at}))
        event = CODECS[codec].decode(json.dumps(values) if CODECS[codec].text else _packed(values)).events[0]

        assert CODECS[codec].decode(CODECS[codec].encode(Batch(epoch=1, first_seq=1, events=[event]))).events == [event]
        assert len(digest(1, event)) == 8
        assert list(quarters(event.started_at, event.ended_at)) == []
        assert state_at(event.facts, datetime(2026, 3, 2, tzinfo=UTC), 300).state in ("active", "idle")
        assert permit(event, Policy(version=1)) == event
