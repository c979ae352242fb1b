"""The agent socket. Before `hello` is answered a connection can do nothing; after it, frames become presence and submissions.

One task a connection, always reading: what it reads is decoded, permitted again, published (presence) or queued in the store (events), and
never waits for the disk. Answers are written by a task that lives only while there is something to say. A frame that is wrong closes its
own connection with a code of its own, and concerns nobody else.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from msgspec import structs

from hub import policies
from hub.auth.enrolment import EnrolledDevice, device_for_hello
from hub.errors import DaylightError
from hub.feed import Record
from hub.live import agents
from hub.live.admission import Admission, Standing, renew, take_over
from hub.live.figures import FIGURES
from hub.live.publisher import Publisher
from hub.live.store import Outcome, Store, Submission
from hub.serving import abort
from hub.settings import Settings
from hub.wire.activity import Facts
from hub.wire.agent import (
    HANDSHAKE_S,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Ack,
    Batch,
    Challenge,
    FromAgent,
    FromHub,
    Heartbeat,
    Hello,
    Loss,
    Presence,
    Rejected,
    Renew,
    Resend,
    Welcome,
    signed_bytes,
)
from hub.wire.closing import Close
from hub.wire.events import Event
from hub.wire.frames import BadFrame, Codec, hub_side
from hub.wire.policy import Policy, clean, permit, permit_facts, stricter

CREDIT = 4
"""Unacked frames of one device: 2,000 events, or half an hour of backlog in one round trip."""
SEND_S = 10.0
TOO_LARGE = 1009
INSTANCE_MAX = 64
RENEWALS_MAX = 3
"""Of one connection. More is a fault of the agent, and would be a way to make the hub work."""

log = structlog.get_logger()


class Ingest:
    """What all agent connections of this process share."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        publisher: Publisher,
        hub: str,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.publisher = publisher
        self.hub = hub
        self.now = now or (lambda: datetime.now(UTC))
        self.registry = agents.Registry(publisher)
        self.teams: dict[int, int] = {}
        """Home team of each person; kept fresh by the view's directory."""

    async def serve(self, socket: "WebSocket[Any, Any, Any]") -> None:
        """One agent connection, from accept to its end. The caller has checked its Origin."""
        offered = socket.scope.get("subprotocols", [])
        subprotocol = next((name for name in (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON) if name in offered), None)
        if subprotocol is None or self.registry.draining:
            await socket.close()
            return
        await socket.accept(subprotocols=subprotocol)
        line = Line(socket, hub_side(subprotocol))
        try:
            connection = await self._admit(line)
        except (BadFrame, _Refused) as refusal:
            await self._refuse(line, refusal.code, None)
            return
        except WebSocketDisconnect:
            return
        try:
            while True:
                await connection.receive()
        except BadFrame as bad:
            await self._refuse(line, bad.code, connection.device.id)
        except WebSocketDisconnect:
            pass
        finally:
            self._ended(connection)

    async def _admit(self, line: "Line") -> "AgentConnection":
        """The powerless phase: a challenge, one `hello`, and a verdict, all within the deadline."""
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                nonce = secrets.token_bytes(32)
                await line.send(Challenge(nonce=nonce))
                hello = await line.receive()
                if not isinstance(hello, Hello):
                    raise _Refused(Close.WRONG_PHASE)
                device = await self._identified(hello, nonce)
                standing = Standing(
                    epoch=hello.epoch,
                    next_seq=hello.next_seq,
                    digest=hello.digest,
                    instance=clean(hello.instance, INSTANCE_MAX) or "",
                )
                admission = await take_over(device.id, standing)
        except TimeoutError:
            raise _Refused(Close.HANDSHAKE_TIMEOUT) from None
        except (DaylightError, OSError, *agents.DATABASE_AWAY) as error:
            log.warning("hello_unavailable", error=type(error).__name__)
            raise _Refused(Close.UNAVAILABLE) from None
        connection = AgentConnection(self, line, device, hello, admission)
        await self.registry.add(connection)
        await connection.welcome(admission)
        connection.publish_arrival()
        return connection

    async def _identified(self, hello: Hello, nonce: bytes) -> EnrolledDevice:
        device = await device_for_hello(hello.device)
        if device is None:
            raise _Refused(Close.UNKNOWN_DEVICE)
        signed = signed_bytes(nonce, self.settings.origin, device.uid, hello.epoch, hello.next_seq)
        try:
            Ed25519PublicKey.from_public_bytes(device.public_key).verify(hello.signature, signed)
        except (InvalidSignature, ValueError):
            raise _Refused(Close.BAD_SIGNATURE) from None
        if device.revoked or not device.person_active:
            raise _Refused(Close.REVOKED)
        if device.suspended:
            raise _Refused(Close.SUSPENDED)
        return device

    async def _refuse(self, line: "Line", code: Close, device: int | None) -> None:
        FIGURES.refused[code.name.lower()] += 1
        log.warning("agent_refused", reason=code.name.lower(), device=device)
        await line.close(code)

    def _ended(self, connection: "AgentConnection") -> None:
        self.store.forget(connection.device.id, connection.session)
        self.registry.remove(connection)


