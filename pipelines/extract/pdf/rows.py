"""Which lines of a table's body make a row: meaning decides, and position where meaning leaves it open.

A page is cut from top to bottom into bands, each a row. What the words mean is asked of the heading: a
mission's known name, a region's, the total's word, a figure, a duration, the opening of a legal basis. The
best cut has the fewest cells that are not understood (a name that is missing, a rule that runs through a
row and lines that are set unlike the rest count as one each). Of equally good cuts the one is taken
whose lines go together best: one pitch, one weight, broken off only where the next word had no room. So a
name that nobody knows gets a whole row with its figures too.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from typing import Literal

from pipelines.extract.pdf.area import Body, TableHeading, folded, spanning
from pipelines.extract.pdf.model import TEXT_GAP, Box, PdfLine, Word, grouped, plain_text, runs
from schemas.dates import MONTHS
from schemas.header_words import MANDATE_ROLES

_JOINED = re.compile(r"[^\W_][-‑/]$")
"""Lines that end so belong to the word that the next begins with."""
_PAUSED = re.compile(r"(?:en|of|tot|t/m|and|or)\b|[,;&]")
"""What follows the hyphen of `NAVO- en EU-missies`: a word of its own."""

COUNTED = re.compile(r"^(?P<number>[1-9][0-9]?(?:\.[1-9][0-9]?)?)[.)]? (?=[^\W\d])")
"""What a row may be counted by, in front of its name: `3`, or `1.3` where regions are counted too."""

_DAY = re.compile(r"[1-9]|[12][0-9]|3[01]")

Alignment = Literal["top", "middle", "bottom"]
LEVELS: Mapping[Alignment, Callable[[float, float], float]] = {
    "top": lambda first, _: first,
    "middle": lambda first, last: (first + last) / 2,
    "bottom": lambda _, last: last,
}
"""What is at one height in cells that are aligned so, by the first and the last baseline of each."""
_PARTED = 4.0
_BLANK = 10.0
_PAGE_BREAK = 4.0
_TAIL = 4.0
"""What tells equally understood cuts apart, in quarters of a font size that cells are out of line: a
sign that two lines are not one text, a blank cell in a table of texts, a row over a page break, a line at
the end that belongs to no row."""
_MOST_ASKEW = 8.0
_ASKEW = 2.2
"""From here on a row is set unlike the others: over half a font size, by which a marker lowers a line."""
_TALLEST = 14.0
"""Font sizes between the first and the last baseline of a row on one page, at most."""
_APART = 1.2  # font sizes of white space between two cells
_SUB = 6  # letters before the word for a sum, as in “Tussentotaal”
_MOST_LEVELS = 20
_TEXTS = ("mission", "legal_basis")
"""Roles that no row is without, and whose cells may have many lines."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `char_start` to `char_end` (0-based, end exclusive) of one line; in a PDF their box."""

    page: int
    line: int
    char_start: int
    char_end: int
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class PdfCell:
    """A cell. `markers` are the footnote numbers in it, which `text` leaves out.

    `doubts` says of a picture's words what only one of its readings gave; `other` is the figure that the
    cell is by the second of two.
    """

    text: str
    markers: tuple[int, ...]
    spans: tuple[Span, ...]
    doubts: tuple[str, ...] = ()
    other: str = ""

    @property
    def page(self) -> int:
        return self.spans[0].page

    @property
    def line(self) -> int:
        return self.spans[0].line

    def first(self, text: str) -> PdfCell:
        """Only `text`, which it begins with, where what it ends in is one word or a part of one."""
        last = self.spans[-1]
        left = replace(last, char_end=last.char_end - (len(self.text) - len(text)))
        return replace(self, text=text, spans=(*self.spans[:-1], left))

    def counted(self) -> tuple[PdfCell, PdfCell] | None:
        """The number that it begins with, and the rest; None where it does not begin with one."""
        if not (found := COUNTED.match(self.text)):
            return None
        first, *others = self.spans
        number = replace(first, char_end=first.char_start + len(found["number"]))
        spans = replace(first, char_start=first.char_start + found.end()), *others
        rest = replace(self, text=self.text[found.end() :], spans=spans)
        return PdfCell(found["number"], (), (number,)), rest

    @property
    def box(self) -> Box:
        """Around its lines on its first page."""
        return Box.around(span.box for span in self.spans if span.box and span.page == self.page)


