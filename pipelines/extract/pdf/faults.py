"""Cells that no one row and column has: printed for several, broken over lines, or cut off by the page.

A cell of several rows or columns is seen by what is drawn: a rule (or the edges of filled areas) that goes
along the other cells and stops at this one. Where nothing is drawn it is seen by its place: between two
rows, or between two columns whose other figures are in line. A cell that neither shows is read as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import median
from typing import Literal

from pipelines.extract.pdf.area import Body, TableHeading, folded
from pipelines.extract.pdf.columns import SIDES
from pipelines.extract.pdf.model import Box, PdfPage, Rule, Word, grouped
from pipelines.extract.pdf.rows import LEVELS, Fragment, PdfCell, Row, cell, join

_DRAWN, _OPEN = 0.8, 0.2
"""Share of a cell's side from which it has a rule, and up to which it has none."""
_USUAL = 0.5
"""Share of the places where others have a rule, from which a column has one too."""
_EDGE = 0.5  # points from the page's edge at which a rule is cut off
_LEVEL = 1.5  # points up to which rules are at one height
_IN_LINE, _ASKEW, _ASIDE = 0.25, 0.35, 1.0  # font sizes: in line with others, out of it, in another place
_MIDWAY, _BETWEEN = 0.2, 0.25
"""Shares of the distance: of two rows to their middle at most, of a column's figures at least."""
_FEW = 2  # other cells of a column, at least, to say where its cells are
_CLOSE = 0.6  # font sizes of white space up to which words of two columns are one text
_BROKEN = 1.6  # font sizes between two lines of one figure, at most

