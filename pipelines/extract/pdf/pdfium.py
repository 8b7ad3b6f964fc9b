"""What PDFium says of a page, in points from its top left as shown: its objects, characters and picture.

All that is to be mistrusted in PDFium's answers is dealt with here; the structure tree is read in `tags`, and
lines are found among what is drawn in `drawn_lines`. Words are made of the characters in `lines`.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2.raw as pdfium

from pipelines.extract.pdf.model import SOFT_HYPHEN, Box, Direction
from pipelines.extract.sandbox import Message
from pipelines.files import pdf_start
from schemas.errors import SourceError

MAX_CHARACTERS = 60_000  # these bounds are of one page
MAX_OBJECTS = 60_000
MAX_DEPTH = 8
MAX_DOTS = 30_000_000  # A3 at 300 dots an inch has 17 million
_MOST_ATTACHED = 100

UNKNOWN = "\ufffd"
"""A character for which the file gives no code."""
_LINE_END_HYPHEN = "\x02"
# Of what a text is to be read as PDFium gives single bytes: U+0000 for a soft hyphen's, or half a letter's.
_HYPHENS = ("-", "\u2010", SOFT_HYPHEN, "\0")
_APART = 2000.0  # points between text objects that are put on one line
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LIGATURES |= {"ĳ": "ij", "Ĳ": "IJ"}
_LIGATURES |= {chr(ord(letter) << 8): letter for letter in "fijlst"}  # Ghostscript turns their bytes round
_QUIET = {  # notes that hide nothing
    *(pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP),
    *(pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY),
}
_HIDDEN_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)

Point = tuple[float, float]


class TooMuch(ValueError):
    """A page holds more than a page of a report can; the text says of what."""


def open_document(data: bytes) -> pdfium.FPDF_DOCUMENT:
    """The document, which reads on in `data` and is not closed: its process ends with it.

    Raises SourceError.
    """
    pdfium.FPDF_InitLibraryWithConfig(pdfium.FPDF_LIBRARY_CONFIG(version=2))
    start = max(0, pdf_start(data))
    place = (ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0) + start
    document = pdfium.FPDF_LoadMemDocument64(place, len(data) - start, None)
    if document:
        return document
    if pdfium.FPDF_GetLastError() in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        raise SourceError(
            "this PDF is encrypted and opens with a password only",
            hint="ask for a copy without one, or open it and print it to a new PDF",
        )
    raise SourceError(
        "this PDF is damaged: PDFium cannot open it",
        hint="download it again, or open it in a viewer and print it to a new PDF",
    )


def open_page(document: pdfium.FPDF_DOCUMENT, index: int) -> tuple[pdfium.FPDF_PAGE, list[Note]]:
    """A page with its notes and form fields as a part of it, and those that viewers may show differently.

    None for a page that is damaged.
    """
    page = pdfium.FPDF_LoadPage(document, index)
    if not page or not pdfium.FPDFPage_GetAnnotCount(page):
        return page, []
    unsure = list(_notes(page, Frame.of(page)))
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
        pdfium.FPDF_ClosePage(page)
        page = pdfium.FPDF_LoadPage(document, index)
    return page, unsure


class Note(NamedTuple):
    """A note or field that viewers show alike only if it is drawn as `said`."""

    box: Box
    said: str | None  # None where nothing tells how it looks


def _notes(page: pdfium.FPDF_PAGE, frame: Frame) -> Iterator[Note]:
    """Notes, shapes and filled fields that have no appearance, are on a layer, or have a value of their own.

    Flags are set so that flattening takes what viewers show: not what is for printing only, and what is
    "invisible", which means notes of unknown kinds.
    """
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        is_field = kind == pdfium.FPDF_ANNOT_WIDGET
        own, inherited, said = (pdfium.FPDFAnnot_HasKey(note, key) for key in (b"V", b"Parent", b"Contents"))
        says = {pdfium.FPDF_ANNOT_WIDGET: own or inherited, pdfium.FPDF_ANNOT_FREETEXT: said}
        hides = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
        hidden = pdfium.FPDFAnnot_GetFlags(note) & hides
        pdfium.FPDFAnnot_SetFlags(note, pdfium.FPDF_ANNOT_FLAG_HIDDEN if hidden else 0)
        looks = pdfium.FPDFAnnot_GetAP(note, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > 2
        sides, value = pdfium.FS_RECTF(), (ctypes.c_ushort * 1000)()
        pdfium.FPDFAnnot_GetRect(note, sides)
        box = frame.box(sides.left, sides.bottom, sides.right, sides.top)
        unlike = not looks and says.get(kind, kind not in _QUIET)
        inherits = is_field and inherited and not own  # a value that cannot be asked for
        has_text = is_field and pdfium.FPDFAnnot_GetValueType(note, b"V") == pdfium.FPDF_OBJECT_STRING
        if not hidden and (unlike or inherits or pdfium.FPDFAnnot_HasKey(note, b"OC")):
            yield Note(box, None)
        elif not hidden and has_text:
            size = pdfium.FPDFAnnot_GetStringValue(note, b"V", value, ctypes.sizeof(value))
            yield Note(box, "".join(map(chr, value[: max(0, size // 2 - 1)])))
        pdfium.FPDFPage_CloseAnnot(note)


def answered(ask: Callable[..., int], *of: object) -> str:
    """A short text that PDFium gives in UTF-16; empty where it has none, or one that is long."""
    length = ask(*of, None, 0)
    if not 2 < length <= 200:
        return ""
    text = ctypes.create_string_buffer(length)
    ask(*of, text, length)
    return text.raw[: length - 2].decode("utf-16-le", "replace")


def attachments(document: pdfium.FPDF_DOCUMENT) -> tuple[str, ...]:
    """Names of the files that are attached to the document or pinned to its first page, the first of many.

    To be asked before pages are opened, which takes notes off them.
    """
    count = pdfium.FPDFDoc_GetAttachmentCount(document)
    found = [pdfium.FPDFDoc_GetAttachment(document, index) for index in range(min(count, _MOST_ATTACHED))]
    page = pdfium.FPDF_LoadPage(document, 0)
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ATTACHED) if page else 0):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if pdfium.FPDFAnnot_GetSubtype(note) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            found.append(pdfium.FPDFAnnot_GetFileAttachment(note))
        pdfium.FPDFPage_CloseAnnot(note)
    names = []
    for attachment in filter(None, found):
        name = (pdfium.FPDF_WCHAR * 500)()
        size = min(pdfium.FPDFAttachment_GetName(attachment, name, ctypes.sizeof(name)), ctypes.sizeof(name))
        names.append(bytes(name)[:size].decode("utf-16-le", "replace").rstrip("\0"))
    if page:
        pdfium.FPDF_ClosePage(page)
    return tuple(names)


def picture(data: bytes, path: str, number: int, dpi: int, *, grey: bool = True) -> tuple[int, int, bytes]:
    """Page `number` (from 1) as it looks: width and height in dots, and rows of one or three bytes a dot.

    Three bytes are red, green, blue. Raises SourceError.
    """
    page = pdfium.FPDF_LoadPage(open_document(data), number - 1)
    width, height = (
        round(side * dpi / 72) for side in (pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))
    )
    if not page or width * height > MAX_DOTS:
        raise SourceError(
            "this page is too large to be drawn", file=path, page=number, hint="print it to A4 or A3"
        )
    stride, found = dots(page, width, height, grey=grey)
    along = width if grey else 3 * width
    return width, height, b"".join(found[at : at + along] for at in range(0, len(found), stride))


def draw(data: bytes, number: int, path: str, dpi: int) -> Iterator[Message]:
    """In a child: width and height of page `number` in dots, and a byte of grey for each dot."""
    width, height, found = picture(data, path, number, dpi)
    yield [width, height], found


def dots(
    page: pdfium.FPDF_PAGE,
    width: int,
    height: int,
    part: tuple[int, int, int, int] | None = None,
    *,
    grey: bool = True,
) -> tuple[int, bytes]:
    """A page of this size in dots, or the `part` of it (left, top, right, bottom): bytes a row, and rows.

    A dot is one byte, or three: red, green, blue.
    """
    left, top, right, bottom = part or (0, 0, width, height)
    blends = pdfium.FPDFPage_HasTransparency(page)  # as PDFium does on a bitmap with alpha alone
    form = pdfium.FPDFBitmap_Gray if grey else pdfium.FPDFBitmap_BGR
    form = pdfium.FPDFBitmap_BGRA if blends else form
    order = 0 if grey and not blends else pdfium.FPDF_REVERSE_BYTE_ORDER
    bitmap = pdfium.FPDFBitmap_CreateEx(right - left, bottom - top, form, None, 0)
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, right - left, bottom - top, 0xFFFFFFFF)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, -left, -top, width, height, 0, pdfium.FPDF_ANNOT | order)
    stride = pdfium.FPDFBitmap_GetStride(bitmap)
    found = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * (bottom - top))
    pdfium.FPDFBitmap_Destroy(bitmap)
    if blends:
        from PIL import Image

        plain = Image.frombuffer("RGBA", (right - left, bottom - top), found, "raw", "RGBA", stride, 1)
        return (right - left) * (1 if grey else 3), plain.convert("L" if grey else "RGB").tobytes()
    return stride, found


@dataclass(frozen=True, slots=True)
class Frame:
    """An affine map from PDF coordinates to the page as shown, and the size of that page."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    width: float
    height: float

    @classmethod
    def of(cls, page: pdfium.FPDF_PAGE) -> Frame:
        """That of a page, its rotation and crop included: asks PDFium where three points are placed."""
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        scale, x, y = 1000, ctypes.c_int(), ctypes.c_int()
        sides = round(width * scale), round(height * scale)

        def shown(left: float, up: float) -> Point:
            pdfium.FPDF_PageToDevice(page, 0, 0, *sides, 0, left, up, x, y)
            return x.value / scale, y.value / scale

        (e, f), (ax, ay), (bx, by) = shown(0, 0), shown(1000, 0), shown(0, 1000)
        return cls((ax - e) / 1000, (ay - f) / 1000, (bx - e) / 1000, (by - f) / 1000, e, f, width, height)

    def within(self, matrix: pdfium.FS_MATRIX) -> Frame:
        """The frame of an object that is drawn through `matrix` in this one."""
        along, across = self.vector(matrix.a, matrix.b), self.vector(matrix.c, matrix.d)
        return Frame(*along, *across, *self.point(matrix.e, matrix.f), self.width, self.height)

    def point(self, x: float, y: float) -> Point:
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def vector(self, x: float, y: float) -> Point:
        return self.a * x + self.c * y, self.b * x + self.d * y

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        # Asked twice for every character of a file, so `point` is written out.
        x1, x2 = self.a * left + self.c * bottom + self.e, self.a * right + self.c * top + self.e
        y1, y2 = self.b * left + self.d * bottom + self.f, self.b * right + self.d * top + self.f
        if x1 > x2:
            x1, x2 = x2, x1
        return Box(x1, y1, x2, y2) if y1 <= y2 else Box(x1, y2, x2, y1)

    def holds(self, box: Box) -> bool:
        """Whether a part of `box` is on the page."""
        return box.right > 0 and box.left < self.width and box.bottom > 0 and box.top < self.height


