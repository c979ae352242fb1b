"""Viewers: a manager's browsers, half of them behind the bad network, all of which have to show in the end what a fresh one shows."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

from websockets.exceptions import InvalidHandshake, InvalidMessage

from tests.hub.live import Viewer, signed_in
from tests.journeys.wall import MANAGER, PASSWORD, Wall


class Browsers(Wall):
    """A wall whose browsers also come back from what only faults bring about."""

    refusals = (*Wall.refusals, EOFError, InvalidHandshake, InvalidMessage)

    def __init__(self, target: Any, origin: str, client: Any, teams: list[int]) -> None:
        super().__init__(target, origin, client)
        self.teams = teams
        self.shown = [None] * len(teams)

    async def read(self, viewer: Viewer) -> None:
        with contextlib.suppress(TimeoutError):  # nothing changed for a while
            await viewer.next()


class Walls:
    """Two groups of browsers: before the hub, and behind the proxy."""

    def __init__(self, target: Any, proxied: Any, origin: str, teams: list[int], viewers: int) -> None:
        self._targets = (target, proxied)
        self._origin = origin
        self._teams = [teams[number % len(teams)] for number in range(viewers // 2)]
        self.groups: list[Browsers] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with contextlib.aclosing(await signed_in(self._targets[0], MANAGER, PASSWORD)) as client:
            self.groups = [Browsers(target, self._origin, client, self._teams) for target in self._targets]
            tasks = [
                asyncio.create_task(group.watch(number, team))
                for group in self.groups
                for number, team in enumerate(group.teams)
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                for error in ended:
                    if isinstance(error, Exception):
                        raise error

    def some(self, count: int, rng: random.Random) -> list[Any]:
        """Browsers that show something now."""
        shown = [viewer for group in self.groups for viewer in group.shown if viewer is not None]
        return rng.sample(shown, min(count, len(shown)))

    def show_somebody(self) -> bool:
        """Whether anybody is live on any of them."""
        return any(group.links()["live"] for group in self.groups)

    async def equal_a_fresh_one(self) -> bool:
        """Whether every browser shows what one shows that is opened now."""
        fresh = {team: await self.groups[0].fresh(team) for team in set(self._teams)}
        return all(
            viewer is not None and viewer.tiles.get(team) == fresh[team]
            for group in self.groups
            for viewer, team in zip(group.shown, group.teams, strict=True)
        )
