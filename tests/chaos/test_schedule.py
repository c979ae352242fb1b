"""The schedule is a function of the seed, and deals every kind of fault."""

from itertools import islice

from chaos.faults import FAULTS, KINDS
from chaos.schedule import FIRST, rounds


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert list(islice(rounds(7, KINDS), 200)) == list(islice(rounds(7, KINDS), 200))


def test_another_seed_gives_another() -> None:
    assert list(islice(rounds(7, KINDS), 20)) != list(islice(rounds(8, KINDS), 20))


def test_every_kind_comes_before_any_comes_again_and_kills_come_first() -> None:
    dealt = [planned.kind for plan in islice(rounds(7, KINDS), 200) for planned in plan]

    assert sorted(dealt[: len(KINDS)]) == sorted(FAULTS)
    assert set(dealt[: len(FIRST)]) == set(FIRST)


def test_faults_that_overlap_hit_different_things() -> None:
    targets = {kind.name: kind.target for kind in KINDS}

    for plan in islice(rounds(7, KINDS), 200):
        hit = [targets[planned.kind] for planned in plan]
        assert len(set(hit)) == len(hit)
    assert max(len(plan) for plan in islice(rounds(7, KINDS), 200)) > 1
