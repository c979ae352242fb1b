"""What waits to be sent to one viewer. Bounded: at most two frames of a team are unacked, and what changes meanwhile becomes one delta.

Flow control is by the viewer's own acks, since a proxy between us hides whether it reads. A viewer that stops acking is cut off.
"""

import asyncio
import time
from typing import Any

import structlog
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub.figures import FIGURES
from hub.serving import abort
from hub.wire.closing import Close

UNACKED_MAX = 2
ACK_S = 10.0
"""A viewer that has frames unacked for this long is cut off."""
SEND_S = 10.0
PENDING_MAX_CHARACTERS = 16 * 1024 * 1024
"""What may wait for one viewer: several snapshots of 10,000 people. One who asks for more than they read is cut off."""


log = structlog.get_logger()


class Outbox:
    """Frames for one viewer, in order, written by a task that lives only while there is something to write."""

    def __init__(self, socket: "WebSocket[Any, Any, Any]") -> None:
        self._socket = socket
        self._frames: list[str] = []
        self._pending = 0
        self._writer: asyncio.Task[None] | None = None
        self._sent: dict[int, list[tuple[int, float]]] = {}
        self.sent_rev: dict[int, int] = {}
        """Newest revision of each team that was put in."""
        self.closed = False
        self.last_put = time.monotonic()

    def may_send(self, team: int) -> bool:
        """Whether a delta of this team may go out now, or has to wait for an ack."""
        return len(self._sent.get(team, ())) < UNACKED_MAX

    def put(self, frame: str, team: int | None = None, rev: int = 0) -> None:
        """Queues a frame. With a team it counts as unacked until the viewer has drawn `rev`."""
        if self.closed:
            return
        if team is not None:
            self._sent.setdefault(team, []).append((rev, time.monotonic()))
            self.sent_rev[team] = rev
        self._frames.append(frame)
        self._pending += len(frame)
        if self._pending > PENDING_MAX_CHARACTERS:
            self._frames.clear()
            self.cut()
            return
        self.last_put = time.monotonic()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def acked(self, team: int, rev: int) -> None:
        self._sent[team] = [entry for entry in self._sent.get(team, ()) if entry[0] > rev]

    def reset(self, teams: set[int]) -> None:
        """Forgets teams that are no longer subscribed."""
        for team in self._sent.keys() - teams:
            self._sent.pop(team)
            self.sent_rev.pop(team, None)

    def overdue(self, now: float) -> bool:
        """Whether the oldest unacked frame is older than a viewer that reads would leave it."""
        return any(entries and now - entries[0][1] > ACK_S for entries in self._sent.values())

    async def close(self, code: Close) -> None:
        """Ends the connection with a code, which is counted and logged unless the hub itself is going."""
        if self.closed:
            return
        self.closed = True
        if code is not Close.DRAINED:
            FIGURES.refused[f"viewer_{code.name.lower()}"] += 1
            log.warning("viewer_refused", reason=code.name.lower())
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(code=code, reason=code.name.lower())
        except TimeoutError:
            abort(self._socket)
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass

    def cut(self) -> None:
        """Ends the connection without a word: the peer would not read one."""
        self.closed = True
        FIGURES.refused["viewer_too_slow"] += 1
        log.warning("viewer_refused", reason="too_slow")
        abort(self._socket)

    async def _write(self) -> None:
        try:
            while self._frames and not self.closed:
                frames, self._frames = self._frames, []
                for frame in frames:
                    async with asyncio.timeout(SEND_S):
                        await self._socket.send({"type": "websocket.send", "text": frame, "bytes": None})
                    self._pending -= len(frame)
                    FIGURES.frames_to_viewers += 1
        except TimeoutError:
            self.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            self.closed = True
        finally:
            self._writer = None
