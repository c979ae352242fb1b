"""The protocol core, by bytes and injected times."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.outputs import (
    Acked,
    ClockLearned,
    PauseChanged,
    PolicyChanged,
    Quarantined,
    Ready,
    Reconnect,
    Renumbered,
    Send,
    StartsChanged,
    Stop,
)
from agents.presence import Shown
from agents.spool import MemorySpool
from hub.wire.activity import Facts
from hub.wire.agent import (
    FRAME_MAX_BYTES,
    Ack,
    Batch,
    Drain,
    Heartbeat,
    Hello,
    Loss,
    PolicyUpdate,
    Presence,
    Rejected,
    Renew,
    Resend,
    signed_bytes,
)
from hub.wire.closing import Close
from hub.wire.events import Interval
from hub.wire.pause import Declared, Pause
from hub.wire.policy import DEFAULT, Policy, Started

from .wires import DEVICE, IDENTITY, T0, ModelHub, Wire, event, events


def filled(count: int, epoch: int = 1) -> MemorySpool:
    spool = MemorySpool()
    spool.renumber(epoch)
    spool.append(events(count))
    return spool


def test_hello_answers_the_challenge_and_signs_nonce_origin_and_position() -> None:
    wire = Wire(filled(3))

    [hello] = wire.say(wire.hub.challenge())

    assert isinstance(hello, Hello)
    assert (hello.device, hello.epoch, hello.next_seq) == (DEVICE, 1, 4)
    assert hello.digest == wire.spool.digest_of(3)
    assert hello.signature == IDENTITY.sign(signed_bytes(b"n" * 32, IDENTITY.origin, DEVICE, 1, 4))


def test_first_welcome_gives_the_epoch_and_moves_what_waited_into_it() -> None:
    spool = MemorySpool()
    spool.append(events(2))
    wire = Wire(spool).open()

    assert Renumbered(0, 1, [(1, 1), (2, 2)]) in wire.outputs
    assert Ready(1, 1) in wire.outputs
    assert set(wire.hub.stored) == {(1, 1), (1, 2)}
    assert spool.depth().events == 0


def test_event_stays_until_its_ack() -> None:
    wire = Wire(filled(2)).open()
    wire.spool.append(events(2, first=2))

    wire.take(wire.session.flush(wire.now_ms))

    assert wire.spool.depth().events == 2
    assert not wire.session.settled
    wire.exchange()
    assert wire.spool.depth().events == 0
    assert wire.session.settled


def test_ack_of_part_deletes_only_that_part() -> None:
    wire = Wire(filled(4))
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())

    wire.say(Ack(epoch=1, seq=2))

    assert wire.spool.acked == 2
    assert wire.spool.peek(3, 10, 1000) == events(2, first=2)


def test_ack_of_an_old_epoch_deletes_nothing() -> None:
    wire = Wire(filled(2, epoch=5))
    wire.hub.epoch = 5
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())

    wire.say(Ack(epoch=4, seq=2))

    assert wire.spool.acked == 0


def test_ack_for_what_was_never_sent_closes_and_deletes_nothing() -> None:
    wire = Wire(filled(2))
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())

    wire.say(Ack(epoch=1, seq=3))

    assert wire.closes() == [Close.INVALID]
    assert wire.spool.depth().events == 2


def test_no_more_batches_in_flight_than_credit() -> None:
    wire = Wire(filled(2_600), ModelHub(credit=3))
    wire.say(wire.hub.challenge())

    sent = wire.say(wire.hub.welcome())

    assert [frame.first_seq for frame in sent if isinstance(frame, Batch)] == [1, 501, 1001]
    [more] = wire.say(Ack(epoch=1, seq=500))
    assert isinstance(more, Batch)
    assert more.first_seq == 1501


def test_batches_of_long_titles_stay_well_under_the_frame_limit() -> None:
    spool = MemorySpool()
    long = Facts(app="\N{GRINNING FACE}" * 200, site="s" * 255, title="\N{GRINNING FACE}" * 500)
    spool.append([msgspec.structs.replace(event(n), facts=long) for n in range(500)])
    wire = Wire(spool, ModelHub(credit=100))
    wire.say(wire.hub.challenge())

    outputs = wire.session.receive(wire.writes.encode(wire.hub.welcome()), wire.now_ms)

    sizes = [len(output.data) for output in outputs if isinstance(output, Send)]
    assert len(sizes) > 5
    assert max(sizes) < FRAME_MAX_BYTES * 3 // 4


def test_events_wait_for_the_phase_of_the_minute() -> None:
    wire = Wire(filled(0), phase_ms=30_000).open()
    wire.spool.append([event(0)])

    assert not any(isinstance(f, Batch) for f in wire.take(wire.session.tick(1_000_000 + 29_000)))
    due = 1_000_000 + (30_000 - 1_000_000) % 60_000
    assert any(isinstance(f, Batch) for f in wire.take(wire.session.tick(due)))
    assert wire.session.next_tick_ms() > due


def test_full_batch_does_not_wait_for_the_phase() -> None:
    wire = Wire(filled(0)).open()
    wire.spool.append(events(500))

    assert [len(f.events) for f in wire.take(wire.session.tick(wire.now_ms)) if isinstance(f, Batch)] == [500]


def test_ack_lost_with_the_connection_is_learned_at_the_next_welcome() -> None:
    hub = ModelHub()
    first = Wire(filled(3), hub)
    first.say(hub.challenge())
    first.say(hub.answer(first.to_hub.pop(0))[0])
    hub.answer(first.to_hub.pop(0))  # committed, but the ack never arrives

    again = Wire(first.spool, hub).open()

    assert Acked(1, 3) in again.outputs
    assert again.spool.depth().events == 0
    assert len(hub.stored) == 3
    assert sum(isinstance(frame, Batch) for frame in hub.seen) == 1


def test_resend_goes_back_to_the_number_asked_for() -> None:
    wire = Wire(filled(1_200), ModelHub(credit=3))
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())

    again = wire.say(Resend(epoch=1, from_seq=1))

    assert [frame.first_seq for frame in again if isinstance(frame, Batch)] == [1, 501, 1001]


def test_echoed_resends_do_not_break_the_credit() -> None:
    wire = Wire(filled(1_200), ModelHub(credit=3))
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())
    wire.say(Resend(epoch=1, from_seq=1))

    assert wire.say(Resend(epoch=1, from_seq=1)) == []
    assert wire.say(Resend(epoch=1, from_seq=1)) == []
    assert len(wire.say(Resend(epoch=1, from_seq=1))) == 3


def test_resend_repeated_much_later_is_obeyed() -> None:
    wire = Wire(filled(1_200), ModelHub(credit=3))
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())
    wire.say(Resend(epoch=1, from_seq=1))
    wire.now_ms += 10_000

    assert len(wire.say(Resend(epoch=1, from_seq=1))) == 3


def test_hub_restored_from_backup_is_told_what_is_gone() -> None:
    spool = filled(5)
    spool.ack(4)
    hub = ModelHub()
    for n in range(1, 3):
        hub.stored[1, n] = event(n - 1)
    hub.acked = 2

    wire = Wire(spool, hub).open()

    assert [f for f in hub.seen if isinstance(f, Loss)] == [Loss(epoch=1, from_seq=3, to_seq=4, reason="acked before")]
    assert set(hub.stored) | set(hub.lost) == {(1, n) for n in range(1, 6)}
    assert wire.spool.depth().events == 0


def test_loss_in_the_spool_is_declared_in_its_place() -> None:
    spool = filled(5)
    spool.lose(2, 3, "spool full")

    hub = Wire(spool).open().hub

    kinds = [type(frame) for frame in hub.seen if isinstance(frame, Batch | Loss)]
    assert kinds == [Batch, Loss, Batch]
    assert set(hub.lost) == {(1, 2), (1, 3)}


def test_restored_device_disk_gets_a_new_epoch_and_sends_only_what_the_hub_has_not() -> None:
    hub = ModelHub()
    for n in range(1, 6):
        hub.stored[1, n] = event(n - 1)
    hub.acked = 5
    spool = filled(4)  # a backup of when four were there, none acked
    spool.append([event(60), event(61)])  # other history under numbers 5 and 6

    wire = Wire(spool, hub).open()

    assert any(isinstance(frame, Renew) for frame in hub.seen)
    assert Renumbered(1, 2, [(5, 1), (6, 2)]) in wire.outputs
    assert {item.started_at for (epoch, _), item in hub.stored.items() if epoch == 2} == {
        event(60).started_at,
        event(61).started_at,
    }


def test_hub_that_knows_more_than_we_ever_numbered_is_asked_for_a_new_epoch() -> None:
    wire = Wire(filled(2))
    wire.hub.acked = 9
    wire.say(wire.hub.challenge())

    sent = wire.say(wire.hub.welcome())

    assert [type(frame) for frame in sent] == [Renew]


def test_hub_that_gives_no_new_epoch_is_left() -> None:
    wire = Wire(filled(2))
    wire.hub.acked = 9
    wire.say(wire.hub.challenge())
    wire.say(wire.hub.welcome())

    assert wire.say(wire.hub.welcome()) == []
    assert wire.closes() == [Close.INVALID]


def test_quarantined_event_is_reported_without_content() -> None:
    wire = Wire(filled(1)).open()

    wire.say(Rejected(epoch=1, seq=1, reason="horizon", receipt="q1"))

    assert wire.outputs[-1] == Quarantined(1, 1, "horizon", "q1")


def test_policy_comes_with_the_welcome_and_later() -> None:
    wire = Wire()
    wire.hub.policy = Policy(version=2, app=True)
    wire.open()
    wire.say(PolicyUpdate(policy=Policy(version=3)))
    wire.say(PolicyUpdate(policy=Policy(version=3)))

    changed = [output.policy.version for output in wire.outputs if isinstance(output, PolicyChanged)]
    assert changed == [2, 3]


def test_declared_time_comes_with_the_welcome_and_later_and_what_was_recorded_in_it_is_sent_without_content() -> None:
    wire = Wire()
    started = event(0).started_at
    wire.spool.append([msgspec.structs.replace(event(n), facts=Facts(app="Bank")) for n in range(2)])
    pause = Pause(kind="private", since_at=started)
    wire.say(wire.hub.challenge())

    sent = wire.say(msgspec.structs.replace(wire.hub.welcome(), pause=pause))
    wire.say(PolicyUpdate(policy=wire.session.policy, pause=pause))
    wire.say(PolicyUpdate(policy=wire.session.policy))

    assert [output for output in wire.outputs if isinstance(output, PauseChanged)] == [
        PauseChanged(pause),
        PauseChanged(None),
    ]
    [batch] = [frame for frame in sent if isinstance(frame, Batch)]
    assert [each.facts for each in batch.events if isinstance(each, Interval)] == [Facts(private=True)] * 2


def test_what_is_declared_here_is_said_until_the_hub_knows_and_its_older_word_does_not_undo_it() -> None:
    wire = Wire().open()
    wire.outputs.clear()
    declared = Declared(kind="break", at=T0)

    first = wire.take(wire.session.declare(declared, wire.now_ms))
    wire.say(PolicyUpdate(policy=wire.session.policy))
    wire.now_ms += 5_000
    second = wire.take(wire.session.tick(wire.now_ms))
    pause = Pause(kind="break", since_at=T0)
    wire.say(PolicyUpdate(policy=wire.session.policy, pause=pause, declared_at=T0))
    wire.now_ms += 5_000
    third = wire.take(wire.session.tick(wire.now_ms))

    said = [[frame.declared for frame in sent if isinstance(frame, Heartbeat)] for sent in (first, second, third)]
    assert said == [[declared], [declared], []]
    assert [output for output in wire.outputs if isinstance(output, PauseChanged)] == [PauseChanged(pause)]


def test_work_started_here_is_said_before_what_is_recorded_in_it_and_until_the_hub_knows() -> None:
    here = Started(since_at=T0, until_at=T0 + timedelta(hours=6))
    ended = msgspec.structs.replace(here, until_at=T0 + timedelta(minutes=1))
    office = Policy(version=4, app=True, hours=((0, 15),), zone="UTC")
    wire = Wire(filled(3))
    wire.hub.policy = office
    wire.session.starts = wire.session.untold = (here,)
    wire.say(wire.hub.challenge())
    welcomed = wire.say(wire.hub.welcome())
    wire.say(PolicyUpdate(policy=office))
    wire.take(wire.session.start((ended,), (ended,), wire.now_ms))
    wire.say(PolicyUpdate(policy=office, starts=[here], heard=[here]))
    wire.now_ms += 5_000
    again = wire.take(wire.session.tick(wire.now_ms))
    wire.say(PolicyUpdate(policy=office, starts=[ended], heard=[ended]))
    wire.now_ms += 5_000
    over = wire.take(wire.session.tick(wire.now_ms))
    resent = wire.say(Resend(epoch=1, from_seq=1))

    assert [type(frame) for frame in welcomed] == [Heartbeat, Batch]
    assert [frame.starts for frame in (welcomed[0], again[0]) if isinstance(frame, Heartbeat)] == [[here], [ended]]
    assert over == []
    assert [output for output in wire.outputs if isinstance(output, StartsChanged)] == [StartsChanged((ended,))]
    batches = [frame for frame in (welcomed[1], *resent) if isinstance(frame, Batch)]
    kept = [[each.facts.app for each in frame.events if isinstance(each, Interval)] for frame in batches]
    assert kept == [["Editor"] * 3, ["Editor", None, None]], "held against it again before it is sent"


def test_clock_is_learned_in_the_middle_of_the_round_trip() -> None:
    wire = Wire()
    wire.say(wire.hub.challenge())
    wire.now_ms += 400

    wire.say(wire.hub.welcome(T0 + timedelta(hours=1)))

    assert ClockLearned() in wire.outputs
    assert wire.clock.at(wire.now_ms - 200) == T0 + timedelta(hours=1)


def test_heartbeat_with_a_shorter_round_trip_corrects_the_clock() -> None:
    wire = Wire()
    wire.say(wire.hub.challenge())
    wire.now_ms += 3_000
    wire.say(wire.hub.welcome(T0 + timedelta(seconds=3)))
    wire.now_ms += 30_000

    wire.say(Heartbeat(hub_at=T0 + timedelta(seconds=33), sent=wire.now_ms))

    assert wire.clock.offset_us == int((T0 + timedelta(seconds=33)).timestamp() * 1e6) - wire.now_ms * 1000


def test_quiet_link_sends_a_heartbeat_with_the_clock() -> None:
    wire = Wire().open()

    sent = wire.take(wire.session.tick(wire.now_ms + 30_000))

    assert [frame.sent for frame in sent if isinstance(frame, Heartbeat)] == [wire.now_ms + 30_000]


def test_heartbeat_tells_what_waits_and_how_far_the_machines_clock_is_off() -> None:
    wire = Wire().open()
    wire.spool.append(events(4))
    wire.wall_at = wire.clock.at(wire.now_ms + 30_000) - timedelta(minutes=3)

    sent = wire.take(wire.session.tick(wire.now_ms + 30_000))

    assert [(frame.unsent, frame.skew_ms) for frame in sent if isinstance(frame, Heartbeat)] == [(4, 180_000)]


def test_what_todays_policy_forbids_is_not_sent_whenever_it_was_captured() -> None:
    wide = Facts(app="Mail", title="To the doctor")
    wire = Wire()
    wire.spool.append([msgspec.structs.replace(event(0), facts=wide)])
    wire.session.present(Shown(facts=wide, since_at=None, policy=2), wire.now_ms)
    wire.open()

    wire.take(wire.session.flush(wire.now_ms))
    wire.exchange()

    assert wire.hub.policy.title is False
    said = [frame.facts for frame in wire.hub.seen if isinstance(frame, Presence)]
    said += [item.facts for frame in wire.hub.seen if isinstance(frame, Batch) for item in frame.events]
    assert said == [Facts(app="Mail"), Facts(app="Mail")]


def test_hub_that_acks_nothing_is_asked_however_much_is_said_to_it() -> None:
    """A hub whose database is away: presence goes out, no ack comes back. Its answer to a heartbeat keeps the link."""
    wire = Wire().open()
    asked = []

    for second in range(1, 200):
        wire.now_ms += 1000
        wire.session._sent_ms = wire.now_ms  # presence went out in this second
        sent = wire.take(wire.session.tick(wire.now_ms))
        for frame in sent:
            if isinstance(frame, Heartbeat):
                asked.append(second)
                wire.say(Heartbeat(hub_at=T0 + timedelta(seconds=second), sent=frame.sent))

    assert wire.closes() == []
    assert len(asked) >= 6


def test_hub_that_is_not_heard_is_left() -> None:
    wire = Wire().open()

    wire.take(wire.session.tick(wire.now_ms + 74_999))
    assert wire.closes() == []
    wire.take(wire.session.tick(wire.now_ms + 75_000))
    assert wire.closes() == [Close.SILENT]


def test_handshake_that_never_ends_is_left() -> None:
    wire = Wire()
    wire.say(wire.hub.challenge())

    wire.take(wire.session.tick(wire.session.next_tick_ms()))

    assert wire.closes() == [Close.HANDSHAKE_TIMEOUT]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\xc1", Close.MALFORMED), (b"\x81\xa1t\xa4what", Close.UNKNOWN_TYPE), ("text", Close.MALFORMED)],
)
def test_what_is_no_frame_closes(data: bytes | str, code: Close) -> None:
    wire = Wire()

    wire.take(wire.session.receive(data, wire.now_ms))

    assert wire.closes() == [code]


@pytest.mark.parametrize("frame", [Ack(epoch=1, seq=1), PolicyUpdate(policy=DEFAULT), Heartbeat()])
def test_frame_before_the_challenge_closes(frame: msgspec.Struct) -> None:
    wire = Wire()

    wire.say(frame)

    assert wire.closes() == [Close.WRONG_PHASE]


def test_presence_is_sent_at_once_then_coalesced() -> None:
    wire = Wire().open()

    first = wire.take(wire.session.present(Shown(Facts(app="a"), None, 1), wire.now_ms + 1_000))
    second = wire.take(wire.session.present(Shown(Facts(app="b"), None, 1), wire.now_ms + 1_100))
    wire.take(wire.session.present(Shown(Facts(app="c"), None, 1), wire.now_ms + 1_200))
    third = wire.take(wire.session.tick(wire.session.next_tick_ms()))

    assert [frame.facts.app for frame in first if isinstance(frame, Presence)] == ["a"]
    assert second == []
    assert [(frame.n, frame.facts.app) for frame in third if isinstance(frame, Presence)] == [(2, "c")]


def test_presence_from_before_the_welcome_goes_with_it() -> None:
    wire = Wire()
    assert wire.session.present(Shown(Facts(app="a"), None, 1), wire.now_ms) == []

    wire.open()

    assert any(isinstance(frame, Presence) for frame in wire.hub.seen)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1006, Reconnect(None)),
        (1012, Reconnect(None)),
        (4102, Reconnect(None)),
        (4201, Stop("renew", 4201)),
        (4300, Stop("stop", 4300)),
    ],
)
def test_close_code_tells_the_duty(code: int, expected: object) -> None:
    assert Wire().session.closed(code, 0) == [expected]


def test_drain_names_the_time_to_come_back_and_sends_no_more_batches() -> None:
    wire = Wire(filled(0)).open()
    wire.spool.append([event(0)])

    wire.say(Drain(retry_ms=1234))

    assert wire.session.flush(wire.now_ms) == []
    assert wire.session.closed(4100, wire.now_ms) == [Reconnect(1234)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["make", "flush", "drop", "lose", "cut"]), st.integers(1, 40)), max_size=40))
def test_everything_generated_is_stored_or_declared_once_whatever_is_cut(steps: list[tuple[str, int]]) -> None:
    """Invariants 1 and 2 against the model hub: frames and answers are lost at any point by cutting the connection."""
    hub, spool = ModelHub(credit=2), MemorySpool()
    spool.renumber(1)
    made = 0
    wire = Wire(spool, hub).open()
    for step, amount in steps:
        if step == "make":
            spool.append(events(amount, first=made))
            made += amount
        elif step == "lose":
            spool.lose(spool.acked + 1, spool.acked + amount, "test")
        elif step == "flush":
            wire.take(wire.session.flush(wire.now_ms))
            wire.exchange()
        else:
            wire.take(wire.session.flush(wire.now_ms))
            for frame in wire.to_hub[: amount % 3]:
                for answer in hub.answer(frame):
                    if step == "cut":
                        wire.session.receive(wire.writes.encode(answer), wire.now_ms)
            wire = Wire(spool, hub).open()
        assert {(1, seq) for seq in range(1, spool.acked + 1)} <= set(hub.stored) | set(hub.lost)
    Wire(spool, hub).open()

    assert set(hub.stored) | set(hub.lost) == {(1, seq) for seq in range(1, made + 1)}
    assert not set(hub.stored) & set(hub.lost)
    assert {item.started_at for item in hub.stored.values()} <= {e.started_at for e in events(made)}
