"""What one viewer is told, frame by frame, without sockets: whatever there is room for and is acked, the page ends equal to a fresh one."""

import time
from collections import deque
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.live import outbox as outbox_module
from hub.live import team as team_module
from hub.live import telling as telling_module
from hub.live.outbox import Outbox
from hub.live.team import Member, TeamView
from hub.live.telling import text_frame
from hub.live.viewer import ViewerConnection
from hub.wire.frames import viewer_browser_side
from hub.wire.viewer import Delta, Snapshot, Stale, Tile, ViewerAck

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
PART, WINDOW = 600, 2000
"""Shrunk from 60 and 256 KiB: a part holds some ten people."""


class Wire:
    """Stands where uvicorn's protocol does: what is written is in `sent`, and the peer reads it or not."""

    def __init__(self) -> None:
        self.sent: deque[bytes] = deque()
        self.unsent_bytes = 0
        self.was_cut = False

    def write_frame(self, frame: bytes) -> int | None:
        self.sent.append(frame)
        return None if self.was_cut else self.unsent_bytes

    def cut(self) -> None:
        self.was_cut = True


class Page:
    """Holds what a browser does of its frames (`web/src/live/slice.ts`)."""

    def __init__(self) -> None:
        self.codec = viewer_browser_side()
        self.teams: dict[int, dict[int, Tile]] = {}
        self.told: dict[int, tuple[str, int]] = {}
        self.arriving: dict[int, tuple[tuple[str, int], list[list[Tile]], list[Delta]]] = {}
        self.frames: list[Any] = []
        self.sizes: list[int] = []

    def take(self, written: bytes) -> ViewerAck | None:
        """Draws a frame; returns its ack."""
        frame: Any = self.codec.decode(payload(written))
        self.frames.append(frame)
        self.sizes.append(len(written))
        if isinstance(frame, Snapshot):
            key = frame.epoch, frame.rev
            if frame.part == 0 or self.arriving[frame.team][0] != key:
                self.arriving[frame.team] = key, [], []
            _, parts, later = self.arriving[frame.team]
            parts.append(frame.tiles)
            if len(parts) == frame.parts:
                self.teams[frame.team] = {tile.person: tile for part in parts for tile in part}
                self.told[frame.team] = key
                del self.arriving[frame.team]
                for delta in later:
                    self._apply(delta)
            return ViewerAck(team=frame.team, rev=frame.rev, part=frame.part)
        if isinstance(frame, Delta):
            if frame.team in self.arriving:
                self.arriving[frame.team][2].append(frame)
            else:
                self._apply(frame)
            return ViewerAck(team=frame.team, rev=frame.rev)
        return None

    def _apply(self, delta: Delta) -> None:
        epoch, rev = self.told[delta.team]
        if epoch == delta.epoch and delta.rev > rev:
            self.teams[delta.team].update({tile.person: tile for tile in delta.tiles})
            for person in delta.gone:
                self.teams[delta.team].pop(person, None)
            self.told[delta.team] = epoch, delta.rev


def payload(frame: bytes) -> bytes:
    """Of an unmasked text frame."""
    header = {126: 4, 127: 10}.get(frame[1], 2)
    return frame[header:]


class Desk:
    """Teams, and viewers of them."""

    def __init__(self, *sizes: int) -> None:
        self.teams = {number: TeamView(number) for number in range(1, len(sizes) + 1)}
        self.names = {
            number: {number * 10_000 + person: f"Person {person:04}" for person in range(size)}
            for number, size in enumerate(sizes, 1)
        }
        self.stale_since: datetime | None = None
        self.settle()

    def team(self, number: int) -> TeamView | None:
        return self.teams.get(number)

    def settle(self) -> None:
        for number, team in self.teams.items():
            team.members(Member(person=person, name=name) for person, name in self.names[number].items())
            team.settle(NOW, lambda hub: None)  # type: ignore[arg-type, return-value]

    def viewer(self, viewport: list[int] | None = None) -> tuple[ViewerConnection, Wire, Page]:
        wire: Any = Wire()
        outbox = Outbox(SimpleNamespace(scope={"state": {"protocol": wire}}))  # type: ignore[arg-type]
        viewer = ViewerConnection(None, outbox, self)  # type: ignore[arg-type]
        viewer.subscribe(set(self.teams), viewport or [])
        for team in self.teams.values():
            viewer.show(team)
        viewer.catch_up(NOW)
        return viewer, wire, Page()

    def changed(self, viewer: ViewerConnection) -> None:
        self.settle()
        for number in self.teams:
            viewer.changed(number)
        viewer.catch_up(NOW)


def read(viewer: ViewerConnection, wire: Wire, page: Page, count: int | None = None) -> None:
    """The page draws what there is, and acks each frame at once."""
    while wire.sent and count != 0:
        if ack := page.take(wire.sent.popleft()):
            viewer.outbox.acked(ack.team, ack.rev, ack.part)
            viewer.catch_up(NOW)
        count = count and count - 1


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling_module, "PART_MAX_BYTES", PART)
    monkeypatch.setattr(outbox_module, "UNACKED_MAX_BYTES", WINDOW)
    monkeypatch.setattr(team_module, "GONE_KEPT", 3)


