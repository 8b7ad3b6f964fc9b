"""Every way in which tables can break their contracts, and that all of it is said at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandera.pyarrow as pap
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from pipelines import raw
from pipelines import validate as validated
from pipelines.extract import tables
from pipelines.extract import text as document
from pipelines.validate import Failure
from schemas import registry
from schemas.contract import INTEGER, Column, Contract
from schemas.errors import ContractError

PROJECT = Path(__file__).parents[1]
MISSIONS = {"unifil", "untso", "undof"}
FIGURES = (
    "frame_military",
    "frame_civil_police",
    "deployed_military",
    "deployed_civil_police",
    "deployed_total",
)
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


def cells(table_name: str, row_key: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The printed cells of a row's figures."""
    return [
        {
            "edition_year": 2024,
            "table_name": table_name,
            "row_key": row_key,
            "column_name": name,
            "as_printed": None if row[name] is None else str(row[name]),
            "value": None if row[name] is None else str(row[name]),
            "value_integer": row[name],
            **place(row["source_line"]),
            "spans": [],
            "derivation": ["printed"],
            "equalities": [],
            "parts": [],
        }
        for name in FIGURES
    ]


def report(rows: list[dict[str, Any]] | None = None) -> Rows:
    """A small edition that keeps every contract."""
    if rows is None:
        rows = [personnel("unifil", 10, 1, None, 2, None, 2), personnel("untso", 12, 12, None, 32, None, 32)]
    totals = {"edition_year": 2024, **dict.fromkeys(FIGURES, 0), **place(14)}
    section = {"edition_year": 2024, "mission_ids": [], "text": "", "heading": "x", **place(1)}
    return {
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
        "cells": [
            *(cell for row in rows for cell in cells("personnel", row["mission_id"], row)),
            *cells("personnel_totals", "total", totals),
        ],
    }


def arrow(rows: Rows) -> dict[str, pa.Table]:
    """Rows as tables; columns that a contract does not have are left out, as from_pylist does."""
    return {name: contract(name).table(of_table) for name, of_table in rows.items()}


def contract(name: str) -> Contract:
    return schemas.TABLES[name].as_read()


def failures(rows: Rows) -> list[Failure]:
    return validated.failures(arrow(rows), MISSIONS)


def test_sound_tables_come_back_as_they_are() -> None:
    sound = arrow(report())
    checked = validated.check(sound, MISSIONS, path="raw/2024/report.txt")
    assert all(checked[name] is sound[name] for name in schemas.TABLES)


def test_tables_without_rows_are_sound() -> None:
    empty = {name: [] for name in report()}
    assert failures(empty) == []


def test_the_edition_in_raw_keeps_every_contract() -> None:
    source = raw.choose(raw.scan(PROJECT / "raw")[2024], None, ())
    data = raw.read(source, raw=PROJECT / "raw", kept=PROJECT / "none")
    known = registry.load()
    edition = raw.catalogue(PROJECT / "raw")[2024]
    read = tables.read(document.read(data, source), source, edition, known)
    assert validated.failures(read, {mission.id for mission in known.missions}) == []


