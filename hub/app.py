"""The web process: puts the parts together, in the order they need each other, and takes them apart again.

`daylight hub` runs it. Nothing here decides anything; what happens to a frame is in `live/`, who may do what in `auth/`.
"""

import asyncio
import contextlib
import mimetypes
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from litestar import Litestar, MediaType, Request, Response, get, websocket
from litestar.connection import WebSocket
from litestar.exceptions import NotFoundException
from litestar.response import File

from hub import policies, retention, web
from hub.auth.login import require_origin
from hub.database import DATABASE_AWAY, ENGINE, POOL_SIZE, close_pool, connection, open_pool
from hub.errors import Forbidden, StartError
from hub.feed.contract import Feed
from hub.feed.memory import MemoryFeed
from hub.feed.redis import RedisFeed
from hub.figures import FIGURES
from hub.live.ingest import Ingest
from hub.live.publisher import Publisher
from hub.live.store import Store
from hub.live.upkeep import keep
from hub.live.view import View
from hub.serving import Server, config, listen
from hub.settings import Settings

DRAIN_S = 8.0
"""Everything that was received is committed and acked within this, or the agents send it again. With what uvicorn takes after it, a
process exits within 15 seconds of SIGTERM."""
DATABASE_PATIENCE_S = 30
READY_S = 1.0
CLOSE_S = 2.0
PAGES = Path(__file__).parent.parent / "web" / "dist"

log = structlog.get_logger()


class Hub:
    """One process's live parts."""

    def __init__(self, settings: Settings, feed: Feed | None = None) -> None:
        self.settings = settings
        self.name = secrets.token_hex(6)
        """This run of this process, in presence records and leases."""
        self.feed: Feed = feed or (
            RedisFeed(settings.redis_url, self.name) if settings.redis_url else MemoryFeed(self.name)
        )
        self.store = Store()
        self.publisher = Publisher(self.feed)
        self.ingest = Ingest(settings, self.store, self.publisher, self.name)
        self.view = View(self.feed, self.ingest)
        self.draining = False
        self._days: asyncio.Task[None] | None = None
        self._owns_pool = False

    async def start(self) -> None:
        assert self.settings.database_url is not None
        self._owns_pool = ENGINE.pool is None
        if self._owns_pool:
            url = self.settings.database_url
            await _patiently(lambda: open_pool(url, POOL_SIZE))
        await _patiently(policies.load)
        self._days = keep(retention.keep_days_ahead, "days-ahead")
        self.store.start()
        self.publisher.start()
        self.ingest.registry.start()
        await _patiently(self.view.start)
        log.info("hub_ready", hub=self.name)

    async def drain(self) -> None:
        """Before any socket is told to go: agents hear that they should come back, what they sent is committed and acked."""
        self.draining = True
        log.info("draining", agents=FIGURES.agents, viewers=FIGURES.viewers)
        await self.ingest.drain(DRAIN_S)
        await self.view.stop()
        await self.publisher.stop()
        await self.store.close(0.5)

    async def stop(self) -> None:
        if self._days:
            self._days.cancel()
        if self._owns_pool:
            await close_pool()

    async def ready(self) -> bool:
        """Whether a load balancer should send anybody here."""
        if self.draining:
            return False
        try:
            async with asyncio.timeout(READY_S), connection(READY_S) as held:
                await held.fetchval("SELECT 1")
        except DATABASE_AWAY:
            return False
        return True


def create(hub: Hub) -> Litestar:
    """The application of a process."""
    settings = hub.settings
    client = web.redis_client(settings.redis_url or "")

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await hub.start()
        try:
            yield
        finally:
            await hub.stop()
            with contextlib.suppress(TimeoutError):  # a connection that was cut may never say that it is closed
                await asyncio.wait_for(client.aclose(), CLOSE_S)

    @websocket("/agent/v1")
    async def agent_socket(socket: "WebSocket[Any, Any, Any]") -> None:
        if await _foreign(socket, settings, optional=True):
            return
        await hub.ingest.serve(socket)

    @websocket("/live")
    async def live_socket(socket: "WebSocket[Any, Any, Any]") -> None:
        if await _foreign(socket, settings, optional=False):
            return
        await hub.view.serve(socket)

    @get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @get("/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, bool]]:
        state = {"ready": await hub.ready(), "feed": hub.feed.healthy}
        return Response(state, status_code=200 if state["ready"] else 503)

    @get("/metrics", include_in_schema=False, media_type=MediaType.TEXT)
    async def metrics() -> str:
        return FIGURES.as_text()

    return web.build(settings, [agent_socket, live_socket, health, ready, metrics, page], client, lifespan=[lifespan])


@get(["/", "/{path:path}"], include_in_schema=False)
async def page(request: "Request[Any, Any, Any]") -> File:
    """The application's own files, and its page for every address that is not one: the browser's router knows what is there."""
    name = request.url.path.lstrip("/")
    if name.startswith(("api/", "agent/")):
        raise NotFoundException
    try:
        found = (PAGES / name).resolve()
        is_file = bool(name) and found.is_file() and found.is_relative_to(PAGES)
    except (ValueError, OSError):  # no file can have this name
        raise NotFoundException from None
    if is_file:
        # Names of assets hold a hash of what is in them.
        caching = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return File(found, media_type=kind, headers={"cache-control": caching}, content_disposition_type="inline")
    if "." in name.rsplit("/", 1)[-1] or not (PAGES / "index.html").is_file():
        raise NotFoundException
    return File(
        PAGES / "index.html",
        media_type=MediaType.HTML,
        headers={"cache-control": "no-cache"},
        content_disposition_type="inline",
    )


def serve(settings: Settings, *, shared: bool = False) -> None:
    """Runs a hub process until SIGTERM or SIGINT, then drains it. Raises `StartError` when it can't start."""
    web.configure_logs(settings)
    hub = Hub(settings)
    application = create(hub)
    try:
        listener = listen(settings.host, settings.port, shared=shared)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Is PORT taken?"
        ) from error
    Server(config(application, settings), hub.drain).run(sockets=[listener])


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Does what needs the database, waiting for one that is only just starting. Raises what it raises, after a while."""
    for attempt in range(DATABASE_PATIENCE_S):
        try:
            await work()
            return
        except (StartError, *DATABASE_AWAY):
            if attempt == DATABASE_PATIENCE_S - 1:
                raise
            await asyncio.sleep(1)


async def _foreign(socket: "WebSocket[Any, Any, Any]", settings: Settings, *, optional: bool) -> bool:
    """Refuses a socket that another site's page opens (CSRF and CORS don't cover websockets): 403, before accepting it."""
    try:
        require_origin(socket, settings, optional=optional)
    except Forbidden:
        FIGURES.refused["foreign_origin"] += 1
        log.warning("socket_refused", reason="foreign_origin", path=socket.scope["path"])
        await socket.close()
        return True
    return False
