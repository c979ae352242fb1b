"""One's own account in a real browser: an authenticator and a passkey are set up there, and each leads in by itself."""

import json
import re
import time

import pyotp
import pytest
from playwright.async_api import Page, expect

from hub.tables import Audit
from tests import secrecy
from tests.journeys.screens import CHROMIUM

from .browser import PASSWORD, SIGNED_OUT, Face, by_keys
from .test_axe import AT_REST, Look

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"), pytest.mark.timeout(240)]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


async def sign_out(wall: Face, page: Page) -> None:
    await page.get_by_role("button", name=re.compile("Account of")).click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    wall.complaints.forgive(SIGNED_OUT)


async def test_authenticator_and_passkey_are_set_up_and_each_leads_in(wall: Face) -> None:
    look = Look()
    page = await (await wall.context(**AT_REST)).new_page()
    await page.goto(f"{wall.origin}/account")
    await wall.sign_in(page)
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    await expect(page.get_by_text("this one")).to_be_visible()

    # Name and hours by keys alone; the shell knows the name at once.
    await by_keys(page, page.get_by_label("Your name"))
    await page.keyboard.press("End")
    await page.keyboard.type("-Lind")
    await by_keys(page, page.get_by_role("button", name="Mon"))
    await page.keyboard.press("Space")
    await look.at(page, "account")
    await by_keys(page, page.get_by_label("From", exact=True))
    await page.keyboard.type("0830AM")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await expect(page.get_by_role("button", name="Account of Mara Boss-Lind")).to_be_visible()
    await expect(page.get_by_label("From", exact=True)).to_be_focused()
    await expect(page.get_by_label("From", exact=True)).to_have_value("08:30")

    await page.get_by_role("button", name="Set up an authenticator").click()
    secret = re.sub(r"\s", "", await page.get_by_label("Secret", exact=True).text_content() or "")
    await look.at(page, "authenticator")
    step = int(time.time()) // 30
    await page.get_by_label("The code that the app shows now").fill(pyotp.TOTP(secret).generate_otp(step))
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(10)
    await look.at(page, "recovery codes")
    await page.get_by_role("button", name="Done").click()
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_label("Name", exact=True).fill("Laptop")
    await look.at(page, "passkey")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("list", name="Passkeys").get_by_text("Laptop")).to_be_visible()
    await look.at(page, "account with factors")

    await sign_out(wall, page)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    await look.at(page, "second step")
    later = max(step + 1, int(time.time()) // 30)  # that of the step was taken
    await page.get_by_label("Code of your authenticator").fill(pyotp.TOTP(secret).generate_otp(later))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("10 codes are left")).to_be_visible()

    await sign_out(wall, page)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_text("last used")).to_be_visible()
    rows = (
        await Audit.select(Audit.detail).where(Audit.action.is_in(["sign_in", "sign_in_half_open"])).order_by(Audit.id)
    )
    assert [json.loads(row["detail"])["proof"] for row in rows] == ["password", "password", "code", "passkey"]
    look.nothing()
    await wall.exchanges.read()
    assert secret in secrecy.USED  # and so not in the hub's log
