"""A place of a policy is set once; the latest row of somebody is found at once."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T08:00:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "policies: one setting a place, latest row of a person"

STATEMENTS = [
    "CREATE UNIQUE INDEX policy_setting_place ON policy_setting (scope, coalesce(team, 0), coalesce(person, 0))",
    "CREATE INDEX person_policy_latest ON person_policy (person, id DESC)",
    "CREATE UNIQUE INDEX policy_change_one_proposal ON policy_change (scope) WHERE state = 'proposed'",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
