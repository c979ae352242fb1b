"""Erasing somebody: everything that is held about them is deleted, and their key is destroyed, so that the audit tells of them no more.

One transaction, for anybody at any time: all of it is done, or nothing. What could bring something back takes turns with it:

- a device that is just storing holds its cursor. That is waited for, and deleted first; without one nothing is stored (`live/store.py`);
- a step of the rollup job (its lock), which would write again what it has read already;
- whoever gives policies, roles or keys, or enrols a device, signs in, keeps a view: they hold the person's row or wait for it, and a
  trigger of the database refuses every row for somebody who is erased (`refuse_erased`).

What is left is a number: the row in `person` without anything of them, since the audit and looks at others refer to it, and a row in the
erasure list (`erased`), which goes with every backup and holds no name. What lies outside PostgreSQL is cleaned up by a job of the worker
as soon as it gets there (`clean_up`): presence in the feed, objects in the store, samples that PostgreSQL keeps for its plans. Hub
processes close sockets of the person and of their devices within five seconds.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from hub import audit, mail, mentions, objects, people, runs
from hub.database import connection, transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.feed.contract import Feed
from hub.feed.redis import RedisFeed
from hub.policies import changes
from hub.rollups.job import ROLLUP_LOCK
from hub.settings import ObjectStore
from hub.wire.activity import Facts

JOB = "clean_up_erased"
NOBODY = "There is no such person."
HELD = "This person is under a legal hold: nothing of theirs is deleted until it is lifted."
LONGEST_S = 120
"""A year of one person's rows are gone in some seconds; their partitions are as many as days."""
TRIES = 3
"""Somebody who changes something of theirs just then holds that and waits for the person, and PostgreSQL may end either."""
ANALYZE_S = 200
"""Of all tables, each in a transaction of its own; it reads some 30,000 rows of each."""
STAY_MAX = 10**10 - 1
"""Later than any stay in a team (`feed.scripts.MEMBERSHIP_DIGITS`): the feed takes nothing of these devices any more."""


class Erased(msgspec.Struct, frozen=True):
    """An entry of the erasure list. No `by`: the system did it."""

    person: int
    at: datetime
    by: int | None = None


class Done(Erased, frozen=True):
    """What an erasure came to: where their name or address still stands in what others wrote, and of how many texts it was taken out."""

    left: list[mentions.Place] = []
    emptied: int = 0


class Cleaned(msgspec.Struct, frozen=True):
    """Of how many people what lies outside the database is gone now, and how many objects that were."""

    people: int
    objects: int


async def erase(
    person: int, by: int | None, request: int | None = None, *, tell: bool = False, empty: bool = False
) -> Done:
    """Erases somebody, at their `request` perhaps. Idempotent: of who is erased already it tells when.

    `tell`: a last mail tells them, for which their address is kept until it is sent, a day at the most. `empty`: their name and address
    are taken out of what others wrote and nobody can edit.

    Raises `NotFound`; `Invalid` for oneself and for the last admin; `Conflict` where they took the request back, and under a legal hold,
    which is noted in the audit.
    """
    if person == by:
        raise Invalid("Nobody erases themselves: another admin has to.", "person", "erase_own")
    for _ in range(TRIES - 1):
        with suppress(asyncpg.DeadlockDetectedError):
            return await _erase(person, by, request, tell, empty)
    return await _erase(person, by, request, tell, empty)


async def _erase(person: int, by: int | None, request: int | None, tell: bool, empty: bool) -> Done:
    try:
        async with transaction() as held:
            await _take_turns(held)
            row = await _person(held, person)
            if row is None:
                raise NotFound(NOBODY)
            if row["erased_at"] is not None:
                return Done(person, row["erased_at"])
            if request is not None and not await held.fetchval(_IS_OPEN, request):
                raise Conflict("This request is closed already.")
            await refuse_held(held, person)
            await people.require_another_admin(person)
            sought = await mentions.named(held, person)
            found = await mentions.find(held, person, sought)
            emptied = await mentions.empty(held, person, sought, found) if empty else 0
            left = mentions.places(each for each in found if each.text.link or not empty)
            done = Done(person, await held.fetchval("SELECT now()"), by, left, emptied)
            if tell:
                await mail.queue_last(held, person)
            devices, rows = await _delete(held, done)
            asked = {} if request is None else {"request": request}
            texts = {"emptied": emptied} if empty else {}
            await audit.record("person_erased", by, person, devices=devices, rows=rows, **asked, **texts)
    except Held:
        raise await note_held(person, by) from None
    await hurry()
    if tell:
        await mail.hurry()
    return done


async def mentioned(person: int) -> list[mentions.Place]:
    """Where the name or the address of somebody who is here stands in what others wrote, before they are erased."""
    async with connection() as held:
        return mentions.places(await mentions.find(held, person, await mentions.named(held, person)))


