"""The feed of several processes, over one Redis or Valkey. Twin of `memory.py`: both pass the same tests."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from hub.feed.contract import Changed, Health
from hub.feed.record import Record

BEAT_S = 0.5
MISSED_BEATS = 3
"""Redis can be frozen without an error on any connection: a process that misses three of its own beats calls the feed away."""
LEASE_S = 5.0
"""A hub that has not renewed for this long is not heard: what it published counts as unknown."""
COMMAND_S = 2.0

log = structlog.get_logger()

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)

# KEYS: records, order. ARGV: channel, then triples device, order, record. Order is fixed-width digits, so it compares as text.
_PUBLISH = """
for i = 2, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[2], ARGV[i])
  if not known or known < ARGV[i + 1] then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    redis.call('PUBLISH', ARGV[1], ARGV[i + 2])
  end
end
"""


class RedisFeed:
    """The feed of several processes, over one Redis or Valkey."""

    def __init__(self, url: str, hub: str) -> None:
        self.healthy = False
        self._hub = hub
        self._beats = f"daylight:beat:{hub}:{secrets.token_hex(4)}"
        # No retries inside the client: the feed's own supervision decides, and answers are wanted soon or not at all.
        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=COMMAND_S, socket_connect_timeout=COMMAND_S, retry=None, health_check_interval=0
        )
        self._publish = self._redis.register_script(_PUBLISH)
        self._pubsub: Any = None
        self._watched: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = 0.0
        self._on_change: Changed = lambda record: None
        self._on_health: Health = lambda healthy: None

    async def start(self, on_change: Changed, on_health: Health) -> None:
        self._on_change, self._on_health = on_change, on_health
        self._tasks = [
            asyncio.create_task(self._supervise(), name="feed-reader"),
            asyncio.create_task(self._beat(), name="feed-beat"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await asyncio.wait_for(self._redis.delete(f"daylight:hub:{self._hub}"), COMMAND_S)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await asyncio.wait_for(self._redis.aclose(), COMMAND_S)

    async def publish(self, records: Iterable[Record]) -> None:
        by_team: dict[int, list[bytes | str]] = {}
        for record in records:
            order = f"{record.session:020d}{record.n:020d}"
            by_team.setdefault(record.team, []).extend((str(record.device), order, _encode(record)))
        async with asyncio.timeout(COMMAND_S):
            for team, arguments in by_team.items():
                keys = [f"daylight:{{{team}}}:records", f"daylight:{{{team}}}:order"]
                await self._publish(keys=keys, args=[_channel(team), *arguments])

    async def remove(self, team: int, device: int) -> None:
        async with asyncio.timeout(COMMAND_S):
            await self._redis.hdel(f"daylight:{{{team}}}:records", str(device))
            await self._redis.hdel(f"daylight:{{{team}}}:order", str(device))

    async def watch(self, team: int) -> None:
        self._watched.add(team)
        if self._pubsub is not None:
            await self._pubsub.subscribe(_channel(team))

    async def unwatch(self, team: int) -> None:
        self._watched.discard(team)
        if self._pubsub is not None:
            await self._pubsub.unsubscribe(_channel(team))

    async def snapshot(self, team: int) -> list[Record]:
        async with asyncio.timeout(COMMAND_S):
            raw = await self._redis.hvals(f"daylight:{{{team}}}:records")
        return [_decoder.decode(record) for record in raw]

    async def hubs_heard(self, hubs: Iterable[str]) -> set[str]:
        wanted = list(hubs)
        if not wanted:
            return set()
        async with asyncio.timeout(COMMAND_S):
            leases = await self._redis.mget([f"daylight:hub:{hub}" for hub in wanted])
        return {hub for hub, lease in zip(wanted, leases, strict=True) if lease is not None}

    async def _beat(self) -> None:
        """Renews the lease and beats to ourselves through the same subscription that brings the changes."""
        while True:
            try:
                async with asyncio.timeout(COMMAND_S):
                    await self._redis.set(f"daylight:hub:{self._hub}", "1", px=int(LEASE_S * 1000))
                    await self._redis.publish(self._beats, "")
            except (RedisError, OSError, TimeoutError):
                pass  # missing beats say it
            if self.healthy and time.monotonic() - self._heard_at > BEAT_S * MISSED_BEATS:
                self._is(False)
                if self._pubsub is not None:
                    # Wakes the reader from a connection that will never speak again.
                    await self._pubsub.connection.disconnect(nowait=True)
            await asyncio.sleep(BEAT_S)

    async def _supervise(self) -> None:
        while True:
            try:
                await self._read()
            except (RedisError, OSError, TimeoutError, AttributeError, msgspec.MsgspecError) as error:
                log.warning("feed_lost", error=type(error).__name__)
            self._is(False)
            await asyncio.sleep(BEAT_S)

    async def _read(self) -> None:
        pubsub = self._redis.pubsub()
        try:
            async with asyncio.timeout(COMMAND_S):
                await pubsub.subscribe(self._beats, *(_channel(team) for team in self._watched))
            self._pubsub = pubsub
            self._heard_at = time.monotonic()
            while True:
                message = await pubsub.get_message(timeout=BEAT_S)
                if message is None:
                    if time.monotonic() - self._heard_at > BEAT_S * MISSED_BEATS:
                        return
                    continue
                if message["type"] != "message":
                    continue
                if message["channel"] == self._beats.encode():
                    self._heard_at = time.monotonic()
                    self._is(True)
                else:
                    self._on_change(_decoder.decode(message["data"]))
        finally:
            self._pubsub = None
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(COMMAND_S):
                    await pubsub.aclose()

    def _is(self, healthy: bool) -> None:
        if healthy != self.healthy:
            self.healthy = healthy
            self._on_health(healthy)


def _channel(team: int) -> str:
    return f"daylight:{{{team}}}:presence"
