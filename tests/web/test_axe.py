"""axe finds nothing on any page and in nothing that opens over one: light and dark, on a desktop, a phone and from right to left."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from hub import mail, settings, worker
from hub.audit_file import check_file
from hub.database import connection
from hub.tables import Person
from tests.hub.mailbox import SENDER, Mailbox, mailbox
from tests.journeys.screens import CHROMIUM

from .browser import ADMIN, AUDITOR, DESKTOP, MANAGER, PASSWORD, PHONE, SIGNED_OUT, Face, face
from .seen import TEAMS, everybody, faults, saved, tile

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(240)]
NOOR = "Noor Haddad"
COLOURS = ("color-contrast", "link-in-text-block")
"""Rules that another theme can break."""
GIVE_LINK = """async path => {
    const headers = { "content-type": "application/json", "x-csrftoken": document.cookie.match(/csrftoken=([^;]+)/)[1] };
    return (await (await fetch(path, { method: "POST", headers, body: "{}" })).json()).url;
}"""
"""Of an admin's page: a link by which somebody sets a password."""
AT_REST = {"reduced_motion": "reduce"}
"""Nothing is looked at while it fades in."""


class Look:
    """Gathers what axe finds, by where it was."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    async def at(self, page: Page, where: str, *, dark: bool = True, without: str = "") -> None:
        self.found[where] = await faults(page, without=without)
        if dark:
            await page.emulate_media(color_scheme="dark")
            await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            self.found[f"{where}, dark"] = await faults(page, *COLOURS)
            await page.emulate_media(color_scheme="light")
            await expect(page.locator("html")).to_have_attribute("data-theme", "light")

    def nothing(self) -> None:
        assert {where: each for where, each in self.found.items() if each} == {}


async def test_axe_finds_nothing_from_the_sign_in_to_every_page_of_a_manager(wall: Face) -> None:
    look = Look()
    page = await (await wall.context(**AT_REST)).new_page()
    await page.goto(wall.origin)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await look.at(page, "sign-in")
    await page.get_by_label("Work e-mail").fill(MANAGER)
    await page.get_by_label("Password").fill("not the right one")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("That e-mail and password don't match.")).to_be_visible()
    await look.at(page, "sign-in refused")
    await wall.sign_in(page)
    for density in ("cards", "rows", "wall", "table"):
        await page.get_by_role("button", name=density.capitalize(), exact=True).click()
        await expect(page).to_have_url(re.compile(f"view={density}"))
        await expect(page.locator("[data-cells]" if density == "wall" else "[data-person]").first).to_be_visible()
        await look.at(page, density)
    await tile(page, NOOR).click()
    await expect(page.get_by_text("Why it counts as it does")).to_be_visible()
    await look.at(page, "somebody")
    await page.keyboard.press("k")
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await look.at(page, "kiosk")
    await page.keyboard.press("k")
    for path, words in (
        ("/my-data", "Mara Boss"),
        ("/devices", "You have no devices yet"),
        ("/nothing-here", "There is no such page"),
    ):
        await page.goto(f"{wall.origin}{path}")
        await expect(page.get_by_text(words).first).to_be_visible()
        await look.at(page, path)
    look.nothing()


async def test_axe_finds_nothing_in_what_opens_over_a_page(wall: Face) -> None:
    look = Look()
    page = await wall.opened("/?view=table", **AT_REST)
    await everybody(page)
    over = page.get_by_role("dialog").or_(page.get_by_role("menu"))
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option").first).to_be_visible()
    await look.at(page, "palette")
    await page.keyboard.type("haddad")
    await expect(page.get_by_role("option")).to_have_text([re.compile(NOOR)])
    await look.at(page, "palette with somebody")
    await page.keyboard.type(" of no such name")
    await expect(page.get_by_text("Nothing is called")).to_be_visible()
    await look.at(page, "palette with nobody")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(over.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    await look.at(page, "shortcuts")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Views").click()
    await over.get_by_label("Save this view as").fill("Everybody")
    await page.keyboard.press("Enter")
    await expect(over.get_by_role("button", name="Everybody", exact=True)).to_be_visible()
    await look.at(page, "views")
    await over.get_by_role("button", name="Rename Everybody").click()
    await look.at(page, "views, one being renamed")
    await page.keyboard.press("Escape")
    await expect(over.get_by_label("Name", exact=True)).to_be_hidden()
    await over.get_by_role("button", name="Rename Everybody").focus()
    await page.keyboard.press("Escape")
    for name in ("Columns", "Account of"):
        await page.get_by_role("button", name=re.compile(name)).click()
        await expect(over).to_be_visible()
        await look.at(
            page, name, without="region"
        )  # a menu stands beside the landmarks, as dialogs do, which axe lets pass
        await page.keyboard.press("Escape")
    await page.goto(f"{wall.origin}/devices?enrol")
    await expect(over.get_by_text("daylight agent enrol").first).to_be_visible()
    await look.at(page, "enrolling")
    look.nothing()


async def test_axe_finds_nothing_in_the_set_up(wall: Face) -> None:
    look = Look()
    page = await wall.opened(email=ADMIN, **AT_REST)
    for heading in ("Your organisation", "Working hours", "Your first team", "Your first device", "Daylight is set up"):
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
        if heading == "Your organisation":
            name = page.get_by_role("textbox", name="Name")
            await name.fill("")
            await page.get_by_role("button", name="Continue").click()
            await expect(page.get_by_text("A name is needed.")).to_be_visible()
            await look.at(page, "a mistake")
            await name.fill("Halden")
            await page.get_by_role("combobox", name="Time zone").fill("warsaw")
            await expect(page.get_by_role("option").first).to_be_visible()
            await look.at(page, "zones")
            await page.keyboard.press("Enter")
        if heading == "Your first team":
            await page.get_by_role("textbox", name="Name of the team").fill("Platform")
        await look.at(page, heading)
        if heading != "Daylight is set up":
            await page.get_by_role("button", name=re.compile("^(Continue|Skip this step)$")).first.click()
    await page.goto(f"{wall.origin}/devices?view=all")
    await expect(page.get_by_text(NOOR).first).to_be_visible()
    await look.at(page, "all devices")
    await page.locator("main [data-name]").first.click()
    await expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    await look.at(page, "a device")
    for query, heading in (("view=all&codes", "Roll-out codes"), ("confirm", "Approve a computer")):
        await page.goto(f"{wall.origin}/devices?{query}")
        await expect(page.get_by_role("dialog").get_by_role("heading", name=heading)).to_be_visible()
        await look.at(page, heading)
    look.nothing()


async def test_somebody_is_imported_and_sets_a_password_and_axe_finds_nothing_on_the_way(wall: Face) -> None:
    look = Look()
    page = await wall.opened("/admin/mail", email=ADMIN, **AT_REST)
    await expect(page.get_by_role("heading", name="No mail is set up")).to_be_visible()
    await look.at(page, "/admin/mail without mail")
    await page.goto(f"{wall.origin}/people/import")
    await expect(page.get_by_text("Drop a file here")).to_be_visible()
    await look.at(page, "no file yet")
    rows = (
        "e-mail;name;team;working hours\r\nnew@halden.example;Zoë New;Payments / Ledger;Mon-Fri 9-17\r\n"
        "n\u0435w@halden.example;X;;\r\n;Y;;\r\nat@halden.example;Z;;9 to 5\r\n"
    )
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": rows.encode("utf-16")}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_text("The address has letters that look like others")).to_be_visible()
    await expect(page.get_by_text("Working hours are written as in")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/people/import\?id="))
    await look.at(page, "preview")
    await page.reload()
    await page.get_by_role("checkbox", name=re.compile("Make the teams")).check()
    await expect(page.get_by_role("button", name="Can't be used 3")).to_be_visible()
    await page.get_by_role("button", name="Import 1 person").click()
    await expect(page.get_by_role("heading", name="1 person is imported")).to_be_visible()
    await look.at(page, "done")
    found = await Person.select(Person.id, Person.name).where(Person.email.like("%w@halden.example"))
    assert [person["name"] for person in found] == ["Zoë New"]

    link = await page.evaluate(GIVE_LINK, f"/api/people/{found[0]['id']}/link")
    await page.goto(f"{link}")
    await expect(page.get_by_role("heading", name="Welcome, Zoë New")).to_be_visible()
    await look.at(page, "invitation")
    await page.get_by_label("New password", exact=True).fill("password1")
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_text("This is one of the passwords that are tried first.")).to_be_visible()
    await look.at(page, "password refused")
    await page.get_by_label("New password", exact=True).fill("meadow lantern harbour")
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    await look.at(page, "password set")
    await page.goto(f"{wall.origin}/set-password")
    await page.goto(f"{link}")
    await expect(page.get_by_role("heading", name="This link doesn't work any more")).to_be_visible()
    await look.at(page, "link over")
    await page.get_by_role("link", name="Go to sign-in").click()
    await page.get_by_role("button", name="Forgotten your password?").click()
    await look.at(page, "forgotten")
    await page.get_by_label("Work e-mail").fill("new@halden.example")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_text("This hub sends no mail.")).to_be_visible()
    await look.at(page, "no mail")
    wall.complaints.forgive(rf"{SIGNED_OUT}|status of 400 ")
    look.nothing()


@pytest.mark.parametrize("shape", ["phone", "arabic"])
async def test_axe_finds_nothing_on_a_phone_and_from_right_to_left(wall: Face, shape: str) -> None:
    look = Look()
    options = {"phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True}, "arabic": {"locale": "ar"}}[shape]
    page = await (await wall.context(**AT_REST, **options)).new_page()
    await page.goto(wall.origin)
    await expect(page.locator("input[type=password]")).to_be_visible()
    await look.at(page, "sign-in")
    await page.locator("input[type=email]").fill(MANAGER)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("navigation").first.wait_for()
    wall.complaints.forgive(SIGNED_OUT)
    person = wall.desks.sitting[NOOR].person
    for view in ("cards", "rows", "wall", "table"):
        await page.goto(f"{wall.origin}/?view={view}")
        await expect(page.locator("[data-cells]" if view == "wall" else "[data-person]").first).to_be_visible()
        await look.at(page, view, dark=view == "cards")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option").first).to_be_visible()
    await look.at(page, "palette")
    for path, there in (
        (f"/?person={person}", f"[data-panel='{person}'] h2"),
        ("/?kiosk=1", "[data-person]"),
        ("/my-data", "main h2"),
        ("/devices?enrol", "[role=dialog] code"),
    ):
        await page.goto(f"{wall.origin}{path}")
        await expect(page.locator(there).first).to_be_visible()
        await look.at(page, path, dark=False)
    look.nothing()


@pytest.fixture
async def posting(chromium: str, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[tuple[Face, Mailbox]]:
    """The same wall, with a mail server that it hands mail to, and a worker that does so."""
    async with mailbox() as box:
        named = {"SMTP_URL": f"smtp+insecure://localhost:{box.port}", "DAYLIGHT_MAIL_FROM": SENDER}
        mailing = contextlib.nullcontext(named)
        async with face(chromium, database, redis_url, tmp_path, TEAMS, beside=lambda _: mailing) as made:
            jobs = worker.jobs_of(settings.read(made.env))
            working = worker.Worker(redis_url, {mail.JOB: jobs[mail.JOB]}, tick_cron="* * * * * *")
            task = asyncio.create_task(working.run())
            yield made, box
            working.stop()
            await task


async def test_mail_is_tried_and_an_api_client_made_and_axe_finds_nothing_on_any_page_of_an_admin(
    posting: tuple[Face, Mailbox],
) -> None:
    wall, box = posting
    look = Look()
    page = await wall.opened("/admin", email=ADMIN, **AT_REST)
    await expect(page.get_by_role("link", name="API clients")).to_be_visible()
    await look.at(page, "/admin")
    await page.get_by_role("link", name="Mail").click()
    await expect(page.get_by_text("There were none in the last month.")).to_be_visible()
    latest = page.get_by_role("list", name="The latest mails").get_by_role("listitem")
    await page.get_by_role("button", name="Send a test to myself").click()
    await expect(latest.first).to_contain_text("Sent ·")
    box.said = {"RCPT": "550 5.1.1 nobody here"}
    await page.get_by_role("button", name="Send a test to myself").click()
    await expect(latest.first).to_contain_text("Refused for good")
    await expect(latest.first).to_contain_text("The server said 550.")
    await look.at(page, "/admin/mail with one that was refused")
    box.said = {}
    await page.get_by_role("button", name="Send again: Test for Ada Admin").click()
    await expect(latest).to_have_count(3)
    await expect(latest.first).to_contain_text("Sent ·")
    await expect(page.get_by_role("button", name=re.compile("Send again"))).to_have_count(0)
    assert [str(message["To"]) for message in box.arrived] == [ADMIN, ADMIN]
    await page.get_by_role("link", name="Admin").click()
    await page.get_by_role("link", name="Security").click()
    await expect(page.get_by_role("table", name=re.compile("What may"))).to_be_visible()
    await look.at(page, "/admin/security")
    await page.set_viewport_size(PHONE)
    for path, words in (
        ("/admin", "API clients"),
        ("/admin/security", "What may"),
        ("/admin/mail", "The server said 550."),
        ("/admin/clients", "No program reads anything here"),
        ("/account", "this one"),
        ("/admin/requests", "No request is open"),
        ("/admin/policies", "What is collected"),
        ("/admin/policies?ceiling", "What may be switched on at all"),
    ):
        await page.goto(f"{wall.origin}{path}")
        there = page.get_by_role("table", name=re.compile(words)).or_(page.get_by_text(words)).first
        await expect(there).to_be_visible()
        await look.at(page, f"{path} on a phone", dark=False)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    await page.set_viewport_size(DESKTOP)
    await look.at(page, "the ceiling of policies")
    await page.goto(f"{wall.origin}/admin/policies")
    await page.get_by_role("combobox", name=re.compile("Idle after")).select_option("600")
    await expect(page.get_by_text("Idle after").nth(1)).to_be_visible()
    await look.at(page, "a policy to change")
    await page.goto(f"{wall.origin}/my-data")
    await page.get_by_role("button", name="Erase", exact=True).click()
    await page.get_by_role("dialog").get_by_label("Why").fill("I start anew")
    await look.at(page, "a request to make")
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_role("list", name="Your requests")).to_contain_text("Why: I start anew")
    await look.at(page, "/my-data with a request")
    async with connection() as held:  # one's own another admin answers
        await held.execute(
            "INSERT INTO person_request (person, kind, wrong, wanted, due_on) "
            "SELECT min(id), 'erase', '', 'I leave', current_date - 1 FROM person WHERE email <> $1",
            ADMIN,
        )
    await page.goto(f"{wall.origin}/admin")
    await page.get_by_role("link", name="Requests about data").click()
    await expect(page.get_by_text("Why: I start anew")).to_be_visible()
    await look.at(page, "/admin/requests with two, of which one is overdue")
    await page.get_by_role("button", name=re.compile("^Accept")).click()
    await look.at(page, "a request to erase, accepted")
    await page.goto(f"{wall.origin}/admin")
    await page.get_by_role("link", name="API clients").click()
    await expect(page.get_by_role("button", name="Make a client")).to_be_visible()
    await look.at(page, "/admin/clients")
    await page.get_by_role("button", name="Make a client").first.click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name", exact=True).fill("Payroll")
    await form.get_by_role("group", name="In these teams").get_by_role("checkbox").first.check()
    await look.at(page, "a client to make")
    await form.get_by_role("button", name="Make a client").click()
    shown = page.get_by_role("dialog", name="Give these to Payroll")
    await expect(shown.locator("code")).to_have_count(2)
    client_id, secret = await shown.locator("code").all_inner_texts()
    await look.at(page, "a client's secret")
    await shown.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("Payroll").first).to_be_visible()
    await look.at(page, "/admin/clients with one")

    async with httpx.AsyncClient(base_url=wall.origin) as program:
        grant = {"grant_type": "client_credentials"}
        issued = await program.post("/api/oauth/token", data=grant, auth=(client_id, secret))
        token = issued.json()["access_token"]
        read = await program.get("/api/v1/teams", headers={"authorization": f"Bearer {token}"})

    assert read.status_code == 200
    assert len(read.json()["teams"]) >= 1
    await page.goto(f"{wall.origin}/api/docs")
    await page.locator("summary").first.click()
    look.found["/api/docs"] = await faults(page)
    await page.emulate_media(color_scheme="dark")
    look.found["/api/docs, dark"] = await faults(page, *COLOURS)
    look.nothing()


async def test_auditor_finds_who_did_what_and_axe_finds_nothing(wall: Face, tmp_path: Path) -> None:
    look = Look()
    page = await wall.opened("/admin", email=AUDITOR, **AT_REST)
    await page.get_by_role("link", name="Audit").click()
    done = page.get_by_role("list", name="What was done")
    await expect(done.get_by_text("Signed in").first).to_be_visible()
    await look.at(page, "/admin/audit")
    await page.get_by_text("For checking it elsewhere").click()
    await page.get_by_label("Kind").select_option(label="Devices")
    await expect(done.get_by_text("Signed in")).to_have_count(0)
    await look.at(page, "devices in the audit")
    await page.get_by_label("Kind").select_option(label="Everything")
    await done.get_by_role("button", name="Audrey Byrne").first.click()
    await expect(page.get_by_role("button", name="Only Audrey Byrne")).to_be_visible()
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Save it all").click()
    kept = await saved(await saving.value, tmp_path)
    verdict, _ = check_file(kept)
    assert verdict.broken is None
    assert kept.suffix == ".jsonl"
    look.nothing()
