"""The heading of a table: what it must say (a layout's words), and where a page says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from pipelines.extract.pdf.misread import mended
from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Word

MAX_CHAINS = 200
_MAX_STEPS = 20_000
_LINE_PITCH = (0.7, 2.2)
"""How far below a word the next line of the same heading may stand, in font sizes."""


@dataclass(frozen=True, slots=True)
class TableHeading:
    """What a layout says of one table.

    `columns` holds each column's path from left to right: its own heading, or its group's and its
    own. `regions` are the names that rows are grouped under, `total` the first cell of the last row.
    With `figures` the columns after the first hold figures; else every row fills every column after
    the first, and the first column holds labels (`labelled`) that stand for several rows.
    """

    columns: tuple[tuple[str, ...], ...]
    regions: tuple[str, ...] = ()
    total: str | None = None
    figures: bool = True

    @property
    def labelled(self) -> bool:
        """Whether the first column's cells may stand for several rows."""
        return not self.figures

    @property
    def groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Each group's heading with its columns."""
        counted = enumerate(self.columns)
        found = groupby(counted, key=lambda item: item[1][:-1])
        return tuple((path[0], tuple(index for index, _ in items)) for path, items in found if path)


@dataclass(frozen=True, slots=True)
class HeadingPlace:
    """Where a heading stands: a box per column, the band it takes, and words in it that it does not know."""

    page: int
    columns: tuple[Box, ...]
    groups: tuple[Box, ...]
    top: float
    bottom: float
    lines: frozenset[int]
    unknown: tuple[Word, ...]
    size: float


@dataclass(frozen=True, slots=True)
class _Chain:
    """Words that together spell a heading."""

    words: tuple[tuple[int, Word], ...]
    box: Box


@lru_cache(4096)
def folded(text: str) -> str:
    """For comparison: no white space, no case, no soft hyphens."""
    return "".join(text.split()).replace("\u00ad", "").replace("\u2010", "-").casefold()


def find(page: PdfPage, heading: TableHeading) -> HeadingPlace | None:
    """The topmost place on the page that spells every column and group of `heading`, in order."""
    lines = [line for line in page.lines if line.direction == "right"]
    texts = {text for path in heading.columns for text in path}
    if page.ocr:
        lines = [mended(line, texts) for line in lines]
    chains = {text: list(_chains(lines, folded(text))) for text in texts}
    if not all(chains.values()):
        return None
    places = []
    for leaves in _rows_of_columns(heading, chains):
        groups = _groups(heading, leaves, chains)
        if groups is not None:
            places.append(_place(page, lines, leaves, groups))
    # The tightest band: words of running text may spell a heading's word as well.
    return min(places, key=lambda place: (round(place.bottom - place.top), place.top), default=None)


def _chains(lines: Sequence[PdfLine], target: str) -> Iterator[_Chain]:
    """Every way to spell `target` with words on one line, or on lines below each other."""
    found = 0
    for at, line in enumerate(lines):
        for position, word in enumerate(line.words):
            for chain in _spelled(lines, at, position, target, ()):
                yield _Chain(chain, Box.around(word.box for _, word in chain))
                found += 1
                if found >= MAX_CHAINS:
                    return
            del word


def _spelled(
    lines: Sequence[PdfLine], at: int, position: int, target: str, before: tuple[tuple[int, Word], ...]
) -> Iterator[tuple[tuple[int, Word], ...]]:
    line = lines[at]
    word = line.words[position]
    text = folded(word.plain)
    chain = (*before, (line.number, word))
    if text == target:
        yield chain
        return
    rests = [target[len(text) :]] if text and target.startswith(text) else []
    if len(text) > 1 and text.endswith("-") and target.startswith(text[:-1]):
        rests.append(target[len(text) - 1 :])
    for rest in rests:
        beside = position + 1
        if beside < len(line.words) and line.words[beside].box.left - word.box.right < 1.2 * word.size:
            yield from _spelled(lines, at, beside, rest, chain)
        yield from _below(lines, at, rest, chain)