PEOPLE = st.integers(0, 45)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("rename"), st.sets(PEOPLE, min_size=1, max_size=40), st.sampled_from(["", " of the long name" * 4])),
        st.tuples(st.just("leave"), st.sets(PEOPLE, min_size=1, max_size=8)),
        st.tuples(st.just("come"), st.sets(PEOPLE, min_size=1, max_size=8)),
        st.tuples(st.just("tick")),
        st.tuples(st.just("read"), st.integers(1, 6)),
        st.tuples(st.just("lie"), st.integers(0, 400), st.integers(0, 9)),
        st.tuples(st.just("full"), st.booleans()),
        st.tuples(st.just("subscribe"), st.lists(PEOPLE, max_size=5)),
        st.tuples(st.just("epoch")),
    ),
    max_size=40,
)  # fmt: skip


@given(deeds=DEEDS)
@settings(max_examples=400, deadline=None)
def test_page_that_skipped_anything_ends_equal_to_a_fresh_one(deeds: list[Any]) -> None:
    desk = Desk(45, 3)
    viewer, wire, page = desk.viewer()
    for number, (deed, *rest) in enumerate(deeds):
        names = desk.names[1]
        match deed:
            case "rename":
                names.update({10_000 + p: f"P{p} {number}{rest[1]}" for p in rest[0] if 10_000 + p in names})
            case "leave":
                for person in rest[0]:
                    names.pop(10_000 + person, None)
            case "come":
                names.update({10_000 + person: f"New {number}" for person in rest[0]})
            case "tick":
                desk.changed(viewer)
            case "read":
                read(viewer, wire, page, rest[0])
            case "lie":
                viewer.outbox.acked(1, *rest)
                viewer.outbox.acked(77, *rest)
            case "full":
                wire.unsent_bytes = WINDOW if rest[0] else 0
            case "subscribe":
                viewer.subscribe(set(desk.teams), [10_000 + person for person in rest[0]])
                for team in desk.teams.values():
                    viewer.show(team)
                viewer.catch_up(NOW)
            case "epoch":
                desk.teams[2] = TeamView(2)
    wire.unsent_bytes = 0
    desk.changed(viewer)
    read(viewer, wire, page)
    fresh_viewer, fresh_wire, fresh = desk.viewer()
    read(fresh_viewer, fresh_wire, fresh)

    assert page.teams == fresh.teams
    assert page.told == fresh.told
    assert not viewer.is_behind
    assert max(page.sizes) <= PART + 200  # the frame's own fields


def test_sharing_viewers_get_the_very_same_bytes() -> None:
    desk = Desk(5)
    pairs = [desk.viewer() for _ in range(3)]
    for viewer, wire, page in pairs:
        read(viewer, wire, page)
    desk.names[1][10_001] = "Changed"
    for viewer, _, _ in pairs:
        desk.changed(viewer)

    assert len({id(wire.sent[0]) for _, wire, _ in pairs}) == 1


def test_people_of_the_viewport_come_in_the_first_part_of_each_team_and_before_second_parts() -> None:
    desk = Desk(60, 60)
    seen = [10_059, 10_003, 20_042, 999]
    viewer, wire, page = desk.viewer(seen)
    read(viewer, wire, page)

    snapshots = [frame for frame in page.frames if isinstance(frame, Snapshot)]
    assert [(frame.team, frame.part) for frame in snapshots[:4]] == [(1, 0), (2, 0), (1, 1), (2, 1)]
    assert [tile.person for tile in snapshots[0].tiles][:3] == [10_059, 10_003, 10_000]
    assert [tile.person for tile in snapshots[1].tiles][:2] == [20_042, 20_000]
    assert {len(tiles) for tiles in page.teams.values()} == {60}


def test_viewer_that_acks_nothing_is_sent_no_more_than_the_window() -> None:
    desk = Desk(45, 45, 45)
    viewer, wire, _ = desk.viewer()
    for number in range(50):
        desk.names[1][10_001] = f"Changed {number}"
        desk.changed(viewer)

    assert sum(map(len, wire.sent)) <= WINDOW + PART + 200


