"""What goes to the wall, and when. Pure: a tracker is told the permitted facts at each sample and says when they are worth sending."""

from datetime import datetime, timedelta

import msgspec

from hub.wire.activity import Facts, State, state_at
from hub.wire.policy import Policy, permit_facts

REFRESH_S = 10
"""While input goes on, its time is sent this often, so that the wall sees that it does."""


class Shown(msgspec.Struct, frozen=True):
    """Permitted facts for the wall. `since_at`: since when the state of these facts has held."""

    facts: Facts
    since_at: datetime | None
    policy: int


class Tracker:
    """Follows the state of one device, and holds back what the wall need not be told."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._since_at: datetime | None = None
        self._sent: Shown | None = None

    def update(self, facts: Facts, policy: Policy, at: datetime) -> Shown | None:
        """The facts at hub time `at`. Returns what to show, or None while the wall knows enough."""
        facts = permit_facts(facts, policy)
        judged = state_at(facts, at, policy.idle_limit_s)
        if judged.state != self._state:
            self._since_at = at if self._state is not None or judged.since_at is None else judged.since_at
            self._state = judged.state
        since_at = judged.since_at or self._since_at
        shown = Shown(facts, since_at, policy.version)
        if self._sent is not None and not self._worth(shown, self._sent, at, policy):
            return None
        self._sent = shown
        return shown

    def _worth(self, shown: Shown, sent: Shown, at: datetime, policy: Policy) -> bool:
        if shown.policy != sent.policy or without_input(shown.facts) != without_input(sent.facts):
            return True
        now, then = shown.facts.last_input_at, sent.facts.last_input_at
        if now == then:
            return False
        if now is None or then is None or now - then >= timedelta(seconds=REFRESH_S):
            return True
        # The wall has turned idle by itself: input must show at once.
        return (
            state_at(sent.facts, at, policy.idle_limit_s).state != state_at(shown.facts, at, policy.idle_limit_s).state
        )


def without_input(facts: Facts) -> Facts:
    """The facts that cut an interval: all but the time of the last input."""
    return msgspec.structs.replace(facts, last_input_at=None)
