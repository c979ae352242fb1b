"""What auto-migrations can't say: the partitioned `interval`, the sequence of sessions, and an audit that only grows."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-22T21:59:11:123453"
VERSION = "1.38.0"
DESCRIPTION = "partitions, session numbers, append-only audit"

STATEMENTS = [
    # The primary key must hold the partition column; (device, epoch, seq, piece) decides started_at, so it stays unique.
    """
    CREATE TABLE "interval" (
        device int NOT NULL, epoch int NOT NULL, seq bigint NOT NULL, piece smallint NOT NULL, person int NOT NULL,
        started_at timestamptz NOT NULL, ended_at timestamptz NOT NULL, wall_at timestamptz NOT NULL,
        zone_min smallint NOT NULL, policy int NOT NULL, flags smallint NOT NULL,
        app text, site text, title text,
        first_input_at timestamptz, last_input_at timestamptz,
        keys int NOT NULL, clicks int NOT NULL, scrolls int NOT NULL,
        CHECK (ended_at > started_at),
        PRIMARY KEY (device, epoch, seq, piece, started_at)
    ) PARTITION BY RANGE (started_at)
    """,
    'CREATE INDEX interval_person ON "interval" (person, started_at)',
    # Orders the connections of a device across all hub processes: the latest hello wins.
    "CREATE SEQUENCE session_number",
    """
    CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$
    """,
    "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
    "CREATE INDEX loss_by_seq ON loss (device, epoch, from_seq)",
    "CREATE INDEX quarantine_by_seq ON quarantine (device, epoch, seq)",
    "CREATE UNIQUE INDEX membership_home ON membership (person) WHERE until_at IS NULL",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
