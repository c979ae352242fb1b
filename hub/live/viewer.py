"""One admitted viewer: what it was told of each of its teams, and what comes next as far as there is room.

`view.py` says what has changed and when there may be room again; nothing here waits.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.auth import login
from hub.live.follow import Follow
from hub.live.outbox import HELD_MAX_BYTES, Outbox
from hub.live.team import TeamView
from hub.live.telling import Part, Telling, text_frame
from hub.wire.viewer import Stale


@dataclass(slots=True)
class Told:
    """Of one team: up to where, and the telling that is under way."""

    epoch: str
    rev: int
    telling: Telling | None


class ViewerConnection:
    """One admitted viewer. Made by `view.py` after accept, for the length of the connection."""

    def __init__(self, signed_in: "login.SignedIn", outbox: Outbox, follow: Follow) -> None:
        self.signed_in = signed_in
        self.outbox = outbox
        self._follow = follow
        self.opening: asyncio.Task[None] | None = None
        """The latest subscription, whose teams are opened one after another."""
        self.teams: set[int] = set()
        self.looked: set[int] = set()
        self.looked_hour = 0
        """Teams whose look has been recorded in this hour, counted from 1970."""
        self.viewport: list[int] = []
        self.refused: set[int] = set()
        """Teams that it asked for and may not see: each is in the audit once a connection."""
        self._told: dict[int, Told] = {}
        self._behind: dict[int, None] = {}
        """Teams of which there is more to tell, in the order of the subscription."""
        self._told_stale = False

    def subscribe(self, teams: set[int], viewport: list[int]) -> None:
        """Replaces what was subscribed. Each team is then to be shown with `show`."""
        for team in self.teams | teams:
            self.outbox.forget(team)
        self.teams, self.viewport = teams, viewport
        self._told.clear()
        self._behind.clear()
        self._told_stale = False

    def show(self, team: TeamView) -> None:
        """Tells a team whole from now on, the people of the viewport first."""
        self._told[team.team] = Told(team.epoch, team.rev, team.snapshot(self.viewport))
        self._behind[team.team] = None

    def changed(self, team: int) -> None:
        """There is something newer of a team."""
        if team in self._told:
            self._behind[team] = None

    def keep_step(self, team: TeamView, since: int, part: Part) -> bool:
        """Tells what everybody is told who knows the team as of `since`. False: this one is to be told something else, or has no room."""
        told = self._told.get(team.team)
        if (
            told is None
            or told.rev != since
            or told.telling is not None
            or told.epoch != team.epoch
            or self._told_stale
            or self._follow.stale_since
            or not self.outbox.may_begin(team.team)
        ):
            return False
        self.outbox.put_part(team.team, part)
        told.rev = part.rev
        self._behind.pop(team.team, None)
        return True

    @property
    def is_behind(self) -> bool:
        """Whether there is more to tell."""
        return bool(self._behind) or self._told_stale is not bool(self._follow.stale_since)

    def catch_up(self, now: datetime) -> None:
        """Tells what is newer as far as there is room, a part of each team in turn; the rest is tried again."""
        stale_since = self._follow.stale_since
        if stale_since and not self._told_stale and self.outbox.unsent_bytes <= HELD_MAX_BYTES:
            self._tell(Stale(since_at=stale_since))
        told_one = True
        while told_one and self._behind:
            told_one = False
            for team in list(self._behind):
                told_one |= self._tell_part(team, now)
        if self._told_stale and not stale_since and not self._behind and self.outbox.unsent_bytes <= HELD_MAX_BYTES:
            self._tell(Stale())  # only after all that changed meanwhile

    def _tell(self, frame: Stale) -> None:
        self._told_stale = frame.since_at is not None
        self.outbox.put(text_frame(msgspec.json.encode(frame)))

    def _tell_part(self, number: int, now: datetime) -> bool:
        """Sends one frame of a team, if there is one and room for it."""
        team, told = self._follow.team(number), self._told[number]
        if team is None:
            self._behind.pop(number)
            return False
        if told.epoch != team.epoch:
            self.outbox.forget(number)  # the count began anew: revisions no longer order what is unacked
            told.epoch, told.telling = team.epoch, team.snapshot(self.viewport)
        if told.telling is None:
            if told.rev == team.rev:
                self._behind.pop(number)
                return False
            if not self.outbox.may_begin(number):
                return False
            if (shared := team.delta(told.rev, now)) is not None:
                self.outbox.put_part(number, Part(shared, team.rev))
                told.rev = team.rev
                self._behind.pop(number)
                return True
            told.telling = team.newer(told.rev)
        if not self.outbox.has_room():
            return False
        self.outbox.put_part(number, told.telling.next(now))
        self._behind[number] = self._behind.pop(number)  # the others' turn first
        if told.telling.done:
            told.rev, told.telling = told.telling.rev, None
            if told.rev == team.rev:
                self._behind.pop(number)
        return True
