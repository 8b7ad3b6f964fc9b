"""What is printed, with its place: words of lines, texts of cells, and the rows of the `cells` table.

A text's words have the characters they are at; a PDF's cells have boxes as well. What a cell means
belongs to the readers of the annexes.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from pipelines.extract import numerals
from pipelines.extract.numerals import RAISED
from pipelines.extract.pdf import Box, PdfDocument, PdfLine, PdfPage, outside
from pipelines.extract.pdf.rows import PdfCell, Span
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.model import Document, Line

_WORD = re.compile(r"\S+")
_GLUED = re.compile(
    rf"(?P<stem>.*[^0-9{RAISED}])(?P<number>[0-9]{{1,3}}|[{RAISED}]{{1,3}})(?P<after>[.,;:!?)\]’”'\"]*)"
)
_BROKEN = re.compile(r"(?<![^\W\d_])[A-Z][^\W\d_]*[a-zà-ÿ]-$")  # a name's beginning at the end of a line
_MARKED = re.compile(r"[^\W\d_]{3}$|[^\W\d_][.,;:!?…)\]’”'\"»]+$")


@dataclass(frozen=True, slots=True)
class Word:
    """Characters `start` to `end` of `line`; in a text without white space."""

    line: Line
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.line.text[self.start : self.end]

    def first(self, length: int) -> Word:
        """Only its first `length` characters."""
        return Word(self.line, self.start, self.start + length)


class Mark(NamedTuple):
    """The number of a footnote, and the line where it is marked."""

    note: int
    line: int


@dataclass(frozen=True)
class Text:
    """Words of a cell, marks taken off, and the marks that were glued to them.

    In a PDF `cell` says what is printed and where, `how` by what derivation the reading has it
    (`structure tag`, `ocr`), and `disputed` why it is to be looked at: by a declaration, or the file's tags.
    """

    words: tuple[Word, ...]
    marks: tuple[Mark, ...] = ()
    cell: PdfCell | None = None
    how: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()

    @cached_property
    def printed(self) -> str:
        return self.cell.text if self.cell else as_printed(self.words)

    @property
    def spans(self) -> tuple[Span, ...]:
        return self.cell.spans if self.cell else spans(self.words)

    @property
    def derivation(self) -> tuple[str, ...]:
        """How it was read, a mark taken off included."""
        return (*(["marker split"] if self.marks else []), *self.how) or ("printed",)

    def as_cell(self, table: str, row_key: str, column: str, value: datetime.date | None = None) -> Cell:
        """The cell, whose value is its text where nothing else is given."""
        printed, how = self.printed, self.derivation
        return Cell(table, row_key, column, printed, value or printed, self.spans, how, self.disputed)


@dataclass(frozen=True)
class Cell:
    """One printed cell or inferred blank; a blank has an empty span where it would be."""

    table_name: str
    row_key: str
    column_name: str
    as_printed: str | None
    value: int | datetime.date | str | None
    spans: tuple[Span, ...]
    derivation: tuple[str, ...] = ("printed",)
    equalities: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()
    qualifier: str | None = None
    low: int | None = None
    high: int | None = None


class PdfCells:
    """The cells of a PDF's table, put back on the lines of its document."""

    def __init__(self, document: Document) -> None:
        assert isinstance(document, PdfDocument), "a text has no boxes"
        self._lines = {line.number: line for line in document.lines}
        self._ocr = {page.number for page in document.pages if page.ocr}
        self._pdf = document

    @staticmethod
    def how(row: PdfRow) -> tuple[str, ...]:
        """The derivation that a row's cells share: whether the file's tags have them too."""
        return ("structure tag",) if row.tagged else ()

    def text(self, cell: PdfCell, how: Sequence[str] = (), disputed: Sequence[str] = ()) -> Text:
        """A cell with its words, one piece of the document per line, and its marks."""
        words = tuple(Word(self._lines[span.line], span.char_start, span.char_end) for span in cell.spans)
        marks = tuple(Mark(number, cell.line) for number in cell.markers)
        ocr = ["ocr"] if any(span.page in self._ocr for span in cell.spans) else []
        return Text(words, marks, cell, (*how, *ocr), tuple(disputed))

    def unmarked(self, cell: PdfCell, known: Callable[[str], object]) -> PdfCell:
        """A cell of a text without a mark that is glued to it, where it is known only so."""
        glued = marker(cell.text) if self._pdf.format == "text" else None
        if glued is None or known(cell.text) or not known(glued[0]):
            return cell
        return replace(cell.first(glued[0]), markers=(*cell.markers, glued[1]))

    def unbroken(self, cell: PdfCell) -> PdfCell:
        """A cell of names without the hyphens of words that go on below: `Duits-` above `land`.

        A part of a name that keeps its hyphen begins with a capital: `Bosnië-` above `Herzegovina`.
        """
        text = cell.text
        lines = [word.text for word in self.text(cell, ()).words]
        for upper, lower in pairwise(lines):
            broken = _BROKEN.search(upper)
            if broken and lower[:1].islower() and f"{broken[0]}{lower}" in text:
                text = text.replace(f"{broken[0]}{lower}", f"{broken[0][:-1]}{lower}")
        return replace(cell, text=text)

    def line(self, cell: PdfCell) -> Line:
        return self._lines[cell.line]

    def lines_of(self, cells: Iterable[PdfCell | None]) -> tuple[Line, ...]:
        numbers = {span.line for cell in cells if cell for span in cell.spans}
        return tuple(self._lines[number] for number in sorted(numbers))

    def left(self, table: PdfTable, lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
        """Of the lines that the whole table leaves those that are not running text; neighbours together."""
        numbers = {line.number for line in lines if line.text.strip()}
        for group in outside.left(self._pdf, table, numbers):
            yield tuple(self._lines[number] for number in group)


def words(lines: Iterable[Line]) -> list[Word]:
    return [Word(line, *match.span()) for line in lines for match in _WORD.finditer(line.text)]


def spans(cell: Sequence[Word]) -> tuple[Span, ...]:
    """The pieces of the document that the words cover.

    Words of one line that are parted by one plain space are one piece, so that the pieces joined by
    single spaces are the cell as printed.
    """
    pieces: list[Word] = []
    for word in cell:
        last = pieces[-1] if pieces else None
        if last and last.line is word.line and last.line.text[last.end : word.start] == " ":
            pieces[-1] = Word(last.line, last.start, word.end)
        else:
            pieces.append(word)
    return tuple(Span(piece.line.page, piece.line.number, piece.start, piece.end) for piece in pieces)


def as_printed(cell: Iterable[Word]) -> str:
    return " ".join(word.text for word in cell)


def marker(word: str) -> tuple[str, int] | None:
    """A word with digits glued to it, such as `mandaat10` or `opgenomen.2`: what is before, and the digits.

    A name of one or two letters keeps its digits (G5); so does a number (2.1).
    """
    match = _GLUED.fullmatch(word)
    if match is None:
        return None
    stem = match["stem"]
    sure = match["number"][0] in RAISED or _MARKED.search(stem)
    return (stem, numerals.number(match["number"])) if sure else None


def rows(cells: Iterable[Cell], document: Document, edition_year: int) -> list[dict[str, object]]:
    """The cells as rows of the `cells` contract; in a PDF each with the boxes of its words."""
    pages = document.pages if isinstance(document, PdfDocument) and document.format == "pdf" else ()
    lines = {line.number: (page, line) for page in pages for line in page.lines}
    return [_row(cell, document, edition_year, lines) for cell in cells]


def _row(
    cell: Cell, document: Document, edition_year: int, lines: Mapping[int, tuple[PdfPage, PdfLine]]
) -> dict[str, object]:
    first = cell.spans[0]
    return vars(cell) | {
        "edition_year": edition_year,
        "value": None if cell.value is None else str(cell.value),
        "value_integer": cell.value if isinstance(cell.value, int) else None,
        "value_date": cell.value if isinstance(cell.value, datetime.date) else None,
        "source_page": first.page,
        "page_label": document.label(first.page),
        "source_line": first.line,
        "spans": [asdict(span) | {"box": _box(span, lines.get(span.line))} for span in cell.spans],
        "value_low": cell.low,
        "value_high": cell.high,
    }


def _box(span: Span, place: tuple[PdfPage, PdfLine] | None) -> dict[str, float] | None:
    """The box of a span, or of the words that it covers, on the page as it is shown."""
    if place is None:
        return None
    page, line = place
    placed = zip(line.offsets, line.words, strict=True)
    inside = [w.box for at, w in placed if at < span.char_end and at + len(w.text) > span.char_start]
    if not (span.box or inside):
        return None
    return dict(zip(("x0", "y0", "x1", "y1"), page.as_shown(span.box or Box.around(inside)), strict=True))