def objects(page: pdfium.FPDF_PAGE, frame: Frame) -> Iterator[tuple[pdfium.FPDF_PAGEOBJECT, int, Frame]]:
    """Every object of a page that draws, its type, and the frame it is drawn in; forms are opened.

    Raises TooMuch where there are too many, or forms in forms without end.
    """
    left = MAX_OBJECTS

    def inside(
        holder: pdfium.FPDF_PAGE | pdfium.FPDF_PAGEOBJECT, around: Frame, depth: int
    ) -> Iterator[tuple[pdfium.FPDF_PAGEOBJECT, int, Frame]]:
        nonlocal left
        count, get = pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject
        if depth:
            count, get = pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
        for item in filter(None, (get(holder, index) for index in range(count(holder)))):
            left -= 1
            if left < 0:
                raise TooMuch(f"more than {MAX_OBJECTS:,} drawn objects on one page")
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield item, kind, around
                continue
            if depth + 1 >= MAX_DEPTH:
                raise TooMuch("forms within forms without end")
            matrix = pdfium.FS_MATRIX()
            pdfium.FPDFPageObj_GetMatrix(item, matrix)
            yield from inside(item, around.within(matrix), depth + 1)

    return inside(page, frame, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """What characters that were put down together share.

    `number` tells runs of a page apart; `mark` is the number by which the structure tree names this
    one, -1 if it does not; `direction` is None where it runs askew or is mirrored. `slant` is how far upright
    letters are made to lean, as a share of their height, `slope` by how many degrees a line rises.
    """

    number: int
    size: float = 0.0
    direction: Direction | None = "right"
    bold: bool = False
    font: int = 0
    mark: int = -1
    hidden: bool = False
    slant: float = 0.0
    slope: float = 0.0


@dataclass(slots=True)
class Glyph:
    """A drawn character; `box` is tight around the ink.

    The other places are in the frame of its direction, in which text always runs to the right and down
    is down: `start` and `end` of its advance, `top` and `bottom` of the ink, `baseline` on which it
    stands. `raised` says that it is a footnote marker, or part of one, once `lines` has looked.
    """

    text: str
    box: Box
    start: float
    end: float
    top: float
    bottom: float
    baseline: float
    run: Run
    raised: bool = False

    def copy(self) -> Glyph:
        places = self.start, self.end, self.top, self.bottom, self.baseline
        return Glyph(self.text, self.box, *places, self.run)

    @property
    def is_flat(self) -> bool:
        """Whether it has the shape and height of a hyphen or dash."""
        width, rise = self.end - self.start, self.baseline - self.bottom
        return self.bottom - self.top < 0.5 * width and 0.2 * width < rise < width

    @property
    def direction(self) -> Direction:
        assert self.run.direction is not None, "a character that runs askew is not read"
        return self.run.direction


class Characters:
    """The drawn characters of a page in the file's order, `found`, and the text object of each run, `items`.

    Ligatures are taken apart, and white space is kept. `hidden` counts those that the file itself does
    not draw; they, what lies outside the page, and what has no direction are left out. Raises TooMuch.
    """

    def __init__(self, page: pdfium.FPDF_PAGE, frame: Frame) -> None:
        self._whole, self._frame = page, frame
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._origin = [ctypes.c_double() for _ in range(2)]
        self._loose = pdfium.FS_RECTF()
        self._runs: dict[int, Run] = {}  # by the address of their text object
        self._uncertain: list[tuple[Glyph, int]] = []  # of which PDFium does not say which hyphen they are
        self.items: dict[int, pdfium.FPDF_PAGEOBJECT] = {}
        self.found: list[Glyph] = []
        self.hidden = 0
        for item, kind, _ in objects(page, frame):
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                _unsay(item)
        self._page = pdfium.FPDFText_LoadPage(page)
        try:
            count = pdfium.FPDFText_CountChars(self._page)
            if count > MAX_CHARACTERS:
                raise TooMuch(f"{count:,} characters on one page")
            for index in range(count):
                self._add(index)
        finally:
            pdfium.FPDFText_ClosePage(self._page)
        for item, glyph in _lone_hyphens(page, frame, self._runs):
            self.items[glyph.run.number] = item
            self.found.append(glyph)

    def settle_hyphens(self) -> None:
        """Tells hyphens at line ends from soft ones. Nothing else can be read from the page afterwards."""
        if self._uncertain:
            addresses = {address for _, address in self._uncertain}
            texts = _texts_on_one_line(self._whole, self._frame, addresses)
            for glyph, address in self._uncertain:
                glyph.text = SOFT_HYPHEN if texts[address].endswith(SOFT_HYPHEN) else "-"

    def _add(self, index: int) -> None:
        item = pdfium.FPDFText_GetTextObject(self._page, index)
        if not item or pdfium.FPDFText_IsGenerated(self._page, index) == 1:
            return  # a space or line end that PDFium adds; ours come from distances
        address = ctypes.addressof(item.contents)
        run = self._runs.get(address)
        if run is None:
            run = self._runs[address] = self._run(index, item)
            self.items[run.number] = item
        code = pdfium.FPDFText_GetUnicode(self._page, index)
        text = chr(code) if 0 < code < 0x110000 else UNKNOWN
        if pdfium.FPDFText_HasUnicodeMapError(self._page, index) == 1:
            text = UNKNOWN
        if text != SOFT_HYPHEN and unicodedata.category(text) == "Cf":
            return  # without a shape: what it says of the order of letters is in their places already
        glyph = self._glyph(index, text, run)
        if glyph is None or run.hidden:
            self.hidden += not text.isspace()
            return
        last = self.found[-1] if self.found else None
        if text == UNKNOWN and glyph.is_flat:
            # What has no code behind a word was put there where a line ends.
            glyph.text = SOFT_HYPHEN if last and _follows(last, glyph) else "-"
        if last and last.run is run and last.box == glyph.box and not text.isspace():
            last.text += glyph.text  # one shape that stands for several letters
            return
        if text == _LINE_END_HYPHEN:
            self._uncertain.append((glyph, address))
        self.found.append(glyph)

    def _glyph(self, index: int, text: str, run: Run) -> Glyph | None:
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
        text = _LIGATURES.get(text, text)
        match run.direction:
            case "right":
                if run.slant:  # the box around a letter that leans reaches over those beside it
                    wide = wide._replace(left=x, right=x + wide.width - run.slant * wide.height)
                return Glyph(text, box, wide.left, wide.right, box.top, box.bottom, y, run)
            case "down":
                return Glyph(text, box, wide.top, wide.bottom, -box.right, -box.left, -x, run)
            case "left":
                return Glyph(text, box, -wide.right, -wide.left, -box.bottom, -box.top, -y, run)
            case "up":
                return Glyph(text, box, -wide.bottom, -wide.top, box.left, box.right, x, run)

    def _run(self, index: int, item: pdfium.FPDF_PAGEOBJECT) -> Run:
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._page, index, matrix)
        size = pdfium.FPDFText_GetFontSize(self._page, index)
        turn = -1 if size < 0 else 1  # by which letters stand on their heads
        # The height of the letters, whatever their width is stretched to.
        height = math.hypot(*self._frame.vector(matrix.c, matrix.d))
        font = pdfium.FPDFTextObj_GetFont(item)
        name = _name(font)
        along, up = (
            self._frame.vector(turn * x, turn * y) for x, y in ((matrix.a, matrix.b), (matrix.c, matrix.d))
        )
        # A font without a name is of procedures (Type 3), which may mirror once more.
        mirrored = bool(name) and along[0] * up[1] > along[1] * up[0]
        return Run(
            number=len(self._runs),
            size=abs(size) * height,
            direction=None if mirrored else _direction(*along),
            bold=_is_bold(font, name),
            font=ctypes.addressof(font.contents) if font else 0,
            mark=pdfium.FPDFPageObj_GetMarkedContentID(item),
            hidden=pdfium.FPDFTextObj_GetTextRenderMode(item) in _HIDDEN_MODES,
            slant=abs(up[0] / up[1] + along[1] / along[0]) if up[1] and along[0] and name else 0.0,
            slope=math.degrees(math.atan2(-along[1], along[0])),
        )


