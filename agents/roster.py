"""Who takes part in a simulation: enrols what is new, and keeps identities in a file so that a restarted demo is the same devices.

The file (0600) also keeps where each spool stood when the fleet stopped cleanly, with the few events that were not acked. While a
fleet runs it says `clean: false`: whoever finds it so starts without a standing, and the hub gives a new epoch.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.enrol import exchange
from agents.errors import EnrolmentFailed, EnrolmentRefused, StateUnusable
from agents.identity import new_key, public_bytes
from agents.settings import write_private
from agents.spool import MemorySpool
from hub.wire.agent import Enrol, Enrolled
from hub.wire.events import Event
from hub.wire.policy import Policy

AT_ONCE = 8
"""Enrolments at a time. Each is a transaction and a key to check."""
TRIES = 5
FIRST_WAIT_S = 0.3
DOMAIN = "simulated.invalid"
"""RFC 2606: no such domain will ever be."""

log = logging.getLogger(__name__)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A spool at rest."""

    epoch: int
    acked: int
    acked_digest: bytes
    events: list[Event] = []
    until: datetime | None = None
    """Up to when the device has told what it did."""


class Member(msgspec.Struct, kw_only=True):
    """One simulated device and its person."""

    email: str
    device: str
    origin: str
    key: bytes
    policy: Policy
    standing: Standing | None = None

    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.key)


class _File(msgspec.Struct, frozen=True, kw_only=True):
    hub: str
    clean: bool
    members: list[Member]


class Roster:
    """The members of one fleet at one hub."""

    def __init__(self, hub: str, path: Path | None = None) -> None:
        """Raises `StateUnusable` for a file that is damaged or not ours. A file of another hub is begun anew."""
        self._hub = hub
        self._path = path
        self.known: dict[str, Member] = {}
        """By address. Members that were not there in this run yet."""
        if path is None or not path.exists():
            return
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            raise StateUnusable(f"{path} can't be used: {error}") from None
        if file.hub == hub:
            self.known = {member.email: member for member in file.members}
            if not file.clean:
                for member in file.members:
                    member.standing = None

    async def members(self, emails: Sequence[str], code: str) -> list[Member]:
        """One member for each address, those that are new enrolled with `code`. Raises `EnrolmentFailed`."""
        missing = [email for email in emails if email not in self.known]
        if missing:
            first, rest = missing[0], missing[1:]
            with ThreadPoolExecutor(AT_ONCE, "enrol") as threads:
                # The first one alone: a wrong code is then tried once, and not by everybody.
                enrolled = [await self._enrol(threads, first, code)]
                gate = asyncio.Semaphore(AT_ONCE)
                enrolled += await asyncio.gather(*(self._enrol(threads, email, code, gate) for email in rest))
            self.known |= {member.email: member for member in enrolled}
        members = [self.known[email] for email in emails]
        self.save(clean=False)
        return members

    async def renew(self, member: Member, code: str) -> Member:
        """Another device for somebody whose device the hub does not know. Raises `EnrolmentFailed`."""
        with ThreadPoolExecutor(1, "enrol") as threads:
            renewed = await self._enrol(threads, member.email, code)
        self.known[member.email] = renewed
        self.save(clean=False)
        return renewed

    def save(self, *, clean: bool) -> None:
        """Writes the file, if there is one. Raises `OSError`."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = _File(hub=self._hub, clean=clean, members=list(self.known.values()))
            write_private(self._path, msgspec.json.encode(file))

    async def _enrol(
        self, threads: ThreadPoolExecutor, email: str, code: str, gate: asyncio.Semaphore | None = None
    ) -> Member:
        async with gate or asyncio.Semaphore():
            for attempt in range(TRIES):
                # A new key each time: an answer that was lost may have used up the one before.
                key = new_key()
                request = Enrol(
                    code=code,
                    public_key=public_bytes(key),
                    name=f"Simulated desk of {email.split('@')[0]}"[:200],
                    system="Simulator",
                    simulated=True,
                    person=email,
                )
                try:
                    answer: Enrolled = await asyncio.get_running_loop().run_in_executor(
                        threads, exchange, self._hub, request
                    )
                except EnrolmentFailed as failed:
                    if attempt + 1 == TRIES or isinstance(failed, EnrolmentRefused):
                        raise
                    log.info("enrolment is tried again: %s", failed)
                    await asyncio.sleep(FIRST_WAIT_S * 2**attempt)
                else:
                    return Member(
                        email=email,
                        device=answer.device,
                        origin=answer.origin,
                        key=key.private_bytes_raw(),
                        policy=answer.policy,
                    )
        raise AssertionError("unreachable")


class RosterSpool(MemorySpool):
    """The memory spool, which can be put into the roster and taken out again."""

    def standing(self, until: datetime, held: list[Event]) -> Standing:
        """Where it stands, with events `held` that come next. A loss that isn't acked can't be kept: the next start is then a new one."""
        if self._lost:
            return Standing(epoch=0, acked=0, acked_digest=b"", until=until)
        waiting = [event for _, (event, _) in sorted(self._events.items())]
        return Standing(
            epoch=self.epoch, acked=self.acked, acked_digest=self._acked_digest, events=[*waiting, *held], until=until
        )

    def restore(self, standing: Standing) -> None:
        """Takes up where another stood. Only on a new spool."""
        self.epoch, self.acked, self._acked_digest = standing.epoch, standing.acked, standing.acked_digest
        self.next_seq = standing.acked + 1
        self.append(standing.events)


def emails_of(people: int) -> list[str]:
    """The addresses of people who are named by number: `simulated-0001@simulated.invalid`."""
    return [f"simulated-{number:04d}@{DOMAIN}" for number in range(1, people + 1)]
