"""Every secret that a run uses, and the search for them in everything that was logged.

What browsers and agents of the tests send and get is remembered by itself, by the names of fields, cookies and headers (`remember`); a
test that has others says so (`keep_secret`). After each test what it logged is searched for the secrets that it used; the log of every
process that it started, and in the end those of the embedded servers, as well (`tests/conftest.py`).
"""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

NAMES = {
    "password", "current", "secret", "recovery_codes", "token", "client_secret", "access_token", "refresh_token", "link", "uri",
    "id_token", "code_verifier", "client_assertion",
}  # fmt: skip
"""Fields of what is sent and answered that hold a secret."""
CODE = "code"
"""A secret too, but in errors it names what is wrong."""
COOKIES = re.compile(r"^(?:__Host-)?(?:daylight|csrftoken)[^=]*=([^;]+)")
MIN_CHARACTERS = 6
"""What is shorter may stand anywhere."""
_WORD = re.compile(r"[A-Za-z0-9_-]{4,}")
_COMMON = {"change-me", "password", "wrong password"}

ALWAYS: set[str] = set()
"""Of all tests."""
USED: set[str] = set()
"""Since the test began."""
EVER: set[str] = set()
"""Since the run began."""
LOGS: list[Path] = []
"""Of processes that the test has started."""


def keep_secret(*values: str) -> None:
    """From now on none of these may be in what is logged."""
    kept = {value for value in values if len(value) >= MIN_CHARACTERS and value not in _COMMON and _WORD.search(value)}
    USED.update(kept)
    EVER.update(kept)


def watch(log: Path) -> None:
    """This file is searched when the test is over."""
    LOGS.append(log)


async def remember(response: httpx.Response) -> None:
    """What a request of a test and its answer hold of secrets: for `event_hooks` of a client."""
    with contextlib.suppress(httpx.RequestNotRead):  # its body was made as it went
        keep_sent(response.request.content)
    if response.headers.get("content-type", "").startswith("application/json"):
        keep_answered(await response.aread(), response.is_success)
    keep_cookies(response.headers.get_list("set-cookie"))
    if given := response.request.headers.get("authorization"):
        keep_secret(given.split()[-1])


def keep_sent(body: bytes) -> None:
    """The secrets in the fields of what a request sent."""
    keep_secret(*_in_fields(_decoded(body), codes=True))


def keep_answered(body: bytes, done: bool) -> None:
    """The secrets in the fields of an answer; in that of what was not `done`, a code is none."""
    keep_secret(*_in_fields(_decoded(body), codes=done))


def keep_cookies(lines: Iterable[str]) -> None:
    """Those that `Set-Cookie` gives."""
    keep_secret(*(found[1] for line in lines if (found := COOKIES.match(line))))


def keep_in_address(url: str) -> None:
    """What the way back from a provider carries in its address."""
    parts = urlsplit(url)
    if parts.path.endswith("/callback"):
        keep_secret(*(value for name, value in parse_qsl(parts.query) if name in {"code", "state"}))


def leaked(text: str, secrets: Iterable[str] | None = None) -> list[str]:
    """The beginnings of those secrets that are in the text."""
    words = set(_WORD.findall(text))
    wanted = USED if secrets is None else secrets
    found = [secret for secret in wanted if words.issuperset(_WORD.findall(secret)) and secret in text]
    return sorted(f"{secret[:4]}..." for secret in {*found, *(secret for secret in ALWAYS if secret in text)})


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _in_fields(value: Any, *, codes: bool) -> Iterable[str]:
    if isinstance(value, list):
        for each in value:
            yield from _in_fields(each, codes=codes)
    elif isinstance(value, dict):
        for name, held in value.items():
            if name in NAMES or (codes and name == CODE):
                yield from _texts(held)
            else:
                yield from _in_fields(held, codes=codes)


def _texts(held: Any) -> Iterable[str]:
    if isinstance(held, str):
        yield held
        if "://" in held:  # what a link is opened by
            yield from (part for part in re.split(r"[/?=&#]", held)[3:] if len(part) >= 20)
    elif isinstance(held, list):
        for each in held:
            yield from _texts(each)
