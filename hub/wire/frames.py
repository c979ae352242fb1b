"""Bytes to frames and back, for both subprotocols. Decoding is typed and total: it returns a frame or raises `BadFrame`.

Text that is not valid Unicode (a lone surrogate in a window title) is repaired, not refused: refusing it would block a spool for ever.
"""

import re
from typing import Any, Generic, TypeVar, get_args

import msgspec

from hub.wire.agent import SUBPROTOCOL_JSON, FromAgent, FromHub
from hub.wire.closing import Close
from hub.wire.viewer import FromViewer, ToViewer

Frame = TypeVar("Frame")


class BadFrame(Exception):  # noqa: N818 - a frame, not an error of ours
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
        self._encoder: Any = msgspec.json.Encoder() if text else msgspec.msgpack.Encoder()

    def encode(self, frame: msgspec.Struct) -> bytes:
        encoded: bytes = self._encoder.encode(frame)
        return encoded

    def decode(self, data: bytes | str) -> Frame:
        """The frame. Raises `BadFrame`, and nothing else, for anything a peer can send."""
        try:
            return self._decode(data)
        except RecursionError:
            raise BadFrame(Close.TOO_DEEP, "nested too deeply") from None

    def _decode(self, data: bytes | str) -> Frame:
        try:
            frame: Frame = self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeError) as error:
            repaired = self._repaired(data)
            if repaired is None:
                raise self._explained(data, error) from None
            try:
                frame = self._decoder.decode(repaired)
            except (msgspec.MsgspecError, UnicodeError) as again:
                raise self._explained(repaired, again) from None
        return frame

    def _explained(self, data: bytes | str, error: Exception) -> BadFrame:
        if not isinstance(error, msgspec.ValidationError):
            if self.text and _NOT_A_NUMBER.search(data if isinstance(data, str) else data.decode(errors="replace")):
                return BadFrame(Close.NOT_A_NUMBER, "not a number")
            return BadFrame(Close.MALFORMED, "malformed")
        try:
            tag = self._tag.decode(data).t
        except (msgspec.MsgspecError, UnicodeError):
            return BadFrame(Close.INVALID, "not an object with a type")
        if tag not in self._known:
            return BadFrame(Close.UNKNOWN_TYPE, "unknown type")
        if "`float`" in str(error):
            return BadFrame(Close.NOT_A_NUMBER, "a float where a whole number belongs")
        return BadFrame(Close.INVALID, "breaks the schema")

    def _repaired(self, data: bytes | str) -> bytes | None:
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        try:
            repaired = _repaired_json(raw) if self.text else _repaired_msgpack(raw)
        except (IndexError, ValueError):
            return None
        return None if repaired == raw else repaired


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


_NOT_A_NUMBER = re.compile(r"[\[:,]\s*-?(?:NaN|Infinity)\b")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|[^u]|u)"
)


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
    at = 0
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
            out.append(b"\xdb" + len(text).to_bytes(4) + text if text != payload else data[at : start + size])
            at = start + size
            continue
        if head <= 0x9F or head >= 0xE0:
            size = 1
        elif head in _FIXED:
            size = 1 + _FIXED[head]
        elif head in _SIZED:
            width, extra = _SIZED[head]
            size = 1 + width + extra + int.from_bytes(data[at + 1 : at + 1 + width])
        else:
            raise ValueError("not msgpack")
        out.append(data[at : at + size])
        at += size
    return b"".join(out)
