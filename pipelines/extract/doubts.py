"""Figures that were read in a picture, and that its passes do not confirm: only an equality can."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from pipelines.extract import placed, refusals
from pipelines.extract.cells import Span
from pipelines.extract.decisions import Decided
from pipelines.extract.pdf import PdfDocument
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.rows import Row, Table
from pipelines.model import Document
from schemas.errors import JvomError, LayoutError
from schemas.registry import PersonnelLayout, Reading

HINT = "compare it with the page; scan the page again at 300 dots an inch or more, or give the report's text"


def decide(
    table: Table,
    totals: Row,
    notes: Collection[int],
    layout: PersonnelLayout,
    readings: Iterable[Reading],
    document: Document,
    edition_year: int,
) -> tuple[list[Decided], list[JvomError]]:
    """As `placed.decide`; a figure in doubt is taken only where a sum that it is part of comes out."""
    decided, problems = placed.decide(table, totals, notes, layout, readings, document, edition_year)
    doubt = at(document)
    for one in decided:
        for name, figure, sums in zip(layout.columns, one.figures, one.sums, strict=True):
            if figure is None or sums or one.declared or figure.text.drawn is None:
                continue
            for told in doubt(figure.text.drawn.spans):
                problems.append(
                    refused(document, figure.text.printed, told, figure.text.drawn.spans[0], name)
                )
    return decided, problems


def at(document: Document) -> Callable[[Iterable[Span]], Iterator[str]]:
    """What speaks against the words of given places."""
    pages = document.pages if isinstance(document, PdfDocument) else ()
    lines = {line.number: line for page in pages if page.ocr for line in page.lines}

    def doubts(spans: Iterable[Span]) -> Iterator[str]:
        for span in spans:
            line = lines.get(span.line)
            for start, word in zip(line.offsets, line.words, strict=True) if line else ():
                if word.doubt and start < span.char_end and start + len(word.text) > span.char_start:
                    yield word.doubt

    return doubts


def of(document: Document, cell: PdfCell) -> Iterator[str]:
    """What speaks against the words of a cell."""
    return at(document)(Span(span.page, span.line, span.start, span.end) for span in cell.spans)


def refused(document: Document, printed: str, told: str, place: Span, column: str) -> LayoutError:
    """A figure of a picture that nothing confirms."""
    return LayoutError(
        f"{column}: “{refusals.shortened(printed)}” is uncertain in this picture: {told}; no sum confirms it",
        file=document.path,
        page=place.page,
        line=place.line,
        hint=HINT,
    )
