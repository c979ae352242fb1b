"""The feed of several processes, over one Redis or Valkey or a cluster of them. Twin of `memory.py`: both pass the same tests.

A team's keys and its channel share a hash tag, so that a script of one team runs on one server, and pub/sub is sharded. One server is a
cluster of one. Needs Redis 7 or Valkey.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from hub.feed import node, scripts
from hub.feed.contract import FEED_AWAY, Changed, Health, Lease, Lost
from hub.feed.leases import FORGET_S, Leases
from hub.feed.node import BEAT_S, COMMAND_S, Node, Place, Watching
from hub.feed.record import Change, Record, TeamRecords
from hub.settings import REDIS_NAME
from hub.tasks import end

START_S = 2.0
LEASE_KEYS = ["daylight:{hubs}:heard", "daylight:{hubs}:agents"]

log = structlog.get_logger()

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class RedisFeed:
    """The feed of several processes."""

    def __init__(self, url: str, hub: str) -> None:
        self.healthy = False
        self.agents = 0
        self.leases: dict[str, Lease] = {}
        self._hub = hub
        self._url = url
        self._seed = self._pool()
        self._nodes: dict[Place, Node] = {}
        self._by_slot: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._watched: set[int] = set()
        self._known_leases = Leases()
        self._leased = False
        self._began = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._watching = Watching(self._channels, self._changed, self._look, self._lost)

    async def start(self, on_change: Changed, on_health: Health, on_lost: Lost) -> None:
        self._on_change, self._on_health, self._on_lost = on_change, on_health, on_lost
        self._task = asyncio.create_task(self._tend(), name="feed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._began.wait()

    async def stop(self) -> None:
        if self._task:
            await end(self._task)
        self._on_change, self._on_health, self._on_lost = _ignore, _ignore, _ignore
        with contextlib.suppress(*FEED_AWAY):
            await self._call(scripts.RELEASE, LEASE_KEYS, [self._hub])
        await asyncio.gather(*(held.stop() for held in self._nodes.values()), *self._ending)
        with contextlib.suppress(*FEED_AWAY):
            async with asyncio.timeout(COMMAND_S):
                await self._seed.disconnect()

    async def publish(self, team: int, records: Iterable[Record]) -> str:
        newest: dict[int, Record] = {}
        for record in records:
            known = newest.get(record.device)
            if known is None or known.order < record.order:
                newest[record.device] = record
        arguments: list[bytes | str] = []
        for record in newest.values():
            arguments += (str(record.device), scripts.order(record.order), _encode(record))
        epoch: bytes = await self._call_team(scripts.PUBLISH, team, arguments)
        return self._counted(team, epoch)

    async def remove(self, team: int, devices: Mapping[int, int]) -> None:
        arguments: list[bytes | str] = []
        for device, lowest in devices.items():
            arguments += (str(device), f"{lowest:0{scripts.MEMBERSHIP_DIGITS}d}")
        await self._call_team(scripts.REMOVE, team, arguments)

    async def watch(self, team: int) -> None:
        self._watched.add(team)
        await self._owner(_channel(team)).subscribe(_channel(team))

    async def unwatch(self, team: int) -> None:
        self._watched.discard(team)
        await self._owner(_channel(team)).unsubscribe(_channel(team))

    async def snapshot(self, team: int) -> TeamRecords:
        epoch, rev, kept = await self._call_team(scripts.SNAPSHOT, team, [])
        return TeamRecords(
            self._counted(team, epoch), rev, [_decode(memoryview(one)[scripts.ORDER_DIGITS :]) for one in kept]
        )

    def _counted(self, team: int, epoch: bytes) -> str:
        told = epoch.decode()
        with contextlib.suppress(*FEED_AWAY):
            self._owner(_channel(team)).counts_in(team, told)
        return told

    async def _call_team(self, script: str, team: int, arguments: list[bytes | str]) -> Any:
        keys = [f"daylight:{{{team}}}:{part}" for part in ("head", "records", "left")]
        return await self._call(script, keys, [_channel(team), str(team), *arguments])

    async def _call(self, script: str, keys: list[str], arguments: list[bytes | str]) -> Any:
        """Runs a script on the server that owns its keys: at once or not at all when that one is known to be away."""
        owner = self._owner(keys[0].encode())
        if not owner.reachable:
            raise redis.ConnectionError("the feed is away")
        return await self._run(owner, script, keys, arguments)

    async def _run(self, owner: Node, script: str, keys: list[str], arguments: list[bytes | str]) -> Any:
        try:
            async with asyncio.timeout(COMMAND_S):
                return await owner.scripts[script](keys=keys, args=arguments)
        except FEED_AWAY as error:
            if node.moved(error):
                owner.fail()
            raise

    def _owner(self, key: bytes) -> Node:
        owner = self._by_slot[key_slot(key)]
        if owner is None:
            raise redis.ConnectionError("the feed is away")
        return owner

    def _channels(self, place: Place) -> list[bytes]:
        return [channel for team in self._watched if place.owns(key_slot(channel := _channel(team)))]

    async def _tend(self) -> None:
        """Finds the servers whenever anything is wrong with them, and renews our lease."""
        while True:
            try:
                if not self.healthy:
                    await self._discover()
                await self._lease()
            except Exception:
                log.exception("feed_failed")  # and without this loop nothing would come back
            await asyncio.sleep(BEAT_S)

    async def _discover(self) -> None:
        """Asks for the primaries: those we know and can reach first, then where the URL says, then the rest."""
        known = sorted(self._nodes.values(), key=lambda held: not held.reachable)
        asked = [(held.pool, held.place.host) for held in known if held.reachable and held.place.host]
        asked.append((self._seed, self._seed.connection_kwargs.get("host", "")))
        asked += [(held.pool, held.place.host) for held in known if not held.reachable and held.place.host]
        for pool, host in asked:
            with contextlib.suppress(*FEED_AWAY, ValueError):
                self._arrange(await node.places(pool, host))
                return

    def _arrange(self, found: list[Place]) -> None:
        first = not self._nodes
        kept = {place: self._nodes.pop(place, None) for place in found}
        gone, self._nodes = self._nodes, {}
        for held in gone.values():
            task = asyncio.create_task(held.stop())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._by_slot = [None] * REDIS_CLUSTER_HASH_SLOTS
        for place, known in kept.items():
            # A server that takes another's place has to be asked what it holds.
            owner = known or Node(self._pool(place), place, self._hub, self._watching, known=not first)
            self._nodes[place] = owner
            for low, high in place.slots:
                self._by_slot[low : high + 1] = [owner] * (high + 1 - low)
        self._look()

    def _pool(self, place: Place | None = None) -> redis.ConnectionPool:
        # No retries inside the client: the feed's own supervision decides, and answers are wanted soon or not at all.
        # Nor its own time limits on sockets: on Python 3.11 its `wait_for` swallows cancellations, and every call here has a deadline.
        pool = redis.ConnectionPool.from_url(
            self._url,
            socket_timeout=None,
            socket_connect_timeout=COMMAND_S,
            retry=Retry(NoBackoff(), 0),
            client_name=REDIS_NAME,
        )
        if place is not None and place.host:
            pool.connection_kwargs |= {"host": place.host, "port": place.port}
        return pool

    async def _lease(self) -> None:
        try:
            owner = self._owner(LEASE_KEYS[0].encode())
            forget_ms = str(int(FORGET_S * 1000))
            told = await self._run(owner, scripts.LEASE, LEASE_KEYS, [self._hub, str(self.agents), forget_ms])
        except FEED_AWAY:
            return
        leases = (
            (hub.decode(), Lease(agents, silent_ms / 1000))
            for hub, agents, silent_ms in zip(told[::3], told[1::3], told[2::3], strict=True)
        )
        self.leases = self._known_leases.told(leases, asyncio.get_running_loop().time())
        self._leased = True
        self._look()

    def _changed(self, change: Change) -> None:
        self._on_change(change)

    def _lost(self) -> None:
        self._on_lost()

    def _look(self) -> None:
        """Well is: every slot has a server, each brings our beats, and the leases were read since."""
        nodes_well = None not in self._by_slot and all(held.well for held in self._nodes.values())
        if self.healthy and not nodes_well:
            self._leased = False
        healthy = nodes_well and self._leased
        if healthy != self.healthy:
            self.healthy = healthy
            self._on_health(healthy)
        if healthy:
            self._began.set()


def _ignore(_: object = None) -> None: ...


def _channel(team: int) -> bytes:
    return f"daylight:{{{team}}}".encode()
