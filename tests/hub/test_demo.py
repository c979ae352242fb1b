"""Clearing the demo: all of it goes and nothing else does, while hubs run, and also when it was killed half-way."""

import asyncio
import base64
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub import demo, people
from hub.auth.enrolment import make_code
from hub.database import connection
from hub.demo import clear, is_demo, seed_demo, survey
from hub.errors import Invalid
from hub.rollups import job
from hub.rollups.job import roll_up
from hub.settings import Settings
from hub.tables import (
    Audit,
    Device,
    DeviceCursor,
    Loss,
    Membership,
    Organisation,
    Person,
    Quarantine,
    Role,
    SavedView,
    SignIn,
    Team,
)
from hub.wire.agent import Ack
from hub.wire.closing import Close
from tests.hub.conftest import Cast, CastDevice
from tests.hub.live import connected, dialled, minute, running, signed_in, viewing
from tests.hub.stored import store, worked

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def seeded(cast: Cast, database: str) -> None:
    """The demo beside the cast, in the cast's organisation."""
    await Organisation.update({Organisation.demo: True}, force=True)
    await seed_demo()


async def enrolled(person: int, key: Ed25519PrivateKey | None = None) -> CastDevice:
    key = key or Ed25519PrivateKey.generate()
    device = Device(uid=uuid4(), person=person, public_key=key.public_key().public_bytes_raw(), simulated=True)
    number = (await Device.insert(device).returning(Device.id))[0]["id"]
    await DeviceCursor.insert(DeviceCursor(device=number))
    return CastDevice(number, str(device.uid), person, key)


async def living(cast: Cast, count: int = 3) -> list[CastDevice]:
    """Some of the demo with all that somebody can have, in two days, rolled up and not; and Bob beside them."""
    rows = await Person.select(Person.id).where(Person.simulated.eq(True)).order_by(Person.id).limit(count)
    devices = [await enrolled(row["id"]) for row in rows]
    for device in [*devices, cast.device(cast.bob)]:
        await store(device, [worked(NOW - 30 * HOUR, NOW - 29 * HOUR, app="Editor")], NOW)
    await roll_up(NOW)
    for device in [*devices, cast.device(cast.bob)]:
        await store(device, [worked(NOW - HOUR, NOW - HOUR / 2, app="Mail")], NOW)
        await Loss.insert(Loss(device=device.id, epoch=1, from_seq=9, to_seq=9))
        await Quarantine.insert(Quarantine(id=uuid4(), device=device.id, epoch=1, seq=8, reason="x", event=b""))
        await SignIn.insert(SignIn(id=uuid4(), person=device.person))
        await SavedView.insert(SavedView(person=device.person, name="View", query=""))
        await Role.insert(Role(person=device.person, role="manager", team=cast.payments_api))
    return devices


ROWS = {
    "person": "SELECT id, email FROM person",
    "membership": "SELECT person, team, until_at FROM membership",
    "role": "SELECT person, role, team FROM role",
    "sign_in": "SELECT person, id FROM sign_in",
    "saved_view": "SELECT person, id FROM saved_view",
    "device": "SELECT person, id, revoked_at FROM device",
    "device_cursor": "SELECT person, device, seq FROM device_cursor LEFT JOIN device ON id = device",
    "loss": "SELECT person, loss.id FROM loss LEFT JOIN device ON device.id = device",
    "quarantine": "SELECT person, quarantine.id FROM quarantine LEFT JOIN device ON device.id = device",
    "interval": 'SELECT person, device, epoch, seq, piece FROM "interval"',
    "dirty": "SELECT person, quarter_at FROM dirty",
    "rollup_quarter": "SELECT person, quarter_at, state, app, duration_us FROM rollup_quarter",
    "rollup_day": "SELECT person, day, state, app, duration_us FROM rollup_day",
    "span_day": "SELECT person, day, state, spans::text FROM span_day",
}
"""Everything that is somebody's, whose first."""


async def everything(but: Collection[int | None] = ()) -> dict[str, list[tuple[Any, ...]]]:
    async with connection() as held:
        found = {table: list(map(tuple, await held.fetch(query))) for table, query in ROWS.items()}
    return {table: sorted((row for row in rows if row[0] not in but), key=str) for table, rows in found.items()}


async def simulated() -> set[int]:
    return set(await Person.select(Person.id).where(Person.simulated.eq(True)).output(as_list=True))


async def teams() -> set[str]:
    return set(await Team.select(Team.name).output(as_list=True))


