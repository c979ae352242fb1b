"""An admin keeps people and teams in a real browser: one hub for all of it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.journeys.screens import CHROMIUM

from .browser import ADMIN, PHONE, SIGNED_OUT, Face, by_keys
from .seen import faults, saved

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(300)]
COLOURS = ("color-contrast", "link-in-text-block")
CONFLICT = r"status of 409"


async def axe_finds_nothing(page: Page, where: str) -> None:
    """In light, and of what colours can break in dark."""
    found = await faults(page)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    found += await faults(page, *COLOURS)
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert found == [], where


async def test_admin_keeps_people_and_teams(wall: Face, tmp_path: Path) -> None:
    page = await wall.opened("/people", email=ADMIN, reduced_motion="reduce", permissions=["clipboard-write"])
    row = page.get_by_role("row")
    said = page.get_by_role("status")
    panel = page.get_by_role("complementary")

    # Somebody is added; an address that only looks like one is refused where it stands.
    await expect(row.filter(has_text="Amara Okafor")).to_contain_text("Payments")
    await axe_finds_nothing(page, "people")
    await page.get_by_role("button", name="Add a person").click()
    await panel.get_by_label("Name").fill("Zoe Adler")
    await panel.get_by_label("Work e-mail").fill("z\u043ee@halden.example")
    await panel.get_by_role("button", name="Add", exact=True).click()
    await expect(panel.get_by_text("Addresses here have Latin letters without accents only.")).to_be_visible()
    wall.complaints.forgive(r"status of 400")
    await axe_finds_nothing(page, "a person to add, refused")
    await panel.get_by_label("Work e-mail").fill("zoe@halden.example")
    await panel.get_by_role("button", name="Add", exact=True).click()
    await expect(panel.get_by_role("heading", name="Zoe Adler")).to_be_visible()
    await axe_finds_nothing(page, "a person")

    # A link by which she chooses a password, shown this once: this hub sends no mail. By keys alone, and the focus is never lost.
    await expect(panel.get_by_role("heading", name="Zoe Adler")).to_be_focused()
    make = panel.get_by_role("button", name="Make an invitation link")
    await by_keys(page, make)
    await page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="A link for Zoe Adler")
    await expect(shown.get_by_text("/set-password#")).to_be_visible()
    await expect(shown.get_by_role("button", name="Copy the link for Zoe Adler")).to_be_focused()
    await axe_finds_nothing(page, "a link")
    await page.keyboard.press("Enter")
    await expect(shown.get_by_role("status")).to_have_text("Copied")
    await page.keyboard.press("Escape")
    await expect(shown).to_be_hidden()
    await expect(make).to_be_focused()
    await expect(panel.get_by_text("Their link works once, until")).to_be_visible()
    await by_keys(page, panel.get_by_role("button", name="Withdraw the link"))
    await page.keyboard.press("Enter")
    await expect(said.filter(has_text="The link for Zoe Adler is withdrawn.")).to_be_visible()
    await expect(panel.get_by_role("heading", name="Access")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("button", name="Add a person")).to_be_focused()
    await page.get_by_role("button", name="Zoe Adler", exact=True).click()

    # What is typed outlives a reload and a signed-out moment, and what somebody else has done meanwhile.
    await panel.get_by_label("Name").fill("Zoe Adler-Lind")
    await page.reload()
    await expect(panel.get_by_label("Name")).to_have_value("Zoe Adler-Lind")
    other = await wall.opened("/people", email=ADMIN)
    await expect(other.get_by_role("row").filter(has_text="Zoe Adler")).to_be_visible()
    await other.get_by_role("button", name="Zoe Adler", exact=True).click()
    await other.get_by_role("complementary").get_by_label("Name").fill("Zoe A.")
    await other.get_by_role("complementary").get_by_role("button", name="Mon").click()
    await other.get_by_role("button", name="Save").click()
    await expect(other.get_by_text("Saved.")).to_be_visible()
    await page.context.clear_cookies(name=re.compile("daylight"))
    await panel.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await wall.sign_in(page, ADMIN)
    wall.complaints.forgive(SIGNED_OUT)
    await expect(panel.get_by_label("Name")).to_have_value("Zoe Adler-Lind")
    await expect(panel.get_by_text("Now: Zoe A.")).to_be_visible()
    await axe_finds_nothing(page, "two admins at one person")
    await panel.get_by_role("button", name="Save mine").click()
    await expect(panel.get_by_role("heading", name="Zoe Adler-Lind")).to_be_visible()

    # A role, and the last admin.
    await panel.get_by_role("combobox", name="Role to give").select_option("representative")
    await panel.get_by_role("button", name="Give", exact=True).click()
    await expect(panel.get_by_text("Sees policies and the audit")).to_be_visible()
    await panel.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Ada Admin", exact=True).click()
    await panel.get_by_role("button", name="Deactivate").click()
    await expect(
        page.get_by_text("This is the last admin who can sign in. Make somebody else an admin first.")
    ).to_be_visible()
    wall.complaints.forgive(r"status of 400")
    await page.get_by_role("button", name="Close").last.click()
    await panel.get_by_role("button", name="Close").click()

    # Two at once, and back.
    for name in ("Amara Okafor", "Lukas Brandt"):
        await page.get_by_role("checkbox", name=f"Select {name}").check()
    await axe_finds_nothing(page, "people selected")
    await page.get_by_role("combobox", name="Move to").select_option(label="\u2003Design")
    await page.get_by_role("button", name="Move", exact=True).click()
    await expect(said.filter(has_text="2 people are in Design now.")).to_be_visible()
    await expect(row.filter(has_text="Amara Okafor")).to_contain_text("Design")
    await page.get_by_role("button", name="Undo").click()
    await expect(said.filter(has_text="Taken back.")).to_be_visible()
    await expect(row.filter(has_text="Amara Okafor")).to_contain_text("Payments")

    # Teams: one more, which goes again and comes back.
    await page.get_by_role("link", name="Teams").click()
    await page.get_by_role("button", name="Add a team under Payments").click()
    await panel.get_by_label("Name").fill("Ledger")
    await panel.get_by_role("button", name="Add", exact=True).click()
    await expect(row.filter(has_text="Ledger")).to_have_attribute("aria-level", "3")
    await axe_finds_nothing(page, "teams")
    await panel.get_by_role("button", name="Remove").click()
    await expect(row.filter(has_text="Ledger")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row.filter(has_text="Ledger")).to_be_visible()

    # What is downloaded is what an import takes, and changes nothing.
    await page.get_by_role("link", name="People", exact=True).first.click()
    kept: dict[str, bytes] = {}
    for kind in ("CSV", "Excel (XLSX)"):
        await page.get_by_role("button", name="Download").click()
        async with page.expect_download() as downloading:
            await page.get_by_role("menuitem", name=kind).click()
        file = await saved(await downloading.value, tmp_path)
        kept[file.name] = file.read_bytes()
    assert "Zoe Adler-Lind,zoe@halden.example,,Representative,UTC,Mon 09:00-17:00,," in kept["people.csv"].decode()
    for name, content in kept.items():
        await page.goto(f"{wall.origin}/people/import")
        sent = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        await page.locator("input[type=file]").set_input_files(sent)  # type: ignore[arg-type]
        await expect(page.get_by_role("button", name="Nothing to import")).to_be_visible()
        await expect(page.get_by_role("button", name="Leave as is 9")).to_be_visible()

    # On a phone nothing is out of reach.
    await page.set_viewport_size(PHONE)
    for path, words in (("/people", "Zoe Adler-Lind"), ("/people?view=teams", "Ledger")):
        await page.goto(f"{wall.origin}{path}")
        await expect(page.get_by_role("button", name=words, exact=True)).to_be_visible()
        await axe_finds_nothing(page, f"{path} on a phone")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    wall.complaints.forgive(CONFLICT)
