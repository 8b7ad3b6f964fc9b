"""Footnotes: finds their lines among the rest, and gives them as a table.

A footnote starts with its number on a line of its own, and three things must agree before a line
that starts with a number is one (headings, dates and wrapped sentences start with numbers too):

- its number is the next: 1, 2, 3 … through the document; in an excerpt from the first on that is marked,
  where no line opens with a lower one. An annex may start again at 1 or leave numbers out, and the first
  footnote of a document may have any number where it is in an annex;
- its marker is glued to a word, a closing mark or a figure: earlier on its page, or anywhere in its
  annex. Where a marker was lost, the number may be in the gap between two that have theirs;
- its place: before the header of its annex's table, or else at the foot of its page, where the last
  such line is it; in a document without page breaks the first such line is it.

It runs to the next footnote, the end of its page, or the header of its table; where more text
follows than fits the foot of a page, to the line that ends its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import Literal

import schemas
from pipelines.extract import numerals, refusals
from pipelines.extract.annexes import Annex, ReportParts
from pipelines.extract.cells import Cell, Text, Word, as_printed, marker, words
from pipelines.extract.headings import is_title
from pipelines.extract.numerals import RAISED
from pipelines.extract.pdf import PdfDocument, PdfLine
from pipelines.model import Document, Line
from schemas.dates import MONTHS

Scope = Literal["document", "mandates", "personnel"]

_SHORT = 60  # characters; a heading is shorter
_OTHER_SIZE = 0.03
_FAR = 2.4  # distance between the feet of two lines, in font sizes, at which no text goes on
_PARTED = 1.35  # the same beside the distance to the line below, at which that begins a paragraph
FOOT_LINES = 12  # at most so many lines of text are a page's last footnote
_OPENING = re.compile(rf"\s*(?P<number>[0-9]{{1,3}}|[{RAISED}]{{1,3}})\s+(?P<word>[^\W\d]\S*)")
_DIGIT = re.compile(rf"[0-9{RAISED}]")
_ENDS_RAISED = re.compile(rf"[{RAISED}]{{1,3}}$")
_SENTENCE_END = re.compile(r"[.!?…][)\]’”'\"]*$")


@dataclass(frozen=True)
class Note:
    """A footnote with its lines; `marker_lines` for what the running text shows, annexes apart.

    `sign` is what it is marked by, where that is not its number alone.
    """

    scope: Scope
    number: int
    lines: tuple[Line, ...]
    marker_lines: tuple[int, ...]
    sign: str | None = None


@dataclass(frozen=True)
class _Typeset:
    """How the lines of a PDF are set: their footnote markers, font sizes and places, by line number."""

    lines: dict[int, PdfLine]

    def markers(self, numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        """The footnote numbers raised on these lines, each with its line; not that which opens a footnote."""
        for line in numbers:
            words = self.lines[line].words
            first = bool(words[0].markers) and not words[0].plain
            for word in words[first:]:
                yield from ((number, line) for number in word.numbers)

    def apart(self, lines: Sequence[Line]) -> frozenset[int]:
        """The lines of another size than the one above them, or farther below it than text goes on."""
        found = set()
        feet = [max(word.baseline for word in self.lines[line.number].words) for line in lines]
        for at, (upper, lower) in enumerate(pairwise(lines), start=1):
            above, below = self.lines[upper.number], self.lines[lower.number]
            size = max(word.size for word in above.words)
            other = abs(max(word.size for word in below.words) - size) > _OTHER_SIZE * size
            step, after = feet[at] - feet[at - 1], sum(feet[at + 1 : at + 2]) - feet[at]
            far = step > _FAR * size or (after > size and step > _PARTED * after)
            if upper.page == lower.page and (other or far):
                found.add(lower.number)
        return frozenset(found)


@dataclass
class _Page:
    """Filled lines of one page (or of a whole annex), and the markers glued to its words."""

    scope: Scope
    lines: list[Line]
    header: int = 0  # number of the line on which the header of the annex's table starts
    markers: dict[int, list[int]] = field(default_factory=dict)
    seen: bool = False  # whether markers are told from digits, as in a PDF
    apart: frozenset[int] = frozenset()  # numbers of lines that are set otherwise than the one above
    alone: Mapping[int, int] = field(default_factory=dict)  # by line, a number whose text follows below it

    @cached_property
    def openings(self) -> dict[int, list[int]]:
        """Indexes of the lines that start with a number, by that number."""
        found: dict[int, list[int]] = {}
        for index, line in enumerate(self.lines):
            if number := self.opening(line):
                found.setdefault(number, []).append(index)
        return found

    def opening(self, line: Line) -> int | None:
        """The number of the footnote that a line may open."""
        return self.alone.get(line.number) or _opening(line)

    def start(self, number: int, after: int, later: Sequence[_Page]) -> int | None:
        """Index of the line on which footnote `number` starts, behind index `after`."""
        found = [index for index in self.openings.get(number, ()) if index > after]
        marked = [index for index in found if self.marked(number, index)]
        if marked:
            foot = [index for index in marked if self.at_foot(index)]
            return foot[-1] if foot else marked[0]
        above = [index for index in found if self.lines[index].number < self.header]
        if above:
            return above[-1]
        unmarked = [index for index in found if self.at_foot(index) and not self.is_heading(index)]
        if not unmarked or any(page.has(number) for page in later):
            return None
        last = unmarked[-1]
        next_is_marked = self.has(number + 1, last) or any(page.has(number + 1) for page in later)
        return last if next_is_marked else None

    def starts_again(self, expected: int) -> bool:
        """Whether a marked 1 opens a line of a PDF's annex before any line that `expected` opens."""
        ones = [index for index in self.openings.get(1, ()) if self.marked(1, index)]
        return self.seen and expected > 1 and bool(ones) and ones[0] < min(self.openings[expected])

    def opens_with(self, expected: int | None) -> int:
        """The first number of an annex that does not go on with `expected`: 1, or a later one.

        Any number will do where `expected` is None. A later one must be sure: glued to a word, or
        above the table, because below it a figure that ends in those digits proves little. In a PDF
        markers are seen, and sure.
        """
        numbers = {
            number: self.seen or self.scope == "mandates" or line.number < self.header
            for index, line in enumerate(self.lines)
            if (number := self.opening(line)) and self.marked(number, index)
        }
        if expected is None:
            return min(numbers, default=1)
        sure = [number for number, certain in numbers.items() if certain and number > expected]
        return 1 if 1 in numbers else min(sure, default=expected)

    def has(self, number: int, after: int = -1) -> bool:
        """Whether a line behind `after` starts with `number`, whose marker is where it counts."""
        return any(index > after and self.marked(number, index) for index in self.openings.get(number, ()))

    def marked(self, number: int, index: int) -> bool:
        """Whether the marker of `number` is where it counts for a footnote at `index`."""
        own = self.lines[index].number
        lines = self.markers.get(number, [])
        return any(line != own and (line < own or self.scope != "document") for line in lines)

    def is_heading(self, index: int) -> bool:
        """Whether the line is rather a heading: short, no sentence, or above what is marked as a footnote."""
        line = self.lines[index]
        below = any(number > line.number for number in self.markers.get((self.opening(line) or 0) + 1, []))
        return line.number not in self.alone and (
            below or (len(line.text) < _SHORT and is_title(line.text.split(maxsplit=1)[1].rstrip()))
        )

    def at_foot(self, index: int) -> bool:
        """Whether what follows on the page is no more than a footnote."""
        beyond = index + FOOT_LINES
        return beyond >= len(self.lines) or self.lines[beyond].page != self.lines[index].page

    def rest(self, index: int) -> list[Line]:
        """The lines from `index` to the end of its page."""
        return [line for line in self.lines[index:] if line.page == self.lines[index].page]


