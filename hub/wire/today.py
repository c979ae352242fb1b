"""What a person has worked today, as the wall shows it: what is stored, and the tail that is not yet. Pure.

The hub counts what is stored and says how far that reaches; whoever draws adds the tail from the facts of the moment, so that a figure
moves with the clock without a message. Held to the table in `cases/today.json`, which the browser's twin must pass too.
"""

import msgspec

from hub.wire.activity import UtcTime


class Today(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's workday so far, all their devices united."""

    starts_at: UtcTime
    """Midnight in the person's zone."""
    ends_at: UtcTime
    active_s: float = 0.0
    """Active time in the workday up to `counted_until`, exact. A silence that was still open then is not in it."""
    counted_until: UtcTime | None = None
    """The latest input that is stored; `None` when none is, since the workday began."""
    expected_s: int = 0
    """What the person is expected to be active for in this workday; 0 on a free day."""
