"""Layouts are data: editions rendered in each are read, and headings that fit none say what to add."""

import datetime
from typing import Any

import pytest

from pipelines import validate as validated
from pipelines.model import Edition as Known
from schemas.vocabulary import FIGURES
from tests.support.rendering import REGISTRY, Edition, PersonnelRow, PersonnelTable, render
from tests.support.reports import ANNEX_1, HEADER_2, read_tables, refused, report

LAYOUTS = {layout.id: layout for layout in REGISTRY.layouts}
APART = PersonnelTable(
    (
        PersonnelRow("unifil", "UNIFIL", "Europa", (1, 2, 3, 4, 5, 6, 15), addend=None),
        PersonnelRow("undof", "UNDOF", "Europa", (7, 0, 9, 40, 10, 20, 70), note=2),
        PersonnelRow("untso", "UNTSO", "Afrika", (12, None, None, 32, None, None, 32)),
        PersonnelRow("ussc", "USSC", "Afrika", (100, 70, None, 500, 300, None, 800)),
    )
)
SENT = PersonnelTable(
    (
        PersonnelRow("unifil", "UNIFIL", "Europa", (3, 4, 7)),
        PersonnelRow("untso", "UNTSO", "Afrika", (32, None, 32), note=1),
        PersonnelRow("vpd", "VPD", "Diversen", (1790, None, 1790)),
    )
)


def rows(read: dict[str, Any]) -> dict[str, tuple[int | None, ...]]:
    return {row["mission_id"]: tuple(row[name] for name in FIGURES) for row in read["personnel"].to_pylist()}


def cell(read: dict[str, Any], row_key: str, column: str) -> dict[str, Any]:
    (found,) = [c for c in read["cells"].to_pylist() if (c["row_key"], c["column_name"]) == (row_key, column)]
    return dict(found)


def checked(text: str, year: int) -> dict[str, Any]:
    """The tables of a text, all of which keep their contracts."""
    read = read_tables(text, Known(year))
    assert not validated.failures(read, [mission.id for mission in REGISTRY.missions])
    return read


def test_civil_and_police_apart_make_one_figure() -> None:
    text = render(Edition(APART, layout=LAYOUTS["civil and police apart"]))
    read = checked(text, 2024)
    assert rows(read) == {
        "unifil": (1, 5, 4, 11, 15),
        "undof": (7, 9, 40, 30, 70),
        "untso": (12, None, 32, None, 32),
        "ussc": (100, 70, 500, 300, 800),
    }
    (totals,) = read["personnel_totals"].to_pylist()
    assert tuple(totals[name] for name in FIGURES) == (120, 84, 576, 341, 917)
    assert read["editions"]["layout"].to_pylist() == ["civil and police apart"]
    both = cell(read, "unifil", "frame_civil_police")
    assert (both["as_printed"], both["value_integer"], both["parts"]) == ("2 3", 5, [2, 3])
    assert both["derivation"] == ["sum of parts"]
    lines = text.split("\n")
    printed = [lines[s["line"] - 1][s["char_start"] : s["char_end"]] for s in both["spans"]]
    assert printed == ["2", "3"]
    assert cell(read, "ussc", "frame_civil_police")["as_printed"] == "70"
    assert cell(read, "ussc", "frame_civil_police")["derivation"] == ["column inferred"]
    assert cell(read, "untso", "frame_civil_police")["derivation"] == ["empty by inference"]
    assert cell(read, "undof", "frame_civil_police")["as_printed"] == "0 9"


def test_persons_sent_in_a_calendar_year_without_frames() -> None:
    text = render(Edition(SENT, period="in 2019", layout=LAYOUTS["persons sent"]))
    read = checked(text, 2020)
    assert rows(read) == {
        "unifil": (None, None, 3, 4, 7),
        "untso": (None, None, 32, None, 32),
        "vpd": (None, None, 1790, None, 1790),
    }
    (edition,) = read["editions"].to_pylist()
    assert (edition["layout"], edition["scope"], edition["period_months"]) == ("persons sent", "in 2019", 12)
    assert (edition["period_start"], edition["period_end"]) == (
        datetime.date(2019, 1, 1),
        datetime.date(2019, 12, 31),
    )
    assert {c["column_name"] for c in read["cells"].to_pylist() if c["table_name"] == "personnel"} == {
        "mission",
        "region",
        *FIGURES[2:],
    }


