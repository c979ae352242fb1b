"""Enrolment codes, the devices that come of them, and who may revoke those."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from limits import RateLimitItemPerMinute

from hub import people, web
from hub.auth import enrolment
from hub.auth.enrolment import ALPHABET, code_hash, devices_for_hello, make_code
from hub.auth.limits import Limits
from hub.database import connection
from hub.tables import Audit, Device, DeviceCursor, EnrolmentCode, Membership, Person, Team

WRONG_TITLE = enrolment.WRONG_CODE
P = 2**255 - 19


def fresh_key() -> bytes:
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def body(code: str, key: bytes | None = None, **more: object) -> dict[str, object]:
    return {
        "code": code,
        "public_key": base64.b64encode(key or fresh_key()).decode(),
        "name": "laptop",
        "system": "Linux",
        **more,
    }


@pytest.fixture
def agent(open_browser) -> httpx.AsyncClient:
    """Who enrols: no cookies, no CSRF token, no Origin."""
    return open_browser("198.51.100.1")


@pytest.fixture
def code(settings, cast) -> Callable:
    """`await code(cast.bob, uses=1)`: a code as text."""

    async def make(person=None, **options) -> str:
        return (await make_code(settings.secret, person.id if person else None, **options)).code

    return make


async def enrol(agent: httpx.AsyncClient, *args: object, **more: object) -> httpx.Response:
    return await agent.post("/agent/v1/enrol", json=body(*args, **more))


# --- the code


async def test_code_from_the_web_enrols_a_device_of_ones_own(cast, open_browser, agent, settings):
    browser = open_browser()
    await browser.sign_in(cast.bob)
    made = await browser.change("POST", "/api/devices/code")
    key = fresh_key()

    answer = await enrol(agent, made.json()["code"], key)

    assert (made.status_code, answer.status_code) == (201, 201)
    assert set(made.json()) == {"code", "expires_at"}
    enrolled = answer.json()
    assert (enrolled["person"], enrolled["origin"], enrolled["policy"]["version"]) == (
        cast.bob.email,
        settings.origin,
        1,
    )
    [device] = await devices_for_hello([enrolled["device"]])
    assert (device.person, device.public_key, device.team, device.person_active) == (
        cast.bob.id,
        key,
        cast.payments,
        True,
    )
    assert [device.revoked, device.suspended, device.simulated] == [False] * 3
    cursor = await DeviceCursor.select().where(DeviceCursor.device == device.id).first()
    assert (cursor["epoch"], cursor["seq"]) == (1, 0)


def test_code_has_40_bits_without_letters_that_look_alike():
    assert len(ALPHABET) ** enrolment.CODE_CHARACTERS == 2**40
    assert not set("ILOU") & set(ALPHABET)


async def test_code_lives_ten_minutes(cast, settings, database):
    made = await make_code(settings.secret, cast.bob.id)

    assert timedelta(minutes=9, seconds=50) < made.expires_at - datetime.now(UTC) <= timedelta(minutes=10)
    assert len(made.code) == 9
    assert made.code[4] == "-"


@pytest.mark.parametrize("typed", ["abcd-efgh", " ABCD EFGH\n", "abcdefgh", "A-B-C-D-E-F-G-H", "abcd\u2013efgh"])
def test_code_is_read_however_it_is_typed(typed):
    assert code_hash("secret", typed) == code_hash("secret", "ABCD-EFGH")


def test_letters_that_look_alike_are_read_as_what_was_meant():
    assert code_hash("secret", "oOiI-lL00") == code_hash("secret", "0011-1100")


async def test_table_keeps_a_hash_that_needs_the_deployments_secret(cast, settings, code):
    made = await code(cast.bob)

    kept = (await EnrolmentCode.select().first())["code_hash"]
    assert kept == code_hash(settings.secret, made)
    assert kept != code_hash("another secret", made)
    assert made.replace("-", "").encode() not in kept


@pytest.mark.parametrize("wrong", ["ABCD-EFGH", "", "x", "\u0000", "A" * 64, "ABCD-EFGU"])
async def test_wrong_code_is_a_400(wrong, cast, agent):
    answer = await enrol(agent, wrong)

    assert answer.status_code == 400
    assert answer.json()["field"] == "code"
    assert await Device.count() == len(cast.devices)


async def test_expired_code_is_refused(cast, agent, code):
    made = await code(cast.bob, ttl=timedelta(seconds=-1))

    answer = await enrol(agent, made)

    assert (answer.status_code, answer.json()["title"]) == (400, WRONG_TITLE)


async def test_code_serves_once_however_many_try_at_once(cast, agent, code):
    made = await code(cast.bob)

    answers = await asyncio.gather(*(enrol(agent, made) for _ in range(20)))
    replayed = await enrol(agent, made)

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 19
    assert replayed.status_code in {400, 429}
    assert await Device.count() == len(cast.devices) + 1


async def test_code_for_several_serves_exactly_as_often(cast, agent, code):
    made = await code(uses=5)

    answers = await asyncio.gather(*(enrol(agent, made, person=cast.bob.email) for _ in range(9)))

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [400] * 4


async def test_refused_enrolment_does_not_use_the_code_up(cast, agent, code):
    made = await code(cast.bob)
    taken = cast.device(cast.alice).key.public_key().public_bytes_raw()

    refused = await enrol(agent, made, taken)
    served = await enrol(agent, made)

    assert (refused.status_code, refused.json()["field"], served.status_code) == (400, "public_key", 201)


async def test_person_has_five_open_codes_at_the_most(cast, agent, code):
    made = [await code(cast.bob) for _ in range(6)]

    first, second = await enrol(agent, made[0]), await enrol(agent, made[1])

    assert (first.status_code, second.status_code) == (400, 201)


async def test_one_key_is_one_device_also_when_concurrent(cast, agent, code):
    key = fresh_key()
    codes = [await code(cast.bob) for _ in range(5)]

    answers = await asyncio.gather(*(enrol(agent, made, key) for made in codes))

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 4
    assert await Device.count().where(Device.public_key == key) == 1


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (P - 1).to_bytes(32, "little"),
        P.to_bytes(32, "little"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
        b"\x02" + bytes(31),
        b"\xff" * 32,
    ],
)
async def test_key_that_is_none_is_refused_clearly(key, cast, agent, code):
    answer = await enrol(agent, await code(cast.bob), key)

    assert answer.status_code == 400
    assert answer.json()["field"] == "public_key"


async def test_good_keys_are_taken(monkeypatch):
    for _ in range(50):
        enrolment._require_usable_key(fresh_key())


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", 5, None])
async def test_key_of_another_length_is_refused(key, cast, agent, code):
    answer = await agent.post("/agent/v1/enrol", json={**body(await code(cast.bob)), "public_key": key})

    assert (answer.status_code, answer.json()["field"]) == (400, "public_key")


async def test_names_are_kept_clean(cast, agent, code):
    answer = await enrol(agent, await code(cast.bob), name="Bob's\x00 \u202elaptop\n", system="\x1b[31m")

    row = await Device.select().where(Device.uid == UUID(answer.json()["device"])).first()
    assert (row["name"], row["system"]) == ("Bob's laptop", "[31m")


# --- whose device it becomes


async def test_person_of_the_code_wins_over_the_one_that_is_named(cast, agent, code):
    answer = await enrol(agent, await code(cast.bob), person=cast.alice.email)

    assert answer.json()["person"] == cast.bob.email


async def test_code_for_several_enrols_an_existing_person_by_address(cast, agent, code):
    answer = await enrol(agent, await code(uses=2), person=" BEA@halden.example")

    assert answer.json()["person"] == cast.bea.email


@pytest.mark.parametrize(
    ("named", "simulated"),
    [
        ("", False),
        ("nobody@halden.example", False),
        ("gone@halden.example", False),
        ("not an address", True),
        ("bob@halden.example", True),
    ],
)
async def test_code_for_several_refuses_who_can_not_be_enrolled(named, simulated, cast, agent, code):
    answer = await enrol(agent, await code(uses=2), person=named, simulated=simulated)

    assert (answer.status_code, answer.json()["field"]) == (400, "email" if named == "not an address" else "person")
    assert await Person.count() == len(cast.people)
    assert (await EnrolmentCode.select().first())["uses_left"] == 2


async def test_simulated_people_are_made_by_a_code_for_several_and_marked(cast, agent, code):
    made = await code(uses=12)

    answers = await asyncio.gather(
        *(enrol(agent, made, person=f"sim{n}@sim.example", simulated=True) for n in range(12))
    )

    assert {answer.status_code for answer in answers} == {201}
    rows = await Person.select().where(Person.simulated.eq(True)).order_by(Person.name)
    assert [row["name"] for row in rows] == [f"Simulated {n:04}" for n in range(1, 13)]
    team = await Team.select().where(Team.name == "Simulated").first()
    assert team["parent"] == cast.halden
    assert await Membership.count().where(Membership.team == team["id"]) == 12
    assert await Device.count().where(Device.simulated.eq(True)) == 12


async def test_simulated_person_may_have_a_second_device(cast, agent, code):
    made = await code(uses=2)
    for _ in range(2):
        answer = await enrol(agent, made, person="sim@sim.example", simulated=True)
        assert answer.status_code == 201

    assert await Person.count().where(Person.simulated.eq(True)) == 1


async def test_code_of_a_person_adds_no_simulated_people(cast, agent, code):
    answer = await enrol(agent, await code(cast.bob), person="sim@sim.example", simulated=True)

    assert answer.status_code == 400
    assert await Person.count() == len(cast.people)


async def test_code_of_somebody_deactivated_since_is_refused(cast, agent, code):
    made = await code(cast.bob)
    await people.deactivate(cast.bob.id)

    assert (await enrol(agent, made)).status_code == 400


# --- limits


@pytest.fixture
async def hasty(settings, cast) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Agents of a hub that bears three wrong codes."""
    client = web.redis_client(settings.redis_url)
    application = web.build(settings, [], client, limits=Limits(client, wrong_codes=RateLimitItemPerMinute(3)))
    yield lambda address: httpx.AsyncClient(
        transport=httpx.ASGITransport(application, client=(address, 1)), base_url="http://localhost:8000"
    )
    await client.aclose()


