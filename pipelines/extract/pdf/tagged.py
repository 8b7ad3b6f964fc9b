"""A table by the structure that a tagged file gives: rows and cells as its maker named them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipelines.extract.pdf.cells import GridCell, Span, join
from pipelines.extract.pdf.grid import Grid, GridRow
from pipelines.extract.pdf.heading import TableHeading, folded
from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, TagCell, TagTable, Word

MAX_HEADING_ROWS = 4
MAX_COLUMNS = 60


@dataclass
class _Row:
    """Cells by the column that they begin in, and the columns that a cell of a row above covers."""

    cells: dict[int, TagCell] = field(default_factory=dict)
    covered: dict[int, TagCell] = field(default_factory=dict)
    width: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is printed in it."""
        return not any(cell.words for cell in self.cells.values())


def read(document: PdfDocument, heading: TableHeading) -> Grid | None:
    """The first tagged table under `heading` and those that continue it, or None."""
    places = _Places(document)
    rows: list[_Row] = []
    headed: list[GridCell] = []
    page = 0
    for table in document.tag_tables:
        laid = _laid_out(table)
        count = _heading_rows(laid, heading)
        if count is None and not rows:
            continue
        if count is None and not _continues(laid, heading):
            break
        page = page or next((at for row in laid for cell in row.cells.values() for at, _ in cell.words), 0)
        headed += [
            cell for row in laid[: count or 0] for one in row.cells.values() if (cell := places.cell(one))
        ]
        body = [row for row in laid[count or 0 :] if not row.empty]
        _append(rows, body, heading)
        if rows and _is_last(rows[-1], heading):
            break
    if not rows:
        return None
    made = tuple(_grid_rows(rows, heading, places))
    return Grid(
        heading.columns,
        made,
        ended=_is_last(rows[-1], heading),
        page=page,
        heading=tuple(sorted({span.line for cell in headed for span in cell.spans})),
        marked=tuple((number, cell.line) for cell in headed for number in cell.markers),
    )


def _laid_out(table: TagTable) -> list[_Row]:
    """Rows with every cell at its column; a cell that the structure does not name is one empty column."""
    rows: list[_Row] = []
    below: dict[int, tuple[int, TagCell]] = {}
    for cells, width in zip(table.rows, table.widths, strict=True):
        row = _Row()
        named = {cell.column: cell for cell in cells}
        column = 0
        carried: dict[int, tuple[int, TagCell]] = {}
        for slot in range(min(width, MAX_COLUMNS)):
            while column in below:
                column = _carry(column, below, carried, row)
            cell = named.get(slot)
            if cell is not None:
                row.cells[column] = cell
                for covered in range(column, min(column + cell.columns_spanned, MAX_COLUMNS)):
                    if cell.rows_spanned > 1:
                        carried[covered] = (cell.rows_spanned - 1, cell)
            column += cell.columns_spanned if cell else 1
        while column in below:
            column = _carry(column, below, carried, row)
        row.width = column
        below = carried
        rows.append(row)
    return rows


def _carry(
    column: int, below: dict[int, tuple[int, TagCell]], carried: dict[int, tuple[int, TagCell]], row: _Row
) -> int:
    left, cell = below[column]
    row.covered[column] = cell
    if left > 1:
        carried[column] = (left - 1, cell)
    return column + 1


def _heading_rows(rows: Sequence[_Row], heading: TableHeading) -> int | None:
    """How many rows at the top spell the heading, or None."""
    wanted = [folded("".join(path)) for path in heading.columns]
    for count in range(1, min(MAX_HEADING_ROWS, len(rows)) + 1):
        found = [_path(rows[:count], column) for column in range(len(wanted))]
        if found == wanted and max(row.width for row in rows[:count]) == len(wanted):
            return count
    return None


def _path(rows: Sequence[_Row], column: int) -> str:
    """Texts of the cells above a column, from top to bottom, as one."""
    texts = []
    for row in rows:
        for start, cell in row.cells.items():
            if start <= column < start + cell.columns_spanned:
                texts.append(folded(_text(cell)))
    return "".join(texts)


