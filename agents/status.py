"""What `daylight agent status` tells: the running agent writes it down, or it is read from what a stopped one left."""

from datetime import UTC, datetime

import msgspec

from agents.errors import AlreadyRunning, StateUnusable
from agents.settings import Home
from agents.spool_files import Unwritable
from agents.spool_sqlite import SqliteSpool
from hub.wire.pause import Pause
from hub.wire.policy import DAY_MIN, Policy, Started

OLD_S = 20
"""A running agent writes its status every 5 s."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Written by the running agent."""

    at: datetime
    process: int = 0
    connected: bool = False
    unsent: int = 0
    unsent_bytes: int = 0
    oldest_at: datetime | None = None
    lost: int = 0
    """Declared lost, and not yet told to the hub."""
    epoch: int = 0
    acked: int = 0
    hub_clock: bool = False
    clock_offset_ms: int = 0
    """Hub time minus this machine's wall clock."""
    readable: tuple[str, ...] = ()
    trouble: list[str] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to know about one hub's agent on this account."""

    hub: str
    device: str
    person: str
    running: bool
    connected: bool
    policy: Policy
    pause: Pause | None
    """What the person has declared for all of their devices."""
    started: Started | None
    """Work that they started outside their hours, and that goes on."""
    collected: list[str]
    not_collected: list[str]
    quarantined: int
    refused: str
    status: Status | None


def report(home: Home, now: datetime) -> Report:
    """Looks at the agent of one hub. Raises `NotEnrolled`."""
    enrolment, memory = home.enrolment(), home.memory()
    running, status = False, None
    try:
        with home.locked():
            status = _stopped(home, now)
    except AlreadyRunning:
        running = True
        status = _written(home)
    fresh = status is not None and (now - status.at).total_seconds() < OLD_S
    collected, not_collected = in_words(memory.policy)
    return Report(
        hub=enrolment.hub,
        device=enrolment.device,
        person=enrolment.person,
        running=running,
        connected=running and fresh and status is not None and status.connected,
        policy=memory.policy,
        pause=memory.pause if memory.pause and (memory.pause.until_at is None or now < memory.pause.until_at) else None,
        started=next((each for each in memory.starts if each.holds(now)), None),
        collected=collected,
        not_collected=not_collected,
        quarantined=memory.quarantined,
        refused=memory.refused,
        status=status,
    )


def in_words(policy: Policy) -> tuple[list[str], list[str]]:
    """What is collected under this policy, and what is not."""
    always = ["times of work: when there was input, a lock or sleep, and nothing of what was typed"]
    if policy.version == 0:
        return [], ["anything: the hub has not named its policy yet"]
    named = {
        "app": "names of applications",
        "site": "names of web sites",
        "title": "titles of windows",
        "input_counts": "how many keys, clicks and scrolls (never which)",
    }
    permitted = [words for field, words in named.items() if getattr(policy, field)]
    withheld = [words for field, words in named.items() if not getattr(policy, field)]
    return always + permitted, [*withheld, "calls", "screenshots", "contents of files, messages or keys"]


def hours_in_words(policy: Policy) -> str:
    """When anything is collected, such as `Mon 09:00-17:00, Tue 09:00-17:00 (Europe/Oslo); nothing at other times`."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

    def clock(minute: int) -> str:
        return f"{minute % DAY_MIN // 60:02}:{minute % 60:02}"

    named = [f"{days[start // DAY_MIN]} {clock(start)}-{clock(end)}" for start, end in policy.hours or ()]
    return f"{', '.join(named) or 'never'} ({policy.zone or 'UTC'}); nothing at other times, unless you start work"


def pause_in_words(pause: Pause) -> str:
    """Such as `private until 15:30: nothing is recorded but that it is private`."""
    until = f"until {pause.until_at.astimezone():%H:%M}" if pause.until_at else "until you end it"
    kept = "that it is private" if pause.kind == "private" else "that it is a break"
    return f"{pause.kind} {until}, on all of your devices: nothing is recorded but {kept}"


def lines(found: Report, now: datetime) -> list[str]:
    """The report in plain words."""
    state = "running, connected" if found.connected else "running, not connected" if found.running else "not running"
    told = [f"Hub:           {found.hub}", f"Person:        {found.person}", f"Device:        {found.device}"]
    told.append(f"Agent:         {state}")
    if found.refused:
        told.append(f"Refused:       {found.refused}")
    if found.started is not None:
        until = f"{found.started.until_at.astimezone():%H:%M}"
        told.append(f"Started:       work outside your hours, until you end it, and {until} at the latest")
    if found.pause is not None:
        told.append(f"Declared:      {pause_in_words(found.pause)}")
    told.append(f"Collected:     {'; '.join(found.collected) or 'nothing'}  (policy {found.policy.version})")
    if found.policy.hours is not None:
        told.append(f"When:          {hours_in_words(found.policy)}")
    told.append(f"Not collected: {'; '.join(found.not_collected)}")
    if (status := found.status) is not None:
        waiting = f"{status.unsent} events ({status.unsent_bytes / 1024:.0f} KiB) wait to be sent"
        if status.oldest_at is not None:
            waiting += f", the oldest from {_ago(now, status.oldest_at)}"
        told.append(f"Spool:         {waiting}")
        told.append(f"Lost:          {status.lost} events, declared and not yet told to the hub")
        clock = f"{status.clock_offset_ms / 1000:+.3f} s from this machine's" if status.hub_clock else "not known yet"
        told.append(f"Hub clock:     {clock}")
        told.append(f"Can be read:   {', '.join(status.readable) or 'nothing'}")
        told += [f"Trouble:       {text}" for text in status.trouble]
    told.append(f"Quarantined:   {found.quarantined} events set aside by the hub")
    return told


def _written(home: Home) -> Status | None:
    try:
        return home.load("status.json", Status)
    except StateUnusable:
        return None


def _stopped(home: Home, now: datetime) -> Status | None:
    """From the spool itself, which nobody holds. What was readable is not known without sensors."""
    before = _written(home)
    if not home.spool.exists():
        return before
    try:
        spool = SqliteSpool(home.spool)
    except (OSError, Unwritable):
        return before
    depth = spool.depth()
    status = Status(
        at=now.astimezone(UTC),
        unsent=depth.events,
        unsent_bytes=depth.size_bytes,
        oldest_at=depth.oldest_at,
        lost=depth.lost,
        epoch=spool.epoch,
        acked=spool.acked,
        hub_clock=before.hub_clock if before else False,
        clock_offset_ms=before.clock_offset_ms if before else 0,
    )
    spool.close()
    return status


def _ago(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
