"""Characters → words → lines in reading order; footnote markers are told from digits here.

A marker is a digit (or a mark beside one) that is raised and small: its ink begins above the
baseline and is lower than a full digit's. Only the ink shows both: a superscript of the font
itself keeps font size and origin.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from statistics import median

from pipelines.extract.pdf.glyphs import Glyph
from pipelines.extract.pdf.hyphens import SOFT_HYPHEN
from pipelines.extract.pdf.model import Box, PdfLine, Word

RAISED = 0.18
"""Share of a digit's height that a marker's ink stands above the baseline, at least."""
SMALL_SIZE = 0.85
SMALL_INK = 0.8
HIGH = 0.33
"""What stands this high need not be small: style sheets shrink by a ninth or less."""
ANY_SMALLER = 0.97
WORD_GAP = 0.15
"""White space between words where the file sets no space, in font sizes."""
_TOUCH = 0.35
"""Distance up to which a raised number belongs to a word, in font sizes."""
_TIGHT_TOUCH = 0.12
"""The same for a number that is as large as the word."""
_LEAD = 0.8
"""Distance up to which a raised number belongs to the word behind it, in font sizes."""
_APART = 0.5
"""White space between two rotated labels, in font sizes, at least."""
_FULL_HEIGHT = frozenset("0123456789ABCDEFGHIKLMNOPRSTUVWXYZbdfhkl")
_USUAL_HEIGHT = 0.7
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MARKER = re.compile(r"[(\[]?\d{1,3}(?:\s?[,;]\s?\d{1,3})*[)\]]?")
_NO_BREAK = frozenset("\u00a0\u2007\u202f\u2009\u200a")


@dataclass(slots=True)
class _Letter:
    """A glyph in the frame where text runs to the right and down is down."""

    text: str
    glyph: Glyph
    top: float
    bottom: float
    raised: bool = False

    @property
    def start(self) -> float:
        return self.glyph.start

    @property
    def end(self) -> float:
        return self.glyph.end


@dataclass(slots=True)
class _Piece:
    """Letters without white space between them, on one baseline but for their markers."""

    letters: list[_Letter]
    gap: str
    baseline: float
    size: float
    start: float = field(init=False)
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Sets where it starts and ends."""
        self.start = self.letters[0].start
        self.end = max(letter.end for letter in self.letters)

    @property
    def text(self) -> str:
        return "".join(letter.text for letter in self.letters)


def heights(glyphs: Iterable[Glyph]) -> dict[int, float]:
    """Per font the ink height of a full letter or digit, in font sizes."""
    measured: dict[int, list[float]] = {}
    for glyph in glyphs:
        if glyph.text in _FULL_HEIGHT and glyph.size:
            tall = glyph.box.height if glyph.direction in ("right", "left") else glyph.box.width
            measured.setdefault(glyph.font, []).append(tall / glyph.size)
    # Superscripts of the font are a minority among its letters, or it has no others.
    return {font: median(found) for font, found in measured.items()}


def words(glyphs: Sequence[Glyph], full: Mapping[int, float]) -> list[list[Word]]:
    """Words by the line they stand on, lines from top to bottom and words in reading order.

    `full` gives each font's full height (see `heights`), of the whole page.
    """
    found: list[list[Word]] = []
    for direction, along in groupby(sorted(glyphs, key=_direction), key=_direction):
        rows = _baselines(list(along))
        pieces = [piece for row in rows for piece in _pieces(row)]
        for piece in pieces:
            _mark_superscripts(piece, full)
        pieces = _attach(pieces, full)
        for line in _visual_lines(pieces):
            made = [word for piece in line for word in _words(piece)]
            if made:
                found.append(made)
        del direction
    return sorted(found, key=_reading_order)


def _direction(glyph: Glyph) -> str:
    return glyph.direction


def _reading_order(line: Sequence[Word]) -> tuple[float, float]:
    first = line[0]
    height = first.baseline if first.direction == "right" else min(word.box.top for word in line)
    return height, first.box.left


def _letter(glyph: Glyph) -> _Letter:
    box = glyph.box
    match glyph.direction:
        case "right":
            return _Letter(glyph.text, glyph, box.top, box.bottom)
        case "down":
            return _Letter(glyph.text, glyph, -box.right, -box.left)
        case "left":
            return _Letter(glyph.text, glyph, -box.bottom, -box.top)
        case "up":
            return _Letter(glyph.text, glyph, box.left, box.right)


