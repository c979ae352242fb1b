"""A real Chromium before a real hub, and people at desks that a test moves: what they do goes straight into the feed.

The desks are a hub process of their own as far as the others can tell: with a lease, and records under its name. So a test says to the
second what somebody does, and everything from the feed to the screen is the real thing.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from hub.database import transaction
from hub.feed.record import Record
from hub.feed.redis import RedisFeed
from hub.passwords import hash_password
from hub.wire.activity import Facts
from tests.journeys.hubs import HubProcess, command, environment, free_port, hub_process
from tests.journeys.screens import CHROMIUM, CHROMIUM_OPTIONS, fill_in

expect.set_options(timeout=20_000)  # a limit for what never comes, on a machine that does other things too
PASSWORD = "a long enough one"
MANAGER = "mara@halden.example"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


class Sitting(NamedTuple):
    """Somebody at a desk."""

    person: int
    team: int
    membership: int
    device: int


class Desks:
    """Who sits where, and what they do now."""

    def __init__(self, feed: RedisFeed, sitting: dict[str, Sitting]) -> None:
        self._feed = feed
        self._n = 0
        self.sitting = sitting

    async def does(
        self, name: str, app: str = "VS Code", *, quiet_s: float = 1, since_s: float = 60, **facts: Any
    ) -> None:
        """Has somebody do this from now on: their last input was `quiet_s` ago."""
        person, team, membership, device = self.sitting[name]
        now = datetime.now(UTC)
        self._n += 1
        record = Record(
            device=device,
            person=person,
            team=team,
            membership=membership,
            session=1,
            n=self._n,
            hub="desks",
            connected=True,
            at=now,
            facts=Facts(app=app, last_input_at=now - timedelta(seconds=quiet_s), **facts),
            since_at=now - timedelta(seconds=max(since_s, quiet_s)),
        )
        await self._feed.publish(team, [record])


class Face(NamedTuple):
    """What a journey through the application needs."""

    hub: HubProcess
    origin: str
    env: dict[str, str]
    desks: Desks
    browser: Browser

    async def opened(self, path: str = "/", *, email: str = MANAGER, **context: Any) -> Page:
        """A page of somebody who has just signed in, in a browser context of its own."""
        made = await self.browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **context})
        return await self.page(made, path, email)

    async def password_of(self, name: str) -> str:
        """Lets somebody sign in; returns their address."""
        hashed = await hash_password(PASSWORD)
        async with transaction() as held:
            email: str = await held.fetchval(
                "UPDATE person SET password_hash = $2 WHERE id = $1 RETURNING email",
                self.desks.sitting[name].person,
                hashed,
            )
        return email

    async def page(self, context: BrowserContext, path: str = "/", email: str = MANAGER) -> Page:
        page = await context.new_page()
        await page.goto(f"{self.origin}{path}")
        await fill_in(page, email, PASSWORD)
        return page


@contextlib.asynccontextmanager
async def face(database: str, redis_url: str, folder: Path, teams: dict[str, list[str]]) -> AsyncIterator[Face]:
    """A hub with these people in these teams, all of which one manager sees, and a browser."""
    port = free_port()
    origin = f"http://localhost:{port}"
    env = environment(database, redis_url, origin, folder / "data")
    command(env, "migrate")
    managed = [word for team in teams for word in ("--manages", team)]
    command(env, "person", "add", MANAGER, "--name", "Mara Boss", "--password", PASSWORD, *managed)
    sitting = await _seated(teams)
    feed = RedisFeed(redis_url, "desks")
    await feed.start(lambda change: None, lambda healthy: None, lambda: None)
    try:
        with hub_process(env, port, folder / "hub.log") as hub:
            await hub.await_ready()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
                try:
                    yield Face(hub, origin, env, Desks(feed, sitting), browser)
                finally:
                    await browser.close()
    finally:
        await feed.stop()


async def _seated(teams: dict[str, list[str]]) -> dict[str, Sitting]:
    sitting = {}
    async with transaction() as held:
        for team, names in teams.items():
            team_id = await held.fetchval("SELECT id FROM team WHERE name = $1", team)
            for name in names:
                email = f"{name.lower().replace(' ', '.')}@halden.example"
                person = await held.fetchval(
                    "INSERT INTO person (email, name, zone) VALUES ($1, $2, 'UTC') RETURNING id", email, name
                )
                membership = await held.fetchval(
                    "INSERT INTO membership (person, team, since_at) VALUES ($1, $2, now() - interval '2 days') RETURNING id",
                    person,
                    team_id,
                )
                device = await held.fetchval(
                    "INSERT INTO device (uid, person, public_key, name) VALUES (gen_random_uuid(), $1, $2, 'desk') RETURNING id",
                    person,
                    bytes([person % 256]) * 32,
                )
                sitting[name] = Sitting(person, team_id, membership, device)
    return sitting
