"""How a rendition looks: everything that may differ between two editions that say the same."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Any

SYSTEM_FONTS = (
    "Liberation Sans",
    "Liberation Serif",
    "Liberation Sans Narrow",
    "DejaVu Sans",
    "DejaVu Serif",
    "DejaVu Sans Condensed",
)
TYPST_FONTS = (*SYSTEM_FONTS, "Libertinus Serif", "New Computer Modern")
RULES = ("grid", "horizontal", "booktabs", "regions", "none", "zebra", "outer", "vertical")


@dataclass(frozen=True)
class Style:
    """Lengths in points. `name_width` and `figure_width` are the columns' of the personnel table."""

    renderer: str
    tagged: bool
    font: str
    size: float
    page: tuple[float, float]
    margin: float
    name_width: float
    figure_width: float
    mandate_widths: tuple[float, ...]
    rules: str
    rule_width: float
    heading_fill: bool
    heading_align: str
    group_align: str
    figure_align: str
    valign: str
    heading_valign: str
    pad_x: float
    pad_y: float
    leading: float
    region_bold: bool
    region_italic: bool
    region_spans: bool
    region_centred: bool
    repeat_heading: bool
    rows_break: bool
    marker: str
    marker_size: float
    marker_rise: float
    labels: str
    dash: str
    hyphenate: bool
    page_numbers: str
    running_head: bool
    text_before: int
    text_after: int
    notes: str
    own_pages: bool
    total_bold: bool

    def __str__(self) -> str:
        return ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))


def style(rng: random.Random, renderer: str, columns: int) -> Style:
    """A random look. Narrow columns wrap names and headings; low pages break tables."""
    labels = rng.choice(("up", "up", "down", "spanned", "each"))
    pages = [(595.0, 842.0), (595.0, 842.0), (842.0, 595.0), (612.0, 792.0)]
    if labels in ("spanned", "each"):
        pages.append((595.0, 420.0))  # a rotated label may be too long for a low page
    page = rng.choice(pages)
    margin = rng.choice((36.0, 50.0, 57.0, 71.0))
    room = page[0] - 2 * margin
    size = rng.choice((7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 10.5))
    name_share = rng.uniform(0.28, 0.46)
    figures = room * (1 - name_share) / (columns - 1)
    squeeze = rng.uniform(0.7, 1.0) if rng.random() < 0.5 else 1.0
    # A heading word that does not fit its column would be drawn over the next.
    size = min(size, figures * squeeze / (7.6 if columns < 8 else 5.6))
    size = min(size, room * 0.17 / 9)
    font = rng.choice(TYPST_FONTS if renderer == "typst" else SYSTEM_FONTS)
    label_share = rng.uniform(0.14, 0.17) if labels in ("spanned", "each") else rng.uniform(0.08, 0.12)
    shares = [label_share, rng.uniform(0.2, 0.28), rng.uniform(0.22, 0.3), 0.19, 0.19]
    rules = rng.choice(RULES)
    return Style(
        renderer=renderer,
        tagged=renderer != "reportlab" and rng.random() < 0.5,
        font=font,
        size=round(size, 1),
        page=page,
        margin=margin,
        name_width=round(room * name_share * squeeze, 1),
        figure_width=round(figures * squeeze, 1),
        mandate_widths=_widths(room, shares, 9.5 * size + 8 if labels in ("spanned", "each") else 0),
        rules=rules,
        rule_width=rng.choice((0.25, 0.5, 0.75, 1.0, 1.5)),
        labels=labels,
        **_look(rng),
    )


def _look(rng: random.Random) -> dict[str, Any]:
    """What does not depend on the room that there is."""
    return {
        "heading_fill": rng.random() < 0.3,
        "heading_align": rng.choice(("left", "center", "right", "left", "center")),
        "group_align": rng.choice(("left", "center")),
        "figure_align": rng.choice(("left", "center", "right")),
        "valign": rng.choice(("top", "middle", "bottom")),
        "heading_valign": rng.choice(("top", "middle", "bottom")),
        "pad_x": rng.choice((2.0, 3.0, 4.0, 5.5)),
        "pad_y": rng.choice((0.8, 1.5, 2.5, 4.0)),
        "leading": rng.choice((1.1, 1.2, 1.3)),
        "region_bold": rng.random() < 0.7,
        "region_italic": rng.random() < 0.2,
        "region_spans": rng.random() < 0.5,
        "region_centred": rng.random() < 0.1,
        "repeat_heading": rng.random() < 0.6,
        "rows_break": rng.random() < 0.2,
        "marker": rng.choice(("raised", "raised", "font", "unicode")),
        "marker_size": rng.choice((0.55, 0.6, 0.65, 0.7, 0.8)),
        "marker_rise": rng.choice((0.3, 0.35, 0.4, 0.5)),
        "dash": rng.choice(("", "", "", "", "", "-", "–")),
        "hyphenate": rng.random() < 0.15,
        "page_numbers": rng.choice(("", "Pagina {n} van {m}", "{n}", "- {n} -")),
        "running_head": rng.random() < 0.2,
        "text_before": rng.choice((0, 1, 1, 2)),
        "text_after": rng.choice((0, 1, 2)),
        "notes": rng.choice(("after", "before", "none")),
        "own_pages": rng.random() < 0.6,
        "total_bold": rng.random() < 0.5,
    }


def _widths(room: float, shares: list[float], first: float) -> tuple[float, ...]:
    """Widths in these shares of the room, the first at least so wide."""
    widths = [room * share / sum(shares) for share in shares]
    more = max(0.0, first - widths[0])
    return tuple(round(width, 1) for width in (widths[0] + more, *(width - more / 4 for width in widths[1:])))
