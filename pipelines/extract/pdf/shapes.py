"""Whether digits and letters look like those that their codes say: a file may draw an 8 and call it a 3.

Each is compared with the digits of the standard fonts, which PDFium brings along. Nothing is recognised
that way: a digit is only said to look much more like another than like itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from math import ceil, floor, log
from operator import sub
from typing import cast

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from pipelines.extract.pdf.model import Box
from pipelines.extract.pdf.pdfium import Glyph, dots

_FONTS = [
    "Helvetica",
    "Helvetica-Bold",
    "Helvetica-Oblique",
    "Times-Roman",
    "Times-Bold",
    "Times-Italic",
    "Times-BoldItalic",
    "Courier",
    "Courier-Bold",
    "Courier-Oblique",
]
DIGITS = tuple("0123456789")
CAPITALS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
SMALL = tuple("abcdefghijklmnopqrstuvwxyz")
_LETTERS = (*DIGITS, *CAPITALS, *SMALL)
_TWINS = ("0o", "1il")  # drawn alike, or nearly; so are capitals and small letters, or they are read alike
_EM, _ADVANCE = 40, 38
_SIZE = 12, 18  # dots that a digit is brought to
_FULL = 240
_IS_INK = [255 * (level >= 90) for level in range(256)]
_NEAR = 0.12  # share of its ink in which a digit may differ without a closer look
_NEARER = 1.35  # how much nearer another digit must be
_SURELY = 1.1  # how much nearer it must be itself to need no closer look
_ALIKE, _ODD = 0.25, 0.3  # how two of one font may differ at a glance, and differ if one is spoilt
_UNLIKE = 0.33  # how a digit differs that is none: the most that one of an odd font does is 0.3
_OTHER = 1.45  # how much nearer another letter must be
_SURELY_OTHER, _PERHAPS, _FAR = 0.13, 0.2, 2.35
"""How near it is at most: in 17 families `e` of an italic is nearest to another, 0.14 away. Where it is so
many times nearer it may be further away."""
_PROPORTIONS = 0.2  # weight of how wide it is for its height

Shape = tuple[bytes, float]
Dots = tuple[int, int, int, int]
"""Sides of a part of a picture: left, top, right, bottom."""


class Picture:
    """A part of a page's ink, 255 at most: `scale` dots a point, from this place of the page on, in dots."""

    def __init__(self, ink: Image.Image, scale: float, left: int, top: int) -> None:
        self._ink, self._scale, self._left, self._top = ink, scale, left, top
        self._bounds = ink.point(_IS_INK)

    def shape(self, box: Box) -> Shape:
        """What is in the dots of a box and those that touch it: letters are drawn on whole dots."""
        left, top = floor(box.left * self._scale - 0.5), floor(box.top * self._scale - 0.5)
        right, bottom = ceil(box.right * self._scale + 0.5), ceil(box.bottom * self._scale + 0.5)
        place = (left - self._left, top - self._top, right - self._left, bottom - self._top)
        place = within(place, self._ink.size)
        return _shape(self._ink.crop(place), self._bounds.crop(place))


def within(dots: Dots, size: tuple[int, int]) -> Dots:
    """That part of a box which a picture has, at least a dot each way."""
    (left, top, right, bottom), (width, height) = dots, size
    if 0 <= left < right <= width and 0 <= top < bottom <= height:  # as for nearly every character
        return dots
    left, top = min(max(0, left), width - 1), min(max(0, top), height - 1)
    return left, top, min(max(left + 1, right), width), min(max(top + 1, bottom), height)


def strangers(
    picture: Picture, glyphs: Iterable[Glyph], close: Callable[[Glyph], Image.Image]
) -> list[Glyph]:
    """The digits that look like others, or neither like themselves nor like the same digit of their font.

    One digit of each font is compared, and any that differs from it; `close` draws one larger, where the
    picture does not show that it is nearest to its own.
    """
    first: dict[tuple[int, str], tuple[Glyph, Shape]] = {}
    found: dict[int, Glyph] = {}
    for glyph in glyphs:
        shape = picture.shape(glyph.box)
        other, known = first.setdefault((glyph.run.font, glyph.text), (glyph, shape))
        away = _away(known, shape) if other is not glyph else 0.0
        if other is not glyph and away < _NEAR:
            continue
        if away > _ALIKE:
            both = [(one, _shape(close(one))) for one in (other, glyph)]
            worst, strange = max(
                ((_distances(seen)[glyph.text], one) for one, seen in both), key=lambda one: one[0]
            )
            if min(worst, _away(both[0][1], both[1][1])) > _ODD:
                found[id(strange)] = strange
        if not _is_nearest(glyph.text, shape) and not _is_like(glyph.text, _shape(close(glyph))):
            found[id(glyph)] = glyph
    return [*found.values()]


def other_letters(
    picture: Picture, glyphs: Iterable[Glyph], close: Callable[[Glyph], Image.Image], case: tuple[str, ...]
) -> list[Glyph]:
    """The letters of which one of their font is surely another one of their case."""
    lies: dict[tuple[int, str], bool] = {}
    found = []
    for glyph in glyphs:
        key = glyph.run.font, glyph.text
        if key not in lies:
            other = None
            if not _is_nearest(glyph.text, picture.shape(glyph.box), case):
                other = another(glyph.text, close(glyph))
            lies[key] = bool(other and other[0] and other[1] in case)
        if lies[key]:
            found.append(glyph)
    return found


