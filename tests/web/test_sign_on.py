"""Signing in through an OpenID provider of others, in a real browser: there, back to the address that was asked for, and in."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from hub.settings import NAMES
from hub.tables import Identity
from tests.hub import openid
from tests.journeys.screens import CHROMIUM

from .browser import ADMIN, SIGNED_OUT, Face, face
from .seen import TEAMS
from .test_axe import AT_REST, Look

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium"),
    pytest.mark.skipif(not openid.INSTALLED, reason="not installed: oidc-provider (web/node_modules)"),
    pytest.mark.timeout(240),
]


@contextlib.contextmanager
def provided(origin: str) -> Iterator[dict[str, str]]:
    """The environment of a hub at this origin that knows a provider."""
    with openid.provider(f"{origin}/api/sign-on/callback") as issuer:
        yield {NAMES[field]: value for field, value in openid.named(issuer).items()}


@pytest.fixture
async def wall(chromium: str, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Face]:
    async with face(chromium, database, redis_url, tmp_path, TEAMS, beside=provided) as made:
        yield made


FOREIGN = re.compile("^https:")
ITS_OWN = r"127\.0\.0\.1:\d+/favicon\.ico"
"""What the provider's pages ask for and have not."""


async def context(wall: Face) -> BrowserContext:
    made = await wall.context(**AT_REST)
    await made.route(FOREIGN, lambda route: route.fulfill(body=""))  # a font of the provider's pages, from elsewhere
    return made


async def sign_in_there(page: Page, as_: str) -> None:
    """At the provider's own pages, which ask for consent as well."""
    await page.get_by_placeholder(re.compile("login", re.IGNORECASE)).fill(as_)
    await page.get_by_placeholder(re.compile("password", re.IGNORECASE)).fill("any")
    await page.get_by_role("button", name=re.compile("sign-in", re.IGNORECASE)).click()
    await page.get_by_role("button", name="Continue").click()


async def test_somebody_signs_in_through_the_provider_and_somebody_here_connects_it(wall: Face) -> None:
    look = Look()
    page = await (await context(wall)).new_page()
    await page.goto(f"{wall.origin}/devices")
    await expect(page.get_by_role("button", name="Sign in with Halden ID")).to_be_visible()
    await look.at(page, "sign-in with a provider")
    await page.get_by_role("button", name="Sign in with Halden ID").click()
    await sign_in_there(page, "ines")

    await expect(page.get_by_text("You have no devices yet")).to_be_visible()
    assert page.url == f"{wall.origin}/devices"
    await expect(page.get_by_role("button", name="Account of Ines Berg")).to_be_visible()
    await page.goto(f"{wall.origin}/account")
    await expect(page.get_by_text("it is your only way in")).to_be_visible()
    await look.at(page, "account of who came through a provider")

    admin = await wall.opened("/people?find=Ines", email=ADMIN)
    await admin.get_by_role("button", name="Ines Berg", exact=True).click()
    await expect(admin.get_by_text("Signs in with single sign-on.")).to_be_visible()
    await expect(admin.get_by_role("button", name=re.compile("Not in yet 0"))).to_be_visible()
    await expect(admin.get_by_role("button", name=re.compile("nvit"))).to_have_count(0)

    another = await (await wall.context(**AT_REST)).new_page()
    await another.goto(f"{wall.origin}/api/sign-on/callback?code=stolen&state=anothers")
    await expect(another.get_by_role("alert")).to_contain_text("begun in another browser")
    assert another.url == f"{wall.origin}/"
    await look.at(another, "sign-in that was refused")

    mara = await (await context(wall)).new_page()
    await mara.goto(f"{wall.origin}/account")
    await wall.sign_in(mara)
    await mara.get_by_role("button", name="Connect", exact=True).click()
    await sign_in_there(mara, "mara")
    await expect(mara.get_by_text("Connected since")).to_be_visible()
    assert mara.url == f"{wall.origin}/account"
    assert await Identity.count() == 2
    wall.complaints.forgive(SIGNED_OUT)
    wall.complaints.forgive(ITS_OWN)
    look.nothing()
