"""A real Chromium before a real hub, and people at desks that a test moves: what they do goes straight into the feed.

The desks are a hub process of their own as far as the others can tell: with a lease, and records under its name. So a test says to the
second what somebody does, and everything from the feed to the screen is the real thing. Whatever a page complains of in its console fails
the test at its end, unless the test brought it about.

What costs most, a start of Chromium and of a hub process, is had once, or not at all: all tests of a worker share a Chromium, in which each
has contexts of its own, and the hub listens in the test's own event loop, unless a test wants to kill it.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from playwright._impl._driver import compute_driver_executable
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    async_playwright,
    expect,
)

from hub import people
from hub.database import transaction
from hub.embedded.process import launch
from hub.feed.record import Record
from hub.feed.redis import RedisFeed
from hub.passwords import hash_password
from hub.people.first import ensure_organisation, team_by_name
from hub.settings import read
from hub.wire.activity import Facts
from hub.wire.today import Today
from tests import secrecy
from tests.hub.live import running
from tests.journeys.hubs import HubProcess, environment, hub_process
from tests.journeys.screens import CHROMIUM, CHROMIUM_OPTIONS, fill_in
from tests.ports import free_port

expect.set_options(timeout=20_000)  # a limit for what never comes, on a machine that does other things too
PASSWORD = "a long enough one"
MANAGER = "mara@halden.example"
ADMIN = "ada@halden.example"
AUDITOR = "audrey@halden.example"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
TABS_MAX = 60
FEED_S = 20.0
UNREACHED = r"net::ERR_(CONNECTION|INTERNET|ABORTED|EMPTY)|WebSocket connection to .* failed"
"""What a page says that can't reach the hub."""
SIGNED_OUT = r"status of 401 |WebSocket connection to .* failed: .* 401"
"""What a page says that asks who is signed in, and nobody is."""
OPTIONS = [*CHROMIUM_OPTIONS, "--js-flags=--no-opt --no-maglev"]
"""Pages live for seconds: compiling them to be quick in the long run costs more than it saves."""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_POLICY_BROKEN = """addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    console.error(`against the policy: ${violatedDirective} ${blockedURI} ${sample}`));"""


async def by_keys(page: Page, to: Locator) -> None:
    """Goes there as somebody without a mouse does: by Tab, and no further than a page is long."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        if await to.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{to} is not reached by Tab")


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

    async def does(self, name: str, app: str = "VS Code", **said: Any) -> None:
        """Has somebody do this from now on: see `all_do`."""
        await self.all_do([name], app, **said)

    async def all_do(
        self,
        names: Iterable[str],
        app: str = "VS Code",
        *,
        heard_s: float = 0,
        quiet_s: float = 1,
        since_s: float = 60,
        worked_h: float | None = None,
        expected_h: float = 8,
        **facts: Any,
    ) -> None:
        """Has these do this from now on, or as was heard `heard_s` ago: their last input was `quiet_s` before that.

        `worked_h` is of a workday in the middle of which it is.
        """
        now = datetime.now(UTC) - timedelta(seconds=heard_s)
        today = None
        if worked_h is not None:
            today = Today(
                starts_at=now - timedelta(hours=12),
                ends_at=now + timedelta(hours=12),
                active_s=worked_h * 3600,
                counted_until=now,
                expected_s=round(expected_h * 3600),
            )
        by_team: dict[int, list[Record]] = {}
        for name in names:
            person, team, membership, device = self.sitting[name]
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
                today=today,
            )
            by_team.setdefault(team, []).append(record)
        async with asyncio.timeout(FEED_S):
            while not self._feed.healthy:  # it takes itself for away on a machine that has no time for it
                await asyncio.sleep(0.05)
        await asyncio.gather(*(self._feed.publish(team, records) for team, records in by_team.items()))


class Exchanges:
    """Remembers the secrets in all that pages ask the hub and are answered: none of them may be in its log."""

    def __init__(self) -> None:
        self._reading: list[asyncio.Task[None]] = []

    def of(self, context: BrowserContext) -> None:
        """Listens to all pages of a context from now on."""
        context.on("request", lambda request: secrecy.keep_in_address(request.url))
        context.on("response", lambda answer: self._reading.append(asyncio.create_task(self._read(answer))))

    async def _read(self, answer: Response) -> None:
        if "/api/" not in answer.url:
            return
        secrecy.keep_sent(answer.request.post_data_buffer or b"")
        with contextlib.suppress(Error):  # the page has gone on to another
            secrecy.keep_cookies(await answer.header_values("set-cookie"))
            secrecy.keep_answered(await answer.body(), answer.ok)

    async def read(self) -> None:
        """Waits for those that are still being read."""
        await asyncio.gather(*self._reading)


class Complaints:
    """What pages complain of: errors in their consoles, errors that nothing caught, whatever is against the hub's own policy."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def of(self, context: BrowserContext) -> None:
        """Listens to all pages of a context from now on."""
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.heard.append(str(error.error)))
        await context.add_init_script(_POLICY_BROKEN)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"{message.text} {message.location['url']}")

    def forgive(self, pattern: str) -> None:
        """Forgets what was brought about on purpose, of all that was heard so far."""
        self.heard = [each for each in self.heard if not re.search(pattern, each)]


