"""The wall through the eyes of a manager in a real browser: found, filtered, arranged, held and paused, with and without a pointer."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.journeys.screens import CHROMIUM

from .browser import MANAGER, PASSWORD, PHONE, SIGNED_OUT, Face
from .seen import LONG_IDLE_S, everybody, names, shows, shows_names, tile

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(120)]
AMARA, LUKAS, MEI, NOOR, ELIF = "Amara Okafor", "Lukas Brandt", "Mei Chen", "Noor Haddad", "Elif Kaya"
TALL = {"width": 1280, "height": 1400}
GROUPED = {
    "team": {"Needs attention": [LUKAS], "Design": [ELIF, NOOR], "Payments": [AMARA, MEI]},
    "state": {"Needs attention": [LUKAS], "Active": [AMARA, NOOR], "Passive": [MEI], "Locked": [ELIF]},
    "none": {"Needs attention": [LUKAS], "Everybody": [AMARA, ELIF, MEI, NOOR]},
}
SORTED = {
    "name": [AMARA, ELIF, LUKAS, MEI, NOOR],
    "state": [AMARA, NOOR, MEI, LUKAS, ELIF],
    "longest": [LUKAS, AMARA, MEI, NOOR, ELIF],
    "today": [MEI, NOOR, AMARA, ELIF, LUKAS],
}
HEADS = {
    "State": SORTED["state"],
    "Name": SORTED["name"],
    "Team": [ELIF, NOOR, AMARA, LUKAS, MEI],
    "App or site": [ELIF, NOOR, LUKAS, AMARA, MEI],
    "For": SORTED["longest"],
    "Active today": SORTED["today"],
    "Expected": [AMARA, MEI, LUKAS, NOOR, ELIF],
    "Age": [AMARA, LUKAS, MEI, NOOR, ELIF],
}
LARGEST_FIRST = ("For", "Active today", "Expected", "Age")
STATES = {"attention": [LUKAS], "active": [NOOR, AMARA], "passive": [MEI], "idle": [LUKAS], "locked": [ELIF]}


async def test_who_needs_somebody_stands_first_and_a_change_at_a_desk_is_shown(wall: Face) -> None:
    page = await wall.opened()

    await expect(tile(page, LUKAS)).to_contain_text("Idle for 45 min")
    assert await names(page) == [LUKAS, ELIF, NOOR, AMARA, MEI]
    await expect(page.locator("[data-count=attention]")).to_contain_text("1")
    await wall.desks.does(AMARA, "Slack")
    await expect(tile(page, AMARA).locator("[data-cell=app]")).to_have_text("Slack")
    await wall.desks.does(LUKAS, "IntelliJ IDEA")
    await expect(page.locator("[data-count=attention]")).to_contain_text("0")


async def test_people_stand_in_the_order_and_under_the_headings_that_are_chosen(wall: Face) -> None:
    page = await wall.opened(viewport=TALL)
    await shows(page, GROUPED["team"])
    group, sort = page.get_by_label("Group"), page.get_by_label("Sort")
    for grouping, wanted in GROUPED.items():
        await group.select_option(grouping)
        await shows(page, wanted)
    for order, people in SORTED.items():
        await sort.select_option(order)
        await shows(page, {"Everybody": people})
    await group.select_option("team")
    await shows(page, {"Design": [NOOR, ELIF], "Payments": [MEI, AMARA, LUKAS]})  # by what they did today
    await group.select_option("state")
    await shows(page, {"Active": [NOOR, AMARA], "Passive": [MEI], "Idle": [LUKAS], "Locked": [ELIF]})
    await page.get_by_role("button", name="Rows").click()
    await shows(page, {"Active": [NOOR, AMARA], "Passive": [MEI], "Idle": [LUKAS], "Locked": [ELIF]})

    await page.get_by_role("button", name="Table").click()
    for word, people in HEADS.items():
        head = page.get_by_role("columnheader", name=word)
        for order in (people, people[::-1]):
            await head.get_by_role("button").click()
            falling = (word in LARGEST_FIRST) == (order is people)
            await expect(head).to_have_attribute("aria-sort", "descending" if falling else "ascending")
            await shows(page, {"Everybody": order})


async def test_each_filter_leaves_those_whom_it_names(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    for state, people in STATES.items():
        await page.locator(f"[data-count={state}]").click()
        await shows_names(page, *people)
        await expect(page).to_have_url(re.compile(f"state={state}"))
    await page.locator("[data-count=locked]").click()
    team, app = (page.get_by_label(re.compile(f"^{label}")) for label in ("Team", "App"))
    await team.select_option(label="Design")
    await shows_names(page, ELIF, NOOR)
    await page.locator("[data-count=passive]").click()
    await expect(page.get_by_text("Nobody matches this filter")).to_be_visible()
    await page.get_by_role("button", name="Show everybody").click()
    await everybody(page)
    await app.hover()  # the apps of now are gathered as somebody comes near
    await app.select_option(label="Figma")
    await shows_names(page, ELIF, NOOR)
    await app.select_option(label="All apps")
    await tile(page, MEI).get_by_text("Zoom").click()
    await shows_names(page, MEI)
    await tile(page, MEI).focus()
    await page.keyboard.press("a")

    await everybody(page)
    await page.keyboard.press("/")
    await page.keyboard.type("pay")
    await shows_names(page, LUKAS, AMARA, MEI)


async def test_counts_search_and_groups_are_in_the_address_and_a_copied_link_shows_the_same(wall: Face) -> None:
    page = await wall.opened()
    await page.locator("[data-count=passive]").click()
    await shows_names(page, MEI)
    await page.locator("[data-count=passive]").click()
    await page.keyboard.press("/")
    await page.keyboard.type("figma")
    await shows_names(page, ELIF, NOOR)
    await page.get_by_label("Group").select_option("state")
    await page.get_by_label("Sort").select_option("name")
    await page.get_by_role("button", name="Rows").click()
    await expect(page.get_by_role("table", name="People")).to_be_visible()

    again = await page.context.new_page()
    await again.goto(page.url)
    for _ in range(2):
        await expect(again.get_by_role("table", name="People")).to_be_visible()
        await shows(again, {"Active": [NOOR], "Locked": [ELIF]})
        await expect(again.get_by_role("searchbox")).to_have_value("figma")
        await again.reload()
    await page.go_back()
    await expect(page.get_by_role("table", name="People")).to_be_hidden()
    await shows(page, {"Active": [NOOR], "Locked": [ELIF]})


async def test_nothing_moves_under_the_pointer(wall: Face) -> None:
    page = await wall.opened()
    await everybody(page)
    before = await names(page)
    await tile(page, NOOR).hover()
    await wall.desks.does(AMARA, "VS Code", quiet_s=2 * LONG_IDLE_S)

    await expect(tile(page, AMARA)).to_contain_text("Idle for")
    assert await names(page) == before
    await expect(page.get_by_text("Order held")).to_be_visible()
    await page.mouse.move(5, 5)
    await expect(page.locator("[data-person]").first).to_contain_text(AMARA)


async def test_a_paused_wall_stands_and_catches_up(wall: Face) -> None:
    page = await wall.opened()
    await expect(tile(page, AMARA)).to_contain_text("VS Code")
    await page.keyboard.press("p")
    await expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()
    await wall.desks.does(AMARA, "Slack")
    other = await wall.another(page)
    await expect(tile(other, AMARA)).to_contain_text("Slack")

    await expect(tile(page, AMARA)).to_contain_text("VS Code")
    await page.bring_to_front()
    await page.keyboard.press("p")
    await expect(tile(page, AMARA)).to_contain_text("Slack")


async def test_a_kiosk_shows_the_wall_alone_until_escape(wall: Face) -> None:
    page = await wall.opened()
    await expect(page.locator("[data-person]")).to_have_count(5)
    await page.keyboard.press("k")
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await expect(page.get_by_role("searchbox")).to_be_hidden()
    await expect(page.locator("[data-person]")).to_have_count(5)
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("navigation").first).to_be_visible()


async def test_with_the_keyboard_alone_somebody_is_opened_and_sees_at_once_who_looks(
    wall: Face, record_property: Callable[[str, object], None]
) -> None:
    noor = await wall.opened("/my-data", email=await wall.password_of(NOOR))
    await expect(noor.get_by_text("Nobody has looked yet")).to_be_visible()
    page = await wall.opened()
    await everybody(page)
    await page.locator("[data-person]").first.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-person]:focus")).to_contain_text(NOOR)
    await page.keyboard.press("Enter")
    began = time.monotonic()
    shown = noor.get_by_role("listitem").filter(has_text="Mara Boss opened your details")
    await expect(shown).to_be_visible()
    record_property("figure", f"who looks is shown to whom they look at after {time.monotonic() - began:.1f} s")
    await expect(page.get_by_text("This view is recorded in the access ledger")).to_be_visible()
    await expect(page.get_by_role("heading", name=NOOR)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("This view is recorded in the access ledger")).to_be_hidden()
    await expect(page.locator("[data-person]:focus")).to_contain_text(NOOR)


async def test_a_screen_reader_gets_a_table_with_the_same(wall: Face) -> None:
    page = await wall.opened("/?view=table&group=none&sort=name")
    rows = page.get_by_role("table", name="People").get_by_role("row")

    await expect(rows.filter(has=page.get_by_role("cell"))).to_have_count(5)
    first = rows.filter(has_text=AMARA).get_by_role("cell")
    await expect(first.nth(0)).to_have_text("Active")
    await expect(first.nth(3)).to_have_text("VS Code")
    await expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")


async def test_a_phone_shows_the_wall_within_its_width_and_back_closes_who_was_opened(wall: Face) -> None:
    page = await wall.opened(viewport=PHONE, has_touch=True, is_mobile=True)
    await expect(page.locator("[data-person]")).to_have_count(5)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await tile(page, NOOR).tap()
    await expect(page.get_by_role("dialog")).to_contain_text("This view is recorded in the access ledger")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.go_back()

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("[data-person]")).to_have_count(5)


async def test_a_browser_in_arabic_is_met_in_arabic_from_right_to_left(wall: Face) -> None:
    page = await (await wall.context(locale="ar")).new_page()
    await page.goto(wall.origin)
    await page.get_by_label("بريد العمل الإلكتروني").fill(MANAGER)
    await page.get_by_label("كلمة المرور").fill(PASSWORD)
    await page.get_by_role("button", name="تسجيل الدخول", exact=True).click()

    await expect(tile(page, AMARA)).to_contain_text("VS Code")
    wall.complaints.forgive(SIGNED_OUT)
    assert await page.evaluate("document.documentElement.dir") == "rtl"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
