"""Page of a PDF → its picture in grey, for character recognition. Runs in a child process (see `sandbox`)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pypdfium2.raw as pdfium

from pipelines.extract.sandbox import Message
from schemas.errors import SourceError

DPI = 300
MAX_DOTS = 30_000_000
"""Of a picture: that of A3 at 300 dots an inch has 17 million."""


def draw(data: bytes, number: int, path: str) -> Iterator[Message]:
    """Width and height of page `number` in dots, and a byte for each dot, 0 for black, row by row.

    Raises SourceError for a page that is larger than any of a report.
    """
    pdfium.FPDF_InitLibraryWithConfig(pdfium.FPDF_LIBRARY_CONFIG(version=2))
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    page = pdfium.FPDF_LoadPage(document, number - 1)
    width = round(pdfium.FPDF_GetPageWidthF(page) * DPI / 72)
    height = round(pdfium.FPDF_GetPageHeightF(page) * DPI / 72)
    if width * height > MAX_DOTS:
        raise SourceError(
            "this page is too large to be read as a picture",
            file=path,
            page=number,
            hint="print it to A4 or A3",
        )
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_Gray, None, 0)
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
    stride = pdfium.FPDFBitmap_GetStride(bitmap)
    dots = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * height)
    yield [width, height], b"".join(dots[row * stride : row * stride + width] for row in range(height))
