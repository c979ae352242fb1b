"""A wall of few for those who look at it: see `seen.py` for what stands on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .browser import Face, face
from .seen import LONG_IDLE_S, TEAMS


@pytest.fixture
async def wall(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Face]:
    """Five people in two teams: two of them active, one long idle, one in a call, one locked."""
    async with face(database, redis_url, tmp_path, TEAMS) as made:
        does = made.desks.does
        await does("Amara Okafor", "VS Code", heard_s=5, since_s=20 * 60, worked_h=3, expected_h=8)
        await does("Lukas Brandt", "IntelliJ IDEA", heard_s=4, quiet_s=LONG_IDLE_S, worked_h=1, expected_h=6)
        await does("Mei Chen", "Zoom", heard_s=3, quiet_s=600, call=True, worked_h=5, expected_h=7)
        await does("Noor Haddad", "Figma", heard_s=2, since_s=5 * 60, worked_h=4, expected_h=5)
        await does("Elif Kaya", "Figma", heard_s=1, quiet_s=30, locked=True, worked_h=2, expected_h=4)
        yield made
