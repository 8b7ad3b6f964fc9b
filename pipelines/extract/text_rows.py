"""The rows of annex 2 in a text: its lines in reading order, in which only words tell where a row ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product, takewhile

from pipelines.extract import numerals
from pipelines.extract.annexes import AnnexInput, Header, find_header
from pipelines.extract.cells import Mark, Text, Word, as_printed, words
from pipelines.extract.numerals import PrintedFigure
from pipelines.extract.pdf.model import grouped
from pipelines.extract.roles import Kind, PersonnelRoles
from pipelines.extract.rows import MOST_MARKED, Figure, Row, Table, Wording
from pipelines.model import PAGE_NUMBER, Line
from schemas.vocabulary import TOTAL

_SUMMING: tuple[Kind, ...] = ("total", "subtotal", "of which", "region")
_MARK = re.compile(rf"[1-9][0-9]{{0,2}}|[{numerals.RAISED}]{{1,3}}")
_UP_TO_99 = re.compile(r"[1-9][0-9]?")
_ENDS_THOUSANDS = re.compile(r"0[0-9]{2}")
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_MOST_APART = 2  # marks of one row that are apart
_MOST_LINES = 4  # of one row
_MOST_PIECES = 12  # lines of one row that is known by its name
_MOST_WORDS = 40  # of one name


def read(given: AnnexInput, roles: PersonnelRoles) -> Table | None:
    """The table of annex 2; None where its lines do not hold the layout's header."""
    filled = [line for line in given.lines if line.text.strip() and not PAGE_NUMBER.fullmatch(line.text)]
    reader = _Reader(given.notes, roles)
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
    """Fills `table` from the lines of a text, none of them blank."""

    def __init__(self, notes: Collection[int], roles: PersonnelRoles) -> None:
        self.table = Table()
        self._notes = sorted(notes)
        self._roles = roles
        self._columns = len(roles.layout.columns)
        self._headers = roles.layout.headers
        self._region: Text | None = None

    def header(self, lines: Iterable[Line]) -> Header | None:
        return find_header(words(lines), self._headers)

    def read(self, lines: Sequence[Line], header: Header) -> None:
        """Reads what follows the header; lines before it are leftovers."""
        self._mark(Mark(note, line) for note, line in header.markers)
        self.table.leftovers.extend((line,) for line in lines if line.number < header.first)
        body = [line for line in lines if line.number > header.last]
        ends = self._ends(body)
        last = self._last(body, ends)
        start = 0
        for end in ends:
            if end <= last:
                self._block(body[start:end])
                start = end
        if last == start:
            self._after(body[start:])
        else:
            self._bare(body[start:])

    def _ends(self, body: Sequence[Line]) -> list[int]:
        """Where lines end that end a row: behind the last of its figures."""
        lines = ((end, line, words(body[end : end + 1])) for end, line in enumerate(body, start=1))
        return [
            end
            for end, line, following in lines
            if not (following and all(map(self._is_figure, following))) and self._ends_row(line)
        ]

    def _last(self, body: Sequence[Line], ends: Sequence[int]) -> int:
        """Where the table ends: behind its last row of totals that has a mission above it, and what is of it.

        Without such a row it is behind the last row with a known name.
        """
        kinds = [
            (end, kind)
            for before, end in pairwise([0, *ends])
            if (kind := self._kind_of(body[before:end])) is not None
        ]
        missions = [end for end, kind in kinds if kind == "mission"]
        totals = [at for at, (end, kind) in enumerate(kinds) if kind == "total" and missions[:1] < [end]]
        if not totals or not missions:
            return max((end for end, _ in kinds), default=0)
        at = totals[-1]
        places = [ends.index(end) for end, _ in kinds]
        while kinds[at + 1 : at + 2] and kinds[at + 1][1] == "of which" and places[at + 1] == places[at] + 1:
            at += 1
        return kinds[at][0]

    def _kind_of(self, block: Sequence[Line]) -> Kind | None:
        """The kind of the row that lines end in, if its name is known."""
        starts = range(max(0, len(block) - _MOST_PIECES), len(block))
        return next((kind for start in starts if (kind := self._known(words(block[start:])))), None)

    def _known(self, row: Sequence[Word]) -> Kind | None:
        """The kind of a row with figures whose name is known."""
        if self._names(row, self._roles.mission_id):
            return "mission"
        return next((kind for kind in _SUMMING if self._names(row, partial(self._of_kind, kind))), None)

    def _block(self, block: Sequence[Line]) -> None:
        """Lines of which the last ends in a figure: one row, perhaps below headings and empty rows."""
        for start in range(max(0, len(block) - _MOST_PIECES), len(block)):
            row = block[start:]
            kind = self._known(words(row))
            if kind is None:
                continue
            self._bare(block[:start])
            known = self._roles.mission_id if kind == "mission" else partial(self._of_kind, kind)
            named = self._names(words(row), known)
            if kind == "mission" and self._roles.is_region(named[0].plain):
                kind = "region"
            elif kind == "region":
                self._region = self._roles.names.heading(named[0].text, self._region)
            self.table.rows.append(self._row(row, named, kind))
            return
        if self._roles.names.is_text(block[-1].text):
            self._bare(block)
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
        while (start := self._bare_start(lines, start, rows=True)) < len(lines):
            if self._roles.names.is_text(lines[start].text):
                self.table.texts.append(Text(tuple(words([lines[start]]))))
            else:
                self.table.leftovers.append((lines[start],))
            start += 1

    def _bare_start(self, lines: Sequence[Line], start: int = 0, *, rows: bool) -> int:
        """Reads such lines from one on, and says which is the first that could not be read."""
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
            if self._roles.is_region(text.printed):
                self._region = self._roles.names.heading(text, self._region)
                self._mark(text.marks)
                return True
        header = self.header(lines) if len(found) == len(self._headers[0]) else None
        if header:
            self._mark(Mark(note, line) for note, line in header.markers)
            return True
        named = [name for name in self._names(found, self._roles.mission_id) if name.end == len(found)]
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
                named = [
                    *self._names(found, self._roles.mission_id),
                    *self._names(found, partial(self._of_kind, "total")),
                ]
                # A sentence may end in one figure; a line that ends in more is a row, whatever its name.
                alone = start == end - 1 and len(found) - self._tail(found) > 1
                if alone or any(name.end < len(found) for name in named):
                    self.table.late.append(tuple(lines[start:end]))
                    break

    def _row(self, lines: Sequence[Line], named: Iterable[_Named], kind: Kind = "mission") -> Row:
        found = words(lines)
        wordings = [
            Wording(name.text, name.plain, name.mission_id, figures, apart)
            for name in named
            for figures, apart in self._figures(found[name.end :])
        ]
        return Row(tuple(lines), self._region, tuple(wordings), kind=kind)

    def _names(self, row: Sequence[Word], known: Callable[[str], str | None]) -> list[_Named]:
        """The ways to take a known name off the start of a row's words, the rest being figures.

        `known` gives the id of a name: empty for one that is not a mission's.
        """
        found = []
        for end in range(max(self._tail(row), 1), min(len(row), _MOST_WORDS) + 1):
            for text in self._texts(row[:end]):
                plain = self._roles.plain(text.printed)
                mission_id = known(plain)
                if mission_id is not None:
                    found.append(_Named(text, plain, mission_id or None, end))
        return found

    def _unknown(self, row: Sequence[Word]) -> _Named:
        end = self._tail(row)
        text = Text(tuple(row[:end]))
        return _Named(text, self._roles.plain(text.printed), None, end)

    def _of_kind(self, kind: Kind, name: str) -> str | None:
        """The id of a row of a kind: the totals row's, or an empty one; None where it is of another kind."""
        alike = self._roles.kind(name) == kind and name.rstrip(" :.*)")[-1:].isalpha()
        return (TOTAL if kind == "total" else "") if alike else None

    def _texts(self, cell: Sequence[Word]) -> Iterator[Text]:
        """The ways to take marks off the words of a cell; as it is first."""
        marked = {i: ways for i, word in enumerate(cell) if (ways := numerals.marked(word.text, self._notes))}
        if len(marked) > MOST_MARKED:
            marked = {}
        for combination in product(*([None, *ways] for ways in marked.values())):
            taken = [(place, *way) for place, way in zip(marked, combination, strict=True) if way]
            text = list(cell)
            for place, body, _ in taken:
                text[place] = cell[place].first(len(body))
            yield Text(tuple(text), tuple(Mark(note, cell[place].line.number) for place, _, note in taken))

    def _tail(self, row: Sequence[Word]) -> int:
        """Where the figures at the end of a row's words start."""
        return len(row) - sum(1 for _ in takewhile(self._is_figure, reversed(row)))

    def _ends_row(self, line: Line) -> bool:
        """Whether a line ends in a figure; a dash behind a word may belong to a name that goes on."""
        *before, last = words([line])
        alone = bool(before) and numerals.empty(last.text) and not self._is_figure(before[-1])
        return self._is_figure(last) and not alone

    def _is_figure(self, word: Word) -> bool:
        """Whether a word can be a figure, a piece of a printed sum, or a dash for an empty cell."""
        text = word.text.strip("+")
        bodies = (text, *(body for body, _ in numerals.marked(text, self._notes)))
        return not text or any(
            numerals.addends(body) or numerals.empty(body) or _ENDS_THOUSANDS.fullmatch(body)
            for body in bodies
        )

    def _figures(self, row: Sequence[Word]) -> Iterator[tuple[tuple[Figure, ...], tuple[Mark, ...]]]:
        """The ways to read a row's words as figures, no more than columns, and as marks apart."""
        chains = list(
            grouped(row, lambda chain, word: not (chain[-1].text.endswith("+") or word.text.startswith("+")))
        )
        if len(chains) > 2 * self._columns + _MOST_APART:
            return
        # A figure on a line of its own may not be part of the row, which a false space would hide.
        one_line = len({word.line.number for word in row}) <= 1
        for cells in _grouped(chains) if one_line else [chains]:
            if len(cells) > self._columns + _MOST_APART:
                continue
            for way in product(*map(self._pieces, cells)):
                figures = tuple(piece for piece in way if isinstance(piece, Figure))
                if len(figures) <= self._columns:
                    yield figures, tuple(piece for piece in way if isinstance(piece, Mark))

    def _pieces(self, chain: Sequence[Word]) -> Iterator[Figure | Mark]:
        """The ways to read the words of one cell: a figure, one with a mark glued on, a mark."""
        printed, last = as_printed(chain), chain[-1]
        if parts := numerals.addends(printed):
            yield Figure.of(Text(tuple(chain)), PrintedFigure(parts))
        elif numerals.empty(printed):
            yield Figure(Text(tuple(chain)), ())
        for body, note in numerals.marked(printed, self._notes):
            if (parts := numerals.addends(body)) or numerals.empty(body):
                left = last.first(len(last.text) - len(str(note)))
                yield Figure(Text((*chain[:-1], left), (Mark(note, last.line.number),)), parts or ())
        if _MARK.fullmatch(printed) and numerals.number(printed) in self._notes:
            yield Mark(numerals.number(printed), last.line.number)

    def _mark(self, marks: Iterable[Mark]) -> None:
        self.table.marks.extend(marks)


def _grouped(chains: Sequence[list[Word]]) -> Iterator[list[list[Word]]]:
    """The ways to take a row's figures: as they are parted, and with a space for the thousands of some."""
    if not chains:
        yield []
        return
    for rest in _grouped(chains[1:]):
        yield [chains[0], *rest]
    if len(chains) > 1 and _thousands(chains[0][-1], chains[1][0]):
        for rest in _grouped(chains[2:]):
            yield [chains[0] + chains[1], *rest]


def _thousands(word: Word, following: Word) -> bool:
    """Whether two words may be a number below a hundred thousand with a space in it."""
    between = word.line.text[word.end : following.start] if word.line is following.line else ""
    parted = len(between) == 1 and between in numerals.SPACES
    return parted and bool(_UP_TO_99.fullmatch(word.text) and _THREE_DIGITS.match(following.text))
