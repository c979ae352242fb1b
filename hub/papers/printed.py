"""Pages of a document, by typst. Blocks for a moment: to be called in a thread.

The template is ours and fixed. What it prints comes in as one JSON text that it decodes, so nothing that people typed is ever read as
markup; nor may it read files or packages.
"""

import importlib.util
from functools import cache
from pathlib import Path

import msgspec

from hub.papers.told import Paper

TEMPLATE = Path(__file__).parent / "paper.typ"
FONTS = ("fontpkg_ibm_plex_sans", "fontpkg_ibm_plex_sans_arabic")


def printed(paper: Paper) -> bytes:
    """The document as PDF, tagged for screen readers."""
    import typst

    return typst.compile(
        TEMPLATE,
        format="pdf",
        root=TEMPLATE.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"paper": msgspec.json.encode(paper).decode()},
    )


@cache
def _fonts() -> list[Path]:
    found = [importlib.util.find_spec(name) for name in FONTS]
    return [Path(spec.origin).parent / "files" for spec in found if spec is not None and spec.origin is not None]
