"""What a tagged PDF's own structure says of the rows that geometry has read: a witness, and no reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.extract.pdf.area import TableHeading
from pipelines.extract.pdf.faults import Fault
from pipelines.extract.pdf.model import PdfDocument, TagCell
from pipelines.extract.pdf.rows import PdfCell

if TYPE_CHECKING:
    from pipelines.extract.pdf.table import Grid, PdfRow


def heard(document: PdfDocument, grid: Grid, heading: TableHeading) -> Grid:
    """A table with what the structure says of each of its rows, and the cells that are tagged to span."""
    if not document.tags:
        return grid
    witness = _Witness(document, heading)
    rows = tuple(replace(row, tagged=witness.agrees(row)) for row in witness.labelled(grid.rows))
    known = {span for fault in grid.faults for span in fault.cell.spans}
    spanning = (fault for fault in witness.spanning(rows) if fault.cell.spans[0] not in known)
    return replace(grid, rows=rows, faults=(*grid.faults, *spanning))


class _Witness:
    """The tags of a document, asked about one table."""

    def __init__(self, document: PdfDocument, heading: TableHeading) -> None:
        self._heading = heading
        self._lines = {line.number: line for page in document.pages for line in page.lines}
        self._tags = document.tags
        self._filled: defaultdict[tuple[tuple[int, ...], int], set[int]] = defaultdict(set)
        marks = {(line.page, word.mark) for line in self._lines.values() for word in line.words}
        for one in (self._tags[mark] for mark in marks & self._tags.keys()):
            self._filled[one.table, one.row].add(self._column(one))

    def agrees(self, row: PdfRow) -> bool | None:
        """Whether the structure has the same in a row and in its columns; None where it says nothing."""
        found = [(at, one) for at, cell in enumerate(row.cells) if cell for one in self._of(cell)]
        pages = {span.page for cell in row.cells if cell for span in cell.spans}
        known = [(at, one) for at, one in found if one and one.width == len(self._heading.columns)]
        if not known or len(known) < len(found) or len(pages) > 1:
            return None
        first = known[0][1]
        same = all((one.table, one.row) == (first.table, first.row) for _, one in known)
        placed = all(self._column(one) == at for at, one in known)
        return same and placed and self._filled[first.table, first.row] == {at for at, _ in known}

    def labelled(self, rows: Sequence[PdfRow]) -> Iterator[PdfRow]:
        """The rows, each with the label that is tagged to head it, wherever that stands."""
        cells = {cell.spans[0]: cell for row in rows for cell in (row.label, *row.rivals) if cell}
        labels = [(one, cell) for cell in cells.values() if (one := self._of(cell)[0])]
        for row in rows:
            name = row.cells[self._heading.naming]
            of = self._of(name)[0] if name else None
            heads = [
                cell
                for one, cell in labels
                if of and one.table == of.table and one.row <= of.row < one.row + one.rows
            ]
            yield replace(row, label=heads[0], rivals=()) if len(heads) == 1 else row

    def spanning(self, rows: Sequence[PdfRow]) -> Iterator[Fault]:
        """Cells behind the name of their row that span rows or columns."""
        naming = self._heading.naming
        named = [cell for row in rows if (cell := row.cells[naming])]
        names = [(one, cell.text) for cell in named if (one := self._of(cell)[0])]
        behind = (cell for row in rows for at, cell in enumerate(row.cells) if cell and at != naming)
        for cell in behind:
            one = next(iter(self._of(cell)), None)
            if one and one.width == len(self._heading.columns) and max(one.rows, one.columns) > 1:
                over = range(one.row, one.row + one.rows)
                rows_of = tuple(text for of, text in names if of.table == one.table and of.row in over)
                columns = tuple(range(one.column, min(one.column + one.columns, one.width)))
                if one.rows == 1 or len(rows_of) > 1:
                    yield Fault("rows" if one.rows > 1 else "columns", cell, rows_of, columns)

    def _of(self, cell: PdfCell) -> list[TagCell | None]:
        """The tagged cell of each word."""
        lines = ((span, self._lines[span.line]) for span in cell.spans)
        return [
            self._tags.get((line.page, word.mark))
            for span, line in lines
            for offset, word in zip(line.offsets, line.words, strict=True)
            if span.char_start <= offset < span.char_end
        ]

    def _column(self, cell: TagCell) -> int:
        """The column of a tagged cell; of a label, or a sum in its place, that of the names."""
        return self._heading.naming if self._heading.labelled and not cell.column else cell.column
