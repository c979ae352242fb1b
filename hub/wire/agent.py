"""The frames of the agent socket `/agent/v1`, both ways, and what a device signs.

Published as AsyncAPI and JSON Schema (`docs/protocol.md`). Sizes and limits stand here, since both sides keep them.
"""

import struct
from typing import Annotated
from uuid import UUID

import msgspec

from hub.wire.activity import Facts, UtcTime
from hub.wire.events import DIGEST_BYTES, Epoch, Event, PolicyVersion, Seq, SeqOrZero
from hub.wire.pause import Declared, Pause
from hub.wire.policy import Policy, Started

FRAME_MAX_BYTES = 256 * 1024
EVENTS_MAX = 500
"""Of one batch. 500 sleeps of a day, cut by the hub at quarter-hours, are 48,500 rows: a second of COPY, and no more."""
HEARTBEAT_S = 30
"""A peer that sent nothing for this long sends a heartbeat."""
SILENCE_MAX_S = 75
"""A peer that is not heard for this long is closed: two heartbeats and their delay."""
HANDSHAKE_S = 10
STARTS_MAX = 8
"""Of somebody, that agents are told: what waits in a spool is of no more, or is not sent."""
NONCE_BYTES = 32
SUBPROTOCOL_MSGPACK = "daylight.agent.v1.msgpack"
SUBPROTOCOL_JSON = "daylight.agent.v1.json"