@dataclass(frozen=True)
class Fragment:
    """Neighbouring words of one line that belong to one column: `first` to `last`, both included."""

    column: int
    line: PdfLine
    first: int
    last: int

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return self.line.words[self.first : self.last + 1]

    @cached_property
    def box(self) -> Box:
        return Box.around(word.box for word in self.words)

    @cached_property
    def baseline(self) -> float:
        return self.words[0].baseline

    @cached_property
    def size(self) -> float:
        return max(word.size for word in self.words)

    @cached_property
    def bold(self) -> bool:
        return all(word.bold for word in self.words)

    @cached_property
    def text(self) -> str:
        """Its words without markers, single spaces between them."""
        return plain_text(self.words)

    @property
    def span(self) -> Span:
        start = self.line.offsets[self.first]
        end = self.line.offsets[self.last] + len(self.line.words[self.last].text)
        return Span(self.line.page, self.line.number, start, end, self.box)


def join(texts: Iterable[str]) -> str:
    """Lines of one text as one: a soft hyphen goes, a hyphen or slash of the word stays."""
    joined = ""
    for text in texts:
        if not joined or not text:
            joined += text
        elif joined.endswith("\u00ad"):
            joined = joined[:-1] + text
        elif _JOINED.search(joined) and not _PAUSED.match(text):
            joined += text
        else:
            joined += " " + text
    return joined.rstrip("\u00ad")


def cell(fragments: Sequence[Fragment]) -> PdfCell | None:
    """The cell that these lines make, in reading order; None without any."""
    if not fragments:
        return None
    words = [word for part in fragments for word in part.words]
    return PdfCell(
        join(part.text for part in fragments),
        tuple(number for word in words for number in word.numbers),
        tuple(part.span for part in fragments),
        tuple(word.doubt for word in words if word.doubt),
        words[0].other if len(words) == 1 else "",
    )


@dataclass
class Row:
    """Lines of one row by column, in reading order; a row over a page break has lines of two pages."""

    cells: dict[int, list[Fragment]] = field(default_factory=dict)

    @cached_property
    def fragments(self) -> list[Fragment]:
        """All its lines, column by column."""
        return [part for column in sorted(self.cells) for part in self.cells[column]]

    @cached_property
    def top(self) -> float:
        return min(part.box.top for part in self.fragments)

    @cached_property
    def bottom(self) -> float:
        return max(part.box.bottom for part in self.fragments)

    def on(self, body: Body) -> Row | None:
        """The lines of it that a part of the table has."""
        numbers = {line.number for line in body.lines}
        cells = {
            column: left
            for column, parts in self.cells.items()
            if (left := [part for part in parts if part.line.number in numbers])
        }
        return Row(cells) if cells else None


def fragments(body: Body, heading: TableHeading) -> list[Fragment]:
    """A body's lines cut at the places where columns part; a region's name stays whole."""
    found: list[Fragment] = []
    for line in body.lines:
        if spanning(line, heading, body.columns):
            found.append(Fragment(heading.naming, line, 0, len(line.words) - 1))
            continue
        columns = [sum(word.box.centre > place for place in body.parts) for word in line.words]
        if body.typed:  # where a date nearly touches the text before it, its day is beside that
            for at, (day, month) in enumerate(pairwise(line.words)):
                beside = month.box.left - day.box.right < TEXT_GAP * body.size  # else it may be a figure
                if beside and _DAY.fullmatch(day.plain) and month.plain.casefold() in MONTHS:
                    columns[at] = columns[at + 1]
        if heading.labelled and body.typed:
            label = _label(line, heading)
            columns[:label] = [0] * label
        if opening := _sum_opening(line, heading, columns):
            columns[:opening] = [heading.naming] * opening
        for column, along in groupby(range(len(columns)), key=columns.__getitem__):
            positions = list(along)
            found.append(Fragment(column, line, positions[0], positions[-1]))
    return found


def _label(line: PdfLine, heading: TableHeading) -> int:
    """How many words at the start of a text's line are a region's name, wider perhaps than its column."""
    first = next(runs(line.words))
    text = folded("".join(word.plain for word in first))
    return len(first) if any(text == folded(region) for region in heading.regions) else 0


def _sum_opening(line: PdfLine, heading: TableHeading, columns: Sequence[int]) -> int:
    """How many words at the start of a line name a sum, in the place of a label or beside a blank name."""
    if columns[0] == heading.naming or columns[0] not in (*heading.aside, *range(heading.naming)):
        return 0
    opening = next(runs(line.words, _APART))
    words = [folded(word.plain) for word in opening]
    text, ends = "".join(words), set(accumulate(map(len, words)))
    sums = any(names_sum(text, ends, folded(total)) for total in heading.totals)
    return len(opening) if sums and (heading.naming not in columns or columns[0] < heading.naming) else 0


