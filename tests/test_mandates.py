"""Annex 1: rows are cut right whatever their lines, and what is unknown is refused with its place."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given

from pipelines.extract import annexes, footnotes, mandates, shared_labels
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Text
from pipelines.extract.mandates import Mandates
from pipelines.extract.pdf import labels
from pipelines.extract.pdf.area import Body, HeadingPlace, TableHeading
from pipelines.extract.pdf.model import Box, PdfLine, Word
from pipelines.extract.pdf.rows import Fragment, PdfCell, Row, Spacing, Span
from pipelines.extract.shared_labels import confirmed, nearer
from pipelines.model import Document, Line
from schemas import registry
from schemas.errors import JvomError, LayoutError
from schemas.registry import Facts, Registry
from tests.support import examples
from tests.support.cases import cases
from tests.support.rendering_mandates import Table, tables
from tests.support.reports import HEADER_1, REGISTRY, either_text, golden, read_document, refused, report

DATE = datetime.date
SCHEMAS = Path(registry.__file__).parent
HEADING = " Bijlage 1 Rechtsbasis, mandaten en nationale kaders"
NOTES = (10, 11)
UNIFIL = "UNIFIL VNVR-resolutie 2695 31 augustus 2024 31 juli 2025"
CMF = "CMF UNCLOS Onbepaald Onbepaald"
ATALANTA = "EUNAVFOR Atalanta VNVR-resolutie 2383 31 december 2024 31 juli 2024"
MINUSMA = "MINUSMA (Mali) VNVR-resolutie 2480 30 juni 2022 30 juni 2024"
VPD = "VPD Art. 97 Grondwet Onbepaald Onbepaald"
SOLE = "Early Forward Presence/SOLE o.b.v. Note Verbale Onbepaald Doorlopend"

GOLDEN = golden("mandates")


def read(document: Document, registry: Registry = REGISTRY) -> Mandates:
    found = annexes.find_annexes(document, registry)
    lines = footnotes.without(found.mandates.lines, footnotes.find(found, document))
    return mandates.read(AnnexInput(lines, NOTES, document, 2024, found.layout, registry))


def read_rows(*rows: str, header: list[str] | None = None) -> Mandates:
    """Annex 1 with these lines under its header."""
    return read(read_document(report(annex_1=[HEADING, *(header or HEADER_1), *rows])))


def problems(*rows: str) -> list[JvomError]:
    found = refused(read_rows, *rows)
    assert all(isinstance(problem, LayoutError) and (problem.hint or problem.proposals) for problem in found)
    return found


def label(name: str) -> list[str]:
    return [name[at : at + 2] for at in range(0, len(name), 2)]


def assert_printed_where_it_says(table: Mandates, document: Document) -> None:
    """Each cell's spans, joined by single spaces, are the cell; a rotated label is their letters."""
    for cell in table.cells:
        pieces = [document.lines[s.line - 1].text[s.char_start : s.char_end] for s in cell.spans]
        assert ("" if cell.column_name == "region" else " ").join(pieces) == cell.as_printed
        assert [s.page for s in cell.spans] == [document.lines[s.line - 1].page for s in cell.spans]


@either_text
def test_the_real_annex(path: Path) -> None:
    document = read_document(path.read_bytes())
    table = read(document)
    read_back = [{key: row[key] for key in GOLDEN[0]} for row in table.rows]
    assert [{k: str(v) if isinstance(v, DATE) else v for k, v in row.items()} for row in read_back] == GOLDEN
    assert {row["page_label"] for row in table.rows} == {"19"}
    assert {row["source_page"] for row in table.rows} == {16}
    assert table.markers == [(10, 1422), (11, 1426)]
    assert len(table.cells) == 13 * 5
    assert_printed_where_it_says(table, document)
    filled = {line.number for line in document.lines[1426:1562] if line.text.strip()}
    assert {span.line for cell in table.cells for span in cell.spans} == filled


@examples(20)
@given(tables())
def test_what_is_rendered_is_read(table: Table) -> None:
    text = report(annex_1=[" Bijlage 1 Rechtsbasis, mandaten en nationale kaders", *table.lines])
    document = read_document(text)
    found = read(document)
    for row, expected in zip(found.rows, table.rows, strict=True):
        assert row["mission_id"] == expected.mission.id
        assert row["mission_as_printed"] == expected.name
        assert row["region_as_printed"] == expected.region
        assert row["legal_basis"] == expected.legal_basis
        assert row["international_mandate_extension"] == expected.mandate.extension
        for column, lasting in (
            ("international_mandate", expected.mandate),
            ("national_frame", expected.frame),
        ):
            assert row[f"{column}_as_printed"] == lasting.printed
            assert row[f"{column}_status"] == lasting.status
            assert row[f"{column}_end"] == lasting.end
    assert_printed_where_it_says(found, document)


