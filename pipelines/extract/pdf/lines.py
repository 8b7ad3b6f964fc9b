"""Characters of a page → words → lines in reading order, and which lines are not of the text.

Footnote markers are told from digits here. A marker is a digit (or a mark beside one) that is raised
and small: its ink begins above the baseline and is lower than a full digit's. Only the ink shows
both: a superscript of the font itself keeps font size and origin.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING

from pipelines.extract.pdf.model import SOFT_HYPHEN, Box, Direction, PdfLine, PdfPage, Rule, Word, grouped
from pipelines.extract.text import visible
from pipelines.model import PAGE_NUMBER, TYPED_RULE

if TYPE_CHECKING:
    from pipelines.extract.pdf.pdfium import Glyph

RAISED = 0.18
"""Share of a digit's height that a marker's ink stands above the baseline, at least."""
SMALL_SIZE = 0.85
SMALL_INK = 0.8
HIGH = 0.33
"""What stands this high need not be small: style sheets shrink by a ninth or less."""
ANY_SMALLER = 0.97

# In font sizes:
WORD_GAP = 0.15  # white space between words where the file sets no space
_TOUCH = 0.35  # distance up to which a raised number belongs to the word before it
_TIGHT_TOUCH = 0.12  # the same for a number that is as large as the word
_LEAD = 0.8  # the same for the word behind it
_OFF, _OFF_SMALL = (0.24, 0.5), (0.1, 0.8)  # how far a lone marker is off its row, of any size and smaller
_DOUBT = "it, or a digit of it, is raised or lowered beside the figures of its row"
_SPACED = 0.5  # up to which white space between letters may be how the font is set
_TAKEN_BACK = 0.05  # white space that nobody sees, and less
_APART = 0.5  # white space between two rotated labels, at least
_TALL = 2.0  # font sizes from which an upright line is that of a table
_OVER = 1.0  # font sizes by which a text runs over the line at the end of its cell, at most
_WIDE = 1.0  # white space, in font sizes, that parts two texts of a line
_FEWEST_HEADS = 3  # texts on their side beside each other that are heads of columns

_QUARTERS: dict[Direction, int] = {"right": 0, "up": 1, "left": 2, "down": 3}

_FULL_HEIGHT = frozenset("0123456789ABCDEFGHIKLMNOPRSTUVWXYZbdfhkl")
_USUAL_HEIGHT = 0.7
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MARKER = re.compile(r"[(\[]?\d{1,3}(?:\s?[,;]\s?\d{1,3})*[)\]]?")
_MOST_LETTERS = 3  # of a marker
ONE_SIZE = 1.25  # how much larger the digits of one figure may be than others of it
_LEVEL, _SAME_SIZE = 0.15, 0.01  # points, and a share: up to which pieces are of one line
_NO_BREAK = frozenset("\u00a0\u2007\u202f\u2009\u200a")

_MARGIN = 0.12  # share of a page's height, at its top and at its bottom, that furniture keeps to
_LEAST_MARGIN = 60.0  # points; the margin of a low page is no lower
_DIGITS = re.compile(r"\d+")
_FURNITURE_NUMBER = re.compile(
    r"(?:pagina|page|blz\.?|p\.)?\s*[-–|]?\s*(?P<page>\d{1,4})(?:\s*(?:van|/|of)\s*\d{1,4})?\s*[-–|]?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Piece:
    """Characters without white space between them, on one baseline but for their markers."""

    letters: list[Glyph]
    gap: str
    doubt: str = ""
    baseline: float = field(init=False)
    size: float = field(init=False)
    start: float = field(init=False)
    end: float = field(init=False)

    def __post_init__(self) -> None:
        largest = max(self.letters, key=lambda letter: letter.run.size)
        self.baseline, self.size = largest.baseline, largest.run.size
        self.measure()

    def measure(self) -> None:
        self.start = self.letters[0].start
        self.end = max(letter.end for letter in self.letters)

    @property
    def text(self) -> str:
        return "".join(letter.text for letter in self.letters)


class Fonts:
    """How the fonts of a page are set, in font sizes."""

    def __init__(self, glyphs: Sequence[Glyph]) -> None:
        heights: dict[int, list[float]] = defaultdict(list)
        for glyph in glyphs:
            if glyph.text in _FULL_HEIGHT and glyph.run.size:
                heights[glyph.run.font].append((glyph.bottom - glyph.top) / glyph.run.size)
        spaces: dict[tuple[int, float], list[float]] = defaultdict(list)
        for before, glyph in pairwise(glyphs):
            run = glyph.run
            if run.font == before.run.font and glyph.text.isalpha() and before.text.isalpha() and run.size:
                space = (glyph.start - before.end) / run.size
                if glyph.baseline == before.baseline and -_SPACED < space < _SPACED:
                    spaces[run.font, round(run.size, 1)].append(space)
        # Superscripts of the font are a minority among its letters, or it has no others.
        self._heights = {font: median(found) for font, found in heights.items()}
        self._spaces = {face: max(0.0, median(found)) for face, found in spaces.items()}

    def height(self, glyph: Glyph) -> float:
        """Ink height of a full letter or digit of a character's font."""
        return self._heights.get(glyph.run.font, _USUAL_HEIGHT)

    def space(self, glyph: Glyph) -> float:
        """White space that the file puts between letters of a word."""
        return self._spaces.get((glyph.run.font, round(glyph.run.size, 1)), 0.0)


