"""What is read from a PDF: pages of lines of words with their boxes, rules, and tagged tables.

Nothing here is interpreted. Lengths are points, rounded to hundredths; the origin is the top left
corner of the page as it is shown. These classes know nothing of PDFium.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from pipelines.model import Document, Line

if TYPE_CHECKING:
    from PIL import Image

SOFT_HYPHEN = "\u00ad"

T = TypeVar("T")

Direction = Literal["right", "down", "left", "up"]
"""Where a reader's eye goes along the text, on the page as it is shown."""


class Box(NamedTuple):
    """A rectangle in points; `top` is above `bottom`, so `top <= bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def aside(self, other: Box) -> float:
        """How far it is from being in line with another: by left edge, right edge or centre."""
        sides = abs(self.left - other.left), abs(self.right - other.right), abs(self.centre - other.centre)
        return min(sides)

    def holds(self, other: Box) -> bool:
        """Whether another box has its middle in this one."""
        return self.left < other.centre < self.right and self.top < other.middle < self.bottom

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """The smallest box that holds all of `boxes`, of which there is at least one."""
        rest = iter(boxes)
        first = next(rest)
        left, top, right, bottom = first.left, first.top, first.right, first.bottom
        for box in rest:
            # Asked for every word of every table: comparing costs less than min and max.
            left = box.left if box.left < left else left
            top = box.top if box.top < top else top
            right = box.right if box.right > right else right
            bottom = box.bottom if box.bottom > bottom else bottom
        return Box(left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without white space between them.

    `text` is as printed, with footnote markers where they are printed; `markers` are the spans of `text`
    that are markers. `box` is around the drawn glyphs, `baseline` the height they stand on, `size`
    that of the font as drawn. `gap` is the white space before the word on its line: empty, a plain
    space, or a no-break space. `doubt` says why nothing but an equality could confirm a figure, as where
    a picture is read in two ways; `other` is the second figure that was read there, if it is one. `sign` is
    the number of the note whose sign its only marker is (see `signs`), `letter` a raised small letter that it
    ends in, or is. `mark` is what the file's structure calls it by, -1 where that does not name it.
    """

    text: str
    box: Box
    baseline: float
    size: float
    bold: bool = False
    direction: Direction = "right"
    markers: tuple[tuple[int, int], ...] = ()
    gap: str = " "
    doubt: str = ""
    other: str = ""
    sign: int = 0
    letter: str = ""
    mark: int = -1

    @property
    def plain(self) -> str:
        """The text without its footnote markers."""
        text = self.text
        for start, end in reversed(self.markers):
            text = text[:start] + text[end:]
        return text

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the footnotes that its markers are of."""
        if self.sign:
            return (self.sign,)
        return tuple(int(n) for start, end in self.markers for n in re.findall(r"\d+", self.text[start:end]))


@dataclass(frozen=True, slots=True)
class PdfLine:
    """Words that stand on one height (rotated: beside each other), in reading order.

    `number` counts from 1 through the document, `page` from 1. `offsets[i]` is where word `i`
    starts in `text`.
    """

    number: int
    page: int
    words: tuple[Word, ...]
    text: str
    offsets: tuple[int, ...]

    @property
    def box(self) -> Box:
        return Box.around(word.box for word in self.words)

    @property
    def direction(self) -> Direction:
        return self.words[0].direction

    @property
    def markers(self) -> tuple[tuple[int, int], ...]:
        """Spans of `text` that are footnote markers."""
        return tuple(
            (offset + start, offset + end)
            for offset, word in zip(self.offsets, self.words, strict=True)
            for start, end in word.markers
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line along an axis, or the edge of a filled area: at `at`, from `start` to `end`.

    A horizontal rule is at a height, a vertical one at a distance from the left.
    """

    horizontal: bool
    at: float
    start: float
    end: float
    fill: bool = False

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A place whose characters cannot be relied on, and why."""

    box: Box
    why: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as it is drawn, `whole` and `bare` of its characters, in grey at `scale` dots a point.

    `characters` are the boxes of those that can be seen and were read.
    """

    scale: float
    whole: Image.Image
    bare: Image.Image
    characters: tuple[Box, ...]
    spoilt: list[Spoilt]


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page: `number` from 1, `label` as printed on it or said by the file, else None.

    `images` counts pictures, `hidden` characters that are not drawn (as under a scan), `furniture`
    names the lines that are running heads, feet or page numbers. `ocr` says that its words were read
    from a picture, and `turn` by how many degrees that was turned to the left about its centre to be read.
    `sight` is how the page looks; None of a picture, which is read by nothing else. `typed` says that it is
    of a text, whose words are in columns of characters: they may touch, and be out of line by one.
    """

    number: int
    width: float
    height: float
    lines: tuple[PdfLine, ...]
    rules: tuple[Rule, ...]
    label: str | None = None
    images: int = 0
    hidden: int = 0
    furniture: frozenset[int] = frozenset()
    ocr: bool = False
    turn: float = 0.0
    sight: Sight | None = None
    typed: bool = False

    @property
    def scanned(self) -> bool:
        """Pictures and no drawn text: only character recognition could read it."""
        return not self.lines and not self.ocr and bool(self.images or self.hidden)

    def as_shown(self, box: Box) -> Box:
        """A box of this page on the page as the file shows it, before it was turned."""
        if not self.turn:
            return box
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        size = self.width, self.height
        width, height = size[::-1] if abs(sin) > abs(cos) else size
        corners = list(product((box.left, box.right), (box.top, box.bottom)))
        places = [(x - self.width / 2, y - self.height / 2) for x, y in corners]
        across = [x * cos - y * sin + width / 2 for x, y in places]
        down = [x * sin + y * cos + height / 2 for x, y in places]
        return Box(min(across), min(down), max(across), max(down))


class TagCell(NamedTuple):
    """A cell of a table by the file's own structure: its table, its place there, and how far it reaches.

    `width` is how many columns the table has.
    """

    table: tuple[int, ...]
    row: int
    column: int
    columns: int = 1
    rows: int = 1
    width: int = 0


@dataclass(frozen=True)
class PdfDocument(Document):
    """A PDF as lines, and as pages of the same lines with boxes. It never leaves the child process.

    In `lines` markers stay in the text, and furniture leaves an empty line; a line that ends in a
    soft hyphen (U+00AD) goes on in the next without it. `tags` are the cells of tables that the file's own
    structure names, by the page and the `mark` of the words in them. `attachments` names the files that the
    PDF carries. `signs` holds line, number and sign of each footnote that opens with a sign for a number.
    """

    pages: tuple[PdfPage, ...]
    tags: Mapping[tuple[int, int], TagCell] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    signs: tuple[tuple[int, int, str], ...] = ()

    @classmethod
    def of(
        cls,
        path: str,
        sha256: str,
        pages: Iterable[PdfPage],
        tags: Mapping[tuple[int, int], TagCell] | None = None,
        attachments: tuple[str, ...] = (),
    ) -> PdfDocument:
        """The document of these pages, whose lines are numbered already."""
        pages = tuple(pages)
        lines = (
            Line(line.number, line.page, "" if line.number in page.furniture else line.text, on_page)
            for page in pages
            for on_page, line in enumerate(page.lines, 1)
        )
        labels = tuple(page.label for page in pages)
        return cls(path, sha256, "pdf", tuple(lines), labels, pages, tags or {}, attachments)


@dataclass(frozen=True)
class RecognisedPage:
    """The words of a page that is a picture, by the line they stand on, and its drawn lines.

    All lengths are of the page as it was turned, by `turn` degrees to the left, to be read.
    """

    lines: tuple[tuple[Word, ...], ...]
    rules: tuple[Rule, ...]
    width: float
    height: float
    turn: float = 0.0


def grouped(items: Iterable[T], apart: Callable[[list[T], T], bool]) -> Iterator[list[T]]:
    """Items in their order, in groups: an item that is `apart` from the group before it opens the next."""
    group: list[T] = []
    for item in items:
        if group and apart(group, item):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


TEXT_GAP = 0.6
"""White space, in font sizes, up to which words on a line are one text."""


def runs(words: Sequence[Word], gap: float = TEXT_GAP) -> Iterator[tuple[Word, ...]]:
    """Words of a line cut where more white space than `gap` font sizes is between them."""

    def apart(run: list[Word], word: Word) -> bool:
        return word.box.left - run[-1].box.right > gap * max(word.size, run[-1].size)

    return map(tuple, grouped(words, apart))


def plain_text(words: Iterable[Word]) -> str:
    """Words without markers, single spaces between them."""
    return " ".join(word.plain for word in words if word.plain)