def test_no_more_deltas_of_a_team_are_unacked_than_may_be_and_the_next_holds_all_that_is_newer() -> None:
    desk = Desk(3)
    viewer, wire, page = desk.viewer()
    read(viewer, wire, page)
    page.frames.clear()
    for number in range(outbox_module.UNACKED_MAX + 4):
        desk.names[1][10_000 + number % 3] = f"Changed {number}"
        desk.changed(viewer)
    waiting = len(wire.sent)
    read(viewer, wire, page)

    assert waiting == outbox_module.UNACKED_MAX
    assert len(page.frames) == waiting + 1
    assert [tile.name for tile in page.frames[-1].tiles] == [f"Changed {waiting + number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("lie", [(1, 10**9, 0), (1, 1, 10**6), (2, 1, 0), (99, 0, 0)])
def test_ack_of_what_was_never_sent_changes_nothing(lie: tuple[int, int, int]) -> None:
    desk = Desk(60)
    viewer, wire, _ = desk.viewer()
    sent = len(wire.sent)

    for _ in range(1000):
        assert not viewer.outbox.acked(*lie)
        viewer.catch_up(NOW)

    assert len(wire.sent) == sent
    assert not viewer.outbox.has_room()


def test_viewer_that_reads_slowly_is_not_overdue_and_one_that_has_stopped_is() -> None:
    viewer, wire, _ = Desk(60).viewer()
    outbox = viewer.outbox
    outbox.forget(1)  # as if all were acked
    now = time.monotonic()
    overdue = []
    for unsent in (1500, 1400, 1300, 1300, 1300):
        wire.unsent_bytes = unsent
        now += outbox_module.ACK_S * 0.6
        overdue.append(outbox.overdue(now))

    assert overdue == [False, False, False, False, True]


def test_new_epoch_of_a_team_does_not_wait_for_acks_of_the_old_one() -> None:
    desk = Desk(3)
    viewer, wire, page = desk.viewer()
    for number in range(2):
        desk.names[1][10_000] = f"Changed {number}"
        desk.changed(viewer)
    desk.teams[1] = TeamView(1)
    desk.changed(viewer)
    read(viewer, wire, page)
    desk.names[1][10_000] = "Changed since"
    desk.changed(viewer)
    read(viewer, wire, page)

    assert page.told[1] == (desk.teams[1].epoch, desk.teams[1].rev)
    assert page.teams[1][10_000].name == "Changed since"


def test_people_who_change_all_the_time_are_shown_to_one_who_reads_slowly() -> None:
    desk = Desk(60)
    viewer, wire, page = desk.viewer()
    read(viewer, wire, page)
    for number in range(60):
        desk.names[1].update({10_000 + person: f"Changed {number} {person}" for person in range(60)})
        desk.changed(viewer)
        read(viewer, wire, page, 1)

    oldest = min(int(tile.name.split()[1]) for tile in page.teams[1].values())
    assert oldest > 30


def test_part_whose_people_have_grown_stays_small_and_the_delta_tells_of_them() -> None:
    desk = Desk(60)
    viewer, wire, page = desk.viewer()
    desk.names[1].update({10_000 + person: "A much longer name " * 5 for person in range(60)})
    desk.settle()
    viewer.changed(1)
    read(viewer, wire, page)

    assert max(page.sizes) <= PART + 200
    assert {tile.name for tile in page.teams[1].values()} == {"A much longer name " * 5}


def test_end_of_staleness_is_told_after_all_that_changed_meanwhile() -> None:
    desk = Desk(60)
    viewer, wire, page = desk.viewer()
    read(viewer, wire, page)
    desk.stale_since = NOW
    viewer.catch_up(NOW)
    desk.names[1].update({10_000 + person: f"Changed {person}" for person in range(60)})
    desk.stale_since = None
    wire.unsent_bytes = WINDOW
    desk.changed(viewer)
    assert viewer.is_behind
    wire.unsent_bytes = 0
    viewer.catch_up(NOW)
    read(viewer, wire, page)

    stale = [number for number, frame in enumerate(page.frames) if isinstance(frame, Stale)]
    assert [page.frames[number].since_at for number in stale] == [NOW, None]
    assert stale[-1] == len(page.frames) - 1
    assert len(page.frames) > stale[0] + 3


def test_teams_in_parts_are_as_large_as_parts_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    desk = Desk(2000)
    viewer, wire, page = desk.viewer()
    read(viewer, wire, page)

    assert 48 * 1024 < page.sizes[0] <= 64 * 1024
    assert len(page.teams[1]) == 2000
    assert outbox_module.UNACKED_MAX_BYTES + max(page.sizes) <= outbox_module.HELD_MAX_BYTES


def test_quiet_team_costs_no_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(5)
    viewer, wire, page = desk.viewer()
    read(viewer, wire, page)
    monkeypatch.setattr(msgspec.json, "encode", None)

    desk.changed(viewer)

    assert not wire.sent
    assert not viewer.is_behind


def test_lengths_of_frames_are_written_as_the_rfc_says() -> None:
    heads = [text_frame(b"x" * size)[:10] for size in (0, 125, 126, 65_535, 65_536)]

    assert heads[0] == b"\x81\x00"
    assert heads[1][:2] == b"\x81\x7d"
    assert heads[2][:4] == b"\x81\x7e\x00\x7e"
    assert heads[3][:4] == b"\x81\x7e\xff\xff"
    assert heads[4][:10] == b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
