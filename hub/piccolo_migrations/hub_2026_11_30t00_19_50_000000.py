"""What an auto-migration can't say: one link of a person is open at a time."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T00:19:50:000000"
VERSION = "1.38.0"
DESCRIPTION = "one open link"

STATEMENTS = ["CREATE UNIQUE INDEX link_open ON link (person) WHERE used_at IS NULL AND ended_at IS NULL"]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
