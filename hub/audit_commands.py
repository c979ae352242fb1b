"""`daylight audit`: whether the audit is what was sealed, in the database or in a file, and what to keep elsewhere to know that later."""

import asyncio
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.anchors import anchored
from hub.audit_file import KeptHead, check_file, lines, read_heads
from hub.chain import Head, Verdict, check, links, newest_head, signing_key
from hub.cli import connected, on_database
from hub.errors import DaylightError
from hub.objects import ObjectsAway
from hub.settings import read


@click.group()
def audit() -> None:
    """The audit: check it, export it, note its head."""


@audit.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", help="The public key that FILE must be signed with, in hexadecimal (`daylight audit head` shows it)."
)
@click.option(
    "--heads",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Heads that were kept elsewhere, a line each: they tell when the end was cut off. May be repeated.",
)
@click.option(
    "--without-store", is_flag=True, help="Without the heads in the object store: only for when it can't be reached."
)
def verify(file: Path | None, key: str | None, heads: tuple[Path, ...], without_store: bool) -> None:
    """Check the audit in the database, or in an exported FILE without any hub. Names the first bad row; exits 1 then."""
    kept = [head.head for path in heads for head in read_heads(path)]
    store = None if file or without_store else connected(read()).object_store
    if store:
        try:
            kept += asyncio.run(anchored(store))
        except ObjectsAway as error:
            raise DaylightError(
                f"The heads in the object store can't be read, so nothing was checked: {error}. --without-store checks without them."
            ) from None
    verdict = _of_file(file, key, kept) if file else on_database(_of_database(kept), long=True)
    if verdict.broken:
        raise DaylightError(f"The audit is broken at {verdict.broken}. {verdict.position} rows before it hold.")
    click.echo(f"The audit holds: {verdict.position:,} rows, head {verdict.hash.hex()}.")
    if verdict.waiting:
        click.echo(f"{verdict.waiting:,} rows wait to be sealed; a running hub does that within a second.")
    if kept:
        click.echo(
            f"It was held against {len(kept):,} kept heads, the last of place {max(head.position for head in kept):,}."
        )
    else:
        click.echo("That its end was not cut off is known only up to heads that were kept elsewhere (--heads).")


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(file: Path) -> None:
    """Write the whole audit to FILE, to be checked anywhere by `daylight audit verify FILE`."""

    async def write() -> int:
        count = 0
        with file.open("wb") as out:
            async for line in lines(_signing(), links()):
                out.write(line)
                count += b'"row"' in line
        return count

    count = on_database(write(), long=True)
    click.echo(
        f"Wrote {count:,} rows to {file}, signed with the key {_signing().public_key().public_bytes_raw().hex()}."
    )


@audit.command()
def head() -> None:
    """Print the chain's head, signed: a line to keep where nobody who can write to this database can change it."""

    async def newest() -> bytes:
        found = await newest_head()
        if found is None:
            raise DaylightError("Nothing was sealed yet: a running hub does that within a second.")
        key = _signing().public_key().public_bytes_raw()
        return msgspec.json.encode(KeptHead(found.position, found.hash, found.signature, key))

    click.echo(on_database(newest()).decode())


def _of_file(file: Path, key: str | None, kept: list[Head]) -> Verdict:
    by = None
    if key is not None:
        try:
            by = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        except ValueError as error:
            raise DaylightError("The key is 64 hexadecimal digits.") from error
    verdict, inside = check_file(file, by, kept)
    if by is None:
        click.echo(
            f"Signed with the key {inside.hex()}. Whether that is your hub's, `daylight audit head` there tells; give it as --key."
        )
    return verdict


async def _of_database(kept: list[Head]) -> Verdict:
    return await check(_signing().public_key(), kept)


def _signing() -> Ed25519PrivateKey:
    return signing_key(connected(read()).secret)
