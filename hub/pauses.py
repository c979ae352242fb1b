"""What people declare for all of their devices at once, as their own act: private time and breaks, and work outside their hours.

Kept in memory, since each event is held against them: read by `load` when a process starts and by `refresh` every second. Nobody else sees
more of it than the state on the wall.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub import audit, policies
from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.database import connection, transaction
from hub.errors import Invalid
from hub.tables import Pause as PauseRow
from hub.wire.events import Event
from hub.wire.pause import TOLD_WITHIN, Declared, Kind, Pause, strip
from hub.wire.policy import STARTED_MAX, Started, Starts, start_at

KEPT = timedelta(days=31)
"""In memory. What a device held for longer is private where its person had paused before then: it can't be told any more when. Of work
that they had started outside their hours it keeps nothing."""
MINUTES_MAX = 24 * 60
STARTS_A_DAY = 48
"""That devices may tell of somebody: each event of theirs is held against all that are kept."""
CLOCKS_APART = timedelta(seconds=1)
"""By less than this clocks may differ."""
LATE_MAX = timedelta(days=1)
"""A device that declared something while it was away is believed for so long."""


class PauseForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `minutes` it lasts until it is ended."""

    kind: Kind
    minutes: Annotated[int, msgspec.Meta(ge=1, le=MINUTES_MAX)] | None = None


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now, and what may be declared."""

    pause: Pause | None
    private_time: bool
    """Whether private time may be declared at all."""
    started: Started | None
    """Work outside the hours, with its end at the latest."""
    startable: Started | None
    """What would be started now; none within the hours."""


_pauses: dict[int, deque[tuple[int, Pause]]] = {}
"""By person, with their numbers, oldest first."""
_starts: dict[int, dict[int, Started]] = {}
"""By person and number, oldest first, with their ends as they are stored."""
_ended: dict[int, tuple[policies.Standing | None, Starts]] = {}
"""The same with their ends as they are, by that policy: a policy that changes may bring them forward."""
_before: set[int] = set()
"""Who had paused before what is kept."""
_revision = 0


def _by_ours() -> datetime:
    return datetime.now(UTC)


async def load(now: Callable[[], datetime] = _by_ours) -> None:
    """Reads what is kept anew. What is in memory stays when it raises."""
    async with connection() as held:
        # First: what comes while the others are asked is read by `refresh`.
        latest = await held.fetchval("SELECT coalesce(max(revision), 0) FROM pause")
        asked_at = now()
        rows = await held.fetch(
            f"{_READ} WHERE until_at IS NULL OR until_at > now() - $1::interval ORDER BY since_at, id", KEPT
        )
        apart = _apart(rows, asked_at, now())
        older = await held.fetch(
            "SELECT DISTINCT person FROM pause WHERE until_at <= now() - $1::interval AND kind <> 'work'", KEPT
        )
    forget()
    _before.update(row["person"] for row in older)
    _take(rows, apart)
    _reached(latest)


async def refresh(now: Callable[[], datetime] = _by_ours) -> None:
    """Reads what was declared or ended since, by whichever process."""
    asked_at = now()
    rows = await PauseRow.raw(f"{_READ} WHERE revision > {{}} ORDER BY since_at, id", _revision)
    _take(rows, _apart(rows, asked_at, now()))


def forget() -> None:
    """As it is before anything was read."""
    global _revision
    _pauses.clear()
    _starts.clear()
    _ended.clear()
    _before.clear()
    _revision = 0


def of(person: int, at: datetime) -> Pause | None:
    """What somebody's devices are to keep to at that time."""
    return next((pause for _, pause in reversed(_pauses.get(person, ())) if pause.holds(at)), None)


def permitted(person: int, event: Event, now: datetime) -> Event:
    """The event without what the person's pauses forbid."""
    if person in _before and event.started_at < now - KEPT:
        return strip(event, [Pause(kind="private", since_at=event.started_at)])
    mine = _pauses.get(person)
    return strip(event, [pause for _, pause in mine]) if mine else event


