"""Every way in which tables can break their contracts, and that all of it is said at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from pipelines import validate
from pipelines.validate import Failure
from schemas.contract import Contract
from schemas.vocabulary import FIGURES

MISSIONS = {"unifil", "untso", "undof"}
Rows = dict[str, list[dict[str, Any]]]


def place(line: int) -> dict[str, Any]:
    return {"source_page": 1, "page_label": "20", "source_line": line, "source_line_end": line}


def personnel(mission_id: str, line: int, *figures: int | None) -> dict[str, Any]:
    return {
        "edition_year": 2024,
        "mission_id": mission_id,
        "mission_as_printed": mission_id.upper(),
        **dict(zip(FIGURES, figures, strict=True)),
        "separate_report": False,
        "inferred": False,
        "footnotes": [],
        **place(line),
    }


def cells(table_name: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The printed cells of a row; a figure's has its value."""
    of_table = contract(table_name)
    printed = {
        c.cell: row.get(c.name)
        for c in of_table.columns
        if c.cell and not isinstance(row.get(c.name), datetime.date)
    }
    return [
        {
            "edition_year": 2024,
            "table_name": table_name,
            "row_key": of_table.row_key(row),
            "column_name": name,
            "as_printed": None if value is None else str(value),
            "value": None if value is None else str(value),
            "value_integer": value if isinstance(value, int) else None,
            **place(row["source_line"]),
            "spans": [],
            "derivation": ["printed"],
            "equalities": [],
            "parts": [],
        }
        for name, value in printed.items()
    ]


def report(rows: list[dict[str, Any]] | None = None) -> Rows:
    """A small edition that keeps every contract."""
    if rows is None:
        rows = [personnel("unifil", 10, 1, None, 2, None, 2), personnel("untso", 12, 12, None, 32, None, 32)]
    totals = {"edition_year": 2024, **dict.fromkeys(FIGURES, 0), **place(14)}
    section = {"edition_year": 2024, "mission_ids": [], "text": "", "heading": "x", **place(1)}
    read: Rows = {
        "editions": [
            {
                "edition_year": 2024,
                "period_start": datetime.date(2023, 5, 1),
                "period_end": datetime.date(2024, 4, 30),
                "layout": "jvom",
                "source_path": "raw/2024/report.txt",
                "source_sha256": "0" * 64,
                "source_bytes": 1,
                "source_format": "text",
                "source_fidelity": "full text",
            }
        ],
        "personnel": rows,
        "personnel_totals": [totals],
        "mandates": [
            {
                "edition_year": 2024,
                "mission_id": "untso",
                "mission_as_printed": "UNTSO",
                "legal_basis": "VNVR-resolutie 50",
                "international_mandate_status": "indefinite",
                "national_frame_status": "until",
                "national_frame_end": datetime.date(2025, 7, 31),
                **place(5),
            }
        ],
        "footnotes": [
            {
                "edition_year": 2024,
                "scope": "document",
                "number": 1,
                "text": "x",
                "marker_lines": [3],
                **place(4),
            }
        ],
        "sections": [
            {**section, "section_id": "2"},
            {**section, "section_id": "2.1", "parent_id": "2"},
        ],
    }
    printed = ("personnel", "personnel_totals", "mandates", "footnotes")
    return {**read, "cells": [cell for name in printed for row in read[name] for cell in cells(name, row)]}


def arrow(rows: Rows) -> dict[str, pa.Table]:
    """Rows as tables; columns that a contract does not have are left out, as from_pylist does."""
    return {name: contract(name).table(of_table) for name, of_table in rows.items()}


def contract(name: str) -> Contract:
    return schemas.TABLES[name].as_read()


def failures(rows: Rows) -> list[Failure]:
    return validate.failures(arrow(rows), MISSIONS)


def test_sound_tables_have_no_failures() -> None:
    assert failures(report()) == []


def test_tables_without_rows_are_sound() -> None:
    assert failures({name: [] for name in report()}) == []


def on(table: str, row: int, **values: object) -> Callable[[Rows], object]:
    """Sets values of a row, and with a figure its cell, so that the row alone is at fault."""

    def break_it(rows: Rows) -> None:
        rows[table][row].update(values)
        for name in values.keys() & set(FIGURES):
            cell(rows, table, row, name)["value_integer"] = values[name]

    return break_it


def cell(rows: Rows, table: str, row: int, column: str) -> dict[str, Any]:
    place = (table, contract(table).row_key(rows[table][row]), column)
    return next(c for c in rows["cells"] if (c["table_name"], c["row_key"], c["column_name"]) == place)


