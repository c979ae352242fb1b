"""The tables of `docs/protocol.md`, for the tests that hold the code to them."""

from pathlib import Path

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"


def table(marker: str) -> list[list[str]]:
    """The cells of the first table behind the comment that starts with `marker`, without its head."""
    lines = PROTOCOL.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"<!-- {marker}:"))
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]
