"""How far what is over its period has been removed of each person."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T13:14:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "since when each kind is kept of a person"

STATEMENTS = [
    # Before these times nothing of the kind is left; null: nothing was removed yet. A workday begins at each of them.
    """
    CREATE TABLE kept_since (
        person integer PRIMARY KEY REFERENCES person ON DELETE CASCADE,
        title_at timestamptz, app_at timestamptz, count_at timestamptz, activity_at timestamptz, sum_at timestamptz
    )
    """,
    "CREATE TRIGGER refuse_erased BEFORE INSERT OR UPDATE OF person ON kept_since FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
