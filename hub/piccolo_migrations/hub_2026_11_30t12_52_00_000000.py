"""Days of somebody that were erased: nothing that tells of them is stored any more."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T12:52:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "erased days"

STATEMENTS = [
    # `start_at` and `end_at`: when the days were, whatever becomes of the person's zone.
    """
    CREATE TABLE erased_days (
        id bigserial PRIMARY KEY, person integer NOT NULL REFERENCES person ON DELETE CASCADE, first date NOT NULL, last date NOT NULL,
        start_at timestamptz NOT NULL, end_at timestamptz NOT NULL, at timestamptz NOT NULL DEFAULT now(), erased_by integer,
        cleaned_at timestamptz, UNIQUE (person, at)
    )
    """,
    "CREATE TRIGGER refuse_erased BEFORE INSERT OR UPDATE OF person ON erased_days FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    "ALTER TABLE person_request ADD COLUMN first_on date, ADD COLUMN last_on date",
    "ALTER TABLE person_request ADD CONSTRAINT erased_days_in_order CHECK (first_on <= last_on AND kind = 'erase' "
    "OR first_on IS NULL AND last_on IS NULL)",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
