"""The canvas wall in a real browser: what it paints, says and opens, with three people and with three hundred."""

import itertools
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.screens import CHROMIUM

from .browser import face

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
TEAMS = {"Payments": ["Amara Okafor", "Lukas Brandt"], "Design": ["Noor Haddad"]}
LONG_IDLE_S = 45 * 60
FIRST = (
    "Amara",
    "Björn",
    "Chloé",
    "Elif",
    "Hana",
    "Ingrid",
    "Kwame",
    "Linh",
    "Mateusz",
    "Noor",
    "Priya",
    "Ravi",
    "Sofia",
    "Tariq",
    "Yuki",
)
LAST = ("Abara", "Berg", "Costa", "Dahl", "Eze", "Fischer", "Goto", "Horák", "Ito", "Jansen", "Koch", "Lopez", "Mensah", "Nowak", "Okafor",
        "Petit", "Rossi", "Sato", "Torres", "Weber")  # fmt: skip
CROWD = [f"{first} {last}" for first, last in itertools.product(FIRST, LAST)]
TEAM_NAMES = ("Billing", "Core", "Data", "Field", "Legal", "Support")
CROWDED = {team: CROWD[at::6] for at, team in enumerate(TEAM_NAMES)}
"""Three hundred people; in each team they stand by name."""


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
    chromium: str, database: str, redis_url: str, tmp_path: Path
) -> None:
    async with face(chromium, database, redis_url, tmp_path, TEAMS) as made:
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


async def test_canvas_of_hundreds_is_walked_by_keys_filtered_and_opened_by_a_click(
    chromium: str, database: str, redis_url: str, tmp_path: Path
) -> None:
    async with face(chromium, database, redis_url, tmp_path, CROWDED) as made:
        locked = [name for people in CROWDED.values() for name in people[:4]]
        await made.desks.all_do([name for name in CROWD if name not in locked], "VS Code")
        await made.desks.all_do(locked, "VS Code", locked=True)
        page = await made.opened("/?view=wall")
        wall = page.get_by_role("application")
        await expect(wall).to_have_accessible_name("Wall: 300 people in 6 teams: 276 Active, 24 Locked")

        await wall.focus()
        said = page.locator("[aria-live=polite]")
        await expect(said).to_contain_text(f"{CROWDED['Billing'][0]}, Billing, Locked")
        await page.keyboard.press("ArrowDown")
        await expect(said).to_contain_text(f"{CROWDED['Billing'][1]}, Billing, Locked")
        await page.keyboard.press("Home")
        forth = await walked(page, said, "ArrowRight")
        await page.keyboard.press("End")
        await expect(said).to_contain_text(f"{CROWDED['Support'][-1]}, Support, Active")
        back = await walked(page, said, "ArrowLeft")
        assert [*forth, *back[::-1]] == [*TEAM_NAMES] or forth == back[::-1] == [*TEAM_NAMES]

        await page.locator("[data-count=locked]").click()
        await expect(wall).to_have_attribute("data-cells", "24")
        await wall.focus()
        await page.keyboard.press("End")
        await expect(said).to_contain_text(f"{CROWDED['Support'][3]}, Support, Locked")
        await page.locator("[data-count=locked]").click()
        await expect(wall).to_have_attribute("data-cells", "300")

        await wall.focus()
        await page.keyboard.type("sofia h")
        await expect(said).to_contain_text("Sofia Horák, ")
        box = await wall.locator("span[style*=inline-size]").last.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await page.keyboard.press("Home")
        await page.mouse.click(x, y)

        await expect(page).to_have_url(re.compile(rf"[?&]person={made.desks.sitting['Sofia Horák'].person}$"))
        await expect(page.locator("[data-panel]").get_by_role("heading", name="Sofia Horák")).to_be_visible()


async def walked(page: Page, said: Locator, key: str) -> list[str]:
    """The teams that a key leads through, until it leads nowhere."""
    teams: list[str] = []
    before = ""
    while (words := await said.inner_text()) != before:
        _, team, *_ = words.split(", ")
        if team not in teams:
            teams.append(team)
        before = words
        await page.keyboard.press(key)
    return teams
