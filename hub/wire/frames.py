"""Bytes to frames and back, for both subprotocols. Decoding is typed and total: it returns a frame or raises `BadFrame`.

Text that is not valid Unicode (a lone surrogate in a window title) is repaired, not refused: refusing it would block a spool for ever
(`docs/decisions/0005-text-is-repaired.md`). All of it is linear in the size of the frame, which the websocket layer bounds.
"""

import re
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, get_args

import msgspec

from hub.wire.agent import SUBPROTOCOL_JSON, FromAgent, FromHub
from hub.wire.closing import Close
from hub.wire.viewer import FromViewer, ToViewer

Frame = TypeVar("Frame")


class BadFrame(Exception):
    """The peer sent what is no frame. `code` is the close code it gets; the message has no content of the frame."""

    def __init__(self, code: Close, message: str) -> None:
        super().__init__(message)
        self.code = code


class Codec(Generic[Frame]):
    """Encodes any frame, decodes frames of one direction. Stateless between calls; not shared between threads."""

    def __init__(self, receives: Any, text: bool) -> None:
        self.text = text
        self._known = _tags(receives)
        self._decoder: Any = msgspec.json.Decoder(receives) if text else msgspec.msgpack.Decoder(receives)
        self._tag: Any = msgspec.json.Decoder(_Tag) if text else msgspec.msgpack.Decoder(_Tag)
        self._raw: Any = msgspec.json.Decoder(msgspec.Raw) if text else msgspec.msgpack.Decoder(msgspec.Raw)
        self._encoder: Any = msgspec.json.Encoder() if text else msgspec.msgpack.Encoder()

    def encode(self, frame: msgspec.Struct) -> bytes:
        encoded: bytes = self._encoder.encode(frame)
        return encoded

    def decode(self, data: bytes | str) -> Frame:
        """The frame, its times in UTC. Raises `BadFrame`, and nothing else, for anything a peer can send."""
        if isinstance(data, str):
            if not self.text:
                raise BadFrame(Close.MALFORMED, "text where msgpack belongs")
            data = _encoded(data)
        try:
            return self._decode(data)
        except RecursionError:
            raise BadFrame(Close.TOO_DEEP, "nested too deeply") from None

    def _decode(self, data: bytes) -> Frame:
        try:
            return self._read(data)
        except _UNREADABLE as error:
            repaired = self._repaired(data, error)
            if repaired is None:
                raise self._explained(data, error) from None
        try:
            return self._read(repaired)
        except _UNREADABLE as again:
            raise self._explained(repaired, again) from None

    def _read(self, data: bytes) -> Frame:
        frame: Frame = self._decoder.decode(data)
        # In msgpack only a time that is written as text can have an offset from UTC.
        return _in_utc(frame) if self.text or _TIME_TEXT.search(data) else frame

    def _explained(self, data: bytes, error: Exception) -> BadFrame:
        if isinstance(error, msgspec.MsgspecError) and not isinstance(error, msgspec.ValidationError):
            if self.text and any(found["nan"] for found in _NAN_JSON.finditer(data)):
                return BadFrame(Close.NOT_A_NUMBER, "not a number")
            return BadFrame(Close.MALFORMED, "malformed")
        try:
            tag = self._tag.decode(data).t
        except _UNREADABLE:
            return self._shapeless(data)
        if tag not in self._known:
            return BadFrame(Close.UNKNOWN_TYPE, "unknown type")
        if not self.text and "`float`" in str(error) and _NAN_MSGPACK.search(data):
            return BadFrame(Close.NOT_A_NUMBER, "not a number")
        return BadFrame(Close.INVALID, "breaks the schema")

    def _shapeless(self, data: bytes) -> BadFrame:
        try:
            self._raw.decode(data)
        except _UNREADABLE:
            return BadFrame(Close.MALFORMED, "malformed")
        return BadFrame(Close.INVALID, "not an object with a type")

    def _repaired(self, data: bytes, error: Exception) -> bytes | None:
        """The data with its text made valid, if that can be what was wrong."""
        if isinstance(error, msgspec.ValidationError) or not (self.text or isinstance(error, UnicodeError)):
            return None
        try:
            repaired = _repaired_json(data) if self.text else _repaired_msgpack(data)
        except (IndexError, ValueError):
            return None
        return None if repaired == data else repaired


class _Tag(msgspec.Struct):
    t: str = ""


