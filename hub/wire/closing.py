"""Close codes. The group tells the peer its duty, whatever the code within it: a peer needs to know only the groups.

41xx  try again, with backoff and jitter
42xx  sign in or enrol again; trying again as before is useless
43xx  stop, and say so to the person
"""

from enum import IntEnum
from typing import Literal

Duty = Literal["retry", "renew", "stop"]


class Close(IntEnum):
    """Why the hub closes a socket. 1009 (a frame over the limit) is sent by the websocket layer itself."""

    DRAINED = 4100
    """The hub stops or sheds load. What was acked is stored; the rest is wanted again."""
    HANDSHAKE_TIMEOUT = 4101
    """No valid `hello` within the deadline."""
    TOO_SLOW = 4102
    """The peer did not read what was sent to it."""
    UNAVAILABLE = 4103
    """Something the hub needs to admit the peer is away."""
    TOO_MANY = 4104
    """Too many connections or frames from this peer."""
    SILENT = 4105
    """Nothing was heard for too long."""
    ACCESS_CHANGED = 4106
    """What the viewer may see has changed: connect again for the new view."""
    MALFORMED = 4110
    """Not msgpack, or not JSON, as the subprotocol says."""
    UNKNOWN_TYPE = 4111
    """No frame of this direction has such a `t`, or it has none."""
    WRONG_PHASE = 4112
    """A known type, at a time when it has no meaning (a batch before `hello`)."""
    TOO_DEEP = 4113
    """Nested beyond any frame of the protocol."""
    OVER_CREDIT = 4114
    """More unacked frames than `welcome` allowed."""
    INVALID = 4115
    """Decodes, but breaks the schema."""
    NOT_A_NUMBER = 4116
    """NaN or an infinity."""

    UNKNOWN_DEVICE = 4200
    """No device with this id was enrolled here."""
    REVOKED = 4201
    """The device, or its person, was deactivated."""
    BAD_SIGNATURE = 4202
    """Not signed by the key that was enrolled, or not for this connection, origin, epoch and number."""
    SIGNED_OUT = 4203
    """The viewer's session has ended."""

    FENCED = 4300
    """Another connection of the same device took over."""
    SUSPENDED = 4301
    """The device was fenced again and again: two machines run with one identity."""

    @property
    def duty(self) -> Duty:
        return duty(self)


def duty(code: int) -> Duty:
    """What a peer owes after this close code. Codes outside our range (1006, 1009, 1012, ...) mean: try again."""
    if 4300 <= code < 4400:
        return "stop"
    if 4200 <= code < 4300:
        return "renew"
    return "retry"