def input_permitted(person: int, at: datetime) -> bool:
    """Whether it may be told that somebody's latest input was at that time."""
    return not any(pause.forbids_input(at) for _, pause in _pauses.get(person, ()))


def starts(person: int) -> Starts:
    """When somebody started work outside their hours, in order. What is not kept any more was not started."""
    mine = _starts.get(person)
    if not mine:
        return ()
    standing = policies.standing(person)
    known = _ended.get(person)
    if known is None or known[0] is not standing:
        known = _ended[person] = standing, tuple(_until_hours(person, each) for each in mine.values())
    return known[1]


async def declare(person: int, kind: Kind, minutes: int | None) -> Pause:
    """Begins one now, in place of what was declared before. Raises `Invalid` where the policy allows no private time."""
    if kind == "private" and not policies.of(person).private_time:
        raise Invalid("Your policy allows no private time.", "kind", "private_off")
    async with transaction() as held:
        await _take_turns(held)
        await _end(held, person)
        row = await held.fetchrow(
            "INSERT INTO pause (person, kind, since_at, until_at, revision) "
            "VALUES ($1, $2, clock_timestamp(), clock_timestamp() + $3::interval, $4) RETURNING *",
            person,
            kind,
            None if minutes is None else timedelta(minutes=minutes),
            await _next_revision(held),
        )
    return _pause(row)


async def declared(person: int, told: Declared, now: datetime) -> None:
    """What somebody declared at a device of theirs. Idempotent by its time; what they declared or ended since then, anywhere, holds.

    A device that was away may come with it later: at most a day. Private time that the policy does not allow is not declared.
    """
    at = max(now - LATE_MAX, min(told.at, now))
    if told.kind == "private" and not policies.of(person).private_time:
        return
    async with transaction() as held:
        await _take_turns(held)
        latest = await held.fetchrow(
            "SELECT * FROM pause WHERE person = $1 AND kind <> 'work' ORDER BY since_at DESC, id DESC LIMIT 1", person
        )
        if latest is not None:
            until_at = latest["until_at"]
            if latest["since_at"] >= at or (until_at is not None and at < until_at <= now):
                return
        open_now = latest is not None and (latest["until_at"] is None or latest["until_at"] > at)
        if open_now:
            await held.execute(
                "UPDATE pause SET until_at = $2, revision = $3 WHERE id = $1",
                latest["id"],
                at,
                await _next_revision(held),
            )
        if told.kind != "work" and (told.until_at is None or told.until_at > at):
            await held.execute(
                "INSERT INTO pause (person, kind, since_at, until_at, revision) VALUES ($1, $2, $3, $4, $5)",
                person,
                told.kind,
                at,
                told.until_at and min(told.until_at, at + timedelta(minutes=MINUTES_MAX)),
                await _next_revision(held),
            )


async def end(person: int) -> None:
    """Ends what the person has declared. Idempotent."""
    async with transaction() as held:
        await _take_turns(held)
        await _end(held, person)


async def start_work(person: int, at: datetime) -> None:
    """Begins work outside the hours. Nothing happens within them, and where it is begun already."""
    started = start_at(policies.of(person), at)
    async with transaction() as held:
        await _take_turns(held)
        if started is not None and await _going_on(held, person, at) is None:
            await _begin(held, person, started)


async def end_work(person: int, at: datetime) -> None:
    """Ends the work that somebody started, and what they have declared within it. Idempotent."""
    async with transaction() as held:
        await _take_turns(held)
        if await _end_start(held, person, at):
            await _end(held, person)


