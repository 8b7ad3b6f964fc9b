"""Tables of a PDF: what its tags say of the rows that geometry reads, and places."""

import re
from collections import defaultdict
from dataclasses import replace
from io import BytesIO

import pikepdf
import pyarrow as pa
import pytest
from pikepdf import Array, Dictionary, Name

import schemas
from pipelines.extract import tables
from pipelines.extract.pdf import PdfDocument
from pipelines.extract.pdf.model import TagCell
from pipelines.extract.pdf.tags import TagRow, laid_out
from pipelines.extract.refusals import UndecidedError
from pipelines.files import is_pdf
from pipelines.lake.decision import content_hash
from pipelines.model import Document, Edition, SourceFile
from schemas import registry
from schemas.errors import SourceError
from schemas.registry import DeclaredReading, Registry
from schemas.vocabulary import DISAGREEMENT
from tests.renditions import Rendition, check, rendition
from tests.renditions.content import Content
from tests.renditions.editions import REGISTRY, document_of, registry_of
from tests.renditions.producers import CHANGES
from tests.support.html import MANDATES, edition, pdf, table
from tests.support.reports import read_tables, refused, report

TAGGED, CONTRADICTING = 7, 13


@pytest.fixture(scope="module")
def tagged() -> Rendition:
    made = rendition(TAGGED)
    assert made.style.tagged
    return made


def tagged_as(found: PdfDocument, text: str, table: tuple[int, ...] | None = None) -> TagCell:
    """The first tagged cell that is just `text`, of one table or any."""
    words: defaultdict[TagCell, list[str]] = defaultdict(list)
    for line in (line for page in found.pages for line in page.lines):
        for word in line.words:
            if cell := found.tags.get((line.page, word.mark)):
                words[cell].append(word.plain)
    alike = (cell for cell, of in words.items() if " ".join(of) == text)
    return next(cell for cell in alike if table in (None, cell.table))


def retagged(found: PdfDocument, text: str, **place: int) -> PdfDocument:
    """The document with the first cell that is just `text` tagged to be in another place, or not at all."""
    chosen = tagged_as(found, text)
    tags = {mark: cell._replace(**place) if cell == chosen else cell for mark, cell in found.tags.items()}
    return replace(found, tags={mark: cell for mark, cell in tags.items() if place or cell != chosen})


def read(found: Document, source: SourceFile, known: Registry) -> dict[str, pa.Table]:
    return tables.read(found, source, Edition(2024), known)


def a_figure(said: Content) -> str:
    """Text of a figure of a mission, no total, that no other cell prints."""
    texts = [cell.text for row in said.personnel for cell in row.figures if cell]
    return next(
        cell.text
        for row in said.personnel
        if row.kind == "mission"
        for cell, path in zip(row.figures, said.columns[1:], strict=True)
        if cell and not cell.markers and texts.count(cell.text) == 1 and path[-1] != "Totaal"
    )


def test_a_row_of_which_tags_have_other_cells_is_taken_where_its_sums_come_out_and_it_is_said(
    tagged: Rendition,
) -> None:
    found, source = document_of(tagged.data)
    text = a_figure(tagged.content)
    got = read(retagged(found, text, row=-1), source, registry_of(tagged.content))
    assert list(check.differences(tagged.content, got)) == []
    cells = [cell for cell in got["cells"].to_pylist() if cell["table_name"] == "personnel"]
    said = {cell["row_key"] for cell in cells if any(DISAGREEMENT in why for why in cell["equalities"])}
    assert {cell["row_key"] for cell in cells if cell["as_printed"] == text} <= said
    silent = {cell["row_key"] for cell in cells if "structure tag" not in cell["derivation"]}
    assert said <= silent < {cell["row_key"] for cell in cells}


