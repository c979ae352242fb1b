"""The first hour: from an empty organisation, through the set-up, to the first tile on the wall."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

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
            await expect(page.get_by_role("option").first).to_contain_text("Warsaw")
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
                await pause(page, origin, tile)
            await roll_out(page, origin, env | {"DAYLIGHT_AGENT_STATE": str(tmp_path / "another")})
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


async def pause(page: Page, origin: str, tile: Locator) -> None:
    """Private from the web is private on the wall within seconds, and over when it is ended."""
    for act, shown in (("Private", "Private"), ("End it now", "Alpha")):
        await page.goto(f"{origin}/my-data")
        await page.get_by_role("button", name=act, exact=True).click()
        await expect(page.get_by_role("button", name="End it now")).to_be_visible(visible=act == "Private")
        await page.goto(origin)
        await expect(tile).to_contain_text(shown)


async def roll_out(page: Page, origin: str, env: dict[str, str]) -> None:
    """A second computer asks by a code for a roll-out, and is approved by what it shows."""
    await page.goto(f"{origin}/devices?view=all")
    await page.get_by_role("button", name="Roll-out codes").click()
    await page.get_by_role("textbox", name="What it is for").fill("Second floor")
    await page.get_by_role("button", name="Make the code").click()
    line = await page.get_by_role("dialog").locator("code").first.inner_text()
    asking = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-m",
        "hub.cli",
        *line.split()[1:],
        "--name",
        "second",
        env=env,
        stdout=asyncio.subprocess.PIPE,
    )
    assert asking.stdout is not None
    told = ""
    async with asyncio.timeout(30):
        while not (address := re.search(r"http\S+/devices\?confirm=\S+", told)):
            told += (await asking.stdout.readline()).decode()
        await page.goto(address[0])
        await page.get_by_role("button", name="Yes, it is mine").click()
        await expect(page.get_by_text("Enrolled: second")).to_be_visible()
        rest, _ = await asking.communicate()

    assert asking.returncode == 0
    assert "Enrolled with" in rest.decode()


async def at(page: Page, heading: str) -> None:
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()


async def go_on(page: Page) -> None:
    await page.get_by_role("button", name="Continue").click()
