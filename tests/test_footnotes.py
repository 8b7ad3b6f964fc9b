"""Footnotes: which lines are one, where it ends, and which lines carry its marker."""

from pathlib import Path

import pytest

from pipelines.extract import annexes, footnotes, tables
from pipelines.extract.cells import marker
from pipelines.extract.footnotes import Note
from pipelines.extract.pdf import signs
from pipelines.extract.pdf.lines import number
from pipelines.extract.pdf.model import Box, PdfDocument, PdfPage, Word
from pipelines.model import Edition
from schemas import registry
from schemas.errors import LayoutError
from tests.renditions.editions import document_of
from tests.support import html
from tests.support.cases import cases
from tests.support.reports import (
    ANNEX_1,
    ANNEX_2,
    BODY,
    HEADER_1,
    HEADER_2,
    REGISTRY,
    either_text,
    golden,
    read_document,
    read_tables,
    report,
)

GOLDEN = golden("footnotes")
HEADING_1, HEADING_2 = ANNEX_1[0], ANNEX_2[0]


def find(text: str) -> list[Note]:
    document = read_document(text)
    return footnotes.find(annexes.find_annexes(document, REGISTRY), document)


def found(text: str) -> list[tuple[str, int, list[str]]]:
    """Scope, number and lines of each footnote."""
    return [(note.scope, note.number, [line.text.strip() for line in note.lines]) for note in find(text)]


def body(*lines: str) -> str:
    """A report with these lines as its running text, on pages as they come."""
    return report(body=[*lines])


@either_text
def test_the_real_footnotes(path: Path) -> None:
    rows = read_tables(path.read_bytes())["footnotes"].to_pylist()
    last_lines = [note.lines[-1].number for note in find(path.read_text(encoding="utf-8"))]
    for row, last, wanted in zip(rows, last_lines, GOLDEN, strict=True):
        assert (row["scope"], row["number"]) == (wanted["scope"], wanted["number"])
        assert (row["source_line"], last) == (wanted["first_line"], wanted["last_line"])
        assert row["marker_lines"] == [wanted["marker_lines"]]
        assert row["source_page"] == wanted["source_page"]


def test_numbered_headings_dates_and_figures_are_no_footnotes() -> None:
    text = body(
        " 1 Inleiding",
        "Een zin met een noot.1 En G5 en operaties op",
        "1 mei waren er",
        "2 Slotbeschouwing",
        "2.1 Iets",
        "1 Dit is de noot die",
        "doorloopt.",
        " Verder op een nieuwe bladzijde.2",
        "2 De tweede noot.",
    )
    assert found(text) == [
        ("document", 1, ["1 Dit is de noot die", "doorloopt."]),
        ("document", 2, ["2 De tweede noot."]),
    ]
    assert [note.marker_lines for note in find(text)] == [(2,), (8,)]


@cases("lines", "note")
def test_a_footnote_ends_where_it_does(lines: list[str], note: list[str]) -> None:
    assert found(body(" 1 Inleiding", *lines)) == [("document", 1, note)]


def test_a_marker_may_stand_several_times() -> None:
    text = body(" 1 Inleiding", "Een zin.1", "Nog een zin1 en meer", "1 De noot.", " Nieuwe bladzijde.1")
    assert [note.marker_lines for note in find(text)] == [(2, 3)]


def test_a_lost_marker_leaves_its_footnote() -> None:
    text = body(
        " 1 Inleiding", "Een zin.1 Nog een.", "En een derde.3", "1 Noot een.", "2 Noot twee.", "3 Noot drie."
    )
    assert [(note.number, note.marker_lines) for note in find(text)] == [(1, (2,)), (2, ()), (3, (3,))]


@pytest.mark.parametrize("lost", ["1 Noot een.", "2 Noot twee."])
def test_a_lost_footnote_is_refused(lost: str) -> None:
    lines = [" 1 Inleiding", "Een.1 Twee.2 Drie.3", "1 Noot een.", "2 Noot twee.", "3 Noot drie."]
    with pytest.raises(LayoutError, match="looks like footnote") as caught:
        find(body(*(line for line in lines if line != lost)))
    assert caught.value.line is not None
    assert caught.value.hint


def test_numbers_that_start_again_on_a_page_are_refused() -> None:
    with pytest.raises(LayoutError, match="looks like footnote 1, but the last one before it is 1"):
        find(body(" 1 Inleiding", "Een zin.1", "1 Noot een.", " Nieuwe bladzijde.1", "1 Weer noot een."))


def test_footnotes_of_an_annex_above_and_below_its_table() -> None:
    header_1 = ["Locatie Inzet Rechtsbasis", "Duur internationaal mandaat1", "Duur nationaal kader2"]
    annex_1 = [
        HEADING_1,
        *header_1,
        ANNEX_1[-1],
        "1 Over het mandaat.",
        "2 Over het kader, dat",
        "doorloopt.",
    ]
    annex_2 = [HEADING_2, "3 Over UNIFIL.", *HEADER_2, "UNIFIL3 1 2 4 8 12", "Totaal 1 2 4 8 12"]
    text = report(annex_1=annex_1, annex_2=annex_2)
    assert found(text) == [
        ("mandates", 1, ["1 Over het mandaat."]),
        ("mandates", 2, ["2 Over het kader, dat", "doorloopt."]),
        ("personnel", 3, ["3 Over UNIFIL."]),
    ]
    rows = read_tables(text)["footnotes"].to_pylist()
    assert [row["marker_lines"] for row in rows] == [[7], [8], [18]]


@pytest.mark.parametrize("total", ["2.504", "2.505"])
def test_a_marker_glued_to_a_figure_with_a_dot_for_thousands(total: str) -> None:
    annex = [
        ANNEX_2[0],
        "9 Met anderen samen.",
        *HEADER_2,
        "UNIFIL 2.5049 2 4 8 12",
        f"Totaal {total} 2 4 8 12",
    ]
    found = read_tables(report(annex_2=annex))
    assert found["footnotes"]["number"].to_pylist() == [9]
    row = found["personnel"].to_pylist()[0]
    assert (row["frame_military"], row["footnotes"]) == (2504, [9])


def test_an_annex_may_number_its_own() -> None:
    annex_1 = [
        HEADING_1,
        *HEADER_1[:3],
        "mandaat1",
        "Duur nationaal",
        "kader",
        ANNEX_1[-1],
        "1 Over het mandaat.",
    ]
    text = report(body=[*BODY[:2], "Een zin.1", "1 Een noot."], annex_1=annex_1)
    assert [(scope, number) for scope, number, _ in found(text)] == [("document", 1), ("mandates", 1)]
    cells = read_tables(text)["cells"].to_pylist()
    keys = [cell["row_key"] for cell in cells if cell["table_name"] == "footnotes"]
    assert keys == ["footnote:1", "footnote:mandates:1"]


def test_annexes_alone_may_go_on_from_a_report_that_is_not_there() -> None:
    annex_1 = [
        HEADING_1,
        *HEADER_1[:3],
        "mandaat10",
        "Duur nationaal",
        "kader11",
        ANNEX_1[-1],
        "10 Een.",
        "11 Twee.",
    ]
    assert [(scope, number) for scope, number, _ in found(report(annex_1=annex_1))] == [
        ("mandates", 10),
        ("mandates", 11),
    ]


@cases("word", "expected", nested=tuple)
def test_markers_of_words(word: str, expected: tuple[str, int] | None) -> None:
    assert marker(word) == expected


# Footnotes marked by signs: what is a mark, and what stays a part of its word.


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
