"""A backup comes back: into a data folder that is not there yet, or an empty database; all of it or nothing.

What is embedded is built in a folder beside its place, and gets its name when it is whole. In a database of somebody else's a table says
so until it is: no hub starts on that (`database.refuse_half_restored`). Nothing is touched before the backup was found whole.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
import click
import msgspec
from msgspec import structs

from hub import audit, chain, erased_days, erasure, grants, objects, subject_keys
from hub.backups import programs
from hub.backups.contents import (
    DATABASE,
    BadBackup,
    Keys,
    Manifest,
    as_rows,
    check_files,
    filled,
    read_keys,
    read_manifest,
    write_through,
)
from hub.backups.taking import CURSORS, FOR_LONG, OBJECTS_AT_ONCE, PATIENCE_S, TABLES
from hub.backups.told import part
from hub.chain import signing_key
from hub.database import HALF_RESTORED, LONG_TRANSACTIONS, close_pool, open_pool, transaction
from hub.embedded import Embedded, running
from hub.errors import DaylightError, StartError
from hub.piccolo_app import known_migrations, migrate
from hub.settings import RESTORED, RESTORING, ObjectStore, Settings
from hub.tasks import some_at_once

DIFFERENCES_SHOWN = 5
INTERRUPTED = "An earlier restore was interrupted: what it left is removed, and this one begins anew."
AHEAD = (
    "SELECT setval('session_number', greatest(nextval('session_number'), (extract(epoch FROM now()) * 1e6)::bigint))"
)
"""Connections are numbered from the time on: presence of one of before, which lives on in Redis, is not newer than that of one of now."""


class Restored(msgspec.Struct, frozen=True):
    """What came back. `broken`: where the chain of the audit is, in words; empty when it holds."""

    manifest: Manifest
    migrated: int
    erased: int
    """How many people were erased again, since they had been after the backup."""
    days: int
    """How many days of others were, each person's by themselves."""
    chain: int
    broken: str


def bring_back(settings: Settings, source: Path, keys: Iterable[Path]) -> Restored:
    """Raises `BadBackup` before anything is touched, `StartError` when the place is not empty; whatever is raised, nothing starts on it."""
    known = read_keys(keys)
    manifest = read_manifest(source, known.secret)
    if unknown := sorted({*manifest.migrations, *known.migrations} - known_migrations()):
        raise BadBackup(
            f"{source}, or its keys, are of a newer Daylight, whose schema this one does not know ({unknown[-1]}): restore with that one"
        )
    if known.made_at < manifest.made_at:
        raise BadBackup(
            f"the keys are of {known.made_at:%Y-%m-%d %H:%M}, older than the backup ({manifest.made_at:%Y-%m-%d %H:%M}): "
            "give those that were made with it, or newer ones"
        )
    if settings.secret and settings.secret != known.secret:
        raise StartError(
            "DAYLIGHT_SECRET is another one than the backup's: set the one of before, or none where DATA keeps it"
        )
    _refuse_filled(settings)
    if manifest.objects and settings.database_url and settings.object_store is None:
        raise StartError(f"{source} holds {len(manifest.objects):,} objects: set S3_URL to the store that they go to")
    with part("Checking", sum(file.size_bytes for file in manifest.files.values()), "bytes") as advance:
        check_files(source, manifest, advance)
    if settings.database_url:
        roles = _roles(settings.database_url, settings.database_owner_url)
        done = asyncio.run(_into(*roles, settings.object_store, source, manifest, known))
        if not settings.secret:
            settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_through(settings.data / "secret", known.secret.encode())
        return done
    settings.data.parent.mkdir(parents=True, exist_ok=True)
    with filled(settings.data, RESTORING) as folder:
        # Valkey holds nothing of a backup: any address keeps it from being started.
        within = structs.replace(settings, data=folder, redis_url="redis://none")
        with Embedded(within, s3=bool(manifest.objects)) as servers:
            roles = _roles(servers.database_url, servers.database_owner_url)
            store = structs.replace(within, s3_url=servers.s3_url).object_store
            done = asyncio.run(_into(*roles, store, source, manifest, known))
        write_through(folder / "secret", known.secret.encode())
        write_through(folder / RESTORED, f"{manifest.made_at:%Y-%m-%d %H:%M} UTC".encode())
    return done


def _refuse_filled(settings: Settings) -> None:
    data = settings.data
    if running(settings) is not None:
        raise StartError(
            f"a hub runs in {data}: set DATA to a folder that is not there yet, or stop it and move its folder away"
        )
    kept = data / "secret"
    if settings.database_url:
        if not settings.secret and kept.exists():
            raise StartError(f"{kept} is there: set DATA to another folder, or move it away")
        return
    if data.is_mount():
        raise StartError(f"{data} is a disk of its own: set DATA to a folder in it, which is not there yet")
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise StartError(f"{data} is not empty: set DATA to a folder that is not there yet, or move that one away")


def _roles(url: str, owner_url: str | None) -> tuple[str, str | None]:
    """As whom it is restored; and as whom the hub works, when that is another."""
    return (owner_url, url) if owner_url else (url, None)


