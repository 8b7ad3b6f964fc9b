"""A mission's figures as bars in the terminal: annexes by edition, and what other sources say by date.

Rows in, one text out. All bars share one scale, and each basis has a block of its own, because
ceilings, head counts and sums of rotations measure different things. A figure that is not there is
a gap with a dot, never a bar of length nought.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Bar = tuple[str, int | None, str]  # label, figure, what to say behind it

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NARROWEST = 10
_FRAMES = ("frame_military", "frame_civil_police")
_SIGNS = {"about": "about ", "more than": "more than ", "almost": "almost "}
_TITLES = {
    "observed frame": "Frame, by other public sources",
    "observed headcount": "Head counts, by other public sources",
    "observed deployed": "Deployed over a period, by other public sources",
    "UN monthly": "In the UN's monthly figures (last month of each year)",
}


class Layout(NamedTuple):
    """The largest figure, the widths of dates and figures, and the columns left for the longest bar."""

    most: int
    label: int
    digits: int
    room: int


def chart(editions: Sequence[Row], others: Sequence[Row], width: int | None = None) -> str:
    """The drawing: `editions` are rows of mission_trends, `others` rows of mission_timeline."""
    columns = width or shutil.get_terminal_size((80, 24)).columns
    blocks = [
        ("Deployed, by edition", [_edition(row, row["deployed_total_computed"]) for row in editions]),
        ("Frame, by edition", [_edition(row, _sum(row[name] for name in _FRAMES)) for row in editions]),
        *((title, _of(others, basis)) for basis, title in _TITLES.items()),
    ]
    bars = [bar for _, block in blocks for bar in block]
    if not bars:
        return "no figure of it in any edition held, nor in another source"
    layout = _layout(bars, columns)
    return "\n\n".join(
        "\n".join([title, *(_line(bar, layout) for bar in block)]) for title, block in blocks if block
    )


def _edition(row: Row, figure: int | None) -> Bar:
    return str(row["edition_year"]), figure, "" if row["listed"] else "not listed"


def _of(others: Iterable[Row], basis: str) -> list[Bar]:
    rows = [row for row in others if row["basis"] == basis]
    if basis == "UN monthly":  # monthly bars would fill screens: the last month that each year has
        rows = list({row["period_start"].year: row for row in rows}.values())
    return [(_dates(row), row["total"], row["part"] or "") for row in map(_hedged, rows)]


def _hedged(row: Row) -> Row:
    """The row with what its source hedges in front of the part."""
    sign = _SIGNS.get(row["qualifier"] or "", "").strip()
    return {**row, "part": "; ".join(filter(None, (sign, row["part"])))}


def _dates(row: Row) -> str:
    start, end = (row[f"period_{side}"] for side in ("start", "end"))
    if start is None or end is None:
        return f"{_day(start)}…{_day(end)}"
    if (start.year, start.month) == (end.year, end.month) and start.day == 1 and end.day > 27:
        return f"{start:%Y-%m}"
    if (end - start).days < 7:
        return f"{start:%Y-%m-%d}"
    return f"{start:%Y-%m}…{end:%Y-%m}"


def _day(day: datetime.date | None) -> str:
    return "" if day is None else f"{day:%Y-%m}"


def _sum(figures: Iterable[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _layout(bars: Sequence[Bar], columns: int) -> Layout:
    most = max((figure for _, figure, _ in bars if figure is not None), default=0)
    label = max(len(name) for name, _, _ in bars)
    digits = len(str(most))
    said = max(len(words) for _, _, words in bars)
    return Layout(
        most, label, digits, max(columns - label - digits - min(said, columns // 3) - 6, _NARROWEST)
    )


def _line(bar: Bar, layout: Layout) -> str:
    name, figure, words = bar
    shown = "·" if figure is None else str(figure)
    drawn = _bar(figure, layout.most, layout.room)
    return f"  {name:<{layout.label}} {shown:>{layout.digits}} {drawn} {words}".rstrip()


def _bar(figure: int | None, most: int, room: int) -> str:
    """A bar in eighths of a column; any figure above 0 shows."""
    if not figure:
        return ""
    eighths = max(round(figure / most * room * 8), 1)
    return _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
