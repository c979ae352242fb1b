"""Runs the benchmarks, prints their table and writes `bench/results.json`. `ONLY=name`, or the name as an argument, runs one."""

import os
import sys
from collections.abc import Callable

from bench import capacity, desk_to_wall, fanout, growth, ingest, looks, memory, results, storm, wall

BENCHMARKS: dict[str, Callable[[], list[results.Result]]] = {
    ingest.BATCHED: lambda: [ingest.run_batched()],
    ingest.SINGLE: lambda: [ingest.run_single()],
    memory.NAME: lambda: [memory.run()],
    wall.NAME: wall.run,
    fanout.NAME: fanout.run,
    fanout.RAW: fanout.run_raw,
    desk_to_wall.NAME: desk_to_wall.run,
    capacity.NAME: capacity.run,
    storm.NAME: storm.run,
    growth.NAME: growth.run,
    looks.NAME: looks.run,
}


def main() -> int:
    named = sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None
    only = named or os.environ.get("ONLY")
    if only and only not in BENCHMARKS:
        print(f"no benchmark is called {only}: there is {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found: list[results.Result] = []
    for name, run in BENCHMARKS.items():
        if only in (None, "", name):
            print(f"{name} ...", flush=True)
            now = run()
            results.keep(now)  # at once: the next one may take long, or fail
            found += now
    results.show(found)
    print(f"written to {results.RESULTS.relative_to(results.RESULTS.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
