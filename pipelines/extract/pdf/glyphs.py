"""Page of a PDF → its drawn characters, each with a tight box, font size and direction.

Here belongs what PDFium says about characters and what is to be mistrusted in it; words and lines
are made in `lines`.
"""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass, replace

import pypdfium2.raw as pdfium

from pipelines.extract.pdf import hyphens
from pipelines.extract.pdf.frame import Frame, TooMuch
from pipelines.extract.pdf.hyphens import SOFT_HYPHEN
from pipelines.extract.pdf.model import Box, Direction

MAX_CHARACTERS = 60_000
"""More on one page is no page of a report."""

_LINE_END_HYPHEN = "\x02"
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"} | {
    "ĳ": "ij",
    "Ĳ": "IJ",
}
_HIDDEN_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


@dataclass(frozen=True, slots=True)
class Glyph:
    """A drawn character.

    `box` is tight around the ink; `start` and `end` are where its advance begins and ends, along
    the direction of reading; `baseline` the height it stands on, across it. In the frame of its
    direction text always runs to the right and `baseline` grows downwards. `run` tells characters
    that were put down together; `mark` is the number by which the structure tree names them, -1
    for none.
    """

    text: str
    box: Box
    start: float
    end: float
    baseline: float
    size: float
    direction: Direction
    bold: bool
    font: int
    run: int
    mark: int


@dataclass(frozen=True, slots=True)
class _Run:
    """What the characters of one text object share."""

    size: float
    direction: Direction | None
    bold: bool
    font: int
    number: int
    mark: int
    hidden: bool


def read(page: pdfium.FPDF_PAGE, frame: Frame) -> tuple[list[Glyph], int]:
    """The drawn characters of a page in the file's order, and how many there are that are not drawn.

    Ligatures are taken apart, white space is kept, and a hyphen at a line's end is told from a soft
    one by its code point. Text that is hidden, lies outside the page, or runs askew is left out.

    Raises TooMuch.
    """
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        count = pdfium.FPDFText_CountChars(text_page)
        if count > MAX_CHARACTERS:
            raise TooMuch(f"{count:,} characters on one page")
        return _characters(page, text_page, count, frame)
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _characters(
    page: pdfium.FPDF_PAGE, text_page: pdfium.FPDF_TEXTPAGE, count: int, frame: Frame
) -> tuple[list[Glyph], int]:
    runs: dict[int, _Run] = {}
    found: list[Glyph] = []
    uncertain: dict[int, int] = {}
    hidden = 0
    boxes = _Boxes(text_page, frame)
    for index in range(count):
        item = pdfium.FPDFText_GetTextObject(text_page, index)
        if not item:
            continue  # a space or line end that PDFium adds; ours come from distances
        address = ctypes.addressof(item.contents)
        run = runs.get(address)
        if run is None:
            run = runs[address] = _run(text_page, index, item, frame, len(runs))
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        text = chr(code) if 0 < code < 0x110000 else "\ufffd"
        glyph = boxes.glyph(index, text, run)
        if glyph is None or run.hidden:
            hidden += not text.isspace()
            continue
        if text == _LINE_END_HYPHEN:
            uncertain[len(found)] = address
        found.append(glyph)
    _settle_hyphens(page, frame, found, uncertain, runs)
    return found, hidden


def _settle_hyphens(
    page: pdfium.FPDF_PAGE,
    frame: Frame,
    found: list[Glyph],
    uncertain: dict[int, int],
    runs: dict[int, _Run],
) -> None:
    """Tells hyphens from soft ones where PDFium does not, and adds the lone ones that it leaves out."""
    for number, lone in enumerate(hyphens.unseen(page, frame, runs), len(runs)):
        box = lone.box
        found.append(
            Glyph(
                "-", box, box.left, box.right, lone.baseline, lone.size, "right", False, 0, number, lone.mark
            )
        )
    if uncertain:
        texts = hyphens.texts_on_one_line(page, frame, set(uncertain.values()))
        for position, address in uncertain.items():
            soft = texts[address].endswith(SOFT_HYPHEN)
            found[position] = replace(found[position], text=SOFT_HYPHEN if soft else "-")


class _Boxes:
    """Asks for the places of characters, with the C variables kept between calls."""

    def __init__(self, text_page: pdfium.FPDF_TEXTPAGE, frame: Frame) -> None:
        self._page = text_page
        self._frame = frame
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._origin = [ctypes.c_double() for _ in range(2)]
        self._loose = pdfium.FS_RECTF()

    def glyph(self, index: int, text: str, run: _Run) -> Glyph | None:
        """The character where it is drawn, or None if it is not on the page or askew."""
        if run.direction is None:
            return None
        left, right, bottom, top = self._sides
        pdfium.FPDFText_GetCharBox(self._page, index, left, right, bottom, top)
        box = self._frame.box(left.value, bottom.value, right.value, top.value)
        if not self._frame.holds(box):
            return None
        across, up = self._origin
        pdfium.FPDFText_GetCharOrigin(self._page, index, across, up)
        x, y = self._frame.point(across.value, up.value)
        loose = self._loose
        pdfium.FPDFText_GetLooseCharBox(self._page, index, loose)
        wide = self._frame.box(loose.left, loose.bottom, loose.right, loose.top)
        start, end, baseline = _along(run.direction, wide, x, y)
        text = _LIGATURES.get(text, text)
        return Glyph(
            text, box, start, end, baseline, run.size, run.direction, run.bold, run.font, run.number, run.mark
        )


def _along(direction: Direction, wide: Box, x: float, y: float) -> tuple[float, float, float]:
    """Start, end and baseline in the frame where text runs to the right."""
    if direction == "right":
        return wide.left, wide.right, y
    if direction == "down":
        return wide.top, wide.bottom, -x
    if direction == "left":
        return -wide.right, -wide.left, -y
    return -wide.bottom, -wide.top, x


def _run(
    text_page: pdfium.FPDF_TEXTPAGE, index: int, item: pdfium.FPDF_PAGEOBJECT, frame: Frame, number: int
) -> _Run:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, index, matrix)
    along, across = frame.vector(matrix.a, matrix.b), frame.vector(matrix.c, matrix.d)
    # The height of the letters, whatever their width is stretched to.
    size = pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(*across)
    font = pdfium.FPDFTextObj_GetFont(item)
    mode = pdfium.FPDFTextObj_GetTextRenderMode(item)
    return _Run(
        size=size,
        direction=_direction(*along),
        bold=_is_bold(font),
        font=ctypes.addressof(font.contents) if font else 0,
        number=number,
        mark=pdfium.FPDFPageObj_GetMarkedContentID(item),
        hidden=mode in _HIDDEN_MODES,
    )


def _direction(x: float, y: float) -> Direction | None:
    """The nearest of four directions, or None where text runs more than 5 degrees beside it."""
    length = math.hypot(x, y)
    if not length:
        return None
    x, y = x / length, y / length
    if max(abs(x), abs(y)) < math.cos(math.radians(5)):
        return None
    if abs(x) > abs(y):
        return "right" if x > 0 else "left"
    return "down" if y > 0 else "up"


def _is_bold(font: pdfium.FPDF_FONT) -> bool:
    if not font:
        return False
    name = ctypes.create_string_buffer(256)
    pdfium.FPDFFont_GetBaseFontName(font, name, 256)
    return bool(_BOLD.search(name.value.decode("utf-8", "replace"))) or (
        pdfium.FPDFFont_GetWeight(font) >= 600
    )
