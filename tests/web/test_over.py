"""What opens over a page, with the keys that lead to it: the palette, the sheet of shortcuts, saved views."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.screens import CHROMIUM

from .browser import Face
from .seen import everybody, shows, shows_names

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
AMARA, NOOR, ELIF = "Amara Okafor", "Noor Haddad", "Elif Kaya"


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def search(page: Page, text: str, wanted: str) -> None:
    """Opens the palette by its keys and types; waits until this is what Enter would choose."""
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Search people, teams, pages and actions")).to_be_focused()
    await page.keyboard.type(text)
    await expect(page.get_by_role("option", selected=True)).to_contain_text(wanted)


async def test_palette_leads_to_people_teams_pages_and_acts(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    await search(page, "haddad", NOOR)
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(dialog(page)).to_be_hidden()
    await expect(page.locator("[data-panel]").get_by_role("heading", name=NOOR)).to_be_visible()

    await search(page, "design", "Design")
    await page.keyboard.press("Enter")
    await shows_names(page, ELIF, NOOR)
    await expect(page).to_have_url(re.compile(rf"team={wall.desks.sitting[NOOR].team}\b"))

    await search(page, "dark", "Theme: Dark")
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_have_text(
        ["Design", re.compile(NOOR)]
    )
    await page.keyboard.press("Escape")
    await search(page, "my d", "My data")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{wall.origin}/my-data")


async def test_sheet_lists_keys_that_do_what_it_says_until_they_are_turned_off(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    await page.keyboard.press("?")
    await expect(dialog(page).get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    words, keys = [await dialog(page).get_by_role(role).all_inner_texts() for role in ("term", "definition")]
    said = dict(zip(words, keys, strict=True))
    assert {"Pause", "Kiosk", "Devices", "My data", "Keyboard shortcuts"} <= said.keys()
    await page.keyboard.press("p")  # it does nothing below a dialog
    await page.keyboard.press("Escape")
    await expect(dialog(page)).to_be_hidden()
    await expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
    await page.keyboard.press(said["Pause"])
    await expect(page.locator("[data-live]")).to_have_attribute("data-live", "paused")
    await page.keyboard.press("g")
    await page.keyboard.press("d")
    await expect(page).to_have_url(f"{wall.origin}/devices")

    await page.keyboard.press("?")
    await dialog(page).get_by_label("Shortcuts of single keys").uncheck()
    await dialog(page).get_by_role("button", name="Close").click()
    await page.keyboard.press("g")
    await page.keyboard.press("l")
    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")
    await expect(dialog(page)).to_have_count(1)
    await expect(dialog(page).get_by_role("combobox")).to_be_focused()
    assert page.url == f"{wall.origin}/devices"


async def test_views_are_saved_opened_renamed_and_deleted_with_a_way_back(wall: Face) -> None:
    page = await wall.opened("/?state=active&view=rows&group=none&sort=name")
    await shows(page, {"Everybody": [AMARA, NOOR]})
    views = page.get_by_role("dialog", name="Views")
    await page.get_by_role("button", name="Views").click()
    await expect(views).to_contain_text("Nothing is saved yet")
    await views.get_by_label("Save this view as").fill("Who works")
    await page.keyboard.press("Enter")
    await expect(views.get_by_role("button", name="Who works", exact=True)).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Escape")
    await expect(views).to_be_hidden()

    other = await wall.opened()  # another browser of the same person
    await everybody(other)
    views = other.get_by_role("dialog", name="Views")
    await other.get_by_role("button", name="Views").click()
    await views.get_by_role("button", name="Who works", exact=True).click()
    await expect(views).to_be_hidden()
    await shows(other, {"Everybody": [AMARA, NOOR]})
    await expect(other.get_by_role("table", name="People")).to_be_visible()
    await other.get_by_role("button", name="Views").click()
    await views.get_by_role("button", name="Rename Who works").click()
    await views.get_by_label("Name", exact=True).fill("Active ones")
    await other.keyboard.press("Enter")
    await views.get_by_role("button", name="Delete Active ones").click()
    await expect(views).to_contain_text("Active ones was deleted.")
    await views.get_by_role("button", name="Undo").click()
    await expect(views.get_by_role("button", name="Active ones", exact=True)).to_be_visible()
    await views.get_by_role("button", name="Delete Active ones").click()
    await expect(views).to_contain_text("Active ones was deleted.")
    await other.reload()
    await other.get_by_role("button", name="Views").click()

    await expect(views).to_contain_text("Nothing is saved yet")
