"""PdfDocument ↔ compact JSON, for the pipe between the process that parses and the one that asked.

Only lists, numbers and strings pass: nothing that a damaged or hostile child could have run.
"""

from __future__ import annotations

from typing import Any

from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Rule, TagCell, TagTable, Word


def dump(document: PdfDocument) -> dict[str, Any]:
    """The document as JSON can hold it; places are rounded to hundredths of a point."""
    return {
        "pages": [_page(page) for page in document.pages],
        "tables": [[list(table.widths), [_row(row) for row in table.rows]] for table in document.tag_tables],
    }


def load(content: dict[str, Any], path: str) -> PdfDocument:
    """The document that `dump` wrote. Raises ValueError, TypeError or KeyError on anything else."""
    return PdfDocument(
        path,
        tuple(_read_page(page) for page in content["pages"]),
        tuple(
            TagTable(tuple(_read_row(row) for row in rows), tuple(widths))
            for widths, rows in content["tables"]
        ),
    )


def _places(*values: float) -> list[float]:
    return [round(value, 2) for value in values]


def _word(word: Word) -> list[Any]:
    box = word.box
    return [
        word.text,
        _places(box.left, box.top, box.right, box.bottom, word.baseline, word.size),
        int(word.bold),
        word.direction,
        word.markers,
        word.gap,
        word.doubt,
    ]


def _read_word(item: list[Any]) -> Word:
    text, (left, top, right, bottom, baseline, size), bold, direction, markers, gap, doubt = item
    spans = tuple((start, end) for start, end in markers)
    box = Box(left, top, right, bottom)
    return Word(text, box, baseline, size, bool(bold), direction, spans, gap, doubt)


def _page(page: PdfPage) -> dict[str, Any]:
    return {
        "number": page.number,
        "size": _places(page.width, page.height),
        "lines": [
            [line.number, line.text, line.offsets, [_word(word) for word in line.words]]
            for line in page.lines
        ],
        "rules": [
            [int(rule.horizontal), *_places(rule.at, rule.start, rule.end), int(rule.fill)]
            for rule in page.rules
        ],
        "label": page.label,
        "images": page.images,
        "hidden": page.hidden,
        "furniture": sorted(page.furniture),
        "ocr": int(page.ocr),
    }


def _read_page(item: dict[str, Any]) -> PdfPage:
    number = item["number"]
    return PdfPage(
        number=number,
        width=item["size"][0],
        height=item["size"][1],
        lines=tuple(
            PdfLine(at, number, tuple(_read_word(word) for word in words), text, tuple(offsets))
            for at, text, offsets, words in item["lines"]
        ),
        rules=tuple(
            Rule(bool(horizontal), at, start, end, bool(fill))
            for horizontal, at, start, end, fill in item["rules"]
        ),
        label=item["label"],
        images=item["images"],
        hidden=item["hidden"],
        furniture=frozenset(item["furniture"]),
        ocr=bool(item["ocr"]),
    )


def _row(row: tuple[TagCell, ...]) -> list[list[Any]]:
    return [
        [
            cell.column,
            int(cell.heading),
            cell.columns_spanned,
            cell.rows_spanned,
            [[page, _word(word)] for page, word in cell.words],
        ]
        for cell in row
    ]


def _read_row(row: list[list[Any]]) -> tuple[TagCell, ...]:
    return tuple(
        TagCell(
            column,
            bool(heading),
            columns,
            rows,
            tuple((page, _read_word(word)) for page, word in words),
        )
        for column, heading, columns, rows, words in row
    )
