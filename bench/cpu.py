"""What processes use, by the kernel's own accounting (`/proc`), and on which cores they run.

A server is counted whole: with its children, those that have ended and were waited for, and theirs. Times are what the scheduler gave, in
steps of 10 ms; measure over seconds.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SERVER, OTHERS = 0, 1
"""Cores: what is measured has one for itself, and its databases, generators and peers' clients another."""


def tree(*roots: int) -> list[int]:
    """These processes and all below them that live."""
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        try:
            children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append(pid)
        waiting += [int(child) for line in children for child in line.split()]
    return found


def cpu_s(*roots: int) -> float:
    """User and system time of these processes and all below them, so far."""
    ticks = 0
    for pid in tree(*roots):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))  # its own user and system time, and those of children it waited for
    return ticks * _TICK_S


def resident_bytes(*roots: int) -> int:
    """Memory of these processes and all below them; what several share is counted once, in shares (PSS)."""
    return _mapped("Pss:", roots)


def own_bytes(*roots: int) -> int:
    """Memory that these processes and all below them have written themselves (anonymous). Files, such as Python's own code, are not in
    it: their share depends on who else on the machine uses them.
    """
    return _mapped("Anonymous:", roots)


def _mapped(what: str, roots: tuple[int, ...]) -> int:
    total = 0
    for pid in tree(*roots):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # ended meanwhile
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(what):
                    total += int(line.split()[1]) * 1024
    return total


@contextlib.contextmanager
def on_core(number: int | None) -> Iterator[None]:
    """What is started within runs on this core only, and its children too. `None`, or where there are too few: on any."""
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    if number is not None and number < len(cores) and len(cores) > 1:
        os.sched_setaffinity(0, {cores[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
