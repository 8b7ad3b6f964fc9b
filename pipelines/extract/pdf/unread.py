"""What a table shows and nobody read: ink beside its characters, and characters that cannot be relied on.

A table shows characters, lines, and the colours of its cells. So between drawn lines each line of dots is of
one colour once the characters are left out; where it is not, something else is drawn there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import cast

from pipelines.extract import refusals
from pipelines.extract.pdf.model import Box, PdfDocument, PdfPage, Rule, Sight, Spoilt, Word, grouped
from pipelines.extract.pdf.table import Grid
from schemas.errors import JvomError, LayoutError

_LOUD, _FAINT = 70, 24
"""Levels of grey, of 255, from which ink counts: faint pictures and shading may lie under a table.

Fainter ink counts where it is as large as a figure, and the table has no other, as of a watermark."""
_LOW, _HIGH, _WIDE, _STROKE = 0.45, 1.3, 2.0, 0.3  # font sizes of a figure, and the width of a 1
_SOLID = 200  # of 255: what has more ink in its box is a box of another colour
_DARK = 128
_EDGE = 2.0  # points beyond the rows in which the lines around them are drawn
_BESIDE = 2.4  # points on either side of a drawn line that are its own
_OWN = 0.8  # points on either side that are that line itself
_ALONG = 0.35  # share of the height of a few rows that a line takes which is wide, double or broken
_TALL, _LONG = 1.0, 2.4  # font sizes from which an upright or level line is not a part of a character
_REPEATED = 3  # short upright lines at one place, from which they are those of a column
_BLUR = 2  # dots around a character that its edges may take
_FOOT, _UNDER = 0.12, 0.4  # font sizes that a line under a word is above and below its foot, or over its head
_ASIDE = 0.15  # font sizes from the side of a figure within which it may lean on a column's line
_NEAR = 3.0  # font sizes above or below a line that are close to it
_AROUND = 2.0  # points beside a table that are looked at
_MEAN = 4  # Pillow's Resampling.BOX
_FOREIGN = "something is drawn there that is not text"


def problems(document: PdfDocument, grid: Grid) -> Iterator[LayoutError]:
    """A refusal for each row, and each space between rows, that shows what was not read.

    Where no row was found, for what is amiss where they may be.
    """
    if not grid.rows:
        headed = [line.page for line in document.lines if line.number in grid.heading]
        for page in document.pages[min(headed) - 1 : max(headed) + 1] if headed else ():
            yield from (_refusal(page, one.box, "the table", one.why) for one in _spoilt(page)[:1])
        return
    for page in document.pages:
        bands = list(_bands(page, grid))
        if page.sight is None or not bands:
            continue
        looker = _Looker(page, page.sight, Box.around(box for box, _ in bands))
        for box, name in bands:
            if why := looker.amiss(box, row=bool(name)):
                yield _refusal(page, box, _row(name), why)
        for box, name in bands if not looker.is_shaded else ():
            if box in looker.faint:
                yield _refusal(page, box, _row(name), _FOREIGN)


def spoilt(document: PdfDocument, error: JvomError) -> LayoutError | None:
    """Why what a refusal speaks of was not understood: the page does not show it, there or close by."""
    for page in document.pages:
        line = next((line for line in page.lines if line.number == error.line), None)
        for one in _spoilt(page):
            if line and abs(one.box.middle - line.box.middle) < _NEAR * line.words[0].size:
                return _refusal(page, one.box, f"beside “{refusals.shortened(line.text, 60)}”", one.why)
    return None


def _row(name: str) -> str:
    return f"row “{refusals.shortened(name, 60)}”" if name else "the table"


def _spoilt(page: PdfPage) -> Sequence[Spoilt]:
    return page.sight.spoilt if page.sight and page.lines else ()


def _refusal(page: PdfPage, box: Box, where: str, why: str) -> LayoutError:
    line = min(page.lines, key=lambda line: abs(line.box.middle - box.middle))
    hint = "look at that place of the page, and ask for a copy on which the table is plain"
    return LayoutError(f"{where}: {why}", page=page.number, line=line.number, hint=hint)


def _bands(page: PdfPage, grid: Grid) -> Iterator[tuple[Box, str]]:
    """The rows of a table on a page with their names, and what is between them; all as wide as the table."""
    headings = [line.box for line in page.lines if line.number in grid.heading]
    found: list[tuple[Box, str]] = []
    for row in grid.rows:
        cells = [cell for cell in row.cells if cell]
        spans = [span for cell in cells for span in cell.spans if span.page == page.number]
        if boxes := [span.box for span in spans if span.box]:
            found.append((Box.around(boxes), cells[0].text))
    if not found:
        return
    found.sort(key=lambda one: one[0].top)
    whole = Box.around([*headings, *(box for box, _ in found)])
    left, right = whole.left - _AROUND, whole.right + _AROUND
    low = max((box.bottom for box in headings if box.bottom <= found[0][0].top), default=found[0][0].top)
    for box, name in found:
        if box.top > low:
            yield Box(left, low, right, box.top), ""
        if box.bottom > low:
            yield Box(left, max(low, box.top), right, box.bottom), name
        low = max(low, box.bottom)


class _Looker:
    """The part of a page that a table takes, drawn without the characters that were read."""

    def __init__(self, page: PdfPage, sight: Sight, whole: Box) -> None:
        self._sight = sight
        self.faint, self.is_shaded = list[Box](), False  # rows with a faint figure; whether of more faint ink
        from PIL import Image  # which a text does without

        self._rest = sight.whole.copy()
        near = Box(whole.left - 20, whole.top - 20, whole.right + 20, whole.bottom + 20)
        letters = Image.new("L", self._rest.size)
        for box in sight.characters:
            if _meet(box, near):
                letters.paste(255, _dots(box, sight, _BLUR))
        self._rest.paste(sight.bare, mask=letters)
        self._words = [word for line in page.lines for word in line.words if _meet(word.box, whole)]
        size = max((word.size for word in self._words), default=10.0)
        self._size, self._long = size, _LONG * size
        levels = [rule.at for rule in page.rules if rule.horizontal]
        self._drawn = [rule for rule in page.rules if not rule.horizontal and rule.length > _TALL * size]
        self._upright = [rule for rule in self._drawn if self._is_of_table(rule, levels)]
        low, high = whole.top - 2 * self._size, whole.bottom + 2 * self._size
        self._level = [rule for rule in page.rules if rule.horizontal and low < rule.at < high]

    def amiss(self, band: Box, *, row: bool) -> str | None:
        """What is wrong with a row, or with the space between two; None where all was read."""
        words = [word for word in self._words if _meet(word.box, band)]
        for spoilt in self._sight.spoilt:
            if _meet(spoilt.box, band):
                return spoilt.why
        for word in words if row else ():
            if any(_strikes(rule, word) for rule in self._level):
                return f"“{refusals.shortened(word.text, 20)}” is struck through"
            if any(_parts(rule, word) for rule in self._drawn if not rule.fill):
                return f"a line goes through “{refusals.shortened(word.text, 20)}”"
        lines = self._lines_of_dots(band)
        near = self._lines_of_dots(band._replace(top=band.top - _EDGE, bottom=band.bottom + _EDGE))
        # Between rows a short line is one of the header's; in a row it may be the stroke of a 1.
        lines_of_table = self._upright if row else self._drawn
        crossing = [
            each for each in lines_of_table if each.start < band.bottom + 1 and each.end > band.top - 1
        ]
        if row and any(self._is_beside_line(rule, band, near) for rule in crossing):
            return _FOREIGN
        colours = []
        for start, end in _between(band, crossing):
            brightest = [self._brightest(start, end, *run) for run in lines]
            if None in brightest:
                return _FOREIGN
            if row and (like := self._is_faint_figure(start, end, band, lines)) is not None:
                self.is_shaded |= not like
                self.faint += [band] * like
            empty = not any(start < word.box.right and word.box.left < end for word in words)
            colours.append((max((high for high in brightest if high is not None), default=255), empty))
        if row and any(empty and high < _DARK for high, empty in colours) and max(colours)[0] >= _DARK:
            return "a cell is covered"
        return None

    def _is_of_table(self, rule: Rule, levels: Sequence[float]) -> bool:
        """Whether an upright line is not the stroke of a 1: it is long, between level lines, or repeated."""
        between = all(any(abs(end - at) < _EDGE for at in levels) for end in (rule.start, rule.end))
        alike = sum(abs(other.at - rule.at) < 1 for other in self._drawn)
        return rule.fill or rule.length > self._long or between or alike >= _REPEATED

    def _is_beside_line(self, rule: Rule, band: Box, near: Sequence[tuple[int, int]]) -> bool:
        """Whether ink as near to an upright line as a wide one is does not go along with it."""
        scale, around = self._sight.scale, 1.5 * self._size
        for way in (-1, 1):
            close, far = (round((rule.at + way * away) * scale) for away in (_OWN, _BESIDE))
            left, right = min(close, far), max(close, far)
            spreads = (self._extrema(left, run[0], right, run[1]) for run in near)
            if all(high - low <= _LOUD for low, high in spreads):
                continue
            ground, *_ = self._column(far + way, near)
            wide = self._lines_of_dots(band._replace(top=band.top - around, bottom=band.bottom + around))
            for x in range(left, right):
                beside, along = self._column(x, near), self._column(x, wide)
                share = sum(abs(dot - ground) > _FAINT for dot in along) / len(along)
                if max(beside) - min(beside) > _LOUD and share < _ALONG:
                    return True
        return False

    def _column(self, x: int, lines: Sequence[tuple[int, int]]) -> bytes:
        return b"".join(self._rest.crop((x, top, x + 1, bottom)).tobytes() for top, bottom in lines)

    def _is_faint_figure(
        self, start: float, end: float, band: Box, lines: Sequence[tuple[int, int]]
    ) -> bool | None:
        """True for faint ink that is as large as a figure, and alone; False for what is wider."""
        scale, em = self._sight.scale, self._size * self._sight.scale
        (left, right), (top, bottom) = (
            (round(low * scale), round(high * scale))
            for low, high in (
                (start - _BESIDE + _OWN, end + _BESIDE - _OWN),
                (band.top - 0.6 * self._size, band.bottom + 0.6 * self._size),
            )
        )
        spreads = (self._extrema(left, run[0], right, run[1]) for run in lines)
        if all(high - low <= _FAINT for low, high in spreads):
            return None
        cell = self._rest.crop((left, top, right, bottom))
        dots = cell.histogram()
        ground = dots.index(max(dots))
        ink = cell.point([255 * (abs(level - ground) > _FAINT // 2) for level in range(256)])
        down, across = (ink.resize(size, _MEAN).tobytes() for size in ((1, ink.height), (ink.width, 1)))
        for y in (y for y, share in enumerate(down) if share > _DARK):
            ink.paste(0, (0, y, ink.width, y + 1))  # a line of the table, or a row of another colour
        for x in (x for x, share in enumerate(across) if share > _DARK):
            ink.paste(0, (x, 0, x + 1, ink.height))
        x1, y1, x2, y2 = box = ink.getbbox() or (0, 0, 0, 0)
        if x2 - x1 >= _WIDE * em:
            return False
        inside = x1 > 0 and x2 < ink.width and y1 > 0 and y2 < ink.height and x1 < x2
        solid = x2 - x1 > _STROKE * em and inside and ink.resize((1, 1), _MEAN, box).tobytes()[0] >= _SOLID
        return True if inside and not solid and _LOW * em < y2 - y1 < _HIGH * em else None

    def _lines_of_dots(self, band: Box) -> list[tuple[int, int]]:
        """The lines of dots of a band that are not on a drawn line: from where to where they go on."""
        drawn = [
            rule.at
            for rule in self._level
            if rule.length > self._long or any(_is_beside(rule, word) for word in self._words)
        ]
        _, top, _, bottom = _dots(band, self._sight, 0)
        scale = self._sight.scale
        free = [y for y in range(top, bottom) if all(abs((y + 0.5) / scale - at) > _BESIDE for at in drawn)]
        runs = list(grouped(free, lambda run, y: y > run[-1] + 1))
        return [(run[0], run[-1] + 1) for run in runs]

    def _brightest(self, start: float, end: float, top: int, bottom: int) -> int | None:
        """The brightest dot of lines of dots, each of one colour; None where one is not."""
        left, right = round(start * self._sight.scale), round(end * self._sight.scale)
        low, high = self._extrema(left, top, right, bottom)
        if high - low > _LOUD:  # a colour may change from line to line
            for y in range(top, bottom):
                least, most = self._extrema(left, y, right, y + 1)
                if most - least > _LOUD:
                    return None
        return high

    def _extrema(self, left: int, top: int, right: int, bottom: int) -> tuple[int, int]:
        place = left, top, right, bottom
        return cast("tuple[int, int]", self._rest.crop(place).getextrema())


def _between(band: Box, crossing: Sequence[Rule]) -> Iterator[tuple[float, float]]:
    """From where to where there is no upright line, from left to right."""
    places = sorted([band.left - _BESIDE, *(rule.at for rule in crossing), band.right + _BESIDE])
    for before, after in pairwise(places):
        start, end = max(before + _BESIDE, band.left), min(after - _BESIDE, band.right)
        if end > start + 1:
            yield start, end


def _dots(box: Box, sight: Sight, around: int) -> tuple[int, int, int, int]:
    (left, top, right, bottom), scale = box, sight.scale
    low, high = 0 - around, 1 + around
    return (
        int(left * scale) + low,
        int(top * scale) + low,
        int(right * scale) + high,
        int(bottom * scale) + high,
    )


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def _strikes(rule: Rule, word: Word) -> bool:
    """Whether a line goes through the middle of a word."""
    high = word.box.top + 0.25 * (word.baseline - word.box.top)
    along = min(rule.end, word.box.right) - max(rule.start, word.box.left)
    return high < rule.at < word.baseline - _FOOT * word.size and along > 0.5 * word.box.width


def _is_beside(rule: Rule, word: Word) -> bool:
    """Whether a line is drawn under or over a word, or is the second of two."""
    foot, head = ((rule.at - side) / word.size for side in (word.baseline, word.box.top))
    near = -_FOOT < foot < _UNDER or -_UNDER < head < 0
    return near and rule.start < word.box.centre < rule.end


def _parts(rule: Rule, word: Word) -> bool:
    """Whether an upright line goes between the digits of a figure."""
    box, aside = word.box, _ASIDE * word.size
    within = box.left + aside < rule.at < box.right - aside
    return within and word.text.isdigit() and rule.start < box.middle < rule.end
