"""Passwords: which may be set, and hashed with argon2id in threads of their own, since one takes about 0.1 s of CPU and 64 MiB of memory.

The rules are those of NIST SP 800-63B-4, 3.1.1.2, and ASVS 5.0, 6.2: a length, nothing about which characters, and none that guessers try
first: the 5,000 most common ones, and what somebody is called. Called by `people` (to set) and `auth.login` (to check). Never keeps or
logs a password.
"""

import asyncio
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pwdlib import PasswordHash

from hub.errors import Invalid, Unavailable

PASSWORD_MIN_CHARACTERS = 8
PASSWORD_MAX_CHARACTERS = 200
PRODUCT = "Daylight"
THREADS = 2
"""Two hashes at a time: a burst of sign-ins takes two cores and 128 MiB at the most, and leaves the event loop's threads alone."""
WAITING_MAX = 100
"""At 0.1 s a hash and two threads the last of these waits 5 s. Later ones are refused at once instead of waiting longer."""

Result = TypeVar("Result")

_COMMON = Path(__file__).with_name("common_passwords.txt")
_HASHER = PasswordHash.recommended()
_THREADS = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="password")


async def hash_password(password: str, own: Iterable[str] = ()) -> str:
    """The hash to store. Raises `Invalid` for a password that is too short, too long, common, or made of nothing but what its person is
    called: `own`, as names, addresses and the organisation's name."""
    if not PASSWORD_MIN_CHARACTERS <= len(password) <= PASSWORD_MAX_CHARACTERS:
        raise Invalid(
            f"A password has {PASSWORD_MIN_CHARACTERS} to {PASSWORD_MAX_CHARACTERS} characters.",
            "password",
            "password_length",
            PASSWORD_MIN_CHARACTERS,
        )
    if password.casefold() in _common():
        raise Invalid("This is one of the passwords that are tried first. Take another.", "password", "password_common")
    if _letters(password) in _called([*own, PRODUCT]):
        raise Invalid("This is too much like a name or an address. Take another.", "password", "password_own")
    return await _in_thread(lambda: _HASHER.hash(_normal(password)))


async def password_matches(password: str, stored: str | None) -> bool:
    """Whether the password has this hash. Takes as long when there is none (`None`), so that nobody learns who exists."""
    if stored is None:
        await _in_thread(lambda: _HASHER.verify(_normal(password), _decoy()))
        return False
    return await _in_thread(lambda: _HASHER.verify(_normal(password), stored))


async def prepare() -> None:
    """At start: makes the decoy, so that the first unknown address takes no longer than the others."""
    await _in_thread(_decoy)


def _normal(password: str) -> str:
    """The same for every keyboard that it is typed on (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


@functools.cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _letters(text: str) -> str:
    """Nothing but its letters: `Bob.Brandt-1987` is `bobbrandt`."""
    return re.sub(r"[\W\d_]", "", text.casefold())


def _called(own: Iterable[str]) -> set[str]:
    """What no password may consist of: each of these, and the words and parts of them that have three letters and more."""
    parts = {_letters(part) for name in own for part in (name, *name.split("@"), *re.split(r"[\s@.]", name))}
    return {part for part in parts if len(part) >= 3}


@functools.cache
def _decoy() -> str:
    """A hash that no password is checked against in earnest."""
    return _HASHER.hash("decoy")


async def _in_thread(work: Callable[[], Result]) -> Result:
    if _THREADS._work_queue.qsize() >= WAITING_MAX:
        raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
