"""A page of a PDF as a picture (PNG) of what was read there: for people, and only for the child process.

Tinted bands are the rows of a table, blue lines part its columns, green frames are its cells, purple ones
its heading; what is in the table and none of them has a red frame.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageDraw

from pipelines.extract.annexes import find_annexes
from pipelines.extract.pdf import pdfium
from pipelines.extract.pdf.model import Box, PdfDocument, PdfPage
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import Grid
from pipelines.model import Document
from schemas.errors import JvomError
from schemas.registry import Registry

DPI = 120
_AROUND = 1.0  # points between a box and what is drawn of it
Colour = tuple[int, int, int]
ROWS: tuple[Colour, Colour] = ((255, 244, 204), (221, 235, 247))
COLUMN, CELL, HEADING, LEFT = (31, 78, 210), (0, 140, 60), (130, 40, 160), (220, 0, 0)


def draw(data: bytes, document: Document, registry: Registry, number: int) -> bytes:
    """Page `number` (from 1) of a PDF with the tables that were found on it. Raises SourceError."""
    if (
        not isinstance(document, PdfDocument)
        or document.format != "pdf"
        or not 1 <= number <= len(document.pages)
    ):
        return b""
    page = document.pages[number - 1]
    width, height, dots = pdfium.picture(data, document.path, number, DPI, grey=False)
    sheet, made = Image.frombytes("RGB", (width, height), dots), io.BytesIO()
    for grid in _grids(document, registry):
        _draw_table(sheet, page, grid)
    sheet.save(made, "PNG")
    return made.getvalue()


def _grids(document: PdfDocument, registry: Registry) -> list[Grid]:
    """The tables that were found, by geometry where they were found by that."""
    try:
        parts = find_annexes(document, registry)
    except JvomError:
        return []
    annexes = [annex for annex in (parts.mandates, parts.personnel) if annex]
    return [one.table.grid for annex in annexes for one in annex.each if one.table]


def _draw_table(sheet: Image.Image, page: PdfPage, grid: Grid) -> None:
    def here(*cells: PdfCell | None) -> list[Box]:
        spans = (span for cell in cells if cell for span in cell.spans)
        return [span.box for span in spans if span.page == page.number and span.box]

    heading = [line for line in page.lines if line.number in grid.heading]
    cells = [cell for row in grid.rows for cell in (*row.cells, row.label) if cell]
    boxes = [*(line.box for line in heading), *here(*cells)]
    if not boxes:
        return
    whole = Box.around(boxes)
    for at, row in enumerate(grid.rows):
        if found := here(*row.cells):
            around = Box.around(found)
            _tint(sheet, Box(whole.left, around.top, whole.right, around.bottom), ROWS[at % 2])
    for part in (part for one in grid.stretches if one.page == page.number for part in one.parts):
        _frame(sheet, Box(part + _AROUND, whole.top, part - _AROUND, whole.bottom), COLUMN)
    for cell in cells:
        if found := here(cell):
            _frame(sheet, Box.around(found), CELL)
    for word in (word for line in heading for word in line.words):
        _frame(sheet, word.box, HEADING)
    for box in _left(page, whole, grid.taken, {line.number for line in heading}):
        _frame(sheet, box, LEFT)


def _left(page: PdfPage, whole: Box, taken: set[tuple[int, int]], heading: set[int]) -> Iterator[Box]:
    """Words between the top and the bottom of a table that neither a cell nor its heading has."""
    for line in page.lines:
        if line.number in heading or line.number in page.furniture:
            continue
        for offset, word in zip(line.offsets, line.words, strict=True):
            inside = whole.top <= word.box.middle <= whole.bottom
            if inside and (line.number, offset) not in taken:
                yield word.box


def _tint(sheet: Image.Image, box: Box, colour: Colour) -> None:
    """Colours what is white in a box, and leaves what is black."""
    place = _dots(sheet, box)
    part = sheet.crop(place)
    sheet.paste(ImageChops.multiply(part, Image.new("RGB", part.size, colour)), place)


def _frame(sheet: Image.Image, box: Box, colour: Colour) -> None:
    left, top, right, bottom = _dots(sheet, box)
    ImageDraw.Draw(sheet).rectangle((left, top, right - 1, bottom - 1), outline=colour)


def _dots(sheet: Image.Image, box: Box) -> tuple[int, int, int, int]:
    """Left, top, and right and bottom (exclusive), on the picture and at least a dot apart."""
    sides = (box.left - _AROUND, box.top - _AROUND, box.right + _AROUND, box.bottom + _AROUND)
    left, top, right, bottom = (round(side * DPI / 72) for side in sides)
    left, top = min(max(left, 0), sheet.width - 1), min(max(top, 0), sheet.height - 1)
    return left, top, max(left + 1, min(right, sheet.width)), max(top + 1, min(bottom, sheet.height))
