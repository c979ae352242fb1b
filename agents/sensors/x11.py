"""X11: the active window, the time of the last input, and counts of input. A thread of its own, so that a stuck X server stalls nobody.

Active window: `_NET_ACTIVE_WINDOW` of the root (EWMH 1.5), told by property events, so that a switch is seen at once.
Last input: MIT-SCREEN-SAVER. Counts: XInput 2 raw events, of which only the kind is looked at (of buttons also whether they scroll).
"""

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from Xlib import X, error
from Xlib.display import Display
from Xlib.ext import ge, xinput

from agents.sensors.reading import Reading

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the idle time is asked for: it has no event."""
RETRY_S = (1.0, 30.0)
"""First and longest pause before a display that went away is tried again."""
SPINS_MAX = 500
"""Wake-ups in a row that brought nothing. Some versions of python-xlib left the socket readable for ever: 100 % of a core."""
SCROLL_BUTTONS = range(4, 8)
_GONE = (error.ConnectionClosedError, error.DisplayError, error.XError, OSError, EOFError)


class Stuck(Exception):
    """The connection wakes us without end and brings nothing."""


class X11Sensor:
    """Reads one display. `latest` may be asked from any thread; `changed` is called on the sensor's thread when app or title change."""

    def __init__(self, display: str | None, mono_ms: Callable[[], int], changed: Callable[[], None]) -> None:
        self.titles = False
        """Whether titles are read at all. What policy does not permit is not even looked at."""
        self._name = display or os.environ.get("DISPLAY", "")
        self._mono_ms = mono_ms
        self._changed = changed
        self._counts = [0, 0, 0]
        self._latest = Reading(taken_ms=mono_ms(), trouble="not started")
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="x11", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def latest(self) -> Reading:
        """What was read last. Old when the X server is stuck: look at `taken_ms`."""
        return self._latest

    def stop(self) -> None:
        """Ends the thread. Idempotent."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        os.write(self._wake_write, b"x")
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        if not self._thread.is_alive():
            os.close(self._wake_read)
            os.close(self._wake_write)

    # --- the thread

    def _run(self) -> None:
        pause_s = RETRY_S[0]
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                self._watch()
            except Stuck:
                self._unavailable("the X connection is stuck")
            except _GONE as gone:
                self._unavailable(f"no X display ({type(gone).__name__})")
            if time.monotonic() - began > RETRY_S[1]:
                pause_s = RETRY_S[0]
            self._stopped.wait(pause_s)
            pause_s = min(RETRY_S[1], pause_s * 2)

    def _watch(self) -> None:
        """Reads one connection until it breaks or the sensor is stopped."""
        if not self._name:
            raise OSError("DISPLAY is not set")
        display = Display(self._name)
        try:
            # Windows vanish at any time; errors of requests without an answer are of no interest.
            display.set_error_handler(lambda *_: None)
            desktop = _Desktop(display)
            while not self._stopped.is_set():
                self._publish(desktop.read(self._mono_ms, self.titles, self._counts))
                self._wait(desktop, display.fileno())
        finally:
            with contextlib.suppress(*_GONE):
                display.close()

    def _wait(self, desktop: "_Desktop", connection: int) -> None:
        """Takes events until one says that something changed, or until it is time to look again."""
        deadline = time.monotonic() + LOOK_S
        spins = 0
        while (left_s := deadline - time.monotonic()) > 0 and not self._stopped.is_set():
            # First what is here already: an event that came with the answer to a request wakes no select.
            handled, dirty = desktop.events(self._counts)
            if dirty:
                return
            spins = 0 if handled else spins + 1
            if spins > SPINS_MAX:
                raise Stuck
            select.select([connection, self._wake_read], [], [], left_s)

    def _publish(self, reading: Reading) -> None:
        before, self._latest = self._latest, reading
        if (before.app, before.title, before.available) != (reading.app, reading.title, reading.available):
            self._changed()

    def _unavailable(self, trouble: str) -> None:
        if self._latest.trouble != trouble:
            log.warning("the desktop can't be read: %s", trouble)
        self._publish(Reading(taken_ms=self._mono_ms(), trouble=trouble))


class _Desktop:
    """One connection's view. Any method may raise when the connection breaks."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._root = display.screen().root
        self._atoms = {
            name: display.intern_atom(name)
            for name in ("_NET_ACTIVE_WINDOW", "_NET_WM_NAME", "_NET_WM_PID", "WM_CLASS", "WM_NAME")
        }
        self._window: Any = None
        self._root.change_attributes(event_mask=X.PropertyChangeMask)
        self._saver = display.query_extension("MIT-SCREEN-SAVER") is not None
        self._input_opcode = self._listen()
        display.sync()

    def _listen(self) -> int | None:
        """Asks for raw input events; the extension's opcode, or None where there is none."""
        info = self._display.query_extension("XInputExtension")
        if info is None:
            return None
        with contextlib.suppress(error.XError):
            self._display.xinput_query_version()
            self._root.xinput_select_events(
                [(xinput.AllMasterDevices, xinput.RawKeyPressMask | xinput.RawButtonPressMask)]
            )
            return int(info.major_opcode)
        return None

    def events(self, counts: list[int]) -> tuple[int, bool]:
        """Takes what has come: how much it was, and whether it may have changed what `read` gives."""
        handled, dirty = 0, False
        while self._display.pending_events():
            event = self._display.next_event()
            handled += 1
            if event.type == ge.GenericEventCode and event.extension == self._input_opcode:
                _count(event, counts)
            elif event.type == X.PropertyNotify:
                watched = {self._atoms["_NET_ACTIVE_WINDOW"]} if event.window == self._root else self._titles()
                dirty = dirty or event.atom in watched
        return handled, dirty

    def read(self, mono_ms: Callable[[], int], titles: bool, counts: list[int]) -> Reading:
        """What the desktop shows now."""
        available = set()
        app = title = last_input_ms = None
        trouble = ""
        active = self._active()
        if active is None:
            trouble = "no window manager tells the active window"
        else:
            available.add("app")
            app, title = self._named(active, titles)
        if self._saver:
            before_ms = mono_ms()
            idle_ms = int(self._root.screensaver_query_info().idle)
            last_input_ms = max(0, before_ms - idle_ms)
            available.add("idle")
        if self._input_opcode is not None:
            available.add("counts")
        keys, clicks, scrolls = counts
        return Reading(
            taken_ms=mono_ms(),
            app=app,
            title=title,
            last_input_ms=last_input_ms,
            keys=keys,
            clicks=clicks,
            scrolls=scrolls,
            available=frozenset(available),
            trouble=trouble,
        )

    def _titles(self) -> set[int]:
        return {self._atoms[name] for name in ("_NET_WM_NAME", "WM_NAME", "WM_CLASS")}

    def _active(self) -> int | None:
        """The active window's number, 0 for none; None when nobody tells."""
        found = self._root.get_full_property(self._atoms["_NET_ACTIVE_WINDOW"], X.AnyPropertyType)
        return int(found.value[0]) if found is not None and len(found.value) else None

    def _named(self, number: int, titles: bool) -> tuple[str | None, str | None]:
        if number == 0:
            return None, None
        window = self._display.create_resource_object("window", number)
        try:
            if self._window is None or self._window.id != number:
                if self._window is not None:
                    self._window.change_attributes(event_mask=X.NoEventMask)
                window.change_attributes(event_mask=X.PropertyChangeMask)
                self._window = window
            named = window.get_wm_class()
            app = (named[1] or named[0]) if named else self._process(window)
            return app or None, self._title(window) if titles else None
        except error.XError:
            return None, None  # it vanished: the next property event tells what follows

    def _title(self, window: Any) -> str | None:
        """Whatever type it is said to have: some programs write UTF-8 and call it Latin-1."""
        for name in ("_NET_WM_NAME", "WM_NAME"):
            found = window.get_full_property(self._atoms[name], X.AnyPropertyType)
            if found is None or not isinstance(found.value, bytes) or not found.value:
                continue
            try:
                return found.value.decode()
            except UnicodeDecodeError:
                return found.value.decode("latin-1")
        return None

    def _process(self, window: Any) -> str | None:
        """The program's name, for a window that names no class."""
        found = window.get_full_property(self._atoms["_NET_WM_PID"], X.AnyPropertyType)
        if found is None or not len(found.value):
            return None
        try:
            return Path(f"/proc/{int(found.value[0])}/comm").read_text(errors="replace").strip()
        except OSError:
            return None


def _count(event: Any, counts: list[int]) -> None:
    """Counts one raw event by its kind. Of a key press nothing else is looked at."""
    if event.evtype == xinput.RawKeyPress:
        counts[0] += 1
    elif event.evtype == xinput.RawButtonPress:
        # xXIRawEvent after the generic head: deviceid (2), time (4), detail (4): here the number of the button.
        button = int.from_bytes(event.data[6:10], "little") if isinstance(event.data, bytes) else 0
        counts[2 if button in SCROLL_BUTTONS else 1] += 1
