"""Blocks → PDF by typst."""

from __future__ import annotations

import json

import typst

from tests.renditions.blocks import SUPERSCRIPTS, Block, Cell, PageBreak, Paragraph, Table
from tests.renditions.content import Printed
from tests.renditions.style import Style

_SIDES = {"t": "top", "b": "bottom", "l": "left", "r": "right"}
_VALIGN = {"top": "top", "middle": "horizon", "bottom": "bottom"}


def render(blocks: list[Block], style: Style) -> bytes:
    """The bytes of the PDF; tagged as PDF/UA-1, or without tags."""
    source = "\n\n".join([_preamble(style), *(_block(block, style) for block in blocks)])
    if style.tagged:
        return bytes(typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"]))
    return bytes(typst.compile(source.encode(), format="pdf", pdf_tags=False))


def _text(text: str) -> str:
    return f"#{json.dumps(text, ensure_ascii=False)}"


def _preamble(style: Style) -> str:
    width, height = style.page
    footer = header = "none"
    if style.page_numbers:
        first, _, rest = style.page_numbers.partition("{n}")
        second, several, _ = rest.partition("{m}")
        total = "#context counter(page).final().first()" if several else ""
        footer = f"align(center)[{_text(first)}#context counter(page).display(){_text(second)}{total}]"
    if style.running_head:
        header = f"[{_text('Rapportage over inzet')}]"
    font, hyphenate = json.dumps(style.font), str(style.hyphenate).lower()
    return f"""#set document(title: "Rapportage")
#set page(width: {width}pt, height: {height}pt, margin: {style.margin}pt, footer: {footer}, header: {header})
#set text(font: {font}, size: 10pt, lang: "nl", hyphenate: {hyphenate}, fallback: true)
#set par(leading: {style.leading - 0.7:.2f}em)"""


def _block(block: Block, style: Style) -> str:
    if isinstance(block, PageBreak):
        return "#pagebreak(weak: true)"
    if isinstance(block, Table):
        return _table(block, style)
    return _paragraph(block, style)


def _paragraph(block: Paragraph, style: Style) -> str:
    if block.level == 1:
        return f"= {_text(block.text)}"
    if block.number is not None:
        note = _marker((block.number,), style)
        return f"#text(size: {style.size * 0.9:.1f}pt)[{note}{_text(' ' + block.text)}]"
    return _text(block.text)


def _marker(numbers: tuple[int, ...], style: Style) -> str:
    text = ",".join(map(str, numbers))
    if style.marker == "unicode":
        return _text(text.translate(SUPERSCRIPTS))
    if style.marker == "font":
        return f"#super(typographic: true)[{text}]"
    return (
        f"#super(typographic: false, size: {style.marker_size}em, baseline: -{style.marker_rise}em)[{text}]"
    )


def _printed(printed: Printed, style: Style) -> str:
    return (_text(printed.text) if printed.text else "") + (
        _marker(printed.markers, style) if printed.markers else ""
    )


def _table(table: Table, style: Style) -> str:
    widths = ", ".join(f"{width}pt" for width in table.widths)
    heading = "\n".join(_cell(cell, style) for row in table.heading for cell in row.values())
    body = "\n".join(_cell(cell, style) for row in table.body for cell in row.values())
    repeat = str(style.repeat_heading).lower()
    return f"""#[#set text(size: {style.size}pt)
#table(columns: ({widths}), stroke: none, inset: (x: {style.pad_x}pt, y: {style.pad_y + 1.5}pt),
table.header(repeat: {repeat},
{heading}
),
{body}
)]"""


def _cell(cell: Cell, style: Style) -> str:
    stroke = ", ".join(f"{_SIDES[side]}: {style.rule_width}pt" for side in sorted(cell.borders))
    body = _printed(cell.printed, style)
    if cell.bold:
        body = f"#strong[{body}]"
    if cell.italic:
        body = f"#emph[{body}]"
    if cell.turn:
        angle = -90 if cell.turn == "up" else 90
        body = f"#rotate({angle}deg, reflow: true)[{body}]"
    options = [
        f"align: {cell.align} + {_VALIGN[cell.valign]}",
        f"colspan: {cell.columns}",
        f"rowspan: {cell.rows}",
        f"breakable: {str(style.rows_break and not cell.turn).lower()}",
    ]
    if stroke:
        options.append(f"stroke: ({stroke})")
    if cell.fill:
        options.append(f'fill: rgb("{cell.fill}")')
    return f"table.cell({', '.join(options)})[{body}],"
