"""Who is erased is nowhere any more, whatever is going on meanwhile, and the audit still proves itself."""

import asyncio
import contextlib
import csv
import io
import uuid
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from hub import audit, chain, devices, erasure, pauses, people, policies
from hub import held as held_of
from hub.auth import idempotency, tokens
from hub.chain import signing_key
from hub.database import connection, transaction
from hub.directory import acts as directory
from hub.errors import Conflict, Invalid, NotFound
from hub.feed.memory import MemoryFeed
from hub.feed.record import Record
from hub.live.plan import Submission
from hub.live.store import Store
from hub.people.typed import WorkingHours
from hub.policies import changes
from hub.policies.settings import PolicySettings
from hub.rollups.job import ROLLUP_LOCK, roll_up
from hub.settings import Settings
from hub.tables import Audit, Person
from hub.wire.activity import Facts
from hub.wire.closing import Close

from .live import connected, dialled, running, signed_in, viewing
from .locks import locked, until_waiting
from .stored import store, worked

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
TRACES = [
    "bob's",
    "bob-trace",
    "bob@halden",
    "bob sues",
    "brandt",
    "secret plan",
    "secret.example",
    "asia/tokyo",
    "robert",
]
"""What only rows about Bob hold, in lower case."""


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


FACTS = {"app": "Bob's editor", "site": "secret.example", "title": "Bob's secret plan"}


async def lived_in(cast, open_browser) -> None:
    """Bob has been here: in every table that can hold anything of a person."""
    bob, dora = cast.bob.id, cast.dora.id
    await store(cast.device(cast.bob), [worked(at(n), at(n + 1), **FACTS) for n in (0, 1, 30)], at(50))
    await roll_up(at(20))
    browser = open_browser()
    await browser.sign_in(cast.bob)
    await browser.change("POST", "/api/views", json={"name": "Bob's view", "query": "find=Bob"})
    await tokens.make(bob, tokens.TokenForm("Bob's token", ["teams:read"], 1))
    form = directory.OwnForm(
        name="Robert Brandt", zone="Asia/Tokyo", locale="ar", working_hours=WorkingHours([0], 60, 120), version=1
    )
    await directory.change(bob, form, dora)
    await changes.change("person", bob, 0, PolicySettings(idle_limit_s=600), "Bob asked for it", dora)
    await devices.rename(uuid.UUID(cast.device(cast.bob).uid), "Bob's box", bob)
    async with connection() as held:
        for statement in LIVED:
            await held.execute(statement, bob)
        device = cast.device(cast.bob).id
        await held.execute("INSERT INTO loss (device, epoch, from_seq, to_seq) VALUES ($1, 1, 90, 91)", device)
        event = b"Bob's secret plan, as a blob"
        await held.execute(
            "INSERT INTO quarantine (id, device, epoch, seq, reason, event) VALUES ($1, $2, 1, 92, 'x', $3)",
            uuid.uuid4(), device, event,
        )  # fmt: skip