def without(table: str, row: int, column: str) -> Callable[[Rows], object]:
    return lambda rows: rows["cells"].remove(cell(rows, table, row, column))


def printed(table: str, row: int, column: str, value: int) -> Callable[[Rows], object]:
    return lambda rows: cell(rows, table, row, column).update(value_integer=value)


UNKNOWN = "must be in missions; the nearest mission"
NO_CELL = "must have a cell that says where it is printed"
GIVEN = "deployed_total is given where one of its parts is"
PARTS = "deployed_military, deployed_civil_police, deployed_total"
DATED = "national_frame_end is given exactly where national_frame_status is until"
DAYS = "period_start, period_end"
BROKEN: dict[str, tuple[Callable[[Rows], object], tuple[Any, ...]]] = {
    "negative figure": (
        on("personnel", 0, frame_military=-1),
        ("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 10),
    ),
    "unknown mission": (
        on("personnel", 1, mission_id="untzo"),
        (
            "personnel",
            "must be in missions; the nearest mission is untso",
            "mission_id",
            "untzo",
            "untzo",
            12,
        ),
    ),
    "mission id of the wrong form": (
        on("mandates", 0, mission_id="UNTSO"),
        ("mandates", "must match ^[a-z0-9]+(-[a-z0-9]+)*$", "mission_id", "UNTSO", "UNTSO", 5),
    ),
    "impossible date": (
        on("mandates", 0, national_frame_end=datetime.date(1024, 7, 31)),
        (
            *("mandates", "must lie from 1945-01-01 to 2150-01-01", "national_frame_end"),
            *("untso", "1024-07-31", 5),
        ),
    ),
    "unknown status": (
        on("mandates", 0, international_mandate_status="forever"),
        (
            *("mandates", "must be one of until, indefinite, continuous", "international_mandate_status"),
            *("untso", "forever", 5),
        ),
    ),
    "date without its status": (
        on("mandates", 0, national_frame_status="indefinite"),
        (
            *("mandates", DATED, "national_frame_status, national_frame_end"),
            *("untso", "indefinite, 2025-07-31", 5),
        ),
    ),
    "impossible duration": (
        on("mandates", 0, international_mandate_extension="1 jaar"),
        (
            *("mandates", r"must match ^P(\d+Y)?(\d+M)?(\d+D)?$", "international_mandate_extension"),
            *("untso", "1 jaar", 5),
        ),
    ),
    "missing total": (
        on("personnel", 1, deployed_total=None),
        ("personnel", GIVEN, PARTS, "untso", "32, empty, empty", 12),
    ),
    "empty where a value must be": (
        on("footnotes", 0, text=None),
        ("footnotes", "must not be empty", "text", "footnote:1", None, 4),
    ),
    "period in the wrong order": (
        on("editions", 0, period_end=datetime.date(2022, 4, 30)),
        ("editions", "period_start is not after period_end", DAYS, "edition", "2023-05-01, 2022-04-30"),
    ),
    "parent section that does not exist": (
        on("sections", 1, parent_id="3"),
        ("sections", "must be in sections", "edition_year, parent_id", "2.1", "2024, 3", 1),
    ),
    "edition that does not exist": (
        on("footnotes", 0, edition_year=2023),
        ("footnotes", "must be in editions", "edition_year", "footnote:1", "2023", 4),
    ),
    "figure without a cell": (
        without("personnel", 0, "frame_military"),
        ("personnel", NO_CELL, "frame_military", "unifil", "1", 10),
    ),
    "total without a cell": (
        without("personnel_totals", 0, "deployed_total"),
        ("personnel_totals", NO_CELL, "deployed_total", "total", "0", 14),
    ),
    "legal basis without a cell": (
        without("mandates", 0, "legal_basis"),
        ("mandates", NO_CELL, "legal_basis", "untso", "VNVR-resolutie 50", 5),
    ),
    "figure that is not what its cell says": (
        printed("personnel", 0, "frame_military", 3),
        ("personnel", "must be what its cell says: 3", "frame_military", "unifil", "1", 10),
    ),
    "empty figure of a cell that is not": (
        printed("personnel", 0, "frame_civil_police", 3),
        ("personnel", "must be what its cell says: 3", "frame_civil_police", "unifil", None, 10),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_said_with_its_place(case: str) -> None:
    break_it, failure = BROKEN[case]
    rows = report()
    break_it(rows)
    assert Failure(*failure) in failures(rows)


def test_columns_that_are_missing_unknown_or_of_another_type_are_named_and_the_rest_is_checked() -> None:
    rows = report()
    on("personnel", 0, frame_military=-1)(rows)
    broken = arrow(rows)
    whole = broken["personnel"]
    text = whole["deployed_total"].cast(pa.string())
    broken["personnel"] = (
        whole.set_column(whole.column_names.index("deployed_total"), "deployed_total", text)
        .drop_columns(["separate_report"])
        .append_column("footnotez", whole["footnotes"])
    )
    unknown = "is not a column of the contract; the nearest is footnotes"
    assert {
        Failure("personnel", "must be of type int32", "deployed_total", value="string"),
        Failure("personnel", "the column is missing", "separate_report"),
        Failure("personnel", unknown, "footnotez"),
        Failure("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 10),
    } <= set(validate.failures(broken, MISSIONS))


def test_a_key_column_of_another_type_is_named() -> None:
    broken = arrow(report())
    numbers = broken["sections"]["section_id"].cast(pa.large_string())
    broken["sections"] = broken["sections"].set_column(1, "section_id", numbers)
    assert validate.failures(broken, MISSIONS) == [
        Failure("sections", "must be of type string", "section_id", value="large_string")
    ]


def test_columns_out_of_order_are_named() -> None:
    broken = arrow(report())
    broken["sections"] = broken["sections"].select(list(reversed(broken["sections"].column_names)))
    (failure,) = validate.failures(broken, MISSIONS)
    assert failure.table == "sections"
    assert failure.check.startswith("columns must come in the order edition_year, section_id")


def test_tables_that_are_missing_or_unknown_are_named() -> None:
    broken = arrow(report())
    broken["mandate"] = broken.pop("mandates")
    assert validate.failures(broken, MISSIONS) == [
        Failure("mandate", "is not a table of a report; the nearest is mandates"),
        Failure("mandates", "the table is missing"),
    ]
    del broken["cells"], broken["editions"], broken["mandate"]
    missing = [Failure(name, "the table is missing") for name in ("editions", "mandates", "cells")]
    assert validate.failures(broken, MISSIONS) == missing


def test_without_a_registry_every_mission_is_unknown() -> None:
    failing = validate.failures(arrow(report()), ())
    assert {failure.row_key for failure in failing} == {"unifil", "untso"}
    assert {failure.check for failure in failing} == {"must be in missions"}


def test_all_failures_of_all_tables_are_reported_at_once() -> None:
    rows = report()
    for break_it, _ in list(BROKEN.values())[:3]:
        break_it(rows)
    rows["footnotes"][0]["number"] = 0
    error = validate.refusal(failures(rows), "raw/2024/report.txt")
    assert error.file == "raw/2024/report.txt"
    assert {failure["table"] for failure in error.failures} == {"personnel", "mandates", "footnotes"}
    assert error.failures[0] == vars(Failure(*BROKEN["negative figure"][1]))
    assert "- personnel, unifil (line 10): frame_military = -1: must be 0 or more" in str(error)
    assert len(str(error).splitlines()) == len(error.failures) + 2, "a line for each, a heading, a next step"


def test_maps_and_the_record_have_contracts_too() -> None:
    record = schemas.RELATIONS["releases"]
    failing = validate.contract_failures(record, record.table([dict.fromkeys(record.names)]))
    assert {failure.column for failure in failing if failure.check == "must not be empty"} >= set(record.key)


figures = st.one_of(st.none(), st.integers(-3, 3))
few = settings(max_examples=25, deadline=None)  # Pandera takes a tenth of a second per edition


@few
@given(st.lists(st.tuples(figures, figures, figures, figures, st.integers(-3, 3)), max_size=3))
def test_exactly_the_negative_figures_fail(drawn: list[tuple[int | None, ...]]) -> None:
    missions = sorted(MISSIONS)
    rows = [personnel(missions[i], 10 + i, *numbers) for i, numbers in enumerate(drawn)]
    found = {(failure.row_key, failure.column) for failure in failures(report(rows))}
    assert found == {
        (row["mission_id"], name)
        for row in rows
        for name in FIGURES
        if row[name] is not None and row[name] < 0
    }


@few
@given(st.lists(st.integers(1, 3), max_size=6))
def test_exactly_the_rows_of_a_repeated_key_fail(drawn: list[int]) -> None:
    rows = report()
    section = rows["sections"][0]
    rows["sections"] = [
        {**section, "section_id": str(number), "source_line": line}
        for line, number in enumerate(drawn, start=1)
    ]
    repeated = [(line, number) for line, number in enumerate(drawn, start=1) if drawn.count(number) > 1]
    key, unique = "edition_year, section_id", "the key must be unique"
    assert {
        Failure("sections", unique, key, str(number), f"2024, {number}", line) for line, number in repeated
    } == set(failures(rows))
