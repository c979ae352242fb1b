"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): what was asked once is done once, however often it is sent.

One mechanism for all that changes something and is asked by who is signed in, around the route: the first with a key acts, and its
answer is kept for `KEPT`; the same again gets that answer. Another request under the same key is refused (422), and so is the same while
it is being done (409). What was refused (4xx) has done nothing: it may be tried again. An answer may hold a secret that is shown once, so
it is kept sealed.

When a hub dies or fails within, whether the act was done is not known: the key is refused (409) until it is forgotten, and nothing is
done twice. An answer that was begun before somebody was erased is neither kept nor given: it may tell of them. Nor is one given to
somebody who may see something else by now than they did after the act: what they were then is over. A route that only reads (`reads=True`)
is asked again: its answer may tell of what is erased within the day.
"""

import contextlib
import hashlib
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from hub.auth import login, sealed
from hub.database import DATABASE_AWAY, connection
from hub.errors import Conflict, Invalid, Reused

HEADER = "idempotency-key"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""What changes nothing (RFC 9110, 9.2.1)."""
KEPT = timedelta(hours=24)
KEY_MAX_CHARACTERS = 200
PURPOSE = "answer"
_NEVER = "/api/session"
"""Signing in and out sets cookies: that is never answered from memory."""


class Kept(msgspec.Struct, frozen=True):
    """An answer, as it is sealed."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    access_version: int = 0
    """Of the person, once it was done."""


class Idempotency:
    """The middleware, inside that of sessions."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == ScopeType.HTTP and scope["method"] not in SAFE
        if not changes or scope["path"].startswith(_NEVER) or "reads" in scope["route_handler"].opt:
            await self._app(scope, receive, send)
            return
        request: Request[Any, Any, Any] = Request(scope, receive)
        key = request.headers.get(HEADER)
        if key is None or not scope.get("session"):
            await self._app(scope, receive, send)
            return
        if not 0 < len(key) <= KEY_MAX_CHARACTERS:
            raise Invalid(f"A key has 1 to {KEY_MAX_CHARACTERS} characters.", "idempotency_key")
        await self._once(key, request, scope, receive, send)

    async def _once(
        self, key: str, request: Request[Any, Any, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        viewer = (await login.signed_in(request)).viewer
        person = viewer.person
        secret: str = request.app.state.settings.secret
        name = hashlib.sha256(f"{person}:{key}".encode()).digest()
        what = f"{request.method} {scope['path']}".encode()
        whole = hashlib.sha256(what + b"\0" + scope["query_string"] + b"\0" + await request.body()).hexdigest()
        asked = sealed.hashed(secret, "asked", person, whole)  # a body may hold a password: no bare hash of it is kept
        if not await _claim(name, person, asked):
            kept = await _kept(name, person, asked, secret)
            if kept.access_version != viewer.access_version:
                raise Conflict("This was done, and what you may see has changed since. Look at what it is now.")
            await send({"type": "http.response.start", "status": kept.status, "headers": kept.headers})
            await send({"type": "http.response.body", "body": kept.body, "more_body": False})
            return
        told: list[Message] = []

        async def hold(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, hold)
        start: Any = told[0]
        if start["status"] < 400:
            await _keep(name, person, secret, told)
        elif start["status"] < 500:
            await _forget(name)
        for message in told:
            await send(message)


async def _claim(name: bytes, person: int, asked: bytes) -> bool:
    """Whether this is the first with that key."""
    async with connection() as held:
        await held.execute("DELETE FROM idempotency_key WHERE created_at < now() - $1::interval", KEPT)
        return bool(
            await held.fetchval(
                "INSERT INTO idempotency_key (name, person, asked) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true",
                name, person, asked,
            )
        )  # fmt: skip


async def _kept(name: bytes, person: int, asked: bytes, secret: str) -> Kept:
    """The answer of the first. Raises `Reused` and `Conflict`."""
    async with connection() as held:
        row = await held.fetchrow(
            f"SELECT asked, CASE WHEN NOT {_ERASED_SINCE} THEN answer END AS answer FROM idempotency_key WHERE name = $1",  # noqa: S608
            name,
        )
    if row is None or (row["asked"] == asked and row["answer"] is None):
        raise Conflict(
            "This is being done, or was begun and cut off. Look whether it is done before you ask with another key."
        )
    if row["asked"] != asked:
        raise Reused("This Idempotency-Key was used for another request.")
    return msgspec.msgpack.decode(sealed.unseal(secret, PURPOSE, person, row["answer"]), type=Kept)


async def _keep(name: bytes, person: int, secret: str, told: list[Message]) -> None:
    start: Any = told[0]
    body = b"".join(message.get("body", b"") for message in told[1:] if message["type"] == "http.response.body")
    headers = [(bytes(key), bytes(value)) for key, value in start["headers"]]
    with contextlib.suppress(
        *DATABASE_AWAY
    ):  # it is done: whoever did it hears so, and who asks again that it was begun
        async with connection() as held:
            version: int = await held.fetchval("SELECT access_version FROM person WHERE id = $1", person)
            answer = msgspec.msgpack.encode(Kept(start["status"], headers, body, version))
            await held.execute(
                f"UPDATE idempotency_key SET answer = $2 WHERE name = $1 AND NOT {_ERASED_SINCE}",  # noqa: S608 - ours
                name,
                sealed.seal(secret, PURPOSE, person, answer),
            )


async def _forget(name: bytes) -> None:
    async with connection() as held:
        await held.execute("DELETE FROM idempotency_key WHERE name = $1", name)


# An erasure takes two minutes at the most, so one that was not seen when the request came began no longer before.
_ERASED_SINCE = "EXISTS (SELECT FROM erased WHERE at > idempotency_key.created_at - interval '5 minutes')"
