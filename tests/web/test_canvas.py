"""The canvas wall in a real browser: what it paints, says and opens."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.journeys.screens import CHROMIUM

from .browser import face

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
TEAMS = {"Payments": ["Amara Okafor", "Lukas Brandt"], "Design": ["Noor Haddad"]}
LONG_IDLE_S = 45 * 60


async def tints(page: Page) -> list[str]:
    """The colour of each cell near its corner, in the order of the cells' columns."""
    found: list[str] = await page.evaluate(
        """() => {
            const wall = document.querySelector('[role=application]');
            const canvas = wall.querySelector('canvas');
            const size = Number(wall.dataset.size);
            const box = canvas.getBoundingClientRect();
            const context = canvas.getContext('2d');
            const colours = [];
            for (let x = 0; x < box.width; x += size) {
                const [r, g, b, a] = context.getImageData((x + size * 0.3) * devicePixelRatio, 40 * devicePixelRatio, 1, 1).data;
                colours.push(`${r},${g},${b},${a}`);
            }
            return colours;
        }"""
    )
    return found


async def test_canvas_shows_a_change_and_opens_whom_the_keys_lead_to(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    async with face(database, redis_url, tmp_path, TEAMS) as made:
        for name in ("Amara Okafor", "Lukas Brandt", "Noor Haddad"):
            await made.desks.does(name, "VS Code")
        page = await made.opened()
        await page.get_by_role("button", name="Wall", exact=True).click()
        wall = page.get_by_role("application")
        await expect(wall).to_have_accessible_name(re.compile("^Wall: 3 people in 2 teams: 3 Active"))
        before = await tints(page)

        await wall.focus()
        await page.keyboard.type("lukas")
        said = page.locator("[aria-live=polite]", has_text="Lukas Brandt")
        await expect(said).to_contain_text("Payments, Active")
        assert await tints(page) == before
        await made.desks.does("Lukas Brandt", "VS Code", quiet_s=LONG_IDLE_S)
        await expect(said).to_contain_text("Idle for 45 min")
        assert await tints(page) != before
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"[?&]person=\d+"))
        await expect(page.get_by_role("complementary").or_(page.get_by_role("dialog")).first).to_contain_text(
            "Lukas Brandt"
        )
