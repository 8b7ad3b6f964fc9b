"""The straight lines that a page shows: strokes, thin areas and the edges of filled ones, as `Rule`s."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.model import Box, Rule, grouped
from pipelines.extract.pdf.pdfium import Frame, Point, TooMuch, objects

MAX_SEGMENTS = 200_000  # of one page
_STRAIGHT = 0.5  # points that a line may stray from its axis
_THIN = 2.5  # points up to which a filled area is a drawn line
_SHORTEST = 2.0
_LEVEL = 2.0  # points within which parallel lines are one
_TOUCH = 1.5
_ROUND_CORNERS = 8  # points of a box with round corners, at least
_LEAST_WIDE, _LEAST_HIGH = 16.0, 9.0  # points of a cell, at least
_RADIUS, _BENT = 12.0, 2.4  # points of a round corner, and how far it leaves the sides of its box
_INSIDE = 4.0  # points from its sides


def drawn_lines(page: pdfium.FPDF_PAGE, frame: Frame) -> tuple[list[Rule], int]:
    """The straight lines along the axes of a page and the edges of its filled areas, and how many pictures.

    Lines that touch are joined to one. Raises TooMuch.
    """
    found: list[Rule] = []
    images = 0
    left = MAX_SEGMENTS
    for item, kind, around in objects(page, frame):
        images += kind == pdfium.FPDF_PAGEOBJ_IMAGE
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
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
    clip = _clip(item, frame)
    across, down = (clip.left, clip.right), (clip.top, clip.bottom)
    for corners in _figures(item, frame.within(matrix)):
        if stroke.value:
            yield from (cut for rule in _edges(corners) if (cut := _cut(rule, clip)))
        else:
            yield from _area([(_within(x, *across), _within(y, *down)) for x, y in corners])


def rounded(item: pdfium.FPDF_PAGEOBJECT, around: Frame) -> list[Box]:
    """What is inside the lines of a path that draws nothing but boxes with round corners, as around cells.

    All of it is close by the sides of boxes that are larger than a figure.
    """
    if pdfium.FPDFPath_CountSegments(item) < _ROUND_CORNERS:
        return []
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    figures = (corners for corners in _figures(item, around.within(matrix)) if len(corners) > 1)
    found = [_inside(corners) for corners in figures]
    return [box for box in found if box] if all(found) else []


def _inside(corners: Sequence[Point]) -> Box | None:
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*corners, strict=True))
    if len(corners) < _ROUND_CORNERS or right - left < _LEAST_WIDE or bottom - top < _LEAST_HIGH:
        return None
    for (x, y), (before, above) in pairwise(corners):
        aside = min(x - left, right - x, y - top, bottom - y)
        across, down = abs(x - before), abs(y - above)
        if aside > _BENT or (min(across, down) > _STRAIGHT and max(across, down) > _RADIUS):
            return None
    return Box(left + _INSIDE, top + _INSIDE, right - _INSIDE, bottom - _INSIDE)


def _within(value: float, low: float, high: float) -> float:
    return low if value < low else min(value, high)


def _cut(rule: Rule, clip: Box) -> Rule | None:
    """The part of a drawn line that its clip leaves."""
    across, along = (clip.top, clip.bottom), (clip.left, clip.right)
    if not rule.horizontal:
        across, along = along, across
    start, end = max(rule.start, along[0]), min(rule.end, along[1])
    inside = across[0] - _STRAIGHT <= rule.at <= across[1] + _STRAIGHT
    return replace(rule, start=start, end=end) if inside and end - start >= _SHORTEST else None


def _clip(item: pdfium.FPDF_PAGEOBJECT, frame: Frame) -> Box:
    """The part of the page to which a path is clipped, as a rectangle."""
    clip = pdfium.FPDFPageObj_GetClipPath(item)
    x, y = ctypes.c_float(), ctypes.c_float()
    left, top, right, bottom = 0.0, 0.0, frame.width, frame.height
    for index in range(max(0, pdfium.FPDFClipPath_CountPaths(clip))):
        points = []
        for at in range(max(0, pdfium.FPDFClipPath_CountPathSegments(clip, index))):
            segment = pdfium.FPDFClipPath_GetPathSegment(clip, index, at)
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            points.append(frame.point(x.value, y.value))
        if points:
            left, right = max(left, min(x for x, _ in points)), min(right, max(x for x, _ in points))
            top, bottom = max(top, min(y for _, y in points)), min(bottom, max(y for _, y in points))
    return Box(left, top, max(left, right), max(top, bottom))


def _figures(item: pdfium.FPDF_PAGEOBJECT, frame: Frame) -> Iterator[list[Point]]:
    """Corners of each figure of a path, the control points of its curves among them."""
    x, y = ctypes.c_float(), ctypes.c_float()
    corners: list[Point] = []
    for index in range(pdfium.FPDFPath_CountSegments(item)):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_MOVETO:
            yield corners
            corners = []
        corners.append(frame.point(x.value, y.value))
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield [*corners, corners[0]]
            corners = corners[:1]
    yield corners


def _edges(corners: list[Point], *, fill: bool = False) -> Iterator[Rule]:
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
        yield from _edges(corners, fill=True)


def join(rules: Iterable[Rule]) -> list[Rule]:
    """One rule for those that lie on one line and touch; a drawn line makes a drawn line of them."""
    joined: list[Rule] = []
    for _, along in groupby(sorted(rules, key=lambda r: (r.horizontal, r.at)), key=lambda r: r.horizontal):
        for level in grouped(along, lambda level, rule: rule.at - level[0].at > _LEVEL):
            joined.extend(_touching(level))
    return [
        replace(rule, at=round(rule.at, 2), start=round(rule.start, 2), end=round(rule.end, 2))
        for rule in joined
    ]


def _touching(level: list[Rule]) -> Iterator[Rule]:
    current, *rest = sorted(level, key=lambda rule: rule.start)
    for rule in rest:
        if rule.start <= current.end + _TOUCH:
            at = current.at if current.length >= rule.length else rule.at
            end = max(current.end, rule.end)
            current = Rule(rule.horizontal, at, current.start, end, current.fill and rule.fill)
        else:
            yield current
            current = rule
    yield current
