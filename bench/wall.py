"""`wall`: what the live page costs the browser of a manager of everybody: 3, 40, 2,000 and 10,000 people, up to 1,000 changes a second.

A hub as users run it on embedded servers, presence published into the real feed by `wall_people.py`, a process of its own, and Chromium
without a GPU before the page as it is built. Measured are

- **somebody, everybody painted**: from the start of the navigation to the first frame that shows anybody, and to the first that shows
  everybody, whole snapshots of all teams in it. The page marks both (`web/src/live/Marked.tsx`) once that frame has been painted. *Cold* is
  with an empty HTTP cache, *warm* with what the last visit left; the hub watches none of the teams yet. Nobody changes meanwhile, but
  where it says so.
- **main thread's CPU, hub's CPU until then**: what of it was work. The rest is waiting, on a shared machine mostly for a core.
- **busy, CPU**: the share of time in which the page's main thread ran tasks, and the share of a core which that thread used, over 20 s of
  changes. The first counts waiting for a core, too.
- **frames under 33 ms**: of the times between animation frames while the page scrolls without a pause, under the same changes.
- **heap**: what JavaScript holds after a collection, before and during minutes of changes.

A figure under changes counts only if they were made: when the crowd published fewer than it was asked for, or the page did not scroll, it
says so in place of the figure.

`python -m bench wall`, some eight minutes; `--pictures DIR` leaves what was on the screen. PEOPLE=40,10000 and DENSITIES=wall,rows choose.
"""

import asyncio
import contextlib
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
from playwright.async_api import BrowserContext, CDPSession, Page, async_playwright

from bench import cpu, wall_people
from bench.results import Demand, Result, result
from hub.database import close_pool, open_pool
from hub.embedded import Embedded
from hub.settings import Settings
from tests.journeys.hubs import HubProcess, command, environment, hub_process
from tests.ports import free_port
from tests.run import node

NAME = "wall"
PEOPLE = (3, 40, 2_000, 10_000)
DENSITIES = ("rows", "table", "cards", "wall")
CHANGES = 0.1
"""A second for each person: 1,000 at 10,000."""
OPENINGS = 5
BUSY_S, BUSY_RUNS = 20.0, 3
SCROLL_S = 10.0
HEAP_S, HEAPS = 45.0, 5
PAINT_MAX_MS = 1_000.0
BUSY_MAX_PERCENT = 50.0
FRAME_MS = 33.4
"""Two frames of 60 a second."""
FRAMES_MIN_PERCENT = 95.0
PUBLISHED_MIN = 0.9
"""Of the changes that were asked for."""
SCROLLED_MIN = 0.5
"""Of the way that it was to go: one that is no higher than its window goes none of it."""
PATIENCE_S = 60
SETTLED_S = 2.0
"""Beside a new window Chromium starts parts of its own, some 0.3 s of CPU: whoever opens the wall has had a window for long."""
EMAIL, PASSWORD = "mara@bench.example.org", "a long enough one"
SCREEN: Any = {"width": 1440, "height": 900}
CHROMIUM = shutil.which("chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"]
PAINTED = """() => new Promise((done) => {
  const observer = new PerformanceObserver(() => {
    const times = performance.getEntriesByType("mark").map(({ name, startTime }) => [name, startTime]);
    const marks = Object.fromEntries(times);
    if (marks["wall-whole"] !== undefined) {
      observer.disconnect();
      done(marks);
    }
  });
  observer.observe({ type: "mark", buffered: true });
})"""
SCROLLED = """(forMs) => new Promise((done) => {
  const deltas = [];
  const began = performance.now();
  let before = began, down = true, at = scrollY, moved = 0;
  function frame(now) {
    if (now > before) { deltas.push(now - before); }
    before = now;
    moved += Math.abs(scrollY - at);
    at = scrollY;
    const end = document.documentElement.scrollHeight - innerHeight;
    if (scrollY >= end - 1) { down = false; }
    if (scrollY <= 0) { down = true; }
    scrollBy(0, down ? 40 : -40);
    if (now - began < forMs) { requestAnimationFrame(frame); return; }
    scrollTo(0, 0);
    done([deltas.slice(1), moved / (40 * deltas.length)]);
  }
  requestAnimationFrame(frame);
})"""


class Crowd(NamedTuple):
    """The process in which people change."""

    process: asyncio.subprocess.Process

    async def change(self, a_second: float) -> int:
        """So many from now on; returns how many there were so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{a_second}\n".encode())
        return int(await self.process.stdout.readline())


class Changing:
    """A stretch of time in which so many changes a second were asked for, and how many there were."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.published = 0.0

    def fewer(self) -> str:
        """Why a figure of this time says nothing; empty when the changes were made."""
        if self.published >= self.rate * PUBLISHED_MIN:
            return ""
        return f"for there were {self.published:,.0f} changes/s and not {self.rate:,.0f}"