async def test_wrong_codes_are_limited_by_address_and_right_ones_are_not(cast, hasty, code):
    async with hasty("198.51.100.1") as guesser, hasty("198.51.100.2") as office:
        made = await code(uses=9)
        fleet = [(await enrol(office, made, person=cast.bob.email)).status_code for _ in range(6)]
        guesses = [(await enrol(guesser, "ABCD-EFGH")).status_code for _ in range(5)]
        stolen = await enrol(guesser, made, person=cast.bob.email)
        elsewhere = await enrol(office, made, person=cast.bob.email)

    assert fleet == [201] * 6
    assert guesses == [400, 400, 400, 429, 429]
    assert stolen.status_code == 429
    assert int(stolen.headers["retry-after"]) > 0
    assert elsewhere.status_code == 201


async def test_enrolment_is_closed_while_tries_can_not_be_counted(cast, settings, code):
    made = await code(cast.bob)
    client = web.redis_client("redis://127.0.0.1:9")
    application = web.build(settings, [], client)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost:8000") as agent:
        answer = await enrol(agent, made)
    await client.aclose()

    assert answer.status_code == 503
    assert await Device.count() == len(cast.devices)


async def test_page_of_another_site_can_not_enrol(cast, agent, code):
    answer = await agent.post(
        "/agent/v1/enrol", json=body(await code(cast.bob)), headers={"origin": "http://evil.example"}
    )

    assert answer.status_code == 403