def _below(
    lines: Sequence[PdfLine], at: int, rest: str, chain: tuple[tuple[int, Word], ...]
) -> Iterator[tuple[tuple[int, Word], ...]]:
    last = chain[-1][1]
    box = Box.around(word.box for _, word in chain)
    for lower in range(at + 1, min(at + 8, len(lines))):
        for position, word in enumerate(lines[lower].words):
            pitch = (word.baseline - last.baseline) / last.size
            overlaps = word.box.left < box.right and word.box.right > box.left
            if (
                _LINE_PITCH[0] < pitch < _LINE_PITCH[1]
                and overlaps
                and rest.startswith(folded(word.plain)[:1])
            ):
                yield from _spelled(lines, lower, position, rest, chain)


def _rows_of_columns(heading: TableHeading, chains: dict[str, list[_Chain]]) -> Iterator[tuple[_Chain, ...]]:
    """Ways to take one chain per column, from left to right without overlap, at about one height."""
    steps = 0
    waiting: list[tuple[_Chain, ...]] = [()]
    while waiting:
        taken = waiting.pop()
        steps += 1
        if steps > _MAX_STEPS:
            return
        if len(taken) == len(heading.columns):
            yield taken
            continue
        for chain in chains[heading.columns[len(taken)][-1]]:
            if not taken or _follows(taken, chain):
                waiting.append((*taken, chain))


def _follows(taken: tuple[_Chain, ...], chain: _Chain) -> bool:
    last = taken[-1].box
    size = chain.words[0][1].size
    beside = chain.box.left > last.right - 0.2 * size
    return beside and all(
        chain.box.top < other.box.bottom + 5 * size and chain.box.bottom > other.box.top - 5 * size
        for other in taken
    )


def _groups(
    heading: TableHeading, leaves: tuple[_Chain, ...], chains: dict[str, list[_Chain]]
) -> tuple[_Chain, ...] | None:
    """The headings above their columns, or None where one is missing."""
    found: list[_Chain] = []
    for text, columns in heading.groups:
        first, last = leaves[columns[0]].box, leaves[columns[-1]].box
        size = leaves[columns[0]].words[0][1].size
        # It may stand anywhere over its columns, which reach from the heading before to the one after.
        left = leaves[columns[0] - 1].box.right if columns[0] else 0.0
        right = leaves[columns[-1] + 1].box.left if columns[-1] + 1 < len(leaves) else float("inf")
        top = min(leaves[column].box.top for column in columns)
        above = [
            chain
            for chain in chains[text]
            if chain.box.bottom <= top + 0.4 * size
            and chain.box.bottom > top - 5 * size
            and left - size < chain.box.left < last.right
            and first.left < chain.box.right + (first.left - left) < right + size + (first.left - left)
        ]
        if not above:
            return None
        centre = (first.left + last.right) / 2
        found.append(min(above, key=lambda chain: (top - chain.box.bottom) + abs(chain.box.centre - centre)))
    return tuple(found)


def _is_no_text(word: Word, *, ocr: bool) -> bool:
    """Whether a word is a footnote's marker alone or, in a picture, a speck."""
    return not (any(letter.isalnum() for letter in word.plain) if ocr else word.plain)


def _place(
    page: PdfPage, lines: Sequence[PdfLine], leaves: tuple[_Chain, ...], groups: tuple[_Chain, ...]
) -> HeadingPlace:
    words = [item for chain in (*leaves, *groups) for item in chain.words]
    used = {id(word) for _, word in words}
    band = Box.around(word.box for _, word in words)
    unknown = tuple(
        word
        for line in lines
        for word in line.words
        if id(word) not in used
        and band.top < word.box.middle < band.bottom
        and not _is_no_text(word, ocr=page.ocr)
    )
    sizes = sorted(word.size for chain in leaves for _, word in chain.words)
    return HeadingPlace(
        page=page.number,
        columns=tuple(chain.box for chain in leaves),
        groups=tuple(chain.box for chain in groups),
        top=band.top,
        bottom=band.bottom,
        lines=frozenset(number for number, _ in words),
        unknown=unknown,
        size=sizes[len(sizes) // 2],
    )
