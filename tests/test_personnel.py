"""Annex 2: the real table figure by figure, and what may vary in its print."""

from pathlib import Path

import pytest

from pipelines.extract.refusals import UndecidedError
from tests.support.annex_2 import (
    HEADER,
    REAL,
    TABLE,
    cell,
    changed,
    figures,
    line_of,
    read,
    read_file,
    reading_of,
    refused,
)
from tests.support.cases import cases
from tests.support.rendering import COLUMNS
from tests.support.reports import either_text


@either_text
def test_the_2024_edition(path: Path) -> None:
    annex, _ = read_file(path)
    assert figures(annex) == REAL
    assert list(figures(annex)) == list(REAL)
    (totals,) = annex.totals
    assert tuple(totals[column] for column in COLUMNS) == (1510, 22, 3454, 29, 3473)
    assert (totals["source_line"], totals["edition_year"]) == (1642, 2024)
    assert annex.markers == ((12, 1608), (13, 1612), (14, 1640))
    by_id = {row["mission_id"]: row for row in annex.rows}
    assert [i for i, row in by_id.items() if not row["inferred"]] == [
        i for i, row in REAL.items() if None not in row
    ]
    assert [i for i, row in by_id.items() if row["separate_report"]] == list(REAL)[:3]
    assert {i: row["footnotes"] for i, row in by_id.items() if row["footnotes"]} == {
        "undof": [12],
        "ussc": [13],
        "vpd": [14],
    }
    irak = by_id["anti-isis-irak"]
    assert irak["mission_as_printed"] == (
        "Anti-ISIS coalitie en de brede veiligheidsinzet in Irak (separate VGR)"
    )
    assert (irak["source_line"], irak["source_line_end"], irak["page_label"]) == (1600, 1602, "20")
    assert by_id["gpoi"]["region_as_printed"] == "Afrika"


def test_how_each_cell_was_obtained() -> None:
    annex = read(TABLE)
    printed = cell(annex, "minusma", "frame_civil_police")
    assert (printed.derivation, printed.equalities) == (("printed",), ())
    inferred = cell(annex, "unifil", "deployed_military")
    assert inferred.derivation == ("column inferred",)
    assert inferred.equalities == (
        "row total 2 = 2",
        "column total deployed_military",
        "column total deployed_civil_police",
    )
    split = cell(annex, "ussc", "frame_civil_police")
    assert (split.as_printed, split.value, split.derivation) == ("3", 3, ("marker split",))
    assert split.equalities == ("note 13 is marked once",)
    total = cell(annex, "cmf", "frame_military")
    assert (total.as_printed, total.value, total.parts) == ("3 + 2", 5, (3, 2))
    assert total.derivation == ("column inferred", "sum of parts")
    empty = cell(annex, "unifil", "frame_civil_police")
    assert (empty.as_printed, empty.value, empty.derivation) == (None, None, ("empty by inference",))
    assert empty.equalities == ("column total frame_military",)  # the other total does not come out
    (span,) = empty.spans
    assert (TABLE[span.line - 1][: span.char_end], span.char_start) == ("UNIFIL 1 ", span.char_end)
    assert cell(annex, "undof", "mission").derivation == ("marker split",)
    assert [s.line for s in cell(annex, "reis-indo-pacific", "mission").spans] == [18, 19]
    assert cell(annex, "untso", "region").spans == cell(annex, "unifil", "region").spans
    assert cell(annex, "total", "deployed_total").table_name == "personnel_totals"


@cases("old", "new")
def test_print_that_varies_is_read_the_same(old: str, new: str) -> None:
    assert figures(read(changed(old, new))) == REAL


@cases("old", "new", "why")
def test_what_only_looks_like_a_figure_or_a_name_is_refused_with_its_cause(
    old: str, new: str, why: str
) -> None:
    lines = "\n".join(changed(old, new)).split("\n")
    (problem,) = [one for one in refused(lines) if not isinstance(one, UndecidedError)]
    assert why in str(problem)


def test_a_space_parts_thousands_only_where_a_sum_says_so() -> None:
    (problem,) = refused(changed("MINUSMA 5 10 10 11 21", "MINUSMA 5 10 9 649 11 21"))
    assert isinstance(problem, UndecidedError)
    assert "no sum that comes out says that 9 649 is one figure" in problem.message


def test_a_zero_before_the_digits_of_a_note_is_named_among_what_a_row_can_be() -> None:
    (problem,) = refused(changed("UNTSO 12 32 32", "UNTSO 012 32 32"))
    assert isinstance(problem, UndecidedError)
    assert "“012” begins with a 0" in problem.message


def test_lines_may_break_anywhere_in_a_row() -> None:
    lines = changed(
        "CMF (incl OP ‘Prosperity Guardian’) 3 + 2 16 16", "CMF (incl OP|‘Prosperity|Guardian’) 3 +|2 16|16"
    )
    broken = [part for line in lines for part in line.split("|")]
    broken = [part for line in broken for part in line.replace("Totaal 1510 ", "Totaal|1510 ").split("|")]
    annex = read([part for line in broken for part in (line, "", " ")])
    assert figures(annex) == REAL
    assert cell(annex, "cmf", "frame_military").as_printed == "3 + 2"
    assert [s.line for s in cell(annex, "cmf", "frame_military").spans] == [55, 58]


