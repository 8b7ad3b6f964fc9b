"""Where the annexes of a report are, and by which layout they are to be read.

An annex is a heading of a layout with the header of that layout's table under it, before any other
annex; a heading in a table of contents has none. An annex of several pages may repeat its heading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from pipelines.extract import derived, headings, missing, refusals
from pipelines.extract.cells import Mark, Word, words
from pipelines.extract.declared import Declared
from pipelines.extract.derived import Derived
from pipelines.extract.headings import Place
from pipelines.extract.pdf import PdfDocument, headers, table
from pipelines.extract.pdf.area import TableHeading
from pipelines.extract.pdf.header import FEWEST, FoundHeader
from pipelines.extract.pdf.table import PdfTable
from pipelines.extract.roles import MandateRoles, PersonnelRoles
from pipelines.model import PAGE_NUMBER, Document, Line
from schemas.errors import Problems
from schemas.registry import Layout, Registry, comparable

_DIGITS = re.compile(r"\d{1,2}")
_ROW_WORDS = 3  # rows that begin with the same words are one row
_MOST_WAYS = 32  # to read a header, that are tried
_FEWEST_SUMS = 3  # that tell which of them is right


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

    In a PDF `table` holds the table, and `lines` are those that it does not take. `parts` are all the tables
    that its columns are in, where they are in several: each with the lines around it alone.
    """

    heading: str
    names: dict[str, str]  # what the heading prints where the layout says <name>
    heading_lines: tuple[Line, ...]
    header: Header
    lines: tuple[Line, ...]
    table: PdfTable | None = None
    parts: tuple[Annex, ...] = ()

    @property
    def each(self) -> tuple[Annex, ...]:
        """Its tables."""
        return self.parts or (self,)

    @property
    def first(self) -> Line:
        """The line that it is named by: that of its heading, or of its table's header."""
        return (*self.heading_lines, self.header.words[0].line)[0]

    @property
    def label(self) -> str:
        """`Bijlage 2`, or its whole heading where that has no number."""
        return headings.annex_label(self.heading) or self.heading or f"page {self.first.page}"


@dataclass(frozen=True)
class ReportParts:
    """A report taken apart: its layout, its two annexes, and all other lines.

    Page numbers are in none of them. `mandates` is None where the report is declared to have no such annex.
    """

    layout: Layout
    mandates: Annex | None
    personnel: Annex
    text: tuple[Line, ...]


@dataclass(frozen=True)
class AnnexInput:
    """What the table of one annex is read from.

    `lines` are those of the annex without its footnotes (in a PDF without the `table` too), `notes` the
    numbers of the footnotes that may be marked in it. `heading` holds the lines of a PDF's header, and
    `marked` the footnotes that it marks. `parts` are its tables, where its columns are in several.
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
    declared: Declared | None = None
    parts: tuple[AnnexInput, ...] = ()

    @property
    def first(self) -> Line:
        """The first line of the table, by which it is named as a whole."""
        return next(line for line in self.heading or self.lines if line.text.strip())


def find_annexes(document: Document, registry: Registry) -> ReportParts:
    """Choose the layout whose annexes the document has, and take them apart.

    Raises LayoutError (or Problems) saying what the document has instead; SourceError for a PDF that only
    carries other files.
    """
    search = Search(document, registry)
    looked = []
    for layout in registry.layouts:
        looked.append(search.look(layout))
        if all(one.complete for one in looked[-1]):
            return search.parts(layout, looked[-1])
    found = derived.read(search)
    if found.problems and (settled := _by_sums(search, found)):
        search, found = settled, derived.read(settled)
    if found.problems and missing.lists_missions(search.lines, registry):
        raise found.problems[0] if len(found.problems) == 1 else Problems([*found.problems])
    absent = found.mandates is None and registry.is_absent("mandates", document.sha256)
    if found.personnel and (found.mandates or absent):
        for way in (found, replace(found, parts=())) if found.parts else (found,):
            layout = derived.layout(way, registry)
            looked.append(search.look(layout, way))
            if all(one.complete for one in looked[-1][int(absent) :]):
                parts = search.parts(layout, looked[-1])
                derived.require_one_year(parts.personnel, registry.words)
                derived.require_sums(parts.personnel, layout.personnel)
                return parts
    if not isinstance(search.document, PdfDocument) and (renamed := search.renamed()):
        return search.parts(*renamed)
    raise missing.refusal(search, looked, found)


def _by_sums(search: Search, found: Derived) -> Search | None:
    """The document with the one reading of its header by which rows add up, where words leave several."""
    main = found.personnel.found if found.personnel else None
    if main is None or not all(one.ways and not one.unknown for one in main.problems):
        return None
    choices = [one.ways for one in main.problems]
    if math.prod(map(len, choices)) > _MOST_WAYS:
        return None
    fitting = []
    for roles in product(*choices):
        chosen = {one.column - 1: role for one, role in zip(main.problems, roles, strict=True)}
        others = [role for at, role in enumerate(main.roles) if at not in chosen]
        if any(role != "ignore" and [*others, *roles].count(role) > 1 for role in roles):
            continue
        trial = search.settled(main, chosen)
        kept = trial.kept_sums()
        if len(kept) < _FEWEST_SUMS and "ignore" not in roles:
            return None  # nothing speaks against it
        if len(kept) >= _FEWEST_SUMS and all(kept):
            fitting.append(trial)
        elif kept.count(False) <= len(kept) / 2 and kept:
            return None
    return fitting[0] if len(fitting) == 1 else None


@dataclass(frozen=True)
class Found:
    """A table's header under a heading, and in a PDF the table; `parts` are those of more columns."""

    header: Header
    table: PdfTable | None = None
    parts: tuple[Found, ...] = ()

    @property
    def lines(self) -> frozenset[int]:
        """Numbers of the lines that its tables take."""
        own = self.table.lines if self.table else frozenset()
        return own.union(*(part.lines for part in self.parts))


