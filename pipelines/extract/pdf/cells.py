"""Cells of a table: their text, put together from lines, and every place it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.extract.pdf.model import Box, PdfLine, Word

_JOINED = re.compile(r"[^\W_][-‑/]$")
"""Lines that end so belong to the word that the next begins with."""
_PAUSED = re.compile(r"(?:en|of|tot|t/m|and|or)\b|[,;&]")
"""What follows the hyphen of `NAVO- en EU-missies`: a word of its own."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where one line of a cell stands: characters `start` to `end` of `line`'s text, and their box."""

    page: int
    line: int
    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell that prints something. `markers` are the footnote numbers in it, which `text` leaves out."""

    text: str
    markers: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def page(self) -> int:
        """That of its first line."""
        return self.spans[0].page

    @property
    def line(self) -> int:
        """Its first line."""
        return self.spans[0].line

    @property
    def char_start(self) -> int:
        """Where it begins on its first line."""
        return self.spans[0].start

    @property
    def char_end(self) -> int:
        """Where it ends on its first line."""
        return self.spans[0].end

    @property
    def box(self) -> Box:
        """Around its lines on its first page."""
        return Box.around(span.box for span in self.spans if span.page == self.page)


@dataclass(frozen=True)
class Fragment:
    """Neighbouring words of one line that belong to one column: `first` to `last`, both included."""

    column: int
    line: PdfLine
    first: int
    last: int
    spanning: bool = False

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Its words."""
        return self.line.words[self.first : self.last + 1]

    @cached_property
    def box(self) -> Box:
        """Around its words."""
        return Box.around(word.box for word in self.words)

    @cached_property
    def baseline(self) -> float:
        """The height that its words stand on."""
        return self.words[0].baseline

    @cached_property
    def size(self) -> float:
        """The largest font size in it."""
        return max(word.size for word in self.words)

    @cached_property
    def bold(self) -> bool:
        """Whether its words are bold."""
        return all(word.bold for word in self.words)

    @cached_property
    def text(self) -> str:
        """Its words without markers, single spaces between them."""
        return " ".join(word.plain for word in self.words if word.plain)

    @property
    def span(self) -> Span:
        """Its place."""
        start = self.line.offsets[self.first]
        end = self.line.offsets[self.last] + len(self.line.words[self.last].text)
        return Span(self.line.page, self.line.number, start, end, self.box)


def join(texts: Iterable[str]) -> str:
    """Lines of one text as one: a soft hyphen goes, a hyphen or slash of the word stays."""
    joined = ""
    for text in texts:
        if not joined or not text:
            joined += text
        elif joined.endswith("\u00ad"):
            joined = joined[:-1] + text
        elif _JOINED.search(joined) and not _PAUSED.match(text):
            joined += text
        else:
            joined += " " + text
    return joined.rstrip("\u00ad")


def cell(fragments: Sequence[Fragment]) -> GridCell | None:
    """The cell that these lines make, in reading order; None without any."""
    if not fragments:
        return None
    markers = tuple(number for part in fragments for word in part.words for number in word.numbers)
    return GridCell(join(part.text for part in fragments), markers, tuple(part.span for part in fragments))