# --- devices


@pytest.mark.parametrize(
    "method_and_path", [("POST", "/api/devices/code"), ("GET", "/api/devices"), ("DELETE", "/api/devices/x")]
)
async def test_devices_need_a_sign_in(method_and_path, cast, open_browser):
    method, path = method_and_path
    path = path.replace("/x", f"/{cast.device(cast.bob).uid}")

    assert (await open_browser().change(method, path)).status_code == 401


async def test_whole_cast_sees_their_own_devices_and_no_others(cast, open_browser):
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)

        listed = (await browser.get("/api/devices")).json()

        assert [row["id"] for row in listed] == [device.uid for device in cast.devices if device.person == person.id]


async def test_whole_cast_tries_to_revoke_bobs_device(cast, open_browser):
    uid = cast.device(cast.bob).uid
    outcome = {}
    for person in cast.people[:9]:
        browser = open_browser()
        await browser.sign_in(person)
        answer = await browser.change("DELETE", f"/api/devices/{uid}")
        outcome[person.name.split()[0]] = answer.status_code
        async with connection() as held:
            await held.execute("UPDATE device SET revoked_at = NULL")

    assert outcome == {
        "Alice": 404, "Bob": 204, "Bea": 404, "Charlie": 404, "Maxim": 404, "Dora": 204, "Alma": 204, "Audrey": 404, "Rita": 404,
    }  # fmt: skip
    denied = await Audit.select(Audit.actor, Audit.subject).where(Audit.action == "denied").order_by(Audit.id)
    assert [row["actor"] for row in denied] == [cast.alice.id, cast.bea.id, cast.charlie.id, cast.maxim.id, 8, 9]
    assert {row["subject"] for row in denied} == {cast.bob.id}


