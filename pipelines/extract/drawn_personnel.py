"""Annex 2 of a PDF: rows with their figures in the columns where they are printed.

Here belongs what a row's cells mean by themselves, as `rows` says it for a text: which mission its
name is, which number a figure, what a mark. `placed` decides where two readings differ.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipelines.extract import doubts, drawn, numerals, personnel, refusals
from pipelines.extract.annexes import Annex
from pipelines.extract.cells import Drawn, Span
from pipelines.extract.drawn import Sheet
from pipelines.extract.pdf import Box, PdfDocument
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.extract.personnel import Personnel
from pipelines.extract.rows import Figure, Mark, Row, Table, Text, Wording
from pipelines.model import Document, Line
from schemas.errors import JvomError, LayoutError, Problems
from schemas.registry import Layout, Reading, Registry, comparable
from schemas.vocabulary import TOTAL

_Pair = tuple[PdfRow | None, PdfRow | None]


def read(
    annex: Annex,
    lines: Sequence[Line],
    notes: Collection[int],
    *,
    document: Document,
    edition_year: int,
    layout: Layout,
    registry: Registry,
    readings: Collection[Reading],
) -> Personnel:
    """Read the table of annex 2 from a PDF; `lines` are those of the annex that it and footnotes leave.

    Raises Problems with a LayoutError for everything that cannot be read or relied on.
    """
    assert annex.table is not None, "the annex of a PDF has its table"
    reader = _Reader(annex.table, document, layout, registry)
    reader.read(annex.header.markers)
    last = annex.table.last_line
    reader.table.leftovers += [(line,) for line in lines if line.text.strip() and line.number < last]
    assert isinstance(document, PdfDocument), "a text has no boxes"
    sheet = Sheet.of(document)
    reader.table.leftovers += [(sheet.lines[number],) for number in annex.table.strays(document)]
    if reader.problems:
        raise Problems(reader.problems)
    return personnel.settle(
        reader.table,
        annex.header.words[0].line,
        notes,
        decide=doubts.decide,
        document=document,
        edition_year=edition_year,
        layout=layout,
        registry=registry,
        readings=readings,
    )


class _Reader:
    """Fills `table` from both readings of a PDF's table."""

    def __init__(self, found: PdfTable, document: Document, layout: Layout, registry: Registry) -> None:
        self.table = Table()
        self.problems: list[JvomError] = []
        self._found = found
        self._tagged = found.tags is not None
        self._document = document
        self._layout = layout
        self._registry = registry
        self._sheet = Sheet.of(document)
        self._regions = {comparable(region) for region in layout.personnel.regions}
        phrase = r"\s+".join(re.escape(word) for word in layout.personnel.separate_report.split())
        self._separate = re.compile(rf"\s*\(\s*{phrase}\s*\)", re.IGNORECASE)
        self._edges = found.edges()

    def read(self, header_markers: Iterable[tuple[int, int]]) -> None:
        """Every row of the table."""
        self.table.marks += [Mark(note, line) for note, line in header_markers]
        region: Text | None = None
        for pair in self._found.rows:
            name, disputed = self._first(pair)
            if name is None:
                cells = [cell for row in pair if row for cell in row.cells]
                self.table.leftovers.append(self._sheet.lines_of(cells))
            elif comparable(name.text) in self._regions and not any(_figures(pair)):
                region = self._text(name, drawn.how(pair), disputed)
                self.table.marks += region.marks
            elif comparable(name.text) == comparable(self._layout.personnel.total):
                if self.table.totals:
                    self.table.late.append(self._sheet.lines_of([name]))
                self.table.totals = self._row(pair, name, disputed, None)
            elif not any(_figures(pair)) and self._known(name) is None:
                self.table.leftovers.append(self._sheet.lines_of([name]))
            else:
                self.table.rows.append(self._row(pair, name, disputed, region))

    def _first(self, pair: _Pair) -> tuple[PdfCell | None, tuple[str, ...]]:
        """The first cell of a row. Where readings differ, that of which the words are known."""
        tags, geometry = drawn.cells_at(pair, 0)
        if not self._tagged or drawn.agree(pair, tags, geometry):
            return geometry or tags, ()
        known = [cell for cell in (tags, geometry) if cell and self._is_known(cell.text)]
        told = drawn.told(tags, geometry)
        if not known or (len(known) == 2 and self._known(known[0]) != self._known(known[1])):
            return tags or geometry, (told,)
        return known[0], (told,)

    def _is_known(self, text: str) -> bool:
        plain = comparable(text)
        total = comparable(self._layout.personnel.total)
        return plain in self._regions or plain == total or self._mission(text) is not None

    def _known(self, cell: PdfCell) -> str | None:
        return self._mission(cell.text)

    def _mission(self, text: str) -> str | None:
        mission = self._registry.find(self._separate.sub("", text))
        return mission.id if mission else None

    def _row(self, pair: _Pair, name: PdfCell, disputed: tuple[str, ...], region: Text | None) -> Row:
        plain = self._separate.sub("", name.text)
        is_total = comparable(name.text) == comparable(self._layout.personnel.total)
        mission_id = TOTAL if is_total else self._mission(name.text)
        text = self._text(name, drawn.how(pair), disputed)
        wordings: list[Wording] = []
        for row in reversed(pair):
            if row is None:
                continue
            placed = tuple(self._cells(row, pair))
            figures = tuple(figure for figure in placed if figure.text.printed)
            wording = Wording(text, plain, mission_id, figures, (), placed)
            if not any(_alike(wording, known) for known in wordings):
                wordings.append(wording)
        lines = self._sheet.lines_of([name, *_figures(pair)])
        agreed = None not in pair and len(wordings) == 1
        under = all(
            cell is None or self._found.nearest(cell) == column
            for row in pair
            if row
            for column, cell in enumerate(row.cells[1:], start=1)
        )
        return Row(lines, region, tuple(wordings), agreed, self._tagged and not agreed, under)

    def _cells(self, row: PdfRow, pair: _Pair) -> Iterator[Figure]:
        """Each column's figure, or its blank."""
        for column in range(1, len(row.cells)):
            tags, geometry = drawn.cells_at(pair, column)
            agreed = drawn.agree(pair, tags, geometry)
            disputed = (drawn.told(tags, geometry),) if self._tagged and not agreed else ()
            how = ("structure tag",) if self._tagged and (agreed or row is pair[0]) else ()
            cell = row.cells[column]
            if cell is None:
                yield Figure(Text((), (), Drawn("", self._blank(row, column), how, disputed)), ())
                continue
            parts = numerals.addends(cell.text)
            if parts is None and not numerals.empty(cell.text):
                self._no_figure(cell, row, column)
            yield Figure(self._text(cell, how, disputed), parts or ())

    def _text(self, cell: PdfCell, how: tuple[str, ...], disputed: tuple[str, ...]) -> Text:
        marks = tuple(Mark(number, cell.line) for number in cell.markers)
        return Text(self._sheet.words(cell), marks, self._sheet.drawn(cell, how, disputed))

    def _blank(self, row: PdfRow, column: int) -> tuple[Span, ...]:
        """Where a blank cell is: beside the row's other cells, as wide as its column's figures."""
        beside = next((cell for cell in row.cells[column:] if cell), None)
        before = next(cell for cell in (beside, *reversed(row.cells[:column])) if cell)
        place = before.spans[0] if beside else before.spans[-1]
        at = place.start if beside else place.end
        left, right = self._edges[column]
        box = Box(left, place.box.top, right, place.box.bottom) if left < right else None
        return (Span(place.page, place.line, at, at, box),)

    def _no_figure(self, cell: PdfCell, row: PdfRow, column: int) -> None:
        path = " / ".join(self._found.columns[column])
        name = next((one.text for one in row.cells if one), "")
        self.problems.append(
            LayoutError(
                f"“{refusals.shortened(cell.text)}” in column {path} of “{refusals.shortened(name)}” "
                "is no figure",
                file=self._document.path,
                page=cell.page,
                line=cell.line,
                hint="compare the cell with the page; a figure is a whole number, a sum of them, or a dash",
            )
        )


def _figures(pair: _Pair) -> list[PdfCell]:
    return [cell for row in pair if row for cell in row.cells[1:] if cell]


def _alike(one: Wording, other: Wording) -> bool:
    def said(wording: Wording) -> list[tuple[int | None, tuple[int, ...]]]:
        return [(figure.value, tuple(mark.note for mark in figure.text.marks)) for figure in wording.placed]

    return said(one) == said(other)
