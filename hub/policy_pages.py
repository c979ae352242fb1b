"""What pages ask about policies: what is set where and what comes of it, what a change would do, and one's own policy with its history.

Admins change, representatives see and sign, everybody reads and acknowledges their own. Nobody is told who has not acknowledged.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

import asyncpg
import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.database import connection, transaction
from hub.named import Named
from hub.policies import changes
from hub.policies.changes import Touched, Who
from hub.policies.settings import (
    NO_SETTINGS,
    UNAVAILABLE,
    Ceiling,
    CollectingHours,
    PolicySettings,
    Resolved,
    Scope,
    Source,
)
from hub.rollups.read import idle_under
from hub.wire.policy import DEFAULT, DETAILS, PERIODS, Hours, Policy, widened

TOLD_MIN = 5
"""Of fewer people together no figure is told: it would be one of each."""
COUNT_S, COUNTED_MAX = 2, 200_000
"""Records that a shorter period would have removed are counted for so long, and so many of them."""
JUDGED_MAX = 60
"""People whose last week is judged anew for one question: some 30 ms each."""
WEEK_DAYS = 7
HISTORY_MAX = 100
ID_MAX = 2**63 - 1
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a place, and where each field comes from. No `hours`: at any time."""

    app: bool
    site: bool
    title: bool
    input_counts: bool
    idle_limit_s: int
    hours: CollectingHours | None
    private_time: bool
    look_reason: bool
    title_days: int
    app_days: int
    count_days: int
    activity_days: int
    sum_days: int
    sources: dict[str, Source]


class OrganisationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    settings: PolicySettings
    version: int
    """Of what is set; 0: nothing ever was."""
    effective: Effective


class TeamPolicy(OrganisationPolicy, frozen=True, kw_only=True):
    id: int
    name: str
    parent: int | None
    people: int
    """At home in it, without the teams under it."""


class PersonException(OrganisationPolicy, frozen=True, kw_only=True):
    """Somebody for whom something is set of their own."""

    id: int
    name: str
    team: int | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was changed, proposed or decided. `old` and `new`: `PolicySettings`, or the `Ceiling`."""

    id: int
    at: datetime
    by: Named | None
    scope: Literal["organisation", "team", "person", "ceiling"]
    about: Named | None
    """The team or the person."""
    old: dict[str, Any]
    new: dict[str, Any]
    reason: str
    state: Literal["made", "proposed", "signed", "refused", "withdrawn"]
    decided_by: Named | None
    decided_at: datetime | None


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is set."""

    organisation: OrganisationPolicy
    teams: list[TeamPolicy]
    people: list[PersonException]
    ceiling: Ceiling
    ceiling_version: int
    proposal: Change | None
    """To raise the ceiling, as long as it is undecided."""
    representatives: int
    """How many people could sign it."""
    unavailable: list[str]
    """Kinds that no agent can capture yet."""


class Changes(msgspec.Struct, frozen=True):
    """Newest first. With `more`, ask again for what is before the last one."""

    changes: list[Change]
    more: bool


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a place should set. `place`: the team or the person; none for the organisation."""

    scope: Scope
    place: Number | None = None
    policy: PolicySettings


class WantedWithReason(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version`: of what is set there, as it was seen. The reason is shown to those whom it touches."""

    version: Number
    reason: str


class Version(msgspec.Struct, frozen=True):
    version: int


class WantedCeiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ceiling: Ceiling
    version: Number
    reason: str


