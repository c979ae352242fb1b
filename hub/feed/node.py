"""One server of the feed: its commands, and the connection that listens to it. `redis.py` keeps one for each primary of a cluster.

The client library gives no error while a server is frozen, resubscribes silently after a loss, and knows no sharded pub/sub on a
cluster: so the connection that listens is a bare one, and we beat to ourselves through it. Three beats missed, or anything else that
is not right, and it begins anew. Nothing here waits without a deadline.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
import redis.asyncio as redis
import structlog
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, TryAgainError

from hub.feed import scripts
from hub.feed.contract import FEED_AWAY
from hub.feed.record import Change
from hub.figures import FIGURES
from hub.tasks import end

BEAT_S = 0.5
MISSED_BEATS = 3
COMMAND_S = 2.0
AGAIN_S = 0.3
REFILL_S = 1.5
"""After a server has lost what it held it is not vouched for so long: every process notices within a beat, and publishes again."""
MARK_S = 60.0

log = structlog.get_logger()

_changes: msgspec.msgpack.Decoder[Change] = msgspec.msgpack.Decoder(Change)


class Place(NamedTuple):
    """A primary: where it is (nowhere: where the URL says), and the slots it owns, as ranges that include both ends."""

    host: str
    port: int
    slots: tuple[tuple[int, int], ...]

    def owns(self, slot: int) -> bool:
        return any(first <= slot <= last for first, last in self.slots)


ALL_SLOTS = ((0, REDIS_CLUSTER_HASH_SLOTS - 1),)


class Watching(NamedTuple):
    """What a node asks and tells the feed."""

    channels: Callable[[Place], Iterable[bytes]]
    """Channels that are watched there now."""
    changed: Callable[[Change], None]
    looked: Callable[[], None]
    """`well` may have changed."""
    lost: Callable[[], None]


class Node:
    """One primary. `well` when our beats come back and it holds what we gave it; `reachable` when commands are worth sending."""

    def __init__(self, pool: redis.ConnectionPool, place: Place, hub: str, watching: Watching, *, known: bool) -> None:
        self.place = place
        client: Any = redis.Redis(connection_pool=pool)
        self.well = False
        self.reachable = False
        self.pool = pool
        self._watching = watching
        tag = _tag(place)
        self._beats = f"daylight:beat:{{{tag}}}:{hub}:{secrets.token_hex(4)}".encode()
        self._mark = f"daylight:mark:{{{tag}}}:{hub}"
        self.scripts = {script: client.register_script(script) for script in scripts.ALL}
        self._epochs: dict[int, str] = {}
        """What each team counted in last."""
        self._known = known
        """Whether it should hold a mark of ours; the first time it can't."""
        self._connection: Any = None
        self._subscribed: dict[bytes, asyncio.Future[bool]] = {}
        self._leaving: Counter[bytes] = Counter()
        self._asked_at = self._heard_at = 0.0
        self._heard = self._confirmed = False
        self._well_from = 0.0
        self._task = asyncio.create_task(self._run(), name="feed-node")

    async def stop(self) -> None:
        await end(self._task)
        with contextlib.suppress(*FEED_AWAY):
            async with asyncio.timeout(COMMAND_S):
                await self.pool.disconnect()

    def fail(self) -> None:
        """It is not what we thought: begins anew."""
        if self._connection is not None:
            self._unwell()
            self._connection.disconnect_soon()

    def counts_in(self, team: int, epoch: str) -> None:
        """Takes the epoch of a team. Another one than before says, sooner than a beat, that what it holds is not whole."""
        if self._epochs.get(team, epoch) != epoch:
            self._forgot()
        self._epochs[team] = epoch

    async def subscribe(self, *channels: bytes) -> None:
        """Returns once all are confirmed. Raises `FEED_AWAY`."""
        connection = self._connection
        if connection is None:
            raise redis.ConnectionError("the feed is away")
        async with asyncio.timeout(COMMAND_S):
            for channel in channels:
                if channel not in self._subscribed:
                    self._subscribed[channel] = asyncio.get_running_loop().create_future()
                    await connection.send_command("SSUBSCRIBE", channel)
        waiting = [self._subscribed[channel] for channel in channels if channel in self._subscribed]
        done, late = await asyncio.wait(waiting, timeout=COMMAND_S) if waiting else (set(), set())
        if late or len(done) < len(set(channels)) or not all(future.result() for future in done):
            raise redis.ConnectionError("the feed went away")

    async def unsubscribe(self, channel: bytes) -> None:
        subscribed = self._subscribed.pop(channel, None)
        if subscribed is None:
            return
        if not subscribed.done():
            subscribed.set_result(False)  # who still waits for it hears nothing else
        if self._connection is not None:
            self._leaving[channel] += 1
            async with asyncio.timeout(COMMAND_S):
                await self._connection.send_command("SUNSUBSCRIBE", channel)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except FEED_AWAY as error:
                log.warning("feed_lost", error=type(error).__name__, port=self.place.port)
            except Exception:
                log.exception("feed_failed", port=self.place.port)
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        connection = _Listening(self.pool)
        joining: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(COMMAND_S):
                await connection.connect()
            self._heard_at = asyncio.get_running_loop().time()
            self._connection = connection
            joining = asyncio.create_task(self._join())
            joining.add_done_callback(lambda _: connection.disconnect_soon())  # and then who reads gets an error
            await self._read(connection)
        finally:
            if joining:
                joining.cancel()
            self._connection = None
            self._heard = self._confirmed = False
            for future in self._subscribed.values():
                if not future.done():
                    future.set_result(False)
            self._subscribed.clear()
            self._leaving.clear()
            self._unwell()
            connection.disconnect_soon()

    async def _join(self) -> None:
        """Subscribes to what is watched, then beats for as long as the connection lives."""
        with contextlib.suppress(*FEED_AWAY):
            await self.subscribe(self._beats, *self._watching.channels(self.place))
            self.reachable = True
        while self.reachable:
            with contextlib.suppress(*FEED_AWAY):  # missing beats say it
                await self._beat()
            await asyncio.sleep(BEAT_S)

    async def _beat(self) -> None:
        self._asked_at = asyncio.get_running_loop().time()
        async with asyncio.timeout(COMMAND_S):
            kept = await self.scripts[scripts.BEAT](keys=[self._mark], args=[self._beats, int(MARK_S * 1000)])
        self._confirmed = True
        if not kept and self._known:
            self._forgot()
        self._known = True
        self._look()

    def _forgot(self) -> None:
        """It has lost what it held: not vouched for until every process has noticed, and published again."""
        self._well_from = asyncio.get_running_loop().time() + REFILL_S
        self._epochs.clear()
        log.warning("feed_forgot", port=self.place.port)
        self.well = False
        self._watching.looked()
        self._watching.lost()

    async def _read(self, connection: "_Listening") -> None:
        while True:
            async with asyncio.timeout_at(self._heard_at + BEAT_S * MISSED_BEATS):
                kind, channel, message = await connection.read()
            if kind == b"smessage" and channel == self._beats:
                self._heard_at = asyncio.get_running_loop().time()
                FIGURES.feed_lag_s = self._heard_at - self._asked_at
                self._heard = True
                self._look()
            elif kind == b"smessage":
                self._tell(message)
            elif kind == b"ssubscribe":
                if (future := self._subscribed.get(channel)) and not future.done():
                    future.set_result(True)
            elif kind == b"sunsubscribe" and not self._left(channel):
                raise redis.ConnectionError("a slot has moved")

    def _tell(self, message: bytes) -> None:
        try:
            change = _changes.decode(message)
        except msgspec.MsgspecError:
            log.warning("feed_unreadable")  # the next change shows the gap
            return
        self.counts_in(change.team, change.epoch)
        self._watching.changed(change)

    def _left(self, channel: bytes) -> bool:
        """Whether we asked for the end of a subscription; the server ends those of a slot that it no longer owns."""
        if self._leaving[channel] <= 0:
            return False
        self._leaving[channel] -= 1
        return True

    def _look(self) -> None:
        if self._heard and self._confirmed and not self.well:
            self.well = asyncio.get_running_loop().time() >= self._well_from
            if self.well:
                self._watching.looked()

    def _unwell(self) -> None:
        self.well = self.reachable = False
        self._watching.looked()


