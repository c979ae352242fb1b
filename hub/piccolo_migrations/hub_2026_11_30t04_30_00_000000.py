"""Refused requests of nobody known are among the refusals that the page Security shows."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T04:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "refusals, newest first, requests too"

STATEMENTS = [
    "DROP INDEX audit_refusals",
    """
    CREATE INDEX audit_refusals ON audit (id) WHERE action IN
        ('denied', 'sign_in_failed', 'second_step_refused', 'proof_refused', 'passkey_refused', 'code_refused', 'link_refused',
        'client_refused', 'device_suspended', 'request_refused')
    """,
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
