"""Where a table's columns part: between headings, where no word crosses and what is left lines up.

Every way to part them is tried. The best is the one whose columns' contents share an edge or a
centre, have no wide white space inside, keep to drawn lines, and are under their headings.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from statistics import median

from pipelines.extract.numerals import read_figure
from pipelines.extract.pdf.area import Body, TableHeading, spanning
from pipelines.extract.pdf.model import TEXT_GAP, Box, Word

FIGURE = re.compile(r"[-–—+]|\d{1,3}(?:[.\u00a0 ]?\d{3})*|\d+|\+?\d+\+?")
_WIDE_GAP = 1.0
_RULE_COST = 5.0
_SEVERAL_COST = 10.0
"""Of each further figure in a cell: those of two columns may be near each other, set left and set right."""
_CUT_COST = 0.5
"""Of each line of a text that is cut where one space parts its words."""
_LOOSE = 1.2
"""Font sizes by which words of a text may be beside their place, so that columns may seem to overlap."""
_FIGURE_COST = 2.0
"""Of each figure alone in a text's column of words."""
_HEADING_WEIGHT = 0.5
_MOST_STRAY = 3.0
_KEPT = 12
_LEFTMOST, _RIGHTMOST = float("-inf"), float("inf")

Side = Callable[[Box], float]
_Way = tuple[float, tuple[float, ...]]
SIDES: tuple[Side, ...] = (lambda box: box.left, lambda box: box.right, lambda box: box.centre)


def part(bodies: Sequence[Body], heading: TableHeading, groups: Sequence[Box]) -> tuple[float, ...]:
    """Distances from the left at which the columns part: one fewer than there are columns.

    `groups` are the boxes of the headings above several columns.
    """
    rows = _rows(bodies, heading)
    boxes = [Box.around(boxes) for boxes in zip(*(body.columns for body in bodies), strict=True)]
    rules = _long_rules(bodies)
    costs = _Costs(rows, rules, bodies[0].size, heading, groups, typed=bodies[0].typed)
    ways: list[_Way] = [(0.0, (_LEFTMOST,))]
    for index, box in enumerate(boxes):
        places = _places(index, boxes, rows, bodies, rules) if box is not boxes[-1] else [_RIGHTMOST]
        ways = _best(
            [
                (cost + costs.column(index, box, taken[-1], place), (*taken, place))
                for cost, taken in ways
                for place in places
                if taken[-1] < place
            ]
        )
    return min(ways)[1][1:-1]


def _best(ways: list[_Way]) -> list[_Way]:
    """The cheapest few for each place at which the last two columns part."""
    kept: dict[float, list[_Way]] = {}
    for way in sorted(ways):
        alike = kept.setdefault(way[1][-1], [])
        if len(alike) < _KEPT:
            alike.append(way)
    return [way for alike in kept.values() for way in alike]


def _rows(bodies: Sequence[Body], heading: TableHeading) -> list[list[Word]]:
    return [
        sorted(line.words, key=lambda word: word.box.left)
        for body in bodies
        for line in body.lines
        if not spanning(line, heading, body.columns)
    ]


def _long_rules(bodies: Sequence[Body]) -> list[float]:
    """Places of vertical rules that go along most of the body."""
    height = sum(body.bottom - body.top for body in bodies)
    reach: dict[float, float] = {}
    for body, rule in ((one, rule) for one in bodies for rule in one.verticals):
        inside = min(rule.end, body.bottom) - max(rule.start, body.top)
        at = next((known for known in reach if abs(known - rule.at) < 2), rule.at)
        reach[at] = reach.get(at, 0.0) + max(0.0, inside)
    return sorted(at for at, length in reach.items() if length > 0.4 * height)


def _places(
    index: int,
    boxes: Sequence[Box],
    rows: Sequence[Sequence[Word]],
    bodies: Sequence[Body],
    rules: Sequence[float],
) -> list[float]:
    """Places between two headings that the fewest words cross, one in each free space.

    Where each of these is crossed, so are free spaces below the headings: one may reach over its neighbour.
    """
    low, high = boxes[index].right, boxes[index + 1].left
    words = [word.box for row in rows for word in row]
    if bodies[0].typed:
        words = [_core(box, _LOOSE * bodies[0].size) for box in words]
    labels = [line.box.right for body in bodies for line in body.turned]
    if index == 0:
        low = max([low, *(right for right in labels if right < high)])
    spaces = list(_spaces(words, low, high))
    fewest = min((crossed for *_, crossed in spaces), default=1)
    if fewest and not bodies[0].typed:
        spaces += (one for one in _spaces(words, boxes[index].left, boxes[index + 1].right) if not one[2])
    places = []
    for start, end, crossed in spaces:
        if crossed in (0, fewest):
            ruled = next((at for at in rules if start - 1 <= at <= end + 1), (start + end) / 2)
            places.append(min(max(ruled, start), end))
    return places if low < high and places else [*places, (low + high) / 2]


