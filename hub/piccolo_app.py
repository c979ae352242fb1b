"""The hub's tables and migrations, as Piccolo wants them named."""

import contextlib
import io
from pathlib import Path

from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.commands.forwards import run_forwards
from piccolo.conf.apps import AppConfig

from hub.database import connection
from hub.tables import PLAIN

MIGRATION_LOCK = 0x6461796C69676874
"""The advisory lock's number: `daylight` in ASCII."""

APP_CONFIG = AppConfig(
    app_name="hub",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=PLAIN,
    migration_dependencies=[],
)


def known_migrations() -> set[str]:
    """The names of all migrations of this program, as the table `migration` has them."""
    return set(BaseMigrationManager().get_migration_modules(str(APP_CONFIG.migrations_folder_path)))


async def migrate() -> None:
    """Brings the schema up to date on the open pool. Hub processes that start together take turns. Idempotent."""
    async with connection() as held:
        await held.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                await run_forwards(app_name="hub")
        finally:
            await held.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)
