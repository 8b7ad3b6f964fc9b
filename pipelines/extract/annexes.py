"""Where the annexes of a report are, and by which layout they are to be read.

An annex is a heading of a layout with the header of that layout's table under it, before any other
annex; a heading in a table of contents has none. An annex of several pages may repeat its heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pipelines.extract import durations, refusals, suggestions
from pipelines.extract.cells import Mark, Word, words
from pipelines.extract.pdf import PdfDocument, table
from pipelines.extract.pdf.area import TableHeading
from pipelines.extract.pdf.table import PdfTable
from pipelines.extract.roles import MandateRoles, PersonnelRoles
from pipelines.model import PAGE_NUMBER, Document, Line
from schemas.errors import JvomError, LayoutError, Problems
from schemas.registry import Heading, Layout, Registry, comparable

_MOST_HEADINGS = 200  # of one annex: one on each page of it, and some to spare
_HEADING_LINES = 3  # a heading may be printed over so many lines
_ANNEX = re.compile(
    r"(?P<label>bijlage (?:\d{1,2}|[a-z]|[ivx]{1,4}))\b[.:]?(?: (?P<title>\S.*))?", re.IGNORECASE
)
_ANNEX_OPENING = re.compile(r"\s*bijlage", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,2}")


@dataclass(frozen=True)
class Header:
    """A table's header: its words as printed, and the footnotes marked in it."""

    words: tuple[Word, ...]
    markers: tuple[Mark, ...]

    @property
    def first(self) -> int:
        return self.words[0].line.number

    @property
    def last(self) -> int:
        return self.words[-1].line.number


@dataclass(frozen=True)
class Annex:
    """One annex: heading, and the lines after it up to the next annex (blank ones too).

    In a PDF `table` holds the table, and `lines` are those that it does not take.
    """

    heading: str
    names: dict[str, str]  # what the heading prints where the layout says <name>
    heading_lines: tuple[Line, ...]
    header: Header
    lines: tuple[Line, ...]
    table: PdfTable | None = None


@dataclass(frozen=True)
class ReportParts:
    """A report taken apart: its layout, its two annexes, and all other lines.

    Page numbers are in none of them.
    """

    layout: Layout
    mandates: Annex
    personnel: Annex
    text: tuple[Line, ...]


@dataclass(frozen=True)
class AnnexInput:
    """What the table of one annex is read from.

    `lines` are those of the annex without its footnotes (in a PDF without the `table` too), `notes` the
    numbers of the footnotes that may be marked in it. `heading` holds the lines of a PDF's header, and
    `marked` the footnotes that it marks.
    """

    lines: Sequence[Line]
    notes: Sequence[int]
    document: Document
    edition_year: int
    layout: Layout
    registry: Registry
    table: PdfTable | None = None
    heading: Sequence[Line] = ()
    marked: tuple[Mark, ...] = ()


def find_annexes(document: Document, registry: Registry) -> ReportParts:
    """Choose the layout whose annexes the document has, and take them apart.

    Raises LayoutError (or Problems) saying which headings and headers were looked for, and what the
    document has instead.
    """
    lines = [line for line in document.lines if not PAGE_NUMBER.fullmatch(line.text)]
    tables = _PdfTables(document, registry) if isinstance(document, PdfDocument) else None
    refused: list[list[JvomError]] = []
    for layout in registry.layouts:
        try:
            return _by(layout, registry.layouts, lines, document.path, tables)
        except Problems as problems:
            refused.append(problems.problems)
    closest = min(refused, key=len)
    raise closest[0] if len(closest) == 1 else Problems(closest)


@dataclass
class _PdfTables:
    document: PdfDocument
    registry: Registry
    _known: dict[tuple[TableHeading, int], PdfTable | None] = field(default_factory=dict)

    def find(self, annex: int, layout: Layout, above: Line) -> PdfTable | None:
        """The first table of the annex below a line; None where none has just the layout's heading."""
        roles = MandateRoles(layout, self.registry), PersonnelRoles(layout, self.registry)
        wanted, other = roles[annex - 1], roles[2 - annex]
        key = (wanted.heading, above.number)
        if key not in self._known:
            below = table.below(self.document, above.page, above.number)
            self._known[key] = table.read(below, wanted.heading, [other.heading], wanted.meaning)
        found = self._known[key]
        return None if found is None or (found.geometry and found.geometry.unknown) else found