@dataclass(frozen=True)
class Looked:
    """What there is of one annex by one layout: its headings, and those with their table below.

    `again` is where it begins for the second time.
    """

    places: Sequence[Place]
    openings: Sequence[tuple[Place, Found]]
    again: Place | None = None

    @property
    def complete(self) -> bool:
        return bool(self.openings) and self.again is None and len(self.places) <= headings.MOST


class Search:
    """A document in which annexes are looked for, layout by layout. Page numbers are not among its lines."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry
        self.lines = [line for line in _lines(document, registry) if not PAGE_NUMBER.fullmatch(line.text)]
        self.annexes = headings.annexes(self.lines)
        self._tables: dict[tuple[TableHeading, int, int, float], PdfTable | None] = {}
        self._headers: dict[int, dict[int, list[FoundHeader]]] = {}

    def headers(self, fewest: int = FEWEST) -> dict[int, list[FoundHeader]]:
        """The headers on each page of a PDF, of so many figures at least. A text has no places, and none."""
        if fewest not in self._headers:
            pages = self.document.pages if isinstance(self.document, PdfDocument) else ()
            self._headers[fewest] = headers.of_pages(pages, self.registry.words, fewest)
        return self._headers[fewest]

    def settled(self, main: FoundHeader, chosen: Mapping[int, str]) -> Search:
        """The document with other roles of a header's columns, wherever that header is."""

        def of(header: FoundHeader) -> FoundHeader:
            texts = [(one.group, one.printed) for one in header.columns]
            if texts != [(one.group, one.printed) for one in main.columns]:
                return header
            columns = tuple(
                replace(one, role=chosen.get(at, one.role)) for at, one in enumerate(header.columns)
            )
            return replace(header, columns=columns, problems=())

        found = Search(self.document, self.registry)
        for fewest in (0, FEWEST):
            pages = self.headers(fewest).items()
            found._headers[fewest] = {page: [of(one) for one in headers] for page, headers in pages}
        return found

    def kept_sums(self) -> list[bool]:
        """Whether rows of annex 2 make their sums by its own headers; empty where it is not read."""
        found = derived.read(self)
        if found.problems:
            return []
        layout = derived.layout(found, self.registry)
        looked = self.look(layout, found)
        if not looked[1].complete:
            return []
        return derived.kept_sums(self.parts(layout, looked).personnel, layout.personnel)

    def look(self, layout: Layout, by: Derived | None = None) -> tuple[Looked, Looked]:
        """What the layout finds of annex 1 and of annex 2; `by` says where the tables that gave it are."""
        tables = (by.mandates, by.personnel) if by else (None, None)
        found: list[Sequence[Place]] = [
            [table.place] if table and not part.heading.printed else headings.places(self.lines, part.heading)
            for part, table in ((layout.mandates, tables[0]), (layout.personnel, tables[1]))
        ]
        marks = self._marks(*found)
        starts = [min(part.found.lines) for part in by.parts] if by else []
        first, second = (
            self._look(annex, layout, places, marks, starts) for annex, places in enumerate(found, 1)
        )
        return first, second

    def renamed(self) -> tuple[Layout, tuple[Looked, Looked]] | None:
        """A known layout under other headings of annexes, and what it finds of both; None where none fits."""
        few, marks = self.annexes[: headings.MOST], self._marks()
        for layout in self.registry.layouts:
            first, second = (
                next((place for place in few if self._table_below(annex, layout, place, marks)), None)
                for annex in (1, 2)
            )
            if first and second:
                mandates, personnel = (
                    derived.heading(headings.whole(self.lines, place)) for place in (first, second)
                )
                changed = replace(
                    layout,
                    mandates=replace(layout.mandates, heading=mandates),
                    personnel=replace(layout.personnel, heading=personnel),
                )
                looked = self.look(changed)
                if all(one.complete for one in looked):
                    return changed, looked
        return None

    def below(self, place: Place) -> Sequence[Line]:
        """The lines under a heading, up to the next annex."""
        return self.lines[place.end : self._end(place, self._marks())]

    def parts(self, layout: Layout, looked: tuple[Looked, Looked]) -> ReportParts:
        """The report taken apart, by a layout of which both annexes are complete, or annex 1 is absent."""
        marks = self._marks(*(one.places for one in looked))
        taken = frozenset(line for one in looked if one.openings for line in one.openings[0][1].lines)
        found = [self._annex(*one.openings[0], marks, taken) if one.openings else None for one in looked]
        within = {index for one in found if one for index in one[0]}
        text = tuple(line for index, line in enumerate(self.lines) if index not in within)
        first, second = found
        assert second is not None, "annex 2 is complete"
        return ReportParts(layout, first[1] if first else None, second[1], text)

    def _marks(self, *found: Sequence[Place]) -> dict[int, Place]:
        """Every heading of an annex by its first line, those of a layout included."""
        return {place.start: place for places in (self.annexes, *found) for place in places}

    def _look(
        self,
        annex: int,
        layout: Layout,
        places: Sequence[Place],
        marks: Mapping[int, Place],
        starts: Sequence[int],
    ) -> Looked:
        openings = [
            (place, found)
            for place in places[: headings.MOST]
            if (found := self._table_below(annex, layout, place, marks, starts))
        ]
        later = (
            place
            for place, other in openings[1:]
            if place.start >= self._end(openings[0][0], marks)
            or self._repeats(openings[0][1].header, other.header, place, layout)
        )
        return Looked(places, openings, next(later, None))

    def _table_below(
        self,
        annex: int,
        layout: Layout,
        place: Place,
        marks: Mapping[int, Place],
        starts: Sequence[int] = (),
    ) -> Found | None:
        """The annex's table under a heading, before any other annex: by words, or as a PDF shows it.

        `starts` are the lines on which the headers of its parts begin.
        """
        if not isinstance(self.document, PdfDocument):
            end = min((start for start in marks if start >= place.end), default=len(self.lines))
            header = find_header(words(self.lines[place.end : end]), header_words(annex, layout))
            return Found(header) if header else None
        below = self.lines[place.end : self._end(place, marks)]
        above = self.lines[max(place.end - 1, 0)]
        last_page = max((line.page for line in below), default=above.page)
        parts = [replace(layout, personnel=part) for part in layout.personnel.parts] if annex == 2 else []
        found = []
        for at, part in enumerate(parts or [layout]):
            before = starts[at] - 1 if parts else above.number
            behind = float(starts[at + 1]) if parts[at + 1 :] else math.inf
            table = self._pdf_table(self.document, annex, part, before, last_page, behind, parted=bool(parts))
            heading = words(line for line in below if table and line.number in table.grid.heading)
            if table is None or not heading:
                return None
            marked = tuple(Mark(*mark) for mark in table.grid.marked)
            found.append(Found(Header(tuple(heading), marked), table))
        return replace(found[0], parts=tuple(found[1:]))

    def _pdf_table(
        self,
        document: PdfDocument,
        annex: int,
        layout: Layout,
        above: int,
        last_page: int,
        end: float,
        *,
        parted: bool,
    ) -> PdfTable | None:
        """The first table of the annex between two lines; None where none has just the layout's heading.

        One that is `parted` may have one column of figures, or none.
        """
        roles = MandateRoles(layout, self.registry), PersonnelRoles(layout, self.registry)
        wanted, other = roles[annex - 1].heading, roles[2 - annex].heading
        key = (wanted, above, last_page, end)
        if key not in self._tables:
            begun = (page.number for page in document.pages if any(one.number <= above for one in page.lines))
            below = table.below(document, max(begun, default=1), above)
            pages = tuple(
                replace(page, lines=tuple(line for line in page.lines if line.number < end))
                for page in below.pages
                if page.number <= last_page
            )
            headers = self.headers(0 if parted else FEWEST)
            self._tables[key] = table.read(replace(below, pages=pages), headers, wanted, [other])
        return self._tables[key]

    def _repeats(self, header: Header, other: Header, place: Place, layout: Layout) -> bool:
        """Whether the table under `other` is another one than that under `header`, not its next page."""
        heads = {word.line.number for word in (*header.words, *other.words)}
        below = [line for line in self.lines if line.number > header.first and line.number not in heads]
        rows = [line for line in below if len(line.text.split()) >= _ROW_WORDS]
        again = next((line for line in rows if line.number > other.first), None)
        closed = any(
            _is_totals(line, layout) for line in rows[1:] if line.number < self.lines[place.start].number
        )
        return closed or (again is not None and _opening(again) == _opening(rows[0]))

    def _end(self, place: Place, marks: Mapping[int, Place]) -> int:
        others = (start for start in marks if start >= place.end and not place.same(marks[start]))
        return min(others, default=len(self.lines))

    def _annex(
        self, place: Place, found: Found, marks: Mapping[int, Place], taken: Collection[int]
    ) -> tuple[range, Annex]:
        """The annex from its heading to the next annex; its heading may be repeated on further pages."""
        end = self._end(place, marks)
        again = [marks[start] for start in marks if place.end <= start < end]
        for one in again:
            if not headings.years(one.text) <= (headings.years(place.text) or headings.years(one.text)):
                message = f"“{one.text}” is of another year than “{place.text}”, which it goes on"
                hint = "see in the official document which rows are of this edition"
                raise refusals.at(self.lines[one.start], message, hint)
        repeated = {index for one in again for index in range(one.start, one.end)}
        heading_lines = tuple(line for line in self.lines[place.start : place.end] if line.text.strip())
        body = tuple(
            self.lines[index]
            for index in range(place.end, end)
            if index not in repeated and self.lines[index].number not in taken
        )
        annex = Annex(place.text, place.names, heading_lines, found.header, body, found.table)
        if found.parts:
            annex = replace(annex, parts=tuple(_parted(annex, (found, *found.parts))))
        return range(place.start, end), annex


