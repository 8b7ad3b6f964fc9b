"""A digit told by its shape: by which of the other digits of the document it looks most like.

This pass knows nothing of letters: it compares dots. It errs otherwise than recognition does, which
reads a damaged digit with as much confidence as a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import sub

from pipelines.extract.pdf.mosaic import Picture
from pipelines.extract.pdf.picture import Patch

_WIDE, _HIGH = 12, 16
_SAMPLES = 64
"""Digits of one kind that are compared with, at most."""
_FELLOWS = 4
"""Others of its kind that a digit must be like: two damaged ones may be like each other."""
_NEAREST = 12
"""Of each kind, how many are compared in every position."""
_CLOSER = 0.9
_LIKE = 0.2
"""Mean difference of dots, 1 being black against white, up to which two digits are the same shape."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit as read, with its shape and where it stands."""

    text: str
    shape: Shape
    place: tuple[int, Patch]


def of(picture: Picture, patch: Patch) -> Shape:
    """Mean grey of each field of a grid, which a patch fills from top to bottom, as wide as it is."""
    left, top, right, bottom, _ = patch
    step = (bottom - top) / _HIGH
    shape = []
    for row in range(_HIGH):
        y1, y2 = top + row * step, top + (row + 1) * step
        rows = range(int(y1), max(int(y1) + 1, round(y2)))
        for column in range(_WIDE):
            x1, x2 = left + column * step, left + (column + 1) * step
            first, last = int(x1), max(int(x1) + 1, round(x2))
            if first >= right:
                shape.append(255)
                continue
            dots = [
                value
                for y in rows
                for value in picture.dots[y * picture.width + first : y * picture.width + min(last, right)]
            ]
            shape.append(sum(dots) // len(dots) if dots else 255)
    return tuple(shape)


def letters(ink: Sequence[Patch], count: int) -> list[Patch]:
    """The ink of a word as `count` letters from left to right; none where there is less of it.

    Thin lines break in a scan: pieces stay together where the least white space parts them.
    """
    pieces = sorted(ink)
    reach = list(accumulate((piece[2] for piece in pieces), max))
    gaps = sorted(range(1, len(pieces)), key=lambda at: reach[at - 1] - pieces[at][0])[: count - 1]
    if len(pieces) < count or any(pieces[at][0] < reach[at - 1] for at in gaps):
        return []
    bounds = [0, *sorted(gaps), len(pieces)]
    return [_joined(pieces[first:last]) for first, last in pairwise(bounds)]


def _joined(pieces: Sequence[Patch]) -> Patch:
    lefts, tops, rights, bottoms, sizes = zip(*pieces, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms), sum(sizes)


class Gallery:
    """Digits of a document that recognition gave twice alike."""

    def __init__(self, digits: Iterable[Digit]) -> None:
        kinds: dict[str, list[Digit]] = {}
        for digit in digits:
            kinds.setdefault(digit.text, []).append(digit)
        self._kinds = {text: _spread(found) for text, found in kinds.items()}

    def confirms(self, digit: Digit) -> bool:
        """Whether a digit is like several others of its kind, and less like any of another kind."""
        return self._is_like(digit) or self._is_like(digit, moved=True)

    def _is_like(self, digit: Digit, *, moved: bool = False) -> bool:
        own = self._distances(digit, [digit.text], moved=moved)
        if len(own) < _FELLOWS:  # damaged digits may be alike
            return False
        others = (self._distances(digit, [text], moved=moved) for text in self._kinds if text != digit.text)
        nearest = min((found[0] for found in others if found), default=1.0)
        return own[_FELLOWS - 1] < min(_LIKE, _CLOSER * nearest)

    def nearest(self, shape: Shape) -> str | None:
        """The digit that a shape is most like, and clearly more so than any other."""
        digit = Digit("", shape, (0, (0, 0, 0, 0, 0)))
        far = sorted((self._nearest(digit, [text]), text) for text in self._kinds)
        sure = far and far[0][0] < _LIKE and (len(far) == 1 or far[0][0] < _CLOSER * far[1][0])
        return far[0][1] if sure else None

    def _nearest(self, digit: Digit, texts: Sequence[str]) -> float:
        return (self._distances(digit, texts) or [1.0])[0]

    def _distances(self, digit: Digit, texts: Sequence[str], *, moved: bool = False) -> list[float]:
        others = [
            other for text in texts for other in self._kinds.get(text, ()) if other.place != digit.place
        ]
        plain = sorted((_distance(digit.shape, other.shape), at) for at, other in enumerate(others))
        if not moved:
            return [distance for distance, _ in plain]
        return sorted(_moved(digit.shape, others[at].shape) for _, at in plain[:_NEAREST])


def _spread(found: Sequence[Digit]) -> list[Digit]:
    step = max(1, -(-len(found) // _SAMPLES))
    return list(found[::step])


def _moved(one: Shape, other: Shape) -> float:
    """Their distance where they are most alike: small digits are a dot off in their frames."""
    return min(_distance(shifted, other) for shifted in _shifts(one))


@lru_cache(64)
def _shifts(shape: Shape) -> tuple[Shape, ...]:
    rows = [shape[at : at + _WIDE] for at in range(0, len(shape), _WIDE)]
    blank = (255,) * _WIDE
    down = ([*rows[1:], blank], rows, [blank, *rows[:-1]])
    return tuple(
        tuple(dot for row in moved for dot in (row, (255, *row[:-1]), (*row[1:], 255))[across])
        for moved in down
        for across in range(3)
    )


def _distance(one: Shape, other: Shape) -> float:
    apart: int = sum(map(abs, map(sub, one, other)))
    return apart / (255 * len(one))
