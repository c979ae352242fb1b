"""Whose the tables are. Called by `prepare` and by a restore, on a connection of the owner.

The hub and the worker log in as a role of their own (`DATABASE_URL`). It owns every table but the audit's, which it may read and add to:
neither a mistake of ours nor whoever takes over a hub can change a row of the audit, remove one, or take its triggers away. The role that
owns the audit's tables, brings the schema up to date and restores (`DATABASE_OWNER_URL`) is known to `daylight migrate` and `daylight up`.
"""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import asyncpg

from hub.errors import StartError

if TYPE_CHECKING:
    from hub.database import Connection

KEPT = ("audit", "audit_link", "audit_waiting", "migration")
"""What stays the owner's."""
GRANTS = (
    "GRANT USAGE, CREATE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT ON audit, audit_link TO {role}",
    "GRANT SELECT, INSERT, DELETE ON audit_waiting TO {role}",
    "GRANT SELECT ON audit_told, migration TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)


async def give(held: "Connection", hub_url: str) -> None:
    """Gives the role in `hub_url` what it needs; makes the role where there is none. Idempotent. Raises `StartError`."""
    parts = urlsplit(hub_url)
    role, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not role or role == await held.fetchval("SELECT current_user"):
        raise StartError(
            "DATABASE_OWNER_URL must name another role than DATABASE_URL: the hub's may only add to the audit"
        )
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
    SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND relowner = current_user::regrole AND relname <> ALL($1::text[]) ORDER BY oid
"""
