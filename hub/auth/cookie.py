"""The session behind a browser's cookie (RFC 6265). It lies in Redis, and names a person and their sign-in.

Its id is made anew at each sign-in and each fresh proof (OWASP: session fixation). What it is worth is decided in `login.py`, from
PostgreSQL.
"""

import contextlib
import math
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.types import Message, ScopeSession
from redis.exceptions import RedisError

from hub.auth import tokens
from hub.errors import Unavailable
from hub.settings import Settings

IDLE_S = 12 * 3600
"""Without a request for this long the session is forgotten: a night, so that every day begins with a sign-in."""
REPLACED_S = 10
"""A session's id that has been replaced opens something for so long still: to what other tabs were asking just then."""
SESSION_STORE = "sessions"
_ID_BYTES = 32
_WITH_SESSION = ("/api/", "/live")
_ID_SCOPE_KEY = "daylight.session_id"
_AWAY_SCOPE_KEY = "daylight.sessions_away"
_UNKNOWN_SCOPE_KEY = "daylight.session_unknown"
_COOKIE_SCOPE_KEY = "daylight.session_cookie_due"
_UNTIL = "until"
"""In a session whose id has been replaced: up to when that serves, in seconds since 1970."""

Connection = ASGIConnection[Any, Any, Any, Any]


class Sessions(ServerSideSessionBackend):
    """Litestar's server-side sessions, with three differences.

    The id changes at each sign-in: one that was planted, or that is older, is never written to. Nothing is stored for who has not
    signed in. Reading and writing happen where they can still be answered for, not while the answer is on its way.
    """

    async def load_from_connection(self, connection: Connection) -> dict[str, Any]:
        if not connection.scope["path"].startswith(_WITH_SESSION):
            return {}  # pages and agents have no session, and load while Redis is away
        if tokens.presented(connection) is not None:
            return {}  # who shows a token is whom it says, whatever cookies came along
        given = connection.cookies.get(self.config.key)
        if not given or len(given) != 2 * _ID_BYTES:
            return {}
        try:
            data = await self.get(given, self.config.get_store_from_app(connection.scope["litestar_app"]))
        except (RedisError, OSError, TimeoutError):
            connection.scope[_AWAY_SCOPE_KEY] = True  # type: ignore[literal-required]
            return {}
        if data is None:
            connection.scope[_UNKNOWN_SCOPE_KEY] = True  # type: ignore[literal-required]
            return {}
        session: dict[str, Any] = self.deserialize_data(data)
        if datetime.now(UTC).timestamp() >= session.get(_UNTIL, math.inf):
            return {}
        connection.scope[_ID_SCOPE_KEY] = given  # type: ignore[literal-required]
        return session

    def get_session_id(self, connection: Connection) -> str:
        """The id of the session that was loaded or begun; never one that only the cookie knows."""
        return str(connection.scope.get(_ID_SCOPE_KEY) or "")

    async def begin(self, connection: Connection, session: dict[str, Any]) -> None:
        """Stores a session under a new id, and forgets the one that came with the request. Raises `Unavailable`."""
        store = self.config.get_store_from_app(connection.scope["litestar_app"])
        fresh = self.generate_session_id()
        try:
            if old := self.get_session_id(connection):
                await self.delete(old, store)
            await self.set(fresh, self.serialize_data(session), store)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("Signing in isn't possible at the moment. Try again in a minute.") from error
        connection.scope[_ID_SCOPE_KEY] = fresh  # type: ignore[literal-required]
        connection.scope[_COOKIE_SCOPE_KEY] = True  # type: ignore[literal-required]
        connection.scope["session"] = session

    async def renew(self, connection: Connection) -> None:
        """Stores the session under a new id; the old one serves for `REPLACED_S` more, and gets no cookie. Raises `Unavailable`."""
        loaded: Any = connection.scope["session"]
        session = {key: value for key, value in loaded.items() if key != _UNTIL}
        store = self.config.get_store_from_app(connection.scope["litestar_app"])
        fresh, until = self.generate_session_id(), datetime.now(UTC).timestamp() + REPLACED_S
        try:
            await self.set(fresh, self.serialize_data(session), store)
            over = self.serialize_data({**session, _UNTIL: until})
            await store.set(self.get_session_id(connection), over, expires_in=REPLACED_S + 1)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("This isn't possible at the moment. Try again in a minute.") from error
        connection.scope[_ID_SCOPE_KEY] = fresh  # type: ignore[literal-required]
        connection.scope[_COOKIE_SCOPE_KEY] = True  # type: ignore[literal-required]
        connection.scope["session"] = session

    async def end(self, connection: Connection) -> None:
        """Forgets the session. While Redis is away it stays there, worthless: its sign-in has ended."""
        if old := self.get_session_id(connection):
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self.delete(old, self.config.get_store_from_app(connection.scope["litestar_app"]))
        connection.clear_session()

    async def store_in_message(self, scope_session: ScopeSession, message: Message, connection: Connection) -> None:
        """Sets the cookie: of a session that is new or is noted as seen, so that it lives on from now, or of none after signing out."""
        signed_out = not isinstance(scope_session, dict)
        if isinstance(scope_session, dict) and (_COOKIE_SCOPE_KEY not in connection.scope or _UNTIL in scope_session):
            return
        cookie = Cookie(
            key=self.config.key,
            value="null" if signed_out else self.get_session_id(connection),
            max_age=0 if signed_out else self.config.max_age,
            path=self.config.path,
            secure=self.config.secure,
            httponly=True,
            samesite="lax",
        )
        MutableScopeHeaders.from_message(message).add("Set-Cookie", cookie.to_header(header=""))


