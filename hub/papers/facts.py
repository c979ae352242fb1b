"""What is in force, as of one moment: policies and the ceiling, who sees what, how long things are kept, whom the hub talks to."""

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.database import connection
from hub.policies import worlds
from hub.policies.settings import NO_SETTINGS, Ceiling, CollectingHours, PolicySettings
from hub.policies.worlds import Who
from hub.settings import Settings

CHANGES_TOLD = 10


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a place. No `hours`: at any time. No `team`: for everybody."""

    team: str | None
    people: int
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


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a policy or of the ceiling. Of one for a single person it is not told for whom, nor why."""

    at: datetime
    scope: str
    team: str
    by: str
    reason: str
    decided_by: str
    state: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    made_at: datetime
    organisation: str
    zone: str
    people: int
    devices: int
    watched: int
    """People with a device that is not revoked."""
    rules: list[Rule]
    """For everybody, then for each team that sets something itself."""
    exceptions: int
    """People for whom something is set of their own."""
    ceiling: Ceiling
    ceiling_signed: Change | None
    """The last time that it was raised."""
    proposed: bool
    """Whether a higher one waits for a signature."""
    managers: int
    managed_teams: int
    admins: int
    auditors: int
    representatives: int
    programs: int
    """API clients that may read activity."""
    tokens: int
    """Personal tokens that may."""
    looks: int
    """Rows of looks at people and walls within the last 30 days."""
    requests: int
    """Of people about their own data, that are open; `overdue` of them."""
    overdue: int
    restricted: int
    holds: int
    store: str
    """Host of the object store; empty: there is none, or the one on this machine. So are the next two."""
    mail: str
    provider: str
    changes: list[Change]
    """Newest first."""
    version: int
    """Of what is set for everybody."""
    ceiling_version: int
    digest: str
    """SHA-256 of all that is set, with the ceiling."""


async def facts(settings: Settings) -> Facts:
    world = await worlds.world()
    async with connection() as held, held.transaction(isolation="repeatable_read", readonly=True):
        figures = await held.fetchrow(_FIGURES)
        teams = await held.fetch(_TEAMS)
        made = [_change(row) for row in await held.fetch(f"{_CHANGES} ORDER BY change.id DESC LIMIT $1", CHANGES_TOLD)]
        signed = await held.fetch(
            f"{_CHANGES} WHERE change.scope = 'ceiling' AND change.state = 'signed' ORDER BY change.id DESC LIMIT 1"
        )
    rules = [_rule(world, None, None, figures["people"])]
    rules += [
        _rule(world, row["id"], row["name"], row["people"])
        for row in teams
        if row["id"] in world.teams and world.teams[row["id"]].settings != NO_SETTINGS
    ]
    exceptions = [one for one in world.people_set.values() if one.settings != NO_SETTINGS]
    return Facts(
        made_at=figures["now"],
        organisation=figures["name"] or "",
        zone=figures["zone"] or "UTC",
        people=figures["people"],
        devices=figures["devices"],
        watched=figures["watched"],
        rules=rules,
        exceptions=len(exceptions),
        ceiling=world.ceiling,
        ceiling_signed=_change(signed[0]) if signed else None,
        proposed=figures["proposed"],
        managers=figures["managers"],
        managed_teams=figures["managed_teams"],
        admins=figures["admins"],
        auditors=figures["auditors"],
        representatives=figures["representatives"],
        programs=figures["programs"],
        tokens=figures["tokens"],
        looks=figures["looks"],
        requests=figures["requests"],
        overdue=figures["overdue"],
        restricted=figures["restricted"],
        holds=figures["holds"],
        store=_elsewhere(settings.s3_url),
        mail=settings.mail_server.host if settings.mail_server else "",
        provider=_elsewhere(settings.oidc_issuer),
        changes=made,
        version=world.organisation.version,
        ceiling_version=world.ceiling_version,
        digest=_digest(world),
    )


def _rule(world: worlds.World, team: int | None, name: str | None, people: int) -> Rule:
    resolved = world.resolved(Who(0, "UTC", team, False))
    policy = resolved.policy
    return Rule(
        team=name,
        people=people,
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
    )


