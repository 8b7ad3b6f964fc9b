"""Annex 1: rows are cut right whatever their lines, and what is unknown is refused with its place."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given

from pipelines.extract import annexes, footnotes, mandates, shared_labels
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Cell
from pipelines.extract.mandates import Mandates
from pipelines.model import Document, Line
from schemas import registry
from schemas.errors import JvomError, LayoutError, Problems
from schemas.registry import Facts, Registry, load
from tests.support import examples
from tests.support.rendering_mandates import Table, tables
from tests.support.reports import HEADER_1, either_text, golden, read_document, report

DATE = datetime.date
REGISTRY = load()
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
    with pytest.raises(JvomError) as caught:
        read_rows(*rows)
    error = caught.value
    found = error.problems if isinstance(error, Problems) else [error]
    assert all(isinstance(problem, LayoutError) and (problem.hint or problem.proposals) for problem in found)
    return found


def regions(*rows: str) -> dict[str, object]:
    return {str(row["mission_id"]): row["region_as_printed"] for row in read_rows(*rows).rows}


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


def test_a_label_before_its_rows_heads_them() -> None:
    found = regions(*label("Midden-Oosten"), UNIFIL, CMF, *label("Afrika"), ATALANTA, MINUSMA)
    assert found == {
        "unifil": "Midden-Oosten",
        "cmf": "Midden-Oosten",
        "eunavfor-atalanta": "Afrika",
        "minusma": "Afrika",
    }


def test_a_label_within_its_rows_heads_those_before_it_too() -> None:
    table = read_rows(*label("Midden-Oosten"), CMF, " ", ATALANTA, MINUSMA, *label("Afrika"), VPD)
    found = [(cell.row_key, cell.as_printed, bool(cell.equalities)) for cell in region_cells(table)]
    assert found == [
        ("cmf", "Midden-Oosten", False),
        ("eunavfor-atalanta", "Afrika", True),
        ("minusma", "Afrika", True),
        ("vpd", "Afrika", False),
    ]


def region_cells(table: Mandates) -> list[Cell]:
    return [cell for cell in table.cells if cell.column_name == "region"]


def test_a_first_label_behind_its_first_row() -> None:
    assert regions(UNIFIL, *label("Midden-Oosten"), CMF) == {
        "unifil": "Midden-Oosten",
        "cmf": "Midden-Oosten",
    }


def test_a_row_between_others_of_an_earlier_label_has_no_region() -> None:
    found = regions(*label("Midden-Oosten"), UNIFIL, " ", MINUSMA, CMF, *label("Afrika"), ATALANTA)
    assert found["minusma"] is None
    assert found["cmf"] == "Midden-Oosten"


def test_a_row_that_nothing_gives_a_label_has_no_region() -> None:
    salad = [*label("Midden-Oosten"), " ", UNIFIL, " ", ATALANTA, *label("Nationaal"), SOLE]
    assert regions(*salad) == {"unifil": "Midden-Oosten", "eunavfor-atalanta": None, "sole": "Nationaal"}


def test_a_label_heads_the_row_before_it_whose_region_it_names_otherwise() -> None:
    """`Nationaal` is what the report calls the region that the registry gives VPD."""
    rows = [*label("Midden-Oosten"), " ", UNIFIL, " ", VPD, *label("Nationaal"), SOLE]
    assert regions(*rows) == {"unifil": "Midden-Oosten", "vpd": "Nationaal", "sole": "Nationaal"}


def test_a_label_that_is_not_rotated() -> None:
    assert regions("Midden-Oosten", UNIFIL, "AFRIKA", MINUSMA) == {
        "unifil": "Midden-Oosten",
        "minusma": "AFRIKA",
    }


def test_a_table_without_labels_has_no_regions() -> None:
    assert regions(UNIFIL, MINUSMA) == {"unifil": None, "minusma": None}


def test_an_unknown_rotated_label_is_refused() -> None:
    [problem] = problems(*label("Atlantis"), UNIFIL)
    assert "“Atlantis”" in problem.message
    assert problem.line == 12


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


def test_digits_that_mark_no_footnote_are_refused() -> None:
    [problem] = problems("UNIFIL VNVR-resolutie 2695 Onbepaald 31 juli 20257")
    assert "mark no footnote" in problem.message


def test_a_date_can_be_part_of_a_legal_basis() -> None:
    [one] = read_rows("EULPC Verzoek van 15 mei 2020 aan de EU 31 mei 2024 Onbepaald").rows
    assert one["legal_basis"] == "Verzoek van 15 mei 2020 aan de EU"
    [two] = read_rows("EULPC Verzoek d.d. 15 mei 2020 31 mei 2024 Onbepaald").rows
    assert two["legal_basis"] == "Verzoek d.d. 15 mei 2020"
    assert two["international_mandate_end"] == DATE(2024, 5, 31)


def test_an_unknown_mission_is_refused_with_the_entry_to_add() -> None:
    [problem] = problems(CMF, "UNIFOL VNVR-resolutie 2695 Onbepaald Onbepaald")
    assert problem.line == 13
    assert "“UNIFOL”" in problem.message
    assert "“UNIFIL” (unifil)" in problem.message
    assert [proposal.kind for proposal in problem.proposals] == ["mission"]


def test_an_unknown_legal_basis_is_refused() -> None:
    rows = ["UNIFIL Toezegging 2695", "Onbepaald Onbepaald"]
    [problem] = problems(*rows)
    assert "unifil is known in “Toezegging 2695”" in problem.message
    [word] = problem.proposals
    assert word.values == {"printed": "Toezegging", "role": "legal_basis_opening"}
    answered = Facts.of(SCHEMAS).extended([("word", word.values)]).registry()
    document = read_document(report(annex_1=[HEADING, *HEADER_1, *rows]))
    assert read(document, answered).rows[0]["legal_basis"] == "Toezegging 2695"


def test_an_absent_legal_basis_is_refused() -> None:
    [missing] = problems("UNIFIL Onbepaald Onbepaald")
    assert "no legal basis" in missing.message


def test_words_of_which_nothing_is_known_are_refused() -> None:
    [problem] = problems("Iets geheel anders Onbepaald Onbepaald")
    assert "no known mission" in problem.message


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "UNIFIL VNVR-resolutie 2695 31 juni 2024 Onbepaald",
            "international mandate: “31 juni 2024” is not in",
        ),
        ("UNIFIL VNVR-resolutie 2695 Onbepaald", "1 duration for 2 columns"),
        ("UNIFIL VNVR-resolutie 2695 Onbepaald Onbepaald Doorlopend", "3 durations for 2 columns"),
        ("UNIFIL VNVR-resolutie 2695 Onbekend", "belongs to no row"),
        ("UNIFIL VNVR-resolutie 2695 \u202e31\u202c juli 2024 Onbepaald", "U+202E turns the order"),
        ("\u200fUNIFIL\u200f VNVR-resolutie 2695 31 juli 2024 Onbepaald", "U+200F turns the order"),
    ],
)
def test_durations_that_cannot_be_read_are_refused(row: str, message: str) -> None:
    [problem] = problems(CMF, row)
    assert message in problem.message
    assert problem.line == 13


def test_a_row_without_words_is_refused() -> None:
    [problem] = problems("Onbepaald Onbepaald", UNIFIL)
    assert "no mission in front" in problem.message


def test_a_mission_that_stands_twice_is_refused() -> None:
    [problem] = problems(UNIFIL, CMF, UNIFIL)
    assert problem.line == 14
    assert "line 12" in problem.message


def test_lines_above_the_header_are_refused() -> None:
    document = read_document(
        report(
            annex_1=[
                " Bijlage 1 Rechtsbasis, mandaten en nationale kaders",
                "Een losse regel",
                *HEADER_1,
                CMF,
            ]
        )
    )
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
