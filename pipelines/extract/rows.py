"""Lines of annex 2 → its printed rows: names, figures, footnote marks, region headings.

Here belongs what can be said without the totals: where a row starts and ends, which mission its
name is, which digits may be a footnote's mark. Which column a figure belongs to is left open.
From the header to the totals row every line is part of a row, a region heading, a repeated header,
or a leftover; nothing is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from pipelines.extract import numerals
from pipelines.extract.annexes import Header, find_header
from pipelines.extract.cells import Drawn, Span
from pipelines.extract.words import Word, as_printed, spans, words
from pipelines.model import PAGE_NUMBER, Line
from schemas.registry import PersonnelLayout, Registry, comparable
from schemas.vocabulary import TOTAL

_MOST_MARKED = 4  # words of one name that could end in a mark
_MOST_APART = 2  # marks of one row that stand apart
_MOST_LINES = 4  # of one row
_MOST_PIECES = 12  # lines of one row that is known by its name
_MOST_WORDS = 40  # of one name


@dataclass(frozen=True)
class Mark:
    """The number of a footnote, and the line where it is marked."""

    note: int
    line: int


@dataclass(frozen=True)
class Text:
    """Words of a cell, marks taken off, and the marks that were glued to them.

    In a PDF `drawn` says what is printed and where.
    """

    words: tuple[Word, ...]
    marks: tuple[Mark, ...] = ()
    drawn: Drawn | None = None

    @property
    def printed(self) -> str:
        """The words joined by single spaces."""
        return self.drawn.printed if self.drawn else as_printed(self.words)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where it stands."""
        return self.drawn.spans if self.drawn else spans(self.words)

    @property
    def derivation(self) -> tuple[str, ...]:
        """How it was read, a mark taken off included."""
        return (*(["marker split"] if self.marks else []), *(self.drawn.derivation if self.drawn else ()))

    @property
    def disputed(self) -> tuple[str, ...]:
        """What two readings of a PDF give, where they differ."""
        return self.drawn.disputed if self.drawn else ()


@dataclass(frozen=True)
class Figure:
    """A printed figure; `parts` are the numbers that it adds up, one for a plain figure, none for a dash."""

    text: Text
    parts: tuple[int, ...]

    @property
    def value(self) -> int | None:
        """The figure, in persons; None where a dash says that the cell is empty."""
        return sum(self.parts) if self.parts else None


