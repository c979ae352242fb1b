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

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub.auth.enrolment import EnrolledDevice, devices_for_hello, note_version
from hub.auth.limits import Limits
from hub.database import DATABASE_AWAY, POOL_SIZE
from hub.live.admission import DeviceGone, EpochsExhausted, Standing, take_over, take_over_together
from hub.live.agents import DRAIN_RETRY_MS, Registry, drain
from hub.live.connection import AgentConnection, Shared
from hub.live.line import Line
from hub.live.publisher import Publisher
from hub.live.store import FLUSHERS, Store
from hub.live.together import Together
from hub.serving import protocol_of
from hub.settings import Settings
from hub.wire.agent import (
    HANDSHAKE_S,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Challenge,
    Hello,
    signed_bytes,
)
from hub.wire.closing import Close
from hub.wire.frames import BadFrame, hub_side
from hub.wire.policy import clean

INSTANCE_MAX = 64
VERSION_MAX = 50
ALONE_MAX = POOL_SIZE - FLUSHERS - 4
"""Devices that are taken over alone at a time. With a question each for those who come together, a storm of agents leaves connections for
commits, and two for people."""
CODECS = {name: hub_side(name) for name in (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)}
"""One for all connections: they keep nothing between calls."""

log = structlog.get_logger()


class Ingest:
    """Takes agent connections in, and lets go of them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        publisher: Publisher,
        hub: str,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self.registry = Registry(publisher)
        self.limits: Limits | None = None
        """Set by whoever has a Redis for it: how often one device may come."""
        self._find = Together(devices_for_hello)
        self._take_over_with_others = Together(take_over_together)
        self._alone = asyncio.Semaphore(ALONE_MAX)
        self.shared = Shared(hub, store, publisher, now or (lambda: datetime.now(UTC)), self.registry.fenced)

    async def drain(self, deadline_s: float) -> None:
        """Takes nothing more in, and tells all agents to come back later and elsewhere."""
        self.shared.draining = True
        await self.registry.drain(deadline_s)

    async def serve(self, socket: "WebSocket[Any, Any, Any]") -> None:
        """One agent connection, from accept to its end. The caller has checked its Origin."""
        offered = socket.scope.get("subprotocols", [])
        subprotocol = next((name for name in (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON) if name in offered), None)
        if subprotocol is None:
            await socket.close()
            return
        await socket.accept(subprotocols=subprotocol)
        line = Line(socket, CODECS[subprotocol])
        if self.shared.draining:  # accepted in the last moment: told so, or it would count as a failure of ours
            await line.send(drain(DRAIN_RETRY_MS))
            await line.close(Close.DRAINED)
            return
        try:
            connection = await self._admit(line)
        except (BadFrame, _Refused) as refusal:
            await line.close(refusal.code)
            return
        except WebSocketDisconnect:
            return
        finally:
            protocol_of(socket).has_arrived()
        log.debug("agent_admitted", session=connection.session)
        began = time.monotonic()
        try:
            while True:
                await connection.receive()
        except BadFrame as bad:
            await line.close(bad.code)
        except WebSocketDisconnect:
            pass
        finally:
            self._ended(connection)
            log.debug("agent_gone", seconds=round(time.monotonic() - began, 1), frames=line.frames)

    async def _admit(self, line: "Line") -> "AgentConnection":
        """The powerless phase: a challenge, one `hello`, and a verdict, all within the deadline."""
        heard = False
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                nonce = secrets.token_bytes(32)
                await line.send(Challenge(nonce=nonce))
                hello = await line.receive()
                heard = True
                if not isinstance(hello, Hello):
                    raise _Refused(Close.WRONG_PHASE)
                standing = Standing(
                    epoch=hello.epoch,
                    next_seq=hello.next_seq,
                    digest=hello.digest,
                    instance=clean(hello.instance, INSTANCE_MAX) or "",
                )
                version = clean(hello.version, VERSION_MAX)
                device = await self._identified(hello, nonce)
                standing = msgspec.structs.replace(standing, public_key=device.public_key)
                admission = await self._take_over_with_others((device.id, standing))
                if admission is None:
                    async with self._alone:
                        admission = await take_over(device.id, standing)
                if version and version != device.version:
                    async with self._alone:
                        await note_version(device.id, version)
        except EpochsExhausted:
            raise _Refused(Close.INVALID) from None
        except DeviceGone:
            raise _Refused(Close.UNKNOWN_DEVICE) from None
        except DATABASE_AWAY:
            # A deadline that passes after `hello` is the database's doing, not the peer's.
            raise _Refused(Close.UNAVAILABLE if heard else Close.HANDSHAKE_TIMEOUT) from None
        line.device = device.id
        structlog.contextvars.bind_contextvars(device=device.id)
        connection = AgentConnection(self.shared, line, device, standing.instance, admission)
        if hello.epoch == admission.epoch:
            connection.unsent = max(0, hello.next_seq - 1 - admission.acked)
        if not await self.registry.add(connection):
            raise _Refused(Close.DRAINED)
        await connection.welcome(admission)
        connection.publish_arrival()
        return connection

    async def _identified(self, hello: Hello, nonce: bytes) -> EnrolledDevice:
        device = await self._find(hello.device)
        if device is None:
            raise _Refused(Close.UNKNOWN_DEVICE)
        signed = signed_bytes(nonce, self._settings.origin, device.uid, hello.epoch, hello.next_seq)
        try:
            Ed25519PublicKey.from_public_bytes(device.public_key).verify(hello.signature, signed)
        except (InvalidSignature, ValueError):
            raise _Refused(Close.BAD_SIGNATURE) from None
        if device.revoked or not device.person_active:
            raise _Refused(Close.REVOKED)
        if device.suspended:
            raise _Refused(Close.SUSPENDED)
        if self.limits and await self.limits.arrives_too_often(device.id):
            raise _Refused(Close.TOO_MANY)
        return device

    def _ended(self, connection: "AgentConnection") -> None:
        self._store.forget(connection.device.id, connection.session)
        self.registry.remove(connection)


class _Refused(Exception):
    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code
