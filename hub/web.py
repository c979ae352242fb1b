"""How the hub speaks HTTP: errors as problems (RFC 9457), request ids, security headers, CSRF, sessions, logs.

`build` makes the Litestar application out of routes; `app.py` decides which, and what lives beside them. Nothing of a request but
method, path, status and duration is logged, and nothing of its content comes back in an error.
"""

import contextlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import redis.asyncio
import structlog
from litestar import Litestar, Request, Response
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection, WebSocket
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException, WebSocketDisconnect
from litestar.handlers import BaseRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware
from litestar.stores.redis import RedisStore
from litestar.types import ASGIApp, ControllerRouterHandler, HTTPScope, Message, Receive, Scope, Send
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hub import api_page, openapi, policies, subject_keys
from hub.auth import account, client_routes, links, routes, sign_on, tokens
from hub.auth.cookie import SESSION_STORE, Connection, Sessions, session_config, sessions_away
from hub.auth.idempotency import SAFE, Idempotency
from hub.auth.limits import Limits
from hub.auth.login import address_of, allowed_origins, require_origin
from hub.auth.passkeys import Challenges
from hub.auth.strangers import Strangers
from hub.errors import (
    Conflict,
    DaylightError,
    FileCode,
    Forbidden,
    ForbiddenCode,
    Invalid,
    InvalidCode,
    TooMany,
    Unavailable,
)
from hub.figures import FIGURES
from hub.logs import places
from hub.openapi import PROBLEM, Problem
from hub.passwords import prepare
from hub.serving import let_go
from hub.settings import REDIS_NAME, Settings

