"""Rows of a table, and the cheapest way to cut a page into them from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import groupby

from pipelines.extract.pdf.area import Body, spanning
from pipelines.extract.pdf.cells import Fragment
from pipelines.extract.pdf.heading import TableHeading

MISSING = 10.0
GOES_ON = 4.0


@dataclass
class Row:
    """Lines of one row by column. `region` marks one that only names what follows.

    `begun` says that it began on the page before, `goes_on` that it ends on the next.
    """

    page: int
    cells: dict[int, list[Fragment]] = field(default_factory=dict)
    region: bool = False
    begun: bool = False
    goes_on: bool = False

    @property
    def fragments(self) -> list[Fragment]:
        """All its lines, column by column."""
        return [part for column in sorted(self.cells) for part in self.cells[column]]

    @property
    def top(self) -> float:
        """Top of its highest line, labels left out."""
        return min(part.box.top for part in self.fragments)

    @property
    def bottom(self) -> float:
        """Bottom of its lowest line, labels left out."""
        return max(part.box.bottom for part in self.fragments)


def fragments(body: Body, parts: Sequence[float], heading: TableHeading) -> list[Fragment]:
    """A body's lines cut at the places where columns part; a region's name stays whole."""
    found: list[Fragment] = []
    for line in body.lines:
        if spanning(line, heading, body.columns[1].left) and not heading.labelled:
            found.append(Fragment(0, line, 0, len(line.words) - 1, spanning=True))
            continue
        columns = [sum(word.box.centre > place for place in parts) for word in line.words]
        for column, along in groupby(range(len(columns)), key=columns.__getitem__):
            positions = list(along)
            found.append(Fragment(column, line, positions[0], positions[-1]))
    return found


def by_column(parts: Sequence[Fragment]) -> dict[int, list[Fragment]]:
    """Lines by column, each column's from top to bottom."""
    cells: dict[int, list[Fragment]] = {}
    for part in sorted(parts, key=lambda part: (part.column, part.baseline)):
        cells.setdefault(part.column, []).append(part)
    return cells


@dataclass(frozen=True)
class Ends:
    """Whether a page has the table's rows before and after it."""

    before: bool
    after: bool
    pending: bool = False
    """The page before ended within a row."""


Step = tuple[float, tuple[int, ...], Row | None]


def cheapest(
    goal: tuple[int, ...], steps: Callable[[tuple[int, ...]], Iterator[Step]]
) -> tuple[float, list[Row]]:
    """The cheapest way from (0, 0, …) to `goal`; every step goes forward."""
    start = tuple(0 for _ in goal)
    best: dict[tuple[int, ...], tuple[float, tuple[int, ...] | None, Row | None]] = {start: (0.0, None, None)}
    waiting = [start]
    seen = {start}
    while waiting:
        at = heappop(waiting)
        for price, to, row in steps(at):
            cost = best[at][0] + price
            if to not in best or cost < best[to][0] - 1e-9:
                best[to] = (cost, at, row)
            if to not in seen:
                seen.add(to)
                heappush(waiting, to)
    rows: list[Row] = []
    place: tuple[int, ...] | None = goal
    while place is not None:
        _, before, row = best[place]
        if row is not None:
            rows.append(row)
        place = before
    return best[goal][0], rows[::-1]