async def test_everything_of_the_demo_goes_and_nothing_else(cast: Cast) -> None:
    await living(cast)
    demo_people = await simulated()
    others = await everything(but=demo_people)
    of_demo = {table: len(rows) - len(others[table]) for table, rows in (await everything()).items()}
    found = await survey()

    done = await clear()

    assert all(of_demo.values())
    assert all(others.values())
    assert await everything() == others
    assert (found.demo, found.people, found.devices) == (True, 40, 3)
    assert set(found.teams) == {"Platform", "Design", "Finance"}  # the cast has a Payments and a Support of its own
    assert (done.people, done.devices, done.teams) == (40, 3, 3)
    assert await teams() == {"Halden", "Payments", "Payments API", "Support"}
    assert not await is_demo()
    acts = await Audit.select().where(Audit.action.like("demo%")).order_by(Audit.id).output(load_json=True)
    assert [(row["action"], row["detail"]) for row in acts] == [
        ("demo_clearing", {"people": 40}),
        ("demo_cleared", {"people": 40, "devices": 3, "teams": 3}),
    ]


class Killed(Exception):
    """The command is gone."""


async def test_clearing_that_was_killed_anywhere_is_done_by_the_next_run(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PEOPLE_AT_ONCE", 15)
    monkeypatch.setattr(demo, "ROWS_AT_ONCE", 7)
    await living(cast)
    of_demo = {*await simulated(), None}  # what is of a device that is gone is nobody's
    others = await everything(but=of_demo)
    opening = demo.transaction
    left = 0

    @contextlib.asynccontextmanager
    async def until_killed() -> AsyncIterator[Any]:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed  # after the COMMIT of the one before
        async with opening() as held:
            yield held
            left -= 1
            if left == 0:
                raise Killed  # before its own

    monkeypatch.setattr(demo, "transaction", until_killed)
    runs, done = 0, False
    while not done:
        runs += 1
        left = runs
        try:
            await clear()
            done = True
        except Killed:
            assert await everything(but=of_demo) == others

    assert runs > 20
    assert await everything() == others
    assert await teams() == {"Halden", "Payments", "Payments API", "Support"}


async def test_clearing_again_finds_nothing(cast: Cast) -> None:
    await clear()
    again = await clear()

    assert (again.people, again.devices, again.rows, again.teams) == (0, 0, 0, 0)
    assert await Audit.count().where(Audit.action == "demo_cleared") == 1


async def test_team_that_somebody_else_is_in_manages_or_has_made_stays(cast: Cast) -> None:
    platform, design = [
        (await Team.select(Team.id).where(Team.name == name).first() or {})["id"] for name in ("Platform", "Design")
    ]
    await Role.insert(Role(person=cast.alice.id, role="manager", team=platform))
    await Membership.insert(Membership(person=cast.dora.id, team=design, since_at=NOW - HOUR, until_at=NOW))
    lab = await people.add_team("Lab", cast.halden)
    await people.move(min(await simulated()), lab)
    found = await survey()

    await clear()

    assert found.teams == ("Finance",)
    assert await teams() == {"Halden", "Payments", "Payments API", "Support", "Platform", "Design", "Lab"}


async def test_managers_see_the_new_teams_since_their_sockets_close(cast: Cast) -> None:
    versions = [
        (await Person.select().where(Person.id == person.id).first() or {})["access_version"]
        for person in (cast.alma, cast.bob)
    ]

    await clear()

    after = [
        (await Person.select().where(Person.id == person.id).first() or {})["access_version"]
        for person in (cast.alma, cast.bob)
    ]
    assert after[0] > versions[0]
    assert after[1] == versions[1]


async def test_organisation_is_not_left_without_an_admin(cast: Cast) -> None:
    await Person.update({Person.simulated: True}).where(Person.id.is_in([cast.dora.id, cast.alma.id]))

    with pytest.raises(Invalid, match="admin"):
        await clear()

    assert await is_demo()
    assert len(await simulated()) == 42


async def test_step_of_the_rollup_job_that_runs_leaves_nothing_behind(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await living(cast)
    others = await everything(but=await simulated())
    reached, go_on = asyncio.Event(), asyncio.Event()
    write = job._write_days

    async def halted(*arguments: Any) -> None:
        reached.set()
        await go_on.wait()
        await write(*arguments)

    monkeypatch.setattr(job, "_write_days", halted)
    step = asyncio.create_task(roll_up(NOW + HOUR))
    await reached.wait()
    clearing = asyncio.create_task(clear())
    async with connection() as held:
        while not await held.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
    go_on.set()
    await asyncio.gather(step, clearing)

    left = await everything()
    assert all({row[0] for row in left[table]} == {cast.bob.id} for table in ROLLED)
    assert all(left[table] == others[table] for table in left.keys() - {*ROLLED, "dirty"})


ROLLED = ("rollup_quarter", "rollup_day", "span_day")


# --- while hubs run


async def test_connected_devices_are_refused_within_seconds_and_not_let_in_again(
    settings: Settings, cast: Cast
) -> None:
    rows = await Person.select(Person.id).where(Person.simulated.eq(True)).order_by(Person.id).limit(1)
    device = await enrolled(rows[0]["id"])
    code = (await make_code(settings.secret, uses=99)).code
    async with running(settings) as hub:
        client = await signed_in(hub, cast.alma, cast.password)
        async with (
            connected(hub, device) as agent,
            connected(hub, cast.device(cast.bob)) as real,
            viewing(hub, client) as viewer,
        ):
            await viewer.subscribe()
            await viewer.until(lambda seen: seen.tile(device.person) is not None)
            await agent.batch(1, [minute(3), minute(2)])
            began = asyncio.get_running_loop().time()
            await clear()
            closed = await agent.closed()
            took_s = asyncio.get_running_loop().time() - began
            watched = await viewer.closed()
            await real.batch(1, [minute(1)])
            acked = await real.receive(Ack)
        async with dialled(hub) as again:
            await again.hello(hub, device)
            refused = await again.closed()
        key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        body = {
            "code": code, "public_key": base64.b64encode(key).decode(), "name": "", "system": "", "simulated": True,
            "person": "sim@sim.example",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as fleet:
            answer = await fleet.post("/agent/v1/enrol", json=body)

    assert closed in {Close.REVOKED, Close.DRAINED, Close.FENCED}
    assert took_s < 8
    assert watched == Close.ACCESS_CHANGED
    assert acked.seq == 1
    assert refused == Close.UNKNOWN_DEVICE
    assert (answer.status_code, answer.json()["field"]) == (400, "code")
    assert await everything() == await everything(but={device.person})
    assert await simulated() == set()


async def test_device_that_was_deleted_while_it_was_connected_is_sent_away(settings: Settings, cast: Cast) -> None:
    async with running(settings) as hub, connected(hub, cast.device(cast.bob)) as agent:
        async with connection() as held:
            await held.execute("DELETE FROM device_cursor WHERE device = $1", cast.device(cast.bob).id)
            await held.execute("DELETE FROM device WHERE id = $1", cast.device(cast.bob).id)

        assert await agent.closed() == Close.REVOKED


async def test_device_that_is_deleted_between_its_hello_and_its_welcome_is_told_so(
    settings: Settings, cast: Cast
) -> None:
    async with running(settings) as hub:
        async with connection() as held:
            await held.execute("DELETE FROM device_cursor WHERE device = $1", cast.device(cast.bob).id)
        async with dialled(hub) as agent:
            await agent.hello(hub, cast.device(cast.bob))

            assert await agent.closed() == Close.UNKNOWN_DEVICE


# --- the command


class Result(NamedTuple):
    status: int
    said: str


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Result]]:
    """`await command("y")`: `daylight demo clear`, and what is typed."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("REDIS_URL", settings.redis_url or "")

    async def run(typed: str = "", *arguments: str) -> Result:
        called = [sys.executable, "-m", "hub.cli", "demo", "clear", *arguments]
        process = await asyncio.create_subprocess_exec(
            *called, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await process.communicate(typed.encode())
        return Result(process.returncode or 0, said.decode())

    return run


async def test_command_says_what_it_will_delete_and_asks(command: Any) -> None:
    kept = await command("n\n")
    people_then = len(await simulated())
    done = await command("y\n")
    again = await command()

    assert (kept.status, people_then) == (130, 40)
    assert "40 simulated people" in kept.said
    assert "Platform, Design, Finance" in kept.said
    assert (done.status, await simulated()) == (0, set())
    assert "Deleted 40 people" in done.said
    assert (again.status, again.said.strip()) == (0, "There is nothing of a demo here.")


async def test_command_does_not_ask_when_told_so(command: Any) -> None:
    done = await command("", "--yes")

    assert (done.status, await simulated()) == (0, set())
