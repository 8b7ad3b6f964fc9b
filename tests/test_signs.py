"""Footnotes marked by signs: what is a mark, and what stays a part of its word."""

from __future__ import annotations

from pipelines.extract import tables
from pipelines.extract.pdf import signs
from pipelines.extract.pdf.lines import number
from pipelines.extract.pdf.model import Box, PdfDocument, PdfPage, Word
from pipelines.model import Edition
from schemas import registry
from tests.renditions.editions import document_of
from tests.support import html
from tests.support.cases import cases


def page_of(at: int, first: int, *lines: str) -> PdfPage:
    words = [
        [
            Word(text, Box(60.0 * column, 12.0 * row, 60.0 * column + 40, 12.0 * row + 9), 12.0 * row + 8, 9)
            for column, text in enumerate(line.split())
        ]
        for row, line in enumerate(lines)
    ]
    return PdfPage(at, 595, 842, tuple(number(words, at, first)), ())


def marks(*pages: tuple[str, ...]) -> tuple[list[tuple[str, tuple[int, ...]]], list[tuple[int, str]]]:
    """The words that have a mark, without it, with their numbers; and the notes, by number and sign."""
    first, made = 1, []
    for at, lines in enumerate(pages, 1):
        made.append(page_of(at, first, *lines))
        first += len(lines)
    found = signs.find(PdfDocument.of("a.pdf", "0" * 64, made))
    words = [word for page in found.pages for line in page.lines for word in line.words]
    return [(w.plain, w.numbers) for w in words if w.markers and w.plain], [(n, s) for _, n, s in found.signs]


@cases("lines", "marked", "notes", nested=(list, tuple))
def test_a_sign_is_a_mark_where_a_line_explains_it(
    lines: tuple[str, ...], marked: list[tuple[str, tuple[int, ...]]], notes: list[tuple[int, str]] | None
) -> None:
    found, opened = marks(lines)
    assert found == marked
    assert notes is None or opened == notes


def test_a_note_reaches_back_two_pages_and_no_further() -> None:
    table, note = ("USSC* 4",), ("* Iets.",)
    assert marks(table, ("x",), note) == ([("USSC", (1,))], [(1, "*")])
    assert marks(table, ("x",), ("x",), note) == ([], [])
    assert marks((*table, *note), ("CMF* 3", *note))[0] == [("USSC", (1,)), ("CMF", (2,))]


def test_an_annex_may_number_its_notes_from_1_again_though_the_next_number_is_among_them() -> None:
    def notes(count: int) -> str:
        texts = (
            f"<p style='font-size: 7pt'><sup>{n}</sup> Noot nummer {n}.</p>" for n in range(1, count + 1)
        )
        return "".join(texts)

    *words, mandate, frame = html.MANDATES[0]
    above = (*words, f"{mandate}<sup>1</sup>", f"{frame}<sup>2</sup>")
    rows = ["UNMISS<sup>1</sup>|2||3|1|4", "VPD<sup>3</sup>|1||5<sup>2</sup>||5", "Totaal|3||8|1|9"]
    made = html.edition(rows, [above, html.MANDATES[1], html.MANDATES[3]], notes(3), below_1=notes(2))
    found = tables.read(*document_of(made), Edition(2023), registry.load())["footnotes"]
    numbers = [("mandates", 1), ("mandates", 2), *(("personnel", number) for number in (1, 2, 3))]
    assert [*zip(*(found[name].to_pylist() for name in ("scope", "number")), strict=True)] == numbers
