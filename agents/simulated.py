"""One simulated agent: a desk, a spool, the real protocol core and a link that may fail. It has no task, only one timer.

Called by the fleet (`agents/fleet.py`) and by its own link. Two clocks: the fleet's course gives virtual time, in which the desk
lives and by which events are stamped; the session keeps real time, in which deadlines and heartbeats count. At rate 1 both are one.
"""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from agents.clock import HubClock
from agents.days import Traits, around_the_clock, office_hours
from agents.desk import Desk
from agents.fleet_link import FleetLink
from agents.ledger import Acknowledged, Begin, DeclaredLost, Generated, Line, Renumbering, runs_of
from agents.moments import SPARSE_STEP_MS, moments_of
from agents.outputs import Acked, Identity, Output, PolicyChanged, Quarantined, Ready, Renumbered, Send
from agents.outputs import Stop as StopWord
from agents.presence import Shown
from agents.roster import Member, RosterSpool
from agents.session import Session
from hub.wire.agent import SUBPROTOCOL_MSGPACK, Loss
from hub.wire.events import Event
from hub.wire.frames import agent_side, hub_side

if TYPE_CHECKING:
    from agents.fleet import Fleet

WAKE_LEAST_MS = 100
"""Moments that lie closer are taken together: at a high rate a timer for each would be the most of the work."""
BACKLOG_EVENTS = 1_500
"""Of the past in the spool at a time: full batches in flight, and the next."""

_codec = agent_side(SUBPROTOCOL_MSGPACK)
_to_hub = hub_side(SUBPROTOCOL_MSGPACK)
_LOSS_TAG = b"\xa1t\xa4loss"
"""The head of a `Loss` frame, behind the size of its map."""


