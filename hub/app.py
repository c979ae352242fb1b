"""The web process: puts the parts together, in the order they need each other, and takes them apart again.

`daylight hub` runs it, alone or as one of several under the supervisor of `processes.py`. Nothing here decides anything; what happens to
a frame is in `live/`, who may do what in `auth/`.

How a process goes: SIGTERM makes `/ready` answer 503, while for `drain_delay_s` it still takes connections, so that a load balancer stops
sending any before there is nobody to take them. Then it listens no more, drains, and ends. SIGINT (Ctrl-C, and the supervisor, whose
socket a successor already serves) leaves the delay out.
"""

import asyncio
import contextlib
import mimetypes
import os
import secrets
import signal
import socket as sockets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import structlog
from litestar import Litestar, MediaType, Request, Response, get, websocket
from litestar.connection import WebSocket
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import File

from hub import (
    audited,
    chain,
    devices,
    exported,
    finder,
    held,
    hours,
    logs,
    looks,
    organisation,
    outgoing,
    panel,
    pauses,
    policies,
    policy_pages,
    public,
    retention,
    roll_out,
    saved_views,
    security,
    web,
)
from hub.auth.limits import Limits
from hub.database import (
    DATABASE_AWAY,
    ENGINE,
    POOL_SIZE,
    beside_the_pool,
    close_pool,
    connection,
    open_pool,
    refuse_half_restored,
)
from hub.directory import routes as directory
from hub.errors import PoolBusy, StartError
from hub.feed.contract import Feed
from hub.feed.memory import MemoryFeed
from hub.feed.redis import RedisFeed
from hub.figures import FIGURES
from hub.imports import routes as imports
from hub.live.balance import Balance
from hub.live.ingest import Ingest
from hub.live.policing import Policing
from hub.live.publisher import Publisher
from hub.live.store import Store
from hub.live.today import Workdays
from hub.live.upkeep import keep
from hub.live.view import View
from hub.metrics import Metrics
from hub.papers import routes as papers
from hub.rights import routes as rights
from hub.rollups.read import today as read_workdays
from hub.serving import Server, WebSocketProtocol, allow_many_connections, collect_seldom, config, let_go, listen
from hub.settings import Settings
from hub.wire.closing import Close

DRAIN_S = 8.0
"""Everything that was received is committed and acked within this, or the agents send it again. With what uvicorn takes after it, a
process exits within 15 seconds of SIGTERM."""
DATABASE_PATIENCE_S = 30
READY_S = 1.0
POOL_S = 0.3
"""When the pool has no connection for so long, `/ready` asks over one of its own."""
CLOSE_S = 2.0
TURN_S = 0.5
STUCK_S = 5.0
"""A loop that has turned no more often than this keeps everybody waiting who is sent here."""
LAST_ASK_S = 0.5
"""Whoever was accepted right before we stopped listening has this long to say what they want, and is answered."""
GOODBYE_S = 2.0
"""For peers that were told to go to say so too. uvicorn would cut them off, and what they had not read yet, the reason, would be lost."""
BEAT_TICKS = 10
"""Of uvicorn's, each 0.1 s: a word to the supervisor every second."""
PAGES = Path(__file__).parent.parent / "web" / "dist"
PACKED = {"br": ".br", "gzip": ".gz"}
"""What the build has beside an asset, by content coding, the smallest first."""

log = structlog.get_logger()


