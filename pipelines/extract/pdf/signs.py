"""Footnotes that have a sign for a number: `*`, `†`, `a)`, `1)`, `[1]`, a raised `a`.

A sign is a mark only where one line of the same page, or of a page soon after, opens with it and goes on in
words; what looks like one elsewhere stays a part of its word. Such marks are then as raised numbers are:
`Word.plain` leaves them out, `Word.numbers` gives the numbers of their notes. The note of a sign that is not
a number has one that no other note of the document has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.extract.pdf.model import PdfDocument, PdfLine, PdfPage, Word

SIGN = re.compile(r"(?:\*{1,3}|[†‡§]{1,3})\)?|(?:[a-z]|[1-9][0-9]?)\)|\[[1-9][0-9]?\]")
_PAGES = 2  # a table may go on over so many pages before its notes
_LINES = 3  # an open bracket may close so many lines below


@dataclass(frozen=True)
class _Note:
    """A line that opens with a sign, and the number of the note."""

    sign: str
    page: int
    line: int
    number: int = 0
    raised: bool = False

    @property
    def core(self) -> str:
        return self.sign.strip("()[]")

    @property
    def mark(self) -> re.Pattern[str]:
        """Its sign at the end of a word; brackets do not count around a star or a dagger."""
        core = re.escape(self.core)
        forms = rf"{core}\)|\[{core}\]" if self.core.isalnum() else rf"{core}\)?"
        return re.compile(rf"(?<![*†‡§(])(?:{forms})$")

    def marks(self, word: Word) -> re.Match[str] | None:
        """Its mark at the end of a word."""
        if self.raised:
            return re.search(rf"{self.sign}$", word.text) if word.letter == self.sign else None
        return None if word.markers else self.mark.search(word.text)

    def reaches(self, page: PdfPage) -> bool:
        return self.page - _PAGES <= page.number <= self.page


def find(document: PdfDocument) -> PdfDocument:
    """The document with its signs as marks, and in `signs` the lines that open their notes."""
    notes = list(_numbered(document, list(_openings(document.pages))))
    if not notes:
        return document
    pages = tuple(_page(page, [note for note in notes if note.reaches(page)]) for page in document.pages)
    signs = tuple((note.line, note.number, note.sign) for note in notes)
    return replace(document, pages=pages, signs=signs)


def _openings(pages: Sequence[PdfPage]) -> Iterator[_Note]:
    for page in pages:
        for line in page.lines:
            first, *rest = line.words
            raised = first.letter == first.text
            opens = raised or (not first.markers and SIGN.fullmatch(first.text))
            if rest and opens and rest[0].text[:1].isalpha():
                yield _Note(first.text, page.number, line.number, raised=raised)


def _numbered(document: PdfDocument, openings: Sequence[_Note]) -> Iterator[_Note]:
    """The openings that are notes: no other of its page is alike, and a word has its mark."""
    pages = document.pages
    taken = {n for page in pages for line in page.lines for word in line.words for n in word.numbers}
    for note in openings:
        alike = [other for other in openings if (other.core, other.page) == (note.core, note.page)]
        near = [page for page in pages if note.reaches(page)]
        if len(alike) > 1 or not any(_ends(page, line, note) for page in near for line in page.lines):
            continue
        number = int(note.core) if note.core.isdecimal() else 0
        if not number or number in taken:
            number = max(taken, default=0) + 1
        taken.add(number)
        yield replace(note, number=number)


def _ends(page: PdfPage, line: PdfLine, note: _Note) -> dict[int, int]:
    """The words of a line that have the mark of a note: where in each it begins."""
    found = {at: match for at, word in enumerate(line.words) if (match := note.marks(word))}
    return {
        at: match.start()
        for at, match in found.items()
        if (at or match.start())
        and not (match[0].endswith(")") and note.core.isalnum() and _closes(page, line, at))
    }


def _closes(page: PdfPage, line: PdfLine, at: int) -> bool:
    """Whether a bracket at the end of a word closes one that is open."""
    index = page.lines.index(line)
    text = line.text[: line.offsets[at] + len(line.words[at].text)]
    above = "".join(other.text for other in page.lines[max(0, index - _LINES) : index])
    return text.count("(") >= text.count(")") or above.count("(") > above.count(")")


def _page(page: PdfPage, notes: Sequence[_Note]) -> PdfPage:
    """The page with its marks."""
    lines = []
    for line in page.lines:
        marks: dict[int, dict[str, tuple[int, int]]] = {}
        for note in notes:
            if note.line == line.number:
                marks[0] = {note.core: (0, note.number)}
                continue
            for at, start in _ends(page, line, note).items():
                marks.setdefault(at, {}).setdefault(note.core, (start, note.number))
        words = list(line.words)
        for at, ways in marks.items():
            if len(ways) == 1:  # `31)` may have the mark 1) or 31)
                ((start, number),) = ways.values()
                words[at] = replace(words[at], markers=((start, len(words[at].text)),), sign=number)
        lines.append(replace(line, words=tuple(words)) if marks else line)
    return replace(page, lines=tuple(lines))
