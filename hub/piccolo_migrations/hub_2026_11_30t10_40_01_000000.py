"""Of somebody who was erased no pause is kept."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T10:40:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "pauses are guarded against who was erased"

STATEMENTS = [
    "CREATE TRIGGER refuse_erased BEFORE INSERT OR UPDATE OF person ON pause "
    "FOR EACH ROW EXECUTE FUNCTION refuse_erased()"
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
