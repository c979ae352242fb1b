"""The hub's own role: it can do nothing to a row of the audit that is there. All other tests run as that role too."""

import asyncpg
import pytest

from hub import audit, grants
from hub.chain import seal, signing_key
from hub.database import LONG_TRANSACTIONS, SERVER_SETTINGS, close_pool, connection, open_pool
from hub.errors import StartError
from tests.owner import owning

SIGNING = signing_key("a secret of these tests, long enough")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 2",
        "UPDATE audit_link SET hash = hash",
        "DELETE FROM audit",
        "DELETE FROM audit_link",
        "TRUNCATE audit, audit_link, audit_waiting",
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "ALTER TABLE audit OWNER TO daylight_hub",
        "DROP TRIGGER audit_only_grows ON audit",
        "DROP TABLE audit",
        "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
        "CREATE OR REPLACE VIEW audit_told AS SELECT 1",
        "CREATE RULE nothing AS ON INSERT TO audit DO INSTEAD NOTHING",
        "CREATE TRIGGER quiet BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE daylight",
        "SET SESSION AUTHORIZATION daylight",
        "SET session_replication_role = replica",
        "ALTER ROLE daylight_hub SUPERUSER",
        "DROP SCHEMA public CASCADE",
        "COPY audit TO PROGRAM 'true'",
    ],
)
async def test_hub_can_do_nothing_to_the_audit_but_add(database: str, statement: str) -> None:
    await audit.record("sign_out", 1, 1)
    await seal(SIGNING)

    async with connection() as held:
        assert await held.fetchval("SELECT current_user") == "daylight_hub"
        before = await held.fetch("SELECT * FROM audit, audit_link")
        await held.execute("BEGIN")
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.DependentObjectsStillExistError)):
            await held.execute(statement)
        await held.execute("ROLLBACK")
        assert await held.fetch("SELECT * FROM audit, audit_link") == before
    await audit.record("sign_out", 2, 2)
    assert await seal(SIGNING) == 1


async def test_giving_again_changes_nothing_and_takes_in_what_is_new(database: str) -> None:
    owners = "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    async with owning() as held:
        before = await held.fetch(owners)
        await grants.give(held, database)
        assert await held.fetch(owners) == before
        await held.execute("CREATE TABLE later (id serial PRIMARY KEY)")
        await grants.give(held, database)
    async with connection() as used:
        assert await used.fetchval("INSERT INTO later DEFAULT VALUES RETURNING id") == 1


async def test_owner_that_is_the_hub_itself_is_refused(database: str) -> None:
    async with connection() as held:
        with pytest.raises(StartError, match="another role"):
            await grants.give(held, database)


async def test_owner_that_may_not_make_the_role_says_what_it_needs(database: str) -> None:
    async with owning() as held:
        with pytest.raises(StartError, match="CREATEROLE"):
            await grants.give(held, database.replace("daylight_hub", "somebody"))


CODE = (
    "DROP OPERATOR IF EXISTS public.= (oid, regnamespace)",
    "DROP FUNCTION IF EXISTS same, seize CASCADE",
    "DROP RULE IF EXISTS nothing ON person",
)
"""What takes it away again."""
SEIZE = "ALTER TABLE public.audit OWNER TO daylight_hub"


@pytest.mark.parametrize(
    "code",
    [
        f"""
        CREATE FUNCTION seize() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE '{SEIZE}'; RETURN NEW; END $$;
        CREATE TRIGGER seize BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION seize()
        """,
        f"""
        CREATE FUNCTION same(oid, regnamespace) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
            IF current_user <> 'daylight_hub' THEN EXECUTE '{SEIZE}'; END IF; RETURN true; END $$;
        CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regnamespace, FUNCTION = same)
        """,
        "CREATE RULE nothing AS ON UPDATE TO person DO INSTEAD NOTHING",
    ],
)
async def test_code_of_the_hub_never_runs_as_the_owner(database: str, code: str) -> None:
    async with connection() as held:
        await held.execute(code)

    async with owning() as held:
        with pytest.raises(StartError, match="that the hub's role made"):
            await grants.give(held, database)

        assert await held.fetchval("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'audit'") == "daylight"
        for left in CODE:
            await held.execute(left)


async def test_nothing_that_the_role_has_for_itself_comes_before_postgresqls_own(database: str) -> None:
    async with connection() as held:
        assert await held.fetchval("SELECT current_schemas(true)") == ["pg_catalog", "public"]
        await held.execute("ALTER ROLE daylight_hub SET search_path = public, pg_catalog")
    try:
        await close_pool()
        for settings in (SERVER_SETTINGS, LONG_TRANSACTIONS):
            await open_pool(database, settings=settings)
            async with connection() as held:
                assert await held.fetchval("SELECT current_schemas(true)") == ["pg_catalog", "public"]
            await close_pool()
    finally:
        await open_pool(database)
        async with connection() as held:
            await held.execute("ALTER ROLE daylight_hub RESET search_path")
