"""A real browser at a hub, and the agent at a real desk: for journeys that begin with one and end with the other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.agents.desk import Desk

CHROMIUM = shutil.which("chromium")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]


async def sign_in(browser: Browser, url: str, email: str, password: str) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(url)
    await fill_in(page, email, password)
    return page


async def fill_in(page: Page, email: str, password: str) -> None:
    """Signs in on the page that asks for it."""
    await page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(email)
    await page.get_by_label(re.compile("password", re.IGNORECASE)).fill(password)
    await page.get_by_role("button", name=re.compile("^sign in$", re.IGNORECASE)).click()
    await page.get_by_role("navigation").first.wait_for()


class agent_process:  # noqa: N801 - reads as a context
    def __init__(self, env: dict[str, str], desk: Desk, log: Path) -> None:
        self._env = {**env, "DISPLAY": desk.display}
        self._log = log

    def __enter__(self) -> "subprocess.Popen[bytes]":
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "agent", "run"], env=self._env, stdout=log, stderr=log
            )
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
