"""Enrolment: a one-time code becomes a device with a key of its own, or gives one that is there another key.

A code has 40 random bits, lives ten minutes and is kept as a keyed hash, so that neither the table nor a backup gives it away. Its
use is one conditional update in the transaction that adds the device: however many try at once, it serves as often as it may.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub import audit
from hub.auth import asking
from hub.auth.limits import Limits
from hub.database import transaction
from hub.errors import Invalid, NotFound
from hub.people.first import insert_simulated
from hub.people.typed import normal_email
from hub.settings import Settings
from hub.tables import Device, EnrolmentCode, Person
from hub.wire.agent import Enrol, EnrolAsked, Enrolled
from hub.wire.policy import Policy, clean

CODE_TTL = timedelta(minutes=10)
CODE_CHARACTERS = 8
"""Of 5 bits each. With 20 wrong tries in ten minutes from an address, 1,000 addresses and 100 open codes the chance to hit one is
20 * 1,000 * 100 / 2**40, two in a million."""
CODE_USES_MAX = 100_000
OPEN_CODES_MAX = 5
"""Of one person: a new one beyond that takes the place of the oldest."""
ALPHABET = asking.ALPHABET
"""Crockford's base32: no I, L, O, U. What is typed for them is read as 1, 1, 0; there is nothing to read U as."""
_READ_AS = str.maketrans("ILO", "110", " -\t\r\n\u00a0\u2010\u2011\u2012\u2013\u2014")
NO_DEVICE = "There is no such device."
REVOKED_FOR_GOOD = "This device is revoked: enrol the computer anew."
OTHER_DEVICE = "This code is for another device than the one that this account is enrolled as."
WRONG_CODE = "This code doesn't work. It may be mistyped, used up or older than ten minutes: ask for a new one."


class EnrolledDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent socket needs to know of a device and its person."""

    id: int
    uid: str
    person: int
    public_key: bytes
    revoked: bool
    suspended: bool
    simulated: bool
    person_active: bool
    team: int | None
    """Home team of the person now."""
    membership: int | None = None
    """Which stay there that is."""
    version: str = ""
    """Of its agent, as it said when that was last another one."""


class Code(msgspec.Struct, frozen=True):
    """A code to type, as in ABCD-EFGH."""

    code: str
    expires_at: datetime


async def make_code(
    secret: str,
    person: int | None = None,
    uses: int = 1,
    ttl: timedelta = CODE_TTL,
    by: int | None = None,
    device: UUID | None = None,
) -> Code:
    """A new code that serves `uses` times within `ttl`. `secret` is the deployment's.

    With a `person`, devices enrolled with it are theirs; with one of theirs named too, it gives that `device` another key, and an earlier
    code for the same serves no more. Without a person, each use names its own by address, and may add a simulated one: such a code is made
    on the command line only. Raises `Invalid` for a device that is revoked.
    """
    if not 1 <= uses <= CODE_USES_MAX:
        raise Invalid(f"A code serves 1 to {CODE_USES_MAX} times.", "uses")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = datetime.now(UTC) + ttl
    async with transaction() as connection:
        await connection.execute("DELETE FROM enrolment_code WHERE expires_at < now() OR uses_left <= 0")
        if person is not None:
            await connection.execute(
                """
                DELETE FROM enrolment_code WHERE code_hash IN (
                    SELECT code_hash FROM enrolment_code WHERE person = $1 AND roll_out IS NULL ORDER BY created_at DESC OFFSET $2)
                """,
                person,
                OPEN_CODES_MAX - 1,
            )
        number = None
        if device is not None:
            number = await connection.fetchval(
                "SELECT id FROM device WHERE uid = $1 AND person = $2 AND revoked_at IS NULL FOR UPDATE", device, person
            )
            if number is None:
                raise Invalid(REVOKED_FOR_GOOD)
            await connection.execute("DELETE FROM enrolment_code WHERE device = $1", number)
        row = EnrolmentCode(
            code_hash=code_hash(secret, code), person=person, device=number, uses_left=uses, expires_at=expires_at
        )
        await EnrolmentCode.insert(row)
        if device is None:
            await audit.record("code_made", by, person, uses=uses)
        else:
            await audit.record("rekey_code_made", by, person, device=str(device))
    return Code(f"{code[:4]}-{code[4:]}", expires_at)


def plain_code(typed: str) -> str:
    """A code of `ALPHABET` as it was made, however it was typed."""
    return typed.upper().translate(_READ_AS)


def code_hash(secret: str, typed: str) -> bytes:
    """What is kept of a code, however it was typed: HMAC-SHA256 under the deployment's secret (2**40 plain hashes are quickly tried)."""
    code = plain_code(typed)
    return hmac.digest(secret.encode(), b"daylight-enrolment-code\0" + code.encode(), hashlib.sha256)


