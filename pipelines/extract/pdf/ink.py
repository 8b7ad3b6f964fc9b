"""What a person sees of a page: it is drawn with and without its characters, and held against what is read.

A character counts where drawing it changes the picture, whatever may hide it: its colour, a clip, a layer
that is off, something drawn over it. Beside the characters that count, a table shows its lines and the
colours of its cells. Where anything else has ink, something was not read, and the table is refused.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, groupby, pairwise
from math import ceil, floor
from statistics import median
from typing import Literal

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from pipelines.extract import numerals
from pipelines.extract.pdf import shapes
from pipelines.extract.pdf.drawn_lines import rounded
from pipelines.extract.pdf.model import SOFT_HYPHEN, Box, Sight, Spoilt
from pipelines.extract.pdf.pdfium import (
    Characters,
    Frame,
    Glyph,
    TooMuch,
    dots,
    objects,
)
from pipelines.extract.pdf.shapes import Dots, within

_CONTRAST = 24
"""Levels of grey, or of a colour, of 255, from which two dots differ for the eye."""
_DOTS_AN_EM = 12.0
_SCALE = (1.0, 3.0)  # dots a point
_MAX_DOTS = 4_000_000
_SMALLEST, _THINNEST = 1.0, 0.15  # points: letters that are lower or thinner are dust to the eye
_CUT, _BLUR = 0.3, 2  # share of a character that must not be missing on any side, if it is more dots
_LARGER, _CLOSE, _CLOSEST, _MOST_CLOSE = 2, 4, 12, 200  # closest: thin strokes are ink wherever they lie
_FILLED = 70  # of 255, from which a box is dark
_SAME = 0.15  # font sizes between two strikes of a letter that is to look bold
_MAX_CONFLICTS = 300
_MANY_FIGURES = 30  # digits of a page that may have a table
_FLAT = dict.fromkeys("-–—−.,·’'", 0.65) | dict.fromkeys(numerals.RAISED, 0.8)
"""Signs that make a figure another, and a share of a digit's height that they never have."""
_DIGIT = 0.7  # font sizes: the height of a digit
_LIGATURE = 3  # letters that are one shape, at most
_DIFFERS = [0] * _CONTRAST + [255] * (256 - _CONTRAST)


def look(
    page: pdfium.FPDF_PAGE, frame: Frame, glyphs: Sequence[Glyph], items: Mapping[int, pdfium.FPDF_PAGEOBJECT]
) -> tuple[list[Glyph], Sight]:
    """The characters of a page that can be seen, each once, and how it looks. Raises TooMuch.

    `items` gives the object of each run.
    """
    drawer = _Drawer(page, frame, glyphs, items)
    whole, bare = drawer.draw(), drawer.draw(drawer.texts)
    drawn = [glyph for glyph in glyphs if not _is_blank(glyph)]
    pairs = list(_overlaps(drawn))
    doubles = [pair for pair in pairs if _is_double(*pair)]
    mixed = [pair for pair in pairs if not _is_double(*pair)]
    for one, other in doubles:
        drawer.strikes.setdefault(id(one), [one]).append(other)
        drawer.strikes.setdefault(id(other), [other]).append(one)
    thin, pale = _inkless(drawer, _differences(whole, bare), drawn)
    close = [*((glyph, drawer.seen(glyph)) for glyph in thin), *drawer.looked_at(pale)]
    unseen = [*filter(_is_dust, drawn), *(glyph for glyph, seen in close if not seen)]
    beneath = list(_beneath(drawer, whole, pairs, mixed))
    # The other strike of a letter counts where this one lies beneath something.
    lower = {id(glyph) for glyph in beneath}
    twice = {id(other) for one, other in doubles} - {id(other) for one, other in pairs if id(one) in lower}
    hidden = {id(glyph) for glyph in (*unseen, *beneath)}
    seen = [glyph for glyph in glyphs if id(glyph) not in hidden | twice]
    spoilt = [
        Spoilt(glyph.box, f"a part of a {'figure' if glyph.text.isdigit() else 'letter'} cannot be seen")
        for glyph, seen in close
        if seen
        and glyph.text.isalnum()
        and id(glyph) not in hidden
        and id(glyph) not in drawer.strikes
        and drawer.is_cut(glyph, seen)
    ]
    spoilt += [
        Spoilt(Box.around((one.box, other.box)), "characters are printed over each other")
        for one, other in mixed
        if not {id(one), id(other)} & hidden
    ]
    if len(hidden) < len(drawn):  # else it is a picture with its text behind it
        replaced = {id(a) for pair in pairs for a, b in (pair, pair[::-1]) if id(b) not in hidden}
        lost = drawer.covered(glyph for glyph in (*unseen, *beneath) if id(glyph) not in replaced)
        spoilt += [Spoilt(glyph.box, "something is drawn over what was printed") for glyph in lost]
    spoilt += [
        Spoilt(glyph.box, f"a {kind} is drawn that is not the “{glyph.text}” its code says")
        for glyph, kind in _strangers(drawer, bare, seen)
    ]
    spoilt += [
        Spoilt(glyph.box, f"a sign is drawn that is not the “{glyph.text}” its code says")
        for glyph in _mistaken(seen)
    ]
    hyphens = (SOFT_HYPHEN, "\x02")
    boxes = tuple(
        glyph.box
        for glyph in glyphs
        if id(glyph) not in hidden and (not _is_blank(glyph) or (glyph.text in hyphens and glyph.is_flat))
    )
    if outlines := list(drawer.outlines(bare)):
        whole, bare = drawer.draw(outlines), drawer.draw([*drawer.texts, *outlines])
    return seen, Sight(drawer.scale, whole, bare, boxes, spoilt)


