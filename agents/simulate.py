"""`daylight simulate`: a fleet of simulated people against a hub, with a ledger that `daylight verify` holds against the database."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import click
import msgspec

from agents.enrol import hub_address
from agents.errors import AgentError
from agents.fleet import Fleet
from agents.ledger import Ledger
from agents.roster import Roster, emails_of

SETTLE_S = 30.0
GOODBYE_S = 2.0
"""How long a fleet that was stopped waits for acks. What is not acked then stays in the roster, if there is one."""
REPORT_S = 10.0

log = logging.getLogger(__name__)


class Summary(msgspec.Struct, frozen=True):
    """How it ended. What is declared lost counts as acked once the hub has acked the declaration."""

    generated: int
    acked: int
    unacked: int

    def line(self) -> str:
        return f"generated={self.generated} acked={self.acked} unacked={self.unacked}"


async def simulate(
    hub_url: str,
    enrol_code: str,
    people: int | Sequence[str],
    seconds: float | None,
    ledger_path: Path | None,
    rate: float = 1.0,
    seed: int = 1,
    history_days: int = 0,
    flaky: float = 0.1,
    stop: asyncio.Event | None = None,
    *,
    identities: Path | None = None,
    settle_s: float = SETTLE_S,
    calendar: bool = False,
    zone: str | None = None,
    cut_every_s: float = 300.0,
    report_s: float | None = None,
) -> Summary:
    """Runs a fleet to its end: `seconds` (None: until `stop`), then up to `settle_s` until all is acked.

    `people`: how many, or their addresses. `rate`: how many times as fast their time runs, ending at now. Raises `AgentError` when
    nobody can be enrolled or a file can't be used.
    """
    stop = stop or asyncio.Event()
    hub = hub_address(hub_url)
    roster = Roster(hub, identities)
    emails = emails_of(people) if isinstance(people, int) else list(dict.fromkeys(people))
    fresh = set(emails) - roster.known.keys()
    ledger = Ledger(ledger_path) if ledger_path is not None else None
    try:
        fleet = Fleet(
            hub,
            roster,
            code=enrol_code,
            ledger=ledger,
            rate=rate,
            seconds=seconds,
            seed=seed,
            history_days=history_days,
            flaky=flaky,
            cut_every_s=cut_every_s,
            calendar=calendar,
            zone=zone,
        )
        members = await roster.members(emails, enrol_code)
        reporting = asyncio.create_task(_report(fleet, report_s)) if report_s else None
        try:
            await fleet.run(members, fresh, stop)
            await fleet.settle(GOODBYE_S if stop.is_set() else settle_s, None if stop.is_set() else stop)
        finally:
            if reporting is not None:
                reporting.cancel()
            waiting = fleet.waiting
            await fleet.close()
        generated = fleet.figures.generated
        return Summary(generated, generated - waiting, waiting)
    finally:
        if ledger is not None:
            ledger.close()


@click.command("simulate")
@click.option("--hub", required=True, metavar="URL", help="Address of the hub.")
@click.option(
    "--enrol", "code", default="", metavar="CODE", help="A code that serves them all: `daylight code --people N`."
)
@click.option("--people", default=40, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--email", "named", multiple=True, metavar="ADDRESS", help="Whom to act as; may be given several times.")
@click.option("--emails", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The same, a line each.")
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(0, min_open=True))
@click.option("--forever", is_flag=True, help="Until stopped, at rate 1.")
@click.option("--rate", default=1.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Of their clock.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Append what happens to this file.")
@click.option("--identities", type=click.Path(dir_okay=False, path_type=Path), help="Keep the devices in this file.")
@click.option("--seed", default=1, show_default=True)
@click.option("--history-days", default=0, show_default=True, type=click.IntRange(0, 300), help="Past to send first.")
@click.option("--flaky", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share of links that break.")
@click.option(
    "--settle", default=SETTLE_S, show_default=True, type=click.FloatRange(0), help="Seconds for the last acks."
)
@click.option("--calendar", is_flag=True, help="Nobody works at night; otherwise the wall is never empty.")
@click.option("--zone", help="Time zone of all of them, such as Europe/Oslo. Otherwise they live around the world.")
def command(
    hub: str,
    code: str,
    people: int,
    named: tuple[str, ...],
    emails: Path | None,
    seconds: float,
    forever: bool,
    rate: float,
    ledger: Path | None,
    identities: Path | None,
    seed: int,
    history_days: int,
    flaky: float,
    settle: float,
    calendar: bool,
    zone: str | None,
) -> None:
    """Act as a fleet of agents. Exits 1 when something is unacked at the end."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    given = [*named, *(emails.read_text().split() if emails else [])]
    if forever and rate != 1:
        raise click.UsageError("--forever goes with --rate 1 only: a faster clock would run into the future")

    async def main() -> Summary:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await simulate(
            hub,
            code,
            given or people,
            None if forever else seconds,
            ledger,
            rate,
            seed,
            history_days,
            flaky,
            stop,
            identities=identities,
            settle_s=settle,
            calendar=calendar,
            zone=zone,
            report_s=REPORT_S,
        )

    _allow_many_connections()
    # 10,000 agents are a million objects that live long: looking through them for garbage over and over stalls the loop.
    gc.set_threshold(50_000, 50, 100)
    try:
        summary = _run(main)
    except (AgentError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(summary.line())
    sys.exit(1 if summary.unacked else 0)


def _allow_many_connections() -> None:
    """Raises the limit of open files as far as it may: that of a shell is often 1,024, and each agent has a connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has another limit beside this
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(main: Callable[[], Coroutine[None, None, Summary]]) -> Summary:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main())
    return uvloop.run(main())


async def _report(fleet: Fleet, every_s: float) -> None:
    """Says how it goes, now and then."""
    before = (0, 0)
    while True:
        await asyncio.sleep(every_s)
        figures = fleet.figures
        log.info(
            "connected=%d waiting=%d events/s=%.0f frames/s=%.0f connects=%d cuts=%d quarantined=%d refused=%d",
            figures.connected,
            fleet.waiting,
            (figures.generated - before[0]) / every_s,
            (figures.frames - before[1]) / every_s,
            figures.connects,
            figures.cuts,
            figures.quarantined,
            figures.refused,
        )
        before = (figures.generated, figures.frames)