async def enrol(
    settings: Settings, limits: Limits, policy_of: Callable[[int], Policy], request: Enrol, address: str
) -> Enrolled | EnrolAsked:
    """Adds the device that `request` describes, and its cursor, and takes one use of the code: all or nothing. `policy_of` tells the
    policy of a person. By a code for a roll-out nothing is added yet: a person is asked first (`asking.py`).

    Raises `Invalid` for a code that doesn't work, a key that is no usable Ed25519 key or is in use, and a person who can't be
    enrolled; `TooMany` after too many wrong codes from `address`; `Unavailable` while those can't be counted.
    """
    async with limits.trying_a_code(address):
        _require_usable_key(request.public_key)
        if asked := await asking.ask(code_hash(settings.secret, request.code), request):
            return asking.asked(asked, settings)
        try:
            uid, person, email = await _add_device(code_hash(settings.secret, request.code), request)
        except WrongCode:
            await limits.count_wrong_code(address)
            await _record_refused(code_hash(settings.secret, request.code))
            raise
    return Enrolled(device=str(uid), person=email, origin=settings.origin, policy=policy_of(person))


async def _record_refused(hashed: bytes) -> None:
    """A code that somebody else had first looks like this, or one that was guessed: whose it is, as far as it is known still."""
    rows = await EnrolmentCode.select(EnrolmentCode.person).where(EnrolmentCode.code_hash == hashed)
    await audit.record("code_refused", None, rows[0]["person"] if rows else None, known=bool(rows))


class WrongCode(Invalid):
    """The code is unknown, used up or expired; which of them is not told."""

    def __init__(self) -> None:
        super().__init__(WRONG_CODE, "code")


async def _add_device(hashed: bytes, request: Enrol) -> tuple[UUID, int, str]:
    async with transaction() as connection:
        await asking.take_turns(connection, request.public_key)
        used = await connection.fetchrow(
            """
            UPDATE enrolment_code SET uses_left = uses_left - 1
            WHERE code_hash = $1 AND roll_out IS NULL AND uses_left > 0 AND expires_at > now() RETURNING person, device
            """,
            hashed,
        )
        if used is None:
            raise WrongCode
        if used["device"] is not None:
            return await _give_key(connection, used["device"], request)
        person, email, simulated = await _person_for(used["person"], request)
        uid = await asking.insert_device(
            connection,
            Device(
                uid=uuid4(),
                person=person,
                public_key=request.public_key,
                name=clean(request.name, 200) or "",
                system=clean(request.system, 200) or "",
                simulated=simulated or request.simulated,
                enrolled_with="many" if used["person"] is None else "own",
            ),
        )
    return uid, person, email


async def _give_key(connection: Any, device: int, request: Enrol) -> tuple[UUID, int, str]:
    """The device's key is another one from the commit on, and no suspension is left. Whoever has the old key may write nothing more: the
    session that might is another one too."""
    if await Device.exists().where(Device.public_key == request.public_key):
        raise Invalid("This key belongs to a device already. Make a new one.", "public_key")
    row = await connection.fetchrow(
        """
        UPDATE device SET public_key = $2, rekeyed_at = now(), suspended_at = NULL, fenced_at = '{}', system = $3
        FROM person WHERE device.id = $1 AND revoked_at IS NULL AND person.id = device.person AND deactivated_at IS NULL
        RETURNING uid, person, email
        """,
        device,
        request.public_key,
        clean(request.system, 200) or "",
    )
    if row is None:
        raise Invalid(REVOKED_FOR_GOOD, "code")
    if request.device and request.device != str(row["uid"]):
        raise Invalid(OTHER_DEVICE, "code")
    await connection.execute(
        "UPDATE device_cursor SET session = nextval('session_number'), instance = '' WHERE device = $1", device
    )
    await audit.record("device_rekeyed", row["person"], row["person"], device=str(row["uid"]))
    return row["uid"], row["person"], row["email"]


