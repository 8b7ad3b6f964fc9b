"""Rows of a table of figures: each has figures on one height, and a name of one or more lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from pipelines.extract.pdf.bands import GOES_ON, MISSING, Ends, Row, Step, by_column, cheapest
from pipelines.extract.pdf.cells import Fragment, join
from pipelines.extract.pdf.heading import TableHeading, folded
from pipelines.extract.pdf.pricing import CROSSES_RULE, Prices, Setting, askew

MOST_LINES = 8
"""A name of more lines is no name of these tables."""
STRANGE_REGION = 6.0
STRANGE_BOLD_REGION = 1.5
REGION_AS_ROW = 3.0


class FigureRows:
    """Rows of a table of figures: each has figures on one height, and a name of one or more lines."""

    def __init__(self, heading: TableHeading) -> None:
        self._regions = {folded(region) for region in heading.regions}

    def rows(
        self, page: int, found: Sequence[Fragment], price: Prices, setting: Setting, ends: Ends
    ) -> tuple[float, list[Row]]:
        """The cheapest rows of one page, and their price."""
        names = sorted((part for part in found if part.column == 0), key=lambda part: part.baseline)
        anchors = _anchors([part for part in found if part.column], price.size, setting)

        levels = [sum(part.baseline for part in anchor) / len(anchor) for anchor in anchors]

        @cache
        def as_text(name: int, end: int) -> float:
            cost = price.text(names[name:end])
            return cost + (price.between(names[end - 1], names[end]) if end < len(names) else 0.0)

        @cache
        def as_name(name: int, end: int) -> tuple[float, float]:
            return self._as_name(names[name:end])

        def as_row(name: int, end: int, anchor: int) -> float:
            cost = as_name(name, end)[1]
            return cost + _set_together(names[name:end], anchors[anchor], price, setting)

        def alone(name: int, anchor: int) -> Iterator[Step]:
            """Figures without a name, once the names above them are taken."""
            if name < len(names) and names[name].baseline < levels[anchor] - price.size:
                return
            cells = by_column(anchors[anchor])
            yield MISSING, (name, anchor + 1), Row(page, cells)
            if name == len(names) and anchor == len(anchors) - 1 and ends.after:
                yield GOES_ON, (name, anchor + 1), Row(page, cells, goes_on=True)

        def steps(at: tuple[int, ...]) -> Iterator[Step]:
            name, anchor = at
            if anchor < len(anchors):
                yield from alone(name, anchor)
            for end in range(name + 1, min(name + MOST_LINES, len(names)) + 1):
                lines = names[name:end]
                cost = as_text(name, end)
                first = name == 0 and anchor == 0
                strange = GOES_ON if first and ends.pending else 0.0
                region = Row(page, {0: lines}, region=True)
                if anchor == len(anchors) or lines[0].baseline < levels[anchor] + price.size:
                    yield cost + strange + as_name(name, end)[0], (end, anchor), region
                if first and ends.before:
                    known = 0.0 if ends.pending else GOES_ON
                    yield cost + known, (end, anchor), Row(page, {0: lines}, begun=True)
                if end == len(names) and anchor == len(anchors) and ends.after:
                    yield cost + GOES_ON, (end, anchor), Row(page, {0: lines}, goes_on=True)
                if anchor < len(anchors) and _is_near(lines, levels[anchor], price.size):
                    cells = {0: lines, **by_column(anchors[anchor])}
                    spent = as_row(name, end, anchor)
                    yield cost + spent, (end, anchor + 1), Row(page, cells)

        return cheapest((len(names), len(anchors)), steps)

    def _as_name(self, lines: Sequence[Fragment]) -> tuple[float, float]:
        """Price of taking a text for the name of a region, and of taking it for that of a row."""
        known = folded(join(part.text for part in lines)) in self._regions
        ends_in_region = any(folded(part.text) in self._regions for part in lines[1:])
        strange = STRANGE_BOLD_REGION if lines[0].bold or lines[0].spanning else STRANGE_REGION
        row = REGION_AS_ROW if known or ends_in_region or lines[0].spanning else 0.0
        return 0.0 if known else strange, row


def _set_together(
    lines: Sequence[Fragment], anchor: Sequence[Fragment], price: Prices, setting: Setting
) -> float:
    """Price of how a name and its figures are set against each other."""
    heights = [part.baseline for part in anchor]
    firsts, lasts = [lines[0].baseline, min(heights)], [lines[-1].baseline, max(heights)]
    cost = askew(setting, firsts, lasts, price.size)
    return cost + CROSSES_RULE * price.crossed(min(firsts), max(lasts))


def _is_near(lines: Sequence[Fragment], level: float, size: float) -> bool:
    return lines[0].baseline - 2.5 * size < level < lines[-1].baseline + 2.5 * size


def _anchors(figures: Sequence[Fragment], size: float, setting: Setting) -> list[list[Fragment]]:
    """Figures on one height, one of each column; a marker may push its line down a little."""
    cells = sorted(((_level(lines, setting), lines) for lines in _sums(figures)), key=lambda cell: cell[0])
    anchors: list[list[Fragment]] = []
    first = float("-inf")
    for level, lines in cells:
        taken = {part.column for part in anchors[-1]} if anchors else set()
        if level - first > 0.6 * size or lines[0].column in taken:
            anchors.append([])
            first = level
        anchors[-1].extend(lines)
    return anchors


def _sums(figures: Sequence[Fragment]) -> list[list[Fragment]]:
    """Figures, the lines of a sum that is broken at its plus taken together."""
    cells: list[list[Fragment]] = []
    for part in sorted(figures, key=lambda part: (part.column, part.baseline)):
        last = cells[-1][-1] if cells else None
        if last is not None and last.column == part.column:
            pitch = (part.baseline - last.baseline) / part.size
            if pitch < 1.6 and (last.text.endswith("+") or part.text.startswith("+")):
                cells[-1].append(part)
                continue
        cells.append([part])
    return cells


def _level(lines: Sequence[Fragment], setting: Setting) -> float:
    first, last = lines[0].baseline, lines[-1].baseline
    return first if setting == "top" else last if setting == "bottom" else (first + last) / 2
