"""How often somebody may try, by person, device and address. Counted atomically in Redis, for all hub processes together.

What guesses at a secret fails closed: while Redis can't count, nobody tries (503). What only costs work (requests, arrivals of a device)
fails open: see `docs/decisions/0015-limits-when-redis-is-away.md`. Addresses are counted by network, mail addresses by their hash.
"""

import asyncio
import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

import redis.asyncio
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError

from hub.addresses import network_of
from hub.errors import TooMany, Unavailable

SIGN_INS_BY_ADDRESS = RateLimitItemPerMinute(300, 5)
"""An office of 300 people behind one address signs in within five minutes; a guesser costs us one core's tenth at 0.1 s a try."""
SIGN_INS_BY_MAIL = RateLimitItemPerMinute(10, 15)
"""960 guesses a day at one person's password. A success sets the count back."""
WRONG_CODES_BY_ADDRESS = RateLimitItemPerMinute(20, 10)
"""See `enrolment.CODE_CHARACTERS` for what that leaves to a guesser."""
ENROLLING_AT_ONCE = 8
"""In this process. A wrong code is counted once it is known to be wrong: as many more than the limit can be tried by who tries at once."""
REQUESTS_BY_PERSON = RateLimitItemPerMinute(3_000)
"""50 a second, all their windows together: more than any page asks, and a tenth of what a process answers."""
REQUESTS_BY_ADDRESS = RateLimitItemPerMinute(6_000)
"""Of who is not signed in. Signing in takes four: an office of 1,500 people who all do so within a minute has room."""
ARRIVALS_BY_DEVICE = RateLimitItemPerMinute(60)
"""An agent whose connection breaks waits longer each time; one that comes each second is broken, or two."""
ARRIVALS_FREE = 10
"""Of a device, in a minute, at a process: not counted in Redis, so that a storm of agents that come once each asks it nothing."""
FORGOTTEN_BY_ADDRESS = RateLimitItemPerMinute(30, 15)
"""An office's worth of forgotten passwords; each costs a row and perhaps a mail."""
FORGOTTEN_BY_MAIL = RateLimitItemPerMinute(5, 60)
"""More mails than these an hour nobody needs, and nobody should get because somebody else asks for them."""
MAILS_BY_PERSON = RateLimitItemPerMinute(20, 10)
"""Tests of mail, and mails sent again: more than an admin needs who puts a mail server right."""
WRONG_LINKS_BY_ADDRESS = RateLimitItemPerMinute(20, 10)
"""192 random bits leave nothing to guess: this keeps the audit from being filled."""


