"""Blocks → PDF by ReportLab."""

from __future__ import annotations

import html
import io
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor, black
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as Break
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Drawn

from tests.renditions.blocks import SUPERSCRIPTS, Block, Cell, PageBreak, Paragraph, Table
from tests.renditions.content import Printed
from tests.renditions.style import Style

_FONTS = Path("/usr/share/fonts/truetype")
_FAMILIES = {
    "Liberation Sans": ("liberation/LiberationSans-", "Regular", "Bold", "Italic", "BoldItalic"),
    "Liberation Sans Narrow": ("liberation/LiberationSansNarrow-", "Regular", "Bold", "Italic", "BoldItalic"),
    "DejaVu Sans": ("dejavu/DejaVuSans", "", "-Bold", "-Oblique", "-BoldOblique"),
    "DejaVu Serif": ("dejavu/DejaVuSerif", "", "-Bold", "-Italic", "-BoldItalic"),
}
_UNEMBEDDED = {"Liberation Serif": "Times-Roman", "DejaVu Sans Condensed": "Helvetica"}
_ALIGN = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}
_LINES = {"t": "LINEABOVE", "b": "LINEBELOW", "l": "LINEBEFORE", "r": "LINEAFTER"}


def render(blocks: list[Block], style: Style) -> bytes:
    """The bytes of the PDF, which has no tags. Two families are used as fonts that are not embedded."""
    target = io.BytesIO()
    document = _document(target, style)
    font = _font(style.font)
    story = [flowable for block in blocks for flowable in _block(block, style, font)]
    total = _pages(story, style) if "{m}" in style.page_numbers else 0
    if total:
        story = [flowable for block in blocks for flowable in _block(block, style, font)]

    def furnish(canvas: Canvas, document: Any) -> None:
        canvas.setFont(font, 9)
        foot = style.page_numbers.format(n=document.page, m=total)
        canvas.drawCentredString(style.page[0] / 2, style.margin * 0.5, foot)
        if style.running_head:
            canvas.drawString(style.margin, style.page[1] - style.margin * 0.6, "Rapportage over inzet")

    document.build(story, onFirstPage=furnish, onLaterPages=furnish)
    return target.getvalue()


def _document(target: io.BytesIO, style: Style) -> SimpleDocTemplate:
    room = style.margin - 6  # ReportLab's frames have a padding of their own
    return SimpleDocTemplate(
        target, pagesize=style.page, leftMargin=room, rightMargin=room, topMargin=room, bottomMargin=room
    )


def _pages(story: list[Flowable], style: Style) -> int:
    document = _document(io.BytesIO(), style)
    document.build(story)
    return int(document.page)


@cache
def _font(family: str) -> str:
    if family in _UNEMBEDDED:
        return _UNEMBEDDED[family]
    start, *variants = _FAMILIES[family]
    name = family.replace(" ", "")
    names = [f"{name}-{index}" for index in range(4)]
    for registered, variant in zip(names, variants, strict=True):
        pdfmetrics.registerFont(TTFont(registered, _FONTS / f"{start}{variant}.ttf"))
    pdfmetrics.registerFontFamily(names[0], *names)
    return names[0]


def _block(block: Block, style: Style, font: str) -> list[Flowable]:
    if isinstance(block, PageBreak):
        return [Break()]
    if isinstance(block, Table):
        return [_table(block, style, font), Spacer(1, 8)]
    return [_paragraph(block, style, font)]


def _paragraph(block: Paragraph, style: Style, font: str) -> Flowable:
    size = 13 if block.level == 1 else style.size * 0.9 if block.level else 10
    form = ParagraphStyle("text", fontName=font, fontSize=size, leading=size * 1.25, spaceAfter=4)
    text = html.escape(block.text)
    if block.number is not None:
        text = f"{_marker((block.number,), style)} {text}"
    return Text(f"<b>{text}</b>" if block.level == 1 else text, form)


def _marker(numbers: tuple[int, ...], style: Style) -> str:
    text = ",".join(map(str, numbers))
    if style.marker == "unicode" and style.font.startswith("DejaVu S") and style.font not in _UNEMBEDDED:
        return text.translate(SUPERSCRIPTS)
    if style.marker == "raised":
        rise, size = style.marker_rise * style.size, style.marker_size * style.size
        return f'<super rise="{rise:.1f}" size="{size:.1f}">{text}</super>'
    return f"<super>{text}</super>"


def _printed(printed: Printed, style: Style) -> str:
    text = html.escape(printed.text)
    return text + (_marker(printed.markers, style) if printed.markers else "")


def _table(table: Table, style: Style, font: str) -> Flowable:
    rows = [*table.heading, *table.body]
    width = len(table.widths)
    commands: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), style.pad_x),
        ("RIGHTPADDING", (0, 0), (-1, -1), style.pad_x),
        ("TOPPADDING", (0, 0), (-1, -1), style.pad_y),
        ("BOTTOMPADDING", (0, 0), (-1, -1), style.pad_y),
    ]
    content: list[list[Any]] = []
    for y, row in enumerate(rows):
        content.append([""] * width)
        for x, cell in row.items():
            content[y][x] = _content(cell, style, font)
            commands += _commands(cell, x, y, style)
    repeat = len(table.heading) if style.repeat_heading else 0
    return Drawn(content, colWidths=table.widths, repeatRows=repeat, style=commands, hAlign="LEFT")


def _content(cell: Cell, style: Style, font: str) -> Any:
    text = _printed(cell.printed, style)
    if not text:
        return ""
    if cell.bold:
        text = f"<b>{text}</b>"
    if cell.italic:
        text = f"<i>{text}</i>"
    leading = style.size * style.leading
    form = ParagraphStyle(
        "cell", fontName=font, fontSize=style.size, leading=leading, alignment=_ALIGN[cell.align]
    )
    if cell.turn:
        return _Turned(cell.printed.text, font, style.size, up=cell.turn == "up")
    return Text(text, form)


def _commands(cell: Cell, x: int, y: int, style: Style) -> list[tuple[Any, ...]]:
    start, end = (x, y), (x + cell.columns - 1, y + cell.rows - 1)
    made: list[tuple[Any, ...]] = [("VALIGN", start, end, cell.valign.upper())]
    if start != end:
        made.append(("SPAN", start, end))
    if cell.fill:
        made.append(("BACKGROUND", start, end, HexColor(cell.fill)))
    made += [(_LINES[side], start, end, style.rule_width, black) for side in sorted(cell.borders)]
    if cell.turn:
        # A span does not make its rows higher: the last one gets what the label needs.
        need = pdfmetrics.stringWidth(cell.printed.text, _font(style.font), style.size) * 1.15
        short = need - cell.rows * (style.size * style.leading + 2 * style.pad_y) + 2
        made.append(("BOTTOMPADDING", (1, end[1]), (-1, end[1]), style.pad_y + max(0, short)))
    return made


class _Turned(Flowable):  # type: ignore[misc]
    """A line of text that runs up or down."""

    def __init__(self, text: str, font: str, size: float, *, up: bool) -> None:
        super().__init__()
        self.text, self.font, self.size, self.up = text, font, size, up

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.size * 1.2, pdfmetrics.stringWidth(self.text, self.font, self.size)

    def draw(self) -> None:
        self.canv.setFont(self.font, self.size)
        self.canv.rotate(90 if self.up else -90)
        length = pdfmetrics.stringWidth(self.text, self.font, self.size)
        self.canv.drawString(0 if self.up else -length, -self.size if self.up else 0.2 * self.size, self.text)
