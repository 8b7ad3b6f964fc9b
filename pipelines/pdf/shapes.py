"""A digit told by its shape: by which of the other digits of the document it looks most like.

This pass knows nothing of letters: it compares dots. It errs otherwise than recognition does, which
reads a damaged digit with as much confidence as a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import sub

from pipelines.pdf.mosaic import Picture
from pipelines.pdf.picture import Patch

_WIDE, _HIGH = 12, 16
_SAMPLES = 64
"""Digits of one kind that are compared with, at most."""
_FELLOWS = 4
"""Others of its kind that a digit must be like: two damaged ones may be like each other."""
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


class Gallery:
    """Digits of a document that recognition gave twice alike."""

    def __init__(self, digits: Iterable[Digit]) -> None:
        kinds: dict[str, list[Digit]] = {}
        for digit in digits:
            kinds.setdefault(digit.text, []).append(digit)
        self._kinds = {text: _spread(found) for text, found in kinds.items()}

    def confirms(self, digit: Digit) -> bool:
        """Whether a digit is like several others of its kind, and less like any of another kind."""
        own = self._distances(digit, [digit.text])
        other = self._distances(digit, [text for text in self._kinds if text != digit.text])
        if len(own) < _FELLOWS:  # damaged digits may be alike
            return False
        return own[_FELLOWS - 1] < min(_LIKE, _CLOSER * (other or [1.0])[0])

    def nearest(self, shape: Shape) -> str | None:
        """The digit that a shape is most like, and clearly more so than any other."""
        digit = Digit("", shape, (0, (0, 0, 0, 0, 0)))
        far = sorted((self._nearest(digit, [text]), text) for text in self._kinds)
        sure = far and far[0][0] < _LIKE and (len(far) == 1 or far[0][0] < _CLOSER * far[1][0])
        return far[0][1] if sure else None

    def _nearest(self, digit: Digit, texts: Sequence[str]) -> float:
        return (self._distances(digit, texts) or [1.0])[0]

    def _distances(self, digit: Digit, texts: Sequence[str]) -> list[float]:
        return sorted(
            _distance(digit.shape, other.shape)
            for text in texts
            for other in self._kinds.get(text, ())
            if other.place != digit.place
        )


def _spread(found: Sequence[Digit]) -> list[Digit]:
    step = max(1, -(-len(found) // _SAMPLES))
    return list(found[::step])


def _distance(one: Shape, other: Shape) -> float:
    apart: int = sum(map(abs, map(sub, one, other)))
    return apart / (255 * len(one))
