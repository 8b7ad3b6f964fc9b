"""Every way in which tables can break their contracts, and that all of it is said at once."""

import datetime
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipelines import validate
from pipelines.validate import Failure
from schemas.contract import Contract
from schemas.vocabulary import FIGURES
from tests.support import building, examples, output_of
from tests.support.cases import cases

MISSIONS = {"unifil", "untso", "undof"}
PERSONNEL = (
    {"mission_id": "unifil", "frame_military": 1, "deployed_military": 2},
    {"mission_id": "untso", "frame_military": 12, "deployed_military": 32},
)
MANDATE = {"mission_id": "untso", "national_frame_end": datetime.date(2025, 7, 31)}
Rows = dict[str, list[dict[str, Any]]]


def report(rows: Sequence[building.Row] = PERSONNEL) -> Rows:
    """A small edition that keeps every contract."""
    read = building.edition_tables(
        2024, rows, mandates=[MANDATE], footnotes=["x"], sections=["One", "Two"], totals={"deployed_total": 0}
    )
    return {name: table.to_pylist() for name, table in read.items()}


def arrow(rows: Rows) -> dict[str, pa.Table]:
    """Rows as tables; columns that a contract does not have are left out, as from_pylist does."""
    return {name: contract(name).table(of_table) for name, of_table in rows.items()}


def contract(name: str) -> Contract:
    return schemas.TABLES[name].as_read()


def failures(rows: Rows) -> list[Failure]:
    return validate.failures(arrow(rows), MISSIONS)


def test_sound_tables_and_tables_without_rows_have_no_failures() -> None:
    assert failures(report()) == failures({name: [] for name in report()}) == []


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


@cases("how", "table", "at", "change", "failure")
def test_what_is_broken_is_said_with_its_place(
    how: str, table: str, at: int, change: Any, failure: list[Any]
) -> None:
    rows = report()
    if how == "on":
        on(table, at, **change)(rows)
    else:
        {"without": without, "printed": printed}[how](table, at, *change)(rows)
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
        Failure("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 100),
    } <= set(validate.failures(broken, MISSIONS))


def test_a_key_column_of_another_type_and_columns_out_of_order_are_named() -> None:
    broken = arrow(report())
    sections = broken["sections"]
    numbers = sections["section_id"].cast(pa.large_string())
    assert validate.failures(
        broken | {"sections": sections.set_column(1, "section_id", numbers)}, MISSIONS
    ) == [Failure("sections", "must be of type string", "section_id", value="large_string")]
    shuffled = broken | {"sections": sections.select(list(reversed(sections.column_names)))}
    (failure,) = validate.failures(shuffled, MISSIONS)
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
    for break_it in (
        on("personnel", 0, frame_military=-1),
        on("personnel", 1, mission_id="untzo"),
        on("mandates", 0, mission_id="UNTSO"),
    ):
        break_it(rows)
    rows["footnotes"][0]["number"] = 0
    error = validate.refusal(failures(rows), "raw/2024/report.txt")
    assert error.file == "raw/2024/report.txt"
    assert {failure["table"] for failure in error.failures} == {"personnel", "mandates", "footnotes"}
    assert error.failures[0] == vars(
        Failure("personnel", "must be 0 or more", "frame_military", "unifil", "-1", 100)
    )
    assert "- personnel, unifil (line 100): frame_military = -1: must be 0 or more" in str(error)
    assert len(str(error).splitlines()) == len(error.failures) + 2, "a line for each, a heading, a next step"


def test_maps_and_the_record_have_contracts_too() -> None:
    record = schemas.RELATIONS["releases"]
    failing = validate.contract_failures(record, record.table([dict.fromkeys(record.names)]))
    assert {failure.column for failure in failing if failure.check == "must not be empty"} >= set(record.key)


few = examples(4)  # Pandera takes a tenth of a second per edition


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


def test_arrow_takes_no_column_for_sound_that_pandera_does_not() -> None:
    """One value or none for each thing that is demanded of any column: Arrow is at least as strict."""
    contracts = (*schemas.RELATIONS.values(), *schemas.TABLES.values())
    for column in (column for contract in contracts for column in contract.columns):
        wrong: list[object] = [None] * (not column.nullable)
        wrong += ["no such word"] * bool(column.one_of or column.matches)
        wrong += [column.at_least - 1] if column.at_least is not None else []
        if column.between and isinstance(column.between[0], int | float):
            wrong += [column.between[0] - 1, column.between[1] + 1]
        for value in wrong:
            values = pa.chunked_array([pa.array([value], column.dtype)])
            assert not validate._column_is_kept(column, values), (column.name, value)


def test_what_is_broken_is_said_too_by_a_process_that_loads_no_numpy() -> None:
    program = """
from pipelines.cli import app
app._start_lightly()
import pyarrow as pa
import schemas
from pipelines import validate
contract = schemas.RELATIONS["missions"]
rows = pa.table({column.name: pa.nulls(2, column.dtype) for column in contract.columns})
print(*{failure.check for failure in validate.contract_failures(contract, rows)}, sep="\\n")
"""
    assert "the key must be unique" in output_of(sys.executable, "-c", program).splitlines()