def turn_about(page: pdfium.FPDF_PAGE, degrees: float) -> None:
    """Turns what a page shows to the left about its centre, for the next time that it is loaded."""
    box, angle = pdfium.FS_RECTF(), math.radians(degrees)
    pdfium.FPDF_GetPageBoundingBox(page, box)
    cos, sin, x, y = math.cos(angle), math.sin(angle), (box.left + box.right) / 2, (box.bottom + box.top) / 2
    matrix = pdfium.FS_MATRIX(cos, sin, -sin, cos, x - x * cos + y * sin, y - x * sin - y * cos)
    pdfium.FPDFPage_TransFormWithClip(page, matrix, box)


def _unsay(item: pdfium.FPDF_PAGEOBJECT) -> None:
    """Takes off what a text is to be read as, unless it is letters and hyphens: figures are to be seen."""
    length = ctypes.c_ulong()
    for index in range(max(0, pdfium.FPDFPageObj_CountMarks(item))):
        mark = pdfium.FPDFPageObj_GetMark(item, index)
        text = (ctypes.c_ushort * 100)()
        if pdfium.FPDFPageObjMark_GetParamStringValue(mark, b"ActualText", text, 200, length):
            said = "".join(map(chr, text[: min(99, max(0, length.value // 2 - 1))]))
            if not all(letter.isalpha() or letter in _HYPHENS for letter in said) or not said:
                pdfium.FPDFPageObjMark_RemoveParam(item, mark, b"ActualText")


def _follows(last: Glyph, glyph: Glyph) -> bool:
    away = max(abs(glyph.start - last.end), abs(glyph.baseline - last.baseline))
    return last.text.isalpha() and away < 0.2 * last.run.size


def _direction(x: float, y: float) -> Direction | None:
    """The nearest of four directions, or None where text runs more than 5 degrees beside it."""
    if max(abs(x), abs(y)) < math.cos(math.radians(5)) * math.hypot(x, y) or not (x or y):
        return None
    if abs(x) > abs(y):
        return "right" if x > 0 else "left"
    return "down" if y > 0 else "up"


def _name(font: pdfium.FPDF_FONT) -> str:
    name = ctypes.create_string_buffer(256)
    pdfium.FPDFFont_GetBaseFontName(font, name, 256)
    return name.value.decode("utf-8", "replace")


def _is_bold(font: pdfium.FPDF_FONT, name: str) -> bool:
    return bool(font) and (bool(_BOLD.search(name)) or pdfium.FPDFFont_GetWeight(font) >= 600)


def _lone_hyphens(
    page: pdfium.FPDF_PAGE, frame: Frame, runs: Collection[int]
) -> Iterator[tuple[pdfium.FPDF_PAGEOBJECT, Glyph]]:
    """Hyphens that are all of a text object, as in an empty cell: PDFium may leave them out of its text.

    They are the upright objects, not at the addresses `runs`, whose ink has the shape and height of one.
    """
    sides = [ctypes.c_float() for _ in range(4)]
    matrix = pdfium.FS_MATRIX()
    size = ctypes.c_float()
    count = len(runs)
    for item, kind, around in objects(page, frame):
        if kind != pdfium.FPDF_PAGEOBJ_TEXT or ctypes.addressof(item.contents) in runs:
            continue
        left, bottom, right, top = sides
        pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        pdfium.FPDFPageObj_GetMatrix(item, matrix)
        pdfium.FPDFTextObj_GetFontSize(item, size)
        box = around.box(left.value, bottom.value, right.value, top.value)
        height = size.value * math.hypot(*around.vector(matrix.c, matrix.d))
        _, baseline = around.point(matrix.e, matrix.f)
        flat = 0 < box.width < 0.7 * height and box.height < 0.2 * height
        if flat and 0.1 * height < baseline - box.middle < 0.5 * height and frame.holds(box):
            run = Run(count, height, mark=pdfium.FPDFPageObj_GetMarkedContentID(item))
            yield item, Glyph("-", box, box.left, box.right, box.top, box.bottom, baseline, run)
            count += 1


def _texts_on_one_line(page: pdfium.FPDF_PAGE, frame: Frame, wanted: Collection[int]) -> dict[int, str]:
    """Text of the objects at the addresses `wanted`, white space left out.

    Where a line ends in a hyphen PDFium gives U+0002 for it, soft or not: with all text objects put on
    one endless line no line ends, and it gives the code point. This spoils the page.
    """
    texts = [item for item, kind, _ in objects(page, frame) if kind == pdfium.FPDF_PAGEOBJ_TEXT]
    for position, item in enumerate(texts):
        pdfium.FPDFPageObj_SetMatrix(item, pdfium.FS_MATRIX(1, 0, 0, 1, _APART * position, 0))
    text_page = pdfium.FPDFText_LoadPage(page)
    found = dict.fromkeys(wanted, "")
    try:
        for index in range(pdfium.FPDFText_CountChars(text_page)):
            item = pdfium.FPDFText_GetTextObject(text_page, index)
            address = ctypes.addressof(item.contents) if item else 0
            if address in found:
                found[address] += chr(pdfium.FPDFText_GetUnicode(text_page, index)).strip()
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    return found
