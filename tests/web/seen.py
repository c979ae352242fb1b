"""What a user finds on the page: people, the headings above them, and what axe has to say."""

import asyncio
from pathlib import Path

from playwright.async_api import Download, Locator, Page, expect

from .browser import AXE

TEAMS = {"Payments": ["Amara Okafor", "Lukas Brandt", "Mei Chen"], "Design": ["Noor Haddad", "Elif Kaya"]}
LONG_IDLE_S = 45 * 60
PATIENCE_S = 20
_SECTIONS = """() => {
    const found = [];
    for (const place of document.querySelectorAll("main :is(h2, [role=rowheader], [data-person] [data-cell=name])")) {
        if (place.matches("[data-cell=name]")) { found.at(-1)[1].push(place.innerText); }
        else { found.push([place.innerText.split("\\n")[0], []]); }
    }
    return found;
}"""


def tile(page: Page, name: str) -> Locator:
    return page.locator("[data-person]", has_text=name)


async def names(page: Page) -> list[str]:
    """Of everybody on the wall, in their order."""
    return await page.locator("[data-person] [data-cell=name]").all_inner_texts()


async def everybody(page: Page) -> None:
    """Waits until all are there as their desks say, and so in their order."""
    await expect(page.locator("[data-person]")).to_have_count(5)
    await expect(page.locator("[data-person]").first).to_contain_text("Lukas Brandt")
    await expect(tile(page, "Elif Kaya")).to_contain_text("Locked")


async def shows(page: Page, wanted: dict[str, list[str]]) -> None:
    """Waits until these people and no others stand under these headings, all in this order."""
    found: list[list[object]] = []
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while asyncio.get_running_loop().time() < until:
        found = await page.evaluate(_SECTIONS)
        if [tuple(each) for each in found] == list(wanted.items()):
            return
        await asyncio.sleep(0.05)
    assert found == [list(each) for each in wanted.items()], f"{found} is on the page, not {wanted}"


async def shows_names(page: Page, *wanted: str) -> None:
    """Waits until these people and no others are shown, in this order, whatever stands above them."""
    await expect(page.locator("[data-person] [data-cell=name]")).to_have_text(wanted)


async def saved(download: Download, folder: Path) -> Path:
    """What was downloaded, in this folder: Chromium is a server's, which keeps it where only that one looks."""
    kept = folder / download.suggested_filename
    await download.save_as(kept)
    return kept


async def faults(page: Page, *rules: str, without: str = "") -> list[str]:
    """What axe finds on a page as it is drawn, contrast included: by all its rules, by some, or by all but one."""
    if not await page.evaluate("'axe' in window"):  # half a megabyte, sent once to a page
        await page.evaluate(f"(() => {{\n{AXE.read_text()}\n}})()")
    chosen = {"runOnly": list(rules)} if rules else {"rules": {without: {"enabled": False}}} if without else {}
    result = await page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **chosen})
    return [f"{one['id']}: {node['html'][:160]}" for one in result["violations"] for node in one["nodes"]]