def _shape(ink: Image.Image, bounds: Image.Image | None = None) -> Shape:
    """Ink brought to one size and to full contrast, and how wide it was for its height.

    `bounds` shows where there is any of full contrast.
    """
    _, most = cast("tuple[int, int]", ink.getextrema())
    if most < _FULL:
        ink, bounds = ink.point([min(255, level * 255 // max(1, most)) for level in range(256)]), None
    place = left, top, right, bottom = (bounds or ink.point(_IS_INK)).getbbox() or (0, 0, 1, 1)
    return ink.resize(_SIZE, Image.Resampling.BOX, place).tobytes(), (right - left) / (bottom - top)


@lru_cache(20_000)
def _away(one: Shape, other: Shape) -> float:
    """How much two shapes differ: the share of their ink, and something for their proportions."""
    apart: int = sum(map(abs, map(sub, one[0], other[0])))
    return apart / (255 * len(one[0])) + _PROPORTIONS * abs(log(one[1] / other[1]))


@lru_cache(2000)
def _distances(shape: Shape, signs: tuple[str, ...] = DIGITS) -> dict[str, float]:
    """How much a shape differs from that of each sign, by the font in which it differs least."""
    sheet, proportions = _standard(signs)
    count, (width, height) = len(proportions), _SIZE
    column = Image.frombytes("L", (width, count * height), shape[0] * count)
    apart = ImageChops.difference(sheet, column).convert("F").resize((1, count), Image.Resampling.BOX)
    levels = memoryview(apart.tobytes()).cast("f")
    away = [
        level / 255 + _PROPORTIONS * abs(log(shape[1] / proportion))
        for level, proportion in zip(levels, proportions, strict=True)
    ]
    fonts = len(_FONTS)
    return {sign: min(away[at * fonts : (at + 1) * fonts]) for at, sign in enumerate(signs)}


def another(letter: str, ink: Image.Image) -> tuple[bool, str] | None:
    """Whether a letter surely is another one that it is much more like, and which; None if it is not."""
    away = _distances(_shape(ink), _LETTERS)
    twins = next((twins for twins in _TWINS if letter.lower() in twins), letter.lower())
    own = min(away[one] for one in away if one.lower() in twins)
    far, other = min((away[one], one) for one in away if one.lower() not in twins)
    surely = far < (_PERHAPS if own > _FAR * far else _SURELY_OTHER)
    return (surely, other) if own > _OTHER * far else None


def _is_nearest(sign: str, shape: Shape, signs: tuple[str, ...] = DIGITS) -> bool:
    """Whether one of `signs` is surely the one that its shape is nearest to."""
    away = _distances(shape, signs)
    return _SURELY * away[sign] < min(_ODD, *(away[other] for other in signs if other != sign))


def _is_like(digit: str, shape: Shape) -> bool:
    away = _distances(shape)
    own, nearest = away[digit], min(away[other] for other in DIGITS if other != digit)
    return own < _NEAR or (own < _UNLIKE and own < _NEARER * nearest)


@cache
def _standard(signs: tuple[str, ...]) -> tuple[Image.Image, list[float]]:
    """Digits or letters of the standard fonts: shapes below each other, all of one sign together.

    And how wide each was for its height.
    """
    found: dict[str, list[Shape]] = {sign: [] for sign in signs}
    width, height = _ADVANCE * len(found), round(1.5 * _EM)
    for name in _FONTS:
        document = pdfium.FPDF_CreateNewDocument()
        page = pdfium.FPDFPage_New(document, 0, width, height)
        font = pdfium.FPDFText_LoadStandardFont(document, name.encode())
        for at, digit in enumerate(found):
            item = pdfium.FPDFPageObj_CreateTextObj(document, font, _EM)
            pdfium.FPDFText_SetText(item, (ctypes.c_ushort * 2)(ord(digit), 0))
            pdfium.FPDFPageObj_Transform(item, 1, 0, 0, 1, at * _ADVANCE + 5, _EM / 3)
            pdfium.FPDFPage_InsertObject(page, item)
        pdfium.FPDFPage_GenerateContent(page)
        stride, drawn = dots(page, width, height)
        sheet = ImageChops.invert(Image.frombuffer("L", (width, height), drawn, "raw", "L", stride, 1))
        for at, digit in enumerate(found):
            place = sheet.crop((at * _ADVANCE, 0, (at + 1) * _ADVANCE, height))
            found[digit].append(_shape(place))
        pdfium.FPDF_ClosePage(page)
        pdfium.FPDF_CloseDocument(document)
    shapes = [shape for of_sign in found.values() for shape in of_sign]
    sheet = Image.frombytes("L", (_SIZE[0], len(shapes) * _SIZE[1]), b"".join(ink for ink, _ in shapes))
    return sheet, [proportion for _, proportion in shapes]