def _baselines(glyphs: list[Glyph]) -> Iterator[list[_Letter]]:
    """Letters by baseline, each row in the order of reading."""
    row: list[_Letter] = []
    for glyph in sorted(glyphs, key=lambda glyph: glyph.baseline):
        if row and glyph.baseline - row[0].glyph.baseline > max(0.2, 0.08 * glyph.size):
            yield sorted(row, key=lambda letter: letter.start)
            row = []
        row.append(_letter(glyph))
    if row:
        yield sorted(row, key=lambda letter: letter.start)


def _pieces(row: list[_Letter]) -> Iterator[_Piece]:
    piece: list[_Letter] = []
    gap = ""
    for letter in row:
        if letter.text.isspace():
            if piece:
                yield _piece(piece, gap)
            gap, piece = ("\u00a0" if letter.text in _NO_BREAK else " "), []
            continue
        if piece:
            last = piece[-1]
            if _is_double(last, letter):
                continue
            between = letter.start - max(other.end for other in piece[-3:])
            size = max(last.glyph.size, letter.glyph.size)
            if between > WORD_GAP * size or letter.glyph.size > 1.6 * last.glyph.size:
                yield _piece(piece, gap)
                gap, piece = " ", []
        piece.append(letter)
    if piece:
        yield _piece(piece, gap)


def _piece(letters: list[_Letter], gap: str) -> _Piece:
    largest = max(letters, key=lambda letter: letter.glyph.size)
    return _Piece(letters, gap, largest.glyph.baseline, largest.glyph.size)


def _is_double(last: _Letter, letter: _Letter) -> bool:
    """The same character drawn twice, a hair apart, to look bold."""
    return (
        letter.text == last.text
        and letter.glyph.run != last.glyph.run
        and letter.start - last.start < 0.1 * letter.glyph.size
    )


def _mark_superscripts(piece: _Piece, full: Mapping[int, float]) -> None:
    """Marks the raised letters among those that stand on the same baseline by their origin."""
    for letter in piece.letters:
        plain = letter.text.translate(_SUPERSCRIPTS)
        if plain != letter.text:
            letter.text, letter.raised = plain, True
        elif letter.text.isdigit():
            letter.raised = _is_raised(letter, piece.baseline, piece.size, full)
    for before, letter in pairwise(piece.letters):
        if before.raised and letter.text in ",;)]":
            letter.raised = _is_above(letter, piece.baseline, piece.size)
        elif letter.raised and before.text in "([":
            before.raised = _is_above(before, piece.baseline, piece.size)
    for before, letter, after in zip(piece.letters, piece.letters[1:], piece.letters[2:], strict=False):
        if before.raised and after.raised and letter.text in ",;":
            letter.raised = True


def _is_raised(letter: _Letter, baseline: float, size: float, full: Mapping[int, float]) -> bool:
    height = full.get(letter.glyph.font, _USUAL_HEIGHT) * size
    above = (baseline - letter.bottom) / height
    if above > HIGH:
        return True
    small = letter.glyph.size < SMALL_SIZE * size or letter.bottom - letter.top < SMALL_INK * height
    return above > RAISED and small


def _is_above(letter: _Letter, baseline: float, size: float) -> bool:
    return baseline - letter.bottom > 0.1 * size


def _attach(pieces: list[_Piece], full: Mapping[int, float]) -> list[_Piece]:
    """Puts raised small pieces with the word that they follow, or before the one they precede."""
    by_baseline = sorted(pieces, key=lambda piece: piece.baseline)
    levels = [piece.baseline for piece in by_baseline]
    taken: set[int] = set()
    for piece in sorted(pieces, key=lambda piece: piece.start):
        low = bisect_left(levels, piece.baseline + 0.1 * piece.size)
        high = bisect_left(levels, piece.baseline + 2 * piece.size)
        hosts = [
            other for other in by_baseline[low:high] if _may_carry(other, piece) and id(other) not in taken
        ]
        host = min(hosts, key=lambda other: abs(piece.start - other.end), default=None)
        touch = _TOUCH if host is not None and piece.size < ANY_SMALLER * host.size else _TIGHT_TOUCH
        if host is not None and -0.2 * host.size < piece.start - host.end < touch * host.size:
            host.letters.extend(_raise(piece, host, full).letters)
            host.measure()
            taken.add(id(piece))
            continue
        follower = min(hosts, key=lambda other: abs(other.start - piece.end), default=None)
        if (
            follower is not None
            and -0.1 < (follower.start - piece.end) / follower.size < _LEAD
            and (piece.size < ANY_SMALLER * follower.size or _leads(piece, follower, by_baseline[low:high]))
        ):
            _raise(piece, follower, full)
            piece.baseline = follower.baseline
    return _close([piece for piece in pieces if id(piece) not in taken])


