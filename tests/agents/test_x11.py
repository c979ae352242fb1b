"""The X11 sensor on a real (virtual) display with a real window manager, driven by an outside program."""

import queue
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agents.machine import boot_ms
from agents.sensors.reading import Reading
from agents.sensors.x11 import X11Sensor

from .desk import Desk, a_desk

WITHIN_S = 10


class Watched:
    """A sensor whose changes can be waited for."""

    def __init__(self, display: str | None) -> None:
        self._changes: queue.Queue[Reading] = queue.Queue()
        self.sensor = X11Sensor(display, boot_ms, lambda: self._changes.put(self.sensor.latest()))

    def until(self, condition: Callable[[Reading], object]) -> Reading:
        """The first change that makes it true."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            reading = self._changes.get(timeout=max(0.01, deadline - time.monotonic()))
            if condition(reading):
                return reading

    def later(self, condition: Callable[[Reading], object]) -> Reading:
        """For what has no change of its own (counts, idle time): looks at each reading in turn."""
        deadline = time.monotonic() + WITHIN_S
        seen: Reading | None = None
        while time.monotonic() < deadline:
            if (latest := self.sensor.latest()) is not seen:
                seen = latest
                if condition(latest):
                    return latest
            try:
                self._changes.get(timeout=0.02)
            except queue.Empty:
                continue
        raise AssertionError(f"never became so: {seen}")


@contextmanager
def watched(display: str | None) -> Iterator[Watched]:
    made = Watched(display)
    made.sensor.start()
    try:
        yield made
    finally:
        made.sensor.stop()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with a_desk() as made:
        made.window("Alpha", "alpha title")
        made.window("Beta", "beta title")
        yield made


def test_every_switch_of_windows_is_seen_at_once(desk: Desk, record_property: Callable[[str, object], None]) -> None:
    """Many, since one in three events comes together with the answer to a request, and must not wait in python-xlib's queue."""
    took_s = []
    desk.activate("Beta")
    with watched(desk.display) as watch:
        reading = watch.until(lambda reading: reading.app == "Beta")
        for app in ("Alpha", "Beta") * 6:
            began = time.monotonic()
            desk.activate(app)
            reading = watch.until(lambda reading, app=app: reading.app == app)
            took_s.append(time.monotonic() - began)

    record_property("switch_seen_s", max(took_s))
    print(f"switches seen after {max(took_s) * 1000:.0f} ms at most, xdotool included")
    assert max(took_s) < 0.6
    assert reading.available == {"app", "idle", "counts"}
    assert reading.title is None


def test_titles_are_read_only_when_asked_for(desk: Desk) -> None:
    desk.activate("Alpha")
    with watched(desk.display) as watch:
        watch.until(lambda reading: reading.app == "Alpha")
        watch.sensor.titles = True
        assert watch.until(lambda reading: reading.title).title == "alpha title"


def test_changed_title_is_seen_as_what_it_is_in_any_script(desk: Desk) -> None:
    desk.activate("Alpha")
    with watched(desk.display) as watch:
        watch.sensor.titles = True
        watch.until(lambda reading: reading.title)
        number = desk.tell("getactivewindow")
        desk.tell("set_window", "--name", "Überblick 概要", number)
        watch.until(lambda reading: reading.title == "Überblick 概要")
        desk.tell("set_window", "--name", "alpha title", number)


def test_input_is_counted_by_kind_and_times_the_last_input(desk: Desk) -> None:
    desk.activate("Alpha")
    with watched(desk.display) as watch:
        watch.until(lambda reading: reading.app == "Alpha")
        before_ms = boot_ms()
        desk.tell("key", "a", "b", "c")
        desk.tell("click", "1")
        desk.tell("click", "--repeat", "2", "4")
        reading = watch.later(lambda reading: (reading.keys, reading.clicks, reading.scrolls) == (3, 1, 2))
        reading = watch.later(lambda reading: (reading.last_input_ms or 0) >= before_ms - 20)

    assert reading.last_input_ms is not None
    assert before_ms - 20 <= reading.last_input_ms <= reading.taken_ms


def test_no_key_is_kept(desk: Desk) -> None:
    assert set(Reading.__struct_fields__) == {
        "taken_ms",
        "app",
        "title",
        "last_input_ms",
        "keys",
        "clicks",
        "scrolls",
        "available",
        "trouble",
    }


def test_window_that_vanishes_leaves_the_next_one(desk: Desk) -> None:
    gone = desk.window("Gamma", "gamma")
    desk.activate("Gamma")
    with watched(desk.display) as watch:
        watch.until(lambda reading: reading.app == "Gamma")
        gone.terminate()
        gone.wait(5)
        watch.until(lambda reading: reading.app != "Gamma")
        desk.activate("Beta")
        watch.later(lambda reading: reading.app == "Beta")


def test_watching_costs_next_to_nothing(desk: Desk) -> None:
    with watched(desk.display) as watch:
        first = watch.until(lambda reading: reading.available)
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.monotonic()
        watch.later(lambda reading: reading.taken_ms - first.taken_ms >= 1_900)
        passed_s = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_SELF)

    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < passed_s * 0.3


def test_without_a_window_manager_the_app_is_unavailable_and_not_empty() -> None:
    with a_desk(window_manager=False) as bare, watched(bare.display) as watch:
        reading = watch.until(lambda reading: reading.available)

    assert reading.available == {"idle", "counts"}
    assert "window manager" in reading.trouble


def test_display_that_dies_is_reported_unavailable() -> None:
    with a_desk() as doomed:
        with watched(doomed.display) as watch:
            watch.until(lambda reading: reading.available)
            doomed.server.terminate()
            reading = watch.until(lambda reading: not reading.available)

        assert reading.last_input_ms is None
        assert "no X display" in reading.trouble


@pytest.mark.parametrize("display", [":987", "nonsense"])
def test_display_that_is_not_there_is_reported(display: str) -> None:
    with watched(display) as watch:
        reading = watch.later(lambda reading: "no X display" in reading.trouble)

    assert reading.available == frozenset()


def test_no_display_at_all_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with watched(None) as watch:
        reading = watch.later(lambda reading: "no X display" in reading.trouble)

    assert reading.available == frozenset()
