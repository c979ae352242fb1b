"""What a session is given and what it asks of its owner. Outputs are carried out in order."""

from collections.abc import Callable

import msgspec

from hub.wire.closing import Duty
from hub.wire.pause import Pause
from hub.wire.policy import Policy, Starts


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who connects. `sign` is Ed25519 over what it is given; the private key stays behind it."""

    device: str
    origin: str
    sign: Callable[[bytes], bytes]
    instance: str = ""
    version: str = ""
    system: str = ""
    capabilities: tuple[str, ...] = ()


class Send(msgspec.Struct, frozen=True):
    """Send this message: text for the JSON subprotocol, binary otherwise."""

    data: bytes | str


class Close(msgspec.Struct, frozen=True):
    """Close the socket with this code, then connect again after backoff."""

    code: int
    reason: str


class Stop(msgspec.Struct, frozen=True):
    """Don't connect again: enrol again (`renew`), or stop and say so (`stop`)."""

    duty: Duty
    code: int


class Reconnect(msgspec.Struct, frozen=True):
    """Connect again: after this many milliseconds when the hub named them, else after backoff."""

    after_ms: int | None


class Ready(msgspec.Struct, frozen=True):
    """The hub admitted this device."""

    session: int
    epoch: int


class Acked(msgspec.Struct, frozen=True):
    """The hub said that it has everything up to `seq`; the spool has deleted it."""

    epoch: int
    seq: int


class Renumbered(msgspec.Struct, frozen=True):
    """What waited has moved to another epoch. `moved` pairs old and new numbers; what is missing in it was stored already."""

    old_epoch: int
    epoch: int
    moved: list[tuple[int, int]]


class PolicyChanged(msgspec.Struct, frozen=True):
    """Another policy is in force: keep it, and collect by it from now on."""

    policy: Policy


class PauseChanged(msgspec.Struct, frozen=True):
    """The person has declared private time or a break, for all of their devices, or ended it."""

    pause: Pause | None


class StartsChanged(msgspec.Struct, frozen=True):
    """The person has started work outside the hours, or ended it, for all of their devices."""

    starts: Starts


class Quarantined(msgspec.Struct, frozen=True):
    """The hub set one event aside. It counts as received."""

    epoch: int
    seq: int
    reason: str
    receipt: str


class ClockLearned(msgspec.Struct, frozen=True):
    """`HubClock` has a new offset: worth keeping."""


Output = (
    Send
    | Close
    | Stop
    | Reconnect
    | Ready
    | Acked
    | Renumbered
    | PolicyChanged
    | PauseChanged
    | StartsChanged
    | Quarantined
    | ClockLearned
)
