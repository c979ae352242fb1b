"""The agent's side of the protocol, without I/O: bytes and times in, outputs out. One object for each connection.

The owner (`agents/link.py`, and the simulator) opens the socket, calls `receive` for each message, `tick` no later than
`next_tick_ms`, `present` when the facts change and `flush` when events should go now, and carries out what each call returns,
in order. After `Close` or `Stop` nothing more comes of a session. Times are milliseconds of the clock that `HubClock` is fed with.

    challenge ──▶ hello ──▶ welcome ──▶ live ◀──▶ renewing (asked for a new epoch)

Guarantee: an event leaves the spool only by the hub's ack (or because the hub, giving a new epoch, said that it is stored).
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from agents.clock import HubClock
from agents.outputs import (
    Acked,
    ClockLearned,
    Close,
    Identity,
    Output,
    PauseChanged,
    PolicyChanged,
    Quarantined,
    Ready,
    Reconnect,
    Renumbered,
    Send,
    StartsChanged,
    Stop,
)
from agents.presence import Shown
from agents.spool import Lost, Spool
from hub.wire.agent import (
    EVENTS_MAX,
    HANDSHAKE_S,
    HEARTBEAT_S,
    SILENCE_MAX_S,
    Ack,
    Batch,
    Challenge,
    Drain,
    FromHub,
    Heartbeat,
    Hello,
    Loss,
    PolicyUpdate,
    Presence,
    Rejected,
    Renew,
    Resend,
    Welcome,
    signed_bytes,
)
from hub.wire.closing import Close as CloseCode
from hub.wire.closing import duty
from hub.wire.events import Event
from hub.wire.frames import BadFrame, Codec
from hub.wire.pause import Declared, Pause, strip
from hub.wire.policy import Policy, Starts, permit, permit_facts

FLUSH_MS = 60_000
"""Events go together once a minute, at a phase of the minute drawn for each device."""
PRESENCE_MIN_MS = 250
SYNC_MS = 5 * 60_000
"""A busy link sends no heartbeats; one goes all the same this often, so that the clock stays right."""
DECLARE_MS = 5_000
"""What was declared here is said again as often, until the hub knows."""
SLOW_MS = 1_000
"""After a slower welcome than this the clock may be half of it wrong: it is asked for again as soon."""
ECHO_MS = 10_000
"""A resend repeated after this long is meant: whatever was in flight has been answered."""
FRAME_BYTES = 128 * 1024
"""Half of `FRAME_MAX_BYTES`: room for the envelope, and for JSON, which is up to twice as long as the msgpack measured."""
_MS = timedelta(milliseconds=1)


Phase = Literal["challenge", "welcome", "live", "renewing", "closed"]


class Session:
    """One connection. `policy` is the one in force now; `phase_ms` places this device's flush within `flush_every_ms`. The hub is told how
    far `wall`, the machine's own clock, is off."""

    def __init__(
        self,
        identity: Identity,
        spool: Spool,
        clock: HubClock,
        codec: Codec[FromHub],
        *,
        opened_ms: int,
        policy: Policy,
        phase_ms: int = 0,
        flush_every_ms: int = FLUSH_MS,
        wall: Callable[[], datetime] | None = None,
        pause: Pause | None = None,
        declared: Declared | None = None,
        starts: Starts = (),
        untold: Starts = (),
    ) -> None:
        self.phase: Phase = "challenge"
        self.policy = policy
        self.pause = pause
        """What the person has declared, as the hub said last."""
        self.declared = declared
        """What they declared here and the hub does not know yet."""
        self.starts = starts
        """When they have started work outside the hours, as far as is known here."""
        self.untold = untold
        """What of that began or ended here and the hub does not know yet."""
        self._identity = identity
        self._spool = spool
        self._clock = clock
        self._codec = codec
        self._wall = wall
        self._flush_every_ms = flush_every_ms
        self._deadline_ms = opened_ms + HANDSHAKE_S * 1000
        self._hello_ms = opened_ms
        self._heard_ms = opened_ms
        self._sent_ms = opened_ms
        self._synced_ms = opened_ms
        self._said_ms = opened_ms - DECLARE_MS
        """When it was last told to the hub what was declared here."""
        self._drain_ms: int | None = None
        # Sending.
        self._credit = 0
        self._unacked: deque[int] = deque()  # the last number of each batch or loss in flight
        self._sent_seq = 0
        self._flush_seq = 0
        self._next_flush_ms = opened_ms + (phase_ms - opened_ms) % flush_every_ms
        self._echoes = 0  # resends still to come for frames that were in flight when we began again
        self._rewound_to = 0
        self._rewound_ms = opened_ms
        # Presence.
        self._shown: Shown | None = None
        self._shown_n = 0
        self._shown_ms = opened_ms - PRESENCE_MIN_MS
        self._shown_sent = True

    # --- called by the owner

    def receive(self, data: bytes | str, now_ms: int) -> list[Output]:
        """One message from the hub."""
        if self.phase == "closed":
            return []
        self._heard_ms = now_ms
        try:
            frame = self._codec.decode(data)
        except BadFrame as bad:
            return self._close(bad.code, "the hub sent what is no frame")
        match frame:
            case Challenge():
                return self._challenged(frame, now_ms)
            case Drain():
                self._drain_ms = frame.retry_ms
                self._credit = 0  # what would be sent now goes to the next hub
                return []
            case _ if self.phase == "challenge":
                return self._close(CloseCode.WRONG_PHASE, "frame before the challenge")
            case Welcome():
                return self._welcomed(frame, now_ms)
            case Heartbeat():
                return self._heartbeat(frame, now_ms)
            case _ if self.phase == "welcome":
                return self._close(CloseCode.WRONG_PHASE, "frame before the welcome")
            case Ack():
                return self._acked(frame, now_ms)
            case Resend():
                return self._resend(frame, now_ms)
            case Rejected():
                return [Quarantined(frame.epoch, frame.seq, frame.reason, frame.receipt)]
            case PolicyUpdate():
                return [
                    *self._policy(frame.policy),
                    *self._paused(frame.pause, frame.declared_at),
                    *self._started(tuple(frame.starts), tuple(frame.heard)),
                ]

    def tick(self, now_ms: int) -> list[Output]:
        """Does what is due: flush, presence, heartbeat, and the deadlines."""
        if self.phase == "closed":
            return []
        if self.phase in ("challenge", "welcome") and now_ms >= self._deadline_ms:
            return self._close(CloseCode.HANDSHAKE_TIMEOUT, "no welcome in time")
        if now_ms - self._heard_ms >= SILENCE_MAX_S * 1000:
            return self._close(CloseCode.SILENT, "the hub is not heard")
        if self.phase in ("challenge", "welcome"):
            return []
        outputs: list[Output] = []
        # First: of work that was started the hub must know before what is recorded in it.
        if now_ms >= self._heartbeat_due_ms():
            self._synced_ms = self._said_ms = now_ms
            outputs.append(self._send(self._health(now_ms), now_ms))
        outputs += self._present_if_due(now_ms)
        if now_ms >= self._next_flush_ms:
            late = (now_ms - self._next_flush_ms) % self._flush_every_ms
            self._next_flush_ms = now_ms - late + self._flush_every_ms
            outputs += self.flush(now_ms)
        elif self._spool.next_seq - 1 - max(self._sent_seq, self._flush_seq) >= EVENTS_MAX:
            outputs += self.flush(now_ms)
        return outputs

    def _health(self, now_ms: int) -> Heartbeat:
        known = self._wall is not None and self._clock.met
        return Heartbeat(
            sent=max(0, now_ms),
            unsent=max(0, self._spool.next_seq - 1 - self._spool.acked),
            declared=self.declared,
            starts=list(self.untold),
            skew_ms=round((self._clock.at(now_ms) - self._wall()) / _MS) if self._wall is not None and known else None,
        )

    def _heartbeat_due_ms(self) -> int:
        """When neither side has spoken for a while, whichever it is: a hub whose database is away acks nothing, and is asked."""
        unheard_ms = max(self._heard_ms, self._synced_ms)
        said_ms = self._said_ms + DECLARE_MS if self.declared or self.untold else unheard_ms + HEARTBEAT_S * 1000
        return min(
            self._sent_ms + HEARTBEAT_S * 1000, unheard_ms + HEARTBEAT_S * 1000, self._synced_ms + SYNC_MS, said_ms
        )

    def next_tick_ms(self) -> int:
        """When `tick` has something to do next, unless something else happens before."""
        if self.phase in ("challenge", "welcome"):
            return self._deadline_ms
        due = [
            self._heard_ms + SILENCE_MAX_S * 1000,
            self._next_flush_ms,
            self._heartbeat_due_ms(),
        ]
        if not self._shown_sent:
            due.append(self._shown_ms + PRESENCE_MIN_MS)
        return min(due)

    def present(self, shown: Shown, now_ms: int) -> list[Output]:
        """Shows new facts (permitted already) on the wall: at once, or coalesced to one each `PRESENCE_MIN_MS`."""
        self._shown, self._shown_sent = shown, False
        return self._present_if_due(now_ms)

    def declare(self, declared: Declared, now_ms: int) -> list[Output]:
        """Tells the hub what the person declared here: at once, and again until it says that it knows."""
        self.declared = declared
        self._said_ms = now_ms - DECLARE_MS
        return self.tick(now_ms) if self.phase == "live" else []

    def start(self, starts: Starts, untold: Starts, now_ms: int) -> list[Output]:
        """As `declare`, of work that the person started or ended here. No event goes before the hub was told."""
        self.starts, self.untold = starts, untold
        self._said_ms = now_ms - DECLARE_MS
        return self.tick(now_ms) if self.phase == "live" else []

    def flush(self, now_ms: int) -> list[Output]:
        """Sends everything that waits, as far as credit goes; the rest follows as acks come."""
        self._flush_seq = self._spool.next_seq - 1
        return self._pump(now_ms)

    @property
    def settled(self) -> bool:
        """Nothing that was asked to be sent is still without its ack."""
        return self._spool.acked >= self._flush_seq and not self._unacked

    def closed(self, code: int, now_ms: int) -> list[Output]:
        """The socket is closed, with this code (1006 when there was none). Says what to do next."""
        self.phase = "closed"
        owed = duty(code)
        return [Reconnect(self._drain_ms)] if owed == "retry" else [Stop(owed, code)]

    # --- frames

    def _challenged(self, frame: Challenge, now_ms: int) -> list[Output]:
        if self.phase != "challenge":
            return self._close(CloseCode.WRONG_PHASE, "a second challenge")
        identity, spool = self._identity, self._spool
        signed = signed_bytes(frame.nonce, identity.origin, identity.device, spool.epoch, spool.next_seq)
        hello = Hello(
            device=identity.device,
            epoch=spool.epoch,
            next_seq=spool.next_seq,
            digest=spool.digest_of(spool.next_seq - 1),
            signature=identity.sign(signed),
            instance=identity.instance,
            version=identity.version,
            system=identity.system,
            policy=self.policy.version,
            capabilities=list(identity.capabilities),
        )
        self.phase = "welcome"
        self._hello_ms = now_ms
        return [self._send(hello, now_ms)]

    def _welcomed(self, frame: Welcome, now_ms: int) -> list[Output]:
        outputs: list[Output] = []
        spool = self._spool
        if self.phase == "welcome":
            if self._clock.learn(frame.hub_at, self._hello_ms, now_ms):
                outputs.append(ClockLearned())
            if now_ms - self._hello_ms > SLOW_MS:
                self._synced_ms = now_ms - SYNC_MS + SLOW_MS
        self._credit = frame.credit
        outputs += self._policy(frame.policy) + self._paused(frame.pause) + self._started(tuple(frame.starts))
        self._unacked.clear()
        self._echoes = 0
        if frame.epoch != spool.epoch:
            old = spool.epoch
            moved = spool.renumber(frame.epoch, frame.acked, frame.stored_until, frame.acked_before)
            outputs.append(Renumbered(old, frame.epoch, moved))
        elif self._contradicts(frame):
            if self.phase == "renewing":
                return [*outputs, *self._close(CloseCode.INVALID, "the hub gave no new epoch")]
            self.phase = "renewing"
            return [*outputs, self._send(Renew(epoch=frame.epoch), now_ms)]
        elif frame.acked > spool.acked:
            spool.ack(frame.acked)
            outputs.append(Acked(frame.epoch, frame.acked))
        self.phase = "live"
        self._sent_seq = frame.acked
        outputs.append(Ready(frame.session, frame.epoch))
        if self.untold:
            outputs.append(self._send(self._health(now_ms), now_ms))
        outputs += self._present_if_due(now_ms)
        return outputs + self.flush(now_ms)

    def _contradicts(self, frame: Welcome) -> bool:
        """Whether the hub holds another history under our numbers: one of the two disks was restored."""
        if frame.acked >= self._spool.next_seq:
            return True
        own = self._spool.digest_of(frame.acked)
        return bool(own and frame.digest and own != frame.digest)

    def _acked(self, frame: Ack, now_ms: int) -> list[Output]:
        if frame.epoch != self._spool.epoch or self.phase != "live":
            return []
        if frame.seq >= self._spool.next_seq:
            return self._close(CloseCode.INVALID, "an ack for what was never sent")
        while self._unacked and self._unacked[0] <= frame.seq:
            self._unacked.popleft()
        if frame.seq >= self._rewound_to:
            self._echoes = 0
        self._sent_seq = max(self._sent_seq, frame.seq)
        self._spool.ack(frame.seq)
        return [Acked(frame.epoch, frame.seq), *self._pump(now_ms)]

    def _resend(self, frame: Resend, now_ms: int) -> list[Output]:
        """Begins again at `from_seq`. What the spool no longer has is declared lost by `_pump`."""
        if frame.epoch != self._spool.epoch or self.phase != "live":
            return []
        if frame.from_seq >= self._spool.next_seq:
            return self._close(CloseCode.INVALID, "a resend of what was never sent")
        if self._echoes and frame.from_seq == self._rewound_to and now_ms - self._rewound_ms < ECHO_MS:
            # Each frame that was in flight behind the gap earns one more of the same; obeying them would break the credit.
            self._echoes -= 1
            return []
        self._echoes = max(0, sum(1 for last in self._unacked if last >= frame.from_seq) - 1)
        self._rewound_to, self._rewound_ms = frame.from_seq, now_ms
        self._unacked = deque(last for last in self._unacked if last < frame.from_seq)
        self._sent_seq = frame.from_seq - 1
        self._flush_seq = max(self._flush_seq, frame.from_seq)
        return self._pump(now_ms)

    def _heartbeat(self, frame: Heartbeat, now_ms: int) -> list[Output]:
        if frame.hub_at is None or not frame.sent or frame.sent > now_ms:
            return []
        return [ClockLearned()] if self._clock.learn(frame.hub_at, frame.sent, now_ms) else []

    def _policy(self, policy: Policy) -> list[Output]:
        if policy == self.policy:
            return []
        self.policy = policy
        return [PolicyChanged(policy)]

    def _paused(self, pause: Pause | None, declared_at: datetime | None = None) -> list[Output]:
        """What the hub says holds, unless something was declared here that it does not know yet."""
        if self.declared is not None:
            if declared_at != self.declared.at:
                return []
            self.declared = None
            self.pause = pause
            return [PauseChanged(pause)]
        if pause == self.pause:
            return []
        self.pause = pause
        return [PauseChanged(pause)]

    def _started(self, starts: Starts, heard: Starts = ()) -> list[Output]:
        """As `_paused`, of work outside the hours."""
        if self.untold:
            if heard != self.untold:
                return []
            self.untold = ()
        elif starts == self.starts:
            return []
        self.starts = starts
        return [StartsChanged(starts)]

    # --- sending

    def _pump(self, now_ms: int) -> list[Output]:
        outputs: list[Output] = []
        spool = self._spool
        while self.phase == "live" and self._sent_seq < self._flush_seq and len(self._unacked) < self._credit:
            seq = self._sent_seq + 1
            if seq <= spool.acked:
                # The hub was restored from a backup: it has forgotten what it acked, and we have deleted it.
                held: list[Event] | Lost | None = Lost(from_seq=seq, to_seq=spool.acked, reason="acked before")
            else:
                held = spool.peek(seq, EVENTS_MAX, FRAME_BYTES)
            if held is None:
                break
            if isinstance(held, Lost):
                frame: Batch | Loss = Loss(
                    epoch=spool.epoch, from_seq=held.from_seq, to_seq=held.to_seq, reason=held.reason[:40]
                )
                self._sent_seq = held.to_seq
            else:
                # What was captured under a wider policy leaves no wider than today's; numbers and digests stay the same.
                pauses = [self.pause] if self.pause else []
                lawful = [strip(permit(event, self.policy, self.starts), pauses) for event in held]
                frame = Batch(epoch=spool.epoch, first_seq=seq, events=lawful)
                self._sent_seq = seq + len(held) - 1
            self._unacked.append(self._sent_seq)
            outputs.append(self._send(frame, now_ms))
        return outputs

    def _present_if_due(self, now_ms: int) -> list[Output]:
        if self._shown is None or self._shown_sent or self.phase not in ("live", "renewing"):
            return []
        if now_ms - self._shown_ms < PRESENCE_MIN_MS:
            return []
        self._shown_sent = True
        self._shown_ms = now_ms
        self._shown_n += 1
        shown = self._shown
        frame = Presence(
            n=self._shown_n,
            at=self._clock.at(now_ms),
            policy=shown.policy,
            facts=permit_facts(shown.facts, self.policy),
            since_at=shown.since_at,
        )
        return [self._send(frame, now_ms)]

    def _send(self, frame: msgspec.Struct, now_ms: int) -> Send:
        self._sent_ms = now_ms
        encoded = self._codec.encode(frame)
        return Send(encoded.decode() if self._codec.text else encoded)

    def _close(self, code: CloseCode, reason: str) -> list[Output]:
        self.phase = "closed"
        return [Close(int(code), reason)]