@dataclass(frozen=True)
class Wording:
    """One way to read a row's words.

    `mission_id` is `total` for the totals row, and None where no mission has the name `plain`,
    which leaves out a bracket that speaks of a separate report. `apart` are marks that stand apart
    from what they mark. In a PDF `placed` holds every cell in its column, a blank one too.
    """

    name: Text
    plain: str
    mission_id: str | None
    figures: tuple[Figure, ...]
    apart: tuple[Mark, ...] = ()
    placed: tuple[Figure, ...] = ()

    @property
    def separate_report(self) -> bool:
        """Whether the name says that the mission has a progress report of its own."""
        return self.plain != self.name.printed

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks of the row."""
        glued = (mark for figure in self.figures for mark in figure.text.marks)
        return (*self.name.marks, *glued, *self.apart)


@dataclass(frozen=True)
class Row:
    """One row: its lines, the region heading it stands under, the ways to read its words.

    `agreed` says that tags and geometry of a PDF give the same; `disputed` that they do not; `under`
    that each figure is nearest to the heading of its own column.
    """

    lines: tuple[Line, ...]
    region: Text | None
    wordings: tuple[Wording, ...]
    agreed: bool = False
    disputed: bool = False
    under: bool = False


@dataclass
class Table:
    """The printed table, and the marks in its headings (those of regions included).

    `totals` is None where there is no totals row; `leftovers` are lines before it that are no part
    of a row, `late` those of rows after it.
    """

    marks: list[Mark] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    totals: Row | None = None
    leftovers: list[tuple[Line, ...]] = field(default_factory=list)
    late: list[tuple[Line, ...]] = field(default_factory=list)


def read(
    lines: Iterable[Line], notes: Collection[int], layout: PersonnelLayout, registry: Registry
) -> Table | None:
    """The table on `lines`; None where they do not hold the layout's header.

    `notes` are the numbers that may be marked in it.
    """
    filled = [line for line in lines if line.text.strip() and not PAGE_NUMBER.fullmatch(line.text.strip())]
    reader = _Reader(notes, layout, registry)
    header = reader.header(filled)
    if header is None:
        return None
    reader.read(filled, header)
    return reader.table


@dataclass(frozen=True)
class _Named:
    """A name at the start of a row, up to word `end`."""

    text: Text
    plain: str
    mission_id: str | None
    end: int


class _Reader:
    """Fills `table` from the lines of one annex, none of them blank."""

    def __init__(self, notes: Collection[int], layout: PersonnelLayout, registry: Registry) -> None:
        self.table = Table()
        self._notes = sorted(notes)
        self._registry = registry
        self._columns = len(layout.columns)
        self._headers = layout.headers
        self._total = comparable(layout.total)
        self._regions = {comparable(region) for region in layout.regions}
        self._region: Text | None = None
        phrase = r"\s+".join(re.escape(word) for word in layout.separate_report.split())
        self._separate = re.compile(rf"\s*\(\s*{phrase}\s*\)", re.IGNORECASE)

    def header(self, lines: Iterable[Line]) -> Header | None:
        """The first header of the table on `lines`."""
        return find_header(words(lines), self._headers)

    def read(self, lines: Sequence[Line], header: Header) -> None:
        """Reads what follows the header; lines before it are leftovers."""
        self._mark(Mark(note, line) for note, line in header.markers)
        self.table.leftovers.extend((line,) for line in lines if line.number < header.first)
        body = [line for line in lines if line.number > header.last]
        block: list[Line] = []
        for position, line in enumerate(body):
            block.append(line)
            following = words(body[position + 1 : position + 2])
            goes_on = bool(following) and all(map(self._is_figure, following))
            if goes_on or not self._ends_row(line):
                continue
            self._block(block)
            block = []
            if self.table.totals:
                self._after(body[position + 1 :])
                return
        self._bare(block)

    def _block(self, block: Sequence[Line]) -> None:
        """Lines of which the last ends in a figure: one row, perhaps below headings and empty rows."""
        for start in range(max(0, len(block) - _MOST_PIECES), len(block)):
            row = block[start:]
            if named := self._names(words(row), self._totals_row):
                self._bare(block[:start])
                self.table.totals = self._row(row, named)
                return
            if named := self._names(words(row), self._mission):
                self._bare(block[:start])
                self.table.rows.append(self._row(row, named))
                return
        start = self._bare_start(block, rows=False)  # what looks like an empty row may be part of the name
        row = block[start:]
        if len(row) > _MOST_LINES or self._tail(words(row)) == 0:
            self.table.leftovers.append(tuple(row))
        else:
            self.table.rows.append(self._row(row, [self._unknown(words(row))]))

    def _bare(self, lines: Sequence[Line]) -> None:
        """Lines without figures: headings of regions, headers, rows with empty cells only."""
        start = 0
        while start < len(lines):
            taken = self._bare_at(lines, start, rows=True)
            if not taken:
                self.table.leftovers.append((lines[start],))
            start += taken or 1

    def _bare_start(self, lines: Sequence[Line], *, rows: bool) -> int:
        """Reads such lines from the first on, and says how many could be read."""
        start = 0
        while start < len(lines) and (taken := self._bare_at(lines, start, rows=rows)):
            start += taken
        return start

    def _bare_at(self, lines: Sequence[Line], start: int, *, rows: bool) -> int:
        """Reads one of them from the line `start` on, and says how many lines it has, 0 for none."""
        most = min(_MOST_LINES, len(lines) - start)
        return next((n for n in range(most, 0, -1) if self._is_bare(lines[start : start + n], rows)), 0)

    def _is_bare(self, lines: Sequence[Line], rows: bool) -> bool:
        """Reads the lines as one heading, one header or (if `rows`) one empty row, if they are that."""
        found = words(lines)
        for text in self._texts(found):
            if comparable(text.printed) in self._regions:
                self._region = text
                self._mark(text.marks)
                return True
        header = self.header(lines) if len(found) == len(self._headers[0]) else None
        if header:
            self._mark(Mark(note, line) for note, line in header.markers)
            return True
        named = [name for name in self._names(found, self._mission) if name.end == len(found)]
        if rows and named:
            self.table.rows.append(self._row(lines, named))
        return rows and bool(named)

    def _after(self, lines: Sequence[Line]) -> None:
        """Running text follows the totals row; a row among it is reported, not lost."""
        for end, line in enumerate(lines, start=1):
            if not self._ends_row(line):
                continue
            for start in range(max(0, end - _MOST_LINES), end):
                found = words(lines[start:end])
                named = [*self._names(found, self._mission), *self._names(found, self._totals_row)]
                if any(name.end < len(found) for name in named):
                    self.table.late.append(tuple(lines[start:end]))
                    break

    def _row(self, lines: Sequence[Line], named: Iterable[_Named]) -> Row:
        found = words(lines)
        wordings = [
            Wording(name.text, name.plain, name.mission_id, figures, apart)
            for name in named
            for figures, apart in self._figures(found[name.end :])
        ]
        return Row(tuple(lines), self._region, tuple(wordings))

    def _names(self, row: Sequence[Word], known: Callable[[str], str | None]) -> list[_Named]:
        """The ways to take a known name off the start of a row's words, the rest being figures."""
        found = []
        for end in range(max(self._tail(row), 1), min(len(row), _MOST_WORDS) + 1):
            for text in self._texts(row[:end]):
                plain = self._separate.sub("", text.printed)
                if mission_id := known(plain):
                    found.append(_Named(text, plain, mission_id, end))
        return found

    def _unknown(self, row: Sequence[Word]) -> _Named:
        end = self._tail(row)
        text = Text(tuple(row[:end]))
        return _Named(text, self._separate.sub("", text.printed), None, end)

    def _mission(self, name: str) -> str | None:
        mission = self._registry.find(name)
        return mission.id if mission else None

    def _totals_row(self, name: str) -> str | None:
        return TOTAL if comparable(name) == self._total else None

    def _texts(self, cell: Sequence[Word]) -> Iterator[Text]:
        """The ways to take marks off the words of a cell; as it stands first."""
        yield Text(tuple(cell))
        marked = {i: ways for i, word in enumerate(cell) if (ways := numerals.marked(word.text, self._notes))}
        if not 0 < len(marked) <= _MOST_MARKED:
            return
        for combination in product(*([None, *ways] for ways in marked.values())):
            text, marks = list(cell), []
            for place, way in zip(marked, combination, strict=True):
                if way:
                    body, note = way
                    text[place] = cell[place].first(len(body))
                    marks.append(Mark(note, cell[place].line.number))
            if marks:
                yield Text(tuple(text), tuple(marks))

    def _tail(self, row: Sequence[Word]) -> int:
        """Where the figures at the end of a row's words start."""
        start = len(row)
        while start and self._is_figure(row[start - 1]):
            start -= 1
        return start

    def _ends_row(self, line: Line) -> bool:
        """Whether a line ends in a figure; a dash behind a word may belong to a name that goes on."""
        *before, last = words([line])
        alone = bool(before) and numerals.empty(last.text) and not self._is_figure(before[-1])
        return self._is_figure(last) and not alone

    def _is_figure(self, word: Word) -> bool:
        """Whether a word can be a figure, a piece of a printed sum, or a dash for an empty cell."""
        text = word.text.strip("+")
        bodies = (text, *(body for body, _ in numerals.marked(text, self._notes)))
        return not text or any(numerals.addends(body) or numerals.empty(body) for body in bodies)

    def _figures(self, row: Sequence[Word]) -> Iterator[tuple[tuple[Figure, ...], tuple[Mark, ...]]]:
        """The ways to read a row's words as figures, no more than columns, and as marks apart."""
        chains: list[list[Word]] = []
        for word in row:
            if chains and (word.text.startswith("+") or chains[-1][-1].text.endswith("+")):
                chains[-1].append(word)
            else:
                chains.append([word])
        if len(chains) > self._columns + _MOST_APART:
            return
        for way in product(*map(self._pieces, chains)):
            figures = tuple(piece for piece in way if isinstance(piece, Figure))
            if len(figures) <= self._columns:
                yield figures, tuple(piece for piece in way if isinstance(piece, Mark))

    def _pieces(self, chain: Sequence[Word]) -> Iterator[Figure | Mark]:
        """The ways to read the words of one cell: a figure, one with a mark glued on, a mark."""
        printed, last = as_printed(chain), chain[-1]
        if parts := numerals.addends(printed):
            yield Figure(Text(tuple(chain)), parts)
        elif numerals.empty(printed):
            yield Figure(Text(tuple(chain)), ())
        for body, note in numerals.marked(printed, self._notes):
            if (parts := numerals.addends(body)) or numerals.empty(body):
                left = last.first(len(last.text) - len(str(note)))
                yield Figure(Text((*chain[:-1], left), (Mark(note, last.line.number),)), parts or ())
        if printed in map(str, self._notes):
            yield Mark(int(printed), last.line.number)

    def _mark(self, marks: Iterable[Mark]) -> None:
        self.table.marks.extend(marks)
