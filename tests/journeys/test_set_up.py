"""The first hour: from an empty organisation, through the set-up, to the first tile on the wall."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.agents.desk import a_desk
from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared
from .screens import CHROMIUM, CHROMIUM_OPTIONS, agent_process, sign_in

ADMIN = ("admin@daylight.localhost", "a long enough one")
DATA_LIMIT_MS = 20_000
"""From the start of the agent until the page says that data has come: asked every 2 s, noted with the first hello."""


@pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium")
@pytest.mark.timeout(120)
async def test_first_admin_comes_from_an_empty_organisation_to_the_first_tile(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    env = environment(
        database,
        redis_url,
        origin,
        tmp_path / "data",
        DEMO="0",
        DAYLIGHT_ADMIN_PASSWORD=ADMIN[1],
        DAYLIGHT_AGENT_STATE=str(tmp_path / "agent"),
    )
    await prepared(env)
    with hub_process(env, port, tmp_path / "hub.log") as hub, a_desk() as desk:
        await hub.await_ready()
        desk.window("Alpha", "one")
        desk.activate("Alpha")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            page = await sign_in(browser, origin, *ADMIN)

            await at(page, "Your organisation")
            await page.get_by_role("textbox", name="Name").fill("Halden")
            await page.get_by_role("combobox", name="Time zone").fill("warsaw")
            await page.keyboard.press("Enter")  # takes the zone
            await page.keyboard.press("Enter")  # goes on
            await at(page, "Working hours")
            await page.reload()
            await page.get_by_role("button", name="Mon–Fri 7 h 30").click()
            await go_on(page)
            await at(page, "Your first team")
            await page.get_by_role("textbox", name="Name of the team").fill("Payments")
            await go_on(page)
            await at(page, "Your first device")
            line = await page.locator("code").first.inner_text()
            command(env | {"DISPLAY": desk.display}, *line.split()[1:])
            await expect(page.get_by_text(re.compile("^Enrolled: "))).to_be_visible()
            with agent_process(env, desk, tmp_path / "agent.log"):
                await expect(page.get_by_text("Data has come")).to_be_visible(timeout=DATA_LIMIT_MS)
                await go_on(page)
                await at(page, "Daylight is set up")
                await page.get_by_role("button", name="Open Live").click()
                tile = page.locator("[data-person]", has_text="Administrator")
                await expect(tile).to_contain_text("Alpha")
                await page.goto(origin)

                await expect(tile).to_contain_text("Alpha")  # and the set-up does not come again
            me = await page.evaluate("fetch('/api/me').then(answer => answer.json())")
            await browser.close()

    assert me["organisation"] == {
        "name": "Halden",
        "zone": "Europe/Warsaw",
        "demo": False,
        "expected_min": [450] * 5 + [0, 0],
        "set_up": True,
        "version": 3,
    }
    assert (me["team"]["name"], me["manages"], me["device"]) == ("Payments", True, True)


async def at(page: Page, heading: str) -> None:
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()


async def go_on(page: Page) -> None:
    await page.get_by_role("button", name="Continue").click()