LIVED = [
    "INSERT INTO passkey (person, credential_id, public_key, sign_count, name) VALUES ($1, 'bob-trace'::bytea, '', 0, 'Bob''s phone')",
    "INSERT INTO totp_factor (person, sealed) VALUES ($1, 'bob-trace'::bytea)",
    "INSERT INTO recovery_code (person, code_hash) VALUES ($1, 'bob-trace'::bytea)",
    "INSERT INTO factor_tries (person, tries) VALUES ($1, 1)",
    "INSERT INTO identity (issuer, sub, person) VALUES ('https://issuer.example', 'bob-trace', $1)",
    "INSERT INTO former_zone (person, zone, until_at) VALUES ($1, 'Asia/Tokyo', now())",
    "INSERT INTO link (hash, person, purpose, email, expires_at) VALUES ('bob-trace'::bytea, $1, 'reset', 'bob@halden.example', now())",
    "INSERT INTO mail (kind, person) VALUES ('reset', $1)",
    "INSERT INTO role (person, role) VALUES ($1, 'auditor')",
    "INSERT INTO enrolment_code (code_hash, person, uses_left, expires_at) VALUES ('bob-trace'::bytea, $1, 1, now())",
    "INSERT INTO enrolment_request (id, confirmation, code_hash, person, public_key, name, expires_at) "
    "VALUES (gen_random_uuid(), '', '', $1, '', 'Bob''s tower', now())",
    "INSERT INTO erased_days (person, first, last, start_at, end_at) VALUES ($1, '2026-05-04', '2026-05-04', now(), now())",
    "INSERT INTO pause (person, kind, since_at, revision) VALUES ($1, 'break', now(), 1)",
    "INSERT INTO idempotency_key (name, person, asked) VALUES ('bob-trace'::bytea, $1, '')",
    "INSERT INTO people_import (id, person, expires_at, content) VALUES (gen_random_uuid(), 6, now(), 'bob@halden.example'::bytea) "
    "RETURNING $1::int",
    "INSERT INTO legal_hold (person, reason, lifted_at) VALUES ($1, 'Bob sues', now())",
]
"""A row of each kind that no act here makes."""


async def whole_database() -> dict[str, str]:
    """Every row of every table as text, by table: what is binary both as it is written and as it reads."""
    found = {}
    async with connection() as held:
        tables = await held.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in map(tuple, tables):
            rows = await held.fetch(f'SELECT * FROM "{table}"')
            found[table] = " ".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
            ).lower()
        samples = "concat(most_common_vals::text, histogram_bounds::text, most_common_elems::text)"
        found["pg_stats"] = str(
            await held.fetchval(f"SELECT string_agg({samples}, ' ') FROM pg_stats WHERE schemaname = 'public'")
        ).lower()
    return found


async def whole_valkey(url: str) -> str:
    said: list[Any] = []
    async with redis.asyncio.from_url(url) as client:
        async for key in client.scan_iter():
            said.append(key)
            match (await client.type(key)).decode():
                case "string":
                    said.append(await client.get(key))
                case "hash":
                    said.append(await client.hgetall(key))
                case "zset":
                    said.append(await client.zrange(key, 0, -1))
                case "set":
                    said.append(await client.smembers(key))
                case "list":
                    said.append(await client.lrange(key, 0, -1))
    return str(said).lower()


def traces(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text]


@contextlib.asynccontextmanager
async def no_feed() -> AsyncIterator[MemoryFeed]:
    yield MemoryFeed("one")


async def of_bob(cast) -> dict[str, int]:
    """How many rows with his number there are, by table, where there are any: of what is kept of him as a person."""
    counts = {}
    async with connection() as held:
        for row in await held.fetch(
            "SELECT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name AND NOT relispartition "
            "WHERE table_schema = 'public' AND column_name = 'person' AND relkind IN ('r', 'p')"
        ):
            name = row["table_name"]
            if count := await held.fetchval(f'SELECT count(*) FROM "{name}" WHERE person = $1', cast.bob.id):
                counts[name] = count
    return counts


async def test_nothing_of_them_is_left_in_any_table_or_key_and_the_chain_holds(
    cast, open_browser, settings: Settings
) -> None:
    assert settings.redis_url
    await lived_in(cast, open_browser)
    async with erasure.presence(settings.redis_url) as feed:
        record = Record(
            device=2,
            person=2,
            team=cast.payments,
            session=1,
            n=1,
            hub="one",
            connected=True,
            at=at(0),
            facts=Facts(**FACTS),
        )
        await feed.publish(cast.payments, [record])
    await chain.seal(signing_key(settings.secret))
    async with connection() as held:
        await held.execute("ANALYZE")
    before = await whole_database()
    assert {"brandt", "bob@halden", "secret plan"} <= set(traces(before["pg_stats"]))
    assert set(TRACES) - {"asia/tokyo", "robert"} <= {trace for text in before.values() for trace in traces(text)}
    assert "secret plan" in await whole_valkey(settings.redis_url)
    dora = open_browser()
    await dora.sign_in(cast.dora)

    answer = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json={"name": " Robert  Brandt "})
    cleaned = await erasure.clean_up(lambda: erasure.presence(str(settings.redis_url)), None)

    assert answer.status_code == 200, answer.text
    assert cleaned.people == 1
    after = await whole_database()
    assert {table: found for table, text in after.items() if (found := traces(text))} == {}
    assert traces(await whole_valkey(settings.redis_url)) == []
    assert await of_bob(cast) == {"erased": 1}
    await chain.seal(signing_key(settings.secret))
    verdict = await chain.check(signing_key(settings.secret).public_key())
    assert (verdict.broken, verdict.waiting) == (None, 0)


