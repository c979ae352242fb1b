"""How often somebody may try: sign-ins by address and by mail, enrolment codes by address. Counted atomically in Redis.

Fails closed: while Redis can't count, nobody tries (503). Addresses are counted by network, mail addresses by their hash.
"""

import contextlib
import hashlib
import ipaddress
import time
from collections.abc import Iterator

import redis.asyncio
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from hub.errors import TooMany, Unavailable

SIGN_INS_BY_ADDRESS = RateLimitItemPerMinute(300, 5)
"""An office of 300 people behind one address signs in within five minutes; a guesser costs us one core's tenth at 0.1 s a try."""
SIGN_INS_BY_MAIL = RateLimitItemPerMinute(10, 15)
"""960 guesses a day at one person's password. A success sets the count back."""
WRONG_CODES_BY_ADDRESS = RateLimitItemPerMinute(20, 10)
"""See `enrolment.CODE_CHARACTERS` for what that leaves to a guesser."""
IPV6_PREFIX = 64
"""One customer has at least this much: counting single addresses would count nothing."""


class Limits:
    """The limits of one deployment; every hub process counts in the same Redis."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        by_address: RateLimitItem = SIGN_INS_BY_ADDRESS,
        by_mail: RateLimitItem = SIGN_INS_BY_MAIL,
        wrong_codes: RateLimitItem = WRONG_CODES_BY_ADDRESS,
    ) -> None:
        storage = RedisStorage(
            "async+redis://",  # the scheme only: connections come from the client's pool
            implementation="redispy",
            key_prefix="daylight:limit",
            connection_pool=client.connection_pool,  # type: ignore[arg-type]
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._by_address = by_address
        self._by_mail = by_mail
        self._wrong_codes = wrong_codes

    async def count_sign_in(self, address: str, email: str) -> None:
        """Counts a try before it is made. Raises `TooMany`, or `Unavailable` when it can't be counted."""
        with _counting():
            await self._count(self._by_address, "sign-in", network_of(address))
            await self._count(self._by_mail, "sign-in-mail", _hashed(email))

    async def forgive(self, email: str) -> None:
        """Sets the count of a mail address back after a success."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._limiter.clear(self._by_mail, "sign-in-mail", _hashed(email))

    async def require_code_tries_left(self, address: str) -> None:
        """Raises `TooMany` after too many wrong codes from there, or `Unavailable` when they can't be counted."""
        with _counting():
            if not await self._limiter.test(self._wrong_codes, "code", network_of(address)):
                raise await self._too_many(self._wrong_codes, "code", network_of(address))

    async def count_wrong_code(self, address: str) -> None:
        """Counts a wrong code. Raises `TooMany` for one beyond the limit, or `Unavailable` when it can't be counted."""
        with _counting():
            await self._count(self._wrong_codes, "code", network_of(address))

    async def _count(self, item: RateLimitItem, *key: str) -> None:
        if not await self._limiter.hit(item, *key):
            raise await self._too_many(item, *key)

    async def _too_many(self, item: RateLimitItem, *key: str) -> TooMany:
        stats = await self._limiter.get_window_stats(item, *key)
        wait_s = max(1, round(stats.reset_time - time.time()))
        return TooMany("Too many tries. Wait a little, then try again.", wait_s)


def network_of(address: str) -> str:
    """What an address is counted by: itself, or the /64 that an IPv6 address is in."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def _hashed(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


@contextlib.contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("This isn't possible at the moment. Try again in a minute.") from error