class _Listening:
    """A bare connection. Its only reader has its own deadline, so that it has none itself."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._connection: Any = pool.connection_class(**pool.connection_kwargs)

    async def connect(self) -> None:
        await self._connection.connect()

    async def send_command(self, *parts: str | bytes) -> None:
        await self._connection.send_command(*parts, check_health=False)

    async def read(self) -> tuple[bytes, bytes, bytes]:
        kind, channel, message = await self._connection.read_response()
        return kind, channel, message

    def disconnect_soon(self) -> None:
        """Ends it now, without waiting for the peer: who reads gets an error."""
        writer = self._connection._writer
        if writer is not None and writer.transport is not None:
            writer.transport.abort()


async def places(pool: redis.ConnectionPool, host: str) -> list[Place]:
    """The primaries, as the server behind `pool` knows them. `host` is where it was asked. Raises `FEED_AWAY`."""
    client: Any = redis.Redis(connection_pool=pool)
    async with asyncio.timeout(COMMAND_S):
        if not (await client.info("cluster")).get("cluster_enabled"):
            return [Place("", 0, ALL_SLOTS)]
        # Asked for as an unknown command, so that the answer comes as it is.
        connection: Any = await pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_command("CLUSTER", "SLOTS")
            rows = await connection.read_response()
        finally:
            await pool.release(connection)
    slots: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for first, last, primary, *_ in rows:
        named = primary[0].decode() if primary[0] else host
        slots.setdefault((named, int(primary[1])), []).append((int(first), int(last)))
    return [Place(*address, tuple(sorted(ranges))) for address, ranges in sorted(slots.items())]


def moved(error: Exception) -> bool:
    """Whether a command's error says that the cluster is not as we know it: a slot has moved (that is an `AskError` too) or is moving."""
    return isinstance(error, AskError | TryAgainError | ClusterDownError)


def _tag(place: Place) -> str:
    """A hash tag that lies on this primary: found by trying, within a few times as many as there are slots for each that it owns."""
    number = 0
    while not place.owns(key_slot(str(number).encode())):
        number += 1
    return str(number)