class CeilingDone(msgspec.Struct, frozen=True):
    """Whether it is in force; else it waits for a representative's signature."""

    in_force: bool


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What a shorter period would have removed the next night, for good. Nothing of who is under a legal hold."""

    period: str
    days: int
    """The shortest that it becomes of anybody."""
    people: int
    """Of whom it becomes shorter."""
    since: date | None
    """The day of the oldest that would go; null when nothing would, and of fewer than five people of whom something would and who may be
    shown."""
    records: int | None
    """How many rows, to two digits; 200,000 for as many or more. Null as above, and where it takes too long to count them."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do."""

    people: int
    devices: int
    """Of theirs, not revoked."""
    widens: list[str]
    """The fields by which more is collected of somebody than before."""
    asked: int
    """How many of these people acknowledge it first."""
    without_app_min: float | None
    """Active and passive minutes of last week that would have kept no app, to two digits; null when none would, while some are not summed
    up yet, and of fewer than five people who were there and may be shown."""
    idle_min: float | None
    """By how many minutes more, or fewer, they would have been idle last week; null as above, and of very many people."""
    removes: list[Removal]
    """What shorter periods would have removed; of a detail only where it goes before its activity."""


class PolicyTold(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. No `hours`: at any time; else stretches of the week in minutes after Monday's midnight in `zone`."""

    version: int
    app: bool
    site: bool
    title: bool
    input_counts: bool
    idle_limit_s: int
    hours: Hours | None
    zone: str
    private_time: bool
    look_reason: bool
    title_days: int
    app_days: int
    count_days: int
    activity_days: int
    sum_days: int


class MyChange(msgspec.Struct, frozen=True, kw_only=True):
    """That one's policy became another one. Without a `scope` one came into another team or zone."""

    at: datetime
    by: str | None
    scope: Literal["organisation", "team", "person", "ceiling"] | None
    reason: str
    old: PolicyTold
    new: PolicyTold
    widens: list[str]
    acknowledged_at: datetime | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that widens one's own, and counts from when one has acknowledged it. `number` is what is acknowledged."""

    number: int
    policy: PolicyTold
    widens: list[str]
    since_at: datetime
    reason: str


class MyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What may be collected of oneself."""

    policy: PolicyTold
    sources: dict[str, Source]
    """Where each field of the policy that is meant for one comes from."""
    waiting: Waiting | None
    unavailable: list[str]
    history: list[MyChange]
    """Newest first."""


class Acknowledgement(msgspec.Struct, frozen=True):
    number: Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)]


@get("/api/policies", summary="What is set where, and what comes of it")
async def read_policies(viewer: NamedDependency[Viewer]) -> Policies:
    await require(viewer, "see_policies", ORGANISATION)
    world = await changes.world()
    async with connection() as held:
        teams = await held.fetch(_TEAMS)
        people = await held.fetch(_EXCEPTIONS)
        proposals = await held.fetch(f"{_CHANGES} WHERE change.state = 'proposed' ORDER BY change.id DESC LIMIT 1")
        representatives = await held.fetchval(_REPRESENTATIVES)
    zones = {who.id: who for who in world.people}
    organisation = Who(0, "UTC", None, False)
    return Policies(
        organisation=OrganisationPolicy(
            settings=world.organisation.settings,
            version=world.organisation.version,
            effective=_effective(world.resolved(organisation)),
        ),
        teams=[
            TeamPolicy(
                id=row["id"],
                name=row["name"],
                parent=row["parent"],
                people=row["people"],
                settings=world.teams[row["id"]].settings if row["id"] in world.teams else NO_SETTINGS,
                version=world.teams[row["id"]].version if row["id"] in world.teams else 0,
                effective=_effective(world.resolved(organisation._replace(team=row["id"]))),
            )
            for row in teams
        ],
        people=[
            PersonException(
                id=row["id"],
                name=row["name"],
                team=zones[row["id"]].team,
                settings=world.people_set[row["id"]].settings,
                version=world.people_set[row["id"]].version,
                effective=_effective(world.resolved(zones[row["id"]])),
            )
            for row in people
            if row["id"] in world.people_set
        ],
        ceiling=world.ceiling,
        ceiling_version=world.ceiling_version,
        proposal=_change(proposals[0]) if proposals else None,
        representatives=representatives,
        unavailable=list(UNAVAILABLE),
    )


@get("/api/policies/history", summary="Changes of policies and of the ceiling, newest first")
async def read_policy_history(
    viewer: NamedDependency[Viewer],
    before: Annotated[int | None, QueryParameter(ge=1, le=ID_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=HISTORY_MAX)] = 20,
) -> Changes:
    await require(viewer, "see_policies", ORGANISATION)
    async with connection() as held:
        rows = await held.fetch(
            f"{_CHANGES} WHERE change.id < $1 ORDER BY change.id DESC LIMIT $2", before or ID_MAX, limit + 1
        )
    return Changes([_change(row) for row in rows[:limit]], len(rows) > limit)


@post("/api/policies/preview", status_code=200, summary="What a change would do; nothing is changed")
async def preview_policy(viewer: NamedDependency[Viewer], data: JSONBody[Wanted]) -> Difference:
    await require(viewer, "keep_policies", ORGANISATION)
    _, touched = await changes.preview(data.scope, data.place, data.policy)
    return await _difference(touched)


@put("/api/policies", summary="Change what a place sets")
async def change_policy(viewer: NamedDependency[Viewer], data: JSONBody[WantedWithReason]) -> Version:
    await require(viewer, "keep_policies", ORGANISATION, fresh=True)
    return Version(await changes.change(data.scope, data.place, data.version, data.policy, data.reason, viewer.person))


@post("/api/policies/ceiling/preview", status_code=200, summary="What another ceiling would do; nothing is changed")
async def preview_ceiling(viewer: NamedDependency[Viewer], data: JSONBody[Ceiling]) -> Difference:
    await require(viewer, "keep_policies", ORGANISATION)
    return await _difference(await changes.preview_ceiling(data))


@put("/api/policies/ceiling", summary="Lower the ceiling, or propose to raise it")
async def change_ceiling(viewer: NamedDependency[Viewer], data: JSONBody[WantedCeiling]) -> CeilingDone:
    await require(viewer, "keep_policies", ORGANISATION, fresh=True)
    return CeilingDone(await changes.set_ceiling(data.version, data.ceiling, data.reason, viewer.person))


class Signature(msgspec.Struct, frozen=True):
    """Whether the proposal is signed, or refused."""

    sign: bool


@post(
    "/api/policies/ceiling/{proposal:int}/signature",
    status_code=204,
    summary="As a representative, sign or refuse to raise the ceiling",
)
async def sign_ceiling(viewer: NamedDependency[Viewer], proposal: FromPath[int], data: JSONBody[Signature]) -> None:
    await require(viewer, "sign_ceiling", ORGANISATION, fresh=True)
    await changes.decide(proposal, "signed" if data.sign else "refused", viewer.person)


@delete("/api/policies/ceiling/{proposal:int}", summary="Withdraw a proposal to raise the ceiling")
async def withdraw_ceiling(viewer: NamedDependency[Viewer], proposal: FromPath[int]) -> None:
    await require(viewer, "keep_policies", ORGANISATION)
    await changes.decide(proposal, "withdrawn", viewer.person)


@get("/api/me/policy", summary="What may be collected of oneself, and how that came about")
async def read_my_policy(viewer: NamedDependency[Viewer]) -> MyPolicy:
    await require(viewer, "acknowledge_policy", Subject(person=viewer.person))
    world = await changes.world(viewer.person)
    resolved = world.resolved(world.people[0])
    async with connection() as held:
        rows = await held.fetch(_MINE, viewer.person, HISTORY_MAX)
    waiting = None
    given = world.given.get(viewer.person)
    policy = world.versions[given.held] if given else resolved.policy if await _anything_set() else DEFAULT
    if given and given.held != given.wanted:
        wanted, row = world.versions[given.wanted], rows[0]
        waiting = Waiting(
            number=row["id"],
            policy=_told(wanted),
            widens=widened(policy, wanted),
            since_at=row["since_at"],
            reason=row["reason"] or "",
        )
    return MyPolicy(
        policy=_told(policy),
        sources=resolved.sources,
        waiting=waiting,
        unavailable=list(UNAVAILABLE),
        history=_mine(rows, world.versions),
    )


@post("/api/me/policy/acknowledgement", status_code=204, summary="Say that one has seen the policy that one is to have")
async def acknowledge_policy(viewer: NamedDependency[Viewer], data: JSONBody[Acknowledgement]) -> None:
    await require(viewer, "acknowledge_policy", Subject(person=viewer.person))
    await changes.acknowledge(viewer.person, data.number)


ROUTES = [
    read_policies,
    read_policy_history,
    preview_policy,
    change_policy,
    preview_ceiling,
    change_ceiling,
    sign_ceiling,
    withdraw_ceiling,
    read_my_policy,
    acknowledge_policy,
]


async def _anything_set() -> bool:
    async with connection() as held:
        return bool(await held.fetchval("SELECT EXISTS(SELECT FROM person_policy)"))


async def _difference(touched: Collection[Touched]) -> Difference:
    people = [each.person for each in touched]
    async with connection() as held:
        devices = await held.fetchval(
            "SELECT count(*) FROM device WHERE person = ANY($1::int[]) AND revoked_at IS NULL", people
        )
    wider = {word: None for each in touched for word in widened(each.old, each.new)}
    without = await _of_last_week([each.person for each in touched if each.old.app and not each.new.app])
    changed = {each.person: each.new.idle_limit_s for each in touched if each.new.idle_limit_s != each.old.idle_limit_s}
    limits = {person: changed[person] for person in await _of_last_week(list(changed))}
    return Difference(
        people=len(people),
        devices=devices,
        widens=list(wider),
        asked=sum(each.held != each.new for each in touched),
        without_app_min=await _with_app_min(without) if len(without) >= TOLD_MIN else None,
        idle_min=await _more_idle_min(limits) if TOLD_MIN <= len(limits) <= JUDGED_MAX else None,
        removes=[removal for period in PERIODS if (removal := await _removed(period, touched))],
    )


async def _removed(period: str, touched: Collection[Touched]) -> Removal | None:
    """By what will count for each of them, whether or not they acknowledge a longer one. Days are those of UTC here."""
    shorter = {each.person: getattr(each.held, period) for each in touched if _is_shorter(period, each)}
    if not shorter:
        return None
    today = datetime.now(UTC).date()
    people, before = list(shorter), [today - timedelta(days=days) for days in shorter.values()]
    since, records = None, None
    async with transaction() as held:
        found = await held.fetch(_OVER, people, before)
        old = {row["person"]: row["day"] for row in found if row["day"]}
        if len(old) >= TOLD_MIN:
            since = min(old.values())
            await held.execute(f"SET LOCAL statement_timeout = '{COUNT_S}s'")
            with suppress(asyncpg.QueryCanceledError):
                async with held.transaction():
                    limits = [today - timedelta(days=shorter[person]) for person in old]
                    counted = await held.fetchrow(_COUNTED[period], list(old), limits, since, COUNTED_MAX)
                    if 0 < counted["people"] < TOLD_MIN:  # the others are there, and have nothing of the kind
                        since = None
                    else:
                        records, since = counted["count"], since if counted["count"] == COUNTED_MAX else counted["day"]
    return Removal(
        period=period,
        days=min(shorter.values()),
        people=len(shorter),
        since=since,
        records=None if records is None else int(_roughly(records)),
    )


def _is_shorter(period: str, each: Touched) -> bool:
    """Of a detail that goes with its activity that is told."""
    days, activity = getattr(each.held, period), each.held.activity_days
    with_it = period in DETAILS and days == activity < each.old.activity_days
    return days < getattr(each.old, period) and not with_it


async def _of_last_week(people: list[int]) -> list[int]:
    """Those of whom something is stored and may be shown: nobody hides one person among others who were not there."""
    today = datetime.now(UTC).date()
    async with connection() as held:
        rows = await held.fetch(
            "SELECT id FROM person WHERE id = ANY($1::int[]) AND restricted_at IS NULL AND EXISTS "
            "(SELECT FROM rollup_day WHERE person = person.id AND day >= $2 AND day < $3) ORDER BY id",
            people,
            today - timedelta(days=WEEK_DAYS),
            today,
        )
    return [row["id"] for row in rows]


def _roughly(minutes: float) -> float:
    """To two digits, so that of two groups that differ by one person the difference does not tell of that one."""
    return float(f"{minutes:.1e}")


async def _with_app_min(people: list[int]) -> float | None:
    """Minutes of the last seven whole days of which an app is kept; none while some of them are still to be rolled up."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=WEEK_DAYS)
    async with connection() as held:
        waits = await held.fetchval(
            "SELECT EXISTS(SELECT FROM dirty WHERE person = ANY($1::int[]) AND quarter_at >= $2 AND quarter_at < $3)",
            people,
            datetime.combine(first - timedelta(days=1), time(), UTC),
            datetime.combine(today, time(), UTC),
        )
        if waits:
            return None
        kept = await held.fetchval(
            "SELECT coalesce(sum(duration_us), 0)::float8 FROM rollup_day WHERE person = ANY($1::int[]) "
            "AND day >= $2 AND day < $3 AND app IS NOT NULL AND state IN ('active', 'passive')",
            people,
            first,
            today,
        )
    return _roughly(kept / 60e6)


async def _more_idle_min(limits_s: dict[int, int]) -> float:
    until = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    span = until - timedelta(days=WEEK_DAYS), until
    was, would = await idle_under(dict.fromkeys(limits_s, span), limits_s)
    return _roughly((would - was) / 60)


def _effective(resolved: Resolved) -> Effective:
    policy = resolved.policy
    return Effective(
        app=policy.app,
        site=policy.site,
        title=policy.title,
        input_counts=policy.input_counts,
        idle_limit_s=policy.idle_limit_s,
        hours=resolved.hours,
        private_time=policy.private_time,
        look_reason=policy.look_reason,
        title_days=policy.title_days,
        app_days=policy.app_days,
        count_days=policy.count_days,
        activity_days=policy.activity_days,
        sum_days=policy.sum_days,
        sources=resolved.sources,
    )


def _told(policy: Policy) -> PolicyTold:
    return msgspec.convert(msgspec.structs.asdict(policy), PolicyTold)


def _change(row: Any) -> Change:
    about = row["team_name"] or row["person_name"]
    return Change(
        id=row["id"],
        at=row["at"],
        by=Named(row["made_by"], row["maker"]) if row["maker"] is not None else None,
        scope=row["scope"],
        about=Named(row["team"] or row["person"], about) if about is not None else None,
        old=msgspec.json.decode(row["old"]),
        new=msgspec.json.decode(row["new"]),
        reason=row["reason"],
        state=row["state"],
        decided_by=Named(row["decided_by"], row["decider"]) if row["decider"] is not None else None,
        decided_at=row["decided_at"],
    )


def _mine(rows: Collection[Any], versions: dict[int, Policy]) -> list[MyChange]:
    """The changes of one person's policy out of their rows, newest first; rows that say the same as before are none."""
    made = []
    for row in rows:
        before = DEFAULT if row["before"] is None else versions[row["before"]]
        new = versions[row["wanted"]]
        if before.version == new.version:
            continue
        made.append(
            MyChange(
                at=row["since_at"],
                by=row["maker"],
                scope=row["scope"],
                reason=row["reason"] or "",
                old=_told(before),
                new=_told(new),
                widens=widened(before, new),
                acknowledged_at=row["acknowledged_at"],
            )
        )
    return made


# The earliest day that would go of each of these people who may be shown.
_OVER = """
    SELECT w.person, least(
        (SELECT day FROM rollup_day WHERE person = w.person AND day < w.before ORDER BY day LIMIT 1),
        (SELECT (started_at AT TIME ZONE 'UTC')::date FROM "interval"
            WHERE person = w.person AND started_at < w.before::timestamp AT TIME ZONE 'UTC'
            ORDER BY started_at LIMIT 1)
    ) AS day
    FROM unnest($1::int[], $2::date[]) AS w(person, before) JOIN person ON person.id = w.person
    WHERE restricted_at IS NULL
        AND NOT EXISTS (SELECT FROM legal_hold WHERE legal_hold.person = w.person AND lifted_at IS NULL)
"""
_ROWS_OVER = """
    SELECT count(*), count(DISTINCT person) AS people, min(day) AS day FROM (
        SELECT w.person, (started_at AT TIME ZONE 'UTC')::date AS day FROM unnest($1::int[], $2::date[]) AS w(person, before)
        JOIN "interval" i ON i.person = w.person AND i.started_at < w.before::timestamp AT TIME ZONE 'UTC'
        WHERE i.started_at >= $3::date::timestamp AT TIME ZONE 'UTC' AND FILLED LIMIT $4
    ) AS found
"""
_COUNTED = {
    "title_days": _ROWS_OVER.replace("FILLED", "title IS NOT NULL"),
    "app_days": _ROWS_OVER.replace("FILLED", "(app IS NOT NULL OR site IS NOT NULL)"),
    "count_days": _ROWS_OVER.replace("FILLED", "(keys > 0 OR clicks > 0 OR scrolls > 0)"),
    "activity_days": _ROWS_OVER.replace("FILLED", "true"),
    "sum_days": """
        SELECT count(*), count(DISTINCT person) AS people, min(day) AS day FROM (
            SELECT person, day FROM unnest($1::int[], $2::date[]) AS w(person, before) JOIN rollup_day USING (person)
            WHERE day < before AND day >= $3 LIMIT $4
        ) AS found
    """,
}
_TEAMS = """
    SELECT team.id, team.name, team.parent, count(membership.id) AS people
    FROM team LEFT JOIN membership ON membership.team = team.id AND membership.until_at IS NULL
    WHERE team.removed_at IS NULL GROUP BY team.id ORDER BY team.name, team.id
"""
_EXCEPTIONS = """
    SELECT person.id, person.name FROM policy_setting JOIN person ON person.id = policy_setting.person
    WHERE policy_setting.settings <> '{}'::jsonb AND person.deactivated_at IS NULL ORDER BY person.name, person.id
"""
_REPRESENTATIVES = """
    SELECT count(DISTINCT person.id) FROM role JOIN person ON person.id = role.person
    WHERE role.role = 'representative' AND person.deactivated_at IS NULL
"""
_CHANGES = """
    SELECT change.id, change.at, change.made_by, nullif(maker.name, '') AS maker, change.scope, change.team, change.person,
        team.name AS team_name, person.name AS person_name, change.old, change.new, change.reason, change.state, change.decided_by,
        nullif(decider.name, '') AS decider, change.decided_at
    FROM policy_change AS change LEFT JOIN person AS maker ON maker.id = change.made_by
    LEFT JOIN person AS decider ON decider.id = change.decided_by
    LEFT JOIN team ON team.id = change.team LEFT JOIN person ON person.id = change.person
"""
_MINE = """
    SELECT given.id, given.since_at, given.wanted, given.acknowledged_at, nullif(maker.name, '') AS maker, change.scope, change.reason,
        lag(given.wanted) OVER (ORDER BY given.id) AS before
    FROM person_policy AS given LEFT JOIN policy_change AS change ON change.id = given.change
    LEFT JOIN person AS maker ON maker.id = change.made_by
    WHERE given.person = $1 ORDER BY given.id DESC LIMIT $2
"""