def misdrawn(
    page: pdfium.FPDF_PAGE, frame: Frame, drawn: Characters, box: Box
) -> Iterator[tuple[Glyph, tuple[bool, str] | None]]:
    """The letters in a box, each of a font once; whether it surely is another that is drawn, and which."""
    drawer, known = _Drawer(page, frame, drawn.found, drawn.items), set[tuple[int, str]]()
    bare = drawer.draw(drawer.texts)
    for glyph in drawn.found:
        inside = box.left <= glyph.box.centre <= box.right and box.top <= glyph.box.middle <= box.bottom
        plain = len(glyph.text) == 1 and glyph.text.isascii() and glyph.text.isalpha()
        if inside and plain and glyph.run.direction == "right" and (glyph.run.font, glyph.text) not in known:
            known.add((glyph.run.font, glyph.text))
            yield glyph, shapes.another(glyph.text, drawer.close(glyph, bare, _CLOSEST))


class _Drawer:
    """Draws a page, or a part of it, with some of its objects left out."""

    def __init__(
        self,
        page: pdfium.FPDF_PAGE,
        frame: Frame,
        glyphs: Sequence[Glyph],
        items: Mapping[int, pdfium.FPDF_PAGEOBJECT],
    ) -> None:
        self._page, self._items = page, items
        self.strikes: dict[int, list[Glyph]] = {}  # of a letter that is struck twice, by the `id` of either
        found = list(objects(page, frame))
        self._all = [item for item, _, _ in found]
        self.texts = [item for item, kind, _ in found if kind == pdfium.FPDF_PAGEOBJ_TEXT]
        paths = [(item, around) for item, kind, around in found if kind == pdfium.FPDF_PAGEOBJ_PATH]
        self._rounded = [(item, inside) for item, around in paths if (inside := rounded(item, around))]
        size = median([glyph.run.size for glyph in glyphs if glyph.run.size > 1] or [10.0])
        least, most = _SCALE
        bound = (_MAX_DOTS / (frame.width * frame.height)) ** 0.5
        self.scale = min(max(_DOTS_AN_EM / size, least), most, bound)
        self._size = max(1, round(frame.width * self.scale)), max(1, round(frame.height * self.scale))

    def draw(
        self,
        without: Iterable[pdfium.FPDF_PAGEOBJECT] = (),
        part: Dots | None = None,
        *,
        grey: bool = True,
        times: int = 1,
    ) -> Image.Image:
        """The page, or a `part` of it in dots, `times` as large as usual."""
        width, height = (times * side for side in self._size)
        left, top, right, bottom = (times * side for side in part or (0, 0, *self._size))
        with _switched_off(without):
            stride, found = dots(self._page, width, height, (left, top, right, bottom), grey=grey)
        mode = "L" if grey else "RGB"
        return Image.frombuffer(mode, (right - left, bottom - top), found, "raw", mode, stride, 1)

    def outlines(self, bare: Image.Image) -> Iterator[pdfium.FPDF_PAGEOBJECT]:
        """Boxes with round corners that are not filled."""
        if self._rounded:
            ink = _changes(bare, self.draw([*self.texts, *(item for item, _ in self._rounded)]))
            for item, inside in self._rounded:
                if all(max(ink.crop(self.place(box)).tobytes()) < _FILLED for box in inside):
                    yield item

    def place(self, box: Box) -> Dots:
        """A box of the page in dots, at least one each way."""
        (left, top, right, bottom), scale = box, self.scale  # asked of every character: written out
        sides = int(left * scale), int(top * scale), int(right * scale) + 1, int(bottom * scale) + 1
        return within(sides, self._size)

    def close(self, glyph: Glyph, ground: Image.Image | None = None, times: int = _CLOSE) -> Image.Image:
        """What drawing a character's text changes in its box, larger than usual.

        Where `ground` is given, the page without text in its usual size, what all text changes of it, and an
        outline is filled.
        """
        slack = 1 / (self.scale * times)  # letters are drawn on whole dots, boxes are not
        box = Box(*(side + slack * way for side, way in zip(glyph.box, (-1, -1, 1, 1), strict=True)))
        part = self.place(box)
        if ground:
            struck = id(glyph) in self.strikes  # the last alone is not smeared
            top = self._items.get(self.top(glyph).run.number)
            others = [item for item in self.texts if struck and top and not _is_same(item, top)]
            with _filled(top):
                whole = self.draw(others, part, times=times)
            changed = _changes(whole, ground.crop(part).resize(whole.size, Image.Resampling.NEAREST))
        else:
            whole, without = (
                self.draw(items, part, grey=False, times=times) for items in ((), self.item(glyph))
            )
            changed = _changes(whole, without)
        x1, y1, x2, y2 = (side * self.scale * times for side in box)
        x, y = part[0] * times, part[1] * times
        tight = floor(x1) - x, floor(y1) - y, ceil(x2) - x, ceil(y2) - y
        return changed.crop(within(tight, changed.size))

    def top(self, glyph: Glyph) -> Glyph:
        """The last strike of a letter."""
        return max(self.strikes.get(id(glyph), (glyph,)), key=lambda one: one.run.number)

    def seen(self, glyph: Glyph) -> Dots | None:
        """The part of a character's box in which it can be seen, in dots of the larger drawing."""
        return self.close(glyph).point(_DIFFERS).getbbox()

    def is_cut(self, glyph: Glyph, seen: Dots) -> bool:
        """Whether what is `seen` of a character keeps from one side of its box, which is tight around it."""
        left, top, right, bottom = seen
        width, height = (_CLOSE * self.scale * side for side in (glyph.box.width, glyph.box.height))
        return bool(
            max(left, width - right) > max(_BLUR, _CUT * width)
            or max(top, height - bottom) > max(_BLUR, _CUT * height)
        )

    def item(self, glyph: Glyph) -> list[pdfium.FPDF_PAGEOBJECT]:
        """The objects that draw a character: one, or one for each strike of it."""
        runs = {one.run.number for one in self.strikes.get(id(glyph), (glyph,))}
        return [self._items[run] for run in runs if run in self._items]

    def looked_at(self, glyphs: Sequence[Glyph]) -> Iterator[tuple[Glyph, Dots | None]]:
        """What is `seen` of characters that are about as bright as what is under them."""
        if len(glyphs) <= _MOST_CLOSE:
            yield from ((glyph, self.seen(glyph)) for glyph in glyphs)
            return
        items = [item for glyph in glyphs for item in self.item(glyph)]
        ink = _differences(self.draw(grey=False), self.draw(items, grey=False))
        for glyph in glyphs:
            part = ink.crop(self.place(glyph.box))
            yield glyph, part.resize((_CLOSE * part.width, _CLOSE * part.height)).getbbox()

    def covered(self, glyphs: Iterable[Glyph]) -> list[Glyph]:
        """Of hidden characters, those that could be seen if nothing had been drawn after them."""
        glyphs = [glyph for glyph in glyphs if not _is_dust(glyph)]
        if not glyphs:
            return []
        kept = {ctypes.addressof(item.contents) for glyph in glyphs for item in self.item(glyph)}
        alone = self.draw(item for item in self._all if ctypes.addressof(item.contents) not in kept)
        ink = _differences(alone, Image.new("L", alone.size, 255))
        found = [glyph for glyph in glyphs if ink.crop(self.place(glyph.box)).getbbox() is not None]
        return found if len(found) > _MOST_CLOSE else [*filter(self._is_seen_first, found)]

    def _is_seen_first(self, glyph: Glyph) -> bool:
        """Whether a character can be seen on what was drawn before it."""
        items = self.item(glyph)
        last = max(at for at, item in enumerate(self._all) if any(_is_same(item, own) for own in items))
        later, part = self._all[last + 1 :], self.place(glyph.box)
        found = (self.draw(without, part, grey=False) for without in (later, [*later, *items]))
        return _differences(*found).getbbox() is not None


