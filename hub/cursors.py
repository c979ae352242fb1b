"""Cursors of lists by name: the place after which the next page begins, so that what comes or goes meanwhile moves nothing."""

import base64

import msgspec

from hub.errors import Invalid

MAX_CHARACTERS = 1500
"""A cursor holds a name: 200 characters of up to 4 bytes, some of them folded to two, in base64."""
NUMBER_MAX = 2**31 - 1
START = ("", 0)
"""Before everybody: no name is empty."""


def cursor(folded: str, number: int) -> str:
    """The place of a name as the database folds it, and of who has it."""
    return base64.urlsafe_b64encode(msgspec.json.encode((folded, number))).decode().rstrip("=")


def place(given: str | None, field: str) -> tuple[str, int]:
    """The name and number of a cursor; `START` without one. Raises `Invalid`, of this field, for one that is not ours."""
    if given is None:
        return START
    try:
        folded, number = msgspec.json.decode(
            base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)), type=tuple[str, int]
        )
    except (ValueError, msgspec.MsgspecError):
        folded, number = "\x00", 0
    if "\x00" in folded or not 0 < number <= NUMBER_MAX:
        raise Invalid("This is no cursor of ours.", field)
    return folded, number
