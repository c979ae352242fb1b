"""The panel: one person now. Their workday so far, the last hour minute by minute with its reasons, their devices, and what is collected.

Judged from the rows, never from rolled-up quarter-hours, and cut to the time in which the viewer may see this person. A look at somebody
else is in the ledger, committed, before anything of their time is read; what can't be written down is not shown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter

from hub import audit, policies
from hub.auth import login
from hub.auth.access import Range, Subject, Viewer, load_subject, may, permitted
from hub.auth.guard import refuse
from hub.database import DATABASE_AWAY, connection, transaction
from hub.errors import Invalid, NotFound, Unavailable
from hub.people.typed import WorkingHours, hours_of
from hub.people.zones import zones_of
from hub.rollups.read import Span, clipped, read_pieces
from hub.rollups.united import Piece
from hub.subject_keys import sealed
from hub.tables import Device, Person
from hub.wire.activity import Reason, State
from hub.wire.policy import Policy, clean
from hub.workdays import bounds, day_of, zone_at

HOUR = timedelta(hours=1)
APPS_MAX = 12
REASON_MAX = 200
NOBODY = "There is nobody here with this number."
Why = Annotated[
    str,
    HeaderParameter(
        name="Daylight-Reason",
        max_length=12 * REASON_MAX,
        description=f"Why one looks: needed where the person's policy says so, and shown to them. At most {REASON_MAX} characters, "
        "percent-encoded UTF-8. A header, since addresses are what proxies write down.",
    ),
]
REASON_NEEDED = "By this person's policy whoever looks says why, and they see it. Say why."


class PanelTeam(msgspec.Struct, frozen=True):
    id: int
    name: str


class PanelPerson(msgspec.Struct, frozen=True):
    """`zone`: the one that their workday is in. `team`: where they are at home now; it and `working_hours` not for who may not know."""

    id: int
    name: str
    zone: str
    team: PanelTeam | None
    working_hours: WorkingHours | None


class PanelDay(msgspec.Struct, frozen=True):
    """The workday that holds now, `[starts_at, ends_at)`, and what of it the viewer may see, in seconds."""

    starts_at: datetime
    ends_at: datetime
    active_s: float
    expected_s: int
    """Of the whole workday."""
    states: dict[State, float]


class PanelPiece(msgspec.Struct, frozen=True):
    """A stretch of time, its state and why; `device` is the one that told of it."""

    started_at: datetime
    ended_at: datetime
    state: State
    reason: Reason
    app: str | None
    site: str | None
    device: UUID | None


class PanelApp(msgspec.Struct, frozen=True):
    """Time of the workday in an app, and on a site if policy allows sites; no `app`: it is not known which."""

    app: str | None
    site: str | None
    active_s: float
    passive_s: float


class PanelDevice(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    system: str
    version: str
    last_seen_at: datetime | None
    enrolled_at: datetime
    simulated: bool


class Collected(msgspec.Struct, frozen=True):
    """What agents may collect by the policy in force."""

    policy_version: int
    apps: bool
    sites: bool
    titles: bool
    counts: bool
    idle_limit_s: int


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One person now."""

    person: PanelPerson
    own: bool
    """Somebody looks at themselves: no look is written."""
    looked_at: datetime | None
    """When the row of this look was written."""
    read_at: datetime
    """The hub's now: what the day and the hour are told up to, whatever the clock of the reader says."""
    from_at: datetime
    """Since when the viewer may see the workday: its start, or later."""
    until_at: datetime
    """Up to when something is stored that the viewer may see; `from_at` when nothing is."""
    today: PanelDay
    hour: list[PanelPiece]
    """The last 60 minutes, in order. What nothing is stored of is left out."""
    apps: list[PanelApp]
    """Those with the most active and passive time first."""
    apps_rest_s: float
    """What all others have together."""
    devices: list[PanelDevice]
    """Those not revoked; none for who may not see that the person is present."""
    collected: Collected


@get("/api/people/{person:int}/now", summary="One person now; a look that is written down")
async def read_panel(
    viewer: NamedDependency[Viewer],
    person: FromPath[int],
    sitting: Annotated[UUID | None, QueryParameter()] = None,
    reason: Why = "",
) -> Panel:
    """The first look of a sitting needs a reason where policy asks for one: without it the answer is 400 with the code `look_reason`."""
    subject = await load_subject(person)
    if subject is None:
        raise NotFound(NOBODY)
    return await look(viewer, subject, sitting, policies.of(person), datetime.now(UTC), reason)


ROUTES = [read_panel]