Kind = Literal["rows", "columns", "between", "beside", "broken", "cut"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell, the names of the rows and the places of the columns that it is printed for."""

    kind: Kind
    cell: PdfCell
    rows: tuple[str, ...]
    columns: tuple[int, ...]


def find(page: PdfPage, body: Body, rows: Sequence[Row], heading: TableHeading) -> Iterator[Fault]:
    """The faults of a table on one page, whose `rows` are all on it; of a cell the first."""
    seen = _Seen(body, rows, heading)
    found: set[tuple[int, int]] = set()
    drawn = seen.broken(), seen.over_rows(), seen.over_columns()
    for fault in chain(seen.cut_off(page), *drawn, seen.between_rows(), seen.between_columns()):
        place = fault.cell.line, fault.cell.spans[0].char_start
        if place not in found:
            yield fault
        found.add(place)


class _Seen:
    """The rows of a table on one page, and the bands that its columns take."""

    def __init__(self, body: Body, rows: Sequence[Row], heading: TableHeading) -> None:
        self._body = body
        self._roles = heading.roles
        self._heading = heading
        self._naming = heading.naming
        self._regions = {folded(region) for region in heading.regions}
        self._headings = [row for row in rows if folded(self._name(row)) in self._regions]
        self._rows = [row for row in rows if folded(self._name(row)) not in self._regions]
        self._named = [row for row in self._rows if self._naming in row.cells]
        boxes = [*body.columns, *(part.box for row in rows for part in row.fragments)]
        edges = [min(box.left for box in boxes), *body.parts, max(box.right for box in boxes)]
        self._bands = list(pairwise(edges))
        own = [at for at in range(heading.labelled, len(self._bands)) if at != self._naming]
        self._columns = [at for at in own if "ignore" not in self._roles[at : at + 1]]
        self._in_line = [at for at in self._columns if at not in heading.aside]
        # A cell over two columns may have shifted the place where they part.
        self._reach = [
            (median(box.left for box in boxes), median(box.right for box in boxes))
            for column, above in enumerate(body.columns)
            if (
                boxes := [_around(row.cells[column]) for row in self._named if column in row.cells] or [above]
            )
        ]

    def _name(self, row: Row) -> str:
        return join(part.text for part in row.cells.get(self._naming, ()))

    def _fault(self, kind: Kind, parts: Iterable[Fragment], rows: Iterable[Row], *columns: int) -> Fault:
        made = cell(sorted(parts, key=lambda part: (part.baseline, part.box.left)))
        assert made is not None, "a fault is of a printed cell"
        return Fault(kind, made, tuple(name for row in rows if (name := self._name(row))), columns)

    def cut_off(self, page: PdfPage) -> Iterator[Fault]:
        """Cells that are not all on the page."""
        lines = [line for line in page.lines if is_cut(line.words, page)]
        cells = [(part, row) for row in (*self._rows, *self._headings) for part in row.fragments]
        for part, row in [*cells, *((Fragment(0, line, 0, len(line.words) - 1), Row()) for line in lines)]:
            if is_cut(part.words, page):
                yield self._fault("cut", [part], [row], part.column)
        if self._named and any(
            not rule.fill and rule.end > page.width - _EDGE for rule in self._body.horizontals
        ):
            yield self._fault("cut", self._named[0].cells[self._naming], self._named[:1], self._naming)
        for column in self._columns if self._named else ():
            holders = [row for row in self._rows if column in row.cells]
            if (
                not holders and self._body.columns[column].left > page.width
            ):  # by the heading of a page before
                yield self._fault("cut", self._named[0].cells[self._naming], self._named[:1], column)

    def over_rows(self) -> Iterator[Fault]:
        """Cells at which a rule between two rows stops."""
        drawn = list(self._separators())
        for column in self._columns:
            shares_of = [shares[column] for _, shares in drawn]
            aside = column in self._heading.aside  # most of its cells may be of several rows
            if not (_usual(shares_of) or (aside and max(shares_of, default=0) > _DRAWN)):
                continue
            opened = [self._is_open(upper, lower, column, drawn) for upper, lower in pairwise(self._named)]
            for first, last in _stretches(opened):
                yield from self._over(self._named[first : last + 1], column)

    def _separators(self) -> Iterator[tuple[float, list[float]]]:
        """Heights at which rules go along most columns, and what share of each column they cover."""
        rules = sorted(self._body.horizontals, key=lambda rule: rule.at)
        for level in grouped(rules, lambda level, rule: rule.at - level[0].at > _LEVEL):
            shares = [_covered(level, *band) for band in self._bands]
            if _usual(shares[int(self._heading.labelled) :]):
                yield level[0].at, shares

    def _is_open(
        self, upper: Row, lower: Row, column: int, drawn: Iterable[tuple[float, Sequence[float]]]
    ) -> bool:
        """Whether there are rules between two rows of missions, none of which goes along a column."""
        above, below = (_around(row.cells[self._naming]).middle for row in (upper, lower))
        shares = [shares[column] for at, shares in drawn if above < at < below]
        apart = any(above < row.top < below for row in self._headings)
        return bool(shares) and max(shares) < _OPEN and not apart

    def _over(self, rows: Sequence[Row], column: int) -> Iterator[Fault]:
        """The one cell that rows have in a column where nothing parts them."""
        inside = [row for row in self._rows if rows[0].top <= row.top <= rows[-1].bottom]
        cells = [row.cells[column] for row in inside if column in row.cells]
        texts = [join(part.text for part in parts) for parts in cells]
        role = self._roles[column]
        pieces = column in self._heading.aside or (  # lines of a remark may be beside rows as by chance
            self._naming and not all(self._heading.understands(role, text) for text in texts)
        )
        if len(cells) == 1 or (cells and pieces):
            yield self._fault("rows", chain(*cells), rows, column)
            return
        holders = [row for row in inside if column in row.cells]
        for blank in (row for row in rows if column not in row.cells and holders):
            nearest = min(holders, key=lambda row: abs(_around(row.cells[column]).middle - blank.top))
            both = sorted((nearest, blank), key=lambda row: row.top)
            yield self._fault("rows", nearest.cells[column], both, column)

    def over_columns(self) -> Iterator[Fault]:
        """Cells at which a rule between two columns stops."""
        drawn = [(row, self._sides(row)) for row in self._rows]
        ruled = [(row, shares) for row, shares in drawn if _usual(shares)]
        usual = [_usual(shares[at] for _, shares in ruled) for at in range(len(self._bands) - 1)]
        for row, shares in ruled:
            opened = [
                usual[at] and at > self._naming and share < _OPEN and len(ruled) > 1
                for at, share in enumerate(shares)
            ]
            for first, last in _stretches(opened):
                cells = [row.cells[at] for at in range(first, last + 1) if at in row.cells]
                if len(cells) == 1 or any(map(_runs_on, pairwise(cells))):
                    yield self._fault("columns", chain(*cells), [row], *range(first, last + 1))

    def _sides(self, row: Row) -> list[float]:
        """For each two neighbouring columns, what share of a row's height has a rule between their cells."""
        shares = []
        for (_, left), (right, _) in pairwise(self._reach):
            low, high = sorted((left, right))
            rules = [rule for rule in self._body.verticals if low - _LEVEL < rule.at < high + _LEVEL]
            shares.append(_covered(rules, row.top, row.bottom))
        return shares

    def between_rows(self) -> Iterator[Fault]:
        """Cells about halfway between two rows, of which neither has another one in the column."""
        for upper, lower in pairwise(self._named):
            if any(upper.top < row.top < lower.top for row in self._headings):
                continue
            for column in self._in_line:
                within = [row for row in self._rows if upper.top <= row.top <= lower.bottom]
                holders = [row for row in within if column in row.cells]
                if len(holders) != 1:
                    continue
                leans = self._leans(holders[0], column) * (1 if holders[0] is upper else -1) > 0
                if leans or self._is_between(holders[0].cells[column], upper, lower):
                    yield self._fault("rows", holders[0].cells[column], (upper, lower), column)

    def _is_between(self, parts: Sequence[Fragment], upper: Row, lower: Row) -> bool:
        above, below = upper.cells[self._naming][-1].baseline, lower.cells[self._naming][0].baseline
        near = _ASKEW * parts[0].size

        def between(parts: Sequence[Fragment]) -> bool:
            return above + near < parts[0].baseline and parts[-1].baseline < below - near

        others = [cells for row in (upper, lower) for cells in row.cells.values() if cells is not parts]
        askew = abs(parts[0].baseline + parts[-1].baseline - above - below) / 2
        return between(parts) and askew < _MIDWAY * (below - above) and not any(map(between, others))

    def _leans(self, row: Row, column: int) -> int:
        """Whether a text is out of line with all others of its row: 1 below them, -1 above, else 0."""
        own, size = row.cells[column], row.cells[column][0].size
        others = [parts for at, parts in row.cells.items() if at not in (0, column)]
        if self._heading.of_figures or len(others) < _FEW or _is_marked(own):
            return 0
        away = []
        for place in LEVELS.values():
            at, *levels = (place(parts[0].baseline, parts[-1].baseline) for parts in (own, *others))
            level = median(levels)
            if all(abs(one - level) < _IN_LINE * size for one in levels):
                away.append((at - level) / size)
        if away and min(map(abs, away)) > _ASKEW:
            return 1 if min(away) > 0 else -1 if max(away) < 0 else 0
        return 0

    def between_columns(self) -> Iterator[Fault]:
        """Cells between two columns or beside the last, and such as go on from one into the next."""
        boxes = {
            column: {id(row): _around(row.cells[column]) for row in self._rows if column in row.cells}
            for column in self._in_line
        }
        for row in self._rows:
            for first, last in pairwise(self._in_line):
                cells = [row.cells[at] for at in (first, last) if at in row.cells]
                runs_on = any(map(_runs_on, pairwise(cells))) and not self._body.typed
                if runs_on and self._is_one(cells, first):
                    yield self._fault("columns", chain(*cells), [row], first, last)
            for own in (column for column in self._in_line if column in row.cells):
                parts = row.cells[own]
                if _is_marked(parts):
                    continue  # a marker hangs out of line
                # A figure of a text may end in the digits of a mark, and be longer by them.
                if self._body.typed and (self._naming or sum(map(str.isdigit, parts[-1].text)) > 1):
                    continue
                if self._is_fenced(row, own):
                    continue
                others = [box for key, box in boxes[own].items() if key != id(row)]
                leans = _out_of_line(boxes[own][id(row)], others, self._body.size)
                for beside in (own + step for step in leans):
                    if beside == len(self._bands):
                        yield self._fault("beside", parts, [row], own)
                    elif beside in self._in_line:
                        near = [*boxes[beside].values()]
                        if 0 not in leans or _is_between(boxes[own][id(row)], others, near):
                            yield self._fault("between", parts, [row], *sorted((own, beside)))

    def _is_fenced(self, row: Row, column: int) -> bool:
        """Whether lines are drawn on both sides of a cell: then it does not matter where it is in them."""
        box, (left, right) = _around(row.cells[column]), self._bands[column]
        sides = (left - _LEVEL, box.left), (box.right, right + _LEVEL)
        rules = [rule for rule in self._body.verticals if not rule.fill]
        beside = ([rule for rule in rules if low < rule.at < high] for low, high in sides)
        return all(_covered(drawn, row.top, row.bottom) > _DRAWN for drawn in beside)

    def _is_one(self, cells: Sequence[Sequence[Fragment]], column: int) -> bool:
        """Whether cells mean something only together."""
        parts = sorted(chain(*cells), key=lambda part: (part.baseline, part.box.left))
        texts = [join(part.text for part in cell) for cell in (*cells, parts)]
        return [self._heading.understands(self._roles[column], text) for text in texts][1:] == [False, True]

    def broken(self) -> Iterator[Fault]:
        """Figures close below each other for one name, with no rule between them."""
        heights = [at for at, _ in self._separators()]
        for column in self._in_line if self._heading.of_figures else ():
            holders = [row for row in self._rows if column in row.cells]
            for upper, lower in pairwise(holders):
                parts = [*upper.cells[column], *lower.cells[column]]
                names = [row for row in self._named if upper.top <= row.bottom and row.top <= lower.bottom]
                low, high = upper.cells[column][-1].baseline, lower.cells[column][0].baseline
                close = high - low < _BROKEN * parts[0].size and not any(low < at < high for at in heights)
                if close and len(names) == 1:
                    yield self._fault("broken", parts, names, column)


def is_cut(words: Iterable[Word], page: PdfPage) -> bool:
    """Whether a word reaches the page's edge: what is behind it cannot be seen."""
    boxes = [(word.box, 0.05 * word.size) for word in words]
    return any(
        min(box.left, box.top, page.width - box.right, page.height - box.bottom) < near for box, near in boxes
    )


def _around(parts: Iterable[Fragment]) -> Box:
    return Box.around(part.box for part in parts)


def _is_marked(parts: Iterable[Fragment]) -> bool:
    return any(word.markers for part in parts for word in part.words)


def _usual(shares: Iterable[float]) -> bool:
    drawn = [share > _DRAWN for share in shares]
    return bool(drawn) and sum(drawn) >= _USUAL * len(drawn)


def _covered(rules: Iterable[Rule], start: float, end: float) -> float:
    """The share of a stretch, its ends aside, along which rules go."""
    start, end = start + 0.1 * (end - start), end - 0.1 * (end - start)
    along = sum(max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules)
    return along / (end - start) if end > start else 0.0


def _stretches(opened: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last of what is joined, where each says whether it is open to the next."""
    first = 0
    for at, to_next in enumerate([*opened, False]):
        if not to_next:
            if at > first:
                yield first, at
            first = at + 1


def _runs_on(cells: tuple[Sequence[Fragment], Sequence[Fragment]]) -> bool:
    """Whether a line of one cell goes on in the next without white space as between columns."""
    return any(
        one.line is other.line and other.box.left - one.box.right < _CLOSE * one.size
        for one in cells[0]
        for other in cells[1]
    )


def _out_of_line(box: Box, others: Sequence[Box], size: float) -> tuple[int, ...]:
    """Where a cell out of line with its column leans: -1 left, 1 right; -1, 0 and 1 if to neither."""
    middles = [median(map(side, others)) for side in SIDES] if len(others) >= _FEW else []
    clean = [
        (side, middle)
        for side, middle in zip(SIDES, middles, strict=False)
        if all(abs(side(other) - middle) < _IN_LINE * size for other in others)
    ]
    if not clean or any(abs(side(box) - middle) <= _ASIDE * size for side, middle in clean):
        return ()
    if (SIDES[0], middles[0]) in clean and box.left < middles[0]:
        return (-1,)
    if (SIDES[1], middles[1]) in clean and box.right > middles[1]:
        return (1,)
    return -1, 0, 1


def _is_between(box: Box, own: Sequence[Box], beside: Sequence[Box]) -> bool:
    """Whether a cell is well between the others of its column and those of the next."""
    if len(beside) < _FEW:
        return False
    left, right = (own, beside) if own[0].left < beside[0].left else (beside, own)
    low, high = max(other.right for other in left), min(other.left for other in right)
    aside = _BETWEEN * (high - low)
    return low < high and low + aside < box.centre < high - aside