@dataclass(frozen=True)
class _Start:
    """Where a footnote starts: a line of a page, by its index."""

    page: _Page
    index: int
    number: int
    sign: str | None = None

    @property
    def line(self) -> Line:
        return self.page.lines[self.index]


def find(parts: ReportParts, document: Document) -> list[Note]:
    """Every footnote of the document, in order.

    Raises LayoutError where a line looks like a footnote but its number is not the next one.
    """
    pages = _pages(parts, document)
    starts: list[_Start] = []
    expected = _first(pages)
    for position, page in enumerate(pages):
        later = pages[position + 1 :]
        if page.scope != "document" and (
            page.start(expected, -1, later) is None or page.starts_again(expected)
        ):
            expected = page.opens_with(expected if starts else None)
        after = -1
        while (index := page.start(expected, after, later)) is not None:
            starts.append(_Start(page, index, expected))
            expected, after = expected + 1, index
    _refuse_stray(pages, starts)
    opened = document.signs if isinstance(document, PdfDocument) else ()
    signs = {line: (number, sign) for line, number, sign in opened}
    for page in pages:
        for index, line in enumerate(page.lines):
            if line.number in signs:
                starts.append(_Start(page, index, *signs[line.number]))
    return [_note(start, starts) for start in sorted(starts, key=lambda start: start.line.number)]


