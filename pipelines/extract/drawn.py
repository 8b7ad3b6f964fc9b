"""Tables as a PDF shows them: what a layout says of a heading, and the tables under it.

Finding cells is the business of `pipelines.extract.pdf`; what they mean is told in `drawn_personnel` and
`drawn_mandates`. Where the file's tags and the places of its words differ, both are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from pipelines.extract import pdf
from pipelines.extract.cells import Drawn as DrawnCell
from pipelines.extract.cells import Span
from pipelines.extract.pdf import GridCell, GridRow, PdfDocument, PdfLine, PdfPage, TableHeading, TableReading
from pipelines.extract.words import Word
from pipelines.model import DISAGREEMENT, Document, Line
from schemas.registry import Layout

_OTHER_SIZE = 0.03
_FAR = 2.4
"""Distance between the feet of two lines, in font sizes, at which no text goes on."""


def heading(annex: int, layout: Layout) -> TableHeading:
    """What a layout says of the table in annex 1 or annex 2."""
    if annex == 1:
        columns = tuple((column.printed,) for column in layout.mandates.columns)
        return TableHeading(columns, layout.mandates.regions, figures=False)
    table = layout.personnel
    figures = [
        (group.printed, column.printed) if group.printed else (column.printed,)
        for group in table.groups
        for column in group.columns
    ]
    return TableHeading(((table.mission,), *figures), table.regions, table.total)


@dataclass
class Drawn:
    """The tables of a PDF, each looked for once."""

    document: PdfDocument
    _known: dict[tuple[TableHeading, int], TableReading | None] = field(default_factory=dict)

    def table(self, annex: int, layout: Layout, above: Line) -> TableReading | None:
        """The first table of the annex below a line; None where none has just the layout's heading."""
        wanted, other = heading(annex, layout), heading(3 - annex, layout)
        key = (wanted, above.number)
        if key not in self._known:
            self._known[key] = pdf.tables(_below(self.document, above), wanted, [other])
        found = self._known[key]
        return None if found is None or (found.geometry and found.geometry.unknown) else found


def _below(document: PdfDocument, above: Line) -> PdfDocument:
    """The document from a line on."""
    pages = [page for page in document.pages if page.number >= above.page]
    if not pages:
        return document
    top = next((line.box.bottom for line in pages[0].lines if line.number == above.number), 0.0)
    first = replace(pages[0], lines=tuple(line for line in pages[0].lines if line.number > above.number))
    tables = tuple(
        table
        for table in document.tag_tables
        if (start := next((word for row in table.rows for cell in row for word in cell.words), None))
        and (start[0] > above.page or (start[0] == above.page and start[1].box.bottom > top))
    )
    return PdfDocument(document.path, (first, *pages[1:]), tables)


def lines_of(table: TableReading) -> frozenset[int]:
    """Numbers of the lines that a table takes, heading included."""
    grid = table.grid
    cells = [cell for row in grid.rows for cell in (*row.cells, row.region) if cell]
    return frozenset({*grid.heading, *(span.line for cell in cells for span in cell.spans)})


def last_line(table: TableReading) -> int:
    """Number of the last line of its rows."""
    cells = [cell for row in table.grid.rows for cell in row.cells if cell]
    return max((span.line for cell in cells for span in cell.spans), default=0)


def strays(table: TableReading, document: PdfDocument) -> list[int]:
    """Numbers of the lines among the rows of a table on which a word stands that no cell has."""
    grids = [grid for grid in (table.geometry, table.tags) if grid]
    cells = [cell for grid in grids for row in grid.rows for cell in (*row.cells, row.region) if cell]
    covered: dict[int, list[tuple[int, int]]] = {}
    for span in (span for cell in cells for span in cell.spans):
        covered.setdefault(span.line, []).append((span.start, span.end))
    lines = [line for page in document.pages for line in page.lines if line.number in covered]
    return [
        line.number
        for line in lines
        if not all(any(start <= at < end for start, end in covered[line.number]) for at in line.offsets)
    ]


