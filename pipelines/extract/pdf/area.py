"""Where a table is: its heading, as `header` finds it, and the part of each page that its body takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from statistics import median

from pipelines.extract.pdf.header import FoundHeader
from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Rule, plain_text, runs
from schemas.header_words import FIGURE_ROLES, MANDATE_ROLES
from schemas.registry_toml import comparable

_LARGE, _LARGE_IN_PICTURE = 1.15, 1.35
"""Font sizes, in that of a table, from which a line is a heading; in a picture they are measured by ink."""
_MOST_PARTS = 20  # of a table on one page, each under the heading
_SHIFT = 12.0  # points that a column of one part may be beside that of another
_ABOVE = 2.5  # font sizes between the name of a region and the heading below it
_ANNEX = "bijlage"
_NAMED = ("region", "mission", "total", "subtotal", "of which")
_APART = 1.2  # white space, in font sizes, between the name of a row and its figures
_WIDE = 0.4  # share of a table's width from which a text that begins behind the names is in no column
_SAME_EDGE = 1.5  # points between the left edges of a column's heading and of its texts


@dataclass(frozen=True, slots=True)
class TableHeading:
    """What a layout says of one table.

    `columns` holds each column's path from left to right: its own heading, or its group's and its own.
    `regions` are the names that rows are grouped under, `totals` what the first cell of the row of totals
    may say, `of_which` how a row below it may open that says of whom it holds how many. `roles` says what
    each column is for, by the contract's names (`mission`, `deployed_total` …). `understands` says whether a
    text can be what a role says: one of these, or of a row of figures: `region`, `total`, `subtotal`,
    `of which` and `text`.
    """

    columns: tuple[tuple[str, ...], ...]
    regions: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    of_which: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    understands: Callable[[str, str], bool] = field(default=lambda *_: False, compare=False)

    def role_of(self, text: str) -> str | None:
        """The role of a row by the text in its first cell; None of a name that is unknown."""
        return next((role for role in _NAMED if self.understands(role, text)), None)

    @property
    def labelled(self) -> bool:
        """Whether the first column holds labels that head several rows."""
        return self.roles[:1] == ("region",)

    @property
    def naming(self) -> int:
        """The column of the names of rows."""
        return self.roles.index("mission") if "mission" in self.roles else 0

    @property
    def of_figures(self) -> bool:
        """Whether it is a table of figures; the other kind holds legal bases and dates."""
        return any(map(self.is_figure, range(len(self.roles)))) or not MANDATE_ROLES & {*self.roles}

    def is_figure(self, column: int) -> bool:
        """Whether a column holds figures of a row."""
        return column > 0 if not self.roles else self.roles[column] in FIGURE_ROLES

    @property
    def aside(self) -> tuple[int, ...]:
        """Columns beside the name and the figures of a table of figures."""
        columns = range(len(self.roles)) if self.of_figures else ()
        return tuple(at for at in columns if at != self.naming and not self.is_figure(at))

    @property
    def groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The heading of each group, and of each group within one, with its columns."""
        found: list[tuple[str, tuple[int, ...]]] = []
        for depth in range(1, max(map(len, self.columns), default=0)):
            counted = enumerate(path[:depth] if len(path) > depth else () for path in self.columns)
            for path, items in groupby(counted, key=lambda item: item[1]):
                if path:
                    found.append((path[-1], tuple(index for index, _ in items)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class HeadingPlace:
    """Where a heading is: a box per column and per group of columns, and the band and lines that it takes."""

    columns: tuple[Box, ...]
    groups: tuple[Box, ...]
    top: float
    bottom: float
    lines: frozenset[int]


@lru_cache(4096)
def folded(text: str) -> str:
    """As it is compared, without white space."""
    return "".join(comparable(text).split())


Headers = Mapping[int, Sequence[FoundHeader]]
"""The headers of a document, by page and from top to bottom."""


def _places(found: Iterable[FoundHeader], heading: TableHeading) -> list[HeadingPlace]:
    """Those of a page's headers that are a table's heading, from top to bottom."""
    return [_place(one, heading) for one in found if _is_heading(one, heading)]


def _is_heading(found: FoundHeader, heading: TableHeading) -> bool:
    """Whether a header has the heading's columns: their roles and texts, if not each under its group."""
    return (
        not found.problems
        and len(found.columns) == len(heading.columns)
        and all(
            role in (column.role, "ignore")
            and folded("".join(filter(None, (column.group, column.above, column.printed))))
            in (folded("".join(path)), folded(path[-1]))
            for column, path, role in zip(found.columns, heading.columns, heading.roles, strict=True)
        )
    )


def _place(found: FoundHeader, heading: TableHeading) -> HeadingPlace:
    boxes = tuple(column.box for column in found.columns)
    groups = tuple(
        found.groups.get(text) or Box.around(boxes[at] for at in columns) for text, columns in heading.groups
    )
    return HeadingPlace(boxes, groups, found.top, found.bottom, found.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A table's body on one page, or a part of it with one set of columns, between `top` and `bottom`.

    `lines` hold its text, `turned` its rotated labels. `ended` says that the table ends here.
    `columns` are the heading's boxes: those of its own `place`, or remembered from the part before. `typed`
    is that of the page. `parts` are the distances from the left at which columns part, once they are known.
    """

    page: int
    columns: tuple[Box, ...]
    place: HeadingPlace | None
    top: float
    bottom: float
    lines: tuple[PdfLine, ...]
    turned: tuple[PdfLine, ...]
    horizontals: tuple[Rule, ...]
    verticals: tuple[Rule, ...]
    ended: bool
    size: float
    typed: bool = False
    parts: tuple[float, ...] = ()


def bodies(
    pages: Sequence[PdfPage], headers: Headers, heading: TableHeading, others: Sequence[TableHeading]
) -> list[Body]:
    """The table's body page by page: the first has a heading, later ones may have it again."""
    found: list[Body] = []
    for page in pages:
        numbers = {line.number for line in page.lines}
        known = [one for one in headers.get(page.number, ()) if one.lines <= numbers]
        places = _places(known, heading)
        place = places[0] if places else None
        if not page.lines or (place is None and not found):
            continue
        if place is None and page.number != found[-1].page + 1:
            break
        stops = [other.top for text in others for other in _places(known, text)[:1]]
        if place and found:
            # Where the totals stand above it, this heading is that of a second table.
            rest = _body(page, None, found[-1], heading, [*stops, place.top])
            place = None if rest.ended else place
        parts = list(_parts(places)) if place else [None]
        for part, following in zip(parts, (*parts[1:], None), strict=True):
            ends = [*stops, _top(page, following, heading)] if following else stops
            body = _body(page, part, found[-1] if found else None, heading, ends)
            if body.lines or part:
                found.append(body)
        if part is None and not body.lines:
            break
        if body.ended or any(stop > body.top for stop in stops):
            break
    return found


def _parts(places: Sequence[HeadingPlace]) -> Iterator[HeadingPlace]:
    """The heading, and each below it with other widths of columns; with the lines of all that are alike.

    It may be printed again on a page above each part of the table.
    """
    place = places[0]
    for again in places[1:_MOST_PARTS]:
        if all(box.aside(own) < _SHIFT for box, own in zip(again.columns, place.columns, strict=True)):
            place = replace(place, lines=place.lines | again.lines)
        else:
            yield place
            place = again
    yield place


def _top(page: PdfPage, place: HeadingPlace, heading: TableHeading) -> float:
    """Where a part of the table begins: with its heading, or the name of a region above that."""
    heads = (line.box.top for line in page.lines if _heads(line, place, heading))
    return min([place.top, *heads])


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
        and (line.box.middle > top or (place is not None and _heads(line, place, heading)))
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
    limit = (_LARGE_IN_PICTURE if page.ocr else _LARGE) * size
    closing = _closing(upright, heading, limit, first=before is None)
    low = max((line.box.bottom for line in page.lines if place and line.number in place.lines), default=top)
    large = [
        line
        for line in upright
        if _is_large(line, limit) and not _is_region(line, heading)
        if line.box.top > low or folded(line.text).startswith(_ANNEX)  # a caption is above its heading
    ]
    kept, ended = _until_end(upright, columns, closing, _frame_end(verticals, low), size, large, page.typed)
    rest = [line for line in upright if line not in kept]
    if len(rest) == 1 and closing is None and _is_region(rest[0], heading):
        kept += rest  # at the foot of a page the name of a region heads the part on the next one
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
        place,
        top,
        low,
        tuple(kept),
        turned,
        horizontals,
        verticals,
        ended,
        size,
        page.typed,
    )


def _heads(line: PdfLine, place: HeadingPlace, heading: TableHeading) -> bool:
    """Whether a line directly above the heading names the region of the rows below it."""
    near = 0 <= place.top - line.box.bottom < _ABOVE * line.words[0].size
    return near and heading.of_figures and _is_region(line, heading)


def _is_region(line: PdfLine, heading: TableHeading) -> bool:
    return any(folded(plain_text(line.words)) == folded(region) for region in heading.regions)


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


def _closing(lines: Sequence[PdfLine], heading: TableHeading, large: float, *, first: bool) -> int | None:
    """Which line is the last row of totals, or of what is of it: below rows, and before another heading.

    On the `first` page totals may stand above the rows; these do not end the table.
    """
    closing: int | None = None
    rows = not first
    for at, line in enumerate(lines):
        opening, total = (
            folded(plain_text(line.words)),
            any(_opens_with(line, total) for total in heading.totals),
        )
        if rows and total:
            closing = at
        elif closing is not None:
            known = any(opening == folded(region) for region in heading.regions)
            if (_is_large(line, large) and not known) or opening.startswith(_ANNEX):
                break
            if at == closing + 1 and any(opening.startswith(folded(word)) for word in heading.of_which):
                closing = at
        elif not total:
            _, *others = runs(line.words, _APART)
            rows = rows or any(any(map(str.isdigit, word.plain)) for run in others for word in run)
    return closing


def _opens_with(line: PdfLine, text: str) -> bool:
    """Whether a line opens with a text, and goes on with figures, white space or not at all."""
    opening = ""
    for word, following in zip(line.words, (*line.words[1:], None), strict=True):
        opening += folded(word.plain)
        if opening == folded(text):
            apart = following is None or following.box.left - word.box.right > _APART * word.size
            return apart or not any(map(str.isalpha, following.plain if following else ""))
    return False


def _until_end(
    lines: Sequence[PdfLine],
    columns: tuple[Box, ...],
    closing: int | None,
    frame_end: float | None,
    size: float,
    large: Collection[PdfLine],
    typed: bool,
) -> tuple[list[PdfLine], bool]:
    """Lines up to the one that closes, else to a note, running text, a heading, or the end of the frame."""
    kept: list[PdfLine] = []
    for at, line in enumerate(lines):
        if frame_end is not None and line.box.middle > frame_end:
            return kept, closing is not None and at > closing
        if closing is None or at > closing:
            if closing is not None and line.words[0].baseline > lines[closing].words[0].baseline + 0.5 * size:
                return kept, True
            if _is_note(line, typed) or _is_running_text(line, columns) or line in large:
                return kept, False
        # Running text among the rows is not a row, and does not end the table.
        elif _is_note(line, typed) or _is_running_text(line, columns):
            continue
        kept.append(line)
    return kept, closing is not None


def _is_note(line: PdfLine, typed: bool) -> bool:
    """Whether a line begins with a marker on its own: the text of a footnote, in a text on the next line."""
    first = line.words[0]
    return (typed or len(line.words) > 1) and bool(first.markers) and not first.plain


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


def spanning(line: PdfLine, heading: TableHeading, columns: Sequence[Box]) -> bool:
    """Whether a line is one text that belongs to no single column, as the name of a region may be.

    `columns` are the boxes of the columns' headings.
    """
    parts = list(runs(line.words, 1.0))
    if len(parts) != 1 or (heading.labelled and not heading.of_figures):
        return False
    if _is_region(line, heading):
        # A country or a remark may end in a region's name: “Diverse landen in / Afrika”.
        in_other = any(abs(line.box.left - columns[at].left) < _SAME_EDGE for at in heading.aside if at)
        if heading.aside and in_other and line.box.left > columns[heading.naming].right:
            return False
        return not heading.labelled or line.box.right > columns[heading.naming].left
    letters = any(c.isalpha() for word in line.words for c in word.plain)
    own = columns[heading.naming]
    after = columns[heading.naming + 1].left if heading.naming + 1 < len(columns) else own.right
    # Behind the names a heading may be centred; `12 (incl. 2` above `reserve)` is a figure's cell.
    wide = line.box.width > _WIDE * (columns[-1].right - columns[0].left)
    titled = line.text[:1].isupper() and not any(map(str.isdigit, line.text))
    begun = line.box.left < own.right or ((wide or titled) and not heading.aside)
    return heading.of_figures and begun and letters and line.box.right > after