def _continues(rows: Sequence[_Row], heading: TableHeading) -> bool:
    """Whether a table without the heading has its columns."""
    return bool(rows) and max(row.width for row in rows) == len(heading.columns)


def _append(rows: list[_Row], body: Sequence[_Row], heading: TableHeading) -> None:
    """Adds a page's rows; a row that the page break cut in two becomes one again."""
    for index, row in enumerate(body):
        if index == 0 and rows and _belong(rows[-1], row, heading):
            for column, cell in row.cells.items():
                rows[-1].cells[column] = _both(rows[-1].cells.get(column), cell)
        else:
            rows.append(row)


def _belong(upper: _Row, lower: _Row, heading: TableHeading) -> bool:
    first, second = _filled(upper), _filled(lower)
    needed = set(range(1, len(heading.columns)))
    if not heading.figures:
        return not needed <= first or not needed <= second
    # Figures at the foot of a page without their name, or a name at the top of the next without figures.
    return 0 not in first or (0 not in second and not first & second)


def _filled(row: _Row) -> set[int]:
    return {column for column, cell in row.cells.items() if cell.words}


def _both(upper: TagCell | None, lower: TagCell) -> TagCell:
    if upper is None:
        return lower
    return TagCell(
        upper.column, upper.heading, upper.columns_spanned, upper.rows_spanned, upper.words + lower.words
    )


def _is_last(row: _Row, heading: TableHeading) -> bool:
    first = row.cells.get(0)
    return bool(heading.total and first and folded(_text(first)) == folded(heading.total))


def _grid_rows(rows: Sequence[_Row], heading: TableHeading, places: _Places) -> Iterator[GridRow]:
    region: GridCell | None = None
    count = len(heading.columns)
    for row in rows:
        cells = [places.cell(row.cells[at]) if at in row.cells else None for at in range(count)]
        alone = cells[0] is not None and not any(cells[1:])
        if heading.figures and alone:
            region = cells[0]
        elif heading.labelled:
            above = places.cell(row.covered[0]) if 0 in row.covered else None
            region, cells[0] = cells[0] or above or region, None
        yield GridRow(tuple(cells), is_region=heading.figures and alone, region=region)


def _lines(cell: TagCell) -> Iterator[list[tuple[int, Word]]]:
    """A cell's words by the line they stand on."""
    line: list[tuple[int, Word]] = []
    for page, word in cell.words:
        if line:
            before, last = line[-1]
            beside = last.direction == word.direction == "right" or last.direction == word.direction
            level = abs(word.baseline - last.baseline) < 0.3 * max(word.size, last.size)
            if before != page or not beside or not (level or word.direction != "right"):
                yield line
                line = []
        line.append((page, word))
    if line:
        yield line


def _text(cell: TagCell) -> str:
    return join(" ".join(word.plain for _, word in line if word.plain) for line in _lines(cell))


class _Places:
    """Finds the lines of the document on which tagged words stand."""

    def __init__(self, document: PdfDocument) -> None:
        self._pages = {page.number: [(line, line.box) for line in page.lines] for page in document.pages}

    def cell(self, cell: TagCell) -> GridCell | None:
        """The cell with its places; None if it prints nothing."""
        if not cell.words:
            return None
        markers = tuple(number for _, word in cell.words for number in word.numbers)
        spans = tuple(
            self._span(page, [word for _, word in words])
            for line in _lines(cell)
            for page, words in groupby(line, key=lambda item: item[0])
        )
        return GridCell(_text(cell), markers, spans)

    def _span(self, page: int, words: Sequence[Word]) -> Span:
        box = Box.around(word.box for word in words)
        best, _ = max(
            self._pages[page],
            key=lambda place: (_shared(place[0], place[1], box), -abs(place[1].middle - box.middle)),
        )
        inside = [at for at, word in enumerate(best.words) if _overlap(word.box, box) > 0] or [0]
        end = best.offsets[inside[-1]] + len(best.words[inside[-1]].text)
        return Span(page, best.number, best.offsets[inside[0]], end, box)


def _shared(line: PdfLine, around: Box, box: Box) -> float:
    return sum(_overlap(word.box, box) for word in line.words) if _overlap(around, box) else 0.0


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width * height if width > 0 and height > 0 else 0.0
