"""A device looked at closely: what happened to it, another name, and another key for it."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.auth.enrolment import make_code
from hub.live.admission import DeviceGone, Standing, take_over, take_over_together
from hub.settings import Settings
from hub.tables import Audit, Device, DeviceCursor, Loss, Quarantine, SignIn
from hub.wire.agent import Ack, Heartbeat
from hub.wire.agent import Loss as LossFrame
from hub.wire.closing import Close
from hub.wire.events import SEQ_MAX

from .conftest import Cast, CastDevice
from .live import Running, connected, dialled, minute, running
from .stored import details

NOW = datetime.now(UTC)


def path(device: CastDevice, more: str = "") -> str:
    return f"/api/devices/{device.uid}{more}"


async def acts(act: str) -> list[dict[str, Any]]:
    return await Audit.select().where(Audit.action == act).order_by(Audit.id).output(load_json=True)


# --- health


async def test_losses_and_what_was_set_aside_are_counted_in_lists_and_told_with_reasons(cast, open_browser):
    device = cast.device(cast.bob)
    other = cast.device(cast.bea)
    await Loss.insert(
        Loss(device=device.id, epoch=1, from_seq=3, to_seq=7, reason="spool full"),
        Loss(device=device.id, epoch=1, from_seq=9, to_seq=9, reason="acked before"),
        Loss(device=other.id, epoch=1, from_seq=1, to_seq=SEQ_MAX),
        Loss(device=other.id, epoch=2, from_seq=1, to_seq=SEQ_MAX),
    )
    await Quarantine.insert(
        Quarantine(id=UUID(int=1), device=device.id, epoch=1, seq=12, reason="outside_horizon", event=b"secret")
    )
    await Device.update({Device.unsent: 40, Device.skew_ms: -1500, Device.fenced_at: [NOW]}).where(
        Device.id == device.id
    )
    bob, dora = open_browser(), open_browser()
    await bob.sign_in(cast.bob)
    await dora.sign_in(cast.dora)

    told = (await bob.get(path(device))).json()
    [own] = (await bob.get("/api/devices")).json()
    everybody = {row["id"]: row for row in (await dora.get("/api/devices/all")).json()["devices"]}

    assert [told[name] for name in ("unsent", "skew_ms", "lost", "set_aside")] == [40, -1500, 6, 1]
    assert {name: own[name] for name in own} == {name: told[name] for name in own}
    assert (everybody[device.uid]["lost"], everybody[other.uid]["lost"]) == (6, SEQ_MAX)
    assert [(loss["from_seq"], loss["to_seq"], loss["reason"]) for loss in told["losses"]] == [
        (9, 9, "acked before"), (3, 7, "spool full"),
    ]  # fmt: skip
    assert [(event["seq"], event["reason"]) for event in told["quarantined"]] == [(12, "outside_horizon")]
    assert "secret" not in str(told)
    assert datetime.fromisoformat(told["fenced_at"][0]) == NOW
    assert (await dora.get(path(device))).json() == told


async def test_device_says_what_it_holds_and_how_its_clock_is_off(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    columns = (Device.unsent, Device.skew_ms, Device.last_seen_at)

    async with connected(hub, device, epoch=1, next_seq=8) as agent:
        await hub.hub.ingest.registry._write_seen()
        at_hello = await Device.select(*columns).where(Device.id == device.id).first()
        await agent.send(Heartbeat(sent=1, unsent=3, skew_ms=-(2**63)))
        await agent.receive(Heartbeat)
        await agent.send(Heartbeat(sent=2))  # an older agent says nothing of it
        await agent.receive(Heartbeat)
    await hub.hub.ingest.registry._write_seen()
    said = await Device.select(*columns).where(Device.id == device.id).first()

    assert at_hello is not None
    assert said is not None
    assert (at_hello["unsent"], at_hello["skew_ms"]) == (7, None)
    assert (said["unsent"], said["skew_ms"]) == (3, -SEQ_MAX)
    assert said["last_seen_at"] > at_hello["last_seen_at"]


async def test_code_that_a_device_came_by_is_kept(cast, open_browser, settings):
    browser, agent = open_browser(), open_browser()
    await browser.sign_in(cast.bob)
    code = (await browser.change("POST", "/api/devices/code")).json()["code"]

    enrolled = (await agent.post("/agent/v1/enrol", json=enrolling(code)[0])).json()["device"]

    assert (await browser.get(f"/api/devices/{enrolled}")).json()["enrolled_with"] == "own"
    assert (await browser.get(path(cast.device(cast.bob)))).json()["enrolled_with"] == ""


async def test_suspended_devices_are_found_by_that(cast, open_browser):
    await Device.update({Device.suspended_at: NOW}).where(Device.person == cast.bea.id)
    browser = open_browser()
    await browser.sign_in(cast.dora)

    found = (await browser.get("/api/devices/all", params={"state": "suspended"})).json()

    assert [row["person_name"] for row in found["devices"]] == [cast.bea.name]


# --- another name


@pytest.mark.parametrize("who", ["bob", "dora"])
async def test_person_or_admin_renames_a_device(who, cast, open_browser):
    browser, device = open_browser(), cast.device(cast.bob)
    await browser.sign_in(getattr(cast, who))

    answer = await browser.change("PUT", path(device), json={"name": "  Bob\u0000's\ttower "})
    again = await browser.change("PUT", path(device), json={"name": "Bob 's tower"})

    assert (answer.status_code, answer.json()["name"], again.status_code) == (200, "Bob 's tower", 200)
    [row] = await acts("device_renamed")
    assert (row["actor"], row["subject"]) == (getattr(cast, who).id, cast.bob.id)
    [told] = await details([{**row, "detail": json.dumps(row["detail"])}])
    assert told["changed"] == {"name": {"old": "Bob's laptop", "new": "Bob 's tower"}}


@pytest.mark.parametrize("name", ["", " ", "\u0000", "x" * 81])
async def test_device_needs_a_name_that_can_be_shown(name, cast, open_browser):
    browser, device = open_browser(), cast.device(cast.bob)
    await browser.sign_in(cast.bob)

    answer = await browser.change("PUT", path(device), json={"name": name})

    assert (answer.status_code, answer.json()["code"]) == (400, "name_length")
    assert (await browser.get(path(device))).json()["name"] == "Bob's laptop"


# --- another key


def enrolling(code: str, key: Ed25519PrivateKey | None = None, **more: str) -> tuple[dict[str, str], Ed25519PrivateKey]:
    key = key or Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return {"code": code, "public_key": public, "name": "laptop", "system": "Linux 7", **more}, key


async def rekey_code(settings: Settings, device: CastDevice) -> str:
    return (await make_code(settings.secret, device.person, by=device.person, device=UUID(device.uid))).code


async def test_another_key_ends_a_suspension_and_keeps_device_name_and_cursor(cast, open_browser, settings):
    device = cast.device(cast.bob)
    await Device.update({Device.suspended_at: NOW, Device.fenced_at: [NOW] * 3}).where(Device.id == device.id)
    await DeviceCursor.update({DeviceCursor.seq: 17}).where(DeviceCursor.device == device.id)
    browser, agent = open_browser(), open_browser("198.51.100.1")
    await browser.sign_in(cast.dora)
    code = (await browser.change("POST", path(device, "/code"))).json()["code"]

    body, key = enrolling(code, device=device.uid)
    answer = await agent.post("/agent/v1/enrol", json=body)

    assert (answer.status_code, answer.json()["device"], answer.json()["person"]) == (201, device.uid, cast.bob.email)
    row = await Device.select().where(Device.id == device.id).first()
    cursor = await DeviceCursor.select().where(DeviceCursor.device == device.id).first()
    assert row["public_key"] == key.public_key().public_bytes_raw()
    assert (row["suspended_at"], row["fenced_at"], row["name"], row["system"]) == (None, [], "Bob's laptop", "Linux 7")
    assert row["rekeyed_at"] is not None
    assert (cursor["epoch"], cursor["seq"]) == (1, 17)
    assert await Device.count() == len(cast.devices)
    [made], [done] = await acts("rekey_code_made"), await acts("device_rekeyed")
    assert (made["actor"], made["subject"], made["detail"]) == (cast.dora.id, cast.bob.id, {"device": device.uid})
    assert (done["actor"], done["subject"], done["detail"]) == (cast.bob.id, cast.bob.id, {"device": device.uid})
    assert (await agent.post("/agent/v1/enrol", json=enrolling(code)[0])).status_code == 400


async def test_code_for_a_device_serves_no_other_one_and_is_not_used_up_by_it(cast, open_browser, settings):
    device, agent = cast.device(cast.bob), open_browser("198.51.100.1")
    code = await rekey_code(settings, device)

    refused = await agent.post("/agent/v1/enrol", json=enrolling(code, device=cast.device(cast.bea).uid)[0])
    in_use = await agent.post("/agent/v1/enrol", json=enrolling(code, cast.device(cast.bea).key)[0])
    taken = await agent.post("/agent/v1/enrol", json=enrolling(code)[0])  # of a computer that was set up anew

    assert (refused.status_code, refused.json()["field"]) == (400, "code")
    assert (in_use.status_code, in_use.json()["field"]) == (400, "public_key")
    assert (taken.status_code, taken.json()["device"]) == (201, device.uid)


async def test_a_later_code_for_a_device_takes_the_place_of_the_one_before(cast, open_browser, settings):
    device, agent = cast.device(cast.bob), open_browser("198.51.100.1")
    first, second = await rekey_code(settings, device), await rekey_code(settings, device)

    assert (await agent.post("/agent/v1/enrol", json=enrolling(first)[0])).status_code == 400
    assert (await agent.post("/agent/v1/enrol", json=enrolling(second)[0])).status_code == 201


async def test_revoked_device_gets_no_other_key(cast, open_browser, settings):
    device = cast.device(cast.bob)
    browser, agent = open_browser(), open_browser("198.51.100.1")
    await browser.sign_in(cast.bob)
    code = await rekey_code(settings, device)
    await Device.update({Device.revoked_at: NOW}).where(Device.id == device.id)

    answer = await agent.post("/agent/v1/enrol", json=enrolling(code)[0])
    made = await browser.change("POST", path(device, "/code"))

    assert (answer.status_code, made.status_code) == (400, 400)
    assert "revoked" in made.json()["title"]
    assert await acts("device_rekeyed") == []


async def test_code_for_another_key_asks_for_a_fresh_proof(cast, open_browser):
    browser, device = open_browser(), cast.device(cast.bob)
    await browser.sign_in(cast.bob)
    await SignIn.update({SignIn.proved_at: NOW - timedelta(hours=1)}, force=True)

    answer = await browser.change("POST", path(device, "/code"))

    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_proof")


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def test_clone_with_the_old_key_stores_nothing_more_and_is_refused(
    hub: Running, cast: Cast, open_browser: Any, settings: Settings
) -> None:
    device, agent = cast.device(cast.bob), open_browser("198.51.100.1")
    async with connected(hub, device) as clone:
        await clone.batch(1, [minute(9)])
        await clone.receive(Ack)
        body, key = enrolling(await rekey_code(settings, device), device=device.uid)

        assert (await agent.post("/agent/v1/enrol", json=body)).status_code == 201

        await clone.batch(2, [minute(8)])
        assert await clone.closed() in {Close.FENCED, Close.BAD_SIGNATURE}
    async with dialled(hub) as clone:
        await clone.hello(hub, device, epoch=1, next_seq=3)
        assert await clone.closed() == Close.BAD_SIGNATURE
    renewed = CastDevice(device.id, device.uid, device.person, key)
    async with connected(hub, renewed, epoch=1, next_seq=3, instance="two") as rightful:
        assert rightful.welcomed is not None
        assert (rightful.welcomed.epoch, rightful.welcomed.acked) == (1, 1)
        await rightful.send(LossFrame(epoch=1, from_seq=2, to_seq=2, reason="test"))
        assert await rightful.receive(Ack) == Ack(epoch=1, seq=2)


async def test_clone_that_had_proved_itself_right_before_takes_nothing_over(cast: Cast, open_browser, settings) -> None:
    device, other, agent = cast.device(cast.bob), cast.device(cast.bea), open_browser("198.51.100.1")
    old = Standing(epoch=0, next_seq=1, digest=b"", public_key=device.key.public_key().public_bytes_raw())
    right = msgspec.structs.replace(old, public_key=other.key.public_key().public_bytes_raw())
    body, key = enrolling(await rekey_code(settings, device))
    await agent.post("/agent/v1/enrol", json=body)

    together = await take_over_together([(device.id, old), (other.id, right)])
    with pytest.raises(DeviceGone):
        await take_over(device.id, old)
    new = msgspec.structs.replace(old, public_key=key.public_key().public_bytes_raw())

    assert together[0] is None
    assert together[1] is not None
    assert (await take_over(device.id, new)).acked == 0


async def test_connection_with_the_old_key_that_says_nothing_is_ended_too(
    hub: Running, cast: Cast, open_browser: Any, settings: Settings
) -> None:
    device, agent = cast.device(cast.bob), open_browser("198.51.100.1")
    async with connected(hub, device) as clone, connected(hub, cast.device(cast.bea)) as other:
        body, _ = enrolling(await rekey_code(settings, device))
        await agent.post("/agent/v1/enrol", json=body)

        await hub.hub.ingest.registry.end_refused()

        assert await clone.closed() == Close.BAD_SIGNATURE
        await other.send(Heartbeat(sent=1))
        await other.receive(Heartbeat)
