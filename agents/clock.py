"""Hub time on a device: a monotonic clock that includes sleep, plus the offset learned from the hub. Pure.

Every monotonic time is in whole milliseconds of one clock that the caller chose (`CLOCK_BOOTTIME` on Linux) and passes in.
"""

from datetime import UTC, datetime, timedelta

import msgspec

SLEW = 0.05
"""A correction is spread: hub time runs at most 5 % faster or slower than the monotonic clock while it lasts."""
STEP_MS = 5_000
"""A larger correction is applied at once: spreading it would take more than 100 s."""
SAMPLES_MAX_AGE_MS = 15 * 60_000
"""Of these minutes the sample with the shortest round trip counts. A crystal drifts 50 ppm: 45 ms in that time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Learned(msgspec.Struct, frozen=True):
    """What an agent keeps across restarts. Good only within the same boot, since the monotonic clock begins anew."""

    boot: str
    offset_us: int


class _Sample(msgspec.Struct, frozen=True):
    taken_ms: int
    round_trip_ms: int
    offset_us: int


class HubClock:
    """Hub time from monotonic time. Before the first contact it is the device's wall clock as it stood at `mono_ms`."""

    def __init__(self, mono_ms: int, wall_at: datetime, learned_us: int | None = None) -> None:
        self.met = learned_us is not None
        """Whether the offset comes from a hub. While it does not, events are flagged `hub_clock=False`."""
        self._base_us = learned_us if learned_us is not None else microseconds(wall_at) - mono_ms * 1000
        self._target_us = self._base_us
        self._since_ms = mono_ms
        self._samples: list[_Sample] = []

    @property
    def offset_us(self) -> int:
        """Hub time minus monotonic time, as best known."""
        return self._target_us

    def at(self, mono_ms: int) -> datetime:
        """Hub time. Never decreases as `mono_ms` grows, except when `learn` corrects by more than `STEP_MS`."""
        return _EPOCH + timedelta(microseconds=mono_ms * 1000 + self._applied_us(mono_ms))

    def learn(self, hub_at: datetime, sent_ms: int, received_ms: int) -> bool:
        """Takes a round trip: the hub said `hub_at` between the two times. True when the offset changed.

        The hub's answer is taken to lie in the middle, so the error is at most half of the round trip.
        """
        if received_ms < sent_ms:
            return False
        middle_us = (sent_ms + received_ms) * 500
        sample = _Sample(received_ms, received_ms - sent_ms, microseconds(hub_at) - middle_us)
        self._samples = [
            kept
            for kept in self._samples
            if received_ms - kept.taken_ms <= SAMPLES_MAX_AGE_MS
            # The hub's own clock was stepped: older samples tell of another time.
            and abs(kept.offset_us - sample.offset_us) <= STEP_MS * 1000
        ]
        self._samples.append(sample)
        best = min(self._samples, key=lambda kept: (kept.round_trip_ms, -kept.taken_ms))
        if self.met and best.offset_us == self._target_us:
            return False
        applied_us = self._applied_us(received_ms)
        step = not self.met or abs(best.offset_us - applied_us) > STEP_MS * 1000
        self._base_us = best.offset_us if step else applied_us
        self._target_us = best.offset_us
        self._since_ms = received_ms
        self.met = True
        return True

    def _applied_us(self, mono_ms: int) -> int:
        most = int(max(0, mono_ms - self._since_ms) * 1000 * SLEW)
        return self._base_us + max(-most, min(most, self._target_us - self._base_us))


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = at - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(since_us: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + timedelta(microseconds=since_us)