class Face(NamedTuple):
    """What a journey through the application needs."""

    origin: str
    env: dict[str, str]
    desks: Desks
    browser: Browser
    complaints: Complaints
    exchanges: Exchanges
    process: HubProcess | None
    """Of the hub, where it has one of its own."""

    async def context(self, **options: Any) -> BrowserContext:
        """A browser of somebody's own, in English on a desktop unless something else is said."""
        made = await self.browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        await self.complaints.of(made)
        self.exchanges.of(made)
        return made

    async def opened(self, path: str = "/", *, email: str = MANAGER, **options: Any) -> Page:
        """A page of somebody who is signed in, in a browser context of its own."""
        context = await self.context(**options)
        await context.request.get(f"{self.origin}/api/me")
        token = next(each["value"] for each in await context.cookies() if each["name"] == "csrftoken")
        answer = await context.request.post(
            f"{self.origin}/api/session",
            data={"email": email, "password": PASSWORD},
            headers={"x-csrftoken": token},
        )
        assert answer.ok, await answer.text()
        secrecy.keep_secret(PASSWORD)
        secrecy.keep_cookies([each["value"] for each in answer.headers_array if each["name"].lower() == "set-cookie"])
        page = await context.new_page()
        await page.goto(f"{self.origin}{path}")
        await page.get_by_role("navigation").first.wait_for()
        return page

    async def sign_in(self, page: Page, email: str = MANAGER) -> None:
        """Signs in on the page that asks for it."""
        await fill_in(page, email, PASSWORD)
        self.complaints.forgive(SIGNED_OUT)

    async def another(self, page: Page, path: str = "/") -> Page:
        """Another window of the same browser."""
        made = await page.context.new_page()
        await made.goto(f"{self.origin}{path}")
        return made

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


@contextlib.contextmanager
def chromium_server(folder: Path) -> Iterator[str]:
    """A Chromium for all tests of a worker, with which it ends; the address at which they connect to it."""
    options, said = folder / "chromium.json", folder / "chromium.log"
    options.write_text(json.dumps({"executablePath": CHROMIUM, "args": OPTIONS}))
    command = [*compute_driver_executable(), "launch-server", "--browser", "chromium", "--config", str(options)]
    process = launch(
        command, cwd=folder, log=said, environment=dict(os.environ), account=None, when_orphaned=signal.SIGTERM
    )
    try:
        while not (found := re.search(r"^ws://\S+\n", said.read_text(), re.MULTILINE)):
            assert process.poll() is None, said.read_text()
            time.sleep(0.05)
        yield found[0].strip()
    finally:
        process.terminate()  # it ends Chromium first
        process.wait()


@contextlib.asynccontextmanager
async def face(
    chromium: str,
    database: str,
    redis_url: str,
    folder: Path,
    teams: dict[str, list[str]],
    *,
    apart: bool = False,
    beside: Callable[[str], AbstractContextManager[dict[str, str]]] = lambda origin: contextlib.nullcontext({}),
) -> AsyncIterator[Face]:
    """A hub with these people in these teams, all of which one manager sees, an admin who has set up nothing, and a browser.

    `apart`: the hub is a process of its own. `beside` runs something else for as long, and has more for the hub's environment.
    """
    port = free_port()
    origin = f"http://localhost:{port}"
    sitting = await _seated(teams)
    feed = RedisFeed(redis_url, "desks")
    await feed.start(lambda change: None, lambda healthy: None, lambda: None)
    complaints, exchanges = Complaints(), Exchanges()
    try:
        async with contextlib.AsyncExitStack() as stack:
            env = environment(database, redis_url, origin, folder / "data", **stack.enter_context(beside(origin)))
            process = None
            if apart:
                process = stack.enter_context(hub_process(env, port, folder / "hub.log"))
                await process.await_ready()
            else:
                await stack.enter_async_context(running(read(env), port))
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.connect(chromium)
            stack.push_async_callback(browser.close)
            stack.push_async_callback(exchanges.read)
            yield Face(origin, env, Desks(feed, sitting), browser, complaints, exchanges, process)
    finally:
        await feed.stop()
    assert complaints.heard == []


async def _seated(teams: dict[str, list[str]]) -> dict[str, Sitting]:
    sitting = {}
    hashed = await hash_password(PASSWORD)
    async with transaction() as held:
        await ensure_organisation(demo=False)
        await people.insert_role(await people.insert_person(ADMIN, "Ada Admin", password_hash=hashed), "admin", None)
        await people.insert_role(
            await people.insert_person(AUDITOR, "Audrey Byrne", password_hash=hashed), "auditor", None
        )
        manager = await people.insert_person(MANAGER, "Mara Boss", password_hash=hashed)
        for team, names in teams.items():
            team_id = await team_by_name(team)
            await people.insert_role(manager, "manager", team_id)
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
                    person.to_bytes(4) * 8,
                )
                sitting[name] = Sitting(person, team_id, membership, device)
    return sitting