class SessionConfig(ServerSideSessionConfig):
    """Litestar's configuration, for our backend."""

    _backend_class = Sessions


def session_config(settings: Settings) -> SessionConfig:
    """Sessions in the store `SESSION_STORE`: HttpOnly, SameSite=Lax, Secure and bound to this host where there is TLS."""
    return SessionConfig(
        key="__Host-daylight" if settings.secure else "daylight",
        max_age=IDLE_S,
        session_id_bytes=_ID_BYTES,
        renew_on_access=True,
        secure=settings.secure,
        store=SESSION_STORE,
        scopes={ScopeType.HTTP, ScopeType.WEBSOCKET},
    )


def kept(connection: Connection) -> Sessions:
    """Where this connection's session is begun, renewed and ended."""
    sessions: Sessions = connection.app.state.sessions
    return sessions


def keep_on(connection: Connection) -> None:
    """The answer sets the cookie again: the session is noted as seen, and lives on from now."""
    connection.scope[_COOKIE_SCOPE_KEY] = True  # type: ignore[literal-required]


def is_unknown(connection: Connection) -> bool:
    """Whether a session id came along that the hub did not give, or has forgotten."""
    return _UNKNOWN_SCOPE_KEY in connection.scope


def sessions_away(connection: Connection) -> bool:
    """Whether this connection's session could not be read: nothing else needs to ask Redis for it then."""
    return _AWAY_SCOPE_KEY in connection.scope


def session_of(connection: Connection) -> tuple[int, UUID] | None:
    """Person and sign-in that the session names. Raises `Unavailable` when sessions can't be read."""
    return _named_by(connection, "sign_in")


def half_open_of(connection: Connection) -> tuple[int, UUID] | None:
    """As `session_of`, of a sign-in whose second step is still to be answered. No session has both."""
    return _named_by(connection, "half_open")


def _named_by(connection: Connection, key: Literal["sign_in", "half_open"]) -> tuple[int, UUID] | None:
    if sessions_away(connection):
        raise Unavailable("Sessions can't be read at the moment. Try again in a minute.")
    session: Any = connection.scope.get("session")
    if not isinstance(session, dict) or key not in session:
        return None
    return int(session["person"]), UUID(session[key])
