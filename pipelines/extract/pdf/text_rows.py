"""Rows of a table of texts: each fills every column after the first, which holds labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.extract.pdf.bands import GOES_ON, MISSING, Ends, Row, Step, by_column, cheapest
from pipelines.extract.pdf.cells import Fragment
from pipelines.extract.pdf.heading import TableHeading
from pipelines.extract.pdf.pricing import CROSSES_RULE, Prices, Setting, askew

TAIL = 4.0
_MOST_HEIGHTS = 20
_TALLEST = 14.0
"""Font sizes between the first and the last baseline of a row, at most."""


class TextRows:
    """Rows of a table of texts: each fills every column after the first, which holds labels."""

    def __init__(self, heading: TableHeading) -> None:
        self._columns = range(1, len(heading.columns))
        self._known: dict[tuple[int, int, int], tuple[dict[int, list[Fragment]], float]] = {}

    def rows(
        self, page: int, found: Sequence[Fragment], price: Prices, setting: Setting, ends: Ends
    ) -> tuple[float, list[Row]]:
        """The cheapest rows of one page, and their price. What follows the last row is left out."""
        heights = _heights_of(found, price.size)

        def steps(at: tuple[int, ...]) -> Iterator[Step]:
            (first,) = at
            for end in range(first + 1, min(first + _MOST_HEIGHTS, len(heights)) + 1):
                if heights[end - 1][0].baseline - heights[first][0].baseline > _TALLEST * price.size:
                    break
                cells, cost = self._segment(page, heights, first, end, price)
                cost += _set(cells, setting, price)
                missing = sum(column not in cells for column in self._columns)
                yield cost + MISSING * missing, (end,), Row(page, cells)
                if first == 0 and ends.before and missing:
                    yield cost + GOES_ON, (end,), Row(page, cells, begun=True)
                if end == len(heights) and ends.after and missing:
                    yield cost + GOES_ON, (end,), Row(page, cells, goes_on=True)
            yield TAIL * (len(heights) - first), (len(heights),), None

        return cheapest((len(heights),), steps)

    def _segment(
        self, page: int, heights: Sequence[Sequence[Fragment]], first: int, end: int, price: Prices
    ) -> tuple[dict[int, list[Fragment]], float]:
        """The cells that some heights make, and their price however they are set."""
        key = (page, first, end)
        if key not in self._known:
            cells = by_column([part for level in heights[first:end] for part in level])
            cost = sum(price.text(lines) for lines in cells.values())
            cost += CROSSES_RULE * price.crossed(heights[first][0].baseline, heights[end - 1][0].baseline)
            if end < len(heights):
                cost += self._border(cells, heights[end:], price)
            self._known[key] = (cells, cost)
        return self._known[key]

    def _border(
        self, cells: dict[int, list[Fragment]], below: Sequence[Sequence[Fragment]], price: Prices
    ) -> float:
        """The dearest of the columns' breaks between a row and the next."""
        cost = 0.0
        for column, lines in cells.items():
            lower = next((part for level in below[:3] for part in level if part.column == column), None)
            if lower is not None:
                cost = max(cost, price.between(lines[-1], lower))
        return cost


def _set(cells: dict[int, list[Fragment]], setting: Setting, price: Prices) -> float:
    firsts = [lines[0].baseline for lines in cells.values()]
    lasts = [lines[-1].baseline for lines in cells.values()]
    return askew(setting, firsts, lasts, price.size)


def _heights_of(found: Sequence[Fragment], size: float) -> list[list[Fragment]]:
    """Lines of the columns after the first by the height they stand on."""
    levels: list[list[Fragment]] = []
    for part in sorted((part for part in found if part.column), key=lambda part: part.baseline):
        if levels and part.baseline - levels[-1][0].baseline <= 0.1 * size:
            levels[-1].append(part)
        else:
            levels.append([part])
    return levels