def _spaces(words: Sequence[Box], low: float, high: float) -> Iterator[tuple[float, float, int]]:
    """The stretches between the edges of words, and how many words cross each."""
    edges = sorted({low, high, *(e for box in words for e in (box.left, box.right) if low < e < high)})
    for start, end in pairwise(edges):
        if end - start > 0.05:
            yield start, end, sum(box.left < (start + end) / 2 < box.right for box in words)


def _core(box: Box, aside: float) -> Box:
    """The middle of a box, without `aside` on either side."""
    aside = min(aside, 0.49 * box.width)
    return Box(box.left + aside, box.top, box.right - aside, box.bottom)


class _Costs:
    """What it costs to take the words between two places as one column; each answer is kept."""

    def __init__(
        self,
        rows: Sequence[Sequence[Word]],
        rules: Sequence[float],
        size: float,
        heading: TableHeading,
        groups: Sequence[Box],
        *,
        typed: bool,
    ) -> None:
        self._rows = [(row, [word.box.centre for word in row]) for row in rows]
        self._rules, self._size, self._heading, self._typed = rules, size, heading, typed
        self._texts = [self._within(row) for row in rows] if typed else []
        self._groups = [
            ((columns[0], columns[-1]), box) for (_, columns), box in zip(heading.groups, groups, strict=True)
        ]
        self.column = cache(self._cost)

    def _cost(self, index: int, printed: Box, low: float, high: float) -> float:
        """In font sizes, summed over lines; `printed` is the column's heading."""
        cells: list[Box] = []
        cost = _CUT_COST * sum(any(start < low < end for start, end in row) for row in self._texts)
        for box, words in self._cells(low, high):
            cells.append(box)
            gaps = ((after.box.left - before.box.right) / self._size for before, after in pairwise(words))
            cost += sum(1 + gap for gap in gaps if gap > _WIDE_GAP)
            if self._typed and index and not self._heading.is_figure(index):
                cost += _FIGURE_COST * bool(FIGURE.fullmatch(" ".join(word.plain for word in words)))
            if self._heading.of_figures and self._heading.is_figure(index):
                texts = [word.plain for word in words if word.plain]
                whole = " ".join(texts)
                if any(map(str.isalpha, whole)) and read_figure(whole):  # `naar behoefte`, `max. 7`
                    continue
                cost += sum(not FIGURE.fullmatch(text) for text in texts)
                if not FIGURE.fullmatch(whole):
                    cost += _SEVERAL_COST * sum("+" not in one + other for one, other in pairwise(texts))
        cost += _RULE_COST * sum(low + 2 < at < high - 2 and self._parts(at, low, high) for at in self._rules)
        if cells:
            cost += min(_strays(cells, side) for side in SIDES) / self._size
            cost += self._under(index, printed, cells)
        return cost

    def _within(self, row: Sequence[Word]) -> list[tuple[float, float]]:
        """The white space of a line that is no wider than between the words of a text."""
        gaps = [(before.box.right, after.box.left) for before, after in pairwise(row)]
        return [(start, end) for start, end in gaps if end - start < TEXT_GAP * self._size]

    def _cells(self, low: float, high: float) -> Iterator[tuple[Box, Sequence[Word]]]:
        """The words of each line between two places, and the box around them."""
        for row, centres in self._rows:
            words = row[bisect_left(centres, low) : bisect_left(centres, high)]
            if words:
                yield Box.around(word.box for word in words), words

    def _under(self, index: int, printed: Box, cells: Sequence[Box]) -> float:
        """For cells to be under a heading: an edge or centre in common, or an edge of its group's.

        What is not in line says little, however far it is.
        """
        places = [median(side(cell) for cell in cells) for side in SIDES]
        away = [abs(side(printed) - place) for side, place in zip(SIDES, places, strict=True)]
        for (first, last), group in self._groups:
            away += [abs(group.left - places[0])] if index == first else []
            away += [abs(group.right - places[1])] if index == last else []
        nearest = min(away) / self._size
        return _HEADING_WEIGHT * (min(nearest, 0.6) + 0.1 * nearest)

    def _parts(self, at: float, low: float, high: float) -> bool:
        """Whether a rule has words of the column on both sides: an outer frame has not."""
        found = [word.box.centre < at for _, words in self._cells(low, high) for word in words]
        return any(found) and not all(found)


def _strays(cells: Iterable[Box], side: Side) -> float:
    """How far cells are from sharing a side, in points; what is far off counts no more than far."""
    places = [side(cell) for cell in cells]
    middle = median(places)
    return sum(min(abs(place - middle), 10 * _MOST_STRAY) for place in places)
