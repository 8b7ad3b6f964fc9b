"""PDF coordinates → points from the top left of the page as shown, and a walk through its objects."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.model import Box

MAX_OBJECTS = 60_000
MAX_DEPTH = 8


class TooMuch(ValueError):
    """A page holds more than a page of a report can; the text says of what."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An affine map, and the size of the page it leads to."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    width: float
    height: float

    @classmethod
    def of(cls, page: pdfium.FPDF_PAGE) -> Frame:
        """That of a page, its rotation and crop included: asks PDFium where three points come to stand."""
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        scale = 1000
        x, y = ctypes.c_int(), ctypes.c_int()

        def shown(left: float, up: float) -> tuple[float, float]:
            pdfium.FPDF_PageToDevice(
                page, 0, 0, round(width * scale), round(height * scale), 0, left, up, x, y
            )
            return x.value / scale, y.value / scale

        (e, f), (ax, ay), (bx, by) = shown(0, 0), shown(1000, 0), shown(0, 1000)
        return cls((ax - e) / 1000, (ay - f) / 1000, (bx - e) / 1000, (by - f) / 1000, e, f, width, height)

    def within(self, matrix: pdfium.FS_MATRIX) -> Frame:
        """The frame of an object that is drawn through `matrix` in this one."""
        e, f = self.point(matrix.e, matrix.f)
        return Frame(
            *self.vector(matrix.a, matrix.b), *self.vector(matrix.c, matrix.d), e, f, self.width, self.height
        )

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point on the page as shown."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def vector(self, x: float, y: float) -> tuple[float, float]:
        """A direction on the page as shown."""
        return self.a * x + self.c * y, self.b * x + self.d * y

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A rectangle on the page as shown."""
        # Asked twice for every character of a file, so `point` is written out.
        x1, x2 = self.a * left + self.c * bottom + self.e, self.a * right + self.c * top + self.e
        y1, y2 = self.b * left + self.d * bottom + self.f, self.b * right + self.d * top + self.f
        if x1 > x2:
            x1, x2 = x2, x1
        return Box(x1, y1, x2, y2) if y1 <= y2 else Box(x1, y2, x2, y1)

    def holds(self, box: Box) -> bool:
        """Whether the centre of `box` is on the page."""
        return 0 <= box.centre <= self.width and 0 <= box.middle <= self.height


def objects(page: pdfium.FPDF_PAGE, frame: Frame) -> Iterator[tuple[pdfium.FPDF_PAGEOBJECT, int, Frame]]:
    """Every object of a page that draws, its type, and the frame it is drawn in; forms are opened.

    Raises TooMuch where there are too many, or forms in forms without end.
    """
    left = MAX_OBJECTS
    count = pdfium.FPDFPage_CountObjects(page)
    waiting = [
        iter([(pdfium.FPDFPage_GetObject(page, index), frame) for index in range(min(count, left + 1))])
    ]
    while waiting:
        item, around = next(waiting[-1], (None, None))
        if item is None or around is None:
            waiting.pop()
            continue
        left -= 1
        if left < 0:
            raise TooMuch(f"more than {MAX_OBJECTS:,} drawn objects on one page")
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind != pdfium.FPDF_PAGEOBJ_FORM:
            yield item, kind, around
            continue
        if len(waiting) >= MAX_DEPTH:
            raise TooMuch("forms within forms without end")
        waiting.append(iter(_form(item, around, left)))


def _form(
    item: pdfium.FPDF_PAGEOBJECT, frame: Frame, left: int
) -> list[tuple[pdfium.FPDF_PAGEOBJECT, Frame]]:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    inner = frame.within(matrix)
    count = pdfium.FPDFFormObj_CountObjects(item)
    return [
        (pdfium.FPDFFormObj_GetObject(item, index), inner) for index in range(max(0, min(count, left + 1)))
    ]