def test_both_rows_between_which_tags_move_a_figure_are_said_to_differ(tagged: Rendition) -> None:
    found, source = document_of(tagged.data)
    rows = [row for row in tagged.content.personnel if row.kind == "mission" and not row.name.markers]
    one = next(row for row in rows if row.figures[1])
    other = next(row for row in rows if row.figures[1] is None)
    assert one.figures[1]
    text = one.figures[1].text
    beside = tagged_as(found, other.name.text, tagged_as(found, text).table)
    moved = retagged(found, text, row=beside.row)
    known = registry_of(tagged.content)
    cells = read(moved, source, known)["cells"].to_pylist()
    said = {cell["row_key"] for cell in cells if any(DISAGREEMENT in why for why in cell["equalities"])}
    names = {one.name.text, other.name.text}
    assert said == {mission.id for mission in known.missions if names & {*mission.spellings}}


def test_a_row_of_which_tags_leave_out_a_figure_has_no_witness(tagged: Rendition) -> None:
    found, source = document_of(tagged.data)
    text = a_figure(tagged.content)
    cells = read(retagged(found, text), source, registry_of(tagged.content))["cells"].to_pylist()
    (row,) = {cell["row_key"] for cell in cells if cell["as_printed"] == text}
    of_row = [cell for cell in cells if (cell["table_name"], cell["row_key"]) == ("personnel", row)]
    said = [cell for cell in of_row if "structure tag" in cell["derivation"] or cell["equalities"]]
    assert [cell["column_name"] for cell in said] == ["region"]  # its heading is a row of its own


def test_where_sums_do_not_come_out_it_is_refused_with_the_entry_to_paste() -> None:
    made = rendition(CONTRADICTING, contradicting=True)
    assert made.style.tagged
    found, source = document_of(made.data)
    known = registry_of(made.content)
    printed = check.printed_columns(made.content)
    sound = check.printed_columns(rendition(CONTRADICTING).content)
    row, column = next(
        (row, name) for row in sound for name in sound[row] if sound[row][name] != printed[row][name]
    )
    wrong = retagged(found, str(printed[row][column]), row=-1)
    (undecided,) = refused(read, wrong, source, known)
    assert isinstance(undecided, UndecidedError)
    assert undecided.mission_id == row
    assert undecided.alternatives[0] == printed[row]
    assert undecided.page
    assert undecided.line
    assert DISAGREEMENT in undecided.message
    assert [proposal.kind for proposal in undecided.proposals] == ["reading"]
    declared = DeclaredReading(2024, source.sha256, row, printed[row], "seen")
    got = read(wrong, source, replace(known, readings=(declared,)))
    assert list(check.differences(made.content, got)) == []


def test_tags_that_leave_out_empty_cells_say_nothing_of_columns() -> None:
    """As Chromium writes them. A row of one cell is the name above a part."""
    heading, row, name = TagRow(2, {0: (1, 2), 1: (2, 1)}), TagRow(2, {0: (1, 1), 1: (1, 1)}), TagRow(1)
    whole = laid_out((7,), {(0,): heading, (1,): row, (2,): name})
    assert [cell.column for cell in whole.values()] == [0, 1, 1, 2, 0]
    assert laid_out((7,), {(0,): heading, (1,): row, (2,): TagRow(2, {0: (1, 1), 1: (1, 1)})}) == {}