async def test_somebody_elses_device_and_none_at_all_look_the_same(cast, open_browser):
    browser = open_browser()
    await browser.sign_in(cast.charlie)

    elses = await browser.change("DELETE", f"/api/devices/{cast.device(cast.bob).uid}")
    none = await browser.change("DELETE", f"/api/devices/{UUID(int=999)}")
    nonsense = await browser.change("DELETE", "/api/devices/nonsense")

    assert elses.status_code == none.status_code == nonsense.status_code == 404
    assert elses.json()["title"] == none.json()["title"]


async def test_revoked_device_is_known_as_such_and_recorded_once(cast, open_browser):
    uid = cast.device(cast.bob).uid
    browser = open_browser()
    await browser.sign_in(cast.bob)
    for _ in range(2):
        assert (await browser.change("DELETE", f"/api/devices/{uid}")).status_code == 204

    [device] = await devices_for_hello([uid])
    assert device.revoked
    assert (await browser.get("/api/devices")).json()[0]["revoked_at"]
    assert await Audit.count().where(Audit.action == "device_revoked") == 1


async def test_hello_of_a_deactivated_persons_device_says_so(cast, database):
    await people.deactivate(cast.bob.id)

    [device] = await devices_for_hello([cast.device(cast.bob).uid])
    assert (device.person_active, device.team) == (False, None)


@pytest.mark.parametrize("uid", [str(UUID(int=999)), "nonsense", "", "\x00", "'; DROP TABLE device; --", "x" * 10_000])
async def test_hello_of_an_unknown_device_finds_nothing(uid, cast, database):
    known = cast.device(cast.bob)

    found = await devices_for_hello([uid, known.uid, uid])

    assert [device and device.id for device in found] == [None, known.id, None]


async def test_refused_code_is_recorded_with_whose_it_was(cast, agent, code):
    """Whoever comes second with a code learns nothing; that they came is known."""
    made = await code(cast.bob)
    first, second = await enrol(agent, made), await enrol(agent, made)
    guess = await enrol(agent, "ABCD-EFGH")

    rows = await Audit.select().where(Audit.action == "code_refused").order_by(Audit.id).output(load_json=True)
    assert first.status_code == 201
    assert second.status_code == guess.status_code == 400
    assert second.json()["title"] == guess.json()["title"]
    assert [(row["actor"], row["subject"], row["detail"]) for row in rows] == [
        (None, cast.bob.id, {"known": True}),
        (None, None, {"known": False}),
    ]
    assert made not in str(rows)


async def test_every_step_is_recorded_without_the_code(cast, agent, code, open_browser):
    made = await code(cast.bob, by=cast.bob.id)
    uid = (await enrol(agent, made)).json()["device"]
    await enrolment.revoke_device(UUID(uid), cast.dora.id)

    rows = await Audit.select(Audit.action, Audit.actor, Audit.subject, Audit.detail).order_by(Audit.id)
    assert [(row["action"], row["actor"], row["subject"]) for row in rows] == [
        ("code_made", cast.bob.id, cast.bob.id),
        ("device_enrolled", cast.bob.id, cast.bob.id),
        ("device_revoked", cast.dora.id, cast.bob.id),
    ]
    assert made not in str(rows)
