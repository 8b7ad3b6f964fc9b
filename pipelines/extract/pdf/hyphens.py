"""Hyphens, of which PDFium's text does not say all: which are soft, and the lone ones it leaves out.

Where a line ends in a hyphen PDFium gives U+0002 for it, soft or not: with all text objects put on
one endless line no line ends, and it gives the code point. And a hyphen that is all of a text
object, as in an empty cell, may be left out as if it were part of another: its ink is still there.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.frame import Frame, objects
from pipelines.extract.pdf.model import Box

SOFT_HYPHEN = "\u00ad"
_APART = 2000.0


@dataclass(frozen=True, slots=True)
class Unseen:
    """A hyphen of which PDFium's text of the page says nothing: its ink, baseline and font size."""

    box: Box
    baseline: float
    size: float
    mark: int


def unseen(page: pdfium.FPDF_PAGE, frame: Frame, seen: Collection[int]) -> Iterator[Unseen]:
    """Upright text objects, not at the addresses `seen`, whose ink has the shape and height of a hyphen."""
    sides = [ctypes.c_float() for _ in range(4)]
    matrix = pdfium.FS_MATRIX()
    size = ctypes.c_float()
    for item, kind, around in objects(page, frame):
        if kind != pdfium.FPDF_PAGEOBJ_TEXT or ctypes.addressof(item.contents) in seen:
            continue
        left, bottom, right, top = sides
        pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        pdfium.FPDFPageObj_GetMatrix(item, matrix)
        pdfium.FPDFTextObj_GetFontSize(item, size)
        box = around.box(left.value, bottom.value, right.value, top.value)
        height = size.value * math.hypot(*around.vector(matrix.c, matrix.d))
        _, baseline = around.point(matrix.e, matrix.f)
        flat = 0 < box.width < 0.7 * height and box.height < 0.2 * height
        if flat and 0.1 * height < baseline - box.middle < 0.5 * height and frame.holds(box):
            yield Unseen(box, baseline, height, pdfium.FPDFPageObj_GetMarkedContentID(item))


def texts_on_one_line(page: pdfium.FPDF_PAGE, frame: Frame, wanted: Collection[int]) -> dict[int, str]:
    """Text of the objects at the addresses `wanted`, white space left out.

    This spoils the page: nothing else can be read from it afterwards.
    """
    texts = [item for item, kind, _ in objects(page, frame) if kind == pdfium.FPDF_PAGEOBJ_TEXT]
    for position, item in enumerate(texts):
        pdfium.FPDFPageObj_SetMatrix(item, pdfium.FS_MATRIX(1, 0, 0, 1, _APART * position, 0))
    text_page = pdfium.FPDFText_LoadPage(page)
    found = dict.fromkeys(wanted, "")
    try:
        for index in range(pdfium.FPDFText_CountChars(text_page)):
            item = pdfium.FPDFText_GetTextObject(text_page, index)
            address = ctypes.addressof(item.contents) if item else 0
            if address in found:
                text = chr(pdfium.FPDFText_GetUnicode(text_page, index))
                found[address] += text.strip()
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    return found