class Simulated:
    """A device with its person. All methods run on the fleet's loop."""

    def __init__(self, fleet: "Fleet", member: Member, traits: Traits, index: int, *, fresh: bool) -> None:
        """`fresh`: enrolled in this run, so the hub is known to know it."""
        self.member = member
        self.spool = RosterSpool()
        self.known = fresh
        self.refused: StopWord | None = None
        self._fleet = fleet
        self._traits = traits
        rng = random.Random(f"{traits.seed}|{traits.person}|link")  # noqa: S311
        self._rng = rng
        self._policy = member.policy
        self._desk: Desk | None = None
        self._past: Desk | None = None
        self._past_until_ms = 0
        self._held: list[Event] = []
        self._turns = 0
        self._phase_ms = rng.randrange(fleet.flush_ms)
        self._link = FleetLink(fleet, self, index, rng)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    # --- called by the fleet

    def begin(self, connect_ms: int, from_ms: int, past_from_ms: int | None) -> None:
        """Comes to life at virtual `from_ms`, with its past from `past_from_ms` first; connects at real `connect_ms`."""
        restored: list[Event] = []
        if self.member.standing is not None:
            if self.member.standing.until is not None:
                # A clock that runs faster begins in the past, but not in what is told already.
                from_ms = max(from_ms, int(self.member.standing.until.timestamp() * 1000))
            self.spool.restore(self.member.standing)
            restored = self.member.standing.events
            self._count(restored)
        self._write(Begin(self.member.device, self.spool.epoch, self.spool.acked + 1))
        self._written(range(self.spool.acked + 1, self.spool.next_seq), restored)
        traits = self._traits
        if past_from_ms is not None and past_from_ms < from_ms:
            plans = office_hours(traits, past_from_ms, from_ms)
            self._past = Desk(
                moments_of(traits, plans, past_from_ms, from_ms, SPARSE_STEP_MS), self._policy, past_from_ms, wall=False
            )
            self._past_until_ms = from_ms
        plans = office_hours(traits, from_ms) if self._fleet.calendar else around_the_clock(traits, from_ms)
        self._desk = Desk(moments_of(traits, plans, from_ms), self._policy, from_ms)
        self._link.connect_ms = None if self._desk.away else connect_ms
        self.schedule(self._fleet.mono_ms())

    def retire(self, at_ms: int) -> None:
        """The end of generating, at virtual `at_ms`: closes what is open, and has everything sent."""
        assert self._desk is not None
        self._keep(self._desk.end(at_ms))
        link, now_ms = self._link, self._fleet.mono_ms()
        link.steady()
        link.flush(now_ms)
        if link.idle and self.wanted:
            link.connect_ms = min(link.connect_ms or now_ms, now_ms + self._rng.randrange(500))
        self.schedule(now_ms)

    def more_past(self, moments: int) -> bool:
        """Takes up to this many moments of the past into the spool. False when all of it is there."""
        past = self._past
        if past is None:
            return False
        events = past.until(self._past_until_ms, moments)
        if ended := past.next_ms is None:
            events += past.end(self._past_until_ms)
            self._past = None
        self._count(events)
        self._append(events)
        if ended:
            self._release()
        now_ms = self._fleet.mono_ms()
        if ended:
            self._link.flush(now_ms)
        else:
            self._link.tick(now_ms)
        return not ended

    @property
    def takes_past(self) -> bool:
        """Whether the spool has room for more of the past."""
        return self.waiting < BACKLOG_EVENTS and self.known

    @property
    def tells_past(self) -> bool:
        return self._past is not None

    @property
    def connected(self) -> bool:
        return self._link.welcomed

    @property
    def waiting(self) -> int:
        """Events and losses that the hub has not acked."""
        return self.spool.next_seq - 1 - self.spool.acked + len(self._held)

    def become(self, member: Member) -> None:
        """Takes the place of a device that the hub doesn't know. Nothing was sent under that one."""
        self.member, self.refused, self.known = member, None, True
        self.spool = RosterSpool()
        self._write(Begin(member.device, 0, 1))
        self._release()
        self._link.connect_ms = self._fleet.mono_ms()
        self.schedule(self._link.connect_ms)

    def stand(self) -> None:
        """Notes in the roster where it stands."""
        assert self._desk is not None
        # With the past half told, the next start tells it on from there, and of what came behind it nothing was numbered yet.
        until_ms, held = (self._past.until_ms, []) if self._past else (self._desk.until_ms, self._held)
        self.member.standing = self.spool.standing(datetime.fromtimestamp(until_ms / 1000, UTC), held)

    def stop(self) -> None:
        """Ends; what waits stays in the spool."""
        if self._timer is not None:
            self._timer.cancel()
        self._link.close()

    # --- the timer

    def _wake(self) -> None:
        self._timer = None
        now_ms = self._fleet.mono_ms()
        self._live(now_ms)
        self._link.wake(now_ms)
        self.schedule(now_ms)

    def schedule(self, now_ms: int) -> None:
        """Sets the timer to whatever comes first."""
        if self._fleet.stopped:
            return
        due_ms = self._link.next_ms(now_ms)
        if self._desk is not None and (moment_ms := self._desk.next_ms) is not None:
            live_ms = self._fleet.real_ms(moment_ms)
            due_ms = live_ms if due_ms is None else min(due_ms, live_ms)
        if due_ms is None:
            return
        at_ms = max(due_ms, now_ms + WAKE_LEAST_MS)
        if self._timer is not None:
            if self._timer_ms <= at_ms:
                return
            self._timer.cancel()
        self._timer_ms = at_ms
        self._timer = asyncio.get_running_loop().call_later((at_ms - now_ms) / 1000, self._wake)

    # --- the desk

    def _live(self, now_ms: int) -> None:
        desk = self._desk
        if desk is None:
            return
        was_away = desk.away
        self._keep(desk.until(self._fleet.virtual_ms(now_ms)))
        if desk.turns != self._turns:
            self._turns = desk.turns
            if desk.shown:
                self._link.present(self._moved(desk.shown), now_ms)
        if desk.away and not was_away:
            self._link.flush(now_ms)
            self._link.close()
        elif was_away and not desk.away and self._link.idle and self.refused is None:
            self._link.connect_ms = now_ms + self._rng.randrange(1_000)

    def _moved(self, shown: Shown) -> Shown:
        """Its times moved from virtual to real: a wall judges by its own clock."""
        shift: timedelta = self._fleet.shift()
        if not shift:
            return shown
        facts, since_at = shown.facts, shown.since_at
        if facts.last_input_at is not None:
            facts = msgspec.structs.replace(facts, last_input_at=facts.last_input_at + shift)
        return Shown(facts, since_at + shift if since_at else None, shown.policy)

    # --- events

    def _keep(self, events: list[Event]) -> None:
        """Live events: behind the past, and only once the hub is known to know the device."""
        self._count(events)
        if self._past is None and self.known:
            self._append(events)
        else:
            self._held += events

    def _release(self) -> None:
        if self._held and self._past is None and self.known:
            held, self._held = self._held, []
            self._append(held)

    def _append(self, events: list[Event]) -> None:
        if events:
            self._written(self.spool.append(events), events)

    def _count(self, events: list[Event]) -> None:
        self._fleet.figures.generated += len(events)

    def _written(self, seqs: range, events: list[Event]) -> None:
        if (ledger := self._fleet.ledger) is not None:
            device, epoch = self.member.device, self.spool.epoch
            for seq, event in zip(seqs, events, strict=True):
                ledger.write(Generated(device, epoch, seq, event.started_at, event.ended_at))

    def _write(self, line: Line) -> None:
        if self._fleet.ledger is not None:
            self._fleet.ledger.write(line)

    # --- the hub

    @property
    def wanted(self) -> bool:
        """Whether there should be a link: the machine is awake, or the fleet has ended and something waits."""
        if self._fleet.stopped or self.refused is not None:
            return False
        return bool(self.waiting) if self._fleet.retired else self._desk is not None and not self._desk.away

    def new_session(self, now_ms: int) -> Session:
        session = Session(
            Identity(
                device=self.member.device,
                origin=self.member.origin,
                sign=self.member.signing_key().sign,
                instance=self._fleet.instance,
                version="simulated",
                system="Simulator",
            ),
            self.spool,
            HubClock(now_ms, datetime.now(UTC)),
            _codec,
            opened_ms=now_ms,
            policy=self._policy,
            phase_ms=self._phase_ms,
            flush_every_ms=self._fleet.flush_ms,
        )
        if self._desk is not None and self._desk.shown is not None:
            session.present(self._moved(self._desk.shown), now_ms)
        return session

    def told(self, output: Output) -> None:
        match output:
            case Send():
                self._about_to_send(output.data)
            case Acked():
                self._write(Acknowledged(self.member.device, output.epoch, output.seq))
                self._fleet.figures.acks += 1
            case Renumbered():
                moved = runs_of(output.moved)
                self._write(Renumbering(self.member.device, output.old_epoch, output.epoch, moved))
            case Ready():
                self.known = True
                self._release()
            case PolicyChanged():
                self._policy = self.member.policy = output.policy
                if self._desk is not None:
                    self._keep(self._desk.change_policy(output.policy))
            case Quarantined():
                self._fleet.figures.quarantined += 1
            case StopWord():
                self.refused = output
                self._fleet.refused(self)
            case _:
                pass

    def _about_to_send(self, data: bytes | str) -> None:
        """What the frame speaks of is in the ledger before it goes."""
        if (ledger := self._fleet.ledger) is not None:
            if isinstance(data, bytes) and _LOSS_TAG in data[:8]:
                frame = _to_hub.decode(data)
                assert isinstance(frame, Loss)
                ledger.write(DeclaredLost(self.member.device, frame.epoch, frame.from_seq, frame.to_seq))
            ledger.flush()