DeviceId = Annotated[
    str, msgspec.Meta(min_length=36, max_length=36, pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]
"""A UUID in its one canonical spelling: what is signed is its 16 bytes, which other spellings share."""
Nonce = Annotated[bytes, msgspec.Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
Digest = Annotated[bytes, msgspec.Meta(max_length=DIGEST_BYTES)]


class _Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """Every message has its type in `t`."""


# --- agent to hub


class Hello(_Frame, frozen=True, kw_only=True, tag="hello"):
    """Who the device is and where its spool stands. The signature covers all of it that decides anything."""

    device: DeviceId
    epoch: Epoch
    next_seq: Seq
    """The number its next event will get: one above the highest it ever gave in this epoch."""
    digest: Digest = b""
    """`digest` of event `next_seq - 1`; empty when there was none in this epoch."""
    signature: Annotated[bytes, msgspec.Meta(max_length=64)] = b""
    instance: str = ""
    """Random, one for each run of the agent: tells a reconnect from a clone."""
    version: str = ""
    system: str = ""
    policy: PolicyVersion = 0
    capabilities: list[str] = []


class Renew(_Frame, frozen=True, kw_only=True, tag="renew"):
    """The hub's last event of this epoch isn't the agent's (a restored disk): asks for a new epoch."""

    epoch: Epoch


class Presence(_Frame, frozen=True, kw_only=True, tag="presence"):
    """The latest facts, for the wall. Not durable; the newest `n` wins."""

    n: SeqOrZero
    at: UtcTime
    policy: PolicyVersion
    facts: Facts = Facts()
    since_at: UtcTime | None = None
    """Since when the state of these facts has held, as the device sees it."""


class Batch(_Frame, frozen=True, kw_only=True, tag="batch"):
    """Events `first_seq`, `first_seq + 1`, ... The hub acks what it has committed."""

    epoch: Epoch
    first_seq: Seq
    events: Annotated[list[Event], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


class Loss(_Frame, frozen=True, kw_only=True, tag="loss"):
    """Declares that events `from_seq` to `to_seq`, both included, are gone from the spool for good, and why."""

    epoch: Epoch
    from_seq: Seq
    to_seq: Seq
    reason: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Heartbeat(_Frame, frozen=True, kw_only=True, tag="heartbeat"):
    """Either way. The hub answers with its time and what the agent sent, so that the agent can correct its clock."""

    hub_at: UtcTime | None = None
    sent: SeqOrZero = 0
    """Opaque to the hub: the agent's monotonic clock when it sent, in ms."""
    unsent: SeqOrZero | None = None
    """From an agent: how many events its spool holds that are not acked."""
    skew_ms: int | None = None
    """From an agent: hub time, as it has learned it, minus its wall clock."""
    declared: Declared | None = None
    """From an agent: what its person declared there, until a `policy` with its time in `declared_at` says that the hub knows."""
    starts: Annotated[list[Started], msgspec.Meta(max_length=STARTS_MAX)] = []
    """From an agent: work that its person started there outside the hours, or ended, until a `policy` with the same in `heard` says that
    the hub knows. A batch that follows is held against them already."""


FromAgent = Hello | Renew | Presence | Batch | Loss | Heartbeat


# --- hub to agent


class Challenge(_Frame, frozen=True, kw_only=True, tag="challenge"):
    """First frame on every connection. The nonce is 32 random bytes."""

    nonce: Nonce


class Welcome(_Frame, frozen=True, kw_only=True, tag="welcome"):
    """The device is admitted. Also sent later in a session, with a new epoch: the agent then renumbers what is unsent from 1."""

    session: SeqOrZero
    epoch: Epoch
    acked: SeqOrZero
    """Highest committed number of this epoch."""
    digest: Digest
    """`digest` of event `acked`, as received; empty when there is none, or when it was declared lost."""
    hub_at: UtcTime
    credit: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    """How many batches may be unacked at a time."""
    policy: Policy
    pause: Pause | None = None
    """What the person has declared for all of their devices, now."""
    starts: list[Started] = []
    """When the person has started work outside the hours: the latest, in order, also those that are over."""
    stored_until: UtcTime | None = None
    """With a new epoch: unsent events of the old one, numbered up to `acked_before` and ended by this time, are stored already."""
    acked_before: SeqOrZero = 0


class Ack(_Frame, frozen=True, kw_only=True, tag="ack"):
    """Everything up to `seq` is committed: the agent deletes it."""

    epoch: Epoch
    seq: SeqOrZero


class Resend(_Frame, frozen=True, kw_only=True, tag="resend"):
    """Events from `from_seq` on are missing: the agent sends them again, or declares their loss."""

    epoch: Epoch
    from_seq: Seq


class Rejected(_Frame, frozen=True, kw_only=True, tag="rejected"):
    """A receipt: event `seq` is in quarantine, and counts as received. An ack follows as for any other."""

    epoch: Epoch
    seq: Seq
    reason: str
    receipt: str


class PolicyUpdate(_Frame, frozen=True, kw_only=True, tag="policy"):
    """The policy in force from now on, and what the person has declared."""

    policy: Policy
    pause: Pause | None = None
    declared_at: UtcTime | None = None
    """The hub has dealt with what the person declared there at this time: `pause` says what holds now."""
    starts: list[Started] = []
    """As in `welcome`."""
    heard: list[Started] = []
    """The hub has dealt with these, which the agent said: `starts` says what there is."""


class Drain(_Frame, frozen=True, kw_only=True, tag="drain"):
    """The hub is going: the close follows, and the agent connects again after this many milliseconds."""

    retry_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]


FromHub = Challenge | Welcome | Ack | Resend | Rejected | PolicyUpdate | Drain | Heartbeat


# --- enrolment, over HTTPS: POST /agent/v1/enrol


class Enrol(msgspec.Struct, frozen=True, kw_only=True):
    """Exchanges a one-time code for a device identity."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    public_key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    """Ed25519."""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    system: Annotated[str, msgspec.Meta(max_length=200)] = ""
    simulated: bool = False
    person: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Mail address of the person, with a code that serves several (`daylight code --people N`)."""
    device: Annotated[str, msgspec.Meta(max_length=36)] = ""
    """The device that this account is enrolled as already: a code that gives a key to another one is then refused."""
    waits: bool = False
    """Whether the agent can wait until its person has approved it: without that, a code for a roll-out is refused."""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: who the device is, and what may be collected on it."""

    device: str
    person: str
    origin: str
    policy: Policy


class EnrolAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a code for a roll-out: a person has to approve the computer first. Show both, and ask what became of it."""

    request: str
    confirmation: str
    """As in ABCD-EFGH: the person compares it."""
    address: str
    """Where they approve it, signed in."""
    expires_at: UtcTime
    ask_every_s: int = 2


class EnrolAgain(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /agent/v1/enrol/answer`: what became of a request. The answer is `EnrolAsked` as long as it waits, then `Enrolled`, or 400."""

    request: Annotated[str, msgspec.Meta(max_length=64)]


# --- what is signed

SIGNED_PREFIX = b"daylight-agent-v1\0"


def signed_bytes(nonce: bytes, origin: str, device: str, epoch: int, next_seq: int) -> bytes:
    """What a device signs with Ed25519 (RFC 8032) in `hello`. Raises ValueError for a nonce that is not 32 bytes, or no UUID.

    The prefix, 32 bytes of nonce, the configured public origin with its length (u16), 16 bytes of device id, epoch (u64), next
    seq (u64), all big-endian. The origin keeps a hub that was lied to from passing the signature on to another.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    named = origin.encode()
    return (
        SIGNED_PREFIX
        + nonce
        + struct.pack(">H", len(named))
        + named
        + UUID(device).bytes
        + struct.pack(">QQ", epoch, next_seq)
    )
