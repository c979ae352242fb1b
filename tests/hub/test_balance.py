"""Agents move from an overfull process to the others, and then stay where they are."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.live.balance import MARGIN, OVER, SHARE, excess

SWEEPS = 200


def sweep(counts: list[int], chance: random.Random) -> int:
    """All processes look at the same numbers, and whoever is sent away is given to any process. Returns how many moved."""
    sent = [excess(own, counts[:number] + counts[number + 1 :]) for number, own in enumerate(counts)]
    for number, count in enumerate(sent):
        counts[number] -= count
    for _ in range(sum(sent)):
        counts[chance.randrange(len(counts))] += 1
    return sum(sent)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 1500), min_size=1, max_size=8),
    st.integers(0, 2**32),
)
@example([359, 191], 1)
@example([0, 2000], 1)
@example([10_000, 0, 0, 0], 1)
def test_any_imbalance_melts_and_then_nobody_is_moved_again(counts: list[int], seed: int) -> None:
    chance = random.Random(seed)
    total = sum(counts)
    for _ in range(SWEEPS):
        if not sweep(counts, chance):
            break

    assert sum(counts) == total
    mean = total / len(counts)
    assert max(counts) <= max(OVER * mean, mean + MARGIN)
    assert sweep(counts, chance) == 0


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 20_000), st.lists(st.integers(0, 20_000), max_size=16))
def test_never_more_than_a_twentieth_is_sent_away_at_once(own: int, others: list[int]) -> None:
    assert 0 <= excess(own, others) <= max(1, own * SHARE)


def test_process_that_is_alone_keeps_its_agents() -> None:
    assert excess(10_000, []) == 0


def test_small_numbers_that_scatter_are_left_alone() -> None:
    assert excess(30, [10]) == 0
    assert excess(40, [1]) == 0


def test_a_hash_that_is_merely_unlucky_moves_nobody() -> None:
    """1,000 agents over two processes by chance, many times: five standard deviations are 79 agents, the limit is 150."""
    chance = random.Random(7)
    for _ in range(200):
        here = sum(chance.random() < 0.5 for _ in range(1000))
        assert excess(here, [1000 - here]) == excess(1000 - here, [here]) == 0


def test_emptied_process_gets_a_fair_share_back_in_minutes() -> None:
    """One of two was away: 5 % a sweep, half of whom come back to the same one, until the other has 1.3 times the mean."""
    counts = [2000, 0]
    chance = random.Random(3)
    sweeps = 0
    while sweep(counts, chance):
        sweeps += 1

    assert sweeps < 30  # ln(1 / 0.65) / 0.025 = 17
