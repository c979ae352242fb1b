"""A look at a wall is one row for each sign-in, team and hour, whichever process writes it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-29T21:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "looks at walls once an hour"

STATEMENTS = [
    # Rows of before name no sign-in: none of them is like another.
    """
    CREATE UNIQUE INDEX audit_wall_looks
    ON audit (actor, team, (detail->>'sign_in'), date_trunc('hour', at AT TIME ZONE 'UTC')) WHERE action = 'look_wall'
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
