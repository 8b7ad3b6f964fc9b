"""Labels in a table's first column, upright or rotated, and the rows that each heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate, pairwise

from pipelines.extract.pdf.area import Body, TableHeading, folded
from pipelines.extract.pdf.model import Box, PdfLine
from pipelines.extract.pdf.rows import Alignment, Fragment, PdfCell, Row, Spacing, cell

_RULE_INSIDE = 6.0
_NO_RULE = 2.0
_ODD = 0.8
_NO_LABEL = 5.0
_NO_LABEL_AFTER_BREAK = 0.5
_SURE = 0.5  # of a row: by how much labels must be further off, if a row is surely not another's
_EXACT = 0.15  # font sizes
_EVEN = 1.5  # times the smallest that the largest distance of rows is, where all are set alike

Price = Callable[["Label", int, int], float]


@dataclass(frozen=True)
class Label:
    """What a label says, and the part of the page that it takes."""

    cell: PdfCell
    box: Box
    first: float
    last: float
    turned: bool

    @classmethod
    def of(cls, parts: Sequence[Fragment], *, turned: bool) -> Label:
        box, made = Box.around(part.box for part in parts), cell(parts)
        assert made is not None, "a label has lines"
        ends = (box.top, box.bottom) if turned else (parts[0].baseline, parts[-1].baseline)
        return cls(made, box, *ends, turned)


def assign(
    body: Body,
    rows: Sequence[Row],
    found: Sequence[Fragment],
    spacing: Spacing,
    heading: TableHeading,
    alignment: Alignment,
    *,
    first: bool,
) -> tuple[list[tuple[PdfCell, ...]], bool]:
    """Each row's label, and behind it others that may as well be its own; none where the page shows none.

    And whether rules are drawn between the rows of all labels.

    A row without one has that of the page before. `alignment` is that of the other cells; `first` says that
    there is no page before.
    """
    heights = _rules_through(body)
    beside = _beside(found, rows)
    if body.typed:  # rotated labels may have come to one line
        beside = [one for part in beside for one in _apart(part.line, heading, part.first, part.last)]
    labels = _turned(body, heading) + _upright(beside, spacing, heading, heights)
    labels.sort(key=lambda label: label.box.middle)
    if not labels or len(labels) > len(rows):
        return [()] * len(rows), True
    layout = _Layout(body, rows, heights, spacing, first=first)
    if len(labels) < len(rows) and all(map(layout.has_rule, range(1, len(rows)))):
        layout = _Layout(body, rows, (), spacing, first=first)  # blank cells below a label, each ruled off
    prices: dict[Alignment, Price] = {
        "middle": layout.from_middle,
        "top": partial(layout.from_level, at_top=True),
        "bottom": partial(layout.from_level, at_top=False),
    }
    ways = {way: layout.priced(labels, price) for way, price in prices.items()}
    ways["middle"] = min(layout.centred(labels), ways["middle"])
    # Rotated labels are hardly ever set but in the middle, upright ones mostly as the other cells.
    usual: Alignment = "middle" if any(label.turned for label in labels) else alignment
    way = min(ways, key=lambda way: (ways[way][0] + (0.0 if way == usual else _ODD), ways[way][1]))
    counts = ways[way][1]
    shared: list[tuple[PdfCell, ...]] = [()] * (len(rows) - sum(counts))
    shared += [(label.cell,) for label, count in zip(labels, counts, strict=True) for _ in range(count)]
    if not (way == "middle" and layout.is_exact(labels, counts)):
        for row, other in layout.rivals(labels, counts, prices[way]):
            shared[row] += (other.cell,)
    return shared, layout.is_closed(counts)


def _apart(
    line: PdfLine, heading: TableHeading, first: int = 0, last: int | None = None
) -> Iterator[Fragment]:
    """The labels on one line or a part of it: cut where that makes known regions of all its parts."""
    words = line.words[first : None if last is None else last + 1]
    regions = {folded(region) for region in heading.regions}
    ways: dict[int, list[tuple[int, int]]] = {0: []}  # how words up to here may be parted
    for end in range(1, len(words) + 1):
        for start in [*ways]:
            if folded("".join(word.plain for word in words[start:end])) in regions:
                ways[end] = [*ways[start], (start, end)]
                break
    for start, end in ways.get(len(words), [(0, len(words))]):
        yield Fragment(0, line, first + start, first + end - 1)


def _turned(body: Body, heading: TableHeading) -> list[Label]:
    """Rotated labels; those of several lines are beside each other."""
    lines = sorted(
        (line for line in body.turned if line.box.centre < body.parts[0]),
        key=lambda line: line.box.left if line.direction == "up" else -line.box.right,
    )
    groups: list[list[Fragment]] = []
    for part in (part for line in lines for part in _apart(line, heading)):
        beside = next((group for group in groups if _is_beside(group[-1].box, part)), [])
        if not beside:
            groups.append(beside)
        beside.append(part)
    return [Label.of(group, turned=True) for group in groups]


def _beside(found: Sequence[Fragment], rows: Sequence[Row]) -> list[Fragment]:
    """Lines of the first column that belong to the rows: not those of text that follows them."""
    used = {id(part) for row in rows for part in row.fragments}
    other = {part.line.number for part in found if part.column and id(part) not in used}
    low = max(row.bottom for row in rows)
    kept: list[Fragment] = []
    for part in sorted((part for part in found if part.column == 0), key=lambda part: part.baseline):
        if part.line.number in other:
            break
        if part.box.top > low and (not kept or part.baseline - kept[-1].baseline > 1.6 * part.size):
            break
        kept.append(part)
    return kept


def _is_beside(box: Box, part: Fragment) -> bool:
    overlap = min(box.bottom, part.box.bottom) - max(box.top, part.box.top)
    away = max(part.box.left - box.right, box.left - part.box.right)
    return overlap > 0.5 * min(box.height, part.box.height) and away < 0.9 * part.size


def _upright(
    found: Sequence[Fragment], spacing: Spacing, heading: TableHeading, heights: Sequence[float]
) -> list[Label]:
    """Labels that read as the rows do: lines of the first column, cut into known regions."""
    lines = sorted((part for part in found if part.column == 0), key=lambda part: part.baseline)
    texts = Counter(folded(part.text) for part in lines)
    often = {text for text, count in texts.items() if count > 1}  # a code that each row repeats
    regions = {folded(region) for region in heading.regions} | often
    page = lines[0].line.page if lines else 0
    own = Spacing(spacing.pitch, {page: heights}, spacing.size)
    best: list[tuple[tuple[int, float], list[list[Fragment]]]] = [((0, 0.0), [])]
    for end in range(1, len(lines) + 1):
        ways = []
        for start in range(max(0, end - 6), end):
            group = lines[start:end]
            made = cell(group)
            # A name that is unknown is no longer one where its lines are apart.
            signs = sum(own.parted(upper, lower) > 0 for upper, lower in pairwise(group))
            unknown = 0 if made and folded(made.text) in regions else 1 + signs
            (amiss, misfit), before = best[start]
            ways.append(((amiss + unknown, misfit + own.text(group)), [*before, group]))
        best.append(min(ways, key=lambda way: way[0]))
    return [Label.of(group, turned=False) for group in best[-1][1]]


def _rules_through(body: Body) -> list[float]:
    """Heights of rules that go through the first column as well as the second."""
    left = body.columns[0].left
    return [
        rule.at
        for rule in body.horizontals
        if rule.start < left + 0.3 * (body.parts[0] - left) and rule.end > body.columns[1].left
    ]


class _Layout:
    """Rows of a page and the white space between them, into which the borders of labels fall."""

    def __init__(
        self, body: Body, rows: Sequence[Row], heights: Sequence[float], spacing: Spacing, *, first: bool
    ) -> None:
        self._rows = rows
        self._heights = heights
        self._size = body.size
        self._first = first
        # Rows of a label that is longer than they are have white space below them, the last ones too.
        white = max((lower.top - upper.bottom for upper, lower in pairwise(rows)), default=0.0)
        low = rows[-1].bottom
        lowest = max(
            low + white, *(end + 2 * body.size for end in (low, *(line.box.bottom for line in body.turned)))
        )
        highest = min([rows[0].top, *(line.box.top for line in body.turned)]) - 0.8 * body.size
        if body.place:
            highest = max(highest, body.top)
        self._gaps = [
            (highest, rows[0].top),
            *((min(upper.bottom, lower.top), lower.top) for upper, lower in pairwise(rows)),
            (rows[-1].bottom, lowest),
        ]
        # The outer borders are better known where a rule is drawn or rules between columns end.
        drawn = spacing.heights.get(body.page, ())
        above = [at for at in drawn if highest - 8 < at < rows[0].top + 1]
        ends = [rule.end for rule in body.verticals if not rule.fill]
        below = [at for at in (*drawn, *ends) if rows[-1].bottom - 1 < at < lowest + 30]
        if above:
            self._gaps[0] = (above[-1], above[-1] + 0.1)
        if below:
            self._gaps[-1] = (min(below), min(below) + 0.1)

    def centred(self, labels: Sequence[Label]) -> tuple[float, tuple[int, ...]]:
        """Each label in the middle of its rows: one border then gives the next, by reflection."""
        starts = ((start, edge) for start in self._starts(labels) for edge in self._edges(start))
        return min((self._reflected(labels, *start) for start in starts), key=lambda way: way[0])

    def _edges(self, border: int) -> Iterator[float]:
        """Heights at which a border may be."""
        low, high = self._gaps[border]
        steps = max(1, min(200, round((high - low) / 0.25)))
        yield from (low + (high - low) * step / steps for step in range(steps + 1))

    def _borders(self, counts: Sequence[int]) -> list[int]:
        """The rows that labels of so many rows each begin with, and where the last ends."""
        return [*accumulate(counts, initial=len(self._rows) - sum(counts))]

    def is_closed(self, counts: Sequence[int]) -> bool:
        """Whether a rule through the labels is at each border between two of them."""
        return all(map(self.has_rule, self._borders(counts)[1:-1]))

    def has_rule(self, border: int) -> bool:
        low, high = self._gaps[border]
        return any(low - 2 < height < high + 2 for height in self._heights)

    def is_exact(self, labels: Sequence[Label], counts: Sequence[int]) -> bool:
        """Whether each label is in the middle of its rows, by borders that are all between rows.

        One that is off moves the borders of all labels below it.
        """
        borders, lowest, pitches = self._borders(counts), self._gaps[-1][1], self._pitches
        if pitches and max(pitches) < _EVEN * min(pitches):
            lowest = min(lowest, self._rows[-1].bottom + min(pitches) / 2)
        for start in self._edges(borders[0]):
            edge = start
            for label, border in zip(labels, borders[1:], strict=True):
                edge = 2 * label.box.middle - edge
                if self._away(edge, border) > _EXACT * self._size:
                    break
            else:
                if edge < lowest + _EXACT * self._size:
                    return True
        return False

    @property
    def _pitches(self) -> list[float]:
        """From each row to the next."""
        return [below.top - row.top for row, below in pairwise(self._rows)]

    def _reflected(self, labels: Sequence[Label], start: int, edge: float) -> tuple[float, tuple[int, ...]]:
        cost = self._unlabelled(start)
        counts: list[int] = []
        at = start
        for index, label in enumerate(labels):
            edge = 2 * label.box.middle - edge
            last = len(self._rows) - (len(labels) - index - 1)
            choices = range(at + 1, last + 1) if index < len(labels) - 1 else (len(self._rows),)
            away, end = min((self._away(edge, border), border) for border in choices)
            cost += away / self._size + self._rules(at, end)
            counts.append(end - at)
            at = end
        return cost, tuple(counts)

    def _away(self, edge: float, border: int) -> float:
        low, high = self._gaps[border]
        return max(0.0, low - edge, edge - high)

    def from_level(self, label: Label, start: int, end: int, *, at_top: bool) -> float:
        """How far a label is from being level with the first of its rows, or with the last."""
        row = self._rows[start if at_top else end - 1]
        levels = [part.baseline for part in row.fragments]
        if label.turned:
            away = abs(label.box.top - row.top) if at_top else abs(label.box.bottom - row.bottom)
        else:
            away = abs(label.first - min(levels)) if at_top else abs(label.last - max(levels))
        return away / self._size + self._rules(start, end)

    def from_middle(self, label: Label, start: int, end: int) -> float:
        """How far a label is from the middle of its rows: where one is off, the next need not be."""
        middle = (self._rows[start].top + self._rows[end - 1].bottom) / 2
        return abs(label.box.middle - middle) / self._size + self._rules(start, end)

    def rivals(
        self, labels: Sequence[Label], counts: Sequence[int], price: Price
    ) -> Iterator[tuple[int, Label]]:
        """Rows that could be another label's for hardly more than they cost now, each with that one."""
        rest, borders, end = self._rest(labels, price), self._borders(counts), len(self._rows)
        pitch = min(self._pitches, default=0.0) / self._size
        most = sum(map(price, labels, borders, borders[1:])) + _SURE * pitch
        before, found = {borders[0]: 0.0}, set[tuple[int, int]]()
        for at, label in enumerate(labels):
            after: dict[int, float] = {}
            for start, cost in before.items():
                for stop in range(start + 1, end + 1):
                    after[stop] = min(spent := cost + price(label, start, stop), after.get(stop, spent))
                    if spent + rest(at + 1, stop)[0] < most:
                        others = [*range(start, borders[at]), *range(borders[at + 1], stop)]
                        found |= {(row, at) for row in others if start <= row < stop}
            before = after
        yield from ((row, labels[at]) for row, at in sorted(found))

    def priced(self, labels: Sequence[Label], price: Price) -> tuple[float, tuple[int, ...]]:
        """The cheapest way to give each label rows."""
        rest = self._rest(labels, price)
        ways = ((rest(0, start), self._unlabelled(start)) for start in self._starts(labels))
        return min((cost + bare, counts) for (cost, counts), bare in ways)

    def _rest(
        self, labels: Sequence[Label], price: Price
    ) -> Callable[[int, int], tuple[float, tuple[int, ...]]]:
        """The cheapest way to give labels from one on the rows from one on: its cost, and rows per label."""

        @cache
        def best(index: int, start: int) -> tuple[float, tuple[int, ...]]:
            if index == len(labels):
                return (0.0, ()) if start == len(self._rows) else (float("inf"), ())
            left = len(labels) - index - 1
            ways = []
            for end in range(start + 1, len(self._rows) - left + 1):
                cost, counts = best(index + 1, end)
                ways.append((price(labels[index], start, end) + cost, (end - start, *counts)))
            return min(ways, default=(float("inf"), ()))

        return best

    def _starts(self, labels: Sequence[Label]) -> range:
        return range(len(self._rows) - len(labels) + 1)

    def _unlabelled(self, start: int) -> float:
        if start == 0:
            return 0.0
        return _NO_LABEL if self._first else _NO_LABEL_AFTER_BREAK

    def _rules(self, start: int, end: int) -> float:
        """For rules through the first column among the rows of one label, or none where they end."""
        inside = sum(self._rows[start].bottom < height < self._rows[end - 1].top for height in self._heights)
        if not self._heights or end == len(self._rows):
            return _RULE_INSIDE * inside
        return _RULE_INSIDE * inside + (0.0 if self.has_rule(end) else _NO_RULE)