BODY_MAX_BYTES = 1024 * 1024
REDIS_S = 2.0
"""Sign-in and sessions wait no longer for Redis."""
REDIS_CONNECTIONS = 20
"""Of one process. A command takes well under a millisecond, so 20 carry more requests than a process can answer."""
AWAY_RETRY_S = 5
CSRF_COOKIE = "csrftoken"
"""With TLS `__Host-` stands before it, as before the session's: no other host can have set it."""
CSRF_HEADER = "x-csrftoken"
HSTS_S = 2 * 365 * 24 * 3600
BROKEN = 1011
"""RFC 6455, section 7.4.1: the server met something that it did not expect."""
_PROBES = {"/health", "/ready", "/metrics"}
"""Asked every few seconds by machines: logged for debugging only."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# The only messages of msgspec that are passed on: they name types and fields of ours, never a value that was sent.
_TELLING = re.compile(r"Expected `[^`]*`( of length [<>=]+ \d+)?(, got `[^`]*`)?( - at `\$[^`]*`)?")
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # see `database.DATABASE_AWAY`
    asyncpg.InvalidTransactionStateError,  # it took too long, or the server takes no writes
    RedisError,
    OSError,
    TimeoutError,
)

log = structlog.get_logger("hub.web")

Socket = WebSocket[Any, Any, Any]


def build(
    settings: Settings,
    handlers: Sequence[ControllerRouterHandler],
    client: "redis.asyncio.Redis",
    *,
    sockets: Mapping[str, Callable[[Socket], Awaitable[None]]] | None = None,
    limits: Limits | None = None,
    state: Mapping[str, Any] | None = None,
    **options: Any,
) -> Litestar:
    """The application: the routes of `auth` and `handlers`, behind everything that stands in this module.

    `client` holds the sessions and the limits; the caller closes it. `sockets` are served at these paths without a session and without
    Litestar's routing: whoever is behind them proves who they are by themselves, and needs no Origin. `options` go to Litestar (`lifespan`,
    `on_startup`, ...).
    Routes may ask for `viewer` (signed in, or 401), `settings`, `limits`, `sign_on` and `policy_of` (a person's) by these names.
    """
    subject_keys.use(settings.secret)
    sessions = session_config(settings)
    counted = limits or Limits(client)
    csrf = CSRFConfig(
        secret=settings.secret,
        cookie_name=f"__Host-{CSRF_COOKIE}" if settings.secure else CSRF_COOKIE,
        header_name=CSRF_HEADER,
        cookie_secure=settings.secure,
        exclude=["^/agent/", "^/assets/"],  # whatever keeps an asset for everybody must not keep a token with it
    )
    challenges = Challenges(client)
    way = sign_on.SignOn(settings, client)
    strangers = Strangers()
    application = Litestar(
        route_handlers=[
            *routes.ROUTES,
            *client_routes.ROUTES,
            *api_page.ROUTES,
            *account.ROUTES,
            *links.ROUTES,
            *sign_on.ROUTES,
            *handlers,
        ],
        dependencies={
            **routes.DEPENDENCIES,
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "limits": Provide(lambda: counted, sync_to_thread=False),
            "sign_on": Provide(lambda: way, sync_to_thread=False),
            "challenges": Provide(lambda: challenges, sync_to_thread=False),
            "policy_of": Provide(lambda: policies.of, sync_to_thread=False),
        },
        middleware=[sessions.middleware, DefineMiddleware(Csrf, config=csrf), Idempotency],
        guards=[_same_origin, _within_limits, _tokens_where_they_serve],
        stores={SESSION_STORE: RedisStore(client, namespace="daylight:session")},
        exception_handlers={Exception: _answer_error},
        state=State(
            {
                **(state or {}),
                "settings": settings,
                "sessions": Sessions(sessions),
                "limits": counted,
                "strangers": strangers,
            }
        ),
        openapi_config=openapi.config(),
        request_max_body_size=BODY_MAX_BYTES,
        logging_config=None,
        debug=False,
        on_startup=[prepare],
        **options,
    )
    # Around everything, the router's own 404 included, which Litestar's middleware does not see.
    application.asgi_handler = Edge(application.asgi_handler, settings, sockets or {}, strangers)
    return application


class Csrf(CSRFMiddleware):
    """Litestar's, but for who shows a bearer token: no browser sends one by itself, and cookies count for nothing beside it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shown = scope["type"] == ScopeType.HTTP and tokens.presented(Request(scope)) is not None
        await (self.app if shown else super().__call__)(scope, receive, send)


def redis_client(url: str) -> "redis.asyncio.Redis":
    """A client for sessions and limits: it fails within seconds instead of trying on, and waits its turn for a connection."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_S,
        socket_timeout=REDIS_S,
        socket_connect_timeout=REDIS_S,
        retry=Retry(NoBackoff(), 1),
        client_name=REDIS_NAME,
    )
    return redis.asyncio.Redis.from_pool(pool)


class Edge:
    """The outermost layer: names the request and the socket, adds the headers that every answer has, writes the access log.

    Thousands of agents that come at once, and stay, go no further than here: routing, session and CSRF took a quarter of the CPU of an
    arrival, and their coroutines a sixth of the memory of a connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        sockets: Mapping[str, Callable[[Socket], Awaitable[None]]],
        strangers: Strangers,
    ) -> None:
        self._app = app
        self._settings = settings
        self._sockets = sockets
        self._strangers = strangers
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["type"] == ScopeType.HTTP:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                if forged := _forged_by(scope):
                    await self._strangers.note("forged_address", forged)
                await self._answer(scope, receive, send, request_id)
        else:
            with structlog.contextvars.bound_contextvars(request_id=request_id, connection=secrets.token_hex(4)):
                if serve := self._sockets.get(scope["path"]):
                    await self._serve(serve, WebSocket(scope, receive, send))
                else:
                    await self._app(scope, receive, send)

    async def _serve(self, serve: Callable[[Socket], Awaitable[None]], socket: Socket) -> None:
        """A socket until its end. What `serve` does not handle is noted by type and place, and ends only this one."""
        try:
            try:
                await _require_origin(socket, self._settings, self._strangers, optional=True)
            except Forbidden:
                await socket.close()  # before it is accepted: 403
            else:
                await serve(socket)
        except Exception as error:  # noqa: BLE001 - nobody else would catch it
            log.error("failed", error=type(error).__name__, at=places(error.__traceback__))
            with contextlib.suppress(WebSocketDisconnect, OSError, RuntimeError):
                await socket.close(code=BROKEN)
        finally:
            let_go(socket)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0
        private = scope["path"].startswith(("/api/", "/agent/"))

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-ID"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if private:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            duration_ms = round((time.perf_counter() - started) * 1000, 1)
            note = log.debug if scope["path"] in _PROBES else log.info
            note(
                "request", method=scope["method"], path=scope["path"], status=status, duration_ms=duration_ms
            )  # an allow-list: no query, no headers, no body


async def _require_origin(connection: Connection, settings: Settings, strangers: Strangers, *, optional: bool) -> None:
    """`require_origin`, and what it refuses is counted, logged and noted before it is answered."""
    try:
        require_origin(connection, settings, optional=optional)
    except Forbidden:
        FIGURES.refused["foreign_origin"] += 1
        log.warning("foreign_origin", path=connection.scope["path"])
        scope: Any = connection.scope
        await strangers.note("foreign_origin", address_of(connection), (scope.get("session") or {}).get("person"))
        raise


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every answer. Scripts and connections only from and to ourselves; MUI needs inline styles."""
    sockets = " ".join(sorted(origin.replace("http", "ws", 1) for origin in allowed_origins(settings)))
    headers = {
        "Content-Security-Policy": (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            f"connect-src 'self' {sockets}; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_S}; includeSubDomains"
    return headers


async def _same_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Every socket, before it is accepted, and every request that changes something: not from another site's page."""
    settings: Settings = connection.app.state.settings
    scope: Any = connection.scope
    of_socket = scope["type"] == ScopeType.WEBSOCKET
    if not of_socket and scope["method"] in SAFE:
        return
    await _require_origin(connection, settings, connection.app.state.strangers, optional=not of_socket)


