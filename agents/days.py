"""Believable working days of people who don't exist: when they begin, what they do, when they rest. Pure, and the same for the same seed.

A day is a `Plan`: blocks of time, each of one kind. `agents/moments.py` turns blocks into what sensors would say. Nothing here knows of
hubs or sockets; the simulator and tests call it.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

Kind = Literal[
    "focus", "browse", "chat", "reading", "meeting", "listening", "presenting", "video", "away", "locked", "break",
    "private", "sleep",
]  # fmt: skip

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ZONES = (
    ("Europe/Oslo", 4), ("Europe/London", 3), ("Europe/Berlin", 3), ("Africa/Lagos", 2), ("Asia/Kolkata", 2),
    ("America/New_York", 3), ("America/Sao_Paulo", 1), ("Asia/Tokyo", 1), ("Australia/Adelaide", 1),
)  # fmt: skip
"""With weights. Kolkata and Adelaide have half-hours."""
SICK_SHARE = 0.04
"""Of working days: ill, on leave, travelling."""
SATURDAY_SHARE = 0.05
EVENING_SHARE = 0.08
PRIVATE_SHARE = 0.06
NAP_SHARE = 0.25
"""Of working days: the machine is carried somewhere with its lid closed."""
REST_MS = (20 * MINUTE_MS, 90 * MINUTE_MS)
"""Between two shifts of somebody who never goes home (`around_the_clock`)."""


class Work(msgspec.Struct, frozen=True):
    """What a kind of job is made of."""

    apps: tuple[tuple[str, str | None, str], ...]
    """`(app, site, title)`, the main one first."""
    meetings: float
    """Mean number a day."""
    keys: int
    """Keys a minute when busy."""


JOBS = {
    "engineer": Work(
        (
            ("VS Code", None, "ledger.py - payments - Visual Studio Code"),
            ("Terminal", None, "make test"),
            ("Chrome", "github.com", "Settle refunds twice a day by asolberg · Pull Request #412"),
            ("Chrome", "docs.python.org", "asyncio - Asynchronous I/O"),
            ("DataGrip", None, "console [reporting]"),
        ),
        2.2,
        110,
    ),
    "designer": Work(
        (
            ("Figma", None, "Checkout v4 - Figma"),
            ("Chrome", "www.notion.so", "Research: first payment"),
            ("Photoshop", None, "hero-dark.psd @ 66.7%"),
            ("Chrome", "dribbble.com", "Popular shots"),
        ),
        2.6,
        35,
    ),
    "supporter": Work(
        (
            ("Chrome", "halden.zendesk.com", "Ticket 88214: payout missing"),
            ("Chrome", "admin.halden.example", "Merchant 20417"),
            ("Excel", None, "open-cases.xlsx"),
            ("Outlook", None, "Inbox"),
        ),
        1.6,
        80,
    ),
    "accountant": Work(
        (
            ("Excel", None, "close-2026-Q3.xlsx"),
            ("Outlook", None, "Inbox"),
            ("Chrome", "app.netsuite.com", "Journal entry"),
            ("Acrobat", None, "statement-09.pdf"),
        ),
        1.8,
        60,
    ),
    "lead": Work(
        (
            ("Outlook", None, "Inbox"),
            ("Chrome", "docs.google.com", "Plan for the quarter"),
            ("PowerPoint", None, "steering.pptx"),
            ("Chrome", "halden.atlassian.net", "Board"),
        ),
        4.6,
        50,
    ),
}
CHATS = (("Slack", None, "#general"), ("Slack", None, "#incidents"), ("Slack", None, "Direct message"))
CALLS = (("Zoom", None, "Zoom Meeting"), ("Chrome", "meet.google.com", "Meet"), ("Teams", None, "Weekly"))
BROWSING = (
    ("Chrome", "www.google.com", "Search"),
    ("Chrome", "news.ycombinator.com", "Hacker News"),
    ("Chrome", "www.bbc.com", "News"),
    ("Chrome", "en.wikipedia.org", "Double-entry bookkeeping"),
    ("Chrome", "calendar.google.com", "Calendar"),
)
VIDEOS = (("Chrome", "www.youtube.com", "Talk"), ("VLC", None, "recording.mp4"))


class Traits(msgspec.Struct, frozen=True):
    """Somebody's habits, the same every day."""

    person: str
    seed: int
    job: str
    zone: str
    begins_min: int
    """Local minutes after midnight at which they mostly begin."""
    works_min: int
    """From beginning to end, lunch included."""
    closes_lid: bool
    """Their machine sleeps at night; the others shut it down."""


class Block(msgspec.Struct, frozen=True):
    """A stretch of a day, in Unix ms."""

    start_ms: int
    end_ms: int
    kind: Kind


