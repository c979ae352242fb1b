"""The demo organisation: Halden, 40 people in five teams, all of them marked as simulated. Made at first start, and cleared on command.

`clear` deletes whoever is simulated, with everything of theirs, while hubs run and fleets report. Its first transaction shuts them out:
they are deactivated, their devices revoked, and nobody makes the demo anew. Then their cursors go, and with them the way to store anything;
then what they told, some at a time; they themselves last, with the teams that they leave empty. Killed anywhere it has done a part of that,
and the next run does the rest. The audit stays, as it always does.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from hub import audit
from hub.database import connection, transaction
from hub.errors import Invalid
from hub.people import insert_person, insert_team
from hub.people.first import SIMULATED_TEAM, ensure_organisation, lock_start
from hub.retention import partition_name, partitions
from hub.tables import Organisation, Person, Team

MAIL_DOMAIN = "halden.example"
ZONE = "Europe/Oslo"
HISTORY = timedelta(days=14)
"""Of work, that their devices send first. They are in their teams since a day before: managers see the time in which people were theirs."""

TEAMS = {
    "Payments": [
        "Amara Okafor", "Mateusz Zieliński", "Priya Menon", "Hana Kobayashi", "Lukas Brandt", "Chloé Lambert",
        "Kwame Mensah", "Linh Nguyen", "Jakub Horák",
    ],
    "Platform": [
        "Ingrid Dahl", "Ravi Iyer", "Oksana Shevchenko", "Tomás Herrera", "Mei Chen", "Bilal Khan", "Anneli Saarinen",
        "Samuel Adeyemi", "Rin Tanaka",
    ],
    "Design": ["Sofia Rossi", "Noor Haddad", "Aoife Byrne", "Elif Kaya", "Pedro Alves", "Zanele Dlamini"],
    "Support": [
        "Leila Aziz", "Diego Castro", "Thabo Mokoena", "Marta Silva", "Yusuf Demir", "Freya Lindqvist", "Emeka Nwosu",
        "Ana Popescu",
    ],
    "Finance": [
        "Tariq Hussain", "Ewa Nowak", "Mikkel Sørensen", "Fatou Diallo", "Luca Moretti", "Nadia Petrova", "Owen Hughes",
        "Yara Santos",
    ],
}  # fmt: skip
"""Team names and who is in them."""

ROWS_AT_ONCE = 20_000
"""Deleted in one transaction: some 0.2 s."""
PEOPLE_AT_ONCE = 200

# Letters of names that an address spells otherwise.
_ASCII = str.maketrans({"ń": "n", "é": "e", "á": "a", "ø": "o"})


async def seed_demo() -> tuple[str, ...]:
    """Makes what is missing of the demo organisation; returns the addresses of its people. Idempotent, and safe when concurrent."""
    joined_at = datetime.now(UTC) - HISTORY - timedelta(days=1)
    async with transaction():
        root = await ensure_organisation(demo=True)
        teams = {row["name"]: row["id"] for row in await Team.select(Team.id, Team.name).where(Team.parent == root)}
        known = {row["email"] for row in await Person.select(Person.email).where(Person.simulated.eq(True))}
        for team, names in TEAMS.items():
            if team not in teams:
                teams[team] = await insert_team(team, root)
            for name in names:
                if email_of(name) not in known:
                    await insert_person(
                        email_of(name), name, zone=ZONE, team=teams[team], since_at=joined_at, simulated=True
                    )
    return tuple(email_of(name) for names in TEAMS.values() for name in names)


def email_of(name: str) -> str:
    """The address of somebody of the demo: first.last@halden.example."""
    return f"{'.'.join(name.lower().translate(_ASCII).split())}@{MAIL_DOMAIN}"


async def is_demo() -> bool:
    """Whether this organisation is one. Once it was cleared it is not, whatever the settings say."""
    return await Organisation.exists().where(Organisation.demo.eq(True))


class Simulated(msgspec.Struct, frozen=True):
    """What there is of it."""

    demo: bool
    people: int
    devices: int
    teams: tuple[str, ...]
    """The demo's, in which there is nobody else, and which nobody else manages."""


class Cleared(msgspec.Struct, frozen=True):
    """What a run deleted."""

    people: int
    devices: int
    rows: int
    """Of their time, as it was told and as it was added up."""
    teams: int


async def survey() -> Simulated:
    """What `clear` would delete."""
    async with connection() as held:
        counts = await held.fetchrow(
            "SELECT count(DISTINCT person.id) AS people, count(device.id) AS devices "
            "FROM person LEFT JOIN device ON device.person = person.id WHERE person.simulated"
        )
        teams = await held.fetch(_EMPTY_TEAMS, _team_names(), None)
    return Simulated(await is_demo(), counts["people"], counts["devices"], tuple(row["name"] for row in teams))