async def _into(
    url: str, hub_url: str | None, store: ObjectStore | None, source: Path, manifest: Manifest, keys: Keys
) -> Restored:
    try:
        held = await asyncpg.connect(url, timeout=PATIENCE_S, server_settings=FOR_LONG)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"cannot reach PostgreSQL: {error}") from error
    try:
        used = programs.find(max(manifest.postgres, await held.fetchval(programs.MAJOR)))
        await _empty(held)
        await held.execute(f"CREATE TABLE {HALF_RESTORED} (began_at timestamptz DEFAULT now())")
        with part("PostgreSQL", len(manifest.rows), "tables") as advance:
            await programs.load(used.folder, url, source / DATABASE, lambda: advance(1))
        await _compare(held, manifest)
        await held.execute(AHEAD)
        if store is not None and manifest.objects:
            await _put_objects(store, source, manifest, keys)
        await open_pool(url, size=2, settings=LONG_TRANSACTIONS)
        try:
            await migrate()
            await _put_keys(held, keys)
            subject_keys.use(keys.secret)
            erased = await erasure.replay(keys.erased)
            days = await erased_days.replay(keys.erased_days)
            await _put_protection(held, keys)
            if hub_url:
                await grants.give(held, hub_url)
            async with transaction():
                await audit.record("restored", None, made_at=manifest.made_at.isoformat())
            with part("Audit", 1, "check") as advance:
                heads = [manifest.head.head] if manifest.head else []
                verdict = await chain.check(signing_key(keys.secret).public_key(), heads)
        finally:
            await close_pool()
        await held.execute("ANALYZE")
        await held.execute(f"DROP TABLE {HALF_RESTORED}")
    finally:
        held.terminate()
    migrated = len(known_migrations()) - len(manifest.migrations)
    return Restored(manifest, migrated, erased, days, verdict.position, str(verdict.broken or ""))


async def _empty(held: Any) -> None:
    """Raises `StartError` when there is anything in the database but what an interrupted restore left, which is removed."""
    tables = [row["name"] for row in await held.fetch(TABLES)]
    # The hub's role could make such a table too, and have what is there thrown away.
    if HALF_RESTORED in tables and await held.fetchval(_IS_OURS, HALF_RESTORED):
        click.echo(INTERRUPTED, err=True)
        await held.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    elif tables:
        raise StartError(
            f"the database at DATABASE_URL is not empty ({len(tables)} tables): a restore needs an empty one"
        )
    if await held.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'daylight'"
    ):
        raise StartError("a hub or a worker is connected to the database at DATABASE_URL: stop it first")


async def _put_objects(store: ObjectStore, source: Path, manifest: Manifest, keys: Keys) -> None:
    """All but those of people who were erased since. What the store holds beside them is left there."""
    erased = tuple(f"people/{one.person}/" for one in keys.erased)
    async with objects.opened(store) as bucket:
        with part("Objects", len(manifest.objects), "objects") as advance:

            async def put(key: str) -> None:
                if not key.startswith(erased):
                    await bucket.put(key, await asyncio.to_thread((source / manifest.objects[key]).read_bytes))
                advance(1)

            await some_at_once(put, manifest.objects, OBJECTS_AT_ONCE)


async def _put_keys(held: Any, keys: Keys) -> None:
    """Those that the file has are put beside those that migrations made meanwhile: who was erased since has none in it."""
    await held.executemany(
        "INSERT INTO subject_key (person, wrapped, made_at) SELECT $1, $2, $3 WHERE EXISTS (SELECT FROM person WHERE id = $1) "
        "ON CONFLICT DO NOTHING",
        [(one.person, one.wrapped, one.made_at) for one in keys.keys],
    )


async def _put_protection(held: Any, keys: Keys) -> None:
    """Restrictions and legal holds that stood when the keys were kept stand again; those of the backup stay, also if lifted since."""
    await held.executemany(
        "UPDATE person SET restricted_at = $2 WHERE id = $1 AND restricted_at IS NULL AND erased_at IS NULL",
        [(one.person, one.at) for one in keys.restricted],
    )
    await held.executemany(
        "INSERT INTO legal_hold (person, since_at, set_by, reason) SELECT $1, $2, $3, $4 "
        "WHERE EXISTS (SELECT FROM person WHERE id = $1 AND erased_at IS NULL) "
        "AND NOT EXISTS (SELECT FROM legal_hold WHERE person = $1 AND lifted_at IS NULL)",
        [(one.person, one.since_at, one.set_by, one.reason) for one in keys.holds],
    )


async def _compare(held: Any, manifest: Manifest) -> None:
    """Raises `DaylightError` when what came back is not what was written down."""
    wrong = []
    with part("Comparing", len(manifest.rows), "tables") as advance:
        for table, count in manifest.rows.items():
            found = await held.fetchval(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names that we signed
            if found != count:
                wrong.append(f"{table} has {found:,} rows, not {count:,}")
            advance(1)
    if as_rows(await held.fetch(CURSORS)) != manifest.cursors:
        wrong.append("devices stand elsewhere")
    if wrong:
        raise DaylightError(f"what came back is not what was backed up: {'; '.join(wrong[:DIFFERENCES_SHOWN])}")


_IS_OURS = "SELECT relowner = current_user::regrole::oid FROM pg_class WHERE oid = to_regclass($1)::oid"
