"""What an auto-migration can't say: one mail of a kind waits for a person at a time."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-29T23:58:50:000000"
VERSION = "1.38.0"
DESCRIPTION = "mail that waits"

STATEMENTS = [
    "CREATE UNIQUE INDEX mail_waiting ON mail (person, kind) WHERE state = 'queued'",
    "CREATE INDEX mail_open ON mail (due_at) WHERE state IN ('queued', 'handed')",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
