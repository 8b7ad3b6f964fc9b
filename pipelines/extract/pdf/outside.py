"""Lines of an annex that its table leaves: running text around it, or words that stand in columns.

Words in columns are not running text: rows below the totals row, a second table, a line of the heading that
the layout does not know. Notes, sources and sentences have no figure with white space of its own around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from pipelines.extract.pdf.columns import FIGURE, SIDES
from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Word, grouped, plain_text, runs
from pipelines.extract.pdf.table import PdfTable

_APART, _WIDE = 1.0, 1.5
"""White space, in font sizes, that parts cells, and that parts words above a table."""
_IN_LINE = 0.3  # font sizes up to which two lines begin at one place
_PITCH = 2.2  # font sizes between the baselines of two rows, at most
_MARGIN = 0.12  # share of a page's height in which heads and feet are
_LISTED = 3  # figures below each other that are a column
_MOST_NAMES = 2  # texts of one row without figures: its region and its mission

_Run = tuple[Word, ...]


def left(document: PdfDocument, table: PdfTable, numbers: Collection[int]) -> Iterator[list[int]]:
    """Of the lines `numbers`, which the table leaves, those that are not running text; neighbours together.

    They are lines among its rows or beside them, lines of its heading, and lines in columns below it.
    """
    first, last = min(table.grid.heading, default=0), table.last_line
    lines = [(page, line) for page in document.pages for line in page.lines if line.number in numbers]
    yield from (
        [line.number] for page, line in lines if line.number < first and _is_heading(page, line, table)
    )
    yield from ([line.number] for _, line in lines if first < line.number < last)
    yield from ([number] for number in table.strays(document))
    closing = [(page, line) for page in document.pages for line in page.lines if line.number == last]
    yield from _Below(table).groups([*closing, *((page, line) for page, line in lines if line.number > last)])


def _is_heading(page: PdfPage, line: PdfLine, table: PdfTable) -> bool:
    """Whether a line above a table is within its frame, or has a text over columns behind the first."""
    boxes = next((one.columns for one in table.grid.stretches), ())
    frame = [rule for rule in page.rules if not rule.horizontal and not rule.fill]
    inside = [
        rule
        for rule in frame
        if boxes and rule.start < line.box.middle < min(box.top for box in boxes) < rule.end
    ]
    _, *texts = runs(line.words, _WIDE)
    over = any(text[-1].box.right > box.left for text in texts for box in boxes[1:2])
    return len(inside) > 1 or over or any(map(_is_figure, texts))


class _Below:
    """What of the lines below a table stands in columns: its own, or those of another table."""

    def __init__(self, table: PdfTable) -> None:
        self._heading = table.heading
        last = next(reversed(table.grid.stretches), None)
        headed = list(zip(last.columns if last else (), table.edges(last), strict=False))
        self._lefts = [(box.left, left) for box, (left, _) in headed]
        self._reach = [
            (min(box.left, left), max(box.right, right)) if right else (box.left, box.right)
            for box, (left, right) in headed
        ]

    def groups(self, lines: Sequence[tuple[PdfPage, PdfLine]]) -> Iterator[list[int]]:
        """Those in columns, neighbours together; the first of `lines` is the last of the table."""
        order = [line for _, line in lines]
        taken = {line.number for page, line in lines[1:] if self._is_row(line, page)}
        taken |= set(self._alike(line for line in order[1:] if line.number not in taken))
        taken |= set(_lists([line for line in order[1:] if line.number not in taken]))
        for near, line in [*pairwise(order), *pairwise(order[::-1])]:
            known = near.number in taken or (
                near is order[0] and self._heading.role_of(plain_text(line.words))
            )
            if known and self._is_name(line, near):
                taken.add(line.number)
        found = [at for at, line in enumerate(order) if at and line.number in taken]
        for group in grouped(found, lambda group, at: at - group[-1] > 1):
            yield [order[at].number for at in group]

    def _is_row(self, line: PdfLine, page: PdfPage) -> bool:
        """Whether a line is a row by itself: by figures in columns, or by cells that are understood."""
        cells = list(runs(line.words, _APART))
        if not self._heading.of_figures:
            roles = {self._role(cell) for cell in cells} - {None}
            begun = [place for cell in cells if (place := self._begun(cell))]
            within = len(begun) == len(cells) and all(map(self._is_within, cells, begun))
            return len(roles) > 1 or len(begun) > 2 or (within and not _is_foot(line, page))
        figures = [cell for cell in cells if _is_figure(cell)]
        if _is_figure(cells[-1]) and self._heading.role_of(plain_text(cells[0])):
            return True
        if len(cells) - len(figures) > _MOST_NAMES or not any(
            left < cell[-1].box.right and cell[0].box.left < right
            for cell in figures
            for left, right in self._reach[1:]
        ):
            return False
        return len(figures) > 1 or not _is_foot(line, page)

    def _role(self, cell: _Run) -> str | None:
        roles = [role for role in self._heading.roles if role != "region"]
        return next((role for role in roles if self._heading.understands(role, plain_text(cell))), None)

    def _begun(self, cell: _Run) -> int | None:
        """The column that has its heading, or its cells, begin where a text does."""
        left, near = cell[0].box.left, _IN_LINE * cell[0].size
        places = (at for at, lefts in enumerate(self._lefts) if any(abs(left - one) < near for one in lefts))
        return next(places, None)

    def _is_within(self, cell: _Run, column: int) -> bool:
        """Whether a text ends before the next column, or no further than the last one."""
        lefts = [min(lefts) for lefts in self._lefts[column + 1 : column + 2]]
        return cell[-1].box.right < (lefts or [self._reach[column][1] + cell[0].size])[0]

    def _alike(self, lines: Iterable[PdfLine]) -> Iterator[int]:
        """Lines of another table: at least two that have figures at one place behind other words."""
        ends: dict[int, list[int]] = {}
        for line in lines:
            _, *cells = runs(line.words, _APART)
            if len(cells) <= len(self._heading.columns):
                for box in (Box.around(word.box for word in cell) for cell in filter(_is_figure, cells)):
                    for side in SIDES:
                        ends.setdefault(round(side(box)), []).append(line.number)
        for numbers in ends.values():
            if len(set(numbers)) > 1:
                yield from numbers

    def _is_name(self, line: PdfLine, near: PdfLine) -> bool:
        """Whether a line beside a row has nothing but a text in the first column."""
        first, other = line.words[0], near.words[0]
        close = line.page == near.page and abs(first.baseline - other.baseline) < _PITCH * first.size
        within = any(abs(first.box.left - left) < first.size for lefts in self._lefts[:1] for left in lefts)
        return close and within and line.words[-1].box.right < self._reach[1][0]


def _is_figure(cell: _Run) -> bool:
    """Whether a text is a figure, or several close to each other."""
    return all(FIGURE.fullmatch(word.plain) for word in cell)


def _lists(lines: Sequence[PdfLine]) -> Iterator[int]:
    """Lines that are a figure each, one below the other: a column that goes on without its names."""
    alone = (line for line in lines if _is_figure(tuple(line.words)))

    def apart(group: Sequence[PdfLine], line: PdfLine) -> bool:
        upper = group[-1]
        return line.page != upper.page or upper.box.aside(line.box) >= line.words[0].size / 2

    for group in grouped(alone, apart):
        if len(group) >= _LISTED:
            yield from (line.number for line in group)


def _is_foot(line: PdfLine, page: PdfPage) -> bool:
    """Whether a line is the first or last of its page, near the edge and far from the others."""
    lines = page.lines if line is page.lines[0] else page.lines[::-1]
    apart = [abs(other.box.middle - line.box.middle) for other in lines[1:2]]
    edge = min(line.box.bottom, page.height - line.box.top) < _MARGIN * page.height
    return line is lines[0] and edge and all(away > _PITCH * line.words[0].size for away in apart)
