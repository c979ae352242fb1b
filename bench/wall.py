"""`wall`: what the live page costs the browser of a manager of everybody: 3, 40, 2,000 and 10,000 people, up to 1,000 changes a second.

A real hub on embedded servers, presence by `wall_people.py`, and Chromium without a GPU against the built page. `shown` and `whole` are
from the start of the navigation to the first frame with anybody in it, and to the first one painted with everybody, whole snapshots of
all teams in it: the page marks both (`web/src/live/Marked.tsx`). `busy` is the main thread's own task time as a share of the clock, over
20 s; `script` what of it is JavaScript. `late` is the share of animation frames, while the page is scrolled without a pause, that came
more than 33 ms after the one before. `heap` is what JavaScript holds after a collection.

`python -m bench wall`. DENSITIES=wall,rows and PEOPLE=40,10000 choose; GROW_S=600 also watches the heap for so long.
"""

import asyncio
import os
import shutil
import socket
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from playwright.async_api import CDPSession, Page, async_playwright
from rich.console import Console
from rich.table import Table

from bench import wall_people
from hub.database import close_pool, open_pool
from hub.embedded import Embedded
from hub.settings import Settings

NAME = "wall"
PEOPLE = (3, 40, 2_000, 10_000)
DENSITIES = ("rows", "table", "wall")
CHANGES = 0.1
"""A second for each person: 1,000 at 10,000."""
OPENINGS = 5
BUSY_S = 20.0
SCROLL_S = 8.0
LATE_MS = 33.4
EMAIL, PASSWORD = "mara@bench.example.org", "a long enough one"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one density with so many people. Times in ms, shares from 0 to 1, the heap in MiB."""

    people: int
    density: str
    shown: list[float]
    whole: list[float]
    busy: float
    script: float
    late: float
    frames: int
    heap: float
    grown: list[float]


def run() -> list[Figures]:
    """Takes some ten minutes."""
    return uvloop.run(_measured())


def show(found: list[Figures]) -> None:
    table = Table(
        "people",
        "density",
        "shown ms",
        "whole ms",
        "busy",
        "script",
        "late frames",
        "frames",
        "heap MiB",
        "heap over time",
    )
    for each in found:
        table.add_row(
            f"{each.people:,}", each.density, _spread(each.shown), _spread(each.whole), f"{each.busy:.0%}", f"{each.script:.0%}",
            f"{each.late:.1%}", str(each.frames), f"{each.heap:.0f}", " ".join(f"{mib:.0f}" for mib in each.grown),
        )  # fmt: skip
    Console(width=150).print(table)


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):,.0f} ({min(times):,.0f}-{max(times):,.0f})"


async def _measured() -> list[Figures]:
    chosen = [int(each) for each in os.environ.get("PEOPLE", "").split(",") if each] or PEOPLE
    densities = [each for each in os.environ.get("DENSITIES", "").split(",") if each] or DENSITIES
    found: list[Figures] = []
    async with async_playwright() as playwright:
        for people in chosen:
            with (
                tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder,
                Embedded(Settings(data=Path(folder) / "data")) as servers,
            ):
                async with served(
                    servers.database_url, servers.redis_url, Path(folder), people, people * CHANGES
                ) as url:
                    browser = await playwright.chromium.launch(
                        executable_path=shutil.which("chromium"),
                        args=[
                            "--no-sandbox",
                            "--disable-gpu",
                            "--js-flags=--expose-gc",
                            "--enable-precise-memory-info",
                        ],
                    )
                    page = await signed_in(browser, url)
                    for density in densities:
                        found.append(await _of(page, url, people, density))
                        print(msgspec.json.encode(found[-1]).decode(), flush=True)
                    await browser.close()
    return found


async def _of(page: Page, url: str, people: int, density: str) -> Figures:
    shown, whole = [], []
    for _ in range(OPENINGS):
        await page.goto(f"{url}/?view={density}")
        await page.wait_for_function("() => performance.getEntriesByName('wall-whole').length > 0", timeout=60_000)
        shown.append(await _mark(page, "wall-shown"))
        whole.append(await _mark(page, "wall-whole"))
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    await asyncio.sleep(3)
    before = await _metrics(cdp)
    await asyncio.sleep(BUSY_S)
    after = await _metrics(cdp)
    clock = after["Timestamp"] - before["Timestamp"]
    deltas = await page.evaluate(_SCROLLED, SCROLL_S * 1000)
    grown = []
    for _ in range(int(float(os.environ.get("GROW_S", "0"))) // 60):
        await asyncio.sleep(60)
        grown.append(await _heap(cdp))
    heap = await _heap(cdp)
    await cdp.detach()
    return Figures(
        people=people,
        density=density,
        shown=shown,
        whole=whole,
        busy=(after["TaskDuration"] - before["TaskDuration"]) / clock,
        script=(after["ScriptDuration"] - before["ScriptDuration"]) / clock,
        late=sum(delta > LATE_MS for delta in deltas) / len(deltas),
        frames=len(deltas),
        heap=heap,
        grown=grown,
    )


_SCROLLED = """
(forMs) => new Promise((done) => {
  const deltas = [];
  const began = performance.now();
  let before = began, down = true;
  function frame(now) {
    if (now > before) { deltas.push(now - before); }
    before = now;
    const end = document.documentElement.scrollHeight - innerHeight;
    if (scrollY >= end - 1) { down = false; }
    if (scrollY <= 0) { down = true; }
    scrollBy(0, down ? 40 : -40);
    if (now - began < forMs) { requestAnimationFrame(frame); } else { scrollTo(0, 0); done(deltas.slice(1)); }
  }
  requestAnimationFrame(frame);
})
"""


async def _mark(page: Page, name: str) -> float:
    at: float = await page.evaluate(f"performance.getEntriesByName('{name}')[0].startTime")
    return round(at, 1)


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    told: dict[str, Any] = await cdp.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in told["metrics"]}


async def _heap(cdp: CDPSession) -> float:
    await cdp.send("HeapProfiler.collectGarbage")
    return round((await _metrics(cdp))["JSHeapUsedSize"] / 2**20, 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def signed_in(browser: Any, url: str, **options: Any) -> Page:
    """A page of the manager of everybody."""
    context = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
    page: Page = await context.new_page()
    await page.goto(url)
    await page.get_by_label("mail").fill(EMAIL)
    await page.get_by_label("assword").first.fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("navigation").first.wait_for()
    return page


class served:  # noqa: N801 - reads as a context
    """A hub with so many people, of whom `rate` change each second; gives its address."""

    def __init__(self, database_url: str, redis_url: str, folder: Path, people: int, rate: float) -> None:
        self._urls = database_url, redis_url
        self._folder, self._people, self._rate = folder, people, rate
        self._port = int(os.environ.get("PORT", "0")) or _free_port()
        self._running: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> str:
        database_url, redis_url = self._urls
        url = f"http://localhost:{self._port}"
        env = os.environ | {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DAYLIGHT_PUBLIC_ORIGIN": url,
            "DAYLIGHT_SECRET": "a-secret-of-the-benchmarks-that-is-long-enough",
            "DATA": str(self._folder / "data"),
        }
        add = ["person", "add", EMAIL, "--name", "Mara Boss", "--manages", "Everybody", "--password", PASSWORD]
        for arguments in (["migrate"], add):
            command = await self._started(env, "hub.cli", *arguments)
            await command.communicate()
            assert command.returncode == 0, arguments
        await open_pool(database_url)
        await wall_people.settle(self._people, EMAIL)
        await close_pool()
        self._running.append(await self._started(env, "hub.cli", "hub", "--port", str(self._port)))
        crowd = await self._started(env, "bench.wall_people", database_url, redis_url, str(self._rate))
        self._running.append(crowd)
        assert crowd.stdout is not None
        await crowd.stdout.readline()
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    writer.close()
                    return url
                except OSError:
                    await asyncio.sleep(0.1)

    async def __aexit__(self, *_: object) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            await process.wait()

    async def _started(self, env: dict[str, str], *module: str) -> asyncio.subprocess.Process:
        with (self._folder / "hub.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", *module, env=env, stdout=asyncio.subprocess.PIPE, stderr=log
            )