async def started(person: int, told: list[Started], now: datetime) -> None:
    """Work that somebody started at a device of theirs, or ended. Idempotent by its beginning.

    A device that was away may come with it later: a day at most. It ends no later than if it had been begun here, nothing lengthens it, and
    what they began or ended since then, anywhere, holds.
    """
    async with transaction() as held:
        await _take_turns(held)
        for each in told:
            if not now - LATE_MAX <= each.since_at <= now + TOLD_WITHIN:
                continue
            ends_at = max(each.since_at, min(each.until_at, each.since_at + STARTED_MAX))
            if await _end_start(held, person, ends_at, each.since_at):
                continue
            if await held.fetchval(_OF_LAST_DAY, person, now - LATE_MAX) >= STARTS_A_DAY:
                continue
            work = start_at(policies.over(person, each.since_at, each.since_at), each.since_at)
            if work is not None and ends_at > each.since_at and await _going_on(held, person, each.since_at) is None:
                await _begin(held, person, work)
                await _end_start(held, person, ends_at, each.since_at)


@get("/api/me/pause", summary="What one has declared for all of one's devices")
async def read_pause(viewer: NamedDependency[Viewer]) -> Paused:
    await require(viewer, "declare_pause", Subject(person=viewer.person))
    return await _now(viewer.person)


@put("/api/me/pause", summary="Declare private time or a break, for all of one's devices")
async def declare_pause(viewer: NamedDependency[Viewer], data: JSONBody[PauseForm]) -> Paused:
    await require(viewer, "declare_pause", Subject(person=viewer.person))
    await declare(viewer.person, data.kind, data.minutes)
    return await _now(viewer.person)


@delete("/api/me/pause", summary="End what one has declared")
async def end_pause(viewer: NamedDependency[Viewer]) -> None:
    await require(viewer, "declare_pause", Subject(person=viewer.person))
    await end(viewer.person)


@put("/api/me/work", summary="Start work outside one's hours, for all of one's devices")
async def put_work(viewer: NamedDependency[Viewer]) -> Paused:
    await require(viewer, "declare_pause", Subject(person=viewer.person))
    await start_work(viewer.person, datetime.now(UTC))
    return await _now(viewer.person)


@delete("/api/me/work", summary="End the work that one started outside one's hours")
async def delete_work(viewer: NamedDependency[Viewer]) -> None:
    await require(viewer, "declare_pause", Subject(person=viewer.person))
    await end_work(viewer.person, datetime.now(UTC))


ROUTES = [read_pause, declare_pause, end_pause, put_work, delete_work]


async def _now(person: int) -> Paused:
    """As it is stored, and not only as this process has read."""
    policy, now = policies.of(person), datetime.now(UTC)
    async with connection() as held:
        rows = {row["kind"] == "work": row for row in await held.fetch(_OPEN, person, now)}
    pause, work = rows.get(False), rows.get(True)
    started = _until_hours(person, _started(work)) if work else None
    return Paused(
        pause=_pause(pause) if pause else None,
        private_time=policy.private_time,
        started=started if started and started.until_at > now else None,
        startable=start_at(policy, now),
    )


async def _end(held: Any, person: int) -> bool:
    revision = await _next_revision(held)
    ended: str = await held.execute(
        "UPDATE pause SET until_at = greatest(clock_timestamp(), since_at), revision = $2 "
        "WHERE person = $1 AND kind <> 'work' AND (until_at IS NULL OR until_at > clock_timestamp())",
        person,
        revision,
    )
    return ended != "UPDATE 0"


async def _going_on(held: Any, person: int, at: datetime) -> Any:
    """The row of work that somebody started outside their hours and that goes on at `at`, or begins after it."""
    rows = await held.fetch(
        "SELECT id, since_at, until_at FROM pause WHERE person = $1 AND kind = 'work' AND until_at > $2 ORDER BY since_at",
        person,
        at,
    )
    return next((row for row in rows if _until_hours(person, _started(row)).until_at > at), None)


async def _begin(held: Any, person: int, work: Started) -> None:
    await held.execute(
        "INSERT INTO pause (person, kind, since_at, until_at, revision) VALUES ($1, 'work', $2, $3, $4)",
        person,
        work.since_at,
        work.until_at,
        await _next_revision(held),
    )
    await audit.record("work_started", person, person)


