"""The mail to whoever was erased: its address lies here until it is sent, a day at the most, and refers to nobody."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T13:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "last mails"

STATEMENTS = [
    """
    CREATE TABLE last_mail (
        id bigserial PRIMARY KEY, email text NOT NULL, language text NOT NULL, queued_at timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz NOT NULL DEFAULT now(), attempts integer NOT NULL DEFAULT 0, handed_at timestamptz
    )
    """,
    # No sample of it is kept for plans of queries.
    "ALTER TABLE last_mail ALTER COLUMN email SET STATISTICS 0",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
