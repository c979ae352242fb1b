"""What was sent to one viewer and not acked yet, and whether there is room for more. Nothing waits here: what there is no room for stays
with the team, and becomes one delta of all that is newest.

Flow control is by the viewer's own acks, since a proxy between us hides whether it reads. A viewer that stops acking is cut off, and one
that acks what it doesn't read.
"""

import asyncio
import time
from collections import deque
from typing import Any

import structlog
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hub import logs
from hub.figures import FIGURES
from hub.live.telling import Part
from hub.serving import protocol_of
from hub.wire.closing import Close

UNACKED_MAX = 12
"""Frames of a team that may be unacked when another delta of it goes out: 1.8 s of ticks. A page acks small ones once a second, since an
ack costs us nearly as much as a frame does, and may be 0.8 s away."""
UNACKED_MAX_BYTES = 256 * 1024
"""Of all teams of a viewer: four parts of a snapshot on the way. 3 MB, the wall of 10,000 people, takes twelve round trips then, and a
viewer that draws 32 KiB a second still acks in time."""
HELD_MAX_BYTES = UNACKED_MAX_BYTES + 64 * 1024
"""What waits in this process for one viewer, whatever it acks: nothing is sent while `UNACKED_MAX_BYTES` or more are unsent, and
a frame of a team is at most 64 KiB. Beats are not sent while anything waits; the list of teams comes once a subscription."""
ACK_S = 8.0
"""A viewer that has a frame unacked for this long, or has taken no byte of what waits for it, is cut off: within ten seconds, as
`view.py` looks every 0.6 s, or less often on a machine that can't keep up."""
CLOSE_S = 1.0

log = structlog.get_logger()


_Sent = tuple[tuple[int, int], int, float]
"""A frame on its way: its revision and part, its size in bytes, and when it was sent by the monotonic clock."""


class Outbox:
    """One viewer's end of the connection: frames out, in order, and acks in."""

    __slots__ = (
        "_protocol", "_socket", "_taken", "_taken_at", "_unacked", "_unacked_bytes", "_written", "closed", "connection", "last_put",
    )  # fmt: skip

    def __init__(self, socket: "WebSocket[Any, Any, Any]") -> None:
        self._socket = socket
        self._protocol = protocol_of(socket)
        self.connection = logs.connection()
        self._unacked: dict[int, deque[_Sent]] = {}
        self._unacked_bytes = 0
        self._written = 0
        self._taken = 0
        self._taken_at = time.monotonic()
        self.closed = False
        self.last_put = time.monotonic()

    @property
    def unsent_bytes(self) -> int:
        """What waits in this process for the viewer to read."""
        return self._protocol.unsent_bytes

    def has_room(self) -> bool:
        """Whether another part of anything may go out now."""
        return (
            not self.closed
            and self._unacked_bytes < UNACKED_MAX_BYTES
            and self._protocol.unsent_bytes < UNACKED_MAX_BYTES
        )

    def may_begin(self, team: int) -> bool:
        """Whether a delta of this team may go out now, or has to wait for acks of what was sent of the team."""
        return len(self._unacked.get(team, ())) < UNACKED_MAX and self.has_room()

    def put(self, frame: bytes) -> None:
        """Writes a frame that needs no ack. A viewer for whom more waits than may is cut off: it asks and doesn't read."""
        if self.closed:
            return
        unsent = self._protocol.write_frame(frame)
        if unsent is None:
            self.closed = True
            return
        size = len(frame)
        if unsent > HELD_MAX_BYTES + size:
            self.cut()
            return
        self._written += size
        self.last_put = time.monotonic()
        FIGURES.frames_to_viewers += 1

    def put_part(self, team: int, part: Part) -> None:
        """Writes a frame that counts as unacked until the viewer has drawn it. To be asked before: `has_room`."""
        if self.closed:
            return
        size = len(part.frame)
        self._unacked.setdefault(team, deque()).append(((part.rev, part.part), size, time.monotonic()))
        self._unacked_bytes += size
        self.put(part.frame)

    def acked(self, team: int, rev: int, part: int) -> bool:
        """Takes an ack of everything of a team up to here. True when it was one of something: an ack of what was not sent is not heard."""
        sent, upto = self._unacked.get(team), (rev, part)
        if not sent or upto > sent[-1][0] or upto < sent[0][0]:
            return False
        while sent and sent[0][0] <= upto:
            self._unacked_bytes -= sent.popleft()[1]
        return True

    def forget(self, team: int) -> None:
        """A team that is no longer subscribed, or is told anew from its beginning: what is on the way of it needs no ack."""
        for _, size, _ in self._unacked.pop(team, ()):
            self._unacked_bytes -= size

    def overdue(self, now: float) -> bool:
        """Whether the viewer has left a frame unacked, or what waits for it unread, for longer than one that reads would."""
        unsent = self._protocol.unsent_bytes
        taken = self._written - unsent
        if unsent == 0 or taken > self._taken:
            self._taken, self._taken_at = taken, now
        unacked_at = min((sent[0][2] for sent in self._unacked.values() if sent), default=now)
        return now - min(unacked_at, self._taken_at) > ACK_S

    async def close(self, code: Close) -> None:
        """Ends the connection with a code, which is counted and logged unless the hub itself is going."""
        if self.closed:
            return
        self.closed = True
        if code is not Close.DRAINED:
            FIGURES.refused[f"viewer_{code.name.lower()}"] += 1
            log.warning("viewer_refused", reason=code.name.lower(), connection=self.connection)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=code, reason=code.name.lower())
        except TimeoutError:
            self._protocol.cut()
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass

    def cut(self) -> None:
        """Ends the connection without a word: the peer would not read one."""
        self.closed = True
        FIGURES.refused["viewer_too_slow"] += 1
        log.warning("viewer_refused", reason="too_slow", connection=self.connection)
        self._protocol.cut()