class Limits:
    """The limits of one deployment; every hub process counts in the same Redis."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        by_address: RateLimitItem = SIGN_INS_BY_ADDRESS,
        by_mail: RateLimitItem = SIGN_INS_BY_MAIL,
        wrong_codes: RateLimitItem = WRONG_CODES_BY_ADDRESS,
        *,
        requests_by_person: RateLimitItem = REQUESTS_BY_PERSON,
        requests_by_address: RateLimitItem = REQUESTS_BY_ADDRESS,
        arrivals: RateLimitItem = ARRIVALS_BY_DEVICE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        storage = RedisStorage(
            "async+redis://",  # the scheme only: connections come from the client's pool
            implementation="redispy",
            key_prefix="daylight:limit",
            connection_pool=client.connection_pool,  # type: ignore[arg-type]
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._requests = FixedWindowRateLimiter(storage)
        """A number for each, where the other keeps every hit."""
        self._by_address = by_address
        self._by_mail = by_mail
        self._wrong_codes = wrong_codes
        self._requests_by_person = requests_by_person
        self._requests_by_address = requests_by_address
        self._by_device = arrivals
        self._enrolling = asyncio.Semaphore(ENROLLING_AT_ONCE)
        self._clock = clock
        self._minute = 0
        self._arrived: Counter[int] = Counter()

    async def count_sign_in(self, address: str, email: str | None = None) -> None:
        """Counts a try before it is made. Raises `TooMany`, or `Unavailable` when it can't be counted. No mail address: none was typed."""
        with _counting():
            await self._count(self._by_address, "sign-in", network_of(address))
            if email is not None:
                await self._count(self._by_mail, "sign-in-mail", _hashed(email))

    async def count_second_step(self, address: str) -> None:
        """Counts an answer to a second step before it is looked at: each leaves a row in the audit. Raises as `count_sign_in` does."""
        with _counting():
            await self._count(self._by_address, "second-step", network_of(address))

    async def count_leaving(self, address: str) -> None:
        """Counts who leaves for the OpenID provider: Redis keeps each for ten minutes. Raises as `count_sign_in` does."""
        with _counting():
            await self._count(self._by_address, "leaving", network_of(address))

    async def forgive(self, email: str) -> None:
        """Sets the count of a mail address back after a success."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._limiter.clear(self._by_mail, "sign-in-mail", _hashed(email))

    async def count_request(self, *, person: int | None = None, address: str = "") -> None:
        """Counts a request of somebody signed in, or from an address. Raises `TooMany`; lets all through while Redis is away."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            if person is not None:
                await self._count(self._requests_by_person, "requests-of", str(person), by=self._requests)
            else:
                await self._count(self._requests_by_address, "requests-from", network_of(address), by=self._requests)

    async def arrives_too_often(self, device: int) -> bool:
        """Counts that a device, which has proved to be it, has connected. False while Redis is away."""
        if (minute := int(self._clock() // 60)) != self._minute:
            self._minute, self._arrived = minute, Counter()
        self._arrived[device] += 1
        if self._arrived[device] <= ARRIVALS_FREE:
            return False
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            return not await self._requests.hit(self._by_device, "arrivals", str(device))
        return False

    @contextlib.asynccontextmanager
    async def trying_a_code(self, address: str, what: str = "code") -> AsyncIterator[None]:
        """For a code to be tried within. Raises `TooMany` after too many wrong ones, or `Unavailable` when they can't be counted."""
        async with self._enrolling:
            with _counting():
                if not await self._limiter.test(self._wrong_codes, what, network_of(address)):
                    raise await self._too_many(self._wrong_codes, what, network_of(address))
            yield

    async def count_forgotten(self, address: str, email: str) -> None:
        """Counts who asks for a new password, whether anybody has that address or not. Raises as `count_sign_in` does."""
        with _counting():
            await self._count(FORGOTTEN_BY_ADDRESS, "forgotten", network_of(address))
            await self._count(FORGOTTEN_BY_MAIL, "forgotten-mail", _hashed(email))

    async def count_mail(self, person: int) -> None:
        """Counts a mail that somebody has sent by hand. Raises as `count_sign_in` does."""
        with _counting():
            await self._count(MAILS_BY_PERSON, "mail", str(person))

    async def require_link_tries_left(self, address: str) -> None:
        """Raises `TooMany` after too many links from there that didn't work, or `Unavailable` when they can't be counted."""
        with _counting():
            if not await self._limiter.test(WRONG_LINKS_BY_ADDRESS, "link", network_of(address)):
                raise await self._too_many(WRONG_LINKS_BY_ADDRESS, "link", network_of(address))

    async def count_wrong_link(self, address: str) -> None:
        """Counts a link that didn't work. Raises as `require_link_tries_left` does."""
        with _counting():
            await self._count(WRONG_LINKS_BY_ADDRESS, "link", network_of(address))

    async def count_wrong_code(self, address: str, what: str = "code") -> None:
        """Counts a wrong code. Raises `TooMany` for one beyond the limit, or `Unavailable` when it can't be counted."""
        with _counting():
            await self._count(self._wrong_codes, what, network_of(address))

    async def _count(self, item: RateLimitItem, *key: str, by: RateLimiter | None = None) -> None:
        limiter = by or self._limiter
        if not await limiter.hit(item, *key):
            raise await self._too_many(item, *key, by=limiter)

    async def _too_many(self, item: RateLimitItem, *key: str, by: RateLimiter | None = None) -> TooMany:
        stats = await (by or self._limiter).get_window_stats(item, *key)
        wait_s = max(1, round(stats.reset_time - time.time()))
        return TooMany("Too many tries. Wait a little, then try again.", wait_s)


def _hashed(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


@contextlib.contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("This isn't possible at the moment. Try again in a minute.") from error