def _is_same(one: pdfium.FPDF_PAGEOBJECT, other: pdfium.FPDF_PAGEOBJECT) -> bool:
    return ctypes.addressof(one.contents) == ctypes.addressof(other.contents)


@contextmanager
def _switched_off(items: Iterable[pdfium.FPDF_PAGEOBJECT]) -> Iterator[None]:
    items = list(items)
    for item in items:
        pdfium.FPDFPageObj_SetIsActive(item, False)
    try:
        yield
    finally:
        for item in items:
            pdfium.FPDFPageObj_SetIsActive(item, True)


@contextmanager
def _filled(item: pdfium.FPDF_PAGEOBJECT | None) -> Iterator[None]:
    """A text that is drawn in outline is drawn as its letters are, which have another shape for the eye."""
    outlined = item and pdfium.FPDFTextObj_GetTextRenderMode(item) == pdfium.FPDF_TEXTRENDERMODE_STROKE
    if outlined:
        pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_FILL)
    try:
        yield
    finally:
        if outlined:
            pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_STROKE)


def _differences(one: Image.Image, other: Image.Image) -> Image.Image:
    """255 where two pictures differ for the eye, else 0."""
    return _changes(one, other).point(_DIFFERS)


def _changes(one: Image.Image, other: Image.Image) -> Image.Image:
    """How much each dot of two pictures differs, by the colour that differs most."""
    found = ImageChops.difference(one, other)
    if found.mode == "RGB":
        red, green, blue = found.split()
        found = ImageChops.lighter(red, ImageChops.lighter(green, blue))
    return found


