"""Revisions of pauses and of people's policies come from sequences: they rise also where the row with the latest was erased."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T13:46:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sequences of revisions"

STATEMENTS = [
    "CREATE SEQUENCE pause_revisions",
    "SELECT setval('pause_revisions', (SELECT max(revision) FROM pause)) WHERE EXISTS (SELECT FROM pause)",
    "CREATE SEQUENCE person_policy_revisions",
    "SELECT setval('person_policy_revisions', (SELECT max(revision) FROM person_policy)) WHERE EXISTS (SELECT FROM person_policy)",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
