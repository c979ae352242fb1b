"""The viewer socket: who may see what, a snapshot of each team, then one coalesced delta a team and tick.

All viewers of a team are one class, since `see_team` shows all that the hub has of it: it is asked per viewer and team at each
subscription. A viewer is admitted by session and Origin, and asked for again every two seconds from PostgreSQL: a sign-out, a change of
role or a deactivation closes the socket within five, also while Redis is away; what may be seen then is asked anew. Looking is recorded
before anything is shown.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub import audit
from hub.auth import login
from hub.auth.access import Subject, may
from hub.auth.guard import note
from hub.database import DATABASE_AWAY
from hub.errors import DaylightError, Unauthorised
from hub.feed.contract import Feed
from hub.figures import FIGURES
from hub.live.follow import Follow
from hub.live.ingest import Ingest
from hub.live.line import TOO_LARGE
from hub.live.outbox import Outbox
from hub.live.team import TeamView
from hub.live.telling import Part, text_frame
from hub.live.upkeep import keep
from hub.live.viewer import ViewerConnection
from hub.serving import protocol_of
from hub.wire.closing import Close
from hub.wire.frames import BadFrame, viewer_hub_side
from hub.wire.viewer import Beat, Subscribe, TeamName, Teams, ViewerAck

TICK_S = 0.15
"""One frame a team and tick at most: changes within it cost one write a viewer, whatever their number."""
TURNS = 4
"""Each viewer is looked after in one tick of so many, every 0.6 s: beats are spread, and no tick walks over all viewers."""
SILENT_S = 0.7
"""A viewer that was sent nothing for this long gets a beat in its turn: after 1.3 s at most. A page gives up after 3."""
AT_ONCE = 100
"""Viewers written to before agents get their turn: some 100 x 5 teams x 7 us of writing."""
AGAIN_S = 0.25
"""Between two subscriptions of a viewer: each may send it four parts of a snapshot without an ack."""
OPENED_AT_ONCE = 8
"""Teams of one viewer: the feed's answers for one are on their way while those of another are read."""
DIRECTORY_S = 2.0
LOOKS_S = 5.0
CLOCKS_S = 30.0
"""An hour begins so much later here than by the database's clock, which decides: it must not be still in the one before."""
SOCKETS_MAX = 128
"""Of one sign-in in this process: more windows than anybody opens. With `HELD_MAX_BYTES` for each they make us hold 40 MB at the most."""

log = structlog.get_logger()

_ack = msgspec.json.Decoder(ViewerAck)


