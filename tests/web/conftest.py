"""A wall of few for those who look at it: see `seen.py` for what stands on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from .browser import Desks, Face, chromium_server, face
from .seen import LONG_IDLE_S, TEAMS


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the Chromium that all tests of this worker share."""
    with chromium_server(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
async def wall(chromium: str, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Face]:
    """Five people in two teams: two of them active, one long idle, one in a call, one locked."""
    async with face(chromium, database, redis_url, tmp_path, TEAMS) as made:
        await _all_sit(made.desks)
        yield made


@pytest.fixture
async def wall_apart(chromium: str, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Face]:
    """The same, before a hub that is a process of its own."""
    async with face(chromium, database, redis_url, tmp_path, TEAMS, apart=True) as made:
        await _all_sit(made.desks)
        yield made


async def _all_sit(desks: Desks) -> None:
    await desks.does("Amara Okafor", "VS Code", heard_s=5, since_s=20 * 60, worked_h=3, expected_h=8)
    await desks.does("Lukas Brandt", "IntelliJ IDEA", heard_s=4, quiet_s=LONG_IDLE_S, worked_h=1, expected_h=6)
    await desks.does("Mei Chen", "Zoom", heard_s=3, quiet_s=600, call=True, worked_h=5, expected_h=7)
    await desks.does("Noor Haddad", "Figma", heard_s=2, since_s=5 * 60, worked_h=4, expected_h=5)
    await desks.does("Elif Kaya", "Figma", heard_s=1, quiet_s=30, locked=True, worked_h=2, expected_h=4)
