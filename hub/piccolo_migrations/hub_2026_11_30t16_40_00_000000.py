"""A row of the audit whose time was changed to one that can't be counted is told as that, and stops neither sealing nor a check."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T16:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "times of the audit that can't be counted"

STATEMENTS = [
    """
    CREATE OR REPLACE VIEW audit_told AS SELECT id,
        CASE WHEN at > '4000-01-01 BC' AND at < '10000-01-01' THEN (extract(epoch FROM at) * 1000000)::bigint END AS at_us,
        actor, client, action, subject, team, detail::text AS detail FROM audit
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
