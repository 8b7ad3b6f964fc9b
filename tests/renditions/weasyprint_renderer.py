"""Blocks → PDF by WeasyPrint."""

from __future__ import annotations

import html
import logging

import weasyprint

from tests.renditions.blocks import SUPERSCRIPTS, Block, Cell, PageBreak, Paragraph, Table
from tests.renditions.content import Printed
from tests.renditions.style import Style

_SIDES = {"t": "top", "b": "bottom", "l": "left", "r": "right"}
logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
logging.getLogger("fontTools").setLevel(logging.CRITICAL)


def render(blocks: list[Block], style: Style) -> bytes:
    """The bytes of the PDF; tagged as PDF/UA-1, or without tags."""
    variant = "pdf/ua-1" if style.tagged else None
    return bytes(weasyprint.HTML(string=source(blocks, style)).write_pdf(pdf_variant=variant))


def source(blocks: list[Block], style: Style) -> str:
    """The same as HTML, which other programs draw too."""
    body = "\n".join(_block(block, style) for block in blocks)
    head = f"<meta charset=utf-8><title>Rapportage</title><style>{_css(style)}</style>"
    return f"<!doctype html><html lang=nl>{head}<body>{body}"


def _css(style: Style) -> str:
    width, height = style.page
    foot = style.page_numbers.replace("{n}", '" counter(page) "').replace("{m}", '" counter(pages) "')
    foot = f'@bottom-center {{ content: "{foot}" }}' if foot else ""
    head = '@top-left { content: "Rapportage over inzet" }' if style.running_head else ""
    marker = (
        f"sup {{ font-size: {style.marker_size}em; vertical-align: {style.marker_rise}em; line-height: 0 }}"
        if style.marker == "raised"
        else ""
    )
    heading = "" if style.repeat_heading else "thead { display: table-row-group }"
    rows = "" if style.rows_break else "tr { break-inside: avoid }"
    hyphens = "auto" if style.hyphenate else "manual"
    return f"""@page {{ size: {width}pt {height}pt; margin: {style.margin}pt; {foot} {head} }}
html {{ font: 10pt/{style.leading} "{style.font}"; hyphens: {hyphens} }}
table {{ border-collapse: collapse; font-size: {style.size}pt; table-layout: fixed }}
td, th {{ padding: {style.pad_y}pt {style.pad_x}pt; font-weight: normal }}
h1 {{ font-size: 13pt }} .note {{ font-size: {style.size * 0.9:.1f}pt; margin: 1pt 0 }}
{marker} {heading} {rows}"""


def _block(block: Block, style: Style) -> str:
    if isinstance(block, PageBreak):
        return '<div style="break-before: page"></div>'
    if isinstance(block, Table):
        return _table(block, style)
    return _paragraph(block, style)


def _paragraph(block: Paragraph, style: Style) -> str:
    text = html.escape(block.text)
    if block.level == 1:
        return f"<h1>{text}</h1>"
    if block.number is not None:
        return f"<p class=note>{_marker((block.number,), style)} {text}</p>"
    return f"<p>{text}</p>"


def _marker(numbers: tuple[int, ...], style: Style) -> str:
    text = ",".join(map(str, numbers))
    return text.translate(SUPERSCRIPTS) if style.marker == "unicode" else f"<sup>{text}</sup>"


def _printed(printed: Printed, style: Style) -> str:
    text = html.escape(printed.text)
    return text + (_marker(printed.markers, style) if printed.markers else "")


def _table(table: Table, style: Style) -> str:
    columns = "".join(f"<col style='width:{width}pt'>" for width in table.widths)
    heading = "".join(_row(row, style, "th") for row in table.heading)
    body = "".join(_row(row, style, "td") for row in table.body)
    total = sum(table.widths)
    return f"<table style='width:{total}pt'>{columns}<thead>{heading}</thead><tbody>{body}</tbody></table>"


def _row(row: dict[int, Cell], style: Style, tag: str) -> str:
    return f"<tr>{''.join(_cell(cell, style, tag) for cell in row.values())}</tr>"


def _cell(cell: Cell, style: Style, tag: str) -> str:
    rules = [f"text-align: {cell.align}", f"vertical-align: {cell.valign}"]
    rules += [f"border-{_SIDES[side]}: {style.rule_width}pt solid black" for side in sorted(cell.borders)]
    if cell.fill:
        rules.append(f"background: {cell.fill}")
    body = _printed(cell.printed, style)
    if cell.bold:
        body = f"<b>{body}</b>"
    if cell.italic:
        body = f"<i>{body}</i>"
    if cell.turn:
        body = _turned(cell, body, style)
    spans = (f" colspan={cell.columns}" if cell.columns > 1 else "") + (
        f" rowspan={cell.rows}" if cell.rows > 1 else ""
    )
    return f'<{tag}{spans} style="{"; ".join(rules)}">{body}</{tag}>'


def _turned(cell: Cell, body: str, style: Style) -> str:
    """WeasyPrint has no vertical writing: a box as high as the text is long, and the text turned in it."""
    length = 0.66 * style.size * len(cell.printed.text)
    up = cell.turn == "up"
    place = (
        f"left: 0; top: {length}pt; transform: rotate(-90deg)"
        if up
        else f"left: {1.2 * style.size}pt; top: 0; transform: rotate(90deg)"
    )
    return (
        f'<div style="position: relative; height: {length}pt; width: {1.3 * style.size}pt">'
        f'<span style="position: absolute; display: block; text-align: center; width: {length}pt; {place}; '
        f'transform-origin: 0 0; white-space: nowrap">{body}</span></div>'
    )
