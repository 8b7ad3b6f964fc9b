"""What it costs to take lines of a table as one cell or as two, and cells as one row.

Drawn lines, the distance between baselines, how cells are set against each other (at the top, in
the middle, at the bottom), and whether a text would have gone on where it was broken off: each says
something and none says it always, so each has its price. Prices were set on renditions with seeds
below 1000 (`tests/renditions`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from pipelines.extract.pdf.area import Body
from pipelines.extract.pdf.cells import Fragment, join
from pipelines.extract.pdf.heading import TableHeading, folded

Setting = Literal["top", "middle", "bottom"]
SETTINGS: tuple[Setting, ...] = ("top", "middle", "bottom")

CROSSES_RULE = 12.0
NO_WRAP = 4.0
ANOTHER_PITCH = 3.0
FAR = 3.0
OPEN_BRACKET = 3.0
_TIGHT = 1.0
_MOST_ASKEW = 8.0


@dataclass(frozen=True)
class Prices:
    """What all rows of a table are judged by: widths of columns, the pitch of wrapped lines, rules."""

    widths: dict[int, float]
    pitch: float | None
    heights: tuple[float, ...]
    size: float

    def crossed(self, top: float, bottom: float) -> int:
        """Number of rules between two heights."""
        return max(0, bisect_left(self.heights, bottom) - bisect_right(self.heights, top))

    def within(self, upper: Fragment, lower: Fragment) -> float:
        """For two lines to be one text."""
        pitch = (lower.baseline - upper.baseline) / self.size
        usual = self.pitch / self.size if self.pitch else 1.2
        if any(word.markers for word in lower.words):
            # A marker may push its line down.
            pitch = max(min(pitch, usual), pitch - 0.5)
        cost = CROSSES_RULE * self.crossed(upper.baseline, lower.baseline)
        cost += FAR + 5 * (pitch - 1.5) if pitch > 1.5 else 0
        cost += NO_WRAP if would_fit(upper, lower, self.widths) else 0
        cost += NO_WRAP if upper.bold != lower.bold else 0
        if self.pitch is not None and abs(pitch - usual) > 0.12:
            cost += ANOTHER_PITCH
        return cost

    def between(self, upper: Fragment, lower: Fragment) -> float:
        """For two lines of a column to belong to different rows."""
        if self.pitch is None or self.crossed(upper.baseline, lower.baseline):
            return 0.0
        return _TIGHT if lower.baseline - upper.baseline <= self.pitch + 0.05 * self.size else 0.0

    def text(self, lines: Sequence[Fragment]) -> float:
        """For lines, all of one column, to be the whole of a cell."""
        cost = sum(self.within(upper, lower) for upper, lower in pairwise(lines))
        text = join(part.text for part in lines)
        return cost + (OPEN_BRACKET if text.count("(") != text.count(")") else 0)


def prices(
    bodies: Sequence[Body],
    found: Sequence[Sequence[Fragment]],
    heading: TableHeading,
    parts: Sequence[float],
) -> list[Prices]:
    """One per body: widths and pitch are the whole table's, rules those of the page."""
    regions = {folded(region) for region in heading.regions} if heading.figures else set()
    widths: dict[int, float] = {}
    for part in (part for page in found for part in page):
        # The name of a region may be wider than the column that it begins in.
        if part.spanning or folded(part.text) in regions:
            continue
        widths[part.column] = max(widths.get(part.column, 0.0), part.box.width)
    ruled = [_heights(body, parts) for body in bodies]
    pitches = [
        lower.baseline - upper.baseline
        for page, heights in zip(found, ruled, strict=True)
        for upper, lower in _neighbours(page)
        if (upper.column == 0 or not heading.figures)
        and must_wrap(upper, lower, widths)
        and upper.bold == lower.bold
        and not any(upper.baseline < height < lower.baseline for height in heights)
    ]
    size = bodies[0].size
    near = [round(pitch / size, 1) for pitch in pitches if 0.7 * size < pitch < 1.7 * size]
    # Lines of different rows may seem to wrap too, but stand farther apart.
    usual = min((pitch for pitch, count in Counter(near).items() if count > 0.1 * len(near)), default=None)
    exact = [pitch for pitch in pitches if usual is not None and abs(pitch / size - usual) < 0.06]
    pitch = median(exact) if exact else None
    return [Prices(widths, pitch, heights, size) for heights in ruled]


def _neighbours(page: Sequence[Fragment]) -> Iterator[tuple[Fragment, Fragment]]:
    columns: dict[int, list[Fragment]] = {}
    for part in page:
        columns.setdefault(part.column, []).append(part)
    for column in columns.values():
        yield from pairwise(sorted(column, key=lambda part: part.baseline))


def _heights(body: Body, parts: Sequence[float]) -> tuple[float, ...]:
    """Heights of rules that go along most of the columns after the first."""
    start, end = parts[0], body.columns[-1].right
    return tuple(
        sorted(
            rule.at
            for rule in body.horizontals
            if min(rule.end, end) - max(rule.start, start) > 0.7 * (end - start)
        )
    )


def would_fit(upper: Fragment, lower: Fragment, widths: dict[int, float]) -> bool:
    """Whether the next line's first piece had room on this one: then the text was not broken there."""
    if upper.text.endswith("\u00ad"):
        return False
    return _needed(upper, lower) < widths.get(upper.column, 0.0) - 0.5


def must_wrap(upper: Fragment, lower: Fragment, widths: dict[int, float]) -> bool:
    """Whether the next line's first piece surely had no room on this one."""
    return upper.text.endswith("\u00ad") or _needed(upper, lower) > widths[upper.column] + 0.5


def _needed(upper: Fragment, lower: Fragment) -> float:
    word = lower.words[0]
    cut = next((at for at, letter in enumerate(word.text, 1) if letter in "-/"), len(word.text))
    piece = word.box.width * cut / max(1, len(word.text))
    space = 0.0 if upper.words[-1].text[-1:] in ("-", "/") else 0.25 * word.size
    return upper.box.width + space + piece


def askew(setting: Setting, firsts: Sequence[float], lasts: Sequence[float], size: float) -> float:
    """How far texts are from being set against each other in one way; by their first and last baselines."""
    if setting == "top":
        places = list(firsts)
    elif setting == "bottom":
        places = list(lasts)
    else:
        places = [(first + last) / 2 for first, last in zip(firsts, lasts, strict=True)]
    return min(_MOST_ASKEW, 4 * (max(places) - min(places)) / size)