def _first(pages: Sequence[_Page]) -> int:
    """The first number: 1, or in an excerpt the lowest that is marked, if none before it opens a line."""
    lowest = min((number for page in pages for number in page.openings if page.has(number)), default=1)
    return 1 if any(number < lowest for page in pages for number in page.openings) else lowest


def without(lines: Iterable[Line], notes: Iterable[Note]) -> tuple[Line, ...]:
    taken = {line.number for note in notes for line in note.lines}
    return tuple(line for line in lines if line.number not in taken)


def rows(
    notes: Sequence[Note], marked: Mapping[str, Iterable[tuple[int, int]]], edition_year: int
) -> list[dict[str, object]]:
    """The rows of `footnotes`; `marked` gives, by scope, the markers that a table has: number and line."""
    return [
        {
            "edition_year": edition_year,
            "scope": note.scope,
            "number": note.number,
            "sign": note.sign,
            "text": as_printed(_body(note)),
            "source_page": note.lines[0].page,
            "source_line": note.lines[0].number,
            "marker_lines": sorted(
                {line for number, line in marked.get(note.scope, ()) if number == note.number}
                | {*note.marker_lines}
            ),
        }
        for note in notes
    ]


def cells(notes: Sequence[Note], edition_year: int) -> list[Cell]:
    row_keys = schemas.TABLES["footnotes"].row_keys(rows(notes, {}, edition_year))
    bodies = (Text(tuple(_body(note))) for note in notes)
    return [body.as_cell("footnotes", key, "text") for key, body in zip(row_keys, bodies, strict=True)]


def _body(note: Note) -> list[Word]:
    return words(note.lines)[1:]


def _opening(line: Line) -> int | None:
    """The number that the line starts with, where a word follows that makes no date of it."""
    match = _OPENING.match(line.text)
    if match is None or match["word"].lower() in MONTHS:
        return None
    return numerals.number(match["number"])


def _pages(parts: ReportParts, document: Document) -> list[_Page]:
    """The pages of the running text, and the annexes, in the order of the document."""
    placed = [line for page in getattr(document, "pages", ()) for line in page.lines]
    typeset = _Typeset({line.number: line for line in placed}) if document.format != "text" else None
    pages = [
        _page("document", lines, typeset) for _, lines in groupby(parts.text, key=lambda line: line.page)
    ]
    lines = {line.number: line for line in document.lines}
    if parts.mandates:
        pages.append(_page("mandates", parts.mandates.lines, typeset, parts.mandates, lines))
    pages.append(_page("personnel", parts.personnel.lines, typeset, parts.personnel, lines))
    single = (line for line in placed if not typeset and len(line.words) == 1)
    alone = {one.number: one.words[0].numbers[0] for one in single if one.markers and not one.words[0].plain}
    filled = [replace(page, alone=alone) for page in pages if page.lines]
    return sorted(filled, key=lambda page: page.lines[0].number)


