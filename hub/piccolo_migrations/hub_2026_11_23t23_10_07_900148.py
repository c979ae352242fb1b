"""What auto-migrations can't say: the rollups, whose keys have several columns and one of which is a multirange."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-23T23:10:07:900148"
VERSION = "1.38.0"
DESCRIPTION = "rollup tables"

STATEMENTS = [
    """
    CREATE TABLE rollup_quarter (
        person int NOT NULL, quarter_at timestamptz NOT NULL, state varchar(8) NOT NULL, app text, site text,
        duration_us bigint NOT NULL CHECK (duration_us > 0), keys int NOT NULL, clicks int NOT NULL, scrolls int NOT NULL,
        UNIQUE NULLS NOT DISTINCT (person, quarter_at, state, app, site)
    )
    """,
    """
    CREATE TABLE rollup_day (
        person int NOT NULL, day date NOT NULL, state varchar(8) NOT NULL, app text, site text,
        duration_us bigint NOT NULL CHECK (duration_us > 0), keys bigint NOT NULL, clicks bigint NOT NULL, scrolls bigint NOT NULL,
        UNIQUE NULLS NOT DISTINCT (person, day, state, app, site)
    )
    """,
    """
    CREATE TABLE span_day (
        person int NOT NULL, day date NOT NULL, state varchar(8) NOT NULL, spans tstzmultirange NOT NULL,
        PRIMARY KEY (person, day, state)
    )
    """,
    "CREATE INDEX dirty_person ON dirty (person, quarter_at)",
    "CREATE UNIQUE INDEX report_run_open ON report_run (job) WHERE state IN ('queued', 'running')",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