async def _within_limits(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Counts the requests of who is not signed in by address, and all others that `require_viewer` does not count by person."""
    scope: Any = connection.scope
    of_api = scope["type"] == ScopeType.HTTP and scope["path"].startswith("/api/")
    if not of_api or sessions_away(connection):
        return
    whole = "sign_in" in (scope.get("session") or {})
    if not (whole and handler.parsed_fn_signature.parameters.keys() & routes.COUNTED):
        await connection.app.state.limits.count_request(address=address_of(connection))


async def _tokens_where_they_serve(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A bearer token opens the routes that name a `scope`, and no other, whatever else came along."""
    if (
        "scope" not in handler.opt
        and getattr(handler, "include_in_schema", True)
        and tokens.presented(connection) is not None
    ):
        raise Forbidden("No token serves for this: sign in.")


def _forged_by(scope: HTTPScope) -> str | None:
    """The address of a peer whose X-Forwarded-For was not believed: then it is still the client's, and is not in there."""
    given = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    address = scope["client"][0] if scope["client"] else ""
    return address if given and address.encode() not in b", ".join(given) else None


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    headers: dict[str, str] = {}
    detail, field, limit = "", None, None
    code: InvalidCode | FileCode | ForbiddenCode | None = None
    match error:
        case DaylightError():
            status, title = error.status, str(error)
            if isinstance(error, Invalid):
                field, code, limit = error.field, error.code, error.limit
            if isinstance(error, Forbidden | Conflict):
                code = error.code
            if isinstance(error, TooMany):
                headers["Retry-After"] = str(error.retry_after_s)
            if isinstance(error, Unavailable):
                headers["Retry-After"] = str(AWAY_RETRY_S)
        case ValidationException():
            status, title = 400, "Something in this request isn't as it should be."
            field, detail = _explained(error)
        case RecursionError():  # msgspec's, for what is nested without end
            status, title = 400, _TITLES[400]
        case HTTPException():
            status, title = error.status_code, _TITLES.get(error.status_code) or HTTPStatus(error.status_code).phrase
            headers.update({name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"})
        case asyncpg.TransactionRollbackError():  # two acts that waited for each other: PostgreSQL has undone this one
            status, title = 409, "Somebody else was changing the same at this moment. Nothing was done: try again."
        case _ if isinstance(error, _AWAY):
            status, title = 503, "The hub can't reach something that it needs. Try again in a few seconds."
            headers["Retry-After"] = str(AWAY_RETRY_S)
            log.warning("away", error=type(error).__name__)
        case _:
            status, title = 500, "Something went wrong in the hub."
            detail = "It is in the hub's log under this request id."
    if status in _CHALLENGES and tokens.presented(request) is not None:
        headers["WWW-Authenticate"] = f'Bearer realm="Daylight", error="{_CHALLENGES[status]}"'
    if status == 500 and not isinstance(error, (DaylightError, *_AWAY)):
        # Types and places only: an exception's message may quote what was sent.
        log.error("failed", error=type(error).__name__, at=places(error.__traceback__))
    if status == 500 and isinstance(error, DaylightError):
        title = "Something went wrong in the hub."
    problem = Problem(
        type="about:blank",
        title=title,
        status=status,
        request_id=request.scope.get("state", {}).get("request_id", ""),
        detail=detail,
        field=field,
        code=code,
        limit=limit,
    )
    return Response(msgspec.json.encode(problem), status_code=status, media_type=PROBLEM, headers=headers)


_CHALLENGES = {401: "invalid_token", 403: "insufficient_scope"}
"""Whoever shows a token is told in these words (RFC 6750, 3.1)."""
_TITLES = {
    400: "This request can't be read.",
    403: "This page is out of date. Reload it, then try again.",
    404: "There is nothing here.",
    405: "This can't be done here.",
    413: f"This is more than {BODY_MAX_BYTES // 1024} KiB.",
}


def _explained(error: ValidationException) -> tuple[str | None, str]:
    """Field and reason, as far as they say nothing about what was sent."""
    extra = error.extra if isinstance(error.extra, list) else []
    first: Any = extra[0] if extra else {}
    if not isinstance(first, dict):
        return None, ""
    message, key = str(first.get("message", "")), str(first.get("key", ""))
    missing = re.fullmatch(r"Object missing required field `(\w+)`", message)
    if missing:
        return missing[1], "It is missing."
    field = key if key != "data" and re.fullmatch(r"[a-z_][a-z0-9_.]{0,60}", key) else None
    return field, f"{message}." if _TELLING.fullmatch(message) else ""
