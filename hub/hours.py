"""The last hour of many people, a letter a minute: what the wall draws beside each of them. From the rows, up to what is stored.

Letters are made once a minute for each person, whoever asks, in one snapshot for all who are asked for: a process that serves a thousand
viewers of a team reads it once. They are shown of those only whom the viewer may see on the wall now, and are a look at it: the same row of
the audit as that of the wall, which is there already where that is open.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from hub import audit
from hub.auth import login
from hub.auth.access import PERSON_MAX, Range, Viewer, load_subjects, may, permitted
from hub.auth.guard import note
from hub.rollups.read import Span, read_pieces
from hub.rollups.united import Piece
from hub.wire.activity import State

MINUTES = 60
MINUTE = timedelta(minutes=1)
MINUTE_US = 60_000_000
PEOPLE_MAX = 200
"""Of one request: more than fit on a screen."""
KEPT_MAX = 20_000
"""People whose letters of this minute are kept: some 3 MB."""
WAIT_S = 8.0
"""For others who are being read for: then it is said that it can't be told now."""
OFFLINE = "o"
LETTERS: dict[State, str] = {
    "private": "v", "break": "b", "active": "a", "passive": "p", "idle": "i", "locked": "l",
}  # fmt: skip
"""Of states that are stored. In this order where two held as much of a minute."""
_microsecond = timedelta(microseconds=1)

Call = Request[None, None, AppState]
Read = Callable[[Mapping[int, Span]], Awaitable[dict[int, list[Piece]]]]


class Asked(msgspec.Struct, frozen=True):
    """Whose hours."""

    people: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=PERSON_MAX)]], msgspec.Meta(max_length=PEOPLE_MAX)]


class Hours(msgspec.Struct, frozen=True):
    """For each person 60 letters, oldest minute first; the last one is the minute that ended at `until_at`.

    a active, p passive, i idle, l locked, b break, v private, o offline (nothing stored, or not for this viewer): the state that held most
    of the minute.
    """

    until_at: datetime
    hours: dict[int, str]


class Letters:
    """The letters of this minute, of everybody who was asked for in it."""

    def __init__(self, read: Read = read_pieces) -> None:
        self._read = read
        self._until = datetime.min.replace(tzinfo=UTC)
        self._kept: dict[int, str] = {}
        self._reading = asyncio.Lock()

    async def of(self, people: Iterable[int], until: datetime) -> dict[int, str]:
        """Of each of these people that exists. Who asks for the same at once waits for one read. Raises `TimeoutError`."""
        wanted = list(people)
        async with asyncio.timeout(WAIT_S), self._reading:
            if until > self._until:
                self._until, self._kept = until, {}
            if until < self._until or len(self._kept) > KEPT_MAX:
                return await self._read_anew(wanted, until)  # a request that waited beyond its minute
            if missing := [person for person in wanted if person not in self._kept]:
                self._kept |= await self._read_anew(missing, until)
            return {person: self._kept[person] for person in wanted}

    async def _read_anew(self, people: list[int], until: datetime) -> dict[int, str]:
        pieces = await self._read(dict.fromkeys(people, (until - MINUTES * MINUTE, until)))
        return {person: letters_of(pieces[person], until) for person in people}


def letters_of(pieces: Sequence[Piece], until: datetime) -> str:
    """The letter of each of the 60 minutes before `until`. `pieces` lie within them."""
    start = until - MINUTES * MINUTE
    held: list[dict[State, int]] = [{} for _ in range(MINUTES)]
    for piece in pieces:
        at, end = (piece.started_at - start) // _microsecond, (piece.ended_at - start) // _microsecond
        while at < end:
            minute = at // MINUTE_US
            upto = min(end, (minute + 1) * MINUTE_US)
            held[minute][piece.state] = held[minute].get(piece.state, 0) + upto - at
            at = upto
    return "".join(map(_letter, held))


def routes() -> list[HTTPRouteHandler]:
    """The route of one process, with what it keeps."""
    letters = Letters()

    @post("/api/hours", status_code=200, summary="The last hour of people on the wall, a letter a minute", reads=True)
    async def read_hours(request: Call, viewer: NamedDependency[Viewer], data: JSONBody[Asked]) -> Hours:
        sign_in = (await login.signed_in(request)).sign_in
        return await hours_for(viewer, sign_in, data.people, datetime.now(UTC), letters)

    return [read_hours]


async def hours_for(viewer: Viewer, sign_in: UUID, people: Iterable[int], now: datetime, letters: Letters) -> Hours:
    """The hours of those of these people whom `viewer` may see now, with the minutes in which they were not theirs left blank; a look."""
    until = now.replace(second=0, microsecond=0)
    over = Range(until - MINUTES * MINUTE, until)
    subjects = await load_subjects(set(people))
    seen = {
        person: permitted(viewer, "see_activity", subject, over)
        for person, subject in subjects.items()
        if may(viewer, "see_presence", subject, Range(now, now))
    }
    hidden = [subject for person, subject in subjects.items() if person not in seen and not subject.restricted]
    await note(viewer, "see_presence", hidden)
    await audit.record_looks(
        {
            audit.WallLook(viewer.person, stay.team, sign_in)
            for person in seen.keys() - {viewer.person}
            for stay in subjects[person].stays
            if stay.until_at is None
        }
    )
    told = await letters.of(seen, until) if seen else {}
    return Hours(until, {person: _cut(told[person], parts, over) for person, parts in seen.items()})


def _letter(held: dict[State, int]) -> str:
    rest = MINUTE_US - sum(held.values())
    best, letter = 0, OFFLINE
    for state, shown in LETTERS.items():
        if held.get(state, 0) > best:
            best, letter = held[state], shown
    return letter if best >= rest else OFFLINE


def _cut(letters: str, parts: Sequence[Range], over: Range) -> str:
    """Without the minutes that are not wholly in one of the parts."""
    if tuple(parts) == (over,):
        return letters
    return "".join(
        letter if any(part.start_at <= at and at + MINUTE <= part.end_at for part in parts) else OFFLINE
        for letter, at in ((letter, over.start_at + index * MINUTE) for index, letter in enumerate(letters))
    )
