"""What auto-migrations can't say: whose identity is whose, once each."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T03:30:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "identities are one person's"

STATEMENTS = [
    "CREATE UNIQUE INDEX identity_sub ON identity (issuer, sub)",
    "CREATE UNIQUE INDEX identity_person_issuer ON identity (person, issuer)",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
