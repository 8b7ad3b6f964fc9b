"""Annex 2 as its printed rows: names, figures, footnote marks, region headings; from a text or a PDF.

Here belongs what can be said without the totals: where a row of a text starts and ends, which mission a
name is, which digits may be a footnote's mark. Which column a figure of a text belongs to is left
open, and so is which of two readings of a picture is right: `columns` decides. From the header to the totals
row (or its last row) everything printed is part of a row, a region heading, a repeated header, a line of
text, or a leftover; nothing is skipped. Which rows sum others is said in `sums`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise, product

from pipelines.extract import answers, declared, numerals, refusals
from pipelines.extract.annexes import AnnexInput, Header, find_header
from pipelines.extract.cells import Mark, PdfCells, Text, Word, as_printed, words
from pipelines.extract.numerals import PrintedFigure, read_figure
from pipelines.extract.pdf import Box
from pipelines.extract.pdf.rows import PdfCell, Span
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.extract.roles import Kind, PersonnelRoles
from pipelines.extract.search import Amount, Range
from pipelines.extract.shared_labels import confirmed, nearer, share_out
from pipelines.model import PAGE_NUMBER, Line
from schemas.errors import JvomError, Problems
from schemas.vocabulary import TOTAL, disagreement

TIGHT = "it may be two numbers that are not to be added up"
_SUMMING: tuple[Kind, ...] = ("total", "subtotal", "of which", "region")
_MARK = re.compile(rf"[1-9][0-9]{{0,2}}|[{numerals.RAISED}]{{1,3}}")
_UP_TO_99 = re.compile(r"[1-9][0-9]?")
_ENDS_THOUSANDS = re.compile(r"0[0-9]{2}")
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_MOST_MARKED = 4  # words of one name that could end in a mark
_MOST_APART = 2  # marks of one row that are apart
_MOST_LINES = 4  # of one row
_MOST_PIECES = 12  # lines of one row that is known by its name
_MOST_WORDS = 40  # of one name
_MOST_DOUBTED = 3  # figures of one row that are read in two ways


@dataclass(frozen=True)
class Figure:
    """A printed figure; `parts` are the numbers that it adds up, one for a plain figure, none for a dash.

    `column` is the place of the column that it is printed under; None in a text, where it can be in any,
    in the printed order. `doubt` says of a figure in a picture what only one of its readings gave, or
    that it may not be a sum (`TIGHT`).
    `qualifier`, `low` and `high` are as in `numerals.PrintedFigure`.
    """

    text: Text
    parts: tuple[int, ...]
    column: int | None = None
    doubt: str = ""
    qualifier: str | None = None
    low: int | None = None
    high: int | None = None

    @classmethod
    def of(cls, text: Text, said: PrintedFigure, column: int | None = None, doubt: str = "") -> Figure:
        if not doubt and "declared" not in text.how and numerals.is_tight(text.printed):
            doubt = TIGHT
        return cls(text, said.parts, column, doubt, said.qualifier, said.low, said.high)

    @property
    def value(self) -> int | None:
        """The figure, in persons; None where a dash says that the cell is empty, or none is certain."""
        return sum(self.parts) if self.parts else None

    @property
    def exact(self) -> bool:
        """Whether it has its value, or says that the cell is empty."""
        return bool(self.parts) or self.qualifier is None

    @property
    def amount(self) -> Amount:
        """What it counts for in sums."""
        return self.value if self.exact else Range(self.low or 0, self.high)

    @property
    def spaced(self) -> bool:
        """Whether a space may part its thousands, or two figures."""
        return len(self.parts) == 1 and len(self.text.words) > 1


@dataclass(frozen=True)
class Wording:
    """One way to read a row's words.

    `mission_id` is `total` for the totals row, and None where no mission has the name `plain`,
    which leaves out a bracket that speaks of a separate report. `apart` are marks that are apart from
    what they mark. In a PDF `cells` holds every cell in its column, a blank one too.
    """

    name: Text
    plain: str
    mission_id: str | None
    figures: tuple[Figure, ...]
    apart: tuple[Mark, ...] = ()
    cells: tuple[Text, ...] = ()

    @property
    def separate_report(self) -> bool:
        """Whether the name says that the mission has a progress report of its own."""
        return self.plain != self.name.printed

    @property
    def marks(self) -> tuple[Mark, ...]:
        glued = (mark for figure in self.figures for mark in figure.text.marks)
        return (*self.name.marks, *glued, *self.apart)


@dataclass(frozen=True)
class Row:
    """One row: its lines, the region heading it is under, the ways to read its words, what its name makes it.

    `in_order` says that only the order of its figures is known, as in a text. In a PDF every wording has
    its figures in their columns: `agreed` says that the file's tags or drawn lines have the same, `disputed`
    that the tags do not, `under` that each figure is nearest to the heading of its own column. `glued` says
    that digits at the end of a figure may be a mark, as in a text whose words are in their places. `texts`
    are the cells beside the name and the figures, such as a remark, by their roles.
    """

    lines: tuple[Line, ...]
    region: Text | None
    wordings: tuple[Wording, ...]
    in_order: bool = True
    agreed: bool = False
    disputed: bool = False
    under: bool = False
    kind: Kind = "mission"
    glued: bool = False
    texts: tuple[tuple[str, Text], ...] = ()


@dataclass
class Table:
    """The printed table, and the marks in its headings (those of regions included).

    `rows` are all that have figures or a mission's name, `texts` lines of text among them, `leftovers` lines
    that are part of neither (`names` the first of those with nothing in a column of figures), `late` those
    of rows below the table's end.
    """

    marks: list[Mark] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    leftovers: list[tuple[Line, ...]] = field(default_factory=list)
    names: set[int] = field(default_factory=set)
    late: list[tuple[Line, ...]] = field(default_factory=list)


def read(given: AnnexInput, roles: PersonnelRoles) -> Table | None:
    """The table of annex 2; None where its lines do not hold the layout's header.

    Raises Problems with a LayoutError for every cell of a PDF that is not a figure.
    """
    if given.table:
        return _PdfReader(given, given.table, roles).read()
    filled = [line for line in given.lines if line.text.strip() and not PAGE_NUMBER.fullmatch(line.text)]
    reader = _TextReader(given.notes, roles)
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


class _TextReader:
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
        found = []
        for end, line in enumerate(body, start=1):
            following = words(body[end : end + 1])
            goes_on = bool(following) and all(map(self._is_figure, following))
            if not goes_on and self._ends_row(line):
                found.append(end)
        return found

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
        while start < len(lines):
            taken = self._bare_at(lines, start, rows=True)
            if not taken and self._roles.names.is_text(lines[start].text):
                self.table.texts.append(Text(tuple(words([lines[start]]))))
            elif not taken:
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
        return not text or any(
            numerals.addends(body) or numerals.empty(body) or _ENDS_THOUSANDS.fullmatch(body)
            for body in bodies
        )

    def _figures(self, row: Sequence[Word]) -> Iterator[tuple[tuple[Figure, ...], tuple[Mark, ...]]]:
        """The ways to read a row's words as figures, no more than columns, and as marks apart."""
        chains: list[list[Word]] = []
        for word in row:
            if chains and (word.text.startswith("+") or chains[-1][-1].text.endswith("+")):
                chains[-1].append(word)
            else:
                chains.append([word])
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