class Bench(NamedTuple):
    """A browser in which the manager is signed in, before a hub with a crowd."""

    context: BrowserContext
    origin: str
    hub: HubProcess
    crowd: Crowd
    pictures: Path | None


class Painted(NamedTuple):
    somebody_ms: float
    everybody_ms: float
    page_ms: float
    """CPU of the page's main thread until then."""
    hub_ms: float


def run() -> list[Result]:
    """Takes some eight minutes. Nothing where there is no Chromium, or no page."""
    if CHROMIUM is None or not Path("web/dist/index.html").exists():
        print("wall: not measured, for want of Chromium or of web/dist", file=sys.stderr)
        return []
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node()))
    pictures = Path(sys.argv[sys.argv.index("--pictures") + 1]) if "--pictures" in sys.argv else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    chosen = [int(each) for each in os.environ.get("PEOPLE", "").split(",") if each] or PEOPLE
    found: list[Result] = []
    for people in chosen:
        found += uvloop.run(_measured(people, pictures))
    return found


async def _measured(people: int, pictures: Path | None) -> list[Result]:
    found: list[Result] = []

    def note(
        what: str, unit: str, figures: list[float], limit: float | None = None, *, more: bool = False, void: str = ""
    ) -> None:
        if void:
            print(f"  {NAME} of {people:,}: {what}: not measured, {void}", flush=True)
            return
        better: Any = "higher" if more else "lower"
        demands = [] if limit is None else [Demand(limit)]
        found.append(result(f"{NAME} of {people:,}: {what}", unit, better, {"ours": figures}, demands=demands))
        print(f"  {found[-1].name}: {', '.join(f'{figure:,.1f}' for figure in figures)} {unit}", flush=True)

    def note_painted(kind: str, painted: list[Painted]) -> None:
        note(f"somebody painted, {kind}", "ms", [each.somebody_ms for each in painted], PAINT_MAX_MS)
        note(f"everybody painted, {kind}", "ms", [each.everybody_ms for each in painted], PAINT_MAX_MS)
        note(f"main thread's CPU until then, {kind}", "ms", [each.page_ms for each in painted])
        note(f"hub's CPU until then, {kind}", "ms", [each.hub_ms for each in painted])

    async with served(people, pictures) as bench:
        for kind in ("cold", "warm"):
            note_painted(kind, [await _paint(bench, people, cold=kind == "cold") for _ in range(OPENINGS)])
        if people < max(PEOPLE):
            return found
        rate = people * CHANGES
        await bench.crowd.change(rate)
        note_painted(f"warm, {rate:,.0f} changes/s", [await _paint(bench, people) for _ in range(OPENINGS)])
        for density in [each for each in os.environ.get("DENSITIES", "").split(",") if each] or DENSITIES:
            page, cdp, _ = await opened(bench, f"/?view={density}")
            async with _changing(bench.crowd, rate) as changing:
                shares = [await _busy(cdp) for _ in range(BUSY_RUNS)]
            void = changing.fewer()
            note(f"main thread busy, {density}", "%", [tasks for tasks, _ in shares], BUSY_MAX_PERCENT, void=void)
            note(f"main thread's CPU, {density}", "%", [cpu for _, cpu in shares], BUSY_MAX_PERCENT, void=void)
            async with _changing(bench.crowd, rate) as changing:
                deltas, gone = await page.evaluate(SCROLLED, SCROLL_S * 1000)
            void = changing.fewer() or _stood(gone)
            kept = 100 * sum(delta < FRAME_MS for delta in deltas) / len(deltas)
            note(f"frames under 33 ms, scrolling {density}", "%", [kept], FRAMES_MIN_PERCENT, more=True, void=void)
            note(f"95th of 100 frames, scrolling {density}", "ms", [statistics.quantiles(deltas, n=20)[-1]], void=void)
            if pictures:
                await page.screenshot(path=pictures / f"{people}-{density}.png")
            await page.close()
        page, cdp, _ = await opened(bench, "/")
        heaps, before = [await _heap_mb(cdp)], await bench.crowd.change(rate)
        for _ in range(HEAPS - 1):
            await asyncio.sleep(HEAP_S)
            heaps.append(await _heap_mb(cdp))
        changes = await bench.crowd.change(0) - before
        note(f"heap every {HEAP_S:.0f} s, {changes / HEAP_S / (HEAPS - 1):,.0f} changes/s", "MB", heaps)
    return found


