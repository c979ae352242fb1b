"""A short run of `make chaos` on a fixed seed: in the end everything acked is stored, once, and every wall is as a fresh one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.run import run
from chaos.world import Size

SEED = 4
SECONDS = 90
KINDS = 8
RECOVERY_S = 90.0
"""A limit for what never comes, on cores that run other tests too. `make chaos` holds to ten seconds."""


@pytest.mark.timeout(400)
async def test_acked_is_stored_once_whatever_breaks(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    size = Size(seconds=SECONDS, people=60, rate=300, viewers=6, desks=6)

    outcome = await run(SEED, size, tmp_path, recovery_s=RECOVERY_S, kinds=KINDS)

    print("\n".join(outcome.lines()))
    record_property("worst_recovery_s", max(outcome.recoveries_s))
    assert outcome.wrong + outcome.slow == []
    assert len(outcome.faults) >= KINDS
    assert {"hub killed", "postgres killed", "valkey killed"} <= outcome.faults.keys()
    assert outcome.judged is not None
    assert outcome.judged.generated == outcome.judged.acked > 1_000
    assert outcome.judged.lost == outcome.judged.duplicates == 0
    assert outcome.walls > 1
