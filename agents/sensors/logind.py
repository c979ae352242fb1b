"""logind: whether the session is locked, and that the machine is about to sleep or woke up (org.freedesktop.login1, systemd).

Where there is no D-Bus or no logind, that is said, and sleep is still seen by `SleepWatch`, from the clocks alone.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

log = logging.getLogger(__name__)

NAME = "org.freedesktop.login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
PROPERTIES = "org.freedesktop.DBus.Properties"
ROOT = "/org/freedesktop/login1"
CALL_S = 5
RETRY_S = 60
SLEEP_MIN_MS = 2_000
"""Less is the noise of reading two clocks one after the other on a busy machine."""


class SleepWatch:
    """Tells sleep by two clocks: one that counts it (`CLOCK_BOOTTIME`) and one that does not (`CLOCK_MONOTONIC`). Pure."""

    def __init__(self, boot_ms: int, awake_ms: int) -> None:
        self._looked_ms = boot_ms
        self._asleep_ms = boot_ms - awake_ms

    def look(self, boot_ms: int, awake_ms: int) -> tuple[int, int] | None:
        """`(from_ms, to_ms)` on the clock that counts sleep, if the machine slept since the last look.

        It fell asleep right after that look, as far as anybody can tell.
        """
        slept_ms = (boot_ms - awake_ms) - self._asleep_ms
        from_ms, self._looked_ms = self._looked_ms, boot_ms
        if slept_ms < SLEEP_MIN_MS:
            return None
        self._asleep_ms += slept_ms
        return from_ms, min(boot_ms, from_ms + slept_ms)


class Logind:
    """Follows this user's session. `changed` is called when `locked` changes, `sleeping` right before sleep and after it."""

    def __init__(
        self, changed: Callable[[], None], sleeping: Callable[[bool], None], address: str | None = None
    ) -> None:
        self.locked = False
        self.available = False
        self.trouble = "not started"
        self._changed = changed
        self._sleeping = sleeping
        self._address = address
        self._session = ""
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """Follows the bus for as long as it is there, and tries again when it is not."""
        while True:
            bus = None
            try:
                bus = await self._connect()
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
                self._lose("the bus went away")
            except (OSError, EOFError, DBusError, AuthError, InvalidAddressError, TimeoutError) as error:
                self._lose(f"no logind ({type(error).__name__})")
            finally:
                if bus is not None:
                    bus.disconnect()
            await asyncio.sleep(RETRY_S)

    async def ready(self) -> None:
        """Waits until logind was reached."""
        await self._ready.wait()

    async def _connect(self) -> MessageBus:
        bus = MessageBus(self._address, BusType.SYSTEM)
        try:
            async with asyncio.timeout(CALL_S):
                await bus.connect()
                self._session = await self._find_session(bus)
                bus.add_message_handler(self._heard)
                for rule in (
                    f"type='signal',sender='{NAME}',interface='{MANAGER}',member='PrepareForSleep'",
                    f"type='signal',sender='{NAME}',path='{self._session}'",
                ):
                    await _call(
                        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", rule
                    )
                # Asked only now, so that no change is missed in between.
                hint = await _call(bus, NAME, self._session, PROPERTIES, "Get", SESSION, "LockedHint")
        except BaseException:
            bus.disconnect()
            raise
        self.available, self.trouble = True, ""
        self._ready.set()
        self._lock(bool(hint.value if isinstance(hint, Variant) else hint))
        return bus

    async def _find_session(self, bus: MessageBus) -> str:
        """The path of the graphical session: named by the environment, or the one this process belongs to."""
        if named := os.environ.get("XDG_SESSION_ID"):
            with contextlib.suppress(DBusError):
                return str(await _call(bus, NAME, ROOT, MANAGER, "GetSession", named))
        return str(await _call(bus, NAME, ROOT, MANAGER, "GetSessionByPID", os.getpid(), signature="u"))

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.interface == MANAGER and message.member == "PrepareForSleep" and message.signature == "b":
            self._sleeping(bool(message.body[0]))
        elif message.path != self._session:
            return
        elif message.interface == SESSION and message.member in ("Lock", "Unlock"):
            # A request to the desktop, which may not answer by LockedHint: taken at its word until told otherwise.
            self._lock(message.member == "Lock")
        elif message.interface == PROPERTIES and message.member == "PropertiesChanged" and message.body[0] == SESSION:
            hint = message.body[1].get("LockedHint")
            if isinstance(hint, Variant):
                self._lock(bool(hint.value))

    def _lock(self, locked: bool) -> None:
        if locked != self.locked:
            self.locked = locked
            self._changed()

    def _lose(self, trouble: str) -> None:
        if self.trouble != trouble:
            log.info("locks can't be seen: %s", trouble)
        self.available, self.trouble = False, trouble
        self._ready.clear()
        self._lock(False)


async def _call(
    bus: MessageBus, name: str, path: str, interface: str, member: str, *body: object, signature: str | None = None
) -> object:
    """One method call; its first result. Raises `DBusError`."""
    sent = Message(
        destination=name,
        path=path,
        interface=interface,
        member=member,
        signature="s" * len(body) if signature is None else signature,
        body=list(body),
    )
    answer = await bus.call(sent)
    if answer is None:
        raise EOFError("the bus gave no answer")
    if answer.message_type is MessageType.ERROR:
        raise DBusError(str(answer.error_name), str(answer.body[0]) if answer.body else "")
    return answer.body[0] if answer.body else None
