"""What has to be in the database before a hub or a worker can use it. Called by `daylight migrate` and `daylight up`."""

from hub import policies
from hub.people import first_admin
from hub.piccolo_app import migrate
from hub.settings import Settings


async def prepare(settings: Settings) -> str:
    """Schema, default policy, organisation and first admin; returns what has to be said of them. Idempotent."""
    await migrate()
    await policies.load()
    first = await first_admin(settings)
    if first is None:
        return ""
    return f"First admin: {first.email}" + (f", password: {first.password}" if first.password else "")