def quarters(glyphs: Collection[Glyph]) -> int:
    """By how many quarters a page must be turned to the right for most of its letters to run there."""
    counted = Counter(glyph.direction for glyph in glyphs if not glyph.text.isspace())
    most = max(_QUARTERS, key=lambda direction: counted[direction])
    return _QUARTERS[most] if counted[most] * 2 > counted.total() else 0


def slope(glyphs: Iterable[Glyph]) -> float:
    """By how many degrees most lines of a page rise."""
    return median([glyph.run.slope for glyph in glyphs if glyph.direction == "right"] or [0.0])


def words(glyphs: Iterable[Glyph], fonts: Fonts, rules: Iterable[Rule] = ()) -> list[list[Word]]:
    """Words by the line they stand on, lines from top to bottom and words in reading order.

    `fonts` says how each font of the whole page is set. Long upright `rules` part words.
    """
    upright = sorted((rule for rule in rules if not (rule.horizontal or rule.fill)), key=lambda rule: rule.at)
    found: list[list[Word]] = []
    letters = sorted((glyph.copy() for glyph in glyphs), key=lambda glyph: glyph.direction)
    for _, along in groupby(letters, key=lambda glyph: glyph.direction):
        pieces = [piece for row in _baselines(along) for piece in _pieces(row, fonts, upright)]
        for piece in pieces:
            _mark_superscripts(piece, fonts)
        for line in _visual_lines(_attach(pieces, fonts)):
            if made := [word for piece in line for word in _words(piece)]:
                found.append(made)
    return sorted(levelled(found), key=_reading_order)


def levelled(lines: Sequence[list[Word]]) -> Iterator[list[Word]]:
    """The lines; texts on their side that stand beside each other, as the heads of columns do, are one line.

    Labels of rows are above each other. Each word keeps its box; the line stands where they begin above.
    """
    level = [line for line in lines if line[0].direction == "right"]
    yield from level
    aside = [line for line in lines if line[0].direction != "right"]
    while aside:
        first, *others = aside
        row = [first, *(line for line in others if _share_height(line, first))]
        aside = [line for line in others if not _share_height(line, first)]
        row.sort(key=lambda line: min(word.box.left for word in line))
        columns = list(
            grouped(row, lambda column, line: line[0].box.left - column[-1][0].box.right > line[0].size)
        )
        if len(columns) < _FEWEST_HEADS:
            yield from row
            continue
        top = min(word.box.top for line in row for word in line)
        # The first line of a text on its side is on the left of what runs upwards.
        in_order = (column if column[0][0].direction == "up" else column[::-1] for column in columns)
        words = [word for column in in_order for line in column for word in line]
        yield [replace(one, direction="right", baseline=top + one.size, gap=" ") for one in words]


def _share_height(line: Sequence[Word], other: Sequence[Word]) -> bool:
    one, two = (Box.around(word.box for word in words) for words in (line, other))
    shared = min(one.bottom, two.bottom) - max(one.top, two.top)
    return line[0].direction == other[0].direction and shared > 0.5 * min(one.height, two.height)


def _reading_order(line: Sequence[Word]) -> tuple[float, float]:
    first = line[0]
    height = first.baseline if first.direction == "right" else min(word.box.top for word in line)
    return height, first.box.left