async def listed() -> list[Erased]:
    """The erasure list, in the order of erasure. It holds numbers and times only."""
    async with connection() as held:
        rows = await held.fetch("SELECT person, at, erased_by FROM erased ORDER BY at, person")
    return [Erased(row["person"], row["at"], row["erased_by"]) for row in rows]


async def replay(listed: Iterable[Erased]) -> int:
    """Erases again whoever is on this list and is here, after a restore: returns how many that were.

    For the command that restores, with the database's pool open, before any hub runs: `await replay(entries)`, where the entries are
    those of the newest list that there is, which is that of a later backup than the one that was restored, or of the hub that was lost
    (`listed`). What was erased before the backup is on its own list already, and is left alone, so it can be called again. Neither roles
    nor legal holds are looked at: a hold in the backup had been lifted when it was done. Each erasure is noted anew in the restored audit,
    whose chain ends before the first one. Numbers on the list are given to nobody again, also of people who came after the backup.
    """
    erased = 0
    for entry in listed:
        async with transaction() as held:
            await _take_turns(held)
            row = await _person(held, entry.person)
            if row is None:
                await _note(held, entry, [], [])
            elif row["erased_at"] is None:
                devices, rows = await _delete(held, entry)
                await audit.record("person_erased", entry.by, entry.person, devices=devices, rows=rows, again=True)
                erased += 1
    async with transaction() as held:
        await held.execute(
            "SELECT setval('person_id_seq', greatest((SELECT max(person) FROM erased), (SELECT last_value FROM person_id_seq))) "
            "WHERE EXISTS (SELECT FROM erased)"
        )
    await hurry()
    return erased


async def clean_up(feed: Callable[[], AbstractAsyncContextManager[Feed]], store: ObjectStore | None) -> Cleaned:
    """The worker's job: takes what is left of erased people out of the feed and of the object store. Idempotent; what is away now is
    asked again by the next run."""
    async with connection() as held:
        waiting = await held.fetch("SELECT person, devices, teams FROM erased WHERE cleaned_at IS NULL ORDER BY at")
        days = await held.fetch(_DAYS_WAITING)
    removed = 0
    if not waiting and not days:
        return Cleaned(0, 0)
    async with feed() as presence:
        for row in days:
            await _forget_today(presence, row["person"], row["team"])
        for row in waiting:
            for team in row["teams"] if row["devices"] else ():
                await presence.remove(team, dict.fromkeys(row["devices"], STAY_MAX))
    if store is not None:
        async with objects.opened(store) as bucket:
            for row in waiting:
                removed += await bucket.remove(f"people/{row['person']}/")
    async with connection() as held:
        if waiting:  # one that was being kept just then
            await held.execute(_FORGET_ANSWERS)
        # PostgreSQL keeps values as samples of each column: until it has counted again, and of a table that is empty now for ever.
        await held.execute("ANALYZE", timeout=ANALYZE_S)
        await held.execute(_FORGET_SAMPLES)
        await held.execute(
            "UPDATE erased SET cleaned_at = now(), devices = '{}', teams = '{}' WHERE person = ANY($1::int[])",
            [row["person"] for row in waiting],
        )
        await held.execute(
            "UPDATE erased_days SET cleaned_at = now() WHERE id = ANY($1::bigint[])", [row["id"] for row in days]
        )
    return Cleaned(len(waiting), removed)


@asynccontextmanager
async def presence(url: str) -> AsyncIterator[Feed]:
    """The feed, for as long as it is needed to take something out."""

    def nothing(*_: Any) -> None:
        pass

    feed = RedisFeed(url, "eraser")
    await feed.start(nothing, nothing, nothing)
    try:
        yield feed
    finally:
        await feed.stop()


async def _forget_today(presence: Feed, person: int, team: int | None) -> None:
    """What the feed still has of devices that are not connected: the others say anew what they do, and their workday is read again."""
    if team is not None:
        theirs = [each for each in (await presence.snapshot(team)).records if each.person == person]
        blank = [
            msgspec.structs.replace(each, n=each.n + 1, facts=Facts(), since_at=None, today=None)
            for each in theirs
            if not each.connected
        ]
        await presence.publish(team, blank)


async def refuse_held(held: Any, person: int) -> None:
    """Raises `Held` while nothing of theirs is to be deleted, within a transaction that holds their row."""
    if await held.fetchval("SELECT EXISTS (SELECT FROM legal_hold WHERE person = $1 AND lifted_at IS NULL)", person):
        raise Held


class Held(Exception):
    """Under a legal hold. Who catches it calls `note_held`, once the transaction is over."""


async def note_held(person: int, by: int | None) -> Conflict:
    """Notes in the audit that somebody tried; gives the error to raise."""
    await audit.record("erasure_held", by, person, reason="legal_hold")
    return Conflict(HELD)


