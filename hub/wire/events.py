"""Durable events: what a device keeps in its spool until the hub has committed it. Each is known by `(device, epoch, seq)`."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from hub.wire.activity import Facts, UtcTime

EVENT_MAX_S = 24 * 3600
"""A longer event is quarantined; agents cut a longer sleep into several."""
RETENTION_DAYS = 365
"""The longest that intervals are kept: an older event is quarantined."""
SUMS_DAYS, SUMS_DAYS_MAX = 730, 1826
"""How long sums of days are kept where nothing is set, and at the longest: two years and five, for records of working time."""
DIGEST_BYTES = 8
_MICROSECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SEQ_MAX = 2**53
"""The largest number that JSON's readers agree on (RFC 8259, section 6)."""
Seq = Annotated[int, msgspec.Meta(ge=1, le=SEQ_MAX)]
SeqOrZero = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]
Epoch = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
ZoneMinutes = Annotated[int, msgspec.Meta(ge=-18 * 60, le=18 * 60)]
PolicyVersion = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Interval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t", tag="interval", gc=False):
    """A stretch of time with the same facts. Agents cut it at quarter-hours; with input it is at most a minute long."""

    started_at: UtcTime
    ended_at: UtcTime
    wall_at: UtcTime
    """The device's own wall clock at the start, whatever the hub's says."""
    zone_min: ZoneMinutes
    """Offset of the device's zone from UTC at the start, minutes east."""
    policy: PolicyVersion
    """Version that was in force at capture."""
    hub_clock: bool = True
    """False: stamped with the device's wall clock, before it ever met a hub."""
    facts: Facts = Facts()
    first_input_at: UtcTime | None = None
    """First input within the interval; the last is in the facts."""
    keys: Count = 0
    clicks: Count = 0
    scrolls: Count = 0


class Gap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t", tag="gap", gc=False):
    """The machine slept. Not work, and not unexplained either."""

    started_at: UtcTime
    ended_at: UtcTime
    wall_at: UtcTime
    zone_min: ZoneMinutes
    policy: PolicyVersion
    hub_clock: bool = True


Event = Interval | Gap


def digest(seq: int, event: Event) -> bytes:
    """Identifies an event well enough to tell two histories apart: the first 8 bytes of SHA-256 over number, kind and times.

    It leaves out what `permit` may strip, so it is the same before and after. Input: three ASCII integers and the tag, joined
    by `|`: seq, microseconds since 1970 of start and end, `interval` or `gap`.
    """
    kind = "gap" if isinstance(event, Gap) else "interval"
    text = f"{seq}|{_microseconds(event.started_at)}|{_microseconds(event.ended_at)}|{kind}"
    return hashlib.sha256(text.encode()).digest()[:DIGEST_BYTES]


def _microseconds(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86400 + since.seconds) * _MICROSECOND + since.microseconds
