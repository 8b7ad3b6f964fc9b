"""Structure tree of a tagged PDF → its tables, rows and cells, empty cells kept.

PDFium gives the tree page by page, with every element in its own slot of its parent whether or not
it has content on that page. So the path of slots names an element on all pages, and a slot without
an element is one without content: an empty cell.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pypdfium2.raw as pdfium

from pipelines.extract.pdf import lines
from pipelines.extract.pdf.frame import TooMuch
from pipelines.extract.pdf.glyphs import Glyph
from pipelines.extract.pdf.model import TagCell, TagTable, Word

MAX_ELEMENTS = 100_000
MAX_DEPTH = 60
_SECTIONS = ("THead", "TBody", "TFoot")
_NOTES = ("Note", "FENote")

Path = tuple[int, ...]


@dataclass(slots=True)
class _Cell:
    heading: bool
    columns_spanned: int
    rows_spanned: int
    words: list[tuple[int, Word]] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    width: int
    cells: dict[int, _Cell] = field(default_factory=dict)


class Tables:
    """Tables of a document, gathered page by page."""

    def __init__(self) -> None:
        self._tables: dict[Path, dict[Path, _Row]] = {}
        self._left = MAX_ELEMENTS

    def add(
        self, page: pdfium.FPDF_PAGE, number: int, glyphs: Sequence[Glyph], full: Mapping[int, float]
    ) -> None:
        """Adds what page `number` (from 1) holds of each table. Raises TooMuch."""
        tree = pdfium.FPDF_StructTree_GetForPage(page)
        if not tree:
            return
        named: dict[int, list[Glyph]] = {}
        for glyph in glyphs:
            named.setdefault(glyph.mark, []).append(glyph)
        reader = _PageReader(number, named, full)
        try:
            for slot in range(max(0, pdfium.FPDF_StructTree_CountChildren(tree))):
                element = pdfium.FPDF_StructTree_GetChildAtIndex(tree, slot)
                if element:
                    self._walk(element, (slot,), reader)
        finally:
            pdfium.FPDF_StructTree_Close(tree)

    def _walk(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path, reader: _PageReader) -> None:
        if _kind(element) == "Table":
            table = self._tables.setdefault(path, {})
            for slot, child in self._children(element, path):
                if _kind(child) in _SECTIONS:
                    for at, row in self._children(child, (*path, slot)):
                        self._row(table, (slot, at), row, path, reader)
                else:
                    self._row(table, (slot, 0), child, path, reader)
            return
        for slot, child in self._children(element, path):
            self._walk(child, (*path, slot), reader)

    def _row(
        self,
        table: dict[Path, _Row],
        at: Path,
        element: pdfium.FPDF_STRUCTELEMENT,
        path: Path,
        reader: _PageReader,
    ) -> None:
        if _kind(element) != "TR":
            return
        row = table.setdefault(at, _Row(pdfium.FPDF_StructElement_CountChildren(element)))
        for slot, child in self._children(element, path):
            kind = _kind(child)
            if kind not in ("TD", "TH"):
                continue
            cell = row.cells.setdefault(
                slot, _Cell(kind == "TH", _span(child, "ColSpan"), _span(child, "RowSpan"))
            )
            marks = set(self._marks(child, path))
            cell.words.extend(reader.words(marks))

    def _marks(self, element: pdfium.FPDF_STRUCTELEMENT, path: Path) -> Iterator[int]:
        """Numbers of the marked content in an element, that of footnotes left out."""
        for slot in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            mark = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, slot)
            if mark >= 0:
                yield mark
        for slot, child in self._children(element, path):
            if _kind(child) not in _NOTES:
                yield from self._marks(child, (*path, slot))

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

    def tables(self, *, soft: bool) -> tuple[TagTable, ...]:
        """Every table with its rows in order; `soft` says that U+2010 at a word's end is a soft hyphen."""
        if soft:
            for cell in self._cells():
                cell.words = [(page, lines.soften(word)) for page, word in cell.words]
        return tuple(_table(rows) for _, rows in sorted(self._tables.items()) if rows)

    def _cells(self) -> Iterator[_Cell]:
        for rows in self._tables.values():
            for row in rows.values():
                yield from row.cells.values()


@dataclass(frozen=True, slots=True)
class _PageReader:
    number: int
    named: Mapping[int, list[Glyph]]
    full: Mapping[int, float]

    def words(self, marks: set[int]) -> list[tuple[int, Word]]:
        glyphs = [glyph for mark in sorted(marks) for glyph in self.named.get(mark, ())]
        return [(self.number, word) for line in lines.words(glyphs, self.full) for word in line]


def _table(rows: dict[Path, _Row]) -> TagTable:
    ordered = [row for _, row in sorted(rows.items())]
    return TagTable(
        rows=tuple(
            tuple(
                TagCell(slot, cell.heading, cell.columns_spanned, cell.rows_spanned, tuple(cell.words))
                for slot, cell in sorted(row.cells.items())
            )
            for row in ordered
        ),
        widths=tuple(row.width for row in ordered),
    )


def _kind(element: pdfium.FPDF_STRUCTELEMENT) -> str:
    """Standard type of an element, such as TD."""
    length = pdfium.FPDF_StructElement_GetType(element, None, 0)
    if not 2 < length <= 200:
        return ""
    text = ctypes.create_string_buffer(length)
    pdfium.FPDF_StructElement_GetType(element, text, length)
    return text.raw[: length - 2].decode("utf-16-le", "replace")


def _span(element: pdfium.FPDF_STRUCTELEMENT, name: str) -> int:
    """Number of columns or rows that a cell spans; 1 unless it says so."""
    value = ctypes.c_float()
    for index in range(max(0, pdfium.FPDF_StructElement_GetAttributeCount(element))):
        attributes = pdfium.FPDF_StructElement_GetAttributeAtIndex(element, index)
        found = pdfium.FPDF_StructElement_Attr_GetValue(attributes, name.encode())
        if found and pdfium.FPDF_StructElement_Attr_GetNumberValue(found, value):
            return min(100, max(1, round(value.value)))
    return 1
