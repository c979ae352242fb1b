"""An admitted device's connection: its frames become presence and submissions, and what became of those is said to it.

Nothing here waits for the disk: outcomes come from the store by callback, and are written by a task that lives only while there is
something to say.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import structs

from hub import pauses, policies
from hub.auth.enrolment import EnrolledDevice
from hub.database import DATABASE_AWAY
from hub.feed.record import Record
from hub.homes import Home
from hub.live.admission import Admission, EpochsExhausted, renew
from hub.live.line import Line
from hub.live.plan import Outcome, Submission
from hub.live.publisher import Publisher
from hub.live.store import Store
from hub.wire.activity import Facts
from hub.wire.agent import (
    STARTS_MAX,
    Ack,
    Batch,
    FromHub,
    Heartbeat,
    Loss,
    PolicyUpdate,
    Presence,
    Rejected,
    Renew,
    Resend,
    Welcome,
)
from hub.wire.closing import Close
from hub.wire.events import SEQ_MAX, Event
from hub.wire.frames import BadFrame
from hub.wire.pause import Declared, Pause, paused
from hub.wire.policy import (
    Policy,
    Started,
    Starts,
    clean,
    collects,
    in_time,
    permit,
    permit_facts,
    shortest,
    stricter,
)
from hub.wire.today import Today

CREDIT = 4
"""Unacked frames of one device: 2,000 events, or half an hour of backlog in one round trip."""
LOSS_REASON_MAX = 40
RENEWALS_MAX = 3
"""Of one connection. More is a fault of the agent, and would be a way to make the hub work."""


@dataclass(slots=True)
class Shared:
    """What all agent connections of a process use."""

    hub: str
    """The process's name in presence records and leases."""
    store: Store
    publisher: Publisher
    now: Callable[[], datetime]
    fenced: "Callable[[AgentConnection], Awaitable[None]]"
    """Told when a later session of the device has taken over."""
    homes: dict[int, Home] = field(default_factory=dict)
    """Where each person is at home; kept fresh by the view's directory."""
    draining: bool = False
    """Nothing more is taken in; what was is still answered."""