def _baselines(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Letters by baseline, each row in the order of reading."""

    def apart(row: list[Glyph], glyph: Glyph) -> bool:
        return glyph.baseline - row[0].baseline > max(0.2, 0.08 * glyph.run.size)

    for row in grouped(sorted(glyphs, key=lambda glyph: glyph.baseline), apart):
        yield sorted(row, key=lambda glyph: glyph.start)


def _is_taken_back(before: Glyph, space: Glyph, behind: Glyph) -> bool:
    """Whether the letter behind a space stands on it: some programs set letters closer by a space so."""
    room = (behind.start - before.end) / space.run.size
    return before.text.isalpha() and behind.text.isalpha() and -_SPACED < room < _TAKEN_BACK


def _pieces(row: list[Glyph], fonts: Fonts, upright: Iterable[Rule]) -> Iterator[_Piece]:
    piece: list[Glyph] = []
    gap, first = "", row[0]
    lines = [
        rule.at
        for rule in upright
        if rule.start < first.top and rule.end > first.baseline and rule.length > _TALL * first.run.size
    ]
    for letter, behind in zip(row, (*row[1:], None), strict=True):
        if letter.text.isspace():
            if piece and behind and _is_taken_back(piece[-1], letter, behind):
                continue
            if piece:
                yield _Piece(piece, gap)
            gap, piece = ("\u00a0" if letter.text in _NO_BREAK else " "), []
            continue
        if piece:
            last = piece[-1]
            between = letter.start - max(other.end for other in piece[-3:])
            # The letters of some fonts are larger than these say their size is.
            size, before = letter.run.size, max(last.run.size, last.bottom - last.top)
            apart = WORD_GAP + fonts.space(letter)
            parted = between > apart * max(before, size) or _is_parted(piece, letter, lines)
            if parted or size > 1.6 * before or _is_odd(last, letter):
                yield _Piece(piece, gap)
                gap, piece = " ", []
        piece.append(letter)
    if piece:
        yield _Piece(piece, gap)


def _is_parted(piece: Sequence[Glyph], letter: Glyph, lines: Sequence[float]) -> bool:
    """Whether one of these upright lines is behind a piece and before a letter, or in the end of its text."""
    last = piece[-1]
    over = _OVER * last.run.size if last.run is not letter.run else 0.0
    at = bisect_left(lines, max(piece[0].box.right, last.box.right - over))
    return letter.run.direction == "right" and at < len(lines) and lines[at] <= letter.box.left


def _is_odd(last: Glyph, digit: Glyph) -> bool:
    """Whether a digit beside another is of another size, on the same line: they are not one figure."""
    small, large = sorted((last.run.size, digit.run.size))
    level = abs(last.bottom - digit.bottom) < 0.1 * large
    return large > ONE_SIZE * small and level and last.text.isdigit() and digit.text.isdigit()


def _mark_superscripts(piece: _Piece, fonts: Fonts) -> None:
    """Marks the raised letters among those that stand on the same baseline by their origin."""
    for letter in piece.letters:
        plain = letter.text.translate(_SUPERSCRIPTS)
        if plain != letter.text:
            letter.text, letter.raised = plain, True
        elif letter.text.isdigit():
            letter.raised = _is_raised(letter, piece, fonts)
    for before, letter in pairwise(piece.letters):
        if before.raised and letter.text in ",;)]":
            letter.raised = _is_above(letter, piece)
        elif letter.raised and before.text in "([":
            before.raised = _is_above(before, piece)
    for before, letter, after in zip(piece.letters, piece.letters[1:], piece.letters[2:], strict=False):
        if before.raised and after.raised and letter.text in ",;":
            letter.raised = True


def _is_raised(letter: Glyph, line: _Piece, fonts: Fonts) -> bool:
    """Whether a digit beside or in a piece is a marker of it."""
    height = fonts.height(letter) * line.size
    above = (line.baseline - letter.bottom) / height
    small = letter.run.size < SMALL_SIZE * line.size or letter.bottom - letter.top < SMALL_INK * height
    return above > HIGH or (above > RAISED and small)


def _is_above(letter: Glyph, line: _Piece) -> bool:
    return line.baseline - letter.bottom > 0.1 * line.size


def _attach(pieces: list[_Piece], fonts: Fonts) -> list[_Piece]:
    """Puts raised small pieces with the word that they follow, or before the one they precede."""
    by_baseline = sorted(pieces, key=lambda piece: piece.baseline)
    levels = [piece.baseline for piece in by_baseline]
    taken: set[int] = set()
    alone: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        low = bisect_left(levels, piece.baseline + 0.1 * piece.size)
        near = by_baseline[low : bisect_left(levels, piece.baseline + 2 * piece.size)]
        hosts = [other for other in near if _may_carry(other, piece) and id(other) not in taken]
        level = by_baseline[
            bisect_left(levels, piece.baseline - _LEVEL) : bisect_left(levels, piece.baseline + _LEVEL)
        ]
        if _is_in_row(piece, level):
            continue
        if not hosts:
            alone.append(piece)
            continue
        host = min(hosts, key=lambda other: abs(piece.start - other.end))
        touch = _TOUCH if piece.size < ANY_SMALLER * host.size else _TIGHT_TOUCH
        if -0.2 * host.size < piece.start - host.end < touch * host.size:
            _raise(piece, host, fonts)
            if host.text[-1].isdigit() and any(
                letter.text.isdigit() > letter.raised for letter in piece.letters
            ):
                host.doubt = _DOUBT
            host.letters.extend(piece.letters)
            host.measure()
            taken.add(id(piece))
            continue
        follower = min(hosts, key=lambda other: abs(other.start - piece.end))
        if -0.1 < (follower.start - piece.end) / follower.size < _LEAD and (
            piece.size < ANY_SMALLER * follower.size or _leads(piece, follower, near)
        ):
            _raise(piece, follower, fonts)
            piece.baseline = follower.baseline
        else:
            alone.append(piece)
    kept = [piece for piece in pieces if id(piece) not in taken]
    _mark_alone(alone, sorted(kept, key=lambda piece: piece.baseline))
    return _close(kept)


def _mark_alone(alone: Iterable[_Piece], by_baseline: Sequence[_Piece]) -> None:
    """Marks lone numbers that stand off the figures of their row, as a marker does in a blank cell.

    One as large as they are is in doubt: cells may be set at their top or foot. A smaller one is a marker;
    it is held against the words too, where the row has no other figure.
    """
    levels = [piece.baseline for piece in by_baseline]
    usual = median([piece.size for piece in by_baseline if piece.text.isdigit()] or [0.0])
    full, reach = ANY_SMALLER * usual, _OFF_SMALL[1] * usual
    for piece in alone:
        if not _MARKER.fullmatch(piece.text) or any(letter.raised for letter in piece.letters):
            continue
        low, high = (bisect_left(levels, piece.baseline + way * reach) for way in (-1, 1))
        row = [other for other in by_baseline[low:high] if other is not piece]
        figures = [other for other in row if other.text.isdigit() and other.size > full]
        small = piece.size < full
        beside = [other.baseline for other in figures or (row if small else ())]
        level = min(beside, key=lambda at: abs(at - piece.baseline), default=piece.baseline)
        least, most = _OFF_SMALL if small else _OFF
        off = least * usual < abs(level - piece.baseline) < most * usual
        if off and small:
            piece.baseline = level
            for letter in piece.letters:
                letter.raised = True
        elif off and piece.size < ONE_SIZE * usual:
            piece.doubt = _DOUBT


def _leads(piece: _Piece, follower: _Piece, near: Iterable[_Piece]) -> bool:
    """Whether a raised number as large as the text stands before the first word of its line."""
    above = (follower.baseline - piece.baseline) / follower.size
    return above > HIGH * _USUAL_HEIGHT and not any(
        other.baseline == follower.baseline and other.start < piece.start for other in near
    )


def _may_carry(host: _Piece, piece: _Piece) -> bool:
    """Whether a piece stands as high over another as a marker does, and is not larger."""
    return 0.1 < (host.baseline - piece.baseline) / host.size < 0.8 and (
        piece.size < ANY_SMALLER * host.size
        or (piece.size < 1.01 * host.size and bool(_MARKER.fullmatch(piece.text)))
    )


def _is_in_row(piece: _Piece, level: Iterable[_Piece]) -> bool:
    """Whether a piece stands on one level with a word as large as itself: it marks nothing then."""
    return any(
        sum(map(str.isalpha, other.text)) > _MOST_LETTERS and abs(other.size / piece.size - 1) < _SAME_SIZE
        for other in level
    )


def _raise(piece: _Piece, host: _Piece, fonts: Fonts) -> None:
    for letter in piece.letters:
        letter.raised = letter.raised or letter.text in "()[],;*" or _is_raised(letter, host, fonts)


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

    def lower(line: list[_Piece], piece: _Piece) -> bool:
        return piece.baseline - line[0].baseline > 0.3 * min(piece.size, line[0].size)

    def apart(line: list[_Piece], piece: _Piece) -> bool:
        turned = piece.letters[0].direction != "right"
        return turned and piece.start - line[-1].end > _APART * piece.size

    for line in grouped(sorted(pieces, key=lambda piece: piece.baseline), lower):
        yield from grouped(sorted(line, key=lambda piece: piece.start), apart)


def _words(piece: _Piece) -> Iterator[Word]:
    """One word, or two where a marker stands before it (the number of a footnote's text)."""
    letters = piece.letters
    lead = next((at for at, letter in enumerate(letters) if not letter.raised), 0)
    if lead:
        yield _word(letters[:lead], piece, piece.gap)
    yield _word(letters[lead:], piece, " " if lead else piece.gap)


def _word(letters: Sequence[Glyph], piece: _Piece, gap: str) -> Word:
    # A soft hyphen is one only where a line ends in it: within a word it is a hyphen, if it is drawn.
    for letter in letters[:-1]:
        if letter.text == SOFT_HYPHEN:
            letter.text = "-" if letter.is_flat else ""
    text, last = "", ""
    spans = []
    for raised, along in groupby(letters, key=lambda letter: letter.raised):
        part = visible("".join(letter.text for letter in along))
        if raised and _MARKER.fullmatch(part):
            spans.append((len(text), len(text) + len(part)))
        text += part
        last = part if raised and len(part) == 1 and part.islower() else ""
    box = Box.around(letter.box for letter in letters)
    return Word(
        text=text,
        box=Box(round(box.left, 2), round(box.top, 2), round(box.right, 2), round(box.bottom, 2)),
        baseline=round(piece.baseline, 2),
        size=round(piece.size, 2),
        bold=sum(letter.run.bold for letter in letters) * 2 > len(letters),
        direction=letters[0].direction,
        markers=tuple(spans),
        gap=gap,
        letter=last,
        doubt=piece.doubt,
        mark=letters[0].run.mark,
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


def mark_furniture(pages: Sequence[PdfPage]) -> tuple[PdfPage, ...]:
    """The same pages with the numbers of their running heads, feet and page numbers, and their labels.

    A line is furniture if it is a rule of dashes, or stands in the margin of its page and is a page number
    apart from the text, or returns at the same height on other pages with nothing changed but its digits.
    Several texts on a line that is close to the next are the header of a table that fills several pages, and
    what is below it, such as a region, is in the table.
    """
    found: dict[int, set[int]] = defaultdict(set)
    alike: dict[tuple[str, int], list[tuple[int, PdfLine]]] = defaultdict(list)
    for page in pages:
        for line in _outermost(page):
            if _stands_apart(line, page) and _FURNITURE_NUMBER.fullmatch(line.text):
                found[page.number].add(line.number)
            key = (_DIGITS.sub("#", line.text).casefold(), round(line.box.bottom / 3))
            alike[key].append((page.number, line))
    for same in alike.values():
        if len({number for number, _ in same}) >= 2:
            for number, line in same:
                found[number].add(line.number)
    for page in pages:
        upright = [line for line in page.lines if line.direction == "right"]
        near = (*pairwise(upright[:3]), *pairwise(upright[:-4:-1]))
        found[page.number] -= {
            line.number
            for one, inner in near
            if is_close(one, inner) and _in_columns(one)
            for line in (one, inner)
        }
        found[page.number] |= {line.number for line in page.lines if TYPED_RULE.fullmatch(line.text)}
    return tuple(_labelled(page, frozenset(found[page.number])) for page in pages)


def _outermost(page: PdfPage) -> list[PdfLine]:
    """The lines of a page's margins: at most two above and two below."""
    upright = [line for line in page.lines if line.direction == "right"]
    margin = max(page.height * _MARGIN, _LEAST_MARGIN)
    top = [line for line in upright[:2] if line.box.bottom < margin]
    bottom = [line for line in upright[-2:] if line.box.top > page.height - margin]
    return [*top, *(line for line in bottom if line not in top)]


def _stands_apart(line: PdfLine, page: PdfPage) -> bool:
    """Whether white space of two lines or more keeps a line from the others."""
    return not any(is_close(line, other) for other in page.lines if other is not line)


def _in_columns(line: PdfLine) -> bool:
    """Whether a line is of three texts or more."""
    gaps = (right.box.left - left.box.right for left, right in pairwise(line.words))
    return sum(gap > _WIDE * line.words[0].size for gap in gaps) > 1


def is_close(line: PdfLine, other: PdfLine) -> bool:
    """Whether less than two lines' white space is between a line and another."""
    apart = 1.2 * line.words[0].size
    return line.box.top - apart <= other.box.bottom and other.box.top <= line.box.bottom + apart


def _labelled(page: PdfPage, furniture: frozenset[int]) -> PdfPage:
    label = page.label
    for line in page.lines:
        text = line.text.strip()
        printed = PAGE_NUMBER.fullmatch(text)
        if printed is None and line.number in furniture:
            printed = _FURNITURE_NUMBER.fullmatch(text)
        if printed:
            label = printed["page"]
    return replace(page, furniture=furniture, label=label)