class Hub:
    """One process's live parts."""

    def __init__(self, settings: Settings, feed: Feed | None = None) -> None:
        self.settings = settings
        self.name = secrets.token_hex(6)
        """This run of this process, in presence records and leases."""
        url = settings.feed_url or settings.redis_url
        self.feed: Feed = feed or (RedisFeed(url, self.name) if url else MemoryFeed(self.name))
        self.store = Store(stored=lambda people: self.workdays.stored(people))
        self.publisher = Publisher(self.feed)
        self.ingest = Ingest(settings, self.store, self.publisher, self.name)
        self.workdays = Workdays(self.ingest.registry, read_workdays, lambda: datetime.now(UTC))
        self.view = View(self.feed, self.ingest)
        self.policing = Policing(self.ingest.registry)
        self.balance = Balance(self.feed, self.name, self.ingest.registry)
        self.phase: Literal["starting", "open", "leaving", "draining"] = "starting"
        self._asking: asyncio.Task[bool] | None = None
        self._turned_at = time.monotonic()
        self._turning: asyncio.Task[None] | None = None
        self._days: asyncio.Task[None] | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._owns_pool = False

    async def start(self) -> None:
        assert self.settings.database_url is not None
        self._owns_pool = ENGINE.pool is None
        if self._owns_pool:
            url = self.settings.database_url
            await _patiently(lambda: open_pool(url, POOL_SIZE))
            await refuse_half_restored()
        await _patiently(policies.load)
        await _patiently(pauses.load)
        self._days = keep(retention.keep_days_ahead, "days-ahead")
        self._sealing = keep(lambda: chain.keep_sealing(self.settings.secret), "audit-sealing")
        self.store.start()
        self.publisher.start()
        self.ingest.registry.start()
        self.workdays.start()
        self.policing.start()
        await _patiently(self.view.start)
        self.balance.start()
        self._turning = keep(self._turn, "loop-turns")
        self.phase = "open"
        log.info("hub_ready")

    def leave(self) -> None:
        """From now on a load balancer is told to send nobody here. Whoever comes all the same is served."""
        self.phase = "leaving"
        log.info("leaving", agents=FIGURES.agents, viewers=FIGURES.viewers)

    async def drain(self) -> None:
        """Before any socket is told to go: agents hear that they should come back, what they sent is committed and acked."""
        self.phase = "draining"
        log.info("draining", agents=FIGURES.agents, viewers=FIGURES.viewers)
        self.balance.stop()
        self.policing.stop()
        await self.workdays.stop()
        await self.ingest.drain(DRAIN_S)
        await self.view.stop()
        await self.publisher.stop()
        await self.store.close(0.5)

    async def stop(self) -> None:
        for task in (self._days, self._sealing, self._turning, self._asking):
            if task:
                task.cancel()
        if self._owns_pool:
            await close_pool()

    async def ready(self) -> bool:
        """Whether a load balancer should send anybody here. Redis away does not matter: what agents send is stored all the same."""
        if self.phase != "open" or time.monotonic() - self._turned_at > STUCK_S:
            return False
        # However many ask at once, one question is under way, and they share its answer.
        if not self._asking or self._asking.done():
            self._asking = asyncio.create_task(_database_writes())
        return await asyncio.shield(self._asking)

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(TURN_S)


class Process(Server):
    """The server of a whole process: minds its signals, and tells its supervisor every second that its loop turns."""

    def __init__(self, hub: Hub, tell: int | None = None) -> None:
        super().__init__(config(create(hub), hub.settings), self._drained)
        self._hub = hub
        self._tell = tell
        self._delay_s = hub.settings.drain_delay_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGINT:
            self._delay_s = 0
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._tell is not None and counter % BEAT_TICKS == 0:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):  # when it has gone, a signal tells us
                os.write(self._tell, b".")
        return await super().on_tick(counter)

    async def shutdown(self, sockets: "list[sockets.socket] | None" = None) -> None:
        self._hub.leave()
        until = time.monotonic() + self._delay_s
        while self._delay_s and time.monotonic() < until:  # noqa: ASYNC110 - SIGINT cuts it short
            await asyncio.sleep(min(0.1, self._delay_s))
        await super().shutdown(sockets)

    async def _drained(self) -> None:
        await asyncio.gather(self._hub.drain(), asyncio.sleep(LAST_ASK_S))
        until = time.monotonic() + GOODBYE_S
        while self._sockets_open() and time.monotonic() < until:  # noqa: ASYNC110 - once in a process's life
            await asyncio.sleep(0.05)

    def _sockets_open(self) -> bool:
        return any(isinstance(peer, WebSocketProtocol) for peer in self.server_state.connections)


