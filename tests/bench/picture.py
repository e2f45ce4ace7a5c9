"""
Figures as bars, in SVG: text and rectangles, readable in light and dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = 26
LABEL = 190
BAR = 420
WIDTH = LABEL + BAR + 90
STYLE = (
    "text{font:13px sans-serif;fill:#222}.ours{fill:#c74634}.other{fill:#8a8f98}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)


def bars(title: str, note: str, figures: Sequence[tuple[str, float]], ours: str) -> str:
    """
    One bar for each of *figures*, the longest as wide as there is room; *ours* in colour, *note* below.
    """
    longest = max(figure for _, figure in figures)
    height = ROW * (len(figures) + 2) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, figure) in enumerate(figures, 1):
        top = place * ROW + 4
        width = max(1.0, figure / longest * BAR)
        kind = "ours" if name == ours else "other"
        parts += [
            f'<text x="{LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{top}" width="{width:.1f}" height="{ROW - 6}"/>',
            f'<text x="{LABEL + width + 6:.1f}" y="{top + 15}">{figure:.1f}</text>',
        ]
    parts += [f'<text x="8" y="{height - 10}">{escape(note)}</text>', "</svg>"]
    return "\n".join(parts) + "\n"
