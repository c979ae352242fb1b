"""`daylight up`: everything on this machine, in one terminal, until Ctrl-C.

Starts the embedded servers that are not given by URL, brings the schema up to date, then runs the hub, a worker and, in the demo, a
simulated fleet as children. Children that die are started again; on Ctrl-C they are ended in the order in which they need each other, and
the servers last. Data stays in the data folder.
"""

import asyncio
import os
import secrets
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import click
from msgspec import structs

from hub.demo import HISTORY, ZONE
from hub.embedded import Embedded, require_free_port
from hub.errors import StartError
from hub.processes import Child
from hub.settings import RESTORED, RESTORING, Settings, as_environment, read, with_secret

READY_S = 60.0
STOP_S = 16.0
"""A hub ends within 15 s of SIGTERM, however many processes it has."""


@click.command()
def command() -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    settings = read()
    require_free_port(settings.host, settings.port)
    restoring = settings.data.with_name(settings.data.name + RESTORING)
    if restoring.exists():
        raise StartError(
            f"a restore into {settings.data} was interrupted, or goes on: run `daylight restore` again, or remove {restoring}"
        )
    stop = _Stop()
    said = time.monotonic()
    click.echo(f"Daylight is starting; its data is in {settings.data}")
    # Whoever goes to localhost may be sent to ::1 first, where another program may listen: the printed address says what we are.
    settings = with_secret(
        structs.replace(settings, public_origin=settings.public_origin or f"http://localhost:{settings.port}")
    )
    settings = _with_admin_password(settings)
    with Embedded(settings, s3=True) as servers:
        settings = structs.replace(
            settings,
            database_url=servers.database_url,
            database_owner_url=servers.database_owner_url,
            redis_url=servers.redis_url,
            s3_url=servers.s3_url,
        )
        emails, code = asyncio.run(_prepare(settings))
        if settings.demo and not emails:
            click.echo("This organisation is no demo, or none any more, so none is started although DEMO=1.")
            settings = structs.replace(settings, demo=False)
        _Everything(settings, stop, emails, code).run(said)


class _Stop:
    """Set by SIGINT and SIGTERM. A second Ctrl-C changes nothing: what is being ended is ended in order."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        if not self.asked:
            click.echo("\nStopping: agents are told to come back, what they sent is stored ...")
        self.asked = True


class _Everything:
    """The children, from start to end."""

    def __init__(self, settings: Settings, stop: _Stop, emails: tuple[str, ...], code: str) -> None:
        self._settings = settings
        self._stop = stop
        logs = settings.data / "logs"
        logs.mkdir(exist_ok=True)
        # The audit's owner is nobody's who serves.
        environment = {**as_environment(settings), "DATABASE_OWNER_URL": ""}
        self._hub = Child("hub", ["hub"], environment, logs / "hub.log")
        self._worker = Child("worker", ["worker"], environment, logs / "worker.log")
        self._fleet: Child | None = None
        if settings.demo:
            identities = settings.data / "simulated.json"
            arguments = [
                "simulate",
                "--hub",
                _local(settings),
                "--enrol",
                code,
                "--forever",
                "--identities",
                str(identities),
            ]
            # What of the history a device has sent already it does not send again.
            arguments += ["--history-days", str(HISTORY.days), "--zone", ZONE]
            for email in emails:
                arguments += ["--email", email]
            self._fleet = Child("simulated fleet", arguments, environment, logs / "simulate.log")

    def run(self, started: float) -> None:
        children = [self._hub, self._worker]
        try:
            for child in children:
                child.tend()
            if self._await_ready():
                if self._fleet:
                    children.append(self._fleet)
                    self._fleet.tend()
                self._greet(time.monotonic() - started)
            while not self._stop.asked:
                for child in children:
                    child.tend()
                time.sleep(0.2)
        finally:
            for child in [*([self._fleet] if self._fleet else []), self._hub, self._worker]:
                child.ask_to_stop()
                child.await_end(STOP_S + self._settings.drain_delay_s)
        click.echo("Stopped. Nothing was lost; `make up` goes on where this ended.")

    def _await_ready(self) -> bool:
        """Waits until the hub answers. False when a stop was asked for meanwhile."""
        deadline = time.monotonic() + READY_S
        while not self._stop.asked:
            if self._hub.ended:
                log = self._settings.data / "logs" / "hub.log"
                raise StartError(
                    f"the hub does not start; the end of {log}:\n" + "\n".join(log.read_text().splitlines()[-5:])
                )
            try:
                with urllib.request.urlopen(f"{_local(self._settings)}/ready", timeout=2) as answer:  # noqa: S310 - our own address
                    if answer.status == 200:
                        return True
            except (urllib.error.URLError, OSError):
                pass
            if time.monotonic() > deadline:
                raise StartError(f"the hub is not ready after {READY_S:.0f} s; see {self._settings.data / 'logs'}")
            time.sleep(0.1)
        return False

    def _greet(self, seconds: float) -> None:
        settings = self._settings
        click.echo(f"Ready after {seconds:.1f} s.\n")
        click.echo(f"  Open     {settings.origin}")
        restored = settings.data / RESTORED
        if restored.exists():
            click.echo(f"  Sign in  as before: this was restored as of {restored.read_text()}\n")
        else:
            click.echo(f"  Sign in  {settings.admin_email}")
            click.echo(f"  Password {settings.admin_password}   (as of first start; {_where_kept(settings)})\n")
        if settings.demo:
            click.echo(
                "  This is a demo: 40 simulated people in 5 teams, with two weeks of history. DEMO=0 starts empty."
            )
        click.echo("  Enrol your own desktop: Devices > Enrol a device. Ctrl-C stops everything; your data stays.\n")


async def _prepare(settings: Settings) -> tuple[tuple[str, ...], str]:
    """Schema, first admin and, in the demo, its people and a code for their devices."""
    from hub.auth.enrolment import make_code
    from hub.database import LONG_TRANSACTIONS, close_pool, open_pool
    from hub.demo import is_demo, seed_demo
    from hub.prepare import prepare, schema

    assert settings.database_url is not None
    await schema(settings)
    await open_pool(settings.database_url, size=2, settings=LONG_TRANSACTIONS)
    try:
        await prepare(settings)
        if not (settings.demo and await is_demo()):
            return (), ""
        emails = await seed_demo()
        made = await make_code(settings.secret, uses=len(emails))
        return emails, made.code
    finally:
        await close_pool()


def _with_admin_password(settings: Settings) -> Settings:
    """A password for the first admin, when none is set: made once, and kept where only this user can read it."""
    if settings.admin_password or (settings.data / RESTORED).exists():
        return settings
    path = _kept(settings)
    if not path.exists():
        settings.data.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return structs.replace(settings, admin_password=path.read_text().strip())


def _kept(settings: Settings) -> Path:
    return settings.data / "sign-in"


def _where_kept(settings: Settings) -> str:
    path = _kept(settings)
    ours = path.exists() and path.read_text().strip() == settings.admin_password
    return f"kept in {path}" if ours else "as DAYLIGHT_ADMIN_PASSWORD has it"


def _local(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "127.0.0.1", "::"} else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}"