BROKEN: list[tuple[str, Callable[[Rows], object], Failure]] = [
    (
        "negative figure",
        lambda r: (r["personnel"][0].update(frame_military=-1), r["cells"][0].update(value_integer=-1)),
        Failure("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 10),
    ),
    (
        "unknown mission",
        lambda r: r["mandates"][0].update(mission_id="untzo"),
        Failure(
            "mandates", "must be in missions; the nearest mission is untso", "mission_id", "untzo", "untzo", 5
        ),
    ),
    (
        "mission id of the wrong form",
        lambda r: r["mandates"][0].update(mission_id="UNTSO"),
        Failure("mandates", "must match ^[a-z0-9]+(-[a-z0-9]+)*$", "mission_id", "UNTSO", "UNTSO", 5),
    ),
    (
        "impossible date",
        lambda r: r["mandates"][0].update(national_frame_end=datetime.date(1024, 7, 31)),
        Failure(
            "mandates",
            "must lie from 1945-01-01 to 2150-01-01",
            "national_frame_end",
            "untso",
            "1024-07-31",
            5,
        ),
    ),
    (
        "unknown status",
        lambda r: r["mandates"][0].update(international_mandate_status="forever"),
        Failure(
            "mandates",
            "must be one of until, indefinite, continuous",
            "international_mandate_status",
            "untso",
            "forever",
            5,
        ),
    ),
    (
        "date without its status",
        lambda r: r["mandates"][0].update(national_frame_status="indefinite"),
        Failure(
            "mandates",
            "national_frame_end is given exactly where national_frame_status is until",
            "national_frame_status, national_frame_end",
            "untso",
            "indefinite, 2025-07-31",
            5,
        ),
    ),
    (
        "impossible duration",
        lambda r: r["mandates"][0].update(international_mandate_extension="1 jaar"),
        Failure(
            "mandates",
            r"must match ^P(\d+Y)?(\d+M)?(\d+D)?$",
            "international_mandate_extension",
            "untso",
            "1 jaar",
            5,
        ),
    ),
    (
        "missing total",
        lambda r: (r["personnel"][1].update(deployed_total=None), r["cells"][9].update(value_integer=None)),
        Failure(
            "personnel",
            "deployed_total is given where one of its parts is",
            "deployed_military, deployed_civil_police, deployed_total",
            "untso",
            "32, empty, empty",
            12,
        ),
    ),
    (
        "empty where a value must be",
        lambda r: r["footnotes"][0].update(text=None),
        Failure("footnotes", "must not be empty", "text", "footnote:1", None, 4),
    ),
    (
        "period in the wrong order",
        lambda r: r["editions"][0].update(period_end=datetime.date(2022, 4, 30)),
        Failure(
            "editions",
            "period_start is not after period_end",
            "period_start, period_end",
            "edition",
            "2023-05-01, 2022-04-30",
        ),
    ),
    (
        "parent section that there is not",
        lambda r: r["sections"][1].update(parent_id="3"),
        Failure("sections", "must be in sections", "edition_year, parent_id", "2.1", "2024, 3", 1),
    ),
    (
        "edition that there is not",
        lambda r: r["footnotes"][0].update(edition_year=2023),
        Failure("footnotes", "must be in editions", "edition_year", "footnote:1", "2023", 4),
    ),
    (
        "figure without a cell",
        lambda r: r["cells"].pop(0),
        Failure(
            "personnel",
            "must have a cell that says where it is printed",
            "frame_military",
            "unifil",
            "1",
            10,
        ),
    ),
    (
        "total without a cell",
        lambda r: r["cells"].pop(),
        Failure(
            "personnel_totals",
            "must have a cell that says where it is printed",
            "deployed_total",
            "total",
            "0",
            14,
        ),
    ),
    (
        "figure that is not what its cell says",
        lambda r: r["cells"][0].update(value_integer=3),
        Failure("personnel", "must be what its cell says: 3", "frame_military", "unifil", "1", 10),
    ),
    (
        "empty figure of a cell that is not",
        lambda r: r["cells"][1].update(value_integer=3),
        Failure("personnel", "must be what its cell says: 3", "frame_civil_police", "unifil", None, 10),
    ),
]


@pytest.mark.parametrize(
    ("break_it", "failure"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_what_is_broken_is_said_with_its_place(break_it: Callable[[Rows], object], failure: Failure) -> None:
    rows = report()
    break_it(rows)
    assert failure in failures(rows)


def test_a_key_that_stands_twice_names_every_row() -> None:
    rows = report()
    rows["footnotes"].append({**rows["footnotes"][0], "text": "y", "source_line": 6})
    assert failures(rows) == [
        Failure(
            "footnotes",
            "the key must be unique",
            "edition_year, scope, number",
            "footnote:1",
            "2024, document, 1",
            line,
        )
        for line in (4, 6)
    ]


def test_columns_that_are_missing_unknown_or_of_another_type_are_named_and_the_rest_is_checked() -> None:
    rows = report()
    rows["personnel"][0]["frame_military"] = rows["cells"][0]["value_integer"] = -1
    broken = arrow(rows)
    whole = broken["personnel"]
    text = whole["deployed_total"].cast(pa.string())
    place_of = whole.column_names.index("deployed_total")
    broken["personnel"] = (
        whole.set_column(place_of, "deployed_total", text)
        .drop_columns(["separate_report"])
        .append_column("footnotez", whole["footnotes"])
    )
    found = [failure for failure in validated.failures(broken, MISSIONS) if failure.table == "personnel"]
    assert Failure("personnel", "must be of type int32", "deployed_total", value="string") in found
    assert Failure("personnel", "the column is missing", "separate_report") in found
    assert (
        Failure("personnel", "is no column of the contract; the nearest is footnotes", "footnotez") in found
    )
    assert Failure("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 10) in found


def test_a_key_column_of_another_type_is_named() -> None:
    broken = arrow(report())
    numbers = broken["footnotes"]["number"].cast(pa.int64())
    broken["footnotes"] = broken["footnotes"].set_column(2, "number", numbers)
    assert validated.failures(broken, MISSIONS) == [
        Failure("footnotes", "must be of type int32", "number", value="int64")
    ]


def test_columns_out_of_order_are_named() -> None:
    broken = arrow(report())
    broken["sections"] = broken["sections"].select(list(reversed(broken["sections"].column_names)))
    (failure,) = validated.failures(broken, MISSIONS)
    assert failure.table == "sections"
    assert failure.check.startswith("columns must come in the order edition_year, section_id")


def test_tables_that_are_missing_or_unknown_are_named() -> None:
    broken = arrow(report())
    broken["mandate"] = broken.pop("mandates")
    assert validated.failures(broken, MISSIONS) == [
        Failure("mandate", "is no table of a report; the nearest is mandates"),
        Failure("mandates", "the table is missing"),
    ]
    del broken["cells"], broken["editions"], broken["mandate"]
    missing = [Failure(name, "the table is missing") for name in ("editions", "mandates", "cells")]
    assert validated.failures(broken, MISSIONS) == missing


def test_without_a_registry_every_mission_is_unknown() -> None:
    found = validated.failures(arrow(report()), ())
    assert {failure.row_key for failure in found} == {"unifil", "untso"}
    assert {failure.check for failure in found} == {"must be in missions"}


def test_all_failures_of_all_tables_are_reported_at_once() -> None:
    rows = report()
    for _, break_it, _ in BROKEN[:3]:
        break_it(rows)
    rows["footnotes"][0]["number"] = 0
    with pytest.raises(ContractError) as caught:
        validated.check(arrow(rows), MISSIONS, path="raw/2024/report.txt")
    error = caught.value
    assert error.file == "raw/2024/report.txt"
    assert {failure["table"] for failure in error.failures} == {"personnel", "mandates", "footnotes"}
    assert error.failures[0] == {
        "table": "personnel",
        "check": "must be 0 or more",
        "column": "frame_military",
        "row_key": "unifil",
        "value": "-1",
        "source_line": 10,
    }
    assert "- personnel, unifil (line 10): frame_military = -1: must be 0 or more" in str(error)
    assert len(str(error).splitlines()) == len(error.failures) + 2, "a line for each, a heading, a next step"


def test_maps_and_the_record_have_contracts_too() -> None:
    record = schemas.RELATIONS["releases"]
    row = dict.fromkeys(record.names)
    found = validated.contract_failures(record, record.table([row]))
    assert {failure.column for failure in found if failure.check == "must not be empty"} >= set(record.key)


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
@given(st.lists(st.sampled_from(sorted(MISSIONS)), max_size=6))
def test_exactly_the_rows_of_a_repeated_key_fail(drawn: list[str]) -> None:
    rows = report()
    rows["mandates"] = [
        {**rows["mandates"][0], "mission_id": mission_id, "source_line": line}
        for line, mission_id in enumerate(drawn, start=1)
    ]
    found = sorted(failure.source_line or 0 for failure in failures(rows))
    assert found == [line for line, mission_id in enumerate(drawn, start=1) if drawn.count(mission_id) > 1]


def test_a_check_of_a_kind_not_met_before_is_told_by_its_own_name() -> None:
    def fail(_: object) -> bool:
        raise ZeroDivisionError("no such day")

    odd = Column("day", INTEGER, "A day.", checks=(pap.Check.ne(3), pap.Check(fail, name="calendar")))
    days = Contract(name="days", description="Days.", row="day", key=("day",), columns=(odd,))
    found = validated.contract_failures(days, days.table([{"day": 3}, {"day": 4}]))
    assert Failure("days", "not_equal_to(3)", "day", "3", "3") in found
    assert any("no such day" in failure.check for failure in found)