# Headings that fit none.

HEADING = "Bijlage 2 Totale inzet mei 2023 t/m april 2024"


def annex(*lines: str) -> str:
    return report(annex_2=[f" {HEADING}", *lines])


@pytest.mark.parametrize(
    ("name", "table", "joined"), [("civil and police apart", APART, " "), ("persons sent", SENT, "\n")]
)
def test_the_missions_heading_may_stand_below_the_groups(
    name: str, table: PersonnelTable, joined: str
) -> None:
    layout = LAYOUTS[name]
    text = render(Edition(table, layout=layout))
    mission, groups, columns = layout.personnel.header.split(" / ")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assert [mission, groups, columns] == lines[(at := lines.index(mission)) : at + 3]
    head, _, tail = text.partition(f"{mission}\n")
    body = tail.partition(f"{columns}\n")[2]
    moved = f"{head}{groups}\n{mission}{joined}{columns}\n{body}"
    assert rows(read_tables(moved, Known(2024))) == rows(read_tables(text, Known(2024)))


def test_another_heading_is_read_as_it_is() -> None:
    text = annex("Missie", *HEADER_2[1:], "UNIFIL 1 2 4 8 12", "Totaal 1 2 4 8 12")
    (edition,) = read_tables(text.replace("Totale inzet mei", "Personele inzet mei"))["editions"].to_pylist()
    assert (edition["layout"], edition["scope"]) == ("2024", "mei 2023 t/m april 2024")


@pytest.mark.parametrize(
    "changes",
    [
        {"Totale inzet": "Personele inzet", "Rechtsbasis, mandaten en nationale kaders": "Mandaten"},
        {"Bijlage 1 ": "Bijlage A: ", "Bijlage 2 Totale inzet mei": "BIJLAGE B\nPersonele inzet mei"},
        {"Bijlage 2 ": "Bijlage 3 ", "Bijlage 1 ": "Bijlage 2 "},
    ],
    ids=["both headings", "letters, over two lines", "other numbers"],
)
@pytest.mark.parametrize("contents", ["", "Bijlage 1 Mandaten\nBijlage B Personele inzet mei 2023\n"])
def test_annexes_are_found_under_any_heading(changes: dict[str, str], contents: str) -> None:
    text = report()
    for old, new in changes.items():
        text = text.replace(old, new)
    read = read_tables(contents + text)
    assert rows(read) == {"unifil": (1, 2, 4, 8, 12)}
    assert read["mandates"].num_rows == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"Militair Civiel/Politie Totaal": "Militair Civiel/Politie Totaal Opmerkingen"},
        {"Totale inzet": "Personele inzet", "Ingezet personeel": "Ingezet personeel Land"},
        {"Nationale kaders Ingezet personeel": "2022 2023"},
        {"Missie\n": "Operatie\n"},
    ],
    ids=["a column of remarks", "a heading and a column", "years", "another word for missions"],
)
def test_another_header_of_a_text_in_reading_order_is_shown(changes: dict[str, str]) -> None:
    """Which column a word is in cannot be seen in it; a PDF's header is read by its words."""
    text = report()
    for old, new in changes.items():
        text = text.replace(old, new)
    (problem,) = refused(read_tables, text)
    assert "the header of annex 2 fits no known layout: “" in problem.message
    assert [*changes.values()][-1].split()[-1] in problem.message
    assert "pdftotext -layout" in (problem.hint or "")


@pytest.mark.parametrize(("old", "new"), [("Rechtsbasis", "Grondslag"), ("Locatie Inzet", "Gebied Missies")])
def test_another_header_of_annex_1_is_shown(old: str, new: str) -> None:
    text = report(annex_1=[line.replace(old, new) for line in ANNEX_1[:2]] + ANNEX_1[2:])
    (problem,) = refused(read_tables, text.replace("1 Grondslag, mandaten", "1 Rechtsbasis, mandaten"))
    assert "the header of annex 1 fits no known layout" in problem.message
    assert new in problem.message


def test_a_heading_without_any_table_says_so() -> None:
    (problem,) = refused(read_tables, annex("Er is dit jaar geen tabel opgenomen."))
    assert "no line looks like the header of a table" in problem.message
    assert problem.line is not None
