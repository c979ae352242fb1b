"""One device, looked at closely: how it is, what happened to it and why, and what its person or an admin does about it.

The lists are `auth/enrolment.py`'s. Of what was lost or set aside only numbers and reasons are told, never content.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hub import audit, subject_keys
from hub.auth.access import Subject, Viewer
from hub.auth.device_list import OwnedDevice, device_row
from hub.auth.enrolment import NO_DEVICE, Code, make_code, owner_of
from hub.auth.guard import require
from hub.database import connection, transaction
from hub.errors import Invalid, NotFound
from hub.settings import Settings
from hub.wire.policy import clean

NAME_MAX_CHARACTERS = 80
TOLD_MAX = 50
"""Of losses, and of what was set aside: the latest."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers `from_seq` to `to_seq` of an epoch, both included, that the device declared lost."""

    epoch: int
    from_seq: int
    to_seq: int
    reason: str
    """As the agent says: `spool full`, say."""
    at: datetime


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not be stored."""

    epoch: int
    seq: int
    reason: str
    """A word of `live/rows.py`, `refused_by_database`, or `erased`."""
    at: datetime


class DeviceDetail(OwnedDevice, frozen=True, kw_only=True):
    """A device with what happened to it."""

    enrolled_with: Literal["own", "many", "roll_out", ""]
    """The kind of code: of its own person, for several people, or for a roll-out, approved by its person. Empty: not known any more."""
    rekeyed_at: datetime | None
    fenced_at: list[datetime]
    """When two of it ran at once, the latest times."""
    losses: list[Lost]
    """Newest first, the latest fifty."""
    quarantined: list[SetAside]


class DeviceName(msgspec.Struct, frozen=True):
    """1 to 80 characters."""

    name: Annotated[str, msgspec.Meta(max_length=200)]


@get("/api/devices/{device:uuid}", summary="A device and what happened to it: one's own, or as an admin anybody's")
async def read_device(viewer: NamedDependency[Viewer], device: FromPath[UUID]) -> DeviceDetail:
    await require(viewer, "see_devices", Subject(person=await owner_of(device)), NO_DEVICE)
    return await detail(device)


@put("/api/devices/{device:uuid}", summary="Rename a device: one's own, or as an admin anybody's")
async def rename_device(
    viewer: NamedDependency[Viewer], device: FromPath[UUID], data: JSONBody[DeviceName]
) -> DeviceDetail:
    await require(viewer, "keep_device", Subject(person=await owner_of(device)), NO_DEVICE)
    await rename(device, data.name, viewer.person)
    return await detail(device)


@post("/api/devices/{device:uuid}/code", summary="A one-time code that gives a device another key")
async def make_rekey_code(
    viewer: NamedDependency[Viewer], device: FromPath[UUID], settings: NamedDependency[Settings]
) -> Code:
    owner = await owner_of(device)
    await require(viewer, "keep_device", Subject(person=owner), NO_DEVICE, fresh=True)
    return await make_code(settings.secret, owner, by=viewer.person, device=device)


ROUTES = [read_device, rename_device, make_rekey_code]


async def detail(uid: UUID) -> DeviceDetail:
    """Raises `NotFound`."""
    row = await device_row(uid)
    async with connection() as held:
        device = await held.fetchrow("SELECT id, enrolled_with, rekeyed_at, fenced_at FROM device WHERE uid = $1", uid)
        if device is None:
            raise NotFound(NO_DEVICE)
        losses = await held.fetch(
            "SELECT epoch, from_seq, to_seq, reason, received_at AS at FROM loss WHERE device = $1 ORDER BY id DESC LIMIT $2",
            device["id"],
            TOLD_MAX,
        )
        quarantined = await held.fetch(
            "SELECT epoch, seq, reason, received_at AS at FROM quarantine WHERE device = $1 ORDER BY received_at DESC, seq DESC LIMIT $2",
            device["id"],
            TOLD_MAX,
        )
    return DeviceDetail(
        **msgspec.structs.asdict(row),
        enrolled_with=device["enrolled_with"],
        rekeyed_at=device["rekeyed_at"],
        fenced_at=sorted(device["fenced_at"], reverse=True),
        losses=[Lost(**loss) for loss in losses],
        quarantined=[SetAside(**event) for event in quarantined],
    )


async def rename(uid: UUID, wanted: str, by: int) -> None:
    """Names a device anew; another name is noted in the audit. Raises `Invalid` for no name or one that is too long, and `NotFound`."""
    name = clean(wanted, NAME_MAX_CHARACTERS + 1)
    if name is None or len(name) > NAME_MAX_CHARACTERS:
        raise Invalid(f"A name has 1 to {NAME_MAX_CHARACTERS} characters.", "name", "name_length", NAME_MAX_CHARACTERS)
    async with transaction() as held:
        before = await held.fetchrow("SELECT name, person FROM device WHERE uid = $1 FOR UPDATE", uid)
        if before is None:
            raise NotFound(NO_DEVICE)
        if before["name"] != name:
            await held.execute("UPDATE device SET name = $2 WHERE uid = $1", uid, name)
            await audit.record(
                "device_renamed",
                by,
                before["person"],
                device=str(uid),
                **await subject_keys.sealed(
                    held, before["person"], changed={"name": audit.Changed(before["name"], name)}
                ),
            )
