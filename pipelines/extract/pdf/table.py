"""A table of a PDF by its geometry: heading words, places of words and drawn lines.

`rows` cuts, `columns` parts, `labels` says which rows a label heads, and where the file is tagged `witness`
says of each row whether its structure has the same. What cells mean belongs to the readers of the annexes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipelines.extract.pdf import columns, faults, labels, rows, witness
from pipelines.extract.pdf.area import Body, Headers, TableHeading, bodies
from pipelines.extract.pdf.faults import Fault
from pipelines.extract.pdf.model import PdfDocument
from pipelines.extract.pdf.rows import Fragment, PdfCell, Row, Spacing
from schemas.header_words import MANDATE_ROLES


@dataclass(frozen=True, slots=True)
class PdfRow:
    """One row: a cell or None per column; `label` is the one in the first column that heads the row.

    `number` is what it is counted by in front of its name, `rivals` are labels that may head it as well, by
    their places. In a `view` of the table `texts` are the cells beside the name and the figures, by their
    roles. `tagged` says whether the file's structure has the same in it; None where that says nothing.
    `sure`: drawn lines part each cell of it and its column's heading from those beside them, or each figure
    is below its own column's heading and below no other.
    """

    cells: tuple[PdfCell | None, ...]
    label: PdfCell | None = None
    rivals: tuple[PdfCell, ...] = ()
    texts: tuple[tuple[str, PdfCell], ...] = ()
    number: PdfCell | None = None
    tagged: bool | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as read: its rows from top to bottom.

    `heading` gives the lines of the heading, on every page that has it, and `marked` the footnote numbers in
    it, each with its line.
    `stretches` are its parts: by page and height, where the columns are. `faults` are the cells that no one
    row and column has. `open_labels`: nothing is drawn between two labels that head rows.
    """

    rows: tuple[PdfRow, ...]
    heading: tuple[int, ...] = ()
    marked: tuple[tuple[int, int], ...] = ()
    stretches: tuple[Body, ...] = ()
    faults: tuple[Fault, ...] = ()
    open_labels: bool = False

    @property
    def taken(self) -> set[tuple[int, int]]:
        """The characters that its cells have, each by its line and place there."""
        spans = (span for cell in _cells(self) for span in cell.spans)
        return {(span.line, at) for span in spans for at in range(span.char_start, span.char_end)}


@dataclass(frozen=True, slots=True)
class PdfTable:
    """A table under its heading."""

    heading: TableHeading
    grid: Grid

    def view(self) -> PdfTable:
        """A table of figures with the names first and the figures behind them, as they are printed."""
        heading = self.heading
        figures = (at for at in range(len(heading.columns)) if heading.is_figure(at))
        order = (heading.naming, *figures)
        if order == tuple(range(len(heading.columns))):
            return self
        columns = tuple(heading.columns[at] for at in order)
        roles = tuple(heading.roles[at] for at in order)
        seen = replace(heading, columns=columns, roles=roles)
        return PdfTable(seen, _view(self.grid, order, heading))

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        return self.heading.columns

    @property
    def lines(self) -> frozenset[int]:
        """Numbers of the lines that the table takes, heading included."""
        return frozenset(
            {*self.grid.heading, *(span.line for cell in _cells(self.grid) for span in cell.spans)}
        )

    @property
    def last_line(self) -> int:
        """Number of the last line of its rows, labels aside."""
        cells = [cell for row in self.grid.rows for cell in row.cells if cell]
        return max((span.line for cell in cells for span in cell.spans), default=0)

    def strays(self, document: PdfDocument) -> list[int]:
        """Numbers of the lines among the rows on which there is a word that no cell has."""
        taken = self.grid.taken
        numbers = {number for number, _ in taken}
        lines = (line for page in document.pages for line in page.lines if line.number in numbers)
        return [
            line.number for line in lines if not taken.issuperset((line.number, at) for at in line.offsets)
        ]

    def stretch(self, page: int, height: float) -> Body | None:
        """The part of the table that a height of a page is in."""
        of_page = [one for one in self.grid.stretches if one.page == page]
        return next((one for one in reversed(of_page) if one.top <= height), next(iter(of_page), None))

    def edges(self, stretch: Body | None) -> list[tuple[float, float]]:
        """Per column, from where to where its cells reach in this part of the table and in those alike."""

        def is_alike(cell: PdfCell) -> bool:
            own = self.stretch(cell.page, cell.box.middle)
            return own is stretch or (own is not None and stretch is not None and own.parts == stretch.parts)

        rows = [row for row in self.grid.rows if any(row.cells[1:])]
        found = []
        for column in range(len(self.columns)):
            boxes = [cell.box for row in rows if (cell := row.cells[column]) and is_alike(cell)]
            left = min((box.left for box in boxes), default=0.0)
            found.append((left, max((box.right for box in boxes), default=0.0)))
        return found

    def nearest(self, cell: PdfCell) -> int | None:
        """The column whose heading is nearest to a cell, by left edge, right edge or centre.

        Nothing else is regarded, neither rules nor other cells; None where no heading is known.
        """
        own, stretch = cell.box, self.stretch(cell.page, cell.box.middle)
        away = [box.aside(own) for box in (stretch.columns if stretch else ())]
        return away.index(min(away)) if away else None