class Plan(msgspec.Struct, frozen=True):
    """A stretch of presence: blocks that follow one another without holes."""

    blocks: tuple[Block, ...]
    zone_min: int
    """Offset of the zone from UTC, minutes east."""

    @property
    def start_ms(self) -> int:
        return self.blocks[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.blocks[-1].end_ms


def traits_of(person: str, seed: int, zone: str | None = None) -> Traits:
    """The habits of a person, by name. `zone` overrides the drawn one."""
    rng = random.Random(f"{seed}|{person}")  # noqa: S311
    drawn = rng.choices([name for name, _ in ZONES], [weight for _, weight in ZONES])[0]
    return Traits(
        person=person,
        seed=seed,
        job=rng.choices(list(JOBS), [5, 2, 3, 2, 2])[0],
        zone=zone or drawn,
        begins_min=int(min(11 * 60, max(6 * 60, rng.gauss(8 * 60 + 40, 40)))),
        works_min=int(min(600, max(420, rng.gauss(510, 30)))),
        closes_lid=rng.random() < 0.4,
    )


def plans_of(traits: Traits, day: date) -> list[Plan]:
    """What somebody does on a local day: mostly one plan, none on most weekends, now and then another in the evening."""
    rng = _rng(traits, day.isoformat())
    zone = ZoneInfo(traits.zone)
    if day.weekday() >= 5:
        if day.weekday() == 6 or rng.random() > SATURDAY_SHARE:
            return []
        begins_ms = _local(day, rng.randint(9 * 60, 16 * 60), zone)
        return [_plan(traits, rng, begins_ms, rng.randint(40, 150) * MINUTE_MS, zone)]
    if rng.random() < SICK_SHARE:
        return []
    begins_min = traits.begins_min + int(max(-60, min(90, rng.gauss(0, 14))))
    works_min = traits.works_min + int(max(-90, min(100, rng.gauss(0, 25))))
    plans = [_plan(traits, rng, _local(day, begins_min, zone), works_min * MINUTE_MS, zone)]
    evening_min = max(20 * 60, begins_min + works_min + 60)
    if rng.random() < EVENING_SHARE and evening_min < 22 * 60:
        start_ms = _local(day, rng.randint(evening_min, 22 * 60), zone)
        plans.append(_plan(traits, rng, start_ms, rng.randint(20, 55) * MINUTE_MS, zone))
    return plans


def office_hours(traits: Traits, from_ms: int, until_ms: int | None = None) -> Iterator[Plan]:
    """Plans by the calendar that end after `from_ms` and begin before `until_ms`, in order. Without an end: for ever."""
    day = _day_of(from_ms, traits) - timedelta(days=1)
    while until_ms is None or day <= _day_of(until_ms, traits):
        for plan in plans_of(traits, day):
            if plan.end_ms > from_ms and (until_ms is None or plan.start_ms < until_ms):
                yield plan
        day += timedelta(days=1)


def around_the_clock(traits: Traits, from_ms: int) -> Iterator[Plan]:
    """Plans by the calendar, and other shifts whenever the calendar has none, so that a wall is never empty. Endless."""
    regular = office_hours(traits, from_ms)
    following = next(regular)
    if following.start_ms > from_ms:
        rng = _rng(traits, f"shift {from_ms}")
        begun_ms = int(rng.uniform(0.1, 0.8) * traits.works_min * MINUTE_MS)
        shift = _plan(traits, rng, from_ms - begun_ms, traits.works_min * MINUTE_MS, ZoneInfo(traits.zone))
        if shift.end_ms <= following.start_ms:
            yield shift
            from_ms = shift.end_ms
        else:
            yield _until(shift, following.start_ms)
            from_ms = following.start_ms
    else:
        yield following  # which is under way
        from_ms = following.end_ms
        following = next(regular)
    while True:
        rng = _rng(traits, f"shift {from_ms}")
        start_ms = from_ms + rng.randint(*REST_MS)
        while following.start_ms < from_ms:
            following = next(regular)
        if following.start_ms - start_ms < 2 * REST_MS[0]:
            yield following
            from_ms = following.end_ms
            following = next(regular)
            continue
        shift = _plan(traits, rng, start_ms, traits.works_min * MINUTE_MS, ZoneInfo(traits.zone))
        yield shift if shift.end_ms <= following.start_ms else _until(shift, following.start_ms)
        from_ms = min(shift.end_ms, following.start_ms)


# --- one plan


def _plan(traits: Traits, rng: random.Random, start_ms: int, length_ms: int, zone: ZoneInfo) -> Plan:
    """Fixed points first (meetings, lunch, a nap of the machine, private time), then work between them."""
    start_ms += rng.randrange(MINUTE_MS)
    end_ms = start_ms + length_ms
    blocks: list[Block] = []
    at_ms = start_ms
    for fixed in _fixed_points(traits, rng, start_ms, end_ms):
        blocks += _work(rng, at_ms, fixed.start_ms)
        blocks.append(fixed)
        at_ms = fixed.end_ms
    blocks += _work(rng, at_ms, end_ms)
    offset = datetime.fromtimestamp(start_ms / 1000, zone).utcoffset() or timedelta(0)
    return Plan(tuple(blocks), int(offset.total_seconds() // 60))


def _fixed_points(traits: Traits, rng: random.Random, start_ms: int, end_ms: int) -> list[Block]:
    """Without overlaps, in order, within the plan."""
    wanted: list[Block] = []
    length_ms = end_ms - start_ms
    if length_ms > 5 * HOUR_MS:
        lunch_ms = start_ms + int(rng.gauss(3.6, 0.3) * HOUR_MS)
        minutes = rng.randint(24, 55)
        wanted.append(Block(lunch_ms, lunch_ms + minutes * MINUTE_MS, rng.choice(("locked", "locked", "break"))))
    count = max(0, round(rng.gauss(JOBS[traits.job].meetings, 1) * length_ms / (8 * HOUR_MS)))
    for _ in range(count):
        # Meetings begin at half hours, and mostly a minute late.
        at_ms = int(rng.uniform(start_ms, end_ms)) // (30 * MINUTE_MS) * (30 * MINUTE_MS) + rng.randrange(90_000)
        minutes = rng.choice((15, 25, 30, 30, 45, 55))
        kind: Kind = rng.choices(("meeting", "listening", "presenting"), (50, 40, 10))[0]
        wanted.append(Block(at_ms, at_ms + minutes * MINUTE_MS, kind))
    if rng.random() < NAP_SHARE:
        wanted.append(_somewhere(rng, start_ms, end_ms, "sleep", (8, 50)))
    if rng.random() < PRIVATE_SHARE:
        wanted.append(_somewhere(rng, start_ms, end_ms, "private", (4, 25)))
    taken: list[Block] = []
    for block in wanted:
        inside = start_ms + 5 * MINUTE_MS <= block.start_ms and block.end_ms <= end_ms - 5 * MINUTE_MS
        if inside and all(block.end_ms <= other.start_ms or block.start_ms >= other.end_ms for other in taken):
            taken.append(block)
    return sorted(taken, key=lambda block: block.start_ms)


def _somewhere(rng: random.Random, start_ms: int, end_ms: int, kind: Kind, minutes: tuple[int, int]) -> Block:
    at_ms = int(rng.uniform(start_ms, end_ms))
    return Block(at_ms, at_ms + rng.randint(*minutes) * MINUTE_MS, kind)


# Kind, weight, minutes from and to.
_PIECES: tuple[tuple[Kind, int, int, int], ...] = (
    ("focus", 46, 14, 60),
    ("chat", 16, 3, 10),
    ("browse", 14, 3, 12),
    ("reading", 9, 5, 15),
    ("away", 9, 3, 12),
    ("locked", 4, 4, 14),
    ("video", 2, 5, 18),
)


def _work(rng: random.Random, start_ms: int, end_ms: int) -> list[Block]:
    """Fills the time between two fixed points with pieces of work."""
    blocks: list[Block] = []
    before: Kind | None = None
    while start_ms < end_ms:
        kind, _, least, most = rng.choices(_PIECES, [piece[1] for piece in _PIECES])[0]
        if kind == before or (before is None and kind in ("away", "locked")):
            continue
        length_ms = rng.randint(least * MINUTE_MS, most * MINUTE_MS)
        stop_ms = min(end_ms, start_ms + length_ms)
        if end_ms - stop_ms < 2 * MINUTE_MS:
            stop_ms = end_ms
        blocks.append(Block(start_ms, stop_ms, kind))
        start_ms, before = stop_ms, kind
    return blocks


def _until(plan: Plan, end_ms: int) -> Plan:
    """The plan, ended early."""
    kept: Sequence[Block] = [
        msgspec.structs.replace(block, end_ms=min(block.end_ms, end_ms))
        for block in plan.blocks
        if block.start_ms < end_ms
    ]
    return msgspec.structs.replace(plan, blocks=tuple(kept))


def _rng(traits: Traits, what: str) -> random.Random:
    return random.Random(f"{traits.seed}|{traits.person}|{what}")  # noqa: S311


def _local(day: date, minutes: int, zone: ZoneInfo) -> int:
    at = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return int(at.astimezone(UTC).timestamp()) * 1000


def _day_of(at_ms: int, traits: Traits) -> date:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(traits.zone)).date()
