"""What a browser loads before it can draw: how much that is, and that none of it needs a laxer policy. Over the pages as they are built."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.screens import CHROMIUM

from .browser import Face

DIST = Path(__file__).parents[2] / "web" / "dist"
FIRST_MAX_BYTES = 250 * 1024
"""Everything up to the first tile, compressed as it is served: 1.3 s on a slow mobile connection (1.6 Mbit/s)."""

LOADED = """async () => {
    const shown = () => performance.getEntriesByName("wall-shown")[0];
    while (!shown()) { await new Promise(requestAnimationFrame); }
    const loaded = () => ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
    const asked = () => loaded().filter((each) => each.startTime < shown().startTime);
    for (let known = -1; known < asked().length; await new Promise((done) => setTimeout(done, 500))) { known = asked().length; }
    return asked().map(({ name, encodedBodySize }) => [name, encodedBodySize]);
}"""
"""Address and bytes, compressed, of everything that was asked for before the first tile was painted (`web/src/live/Marked.tsx`), also of
what came after it: such a one is noted by the browser once it is here."""
_LINKED = re.compile(r'(?:src|href)="/(assets/[^"]+)"')
_IMPORTED = re.compile(r'(?:^|[;}\s])(?:import|export)\b[^;()]*?["\']\./([\w.-]+\.js)["\']')
_FACE = re.compile(r"@font-face\s*{([^}]*)}")
_FILE = re.compile(r"url\(/(assets/[^)]+\.woff2)\)")


def test_first_picture_is_loaded_within_its_budget() -> None:
    files = first_files()
    sizes = {name: transferred(DIST / name) for name in files}

    assert any(name.endswith(".js") for name in files)
    assert any(name.endswith(".css") for name in files)
    assert any(name.endswith(".woff2") for name in files)
    listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
    assert sum(sizes.values()) < FIRST_MAX_BYTES, f"{sum(sizes.values())} bytes: {listed}"


@pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium")
@pytest.mark.timeout(120)
async def test_browser_asks_for_no_more_until_it_has_shown_somebody(
    wall: Face, record_property: Callable[[str, object], None]
) -> None:
    signed_in = await (await wall.opened()).context.storage_state()
    for density in ("cards", "wall"):
        page = await (await wall.context(storage_state=signed_in)).new_page()  # with a cache of its own, which is empty
        await page.goto(f"{wall.origin}/?view={density}")
        loaded = await page.evaluate(LOADED)
        listed = ", ".join(f"{url.removeprefix(wall.origin)} {size}" for url, size in loaded)
        total = sum(size for _, size in loaded)
        record_property("figure", f"loaded up to the first tile of {density}: {total} bytes")

        assert f"{wall.origin}/" in loaded[0][0]
        assert any("/assets/index-" in url for url, _ in loaded)
        assert density != "wall" or any("/assets/CanvasWall-" in url for url, _ in loaded)
        assert all(size > 0 for _, size in loaded), listed
        assert total < FIRST_MAX_BYTES, f"{total} bytes: {listed}"


def test_page_has_no_script_of_its_own() -> None:
    html = (DIST / "index.html").read_text()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)

    assert scripts
    for attributes, inside in scripts:
        assert 'src="/assets/' in attributes
        assert inside.strip() == ""
    assert not re.search(r"\son\w+=|javascript:|<style", html)


def test_text_is_compressed_ahead_and_is_the_same() -> None:
    for file in (DIST / "assets").glob("*.js"):
        packed, smaller = (file.with_name(file.name + ending) for ending in (".gz", ".br"))
        assert packed.is_file() == smaller.is_file() == (file.stat().st_size >= 1024)
        if packed.is_file():
            assert gzip.decompress(packed.read_bytes()) == file.read_bytes()
            assert smaller.stat().st_size <= packed.stat().st_size


def first_files() -> list[str]:
    """The page, what it links to, what that imports statically, and the fonts of an English text."""
    names, waiting = ["index.html"], _LINKED.findall((DIST / "index.html").read_text())
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.append(name)
            if name.endswith(".js"):
                waiting += [f"assets/{found}" for found in _IMPORTED.findall((DIST / name).read_text())]
    for sheet in [name for name in names if name.endswith(".css")]:
        for face in _FACE.findall((DIST / sheet).read_text()):
            if covers_english(face):
                names += _FILE.findall(face)
    return names


def covers_english(face: str) -> bool:
    """Whether a browser needs this face for the letters of English: by its `unicode-range`, or because it has none."""
    ranges = re.search(r"unicode-range:([^;}]*)", face)
    if ranges is None:
        return True
    spans = (part.strip().upper().removeprefix("U+").split("-") for part in ranges[1].split(","))
    return any(int(span[0].replace("?", "0"), 16) <= ord("a") <= int(span[-1].replace("?", "F"), 16) for span in spans)


def transferred(file: Path) -> int:
    packed = file.with_name(f"{file.name}.br")
    return (packed if packed.is_file() else file).stat().st_size
