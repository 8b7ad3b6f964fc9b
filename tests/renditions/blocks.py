"""Content and style → paragraphs and table cells with borders, which each renderer then draws."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tests.renditions.content import MANDATE_COLUMNS, Content, Printed
from tests.renditions.style import Style

_WORDS = [
    *("de", "inzet", "van", "een", "missie", "volgt", "uit", "het", "besluit", "en", "wordt", "elk", "jaar"),
    *("bezien", "naar", "plaats", "duur", "omvang", "doel", "waarbij", "bondgenoten", "partners", "staf"),
    *("transport", "training", "advies", "en", "toezicht", "samen", "het", "beeld", "vormen", "zodat", "de"),
    *("bijdrage", "past", "bij", "wat", "nodig", "blijkt"),
]
PERIOD = "mei 2023 t/m april 2024"
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Cell:
    """A cell as it is to be drawn: some of b, l, r, t are its borders, up or down its turn.

    It has no set in it, since what is drawn is kept by how it is written.
    """

    printed: Printed
    columns: int = 1
    rows: int = 1
    align: str = "left"
    valign: str = "top"
    bold: bool = False
    italic: bool = False
    fill: str | None = None
    turn: str = ""
    borders: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells; a place that a cell above or to the left covers has no cell of its own."""

    widths: tuple[float, ...]
    heading: list[dict[int, Cell]]
    body: list[dict[int, Cell]]


@dataclass(frozen=True)
class Paragraph:
    """Running text; `level` 1 is a heading, 2 a footnote that starts with `number`."""

    text: str
    level: int = 0
    number: int | None = None


@dataclass(frozen=True)
class PageBreak:
    """The next block starts a page."""


Block = Table | Paragraph | PageBreak


def blocks(content: Content, style: Style, rng: random.Random) -> list[Block]:
    """Annex 1, then annex 2, each with its heading, and text and footnotes around them."""
    annexes = (
        ("Bijlage 1 Rechtsbasis, mandaten en nationale kaders", mandates, _mandate_numbers),
        (f"Bijlage 2 Totale inzet {PERIOD}", personnel, _personnel_numbers),
    )
    made: list[Block] = [*_text(rng, style.text_before)]
    for index, (heading, table, marked) in enumerate(annexes):
        notes = [Paragraph(_sentence(rng), 2, number) for number in marked(content)]
        if index and style.own_pages:
            made.append(PageBreak())
        made += [
            Paragraph(heading, 1),
            *(notes if style.notes == "before" else ()),
            table(content, style),
            *(notes if style.notes == "after" else ()),
        ]
        made += _text(rng, style.text_after)
    return made


def _mandate_numbers(content: Content) -> list[int]:
    return [
        *content.heading_markers,
        *(n for row in content.mandates for cell in row.cells for n in cell.markers),
    ]


def _personnel_numbers(content: Content) -> list[int]:
    cells = [cell for row in content.personnel for cell in (row.name, *row.figures) if cell]
    return [number for cell in cells for number in cell.markers]


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randint(6, 40))).capitalize() + "."


def _text(rng: random.Random, count: int) -> Iterator[Paragraph]:
    for _ in range(count):
        yield Paragraph(" ".join(_sentence(rng) for _ in range(rng.randint(1, 4))))


def personnel(content: Content, style: Style) -> Table:
    """Annex 2's table."""
    width = len(content.columns)
    body: list[dict[int, Cell]] = []
    for row in content.personnel:
        if row.kind == "region":
            body.append(_region(row.name, style, width))
            continue
        bold = row.kind == "total" and style.total_bold
        cells = {0: Cell(row.name, valign=style.valign, bold=bold)}
        for index, figure in enumerate(row.figures, 1):
            shown = figure or Printed(style.dash)
            cells[index] = Cell(shown, align=style.figure_align, valign=style.valign, bold=bold)
        body.append(cells)
    starts = {index for index, row in enumerate(content.personnel) if row.kind in ("region", "total")}
    widths = (style.name_width, *[style.figure_width] * (width - 1))
    return _ruled(Table(widths, personnel_heading(content.columns, style), body), style, starts)


def _region(name: Printed, style: Style, width: int) -> dict[int, Cell]:
    align = "center" if style.region_centred and style.region_spans else "left"
    cell = Cell(name, align=align, valign=style.valign, bold=style.region_bold, italic=style.region_italic)
    if style.region_spans:
        return {0: replace(cell, columns=width)}
    return {0: cell} | {index: Cell(Printed("")) for index in range(1, width)}


