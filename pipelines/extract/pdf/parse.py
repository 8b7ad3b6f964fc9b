"""Bytes of a PDF → PdfDocument. Only for the child process: see `read`.

Here belong what is refused before and while it is read, and the order of reading; what is asked of
PDFium is in `pdfium` and `tags`, how words and lines are made in `lines`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import pypdfium2.raw as pdfium

from pipelines.extract.pdf import ink, lines, signs, tags
from pipelines.extract.pdf.drawn_lines import drawn_lines
from pipelines.extract.pdf.model import Box, PdfDocument, PdfPage, RecognisedPage, Spoilt, Word
from pipelines.extract.pdf.pdfium import (
    Characters,
    Frame,
    Glyph,
    TooMuch,
    answered,
    attachments,
    open_document,
    open_page,
    turn_about,
)
from pipelines.files import pdf_start
from schemas.errors import JvomError, LayoutError, Problems, SourceError

MAX_BYTES = 50 * 2**20
MAX_PAGES = 400
MIN_SIDE, MAX_SIDE = 144.0, 5000.0  # points; the largest paper in use (A0) is 3,370 high
MAX_WORDS = 400_000
_MANY_LETTERS, _FEW_LETTERS = 50, 10
_OTHER_SIGNS = "\u2190"  # from here on Unicode has no letters of a European language

_START = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_TABLE = re.compile(rb"\s{0,8}(?:xref|\d+\s+\d+\s+obj)")
_OBJECT = re.compile(rb"\b(\d{1,9})\s{1,8}\d{1,5}\s{1,8}obj\b|\bendobj\b")
_LENGTH = re.compile(rb"/Length\s+(\d{1,9})(\s+\d+\s+R)?")
_STREAM = re.compile(rb"\bstream\r?\n")
_DRAWS = re.compile(rb"(?:^|\s)(?:q|w|g|J|rg|cm|re|gs|cs|Do|BT|Tf|BMC|BDC)\s")
_OPENING, _PIECE = 100, 2**16  # bytes of a stream: to see whether it draws, and to be unpacked at once
_LETTERS = 500  # five of which are four bytes
_COUNT = re.compile(rb"/N\s+(\d{1,6})")
_MOST_DOUBTED, _NEAR = 5, 3  # problems whose letters are looked at, and lines above and below theirs
_AS_WRITTEN = "ask for the file as it was written, or give the report's text"
_SLOPING = 0.02  # degrees: a line over a page's width ends less than a quarter of a point too high
_UNLIKE = "viewers differ in how they show a note or field there"
_TRY_AGAIN = "download it again, or open it in a viewer and print it to a new PDF"


_RawPage = tuple[PdfPage, list[list[Word]]]
"""A page whose lines are not numbered yet."""


def parse(data: bytes, path: str, recognised: Mapping[int, RecognisedPage] | None = None) -> PdfDocument:
    """Every page with its lines and rules, and what the structure says of tables.

    `recognised` gives what is on pages that are pictures. Raises SourceError, without its file.
    """
    _require_whole(data)
    document = open_document(data)
    count = pdfium.FPDF_GetPageCount(document)
    if count < 1:
        raise SourceError("this PDF has no pages", hint=_TRY_AGAIN)
    if count > MAX_PAGES:
        raise SourceError(
            f"this PDF has {count:,} pages; a report has at most {MAX_PAGES}",
            hint="check that this is the report, or cut out its part of a larger file",
        )
    carried = attachments(document)
    structure = tags.Tags()
    raw = _pages(document, count, structure)
    if lines.soft_hyphens(word for _, found in raw for line in found for word in line):
        raw = [(page, [[lines.soften(word) for word in line] for line in found]) for page, found in raw]
    pages = lines.mark_furniture(_numbered(raw, recognised or {}))
    found = PdfDocument.of(path, hashlib.sha256(data).hexdigest(), pages, structure.cells(), carried)
    return signs.find(found)


def _require_whole(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"{len(data) / 2**20:.0f} MB is too large for a report (at most {MAX_BYTES // 2**20} MB)",
            hint="check that this is the report",
        )
    head = pdf_start(data)
    if head < 0:
        message = "not a PDF: it does not begin like one"
        raise SourceError(message, hint="give the report as PDF or as plain text")
    ends = list(_START.finditer(data, max(0, len(data) - 4096)))
    # Where there are bytes before the PDF, places count from either start.
    located = ends and any(_TABLE.match(data, int(ends[-1][1]) + before) for before in (0, head))
    if not located and not _has_every_object(data):  # with them PDFium needs no table of contents
        if not ends:
            raise SourceError("this PDF is cut off: its end is missing", hint="download it again")
        raise SourceError("this PDF is damaged: its table of contents is not where it says", hint=_TRY_AGAIN)
    if any(_breaks_off(data, found.end()) for found in _STREAM.finditer(data)):
        raise SourceError("this PDF is damaged: what it draws on a page breaks off", hint=_TRY_AGAIN)


def _breaks_off(data: bytes, start: int) -> bool:
    """Whether a packed stream draws and is not whole: viewers show what comes before the damage."""
    unpack, opening, size = zlib.decompressobj(), b"", 0
    pieces = _pieces(data, start)
    try:
        opening = unpack.decompress(next(pieces, b""), _OPENING)
        if not _DRAWS.search(opening):
            return False
        for piece in chain((unpack.unconsumed_tail,), pieces):
            size += len(unpack.decompress(piece))
            if unpack.eof or size > MAX_BYTES:
                return False
    except (zlib.error, ValueError):
        return bool(opening)
    return not unpack.eof


def _pieces(data: bytes, start: int) -> Iterator[bytes]:
    """A stream from its start on, as bytes where it is written in letters."""
    if b"/ASCII85Decode" not in data[max(0, start - 300) : start].rpartition(b"obj")[2]:
        yield from (data[at : at + _PIECE] for at in range(start, len(data), _PIECE))
        return
    end = max(start, data.find(b"~>", start))
    letters = data[start:end].translate(None, b" \t\r\n\f\0").replace(b"z", b"!!!!!")
    yield from (base64.a85decode(letters[at : at + _LETTERS]) for at in range(0, len(letters), _LETTERS))


def _has_every_object(data: bytes) -> bool:
    """Whether a file whose table of contents is not found holds as many objects as it says, each whole."""
    sizes = [int(size) for size in re.findall(rb"/Size\s+(\d{1,9})\b", data)]
    objects: dict[int, bytes] = {}
    opened: re.Match[bytes] | None = None
    for found in _OBJECT.finditer(data):
        if opened and not found[1]:
            objects[int(opened[1])] = data[opened.end() : found.start()]
        opened = found if found[1] else None
    packed = 0
    for body in objects.values():
        head, stream, rest = body.partition(b"stream")
        if length := stream and _LENGTH.search(head):
            said = objects.get(int(length[1]), b"") if length[2] else length[1]
            ends = rest[int(said) if said.strip().isdigit() else len(rest) :]
            if b"endstream" not in ends[:30]:
                return False
            packed += int(count[1]) if b"/ObjStm" in head and (count := _COUNT.search(head)) else 0
    free = len(re.findall(rb"\b\d{10} \d{5} f\b", data))
    return bool(sizes) and len(objects) + packed + max(1, free) >= max(sizes)


def _pages(document: pdfium.FPDF_DOCUMENT, count: int, structure: tags.Tags) -> list[_RawPage]:
    raw: list[_RawPage] = []
    words = 0
    for number in range(1, count + 1):
        try:
            raw.append(_page(document, number - 1, structure))
        except TooMuch as error:
            raise SourceError(f"{error}: more than a report has", page=number, hint=_TRY_AGAIN) from None
        words += sum(map(len, raw[-1][1]))
        if words > MAX_WORDS:
            message = f"more than {MAX_WORDS:,} words"
            raise SourceError(message, page=number, hint="check that this is the report")
    return raw


def _page(
    document: pdfium.FPDF_DOCUMENT,
    index: int,
    structure: tags.Tags,
    turned: int = 0,
    *,
    straightened: bool = False,
) -> _RawPage:
    """A page as read, which was turned to the right by so many quarters, and made level where it slopes."""
    page, unsure = open_page(document, index)
    if not page:
        raise SourceError("this page of the PDF is damaged", page=index + 1, hint=_TRY_AGAIN)
    try:
        frame = Frame.of(page)
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in (frame.width, frame.height)):
            raise SourceError(
                f"a page of {frame.width:,.0f} by {frame.height:,.0f} points is not a page of a report",
                page=index + 1,
                hint=f"print it to paper sizes between {MIN_SIDE:.0f} and {MAX_SIDE:,.0f} points a side",
            )
        rules, images = drawn_lines(page, frame)
        drawn = Characters(page, frame)
        quarters = 0 if turned or straightened else lines.quarters(drawn.found)
        slope = 0.0 if quarters or straightened else lines.slope(drawn.found)
        if quarters or abs(slope) > _SLOPING:
            # PDFium keeps either for the next time that it loads the page.
            if quarters:
                pdfium.FPDFPage_SetRotation(page, (pdfium.FPDFPage_GetRotation(page) + quarters) % 4)
            else:
                turn_about(page, -slope)
            found, words = _page(document, index, structure, turned + quarters, straightened=not quarters)
            if unsure and found.sight:  # by its flattening the page has lost where they were
                found.sight.spoilt.append(Spoilt(Box(0, 0, found.width, found.height), _UNLIKE))
            return replace(found, turn=(found.turn - slope) % 360), words
        try:
            glyphs, sight = ink.look(page, frame, drawn.found, drawn.items)
        except TooMuch:
            _require_codes(drawn.found, index + 1)
            raise
        sight.spoilt.extend(
            Spoilt(note.box, _UNLIKE)
            for note in unsure
            if note.said is None or _letters(note.said) != _shown(note.box, glyphs)
        )
        _require_codes(glyphs, index + 1)
        drawn.settle_hyphens()
        fonts = lines.Fonts(glyphs)
        structure.add(page, index + 1)
        hidden = drawn.hidden + len(drawn.found) - len(glyphs)
        found = PdfPage(
            index + 1,
            round(frame.width, 2),
            round(frame.height, 2),
            (),
            tuple(rules),
            answered(pdfium.FPDF_GetPageLabel, document, index) or None,
            images,
            hidden,
            turn=360.0 - 90 * turned if turned else 0.0,
            sight=sight,
        )
        return found, lines.words(glyphs, fonts, rules)
    finally:
        pdfium.FPDF_ClosePage(page)


def doubt(data: bytes, found: PdfDocument, error: JvomError) -> JvomError:
    """Why a line is not understood where a letter is drawn that is not its code's: else the refusal itself.

    That is looked at where the next step would be to declare what the letters say, and where nothing is to
    be declared, on whole pages: of one whose letters have other codes nothing is known.
    """
    document = open_document(data)
    problems = error.problems if isinstance(error, Problems) else [error]
    asked = [(one.page, one.line) for one in problems if one.proposals and one.page and one.line]
    for number, shown in asked[:_MOST_DOUBTED]:
        page, at = found.pages[number - 1], shown - 1
        near = Box.around(line.box for line in page.lines[max(0, at - _NEAR) : at + 1 + _NEAR])
        letters = _misdrawn(document, page, near)
        if odd := next((letter for letter, other in letters if other and other[0]), None):
            line = min(page.lines, key=lambda line: abs(line.box.middle - odd.box.middle))
            why = f"a letter is drawn that is not the “{odd.text}” its code says"
            message = f"“{line.text[:60]}”: {why}"
            return LayoutError(message, file=found.path, page=number, line=shown, hint=_AS_WRITTEN)
    for page in found.pages[:_MOST_DOUBTED] if not asked else ():
        letters = _misdrawn(document, page, Box(0, 0, page.width, page.height))
        if 2 * sum(other is not None for _, other in letters) > len(letters) >= _FEW_LETTERS:
            message = "the letters of this page have the codes of others: it can be seen, but not read"
            return LayoutError(message, file=found.path, page=page.number, hint=_AS_WRITTEN)
    return error


def _misdrawn(
    document: pdfium.FPDF_DOCUMENT, page: PdfPage, box: Box
) -> list[tuple[Glyph, tuple[bool, str] | None]]:
    if page.ocr or page.turn:
        return []
    opened, _ = open_page(document, page.number - 1)
    frame = Frame.of(opened)
    letters = list(ink.misdrawn(opened, frame, Characters(opened, frame), box))
    pdfium.FPDF_ClosePage(opened)
    return letters


def _shown(box: Box, glyphs: Sequence[Glyph]) -> str:
    """The letters and digits of those characters that have their middle in a box."""
    inside = (glyph.text for glyph in glyphs if box.holds(glyph.box))
    return _letters("".join(inside))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _require_codes(glyphs: Sequence[Glyph], number: int) -> None:
    """Raises SourceError for a page whose letters are shapes only."""
    letters = [glyph.text for glyph in glyphs if not glyph.text.isspace()]
    strange = sum(text >= _OTHER_SIGNS or text < " " for text in letters)
    if 2 * strange > len(letters) >= _MANY_LETTERS:
        raise SourceError(
            "the letters of this page are shapes without codes: what they spell can be seen, but not read",
            page=number,
            hint=_AS_WRITTEN,
        )


def _numbered(raw: list[_RawPage], recognised: Mapping[int, RecognisedPage]) -> list[PdfPage]:
    """Pages with their lines counted through the document; pictures as recognised."""
    pages: list[PdfPage] = []
    first = 1
    for page, words in raw:
        seen = recognised.get(page.number)
        found = tuple(lines.number(seen.lines if seen else words, page.number, first))
        first += len(found)
        pages.append(replace(page, lines=found))
        if seen:
            width, height = round(seen.width, 2), round(seen.height, 2)
            drawn = replace(pages[-1], width=width, height=height, rules=seen.rules)
            pages[-1] = replace(drawn, turn=seen.turn, ocr=True, sight=None)
    return pages
