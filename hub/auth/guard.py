"""What a route does when `may` says no: writes the try down, and answers as if there were nothing. Decides nothing itself."""

from typing import NoReturn

from hub import audit
from hub.auth.access import Action, Subject, Viewer, may
from hub.errors import NotFound

NOTHING = "There is nothing here for you."


async def require(viewer: Viewer, action: Action, subject: Subject, said: str = NOTHING) -> None:
    """Raises `NotFound` with `said`, and leaves a row in the audit, unless `viewer` may do `action` to `subject` now."""
    if not may(viewer, action, subject):
        await refuse(viewer, action, subject, said)


async def refuse(viewer: Viewer, action: Action, subject: Subject, said: str = NOTHING) -> NoReturn:
    """The refusal alone, for a route that has asked by itself. `said` is what it answers for what does not exist."""
    await audit.record("denied", viewer.person, subject.person, subject.team, wanted=action)
    raise NotFound(said)
