"""What auto-migrations can't say: rollups that hold counts without time, and input that is told of later."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-23T23:25:40:000000"
VERSION = "1.38.0"
DESCRIPTION = "counts without time, input told later"

STATEMENTS = [
    # Rows that tell of an input before they began: those without input of their own, a few in a hundred.
    'CREATE INDEX interval_input ON "interval" (person, last_input_at) WHERE last_input_at < started_at',
    "ALTER TABLE rollup_quarter DROP CONSTRAINT rollup_quarter_duration_us_check",
    "ALTER TABLE rollup_quarter ADD CHECK (duration_us > 0 OR keys + clicks + scrolls > 0)",
    "ALTER TABLE rollup_day DROP CONSTRAINT rollup_day_duration_us_check",
    "ALTER TABLE rollup_day ADD CHECK (duration_us > 0 OR keys + clicks + scrolls > 0)",
    # A quarter-hour may have any number of rows, each with counts of up to a million.
    "ALTER TABLE rollup_quarter ALTER keys TYPE bigint, ALTER clicks TYPE bigint, ALTER scrolls TYPE bigint",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
