"""One watched team's records: what does not follow is noticed, and a snapshot with what came meanwhile is whole."""

from datetime import UTC, datetime

import pytest

from hub.feed.record import Change, Record, TeamRecords
from hub.live.records import KEPT_MAX, Records
from hub.live.team import Member, TeamView

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)


def record(n: int, device: int = 1, membership: int = 5) -> Record:
    return Record(
        device=device,
        person=device,
        team=1,
        membership=membership,
        session=1,
        n=n,
        hub="one",
        connected=True,
        at=AT,
    )


def change(rev: int, *devices: int, epoch: str = "a", left: tuple[int, ...] = ()) -> Change:
    return Change(1, epoch, rev, [record(rev, device) for device in devices], list(left))


def snapshot(rev: int, *devices: int, epoch: str = "a") -> TeamRecords:
    return TeamRecords(epoch, rev, [record(rev, device) for device in devices])


def held(records: Records) -> dict[int, int]:
    return {device: one.n for devices in records.by_person.values() for device, one in devices.items()}


@pytest.fixture
def records() -> Records:
    """As of change 5, which was about device 1."""
    made = Records(lambda person: None)
    made.expect_snapshot()
    made.replace(snapshot(5, 1))
    return made


def test_next_change_is_applied_and_an_old_one_is_not(records: Records) -> None:
    for one in (change(6, 2), change(6, 3), change(4, 4), change(7, left=(1,))):
        records.take(one)

    assert held(records) == {2: 6}
    assert not records.behind


@pytest.mark.parametrize("odd", [change(7, 2), change(6, 2, epoch="b"), change(1, 2, epoch="b")])
def test_change_that_does_not_follow_asks_for_a_snapshot(records: Records, odd: Change) -> None:
    records.take(odd)
    records.take(change(6, 3))

    assert records.behind
    assert held(records) == {1: 5}


def test_what_comes_while_a_snapshot_is_on_its_way_is_applied_to_it_in_order(records: Records) -> None:
    records.take(change(7, 2))
    records.expect_snapshot()
    for one in (change(9, 3), change(8, 2), change(6, 1), change(9, 3)):
        records.take(one)
    records.replace(snapshot(7, 1, 2))

    assert not records.behind
    assert held(records) == {1: 7, 2: 8, 3: 9}


@pytest.mark.parametrize("odd", [change(9, 2), change(1, 2, epoch="b")])
def test_snapshot_with_something_missing_after_it_asks_for_another(records: Records, odd: Change) -> None:
    records.expect_snapshot()
    records.take(odd)
    records.replace(snapshot(7, 1))

    assert records.behind


def test_doubt_while_a_snapshot_is_on_its_way_outlasts_it(records: Records) -> None:
    records.doubt()
    records.expect_snapshot()
    records.doubt()
    records.replace(snapshot(7, 1))
    still = records.behind
    records.expect_snapshot()
    records.replace(snapshot(8, 1))

    assert still
    assert not records.behind


def test_more_changes_than_are_kept_ask_for_another_snapshot(records: Records) -> None:
    records.expect_snapshot()
    for rev in range(6, 7 + KEPT_MAX):
        records.take(change(rev, 2))
    records.replace(snapshot(5, 1))

    assert records.behind


def test_device_that_changes_hands_belongs_to_one_person(records: Records) -> None:
    given = Record(device=1, person=7, team=1, membership=9, session=2, n=1, hub="one", connected=True, at=AT)
    records.take(Change(1, "a", 6, [given], []))

    assert list(records.by_person) == [7]


def test_members_decide_what_is_drawn_and_earlier_stays_are_not() -> None:
    team = TeamView(1)
    team.members([Member(person=1, name="One", membership=6), Member(person=2, name="Two", membership=5)])
    team.records.expect_snapshot()
    team.records.replace(snapshot(3, 1, 2, 3))

    team.settle(AT, lambda hub: "live")

    assert {person: tile.link for person, tile in team._tiles.items()} == {1: "offline", 2: "live"}
    assert team.outdated({1: 6, 2: 5, 3: 7}) == {1: 6, 3: 7}
    assert team.outdated({1: 5}) == {}
