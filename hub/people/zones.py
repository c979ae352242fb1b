"""In which zone a person's workdays are, and were: another one holds from the end of the workday in which it is set."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.workdays import Former, Zones, moved, zone_of


async def zones_of(held: Any, persons: Collection[int]) -> dict[int, Zones]:
    """In which zones the workdays of each of these people are, of those who exist."""
    former: dict[int, list[Former]] = {}
    current: dict[int, ZoneInfo] = {}
    for row in await held.fetch(_ZONES, list(persons)):
        current[row["id"]] = zone_of(row["zone"])
        if row["until_at"] is not None:
            former.setdefault(row["id"], []).append(Former(zone_of(row["former"]), row["until_at"]))
    return {person: Zones(zone, tuple(former.get(person, ()))) for person, zone in current.items()}


async def set_zones(held: Any, wanted: Mapping[int, str]) -> None:
    """Has each of these people go by another zone from the end of their workday on; of who never had a device nothing is recorded, so at
    once. Within the caller's transaction, which holds their rows."""
    now: datetime = await held.fetchval("SELECT now()")
    before = await zones_of(held, wanted)
    recorded = {row["person"] for row in await held.fetch(_RECORDED, list(wanted))}
    to_come = [
        (person, last.zone.key, last.until_at)
        for person, zones in before.items()
        if person in recorded
        and (after := moved(zones, zone_of(wanted[person]), now)).former
        and (last := after.former[-1]).until_at > now
    ]
    await held.execute("DELETE FROM former_zone WHERE person = ANY($1::int[]) AND until_at > now()", list(wanted))
    await held.execute(
        "INSERT INTO former_zone (person, zone, until_at) SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[])",
        *([each[index] for each in to_come] for index in range(3)),
    )
    await held.execute(
        "UPDATE person SET zone = wanted.zone FROM unnest($1::int[], $2::text[]) AS wanted(id, zone) WHERE person.id = wanted.id",
        list(wanted),
        list(wanted.values()),
    )


_ZONES = """
    SELECT person.id, person.zone, former_zone.zone AS former, until_at
    FROM person LEFT JOIN former_zone ON former_zone.person = person.id
    WHERE person.id = ANY($1::int[]) ORDER BY person.id, until_at
"""
_RECORDED = "SELECT DISTINCT person FROM device WHERE person = ANY($1::int[])"