async def _take_turns(held: Any) -> None:
    """In one order with whoever takes several: an import of people, a step of the rollup job, what changes powers, what gives policies."""
    await held.execute(f"SET LOCAL transaction_timeout = '{LONGEST_S}s'")
    # First, as whoever carries out an import does: it holds its row, and then waits for the powers.
    await held.execute("LOCK TABLE people_import IN EXCLUSIVE MODE", timeout=LONGEST_S)
    await held.execute("SELECT pg_advisory_xact_lock($1)", ROLLUP_LOCK, timeout=LONGEST_S)
    await people.lock_powers()
    await changes.take_turns(held)


async def _person(held: Any, person: int) -> Any:
    if not 0 < person <= people.ID_MAX:
        return None
    return await held.fetchrow("SELECT erased_at FROM person WHERE id = $1 FOR UPDATE", person)


async def _delete(held: Any, done: Erased) -> tuple[int, int]:
    """Everything of theirs; returns how many devices there were, and how many rows of what those told."""
    person = done.person
    devices = [row["id"] for row in await held.fetch("SELECT id FROM device WHERE person = $1", person)]
    teams = [row["team"] for row in await held.fetch("SELECT DISTINCT team FROM membership WHERE person = $1", person)]
    # Waits for a device that is storing right now, and sees what it stored; from here on none of them stores anything.
    await held.execute("DELETE FROM device_cursor WHERE device = ANY($1::int[])", devices)
    rows = 0
    for day in await held.fetch(_DAYS):
        rows += await _delete_day(held, day["relname"], person)
    for table in _SUMS:
        await held.execute(f"DELETE FROM {table} WHERE person = $1", person)  # noqa: S608 - names of ours
    for table in _OF_DEVICES:
        await held.execute(f"DELETE FROM {table} WHERE device = ANY($1::int[])", devices)  # noqa: S608 - names of ours
    for table in _OF_PEOPLE:
        await held.execute(f"DELETE FROM {table} WHERE person = $1", person)  # noqa: S608 - names of ours
    # Files of people that an admin is about to import may name them: they are read anew.
    await held.execute("DELETE FROM people_import")
    # So may answers that others would get once more: they hear that it was done, and not what was said.
    await held.execute(_FORGET_ANSWERS)
    await held.execute(_TOMBSTONE, person, done.at)
    await _note(held, done, devices, teams)
    return len(devices), rows


async def _delete_day(held: Any, name: str, person: int) -> int:
    """Also a day that is being detached, or is and was not dropped yet: `interval` does not show their rows."""
    try:
        async with held.transaction():
            done: str = await held.execute(f"DELETE FROM {name} WHERE person = $1", person)  # noqa: S608 - a name of ours
    except asyncpg.UndefinedTableError:  # dropped meanwhile
        return 0
    return int(done.split()[-1])


async def _note(held: Any, done: Erased, devices: list[int], teams: list[int]) -> None:
    await held.execute(
        "INSERT INTO erased (person, at, erased_by, devices, teams) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person) DO NOTHING",
        done.person, done.at, done.by, devices, teams,
    )  # fmt: skip


async def hurry() -> None:
    """Has the worker clean up within seconds, instead of within a minute."""
    now = await runs.database_now()
    await runs.due(JOB, now, now + timedelta(seconds=1))


_SUMS = ("dirty", "rollup_quarter", "rollup_day", "span_day")
_OF_DEVICES = ("loss", "quarantine")
_OF_PEOPLE = (
    "subject_key", "legal_hold", "person_request", "erased_days", "device", "enrolment_code", "enrolment_request", "membership", "role",
    "former_zone", "saved_view", "identity", "sign_in", "totp_factor", "passkey", "recovery_code", "factor_tries", "personal_token",
    "idempotency_key", "link", "mail", "policy_setting", "policy_change", "person_policy", "pause", "kept_since",
)  # fmt: skip
"""A test holds them against the schema: each table with a person is here, or says why not."""
_DAYS = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname ~ '^interval_[0-9]{8}$'
    ORDER BY relname
"""
_IS_OPEN = "SELECT true FROM person_request WHERE id = $1 AND state = 'open' FOR UPDATE"
_FORGET_ANSWERS = "UPDATE idempotency_key SET answer = NULL WHERE answer IS NOT NULL"
_DAYS_WAITING = """
    SELECT erased_days.id, erased_days.person, team FROM erased_days
    LEFT JOIN membership ON membership.person = erased_days.person AND until_at IS NULL WHERE cleaned_at IS NULL
"""
_FORGET_SAMPLES = """
    SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited) FROM pg_stats
    JOIN pg_class ON relname = tablename AND relnamespace = schemaname::regnamespace
    WHERE schemaname = 'public' AND pg_has_role(relowner, 'USAGE') AND reltuples <= 0
"""
# The address is none that anybody could have, and another one for each.
_TOMBSTONE = """
    UPDATE person SET name = '', email = 'erased:' || id, zone = 'UTC', locale = NULL, working_hours = NULL, password_hash = NULL,
        restricted_at = NULL, simulated = false, created_at = $2, deactivated_at = $2, erased_at = $2,
        version = version + 1, access_version = access_version + 1
    WHERE id = $1
"""
