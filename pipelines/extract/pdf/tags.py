"""Structure tree of a tagged PDF → its tables, rows and cells, empty cells kept.

PDFium gives the tree page by page, with every element in its own slot of its parent whether or not
it has content on that page. So the path of slots names an element on all pages, and a slot without
an element is one without content: an empty cell.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import pypdfium2.raw as pdfium

from pipelines.extract.pdf import lines
from pipelines.extract.pdf.area import TableHeading, folded
from pipelines.extract.pdf.faults import Fault
from pipelines.extract.pdf.model import (
    Box,
    PdfDocument,
    PdfLine,
    TagCell,
    TagRow,
    TagTable,
    Word,
    grouped,
    plain_text,
)
from pipelines.extract.pdf.pdfium import Glyph, TooMuch, answered
from pipelines.extract.pdf.rows import PdfCell, Span, join

MAX_ELEMENTS = 100_000
MAX_DEPTH = 60
MAX_HEADING_ROWS = 4
MAX_COLUMNS = 60
_SECTIONS = ("THead", "TBody", "TFoot")
_NOTES = ("Note", "FENote")

Path = tuple[int, ...]


TaggedRow = tuple[tuple[PdfCell | None, ...], PdfCell | None]
"""A cell or None per column, and the label that heads the row."""
_Reader = Callable[[set[int]], Iterator[tuple[int, Word]]]
"""The words of marked content by its numbers, each with its page."""


class Tables:
    """Tables of a document, gathered page by page."""

    def __init__(self) -> None:
        self._tables: dict[Path, dict[Path, TagRow]] = {}
        self._left = MAX_ELEMENTS

    def add(self, page: pdfium.FPDF_PAGE, number: int, glyphs: Sequence[Glyph], fonts: lines.Fonts) -> None:
        """Adds what page `number` (from 1) holds of each table. Raises TooMuch."""
        tree = pdfium.FPDF_StructTree_GetForPage(page)
        if not tree:
            return
        named: dict[int, list[Glyph]] = {}
        for glyph in glyphs:
            named.setdefault(glyph.run.mark, []).append(glyph)

        def reader(marks: set[int]) -> Iterator[tuple[int, Word]]:
            glyphs = [glyph for mark in sorted(marks) for glyph in named.get(mark, ())]
            return ((number, word) for line in lines.words(glyphs, fonts) for word in line)

        try:
            for slot in range(max(0, pdfium.FPDF_StructTree_CountChildren(tree))):
                element = pdfium.FPDF_StructTree_GetChildAtIndex(tree, slot)
                if element:
                    self._walk(element, (slot,), reader)
        finally:
            pdfium.FPDF_StructTree_Close(tree)

    def _walk(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path, reader: _Reader) -> None:
        if _kind(element) == "Table":
            table = self._tables.setdefault(path, {})
            for slot, child in self._children(element, path):
                if _kind(child) in _SECTIONS:
                    for at, row in self._children(child, (*path, slot)):
                        self._row(table, (slot, at), row, path, reader)
                else:
                    self._row(table, (slot, 0), child, path, reader)
            return
        for slot, child in self._children(element, path):
            self._walk(child, (*path, slot), reader)

    def _row(
        self,
        table: dict[Path, TagRow],
        at: Path,
        element: pdfium.FPDF_STRUCTELEMENT,
        path: Path,
        reader: _Reader,
    ) -> None:
        if _kind(element) != "TR":
            return
        row = table.setdefault(at, TagRow(pdfium.FPDF_StructElement_CountChildren(element)))
        for slot, child in self._children(element, path):
            if _kind(child) in ("TD", "TH"):
                cell = row.cells.get(slot) or TagCell(_span(child, "ColSpan"), _span(child, "RowSpan"))
                words = reader(set(self._marks(child, path)))
                row.cells[slot] = replace(cell, words=(*cell.words, *words))

    def _marks(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path) -> Iterator[int]:
        """Numbers of the marked content in an element, that of footnotes left out."""
        for slot in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            mark = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, slot)
            if mark >= 0:
                yield mark
        for slot, child in self._children(element, path):
            if _kind(child) not in _NOTES:
                yield from self._marks(child, (*path, slot))

    def _children(
        self, element: pdfium.FPDF_STRUCTELEMENT, path: Path
    ) -> Iterator[tuple[int, pdfium.FPDF_STRUCTELEMENT]]:
        if len(path) > MAX_DEPTH:
            raise TooMuch(f"a structure of more than {MAX_DEPTH} levels")
        for slot in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, slot)
            if child:
                self._left -= 1
                if self._left < 0:
                    raise TooMuch(f"a structure of more than {MAX_ELEMENTS:,} elements")
                yield slot, child

    def tables(self, *, soft: bool) -> tuple[TagTable, ...]:
        """Every table with its rows in order; `soft` says that U+2010 at a word's end is a soft hyphen."""
        for row in (row for rows in self._tables.values() if soft for row in rows.values()):
            for slot, cell in row.cells.items():
                words = tuple((page, lines.soften(word)) for page, word in cell.words)
                row.cells[slot] = replace(cell, words=words)
        return tuple(
            tuple(rows[at] for at in sorted(rows)) for _, rows in sorted(self._tables.items()) if rows
        )


