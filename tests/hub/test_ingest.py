"""The agent socket over a real connection: admission, receipts, and what bad input costs (only its sender)."""

import asyncio
import contextlib
import socket as sockets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub import policies
from hub import serving as serving_module
from hub.database import connection, transaction
from hub.figures import FIGURES
from hub.live import agents as agents_module
from hub.live import connection as connection_module
from hub.live import ingest as ingest_module
from hub.live import line as line_module
from hub.live.admission import Admission, Standing
from hub.live.plan import Plan
from hub.settings import Settings
from hub.tables import Audit, Device
from hub.wire.activity import Facts
from hub.wire.agent import Ack, Batch, Heartbeat, Loss, Rejected, Renew, Resend, Welcome
from hub.wire.closing import Close
from hub.wire.events import Gap, digest
from hub.wire.policy import Policy

from .conftest import Cast
from .live import Agent, Running, connected, dialled, minute, running


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def rows(device: int) -> list[Any]:
    async with connection() as held:
        return list(await held.fetch('SELECT * FROM "interval" WHERE device = $1 ORDER BY epoch, seq, piece', device))


@pytest.mark.parametrize("text", [False, True])
async def test_batch_is_acked_and_stored_with_the_person_of_the_device(hub: Running, cast: Cast, text: bool) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device, text=text) as agent:
        await agent.batch(1, [minute(3), minute(2, "Terminal")])

        assert await agent.receive(Ack) == Ack(epoch=1, seq=2)
    stored = await rows(device.id)
    assert [(row["seq"], row["person"], row["app"]) for row in stored] == [
        (1, cast.bob.id, "Editor"),
        (2, cast.bob.id, "Terminal"),
    ]