def _parted(annex: Annex, tables: Sequence[Found]) -> Iterator[Annex]:
    """The annex by each of its tables, with the lines from the table before it to the one behind it."""
    starts = [one.header.first for one in tables]
    ends = [one.table.last_line if one.table else 0 for one in tables]
    for one, low, high in zip(tables, (0, *ends), (*starts[1:], math.inf), strict=False):
        lines = tuple(line for line in annex.lines if low < line.number < high)
        yield replace(annex, header=one.header, table=one.table, lines=lines)


def _is_totals(line: Line, layout: Layout) -> bool:
    text, total = comparable(line.text), comparable(layout.personnel.total)
    return text.startswith(f"{total} ") and not any(map(str.isalpha, text.removeprefix(total)))


def _opening(line: Line) -> list[str]:
    return [comparable(word) for word in line.text.split()[:_ROW_WORDS]]


def _lines(document: Document, registry: Registry) -> Iterator[Line]:
    """The document's lines; in a PDF also an annex's heading that returns on each of its pages.

    It is taken for a running head where lines are made. One that is not known counts where it stands first,
    unless that is the first page: the whole report may be an annex of a letter.
    """
    heads: dict[int, str] = {}
    known = [part.heading for layout in registry.layouts for part in (layout.mandates, layout.personnel)]
    seen: set[str] = set()
    for page in document.pages if isinstance(document, PdfDocument) else ():
        for at, line in enumerate(page.lines):
            if line.number in page.furniture and headings.annex_label(line.text):
                if comparable(line.text) not in seen and page.number > 1:
                    heads[line.number] = line.text
                seen.add(comparable(line.text))
                for end in range(at + 1, at + headings.LINES + 1):
                    lines = page.lines[at:end]
                    text = " ".join(one.text for one in lines)
                    if any(heading.match(text) is not None for heading in known):
                        heads |= {one.number: one.text for one in lines}
    return (replace(line, text=heads.get(line.number, line.text)) for line in document.lines)


def header_words(annex: int, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """The words of an annex's header, in every order that text may give them."""
    if annex == 2:
        return layout.personnel.headers
    return (tuple(" ".join(column.printed for column in layout.mandates.columns).split()),)


def find_header(found: Sequence[Word], orders: Sequence[Sequence[str]]) -> Header | None:
    """The first place with the words in one of the orders, on whole lines; markers may be glued on."""
    starts = (at for at, word in enumerate(found) if not at or found[at - 1].line is not word.line)
    ways = (_header_at(found, start, order) for start in starts for order in orders)
    return next(filter(None, ways), None)


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
