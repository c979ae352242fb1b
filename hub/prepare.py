"""What has to be in the database before a hub or a worker can use it. Called by `daylight migrate` and `daylight up`."""

from hub import grants, policies
from hub.database import LONG_TRANSACTIONS, close_pool, connection, open_pool, refuse_half_restored
from hub.people.first import first_admin
from hub.piccolo_app import migrate
from hub.settings import Settings


async def schema(settings: Settings) -> None:
    """Brings the schema up to date, as its owner, and gives the hub's role what it needs. Opens and closes the pool. Idempotent."""
    assert settings.database_url is not None
    await open_pool(settings.database_owner_url or settings.database_url, size=2, settings=LONG_TRANSACTIONS)
    try:
        await refuse_half_restored()
        async with connection() as held:
            await grants.refuse_code(held)
        await migrate()
        if settings.database_owner_url:
            async with connection() as held:
                await grants.give(held, settings.database_url)
    finally:
        await close_pool()


async def prepare(settings: Settings) -> str:
    """Default policy, organisation and first admin, on the open pool; returns what has to be said of them. Idempotent."""
    await policies.load()
    first = await first_admin(settings)
    if first is None:
        return ""
    return f"First admin: {first.email}" + (f", password: {first.password}" if first.password else "")
