"""Which policy is in force, and which was at a capture. Kept in memory: it is asked for with every event.

Read from the database at the start of each process by `load`. Until policies can be edited there is version 1, the default.
"""

import msgspec

from hub.tables import PolicyVersion
from hub.wire.policy import DEFAULT, NOTHING, Policy

_known: dict[int, Policy] = {DEFAULT.version: DEFAULT}


async def load() -> None:
    """Reads every version, and stores the default where there is none. Idempotent; what is in memory stays when it raises."""
    await PolicyVersion.insert(
        PolicyVersion(version=DEFAULT.version, policy=msgspec.json.encode(DEFAULT).decode())
    ).on_conflict(action="DO NOTHING")
    rows = await PolicyVersion.select(PolicyVersion.version, PolicyVersion.policy)
    read = {row["version"]: msgspec.json.decode(row["policy"], type=Policy) for row in rows}
    _known.clear()
    _known.update(read)


def in_force() -> Policy:
    """Today's policy: the newest version."""
    return _known[max(_known)]


def by_version(version: int) -> Policy:
    """The policy with this number. One that is not known permits nothing: an event captured under it keeps its state alone."""
    return _known.get(version, NOTHING)