def test_the_values_of_cells() -> None:
    cells = {
        cell.column_name: cell
        for cell in read_rows("UNIFIL VNVR-resolutie 2695", "31 mei 2024 Doorlopend").cells
    }
    assert cells["international_mandate"].value == DATE(2024, 5, 31)
    assert cells["national_frame"].value == "Doorlopend"
    assert cells["mission"].value == "UNIFIL"
    assert "region" not in cells
    assert all(cell.derivation == ("printed",) and cell.row_key == "unifil" for cell in cells.values())


EAST, AFRICA = label("Midden-Oosten"), label("Afrika")


@pytest.mark.parametrize(
    ("rows", "regions"),
    [
        ([*EAST, UNIFIL, CMF, *AFRICA, ATALANTA, MINUSMA], ["Midden-Oosten"] * 2 + ["Afrika"] * 2),
        ([UNIFIL, *EAST, CMF], ["Midden-Oosten"] * 2),  # a first label behind its first row
        ([UNIFIL, MINUSMA], [None, None]),
        (["Afrika", ATALANTA.replace("Atalanta", "Atalanta (oostkust Afrika)"), MINUSMA], ["Afrika"] * 2),
        ([f"Midden-Oosten {UNIFIL}", CMF, f"Nationaal {VPD}"], ["Midden-Oosten"] * 2 + ["Nationaal"]),
        (["Midden-Oosten", UNIFIL, "AFRIKA", MINUSMA], ["Midden-Oosten", "AFRIKA"]),  # not rotated
        # A row between others of an earlier label, and one that nothing gives a label, has no region.
        (
            [*EAST, UNIFIL, " ", MINUSMA, CMF, *AFRICA, ATALANTA],
            ["Midden-Oosten", None, "Midden-Oosten", "Afrika"],
        ),
        (
            [*EAST, " ", UNIFIL, " ", ATALANTA, *label("Nationaal"), SOLE],
            ["Midden-Oosten", None, "Nationaal"],
        ),
        # `Nationaal` is what the report calls the region that the registry gives VPD.
        (
            [*EAST, " ", UNIFIL, " ", VPD, *label("Nationaal"), SOLE],
            ["Midden-Oosten", "Nationaal", "Nationaal"],
        ),
    ],
)
def test_a_label_heads_its_rows(rows: list[str], regions: list[str | None]) -> None:
    assert [row["region_as_printed"] for row in read_rows(*rows).rows] == regions


def test_a_label_within_its_rows_heads_those_before_it_too() -> None:
    table = read_rows(*label("Midden-Oosten"), CMF, " ", ATALANTA, MINUSMA, *label("Afrika"), VPD)
    cells = [cell for cell in table.cells if cell.column_name == "region"]
    found = [(cell.row_key, cell.as_printed, bool(cell.equalities)) for cell in cells]
    assert found == [
        ("cmf", "Midden-Oosten", False),
        ("eunavfor-atalanta", "Afrika", True),
        ("minusma", "Afrika", True),
        ("vpd", "Afrika", False),
    ]


def test_markers_are_taken_off() -> None:
    header = ["Locatie Inzet Rechtsbasis Duur internationaal mandaat10", "Duur nationaal kader11"]
    table = read_rows(
        "UNTSO10 (Libanon en Golan) VNVR-resolutie 50 Onbepaald11 31 juli 202510",
        "VPD Art. 97 Grondwet11 Onbepaald Onbepaald",
        header=header,
    )
    untso, vpd = table.rows
    assert untso["mission_as_printed"] == "UNTSO (Libanon en Golan)"
    assert untso["international_mandate_as_printed"] == "Onbepaald"
    assert untso["national_frame_end"] == DATE(2025, 7, 31)
    assert vpd["legal_basis"] == "Art. 97 Grondwet"
    assert sorted(table.markers) == [(10, 6), (10, 8), (10, 8), (11, 7), (11, 8), (11, 9)]
    assert [cell.derivation for cell in table.cells][:2] == [("marker split",), ("printed",)]


def test_a_date_can_be_part_of_a_legal_basis() -> None:
    [one] = read_rows("EULPC Verzoek van 15 mei 2020 aan de EU 31 mei 2024 Onbepaald").rows
    assert one["legal_basis"] == "Verzoek van 15 mei 2020 aan de EU"
    [two] = read_rows("EULPC Verzoek d.d. 15 mei 2020 31 mei 2024 Onbepaald").rows
    assert two["legal_basis"] == "Verzoek d.d. 15 mei 2020"
    assert two["international_mandate_end"] == DATE(2024, 5, 31)


