"""A cursor says whether days of its person were erased: the store asks for these days only then."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T15:26:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "cursors of erased days"

STATEMENTS = [
    "ALTER TABLE device_cursor ADD COLUMN erased boolean NOT NULL DEFAULT false",
    """
    UPDATE device_cursor SET erased = true FROM device
    WHERE device.id = device_cursor.device AND EXISTS (SELECT FROM erased_days WHERE erased_days.person = device.person)
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
