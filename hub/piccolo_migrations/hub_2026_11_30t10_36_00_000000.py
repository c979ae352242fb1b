"""What people ask about their data, and who is restricted."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Timestamptz
from piccolo.columns.indexes import IndexMethod

from hub.database import ENGINE

ID = "2026-11-30T10:36:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "requests of people, and restriction"

STATEMENTS = [
    """
    CREATE TABLE person_request (
        id bigserial PRIMARY KEY, person integer NOT NULL REFERENCES person ON DELETE CASCADE, kind varchar(10) NOT NULL,
        wrong text NOT NULL, wanted text NOT NULL, asked_at timestamptz NOT NULL DEFAULT now(), due_on date NOT NULL,
        state varchar(10) NOT NULL DEFAULT 'open', answer text NOT NULL DEFAULT '', decided_at timestamptz, decided_by integer
    )
    """,
    "CREATE UNIQUE INDEX person_request_one_open ON person_request (person, kind) WHERE state = 'open'",
    "CREATE INDEX person_request_person ON person_request (person)",
    "CREATE TRIGGER refuse_erased BEFORE INSERT OR UPDATE OF person ON person_request FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    manager.add_column(
        table_class_name="Person",
        tablename="person",
        column_name="restricted_at",
        db_column_name="restricted_at",
        column_class_name="Timestamptz",
        column_class=Timestamptz,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
