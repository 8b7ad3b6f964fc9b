"""Pages without text → the same lines of words, read from their pictures by Tesseract.

Every word with a digit is looked at again: alone, away from its line, and by its shape beside the
document's other digits. Where these passes do not agree the word says so (`Word.doubt`); whoever
reads a figure there needs an equality that confirms it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from pipelines.extract import sandbox
from pipelines.extract.pdf import mosaic, shapes, tesseract, turned
from pipelines.extract.pdf.inked import NAME, Inked, words
from pipelines.extract.pdf.model import Box, RecognisedPage, Rule, Word
from pipelines.extract.pdf.mosaic import Picture, Piece
from pipelines.extract.pdf.picture import DPI, Patch
from pipelines.extract.pdf.shapes import Digit, Gallery
from schemas.errors import SourceError

LIMITS = sandbox.Limits(hint="scan it again at 300 dots an inch, or give the report's text")
_DIGIT_HEIGHT = 0.72
"""Height of a digit, in font sizes."""
_POINTS = 72 / DPI
_MOST_ALONE = 60
"""Figures that are looked at once more, each in a picture of its own; the others stay in doubt."""
_LOWEST, _HIGHEST = 0.85, 1.2
"""Heights of what may be a digit, in heights of the digits on the page."""
_ALIKE = 1.06
"""Ratio of sizes up to which lines are of one size."""


@dataclass(slots=True)
class _Scan:
    page: int
    picture: Picture
    rules: tuple[Rule, ...]
    words: list[Inked]


def recognise(data: bytes, path: str, pages: Sequence[int]) -> dict[int, RecognisedPage]:
    """What stands on these pages, which are pictures, by page number.

    Raises SourceError where Tesseract is not installed, fails, or goes over a limit.
    """
    tesseract.require(path, len(pages))
    scans = [_scan(data, path, page) for page in pages]
    _second(scans, path)
    _settle(scans)
    _same_sizes(scans)
    return {scan.page: RecognisedPage(tuple(map(tuple, _lines(scan))), scan.rules) for scan in scans}


def _scan(data: bytes, path: str, page: int) -> _Scan:
    ((answer, dots),) = sandbox.call(
        "pipelines.extract.pdf.picture:page", data, page, path, file=path, limits=LIMITS
    )
    try:
        width, height = answer["size"]
        rules = tuple(Rule(bool(across), at, start, end) for across, at, start, end in answer["rules"])
        patches = [(left, top, right, bottom, size) for left, top, right, bottom, size in answer["patches"]]
        if len(dots) != width * height:
            raise ValueError("a picture of another size")
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError("its picture came back damaged", file=path, page=page, hint=LIMITS.hint) from error
    picture = Picture(width, height, dots)
    seen = tesseract.read(width, height, dots, file=path, page=page)
    labels, upright, left = turned.read(picture, seen, patches, path)
    return _Scan(page, picture, rules, [*labels, *words(upright, left)])


def _second(scans: Sequence[_Scan], path: str) -> None:
    """Reads figures, words with a marker, and markers once more, each alone."""
    upright = [(scan, word) for scan in scans for word in scan.words if word.direction == "right"]
    again = [(scan, word) for scan, word in upright if word.body and (word.figure or word.markers)]
    figures = [(scan, word) for scan, word in again if not _is_name(word)]
    names = [(scan, word) for scan, word in again if _is_name(word)]
    notes = [(scan, word) for scan, word in upright if word.markers]
    for found, only in ((figures, mosaic.DIGITS), (names, "")):
        said = mosaic.read([Piece(scan.picture, tuple(word.body)) for scan, word in found], path, only)
        for (_, word), text in zip(found, said, strict=True):
            word.second = text
    unlike = [(scan, word) for scan, word in figures if not _agreed(word)][:_MOST_ALONE]
    for scan, word in unlike:
        word.second = mosaic.alone(scan.picture, word.body, path)
    for scan, word in notes:
        word.note = mosaic.alone(scan.picture, word.markers, path)


def _settle(scans: Sequence[_Scan]) -> None:
    """Takes for each word what its passes agree on, and says where they do not."""
    for scan in scans:
        for word in scan.words:
            _take(word)
        scan.words = [word for word in scan.words if word.text or word.markers]
    gallery = Gallery(digit for scan in scans for digit in _digits(scan) if digit)
    for scan in scans:
        for word in scan.words:
            if word.markers and not (word.note or "").isdigit():
                found = [gallery.nearest(shapes.of(scan.picture, patch)) for patch in word.markers]
                word.note = "".join(text or "?" for text in found)
            _judge(word, scan, gallery)


def _take(word: Inked) -> None:
    """The text of a word from what was read of it, its markers aside."""
    if word.direction != "right" or word.second is None:
        return
    if not word.text and len(word.body) >= NAME and _letters(word.second):
        word.text = word.second
    elif not word.text and word.body and not word.second.isdigit():
        # Ink that nothing reads: where it is as high as a digit, a figure may be lost.
        high = max(patch[3] - patch[1] for patch in word.body)
        word.text = "?" if _LOWEST < high / word.tall < _HIGHEST else ""
    elif not word.figure or _letters(word.text):
        if word.markers and word.second:
            word.text = word.second
    elif not any(c.isdigit() for c in word.text) and not word.markers:
        word.first, word.text = word.text, word.second if word.second.isdigit() else word.text
    elif word.markers:
        word.text = word.second


def _is_name(word: Inked) -> bool:
    """Whether a word may hold letters; overlooked ink of several pieces may."""
    overlooked = not word.text and len(word.body) >= NAME
    return _letters(word.text) or ")" in word.text or overlooked


def _letters(text: str) -> bool:
    return any(c.isalpha() and c not in "lIoOsSBZzi" for c in text)


def _digits(scan: _Scan) -> Iterator[Digit]:
    """The digits that two passes gave alike."""
    for word in scan.words:
        if word.figure and _agreed(word):
            yield from _shaped(word.text, word.body, scan)
        if word.note and word.note.isdigit():
            yield from _shaped(word.note, word.markers, scan)


def _agreed(word: Inked) -> bool:
    """Whether the word on its line and the word alone have the same digits, markers aside."""
    if word.second is None or not word.text:
        return False
    alone, on_line = _only_digits(word.second), _only_digits(word.first)
    return alone == on_line or (bool(word.markers) and bool(alone) and on_line.startswith(alone))


def _only_digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c == "+")


def _shaped(printed: str, ink: Sequence[Patch], scan: _Scan) -> list[Digit]:
    """Its digits with their shapes; none where letters touch."""
    return [
        Digit(text, shapes.of(scan.picture, patch), (scan.page, patch))
        for text, patch in zip(printed, shapes.letters(ink, len(printed)), strict=False)
        if text.isdigit()
    ]


def _judge(word: Inked, scan: _Scan, gallery: Gallery) -> None:
    """Says of a word with digits, or of overlooked ink, why its passes do not confirm it."""
    if word.markers and not (word.note or "").isdigit():
        word.doubt = f"its marker is read as “{word.note}”"
        word.text = (word.text if word.body else "") + "?"
        word.body, word.markers = word.ink, []
        return
    if word.second is None or not (word.figure or not word.first):
        return
    digits = _shaped(word.text, word.body, scan)
    alike = bool(digits) and all(gallery.confirms(digit) for digit in digits)
    agreed = _agreed(word) or (alike and not any(c.isdigit() for c in word.first))
    if agreed and (alike or _letters(word.text)):
        return
    shape = "like" if alike else "unlike"
    word.doubt = (
        f"“{word.first}” on its line, “{word.second}” alone, its shape {shape} that of the other digits"
    )
    word.text = word.text or "?"


def _same_sizes(scans: Sequence[_Scan]) -> None:
    """One height for the digits of all lines that are nearly of one size."""
    found = sorted((word for scan in scans for word in scan.words), key=lambda word: word.tall)
    start = 0
    for at, word in enumerate(found):
        if word.tall > _ALIKE * found[start].tall:
            _set(found[start:at])
            start = at
    _set(found[start:])


def _set(words: Sequence[Inked]) -> None:
    tall = median([word.tall for word in words] or [1.0])
    for word in words:
        word.tall = tall


def _lines(scan: _Scan) -> Iterator[list[Word]]:
    """Words by the height they stand on, each rotated label on its own."""
    made = sorted((_word(word) for word in scan.words), key=lambda word: word.baseline)
    turned_words = [word for word in made if word.direction != "right"]
    rows: list[list[Word]] = [[word] for word in turned_words]
    row: list[Word] = []
    for word in (word for word in made if word.direction == "right"):
        if row and word.baseline - row[0].baseline > 0.3 * min(word.size, row[0].size):
            rows.append(row)
            row = []
        row.append(word)
    if row:
        rows.append(row)
    ordered = sorted(rows, key=lambda row: row[0].box.top if row[0].direction != "right" else row[0].baseline)
    yield from (sorted(row, key=lambda word: word.box.left) for row in ordered)


def _word(word: Inked) -> Word:
    ink = word.ink
    note = word.note or "" if word.markers else ""
    box = Box(
        min(patch[0] for patch in ink) * _POINTS,
        min(patch[1] for patch in ink) * _POINTS,
        max(patch[2] for patch in ink) * _POINTS,
        max(patch[3] for patch in ink) * _POINTS,
    )
    body = word.text if word.body else ""
    return Word(
        text=body + note,
        box=box,
        baseline=word.baseline * _POINTS,
        size=word.tall * _POINTS / _DIGIT_HEIGHT,
        direction=word.direction,
        markers=((len(body), len(body) + len(note)),) if note else (),
        doubt=word.doubt,
    )