def _is_dust(glyph: Glyph) -> bool:
    box = glyph.box
    width, height = box.right - box.left, box.bottom - box.top
    least, most = (width, height) if width < height else (height, width)
    return (most < _SMALLEST or least < _THINNEST) and glyph.text.isalnum()


def _is_blank(glyph: Glyph) -> bool:
    """Whether a character has no ink by its code: where it has some, that is not read."""
    text = glyph.text
    return text.isspace() or (not text.isprintable() and unicodedata.category(text[0]) in ("Cc", "Cf"))


def _strangers(
    drawer: _Drawer, bare: Image.Image, glyphs: Sequence[Glyph]
) -> Iterator[tuple[Glyph, Literal["digit", "letter"]]]:
    """The digits and letters that look like others, of a page that may have a table."""
    figures, *letters = (
        [drawer.top(glyph) for glyph in glyphs if glyph.text in signs and glyph.direction == "right"]
        for signs in (shapes.DIGITS, shapes.CAPITALS, shapes.SMALL)
    )
    if len(figures) < _MANY_FIGURES:
        return
    part = drawer.place(Box.around(glyph.box for glyph in chain(figures, *letters)))
    larger = drawer.draw(part=part, times=_LARGER)
    ink = _changes(larger, bare.crop(part).resize(larger.size, Image.Resampling.NEAREST))
    seen_at = shapes.Picture(ink, _LARGER * drawer.scale, _LARGER * part[0], _LARGER * part[1])
    close = partial(drawer.close, ground=bare, times=_CLOSEST)
    yield from ((glyph, "digit") for glyph in shapes.strangers(seen_at, figures, close))
    for found, case in zip(letters, (shapes.CAPITALS, shapes.SMALL), strict=True):
        yield from ((glyph, "letter") for glyph in shapes.other_letters(seen_at, found, close, case))