def agent_side(subprotocol: str) -> "Codec[FromHub]":
    """The agent's codec for the subprotocol that was agreed."""
    return Codec(FromHub, subprotocol == SUBPROTOCOL_JSON)


def hub_side(subprotocol: str) -> "Codec[FromAgent]":
    """The hub's codec for the agent socket."""
    return Codec(FromAgent, subprotocol == SUBPROTOCOL_JSON)


def viewer_hub_side() -> "Codec[FromViewer]":
    """The hub's codec for the viewer socket."""
    return Codec(FromViewer, text=True)


def viewer_browser_side() -> "Codec[ToViewer]":
    """What a browser decodes; for tests and other programs that view."""
    return Codec(ToViewer, text=True)


def _tags(union: Any) -> frozenset[str]:
    members = get_args(union) or (union,)
    return frozenset(str(member.__struct_config__.tag) for member in members)


_UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError)
"""What decoding raises beside RecursionError. ValueError: text that is not UTF-8; a msgpack timestamp rounded up into the year 10000."""

_NAN_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|(?P<nan>NaN|Infinity)', re.DOTALL)
"""Strings, to step over them, and what JavaScript writes for what is no number."""
_NAN_MSGPACK = re.compile(rb"\xca[\x7f\xff][\x80-\xff]|\xcb[\x7f\xff][\xf0-\xff]")
"""A float head and an exponent of ones. Within text it can't be: 0xca and 0xcb lead two bytes of UTF-8, the second below 0xc0."""
_TIME_TEXT = re.compile(rb":[0-5][0-9]:[0-6][0-9]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|[^u]|u)"
)


def _in_utc(value: Any) -> Any:
    """The same with every time in UTC; the same object when they all are. Raises OverflowError at the ends of the calendar."""
    if isinstance(value, datetime):
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    if isinstance(value, list):
        members = [_in_utc(member) for member in value]
        return members if any(new is not old for new, old in zip(members, value, strict=True)) else value
    if isinstance(value, msgspec.Struct):
        moved = {
            name: new for name in value.__struct_fields__ if (new := _in_utc(old := getattr(value, name))) is not old
        }
        return msgspec.structs.replace(value, **moved) if moved else value
    return value


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _repaired_json(data: bytes) -> bytes:
    """The same JSON with U+FFFD for each lone surrogate escape and each invalid byte."""
    data = data.decode(errors="replace").encode()
    return _ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], data)


# Sizes of what follows each msgpack head byte (0xc0-0xdf): (bytes of length, fixed payload). str heads are apart.
_FIXED = {
    0xC0: 0,
    0xC2: 0,
    0xC3: 0,
    0xCA: 4,
    0xCB: 8,
    0xCC: 1,
    0xCD: 2,
    0xCE: 4,
    0xCF: 8,
    0xD0: 1,
    0xD1: 2,
    0xD2: 4,
    0xD3: 8,
}
_FIXED |= {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
_SIZED = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)}
_STR = {0xD9: 1, 0xDA: 2, 0xDB: 4}


def _repaired_msgpack(data: bytes) -> bytes:
    """The same msgpack with U+FFFD in its strings for what is not UTF-8.

    msgpack is a flat run of heads and payloads (containers are heads only), so one pass without recursion does it. Raises
    IndexError or ValueError when the data is cut short or is not msgpack.
    """
    out: list[bytes] = []
    at = kept_to = 0
    while at < len(data):
        head = data[at]
        if 0xA0 <= head <= 0xBF or head in _STR:
            width = _STR.get(head, 0)
            size = int.from_bytes(data[at + 1 : at + 1 + width]) if width else head & 0x1F
            start = at + 1 + width
            payload = data[start : start + size]
            if len(payload) != size:
                raise ValueError("cut short")
            text = payload.decode(errors="replace").encode()
            if text != payload:
                out += data[kept_to:at], b"\xdb" + len(text).to_bytes(4), text
                kept_to = start + size
            at = start + size
        elif head <= 0x9F or head >= 0xE0:
            at += 1
        elif head in _FIXED:
            at += 1 + _FIXED[head]
        elif head in _SIZED:
            width, extra = _SIZED[head]
            at += 1 + width + extra + int.from_bytes(data[at + 1 : at + 1 + width])
        else:
            raise ValueError("not msgpack")
    return b"".join([*out, data[kept_to:]])
