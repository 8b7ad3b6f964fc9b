"""The structure tree of a tagged PDF → which cell of which table each piece of marked content is in.

PDFium gives the tree page by page, with every element in its own slot of its parent whether or not
it has content on that page. So the path of slots names an element on all pages, and a slot without
an element is one without content: an empty cell.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.model import TagCell
from pipelines.extract.pdf.pdfium import TooMuch, answered

MAX_ELEMENTS = 100_000
MAX_DEPTH = 60
MAX_COLUMNS = 60
_SECTIONS = ("THead", "TBody", "TFoot")
_NOTES = ("Note", "FENote")

Path = tuple[int, ...]


@dataclass(slots=True)
class TagRow:
    """How many cells a row has, and how many columns and rows each that has content takes, by its slot."""

    slots: int
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)


class Tags:
    """Cells of the tables of a document, gathered page by page."""

    def __init__(self) -> None:
        self._tables: dict[Path, dict[Path, TagRow]] = {}
        self._marks: dict[tuple[int, int], tuple[Path, Path, int]] = {}
        self._left = MAX_ELEMENTS

    def add(self, page: pdfium.FPDF_PAGE, number: int) -> None:
        """Adds what page `number` (from 1) holds of each table. Raises TooMuch."""
        tree = pdfium.FPDF_StructTree_GetForPage(page)
        if not tree:
            return
        try:
            for slot in range(max(0, pdfium.FPDF_StructTree_CountChildren(tree))):
                element = pdfium.FPDF_StructTree_GetChildAtIndex(tree, slot)
                if element:
                    self._walk(element, (slot,), number)
        finally:
            pdfium.FPDF_StructTree_Close(tree)

    def cells(self) -> dict[tuple[int, int], TagCell]:
        """The cell that marked content is in, by its page and its number there."""
        laid = {path: laid_out(path, rows) for path, rows in self._tables.items()}
        found = {mark: laid[table].get((row, slot)) for mark, (table, row, slot) in self._marks.items()}
        return {mark: cell for mark, cell in found.items() if cell}

    def _walk(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path, page: int) -> None:
        is_table = _kind(element) == "Table"
        for slot, child in self._children(element, path):
            if not is_table:
                self._walk(child, (*path, slot), page)
            elif _kind(child) in _SECTIONS:
                for at, row in self._children(child, (*path, slot)):
                    self._row((slot, at), row, path, page)
            else:
                self._row((slot, 0), child, path, page)

    def _row(self, at: Path, element: pdfium.FPDF_STRUCTELEMENT, path: Path, page: int) -> None:
        if _kind(element) != "TR":
            return
        count = pdfium.FPDF_StructElement_CountChildren(element)
        row = self._tables.setdefault(path, {}).setdefault(at, TagRow(count))
        for slot, child in self._children(element, path):
            if _kind(child) in ("TD", "TH"):
                row.spans[slot] = _span(child, "ColSpan"), _span(child, "RowSpan")
                for mark in self._marked(child, path):
                    self._marks[page, mark] = path, at, slot

    def _marked(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path) -> Iterator[int]:
        """Numbers of the marked content in an element, that of footnotes left out."""
        for slot in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            mark = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, slot)
            if mark >= 0:
                yield mark
        for slot, child in self._children(element, path):
            if _kind(child) not in _NOTES:
                yield from self._marked(child, (*path, slot))

    def _children(
        self, element: pdfium.FPDF_STRUCTELEMENT, path: Path
    ) -> Iterator[tuple[int, pdfium.FPDF_STRUCTELEMENT]]:
        if len(path) > MAX_DEPTH:
            raise TooMuch(f"a structure of more than {MAX_DEPTH} levels")
        for slot in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, slot)
            if child:
                self._left -= 1
                if self._left < 0:
                    raise TooMuch(f"a structure of more than {MAX_ELEMENTS:,} elements")
                yield slot, child


def _kind(element: pdfium.FPDF_STRUCTELEMENT) -> str:
    """Standard type of an element, such as TD."""
    return answered(pdfium.FPDF_StructElement_GetType, element)


def _span(element: pdfium.FPDF_STRUCTELEMENT, name: str) -> int:
    """Number of columns or rows that a cell spans; 1 unless it says so."""
    value = ctypes.c_float()
    for index in range(max(0, pdfium.FPDF_StructElement_GetAttributeCount(element))):
        attributes = pdfium.FPDF_StructElement_GetAttributeAtIndex(element, index)
        found = pdfium.FPDF_StructElement_Attr_GetValue(attributes, name.encode())
        if found and pdfium.FPDF_StructElement_Attr_GetNumberValue(found, value):
            return min(100, max(1, round(value.value)))
    return 1


def laid_out(table: Path, rows: dict[Path, TagRow]) -> dict[tuple[Path, int], TagCell]:
    """The cells of a table by row and slot; none where rows of texts are shorter than others.

    Some programs write no tag for an empty cell, so that columns are unknown. A row of one cell is the name
    above a part.
    """
    found: dict[tuple[Path, int], TagCell] = {}
    hanging: dict[int, int] = {}  # for how many rows a cell above still covers a column
    widths: list[tuple[int, int]] = []  # of named cells and of columns
    for at, (path, row) in enumerate(sorted(rows.items())):
        column, covered = 0, {one: left - 1 for one, left in hanging.items() if left > 1}
        for slot in range(min(row.slots, MAX_COLUMNS)):
            column = next(free for free in count(column) if free not in hanging)
            across, down = row.spans.get(slot, (1, 1))
            found[path, slot] = TagCell(table, at, column, across, down)
            if down > 1:
                covered |= dict.fromkeys(range(column, min(column + across, MAX_COLUMNS)), down - 1)
            column += across
        widths.append((len(row.spans), next(free for free in count(column) if free not in hanging)))
        hanging = covered
    width = max(column for _, column in widths)
    if any(named > 1 and column < width for named, column in widths):
        return {}
    return {place: cell._replace(width=width) for place, cell in found.items()}
