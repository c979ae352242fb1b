"""Refusals are found without reading the audit: the page Security shows the newest ones."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T00:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "refusals, newest first"

STATEMENTS = [
    """
    CREATE INDEX audit_refusals ON audit (id) WHERE action IN
        ('denied', 'sign_in_failed', 'second_step_refused', 'proof_refused', 'code_refused', 'link_refused', 'device_suspended')
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
