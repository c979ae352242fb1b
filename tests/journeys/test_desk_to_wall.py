"""The whole way: a window is switched at a real desk, and a manager's real browser shows it."""

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from hub.database import connection
from tests.agents.desk import a_desk
from tests.ports import free_port

from .hubs import command, environment, hub_process, prepared
from .screens import CHROMIUM, CHROMIUM_OPTIONS, agent_process, sign_in

SHOWN_LIMIT_S = 5.0
"""Generous, for a machine under load: the promise is one second, and the figure is printed."""


async def app_shown(page: Page, name: str) -> str:
    return (
        await page.locator("tr,[role=row],[data-person]", has_text=name).locator("[data-cell=app]").first.inner_text()
    )


@pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium")
@pytest.mark.timeout(180)
async def test_switch_at_the_desk_is_on_the_wall_within_a_second_and_in_the_database_to_the_second(
    database: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    env = environment(database, redis_url, origin, tmp_path / "data", DAYLIGHT_AGENT_STATE=str(tmp_path / "agent"))
    await prepared(env)
    command(
        env,
        "person",
        "add",
        "eve@halden.example",
        "--name",
        "Eve Desk",
        "--team",
        "Payments",
        "--password",
        "a long enough one",
    )
    command(
        env,
        "person",
        "add",
        "mara@halden.example",
        "--name",
        "Mara Boss",
        "--manages",
        "Payments",
        "--password",
        "a long enough one",
    )
    with hub_process(env, port, tmp_path / "hub.log") as hub, a_desk() as desk:
        await hub.await_ready()
        desk.window("Alpha", "one")
        desk.window("Beta", "two")
        desk.activate("Alpha")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            eve = await sign_in(browser, f"{origin}/devices", "eve@halden.example", "a long enough one")
            await eve.goto(f"{origin}/devices")
            code = await enrolment_code(eve)
            command(env | {"DISPLAY": desk.display}, "agent", "enrol", "--hub", origin, code)
            with agent_process(env, desk, tmp_path / "agent.log") as agent:
                mara = await sign_in(browser, origin, "mara@halden.example", "a long enough one")
                await shows(mara, "Eve Desk", "Alpha")
                took, switched_at, shown_at = [], [], []
                for app in ("Beta", "Alpha", "Beta", "Alpha", "Beta"):
                    started = time.monotonic()
                    desk.activate(app)
                    switched_at.append(datetime.now(UTC))
                    await shows(mara, "Eve Desk", app)
                    took.append(time.monotonic() - started)
                    shown_at.append(datetime.now(UTC))
                    await asyncio.sleep(1.2)  # the facts have to hold for a while to be seen in seconds
                assert agent.poll() is None
                agent.terminate()
                agent.wait(20)
            await browser.close()
    record_property(
        "figure",
        f"from the switch at the desk to the manager's screen: {', '.join(f'{each * 1000:.0f} ms' for each in took)}",
    )

    assert max(took) < SHOWN_LIMIT_S
    async with connection() as held:
        rows = await held.fetch('SELECT app, title, started_at, ended_at FROM "interval" ORDER BY started_at, seq')
    runs = joined([(row["app"], row["started_at"], row["ended_at"]) for row in rows])
    assert {row["title"] for row in rows} == {None}
    apps = [app for app, _, _ in runs if app in {"Alpha", "Beta"}]
    assert apps[-5:] == ["Beta", "Alpha", "Beta", "Alpha", "Beta"]
    desk = [run for run in runs if run[0] in {"Alpha", "Beta"}][-5:]
    for (_, _, end), (_, start, _) in itertools.pairwise(desk):
        assert abs(start - end) < timedelta(seconds=1)  # each ends where the next begins
    starts = [start for app, start, _ in runs if app in {"Alpha", "Beta"}][-5:]
    for start, switched, shown in zip(starts, switched_at, shown_at, strict=True):
        # To the second: the agent's clock is set by the hub's only as well as an answer tells how long it was under way.
        assert switched - timedelta(seconds=1) < start < shown + timedelta(seconds=1)


async def enrolment_code(page: Page) -> str:
    await page.get_by_role("button", name=re.compile("enrol", re.IGNORECASE)).first.click()
    dialog = page.get_by_role("dialog")
    found = await dialog.get_by_text(re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")).first.inner_text()
    match = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", found)
    assert match is not None
    return match[0]


async def shows(page: Page, name: str, app: str) -> None:
    """Waits until the row of `name` shows `app`: the browser itself looks at every frame it paints."""
    await page.wait_for_function(
        """([name, app]) => [...document.querySelectorAll('[data-person]')].some(
            row => row.textContent.includes(name) && row.querySelector('[data-cell=app]')?.textContent.includes(app))""",
        arg=[name, app],
        polling="raf",
        timeout=20_000,
    )


def joined(rows: list[tuple[str | None, datetime, datetime]]) -> list[tuple[str | None, datetime, datetime]]:
    runs: list[tuple[str | None, datetime, datetime]] = []
    for app, start, end in rows:
        if runs and runs[-1][0] == app:
            runs[-1] = (app, runs[-1][1], end)
        else:
            runs.append((app, start, end))
    return runs
