"""Bytes of a PDF → PdfDocument, by PDFium. Runs in the child process: see `sandbox`."""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from pipelines.extract.pdf import furniture, glyphs, lines, rules, tags
from pipelines.extract.pdf.frame import Frame, TooMuch
from pipelines.extract.pdf.model import PdfDocument, PdfPage, RecognisedPage, Rule, Word
from schemas.errors import SourceError

MAX_PAGES = 400
MAX_SIDE = 5000.0
"""Points; the largest paper in use (A0) is 3,370 high."""
MIN_SIDE = 72.0
MAX_WORDS = 400_000

_START = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_TABLE = re.compile(rb"\s{0,8}(?:xref|\d+\s+\d+\s+obj)")
_TRY_AGAIN = "download it again, or open it in a viewer and print it to a new PDF"


@dataclass(slots=True)
class _RawPage:
    frame: Frame
    lines: list[list[Word]]
    rules: list[Rule]
    images: int
    hidden: int
    label: str | None


def parse(data: bytes, path: str, recognised: Mapping[int, RecognisedPage] | None = None) -> PdfDocument:
    """Every page with its lines and rules, and the tagged tables.

    `recognised` gives what stands on pages that are pictures. Raises SourceError.
    """
    try:
        _check_ends(data)
        return _parse(data, path, recognised or {})
    except SourceError as error:
        error.file = path
        raise


def _parse(data: bytes, path: str, recognised: Mapping[int, RecognisedPage]) -> PdfDocument:
    pdfium.FPDF_InitLibraryWithConfig(pdfium.FPDF_LIBRARY_CONFIG(version=2))
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise _unopened(pdfium.FPDF_GetLastError())
    count = pdfium.FPDF_GetPageCount(document)
    if count < 1:
        raise _refused("this PDF has no pages", _TRY_AGAIN)
    if count > MAX_PAGES:
        raise _refused(
            f"this PDF has {count:,} pages; a report has at most {MAX_PAGES}",
            "check that this is the report, or cut out its part of a larger file",
        )
    tables = tags.Tables()
    read: list[_RawPage] = []
    for index in range(count):
        try:
            read.append(_page(document, index, tables))
        except TooMuch as error:
            raise _refused(f"{error}: no page of a report", _TRY_AGAIN, index + 1) from None
        if sum(len(line) for page in read for line in page.lines) > MAX_WORDS:
            raise _refused(f"more than {MAX_WORDS:,} words", "check that this is the report", index + 1)
    soft = lines.soft_hyphens(word for page in read for line in page.lines for word in line)
    if soft:
        for page in read:
            page.lines = [[lines.soften(word) for word in line] for line in page.lines]
    pages = furniture.mark(_numbered(read, recognised))
    return PdfDocument.of(path, hashlib.sha256(data).hexdigest(), pages, tables.tables(soft=soft))


def _refused(message: str, hint: str, page: int | None = None) -> SourceError:
    return SourceError(message, hint=hint, page=page)


def _check_ends(data: bytes) -> None:
    head = data[:1024].find(b"%PDF-")
    if head < 0:
        raise _refused(
            "this is no PDF: it does not begin like one", "give the report as PDF or as plain text"
        )
    ends = list(_START.finditer(data, max(0, len(data) - 4096)))
    if not ends:
        raise _refused("this PDF is cut off: its end is missing", "download it again")
    at = int(ends[-1][1])
    # Where something stands before the PDF, places count from either start.
    if not any(_TABLE.match(data, place) for place in (at, at + head)):
        raise _refused("this PDF is damaged: its table of contents is not where it says", _TRY_AGAIN)


def _unopened(code: int) -> SourceError:
    if code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return _refused(
            "this PDF is encrypted and opens with a password only",
            "ask for a copy without one, or open it and print it to a new PDF",
        )
    return _refused("this PDF is damaged: PDFium cannot open it", _TRY_AGAIN)


def _page(document: pdfium.FPDF_DOCUMENT, index: int, tables: tags.Tables) -> _RawPage:
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        raise _refused("this page of the PDF is damaged", _TRY_AGAIN, index + 1)
    try:
        sides = (pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in sides):
            raise _refused(
                f"a page of {sides[0]:,.0f} by {sides[1]:,.0f} points is no page of a report",
                f"print it to paper sizes between {MIN_SIDE:.0f} and {MAX_SIDE:,.0f} points a side",
                index + 1,
            )
        frame = Frame.of(page)
        found_rules, images = rules.read(page, frame)
        characters, hidden = glyphs.read(page, frame)
        full = lines.heights(characters)
        tables.add(page, index + 1, characters, full)
        label = _label(document, index)
        return _RawPage(frame, lines.words(characters, full), found_rules, images, hidden, label)
    finally:
        pdfium.FPDF_ClosePage(page)


def _label(document: pdfium.FPDF_DOCUMENT, index: int) -> str | None:
    """What the file itself calls the page."""
    length = pdfium.FPDF_GetPageLabel(document, index, None, 0)
    if not 2 < length <= 200:
        return None
    text = ctypes.create_string_buffer(length)
    pdfium.FPDF_GetPageLabel(document, index, text, length)
    return text.raw[: length - 2].decode("utf-16-le", "replace") or None


def _numbered(read: list[_RawPage], recognised: Mapping[int, RecognisedPage]) -> list[PdfPage]:
    pages: list[PdfPage] = []
    first = 1
    for number, raw in enumerate(read, 1):
        seen = recognised.get(number)
        made = tuple(lines.number(seen.lines if seen else raw.lines, number, first))
        first += len(made)
        pages.append(
            PdfPage(
                number,
                round(raw.frame.width, 2),
                round(raw.frame.height, 2),
                made,
                seen.rules if seen else tuple(raw.rules),
                raw.label,
                raw.images,
                raw.hidden,
                ocr=seen is not None,
            )
        )
    return pages
