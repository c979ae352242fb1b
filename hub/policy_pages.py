"""What pages ask about policies: what is set where and what comes of it, what a change would do, and one's own policy with its history.

Admins change, representatives see and sign, everybody reads and acknowledges their own. Nobody is told who has not acknowledged.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.database import connection
from hub.named import Named
from hub.policies import changes, worlds
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
from hub.policies.worlds import Who
from hub.policy_difference import Difference, difference
from hub.wire.policy import DEFAULT, Hours, Policy, widened

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
    world = await worlds.world()
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
    _, touched = await worlds.preview(data.scope, data.place, data.policy)
    return await difference(touched)


@put("/api/policies", summary="Change what a place sets")
async def change_policy(viewer: NamedDependency[Viewer], data: JSONBody[WantedWithReason]) -> Version:
    await require(viewer, "keep_policies", ORGANISATION, fresh=True)
    return Version(await changes.change(data.scope, data.place, data.version, data.policy, data.reason, viewer.person))


@post("/api/policies/ceiling/preview", status_code=200, summary="What another ceiling would do; nothing is changed")
async def preview_ceiling(viewer: NamedDependency[Viewer], data: JSONBody[Ceiling]) -> Difference:
    """Also for who is to sign it."""
    await require(viewer, "see_policies", ORGANISATION)
    return await difference(await worlds.preview_ceiling(data))


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
    world = await worlds.world(viewer.person)
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
