"""Tables as a PDF shows them: what a layout says of a heading, and the tables under it.

Finding cells is the business of `pipelines.extract.pdf`; what they mean is told in `drawn_personnel` and
`drawn_mandates`. Where the file's tags and the places of its words differ, both are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipelines.extract.cells import Drawn as DrawnCell
from pipelines.extract.cells import Span
from pipelines.extract.pdf import PdfDocument, PdfLine, PdfPage, table
from pipelines.extract.pdf.area import TableHeading
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.extract.roles import MandateRoles, PersonnelRoles
from pipelines.extract.words import Word
from pipelines.model import DISAGREEMENT, Document, Line
from schemas.registry import Layout, Registry

_OTHER_SIZE = 0.03
_FAR = 2.4
"""Distance between the feet of two lines, in font sizes, at which no text goes on."""


@dataclass
class Drawn:
    """The tables of a PDF, each looked for once."""

    document: PdfDocument
    registry: Registry
    _known: dict[tuple[TableHeading, int], PdfTable | None] = field(default_factory=dict)

    def table(self, annex: int, layout: Layout, above: Line) -> PdfTable | None:
        """The first table of the annex below a line; None where none has just the layout's heading."""
        roles = MandateRoles(layout, self.registry), PersonnelRoles(layout, self.registry)
        wanted, other = roles[annex - 1], roles[2 - annex]
        key = (wanted.heading, above.number)
        if key not in self._known:
            below = table.below(self.document, above.page, above.number)
            self._known[key] = table.read(below, wanted.heading, [other.heading], wanted.meaning)
        found = self._known[key]
        return None if found is None or (found.geometry and found.geometry.unknown) else found


def cells_at(pair: tuple[PdfRow | None, PdfRow | None], column: int) -> tuple[PdfCell | None, PdfCell | None]:
    """A cell by tags and by geometry."""
    tags, geometry = pair
    return tags.cells[column] if tags else None, geometry.cells[column] if geometry else None


def agree(pair: tuple[PdfRow | None, PdfRow | None], tags: PdfCell | None, geometry: PdfCell | None) -> bool:
    """Whether both readings have the row, and give the cell alike."""
    return None not in pair and table.same(tags, geometry)


@dataclass(frozen=True)
class Sheet:
    """The lines of a PDF by number, to put cells back on them."""

    lines: dict[int, Line]
    pages: dict[int, PdfPage]

    @classmethod
    def of(cls, document: Document) -> Sheet:
        """That of a document, which is a PDF."""
        assert isinstance(document, PdfDocument), "a text has no boxes"
        return cls(
            {line.number: line for line in document.lines},
            {page.number: page for page in document.pages},
        )

    def words(self, cell: PdfCell) -> tuple[Word, ...]:
        """One piece of the document per line of the cell."""
        return tuple(Word(self.lines[span.line], span.start, span.end) for span in cell.spans)

    def lines_of(self, cells: Iterable[PdfCell | None]) -> tuple[Line, ...]:
        """The lines of several cells, in order."""
        numbers = {span.line for cell in cells if cell for span in cell.spans}
        return tuple(self.lines[number] for number in sorted(numbers))

    def drawn(self, cell: PdfCell, how: Sequence[str], disputed: Sequence[str] = ()) -> DrawnCell:
        """A cell with its places; `how` are the derivations that the whole reading has."""
        read = ["ocr"] if any(self.pages[span.page].ocr for span in cell.spans) else []
        return DrawnCell(cell.text, spans(cell), (*how, *read), tuple(disputed))


def spans(cell: PdfCell) -> tuple[Span, ...]:
    """Where a cell stands."""
    return tuple(Span(span.page, span.line, span.start, span.end, span.box) for span in cell.spans)


def told(tags: PdfCell | None, geometry: PdfCell | None) -> str:
    """What two readings give, for `cells.equalities` and for refusals."""
    return f"{DISAGREEMENT}: structure tags give {shown(tags)}, geometry gives {shown(geometry)}"


def shown(cell: PdfCell | None) -> str:
    """A cell's text with its markers in brackets."""
    if cell is None:
        return "a blank"
    return f"“{cell.text}{''.join(f'[{number}]' for number in cell.markers)}”"


def how(pair: tuple[PdfRow | None, PdfRow | None]) -> tuple[str, ...]:
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
