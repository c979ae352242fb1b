"""`daylight agent enrol`, `run`, `status`, `private`, `break`, `resume`, `start` and `stop`.

The group is mounted by the hub's command line, and stands alone as `python -m agents`.
"""

import asyncio
import logging
import os
import sys
import time
from datetime import UTC, datetime
from typing import Literal

import click
import msgspec

from agents import enrol as enrolling
from agents import settings
from agents.errors import AgentError
from agents.identity import real_keyring
from agents.run import host_name, run
from agents.session import FLUSH_MS
from agents.spool_files import Unwritable
from agents.status import in_words, lines, pause_in_words, report
from hub.wire.agent import EnrolAsked
from hub.wire.policy import start_at

HUB = click.option(
    "--hub", metavar="URL", help="Address of the hub. Needed when this account is enrolled with several."
)


@click.group()
def agent() -> None:
    """The desktop agent: what it sees, by the hub's policy, goes to the hub."""


@agent.command()
@click.option("--hub", metavar="URL", required=True, help="Address of the hub, such as https://daylight.example.org")
@click.option("--code", "named", metavar="CODE", help="The one-time code, if not given as an argument.")
@click.option("--name", default="", help="Name of this device. Default: the machine's name.")
@click.option("--person", default="", help="Your mail address, with a code that serves several people.")
@click.argument("code", required=False)
def enrol(hub: str, named: str | None, name: str, person: str, code: str | None) -> None:
    """Exchange a one-time CODE for an identity of this account on this device."""
    given = code or named
    if not given:
        raise click.UsageError("a code is needed: get one from your hub")
    try:
        address = enrolling.hub_address(hub)
        home = settings.home_of(settings.root(), address)
        with home.locked():
            enrolled = enrolling.enrol(home, address, given, name or host_name(), real_keyring(), person, _Waiting())
            policy = home.memory().policy
    except (AgentError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Enrolled with {enrolled.hub} for {enrolled.person}.")
    if enrolled.origin != address:
        click.echo(f"The hub calls itself {enrolled.origin}.")
    collected, not_collected = in_words(policy)
    click.echo(f"Collected: {'; '.join(collected) or 'nothing'}.")
    click.echo(f"Not collected: {'; '.join(not_collected)}.")
    click.echo("Start it with `daylight agent run`.")


class _Waiting:
    """Says once what its person has to do, and then waits between two questions."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self, asked: EnrolAsked) -> None:
        if not self._said:
            self._said = True
            click.echo("This computer waits until you say that it is yours. Nothing is collected before.")
            click.echo(f"  1. Open {asked.address} and sign in.")
            click.echo(f"  2. Check that it shows the same code:  {asked.confirmation}")
            click.echo("  3. Approve it there. This command goes on by itself; it waits for a quarter of an hour.")
        time.sleep(max(0.05, min(asked.ask_every_s, 30)))


@agent.command("run")
@HUB
def run_command(hub: str | None) -> None:
    """Run in the foreground until stopped. One process for each account and hub."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        home = settings.home_of(settings.root(), enrolling.hub_address(hub) if hub else None)
        home.enrolment()
        code = asyncio.run(run(home, real_keyring(), _flush_ms()))
    except (AgentError, OSError, Unwritable) as error:
        raise click.ClickException(str(error)) from None
    sys.exit(code)


@agent.command()
@HUB
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(hub: str | None, as_json: bool) -> None:
    """What the agent does, what it collects, and what waits to be sent."""
    now = datetime.now(UTC)
    try:
        home = settings.home_of(settings.root(), enrolling.hub_address(hub) if hub else None)
        found = report(home, now)
    except AgentError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        click.echo("\n".join(lines(found, now)))


MINUTES = click.option(
    "--minutes", type=click.IntRange(1, 24 * 60), help="For how long. Without it, until `daylight agent resume`."
)


@agent.command()
@HUB
@MINUTES
def private(hub: str | None, minutes: int | None) -> None:
    """Private time, on all of your devices: nothing is recorded but that it is private."""
    _declare(hub, "private", minutes)


@agent.command("break")
@HUB
@MINUTES
def break_(hub: str | None, minutes: int | None) -> None:
    """A break, on all of your devices: nothing is recorded but that it is one."""
    _declare(hub, "break", minutes)


@agent.command()
@HUB
def resume(hub: str | None) -> None:
    """End private time or a break, on all of your devices."""
    _declare(hub, "work", None)


@agent.command()
@HUB
def start(hub: str | None) -> None:
    """Start work outside your hours, on all of your devices: what your policy allows within them is recorded until you end it."""
    _declare(hub, "start", None)


@agent.command()
@HUB
def stop(hub: str | None) -> None:
    """End the work that you started outside your hours, on all of your devices. The agent goes on running."""
    _declare(hub, "stop", None)


def _declare(hub: str | None, kind: Literal["private", "break", "work", "start", "stop"], minutes: int | None) -> None:
    now = datetime.now(UTC)
    try:
        home = settings.home_of(settings.root(), enrolling.hub_address(hub) if hub else None)
        found = report(home, now)
        if kind == "private" and not found.policy.private_time:
            raise click.ClickException("your policy allows no private time; a break is always yours")
        if kind == "start" and found.started is None and start_at(found.policy, now) is None:
            raise click.ClickException("it is within the hours of your policy: nothing has to be started")
        if kind == "stop" and found.started is None:
            raise click.ClickException("no work outside your hours is started, as far as this computer knows")
        home.save("wish.json", settings.Wish(kind=kind, at=now, minutes=minutes))
    except (AgentError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(DECLARED[kind])
    if kind == "start" and found.pause is not None:
        click.echo(f"Declared already: {pause_in_words(found.pause)}. End that with `daylight agent resume`.")
    if not found.running:
        click.echo("The agent is not running, so nothing is recorded here. Your other devices hear of it when it runs.")


DECLARED = {
    "private": "Private, on all of your devices: nothing is recorded but that it is private.",
    "break": "On a break, on all of your devices: nothing is recorded but that it is a break.",
    "start": "Work started, on all of your devices: what your policy allows within your hours is recorded until you end it "
    "with `daylight agent stop`, until your hours begin, or for six hours, whichever is first.",
    "stop": "Work ended, on all of your devices: nothing is recorded until your hours begin.",
    "work": "Back: what was declared is over on all of your devices.",
}


def _flush_ms() -> int:
    """`DAYLIGHT_AGENT_FLUSH_S`: seconds between batches, for tests and demonstrations. A minute otherwise."""
    given = os.environ.get("DAYLIGHT_AGENT_FLUSH_S", "")
    try:
        return max(100, int(float(given) * 1000)) if given else FLUSH_MS
    except ValueError:
        raise click.ClickException(f"DAYLIGHT_AGENT_FLUSH_S={given!r} is no number of seconds") from None
