"""The part of each page that a table's body takes: from below its heading to what is no row of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from pipelines.extract.pdf.heading import HeadingPlace, TableHeading, find, folded
from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Rule, Word

_LARGE, _LARGE_IN_PICTURE = 1.15, 1.35
"""Font sizes, in that of a table, from which a line is a heading; in a picture they are measured by ink."""
TEXT_GAP = 0.6
"""White space, in font sizes, up to which words on a line are one text."""


@dataclass(frozen=True, slots=True)
class Body:
    """A table's body on one page, between `top` and `bottom`.

    `lines` hold its text, `turned` its rotated labels. `ended` says that the table ends here.
    `columns` are the heading's boxes: this page's own, or those remembered from the page before.
    """

    page: int
    columns: tuple[Box, ...]
    headed: bool
    top: float
    bottom: float
    lines: tuple[PdfLine, ...]
    turned: tuple[PdfLine, ...]
    horizontals: tuple[Rule, ...]
    verticals: tuple[Rule, ...]
    ended: bool
    size: float

    @property
    def left(self) -> float:
        """Where the table begins: its first heading, label, rule or word."""
        edges = [self.columns[0].left, *(rule.start for rule in self.horizontals)]
        return min([*edges, *(line.words[0].box.left for line in self.lines)])

    def until(self, lines: Sequence[PdfLine], *, ended: bool) -> Body:
        """The same body with fewer lines."""
        return replace(self, lines=tuple(lines), ended=ended)


def bodies(
    pages: Sequence[PdfPage], heading: TableHeading, others: Sequence[TableHeading]
) -> list[tuple[HeadingPlace | None, Body]]:
    """The table's body page by page: the first has a heading, later ones may have it again."""
    found: list[tuple[HeadingPlace | None, Body]] = []
    for page in pages:
        place = find(page, heading)
        if place is None and not found:
            continue
        if place is None and not _goes_on(found[-1][1], page):
            break
        stops = [other.top for text in others if (other := find(page, text))]
        body = _body(page, place, found[-1][1] if found else None, heading, stops)
        if not body.lines and place is None:
            break
        found.append((place, body))
        if body.ended or any(stop > body.top for stop in stops):
            break
    return found


def runs(words: Sequence[Word], gap: float = TEXT_GAP) -> Iterator[tuple[Word, ...]]:
    """Words of a line cut where more white space than `gap` font sizes stands between them."""
    run: list[Word] = []
    for word in words:
        if run and word.box.left - run[-1].box.right > gap * max(word.size, run[-1].size):
            yield tuple(run)
            run = []
        run.append(word)
    if run:
        yield tuple(run)


def _goes_on(body: Body, page: PdfPage) -> bool:
    return page.number == body.page + 1


def _body(
    page: PdfPage,
    place: HeadingPlace | None,
    before: Body | None,
    heading: TableHeading,
    stops: Sequence[float],
) -> Body:
    columns = place.columns if place else before.columns if before else ()
    top = place.bottom if place else 0.0
    bottom = min([stop for stop in stops if stop > top], default=page.height)
    left, right = columns[0].left, columns[-1].right
    margin = (right - left) * 0.35
    within = [
        line
        for line in page.lines
        if line.number not in page.furniture
        and (place is None or line.number not in place.lines)
        and line.box.middle > top
        and line.box.bottom < bottom
        and line.box.right > left - margin
        and line.box.left < right + margin
    ]
    verticals = tuple(
        rule
        for rule in page.rules
        if not rule.horizontal and rule.end > top and left - margin < rule.at < right + margin
    )
    upright = [line for line in within if line.direction == "right"]
    size = before.size if before and before.lines else _usual_size(upright[:12])
    large = (_LARGE_IN_PICTURE if page.ocr else _LARGE) * size
    kept, ended = _until_end(upright, columns, heading, _frame_end(verticals, top), size, large)
    low = max((line.box.bottom for line in kept), default=top)
    below = min([line.box.top for line in page.lines if line.box.top > low], default=page.height)
    turned = tuple(
        line for line in within if line.direction in ("up", "down") and line.box.top < low + 6 * size
    )
    horizontals = tuple(
        rule
        for rule in page.rules
        if rule.horizontal and top - 4 < rule.at < below and rule.end > left and rule.start < right
    )
    size = _usual_size(kept or upright)
    return Body(
        page.number,
        columns,
        place is not None,
        top,
        low,
        tuple(kept),
        turned,
        horizontals,
        verticals,
        ended,
        size,
    )


def _usual_size(lines: Sequence[PdfLine]) -> float:
    return median([word.size for line in lines for word in line.words] or [10.0])


def _frame_end(verticals: Sequence[Rule], top: float) -> float | None:
    """Where rules between columns end, if there are any: the table ends there too."""
    ends = [rule.end for rule in verticals if rule.start < top + 30 and rule.end > top + 20 and not rule.fill]
    if len(ends) < 2:
        return None
    reach = max(ends)
    # Rules that a region's row interrupts go on below it.
    for rule in sorted(verticals, key=lambda rule: rule.start):
        if rule.start < reach + 40 and rule.end > reach:
            reach = rule.end
    return reach


def _until_end(
    lines: Sequence[PdfLine],
    columns: tuple[Box, ...],
    heading: TableHeading,
    frame_end: float | None,
    size: float,
    large: float,
) -> tuple[list[PdfLine], bool]:
    """Lines up to the total, a footnote, running text, another heading, or the end of the frame."""
    kept: list[PdfLine] = []
    total: float | None = None
    for line in lines:
        first = line.words[0]
        if total is not None and first.baseline > total + 0.5 * size:
            return kept, True
        outside = frame_end is not None and line.box.middle > frame_end
        if outside or _is_note(line) or _is_running_text(line, columns) or _is_large(line, large):
            return kept, False
        kept.append(line)
        opening = next(runs(line.words, 1.2))
        if heading.total and folded("".join(word.plain for word in opening)) == folded(heading.total):
            total = first.baseline
    return kept, total is not None


def _is_note(line: PdfLine) -> bool:
    """Whether a line begins with a marker on its own: the text of a footnote."""
    first = line.words[0]
    return len(line.words) > 1 and bool(first.markers) and not first.plain


def _is_running_text(line: PdfLine, columns: tuple[Box, ...]) -> bool:
    """Whether a text without gaps runs past three headings, and few words begin just below one."""
    for run in runs(line.words):
        left, right = run[0].box.left, run[-1].box.right
        passed = [box for box in columns if left < box.left + 1 and right > box.right - 1]
        begun = sum(any(abs(word.box.left - box.left) < 1.5 for word in run[1:]) for box in passed[1:])
        if len(passed) >= 3 and begun < len(passed) - 1:
            return True
    return False


def _is_large(line: PdfLine, large: float) -> bool:
    return all(word.size > large for word in line.words)


def spanning(line: PdfLine, heading: TableHeading, second: float) -> bool:
    """Whether a line is one text that belongs to no single column, as the name of a region may be.

    `second` is where the second column's heading begins.
    """
    parts = list(runs(line.words, 1.0))
    if len(parts) != 1:
        return False
    if any(folded(line_text(line)) == folded(region) for region in heading.regions):
        return True
    letters = any(c.isalpha() for word in line.words for c in word.plain)
    return heading.figures and letters and line.words[-1].box.right > second


def line_text(line: PdfLine) -> str:
    """A line's words without their markers."""
    return " ".join(word.plain for word in line.words)
