"""The console script `daylight`. Heavy imports wait until a command needs them: `--help` answers at once."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

import click

from hub.errors import DaylightError, StartError
from hub.people.first import ensure_organisation, team_by_name
from hub.settings import Settings, read, with_secret

Result = TypeVar("Result")


class LazyGroup(click.Group):
    """A group some of whose commands live in modules that are imported only when they are called for."""

    lazy: ClassVar = {
        "agent": ("agents.commands", "agent", "The desktop agent: enrol, run, status."),
        "audit": ("hub.audit_commands", "audit", "The audit: check it, export it, note its head."),
        "backup": ("hub.backups.commands", "backup", "Back up a hub that runs or is stopped; its keys apart."),
        "restore": ("hub.backups.commands", "restore", "Restore a backup into an empty place, and check it."),
        "simulate": ("agents.simulate", "command", "Drive a fleet of simulated agents at a hub."),
        "verify": ("hub.verify", "command", "Hold a ledger of the simulator against the database."),
        "up": ("hub.up", "command", "Start everything on this machine; Ctrl-C stops it."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        import importlib

        module, name, _ = self.lazy[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            if name in self.lazy:
                rows.append((name, self.lazy[name][2]))
            elif (command := self.commands.get(name)) is not None:
                rows.append((name, command.get_short_help_str(80)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup)
def daylight() -> None:
    """Daylight: live team activity with nothing hidden from the people it watches."""


@daylight.command()
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (PORT).")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="How many share the port (PROCESSES). SIGHUP restarts them one after the other, without refusing anybody.",
)
@click.option("--inherited", hidden=True, help="Descriptors from a supervisor: the listening socket, the pipe to it.")
def hub(host: str | None, port: int | None, processes: int | None, inherited: str | None) -> None:
    """Run the hub on the databases in the settings, as one process or several."""
    settings = connected(read())
    settings = _replace(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        processes=processes or settings.processes,
    )
    if settings.processes > 1 and inherited is None:
        from hub.processes import supervise

        supervise(settings)
    else:
        from hub.app import serve

        serve(settings, inherited)


@daylight.command()
def worker() -> None:
    """Run the background worker on the databases in the settings."""
    from hub.worker import run

    asyncio.run(run(connected(read())))


@daylight.command()
def migrate() -> None:
    """Bring the database's schema up to date, and make the first admin if there is none."""
    from hub.prepare import prepare, schema

    settings = connected(read())
    asyncio.run(schema(settings))
    first = on_database(prepare(settings), long=True)
    if first:
        click.echo(first)
    click.echo("The schema is up to date.")


@daylight.group()
def person() -> None:
    """People: who signs in, and who is watched."""


@person.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--team", help="Home team, by name; it is made when there is none.")
@click.option("--zone", help="IANA time zone. Default: the organisation's.")
@click.option("--manages", multiple=True, help="Team that the person manages, by name. May be repeated.")
@click.option("--admin", is_flag=True, help="Admins configure; they see nobody's activity.")
@click.option("--password", help="At least 8 characters; asked for or made up when absent.")
def add_person(
    email: str,
    name: str,
    team: str | None,
    zone: str | None,
    manages: tuple[str, ...],
    admin: bool,
    password: str | None,
) -> None:
    """Add a person who can sign in. Prints the password when one is made up."""
    click.echo(on_database(_add_person(email, name, team, zone, manages, admin, password)))


@daylight.group()
def demo() -> None:
    """The demo: its simulated people."""


@demo.command("clear")
@click.option("--yes", is_flag=True, help="Don't ask.")
def clear_demo(yes: bool) -> None:
    """Delete all simulated people with everything of theirs, and be no demo any more."""
    from hub.demo import clear, survey

    found = on_database(survey())
    if not (found.demo or found.people):
        click.echo("There is nothing of a demo here.")
        return
    click.echo(
        f"This deletes {found.people} simulated people for good, with their {found.devices} devices and everything that those told"
        + (f", and the teams that they leave empty: {', '.join(found.teams)}." if found.teams else ".")
    )
    click.echo("Codes for several people stop working. Everybody else stays as they are, and so does the audit.")
    if not yes:
        click.confirm("Delete them?", abort=True)
    done = on_database(clear(told=lambda said: click.echo(f"  {said}")), long=True)
    click.echo(
        f"Deleted {done.people} people, {done.devices} devices, {done.rows:,} rows of their time and {done.teams} teams."
    )
    click.echo("This is no demo any more: `daylight up` starts without one from now on.")


@daylight.command()
@click.option(
    "--people",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="How many devices may enrol with it.",
)
def code(people: int) -> None:
    """Make an enrolment code for roll-outs and the simulator: N uses, ten minutes."""
    from hub.auth.enrolment import make_code

    made = on_database(make_code(connected(read()).secret, uses=people))
    click.echo(made.code)


def connected(settings: Settings) -> Settings:
    """The settings with the addresses of the embedded servers, where `daylight up` runs them and no URL is set."""
    settings = with_secret(settings)
    from hub.embedded import running

    servers = running(settings)
    if servers is None:
        if settings.database_url and settings.redis_url:
            return settings
        raise StartError(
            f"no database: DATABASE_URL and REDIS_URL are not set, and nothing runs in {settings.data}. Start it with `daylight up`."
        )
    return _replace(
        settings,
        database_url=settings.database_url or servers.database_url,
        database_owner_url=settings.database_owner_url or servers.database_owner_url,
        redis_url=settings.redis_url or servers.redis_url,
        s3_url=settings.s3_url or servers.s3_url,
    )


def on_database(work: Coroutine[Any, Any, Result], *, long: bool = False) -> Result:
    """Runs a coroutine with the pool open on the database in the settings."""
    from hub import subject_keys
    from hub.database import LONG_TRANSACTIONS, SERVER_SETTINGS, close_pool, open_pool

    async def run() -> Result:
        settings = connected(read())
        assert settings.database_url is not None
        subject_keys.use(settings.secret)
        await open_pool(settings.database_url, size=2, settings=LONG_TRANSACTIONS if long else SERVER_SETTINGS)
        try:
            return await work
        finally:
            await close_pool()

    try:
        return asyncio.run(run())
    finally:
        work.close()


async def _add_person(
    email: str,
    name: str,
    team: str | None,
    zone: str | None,
    manages: tuple[str, ...],
    admin: bool,
    password: str | None,
) -> str:
    """Adds a person with team, roles and password, in one transaction; returns what to tell whoever asked."""
    import secrets

    from hub import people
    from hub.database import transaction
    from hub.passwords import hash_password

    made_up = None if password else secrets.token_urlsafe(12)
    hashed = await hash_password(made_up or password or "")
    async with transaction():
        await ensure_organisation(demo=False)
        home = await team_by_name(team) if team else None
        added = await people.insert_person(email, name, zone=zone, team=home, password_hash=hashed)
        for managed in manages:
            await people.insert_role(added, "manager", await team_by_name(managed))
        if admin:
            await people.insert_role(added, "admin", None)
    return f"Added {name} <{email}>" + (f", password: {made_up}" if made_up else "")


def _replace(settings: Settings, **changes: Any) -> Settings:
    import msgspec

    return msgspec.structs.replace(settings, **changes)


def main() -> None:
    """Runs the command line; an error of ours is a sentence on stderr, not a traceback."""
    try:
        daylight(standalone_mode=False)
    except DaylightError as error:
        click.echo(f"daylight: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


if __name__ == "__main__":
    main()