async def test_pages_show_that_somebody_was_here_and_not_who(cast, open_browser) -> None:
    await lived_in(cast, open_browser)
    await erasure.erase(cast.bob.id, cast.dora.id)
    audrey, dora = open_browser(), open_browser()
    await audrey.sign_in(cast.audrey)
    await dora.sign_in(cast.dora)

    told = (await audrey.get("/api/audit", params={"person": cast.bob.id, "limit": 200})).json()["entries"]

    acts = {entry["act"]: entry for entry in told}
    assert acts["person_erased"]["about"] == {"id": cast.bob.id, "name": ""}
    assert acts["person_erased"]["detail"] == {"devices": 1, "rows": 3}
    assert acts["person_changed"]["detail"] == {"fields": "name zone locale working_hours", "erased": True}
    assert "changed" not in acts["policy_changed"]["detail"]
    people_told = (await dora.get("/api/people", params={"state": "all", "limit": 200})).json()["people"]
    assert cast.bob.id not in {person["id"] for person in people_told}
    for method, path, body in [
        ("GET", f"/api/people/{cast.bob.id}", None),
        ("POST", f"/api/people/{cast.bob.id}/erasure", {"name": ""}),
        ("POST", f"/api/people/{cast.bob.id}/roles", {"role": "admin"}),
        ("POST", "/api/people/reactivate", {"people": [cast.bob.id]}),
        ("POST", "/api/people/move", {"moves": [{"person": cast.bob.id, "out_of": None, "into": cast.support}]}),
    ]:
        assert (await dora.change(method, path, json=body)).status_code == 404, path


async def test_answer_that_an_admin_got_about_them_is_not_given_again(cast, open_browser) -> None:
    dora = open_browser()
    await dora.sign_in(cast.dora)
    once = {**await dora.csrf(), "idempotency-key": "once"}
    bob = {"name": "Robert Brandt", "email": "robert@halden.example", "team": cast.payments}
    added = await dora.post("/api/people", json=bob, headers=once)
    again = await dora.post("/api/people", json=bob, headers=once)
    assert (added.status_code, again.json()) == (201, added.json())

    await erasure.erase(added.json()["id"], cast.alma.id)

    after = await dora.post("/api/people", json=bob, headers=once)
    assert after.status_code == 409
    assert traces(after.text.lower()) == []


