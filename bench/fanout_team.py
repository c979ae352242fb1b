"""The team of `fanout.py`: 100 people who each change once a second, spread evenly over it.

`python -m bench.fanout_team` takes a `Plan` as one line of JSON on its input and prints `ready` once everybody was told of. It changes them
until its input ends, and then prints how many changes there were and the time of each person's last. What it tells, and to whom:

- `feed`: each change into the feed of a hub, as another hub process would.
- `changes`: each change as one message, which is the person's tile as it is in a frame of ours.
- `frames`: our coalesced frames, made by the hub's own code at the hub's tick.
- `one`: one and the same frame of ours, `RAW_EVERY_S` apart.
"""

import asyncio
import contextlib
import sys
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import structlog
import uvloop

from hub.feed.record import Record
from hub.feed.redis import RedisFeed
from hub.live.presence import unite
from hub.live.team import Member, TeamView
from hub.live.view import TICK_S
from hub.wire.activity import Facts
from hub.wire.today import Today

RAW_EVERY_S = 0.05
APPS = ("VS Code", "Slack", "Figma", "Chrome", "Excel", "Outlook", "Terminal", "Zoom")

What = Literal["feed", "changes", "frames", "one"]


class Person(msgspec.Struct):
    person: int
    team: int
    membership: int
    name: str


class Plan(msgspec.Struct):
    what: What
    people: list[Person]
    to: Literal["feed", "lines", "nats", "nchan"]
    port: int = 0
    url: str = ""


class Told(msgspec.Struct):
    changes: int
    """To each viewer."""
    messages: int
    latest: dict[int, float]


def record_of(one: Person, n: int, now: datetime) -> Record:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Record(
        device=one.person,
        person=one.person,
        team=one.team,
        membership=one.membership,
        session=1,
        n=n,
        hub="bench",
        connected=True,
        at=now,
        facts=Facts(app=APPS[(one.person + n) % len(APPS)], last_input_at=now - timedelta(seconds=2)),
        since_at=now - timedelta(seconds=5),
        today=Today(
            starts_at=midnight,
            ends_at=midnight + timedelta(days=1),
            active_s=12_345.6 + n,
            counted_until=now - timedelta(seconds=30),
            expected_s=28_800,
        ),
    )


class Sink:
    """Where messages go: a server of somebody else, by the cheapest way in that it has."""

    def __init__(self, plan: Plan) -> None:
        self._to = plan.to
        self._port = plan.port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        if self._to == "nats":
            self._writer.write(b'CONNECT {"verbose":false,"pedantic":false}\r\n')
        self._drain = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while data := await self._reader.read(65_536):
            if self._to == "nats" and b"PING\r\n" in data:
                self._writer.write(b"PONG\r\n")

    def send(self, message: bytes) -> None:
        size = len(message)
        if self._to == "nats":
            self._writer.write(b"PUB team %d\r\n%b\r\n" % (size, message))
        elif self._to == "nchan":
            self._writer.write(b"POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (size, message))
        else:
            self._writer.write(message + b"\n")


class Team:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.told = Told(0, 0, {})
        self._feed = RedisFeed(plan.url, "bench") if plan.what == "feed" else None
        self._sink = Sink(plan)
        self._view = TeamView(1)
        self._view.members(Member(person=one.person, name=one.name, membership=one.membership) for one in plan.people)
        self._n = 0

    async def open(self) -> None:
        if self._feed is None:
            await self._sink.open()
            return
        await self._feed.start(lambda change: None, lambda healthy: None, lambda: None)
        await self._feed.publish(
            self.plan.people[0].team, [record_of(one, 1, datetime.now(UTC)) for one in self.plan.people]
        )
        self._n = 1

    async def run(self, over: asyncio.Event) -> None:
        if self.plan.what == "one":
            await self._repeat(over)
            return
        ticking = asyncio.create_task(self._tick()) if self.plan.what == "frames" else None
        clock = asyncio.get_running_loop()
        due = clock.time()
        while not over.is_set():
            self._n += 1
            for one in self.plan.people:
                due += 1 / len(self.plan.people)
                await asyncio.sleep(due - clock.time())
                await self._change(one)
        if ticking:
            await asyncio.sleep(TICK_S * 2)
            ticking.cancel()

    async def _change(self, one: Person) -> None:
        now = datetime.now(UTC)
        made = record_of(one, self._n, now)
        self.told.latest[one.person] = now.timestamp()
        self.told.changes += 1
        if self._feed is not None:
            await self._feed.publish(one.team, [made])
        elif self.plan.what == "changes":
            self._send(msgspec.json.encode(unite(one.person, one.name, False, [made], now, lambda hub: "live")))
        else:
            self._view.records.by_person[one.person] = {one.person: made}
            self._view._touched.add(one.person)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if frame := self._frame():
                self._send(frame)

    def _frame(self) -> bytes | None:
        before, now = self._view.rev, datetime.now(UTC)
        if not self._view.settle(now, lambda hub: "live"):
            return None
        frame = self._view.delta(before, now)
        assert frame is not None
        return frame[4:]  # the head of a frame of 126 bytes to 64 KiB

    async def _repeat(self, over: asyncio.Event) -> None:
        share = self.plan.people[: round(len(self.plan.people) * TICK_S)]
        self._frame()
        now = datetime.now(UTC)
        for one in share:
            self._view.records.by_person[one.person] = {one.person: record_of(one, 1, now)}
            self._view._touched.add(one.person)
        frame = self._frame()
        assert frame is not None
        self.told.latest = {one.person: now.timestamp() for one in share}
        while not over.is_set():
            self._send(frame)
            self.told.changes += len(share)
            await asyncio.sleep(RAW_EVERY_S)

    def _send(self, message: bytes) -> None:
        self.told.messages += 1
        self._sink.send(message)


async def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    team = Team(plan)
    await team.open()
    print("ready", flush=True)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, over.set)
    await team.run(over)
    asyncio.get_running_loop().remove_reader(0)
    print(msgspec.json.encode(team.told).decode(), flush=True)
    with contextlib.suppress(AttributeError):
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what is said on stdout is answers
    uvloop.run(main())
