"""Blocks → a Word file, by python-docx. Its look is Word's own: a style counts for nothing but what spans."""

from __future__ import annotations

import io
from typing import Any

import docx

from tests.renditions.blocks import Block, Cell, PageBreak, Paragraph, Table


def render(blocks: list[Block]) -> bytes:
    document = docx.Document()
    for block in blocks:
        if isinstance(block, PageBreak):
            document.add_page_break()
        elif isinstance(block, Table):
            _table(document, block)
        else:
            _paragraph(document, block)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _paragraph(document: Any, block: Paragraph) -> None:
    if block.level == 1:
        document.add_heading(block.text, level=1)
        return
    paragraph = document.add_paragraph()
    if block.number is not None:
        paragraph.add_run(str(block.number)).font.superscript = True
        paragraph.add_run(" ")
    paragraph.add_run(block.text)


def _table(document: Any, block: Table) -> None:
    rows = [*block.heading, *block.body]
    table = document.add_table(len(rows), len(block.widths))
    table.style = "Table Grid"
    for row, cells in enumerate(rows):
        for column, cell in cells.items():
            here = table.cell(row, column)
            if cell.rows > 1 or cell.columns > 1:
                here = here.merge(table.cell(row + cell.rows - 1, column + cell.columns - 1))
            _cell(here.paragraphs[0], cell)


def _cell(paragraph: Any, cell: Cell) -> None:
    paragraph.add_run(cell.printed.text).bold = cell.bold
    if cell.printed.markers:
        paragraph.add_run(",".join(map(str, cell.printed.markers))).font.superscript = True
