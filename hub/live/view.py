"""The viewer socket: who may see what, a snapshot of each team, then one coalesced delta a team and tick.

A viewer is admitted by session and Origin, and asked for again every two seconds from PostgreSQL: a sign-out, a change of role or a
deactivation closes the socket within five, also while Redis is away. Looking is recorded before anything is shown.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub import audit
from hub.auth import login
from hub.auth.access import Subject, may
from hub.database import DATABASE_AWAY
from hub.errors import DaylightError, Unauthorised
from hub.feed.contract import Feed
from hub.figures import FIGURES
from hub.live.follow import Follow
from hub.live.ingest import Ingest
from hub.live.line import TOO_LARGE
from hub.live.outbox import Outbox
from hub.live.team import TeamView
from hub.live.upkeep import keep
from hub.wire.closing import Close
from hub.wire.frames import BadFrame, viewer_hub_side
from hub.wire.viewer import Beat, Stale, Subscribe, TeamName, Teams, ViewerAck

TICK_S = 0.15
"""One frame a team and tick at most: changes within it cost one write a viewer, whatever their number."""
DIRECTORY_S = 2.0
BEAT_S = 1.0

log = structlog.get_logger()


class View:
    """All viewers of this process."""

    def __init__(self, feed: Feed, ingest: Ingest, now: Callable[[], datetime] | None = None) -> None:
        self._follow = Follow(feed, ingest, now)
        self._ingest = ingest
        self._now = now or (lambda: datetime.now(UTC))
        self._viewers: set[ViewerConnection] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._codec = viewer_hub_side()

    async def start(self) -> None:
        await self._follow.start(self._tell_stale, self._show_all_anew)
        self._tasks = [keep(self._tick, "view-tick"), keep(self._watch_access, "view-access")]

    async def stop(self) -> None:
        """Ends all viewers, telling them to come back."""
        for task in self._tasks:
            task.cancel()
        closing = [asyncio.create_task(viewer.outbox.close(Close.DRAINED)) for viewer in self._viewers]
        if closing:
            await asyncio.wait(closing, timeout=1.5)
        await self._follow.stop()

    async def serve(self, socket: "WebSocket[Any, Any, Any]") -> None:
        """One viewer, from accept to its end. The caller has checked Origin. A signed-out one learns it by close code."""
        refused: Close | None = None
        try:
            signed_in = await login.viewer_of_socket(socket)
        except Unauthorised:
            refused = Close.SIGNED_OUT
        except (DaylightError, *DATABASE_AWAY):
            refused = Close.UNAVAILABLE  # not known: nobody is sent to sign in again for that
        await socket.accept()
        outbox = Outbox(socket)
        if refused:
            await outbox.close(refused)
            return
        viewer = ViewerConnection(signed_in, outbox)
        self._viewers.add(viewer)
        FIGURES.viewers = len(self._viewers)
        try:
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    if message.get("code") == TOO_LARGE:
                        FIGURES.refused["viewer_too_large"] += 1
                        log.warning("viewer_refused", reason="too_large")
                    return
                await self._handle(viewer, self._codec.decode(message.get("text") or message.get("bytes") or b""))
        except BadFrame as bad:
            await outbox.close(bad.code)
        except WebSocketDisconnect:
            pass
        finally:
            outbox.closed = True
            self._viewers.discard(viewer)
            FIGURES.viewers = len(self._viewers)
            await self._release(viewer.teams)

    async def _handle(self, viewer: "ViewerConnection", frame: Subscribe | ViewerAck) -> None:
        if isinstance(frame, ViewerAck):
            viewer.outbox.acked(frame.team, frame.rev)
            return
        person = viewer.signed_in.viewer
        directory = self._follow.directory
        asked = [team for team in directory.teams if frame.teams is None or team in frame.teams]
        wanted = [team for team in asked if may(person, "see_team", Subject(team=team))]
        try:
            await audit.record_looks(
                viewer.signed_in.viewer.person, [team for team in wanted if team not in viewer.looked]
            )
            viewer.looked |= set(wanted)
        except (DaylightError, *DATABASE_AWAY):
            await viewer.outbox.close(Close.UNAVAILABLE)  # a look that can't be recorded is not given
            return
        before, viewer.teams = viewer.teams, set(wanted)
        viewer.outbox.reset(viewer.teams)
        now = self._now()
        names = [TeamName(id=team, name=directory.teams[team]) for team in wanted]
        viewer.outbox.put(self._codec.encode(Teams(teams=names, now=now)).decode())
        for team in wanted:
            self._show_whole(viewer, await self._follow.open(team), now)
        if self._follow.stale_since:
            viewer.outbox.put(self._codec.encode(Stale(since_at=self._follow.stale_since)).decode())
        await self._release(before - viewer.teams)

    def _show_whole(self, viewer: "ViewerConnection", team: TeamView, now: datetime) -> None:
        self._follow.settle(now)
        *parts, last = team.snapshot(now)
        for part in parts:
            viewer.outbox.put(part)
        viewer.outbox.put(last, team.team, team.rev)

    async def _release(self, teams: set[int]) -> None:
        watched = set().union(*(viewer.teams for viewer in self._viewers)) if self._viewers else set()
        await self._follow.release(teams - watched)

    def _tell_stale(self) -> None:
        self._tell_all(Stale(since_at=self._follow.stale_since))

    def _show_all_anew(self) -> None:
        now = self._now()
        for viewer in list(self._viewers):
            for number in viewer.teams:
                if team := self._follow.team(number):
                    self._show_whole(viewer, team, now)
        self._tell_all(Stale())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _tell_all(self, frame: Stale | Beat) -> None:
        encoded = self._codec.encode(frame).decode()
        for viewer in self._viewers:
            viewer.outbox.put(encoded)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now, clock = self._now(), time.monotonic()
            self._follow.settle(now)
            beat = self._codec.encode(Beat(now=now)).decode()
            for viewer in list(self._viewers):
                outbox = viewer.outbox
                if outbox.overdue(clock):
                    outbox.cut()
                    continue
                for number in viewer.teams:
                    watched = self._follow.team(number)
                    behind = outbox.sent_rev.get(number)
                    if watched is not None and behind is not None and behind < watched.rev and outbox.may_send(number):
                        outbox.put(watched.delta(behind, now), number, watched.rev)
                if clock - outbox.last_put > BEAT_S:
                    outbox.put(beat)

    async def _watch_access(self) -> None:
        while True:
            await asyncio.sleep(DIRECTORY_S)
            try:
                await self._follow.read_directory()
                await self._ingest.registry.end_refused()
                open_ones = {viewer.signed_in.sign_in: viewer.signed_in.version for viewer in self._viewers}
                ended = await login.ended(open_ones) if open_ones else {}
            except (DaylightError, *DATABASE_AWAY) as error:
                log.warning("access_not_read", error=type(error).__name__)
                continue
            for viewer in list(self._viewers):
                if code := ended.get(viewer.signed_in.sign_in):
                    self._later(viewer.outbox.close(code))  # one that doesn't read must not hold up the others


class ViewerConnection:
    """One admitted viewer."""

    def __init__(self, signed_in: "login.SignedIn", outbox: Outbox) -> None:
        self.signed_in = signed_in
        self.outbox = outbox
        self.teams: set[int] = set()
        self.looked: set[int] = set()
        """Teams whose look this sitting has recorded."""
