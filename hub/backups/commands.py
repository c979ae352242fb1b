"""`daylight backup` and `daylight restore`."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import structs

from hub.backups.contents import KEYS_FILE
from hub.backups.restoring import INTERRUPTED, Restored, bring_back
from hub.backups.taking import APART, Taken, back_up, keep_keys
from hub.backups.told import size
from hub.database import LONG_TRANSACTIONS, close_pool, open_pool
from hub.embedded import at_hand, running
from hub.errors import DaylightError, StartError
from hub.settings import RESTORING, Settings, read, with_secret

Result = TypeVar("Result")
A_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("target", metavar="TO", required=False, type=A_FOLDER)
@click.option(
    "--keys", required=True, type=A_FOLDER, help=f"Folder in which the file {KEYS_FILE} is kept, apart from backups."
)
@click.option(
    "--keys-only", is_flag=True, help="Bring that file up to date and make no backup: quick, to be done often."
)
def backup(target: Path | None, keys: Path, keys_only: bool) -> None:
    """Back up into the new folder TO, of a hub that runs or is stopped; its keys into another folder."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing is left behind, as after Ctrl-C
    if (target is None) != keys_only:
        raise click.UsageError("Give a folder TO, or --keys-only.")
    with _connected(read()) as settings:
        assert settings.database_url is not None
        url = settings.database_url
        if target is None:
            path = _on_pool(url, keep_keys(url, settings.secret, keys))
            click.echo(f"The keys are in {path}. Nobody but you may read them.")
            return
        done = _on_pool(url, back_up(url, settings.object_store, settings.secret, target, keys))
    _tell_taken(done, target)


def _tell_taken(done: Taken, target: Path) -> None:
    manifest = done.manifest
    click.echo(f"Backed up as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {size(done.size_bytes)} in {target}")
    click.echo(
        f"  {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, {len(manifest.cursors):,} devices"
    )
    if manifest.objects:
        click.echo(f"  {len(manifest.objects):,} objects of the object store")
    harmful = ", ".join(table for table in manifest.left_out if table != APART)
    click.echo(f"  not in it, since it would do harm to come back: {harmful}")
    click.echo(
        f"The keys are in {done.keys}. Without them the backup can't be restored; keep them elsewhere than the backup."
    )


@click.command()
@click.argument("source", metavar="FROM", type=A_FOLDER)
@click.option(
    "--keys",
    required=True,
    multiple=True,
    type=A_FOLDER,
    help="The file of keys, the newest that there is. May be repeated: the newest serves.",
)
def restore(source: Path, keys: tuple[Path, ...]) -> None:
    """Restore the backup FROM into an empty DATA, or the empty database at DATABASE_URL, and check it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = read()
    if settings.data.with_name(settings.data.name + RESTORING).exists():
        click.echo(INTERRUPTED, err=True)
    try:
        done = bring_back(settings, source, [path / KEYS_FILE if path.is_dir() else path for path in keys])
    except OSError as error:
        raise DaylightError(f"the restore could not be written ({error.strerror}): nothing was kept of it") from error
    _tell_restored(done, settings)
    if done.broken:
        raise DaylightError(f"all of it is there, but the audit is broken at {done.broken}")


def _tell_restored(done: Restored, settings: Settings) -> None:
    manifest = done.manifest
    place = "the database" if settings.database_url else settings.data
    click.echo(f"Restored what was there at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC into {place}:")
    click.echo(f"  {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, as many as were backed up")
    click.echo(f"  {len(manifest.cursors):,} devices, each where it stood")
    if manifest.objects:
        click.echo(f"  {len(manifest.objects):,} objects in the object store")
    if done.erased:
        click.echo(f"  {done.erased:,} people erased again, as they were after the backup")
    if done.days:
        click.echo(f"  {done.days:,} days of people erased again, as they were after the backup")
    if done.migrated:
        click.echo(f"  the schema brought up to date ({done.migrated} steps)")
    if not done.broken:
        click.echo(f"  the audit holds: {done.chain:,} rows")
    click.echo("Everybody signs in anew; codes, invitations and links that were open are to be made again.")


@contextlib.contextmanager
def _connected(settings: Settings) -> Iterator[Settings]:
    """With the secret and the addresses that are set, those of a hub that runs in DATA, or of servers started for the time being."""
    if not settings.secret and not (settings.data / "secret").exists():
        raise StartError(
            f"no secret: DAYLIGHT_SECRET is not set, and {settings.data} holds none. Its hub has one: set it as for that"
        )
    settings = with_secret(settings)
    with contextlib.ExitStack() as stack:
        servers = running(settings) if settings.database_url else stack.enter_context(at_hand(settings, s3=True))
        if servers is not None:
            settings = structs.replace(
                settings,
                database_url=settings.database_url or servers.database_url,
                s3_url=settings.s3_url or servers.s3_url,
            )
        yield settings


def _on_pool(url: str, work: Coroutine[Any, Any, Result]) -> Result:
    async def run() -> Result:
        await open_pool(url, size=1, settings=LONG_TRANSACTIONS)
        try:
            return await work
        finally:
            await close_pool()

    try:
        return asyncio.run(run())
    finally:
        work.close()