async def _person_for(person: int | None, request: Enrol) -> tuple[int, str, bool]:
    """Id, address and whether simulated, of the person of the code, or of the one whom a code for several people names."""
    if person is not None:
        known = Person.id == person
    else:
        if not request.person:
            raise Invalid("This code serves several people: name yours by e-mail address.", "person")
        known = Person.email == normal_email(request.person)
    rows = await Person.select(Person.id, Person.email, Person.simulated, Person.deactivated_at).where(known)
    if not rows:
        if not request.simulated:
            raise Invalid("There is nobody here with this e-mail address.", "person")
        email = normal_email(request.person)
        return await insert_simulated(email), email, True
    row = rows[0]
    if row["deactivated_at"] is not None:
        raise Invalid("This person has been deactivated.", "person")
    if request.simulated and not row["simulated"]:
        raise Invalid("A simulated device can't report for a real person.", "person")
    return row["id"], row["email"], row["simulated"]


async def owner_of(uid: UUID) -> int:
    """Whose device it is. Raises `NotFound`."""
    rows = await Device.select(Device.person).where(Device.uid == uid)
    if not rows:
        raise NotFound(NO_DEVICE)
    owner: int = rows[0]["person"]
    return owner


async def revoke_device(uid: UUID, by: int) -> None:
    """Ends a device's access for good; what it sent stays. Idempotent."""
    async with transaction() as connection:
        row = await connection.fetchrow(
            "UPDATE device SET revoked_at = now() WHERE uid = $1 AND revoked_at IS NULL RETURNING person", uid
        )
        if row is not None:
            await audit.record("device_revoked", by, row["person"], device=str(uid))


async def devices_for_hello(uids: Sequence[str]) -> list[EnrolledDevice | None]:
    """The devices that call themselves so, in this order; `None` for one that there isn't, or for what is no id at all."""
    parsed = [_parsed(uid) for uid in uids]
    rows = await Device.raw(_FOR_HELLO, [uid for uid in parsed if uid])
    found = {row["uid"]: EnrolledDevice(**{**row, "uid": str(row["uid"])}) for row in rows}
    return [found.get(uid) for uid in parsed]


def _parsed(uid: str) -> UUID | None:
    try:
        return UUID(uid)
    except ValueError:
        return None


async def note_version(device: int, version: str) -> None:
    """The device's agent is another one than it was, or speaks for the first time: it is seen now, and not only at the next minute."""
    await Device.raw("UPDATE device SET version = {}, last_seen_at = now() WHERE id = {}", version, device)


# Device, person and home team in one row.
_FOR_HELLO = """
    SELECT device.id, device.uid, device.person, device.public_key, device.simulated, device.version,
        device.revoked_at IS NOT NULL AS revoked, device.suspended_at IS NOT NULL AS suspended,
        person.deactivated_at IS NULL AS person_active, membership.team, membership.id AS membership
    FROM device JOIN person ON person.id = device.person
    LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
    WHERE device.uid = ANY({})
"""


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {0, 1, _P - 1, _OF_ORDER_8, _P - _OF_ORDER_8}
"""The y of every point of order 1, 2, 4 or 8. With such a key a signature that fits any message can be made."""


def _require_usable_key(key: bytes) -> None:
    """Raises `Invalid` unless `key` is a point of Ed25519 in its one encoding (RFC 8032, 5.1.3), and not one of small order."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    on_curve = pow(u * v, (_P - 1) // 2, _P) in {0, 1}
    if len(key) != 32 or y >= _P or not on_curve or y in _SMALL_ORDER:
        raise Invalid("This is no usable Ed25519 public key.", "public_key")
    Ed25519PublicKey.from_public_bytes(key)
