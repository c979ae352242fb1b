"""What auto-migrations can't say: names without case and accents, and how looks are found."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-24T14:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "folded names, looks by person and team"

STATEMENTS = [
    # Whoever ran it before there was a set-up has it set up. A demo counts as such anyway, until it is cleared.
    "UPDATE organisation SET set_up_at = now() WHERE NOT demo",
    # Letters that have no decomposition are spelled as people type them who don't have them on their keys; words begin after a hyphen too.
    r"""
    CREATE FUNCTION folded(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
        replace(replace(replace(replace(
            translate(
                lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]+', '', 'g') COLLATE pg_c_utf8),
                'øłđðħı-''’_.', 'olddhi     '
            ), 'æ', 'ae'), 'œ', 'oe'), 'ß', 'ss'), 'þ', 'th')
    """,
    "ALTER TABLE person ADD folded text GENERATED ALWAYS AS (folded(name)) STORED",
    "CREATE UNIQUE INDEX saved_view_name ON saved_view (person, lower(name COLLATE pg_c_utf8))",
    "CREATE INDEX audit_looks ON audit (subject, at, id) WHERE action = 'look_person'",
    "CREATE INDEX audit_walls ON audit (team, at, id) WHERE action = 'look_wall'",
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