async def clear(by: int | None = None, told: Callable[[str], None] = lambda said: None) -> Cleared:
    """Deletes all simulated people with everything of theirs; this is no demo from then on. Can be repeated after being killed.

    Says by `told` how far it is. Raises `Invalid` when nobody who is not simulated would be left to configure anything.
    """
    people = await _shut_out(by)
    devices = await _ids("SELECT id FROM device WHERE person = ANY($1::int[])", people)
    await _delete("device_cursor", "device", devices)
    rows = 0
    days = (await partitions()).days
    for number, day in enumerate(days, 1):
        rows += await _delete(partition_name(day), "person", people)
        told(f"{number} of {len(days)} days, {rows:,} rows")
    # Nothing leaves a mark any more. A step of the rollup job that has taken marks of theirs is waited for here, and none has any after it.
    await _delete("dirty", "person", people)
    for table in ("rollup_quarter", "rollup_day", "span_day"):
        rows += await _delete(table, "person", people)
    for table in ("loss", "quarantine"):
        await _delete(table, "device", devices)
    teams = 0
    for first in range(0, len(people), PEOPLE_AT_ONCE):
        teams += await _delete_people(people[first : first + PEOPLE_AT_ONCE])
        told(f"{min(first + PEOPLE_AT_ONCE, len(people))} of {len(people)} people")
    if people:
        await audit.record("demo_cleared", by, people=len(people), devices=len(devices), teams=teams)
    return Cleared(len(people), len(devices), rows, teams)


async def _shut_out(by: int | None) -> list[int]:
    """From its commit on no simulated person is on a wall, and no device of theirs is let in. Returns who they are."""
    async with transaction() as held:
        # Whoever enrols with such a code right now holds it, and is done before this goes on: nobody comes after the people are counted.
        await held.execute(_CODES)
        await lock_start()
        if not await held.fetchval(_REAL_ADMIN):
            raise Invalid("Every admin here is simulated. Make somebody else an admin first.")
        await held.execute("UPDATE organisation SET demo = false WHERE demo")
        rows = await held.fetch(
            "UPDATE person SET deactivated_at = coalesce(deactivated_at, now()), access_version = access_version + 1 "
            "WHERE simulated RETURNING id"
        )
        people = [row["id"] for row in rows]
        for statement in _SHUT_OUT:
            await held.execute(statement, people)
        if people:
            await audit.record("demo_clearing", by, people=len(people))
    return people


async def _delete(table: str, column: str, values: Sequence[int]) -> int:
    """Deletes the rows of these people or devices, some at a time. A day that retention has removed has none."""
    deleted = 0
    while values:
        async with transaction() as held:
            try:
                done: str = await held.execute(
                    f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608 - names of ours
                    f"SELECT ctid FROM {table} WHERE {column} = ANY($1::int[]) LIMIT {ROWS_AT_ONCE}))",
                    values,
                )
            except asyncpg.UndefinedTableError:
                return deleted
        count = int(done.split()[-1])
        deleted += count
        if count < ROWS_AT_ONCE:
            break
    return deleted


async def _delete_people(people: Sequence[int]) -> int:
    """Some people with what refers to them, and the demo's teams that they leave empty. Returns how many teams those were."""
    async with transaction() as held:
        await held.execute("DELETE FROM device WHERE person = ANY($1::int[])", people)
        left = await held.fetch("DELETE FROM membership WHERE person = ANY($1::int[]) RETURNING team", people)
        await held.execute("DELETE FROM person WHERE id = ANY($1::int[])", people)
        empty = await held.fetch(_EMPTY_TEAMS, _team_names(), list({row["team"] for row in left}))
        if empty:
            await held.execute("DELETE FROM team WHERE id = ANY($1::int[])", [row["id"] for row in empty])
            # Whoever saw them sees something else now.
            await held.execute(
                "UPDATE person SET access_version = access_version + 1 WHERE id IN (SELECT person FROM role WHERE role = 'manager')"
            )
    return len(empty)


async def _ids(query: str, values: Sequence[int]) -> list[int]:
    async with connection() as held:
        rows: list[Any] = await held.fetch(query, values)
    return [row["id"] for row in rows]


def _team_names() -> list[str]:
    return [*TEAMS, SIMULATED_TEAM]


# Of these names, below the root, managed by nobody who is not simulated: with nobody left in them, of these numbers; or else with simulated
# people alone, of any.
_EMPTY_TEAMS = """
    SELECT team.id, team.name FROM team JOIN team root ON root.id = team.parent AND root.parent IS NULL
    WHERE team.name = ANY($1::text[]) AND ($2::int[] IS NULL OR team.id = ANY($2::int[]))
        AND NOT EXISTS (SELECT FROM team below WHERE below.parent = team.id)
        AND NOT EXISTS (SELECT FROM role r JOIN person p ON p.id = r.person WHERE r.team = team.id AND NOT simulated)
        AND CASE WHEN $2::int[] IS NULL THEN
            (SELECT bool_and(simulated) FROM membership m JOIN person p ON p.id = m.person WHERE m.team = team.id)
            ELSE NOT EXISTS (SELECT FROM membership m WHERE m.team = team.id) END
    ORDER BY team.id
"""
_REAL_ADMIN = """
    SELECT EXISTS (
        SELECT FROM role JOIN person ON person.id = role.person WHERE role = 'admin' AND NOT simulated AND deactivated_at IS NULL
    )
"""
# Codes for several people go too: with one of those a fleet would enrol its people anew. Whoever needs one makes another.
_CODES = "DELETE FROM enrolment_code WHERE person IS NULL OR person IN (SELECT id FROM person WHERE simulated)"
_SHUT_OUT = (
    "UPDATE device SET revoked_at = coalesce(revoked_at, now()) WHERE person = ANY($1::int[])",
    "UPDATE membership SET until_at = now() WHERE person = ANY($1::int[]) AND until_at IS NULL",
    "UPDATE sign_in SET ended_at = now() WHERE person = ANY($1::int[]) AND ended_at IS NULL",
)
