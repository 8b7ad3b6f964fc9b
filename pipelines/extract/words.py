"""Words of a document with the characters they stand at, and cells put together from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.extract.cells import Span
from pipelines.model import Line

_WORD = re.compile(r"\S+")
_GLUED = re.compile(r"(?P<stem>.*\D)(?P<number>\d{1,3})(?P<after>[.,;:!?)\]’”'\"]*)")

_MARKED = re.compile(r"[^\W\d_]{3}$|[^\W\d_][.,;:!?…)\]’”'\"»]+$")


@dataclass(frozen=True, slots=True)
class Word:
    """Characters `start` to `end` of `line`, without white space."""

    line: Line
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters."""
        return self.line.text[self.start : self.end]

    def first(self, length: int) -> Word:
        """Only its first `length` characters."""
        return Word(self.line, self.start, self.start + length)


def words(lines: Iterable[Line]) -> list[Word]:
    """Every word of the lines, in reading order."""
    return [Word(line, *match.span()) for line in lines for match in _WORD.finditer(line.text)]


def spans(cell: Sequence[Word]) -> tuple[Span, ...]:
    """The pieces of the document that the words cover.

    Words of one line that are parted by one plain space are one piece, so that the pieces joined by
    single spaces are the cell as printed.
    """
    pieces: list[Word] = []
    for word in cell:
        last = pieces[-1] if pieces else None
        if last and last.line is word.line and last.line.text[last.end : word.start] == " ":
            pieces[-1] = Word(last.line, last.start, word.end)
        else:
            pieces.append(word)
    return tuple(Span(piece.line.page, piece.line.number, piece.start, piece.end) for piece in pieces)


def as_printed(cell: Iterable[Word]) -> str:
    """The words joined by single spaces."""
    return " ".join(word.text for word in cell)


def marker(word: str) -> tuple[str, int] | None:
    """A word with digits glued to it, such as `mandaat10` or `opgenomen.2`: what is before, and the digits.

    A name of one or two letters keeps its digits (G5); so does a number (2.1).
    """
    match = _GLUED.fullmatch(word)
    if match is None:
        return None
    stem = match["stem"]
    return (stem, int(match["number"])) if _MARKED.search(stem) else None
