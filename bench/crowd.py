"""An organisation of thousands for benchmarks of scale: people in teams, each with an enrolled device, put straight into the database.

Enrolling 50,000 devices by codes would take longer than any benchmark. What is here afterwards is what enrolment leaves behind, but that
the keys follow from the number of the person. `rosters` says who they are to the processes that act as them (`desks.py`).
"""

import hashlib
import itertools
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.identity import public_bytes
from agents.roster import Member, Roster
from hub.database import LONG_TRANSACTIONS, close_pool, open_pool, transaction
from hub.wire.policy import DEFAULT
from tests.journeys.hubs import command

TEAM = 100
FIRST = 1_000_001
"""The first person's number, and their device's: out of the way of whoever is added by name."""
_ENROLLED_AT = datetime(2026, 1, 1, tzinfo=UTC)
MANAGER, PASSWORD = "mara-{}@bench.example", "a long enough one"


class Crowd(msgspec.Struct, frozen=True):
    """People `FIRST` to `FIRST + people - 1`, in turn in one of the teams."""

    people: int
    teams: list[int]

    def team_of(self, person: int) -> int:
        return self.teams[(person - FIRST) % len(self.teams)]


async def settle(environment: dict[str, str], people: int, managers: int, team: int = TEAM) -> Crowd:
    """People in teams of so many, and managers of all of them who can sign in: `MANAGER`, by number from 0."""
    for number in range(managers):
        named = ("--name", f"Mara Boss {number}", "--manages", "Everybody", "--password", PASSWORD)
        command(environment, "person", "add", MANAGER.format(number), *named)
    everybody = range(FIRST, FIRST + people)
    devices: list[tuple[object, ...]] = [
        (n, _uid(n), n, public_bytes(_key(n)), "desk", "Simulator", "simulated", True, _ENROLLED_AT, [])
        for n in everybody
    ]
    await open_pool(environment["DATABASE_URL"], settings=LONG_TRANSACTIONS)
    try:
        async with transaction() as held:
            rows = await held.fetch(
                "INSERT INTO team (parent, name) SELECT (SELECT id FROM team WHERE name = 'Everybody'), 'Team ' || n "
                "FROM generate_series(1, $1) n RETURNING id",
                max(1, people // team),
            )
            teams = sorted(row["id"] for row in rows)
            await held.execute(
                "INSERT INTO person (id, email, name, zone, simulated) "
                "SELECT n, 'simulated-' || n || '@bench.example', 'Simulated ' || n, 'UTC', true "
                "FROM generate_series($1::int, $1 + $2 - 1) n",
                FIRST,
                people,
            )
            await held.execute(
                "INSERT INTO membership (person, team, since_at) "
                "SELECT n, ($3::int[])[1 + (n - $1) % $4], now() - interval '200 days' FROM generate_series($1::int, $1 + $2 - 1) n",
                FIRST,
                people,
                teams,
                len(teams),
            )
            await held.copy_records_to_table(
                "device",
                columns=(
                    "id",
                    "uid",
                    "person",
                    "public_key",
                    "name",
                    "system",
                    "version",
                    "simulated",
                    "enrolled_at",
                    "fenced_at",
                ),
                records=devices,
            )
            await held.execute(
                "INSERT INTO device_cursor (device, digest) SELECT n, '' FROM generate_series($1::int, $1 + $2 - 1) n "
                "ON CONFLICT DO NOTHING",
                FIRST,
                people,
            )
    finally:
        await close_pool()
    return Crowd(people, teams)


def rosters(hub: str, origin: str, folder: Path, shares: Iterable[range]) -> list[Path]:
    """A file for each share of the people, as the fleet keeps its identities."""
    paths = []
    for number, share in enumerate(shares):
        path = folder / f"roster-{number}.json"
        roster = Roster(hub, path)
        roster.known = {
            str(n): Member(
                email=str(n), device=str(_uid(n)), origin=origin, key=_key(n).private_bytes_raw(), policy=DEFAULT
            )
            for n in share
        }
        roster.save(clean=True)
        paths.append(path)
    return paths


def shares(people: int, into: int) -> list[range]:
    """Everybody, in so many shares of about the same size."""
    ends = [FIRST + people * number // into for number in range(into + 1)]
    return [range(start, end) for start, end in itertools.pairwise(ends)]


def _uid(number: int) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, str(number))


def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(str(number).encode()).digest())
