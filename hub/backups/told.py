"""How far a backup or a restore is: a bar on a terminal; elsewhere a line at the beginning of each part and nothing in between."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Advance(Protocol):
    def __call__(self, done: float, and_bytes: int = 0) -> None: ...


@contextlib.contextmanager
def part(what: str, total: float, unit: str) -> Iterator[Advance]:
    """Yields what is called with how much was done since, and how many bytes that was; `unit` is `bytes` or what is counted."""
    if not sys.stderr.isatty():
        click.echo(f"{what} ...", err=True)
        yield lambda done, and_bytes=0: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=total, done="")
        so_far, size_bytes = 0.0, 0

        def advance(done: float, and_bytes: int = 0) -> None:
            nonlocal so_far, size_bytes
            so_far += done
            size_bytes += and_bytes
            told = size(so_far) if unit == "bytes" else f"{so_far:,.0f} {unit}"
            shown.update(task, advance=done, done=f"{told}, {size(size_bytes)}" if size_bytes else told)

        yield advance
        shown.update(task, completed=total)


def size(size_bytes: float) -> str:
    """As `12.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"
