"""Going away and coming back: by links, reloads and the browser's own buttons, over a lost connection, and after an ended session."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from hub.people import deactivate
from tests.journeys.screens import CHROMIUM

from .browser import MANAGER, PASSWORD, SIGNED_OUT, UNREACHED, Face
from .seen import everybody, shows_names, tile

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
AMARA, NOOR, ELIF = "Amara Okafor", "Noor Haddad", "Elif Kaya"
STALE_MS, LIVE_MS = 15_000, 40_000
"""Silence is noticed in three seconds; who comes back waits for its turn, and for a hub that starts."""


def panel(page: Page) -> Locator:
    return page.locator("[data-panel]")


def badge(page: Page) -> Locator:
    return page.locator("[data-live]")


async def shows_noor(page: Page) -> None:
    await expect(panel(page).get_by_role("heading", name=NOOR)).to_be_visible()
    await expect(panel(page)).to_contain_text("This view is recorded in the access ledger")
    await expect(tile(page, NOOR)).to_have_attribute("aria-pressed", "true")


async def test_a_link_to_somebody_opens_them_before_and_after_signing_in_and_on_reload_and_back(wall: Face) -> None:
    link = f"/?person={wall.desks.sitting[NOOR].person}"
    page = await (await wall.context()).new_page()
    await page.goto(f"{wall.origin}{link}")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(page.get_by_text(NOOR)).to_have_count(0)
    await wall.sign_in(page)
    await shows_noor(page)
    assert page.url.endswith(link)

    cold = await wall.another(page, link)
    await shows_noor(cold)
    await cold.reload()
    await shows_noor(cold)
    await panel(cold).get_by_role("button", name="Close").click()
    await expect(panel(cold)).to_be_hidden()
    assert "person" not in cold.url
    await cold.go_back()
    await shows_noor(cold)
    await tile(cold, ELIF).click()
    await expect(panel(cold).get_by_role("heading", name=ELIF)).to_be_visible()
    await cold.go_back()
    await shows_noor(cold)
    await cold.go_forward()
    await expect(panel(cold).get_by_role("heading", name=ELIF)).to_be_visible()
    await cold.reload()
    await expect(panel(cold).get_by_role("heading", name=ELIF)).to_be_visible()


async def test_a_lost_hub_makes_the_wall_stale_and_its_return_makes_it_right(wall_apart: Face) -> None:
    wall = wall_apart
    assert wall.process is not None
    page = await wall.opened()
    await everybody(page)
    wall.process.kill()
    await expect(badge(page)).to_have_attribute("data-live", "stale", timeout=STALE_MS)
    await everybody(page)  # the last picture stays
    await expect(page.get_by_text("The hub can't be reached.")).to_be_visible()
    await wall.desks.does(AMARA, "Slack")
    wall.process.start()

    await expect(badge(page)).to_have_attribute("data-live", "live", timeout=LIVE_MS)
    await expect(tile(page, AMARA)).to_contain_text("Slack")
    await expect(page.get_by_text("The hub can't be reached.")).to_be_hidden()
    wall.complaints.forgive(UNREACHED)


async def test_a_browser_that_is_offline_says_so_with_the_age_of_its_picture_and_is_right_again(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    # The socket stays open and says nothing any more: the page has to find out by the silence.
    await page.context.set_offline(True)
    await expect(page.get_by_text("You are offline.")).to_be_visible()
    await wall.desks.does(AMARA, "Slack")
    await expect(badge(page)).to_have_attribute("data-live", "stale", timeout=STALE_MS)
    await expect(badge(page)).to_have_text(re.compile(r"^Stale\s*[3-9] s$"))
    await expect(badge(page)).to_have_text(re.compile(r"^Stale\s*1\d s$"), timeout=STALE_MS)  # it ages
    await expect(tile(page, AMARA)).to_contain_text("VS Code")
    await page.context.set_offline(False)

    await expect(badge(page)).to_have_attribute("data-live", "live", timeout=LIVE_MS)
    await expect(tile(page, AMARA)).to_contain_text("Slack")
    for words in ("You are offline.", "The hub can't be reached."):
        await expect(page.get_by_text(words)).to_be_hidden(timeout=1_000)  # what is live is no longer away
    wall.complaints.forgive(UNREACHED)


async def test_who_is_signed_out_elsewhere_signs_in_and_is_where_they_were(wall: Face) -> None:
    page = await wall.opened("/?view=rows&state=active")
    await shows_names(page, NOOR, AMARA)
    signed_in_too = await wall.opened()
    elsewhere = await (await wall.context(storage_state=await page.context.storage_state())).new_page()
    await elsewhere.goto(wall.origin)
    await elsewhere.get_by_role("button", name=re.compile("Account of")).click()
    await elsewhere.get_by_role("menuitem", name="Sign out").click()

    await expect(page.get_by_text("You were signed out")).to_be_visible(timeout=STALE_MS)
    await expect(page.get_by_text(NOOR)).to_have_count(0)
    await wall.sign_in(page)
    await shows_names(page, NOOR, AMARA)
    assert page.url.endswith("/?view=rows&state=active")
    await everybody(signed_in_too)  # a sign-in of its own is its own
    await expect(badge(signed_in_too)).to_have_attribute("data-live", "live")


async def test_who_is_deactivated_sees_nobody_any_more_and_comes_in_nowhere(wall: Face) -> None:
    page, other = await wall.opened(), await wall.opened("/my-data")
    await everybody(page)
    await expect(other.get_by_text("Mara Boss").first).to_be_visible()
    me = await page.evaluate("fetch('/api/me').then(answer => answer.json())")
    await deactivate(me["id"])

    await expect(page.get_by_text("You were signed out")).to_be_visible(timeout=STALE_MS)
    await expect(page.get_by_text(NOOR)).to_have_count(0)
    await other.reload()
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    await other.get_by_label("Work e-mail").fill(MANAGER)
    await other.get_by_label("Password").fill(PASSWORD)
    await other.get_by_role("button", name="Sign in", exact=True).click()
    await expect(other.get_by_text("That e-mail and password don't match.")).to_be_visible()
    wall.complaints.forgive(SIGNED_OUT)