class View:
    """All viewers of this process."""

    def __init__(self, feed: Feed, ingest: Ingest, now: Callable[[], datetime] | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self._ingest = ingest
        self._follow = Follow(feed, ingest, now)
        self._viewers: set[ViewerConnection] = set()
        self._turns: tuple[set[ViewerConnection], ...] = tuple(set() for _ in range(TURNS))
        self._watching: dict[int, set[ViewerConnection]] = {}
        self._seen: dict[int, tuple[str, int]] = {}
        """The epoch and revision of each team that its viewers were last told to catch up with."""
        self._behind: set[ViewerConnection] = set()
        self._settled_at = self._now()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._codec = viewer_hub_side()

    async def start(self) -> None:
        await self._follow.start(self._catch_all_up, self._catch_all_up)
        self._tasks = [
            keep(self._tick, "view-tick"),
            keep(self._watch_access, "view-access"),
            keep(self._watch_looks, "view-looks"),
        ]

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
        if (
            not refused
            and sum(viewer.signed_in.sign_in == signed_in.sign_in for viewer in self._viewers) >= SOCKETS_MAX
        ):
            refused = Close.TOO_MANY
        if refused:
            await outbox.close(refused)
            return
        viewer = ViewerConnection(signed_in, outbox, self._follow)
        turn = min(self._turns, key=len)
        turn.add(viewer)
        self._viewers.add(viewer)
        FIGURES.viewers = len(self._viewers)
        protocol_of(socket).take_text = functools.partial(self._take_ack, viewer)
        log.debug("viewer_admitted")
        began = time.monotonic()
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
            turn.discard(viewer)
            self._viewers.discard(viewer)
            FIGURES.viewers = len(self._viewers)
            log.debug("viewer_gone", seconds=round(time.monotonic() - began, 1))
            if viewer.opening:
                await viewer.opening  # not cancelled: others may wait for a team that it opens
                viewer.opening = None
            await self._release(viewer, viewer.teams)
            self._behind.discard(viewer)

    async def _handle(self, viewer: ViewerConnection, frame: Subscribe | ViewerAck) -> None:
        if isinstance(frame, Subscribe):
            await self._subscribe(viewer, frame)
        else:
            self._acked(viewer, frame)

    def _acked(self, viewer: ViewerConnection, ack: ViewerAck) -> None:
        if viewer.outbox.acked(ack.team, ack.rev, ack.part) and viewer.is_behind:
            self._catch_up(viewer)

    def _take_ack(self, viewer: ViewerConnection, text: bytes) -> bool:
        """Whether it was an ack: most of what viewers send. All else, and what is wrong with it, is for who receives."""
        if not text.startswith(b'{"t":"ack",'):
            return False
        try:
            ack = _ack.decode(text)
        except msgspec.MsgspecError:
            return False
        self._acked(viewer, ack)
        return True

    async def _subscribe(self, viewer: ViewerConnection, frame: Subscribe) -> None:
        if viewer.opening:
            await viewer.opening
            await asyncio.sleep(AGAIN_S)
        directory = self._follow.directory
        asked = directory.teams if frame.teams is None else dict.fromkeys(frame.teams)
        person = viewer.signed_in.viewer
        wanted = [team for team in asked if team in directory.teams and may(person, "see_team", Subject(team=team))]
        refused = set() if frame.teams is None else (asked.keys() & directory.teams.keys()) - set(wanted)
        try:
            await note(person, "see_team", [Subject(team=team) for team in sorted(refused - viewer.refused)])
            await self._note_looks({viewer: wanted})
        except (DaylightError, *DATABASE_AWAY):
            await viewer.outbox.close(Close.UNAVAILABLE)  # a look that can't be recorded is not given
            return
        viewer.refused |= refused
        before = viewer.teams
        viewer.subscribe(set(wanted), frame.viewport)
        for team in wanted:  # before it is opened, so that nobody else's leaving closes it
            self._watching.setdefault(team, set()).add(viewer)
        above = {team: parent for team, parent in directory.above.items() if parent in viewer.teams}
        names = [TeamName(id=team, name=directory.teams[team], parent=above.get(team)) for team in wanted]
        viewer.outbox.put(text_frame(self._codec.encode(Teams(teams=names, now=self._now()))))
        viewer.opening = asyncio.create_task(self._open(viewer, wanted, before - viewer.teams))

    async def _note_looks(self, wanted: Mapping[ViewerConnection, Iterable[int]]) -> None:
        """Records for each viewer which of these walls they look at, unless that is done for this hour."""
        hour = _hour()
        noted = [
            (viewer, [team for team in teams if viewer.looked_hour != hour or team not in viewer.looked])
            for viewer, teams in wanted.items()
        ]
        for first in range(0, len(noted), AT_ONCE):
            batch = noted[first : first + AT_ONCE]
            await audit.record_looks(
                [
                    audit.WallLook(viewer.signed_in.viewer.person, team, viewer.signed_in.sign_in)
                    for viewer, teams in batch
                    for team in teams
                ]
            )
            for viewer, teams in batch:
                viewer.looked = {*teams} if viewer.looked_hour != hour else {*viewer.looked, *teams}
                viewer.looked_hour = hour

    async def _watch_looks(self) -> None:
        """A wall that stays open is a look in every hour: the ledger then tells for how long."""
        while True:
            await asyncio.sleep(LOOKS_S)
            hour = _hour()
            try:
                await self._note_looks({viewer: viewer.teams for viewer in self._viewers if viewer.looked_hour != hour})
            except (DaylightError, *DATABASE_AWAY) as error:
                log.warning("looks_not_recorded", error=type(error).__name__)  # they are at the next turn

    async def _open(self, viewer: ViewerConnection, wanted: list[int], left: set[int]) -> None:
        """Shows teams one after another, beside the reading of the viewer's acks: they make room for the next. Raises nothing."""
        try:
            for first in range(0, len(wanted), OPENED_AT_ONCE):
                opened = await asyncio.gather(*map(self._follow.open, wanted[first : first + OPENED_AT_ONCE]))
                self._settle()
                for team in opened:
                    viewer.show(team)
                self._catch_up(viewer)
                if viewer.outbox.closed:
                    break
            self._catch_up(viewer)
        except Exception:
            log.exception("teams_not_opened")
            self._later(viewer.outbox.close(Close.UNAVAILABLE))  # it would wait for the rest for ever
        await self._release(viewer, left)

    async def _release(self, viewer: ViewerConnection, teams: set[int]) -> None:
        """Watches no longer what this viewer was the last to see."""
        unseen = set()
        for team in teams:
            self._watching[team].discard(viewer)
            if not self._watching[team]:
                unseen.add(team)
                del self._watching[team]
                self._seen.pop(team, None)
        await self._follow.release(unseen, self._watching.__contains__)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _settle(self) -> None:
        self._settled_at = self._now()
        self._follow.settle(self._settled_at)

    def _catch_up(self, viewer: ViewerConnection) -> None:
        viewer.catch_up(self._settled_at)  # the same time for all frames of a revision, so that they are the same frame
        if viewer.is_behind and not viewer.outbox.closed:
            self._behind.add(viewer)
        else:
            self._behind.discard(viewer)

    def _catch_all_up(self) -> None:
        """The feed went away or is back: everybody is told, who has read all else."""
        self._notice()
        self._behind |= self._viewers
        for viewer in self._viewers:
            self._catch_up(viewer)

    def _notice(self) -> list[tuple[TeamView, int]]:
        """Finds the teams that have changed, and notes who has to hear of it. Returns them with what most viewers know of them."""
        self._settle()
        changed: list[tuple[TeamView, int]] = []
        for number, viewers in self._watching.items():
            team = self._follow.team(number)
            if team is not None and self._seen.get(number) != (team.epoch, team.rev):
                epoch, since = self._seen.get(number, ("", 0))
                if epoch == team.epoch:
                    changed.append((team, since))
                self._seen[number] = team.epoch, team.rev
                for viewer in viewers:
                    viewer.changed(number)
                self._behind |= viewers
        return changed

    async def _tell_those_in_step(self, team: TeamView, since: int) -> None:
        """One frame for all who know a team as of the last tick: nearly everybody, and with less ado than `catch_up`."""
        frame = team.delta(since, self._settled_at)
        if frame is None:
            return
        part = Part(frame, team.rev)
        for count, viewer in enumerate(list(self._watching.get(team.team, ())), 1):
            if viewer.keep_step(team, since, part) and not viewer.is_behind:
                self._behind.discard(viewer)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for turn in self._turns:
                due = max(due + TICK_S, loop.time())  # what a tick takes comes out of the pause before the next one
                await asyncio.sleep(due - loop.time())
                for team, since in self._notice():
                    await self._tell_those_in_step(team, since)
                for count, viewer in enumerate(list(self._behind), 1):
                    self._catch_up(viewer)
                    if count % AT_ONCE == 0:
                        await asyncio.sleep(0)
                self._look_after(turn)

    def _look_after(self, viewers: set[ViewerConnection]) -> None:
        """Ends those who don't read, and beats to those who heard nothing.

        A page that is frozen on a wall where nothing changes can't be told from one that reads: its kernel takes the beats. Nor does it
        cost more, and the first change ends it. A machine that is gone is ended by its kernel's silence (`serving.py`).
        """
        clock = time.monotonic()
        beat = text_frame(self._codec.encode(Beat(now=self._now())))
        for viewer in viewers:
            outbox = viewer.outbox
            if not outbox.closed and outbox.overdue(clock):
                outbox.cut()
            elif clock - outbox.last_put > SILENT_S and not outbox.unsent_bytes:
                outbox.put(beat)

    async def _watch_access(self) -> None:
        while True:
            await asyncio.sleep(DIRECTORY_S)
            # Each by itself: whoever may not look any more is ended though a directory can't be read.
            for look in (self._follow.read_directory, self._ingest.registry.end_refused, self._end_those_signed_out):
                try:
                    await look()
                except (DaylightError, *DATABASE_AWAY) as error:
                    log.warning("access_not_read", error=type(error).__name__)

    async def _end_those_signed_out(self) -> None:
        ended = await login.ended({_opened(viewer) for viewer in self._viewers})
        for viewer in list(self._viewers):
            if code := ended.get(_opened(viewer)):
                self._later(viewer.outbox.close(code))  # one that doesn't read must not hold up the others


def _hour() -> int:
    return int((time.time() - CLOCKS_S) // 3600)


def _opened(viewer: ViewerConnection) -> login.Opened:
    return viewer.signed_in.sign_in, viewer.signed_in.version
