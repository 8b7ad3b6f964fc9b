"""Running heads, running feet and page numbers: what stands on pages without being their text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipelines.extract.pdf.model import PdfLine, PdfPage
from pipelines.model import PAGE_NUMBER

_NUMBER = re.compile(
    r"(?:pagina|page|blz\.?|p\.)?\s*[-–|]?\s*(?P<page>\d{1,4})(?:\s*(?:van|/|of)\s*\d{1,4})?\s*[-–|]?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_MARGIN = 0.12
"""Share of a page's height, at its top and at its bottom, that furniture keeps to."""
_LEAST_MARGIN = 60.0
"""Points; the margin of a low page is no lower."""


def mark(pages: Sequence[PdfPage]) -> tuple[PdfPage, ...]:
    """The same pages with the numbers of their furniture lines, and the page number that these print.

    A line is furniture if it stands in the margin of its page and is a page number apart from the
    text, or returns at the same height on other pages with nothing changed but its digits.
    """
    found: dict[int, set[int]] = defaultdict(set)
    alike: dict[tuple[str, int], list[tuple[int, PdfLine]]] = defaultdict(list)
    for page in pages:
        for line in _outermost(page):
            if _stands_apart(line, page) and _NUMBER.fullmatch(line.text):
                found[page.number].add(line.number)
            key = (_DIGITS.sub("#", line.text).casefold(), round(line.box.bottom / 3))
            alike[key].append((page.number, line))
    for same in alike.values():
        if len({number for number, _ in same}) >= 2:
            for number, line in same:
                found[number].add(line.number)
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
    box, size = line.box, line.words[0].size
    others = [other.box for other in page.lines if other is not line]
    return all(other.bottom < box.top - 1.2 * size or other.top > box.bottom + 1.2 * size for other in others)


def _labelled(page: PdfPage, furniture: frozenset[int]) -> PdfPage:
    label = page.label
    for line in page.lines:
        printed = PAGE_NUMBER.fullmatch(line.text.strip())
        if printed is None and line.number in furniture:
            printed = _NUMBER.fullmatch(line.text.strip())
        if printed:
            label = printed["page"]
    return replace(page, furniture=furniture, label=label)
