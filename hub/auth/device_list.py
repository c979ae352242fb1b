"""Devices as their people and admins see them: when they were heard, what they hold, and which have gone silent."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from hub import silence
from hub.auth.enrolment import NO_DEVICE
from hub.errors import NotFound
from hub.people.typed import WorkingHours
from hub.tables import Device
from hub.workdays import zone_of

SILENT_AFTER = timedelta(days=1)
PER_PAGE = 50
PAGE_MAX = 100_000
DeviceState = Literal["all", "live", "silent", "missing", "suspended", "revoked"]
"""`silent`: not revoked, and not seen for a day or ever; `live`: seen within it, and neither revoked nor suspended."""


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device, as its person and an admin see it."""

    id: str
    person: int
    name: str
    system: str
    version: str
    simulated: bool
    enrolled_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    suspended_at: datetime | None
    unsent: int | None
    """Events that it held when it was last heard."""
    skew_ms: int | None
    """By how much its clock was behind the hub's then; negative: ahead."""
    lost: int
    """Events that it declared lost, ever."""
    set_aside: int
    """Events that could not be stored, ever."""
    missing: bool
    """It was heard in its person's working hours and has gone silent in them (`silence.py`), and no other of theirs is heard."""


class OwnedDevice(DeviceRow, frozen=True, kw_only=True):
    """A device in a list of many people's."""

    person_name: str


class DevicePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of everybody's devices, by the names of their people."""

    devices: list[OwnedDevice]
    total: int
    """On all pages."""
    page: int
    per_page: int
    missing: int
    """Of everybody's, whatever the filter lets through: how many have gone silent, and how many are suspended."""
    suspended: int


async def devices_of(person: int, now: datetime | None = None) -> list[DeviceRow]:
    """The person's devices, newest first."""
    rows = await Device.raw(_DEVICE_ROWS, person)
    missing = await _missing(now or datetime.now(UTC), person)
    return [msgspec.convert(_told(row, missing), DeviceRow) for row in rows]


async def all_devices(find: str, state: DeviceState, page: int, now: datetime | None = None) -> DevicePage:
    """Everybody's devices in that state whose name, or whose person's name or address, holds `find`. 10,000 are scanned in some 10 ms."""
    missing = await _missing(now or datetime.now(UTC))
    asked = (find.replace("\x00", " "), state, SILENT_AFTER, list(missing))
    rows = await Device.raw(_PAGE, *asked, PER_PAGE, PER_PAGE * (page - 1))
    # A page behind the last one has no row that could tell.
    total = (rows or await Device.raw(_TOTAL, *asked))[0]["total"]
    devices = [msgspec.convert(_told(row, missing), OwnedDevice) for row in rows]
    suspended = await Device.count().where(Device.suspended_at.is_not_null(), Device.revoked_at.is_null())
    return DevicePage(
        devices=devices, total=total, page=page, per_page=PER_PAGE, missing=len(missing), suspended=suspended
    )


async def device_row(uid: UUID) -> OwnedDevice:
    """One device, with the name of its person. Raises `NotFound`."""
    rows = await Device.raw(_DEVICE_ROW, uid)
    if not rows:
        raise NotFound(NO_DEVICE)
    return msgspec.convert(_told(rows[0], await _missing(datetime.now(UTC), rows[0]["person"])), OwnedDevice)


async def _missing(now: datetime, person: int | None = None) -> set[int]:
    """Those of everybody's devices, or of this person's, that are missing. Of 10,000 it takes some 30 ms."""
    heard: dict[int, datetime] = {}
    rows = await Device.raw(_SEEN_TODAY, now - SILENT_AFTER, person, person)
    for row in rows:
        heard[row["person"]] = max(row["last_seen_at"], heard.get(row["person"], row["last_seen_at"]))
    return {
        row["id"]
        for row in rows
        if row["counts"]
        and heard[row["person"]] == row["last_seen_at"]
        and row["hours"] is not None
        and silence.is_missing(row["last_seen_at"], now, _week(row["hours"]), zone_of(row["zone"]))
    }


def _week(stored: str) -> list[tuple[int, int]]:
    hours = msgspec.json.decode(stored, type=WorkingHours)
    return silence.stretches(hours.days, hours.from_min, hours.until_min)


def _told(row: dict[str, Any], missing: set[int]) -> dict[str, Any]:
    return {**row, "id": str(row["id"]), "missing": row["number"] in missing}


_MATCHING = """
    SELECT device.id AS number, uid AS id, person, device.name, system, device.version, device.simulated, enrolled_at, last_seen_at,
        revoked_at, suspended_at, unsent, skew_ms, person.name AS person_name
    FROM device JOIN person ON person.id = device.person
    CROSS JOIN (SELECT {}::text AS find, {}::text AS state, {}::interval AS silent_after, {}::int[] AS missing) AS asked
    WHERE (strpos(folded, folded(find)) > 0 OR strpos(lower(device.name) || ' ' || email, lower(find)) > 0) AND CASE state
        WHEN 'revoked' THEN revoked_at IS NOT NULL
        WHEN 'silent' THEN revoked_at IS NULL AND (last_seen_at IS NULL OR last_seen_at < now() - silent_after)
        WHEN 'missing' THEN device.id = ANY(missing)
        WHEN 'suspended' THEN revoked_at IS NULL AND suspended_at IS NOT NULL
        WHEN 'live' THEN revoked_at IS NULL AND suspended_at IS NULL AND last_seen_at >= now() - silent_after
        ELSE true END
"""
# Of a device `number`. The sum of what was declared may be larger than `SEQ_MAX`.
_COUNTS = """
    least(coalesce((SELECT sum(to_seq - from_seq + 1) FROM loss WHERE loss.device = number), 0), 9007199254740992)::bigint AS lost,
    (SELECT count(*) FROM quarantine WHERE quarantine.device = number) AS set_aside
"""
# Counted for those on the page alone.
_PAGE = " ".join(
    (
        "SELECT page.*,",
        _COUNTS,
        "FROM (SELECT *, count(*) OVER () AS total FROM (",
        _MATCHING,
        ") AS found ORDER BY person_name, person, enrolled_at DESC, number LIMIT {} OFFSET {}) AS page",
        "ORDER BY person_name, person, enrolled_at DESC, number",
    )
)
_TOTAL = " ".join(("SELECT count(*) AS total FROM (", _MATCHING, ") AS found"))
_COLUMNS = """
    SELECT device.id AS number, uid AS id, person, device.name, system, device.version, device.simulated, enrolled_at, last_seen_at,
        revoked_at, suspended_at, unsent, skew_ms
"""
_DEVICE_ROWS = " ".join(
    (
        "SELECT device.*,",
        _COUNTS,
        "FROM (",
        _COLUMNS,
        "FROM device WHERE person = {}) AS device ORDER BY enrolled_at DESC, number DESC",
    )
)
_DEVICE_ROW = " ".join(
    (
        "SELECT device.*,",
        _COUNTS,
        "FROM (",
        _COLUMNS,
        ", person.name AS person_name FROM device JOIN person ON person.id = device.person WHERE uid = {}) AS device",
    )
)
_SEEN_TODAY = """
    SELECT device.id, person, last_seen_at, working_hours::text AS hours, person.zone,
        revoked_at IS NULL AND suspended_at IS NULL AS counts
    FROM device JOIN person ON person.id = device.person
    WHERE last_seen_at >= {} AND deactivated_at IS NULL AND ({}::int IS NULL OR person = {}::int)
"""