async def test_batch_sent_again_after_a_reconnect_is_counted_once(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    events = [minute(3), minute(2)]
    async with connected(hub, device) as agent:
        await agent.batch(1, events)
        await agent.receive(Ack)
    async with connected(hub, device, epoch=1, next_seq=3, digest=digest(2, events[1])) as agent:
        assert agent.welcomed is not None
        assert (agent.welcomed.acked, agent.welcomed.digest) == (2, digest(2, events[1]))
        await agent.batch(1, [*events, minute(1)])

        assert await agent.receive(Ack) == Ack(epoch=1, seq=3)
    assert len(await rows(device.id)) == 3


async def test_device_is_seen_with_the_version_of_its_agent_as_soon_as_that_speaks(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    columns = (Device.version, Device.last_seen_at)
    for said, noted in [("0.1.0", "0.1.0"), ("", "0.1.0"), ("9" * 60, "9" * 50)]:
        async with connected(hub, device, version=said):
            row = await Device.select(*columns).where(Device.id == device.id).first()

        assert row is not None
        assert (row["version"], row["last_seen_at"] is not None) == (noted, True)


async def test_titles_and_counts_that_policy_forbids_are_not_stored_even_when_sent(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        event = minute(2, facts=Facts(app="Mail", title="To the doctor", site="clinic.example"), keys=9)
        await agent.batch(1, [event, minute(1, facts=Facts(app="Bank", private=True))])
        await agent.receive(Ack)

    stored = await rows(device.id)
    assert [(row["app"], row["title"], row["site"], row["keys"]) for row in stored] == [
        ("Mail", None, None, 0),
        (None, None, None, 0),
    ]


async def test_what_an_unknown_policy_version_would_add_is_stripped(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        await agent.batch(1, [minute(2, policy=7)])
        await agent.receive(Ack)

    assert [row["app"] for row in await rows(device.id)] == [None]


async def test_nul_and_surrogates_in_a_permitted_title_are_made_safe(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (1, 2):
        monkeypatch.setitem(policies._known, version, Policy(version=version, app=True, title=True))
    device = cast.device(cast.bob)
    async with connected(hub, device, text=True) as agent:
        raw = agent.codec.encode(Batch(epoch=1, first_seq=1, events=[minute(2, policy=2, facts=Facts(title="TITLE"))]))
        await agent.socket.send(raw.decode().replace("TITLE", "a\\u0000b\\ud800c"))
        assert await agent.receive(Ack) == Ack(epoch=1, seq=1)
    async with connected(hub, device, epoch=1, next_seq=2) as agent:
        data = agent.codec.encode(Batch(epoch=1, first_seq=2, events=[minute(1, policy=2, facts=Facts(title="xxxyz"))]))
        await agent.socket.send(data.replace(b"xxxyz", b"\xed\xa0\x80yz"))
        assert await agent.receive(Ack) == Ack(epoch=1, seq=2)

    assert [row["title"] for row in await rows(device.id)] == [
        "a b\N{REPLACEMENT CHARACTER}c",
        "\N{REPLACEMENT CHARACTER}" * 3 + "yz",
    ]


async def test_time_outside_the_horizon_is_quarantined_with_a_receipt(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(1, [minute(3), minute(-60 * 24 * 3), minute(1)])

        rejected, ack = await agent.receive(Rejected), await agent.receive(Ack)

    assert (rejected.seq, rejected.reason, ack.seq) == (2, "outside_horizon", 3)
    async with connection() as held:
        assert str(await held.fetchval("SELECT id FROM quarantine")) == rejected.receipt


async def test_jump_in_the_numbers_is_answered_with_resend_and_loss_fills_it(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(5, [minute(1)])
        assert await agent.receive(Resend) == Resend(epoch=1, from_seq=1)
        await agent.send(Loss(epoch=1, from_seq=1, to_seq=4, reason="spool_full"))
        await agent.batch(5, [minute(1)])

        acks = [await agent.receive(Ack)]
        while acks[-1].seq < 5:
            acks.append(await agent.receive(Ack))

    assert acks[-1] == Ack(epoch=1, seq=5)


async def test_restored_disk_gets_a_new_epoch_and_what_was_stored_stays(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        await agent.batch(1, [minute(9), minute(8), minute(7)])
        await agent.receive(Ack)
    async with connected(hub, device, epoch=1, next_seq=2, digest=digest(1, minute(9))) as agent:
        assert agent.welcomed is not None
        assert (agent.welcomed.epoch, agent.welcomed.acked, agent.welcomed.acked_before) == (2, 0, 3)
        assert agent.welcomed.stored_until == minute(7).ended_at
        await agent.batch(2, [minute(3)], epoch=1)  # still of the old epoch: refused
        await agent.batch(1, [minute(2)])

        assert await agent.receive(Ack) == Ack(epoch=2, seq=1)
    assert [(row["epoch"], row["seq"]) for row in await rows(device.id)] == [(1, 1), (1, 2), (1, 3), (2, 1)]


async def test_restored_disk_that_went_on_is_found_at_its_first_batch(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        await agent.batch(1, [minute(9), minute(8)])
        await agent.receive(Ack)
    async with connected(hub, device, epoch=1, next_seq=5) as agent:
        await agent.batch(2, [minute(5), minute(4), minute(3)])

        assert (await agent.receive(Welcome)).epoch == 2


async def test_agent_that_asks_for_a_new_epoch_gets_one(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.send(Renew(epoch=1))
        assert (await agent.receive(Welcome)).epoch == 2
        for epoch in (2, 3):
            await agent.send(Renew(epoch=epoch))
            await agent.receive(Welcome)
        await agent.send(Renew(epoch=4))

        assert await agent.closed() == Close.TOO_MANY


async def test_event_stamped_in_the_future_of_input_keeps_nobody_active(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        await agent.presence(app="Editor", last_input_at=datetime.now(UTC) + timedelta(hours=9))
        await agent.send(Heartbeat())
        await agent.receive(Heartbeat)

    record = hub.hub.publisher.latest(device.id)
    assert record is not None
    assert record.facts.last_input_at is not None
    assert record.facts.last_input_at <= datetime.now(UTC)


async def test_heartbeat_is_answered_with_the_hubs_time(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.send(Heartbeat(sent=12345))

        answer = await agent.receive(Heartbeat)

    assert answer.sent == 12345
    assert answer.hub_at is not None
    assert abs(answer.hub_at - datetime.now(UTC)) < timedelta(seconds=5)


async def test_sleep_of_hours_is_one_event_in_pieces(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    end = datetime.now(UTC)
    async with connected(hub, device) as agent:
        await agent.batch(
            1, [Gap(started_at=end - timedelta(hours=3), ended_at=end, wall_at=end, zone_min=0, policy=1)]
        )
        await agent.receive(Ack)

    stored = await rows(device.id)
    assert {row["seq"] for row in stored} == {1}
    assert sum((row["ended_at"] - row["started_at"] for row in stored), timedelta()) == timedelta(hours=3)
    assert all(
        row["started_at"].minute // 15 == (row["ended_at"] - timedelta(microseconds=1)).minute // 15 for row in stored
    )


# --- each bad input: its own close code, a counter, and nobody else harmed


def deep(codec: Any) -> bytes | str:
    return "[" * 100_000 if codec.text else b"\x91" * 100_000


BAD_FRAMES = {
    "malformed msgpack": (False, lambda codec: b"\xc1\xc1", Close.MALFORMED),
    "malformed JSON": (True, lambda codec: "{", Close.MALFORMED),
    "text on a msgpack connection": (False, lambda codec: "{}", Close.MALFORMED),
    "unknown type": (False, lambda codec: b"\x81\xa1t\xa5steal", Close.UNKNOWN_TYPE),
    "unknown type in JSON": (True, lambda codec: '{"t": "steal"}', Close.UNKNOWN_TYPE),
    "deep nesting": (False, deep, Close.TOO_DEEP),
    "deep nesting in JSON": (True, deep, Close.TOO_DEEP),
    "NaN": (False, lambda codec: msgspec.msgpack.encode({"t": "heartbeat", "sent": float("nan")}), Close.NOT_A_NUMBER),
    "NaN in JSON": (True, lambda codec: '{"t":"heartbeat","sent":NaN}', Close.NOT_A_NUMBER),
    "breaks the schema": (True, lambda codec: '{"t":"heartbeat","sent":-1}', Close.INVALID),
    "backwards loss": (False, lambda codec: codec.encode(Loss(epoch=1, from_seq=5, to_seq=2)), Close.INVALID),
    "a second hello": (
        True,
        lambda codec: '{"t":"hello","device":"00000000-0000-0000-0000-000000000001","epoch":0,"next_seq":1}',
        Close.WRONG_PHASE,
    ),
    "over 256 KiB": (False, lambda codec: b"\x00" * (256 * 1024 + 1), 1009),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_bad_frame_closes_its_own_connection_with_its_own_code(
    hub: Running, cast: Cast, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text, make, code = BAD_FRAMES[name]
    before = FIGURES.refused.total()
    async with connected(hub, cast.device(cast.bob), text=text) as bad, connected(hub, cast.device(cast.alice)) as good:
        await bad.socket.send(make(bad.codec))
        assert await bad.closed() == code
        await good.batch(1, [minute(1)])

        assert await good.receive(Ack) == Ack(epoch=1, seq=1)
    if code != 1009:  # the websocket layer's own
        assert FIGURES.refused.total() == before + 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": b"\x00" * 64}, Close.BAD_SIGNATURE),
        ({"signature": b""}, Close.BAD_SIGNATURE),
        ({"device": "00000000-0000-0000-0000-0000000000ff"}, Close.UNKNOWN_DEVICE),
        ({"device": "nonsense"}, Close.INVALID),
    ],
)
async def test_hello_that_proves_nothing_is_refused(
    hub: Running, cast: Cast, changes: dict[str, Any], code: Close
) -> None:
    async with dialled(hub) as agent:
        await agent.hello(hub, cast.device(cast.bob), **changes)

        assert await agent.closed() == code


async def test_signature_over_another_position_is_refused(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(1, [minute(1)])
        await agent.receive(Ack)
    device = cast.device(cast.bob)
    async with dialled(hub) as agent:
        challenge = await agent.receive_any()
        from hub.wire.agent import Hello, signed_bytes

        signature = device.key.sign(signed_bytes(challenge.nonce, hub.settings.origin, device.uid, 1, 2))
        await agent.send(Hello(device=device.uid, epoch=1, next_seq=1, signature=signature))

        assert await agent.closed() == Close.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE device SET revoked_at = now() WHERE id = $1", Close.REVOKED),
        ("UPDATE device SET suspended_at = now() WHERE id = $1", Close.SUSPENDED),
        (
            "UPDATE person SET deactivated_at = now() FROM device WHERE device.person = person.id AND device.id = $1",
            Close.REVOKED,
        ),
    ],
)
async def test_device_that_may_no_longer_connect_learns_why(hub: Running, cast: Cast, change: str, code: Close) -> None:
    device = cast.device(cast.bob)
    async with connection() as held:
        await held.execute(change, device.id)
    async with dialled(hub) as agent:
        await agent.hello(hub, device)

        assert await agent.closed() == code


async def test_connection_of_a_revoked_device_is_ended(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device) as agent:
        async with connection() as held:
            await held.execute("UPDATE device SET revoked_at = now() WHERE id = $1", device.id)

        assert await agent.closed() == Close.REVOKED


async def test_batch_before_hello_is_the_wrong_phase(hub: Running) -> None:
    async with dialled(hub) as agent:
        await agent.send(Batch(epoch=1, first_seq=1, events=[minute(1)]))

        assert await agent.closed() == Close.WRONG_PHASE


async def test_peer_that_never_says_hello_is_ended(hub: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "HANDSHAKE_S", 0.2)
    async with dialled(hub) as agent:
        assert await agent.closed() == Close.HANDSHAKE_TIMEOUT


async def test_peer_that_never_finishes_its_request_is_cut(hub: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.serving.HEADERS_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(b"GET /agent/v1 HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_endless_headers_are_cut(hub: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        writer.write(b"GET / HTTP/1.1\r\n")
        for _ in range(200):
            writer.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
            await writer.drain()
        async with asyncio.timeout(30):
            await reader.read()
    writer.close()
    async with connected_fine(hub):
        pass


@contextlib.asynccontextmanager
async def connected_fine(hub: Running) -> AsyncIterator[Agent]:
    async with dialled(hub) as agent:
        await agent.receive_any()
        yield agent


async def test_foreign_origin_is_refused_before_accepting(hub: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with dialled(hub, origin="https://evil.example"):
            pass

    assert refused.value.response.status_code == 403
    assert await Audit.count().where(Audit.action == "request_refused") == 1


async def test_more_frames_than_credit_close_the_connection(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with transaction() as elsewhere:
        async with connected(hub, device) as agent:
            await elsewhere.fetch("SELECT 1 FROM device_cursor WHERE device = $1 FOR UPDATE", device.id)
            for seq in range(1, connection_module.CREDIT + 2):
                await agent.batch(seq, [minute(1)])

            assert await agent.closed() == Close.OVER_CREDIT


async def test_second_connection_of_a_device_fences_the_first(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with connected(hub, device, instance="one") as first, connected(hub, device, instance="two") as second:
        assert await first.closed() == Close.FENCED
        await second.batch(1, [minute(1)])

        assert await second.receive(Ack) == Ack(epoch=1, seq=1)


async def test_reconnect_of_the_same_run_is_no_fence(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    fences = FIGURES.fenced
    async with connected(hub, device, instance="one") as first, connected(hub, device, instance="one"):
        assert await first.closed() == Close.DRAINED
    assert FIGURES.fenced == fences


async def test_third_fence_within_an_hour_suspends_the_device(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with contextlib.AsyncExitStack() as stack:
        agents = [await stack.enter_async_context(connected(hub, device, instance="0"))]
        codes = []
        for number in range(1, 4):
            agents.append(await stack.enter_async_context(connected(hub, device, instance=str(number))))
            codes.append(await agents[-2].closed())

        assert codes == [Close.FENCED, Close.FENCED, Close.SUSPENDED]
        assert await agents[-1].closed() == Close.SUSPENDED
    assert await Audit.count().where(Audit.action == "device_suspended", Audit.subject == cast.bob.id) == 1


async def test_two_hubs_fence_at_the_next_commit(hub: Running, cast: Cast, settings: Settings) -> None:
    device = cast.device(cast.bob)
    async with running(settings) as second, connected(hub, device, instance="one") as old:
        async with connected(second, device, instance="two") as new:
            await old.batch(1, [minute(2)])
            assert await old.closed() == Close.FENCED
            await new.batch(1, [minute(1)])
            assert await new.receive(Ack) == Ack(epoch=1, seq=1)
    assert len(await rows(device.id)) == 1


async def test_late_admission_of_the_same_run_does_not_stop_the_agent(
    hub: Running, cast: Cast, settings: Settings
) -> None:
    """Its first attempt to connect was admitted after its second one, elsewhere: no clone, so it is sent back, not stopped."""
    device = cast.device(cast.bob)
    async with running(settings) as second, connected(hub, device) as alive, connected(second, device):
        await alive.batch(1, [minute(2)])

        assert await alive.closed() == Close.DRAINED


async def test_connection_that_is_admitted_after_its_successor_does_not_replace_it(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, device = ingest_module.take_over, cast.device(cast.bob)

    async def earlier(device: int, standing: Standing) -> Admission:
        return msgspec.structs.replace(await real(device, standing), session=0)

    async with connected(hub, device) as successor:
        monkeypatch.setattr(ingest_module, "take_over", earlier)
        async with dialled(hub) as late:
            await late.hello(hub, device)
            code = await late.closed()
        await successor.send(Heartbeat(sent=1))
        await successor.receive(Heartbeat)

    assert code == Close.DRAINED


async def test_device_that_claims_the_last_epoch_gets_no_second_history_in_it(hub: Running, cast: Cast) -> None:
    device = cast.device(cast.bob)
    async with dialled(hub) as agent:
        await agent.hello(hub, device, epoch=2**31 - 1, next_seq=1)

        assert await agent.closed() == Close.INVALID


async def test_numbers_beyond_the_protocols_are_refused(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(2**53, [minute(2), minute(1)])

        assert await agent.closed() == Close.INVALID


async def test_outcome_of_an_earlier_epoch_is_no_ack_of_the_one_in_force(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held_back = Plan.deliver, []

    def late(plan: Plan) -> None:
        held_back.append(plan)

    monkeypatch.setattr(Plan, "deliver", late)
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(1, [minute(2)])
        async with asyncio.timeout(30):
            while not held_back:
                await asyncio.sleep(0.01)
        await agent.send(Renew(epoch=1))
        assert (await agent.receive(Welcome)).epoch == 2
        monkeypatch.setattr(Plan, "deliver", real)
        real(held_back[0])
        await agent.send(Heartbeat())

        assert isinstance(await agent.receive_any(), Heartbeat)


async def test_slow_body_is_cut(hub: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.serving.BODY_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(
        b"POST /agent/v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    "path", ["/x%00y", "/" + "x" * 300, "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/assets/nothing.js"]
)
async def test_address_of_no_file_is_not_found_or_the_page(hub: Running, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()

    assert answer.split(b" ")[1] in {b"404", b"200"}
    assert b"daylight" not in answer.lower() or b"[project]" not in answer


async def test_peer_that_never_reads_is_cut_and_costs_nobody_else(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "SEND_S", 0.3)
    async with dialled(hub) as stalled, connected(hub, cast.device(cast.alice)) as good:
        transport: Any = stalled.socket.transport
        transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        await stalled.hello(hub, cast.device(cast.bob))
        await stalled.receive(Welcome)
        transport.pause_reading()
        refused = FIGURES.refused["too_slow"]
        async with asyncio.timeout(30):
            while FIGURES.refused["too_slow"] == refused and not transport.is_closing():
                with contextlib.suppress(Exception):
                    for _ in range(500):
                        await asyncio.wait_for(stalled.send(Heartbeat(sent=1)), 0.2)
                await good.send(Heartbeat(sent=2))
                await good.receive(Heartbeat)

        await good.batch(1, [minute(1)])
        assert await good.receive(Ack) == Ack(epoch=1, seq=1)
        transport.abort()


async def test_silent_connection_is_ended(hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents_module, "SILENCE_MAX_S", 0.0)
    monkeypatch.setattr(agents_module, "SWEEP_S", 0.05)
    hub.hub.ingest.registry._sweeper.cancel()  # type: ignore[union-attr]
    hub.hub.ingest.registry.start()
    async with connected(hub, cast.device(cast.bob)) as agent:
        assert await agent.closed() == Close.SILENT


async def test_log_of_a_refused_peer_holds_no_content(
    hub: Running, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected(hub, cast.device(cast.bob), text=True) as agent:
        await agent.socket.send(
            '{"t":"batch","epoch":1,"first_seq":1,"events":[{"t":"interval","facts":{"title":"SECRET-TITLE"}}]}'
        )
        assert await agent.closed() == Close.INVALID

    said = "".join(capsys.readouterr())
    assert "SECRET-TITLE" not in said


async def test_drain_acks_what_was_received_and_tells_everybody_to_come_back(hub: Running, cast: Cast) -> None:
    async with connected(hub, cast.device(cast.bob)) as agent:
        await agent.batch(1, [minute(1)])
        await agent.receive(Ack)
        stopping = asyncio.create_task(hub.stop())
        drain = await agent.receive_any()

        assert type(drain).__name__ == "Drain"
        assert await agent.closed() == Close.DRAINED
        await asyncio.wait_for(stopping, 15)


async def test_agent_beyond_those_who_can_be_admitted_in_time_is_told_to_come_later(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = cast.device(cast.bob)
    monkeypatch.setattr(serving_module, "ARRIVING_MAX", 1)
    async with dialled(hub) as arriving:
        with pytest.raises(InvalidStatus) as refused:
            async with dialled(hub):
                pass
        await arriving.hello(hub, device)
        await arriving.receive(Welcome)

        assert refused.value.response.status_code == 503
        async with connected(hub, cast.device(cast.charlie)) as another:  # nobody is on the way any more
            assert another.welcomed is not None


async def test_silent_sockets_of_one_address_keep_out_nobody_of_another(
    hub: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "ARRIVING_MAX", 4)
    async with contextlib.AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(dialled(hub, local_addr=("127.0.0.9", 0))) for _ in range(4)]
        with pytest.raises(InvalidStatus):
            async with dialled(hub, local_addr=("127.0.0.9", 0)):
                pass
        agent = await stack.enter_async_context(dialled(hub))
        await agent.hello(hub, cast.device(cast.bob))
        await agent.receive(Welcome)

        with pytest.raises(ConnectionClosed):
            await silent[3].receive_any()
            await silent[3].receive_any()
        await silent[0].hello(hub, cast.device(cast.charlie))
        await silent[0].receive(Welcome)


@pytest.mark.parametrize("path", ["/%61gent/v1", "/agent%2Fv1", "/agent/v1?x=/"])
async def test_nobody_gets_past_the_limit_by_another_spelling(
    hub: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(serving_module, "ARRIVING_MAX", 0)
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{hub.port}{path}")
    assert refused.value.response.status_code == 503