_FEW = 3  # rows, at least, that numbers count, or whose figures are a column
_IN_LINE = 0.25  # font sizes
_ELSEWHERE = {"region", "ignore", *MANDATE_ROLES}  # roles of cells that are not part of a row of figures


def _view(grid: Grid, order: Sequence[int], heading: TableHeading) -> Grid:
    """A reading with its columns in this order; a region's column that is not the first is a label too."""

    def of(row: PdfRow) -> PdfRow:
        aside = [(heading.roles[at], cell) for at in heading.aside if (cell := row.cells[at])]
        label = row.label or next((cell for role, cell in aside if role == "region"), None)
        texts = tuple((role, cell) for role, cell in aside if role not in _ELSEWHERE)
        return replace(row, cells=tuple(row.cells[at] for at in order), label=label, texts=texts)

    stretches = tuple(replace(one, columns=tuple(one.columns[at] for at in order)) for one in grid.stretches)
    return replace(grid, rows=tuple(map(of, grid.rows)), stretches=stretches)


def _uncounted(grid: Grid, naming: int) -> Grid:
    found = [cell.counted() if (cell := row.cells[naming]) else None for row in grid.rows]
    numbers = [tuple(map(int, way[0].text.split("."))) for way in found if way]
    if len(numbers) < _FEW or not all(map(_follows, numbers, [(0,), *numbers])):
        return grid
    rows_of = [
        replace(row, cells=(*row.cells[:naming], way[1], *row.cells[naming + 1 :]), number=way[0])
        if way
        else row
        for row, way in zip(grid.rows, found, strict=True)
    ]
    return replace(grid, rows=tuple(rows_of))