def _kind(element: pdfium.FPDF_STRUCTELEMENT) -> str:
    """Standard type of an element, such as TD."""
    return answered(pdfium.FPDF_StructElement_GetType, element)


def _span(element: pdfium.FPDF_STRUCTELEMENT, name: str) -> int:
    """Number of columns or rows that a cell spans; 1 unless it says so."""
    value = ctypes.c_float()
    for index in range(max(0, pdfium.FPDF_StructElement_GetAttributeCount(element))):
        attributes = pdfium.FPDF_StructElement_GetAttributeAtIndex(element, index)
        found = pdfium.FPDF_StructElement_Attr_GetValue(attributes, name.encode())
        if found and pdfium.FPDF_StructElement_Attr_GetNumberValue(found, value):
            return min(100, max(1, round(value.value)))
    return 1


@dataclass(slots=True)
class _Laid(TagRow):
    """A row with its cells by the column that they begin in, and those that cells of rows above cover."""

    covered: dict[int, TagCell] = field(default_factory=dict)


def read(
    document: PdfDocument, heading: TableHeading
) -> tuple[list[PdfCell], tuple[TaggedRow, ...], tuple[Fault, ...]] | None:
    """The first tagged table under `heading` and those that continue it, or None.

    The cells of its heading, its rows, and the cells that are tagged to span rows or columns.
    """
    places = _Places(document)
    rows: list[_Laid] = []
    headed: list[PdfCell] = []
    for table in document.tag_tables:
        laid = _laid_out(table)
        count = _heading_rows(laid, heading)
        if count is None and not rows:
            continue
        if _lacks_cells(laid):
            return None
        if count is None and max((row.width for row in laid), default=0) != len(heading.columns):
            break
        headed += [
            cell for row in laid[: count or 0] for one in row.cells.values() if (cell := places.cell(one))
        ]
        filled = [row for row in laid[count or 0 :] if any(cell.words for cell in row.cells.values())]
        _append(rows, filled, heading)
        firsts = (folded(_text(row.cells[0])) for row in rows[1:] if 0 in row.cells)
        if {*firsts} & {*map(folded, heading.totals)}:
            break
    if not rows:
        return None
    return headed, tuple(_grid_rows(rows, heading, places)), tuple(_spanning(rows, heading, places))


def _laid_out(table: TagTable) -> list[_Laid]:
    """Rows with every cell at its column; a cell that the structure does not name is one empty column."""
    rows: list[_Laid] = []
    hanging: dict[int, tuple[int, TagCell]] = {}  # rows that a cell above still covers, by column
    for tagged in table:
        row = _Laid(covered={column: cell for column, (_, cell) in hanging.items()})
        for slot in range(min(tagged.width, MAX_COLUMNS)):
            while row.width in hanging:
                row.width += 1
            if cell := tagged.cells.get(slot):
                row.cells[row.width] = cell
            row.width += cell.columns_spanned if cell else 1
        while row.width in hanging:
            row.width += 1
        hanging = {column: (left - 1, cell) for column, (left, cell) in hanging.items() if left > 1}
        for start, cell in row.cells.items():
            if cell.rows_spanned > 1:
                covered = range(start, min(start + cell.columns_spanned, MAX_COLUMNS))
                hanging |= dict.fromkeys(covered, (cell.rows_spanned - 1, cell))
        rows.append(row)
    return rows


def _lacks_cells(rows: Sequence[_Laid]) -> bool:
    """Whether rows of texts are shorter than others: their empty cells are left out, and columns unknown.

    Some programs write no tag for an empty cell. A row of one cell is the name above a part.
    """
    widths = [row.width for row in rows]
    return any(len(row.cells) > 1 and row.width < max(widths) for row in rows)


