"""What a route does when `may` says no: writes the try down, and answers as if there were nothing. Decides nothing itself.

And what a dangerous act asks for besides, of who may do it: `fresh=True`.
"""

from collections.abc import Sequence
from typing import NoReturn

from hub import audit
from hub.auth import login
from hub.auth.access import Action, Subject, Viewer, may
from hub.errors import Forbidden, NotFound

NOTHING = "There is nothing here for you."
NOTED_MAX = 20
"""Rows of one request: whoever asks for 200 people at once shall not fill the audit with them."""


async def require(
    viewer: Viewer, action: Action, subject: Subject, said: str = NOTHING, *, fresh: bool = False
) -> None:
    """Raises `NotFound` with `said`, and leaves a row in the audit, unless `viewer` may do `action` to `subject` now.

    `fresh`: the act is dangerous. Raises `Forbidden` with the code `fresh_proof` unless this session's person proved who they are within
    the last ten minutes. The pages ask for the proof then (`POST /api/session/proof`), and the act goes on.
    """
    if not may(viewer, action, subject):
        await refuse(viewer, action, subject, said)
    if fresh and not viewer.fresh:
        raise Forbidden(login.PROVE_FIRST, "fresh_proof")


async def refuse(viewer: Viewer, action: Action, subject: Subject, said: str = NOTHING) -> NoReturn:
    """The refusal alone, for a route that has asked by itself. `said` is what it answers for what does not exist."""
    await note(viewer, action, [subject])
    raise NotFound(said)


async def note(viewer: Viewer, action: Action, subjects: Sequence[Subject]) -> None:
    """The rows alone, where many are asked for at once and those that `viewer` may not see are left out. Only of what exists.

    Of very many the first have a row each; that of the first says how many `more` there were.
    """
    more = len(subjects) - NOTED_MAX
    for place, subject in enumerate(subjects[:NOTED_MAX]):
        counted = {"more": more} if more > 0 and not place else {}
        await audit.record(
            "denied", viewer.actor, subject.person, subject.team, client=viewer.client, wanted=action, **counted
        )