def _change(row: Any) -> Change:
    own = row["scope"] == "person"
    return Change(
        at=row["at"],
        scope=row["scope"],
        team=row["team_name"] or "",
        by=row["maker"] or "",
        reason="" if own else row["reason"],
        decided_by=row["decider"] or "",
        state=row["state"],
    )


def _elsewhere(url: str | None) -> str:
    host = urlsplit(url or "").hostname or ""
    return "" if host in {"localhost", "127.0.0.1", "::1"} else host


def _digest(world: worlds.World) -> str:
    """Whoever has the same settings gets the same."""

    def told(settings: PolicySettings) -> Any:
        return msgspec.to_builtins(settings)

    whole = {
        "organisation": told(world.organisation.settings),
        "teams": {str(team): told(one.settings) for team, one in world.teams.items() if one.settings != NO_SETTINGS},
        "people": {
            str(person): told(one.settings) for person, one in world.people_set.items() if one.settings != NO_SETTINGS
        },
        "ceiling": msgspec.to_builtins(world.ceiling),
    }
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()


_FIGURES = """
    WITH active AS MATERIALIZED (SELECT id FROM person WHERE deactivated_at IS NULL),
        held AS MATERIALIZED (SELECT role.person, role.role, role.team FROM role JOIN active ON active.id = role.person)
    SELECT now() AS now, organisation.name, organisation.zone, (SELECT count(*) FROM active) AS people,
        (SELECT count(*) FROM device JOIN active ON active.id = device.person WHERE revoked_at IS NULL) AS devices,
        (SELECT count(DISTINCT person) FROM device JOIN active ON active.id = device.person WHERE revoked_at IS NULL) AS watched,
        (SELECT count(DISTINCT person) FROM held WHERE role = 'manager') AS managers,
        (SELECT count(DISTINCT team) FROM held WHERE role = 'manager') AS managed_teams,
        (SELECT count(DISTINCT person) FROM held WHERE role = 'admin') AS admins,
        (SELECT count(DISTINCT person) FROM held WHERE role = 'auditor') AS auditors,
        (SELECT count(DISTINCT person) FROM held WHERE role = 'representative') AS representatives,
        (SELECT count(*) FROM api_client WHERE disabled_at IS NULL AND 'activity:read' = ANY(scopes)) AS programs,
        (SELECT count(*) FROM personal_token JOIN active ON active.id = personal_token.person
            WHERE revoked_at IS NULL AND expires_at > now() AND 'activity:read' = ANY(scopes)) AS tokens,
        (SELECT count(*) FROM audit WHERE action IN ('look_person', 'look_wall') AND at > now() - interval '30 days') AS looks,
        (SELECT count(*) FROM person_request WHERE state = 'open') AS requests,
        (SELECT count(*) FROM person_request WHERE state = 'open' AND due_on < (now() AT TIME ZONE 'UTC')::date) AS overdue,
        (SELECT count(*) FROM active JOIN person USING (id) WHERE restricted_at IS NOT NULL) AS restricted,
        (SELECT count(*) FROM legal_hold WHERE lifted_at IS NULL) AS holds,
        EXISTS (SELECT FROM policy_change WHERE scope = 'ceiling' AND state = 'proposed') AS proposed
    FROM (SELECT 1) AS one LEFT JOIN organisation ON true
"""
_TEAMS = """
    SELECT team.id, team.name, count(membership.id) AS people
    FROM team LEFT JOIN membership ON membership.team = team.id AND membership.until_at IS NULL
    WHERE team.removed_at IS NULL GROUP BY team.id ORDER BY team.name, team.id
"""
_CHANGES = """
    SELECT change.at, change.scope, team.name AS team_name, maker.name AS maker, change.reason, decider.name AS decider, change.state
    FROM policy_change AS change LEFT JOIN person AS maker ON maker.id = change.made_by
    LEFT JOIN person AS decider ON decider.id = change.decided_by LEFT JOIN team ON team.id = change.team
"""