def _heading_rows(rows: Sequence[_Laid], heading: TableHeading) -> int | None:
    """How many rows at the top spell the heading, or None."""
    wanted = [folded("".join(path)) for path in heading.columns]
    for count in range(1, min(MAX_HEADING_ROWS, len(rows)) + 1):
        found = [_path(rows[:count], column) for column in range(len(wanted))]
        if found == wanted and max(row.width for row in rows[:count]) == len(wanted):
            return count
    return None


def _path(rows: Sequence[_Laid], column: int) -> str:
    """Texts of the cells above a column, from top to bottom, as one."""
    return "".join(
        folded(_text(cell))
        for row in rows
        for start, cell in row.cells.items()
        if start <= column < start + cell.columns_spanned
    )


def _append(rows: list[_Laid], body: Sequence[_Laid], heading: TableHeading) -> None:
    """Adds a page's rows; a row that the page break cut in two becomes one again."""
    for index, row in enumerate(body):
        if index == 0 and rows and _belong(rows[-1], row, heading):
            whole = rows[-1].cells
            for column, cell in row.cells.items():
                upper = whole.get(column)
                whole[column] = replace(upper, words=upper.words + cell.words) if upper else cell
        else:
            rows.append(row)


def _belong(upper: _Laid, lower: _Laid, heading: TableHeading) -> bool:
    first, second = ({at for at, cell in row.cells.items() if cell.words} for row in (upper, lower))
    needed = set(range(int(heading.labelled), len(heading.columns)))
    if not heading.of_figures:
        return not needed <= first or not needed <= second
    # Figures at the foot of a page without their name, or a name at the top of the next without figures.
    naming = heading.naming
    return naming not in first or (naming not in second and not first & second)


def _grid_rows(rows: Sequence[_Laid], heading: TableHeading, places: _Places) -> Iterator[TaggedRow]:
    label: PdfCell | None = None
    for row in rows:
        cells = [
            places.cell(row.cells[at]) if at in row.cells else None for at in range(len(heading.columns))
        ]
        if heading.labelled:
            above = places.cell(row.covered[0]) if 0 in row.covered else None
            if heading.of_figures and cells[heading.naming] is None:  # a sum, in the place of a label
                cells[heading.naming], cells[0] = cells[0], None
            label, cells[0] = cells[0] or above or label, None
        yield tuple(cells), label


def _spanning(rows: Sequence[_Laid], heading: TableHeading, places: _Places) -> Iterator[Fault]:
    """Cells behind the name of their row that span rows or columns."""
    naming = heading.naming
    for at, row in enumerate(rows):
        for column, one in row.cells.items():
            over = rows[at : at + one.rows_spanned]
            columns = tuple(range(column, min(column + one.columns_spanned, len(heading.columns))))
            own = column != naming and column >= int(heading.labelled)
            made = places.cell(one) if own and max(len(over), len(columns)) > 1 else None
            if made:
                names = tuple(_text(other.cells[naming]) for other in over if naming in other.cells)
                yield Fault("rows" if len(over) > 1 else "columns", made, names, columns)


def _lines(cell: TagCell) -> Iterator[list[tuple[int, Word]]]:
    """A cell's words by their line."""

    def apart(line: list[tuple[int, Word]], item: tuple[int, Word]) -> bool:
        (before, last), (page, word) = line[-1], item
        level = abs(word.baseline - last.baseline) < 0.3 * max(word.size, last.size)
        beside = last.direction == word.direction and (level or word.direction != "right")
        return before != page or not beside

    return grouped(cell.words, apart)


def _text(cell: TagCell) -> str:
    return join(plain_text(word for _, word in line) for line in _lines(cell))


class _Places:
    """Finds the lines of the document that tagged words are on."""

    def __init__(self, document: PdfDocument) -> None:
        self._pages = {page.number: [(line, line.box) for line in page.lines] for page in document.pages}

    def cell(self, cell: TagCell) -> PdfCell | None:
        """The cell with its places; None if it prints nothing."""
        if not cell.words:
            return None
        markers = tuple(number for _, word in cell.words for number in word.numbers)
        spans = tuple(
            self._span(page, [word for _, word in words])
            for line in _lines(cell)
            for page, words in groupby(line, key=lambda item: item[0])
        )
        return PdfCell(_text(cell), markers, spans)

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
