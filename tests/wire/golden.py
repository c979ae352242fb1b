"""The frames of version 1 as bytes, kept for ever: what an agent of today sends, every later hub must read, and the other way round.

`python -m tests.wire.golden` writes the files of frames that have none. It never touches a file that exists.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from hub.wire.activity import Facts
from hub.wire.agent import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Ack,
    Batch,
    Challenge,
    Drain,
    FromAgent,
    FromHub,
    Heartbeat,
    Hello,
    Loss,
    PolicyUpdate,
    Presence,
    Rejected,
    Renew,
    Resend,
    Welcome,
)
from hub.wire.events import Gap, Interval
from hub.wire.frames import Codec, agent_side, hub_side, viewer_browser_side, viewer_hub_side
from hub.wire.pause import Declared, Pause
from hub.wire.policy import Policy, Started
from hub.wire.viewer import (
    Beat,
    Delta,
    FromViewer,
    Snapshot,
    Stale,
    Subscribe,
    TeamName,
    Teams,
    Tile,
    ToViewer,
    ViewerAck,
)

FOLDER = Path(__file__).parent / "golden" / "v1"
AT = datetime(2026, 3, 2, 10, 14, 0, 250_000, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
DEVICE = "0b9f7a52-6a3e-4c59-9d0a-3f5d6f1b2c84"
FACTS = Facts(
    app="Éditeur",
    site="wiki.example.org",
    title="Plan 📋 — draft",
    last_input_at=AT,
    call=True,
    media=True,
    presenting=True,
    locked=True,
    on_break=True,
)
INTERVAL = Interval(
    started_at=AT,
    ended_at=LATER,
    wall_at=datetime(2026, 3, 2, 10, 13, 58, 1, tzinfo=UTC),
    zone_min=-570,
    policy=7,
    hub_clock=False,
    facts=FACTS,
    first_input_at=AT,
    keys=120,
    clicks=8,
    scrolls=1_000_000,
)
BARE = Interval(started_at=AT, ended_at=LATER, wall_at=AT, zone_min=60, policy=1)
GAP = Gap(started_at=AT, ended_at=LATER, wall_at=AT, zone_min=345, policy=7, hub_clock=False)
POLICY = Policy(version=7, idle_limit_s=600, app=True, site=True, title=True, input_counts=True)

FROM_AGENT: dict[str, msgspec.Struct] = {
    "hello": Hello(
        device=DEVICE,
        epoch=3,
        next_seq=42,
        digest=bytes(range(8)),
        signature=bytes(range(64)),
        instance="c3a1",
        version="0.1.0",
        system="Linux X11",
        policy=7,
        capabilities=["counts", "calls"],
    ),
    "hello-first": Hello(device=DEVICE, epoch=0, next_seq=1),
    "renew": Renew(epoch=3),
    "presence": Presence(n=9, at=AT, policy=7, facts=FACTS, since_at=AT),
    "presence-private": Presence(n=0, at=AT, policy=7, facts=Facts(private=True)),
    "batch": Batch(epoch=3, first_seq=2**53, events=[INTERVAL, BARE, GAP]),
    "loss": Loss(epoch=3, from_seq=40, to_seq=41, reason="spool full"),
    "heartbeat": Heartbeat(sent=123_456_789),
    "heartbeat-declared": Heartbeat(sent=1, declared=Declared(kind="private", at=AT, until_at=LATER)),
    "heartbeat-started": Heartbeat(sent=1, starts=[Started(since_at=AT, until_at=LATER)]),
    "heartbeat-health": Heartbeat(sent=123_456_789, unsent=12_000, skew_ms=-90_250),
}
FROM_HUB: dict[str, msgspec.Struct] = {
    "challenge": Challenge(nonce=bytes(range(32))),
    "welcome": Welcome(
        session=2**40,
        epoch=4,
        acked=41,
        digest=bytes(range(8)),
        hub_at=AT,
        credit=4,
        policy=POLICY,
        stored_until=LATER,
        acked_before=40,
    ),
    "welcome-first": Welcome(
        session=1, epoch=1, acked=0, digest=b"", hub_at=AT, credit=1, policy=Policy(version=1, app=True)
    ),
    "welcome-paused": Welcome(
        session=1,
        epoch=1,
        acked=0,
        digest=b"",
        hub_at=AT,
        credit=1,
        policy=Policy(version=1, app=True),
        pause=Pause(kind="break", since_at=AT),
    ),
    "welcome-started": Welcome(
        session=1,
        epoch=1,
        acked=0,
        digest=b"",
        hub_at=AT,
        credit=1,
        policy=Policy(version=1, app=True),
        starts=[Started(since_at=AT, until_at=LATER)],
    ),
    "ack": Ack(epoch=3, seq=41),
    "resend": Resend(epoch=3, from_seq=40),
    "rejected": Rejected(epoch=3, seq=41, reason="outside_horizon", receipt="5f1c"),
    "policy": PolicyUpdate(policy=POLICY),
    "policy-declared": PolicyUpdate(policy=POLICY, declared_at=AT),
    "policy-paused": PolicyUpdate(policy=POLICY, pause=Pause(kind="private", since_at=AT, until_at=LATER)),
    "policy-started": PolicyUpdate(
        policy=POLICY,
        starts=[Started(since_at=AT, until_at=LATER), Started(since_at=LATER, until_at=LATER)],
        heard=[Started(since_at=AT, until_at=LATER)],
    ),
    "drain": Drain(retry_ms=1500),
    "heartbeat-answer": Heartbeat(hub_at=AT, sent=123_456_789),
}
FROM_VIEWER: dict[str, msgspec.Struct] = {
    "subscribe": Subscribe(teams=[1, 2]),
    "subscribe-all": Subscribe(),
    "subscribe-viewport": Subscribe(teams=[1], viewport=[40, 41]),
    "viewer-ack": ViewerAck(team=1, rev=17),
    "viewer-ack-part": ViewerAck(team=1, rev=17, part=3),
}
TO_VIEWER: dict[str, msgspec.Struct] = {
    "teams": Teams(teams=[TeamName(id=1, name="Support")], now=AT),
    "snapshot": Snapshot(
        team=1,
        epoch="a1:3",
        rev=17,
        now=AT,
        part=1,
        parts=2,
        tiles=[
            Tile(
                person=5,
                name="Zoë Ångström",
                link="live",
                facts=FACTS,
                at=AT,
                since_at=AT,
                idle_limit_s=600,
                simulated=True,
            ),
            Tile(person=6, name="Bo"),
        ],
    ),
    "delta": Delta(team=1, epoch="a1:3", rev=18, now=AT, tiles=[Tile(person=6, name="Bo", link="unknown")], gone=[5]),
    "stale": Stale(since_at=AT),
    "stale-over": Stale(),
    "beat": Beat(now=AT),
}

Case = tuple[str, msgspec.Struct, "Codec[Any]"]


def cases() -> dict[str, Case]:
    """For each golden file: its name, the frame in it, and the codec that receives it."""
    found: dict[str, Case] = {}
    for frames, receiver in ((FROM_AGENT, hub_side), (FROM_HUB, agent_side)):
        for name, frame in frames.items():
            found[f"{name}.bin"] = (name, frame, receiver(SUBPROTOCOL_MSGPACK))
            found[f"{name}.json"] = (name, frame, receiver(SUBPROTOCOL_JSON))
    for frames, codec in ((FROM_VIEWER, viewer_hub_side()), (TO_VIEWER, viewer_browser_side())):
        for name, frame in frames.items():
            found[f"{name}.json"] = (name, frame, codec)
    return found


def every_frame() -> set[type]:
    """The types that must have a golden file."""
    return {member for union in (FromAgent, FromHub, FromViewer, ToViewer) for member in get_args(union)}


def write_missing(folder: Path = FOLDER) -> list[str]:
    """Writes the files that are not there yet, and returns their names. Existing files stay as they are, whatever is in them."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (_, frame, codec) in cases().items():
        try:
            with (folder / name).open("xb") as file:
                file.write(codec.encode(frame))
        except FileExistsError:
            continue
        written.append(name)
    return written


if __name__ == "__main__":
    sys.stdout.write(
        "".join(f"{name}\n" for name in write_missing()) or "Every frame has its file; none was touched.\n"
    )
