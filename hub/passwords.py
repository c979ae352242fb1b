"""Passwords: hashed with argon2id in threads of their own, since one takes about 0.1 s of CPU and 64 MiB of memory.

Called by `people` (to set) and `auth.login` (to check). Never keeps or logs a password.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash

from hub.errors import Invalid, Unavailable

PASSWORD_MIN_CHARACTERS = 8
PASSWORD_MAX_CHARACTERS = 200
THREADS = 2
"""Two hashes at a time: a burst of sign-ins takes two cores and 128 MiB at the most, and leaves the event loop's threads alone."""
WAITING_MAX = 100
"""At 0.1 s a hash and two threads the last of these waits 5 s. Later ones are refused at once instead of waiting longer."""

Result = TypeVar("Result")

_HASHER = PasswordHash.recommended()
_THREADS = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="password")


async def hash_password(password: str) -> str:
    """The hash to store. Raises `Invalid` when the password is too short or too long."""
    if not PASSWORD_MIN_CHARACTERS <= len(password) <= PASSWORD_MAX_CHARACTERS:
        raise Invalid(f"A password has {PASSWORD_MIN_CHARACTERS} to {PASSWORD_MAX_CHARACTERS} characters.", "password")
    return await _in_thread(lambda: _HASHER.hash(password))


async def password_matches(password: str, stored: str | None) -> bool:
    """Whether the password has this hash. Takes as long when there is none (`None`), so that nobody learns who exists."""
    if stored is None:
        await _in_thread(lambda: _HASHER.verify(password, _decoy()))
        return False
    return await _in_thread(lambda: _HASHER.verify(password, stored))


async def prepare() -> None:
    """At start: makes the decoy, so that the first unknown address takes no longer than the others."""
    await _in_thread(_decoy)


@functools.cache
def _decoy() -> str:
    """A hash that no password is checked against in earnest."""
    return _HASHER.hash("decoy")


async def _in_thread(work: Callable[[], Result]) -> Result:
    if _THREADS._work_queue.qsize() >= WAITING_MAX:
        raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
