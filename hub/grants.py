"""Whose the tables are. Called by `prepare` and by a restore, on a connection of the owner.

The hub and the worker log in as a role of their own (`DATABASE_URL`). It owns every table but the audit's, which it may read and add to:
neither a mistake of ours nor whoever takes over a hub can change a row of the audit, remove one, or take its triggers away. The role that
owns the audit's tables, brings the schema up to date and restores (`DATABASE_OWNER_URL`) is known to `daylight migrate` and `daylight up`.

What the hub's role writes as code in the database (a trigger on a table of its own, an operator that fits better than PostgreSQL's) would
run with the owner's rights as soon as that one touches it: `refuse_code` is asked first. Queries here compare equal types, which
PostgreSQL's own operators fit.
"""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import asyncpg

from hub.database import HALF_RESTORED
from hub.errors import StartError

if TYPE_CHECKING:
    from hub.database import Connection

KEPT = ("audit", "audit_link", "audit_waiting", "migration", HALF_RESTORED)
"""What stays the owner's."""
CODE_SHOWN = 3
GRANTS = (
    "GRANT USAGE, CREATE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT ON audit, audit_link TO {role}",
    "GRANT SELECT, INSERT, DELETE ON audit_waiting TO {role}",
    "GRANT SELECT ON audit_told, migration TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)


async def refuse_code(held: "Connection") -> None:
    """Raises `StartError` when there are functions, operators or rules of the hub's role, which makes none."""
    found = await held.fetch(_CODE)
    if found:
        told = ", ".join(f"the {row['kind']} {row['name']}" for row in found[:CODE_SHOWN])
        raise StartError(
            f"in the database lies code that the hub's role made, and the hub makes none: {told}. It could run as the owner of the audit: "
            "find out whose it is, and drop it or give it to another role"
        )


async def give(held: "Connection", hub_url: str) -> None:
    """Gives the role in `hub_url` what it needs; makes the role where there is none. Idempotent. Raises `StartError`."""
    parts = urlsplit(hub_url)
    role, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not role or role == await held.fetchval("SELECT current_user"):
        raise StartError(
            "DATABASE_OWNER_URL must name another role than DATABASE_URL: the hub's may only add to the audit"
        )
    await refuse_code(held)
    quoted = await held.fetchval("SELECT quote_ident($1)", role)
    try:
        async with held.transaction():
            if not await held.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
                await held.execute(
                    await held.fetchval(
                        "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, password
                    )
                )
            # To hand tables over, and to change them later.
            if not await held.fetchval("SELECT pg_has_role($1, 'SET') AND pg_has_role($1, 'USAGE')", role):
                await held.execute(f"GRANT {quoted} TO CURRENT_USER")
            for grant in GRANTS:
                await held.execute(grant.format(role=quoted))
            for table in await held.fetch(_OURS, list(KEPT)):
                await held.execute(f"ALTER TABLE {table['name']} OWNER TO {quoted}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartError(
            f"the role of DATABASE_OWNER_URL can't set up {role}: {error}. It needs CREATEROLE, or make the role and grant it beforehand"
        ) from error


_OURS = """
    SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace::oid AND relkind IN ('r', 'p')
        AND relowner = current_user::regrole::oid AND relname <> ALL($1::text[]) ORDER BY oid
"""
_CODE = """
    WITH hub AS (
        SELECT ours.relowner AS role FROM pg_catalog.pg_class AS ours, pg_catalog.pg_class AS kept
        WHERE ours.oid = pg_catalog.to_regclass('public.person')::oid AND kept.oid = pg_catalog.to_regclass('public.audit')::oid
            AND ours.relowner <> kept.relowner
    )
    SELECT 'function' AS kind, proname AS name FROM pg_catalog.pg_proc JOIN hub ON proowner = role
    UNION ALL SELECT 'operator', oprname FROM pg_catalog.pg_operator JOIN hub ON oprowner = role
    UNION ALL SELECT 'rule', rulename FROM pg_catalog.pg_rewrite JOIN pg_catalog.pg_class AS ruled ON ruled.oid = ev_class
        JOIN hub ON relowner = role WHERE relkind IN ('r', 'p')
"""
