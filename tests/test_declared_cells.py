"""Declared cells: what they answer, that they expire with the bytes, what is said of one that is wrong."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from pipelines import raw
from pipelines.extract import onboarding
from pipelines.model import Edition
from tests.support.cases import cases
from tests.support.html import MANDATES, edition
from tests.support.onboarding import FACTS, examine

pytestmark = pytest.mark.usefixtures("without_child")

ROWS = [
    ("Afrika",),
    ("UNMISS", "<td rowspan=2>13</td>", "1", "9", "2", "11"),
    ("MINUSMA", "2", "12", "4", "16"),
    ("Diversen",),
    ("VPD", "zie brief", "", "30", "", "30"),
    ("Totaal", "43", "3", "51", "6", "57"),
]
SHARED = [
    MANDATES[0],
    ("Afrika", "UNMISS", "VNVR-resolutie 2677", "15 maart 2024", "<td rowspan=2>31 december 2024</td>"),
    ("Afrika", "MINUSMA", "VNVR-resolutie 2640", "zie besluit"),
    ("Diversen", "VPD", "Art. 97 Grondwet", "Onbepaald", "Onbepaald"),
]
DATA = edition(ROWS, SHARED)


def entry(
    table: str, row: str, column: str, printed: str, data: bytes = DATA, **said: Any
) -> tuple[str, Any]:
    place = {"edition_year": 2023, "source_sha256": hashlib.sha256(data).hexdigest(), "table": table}
    return "cell", place | {
        "row": row,
        "column": column,
        "printed": printed,
        "reason": "seen on page 2",
        **said,
    }


ENTRIES = [
    entry("personnel", "UNMISS", "frame_military", "13", shared_rows=["minusma"]),
    entry("personnel", "vpd", "frame_military", "zie brief", value=30),
    entry("mandates", "UNMISS", "national_frame", "31 december 2024", shared_rows=["MINUSMA"]),
    entry("mandates", "MINUSMA", "international_mandate", "zie besluit", status="indefinite"),
]


TWICE = edition([("UNMISS", "1", "", "4", "1", "5"), *ROWS[3:5], ("UNMISS", "12+2", "2", "5", "1", "")])


def test_two_rows_of_a_mission_a_blank_total_and_a_sum_that_may_be_none_are_asked() -> None:
    asked = {
        (one.proposal.kind, one.proposal.values.get("column"), one.proposal.values.get("printed"))
        for one in examine(TWICE).questions
    }
    assert {("cell", "deployed_total", ""), ("cell", "frame_military", "zie brief")} <= asked


def test_rows_that_are_declared_to_be_one_mission_are_added_up() -> None:
    other = ("VPD", "30", "", "30", "", "30")
    total = ("Totaal", "33", "2", "39", "2", "41")
    rows = [("UNMISS", "1", "", "4", "1", "5"), other, ("UNMISS", "2", "2", "5", "1", "6"), total]
    data = edition(rows, [SHARED[0], (*SHARED[1][:4], "Onbepaald"), SHARED[3]])
    (asked,) = (one.proposal for one in examine(data).questions if one.proposal.kind == "reading")
    found = tables_of([(asked.kind, {**asked.values, "reason": "one mission in two regions"})], data)
    (row,) = [row for row in found["personnel"] if row["mission_id"] == "unmiss"]
    assert [row[name] for name in ("frame_military", "frame_civil_police", "deployed_total")] == [3, 2, 11]
    (cell,) = [
        cell
        for cell in found["cells"]
        if (cell["row_key"], cell["column_name"]) == ("unmiss", "deployed_military")
    ]
    assert (cell["as_printed"], cell["value_integer"], len(cell["spans"])) == ("4 5", 9, 2)


def tables_of(entries: Sequence[tuple[str, Any]], data: bytes = DATA) -> Any:
    reviewed = onboarding.Reviewed(complete=tuple(entries))
    source = raw.describe(data, 2023, "new.pdf")
    state, extraction = onboarding.examine(data, source, Edition(2023), FACTS, reviewed)
    assert state.is_read, state
    assert extraction
    return {name: table.to_pylist() for name, table in extraction.require_tables().items()}


def test_everything_is_proposed_at_once_and_only_what_nobody_knows_is_left_open() -> None:
    asked = {one.proposal.values["printed"]: one.proposal for one in examine(DATA).questions}
    assert {printed: one.is_open for printed, one in asked.items()} == {
        "13": False,
        "zie brief": True,
        "31 december 2024": False,
        "zie besluit": True,
    }
    assert asked["13"].values["shared_rows"] == ["MINUSMA"]


def test_a_shared_figure_is_nobody_s_own_and_a_shared_date_is_everybody_s() -> None:
    tables = tables_of(ENTRIES)
    rows = {row["mission_id"]: row for row in tables["personnel"]}
    assert [rows[name]["frame_military"] for name in ("unmiss", "minusma", "vpd")] == [None, None, 30]
    assert [rows[name]["exact"] for name in ("unmiss", "minusma", "vpd")] == [False, False, True]
    cells = {
        (cell["row_key"], cell["column_name"]): cell
        for cell in tables["cells"]
        if "declared" in cell["derivation"]
    }
    for mission in ("unmiss", "minusma"):
        cell = cells[mission, "frame_military"]
        assert (cell["as_printed"], cell["value"], cell["qualifier"]) == ("13", None, "shared")
        assert (cell["value_low"], cell["value_high"]) == (0, 13)
        assert cells[mission, "national_frame"]["as_printed"] == "31 december 2024"
    assert cells["vpd", "frame_military"]["as_printed"] == "zie brief"
    assert "declared: seen on page 2" in cells["vpd", "frame_military"]["equalities"]
    mandates = {row["mission_id"]: row for row in tables["mandates"]}
    assert mandates["minusma"]["international_mandate_status"] == "indefinite"
    ends = {str(mandates[name]["national_frame_end"]) for name in ("unmiss", "minusma")}
    assert ends == {"2024-12-31"}


def test_a_legal_basis_that_is_printed_for_two_missions_keeps_their_rows_apart() -> None:
    shared = [
        MANDATES[0],
        ("Afrika", "UNMISS", "<td rowspan=2>VNVR-resolutie 2677</td>", "15 maart 2024", "31 december 2024"),
        ("Afrika", "MINUSMA", "15 mei 2024", "31 december 2024"),
        MANDATES[3],
    ]
    rows = [("Afrika",), ("UNMISS", "1", "", "9", "", "9"), ("Totaal", "1", "", "9", "", "9")]
    data = edition(rows, shared)
    [asked] = [one.proposal for one in examine(data).questions]
    assert (asked.kind, asked.values["row"], asked.values["shared_rows"]) == ("cell", "UNMISS", ["MINUSMA"])


def test_a_declared_cell_expires_with_the_bytes() -> None:
    other = edition(ROWS, SHARED, heading="Bijlage 2 Totale inzet mei 2022 tot en met april 2023")
    assert other != DATA
    asked = [one.proposal.values["printed"] for one in examine(other, ENTRIES).questions]
    assert sorted(asked) == ["13", "31 december 2024", "zie besluit", "zie brief"]


def test_commas_that_may_part_thousands_are_proposed_as_such() -> None:
    rows = [("UNMISS", "1,200", "", "1,790", "", "1,79"), ("Totaal", "0", "", "0", "", "0")]
    asked = [one.proposal.values for one in examine(edition(rows)).questions if one.proposal.kind == "cell"]
    proposed = {cell["printed"]: cell.get("value") for cell in asked}
    assert (proposed["1,200"], proposed["1,790"], proposed.get("1,79")) == (1200, 1790, "?")


@cases("wrong", "words", nested=tuple)
def test_a_declaration_that_does_not_fit_is_refused_with_its_cause(
    wrong: tuple[str, Any], words: str
) -> None:
    (cause,) = examine(DATA, [*ENTRIES, wrong]).causes
    assert words in cause
    assert "schemas/readings.toml" in cause


def test_a_figure_that_is_struck_through_is_never_proposed() -> None:
    rows = [*ROWS[:-2], ("VPD", "<td><s>29</s> 30</td>", "", "30", "", "30"), ROWS[-1]]
    state = examine(edition(rows, SHARED))
    assert "VPD" not in {one.proposal.values.get("row") for one in state.questions}
    assert any("struck through" in cause for cause in state.causes) or not state.is_read