async def _end_start(held: Any, person: int, at: datetime, since_at: datetime | None = None) -> bool:
    """Ends at `at`, and not later, what was begun: at `since_at`, or what goes on. False when there is none."""
    if since_at is None:
        row = await _going_on(held, person, at)
    else:
        row = await held.fetchrow(
            "SELECT id, since_at, until_at FROM pause WHERE person = $1 AND kind = 'work' AND since_at = $2",
            person,
            since_at,
        )
    if row is not None and at < row["until_at"]:
        await held.execute(
            "UPDATE pause SET until_at = $2, revision = $3 WHERE id = $1",
            row["id"],
            max(at, row["since_at"]),
            await _next_revision(held),
        )
        await audit.record("work_ended", person, person)
    return row is not None


async def _take_turns(held: Any) -> None:
    """So that revisions rise in the order of commits, and nobody has two at a time."""
    await held.execute("SELECT pg_advisory_xact_lock(hashtextextended('pauses', 0))")


async def _next_revision(held: Any) -> int:
    return int(await held.fetchval("SELECT nextval('pause_revisions')"))


class _Apart(NamedTuple):
    """By how much our clock is, at the least, behind the database's, or ahead of it."""

    behind: timedelta
    ahead: timedelta


def _apart(rows: list[Any], asked_at: datetime, answered_at: datetime) -> _Apart:
    none = timedelta(0)
    if not rows:
        return _Apart(none, none)
    read_at = rows[0]["read_at"]
    behind, ahead = read_at - answered_at, asked_at - read_at
    return _Apart(behind if behind > CLOCKS_APART else none, ahead if ahead > CLOCKS_APART else none)


def _take(rows: list[Any], apart: _Apart) -> None:
    horizon = datetime.now(UTC) - KEPT
    for row in rows:
        _reached(row["revision"])
        if row["kind"] == "work":
            mine = _starts.setdefault(row["person"], {})
            mine[row["id"]] = _started(row)
            _ended.pop(row["person"], None)
            for number in [number for number, each in mine.items() if each.until_at < horizon]:
                del mine[number]
        else:
            _take_pause(row, apart, horizon)


def _take_pause(row: Any, apart: _Apart, horizon: datetime) -> None:
    """Its times are the database's, and events have those of a hub: where these differ it holds by both."""
    until_at = row["until_at"]
    pause = Pause(
        kind=row["kind"], since_at=row["since_at"] - apart.behind, until_at=until_at and until_at + apart.ahead
    )
    mine = _pauses.setdefault(row["person"], deque())
    known = next((place for place, (number, _) in enumerate(mine) if number == row["id"]), None)
    if known is None:
        mine.append((row["id"], pause))
    else:
        mine[known] = (row["id"], pause)
    while mine and (until := mine[0][1].until_at) is not None and until < horizon:
        mine.popleft()
        _before.add(row["person"])


def _reached(revision: int) -> None:
    global _revision
    _revision = max(_revision, revision)


def _pause(row: Any) -> Pause:
    return Pause(kind=row["kind"], since_at=row["since_at"], until_at=row["until_at"])


def _started(row: Any) -> Started:
    return Started(since_at=row["since_at"], until_at=row["until_at"])


def _until_hours(person: int, work: Started) -> Started:
    """As it is stored it ends where the hours began that were in force when it did; other ones may have come into force within it."""
    standing = policies.standing(person)
    if standing is None:
        return work
    return Started(since_at=work.since_at, until_at=standing.collecting(work.since_at, work.until_at))


_READ = "SELECT *, clock_timestamp() AS read_at FROM pause"
_OF_LAST_DAY = "SELECT count(*) FROM pause WHERE person = $1 AND kind = 'work' AND since_at >= $2"
_OPEN = """
    SELECT pause.* FROM pause, greatest($2::timestamptz, clock_timestamp()) AS now
    WHERE person = $1 AND since_at <= now AND (until_at IS NULL OR until_at > now) ORDER BY id
"""
"""Pauses, and work: of each the latest comes last. Pauses are by the database's clock, and work by the hub's."""