async def test_answer_that_is_being_kept_while_somebody_is_erased_is_not_kept_nor_given_again(
    cast, open_browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    dora = open_browser()
    await dora.sign_in(cast.dora)
    once = {**await dora.csrf(), "idempotency-key": "once"}
    bob = {"name": "Robert Brandt", "email": "robert@halden.example", "team": cast.payments}
    keep = idempotency._keep

    async def late(name: bytes, person: int, secret: str, told: list[Any]) -> None:
        added = await Person.select(Person.id).where(Person.email == bob["email"]).first()
        await erasure.erase(added["id"], cast.alma.id)
        await keep(name, person, secret, told)

    monkeypatch.setattr(idempotency, "_keep", late)
    added = await dora.post("/api/people", json=bob, headers=once)
    again = await dora.post("/api/people", json=bob, headers=once)

    assert (added.status_code, again.status_code) == (201, 409)
    async with connection() as held:
        assert await held.fetchval("SELECT answer FROM idempotency_key") is None


async def test_answer_that_is_kept_while_an_erasure_ends_is_not_given_and_soon_gone(
    cast, database: str, settings: Settings
) -> None:
    """The erasure has forgotten answers, and is not committed yet."""
    async with locked(database, "LOCK TABLE erased IN SHARE MODE"):
        erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
        async with asyncio.timeout(30):
            await until_waiting(1, unless=erasing)
        assert await idempotency._claim(b"once", cast.dora.id, b"asked")
        told = [{"status": 200, "headers": []}, {"type": "http.response.body", "body": b"Bob"}]
        await idempotency._keep(b"once", cast.dora.id, settings.secret, told)
    await erasing

    with pytest.raises(Conflict):
        await idempotency._kept(b"once", cast.dora.id, b"asked", settings.secret)
    await erasure.clean_up(no_feed, None)
    async with connection() as held:
        assert await held.fetchval("SELECT answer FROM idempotency_key WHERE name = 'once'") is None


async def test_archive_that_is_being_made_of_somebody_is_broken_off_when_they_are_erased(
    cast, open_browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_of, "PAGE", 2)
    await lived_in(cast, open_browser)
    packing = held_of.archive(cast.bob.id, at(0))
    begun = await anext(packing)

    await erasure.erase(cast.bob.id, cast.dora.id)

    rest = b""
    with pytest.raises(held_of.Gone):
        async for chunk in packing:
            rest += chunk
    assert b"person.csv" in begun
    assert b"teams.csv" not in rest
    assert await of_bob(cast) == {"erased": 1}


async def test_second_erasure_changes_nothing(cast, database) -> None:
    first = await erasure.erase(cast.bob.id, cast.dora.id)
    again = await erasure.erase(cast.bob.id, cast.alma.id)

    assert again.at == first.at
    assert await Audit.count().where(Audit.action == "person_erased") == 1
    with pytest.raises(NotFound):
        await erasure.erase(2**31 - 1, cast.dora.id)


async def test_their_sessions_are_over_and_their_address_is_free(cast, open_browser) -> None:
    bob = open_browser()
    await bob.sign_in(cast.bob)

    await erasure.erase(cast.bob.id, cast.dora.id)

    assert (await bob.get("/api/me")).status_code == 401
    assert (await open_browser().sign_in(cast.bob)).status_code == 401
    await people.add_person(cast.bob.email, "Another Bob")


async def test_nobody_erases_themselves_the_last_admin_or_by_a_slip(cast, open_browser) -> None:
    dora = open_browser()
    await dora.sign_in(cast.dora)

    own = await dora.change("POST", f"/api/people/{cast.dora.id}/erasure", json={"name": cast.dora.name})
    slip = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json={"name": "Bob"})
    async with connection() as held:
        await held.execute("DELETE FROM role WHERE role = 'admin' AND person <> $1", cast.alma.id)
    with pytest.raises(Invalid) as last:
        await erasure.erase(cast.alma.id, cast.dora.id)

    assert [(answer.status_code, answer.json()["code"]) for answer in (own, slip)] == [
        (400, "erase_own"), (400, "erase_name"),
    ]  # fmt: skip
    assert last.value.code == "last_admin"
    assert await Person.count().where(Person.erased_at.is_not_null()) == 0


async def test_who_is_under_a_legal_hold_is_not_erased_and_the_try_is_noted(cast, open_browser) -> None:
    async with connection() as held:
        await held.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'A trial')", cast.bob.id)
    dora = open_browser()
    await dora.sign_in(cast.dora)

    answer = await dora.change("POST", f"/api/people/{cast.bob.id}/erasure", json={"name": cast.bob.name})

    assert answer.status_code == 409
    assert await Person.count().where(Person.erased_at.is_not_null()) == 0
    row = (await Audit.select().where(Audit.action == "erasure_held").output(load_json=True))[0]
    assert (row["actor"], row["subject"], row["detail"]) == (cast.dora.id, cast.bob.id, {"reason": "legal_hold"})


