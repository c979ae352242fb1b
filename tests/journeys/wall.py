"""A fleet in teams and the browsers that watch it, against hub processes: for journeys that need many of both."""

import asyncio
import contextlib
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from websockets.exceptions import ConnectionClosed, InvalidStatus

from agents.roster import emails_of
from hub.database import transaction
from hub.wire.viewer import Snapshot, Tile
from tests.hub.live import Viewer, signed_in, viewing

from .hubs import HubProcess, command

PASSWORD = "a long enough one"
MANAGER = SimpleNamespace(email="mara@halden.example")
AGAIN_S = (0.2, 1.0)
"""A browser comes back this soon when it is told that its hub drains."""


async def settle_people(env: dict[str, str], people: int, teams: int) -> list[int]:
    """Simulated people, spread over teams that one manager sees; returns the teams. `daylight simulate --people` acts as them."""
    await asyncio.to_thread(
        command, env, "person", "add", MANAGER.email, "--name", "Mara Boss", "--password", PASSWORD,
        *(word for number in range(teams) for word in ("--manages", f"Team {number}")),
    )  # fmt: skip
    async with transaction() as held:
        rows = await held.fetch("SELECT id FROM team WHERE name LIKE 'Team %' ORDER BY id")
        await held.execute(
            """
            WITH added AS (
              INSERT INTO person (email, name, zone, simulated)
              SELECT email, 'Simulated ' || number, 'UTC', true FROM unnest($1::text[]) WITH ORDINALITY AS given(email, number)
              RETURNING id
            )
            INSERT INTO membership (person, team, since_at) SELECT id, ($2::int[])[1 + id % $3], now() FROM added
            """,
            emails_of(people),
            [row["id"] for row in rows],
            teams,
        )
    return [row["id"] for row in rows]


async def simulator(env: dict[str, str], hub: HubProcess, code: str, log: Path, *arguments: str) -> Any:
    """`daylight simulate` against the hub."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "simulate", "--hub", hub.url, "--enrol", code, *arguments,
            env=env, stdout=asyncio.subprocess.PIPE, stderr=output,
        )  # fmt: skip


class Wall:
    """A manager's browsers, each with one team open. They come back when they are told to, as the page does."""

    refusals: ClassVar[tuple[type[Exception], ...]] = (OSError, InvalidStatus, TimeoutError)

    def __init__(self, hub: HubProcess, origin: str, client: Any) -> None:
        self.hub: Any = SimpleNamespace(port=hub.port, settings=SimpleNamespace(origin=origin))
        self.client = client
        self.shown: list[Viewer | None] = []
        self.teams: list[int] = []
        self.closed: Counter[int] = Counter()
        self.refused = 0

    async def watch(self, number: int, team: int) -> None:
        while True:
            try:
                async with viewing(self.hub, self.client) as viewer:
                    await viewer.subscribe([team])
                    self.shown[number] = viewer
                    while True:
                        await self.read(viewer)
            except ConnectionClosed as closed:
                self.closed[closed.rcvd.code if closed.rcvd else 1006] += 1
            except self.refusals:
                self.refused += 1
            finally:
                self.shown[number] = None
            await asyncio.sleep(random.uniform(*AGAIN_S))

    async def read(self, viewer: Viewer) -> None:
        await viewer.next()

    async def fresh(self, team: int) -> dict[int, Tile]:
        """What a browser that is opened now shows."""
        async with viewing(self.hub, self.client) as viewer:
            await viewer.subscribe([team])
            while True:
                frame = await viewer.next()
                if isinstance(frame, Snapshot) and frame.part >= frame.parts - 1:
                    return dict(viewer.tiles[team])

    async def all_equal_a_fresh_one(self) -> bool:
        for team in set(self.teams):
            fresh = await self.fresh(team)
            for number, watched in enumerate(self.teams):
                viewer = self.shown[number]
                if watched == team and (viewer is None or viewer.tiles.get(team) != fresh):
                    return False
        return True

    def links(self) -> Counter[str]:
        """How many people are live, unknown and offline, as some browser of each team shows them."""
        seen = {team: viewer.tiles.get(team, {}) for team, viewer in zip(self.teams, self.shown, strict=True) if viewer}
        return Counter(tile.link for tiles in seen.values() for tile in tiles.values())


@contextlib.asynccontextmanager
async def watched(hub: HubProcess, origin: str, teams: list[int], viewers: int) -> AsyncIterator[Wall]:
    """So many browsers, spread over the teams."""
    target: Any = SimpleNamespace(port=hub.port)
    async with contextlib.aclosing(await signed_in(target, MANAGER, PASSWORD)) as client:
        wall = Wall(hub, origin, client)
        wall.teams = [teams[number % len(teams)] for number in range(viewers)]
        wall.shown = [None] * viewers
        tasks = [asyncio.create_task(wall.watch(number, team)) for number, team in enumerate(wall.teams)]
        try:
            yield wall
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error
