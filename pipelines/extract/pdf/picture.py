"""Page of a PDF → its picture for character recognition, with its drawn lines and patches of ink.

Runs in a child process (see `sandbox`). Long dark runs are taken out of the picture and given as
rules: they would be read as letters. What is left is patches of touching dark points: mostly one a
letter, with tight places that recognition itself does not give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extract.pdf import pdfium
from pipelines.extract.pdf.model import Rule
from pipelines.extract.sandbox import Message
from schemas.errors import SourceError

DPI = 300
_LONG = 120
"""Dots that no stroke of a letter is long: 29 points."""
_MAX_RUNS = 1_500_000
_WHITE = 255
_INK = bytes(0 if value < 140 else 1 for value in range(256))
_DARK = bytes(0 if value < 190 else 1 for value in range(256))
_RUN = re.compile(rb"\0+")
_LONG_RUN = re.compile(rb"\0{%d,}" % _LONG)

Patch = tuple[int, int, int, int, int]
"""Left, top, right, bottom (exclusive) and number of dots, in dots."""


def page(data: bytes, number: int, path: str) -> Iterator[Message]:
    """Width and height in dots, rules in points, and patches; the picture as bytes, one a dot."""
    width, height, dots = pdfium.picture(data, path, number, DPI)
    picture = bytearray(dots)
    dark = dots.translate(_DARK)
    found = [*_across(width, picture, dark), *_down(width, picture, dark)]
    patches = list(_patches(width, height, picture, path))
    answer = {
        "size": [width, height],
        "rules": [[int(r.horizontal), r.at, r.start, r.end] for r in pdfium.join(found)],
        "patches": patches,
    }
    yield answer, bytes(picture)


def _across(width: int, picture: bytearray, dark: bytes) -> Iterator[Rule]:
    """Horizontal rules, wiped out of the picture."""
    for start in range(0, len(picture), width):
        for run in _LONG_RUN.finditer(dark, start, start + width):
            left, right = run.start() - start, run.end() - start
            for row in (start - width, start, start + width):
                if 0 <= row < len(picture):
                    picture[row + left : row + right] = bytes([_WHITE]) * (right - left)
            yield Rule(True, _points(start // width + 0.5), _points(left), _points(right))


def _down(width: int, picture: bytearray, dark: bytes) -> Iterator[Rule]:
    """Vertical rules, wiped out of the picture."""
    for column in range(width):
        for run in _LONG_RUN.finditer(dark[column::width]):
            top, bottom = run.span()
            blank = bytes([_WHITE]) * (bottom - top)
            for x in (column - 1, column, column + 1):
                if 0 <= x < width:
                    picture[top * width + x : bottom * width + x : width] = blank
            yield Rule(False, _points(column + 0.5), _points(top), _points(bottom))


def _points(dots: float) -> float:
    return dots * 72 / DPI


def _patches(width: int, height: int, picture: bytearray, path: str) -> Iterator[Patch]:
    """Patches of dark dots that touch, also at their corners."""
    ink = bytes(picture).translate(_INK)
    parents: list[int] = []
    boxes: list[list[int]] = []
    above: list[tuple[int, int, int]] = []
    for row in range(height):
        start = row * width
        current: list[tuple[int, int, int]] = []
        at = 0
        for run in _RUN.finditer(ink, start, start + width):
            left, right = run.start() - start, run.end() - start
            name = len(parents)
            parents.append(name)
            boxes.append([left, row, right, row + 1, right - left])
            while at < len(above) and above[at][1] < left:
                at += 1
            touching = at
            while touching < len(above) and above[touching][0] <= right:
                name = _join(parents, boxes, above[touching][2], name)
                touching += 1
            current.append((left, right, name))
        if len(parents) > _MAX_RUNS:
            raise SourceError(
                "a page is a picture of noise, not of text", file=path, hint="scan it again, or give its text"
            )
        above = current
    for name, parent in enumerate(parents):
        if name == parent and boxes[name][4] >= 6:
            left, top, right, bottom, dots = boxes[name]
            yield left, top, right, bottom, dots


def _join(parents: list[int], boxes: list[list[int]], one: int, other: int) -> int:
    one, other = _root(parents, one), _root(parents, other)
    if one == other:
        return one
    parents[other] = one
    mine, its = boxes[one], boxes[other]
    mine[:] = [
        min(mine[0], its[0]),
        min(mine[1], its[1]),
        max(mine[2], its[2]),
        max(mine[3], its[3]),
        mine[4] + its[4],
    ]
    return one


def _root(parents: list[int], name: int) -> int:
    while parents[name] != name:
        parents[name] = parents[parents[name]]
        name = parents[name]
    return name
