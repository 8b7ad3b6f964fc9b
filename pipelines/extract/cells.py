"""A cell on its way to the `cells` table: what is printed, what it means, and where it stands."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.extract.pdf import Box, PdfDocument, PdfLine
from pipelines.model import Document


@dataclass(frozen=True)
class Span:
    """Characters `char_start` to `char_end` (0-based, end exclusive) of one line; in a PDF their box."""

    page: int
    line: int
    char_start: int
    char_end: int
    box: Box | None = None


@dataclass(frozen=True)
class Drawn:
    """A cell as a PDF shows it: its text without markers, its pieces, and how it was read.

    `derivation` is empty where geometry alone says so; `disputed` says what tags and geometry give
    where they differ.
    """

    printed: str
    spans: tuple[Span, ...]
    derivation: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One printed cell or inferred blank; a blank carries an empty span where it would stand."""

    table_name: str
    row_key: str
    column_name: str
    as_printed: str | None
    value: int | datetime.date | str | None
    spans: tuple[Span, ...]
    derivation: tuple[str, ...] = ("printed",)
    equalities: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()


def rows(cells: Iterable[Cell], document: Document, edition_year: int) -> list[dict[str, object]]:
    """The cells as rows of the `cells` contract; in a PDF each with the boxes of its words."""
    pages = document.pages if isinstance(document, PdfDocument) else ()
    lines = {line.number: line for page in pages for line in page.lines}
    return [_row(cell, document, edition_year, lines) for cell in cells]


def _row(
    cell: Cell, document: Document, edition_year: int, lines: Mapping[int, PdfLine]
) -> dict[str, object]:
    first = cell.spans[0]
    return {
        "edition_year": edition_year,
        "table_name": cell.table_name,
        "row_key": cell.row_key,
        "column_name": cell.column_name,
        "as_printed": cell.as_printed,
        "value": None if cell.value is None else str(cell.value),
        "value_integer": cell.value if isinstance(cell.value, int) else None,
        "value_date": cell.value if isinstance(cell.value, datetime.date) else None,
        "source_page": first.page,
        "page_label": document.label(first.page),
        "source_line": first.line,
        "spans": [
            {
                "page": span.page,
                "line": span.line,
                "char_start": span.char_start,
                "char_end": span.char_end,
                "box": _box(span.box or _around(span, lines.get(span.line))),
            }
            for span in cell.spans
        ],
        "derivation": list(cell.derivation),
        "equalities": list(cell.equalities),
        "parts": list(cell.parts),
    }


def _around(span: Span, line: PdfLine | None) -> Box | None:
    """The box of the words that a span covers, None where it covers none."""
    if line is None:
        return None
    placed = zip(line.offsets, line.words, strict=True)
    inside = [w.box for at, w in placed if at < span.char_end and at + len(w.text) > span.char_start]
    return Box.around(inside) if inside else None


def _box(box: Box | None) -> dict[str, float] | None:
    return None if box is None else {"x0": box.left, "y0": box.top, "x1": box.right, "y1": box.bottom}