def header_words(annex: int, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """The words of an annex's header, in every order that text may give them."""
    if annex == 2:
        return layout.personnel.headers
    return (tuple(" ".join(column.printed for column in layout.mandates.columns).split()),)


def find_header(found: Sequence[Word], orders: Sequence[Sequence[str]]) -> Header | None:
    """The first place with the words in one of the orders, on whole lines; markers may be glued on."""
    for start, word in enumerate(found):
        if start and found[start - 1].line is word.line:
            continue
        header = next((header for order in orders if (header := _header_at(found, start, order))), None)
        if header:
            return header
    return None


def _header_at(found: Sequence[Word], start: int, expected: Sequence[str]) -> Header | None:
    end = start + len(expected)
    if end > len(found) or (end < len(found) and found[end].line is found[end - 1].line):
        return None
    markers = []
    for word, wanted in zip(found[start:end], expected, strict=True):
        text, plain = comparable(word.text), comparable(wanted)
        if not text.startswith(plain):
            return None
        rest = text[len(plain) :]
        if rest and not _DIGITS.fullmatch(rest):
            return None
        if rest:
            markers.append(Mark(int(rest), word.line.number))
    return Header(tuple(found[start:end]), tuple(markers))


@dataclass(frozen=True)
class _Place:
    start: int
    end: int
    text: str
    names: dict[str, str]

    def same(self, other: _Place) -> bool:
        return other.text == self.text or annex_label(other.text) == annex_label(self.text) is not None


@dataclass(frozen=True)
class _Found:
    """A table's header under a heading, and in a PDF the table."""

    header: Header
    table: PdfTable | None = None


_Finder = Callable[[_Place], _Found | None]


def _by(
    layout: Layout, layouts: Sequence[Layout], lines: Sequence[Line], path: str, tables: _PdfTables | None
) -> ReportParts:
    """The document by one layout; raises Problems."""
    headings = (layout.mandates.heading, layout.personnel.heading)
    found = [_places(lines, heading) for heading in headings]
    marks = {place.start: place for place in _annex_places(lines)}
    marks |= {place.start: place for places in found for place in places}
    problems: list[JvomError] = []
    annexes: list[tuple[range, Annex]] = []
    for annex, places in enumerate(found, start=1):
        finder = _finder(annex, layout, lines, marks, tables)
        openings = [(place, table) for place in places[:_MOST_HEADINGS] if (table := finder(place))]
        if len(places) > _MOST_HEADINGS:
            problems.append(_too_often(places, lines, path))
        elif not places:
            problems.append(suggestions.no_heading(annex, layout, lines, annex_label, path))
        elif not openings:
            problems.append(_no_header(annex, places, lines, marks, layouts, path))
        else:
            annexes.append(_annex(*openings[0], lines, marks))
            taken = annexes[-1][0]
            problems.extend(_twice(place, lines, path) for place, _ in openings if place.start not in taken)
    if problems:
        raise Problems(problems)
    (first, mandates), (second, personnel) = annexes
    text = tuple(line for index, line in enumerate(lines) if index not in first and index not in second)
    return ReportParts(layout, mandates, personnel, text)


def _finder(
    annex: int, layout: Layout, lines: Sequence[Line], marks: Mapping[int, _Place], tables: _PdfTables | None
) -> _Finder:
    """Finds the annex's table under a heading, before any other annex: by words, or as a PDF shows it."""

    def by_words(place: _Place) -> _Found | None:
        end = min((start for start in marks if start >= place.end), default=len(lines))
        header = find_header(words(lines[place.end : end]), header_words(annex, layout))
        return _Found(header) if header else None

    def by_place(place: _Place) -> _Found | None:
        found = tables.find(annex, layout, lines[place.end - 1]) if tables else None
        if found is None:
            return None
        end = _end(place, lines, marks)
        heading = words(line for line in lines[place.end : end] if line.number in found.grid.heading)
        marked = tuple(Mark(*mark) for mark in found.grid.marked)
        return _Found(Header(tuple(heading), marked), found) if heading else None

    return by_place if tables else by_words


def _end(place: _Place, lines: Sequence[Line], marks: Mapping[int, _Place]) -> int:
    others = (start for start in marks if start >= place.end and not place.same(marks[start]))
    return min(others, default=len(lines))


def _annex(
    place: _Place, found: _Found, lines: Sequence[Line], marks: Mapping[int, _Place]
) -> tuple[range, Annex]:
    """The annex from its heading to the next annex; its heading may be repeated on further pages."""
    end = _end(place, lines, marks)
    repeated = {
        index for start in marks if place.end <= start < end for index in range(start, marks[start].end)
    }
    heading_lines = tuple(line for line in lines[place.start : place.end] if line.text.strip())
    taken = found.table.lines if found.table else frozenset()
    body = tuple(
        lines[index]
        for index in range(place.end, end)
        if index not in repeated and lines[index].number not in taken
    )
    annex = Annex(place.text, place.names, heading_lines, found.header, body, found.table)
    return range(place.start, end), annex


def _places(lines: Sequence[Line], heading: Heading) -> list[_Place]:
    """The places of the heading, over one or more lines; some more than there may be at most."""
    opening = re.compile(rf"\s*{re.escape(heading.printed.split()[0])}", re.IGNORECASE)
    found = (_place(lines, i, heading) for i, line in enumerate(lines) if opening.match(line.text))
    return list(islice((place for place in found if place), _MOST_HEADINGS + 1))


def _place(lines: Sequence[Line], start: int, heading: Heading) -> _Place | None:
    """The heading at one line. Where it ends in any text, a period says how many lines belong to it."""
    best: _Place | None = None
    text = ""
    index = start
    for _ in range(_HEADING_LINES):
        while index < len(lines) and not lines[index].text.strip():
            index += 1
        if index == len(lines):
            break
        text = " ".join(f"{text} {lines[index].text}".split())
        index += 1
        names = heading.match(text)
        if names is None:
            continue
        whole = any(durations.ends_in_period(value) for value in names.values())
        if best is None or whole:
            best = _Place(start, index, text, names)
        if whole or not names:
            break
    return best


def _annex_places(lines: Sequence[Line]) -> list[_Place]:
    """Lines that open an annex of any kind, `Bijlage 3 …`."""
    return [
        _Place(index, index + 1, line.text.strip(), {})
        for index, line in enumerate(lines)
        if annex_label(line.text)
    ]


def annex_label(text: str) -> str | None:
    """`Bijlage 3` of a line that heads an annex; None of another line, such as a sentence about one."""
    match = _ANNEX.fullmatch(" ".join(text.split())) if _ANNEX_OPENING.match(text) else None
    if match is None:
        return None
    title = match["title"]
    return match["label"] if title is None or title.startswith("(") or is_title(title) else None


def is_title(text: str) -> bool:
    """Whether the words look like a heading: a capital first, and no end of a sentence."""
    return text[:1].isupper() and text[-1:] not in ".,;:"


def _twice(place: _Place, lines: Sequence[Line], path: str) -> LayoutError:
    return refusals.at(
        path,
        lines[place.start],
        f"“{place.text}” heads a table for the second time, with another annex between",
        "see whether the document holds two reports, or a part of one twice",
    )


def _too_often(places: Sequence[_Place], lines: Sequence[Line], path: str) -> LayoutError:
    return refusals.at(
        path,
        lines[places[_MOST_HEADINGS].start],
        f"“{places[0].text[:80]}” is printed more than {_MOST_HEADINGS} times: no report has so many pages",
        "check that this is the text of the report",
    )


def _no_header(
    annex: int,
    places: Sequence[_Place],
    lines: Sequence[Line],
    marks: Mapping[int, _Place],
    layouts: Sequence[Layout],
    path: str,
) -> LayoutError:
    """No header under any of the headings: of the one with most lines, not of a table of contents."""

    def below(place: _Place) -> Sequence[Line]:
        return lines[place.end : _end(place, lines, marks)]

    place = max(reversed(places), key=lambda place: len(below(place)))
    return suggestions.no_header(annex, place.text, below(place), layouts, path)
