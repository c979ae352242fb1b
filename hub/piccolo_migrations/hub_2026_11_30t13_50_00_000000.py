"""The last day for the answer to a request may be put off once, with a reason."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T13:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "extended requests"

STATEMENTS = [
    "ALTER TABLE person_request ADD COLUMN extended_at timestamptz, ADD COLUMN extended_reason text NOT NULL DEFAULT ''"
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
