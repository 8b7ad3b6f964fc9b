"""A text whose words stand where they stood on the page → the same lines as pages of words with boxes.

`pdftotext -layout` and programs like it keep the columns of a page: white space is as wide as it was
printed, and a form feed ends a page. Here belongs what makes such a text look like a PDF to the readers of
tables: every character is as wide as the others, every line as high. What is not known of a text stays
empty: rules, ink, structure, weight. A footnote's mark is known where it is raised (U+00B9), glued to
letters, or on a line of its own above or below the end of a word; one that is glued to a figure looks like
its last digits, which `rows` leaves open.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from pipelines.extract import numerals
from pipelines.extract.cells import marker
from pipelines.extract.pdf import signs
from pipelines.extract.pdf.lines import soft_hyphens, soften
from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Word
from pipelines.model import PAGE_NUMBER, TYPED_RULE, Document, Line
from schemas.dates import MONTHS
from schemas.errors import JvomError, Problems

_SIZE = 10.0
"""Font size of every word, in points. One space is then less than half of it, and two are more than all of
it, as white space between words and between cells is; two lines of a text may have one of another cell
between them."""
_WIDTH, _PITCH = 0.58 * _SIZE, 1.05 * _SIZE
_BESIDE = 0.05 * _SIZE  # by which a word reaches into the white space on either side
_ASCENT, _DESCENT = 0.75 * _SIZE, 0.2 * _SIZE
_MARGIN = 4 * _WIDTH
_TAB = 8
_FEW = 6  # lines with figures in columns: fewer than any table of annex 2 has
_WIDTHS = 4  # different ones of white space before these figures: elsewhere each is parted by one sign
_EDGE = 2  # lines of a page's head and foot
_NEAR = 6  # columns between a word and its raised sign: letters of a page are not all as wide
_INDENT = 12  # columns from the left in which a footnote may open
_RAISED = numerals.RAISED
_WORD = re.compile(r"\S+")
_IN_COLUMNS = re.compile(r"(?<=\S)(\s{2,})(?:[0-9][0-9.]*|[-–—])(?=\s{2,}\S|\s*$)")
_NUMBER = re.compile(rf"[0-9]{{1,3}}|[{_RAISED}]{{1,3}}")
_NOTE = re.compile(rf"\s*(?P<number>[0-9]{{1,3}}|[{_RAISED}]{{1,3}})(?:\s+(?P<word>[^\W\d]\S*)|\s*$)")
_ENDS_RAISED = re.compile(rf"[{_RAISED}]{{1,3}}(?:[,;][{_RAISED}]{{1,3}})*[,;]?(?=[.:)\]]*$)")
_PLAIN = str.maketrans(_RAISED, "0123456789")
_DIGITS = re.compile(r"\d+")

_ADVICE = "give the PDF that this text was made of, whose cells can be seen"


def placed(document: Document) -> PdfDocument | None:
    """The document as pages of words with boxes; None where few of its lines have columns.

    Its lines have their numbers, and its words the characters that they have in the file; heads and feet
    are empty. A mark or a footnote's number on a line of its own is on the line that it belongs to.
    """
    gaps = [_IN_COLUMNS.findall(line.text) for line in document.lines]
    if sum(map(bool, gaps)) < _FEW or len({len(gap) for line in gaps for gap in line}) < _WIDTHS:
        return None
    notes = frozenset(_notes(document.lines))
    lines = _settled(document.lines, notes | frozenset(_signs(document.lines)))
    width = max(columns_of(line.text)[-1] for line in lines) * _WIDTH + 2 * _MARGIN
    by_page = groupby(lines, key=lambda line: line.page)
    pages = [_page(number, list(own), notes, width) for number, own in by_page]
    if soft_hyphens(word for page in pages for line in page.lines for word in line.words):
        soft = ([replace(one, words=tuple(map(soften, one.words))) for one in page.lines] for page in pages)
        pages = [replace(page, lines=tuple(own)) for page, own in zip(pages, soft, strict=True)]
    furniture = frozenset(_furniture(pages))
    found = PdfDocument(
        document.path,
        document.sha256,
        document.format,
        tuple(replace(line, text="") if line.number in furniture else line for line in lines),
        document.page_labels,
        tuple(replace(page, furniture=furniture & {line.number for line in page.lines}) for page in pages),
    )
    return signs.find(found)


def _notes(lines: Sequence[Line]) -> Iterator[int]:
    """The numbers that may be those of footnotes: each opens a line, or has one and text follows."""
    for line, following in pairwise([*lines, Line(0, 0, "")]):
        match = _NOTE.match(line.text)
        if match and (match["word"] or _goes_on(line, following)):
            yield numerals.number(match["number"])


def _goes_on(line: Line, following: Line) -> bool:
    """Whether a line is the number of a footnote, whose text is on the next line, a little to the right."""
    number, text = line.text.strip(), following.text.lstrip()
    right = len(line.text.rstrip()) <= len(following.text) - len(text) <= _INDENT
    return bool(_NUMBER.fullmatch(number)) and right and text[:1].isalpha() and line.page == following.page


def _signs(lines: Sequence[Line]) -> Iterator[str]:
    """The signs that open a line which goes on in words, as footnotes do."""
    for first, second in (line.text.split(maxsplit=2)[:2] for line in lines if len(line.text.split()) > 1):
        if signs.SIGN.fullmatch(first) and second[:1].isalpha():
            yield first


def _settled(lines: Sequence[Line], notes: frozenset[int | str]) -> list[Line]:
    """The lines, with marks that stand on a line of their own on the line that they belong to.

    They are put where that line has white space, so no other character changes its place.
    """
    found = list(lines)
    for at, line in enumerate(lines):
        words = list(_WORD.finditer(line.text))
        texts = (word.group() for word in words)
        marks = [numerals.number(text) if _NUMBER.fullmatch(text) else text for text in texts]
        if not words or not notes.issuperset(marks):
            continue
        for beside in (at + 1, at - 1):
            if not 0 <= beside < len(found) or found[beside].page != line.page:
                continue
            text = found[beside].text.rstrip().ljust(len(line.text.rstrip()))
            if all(_marks(text, word) for word in words):
                for word in words:
                    text = text[: word.start()] + word.group() + text[word.end() :]
                found[beside] = replace(found[beside], text=text)
                found[at] = replace(line, text="")
                break
    return found


def _marks(text: str, word: re.Match[str]) -> bool:
    """Whether a text has room for a mark just behind one of its words; a sign is not a figure of a column."""
    start, end = word.span()
    room = text[start : end + 1]
    near = 2 if _NUMBER.fullmatch(word.group()) else _NEAR
    return not room.strip() and bool(text[max(0, start - near) : start].strip())


def _page(number: int, lines: Sequence[Line], notes: Collection[int], width: float) -> PdfPage:
    made = (
        _line(line, at, notes, opens=_goes_on(line, following))
        for at, (line, following) in enumerate(pairwise([*lines, Line(0, 0, "")]))
    )
    found = tuple(line for line in made if line)
    return PdfPage(number, width, (len(lines) + 1) * _PITCH, found, (), typed=True)


def _line(line: Line, at: int, notes: Collection[int], *, opens: bool) -> PdfLine | None:
    """A line as words with boxes, `at` lines below the top of its page; None for a blank one.

    `opens` says that the line is the number of a footnote.
    """
    baseline = (at + 1) * _PITCH
    columns = columns_of(line.text)
    opening = _NOTE.match(line.text)
    found: list[Word] = []
    offsets: list[int] = []
    for word in _WORD.finditer(line.text):
        left, right = (_MARGIN + columns[place] * _WIDTH for place in word.span())
        left, right = round(left - _BESIDE, 2), round(right + _BESIDE, 2)
        box = Box(left, baseline - _ASCENT, right, baseline + _DESCENT)
        text = word.group()
        first = not found and opening and columns[word.start()] < _INDENT
        followed = first and opening and opening["word"] and opening["word"].lower() not in MONTHS
        markers = ((0, len(text)),) if opens or followed else tuple(_marker(text, notes))
        gap = line.text[word.start() - 1 : word.start()] or " "
        found.append(Word(text.translate(_PLAIN), box, baseline, _SIZE, markers=markers, gap=gap))
        offsets.append(word.start())
    return PdfLine(line.number, line.page, tuple(found), line.text, tuple(offsets)) if found else None


def _marker(text: str, notes: Collection[int]) -> Iterator[tuple[int, int]]:
    """The span of a word that is surely a footnote's mark."""
    if raised := _ENDS_RAISED.search(text):
        yield raised.span()
    elif (glued := marker(text)) and (glued[1] in notes or glued[0].islower()):
        start = len(glued[0])
        yield start, start + len(str(glued[1]))