def names_sum(text: str, ends: Collection[int], total: str) -> bool:
    """Whether the word for a sum is there to its end, as “som” is not in “Somalië”; `ends`: of words."""
    at = text.find(total)
    end = at + len(total)
    return 0 <= at <= _SUB and (end in ends or not text[end].isalnum())


@dataclass(frozen=True)
class Spacing:
    """How a table is set: the pitch of its closest lines, heights of rules by page, and its font size."""

    pitch: float
    heights: Mapping[int, Sequence[float]]
    size: float

    @classmethod
    def of(cls, bodies: Sequence[Body], found: Sequence[Sequence[Fragment]]) -> Spacing:
        """That of a table whose fragments are given body by body."""
        size = bodies[0].size
        pitches = Counter(
            round((lower.baseline - upper.baseline) / size, 1)
            for page in found
            for column in by_column(page).values()
            for upper, lower in pairwise(column)
            if lower.baseline - upper.baseline > 0.7 * size
        )
        often = [pitch for pitch, count in pitches.items() if count > 0.05 * pitches.total()]
        heights: defaultdict[int, list[float]] = defaultdict(list)
        for body in bodies:
            heights[body.page] += _heights(body)
        return cls(min([*often, 1.5]) * size, {page: sorted(at) for page, at in heights.items()}, size)

    def crossed(self, page: int, top: float, bottom: float) -> int:
        heights = self.heights.get(page, ())
        return max(0, bisect_left(heights, bottom) - bisect_right(heights, top))

    def parted(self, upper: Fragment, lower: Fragment) -> int:
        """How many signs there are that two lines of a column are not one text."""
        if upper.line.page != lower.line.page:
            return 0
        far = lower.baseline - upper.baseline > self.pitch + 0.12 * self.size
        marked = any(word.markers for word in lower.words)  # a marker may push its line down
        crossed = self.crossed(upper.line.page, upper.baseline, lower.baseline)
        return (far and not marked) + (upper.bold != lower.bold) + 3 * crossed

    def text(self, lines: Sequence[Fragment]) -> float:
        """What speaks against lines, all of one column, being one text."""
        signs = sum(self.parted(upper, lower) for upper, lower in pairwise(lines))
        text = join(part.text for part in lines)
        return _PARTED * (signs + (text.count("(") != text.count(")")))


def by_column(parts: Iterable[Fragment]) -> dict[int, list[Fragment]]:
    """Lines by column, each column's from top to bottom."""
    cells: dict[int, list[Fragment]] = {}
    for part in sorted(parts, key=lambda part: (part.column, part.line.page, part.baseline)):
        cells.setdefault(part.column, []).append(part)
    return cells


def _heights(body: Body) -> tuple[float, ...]:
    """Heights of rules that go along most of the columns after the first, a cell of two rows left out."""
    start, end = body.parts[0], body.columns[-1].right
    along: defaultdict[float, float] = defaultdict(float)
    for rule in body.horizontals:
        along[round(rule.at, 1)] += max(0.0, min(rule.end, end) - max(rule.start, start))
    return tuple(sorted(at for at, length in along.items() if length > 0.6 * (end - start)))


_Cost = tuple[int, float]
_Band = tuple[int, dict[int, list[Fragment]], _Cost, list[tuple[float, float]]]
"""The level behind it, its cells, its cost, and baselines for the alignment of its cells."""


def cut(
    found: Sequence[Sequence[Fragment]], heading: TableHeading, spacing: Spacing
) -> tuple[list[Row], Alignment]:
    """The rows of a table whose fragments are given page by page, and how its cells are aligned."""
    cutter = _Cutter(found, heading, spacing)
    ways = [(*cutter.rows(alignment), alignment) for alignment in LEVELS]
    _, rows, alignment = min(ways, key=lambda way: way[0])
    return rows, alignment