class Line:
    """A socket with its codec: frames in and out, every send under a deadline. A peer that does not read is cut off."""

    __slots__ = ("_codec", "_socket", "closed", "heard_at")

    def __init__(self, socket: "WebSocket[Any, Any, Any]", codec: "Codec[FromAgent]") -> None:
        self._socket = socket
        self._codec = codec
        self.closed = False
        self.heard_at = time.monotonic()

    async def receive(self) -> FromAgent:
        """The next frame. Raises `BadFrame`, or `WebSocketDisconnect` at the end."""
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            self.closed = True
            if message.get("code") == TOO_LARGE:  # the websocket layer closed it: a frame over FRAME_MAX_BYTES
                FIGURES.refused["too_large"] += 1
                log.warning("agent_refused", reason="too_large", device=None)
            raise WebSocketDisconnect(code=1005, detail="gone")
        self.heard_at = time.monotonic()
        text, data = message.get("text"), message.get("bytes")
        if (text is not None) != self._codec.text:
            raise BadFrame(Close.MALFORMED, "not the frame type of the subprotocol")
        return self._codec.decode(text if text is not None else data or b"")

    async def send(self, *frames: FromHub) -> None:
        """Sends, or cuts the peer off when it does not read. Never raises for a peer that has gone."""
        try:
            async with asyncio.timeout(SEND_S):
                for frame in frames:
                    if self.closed:
                        return
                    data = self._codec.encode(frame)
                    if self._codec.text:
                        await self._socket.send({"type": "websocket.send", "text": data.decode(), "bytes": None})
                    else:
                        await self._socket.send({"type": "websocket.send", "bytes": data, "text": None})
        except TimeoutError:
            FIGURES.refused["too_slow"] += 1
            log.warning("agent_refused", reason="too_slow", device=None)
            self.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            self.closed = True

    async def close(self, code: Close) -> None:
        if self.closed:
            return
        self.closed = True
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.close(code=code, reason=code.name.lower())
        except TimeoutError:
            self.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass

    def cut(self) -> None:
        """Ends the connection without a word: the peer would not read one."""
        self.closed = True
        abort(self._socket)


