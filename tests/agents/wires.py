"""A hub for the agent's tests, as a pure model: it keeps what a real one would keep, and answers by the contract."""

from datetime import UTC, datetime, timedelta

import msgspec

from agents.clock import HubClock
from agents.outputs import Close, Identity, Output, Send
from agents.session import Session
from agents.spool import MemorySpool, Spool
from hub.wire.activity import Facts
from hub.wire.agent import SUBPROTOCOL_MSGPACK, Ack, Batch, Challenge, FromAgent, Hello, Loss, Renew, Resend, Welcome
from hub.wire.events import Event, Interval, digest
from hub.wire.frames import agent_side, hub_side
from hub.wire.policy import DEFAULT, Policy

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DEVICE = "0198c7a0-0000-7000-8000-000000000001"
IDENTITY = Identity(device=DEVICE, origin="http://hub.test", sign=lambda data: b"signed" + data[-4:], instance="one")


def event(minute: int, app: str = "Editor") -> Event:
    """The interval of one minute after `T0`."""
    start = T0 + timedelta(minutes=minute)
    return Interval(
        started_at=start,
        ended_at=start + timedelta(minutes=1),
        wall_at=start,
        zone_min=60,
        policy=1,
        facts=Facts(app=app, last_input_at=start + timedelta(seconds=5)),
        first_input_at=start + timedelta(seconds=1),
    )


def events(count: int, first: int = 0) -> list[Event]:
    return [event(first + n) for n in range(count)]


class ModelHub:
    """Commits what comes and keeps it: `stored` and `lost` by `(epoch, seq)`."""

    def __init__(self, credit: int = 2) -> None:
        self.epoch = 1
        self.acked = 0
        self.credit = credit
        self.policy: Policy = DEFAULT
        self.stored: dict[tuple[int, int], Event] = {}
        self.lost: dict[tuple[int, int], str] = {}
        self.seen: list[FromAgent] = []

    def challenge(self) -> Challenge:
        return Challenge(nonce=b"n" * 32)

    def welcome(self, hub_at: datetime = T0) -> Welcome:
        last = self.stored.get((self.epoch, self.acked))
        return Welcome(
            session=1,
            epoch=self.epoch,
            acked=self.acked,
            digest=digest(self.acked, last) if last else b"",
            hub_at=hub_at,
            credit=self.credit,
            policy=self.policy,
        )

    def new_epoch(self) -> Welcome:
        stored = [item.ended_at for (epoch, _), item in self.stored.items() if epoch == self.epoch]
        before, self.epoch, self.acked = self.acked, self.epoch + 1, 0
        fresh = self.welcome()
        return msgspec.structs.replace(fresh, stored_until=max(stored, default=None), acked_before=before)

    def answer(self, frame: FromAgent) -> list[msgspec.Struct]:
        """What the hub says to one frame."""
        self.seen.append(frame)
        match frame:
            case Hello():
                if frame.epoch != self.epoch:
                    return [self.new_epoch() if frame.epoch else self.welcome()]
                last = self.stored.get((self.epoch, self.acked))
                if frame.next_seq <= self.acked or (
                    last and frame.next_seq - 1 == self.acked and frame.digest != digest(self.acked, last)
                ):
                    return [self.new_epoch()]
                return [self.welcome()]
            case Renew():
                return [self.new_epoch()]
            case Batch():
                return self._commit(frame.epoch, frame.first_seq, list(frame.events))
            case Loss():
                return self._commit(frame.epoch, frame.from_seq, [None] * (frame.to_seq - frame.from_seq + 1))
        return []

    def _commit(self, epoch: int, first: int, items: list[Event] | list[None]) -> list[msgspec.Struct]:
        assert epoch == self.epoch, "a batch of an old epoch"
        if first > self.acked + 1:
            return [Resend(epoch=epoch, from_seq=self.acked + 1)]
        for seq, item in enumerate(items, first):
            if seq <= self.acked:
                continue
            if item is None:
                self.lost[epoch, seq] = "declared"
            else:
                self.stored[epoch, seq] = item
            self.acked = seq
        return [Ack(epoch=epoch, seq=self.acked)]


class Wire:
    """One connection between a session and a model hub; nothing moves but by `exchange`."""

    def __init__(self, spool: Spool | None = None, hub: ModelHub | None = None, **options: int) -> None:
        self.spool = spool or MemorySpool()
        self.hub = hub or ModelHub()
        self.now_ms = 1_000_000
        self.clock = HubClock(self.now_ms, T0)
        self.wall_at = T0
        """What the machine's own clock says."""
        self.outputs: list[Output] = []
        self.to_hub: list[FromAgent] = []
        self.reads = hub_side(SUBPROTOCOL_MSGPACK)
        self.writes = hub_side(SUBPROTOCOL_MSGPACK)
        self.session = Session(
            IDENTITY,
            self.spool,
            self.clock,
            agent_side(SUBPROTOCOL_MSGPACK),
            opened_ms=self.now_ms,
            policy=DEFAULT,
            phase_ms=options.get("phase_ms", 30_000),
            wall=lambda: self.wall_at,
        )

    def say(self, frame: msgspec.Struct) -> list[FromAgent]:
        """The hub says this; returns what the agent answers."""
        return self.take(self.session.receive(self.writes.encode(frame), self.now_ms))

    def take(self, outputs: list[Output]) -> list[FromAgent]:
        """Sorts outputs into frames (returned, and kept for the hub) and the rest."""
        sent = [self.reads.decode(output.data) for output in outputs if isinstance(output, Send)]
        self.outputs += [output for output in outputs if not isinstance(output, Send)]
        self.to_hub += sent
        return sent

    def exchange(self) -> None:
        """Lets both talk until neither has anything to say."""
        while self.to_hub:
            for frame in self.hub.answer(self.to_hub.pop(0)):
                self.say(frame)

    def open(self) -> "Wire":
        self.say(self.hub.challenge())
        self.exchange()
        return self

    def closes(self) -> list[int]:
        return [output.code for output in self.outputs if isinstance(output, Close)]