class AgentConnection:
    """One admitted device. Made only at the end of the powerless phase, by `ingest.py`."""

    __slots__ = (
        "_declaring",
        "_in_flight",
        "_outcomes",
        "_pause",
        "_policy",
        "_renewals",
        "_resting",
        "_said",
        "_shared",
        "_starts",
        "_unplaced",
        "_writer",
        "device",
        "epoch",
        "instance",
        "line",
        "n",
        "session",
        "skew_ms",
        "today",
        "unsent",
    )

    def __init__(self, shared: Shared, line: Line, device: EnrolledDevice, instance: str, admission: Admission) -> None:
        self._shared = shared
        self.line = line
        self.device = device
        self.instance = instance
        self.session = admission.session
        self.epoch = admission.epoch
        self.n = 0
        self.today: Today | None = None
        """The person's workday so far, as it was read last."""
        self.unsent: int | None = None
        """Events that its spool holds, as it said last."""
        self.skew_ms: int | None = None
        """By how much its wall clock is behind, as it said last."""
        self._unplaced: Presence | None = None
        """The latest, while the person is in no team: nobody can be shown it yet."""
        self._policy = policies.of(device.person)
        """What the agent was told last."""
        self._pause: Pause | None = pauses.of(device.person, shared.now())
        """What it was told that the person has declared."""
        self._starts: Starts = ()
        """What it was told of work that they started outside their hours."""
        self._declaring: asyncio.Task[None] | None = None
        self._said: Presence | None = None
        """Its latest word, for when a pause ends."""
        self._resting = False
        """It is outside the hours of that: the device is shown as gone."""
        self._in_flight = 0
        self._renewals = 0
        self._outcomes: list[tuple[int, Outcome]] = []
        self._writer: asyncio.Task[None] | None = None

    async def welcome(self, admission: Admission) -> None:
        self.epoch = admission.epoch
        self._policy = policies.of(self.device.person)
        self._pause = pauses.of(self.device.person, self._shared.now())
        self._starts = self._known_starts()
        await self.line.send(
            Welcome(
                session=admission.session,
                epoch=admission.epoch,
                acked=admission.acked,
                digest=admission.digest,
                hub_at=self._shared.now(),
                credit=CREDIT,
                policy=self._policy,
                pause=self._pause,
                starts=list(self._starts),
                stored_until=admission.stored_until,
                acked_before=admission.acked_before,
            )
        )

    async def receive(self) -> None:
        """Reads and handles one frame. Raises `BadFrame` for what has no place here."""
        frame = await self.line.receive()
        match frame:
            case Batch():
                self._submit(
                    frame.epoch,
                    frame.first_seq,
                    frame.first_seq + len(frame.events) - 1,
                    self._permitted(frame.events),
                    "",
                )
            case Presence():
                self._said = frame
                self._publish(frame)
            case Heartbeat():
                if frame.unsent is not None:
                    self.unsent = frame.unsent
                if frame.declared is not None and self._declaring is None:
                    self._declaring = asyncio.create_task(self._declare(frame.declared))
                if frame.starts:
                    await self._hear_starts(frame.starts)
                if frame.skew_ms is not None:
                    self.skew_ms = max(-SEQ_MAX, min(frame.skew_ms, SEQ_MAX))
                await self.line.send(Heartbeat(hub_at=self._shared.now(), sent=frame.sent))
            case Loss():
                if frame.to_seq < frame.from_seq:
                    raise BadFrame(Close.INVALID, "a loss that ends before it starts")
                self._submit(
                    frame.epoch, frame.from_seq, frame.to_seq, [], clean(frame.reason, LOSS_REASON_MAX) or "unknown"
                )
            case Renew():
                await self._renew(frame.epoch)
            case _:
                raise BadFrame(Close.WRONG_PHASE, "a second hello")

    async def _declare(self, declared: Declared) -> None:
        """One at a time; the agent says it again until it is told that the hub knows."""
        try:
            await pauses.declared(self.device.person, declared, self._shared.now())
            await pauses.refresh()
            pause = pauses.of(self.device.person, self._shared.now())
            starts = list(self._starts)
            await self.line.send(PolicyUpdate(policy=self._policy, pause=pause, starts=starts, declared_at=declared.at))
        except DATABASE_AWAY:
            pass
        finally:
            self._declaring = None

    async def _hear_starts(self, told: list[Started]) -> None:
        """Before anything else that the agent says: events that follow are held against what it started."""
        person = self.device.person
        try:
            await pauses.started(person, told, self._shared.now())
            await pauses.refresh()
        except DATABASE_AWAY:
            await self.line.close(Close.UNAVAILABLE)
            return
        self._starts = self._known_starts()
        starts = list(self._starts)
        await self.line.send(PolicyUpdate(policy=self._policy, pause=self._pause, starts=starts, heard=told))

    def _known_starts(self) -> Starts:
        """As many of them as an agent is told."""
        return pauses.starts(self.device.person)[-STARTS_MAX:]

    def publish_arrival(self) -> None:
        """Shows the device as connected before its first presence; what was known of it stays."""
        known = self._shared.publisher.latest(self.device.id)
        facts, since_at = (known.facts, known.since_at) if known else (Facts(), None)
        if self.today is None and known:  # else it was read while the agent was welcomed
            self.today = known.today
        version = policies.of(self.device.person).version
        self._publish(Presence(n=0, at=self._shared.now(), policy=version, facts=facts, since_at=since_at))

    def follow_policy(self) -> FromHub | None:
        """What is to be said to the agent when another policy has come into force, or its person declared something or ended it. What the
        wall shows by then is what that permits."""
        policy, now = policies.of(self.device.person), self._shared.now()
        told, self._policy = self._policy, policy
        pause, known = pauses.of(self.device.person, now), self._pause
        starts, started = self._known_starts(), self._starts
        self._pause, self._starts = pause, starts
        news = policy != told or pause != known or starts != started
        if not news and (self._resting or collects(policy, now, starts)):
            return None
        record = self._shared.publisher.latest(self.device.id)
        # Somebody whose hours begin is shown when their agent speaks.
        if record is not None and record.session == self.session and not self._resting:
            facts, since_at = record.facts, record.since_at
            if pause != known:  # what it said while that went on, or before: the record has only that it was declared
                facts, since_at = (self._said.facts, self._said.since_at) if self._said else (Facts(), None)
            facts = permit_facts(facts, policy)
            self._publish(Presence(n=0, at=now, policy=policy.version, facts=facts, since_at=since_at))
        return PolicyUpdate(policy=policy, pause=pause, starts=list(starts)) if news else None

    def tell_today(self, today: Today) -> None:
        """Publishes the person's workday with the latest record, unless one of them is of an earlier stay in a team."""
        self.today = today
        record = self._shared.publisher.latest(self.device.id)
        if record is not None and record.membership > today.stay > 0:
            self.today = None  # they moved while it was read: it is read again
        elif record is not None and record.membership == today.stay and record.today != today:
            self.n += 1
            self._shared.publisher.publish(structs.replace(record, session=self.session, n=self.n, today=today))

    def move(self) -> None:
        """The person is in another team now, in the same one again, or in their first: the record goes with them."""
        record, home = self._shared.publisher.latest(self.device.id), self._home()
        if home is None:
            return
        if record is None:
            if self._unplaced is not None:
                self._publish(self._unplaced)
        elif home != Home(record.team, record.membership):
            self.n += 1
            self._shared.publisher.publish(
                structs.replace(
                    record,
                    team=home.team,
                    membership=home.membership,
                    session=self.session,
                    n=self.n,
                    today=self._today_in(home),
                )
            )

    def departed(self) -> Record | None:
        """The record that says that the device is gone, and nothing else of it; `None` when this connection never had one."""
        record = self._shared.publisher.latest(self.device.id)
        if record is None or record.session != self.session:
            return None
        self.n += 1
        return structs.replace(
            record, session=self.session, n=self.n, connected=False, at=self._shared.now(), facts=Facts(), since_at=None
        )

    @property
    def busy(self) -> bool:
        """Whether something that was received has not been answered."""
        return self._in_flight > 0 or self._writer is not None

    def _permitted(self, events: list[Event]) -> list[Event]:
        """Strips what the capture policy, today's, or one that held when it happened forbids, whichever is strictest, event by event; and
        what comes later than it is kept."""
        person, now = self.device.person, self._shared.now()
        today, starts = policies.of(person), pauses.starts(person)
        known: dict[int, tuple[Policy, datetime]] = {}
        permitted = []
        for event in events:
            found = known.get(event.policy)
            if found is None:
                policy = stricter(today, policies.by_version(event.policy))
                found = known[event.policy] = policy, now - shortest(policy)
            policy, kept_from = found
            if event.started_at < kept_from:
                event = in_time(event, policy, now)
            then = policies.over(person, event.started_at, event.ended_at)
            lawful = permit(event, policy if then is today else stricter(policy, then), starts)
            permitted.append(pauses.permitted(person, lawful, now))
        return permitted

    def _home(self) -> Home | None:
        """Where the person is at home: as of the directory, or as of this connection's start when that was later."""
        known = self._shared.homes.get(self.device.person)
        if self.device.team is None or self.device.membership is None:
            return known
        if known is not None and known.membership >= self.device.membership:
            return known
        return Home(self.device.team, self.device.membership)

    def _publish(self, frame: Presence) -> None:
        home = self._home()
        self._unplaced = frame if home is None else None
        if home is None:
            return
        today = policies.of(self.device.person)
        # Hub-side numbers: an agent's own may restart with a new session, and ours order what this connection said.
        self.n += 1
        now = self._shared.now()
        self._resting = not collects(today, now, pauses.starts(self.device.person))
        facts = permit_facts(frame.facts, stricter(today, policies.by_version(frame.policy)))
        pause = pauses.of(self.device.person, now)
        since_at = frame.since_at
        if pause is not None and not facts.private:
            facts, since_at = paused(pause.kind), pause.since_at
        if self._resting:
            facts = Facts()  # outside the policy's hours nothing is shown but that nobody is there
        if facts.last_input_at and not pauses.input_permitted(self.device.person, facts.last_input_at):
            facts = structs.replace(facts, last_input_at=None)
        if facts.last_input_at and facts.last_input_at > now:
            facts = structs.replace(facts, last_input_at=now)  # a clock that is ahead must not keep anybody active
        self._shared.publisher.publish(
            Record(
                device=self.device.id,
                person=self.device.person,
                team=home.team,
                membership=home.membership,
                session=self.session,
                n=self.n,
                hub=self._shared.hub,
                connected=not self._resting,
                at=now,
                facts=facts,
                since_at=min(since_at, now) if since_at and not self._resting else None,
                idle_limit_s=today.idle_limit_s,
                today=self._today_in(home),
            )
        )

    def _today_in(self, home: Home) -> Today | None:
        """The workday, of this stay alone; of another it is forgotten, and so read again."""
        if self.today is not None and self.today.stay != home.membership:
            if self.today.stay < home.membership:
                self.today = None
            return None
        return self.today

    def _submit(self, epoch: int, first_seq: int, last_seq: int, events: list[Event], loss_reason: str) -> None:
        if self._shared.draining or epoch != self.epoch:
            return  # the agent sends it again, elsewhere or renumbered
        if last_seq > SEQ_MAX:
            raise BadFrame(Close.INVALID, "numbers beyond the protocol's")
        if self._in_flight >= CREDIT:
            raise BadFrame(Close.OVER_CREDIT, "over credit")
        self._in_flight += 1
        submission = Submission(
            device=self.device.id,
            person=self.device.person,
            session=self.session,
            epoch=epoch,
            first_seq=first_seq,
            last_seq=last_seq,
            events=events,
            loss_reason=loss_reason,
            kept_days=policies.of(self.device.person).activity_days,
        )
        self._shared.store.submit(submission).add_done_callback(functools.partial(self._answered, epoch))

    def _answered(self, epoch: int, done: "asyncio.Future[Outcome]") -> None:
        """An outcome speaks of the epoch that was submitted, which need not be the one that is in force by now."""
        self._in_flight -= 1
        if done.cancelled():
            return
        outcome = done.result()
        if (
            self._writer is None
            and epoch == self.epoch
            and outcome.acked
            and outcome == Outcome(acked=outcome.acked)
            and self.line.say(Ack(epoch=epoch, seq=outcome.acked))
        ):
            return  # nearly always: there is nothing else to say, and the agent reads
        self._outcomes.append((epoch, outcome))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Says what became of submissions, several at a time when there are several; lives until there is nothing left to say."""
        try:
            while self._outcomes and not self.line.closed:
                outcomes, self._outcomes = self._outcomes, []
                await self._say(outcomes)
        finally:
            self._writer = None

    async def _say(self, outcomes: list[tuple[int, Outcome]]) -> None:
        frames: list[FromHub] = []
        acked = 0
        for epoch, outcome in outcomes:
            if outcome.fenced:
                await self._shared.fenced(self)
                return
            if outcome.refused:
                await self.line.close(Close.UNAVAILABLE)
                return
            if epoch != self.epoch or outcome.other_epoch:
                continue
            if outcome.other_history:
                await self._renew(epoch)
                return
            frames += [
                Rejected(epoch=epoch, seq=receipt.seq, reason=receipt.reason, receipt=receipt.receipt)
                for receipt in outcome.receipts
            ]
            acked = max(acked, outcome.acked)
            if outcome.resend_from:
                frames.append(Resend(epoch=epoch, from_seq=outcome.resend_from))
        if acked:
            frames.append(Ack(epoch=self.epoch, seq=acked))
        await self.line.send(*frames)

    async def _renew(self, epoch: int) -> None:
        if epoch != self.epoch:
            return
        self._renewals += 1
        if self._renewals > RENEWALS_MAX:
            await self.line.close(Close.TOO_MANY)
            return
        try:
            admission = await renew(self.device.id, self.session, epoch)
        except EpochsExhausted:
            await self.line.close(Close.INVALID)
            return
        except DATABASE_AWAY:
            await self.line.close(Close.UNAVAILABLE)
            return
        if admission is None:
            await self._shared.fenced(self)
        else:
            await self.welcome(admission)
