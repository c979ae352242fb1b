"""The audit becomes a chain: what waits to be sealed, and the links of what was."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the audit as a hash chain"

STATEMENTS = [
    "CREATE TABLE audit_waiting (audit bigint PRIMARY KEY)",
    # The signature stands at the last link of each sealing, over all that is before it.
    """
    CREATE TABLE audit_link (
        position bigint PRIMARY KEY CHECK (position > 0), audit bigint NOT NULL UNIQUE,
        hash bytea NOT NULL CHECK (length(hash) = 32), signature bytea CHECK (length(signature) = 64)
    )
    """,
    # A row as it is hashed: whole microseconds, and JSON as it is written out.
    """
    CREATE VIEW audit_told AS SELECT id, (extract(epoch FROM at) * 1000000)::bigint AS at_us, actor, client, action, subject, team,
        detail::text AS detail FROM audit
    """,
    "INSERT INTO audit_waiting (audit) SELECT id FROM audit",
    """
    CREATE FUNCTION audit_waits() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit_waiting (audit) SELECT id FROM added; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER audit_waits AFTER INSERT ON audit REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION audit_waits()
    """,
    """
    CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