def cells_at(
    pair: tuple[GridRow | None, GridRow | None], column: int
) -> tuple[GridCell | None, GridCell | None]:
    """A cell by tags and by geometry."""
    tags, geometry = pair
    return tags.cells[column] if tags else None, geometry.cells[column] if geometry else None


def agree(
    pair: tuple[GridRow | None, GridRow | None], tags: GridCell | None, geometry: GridCell | None
) -> bool:
    """Whether both readings have the row, and give the cell alike."""
    return None not in pair and pdf.same(tags, geometry)


@dataclass(frozen=True)
class Sheet:
    """The lines of a PDF by number, to put cells back on them."""

    lines: dict[int, Line]
    pages: dict[int, PdfPage]

    @classmethod
    def of(cls, document: Document) -> Sheet:
        """That of a document, which is a PDF."""
        assert document.pdf is not None, "a text has no boxes"
        return cls(
            {line.number: line for line in document.lines},
            {page.number: page for page in document.pdf.pages},
        )

    def words(self, cell: GridCell) -> tuple[Word, ...]:
        """One piece of the document per line of the cell."""
        return tuple(Word(self.lines[span.line], span.start, span.end) for span in cell.spans)

    def lines_of(self, cells: Iterable[GridCell | None]) -> tuple[Line, ...]:
        """The lines of several cells, in order."""
        numbers = {span.line for cell in cells if cell for span in cell.spans}
        return tuple(self.lines[number] for number in sorted(numbers))

    def drawn(self, cell: GridCell, how: Sequence[str], disputed: Sequence[str] = ()) -> DrawnCell:
        """A cell with its places; `how` are the derivations that the whole reading has."""
        read = ["ocr"] if any(self.pages[span.page].ocr for span in cell.spans) else []
        return DrawnCell(cell.text, spans(cell), (*how, *read), tuple(disputed))


def spans(cell: GridCell) -> tuple[Span, ...]:
    """Where a cell stands."""
    return tuple(Span(span.page, span.line, span.start, span.end, span.box) for span in cell.spans)


def told(tags: GridCell | None, geometry: GridCell | None) -> str:
    """What two readings give, for `cells.equalities` and for refusals."""
    return f"{DISAGREEMENT}: structure tags give {shown(tags)}, geometry gives {shown(geometry)}"


def shown(cell: GridCell | None) -> str:
    """A cell's text with its markers in brackets."""
    if cell is None:
        return "a blank"
    return f"“{cell.text}{''.join(f'[{number}]' for number in cell.markers)}”"


def how(pair: tuple[GridRow | None, GridRow | None]) -> tuple[str, ...]:
    """The derivation that a row's cells share: whether the file's tags gave it."""
    return ("structure tag",) if pair[0] is not None else ()


@dataclass(frozen=True)
class Setting:
    """How the lines of a PDF are set: their footnote markers, font sizes and places, by line number."""

    lines: dict[int, PdfLine]

    @classmethod
    def of(cls, document: PdfDocument) -> Setting:
        """That of a document."""
        return cls({line.number: line for page in document.pages for line in page.lines})

    def markers(self, numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        """The footnote numbers raised on these lines, each with its line; not that which opens a footnote."""
        for line in numbers:
            words = self.lines[line].words
            first = bool(words[0].markers) and not words[0].plain
            for word in words[first:]:
                yield from ((number, line) for number in word.numbers)

    def apart(self, lines: Sequence[Line]) -> frozenset[int]:
        """The lines that are smaller or larger than the one above them, or far below it."""
        found = set()
        for upper, lower in pairwise(lines):
            above, below = self.lines[upper.number], self.lines[lower.number]
            size = max(word.size for word in above.words)
            other = abs(max(word.size for word in below.words) - size) > _OTHER_SIZE * size
            far = below.box.bottom - above.box.bottom > _FAR * size
            if upper.page == lower.page and (other or far):
                found.add(lower.number)
        return frozenset(found)