def _follows(number: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Whether a row is counted by the next number: `2` behind `1` or `1.3`, `1.2` behind `1.1`."""
    first, inner = (*before, 0)[:2]
    return number in ((first + 1,), (first, inner + 1), (first + 1, 1))


def _cells(grid: Grid) -> Iterator[PdfCell]:
    return (cell for row in grid.rows for cell in (*row.cells, row.label, row.number) if cell)


def read(
    document: PdfDocument, headers: Headers, heading: TableHeading, others: Sequence[TableHeading]
) -> PdfTable | None:
    """The first table under `heading`, which is one of the `headers`; None where there is none.

    `others` are the headings of other tables: where one is found, this table has ended.
    """
    grid = _by_geometry(document, headers, heading, others)
    if grid is None:
        return None
    grid = witness.heard(document, grid, heading)
    return PdfTable(heading, _uncounted(grid, heading.naming))


def below(document: PdfDocument, page: int, line: int) -> PdfDocument:
    """The document from behind a line on."""
    pages = [one for one in document.pages if one.number >= page]
    if not pages:
        return document
    first = replace(pages[0], lines=tuple(one for one in pages[0].lines if one.number > line))
    return replace(document, pages=(first, *pages[1:]))


def _by_geometry(
    document: PdfDocument, headers: Headers, heading: TableHeading, others: Sequence[TableHeading]
) -> Grid | None:
    pages = bodies(document.pages, headers, heading, others)
    if not any(body.lines for body in pages) or len(pages[0].columns) < 2:  # a text alone heads no table
        return None
    pages = _with_rows(_parted(pages, heading), heading)
    found = [rows.fragments(body, heading) for body in pages]
    spacing = Spacing.of(pages, found)
    cut, alignment = rows.cut(found, heading, spacing)
    heads: list[tuple[PdfCell, ...]] = [()] * len(cut)
    amiss: list[Fault] = []
    sure = [True] * len(cut)
    opened = False
    for body, fragments in zip(pages, found, strict=True):
        here = [(at, part) for at, row in enumerate(cut) if (part := row.on(body))]
        on_page = [part for _, part in here]
        page = next(page for page in document.pages if page.number == body.page)
        amiss += faults.find(page, body, on_page, heading)
        in_line = _are_in_line(body, on_page, heading)
        for at, part in here:
            placed = _is_ruled(body, part, heading) or _is_below(body, part, heading, in_line=in_line)
            sure[at] &= not page.ocr and placed
        if heading.labelled and (labelled := _without_totals(here, heading)):
            first, parts = body is pages[0], [part for _, part in labelled]
            shared, closed = labels.assign(body, parts, fragments, spacing, heading, alignment, first=first)
            for (at, _), label in zip(labelled, shared, strict=True):
                heads[at] = heads[at] or label
            opened |= not closed
    numbers = {number for body in pages if body.place for number in body.place.lines}
    headed = [line for page in document.pages for line in page.lines if line.number in numbers]
    marked = ((number, line.number) for line in headed for word in line.words for number in word.numbers)
    made = tuple(_rows(cut, heads, sure, heading))
    lines = tuple(line.number for line in headed)
    return Grid(made, lines, tuple(marked), tuple(pages), tuple(amiss), open_labels=opened)


def _without_totals(rows_of_page: Sequence[tuple[int, Row]], heading: TableHeading) -> list[tuple[int, Row]]:
    """Rows that labels head: totals above and below them are not a region's."""
    kept = list(rows_of_page)

    def sums(row: Row) -> bool:
        name = rows.cell(row.cells.get(heading.naming, ()))
        return name is not None and heading.role_of(name.text) == "total"

    while kept and sums(kept[-1][1]):
        kept.pop()
    while kept and sums(kept[0][1]):
        kept.pop(0)
    return kept


def _parted(pages: Sequence[Body], heading: TableHeading) -> list[Body]:
    """Where the columns of each body part: together in those that have their headings at the same places."""
    found: dict[Body, Body] = {}
    for body in pages:
        if body not in found:
            alike = [one for one in pages if one not in found and _is_alike(body, one)]
            parts = columns.part(alike, heading, body.place.groups if body.place else ())
            found |= {one: replace(one, parts=parts) for one in alike}
    return [found[body] for body in pages]


def _is_alike(one: Body, other: Body) -> bool:
    """Whether two pages have their columns at the same places: no heading is far from where it was."""
    return all(
        min(abs(box.left - beside.left), abs(box.right - beside.right)) < one.size
        for box, beside in zip(one.columns, other.columns, strict=True)
    )


def _with_rows(pages: Sequence[Body], heading: TableHeading) -> list[Body]:
    """Leaves out a last page without a heading whose lines do not fill the columns: it is other text."""
    kept = list(pages)
    while len(kept) > 1 and kept[-1].place is None and not heading.of_figures:
        filled = {part.column for part in rows.fragments(kept[-1], heading)}
        if filled >= set(range(int(heading.labelled), len(heading.columns))):
            break
        kept.pop()
    return kept


def _is_ruled(body: Body, row: Row, heading: TableHeading) -> bool:
    """Whether a line parts each two columns, labels aside, along the row and between their headings."""
    for at, (left, right) in list(enumerate(pairwise(body.columns)))[int(heading.labelled) :]:
        low = max([left.right, *(part.box.right for part in row.cells.get(at, ()))])
        high = min([right.left, *(part.box.left for part in row.cells.get(at + 1, ()))])
        lines = [line for line in body.verticals if low < line.at < high and not line.fill]
        if not any(line.start < row.top + 1 and line.end > row.bottom - 1 for line in lines):
            return False
    return True


def _are_in_line(body: Body, found: Sequence[Row], heading: TableHeading) -> bool:
    """Whether each heading has figures on this page, by one edge in line: set right under one set left.

    As many columns of figures as headings cannot be the columns of other ones.
    """
    for at in filter(heading.is_figure, range(len(body.columns))):
        boxes = [part.box for row in found for part in row.cells.get(at, ())]
        edges = ([side(box) for box in boxes] for side in columns.SIDES)
        if len(boxes) < _FEW or min(max(edge) - min(edge) for edge in edges) > _IN_LINE * body.size:
            return False
    return True


def _is_below(body: Body, row: Row, heading: TableHeading, *, in_line: bool) -> bool:
    """Whether each figure is below the heading of its column on this page, and below no other.

    Where columns of figures are `in_line`, it is enough that it is below no other.
    """

    def shared(at: int, part: Fragment) -> float:
        box = body.columns[at]
        return min(box.right, part.box.right) - max(box.left, part.box.left)

    return (
        body.place is not None
        and not body.typed
        and all(
            (in_line or shared(at, part) > part.box.width / 2)
            and all(shared(other, part) < 0 for other in range(len(body.columns)) if other != at)
            for at, parts in row.cells.items()
            if heading.is_figure(at)
            for part in parts
        )
    )


def _rows(
    cut: Sequence[Row], heads: Sequence[tuple[PdfCell, ...]], sure: Sequence[bool], heading: TableHeading
) -> Iterator[PdfRow]:
    label: PdfCell | None = None
    for row, head, certain in zip(cut, heads, sure, strict=True):
        cells = [rows.cell(row.cells.get(column, ())) for column in range(len(heading.columns))]
        if heading.labelled:
            label, cells[0] = head[0] if head else label, None
        yield PdfRow(tuple(cells), label, head[1:], sure=certain)