def _page(
    scope: Scope,
    lines: Iterable[Line],
    typeset: _Typeset | None,
    annex: Annex | None = None,
    known: Mapping[int, Line] | None = None,
) -> _Page:
    """`known` has the lines of the document, those of the annex's table among them."""
    page = _Page(scope, [line for line in lines if line.text.strip()], annex.header.first if annex else 0)
    tables = [one.table for one in annex.each if one.table] if annex else []
    taken = sorted(line for table in tables for line in table.lines)
    marked, table = page.lines, None
    if typeset:
        page.seen, page.apart = True, typeset.apart(page.lines)
        for number, line in typeset.markers([*taken, *(line.number for line in page.lines)]):
            page.markers.setdefault(number, []).append(line)
    else:
        marked, table = [*(known[number] for number in taken if known), *page.lines], scope
    for word in words(line for line in marked if _DIGIT.search(line.text)):
        for number in _markers(word.text, table):
            if word.line.number not in page.markers.setdefault(number, []):
                page.markers[number].append(word.line.number)
    return page


def _markers(text: str, scope: Scope | None) -> Iterable[int]:
    """Numbers that may be a marker glued to `text`; in the table of annex 2 to a figure too."""
    if found := marker(text):
        yield found[1]
    elif scope == "personnel" and (raised := _ENDS_RAISED.search(text)):
        yield numerals.number(raised.group())
    elif scope == "personnel" and text.replace(".", "").isdecimal():
        for length in (1, 2):
            body, number = text[:-length], text[-length:]
            # With dots for thousands what is left must still be a figure: `2.5049`, not `2.504`.
            if body and number.isdecimal() and (text.isdecimal() or numerals.whole(body) is not None):
                yield int(number)


def _refuse_stray(pages: Sequence[_Page], starts: Sequence[_Start]) -> None:
    """Raises for the first line with the number, marker and place of a footnote, but not the next number.

    One is enough: behind a number that is missing, none is the next.
    """
    known = {start.line.number: start.number for start in starts}
    for page in pages:
        for index, line in enumerate(page.lines):
            number = page.opening(line)
            if number is None or not page.marked(number, index):
                continue
            if line.number >= page.header and not page.at_foot(index):
                continue
            if any(start.page is page and start.number == number for start in starts):
                continue
            before = [number for first, number in known.items() if first < line.number]
            raise refusals.at(
                line,
                f"this looks like footnote {number}, but the last one before it is "
                f"{before[-1] if before else 'none'}: their numbers must follow each other",
                "see whether a footnote or its number was lost in the text",
            )


def _ends(line: Line, following: Line) -> bool:
    """Whether a footnote ends with `line`: its sentence does, or brackets close and no blank line follows."""
    text = line.text.rstrip()
    return bool(_SENTENCE_END.search(text)) or (text.endswith(")") and following.number == line.number + 1)


def _note(start: _Start, starts: Sequence[_Start]) -> Note:
    page, first = start.page, start.line
    bounds = [other.line.number for other in starts if other.page is page and other.index > start.index]
    bounds += [page.header] if first.number < page.header else []
    bounds += [line.number for line in page.rest(start.index)[1:] if line.number in page.apart][:1]
    rest = [line for line in page.rest(start.index) if not bounds or line.number < min(bounds)]
    if len(rest) > FOOT_LINES:
        ends = [index for index in range(len(rest) - 1) if _ends(rest[index], rest[index + 1])]
        rest = rest[: ends[0] + 1] if ends else rest
    markers = {line for line in page.markers.get(start.number, []) if line < first.number}
    shown = sorted(markers) if page.scope == "document" else []
    return Note(page.scope, start.number, tuple(rest), tuple(shown), start.sign)
