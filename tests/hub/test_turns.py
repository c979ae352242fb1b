"""Of a person's devices the one that is shown can change by the clock alone: who watched for long sees what a fresh snapshot shows."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from hub.feed.record import Change, Record, TeamRecords
from hub.live.team import Member, TeamView
from hub.wire.activity import Facts

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)


def record(device: int, facts: Facts, person: int = 1) -> Record:
    return Record(
        device=device, person=person, team=1, session=device, n=1, hub="one", connected=True, at=NOW, facts=facts
    )


def team(records: list[Record], at: datetime) -> TeamView:
    view = TeamView(1)
    view.members([Member(person=person, name=f"Person {person}") for person in {one.person for one in records}])
    view.records.expect_snapshot()
    view.records.replace(TeamRecords("epoch", 1, records))
    view.settle(at, lambda hub: "live")
    return view


def test_call_on_one_device_is_shown_once_the_other_has_turned_idle() -> None:
    records = [record(1, Facts(app="Editor", last_input_at=NOW)), record(2, Facts(app="Meet", call=True))]
    watched, shown = team(records, NOW), []
    for later_s in (299, 300, 301, 600):
        rev = watched.rev
        watched.settle(NOW + timedelta(seconds=later_s), lambda hub: "live")
        facts = watched._tiles[1].facts
        assert facts is not None
        shown.append((facts.app, watched.rev > rev))

    assert shown == [("Editor", False), ("Editor", False), ("Meet", True), ("Meet", False)]


def test_device_that_turns_idle_before_the_other_gives_way_though_a_later_turn_was_foreseen() -> None:
    """The one with the later input is of a hub that is not heard: it is the live one's silence that counts."""
    later, call = Facts(app="Editor", last_input_at=NOW), Facts(app="Meet", call=True)
    earlier = Facts(app="Mail", last_input_at=NOW - timedelta(seconds=200))
    lost = structs.replace(record(1, later), hub="lost")
    view = TeamView(1)
    view.members([Member(person=1, name="Person 1")])
    shown = []
    for rev, (devices, later_s) in enumerate([((1, 3), 0), ((1, 2, 3), 1), ((1, 2, 3), 101)], 1):
        known = {1: lost, 2: record(2, earlier), 3: record(3, call)}
        if later_s < 100:
            view.records.expect_snapshot()
            view.records.replace(TeamRecords("epoch", rev, [known[device] for device in devices]))
        view.settle(NOW + timedelta(seconds=later_s), lambda hub: "unknown" if hub == "lost" else "live")
        facts = view._tiles[1].facts
        assert facts is not None
        shown.append(facts.app)

    assert shown == ["Meet", "Mail", "Meet"]


def test_typing_does_not_pile_up_turns() -> None:
    view = team([record(1, Facts(app="Editor", last_input_at=NOW)), record(2, Facts(app="Meet", call=True))], NOW)
    for n in range(2, 200):
        at = NOW + timedelta(seconds=n)
        said = structs.replace(record(1, Facts(app="Editor", last_input_at=at)), n=n)
        view.records.take(Change(1, "epoch", n, [said], []))
        view.settle(at, lambda hub: "live")

    assert len(view._turns) == 1