@contextlib.asynccontextmanager
async def served(people: int, pictures: Path | None = None) -> AsyncIterator[Bench]:
    """A hub with so many people, none of whom changes yet, and a browser."""
    with (
        tempfile.TemporaryDirectory(prefix="daylight-bench-") as folder,
        Embedded(Settings(data=Path(folder) / "data")) as servers,
    ):
        port = int(os.environ.get("PORT", "0")) or free_port()
        origin = f"http://localhost:{port}"
        env = environment(servers.database_url, servers.redis_url, origin, Path(folder) / "data")
        await asyncio.to_thread(command, env, "migrate")
        add = ("person", "add", EMAIL, "--name", "Mara Boss", "--manages", "Everybody", "--password", PASSWORD)
        await asyncio.to_thread(command, env, *add)
        await open_pool(servers.database_url)
        await wall_people.settle(people, EMAIL)
        await close_pool()
        with hub_process(env, port, Path(folder) / "hub.log") as hub:
            await hub.await_ready()
            async with _crowd(servers.database_url, servers.redis_url) as crowd, async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
                context = await browser.new_context(viewport=SCREEN, locale="en-GB")
                bench = Bench(context, origin, hub, crowd, pictures)
                await _sign_in(bench)
                yield bench
                await browser.close()


@contextlib.asynccontextmanager
async def _crowd(database_url: str, redis_url: str) -> AsyncIterator[Crowd]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.wall_people", database_url, redis_url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield Crowd(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _changing(crowd: Crowd, rate: float) -> AsyncIterator[Changing]:
    changing = Changing(rate)
    before, began = await crowd.change(rate), time.monotonic()
    yield changing
    changing.published = (await crowd.change(rate) - before) / (time.monotonic() - began)


def _stood(gone: float) -> str:
    return "" if gone >= SCROLLED_MIN else f"for it went {gone:.0%} of the way that it was to scroll"


async def _sign_in(bench: Bench) -> None:
    page = await bench.context.new_page()
    await page.goto(bench.origin)
    await page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(EMAIL)
    await page.get_by_label(re.compile("password", re.IGNORECASE)).first.fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("navigation").first.wait_for()
    await page.close()


async def opened(bench: Bench, path: str, *, cold: bool = False) -> tuple[Page, CDPSession, dict[str, float]]:
    """A page on which everybody has been painted, and its marks."""
    page, cdp = await _window(bench)
    return page, cdp, await _shown(bench, page, cdp, path, cold=cold)


async def _window(bench: Bench) -> tuple[Page, CDPSession]:
    page = await bench.context.new_page()
    cdp = await bench.context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    await asyncio.sleep(SETTLED_S)
    return page, cdp


async def _shown(bench: Bench, page: Page, cdp: CDPSession, path: str, *, cold: bool) -> dict[str, float]:
    if cold:
        await cdp.send("Network.clearBrowserCache")
    await page.goto(f"{bench.origin}{path}", wait_until="commit")
    async with asyncio.timeout(PATIENCE_S):
        marks: dict[str, float] = await page.evaluate(PAINTED)
    return marks


async def _paint(bench: Bench, people: int, *, cold: bool = False) -> Painted:
    page, cdp = await _window(bench)
    before = _cpu_ms(bench.hub)
    marks = await _shown(bench, page, cdp, "/", cold=cold)
    found = Painted(
        somebody_ms=marks["wall-shown"],
        everybody_ms=marks["wall-whole"],
        page_ms=(await _metrics(cdp))["ThreadTime"] * 1000,
        hub_ms=_cpu_ms(bench.hub) - before,
    )
    if bench.pictures:
        await page.screenshot(path=bench.pictures / f"{people}-painted.png")
    await page.close()
    return found


def _cpu_ms(hub: HubProcess) -> float:
    """What the hub's processes have used so far."""
    assert hub.process is not None
    return cpu.cpu_s(hub.process.pid) * 1000


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    told: dict[str, Any] = await cdp.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in told["metrics"]}


async def _busy(cdp: CDPSession) -> tuple[float, float]:
    """Shares of the clock, in percent: of tasks, and of the thread's CPU."""
    before = await _metrics(cdp)
    await asyncio.sleep(BUSY_S)
    after = await _metrics(cdp)
    clock = after["Timestamp"] - before["Timestamp"]
    tasks, cpu = (100 * (after[name] - before[name]) / clock for name in ("TaskDuration", "ThreadTime"))
    return tasks, cpu


async def _heap_mb(cdp: CDPSession) -> float:
    await cdp.send("HeapProfiler.collectGarbage")
    return (await _metrics(cdp))["JSHeapUsedSize"] / 1e6
