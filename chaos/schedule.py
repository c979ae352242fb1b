"""The schedule of faults: a function of the seed alone. Pure.

Faults come in rounds. Those of a round overlap and hit different things; when all are healed, the round ends with the question whether the
hub recovered. Kinds are dealt from a shuffled deck, so that each comes up before any comes up again; the first deck begins with the
kinds that a short run must not miss. How many rounds a run gets through is a matter of its time, which round comes when is not.
"""

import random
from collections.abc import Iterator, Sequence

import msgspec

FIRST = ("hub killed", "postgres killed", "valkey killed")
AT_ONCE = (1, 2, 3)
AT_ONCE_WEIGHTS = (4, 4, 2)
OFFSET_MAX_S = 1.5


class Kind(msgspec.Struct, frozen=True):
    """A kind of fault."""

    name: str
    target: str
    """What it hits: two faults of one round never hit the same."""
    hold_s: tuple[float, float]
    """Least and most time until it is healed. A kill heals by itself."""


class Planned(msgspec.Struct, frozen=True):
    """One fault of a round."""

    kind: str
    after_s: float
    """After the beginning of the round."""
    hold_s: float
    pick: float
    """In [0, 1): which of several, or how bad."""


def rounds(seed: int, kinds: Sequence[Kind]) -> Iterator[tuple[Planned, ...]]:
    """Rounds without end."""
    rng = random.Random(f"chaos {seed}")
    known = {kind.name: kind for kind in kinds}
    deck: list[Kind] = []
    begun = False
    while True:
        count = rng.choices(AT_ONCE, AT_ONCE_WEIGHTS)[0]
        chosen: list[Kind] = []
        while len(chosen) < count:
            if not deck:
                deck = rng.sample(list(kinds), len(kinds))
                if not begun:
                    begun = True
                    first = [known[name] for name in FIRST if name in known]
                    deck = [*first, *(kind for kind in deck if kind not in first)]
            taken = {kind.target for kind in chosen}
            fits = next((kind for kind in deck if kind.target not in taken), None)
            if fits is None:
                break
            deck.remove(fits)
            chosen.append(fits)
        yield tuple(
            Planned(
                kind.name,
                round(rng.uniform(0, OFFSET_MAX_S) if number else 0.0, 2),
                round(rng.uniform(*kind.hold_s), 2),
                rng.random(),
            )
            for number, kind in enumerate(chosen)
        )