@cases("old", "new", "line")
def test_a_mark_may_stand_anywhere(old: str, new: str, line: str) -> None:
    annex = read(changed(old, new, changed("UNDOF12", "UNDOF")))
    assert figures(annex) == REAL
    assert annex.totals[0]["frame_military"] == 1510
    assert (12, line_of(line)) in annex.markers


def test_a_header_is_repeated_on_the_next_page() -> None:
    at = TABLE.index("Afrika")
    annex = read([*TABLE[:at], "Pagina 19 van 20", *HEADER, *TABLE[at:]])
    assert figures(annex) == REAL


def test_a_row_without_figures_is_a_row() -> None:
    annex = read([*HEADER, "UNIFIL", "UNDOF (Golan) 1 2 3 4 7", "UNTSO", "Totaal 1 2 3 4 7"], ())
    assert figures(annex)["unifil"] == figures(annex)["untso"] == (None,) * 5
    assert not annex.rows[0]["inferred"]
    assert annex.rows[0]["region_as_printed"] is None


@pytest.mark.parametrize("late", ["MINUSMA 4 9 9", "Nergens bekend 9 9"])
def test_a_row_below_the_totals_row_is_refused_whatever_its_name(late: str) -> None:
    above = [*HEADER, "UNIFIL 20 5 25", "UNDOF 7 1 8", "Totaal 27 6 33"]
    prose = "In de brief van 2023 staan er 14"
    (problem,) = refused([*above, prose, late], ())
    assert problem.message.startswith(f"“{late}” looks like a row")


def test_a_totals_row_with_empty_cells_is_placed_too() -> None:
    annex = read([*HEADER, "UNIFIL 20 5 25", "UNDOF 7 1 8", "Totaal 27 6 33"], ())
    assert figures(annex) == {"unifil": (None, None, 20, 5, 25), "undof": (None, None, 7, 1, 8)}
    assert cell(annex, "total", "frame_military").derivation == ("empty by inference",)


def test_declaring_the_totals_row_can_settle_a_table_without_civil_experts() -> None:
    lines = [*HEADER, "UNIFIL 1 20 20", "UNDOF 3 7 7", "Totaal 4 27 27"]
    assert {p.mission_id for p in refused(lines, ()) if isinstance(p, UndecidedError)} == {
        "unifil",
        "undof",
        "total",
    }
    annex = read(lines, (), [reading_of("total", 4, None, 27, None, 27)])
    assert figures(annex) == {"unifil": (1, None, 20, None, 20), "undof": (3, None, 7, None, 7)}


def test_what_adds_up_is_decided_even_for_civil_experts_alone() -> None:
    annex = read([*HEADER, "UNIFIL 50 70 70", "UNDOF 3 5 5", "Totaal 50 3 70 5 75"], ())
    assert figures(annex)["undof"] == (None, 3, None, 5, 5)


def test_a_figure_that_contradicts_the_sums_is_read_as_printed() -> None:
    annex = read(changed("MINUSMA 5 10 10 11 21", "MINUSMA 5 10 10 11 12"))
    assert figures(annex) == {**REAL, "minusma": (5, 10, 10, 11, 12)}
    annex = read(changed("GPOI 4 6 6", "GPOI 4 6 8"))
    assert figures(annex) == {**REAL, "gpoi": (4, None, 6, None, 8)}


# Printed dashes for empty cells, and the characters that typesetters leave behind.

DASHES = ["–", "-", "—", "n.v.t.", "N.v.t.", "−"]


@pytest.mark.parametrize("dash", DASHES)
def test_a_dash_is_an_empty_cell(dash: str) -> None:
    annex = read(changed("UNTSO 12 32 32", f"UNTSO 12 {dash} 32 {dash} 32"))
    assert figures(annex) == REAL
    (row,) = [row for row in annex.rows if row["mission_id"] == "untso"]
    assert not row["inferred"]
    empty = cell(annex, "untso", "frame_civil_police")
    assert (empty.as_printed, empty.value, empty.derivation) == (dash, None, ("printed",))
    (span,) = empty.spans
    assert f"UNTSO 12 {dash} 32 {dash} 32"[span.char_start : span.char_end] == dash


def test_dashes_may_stand_in_the_totals_row_and_be_marked() -> None:
    annex = read([*HEADER, "UNIFIL 1 –3 20 – 20", "Totaal 1 – 20 – 20"], (3,))
    assert figures(annex) == {"unifil": (1, None, 20, None, 20)}
    assert annex.totals[0]["frame_civil_police"] is None
    assert annex.markers == ((3, 4),)


def test_some_dashes_may_have_vanished() -> None:
    annex = read(changed("UNTSO 12 32 32", "UNTSO 12 – 32 32"))
    assert figures(annex) == REAL
    assert cell(annex, "untso", "frame_civil_police").as_printed == "–"
    assert cell(annex, "untso", "deployed_civil_police").derivation == ("empty by inference",)


def test_a_dash_in_a_name_is_no_cell() -> None:
    assert figures(read(changed("EMASOH 8 21 21", "EMASoH – AGENOR 8 21 21"))) == REAL
    lines = TABLE[: TABLE.index("EMASOH 8 21 21")]
    rest = TABLE[len(lines) + 1 :]
    assert figures(read([*lines, "EMASoH –", "AGENOR 8 21 21", *rest])) == REAL