async def test_what_a_device_is_just_storing_is_erased_and_nothing_is_stored_after_it(cast, database: str) -> None:
    device = cast.device(cast.bob)
    await store(device, [worked(at(0), at(1), **FACTS)], at(5))
    ingest = await asyncpg.connect(database)
    storing = ingest.transaction()
    await storing.start()
    await ingest.execute("SELECT FROM device_cursor WHERE device = $1 FOR UPDATE", device.id)

    erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    assert not erasing.done()
    await ingest.execute(
        """
        INSERT INTO "interval" SELECT device, epoch, seq + 50, piece, person, started_at, ended_at, wall_at, zone_min, policy, flags, app,
            site, title, first_input_at, last_input_at, keys, clicks, scrolls FROM "interval" WHERE person = $1
        """,
        cast.bob.id,
    )
    await ingest.execute("INSERT INTO dirty (person, quarter_at) VALUES ($1, $2)", cast.bob.id, at(0))
    await storing.commit()
    await ingest.close()
    await erasing

    later = Store(now=lambda: at(10))
    later.start()
    sent = later.submit(Submission(device.id, cast.bob.id, 0, 1, 2, 2, [worked(at(2), at(3), **FACTS)]))
    await asyncio.wait({sent}, timeout=0.3)
    later.forget(device.id, 0)
    await later.close(1)
    assert not sent.done() or sent.cancelled()
    assert await of_bob(cast) == {"erased": 1}


async def test_import_that_is_being_carried_out_and_an_erasure_take_turns(cast, database: str) -> None:
    async with connection() as held:
        await held.execute(
            "INSERT INTO people_import (id, person, expires_at) VALUES (gen_random_uuid(), 6, now() + interval '1 hour')"
        )
    importing = await asyncpg.connect(database)
    begun = importing.transaction()
    await begun.start()
    await importing.execute("SELECT FROM people_import FOR UPDATE")

    erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    await importing.execute("SELECT pg_advisory_xact_lock($1)", people._POWERS_LOCK)
    await begun.commit()
    await importing.close()
    await erasing

    assert await of_bob(cast) == {"erased": 1}


async def test_whoever_holds_something_of_theirs_and_waits_for_them_stops_no_erasure(cast, database: str) -> None:
    """Renaming a device, say, which then asks for the person's key."""
    renaming = await asyncpg.connect(database)
    begun = renaming.transaction()
    await begun.start()
    await renaming.execute("SELECT FROM device WHERE person = $1 FOR UPDATE", cast.bob.id)

    erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    with contextlib.suppress(asyncpg.DeadlockDetectedError):
        await renaming.execute("SELECT FROM person WHERE id = $1 FOR KEY SHARE", cast.bob.id)
        await begun.commit()
    await renaming.close()
    await erasing

    assert await of_bob(cast) == {"erased": 1}


async def test_step_of_the_rollup_job_that_goes_on_brings_nothing_back(cast, database: str) -> None:
    await store(cast.device(cast.bob), [worked(at(0), at(1), **FACTS)], at(5))
    job = await asyncpg.connect(database)
    step = job.transaction()
    await step.start()
    await job.execute("SELECT pg_advisory_xact_lock($1)", ROLLUP_LOCK)

    erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    await job.execute(
        "INSERT INTO rollup_quarter (person, quarter_at, state, app, duration_us, keys, clicks, scrolls) "
        "VALUES ($1, $2, 'active', 'Bob''s editor', 1, 0, 0, 0)",
        cast.bob.id, at(0),
    )  # fmt: skip
    await step.commit()
    await job.close()
    await erasing
    await roll_up(at(60))

    assert await of_bob(cast) == {"erased": 1}


