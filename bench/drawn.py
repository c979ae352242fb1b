"""Lines over time as an SVG, panel under panel, each with its own scale. Enough for figures of ours, and no dependency."""

from html import escape
from typing import NamedTuple

WIDTH, PANEL, GAP, LEFT, TOP = 860, 110, 34, 64, 40
COLOURS = ("#2563a8", "#b4540a")
"""Told apart by everybody, on white and in grey: one is dark, the other darker, and each line is named in its colour."""


class Line(NamedTuple):
    """A figure over time."""

    name: str
    points: list[tuple[float, float]]


def draw(title: str, unit: str, panels: list[list[Line]]) -> str:
    """`unit`: of the time, below the last panel. All lines share the time of the first."""
    times = [time for time, _ in panels[0][0].points]
    first, last = min(times), max(times)
    height = TOP + len(panels) * (PANEL + GAP) + 20

    def x_of(time: float) -> float:
        return LEFT + (time - first) / ((last - first) or 1) * (WIDTH - LEFT - 20)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/><text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for number, lines in enumerate(panels):
        top = TOP + number * (PANEL + GAP)
        most = max(figure for line in lines for _, figure in line.points) * 1.1 or 1
        for share in (0, 0.5, 1):
            y = top + PANEL - share * PANEL
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{most * share:,.0f}</text>'
            )
        at = LEFT
        for line, colour in zip(lines, COLOURS, strict=False):
            path = " ".join(
                f"{x_of(time):.1f},{top + PANEL - figure / most * PANEL:.1f}" for time, figure in line.points
            )
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            parts.append(f'<text x="{at}" y="{top - 6}" fill="{colour}">{escape(line.name)}</text>')
            at += 12 + 7 * len(line.name)
    step = max(1, round((last - first) / 6))
    parts += [
        f'<text x="{x_of(first + time):.1f}" y="{height - 24}" text-anchor="middle" fill="#555">{time}</text>'
        for time in range(0, int(last - first) + 1, step)
    ]
    parts.append(f'<text x="{WIDTH - 20}" y="{height - 8}" text-anchor="end" fill="#555">{escape(unit)}</text></svg>')
    return "\n".join(parts) + "\n"