def personnel_heading(columns: Sequence[tuple[str, ...]], style: Style) -> list[dict[int, Cell]]:
    """Two rows: groups over their columns, and a first cell over both."""
    top: dict[int, Cell] = {}
    below: dict[int, Cell] = {}
    at = 0
    for group, paths in groupby(columns, key=lambda path: path[0]):
        count = len(list(paths))
        if count == 1:
            top[at] = _heading(Printed(group), style, rows=2, align="left")
        else:
            top[at] = _heading(Printed(group), style, columns=count, align=style.group_align)
            for index in range(at, at + count):
                below[index] = _heading(Printed(columns[index][1]), style)
        at += count
    return [top, below]


def _heading(
    printed: Printed, style: Style, *, columns: int = 1, rows: int = 1, align: str | None = None
) -> Cell:
    return Cell(
        printed,
        columns,
        rows,
        align or style.heading_align,
        style.heading_valign,
        bold=True,
        fill="#dddddd" if style.heading_fill else None,
    )


def mandates(content: Content, style: Style) -> Table:
    """Annex 1's table."""
    markers = dict(zip((3, 4), content.heading_markers, strict=True))
    heading = {
        index: _heading(Printed(path[0], (markers[index],) if index in markers else ()), style, align="left")
        for index, path in enumerate(MANDATE_COLUMNS)
    }
    body: list[dict[int, Cell]] = []
    starts: set[int] = set()
    for region, rows in groupby(content.mandates, key=lambda row: row.region):
        group = list(rows)
        starts.add(len(body))
        for index, row in enumerate(group):
            cells = {at: Cell(cell, valign=style.valign) for at, cell in enumerate(row.cells, 1)}
            if style.labels == "each":
                cells[0] = Cell(Printed(region), valign=style.valign)
            elif index == 0:
                turn = style.labels if style.labels in ("up", "down") else ""
                valign = "middle" if turn else style.valign
                cells[0] = Cell(
                    Printed(region),
                    rows=len(group),
                    align="center" if turn else "left",
                    valign=valign,
                    turn=turn,
                )
            body.append(dict(sorted(cells.items())))
    return _ruled(Table(style.mandate_widths, [heading], body), style, starts)


def _ruled(table: Table, style: Style, starts: set[int]) -> Table:
    """The table with borders and fills; `starts` are the rows that begin a part."""
    width, last, rows = len(table.widths), len(table.body) - 1, len(table.heading)
    heading = [
        {
            at: _bordered(cell, style, at, width, _heading_sides(style, row, row + cell.rows - 1, rows))
            for at, cell in cells.items()
        }
        for row, cells in enumerate(table.heading)
    ]
    body = []
    for index, cells in enumerate(table.body):
        done = {}
        for at, cell in cells.items():
            end = index + cell.rows - 1
            sides = _body_sides(style.rules, index, end, last, starts)
            fill = "#eeeeee" if style.rules == "zebra" and index % 2 and cell.rows == 1 else cell.fill
            done[at] = _bordered(replace(cell, fill=fill), style, at, width, sides)
        body.append(done)
    return Table(table.widths, heading, body)


def _heading_sides(style: Style, first: int, end: int, rows: int) -> set[str]:
    if style.rules in ("none", "zebra"):
        return set()
    sides = {"b"} if end == rows - 1 or style.rules in ("grid", "horizontal") else set()
    if first == 0 and style.rules != "vertical":
        sides.add("t")
    return sides


def _body_sides(rules: str, first: int, end: int, last: int, starts: set[int]) -> set[str]:
    sides = set()
    if rules in ("grid", "horizontal") or (end == last and rules in ("booktabs", "outer", "regions")):
        sides.add("b")
    if rules == "regions" and first in starts:
        sides.add("t")
    return sides


def _bordered(cell: Cell, style: Style, at: int, width: int, sides: set[str]) -> Cell:
    inner = style.rules in ("grid", "vertical")
    if inner or (style.rules == "outer" and at == 0):
        sides.add("l")
    if inner or (style.rules == "outer" and at + cell.columns == width):
        sides.add("r")
    return replace(cell, borders="".join(sorted(sides)))