def test_a_file_whose_table_of_contents_is_not_found_is_read_only_with_every_object() -> None:
    data = CHANGES["place of the table of contents damaged"](rendition(2).data)
    first, second = (found.start() for found in list(re.finditer(rb"\d+ 0 obj", data))[3:5])
    for damaged, why in (
        (data[:first] + data[second:], "table of contents"),
        (data[: data.rindex(b"endstream") - 9] + data[data.rindex(b"endstream") :], "table of contents"),
        (data[: len(data) // 2], "cut off"),
        (data[: data.rindex(b"xref\n0") + 40], "cut off"),
    ):
        with pytest.raises(SourceError, match=why):
            document_of(damaged)


def test_figures_set_right_under_headings_set_left_are_placed_without_lines_or_sums() -> None:
    rows = ["UNIFIL|1||2||2", "UNDOF|2||1||1", "UNTSO|12||32||32", "USSC|4|3|8|2|10", "EUTM Mali|5||10||10"]
    rows += ["EMASOH|8||21||21", "MINUSMA|5|10|10|11|21", "GPOI|4||6||6", "VPD|121||163||163"]
    right = "td { border: none } tr:nth-child(n+3) td + td { text-align: right; padding-right: 6pt }"
    totals = "Totaal|162|13|253|23|266"  # whose parts are not their sum
    made = edition([*rows, totals], [MANDATES[0], MANDATES[3]], below=f"<style>{right}</style>")
    found = read(*document_of(made), registry.load())["personnel"].to_pylist()
    assert [row["frame_military"] for row in found] == [1, 2, 12, 4, 5, 8, 5, 4, 121]
    assert [row["deployed_civil_police"] for row in found] == [
        None,
        None,
        None,
        2,
        None,
        None,
        11,
        None,
        None,
    ]


def page_of(content: str, said: str = "", draws: str = "") -> PdfDocument:
    """A page that draws this in /F, Helvetica, in which the code of one letter may draw another."""
    made = pikepdf.new()
    page = made.add_blank_page()
    page.Resources = pikepdf.Object.parse(
        b"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    )
    if said:
        page.Resources.Font.F.Encoding = Dictionary(Differences=Array([ord(said), Name(f"/{draws}")]))
        mapped = f"1 beginbfchar <{ord(said):x}> <00{ord(said):x}> endbfchar"
        spaces = "1 begincodespacerange <00> <ff> endcodespacerange"
        page.Resources.Font.F.ToUnicode = made.make_stream(f"{spaces} {mapped}".encode())
    page.contents_add(content.encode())
    made.save(data := BytesIO())
    return document_of(data.getvalue())[0]


def drawn(content: str) -> str:
    """What is read of that page."""
    return page_of(content).lines[0].text


@pytest.mark.parametrize(
    ("said", "draws", "spoilt"), [("O", "F", 1), ("N", "M", 1), ("D", "six", 0), ("", "", 0)]
)
def test_a_capital_that_is_drawn_as_another_is_not_relied_on(said: str, draws: str, spoilt: int) -> None:
    found = page_of(
        f"BT /F 8 Tf 1 0 0 1 90 500 Tm (UNDOF) Tj 90 0 Td ({'0123456789' * 3}) Tj ET", said, draws
    )
    assert found.pages[0].sight
    whys = [one.why for one in found.pages[0].sight.spoilt]
    assert whys == [f"a letter is drawn that is not the “{said}” its code says"] * spoilt


@pytest.mark.parametrize("slant", [0, 0.2, 0.33, -0.2])
def test_letters_that_are_made_to_lean_keep_their_spaces(slant: float) -> None:
    said = "Duur nationaal kader, f f"
    assert drawn(f"BT /F 8 Tf 1 0 {slant} 1 90 500 Tm ({said}) Tj ET") == said


@pytest.mark.parametrize(
    ("line", "words"),
    [("", "Irak388"), ("103.8 480 m 103.8 540 l S", "Irak 388"), ("102 480 m 102 540 l S", "Irak 388")],
)
def test_a_long_line_parts_words_that_nearly_touch_or_run_over_it(line: str, words: str) -> None:
    text = "BT /F 8 Tf 1 0 0 1 90 500 Tm (Irak) Tj 1 0 0 1 104.2 500 Tm (388) Tj ET"
    assert drawn(f"{text} {line}") == words


def test_a_text_may_speak_of_how_a_pdf_begins() -> None:
    assert not is_pdf(b"Rapportage\n%PDF-1.7 is hoe een PDF opent.\n")


def test_a_row_of_annex_1_of_which_tags_have_other_cells_is_refused(tagged: Rendition) -> None:
    found, source = document_of(tagged.data)
    date = next(row.cells[3].text for row in tagged.content.mandates if row.cells[3].text[0].isdigit())
    problems = refused(read, retagged(found, date, row=-1), source, registry_of(tagged.content))
    assert all("structure tags have other cells" in one.message and one.page and one.line for one in problems)


def test_a_header_that_no_layout_has_is_read_by_its_words(tagged: Rendition) -> None:
    found, source = document_of(tagged.data)
    known = registry_of(tagged.content)
    layout = known.layouts[0]
    groups = tuple(
        replace(group, columns=(replace(group.columns[0], printed="Krijgsmacht"), *group.columns[1:]))
        for group in layout.personnel.groups
    )
    other = replace(layout, personnel=replace(layout.personnel, groups=groups))
    got = read(found, source, replace(known, layouts=(other,)))
    assert list(check.differences(tagged.content, got)) == []


# The same edition as text and as PDF.


def as_pdf(title: str) -> bytes:
    """What `report` says, with another title of its second section."""
    return pdf(
        "<h2>1 Inleiding</h2><p>Hier staat een eerste regel.</p>",
        f"<h2>{title}</h2><p>En hier staat de laatste regel.</p>",
        "<h2>Bijlage 1 Rechtsbasis, mandaten en nationale kaders</h2>",
        table(
            "Locatie|Inzet|Rechtsbasis|Duur internationaal mandaat|Duur nationaal kader",
            "|UNIFIL|VNVR-resolutie 2695|31 augustus 2024|31 juli 2025",
            "|CMF|UNCLOS|Onbepaald|Onbepaald",
        ),
        "<h2>Bijlage 2 Totale inzet mei 2023 t/m april 2024</h2>",
        table(
            "Missie|2:Nationale kaders|3:Ingezet personeel",
            "|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal",
            "UNIFIL|1|2|4|8|12",
            "Totaal|1|2|4|8|12",
        ),
    )


def test_the_same_words_as_text_and_as_pdf_are_the_same_content() -> None:
    """Places never count as a change between vintages."""
    from_text = read_tables(report())
    from_pdf = tables.read(*document_of(as_pdf("2 Slot")), Edition(2024), REGISTRY)
    for name, contract in schemas.TABLES.items():
        wanted = [column for column in contract.values if column in from_text[name].column_names]
        rows = [sorted(map(repr, of[name].select(wanted).to_pylist())) for of in (from_text, from_pdf)]
        assert rows[0] == rows[1], name
    assert content_hash(from_text) == content_hash(from_pdf)
    other = tables.read(*document_of(as_pdf("2 Einde")), Edition(2024), REGISTRY)
    assert content_hash(other) != content_hash(from_pdf)


def test_lines_are_counted_on_their_page() -> None:
    made = rendition(1)
    found, source = document_of(made.data)
    assert len(found.pages) > 1
    got = read(found, source, registry_of(made.content))
    lines = {(line.page, line.shown): line.text for line in found.lines}
    for cell in got["cells"].to_pylist():
        if cell["table_name"] == "personnel" and cell["column_name"] == "mission":
            first = cell["spans"][0]
            piece = lines[first["page"], first["line"]][first["char_start"] : first["char_end"]]
            assert cell["as_printed"].split()[0].startswith(piece.split()[0][:3])
            assert cell["source_line"] == first["line"] <= len(found.pages[first["page"] - 1].lines)


def test_a_label_heads_the_rows_that_it_is_tagged_to_head(tagged: Rendition) -> None:
    found, source = document_of(tagged.data)
    spanning = {cell for cell in found.tags.values() if cell.column == 0 and cell.rows > 1 and cell.row}
    upper, lower = sorted(spanning)[-2:]
    moved = {
        upper: upper._replace(rows=upper.rows - 1),
        lower: lower._replace(row=lower.row - 1, rows=lower.rows + 1),
    }
    tags = {mark: moved.get(cell, cell) for mark, cell in found.tags.items()}
    as_drawn, as_tagged = (
        [
            row["region_as_printed"]
            for row in read(one, source, registry_of(tagged.content))["mandates"].to_pylist()
        ]
        for one in (found, replace(found, tags=tags))
    )
    differ = [(one, other) for one, other in zip(as_drawn, as_tagged, strict=True) if one != other]
    assert differ == [("Midden-Oosten overige missies", "Afrika")]