async def look(
    viewer: Viewer, subject: Subject, sitting: UUID | None, policy: Policy, now: datetime, reason: str = ""
) -> Panel:
    """The panel of `subject` at `now`, for `viewer`; `reason` as it came, percent-encoded.

    Raises `NotFound` for who may see nothing of it, `Invalid` for a look that needs a reason, and `Unavailable` for one that can't be
    written down.
    """
    assert subject.person is not None
    reason = unquote(reason)
    if len(reason) > REASON_MAX:
        raise Invalid(f"Say why in at most {REASON_MAX} characters.", "reason")
    reason = clean(reason, REASON_MAX) or ""
    row = (await Person.raw(_ABOUT, subject.person))[0]
    async with connection() as held:
        zones = (await zones_of(held, [subject.person]))[subject.person]
    day = day_of(zones, now)
    starts_at, ends_at = bounds(zones, day)
    present = may(viewer, "see_presence", subject, Range(now, now))
    seen = _spans(permitted(viewer, "see_activity", subject, Range(starts_at, now))) if starts_at < now else []
    if not seen and not present:
        await refuse(viewer, "see_activity", subject, NOBODY)
    own = subject.person == viewer.person
    looked_at = None if own else await _written_down(viewer, subject.person, sitting, reason, needs=policy.look_reason)

    past_hour = _spans(permitted(viewer, "see_activity", subject, Range(now - HOUR, now)))
    pieces: list[Piece] = []
    if spans := [*seen, *past_hour]:
        since = min(start for start, _ in spans)
        pieces = (await read_pieces({subject.person: (since, now)}))[subject.person]
    today = clipped(pieces, seen)
    apps = _apps(today)
    expected_min = (await login.organisation()).expected_min
    devices = await Device.select().where(Device.person == subject.person).order_by(Device.enrolled_at, Device.id)
    from_at = seen[0][0] if seen else now
    return Panel(
        person=PanelPerson(
            subject.person,
            row["name"],
            zone_at(zones, now).key,
            PanelTeam(row["team"], row["team_name"]) if present and row["team"] is not None else None,
            hours_of(row["working_hours"]) if present else None,
        ),
        own=own,
        looked_at=looked_at,
        read_at=now,
        from_at=from_at,
        until_at=today[-1].ended_at if today else from_at,
        today=_day(today, starts_at, ends_at, 60 * expected_min[day.weekday()]),
        hour=_hour(clipped(pieces, past_hour), {device["id"]: device["uid"] for device in devices}),
        apps=apps[:APPS_MAX],
        apps_rest_s=sum(app.active_s + app.passive_s for app in apps[APPS_MAX:]),
        devices=[_device(device) for device in devices if present and device["revoked_at"] is None],
        collected=Collected(
            policy.version, policy.app, policy.site, policy.title, policy.input_counts, policy.idle_limit_s
        ),
    )


async def _written_down(viewer: Viewer, subject: int, sitting: UUID | None, reason: str, *, needs: bool) -> datetime:
    async def told(held: Any) -> dict[str, Any]:
        return await sealed(held, subject, reason=reason)

    try:
        if viewer.client is None:
            return await audit.record_person_look(
                viewer.person, subject, sitting, told if reason else None, needs=needs
            )
        if needs and not reason:
            raise audit.ReasonNeeded
        async with transaction() as held:
            return await audit.record_client_look(viewer.client, subject, await told(held) if reason else {})
    except audit.ReasonNeeded:
        raise Invalid(REASON_NEEDED, "reason", "look_reason") from None
    except DATABASE_AWAY as error:
        raise Unavailable("This look can't be written down at the moment, so nothing is shown. Try again.") from error


def _spans(ranges: Iterable[Range]) -> list[Span]:
    return [(each.start_at, each.end_at) for each in ranges]


def _seconds(piece: Piece) -> float:
    return (piece.ended_at - piece.started_at).total_seconds()


def _day(pieces: Sequence[Piece], starts_at: datetime, ends_at: datetime, expected_s: int) -> PanelDay:
    states: Counter[State] = Counter()
    for piece in pieces:
        states[piece.state] += _seconds(piece)  # type: ignore[assignment]
    return PanelDay(starts_at, ends_at, float(states["active"]), expected_s, dict(states))


def _apps(pieces: Sequence[Piece]) -> list[PanelApp]:
    sums: dict[tuple[str | None, str | None], dict[State, float]] = {}
    for piece in pieces:
        if piece.state in ("active", "passive"):
            by_state = sums.setdefault((piece.app, piece.site), {"active": 0.0, "passive": 0.0})
            by_state[piece.state] += _seconds(piece)
    apps = [PanelApp(app, site, held["active"], held["passive"]) for (app, site), held in sums.items()]
    return sorted(apps, key=lambda app: (-app.active_s - app.passive_s, app.app or "", app.site or ""))


def _hour(pieces: Sequence[Piece], uids: dict[int, UUID]) -> list[PanelPiece]:
    hour: list[Piece] = []
    for piece in pieces:
        if hour and hour[-1].ended_at == piece.started_at and hour[-1][2:] == piece[2:]:
            hour[-1] = hour[-1]._replace(ended_at=piece.ended_at)  # cut at a quarter-hour only
        else:
            hour.append(piece)
    return [
        PanelPiece(each.started_at, each.ended_at, each.state, each.reason, each.app, each.site, uids.get(each.device))
        for each in hour
    ]


def _device(row: dict[str, Any]) -> PanelDevice:
    return PanelDevice(
        UUID(str(row["uid"])),
        row["name"],
        row["system"],
        row["version"],
        row["last_seen_at"],
        row["enrolled_at"],
        row["simulated"],
    )


_ABOUT = """
    SELECT person.name, person.working_hours, membership.team, team.name AS team_name
    FROM person
    LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    LEFT JOIN team ON team.id = membership.team
    WHERE person.id = {}
"""
