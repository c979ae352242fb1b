"""The machine's own clocks."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec


def boot_ms() -> int:
    """Milliseconds since boot, sleep included. Elsewhere than on Linux the monotonic clock, which may leave sleep out."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000


def awake_ms() -> int:
    """The same without sleep."""
    return time.monotonic_ns() // 1_000_000


def boot_id() -> str:
    """Tells one boot from another; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


class Clocks(msgspec.Struct, frozen=True):
    """The machine's clocks. Injected, so that a test can put it to sleep."""

    boot_ms: Callable[[], int] = boot_ms
    awake_ms: Callable[[], int] = awake_ms


REAL = Clocks()
