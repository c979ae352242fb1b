"""Runs the benchmarks, prints their table and writes `bench/results.json`. `ONLY=name` runs one.

`python -m bench wall` measures the live page in a browser instead.
"""

import os
import sys
from collections.abc import Callable

from bench import results, store, viewers, wall

BENCHMARKS: dict[str, Callable[[], results.Result]] = {store.NAME: store.run, viewers.NAME: viewers.run}


def main() -> int:
    if sys.argv[1:] == [wall.NAME]:  # of browsers: figures of another kind, with no peers beside them
        wall.show(wall.run())
        return 0
    only = os.environ.get("ONLY")
    if only and only not in BENCHMARKS:
        print(f"no benchmark is called {only}: there is {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found = []
    for name, run in BENCHMARKS.items():
        if only in (None, "", name):
            print(f"{name} ...", flush=True)
            found.append(run())
    results.show(found)
    results.keep(found)
    print(f"written to {results.RESULTS.relative_to(results.RESULTS.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