async def test_days_that_are_on_their_way_out_are_erased_too(cast, database) -> None:
    await store(cast.device(cast.bob), [worked(at(0), at(1), **FACTS)], at(5))
    async with connection() as held:
        await held.execute(f'ALTER TABLE "interval" DETACH PARTITION interval_{NOON:%Y%m%d}')

    await erasure.erase(cast.bob.id, cast.dora.id)

    async with connection() as held:
        assert await held.fetchval(f"SELECT count(*) FROM interval_{NOON:%Y%m%d}") == 0


WITH_COLUMN = """
    SELECT relname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attname = $1 AND attnum > 0
        AND relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""


async def test_every_table_with_a_person_is_erased_and_guarded(cast, database) -> None:
    async with connection() as held:
        with_person, with_device = [
            {row["relname"] for row in await held.fetch(WITH_COLUMN, column)} for column in ("person", "device")
        ]
        guarded = {
            row["relname"]
            for row in await held.fetch(
                "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname = 'refuse_erased'"
            )
        }
    facts = {"interval", *erasure._SUMS}
    assert with_person == facts | set(erasure._OF_PEOPLE) | {"erased", "people_import"}
    assert with_device == {"interval", "device_cursor", "enrolment_code", "enrolment_request", *erasure._OF_DEVICES}
    assert guarded == (set(erasure._OF_PEOPLE) | {"people_import"}) - {"policy_change"}


async def test_no_row_comes_back_once_they_are_erased(cast, database) -> None:
    await erasure.erase(cast.bob.id, cast.dora.id)

    for statement in LIVED:
        if "people_import" in statement:
            continue
        with pytest.raises(asyncpg.RaiseError, match="erased"):
            async with connection() as held:
                await held.execute(statement, cast.bob.id)
    with pytest.raises(asyncpg.CheckViolationError):
        async with connection() as held:
            await held.execute("UPDATE person SET name = 'Bob' WHERE id = $1", cast.bob.id)
    with pytest.raises(NotFound):
        await people.move(cast.bob.id, cast.support)
    await changes.change("organisation", None, 0, PolicySettings(idle_limit_s=600), "For all", cast.dora.id)
    assert await of_bob(cast) == {"erased": 1}


async def test_whoever_writes_of_them_while_they_are_erased_waits_and_is_refused(cast, database: str) -> None:
    """Enrolling a device by a code for several people, say: it has looked who they are, and adds the device."""
    erasing = await asyncpg.connect(database)
    begun = erasing.transaction()
    await begun.start()
    await erasing.execute("SELECT FROM person WHERE id = $1 FOR UPDATE", cast.bob.id)

    async def enrol() -> None:
        async with transaction() as held:
            await held.execute(
                "INSERT INTO device (uid, person, public_key) VALUES (gen_random_uuid(), $1, '')", cast.bob.id
            )

    enrolling = asyncio.create_task(enrol())
    async with asyncio.timeout(30):
        await until_waiting(1, unless=enrolling)
    await erasing.execute(erasure._TOMBSTONE, cast.bob.id, at(0))
    await begun.commit()
    await erasing.close()

    with pytest.raises(asyncpg.RaiseError, match="erased"):
        await enrolling


async def test_agent_is_ended_and_refused_and_the_wall_forgets_them(cast, settings: Settings) -> None:
    device = cast.device(cast.bob)
    async with (
        running(settings) as hub,
        connected(hub, device) as agent,
        viewing(hub, await signed_in(hub, cast.alice, cast.password)) as viewer,
    ):
        await agent.presence(app="Bob's editor")
        await viewer.subscribe([cast.payments])
        await viewer.until(lambda seen: seen.tile(cast.bob.id) is not None)

        await erasure.erase(cast.bob.id, cast.dora.id)
        await erasure.clean_up(lambda: erasure.presence(str(settings.redis_url)), None)

        await viewer.until(lambda seen: seen.tile(cast.bob.id) is None)
        code = await agent.closed()
        async with dialled(hub) as again:
            await again.hello(hub, device)
            refused = await again.closed()
        assert (code, refused) == (Close.REVOKED, Close.UNKNOWN_DEVICE)
    assert traces(await whole_valkey(str(settings.redis_url))) == []


async def test_what_could_not_be_cleaned_up_is_by_the_next_run(cast, settings: Settings) -> None:
    await erasure.erase(cast.bob.id, cast.dora.id)

    @contextlib.asynccontextmanager
    async def away() -> AsyncIterator[Any]:
        raise redis.exceptions.ConnectionError
        yield

    with pytest.raises(redis.exceptions.ConnectionError):
        await erasure.clean_up(away, None)
    done = await erasure.clean_up(no_feed, None)
    again = await erasure.clean_up(no_feed, None)

    assert (done.people, again.people) == (1, 0)


async def test_what_others_declare_and_are_given_after_it_is_heard_of(cast, database: str) -> None:
    """A process asks for what is newer than it knows; what it read last is gone with them."""
    await changes.change("person", cast.bob.id, 0, PolicySettings(idle_limit_s=600), "Reads much", cast.dora.id)
    await changes.change("person", cast.bob.id, 1, PolicySettings(app=False), "Less", cast.dora.id)
    await pauses.declare(cast.bob.id, "private", None)
    await pauses.refresh()
    await erasure.erase(cast.bob.id, cast.dora.id)

    await changes.change("person", cast.bea.id, 0, PolicySettings(app=False), "Less", cast.dora.id)
    await pauses.declare(cast.bea.id, "private", None)
    await pauses.refresh()

    assert policies.of(cast.bea.id).app is False
    assert pauses.of(cast.bea.id, datetime.now(UTC)) is not None


async def test_list_is_replayed_over_a_database_of_before(cast, database, open_browser) -> None:
    await lived_in(cast, open_browser)
    since = datetime(2026, 5, 4, 12, tzinfo=UTC)
    async with connection() as held:
        await held.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'lifted since')", cast.bob.id)
    entries = [erasure.Erased(cast.bob.id, since, cast.dora.id), erasure.Erased(4_000, since)]

    done = await erasure.replay(entries)
    again = await erasure.replay(await erasure.listed())

    assert (done, again) == (1, 0)
    assert await erasure.listed() == entries
    assert {table: found for table, text in (await whole_database()).items() if (found := traces(text))} == {}
    row = (await Audit.select().where(Audit.action == "person_erased").output(load_json=True))[0]
    assert (row["subject"], row["detail"]["again"]) == (cast.bob.id, True)
    assert await people.add_person("new@halden.example", "New") > 4_000


async def test_looks_of_them_stay_without_a_name(cast, open_browser) -> None:
    await audit.record_person_look(cast.alice.id, cast.bob.id, None)
    await erasure.erase(cast.alice.id, cast.dora.id)
    bob = open_browser()
    await bob.sign_in(cast.bob)

    looks = (await bob.get("/api/me/looks")).json()["looks"]
    packed = zipfile.ZipFile(io.BytesIO((await bob.get("/api/me/export")).content))

    assert [look["by"] for look in looks] == [{"id": cast.alice.id, "name": ""}]
    assert [row["who"] for row in csv.DictReader(io.StringIO(packed.read("looks.csv").decode()))] == ["somebody erased"]


async def test_hold_that_is_set_meanwhile_wins(cast, database: str) -> None:
    """Who sets one holds the person, as who erases does."""
    holding = await asyncpg.connect(database)
    begun = holding.transaction()
    await begun.start()
    await holding.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'A trial')", cast.bob.id)

    erasing = asyncio.create_task(erasure.erase(cast.bob.id, cast.dora.id))
    async with asyncio.timeout(30):
        await until_waiting(1, unless=erasing)
    await begun.commit()
    await holding.close()

    with pytest.raises(Conflict):
        await erasing