def _leads(piece: _Piece, follower: _Piece, near: Iterable[_Piece]) -> bool:
    """Whether a raised number as large as the text stands before the first word of its line."""
    above = (follower.baseline - piece.baseline) / follower.size
    return above > HIGH * _USUAL_HEIGHT and not any(
        other.baseline == follower.baseline and other.start < piece.start for other in near
    )


def _may_carry(host: _Piece, piece: _Piece) -> bool:
    """Whether a piece stands as high over another as a marker does, and is not larger."""
    above = (host.baseline - piece.baseline) / host.size
    return 0.1 < above < 0.8 and (
        piece.size < ANY_SMALLER * host.size
        or (piece.size < 1.01 * host.size and bool(_MARKER.fullmatch(piece.text)))
    )


def _raise(piece: _Piece, host: _Piece, full: Mapping[int, float]) -> _Piece:
    for letter in piece.letters:
        letter.raised = letter.raised or (
            letter.text in "()[],;*" or _is_raised(letter, host.baseline, host.size, full)
        )
    return piece


def _close(pieces: list[_Piece]) -> list[_Piece]:
    """Joins a word that was cut in two by its marker, as in `kader¹¹,`."""
    joined: list[_Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.baseline == piece.baseline
            and last.letters[-1].raised
            and piece.gap == " "
            and abs(piece.start - last.end) < 0.05 * piece.size
            and piece.text[0] in ".,;:)"
        ):
            last.letters.extend(piece.letters)
            last.measure()
        else:
            joined.append(piece)
    return joined


def _visual_lines(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces on one height in the order of reading; rotated ones only while they are near each other."""
    for line in _heights(pieces):
        if line[0].letters[0].glyph.direction == "right":
            yield line
            continue
        near = [line[0]]
        for piece in line[1:]:
            if piece.start - near[-1].end > _APART * piece.size:
                yield near
                near = []
            near.append(piece)
        yield near


def _heights(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    line: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.baseline):
        if line and piece.baseline - line[0].baseline > 0.3 * min(piece.size, line[0].size):
            yield sorted(line, key=lambda piece: piece.start)
            line = []
        line.append(piece)
    if line:
        yield sorted(line, key=lambda piece: piece.start)


def _words(piece: _Piece) -> Iterator[Word]:
    """One word, or two where a marker stands before it (the number of a footnote's text)."""
    letters = piece.letters
    lead = 0
    while lead < len(letters) and letters[lead].raised:
        lead += 1
    if 0 < lead < len(letters):
        yield _word(letters[:lead], piece, piece.gap)
        yield _word(letters[lead:], piece, " ")
    else:
        yield _word(letters, piece, piece.gap)


def _word(letters: Sequence[_Letter], piece: _Piece, gap: str) -> Word:
    texts = [letter.text for letter in letters]
    last = len(texts) - 1
    # A soft hyphen is drawn only where a line ends in it.
    texts = [text for at, text in enumerate(texts) if text != SOFT_HYPHEN or at == last]
    spans = []
    at = 0
    for raised, along in groupby(letters, key=lambda letter: letter.raised):
        length = sum(len(letter.text) for letter in along if letter.text != SOFT_HYPHEN)
        text = "".join(texts)[at : at + length]
        if raised and _MARKER.fullmatch(text):
            spans.append((at, at + length))
        at += length
    box = Box.around(letter.glyph.box for letter in letters)
    first = letters[0].glyph
    return Word(
        text="".join(texts),
        box=Box(round(box.left, 2), round(box.top, 2), round(box.right, 2), round(box.bottom, 2)),
        baseline=round(piece.baseline, 2),
        size=round(piece.size, 2),
        bold=sum(letter.glyph.bold for letter in letters) * 2 > len(letters),
        direction=first.direction,
        markers=tuple(spans),
        gap=gap,
    )


def number(lines: Iterable[Sequence[Word]], page: int, first: int) -> Iterator[PdfLine]:
    """Lines with their text; numbers count on from `first`."""
    for at, line in enumerate(lines, first):
        text, offsets = "", []
        for position, word in enumerate(line):
            text += (word.gap or " ") if position else ""
            offsets.append(len(text))
            text += word.text
        yield PdfLine(at, page, tuple(line), text, tuple(offsets))


def soft_hyphens(words: Iterable[Word]) -> bool:
    """Whether U+2010 at the end of a word is a soft hyphen, as some producers print it: it joins no words."""
    return not any("\u2010" in word.text[:-1] for word in words)


def soften(word: Word) -> Word:
    """The word with a soft hyphen for the U+2010 that it ends in."""
    return replace(word, text=word.text[:-1] + SOFT_HYPHEN) if word.text.endswith("\u2010") else word
