"""The wall through the eyes of a manager in a real browser: found, filtered, held, paused, lost and right again."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.screens import CHROMIUM, fill_in

from .browser import DESKTOP, MANAGER, PASSWORD, PHONE, Face, face

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
TEAMS = {"Payments": ["Amara Okafor", "Lukas Brandt", "Mei Chen"], "Design": ["Noor Haddad", "Elif Kaya"]}
LONG_IDLE_S = 45 * 60
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
async def wall(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Face]:
    """Five people in two teams: two of them active, one long idle, one in a call, one locked."""
    async with face(database, redis_url, tmp_path, TEAMS) as made:
        await made.desks.does("Amara Okafor", "VS Code")
        await made.desks.does("Lukas Brandt", "IntelliJ IDEA", quiet_s=LONG_IDLE_S)
        await made.desks.does("Mei Chen", "Zoom", quiet_s=600, call=True)
        await made.desks.does("Noor Haddad", "Figma")
        await made.desks.does("Elif Kaya", "Figma", quiet_s=30, locked=True)
        yield made


async def everybody(page: Page) -> None:
    """Waits until all are there as their desks say, and so in their order."""
    await expect(page.locator("[data-person]")).to_have_count(5)
    await expect(page.locator("[data-person]").first).to_contain_text("Lukas Brandt")
    await expect(tile(page, "Elif Kaya")).to_contain_text("Locked")


async def names(page: Page) -> list[str]:
    return await page.locator("[data-person] [data-cell=name]").all_inner_texts()


def tile(page: Page, name: str) -> Locator:
    return page.locator("[data-person]", has_text=name)


async def test_who_needs_somebody_stands_first_and_a_change_at_a_desk_is_shown(wall: Face) -> None:
    page = await wall.opened()

    await expect(tile(page, "Lukas Brandt")).to_contain_text("Idle for 45 min")
    assert await names(page) == ["Lukas Brandt", "Elif Kaya", "Noor Haddad", "Amara Okafor", "Mei Chen"]
    await expect(page.locator("[data-count=attention]")).to_contain_text("1")
    await wall.desks.does("Amara Okafor", "Slack")
    await expect(tile(page, "Amara Okafor").locator("[data-cell=app]")).to_have_text("Slack")
    await wall.desks.does("Lukas Brandt", "IntelliJ IDEA")
    await expect(page.locator("[data-count=attention]")).to_contain_text("0")


async def test_counts_search_and_groups_are_in_the_address_and_a_copied_link_shows_the_same(wall: Face) -> None:
    page = await wall.opened()
    await page.locator("[data-count=passive]").click()
    await expect(page.locator("[data-person]")).to_have_count(1)
    await page.locator("[data-count=passive]").click()
    await page.keyboard.press("/")
    await page.keyboard.type("figma")
    await expect(page.locator("[data-person]")).to_have_count(2)
    await page.get_by_label("Group").select_option("state")
    await page.get_by_label("Sort").select_option("name")
    await page.get_by_role("button", name="Rows").click()
    await expect(page.get_by_role("table", name="People")).to_be_visible()

    again = await page.context.new_page()
    await again.goto(page.url)
    await expect(again.get_by_role("table", name="People")).to_be_visible()
    await expect(again.locator("[data-person]")).to_have_count(2)
    await expect(again.get_by_role("searchbox")).to_have_value("figma")
    await again.reload()
    await expect(again.locator("[data-person]")).to_have_count(2)
    await again.go_back()


async def test_nothing_moves_under_the_pointer(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    before = await names(page)
    await tile(page, "Noor Haddad").hover()
    await wall.desks.does("Amara Okafor", "VS Code", quiet_s=2 * LONG_IDLE_S)

    await expect(tile(page, "Amara Okafor")).to_contain_text("Idle for")
    assert await names(page) == before
    await expect(page.get_by_text("Order held")).to_be_visible()
    await page.mouse.move(5, 5)
    await expect(page.locator("[data-person]").first).to_contain_text("Amara Okafor")


async def test_a_paused_wall_stands_and_catches_up(wall: Face) -> None:
    page = await wall.opened()
    await expect(tile(page, "Amara Okafor")).to_contain_text("VS Code")
    await page.keyboard.press("p")
    await expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()
    await wall.desks.does("Amara Okafor", "Slack")
    other = await page.context.new_page()
    await other.goto(wall.origin)
    await expect(tile(other, "Amara Okafor")).to_contain_text("Slack")

    await expect(tile(page, "Amara Okafor")).to_contain_text("VS Code")
    await page.bring_to_front()
    await page.keyboard.press("p")
    await expect(tile(page, "Amara Okafor")).to_contain_text("Slack")


async def test_a_kiosk_shows_the_wall_alone_until_escape(wall: Face) -> None:
    page = await wall.opened()
    await expect(page.locator("[data-person]")).to_have_count(5)
    await page.keyboard.press("k")
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await expect(page.get_by_role("searchbox")).to_be_hidden()
    await expect(page.locator("[data-person]")).to_have_count(5)
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("navigation").first).to_be_visible()


async def test_a_lost_hub_makes_the_wall_stale_and_its_return_makes_it_right(wall: Face) -> None:
    page = await wall.opened()
    await expect(tile(page, "Amara Okafor")).to_contain_text("VS Code")
    wall.hub.kill()
    await expect(page.locator("[data-live]")).to_have_attribute("data-live", "stale", timeout=15_000)
    await expect(tile(page, "Amara Okafor")).to_contain_text("VS Code")  # the last picture stays
    await wall.desks.does("Amara Okafor", "Slack")
    wall.hub.start()

    await expect(page.locator("[data-live]")).to_have_attribute("data-live", "live", timeout=40_000)
    await expect(tile(page, "Amara Okafor")).to_contain_text("Slack")


async def test_who_is_signed_out_elsewhere_signs_in_and_is_where_they_were(wall: Face) -> None:
    page = await wall.opened("/?view=rows&state=active")
    await expect(page.locator("[data-person]")).to_have_count(2)
    elsewhere = await page.context.new_page()
    await elsewhere.goto(wall.origin)
    await elsewhere.get_by_role("button", name=re.compile("Account of")).click()
    await elsewhere.get_by_role("menuitem", name="Sign out").click()

    await expect(page.get_by_text("You were signed out")).to_be_visible(timeout=15_000)
    await fill_in(page, MANAGER, PASSWORD)
    await expect(page.locator("[data-person]")).to_have_count(2)
    assert page.url.endswith("/?view=rows&state=active")


async def test_with_the_keyboard_alone_somebody_is_opened_and_the_look_is_shown_to_them(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    await page.locator("[data-person]").first.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-person]:focus")).to_contain_text("Noor Haddad")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This view is recorded in the access ledger")).to_be_visible()
    await expect(page.get_by_role("heading", name="Noor Haddad")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("This view is recorded in the access ledger")).to_be_hidden()
    await expect(page.locator("[data-person]:focus")).to_contain_text("Noor Haddad")

    noor = await wall.opened("/my-data", email=await wall.password_of("Noor Haddad"))
    await expect(noor.get_by_text("Mara Boss opened your details")).to_be_visible()
    await expect(noor.get_by_text("Mara Boss").first).to_be_visible()


async def test_a_screen_reader_gets_a_table_with_the_same(wall: Face) -> None:
    page = await wall.opened("/?view=table&group=none&sort=name")
    rows = page.get_by_role("table", name="People").get_by_role("row")

    await expect(rows.filter(has=page.get_by_role("cell"))).to_have_count(5)
    first = rows.filter(has_text="Amara Okafor").get_by_role("cell")
    await expect(first.nth(0)).to_have_text("Active")
    await expect(first.nth(3)).to_have_text("VS Code")
    await expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")


async def test_a_phone_shows_the_wall_within_its_width_and_back_closes_who_was_opened(wall: Face) -> None:
    page = await wall.opened(viewport=PHONE, has_touch=True, is_mobile=True)
    await expect(page.locator("[data-person]")).to_have_count(5)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await tile(page, "Noor Haddad").tap()
    await expect(page.get_by_role("dialog")).to_contain_text("This view is recorded in the access ledger")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.go_back()

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("[data-person]")).to_have_count(5)


async def test_a_browser_in_arabic_is_met_in_arabic_from_right_to_left(wall: Face) -> None:
    page = await wall.browser.new_page(locale="ar", viewport=DESKTOP)
    await page.goto(wall.origin)
    await page.get_by_label("بريد العمل الإلكتروني").fill(MANAGER)
    await page.get_by_label("كلمة المرور").fill(PASSWORD)
    await page.get_by_role("button", name="تسجيل الدخول", exact=True).click()

    await expect(tile(page, "Amara Okafor")).to_contain_text("VS Code")
    assert await page.evaluate("document.documentElement.dir") == "rtl"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(wall: Face, scheme: str) -> None:
    page = await wall.opened(color_scheme=scheme)
    await expect(page.locator("[data-person]")).to_have_count(5)
    person = wall.desks.sitting["Noor Haddad"].person
    found = {}
    for path in (
        "/?view=cards",
        "/?view=rows",
        "/?view=wall",
        "/?view=table",
        f"/?person={person}",
        "/my-data",
        "/devices",
        "/nothing-here",
    ):
        await page.goto(f"{wall.origin}{path}")
        await page.get_by_role("main").first.wait_for()
        await page.wait_for_load_state("networkidle" if path.startswith(("/my", "/dev", "/not")) else "load")
        if path.startswith("/?person"):
            await expect(page.get_by_text("Why it counts as it does")).to_be_visible()
        elif path.startswith("/?"):
            await expect(page.get_by_text("5 people").first).to_be_visible()
        found[path] = await faults(page)

    assert {path: each for path, each in found.items() if each} == {}


async def faults(page: Page) -> list[str]:
    """What axe finds on a page as it is drawn, contrast included."""
    await page.evaluate(AXE.read_text())
    result = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{one['id']}: {node['html'][:160]}" for one in result["violations"] for node in one["nodes"]]
