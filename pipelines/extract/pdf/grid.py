"""A table by its geometry alone: heading words, places of words, drawn lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.extract.pdf import bands, columns, labels, pricing
from pipelines.extract.pdf.area import Body, bodies
from pipelines.extract.pdf.bands import Row
from pipelines.extract.pdf.cells import Fragment, GridCell, cell
from pipelines.extract.pdf.heading import HeadingPlace, TableHeading
from pipelines.extract.pdf.model import Box, PdfDocument, Word
from pipelines.extract.pdf.rows import cut as cut_rows


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: a cell or None per column. With `is_region` only the first cell says something.

    `region` is the name that it stands under: of the last row that is a region, or of the label in
    the first column that spans it (which is then no cell of its own: the first cell is None).
    """

    cells: tuple[GridCell | None, ...]
    is_region: bool = False
    region: GridCell | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the columns' paths as the layout names them, and its rows from top to bottom.

    `unknown` are words in the heading that the layout does not know, `ended` whether the row was
    found that the layout names as the last. `heading` gives the lines of the heading, on every page that
    has it, and `marked` the footnote numbers in it, each with its line. `above` gives, for each page,
    the boxes of the columns' headings; on a page without them, those of the page before.
    """

    columns: tuple[tuple[str, ...], ...]
    rows: tuple[GridRow, ...]
    unknown: tuple[Word, ...] = ()
    ended: bool = True
    page: int = 1
    heading: tuple[int, ...] = ()
    marked: tuple[tuple[int, int], ...] = ()
    above: tuple[tuple[int, tuple[Box, ...]], ...] = ()

    def nearest(self, cell: GridCell) -> int | None:
        """The column whose heading is nearest to a cell, by left edge, right edge or centre.

        Nothing else is regarded, neither rules nor other cells; None where no heading is known.
        """
        boxes = dict(self.above).get(cell.page, ())
        own = cell.box
        away = [
            min(abs(box.left - own.left), abs(box.right - own.right), abs(box.centre - own.centre))
            for box in boxes
        ]
        return away.index(min(away)) if away else None

    @property
    def data(self) -> tuple[GridRow, ...]:
        """Rows that are no regions."""
        return tuple(row for row in self.rows if not row.is_region)


def read(document: PdfDocument, heading: TableHeading, others: Sequence[TableHeading] = ()) -> Grid | None:
    """The first table under `heading`, or None where no page has that heading.

    `others` are the headings at which this table's pages end.
    """
    placed = bodies(document.pages, heading, others)
    if not placed or not any(body.lines for _, body in placed):
        return None
    groups = placed[0][0].groups if placed[0][0] else ()
    parts = columns.part([body for _, body in placed], heading, groups)
    placed = _with_rows(placed, parts, heading)
    pages = [body for _, body in placed]
    found = [bands.fragments(body, parts, heading) for body in pages]
    cut, setting = cut_rows(pages, found, heading, parts)
    if heading.labelled:
        prices = pricing.prices(pages, found, heading, parts)
        shared = [
            labels.assign(body, rows, part, price, heading, parts, setting, first=body is pages[0])
            if rows
            else []
            for body, rows, part, price in zip(pages, cut, found, prices, strict=True)
        ]
    else:
        shared = [[None] * len(rows) for rows in cut]
    rows = _joined(
        [*zip([row for page in cut for row in page], [r for page in shared for r in page], strict=True)]
    )
    place = placed[0][0]
    lines = {number for found, _ in placed if found for number in found.lines}
    headed = [line for page in document.pages for line in page.lines if line.number in lines]
    return Grid(
        columns=heading.columns,
        rows=tuple(_grid_rows(rows, heading)),
        unknown=place.unknown if place else (),
        ended=any(body.ended for body in pages),
        page=pages[0].page,
        heading=tuple(line.number for line in headed),
        above=tuple((body.page, body.columns) for body in pages),
        marked=tuple(
            (number, line.number) for line in headed for word in line.words for number in word.numbers
        ),
    )


def _with_rows(
    placed: list[tuple[HeadingPlace | None, Body]], parts: Sequence[float], heading: TableHeading
) -> list[tuple[HeadingPlace | None, Body]]:
    """Leaves out a last page without a heading whose lines do not fill the columns: it is other text."""
    kept = list(placed)
    while len(kept) > 1 and kept[-1][0] is None and heading.labelled:
        body = kept[-1][1]
        filled = {part.column for part in bands.fragments(body, parts, heading)}
        if filled >= set(range(1, len(heading.columns))):
            break
        kept.pop()
    return kept


def _joined(rows: list[tuple[Row, GridCell | None]]) -> list[tuple[Row, GridCell | None]]:
    """Rows with those made one that a page break cut in two."""
    joined: list[tuple[Row, GridCell | None]] = []
    for row, label in rows:
        if joined and (row.begun or joined[-1][0].goes_on) and joined[-1][0].page < row.page:
            upper, known = joined[-1]
            cells: dict[int, list[Fragment]] = {
                column: [*upper.cells.get(column, []), *row.cells.get(column, [])]
                for column in {*upper.cells, *row.cells}
            }
            joined[-1] = (Row(row.page, cells, upper.region and row.region), known or label)
        else:
            joined.append((row, label))
    return joined


def _grid_rows(rows: Sequence[tuple[Row, GridCell | None]], heading: TableHeading) -> list[GridRow]:
    made: list[GridRow] = []
    region: GridCell | None = None
    for row, label in rows:
        cells = [cell(row.cells.get(column, ())) for column in range(len(heading.columns))]
        if row.region:
            region = cells[0]
        elif heading.labelled:
            region, cells[0] = label or region, None
        made.append(GridRow(tuple(cells), row.region, region))
    return made
