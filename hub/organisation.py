"""The organisation's settings and its set-up.

Admins change them, by these routes and nowhere else. Each change is one transaction with its audit row. What people and teams are is
`people`'s business.
"""

from typing import Any

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hub import audit
from hub.auth import login
from hub.auth.access import ORGANISATION, Viewer
from hub.auth.factors import CHANGED
from hub.auth.guard import require
from hub.database import transaction
from hub.errors import Conflict, Invalid
from hub.people.typed import DAY_MIN, normal_name, normal_zone, zones
from hub.tables import Team

ZONES_KEPT_S = 24 * 3600
"""Zones change a few times a year."""


class OrganisationForm(msgspec.Struct, frozen=True):
    """What an admin sets, as filled in over `version`. `expected_min`: minutes that somebody is expected to be active for, Monday to
    Sunday."""

    name: str
    zone: str
    expected_min: list[int]
    version: int


async def change(form: OrganisationForm, by: int) -> None:
    """Sets the organisation. Raises `Invalid`, naming the field, and `Conflict` when `form` was filled in over an older version.

    The root team goes by the organisation's name as long as it has it, and until the set-up is finished, people without a device go by its
    zone.
    """
    wanted: dict[str, Any] = {
        "name": normal_name(form.name),
        "zone": normal_zone(form.zone),
        "expected_min": _normal_week(form.expected_min),
    }
    async with transaction() as held:
        row = await held.fetchrow(
            "SELECT id, name, zone, expected_min, set_up_at, version FROM organisation ORDER BY id LIMIT 1 FOR UPDATE"
        )
        changed = {field: audit.Changed(row[field], value) for field, value in wanted.items() if row[field] != value}
        if not changed:
            return
        if row["version"] != form.version:
            raise Conflict(CHANGED)
        await held.execute(
            "UPDATE organisation SET name = $2, zone = $3, expected_min = $4, version = version + 1 WHERE id = $1",
            row["id"],
            *wanted.values(),
        )
        if row["set_up_at"] is None and "zone" in changed:
            # They were put into that of the empty organisation. Of who has no device nothing is recorded: no workday moves.
            await held.execute(
                "UPDATE person SET zone = $2 WHERE zone = $1 AND NOT EXISTS (SELECT FROM device WHERE device.person = person.id)",
                row["zone"],
                wanted["zone"],
            )
        await Team.update({Team.name: wanted["name"]}).where(Team.parent.is_null(), Team.name == row["name"])
        await audit.record("organisation_changed", by, changed=changed)


async def finish_set_up(by: int) -> None:
    """The set-up is done, or was skipped: nobody is shown it again. Idempotent."""
    async with transaction() as held:
        done = await held.execute("UPDATE organisation SET set_up_at = now() WHERE set_up_at IS NULL")
        if done != "UPDATE 0":
            await audit.record("organisation_set_up", by)


@put("/api/organisation", summary="Change the organisation's name, zone and expected hours")
async def change_organisation(
    viewer: NamedDependency[Viewer], data: JSONBody[OrganisationForm]
) -> login.MyOrganisation:
    await require(viewer, "configure", ORGANISATION)
    await change(data, viewer.person)
    return await login.organisation()


@post("/api/organisation/set-up", status_code=204, summary="The set-up is finished, or was skipped")
async def end_set_up(viewer: NamedDependency[Viewer]) -> None:
    await require(viewer, "configure", ORGANISATION)
    await finish_set_up(viewer.person)


@get("/api/zones", summary="Names of the time zones, as in Europe/Oslo", sync_to_thread=True)
def list_zones(viewer: NamedDependency[Viewer]) -> Response[list[str]]:
    return Response(sorted(zones()), headers={"cache-control": f"private, max-age={ZONES_KEPT_S}"})


ROUTES = [change_organisation, end_set_up, list_zones]


def _normal_week(minutes: list[int]) -> list[int]:
    if len(minutes) != 7 or not all(0 <= each <= DAY_MIN for each in minutes):
        raise Invalid(
            f"A week has seven days, Monday first, each with 0 to {DAY_MIN} minutes.",
            "expected_min",
            "week",
            DAY_MIN,
        )
    return minutes
