"""Page of a PDF → the straight lines along its axes, and the edges of its filled areas."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, pairwise

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.frame import Frame, TooMuch, objects
from pipelines.extract.pdf.model import Rule

MAX_SEGMENTS = 200_000
_STRAIGHT = 0.5
"""Points that a line may stray from its axis."""
_THIN = 2.5
"""Points up to which a filled area is a drawn line."""
_SHORTEST = 2.0

Point = tuple[float, float]


def read(page: pdfium.FPDF_PAGE, frame: Frame) -> tuple[list[Rule], int]:
    """The rules of a page, those that touch joined to one, and the number of its pictures.

    Raises TooMuch.
    """
    found: list[Rule] = []
    images = 0
    left = MAX_SEGMENTS
    for item, kind, around in objects(page, frame):
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            images += 1
        if kind != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        left -= pdfium.FPDFPath_CountSegments(item)
        if left < 0:
            raise TooMuch(f"drawings of more than {MAX_SEGMENTS:,} lines on one page")
        found.extend(_path(item, around))
    return join(found), images


def _path(item: pdfium.FPDF_PAGEOBJECT, frame: Frame) -> Iterator[Rule]:
    mode, stroke = ctypes.c_int(), pdfium.FPDF_BOOL()
    pdfium.FPDFPath_GetDrawMode(item, mode, stroke)
    if not mode.value and not stroke.value:
        return
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    for corners in _figures(item, frame.within(matrix)):
        if stroke.value:
            yield from _lines(corners)
        else:
            yield from _area(corners)


def _figures(item: pdfium.FPDF_PAGEOBJECT, frame: Frame) -> Iterator[list[Point]]:
    """Corners of each figure of a path; a figure with a curve in it has none."""
    x, y = ctypes.c_float(), ctypes.c_float()
    corners: list[Point] = []
    for index in range(pdfium.FPDFPath_CountSegments(item)):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            yield corners
            corners = []
        corners.append(frame.point(x.value, y.value))
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield [*corners, corners[0]]
            corners = corners[:1]
    yield corners


def _lines(corners: list[Point], *, fill: bool = False) -> Iterator[Rule]:
    for (x1, y1), (x2, y2) in pairwise(corners):
        if abs(y1 - y2) <= _STRAIGHT and abs(x1 - x2) >= _SHORTEST:
            yield Rule(True, (y1 + y2) / 2, min(x1, x2), max(x1, x2), fill)
        elif abs(x1 - x2) <= _STRAIGHT and abs(y1 - y2) >= _SHORTEST:
            yield Rule(False, (x1 + x2) / 2, min(y1, y2), max(y1, y2), fill)


def _area(corners: list[Point]) -> Iterator[Rule]:
    """A filled figure: thin ones are lines drawn as areas, of others the edges count."""
    if len(corners) < 3:
        return
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    if bottom - top <= _THIN < right - left:
        yield Rule(True, (top + bottom) / 2, left, right)
    elif right - left <= _THIN < bottom - top:
        yield Rule(False, (left + right) / 2, top, bottom)
    else:
        yield from _lines(corners, fill=True)


def join(rules: Iterable[Rule]) -> list[Rule]:
    """One rule for those that lie on one line and touch; a drawn line makes a drawn line of them.

    Places are rounded to hundredths of a point.
    """
    joined: list[Rule] = []
    ordered = sorted(rules, key=lambda rule: (rule.horizontal, rule.at))
    for _, along in groupby(ordered, key=lambda rule: rule.horizontal):
        for level in _levels(list(along)):
            joined.extend(_touching(level))
    return [
        replace(rule, at=round(rule.at, 2), start=round(rule.start, 2), end=round(rule.end, 2))
        for rule in joined
    ]


def _levels(rules: list[Rule]) -> Iterator[list[Rule]]:
    """Rules by height (or distance), those within two points taken together."""
    level: list[Rule] = []
    for rule in rules:
        if level and rule.at - level[0].at > 2.0:
            yield level
            level = []
        level.append(rule)
    if level:
        yield level


def _touching(level: list[Rule]) -> Iterator[Rule]:
    level.sort(key=lambda rule: rule.start)
    current = level[0]
    for rule in level[1:]:
        if rule.start <= current.end + 1.5:
            at = current.at if current.length >= rule.length else rule.at
            end = max(current.end, rule.end)
            current = Rule(rule.horizontal, at, current.start, end, current.fill and rule.fill)
        else:
            yield current
            current = rule
    yield current
