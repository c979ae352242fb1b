"""From the records of a person's devices to one tile."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from hub.feed.record import Record
from hub.live.presence import link_when_silent, unite
from hub.wire.activity import Facts
from hub.wire.today import Today
from hub.wire.viewer import Link

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
RECORD = Record(device=1, person=1, team=1, session=1, n=1, hub="one", connected=True, at=NOW)


@pytest.mark.parametrize(
    ("silent_s", "link"),
    [(0.0, "live"), (4.9, "live"), (5.0, "unknown"), (59.0, "unknown"), (60.0, "offline"), (None, "offline")],
)
def test_hub_that_falls_silent_makes_its_people_unknown_then_offline(silent_s: float | None, link: Link) -> None:
    tile = unite(1, "Bob", False, [RECORD], NOW, lambda hub: link_when_silent(silent_s))

    assert tile.link == link


def test_device_that_left_is_offline_whatever_its_hub_does() -> None:
    assert unite(1, "Bob", False, [structs.replace(RECORD, connected=False)], NOW, lambda hub: "live").link == "offline"


def test_newest_reading_of_the_workday_is_shown_whichever_device_is() -> None:
    def read(starts: int, active_s: float, read_min: int) -> Today:
        starts_at = NOW + timedelta(days=starts)
        return Today(
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=1),
            active_s=active_s,
            read_at=NOW + timedelta(minutes=read_min),
        )

    # The last of the later workday: also when it counts less, since private time on the other device has come in.
    readings = [read(0, 900, 5), read(1, 300, 1), read(1, 240, 3), None, read(1, 200, 2)]
    records = [structs.replace(RECORD, device=device, today=today) for device, today in enumerate(readings)]

    assert unite(1, "Bob", False, records, NOW, lambda hub: "live").today == structs.replace(readings[2], read_at=None)


def test_of_equal_devices_the_same_is_shown_whatever_the_order_of_their_records() -> None:
    equal = [structs.replace(RECORD, device=device, facts=Facts(app=f"App {device}")) for device in (1, 2)]
    later = structs.replace(equal[0], at=NOW + timedelta(seconds=1))

    for records, app in ((equal, "App 2"), ([later, equal[1]], "App 1")):
        for order in (records, records[::-1]):
            facts = unite(1, "Bob", False, order, NOW, lambda hub: "live").facts
            assert facts is not None
            assert facts.app == app