class _Cutter:
    """The levels of a table, on which its lines are, and what bands of them cost."""

    def __init__(self, found: Sequence[Sequence[Fragment]], heading: TableHeading, spacing: Spacing) -> None:
        self._heading = heading
        self._roles = heading.roles
        self._labelled = heading.labelled
        self._kept = [
            at for at, role in enumerate(heading.roles) if at >= heading.labelled and role != "ignore"
        ]
        self._spacing = spacing
        self._understood = heading.understands
        self._levels = [level for page in found for level in self._levels_of(page)]
        self._headings = frozenset(self._set_as_regions())
        filled = Counter(level[0].line.page for level in self._levels if len(level) > 1)
        self._ruled = {page for page, count in filled.items() if len(spacing.heights.get(page, ())) >= count}
        self._bands = [list(self._from(first)) for first in range(len(self._levels))]

    def _levels_of(self, page: Sequence[Fragment]) -> Iterator[list[Fragment]]:
        """The lines of a page by the height of their baseline; labels aside."""

        def apart(level: list[Fragment], part: Fragment) -> bool:
            return part.baseline - level[0].baseline > 0.1 * self._spacing.size

        parts = (part for part in page if part.column or not self._labelled)
        return grouped(sorted(parts, key=lambda part: part.baseline), apart)

    def _set_as_regions(self) -> Iterator[int]:
        """The levels that are set as the names of known regions: alone, and bold above a name that is not.

        So a region that nobody knows is not part of the name below it. None where missions are bold too.
        """
        names = [
            next((part for part in level if part.column == self._heading.naming), None)
            for level in self._levels
        ]
        alone = [name if len(level) == 1 else None for name, level in zip(names, self._levels, strict=True)]
        regions = [one for one in alone if one and self._understood("region", one.text)]
        missions = [one for one in names if one and self._understood("mission", one.text)]
        if len(regions) > 1 and all(one.bold for one in regions) and not any(one.bold for one in missions):
            heads, below = False, None
            for at in reversed(range(len(names))):
                one = alone[at]
                heads = bool(one and one.bold and below and (heads or not below.bold))
                below = names[at] or below
                if heads:
                    yield at

    def rows(self, alignment: Alignment) -> tuple[_Cost, list[Row]]:
        """The best cut into rows that are aligned in one way, and its cost."""
        count = len(self._levels)
        best: list[tuple[_Cost, int, Row | None]] = [((1 << 30, 0.0), 0, None) for _ in range(count + 1)]
        best[0] = ((0, 0.0), 0, None)
        for first in range(count):
            (amiss, misfit), _, _ = best[first]
            for end, cells, (more, apart), lines in self._bands[first]:
                askew = self._askew(alignment, lines)
                cost = (amiss + more + (askew > _ASKEW), misfit + apart + askew)
                if cost < best[end][0]:
                    best[end] = (cost, first, Row(cells))
            if not self._heading.of_figures:
                cost = (amiss + self._tails[first], misfit + _TAIL * (count - first))
                if cost < best[count][0]:
                    best[count] = (cost, first, None)
        rows: list[Row] = []
        at = count
        while at:
            _, at, row = best[at]
            rows += [row] if row else []
        return best[count][0], rows[::-1]

    def _from(self, first: int) -> Iterator[_Band]:
        """The bands from a level on that may be a row."""
        cells: dict[int, list[Fragment]] = {}
        opening = self._levels[first][0]
        for end in range(first + 1, min(first + _MOST_LEVELS, len(self._levels)) + 1):
            level = self._levels[end - 1]
            same_page = level[0].line.page == opening.line.page
            if same_page and level[0].baseline - opening.baseline > _TALLEST * self._spacing.size:
                return
            cells = {column: list(parts) for column, parts in cells.items()}
            for part in level:
                cells.setdefault(part.column, []).append(part)
            if self._heading.of_figures and not self._may_be_row(cells):
                return
            heads = len(self._headings.intersection(range(first, end)))
            amiss, misfit = self._texts(cells)
            if heads == end - first:
                amiss, misfit = min(amiss, 1), 0.0
            amiss += 0 < heads < end - first
            if same_page:
                amiss += self._spacing.crossed(opening.line.page, opening.baseline, level[0].baseline)
            misfit += 0.0 if same_page else _PAGE_BREAK
            misfit += sum(map(self._spacing.text, cells.values())) + _PARTED * self._is_within_rules(end)
            lines = [(parts[0].baseline, parts[-1].baseline) for parts in cells.values()]
            yield end, cells, (amiss, misfit), lines if same_page else []

    def _is_within_rules(self, end: int) -> bool:
        """Whether no rule is behind the levels before `end`, where each row of the page has one."""
        last, *behind = (level[0] for level in self._levels[end - 1 : end + 1])
        page = last.line.page
        return page in self._ruled and any(
            one.line.page == page and not self._spacing.crossed(page, last.baseline, one.baseline)
            for one in behind
        )

    def _may_be_row(self, cells: Mapping[int, Sequence[Fragment]]) -> bool:
        """Whether no column has two figures, but for a sum over two lines, or words (`naar / behoefte`)."""
        return all(
            len(parts) == 1 or any("+" in part.text for part in parts) or self._is_wording(column, parts)
            for column, parts in cells.items()
            if self._heading.is_figure(column)
        )

    def _is_wording(self, column: int, parts: Sequence[Fragment]) -> bool:
        """Whether lines are together understood as words about one figure at most."""
        figures = sum(any(map(str.isdigit, part.text)) for part in parts)
        opened = parts[0].text.count("(") > parts[0].text.count(")")  # `12 (incl.` goes on
        words = any(map(str.isalpha, "".join(part.text for part in parts)))
        text = join(part.text for part in parts)
        return (figures < 2 or opened) and words and self._understood(self._roles[column], text)

    def _texts(self, cells: Mapping[int, Sequence[Fragment]]) -> _Cost:
        """How many cells of a row are not understood; a figure or a duration counts by its lines."""
        texts = {column: join(part.text for part in parts) for column, parts in cells.items()}
        naming = self._heading.naming
        amiss = sum(
            1 if self._roles[column] in _TEXTS else len(cells[column])
            for column, text in texts.items()
            if not (column == naming and self._heading.of_figures)
            and not self._understood(self._roles[column], text)
        )
        name = texts.get(naming)
        if not self._heading.of_figures:
            if list(texts) == [naming] and self._understood("region", texts[naming]):
                return 0, 0.0
            needed = [column for column, role in enumerate(self._roles) if role in _TEXTS]
            sums = name and self._heading.role_of(name) in ("total", "subtotal")
            if sums and texts.keys().isdisjoint({*needed} - {naming}):
                return 0, 0.0  # of the figures beside, in a table of both annexes
            # Figures, which a table of both annexes has beside, are often blank.
            blank = sum(at not in texts for at in self._kept)
            misfit = _BLANK * blank
            if name and not self._understood("mission", name):
                # Where a name is unknown, rows of known missions below it are none of its lines.
                amiss += sum(self._understood("mission", part.text) for part in cells[naming])
                amiss += self._ends_in_mission(cells[naming])
                misfit += _PARTED * self._holds_region(cells[naming])
            rows = len(cells[naming]) if name and self._are_rows(cells) else 1
            amiss, misfit = amiss + rows - 1, misfit + _PARTED * (rows > 1)
            return amiss + sum(column not in texts for column in needed), misfit
        role = self._heading.role_of(name) if name else None
        if role is None and name and len(texts) == 1 and self._understood("text", name):
            return amiss, 0.0
        within = role not in ("mission", "region") and self._holds_region(cells.get(naming, ()))
        return amiss + (role is None or (role == "region" and len(texts) > 1)), _PARTED * within

    def _ends_in_mission(self, parts: Sequence[Fragment]) -> bool:
        """Whether the last lines of a name, not all of them, are together a mission's."""
        ends = (join(part.text for part in parts[start:]) for start in range(1, len(parts) - 1))
        return any(self._understood("mission", text) for text in ends)

    def _are_rows(self, cells: Mapping[int, Sequence[Fragment]]) -> bool:
        """Whether each line has a text of its own in each of several columns: they are not of one row."""
        names = len(cells[self._heading.naming])
        whole = [
            all(self._understood(self._roles[column], part.text) for part in parts)
            for column, parts in cells.items()
            if self._roles[column] in MANDATE_ROLES and len(parts) == names
        ]
        return names > 1 and sum(whole) > 1

    def _holds_region(self, parts: Iterable[Fragment]) -> bool:
        return any(self._understood("region", part.text) for part in parts)

    def _askew(self, alignment: Alignment, lines: Sequence[tuple[float, float]]) -> float:
        """How far cells are from being aligned in one way; `lines` are their first and last baselines."""
        if len(lines) < 2:
            return 0.0
        level = LEVELS[alignment]
        places = [level(first, last) for first, last in lines]
        return min(_MOST_ASKEW, 4 * (max(places) - min(places)) / self._spacing.size)

    @cached_property
    def _tails(self) -> list[int]:
        """By first level, how many lines from there on are understood."""
        understood = (
            sum(self._understood(self._roles[part.column], part.text) for part in level)
            for level in reversed(self._levels)
        )
        return [*accumulate(understood)][::-1]
