"""Annex 1 of a PDF: each cell where its column says, instead of words cut by what they say.

Where tags and geometry differ, the one that can be understood is taken and both are told in
`cells.equalities`; where both can, and mean different things, the edition is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from pipelines.extract import doubts, drawn, mandate_rows, mandates, refusals
from pipelines.extract.annexes import Annex
from pipelines.extract.drawn import Sheet
from pipelines.extract.durations import Duration
from pipelines.extract.mandate_rows import Row, Text
from pipelines.extract.mandates import Mandates, Region
from pipelines.extract.pdf import PdfDocument
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.model import Document, Line
from schemas.errors import JvomError, LayoutError, Problems
from schemas.registry import Layout, Mission, Registry, comparable

T = TypeVar("T")
_Pair = tuple[PdfRow | None, PdfRow | None]
_DURATIONS = ("international_mandate", "national_frame")
_COMPARE = "compare the cell with the page"


def read(
    annex: Annex,
    lines: Sequence[Line],
    notes: Collection[int],
    *,
    document: Document,
    edition_year: int,
    layout: Layout,
    registry: Registry,
) -> Mandates:
    """Read the table of annex 1 from a PDF; `lines` are those of the annex that it and footnotes leave.

    Raises Problems with everything that is wrong in the table.
    """
    assert annex.table is not None, "the annex of a PDF has its table"
    reader = _Reader(annex.table, notes, document, layout, registry)
    rows = list(reader.rows())
    last = annex.table.last_line
    for line in lines:
        if line.text.strip() and (line.number < last or reader.looks_like_row(line)):
            reader.leftover(line)
    reader.strays()
    if reader.problems:
        raise Problems(reader.problems)
    return mandates.as_tables(rows, annex.header.markers, document, edition_year)


class _Reader:
    """Rows of both readings of a PDF's table, and the problems met."""

    def __init__(
        self,
        found: PdfTable,
        notes: Collection[int],
        document: Document,
        layout: Layout,
        registry: Registry,
    ) -> None:
        self.problems: list[JvomError] = []
        self._found = found
        self._tagged = found.tags is not None
        self._notes = notes
        self._document = document
        self._layout = layout.mandates
        self._id = layout.id
        self._registry = registry
        self._sheet = Sheet.of(document)
        self._grammar = mandate_rows.grammar(layout.mandates)
        self._places = {column.column: at for at, column in enumerate(layout.mandates.columns)}
        self._regions = {comparable(region) for region in layout.mandates.regions}

    def rows(self) -> Iterator[tuple[Row, Region | None]]:
        """Each row with the label that it stands beside."""
        first: dict[str, Line] = {}
        for pair in self._found.rows:
            before = len(self.problems)
            row = self._row(pair)
            region = self._region(pair)
            if row is None or len(self.problems) > before:
                continue
            known = first.setdefault(row.mission.id, row.first)
            if known is not row.first:
                self.problems.append(refusals.second_row(self._document, row.first, row.mission.id, known))
            yield row, region

    def strays(self) -> None:
        """Words on the lines of the rows that no cell has: a label that belongs to no row, say."""
        assert isinstance(self._document, PdfDocument), "a text has no boxes"
        for number in self._found.strays(self._document):
            self.leftover(self._sheet.lines[number])

    def looks_like_row(self, line: Line) -> bool:
        """Whether a line outside the table opens with a mission and ends in a duration, as rows do."""
        words = line.text.split()
        opens = any(self._registry.find(" ".join(words[:end])) for end in range(1, len(words)))
        ends = any(self._duration(" ".join(words[start:])) for start in range(len(words)))
        return opens and ends

    def leftover(self, line: Line) -> None:
        """A line in the table that is no part of it."""
        self._problem(
            f"“{refusals.shortened(line.text)}” stands in the table of annex 1, but in no row of it",
            line,
            "compare the page with the table; a footnote needs the next number and its marker",
        )

    def _row(self, pair: _Pair) -> Row | None:
        mission = self._taken(pair, "mission", self._mission)
        legal = self._taken(pair, "legal_basis", self._legal)
        durations = {
            column: taken
            for column in self._places
            if column in _DURATIONS and (taken := self._taken(pair, column, self._duration))
        }
        if mission is None or legal is None:
            return None
        return Row(mission[1], mission[0], legal[0], durations)

    def _taken(self, pair: _Pair, column: str, meaning: Callable[[str], T | None]) -> tuple[Text, T] | None:
        """One cell with its meaning; None for a blank duration, or with a problem."""
        place = self._places[column]
        tags, geometry = drawn.cells_at(pair, place)
        agreed = not self._tagged or drawn.agree(pair, tags, geometry)
        ways = [geometry] if agreed else [tags, geometry]
        understood = [(cell, value) for cell in ways if cell and (value := meaning(cell.text)) is not None]
        told = [] if agreed else [drawn.told(tags, geometry)]
        if not understood:
            if any(ways) or column not in _DURATIONS:
                self._not_understood(column, next((cell for cell in ways if cell), None), pair)
            return None
        cell, value = understood[0]
        for told_of in doubts.of(self._document, cell):
            span = drawn.spans(cell)[0]
            self.problems.append(doubts.refused(self._document, cell.text, told_of, span, column))
        if any(other != value for _, other in understood) and column != "legal_basis":
            self._disagreement(told[0], cell)
            return None
        how = ("structure tag",) if self._tagged and (agreed or cell is tags) else ()
        return self._text(cell, how, told, value), value

    def _text(self, cell: PdfCell, how: Sequence[str], told: Sequence[str], value: object) -> Text:
        marks = [(number, cell.line) for number in cell.markers]
        if isinstance(value, Duration) and value.marker is not None:
            digits = str(value.marker)  # printed as large as the year before it
            cell = PdfCell(cell.text.removesuffix(digits), cell.markers, cell.spans)
            marks.append((value.marker, cell.spans[-1].line))
        return Text(self._sheet.words(cell), tuple(marks), self._sheet.drawn(cell, how, told))

    def _mission(self, text: str) -> Mission | None:
        return self._registry.find(text)

    def _legal(self, text: str) -> str | None:
        return text if mandate_rows.opens_legal_basis(text, self._layout) else None

    def _duration(self, text: str) -> Duration | None:
        try:
            duration = self._grammar.duration(text)
        except ValueError:
            return None
        return duration if duration.marker is None or duration.marker in self._notes else None

    def _region(self, pair: _Pair) -> Region | None:
        """The label beside a row: that of which the name is known, where readings differ."""
        tags, geometry = (_bare(row.label) if row else None for row in pair)
        agreed = not self._tagged or drawn.agree(pair, tags, geometry)
        ways = [geometry] if agreed else [tags, geometry]
        known = [cell for cell in ways if cell and comparable(cell.text) in self._regions]
        if not known:
            cell = next((cell for cell in ways if cell), None)
            if cell:
                self._problem(
                    f"the label “{refusals.shortened(cell.text)}” is no region of layout {self._id}: "
                    f"{', '.join(self._layout.regions)}",
                    self._sheet.lines[cell.line],
                    f'if it is one, add "{refusals.shortened(cell.text)}" to the regions of layout.mandates '
                    "in schemas/layouts.toml",
                )
            return None
        told = [] if agreed else [drawn.told(tags, geometry)]
        if len({comparable(cell.text) for cell in known}) > 1:
            self._disagreement(told[0], known[0])
        how = ("structure tag",) if self._tagged and (agreed or known[0] is tags) else ("printed",)
        return Region(known[0].text, drawn.spans(known[0]), tuple(told), how)

    def _not_understood(self, column: str, cell: PdfCell | None, pair: _Pair) -> None:
        if cell is None:
            cells = [other for row in pair if row for other in row.cells if other]
            text = " ".join(other.text for other in cells)
            line = self._sheet.lines_of(cells)[0] if cells else None
            if line:
                self._problem(
                    f"“{refusals.shortened(text)}” has no {column.replace('_', ' ')}", line, _COMPARE
                )
            return
        line = self._sheet.lines[cell.line]
        if column == "mission":
            self.problems.append(
                refusals.unknown_mission(self._document, line, cell.text, None, self._registry)
            )
            return
        if column == "legal_basis":
            where = f'legal_basis of layout "{self._id}" in schemas/layouts.toml'
            hint = f"if it is one, add its first word to {where}"
            known = f"the words that one opens with are {', '.join(self._layout.legal_basis)}"
            self._problem(f"“{refusals.shortened(cell.text)}” is no legal basis: {known}", line, hint)
            return
        self._problem(
            f"{column.replace('_', ' ')}: “{refusals.shortened(cell.text)}” is no duration",
            line,
            f"{_COMPARE}; words that stand for a duration are listed under statuses in schemas/layouts.toml",
        )

    def _disagreement(self, told: str, cell: PdfCell) -> None:
        self._problem(
            f"{told}; both can be understood",
            self._sheet.lines[cell.line],
            "compare the cell with the page, and ask whoever made the file to mend its tags",
        )

    def _problem(self, message: str, line: Line, hint: str) -> None:
        self.problems.append(
            LayoutError(message, file=self._document.path, page=line.page, line=line.number, hint=hint)
        )


def _bare(cell: PdfCell | None) -> PdfCell | None:
    """A label without its markers: they count among the footnotes of the table."""
    return PdfCell(cell.text, (), cell.spans) if cell else None
