"""`make chaos SEED=.. MINUTES=..`: one run. Exits 1 when something that was promised does not hold, and says how to see it again."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from chaos.run import RECOVERY_S, Outcome, run
from chaos.world import Size

FAILED = Path("chaos/failed-seed")
"""The seed of the last run that failed."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has had the first ignored
        signal.signal(number, signal.default_int_handler)
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    minutes = float(os.environ.get("MINUTES") or 5)
    size = Size(
        seconds=minutes * 60,
        people=int(os.environ.get("PEOPLE") or 150),
        rate=int(os.environ.get("RATE") or 750),
        viewers=int(os.environ.get("VIEWERS") or 12),
        desks=6,
    )
    recovery_s = float(os.environ.get("RECOVERY_S") or RECOVERY_S)
    print(f"chaos: SEED={seed} MINUTES={minutes:g}, {size.people} agents at {size.rate} times the speed, "
          f"{size.viewers} viewers; a fresh write has to succeed within {recovery_s:.0f} s", flush=True)  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="daylight-chaos-"))
    try:
        outcome: Outcome = uvloop.run(
            run(seed, size, folder, recovery_s=recovery_s, kinds=int(os.environ.get("KINDS") or 0), say=_say)
        )
    except BaseException as error:
        print(f"\nthe run broke off: {type(error).__name__}: {error}")
        _failed(seed, minutes, folder)
        if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
            return 130
        raise
    print("\n" + "\n".join(outcome.lines()), flush=True)
    if outcome.wrong or outcome.slow:
        _failed(seed, minutes, folder)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _failed(seed: int, minutes: float, folder: Path) -> None:
    FAILED.write_text(f"{seed}\n")
    print(f"\nagain: make chaos SEED={seed} MINUTES={minutes:g}    (logs and ledgers are in {folder})", flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