def _mistaken(glyphs: Sequence[Glyph]) -> Iterator[Glyph]:
    """Dashes, points and raised digits as high as digits, and shapes that stand for more than letters."""
    digits: dict[int, float] = {}
    for glyph in glyphs:
        if glyph.text in shapes.DIGITS:
            digits[glyph.run.font] = max(_height(glyph), digits.get(glyph.run.font, 0.0))
    for glyph in glyphs:
        text = glyph.text
        many = len(text) > 1 and not (text.isalpha() and len(text) <= _LIGATURE)
        if many or (text in _FLAT and _height(glyph) > _FLAT[text] * digits.get(glyph.run.font, _DIGIT)):
            yield glyph


def _height(glyph: Glyph) -> float:
    """In font sizes."""
    return (glyph.bottom - glyph.top) / max(glyph.run.size, _THINNEST)


def _inkless(drawer: _Drawer, ink: Image.Image, glyphs: Iterable[Glyph]) -> tuple[list[Glyph], list[Glyph]]:
    """Letters and digits that may be cut off, since a side has no ink, and characters that may have none."""
    cut: list[Glyph] = []
    unseen: list[Glyph] = []
    for _, along in groupby(glyphs, key=lambda glyph: glyph.run.number):
        run = list(along)
        left, top, right, bottom = drawer.place(Box.around(glyph.box for glyph in run))
        across, down = ink.crop((left, top, right, bottom)).getprojection()
        for glyph in run:
            x1, y1, x2, y2 = drawer.place(glyph.box)
            columns, rows = across[x1 - left : x2 - left], down[y1 - top : y2 - top]
            # At its sides the ink may be that of its neighbours.
            side = len(columns) // 4 if glyph.text.isalnum() else 0
            if not any(columns[side : len(columns) - side]) or not any(rows):
                unseen.append(glyph)
            elif glyph.text.isalnum() and not all(map(any, (columns[:2], columns[-2:], rows[:2], rows[-2:]))):
                cut.append(glyph)
    return cut, unseen


def _overlaps(glyphs: Iterable[Glyph]) -> Iterator[tuple[Glyph, Glyph]]:
    """Characters that stand in the same place."""
    above: list[tuple[Box, list[Glyph]]] = []
    runs = [list(along) for _, along in groupby(glyphs, key=lambda glyph: glyph.run.number)]
    for box, run in sorted(
        ((Box.around(g.box for g in run), run) for run in runs), key=lambda one: one[0].top
    ):
        above = [one for one in above if one[0].bottom > box.top]
        for other, others in above:
            if other.left < box.right and box.left < other.right:
                yield from ((a, b) for a in others for b in run if _overlap(a, b))
        for at, (before, glyph) in enumerate(pairwise(run), 1):
            if glyph.box.left < before.box.right:
                near = run[:at] if glyph.box.centre < before.box.centre else [before]  # set back in its line
                yield from ((other, glyph) for other in near if _overlap(other, glyph))
        above.append((box, run))


def _overlap(one: Glyph, other: Glyph) -> bool:
    """Whether two characters share more of their boxes than neighbours do; of figures less is too much."""
    a, b = one.box, other.box
    across, down = min(a.right, b.right) - max(a.left, b.left), min(a.bottom, b.bottom) - max(a.top, b.top)
    if across <= 0 or down <= 0.4 * min(a.height, b.height):
        return False
    both = one.text + other.text
    if both.isalnum() and any(map(str.isdigit, both)):
        return across > 0.3 * min(a.width, b.width)
    return across > 0.5 * max(a.width, b.width)


def _beneath(
    drawer: _Drawer,
    whole: Image.Image,
    pairs: Iterable[tuple[Glyph, Glyph]],
    mixed: Sequence[tuple[Glyph, Glyph]],
) -> Iterator[Glyph]:
    """Of characters in one place, where some are `mixed`, those that lie beneath another."""
    if len(mixed) > _MAX_CONFLICTS:
        raise TooMuch(f"more than {_MAX_CONFLICTS} characters printed over each other")
    involved = {glyph.run.number for pair in mixed for glyph in pair}
    known = {id(glyph): glyph for pair in pairs for glyph in pair if glyph.run.number in involved}
    for glyph in known.values():
        part = drawer.place(glyph.box)
        if _differences(whole.crop(part), drawer.draw(drawer.item(glyph), part)).getbbox() is None:
            yield glyph


def _is_double(one: Glyph, other: Glyph) -> bool:
    near = _SAME * max(one.run.size, other.run.size)
    return (
        one.text == other.text
        and one.run.number != other.run.number
        and abs(one.box.centre - other.box.centre) < near
        and abs(one.box.middle - other.box.middle) < near
    )