class _PdfReader:
    """Fills a table from a PDF's table."""

    def __init__(self, given: AnnexInput, whole: PdfTable, roles: PersonnelRoles) -> None:
        self._table = Table()
        self._problems: list[JvomError] = []
        self._asked: set[str] = set()  # labels of regions
        self._raised: list[tuple[PdfCell, str]] = []  # cells of nothing but markers, with their rows' names
        self._given = given
        self._whole, self._found = whole, whole.view()
        self._roles = roles
        self._cells = PdfCells(given.document)
        self._edges = cache(self._found.edges)
        self._glued = given.document.format == "text"
        self._labels = False
        self._regions = {mission.id: mission.region for mission in given.registry.missions}
        self._headings = given.registry.region_headings

    def read(self) -> Table:
        """Every row of the table, and what is left over on its lines and between them."""
        self._table.marks += self._given.marked
        region: Text | None = None
        for row in self._found.grid.rows:
            name = row.cells[0] and self._cells.unmarked(row.cells[0], self._roles.heading.role_of)
            label, rivals = self._label(row)
            self._labels |= label is not None
            region = label or region
            figures = [cell for cell in row.cells[1:] if cell]
            aside = [cell for _, cell in row.texts]
            if name is None:
                if shown := [*figures, *aside]:
                    self._table.leftovers.append(self._cells.lines_of(shown))
                continue
            kind, known = self._roles.kind(name.text), self._roles.mission_id(name.text)
            text = self._named(row, name)
            if kind == "region" and not (figures and known):
                region = self._roles.names.heading(text, region)
                if not figures:
                    self._table.marks += text.marks
                    self._table.texts += (self._cells.text(cell, self._cells.how(row)) for cell in aside)
                    continue
            if figures or known or kind == "total":
                of = self._regions.get(known or "")
                own = nearer((label, *rivals), of, self._headings) if label and rivals else region
                self._table.rows.append(self._row(row, name, own, kind))
            elif kind == "of which" or self._roles.names.is_text(name.text):
                self._table.texts += (text, *(self._cells.text(cell, self._cells.how(row)) for cell in aside))
                self._table.marks += text.marks
            else:
                self._table.leftovers.append(self._cells.lines_of([name]))
                self._table.names.add(name.line)
        self._rest()
        self._mark_blank()
        if self._problems:
            raise Problems(self._problems)
        if self._labels and (self._glued or self._found.grid.open_labels):
            self._share_out()
        return self._table

    def _mark_blank(self) -> None:
        """Counts the marks of cells of nothing else: a small figure may look like one of them."""
        glued = (mark for row in self._table.rows for mark in row.wordings[0].marks)
        marked = Counter(mark.note for mark in (*self._table.marks, *glued))
        marked.update(note for cell, _ in self._raised for note in cell.markers)
        for cell, name in self._raised:
            self._table.marks += [Mark(note, cell.line) for note in cell.markers]
            if not all(note in self._given.notes and marked[note] == 1 for note in cell.markers):
                message = (
                    f"nothing but a raised “{cell.markers[0]}” is in a cell of “{refusals.shortened(name)}”"
                )
                why = "and it is not the one mark of a note of the annex"
                hint = "see in the official document whether it is a figure or a mark"
                self._problems.append(refusals.at(self._cells.line(cell), f"{message}, {why}", hint))

    def _rest(self) -> None:
        """What stands in columns and is in no row."""
        first, last = min(self._found.lines, default=0), self._found.last_line
        rows = min((line.number for row in self._table.rows for line in row.lines), default=last)
        for lines in self._cells.left(self._whole, self._given.lines):
            text = " ".join(line.text for line in lines)
            ways, unknown = self._given.registry.words.facets(text)
            nothing = ways == {frozenset()} and not unknown and not any(map(str.isdigit, text))
            if nothing and first <= lines[0].number + 1 and lines[-1].number < rows:
                continue  # over a whole header it says no more than that persons are counted
            if lines[0].number > last:
                self._table.late.append(lines)
            elif self._roles.names.is_text(text):
                self._table.texts.append(Text(tuple(words(lines))))
            else:
                self._table.leftovers.append(lines)

    def _share_out(self) -> None:
        """Gives missions the labels of a column of regions that are surely theirs."""
        missions = [
            (at, self._regions[row.wordings[0].mission_id or ""])
            for at, row in enumerate(self._table.rows)
            if row.kind == "mission" and row.wordings[0].mission_id in self._regions
        ]
        own = [self._table.rows[at].region for at, _ in missions]
        regions = [region for _, region in missions]
        labels = (
            share_out(own, (), regions, self._headings)
            if self._glued
            else confirmed(own, regions, self._headings)
        )
        for (at, _), label in zip(missions, labels, strict=True):
            self._table.rows[at] = replace(self._table.rows[at], region=label)

    def _named(self, row: PdfRow, name: PdfCell) -> Text:
        """The name of a row, which says where the file's tags have other cells in it."""
        said = disagreement("other cells of its row", f"“{name.text}”") if row.tagged is False else ""
        return self._cells.text(name, self._cells.how(row), (said,) if said else ())

    def _row(self, row: PdfRow, name: PdfCell, region: Text | None, kind: Kind) -> Row:
        name = replace(name, text=self._roles.spelled(name.text))
        text = self._named(row, name)
        plain, mission_id = self._roles.plain(name.text), self._roles.row_id(name.text)
        wordings: list[Wording] = []
        for way in _readings(row):
            for cells in self._marked(tuple(self._texts(way))):
                wording = Wording(text, plain, mission_id, tuple(self._figures(way, cells)), (), cells)
                if not any(_alike(wording, known) for known in wordings):
                    wordings.append(wording)
        printed = [cell for cell in row.cells[1:] if cell]
        texts = [
            (role, self._cells.unbroken(cell) if role == "country" else cell) for role, cell in row.texts
        ]
        aside = {role: self._cells.text(cell, self._cells.how(row)) for role, cell in texts}
        self._problems += (
            refusals.at(
                self._cells.line(cell),
                f"“{refusals.shortened(cell.text)}” of “{refusals.shortened(name.text)}” is more than one "
                f"figure, and there is one column for it: {role}",
                "see in the official document which columns these figures have",
            )
            for role, cell in row.texts
            if role not in ("country", "remark") and _several(cell.text)
        )
        self._raised += [(cell, text.printed) for cell in printed if cell.markers and not cell.text]
        return Row(
            self._cells.lines_of([name, *printed, *(text.cell for text in aside.values())]),
            region,
            tuple(wordings),
            in_order=False,
            agreed=(row.tagged or (row.sure and row.tagged is None)) and len(wordings) == 1,
            disputed=row.tagged is False,
            under=all(
                cell is None or self._found.nearest(cell) == column
                for column, cell in enumerate(row.cells[1:], start=1)
            ),
            kind=kind,
            glued=self._glued,
            texts=tuple(aside.items()),
        )

    def _marked(self, cells: tuple[Text, ...]) -> Iterator[tuple[Text, ...]]:
        """The ways to take marks off the figures of a row, where they are not seen; as it is first."""
        ways = [list(self._unmarked(text)) if self._glued else [text] for text in cells]
        several = [at for at, texts in enumerate(ways) if len(texts) > 1]
        for at in several[_MOST_MARKED:]:
            ways[at] = ways[at][:1]
        yield from product(*ways)

    def _unmarked(self, text: Text) -> Iterator[Text]:
        """A figure as it is printed, unless it is none, and without each mark that it may end in."""
        cell = text.cell
        found = [
            replace(text, cell=left, marks=(*text.marks, Mark(note, cell.line)))
            for body, note in (numerals.marked(text.printed, self._given.notes) if cell else ())
            if numerals.addends(body) or numerals.empty(body)
            if cell and (left := cell.first(body))
        ]
        if not found or read_figure(text.printed, ceiling=False):
            yield text
        yield from found

    def _label(self, row: PdfRow) -> tuple[Text | None, list[Text]]:
        """The region's label beside a row, and others that may be its own as well."""
        is_known = self._roles.is_region
        if row.label and not is_known(row.label.text) and row.label.text not in self._asked:
            self._asked.add(row.label.text)
            entry = answers.region(row.label.text, self._given.registry)
            message = f"the label “{refusals.shortened(row.label.text)}” is not a known region"
            self._problems.append(refusals.at(self._cells.line(row.label), message, proposals=[entry]))
        label = self._cells.text(row.label) if row.label and is_known(row.label.text) else None
        return label, [self._cells.text(cell) for cell in row.rivals if is_known(cell.text)]

    def _texts(self, row: PdfRow) -> Iterator[Text]:
        for column in range(1, len(row.cells)):
            cell = row.cells[column] or PdfCell("", (), self._blank(row, column))
            cell = replace(cell, text=numerals.spelled(cell.text))
            yield self._cells.text(cell, self._cells.how(row))

    def _figures(self, row: PdfRow, cells: Sequence[Text]) -> Iterator[Figure]:
        names = self._roles.row_names(self._printed_name(row))
        for column, text in enumerate(cells):
            role = self._roles.layout.columns[column]
            one = self._given.declared and self._given.declared.find(names, role, text.printed)
            if one:
                yield Figure.of(declared.with_reason(text, one), declared.figure(one), column)
            elif text.cell and text.printed:
                said = read_figure(text.printed, ceiling=role.startswith("frame"))
                if said is None:
                    self._not_a_figure(text.cell, row, column + 1)
                doubt = next(iter(text.cell.doubts), "")
                yield Figure.of(text, said or PrintedFigure(), column, doubt)

    def _printed_name(self, row: PdfRow) -> str:
        return next((cell.text for cell in row.cells if cell), "")

    def _blank(self, row: PdfRow, column: int) -> tuple[Span, ...]:
        """Where a blank cell is: beside the row's other cells, as wide as its column's figures."""
        beside = next((cell for cell in row.cells[column:] if cell), None)
        before = next(cell for cell in (beside, *reversed(row.cells[:column])) if cell)
        place = before.spans[0] if beside else before.spans[-1]
        at = place.char_start if beside else place.char_end
        stretch = self._found.stretch(place.page, place.box.middle if place.box else 0.0)
        left, right = self._edges(stretch)[column]
        box = Box(left, place.box.top, right, place.box.bottom) if place.box and left < right else None
        return (Span(place.page, place.line, at, at, box),)

    def _not_a_figure(self, cell: PdfCell, row: PdfRow, column: int) -> None:
        path = " / ".join(self._found.columns[column])
        name = self._printed_name(row)
        role = self._roles.layout.columns[column - 1]
        entry = answers.cell("personnel", name, role, cell.text, cell.page)
        self._problems.append(
            refusals.at(
                self._cells.line(cell),
                f"“{refusals.shortened(cell.text)}” in column {path} of “{refusals.shortened(name)}” "
                "is not a figure: a whole number, a sum of them, a dash, or such words as max. 7 and n.t.b.",
                proposals=[entry],
            )
        )


def _several(text: str) -> bool:
    """Whether a text holds more than one figure, and is none itself."""
    figures = [word for word in text.split() if any(map(str.isdigit, word))]
    return len(figures) > 1 and read_figure(text, ceiling=False) is None


def _readings(row: PdfRow) -> Iterator[PdfRow]:
    """The row of a picture by each of two readings of its figures; any other as it is."""
    doubted = [at for at, cell in enumerate(row.cells) if at and cell and cell.other][:_MOST_DOUBTED]
    yield row
    for others in [*product((False, True), repeat=len(doubted))][1:]:
        cells = list(row.cells)
        for at, other in zip(doubted, others, strict=True):
            if (cell := cells[at]) and other:
                cells[at] = replace(cell, text=cell.other)
        yield replace(row, cells=tuple(cells))


def _alike(one: Wording, other: Wording) -> bool:
    """Whether two readings of a row say the same of every column."""

    def said(wording: Wording) -> list[tuple[int | None, Amount, tuple[int, ...]]]:
        return [
            (figure.column, figure.amount, tuple(mark.note for mark in figure.text.marks))
            for figure in wording.figures
            if figure.amount is not None or figure.text.marks
        ]

    return said(one) == said(other)
