"""Whom or what a row is about, as pages show it."""

from typing import Any

import msgspec


class Named(msgspec.Struct, frozen=True):
    """A person, a team or an API client, by number and name; the name is empty where it is not known any more."""

    id: int
    name: str


def named(row: Any, what: str) -> Named | None:
    """Of the columns `what` and `what_name`."""
    return None if row[what] is None else Named(row[what], row[f"{what}_name"] or "")
