"""Who may write: the cursor of a device, taken over by its latest connection, and the epochs that tell its histories apart.

Called by `ingest.py` at `hello` and at `renew`. Publishes nothing and stores no event.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.database import connection, transaction
from hub.figures import FIGURES

EPOCH_MAX = 2**31 - 1
"""What the wire and the column hold. A device that gets there has lied: it is not given an epoch under which something is stored."""


class EpochsExhausted(Exception):
    """There is no epoch after the one that the device claims."""


class DeviceGone(Exception):
    """The device was deleted, or given another key, since it was looked up."""


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device stands once its connection has taken over."""

    session: int
    epoch: int
    acked: int
    digest: bytes
    stored_until: datetime | None = None
    acked_before: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the device says that it stands: from `hello`."""

    epoch: int
    next_seq: int
    digest: bytes
    instance: str = ""
    public_key: bytes | None = None
    """By which it has proved to be the device: another one since then is found here, under the cursor's lock, where a new key ends
    every session."""


async def take_over_together(asked: Sequence[tuple[int, Standing]]) -> list[Admission | None]:
    """As `take_over`, of several devices in one transaction, in this order. `None` where that has to be asked for alone: who needs a new
    epoch, whose cursor somebody else holds, who comes twice; and one who is by themselves. So nobody here waits for a device's lock.
    """
    once = dict(reversed(asked))  # the first of those who come twice
    if len(once) < 2:
        return [None] * len(asked)
    async with transaction() as held:
        cursors = await held.fetch(
            "SELECT device, epoch, seq, digest FROM device_cursor WHERE device = ANY($1::int[]) ORDER BY device FOR UPDATE SKIP LOCKED",
            list(once),
        )
        simple = [row for row in cursors if _same_history(once[row["device"]], row["epoch"], row["seq"], row["digest"])]
        sessions = await held.fetch(
            "UPDATE device_cursor SET session = nextval('session_number'), instance = given.instance "
            "FROM unnest($1::int[], $2::text[], $3::bytea[]) AS given(device, instance, key) WHERE device_cursor.device = given.device "
            "AND (key IS NULL OR key = (SELECT public_key FROM device WHERE id = given.device)) "
            "RETURNING device_cursor.device, session",
            [row["device"] for row in simple],
            [once[row["device"]].instance for row in simple],
            [once[row["device"]].public_key for row in simple],
        )
    session_of = dict(sessions)
    found = {
        row["device"]: Admission(
            session=session_of[row["device"]], epoch=row["epoch"], acked=row["seq"], digest=row["digest"]
        )
        for row in simple
        if row["device"] in session_of
    }
    return [found.pop(device, None) for device, _ in asked]


async def take_over(device: int, standing: Standing) -> Admission:
    """Makes a new session the only one that may write for the device, and decides its epoch. One transaction.

    A new epoch is issued when the device's history is not the one that is stored: it has another epoch, it has given fewer numbers than are
    stored, or its last event is not the stored one (a restored disk, a lost spool, a database restored from a backup).
    """
    async with transaction() as held:
        cursor = await held.fetchrow(
            "UPDATE device_cursor SET session = nextval('session_number'), instance = $2 WHERE device = $1 "
            "RETURNING session, epoch, seq, digest, last_ended_at",
            device,
            standing.instance,
        )
        if cursor is None:
            raise DeviceGone
        if standing.public_key is not None:
            key = await held.fetchval("SELECT public_key FROM device WHERE id = $1", device)
            if key != standing.public_key:
                raise DeviceGone
        if _same_history(standing, cursor["epoch"], cursor["seq"], cursor["digest"]):
            return Admission(
                session=cursor["session"], epoch=cursor["epoch"], acked=cursor["seq"], digest=cursor["digest"]
            )
        return await _new_epoch(held, device, cursor, standing.epoch)


async def latest_instance(device: int) -> str | None:
    """The run of the agent that took the device over last; `None` when the device was deleted."""
    async with connection() as held:
        instance: str | None = await held.fetchval("SELECT instance FROM device_cursor WHERE device = $1", device)
        return instance


async def renew(device: int, session: int, epoch: int) -> Admission | None:
    """A new epoch at the device's own wish, within its session. `None` when the session has been fenced, or the device deleted."""
    async with transaction() as held:
        cursor = await held.fetchrow(
            "SELECT session, epoch, seq, digest, last_ended_at FROM device_cursor WHERE device = $1 FOR UPDATE", device
        )
        if cursor is None or cursor["session"] != session:
            return None
        return await _new_epoch(held, device, cursor, epoch)


def _same_history(standing: Standing, epoch: int, seq: int, digest: bytes) -> bool:
    if standing.epoch == 0:
        return seq == 0 and standing.next_seq == 1
    if standing.epoch != epoch or standing.next_seq <= seq:
        return False
    return standing.next_seq > seq + 1 or not digest or not standing.digest or standing.digest == digest


async def _new_epoch(held: Any, device: int, cursor: Mapping[str, Any], standing_epoch: int) -> Admission:
    # Nothing is stored under an epoch at 0, so a device that crashed before it wrote down the epoch it was given gets the same again.
    stored_epoch, seq = int(cursor["epoch"]), int(cursor["seq"])
    epoch = stored_epoch if seq == 0 and standing_epoch < stored_epoch else max(stored_epoch, standing_epoch) + 1
    if epoch > EPOCH_MAX:
        raise EpochsExhausted
    await held.execute("UPDATE device_cursor SET epoch = $2, seq = 0, digest = '' WHERE device = $1", device, epoch)
    FIGURES.epochs_renewed += epoch != stored_epoch
    return Admission(
        session=cursor["session"],
        epoch=epoch,
        acked=0,
        digest=b"",
        stored_until=cursor["last_ended_at"],
        acked_before=seq if standing_epoch == stored_epoch else 0,
    )
