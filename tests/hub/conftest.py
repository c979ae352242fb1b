"""The permanent cast. Every permission is tried by all of them.

    Halden ── Payments ── Payments API
          └── Support

Alice    manages Payments and what lies under it; her own home is Payments
Bob      is a member of Payments
Bea      is a member of Payments API, below it
Charlie  is in Support and has no role: no access to anybody
Maxim    manages Support
Dora     is an admin and nothing else
Alma     is an admin and manages the root team
Audrey   is an auditor
Rita     moved from Payments to Support on 1 March 2026
Gone     managed Payments as an admin, and was deactivated
Remy     represents the people: sees policies and audit, and nobody's activity
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.types import ASGIApp
from pwdlib.hashers.argon2 import Argon2Hasher

from hub import pauses, policies, web
from hub.app import api
from hub.settings import Settings
from hub.tables import Device, DeviceCursor, Membership, Organisation, Person, Role, Team
from tests import secrecy

from .registered import registered

PASSWORD = "correct horse battery staple"
secrecy.ALWAYS.add(PASSWORD)
JOINED = datetime(2026, 1, 1, tzinfo=UTC)
MOVED = datetime(2026, 3, 1, tzinfo=UTC)
LEFT = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CastPerson:
    """Somebody of the cast. All sign in with `cast.password`."""

    id: int
    name: str
    email: str


@dataclass(frozen=True)
class CastDevice:
    """An enrolled device with its key."""

    id: int
    uid: str
    person: int
    key: Ed25519PrivateKey


@dataclass(frozen=True)
class Cast:
    """Who is there. Ids are the same in every test."""

    alice = CastPerson(1, "Alice Okafor", "alice@halden.example")
    bob = CastPerson(2, "Bob Brandt", "bob@halden.example")
    bea = CastPerson(3, "Bea Menon", "bea@halden.example")
    charlie = CastPerson(4, "Charlie Nowak", "charlie@halden.example")
    maxim = CastPerson(5, "Maxim Lambert", "maxim@halden.example")
    dora = CastPerson(6, "Dora Mensah", "dora@halden.example")
    alma = CastPerson(7, "Alma Rossi", "alma@halden.example")
    audrey = CastPerson(8, "Audrey Byrne", "audrey@halden.example")
    rita = CastPerson(9, "Rita Haddad", "rita@halden.example")
    gone = CastPerson(10, "Gone Chen", "gone@halden.example")
    remy = CastPerson(11, "Remy Duval", "remy@halden.example")
    people = (alice, bob, bea, charlie, maxim, dora, alma, audrey, rita, gone, remy)

    halden = 1
    payments = 2
    payments_api = 3
    support = 4

    password: str = PASSWORD
    joined: datetime = JOINED
    moved: datetime = MOVED
    left: datetime = LEFT
    devices: tuple[CastDevice, ...] = ()

    def device(self, person: CastPerson) -> CastDevice:
        """The device of alice, bob, bea, charlie, maxim or rita."""
        return next(device for device in self.devices if device.person == person.id)


HOMES = {
    Cast.alice: Cast.payments, Cast.bob: Cast.payments, Cast.bea: Cast.payments_api, Cast.charlie: Cast.support,
    Cast.maxim: Cast.support, Cast.audrey: Cast.halden,
}  # fmt: skip
ROLES = [
    (Cast.alice, "manager", Cast.payments), (Cast.maxim, "manager", Cast.support), (Cast.dora, "admin", None),
    (Cast.alma, "admin", None), (Cast.alma, "manager", Cast.halden), (Cast.audrey, "auditor", None),
    (Cast.gone, "admin", None), (Cast.gone, "manager", Cast.payments), (Cast.remy, "representative", None),
]  # fmt: skip
OWNERS = [Cast.alice, Cast.bob, Cast.bea, Cast.charlie, Cast.maxim, Cast.rita]


@pytest.fixture(autouse=True)
def _no_policies_of_another_test() -> None:
    policies.forget()
    pauses.forget()


@pytest.fixture
def cast() -> Cast:
    """The cast; a test that asks for it gets a `database` in which they live."""
    return Cast(
        devices=tuple(
            CastDevice(number, str(uuid.UUID(int=number)), owner.id, _key(number))
            for number, owner in enumerate(OWNERS, start=1)
        )
    )


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[Litestar]:
    """The application with everything that pages ask, without a server: for requests through `browser`."""
    client = web.redis_client(settings.redis_url or "")
    with registered(lambda: web.build(settings, api(), client)) as built:
        yield built
    await client.aclose()


class Browser(httpx.AsyncClient):
    """A browser with cookies of its own, that sends the CSRF token as our pages do."""

    def __init__(self, application: ASGIApp, address: str = "192.0.2.1") -> None:
        transport = httpx.ASGITransport(application, client=(address, 50000))  # type: ignore[arg-type]
        super().__init__(
            transport=transport, base_url="http://localhost:8000", event_hooks={"response": [secrecy.remember]}
        )

    async def csrf(self) -> dict[str, str]:
        """The header that goes with what changes something."""
        if "csrftoken" not in self.cookies:
            await self.get("/api/me")
        return {"x-csrftoken": self.cookies["csrftoken"]}

    async def sign_in(self, person: CastPerson, password: str = PASSWORD) -> httpx.Response:
        body = {"email": person.email, "password": password}
        return await self.post("/api/session", json=body, headers=await self.csrf())

    async def change(self, method: str, path: str, **options: object) -> httpx.Response:
        """A request that changes something."""
        return await self.request(method, path, headers=await self.csrf(), **options)  # type: ignore[arg-type]


@pytest.fixture
async def open_browser(application: Litestar) -> AsyncIterator[Callable[..., Browser]]:
    """`open_browser(address=...)`: a new browser, signed out. `await browser.sign_in(cast.bob)` signs it in."""
    async with contextlib.AsyncExitStack() as stack:

        def one(address: str = "192.0.2.1") -> Browser:
            browser = Browser(application, address)
            stack.push_async_callback(browser.aclose)
            return browser

        yield one


@pytest.fixture(scope="session")
def cast_template(make_template: Callable[..., str], empty_template: str) -> str:
    """A database that the cast lives in."""
    return make_template("cast", empty_template, _settle)


async def _settle() -> None:
    cheap = await asyncio.to_thread(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash, PASSWORD)
    await Organisation.insert(Organisation(name="Halden", zone="Europe/Oslo", set_up_at=JOINED))
    for name, parent in [("Halden", None), ("Payments", Cast.halden), ("Payments API", Cast.payments)]:
        await Team.insert(Team(name=name, parent=parent))
    await Team.insert(Team(name="Support", parent=Cast.halden))
    await Person.insert(
        *(
            Person(
                email=person.email,
                name=person.name,
                zone="Europe/Oslo",
                password_hash=cheap,
                created_at=JOINED,
                deactivated_at=LEFT if person is Cast.gone else None,
            )
            for person in Cast.people
        )
    )
    await Role.insert(*(Role(person=person.id, role=role, team=team) for person, role, team in ROLES))
    await Membership.insert(
        *(Membership(person=person.id, team=team, since_at=JOINED) for person, team in HOMES.items()),
        Membership(person=Cast.rita.id, team=Cast.payments, since_at=JOINED, until_at=MOVED),
        Membership(person=Cast.rita.id, team=Cast.support, since_at=MOVED),
    )
    await Device.insert(
        *(
            Device(
                uid=uuid.UUID(int=number),
                person=owner.id,
                public_key=_key(number).public_key().public_bytes_raw(),
                name=f"{owner.name.split()[0]}'s laptop",
                system="Linux",
                enrolled_at=JOINED,
            )
            for number, owner in enumerate(OWNERS, start=1)
        )
    )
    await DeviceCursor.insert(*(DeviceCursor(device=number) for number in range(1, len(OWNERS) + 1)))


def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