def columns_of(text: str) -> list[int]:
    """The column that each character begins in, and the one behind the last."""
    columns = [0]
    for letter in text:
        wide = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if letter == "\t":
            wide = _TAB - columns[-1] % _TAB
        elif letter == "\f" or unicodedata.combining(letter):
            wide = 0
        columns.append(columns[-1] + wide)
    return columns


def _furniture(pages: Sequence[PdfPage]) -> Iterator[int]:
    """Numbers of the lines that are page numbers or rules, and of heads and feet that return on other pages.

    A head or foot is one text with a blank line between it and the rest of its page.
    """
    found: dict[tuple[str, bool], list[int]] = {}
    for page in pages:
        for line in page.lines:
            if PAGE_NUMBER.fullmatch(line.text) or TYPED_RULE.fullmatch(line.text):
                yield line.number
        for lines, foot in ((page.lines, False), (page.lines[::-1], True)):
            for line in _edge(lines):
                text = _DIGITS.sub("#", " ".join(line.text.split()).casefold())
                found.setdefault((text, foot), []).append(line.number)
    for numbers in found.values():
        if len(numbers) > 1:
            yield from numbers


def _edge(lines: Sequence[PdfLine]) -> Sequence[PdfLine]:
    """The first lines of a page, or its last, that a blank line parts from the others."""
    near = lines[: _EDGE + 1]
    gaps = (at for at, (one, other) in enumerate(pairwise(near), 1) if abs(other.number - one.number) > 1)
    return [line for line in near[: next(gaps, 0)] if not _IN_COLUMNS.search(line.text)]


def advise(error: JvomError, document: Document) -> None:
    """Adds to the hint of a refusal of a text that was made of a PDF that this can be read."""
    if document.format == "text" and (
        any("\f" in line.text for line in document.lines) or placed(document) is not None
    ):
        first = error.problems[0] if isinstance(error, Problems) else error
        first.hint = error.hint = f"{first.hint}; or {_ADVICE}" if first.hint else _ADVICE
