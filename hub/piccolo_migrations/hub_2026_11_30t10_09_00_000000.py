"""Who is erased stays so: the erasure list, and no row for anybody on it. Legal holds keep somebody from being erased."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from hub.database import ENGINE

ID = "2026-11-30T10:09:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "erasure"

TABLES = [
    "subject_key", "device", "enrolment_code", "membership", "role", "former_zone", "saved_view", "people_import", "identity", "sign_in",
    "totp_factor", "passkey", "recovery_code", "factor_tries", "personal_token", "idempotency_key", "link", "mail", "policy_setting",
    "person_policy",
]  # fmt: skip

STATEMENTS = [
    # No reference to `person`: a list from elsewhere may name people who came after a backup. Devices and teams until both are cleaned up.
    """
    CREATE TABLE erased (
        person integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), erased_by integer,
        devices integer[] NOT NULL DEFAULT '{}', teams integer[] NOT NULL DEFAULT '{}', cleaned_at timestamptz
    )
    """,
    """
    CREATE TABLE legal_hold (
        id serial PRIMARY KEY, person integer NOT NULL REFERENCES person ON DELETE CASCADE,
        since_at timestamptz NOT NULL DEFAULT now(), set_by integer, reason text NOT NULL,
        lifted_at timestamptz, lifted_by integer, lifted_reason text NOT NULL DEFAULT ''
    )
    """,
    "CREATE UNIQUE INDEX legal_hold_one_at_a_time ON legal_hold (person) WHERE lifted_at IS NULL",
    "CREATE INDEX legal_hold_person ON legal_hold (person)",
    """
    ALTER TABLE person ADD CONSTRAINT erased_has_nothing CHECK (erased_at IS NULL OR (
        name = '' AND email = 'erased:' || id AND zone = 'UTC' AND locale IS NULL AND working_hours IS NULL AND password_hash IS NULL
        AND deactivated_at IS NOT NULL
    ))
    """,
    # The lock waits for an erasure that goes on, and has it wait until this transaction is over.
    """
    CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE since timestamptz;
    BEGIN
        IF NEW.person IS NOT NULL THEN
            SELECT erased_at INTO since FROM person WHERE id = NEW.person FOR KEY SHARE;
            IF since IS NOT NULL THEN RAISE EXCEPTION 'person % is erased', NEW.person; END IF;
        END IF;
        RETURN NEW;
    END $$
    """,
    *(
        f"CREATE TRIGGER refuse_erased BEFORE INSERT OR UPDATE OF person ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_erased()"
        for table in [*TABLES, "legal_hold"]
    ),
]


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="hub", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await ENGINE.run_ddl(statement)

    manager.add_raw(run)
    return manager