class AgentConnection:
    """One admitted device. Made only by `Ingest._admit`."""

    __slots__ = (
        "_in_flight",
        "_ingest",
        "_outcomes",
        "_renewals",
        "_writer",
        "device",
        "epoch",
        "instance",
        "line",
        "n",
        "session",
    )

    def __init__(self, ingest: Ingest, line: Line, device: EnrolledDevice, hello: Hello, admission: Admission) -> None:
        self._ingest = ingest
        self.line = line
        self.device = device
        self.instance = clean(hello.instance, INSTANCE_MAX) or ""
        self.session = admission.session
        self.epoch = admission.epoch
        self.n = 0
        self._in_flight = 0
        self._renewals = 0
        self._outcomes: list[tuple[int, Outcome]] = []
        self._writer: asyncio.Task[None] | None = None

    async def welcome(self, admission: Admission) -> None:
        self.epoch = admission.epoch
        await self.line.send(
            Welcome(
                session=admission.session,
                epoch=admission.epoch,
                acked=admission.acked,
                digest=admission.digest,
                hub_at=self._ingest.now(),
                credit=CREDIT,
                policy=policies.in_force(),
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
                self._publish(frame)
            case Heartbeat():
                await self.line.send(Heartbeat(hub_at=self._ingest.now(), sent=frame.sent))
            case Loss():
                if frame.to_seq < frame.from_seq:
                    raise BadFrame(Close.INVALID, "a loss that ends before it starts")
                self._submit(frame.epoch, frame.from_seq, frame.to_seq, [], frame.reason or "unknown")
            case Renew():
                await self._renew(frame.epoch)
            case _:
                raise BadFrame(Close.WRONG_PHASE, "a second hello")

    def publish_arrival(self) -> None:
        """Shows the device as connected before its first presence; what was known of it stays."""
        known = self._ingest.publisher.latest(self.device.id)
        facts, since_at = (known.facts, known.since_at) if known else (Facts(), None)
        version = policies.in_force().version
        self._publish(Presence(n=0, at=self._ingest.now(), policy=version, facts=facts, since_at=since_at))

    async def move(self) -> None:
        """The person is in another team now: the record goes with them."""
        record = self._ingest.publisher.latest(self.device.id)
        team = self._ingest.teams.get(self.device.person)
        if record is not None and team is not None and team != record.team:
            self.n += 1
            moved = structs.replace(record, team=team, session=self.session, n=self.n)
            await self._ingest.publisher.move(moved, record.team)

    def departed(self) -> Record | None:
        """The record that says that the device is gone; `None` when it never had one."""
        record = self._ingest.publisher.latest(self.device.id)
        if record is None or record.session != self.session:
            return None
        self.n += 1
        return structs.replace(record, session=self.session, n=self.n, connected=False, at=self._ingest.now())

    @property
    def busy(self) -> bool:
        """Whether something that was received has not been answered."""
        return self._in_flight > 0 or self._writer is not None

    def _permitted(self, events: list[Event]) -> list[Event]:
        """Strips what the capture policy or today's forbids, whichever is stricter, event by event."""
        today = policies.in_force()
        known: dict[int, Policy] = {}
        permitted = []
        for event in events:
            policy = known.get(event.policy)
            if policy is None:
                policy = known[event.policy] = stricter(today, policies.by_version(event.policy))
            permitted.append(permit(event, policy))
        return permitted

    def _publish(self, frame: Presence) -> None:
        team = self._ingest.teams.get(self.device.person, self.device.team)
        if team is None:
            return
        today = policies.in_force()
        # Hub-side numbers: an agent's own may restart with a new session, and ours order what this connection said.
        self.n += 1
        now = self._ingest.now()
        facts = permit_facts(frame.facts, stricter(today, policies.by_version(frame.policy)))
        if facts.last_input_at and facts.last_input_at > now:
            facts = structs.replace(facts, last_input_at=now)  # a clock that is ahead must not keep anybody active
        self._ingest.publisher.publish(
            Record(
                device=self.device.id,
                person=self.device.person,
                team=team,
                session=self.session,
                n=self.n,
                hub=self._ingest.hub,
                connected=True,
                at=now,
                facts=facts,
                since_at=min(frame.since_at, now) if frame.since_at else None,
                idle_limit_s=today.idle_limit_s,
            )
        )

    def _submit(self, epoch: int, first_seq: int, last_seq: int, events: list[Event], loss_reason: str) -> None:
        if self._ingest.registry.draining or epoch != self.epoch:
            return  # the agent sends it again, elsewhere or renumbered
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
        )
        self._ingest.store.submit(submission).add_done_callback(self._answered)

    def _answered(self, done: "asyncio.Future[Outcome]") -> None:
        self._in_flight -= 1
        if done.cancelled():
            return
        self._outcomes.append((self.epoch, done.result()))
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
                await self._ingest.registry.fenced(self)
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
        except (DaylightError, OSError, TimeoutError, *agents.DATABASE_AWAY):
            await self.line.close(Close.UNAVAILABLE)
            return
        if admission is None:
            await self._ingest.registry.fenced(self)
        else:
            await self.welcome(admission)


class _Refused(Exception):
    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code