def test_an_unknown_legal_basis_is_refused() -> None:
    rows = ["UNIFIL Toezegging 2695", "Onbepaald Onbepaald"]
    [problem] = problems(*rows)
    assert "unifil is known in “Toezegging 2695”" in problem.message
    [word] = problem.proposals
    assert word.values == {"printed": "Toezegging", "role": "legal_basis_opening"}
    answered = Facts.of(SCHEMAS).extended([("word", word.values)]).registry()
    document = read_document(report(annex_1=[HEADING, *HEADER_1, *rows]))
    assert read(document, answered).rows[0]["legal_basis"] == "Toezegging 2695"


@cases("rows", "line", "words")
def test_what_cannot_be_read_is_refused_with_its_line(rows: list[str], line: int, words: str) -> None:
    [problem] = problems(*rows)
    assert (problem.line, words in problem.message) == (line, True), problem


def test_lines_above_the_header_are_refused() -> None:
    document = read_document(report(annex_1=[HEADING, "Een losse regel", *HEADER_1, CMF]))
    with pytest.raises(LayoutError, match="Een losse regel"):
        read(document)


def test_all_problems_are_reported_together() -> None:
    found = problems(
        "UNIFOL VNVR-resolutie 1 31 juni 2024 31 juni 2024", "CMF Toezegging Onbepaald Onbepaald", "rest"
    )
    assert [problem.line for problem in found] == [12, 12, 12, 13, 14]


def test_a_short_word_on_the_line_before_a_label_is_no_part_of_it() -> None:
    lines = [Line(number, 1, text) for number, text in enumerate(["optie 1", "dag", "E", "ur", "opa"], 1)]
    known, unknown = shared_labels.find_labels(lines, ["Europa"])
    assert [(label.name, label.first) for label in known] == [("Europa", 2)]
    assert unknown == []


# Labels beside several rows where nothing is drawn: whose rows are sure, and where the registry decides.


PITCH, SIZE = 20.0, 10.0
REGIONS = ("Europa", "Afrika")


def line(number: int, text: str, box: Box, **how: str) -> PdfLine:
    word = Word(text, box, box.bottom, SIZE, **how)  # type: ignore[arg-type]
    return PdfLine(number, 1, (word,), text, (0,))


def assigned(off: float) -> list[list[str]]:
    """What four rows of `Europa` and four of `Afrika` get, the label of which is `off` rows too low."""
    rows = [
        Row({1: [Fragment(1, line(at, "UNTSO", Box(100, at * PITCH, 150, at * PITCH + 10)), 0, 0)]})
        for at in range(8)
    ]
    turned = []
    for at, region in enumerate(REGIONS):
        middle = (4 * at + 1.5 + off * at) * PITCH + 5
        turned.append(line(20 + at, region, Box(50, middle - 15, 60, middle + 15), direction="up"))
    columns = (Box(50, -30, 60, -20), Box(100, -30, 150, -20))
    place = HeadingPlace(columns, (), -30.0, -20.0, frozenset())
    body = Body(1, columns, place, -20.0, 170.0, (), tuple(turned), (), (), True, SIZE, parts=(80.0,))
    heading = TableHeading((("Regio",), ("Missie",)), REGIONS, roles=("region", "mission"))
    spacing = Spacing(PITCH, {1: ()}, SIZE)
    found, _ = labels.assign(body, rows, [], spacing, heading, "middle", first=True)
    return [[cell.text for cell in row] for row in found]


@pytest.mark.parametrize("off", [0.0, 0.1])
def test_a_label_in_the_middle_of_its_rows_is_theirs(off: float) -> None:
    assert assigned(off) == [["Europa"]] * 4 + [["Afrika"]] * 4


def test_a_row_between_two_labels_is_open_where_one_is_half_a_row_off() -> None:
    found = assigned(0.5)
    assert sorted(found[4]) == ["Afrika", "Europa"]
    assert found[:3] + found[6:] == [["Europa"]] * 3 + [["Afrika"]] * 2


def test_of_labels_that_may_both_be_a_row_s_the_registry_names_one_or_none() -> None:
    texts = [Text((), cell=PdfCell(region, (), (Span(1, 1, 0, 6),))) for region in REGIONS]
    headings = {"Europa": "Europa", "Afrika": "Afrika"}
    named = [nearer(texts, region, headings) for region in ("Afrika", "Diversen", None)]
    assert named == [texts[1], None, None]


@cases("own", "regions", "kept")
def test_labels_that_the_registry_contradicts_are_kept_where_both_agree(
    own: str, regions: str, kept: str
) -> None:
    of = {"E": "Europa", "A": "Afrika", "D": "Diversen"}
    spans = {key: Span(at, 0, 6, 1, Box(0, 0, 1, 1)) for at, key in enumerate(of)}
    texts = {key: Text((), cell=PdfCell(name, (), (spans[key],))) for key, name in of.items()}
    found = confirmed([texts[key] for key in own], [of[key] for key in regions], {})
    assert "".join(one.printed[0] if one else "-" for one in found) == kept