def create(hub: Hub) -> Litestar:
    """The application of a process."""
    settings = hub.settings
    client = web.redis_client(settings.redis_url or "")
    limits = hub.ingest.limits = Limits(client)
    figures = Metrics(lambda: hub.store.depth, client)

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await hub.start()
        figures.start()
        try:
            yield
        finally:
            await figures.stop()
            await hub.stop()
            with contextlib.suppress(TimeoutError):  # a connection that was cut may never say that it is closed
                await asyncio.wait_for(client.aclose(), CLOSE_S)

    @websocket("/live")
    async def live_socket(socket: "WebSocket[Any, Any, Any]") -> None:
        if hub.phase == "draining":
            await socket.accept()
            await socket.close(code=Close.DRAINED, reason="drained")
            return
        try:
            await hub.view.serve(socket)
        finally:
            let_go(socket)

    @get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @get("/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, bool]]:
        state = {"ready": await hub.ready(), "feed": hub.feed.healthy}
        return Response(state, status_code=200 if state["ready"] else 503)

    @get("/metrics", include_in_schema=False, media_type="text/plain; version=0.0.4")
    async def metrics() -> str:
        return await figures.text()

    handlers = [live_socket, health, ready, metrics, page]
    return web.build(
        settings,
        [*api(), *handlers],
        client,
        sockets={"/agent/v1": hub.ingest.serve},
        limits=limits,
        lifespan=[lifespan],
    )


def api() -> list[HTTPRouteHandler]:
    """The routes that pages ask, beside those of signing in."""
    return [
        *organisation.ROUTES,
        *security.ROUTES,
        *audited.ROUTES,
        *held.ROUTES,
        *exported.ROUTES,
        *devices.ROUTES,
        *rights.ROUTES,
        *roll_out.ROUTES,
        *pauses.ROUTES,
        *directory.ROUTES,
        *finder.ROUTES,
        *panel.ROUTES,
        *hours.routes(),
        *looks.ROUTES,
        *policy_pages.ROUTES,
        *papers.ROUTES,
        *saved_views.ROUTES,
        *public.ROUTES,
        *outgoing.ROUTES,
        *imports.ROUTES,
    ]


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
        headers = {"cache-control": caching}
        packed = {
            coding: path
            for coding, ending in PACKED.items()
            if (path := found.with_name(found.name + ending)).is_file()
        }
        if name.startswith("assets/") and packed:
            headers["vary"] = "Accept-Encoding"
            coding = best_coding(request.headers.get("accept-encoding", ""), packed)
            if coding is not None:
                headers["content-encoding"] = coding
                found = packed[coding]
        return File(found, media_type=kind, headers=headers, content_disposition_type="inline")
    if "." in name.rsplit("/", 1)[-1] or not (PAGES / "index.html").is_file():
        raise NotFoundException
    return File(
        PAGES / "index.html",
        media_type=MediaType.HTML,
        headers={"cache-control": "no-cache"},
        content_disposition_type="inline",
    )


def best_coding(accepted: str, codings: Iterable[str]) -> str | None:
    """Which of these an Accept-Encoding (RFC 9110, section 12.5.3) weighs most, the first of several; `None` when it takes none."""
    weights: dict[str, float] = {}

    def weigh(coding: str) -> float:
        return weights.get(coding, weights.get("*", 0.0))

    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        try:
            weights[coding.strip()] = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            return None
    return max((each for each in codings if weigh(each) > 0), key=weigh, default=None)


def serve(settings: Settings, inherited: str | None = None) -> None:
    """Runs a hub process until SIGTERM or SIGINT, then drains it. Raises `StartError` when it can't start.

    `inherited`: the descriptors of a listening socket and of a pipe, when a supervisor holds them.
    """
    hub = Hub(settings)
    logs.configure(settings, hub=hub.name)
    allow_many_connections()
    collect_seldom()
    if inherited is not None:
        listening, tell = map(int, inherited.split(","))
        Process(hub, tell).run(sockets=[sockets.socket(fileno=listening)])
        return
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Is PORT taken?"
        ) from error
    Process(hub).run(sockets=[listener])


async def _database_writes() -> bool:
    """Whether PostgreSQL answers, and takes writes: one that is a standby, or was made read-only, stores nothing."""
    asked = "SELECT current_setting('transaction_read_only') = 'off'"  # on a standby it is on
    try:
        async with asyncio.timeout(READY_S):
            try:
                async with connection(POOL_S) as held:
                    return bool(await held.fetchval(asked))
            except PoolBusy:  # a hub that has much to do is no worse for that
                async with beside_the_pool() as held:
                    return bool(await held.fetchval(asked))
    except DATABASE_AWAY:
        return False


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
